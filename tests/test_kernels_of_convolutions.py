"""What the model knows of convolutions beside the roofline: algorithms, layouts, groups, holes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from kernel_runs import GPUS, convolution, laid, seconds

from whichgpu.cost.calibration.effects import Fit, compute_terms, memory_terms
from whichgpu.cost.estimate import finish
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.kernels import products
from whichgpu.cost.kernels._tiles import occupancy
from whichgpu.cost.timing.classes import OpClass
from whichgpu.cost.timing.optable import tables
from whichgpu.workloads.precision import precision
from whichgpu.workloads.recorder import Map, Recorder
from whichgpu.workloads.training import training_step
from whichgpu.workloads.workload import resolve


def test_winograd_serves_3x3_convolutions_on_plain_units_alone() -> None:
    def rate(workload: str, precision: str, gpu: str = "v100-16gb-sxm") -> float:
        job = laid(workload, gpu, phase="infer", precision=precision, batch=256.0)
        return job.workload.flops() * 256.0 / float(finish(job, Fit()).seconds[0, 0])

    # Nearly all of VGG-16 are 3x3 convolutions, none of Mixer.
    peak = GPUS["v100-16gb-sxm"].value("fp32")
    assert 1.4 * rate("mixer-b16", "fp32") < rate("vgg16", "fp32") < 2.25 * peak
    assert rate("mixer-b16", "fp32") < peak
    assert rate("vgg16", "fp16") < GPUS["v100-16gb-sxm"].value("fp16")


def test_apple_s_library_has_neither_winograd_nor_fused_attention() -> None:
    m2, p40 = "apple-m2-max-38c", "p40"

    def seconds(workload: str, gpu: str, **more: Any) -> float:
        return float(finish(laid(workload, gpu, phase="infer", batch=64.0, **more), Fit()).seconds[0, 0])

    # Nearly all of VGG-16 are 3x3 convolutions, none of Mixer.
    work = {name: resolve(name).flops() for name in ("vgg16", "mixer-b16")}
    relative = {
        gpu: seconds("vgg16", gpu, precision="fp32") / seconds("mixer-b16", gpu, precision="fp32")
        for gpu in (m2, p40)
    }
    assert relative[p40] < 0.8 * work["vgg16"] / work["mixer-b16"] < relative[m2]
    # What the option says holds anywhere.
    job = {"precision": "fp16", "runtime": "PyTorch"}
    fused = seconds("vit-base-patch16-384", m2, options={"flash_attention": "true"}, **job)
    assert seconds("vit-base-patch16-384", m2, **job) > 1.02 * fused
    same = seconds("vit-base-patch16-384", "rtx-4090", options={"flash_attention": "true"}, **job)
    assert seconds("vit-base-patch16-384", "rtx-4090", **job) == same


def test_miopen_has_winograd_in_16_bits_and_converts_no_maps() -> None:
    def over(gpu: str) -> float:
        """By how much an order of its own makes the traffic of convolutions larger."""
        orders = [
            laid("vgg16", gpu, phase="infer", precision="fp16", batch=12.0, options={"layout": order})
            for order in ("nchw", "channels_last")
        ]
        first, last = (
            sum(float(each.memory.sum()) for each in one.work.kernels if each.table.kind == "conv")
            for one in orders
        )
        return first / last

    assert over("rx-6800") == over("rx-7900-xtx") == 1.0
    assert over("rtx-3090") > 2.0

    def least(gpu: str, precision: str) -> float:
        """Seconds of the 3x3 convolutions at the peak, over those of what they count."""
        made = laid("vgg16", gpu, phase="infer", precision=precision, batch=12.0)
        peak = GPUS[gpu].value("fp16" if precision == "fp16" else "fp32")
        work = made.workload.flops() * 12.0 / peak
        ideal = sum(
            float((each.table.count * each.fastest_compute).sum())
            for each in made.work.kernels if each.table.kind == "conv"
        )  # fmt: skip
        return ideal / work

    # Its power limit takes 1.3 % of the clock of FP32 products, whose peak counts pairs of instructions that
    # these have none of.
    assert least("rx-7900-xtx", "fp16") == pytest.approx(least("rx-7900-xtx", "fp32") / 2 / 1.013, rel=0.01)
    assert least("rtx-3090", "fp16") > 1.8 * least("rx-7900-xtx", "fp16")


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
    # Groups of 112 are wide: its library runs each as a convolution of its own, in either order.
    assert gain("regnety-160") == pytest.approx(1.0)


def test_a_wide_group_runs_as_a_convolution_of_its_own_on_tensor_cores() -> None:
    """timm's results: RegNetX-080 (groups of 120) infers 3,273 images/s on an RTX 4090."""

    def rate(workload: str, precision: str, layout: str) -> float:
        """FLOP/s of the products alone of what lies in groups."""
        made = laid(workload, "rtx-4090", runtime="PyTorch 2.4", precision=precision, batch=256.0,
                    options={"layout": layout})  # fmt: skip
        work = spent = 0.0
        for each in made.work.kernels:
            if each.table.kind == "conv":
                grouped = np.array([op.dims["groups"] > 1.0 for op in each.table.ops])
                work += float((each.table.count * each.table.flops)[grouped].sum())
                spent += float((each.table.count * each.compute)[grouped].sum())
        return work / spent

    for layout in ("nchw", "channels_last"):
        assert rate("regnetx-080", "amp-fp16", layout) > 1.5 * rate("regnety-032", "amp-fp16", layout)


def test_gradients_of_groups_lose_by_channels_last_but_those_of_resnexts() -> None:
    """timm's results, PyTorch 1.12, RTX 3090: RegNetY-040 190 images/s, ResNeXt-101 32x8d 313."""

    def gain(workload: str) -> float:
        last, first = (
            seconds(workload, "rtx-3090", runtime="PyTorch 1.12", phase="train", precision="amp-fp16",
                    batch=128.0, options={"layout": order})
            for order in ("channels_last", "nchw")
        )  # fmt: skip
        return first / last

    assert gain("resnext101-32x8d") > 1.0
    assert gain("resnest50d") < gain("regnety-040") < 0.75


@pytest.mark.parametrize(("height", "kernel", "dilated"), [(50.0, (1, 3), True), (1.0, (1, 3), False)])
def test_windows_whose_points_lie_apart_or_in_one_dimension_are_slower(
    height: float, kernel: tuple[int, int], *, dilated: bool
) -> None:
    times = []
    for high, apart in ((50.0, False), (height, dilated)):
        rec = Recorder(precision("fp16"), training=True)
        rec.conv(Map(8.0, 512, high, 1000.0 / high), 1024, kernel, dilated=apart)
        (table,) = [one for one in tables(rec.ops()) if one.kind == "conv"]
        a100 = Devices.of([GPUS["a100-40gb-sxm"]])
        times.append(products.seconds(table, a100, runtime("PyTorch 2", ""))[0])
    assert np.allclose(times[1], times[0] / 0.80)


def test_gradients_of_dilated_windows_run_off_the_first_tensor_cores() -> None:
    """In 16 bits: as FP32's do on a V100, and as the convolution itself on an A100."""

    def of(gpu: str, kind: str, suffix: str) -> float:
        rec = Recorder(precision(kind), training=True)
        rec.conv(Map(8.0, 512, 1.0, 1000.0), 1024, (1, 3), dilated=True)
        step = training_step(rec.ops(), precision(kind), "adam")
        (table,) = tables([op for op in step if op.kind == "conv" and op.layer.endswith(suffix)])
        devices = Devices.of([GPUS[gpu]])
        return float(products.seconds(table, devices, runtime("PyTorch 1", ""))[0][0, 0, 0])

    for gradient in (".dgrad", ".wgrad"):
        assert of("v100-16gb-sxm", "amp-fp16", gradient) > 4.0 * of("v100-16gb-sxm", "amp-fp16", "conv")
        assert of("a100-40gb-sxm", "amp-fp16", gradient) < 1.3 * of("a100-40gb-sxm", "amp-fp16", "conv")
    half, full = (of("v100-16gb-sxm", kind, ".dgrad") for kind in ("amp-fp16", "fp32"))
    assert half == pytest.approx(full, rel=0.05)


def _convolved(gpu: str, width: int, groups: int = 1, *, dilated: bool = False) -> float:
    """Arithmetic seconds of a 3 x 3 over (64, width groups, 28, 28) in FP32 under PyTorch 1."""
    rec = Recorder(precision("fp32"), training=False)
    rec.conv(Map(64.0, width * groups, 28.0, 28.0), width * groups, 3, groups=groups, dilated=dilated)
    (table,) = [one for one in tables(rec.ops()) if one.kind == "conv"]
    devices = Devices.of([GPUS[gpu]])
    return float(products.seconds(table, devices, runtime("PyTorch 1", ""))[0][0, 0, 0])


def test_winograd_s_algorithm_is_for_windows_without_holes() -> None:
    """cuDNN has it for a dilation of 1: plain units lose its gain, tensor cores had none."""
    plain = _convolved("v100-16gb-sxm", 256, dilated=True) / _convolved("v100-16gb-sxm", 256)
    tf32 = _convolved("a100-40gb-sxm", 256, dilated=True) / _convolved("a100-40gb-sxm", 256)
    assert plain == pytest.approx(1.7 / 0.80, rel=0.05)
    assert tf32 == pytest.approx(1.0 / 0.80, rel=0.01)


def test_wide_groups_gain_by_winograd_s_algorithm_as_whole_convolutions_do() -> None:
    """Of as many products: groups of 128 channels take little longer than one, those of 4 far longer."""
    each = {width: _convolved("v100-16gb-sxm", width, 2048 // width) / width for width in (4, 16, 128)}
    whole = _convolved("v100-16gb-sxm", 512) * 4.0 / 512
    assert each[128] < 1.25 * whole
    assert each[4] > 3.0 * each[128]
    assert each[16] > 1.7 * each[128]
    assert each[4] > each[16] > each[128]


def test_the_wider_a_group_the_nearer_tensor_cores_run_it_as_a_plain_convolution() -> None:
    """Groups of n channels beside plain convolutions of as many, which fill waves less: n / (n + 32)."""
    shares = [
        16.0 * _convolved("a100-40gb-sxm", n) / _convolved("a100-40gb-sxm", n, 16) for n in (96, 224, 512)
    ]
    assert shares == sorted(shares)
    assert shares == pytest.approx([3 / 4, 7 / 8, 16 / 17], rel=0.15)


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
    wide, stack = Devices.of([GPUS["a100-40gb-sxm"]]), runtime("PyTorch 2.3", "")

    def filled(table: Any, *, tensor: bool = True) -> list[float]:
        return occupancy(table, wide, stack, np.full((1, 1, 1), tensor))[:, 0, 0].tolist()

    def named(*, tensor: bool = True) -> dict[str, float]:
        table = convolution(14.0, trains=True)
        names = (op.layer.rpartition(".")[2] for op in table.ops)
        return dict(zip(names, filled(table, tensor=tensor), strict=True))

    # 196 pixels by 512 channels are a dozen tiles for 108 SMs, and four dozen of Winograd's sixteen products.
    share = named()
    assert share["conv"] == pytest.approx(share["dgrad"])
    assert share["conv"] < 0.2
    assert share["wgrad"] > 1.2 * share["conv"]
    assert 2.0 * share["conv"] < named(tensor=False)["conv"] < 4.0 * share["conv"]
    assert filled(convolution(448.0))[0] > 0.95
