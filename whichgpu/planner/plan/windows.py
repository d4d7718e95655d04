"""A fleet of coupled hours made better: the hours of one window solved anew, all others as they are.

Each window is the whole program with the instances of the other hours fixed (fix and optimise); of the
columns only those in use count. Windows move around the day until none of them gains any more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.planner.plan import solving
from whichgpu.planner.plan.formulation import completed, formulate
from whichgpu.planner.plan.highs import solve
from whichgpu.planner.plan.losses import failing
from whichgpu.planner.plan.rounding import carried

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whichgpu.planner.plan.milp import Loss
    from whichgpu.planner.plan.program import Program
    from whichgpu.planner.plan.solving import Effort, Solution

    Array = NDArray[np.float64]
    Ints = NDArray[np.int_]

#: Hours of a window, from one to the next, and seconds for one.
_LONG, _NEXT, _EACH = 6, 3, 2.0
#: Rounds of rows of (8) for one window.
_ROUNDS = 6


def improved(program: Program, found: Solution, rows: Sequence[Loss], how: Effort) -> Solution:
    """The same or a cheaper fleet; `rows` of (8) are those that are known to be needed."""
    used = np.flatnonzero(found.n.any(axis=1))
    small, best = program.only(used), found.n[used]
    x, cost = found.x[:, used], found.cost
    hours, begin, idle = program.hours.size, 0, 0
    windows, known = -(-hours // _NEXT), list(rows)
    while idle < windows and how.left > 0.1 and used.size:
        window = (begin + np.arange(min(_LONG, hours))) % hours
        other = _anew(small, best, x, window, known=known, how=how)
        begin, idle = (begin + _NEXT) % hours, idle + 1
        if other is not None and solving.cost_of(small, *other) < cost * (1.0 - 1e-9):
            (best, x), idle = other, 0
            cost = solving.cost_of(small, best, x)
    n, shares = np.zeros_like(found.n), np.zeros_like(found.x)
    n[used], shares[:, used] = best, x
    return replace(found, n=n, x=shares, cost=cost)


def _anew(
    program: Program, n: Array, x: Array, window: Ints, *, known: list[Loss], how: Effort
) -> tuple[Array, Array] | None:
    """Instances and shares with the hours of a window free, None if none are found; `known` gains rows."""
    fixed = np.ones(n.shape, dtype=bool)
    fixed[:, window] = False
    fixed[program.columns.always] = True
    for _ in range(_ROUNDS):
        milp = formulate(program, known)
        lower, upper = milp.lower.copy(), milp.upper.copy()
        lower[milp.n[fixed]] = upper[milp.n[fixed]] = n[fixed]
        begin = np.zeros(milp.cost.size)
        begin[milp.n], begin[milp.shares : milp.shares + milp.x[0].size] = n, x[milp.x]
        begin = completed(program, milp, begin, n)
        part = replace(milp, lower=lower, upper=upper)
        found = solve(part, gap=0.1 * how.gap, seconds=min(_EACH, how.left), start=begin)
        if found.values is None:
            return None
        made = np.round(found.values[milp.n])
        more = failing(program, made) if program.load.spare.any() else []
        if not more:
            shares = carried(program, made)
            return None if shares is None else (made, shares)
        known += more
    return None
