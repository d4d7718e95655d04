"""Each family's own arithmetic: what differs by phase, head, step and size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.traced import ops
from whichgpu.errors import UsageError
from whichgpu.workloads.families import decoder
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import Op, parameters, product_flops, stored_weight_bytes, total
from whichgpu.workloads.precision import precision
from whichgpu.workloads.recorder import Recorder
from whichgpu.workloads.workload import resolve

pytestmark = pytest.mark.slow

FP16 = precision("fp16")
GIB = 2.0**30


def kept(traced: tuple[Op, ...]) -> float:
    return total([op for op in traced if op.stage == "forward"], "saved_bytes")


def body(traced: tuple[Op, ...]) -> float:
    """FLOPs of the layers' dense products: neither attention nor the output head."""
    return product_flops([op for op in traced if op.kind == "gemm" and op.module == "layers"])


# -- decoders ------------------------------------------------------------------------------------


@given(st.sampled_from(["llama-2-7b", "llama-3.1-70b"]), st.integers(1, 4000), st.integers(1, 16))
def test_prefill_of_n_tokens_is_n_decode_steps_up_to_attention(name: str, n: int, batch: int) -> None:
    prefill = ops(name, phase="prefill", batch=batch, input_tokens=n, output_tokens=0)
    decode = ops(name, phase="decode", batch=batch, input_tokens=5, output_tokens=n)
    assert body(prefill) == pytest.approx(body(decode), rel=1e-12)


@given(st.integers(0, 3000), st.integers(1, 500))
def test_decode_attention_is_the_sum_of_its_steps(prompt: int, steps: int) -> None:
    decode = ops("llama-2-7b", phase="decode", input_tokens=prompt, output_tokens=steps)
    dims = resolve("llama-2-7b").dims
    cached = sum(prompt + i for i in range(1, steps + 1))
    by_hand = 4 * dims["layers"] * dims["hidden"] * cached
    attention = [op for op in decode if op.kind == "attention"]
    assert product_flops(attention) == pytest.approx(by_hand, rel=1e-12)
    assert total(attention, "kv_bytes") == pytest.approx(
        cached * decoder.kv_bytes_per_token(dims, FP16), rel=1e-12
    )


def test_generation_is_prefill_and_the_rest_of_the_tokens() -> None:
    columns = {"batch": 3, "input_tokens": 100}
    whole = ops("llama-2-7b", phase="generate", output_tokens=21, **columns)
    prefill = ops("llama-2-7b", phase="prefill", output_tokens=21, **columns)
    decode = ops("llama-2-7b", phase="decode", output_tokens=20, **columns)
    assert product_flops(whole) == pytest.approx(product_flops(prefill) + product_flops(decode), rel=1e-12)
    assert sum(parameters(whole).values()) == sum(parameters(prefill).values())
    assert stored_weight_bytes(whole) == stored_weight_bytes(prefill) == 2 * 6738415616


def test_one_output_token_needs_no_decode() -> None:
    one = ops("llama-2-7b", phase="generate", output_tokens=1)
    prefill = ops("llama-2-7b", phase="prefill")
    assert product_flops(one) == product_flops(prefill)


@given(st.integers(1, 8192), st.integers(1, 64))
def test_flops_never_fall_with_the_prompt(tokens: int, more: int) -> None:
    short = product_flops(ops("llama-2-7b", phase="prefill", input_tokens=tokens))
    assert product_flops(ops("llama-2-7b", phase="prefill", input_tokens=tokens + more)) > short


def test_grouped_queries_shrink_the_cache() -> None:
    per_token = {
        name: decoder.kv_bytes_per_token(resolve(name).dims, FP16)
        for name in ("llama-2-7b", "llama-2-70b", "llama-3.1-8b")
    }
    assert per_token == {"llama-2-7b": 524288.0, "llama-2-70b": 327680.0, "llama-3.1-8b": 131072.0}
    assert decoder.kv_bytes_per_token(resolve("llama-2-7b").dims, precision("fp8")) == 262144.0


def step(prefill: object, decode: object, cached: object, **more: object) -> tuple[Op, ...]:
    recorder = Recorder(FP16)
    decoder.step(resolve("llama-2-7b").dims, recorder, prefill, decode, cached, **more)
    return recorder.ops()


def test_an_engine_step_of_one_kind_is_that_phase() -> None:
    prefill = ops("llama-2-7b", phase="prefill", input_tokens=700, batch=1)
    assert product_flops(step(700.0, 0.0, 0.0)) == pytest.approx(product_flops(prefill), rel=1e-12)
    decode = ops("llama-2-7b", phase="decode", input_tokens=99, output_tokens=1, batch=8)
    assert product_flops(step(0.0, 8.0, 800.0)) == pytest.approx(product_flops(decode), rel=1e-12)


def test_a_mixed_step_reads_its_weights_once() -> None:
    mixed, alone = step(512.0, 32.0, 32 * 300.0), step(0.0, 32.0, 32 * 300.0)
    assert total(mixed, "weight_bytes") == total(alone, "weight_bytes")
    assert total(mixed, "kv_bytes") == total(alone, "kv_bytes")
    assert product_flops(mixed) > product_flops(alone)


def test_an_engine_step_over_arrays_is_its_steps_one_by_one() -> None:
    prefill, decode, cached = (
        np.array([0.0, 512.0, 64.0]),
        np.array([8.0, 0.0, 3.0]),
        np.array([80.0, 0.0, 99.0]),
    )
    swept = product_flops(step(prefill, decode, cached))
    singles = [product_flops(step(*one)) for one in zip(prefill, decode, cached, strict=True)]
    assert swept == pytest.approx(singles, rel=1e-12)
    assert np.all(np.isfinite(swept))


def test_many_prompts_in_a_step_attend_to_themselves_only() -> None:
    one, four = step(1024.0, 0.0, 0.0), step(1024.0, 0.0, 0.0, prefill_length=256.0)
    attention = [product_flops([op for op in each if op.kind == "attention"]) for each in (one, four)]
    assert attention[1] == pytest.approx(attention[0] / 4)
    chunk = step(256.0, 0.0, 0.0, prefill_context=768.0)
    assert product_flops([op for op in chunk if op.kind == "attention"]) == pytest.approx(attention[0] / 4)


def test_other_shapes_of_decoder() -> None:
    small = {"layers": 2, "hidden": 8, "heads": 2, "kv_heads": 2, "head_dim": 4, "ffn": 32, "vocab": 100}
    gpt2 = small | {"gated": False, "norm": "layernorm", "bias": "all", "tied": True, "positions": 16}
    job = Job("x", phase="prefill", batch=1.0, input_tokens=8.0, output_tokens=4.0)
    counts = []
    for dims in (small, gpt2):
        recorder = Recorder(FP16)
        decoder.forward(dims, job, recorder)
        counts.append(sum(parameters(recorder.ops()).values()))
    llama_layer = 4 * 8 * 8 + 3 * 8 * 32 + 2 * 8
    gpt2_layer = 4 * 8 * 8 + 2 * 8 * 32 + 3 * 8 + 8 + 32 + 8 + 4 * 8
    assert counts == [2 * 800 + 2 * llama_layer + 8, 800 + 16 * 8 + 2 * gpt2_layer + 16]
    long = Job("x", phase="prefill", batch=1.0, input_tokens=26.0, output_tokens=4.0)
    with pytest.raises(UsageError, match="output_tokens: 30 is more than the 16 positions"):
        decoder.forward(gpt2, long, Recorder(FP16))


# -- memory of training --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "precision_", "megabytes"),
    [
        # Largest published batches that fit: 512 images on 24 GiB and 256 on 16 GiB in mixed
        # precision, 496 on 48 GiB in FP32 storage.
        ("resnet50", "amp-fp16", (35, 50)), ("resnet50", "tf32", (75, 95)),
        ("resnet152", "amp-fp16", (75, 105)),
    ],
)  # fmt: skip
def test_activations_of_a_training_image(name: str, precision_: str, megabytes: tuple[float, float]) -> None:
    low, high = megabytes
    assert low < kept(ops(name, phase="train", batch=1, precision=precision_)) / 1e6 < high


def test_activations_of_a_training_token() -> None:
    """Per token and layer 41.5 hidden-sized bytes for Llama 2 7B without checkpointing."""
    layers = [op for op in ops("llama-2-7b", phase="train", batch=1, seq_len=2048) if op.module == "layers"]
    per = kept(tuple(layers)) / (32 * 2048 * 4096)
    assert 41 < per < 47


def test_logits_take_twelve_bytes_a_value() -> None:
    loss = [op for op in ops("llama-3.1-8b", phase="train", batch=1, seq_len=128) if op.module == "loss"]
    assert kept(tuple(loss)) == pytest.approx(12 * 128 * 128256)


@given(st.integers(1, 512))
def test_activations_are_linear_in_the_batch(batch: int) -> None:
    one = kept(ops("bert-large", phase="train", batch=1))
    assert kept(ops("bert-large", phase="train", batch=batch)) == pytest.approx(batch * one, rel=1e-9)


@pytest.mark.parametrize(
    "name", ["resnet50", "inception-v3", "googlenet", "bert-large", "llama-2-7b", "sd-1.5"]
)
def test_the_backward_pass_is_about_twice_the_forward_pass(name: str) -> None:
    traced = ops(name, phase="train")
    forward, backward = (
        product_flops([op for op in traced if op.stage == stage]) for stage in ("forward", "backward")
    )
    assert 1.9 < backward / forward < 2.2


def test_the_first_convolution_needs_no_gradient_of_the_picture() -> None:
    stem = [op.layer for op in ops("resnet50", phase="train") if op.layer.startswith("stem.conv.")]
    assert stem == ["stem.conv.wgrad"]


# -- encoders, diffusion -------------------------------------------------------------------------


def test_heads_of_bert() -> None:
    counts = {
        head: sum(parameters(ops("bert-large", phase="train", options={"head": head})).values())
        for head in ("pooler", "squad", "mlm")
    }
    encoder = 335141888 - 1024 * 1024 - 1024
    assert counts["pooler"] == 335141888
    assert counts["squad"] == encoder + 2 * 1024 + 2
    assert counts["mlm"] == encoder + 1024 * 1024 + 1024 + 2 * 1024 + 30522


def test_the_vae_encoder_is_loaded_and_not_run() -> None:
    traced = ops("sd-1.5")
    idle = [op for op in traced if op.layer.startswith("vae.encoder.")]
    assert sum(op.parameters * op.copies for op in idle) == 34163592 + 72
    assert total(idle, "flops") == 0
    assert stored_weight_bytes(traced) == 2 * 1066235307


def test_diffusion_training_is_the_u_net_alone() -> None:
    assert set(parameters(ops("sd-1.5", phase="train"))) == {"unet"}


@given(st.integers(1, 200))
def test_steps_repeat_the_u_net_only(steps: int) -> None:
    one, many = ops("sd-1.5", steps=1), ops("sd-1.5", steps=steps)

    def of(traced: tuple[Op, ...], module: str) -> float:
        return product_flops([op for op in traced if op.module == module])

    assert of(many, "unet") == pytest.approx(steps * of(one, "unet"), rel=1e-12)
    assert of(many, "vae") == of(one, "vae")
