"""A job with every default filled in, before it meets a GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.cost.job import asked
from whichgpu.cost.job.requests import in_flight
from whichgpu.cost.job.runtime import summing
from whichgpu.cost.memory import offload
from whichgpu.cost.parallel import pipeline, unstated
from whichgpu.cost.parallel.mesh import Mesh
from whichgpu.values import NamedTuple
from whichgpu.workloads.language import vision
from whichgpu.workloads.model import is_language_model

if TYPE_CHECKING:
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload


class Settled(NamedTuple):
    """A complete job, with what it states to no purpose, and what is to be said of it."""

    workload: Workload
    job: Job
    runtime: Runtime
    unused: tuple[str, ...]
    said: tuple[str, ...]


def settle(job: Job) -> Settled:
    """A job, or a sweep of jobs, with every default filled in; raises `UsageError` as `lay_out` does."""
    read = asked.read(job)
    workload, stack = read.workload, read.runtime
    unused = tuple(name for name in workload.unused(job) if getattr(read.job, name) is not None)
    # A prompt of what has none is no prompt, wherever it is looked for.
    given = read.job.changed(**{name: None for name in unused if name in _PROMPTS})
    job = pipeline.spread_layers(given, stack).with_defaults(tp=1.0, pp=1.0)
    mesh = Mesh.of(job.changed(phase=job.phase or workload.phases[0]))
    serves = (job.phase or workload.phases[0]) == "serve"
    flight = in_flight(job) if serves else None
    beside = _batch_beside(job) if serves else ()
    loaded = job.with_defaults(concurrency=flight) if flight else job
    job = workload.complete(loaded.with_defaults(n_gpus=mesh.replica, runtime=read.fallback))
    mesh.check(workload, job, uneven=stack.uneven_parts)
    step: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    if job.options and (serves or job.trains):
        job, seen = vision.counted(workload.of_job(job), job)
    if job.options and not job.trains and is_language_model(workload):
        job, more = offload.by_layers(workload, job, stack)
        step = (*step, *more)
    if job.trains and is_language_model(workload):
        job, step = unstated.usual_step(read.job, job, mesh, stack)
        job, cut = unstated.interleaved(read.job, job, mesh, stack, workload.dims.get("layers"))
        step = (*step, *cut, *unstated.gathering(read.job, job, stack, mesh))
    return Settled(
        workload,
        job,
        summing(stack, job.phase),
        unused,
        (*workload.beyond(job), *read.said, *beside, *seen, *step),
    )


#: Columns of a prompt and what is written behind it.
_PROMPTS = ("input_tokens", "output_tokens")


def _batch_beside(job: Job) -> tuple[str, ...]:
    """What to say of a batch that a server is asked for with another number of requests in flight."""
    both = job.batch, job.concurrency
    if not all(isinstance(one, int | float) for one in both) or both[0] in (1, both[1]):
        return ()
    return (f"batch {both[0]:g} was ignored: concurrency {both[1]:g} says how many requests are in flight",)
