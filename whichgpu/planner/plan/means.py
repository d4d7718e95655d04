"""Rows (8'): of what a relaxation would lose with the mean instance, before any fleet is known.

For a relaxation's n and x, and worths v of the slices, the mean loss takes lost_b = sum_s v_s k_sb x_sb of
each body. What is left, n - lost, carries theta of all rates (`losses.carried`), whose duals are new worths.
A few turns of this find v whose row the relaxation violates most.
"""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.planner.plan.formulation import formulate
from whichgpu.planner.plan.highs import solve
from whichgpu.planner.plan.losses import bodies, carried
from whichgpu.planner.plan.milp import Loss

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.planner.plan.program import Program

    Array = NDArray[np.float64]

#: Rounds of rows, turns in search of one, and by how much it must be violated.
_ROUNDS, _TURNS, _VIOLATED = 6, 3, 2e-3


def means(program: Program, seconds: float) -> list[Loss]:
    """Rows (8') that the relaxation violates, each hour's own; none where nothing may be lost."""
    found: list[Loss] = []
    if not program.load.spare.any():
        return found
    free = replace(program, limits=replace(program.limits, types=None))
    until = perf_counter() + seconds
    for _ in range(_ROUNDS):
        milp = formulate(free, found)
        known = solve(milp, relaxed=True, seconds=max(until - perf_counter(), 0.01))
        if known.status != "optimal" or known.values is None:
            break
        x = np.zeros((program.load.rate.shape[0], *milp.n.shape))
        x[milp.x] = known.values[milp.shares : milp.shares + milp.x[0].size]
        rows = [_violated(program, h, known.values[milp.n[:, h]], x[:, :, h]) for h in range(milp.n.shape[1])]
        more = [row for row in rows if row is not None]
        found += more
        if not more or perf_counter() > until:
            break
    return found


def _violated(program: Program, h: int, n: Array, x: Array) -> Loss | None:
    """The row of an hour that instances (C,) and shares (S, C) violate most; None where they violate none."""
    columns, rate = program.columns, program.load.rate[:, h]
    mine = (program.load.spare > 0) & (rate > 0.0)
    if not mine.any():
        return None
    each = bodies(program)
    there = np.bincount(columns.body, weights=n, minlength=each.shape[1])
    made = columns.capacity * x
    value = np.where(mine, 1.0 / np.maximum(rate, 1e-300), 0.0) / mine.sum()
    worst, row = _VIOLATED, None
    for _ in range(_TURNS):
        lost = np.bincount(columns.body, weights=value @ made, minlength=each.shape[1])
        _, part = carried(each[mine], rate[mine], np.maximum(there - lost, 0.0))
        value = np.zeros(mine.size)
        value[mine] = part
        weights = (each * value[:, None]).max(axis=0)
        lost = np.bincount(columns.body, weights=value @ made, minlength=each.shape[1])
        short = 1.0 - float(weights @ (there - lost))
        if short > worst:
            worst, row = short, Loss(h, weights, value, "mean")
    return row
