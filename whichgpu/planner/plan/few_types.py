"""Which instance types, where only so many may be had: sets of them tried one against the other.

A set is judged by the relaxation over its columns alone, which takes milliseconds. Where there are few sets
all are judged, and solved from the lowest on, until the next one's relaxation is no cheaper than the best
fleet: that is the proof. Of many, from the types on which the fleet without the limit spends most, one is
exchanged for another as long as that helps; the best set is then solved as a plan of its own, without the
limit.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.planner.plan import solving
from whichgpu.planner.plan.formulation import formulate
from whichgpu.planner.plan.highs import solve
from whichgpu.planner.plan.means import means

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.planner.plan.milp import Loss
    from whichgpu.planner.plan.program import Program
    from whichgpu.planner.plan.solving import Effort, Solution

#: Sets up to which all are judged; types that are tried of many, beside those chosen.
_SETS, _TRIED = 400, 14
#: Parts of the time: for rows of (8'), the fleet without the limit, the bound, the choice, and the fleet.
_ROWS, _FREE, _BOUND, _CHOICE, _FLEET = 0.1, 0.35, 0.2, 0.3, 0.9
#: The gap of the bound with whole types.
_NEAR = 2e-3


def of_few_types(program: Program, how: Effort) -> Solution:
    """The cheapest fleet of as many types as are allowed that was found, and its bound."""
    free = replace(program, limits=replace(program.limits, types=None))
    kinds = np.unique(program.columns.kind)
    types = min(int(program.limits.types or 1), kinds.size)
    rows = means(free, _ROWS * how.left)
    if comb(kinds.size, types) <= _SETS:
        return _of_all(program, [set(one) for one in combinations(kinds.tolist(), types)], rows, how)
    first = solving.by_hour(free, solving.effort(how.gap, _FREE * how.left))
    if first.status == "infeasible" or np.unique(program.columns.kind[first.n.any(axis=1)]).size <= types:
        return first
    bound = max(first.bound, _bound(program, rows, how))
    chosen = _chosen(program, _spent(program, first), rows, solving.effort(how.gap, _CHOICE * how.left))
    found = _fleet(program, chosen, solving.effort(how.gap, _FLEET * how.left))
    # That a set does not carry the work says nothing of the others.
    return replace(found, bound=min(bound, found.cost), status=_status(found, bound, how))


def _status(found: Solution, bound: float, how: Effort) -> str:
    near = np.isfinite(found.cost) and found.cost - bound <= how.gap * found.cost * (1.0 + 1e-9)
    return "optimal" if near else "limit"


def _of_all(program: Program, sets: list[set[int]], rows: Sequence[Loss], how: Effort) -> Solution:
    """All sets, from the lowest relaxation on, as long as one could be cheaper than the best fleet."""
    known = sorted(((_relaxed(program, one, rows, how), i) for i, one in enumerate(sets)))
    known = [(least, i) for least, i in known if np.isfinite(least)]
    best, bound = solving.nothing(program, "infeasible"), np.inf
    for place, (least, i) in enumerate(known):
        if least >= best.cost * (1.0 - how.gap):
            bound = min(bound, least)
            break
        part = how.left if place == len(known) - 1 else how.left / 2.0
        found = _fleet(program, sets[i], solving.effort(how.gap, part))
        if found.status != "infeasible":
            bound = min(bound, max(found.bound, least))
        if found.cost < best.cost or (not np.isfinite(best.cost) and found.status == "limit"):
            best = found
    if not np.isfinite(best.cost):
        return best
    return replace(best, bound=min(bound, best.cost), status=_status(best, bound, how))


def _fleet(program: Program, kinds: set[int], how: Effort) -> Solution:
    """The cheapest fleet of some types alone."""
    kept = np.flatnonzero(np.isin(program.columns.kind, list(kinds)))
    part = program.only(kept)
    found = solving.by_hour(replace(part, limits=replace(part.limits, types=None)), how)
    n = np.zeros((program.columns.count, program.hours.size))
    x = np.zeros((program.load.rate.shape[0], *n.shape))
    n[kept], x[:, kept] = found.n, found.x
    # Its rows know nothing of the other types.
    return replace(found, n=n, x=x, losses=())


def _bound(program: Program, rows: Sequence[Loss], how: Effort) -> float:
    """What fleets of so many types cost at least: instances may be parts of one, types are whole."""
    milp = formulate(program, rows)
    whole = np.zeros_like(milp.whole)
    whole[list((milp.z or {}).values())] = True
    found = solve(replace(milp, whole=whole), gap=_NEAR, seconds=_BOUND * how.left)
    return found.bound if np.isfinite(found.bound) else -np.inf


def _spent(program: Program, first: Solution) -> list[int]:
    """Types, those first on which a fleet spends most, then the cheapest for what they carry."""
    columns, load = program.columns, program.load
    spent = np.zeros(int(columns.kind.max()) + 1)
    np.add.at(spent, columns.kind, first.n @ program.hours * columns.usd)
    with np.errstate(divide="ignore", invalid="ignore"):
        asked = np.nan_to_num(columns.capacity / np.maximum(load.rate.max(axis=1), 1e-300)[:, None])
    carries = np.zeros(spent.size)
    np.maximum.at(carries, columns.kind, asked.clip(max=1e3).sum(axis=0) / columns.usd.clip(1e-9))
    return [int(one) for one in np.lexsort((-carries, -spent))]


def _chosen(program: Program, order: list[int], rows: Sequence[Loss], how: Effort) -> set[int]:
    types = int(program.limits.types or 1)
    best, tried = set(order[:types]), order[: types + _TRIED]
    least = _relaxed(program, best, rows, how)
    better = True
    while better and how.left > 0.1:
        better = False
        for new in (one for one in tried if one not in best):
            for old in sorted(best):
                other = (best - {old}) | {new}
                cost = _relaxed(program, other, rows, how)
                if cost < least * (1.0 - 1e-6):
                    best, least, better = other, cost, True
                    break
            if how.left <= 0.1:
                break
    return best


def _relaxed(program: Program, kinds: set[int], rows: Sequence[Loss], how: Effort) -> float:
    """What the relaxation costs with some types alone; inf where they do not carry the work."""
    part = program.only(np.flatnonzero(np.isin(program.columns.kind, list(kinds))))
    part = replace(part, limits=replace(part.limits, types=None))
    found = solve(formulate(part, rows), relaxed=True, seconds=how.left)
    return found.objective if found.status == "optimal" else np.inf
