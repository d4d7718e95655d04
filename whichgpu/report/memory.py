"""How far predicted memory is from what was measured, as tables."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.calibration.memory_fit import KINDS
from whichgpu.cost.calibration.scores import scores
from whichgpu.facts import store
from whichgpu.report.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.cost.calibration.scores import Scores

    #: Rows of `data/scoreboard/memory.csv`.
    Board = Sequence[Mapping[str, str]]

#: What was left out of the fit, as a heading says it.
_WORDS = {"seen": "nothing", "workload": "its workload", "method": "its method", "source": "its source"}


def committed() -> Board:
    """The rows that the last calibration wrote."""
    table = store.load("scoreboard")["memory"]
    return [dict(zip(table["columns"], cells, strict=True)) for cells in table["rows"]]


def figures(text: str) -> dict[str, Any]:
    """The scores of `data/scoreboard/memory.csv`, given as text, as plain data."""
    rows = list(csv.DictReader(text.splitlines()))
    return {name: {kind: one.to_dict() for kind, one in found.items()} for name, found in _groups(rows)}


def table(board: Board) -> Table:
    """One row for each kind of job and each way of leaving out, with the aim where there is one."""
    aims = {(one["by"], kind): reach for one in store.load("aims")["aims"]["memory"]
            for kind, reach in one["reach"].items()}  # fmt: skip
    cells = []
    for name, found in _groups(board):
        for kind, one in found.items():
            aim = aims.get(("" if name == "all" else name, kind))
            cells.append((name, _WORDS[kind], f"{one.rows:,}", None if aim is None else f"{aim:g}",
                          f"{one.mape:.1f}", f"{one.median:.1f}", f"{one.bias:+.1f}", f"{one.inside:.0f}",
                          f"{one.ratio:.2f}"))  # fmt: skip
    columns = ("Rows of", "Left out", ">Rows", ">Aim", ">Mean error %", ">Median %", ">Bias %", ">Inside %",
               ">High / low")  # fmt: skip
    elsewhere = "; ".join(one["elsewhere"] for one in store.load("aims")["aims"]["memory"])
    return Table.of("Memory, cross-validated", columns, cells, (f"Elsewhere, in the mean: {elsewhere} %.",))


def _groups(board: Board) -> Iterator[tuple[str, dict[str, Scores]]]:
    kinds = np.array([row["kind"] for row in board])
    for name in ("all", *sorted(set(kinds.tolist()))):
        here = [row for row, kind in zip(board, kinds, strict=True) if name in ("all", kind)]
        yield name, {kind: _scores(here, kind) for kind in KINDS}


def _scores(board: Board, kind: str) -> Scores:
    errors, halves = (np.array([float(row[f"{what}_{kind}"]) for row in board]) for what in ("error", "half"))
    return scores(errors, halves)
