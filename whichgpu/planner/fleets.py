"""What `recommend --slo` answers: fleets of replicas, cheapest first, the first of them simulated."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost import bounds, curve
from whichgpu.cost.answers import Z90
from whichgpu.errors import Infeasible
from whichgpu.planner import hosted, refusals, sentences, words
from whichgpu.planner.answer import Rejected
from whichgpu.planner.caution import cautions
from whichgpu.planner.conflict import Conflict, WayOut, conflict
from whichgpu.planner.constraints import word
from whichgpu.planner.fleet import Choice, given_less, nearest, refined, searched
from whichgpu.planner.fleet import chosen as search
from whichgpu.planner.fleet_request import in_formats
from whichgpu.planner.reasons import Reason
from whichgpu.planner.recommend import in_machine, roomier
from whichgpu.planner.uses import price_to_buy
from whichgpu.planner.ways import name
from whichgpu.units import number, show
from whichgpu.values import Shown, immutable
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.cost.curve import Tails
    from whichgpu.cost.slo import Term
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.built import Built
    from whichgpu.planner.fleet import Load, Operation, Space
    from whichgpu.planner.hosted import Hosted
    from whichgpu.planner.machine import Checked
    from whichgpu.planner.request import Request
    from whichgpu.prices.offers import Offer
    from whichgpu.workloads.job import Job

#: Requests simulated for each in flight, the fewest and the most, and how many fleets at most.
_EACH, _FEWEST, _MOST, _TRIES = 8.0, 2000, 8000, 8


@immutable
class Fleet:
    """One fleet: `choice` of an offer, `job` of one replica with its split, and how it works.

    `usd_input` and `usd_output` are USD of a million tokens. `tails` are simulated, of the first alone.
    """

    gpu: str
    job: Job
    choice: Choice
    at: Operation
    request_rate: float
    usd_input: float
    usd_output: float
    tails: Tails | None = None
    why: str = ""

    @property
    def split(self) -> str:
        """`tp=4`."""
        return name(self.job)

    @property
    def gpus_per_replica(self) -> int:
        """GPUs that hold one copy of the model."""
        return round(float(self.job.n_gpus))

    @property
    def gpus(self) -> int:
        """GPUs of all instances."""
        return self.choice.instances * int(self.choice.offer.gpu_count)

    @property
    def watts(self) -> float:
        """W of all GPUs under the load."""
        return self.at.watts * self.gpus

    @property
    def trust(self) -> int:
        """In its price, 0 the most."""
        return self.choice.trust

    @property
    def cost(self) -> float:
        """USD/h of all of it."""
        return self.choice.usd_per_hour

    @property
    def offer(self) -> Offer:
        """Whose price it has."""
        return self.choice.offer

    @property
    def usd_to_buy(self) -> float | None:
        """USD of the cards where they are bought."""
        each = price_to_buy(self.choice.offer)
        return None if each is None else each * self.choice.instances

    @property
    def tokens(self) -> float:
        """Output tokens/s."""
        return self.request_rate * float(self.job.output_tokens)

    @property
    def usd_per_million(self) -> float:
        """USD of a million tokens made, those of their prompts included."""
        return self.choice.usd_per_hour / 3600.0 / self.tokens * 1e6

    def to_dict(self, rank: int) -> dict[str, Any]:
        """The contract's shape of a candidate, SI units."""
        choice, at = self.choice, self.at
        wide = float(np.exp(Z90 * at.spread))
        made = {"low": self.tokens / wide, "mid": self.tokens, "high": self.tokens * wide}
        each = {key: value / choice.instances for key, value in made.items()}
        return {
            "rank": rank, "gpu": self.gpu, "split": self.split, "gpus_per_replica": self.gpus_per_replica,
            "replicas": choice.replicas, "gpus_per_instance": int(choice.offer.gpu_count),
            "instances": choice.instances, "instances_safe": at.safe, "gpus": self.gpus,
            "request_rate": self.request_rate, "request_rate_per_replica": at.rate,
            "request_rate_per_replica_most": choice.most, "utilisation": at.utilisation,
            "throughput": {**made, "unit": "tokens/s"},
            "throughput_per_instance": {**each, "unit": "tokens/s"},
            **{metric: _told(values) for metric, values in at.times.items()},
            "usd_per_hour": choice.usd_per_hour,
            "usd_per_month": choice.usd_per_hour * words.HOURS_PER_MONTH,
            "usd_per_unit": self.usd_per_million / 1e6,
            "usd_per_million": {"input": self.usd_input, "output": self.usd_output},
            "watts": self.watts, "bound": None if at.binding is None else str(at.binding),
            "offer": choice.offer.to_dict(), "fits": True,
            "memory": {"required": at.memory[0], "available": at.memory[1]},
            "simulated": None if self.tails is None else self.tails.to_dict(),
            "runtime": self.job.runtime, "job": self.job.to_dict(), "basis": at.basis, "why": self.why,
        }  # fmt: skip


def _told(values: Mapping[str, float]) -> dict[str, Any]:
    rest = {key: value for key, value in values.items() if key.startswith("p")}
    return {"low": values["low"], "mid": values["mean"], "high": values["high"], "unit": "s",
            "mean": values["mean"], **rest}  # fmt: skip


@immutable
class Fleets(Shown):
    """Fleets, the cheapest first, and why other GPUs are out; `infeasible` where there is none."""

    request: Request
    terms: Sequence[Term]
    load: Load
    fleets: tuple[Fleet, ...]
    rejected: tuple[Rejected, ...]
    assumptions: tuple[str, ...]
    infeasible: str = ""
    conflict: Conflict | None = None
    hosted: tuple[Hosted, ...] = ()
    machine: Checked | Built | None = None
    warnings: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """The first in one sentence."""
        if not self.fleets:
            return self.infeasible
        first, wanted = self.fleets[0], ", ".join(map(str, self.terms))
        choice = first.choice
        each = "" if first.gpus_per_replica == 1 else f" of {first.gpus_per_replica} GPUs ({first.split})"
        fleet = f"{choice.offer.provider} {choice.offer.instance}"
        if choice.instances > 1:
            fleet = f"{choice.instances:,} x {fleet}"
        form = f" in {first.job.precision}" if self.request.precisions else ""
        rate = number(first.request_rate)
        users = "" if self.load.users is None else f" of {words.plural(self.load.users, 'user')}"
        return (
            f"{first.gpu}: {fleet} ({words.plural(first.gpus, 'GPU')}){form} as "
            f"{words.plural(choice.replicas, 'replica')}{each} hold{'s' * (choice.replicas == 1)} "
            f"{rate} request{'s' * (rate != '1')}/s{users} within {wanted}, {choice.usd_per_hour:,.2f} USD/h "
            f"({words.by_month(choice.usd_per_hour)}): {words.money(first.usd_input)} a million tokens in, "
            f"{words.money(first.usd_output)} out"
        )

    def __str__(self) -> str:
        return self.headline

    def to_dict(self) -> dict[str, Any]:
        """The contract's shape of `recommend`, with the load and the objectives."""
        load = self.load
        return {
            "workload": self.request.job.workload, "target": None, "unit": "tokens",
            "load": {"request_rate": load.rate, "users": load.users, "pause": load.pause},
            "slo": {"objectives": [one.to_dict() for one in self.terms]},
            "headline": self.headline if self.fleets else None,
            "candidates": [one.to_dict(rank) for rank, one in enumerate(self.fleets, 1)],
            "rejected": [{"gpu": one.gpu, "why": one.why} for one in self.rejected],
            "assumptions": list(self.assumptions), "warnings": list(self.warnings),
            "infeasible": self.infeasible or None,
            "hosted": [one.to_dict() for one in self.hosted],
            "machine": self.machine and self.machine.to_dict(),
            "conflict": self.conflict.to_dict() if self.conflict else None,
        }  # fmt: skip


def fleets(
    request: Request, terms: Sequence[Term], load: Load, catalogue: Catalogue,
    offers: Sequence[Offer] | None = None, *, limit: int = 10, assumed: Sequence[str] = (),
) -> Fleets:  # fmt: skip
    """Rank fleets that hold a load within objectives, at most `limit`, each in the best of its formats.

    `assumed` is what was not stated of them. Raises `UsageError` for names that do not resolve; where nothing
    holds them `infeasible` says why, and what would be possible.
    """
    asked = in_formats(request)
    request = asked[-1]
    job = resolve(request.job.workload).complete(replace(request.job, phase="serve"))
    told = (*assumed, *sentences.assumptions(request, job, None))
    # What costs little by the hour may cost much to buy: all are ranked where that is limited.
    most = limit if request.budget_to_buy is None else len(catalogue)
    spaces = [searched(each, terms, load, catalogue, offers) for each in asked]
    space, rejected = spaces[-1]
    found = _merged(spaces, rejected, most)
    kept = [one for one in found if _bill(one, request)[0] <= _bill(one, request)[1]][:limit]
    if not kept and (more := roomier(request)):
        return fleets(more, terms, load, catalogue, offers, limit=limit, assumed=assumed)
    for one in found:
        if one not in kept:
            rejected[one.gpu] = _dear(one, request)
    why, against = ("", None) if kept else _infeasible(space, rejected, found, request)
    if not found and against is None:
        against = _conflict(request, job, catalogue, offers)
        if against is not None and refusals.named_alone(request, against):
            why = f"{why.partition('; try ')[0]}; {against.told}"
        elif against is not None:
            why = str(against)
    return Fleets(
        request, terms, load, tuple(_explained(kept, request.objective)),
        tuple(Rejected(key, reason.kind, reason.text) for key, reason in rejected.items()), told, why,
        against, _hosted(request, kept), in_machine(request, catalogue, kept),
        cautions(kept, request, catalogue),
    )  # fmt: skip


def _merged(
    spaces: Sequence[tuple[Space | None, dict[str, Reason]]], rejected: dict[str, Reason], limit: int
) -> list[Fleet]:
    """The best fleet of each GPU type in any format, best first; notes why the others are out in the last."""
    ranked = [
        (_aim(space, (one.choice, one.at)), one)
        for space, why in spaces if space is not None for one in _ranked(space, why, limit)
    ]  # fmt: skip
    best: dict[str, Fleet] = {}
    for _, one in sorted(ranked, key=lambda pair: pair[0]):
        best.setdefault(one.gpu, one)
        rejected.pop(one.gpu, None)
    found = list(best.values())
    if found:
        found.insert(0, found.pop(_simplest(spaces[-1][0], found)))
    return found


def _hosted(request: Request, kept: Sequence[Fleet]) -> tuple[Hosted, ...]:
    """Hosted prices of the model against the first fleet."""
    if not kept:
        return ()
    first = kept[0]
    prompt, answer = float(first.job.input_tokens), float(first.job.output_tokens)
    most = first.choice.most * first.choice.replicas * answer
    own = hosted.Fleet(first.gpu, first.choice.usd_per_hour, abs(most), prompt, answer)
    return hosted.against(request, resolve(request.job.workload), own, first.tokens)


def _conflict(
    request: Request, job: Job, catalogue: Catalogue, offers: Sequence[Offer] | None
) -> Conflict | None:
    """Which wishes leave no GPU at all; None where it is not the wishes."""
    from whichgpu.prices import live

    plain = replace(request, job=replace(job, concurrency=None), target=None, budget=None)
    pool = live.current() if offers is None else tuple(offers)
    return conflict((plain,), resolve(job.workload), catalogue, pool)


def _aim(space: Space, pair: tuple[Choice, Operation]) -> tuple[float, ...]:
    """What ranks fleets: trust in the price, what they draw where that is asked for, what they cost."""
    one, at = pair
    trusted, *rest = space.rank(one)
    drawn = (at.watts * one.instances * one.offer.gpu_count,) if space.request.objective == "energy" else ()
    return trusted, *drawn, *rest


def _ranked(space: Space, rejected: dict[str, Reason], limit: int) -> list[Fleet]:
    """A fleet of each GPU type, best first; the first is simulated until it is one that holds.

    What a fleet draws is known of those that are looked at closely alone: then all of them are.
    """
    best = search(space)
    for row, gpu in enumerate(space.found.gpus):
        if row not in best:
            rejected[gpu.id] = _why_not(space, row)
    order = sorted(best.values(), key=space.rank)
    near = len(order) if space.request.objective == "energy" else limit
    close = refined(space, order[:near])
    tails: dict[int, Tails] = {}
    for _ in range(_TRIES):
        if not close:
            break
        close.sort(key=lambda pair: _aim(space, pair))
        close.insert(0, close.pop(_simplest(space, [_fleet(space, *one, None) for one in close])))
        if close[0][0].row in tails:
            break
        first, at = close[0]
        run = _simulated(space, first, at)
        if _holds(space, run):
            tails[first.row] = run
            break
        close = [*close[1:], *refined(space, [given_less(first, at.rate)])]
    for one in (*(one for one, _ in close[limit:]), *order[near:]):
        rejected[space.found.gpus[one.row].id] = _dearer(one)
    return [_fleet(space, one, at, tails.get(one.row)) for one, at in close[:limit]]


def _simplest(space: Space | None, ways: Sequence[Fleet]) -> int:
    """Which of ranked fleets goes first: of bought cards the fewest that cost as good as the same, or 0."""
    if space is None or space.request.term != "buy" or space.request.objective != "cost":
        return 0
    simple = sentences.simplest(ways) if ways and space.load.stated else None
    return next((at for at, one in enumerate(ways) if one is simple), 0)


def _simulated(space: Space, choice: Choice, at: Operation) -> Tails:
    gpu = space.found.gpus[choice.row]
    job = curve.checked(space.ways.job(choice.column), gpu)
    table, _ = curve.ready(job, gpu)
    simulator = curve.simulator(job, gpu, table)
    rate = min(at.rate, 0.99 * table.capacity)
    count = int(np.clip(_EACH * float(table.met(rate)), _FEWEST, _MOST))
    return curve.summary(simulator.at_rate(rate, requests=count), curve.ENDS)


def _holds(space: Space, run: Tails) -> bool:
    """Whether percentiles hold as simulated; means are the model's, which held them already."""
    return all(run.of(one.metric, one.how) <= one.most for one in space.terms if one.how != "mean")


def _fleet(space: Space, choice: Choice, at: Operation, tails: Tails | None) -> Fleet:
    job = space.ways.job(choice.column)
    rate = at.rate * choice.replicas
    usd = choice.usd_per_hour / 3600.0 * 1e6 / rate
    return Fleet(
        space.found.gpus[choice.row].id, replace(job, concurrency=None), choice, at, rate,
        usd * at.share / max(float(job.input_tokens), 1.0),
        usd * (1.0 - at.share) / max(float(job.output_tokens), 1.0), tails,
    )  # fmt: skip


# --- why, and why not ---------------------------------------------------------------------------------------


def _explained(found: Sequence[Fleet], objective: str) -> list[Fleet]:
    if not found:
        return []
    first = found[0]
    rest = [replace(one, why=_against(one, first, objective)) for one in found[1:]]
    if not rest:
        said = "is the only one"
    elif first.usd_to_buy is not None and rest[0].cost < first.cost:  # of cards to buy fewer go first
        said = f"is a tie with {rest[0].gpu}: it {sentences.tied(first, rest[0])}"
    else:
        said = f"beats {rest[0].gpu}: {_compared(first, rest[0], objective)}"
    return [replace(first, why=said), *rest]


def _against(one: Fleet, first: Fleet, objective: str) -> str:
    if one.choice.trust > first.choice.trust:
        return "has a price that is old, replaced or undated, and ranks behind current ones"
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


def _why_not(space: Space, row: int) -> Reason:
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


def _dearer(one: Choice) -> Reason:
    kind = "dearer, or with an older price, than those listed (--limit)"
    return Reason(
        kind,
        f"{words.plural(one.instances, 'instance')} of {one.offer.provider} {one.offer.instance} would "
        f"hold it for about {words.money(one.usd_per_hour)}/h; --limit lists more",
    )


def _bill(one: Fleet, request: Request) -> tuple[float, float, str]:
    """What a fleet costs, what it may, and the unit: USD to buy where that is limited, else USD/h."""
    if request.budget_to_buy is not None:
        return inf if one.usd_to_buy is None else one.usd_to_buy, request.budget_to_buy, "USD"
    return one.choice.usd_per_hour, inf if request.budget is None else request.budget, "USD/h"


def _dear(one: Fleet, request: Request) -> Reason:
    usd, allowed, unit = _bill(one, request)
    if usd <= allowed:
        return _dearer(one.choice)
    told = f"{one.choice.instances:,} instances cost {usd:,.2f} {unit}, {allowed:,.2f} allowed"
    return Reason("over the budget", f"over budget: {told}")


def _infeasible(
    space: Space | None, rejected: Mapping[str, Reason], found: Sequence[Fleet], request: Request
) -> tuple[str, Conflict | None]:
    """Which constraint binds, and the nearest that is possible: in words, and as data."""
    if found:
        cheapest = min(found, key=lambda one: _bill(one, request)[0])
        usd, allowed, unit = _bill(cheapest, request)
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
