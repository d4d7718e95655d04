"""Tables without the names of attributes: each cell says itself of what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.tables.cells import Cell
from whichgpu.audit.tables.heading import headed_by
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.values.attributes import attributes, headed, named, qualifiers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context
    from whichgpu.audit.tables.heads import Head
    from whichgpu.audit.values.attributes import Attribute

_TWO = 2
#: What a value of a card is of, where nothing but its unit tells.
_BY_UNIT = {"memory": "memory", "bandwidth": "bandwidth", "power": "power", "bits": "memory_bus"}


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
    """The cells of a table without a header, each of whose rows is of a device: "L4 | 24 GB | 72 W".

    The first value may stand behind the name: "L4: 24 GB | 300 GB/s".
    """
    rows = [_named(row, context) for row in table.rows if row]
    first = [cell for cell in rows[0][1] if cell] if rows else []
    # A header has names, and no values.
    valued = [bool(_value(cell)) for cell in first]
    heads = any(headed(cell.text) and not has for cell, has in zip(first, valued, strict=True))
    if len(rows) < _TWO or not all(head for head, _ in rows) or sum(valued) < _TWO or heads:
        return []
    found = []
    for index, (head, cells) in enumerate(rows):
        for column, cell in enumerate(cells, 1):
            if cell and head and (of := _value(cell)):
                place = (index, column, True, head.ids, head.number)
                found.append(Cell(cell, head.ids, of, cell.text, qualifiers(cell.text), "", *place))
    return found


#: A name and the value behind it.
_BEHIND = re.compile(r"(?P<name>[^:]{2,60}):\s+(?=\d)")


def _named(
    row: Sequence[Passage | None], context: Context
) -> tuple[Head | None, Sequence[Passage | None]]:  # fmt: skip
    """The device that a row begins with, and its values."""
    first = row[0]
    told = _BEHIND.match(first.text) if first else None
    if first is None or told is None:
        return headed_by(first, context) if first else None, row[1:]
    rest = first.part(told.end(), len(first.text))
    return headed_by(first.part(*told.span("name")), context), (rest, *row[1:])


def _value(cell: Passage) -> Attribute | None:
    """What the only value of a cell is of by what stands in it."""
    told = quantities(cell.text)
    return _by_itself(cell.text, told[0].dimension) if len(told) == 1 else None


def _by_itself(text: str, dimension: str) -> Attribute | None:
    """The attribute that a cell names beside its value, or that its unit stands for."""
    name = next((each.attribute for each in named(text)), None)
    return name or (attributes()[_BY_UNIT[dimension]] if dimension in _BY_UNIT else None)
