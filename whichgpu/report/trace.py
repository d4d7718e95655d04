"""A trace of requests as a report: what they met, what the replicas served, what the analytic model says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.answers import Z90
from whichgpu.cost.serving.curve import PERCENTILES
from whichgpu.report.table import Bullets, Report, Table
from whichgpu.units import number, show

if TYPE_CHECKING:
    from whichgpu.cost.serving.trace import Replay

_METRICS = ("ttft", "tpot", "itl", "latency")


def report(found: Replay) -> Report:
    """The report of `predict --trace`."""
    job, runtime = found.known.job, found.known.estimates.runtime
    said = (
        f"{_come(found)} on {job.n_gpus:g} x {found.known.gpu.id}, {runtime.title}, {job.precision}"
        f"{_load(found)}, {number(float(job.input_tokens))} tokens in and {number(float(job.output_tokens))} "
        f"out; {number(_tokens(found))} output tokens/s, at work {found.busy:.0%} of the time."
    )
    return Report(_document(found), (said, _table(found), Bullets(_notes(found))))


def _come(found: Replay) -> str:
    """How many requests there are, and in what time they come."""
    trace = found.trace
    when = "at once" if trace.at_once else f"in {show(float(trace.arrival[-1]), 'time', 3)}"
    return f"{len(trace.arrival):,} requests {when}"


def _load(found: Replay) -> str:
    """What that is of the capacity; of requests that come at once, when they are answered."""
    rate, most = found.trace.rate, found.capacity
    if found.trace.at_once:
        return f" are answered in {show(float(found.outcome.done.max()), 'time', 3)}"
    return f": {number(rate)} requests/s in the mean ({rate / most:.0%} of the capacity of {number(most)})"


def _tokens(found: Replay) -> float:
    """Output tokens/s from the first arrival to the last answer."""
    return float(found.trace.output.sum() / found.outcome.done.max())


def _factor(found: Replay) -> float:
    return float(np.exp(Z90 * found.known.estimates.spread[0, 0]))


def _table(found: Replay) -> Table:
    wide = _factor(found)
    rows = []
    for metric in _METRICS:
        values = getattr(found.tails, metric)
        ends = (show(values["mean"] * by, "time", 3) for by in (1.0 / wide, wide))
        told = (show(values[how], "time", 3) for how in ("mean", "p50", "p90", "p95", "p99"))
        model = None if found.at is None or metric == "itl" else getattr(found.at, metric)[0]
        mean, *rest = told
        rows.append(
            (metric, mean, " to ".join(ends), *rest, None if model is None else show(model, "time", 3))
        )
    columns = ("", ">Mean", ">90 % interval", ">p50", ">p90", ">p95", ">p99", ">Model's mean")
    notes = ("Of simulated requests; the model's mean is of as many that arrive at random (Poisson).",)
    return Table.of("What requests meet", columns, rows, notes)


def _notes(found: Replay) -> tuple[str, ...]:
    late = float(found.outcome.done.max() - found.trace.arrival[-1])
    said = [f"the last answer is there {show(late, 'time', 3)} after the last request came"]
    if not found.trace.at_once:
        bursts = number(found.trace.burstiness, 3)
        said.insert(0, f"burstiness {bursts} (1 is Poisson, below it requests come in bursts)")
    if found.tails.preempted:
        said.append(
            f"the KV cache fills up: {found.outcome.taken_off:,} times a request is taken off and computed "
            "anew"
        )
    if found.at is None and not found.trace.at_once:
        said.append(
            "more comes than is served: times are those of a queue that grows to the end of the trace; use "
            "more GPUs"
        )
    return (*said, *found.known.estimates.warnings())


def _document(found: Replay) -> dict[str, Any]:
    trace, wide, job = found.trace, _factor(found), found.known.job
    estimates = found.known.estimates
    times = {}
    for metric in _METRICS:
        values = dict(getattr(found.tails, metric))
        mean = values["mean"]
        times[metric] = {"low": mean / wide, "mid": mean, "high": mean * wide, "unit": "s", **values}
    return {
        "gpu": found.known.gpu.id, "n_gpus": float(job.n_gpus), "job": job.to_dict(),
        "runtime": estimates.runtime.id, "basis": estimates.bases[0],
        "trace": {"requests": len(trace.arrival), "seconds": float(trace.arrival[-1]),
                  "request_rate": None if trace.at_once else trace.rate, "burstiness": trace.burstiness,
                  "input_tokens": float(trace.prompt.sum()), "output_tokens": float(trace.output.sum())},
        "capacity": {"request_rate": found.capacity}, "throughput": _tokens(found), "utilisation": found.busy,
        "preempted": found.tails.preempted, **times,
        "model": None if found.at is None else {
            name: float(getattr(found.at, name)[0]) for name in ("ttft", "tpot", "latency")
        },
        "percentiles": list(PERCENTILES), "warnings": list(_notes(found)),
    }  # fmt: skip
