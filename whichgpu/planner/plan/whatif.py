"""What if: a change in words, the plan solved again, and what it changed.

price h100 -20 %        price of a GPU, provider, kind of price (spot), instance or option; x0.8, 2 USD/h
demand x2               all demands, or one: demand chat +50 %, or demand chat 80 req/s at its peak
slo x2                  every objective, or those of one demand: slo chat x0.5
without aws             nothing of a GPU, provider, kind of price, instance or option
quota NAME 16           a [[quota]] of another size, +2 or x2 of it; max_types 2, budget 50, spot_share 50 %,
                        redundancy N+1, headroom 20 %
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.planner.plan import rates
from whichgpu.planner.plan.columns import build
from whichgpu.planner.plan.keys import unknown
from whichgpu.planner.plan.reading_demand import MOST_SPARE
from whichgpu.planner.plan.rounding import carried
from whichgpu.planner.plan.solving import cost_of
from whichgpu.planner.plan.whatif_words import (
    EXAMPLE,
    FACTOR,
    KINDS,
    amount,
    factor,
    kind_of,
    number,
    usd_of,
    whole,
)
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.plan.answer import Plan
    from whichgpu.planner.plan.asked import Asked, Demand
    from whichgpu.planner.plan.columns import Built
    from whichgpu.planner.plan.program import Program
    from whichgpu.planner.plan.solving import Solution

#: Fields of a supply that the words of a change may name.
_NAMED = ("name", "gpu", "provider", "instance", "kind", "type")


@immutable(eq=False)
class WhatIf:
    """One change and the plan under it; `changes` say what is different, in sentences."""

    text: str
    plan: Plan
    changes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        done = self.plan.to_dict()
        keys = ("status", "headline", "usd_per_hour", "gap", "picks", "conflict")
        return {"what_if": self.text, **{key: done[key] for key in keys}, "changes": list(self.changes)}


def what_if(text: str | Sequence[str], before: Plan, catalogue: Catalogue, today: date) -> WhatIf:
    """The plan under a change, or several at once; raises `UsageError` for what is not known."""
    from whichgpu.planner.plan.answer import Plan
    from whichgpu.planner.plan.conflict import conflict
    from whichgpu.planner.plan.planning import gap_of
    from whichgpu.planner.plan.simulated import held

    texts = [text] if isinstance(text, str) else list(text)
    built = _changed(before.built, texts, catalogue, today)
    built, found, _ = held(built, gap_of(built), built.asked.seconds, catalogue)
    if found.status == "limit":
        found = _kept(built.program, before, found)
    after = Plan(built, found)
    if not after.feasible and found.status == "infeasible":
        after = replace(after, conflict=conflict(built))
    return WhatIf("; ".join(texts), after, tuple(changes(before, after)))


def _kept(program: Program, before: Plan, found: Solution) -> Solution:
    """The fleet as it was, where it does under the change too and costs less than what was found in time."""
    n, limits = before.solution.n, program.limits
    if not before.feasible or n.shape != (program.columns.count, program.hours.size):
        return found
    types = np.unique(program.columns.kind[n.any(axis=1)]).size
    if limits.types is not None and types > limits.types:
        return found
    x = carried(program, n)
    cost = np.inf if x is None else cost_of(program, n, x)
    over = limits.budget is not None and cost > limits.budget * program.period
    if x is None or over or cost >= found.cost:
        return found
    return replace(found, n=n, x=x, cost=cost, bound=min(found.bound, cost))


def what_ifs(
    texts: Sequence[str], before: Plan, catalogue: Catalogue, today: date
) -> tuple[list[WhatIf], WhatIf | None]:
    """The plan under each change alone, and under several of them together; None for that of one or none."""
    alone = [what_if(text, before, catalogue, today) for text in texts]
    return alone, what_if(texts, before, catalogue, today) if len(texts) > 1 else None


def _changed(built: Built, texts: Sequence[str], catalogue: Catalogue, today: date) -> Built:
    """The program under changes: first those of what is asked for, then of prices and of what is left out."""
    supply, asked = [], built.asked
    for text in texts:
        kind, rest = kind_of(text)
        if kind not in KINDS:
            raise UsageError(f"--what-if '{text}': {unknown('change', kind, KINDS)}; {EXAMPLE}")
        if kind in ("price", "without"):
            supply.append((kind, rest, text))
        else:
            asked = _asked(asked, kind, rest, text)
    if asked is not built.asked:
        built = build(asked, catalogue, today)
    for kind, rest, text in supply:
        built = _of_supply(built, kind, rest, text)
    return built


def changes(before: Plan, after: Plan) -> list[str]:
    """What a second plan has that a first has not, in sentences."""
    if not (before.feasible and after.feasible):
        return [after.headline]
    more = after.usd_per_hour - before.usd_per_hour
    share = more / max(before.usd_per_hour, 1e-12)
    same = abs(more) <= 1e-9 * max(before.usd_per_hour, 1.0)
    cost = (
        f"it costs as much as before, {after.usd_per_hour:,.2f} USD/h" if same
        else f"it costs {after.usd_per_hour:,.2f} USD/h, {abs(more):,.2f} ({abs(share):.1%}) "
        f"{'more' if more > 0 else 'less'} than {before.usd_per_hour:,.2f}"
    )  # fmt: skip
    old = {one.supply.name: one.instances for one in before.picks}
    new = {one.supply.name: one.instances for one in after.picks}
    said = [cost]
    for name in dict.fromkeys((*new, *old)):
        was, now = old.get(name, 0), new.get(name, 0)
        if was != now:
            said.append(
                f"{now:,} x {name} come{'s' * (now == 1)} in" if not was
                else f"{was:,} x {name} leave{'s' * (was == 1)}" if not now
                else f"{name}: {now:,} instead of {was:,}"
            )  # fmt: skip
    return said if len(said) > 1 else [*said, "the fleet is the same"]


def _of_supply(built: Built, kind: str, rest: str, text: str) -> Built:
    """Prices of what is named, or the plan without it."""
    said = amount(rest) if kind == "price" else None
    name, times = said or (factor(rest, text) if kind == "price" else (rest, 1.0))
    mine = named(built, name)
    if not mine.any():
        known = sorted(
            {str(getattr(one, field)) for one in built.supplies for field in _NAMED if getattr(one, field)}
        )
        raise UsageError(f"--what-if '{text}': {unknown('GPU, provider, instance or option', name, known)}")
    if kind == "price":
        usd = built.program.columns.usd
        each = times * usd if isinstance(times, float) else usd_of(times, text)
        return repriced(built, np.where(mine, each, usd))
    kept = np.flatnonzero(~mine)
    place = {int(c): i for i, c in enumerate(kept)}
    return replace(
        built, program=built.program.only(kept), supplies=tuple(built.supplies[c] for c in kept),
        held={(d, place[c]): one for (d, c), one in built.held.items() if c in place},
        jobs={(d, place[c]): one for (d, c), one in built.jobs.items() if c in place},
    )  # fmt: skip


def named(built: Built, words: str) -> NDArray[np.bool_]:
    """Which supplies the words name: all, or those of a GPU, provider, kind of price, instance or option."""
    key = words.strip().lower().replace("_", "-").replace(":", "-")
    if key in ("", "all"):
        return np.ones(len(built.supplies), dtype=bool)

    def meant(value: str) -> bool:
        plain = value.lower().replace("_", "-").replace(" ", "-").replace(":", "-")
        return plain == key.replace(" ", "-") or plain.startswith(f"{key.replace(' ', '-')}-")

    return np.array(
        [any(meant(str(getattr(one, field) or "")) for field in _NAMED) for one in built.supplies]
    )


def repriced(built: Built, usd: NDArray[np.float64]) -> Built:
    """With other prices, (C,)."""
    program = replace(built.program, columns=replace(built.program.columns, usd=usd))
    supplies = tuple(replace(one, usd=float(price)) for one, price in zip(built.supplies, usd, strict=True))
    return replace(built, program=program, supplies=supplies)


def _asked(asked: Asked, kind: str, rest: str, text: str) -> Asked:
    """What is asked for under a change that is not of prices."""
    changes: dict[str, Callable[[], Asked]] = {
        "demand": lambda: _demand(asked, rest, text),
        "slo": lambda: _times(asked, rest, text, eased),
        "quota": lambda: _quota(asked, rest, text),
        "max_types": lambda: replace(asked, types=whole(rest, text, 1)),
        "budget": lambda: replace(asked, budget=usd_of(rest, text)),
        "headroom": lambda: _headroom(asked, rest, text),
        "redundancy": lambda: _redundancy(asked, rest, text),
        "spot_share": lambda: _spot(asked, rest, text),
    }
    return changes[kind]()


def _times(asked: Asked, rest: str, text: str, change: Callable[[Demand, float], Demand]) -> Asked:
    name, times = factor(rest, text)
    return _each(asked, name, text, lambda one: change(one, times))


def _demand(asked: Asked, rest: str, text: str) -> Asked:
    """Demands times a factor, or one that is as much as is said at its busiest hour, or a day."""
    said = amount(rest)
    if said is None:
        return _times(asked, rest, text, _scaled)
    name, words = said
    if name not in [one.name for one in asked.demands]:
        raise UsageError(
            f"--what-if '{text}': {unknown('demand', name, [one.name for one in asked.demands])}"
        )
    one = asked.demand(name)
    if one.total is not None:
        raise UsageError(f"--what-if '{text}': {name} is a total a day; write a factor, demand {name} x2")
    rate, unit = rates.one(words, f"--what-if '{text}'", one.unit)
    if unit != one.unit:
        raise UsageError(f"--what-if '{text}': it is of {unit}, and {name} of {one.unit}")
    return _each(asked, name, text, lambda each: _scaled(each, rate / float(each.rate.max())))


def _quota(asked: Asked, rest: str, text: str) -> Asked:
    """A quota of another size; `+2` and `x2` are of the one it has."""
    names = {one.name.lower(): one.name for one in asked.quotas}
    known = next((key for key in names if rest.lower().startswith(f"{key} ")), None)
    if known is None:
        raise UsageError(f"--what-if '{text}': {unknown('quota', rest.rpartition(' ')[0], names.values())}")
    old = next(one.most for one in asked.quotas if one.name == names[known])
    words = rest[len(known) :].strip()
    if FACTOR.search(words):
        size = float(np.floor(old * factor(words, text)[1] + 1e-9))
    elif words[:1] in "+-":
        size = max(old + (1 if words[0] == "+" else -1) * whole(words[1:], text), 0.0)
    else:
        size = float(whole(words, text))
    quotas = tuple(replace(one, most=size) if one.name == names[known] else one for one in asked.quotas)
    return replace(asked, quotas=quotas)


def _headroom(asked: Asked, rest: str, text: str) -> Asked:
    share = (
        number(rest.removesuffix("%"), text, 1000.0) / 100.0
        if rest.endswith("%")
        else number(rest, text, 10.0)
    )
    return replace(asked, demands=tuple(replace(one, headroom=share) for one in asked.demands))


def _redundancy(asked: Asked, rest: str, text: str) -> Asked:
    name, _, value = rest.rpartition(" ")
    spare = whole(value.upper().removeprefix("N").removeprefix("+") or "0", text)
    if spare > MOST_SPARE:
        raise UsageError(f"--what-if '{text}': '{value}' is not N to N+{MOST_SPARE}; {EXAMPLE}")
    return _each(asked, name, text, lambda one: replace(one, spare=spare if one.total is None else 0))


def _spot(asked: Asked, rest: str, text: str) -> Asked:
    percent = rest.endswith("%")
    share = number(rest.removesuffix("%"), text, 100.0 if percent else 1.0) / (100.0 if percent else 1.0)
    kinds = tuple(dict.fromkeys((*asked.kinds, "spot")))
    return replace(asked, kinds=kinds, demands=tuple(replace(one, spot=share) for one in asked.demands))


def _each(asked: Asked, name: str, text: str, change: Callable[[Demand], Demand]) -> Asked:
    """One demand changed, or all where none is named."""
    names: Sequence[str] = [one.name for one in asked.demands]
    if name and name not in names:
        raise UsageError(f"--what-if '{text}': {unknown('demand', name, names)}")
    return replace(
        asked, demands=tuple(change(one) if name in ("", one.name) else one for one in asked.demands)
    )


def _scaled(one: Demand, times: float) -> Demand:
    return replace(one, rate=times * one.rate, total=None if one.total is None else times * one.total)


def eased(one: Demand, times: float) -> Demand:
    """A demand whose objectives are so many times as long."""
    terms = tuple(replace(term, most=times * term.most) for term in one.terms)
    return replace(one, terms=terms, latency=None if one.latency is None else times * one.latency)
