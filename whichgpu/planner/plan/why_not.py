"""Why each class of offers is not in the fleet, and the next best fleet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.planner.plan.again import usd
from whichgpu.planner.plan.answer import Plan, Rival
from whichgpu.planner.plan.columns import Rejection
from whichgpu.planner.plan.dominance import dominated
from whichgpu.planner.plan.sifting import priced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from whichgpu.planner.plan.again import Again
    from whichgpu.planner.plan.columns import Built
    from whichgpu.planner.plan.solving import Solution

    Array = NDArray[np.float64]

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
    for (what, kind), mine in classes.items():
        if not used[mine].any():
            best = min(
                mine, key=lambda c: (by[c] >= 0, np.nan_to_num(falls[c], nan=1e9), program.columns.usd[c])
            )
            yield Rejection(
                f"{what} ({kind.replace('_', ' ')})", len(mine), *_reason(built, best, by, falls, used)
            )


def _reason(built: Built, c: int, by: Any, falls: Array, used: Any) -> tuple[str, str]:
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
    if np.isnan(falls[c]):
        return "dearer", f"{one} at {usd(one.usd)}: dearer for this work than the fleet"
    if falls[c] > 1e-6:
        return "dearer", (
            f"{one} at {usd(one.usd)}: an instance earns {usd((1.0 - falls[c]) * one.usd)} at the margin; "
            "its price "
            f"would have to fall by {falls[c]:.0%} before it could pay"
        )
    return "whole instances", (
        f"{one} at {usd(one.usd)} would pay in parts of an instance; whole ones of the fleet fit the work "
        "better"
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
