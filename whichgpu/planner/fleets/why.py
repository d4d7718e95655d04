"""Why a fleet goes before another, and why a GPU type has none."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.serving import curve
from whichgpu.cost.timing import bounds
from whichgpu.errors import Infeasible
from whichgpu.planner import refusals, sentences, words
from whichgpu.planner.conflict import Conflict, WayOut
from whichgpu.planner.constraints import word
from whichgpu.planner.fleets.search import nearest
from whichgpu.planner.reasons import Reason
from whichgpu.units import number, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.cost.serving.slo import Term
    from whichgpu.planner.fleets.answer import Fleet
    from whichgpu.planner.fleets.search import Choice, Space
    from whichgpu.planner.request import Request


#: What is said of a fleet whose price is trusted less.
_OLD = "has a price that is old, replaced or undated"


def explained(found: Sequence[Fleet], objective: str) -> list[Fleet]:
    """Ranked fleets, each with what sets it apart from the first, the first from the second."""
    if not found:
        return []
    first = found[0]
    rest = [replace(one, why=_against(one, first, objective)) for one in found[1:]]
    if not rest:
        said = "is the only one"
    elif first.usd_to_buy is not None and rest[0].cost < first.cost:  # of cards to buy fewer go first
        said = f"is a tie with {rest[0].gpu}: it {sentences.tied(first, rest[0])}"
    elif rest[0].choice.trust > first.choice.trust:
        said = f"goes before {rest[0].gpu}, which {_OLD}: {_compared(first, rest[0], objective)}"
    else:
        said = f"beats {rest[0].gpu}: {_compared(first, rest[0], objective)}"
    return [replace(first, why=said), *rest]


def _against(one: Fleet, first: Fleet, objective: str) -> str:
    if one.choice.trust > first.choice.trust:
        return f"{_OLD}, and ranks behind current ones"
    if objective == "energy":
        return f"draws {number(one.watts / first.watts, 3)} times as much: {_compared(one, first, objective)}"
    if one.cost < first.cost:
        return f"costs {(1.0 - one.cost / first.cost) * 100.0:.0f} % less, on more GPUs: {_each(one)}"
    how = sentences.dearer(one.choice.usd_per_hour / first.choice.usd_per_hour, first.gpu)
    return f"is {how}: {_compared(one, first, objective)}"


def _compared(one: Fleet, other: Fleet, objective: str) -> str:
    drawn = "" if objective != "energy" else (
        f"{show(one.watts, 'power', 3)} against {show(other.watts, 'power', 3)}; "
    )  # fmt: skip
    return f"{drawn}{_each(one)}; of {other.gpu} {_each(other)}"


def _each(one: Fleet) -> str:
    """What each replica holds, what limits it, and what all of them cost."""
    limit = f"within {one.at.binding}" if one.at.binding else "at its capacity"
    size = "" if one.gpus_per_replica == 1 else f" ({one.split})"
    count = words.plural(one.choice.replicas, "replica") if one.choice.replicas != 1 else "one replica"
    holds = "holds" if one.choice.replicas == 1 else "hold"
    most = f"{number(one.choice.most, 3)} requests/s" + (" each" if one.choice.replicas != 1 else "")
    return f"{count}{size} {holds} {most} {limit} for {words.money(one.choice.usd_per_hour)}/h"


def why_not(space: Space, row: int) -> Reason:
    """Why no fleet of a GPU type holds the objectives."""
    found = space.found
    if found.refusals[row]:
        return refusals.cannot_run(found.refusals[row])
    fits = found.places[row] >= 1.0
    if not fits.any():
        column = int(np.argmin(np.where(np.isnan(found.required[row]), np.inf, found.required[row])))
        need, count = show(float(found.required[row, column]), "memory", 3), int(space.ways.gpus[column])
        return Reason(
            "too little memory",
            f"does not fit: weights and workspace take {need} on each of {words.plural(count, 'GPU')}, "
            f"and leave no room for a request's KV cache in {show(_memory(space, row), 'memory', 3)}",
        )
    one = _only(space, row)
    column, excess = nearest(one)[1:]
    if excess <= 1.0:
        least = int(min(space.ways.gpus[fits]))
        return refusals.too_many(least, max(offer.gpu_count for offer in space.offers[row]))
    worst = max(space.terms, key=lambda term: _alone(one, 0, column, term) / term.most)
    best = show(_alone(one, 0, column, worst), "time", 3)
    return Reason(
        "too slow for the objectives, even for a request alone",
        f"{worst.metric} of a request alone is {best} at best ({space.ways.name(column)}), "
        f"{show(worst.most, 'time', 3)} asked",
    )


def _memory(space: Space, row: int) -> float:
    """Bytes of one GPU of a row."""
    return float(space.found.gpus[row].value("memory"))


def _only(space: Space, row: int) -> Space:
    """A space with one GPU type."""
    found = space.found
    arrays = {
        key: getattr(found, key)[row : row + 1]
        for key in ("rate", "others", "ttft", "tpot", "latency", "least", "variance", "spread", "prompts",
                    "each", "places", "required")
    }  # fmt: skip
    kept = replace(found, gpus=found.gpus[row : row + 1], refusals=found.refusals[row : row + 1], **arrays)
    return space._replace(found=kept, offers=space.offers[row : row + 1])


def _alone(space: Space, row: int, column: int, term: Term) -> float:
    return float(space.found.values(term.metric, term.how)[row, column, 0])


def dearer(one: Choice) -> Reason:
    """Of a fleet that would hold the load and is behind those that are listed."""
    kind = "dearer, or with an older price, than those listed (--limit)"
    return Reason(
        kind,
        f"{words.plural(one.instances, 'instance')} of {one.offer.provider} {one.offer.instance} would "
        f"hold it for about {words.money(one.usd_per_hour)}/h; --limit lists more",
    )


def bill(one: Fleet, request: Request) -> tuple[float, float, str]:
    """What a fleet costs, what it may, and the unit: USD to buy where that is limited, else USD/h."""
    if request.budget_to_buy is not None:
        return inf if one.usd_to_buy is None else one.usd_to_buy, request.budget_to_buy, "USD"
    return one.choice.usd_per_hour, inf if request.budget is None else request.budget, "USD/h"


def dear(one: Fleet, request: Request) -> Reason:
    """Of a fleet that is left out: over the budget, or behind those that are listed."""
    usd, allowed, unit = bill(one, request)
    if usd <= allowed:
        return dearer(one.choice)
    told = f"{one.choice.instances:,} instances cost {usd:,.2f} {unit}, {allowed:,.2f} allowed"
    return Reason("over the budget", f"over budget: {told}")


def infeasible(
    space: Space | None, rejected: Mapping[str, Reason], found: Sequence[Fleet], request: Request
) -> tuple[str, Conflict | None]:
    """Which constraint binds, and the nearest that is possible: in words, and as data."""
    if found:
        cheapest = min(found, key=lambda one: bill(one, request)[0])
        usd, allowed, unit = bill(cheapest, request)
        typed = f'--budget "{np.ceil(np.round(usd * 100, 6)) / 100:.2f} {unit}"'
        said = f"nothing within {allowed:,.2f} {unit}: the cheapest is {cheapest.gpu} at {usd:,.2f} {unit}"
        return f"{said}; use {typed}", _bound(
            "--budget", f"{allowed:.2f} {unit}", typed, cheapest.gpu, cheapest.choice.usd_per_hour
        )
    if space is None or not (space.found.places >= 1.0).any():
        gpu, reason = next(iter(rejected.items()), ("none", Reason("", "no GPU was asked for")))
        more = f" (and {len(rejected) - 1} more)" if len(rejected) > 1 else ""
        return (
            f"no GPU can do it: {gpu}: {reason.text}{more}; try --term any, other --gpus or --precision"
        ), None
    return _below_physics(space)


def _bound(option: str, value: str, typed: str, gpu: str, usd_per_hour: float) -> Conflict:
    """One bound that nothing holds, and the least that something does."""
    return Conflict((word(option, value, "option", lambda _: False),),
                    (WayOut((typed,), gpu, usd_per_hour),))  # fmt: skip


def _below_physics(space: Space) -> tuple[str, Conflict | None]:
    """Objectives that not even a request alone keeps, on any GPU: the nearest, and what bounds it."""
    row, column, excess = nearest(space)
    gpu, split = space.found.gpus[row], space.ways.name(column)
    if excess <= 1.0:
        return f"no offer has enough GPUs in one instance for {split} on {gpu.id}; try --term any", None
    bound = ""
    try:
        job = curve.checked(space.ways.job(column), gpu)
        table, _ = curve.ready(job, gpu)
        alone = curve.at_rates(job, gpu, table, np.array([1e-3 * table.capacity]))
        bound = f", bound by {bounds.NAMES[alone.bound[0]]}"
    except Infeasible:  # of a cell that the coarse look thought to fit
        pass
    told, asked = [], []
    for term in space.terms:
        least = _alone(space, row, column, term)
        told.append(f"{term.metric} {show(least, 'time', 3)}")
        asked.append(str(replace(term, most=max(term.most, 1.05 * least))))
    over = [str(term) for term in space.terms if _alone(space, row, column, term) > term.most]
    typed = f'--slo "{", ".join(asked)}"'
    return (
        f"{' and '.join(over)} cannot be held by any GPU, not even for a request alone: nearest is "
        f"{space.ways.gpus[column]:g} x {gpu.id} ({split}) with {', '.join(told)}{bound}; "
        f"use {typed} or a narrower --precision"
    ), _bound("--slo", ", ".join(map(str, space.terms)), typed, gpu.id, float("nan"))
