"""The lines of a table, each with its heading and the one amount of every cell, whichever way it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.known.store import amount_of, is_across
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context
    from whichgpu.audit.known.store import Amount

_ROWS, _COLUMNS = 40, 12


class Line(NamedTuple):
    """What stands below or beside a heading: each amount with its cell and its dimension."""

    at: int
    label: str
    cells: tuple[tuple[Passage, Amount, str], ...]


def lines(table: Table, context: Context) -> Iterator[Line]:
    """The rows of a table whose names stand above, else its columns."""
    rows = table.rows[:_ROWS]
    if len(rows) < 2:
        return
    across = is_across(table, context)
    if across is None:
        return
    names = rows[0] if across else [row[0] if row else None for row in rows]
    # A second row of a header has no digits.
    second = (
        not across and len(rows) > 2 and not any(cell and re.search(r"\d", cell.text) for cell in rows[1])
    )
    for at in range(1, len(rows) if across else min(table.columns, _COLUMNS)):
        line = rows[at][:_COLUMNS] if across else [row[at] if len(row) > at else None for row in rows]
        head = line[0] if line else None
        if head is None:
            continue
        below = line[1] if second else None
        label = f"{head.text} {below.text}" if below and below.text != head.text else head.text
        cells = [
            (cell, *told)
            for name, cell in zip(names[1:], line[1:], strict=False)
            if name and cell and (told := amount_of(name.text, cell.text, cell.start, context))
        ]
        yield Line(at, label, tuple(cells))
