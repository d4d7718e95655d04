"""Columns that no cheapest fleet needs, because another does at least as much for no more.

Column d dominates c where, instance for instance, it may stand in its place: it carries each slice at least as
fast, costs, draws and counts in quotas no more, is no less free to stop, is no spot capacity in place of safe one,
and there are enough of it. Of two that are alike the first stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.planner.plan.program import Program

    Ints = NDArray[np.int_]


def dominated(program: Program) -> Ints:
    """For each column the index of one that dominates it, itself undominated; -1 where there is none, (C,)."""
    columns, count = program.columns, program.columns.count
    if not count:
        return np.zeros(0, dtype=int)
    limits = program.limits
    # [c, d]: d is at least as good as c.
    good = np.ones((count, count), dtype=bool)
    for row in columns.capacity:
        good &= row[None, :] >= row[:, None]
    less = [columns.usd, columns.usd * columns.start, columns.always, columns.spot, *limits.weights]
    if program.energy or limits.watts is not None:
        less += [columns.idle, columns.idle * columns.start, *columns.work]
    for values in less:
        good &= np.asarray(values, dtype=float)[None, :] <= np.asarray(values, dtype=float)[:, None]
    if limits.types is not None:
        single = np.bincount(columns.kind)[columns.kind] == 1
        good &= (columns.kind[None, :] == columns.kind[:, None]) | single[:, None]
    plenty = (columns.most >= program.alone()) & ~(limits.weights > 0.0).any(axis=0)
    good &= plenty[None, :]
    # Of two that dominate each other the first does.
    either = good & good.T
    index = np.arange(count)
    good &= ~either | (index[None, :] < index[:, None])
    np.fill_diagonal(good, val=False)
    loser = good.any(axis=1)
    winners = good & ~loser[None, :]
    return np.where(loser, np.argmax(winners, axis=1), -1)
