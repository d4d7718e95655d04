"""What limits are worth, and more work costs: shadow prices, in words that say how each was found.

In this order, the first that is known:

1. with its instances fixed, whether the fleet carries the change: then it costs nothing (a linear program);
2. the changed plan solved again;
3. of limits, solved again with the kinds of instance of this fleet alone;
4. the dual of the relaxation, in which instances may be parts of one.

With whole instances the duals of the program with its fleet fixed say no more than (1). What work costs in
the long run, when the fleet grows with it, are the duals of the relaxation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.planner.plan import conflict
from whichgpu.planner.plan.again import usd
from whichgpu.planner.plan.answer import Price
from whichgpu.planner.plan.formulation import scale
from whichgpu.planner.plan.rounding import carried
from whichgpu.planner.words import money
from whichgpu.units import HOUR
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from whichgpu.planner.plan.again import Again
    from whichgpu.planner.plan.answer import Constraint
    from whichgpu.planner.plan.columns import Built
    from whichgpu.planner.plan.highs import Found
    from whichgpu.planner.plan.milp import Loss, Milp
    from whichgpu.planner.plan.program import Program

    Array = NDArray[np.float64]

#: Limits that are eased, and demands up to which each is tried with 1 % more.
_EASED, _FEW = 12, 6


class _Found(NamedTuple):
    """USD/h that a change saves, and how that was found."""

    saved: float
    by: str


def shadow_prices(again: Again, rows: tuple[Constraint, ...]) -> Iterator[Price]:
    """What each binding limit is worth, and what more work costs."""
    built, program = again.built, again.built.program
    duals = margins(again)
    few = len(built.asked.demands) <= _FEW
    for d, one in enumerate(built.asked.demands[:_EASED]):
        name = f"demand {one.name}"
        if name in duals:
            yield _long_run(built, d, -duals[name])
        found = _more(again, conflict._demand(d, 1.01)(program), duals.get(name), few=few)
        yield _price(
            name, "+1 %", found,
            f"1 % more of {one.name} costs nothing: this fleet has the room", f"1 % more of {one.name}",
        )  # fmt: skip
        if one.spare:
            found = _less(again, conflict._spare(d)(program), None)
            if found is not None:
                text = f"N+{one.spare} of {one.name} costs {_HOW[found.by]}{usd(max(found.saved, 0.0))}"
                yield Price(f"redundancy of {one.name}", "none", found.saved, text, found.by)
    for row in [one for one in rows if one.binding][:_EASED]:
        eased = _eased(built, row)
        if eased is not None:
            change, less = eased
            yield _price(
                row.name, change, _less(again, less, duals.get(row.name)),
                f"{row.name} binds, yet {change} saves nothing", f"{row.name} binds: {change}",
            )  # fmt: skip


def _more(again: Again, program: Program, dual: float | None, *, few: bool) -> _Found | None:
    """What more work costs, as a saving below zero."""
    used = np.flatnonzero(again.found.n.any(axis=1))
    if again.left > 0.0 and carried(program.only(used), again.found.n[used]) is not None:
        return _Found(0.0, "fleet")
    saved = again.saved(program) if few else None
    if saved is not None:
        return _Found(saved, "solved")
    if dual is not None:
        return _Found(dual, "relaxation")
    saved = again.own(program)
    return None if saved is None else _Found(saved, "kinds")


def _less(again: Again, program: Program, dual: float | None) -> _Found | None:
    """What a limit that is eased saves."""
    saved = again.saved(program)
    if saved is not None:
        return _Found(saved, "solved")
    saved = again.own(program)
    if saved is not None and saved > 0.0:
        return _Found(saved, "kinds")
    return None if dual is None else _Found(dual, "relaxation")


#: How a price was found, in words before it and after it.
_HOW = {"fleet": "", "solved": "", "kinds": "about ", "relaxation": "about "}
_AFTER = {
    "fleet": "",
    "solved": "",
    "kinds": ", with these kinds of instance",
    "relaxation": ", by the relaxation",
}


def _price(name: str, change: str, found: _Found | None, nothing: str, what: str) -> Price:
    """A price in words."""
    if found is None:
        return Price(name, change, None, f"{what}: what it is worth was not found in time")
    saved, by = found
    if abs(saved) < 1e-6 or (saved < 0.0) != name.startswith("demand "):
        return Price(name, change, saved, nothing, by)
    verb = "saves" if saved > 0.0 else "costs"
    return Price(name, change, saved, f"{what} {verb} {_HOW[by]}{usd(abs(saved))}{_AFTER[by]}", by)


def _long_run(built: Built, d: int, one_percent: float) -> Price:
    """What a unit costs where the fleet grows with the work."""
    one, program = built.asked.demands[d], built.program
    mine = program.load.demand == d
    made = np.where(program.flexible, np.nan_to_num(program.load.total),
                    HOUR * program.load.rate @ program.hours)[mine].sum()  # fmt: skip
    each = 100.0 * one_percent * program.period / max(float(made), 1e-300)
    return Price(f"demand {one.name}", f"1,000 {one.unit} more", -1000.0 * each / program.period,
                 f"in the long run, where the fleet grows with it, 1,000 {one.unit} of {one.name} cost "
                 f"{money(1000.0 * each)}", "relaxation")  # fmt: skip


def margins(again: Again) -> dict[str, float]:
    """USD/h that easing each limit by one saves, by the duals of the relaxation; of a demand by +1 %."""
    if again.of_types is None or again.of_types.found.values is None:
        return {}
    built, (kept, program, rows, milp, found) = again.built, again.of_types
    assert found.values is not None
    x = np.zeros((program.load.rate.shape[0], *milp.n.shape))
    x[milp.x] = found.values[milp.shares : milp.shares + milp.x[0].size]
    value = _of_rates(program, milp, found) + _of_means(program, milp, found, rows, x)
    return {
        **_of_demands(built, program, milp, found, value),
        **_of_limits(built, program, milp, found, kept),
    }


def _dual(milp: Milp, found: Found, name: str) -> Array:
    first, last = milp.rows.get(name, (0, 0))
    return found.prices[first:last]


def _of_rates(program: Program, milp: Milp, found: Found) -> Array:
    """USD of all that is asked for at a rate, by the duals of (1), (S, H)."""
    load, top = program.load, scale(program)
    value = np.zeros(load.rate.shape)
    asked = (load.rate > 0.0) & ~program.flexible[:, None]
    value[asked] = _dual(milp, found, "rate") * (load.rate / top[:, None])[asked]
    return value


def _of_means(program: Program, milp: Milp, found: Found, rows: Sequence[Loss], x: Array) -> Array:
    """USD of all that is asked for by the duals of (8'), whose sides both move with it, (S, H)."""
    value = np.zeros(program.load.rate.shape)
    for loss, dual in zip(rows, _dual(milp, found, "loss"), strict=True):
        if loss.kind == "mean":
            made = loss.value[:, None] * program.columns.capacity * x[:, :, loss.hour]
            lost = float((made * loss.weights[program.columns.body]).sum())
            value[:, loss.hour] += float(dual) * (1.0 - lost) * loss.value * program.load.rate[:, loss.hour]
    return value


def _of_demands(built: Built, program: Program, milp: Milp, found: Found, value: Array) -> dict[str, float]:
    load, flexible = program.load, program.flexible
    by_slice = value.sum(axis=1)
    work = (load.total / (HOUR * scale(program)))[flexible]
    by_slice[flexible] += _dual(milp, found, "work") * work
    return {
        f"demand {one.name}": -0.01 * float(by_slice[load.demand == d].sum()) / program.period
        for d, one in enumerate(built.asked.demands)
    }  # fmt: skip


def _of_limits(built: Built, program: Program, milp: Milp, found: Found, kept: Any) -> dict[str, float]:
    hours, period = program.hours.size, program.period
    quota = -_dual(milp, found, "quota").reshape(-1, hours).sum(axis=1) / period
    worth = {f"quota {name}": float(value) for name, value in zip(built.quotas, quota, strict=True)}
    limited = np.flatnonzero(program.load.spot < 1.0)
    spot = -_dual(milp, found, "spot").reshape(-1, hours)
    for row, d in zip(spot, limited.tolist(), strict=True):
        worth[f"spot_share of {built.asked.demands[d].name}"] = float(row @ _tenth(program, d)) / period
    for index, c in enumerate(kept.tolist()):
        if np.isfinite(program.columns.most[index]):
            reduced = found.reduced[np.unique(milp.n[index])]
            worth[f"number of {built.supplies[c]}"] = float(-np.minimum(reduced, 0.0).sum()) / period
    return worth


def _tenth(program: Program, d: int) -> Array:
    """By how much 10 points raise the right side of (6) of a demand, (H,)."""
    load, mine = program.load, program.load.demand == d
    weight = np.where(program.flexible, HOUR, 1.0) * scale(program)
    asked = np.where(program.flexible[:, None], 0.0, load.rate)[mine].sum(axis=0)
    asked[0] += float(np.nan_to_num(load.total)[mine].sum())
    return np.asarray(0.1 * asked / float(weight[mine].max()))


def _eased(built: Built, row: Constraint) -> tuple[str, Program] | None:
    """A binding limit eased by one: in words, and the program."""
    program = built.program
    if row.kind == "quota":
        q = [f"quota {name}" for name in built.quotas].index(row.name)
        return f"one {row.unit.removesuffix('s')} more", conflict._quota(q, 1.0)(program)
    if row.kind == "instances":
        c = [f"number of {one}" for one in built.supplies].index(row.name)
        return "one more", conflict._most(c, 1.0)(program)
    if row.kind == "types":
        return "one type more", conflict._more_types(program, 1.0)
    if row.kind == "spot":
        d = [f"spot_share of {one.name}" for one in built.asked.demands].index(row.name)
        spot = program.load.spot.copy()
        spot[d] = min(spot[d] + 0.1, 1.0)
        return "10 points more", replace(program, load=replace(program.load, spot=spot))
    return None
