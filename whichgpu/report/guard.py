"""What a guard found, as a report: each model, whether it fits, what a unit of its work costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.planner.guard import memory
from whichgpu.planner.words import money
from whichgpu.report.table import Bullets, Report, Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from whichgpu.planner.guard import Verdict
    from whichgpu.report.table import Block


def report(found: Sequence[Verdict], kept: Path, *, updated: bool) -> Report:
    """The verdicts; exit 3 where one does not fit or costs too much, 4 where there is no baseline of it."""
    wrong = [f"{one.watched.name}: {one.problem}" for one in found if one.problem]
    notes = [] if updated else [f"{one.watched.name}: {one.note}" for one in found if one.note]
    rows = [
        (one.watched.name, f"{one.watched.count} x {one.watched.gpu.id}", memory(one),
         None if one.cost is None else money(1e6 * one.cost.usd_per_unit),
         one.cost.unit if one.cost else None,
         None if one.change is None else f"{100.0 * one.change:+.1f} %",
         "no" if one.problem else "yes")
        for one in found
    ]  # fmt: skip
    columns = ("Model", "On", ">Memory", ">A million cost", "of", ">Change", "As it should be")
    told = Bullets(tuple([*wrong, *notes]))
    document = {"models": [one.to_dict() for one in found], "baseline": str(kept), "updated": updated}
    status = 3 if wrong else 4 if notes else 0
    complaint = "; ".join(wrong or notes) if status else ""
    blocks: tuple[Block, ...] = (Table.of("Models", columns, rows),)
    if told.items:
        blocks = (*blocks, told)
    return Report(document, blocks, exit_code=status, complaint=complaint)
