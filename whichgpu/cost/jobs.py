"""Rows of the measurement schema to predictions: `predict --jobs`, `validate`.

Each row is one job; a row that cannot be read or run keeps its place with the reason in `error`.

Rows are read one by one (`rows`), gathered by what they share (`reader`), and evaluated group by group
(`groups`) over arrays, each distinct physical job once.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from whichgpu.cost.metrics import METRICS
from whichgpu.cost.reader import Reader
from whichgpu.cost.rows import read_job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from whichgpu.cost.groups import Group, Outcome
    from whichgpu.hardware.catalogue import Catalogue

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

    def __init__(self, read: Reader) -> None:
        self.ids, self.units = read.ids, read.units
        self.bases = [""] * len(self)
        self.errors = [read.errors.get(row, "") for row in range(len(self))]
        #: (low, mid, high) by row, NaN where there is none.
        self.values = np.full((3, len(self)), np.nan)
        self.notes = list(read.notes())

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Prediction]:
        low, mid, high = (column.tolist() for column in self.values)
        for row, error in enumerate(self.errors):
            if error:
                low[row] = mid[row] = high[row] = None
        return map(Prediction, self.ids, mid, low, high, self.units, self.bases, self.errors)

    @property
    def refused(self) -> int:
        """How many rows have a reason instead of an answer."""
        return sum(1 for error in self.errors if error)

    def to_dict(self) -> list[dict[str, Any]]:
        """Plain values: one mapping a row."""
        return [answer._asdict() for answer in self]


def predict_rows(
    rows: Iterable[Mapping[str, str] | tuple[str, ...]],
    catalogue: Catalogue,
    advance: Callable[[int], object] = lambda _: None,
) -> Predictions:
    """Predict each row, a mapping or the cells of `COLUMNS`; nothing is raised for a bad one.

    `advance` hears of every number of rows that is done. A tuple with one cell more than `COLUMNS` is a
    broken row, for the reason in that cell.
    """
    reader = Reader(catalogue)
    for row in rows:
        reader.take(row)
    answers = Predictions(reader)
    for group, outcome in _outcomes(reader.groups):
        advance(_scatter(answers, group, outcome))
    return answers


def _scatter(answers: Predictions, group: Group, outcome: Outcome) -> int:
    """Put the answers of a group's cells where the rows are that asked for them; gives how many rows."""
    cells = enumerate(outcome.cells.tolist())
    asked = [(row, ask, position) for position, cell in cells for row, ask in group.asking[cell]]
    rows, asks, positions = np.array(asked).T
    answers.values[:, rows] = outcome.values[asks, :, positions].T
    for row, ask, position in asked:
        answers.units[row] = outcome.units[ask]
        answers.bases[row] = outcome.bases[position]
    for row, ask, position in asked if any(outcome.refused) else ():
        if position in outcome.refused[ask]:
            answers.errors[row], answers.bases[row] = outcome.refused[ask][position], ""
    return len(asked)


def _outcomes(groups: Sequence[Group]) -> Iterator[tuple[Group, Outcome]]:
    """Evaluate every group, the large ones first; in two or more processes where that pays.

    Those that share columns follow each other, so that the first one's trace is at hand.
    """
    ordered = sorted(groups, key=lambda group: (-len(group.columns), id(group.columns)))
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
