"""Language models: published sizes, caches that engines allocated, experts, windows, states, services."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whichgpu.cost import parallel, replica_memory
from whichgpu.errors import DataError, UsageError
from whichgpu.facts import store
from whichgpu.workloads.families import decoder, encoder_decoder
from whichgpu.workloads.job import Job
from whichgpu.workloads.language.attention import seen
from whichgpu.workloads.language.cache import ENGINES
from whichgpu.workloads.language.feed import experts_touched
from whichgpu.workloads.language.layout import Attend, groups, mixing
from whichgpu.workloads.ops import Op, parameters, product_flops, stored_weight_bytes, total
from whichgpu.workloads.precision import precision
from whichgpu.workloads.recorder import Recorder
from whichgpu.workloads.workload import resolve, workloads

SHARED = Path(__file__).parent.parent.parent / "shared"
FP16, FP8 = precision("fp16"), precision("fp8")
GIB, MIB = 2.0**30, 2.0**20
#: One of each kind: mixture, latent, sparse, window, delta rule, Mamba 1 and 2, hybrids, shared norm, ALiBi.
ZOO = (
    "gpt2", "gpt-j-6b", "falcon-7b", "mpt-7b", "opt-350m", "bloom-560m", "qwen3-8b", "gemma-3-27b",
    "mixtral-8x7b", "qwen1.5-moe-a2.7b", "deepseek-v2-lite", "deepseek-v3.2", "gpt-oss-120b",
    "llama-4-maverick", "qwen3.5-35b-a3b", "nemotron-h-8b", "nemotron-3-super", "jamba-v0.1", "mamba-130m",
    "mamba2-130m", "qwen2.5-vl-7b", "glm-4.5",
)  # fmt: skip
MIXTURES = tuple(name for name in ZOO if resolve(name).dims.get("experts"))


def ops(name: str, **columns: object) -> tuple[Op, ...]:
    # In 16 bits, whatever format a model is released in.
    workload = resolve(name)
    return workload.trace(workload.complete(Job(name, **{"precision": "fp16", **columns})))


def dense(traced: tuple[Op, ...]) -> float:
    """FLOPs of products with weights: neither attention nor the output head."""
    return product_flops([op for op in traced if op.kind == "gemm" and op.module == "layers"
                          and ".attend." not in op.layer])  # fmt: skip


# -- sizes ---------------------------------------------------------------------------------------


def reference_rows() -> list[dict[str, str]]:
    path = SHARED / "reference" / "models" / "transformers.csv"
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


#: Where the count includes what the table left out: a next-token-prediction block, biases, norms of heads.
_COUNTED_APART = {"nemotron-3-super-120b-a12b", "phi-3.5-moe", "stablelm-2-12b"}


@pytest.mark.skipif(not reference_rows(), reason="the reference table is not beside this checkout")
def test_parameters_are_those_of_the_reference_table() -> None:
    wrong = []
    for row in reference_rows():
        extra = json.loads(row["extra"] or "{}")
        if extra.get("family") in ("vit", "whisper") or row["id"] in _COUNTED_APART:
            continue
        buffers = extra.get("plus_mask_buffers", 0) + extra.get("plus_stored_head_copy", 0)
        ours = sum(resolve(row["id"]).parameters().values())
        if ours != int(row["params_computed"]) - buffers:
            wrong.append((row["id"], ours, row["params_computed"]))
    assert not wrong


@pytest.mark.parametrize(
    "name", [k for k, w in workloads().items() if "active_parameters_rounded" in w.published]
)
def test_active_parameters_are_near_those_stated(name: str) -> None:
    """Publications differ in whether embeddings count, and round names such as A3B."""
    workload = workloads()[name]
    assert workload.active_parameters() == pytest.approx(
        workload.published["active_parameters_rounded"].value, rel=0.3
    )
    assert workload.active_parameters() < sum(workload.parameters().values())


@pytest.mark.parametrize(
    ("name", "billions"), [("deepseek-v3", 37.55), ("mixtral-8x7b", 12.88), ("qwen3-30b-a3b", 3.35)]
)
def test_the_active_figures_people_quote(name: str, billions: float) -> None:
    assert resolve(name).active_parameters() / 1e9 == pytest.approx(billions, abs=0.01)


def test_all_weights_of_a_dense_model_are_active() -> None:
    workload = resolve("qwen3-8b")
    assert workload.active_parameters() == sum(workload.parameters().values()) == 8190735360


def test_a_text_of_letters_that_are_no_layers_is_refused() -> None:
    with pytest.raises(DataError, match="pattern 'X', feeds '-': use letters of"):
        groups({"layers": 2, "pattern": "X"})
    with pytest.raises(DataError, match="norm 'odd' is none of rmsnorm"):
        decoder.forward(
            {**resolve("gpt2").dims, "norm": "odd"}, resolve("gpt2").reference_job(), Recorder(FP16)
        )


def test_layers_are_grouped_as_the_pattern_says() -> None:
    assert [tuple(one) for one in groups(resolve("gemma-3-27b").dims)] == [("W", "-", 52), ("*", "-", 10)]
    assert [tuple(one) for one in groups(resolve("deepseek-v3").dims)] == [("*", "-", 3), ("*", "E", 58)]
    assert mixing(resolve("nemotron-h-8b").dims, "M") == 24
    assert mixing(resolve("jamba-v0.1").dims, "*") == 4


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


# -- phases --------------------------------------------------------------------------------------


@given(st.sampled_from(ZOO), st.integers(1, 900), st.integers(1, 16))
def test_prefill_of_n_tokens_is_n_decode_steps_up_to_attention(name: str, n: int, batch: int) -> None:
    prefill = ops(name, phase="prefill", batch=batch, input_tokens=n, output_tokens=0)
    decode = ops(name, phase="decode", batch=batch, input_tokens=5, output_tokens=n)
    assert dense(prefill) == pytest.approx(dense(decode), rel=1e-12)


@pytest.mark.parametrize("name", ZOO)
def test_an_engine_step_of_one_kind_is_that_phase(name: str) -> None:
    def step(*sizes: float) -> tuple[Op, ...]:
        recorder = Recorder(FP16)
        decoder.step(resolve(name).dims, recorder, *sizes)
        return recorder.ops()

    prefill = ops(name, phase="prefill", input_tokens=700, output_tokens=0, batch=1)
    decode = ops(name, phase="decode", input_tokens=99, output_tokens=1, batch=8)
    for one, whole in ((step(700.0, 0.0, 0.0), prefill), (step(0.0, 8.0, 800.0), decode)):
        assert product_flops(one) == pytest.approx(product_flops(whole), rel=1e-12)
        assert stored_weight_bytes(one) == pytest.approx(stored_weight_bytes(whole))
    assert np.isfinite(total(step(0.0, 0.0, 0.0), "flops"))


@pytest.mark.parametrize("name", ZOO)
def test_tensor_parallel_ranks_add_up(name: str) -> None:
    whole = ops(name, phase="prefill", batch=2, input_tokens=64, output_tokens=1)
    split = parallel.shard(whole, 4.0)
    for op, part in zip(whole, split, strict=True):
        if op.shard != "none":
            assert 4.0 * part.flops == pytest.approx(op.flops), op.layer
            assert 4.0 * part.weight_bytes == pytest.approx(op.weight_bytes), op.layer
    replicated = [op for op in whole if op.shard == "none" and op.kind == "gemm"]
    assert product_flops(replicated) < 0.12 * product_flops(whole)


@given(st.integers(0, 3000), st.integers(1, 500), st.integers(1, 2000))
def test_a_window_is_the_mean_over_the_steps(prompt: int, steps: int, window: int) -> None:
    one = Attend(1.0, 1.0, prompt + (steps + 1) / 2, cached=True, steps=float(steps))
    by_hand = np.mean([min(prompt + i, window) for i in range(1, steps + 1)])
    assert seen(one, window) == pytest.approx(by_hand, rel=1e-12)


def test_a_window_bounds_the_work_of_a_long_prompt() -> None:
    def attention(tokens: float) -> float:
        traced = ops("gemma-3-27b", phase="prefill", input_tokens=tokens, output_tokens=0)
        return product_flops([op for op in traced if op.kind == "attention"])

    assert attention(1000) / attention(500) == pytest.approx(4)
    full, windowed = 4 * 32 * 128 * 10 * 32768.0**2, 4 * 32 * 128 * 52 * 32768.0 * 1024
    assert attention(32768) == pytest.approx(full + windowed)


def test_latent_decode_attends_to_latents_and_prefill_to_heads() -> None:
    decode = [
        op
        for op in ops("deepseek-v3", phase="decode", output_tokens=1, input_tokens=99)
        if op.kind == "attention"
    ]
    prefill = [op for op in ops("deepseek-v3", phase="prefill", input_tokens=10) if op.kind == "attention"]
    assert product_flops(decode) == 2 * 61 * 128 * 100 * (576 + 512)
    assert product_flops(prefill) == 2 * 61 * 128 * 10 * 10 * (192 + 128)
    assert {op.dims["kv_heads"] for op in decode} == {1.0}


def test_sparse_attention_reads_the_chosen_tokens_and_scores_all() -> None:
    def kv(tokens: int, indexer: bool) -> float:
        step = ops("deepseek-v3.2", phase="decode", input_tokens=tokens - 1, output_tokens=1)
        return total(
            [op for op in step if op.kind == "attention" and ("indexer" in op.layer) == indexer], "kv_bytes"
        )

    assert kv(4096, indexer=False) == kv(65536, indexer=False) == kv(2048, indexer=False)
    assert kv(65536, indexer=True) == 16 * kv(4096, indexer=True)


@pytest.mark.parametrize("name", ["mamba-2.8b", "mamba2-2.7b", "qwen3.5-27b", "nemotron-h-8b"])
def test_a_decoded_token_moves_the_state_and_no_longer_context(name: str) -> None:
    def moved(tokens: int) -> float:
        step = ops(name, phase="decode", batch=1, input_tokens=tokens, output_tokens=1)
        return total([op for op in step if ".attend." in op.layer and op.kind != "attention"], "read_bytes")

    state = decoder.state_bytes_per_sequence(resolve(name).dims)
    assert moved(100) == moved(100000)
    assert state < moved(100) < 1.1 * state


def test_images_add_tokens_to_the_prompt_and_run_the_tower() -> None:
    plain = ops("llava-1.5-7b", phase="prefill", input_tokens=24)
    pictured = ops("llava-1.5-7b", phase="prefill", input_tokens=24, options={"images": "1"})
    longer = ops("llava-1.5-7b", phase="prefill", input_tokens=600)
    tower = product_flops([op for op in pictured if op.module == "vision"])
    assert product_flops(pictured) == pytest.approx(product_flops(longer) + tower, rel=1e-12)
    # 2 x 303 M x 577 patches and the attention among them.
    assert 0.35e12 < tower < 0.45e12
    assert parameters(plain) == parameters(pictured)


def test_an_encoder_decoder_reads_its_input_once_and_attends_to_it_every_step() -> None:
    whole = ops("t5-large", phase="generate", input_tokens=512, output_tokens=10, batch=2)
    cross = encoder_decoder.kv_bytes_per_token(resolve("t5-large").dims, FP16) * 512 * 2
    assert total(whole, "kv_bytes") == pytest.approx(10 * cross + cross / 512 * 55)
    encoder = [op for op in whole if op.module == "encoder" and op.kind == "gemm"]
    assert product_flops(encoder) == pytest.approx(
        2 * 1024 * sum(op.parameters * op.copies for op in encoder)
    )


@pytest.mark.parametrize(
    "name", ["clip-vit-large-patch14", "qwen2.5-vl-vision-7b", "distilbert-base-uncased"]
)
def test_towers_and_encoders_are_linear_in_the_batch(name: str) -> None:
    one, many = (product_flops(ops(name, phase="infer", batch=batch)) for batch in (1, 8))
    assert many == pytest.approx(8 * one, rel=1e-4)


def test_one_tower_of_a_pair() -> None:
    both, image, text = (product_flops(ops("clip-vit-large-patch14", batch=1, options={"towers": which}))
                         for which in ("both", "image", "text"))  # fmt: skip
    assert both == pytest.approx(image + text)
    # 77.8 G multiply-adds of ViT-L/14 at 224 pixels and 6.6 of the text tower.
    assert image / 2e9 == pytest.approx(81.0, rel=0.01)
    with pytest.raises(UsageError, match="option towers: 'left' is none of both, image, text"):
        ops("clip-vit-large-patch14", options={"towers": "left"})


# -- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "GPT-4o", "gpt-4", "Claude 3.5 Sonnet", "gemini-1.5-pro", "Midjourney", "DALL-E 3", "Sora 2", "veo-3",
        "FLUX 1.1 pro", "ideogram-3", "suno", "whisper-1", "voyage-3", "mistral-medium", "Qwen3-Max",
        "amazon-nova", "copilot", "text-embedding-3-large", "Grok 4", "FLUX.1 [pro]", "Seedance",
        "black-forest-labs/FLUX.1-pro", "kling 2.1",
    ],
)  # fmt: skip
def test_what_is_only_sold_as_a_service_is_refused_with_an_open_workload(name: str) -> None:
    with pytest.raises(UsageError, match="is only sold as a service") as refused:
        resolve(name)
    _, said, nearest = str(refused.value).partition("; the nearest open workload is ")
    assert said
    assert resolve(nearest).id == nearest


def test_a_service_is_that_of_who_sells_it() -> None:
    for name, seller in (("kling 2.1", "Kuaishou"), ("udio", "Udio"), ("voyage-3", "Voyage")):
        with pytest.raises(UsageError, match=rf"as a service \({seller}\)"):
            resolve(name)


def test_brackets_part_words() -> None:
    assert resolve("FLUX.1 [dev]").id == "flux.1-dev"
    # Published rows have names with brackets of their own.
    assert resolve("deepseekv3-(w/o-mtp)").id == "deepseek-v3"
    assert resolve("Llama 3.1 8B (Instruct)").id == "llama-3.1-8b"


def test_an_open_model_of_who_sells_a_service_is_none() -> None:
    assert resolve("suno/bark").id == "bark"


def test_what_is_named_as_nearest_to_a_service_is_open() -> None:
    for title, row in store.load("services")["services"]["service"].items():
        assert row["nearest"], title
        assert all(resolve(name) for name in row["nearest"])


def test_a_merger_works_on_tokens_and_the_tower_on_patches() -> None:
    """Qwen3-VL 8B: 4096 patches of a picture through 27 layers, 1024 tokens through four mergers."""
    tower = [op for op in ops("qwen3-vl-8b", phase="prefill", batch=1, options={"images": "1"}) if
             op.module == "vision"]  # fmt: skip
    merged = product_flops([op for op in tower if op.layer.endswith("merger")])
    assert merged == 2 * 1024 * 160_496_896
    assert sum(parameters(tower).values()) == 576_388_336


def test_the_tiles_of_a_picture_see_themselves_only() -> None:
    """LLaVA-NeXT: five tiles of 577 patches each, whose attention is a fifth of that over all."""
    (seen_by,) = {
        op.dims["kv"]
        for op in ops("llava-next-mistral-7b", phase="prefill", batch=1, options={"images": "1"})
        if op.kind == "attention" and op.module == "vision"
    }
    assert seen_by == 577


def test_a_tower_that_does_not_run_takes_no_memory_but_its_weights() -> None:
    recorder = Recorder(FP16)
    decoder.step(resolve("qwen3.5-27b").dims, recorder, 0.0, 1.0, 1000.0)
    vision = [op for op in recorder.ops() if op.module == "vision"]
    assert stored_weight_bytes(vision) == 2 * 460730096
    assert max(op.read_bytes + op.write_bytes for op in vision) < 1.0


def test_the_merger_of_qwen2_5_vl_works_on_tokens_too() -> None:
    """Qwen2.5-VL 7B: LayerNorm and two layers of 5120, on a quarter of the 4096 patches."""
    tower = [op for op in ops("qwen2.5-vl-7b", phase="prefill", batch=1, options={"images": "1"}) if
             op.module == "vision"]  # fmt: skip
    merged = product_flops([op for op in tower if op.layer.endswith("merger")])
    assert merged == 2 * 1024 * (1280 + 5120 * 5120 + 5120 + 5120 * 3584 + 3584)
    assert sum(parameters(tower).values()) == 676_550_144


# -- layers of other kinds ---------------------------------------------------------------------------


def test_layers_that_attend_to_a_picture_run_where_there_is_one() -> None:
    """Llama 3.2 Vision: eight of 40 layers, which a text passes by; then it is Llama 3.1 8B."""
    text = ops("llama-3.2-11b-vision", phase="prefill", batch=1, input_tokens=512)
    assert dense(text) == dense(ops("llama-3.1-8b", phase="prefill", batch=1, input_tokens=512))
    seen_by = [op for op in ops("llama-3.2-11b-vision", phase="generate", batch=1, options={"images": "1"})
               if op.kind == "attention" and ".cross." in op.layer]  # fmt: skip
    assert {op.dims["kv"] for op in seen_by} == {4 * 1601}
    assert {op.dims["q"] for op in seen_by} == {1.0, 513.0}
    assert all(sum(parameters(one).values()) == 10_642_941_475 for one in (text, ops(
        "llama-3.2-11b-vision", phase="decode", batch=1, options={"images": "1"})))  # fmt: skip
    made = [op for op in ops("llama-3.2-11b-vision", phase="generate", batch=1, options={"images": "1"})
            if op.layer.endswith("picture.kv") and op.count]  # fmt: skip
    assert sum(op.flops * op.count for op in made) == 8 * 2 * 6404 * 4096 * 2 * 1024


def test_a_searched_model_has_layers_without_attention_and_of_many_widths() -> None:
    dims = resolve("llama-3.3-nemotron-super-49b").dims
    assert mixing(dims, "*") == 49
    assert sum(group.layers for group in groups(dims)) == 80
    assert decoder.kv_cache(dims, FP16, 1.0) == 49 * 2 * 8 * 128 * 2
    widths = {op.dims["k"] for op in ops("llama-3.3-nemotron-super-49b", phase="decode", batch=1)
              if op.layer.endswith("down")}  # fmt: skip
    assert widths == {2816, 5632, 7168, 14336, 17920, 28672}
    with pytest.raises(DataError, match="feeds '-z'"):
        groups({"layers": 2, "feeds": "-z", "feed_widths": {"a": 1}})


def test_gemma_4_has_fewer_and_wider_heads_where_it_sees_everything() -> None:
    """50 layers keep 1024 tokens of 16 heads of 256, ten keep all tokens of 4 heads of 512."""
    dims = resolve("gemma-4-31b").dims
    tokens = 8192
    each = 50 * 1024 * 16 * 256 + 10 * tokens * 4 * 512
    assert decoder.kv_cache(dims, FP16, tokens) == 2 * 2 * each
    shapes = {(op.dims["kv_heads"], op.dims["head_dim"]) for op in ops("gemma-4-31b", phase="decode", batch=1)
              if op.kind == "attention" and op.module == "layers"}  # fmt: skip
    assert shapes == {(16.0, 256.0), (4.0, 512.0)}


@pytest.mark.parametrize(
    ("name", "layers", "heads", "taps"), [("minimax-text-01", 70, 64, 0), ("kimi-linear-48b", 20, 32, 3)]
)
def test_linear_attention_keeps_a_square_of_each_head(name: str, layers: int, heads: int, taps: int) -> None:
    """Keys by values of FP32; only what convolves keeps tokens besides."""
    each = heads * 128 * 128 + taps * 3 * heads * 128
    assert decoder.state_bytes_per_sequence(resolve(name).dims) == 4 * layers * each


def test_queries_through_a_narrow_layer() -> None:
    """Step3: 2048 values for 64 query heads of 256, which share one head of keys and values."""
    by_name = {op.layer.rpartition(".")[2]: op for op in ops("step3", phase="decode", batch=1)
               if op.kind == "gemm"}  # fmt: skip
    assert (by_name["q_a"].dims["n"], by_name["q_b"].dims["k"]) == (2048, 2048)
    assert (by_name["q_b"].dims["n"], by_name["kv"].dims["n"]) == (64 * 256, 2 * 256)


@pytest.mark.parametrize(
    ("spelling", "known"),
    [
        ("llama-3.2-11b-vision", "llama-3.2-11b-vision"),
        ("qwen3-coder-30b-a3b", "qwen3-30b-a3b"),
        ("deepseek-v2.5", "deepseek-v2"),
        ("deepseek-v3.2-exp", "deepseek-v3.2"),
        ("minimax-m1", "minimax-text-01"),
        ("devstral-24b", "mistral-small-24b"),
        ("magistral-small", "mistral-small-24b"),
        ("mistral-large-2407", "mistral-large-123b"),
        ("falcon-3-10b", "falcon3-10b"),
        ("xai-org/grok-2", "grok-2"),
        ("aya-23-35b", "command-r"),
        ("yi-1.5-34b", "yi-34b"),
        ("internlm2.5-7b", "internlm2-7b"),
        ("wizardlm-70b", "llama-2-70b"),
        ("dolly-v2-12b", "pythia-12b"),
        ("openllama-13b", "llama-1-13b"),
        ("nous-hermes-13b", "llama-1-13b"),
        ("stablelm-3b", "stablelm-3b-4e1t"),
        ("kimi-linear-48b", "kimi-linear-48b-a3b"),
        ("blip-2", "blip-2-opt-2.7b"),
        ("llava-onevision-7b", "llava-onevision-7b"),
        ("ernie-4.5-300b-a47b", "ernie-4.5-300b-a47b"),
        ("granite-4.0-h-small", "granite-4.0-h-small"),
        ("nvidia/Llama-3_3-Nemotron-Super-49B-v1_5-FP8", "llama-3.3-nemotron-super-49b"),
    ],
)
def test_models_that_serving_benchmarks_name(spelling: str, known: str) -> None:
    assert resolve(spelling).id == known
