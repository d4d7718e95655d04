"""A server that is as full as it goes, as its engine's throughput is published.

Tables of throughput say neither how attention and experts lie on the GPUs of a `tp` nor how many requests
there were, but the commands beside them do. What such a job leaves open is taken from those (`saturated` of
the habits in `data/runtimes`):

    attention_dp   groups of data-parallel attention of models with experts, from a release on (`since`)
    run_of         requests that are sent at once and timed to the last answer, by their lengths (`sent`),
                   from a release on that is named (`sent_since`); `none` is a server that goes on
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.job.habits import numbers, release_of
from whichgpu.cost.job.requests import LENGTHS, RUN_OF, limited

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload


def serves(job: Job, workload: Workload) -> bool:
    """Whether a job is a server with a queue."""
    return (job.phase or workload.phases[0]) == "serve"


def saturates(job: Job, workload: Workload) -> bool:
    """Whether a server has as many requests as it takes."""
    return serves(job, workload) and job.concurrency is None and not limited(job)


def as_published(job: Job, workload: Workload, stack: Runtime) -> tuple[Job, tuple[str, ...]]:
    """A saturated server as its engine's tables have it, and what to say of that."""
    if not stack.habits.get("saturated") or not saturates(job, workload):
        return job, ()
    job, spread = _spreading(job, workload, stack)
    job, ending = _ending(job, stack)
    return job, (*spread, *ending)


def _spreading(job: Job, workload: Workload, stack: Runtime) -> tuple[Job, tuple[str, ...]]:
    """A model with experts whose attention is data-parallel, where nothing says how they lie."""
    layout = ("attention_dp", "ep", "moe_tp")
    release = release_of(stack)
    if not workload.dims.get("experts"):
        return job, ()
    if release and release < numbers(stack.habits["saturated"]["since"]):
        return job, ()
    if job.tp is None or np.all(np.asarray(job.tp) == 1.0) or any(name in job.options for name in layout):
        return job, ()
    wide: Any = job.tp if isinstance(job.tp, np.ndarray) else f"{job.tp:g}"
    words = (
        "taken with data-parallel attention, as such throughput is published; option attention_dp=1 for none"
    )
    return job.changed(tp=1.0, options={**job.options, "attention_dp": wide, "ep": wide}), (words,)


def _ending(job: Job, stack: Runtime) -> tuple[Job, tuple[str, ...]]:
    """A run of as many requests as published ones of its lengths, where nothing is said of the load."""
    habit = stack.habits["saturated"]
    if RUN_OF in job.options or any(map(job.options.get, LENGTHS)) or "sent" not in habit:
        return job, ()
    if release_of(stack) < numbers(habit["sent_since"]):
        return job, ()
    sent = _tabled(job, habit["sent"])
    if not np.any(np.isfinite(sent)):
        return job, ()
    if np.size(sent) > 1:
        return job.changed(options={**job.options, RUN_OF: sent}), ()
    many = float(np.ravel(sent)[0])
    words = (
        f"taken as a run of {many:,.0f} requests, sent at once and timed to the last answer, as such "
        f"throughput is published; option {RUN_OF}=none for a server that goes on"
    )
    return job.changed(options={**job.options, RUN_OF: f"{many:g}"}), (words,)


def _tabled(job: Job, table: list[list[float]]) -> NDArray[np.float64]:
    """Requests of a run by the lengths of a job, (J,) or one; without end of lengths that no table has."""
    if job.input_tokens is None or job.output_tokens is None:
        return np.full((), np.inf)
    prompts, answers = np.broadcast_arrays(job.input_tokens, job.output_tokens)
    found = np.full(prompts.shape, np.inf)
    for prompt, answer, sent in table:
        found = np.where((prompts == prompt) & (answers == answer), sent, found)
    return np.asarray(found)
