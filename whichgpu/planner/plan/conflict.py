"""Why no fleet does what is asked: a smallest set of constraints that cannot hold together, and ways out.

Deletion filtering (Chinneck and Dravnieks, 1991): each constraint in turn is left out; where what remains is still
impossible it stays out. What is left at the end is irreducible: without any one of it there is a fleet.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from whichgpu.planner.plan.solving import cheapest, effort
from whichgpu.units import number
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whichgpu.planner.plan.columns import Built
    from whichgpu.planner.plan.program import Program
    from whichgpu.planner.plan.solving import Solution

#: Seconds for one question whether there is a fleet, and the gap at which it is answered.
_EACH, _ANY = 5.0, 0.5
#: Halvings in search of the largest part of a demand, and the most that a limit is raised to.
_HALVINGS, _HIGHEST = 14, 1e9


class Rule(NamedTuple):
    """One constraint in words, and the program without it; `eased(program, amount)` has it eased by an amount."""

    text: str
    without: Callable[[Program], Program]
    eased: Callable[[Program, float], Program] | None
    #: What the amount is of: a factor of demand below 1, or units that a limit is raised by.
    what: str


@immutable
class Relaxation:
    """One way out: what to change, and what the cheapest fleet then costs, USD/h."""

    text: str
    usd_per_hour: float
    demands_kept: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"change": self.text, "usd_per_hour": self.usd_per_hour, "demands_kept": self.demands_kept}


@immutable
class Conflict:
    """Constraints that cannot hold together, and relaxations, the cheapest fleet first."""

    rules: tuple[str, ...]
    relaxations: tuple[Relaxation, ...]

    def __str__(self) -> str:
        said = "; ".join(self.rules)
        best = f"; cheapest way out: {self.relaxations[0].text}" if self.relaxations else ""
        several = "cannot all hold" if len(self.rules) > 1 else "cannot hold"
        return f"no fleet does it: {said}: {several}{best}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"constraints": list(self.rules), "relaxations": [one.to_dict() for one in self.relaxations]}


def conflict(built: Built) -> Conflict:
    """Why there is no fleet."""
    rules = list(_rules(built))
    program, kept = built.program, list(rules)
    for rule in rules:
        less = rule.without(program)
        if not _possible(less):
            program = less
            kept.remove(rule)
    found = [one for rule in kept for one in _eased(built.program, rule)]
    found.sort(key=lambda one: (not one.demands_kept, one.usd_per_hour))
    return Conflict(tuple(rule.text for rule in kept), tuple(found))


def _possible(program: Program) -> bool:
    return _any(program) is not None


def _any(program: Program, gap: float = _ANY) -> Solution | None:
    found = cheapest(program, effort(gap, _EACH))
    return found if np.isfinite(found.cost) else None


def _eased(program: Program, rule: Rule) -> Iterator[Relaxation]:
    """The least that a constraint must give way by, alone."""
    if rule.eased is None:
        return
    amount = _part(program, rule) if rule.what == "demand" else _raise(program, rule)
    if amount is None:
        return
    found = _any(rule.eased(program, amount), 1e-4)
    if found is not None:
        text = rule.text.split(":")[0]
        how = f"only {amount:.1%} of it" if rule.what == "demand" else _words(rule, amount)
        yield Relaxation(f"{text}: {how}", found.cost / program.period, rule.what not in ("demand", "redundancy"))


def _words(rule: Rule, amount: float) -> str:
    if rule.what == "redundancy":
        return "without redundancy"
    if rule.what == "spot":
        return "without the limit"
    return f"raise it by {number(amount, 6)} {rule.what}"


def _part(program: Program, rule: Rule) -> float | None:
    """The largest part of a demand that can be carried, downwards."""
    assert rule.eased is not None
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if _possible(rule.eased(program, middle)) else (low, middle)
    return low if low > 0.0 else None


def _raise(program: Program, rule: Rule) -> float | None:
    """The least whole amount by which raising a limit makes a fleet possible."""
    assert rule.eased is not None
    if rule.what in ("redundancy", "spot"):
        return 1.0 if _possible(rule.eased(program, 1.0)) else None
    if rule.what == "USD/h":
        found = _any(replace(program, limits=replace(program.limits, budget=None)), 1e-6)
        return None if found is None else found.cost / program.period * (1.0 + 1e-9) - (program.limits.budget or 0.0)
    high = 1.0
    while not _possible(rule.eased(program, high)):
        high *= 2.0
        if high > _HIGHEST:
            return None
    low = high / 2.0 if high > 1.0 else 0.0
    while high - low > 1.0:
        middle = np.floor((low + high) / 2.0)
        low, high = (low, middle) if _possible(rule.eased(program, middle)) else (middle, high)
    return high


def _rules(built: Built) -> Iterator[Rule]:
    """Every constraint that could be at fault: limits first, so that demands are what is left at last."""
    program, asked = built.program, built.asked
    if asked.budget is not None:
        yield Rule(f"budget: at most {asked.budget:g} USD/h", _no_budget, _no_budget_by, "USD/h")
    if asked.types is not None:
        yield Rule(f"max_types: at most {asked.types} instance types", _no_types, _more_types, "types")
    for q, name in enumerate(built.quotas):
        yield Rule(f"quota {name}", _quota(q, np.inf), lambda p, by, q=q: _quota(q, by)(p), "")
    for c in np.flatnonzero(np.isfinite(program.columns.most)).tolist():
        most = program.columns.most[c]
        yield Rule(f"max_instances of {built.supplies[c]}: at most {most:,g}", _most(c, np.inf),
                   lambda p, by, c=c: _most(c, by)(p), "instances")  # fmt: skip
    for d, one in enumerate(asked.demands):
        if one.spot < 1.0 and program.columns.spot.any():
            yield Rule(f"spot_share of {one.name}: at most {one.spot:.0%} on spot", _spot(d),
                       lambda p, by, d=d: _spot(d)(p), "spot")  # fmt: skip
        if one.spare:
            yield Rule(f"redundancy of {one.name}: N+{one.spare}", _spare(d),
                       lambda p, by, d=d: _spare(d)(p), "redundancy")  # fmt: skip
    for d, one in enumerate(asked.demands):
        yield Rule(f"demand {one.name}: {said(one)}", _demand(d, 0.0), lambda p, by, d=d: _demand(d, by)(p), "demand")


def said(one: Any) -> str:
    """A demand's amount in words."""
    if one.total is not None:
        return f"{number(one.total, 4)} {one.unit} a day"
    top = f"{number(float(one.rate.max()), 4)} {one.unit}/s"
    return top if one.rate.size == 1 or (one.rate == one.rate[0]).all() else f"up to {top}"


def _no_budget(program: Program) -> Program:
    return replace(program, limits=replace(program.limits, budget=None))


def _no_budget_by(program: Program, by: float) -> Program:
    return replace(program, limits=replace(program.limits, budget=(program.limits.budget or 0.0) + by))


def _no_types(program: Program) -> Program:
    return replace(program, limits=replace(program.limits, types=None))


def _more_types(program: Program, by: float) -> Program:
    return replace(program, limits=replace(program.limits, types=(program.limits.types or 0) + int(by)))


def _quota(q: int, by: float) -> Callable[[Program], Program]:
    def eased(program: Program) -> Program:
        most = program.limits.most.copy()
        most[q] += by
        if np.isinf(by):
            return replace(program, limits=_without_quota(program, q))
        return replace(program, limits=replace(program.limits, most=most))

    return eased


def _without_quota(program: Program, q: int) -> Any:
    weights = program.limits.weights.copy()
    weights[q] = 0.0
    return replace(program.limits, weights=weights)


def _most(c: int, by: float) -> Callable[[Program], Program]:
    def eased(program: Program) -> Program:
        most = program.columns.most.copy()
        most[c] += by
        return replace(program, columns=replace(program.columns, most=most))

    return eased


def _spot(d: int) -> Callable[[Program], Program]:
    def eased(program: Program) -> Program:
        spot = program.load.spot.copy()
        spot[d] = 1.0
        return replace(program, load=replace(program.load, spot=spot))

    return eased


def _spare(d: int) -> Callable[[Program], Program]:
    def eased(program: Program) -> Program:
        spare = np.where(program.load.demand == d, 0, program.load.spare)
        return replace(program, load=replace(program.load, spare=spare))

    return eased


def _demand(d: int, factor: float) -> Callable[[Program], Program]:
    def eased(program: Program) -> Program:
        load, mine = program.load, program.load.demand == d
        rate = np.where(mine[:, None], factor * load.rate, load.rate)
        total = np.where(mine, factor * load.total, load.total)
        return replace(program, load=replace(load, rate=rate, total=total))

    return eased
