"""A workload on every GPU of a comparison: speed, fit, power, cost, and what explains the ratio.

The only part of a comparison that computes with numpy; imported when a workload is asked for.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.estimate import Z90, estimate
from whichgpu.planner.comparison.words import ratio_words
from whichgpu.planner.grid import WORTH, grid
from whichgpu.planner.sentences import handy
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.cost.estimate import Estimate, Estimates
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.comparison.market import Market
    from whichgpu.planner.comparison.model import Sentence
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

#: What the cost model assumes of a vendor without a figure.
_UNKNOWN_VENDOR = 0.6


class Result(NamedTuple):
    """One GPU: the best configuration with its estimate, one item alone, and the time by bound.

    `least` is the smallest number of GPUs that holds it; `usd` is per unit at full load; `throttle` is
    the share of its peak rate that the power limit leaves the chip, `software` the
    efficiency of its vendor's software that the cost model assumes, NVIDIA's being 1.
    """

    best: Estimate
    alone: Estimate
    least: int
    group: int
    spread_own: float
    usd: float | None
    bounds: Mapping[str, float]
    throttle: float
    software: float

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
            "latency_alone": self.alone.latency.to_dict(),
            "throughput_alone": self.alone.throughput.to_dict(),
            "time_by_bound": dict(self.bounds), "rate_under_power_limit": self.throttle,
            "software_efficiency": self.software,
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
    sentences: tuple[Sentence, ...] = ()

    @property
    def single(self) -> str:
        """One item: an image, a sequence, an answer."""
        return {"images": "image", "sequences": "sequence", "tokens": "answer"}.get(self.unit, "item")

    @property
    def title(self) -> str:
        """What is done: `Stable Diffusion 1.5`, `training ResNet-50`."""
        return f"training {self.name}" if self.trains else self.name

    @property
    def trains(self) -> bool:
        """Whether it is training."""
        return self.job.trains

    def to_dict(self) -> dict[str, Any]:
        """Plain values, SI."""
        job = self.job
        return {
            "workload": job.workload, "name": self.name, "phase": job.phase, "precision": job.precision,
            "runtime": self.runtime, "unit": self.unit, "options": dict(job.options),
            "results": {key: result.to_dict() for key, result in self.results.items()},
            "refused": dict(self.refused), "sentences": [one.to_dict() for one in self.sentences],
        }  # fmt: skip


def work(job: Job, gpus: Sequence[Gpu], markets: Mapping[str, Market]) -> Work:
    """Estimate one job on each GPU in its best configuration.

    Raises `UsageError` for an unknown workload, phase or precision; a GPU that cannot run it is
    refused in the answer, the others are not affected.
    """
    workload = resolve(job.workload)
    sweep = estimate(grid(workload, job), gpus)
    results: dict[str, Result] = {}
    refused: dict[str, str] = {}
    for row, gpu in enumerate(gpus):
        found = _result(workload, job, sweep, row, markets[gpu.id])
        if isinstance(found, str):
            refused[gpu.id] = found
        else:
            results[gpu.id] = found
    done = workload.complete(job)
    _, noun = handy(workload.unit, least_usd(results))
    field = workload.id if done.phase == workload.phases[0] else f"{workload.id}.{done.phase}"
    return Work(field, workload.name, done, sweep.runtime.title, workload.unit, noun, results, refused)


def least_usd(results: Mapping[str, Result]) -> float:
    """The lowest price of a unit: it says for how many units prices can be read."""
    return min((result.usd for result in results.values() if result.usd), default=1.0)


def _result(workload: Workload, job: Job, sweep: Estimates, row: int, market: Market) -> Result | str:
    gpu = sweep.devices.gpus[row]
    if sweep.refusals[row]:
        return sweep.refusals[row]
    columns = [j for j in range(sweep.seconds.shape[1]) if sweep.fits[row, j]]
    groups = np.broadcast_to(np.asarray(sweep.job.tp), sweep.seconds.shape)[row]
    if not columns:
        from whichgpu.planner.sentences import too_big

        return too_big(sweep, row).text
    each = {j: float(sweep.throughput[row, j] / groups[j]) for j in columns}
    most = max(each.values())
    good = [j for j in columns if each[j] * WORTH >= most]
    best = min(good, key=lambda j: (groups[j], float(sweep.latency[row, j])))
    answer = sweep.at(row, best)
    group = round(float(groups[best]))
    price = market.best.get("on-demand")
    usd = price.usd_per_gpu_hour * group / (3600.0 * answer.throughput.mid) if price else None
    least = round(float(min(groups[j] for j in columns)))
    return Result(
        answer, _alone(workload, job, gpu, least), least, group, float(sweep.spread_own[row, best]), usd,
        _bounds(sweep.job_at(best), gpu), _throttle(sweep, row),
        float(section("vendor").get(gpu.vendor, _UNKNOWN_VENDOR)),
    )  # fmt: skip


def _throttle(sweep: Estimates, row: int) -> float:
    exponent = section("power")["exponent_train" if sweep.job.trains else "exponent_infer"]
    return float(sweep.devices.throttle(exponent)[row, 0])


def _alone(workload: Workload, job: Job, gpu: Gpu, least: int) -> Estimate:
    """One item at a time on the fewest GPUs that hold it."""
    done = workload.complete(job)
    one = replace(done, tp=float(least), n_gpus=float(least))
    one = replace(one, concurrency=1.0) if done.phase == "serve" else replace(one, batch=1.0)
    return estimate(one, [gpu]).at(0, 0)


def _bounds(job: Job, gpu: Gpu) -> dict[str, float]:
    """Share of the time by what bounds it: compute, memory, launch."""
    found = estimate(job, [gpu], explain=True)
    seconds: dict[str, float] = {}
    for term in found.timing.terms:
        seconds[term.bound] = seconds.get(term.bound, 0.0) + term.seconds
    if float(found.timing.host[0, 0]) > float(found.timing.gpu[0, 0]):
        return {"launch": 1.0}
    total = sum(seconds.values()) or 1.0
    ranked = sorted(seconds.items(), key=lambda item: -item[1])
    return {bound: value / total for bound, value in ranked}


def speed_ratio(fast: Result, slow: Result) -> tuple[float, float, float]:
    """(low, mid, high) of the ratio of two rates per GPU, 90 %: what both share cancels."""
    mid = fast.rate / slow.rate
    factor = math.exp(Z90 * math.hypot(fast.spread_own, slow.spread_own))
    return mid / factor, mid, mid * factor


def ratio_range(fast: Result, slow: Result) -> str:
    """`between 1.4x and 3.9x`."""
    low, _, high = speed_ratio(fast, slow)
    return f"between {ratio_words(low)} and {ratio_words(high)}"
