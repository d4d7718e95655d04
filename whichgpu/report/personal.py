"""What a user's own rows say of the predictor, as a report."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from whichgpu.cost.answers import Z90
from whichgpu.cost.calibration.scores import scores
from whichgpu.cost.transfer.personal import held_out
from whichgpu.report.table import Bullets, Report, Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from whichgpu.cost.transfer.anchoring import Point
    from whichgpu.cost.transfer.personal import Personal

#: Rows left out that are named.
_NAMED = 8


def report(found: Personal, out: Path | None) -> Report:
    """How far the predictor is off on one's own runs, and how far it is once it knows the others."""
    points = found.points
    before = [-one.error for one in points]
    wide = [Z90 * math.hypot(_float(one.place.shared), _float(one.place.own)) for one in points]
    left, spreads = held_out(points)
    data: dict[str, Any] = {
        "rows": found.rows, "runs": len(points), "before": scores(before, wide).to_dict(),
        "after": scores([-one for one in left], [Z90 * one for one in spreads]).to_dict() if left else None,
        "by": _by(points), "skipped": dict(found.skipped), "written": None if out is None else str(out),
    }  # fmt: skip
    said = f"{found.rows:,} rows of {len(points):,} jobs; {len(found.skipped):,} rows were left out."
    blocks: list[Any] = [said, _errors(data), _table(data["by"])]
    if found.skipped:
        blocks.append(Bullets(tuple(f"{name}: {why}" for name, why in list(found.skipped.items())[:_NAMED])))
    if out is not None:
        blocks.append(
            f"Written to {out}. Use it: whichgpu predict .. --calibration {out}; or as fits/own.toml in the "
            "folder that WHICHGPU_DATA names, for every command."
        )
    return Report(data, tuple(blocks))


def _errors(data: dict[str, Any]) -> Table:
    rows = [
        (
            name,
            f"{one['mape']:.1f} %",
            f"{one['bias']:+.1f} %",
            f"{one['inside']:.0f} %",
            f"{one['ratio']:.2f}",
        )
        for name, one in (("by the package's fit", data["before"]), ("given your other runs", data["after"]))
        if one is not None
    ]
    notes = ("Given your other runs: each run is predicted without itself.",) if len(rows) > 1 else ()
    return Table.of(
        "Predictions of your runs", ("Predicted", ">Error", ">Bias", ">Inside", ">High / low"), rows, notes
    )


def _by(points: Sequence[Point]) -> list[dict[str, Any]]:
    """The mean speed over the predicted, by runtime and class of work, and by GPU."""
    cells: dict[tuple[str, str], list[Point]] = defaultdict(list)
    for one in points:
        cells["software and work", f"{one.place.runtime}, {one.place.group}"].append(one)
        cells["GPU", one.place.gpu].append(one)
    return [
        {"of": of, "name": name, "runs": len(some), "rows": sum(one.rows for one in some),
         "ratio": math.exp(sum(one.error for one in some) / len(some))}
        for (of, name), some in sorted(cells.items(), reverse=True)
    ]  # fmt: skip


def _table(rows: Sequence[dict[str, Any]]) -> Table:
    cells = [(one["of"], one["name"], f"{one['rows']:,.0f}", f"{one['ratio']:.2f}") for one in rows]
    return Table.of("Your speed over the predicted", ("By", "Of", ">Rows", ">Ratio"), cells)


def _float(value: Any) -> float:
    return float(value) if not hasattr(value, "reshape") else float(value.reshape(-1)[0])
