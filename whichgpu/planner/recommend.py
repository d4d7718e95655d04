"""From a workload and what is wanted of it to a ranked list of what to rent or buy.

The cost of a job is computed once per GPU type and configuration (batch, tensor parallelism, GPUs in data
parallel); offers join afterwards (`options.py`). What limits the choice are constraints (`constraints.py`):
those of GPUs and offers thin out what is computed, those of options what may be chosen. Per GPU the offer and
configuration that is best by the objective stands for it. A price without a date ranks behind every dated
one, an old one behind every current one; the front of cost, time and energy is marked.
"""

from __future__ import annotations

from dataclasses import replace
from math import isnan
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.job.placing import by_format, run_on, usually
from whichgpu.cost.memory.verdict import DOUBTS
from whichgpu.hardware.slices import device
from whichgpu.planner import constraints, refusals, sentences
from whichgpu.planner.answer import Candidate, Recommendation, Rejected
from whichgpu.planner.capping import capped
from whichgpu.planner.caution import of_first, stated
from whichgpu.planner.front import front
from whichgpu.planner.grid import gpus_per_copy, grid
from whichgpu.planner.hosted import compared
from whichgpu.planner.market import (
    CARDS,
    cheapest_of_a_kind,
    considered,
    devices,
    in_parts,
    needed,
    offered,
    purchase_offer,
    trust,
    unplaced,
    usable_offers,
)
from whichgpu.planner.narrower import narrower
from whichgpu.planner.options import best, options, outcome, together
from whichgpu.planner.outlay import of_work
from whichgpu.planner.sensitivity import flips
from whichgpu.planner.splitting import several
from whichgpu.planner.sweeps import swept
from whichgpu.prices import live
from whichgpu.prices import store as prices
from whichgpu.units import GIB
from whichgpu.values import NamedTuple
from whichgpu.workloads.model import is_language_model
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.cost.estimates import Estimates
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.built import Built
    from whichgpu.planner.conflict import Conflict
    from whichgpu.planner.fleets.answer import Fleet
    from whichgpu.planner.machine import Checked
    from whichgpu.planner.options import Options, Outcome
    from whichgpu.planner.reasons import Reason
    from whichgpu.planner.request import Request
    from whichgpu.prices.offers import Offer
    from whichgpu.workloads.workload import Workload


def recommend(
    request: Request, catalogue: Catalogue, offers: Sequence[Offer] | None = None
) -> Recommendation:
    """Rank every way to meet the request.

    `offers` replaces the bundled prices. Raises `UsageError` for names that do not resolve; a request
    that nothing meets is an answer whose `infeasible` says which constraint binds and what would do.
    """
    started = perf_counter()
    workload = resolve(request.job.workload)
    wanted = devices(request, catalogue)
    pool = in_parts(live.current() if offers is None else tuple(offers), wanted, catalogue)
    usable = usable_offers(request, pool, wanted)

    def ranking(asked: Request) -> _Ranking:
        out: dict[str, Reason] = {}
        gpus = stated(considered(wanted, asked, usable, prices.by_device(pool), out), asked, out)
        found = _tries(asked, workload, gpus, usable)
        return _Ranking(found, marked(_fewest(_merged(found, out, asked.objective), asked)), out)

    tries, ranked, rejected = ranking(request)
    if not ranked and (more := roomier(request)):
        return recommend(more, catalogue, offers)
    first = _first(tries, ranked)
    chosen, space = (first.request, first.space) if first is not None else (request, None)
    against = None if ranked else conflicting(request, workload, catalogue, pool)
    infeasible = "" if ranked else refusals.infeasible(request, workload, rejected, space, against)
    explained = sentences.explained(ranked, request, workload)
    sweep = None if space is None else space.sweep
    return Recommendation(
        workload=workload, request=request, candidates=tuple(explained),
        rejected=tuple(Rejected(key, why.kind, why.text) for key, why in rejected.items()),
        assumptions=(
            *sentences.assumptions(request, workload.complete(chosen.job), sweep),
            *filter(None, [unplaced(request, pool, wanted)]),
            *filter(None, [] if request.precisions else [sentences.otherwise(explained)]),
        ),
        warnings=_warnings(sweep, ranked), infeasible=infeasible, conflict=against,
        flips=flips(chosen, space, ranked, usable, whole=len(tries) == 1) if space is not None else (),
        hosted=compared(chosen, workload, explained),
        capped=capped(chosen, space, ranked) if space is not None else None,
        machine=in_machine(request, catalogue, explained),
        cautions=of_first(explained, request, catalogue),
        outlay=of_work(explained, request, workload.unit),
        headline=sentences.headline(explained, request, workload),
        narrower=narrower(ranked, request, workload, lambda asked: ranking(asked).ranked),
        several=None if request.unpriced else several(chosen.job, workload, ranked, catalogue),
        seconds=perf_counter() - started,
    )  # fmt: skip


def roomier(request: Request) -> Request | None:
    """The same with the next larger machine bought, where nobody said which; None past the largest.

    A usual desktop comes first: what four cards do is not left to eight.
    """
    if request.term != "buy" or request.machine is not None or request.most_cards >= CARDS:
        return None
    return replace(request, most_cards=CARDS if request.most_cards else CARDS // 2)


#: B of weights, gradients and optimizer for a parameter, by phase where not all are in full; from what size
#: on they are cut over GPUs: what is smaller, every card holds.
_STATE, _WORTH_CUTTING = {"finetune_lora": 2.0, "finetune_qlora": 0.5}, 8.0 * GIB
#: Options of a job that say how its state is cut, or where it is put.
_CUT = {"sharding", "offload", "offload_to"}


class _Try(NamedTuple):
    """A request in one precision: its options, and a candidate of each GPU type or why there is none."""

    request: Request
    space: Options
    found: list[Candidate]
    rejected: dict[str, Reason]


class _Ranking(NamedTuple):
    """The tries of a request, its candidates, best first, and why there is none of the other GPUs."""

    tries: list[_Try]
    ranked: list[Candidate]
    rejected: dict[str, Reason]


def _tries(
    request: Request, workload: Workload, gpus: Sequence[Gpu], usable: dict[str, list[Offer]]
) -> list[_Try]:
    """The request in each precision; of a training whose state is large also cut over the GPUs of a run.

    Each way with all activations kept, and with those of the layers computed again, which leaves room for
    larger batches or needs fewer GPUs.
    """
    if not gpus:
        return []
    asked = (
        [(one, gpus) for one in in_precisions(request)]
        if request.precisions
        else _by_units(request, workload, gpus)
    )
    large = [(one, some) for one, some in asked if shards(one, workload)]
    cut = [(sharded(one), some) for one, some in large]
    again = [(recomputed(one), some) for one, some in (*large, *cut) if recomputes(one, workload)]
    return [_tried(one, workload, some, usable) for one, some in (*asked, *cut, *again)]


def _by_units(
    request: Request, workload: Workload, gpus: Sequence[Gpu]
) -> list[tuple[Request, Sequence[Gpu]]]:
    """The request, and the GPUs that have units for its format; of the others in the one that they have.

    A V100 trains in FP16 what others do in BF16, as `predict` does; who states a format is asked in that.
    Of GPUs that are named also those that the usual software does not reach are asked under what does.
    """
    usual = usually(request.job)
    groups: dict[tuple[str, str], list[Gpu]] = {}
    for name, rows in by_format("" if request.job.precision else usual.precision, gpus).items():
        so = replace(request.job, precision=name or request.job.precision)
        for gpu in (gpus[row] for row in rows):
            job = run_on(usual, gpu) if request.gpus is not None else so
            groups.setdefault((job.precision, job.runtime), []).append(gpu)
    # Those of the usual format last: where nothing meets a request, the last try says why.
    own = request.job.precision, request.job.runtime
    return [
        (replace(request, job=replace(request.job, precision=told[0], runtime=told[1])), some)
        for told, some in sorted(groups.items(), key=lambda one: one[0] == own)
    ]


def shards(request: Request, workload: Workload) -> bool:
    """Whether how a training run is cut over its GPUs is left to us, and its state is worth cutting."""
    job = workload.complete(request.job)
    if not job.trains or _CUT & set(request.job.options):
        return False
    state = sum(workload.parameters().values()) * _STATE.get(job.phase, 16.0)
    return state >= _WORTH_CUTTING


def sharded(request: Request) -> Request:
    """The request with weights, gradients and optimizer state shared out over the GPUs of a run."""
    job = replace(request.job, options={**request.job.options, "sharding": "fsdp"})
    return replace(request, job=job, cut=True)


def recomputes(request: Request, workload: Workload) -> bool:
    """Whether what a training keeps of its layers is left to us."""
    return is_language_model(workload) and "checkpointing" not in request.job.options


def recomputed(request: Request) -> Request:
    """The request with the activations of its layers computed again in the backward pass."""
    options = {**request.job.options, "checkpointing": "full"}
    return replace(request, job=replace(request.job, options=options))


def in_precisions(request: Request) -> list[Request]:
    """The request in each precision that is asked for; itself where it is one."""
    if not request.precisions:
        return [request]
    return [replace(request, job=replace(request.job, precision=name)) for name in request.precisions]


def _tried(request: Request, workload: Workload, gpus: Sequence[Gpu], usable: dict[str, list[Offer]]) -> _Try:
    rejected: dict[str, Reason] = {}
    space = searched(request, workload, gpus, usable)
    return _Try(request, space, _chosen(request, space, rejected), rejected)


def _merged(tries: Sequence[_Try], rejected: dict[str, Reason], objective: str) -> list[Candidate]:
    """The best candidate of each GPU type in any precision, ranked; notes why of those that have none."""
    best: dict[str, Candidate] = {}
    for one in tries:
        for item in one.found:
            if item.gpu not in best or item.rank(objective) < best[item.gpu].rank(objective):
                best[item.gpu] = item
    for one in tries:
        for gpu, why in one.rejected.items():
            if gpu not in best:
                rejected[gpu] = why
    return sorted(best.values(), key=lambda item: item.rank(objective))


def _fewest(ranked: list[Candidate], request: Request) -> list[Candidate]:
    """The candidates, before them of bought cards the fewest that cost as good as the same as the first."""
    bought = request.term == "buy" and request.objective == "cost" and ranked
    simple = sentences.simplest(ranked) if bought else None
    return ranked if simple is None else [simple, *(one for one in ranked if one is not simple)]


def _first(tries: Sequence[_Try], ranked: Sequence[Candidate]) -> _Try | None:
    """The try that the first candidate is of; the last one where there is no candidate."""
    own = (one for one in tries if ranked and any(item.estimate is ranked[0].estimate for item in one.found))
    return next(own, tries[-1] if tries else None)


def conflicting(
    request: Request, workload: Workload, catalogue: Catalogue, pool: Sequence[Offer]
) -> Conflict | None:
    """Which wishes cannot be held together, and the ways out; imported where it comes to that."""
    from whichgpu.planner.conflict import conflict

    ways = (request, sharded(request)) if shards(request, workload) else (request,)
    return conflict(ways, workload, catalogue, pool)


def searched(
    request: Request, workload: Workload, gpus: Sequence[Gpu], usable: dict[str, list[Offer]]
) -> Options:
    """Every option on these GPUs, the cost model asked once for all of them."""
    offers = [cheapest_of_a_kind(usable[gpu.id], request) for gpu in gpus]
    sweep = swept(workload, grid(workload, request.job, together(request, offers)), gpus)
    return options(request, sweep, offers)


def _chosen(request: Request, space: Options, rejected: dict[str, Reason]) -> list[Candidate]:
    """A candidate of each GPU type that has one; why there is none of the others."""
    result = outcome(space, request)
    limits = tuple(constraints.of_options(request))
    held = [limit.holds(result) for limit in limits]
    allowed = np.logical_and.reduce(held) if held else np.ones(len(space.row), dtype=bool)
    able = space.only(allowed)
    found = best(able, outcome(able, request), request)
    for row, gpu in enumerate(space.sweep.devices.gpus):
        if row not in found:
            rejected[gpu.id] = _why_not(request, space, result, row)
    within = outcome(able, request)
    return [_candidate(request, able, within, index) for index in found.values()]


def _why_not(request: Request, space: Options, result: Outcome, row: int) -> Reason:
    """Why no option of a GPU type may be chosen."""
    sweep = space.sweep
    if sweep.refusals[row]:
        return refusals.cannot_run(sweep.refusals[row])
    if not sweep.fits[row].any():
        return refusals.too_big(sweep, row)
    mine = np.flatnonzero(space.row == row)
    if not len(mine):
        return refusals.no_room(sweep, row, request)
    return refusals.beyond(request, space, result, mine)


def _candidate(request: Request, space: Options, result: Outcome, index: int) -> Candidate:
    offer = space.offers[int(space.offer[index])]
    row, column = int(space.row[index]), int(space.column[index])
    answer = space.sweep.at(row, column)
    count, instances = int(offer.gpu_count), int(result.instances[index])
    per_instance = answer.throughput.scaled(float(space.rate[index]) / answer.throughput.mid)
    together = round(float(gpus_per_copy(answer.job)))
    sized = request.size is not None
    low = per_instance.low / per_instance.mid
    return Candidate(
        gpu=answer.gpu, offer=offer, estimate=answer, gpus_per_replica=together, gpus_per_instance=count,
        replicas=instances * (count // together), instances=instances,
        instances_safe=_safe(request, space, result, index, low),
        throughput=per_instance.scaled(instances), throughput_per_instance=per_instance,
        usd_per_hour=float(result.usd_per_hour[index]), usd_per_unit=float(result.usd_per_unit[index]),
        usd_per_unit_full_load=float(result.usd_per_unit_full[index]), watts=float(result.watts[index]),
        trust=trust(offer, request), spread_own=float(space.sweep.spread_own[row, column]),
        buy=_owning(space.sweep.devices.gpus[row], count * instances, request),
        joules_per_unit=float(result.joules_per_unit[index]),
        finish=float(result.seconds[index]) if sized else None,
        usd_total=float(result.usd_total[index]) if sized else None,
        usd_to_buy=None if isnan(result.usd_to_buy[index]) else float(result.usd_to_buy[index]),
        joules_total=float(result.joules_total[index]) if sized else None,
    )  # fmt: skip


def _safe(request: Request, space: Options, result: Outcome, index: int, low: float) -> int:
    """Instances at the low end of the interval of their speed, which is `low` times the middle.

    A training run on several instances is looked up among those that were tried, since the last of them adds
    less than the first; beyond these each is taken to add as much as the others.
    """
    instances, rate = int(result.instances[index]), float(space.rate[index]) * low
    if request.target is not None:
        return needed(request.target.rate, rate)
    if request.size is None or request.deadline is None:
        return instances
    if space.sweep.job.trains:
        alike = (space.row == space.row[index]) & (space.offer == space.offer[index])
        ends = alike & (result.seconds <= request.deadline * low) & (result.instances >= instances)
        if ends.any():
            return int(result.instances[ends].min())
    return max(instances, needed(request.size.units / request.deadline, rate))


def in_machine(
    request: Request, catalogue: Catalogue, ranked: Sequence[Candidate | Fleet]
) -> Checked | Built | None:
    """The machine that is built with the first candidate's cards in it, or the one that bought cards take."""
    if not ranked or request.term != "buy":
        return None
    chosen: list[Any] = [getattr(one, "choice", one) for one in ranked]
    gpus = {one.gpu: device(one.gpu, catalogue) for one in ranked}
    first = gpus[ranked[0].gpu]
    if request.machine is None:
        from whichgpu.planner.built import built

        boxes = [purchase_offer(first, count, request.power_limit) for count in range(1, CARDS + 1)]
        return built(chosen[0].offer, [one.offer for one in chosen[1:]], gpus,
                     [one for one in boxes if one is not None], request.power_limit)  # fmt: skip
    from whichgpu.planner.machine import checked

    return checked(
        request.machine, first, offered(request, (), [first]), chosen[0].offer, request.power_limit,
        machines=chosen[0].instances,
    )  # fmt: skip


def _owning(gpu: Gpu, count: int, request: Request) -> float | None:
    """USD per hour of use of owning the same number of GPUs; None where it cannot be known."""
    if request.term == "buy":
        return None
    owned = purchase_offer(gpu)
    return None if owned is None else owned.usd_per_hour * count


def _warnings(sweep: Estimates | None, kept: Sequence[Candidate], most: int = 3) -> tuple[str, ...]:
    """What to know of the first candidates, once each."""
    if sweep is None:
        return ()
    ids = [gpu.id for gpu in sweep.devices.gpus]
    rows = [ids.index(item.gpu) for item in kept[:most] if item.gpu in ids] or [0]
    said = dict.fromkeys(text for row in rows for text in sweep.warnings(row))
    doubts = (
        f"{item.gpu} may run out of memory: {DOUBTS[text]}"
        for item in kept[:most] for text in item.estimate.warnings if text in DOUBTS
    )  # fmt: skip
    return (*said, *dict.fromkeys(doubts))


def marked(ranked: Sequence[Candidate]) -> list[Candidate]:
    """The candidates with the front of cost, time and energy marked, among those whose price has a date."""
    dated = [item for item in ranked if item.trust < 2]
    if not dated:
        return list(ranked)
    on = front(np.array([item.axes() for item in dated]))
    ids = {item.gpu for item, there in zip(dated, on.tolist(), strict=True) if there}
    return [replace(item, front=item.gpu in ids) for item in ranked]
