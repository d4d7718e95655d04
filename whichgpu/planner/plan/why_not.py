"""Why each class of offers is not in the fleet, and the next best fleet.

By how much the price of a column would have to fall is a ratio: of all fleets that have it, the least of
(their cost - that of the fleet) / (USD spent on the column). Each fleet found at a lower price gives a
smaller fall to try next, until none is cheaper (Dinkelbach, On nonlinear fractional programming, 1967). The
relaxation, where this begins, has parts of instances; where the time is over its figure is told as such.
"""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.planner.plan.again import usd
from whichgpu.planner.plan.answer import Plan, Rival
from whichgpu.planner.plan.columns import Rejection
from whichgpu.planner.plan.dominance import dominated
from whichgpu.planner.plan.sifting import priced
from whichgpu.planner.plan.solving import cost_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from whichgpu.planner.plan.again import Again
    from whichgpu.planner.plan.columns import Built
    from whichgpu.planner.plan.program import Program
    from whichgpu.planner.plan.solving import Solution

    Array = NDArray[np.float64]

#: Seconds for exact falls of prices, solutions for one of them, what counts as free and as no fall, and costs
#: that are the same.
_EXACT, _STEPS, _FREE, _LEAST, _SAME = 1.0, 8, 0.999, 1e-6, 1e-9
#: Types that are left out in turn in search of the next best fleet.
_RIVALS = 4


def why_not(again: Again) -> Iterator[Rejection]:
    """Why each class of offers, a GPU under a kind of price, is not in the fleet."""
    built, found, program = again.built, again.found, again.built.program
    by = dominated(program)
    falls = np.full(program.columns.count, np.nan)
    if again.relaxed is not None:
        kept, less, rows, milp, relaxed = again.relaxed
        adds = priced(less, milp, relaxed, rows)
        price = less.columns.usd[:, None] * less.hours
        price = np.where(less.columns.always[:, None], price.sum(axis=1, keepdims=True), price)
        falls[kept] = (adds / np.maximum(price, 1e-12)).min(axis=1)
    used: Any = found.n.any(axis=1)
    classes: dict[tuple[str, str], list[int]] = {}
    for c, one in enumerate(built.supplies):
        key = (one.name, one.kind) if one.option is not None or one.gpu is None else (one.gpu, one.kind)
        classes.setdefault(key, []).append(c)
    near = _nearest_first(falls)
    best = {
        key: min(mine, key=lambda c: (by[c] >= 0, near[c], program.columns.usd[c]))
        for key, mine in classes.items()
        if not used[mine].any()
    }
    known = _breaking_even(again, [c for c in best.values() if by[c] < 0 and program.upper()[c].any()], falls)
    for (what, kind), c in best.items():
        said = _reason(built, c, by, falls, known)
        yield Rejection(f"{what} ({kind.replace('_', ' ')})", len(classes[what, kind]), *said)


def _nearest_first(falls: Array) -> list[float]:
    """What columns are sorted by: those whose fall is not known last."""
    found: list[float] = np.nan_to_num(falls, nan=1e9).tolist()
    return found


def _breaking_even(again: Again, some: list[int], falls: Array) -> dict[int, float]:
    """By how much prices would have to fall, those first that are nearest to it, while there is time."""
    until = perf_counter() + min(_EXACT, again.left)
    known = {}
    for c in sorted(some, key=_nearest_first(falls).__getitem__):
        fall = _fall(again, c, float(np.nan_to_num(falls[c], nan=_FREE)), until)
        if fall is None:
            break
        known[c] = fall
    return known


def _fall(again: Again, c: int, begin: float, until: float) -> float | None:
    """The share by which a column's price would have to fall; 1 where no fall would do, None in no time."""
    fall = _down(again, c, float(np.clip(begin, _LEAST, _FREE)), until)
    # Where instances are whole a fall of the relaxation's may be too little.
    fall = _down(again, c, _FREE, until) if fall == 1.0 else fall
    return fall if fall is not None and fall > _LEAST else None


def _down(again: Again, c: int, begin: float, until: float) -> float | None:
    """The fall from which on the price pays, at most `begin`; 1 where that is too little."""
    program, cost, fall, trial = again.built.program, again.found.cost, 1.0, begin
    for _ in range(_STEPS):
        if perf_counter() > until:
            return None
        usd = program.columns.usd.copy()
        usd[c] *= 1.0 - trial
        found = again.cost(replace(program, columns=replace(program.columns, usd=usd)))
        if found is None:
            return None
        spent = cost_of(_priced_alone(program, c), found.n, found.x)
        if found.cost >= cost * (1.0 - _SAME - again.gap) or spent <= 0.0:
            break
        fall = trial = (found.cost + trial * spent - cost) / spent
    return fall


def _priced_alone(program: Program, c: int) -> Program:
    """The program in which nothing but one column costs anything."""
    usd = np.zeros_like(program.columns.usd)
    usd[c] = program.columns.usd[c]
    return replace(program, columns=replace(program.columns, usd=usd))


def _reason(built: Built, c: int, by: Any, falls: Array, known: dict[int, float]) -> tuple[str, str]:
    columns, one = built.program.columns, built.supplies[c]
    if columns.most[c] <= 0.0 or built.program.upper()[c].max() <= 0.0:
        return "not allowed", f"{one}: a limit leaves none of it"
    if by[c] >= 0:
        other = built.supplies[int(by[c])]
        price = "no less" if other.usd == one.usd else f"{usd(one.usd)}"
        return "dominated", (
            f"{one} at {usd(one.usd)} carries no more than {other} at {usd(other.usd)} of anything"
            if price != "no less"
            else f"{one} is no better than {other} at the same {usd(one.usd)}"
        )
    if np.isnan(falls[c]) and c not in known:
        return "dearer", f"{one} at {usd(one.usd)}: dearer for this work than the fleet"
    if not falls[c] <= _LEAST:
        return "dearer", f"{one} at {usd(one.usd)}: {_words(one.usd, float(falls[c]), known.get(c))}"
    fall = known.get(c, 1.0)
    exact = "" if fall >= 1.0 else f"; {_words(one.usd, fall, fall)}"
    return "whole instances", (
        f"{one} at {usd(one.usd)} would pay in parts of an instance; whole ones of the fleet fit the work "
        f"better{exact}"
    )


def _words(price: float, relaxed: float, fall: float | None) -> str:
    """By how much a price would have to fall: found, or about as much as the relaxation has it."""
    if fall is None:
        return (
            f"an instance earns {usd((1.0 - relaxed) * price)} at the margin; by the relaxation its price "
            f"would have to fall by about {relaxed:.0%}"
        )
    if fall >= 1.0:
        return "at no price does it make the fleet cheaper"
    return (
        f"its price would have to fall by {100.0 * fall:.3g}%, to {usd((1.0 - fall) * price)}, before it pays"
    )


def rival(again: Again, plan: Plan) -> tuple[Rival | None, Solution]:
    """The cheapest fleet that does without one of the types of this one, and the fleet to keep.

    Where the search was cut short it may be cheaper, and takes this one's place.
    """
    built, best = again.built, None
    names = list(dict.fromkeys(one.supply.type for one in plan.picks))[:_RIVALS]
    for name in names:
        kept = np.array([c for c, one in enumerate(built.supplies) if one.type != name])
        if not kept.size:
            continue
        answer = again.cost(built.program.only(kept))
        if answer is None or not np.isfinite(answer.cost) or (best and best[1].cost <= answer.cost):
            continue
        n, x = np.zeros_like(plan.solution.n), np.zeros_like(plan.solution.x)
        n[kept], x[:, kept] = answer.n, answer.x
        best = name, replace(answer, n=n, x=x)
    if best is None:
        return None, plan.solution
    if best[1].cost < plan.solution.cost * (1.0 - 1e-9):
        return None, replace(
            best[1], bound=min(plan.solution.bound, best[1].cost), status=plan.solution.status
        )
    other = Plan(built, best[1])
    more = other.usd_per_hour - plan.usd_per_hour
    share = more / max(plan.usd_per_hour, 1e-12)
    idle, mine = (sum(1.0 - p.utilisation for p in one.picks) for one in (other, plan))
    reason = "its instances stand idle more" if idle > mine + 0.1 else "what it carries costs more there"
    if more <= 1e-6 * max(plan.usd_per_hour, 1.0):
        why = "costs as much: nothing but the order of the search chose between them"
    else:
        why = f"costs {usd(more)} ({share:.1%}) more: {reason}"
    return Rival(best[0], other.fleet, other.usd_per_hour, why), plan.solution
