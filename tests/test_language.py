"""Language models: published sizes, caches that engines allocated, experts, windows, states, services."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.traced import LANGUAGE_MODELS as ZOO
from tests.traced import dense
from tests.traced import in_16_bits as ops
from whichgpu.cost.kernels.attention import seen as masked
from whichgpu.cost.parallel import splitting as parallel
from whichgpu.errors import DataError, UsageError
from whichgpu.workloads.families import decoder, encoder_decoder
from whichgpu.workloads.language.attention import in_chunks, seen
from whichgpu.workloads.language.layout import Attend, groups, mixing
from whichgpu.workloads.ops import Op, parameters, product_flops, stored_weight_bytes, total
from whichgpu.workloads.precision import precision
from whichgpu.workloads.recorder import Recorder
from whichgpu.workloads.workload import resolve, workloads

SHARED = Path(__file__).parent.parent.parent / "shared"
FP16 = precision("fp16")


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
    even = parallel.shard(whole, 4.0, trained=True)
    for op, part, mean in zip(whole, split, even, strict=True):
        if op.shard != "none":
            assert 4.0 * mean.flops == pytest.approx(op.flops), op.layer
            assert 4.0 * mean.weight_bytes == pytest.approx(op.weight_bytes), op.layer
        if op.shard.startswith("expert") and "groups" in op.dims:
            # An engine's experts are those of the GPU with most to do, for which the others wait.
            assert mean.flops < part.flops < 4.0 * mean.flops
            assert mean.weight_bytes <= part.weight_bytes <= (1.0 + 1e-9) * op.weight_bytes
        elif op.shard != "none":
            assert part.flops == pytest.approx(mean.flops), op.layer
            assert part.weight_bytes == pytest.approx(mean.weight_bytes), op.layer
    replicated = [op for op in whole if op.shard == "none" and op.kind == "gemm"]
    assert product_flops(replicated) < 0.12 * product_flops(whole)


@given(st.integers(0, 3000), st.integers(1, 500), st.integers(1, 2000))
def test_a_window_is_the_mean_over_the_steps(prompt: int, steps: int, window: int) -> None:
    one = Attend(1.0, 1.0, prompt + (steps + 1) / 2, cached=True, steps=float(steps))
    by_hand = np.mean([min(prompt + i, window) for i in range(1, steps + 1)])
    assert seen(one, window) == pytest.approx(by_hand, rel=1e-12)


@given(st.integers(0, 3000), st.integers(1, 500), st.integers(1, 2000))
def test_a_chunk_begins_anew_with_each_of_its_length(prompt: int, steps: int, chunk: int) -> None:
    one = Attend(1.0, 1.0, prompt + (steps + 1) / 2, cached=True, steps=float(steps))
    by_hand = np.mean([(prompt + i - 1) % chunk + 1 for i in range(1, steps + 1)])
    assert in_chunks(one, chunk) == pytest.approx(by_hand, rel=1e-9)


@given(st.integers(0, 3000), st.integers(1, 3000), st.integers(1, 2000))
def test_a_prompts_chunks_are_triangles(before: int, tokens: int, chunk: int) -> None:
    """What the kernel model takes of the rectangle is what the chunks of the prompt's tokens have."""
    one = Attend(1.0, float(tokens), float(before + tokens))
    dims = {"q": np.array(one.q), "kv": in_chunks(one, chunk), "causal": np.array(1.0)}
    pairs = sum((before + i) % chunk + 0.5 for i in range(tokens))
    assert float(one.q * dims["kv"] * masked(dims)) == pytest.approx(pairs, rel=1e-6)


def test_the_first_token_behind_a_chunk_attends_to_itself_alone() -> None:
    """Llama 4 has 12 layers that see all and 36 with chunks of 8,192 tokens (attention_chunk_size)."""

    def read(tokens: float) -> float:
        traced = ops("llama-4-scout", phase="decode", input_tokens=tokens, output_tokens=1)
        return sum(float(op.kv_bytes * op.count) for op in traced)

    token = 2 * 8 * 128 * 2
    assert read(8191.0) == pytest.approx(48 * token * 8192)
    assert read(8192.0) == pytest.approx(token * (12 * 8193 + 36))


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


def test_a_prompt_that_an_indexer_chooses_from_attends_to_latents() -> None:
    """Each of its queries has keys of its own, so that no heads are unfolded; shorter ones see all tokens."""

    def attention(name: str, tokens: int, **said: object) -> list[Op]:
        found = ops(name, **{"phase": "prefill", "input_tokens": tokens, "batch": 1, **said})
        return [op for op in found if op.kind == "attention" and "indexer" not in op.layer]

    short, long = attention("deepseek-v3.2", 2048), attention("deepseek-v3.2", 8192)
    assert product_flops(short) == 2 * 61 * 128 * 2048.0**2 * (192 + 128)
    assert product_flops(long) == 2 * 61 * 128 * 8192.0 * 2048 * (576 + 512)
    assert {("gathered" in op.dims, float(op.dims["kv_heads"])) for op in short} == {(False, 128.0)}
    assert {("gathered" in op.dims, float(op.dims["kv_heads"])) for op in long} == {(True, 1.0)}
    assert not any("gathered" in op.dims for op in attention("deepseek-v3", 8192))
    both = attention("deepseek-v3.2", np.array([2048.0, 8192.0]))
    assert sum(op.flops * op.count for op in both) == pytest.approx(
        [product_flops(short), product_flops(long)]
    )


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
