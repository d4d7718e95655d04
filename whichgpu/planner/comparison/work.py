"""A workload on every GPU of a comparison: speed, fit, power, cost, and what explains the ratio.

The only part of a comparison that computes with numpy; imported when a workload is asked for.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.answers import Z90
from whichgpu.cost.arrays import distinct
from whichgpu.cost.coefficients import section
from whichgpu.cost.estimate import estimate, estimate_bounds
from whichgpu.cost.job.placing import by_format
from whichgpu.cost.timing.time import power_exponent
from whichgpu.hardware.limits import limits
from whichgpu.hardware.parts import resized, works_alone
from whichgpu.hardware.system import UNREAD, default_system
from whichgpu.planner.comparison.measured import measured
from whichgpu.planner.comparison.words import ratio_words
from whichgpu.planner.grid import WORTH, gpus_per_copy, grid
from whichgpu.planner.refusals import too_big
from whichgpu.planner.words import handy
from whichgpu.units import HOUR, MINUTE
from whichgpu.values import NamedTuple
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.answers import Estimate
    from whichgpu.cost.estimates import Estimates
    from whichgpu.facts.model import Interval
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.comparison.market import Market
    from whichgpu.planner.comparison.measured import Measured
    from whichgpu.planner.comparison.model import Sentence
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

#: How many GPUs train together in the table of scaling; how many of the fastest a fleet is sized for.
_COUNTS, _FLEET = (1, 2, 4, 8), 10.0
_TRAINING = {
    "pretrain": "pre-training", "finetune_full": "full fine-tuning of", "finetune_lora": "LoRA of",
    "finetune_qlora": "4-bit LoRA of",
}  # fmt: skip
_TOKENS = {"serve": "serving", "decode": "text from"}
#: Links between accelerators that the cost model has no measurement of.
_UNMODELLED = ("ici", "gaudi-ethernet")
#: How a training that no GPU holds alone is held by several: the first way in which most of them do.
_SHARDED = {
    "sharding=fsdp": "share weights, gradients and optimizer states out, as FSDP does",
    "sharding=fsdp;checkpointing=full": (
        "share weights, gradients and optimizer states out, as FSDP does, and compute activations again"
    ),
}
#: What the cost model assumes of a vendor without a figure.
_UNKNOWN_VENDOR = 0.6


class Result(NamedTuple):
    """One GPU: the best configuration with its estimate, the speed of one item alone, and the time by bound.

    `least` is the smallest number of GPUs that holds it; `largest` the largest batch tried that it holds;
    `usd` is per unit at full load, of the best price per GPU and hour, which was read in `priced`; `throttle`
    is the share of its peak rate that the power limit leaves the chip, `software` the
    efficiency of its vendor's software that the cost model assumes, NVIDIA's being 1.
    `together` is by number of GPUs: of training the units per second of all of them in data parallel, of a
    model that several GPUs may share the seconds of one item alone. `limited` is by power limit in W: the
    units per second of the same configuration at the ends of a laptop part's range, highest first, and `held`
    the limit in W that its rate stands for where none was stated, NaN where that is not known.
    """

    best: Estimate
    throughput_alone: Interval
    latency_alone: Interval
    least: int
    largest: float
    group: int
    spread_own: float
    spread_shared: float
    usd: float | None
    usd_per_hour: float | None
    priced: str
    bounds: Mapping[str, float]
    throttle: float
    software: float
    together: Mapping[int, Interval]
    limited: Mapping[float, Interval]
    held: float

    @property
    def rate(self) -> float:
        """Units per second and GPU."""
        return self.best.throughput.mid / self.group

    def to_dict(self) -> dict[str, Any]:
        """Plain values, SI."""
        best = self.best.to_dict()
        best.pop("terms")
        return {
            **best, "throughput_per_gpu": self.best.throughput.scaled(1 / self.group).to_dict(),
            "gpus_per_replica": self.group, "smallest_gpus": self.least, "usd_per_unit": self.usd,
            "latency_alone": self.latency_alone.to_dict(),
            "throughput_alone": self.throughput_alone.to_dict(),
            "time_by_bound": dict(self.bounds), "rate_under_power_limit": self.throttle,
            "software_efficiency": self.software, "largest_batch": self.largest or None,
            "by_gpus": {str(count): value.to_dict() for count, value in self.together.items()},
            "power_limit": self.held if math.isfinite(self.held) else None,
            "by_power_limit": {f"{watts:g}": value.to_dict() for watts, value in self.limited.items()},
        }  # fmt: skip


class Work(NamedTuple):
    """A workload on all GPUs: results, or in words why there is none, and the sentences."""

    field: str
    name: str
    job: Job
    runtime: str
    unit: str
    noun: str
    results: Mapping[str, Result]
    refused: Mapping[str, str]
    measured: tuple[Measured, ...]
    sentences: tuple[Sentence, ...] = ()
    #: Refused because the software does not run there; and by id what stands in for it (`stand_in`).
    barred: frozenset[str] = frozenset()
    how: Mapping[str, str] = MappingProxyType({})
    #: Whether a fleet of it may be asked for: nobody serves from a rack of laptops.
    racked: bool = True
    #: A training that some do not hold alone: what several of each of those do to hold it together.
    sharded: str = ""

    @property
    def single(self) -> str:
        """One item: an image, a sequence, an answer."""
        return {"images": "image", "sequences": "sequence", "tokens": "answer"}.get(self.unit, "item")

    @property
    def title(self) -> str:
        """What is done: `Stable Diffusion 1.5`, `training ResNet-50`, `4-bit LoRA of Llama 3.1 8B`."""
        if self.trains:
            return f"{_TRAINING.get(self.job.phase, 'training')} {self.name}"
        return f"{_TOKENS[self.job.phase]} {self.name}" if self.job.phase in _TOKENS else self.name

    @property
    def target(self) -> float:
        """A round rate, units per second, that takes about ten of the fastest GPU; 0 without a fleet."""
        fastest = max((result.rate for result in self.results.values()), default=0.0)
        if not (fastest and self.racked):
            return 0.0
        wanted = _FLEET * MINUTE * fastest
        power = 10.0 ** math.floor(math.log10(wanted))
        return next(step for step in (1.0, 2.0, 5.0, 10.0) if step * power >= wanted) * power / MINUTE

    def fleet(self, gpu: str) -> int:
        """GPUs of a kind that reach the target, in whole replicas."""
        result = self.results[gpu]
        return math.ceil(self.target / (result.rate * result.group) - 1e-9) * result.group

    def fleet_usd(self, gpu: str) -> float | None:
        """What they cost an hour on demand; None without a price."""
        each = self.results[gpu].usd_per_hour
        return None if each is None else each * self.fleet(gpu)

    @property
    def trains(self) -> bool:
        """Whether it is training."""
        return self.job.trains

    def to_dict(self) -> dict[str, Any]:
        """Plain values, SI."""
        job = self.job
        return {
            "workload": job.workload, "name": self.name, "phase": job.phase, "precision": job.precision,
            "runtime": self.runtime, "unit": self.unit, "options": dict(job.options), "job": job.to_dict(),
            "results": {key: result.to_dict() for key, result in self.results.items()},
            "refused": dict(self.refused), "target": self.target, "stand_ins": dict(self.how),
            "sharded": self.sharded,
            "measured": [one.to_dict() for one in self.measured],
            "sentences": [one.to_dict() for one in self.sentences],
        }  # fmt: skip


def work(job: Job, gpus: Sequence[Gpu], markets: Mapping[str, Market]) -> Work:
    """Estimate one job on each GPU in its best configuration.

    Raises `UsageError` for an unknown workload, phase or precision; a GPU that cannot run it is
    refused in the answer, the others are not affected.
    """
    workload = resolve(job.workload)
    job = _in_one_format(job, workload, gpus)
    done = workload.complete(job)
    sweep, seconds = estimate_bounds(grid(workload, job, _COUNTS if done.trains else (1.0,)), gpus)
    tried = _Tried(sweep, seconds, _alone(sweep, workload, job))
    results: dict[str, Result] = {}
    refused: dict[str, str] = {}
    for row, gpu in enumerate(gpus):
        if sweep.refusals[row]:
            refused[gpu.id] = sweep.refusals[row]
        elif (best := _best(sweep, row)) is None:
            refused[gpu.id] = _in_gb(too_big(sweep, row).text)
        else:
            results[gpu.id] = _result(tried, row, best, markets[gpu.id])
    sharded = ""
    if done.trains and "sharding" not in job.options:
        left = (gpu for row, gpu in enumerate(gpus) if not sweep.refusals[row] and gpu.id not in results)
        several = [gpu for gpu in left if _joins(gpu)]
        together, sharded = _shard(job, workload, several, markets)
        more = {gpu.id: "; eight that share it out do not hold it either" for gpu in several if sharded}
        results |= together
        refused = {key: f"{why}{more.get(key, '')}" for key, why in refused.items() if key not in results}
    _, noun = handy(workload.unit, least_usd(results))
    field = workload.id if done.phase == workload.phases[0] else f"{workload.id}.{done.phase}"
    return Work(
        field, workload.name, done, sweep.runtime.title, workload.unit, noun, results, refused,
        measured(workload, done, gpus),
        barred=frozenset(gpu.id for row, gpu in enumerate(gpus) if sweep.refusals[row]),
        racked=all(gpu.segment != "laptop" for gpu in gpus), sharded=sharded,
    )  # fmt: skip


def _in_gb(text: str) -> str:
    """Binary GB, as the makers of cards write them."""
    return re.sub(r"([\d.]+) TiB", lambda found: f"{1024 * float(found[1]):,.0f} GB", text).replace(
        "GiB", "GB"
    )


def _joins(gpu: Gpu) -> bool:
    """Whether several of a kind train together, over links that the model knows."""
    return not works_alone(gpu) and not unlinked(gpu)


def _shard(
    job: Job, workload: Workload, gpus: Sequence[Gpu], markets: Mapping[str, Market]
) -> tuple[dict[str, Result], str]:
    """A training on as few of each as hold it together, and how most of those that do not alone do so."""
    most: tuple[dict[str, Result], str] = ({}, "")
    for options, how in _SHARDED.items() if gpus else ():
        more = dict(one.split("=") for one in options.split(";"))
        if more.keys() & job.options.keys():
            continue
        asked = replace(job, options={**job.options, **more})
        sweep, seconds = estimate_bounds(grid(workload, asked, _COUNTS[1:]), gpus)
        results = {
            gpu.id: found
            for row, gpu in enumerate(gpus)
            if (found := _sharded(sweep, seconds, row, markets[gpu.id])) is not None
        }
        if len(results) > len(most[0]):
            most = results, how
    return most


def _sharded(
    sweep: Estimates, seconds: Mapping[str, NDArray[np.float64]], row: int, market: Market
) -> Result | None:
    """The fastest batch on the fewest GPUs that hold one copy among them; None where eight do not."""
    fits = np.asarray(sweep.fits[row])
    if sweep.refusals[row] or not fits.any():
        return None
    counts = np.broadcast_to(np.asarray(sweep.job.n_gpus, dtype=np.float64), fits.shape)
    group = int(counts[fits].min())
    columns = np.flatnonzero(fits & (counts == group))
    best = int(max(columns, key=lambda j: float(sweep.throughput[row, j])))
    batches = np.broadcast_to(np.asarray(sweep.job.batch), fits.shape)
    one = int(min(columns, key=lambda j: float(batches[j])))
    gpu, answer, price = sweep.devices.gpus[row], sweep.at(row, best), market.best.get("on-demand")
    return Result(
        answer, *sweep.speed(row, one), group,
        float(batches[columns].max()) if distinct(batches).size > 1 else 0.0, group,
        float(sweep.spread_own[row, best]), float(sweep.spread_shared[row, best]),
        price.usd_per_gpu_hour * group / (HOUR * answer.throughput.mid) if price else None,
        price.usd_per_gpu_hour if price else None,
        f"{price.source} {price.locator}".rstrip() if price else "",
        _with_links(_bounds(sweep, seconds, row, best), _exchanging(sweep, row, best)), _throttle(sweep, row),
        float(section("vendor").get(gpu.vendor, _UNKNOWN_VENDOR)),
        {}, {}, float(sweep.devices.usual[row, 0]),
    )  # fmt: skip


def _exchanging(sweep: Estimates, row: int, column: int) -> float:
    """The share of a step beside the passes: what GPUs exchange, and the update."""
    step, passes = (np.broadcast_to(part, sweep.seconds.shape)[row, column]
                    for part in (sweep.seconds, sweep.timing.seconds))  # fmt: skip
    return max(0.0, 1.0 - float(passes) / float(step))


def _with_links(bounds: Mapping[str, float], share: float) -> dict[str, float]:
    """Shares of the time with that of the links, the largest first."""
    told = {"links": share, **{bound: value * (1.0 - share) for bound, value in bounds.items()}}
    return dict(sorted(told.items(), key=lambda one: -one[1]))


def _in_one_format(job: Job, workload: Workload, gpus: Sequence[Gpu]) -> Job:
    """The job in the format that all GPUs have units for, where one lacks those of the usual one.

    A V100 beside an A100 trains in FP16, and so does the A100 here: in BF16 only one of them would use its
    tensor cores. The usual one stays where the GPUs share neither.
    """
    if job.precision:
        return job
    usual = workload.complete(job).precision
    shared = [name for name in by_format(usual, gpus) if name and not any(by_format(name, gpus))]
    return replace(job, precision=shared[0]) if shared else job


def least_usd(results: Mapping[str, Result]) -> float:
    """The lowest price of a unit: it says for how many units prices can be read."""
    return min((result.usd for result in results.values() if result.usd), default=1.0)


class _Alone(NamedTuple):
    """One item at a time on each number of GPUs that may share the model: columns of a sweep, by number."""

    sweep: Estimates
    columns: Mapping[int, int]


class _Tried(NamedTuple):
    """Every configuration on every GPU, its seconds by what bounds them, and one item alone."""

    sweep: Estimates
    seconds: Mapping[str, NDArray[np.float64]]
    alone: _Alone


def _best(sweep: Estimates, row: int, replicas: int = 1) -> int | None:
    """The column that gives most per GPU, with the fewest GPUs and the least wait; None where none fits."""
    groups = _groups(sweep)[row]
    copies = np.broadcast_to(np.asarray(sweep.job.n_gpus), sweep.seconds.shape)[row] / groups
    columns = np.flatnonzero(_holds(sweep, row) & (copies == replicas)).tolist()
    if not columns:
        return None
    each = {j: float(sweep.throughput[row, j] / groups[j]) for j in columns}
    most = max(each.values())
    good = [j for j in columns if each[j] * WORTH >= most]
    return min(good, key=lambda j: (groups[j], float(sweep.latency[row, j])))


def _holds(sweep: Estimates, row: int) -> NDArray[np.bool_]:
    """The configurations that fit, (J,); of GPUs that do not work together, those on one."""
    fits = np.asarray(sweep.fits[row])
    return fits & (_groups(sweep)[row] == 1) if works_alone(sweep.devices.gpus[row]) else fits


def _groups(sweep: Estimates) -> Any:
    """GPUs that share one copy of the model, (G, J)."""
    return np.broadcast_to(gpus_per_copy(sweep.job), sweep.seconds.shape)


def _result(tried: _Tried, row: int, best: int, market: Market) -> Result:
    sweep, seconds, alone = tried
    gpu = sweep.devices.gpus[row]
    answer = sweep.at(row, best)
    group = round(float(_groups(sweep)[row, best]))
    price = market.best.get("on-demand")
    usd = price.usd_per_gpu_hour * group / (HOUR * answer.throughput.mid) if price else None
    least = round(float(_groups(sweep)[row][_holds(sweep, row)].min()))
    return Result(
        answer, *alone.sweep.speed(row, alone.columns[least]), least, _largest(sweep, row), group,
        float(sweep.spread_own[row, best]), float(sweep.spread_shared[row, best]),
        usd, price.usd_per_gpu_hour if price else None,
        f"{price.source} {price.locator}".rstrip() if price else "",
        _bounds(sweep, seconds, row, best), _throttle(sweep, row),
        float(section("vendor").get(gpu.vendor, _UNKNOWN_VENDOR)),
        _several(sweep, alone, row),
        _limited(answer, gpu), float(sweep.devices.usual[row, 0]),
    )  # fmt: skip


def _limited(answer: Estimate, gpu: Gpu) -> dict[float, Interval]:
    """Units per second at the ends of the range in which makers set a laptop part; nothing without a range.

    A cap lowers the limit; a higher one is that of the same device rated for it. What a part does at the
    limit for which it is estimated without one lies between.
    """
    told: dict[float, Interval] = {}
    middle = answer.throughput.mid
    for watts in [limit.power for limit in limits(gpu)]:
        if watts not in (gpu.value("power_min"), gpu.value("power_max")):
            continue
        rated = max(watts, gpu.value("power") or 0.0)
        options = {**answer.job.options, "power_limit": f"{watts:g} W"}
        at = estimate(replace(answer.job, options=options), [resized(gpu, gpu.id, power=rated)])
        found = at.at(0, 0).throughput
        bound = max if watts == gpu.value("power_max") else min
        told[watts] = found.scaled(bound(found.mid, middle) / found.mid)
    return told


def _largest(sweep: Estimates, row: int) -> float:
    """The largest batch tried that fits on one copy's GPUs; 0 where the job has none or states its own."""
    batches = np.broadcast_to(np.asarray(sweep.job.batch), sweep.seconds.shape)[row]
    tried = distinct(batches)
    return float(batches[_holds(sweep, row)].max()) if tried.size > 1 else 0.0


def _several(sweep: Estimates, alone: _Alone, row: int) -> dict[int, Interval]:
    """What several GPUs do together; nothing for those that come alone or whose links are not modelled."""
    gpu = sweep.devices.gpus[row]
    if works_alone(gpu) or unlinked(gpu):
        return {}
    return _together(sweep, row) if sweep.job.trains else _shared(alone, row)


def unlinked(gpu: Gpu) -> bool:
    """Whether the link between several is one that the cost model has no measurement of, or was not read."""
    system = default_system(gpu, 2)
    return system.intra is not None and (system.intra.kind in _UNMODELLED or UNREAD in system.assumptions)


def _together(sweep: Estimates, row: int) -> dict[int, Interval]:
    """Units per second of training on each number of GPUs in data parallel, in the best batch there."""
    told = {}
    for count in _COUNTS:
        best = _best(sweep, row, count)
        if best is not None:
            told[count] = sweep.speed(row, best)[0]
    return told


def _shared(alone: _Alone, row: int) -> dict[int, Interval]:
    """Seconds of one item alone by how many GPUs share the model, where several may and hold it."""
    if len(alone.columns) < 2:
        return {}
    sweep = alone.sweep
    return {group: sweep.speed(row, j)[1] for group, j in alone.columns.items() if sweep.fits[row, j]}


def _throttle(sweep: Estimates, row: int) -> float:
    exponent = power_exponent(sweep.runtime, trains=sweep.job.trains)
    return float(sweep.devices.clocked(exponent)[row, 0])


def _alone(sweep: Estimates, workload: Workload, asked: Job) -> _Alone:
    """One item at a time: columns of the sweep, or of another where the job states how many at once."""
    done, job = workload.complete(asked), sweep.job
    flight = "concurrency" if done.phase == "serve" else "batch"
    one = (np.asarray(getattr(job, flight)) == 1.0) & (np.asarray(job.n_gpus) == gpus_per_copy(job))
    if not one.any():
        single: dict[str, Any] = {flight: 1.0}
        sweep = estimate(grid(workload, replace(asked, **single)), sweep.devices.gpus)
        one = np.ones(np.size(sweep.job.n_gpus), dtype=np.bool_)
    groups = np.broadcast_to(gpus_per_copy(sweep.job), one.shape)
    return _Alone(sweep, {round(float(groups[j])): int(j) for j in np.flatnonzero(one)})


def _bounds(
    sweep: Estimates, seconds: Mapping[str, NDArray[np.float64]], row: int, column: int
) -> dict[str, float]:
    """Share of the time by what bounds it: compute, memory, launch."""
    gpu, host = (np.broadcast_to(part, sweep.seconds.shape)[row, column]
                 for part in (sweep.timing.gpu, sweep.timing.host))  # fmt: skip
    if host > gpu:
        return {"launch": 1.0}
    parts = {name: float(part[row, column]) for name, part in seconds.items()}
    total = sum(parts.values()) or 1.0
    ranked = sorted(parts.items(), key=lambda item: -item[1])
    return {bound: value / total for bound, value in ranked if value}


def speed_ratio(fast: Result, slow: Result) -> tuple[float, float, float]:
    """(low, mid, high) of the ratio of two rates per GPU, 90 %: what both share cancels.

    Two vendors share no kernels, so that what is uncertain about the software stays, that of the one of which
    less is known.
    """
    mid = fast.rate / slow.rate
    apart = max(fast.spread_shared, slow.spread_shared) if fast.software != slow.software else 0.0
    factor = math.exp(Z90 * math.hypot(fast.spread_own, slow.spread_own, apart))
    return mid / factor, mid, mid * factor


def ratio_range(fast: Result, slow: Result) -> str:
    """`between 1.4x and 3.9x`."""
    low, _, high = speed_ratio(fast, slow)
    return f"between {ratio_words(low)} and {ratio_words(high)}"
