"""Engines that keep recurrent states and tokens in pools of their own."""

from dataclasses import replace

import numpy as np
import pytest

from whichgpu.cost.job import layout
from whichgpu.cost.memory import replica_memory
from whichgpu.cost.serving import load
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job

H200 = catalogue()["h200-141gb-sxm"]


def laid_out(workload="qwen3.5-35b-a3b", tokens=1024.0, runtime="sglang"):
    """A full server on one H200."""
    asked = Job(
        workload, phase="serve", precision="fp8", input_tokens=tokens, output_tokens=64.0, runtime=runtime
    )
    return layout.lay_out(asked, [H200])


def room(laid):
    """The cache of a server whose runtime keeps one pool."""
    one = replace(laid.runtime, holds={k: v for k, v in laid.runtime.holds.items() if k != "states"})
    return replica_memory.cache(laid.workload, laid.job, one, laid.devices)


@pytest.mark.parametrize(("text", "each"), [
    ("sglang", 3.0), ("SGLang 0.5.13", 3.0), ("SGLang 0.5.16", 5.0), ("sglang extra_buffer", 5.0),
    ("SGLang 0.5.16 --mamba-radix-cache-strategy no_buffer", 3.0),
    ("SGLang 0.5.9 --disable-radix-cache", 1.0), ("SGLang 0.5.16 --disable-radix-cache", 1.0),
])  # fmt: skip
def test_states_take_places_of_their_own_pool(text, each):
    laid = laid_out(runtime=text)
    one = room(laid)
    assert laid.runtime.holds["states"]["each"] == each
    places = one.room * 0.9 / 1.9 / (each * one.state)
    assert laid.sequences[0, 0] == np.floor(places)
    # The simulator holds as many, and has the rest for tokens.
    kept = replica_memory.cache(laid.workload, laid.job, laid.runtime, laid.devices)
    assert kept.most == pytest.approx(places)
    assert kept.room == pytest.approx(one.room / 1.9)
    assert load.server(laid.job, H200).places == int(places)


def test_on_amd_states_are_marked_in_no_places_of_their_own():
    """github.com/sgl-project/sglang/pull/29158: "extra_buffer" is for CUDA, "no_buffer" for ROCm."""
    kept = {}
    for text in ("SGLang 0.5.13", "SGLang 0.5.16"):
        asked = Job("qwen3.5-35b-a3b", phase="serve", precision="fp8", input_tokens=1024.0, runtime=text)
        laid = layout.lay_out(asked, [catalogue()["mi300x"], H200])
        kept[text] = laid.sequences[:, 0]
    assert kept["SGLang 0.5.16"][0] == kept["SGLang 0.5.13"][0]
    assert kept["SGLang 0.5.16"][1] == pytest.approx(0.6 * kept["SGLang 0.5.13"][1], rel=0.01)


def test_long_sequences_are_as_many_as_the_pool_of_tokens_holds():
    laid = laid_out(tokens=100_000.0)
    one = room(laid)
    held = laid.sequences[0, 0] * one.token * 100_000.0
    assert 0.5 * one.room / 1.9 < held <= one.room / 1.9


def test_models_without_states_and_engines_with_one_pool_are_as_they_were():
    dense = laid_out("qwen3-8b")
    assert replica_memory.cache(dense.workload, dense.job, dense.runtime, dense.devices) == room(dense)
    assert laid_out(runtime="vllm").sequences[0, 0] > 2.0 * laid_out().sequences[0, 0]


def test_windows_are_no_states():
    """A window's bytes are of each sequence, but lie in no pool of states."""
    laid = laid_out("gpt-oss-20b", tokens=10_000.0)
    kept = replica_memory.cache(laid.workload, laid.job, laid.runtime, laid.devices)
    assert kept == room(laid)
    assert load.server(laid.job, H200).places >= 0.9 * laid.sequences[0, 0]


def test_sglang_gives_windows_a_pool_of_eight_tenths():
    """`swa_full_tokens_ratio` of its server_args.py; vLLM frees what lies behind a window."""
    sglang, vllm = (laid_out("gpt-oss-20b", tokens=10_000.0, runtime=name) for name in ("sglang", "vllm"))
    ours, theirs = (
        float(replica_memory.sequence_bytes(one.workload, one.job, 10_000.0, one.runtime))
        for one in (sglang, vllm)
    )
    # Every second layer has a window, of 128 tokens.
    assert ours / theirs == pytest.approx((1.0 + 0.8) / (1.0 + 128 / 10_000))
