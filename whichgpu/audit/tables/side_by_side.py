"""Tables that stand side by side as one: "Card | VRAM | Card | VRAM", whose header is there twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Document, Table

#: Columns of each of them at least.
_COLUMNS = 2


def apart(document: Document) -> Document:
    """A document with every such table as several."""
    tables = tuple(each for table in document.tables for each in _parts(table))
    return document if len(tables) == len(document.tables) else document._replace(tables=tables)


def _parts(table: Table) -> Iterator[Table]:
    heads = [cell.text.strip().lower() if cell else "" for cell in table.rows[0]] if table.rows else []
    width = _width(heads) if table.columns == len(heads) else len(heads)
    for start in range(0, max(len(heads), 1), max(width, 1)):
        rows = tuple(row[start : start + width] for row in table.rows)
        yield table._replace(rows=rows) if width < len(heads) else table


def _width(heads: list[str]) -> int:
    """How many columns a header has before it begins again; all of them where it does not."""
    for width in range(_COLUMNS, len(heads) // 2 + 1):
        own = heads[:width]
        if len(heads) % width == 0 and own * (len(heads) // width) == heads and all(own):
            return width if len(set(own)) == width else len(heads)
    return len(heads)
