"""The cheapest fleet of replicas whose percentiles hold as simulated, request by request.

What a replica carries within its objectives is read off queueing theory for every GPU and split at once
(`capacities`). Of the fleet that follows, each kind of replica is simulated at the most that it was given;
where a percentile is above its objective it is given the rate at which simulation says that it holds, and the
fleet is sought anew, as `recommend --slo` does of its first candidate.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.serving import curve, slo
from whichgpu.errors import Infeasible
from whichgpu.hardware.slices import device
from whichgpu.planner.plan.columns import refilled
from whichgpu.planner.plan.solving import cheapest, effort
from whichgpu.values import NamedTuple, immutable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.cost.serving.slo import Term
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.plan.columns import Built
    from whichgpu.planner.plan.solving import Solution
    from whichgpu.workloads.job import Job

#: Fleets at most; s for simulation at most, beside the search; how far above it a percentile still holds.
_TRIES, _LONGEST, _NEAR = 5, 6.0, 1.02
#: Replicas that are remembered.
_KNOWN = 512


class Replica(NamedTuple):
    """One kind of replica in a fleet: of which demand and size, on which GPU, and req/s that it was given."""

    demand: str
    place: int
    gpu: str
    job: str
    rate: float


@immutable
class Checked:
    """What simulation says of a replica: req/s that it is given, and whether that is less than before."""

    replica: Replica
    rate: float

    @property
    def lower(self) -> bool:
        """Whether its percentiles did not hold."""
        return self.rate < self.replica.rate


def held(built: Built, gap: float, seconds: float, catalogue: Catalogue) -> tuple[Built, Solution, int]:
    """The program with what its replicas carry as simulated, its cheapest fleet, and replicas not simulated.

    The last are those for which there was no time.
    """
    until = perf_counter() + seconds
    found = cheapest(built.program, effort(gap, seconds))
    rest, known, left = min(seconds, _LONGEST), set[Replica](), 0
    for _ in range(_TRIES):
        began = perf_counter()
        checked, left = _checked(built, found, catalogue, began + rest, known)
        rest -= perf_counter() - began
        known |= {one.replica for one in checked}
        lower = [one for one in checked if one.lower]
        if not lower:
            break
        built = _given_less(built, lower)
        found = cheapest(built.program, effort(gap, max(until - perf_counter(), 1.0)))
    return built, found, left


def _checked(
    built: Built, found: Solution, catalogue: Catalogue, until: float, known: set[Replica]
) -> tuple[list[Checked], int]:
    """The kinds of replica in a fleet that were not simulated yet, and how many there was no time for."""
    checked, left = [], 0
    for one, job, terms in _used(built, found):
        if one in known:
            continue
        if perf_counter() > until:
            left += 1
            continue
        known = known | {one}
        rate = _simulated(repr(job), terms, one.rate, _Given(job, device(one.gpu, catalogue)))
        checked.append(Checked(one, rate))
    return checked, left


def _used(built: Built, found: Solution) -> Iterator[tuple[Replica, Job, tuple[Term, ...]]]:
    """Replicas of the fleet whose objectives are of percentiles, those that do the most work first."""
    busy = found.x.sum(axis=2)
    for s, c in sorted(np.argwhere(busy > 1e-9).tolist(), key=lambda at: -busy[at[0], at[1]]):
        one, supply = built.slices[s], built.supplies[c]
        own, job = built.held.get((one.demand.name, c)), built.jobs.get((one.demand.name, c))
        terms = one.demand.terms
        if own is None or job is None or supply.gpu is None or all(term.how == "mean" for term in terms):
            continue
        rate = float(own.rate[one.place]) / own.replicas
        size = _of_size(job, one.size.job)
        yield Replica(one.demand.name, one.place, supply.gpu, repr(job), rate), size, terms


def _of_size(split: Job, size: Job | None) -> Job:
    """A replica that answers requests of one size, split as those of the first are."""
    if size is None:
        return split
    degrees = {key: value for key, value in split.options.items() if key in ("ep", "attention_dp")}
    return replace(
        size, phase="serve", concurrency=None, tp=split.tp, pp=split.pp, n_gpus=split.n_gpus,
        options={**size.options, **degrees},
    )  # fmt: skip


class _Given(NamedTuple):
    """A job and its GPU, which the texts beside them tell apart."""

    job: Job
    gpu: Gpu

    def __hash__(self) -> int:
        return hash(self.gpu.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Given) and self.gpu.id == other.gpu.id


@lru_cache(maxsize=_KNOWN)
def _simulated(_job: str, terms: tuple[Term, ...], rate: float, given: _Given) -> float:
    """Req/s, at most `rate`, at which percentiles hold as simulated; 0 where a request alone is too slow."""
    try:
        job = curve.checked(given.job, given.gpu)
        table, pool = curve.ready(job, given.gpu)
        run = curve.simulator(job, given.gpu, table, pool).tails("rate", min(rate, 0.99 * table.capacity))
        tails = [term for term in terms if term.how != "mean"]
        if all(run.of(term.metric, term.how) <= _NEAR * term.most for term in tails):
            return rate
        return min(rate, slo.largest(given.job, given.gpu, terms).rate)
    except Infeasible:
        return 0.0


def _given_less(built: Built, lower: list[Checked]) -> Built:
    """The program in which those replicas carry less, wherever they are."""
    less = {one.replica[:4]: one.rate / one.replica.rate for one in lower}
    changed = {}
    for (name, c), own in built.held.items():
        rate = own.rate.copy()
        for place in range(rate.size):
            key = (name, place, str(built.supplies[c].gpu), repr(built.jobs[name, c]))
            rate[place] *= less.get(key, 1.0)
        changed[name, c] = own._replace(rate=rate)
    return refilled(built, changed)
