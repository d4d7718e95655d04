"""How the GPUs of a job hold its model where the job does not say: tensor parallelism, then stages."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost import asked
from whichgpu.cost.coefficients import section
from whichgpu.cost.pipeline import splits_layers
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import stored_weight_bytes
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.hardware.gpu import Gpu


def placed(job: Job, count: int, gpu: Gpu) -> Job:
    """A job asked for on `count` GPUs: they hold a language model all together, unless they train it."""
    if count == 1:
        return job
    read = asked.read(job)
    if splits_layers(read.runtime):
        return replace(job, n_gpus=float(count))
    together = asked.is_language_model(read.workload) and not job.trains and job.tp is None
    # Groups of data-parallel attention are that many replicas of it.
    width = max(count // _groups(job), 1.0)
    heads = read.workload.dims.get("heads", 0)
    while heads % width or count % width:
        width -= 1.0  # a head is not cut
    return held(replace(job, n_gpus=float(count), tp=width if together else job.tp), gpu)


def held(job: Job, gpu: Gpu) -> Job:
    """A single job of a language model on several GPUs, with the tp and pp that hold it where it states none.

    A server takes the fewest GPUs a replica that keep a share of their memory for the cache. What the GPUs
    of a node do not hold with one stage has more of them. What cannot be held at all the layout refuses.
    """
    # Groups of data-parallel attention have that many times the GPUs of one.
    gpus = 1 if job.n_gpus is None else int(job.n_gpus / _groups(job))
    several = gpus > (job.tp or 1.0)
    if not several or job.pp is not None or job.trains or gpu.value("memory") is None:
        return job
    read = asked.read(job)
    if not asked.is_language_model(read.workload) or splits_layers(read.runtime):
        return job
    kind = read.workload.complete(read.job).precision
    share = _weight_bytes(read.workload.id, kind) / float(gpu.value("memory"))
    tp = job.tp
    if tp is None and job.phase == "serve":
        tp = _width(share / (1.0 - section("serving")["cache_share"]), gpus)
    elif tp is None:
        tp = _width(share, gpus)
    stages = next((s for s in _parts(int(gpus / tp)) if share < tp * s), 1)
    return replace(job, tp=float(tp), pp=float(stages)) if tp * stages > 1 else job


def _groups(job: Job) -> float:
    return job.option("attention_dp", 1.0, 1.0)


def _width(share: float, gpus: int) -> int:
    """GPUs of a replica: the fewest that hold `share` of one GPU's memory, within a node."""
    node = min(int(section("links")["node"]), gpus)
    return next((d for d in _parts(gpus) if share < d <= node), max(d for d in _parts(gpus) if d <= node))


def _parts(gpus: int) -> Iterator[int]:
    """The powers of two that divide a number of GPUs."""
    return (2**k for k in range(gpus.bit_length()) if gpus % 2**k == 0)


@lru_cache(maxsize=256)
def _weight_bytes(workload: str, kind: str) -> float:
    """Bytes of a workload's weights in a format."""
    item = resolve(workload)
    ops = item.trace(item.complete(Job(workload, precision=kind, batch=1.0)))
    return float(np.max(stored_weight_bytes(ops)))
