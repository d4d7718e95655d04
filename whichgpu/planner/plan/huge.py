"""Fleets of hundreds of thousands of instances, where rounding one up costs nothing to speak of.

What a solver holds to be whole is within 1e-9 of it, and of a billion instances nothing is. Such a program is
solved in units of many instances, which may be parts of one; the fleet is rounded up. Its gap is at most the
price of one instance of each column over that of all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.planner.plan.formulation import formulate
from whichgpu.planner.plan.highs import solve
from whichgpu.units import HOUR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.planner.plan.program import Program

    Array = NDArray[np.float64]

#: Instances of the fastest column from which a slice is huge, and how many are left of them.
_HUGE, _LEFT = 2e5, 1e4


def unit(program: Program) -> float:
    """How many instances are one in the small program; 1 where nothing is huge."""
    fastest = program.columns.capacity.max(axis=1, initial=0.0)
    fastest = np.where(fastest > 0.0, fastest, np.inf)
    busiest = float((program.load.rate / fastest[:, None]).max(initial=0.0))
    once = np.nan_to_num(program.load.total) / (HOUR * program.hours.sum() * fastest)
    busiest = max(busiest, float(once.max(initial=0.0)))
    return busiest / _LEFT if busiest > _HUGE else 1.0


def rounded(program: Program, size: float, seconds: float) -> tuple[str, Array, Array, float]:
    """Status, instances (C, H), shares (S, C, H) and the bound of a program in units of `size` instances."""
    load, columns, limits = program.load, program.columns, program.limits
    small = replace(
        program,
        load=replace(load, rate=load.rate / size, total=load.total / size),
        columns=replace(columns, most=columns.most / size),
        limits=replace(limits, most=limits.most / size, budget=limits.budget and limits.budget / size,
                       watts=limits.watts and limits.watts / size),
    )  # fmt: skip
    milp = formulate(small)
    upper = milp.upper.copy()
    upper[milp.n] = np.broadcast_to(columns.most[:, None] / size, milp.n.shape)
    if program.able is not None:
        upper[milp.n[~program.able]] = 0.0
    types = np.zeros_like(milp.whole)
    types[list((milp.z or {}).values())] = True
    found = solve(replace(milp, upper=upper, whole=types), relaxed=not types.any(), seconds=seconds)
    n = np.zeros(milp.n.shape)
    x = np.zeros((load.rate.shape[0], *n.shape))
    if found.values is None:
        return found.status, n, x, -np.inf
    n = np.ceil(size * found.values[milp.n] - 1e-6)
    x[milp.x] = size * np.maximum(found.values[milp.shares : milp.shares + milp.x[0].size], 0.0)
    within = (limits.weights @ n <= limits.most[:, None] + 1e-9).all() and (n <= columns.most[:, None]).all()
    return ("optimal" if within else "infeasible"), n, x, size * found.bound
