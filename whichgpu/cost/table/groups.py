"""Rows of a job table that share their texts, and what each becomes when its defaults are filled in.

A *cell* is one distinct physical job: a GPU and the numbers. Groups are settled one by one; what then is one
sweep is a sweep (`cost/table/pools.py`), whatever texts its rows have.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.job.settling import settle
from whichgpu.cost.reading.metrics import metric
from whichgpu.errors import SomeRefused, WhichGpuError, one_line
from whichgpu.workloads.job import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.cost.job.settling import Settled
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

    Numbers = tuple[float | None, ...]
    #: A GPU's id and numbers.
    Cell = tuple[str, Numbers]
    #: A row of the table, and the metric and unit that it asks for.
    Asking = tuple[int, tuple[str, str]]
    #: By row, the unit that it asks for, and why it has no answer.
    Refused = dict[int, tuple[str, str]]


@dataclass
class Group:
    """Rows whose jobs share the texts of `job` and which numbers they state."""

    job: Job
    stated: tuple[bool, ...]
    #: Whether the jobs state what the model does not know, sharding say, which may make them fit.
    lenient: bool
    gpus: dict[str, Gpu] = field(default_factory=dict)
    #: By cell, the rows that ask for it and what they ask.
    asking: dict[Cell, list[Asking]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.asking)

    def add(self, row: int, gpu: Gpu, numbers: Numbers, ask: tuple[str, str]) -> None:
        """A row of the table, and the (metric, unit) that it wants; raises `UsageError` for no metric."""
        metric(ask[0])
        asking = self.asking.setdefault((gpu.id, numbers), [])
        if not asking:
            self.gpus[gpu.id] = gpu
        asking.append((row, ask))

    def settled(self, refused: Refused) -> Iterator[tuple[Settled, list[Cell]]]:
        """Its cells as sweeps with every default filled in; rows that cannot be get their reason."""
        # A group whose every row asks for no metric has no cell.
        if self.asking:
            yield from self._settled(list(self.asking), refused)

    def _settled(self, cells: list[Cell], refused: Refused) -> Iterator[tuple[Settled, list[Cell]]]:
        """Cells that can be settled; the others get their `reasons`, halved where the sweep tells none."""
        try:
            yield settle(self.sweep([numbers for _, numbers in cells])), cells
        except Exception as fault:
            whys = reasons(fault, cells)
            if not whys and reason(fault) == self._always:
                whys = [self._always] * len(cells)
            if not whys:
                for part in halves(cells):
                    yield from self._settled(part, refused)
                return
            for cell, why in zip(cells, whys, strict=True):
                asking = self.asking[cell] if why else ()
                refused.update((row, (unit_of(ask, self.job.workload), why)) for row, ask in asking)
            rest = [cell for cell, why in zip(cells, whys, strict=True) if not why]
            if rest:
                yield from self._settled(rest, refused)

    @cached_property
    def _always(self) -> str:
        """Why the job cannot be whatever its numbers are; empty where that hangs on them."""
        try:
            settle(self.job)
        except Exception as fault:
            return reason(fault)
        return ""

    def sweep(self, columns: Sequence[Numbers]) -> Job:
        """The job with its numbers as arrays."""
        return self.job.changed(**arrays(columns, self.stated))


def arrays(columns: Sequence[Numbers], stated: Sequence[bool]) -> dict[str, Any]:
    """Numbers of jobs by column of a job; what all agree on stays a number, which is less work."""
    found: dict[str, Any] = {}
    for name, known, values in zip(NUMBERS, stated, zip(*columns, strict=True), strict=True):
        if known:
            found[name] = values[0] if len(set(values)) == 1 else np.array(values)
    return found


def unit_of(ask: tuple[str, str], workload: str) -> str:
    """The unit of an ask of a workload: its own, or the metric's."""
    name, unit = ask
    return unit.strip() or metric(name).unit_of(workload)


def halves(cells: Any) -> tuple[Any, Any]:
    """The first and the second half of a list or an array."""
    middle = len(cells) // 2
    return cells[:middle], cells[middle:]


def reasons(fault: Exception, cells: Sequence[Any]) -> list[str]:
    """Why each of some cells has no answer, "" where nothing is wrong with it.

    None at all where a sweep did not say which of several it is: then they are halved until it is alone.
    """
    if isinstance(fault, SomeRefused):
        return fault.whys * len(cells) if len(fault.whys) == 1 else fault.whys
    return [reason(fault)] if len(cells) == 1 else []


def reason(fault: Exception) -> str:
    """Why a row has no answer, of what was raised."""
    if isinstance(fault, WhichGpuError):
        return str(fault)
    return f"internal error: {type(fault).__name__}: {one_line(fault)}; report it with this row"
