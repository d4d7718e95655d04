"""Of thousands of columns and hours the few that a cheapest fleet can have, with proof for the others.

The relaxation is solved over some columns; all others are priced with its duals, and those that would lower
it join, until none would. With duals v_sh of the rate rows, an instance of column c at hour h earns at most

    V_ch = max { sum_s v_sh k_sc x_s :  sum_s x_s <= 1,  0 <= x_s <= r_sh / k_sc }

(the slices that pay best first), and n instances earn at most n V_ch, since what they earn is concave in n.
With p_ch, its price less what the duals of the other rows give it, every fleet that has it costs at least

    relaxation + p_ch - V_ch

so that where this is above a known fleet's cost, no cheaper fleet has it: it is left out without loss.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.planner.plan.formulation import formulate, scale
from whichgpu.planner.plan.highs import Found, solve
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whichgpu.planner.plan.milp import Loss, Milp
    from whichgpu.planner.plan.program import Program

    Array = NDArray[np.float64]
    Mask = NDArray[np.bool_]

#: Cheapest columns of each slice and hour to begin with, rounds at most, and columns that join in one.
_FIRST, _ROUNDS, _JOIN = 3, 12, 4
#: Below zero by this share of the price, a column would lower the relaxation.
_LOWERS = 1e-7


class Sifted(NamedTuple):
    """Where columns are in the relaxation (C, H), its value, and what each would at least add, (C, H)."""

    able: Mask
    relaxation: Found
    adds: Array


def sift(program: Program, losses: Sequence[Loss], seconds: float) -> Sifted | None:
    """The relaxation over all columns; None where it has no solution, or was not solved in time."""
    able = _first(program)
    for _ in range(_ROUNDS):
        some = replace(program, able=able)
        milp = formulate(some, losses)
        found = solve(milp, relaxed=True, seconds=seconds)
        if found.status != "optimal":
            return None
        adds = priced(program, milp, found, losses)
        usd = np.maximum(program.columns.usd, program.columns.idle)[:, None] * program.hours
        lowers = ~able & (adds < -_LOWERS * (usd + 1e-12))
        if not lowers.any():
            return Sifted(able, found, adds)
        # Of each hour those that would lower it most.
        worst = np.argsort(np.where(lowers, adds, 0.0), axis=0)[: _JOIN * program.load.rate.shape[0]]
        chosen = np.zeros_like(able)
        np.put_along_axis(chosen, worst, values=True, axis=0)
        able = _whole_period(program, able | (chosen & lowers))
    return None


def _first(program: Program) -> Mask:
    """The columns that carry a slice for the least at some hour, alone and in whole instances or in parts."""
    columns, hours = program.columns, program.hours.size
    able = np.zeros((columns.count, hours), dtype=bool)
    usd = columns.idle if program.energy else columns.usd
    usd = usd + 1e-9 * columns.usd.max(initial=1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        for s, h in zip(*np.nonzero((program.load.rate > 0.0) | program.load.window), strict=True):
            need = program.load.rate[s, h] / columns.capacity[s]
            part = usd / columns.capacity[s]
            for cost in (part, usd * np.ceil(need) if need.any() else part):
                best = np.argsort(np.where(columns.capacity[s] > 0.0, cost, np.inf), kind="stable")[:_FIRST]
                able[best, h] = columns.capacity[s, best] > 0.0
    return _whole_period(program, _roomy(program, able))


def _roomy(program: Program, able: Mask) -> Mask:
    """With every column where the number of instances is limited, so that enough of them are there."""
    limited = np.isfinite(program.columns.most) | (program.limits.weights > 0.0).any(axis=0)
    if limited.all() and program.columns.count > _FEW:
        return able
    return able | limited[:, None]


#: So many limited columns are all taken at once.
_FEW = 100


def _whole_period(program: Program, able: Mask) -> Mask:
    """What is paid for always is there always."""
    always = program.columns.always
    able[always] = able[always].any(axis=1, keepdims=True)
    return able


def priced(program: Program, milp: Milp, found: Found, losses: Sequence[Loss]) -> Array:
    """What an instance of each column would at least add to the relaxation at each hour, (C, H)."""
    columns, load, hours = program.columns, program.load, program.hours
    size = (columns.count, hours.size)
    each = columns.idle if program.energy else columns.usd
    price = each[:, None] * hours
    price = price - _of_fleet(program, milp, found, losses)
    value = _of_work(program, milp, found) - _of_means(program, milp, found, losses)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        need = load.rate[:, None, :] / columns.capacity[:, :, None]
    need = np.where(program.flexible[:, None, None] | np.isnan(need), np.inf, need)
    order = np.argsort(-value, axis=0)
    value, need = np.take_along_axis(value, order, 0), np.take_along_axis(need, order, 0)
    room = np.ones(size)
    for best, most in zip(value, need, strict=True):
        taken = np.where(best > 0.0, np.minimum(most, room), 0.0)
        price = price - taken * best
        room = room - taken
    always = columns.always
    price[always] = price[always].sum(axis=1, keepdims=True)
    return np.asarray(price)


def _rows(milp: Milp, found: Found, name: str) -> Array:
    first, last = milp.rows.get(name, (0, 0))
    return found.prices[first:last]


def _of_work(program: Program, milp: Milp, found: Found) -> Array:
    """What a column's whole attention to each slice is worth by the duals of (1), (2) and (6), (S, C, H)."""
    load, columns, hours = program.load, program.columns, program.hours
    worth = np.zeros(load.rate.shape)
    flexible, top = program.flexible, scale(program)
    asked = (load.rate > 0.0) & ~flexible[:, None]
    worth[asked] = _rows(milp, found, "rate")
    worth = worth / top[:, None]
    worth[flexible] = (_rows(milp, found, "work") / top[flexible])[:, None] * hours * load.window[flexible]
    value = worth[:, None, :] * columns.capacity[:, :, None]
    if load.worth is not None:
        value = value + program.earned[:, :, None] * (hours * load.window)[:, None, :]
    if program.energy:
        value = value - columns.work[:, :, None] * hours
    return np.asarray(np.where(columns.capacity[:, :, None] > 0.0, value, 0.0))


def _of_means(program: Program, milp: Milp, found: Found, losses: Sequence[Loss]) -> Array:
    """What the duals of (8') take from a column's work: what carries more is lost with more, (S, C, H)."""
    columns = program.columns
    taken = np.zeros((program.load.rate.shape[0], columns.count, program.hours.size))
    for loss, dual in zip(losses, _rows(milp, found, "loss"), strict=True):
        if loss.kind == "mean":
            taken[:, :, loss.hour] += (
                float(dual) * loss.value[:, None] * columns.capacity * loss.weights[columns.body]
            )
    return taken


def _of_fleet(program: Program, milp: Milp, found: Found, losses: Sequence[Loss]) -> Array:
    """What the duals of (5), (8) and (9) give an instance of each column, (C, H)."""
    columns, limits, hours = program.columns, program.limits, program.hours
    given = np.zeros((columns.count, hours.size))
    quota = _rows(milp, found, "quota").reshape(limits.most.size, hours.size)
    given += limits.weights.T @ quota
    for loss, dual in zip(losses, _rows(milp, found, "loss"), strict=True):
        given[:, loss.hour] += dual * loss.weights[columns.body]
    for name, each in (("budget", columns.usd), ("watts", columns.idle)):
        if milp.rows.get(name):
            given += float(_rows(milp, found, name)[0]) * each[:, None] * hours
    return given
