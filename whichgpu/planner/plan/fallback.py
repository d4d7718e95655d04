"""A fleet at once, for when the time is too short: each slice on the column that carries it for the least."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.units import HOUR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from whichgpu.planner.plan.milp import Loss
    from whichgpu.planner.plan.program import Program

    Array = NDArray[np.float64]

#: Instances that are added to mend a fleet at most, hour by hour.
_ROUNDS = 12


def simple(program: Program) -> tuple[Array, Array] | None:
    """Instances (C, H) and shares (S, C, H), each slice with its own spares; None where limits forbid it.

    Spot capacity is left out wherever its share is limited.
    """
    columns, load, hours = program.columns, program.load, program.hours
    slices, count = load.rate.shape[0], hours.size
    n, x = np.zeros((columns.count, count)), np.zeros((slices, columns.count, count))
    most = program.upper()
    for s in range(slices):
        rate = load.rate[s]
        if program.flexible[s]:
            window = load.window[s] * hours
            rate = load.window[s] * load.total[s] / (HOUR * max(float(window.sum()), 1e-9))
        with np.errstate(divide="ignore", invalid="ignore"):
            need = rate[None, :] / columns.capacity[s][:, None]
        need = np.where(rate[None, :] > 0.0, need, 0.0)
        whole = np.ceil(need - 1e-9) + np.where(need > 0.0, load.spare[s], 0)
        whole = np.where(columns.always[:, None], whole.max(axis=1, keepdims=True), whole)
        able = (whole <= most).all(axis=1) & ~(columns.spot & (load.spot[load.demand[s]] < 1.0))
        cost = np.where(able, columns.usd * (np.where(able[:, None], whole, 0.0) @ hours), np.inf)
        if not np.isfinite(cost).any():
            return None
        best = int(np.argmin(cost))
        n[best] += whole[best]
        x[s, best] += need[best]
    return (n, x) if _allowed(program, n) else None


def mended(program: Program, n: Array, failing: Callable[[Program, Array], Sequence[Loss]]) -> Array | None:
    """More instances of the columns that a fleet has until it survives every loss; None if that cannot be."""
    n, most = n.copy(), program.columns.most[:, None]
    used = n.any(axis=1)
    for _ in range(_ROUNDS):
        more = failing(program, n)
        if not more:
            return n if _allowed(program, n) else None
        for loss in {one.hour: one for one in reversed(more)}.values():
            gain = loss.weights[program.columns.body] / program.columns.usd.clip(1e-9)
            gain = np.where(used & (n < most)[:, loss.hour], gain, 0.0)
            c = int(np.argmax(gain))
            if gain[c] <= 0.0:
                return None
            n[c, slice(None) if program.columns.always[c] else loss.hour] += 1.0
    return None


def _allowed(program: Program, n: Array) -> bool:
    limits, columns = program.limits, program.columns
    within = (n <= program.columns.most[:, None]).all() and (
        limits.weights @ n <= limits.most[:, None] + 1e-9
    ).all()
    kinds = np.unique(columns.kind[n.any(axis=1)]).size
    able = program.able is None or not (n[~program.able] > 0.0).any()
    fewer = limits.types is None or kinds <= limits.types
    return bool(within and fewer and able and limits.budget is None and limits.watts is None)
