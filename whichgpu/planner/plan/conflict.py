"""Why no fleet does what is asked: a smallest set of constraints that cannot hold together, and ways out.

Deletion filtering (Chinneck and Dravnieks, 1991): each constraint in turn is left out; where what remains
is still impossible it stays out. What is left at the end is irreducible: without any one of it there is a
fleet.
"""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.planner.plan.solving import cheapest, effort
from whichgpu.units import number
from whichgpu.values import NamedTuple, immutable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from whichgpu.planner.plan.columns import Built
    from whichgpu.planner.plan.program import Program
    from whichgpu.planner.plan.solving import Solution

    Array = NDArray[np.float64]

#: Seconds for one question whether there is a fleet, and the gap at which it is answered.
_EACH, _ANY = 5.0, 0.5
#: Steps in which the largest part of a demand is told, and the most that a limit is raised to.
_PARTS, _HIGHEST = 1000, 1e13
#: Seconds for all ways out; from where limits are raised by steps of so many times, and how near.
_LONGEST, _STEEP, _NEAR = 20.0, 16.0, 1e-3
#: Orders in which limits are tried that must give way together.
_ORDERS = 8


class Rule(NamedTuple):
    """One constraint in words, and the program without it; `eased(program, by)` has it eased."""

    text: str
    without: Callable[[Program], Program]
    eased: Callable[[Program, float], Program] | None
    #: What the amount is of: a factor of demand below 1, or units that a limit is raised by.
    what: str
    #: How far instances (C, H) are above it, in these units, where they alone say it.
    over: Callable[[Program, Array], float] | None = None


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
    """Constraints that cannot hold together, and relaxations, the cheapest fleet first.

    `proven` is that each of them is needed; not so where a question could not be answered in time.
    """

    rules: tuple[str, ...]
    relaxations: tuple[Relaxation, ...]
    proven: bool = True

    def __str__(self) -> str:
        said = "; ".join(self.rules)
        best = f"; cheapest way out: {self.relaxations[0].text}" if self.relaxations else ""
        several = "cannot all hold" if len(self.rules) > 1 else "cannot hold"
        return f"no fleet does it: {said}: {several}{best}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "constraints": list(self.rules), "irreducible": self.proven,
            "relaxations": [one.to_dict() for one in self.relaxations],
        }  # fmt: skip


def conflict(built: Built) -> Conflict:
    """Why there is no fleet."""
    rules = list(_rules(built))
    program, kept, proven = built.program, list(rules), True
    for rule in rules:
        less = rule.without(program)
        found = cheapest(less, effort(_ANY, _EACH))
        # What could not be answered in time stays: without it there may be a fleet.
        if found.status == "infeasible":
            program = less
            kept.remove(rule)
        elif not np.isfinite(found.cost):
            proven = False
    until = perf_counter() + _LONGEST
    ways = [one for rule in kept for one in _eased(built, rule, until)]
    if not any(way.demands_kept for way in ways):
        ways += _several(built, rules, until)
    ways.sort(key=lambda one: (not one.demands_kept, one.usd_per_hour))
    return Conflict(tuple(rule.text for rule in kept), tuple(ways), proven)


def _several(built: Built, rules: Sequence[Rule], until: float) -> Iterator[Relaxation]:
    """Limits that must give way together where none does alone: a smallest set, each by its least.

    And each by what the cheapest fleet without them takes, where that is another way.
    """
    limits = [one for one in rules if one.what != "demand"]
    if not _possible(_without(built.program, limits)):
        return
    told: set[str] = set()
    # Which limits are kept depends on which are asked first: each order has its own set.
    for place in range(min(len(limits), _ORDERS)):
        if perf_counter() < until:
            out = _smallest(built.program, [*limits[place:], *limits[:place]])
            same = [rule for rule in limits if rule in out]
            for way in (_by_least(built, _budget_last(out), until), _by_cheapest(built, _budget_last(same))):
                if way is not None and way.text not in told:
                    told.add(way.text)
                    yield way


def _smallest(program: Program, limits: list[Rule]) -> list[Rule]:
    """Limits of which each has to go for there to be a fleet."""
    out = list(limits)
    for rule in limits:
        less = [one for one in out if one is not rule]
        if _possible(_without(program, less)):
            out = less
    return out


def _budget_last(rules: Sequence[Rule]) -> list[Rule]:
    """What the fleet costs is known when all else is."""
    return sorted(rules, key=lambda one: one.what == "USD/h")


def _by_cheapest(built: Built, out: list[Rule]) -> Relaxation | None:
    """Limits raised to what the cheapest fleet without them takes; None where one is of something else."""
    found = _any(_without(built.program, out), 1e-4)
    if found is None or any(rule.over is None and rule.what != "USD/h" for rule in out):
        return None
    usd, words = found.cost / built.program.period, []
    for rule in out:
        if rule.over is None:
            amount = usd * (1.0 + 1e-9) - (built.asked.budget or 0.0)
        else:
            amount = float(np.ceil(rule.over(built.program, found.n)))
        if amount > 0.0:
            words.append(f"{rule.text.split(':')[0]}: {_words(built, rule, amount)}")
    return Relaxation(" and ".join(words), usd, demands_kept=True)


def _by_least(built: Built, out: list[Rule], until: float) -> Relaxation | None:
    """Limits raised by their least, one after the other."""
    program, words = built.program, []
    for place, rule in enumerate(out):
        amount = None if rule.eased is None else _raise(_without(program, out[place + 1 :]), rule, until)
        if amount is None or rule.eased is None:
            return None
        program = rule.eased(program, amount)
        words.append(f"{rule.text.split(':')[0]}: {_words(built, rule, amount)}")
    found = _any(program, 1e-4)
    if found is None:
        return None
    kept = all(one.what != "redundancy" for one in out)
    return Relaxation(" and ".join(words), found.cost / program.period, kept)


def _without(program: Program, rules: Sequence[Rule]) -> Program:
    for rule in rules:
        program = rule.without(program)
    return program


def _possible(program: Program) -> bool:
    return _any(program) is not None


def _any(program: Program, gap: float = _ANY) -> Solution | None:
    found = cheapest(program, effort(gap, _EACH))
    return found if np.isfinite(found.cost) else None


def _eased(built: Built, rule: Rule, until: float) -> Iterator[Relaxation]:
    """The least that a constraint must give way by, alone; nothing where that is not found in time."""
    if rule.eased is None:
        return
    program = built.program
    found_by = _part if rule.what == "demand" else _raise
    amount = found_by(program, rule, until)
    if amount is None:
        return
    found = _any(rule.eased(program, amount), 1e-4)
    if found is not None:
        text = rule.text.split(":")[0]
        how = f"only {100.0 * amount:g}% of it" if rule.what == "demand" else _words(built, rule, amount)
        yield Relaxation(
            f"{text}: {how}", found.cost / program.period, rule.what not in ("demand", "redundancy")
        )


def _words(built: Built, rule: Rule, amount: float) -> str:
    if rule.what in ("redundancy", "spot"):
        one = built.asked.demand(rule.text.partition(":")[0].partition(" of ")[2])
        if rule.what == "spot":
            return f"{min(one.spot + amount / 100.0, 1.0):.0%} on spot"
        left = one.spare - int(amount)
        return f"N+{left} is enough" if left else "without redundancy"
    return f"raise it by {number(amount, 6)} {rule.what.removesuffix('s') if amount == 1.0 else rule.what}"


def _part(program: Program, rule: Rule, until: float) -> float | None:
    """The largest part of a demand that can be carried, in thousandths; None where that is none."""
    assert rule.eased is not None
    low, high = 0, _PARTS
    while high - low > 1 and perf_counter() < until:
        middle = (low + high) // 2
        low, high = (middle, high) if _possible(rule.eased(program, middle / _PARTS)) else (low, middle)
    return low / _PARTS if low else None


def _raise(program: Program, rule: Rule, until: float) -> float | None:
    """The least whole amount by which raising a limit makes a fleet possible; of large ones about that."""
    assert rule.eased is not None
    if rule.what == "USD/h":
        found = _any(replace(program, limits=replace(program.limits, budget=None)), 1e-6)
        return (
            None
            if found is None
            else found.cost / program.period * (1.0 + 1e-9) - (program.limits.budget or 0.0)
        )
    low, high, most = 0.0, 1.0, {"spot": 100.0, "redundancy": 4.0}.get(rule.what, _HIGHEST)
    while (found := _any(rule.eased(program, high))) is None:
        if high >= most or perf_counter() > until:
            return None
        low, high = high, min(high * (2.0 if high < _STEEP else _STEEP), most)
    high = _enough(program, rule, found, high)
    while high - low > max(1.0, _NEAR * high) and perf_counter() < until:
        middle = np.floor((low + high) / 2.0)
        found = _any(rule.eased(program, middle))
        low, high = (middle, high) if found is None else (low, _enough(program, rule, found, middle))
    return high


def _enough(program: Program, rule: Rule, found: Solution, amount: float) -> float:
    """What a fleet needs of an amount that a limit was raised by."""
    return amount if rule.over is None else float(np.clip(np.ceil(rule.over(program, found.n)), 0.0, amount))


def _rules(built: Built) -> Iterator[Rule]:
    """Every constraint that could be at fault: limits first, so that demands are what is left at last."""
    program, asked = built.program, built.asked
    if asked.budget is not None:
        yield Rule(f"budget: at most {asked.budget:g} USD/h", _no_budget, _no_budget_by, "USD/h")
    if asked.types is not None:
        yield Rule(f"max_types: at most {asked.types} instance types", _no_types, _more_types, "types")
    for q, name in enumerate(built.quotas):
        yield Rule(
            f"quota {name}", _quota(q, np.inf), _by(_quota, q), name.rsplit(" ", 1)[-1], _over_quota(q)
        )
    for c in np.flatnonzero(np.isfinite(program.columns.most)).tolist():
        most = program.columns.most[c]
        yield Rule(f"max_instances of {built.supplies[c]}: at most {most:,g}", _most(c, np.inf),
                   _by(_most, c), "instances", _over_most(c))  # fmt: skip
    for d, one in enumerate(asked.demands):
        if one.spot < 1.0 and program.columns.spot.any():
            yield Rule(f"spot_share of {one.name}: at most {one.spot:.0%} on spot", _spot(d),
                       _by(_spot, d), "spot")  # fmt: skip
        if one.spare:
            yield Rule(f"redundancy of {one.name}: N+{one.spare}", _spare(d),
                       _by(_spare, d), "redundancy")  # fmt: skip
    for d, one in enumerate(asked.demands):
        yield Rule(f"demand {one.name}: {said(one)}", _demand(d, 0.0), _by(_demand, d), "demand")


def said(one: Any) -> str:
    """A demand's amount in words."""
    if one.total is not None:
        return f"{number(one.total, 4)} {one.unit} a day"
    top = f"{number(float(one.rate.max()), 4)} {one.unit}/s"
    return top if one.rate.size == 1 or (one.rate == one.rate[0]).all() else f"up to {top}"


def _by(
    rule: Callable[[int, float], Callable[[Program], Program]], index: int
) -> Callable[[Program, float], Program]:
    """A rule of one quota, column or demand, eased by an amount that is told later."""
    return lambda program, by: rule(index, by)(program)


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


def _over_quota(q: int) -> Callable[[Program, Array], float]:
    return lambda program, n: float((program.limits.weights[q] @ n).max() - program.limits.most[q])


def _over_most(c: int) -> Callable[[Program, Array], float]:
    return lambda program, n: float(n[c].max() - program.columns.most[c])


def _spot(d: int, by: float = 100.0) -> Callable[[Program], Program]:
    """So many points more on spot."""

    def eased(program: Program) -> Program:
        spot = program.load.spot.copy()
        spot[d] = min(spot[d] + by / 100.0, 1.0)
        return replace(program, load=replace(program.load, spot=spot))

    return eased


def _spare(d: int, by: float = 9.0) -> Callable[[Program], Program]:
    """So many instances fewer that may be lost."""

    def eased(program: Program) -> Program:
        mine = program.load.demand == d
        spare = np.where(mine, np.maximum(program.load.spare - int(by), 0), program.load.spare)
        return replace(program, load=replace(program.load, spare=spare))

    return eased


def _demand(d: int, factor: float) -> Callable[[Program], Program]:
    def eased(program: Program) -> Program:
        load, mine = program.load, program.load.demand == d
        rate = np.where(mine[:, None], factor * load.rate, load.rate)
        total = np.where(mine, factor * load.total, load.total)
        return replace(program, load=replace(load, rate=rate, total=total))

    return eased
