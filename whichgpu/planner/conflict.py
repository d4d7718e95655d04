"""Wishes that cannot all be had: which of them conflict, and the cheapest way out.

A conflict is a set of constraints that no option holds together, though it holds any of them less one (an
irreducible infeasible set, found by leaving out one after the other). A way out changes as few constraints as
possible: a bound by as little as possible, a word by leaving it out; the cheapest answer is named first. The
rate or deadline of the work decides how many instances there are, so options are counted anew without it.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import inf, isnan
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.estimate import estimate
from whichgpu.errors import UsageError
from whichgpu.facts import store
from whichgpu.planner import constraints, market
from whichgpu.planner.grid import grid
from whichgpu.planner.machine import amended
from whichgpu.planner.narrower import kind_of
from whichgpu.planner.needs import BOUGHT
from whichgpu.planner.options import Outcome, options, outcome, primary_exact, together
from whichgpu.planner.options import best as best_of_each
from whichgpu.planner.sentences import TIE
from whichgpu.units import number, rate_period
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.constraints import Constraint
    from whichgpu.planner.options import Options
    from whichgpu.planner.request import Request
    from whichgpu.prices.offers import Offer
    from whichgpu.workloads.workload import Workload

    Bools = NDArray[np.bool_]
    Array = NDArray[np.float64]

#: Constraints that a way out changes at most, and ways out that are told.
_MOST, _TOLD = 6, 4
#: Constraints that are changed at most beside the operating system.
_BESIDE = 2
#: How often a batch is halved until one fits.
_HALVED = 16
#: What is asked for, which is no limit: without it fewer instances do.
_DEMANDS = ("--target", "--deadline")


class WayOut(NamedTuple):
    """One relaxation: what to type instead (or to leave out), and what it gives."""

    changes: tuple[str, ...]
    gpu: str
    usd_per_hour: float
    usd_total: float | None = None
    #: USD to buy the cards, where they are bought.
    usd_to_buy: float | None = None

    def __str__(self) -> str:
        cost = f"{self.usd_per_hour:,.2f} USD/h"
        if self.usd_to_buy is not None:
            cost = f"{self.usd_to_buy:,.2f} USD to buy"
        if self.usd_total is not None:
            cost = f"{self.usd_total:,.2f} USD in all"
        if isnan(self.usd_per_hour):
            cost = "no price on file"
        return f"{' and '.join(self.changes)} ({self.gpu}, {cost})"

    @property
    def cost(self) -> float:
        """What ways out are ordered by: USD in all, to buy or an hour; infinite where no price is on file."""
        usd = self.usd_per_hour if self.usd_total is None else self.usd_total
        usd = usd if self.usd_to_buy is None else self.usd_to_buy
        return inf if isnan(usd) else usd

    def to_dict(self) -> dict[str, Any]:
        """As plain data; null where no price is on file."""
        usd = None if isnan(self.usd_per_hour) else self.usd_per_hour
        return {**self._asdict(), "changes": list(self.changes), "usd_per_hour": usd}


class Conflict(NamedTuple):
    """Constraints that cannot be held together, and the ways out, the cheapest first.

    `of_job` are those that run the job otherwise: in another format, in smaller batches, split as it fits. No
    constraints are named where no GPU runs it as it is.
    """

    constraints: tuple[Constraint, ...]
    ways_out: tuple[WayOut, ...]
    of_job: tuple[WayOut, ...] = ()

    @property
    def told(self) -> str:
        """What to do, as a sentence goes on after `;`."""
        told: list[str] = []
        verb = ""
        for way in map(str, (*self.ways_out, *self.of_job)[:_TOLD]):
            now = "" if way.startswith("leave out") else "use "
            told.append(way if told and now == verb else f"{now}{way}")
            verb = now
        return ", or ".join(told)

    def __str__(self) -> str:
        return self.of("nothing")

    def of(self, what: str) -> str:
        """The conflict in words, `what` being that of which none holds it."""
        words = [one.words for one in self.constraints]
        listed = " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
        said = f"{what} holds {listed}{' together' * (len(words) > 1)}"
        if not self.ways_out:
            return f"{said}; leave out more than {_MOST} of the limits"
        return f"{said}; {self.told}"

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "constraints": [one.words for one in self.constraints],
            "relaxations": [one.to_dict() for one in (*self.ways_out, *self.of_job)],
        }


def conflict(
    ways: Sequence[Request], workload: Workload, catalogue: Catalogue, pool: Sequence[Offer]
) -> Conflict | None:
    """What conflicts in a request that nothing meets; None where it is no constraint that is at fault.

    `ways` are the same request with jobs that are run differently (sharded or not); any of them will do.
    """
    gpus = [gpu for gpu in catalogue.values() if not gpu.why_unusable]
    every = market.offered(ways[0], pool, gpus)

    def made(request: Request) -> _Table | None:
        return _Table.made(request, workload, gpus, every)

    tables = [table for request in ways if (table := made(request)) is not None]

    def feasible(asked: frozenset[int]) -> bool:
        return any(table.feasible(asked) for table in tables)

    of_job = tuple(sorted(_otherwise(ways[0], workload, made), key=lambda way: way.cost))
    if not feasible(frozenset()):
        return Conflict((), (), of_job) if of_job else None
    limits = tables[0].limits
    whole = frozenset(range(len(limits)))
    if feasible(whole):
        return None
    # The demands go first: what cannot be held without them is no matter of quantity.
    order = sorted(whole, key=lambda index: limits[index].option not in _DEMANDS)
    core = irreducible(order, feasible)
    found = tuple(limits[one] for one in sorted(core))
    elsewhere = _elsewhere(ways, found, made)
    told = sorted((*elsewhere, *_ways_out(tables, whole, core)), key=lambda way: way.cost)
    return Conflict(found, tuple(told[:_TOLD]), of_job)


def _otherwise(
    request: Request, workload: Workload, made: Callable[[Request], _Table | None]
) -> Iterator[WayOut]:
    """The same wishes with a job that is run otherwise: what each such job costs at least, if it can be."""
    for ways in _other_jobs(request, workload):
        for words, other in ways:
            try:
                table = made(other)
            except UsageError:  # a format that this kind of model is not run in
                continue
            way = table.way_out(frozenset(range(len(table.limits))), frozenset()) if table else None
            if way is not None:
                yield way._replace(changes=(words,))
                break


def _other_jobs(request: Request, workload: Workload) -> Iterator[list[tuple[str, Request]]]:
    """Jobs that a user may settle for, with what to type: of each list the first that can be had."""
    job = request.job
    done = workload.complete(job)

    def other(words: str, **columns: Any) -> tuple[str, Request]:
        return words, replace(request, job=replace(job, **columns))

    if not done.trains and not request.precisions:
        for names in store.load("usual")["usual"]["smaller"][kind_of(request, workload)]:
            if done.precision not in names:
                yield [other(f"--precision {name}", precision=name) for name in names]
    if done.trains and "checkpointing" not in job.options:
        options = {**job.options, "checkpointing": "full"}
        yield [other("--option checkpointing=full", options=options)]
    if job.tp is not None:
        yield [other("leave out --tp", tp=None)]
    if job.batch is not None and np.size(job.batch) == 1:
        halved = np.floor(float(job.batch) / 2.0 ** np.arange(1, _HALVED))
        yield [other(f"--batch {batch:g}", batch=batch) for batch in halved[halved >= 1.0].tolist()]


def _elsewhere(
    ways: Sequence[Request], found: Sequence[Constraint], made: Callable[[Request], _Table | None]
) -> Iterator[WayOut]:
    """The same wishes under another operating system, where a framework does not run under the one asked."""
    if ways[0].system == "linux" or all(one.option != "--framework" for one in found):
        return
    for system in ("wsl",) * (ways[0].system == "windows") + ("linux",):
        tables = [table for request in ways if (table := made(replace(request, system=system))) is not None]
        for size in range(_BESIDE + 1):
            able = [way for table in tables for way in table.less(size) if way is not None]
            if able:
                way = min(able, key=lambda one: one.cost)
                yield way._replace(changes=(*way.changes, f"--system {system}"))
                break


def irreducible(order: Iterable[int], feasible: Callable[[frozenset[int]], bool]) -> frozenset[int]:
    """Of constraints that cannot be held together so few that any less can be; the earlier go first."""
    core = frozenset(order)
    for one in order:
        if not feasible(core - {one}):
            core -= {one}
    return core


def _ways_out(tables: Sequence[_Table], whole: frozenset[int], core: frozenset[int]) -> list[WayOut]:
    """Relaxations of as few constraints as do, the cheapest first."""
    for size in range(1, _MOST + 1):
        found = []
        for dropped in combinations(sorted(whole), size):
            if core.intersection(dropped):
                ways = (table.way_out(whole, frozenset(dropped)) for table in tables)
                found += sorted(filter(None, ways), key=lambda way: way.cost)[:1]
        if found:
            found.sort(key=lambda way: way.cost)
            return found[:_TOLD]
    return []


class _Table(NamedTuple):
    """Constraints against options: which hold (of GPUs and offers once and for all), by option."""

    request: Request
    limits: tuple[Constraint, ...]
    space: Options
    #: How many times its bound each option needs of each constraint on GPUs and offers, by index.
    fixed: dict[int, Array]

    @classmethod
    def made(
        cls, request: Request, workload: Workload, gpus: Sequence[Gpu], every: Sequence[Offer]
    ) -> _Table | None:
        """Every option of every GPU that has an offer at all, with how each constraint stands."""
        known = {gpu.id: gpu for gpu in gpus}
        offered = {offer.gpu for offer in every}
        gpus = [gpu for gpu in gpus if gpu.id in offered]
        if not gpus:
            return None
        of_offers = market.on_offers(request, known)
        held = [limit.holds(every) for limit in of_offers]
        kept = _cheapest(request, every, held)
        rows = [[index for index in kept if every[index].gpu == gpu.id] for gpu in gpus]
        offers = [[every[index] for index in row] for row in rows]
        sweep = estimate(grid(workload, request.job, together(request, offers)), gpus)
        space = options(request, sweep, offers)
        if not space.row.size:
            return None
        of_gpus = tuple(constraints.of_gpus(request))
        limits = (*of_gpus, *of_offers, *constraints.of_options(request), *_demands(request))
        order = [every[index] for row in rows for index in row]
        fixed = {i: limit.needs(gpus)[space.row] for i, limit in enumerate(of_gpus)}
        fixed |= {len(of_gpus) + i: limit.needs(order)[space.offer] for i, limit in enumerate(of_offers)}
        return cls(request, limits, space, fixed)

    def feasible(self, asked: frozenset[int]) -> bool:
        """Whether some option holds these constraints."""
        return bool(self.held(asked).any())

    def held(self, asked: frozenset[int]) -> Bools:
        """Which options hold these constraints."""
        result = self.result(asked)
        found = np.ones(len(self.space.row), dtype=bool)
        for index in asked:
            found &= self.needs(index, result) <= 1.0
        return found

    def needs(self, index: int, result: Outcome) -> Array:
        """How many times its bound each option needs of a constraint."""
        if index in self.fixed:
            return self.fixed[index]
        return self.limits[index].needs(result)

    def result(self, asked: frozenset[int]) -> Outcome:
        """What options come to where only these constraints are asked for."""
        return outcome(self.space, self._without(asked))

    def _without(self, asked: frozenset[int]) -> Request:
        options_asked = {self.limits[index].option for index in asked}
        request = self.request
        if "--target" not in options_asked:
            request = replace(request, target=None)
        if "--deadline" not in options_asked and request.deadline is not None:
            # As many instances as an hourly budget buys, so that the job is done soon.
            budget = request.budget if "--budget" in options_asked else None
            request = replace(request, deadline=None, objective="time", budget=budget)
        return request

    def way_out(self, whole: frozenset[int], dropped: frozenset[int]) -> WayOut | None:
        """The least change of these constraints that lets an option through; None where none does."""
        rest = whole - dropped
        held = self.held(rest)
        if self.request.unpriced and any(self.limits[index].value in BOUGHT for index in dropped):
            held &= ~np.isnan(self.space.usd)  # what has no price is taken for that word's sake alone
        if not held.any():
            return None
        result = self.result(rest)
        able = np.flatnonzero(held)
        change = np.zeros(len(able))
        for index in dropped:
            if self.limits[index].option != "--target":
                change = np.maximum(change, self.needs(index, result)[able])
        usd = result.usd_per_hour if self.request.size is None else result.usd_total
        if (
            self.request.target is None
            and self.request.size is None
            and not any(self.limits[index].measure for index in dropped)
        ):
            usd = result.usd_per_unit  # as the answer is ranked once the words are left out
        more = -self._rate(rest)[able] if any(self.limits[i].option == "--target" for i in dropped) else 0.0
        order = (usd[able], self.space.trust[able], np.round(change, 6), np.zeros(len(able)) + more)
        best = int(able[np.lexsort(order)[0]])
        if not {self.limits[index].option for index in dropped} & set(_DEMANDS):
            best = self._first(held, dropped, result, best)
        gpu = self.space.sweep.devices.gpus[int(self.space.row[best])].id
        total = None if self.request.size is None else float(result.usd_total[best])
        typed = self._together(each for index in sorted(dropped)
                               for each in self._typed(index, rest, result, best))  # fmt: skip
        hourly = float(result.usd_per_hour[best])
        if np.ndim(more):
            hourly = float(self.space.usd[best] * self._bought(rest)[best])
        bought = float(result.usd_to_buy[best])
        return WayOut(typed, gpu, hourly, total, None if isnan(bought) else bought)

    def _first(self, held: Bools, dropped: frozenset[int], result: Outcome, best: int) -> int:
        """The option that comes first once the dropped constraints are relaxed as far as `best` needs it."""
        held = held.copy()
        for index in dropped:
            if self.limits[index].measure is not None:
                need = self.needs(index, result)
                held &= need <= need[best] * (1.0 + 1e-9)
            elif self.limits[index].option == "--term":
                kinds = [TERMS.get(offer.kind) for offer in self.space.offers]
                same = np.array([kind == kinds[int(self.space.offer[best])] for kind in kinds])
                held &= same[self.space.offer]
        chosen = np.flatnonzero(held)
        within = Outcome(*(part[chosen] for part in result))
        # Of each GPU what the answer has of it, and of those what it ranks first.
        each = chosen[list(best_of_each(self.space.only(chosen), within, self.request).values())]
        usd = primary_exact(result, self.request)
        each = each[np.lexsort((result.watts[each], usd[each], self.space.trust[each]))]
        first = each[0]
        if self.request.term != "buy" or self.request.objective != "cost":
            return int(first)
        close = each[(self.space.trust[each] == self.space.trust[first]) & (usd[each] <= TIE * usd[first])]
        gpus = result.instances * self.space.count
        return int(close[np.argmin(gpus[close])] if len(close) else first)

    def less(self, size: int) -> Iterator[WayOut | None]:
        """The ways out that change so many constraints, but no framework."""
        whole = frozenset(range(len(self.limits)))
        others = [index for index in sorted(whole) if self.limits[index].option != "--framework"]
        return (self.way_out(whole, frozenset(dropped)) for dropped in combinations(others, size))

    def _together(self, changes: Iterable[str]) -> tuple[str, ...]:
        """Changes with those of the machine in one option, which has the rest of the machine in it."""
        changes = tuple(changes)
        parts = [one.removeprefix("--machine ").strip('"') for one in changes if one.startswith("--machine ")]
        if not parts or self.request.machine is None:
            return changes
        kept = tuple(one for one in changes if not one.startswith("--machine "))
        return (*kept, f'--machine "{amended(self.request.machine, parts)}"')

    def _typed(self, index: int, rest: frozenset[int], result: Outcome, best: int) -> Iterator[str]:
        limit = self.limits[index]
        if limit.option == "--target":
            yield _slower(self.request, float(self._rate(rest)[best]))
        elif limit.option == "--term":
            kind = self.space.offers[int(self.space.offer[best])].kind
            yield f"--term {TERMS.get(kind, 'any')}"
        elif limit.option == "--machine" and limit.measure is None:
            yield '--machine "server airflow"'
        elif limit.measure is None:
            # It is bought: without that word, the rest is asked of what is rented.
            if self.request.unpriced and limit.value in BOUGHT:
                yield "--term buy"
            yield f"leave out {limit.words}"
        else:
            items = self._items(index, result)
            need = float(limit.measure(items)[self._place(index, best)])
            yield limit.relaxed(need) or f"leave out {limit.words}"

    def _items(self, index: int, result: Outcome) -> Any:
        level = self.limits[index].level
        if level == "gpu":
            return self.space.sweep.devices.gpus
        return self.space.offers if level == "offer" else result

    def _place(self, index: int, best: int) -> int:
        level = self.limits[index].level
        if level == "gpu":
            return int(self.space.row[best])
        return int(self.space.offer[best]) if level == "offer" else best

    def _rate(self, asked: frozenset[int]) -> Array:
        """Units/s that each option makes with as many instances as the budget buys."""
        return self.space.rate * self._bought(asked)

    def _bought(self, asked: frozenset[int]) -> Array:
        """Instances of each option that the budget buys; one where there is none."""
        bought = np.ones(len(self.space.row))
        options_asked = {self.limits[index].option for index in asked}
        if self.request.budget is not None and "--budget" in options_asked:
            bought = np.floor(self.request.budget / self.space.usd * (1.0 + 1e-12))
        return np.maximum(bought, 1.0)


#: The term to ask for, by kind of price.
TERMS = {
    "on_demand": "on-demand", "spot": "spot", "serverless": "serverless", "marketplace": "marketplace",
    "community": "marketplace", "reserved": "reserved", "committed_1y": "reserved",
    "committed_3y": "reserved",
}  # fmt: skip


def _demands(request: Request) -> Iterator[constraints.Constraint]:
    """The rate that is asked for, as something that can be asked for less of."""
    if request.target is not None:
        yield constraints.Constraint(
            "--target", request.target.text, "option", lambda result: np.ones(len(result.latency), dtype=bool)
        )


def _slower(request: Request, rate: float) -> str:
    assert request.target is not None
    period, seconds = rate_period(request.target.text)
    digits = 10.0 ** (np.floor(np.log10(rate * seconds)) - 2)
    amount = np.floor(rate * seconds / digits) * digits
    return f'--target "{number(float(amount), 6).replace(",", "")} {request.target.unit}/{period}"'


def _cheapest(request: Request, every: Sequence[Offer], held: Sequence[Bools]) -> list[int]:
    """Of offers alike in GPU, size, trust, term and what they hold, the cheapest, by index."""
    kept: dict[tuple[Any, ...], int] = {}
    for index, offer in enumerate(every):
        key = (offer.gpu, offer.gpu_count, market.trust(offer, request), offer.kind,
               *(bool(one[index]) for one in held))  # fmt: skip
        if key not in kept or offer.usd_per_hour < every[kept[key]].usd_per_hour:
            kept[key] = index
    return list(kept.values())
