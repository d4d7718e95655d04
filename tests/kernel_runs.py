"""Passes and kernels as tests of the cost model lay them out: by the priors alone."""

from __future__ import annotations

from whichgpu.cost.calibration.effects import Fit
from whichgpu.cost.estimate import finish
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.timing.optable import tables
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
