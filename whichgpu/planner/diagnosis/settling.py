"""A figure that needs the job or the GPU to be one: epochs of a set, MFU of a peak, steps, scaling."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from whichgpu.cost.estimate import estimate
from whichgpu.cost.reading.quoted import SCALING
from whichgpu.cost.transfer.anchoring import Point, place
from whichgpu.errors import UsageError
from whichgpu.planner.size import usual
from whichgpu.units import number
from whichgpu.workloads import workload as zoo
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from whichgpu.cost.answers import Estimate
    from whichgpu.cost.reading.quoted import Quoted
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job


def settled(figure: Quoted, answer: Estimate, gpu: Gpu) -> tuple[Quoted, tuple[Point, ...]]:
    """The figure in units of the model, and what it takes for measured.

    Raises `UsageError` where the workload has no usual data set, no source states the peak, or the figure is
    what several GPUs make of one and the job has one.
    """
    if figure.metric == SCALING:
        return _scaled(figure, answer, gpu)
    return _settled(figure, answer.job, gpu), ()


def _scaled(figure: Quoted, answer: Estimate, gpu: Gpu) -> tuple[Quoted, tuple[Point, ...]]:
    """The rate of all GPUs, as many times what one is predicted to make as the figure says.

    That one's prediction is right or wrong for all alike, so that it is taken for measured.
    """
    if answer.n_gpus < 2:
        raise UsageError(f"'{figure.text}' is of several GPUs; say how many: --gpu {gpu.id}:4")
    alone = replace(answer.job, n_gpus=None, tp=None, pp=None, runtime=answer.runtime)
    found = estimate(alone, [gpu])
    one = found.at(0, 0)
    if one.sequences < 1.0:
        raise UsageError(
            f"'{figure.text}': the job does not fit on one {gpu.id}; give its rate on all of them"
        )
    times = figure.value * (answer.n_gpus if figure.unit == "of linear" else 1.0)
    rate = one.throughput
    text = f"{figure.text} ({times:.3g} x {number(rate.mid)} {rate.unit} predicted of one)"
    said = replace(figure, text=text, metric="throughput", value=times * rate.mid, unit=rate.unit)
    return said, (Point(place(found, 0), 0.0),)


def _settled(figure: Quoted, job: Job, gpu: Gpu) -> Quoted:
    if figure.metric in ("mfu", "hfu"):
        rate = figure.value * _peak(job, gpu) / 1e12
        return replace(figure, metric="flops", value=rate, unit="TFLOPS", once=figure.metric == "mfu")
    if figure.passes and job.phase == "generate" and job.steps:
        return replace(figure, loop=_loop(job, gpu))
    if figure.unit.startswith("epochs/s"):
        return _of_a_set(figure, job)
    return figure


def _loop(job: Job, gpu: Gpu) -> float:
    """The share of a picture's time that its denoising steps take: programs print the speed of these."""
    once, twice = (
        estimate(replace(job, steps=many * float(job.steps or 1.0)), [gpu]).at(0, 0).latency.mid
        for many in (1.0, 2.0)
    )
    share = twice / once - 1.0
    return share if 0.0 < share < 1.0 else 1.0


def _of_a_set(figure: Quoted, job: Job) -> Quoted:
    item = zoo.resolve(job.workload)
    if not job.trains:
        raise UsageError(f"'{figure.text}': an epoch is of training; add --phase train")
    table = usual(item, job)
    if table is None:
        raise UsageError(
            f"'{figure.text}' of how many samples? {item.id} has no usual data set: divide them by the "
            f"seconds, and give {item.unit}/s"
        )
    samples = float(table["samples"][0])
    return replace(
        figure, value=figure.value * samples, unit=figure.unit.replace("epochs", "samples"),
        text=f"{figure.text} of {table['title']} ({samples:,.0f} samples)",
    )  # fmt: skip


def _peak(job: Job, gpu: Gpu) -> float:
    """FLOP/s of the datasheet, dense, in the format that the job's products run in."""
    math = precision(job.precision).math
    for name in (math, "bf16", "fp16") if math in ("bf16", "fp16") else (math,):
        if gpu.value(name) is not None:
            return float(gpu.value(name))
    raise UsageError(f"MFU is of a peak, and no source states one of {gpu.id} in {math}; give TFLOPS")
