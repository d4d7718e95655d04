"""Tables whose cells stand where a reader of columns does not look for them, put into plain ones.

"Memory | 80 GB | Memory | 80 GB" are two sheets side by side, and "VRAM type: HBM2e" alone in a row is a name
and its value that no column parted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.values.attributes import headed

if TYPE_CHECKING:
    from whichgpu.audit.document import Document, Passage, Table

    _Row = tuple[Passage | None, ...]

#: A name and its value in one cell.
_BOTH = re.compile(r"(?P<name>[A-Za-z][^:]{1,30}):\s+(?P<value>\S[^:]{0,60})")
#: Columns of a sheet, rows that are two sheets at least, and of all rows at most so many that are not.
_SHEET, _ROWS, _OTHERS = 2, 3, 1


def straightened(document: Document) -> Document:
    """A document with such tables as plain ones."""
    tables = tuple(_apart(_parted(each)) for each in document.tables)
    known = {id(cell) for table in document.tables for cell in table}
    fresh = tuple(cell for table in tables for cell in table if id(cell) not in known)
    passages = (*document.passages, *fresh) if fresh else document.passages
    return document._replace(tables=tables, passages=passages)


def _parted(table: Table) -> Table:
    """A table of names and values whose rows of one cell are a name with its value."""
    if table.columns == _SHEET:
        return table._replace(rows=tuple(_in_two(row) for row in table.rows))
    # "Memory: 24 GB; 24 GB; 48 GB": the name stands with the value of the first device.
    told = [_BOTH.fullmatch(row[0].text) if row and row[0] else None for row in table.rows]
    others = (cell for row in table.rows for cell in row[1:] if cell)
    if len(table.rows) < _ROWS or not all(told) or any(_BOTH.fullmatch(cell.text) for cell in others):
        return table
    rows = [
        (*(row[0].part(*match.span(name)) for name in ("name", "value")), *row[1:])
        for row, match in zip(table.rows, told, strict=True)
        if match and row[0]
    ]
    return table._replace(rows=tuple(rows))


def _in_two(row: _Row) -> _Row:
    own = [cell for cell in row if cell is not None]
    told = _BOTH.fullmatch(own[0].text) if len(own) == 1 and own[0] is row[0] else None
    return tuple(own[0].part(*told.span(name)) for name in ("name", "value")) if told else row


def _apart(table: Table) -> Table:
    """A table of sheets side by side with the names once, and the values of each in a column of its own."""
    count, odd = divmod(table.columns, _SHEET)
    if odd or count < _SHEET:
        return table
    alike = [row for row in table.rows if _is_of_sheets(row, count)]
    others = len(table.rows) - len(alike)
    if len(alike) < _ROWS or others > _OTHERS or (others and table.rows[0] in alike):
        return table
    rows = [_one_of(row, of_sheets=row in alike) for row in table.rows]
    return table._replace(rows=tuple(rows))


def _is_of_sheets(row: _Row, count: int) -> bool:
    """Whether a row has one name before each of its values."""
    names = {cell.text.strip(" :*").lower() if cell else "" for cell in row[::_SHEET]}
    return len(row) == count * _SHEET and len(names) == 1 and headed(next(iter(names))) is not None


def _one_of(row: _Row, *, of_sheets: bool) -> _Row:
    """The row with its name once; the one above them has the names of the devices."""
    if of_sheets:
        return (row[0], *row[1::_SHEET])
    # A name over both columns of a sheet stands in both of them.
    named = {id(cell): cell for cell in row if cell is not None}
    return (None, *named.values())
