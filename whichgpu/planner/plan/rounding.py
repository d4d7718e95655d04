"""A fleet of one hour that survives its losses, from the relaxation: rounded up, mended, and thinned out.

The relaxation has few kinds of instance, so that rounding adds few. Instances are then taken away again, the
dearest first, as long as what is left carries the work and survives; whatever the time, there is a fleet.
"""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.planner.plan.fallback import mended
from whichgpu.planner.plan.formulation import formulate
from whichgpu.planner.plan.highs import solve
from whichgpu.planner.plan.losses import failing, survives

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whichgpu.planner.plan.milp import Loss
    from whichgpu.planner.plan.program import Program

    Array = NDArray[np.float64]

#: Seconds for one linear program.
_EACH = 1.0


def carried(program: Program, n: Array) -> Array | None:
    """How instances (C, H) carry the work and survive losses, shares (S, C, H); None where they do not."""
    if (program.limits.weights @ n > program.limits.most[:, None] + 1e-9).any():
        return None
    if (n > program.columns.most[:, None]).any() or (program.load.spare.any() and not survives(program, n)):
        return None
    milp = formulate(program)
    lower, upper = milp.lower.copy(), milp.upper.copy()
    lower[milp.n] = upper[milp.n] = n
    found = solve(replace(milp, lower=lower, upper=upper), relaxed=True, seconds=_EACH)
    if found.status != "optimal" or found.values is None:
        return None
    x = np.zeros((program.load.rate.shape[0], *n.shape))
    x[milp.x] = np.maximum(found.values[milp.shares : milp.shares + milp.x[0].size], 0.0)
    return x


def rounded_up(
    program: Program, losses: Sequence[Loss], until: float
) -> tuple[tuple[Array, Array] | None, float]:
    """Instances (C, 1) and shares (S, C, 1) of one hour, None where limits are in the way; and a bound."""
    limits = program.limits
    if limits.types is not None or limits.budget is not None or limits.watts is not None:
        return None, -np.inf
    made, bound = _rounded(program, losses)
    if made is None and np.isfinite(bound) and (program.load.spot < 1.0).any():
        # Where work may not be on spot capacity, more of it mends nothing.
        safe = np.where(program.columns.spot, 0.0, program.columns.most)
        made, _ = _rounded(replace(program, columns=replace(program.columns, most=safe)), losses)
    return (None if made is None else _thinned(program, *made, until)), bound


def _rounded(program: Program, losses: Sequence[Loss]) -> tuple[tuple[Array, Array] | None, float]:
    """The relaxation's instances rounded up and mended, and its value."""
    milp = formulate(program, losses)
    found = solve(milp, relaxed=True, seconds=_EACH)
    if found.status != "optimal" or found.values is None:
        return None, -np.inf
    n = mended(program, np.ceil(found.values[milp.n] - 1e-6), failing)
    x = None if n is None else carried(program, n)
    return (None if n is None or x is None else (n, x)), found.objective


def _thinned(program: Program, n: Array, x: Array, until: float) -> tuple[Array, Array]:
    """Without those instances that it can do without, the dearest first."""
    for c in np.argsort(-program.columns.usd, kind="stable").tolist():
        while n[c, 0] > 0.0 and program.columns.usd[c] > 0.0 and perf_counter() < until:
            fewer = n.copy()
            fewer[c] -= 1.0
            less = carried(program, fewer)
            if less is None:
                break
            n, x = fewer, less
    return n, x
