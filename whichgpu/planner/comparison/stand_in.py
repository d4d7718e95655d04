"""A job under other software, for GPUs on which the usual one does not run: JAX on a TPU, llama.cpp on a P40.

Only where no software was named: who names one asks about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.cost.job.runtimes import runtime
from whichgpu.planner.comparison.stack import verdict
from whichgpu.planner.comparison.work import work
from whichgpu.planner.usual import stand_ins

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.comparison.market import Market
    from whichgpu.planner.comparison.work import Work
    from whichgpu.planner.usual import StandIn
    from whichgpu.workloads.job import Job


def worked(job: Job, gpus: Sequence[Gpu], markets: Mapping[str, Market]) -> Work:
    """One job on each GPU; those that its software does not run on have it under the first that does.

    Raises `UsageError` as `work` does.
    """
    done = work(job, gpus, markets)
    for other in stand_ins() if not job.runtime else ():
        if job.precision in runtime(other.runtime, "").stores:
            # Who asks for FP8 doesn't ask for the 8 bits that llama.cpp makes of it.
            continue
        left = [gpu for gpu in gpus if gpu.id in done.barred and verdict(gpu, other.software).runs]
        if not left:
            continue
        under = work(other.of(job, done.job.precision), left, markets)
        if done.results:
            done = _with(done, other, under)
        elif under.results:
            # All of them run it under this, so that the work is of this software.
            known = {**done.refused, **under.refused}
            done = under._replace(
                refused={key: why for key, why in known.items() if key not in under.results},
                barred=done.barred - set(under.results),
            )
    return done


def _with(done: Work, other: StandIn, under: Work) -> Work:
    """The work with the results of the GPUs that run it under other software."""
    if under.field != done.field:
        return done
    precision = under.job.precision
    how = f"{other.title} in {precision}" if precision != done.job.precision else other.title
    ran = under.results
    return done._replace(
        results={**done.results, **ran},
        refused={key: why for key, why in done.refused.items() if key not in ran},
        barred=done.barred - set(ran),
        how={**done.how, **dict.fromkeys(ran, how)},
    )
