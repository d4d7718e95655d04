"""Memory of training op by op: against what torch's own operators keep, counted on fake tensors."""

from __future__ import annotations

import json

import pytest
from memory_jobs import GIB, parts

from whichgpu.cost.activations import Kept, activations
from whichgpu.workloads.importers.hf import workload_of
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve

EAGER = {"counted": True}


def layers(name, precision, tokens, **how):
    """Bytes that the layers of a language model keep of one sequence."""
    item = resolve(name)
    job = item.complete(Job(name, phase="train", precision=precision, batch=1.0, seq_len=float(tokens)))
    forward = [op for op in item.trace(job) if op.stage == "forward"]
    return float(activations(forward, Kept(**how)).layers)


def test_a_function_of_several_ops_keeps_what_each_needs():
    """GPT-2 medium on 2,048 tokens in FP32: 10.376 GiB at the loss with gelu_new, 8.126 with one kernel."""
    one, several = (4 * layers("gpt2-medium", "fp32", 512, holds=holds) for holds in ({}, EAGER))
    assert several - one == pytest.approx((10.376 - 8.126) * GIB, rel=0.01)


@pytest.mark.parametrize(
    ("name", "each"),
    [
        # Three casts of what a norm hands on, two of the next one's, FP32 in and behind either norm.
        ("llama-3.2-1b", 16 * 129_152),
        # 42 B a value: a mask for each dropout, nothing beside what LayerNorm reads.
        ("bert-base", 12 * 42 * 768),
    ],
)
def test_autocast_casts_for_each_layer(name, each):
    """Tensors that one layer saves for its backward pass: transformers 5.23, torch 2.13."""
    found = layers(name, "amp-bf16", 256, holds=EAGER, casts=True) / 256
    assert found == pytest.approx(each, rel=0.01)
    assert layers(name, "amp-bf16", 256, holds=EAGER) / 256 < 0.96 * each


def test_one_layer_of_the_library_casts_once():
    split, joined = (layers("llama-3.2-1b", "amp-bf16", 256, casts=True, joined=one) for one in ("", "all"))
    assert split - joined == 16 * 256 * 3 * 2 * 2048


@pytest.mark.parametrize(
    ("name", "precision", "runtime", "gib", "within"),
    [
        ("resnet50", "fp32", "pytorch-2", 5.366, 0.02),
        ("resnet50", "amp-bf16", "pytorch-2", 2.890, 0.02),
        ("convnext-tiny", "fp32", "pytorch-2", 6.882, 0.02),
        ("vit-b-16", "fp32", "transformers", 8.119, 0.02),
        ("vit-b-16", "amp-bf16", "transformers", 5.605, 0.02),
        # Its scores lie in memory, with a bias of each added.
        ("swin-t", "fp32", "pytorch-2", 6.729, 0.05),
    ],
)
def test_networks_on_64_pictures(name, precision, runtime, gib, within):
    """The most that is alive in a step of 64 pictures of 224 pixels."""
    optimizer = {} if name == "resnet50" else {"optimizer": "adamw"}
    found = parts(name, phase="train", precision=precision, batch=64, runtime=runtime, options=optimizer)
    assert (sum(found.values()) - found["context"]) / GIB == pytest.approx(gib, rel=within)


@pytest.mark.parametrize(
    ("config", "function"),
    [
        ({"model_type": "gpt2", "activation_function": "gelu_new"}, "gelu_new"),
        ({"model_type": "gpt2", "activation_function": "gelu_pytorch_tanh"}, None),
    ],
)
def test_a_file_says_which_function(config, function):
    sizes = {"n_layer": 2, "n_embd": 64, "n_head": 4, "vocab_size": 100, "n_positions": 128}
    whole = {"architectures": ["GPT2LMHeadModel"], **sizes, **config}
    found = workload_of(json.loads(json.dumps(whole)), "config.json", "tiny")
    assert found.dims.get("function") == function
