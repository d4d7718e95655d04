"""What `predict` answers for a load: a curve, or the largest load within objectives."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from math import ceil
from typing import TYPE_CHECKING, Any

from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from whichgpu.cost.calibration.evidence import Known
    from whichgpu.cost.serving.curve import Curve
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.prices.best import Price
    from whichgpu.report.serving import Answer
    from whichgpu.report.table import Report
    from whichgpu.workloads.job import Job


class Asked(NamedTuple):
    """A job on so many GPUs, and how its load is asked for."""

    job: Job
    gpu: Gpu
    n_gpus: int
    curve: str | None
    slo: str | None
    usd_per_gpu_hour: float | None
    trace: Path | None = None

    @property
    def serves(self) -> bool:
        """Whether the job answers requests token by token."""
        from whichgpu.workloads.workload import resolve

        return resolve(self.job.workload).complete(self.job).phase == "serve"


def answer(asked: Asked) -> Report:
    """The report of a curve, of objectives, or of a trace."""
    if asked.trace is not None:
        return _replayed(asked, asked.trace)
    if asked.slo is not None and asked.serves:
        return _within(asked, asked.slo)
    return _serving(asked) if asked.serves else _batches(asked)


def _replayed(asked: Asked, path: Path) -> Report:
    from whichgpu.cost.job.placing import placed
    from whichgpu.cost.serving.trace import read, replay
    from whichgpu.errors import UsageError
    from whichgpu.report.trace import report

    if not asked.serves or asked.slo is not None or asked.curve is not None:
        raise UsageError("--trace is of a language model that serves, without --curve and --slo")
    return report(replay(placed(asked.job, asked.n_gpus, asked.gpu), asked.gpu, read(path)))


def _serving(asked: Asked) -> Report:
    import numpy as np

    from whichgpu.cost.job.placing import placed
    from whichgpu.cost.job.requests import Requests
    from whichgpu.cost.serving import curve
    from whichgpu.errors import UsageError
    from whichgpu.report.serving import curve_report

    job = placed(asked.job, _decoding(asked), asked.gpu)
    rate, against = Requests.of(job).rate, asked.curve or "rate"
    other = "--concurrency" if against == "rate" else "--rate"
    if asked.curve and (job.concurrency if against == "rate" else rate) is not None:
        raise UsageError(
            f"--curve {against} has loads of its own kind, and {other} is of the other: leave it out, or "
            f"write --curve {'concurrency' if against == 'rate' else 'rate'}"
        )
    stated = rate if against == "rate" else job.concurrency
    loads = None if stated is None else np.atleast_1d(np.asarray(stated, dtype=np.float64))
    return curve_report(_told(asked, curve.curve(job, asked.gpu, loads, against=against)))


def _decoding(asked: Asked) -> int:
    """GPUs that make tokens: all but those that compute prompts alone."""
    from whichgpu.cost.job.requests import Requests
    from whichgpu.errors import UsageError

    pool = round(Requests.of(asked.job).prefill_gpus)
    if pool >= asked.n_gpus:
        raise UsageError(
            f"option prefill_gpus: {pool} of {asked.n_gpus} GPUs leave none for the tokens; use fewer, or "
            f"more GPUs in all: --gpu {asked.gpu.id}:{2 * pool}"
        )
    return asked.n_gpus - pool


def _within(asked: Asked, text: str) -> Report:
    from whichgpu.cost.job.placing import running
    from whichgpu.cost.job.requests import Requests
    from whichgpu.cost.serving import slo
    from whichgpu.errors import Infeasible
    from whichgpu.planner.serving import splits
    from whichgpu.report.serving import slo_report

    terms = slo.read(text)
    _refuse_other_loads(asked.job)
    tried = splits(running(asked.job, asked.gpu), _decoding(asked), asked.gpu, terms)
    best = tried[0].held
    assert best is not None
    rate = Requests.of(asked.job).rate
    if rate is not None and rate > best.rate:
        more = ceil(asked.n_gpus * rate / best.rate)
        raise Infeasible(
            f"{rate:.4g} requests/s are not held within {', '.join(map(str, terms))} by {asked.n_gpus} x "
            f"{asked.gpu.id}: at most {best.rate:.4g} are ({tried[0].name}, bound by "
            f"{best.binding or 'its capacity'}); about {more} GPUs hold them: recommend --slo counts them"
        )
    return slo_report(_told(asked, best.at), best, terms, tried, rate)


def _refuse_other_loads(job: Job) -> None:
    """Objectives look for a load: refuse one that keeps a number in flight, or ends."""
    from whichgpu.errors import UsageError

    stated = {"--concurrency": job.concurrency is not None}
    stated |= {f"option {name}": name in job.options for name in ("max_concurrency", "num_prompts")}
    said = [name for name, is_there in stated.items() if is_there]
    if said:
        raise UsageError(
            "--slo looks for the largest rate of requests that arrive at random: leave "
            f"{', '.join(said)} out, or ask for that load alone without --slo"
        )


def _told(asked: Asked, found: Curve) -> Answer:
    """A curve with its percentiles, its prices and the command that measures its knee."""
    from whichgpu.cost.serving.curve import simulator
    from whichgpu.cost.serving.measuring import how_to_measure
    from whichgpu.planner.serving import paid
    from whichgpu.prices.best import price
    from whichgpu.report.serving import Answer

    simulated = simulator(found.job, asked.gpu, found.table, found.pool)
    closed = found.estimates.job.concurrency
    loads: Any = found.request_rate if found.against == "rate" else closed
    tails = [simulated.tails(found.against, one) for one in loads.tolist()]
    if found.against == "concurrency":
        # Means of closed loops are those of measured runs; the simulation has their shapes.
        means = zip(found.ttft.tolist(), found.tpot.tolist(), found.latency.tolist(), strict=True)
        tails = [one.around(*mean) for one, mean in zip(tails, means, strict=True)]
    cost = price(asked.gpu, date.today(), asked.usd_per_gpu_hour)
    knee = float(loads[found.knee])
    job = replace(found.job, options={**found.job.options, "request_rate": f"{knee:.4g}"})
    measured = job if found.against == "rate" else replace(found.job, concurrency=knee)
    command = how_to_measure(measured, found.estimates.runtime.id, asked.gpu.id)
    prompts = _prefill_price(asked, found, cost)
    return Answer(found, tails, cost, paid(found, cost, prompts), command, _known(asked, found), prompts)


def _known(asked: Asked, found: Curve) -> Known:
    """What was measured near the knee, where load generators keep requests in flight."""
    from whichgpu.cost.calibration.evidence import evidence
    from whichgpu.cost.estimate import estimate
    from whichgpu.cost.job.requests import OPTIONS
    from whichgpu.hardware.catalogue import catalogue

    plain = {key: value for key, value in found.job.options.items() if key not in OPTIONS}
    held = max(round(float(found.in_flight[found.knee])), 1)
    job = replace(found.job, options=plain, concurrency=float(held))
    return evidence(estimate(job, [asked.gpu]).at(0, 0), asked.gpu, catalogue())


def _prefill_price(asked: Asked, found: Curve, cost: Price | None) -> Price | None:
    """The price of the GPUs that compute prompts: that of the others where they are of one kind."""
    from whichgpu.hardware.catalogue import catalogue
    from whichgpu.prices.best import price

    if found.pool is None or found.pool.gpu == asked.gpu.id:
        return cost
    return price(catalogue()[found.pool.gpu], date.today())


def _batches(asked: Asked) -> Report:
    from whichgpu.cost.job.placing import placed
    from whichgpu.cost.serving import slo
    from whichgpu.cost.serving.batching import batches
    from whichgpu.report.batching import report

    terms = () if asked.slo is None else slo.read(asked.slo, "latency")
    return report(batches(placed(asked.job, asked.n_gpus, asked.gpu), asked.gpu, terms))
