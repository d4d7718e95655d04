"""A job by batch as a report: throughput against latency, and what requests wait under a rate of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.report.chart import Chart, Line, Panel, Point, axis
from whichgpu.report.table import Bullets, Report, Table
from whichgpu.units import number, show

if TYPE_CHECKING:
    from whichgpu.cost.serving.batching import Batches, Queue
    from whichgpu.report.table import Block

_SHARES = (50, 90, 99)


def report(found: Batches) -> Report:
    """The report of `predict --curve` for what is made in batches."""
    best = int(np.argmax(found.estimates.throughput[0]))
    unit = f"{found.estimates.workload.unit}/s"
    told = found.estimates.at(0, best)
    said = (
        f"{told.job.workload} {told.job.phase} on {told.n_gpus} x {found.gpu.id}, "
        f"{found.estimates.runtime.title}, {told.job.precision}: most at a batch of {found.sizes[best]:g}, "
        f"{number(told.throughput.mid)} {unit} ({number(told.throughput.low)} to "
        f"{number(told.throughput.high)}, 90 % interval; basis {told.basis})."
    )
    blocks: list[Block] = [said, *_objectives(found), _table(found), _chart(found, unit)]
    return Report(_document(found), (*blocks, Bullets(told.warnings)))


def _objectives(found: Batches) -> tuple[str, ...]:
    """The batch that holds the most within objectives, in a sentence."""
    if found.within is None or found.chosen is None:
        return ()
    best, wanted = found.chosen, ", ".join(map(str, found.terms))
    said = (
        f"Within {wanted}: {number(float(found.within[best]), 3)} requests/s at most, in batches of up to "
        f"{found.sizes[best]:g}."
    )
    queue = found.queues[best] if found.queues else None
    if queue is None or found.rate is None:
        return (said,)
    each = ", ".join(f"{term.how} {show(queue.of(term.how), 'time', 3)}" for term in found.terms)
    busy = f"GPUs are at work {queue.busy:.0%} of the time"
    return (f"{said} At {number(found.rate)} requests/s latency is {each}, and {busy}.",)


def _document(found: Batches) -> dict[str, Any]:
    told = found.estimates.at(0, 0)
    return {
        "gpu": found.gpu.id, "n_gpus": told.n_gpus, "runtime": told.runtime, "phase": told.job.phase,
        "basis": told.basis, "request_rate": found.rate, "warnings": list(told.warnings),
        "slo": None if found.within is None or found.chosen is None else {
            "objectives": [term.to_dict() for term in found.terms],
            "batch": float(found.sizes[found.chosen]), "request_rate": float(found.within[found.chosen]),
        },
        "batches": [_batch(found, j) for j in range(len(found.sizes))],
    }  # fmt: skip


def _batch(found: Batches, j: int) -> dict[str, Any]:
    one = found.estimates.at(0, j)
    plain = {
        "batch": float(found.sizes[j]), "throughput": one.throughput.to_dict(),
        "latency": one.latency.to_dict(), "capacity": float(found.capacity[j]),
    }  # fmt: skip
    if found.within is not None:
        plain["request_rate_within"] = float(found.within[j])
    queue = None if found.rate is None else found.queues[j]
    return {**plain, "queue": None if queue is None else {
        "mean": queue.of("mean"), **{f"p{share}": queue.of(f"p{share}") for share in _SHARES},
        "batch": queue.batch, "utilisation": queue.busy,
    }}  # fmt: skip


def _table(found: Batches) -> Table:
    unit = f"{found.estimates.workload.unit}/s"
    rows = [
        (number(size), number(float(found.estimates.throughput[0, j])),
         show(float(found.estimates.latency[0, j]), "time", 3), number(float(found.capacity[j])),
         *(() if found.within is None else (number(float(found.within[j]), 3),)),
         *(_waiting(found.queues[j]) if found.rate is not None else ()))
        for j, size in enumerate(found.sizes.tolist())
    ]  # fmt: skip
    columns = [">Batch", f">{unit}", ">Latency of a batch", ">Requests/s at most"]
    notes: tuple[str, ...] = _what_it_counts(found)
    if found.within is not None:
        columns.append(">Within the objectives")
    if found.rate is not None:
        columns += [">Mean batch", ">Latency", ">p90", ">p99", ">At work"]
        notes = (
            *notes,
            f"Under {number(found.rate)} requests/s at random: a replica that is free takes what waits, "
            "up to the batch; latency is with waiting.",
        )
    strong = () if found.chosen is None else (found.chosen,)
    return Table.of("By batch", columns, rows, notes, strong)


def _what_it_counts(found: Batches) -> tuple[str, ...]:
    """What the unit of work means to a reader: hours of audio, documents."""
    unit, job = found.estimates.workload.unit, found.estimates.at(0, 0).job
    if unit == "audio seconds":
        return ("Audio seconds/s are times real time: hours of audio per hour.",)
    if unit == "sequences" and job.seq_len is not None:
        return (f"A sequence is a document of {float(job.seq_len):g} tokens.",)
    return ()


def _waiting(queue: Queue | None) -> tuple[str | None, ...]:
    if queue is None:
        return (None, "cannot keep up", None, None, None)
    times = (queue.of("mean"), queue.of("p90"), queue.of("p99"))
    return (number(queue.batch), *(show(one, "time", 3) for one in times), f"{queue.busy:.0%}")


def _chart(found: Batches, unit: str) -> Chart:
    rates, times = found.estimates.throughput[0].tolist(), found.estimates.latency[0].tolist()
    points = tuple(
        Point(rate, seconds, "batch", 0.0, f"batch {size:g}")
        for rate, seconds, size in zip(rates, times, found.sizes.tolist(), strict=True)
    )
    line = Line(tuple(zip(rates, times, strict=True)), "latency of a batch")
    return Chart(
        "Latency against throughput", axis("Throughput", unit, rates), axis("Latency", "s", times),
        (Panel(f"{found.job.workload} on {found.gpu.id}", (line,), points),), (("batch", "b"),),
        summary="Each mark is a batch, the smallest at the left.",
    )  # fmt: skip
