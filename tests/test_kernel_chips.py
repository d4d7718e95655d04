"""Power, clocks and units of chips; launches, hosts and links; what must hold of any part and job."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from kernel_runs import GPUS, laid, seconds

from whichgpu.cost.calibration.effects import Fit, compute_terms
from whichgpu.cost.coefficients import section
from whichgpu.cost.estimate import estimate
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.gpu.device_rates import PLAIN
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.kernels._rates import rates
from whichgpu.cost.parallel.links import link
from whichgpu.cost.timing.classes import OpClass
from whichgpu.cost.timing.time import _clocked as clocked
from whichgpu.cost.timing.time import between, bounded, fed, paced, power_exponent, shares, together
from whichgpu.software.stacks import standing
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import PRODUCTS


def test_a_card_far_below_its_appetite_loses_more_than_the_cube_root() -> None:
    """At the least voltage power is linear in the clock: a T4 at 70 W, not an L4 at 72."""
    starved, short, free = (Devices.of([GPUS[name]]) for name in ("t4", "l4", "rtx-3090"))
    assert starved.clocked(0.45)[0, 0] < 0.9 * starved.throttle(0.45)[0, 0]
    for one in (short, free):
        assert one.clocked(0.45)[0, 0] == one.throttle(0.45)[0, 0]
    for dtype in ("fp16", "int8", ""):
        assert np.all(starved.clocked(0.45, dtype) <= starved.throttle(0.45, dtype))
    # Pointwise work on the same card leaves the tensor cores idle, and runs faster.
    assert starved.clocked(0.45, "")[0, 0] > starved.clocked(0.45, "fp16")[0, 0]


def test_trainers_are_as_far_below_the_best_products_of_cdna_as_megatron_is_of_an_a100() -> None:
    """TFLOP/s of BF16 as in Machine Learning Engineering: 668.4 and 1,565, 0.869 of 312 on an A100."""
    shares = {}
    for name, best, run_by in (
        ("mi300x", 668.4e12, "megatron-rocm"),
        ("mi355x", 1565e12, "megatron-rocm"),
        ("a100-80gb-sxm", 271.2e12, "Megatron-LM"),
    ):
        run = laid("llama-2-7b", name, phase="pretrain", precision="bf16", runtime=run_by, batch=8.0)
        gemms = [one for one in run.work.kernels if one.table.kind == "gemm"]
        work = sum(float((one.table.count * one.table.flops).sum()) for one in gemms)
        shares[name] = work / sum(float((one.table.count * one.compute).sum()) for one in gemms) / best
    for name in ("mi300x", "mi355x"):
        assert shares[name] == pytest.approx(shares["a100-80gb-sxm"], rel=0.06)


BEST_PRODUCTS = {"a100-80gb-sxm": 0.869, "a100-80gb-pcie": 0.811, "h100-80gb-sxm": 0.803, "gh200-96gb": 0.838,
                 "b200-180gb-sxm": 0.776, "b300-288gb-sxm": 0.786}  # fmt: skip


def test_the_best_products_of_a_card_are_what_its_power_limit_leaves() -> None:
    """Shares of the peak in BF16 as in Machine Learning Engineering; a card of 300 W below one of 400."""
    kept = {}
    for name, measured in BEST_PRODUCTS.items():
        card = Devices.of([GPUS[name]])
        kept[name] = (card.sustained * card.clocked(0.6, "bf16", card.sustained))[0, 0]
        assert kept[name] == pytest.approx(measured, rel=0.06)
    assert kept["a100-80gb-pcie"] < 0.95 * kept["a100-80gb-sxm"]


def test_fp16_runs_in_fp32_where_software_cannot_trust_a_chip_with_it() -> None:
    def peak(gpu: str, text: str) -> float:
        work = laid("stable-diffusion-1.5", gpu, phase="generate", precision="fp16", runtime=text)
        return float(work.devices.peak("fp16")[0, 0] / work.devices.vector[0, 0])

    assert peak("gtx-1660-super", "AUTOMATIC1111 webui") == 1.0
    assert peak("gtx-1660-super", "PyTorch 2.4 eager") == pytest.approx(2.0, rel=0.01)
    assert peak("rtx-2060", "AUTOMATIC1111 webui") > 3.0  # the same generation with tensor cores
    told = laid("stable-diffusion-1.5", "gtx-1650", phase="generate", precision="fp16", runtime="ComfyUI")
    assert any("computes in FP32" in note for note in told.notes[0])
    asked = laid("stable-diffusion-1.5", "gtx-1650", phase="generate", precision="fp32", runtime="ComfyUI")
    assert not any("computes in FP32" in note for note in asked.notes[0])


def test_keplers_units_go_short_of_instructions_and_server_boards_of_any_gddr_of_bandwidth() -> None:
    kepler, maxwell = (Devices.of([GPUS[name]]) for name in ("k80", "m40-24gb"))
    assert kepler.maturity[0, 0] < maxwell.maturity[0, 0] == 1.0
    assert maxwell.bandwidth[0, 0] < maxwell.column("bandwidth")[0, 0]


def test_what_is_only_read_loses_no_more_to_inline_ecc_than_its_check_bits() -> None:
    """Llama 3 decodes on an A40 and an L40S 0.93 as fast as on workstations' cards of the same chips."""
    for server, card in (("a40", "rtx-a6000"), ("l40s", "rtx-6000-ada")):
        ecc, plain = (Devices.of([GPUS[name]]) for name in (server, card))
        kept = (ecc.reading / ecc.column("bandwidth")) / (plain.reading / plain.column("bandwidth"))
        assert kept[0, 0] == pytest.approx(0.94)
        assert np.all(ecc.bandwidth < ecc.reading)
        assert np.all(plain.bandwidth == plain.reading)
        assert np.all(ecc.streaming < ecc.sheer)
        for precision in ("f16", "q4_k_m"):
            asked = Job("llama-3-8b", phase="decode", precision=precision, runtime="llama.cpp", batch=1.0,
                        output_tokens=1024.0, options={"host": "server"})  # fmt: skip
            made = [float(np.ravel(estimate(asked, [GPUS[name]]).throughput)[0]) for name in (server, card)]
            told = made[0] / made[1] * float((plain.column("bandwidth") / ecc.column("bandwidth"))[0, 0])
            assert 0.92 < told < 1.06


def test_tf32_that_is_hardly_faster_than_fp32_leaves_convolutions_to_plain_units() -> None:
    """They state them at other clocks: 57 and 45 TFLOP/s of an RTX 5090 Laptop, 40 and 40 of a 4090's."""
    job = {"phase": "infer", "precision": "fp32", "batch": 64.0, "runtime": "TensorRT"}
    assert seconds("resnet50", "rtx-5090-laptop", **job) < seconds("resnet50", "rtx-4090-laptop", **job)


def test_amds_units_and_streams_reach_less_and_rdna_more_than_gcn() -> None:
    vega, rdna, nvidia = (Devices.of([GPUS[name]]) for name in ("radeon-pro-vii", "rx-6800", "rtx-3090"))
    assert vega.maturity[0, 0] < rdna.maturity[0, 0] < nvidia.maturity[0, 0]
    assert vega.bandwidth[0, 0] < vega.column("bandwidth")[0, 0]
    assert nvidia.bandwidth[0, 0] == nvidia.column("bandwidth")[0, 0]
    # Streams on an M2 Ultra reach 0.95 of twice those on an M2 Max (README of ProjectPhysX/FluidX3D).
    names = "apple-m2-max-38c", "apple-m2-ultra-76c"
    one, two = (Devices.of([GPUS[name]]).streaming[0, 0] for name in names)
    assert two / one == pytest.approx(0.95 * 2.0)


@pytest.mark.parametrize("name", ["gb10"])
def test_memory_that_a_processor_shares_streams_at_less(name: str) -> None:
    """NVIDIA's; AMD's and Apple's makers have a factor of their own, which is of all their parts.

    What only reads a GB10's has 231 to 234 GB/s (antirez/ds4 issue 773): that is after the ceiling of any.
    """
    streams = Devices.of([GPUS[name]]).streaming[0, 0]
    assert streams == pytest.approx(0.90 * GPUS[name].value("bandwidth"))
    assert 231e9 <= section("memory")["ceiling"] * streams <= 234e9
    assert Devices.of([GPUS["ryzen-ai-max-395"]]).streaming[0, 0] == GPUS["ryzen-ai-max-395"].value(
        "bandwidth"
    )


def test_an_engine_feels_a_power_limit_more_than_a_framework() -> None:
    """Its products follow each other; a framework's take turns with kernels that wait for memory."""
    column = {"phase": "infer", "precision": "fp16", "batch": 64.0}
    engine, compiled, eager = (
        laid("resnet50", "t4", runtime=name, **column).work.runtime
        for name in ("TensorRT 8.6", "torch.compile", "PyTorch 2")
    )
    assert power_exponent(engine, trains=False) > power_exponent(eager, trains=False)
    assert power_exponent(compiled, trains=False) == power_exponent(eager, trains=False)
    assert power_exponent(engine, trains=True) == power_exponent(eager, trains=True)
    # FP32 products on plain units are the same kernels under both, and draw as much.
    wide = laid("resnet50", "t4", runtime="TensorRT 8.6", phase="infer", precision="fp32", batch=64.0).work
    products = next(one.table for one in wide.kernels if one.table.kind == "conv")
    own, usual = (
        clocked(products, wide.devices, one, power_exponent(one, trains=False), 1.0)
        for one in (engine, eager)
    )
    assert own.min() == usual.min() < 1.0
    # Products of a language model follow each other in training too: a card far below its appetite shows it.
    lora = {"phase": "finetune_lora", "precision": "fp16", "batch": 4.0, "seq_len": 1024.0}
    trainer = laid("smollm2-1.7b", "t4", runtime="transformers peft", **lora).work.runtime
    assert power_exponent(trainer, trains=True) > power_exponent(eager, trains=True)
    assert power_exponent(trainer, trains=True) < power_exponent(engine, trains=False)


@pytest.mark.parametrize("name", ["t4", "l4", "rtx-4090", "a100-80gb-sxm"])
# PEFT alone also widens what stands between the products, the more the more tokens there are.
@pytest.mark.parametrize("runtime", ["transformers peft liger", "unsloth", "axolotl", "torchtune"])
def test_four_bit_weights_are_written_out_for_each_product_of_a_training(name: str, runtime: str) -> None:
    """bitsandbytes' MatMul4Bit: a copy in 16 bits is written and read in both passes, which adapters beside
    16-bit weights do without; few tokens show it most."""
    wide, narrow = ("fp16", "nf4-fp16") if name == "t4" else ("bf16", "nf4")
    lost = []
    for batch in (1.0, 4.0):
        job = {"batch": batch, "seq_len": 1024.0, "runtime": runtime, "options": {"checkpointing": "full"}}
        lora = seconds("llama-2-7b", name, phase="finetune_lora", precision=wide, **job)
        lost.append(seconds("llama-2-7b", name, phase="finetune_qlora", precision=narrow, **job) - lora)
    # Forward, forward again and backward: each writes 2 B a weight at the least.
    least = 3 * 2.0 * 6.5e9 / float(GPUS[name].value("bandwidth"))
    assert lost[0] > 0.3 * least
    assert lost[1] < 2.0 * lost[0], "a copy is made once for all tokens of a pass"


def test_fp32_products_in_tf32_have_its_efficiency_where_the_runtime_does_that_unasked() -> None:
    kind = OpClass("conv", "plain", "conv")
    a100, v100 = Devices.of([GPUS["a100-40gb-sxm"], GPUS["v100-16gb-sxm"]]).traits
    tensorflow = runtime("tf_cnn_benchmarks", "")
    assert "c/conv/tf32" in compute_terms(kind, a100, tensorflow, trains=False)
    assert "c/conv/plain" in compute_terms(kind, v100, tensorflow, trains=False)
    gemm = compute_terms(OpClass("gemm", "plain", "gemm"), a100, runtime("PyTorch 2", ""), trains=False)
    assert "c/gemm/plain" in gemm


def test_amd_s_tf32_is_not_taken_for_fp32_unasked() -> None:
    """MI325X and MI355X have one FP32 rate within 4 %, and only the former has TF32 units: both run FP32."""
    older, newer = (
        estimate(
            Job("vgg16", phase="train", batch=64.0, precision="fp32", runtime="PyTorch 2.10"), [GPUS[name]]
        )
        for name in ("mi325x", "mi355x")
    )
    assert GPUS["mi325x"].value("tf32")
    assert GPUS["mi355x"].value("tf32") is None
    assert float(older.seconds[0, 0]) == pytest.approx(float(newer.seconds[0, 0]), rel=0.1)
    asked = Job("vgg16", phase="train", batch=64.0, precision="tf32", runtime="PyTorch 2.10")
    assert float(estimate(asked, [GPUS["mi325x"]]).seconds[0, 0]) < 0.8 * float(older.seconds[0, 0])


def test_bf16_before_ampere_is_fp32_with_numbers_to_widen() -> None:
    """PyTorch takes it there, no faster than FP32 itself; engines refuse it."""

    def rate(precision: str, gpu: str, **more: Any) -> float:
        column = {"phase": "infer", "batch": 32.0, "runtime": "PyTorch 2.1", **more}
        return float(
            1.0 / estimate(Job("bert-large", precision=precision, **column), [GPUS[gpu]]).seconds[0, 0]
        )

    for gpu in ("v100-32gb-sxm", "t4"):
        assert 0.4 < rate("bf16", gpu) / rate("fp32", gpu) < 1.0
        assert rate("fp16", gpu) > 4.0 * rate("bf16", gpu)
        assert 0.4 < rate("amp-bf16", gpu, phase="train") / rate("fp32", gpu, phase="train") < 1.0
    # Pascal has FP16 units that PyTorch does not take, 64 times slower than its FP32 ones.
    # What FP16 taught of a network says nothing of BF16 there, whatever GPUs stand beside it.
    job = Job("bert-large", phase="train", batch=32.0, runtime="PyTorch 2.1", precision="amp-bf16")
    several = estimate(job, [GPUS["a100-40gb-sxm"], GPUS["v100-32gb-sxm"]]).seconds[:, 0]
    apart = [estimate(job, [GPUS[name]]).seconds[0, 0] for name in ("a100-40gb-sxm", "v100-32gb-sxm")]
    assert several == pytest.approx(apart)
    assert rate("bf16", "gtx-1080-ti") > 0.5 * rate("fp32", "gtx-1080-ti")
    assert rate("bf16", "a100-40gb-sxm") == pytest.approx(rate("fp16", "a100-40gb-sxm"), rel=0.05)


@pytest.mark.parametrize(
    ("workload", "runtime_", "said"),
    [
        ("bert-large", "PyTorch 2.1", ""),
        ("resnet50", "PyTorch 2.1", "no BF16 convolutions"),
        ("bert-large", "ONNX Runtime", "no BF16 peak"),
    ],
)
def test_who_runs_bf16_before_ampere(workload: str, runtime_: str, said: str) -> None:
    job = Job(workload, phase="infer", batch=8.0, precision="bf16", runtime=runtime_)
    found = estimate(job, [GPUS["v100-32gb-sxm"]])
    assert said in found.refusals[0]
    assert bool(found.refusals[0]) == bool(said)
    if not said:
        assert any("multiplies them in FP32" in text for text in found.at(0, 0).warnings)


def test_a_power_limit_takes_more_of_products_than_of_what_leaves_tensor_cores_idle() -> None:
    """The L40S has twice the tensor rate of the L40 under nearly the same limit, and the same FP32 units."""
    l40, l40s = GPUS["l40"], GPUS["l40s"]
    both = Devices.of([l40, l40s])
    products, rest = both.throttle(1.0)[:, 0], both.throttle(1.0, "")[:, 0]
    assert products[0] > products[1]
    assert rest[0] <= rest[1]
    assert (rest >= products).all()


def test_products_on_plain_units_draw_more_than_work_that_waits_for_memory() -> None:
    """A T4 falls far below its boost clock in FP32; a board of 300 W holds nearly all of its own."""

    def left(name: str, units: str) -> float:
        return float(Devices.of([GPUS[name]]).clocked(0.6, units)[0, 0])

    assert left("t4", PLAIN) < 0.8 * left("t4", "")
    assert left("v100-16gb-sxm", PLAIN) > 0.9
    assert left("k80", PLAIN) == left("k80", "")
    both = Devices.of([GPUS["t4"], GPUS["v100-16gb-sxm"]])
    assert both.clocked(0.6, PLAIN)[:, 0] == pytest.approx([left("t4", PLAIN), left("v100-16gb-sxm", PLAIN)])


def test_fp32_products_go_short_of_instructions_where_an_sm_has_as_many_lanes_as_slots() -> None:
    """torch.matmul in FP32: 0.69 of the peak on an RTX 3090, 0.83 on a V100S, 0.93 on an A100."""

    def share(name: str, text: str = "PyTorch 2.4", workload: str = "bert-base") -> float:
        made = laid(workload, name, phase="infer", precision="fp32", batch=32.0, runtime=text)
        kind = "gemm" if workload == "bert-base" else "conv"
        table = next(one.table for one in made.work.kernels if one.table.kind == kind)
        rate = rates(table, made.devices, made.runtime)[0, 0, 0]
        return float(rate) / GPUS[name].value("fp32")

    for name in ("rtx-3090", "rtx-4090", "h100-80gb-sxm", "rtx-5090"):
        assert share(name) == pytest.approx(0.8, rel=0.06), name
    for name in ("v100-16gb-sxm", "t4", "a100-80gb-sxm", "gtx-1080-ti", "p40", "rx-6800-xt"):
        assert share(name) == 1.0, name
    # Libraries find none of the pairs of instructions that a peak counts: 0.42 of it on an RX 7900 XTX.
    for name in ("rx-7900-xtx", "rx-9070-xt", "ryzen-ai-max-395"):
        assert share(name) == share(name, workload="resnet50") == 0.5, name
    # What runs in TF32 unasked multiplies on other units.
    assert share("rtx-3090", workload="resnet50") >= 0.99


def test_libraries_of_matrix_products_are_tuned_beyond_those_of_convolutions() -> None:
    """torch.matmul in FP32 reaches 0.87 of the peak of an RX 6800."""
    devices = Devices.of([GPUS["rx-6800"], GPUS["rtx-3090"], GPUS["mi100"]])
    assert devices.plain_maturity[:, 0] == pytest.approx([1.0, 1.0, 0.55])
    assert devices.maturity[0, 0] < 0.7


def test_a_deep_power_cap_costs_more_than_its_share_of_the_rate() -> None:
    """What no lower clock saves is not there for the clock: each step down costs more than the last."""

    def rate(watts: str) -> float:
        job = {"phase": "train", "precision": "amp-fp16", "batch": 64.0, "options": {"power_limit": watts}}
        return 1.0 / seconds("resnet50", "v100-16gb-sxm", **job)

    rates = [rate(f"{watts} W") for watts in (300, 250, 200, 150, 100)]
    assert all(a > b for a, b in pairwise(rates))
    drops = [a / b for a, b in pairwise(rates)]
    assert drops == sorted(drops)


def test_a_chip_that_is_half_empty_keeps_its_clock() -> None:
    """A T4 at 70 W is far below its appetite, an H100 at 700 W is not."""
    small, large = (Devices.of([GPUS[name]]) for name in ("t4", "h100-80gb-sxm"))
    share = [small.clocked(0.6, "fp16", np.full((1, 1), busy)).item() for busy in (0.1, 0.4, 1.0)]
    assert share[0] == pytest.approx(1.0)
    assert share[0] > share[1] > 1.2 * share[2]
    assert large.clocked(0.6, "fp16", np.full((1, 1), 0.3)).item() >= large.clocked(0.6).item()
    assert small.clocked(0.6, "fp16", np.ones((1, 1))).item() == small.clocked(0.6).item()

    def rate(gpu: str, batch: float, **options: str) -> float:
        return batch / seconds(
            "yolo11m", gpu, phase="infer", precision="fp16", batch=batch, runtime="TensorRT", options=options
        )

    # The more pictures at once, the fuller is either chip, and the less the limited one gains by it.
    assert rate("t4", 32.0) / rate("t4", 1.0) < rate("rtx-2080-ti", 32.0) / rate("rtx-2080-ti", 1.0)
    kept = [rate("t4", batch, power_limit="60 W") / rate("t4", batch) for batch in (1.0, 32.0)]
    assert 1.0 >= kept[0] > kept[1], "a lower limit takes less of a chip that is half empty"


def test_real_data_bound_a_fast_gpu_and_no_slow_one() -> None:
    # The examples have their maps channels-last.
    job = {"phase": "train", "precision": "amp-fp16", "batch": 256.0, "options": {"layout": "channels_last"}}
    synthetic, real = "PyTorch 2", "PyTorch 2 NGC 24.03"

    def slower(gpu: str) -> float:
        # What a pass takes whatever it computes is not the data's.
        fed = seconds("resnet50", gpu, runtime=real, **job) - runtime(real, "").fixed
        return fed / seconds("resnet50", gpu, runtime=synthetic, **job)

    assert slower("t4") == pytest.approx(1.0, abs=1e-3)
    assert slower("b200-180gb-sxm") > 1.1
    rate = 256.0 / seconds("resnet50", "b200-180gb-sxm", runtime=real, **job)
    assert rate < 1.0 / 0.32e-3


def test_nvidias_examples_infer_on_real_data() -> None:
    """Their commands name --data_dir, in all three frameworks."""

    def rate(text: str, **more: Any) -> float:
        job = {"phase": "infer", "precision": "fp16", "batch": 1024.0, **more}
        return 1024.0 / seconds("resnet50", "b200-180gb-sxm", runtime=text, **job)

    for framework in ("MXNet", "PyTorch"):
        # Not even a host that waits for nothing else makes pictures ready sooner.
        assert 2500.0 < rate(f"{framework} NGC 24.03") < 1.0 / 0.32e-3 < rate(framework)
    for text in ("TensorFlow tf_cnn_benchmarks (NGC 20.12)", "TensorFlow NGC 20.12, synthetic data"):
        assert rate(text) > 1.0 / 0.32e-3, "no picture is read"
    assert rate("PyTorch NGC 24.03 eager") > 1.0 / 0.32e-3, "arguments of one's own"


def test_plain_convolutions_of_an_engine_are_as_fast_as_their_library() -> None:
    """What TensorRT's rows taught is of tensor cores: FP32 ones before Ampere are cuDNN's, as PyTorch's."""
    plain, half = (OpClass("conv1x1", kind, "conv1x1") for kind in ("plain", "half"))
    old = Devices.of([GPUS["v100-16gb-sxm"]]).traits[0]
    for name in ("TensorRT 7", "ONNX Runtime", "MXNet", "PaddlePaddle"):
        stack = runtime(name, "")
        taught = compute_terms(plain, old, stack, trains=False)
        assert "c/conv1x1=pytorch-1" in taught
        assert not any(f"={stack.kernels}" in term for term in taught if "~" not in term)
        assert f"c/conv1x1={stack.kernels}" in compute_terms(half, old, stack, trains=False)
    # Ampere's TF32 is no plain FP32.
    new = Devices.of([GPUS["a100-40gb-sxm"]]).traits[0]
    assert "c/conv1x1=tensorrt" in compute_terms(plain, new, runtime("TensorRT 8", ""), trains=False)


def test_geforce_without_peer_to_peer_shares_one_path() -> None:
    geforce, professional = Devices.of([GPUS["rtx-4090"]]), Devices.of([GPUS["rtx-a4000"]])
    old = Devices.of([GPUS["gtx-1080-ti"]])
    assert geforce.staged[0, 0]
    assert not professional.staged[0, 0]
    assert not old.staged[0, 0]
    assert link(geforce, 2.0)[0, 0] <= 0.3 * link(professional, 2.0)[0, 0]
    # All share one path: eight have a quarter each of what two have.
    assert link(geforce, 8.0)[0, 0] / link(geforce, 2.0)[0, 0] == pytest.approx(0.25)
    assert link(professional, 8.0)[0, 0] == link(professional, 2.0)[0, 0]


def test_kernels_follow_each_other_in_cycles_of_the_clock() -> None:
    """What a decode pass loses between kernels is less on a chip that clocks higher."""
    columns = {"phase": "decode", "precision": "q4_k_m", "runtime": "llama.cpp", "batch": 1.0}
    slow, fast = (laid("llama-3.2-1b", gpu, **columns).work for gpu in ("a100-80gb-pcie", "rtx-4090"))
    clocks = [float(work.devices.clock[0, 0]) for work in (slow, fast)]
    assert between(slow)[0, 0] / between(fast)[0, 0] == pytest.approx(clocks[1] / clocks[0])
    usual = laid("llama-3.2-1b", "apple-m4-max-40c", **columns).work
    assert between(usual)[0, 0] == pytest.approx(usual.runtime.gaps["Apple"], rel=0.05)


def test_tensorrt_at_a_batch_of_one_waits_for_its_kernels() -> None:
    """Each takes microseconds, however wide the GPU; MLPerf's batch is taken where none is stated."""
    one = seconds("resnet50", "h100-80gb-sxm", phase="infer", precision="int8", batch=1.0, runtime="TensorRT")
    assert 0.15e-3 < one < 0.6e-3
    offline = laid("resnet50", "h100-80gb-sxm", phase="infer", runtime="TensorRT 9.0.0, CUDA 12.2")
    assert float(np.ravel(offline.job.batch)[0]) == 1024.0
    stated = laid("resnet50", "h100-80gb-sxm", phase="infer", batch=8.0, runtime="TensorRT")
    assert float(np.ravel(stated.job.batch)[0]) == 8.0


def test_copies_of_one_program_wait_for_each_other_at_inference() -> None:
    def gain(text: str) -> float:
        one, all_of_them = (
            estimate(Job("resnet50", phase="infer", precision="fp16", batch=64.0, n_gpus=n, runtime=text),
                     [GPUS["v100-32gb-sxm3"]]).throughput.item()
            for n in (1.0, 8.0)
        )  # fmt: skip
        return all_of_them / one

    assert gain("TensorFlow 2") == pytest.approx(8.0 / 1.045)
    assert gain("TensorRT") == pytest.approx(8.0)


def test_a_pass_of_nvidias_examples_takes_something_whatever_it_computes() -> None:
    """ResNet-50, ResNeXt-101 and its squeezed sibling at a batch of 1: so much a kernel, and 2 ms."""
    fixed = [
        runtime(text, "").fixed
        for text in ("PyTorch NGC 21.03", "pytorch-2.3 (NGC 24.03, eager)", "PyTorch 2.4")
    ]
    assert fixed == [2e-3, 2e-3, 0.0]


@pytest.mark.parametrize(
    ("strong", "weak", "job"),
    [
        ("l40s", "l40", {"workload": "efficientnet-b0", "phase": "infer", "precision": "amp-fp16",
                         "batch": 256.0}),
        ("quadro-rtx-6000", "rtx-2080-ti", {"workload": "resnet50", "phase": "infer", "precision": "int8",
                                            "batch": 256.0, "runtime": "TensorRT"}),
        ("rtx-a4000", "rtx-3070-laptop", {"workload": "resnet50", "phase": "infer", "precision": "int8",
                                          "batch": 256.0, "runtime": "TensorRT"}),
        ("a10", "rtx-3070-laptop", {"workload": "resnet50", "phase": "infer", "precision": "fp32",
                                    "batch": 1.0}),
        ("rtx-4070-ti", "rtx-4070", {"workload": "whisper-large-v3", "phase": "infer", "precision": "fp16"}),
    ],
)  # fmt: skip
def test_a_part_with_more_of_everything_is_not_slower(strong: str, weak: str, job: dict[str, Any]) -> None:
    """INT8 runs at the full rate on GeForce, whose halved FP16 is no reason for it to be used better."""
    found = estimate(Job(**job), [GPUS[strong], GPUS[weak]]).throughput[:, 0]
    assert found[0] > 0.98 * found[1]


def test_what_runs_beside_each_other_is_never_faster_than_the_slower() -> None:
    rng = np.random.default_rng(3)
    one, other = rng.lognormal(size=200), rng.lognormal(size=200)
    slower = np.maximum(one, other)
    for joined in (together(one, other, 1.5), paced(one, other), fed(one, other), bounded(one, other)):
        assert (joined >= slower * (1.0 - 1e-12)).all()
        assert (joined <= one + other + 1e-12).all()
    assert bounded(np.array([4.0]), np.array([1.0]))[0] == pytest.approx(4.0, rel=1e-4)


def test_the_chip_bounds_products_and_streams_whatever_a_fit_says() -> None:
    for one in laid("resnet50", "a10", batch=8.0).work.kernels:
        assert one.fastest_compute.any() == (one.table.kind in PRODUCTS), one.table.kind
    (triad,) = laid("stream-triad", "a10", options={"n": "1e8"}).work.kernels
    moved = 3 * 8 * 1e8 / GPUS["a10"].need("bandwidth")
    # 0.95 of the 0.84 that inline ECC leaves: 1.33 times as long is what a step that only moves memory takes.
    assert moved <= (triad.table.count * triad.fastest_memory).sum() < 1.3 * moved


def test_memory_delivers_what_a_step_that_only_moves_it_shows() -> None:
    """README of ProjectPhysX/FluidX3D: of their sheets 0.69 on a P100, 0.87 on a V100, 0.75 on an A10."""

    def delivered(name: str) -> float:
        devices = Devices.of([GPUS[name]])
        return float(devices.bandwidth.item() / GPUS[name].need("bandwidth"))

    assert delivered("v100-16gb-sxm") == delivered("rtx-a6000") == 1.0
    assert delivered("p100-16gb-pcie") == 0.80
    assert delivered("a10") == delivered("l4") == delivered("t4") == 0.84
    assert delivered("k80") == pytest.approx(0.84 * 0.90)
    assert delivered("gtx-1080-ti") == delivered("p4") / 0.84 == 0.93
    assert delivered("arc-b580") > delivered("arc-a770")


@pytest.mark.parametrize("workload", ["resnet50", "bert-large", "llama-2-7b"])
def test_shares_of_the_time_are_its_slopes(workload: str) -> None:
    work = laid(workload, "a100-80gb-sxm").work
    found = shares(work, Fit())
    assert all(0.0 <= value <= 1.0 for value in found.values())
    assert 0.2 < sum(found.values()) <= 1.0 + 1e-9


def test_pairs_that_cannot_be_summed_in_32_bits_run_as_fp32_where_frameworks_sum_so() -> None:
    """PyTorch and TensorFlow sum 16-bit products in FP32: a P100 cannot in pairs, Vega 20 can."""
    asked = [GPUS[name] for name in ("p100-16gb-pcie", "radeon-pro-vii", "v100-16gb-pcie")]
    wide = Devices.of(asked)
    gain = (wide.peak("fp16") / wide.vector)[:, 0]
    assert gain[0] == pytest.approx(1.0)
    assert gain[1] == pytest.approx(2.0, rel=0.05)
    assert gain[2] > 6.0
    narrow = Devices.of(asked, narrow=True)
    assert (narrow.peak("fp16") / narrow.vector)[0, 0] == pytest.approx(2.0, rel=0.05)


def test_torch_7_is_no_later_release_of_pytorch() -> None:
    card = GPUS["gtx-1080-ti"]
    assert not standing(card, "pytorch", "1", "Torch 7 cuDNN 5.1").refusal
    assert "compute capability" in standing(card, "pytorch", "2", "PyTorch 9").refusal


@pytest.mark.parametrize(
    ("name", "most"),
    [("mi300x", 0.60), ("mi325x", 0.60), ("mi355x", 0.62), ("gaudi3", 0.68), ("h100-80gb-sxm", 0.85)],
)
def test_prompts_reach_no_more_of_the_peak_than_the_best_products_were_measured_at(
    name: str, most: float
) -> None:
    """S. Bekman: MI325X 784.9 of 1,307 TFLOP/s, MI355X 1,565 of 2,517, Gaudi 3 1,243 of 1,835."""
    gpu, tokens = GPUS[name], 4 * 2048.0
    job = Job(
        "llama-3.1-8b", phase="prefill", precision="bf16", batch=4.0, input_tokens=2048.0, runtime="vllm"
    )
    assert Devices.of([gpu]).sustained[0, 0] == most
    taken = estimate(job, [gpu]).at(0, 0).latency.mid
    assert 2.0 * 7.0e9 * tokens / taken < most * gpu.value("bf16")
