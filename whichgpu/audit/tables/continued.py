"""Tables that an advertisement or a picture parts: the rows go on below it without a header.

The header is that of the table before, where the rows are of devices and as wide as that one's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.values.attributes import headed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Document, Passage, Table
    from whichgpu.hardware.catalogue import Catalogue

#: Columns of such a table, names of attributes in its header, and characters between its parts at most.
_COLUMNS, _KNOWN, _BETWEEN = 3, 2, 600


def continued(document: Document, catalogue: Catalogue) -> Document:
    """A document each of whose tables that go on has its header in every part."""
    tables = tuple(_with_headers(document.tables, catalogue)) if len(document.tables) > 1 else ()
    changed = any(a is not b for a, b in zip(tables, document.tables, strict=False))
    return document._replace(tables=tables) if changed else document


def _with_headers(tables: Sequence[Table], catalogue: Catalogue) -> Iterator[Table]:
    before: Table | None = None
    for table in tables:
        goes_on = before is not None and _goes_on(before, table, catalogue)
        whole = table._replace(rows=(before.rows[0], *table.rows)) if before and goes_on else table
        yield whole
        before = whole


def _goes_on(before: Table, table: Table, catalogue: Catalogue) -> bool:
    """Whether the rows of a table are further ones of the table before it, all of devices."""
    if table.columns < _COLUMNS or table.columns != before.columns or table.section != before.section:
        return False
    if not (_is_header(before.rows[0], catalogue) and _is_of_devices(before.rows[1:], catalogue)):
        return False
    last, first = max(cell.end for cell in before), min((cell.start for cell in table), default=0)
    return 0 <= first - last <= _BETWEEN and _is_of_devices(table.rows, catalogue)


def _is_header(row: Sequence[Passage | None], catalogue: Catalogue) -> bool:
    """Whether a row names attributes and no device."""
    known = sum(headed(cell.text) is not None for cell in row if cell)
    return known >= _KNOWN and not any(_names(cell, catalogue) for cell in row)


def _is_of_devices(rows: Sequence[Sequence[Passage | None]], catalogue: Catalogue) -> bool:
    """Whether there are rows, each of which begins with a device."""
    return bool(rows) and all(row and _names(row[0], catalogue) for row in rows)


def _names(cell: Passage | None, catalogue: Catalogue) -> bool:
    return cell is not None and any(True for _ in mentions(cell.text, catalogue))
