"""Who works where: of all ways to deal work out over a fleet, one with few demands on each kind of instance.

With the instances fixed, any shares that carry the work cost the same. The fewest pairs of a demand and a
column are sought by linear programs whose weights fall with the use that the one before made of a pair
(Candes, Wakin and Boyd, Enhancing sparsity by reweighted l1 minimization, 2008).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.planner.plan.formulation import formulate
from whichgpu.planner.plan.highs import solve

if TYPE_CHECKING:
    from whichgpu.planner.plan.program import Program
    from whichgpu.planner.plan.solving import Solution

#: Linear programs, seconds for each, and the use that keeps a weight finite.
_TIMES, _EACH, _LEAST = 3, 5.0, 0.02


def settled(program: Program, found: Solution) -> Solution:
    """The same instances with their work dealt out to few; as it was where energy counts."""
    used = np.flatnonzero(found.n.any(axis=1))
    if program.energy or program.limits.watts is not None or not np.isfinite(found.cost) or not used.size:
        return found
    small = program.only(used)
    small = replace(small, limits=replace(small.limits, types=None, budget=None))
    milp = formulate(small)
    lower, upper = milp.lower.copy(), milp.upper.copy()
    lower[milp.n] = upper[milp.n] = found.n[used]
    s, c, h = milp.x
    first, last = milp.shares, milp.shares + s.size
    demand, x = small.load.demand[s], found.x[:, used]
    for _ in range(_TIMES):
        spent = np.zeros((int(small.load.demand.max()) + 1, used.size))
        np.add.at(spent, small.load.demand, np.einsum("sch,h->sc", x, small.hours))
        weight = 1.0 / (_LEAST + spent / np.maximum(found.n[used] @ small.hours, 1e-12))
        cost = np.zeros_like(milp.cost)
        cost[first:last] = (weight * small.columns.usd.clip(1e-6))[demand, c] * small.hours[h]
        answer = solve(replace(milp, cost=cost, lower=lower, upper=upper), relaxed=True, seconds=_EACH)
        if answer.values is None or answer.status != "optimal":
            return found
        x = np.zeros_like(x)
        x[s, c, h] = np.maximum(answer.values[first:last], 0.0)
    whole = np.zeros_like(found.x)
    whole[:, used] = x
    return replace(found, x=whole)
