"""Terms as reports: one with the cells that it rests on, or all in a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.report.table import Report, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.planner.glossary import Explanation
    from whichgpu.report.table import Block


def report(found: Sequence[Explanation]) -> Report:
    """Each term, what follows from it, its cells with their sources, and commands that go on from it."""
    blocks = tuple(block for one in found for block in _blocks(one))
    data = found[0].to_dict() if len(found) == 1 else {"terms": [one.to_dict() for one in found]}
    return Report(data, blocks)


def _blocks(found: Explanation) -> list[Block]:
    also = f" (also {', '.join(found.also)})" if found.also else ""
    blocks: list[Block] = [f"{found.term}{also}: {found.short}", found.text]
    if found.cells:
        rows = [(cell.gpu, cell.field, cell.text, cell.source) for cell in found.cells]
        blocks.append(Table.of("Rests on", ["GPU", "Field", "Value", "Source"], rows))
    if found.see:
        blocks.append("Go on: " + "; ".join(f"whichgpu {line}" for line in found.see))
    return blocks


def listing(found: Sequence[Explanation]) -> Report:
    """Every term in a line."""
    rows = [(each.term, each.short) for each in found]
    document = {"terms": [each.to_dict() for each in found]}
    return Report(document, (Table.of(f"{len(rows)} terms", ["Term", "What it is"], rows),))
