"""Two columns in which devices head the rows below them: "RX 9070" over both, then "Memory | 16 GB"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.tables.heading import headed_by
from whichgpu.audit.values.attributes import headed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Table
    from whichgpu.audit.findings import Context
    from whichgpu.audit.tables.heads import Head

#: Columns of such a table, sections of it, and labels that are known in each.
_COLUMNS, _SECTIONS, _KNOWN = 2, 2, 2


def sections(table: Table, context: Context) -> Iterator[tuple[Table, Head]]:
    """Every section with its device, its rows where they are in the table; none where it has no sections."""
    heads = _heads(table, context) if table.columns == _COLUMNS else {}
    if len(heads) < _SECTIONS:
        return
    ends = [*list(heads)[1:], len(table.rows)]
    found = []
    for (start, head), end in zip(heads.items(), ends, strict=True):
        rows = tuple(row if start < index < end else () for index, row in enumerate(table.rows))
        labels = [row[0].text for row in rows if row and row[0]]
        if sum(headed(label) is not None for label in labels) < _KNOWN:
            return
        found.append((table._replace(rows=rows), head))
    yield from found


def _heads(table: Table, context: Context) -> dict[int, Head]:
    """The rows that are nothing but the name of one device, in one cell over both columns or in the first."""
    found: dict[int, Head] = {}
    for index, row in enumerate(table.rows):
        cell = row[0] if row else None
        alone = all(other is None or other is cell for other in row)
        head = headed_by(cell, context) if cell and alone and headed(cell.text) is None else None
        if head and head.ids and head.number == 1:
            found[index] = head
    return found
