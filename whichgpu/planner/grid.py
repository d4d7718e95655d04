"""The configurations that are tried where a job does not state its own: batches, groups, requests in flight.

One sweep holds them all; whoever asks picks the column that serves its purpose.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.estimate import estimate
from whichgpu.cost.job.placing import placed
from whichgpu.cost.parallel.pipeline import splits_layers
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

_BATCHES = tuple(2.0**n for n in range(10))
#: What is generated step by step gains nothing from larger batches, and waits for them.
_GENERATED = tuple(batch for batch in _BATCHES if batch <= 32)
#: Phases of one stream, or whose engine makes batches of what comes.
_UNBATCHED = ("serve", "prefill", "decode")
_GROUPS = (1.0, 2.0, 4.0, 8.0)
#: Requests in flight per replica; memory may hold fewer.
_IN_FLIGHT = (1.0, 4.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)
#: A larger batch or group, or more requests in flight, must give this much more to be worth its latency.
WORTH = 1.05


def grid(workload: Workload, asked: Job, together: Sequence[float] = (1.0,)) -> Job:
    """All configurations of a job as one sweep.

    Columns that `asked` states stay; the others run over batch x GPUs per replica x replicas in data
    parallel (`together`, for training) x requests in flight (for serving). The GPUs of a replica share each
    layer (`tp`), or hold some of the layers each (`pp`) under software that does no other unasked.
    """
    done = workload.complete(asked)
    serves = done.phase == "serve"
    axes = np.meshgrid(
        _stated(asked.batch) or ((1.0,) if serves else _GENERATED if done.phase == "generate" else _BATCHES),
        _stated(asked.tp) or _groups(workload, done),
        together if done.trains else (1.0,),
        _stated(asked.concurrency) or (_IN_FLIGHT if serves else (1.0,)),
        indexing="ij",
    )
    batch, group, replicas, flight = (axis.ravel() for axis in axes)
    shared = {"tp": np.ones_like(group), "pp": group} if _in_turn(workload, asked, done) else {"tp": group}
    return replace(
        done, batch=batch, n_gpus=group * replicas, concurrency=flight if serves else None, **shared
    )


def in_best_batch(job: Job, count: int, gpu: Gpu) -> Job:
    """A job of which so much is to be done on `count` GPUs, placed; in the batch that makes most there.

    One that states its batch, serves, or generates for one reader stays as it is.
    """
    ran = placed(job, count, gpu)
    done = resolve(job.workload).complete(ran)
    if job.batch is not None or "global_batch" in job.options or done.phase in _UNBATCHED:
        return ran
    tried = np.array(_GENERATED if done.phase == "generate" else _BATCHES)
    found = estimate(replace(ran, batch=tried), [gpu])
    holds = where_any(found.surely[0], found.fits[0])
    if not holds.any():
        return ran
    rates = np.where(holds, found.throughput[0], 0.0)
    return replace(ran, batch=float(tried[np.flatnonzero(rates * WORTH >= rates.max())[0]]))


def gpus_per_copy(job: Job) -> Any:
    """How many GPUs hold one copy of the model, by column."""
    return np.asarray(job.tp, dtype=np.float64) * np.asarray(1.0 if job.pp is None else job.pp)


def _in_turn(workload: Workload, asked: Job, done: Job) -> bool:
    """Whether the software of a job deals the layers out over its GPUs, where the job names no way."""
    from whichgpu.cost.job.asked import read

    if not splits(workload, done) or asked.tp is not None or asked.pp is not None:
        return False
    return splits_layers(read(asked).runtime)


def _groups(workload: Workload, job: Job) -> tuple[float, ...]:
    """How many GPUs may hold a copy of the model together: those that share its heads out evenly."""
    from whichgpu.cost.parallel.mesh import cuts

    if not splits(workload, job):
        return (1.0,)
    return tuple(group for group in _GROUPS if cuts(workload.dims, int(group)))


def splits(workload: Workload, job: Job) -> bool:
    """Whether several GPUs can hold one copy of the model together: language models, unless they train."""
    return hasattr(workload.code, "step") and not job.trains


def _stated(value: object) -> tuple[float, ...]:
    """A column's values as given, none where it is not stated."""
    return () if value is None else tuple(float(one) for one in np.ravel(np.asarray(value)))


def where_any(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows of the first, and of the second where a row of the first holds nothing."""
    return np.where(first.any(axis=-1, keepdims=True), first, second)
