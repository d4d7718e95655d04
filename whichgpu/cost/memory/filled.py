"""What runs on file that filled their cards say of the upper end of what such trainings need.

A run that ran needed no more than its card has. The error of a count is one of the program, which all of its
models share, and one of the model. So log(card / count) of each model's fullest run bounds the first from
above, but for the second, of which a new model has another one. `data/fits/memory.toml` has those logarithms
under `[ran."<runtime> <kind> <how>"]`, by workload.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.memory.memory_law import fitted
from whichgpu.workloads.checkpointing import checkpointing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.job import Job

#: The part of what is needed from which on what a step makes is most of it: its error is that of the count.
MOST = 0.5


def how(keeper: str, kind: str, job: Job, *, passing: bool) -> str:
    """What errs together: a program, a kind of job, what its layers keep, whether that is most of it."""
    return f"{keeper} {kind} {checkpointing(job)} {'passing' if passing else 'stated'}"


def bound(stack: Runtime, workload: str, kind: str, job: Job, *, share: Any, deviations: float) -> Any:
    """The log of the most that a training needs over what is counted, of whose bytes a step makes a `share`.

    Infinite where no run on file says.
    """
    if not job.trains:
        return np.inf
    # Two models differ by the errors of both.
    apart = deviations * np.sqrt(2.0) * fitted().get("spread", {}).get(kind, {}).get("workload", np.inf)

    def least(passing: bool) -> Callable[[Runtime], float]:
        def of(one: Runtime) -> float:
            rooms = _rooms().get(how(one.keeper, kind, job, passing=passing), {}) if one.exact else {}
            each = (room if name == workload else room + apart for name, room in rooms.items())
            return float(min(each, default=np.inf))

        return of

    return np.where(np.asarray(share) > MOST, stack.read(least(True)), stack.read(least(False)))


def _rooms() -> Mapping[str, Mapping[str, float]]:
    found: Mapping[str, Mapping[str, float]] = fitted().get("ran", {})
    return found
