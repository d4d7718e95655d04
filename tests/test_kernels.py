"""What the model knows beside the roofline of products, memory and caches, and where not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kernel_runs import GPUS, laid

from whichgpu.cost.calibration.effects import Fit, compute_terms
from whichgpu.cost.estimate import estimate, finish
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.infeasible import single
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.kernels import products
from whichgpu.cost.kernels._quantised import scaling
from whichgpu.cost.timing.classes import OpClass
from whichgpu.cost.timing.engine_step import step_ops
from whichgpu.cost.timing.optable import tables
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job
from whichgpu.workloads.precision import precision
from whichgpu.workloads.recorder import Map, Recorder
from whichgpu.workloads.workload import resolve


def test_units_that_take_numbers_in_pairs_have_no_tensor_cores_to_feed() -> None:
    asked = Devices.of([GPUS[name] for name in ("radeon-pro-vii", "p100-16gb-sxm", "v100-16gb-sxm")])
    assert asked.fed(("fp16",))[0, :, 0] == pytest.approx([1.0, 1.0, 1.0], abs=0.01)
    narrow = Devices.of([GPUS["rtx-2080-ti"]])
    assert narrow.fed(("fp16",)).item() == pytest.approx(0.5, rel=0.01), (
        "GeForce halves its rate for FP32 sums"
    )


def test_a_workloads_own_law_is_of_frameworks_and_binds_no_other_workload() -> None:
    fit = Fit({"c~rate/resnet50": -0.1})
    kinds, place = [OpClass("conv", "half", "conv")], Devices.of([GPUS["h100-80gb-sxm"]]).traits
    framework, engine = runtime("PyTorch 2", ""), runtime("vLLM", "")

    def factor(workload: str, stack: Any = framework) -> float:
        return float(fit.compute(kinds, place, stack, trains=False, workload=workload).item())

    assert factor("resnet50") == pytest.approx(np.exp(-0.1 * place[0].rate))
    assert factor("resnet152") == factor("resnet50", engine) == 1.0


@pytest.mark.parametrize("stack", ["PyTorch FSDP2 Transformers 5", "Megatron-LM", "torchtitan"])
def test_products_of_16_bits_in_training_reach_no_smaller_a_share_than_those_of_8(stack: str) -> None:
    """Of GPUs on which rows tell of 8 bits alone; where they tell of 16 those stand.

    Llama 3 8B in BF16 under NeMo on eight B200: 21,558 tokens/s a GPU, of which 16,278 were predicted.
    """
    kinds = [OpClass("gemm", one, "gemm") for one in ("half", "fp8")]
    less = Fit({"c/gemm/byte": 0.2, "c/gemm/half": 0.1, "c/gemm/byte&language": 0.2})
    named = runtime(stack, "")
    named = runtime(named.trainer, "") if named.trainer else named

    def shares(gpu: str, fit: Fit = less, stack: Any = named, *, trains: bool = True) -> list[float]:
        place = Devices.of([GPUS[gpu]]).traits
        return list(np.log(fit.compute(kinds, place, stack, trains=trains)[:, 0, 0]))

    assert shares("b200-180gb-sxm") == pytest.approx([0.2, 0.2])
    assert shares("h100-80gb-sxm") == pytest.approx([0.1, 0.2])
    assert shares("b200-180gb-sxm", Fit({"c/gemm/half": 0.1})) == pytest.approx([0.1, 0.0])
    assert shares("b200-180gb-sxm", stack=runtime("vLLM", ""), trains=False) == pytest.approx([0.0, 0.2])


def test_a_faster_sm_needs_deeper_products() -> None:
    """A tile fills and drains in cycles: of convolutions, and of dense layers but under language engines."""
    fed_by = [Devices.of([GPUS[name]]).fed(("fp16",)).item() for name in ("v100-16gb-sxm", "h100-80gb-sxm")]
    assert fed_by == pytest.approx([1.0, 4.0], rel=0.01)

    def lost(gpu: str, kind: str, stack: str) -> float:
        """What many tiles of 64 channels reach of the peak, over what those of 4,096 do."""
        reached, devices = [], Devices.of([GPUS[gpu]])
        for channels in (64, 4096):
            rec, maps = Recorder(precision("fp16"), training=False), Map(4096.0, channels, 56.0, 56.0)
            if kind == "conv":
                rec.conv(maps, 512, 1)
            else:
                rec.linear(maps.pixels, channels, 512)
            (table,) = tables(rec.ops())
            compute, _ = products.seconds(table, devices, runtime(stack, ""))
            reached.append(float((table.flops / devices.peak("fp16") / compute).squeeze()))
        return reached[0] / reached[1]

    for kind in ("conv", "gemm"):
        faster, slower = (lost(gpu, kind, "PyTorch 2") for gpu in ("h100-80gb-sxm", "v100-16gb-sxm"))
        assert faster < 0.85 * slower
    assert lost("h100-80gb-sxm", "gemm", "vLLM") == pytest.approx(
        lost("v100-16gb-sxm", "gemm", "vLLM"), rel=0.02
    )


@pytest.mark.parametrize(
    ("gpu", "precision", "gains"),
    [
        ("rtx-4090", "q4_k_m", True),
        ("rtx-3060-12gb", "q8_0", True),
        ("gtx-1080-ti", "q4_0", False),  # as it did since 2023, see below
        ("rtx-4090", "f16", False),  # nothing to unpack
        ("v100-32gb-pcie", "q4_k_m", False),  # tensor cores, but none for INT8
        ("p100-16gb-pcie", "q4_k_m", False),  # no INT8 at all
        ("rx-7900-xtx", "q4_k_m", False),  # of another vendor
        ("apple-m2-max-38c", "q4_k_m", False),
    ],
)
def test_prompts_multiply_quantised_weights_as_int8(gpu: str, precision: str, gains: bool) -> None:
    """Since June 2024 llama.cpp widens no quantised weight where INT8 units are the faster."""
    columns = {"phase": "prefill", "precision": precision, "input_tokens": 2048.0, "batch": 1.0}
    old, new = (laid("llama-2-7b", gpu, runtime=name, **columns).work.kernels
                for name in ("llama.cpp (May 2024)", "llama.cpp"))  # fmt: skip
    before, now = (next(one for one in work if one.table.kind == "gemm") for work in (old, new))
    wide = np.ravel(before.table.dims["m"]) > 8
    assert np.allclose(before.compute[~wide], now.compute[~wide])
    assert np.any(now.compute[wide] < 0.95 * before.compute[wide]) == gains
    assert np.any(now.memory[wide] < 0.95 * before.memory[wide]) == gains


@pytest.mark.parametrize(
    ("gpu", "runtime", "units"),
    [
        ("gtx-1080-ti", "llama.cpp (January 2024)", ""),  # no tensor cores: never left to cuBLAS
        ("rtx-4090", "llama.cpp (January 2024)", "half"),
        ("rtx-4090", "llama.cpp", ""),
        ("v100-32gb-pcie", "llama.cpp", "half"),
        ("rx-7900-xtx", "llama.cpp", "half"),
        ("rtx-4090", "vLLM", "half"),
    ],
)
def test_products_of_quantised_weights_have_learnt_of_the_units_that_do_them(
    gpu: str, runtime: str, units: str
) -> None:
    """What other products taught says nothing of kernels that multiply in INT8, of which no row is."""
    found = laid("llama-2-7b", gpu, runtime=runtime, phase="prefill", precision="q4_0", input_tokens=512.0)
    kinds = {kind for work in found.work.kernels for kind in work.classes if kind.compute == "gemm"}
    place = found.devices.traits[0]
    terms = [compute_terms(kind, place, found.runtime, trains=False) for kind in kinds]
    assert any(f"c/gemm/{units}&language" in names for names in terms) == bool(units)
    assert any(not names for names in terms) != bool(units)


def test_tiles_of_int8_scale_twice_as_often_where_16_weights_have_a_scale() -> None:
    """Llama 3 8B on an RTX 4090 (github.com/ggml-org/llama.cpp/pull/8062): Q5_0 is 1.29 times Q2_K."""

    def taken(name: str) -> tuple[float, float]:
        found = laid("llama-3-8b", "rtx-4090", runtime="llama.cpp", phase="prefill", precision=name,
                     input_tokens=2048.0)  # fmt: skip
        work = next(one for one in found.work.kernels if one.table.kind == "gemm")
        return float(scaling(work.table, found.devices, found.runtime).sum()), float(work.compute.sum())

    (once, fast), (twice, slow) = taken("q5_0"), taken("q2_k")
    assert twice == pytest.approx(precision("q2_k").scales * once)
    assert 1.2 < slow / fast < 1.6


@pytest.mark.parametrize(("gpu", "more"), [("t4", 1.2), ("rtx-4090", 1.0)])
def test_a_limit_leaves_more_clock_where_tensor_cores_wait(gpu: str, more: float) -> None:
    """Where a limit binds; on a card that it does not bind nothing is gained."""
    devices = laid("llama-2-7b", gpu).devices
    gained = devices.clocked(0.6, "int8", 1.0, 0.6) / devices.clocked(0.6, "int8")
    assert float(gained[0, 0]) >= more
    assert devices.clocked(0.6, "int8", 1.0, 1.0) == pytest.approx(devices.clocked(0.6, ""))


def test_a_product_with_few_vectors_is_streamed() -> None:
    """A layer of one output reads its input once: tiles of 128 columns would be idle but for one."""
    rec = Recorder(precision("fp32"), training=False)
    rec.linear(16_000.0, 128, 1)
    (table,) = tables(rec.ops())
    devices = Devices.of([GPUS["v100-16gb-sxm"]])
    compute, memory = products.seconds(table, devices, runtime("PyTorch 1", ""))
    assert np.all(compute < 2.0 * memory)
    assert np.all(compute > table.flops / devices.vector)


def test_plain_units_fill_a_tile_in_fewer_steps_than_tensor_cores() -> None:
    """A product of depth 256 has more of the FP32 rate of a V100 than of its tensor cores."""
    shares = {}
    for kind in ("fp32", "fp16"):
        for depth in (256, 65536):
            rec = Recorder(precision(kind), training=False)
            rec.linear(65536.0, depth, 1024)
            (table,) = tables(rec.ops())
            devices = Devices.of([GPUS["v100-16gb-sxm"]])
            seconds = float(products.seconds(table, devices, runtime("PyTorch 1", ""))[0][0, 0, 0])
            shares[kind, depth] = depth / seconds
    lost = {kind: shares[kind, 256] / shares[kind, 65536] for kind in ("fp32", "fp16")}
    # k0 of 192 goes with the root of the rate, an eighth of that of tensor cores: 68.
    assert lost["fp32"] == pytest.approx(256 / (256 + 192 * 0.125**0.5), rel=0.02)
    assert lost["fp16"] == pytest.approx(256 / (256 + 192), rel=0.02)


def test_weights_that_lie_in_fp32_are_read_narrowed_and_read_again() -> None:
    """openai-whisper keeps FP32 and narrows each weight for each product: 8 B of a weight for 2."""
    times = []
    for name in ("openai-whisper", "PyTorch 2"):
        rec = Recorder(precision("fp16"), training=False)
        rec.linear(5.0, 1280, 5120)
        (table,) = tables(rec.ops())
        devices = Devices.of([GPUS["rtx-3070-ti"]])
        times.append(float(products.seconds(table, devices, runtime(name, ""))[1][0, 0, 0]))
    assert times[0] == pytest.approx(4.0 * times[1], rel=0.05)


def test_a_product_that_makes_one_number_of_a_row_is_no_tile() -> None:
    """The gate of Qwen's shared expert, [32, 2048] by [2048, 1], takes as long as it is read, not 60 us."""
    job = Job(
        "qwen3-next-80b-a3b", phase="serve", precision="bf16", input_tokens=1000.0, output_tokens=2000.0
    )
    ops = [op for op in step_ops(resolve("qwen3-next-80b-a3b"), job, 0.0, 32.0, 32e3) if op.kind == "gemm"]
    gates = [op for op in ops if op.layer.endswith("shared.gate")]
    assert [float(op.dims["n"]) for op in gates] == [1.0]
    parts = Devices.of([GPUS["h200-141gb-sxm"], GPUS["b200-180gb-sxm"]])
    for engine in ("sglang", "vllm", "tensorrt-llm"):
        (table,) = tables(gates)
        took = sum(products.seconds(table, parts, runtime(engine, "")))
        assert (took < 3e-6).all(), engine
    (routers,) = tables([op for op in ops if op.layer.endswith("router")])
    alone = products.seconds(routers, parts, runtime("sglang", ""))[0]
    assert (alone > 3.0 * np.max(products.seconds(table, parts, runtime("sglang", ""))[0])).all(), "tiles"


def test_a_larger_cache_serves_more_of_what_the_op_before_wrote() -> None:
    parts = Devices.of([GPUS[name] for name in ("t4", "rtx-3090", "rtx-4070", "rtx-4090", "epyc-9654")])
    gain = (parts.passing / parts.bandwidth)[:4, 0]
    assert (np.diff(gain) > 0.0).all()
    assert 1.0 < gain[0] < 1.02
    assert gain[3] == pytest.approx(1.0 / (1.0 - 0.5 * 75.5e6 / 275.5e6), rel=1e-3)


def test_a_module_holds_the_clock_that_it_is_rated_for() -> None:
    """Its power mode sets it: Orin's 1.3 GHz is that of 60 W. A card of as little power does not."""
    module, card = Devices.of([GPUS["jetson-agx-orin-64gb"]]), Devices.of([GPUS["l4"]])
    assert module.clocked(0.6, "int8").item() == 1.0
    assert card.clocked(0.6, "int8").item() < 0.7


def test_products_run_at_the_clock_that_a_card_was_measured_to_hold() -> None:
    """FP32 products of an RTX 6000 Ada fall with size to 35 of 91 TFLOP/s; other work keeps its clock."""
    held, free = Devices.of([GPUS["rtx-6000-ada"]]), Devices.of([GPUS["rtx-4090"]])
    for dtype in ("fp16", "plain"):
        assert (held.clocked(0.35, dtype) * held.clock).item() == pytest.approx(1.48e9)
        assert (free.clocked(0.35, dtype) * free.clock).item() > 2.4e9
    assert (held.clocked(0.35, "") * held.clock).item() > 2.4e9


def test_half_of_the_power_of_a_card_that_fills_its_limit_leaves_a_lower_clock() -> None:
    """An RTX PRO 6000 Max-Q, by the 2.16 GHz of the 600 W card: x ((1/2 - 1/4) / (3/4))^0.42."""
    maxq = Devices.of([GPUS["rtx-pro-6000-blackwell-maxq"]])
    expected = 2.16e9 * (1.0 / 3.0) ** 0.42
    assert (maxq.clocked(0.35, "fp16") * maxq.clock).item() == pytest.approx(expected, rel=0.01)


def test_what_a_laptop_holds_is_no_more_than_its_maker_or_a_desktop_card_says() -> None:
    """Where no power is stated it is what it is rated for; with 80 W more SMs cost nothing."""
    unsaid, full, wide, narrow = (
        Devices.of([GPUS[name]], narrow=True)
        for name in ("rtx-2060-super-laptop", "rtx-2060-super", "quadro-rtx-5000-maxq", "rtx-2070-super-maxq")
    )
    assert np.isnan(unsaid.limit[0, 0])
    assert unsaid.clock_open[0, 0] == unsaid.clock[0, 0] < full.clock[0, 0]
    held = [float((one.clocked(0.35) * one.clock * one.sms)[0, 0]) for one in (wide, narrow)]
    assert wide.power[0, 0] == narrow.power[0, 0] == 80.0
    # Its memory is faster and takes 2 W more, which costs a little.
    assert held[0] > 0.95 * held[1]


def test_a_simple_kernel_does_not_reach_the_bandwidth_of_a_chip_with_few_sms() -> None:
    """llama.cpp reads F16 weights at the rate that its SMs issue loads, below the bandwidth of an H100."""
    job = {"phase": "decode", "precision": "f16", "input_tokens": 0.0, "output_tokens": 64.0}
    slow = laid("llama-2-7b", "h100-80gb-pcie", runtime="llama.cpp", **job)
    h100 = GPUS["h100-80gb-pcie"]
    issue = 7.7 * h100.value("sms") * h100.value("clock_boost")
    assert issue < h100.value("bandwidth")
    weights = 6.7e9 * 2.0
    assert float(finish(slow, Fit()).seconds[0, 0]) / 64.0 > weights / issue * 0.95


def test_a_cache_that_no_source_states_is_what_its_chip_has() -> None:
    assert GPUS["l40g"].value("l2") is None
    l40, l40g = Devices.of([GPUS["l40"], GPUS["l40g"]]).passing[:, 0]
    assert l40 == l40g > 1.1 * 0.9 * 864e9


def test_llama_cpp_keeps_what_stands_beside_experts_in_eight_bits() -> None:
    """gpt-oss-20b-mxfp4.gguf of ggml-org has 12.1 GB; its checkpoint on the Hub, with BF16 there, 13.8 GB."""
    sizes = [
        single(Job("gpt-oss-20b", phase="decode", precision="mxfp4", runtime=name), GPUS["rtx-4090"])
        for name in ("llama.cpp", "sglang")  # vLLM pads them
    ]
    own, hub = (one.memory["weights"] / 1e9 for one in sizes)
    assert own == pytest.approx(12.1, rel=0.06)  # the table of tokens stays on the host
    assert hub == pytest.approx(13.8, rel=0.02)


def test_a_processor_has_no_matrix_vector_kernels_of_a_gpu() -> None:
    """EPYC 9654: no one reaches a third of what 460 GB/s would give, let alone all of it."""
    job = Job("llama-3.1-8b", phase="decode", precision="q4_k_m", runtime="llama.cpp")
    rate = single(job, GPUS["epyc-9654"]).throughput.mid
    assert 15.0 < rate < 60.0


def test_engines_that_call_the_same_attention_kernels_share_what_was_learnt_of_them() -> None:
    place = Devices.of([GPUS["h100-80gb-sxm"]]).traits[0]
    attention, experts = OpClass("attention", "half", "attention"), OpClass("experts", "half", "gemm")
    sglang, vllm = (
        {
            kind.compute: compute_terms(kind, place, runtime(name, ""), trains=False)
            for kind in (attention, experts)
        }
        for name in ("SGLang", "vLLM")
    )
    assert "c/attention=vllm" in sglang["attention"]
    assert "c/attention=vllm" in vllm["attention"]
    assert "c/attention=sglang" not in sglang["attention"]
    assert "c/experts=sglang" in sglang["experts"]


@pytest.mark.parametrize("gpu", ["a10g", "rtx-5090", "mi300x", "b300-288gb-sxm"])
@pytest.mark.parametrize("name", ["phi-4", "gemma-3-27b", "smollm3-3b"])
def test_more_requests_at_once_under_llama_cpp_make_no_fewer_tokens(name, gpu):
    """Above eight rows matrix-vector kernels give way to tiles, which take no longer than those in turn."""
    loads = np.array([1.0, 4.0, 8.0, 9.0, 16.0, 32.0, 64.0])
    asked = Job(name, phase="serve", precision="q4_k_m", input_tokens=128.0, output_tokens=128.0,
                concurrency=loads, runtime="llama.cpp", options={"max_num_seqs": "64"})  # fmt: skip
    made = np.ravel(estimate(asked, [catalogue()[gpu]]).throughput)
    assert np.all(made[1:] > 0.99 * made[:-1])


def test_a_gelu_that_transformers_writes_op_by_op_moves_what_eight_kernels_do() -> None:
    """NewGELUActivation; BERT's, of the same shape, is one kernel of PyTorch's own."""

    def seconds(name: str, stack: str) -> float:
        job = Job(name, phase="infer", precision="fp16", batch=64.0, seq_len=128.0, runtime=stack)
        return float(estimate(job, [catalogue()["a100-80gb-sxm"]]).seconds[0, 0])

    albert = seconds("albert-base-v2", "Transformers") / seconds("albert-base-v2", "TensorRT")
    bert = seconds("bert-base", "Transformers") / seconds("bert-base", "TensorRT")
    assert albert > 1.2 * bert


def test_no_token_comes_faster_than_memory_gives_its_weights() -> None:
    """An L4 reads at 94 % of its 300 GB/s beside its ECC, of which 95 % are reached, by any fit."""
    job = Job("llama-3.1-8b", phase="decode", precision="bf16", batch=1.0, input_tokens=128.0,
              output_tokens=256.0, runtime="vLLM")  # fmt: skip
    made = float(np.ravel(estimate(job, [GPUS["l4"]]).throughput)[0])
    read = 2.0 * (8.03e9 - 128256 * 4096)  # of the table of tokens one row is looked up
    assert made < 0.95 * 0.94 * 300e9 / read * 1.001


def test_what_a_release_s_experts_and_other_libraries_taught_is_kept_apart() -> None:
    """Whatever was asked first: dense layers, or the same engine in one machine."""
    place = Devices.of([GPUS["h100-80gb-sxm"]]).traits
    dense, experts = OpClass("gemm", "byte", "gemm"), OpClass("experts", "byte", "gemm")
    stack = runtime("TensorRT-LLM 1.0", "")
    for order in ((dense, experts), (experts, dense)):
        found = Fit({"m/experts=tensorrt-llm+v1.0": -0.3, "m/gemm=tensorrt-llm": 0.1})
        factors = {kind.compute: found.memory([kind], place, stack, trains=False)[0, 0, 0] for kind in order}
        assert factors["experts"] / factors["gemm"] == pytest.approx(np.exp(-0.3))
    names = ("SGLang", "SGLang deepep")
    for order in (names, names[::-1]):
        found = Fit({"c/experts=sglang": -1.0, "c/experts=tensorrt-llm": 0.5})
        rates = {
            one: found.compute([experts], place, runtime(one, ""), trains=False)[0, 0, 0] for one in order
        }
        assert rates["SGLang deepep"] / rates["SGLang"] == pytest.approx(np.exp(1.5))


def test_gpt_oss_on_hopper_has_triton_s_experts_under_tensorrt_llm() -> None:
    experts = OpClass("experts", "nibble", "gemm")
    for gpu, taught in (("h100-80gb-sxm", "vllm"), ("b200-180gb-sxm", "tensorrt-llm")):
        place = Devices.of([GPUS[gpu]]).traits[0]
        assert f"c/experts={taught}" in compute_terms(
            experts, place, runtime("TensorRT-LLM", ""), trains=False
        )
