"""The best strategies to train a job on a cluster, of all that fit.

All meshes are columns of a few sweeps, one for each kind of checkpointing and of sharding, which the same
cost functions evaluate that answer a single job; the best are then answered one by one, with their parts.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.breakdown import breakdown
from whichgpu.cost.coefficients import section
from whichgpu.cost.estimate import estimate
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.parallel.links import node_size
from whichgpu.errors import UsageError
from whichgpu.planner.sweep.answer import Scaled, Strategy, Sweep, sharded
from whichgpu.planner.sweep.meshes import Meshes, meshes, shape
from whichgpu.prices import live
from whichgpu.prices import store as prices
from whichgpu.units import GIB
from whichgpu.values import NamedTuple
from whichgpu.workloads.checkpointing import checkpointing
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.calibration.evidence import Evidence
    from whichgpu.planner.sweep.request import Request
    from whichgpu.prices.offers import Offer
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]

_RECOMPUTING = ("none", "selective", "full")
_SHARDINGS = ("none", "zero1", "zero2", "fsdp")
#: The runtime of a job that names none that is known.
_RUNTIME = "pytorch-2"
#: Options of a mesh that a search turns into arrays.
_DEGREES = ("cp", "ep", "vp")
#: Columns evaluated at once: what a cache holds of the ops.
_CHUNK = 4096
#: How far a search for more GPUs goes, in doublings.
_DOUBLINGS = 8


class _Group(NamedTuple):
    """Meshes with one kind of checkpointing and one of sharding: seconds, memory and whether each fits."""

    recomputing: str
    sharding: str
    meshes: Meshes
    seconds: Array
    required: Array
    fits: NDArray[np.bool_]


def sweep(request: Request, offers: Sequence[Offer] | None = None) -> Sweep:
    """The best strategies for a request.

    `offers` replaces the bundled prices. Raises `UsageError` where a stated degree cannot be; where nothing
    fits the answer says what binds and the fewest GPUs that would do.
    """
    started = perf_counter()
    workload = resolve(request.job.workload)
    offer = _offer(request, offers)
    groups = _evaluated(request, workload)
    if not groups:
        said = request.job.options.get("sharding", "zero2")
        raise UsageError(
            f"sharding {said} is not searched beside stages (pp {request.job.pp or 1:g}), which would send "
            f"gradients or weights with every micro-batch; write --option sharding=zero1, or --pp 1"
        )
    count, fitting = _counted(groups)
    best = [] if not fitting else _best(request, groups, request.top)
    more = allowance(groups, _own_error(workload))
    top = tuple(_strategy(request, job, offer, more) for job in best)
    lean = _strategy(request, _leanest(request, groups, _own_error(workload)), offer, more) if top else None
    done = Sweep(
        workload, request, top, count, fitting, perf_counter() - started, offer,
        leanest=lean if lean and lean.mesh != top[0].mesh else None,
        infeasible="" if best else _infeasible(request, groups, workload),
    )  # fmt: skip
    curve = _scaling(request, workload, offer, done) if request.scaling else ()
    return replace(done, scaling=curve, published=_published(done), seconds=perf_counter() - started)


def _published(done: Sweep) -> tuple[Evidence, ...]:
    """The measured runs nearest to the best strategy, of this kind of GPU first."""
    if not done.top:
        return ()
    from whichgpu.cost.calibration.evidence import evidence
    from whichgpu.hardware.catalogue import catalogue

    return evidence(done.top[0].estimate, done.request.gpu, catalogue()).rows


def _counted(groups: Sequence[_Group]) -> tuple[int, int]:
    return sum(len(group.seconds) for group in groups), sum(int(group.fits.sum()) for group in groups)


def _evaluated(request: Request, workload: Workload) -> list[_Group]:
    """Every strategy, timed and weighed."""
    system = request.job.options.get("system", "")
    node = int(node_size(Devices.of([request.gpu], system=system))[0, 0])
    found = meshes(shape(request, workload, node), _fixed(request))
    return [
        group
        for recomputing in _asked(request.job, "checkpointing", _RECOMPUTING)
        for sharding in _asked(request.job, "sharding", _SHARDINGS)
        for group in _timed(request, found, recomputing, sharding)
    ]


def _fixed(request: Request) -> dict[str, int]:
    """The degrees that a request states, whole numbers."""
    job = request.job
    stated = {name: getattr(job, name) for name in ("tp", "pp")}
    stated |= {name: job.degree(name) for name in _DEGREES if name in job.options}
    stated["batch"] = request.batch
    for name, value in stated.items():
        if value is not None and value != int(value):
            raise UsageError(
                f"{name}: {value:g} is not a whole number; give e.g. {name}={max(1, int(value))}"
            )
    return {name: int(value) for name, value in stated.items() if value is not None}


def _asked(job: Job, option: str, every: tuple[str, ...]) -> tuple[str, ...]:
    if option not in job.options:
        return every
    return (checkpointing(job),) if option == "checkpointing" else (job.options[option],)


def _timed(request: Request, found: Meshes, recomputing: str, sharding: str) -> Iterator[_Group]:
    # A pipeline that gathered its weights for every micro-batch would send them over and over; trainers whose
    # own way is FSDP keep them through a step (torchtitan).
    staged = sharding in ("none", "zero1") or (sharding == "fsdp" and _gathers_once(request.job))
    kept = np.ones_like(found.pp, dtype=bool) if staged else found.pp == 1.0
    chosen = Meshes(*(column[kept] for column in found))
    for start in range(0, len(chosen.tp), _CHUNK):
        part = Meshes(*(column[start : start + _CHUNK] for column in chosen))
        answers = estimate(_job(request, part, recomputing, sharding), [request.gpu])
        if answers.refusals[0]:
            raise UsageError(answers.refusals[0])
        size = len(part.tp)
        seconds, required, fits = (
            np.broadcast_to(value[0], (size,)) for value in (answers.seconds, answers.required, answers.fits)
        )
        yield _Group(recomputing, sharding, part, seconds, required, fits)


def _gathers_once(job: Job) -> bool:
    """Whether a job's trainer has FSDP beside stages, whose weights it gathers once a step."""
    return runtime(job.runtime, _RUNTIME).shards == "fsdp"


def _job(request: Request, at: Meshes, recomputing: str, sharding: str) -> Job:
    """The job of strategies: arrays, or text and numbers of a single one."""
    single = np.ndim(at.tp) == 0
    degrees: dict[str, Any] = {
        name: f"{value.item():g}" if single else value
        for name, value in zip(_DEGREES, (at.cp, at.ep, at.vp), strict=True)
        if not single or value > 1.0
    }
    options: dict[str, Any] = {
        **request.job.options, **degrees, "global_batch": f"{request.global_batch:g}",
        "checkpointing": recomputing, "sharding": sharding,
    }  # fmt: skip
    gpus = float(request.count) if single else np.full(len(at.tp), float(request.count))
    batch, tp, pp = (value.item() if single else value for value in (at.batch, at.tp, at.pp))
    return replace(request.job, batch=batch, tp=tp, pp=pp, n_gpus=gpus, options=options)


def _best(request: Request, groups: Sequence[_Group], most: int) -> list[Job]:
    """The quickest jobs that fit, one for each mesh and micro-batch: of equals the one with least memory."""
    ranked: list[tuple[float, int, float, tuple[float, ...], Job]] = []
    for group in groups:
        order = np.flatnonzero(group.fits)
        order = order[np.argsort(group.seconds[order], kind="stable")][: 4 * most]
        for j in order:
            at = _one(group.meshes, int(j))
            key = tuple(float(degree) for degree in (at.tp, at.pp, at.cp, at.ep, at.batch))
            job = _job(request, at, group.recomputing, group.sharding)
            # One replica has nobody to share out to: what it is called then is no matter of memory.
            alone = at.tp * at.pp == request.count
            level = _SHARDINGS.index(group.sharding) if alone and group.sharding in _SHARDINGS else 0
            seconds = round(float(group.seconds[j]), 9)
            ranked.append((seconds, level, float(group.required[j]), key, job))
    ranked.sort(key=lambda one: one[:3])
    found: dict[tuple[float, ...], Job] = {}
    for *_, key, job in ranked:
        found.setdefault(key, job)
    return list(found.values())[:most]


def _leanest(request: Request, groups: Sequence[_Group], own: float) -> Job:
    """Of the strategies that are not told apart from the quickest, the one with the fewest GPUs in a replica.

    What cuts a model has costs that no model of time has (jitter, long pipelines, faults), so that trainers
    are cut as little as memory allows. Not told apart are those within a share of the `own` error of a mesh.
    """
    fitting = [(group, j) for group in groups for j in np.flatnonzero(group.fits)]
    seconds = np.array([float(group.seconds[j]) for group, j in fitting])
    gpus = np.array([float(at.tp[j] * at.pp[j] * at.cp[j]) for (_, _, at, *_), j in fitting])
    behind = np.log(seconds / seconds.min()) > section("training")["alike"] * own
    group, j = fitting[int(np.lexsort((seconds, gpus, behind))[0])]
    return _job(request, _one(group.meshes, int(j)), group.recomputing, group.sharding)


def _one(found: Meshes, j: int) -> Meshes:
    """The j-th strategy alone, its degrees as 0-d arrays."""
    return Meshes(*(np.asarray(column[j]) for column in found))


def _own_error(workload: Workload) -> float:
    """Log standard deviation of what the model is off on one mesh alone."""
    c = section("training")
    return float(c["mesh_error_experts" if workload.dims.get("experts") else "mesh_error"])


def allowance(groups: Sequence[_Group], own: float) -> float:
    """How much longer than predicted the best of a search takes in the mean.

    Each mesh has an error of its `own` (log standard deviation), and the one that looks best is the one
    whose error flatters it: of k alike, the expected largest of k normal errors (Smith and Winkler, "The
    Optimizer's Curse", 2006; Blom's approximation). A mesh whose best is predicted d behind the best of all
    counts as exp(-(d / 2 own)^2).
    """
    quickest: dict[tuple[float, ...], float] = {}
    for group in groups:
        at = group.meshes
        for j in np.flatnonzero(group.fits):
            key = (at.tp[j], at.pp[j], at.cp[j], at.ep[j])
            quickest[key] = min(quickest.get(key, np.inf), float(group.seconds[j]))
    if not quickest:
        return 1.0
    behind = np.log(np.array(list(quickest.values())) / min(quickest.values()))
    alike = float(np.exp(-((behind / (2.0 * own)) ** 2)).sum())
    # Of one there is no choice: its error is as often one way as the other.
    return float(np.exp(own * NormalDist().inv_cdf((alike - 0.375) / (alike + 0.25))))


def _strategy(request: Request, job: Job, offer: Offer | None, more: float) -> Strategy:
    """One strategy, answered as `predict` answers it, with its parts, taking `more` times as long."""
    answer = estimate(job, [request.gpu], explain=True).at(0, 0)
    parts = breakdown(job, [request.gpu])
    choice = {"seconds": (more - 1.0) * answer.latency.mid}
    # A trainer that cuts each batch for its pipeline is asked for the batch, and not for its pieces.
    said = {name: one for name, one in answer.job.options.items() if name != "grad_accum"}
    answer = replace(
        answer, job=answer.job.changed(batch=job.batch, options={**said, **job.options}),
        latency=answer.latency.scaled(more),
        throughput=answer.throughput.scaled(1.0 / more), energy=answer.energy * more,
    )  # fmt: skip
    cp, ep, vp = (int(job.degree(name)) for name in _DEGREES)
    dp = round(request.count / (job.tp * job.pp * cp))
    price = request.usd_per_gpu_hour
    if price is None and offer is not None:
        price = offer.usd_per_gpu_hour
    return Strategy(
        estimate=answer, dp=dp, cp=cp, ep=ep, vp=vp,
        micro_batches=round(request.global_batch / (dp * job.batch)),
        checkpointing=job.options["checkpointing"], sharding=job.options["sharding"],
        parts={**parts.at(0, 0), "choice": choice}, mfu=float(parts.mfu[0, 0]) / more,
        hfu=float(parts.hfu[0, 0]) / more, usd_per_hour=None if price is None else price * request.count,
        allowance=more,
    )  # fmt: skip


def _offer(request: Request, offers: Sequence[Offer] | None) -> Offer | None:
    """The cheapest current on-demand price in the largest machines; None where a price is stated."""
    if request.usd_per_gpu_hour is not None:
        return None
    pool = live.current() if offers is None else tuple(offers)
    known = [
        row for row in prices.select(pool, gpus=[request.gpu.id], kinds=("on_demand",)) if row.gpu_count >= 1
    ]
    if not known:
        return None
    largest = min(max(row.gpu_count for row in known), request.count)
    return prices.best_first([row for row in known if row.gpu_count >= largest], request.today)[0]


def _scaling(request: Request, workload: Workload, offer: Offer | None, done: Sweep) -> tuple[Scaled, ...]:
    """The best strategy on 1, 2, 4, .. GPUs and on all, each of the same global batch."""
    counts = [2**n for n in range(request.count.bit_length()) if 2**n < request.count] + [request.count]
    found: list[tuple[int, Strategy | None]] = []
    for count in counts:
        if count == request.count:
            found.append((count, done.top[0] if done.top else None))
            continue
        found.append((count, _alone(replace(request, count=count), workload, offer)))
    first = next(((n, one) for n, one in found if one), None)
    return tuple(Scaled(n, one, _efficiency(one, n, first)) for n, one in found)


def _alone(request: Request, workload: Workload, offer: Offer | None) -> Strategy | None:
    """The best strategy on fewer GPUs; None where no mesh can be, or none fits."""
    try:
        groups = _evaluated(request, workload)
    except UsageError:
        return None
    best = _best(request, groups, 1)
    return _strategy(request, best[0], offer, allowance(groups, _own_error(workload))) if best else None


def _efficiency(one: Strategy | None, gpus: int, first: tuple[int, Strategy] | None) -> float | None:
    if one is None or first is None:
        return None
    return one.estimate.throughput.mid / gpus / (first[1].estimate.throughput.mid / first[0])


def _infeasible(request: Request, groups: Sequence[_Group], workload: Workload) -> str:
    """What binds where nothing fits: the least memory of any strategy, and the fewest GPUs that would do."""
    least = min(groups, key=lambda group: float(group.required.min()))
    j = int(np.argmin(least.required))
    has = float(request.gpu.value("memory") or np.nan)
    at = _one(least.meshes, j)
    said = (
        f"{workload.id} does not train on {request.count:,} x {request.gpu.id}: the leanest of its "
        f"strategies (tp {at.tp:g}, pp {at.pp:g}, cp {at.cp:g}, checkpointing {least.recomputing}, "
        f"{sharded(least.sharding)}) "
        f"needs {float(least.required[j]) / GIB:.1f} GiB per GPU, the card has {has / GIB:.1f} GiB"
    )
    for doubling in range(1, _DOUBLINGS):
        more = replace(request, count=request.count * 2**doubling)
        more = replace(more, global_batch=max(request.global_batch, float(more.count)))
        try:
            fits = _counted(_evaluated(more, workload))[1]
        except UsageError:
            continue
        if fits:
            return f"{said}; {more.count:,} GPUs are enough"
    return f"{said}; use a GPU with more memory, a shorter --seq-len or a narrower --precision"
