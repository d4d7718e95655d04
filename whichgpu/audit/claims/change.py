"""Columns of tables that say how two others differ: "2.5x", "+35%", against the two values beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit import tables
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import quantities

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity

_HEAD = re.compile(
    r"\s*(?:change|difference|diff\.?|delta|ratio|improvement|increase|gain|speed-?up|advantage|factor|uplift|\u0394)\b",
    re.IGNORECASE,
)
#: How far a stated ratio may be from that of the values, with the rounding of both.
_WITHIN = 0.04
_MOST_ROWS = 200


def find(context: Context) -> Iterator[Finding]:
    """Every cell of such a column with its verdict."""
    for table in context.document.tables:
        heads = [cell.text if cell else "" for cell in table.rows[0][:32]] if table.rows else []
        wanted = [i for i, head in enumerate(heads) if _HEAD.match(head)]
        values = [i for i, cell in enumerate(table.rows[0]) if cell and tables.devices(cell, context)]
        if len(wanted) == 1 and len(values) == 2 and wanted[0] > values[1]:
            for row in range(1, min(len(table.rows), _MOST_ROWS)):
                yield from _of_row(table, row, (values[0], values[1], wanted[0]), context)


def _of_row(table: Table, row: int, at: tuple[int, int, int], context: Context) -> Iterator[Finding]:
    cells = [table.cell(row, column) for column in at]
    if any(cell is None for cell in cells):
        return
    first, second, change = (_value(cell, context) for cell in cells if cell is not None)
    cell = cells[2]
    told = _ratio(cell, change) if cell is not None and change else None
    if first is None or second is None or told is None or cell is None or change is None:
        return
    if first.dimension != second.dimension or not first.value or not second.value:
        return
    real = second.value / first.value
    # A column may say either of its two by the other: 300 beside 320 is -6 %, or +7 %.
    right = any(abs(told / each - 1) <= _WITHIN for each in (real, 1 / real))
    because = f"{second.value / first.value:.3g} times by the values beside it"
    yield made(context, cell, (change.start, change.end), "ratio", "confirmed" if right else "inconsistent",
               attribute="change", because=because, expected="" if right else f"{real:.2g}x",
               evidence=(Evidence(because),))  # fmt: skip


def _value(cell: Passage, context: Context) -> Quantity | None:
    found = [each for each in quantities(cell.text, context.fraction) if each.high == each.value]
    return found[0] if found else None


def _ratio(cell: Passage, change: Quantity) -> float | None:
    """What a cell says as a ratio of the second value to the first: "2.5x", "+35%", "-33%"."""
    if change.dimension == "times":
        return change.value
    if change.dimension != "percent":
        return None
    less = re.search(r"[-\u2212\u2013]\s*$", cell.text[: change.start]) or change.value < 0
    return 1 - abs(change.value) if less else 1 + change.value
