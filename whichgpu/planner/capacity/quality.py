"""What a change was published to cost in quality: `data/quality.toml`, or that nothing was."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from whichgpu.facts import store
from whichgpu.planner.capacity.model import Quality

if TYPE_CHECKING:
    from collections.abc import Sequence

UNKNOWN = Quality("no published figure")


@cache
def _findings() -> Sequence[dict[str, Any]]:
    rows: Sequence[dict[str, Any]] = store.load("quality")["quality"]["finding"]
    return rows


def of_precision(precision: str, workload: str) -> Quality:
    """What storing a workload in a precision costs: its own figure, else another language model's, named."""
    return _best([row for row in _findings() if precision in row.get("precisions", ())], workload)


def of_method(method: str) -> Quality:
    """What a way of training costs: lora, qlora, optimizer."""
    return _best([row for row in _findings() if method in row.get("methods", ())], "")


def _best(rows: Sequence[dict[str, Any]], workload: str) -> Quality:
    if not rows:
        return UNKNOWN
    own = [row for row in rows if workload in row.get("of", ())]
    row = (own or rows)[0]
    return Quality(f"{row['model']}: {_said(row)}", row["source"])


def _said(row: dict[str, Any]) -> str:
    if "says" in row:
        return str(row["says"])
    if "change" in row:
        return f"{row['metric']} {row['change']:+g}"
    return f"{row['metric']} {row['before']:g} to {row['after']:g}"
