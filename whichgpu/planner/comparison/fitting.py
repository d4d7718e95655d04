"""Which well-known models each GPU holds, or how many of it together do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.planner.capacity import meshes
from whichgpu.planner.capacity.cells import Cells
from whichgpu.planner.capacity.choice import fewest
from whichgpu.planner.comparison.model import Cell, Row
from whichgpu.planner.comparison.words import quantity
from whichgpu.planner.comparison.work import LONELY
from whichgpu.planner.usual import fitted_jobs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.usual import Titled

GROUP = "GPUs that hold it, at least"
_EVIDENCE = ("cost memory", "roofline")


def fit_rows(gpus: Sequence[Gpu]) -> Iterator[Row]:
    """A row a job: how many of each GPU hold it, with the memory that it takes on one."""
    for index, one in enumerate(fitted_jobs()):
        cells = dict(_cells(one, gpus))
        yield Row(f"fits.{index}", one.title, GROUP, "count", "lower", cells)


def _cells(one: Titled, gpus: Sequence[Gpu]) -> Iterator[tuple[str, Cell]]:
    known = [gpu for gpu in gpus if gpu.value("memory")]
    if not known:
        return
    alone = Cells(meshes.single(one.job), tuple(known))
    least = tuple(fewest(alone, known))
    for index, gpu in enumerate(known):
        if refusal := alone.refusal(gpu):
            yield gpu.id, Cell(None, f"cannot: {refusal.removeprefix(f'{gpu.id} ')}", *_EVIDENCE)
        elif alone.fits[index]:
            needed = quantity(float(alone.required[index]), "memory")
            yield gpu.id, Cell(1.0, f"1 ({needed})", *_EVIDENCE)
        elif (found := least[index]) is not None and gpu.segment not in LONELY:
            yield gpu.id, Cell(float(found.n_gpus), str(found.n_gpus), *_EVIDENCE)
        else:
            yield gpu.id, Cell(None, "does not fit", *_EVIDENCE)
