"""Several workloads on one device at once: each a process of its own, with its own context and cache.

Their memory adds up; their time is shared, so that what one alone would do is the most that it gets.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.memory.verdict import OVER, TIGHT, Judged
from whichgpu.cost.memory.wired import share
from whichgpu.errors import UsageError
from whichgpu.facts.model import Interval
from whichgpu.planner.capacity import meshes, quality
from whichgpu.planner.capacity.cells import Cells
from whichgpu.planner.capacity.choice import smallest, smallest_by_vendor
from whichgpu.planner.capacity.limits import largest, limits
from whichgpu.planner.capacity.loading import loading
from whichgpu.planner.capacity.model import Answer, Change, by_size
from whichgpu.planner.capacity.sentences import reason
from whichgpu.planner.capacity.tries import OTHER_WORK, Try, narrower
from whichgpu.units import GIB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.capacity.limits import Judge
    from whichgpu.workloads.job import Job

    Array = NDArray[np.float64]

#: What is typed before the name of a format (`narrower`).
_OPTION = "--precision "
_NOTE = "they share the GPU's time as well: what one alone would do is the most that it gets"


def shared(jobs: Sequence[Job], devices: Sequence[tuple[Gpu, int]], catalogue: Catalogue) -> Iterator[Answer]:
    """Whether all jobs fit on each device at once; on the smallest current card where none is named."""
    if not devices:
        devices = [_chosen(jobs, catalogue)]
    gpus, counts = tuple(gpu for gpu, _ in devices), [count for _, count in devices]
    for job in jobs:
        meshes.check(job)
    columns = [Cells(meshes.place(job, counts), gpus) for job in jobs]
    yield from _answers(columns, catalogue)


def _chosen(jobs: Sequence[Job], catalogue: Catalogue) -> tuple[Gpu, int]:
    """The smallest current card that holds all jobs, for sure where one does."""
    columns = _alone(jobs, catalogue)
    need = _together(columns)
    found = smallest(need.least, catalogue, lambda gpu: _judged_in(columns, need, gpu))
    chosen = found.sure or found.may
    if chosen is None:
        raise UsageError(
            f"no current card holds {len(jobs)} workloads of {need.required[0] / GIB:.0f} GiB together; "
            "name one with several GPUs, e.g. --gpu h100-80gb-sxm:8"
        )
    return chosen, 1


def _alone(jobs: Sequence[Job], catalogue: Catalogue) -> list[Cells]:
    one = (next(iter(catalogue.values())),)
    return [Cells(meshes.single(job), one) for job in jobs]


class _Need(NamedTuple):
    """Bytes of all jobs on each device, with the ends of what each may need added up, (C,).

    Programs that are counted alike err alike, so that nothing evens out.
    """

    low: Array
    required: Array
    high: Array

    @property
    def least(self) -> tuple[float, float]:
        """Bytes that a card has at least that holds them for sure, and one that may."""
        return float(self.required[0]), float(self.low[0])

    def minus(self, other: _Need) -> _Need:
        """What others take."""
        return _Need(*(mine - its for mine, its in zip(self, other, strict=True)))

    def judged(self, room: _Need, able: Any = True) -> Judged:
        """Where they fit in what there is for each of the ends."""
        middle = able & (self.required <= room.required)
        may = able & (self.low <= room.low)
        return Judged(middle & (self.high <= room.high), middle, middle | may)


def _need(cells: Cells) -> _Need:
    low, high = cells.ends
    return _Need(low, cells.required, high)


def _together(columns: Sequence[Cells]) -> _Need:
    each = map(_need, columns)
    return _Need(*(np.asarray(sum(parts)) for parts in zip(*each, strict=True)))


def _refusal(columns: Sequence[Cells], gpu: Gpu) -> str:
    return next((why for cells in columns if (why := cells.refusal(gpu))), "")


def _judged_in(columns: Sequence[Cells], need: _Need, gpu: Gpu) -> Judged:
    """What holds of jobs of which so much is needed on one device, were it that GPU."""
    card = np.array([min(cells.room(gpu) / cells.share for cells in columns)])
    return need.judged(_room((gpu,), card, card), not _refusal(columns, gpu))


def _available(columns: Sequence[Cells]) -> Array:
    """Bytes of each device, (C,), of which a stream among the jobs may have a part of the package."""
    return columns[0].share * _cards(columns)


def _cards(columns: Sequence[Cells]) -> Array:
    least: Array = np.min([cells.available / cells.share for cells in columns], axis=0)
    return least


def _room(gpus: Sequence[Gpu], given: Array, card: Array) -> _Need:
    """What there is for each end of what is needed: a card reports less than it has, a system gives less."""
    wired = np.array([share(gpu) for gpu in gpus])
    reported = section("capacity")["reported"] * card
    # In memory that others use as well nothing fits beyond what there is.
    low = np.where(wired < 1.0, given, np.minimum(given, reported))
    return _Need(low, given, np.minimum(np.minimum(given, reported), wired * card))


def _rooms(columns: Sequence[Cells]) -> _Need:
    return _room(columns[0].gpus, _available(columns), _cards(columns))


def _within(room: _Need) -> Judge:
    """The judge of jobs that have so much of each device."""

    def judge(tried: Any, index: list[int]) -> Judged:
        need = tried if isinstance(tried, _Need) else _need(tried)
        return need.judged(_Need(*(end[index] for end in room)))

    return judge


def _answers(columns: Sequence[Cells], catalogue: Catalogue) -> Iterator[Answer]:
    need, room, names = _together(columns), _rooms(columns), _names(columns)
    bounds = [limits(cells, _within(room.minus(need.minus(_need(cells))))) for cells in columns]
    alone = _alone([replace(cells.job, tp=None, pp=None) for cells in columns], catalogue)
    least = _together(alone)
    cards = smallest_by_vendor(
        least.least, columns[0].gpus, catalogue, lambda gpu: _judged_in(alone, least, gpu)
    )
    able = np.array([not _refusal(columns, gpu) for gpu in columns[0].gpus])
    ways, judged = _changes(columns), need.judged(room, able)
    for i, gpu in enumerate(columns[0].gpus):
        refusal = _refusal(columns, gpu)
        parts = {
            f"{name}: {part}": float(size[i])
            for name, cells in zip(names, columns, strict=True)
            for part, size in cells.parts.items()
        }
        fits, chosen = bool(judged.middle[i]), cards[gpu.vendor]
        doubt = "" if judged.surely[i] or not judged.may[i] else TIGHT if fits else OVER
        answer = Answer(
            workload=" + ".join(names), gpu=gpu.id, n_gpus=columns[0].counts[i],
            jobs=tuple(cells.job_of(i) for cells in columns),
            runtime=" + ".join(cells.settled.runtime.id for cells in columns), fits=fits, reason="",
            parts=by_size(parts), required=float(need.required[i]), available=float(room.required[i]),
            limits=tuple(rows[i] for rows in bounds), fewest=(),
            smallest_gpu=chosen.ids[0], smallest_may=chosen.ids[1],
            changes=() if judged.surely[i] else tuple(
                change for at, change in ways if at == i and not (fits and change.may_run_out)
            ),
            loading=loading(sum(cells.checkpoint for cells in alone), gpu, columns[0].counts[i]),
            notes=(*((doubt,) if doubt else ()), _NOTE),
            need=None if refusal else _interval(need, i),
        )  # fmt: skip
        yield replace(answer, reason=reason(answer, refusal))


def _interval(need: _Need, i: int) -> Interval:
    low, middle, high = (float(end[i]) for end in need)
    return Interval(low, middle, high, "B")


def _names(columns: Sequence[Cells]) -> list[str]:
    """Workloads by id; the second of two alike is told apart by its number."""
    ids = [cells.settled.workload.id for cells in columns]
    return [one if ids.count(one) == 1 else f"{one} #{ids[: i + 1].count(one)}" for i, one in enumerate(ids)]


def _changes(columns: Sequence[Cells]) -> list[tuple[int, Change]]:
    """What makes all fit together, by index of the device: smaller sizes, and formats.

    One option says a format of all of them, so that it is tried on each, also where its own program would
    rather have another one.
    """
    found, room = list(_smaller(columns)), _rooms(columns)
    formats: dict[str, Try] = {}
    for one in (tried for cells in columns for tried in narrower(cells)):
        # What was published is of a language model: the first that has it says so.
        known = formats.setdefault(one.options[0], one)
        formats[one.options[0]] = one if known.quality == quality.UNKNOWN else known
    for option, first in formats.items():
        with suppress(UsageError):
            columns_now = [cells.with_job(precision=option.removeprefix(_OPTION)) for cells in columns]
            need = _together(columns_now)
            judged = need.judged(room)
            for i in map(int, np.flatnonzero(judged.middle)):
                if not _refusal(columns_now, columns[0].gpus[i]):
                    change = Change(
                        "precision", first.texts[i], option, columns[0].gpus[i].id, columns[0].counts[i],
                        float(need.required[i]), float(room.required[i]), quality=first.quality,
                        may_run_out=not judged.surely[i],
                    )  # fmt: skip
                    found.append((i, change))
    return found


def _smaller(columns: Sequence[Cells]) -> Iterator[tuple[int, Change]]:
    """The most items of each, or requests of each server, with which all fit: one option says it of all."""
    gpus, room, here = columns[0].gpus, _rooms(columns), list(range(len(columns[0].gpus)))
    for name in ("batch", "concurrency"):
        own = [_said_by(name, cells, columns) for cells in columns]
        most = max((size for size in own if size), default=0.0)

        def sized(size: Array, index: Sequence[int], own: Sequence[float | None] = own) -> _Need:
            told = [
                {} if one is None else {_column(cells): size} for one, cells in zip(own, columns, strict=True)
            ]
            return _together([cells.on(index, **one) for one, cells in zip(told, columns, strict=True)])

        with suppress(UsageError):
            sizes = np.zeros(len(gpus))
            if most > 1.0:
                both = largest(sized, _within(room), len(gpus), int(most) - 1).reshape(2, len(gpus))
                sizes = np.where(both[0] > 0, both[0], both[1])
            need = sized(np.maximum(sizes, 1.0), here)
            judged = need.judged(room)
            for i in map(int, np.flatnonzero((sizes > 0) & judged.middle)):
                if not _refusal(columns, gpus[i]):
                    text, option = f"{name} {sizes[i]:,.0f} of each", f"--{name} {sizes[i]:.0f}"
                    needs, there = float(need.required[i]), float(room.required[i])
                    yield i, Change(
                        name, text, option, gpus[i].id, columns[0].counts[i], needs, there,
                        quality=OTHER_WORK, may_run_out=not judged.surely[i],
                    )  # fmt: skip


def _column(cells: Cells) -> str:
    """What says how much of a job is done at once: a server's batch are its requests in flight."""
    return "concurrency" if cells.settled.job.phase == "serve" else "batch"


def _said_by(name: str, cells: Cells, columns: Sequence[Cells]) -> float | None:
    """How much of a job is done at once, 0 where it is not stated, if an option says it; else None.

    A batch says it of a server as well that states no requests, or has them from a batch.
    """
    asked = cells.job.concurrency
    if cells.settled.job.phase != "serve":
        # Without a queue requests in flight are the batch, where none is stated.
        says = "concurrency" if asked is not None and cells.job.batch is None else "batch"
        return float(np.max(np.asarray(cells.settled.job.batch))) if name == says else None
    others = [one.job.batch for one in columns if one.settled.job.phase != "serve"]
    batched = bool(others) and (asked is None or (others[0] is not None and cells.job.batch is None))
    if name == "batch" and not batched:
        return None
    return None if name == "concurrency" and asked is None else float(np.max(np.asarray(asked or 0.0)))
