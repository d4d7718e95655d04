"""One job on one GPU as a report: predicted, held against what was measured, with its energy and carbon."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from whichgpu.cost.answers import Estimate
    from whichgpu.cost.estimates import Estimates
    from whichgpu.cost.explain import Explanation
    from whichgpu.cost.serving.curve import Tails
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.size import Sized
    from whichgpu.report.table import Report
    from whichgpu.workloads.job import Job


def predicted(
    job: Job,
    gpu: str,
    catalogue: Catalogue,
    site: tuple[str, float] = ("world", 1.0),
    *,
    explain: bool = False,
    then: Callable[[Report, Estimates], Report] | None = None,
    short: bool = False,
    usd: float | None = None,
    size: Sized | None = None,
) -> Report:
    """The report of a job on a GPU as typed (`h100-80gb-sxm:4`).

    `site` is whose electricity it runs on, and the energy of the site over that of its GPUs. Exits 3 where
    the job does not fit; `then` makes more of the report of one that does; a `short` one tells of one
    measurement of another job; `usd` is a stated price of a GPU and hour; of a `size` it is told what it
    takes in all. Raises `WhichGpuError` for what cannot be read or run.
    """
    from whichgpu.cost import carbon
    from whichgpu.cost.calibration.evidence import NEAREST, evidence
    from whichgpu.cost.estimate import estimate
    from whichgpu.cost.job.placing import instead, placed
    from whichgpu.hardware.slices import resolve_device
    from whichgpu.planner.size import Sized, sized, with_batch
    from whichgpu.prices.best import price
    from whichgpu.report.prediction import report
    from whichgpu.report.whole import whole
    from whichgpu.workloads.workload import resolve

    where = carbon.grid(site[0])
    job, work = sized(size or Sized(), resolve(job.workload), job)
    device, count = resolve_device(gpu, catalogue)
    ran = _in_best_batch(job, count, device) if work else placed(job, count, device)
    found = estimate(ran, [device], explain=True)
    answer = found.at(0, 0)
    answer = replace(answer, warnings=(*answer.warnings, *instead(job, ran, device)))
    emitted = carbon.footprint(answer, where, site[1])
    if not found.fits[0, 0] and (complaint := _complaint(found, answer, device)):
        return report(answer, emitted, complaint=complaint)
    known = evidence(answer, device, catalogue, 1 if short else NEAREST)
    why = _explained(answer, device) if explain else None
    tails, paid = _tails(answer.job, device), price(device, date.today(), usd)
    hourly = paid.usd_per_gpu_hour * answer.job.n_gpus if paid else math.nan
    takes = whole(with_batch(work, job, ran), answer, hourly) if work else None
    told = report(answer, emitted, known, why, tails=tails, paid=paid, whole=takes)
    return told if then is None else then(told, found)


def _in_best_batch(job: Job, count: int, device: Gpu) -> Job:
    """A job of which a size is stated, in the batch that it takes the least time in."""
    from whichgpu.planner.grid import in_best_batch

    return in_best_batch(job, count, device)


def _complaint(found: Estimates, answer: Estimate, device: Gpu) -> str:
    """What to say of a job that does not fit; nothing of one that may."""
    from whichgpu.cost.infeasible import does_not_fit, fits_perhaps

    return "" if fits_perhaps(found, answer) else does_not_fit(answer, device)


def _explained(answer: Estimate, device: Gpu) -> Explanation:
    """The chain behind an answer; imported where it is asked for."""
    from whichgpu.cost.explain import explain

    return explain(answer, device)


def _tails(job: Job, gpu: Gpu) -> Tails | None:
    """The percentiles of requests that arrive at random, simulated as for a curve; None where none do.

    A run that ends is simulated already (`Estimate.run`).
    """
    from whichgpu.cost.job.requests import Requests, at_random, is_run

    if is_run(job) or not at_random(job):
        return None
    from whichgpu.cost.serving import curve

    checked = curve.checked(job, gpu)
    simulator = curve.simulator(checked, gpu, *curve.ready(checked, gpu))
    return simulator.tails("rate", float(Requests.of(job).rate or 0.0))
