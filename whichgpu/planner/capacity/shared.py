"""Several workloads on one device at once: each a process of its own, with its own context and cache.

Their memory adds up; their time is shared, so that what one alone would do is the most that it gets.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.planner.capacity import meshes
from whichgpu.planner.capacity.cells import Cells
from whichgpu.planner.capacity.choice import smallest, smallest_by_vendor
from whichgpu.planner.capacity.limits import largest, limits, within
from whichgpu.planner.capacity.loading import loading
from whichgpu.planner.capacity.model import Answer, Change, by_size
from whichgpu.planner.capacity.sentences import reason
from whichgpu.planner.capacity.tries import OTHER_WORK, narrower
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

    Array = NDArray[np.float64]

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
    """The smallest current card that holds all jobs."""
    columns = _alone(jobs, catalogue)
    required = float(_together(columns)[0])
    found = smallest(required, catalogue, lambda gpu: _hold(columns, required, gpu))
    if found is None:
        raise UsageError(
            f"no current card holds {len(jobs)} workloads of {required / 2**30:.0f} GiB together; name one "
            "with several GPUs, e.g. --gpu h100-80gb-sxm:8"
        )
    return found, 1


def _alone(jobs: Sequence[Job], catalogue: Catalogue) -> list[Cells]:
    one = (next(iter(catalogue.values())),)
    return [Cells(meshes.single(job), one) for job in jobs]


def _together(columns: Sequence[Cells]) -> Array:
    """Bytes of all jobs on each device, (C,)."""
    return np.asarray(sum(cells.required for cells in columns))


def _refusal(columns: Sequence[Cells], gpu: Gpu) -> str:
    return next((why for cells in columns if (why := cells.refusal(gpu))), "")


def _hold(columns: Sequence[Cells], required: float, gpu: Gpu) -> bool:
    return not _refusal(columns, gpu) and required <= min(cells.room(gpu) / cells.share for cells in columns)


def _available(columns: Sequence[Cells]) -> Array:
    """Bytes of each device, (C,), of which a stream among the jobs may have a part of the package."""
    least: Array = np.min([cells.available / cells.share for cells in columns], axis=0)
    return columns[0].share * least


def _answers(columns: Sequence[Cells], catalogue: Catalogue) -> Iterator[Answer]:
    required, available = _together(columns), _available(columns)
    names = _names(columns)
    bounds = [limits(cells, within(available - (required - cells.required))) for cells in columns]
    alone = _alone([replace(cells.job, tp=None, pp=None) for cells in columns], catalogue)
    least = float(_together(alone)[0])
    cards = smallest_by_vendor(least, columns[0].gpus, catalogue, lambda gpu: _hold(columns, least, gpu))
    ways = _changes(columns)
    for i, gpu in enumerate(columns[0].gpus):
        refusal = _refusal(columns, gpu)
        parts = {
            f"{name}: {part}": float(size[i])
            for name, cells in zip(names, columns, strict=True)
            for part, size in cells.parts.items()
        }
        fits = not refusal and bool(required[i] <= available[i])
        answer = Answer(
            workload=" + ".join(names), gpu=gpu.id, n_gpus=columns[0].counts[i],
            jobs=tuple(cells.job_of(i) for cells in columns),
            runtime=" + ".join(cells.settled.runtime.id for cells in columns), fits=fits, reason="",
            parts=by_size(parts), required=float(required[i]), available=float(available[i]),
            limits=tuple(rows[i] for rows in bounds), smallest_gpu=cards[gpu.vendor], fewest=(),
            changes=() if fits else tuple(change for at, change in ways if at == i),
            loading=loading(sum(cells.checkpoint for cells in alone), gpu, columns[0].counts[i]),
            notes=(_NOTE,),
        )  # fmt: skip
        yield replace(answer, reason=reason(answer, refusal))


def _names(columns: Sequence[Cells]) -> list[str]:
    """Workloads by id; the second of two alike is told apart by its number."""
    ids = [cells.settled.workload.id for cells in columns]
    return [one if ids.count(one) == 1 else f"{one} #{ids[: i + 1].count(one)}" for i, one in enumerate(ids)]


def _changes(columns: Sequence[Cells]) -> list[tuple[int, Change]]:
    """What makes all fit together, by index of the device: smaller sizes, and formats that each can take."""
    found, available = list(_smaller(columns)), _available(columns)
    formats = [{tried.options[0]: tried for tried in narrower(cells)} for cells in columns]
    for option in dict.fromkeys(option for own in formats for option in own):
        chosen = [own.get(option) for own in formats]
        columns_now = [tried.cells if tried else cells for tried, cells in zip(chosen, columns, strict=True)]
        first = next(tried for tried in chosen if tried)
        with suppress(UsageError):
            required = _together(columns_now)
            for i in map(int, np.flatnonzero(required <= available)):
                if not _refusal(columns_now, columns[0].gpus[i]):
                    change = Change(
                        "precision", first.texts[i], option, columns[0].gpus[i].id, columns[0].counts[i],
                        float(required[i]), float(available[i]), quality=first.quality,
                    )  # fmt: skip
                    found.append((i, change))
    return found


class _Required(NamedTuple):
    """Bytes of all jobs together at so many sizes."""

    required: Array


def _smaller(columns: Sequence[Cells]) -> Iterator[tuple[int, Change]]:
    """The most items of each, or requests of each server, with which all fit: one option says it of all."""
    gpus, available, here = columns[0].gpus, _available(columns), list(range(len(columns[0].gpus)))
    for name in ("batch", "concurrency"):
        own = [_said_by(name, cells, columns) for cells in columns]
        most = max((size for size in own if size), default=0.0)

        def sized(size: Array, index: Sequence[int], own: Sequence[float | None] = own) -> _Required:
            told = [
                {} if one is None else {_column(cells): size} for one, cells in zip(own, columns, strict=True)
            ]
            return _Required(
                _together([cells.on(index, **one) for one, cells in zip(told, columns, strict=True)])
            )

        with suppress(UsageError):
            sizes = np.zeros(len(gpus))
            if most > 1.0:
                sizes = largest(sized, within(available), len(gpus), int(most) - 1)[: len(gpus)]
            required = sized(np.maximum(sizes, 1.0), here).required
            for i in map(int, np.flatnonzero((sizes > 0) & (required <= available))):
                if not _refusal(columns, gpus[i]):
                    text, option = f"{name} {sizes[i]:,.0f} of each", f"--{name} {sizes[i]:.0f}"
                    needs, room = float(required[i]), float(available[i])
                    count = columns[0].counts[i]
                    yield i, Change(name, text, option, gpus[i].id, count, needs, room, quality=OTHER_WORK)


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
