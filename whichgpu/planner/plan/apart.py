"""Hours as if nothing coupled them: starts for nothing, commitments by the hour.

The sum of their optima is a bound, and within an hour instances are whole and losses survived: where few
instances serve all day it is the optimum itself, which the relaxation of the whole misses by several percent.
The fleets of the hours, with what is committed at all of them, are a first whole fleet.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.planner.plan import solving
from whichgpu.planner.plan.rounding import carried

if TYPE_CHECKING:
    from whichgpu.planner.plan.program import Program
    from whichgpu.planner.plan.solving import Effort, Solution


def by_itself(program: Program, how: Effort) -> Solution:
    """The fleets of the hours and their bound; without a fleet where a limit is in its way.

    Of a program whose work is all of rates, without a limit on types, cost or power.
    """
    columns = program.columns
    free = replace(columns, start=np.zeros(columns.count), always=np.zeros(columns.count, bool))
    found = solving.by_hour(replace(program, columns=free), how)
    if found.status == "infeasible":
        return found
    n = np.where(columns.always[:, None], found.n.max(axis=1, keepdims=True), found.n)
    x = carried(program, n) if np.isfinite(found.cost) else None
    if x is None:
        return replace(solving.nothing(program, "limit"), bound=found.bound)
    cost = solving.cost_of(program, n, x)
    near = cost - found.bound <= how.gap * cost
    return replace(found, status="optimal" if near else "limit", n=n, x=x, cost=cost, losses=())
