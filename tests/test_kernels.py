"""What the model knows beside the roofline: kernels, hosts, links; each where it should, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from whichgpu.cost.classes import OpClass
from whichgpu.cost.device import Devices
from whichgpu.cost.estimate import estimate, finish
from whichgpu.cost.fit import Fit, compute_terms, memory_terms
from whichgpu.cost.infeasible import single
from whichgpu.cost.kernels import products
from whichgpu.cost.kernels.elementwise import passes
from whichgpu.cost.layout import lay_out
from whichgpu.cost.links import link
from whichgpu.cost.optable import tables
from whichgpu.cost.runtime import runtime
from whichgpu.cost.spread import widths
from whichgpu.cost.time import between, bounded, fed, paced, power_exponent, shares, together
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job
from whichgpu.workloads.precision import precision
from whichgpu.workloads.recorder import Map, Recorder
from whichgpu.workloads.training import training_step

GPUS = catalogue()


def laid(workload: str, gpu: str, **columns):
    return lay_out(Job(workload, **columns), [GPUS[gpu]])


def seconds(workload: str, gpu: str, **columns) -> float:
    """Seconds of a pass by the priors alone."""
    return float(finish(laid(workload, gpu, **columns), Fit()).seconds[0, 0])


def traffic_of(workload: str, kind: str, text: str) -> float:
    """Seconds of memory traffic that the prior gives all ops of a kind on an RTX 3090."""
    found = laid(workload, "rtx-3090", runtime=text, precision="fp16", batch=64.0)
    return sum(
        float((one.table.count * one.memory).sum()) for one in found.work.kernels if one.table.kind == kind
    )


def convolution(side: float, *, trains: bool = False, kernel: int = 3):
    """The table of a deep convolution over one small picture, 512 channels to 512."""
    rec = Recorder(precision("fp16"), training=trains)
    rec.conv(Map(1.0, 512, side, side), 512, kernel)
    ops = rec.ops()
    step = training_step(ops, precision("fp16"), "sgd") if trains else ops
    (table,) = (one for one in tables(step) if one.kind == "conv")
    return table


# --- runtimes, their versions and marks -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "known", "marks"),
    [
        ("PyTorch 2.4.0 cu124 eager channels_last", "pytorch-2", {"nhwc", "v2.4"}),
        ("pytorch-1.x (NGC 20.01-21.x, eager)", "pytorch-1", {"loads", "ngc20.01"}),
        ("pytorch-1.13 (NGC 22.09-22.10, eager)", "pytorch-1-13", {"loads", "ngc22.09"}),
        # A container is dated by its month, whatever its name leaves open.
        ("PyTorch NGC 21.11-py3", "pytorch-1", {"loads", "recipe", "ngc21.11"}),
        ("NGC PyTorch 22.12", "pytorch-1-13", {"loads", "recipe", "ngc22.12"}),
        ("pytorch (NGC 23.10)", "pytorch-2", {"loads", "recipe", "ngc23.10"}),
        ("MXNet NGC 20.06", "mxnet", {"ngc20.06"}),
        ("vLLM 0.3.2", "vllm-0.5", {"v0.3"}),
        ("vLLM 0.6.3", "vllm", {"v0.6"}),
        ("vLLM 0.23.1", "vllm", {"v0.23"}),
        ("vllm==0.4.2", "vllm-0.5", {"v0.4"}),
        ("A1111 (xformers)", "webui", set()),
        ("diffusers 0.11 pytorch", "diffusers", {"unfused", "v0.11"}),
        ("diffusers 0.11 pytorch xformers", "diffusers", {"v0.11"}),
        ("diffusers 0.17.0.dev0 torch 2.0 compile", "diffusers", {"compiled", "v0.17"}),
        ("gpt-fast (PyTorch nightly, torch.compile)", "gpt-fast", set()),
        ("TensorRT-LLM 1.0 (PyTorch backend)", "tensorrt-llm", {"v1.0"}),
        ("AUTOMATIC1111 webui", "webui", set()),
        # A token was a launch for each kernel until May 2024.
        ("llama.cpp (May 2024, CUDA)", "llama-cpp", {"before-graphs"}),
        ("llama.cpp b2407", "llama-cpp", {"before-graphs"}),
        ("llama-bench build 1503", "llama-cpp", {"before-graphs"}),
        ("llama.cpp b5163", "llama-cpp", set()),
        ("llama.cpp", "llama-cpp", set()),
        ("ollama", "llama-cpp", set()),
    ],
)
def test_free_text_names_a_runtime_and_its_marks(text: str, known: str, marks: set[str]) -> None:
    found = runtime(text, "pytorch-2")
    assert (found.id, set(found.marks), found.exact) == (known, marks, True)
    assert found.stacks == (known, *(f"{known}+{mark}" for mark in found.marks))


def test_a_mark_changes_what_it_states() -> None:
    assert runtime("diffusers 0.11 pytorch xformers", "").flash
    assert not runtime("diffusers 0.11 pytorch", "").flash
    assert runtime("PyTorch 2 NGC 24.03", "").mixed_gradient == 2.0
    assert runtime("PyTorch 2", "").mixed_gradient == 4.0


def test_a_version_that_was_not_measured_has_a_wider_interval() -> None:
    known = laid("resnet50", "rtx-3090", phase="infer", precision="amp-fp16", runtime="PyTorch 2.4.0 eager")
    other = laid("resnet50", "rtx-3090", phase="infer", precision="amp-fp16", runtime="PyTorch 9.9 eager")
    assert "version" not in widths(known, GPUS["rtx-3090"], known.runtime)
    assert (
        widths(other, GPUS["rtx-3090"], other.runtime)["version"]
        >= widths(known, GPUS["rtx-3090"], known.runtime)["seen"]
    )


def test_a_compiler_fuses_elementwise_ops_with_each_other_and_not_with_products() -> None:
    """Inductor: a norm and what follows it are one kernel, an activation between two products is its own."""
    job = {"phase": "infer", "precision": "fp16", "batch": 64, "runtime": "PyTorch 2.4 torch.compile"}

    def left(workload: str) -> dict[str, float]:
        tables = [one.table for one in laid(workload, "rtx-4090", **job).work.kernels]
        (ops,) = (table for table in tables if table.kind == "elementwise")
        shares = passes(ops, runtime(job["runtime"], ""))
        return {op.layer: float(share[0, 0]) for op, share in zip(ops.ops, shares, strict=True)}

    resnet, vit = left("resnet50"), left("vit_base_patch16_224")
    assert resnet["layer1.conv_norm"] == 1.0
    assert resnet["layer1.conv_relu"] == resnet["layer1.relu"] == 0.0
    assert 0.0 < resnet["layer1.add"] < 0.5  # the other input is read
    assert vit["layers.gelu"] == 1.0
    eager = seconds("resnet50", "rtx-4090", **{**job, "runtime": "PyTorch 2.4 channels_last"})
    compiled = seconds("resnet50", "rtx-4090", **job)
    assert seconds("resnet50", "rtx-4090", **{**job, "runtime": "TensorRT"}) < compiled < eager


def test_a_compiler_runs_the_products_of_eager_mode() -> None:
    """What was learnt of cuDNN and cuBLAS under eager PyTorch holds for torch.compile, channels last."""
    stack = runtime("PyTorch 2.4 torch.compile", "")
    assert stack.stacks[:3] == ("pytorch-2", "pytorch-2+pytorch-2-compile", "pytorch-2+nhwc")
    assert stack.products == runtime("PyTorch 2.4", "").products


def test_a_lineage_that_was_not_measured_has_what_its_kin_have_in_common() -> None:
    job = {"phase": "infer", "precision": "fp16", "batch": 256}
    found = Fit({"c@tensor-small": 0.2, "m@tensor-small": 0.2})

    def gain(gpu: str, stack: str, workload: str = "resnet50", **columns) -> float:
        here = laid(workload, gpu, runtime=stack, **{**job, **columns})
        return float((finish(here, Fit()).seconds / finish(here, found).seconds)[0, 0])

    assert gain("rtx-5090", "PyTorch 2.4") == pytest.approx(gain("rtx-4090", "PyTorch 2.4"), rel=0.02)
    assert gain("rtx-5090", "PyTorch 2.4") > 1.15
    assert gain("h100-80gb-sxm", "PyTorch 2.4") == 1.0
    tokens = {"phase": "serve", "input_tokens": 128, "output_tokens": 128, "batch": None, "concurrency": 8}
    assert gain("rtx-5090", "vLLM 0.9", "llama-3.1-8b", **tokens) == 1.0


def test_tensorrt_adds_half_precision_products_up_in_half_precision() -> None:
    def rate(name: str, stack: str) -> float:
        job = Job("resnet50", phase="infer", precision="fp16", runtime=stack)
        return lay_out(job, [GPUS[name]]).devices.peak("fp16").item()

    assert rate("rtx-3090", "TensorRT") == 2 * rate("rtx-3090", "PyTorch 2")
    assert rate("rtx-a6000", "TensorRT") == rate("rtx-a6000", "PyTorch 2")


def test_compiled_copies_run_inside_their_neighbours() -> None:
    def left(runtime: str) -> list[float]:
        made = laid("swin-tiny", "rtx-4090", runtime=runtime)
        table = next(one.table for one in made.work.kernels if any(op.kind == "copy" for op in one.table.ops))
        shares = np.broadcast_to(passes(table, made.runtime), (len(table.ops), 1, 1))[:, 0, 0]
        return [float(one) for one, op in zip(shares, table.ops, strict=True) if op.layer.endswith("windows")]

    assert set(left("PyTorch 2.4")) == {1.0}
    assert min(left("PyTorch 2.4 torch.compile")) == 0.0


def test_who_times_algorithms_takes_winograd_s_where_tf32_is_hardly_faster() -> None:
    """TF32 of an RTX A4000 is twice its FP32 rate, on an A100 eight times, which nothing makes up for."""
    column = {"phase": "infer", "precision": "tf32", "batch": 64.0, "runtime": "tf_cnn_benchmarks"}
    for gpu, gains in (("rtx-a4000", True), ("a100-40gb-pcie", False)):
        work = laid("vgg16", gpu, **column).work
        table = next(one.table for one in work.kernels if one.table.kind == "conv")
        timed, told = (
            products.seconds(table, work.devices, replace(work.runtime, autotunes=picks))[0]
            for picks in (True, False)
        )
        assert np.all(timed <= told)
        assert bool(np.any(timed < 0.95 * told)) == gains
    assert not laid("vgg16", "rtx-a4000", **{**column, "runtime": "PyTorch 2"}).work.runtime.autotunes


def test_an_engine_has_classes_of_its_own_but_in_training() -> None:
    kind = OpClass("gemm", "half", "gemm")
    (h100,) = Devices.of([GPUS["h100-80gb-sxm"]]).traits
    vllm, pytorch, megatron = (runtime(name, "") for name in ("vLLM", "PyTorch 2", "Megatron-LM"))
    for terms, name in ((compute_terms, "c/gemm"), (memory_terms, "m/gemm")):
        serving, framework = (terms(kind, h100, one, trains=False) for one in (vllm, pytorch))
        assert (name in serving, f"{name}&language" in serving) == (False, True)
        assert (name in framework, f"{name}&language" in framework) == (True, False)
        assert name in terms(kind, h100, megatron, trains=True)


@pytest.mark.parametrize(
    ("columns", "known"),
    [
        ({"runtime": "vLLM", "precision": "fp16"}, "vllm-0.5"),
        ({"runtime": "vLLM", "precision": "float16"}, "vllm-0.5"),
        ({"runtime": "vLLM 0.10", "precision": "fp16"}, "vllm"),
        ({"runtime": "vLLM", "precision": "bf16"}, "vllm"),
        ({"runtime": "vLLM"}, "vllm"),
        ({"precision": "fp16"}, "vllm"),
        ({"runtime": "vllm", "precision": "fp16"}, "vllm"),
    ],
)
def test_a_format_dates_a_runtime_that_has_no_version(columns: dict[str, str], known: str) -> None:
    """Published runs of vLLM that state FP16 and no version are of 2024; the answer says so."""
    found = laid("llama-3.1-8b", "h100-80gb-sxm", phase="serve", **columns)
    assert found.runtime.id == known
    assert any("without a version" in line for line in found.notes[0]) == (known == "vllm-0.5")


def test_scores_with_a_bias_are_written_out_by_frameworks_and_not_by_engines() -> None:
    """Swin gains nothing from the fused attention of PyTorch 2, ViT does."""
    old, new, engine = "PyTorch 1.13", "PyTorch 2.1", "TensorRT"
    gain = {name: traffic_of(name, "attention", old) / traffic_of(name, "attention", new)
            for name in ("swin-tiny", "vit-base-patch16-224")}  # fmt: skip
    assert gain["swin-tiny"] < 1.3
    assert gain["vit-base-patch16-224"] > 2.0
    assert traffic_of("swin-tiny", "attention", engine) < 0.6 * traffic_of("swin-tiny", "attention", new)


@pytest.mark.parametrize(
    ("text", "converts"),
    [
        ("PyTorch NGC pytorch-21.03", False), ("pytorch-1.x (NGC 20.01-21.x, eager)", True),
        ("PyTorch NGC 23.10 nchw", True), ("PyTorch 2.1", True), ("pytorch-2.3 (NGC 24.03, eager)", True),
    ],
)  # fmt: skip
def test_nvidias_examples_are_channels_last_unless_a_source_says_how_it_ran_them(text, converts) -> None:
    assert runtime(text, "").converts == converts


def test_attention_that_is_written_out_is_four_kernels() -> None:
    def kernels(text: str) -> float:
        job = laid("vit-base-patch16-224", "rtx-3090", phase="infer", precision="fp16", runtime=text)
        (one,) = (each for each in job.work.kernels if each.table.kind == "attention")
        return float((one.table.count * one.launched).sum())

    assert kernels("PyTorch 2.4") == kernels("TensorRT") == 12.0
    assert kernels("PyTorch 1.10") == 4.0 * 12.0


def started_by(text: str, **job) -> dict[str, float]:
    """Launches of a training step by stage: kernels, and as long ones of a forward pass take the host."""
    found: dict[str, float] = {}
    whole = laid("resnet50", "rtx-3090", phase="train", precision="fp16", runtime=text, **job)
    for one in whole.work.kernels:
        shape = (len(one.table.ops), 1, 1)
        for name, each in (("kernels", one.launched), ("host", one.started)):
            spent = np.broadcast_to(one.table.count * each, shape)[:, 0, 0]
            for op, part in zip(one.table.ops, spent.tolist(), strict=True):
                found[f"{name} {op.stage}"] = found.get(f"{name} {op.stage}", 0.0) + part
    return found


def test_an_optimizer_of_pytorch_1_steps_through_tensor_by_tensor() -> None:
    old, new = (started_by(name) for name in ("PyTorch 1.10", "PyTorch 2.4"))
    # ResNet-50: 53 convolutions, scale and shift of as many normalisations, the head.
    assert old["kernels optimizer"] == 5.0 * (53 + 2 * 53 + 1)
    assert new["kernels optimizer"] == 1.0
    fused = started_by("PyTorch 1.10", options={"optimizer": "fused-adam"})
    assert fused["kernels optimizer"] == 1.0


def test_a_backward_pass_starts_its_kernels_sooner_than_modules_do() -> None:
    eager, session = started_by("PyTorch 2.4"), started_by("TensorFlow 2.4")
    assert eager["host forward"] == eager["kernels forward"]
    assert eager["host backward"] == 0.5 * eager["kernels backward"]
    assert session["host backward"] == session["kernels backward"]


def test_masks_that_are_learnt_are_drawn_region_by_region() -> None:
    def drawn(batch: float) -> float:
        work = laid("maskrcnn-r50-fpn", "rtx-3090", phase="train", batch=batch).work
        return sum(
            op.copies * float(np.max(op.repeats))
            for one in work.kernels
            for op in one.table.ops
            if op.layer == "targets.draw"
        )

    assert drawn(4.0) == 4.0 * drawn(1.0) > 1000.0


def test_a_compiler_still_launches_each_kernel_unless_it_replays_graphs() -> None:
    job = {"phase": "infer", "precision": "fp16", "batch": 1}
    eager, compiled, graphs = (
        seconds("resnet50", "a100-80gb-sxm", runtime=name, **job)
        for name in ("PyTorch 2.4", "PyTorch 2.4 torch.compile", "PyTorch 2.4 torch.compile reduce-overhead")
    )
    assert 1.3 < eager / compiled < 6.0
    assert graphs < 0.8 * compiled


def test_normalisations_of_yolo_are_folded_before_it_infers() -> None:
    def launched(phase: str) -> float:
        job = laid("yolov8s", "rtx-3090", phase=phase, runtime="PyTorch 2.4", batch=8.0)
        parts = [
            float(one.table.count[i].sum() * np.broadcast_to(one.launched, one.table.fusable.shape)[i, 0, 0])
            for one in job.work.kernels
            for i, op in enumerate(one.table.ops)
            if op.kind == "norm"
        ]
        assert len(parts) > 10
        return sum(parts)

    assert launched("infer") == 0.0
    assert launched("train") > 50.0


# --- power, clocks and units of a chip --------------------------------------------------------------------


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


def test_a_laptop_clocks_as_its_power_allows_and_not_as_it_is_rated():
    """Two of one chip and limit are alike, whatever their ratings; none beats the desktop card."""
    one, other = (Devices.of([GPUS[name]], 80.0) for name in ("rtx-2080-maxq", "rtx-2080-super-maxq"))
    desktop, full = (Devices.of([GPUS[name]]) for name in ("rtx-2080", "rtx-3070"))

    def held(devices: Devices) -> float:
        return float((devices.clocked(0.35) * devices.clock)[0, 0])

    assert one.clock[0, 0] > 1.1 * other.clock[0, 0]
    # 80 W is inside of the range of both.
    assert other.usual[0, 0] == one.usual[0, 0] == 80.0
    assert 0.98 < held(one) / held(other) < 1.06 < one.clock[0, 0] / other.clock[0, 0]
    assert held(one) < held(desktop)
    laptop = GPUS["rtx-3070-laptop"]
    # Nobody said what its maker allows: between the least and the most of the range.
    unsaid, *said = (Devices.of([laptop], cap) for cap in (np.inf, 80.0, 125.0))
    least, most = ((each.clocked(0.35) * each.capped)[0, 0] for each in said)
    assert least < unsaid.clocked(0.35)[0, 0] < most
    assert held(Devices.of([laptop], 125.0)) < held(full)


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


def test_tf32_that_is_hardly_faster_than_fp32_leaves_convolutions_to_plain_units() -> None:
    """They state them at other clocks: 57 and 45 TFLOP/s of an RTX 5090 Laptop, 40 and 40 of a 4090's."""
    job = {"phase": "infer", "precision": "fp32", "batch": 64.0, "runtime": "TensorRT"}
    assert seconds("resnet50", "rtx-5090-laptop", **job) < seconds("resnet50", "rtx-4090-laptop", **job)


def test_int8_of_a_laptop_is_what_its_fp8_is_where_no_source_says() -> None:
    devices = Devices.of([GPUS["rtx-5090-laptop"]])
    assert devices.peak("int8") == devices.column("fp8_acc16")


def test_amds_units_and_streams_reach_less_and_rdna_more_than_gcn() -> None:
    vega, rdna, nvidia = (Devices.of([GPUS[name]]) for name in ("radeon-pro-vii", "rx-6800", "rtx-3090"))
    assert vega.maturity[0, 0] < rdna.maturity[0, 0] < nvidia.maturity[0, 0]
    assert vega.bandwidth[0, 0] < vega.column("bandwidth")[0, 0]
    assert nvidia.bandwidth[0, 0] == nvidia.column("bandwidth")[0, 0]


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


def test_fp32_products_in_tf32_have_its_efficiency_where_the_runtime_does_that_unasked() -> None:
    kind = OpClass("conv", "plain", "conv")
    a100, v100 = Devices.of([GPUS["a100-40gb-sxm"], GPUS["v100-16gb-sxm"]]).traits
    tensorflow = runtime("tf_cnn_benchmarks", "")
    assert "c/conv/tf32" in compute_terms(kind, a100, tensorflow, trains=False)
    assert "c/conv/plain" in compute_terms(kind, v100, tensorflow, trains=False)
    gemm = compute_terms(OpClass("gemm", "plain", "gemm"), a100, runtime("PyTorch 2", ""), trains=False)
    assert "c/gemm/plain" in gemm


def test_a_power_limit_takes_more_of_products_than_of_what_leaves_tensor_cores_idle() -> None:
    """The L40S has twice the tensor rate of the L40 under nearly the same limit, and the same FP32 units."""
    l40, l40s = GPUS["l40"], GPUS["l40s"]
    both = Devices.of([l40, l40s])
    products, rest = both.throttle(1.0)[:, 0], both.throttle(1.0, "")[:, 0]
    assert products[0] > products[1]
    assert rest[0] <= rest[1]
    assert (rest >= products).all()


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

    def rate(gpu: str, batch: float) -> float:
        return batch / seconds(
            "yolo11m", gpu, phase="infer", precision="fp16", batch=batch, runtime="TensorRT"
        )

    # The more pictures at once, the fuller is either chip, and the less the limited one gains by it.
    assert rate("t4", 32.0) / rate("t4", 1.0) < rate("rtx-2080-ti", 32.0) / rate("rtx-2080-ti", 1.0)


# --- products and convolutions ----------------------------------------------------------------------------


def test_winograd_serves_3x3_convolutions_on_plain_units_alone() -> None:
    def rate(workload: str, precision: str, gpu: str = "v100-16gb-sxm") -> float:
        job = laid(workload, gpu, phase="infer", precision=precision, batch=256.0)
        return job.workload.flops() * 256.0 / float(finish(job, Fit()).seconds[0, 0])

    # Nearly all of VGG-16 are 3x3 convolutions, none of Mixer.
    peak = GPUS["v100-16gb-sxm"].value("fp32")
    assert 1.4 * rate("mixer-b16", "fp32") < rate("vgg16", "fp32") < 2.25 * peak
    assert rate("mixer-b16", "fp32") < peak
    assert rate("vgg16", "fp16") < GPUS["v100-16gb-sxm"].value("fp16")


def test_a_workloads_own_law_is_of_frameworks_and_binds_no_other_workload() -> None:
    fit = Fit({"c~rate/resnet50": -0.1})
    kinds, place = [OpClass("conv", "half", "conv")], Devices.of([GPUS["h100-80gb-sxm"]]).traits
    framework, engine = runtime("PyTorch 2", ""), runtime("vLLM", "")

    def factor(workload: str, stack: Any = framework) -> float:
        return float(fit.compute(kinds, place, stack, trains=False, workload=workload).item())

    assert factor("resnet50") == pytest.approx(np.exp(-0.1 * place[0].rate))
    assert factor("resnet152") == factor("resnet50", engine) == 1.0


def test_maps_that_are_not_channels_last_are_converted_around_16_bit_convolutions() -> None:
    def moved(
        layout: str, runtime: str = "PyTorch 2.1", precision: str = "amp-fp16", gpu: str = "rtx-3090"
    ) -> float:
        made = laid(
            "resnet50", gpu, runtime=runtime, precision=precision, batch=8.0, options={"layout": layout}
        )
        return sum(float(each.memory.sum()) for each in made.work.kernels if each.table.kind == "conv")

    assert 2.0 * moved("channels_last") < moved("nchw") < 4.0 * moved("channels_last")
    assert moved("", runtime="PyTorch 2.1 NHWC") == moved("channels_last")
    # Not where the examples have them so, nor where there are kernels for any order.
    for where in ({"runtime": "NGC PyTorch 23.05"}, {"precision": "fp32"}, {"gpu": "gtx-1080-ti"}):
        assert moved("nchw", **where) == pytest.approx(moved("channels_last", **where))


def test_a_faster_sm_needs_deeper_convolutions() -> None:
    fed_by = [Devices.of([GPUS[name]]).fed(("fp16",)).item() for name in ("v100-16gb-sxm", "h100-80gb-sxm")]
    assert fed_by == pytest.approx([1.0, 4.0], rel=0.01)

    def share(gpu: str, channels: int) -> float:
        """Of the peak, what a 1 x 1 convolution of many tiles reaches."""
        rec = Recorder(precision("fp16"), training=False)
        rec.conv(Map(4096.0, channels, 56.0, 56.0), 512, 1)
        (table,) = tables(rec.ops())
        devices = Devices.of([GPUS[gpu]])
        compute, _ = products.seconds(table, devices, runtime("PyTorch 2", ""))
        return float((table.flops / devices.peak("fp16") / compute).squeeze())

    assert share("h100-80gb-sxm", 64) / share("h100-80gb-sxm", 4096) < share("v100-16gb-sxm", 64) / share(
        "v100-16gb-sxm", 4096
    )


@pytest.mark.parametrize(
    ("gpu", "precision", "gains"),
    [
        ("rtx-4090", "q4_k_m", True),
        ("rtx-3060-12gb", "q8_0", True),
        ("gtx-1080-ti", "q4_0", True),
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


def test_groups_of_odd_width_gain_nothing_from_channels_last() -> None:
    def gain(workload: str) -> float:
        first, last = (
            laid(workload, "rtx-3090", runtime="PyTorch 2.4", batch=64.0, options={"layout": order})
            for order in ("nchw", "channels_last")
        )
        one, other = (
            sum(float(each.compute[np.array([op.dims["groups"] > 1.0 for op in each.table.ops])].sum())
                for each in made.work.kernels if each.table.kind == "conv")
            for made in (first, last)
        )  # fmt: skip
        return one / other

    assert gain("resnext50-32x4d") == pytest.approx(1.0)
    assert gain("regnety-032") == pytest.approx(0.5)


def test_a_product_with_few_vectors_is_streamed() -> None:
    """A layer of one output reads its input once: tiles of 128 columns would be idle but for one."""
    rec = Recorder(precision("fp32"), training=False)
    rec.linear(16_000.0, 128, 1)
    (table,) = tables(rec.ops())
    devices = Devices.of([GPUS["v100-16gb-sxm"]])
    compute, memory = products.seconds(table, devices, runtime("PyTorch 1", ""))
    assert np.all(compute < 2.0 * memory)
    assert np.all(compute > table.flops / devices.vector)


def test_windows_whose_points_lie_apart_are_slower() -> None:
    times = []
    for dilated in (False, True):
        rec = Recorder(precision("fp16"), training=True)
        rec.conv(Map(8.0, 512, 1.0, 1000.0), 1024, (1, 3), dilated=dilated)
        (table,) = [one for one in tables(rec.ops()) if one.kind == "conv"]
        a100 = Devices.of([GPUS["a100-40gb-sxm"]])
        times.append(products.seconds(table, a100, runtime("PyTorch 2", ""))[0])
    assert np.allclose(times[1], times[0] / 0.65)


def test_what_belongs_to_a_vocabulary_or_to_transposed_maps_says_nothing_of_the_rest() -> None:
    """Frameworks have classes for the three; engines and maps that are channels-last have those of others."""
    stack, engine = runtime("PyTorch 2.4", ""), runtime("vLLM", "")
    last = runtime("PyTorch 2.4 channels_last", "")
    ampere, pascal = Devices.of([GPUS["a100-40gb-sxm"], GPUS["gtx-1080-ti"]]).traits
    conv, plain = OpClass("conv", "half", "conv"), OpClass("conv", "plain", "conv")
    scores, loss = OpClass("logits", "half", "logits"), OpClass("vector", "plain", "loss")

    def moved(kind: OpClass, place: Any = ampere, under: Any = stack) -> str:
        (name,) = (one for one in memory_terms(kind, place, under, trains=False) if one.startswith("m/")
                   and not set("@=&~") & set(one))  # fmt: skip
        return name

    assert moved(conv) == "m/converted"
    assert {moved(conv, pascal), moved(plain), moved(conv, under=last)} == {"m/conv"}
    assert moved(scores) == "m/logits"
    assert moved(loss) == "m/loss"
    assert "m/gemm&language" in memory_terms(scores, ampere, engine, trains=False)
    assert "m/pointwise&language" in memory_terms(loss, ampere, engine, trains=False)
    assert "c/logits/half" in compute_terms(scores, ampere, stack, trains=False)
    ops = laid("transformer-xl-base", "a100-40gb-sxm", phase="train", precision="amp-fp16", batch=8,
               runtime="pytorch-1.x (NGC 20.01-21.x, eager)").work.kernels  # fmt: skip
    assert {"logits", "loss"} <= {kind.memory for one in ops for kind in one.table.classes}


def test_the_depth_of_a_convolution_is_dealt_out_to_idle_sms_in_its_weights_gradient_alone() -> None:
    wide = Devices.of([GPUS["a100-40gb-sxm"]])
    share = {
        op.layer.rpartition(".")[2]: part
        for table in [convolution(14.0, trains=True)]
        for op, part in zip(table.ops, products.occupancy(table, wide)[:, 0, 0].tolist(), strict=True)
    }
    # 196 pixels by 512 channels are a dozen tiles for 108 SMs.
    assert share["conv"] == pytest.approx(share["dgrad"])
    assert share["conv"] < 0.2
    assert share["wgrad"] > 1.2 * share["conv"]
    assert products.occupancy(convolution(448.0), wide).item() > 0.95


# --- memory and caches ------------------------------------------------------------------------------------


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
        for name in ("llama.cpp", "vllm")
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
    attention, gemm = OpClass("attention", "half", "attention"), OpClass("gemm", "half", "gemm")
    sglang, vllm = (
        {
            kind.compute: compute_terms(kind, place, runtime(name, ""), trains=False)
            for kind in (attention, gemm)
        }
        for name in ("SGLang", "vLLM")
    )
    assert "c/attention=vllm" in sglang["attention"]
    assert "c/attention=vllm" in vllm["attention"]
    assert "c/attention=sglang" not in sglang["attention"]
    assert "c/gemm=sglang" in sglang["gemm"]


@pytest.mark.parametrize("gpu", ["a10g", "rtx-5090", "mi300x", "b300-288gb-sxm"])
@pytest.mark.parametrize("name", ["phi-4", "gemma-3-27b", "smollm3-3b"])
def test_more_requests_at_once_under_llama_cpp_make_no_fewer_tokens(name, gpu):
    """Above eight rows matrix-vector kernels give way to tiles, which take no longer than those in turn."""
    loads = np.array([1.0, 4.0, 8.0, 9.0, 16.0, 32.0, 64.0])
    asked = Job(name, phase="serve", precision="q4_k_m", input_tokens=128.0, output_tokens=128.0,
                concurrency=loads, runtime="llama.cpp", options={"max_num_seqs": "64"})  # fmt: skip
    made = np.ravel(estimate(asked, [catalogue()[gpu]]).throughput)
    assert np.all(made[1:] > 0.99 * made[:-1])


# --- launches, hosts and links ----------------------------------------------------------------------------


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


def test_geforce_without_peer_to_peer_shares_one_path() -> None:
    geforce, professional = Devices.of([GPUS["rtx-4090"]]), Devices.of([GPUS["rtx-a4000"]])
    old = Devices.of([GPUS["gtx-1080-ti"]])
    assert geforce.staged[0, 0]
    assert not professional.staged[0, 0]
    assert not old.staged[0, 0]
    assert link(geforce, 2.0)[0, 0] < 0.3 * link(professional, 2.0)[0, 0]
    # Eight share more than two have, and less than one path for all: between a half and a quarter each.
    assert 0.25 < link(geforce, 8.0)[0, 0] / link(geforce, 2.0)[0, 0] < 0.5
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


# --- what must hold of any part and job -------------------------------------------------------------------


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


@pytest.mark.parametrize("workload", ["resnet50", "bert-large", "llama-2-7b"])
def test_shares_of_the_time_are_its_slopes(workload: str) -> None:
    work = laid(workload, "a100-80gb-sxm").work
    found = shares(work, Fit())
    assert all(0.0 <= value <= 1.0 for value in found.values())
    assert 0.2 < sum(found.values()) <= 1.0 + 1e-9
