"""A figure that needs the job or the GPU to be one: epochs of a data set, MFU of a peak, steps of a loop."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from whichgpu.cost.estimate import estimate
from whichgpu.errors import UsageError
from whichgpu.planner.size import usual
from whichgpu.workloads import workload as zoo
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from whichgpu.cost.quoted import Quoted
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job


def settled(figure: Quoted, job: Job, gpu: Gpu) -> Quoted:
    """The figure in units of the model.

    Raises `UsageError` where the workload has no usual data set, or no source states the peak.
    """
    if figure.metric == "mfu":
        return replace(figure, metric="flops", value=figure.value * _peak(job, gpu) / 1e12, unit="TFLOPS")
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
