"""Tables without the names of attributes: each cell says itself of what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.tables.cells import Cell
from whichgpu.audit.tables.heading import headed_by
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.values.attributes import attributes, named, qualifiers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.audit.document import Table
    from whichgpu.audit.findings import Context
    from whichgpu.audit.tables.heads import Head
    from whichgpu.audit.values.attributes import Attribute

_TWO = 2
#: What a value of a card is of, where nothing but its unit tells.
_BY_UNIT = {"memory": "memory", "bandwidth": "bandwidth", "power": "power"}


def says_itself(table: Table, header: int, across: Mapping[int, Head]) -> bool:
    """Whether every column is a device's, and the first has values as the others have."""
    first = [
        cell.text for index, row in enumerate(table.rows) if index != header and row and (cell := row[0])
    ]
    values = sum(
        _by_itself(text, each.dimension) is not None for text in first for each in quantities(text)[:1]
    )
    return len(across) == table.columns and bool(first) and 2 * values >= len(first)


def named_in_cells(table: Table, header: int, across: Mapping[int, Head]) -> Iterator[Cell]:
    """The cells of a table without a column of names, each of which says itself of what it is."""
    for index, row in enumerate(table.rows):
        for column, head in across.items() if index != header else ():
            cell = row[column] if column < len(row) else None
            told = quantities(cell.text) if cell else ()
            if cell and len(told) == 1 and (of := _by_itself(cell.text, told[0].dimension)):
                said = qualifiers(cell.text)
                yield Cell(
                    cell, head.ids, of, cell.text, said, "", index, column, True, head.ids, head.number
                )


def rows_say_themselves(table: Table, context: Context) -> list[Cell]:
    """The cells of a table without a header, each of whose rows is of a device: "L4 | 24 GB | 72 W"."""
    heads = [row[0] and headed_by(row[0], context) for row in table.rows if row]
    first = [cell for cell in table.rows[0][1:] if cell] if table.rows else []
    # A header has names, and no values.
    values = [_by_itself(cell.text, each.dimension) for cell in first for each in quantities(cell.text)[:1]]
    if (
        len(heads) < _TWO
        or not all(heads)
        or len(first) < _TWO
        or not all((*values, len(values) == len(first)))
    ):
        return []
    found = []
    for index, (row, head) in enumerate(zip(table.rows, heads, strict=True)):
        for column, cell in enumerate(row[1:], 1):
            told = quantities(cell.text) if cell else ()
            if cell and head and len(told) == 1 and (of := _by_itself(cell.text, told[0].dimension)):
                place = (index, column, True, head.ids, head.number)
                found.append(Cell(cell, head.ids, of, cell.text, qualifiers(cell.text), "", *place))
    return found


def _by_itself(text: str, dimension: str) -> Attribute | None:
    """The attribute that a cell names beside its value, or that its unit stands for."""
    name = next((each.attribute for each in named(text)), None)
    return name or (attributes()[_BY_UNIT[dimension]] if dimension in _BY_UNIT else None)
