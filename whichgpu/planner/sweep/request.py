"""What is asked of a search over training strategies."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from whichgpu.cost.job.placing import other_format
from whichgpu.cost.job.runtimes import runtimes
from whichgpu.cost.parallel.unstated import usual_tokens
from whichgpu.errors import UsageError
from whichgpu.hardware.names import resolve_count
from whichgpu.planner.size import read_amount
from whichgpu.values import immutable
from whichgpu.workloads.adapters import PHASES as ADAPTER_PHASES
from whichgpu.workloads.phases import TRAINING
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from datetime import date

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

#: Items of a step of anything else, for each GPU.
_USUAL_ITEMS = 32.0
#: What trains with every kind of parallelism, where a job names no runtime: the first that runs on the GPU.
_RUNTIMES = ("megatron", "megatron-rocm", "torchtitan")
#: The phase whose layers are neither cut nor dealt out over GPUs.
_ALONE = ADAPTER_PHASES[1]


@immutable
class Request:
    """A job that trains, the GPUs to train it on, and what to count.

    `job` is complete but for its mesh: what it states of tp, pp and the options of a mesh stays, the rest is
    searched. `batch` is a stated micro-batch; `global_batch` are items of a step; `tokens` what is to be
    trained in all, in units of the workload; `usd_per_gpu_hour` the user's own price; `top` how many
    strategies are told.
    """

    job: Job
    gpu: Gpu
    count: int
    global_batch: float
    today: date
    batch: float | None = None
    tokens: float | None = None
    usd_per_gpu_hour: float | None = None
    top: int = 5
    scaling: bool = False
    assumed: tuple[str, ...] = ()


def read_request(
    job: Job, gpus: str, catalogue: Catalogue, *, today: date, global_batch: float | None = None,
    tokens: str | float | None = None, usd_per_gpu_hour: float | None = None, system: str | None = None,
    top: int = 5, scaling: bool = False,
) -> Request:  # fmt: skip
    """The request of a command line; raises `UsageError` for what cannot be read or does not train."""
    gpu, count = one_kind(gpus, catalogue)
    if usd_per_gpu_hour is not None and not 0 < usd_per_gpu_hour < 1e6:
        raise UsageError(f"{usd_per_gpu_hour:g} USD per GPU and hour is no price; write e.g. 2.50")
    complete, assumed = _training(
        replace(job, options={**job.options, **({"system": system} if system else {})}), gpu
    )
    batch, told = _global_batch(complete, count, global_batch)
    return Request(
        job=complete, gpu=gpu, count=count, global_batch=batch, today=today, batch=job.batch,
        tokens=None if tokens is None else read_amount(str(tokens), "--tokens", "15T"),
        usd_per_gpu_hour=usd_per_gpu_hour, top=top,
        scaling=scaling, assumed=(*assumed, *told),
    )  # fmt: skip


def one_kind(gpus: str, catalogue: Catalogue) -> tuple[Gpu, int]:
    """What is asked for, and how many; raises `UsageError` for several kinds, or none that is known."""
    try:
        return resolve_count(gpus, catalogue)
    except UsageError:
        kinds = [one for one in re.split(r"\s*(?:[,+]|\band\b)\s*", gpus.strip()) if one]
        if len(kinds) < 2:
            raise
        raise UsageError(
            f"'{gpus.strip()}' is several kinds of GPUs, and a step of a training waits for the slowest: "
            f"ask for one of them, --gpus {' or --gpus '.join(map(repr, kinds))}"
        ) from None


def _training(job: Job, gpu: Gpu) -> tuple[Job, tuple[str, ...]]:
    """A complete job that trains, and what was assumed of it."""
    workload = resolve(job.workload)
    trains = [phase for phase in workload.phases if phase in TRAINING]
    if not trains:
        raise UsageError(f"{workload.id} does not train; it runs {', '.join(workload.phases)}")
    phase = job.phase or ("pretrain" if "pretrain" in trains else trains[0])
    complete = workload.complete(replace(job, phase=phase))
    said: tuple[str, ...] = ()
    if not job.precision and (other := other_format(complete.precision, gpu)):
        said = (f"{other}, since {gpu.id} has no units for {complete.precision}",)
        complete = replace(complete, precision=other)
    if not complete.trains:
        raise UsageError(f"phase {complete.phase} does not train; a sweep is of {', '.join(trains)}")
    if complete.phase == _ALONE:
        # bitsandbytes quantises whole layers: replicas beside each other are all there is.
        return replace(
            complete, tp=job.tp or 1.0, pp=job.pp or 1.0, options={"cp": "1", **complete.options}
        ), said
    if job.runtime or workload.unit != "tokens":
        return complete, said
    known = (name for name in _RUNTIMES if gpu.vendor in runtimes()[name].vendors)
    runtime = next(known, _RUNTIMES[0])
    knows = f"runtime {runtime}, which knows every kind of parallelism"
    return replace(complete, runtime=runtime), (knows, *said)


def _global_batch(job: Job, count: int, asked: float | None) -> tuple[float, tuple[str, ...]]:
    """Items of a step, and what was assumed of them."""
    if asked is None and "global_batch" in job.options:
        asked = job.option("global_batch", 1.0, 1.0)
    if asked is not None:
        if not (1 <= asked <= 1e9 and asked == int(asked)):
            raise UsageError(f"a global batch of {asked:g} cannot be; write e.g. --global-batch 1024")
        return float(asked), ()
    if resolve(job.workload).unit != "tokens":
        items = _USUAL_ITEMS * count
        return items, (f"a global batch of {items:,.0f}, {_USUAL_ITEMS:g} for each GPU",)
    length = float(job.seq_len)
    # Near what is usual, and what any part of the GPUs can share out: their odd part times a power of two.
    odd = count // (count & -count)
    items = odd * 2.0 ** max(0, round(math.log2(usual_tokens(count) / length / odd)))
    return items, (f"a global batch of {items:,.0f} sequences, {items * length:,.0f} tokens",)
