"""Models of equal layers are one to what is learnt of them: one model, one answer."""

from __future__ import annotations

import json

import numpy as np
import pytest

from whichgpu.cost.calibration import fitting, refit
from whichgpu.cost.calibration.effects import Fit, workload_terms
from whichgpu.cost.estimate import estimate
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.transfer import outside
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve, workloads

GPUS = catalogue()
SAME = [
    ("llama-3-70b", "llama-3.1-70b", "llama-3.3-70b"),
    ("llama-3-8b", "llama-3.1-8b"),
    ("llama-1-7b", "llama-2-7b"),
    ("qwen2-7b", "qwen2.5-7b"),
    ("qwen2-72b", "qwen2.5-72b"),
    ("deepseek-v3", "deepseek-r1"),
    ("qwen3-30b-a3b", "qwen3-vl-30b-a3b"),
    ("kimi-k2", "kimi-k2.5"),
]
#: The same layers under another vocabulary: nothing but its head, and the room that this takes, differs.
OTHER_WORDS = [
    ("llama-2-7b", "codellama-7b"),
    ("mistral-7b-v0.1", "mistral-7b"),
    ("mistral-7b", "llama-3.1-8b"),
    ("llama-2-70b", "llama-3.1-70b"),
    ("bert-base", "bert-base-cased"),
]
APART = [
    ("llama-3.1-8b", "llama-2-7b"),
    ("qwen2.5-7b", "qwen3-8b"),
    ("qwen2.5-32b", "qwen3-32b"),
    ("deepseek-v3", "kimi-k2"),
    ("gpt-oss-20b", "gpt-oss-120b"),
    ("bert-base", "bert-large"),
]


@pytest.mark.parametrize("names", [*SAME, *OTHER_WORDS])
def test_equal_layers_have_one_name(names):
    assert len({resolve(name).architecture for name in names}) == 1


@pytest.mark.parametrize("names", APART)
def test_other_layers_have_another(names):
    assert len({resolve(name).architecture for name in names}) == len(names)


def test_what_belongs_to_no_layer_is_in_no_name():
    """Of two models that differ in layers, in any dimension, none has the other's name."""
    llama = resolve("llama-3.1-8b")
    code = llama.code
    for dimension in {"ffn", "layers", "hidden", "heads", "kv_heads"}:
        other = workload_like(llama, {dimension: llama.dims[dimension] * 2})
        assert other.architecture != llama.architecture, dimension
    for dimension in code.BESIDE_LAYERS - {"source", "stored"}:
        assert workload_like(llama, {dimension: 7}).architecture == llama.architecture, dimension
    # What nobody states is what it is: 32 KV heads of 32, a gate of three matrices.
    older = resolve("llama-2-7b")
    stated = workload_like(older, {"kv_heads": 32.0, "head_dim": 128, "gated": True, "norm": "rmsnorm"})
    assert stated.architecture == older.architecture


def workload_like(workload, dims):
    from dataclasses import replace

    return replace(workload, id="other", dims={**workload.dims, **dims})


@pytest.mark.parametrize("names", SAME)
@pytest.mark.parametrize("stack", ["vLLM 0.11", "TensorRT-LLM 1.0", "SGLang 0.5.6"])
@pytest.mark.parametrize("form", ["fp8", "bf16"])
def test_one_model_has_one_answer(names, stack, form):
    found = {answer(name, stack, form) for name in names}
    assert len(found) == 1, found


@pytest.mark.parametrize("stack", ["vLLM", "TensorRT-LLM 1.0", "SGLang 0.5.6"])
def test_a_vocabulary_is_worth_its_head(stack):
    """7B with 32,000 or 32,768 words of 32 layers: 0.05 % of the weights that a token reads."""
    few, more = (answer(name, stack, "bf16") for name in ("mistral-7b-v0.1", "mistral-7b"))
    assert few == pytest.approx(more, rel=0.003)
    small, large = (answer(name, stack, "bf16")[0] for name in ("mistral-7b", "llama-3.1-8b"))
    # 95,488 more words of 4,096 values in 16 bits, which a token reads at 3.35 TB/s at the most.
    assert small < large < small + 4.0 * 95488 * 4096 * 2.0 / 3.35e12


@pytest.mark.parametrize("stack", ["vLLM 0.11", "TensorRT-LLM 1.0", "SGLang 0.5.6"])
def test_two_formats_of_16_bits_are_one_to_an_engine(stack):
    assert answer("llama-3.1-70b", stack, "fp16") == pytest.approx(answer("llama-3.1-70b", stack, "bf16"))


def answer(name, stack, form):
    """Seconds of a token of eight requests, and the widths of the interval, on one machine."""
    job = Job(name, phase="decode", precision=form, runtime=stack, n_gpus=8.0, batch=8.0, input_tokens=1024.0,
              output_tokens=64.0, tp=8.0 if heads(name) % 8 == 0 else 4.0)  # fmt: skip
    found = estimate(job, [GPUS["h100-80gb-sxm"]])
    values = found.seconds / 64.0, found.spread_shared, found.spread_own
    return tuple(round(float(np.ravel(one)[0]), 9) for one in values)


def heads(name):
    return resolve(name).dims["heads"]


def test_an_imported_model_is_the_one_that_it_equals(tmp_path):
    from whichgpu.workloads.importing import load

    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 8192,
        "intermediate_size": 28672, "num_hidden_layers": 80, "num_attention_heads": 64,
        "num_key_value_heads": 8, "vocab_size": 128256, "max_position_embeddings": 131072,
        "tie_word_embeddings": False, "rms_norm_eps": 1e-5, "hidden_act": "silu",
    }  # fmt: skip
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    assert load(str(path)).architecture == resolve("llama-3.1-70b").architecture


def test_effects_of_one_are_those_of_all():
    stack = runtime("vLLM", "")
    terms = [workload_terms(resolve(name), "bf16", stack, trains=False) for name in SAME[0]]
    assert terms[0] == terms[1] == terms[2]
    fit = Fit({next(iter(terms[0])): 0.3})
    assert fit.factor(terms[2]) == pytest.approx(np.exp(0.3))
    assert fit.factor(workload_terms(resolve("qwen3-32b"), "bf16", stack, trains=False)) == 1.0


ROW = {
    "source": "a paper", "workload": "llama-3.1-8b", "gpu": "h100-80gb-sxm", "n_gpus": "1", "tp": "1",
    "phase": "serve",
    "precision": "bf16", "input_tokens": "512", "output_tokens": "128", "concurrency": "8", "runtime": "vllm",
    "metric": "tpot", "unit": "ms", "value": "9",
}  # fmt: skip


def test_a_fold_leaves_out_all_that_have_equal_layers(monkeypatch):
    """Of a workload and of a line: Mistral 7B would tell of Llama 3.1 8B, whose layers it has."""
    from whichgpu.cost.table.files import COLUMNS

    names = ("llama-3.1-8b", "llama-3-8b", "mistral-7b", "qwen3-8b")
    rows = [{**dict.fromkeys(COLUMNS, ""), **ROW, "id": name, "workload": name} for name in names]
    groups, _ = refit.gathered(GPUS, rows)
    order = [group.layout.workload.id for group in groups]
    left = []

    def without(found, out, step=None, unseen=()):
        left.append({name for name, one in zip(order, out, strict=True) if one})
        return np.where(out, 0.5, np.nan)

    monkeypatch.setattr(fitting, "without", without)
    monkeypatch.setattr(refit.calibration, "without", without)
    errors = refit._served(None, groups, None)
    assert np.isfinite(errors["line"]).all()
    together = {"llama-3.1-8b", "llama-3-8b", "mistral-7b"}
    # The engine, and the lines of Llama, Mistral and Qwen.
    assert sorted(map(sorted, left)) == sorted(map(sorted, [names, together, together, {"qwen3-8b"}]))
    left.clear()
    fitting.left_out(None, [group.layout.workload.architecture for group in groups], ("a step",))
    assert sorted(map(sorted, left)) == sorted(map(sorted, [together, {"qwen3-8b"}]))


def test_a_stand_in_is_no_model_that_a_fit_has_seen():
    """What stands for a model that nobody has described has none of the effects of its like."""
    _, members = outside.stand_ins("decoder", None, None)
    known = {one.architecture for one in workloads().values() if one.family == "decoder"}
    assert members
    assert not {one.architecture for one in members} & known
