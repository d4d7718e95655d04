"""Kernels of llama.cpp: matrix-vector products by format, row and batch, and Vulkan's shaders."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from kernel_runs import GPUS, laid

from whichgpu import api
from whichgpu.cost.calibration.effects import Fit, compute_terms
from whichgpu.cost.estimate import finish
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.kernels import products
from whichgpu.cost.timing.classes import OpClass
from whichgpu.cost.timing.engine_step import step_ops
from whichgpu.cost.timing.launching import kernels
from whichgpu.cost.timing.optable import tables
from whichgpu.errors import WhichGpuError
from whichgpu.workloads.precision import precision, precisions
from whichgpu.workloads.recorder import Recorder
from whichgpu.workloads.workload import resolve


def _decode_seconds(gpu: str, precision: str, **more: Any) -> float:
    """Seconds of 64 tokens of Llama 2 7B under llama.cpp, by physics alone."""
    job = {"phase": "decode", "precision": precision, "input_tokens": 0.0, "output_tokens": 64.0}
    work = laid("llama-2-7b", gpu, runtime="llama.cpp", **job)
    return float(finish(work, Fit()).seconds[0, 0])


def test_a_core_of_apple_unpacks_formats_at_the_rate_of_their_operations() -> None:
    """Metal makes a float of each weight: of Q4_K_M in 0.856 x 8.6 + 0.144 x 13 operations of 128 lanes."""
    m1 = GPUS["apple-m1-max-32c"]
    lanes = 128.0 * m1.value("sms") * m1.value("clock_boost")
    body = 32 * (4 * 4096**2 + 3 * 4096 * 11008)
    assert _decode_seconds(m1.id, "q4_k_m") / 64.0 > body * 9.23 / lanes
    # As many bytes or more, and fewer operations; more bytes yet, and bound by them.
    assert _decode_seconds(m1.id, "q5_0") > _decode_seconds(m1.id, "q5_k") > _decode_seconds(m1.id, "q4_1")
    assert _decode_seconds(m1.id, "q3_k") > 0.9 * _decode_seconds(m1.id, "q4_0")


def test_formats_of_more_operations_are_read_more_slowly() -> None:
    """A P40 makes 34 tokens/s of Q2_K and 57 of Q4_0, whose weights are a fifth larger and more."""
    assert _decode_seconds("p40", "q2_k") > _decode_seconds("p40", "q4_0")
    # The widths of their memories are 0.95 of each other; the P100 has no sum of four INT8 products.
    memory = GPUS["p100-16gb-pcie"].value("bandwidth") / GPUS["rtx-3080-10gb"].value("bandwidth")
    slower = _decode_seconds("p100-16gb-pcie", "q4_k_m") / _decode_seconds("rtx-3080-10gb", "q4_k_m")
    assert memory > 0.9
    assert slower > 2.0


def _product_seconds(gpu: str, m: float, n: float, k: float) -> float:
    """Seconds of a product of `m` rows with n x k weights in Q4_K under llama.cpp, without a gap."""
    rec = Recorder(precision("q4_k"))
    rec.linear(m, int(k), int(n))
    (table,) = tables(rec.ops())
    found = products.seconds(table, Devices.of([GPUS[gpu]]), runtime("llama.cpp", ""))
    return float((found[0] + found[1])[0, 0, 0])


def test_a_row_that_a_block_takes_in_part_leaves_threads_idle() -> None:
    """Four warps take 2,048 values at once: as many weights in rows of 512 take four times the operations."""
    short, long = (_product_seconds("p40", 1.0, n, 2.0**26 / n) for n in (2.0**17, 2.0**15))
    assert short > 1.5 * long
    # Of 2,880 values in two turns; whole turns lose nothing.
    assert _product_seconds("p40", 1.0, 2.0**15, 2880.0) > 1.1 * _product_seconds("p40", 1.0, 2.0**15, 2048.0)
    one, two = (_product_seconds("p40", 1.0, 2.0**15, k) for k in (2048.0, 4096.0))
    assert two == pytest.approx(2.0 * one, rel=0.02)


def test_each_row_of_a_batch_multiplies_what_was_unpacked() -> None:
    """An RTX 3090 makes 4.3 times the tokens with 8 requests as with one (Llama 3 8B, Q4_0), not 8 times.

    A P40, of whose bandwidth ECC and its controllers leave 0.78, has as much arithmetic for each byte.
    """
    gains = {
        gpu: 8.0 * _product_seconds(gpu, 1.0, 4096.0, 4096.0) / _product_seconds(gpu, 8.0, 4096.0, 4096.0)
        for gpu in ("apple-m1-pro-16c", "p40", "rtx-3090")
    }
    assert 1.0 < gains["apple-m1-pro-16c"] < gains["rtx-3090"] < 6.0
    assert gains["p40"] == pytest.approx(gains["rtx-3090"], rel=0.1)


def _prompt_seconds(gpu: str, runtime: str, found: Fit | None = None) -> float:
    """Seconds of a prompt of 512 tokens of Llama 2 7B in Q4_0."""
    work = laid("llama-2-7b", gpu, phase="prefill", precision="q4_0", input_tokens=512.0, runtime=runtime)
    return float(finish(work, found or Fit()).seconds[0, 0])


def test_no_fit_makes_up_for_what_a_tile_unpacks() -> None:
    """Metal's kernels widen quantised weights in their tile, and reach no more than a share of the rest's."""

    def seconds(precision: str, found: Fit) -> float:
        work = laid("llama-2-7b", "apple-m2-max-38c", phase="prefill", precision=precision,
                    input_tokens=512.0, runtime="llama.cpp Metal")  # fmt: skip
        return float(finish(work, found).seconds[0, 0])

    for found in (Fit(), Fit({"c/gemm&language": 2.0})):
        assert 1.05 < seconds("q8_0", found) / seconds("f16", found) < 1.15


def test_more_rows_than_vectors_take_unpack_each_weight_as_well() -> None:
    """Tiles of few rows are no faster than one row alone, however much faster the memory is than the SMs."""
    for gpu in ("h20", "b200-180gb-sxm", "a100-80gb-sxm"):
        one, tile = (_product_seconds(gpu, m, 4096.0, 2.0**14) for m in (1.0, 9.0))
        assert tile > one


def test_shaders_multiply_on_plain_units_where_vulkan_reaches_no_others() -> None:
    """RDNA 2 has no matrix units, and shaders sum no pairs: the rate is FP32's, half of the packed one.

    Since April 2025 they sum four INT8 products at once, where a chip does (not RDNA 1).
    """
    card = GPUS["rx-6700-xt"]
    shaders = _prompt_seconds(card.id, "llama.cpp Vulkan 2025-02")
    assert 1.2 < shaders / _prompt_seconds(card.id, "llama.cpp Vulkan") < 2.0
    plain = [_prompt_seconds("rx-5700-xt", f"llama.cpp Vulkan {when}") for when in ("2025-02", "2025-06")]
    assert plain[0] == plain[1]
    assert 2.0 * 6.4e9 * 512.0 / shaders < 0.85 * 0.62 * card.value("fp32")
    assert shaders > 1.1 * _prompt_seconds(card.id, "llama.cpp ROCm")
    # Tensor cores, from December 2024 on.
    late, early = (_prompt_seconds("rtx-4090", f"llama.cpp Vulkan {when}") for when in ("2025-03", "2024-03"))
    assert early > 2.0 * late


def test_what_blas_multiplies_of_a_prompt_is_cast_before_and_behind() -> None:
    """llama.cpp keeps activations in FP32; its kernels of INT8, and Metal's, take them so."""

    def each(precision: str, runtime: str = "llama.cpp", gpu: str = "rtx-3090") -> float:
        work = laid("llama-2-7b", gpu, phase="prefill", precision=precision, input_tokens=512.0,
                    runtime=runtime).work  # fmt: skip
        return max(float(one.launched.max()) for one in work.kernels if one.table.kind == "gemm")

    assert each("f16") == each("q4_0", "llama.cpp (May 2024)") == 3.0
    assert each("q4_0") == each("f16", gpu="apple-m1-pro-16c") == 1.0


def test_what_a_runtime_s_kernels_multiply_in_is_not_another_s() -> None:
    """Factors are kept by what a runtime is called in effects, where Vulkan's marks are not."""
    card, shaders = "rx-6700-xt", "llama.cpp Vulkan"
    effects = {"c/gemm/half&language": 0.5}
    alone = _prompt_seconds(card, shaders, Fit(effects))
    met = Fit(effects)
    other = _prompt_seconds(card, "llama.cpp", met)
    assert _prompt_seconds(card, shaders, met) == alone
    assert other < 0.75 * _prompt_seconds(card, "llama.cpp")


def test_what_ggml_stores_states_its_operations() -> None:
    stored = {name: one for name, one in precisions().items() if one.runtime == "llama-cpp"}
    unstated = {name for name, one in stored.items() if not any(one.steps)}
    assert unstated == {"tq1_0", "tq2_0"}


@pytest.mark.parametrize(
    ("workload", "kind", "gigabytes"),
    [
        # Rows of 1,152, 896 and 704 values hold no whole block of 256; the table of tokens is the head.
        ("gemma-3-1b", "q4_k_m", 0.806), ("gemma-3-1b", "q6_k", 1.01), ("gemma-3-1b", "q3_k_m", 0.722),
        ("gemma-3-1b", "q2_k", 0.690), ("qwen2.5-0.5b", "q4_k_m", 0.398), ("qwen2.5-0.5b", "q6_k", 0.506),
        ("gemma-4-26b-a4b", "q4_k_m", 16.9),
        # Those of 2,048 and 3,072 fit.
        ("llama-3.2-1b", "q4_k_m", 0.808), ("llama-3.2-1b", "q4_0", 0.773), ("llama-3.2-3b", "q4_k_m", 2.02),
        ("gemma-2-2b", "q8_0", 2.78),
    ],
)  # fmt: skip
def test_a_file_is_as_large_as_published(workload, kind, gigabytes):
    """Sizes of GGUF files as their pages on the Hub tell them (bartowski's and unsloth's)."""
    answer = api.predict(workload, gpu="rtx-4090", runtime="llama.cpp", precision=kind, phase="decode")
    assert answer.memory["weights"] / 1e9 == pytest.approx(gigabytes, rel=0.035)


def test_formats_without_blocks_of_256_are_themselves_in_any_row():
    assert precision("q4_0").stored(1152.0) == precision("q4_0").weight
    assert precision("q8_0").stored(1152.0, head=True, tied=True) == precision("q8_0").head
    assert precision("q4_k").stored(1152.0) == precision("q5_0").weight
    assert precision("q4_k").stored(1024.0) == precision("q4_k").weight
    assert precision("q4_k_m").stored(1152.0, head=True, tied=True) == precision("q8_0").weight


def test_a_long_context_is_read_by_a_kernel_that_no_measured_build_had():
    """Rows are of May 2024, whose tokens attended by two products. GPT-OSS 120B on a GB10: 38.8 of 52.9."""

    def seconds(runtime: str, found: Fit) -> float:
        job = {"phase": "decode", "precision": "q4_0", "input_tokens": 32768.0, "output_tokens": 1.0}
        return float(finish(laid("llama-3.1-8b", "rtx-4090", runtime=runtime, **job), found).seconds[0, 0])

    slow = Fit({"m/kv=llama-cpp": -0.5})
    assert seconds("llama.cpp 2025-11", slow) == seconds("llama.cpp 2025-11", Fit())
    assert seconds("llama.cpp May 2024", slow) > 1.1 * seconds("llama.cpp May 2024", Fit())
    job = {"gpu": "gb10", "runtime": "llama.cpp", "precision": "mxfp4-gguf", "phase": "decode"}
    short, long = (
        api.predict("gpt-oss-120b", input_tokens=tokens, output_tokens=32, **job).throughput.mid
        for tokens in (0, 32768)
    )
    assert long / short == pytest.approx(38.76 / 52.87, rel=0.05)


def test_bf16_is_widened_on_apple_s_units():
    """Metal has the type and no units for it: tokens are as fast as in FP16. Autocast stays refused."""
    card = {"gpu": "apple-m3-max-40c", "runtime": "mlx", "phase": "decode"}
    wide, half = (api.predict("llama-3.1-8b", precision=kind, **card) for kind in ("bf16", "fp16"))
    assert wide.throughput.mid == pytest.approx(half.throughput.mid, rel=0.05)
    assert any("products are taken in FP32" in text for text in wide.warnings)
    with pytest.raises(WhichGpuError, match="amp-bf16 needs it"):
        api.predict("resnet50", gpu="apple-m3-max-40c", phase="train", precision="amp-bf16")
    card |= {"phase": "finetune_lora", "batch": 4, "seq_len": 128}
    wide, half = (api.predict("llama-3.1-8b", precision=kind, **card) for kind in ("bf16", "fp16"))
    assert wide.throughput.mid == pytest.approx(half.throughput.mid, rel=0.15)


def test_what_does_not_fit_is_told_with_what_llama_cpp_leaves_on_the_host():
    card = {"gpu": "rtx-4090", "precision": "q4_k_m", "phase": "decode"}
    with pytest.raises(WhichGpuError, match="--option offload=") as told:
        api.predict("llama-3.1-70b", runtime="llama.cpp", **card)
    typed = re.search(r"--option (offload)=(\d+GB)", str(told.value))
    answer = api.predict("llama-3.1-70b", runtime="llama.cpp", options={typed[1]: typed[2]}, **card)
    assert answer.required <= answer.available
    # Engines send such weights up with every pass, and are told nothing of it.
    with pytest.raises(WhichGpuError) as told:
        api.predict("llama-3.1-70b", runtime="vllm", **card)
    assert "offload" not in str(told.value)


@pytest.mark.parametrize(
    ("spelling", "known"),
    [
        ("Q4_K - Medium", "q4_k_m"), ("Q4_K (Small)", "q4_k_s"),
        ("UD-Q4_K_XL", "q4_k_m"), ("i1-Q5_K_M", "q5_k_m"),
        ("IQ2_XS - 2.3125 bpw", "iq2_xs"), ("GGUF Q8_0", "q8_0"), ("INT4 (AWQ)", "w4a16-g128"),
        ("q4_0_4_4", "q4_0"),
        ("int8_float16", "int8"), ("float8_e4m3fn", "fp8"), ("autocast", "amp-fp16"), ("q4f16", "q4f16_1"),
        ("q4f16_1", "q4f16_1"), ("q0f16", "fp16"), ("6-bit", "mlx-6bit"),
        ("bpw=4.65", "exl2-4.65bpw"),
        ("weight-only INT8", "w8a16"), ("E4M3", "fp8"),
    ],
)  # fmt: skip
def test_formats_as_tables_write_them(spelling: str, known: str) -> None:
    assert precision(spelling).id == known


def test_a_head_in_eight_bits_is_wider_than_one_in_six() -> None:
    """Q4_K_L: the body of Q4_K_M, and Q8_0 (34 bytes for 32) for the table and the head."""
    small, large = precision("q4_k_m"), precision("q4_k_l")
    assert (large.weight, large.head) == (small.weight, 34.0 / 32.0)
    assert precision("q4f16_1").weight == 18.0 / 32.0
    assert precision("q4f16_1").head == 18.0 / 32.0


def _expert_seconds(gpu: str, runtime: str, tokens: float, part: str = "compute") -> float:
    """Arithmetic, or memory, of the experts of a prompt of Qwen3 30B-A3B, s a token, by physics alone."""
    job = {"phase": "prefill", "precision": "q4_k_m", "input_tokens": tokens, "runtime": runtime}
    work = laid("qwen3-30b-a3b", gpu, **job)
    terms = finish(work, Fit(), explain=True).timing.terms
    return sum(getattr(term, part) for term in terms if term.layer.endswith("experts.up")) / tokens


def test_the_last_tile_of_an_expert_is_not_full() -> None:
    """128 experts, 8 a token: 512 tokens are 32 rows of each, in tiles of 128; 4,096 are 256 rows.

    A tile at least makes 128 / 32 = 4 times the work of the former, half a tile more (256 + 64) / 256 that of
    the latter. Metal's tiles have 32 rows, of which m / (m + 16) tells.
    """
    whole = ("llama.cpp -ub 4096", 4096.0)
    saved = (1.0 + 64.0 / 256.0) / 4.0
    short, long = (_expert_seconds("rtx-3090", *one) for one in (("llama.cpp", 512.0), whole))
    assert long / short == pytest.approx(saved, rel=0.15)
    short, long = (_expert_seconds("apple-m2-ultra-76c", *one) for one in (("llama.cpp", 512.0), whole))
    assert long / short == pytest.approx((1.0 + 16.0 / 256.0) / (1.0 + 16.0 / 32.0), rel=0.05)


def test_each_micro_batch_of_a_prompt_reads_the_experts_and_fills_their_tiles_anew() -> None:
    """4,096 tokens are eight micro-batches of 512, each of which goes to all of 128 experts."""
    for part in ("compute", "memory"):
        short, long, wide = (
            _expert_seconds("gb10", *one, part)
            for one in (("llama.cpp", 512.0), ("llama.cpp", 4096.0), ("llama.cpp -ub 4096", 4096.0))
        )
        assert long == pytest.approx(short, rel=0.15)
        assert wide < 0.5 * long


def test_tokens_that_go_through_together_are_an_option_too() -> None:
    def seconds(runtime: str, **options: str) -> float:
        job = {"phase": "prefill", "precision": "q4_k_m", "input_tokens": 4096.0, "runtime": runtime}
        work = laid("qwen3-30b-a3b", "gb10", **job, options=options)
        return float(finish(work, Fit()).seconds[0, 0])

    assert seconds("llama.cpp", ubatch="4096") == seconds("llama.cpp -ub 4096")
    assert seconds("llama.cpp", ubatch="1024") > seconds("llama.cpp", ubatch="3000")


def test_what_16_bit_products_taught_of_llama_cpp_is_not_said_of_its_8_bit_ones() -> None:
    """All of its rows on file are of May 2024, when cuBLAS multiplied prompts in FP16."""
    card = Devices.of([GPUS["rtx-3090"]]).traits[0]
    kind = OpClass("gemm", "quantised", "gemm")
    today, before = (runtime(text, "") for text in ("llama.cpp", "llama.cpp (May 2024)"))
    assert "c/gemm=llama-cpp" not in compute_terms(kind, card, today, trains=False)
    assert "c/gemm=llama-cpp" in compute_terms(kind, card, before, trains=False)
    assert "c/gemm=llama-cpp" in compute_terms(OpClass("gemm", "half", "gemm"), card, today, trains=False)


def test_modules_that_autoawq_fuses_wait_less_for_their_host() -> None:
    """Norms of one kernel and no rotations of their own, unless it is told not to fuse them."""
    card = {"gpu": "rtx-4090", "precision": "awq", "phase": "decode"}
    fused, plain = (
        api.predict("mistral-7b", runtime=text, **card).throughput.mid
        for text in ("AutoAWQ", "AutoAWQ fuse_layers=False")
    )
    assert fused > 1.4 * plain


@pytest.mark.parametrize(
    ("gpu", "published"),
    [("apple-m2-max-38c", 79.75), ("apple-m5-max-40c", 133.5)],
)
def test_mlx_launches_a_kernel_for_each_step_of_a_choice_of_experts(gpu: str, published: float) -> None:
    """Qwen3.5 and 3.6 35B-A3B: github.com/raullenchai/Rapid-MLX/pull/1065, magicnight/Mac-MLX/issues/24.

    40 layers launch five kernels more each than the op list has, of 5 us (3 on an M5).
    """
    card = {"gpu": gpu, "precision": "4bit", "phase": "decode", "runtime": "mlx"}
    assert api.predict("qwen3.5-35b-a3b", **card).throughput.mid == pytest.approx(published, rel=0.12)


def test_vector_kernels_issue_at_the_clock_that_the_power_limit_leaves() -> None:
    """A T4 does not hold its boost clock at 70 W, nor an RTX 3090 its own below 200 W; at 350 W it does."""
    card = {"precision": "q4_k_m", "phase": "decode", "runtime": "llama.cpp"}

    def tokens(gpu: str, **options: str) -> float:
        return api.predict("llama-3.1-8b", gpu=gpu, options=options, **card).throughput.mid

    assert Devices.of([GPUS["rtx-3090"]]).throttle(0.6, "")[0, 0] == 1.0
    # 320 GB/s less ECC against 360: by the bandwidth alone a T4 would have 0.8 of the RTX 3060's tokens.
    assert 0.65 < tokens("t4") / tokens("rtx-3060-12gb") < 0.78
    full, less, least = (tokens("rtx-3090", power_limit=f"{watts} W") for watts in (350, 250, 150))
    assert 0.95 < less / full < 1.0
    assert least / full < 0.93


def test_formats_of_bitsandbytes_take_its_launches_whether_its_name_is_said_or_not() -> None:
    card = {"gpu": "rtx-3090", "phase": "decode", "precision": "nf4"}
    named, plain = (
        api.predict("llama-2-7b", runtime=text, **card).throughput.mid
        for text in ("transformers bitsandbytes", "transformers")
    )
    half = api.predict("llama-2-7b", runtime="transformers", **{**card, "precision": "fp16"}).throughput.mid
    assert plain == named < half


def test_heads_that_attend_to_latents_fill_a_tile_if_there_are_enough_on_a_gpu() -> None:
    """128 heads of DeepSeek V3 read one cache: FlashMLA reaches 0.67 of the peak, others 0.42."""

    def arithmetic(tp: float) -> float:
        columns = {"phase": "decode", "precision": "fp8", "batch": 256.0, "input_tokens": 2000.0,
                   "output_tokens": 2.0, "runtime": "tensorrt-llm", "tp": tp, "n_gpus": 8.0}  # fmt: skip
        work = laid("deepseek-v3", "h200-141gb-sxm", **columns)
        terms = finish(work, Fit(), explain=True).timing.terms
        return sum(term.compute for term in terms if term.layer.endswith("attend.attention"))

    # One of two GPUs has 64 of the heads, one of eight a quarter as many, which are no faster.
    assert arithmetic(8.0) / arithmetic(2.0) == pytest.approx(1.6 / 4.0, rel=0.01)


def test_biases_were_kernels_of_their_own_in_llama_cpp() -> None:
    """GPT-OSS has eight a layer: query, key, value, output, router, an expert's gate, up and down."""

    def launched(workload: str, text: str) -> float:
        job = laid(workload, "rtx-4090", phase="decode", precision="q8_0", runtime=text).job
        ops = step_ops(resolve(workload), job, 0.0, 1.0, 100.0)
        return float(np.ravel(kernels(ops, runtime(text, ""), Devices.of([GPUS["rtx-4090"]])))[0])

    before, after = ("llama.cpp (Sep 2025)", "llama.cpp (Dec 2025)")
    assert launched("gpt-oss-120b", before) - launched("gpt-oss-120b", after) == pytest.approx(36 * 8 * 0.5)
    assert launched("qwen2.5-7b", before) - launched("qwen2.5-7b", after) == pytest.approx(28 * 3 * 0.5)
    assert launched("llama-3.1-8b", before) == launched("llama-3.1-8b", after)
