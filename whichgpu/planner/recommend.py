"""From a workload and a target to a ranked list of what to rent or buy.

    throughput per instance = floor(GPUs per instance / GPUs per replica) * throughput of a replica
    instances = ceil(target / throughput per instance)
    USD per hour = instances * price of the instance
    USD per unit = USD per hour / (3600 * target)

The cost of a job is computed once per GPU type and configuration (batch, tensor parallelism, GPUs in
data parallel); offers join afterwards. Per GPU the offer and configuration with the cheapest fleet
win. A price without a date ranks behind every dated one, an old one behind every current one.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.estimate import Estimates, estimate
from whichgpu.planner import sentences
from whichgpu.planner.grid import WORTH, grid
from whichgpu.planner.market import considered_for, needed, purchase_offer, trust, usable_offers
from whichgpu.planner.request import Candidate, Recommendation, Rejected, Request
from whichgpu.planner.splitting import several
from whichgpu.prices import live
from whichgpu.prices import store as prices
from whichgpu.values import immutable
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.prices.offers import Offer


@immutable
class _Fit:
    """One configuration (a column of the sweep) on one GPU type (a row)."""

    row: int
    column: int
    rate: float
    latency: float
    gpus: int


def recommend(
    request: Request, catalogue: Catalogue, offers: Sequence[Offer] | None = None
) -> Recommendation:
    """Rank every way to meet the request.

    `offers` replaces the bundled prices. Raises `UsageError` for names that do not resolve; a request
    that nothing meets is an answer whose `infeasible` says which constraint binds and what would do.
    """
    started = perf_counter()
    workload = resolve(request.job.workload)
    job = workload.complete(request.job)
    pool = live.current() if offers is None else tuple(offers)
    wanted = tuple(catalogue.values() if request.gpus is None else (catalogue[g] for g in request.gpus))
    usable = usable_offers(request, pool, wanted)
    mentions = prices.by_device(pool)
    rejected: dict[str, sentences.Reason] = {}
    considered = [gpu for gpu in wanted if considered_for(gpu, request, usable, mentions, rejected)]
    candidates: list[Candidate] = []
    sweep: Estimates | None = None
    if considered:
        counts = sorted({offer.gpu_count for gpu in considered for offer in usable[gpu.id]})
        sweep = estimate(grid(workload, request.job, counts), considered)
        for row, gpu in enumerate(considered):
            found = _best(request, sweep, row, usable[gpu.id])
            if isinstance(found, sentences.Reason):
                rejected[gpu.id] = found
            else:
                candidates.append(found)
    candidates.sort(key=lambda item: (item.trust, item.usd_per_unit, item.watts, item.gpu))
    kept = [item for item in candidates if request.budget is None or item.usd_per_hour <= request.budget]
    for item in candidates:
        if item not in kept:
            rejected[item.gpu] = sentences.over_budget(item, request)
    infeasible = "" if kept else sentences.infeasible(request, workload, candidates, rejected, sweep)
    explained = sentences.explained(kept, request, workload)
    return Recommendation(
        workload=workload,
        request=request,
        candidates=tuple(explained),
        rejected=tuple(Rejected(key, why.kind, why.text) for key, why in rejected.items()),
        assumptions=sentences.assumptions(request, job, sweep),
        warnings=_warnings(sweep, kept),
        infeasible=infeasible,
        headline=sentences.headline(explained, request, workload),
        several=several(request.job, workload, kept, catalogue),
        seconds=perf_counter() - started,
    )


def _best(
    request: Request, sweep: Estimates, row: int, offers: Sequence[Offer]
) -> Candidate | sentences.Reason:
    """The cheapest fleet of one GPU type, or why there is none."""
    if sweep.refusals[row]:
        return sentences.cannot_run(sweep.refusals[row])
    fits = _fits(request, sweep, row)
    if isinstance(fits, sentences.Reason):
        return fits
    found = [
        (fit, offer)
        for offer in offers
        if (fit := _configuration(fits, offer, trains=sweep.job.trains)) is not None
    ]
    if not found:
        return sentences.too_many(min(fit.gpus for fit in fits), max(offer.gpu_count for offer in offers))
    return _candidate(request, sweep, *min(found, key=lambda pair: _cost(request, *pair)))


def _cost(request: Request, fit: _Fit, offer: Offer) -> tuple[int, float, float]:
    """What offers of one GPU type are chosen by: trust, USD for the target (or per unit), size."""
    rate = (int(offer.gpu_count) // fit.gpus) * fit.rate
    if request.target is None:
        return trust(offer, request), offer.usd_per_hour / rate, offer.gpu_count
    usd = needed(request.target.rate, rate) * offer.usd_per_hour
    return trust(offer, request), usd, offer.gpu_count


def _fits(request: Request, sweep: Estimates, row: int) -> list[_Fit] | sentences.Reason:
    gpus = np.broadcast_to(np.asarray(sweep.job.tp), sweep.seconds.shape)[row]
    together = np.broadcast_to(np.asarray(sweep.job.n_gpus), sweep.seconds.shape)[row]
    columns = [j for j in range(sweep.seconds.shape[1]) if sweep.fits[row, j]]
    if not columns:
        return sentences.too_big(sweep, row)
    quick = [j for j in columns if request.latency is None or sweep.latency[row, j] <= request.latency]
    if not quick:
        return sentences.too_slow(sweep, row, columns, request)
    size = together if sweep.job.trains else gpus
    return [
        _Fit(row, j, float(sweep.throughput[row, j]), float(sweep.latency[row, j]), round(float(size[j])))
        for j in quick
    ]


def _configuration(fits: Sequence[_Fit], offer: Offer, *, trains: bool) -> _Fit | None:
    """The configuration that gives the most on one instance; the smaller batch where it is close."""
    count = int(offer.gpu_count)
    able = [fit for fit in fits if (fit.gpus == count if trains else fit.gpus <= count)]
    if not able:
        return None

    def total(fit: _Fit) -> float:
        return (count // fit.gpus) * fit.rate

    most = max(total(fit) for fit in able)
    return min((fit for fit in able if total(fit) * WORTH >= most), key=lambda fit: (fit.latency, fit.gpus))


def _candidate(request: Request, sweep: Estimates, fit: _Fit, offer: Offer) -> Candidate:
    count = int(offer.gpu_count)
    answer = sweep.at(fit.row, fit.column)
    replicas = count // fit.gpus
    per_instance = answer.throughput.scaled(replicas)
    instances, safe = 1, 1
    if request.target is not None:
        instances = needed(request.target.rate, per_instance.mid)
        safe = needed(request.target.rate, per_instance.low)
    usd_per_hour = instances * offer.usd_per_hour
    full = offer.usd_per_hour / (3600.0 * per_instance.mid)
    tp = round(float(answer.job.tp))
    return Candidate(
        gpu=answer.gpu, offer=offer, estimate=answer, gpus_per_replica=tp, gpus_per_instance=count,
        replicas=instances * (count // tp), instances=instances, instances_safe=safe,
        throughput=per_instance.scaled(instances), throughput_per_instance=per_instance,
        usd_per_hour=usd_per_hour,
        usd_per_unit=usd_per_hour / (3600.0 * request.target.rate) if request.target else full,
        usd_per_unit_full_load=full,
        watts=answer.power * count * instances,
        trust=trust(offer, request),
        spread_own=float(sweep.spread_own[fit.row, fit.column]),
        buy=_owning(sweep.devices.gpus[fit.row], count * instances, request),
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
    rows = [ids.index(item.gpu) for item in kept[:most]] or [0]
    return tuple(dict.fromkeys(text for row in rows for text in sweep.warnings(row)))
