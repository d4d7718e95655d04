"""Jobs that share all but their GPU and their numbers, evaluated together.

A *cell* is one distinct physical job: a GPU and the numbers. Cells become the rows and columns of one
sweep where their grid is well filled, and a sweep a GPU where it is not; none grows so large that memory
would. Jobs that cannot be run are left out with their reasons; where a sweep does not say which of it they
are, it is halved until they are alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.estimate import estimate
from whichgpu.cost.memory import GIB
from whichgpu.cost.metrics import metric
from whichgpu.errors import SomeRefused, WhichGpuError, one_line
from whichgpu.workloads.job import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.estimate import Answers, Estimates
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

    Numbers = tuple[float | None, ...]
    #: Cells: GPU id and numbers.
    Batch = list[tuple[str, Numbers]]

#: The fixed cost of a sweep is that of about so many cells, and one may have no more than the second.
_FIXED, _MOST = 500, 8192
#: So many cells are evaluated in vain for the sake of a trace that another group has made.
_SPARE = 250
#: What needs this many times the memory of the card is refused: measured jobs ran where twice seemed needed.
_HOPELESS = 3.0
#: In which order cells are sorted, so that those of one mesh stand together.
_ORDER = tuple(list(NUMBERS).index(name) for name in ("pp", "tp", "n_gpus", "seq_len"))


@dataclass(slots=True)
class Outcome:
    """What came of some cells of a group, by ask (metric and unit)."""

    #: The cells, by number in the group.
    cells: NDArray[np.intp]
    #: The unit of each ask.
    units: list[str]
    #: (asks, 3, cells): low, mid, high; NaN where there is none.
    values: NDArray[np.float64]
    #: The basis of each cell.
    bases: list[str]
    #: By ask, the reason of each cell that has no answer, by position in `cells`.
    refused: list[dict[int, str]]


@dataclass(slots=True)
class Group:
    """Rows whose jobs share the texts of `job` and which numbers they state."""

    job: Job
    stated: tuple[bool, ...]
    #: Whether the jobs state what the model does not know, sharding say, which may make them fit.
    lenient: bool
    #: The numbers of this group and of all that differ from it in the runtime only, who share a trace.
    columns: dict[Numbers, None] = field(default_factory=dict)
    #: By cell, the rows that ask for it and what they ask.
    asking: list[list[tuple[int, int]]] = field(default_factory=list)
    _gpus: dict[str, Gpu] = field(default_factory=dict)
    _cells: dict[tuple[str, Numbers], int] = field(default_factory=dict)
    _asks: dict[tuple[str, str], int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._cells)

    def add(self, row: int, gpu: Gpu, numbers: Numbers, ask: tuple[str, str]) -> None:
        """A row of the table, and the (metric, unit) that it wants; raises `UsageError` for no metric."""
        asked = self._asks.get(ask)
        if asked is None:
            metric(ask[0])
            asked = self._asks[ask] = len(self._asks)
        cell = self._cells.setdefault((gpu.id, numbers), len(self._cells))
        if cell == len(self.asking):
            self.asking.append([])
            self._gpus[gpu.id] = gpu
            self.columns[numbers] = None
        self.asking[cell].append((row, asked))

    def batches(self) -> list[Batch]:
        """The cells, those of one mesh together: all GPUs at once where that wastes little."""
        cells = sorted(self._cells, key=lambda cell: [cell[1][i] or 0.0 for i in _ORDER])
        columns = len({numbers for _, numbers in cells})
        waste = columns * len(self._gpus) - len(cells)
        if waste <= _FIXED * (len(self._gpus) - 1):
            each, found = max(1, _MOST // len(self._gpus)), [cells]
        else:
            each, found = _MOST, _by_gpu(cells)
        return [part[i : i + each] for part in found for i in range(0, len(part), each)]

    def evaluate(self, batch: Batch) -> Outcome:
        """The answers of a batch of cells. Never raises."""
        out = Outcome(
            cells=np.array([self._cells[cell] for cell in batch]),
            units=[unit.strip() or metric(name).unit_of(self.job.workload) for name, unit in self._asks],
            values=np.full((len(self._asks), 3, len(batch)), np.nan),
            bases=[""] * len(batch),
            refused=[{} for _ in self._asks],
        )
        spare = (len(self.columns) - len(_columns(batch))) * len({gpu for gpu, _ in batch})
        columns = list(self.columns) if spare <= _SPARE else _columns(batch)
        self._evaluate(batch, np.arange(len(batch)), out, columns)
        return out

    def _evaluate(self, batch: Batch, at: NDArray[np.intp], out: Outcome, columns: list[Numbers]) -> None:
        """Evaluate cells together, at their places in `out`; without those that cannot be, if one raises.

        `columns` are their numbers, or more, which other groups have.
        """
        gpus = sorted({gpu for gpu, _ in batch})
        try:
            found = estimate(self._sweep(columns), [self._gpus[gpu] for gpu in gpus])
            g, j = _indexes(gpus, (gpu for gpu, _ in batch)), _indexes(columns, (one for _, one in batch))
            answers = found.figures(g, j)
        except SomeRefused as fault:
            each = fault.whys * len(columns) if len(fault.whys) == 1 else fault.whys
            whys = dict(zip(columns, each, strict=True))
            self._without(batch, at, out, [whys[numbers] for _, numbers in batch])
            return
        except Exception as fault:
            self._apart(batch, at, out, len(columns), fault)
            return
        for place, row in zip(at.tolist(), g.tolist(), strict=True):
            out.bases[place] = found.bases[row]
        self._read(found, answers, g, at, out)

    def _without(self, batch: Batch, at: NDArray[np.intp], out: Outcome, whys: Sequence[str]) -> None:
        """Refuse the cells that have a reason, and evaluate the others."""
        for refused in out.refused:
            refused.update((place, why) for place, why in zip(at.tolist(), whys, strict=True) if why)
        rest = [cell for cell, why in zip(batch, whys, strict=True) if not why]
        if rest:
            self._evaluate(rest, at[[not why for why in whys]], out, _columns(rest))

    def _apart(self, batch: Batch, at: NDArray[np.intp], out: Outcome, tried: int, fault: Exception) -> None:
        """Evaluate cells that failed in a sweep of so many columns: without those of others, then halved."""
        middle = len(batch) // 2
        own = _columns(batch)
        if len(own) < tried:
            self._evaluate(batch, at, out, own)
        elif middle:
            for part, places in ((batch[:middle], at[:middle]), (batch[middle:], at[middle:])):
                self._evaluate(part, places, out, _columns(part))
        else:
            for refused in out.refused:
                refused[int(at[0])] = _why(fault)

    def _sweep(self, columns: Sequence[Numbers]) -> Job:
        """The job with its numbers as arrays; what all agree on stays a number, which is less work."""
        numbers: dict[str, Any] = {}
        for name, stated, values in zip(NUMBERS, self.stated, zip(*columns, strict=True), strict=True):
            if stated:
                numbers[name] = values[0] if len(set(values)) == 1 else np.array(values)
        return replace(self.job, **numbers)

    def _read(self, found: Estimates, answers: Answers, g: Any, at: NDArray[np.intp], out: Outcome) -> None:
        """Read every ask off the answers of the cells at these places, all at once."""
        places = at.tolist()
        reasons = {places[i]: why for i, why in self._reasons(found, answers, g).items()}
        for ask, (name, unit) in enumerate(self._asks):
            refused = out.refused[ask]
            try:
                three = metric(name)(answers, unit)
            except WhichGpuError as fault:
                refused.update(dict.fromkeys(places, str(fault)))
                continue
            out.values[ask][:, at] = np.broadcast_arrays(*three, answers.power)[:3]
            for i in np.flatnonzero(~np.isfinite(three[1])).tolist():
                gpu = found.devices.gpus[g[i]].id
                refused[places[i]] = (
                    f"{name or 'throughput'} of this job is not known: {gpu} lacks a fact that it needs"
                )
            refused.update(reasons)

    def _reasons(self, found: Estimates, answers: Answers, g: Any) -> dict[int, str]:
        """Why a GPU cannot run a job, by position: no such format, far too little memory."""
        reasons = {i: found.refusals[row] for i, row in enumerate(g.tolist()) if found.refusals[row]}
        if not self.lenient:
            for i in np.flatnonzero(answers.required > _HOPELESS * answers.available).tolist():
                need, has = answers.required[i] / GIB, answers.available[i] / GIB
                reasons.setdefault(
                    i,
                    f"does not fit: it needs {need:.1f} GiB per GPU, {found.devices.gpus[g[i]].id} has "
                    f"{has:.1f} GiB; use more GPUs (tp), a smaller batch or a narrower precision",
                )
        return reasons


def _by_gpu(cells: Batch) -> list[Batch]:
    """The cells of each GPU, in order."""
    found: dict[str, Batch] = {}
    for cell in cells:
        found.setdefault(cell[0], []).append(cell)
    return list(found.values())


def _columns(batch: Batch) -> list[Numbers]:
    """The distinct numbers of cells."""
    return list(dict.fromkeys([numbers for _, numbers in batch]))


def _indexes(known: Sequence[Any], wanted: Iterable[Any]) -> NDArray[np.intp]:
    place = {one: i for i, one in enumerate(known)}
    return np.array([place[one] for one in wanted])


def _why(fault: Exception) -> str:
    if isinstance(fault, WhichGpuError):
        return str(fault)
    return f"internal error: {type(fault).__name__}: {one_line(fault)}; report it with this row"
