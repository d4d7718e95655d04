"""Hours that starts, commitments and work at any hour couple, taken apart by Lagrange multipliers.

What couples the hours are rows: starts (4), totals (2), and that the instances of a commitment are the same
at all hours. Multiplied by the duals of the relaxation they move into the prices,

    p'_ch = t_h p_c + pi_ch - pi_c,h+1        0 <= pi_ch <= p_c a_c
    v_s   USD earned for each unit of a total that is made

and each hour is a program of its own. The sum of their optima is a bound that is at least the relaxation's,
and mostly far nearer, since within an hour instances are whole (Geoffrion, Lagrangean relaxation for integer
programming, 1974). Their fleets, with totals and commitments set, are a fleet of the whole, to begin a
search with that has only the columns that some hour chose.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.planner.plan import solving
from whichgpu.planner.plan.few_types import of_few_types
from whichgpu.planner.plan.formulation import formulate
from whichgpu.planner.plan.highs import solve
from whichgpu.planner.plan.means import means
from whichgpu.planner.plan.paths import along

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from whichgpu.planner.plan.highs import Found
    from whichgpu.planner.plan.milp import Loss, Milp
    from whichgpu.planner.plan.program import Program
    from whichgpu.planner.plan.solving import Effort, Solution

    Array = NDArray[np.float64]

#: Hours times columns from which it is worth it.
_MANY = 200
#: The gap to which an hour is solved: the hours together are searched again afterwards.
_NEAR = 2e-3
#: Parts of the time that is left for rows of (8'), the bound, the bound of few types, and a fleet.
_ROWS, _BOUND, _TYPES, _FLEET = 0.15, 0.4, 0.2, 0.4


def separable(program: Program) -> bool:
    """Whether prices, and perhaps a limit on types, couple the hours, and there are enough of them."""
    limits = program.limits
    limited = limits.budget is not None or limits.watts is not None
    return not limited and not program.energy and program.hours.size * program.columns.count > _MANY


def together(program: Program, how: Effort) -> Solution | None:
    """The cheapest fleet of coupled hours that was found, and its bound; None where this is not the way."""
    if not separable(program):
        return None
    # Without the limit on types the hours are cheaper at most: the bound holds.
    free = replace(program, limits=replace(program.limits, types=None))
    rows = means(free, _ROWS * how.left)
    milp = formulate(free, rows)
    relaxed = solve(milp, relaxed=True, seconds=how.left)
    if relaxed.status != "optimal" or relaxed.values is None:
        return None
    priced, constant = _priced(free, milp, relaxed)
    hours = range(program.hours.size)
    first = solving.side_by_side([priced(h) for h in hours], _part(how, _BOUND))
    if any(one.status == "infeasible" for one in first):
        return first[0]
    bound = max(sum(one.bound for one in first) + constant, relaxed.objective)
    each = np.concatenate([one.n for one in first], axis=1)
    fleet = None if _too_many(program, each) else _fleet(free, first, how)
    if fleet is None and program.limits.types is not None:
        bound = max(bound, _bound_of_types(program, rows, how))
        fleet = of_few_types(program, first, rows, how)
    if fleet is not None and fleet.cost - bound <= how.gap * fleet.cost:
        return replace(fleet, bound=min(bound, fleet.cost), status="optimal")
    known = [*rows, *_of_hours(first, fleet)]
    return _again(program, first, fleet, bound=bound, known=known, how=how)


def _again(
    program: Program, first: list[Solution], start: Solution | None, *, bound: float, known: Sequence[Loss],
    how: Effort,
) -> Solution | None:  # fmt: skip
    """The whole searched with the columns that some hour chose, from the best fleet on."""
    used = np.any([one.n[:, 0] > 0.0 for one in first], axis=0)
    if start is not None:
        used |= start.n.any(axis=1)
    able = np.repeat(used[:, None], program.hours.size, axis=1)
    better = solving.surviving(replace(program, able=able), how, start, known)
    best = better if start is None else min(start, better, key=lambda one: one.cost)
    if not np.isfinite(best.cost):
        return None
    whole = bool(used.all()) and better.status == "optimal"
    bound = min(max(bound, better.bound if whole else bound), best.cost)
    done = best.cost - bound <= how.gap * best.cost * (1.0 + 1e-9)
    return replace(best, bound=bound, status="optimal" if done else "limit")


def _of_hours(first: list[Solution], fleet: Solution | None) -> Iterator[Loss]:
    """The rows of (8) that the hours needed, each at its hour."""
    for h, one in enumerate(first):
        yield from (loss._replace(hour=h) for loss in one.losses)
    yield from () if fleet is None else fleet.losses


def _bound_of_types(program: Program, rows: Sequence[Loss], how: Effort) -> float:
    """What fleets of so many types cost at least: instances may be parts of one, types are whole."""
    milp = formulate(program, rows)
    whole = np.zeros_like(milp.whole)
    whole[list((milp.z or {}).values())] = True
    found = solve(replace(milp, whole=whole), gap=_NEAR, seconds=_TYPES * how.left)
    return found.bound if np.isfinite(found.bound) else -np.inf


def _too_many(program: Program, n: Array) -> bool:
    """Whether a fleet has more types than are allowed."""
    types = program.limits.types
    return types is not None and np.unique(program.columns.kind[n.any(axis=1)]).size > types


def _part(how: Effort, part: float) -> Effort:
    return solving.effort(max(how.gap, _NEAR), part * how.left)


def _priced(program: Program, milp: Milp, relaxed: Found) -> tuple[Callable[[int], Program], float]:
    """The program of each hour under the relaxation's duals, and what their sum lacks."""
    columns, load, hours = program.columns, program.load, program.hours
    price = columns.usd[:, None] * hours
    first, last = milp.rows["starts"]
    starting = (columns.start > 0.0) & ~columns.always
    dual = np.zeros_like(price)
    dual[starting] = np.clip(relaxed.prices[first:last], 0.0, None).reshape(-1, hours.size)
    dual = np.minimum(dual, (columns.usd * columns.start)[:, None])
    price = price + dual - np.roll(dual, -1, axis=1)
    first, last = milp.rows["work"]
    worth = np.zeros(load.total.size)
    top = 3600.0 * np.maximum(columns.capacity.max(axis=1), 1e-300)
    worth[program.flexible] = np.maximum(relaxed.prices[first:last], 0.0) / top[program.flexible]
    constant = float(np.nansum(worth * np.nan_to_num(load.total)))

    def one(h: int) -> Program:
        part = program.at(np.array([h]))
        own = replace(columns, usd=price[:, h] / hours[h], start=np.zeros_like(columns.start),
                      always=np.zeros_like(columns.always))  # fmt: skip
        return replace(part, columns=own, load=replace(part.load, worth=worth))

    return one, constant


def _fleet(program: Program, first: list[Solution], how: Effort) -> Solution | None:
    """A fleet of the whole from those of the hours, solved again with commitments and totals set."""
    columns, load, hours = program.columns, program.load, program.hours
    n = np.concatenate([one.n for one in first], axis=1)
    x = np.concatenate([one.x for one in first], axis=2)
    fixed = program
    if columns.always.any() or program.flexible.any():
        kept = np.where(columns.always, np.median(n, axis=1).round(), np.inf)
        made = np.einsum("sc,sch,h->sh", columns.capacity, x, hours) * 3600.0
        rate = np.where(program.flexible[:, None], _spread(program, made), load.rate)
        own = replace(columns, usd=np.where(columns.always, 0.0, columns.usd),
                      always=np.zeros_like(columns.always),
                      most=np.minimum(columns.most, kept), start=np.zeros_like(columns.start))  # fmt: skip
        stated = replace(
            load, rate=rate, total=np.full(load.total.size, np.nan), window=np.zeros_like(load.window)
        )
        fixed = replace(program, columns=own, load=stated)
        first = solving.side_by_side([fixed.at(np.array([h])) for h in range(hours.size)], _part(how, _FLEET))
        if any(not np.isfinite(one.cost) for one in first):
            return None
        n = np.concatenate([one.n for one in first], axis=1)
        x = np.concatenate([one.x for one in first], axis=2)
        n[columns.always] = np.where(columns.always, kept, 0.0)[columns.always, None]
    if not np.isfinite(n).all():
        return None
    n, x = along(program, fixed, n, x, how.until)
    rows = tuple(_of_hours(first, None))
    return solving.Solution("limit", n, x, solving.cost_of(program, n, x), -np.inf, rows)


def _spread(program: Program, made: Array) -> Array:
    """Totals dealt out to hours as rates, as the hours made them, else evenly over the window, (S, H)."""
    load, hours = program.load, program.hours
    even = np.where(load.window, hours, 0.0)
    part = np.where(made.sum(axis=1, keepdims=True) > 0.0, made, even)
    part = part / np.maximum(part.sum(axis=1, keepdims=True), 1e-300)
    return np.asarray(np.nan_to_num(load.total)[:, None] * part / (3600.0 * hours))
