"""Why this fleet: slack, what each limit is worth, what was left out, the next best, what a commitment saves.

What a limit is worth is found by solving again with it eased: with whole instances the duals of the program
with its fleet fixed say only that, while there is room, more work costs nothing. What work costs in the long
run, when the fleet grows with it, are the duals of the relaxation.
"""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.planner.plan import conflict
from whichgpu.planner.plan.answer import Constraint, Plan, Price, Rival
from whichgpu.planner.plan.columns import Rejection
from whichgpu.planner.plan.dominance import dominated
from whichgpu.planner.plan.formulation import formulate, scale
from whichgpu.planner.plan.highs import solve
from whichgpu.planner.plan.losses import bodies, carried
from whichgpu.planner.plan.means import means
from whichgpu.planner.plan.program import merged
from whichgpu.planner.plan.sifting import priced
from whichgpu.planner.plan.solving import Effort, cheapest
from whichgpu.units import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from whichgpu.planner.plan.columns import Built
    from whichgpu.planner.plan.highs import Found
    from whichgpu.planner.plan.milp import Milp
    from whichgpu.planner.plan.program import Program
    from whichgpu.planner.plan.solving import Solution

    Array = NDArray[np.float64]

#: Types that are left out in turn in search of the next best fleet, and limits that are eased.
_RIVALS, _EASED = 4, 12
#: Demands up to which each is tried with 1 % more; of many the relaxation tells enough.
_FEW = 6
#: Seconds for one of these at most.
_EACH = 8.0


def usd(value: float) -> str:
    """USD/h in words, with as many digits as it takes."""
    return f"{value:,.2f} USD/h" if abs(value) >= 0.1 or value == 0 else f"{number(value, 3)} USD/h"


class Again:
    """Solves changed programs while there is time."""

    def __init__(self, built: Built, found: Solution, until: float) -> None:
        self.built, self.found, self.until = built, found, until
        self.gap = max(built.asked.gap, found.gap, 1e-6)

    def cost(self, program: Program) -> Solution | None:
        """The cheapest fleet of a changed program; None where the time is over, or would not do."""
        left = self.until - perf_counter()
        if left <= 0.1:
            return None
        answer = cheapest(program, Effort(self.gap, perf_counter() + min(_EACH, left)))
        return None if answer.status == "limit" and answer.gap > 10.0 * self.gap else answer

    def saved(self, program: Program) -> float | None:
        """USD/h that a change saves; None where it is not known in time."""
        answer = self.cost(program)
        if answer is None:
            return None
        return (self.found.cost - answer.cost) / self.built.program.period


def constraints(built: Built, found: Solution) -> tuple[Constraint, ...]:
    """What limits the plan, and how much of each is used at most."""
    program, asked = built.program, built.asked
    columns, limits, n = program.columns, program.limits, found.n
    rows: list[Constraint] = []
    for name, weights, most in zip(built.quotas, limits.weights, limits.most, strict=True):
        unit = "GPUs" if "GPUs" in name else "instances"
        rows.append(Constraint(f"quota {name}", "quota", float(most), float((weights @ n).max()), unit))
    for c in np.flatnonzero(np.isfinite(columns.most)).tolist():
        rows.append(Constraint(f"number of {built.supplies[c]}", "instances", float(columns.most[c]),
                               float(n[c].max()), "instances"))  # fmt: skip
    if limits.types is not None:
        used = np.unique(columns.kind[n.any(axis=1)]).size
        rows.append(Constraint("max_types", "types", float(limits.types), float(used), "types"))
    if limits.budget is not None:
        rows.append(Constraint("budget", "budget", limits.budget, found.cost / program.period, "USD/h"))
    for d, one in enumerate(asked.demands):
        if one.spot < 1.0 and columns.spot.any():
            rows.append(
                Constraint(f"spot_share of {one.name}", "spot", one.spot, _on_spot(program, found, d), "")
            )
    return tuple(rows)


def _on_spot(program: Program, found: Solution, demand: int) -> float:
    """The largest share of a demand's work that spot capacity does."""
    mine = program.load.demand == demand
    made = np.einsum("sc,sch->sch", program.columns.capacity, found.x)[mine]
    spot, whole = made[:, program.columns.spot].sum(axis=(0, 1)), made.sum(axis=(0, 1))
    if program.flexible[mine].any():
        spot, whole = spot[None] @ program.hours, whole[None] @ program.hours
    return float(np.max(np.where(whole > 0.0, spot / np.maximum(whole, 1e-300), 0.0)))


def headroom(program: Program, found: Solution) -> tuple[float | None, int]:
    """By what share all rates could grow on this fleet, spares kept aside, and at which hour the least."""
    each, least, tightest = bodies(program), np.inf, 0
    for h in range(program.hours.size):
        mine = (program.load.rate[:, h] > 0.0) & ~program.flexible
        if not mine.any():
            continue
        there = np.bincount(program.columns.body, weights=found.n[:, h], minlength=each.shape[1])
        theta = carried(each[mine], program.load.rate[mine, h], there)[0]
        if theta - 1.0 < least:
            least, tightest = theta - 1.0, h
    return (max(float(least), 0.0) if np.isfinite(least) else None), tightest


def shadow_prices(again: Again, rows: tuple[Constraint, ...]) -> Iterator[Price]:
    """What each binding limit is worth, and what more work costs: solved again, or by duals."""
    built, program = again.built, again.built.program
    duals = margins(built)
    for d, one in enumerate(built.asked.demands[:_EASED]):
        name = f"demand {one.name}"
        if name in duals:
            yield _long_run(built, d, -duals[name])
        few = len(built.asked.demands) <= _FEW or name not in duals
        saved = again.saved(conflict._demand(d, 1.01)(program)) if few else None
        yield _price(
            name, "+1 %", (saved, duals.get(name)),
            f"1 % more of {one.name} costs nothing: this fleet has the room", f"1 % more of {one.name}",
        )  # fmt: skip
        if one.spare:
            saved = again.saved(conflict._spare(d)(program))
            if saved is not None:
                text = f"N+{one.spare} of {one.name} costs {usd(max(saved, 0.0))}"
                yield Price(f"redundancy of {one.name}", "none", saved, text)
    for row in [one for one in rows if one.binding][:_EASED]:
        eased = _eased(built, row)
        if eased is not None:
            change, less = eased
            yield _price(
                row.name, change, (again.saved(less), duals.get(row.name)),
                f"{row.name} binds, yet {change} saves nothing", f"{row.name} binds: {change}",
            )  # fmt: skip


def _price(
    name: str, change: str, worth: tuple[float | None, float | None], nothing: str, what: str
) -> Price:
    """A price in words of what was found anew, else of the dual, else not known."""
    saved, dual = worth
    if saved is None:
        if dual is None:
            return Price(name, change, None, f"{what}: what it is worth was not found in time")
        verb = "saves" if dual >= 0.0 else "costs"
        return Price(name, change, dual, f"{what} {verb} about {usd(abs(dual))}, by the relaxation")
    if abs(saved) < 1e-6 or (saved < 0.0) != name.startswith("demand "):
        return Price(name, change, saved, nothing)
    return Price(name, change, saved, f"{what} {'saves' if saved > 0.0 else 'costs'} {usd(abs(saved))}")


def _long_run(built: Built, d: int, one_percent: float) -> Price:
    """What a unit costs where the fleet grows with the work."""
    one, program = built.asked.demands[d], built.program
    mine = program.load.demand == d
    made = np.where(program.flexible, np.nan_to_num(program.load.total),
                    3600.0 * program.load.rate @ program.hours)[mine].sum()  # fmt: skip
    each = 100.0 * one_percent * program.period / max(float(made), 1e-300)
    return Price(f"demand {one.name}", f"1,000 {one.unit} more", -1000.0 * each / program.period,
                 f"in the long run, where the fleet grows with it, 1,000 {one.unit} of {one.name} cost "
                 f"{number(1000.0 * each, 3)} USD")  # fmt: skip


def margins(built: Built) -> dict[str, float]:
    """USD/h that easing each limit by one saves, by the duals of the relaxation; of a demand by +1 %."""
    small, _ = merged(built.program)
    kept = np.flatnonzero(dominated(small) < 0)
    program = small.only(kept)
    milp = formulate(program, means(program, _EACH))
    found = solve(milp, relaxed=True, seconds=_EACH)
    if found.status != "optimal":
        return {}
    return {**_of_demands(built, program, milp, found), **_of_limits(built, program, milp, found, kept)}


def _dual(milp: Milp, found: Found, name: str) -> Array:
    first, last = milp.rows.get(name, (0, 0))
    return found.prices[first:last]


def _of_demands(built: Built, program: Program, milp: Milp, found: Found) -> dict[str, float]:
    load, top = program.load, scale(program)
    value = np.zeros(load.rate.shape)
    asked = (load.rate > 0.0) & ~program.flexible[:, None]
    value[asked] = _dual(milp, found, "rate") * (load.rate / top[:, None])[asked]
    by_slice = value.sum(axis=1)
    flexible = program.flexible
    by_slice[flexible] += _dual(milp, found, "work") * (load.total / (3600.0 * top))[flexible]
    return {
        f"demand {one.name}": -0.01 * float(by_slice[load.demand == d].sum()) / program.period
        for d, one in enumerate(built.asked.demands)
    }  # fmt: skip


def _of_limits(built: Built, program: Program, milp: Milp, found: Found, kept: Any) -> dict[str, float]:
    hours, period = program.hours.size, program.period
    quota = -_dual(milp, found, "quota").reshape(-1, hours).sum(axis=1) / period
    worth = {f"quota {name}": float(value) for name, value in zip(built.quotas, quota, strict=True)}
    for index, c in enumerate(kept.tolist()):
        if np.isfinite(program.columns.most[index]):
            reduced = found.reduced[np.unique(milp.n[index])]
            worth[f"number of {built.supplies[c]}"] = float(-np.minimum(reduced, 0.0).sum()) / period
    return worth


def _eased(built: Built, row: Constraint) -> tuple[str, Program] | None:
    """A binding limit eased by one: in words, and the program."""
    program = built.program
    if row.kind == "quota":
        q = [f"quota {name}" for name in built.quotas].index(row.name)
        return f"one of {row.unit} more", conflict._quota(q, 1.0)(program)
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


def why_not(built: Built, found: Solution) -> Iterator[Rejection]:
    """Why each class of offers, a GPU under a kind of price, is not in the fleet."""
    program = built.program
    by = dominated(program)
    kept = np.flatnonzero(by < 0)
    falls = np.full(program.columns.count, np.nan)
    less = program.only(kept)
    less = replace(less, limits=replace(less.limits, types=None))
    rows = means(less, _EACH)
    milp = formulate(less, rows)
    relaxed = solve(milp, relaxed=True, seconds=_EACH)
    if relaxed.status == "optimal":
        adds = priced(less, milp, relaxed, rows)
        price = less.columns.usd[:, None] * less.hours
        price = np.where(less.columns.always[:, None], price.sum(axis=1, keepdims=True), price)
        falls[kept] = (adds / np.maximum(price, 1e-12)).min(axis=1)
    used: Any = found.n.any(axis=1)
    classes: dict[tuple[str, str], list[int]] = {}
    for c, one in enumerate(built.supplies):
        key = (one.name, one.kind) if one.option is not None or one.gpu is None else (one.gpu, one.kind)
        classes.setdefault(key, []).append(c)
    for (what, kind), mine in classes.items():
        if not used[mine].any():
            best = min(
                mine, key=lambda c: (by[c] >= 0, np.nan_to_num(falls[c], nan=1e9), program.columns.usd[c])
            )
            yield Rejection(
                f"{what} ({kind.replace('_', ' ')})", len(mine), *_reason(built, best, by, falls, used)
            )


def _reason(built: Built, c: int, by: Any, falls: Array, used: Any) -> tuple[str, str]:
    columns, one = built.program.columns, built.supplies[c]
    if columns.most[c] <= 0.0 or built.program.upper()[c].max() <= 0.0:
        return "not allowed", f"{one}: a limit leaves none of it"
    if by[c] >= 0:
        other = built.supplies[int(by[c])]
        price = "no less" if other.usd == one.usd else f"{usd(one.usd)}"
        return "dominated", (
            f"{one} at {usd(one.usd)} carries no more than {other} at {usd(other.usd)} of anything"
            if price != "no less"
            else f"{one} is no better than {other} at the same {usd(one.usd)}"
        )
    if np.isnan(falls[c]):
        return "dearer", f"{one} at {usd(one.usd)}: dearer for this work than the fleet"
    if falls[c] > 1e-6:
        return "dearer", (
            f"{one} at {usd(one.usd)}: an instance earns {usd((1.0 - falls[c]) * one.usd)} at the margin; "
            "its price "
            f"would have to fall by {falls[c]:.0%} before it could pay"
        )
    return "whole instances", (
        f"{one} at {usd(one.usd)} would pay in parts of an instance; whole ones of the fleet fit the work "
        "better"
    )


def rival(again: Again, plan: Plan) -> tuple[Rival | None, Solution]:
    """The cheapest fleet that does without one of the types of this one, and the fleet to keep.

    Where the search was cut short it may be cheaper, and takes this one's place.
    """
    built, best = again.built, None
    names = list(dict.fromkeys(one.supply.type for one in plan.picks))[:_RIVALS]
    for name in names:
        kept = np.array([c for c, one in enumerate(built.supplies) if one.type != name])
        if not kept.size:
            continue
        answer = again.cost(built.program.only(kept))
        if answer is None or not np.isfinite(answer.cost) or (best and best[1].cost <= answer.cost):
            continue
        n, x = np.zeros_like(plan.solution.n), np.zeros_like(plan.solution.x)
        n[kept], x[:, kept] = answer.n, answer.x
        best = name, replace(answer, n=n, x=x)
    if best is None:
        return None, plan.solution
    if best[1].cost < plan.solution.cost * (1.0 - 1e-9):
        return None, replace(
            best[1], bound=min(plan.solution.bound, best[1].cost), status=plan.solution.status
        )
    other = Plan(built, best[1])
    more = other.usd_per_hour - plan.usd_per_hour
    share = more / max(plan.usd_per_hour, 1e-12)
    idle, mine = (sum(1.0 - p.utilisation for p in one.picks) for one in (other, plan))
    reason = "its instances stand idle more" if idle > mine + 0.1 else "what it carries costs more there"
    if more <= 1e-6 * max(plan.usd_per_hour, 1.0):
        why = "costs as much: nothing but the order of the search chose between them"
    else:
        why = f"costs {usd(more)} ({share:.1%}) more: {reason}"
    return Rival(best[0], other.fleet, other.usd_per_hour, why), plan.solution


def savings(again: Again, plan: Plan) -> Iterator[str]:
    """What a commitment saves at this demand, or from which discount on one would."""
    program = again.built.program
    always = program.columns.always
    if always.any():
        kept = np.flatnonzero(~always)
        answer = again.cost(program.only(kept)) if kept.size else None
        if answer is not None and np.isfinite(answer.cost):
            saved = answer.cost / program.period - plan.usd_per_hour
            yield (
                f"the commitments save {usd(saved)}, {saved * 730.5:,.0f} USD a month: without them the "
                "fleet costs "
                f"{usd(answer.cost / program.period)}"
                if saved > 1e-9
                else "no commitment pays at this demand: the fleet without one costs no more"
            )
        return
    for one in plan.picks:
        if one.supply.kind != "on_demand" or (program.hours.size == 1 and not one.instances):
            continue
        base = int(one.by_hour.min())
        if base:
            each = one.supply.usd * base * 730.5 / 100.0
            yield (
                f"{base:,} of {one.instances:,} x {one.supply} run at all hours: each 1 % off for "
                "committing to them "
                f"saves {each:,.2f} USD a month"
            )
        if base < one.instances:
            ran = float((np.minimum(one.by_hour, base + 1) - base).clip(0) @ program.hours) / program.period
            yield (
                f"the next of {one.supply} runs {ran:.0%} of the time: committing to it pays from a "
                "discount of "
                f"{1.0 - ran:.0%} on"
            )


def scaling(built: Built) -> Iterator[dict[str, Any]]:
    """For each demand its cost on small and on large instances alone: horizontal against vertical."""
    program = built.program
    peak = program.load.rate.max(axis=1)
    sizes = np.array([one.gpu_count * one.nodes for one in built.supplies])
    for d, one in enumerate(built.asked.demands):
        mine = (program.load.demand == d) & (peak > 0.0)
        if not mine.any():
            continue
        with np.errstate(divide="ignore"):
            speed = program.columns.capacity[mine]
            busy = np.where(speed > 0.0, peak[mine][:, None] / speed, np.inf).sum(axis=0)
        able = np.isfinite(busy)
        whole = np.ceil(np.where(able, busy, 0.0) - 1e-9) + one.spare
        cost = np.where(able, whole * program.columns.usd, np.inf)
        for size in sorted(set(sizes.tolist())):
            known = np.where(sizes == size, cost, np.inf)
            if np.isfinite(known).any():
                c = int(np.argmin(known))
                yield {
                    "demand": one.name, "gpus_per_instance": size, "option": built.supplies[c].name,
                    "instances": int(whole[c]), "usd_per_hour": float(cost[c]),
                    "utilisation": float(busy[c] / max(whole[c], 1.0)),
                }  # fmt: skip
