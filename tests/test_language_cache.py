"""Caches that engines allocated, and the experts that a pass reads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.traced import LANGUAGE_MODELS as ZOO
from tests.traced import MIXTURES
from tests.traced import in_16_bits as ops
from whichgpu.cost.memory import replica_memory
from whichgpu.errors import UsageError
from whichgpu.workloads.families import decoder
from whichgpu.workloads.job import Job
from whichgpu.workloads.language.cache import ENGINES
from whichgpu.workloads.language.feed import experts_touched
from whichgpu.workloads.ops import product_flops, stored_weight_bytes, total
from whichgpu.workloads.precision import precision
from whichgpu.workloads.workload import resolve

FP16, FP8 = precision("fp16"), precision("fp8")
GIB, MIB = 2.0**30, 2.0**20


# -- the KV cache that engines allocated -----------------------------------------------------------

_UNSLOTH = "https://github.com/unslothai/unsloth/pull/4757"
_LMSTUDIO = "https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/1862"
_OLLAMA = "https://github.com/ollama/ollama/pull"
_CONFIGURATOR = "https://github.com/ai-dynamo/aiconfigurator/pull/1537"
_ODS = "https://github.com/Osmantic/ODS/issues/3324"
#: Workload, tokens, sequences, what else, bytes per value, published bytes, where.
CACHES = [
    ("gemma-3-27b", 131072, 1, {}, 2, 10.41 * GIB, _UNSLOTH),
    ("qwen3.5-27b", 262144, 1, {}, 2, 16.00 * GIB, _UNSLOTH),
    ("deepseek-v3.1", 163840, 1, {}, 2, 10.72 * GIB, _UNSLOTH),
    # 78 layers and the one that predicts a token further.
    ("glm-5", 202752, 1, {"prediction_layers": 1}, 2, 17.18 * GIB, _UNSLOTH),
    ("kimi-k2.5", 262144, 1, {}, 2, 17.16 * GIB, _UNSLOTH),
    ("qwen3-0.6b", 40960, 1, {}, 2, 4.38 * GIB, _UNSLOTH),
    # Qwen3.6 27B, whose layers and heads are those of 3.5: four slots of one pool.
    ("qwen3.5-27b", 262144, 1, {"engine": "llama.cpp"}, 2, 16384 * MIB, _LMSTUDIO),
    # A file without the latent tensors: keys and values of every head.
    (
        "deepseek-v2-lite",
        32768,
        1,
        {"engine": "llama.cpp", "latent": False},
        2,
        8640 * MIB,
        f"{_OLLAMA}/17201",
    ),
    ("qwen3-8b", 32768, 1, {"engine": "llama.cpp"}, 2, 4.5 * GIB, _ODS),
    ("qwen3-8b", 262144, 1, {"engine": "llama.cpp"}, 2, 36 * GIB, _ODS),
    ("gpt-oss-120b", 65936, 1, {"engine": "tensorrt-llm"}, 1, 1.1341 * GIB, _CONFIGURATOR),
    ("gpt-oss-120b", 65936, 64, {"engine": "tensorrt-llm"}, 1, 72.6 * GIB, _CONFIGURATOR),
    # 2560 MiB of full layers, 174 of windows with a micro-batch beside.
    ("gemma-3-4b", 131072, 1, {"engine": "llama.cpp"}, 2, 2734 * MIB, f"{_OLLAMA}/17037"),
    # vLLM's log: 5.38 GiB are 78,384 tokens.
    ("gpt-oss-120b", 1, 1, {"engine": "vllm"}, 2, 73728, "https://github.com/alvarobartt/hf-mem/issues/60"),
]


@pytest.mark.parametrize("case", CACHES, ids=lambda case: f"{case[0]}-{case[1]}")
def test_the_cache_is_what_the_engine_allocated(case: tuple) -> None:
    name, tokens, sequences, more, size, published, where = case
    spec = {1: FP8, 2: FP16}[size]
    assert sequences * decoder.kv_cache(resolve(name).dims, spec, tokens, **more) == pytest.approx(
        published, rel=2e-3
    ), where


def test_the_state_of_linear_attention_is_what_the_engine_allocated() -> None:
    """598.50 MiB for four sequences of Qwen3.6 27B, whatever the context (log in LM Studio issue 1862)."""
    assert 4 * decoder.state_bytes_per_sequence(resolve("qwen3.5-27b").dims) == pytest.approx(
        598.5 * MIB, rel=1e-9
    )


@pytest.mark.parametrize("name", ZOO)
def test_the_cache_of_a_decoded_token_is_what_it_reads(name: str) -> None:
    """The ops of one decode step read the cache that the allocation rule says (an indexer's keys apart)."""
    workload = resolve(name)
    step = ops(name, phase="decode", batch=3, input_tokens=99, output_tokens=1)
    read = total([op for op in step if op.kind == "attention" and "indexer" not in op.layer], "kv_bytes")
    assert read == pytest.approx(3 * decoder.kv_cache(workload.dims, FP16, 100.0), rel=1e-12)


@given(st.sampled_from(ZOO), st.integers(1, 10**6), st.integers(1, 10**5), st.sampled_from(sorted(ENGINES)))
def test_caches_grow_with_the_context_and_no_rule_is_below_the_window(
    name: str, tokens: int, more: int, engine: str
) -> None:
    dims = resolve(name).dims
    assert decoder.kv_cache(dims, FP16, tokens + more, engine=engine) >= decoder.kv_cache(
        dims, FP16, tokens, engine=engine
    )
    assert decoder.kv_cache(dims, FP16, tokens, engine=engine) >= decoder.kv_cache(dims, FP16, tokens)
    assert decoder.kv_cache(dims, FP16, tokens) <= tokens * decoder.kv_bytes_per_token(dims, FP16)


def test_an_engine_without_a_rule_is_named() -> None:
    with pytest.raises(UsageError, match="no KV cache rule for engine 'abacus'; use one of transformers"):
        decoder.kv_cache(resolve("gpt2").dims, FP16, 1, engine="abacus")


def held(name: str, tp: float, tokens: float = 1000.0) -> float:
    workload = resolve(name)
    return float(replica_memory.sequence_bytes(workload, workload.complete(Job(name, tp=tp)), tokens))


def test_a_cache_is_spread_over_no_more_gpus_than_heads() -> None:
    assert held("llama-3.1-70b", 8) == held("llama-3.1-70b", 1) / 8
    assert held("llama-3.1-70b", 16) == held("llama-3.1-70b", 8)
    assert held("deepseek-v3", 8) == held("deepseek-v3", 1)
    state = decoder.state_bytes_per_sequence(resolve("mamba2-2.7b").dims)
    assert held("mamba2-2.7b", 1) == held("mamba2-2.7b", 1, tokens=9000.0) == state


# -- experts -------------------------------------------------------------------------------------


@given(st.integers(1, 512), st.integers(1, 64), st.floats(0, 1e6))
def test_no_more_experts_are_touched_than_there_are(count: int, top: int, rows: float) -> None:
    touched = float(experts_touched(count, min(top, count), rows))
    assert 0 <= touched <= count
    assert touched <= min(top, count) * rows * (1 + 1e-9)


def test_experts_touched_by_one_token_and_by_many() -> None:
    assert experts_touched(256, 8, 1.0) == pytest.approx(8)
    assert experts_touched(256, 8, np.array([2.0, 1e4])) == pytest.approx([256 * (1 - (248 / 256) ** 2), 256])


@pytest.mark.parametrize("name", ZOO)
@pytest.mark.parametrize("batch", [1, 7, 4096])
def test_no_pass_reads_more_weights_than_are_stored(name: str, batch: int) -> None:
    traced = ops(name, phase="decode", batch=batch, output_tokens=1)
    for op in traced:
        if op.stored_bytes:
            assert op.weight_bytes <= op.stored_bytes * (1 + 1e-12), op.layer


@pytest.mark.parametrize("name", MIXTURES)
def test_one_token_reads_its_experts_and_many_read_all(name: str) -> None:
    workload = resolve(name)
    top, count = workload.dims["experts_per_token"], workload.dims["experts"]

    def read(batch: int) -> float:
        traced = ops(name, phase="decode", batch=batch, output_tokens=1)
        routed = [op for op in traced if ".experts." in op.layer and op.parameters and op.repeats != 0]
        return total(routed, "weight_bytes") / stored_weight_bytes(routed)

    assert read(1) == pytest.approx(top / count)
    assert read(10**5) == pytest.approx(1.0, rel=1e-3)
    stored = stored_weight_bytes(ops(name, phase="decode", batch=1))
    assert stored == pytest.approx(2 * sum(workload.parameters().values()), rel=1e-9)


@pytest.mark.parametrize("name", MIXTURES)
def test_training_gives_every_expert_a_gradient(name: str) -> None:
    traced = ops(name, phase="train", batch=1, seq_len=256)
    forward, backward = (
        product_flops([op for op in traced if op.stage == stage]) for stage in ("forward", "backward")
    )
    assert 1.9 < backward / forward < 2.2
