"""What `recommend --slo` answers: fleets of replicas, cheapest first, the first of them simulated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.job.placing import run_on, usually
from whichgpu.cost.serving import curve
from whichgpu.errors import UsageError
from whichgpu.hardware.slices import device
from whichgpu.planner import hosted, refusals, sentences
from whichgpu.planner.answer import Rejected
from whichgpu.planner.caution import cautions
from whichgpu.planner.conflict import Conflict, WayOut, conflict
from whichgpu.planner.fleets.answer import Fleet, Fleets
from whichgpu.planner.fleets.asked import in_formats
from whichgpu.planner.fleets.search import Choice, given_less, refined, searched
from whichgpu.planner.fleets.search import chosen as search
from whichgpu.planner.fleets.why import bill, dear, dearer, explained, infeasible, why_not
from whichgpu.planner.narrower import Narrower, clearly_less, usual_format
from whichgpu.planner.recommend import in_machine, roomier
from whichgpu.units import HOUR
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.cost.serving.curve import Tails
    from whichgpu.cost.serving.slo import Term
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.fleets.search import Load, Operation, Space
    from whichgpu.planner.hosted import Hosted
    from whichgpu.planner.reasons import Reason
    from whichgpu.planner.request import Request
    from whichgpu.prices.offers import Offer
    from whichgpu.workloads.job import Job

#: Requests simulated for each in flight, the fewest and the most, and how many fleets at most.
_EACH, _FEWEST, _MOST, _TRIES = 8.0, 2000, 8000, 8


def fleets(
    request: Request, terms: Sequence[Term], load: Load, catalogue: Catalogue,
    offers: Sequence[Offer] | None = None, *, limit: int = 10, assumed: Sequence[str] = (),
) -> Fleets:  # fmt: skip
    """Rank fleets that hold a load within objectives, at most `limit`, each in the best of its formats.

    `assumed` is what was not stated of them. Raises `UsageError` for names that do not resolve; where nothing
    holds them `infeasible` says why, and what would be possible.
    """
    asked = in_formats(_as_named(request, catalogue))
    request = asked[-1]
    job = resolve(request.job.workload).complete(replace(request.job, phase="serve"))
    told = (*assumed, *sentences.assumptions(request, job, None))
    # What costs little by the hour may cost much to buy: all are ranked where that is limited.
    most = limit if request.budget_to_buy is None else len(catalogue)
    spaces = [searched(each, terms, load, catalogue, offers) for each in asked]
    space, rejected = spaces[-1]
    found = _merged(spaces, rejected, most)
    kept = [one for one in found if bill(one, request)[0] <= bill(one, request)[1]][:limit]
    if not kept and (more := roomier(request)):
        return fleets(more, terms, load, catalogue, offers, limit=limit, assumed=assumed)
    for one in found:
        if one not in kept:
            rejected[one.gpu] = dear(one, request)
    why, against = ("", None) if kept else infeasible(space, rejected, found, request)
    if not found and against is not None and request.needs:
        against, why = _without_needs(against, why, request, (terms, load, catalogue, offers))
    if not found and against is None:
        against = _conflict(request, job, catalogue, offers)
        if against is not None and refusals.named_alone(request, against):
            why = f"{why.partition('; try ')[0]}; {against.told}"
        elif against is not None:
            why = str(against)
    return Fleets(
        request, terms, load, tuple(explained(kept, request.objective)),
        tuple(Rejected(key, reason.kind, reason.text) for key, reason in rejected.items()), told, why,
        against, _hosted(request, kept), in_machine(request, catalogue, kept),
        cautions(kept, request, catalogue),
        _narrower(kept[0], request, (terms, load, catalogue, offers)) if kept else None,
    )  # fmt: skip


def _as_named(request: Request, catalogue: Catalogue) -> Request:
    """The request as all the GPUs that it names run it, where the usual software or format is on none."""
    if not request.gpus or request.precisions:
        return request
    usual = usually(request.job)
    ran = {
        (one.runtime, one.precision)
        for one in (run_on(usual, device(key, catalogue)) for key in request.gpus)
    }
    if len(ran) != 1:
        return request
    ((runtime, precision),) = ran
    return replace(request, job=replace(request.job, runtime=runtime, precision=precision))


def _narrower(
    first: Fleet, request: Request,
    asked: tuple[Sequence[Term], Load, Catalogue, Sequence[Offer] | None],
) -> Narrower | None:  # fmt: skip
    """The first fleet in a narrower format where that costs clearly less; None where a format is stated.

    By the model's percentiles: nothing of it is simulated.
    """
    workload = resolve(request.job.workload)
    if request.job.precision or request.precisions:
        return None
    name = usual_format(request, workload)
    try:
        space, _ = searched(replace(request, job=replace(request.job, precision=name)), *asked)
    except UsageError:  # this model, or its runtime, is not run in it
        return None
    if space is None:
        return None
    near = refined(space, sorted(search(space).values(), key=space.rank)[:_TRIES])
    found = [_fleet(space, *one, None) for one in sorted(near, key=lambda pair: _aim(space, pair))]
    if not found or found[0].trust > first.trust:
        return None
    one = found[_simplest(space, found)]
    told = Narrower(name, one.gpu, one.gpus, one.cost / first.cost, one.usd_to_buy, one.cost, None)
    return clearly_less(told, first.usd_to_buy)


def _without_needs(
    against: Conflict, why: str, request: Request,
    asked: tuple[Sequence[Term], Load, Catalogue, Sequence[Offer] | None],
) -> tuple[Conflict, str]:  # fmt: skip
    """A conflict with, besides its ways out, what is needed of a GPU left out, where a fleet is found so."""
    free = replace(request, needs=())
    space, rejected = searched(free, *asked)
    best = _ranked(space, rejected, 1) if space is not None else []
    if not best:
        return against, why
    left = " ".join(f"--needs {need.text}" for need in request.needs)
    way = WayOut((f"leave out {left}",), best[0].gpu, best[0].choice.usd_per_hour)
    return against._replace(ways_out=(*against.ways_out, way)), f"{why}, or {way.changes[0]} ({way.gpu})"


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
            rejected[gpu.id] = why_not(space, row)
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
        rejected[space.found.gpus[one.row].id] = dearer(one)
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
    usd = choice.usd_per_hour / HOUR * 1e6 / rate
    return Fleet(
        space.found.gpus[choice.row].id, replace(job, concurrency=None), choice, at, rate,
        usd * at.share / max(float(job.input_tokens), 1.0),
        usd * (1.0 - at.share) / max(float(job.output_tokens), 1.0), tails,
    )  # fmt: skip
