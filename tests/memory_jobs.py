"""Jobs laid out on a card that holds much, and their memory by part: what tests of memory share."""

from __future__ import annotations

from functools import cache

import numpy as np

from whichgpu.cost.infeasible import single
from whichgpu.cost.job.layout import lay_out
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job
from whichgpu.workloads.training import trained_parameters
from whichgpu.workloads.workload import resolve

GIB = 2.0**30
GPUS = catalogue()
LARGE = GPUS["b300-288gb-sxm"]


def laid(name, gpu=LARGE, **columns):
    return lay_out(Job(name, **columns), [gpu])


def parts(name, **columns):
    """Parts in bytes as floats, on a card that holds much."""
    return {key: float(np.ravel(np.asarray(one))[0]) for key, one in laid(name, **columns).parts.items()}


def peak(name, gpu=LARGE, **columns):
    """GiB that PyTorch counts at the peak."""
    return float(single(Job(name, **columns), gpu).readings.allocated) / GIB


def total(name, **columns):
    return sum(parts(name, **columns).values())


@cache
def parameters(name):
    item = resolve(name)
    return trained_parameters(item.trace(item.complete(Job(name, phase="train", batch=1))))
