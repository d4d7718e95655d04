"""Where a training step goes, as a table: one for `predict --explain`, several side by side for `sweep`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.cost.breakdown import PARTS
from whichgpu.report.table import Column, Table
from whichgpu.units import show

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Parts by key; the last is what a search adds to the step of its best.
_TITLES = {**PARTS, "choice": "allowance for choosing among many"}
#: Parts of a step of less than this share are not drawn.
_LEAST = 0.0005


def parts(steps: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Table:
    """Where steps go, a column each: seconds by part, and what is hidden of exchanges."""
    whole = {name: sum(part["seconds"] for part in step.values()) for name, step in steps.items()}
    rows = [
        (title, *(_part(step[key], whole[name]) if key in step else None for name, step in steps.items()))
        for key, title in _TITLES.items()
        if any(key in step and _matters(step[key], whole[name]) for name, step in steps.items())
    ]
    rows.append(("the step", *(show(value, "time", 3) for value in whole.values())))
    columns = (Column("Part"), *(Column(name, "right") for name in steps))
    notes = ("Of exchanges what shows; in brackets what runs beside work.",)
    return Table.of("Where the step goes", columns, rows, notes, strong=(len(rows) - 1,))


def _matters(part: Mapping[str, float], whole: float) -> bool:
    return max(part.values()) > _LEAST * whole


def _part(part: Mapping[str, float], whole: float) -> str | None:
    if not _matters(part, whole):
        return None
    hidden = part.get("hidden", 0.0)
    beside = f" ({show(hidden, 'time', 2)})" if hidden > _LEAST * whole else ""
    return f"{show(max(part['seconds'], 0.0), 'time', 3)}{beside}"
