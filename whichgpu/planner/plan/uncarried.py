"""Why nothing carries a demand: which of its wishes and the plan's cannot hold together, and what would do.

The wishes decide what may be had and what it must keep to, before any fleet is sought. As in `conflict`, each
in turn is left out, and stays out where still nothing carries the demand: what is left is irreducible.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.planner.plan.columns import build
from whichgpu.planner.plan.conflict import Conflict, Relaxation, said
from whichgpu.planner.plan.simulated import held
from whichgpu.planner.plan.whatif import eased
from whichgpu.units import number
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.plan.asked import Asked, Demand
    from whichgpu.planner.plan.columns import Built, Rejection

    Change = Callable[[Asked], Asked]

#: Factors by which objectives are made longer, halvings between the last two, and s for ways out of a kind.
_FACTORS, _HALVINGS, _LONGEST = (1.5, 2.0, 4.0, 10.0, 30.0, 100.0, 1000.0), 3, 20.0
#: Objectives that are so many times as long as they must be, which are told where each saves this share.
_MORE, _SAVES = (1.5, 3.0, 6.0), 0.2
#: The gap of the fleet under a way out, and s in search of it.
_GAP, _EACH = 1e-3, 5.0


class Wish(NamedTuple):
    """One wish in words, what a way out says of it, and the plan without it."""

    text: str
    way: str
    without: Change


class _Plan(NamedTuple):
    """A plan and its demand that nothing carries, tried anew under changes of its wishes."""

    asked: Asked
    demand: Demand
    catalogue: Catalogue
    today: date

    def built(self, asked: Asked) -> Built | None:
        """The program of a changed plan; None where a part of it is carried by nothing."""
        try:
            built = build(asked, self.catalogue, self.today)
        except UsageError:
            return None
        return built if (built.program.columns.capacity > 0.0).any(axis=1).all() else None

    def possible(self, asked: Asked) -> bool:
        """Whether something carries the demand, all others left out."""
        own = asked.demand(self.demand.name)
        return self.built(replace(asked, demands=(own,), quotas=(), commitments=())) is not None

    def changed(self, change: Callable[[Demand], Demand]) -> Asked:
        """The plan with the demand changed."""
        return _changed(self.asked, self.demand.name, change)


def uncarried(built: Built, catalogue: Catalogue, today: date) -> Conflict | None:
    """The wishes that leave nothing for a demand; None where every slice is carried by something."""
    carried = (built.program.columns.capacity > 0.0).any(axis=1)
    if carried.all():
        return None
    one = built.slices[int(np.argmin(carried))]
    plan = _Plan(built.asked, one.demand, catalogue, today)
    why = _reasons(built.rejected, catalogue)
    text = f"demand {one}: {said(one.demand)} is carried by nothing that may be had{why}"
    kept = list(_wishes(built.asked, one.demand))
    rest = built.asked
    for wish in tuple(kept):
        less = wish.without(rest)
        if not plan.possible(less):
            rest = less
            kept.remove(wish)
    until = perf_counter() + _LONGEST
    ways = sorted(
        (way for wish in kept for way in _ways(plan, wish, until)), key=lambda way: way.usd_per_hour
    )
    return Conflict((*(wish.text for wish in kept), text), tuple(ways))


def _reasons(rejected: tuple[Rejection, ...], catalogue: Catalogue) -> str:
    """Why, of two GPUs, in brackets: of those with the most bandwidth, which came nearest."""

    def bandwidth(one: Rejection) -> float:
        known = catalogue.get(one.what)
        return float(known.value("bandwidth") or 0.0) if known else 0.0

    why: dict[str, str] = {}
    for one in sorted(rejected, key=bandwidth, reverse=True):
        if one.kind.startswith("carries"):
            why.setdefault(one.why, one.what)
    told = "; ".join(f"{gpu}: {text}" for text, gpu in list(why.items())[:2])
    return f" ({told})" if told else ""


def _wishes(asked: Asked, demand: Demand) -> Iterator[Wish]:
    """Everything that narrows what a demand may run on, the plan's and its own."""
    name = demand.name
    if set(asked.kinds) == {"on_demand"}:
        yield Wish("terms: on-demand prices only", "spot prices too",
                   lambda one: replace(one, kinds=("on_demand", "spot")))  # fmt: skip
    elif "on_demand" not in asked.kinds:
        terms = " and ".join(one.replace("_", " ") for one in asked.kinds)
        yield Wish(f"terms: {terms} prices only", "on-demand prices too",
                   lambda one: replace(one, kinds=(*asked.kinds, "on_demand")))  # fmt: skip
    for what in ("gpus", "providers", "regions"):
        if getattr(asked.choice, what) is not None:
            yield Wish(f"{what} of the plan: {_listed(getattr(asked.choice, what))}", "any", _of_plan(what))
    if asked.needs:
        yield Wish(f"needs of the plan: {_listed(asked.needs)}", "any", lambda one: replace(one, needs=()))
    for what, none in (("gpus", None), ("providers", None), ("regions", None), ("needs", ())):
        if getattr(demand, what):
            yield Wish(f"{what} of {name}: {_listed(getattr(demand, what))}", "any", _own(name, what, none))
    if demand.terms:
        yield Wish(f"slo of {name}: {', '.join(map(str, demand.terms))}", "", _own(name, "terms", ()))
    if demand.latency is not None:
        yield Wish(f"latency of {name}: {demand.latency:g} s", "", _own(name, "latency", None))


def _of_plan(what: str) -> Change:
    nothing: dict[str, Any] = {what: None}
    return lambda one: replace(one, choice=replace(one.choice, **nothing))


def _own(name: str, what: str, none: Any) -> Change:
    nothing: dict[str, Any] = {what: none}
    return lambda one: _changed(one, name, lambda each: replace(each, **nothing))


def _listed(names: tuple[str, ...]) -> str:
    few = ", ".join(names[:4])
    return few if len(names) <= 4 else f"{few} and {len(names) - 4} more"


def _changed(asked: Asked, name: str, change: Callable[[Demand], Demand]) -> Asked:
    return replace(asked, demands=tuple(change(one) if one.name == name else one for one in asked.demands))


def _ways(plan: _Plan, wish: Wish, until: float) -> Iterator[Relaxation]:
    """What a wish alone may give way to, and what the plan then costs; none if that is too little."""
    head = wish.text.partition(":")[0]
    times = None if wish.way else _times(plan, until)
    if times is not None:
        yield from _longer(plan, head, times)
        return
    # What is orders of magnitude out of reach is no matter of how much.
    way = _way(plan, wish.without(plan.asked), f"{head}: {wish.way or 'none'}")
    if way is not None:
        yield way


def _longer(plan: _Plan, head: str, least: float) -> Iterator[Relaxation]:
    """Objectives that are just long enough, and longer ones as long as those save much."""
    paid, until = np.inf, perf_counter() + _LONGEST
    for factor in (least, *(_three_digits(least * more) for more in _MORE)):
        changed = plan.changed(partial(eased, times=factor))
        after = changed.demand(plan.demand.name)
        longer = ", ".join(map(str, after.terms)) or f"{number(after.latency or 0.0, 3)} s"
        way = _way(plan, changed, f"{head}: {number(factor, 3)} times as long, {longer}")
        if way is None or way.usd_per_hour > paid * (1.0 - _SAVES):
            return
        yield way
        paid = way.usd_per_hour
        if perf_counter() > until:
            return


def _way(plan: _Plan, changed: Asked, text: str) -> Relaxation | None:
    """A way out with the cheapest fleet under it; None where there is none."""
    built = plan.built(changed)
    if built is None:
        return None
    built, found, _ = held(built, _GAP, _EACH, plan.catalogue)
    if not np.isfinite(found.cost):
        return None
    return Relaxation(text, found.cost / built.program.period, demands_kept=True)


def _times(plan: _Plan, until: float) -> float | None:
    """By how much objectives must be longer for something to keep them, to some per cent."""

    def possible(times: float) -> bool:
        return perf_counter() < until and plan.possible(plan.changed(lambda one: eased(one, times)))

    low = 1.0
    for high in _FACTORS:
        if possible(high):
            break
        low = high
    else:
        return None
    for _ in range(_HALVINGS):
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if possible(middle) else (middle, high)
    return _three_digits(high)


def _three_digits(times: float) -> float:
    """A factor that can be typed, and is no smaller."""
    step = 10.0 ** (np.floor(np.log10(times)) - 2)
    return float(np.ceil(times / step - 1e-9) * step)
