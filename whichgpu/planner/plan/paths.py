"""One fleet for each hour of those that any hour chose, with their starts: a shortest path around the day.

    minimise  sum_h t_h p n_f(h) + sum_h sum_c p_c a_c max(n_f(h),c - n_f(h-1),c, 0)

over the fleets f(h) that carry hour h (Bellman). Fleets of neighbours, and both together, are tried at an
hour where they are not so dear that no start saved could make up for it.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.planner.plan.rounding import carried

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.planner.plan.program import Program

    Array = NDArray[np.float64]

#: Fleets at most, and of those how many are tried at one hour beside its own.
_FLEETS, _TRIED = 120, 8


def along(program: Program, fixed: Program, n: Array, x: Array, until: float) -> tuple[Array, Array]:
    """Instances (C, H) and shares (S, C, H) of the best path; as they were where starts cost nothing.

    `fixed` is the program with commitments and totals set, whose hours know nothing of each other.
    """
    columns, hours = program.columns, program.hours
    start = np.where(columns.always, 0.0, columns.usd * columns.start)
    if hours.size == 1 or not start.any():
        return n, x
    after = np.maximum(n, np.roll(n, 1, axis=1))
    fleets = np.unique(np.concatenate([n.T, after.T]), axis=0)[:_FLEETS]
    shares: dict[tuple[int, int], Array] = {}
    cost = np.full((hours.size, fleets.shape[0]), np.inf)
    for h in range(hours.size):
        own = int(np.flatnonzero((fleets == n[:, h]).all(axis=1))[0]) if _there(fleets, n[:, h]) else -1
        if own < 0:
            return n, x
        shares[h, own], cost[h, own] = x[:, :, h], float(columns.usd @ n[:, h]) * hours[h]
        for f in _near(program, start, fleets, own, h):
            if perf_counter() > until:
                break
            part = carried(fixed.at(np.array([h])), fleets[f][:, None])
            if part is not None:
                shares[h, f], cost[h, f] = part[:, :, 0], float(columns.usd @ fleets[f]) * hours[h]
    path = _shortest(cost, np.maximum(fleets[None] - fleets[:, None], 0.0) @ start)
    return (
        np.stack([fleets[f] for f in path], axis=1),
        np.stack([shares[h, f] for h, f in enumerate(path)], axis=2),
    )


def _there(fleets: Array, one: Array) -> bool:
    return bool((fleets == one).all(axis=1).any())


def _near(program: Program, start: Array, fleets: Array, own: int, h: int) -> list[int]:
    """Fleets that could pay at an hour in place of its own, the cheapest first."""
    more = (fleets - fleets[own]) @ program.columns.usd * program.hours[h]
    saved = np.abs(fleets - fleets[own]) @ start
    able = (more <= saved + 1e-9) & (np.arange(fleets.shape[0]) != own)
    return [int(f) for f in np.argsort(more, kind="stable") if able[f]][:_TRIED]


def _shortest(cost: Array, change: Array) -> list[int]:
    """The fleet of each hour on the cheapest way around, (H, F) and (F, F) from one to the next."""
    best, least = list(np.argmin(cost, axis=1)), np.inf
    for first in np.flatnonzero(np.isfinite(cost[0])).tolist():
        total = np.full(cost.shape[1], np.inf)
        total[first] = cost[0, first]
        back = []
        for row in cost[1:]:
            ways = total[:, None] + change
            back.append(np.argmin(ways, axis=0))
            total = ways.min(axis=0) + row
        whole = total + change[:, first]
        last = int(np.argmin(whole))
        if whole[last] < least:
            least, path = whole[last], [last]
            for step in reversed(back):
                path.append(int(step[path[-1]]))
            best = path[::-1]
    return [int(f) for f in best]
