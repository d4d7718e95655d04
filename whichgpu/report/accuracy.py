"""How far predictions are from what was measured, as reports."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.report.table import Bullets, Report, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from whichgpu.cost.jobs import Prediction
    from whichgpu.cost.refit import Refit

_LEFT_OUT = {
    "seen": "nothing", "gpu": "its GPU", "generation": "its GPU generation", "workload": "its workload",
    "source": "its source",
}  # fmt: skip
#: Groups smaller than this say nothing on their own.
_FEWEST = 5


def fit_report(done: Refit, written: Sequence[Path]) -> Report:
    """The errors of a calibration, by source and by what the fit had not seen."""
    rows = done.system.rows
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


def validation_report(rows: Sequence[Mapping[str, str]], answers: Sequence[Prediction], by: str) -> Report:
    """Error and coverage of predictions, by a column of the measured rows."""
    groups: dict[str, list[tuple[Mapping[str, str], Prediction]]] = defaultdict(list)
    for row, answer in zip(rows, answers, strict=True):
        groups["all"].append((row, answer))
        groups[f"{row.get(by) or 'not stated'}"].append((row, answer))
    found = {name: _scored(members) for name, members in groups.items()}
    cells = [
        (_short(name), f"{one['rows']:,}", f"{one['predicted']:,}", *(_figure(one[key]) for key in _SHOWN))
        for name, one in found.items()
    ]
    columns = ["Group", ">Rows", ">Predicted", ">Mean error %", ">Median %", ">Bias %", ">Inside interval %"]
    reasons = sorted({answer.error for answer in answers if answer.error})
    notes = tuple(reasons[:5]) + (
        (f"{len(reasons) - 5} more reasons with --json.",) if len(reasons) > 5 else ()
    )
    table = Table.of(f"Predicted against measured, by {by}", columns, cells, notes)
    return Report({"groups": found, "reasons": reasons}, (table,))


_SHOWN = ("mape", "median", "bias", "inside")


def _scored(members: Iterable[tuple[Mapping[str, str], Prediction]]) -> dict[str, Any]:
    logs, inside, rows = [], [], 0
    for row, answer in members:
        rows += 1
        truth = float(row["value"])
        if answer.value and answer.low is not None and answer.high is not None and truth > 0:
            logs.append(math.log(answer.value / truth))
            inside.append(answer.low <= truth <= answer.high)
    if not logs:
        return {"rows": rows, "predicted": 0, **dict.fromkeys(_SHOWN)}
    errors = np.array(logs)
    return {
        "rows": rows, "predicted": len(logs), "mape": _mape(errors),
        "median": _median(errors),
        "bias": float(np.expm1(errors.mean()) * 100), "inside": 100.0 * sum(inside) / len(inside),
    }  # fmt: skip


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
