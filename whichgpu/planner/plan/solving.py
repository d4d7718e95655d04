"""From a program to the cheapest fleet, with a bound that proves how near to the cheapest it is.

hours in a row that are alike are merged                                  (`program.merged`)
columns that others dominate are left out                                 (`dominance`)
hours that nothing couples are solved one by one, alike ones once
of many columns those that can matter are sifted                          (`sifting`)
rows of the losses that a fleet would not survive are added until it does (`losses`)
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.planner.plan.dominance import dominated
from whichgpu.planner.plan.fallback import mended, simple
from whichgpu.planner.plan.formulation import completed, formulate
from whichgpu.planner.plan.highs import solve
from whichgpu.planner.plan.huge import rounded, unit
from whichgpu.planner.plan.losses import failing, key, of_hour, slack, spread
from whichgpu.planner.plan.means import means
from whichgpu.planner.plan.program import merged
from whichgpu.planner.plan.sifting import sift
from whichgpu.values import NamedTuple, immutable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.planner.plan.milp import Loss
    from whichgpu.planner.plan.program import Program
    from whichgpu.planner.plan.sifting import Sifted

    Array = NDArray[np.float64]
    Ints = NDArray[np.int_]
    Given = tuple[Program, Sequence[Loss], Sequence[Loss]]

#: Shares of a program above which its columns are sifted; rounds of losses at most.
_MANY, _ROUNDS = 2500, 60
#: Part of the time for rows of the mean loss.
_ROWS = 0.15
#: The gap at which fleets are searched for that need not survive yet; and s in which nothing more is found.
_ROUGH, _LITTLE = 0.05, 0.06
#: Hours times columns that are solved at once first, the part of the time for that, and what counts as equal.
_AT_ONCE, _SHORT, _SAME = 300, 0.6, 1e-9
#: Part of the time for hours as if nothing coupled them, and for all at once where some is paid for always.
_APART, _PAID = 0.35, 0.5
#: Hours that are solved side by side at most.
_WORKERS = 8
#: How near to a row of (8) a fleet is that it may matter again; hours of the first of them that are solved.
_CLOSE, _WAVE = 0.05, 2
#: How much more than its part of the time one of several programs may take.
_LONGER = 1.3
#: Columns a sifted hour begins with: those that would add at most this share to the relaxation, and no more.
_NEAR, _FEW = 0.01, 60
#: How much wider than asked for the gap of that search is: it only has to tell which columns are too dear.
_FIRST = 5.0
#: Of what is left of the time, the part that the first, restricted search may take.
_PART = 0.4


@immutable(eq=False)
class Solution:
    """`n` (C, H) instances and `x` (S, C, H) of them at work, what they cost and the proven bound, USD or Wh.

    `status`: optimal (within the gap asked for), limit (of time: the best that was found) or infeasible, of
    which there are neither.
    """

    status: str
    n: Array
    x: Array
    cost: float
    bound: float
    #: Rows of (8) that the search needed.
    losses: tuple[Loss, ...] = ()

    @property
    def gap(self) -> float:
        """How much less a cheaper fleet could at most cost, as a share."""
        return max(0.0, 1.0 - max(self.bound, 0.0) / self.cost) if self.cost > 0.0 else 0.0


class Effort(NamedTuple):
    """The gap at which the search may end, and the time by when it does, of `perf_counter`."""

    gap: float
    until: float

    @property
    def left(self) -> float:
        """Seconds left."""
        return max(self.until - perf_counter(), 0.05)


def effort(gap: float, seconds: float) -> Effort:
    """The gap, and so many seconds from now on."""
    return Effort(gap, perf_counter() + seconds)


def cheapest(program: Program, how: Effort) -> Solution:
    """The cheapest fleet within the gap, or the best until the time is over."""
    asked = (program.load.rate > 0.0).any(axis=1) | program.flexible
    if (asked & ~(program.columns.capacity > 0.0).any(axis=1)).any():
        return nothing(program, "infeasible")
    small, group = merged(program)
    by = dominated(small)
    kept = np.flatnonzero(by < 0)
    found = _within_budget(small.only(kept), how)
    n = np.zeros((program.columns.count, program.hours.size))
    x = np.zeros((program.load.rate.shape[0], *n.shape))
    if found.status == "infeasible":
        return replace(found, n=n, x=x)
    n[kept] = found.n[:, group]
    x[:, kept] = found.x[:, :, group]
    return replace(found, n=n, x=x)


def coupled(program: Program) -> bool:
    """Whether one hour's fleet depends on another's."""
    columns, limits = program.columns, program.limits
    fleet = any(each is not None for each in (limits.types, limits.budget, limits.watts))
    return bool(fleet or columns.always.any() or (columns.start > 0.0).any() or program.flexible.any())


def _within_budget(program: Program, how: Effort) -> Solution:
    """The cheapest fleet, if it costs no more than the budget: of USD that is a question, no row."""
    budget = program.limits.budget
    if budget is None or program.energy:
        return by_hour(program, how)
    free, most = replace(program, limits=replace(program.limits, budget=None)), budget * program.period
    found = by_hour(free, how)
    if found.bound <= most * (1.0 + _SAME) < found.cost and found.status == "optimal":
        found = by_hour(free, Effort(_SAME, how.until))
    if found.cost <= most * (1.0 + _SAME):
        return found
    return nothing(program, "infeasible" if found.bound > most or found.status == "infeasible" else "limit")


def by_hour(program: Program, how: Effort) -> Solution:
    """Hours that nothing couples one by one, others taken apart or, where they are few, as a whole."""
    if program.hours.size == 1:
        return surviving(program, how)
    if coupled(program):
        return _coupled(program, how)
    _, first, group = np.unique(program.load.rate, axis=1, return_index=True, return_inverse=True)
    found = side_by_side([program.at(np.array([h])) for h in first], how)
    if any(each.status == "infeasible" for each in found):
        return nothing(program, "infeasible")
    group = group.ravel()
    lasts = np.bincount(group, weights=program.hours)
    scale = lasts / program.hours[first]
    return Solution(
        "limit" if any(one.status == "limit" for one in found) else "optimal",
        np.concatenate([found[g].n for g in group], axis=1),
        np.concatenate([found[g].x for g in group], axis=2),
        float(sum(one.cost * part for one, part in zip(found, scale, strict=True))),
        float(sum(one.bound * part for one, part in zip(found, scale, strict=True))),
    )


def _coupled(program: Program, how: Effort) -> Solution:
    """Hours that know of each other: few at once, else taken apart, and at last from the best fleet on."""
    from whichgpu.planner.plan.apart import by_itself
    from whichgpu.planner.plan.counting import countable, counted
    from whichgpu.planner.plan.decomposed import separable, together
    from whichgpu.planner.plan.few_types import of_few_types

    best = nothing(program, "limit")
    few = program.hours.size * program.columns.count <= _AT_ONCE
    if countable(program):
        best = counted(program, Effort(how.gap, perf_counter() + _SHORT * how.left))
    elif few and separable(program) and program.limits.types is None and not program.flexible.any():
        best = by_itself(program, Effort(how.gap, perf_counter() + _APART * how.left))
    if best.status != "limit":
        return best
    if few or not separable(program):
        part = _SHORT * how.left if separable(program) else how.left
        best = _nearer(best, surviving(program, Effort(how.gap, perf_counter() + part)), how)
        if best.status != "limit" or not separable(program):
            return best
    if program.columns.always.any() and not few:
        # What is paid for always couples all hours at once, which prices hour by hour say little of.
        best = _nearer(best, surviving(program, Effort(how.gap, perf_counter() + _PAID * how.left)), how)
        if best.status != "limit":
            return best
    types = program.limits.types is not None
    best = _nearer(best, of_few_types(program, how) if types else together(program, how, best), how)
    if best.status != "limit":
        return best
    return _nearer(best, surviving(program, how, best if np.isfinite(best.cost) else None), how)


def _nearer(one: Solution, other: Solution, how: Effort) -> Solution:
    """The cheaper of two fleets of a program, under the better of their bounds."""
    if "infeasible" in (one.status, other.status):
        return one if one.status == "infeasible" else other
    best = min(one, other, key=lambda each: each.cost)
    bound = min(max(one.bound, other.bound), best.cost)
    near = np.isfinite(best.cost) and best.cost - bound <= how.gap * best.cost * (1.0 + _SAME)
    return replace(best, bound=bound, status="optimal" if near else "limit")


def side_by_side(
    parts: Sequence[Program], how: Effort, known: Sequence[Sequence[Loss]] | None = None
) -> list[Solution]:
    """Each of several programs of one hour that know nothing of each other, those that are alike once.

    `known` are rows of (8) that each is known to need.
    """
    keys = [_alike(part) for part in parts]
    nothing_known: list[Sequence[Loss]] = [()] * len(parts)
    every = zip(parts, known or nothing_known, nothing_known, strict=True)
    single: dict[bytes, Given] = dict(zip(keys, every, strict=True))
    workers = min(_WORKERS, os.cpu_count() or 1, len(single))
    waiting = iter(range(len(single), 0, -1))

    def one(given: Given) -> Solution:
        # What the ones before have left of their time is for those after them.
        own = _LONGER * how.left * workers / next(waiting)
        part, rows, others = given
        return surviving(part, Effort(how.gap, min(perf_counter() + own, how.until)), None, rows, others)

    # HiGHS lets other threads run while it works.
    with ThreadPoolExecutor(workers) as pool:
        if not parts[0].load.spare.any():
            found = dict(zip(single, pool.map(one, single.values()), strict=True))
        else:
            found = _in_waves(single, pool, one)
    return [found[key] for key in keys]


def _in_waves(
    single: Mapping[bytes, Given], pool: ThreadPoolExecutor, one: Callable[[Given], Solution]
) -> dict[bytes, Solution]:
    """A few programs first, then ever more: what these had to survive is known to those after them."""
    found: dict[bytes, Solution] = {}
    rows: dict[bytes, Loss] = {}
    wave, left = _WAVE, list(single)
    while left:
        some, left = left[:wave], left[wave:]
        given = [
            (part, known, of_hour(part, list(rows.values()), 0))
            for part, known, _ in map(single.__getitem__, some)
        ]
        done = list(pool.map(one, given))
        found |= dict(zip(some, done, strict=True))
        rows |= {key(row): row for each in done for row in each.losses}
        wave *= 2
    return found


def _alike(part: Program) -> bytes:
    """What tells programs of one hour apart that have their columns and limits in common."""
    load, columns = part.load, part.columns
    arrays = (part.hours, load.rate, load.window, columns.usd, columns.most)
    return b"".join(np.ascontiguousarray(one).tobytes() for one in arrays)


def surviving(
    program: Program, how: Effort, start: Solution | None = None, known: Sequence[Loss] = (),
    others: Sequence[Loss] = (),
) -> Solution:  # fmt: skip
    """A fleet that survives every loss that its demands allow; a search may begin with `start`, which does.

    Fleets that do not survive only serve to find the rows that they violate: they are searched for roughly at
    first, and mended by more instances, until one is near enough to the bound of them all. `known` are rows
    that are known to be needed, `others` those that another hour needs.
    """
    if not program.load.spare.any():
        return _solved(program, [], how, start) if start else _searched(program, [], how)
    losses = [*(known or means(program, _ROWS * how.left)), *others]
    best, bound = (start, -np.inf) if start else _first(program, losses, how)
    gap = how.gap if known or others else max(how.gap, _ROUGH)
    for _ in range(_ROUNDS):
        found = _searched(program, losses, Effort(gap, how.until), best)
        if found.status == "infeasible":
            return found
        bound = max(bound, found.bound)
        more = failing(program, found.n) if np.isfinite(found.cost) else []
        more += spread(program, found.n, more) if more and program.hours.size > 1 else []
        if np.isfinite(found.cost):
            best = _better(program, best, found, more)
        if best is not None and best.cost - bound <= how.gap * abs(best.cost):
            return replace(
                best, bound=min(bound, best.cost), status="optimal", losses=_near(program, best, losses)
            )
        if how.left <= _LITTLE:
            break
        losses += more
        gap = gap if more else how.gap
    last = best or _in_haste(program)
    bound = min(max(bound, last.bound), last.cost)
    return replace(last, bound=bound, status="limit", losses=_near(program, last, losses))


def _near(program: Program, found: Solution, losses: Sequence[Loss]) -> tuple[Loss, ...]:
    """Rows that the fleet all but violates, for other searches to begin with."""
    if not np.isfinite(found.cost):
        return tuple(losses)
    return tuple(one for one in losses if one.kind == "mean" or slack(program, found.n, one) < _CLOSE)


def _first(program: Program, losses: Sequence[Loss], how: Effort) -> tuple[Solution | None, float]:
    """A fleet to begin with and a bound, of the relaxation of one hour."""
    from whichgpu.planner.plan.rounding import rounded_up

    if program.hours.size > 1:
        return None, -np.inf
    made, bound = rounded_up(program, losses, perf_counter() + _ROWS * how.left)
    return None if made is None else Solution("limit", *made, cost_of(program, *made), bound), bound


def _better(
    program: Program, best: Solution | None, found: Solution, more: Sequence[Loss]
) -> Solution | None:
    """The cheaper of a known fleet and one that was found, mended where it would not survive."""
    n = mended(program, found.n, failing) if more else found.n
    if n is None:
        return best
    cost = cost_of(program, n, found.x)
    return replace(found, n=n, cost=cost) if best is None or cost < best.cost else best


def _in_haste(program: Program) -> Solution:
    """Out of time: the simple fleet, if it is allowed."""
    made = simple(program)
    if made is None:
        return nothing(program, "limit")
    return Solution("limit", *made, cost_of(program, *made), -np.inf)


def nothing(program: Program, status: str) -> Solution:
    """No fleet."""
    n = np.zeros((program.columns.count, program.hours.size))
    return Solution(status, n, np.zeros((program.load.rate.shape[0], *n.shape)), np.inf, -np.inf)


def _searched(
    program: Program, losses: Sequence[Loss], how: Effort, start: Solution | None = None
) -> Solution:
    """The program with known losses: as a whole where it is small, else sifted first."""
    shares = int((program.columns.capacity > 0.0).sum()) * program.hours.size
    if shares > _MANY:
        kept = sift(program, losses, how.left)
        if kept is not None:
            return _narrowed(program, losses, how, kept)
    return _solved(program, losses, how, start)


def _narrowed(program: Program, losses: Sequence[Loss], how: Effort, kept: Sifted) -> Solution:
    """A good fleet of the sifted columns, then the best of all that could be cheaper."""
    able, least, adds = kept.able, kept.relaxation.objective, kept.adds
    order = np.argsort(np.argsort(adds, axis=0), axis=0)
    able = able | ((adds <= _NEAR * least / program.hours.size) & (order < _FEW))
    some = replace(program, able=able)
    first = _solved(some, losses, Effort(_FIRST * how.gap, perf_counter() + _PART * how.left))
    if first.status == "infeasible":
        return _solved(program, losses, how)
    if first.cost - least <= how.gap * first.cost:
        return replace(first, bound=max(least, 0.0), status="optimal")
    more = able | (adds <= first.cost - least)
    found = _solved(replace(program, able=more), losses, how, start=first)
    best = min(found, first, key=lambda one: one.cost)
    return replace(best, bound=min(max(found.bound, least), best.cost), status=found.status)


def _solved(program: Program, losses: Sequence[Loss], how: Effort, start: Solution | None = None) -> Solution:
    size = unit(program)
    if size > 1.0:
        status, n, x, bound = rounded(program, size, how.left)
        cost = cost_of(program, n, x) if status == "optimal" else np.inf
        return nothing(program, status) if status != "optimal" else Solution(status, n, x, cost, bound)
    milp = formulate(program, losses)
    begin = None
    if start is not None:
        begin = np.zeros(milp.cost.size)
        begin[milp.n] = start.n
        begin[milp.shares : milp.shares + milp.x[0].size] = start.x[milp.x]
        begin = completed(program, milp, begin, start.n)
    found = solve(milp, gap=how.gap, seconds=how.left, start=begin)
    if found.values is None:
        return nothing(program, "infeasible" if found.status == "infeasible" else "limit")
    n = np.round(found.values[milp.n])
    x = np.zeros((program.load.rate.shape[0], *n.shape))
    x[milp.x] = np.maximum(found.values[milp.shares : milp.shares + milp.x[0].size], 0.0)
    cost = cost_of(program, n, x)
    status = "optimal" if found.status == "optimal" else "limit"
    return Solution(status, n, x, cost, min(found.bound, cost))


def cost_of(program: Program, n: Array, x: Array, *, energy: bool | None = None) -> float:
    """What a fleet costs in the period, starts included: USD, or Wh of `energy`."""
    columns = program.columns
    energy = program.energy if energy is None else energy
    each = columns.idle if energy else columns.usd
    cost = float(each @ n @ program.hours)
    if program.hours.size > 1:
        started = np.maximum(n - np.roll(n, 1, axis=1), 0.0).sum(axis=1)
        cost += float((each * columns.start * ~columns.always) @ started)
    if energy:
        cost += float(np.einsum("sc,sch,h->", columns.work, x, program.hours))
    elif program.load.worth is not None:
        cost -= float(np.einsum("sc,sch,h->", program.earned, x, program.hours))
    return cost
