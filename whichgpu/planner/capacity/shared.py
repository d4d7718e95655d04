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
from whichgpu.planner.capacity.limits import limits
from whichgpu.planner.capacity.loading import loading
from whichgpu.planner.capacity.model import Answer, Change, by_size
from whichgpu.planner.capacity.sentences import reason
from whichgpu.planner.capacity.tries import narrower

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
    found = smallest(required, catalogue, lambda gpu: not _refusal(columns, gpu))
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


def _answers(columns: Sequence[Cells], catalogue: Catalogue) -> Iterator[Answer]:
    required, available = _together(columns), columns[0].available
    names = _names(columns)
    bounds = [limits(cells, available - (required - cells.required)) for cells in columns]
    alone = _alone([replace(cells.job, tp=None, pp=None) for cells in columns], catalogue)
    cards = smallest_by_vendor(
        float(_together(alone)[0]), columns[0].gpus, catalogue, lambda gpu: _refusal(columns, gpu)
    )
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
    """The formats in which all fit together, by index of the device; each workload takes what it can."""
    found = []
    formats = [{tried.options[0]: tried for tried in narrower(cells)} for cells in columns]
    for option in dict.fromkeys(option for own in formats for option in own):
        chosen = [own.get(option) for own in formats]
        columns_now = [tried.cells if tried else cells for tried, cells in zip(chosen, columns, strict=True)]
        first = next(tried for tried in chosen if tried)
        with suppress(UsageError):
            required = _together(columns_now)
            for i in map(int, np.flatnonzero(required <= columns[0].available)):
                if not _refusal(columns_now, columns[0].gpus[i]):
                    change = Change(
                        "precision", first.texts[i], option, columns[0].gpus[i].id, columns[0].counts[i],
                        float(required[i]), float(columns[0].available[i]), quality=first.quality,
                    )  # fmt: skip
                    found.append((i, change))
    return found
