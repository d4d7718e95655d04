"""What binds a fleet and how much is left, what commitments save, and small against large instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.planner.plan.again import usd
from whichgpu.planner.plan.answer import Constraint, Plan
from whichgpu.planner.plan.losses import after, bodies, carried
from whichgpu.planner.words import by_month
from whichgpu.units import HOURS_PER_MONTH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from whichgpu.planner.plan.again import Again
    from whichgpu.planner.plan.answer import Plan
    from whichgpu.planner.plan.columns import Built
    from whichgpu.planner.plan.program import Program
    from whichgpu.planner.plan.solving import Solution

    Array = NDArray[np.float64]


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
    """By what share all rates could grow on this fleet, losses survived, and at which hour the least."""
    each, asked = bodies(program), (program.load.rate > 0.0) & ~program.flexible[:, None]
    shares = [(theta, h) for h, _, _, theta, _ in after(program, found.n)]
    for h in np.flatnonzero(asked.any(axis=0)).tolist():
        there = np.bincount(program.columns.body, weights=found.n[:, h], minlength=each.shape[1])
        shares.append((carried(each[asked[:, h]], program.load.rate[asked[:, h], h], there)[0], h))
    least, tightest = min(shares, default=(np.inf, 0))
    return (max(least - 1.0, 0.0) if np.isfinite(least) else None), tightest


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
                f"the commitments save {usd(saved)}, {by_month(saved)}: without them the "
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
            each = one.supply.usd * base * HOURS_PER_MONTH / 100.0
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
    """For each demand its cost on small and on large instances alone: horizontal against vertical.

    Only kinds of which there may be enough, and spot capacity where it may carry all of a demand.
    """
    program = built.program
    most = np.minimum(program.columns.most, program.limits.alone())
    peak = program.load.rate.max(axis=1)
    sizes = np.array([one.gpu_count * one.nodes / one.parts for one in built.supplies])
    for d, one in enumerate(built.asked.demands):
        mine = (program.load.demand == d) & (peak > 0.0)
        if not mine.any():
            continue
        with np.errstate(divide="ignore"):
            speed = program.columns.capacity[mine]
            busy = np.where(speed > 0.0, peak[mine][:, None] / speed, np.inf).sum(axis=0)
        able = np.isfinite(busy)
        whole = np.ceil(np.where(able, busy, 0.0) - 1e-9) + one.spare
        able &= (whole <= most) & ~(program.columns.spot & (one.spot < 1.0))
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
