"""A job on a GPU: its speed, its load, its memory, its strategy; GPUs side by side."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from whichgpu import api
from whichgpu.web.answers.base import job, known, resolved, sized

if TYPE_CHECKING:
    from whichgpu.report.table import Report
    from whichgpu.web import asks


def predict(ask: asks.Predict) -> Report:
    """The answer of `whichgpu predict`."""
    from whichgpu.report.predicted import predicted

    asked = job(ask, ask.workload)
    return predicted(asked, ask.gpu, known(), (ask.grid, ask.pue), explain=ask.explain, size=sized(ask))


def diagnose(ask: asks.Diagnose) -> Report:
    """The answer of `whichgpu diagnose`."""
    from whichgpu.audit.measurement import Told, diagnosed
    from whichgpu.report.diagnosis import report

    run = Told(ask.workload, ask.gpu or "", ask.measured or "", ask.columns())
    return report(diagnosed(run, known(), lambda one: api.job(resolved(one.workload), **one.columns)))


def curve(ask: asks.Curve) -> Report:
    """The answer of `whichgpu predict --curve`, or within objectives of `predict --slo`."""
    from whichgpu.hardware.slices import resolve_device
    from whichgpu.report.load import Asked, answer

    asked = job(ask, ask.workload)
    if ask.rate is not None:
        from whichgpu.cost.job.requests import read_rate
        from whichgpu.workloads.workload import resolve

        rate = read_rate(ask.rate, resolve(asked.workload).unit)
        options = {**asked.options, "request_rate": f"{rate:.9g}"}
        asked = api.job(asked, options=options)
    device, count = resolve_device(ask.gpu, known())
    return answer(Asked(asked, device, count, ask.against, ask.slo, ask.usd_per_gpu_hour))


def fit(ask: asks.Fit) -> Report:
    """The answer of `whichgpu fit`."""
    from whichgpu.planner.capacity import fit as fitted
    from whichgpu.report.capacity import report

    jobs = [job(ask, name) for name in ask.workload]
    full = str(ask.concurrency).strip().lower() == "max"
    return report(fitted(jobs, ask.gpu, known(), together=ask.together, full=full))


def compare(ask: asks.Compare, *, drawn: bool = False) -> Report:
    """The answer of `whichgpu compare`; `drawn` as an article with charts, whose data are the same."""
    from whichgpu.planner.comparison import compare as compared

    names = [name for name in ask.workload if name not in ("usual", "none")]
    whole = "usual" in ask.workload or (drawn and not ask.workload)
    found = compared(ask.gpu, [job(ask, name) for name in names], catalogue=known(), whole=whole)
    if drawn:
        from whichgpu.report.article import article

        return article(found, drawn=True)
    from whichgpu.report.comparison import report

    return report(found)


def sweep(ask: asks.Sweep) -> Report:
    """The answer of `whichgpu sweep`."""
    from whichgpu.planner.sweep import answered
    from whichgpu.report.sweep import report

    return report(answered(
        job(ask, ask.workload), ask.gpus, known(), today=date.today(), within=ask.within, tokens=ask.tokens,
        global_batch=ask.global_batch, usd_per_gpu_hour=ask.usd_per_gpu_hour, system=ask.system, top=ask.top,
        scaling=ask.scaling,
    ))  # fmt: skip
