"""Rows of a table whose figures are of requests that are simulated: runs that end, and percentiles.

The cost model's means are there for all rows at once; of these rows each is simulated by itself, and its
figure is told as times the mean that stands in its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.answers import Z90
from whichgpu.cost.coefficients import section
from whichgpu.cost.job.requests import is_run
from whichgpu.errors import WhichGpuError
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.answers import Answers
    from whichgpu.cost.estimates import Estimates
    from whichgpu.cost.reading.metrics import Metric
    from whichgpu.cost.serving.curve import Tails
    from whichgpu.workloads.job import Job

    Array = NDArray[np.float64]


def wider(three: Array, metric: Metric) -> Array:
    """Ends and middles of a metric, (3, cells), with what its percentiles differ by beside its means."""
    if metric.time not in ("tpot", "itl") or metric.how not in ("p95", "p99"):
        return three
    low, middle, high = three
    spread = np.hypot(np.log(high / low) / 2.0, Z90 * section("spread")["tail"])
    return np.array([middle * np.exp(-spread), middle, middle * np.exp(spread)])


class _Told(NamedTuple):
    """What the requests of one cell are like: their times, and of a run its output tokens/s."""

    tails: Tails
    rate: float | None


class Cells:
    """The cells of a sweep and their answers; `refused` has by position why one could not be simulated."""

    def __init__(self, found: Estimates, answers: Answers, places: Sequence[int]) -> None:
        self._found, self._answers, self._places = found, answers, places
        self._known: dict[int, _Told] = {}
        self.refused: dict[int, str] = {}
        self._runs = found.first_token is not None and is_run(found.job)

    def simulated(self, metric: Metric) -> bool:
        """Whether a metric of these cells is read off simulated requests."""
        if self._runs and (metric.time or metric.unit.endswith("/s")):
            return True
        return self._found.first_token is not None and (metric.how != "mean" or metric.time == "itl")

    def factors(self, metric: Metric, without: Collection[int]) -> Array:
        """By cell, its figure over the mean of the cost model; NaN where there is none (`refused` says why).

        Cells at the positions in `without` are left alone.
        """
        return np.array([
            self._factor(metric, i) if i not in without and i not in self.refused else np.nan
            for i in range(len(self._places))
        ])  # fmt: skip

    def _factor(self, metric: Metric, i: int) -> float:
        try:
            told = self._known[i] = self._known.get(i) or self._told(i)
        except WhichGpuError as fault:
            self.refused[i] = str(fault)
            return float("nan")
        mean = self._means(i)
        if not metric.time:
            return 1.0 if told.rate is None else told.rate / mean["throughput"]
        return told.tails.of(metric.time, metric.how) / mean[metric.time]

    def _told(self, i: int) -> _Told:
        from whichgpu.cost.serving import runs

        job, gpu = self._job(i), self._found.devices.gpus[self._places[i]]
        if self._runs:
            run = runs.run(job, gpu)
            return _Told(run.tails, run.rates["output"])
        return _Told(runs.steady(job, gpu, self._means(i)), None)

    def _job(self, i: int) -> Job:
        """The job of a cell, under its own runtime and in its own format where several are one sweep."""
        stack = self._found.runtime
        own = stack.each[self._places[i]] if stack.each else stack
        job = self._found.job_at(i)
        job = job.changed(runtime=own.said or own.id) if stack.each else job
        return job.changed(precision=own.half) if own.half else job

    def _means(self, i: int) -> dict[str, float]:
        """Means of the cost model in s, and output tokens/s."""
        one: Any = self._answers
        tpot = float(one.tpot.mid[i])
        return {
            "ttft": float(one.ttft.mid[i]), "tpot": tpot, "itl": tpot, "latency": float(one.latency.mid[i]),
            "throughput": float(one.throughput.mid[i]),
        }  # fmt: skip
