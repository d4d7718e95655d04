"""Which instance types, where only so many may be had: sets of them tried one against the other.

A set is judged by the relaxation over its columns alone, which takes milliseconds. From the types on which
the hours would spend most, one is exchanged for another as long as that helps; the best set is then solved
as a plan of its own, without the limit.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.planner.plan import decomposed, solving
from whichgpu.planner.plan.formulation import formulate
from whichgpu.planner.plan.highs import solve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.planner.plan.milp import Loss
    from whichgpu.planner.plan.program import Program
    from whichgpu.planner.plan.solving import Effort, Solution

#: Types that are tried, beside those chosen; parts of the time for the choice and for the fleet.
_TRIED, _CHOICE, _FLEET = 14, 0.3, 0.6


def of_few_types(
    program: Program, first: Sequence[Solution], rows: Sequence[Loss], how: Effort
) -> Solution | None:
    """A fleet of as many types as are allowed; None if none is found."""
    kinds = _chosen(program, _spent(program, first), rows, solving.effort(how.gap, _CHOICE * how.left))
    kept = np.flatnonzero(np.isin(program.columns.kind, list(kinds)))
    part = program.only(kept)
    part = replace(part, limits=replace(part.limits, types=None))
    own = solving.effort(how.gap, _FLEET * how.left)
    found = decomposed.together(part, own) or solving.surviving(part, own)
    if not np.isfinite(found.cost):
        return None
    n = np.zeros((program.columns.count, program.hours.size))
    x = np.zeros((program.load.rate.shape[0], *n.shape))
    n[kept], x[:, kept] = found.n, found.x
    # Its rows know nothing of the other types.
    return replace(found, n=n, x=x, bound=-np.inf, losses=())


def _spent(program: Program, first: Sequence[Solution]) -> list[int]:
    """Types, those first on which the hours spend most, then the cheapest for what they carry."""
    columns, load = program.columns, program.load
    spent = np.zeros(int(columns.kind.max()) + 1)
    for one in first:
        np.add.at(spent, columns.kind, one.n[:, 0] * columns.usd)
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
