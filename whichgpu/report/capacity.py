"""`Fits` as a report: one answer in full, or the matrix of workloads against GPUs."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from whichgpu.errors import UsageError
from whichgpu.planner.capacity.limits import LONGEST
from whichgpu.planner.capacity.model import gib
from whichgpu.report.stages import by_stage, remarks, sizes
from whichgpu.report.table import Bullets, Column, Heading, Report, Table
from whichgpu.units import number, show
from whichgpu.values import Deferred
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.planner.capacity.model import Answer, Change, Fits, Limits
    from whichgpu.report.table import Block
    from whichgpu.workloads.job import Job

_DOES_NOT_FIT = 3
#: Changes of each cell that the matrix lists; one answer alone lists all.
_SHOWN = 4
#: More devices than this are listed below each other.
_ABREAST = 6
_SIZES = (("batch", "Batch"), ("context", "Context"), ("concurrency", "Requests"), ("resolution", "Image"))
_PATHS = {"nvme": "NVMe", "sata": "SATA SSD", "network": "10 Gbit/s"}


def report(found: Fits) -> Report:
    """The report of `fit`; a workload that fits on none of the devices for sure exits 3 with its reason."""
    alone = len(found.answers) == 1
    blocks = tuple(_alone(found.answers[0]) if alone else _matrix(found))
    first = len(blocks) - 1 if alone else 0
    if not found.refused:
        return Report(Deferred(found.to_dict), blocks, first=first)
    reason = found.first.reason
    return Report(Deferred(found.to_dict), blocks, exit_code=_DOES_NOT_FIT, complaint=reason, first=first)


def title(found: Fits) -> str:
    """`What fits: llama-2-7b, llama-2-13b`."""
    return f"What fits: {', '.join(dict.fromkeys(one.workload for one in found.answers))}"


def _alone(one: Answer) -> Iterator[Block]:
    """One workload, or several together, on one device: how it is loaded comes last."""
    if one.verdict != "does not fit":
        yield f"{one.reason}."
    if one.changes:
        yield _changes("What would make it fit", (one,), len(one.changes))
    yield _memory(one)
    if one.stages:
        yield by_stage(one.stages)
    yield _limits(one)
    yield _choice((one,))
    if one.notes:
        yield Bullets(one.notes)
    yield _loading(one)


def _matrix(found: Fits) -> Iterator[Block]:
    yield _overview(found)
    yield _largest(found.answers)
    yield _choice(found.answers)
    lost = tuple(one for one in found.answers if one.changes)
    if lost:
        yield Heading("What would make it fit")
        yield _changes("", lost, _SHOWN)
    notes = tuple(dict.fromkeys(note for one in found.answers for note in one.notes))
    if notes:
        yield Bullets(notes)


def _device(one: Answer) -> str:
    return f"{one.n_gpus} x {one.gpu}" if one.n_gpus > 1 else one.gpu


def _overview(found: Fits) -> Table:
    """Workloads down, devices across; where there are many devices, one column of the same."""
    devices = list(dict.fromkeys(map(_device, found.answers)))
    note = "What is left of each GPU's memory, or what is lacking."
    if any(one.may_run_out for one in found.answers):
        note += " Maybe: one end of the 90 % interval of what it needs fits, and the other does not."
    rows: dict[str, dict[str, str]] = {}
    for one in found.answers:
        rows.setdefault(_what(one), {})[_device(one)] = _verdict(one)
    if len(devices) <= _ABREAST:
        cells = [(name, *(row.get(device) for device in devices)) for name, row in rows.items()]
        return Table.of("What fits", ("Workload", *devices), cells, notes=(note,))
    turned = [(device, *(row.get(device) for row in rows.values())) for device in devices]
    return Table.of("What fits", ("GPU", *rows), turned, notes=(note,))


def _what(one: Answer) -> str:
    return f"{one.workload} {one.jobs[0].precision}" if len(one.jobs) == 1 else one.workload


def _verdict(one: Answer) -> str:
    word = {"fits": "yes", "may run out": "maybe", "does not fit": "no"}[one.verdict]
    if one.margin < 0:
        return f"{word}, {gib(-one.margin)} short"
    return f"{word}, {gib(one.margin)} left" if one.fits or one.may_run_out else "no, cannot run it"


def _memory(one: Answer) -> Table:
    rows = [
        (name.replace("_", " "), show(size, "memory", 3), f"{size / one.required:.0%}")
        for name, size in one.parts.items()
    ]
    total = len(rows)
    left = (
        "left" if one.margin >= 0 else "lacking",
        gib(abs(one.margin)),
        f"{abs(one.margin) / one.available:.0%}",
    )
    room = "on the card" if one.share == 1.0 else f"{one.share:.0%} of the card"
    rows += [("required", gib(one.required), ""), (room, gib(one.available), ""), left]
    each = f"Memory of each of {one.n_gpus} GPUs" if one.n_gpus > 1 else "Memory of the GPU"
    notes = (f"The job: {'; '.join(map(_job, one.jobs))}.", *remarks(one.parts, one.read))
    return Table.of(each, ("Part", ">Size", ">Share"), rows, notes, strong=(total,))


def _job(job: Job) -> str:
    """What was asked for, or taken as usual: all that memory is of."""
    flight = f", {job.concurrency or 1.0:g} in flight" if job.phase == "serve" else ""
    return f"{job.workload} {job.phase}, {sizes(job)}{_frames(job)}{flight}"


def _frames(job: Job) -> str:
    """How many frames a video has."""
    if job.phase != "generate" or job.steps is None:
        return ""
    frames = job.options.get("frames")
    with suppress(UsageError):
        frames = frames or resolve(job.workload).dims.get("frames")
    return f", {frames} frames" if frames else ""


def _limits(one: Answer) -> Table:
    """The largest sizes of one answer; of several workloads together each with what the others leave."""
    rows = []
    for job, bounds in zip(one.jobs, one.limits, strict=True):
        prefix = f"{job.workload}: " if len(one.jobs) > 1 else ""
        rows += [(f"{prefix}{name}", *texts) for name, *texts in _sizes(bounds)]
    title, columns = "The largest that fits, all else as asked", ("What", ">Largest", ">May fit")
    if not any(bounds.may for bounds in one.limits):
        return Table.of(title, columns[:2], [row[:2] for row in rows])
    return Table.of(title, columns, rows, notes=(_MAY,))


#: What is said below largest sizes that may fit, beside those that fit for sure.
_MAY = "May fit: up to this size a run may fit and may run out of memory; up to the former it fits for sure."


def _sizes(bounds: Limits) -> Iterator[tuple[str, str, str | None]]:
    named = {
        "batch": "batch on each GPU", "context": "tokens of one sequence",
        "concurrency": "requests at once", "resolution": "square image",
    }  # fmt: skip
    for key, name in named.items():
        value = getattr(bounds, key)
        if value is not None:
            may = bounds.may.get(key)
            yield name, _size(bounds, key, value), None if may is None else _size(bounds, key, may)


def _size(bounds: Limits, key: str, value: int) -> str:
    if value == 0:
        return "none for sure" if key in bounds.may else "none fits"
    if key == "resolution":
        return f"{value} x {value}"
    beyond = key == "context" and bounds.made_for and value > bounds.made_for
    least = "at least " if key == "context" and value >= LONGEST else ""
    return f"{least}{value:,}" + (f" (made for {bounds.made_for:,})" if beyond else "")


def _largest(answers: tuple[Answer, ...]) -> Table:
    """The largest sizes of every cell that fits."""
    rows = []
    held = [one for one in answers if one.fits]
    shown = [
        (key, name)
        for key, name in _SIZES
        if any(getattr(b, key) is not None for a in held for b in a.limits)
    ]
    for one in held:
        for job, bounds in zip(one.jobs, one.limits, strict=True):
            cells = [_both(bounds, key) for key, _ in shown]
            rate = f"{number(one.throughput.mid)} {one.throughput.unit}" if one.throughput else None
            rows.append((job.workload, _device(one), *cells, rate))
    columns = [Column("Workload"), Column("GPU"), *(Column(name, "right") for _, name in shown)]
    columns.append(Column("As asked", "right", optional=True))
    notes = (_MAY_TOO,) if any(bounds.may for one in held for bounds in one.limits) else ()
    return Table.of("The largest that fits, all else as asked", columns, rows, notes=notes)


#: The same below a matrix.
_MAY_TOO = "The second of two sizes may fit and may run out of memory; up to the first a run fits for sure."


def _both(bounds: Limits, key: str) -> str | None:
    """The largest size that fits for sure, and the largest that may, where that is more."""
    value = getattr(bounds, key)
    if value is None:
        return None
    may = bounds.may.get(key)
    sure = _size(bounds, key, value)
    return sure if may is None else f"{sure}; may {_size(bounds, key, may)}"


def _choice(answers: tuple[Answer, ...]) -> Table:
    """The smallest card of each vendor and the fewest GPUs of each type, by workload."""
    known: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for one in answers:
        smallest, fewest = known.setdefault(_what(one), ({}, {}))
        smallest.update({text: None} if (text := _smallest(one)) else {})
        fewest.update(dict.fromkeys(map(str, one.fewest)))
    rows = [(name, *("; ".join(cell) or None for cell in cells)) for name, cells in known.items()]
    notes = [
        "Smallest: of one vendor's current cards. Fewest: of 2 to 8, then of whole machines of 8.",
        *([_MAY_TOO_SMALL] if any(" may" in cell for row in rows for cell in row[1:] if cell) else []),
    ]
    return Table.of("GPUs that hold it", ("Workload", "Smallest", "Fewest"), rows, notes=notes)


#: The same of GPUs.
_MAY_TOO_SMALL = "What may is smaller, or fewer, and may run out of memory; on the others it fits for sure."


def _smallest(one: Answer) -> str:
    """The smallest card that holds a job for sure, and a smaller one that may."""
    may = f"{one.smallest_may} may" if one.smallest_may else ""
    return ", ".join(filter(None, (one.smallest_gpu, may)))


def _changes(name: str, answers: tuple[Answer, ...], most: int) -> Table:
    columns = (
        Column("Change"), Column("Type"), Column("Memory", "right"), Column("Speed", "right"),
        Column("Requests", "right", optional=True), Column("Rate", "right", optional=True),
        Column("Published cost in quality", optional=True),
    )  # fmt: skip
    rows: list[tuple[str | None, ...]] = []
    for one in answers:
        if len(answers) > 1:
            rows.append((f"{_what(one)} on {_device(one)}",))
        rows += [_change(change) for change in one.changes[:most]]
    left = sum(len(one.changes[most:]) for one in answers)
    notes = [
        "Speed: predicted, against the job as asked for on GPUs with memory enough. Requests: held at once."
    ]
    if left:
        notes.append(f"{left} more with --json, or for one workload on one GPU.")
    return Table.of(name, columns, rows, notes=notes)


def _change(one: Change) -> tuple[str | None, ...]:
    speed = None if one.speed is None else f"{number(one.speed, 2)}x"
    rate = None if one.throughput is None else f"{number(one.throughput.mid)} {one.throughput.unit}"
    quality = one.quality.text + (f" [{one.quality.source}]" if one.quality.source else "")
    held = None if one.concurrency is None else f"{one.concurrency:,}"
    beside = f"; {gib(one.host_memory)} of the host's memory" if one.host_memory else ""
    needs = f"{gib(one.required)}, maybe" if one.may_run_out else gib(one.required)
    return one.text + beside, one.option, needs, speed, held, rate, quality


def _loading(one: Answer) -> Table:
    """What loading takes of the host, by format and by where the file lies."""
    load = one.loading
    columns = ("Format", ">Host memory", *(f">{name}" for name in _PATHS.values()))
    rows = [
        (copy.format, gib(copy.host_memory), *(show(copy.seconds[path], "time", 2) for path in _PATHS))
        for copy in load.formats
    ]  # fmt: skip
    note = (
        f"A checkpoint of {gib(load.checkpoint)}, {show(load.pcie, 'time', 2)} over PCIe. Rates are those of "
        "data/loading.toml, assumptions; a warm file cache takes the disk out."
    )
    return Table.of("Loading", columns, rows, notes=(note,))
