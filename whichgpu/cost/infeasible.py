"""One job on one GPU type: its answer, or why it does not fit and the smallest change that would."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.arrays import distinct
from whichgpu.cost.estimate import estimate
from whichgpu.cost.estimates import ignoring
from whichgpu.cost.job.placing import COUNTS, share
from whichgpu.cost.job.requests import at_random
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.memory import starting
from whichgpu.cost.memory.totals import UNSURE
from whichgpu.errors import Infeasible, UsageError, WhichGpuError
from whichgpu.hardware.parts import works_alone
from whichgpu.units import GIB
from whichgpu.workloads.precision import precision
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from whichgpu.cost.answers import Estimate
    from whichgpu.cost.estimates import Estimates
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

#: Ways to share out what training keeps, each further than the one before.
_SHARDED = ("zero1", "zero2", "fsdp")
#: Layers that run again.
_AGAIN = {"checkpointing": "full"}


def single(job: Job, gpu: Gpu) -> Estimate:
    """One job on one GPU type, with the terms of its time.

    Raises `UsageError` where the GPU cannot run it, `Infeasible` where it does not fit; what comes within
    5 % of the card's memory, or fits at the lower end of its interval, is answered, with a warning.
    """
    found = estimate(job, [gpu], explain=True)
    answer = found.at(0, 0)
    if bool(found.fits[0, 0]):
        return answer
    if not fits_perhaps(found, answer):
        raise Infeasible(does_not_fit(answer, gpu))
    need, has = answer.required / GIB, answer.available / GIB
    close = f"it may not fit: about {need:.1f} GiB are needed per GPU, and the card has {has:.1f}"
    return replace(answer, warnings=(*answer.warnings, close))


def fits_perhaps(found: Estimates, answer: Estimate) -> bool:
    """Whether an answer that does not fit at the middle of what it needs is given all the same."""
    near = answer.may_run_out or answer.required <= UNSURE * answer.available
    return bool(found.sequences[0, 0] >= 1.0) and near


def does_not_fit(answer: Estimate, gpu: Gpu) -> str:
    """One line: what is needed, what is there, the largest part, and the smallest change that fits."""
    part, size = max(answer.memory.items(), key=lambda item: item[1])
    need, has = answer.required / GIB, answer.available / GIB
    room = f"the card has {has:.1f} GiB"
    stack = runtime(answer.job.runtime, resolve(answer.job.workload).runtime(answer.job))
    if starting.profiles(stack, answer.job):
        taken = starting.share(stack, answer.job)
        room = f"{stack.title} takes {taken:.0%} of the card, {taken * has:.1f} GiB"
    longer = "".join(f"; {each}" for each in resolve(answer.job.workload).beyond(answer.job))
    said = "may run out of memory" if answer.may_run_out else "does not fit"
    return (
        f"{answer.job.workload} {said} on {answer.gpu}: it needs {need:.1f} GiB per GPU "
        f"({part.replace('_', ' ')} {size / GIB:.1f} GiB), {room}; {_relaxed(answer.job, gpu)}"
        f"{longer}{ignoring(answer.job, resolve(answer.job.workload))}"
    )


def _relaxed(job: Job, gpu: Gpu) -> str:
    """The smallest change that makes a job fit: a batch, more GPUs, or another format."""
    batch, sure = (0.0, False) if job.phase == "serve" or job.batch is None else _largest_batch(job, gpu)
    again = {**job.options, **_AGAIN}
    open_ = job.trains and "checkpointing" not in job.options
    ways = [f"--batch {batch:.0f} is the largest that {'fits' if sure else 'may fit'}"] if batch else []
    if open_ and bool(estimate(replace(job, options=again), [gpu]).surely.any()):
        ways.insert(0, "--option checkpointing=full fits")
    if ways:
        return ", or ".join(ways)
    if shared := _shared_out(job, gpu):
        return shared
    workload = resolve(job.workload)
    if hasattr(workload.code, "step") and not job.trains:
        more = "" if works_alone(gpu) else _more_gpus(workload, job, gpu)
        ways = [_narrower(job, gpu), _on_host(workload, job, gpu), _elsewhere(workload, job, gpu), more]
        if any(ways):
            return "; ".join(way for way in ways if way)
    return f"not even one at a time; what would make it fit, and which GPU holds it: {_typed(job, gpu)}"


def _shared_out(job: Job, gpu: Gpu) -> str:
    """What GPUs of a training have to share out among them, alone or with layers that run again."""
    if not job.trains or np.max(job.n_gpus or 1.0) <= 1.0 or "sharding" in job.options:
        return ""
    again: tuple[dict[str, str], ...] = ({},) if "checkpointing" in job.options else ({}, _AGAIN)
    for more in again:
        for name in _SHARDED:
            ways = {"sharding": name, **more}
            if bool(estimate(replace(job, options={**job.options, **ways}), [gpu]).surely.any()):
                return " ".join(f"--option {one}={said}" for one, said in ways.items()) + " fits"
    return ""


def _typed(job: Job, gpu: Gpu) -> str:
    """The command that looks into it, of the same work on as many GPUs."""
    count = float(np.max(job.n_gpus or 1.0))
    many = f":{count:g}" if count > 1.0 else ""
    own = "" if job.phase in (None, resolve(job.workload).phases[0]) else f" --phase {job.phase}"
    return f"whichgpu fit {job.workload} --gpu {gpu.id}{many}{own}"


def _more_gpus(workload: Workload, job: Job, gpu: Gpu) -> str:
    """The least number of GPUs that holds a language model together; nothing where none does."""
    groups = int(job.option("attention_dp", 1.0, 1.0))
    now = int(max(float(job.n_gpus or 1.0), float(job.tp or 1.0) * float(job.pp or 1.0) * groups))
    stack = runtime(job.runtime, workload.runtime(job))
    ways = [share(workload, stack, count) for count in COUNTS if count * groups > now]
    known = [way for way in ways if way is not None]
    if not known:
        return ""
    columns: dict[str, Any] = {
        "n_gpus": np.array([float(way.n * groups) for way in known]),
        "tp": np.array([float(way.tp) for way in known]),
        "pp": np.array([float(way.pp) for way in known]),
    }
    more = replace(job, batch=None if job.batch is None else 1.0,
                   concurrency=1.0 if at_random(job) else job.concurrency, **columns)  # fmt: skip
    with suppress(UsageError):
        fits = np.flatnonzero(estimate(more, [gpu]).surely[0])
        if fits.size:
            least = known[fits[0]]
            typed = f"--gpu {gpu.id}:{least.n * groups} {least.how}".strip()
            return f"{typed} is the least that fits"
    return ""


#: Formats of weights from the widest, by the names under which every engine has one.
NARROWER = ("fp8", "int8", "int4")


def _narrower(job: Job, gpu: Gpu) -> str:
    """The widest format narrower than a job's in which it fits on as many GPUs; else nothing."""
    for name in NARROWER:
        again = replace(job, precision=name)
        if job.precision and precision(name).weight >= precision(job.precision).weight:
            continue
        with suppress(WhichGpuError):
            if bool(estimate(again, [gpu]).surely.any()):
                return f"--precision {name} fits"
    return ""


#: Parts of what does not fit, beyond all of it, that are tried on the host: layers move in pairs.
_BEYOND = (1.0, 1.05, 1.1, 1.2, 1.4)


def _on_host(workload: Workload, job: Job, gpu: Gpu) -> str:
    """The weights that software leaves on one GPU's host, which computes with them; else nothing."""
    stack = runtime(job.runtime, workload.runtime(job))
    several = float(job.n_gpus or 1.0) * float(job.tp or 1.0) * float(job.pp or 1.0) > 1.0
    if not stack.holds.get("host_layers") or several or "offload" in job.options:
        return ""
    alone = estimate(job, [gpu])
    over = float(np.ravel(alone.required - alone.available)[0])
    for beyond in _BEYOND:
        typed = f"{ceil(over * beyond / 1e9)}GB"
        again = replace(job, options={**job.options, "offload": typed})
        with suppress(UsageError):
            if bool(estimate(again, [gpu]).surely.any()):
                return (
                    f"--option offload={typed} leaves that much on the host, which computes with it (slowly)"
                )
    return ""


def _elsewhere(workload: Workload, job: Job, gpu: Gpu) -> str:
    """The software that one GPU holds a model with, where the engine keeps more beside it; else nothing."""
    other = runtime(job.runtime, workload.runtime(job)).elsewhere
    several = float(job.n_gpus or 1.0) * float(job.tp or 1.0) * float(job.pp or 1.0) > 1.0
    if not other or several:
        return ""
    with suppress(WhichGpuError):
        if bool(estimate(replace(job, runtime=other), [gpu]).surely.any()):
            return f"--runtime {other} fits"
    return ""


def _largest_batch(job: Job, gpu: Gpu) -> tuple[float, bool]:
    """The largest whole batch that fits, 0 for none, and whether for sure: else by the middle."""

    def largest(*, sure: bool) -> float:
        low, high = 0.0, float(job.batch)
        while high - low > 1.0:
            tried = distinct(np.round(np.linspace(low + 1.0, high, 64)))
            found = estimate(replace(job, batch=tried), [gpu])
            fits = (found.surely if sure else found.fits)[0]
            good, bad = tried[fits], tried[~fits]
            low = float(good.max(initial=low))
            high = float(bad.min(initial=high))
        return low

    most = largest(sure=True)
    return (most, True) if most else (largest(sure=False), False)
