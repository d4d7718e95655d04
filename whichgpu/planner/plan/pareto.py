"""What a lower latency, or less energy, costs: fleets of which none is better in both.

Cost against latency: all objectives of the plan made shorter and longer by one factor, each solved anew; the
latency is the p90 of requests on the instances that the fleet uses, at the most that these carry. Cost
against energy: the cheapest fleet at energies between its own and the least that any fleet takes (epsilon
constraint).
"""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.planner.plan.columns import build
from whichgpu.planner.plan.solving import Effort, cheapest
from whichgpu.planner.plan.whatif import eased
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.plan.answer import Plan

#: Objectives as multiples of those asked for, which come first, as they are known already; steps between the
#: cheapest fleet and that of the least energy.
_FACTORS = (1.0, 0.55, 2.0, 0.75, 1.4, 0.4)
_STEPS = (0.75, 0.5, 0.25, 0.0)


class Point(NamedTuple):
    """One fleet: USD/h, s of the slowest demand's p90, mean W (None if not known), and its picks in words."""

    usd_per_hour: float
    p90: float | None
    watts: float | None
    fleet: str
    what: str


class Fronts(NamedTuple):
    """The two fronts, the cheapest first; empty where there is nothing to trade."""

    latency: tuple[Point, ...]
    energy: tuple[Point, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "latency": [one._asdict() for one in self.latency],
            "energy": [one._asdict() for one in self.energy],
        }


def fronts(plan: Plan, catalogue: Catalogue, today: date) -> Fronts:
    """Both fronts within the plan's time limit."""
    until = perf_counter() + plan.built.asked.seconds
    slow = sorted(
        _latencies(plan, catalogue, today, until), key=lambda one: (one.usd_per_hour, one.p90 or 0.0)
    )
    hot = sorted(_energies(plan, until), key=lambda one: (one.usd_per_hour, one.watts or 0.0))
    return Fronts(tuple(_best(slow, "p90")), tuple(_best(hot, "watts")))


def _best(points: list[Point], of: str) -> Iterator[Point]:
    """Those that no cheaper one beats."""
    least = np.inf
    for one in points:
        value = getattr(one, of)
        if value is not None and value < least * (1.0 - 1e-6):
            least = value
            yield one


def _point(plan: Plan, what: str) -> Point:
    return Point(plan.usd_per_hour, slowest(plan), plan.watts, plan.fleet, what)


def slowest(plan: Plan) -> float | None:
    """The longest p90 of a request's latency on what the fleet uses, s; of batches, the time of one."""
    used = np.argwhere((plan.solution.x > 1e-9).any(axis=2)).tolist()
    built, times = plan.built, []
    for s, c in used:
        one = built.slices[s]
        held = built.held.get((one.demand.name, c))
        if held is not None and (one.demand.terms or one.demand.latency is not None):
            times.append(float(held.p90[one.place]))
    return max(times, default=None)


def _latencies(plan: Plan, catalogue: Catalogue, today: date, until: float) -> Iterator[Point]:
    from whichgpu.planner.plan.answer import Plan as Answer

    asked = plan.built.asked
    if asked.options or not any(one.terms or one.latency is not None for one in asked.demands):
        return
    for times in _FACTORS:
        if perf_counter() > until:
            return
        again = plan
        if times != 1.0:
            changed = replace(asked, demands=tuple(eased(one, times) for one in asked.demands))
            try:
                built = build(changed, catalogue, today)
            except UsageError:
                continue
            again = Answer(built, cheapest(built.program, _effort(plan, until)))
        if again.feasible:
            yield _point(again, f"objectives x {times:g}")


def _effort(plan: Plan, until: float) -> Effort:
    left = max(until - perf_counter(), 0.1) / 2.0
    return Effort(max(plan.built.asked.gap, 1e-3), perf_counter() + left)


def _energies(plan: Plan, until: float) -> Iterator[Point]:
    from whichgpu.planner.plan.answer import Plan as Answer

    watts, built = plan.watts, plan.built
    if watts is None or not (built.program.columns.idle > 0.0).all():
        return
    yield _point(plan, "the cheapest")
    least = Answer(built, cheapest(replace(built.program, energy=True), _effort(plan, until)))
    coolest = least.watts if least.feasible else None
    if coolest is None:
        return
    for step in _STEPS:
        if perf_counter() > until:
            return
        most = coolest * 1.002 + step * (watts - coolest)
        program = replace(built.program, limits=replace(built.program.limits, watts=most))
        again = Answer(replace(built, program=program), cheapest(program, _effort(plan, until)))
        if again.feasible:
            yield _point(again, f"at most {most:,.0f} W")
