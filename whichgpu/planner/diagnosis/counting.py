"""What may be counted otherwise: the run is as predicted, the figure says something else of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.cost.reading.metrics import METRICS
from whichgpu.facts.model import Interval
from whichgpu.hardware.parts import comes_alone
from whichgpu.planner.diagnosis.trying import Tried, rated
from whichgpu.units import GB, GIB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.planner.diagnosis.trying import Asked

#: GPUs of a machine.
_NODE = 8
#: How many times faster than the roofline a clock that waits for nothing may say, at the most.
_UNBOUND = 30.0


def tried(asked: Asked) -> Iterator[Tried]:
    """Everything that the figure may count otherwise."""
    if asked.figure.metric == "flops":
        yield from _flops(asked)
    elif asked.figure.sense:
        yield from _speeds(asked)
    elif asked.figure.unit == "GiB":
        yield from _memory(asked)


def _speeds(asked: Asked) -> Iterator[Tried]:
    cause = "per_gpu" if asked.n_gpus > 1 else "several"
    for words, factor in _shares(asked):
        yield Tried(cause, words, rated(asked, factor))
    for words, factor in _counts(asked):
        yield Tried("counting", words, rated(asked, factor))
    for words, factor in _padded(asked):
        yield Tried("padding", words, rated(asked, factor))
    if asked.answer.throughput.unit == "GB/s":
        # As nvbandwidth does, where bandwidthTest and STREAM count both.
        yield Tried("counting", "bytes that were copied, not those read and written", rated(asked, 0.5))


def _shares(asked: Asked) -> Iterator[tuple[str, float]]:
    """Whose rate is stated: of one GPU, of a machine, of all."""
    count = asked.n_gpus
    if count > 1:
        per = asked.figure.per_gpu
        yield ("of all GPUs together", float(count)) if per else ("of one GPU, not of all", 1.0 / count)
    elif not comes_alone(asked.gpu):
        for several in (2, 4, 8):
            yield f"of {several} GPUs together", float(several)
    if count > _NODE:
        yield "of one machine, not of all", _NODE / count


def _counts(asked: Asked) -> Iterator[tuple[str, float]]:
    """What is counted: steps for items, requests for tokens, tokens in as well as out."""
    job, figure = asked.job, asked.figure
    batch = float(job.batch or 1.0) * (asked.n_gpus if job.trains else 1.0)
    spoken = figure.unit.startswith("audio")
    if job.phase != "serve" and batch > 1.0 and not spoken:
        if figure.passes:
            yield "items, not steps", batch
        else:
            yield f"steps of {batch:g}, not single items", 1.0 / batch
            yield "the batch twice over", batch
    if job.phase == "serve" and job.input_tokens and job.output_tokens:
        asked_, made = float(job.input_tokens), float(job.output_tokens)
        yield "tokens in and out together", (asked_ + made) / made
        yield "requests, not tokens", 1.0 / made
        yield "the tokens of one request alone", 1.0 / max(asked.answer.sequences, 1.0)
    if job.seq_len and job.phase != "serve" and asked.answer.throughput.unit == "sequences/s":
        length = float(job.seq_len)
        tokens = "tokens" in figure.unit
        yield ("sequences, not tokens", 1.0 / length) if tokens else ("tokens, not sequences", length)
    if asked.answer.throughput.unit == "audio seconds/s" and not spoken:
        for seconds in (10.0, 30.0):
            yield f"clips of {seconds:g} s, not seconds of audio", 1.0 / seconds
    if job.phase == "generate" and job.steps:
        yield "denoising steps, not pictures", float(job.steps)


def _padded(asked: Asked) -> Iterator[tuple[str, float]]:
    """Tokens that fill sequences up: computed and not counted, or counted and skipped."""
    if asked.job.seq_len and asked.job.trains and "tokens" in asked.answer.throughput.unit:
        for times in (2.0, 4.0):
            yield f"computed and not counted, {1.0 - 1.0 / times:.0%} of all", 1.0 / times
            yield f"counted, {1.0 - 1.0 / times:.0%} of all, and not computed", times


def _flops(asked: Asked) -> Iterator[Tried]:
    yield Tried("sparse", "with structured sparsity, twice the dense", asked.predicted.scaled(2.0))
    yield Tried("sparse", "a multiply-add as one", asked.predicted.scaled(0.5))
    if asked.job.trains:
        yield Tried("sparse", "with the recomputed pass (HFU, not MFU)", asked.predicted.scaled(4.0 / 3.0))
        yield Tried("sparse", "of the forward pass only", asked.predicted.scaled(1.0 / 3.0))


def _memory(asked: Asked) -> Iterator[Tried]:
    yield Tried("units", "the figure is in GB, not in GiB", asked.predicted.scaled(GIB / GB))
    yield Tried("units", "the figure is in GiB, not in GB", asked.predicted.scaled(GB / GIB))
    own = asked.answer.readings.counted
    for name, words, metric in (
        ("allocated", "tensors take, not the device", "peak_gpu_memory"),
        ("reserved", "the allocator has reserved, not tensors", "max_memory_reserved"),
        ("device", "the driver counts, not tensors", "gpu_memory_used"),
    ):
        if name != own:
            reading = asked.answer.readings.interval(name).scaled(1.0 / GIB, "GiB")
            low, mid, high = map(float, (reading.low, reading.mid, reading.high))
            yield Tried("reading", words, Interval(low, mid, high, METRICS[metric].unit))


def impossible(asked: Asked, bound: float) -> Iterator[Tried]:
    """What makes a rate that no GPU of its kind can have, `bound` being the roofline in the figure's unit."""
    top = bound / _UNBOUND if asked.figure.sense < 0 else bound * _UNBOUND
    low, high = sorted((asked.predicted.mid, top))
    middle = (low * high) ** 0.5
    yield Tried("unsynchronised", "", Interval(low, middle, high, asked.predicted.unit))
    yield Tried(
        "reused", "cached, or one item again and again", Interval(low, middle, high, asked.predicted.unit)
    )
