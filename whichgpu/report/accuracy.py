"""How far predictions are from what was measured, as reports."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.calibration.scores import scores
from whichgpu.report.table import Bullets, Report, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from whichgpu.cost.calibration.refit import Refit
    from whichgpu.cost.table.jobs import Prediction

_LEFT_OUT = {
    "seen": "nothing", "gpu": "its GPU", "generation": "its GPU generation", "workload": "its workload",
    "source": "its source",
}  # fmt: skip
#: Groups smaller than this say nothing on their own.
_FEWEST = 5


def fit_report(done: Refit, written: Sequence[Path]) -> Report:
    """The errors of a calibration, by source and by what the fit had not seen."""
    rows = done.rows
    names = sorted({_short(row["source"]) for row in rows})
    scores: dict[str, Any] = {}
    data = {
        "rows": len(rows),
        "effects": len(done.fit.effects),
        "left_out": len(done.skipped),
        "errors": scores,
    }
    cells: list[tuple[str, ...]] = []
    for name in ("all", *names):
        chosen = np.array([name == "all" or _short(row["source"]) == name for row in rows])
        if chosen.sum() < _FEWEST:
            continue
        picked = {key: errors[chosen] for key, errors in done.errors.items()}
        figures = {key: (_mape(errors), _median(errors)) for key, errors in picked.items()}
        scores[name] = {key: {"mape": mean, "median": median} for key, (mean, median) in figures.items()} | {
            "rows": int(chosen.sum())
        }
        cells.append((name, f"{chosen.sum():,}", *(_both(figures[key]) for key in _LEFT_OUT)))
    columns = ["Source", ">Rows", *(f">{words}" for words in _LEFT_OUT.values())]
    notes = (
        "Mean (median) absolute error in %; what the column names was left out of the fit.",
        f"{len(done.skipped):,} rows were not used: no prediction, or set aside.",
    )
    table = Table.of("Error by what was left out of the fit", columns, cells, notes)
    files = Bullets(tuple(f"wrote {path}" for path in written)) if written else "Nothing was written."
    return Report(data, (table, files))


def validation_report(
    rows: Sequence[Mapping[str, str]], answers: Sequence[Prediction], by: str, notes: Sequence[str] = ()
) -> Report:
    """Error, coverage and width of predictions, by a column of the measured rows, the basis or the family.

    `rows` are mappings with `value` and what `by` names; `notes` are what was not read of them.
    """
    groups: dict[str, list[tuple[Mapping[str, str], Prediction]]] = defaultdict(list)
    for row, answer in zip(rows, answers, strict=True):
        groups["all"].append((row, answer))
        name = answer.basis or "no prediction" if by == "basis" else row.get(by)
        groups[name or "not stated"].append((row, answer))
    found = {name: _scored(members) for name, members in groups.items()}
    cells = [
        (_short(name), f"{one['rows']:,}", f"{one['predicted']:,}", *(_figure(one[key]) for key in _SHOWN))
        for name, one in found.items()
    ]
    columns = ["Group", ">Rows", ">Predicted", *(f">{title}" for title in _SHOWN.values())]
    reasons = sorted({answer.error for answer in answers if answer.error})
    said = (
        *notes,
        *reasons[:5],
        *((f"{len(reasons) - 5} more reasons with --json.",) if reasons[5:] else ()),
    )
    table = Table.of(f"Predicted against measured, by {by}", columns, cells, (_LEGEND, *said))
    return Report({"groups": found, "reasons": reasons, "notes": list(notes)}, (table,))


#: What is shown of `Scores`.
_SHOWN = {
    "mape": "Mean error %", "median": "Median %", "bias": "Bias %", "inside": "Inside interval %",
    "score": "Interval score", "ratio": "High / low",
}  # fmt: skip
_LEGEND = (
    "Inside: measured values within the 90 % interval. Interval score: its width on the log scale, and 20 "
    "times what a value lies outside; less is better. High / low: the median."
)


def _scored(members: Sequence[tuple[Mapping[str, str], Prediction]]) -> dict[str, Any]:
    good = [
        (math.log(answer.value / float(row["value"])), math.log(answer.high / answer.low) / 2.0)
        for row, answer in members
        if answer.value and answer.low and answer.high
    ]
    if not good:
        return {"rows": len(members), "predicted": 0, **dict.fromkeys(_SHOWN)}
    errors, halves = zip(*good, strict=True)
    return {**scores(errors, halves).to_dict(), "rows": len(members), "predicted": len(good)}


def _mape(errors: Any) -> float:
    return float(np.mean(np.abs(np.expm1(errors))) * 100)


def _median(errors: Any) -> float:
    return float(np.median(np.abs(np.expm1(errors))) * 100)


def _both(figures: tuple[float, float]) -> str:
    return f"{figures[0]:.1f} ({figures[1]:.1f})"


def _figure(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f}"


def _short(text: str, most: int = 44) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
