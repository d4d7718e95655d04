"""Rows of the measurement schema to predictions: `predict --jobs`, `validate`.

Each row is one job; a row that cannot be read or run keeps its place with the reason in `error`.
`source`, `notes`, `value` and `spread` are never inputs.

Rows are read one by one, gathered by what they share (`groups`), and evaluated group by group over
arrays, each distinct physical job once.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from whichgpu.cost.estimate import MODELLED
from whichgpu.cost.groups import Group
from whichgpu.cost.metrics import METRICS, metric
from whichgpu.cost.runtime import Runtime, runtime
from whichgpu.cost.table import COLUMNS
from whichgpu.errors import UsageError, WhichGpuError, one_line
from whichgpu.hardware.names import resolve_count
from whichgpu.workloads import job as jobs
from whichgpu.workloads.precision import precision
from whichgpu.workloads.workload import resolve as resolve_workload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from whichgpu.cost.groups import Outcome
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

__all__ = ["ANSWER", "METRICS", "Prediction", "Predictions", "predict_rows", "read_job"]

#: Columns of the answer.
ANSWER = ("id", "value", "low", "high", "unit", "basis", "error")
#: Physical jobs from which on a second process pays for its start.
_MANY = 3000


class Prediction(NamedTuple):
    """One row's answer in the row's own unit; empty but for `error` where there is none."""

    id: str
    value: float | None
    low: float | None
    high: float | None
    unit: str
    basis: str
    error: str


class Predictions:
    """The answers of a table in its order, held by column; `notes` are what was not read of the rows.

    Iterating gives a `Prediction` a row.
    """

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.units: list[str] = []
        self.bases: list[str] = []
        self.errors: list[str] = []
        #: (low, mid, high) by row, NaN where there is none.
        self.values = np.empty((3, 0))
        self.notes: list[str] = []

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Prediction]:
        lows, mids, highs = (column.tolist() for column in self.values)
        for i, error in enumerate(self.errors):
            known = (None, None, None) if error else (mids[i], lows[i], highs[i])
            yield Prediction(self.ids[i], *known, self.units[i], self.bases[i], error)

    @property
    def refused(self) -> int:
        """How many rows have a reason instead of an answer."""
        return sum(1 for error in self.errors if error)

    def to_dict(self) -> list[dict[str, Any]]:
        """Plain values: one mapping a row."""
        return [answer._asdict() for answer in self]


class _Head(NamedTuple):
    """What the texts of a row say, which many rows share: the job without its numbers, and its group."""

    job: jobs.Job
    key: tuple[Any, ...]
    #: Options that the model does not know, so that it cannot tell whether they make the job fit.
    ignored: tuple[str, ...]


class _Refused(NamedTuple):
    """Why a text cannot be read, kept so that the same text is not read again."""

    why: str


def predict_rows(
    rows: Iterable[Mapping[str, str] | tuple[str, ...]],
    catalogue: Catalogue,
    advance: Callable[[int], object] = lambda _: None,
) -> Predictions:
    """Predict each row, a mapping or the cells of `COLUMNS`; nothing is raised for a bad one.

    `advance` hears of every number of rows that is done. A row with one cell more than `COLUMNS` is broken, for the reason in that cell.
    """
    reader = _Reader(catalogue)
    for row in rows:
        reader.take(row)
    answers = reader.answers
    answers.values = np.full((3, len(answers)), np.nan)
    for group, outcome in _outcomes(reader.groups):
        advance(_scatter(answers, group, outcome))
    answers.notes += reader.said()
    return answers


def _scatter(answers: Predictions, group: Group, outcome: Outcome) -> int:
    """Put the answers of a group's cells where the rows are that asked for them; gives how many rows."""
    done = 0
    for position, cell in enumerate(outcome.cells.tolist()):
        for row, ask in group.asking[cell]:
            error = outcome.refused[ask].get(position, "")
            answers.errors[row] = error
            answers.units[row] = outcome.units[ask]
            answers.bases[row] = "" if error else outcome.bases[position]
            answers.values[:, row] = outcome.values[ask, :, position]
            done += 1
    return done


def _outcomes(groups: Sequence[Group]) -> Iterator[tuple[Group, Outcome]]:
    """Evaluate every group, the large ones first; in two or more processes where that pays."""
    ordered = sorted(groups, key=lambda group: -len(group))
    tasks = [(group, batch) for group in ordered for batch in group.batches()]
    workers = min(len(tasks), _processors())
    if workers < 2 or sum(map(len, ordered)) < _MANY:
        for group, batch in tasks:
            yield group, group.evaluate(batch)
        return
    from whichgpu.cost.workers import evaluated

    for (group, _), outcome in zip(tasks, evaluated(tasks, workers), strict=True):
        yield group, outcome


def _processors() -> int:
    if not hasattr(os, "fork"):
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Reader:
    """Reads rows into groups; every text is read once, however many rows hold it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.answers = Predictions()
        self._catalogue = catalogue
        self._groups: dict[tuple[Any, ...], Group] = {}
        self._heads: dict[tuple[str, ...], _Head | _Refused] = {}
        self._gpus: dict[str, tuple[Gpu, int] | _Refused] = {}
        self._numbers: dict[tuple[str, ...], Any] = {}
        self._cells: dict[tuple[tuple[str, ...], str], Any] = {}
        self._ignored: dict[str, int] = {}
        self._twice: dict[str, int] = {}

    @property
    def groups(self) -> list[Group]:
        return list(self._groups.values())

    def take(self, row: Mapping[str, str] | tuple[str, ...]) -> None:
        """Read one row: into its group, or its reason into the answers."""
        cells = row if isinstance(row, tuple) else tuple(row.get(name) or "" for name in COLUMNS)
        answers, index = self.answers, len(self.answers)
        answers.ids.append(cells[_ID])
        answers.units.append(cells[_UNIT])
        answers.bases.append("")
        answers.errors.append("")
        if cells[_ID]:
            self._twice[cells[_ID]] = self._twice.get(cells[_ID], 0) + 1
        try:
            if len(cells) != len(COLUMNS):
                raise UsageError(cells[len(COLUMNS)])
            self._place(index, cells)
        except WhichGpuError as fault:
            answers.errors[index] = one_line(fault)

    def _place(self, index: int, cells: tuple[str, ...]) -> None:
        gpu, count = self._cached(self._gpus, _need(cells[_GPU], "gpu"), self._gpu)
        head = self._cached(self._heads, _HEAD(cells), _head)
        metric(cells[_METRIC])
        numbers = self._cached(self._numbers, _NUMBERS(cells), self._stated)
        if count > 1:
            numbers = _counted(numbers, count)
        for option in head.ignored:
            self._ignored[option] = self._ignored.get(option, 0) + 1
        stated = tuple(value is not None for value in numbers)
        key = (*head.key, stated)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(head.job, stated, bool(head.ignored))
        group.add(index, gpu, numbers, (cells[_METRIC], cells[_UNIT]))

    def _stated(self, texts: tuple[str, ...]) -> tuple[float | None, ...]:
        """The numbers of a row in the order of `NUMBERS`."""
        found: list[float | None] = []
        for names, text in zip(_NAMES, texts, strict=True):
            found += self._cached(self._cells, (names, text), _values)
        return tuple(found)

    def _gpu(self, text: str) -> tuple[Gpu, int]:
        return resolve_count(text, self._catalogue)

    @staticmethod
    def _cached(known: dict[Any, Any], text: Any, read: Callable[[Any], Any]) -> Any:
        value = known.get(text)
        if value is None:
            value = known[text] = _guarded(read, text)
        if isinstance(value, _Refused):
            raise UsageError(value.why)
        return value

    def said(self) -> Iterator[str]:
        """What a reader of the answers should know of the rows."""
        for option, count in sorted(self._ignored.items()):
            yield f"option {option}: not modelled, and ignored in {count:,} rows"
        twice = [one for one, count in self._twice.items() if count > 1]
        if twice:
            more = f" and {len(twice) - 5:,} more" if len(twice) > 5 else ""
            yield f"ids of more than one row: {', '.join(map(one_line, twice[:5]))}{more}"


_ID, _GPU, _METRIC, _UNIT = (COLUMNS.index(name) for name in ("id", "gpu", "metric", "unit"))
_HEADS = ("workload", "phase", "precision", "runtime", "options")
_HEAD = itemgetter(*(COLUMNS.index(name) for name in _HEADS))
#: The numbers that a column holds, in the order of `NUMBERS`, and its cells.
_NAMES = tuple(("height", "width") if name == "height" else (name,) for name in jobs.NUMBERS if name != "width")
_NUMBERS = itemgetter(*(COLUMNS.index(names[0].replace("height", "resolution")) for names in _NAMES))
_N_GPUS = list(jobs.NUMBERS).index("n_gpus")


def _guarded(read: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return read(*arguments)
    except WhichGpuError as fault:
        return _Refused(str(fault))


def _values(cell: tuple[tuple[str, ...], str]) -> tuple[float | None, ...]:
    """The numbers of one cell: none where it is empty, two of a resolution."""
    names, text = cell[0], cell[1].strip()
    if not text or (names == ("concurrency",) and text.lower() == "max"):
        return (None,) * len(names)
    if len(names) == 1:
        return (jobs.number(names[0], text),)
    pixels = jobs.resolution(text)
    return tuple(jobs.number(name, f"{value:g}") for name, value in zip(names, pixels, strict=True))


def _counted(numbers: tuple[float | None, ...], count: int) -> tuple[float | None, ...]:
    """The numbers of a row whose GPU has its count beside its name: `a10:4`."""
    stated = numbers[_N_GPUS]
    if stated not in (None, count):
        raise UsageError(f"the GPU's name says {count} of it, n_gpus {stated:g}; write one")
    return (*numbers[:_N_GPUS], float(count), *numbers[_N_GPUS + 1 :])


def _need(text: str, column: str) -> str:
    if not text:
        raise UsageError(f"column '{column}' is empty; every job needs one")
    return text


def _head(texts: tuple[str, ...]) -> _Head:
    """Read what is text of a row. Texts that mean the same job make the same key."""
    name, phase, kind, stack, options = map(str.strip, texts)
    workload = resolve_workload(_need(name, "workload"))
    job = jobs.Job(
        workload.id,
        phase=jobs.phase(phase) if phase else "",
        precision=precision(kind).id if kind else "",
        runtime=stack,
        options=_options(options),
    )
    kept = {key: value for key, value in job.options.items() if key in MODELLED}
    fallback = workload.complete(replace(job, runtime="")).runtime
    # A family may read a word of the runtime's text, and options may make another runtime of it.
    words = tuple(word in (stack or fallback).lower() for word in getattr(workload.code, "RUNTIME_WORDS", ()))
    same = stack if "compile" in kept else _numbered(stack or fallback, fallback)
    key = (workload.id, job.phase or workload.phases[0], job.precision, same, words,
           tuple(sorted(kept.items())), len(kept) < len(job.options))  # fmt: skip
    return _Head(job, key, tuple(sorted(set(job.options) - set(kept))))


def _options(text: str) -> dict[str, str]:
    return jobs.options(tuple(pair for pair in re.split(r"\s*;\s*", text) if pair))


@lru_cache(maxsize=4096)
def _numbered(text: str, fallback: str) -> int:
    """The same number for texts that name the same runtime."""
    found = runtime(text, fallback)
    known = _runtimes()
    if found not in known:
        known.append(found)
    return known.index(found)


@lru_cache(maxsize=1)
def _runtimes() -> list[Runtime]:
    return []


def read_job(row: Mapping[str, str]) -> jobs.Job:
    """The job of a row; raises `UsageError` naming the column that cannot be read."""
    cells = tuple(row.get(name) or "" for name in COLUMNS)
    head = _head(_HEAD(cells))
    numbers = [value for cell in zip(_NAMES, _NUMBERS(cells), strict=True) for value in _values(cell)]
    return replace(head.job, **dict(zip(jobs.NUMBERS, numbers, strict=True)))
