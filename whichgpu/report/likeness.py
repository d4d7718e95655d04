"""GPUs like another, the nearest first, each measure as a ratio to its."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from whichgpu.planner.comparison.words import ratio_words
from whichgpu.report.gpus import listed, short
from whichgpu.report.table import Column, Report, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.likeness import Like

_LABELS = {"memory": "Memory", "bandwidth": "Bandwidth", "half": "16-bit", "fp32": "FP32", "power": "Power"}
#: So many are shown where neither a share nor a number was stated.
_SHOWN = 15


def report(
    gpu: Gpu, near: Sequence[Like], total: int, nearest: Like | None, *, by_share: bool = False
) -> Report:
    """A table of ratios; `total` is how many met the conditions, `nearest` the nearest of all.

    What is most unlike is told as it is ranked: as a factor either way, or as a share where one was asked.
    """
    shown = near if len(near) < total else near[:_SHOWN]
    more = (Column(title, optional=True) for title in ("Released", "Segment"))
    columns: list[str | Column] = ["GPU", *(f">{label}" for label in _LABELS.values()), ">Most unlike", *more]
    rows = [
        (one.gpu.id, *(ratio_words(one.ratios[name]) if name in one.ratios else None for name in _LABELS),
         f"{math.ceil(one.percent)} %" if by_share else ratio_words(one.distance),
         short(one.gpu, "release_date"), one.gpu.segment or None)
        for one in shown
    ]  # fmt: skip
    own = ", ".join(
        f"{short(gpu, name)}" for name in ("memory", "bandwidth", "fp16", "fp32", "power") if short(gpu, name)
    )
    notes = [f"Ratios to the {gpu.id}: {own}."]
    if len(shown) < total:
        notes.append(f"The nearest {len(shown)} of {total}; --within 20% or --limit N says how many.")
    if not near:
        notes = [f"None on file is that near to the {gpu.id} ({own}){_but(nearest)}."]
    if left := [label for name, label in _LABELS.items() if nearest and name not in nearest.ratios]:
        notes.append(f"Left aside, not read of the {gpu.id} or not comparable: {', '.join(left)}.")
    return Report({"like": gpu.id, "gpus": [_document(one) for one in near]},
                  (Table.of(f"GPUs like {gpu}", columns, rows, notes),))  # fmt: skip


def _but(nearest: Like | None) -> str:
    if nearest is None:
        return ""
    return f"; the nearest is the {nearest.gpu.id}: --within {math.ceil(nearest.percent)}% takes it in"


def _document(one: Like) -> dict[str, Any]:
    measured = {"ratios": dict(one.ratios), "distance": one.distance, "percent": one.percent}
    return {**listed(one.gpu), **measured}
