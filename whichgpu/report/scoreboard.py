"""The scoreboard as tables, and as one page of HTML that needs no other file."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.calibration.scoreboard import aims
from whichgpu.cost.calibration.scores import scores
from whichgpu.report.scatter import COLOURS, scatter
from whichgpu.report.table import Report, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from whichgpu.cost.calibration.scoreboard import Board
    from whichgpu.cost.calibration.scores import Scores

#: What was left out of the fit, by fold, as a heading says it.
FOLDS = {
    "seen": "nothing", "gpu": "its GPU", "generation": "its generation",
    "newer": "Ada, Hopper and Blackwell, tested on them", "workload": "its workload",
    "version": "its version of the runtime", "source": "its source",
    "engine": "its engine", "line": "its line of models",
}  # fmt: skip
#: By what errors are broken down, and the folds that say most there.
BREAKDOWNS = {
    "source": ("seen", "gpu", "generation", "workload", "source"),
    "gpu": ("seen", "gpu", "generation"),
    "workload": ("seen", "gpu", "workload"),
    "family": ("seen", "gpu", "generation", "workload"),
    "generation": ("seen", "gpu", "generation"),
}
#: Groups of fewer rows say nothing on their own.
_FEWEST = 5
#: The fold whose predictions are drawn.
_DRAWN = "gpu"


def board_report(board: Board, by: str = "source") -> Report:
    """The cross-validated scores, whole and by `by`: source, gpu, workload, family or generation."""
    data = {
        "rows": len(board.ids),
        "folds": {fold: _of(board, fold).to_dict() for fold in FOLDS if _chosen(board, fold).any()},
        "by": by,
        "groups": {name: {fold: _of(board, fold, here).to_dict() for fold in BREAKDOWNS[by]}
                   for name, here in _groups(board, by)},
    }  # fmt: skip
    data["aims"] = [
        {"title": aim.title, "fold": fold, "reach": reach, "elsewhere": aim.elsewhere,
         **_of(board, fold, aim.here).to_dict()}
        for aim in aims(board) for fold, reach in aim.reach.items()
    ]  # fmt: skip
    return Report(data, (whole(board), aimed(board), breakdown(board, by)))


def aimed(board: Board) -> Table:
    """What the model aims at, and how far it is."""
    cells = []
    for aim in aims(board):
        for fold, reach in aim.reach.items():
            one = _of(board, fold, aim.here)
            cells.append((aim.title, FOLDS[fold], f"{one.rows:,}", aim.elsewhere or None, f"{reach:g}",
                          f"{one.mape:.1f}", f"{one.median:.1f}", f"{one.inside:.0f}"))  # fmt: skip
    columns = (
        "Rows of",
        "Left out",
        ">Rows",
        ">Elsewhere",
        ">Aim",
        ">Mean error %",
        ">Median %",
        ">Inside %",
    )
    return Table.of("Against what is aimed at", columns, cells)


def whole(board: Board) -> Table:
    """One row a fold: error, bias, and what the intervals are worth."""
    cells = []
    for fold, words in FOLDS.items():
        if _chosen(board, fold).any():
            one = _of(board, fold)
            cells.append((words, f"{one.rows:,}", f"{one.mape:.1f}", f"{one.median:.1f}", f"{one.bias:+.1f}",
                          f"{one.inside:.1f}", f"{one.score:.2f}", f"{one.ratio:.2f}"))  # fmt: skip
    columns = ("Left out of the fit", ">Rows", ">Mean error %", ">Median %", ">Bias %", ">Inside interval %",
               ">Interval score", ">High / low")  # fmt: skip
    return Table.of("Cross-validated", columns, cells)


def breakdown(board: Board, by: str) -> Table:
    """Mean (median) error in % of each group of rows, by what was left out."""
    folds = BREAKDOWNS[by]
    cells = []
    for name, here in _groups(board, by):
        found = [_of(board, fold, here) for fold in folds]
        cells.append((name, f"{found[0].rows:,}", *(f"{one.mape:.1f} ({one.median:.1f})" for one in found)))
    columns = (by.capitalize().replace("Gpu", "GPU"), ">Rows", *(f">{FOLDS[fold]}" for fold in folds))
    note = f"Mean (median) absolute error in %; groups of {_FEWEST} rows or more."
    title = f"Error by {by.replace('gpu', 'GPU')}, and by what was left out of the fit"
    return Table.of(title, columns, cells, (note,))


def _groups(board: Board, by: str) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    labels = np.array(board.keys[by])
    for name in np.unique(labels):
        here = labels == name
        if here.sum() >= _FEWEST:
            yield str(name), here


def _chosen(board: Board, fold: str, here: Any = True) -> Any:
    return np.isfinite(board.errors[fold]) & here


def _of(board: Board, fold: str, here: Any = True) -> Scores:
    chosen = _chosen(board, fold, here)
    return scores(board.errors[fold][chosen], board.halves[fold][chosen])


_STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.45 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}
td,th{padding:.2rem .6rem;text-align:right;white-space:nowrap;border-bottom:1px solid #8884}
td:first-child,th:first-child{text-align:left;white-space:normal}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(17rem,1fr));gap:1rem}
figure{margin:0}svg{width:100%;height:auto}svg text{font-size:10px;fill:currentColor}
.grid{stroke:#8885;fill:none}.diagonal{stroke:currentColor;fill:none}
.dots{stroke-width:3;stroke-linecap:round;stroke-opacity:.55;fill:none}
.key{display:inline-block;width:.8em;height:.8em;border-radius:50%;margin:0 .3em 0 1em}
"""


def page(board: Board) -> str:
    """The whole scoreboard as one HTML document: no script, and nothing fetched from elsewhere."""
    generations = sorted(set(board.keys["generation"]))
    key = "".join(
        f'<span class="key" style="background:{COLOURS[i % len(COLOURS)]}"></span>{escape(name)}'
        for i, name in enumerate(generations)
    )
    tables = "".join(_html(breakdown(board, by)) for by in BREAKDOWNS)
    plots = "".join(f"<figure>{plot}</figure>" for plot in _plots(board, generations))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>whichgpu: predicted against measured</title><style>{_STYLE}</style></head><body><main>
<h1>Predicted against measured</h1>
<p>{len(board.ids):,} published rows, each predicted by a fit that had not seen what the column or the caption
names.</p>
{_html(whole(board))}{_html(aimed(board))}
<h2>By family, {FOLDS[_DRAWN]} left out of the fit</h2>
<p>Every value in its row's own unit. Colours are generations:{key}</p>
<div class="plots">{plots}</div>
{tables}</main></body></html>
"""


def _plots(board: Board, generations: list[str]) -> Iterator[str]:
    """A drawing a family, those with the most rows first."""
    families, own = np.array(board.keys["family"]), np.array(board.keys["generation"])
    predicted = board.measured * np.exp(board.errors[_DRAWN])
    names, counts = np.unique(families, return_counts=True)
    for family in names[np.argsort(-counts, kind="stable")]:
        series = {}
        for generation in generations:
            here = (families == family) & (own == generation) & np.isfinite(predicted)
            series[generation] = board.measured[here], predicted[here]
        yield scatter(str(family), series)


def _html(table: Table) -> str:
    head = "".join(f"<th>{escape(column.title)}</th>" for column in table.columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell or '')}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    notes = "".join(f"<p>{escape(note)}</p>" for note in table.notes)
    return f"<h2>{escape(table.title)}</h2><table><tr>{head}</tr>{body}</table>{notes}"
