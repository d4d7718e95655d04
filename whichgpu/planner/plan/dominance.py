"""Columns that no cheapest fleet needs, because another does at least as much for no more.

Column d dominates c where, instance for instance, it may stand in its place: it carries each slice at least
as fast, costs, draws and counts in quotas no more, is no less free to stop, is no spot capacity in place of
safe one, and there are enough of it. Of two that are alike the first stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.planner.plan.program import Program

    Ints = NDArray[np.int_]


def dominated(program: Program) -> Ints:
    """For each column the index of an undominated one that dominates it; -1 where there is none, (C,)."""
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
    good &= (columns.most >= program.alone().max(axis=1))[None, :]
    if limits.types is not None:
        good &= _of_types(columns.kind, good)
    # Of two that dominate each other the first does.
    either = good & good.T
    index = np.arange(count)
    good &= ~either | (index[None, :] < index[:, None])
    np.fill_diagonal(good, val=False)
    loser: NDArray[np.bool_] = np.asarray(good.any(axis=1))
    winners = good & ~loser[None, :]
    return np.where(loser, np.argmax(winners, axis=1), -1)


def _of_types(kind: Ints, good: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where a column may stand in for another without another type: of its own, or of one that replaces it.

    (C, C) from the types (C,) and which columns are at least as good (C, C).
    """
    count = int(kind.max()) + 1
    # [column, type]: some column of the type is at least as good.
    of_type = np.zeros((kind.size, count), dtype=bool)
    for one in range(count):
        of_type[:, one] = good[:, kind == one].any(axis=1)
    # [type, type]: all columns of the first have one in the second; of two alike the first stays.
    whole = np.array([of_type[kind == one].all(axis=0) if (kind == one).any() else np.zeros(count, bool)
                      for one in range(count)])  # fmt: skip
    index = np.arange(count)
    whole &= ~whole.T | (index[None, :] <= index[:, None])
    return np.asarray(whole[kind][:, kind] | (kind[:, None] == kind[None, :]))
