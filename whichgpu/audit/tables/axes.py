"""Where a table names its devices: across in a row, or down in a column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.tables.heading import either, headed_by
from whichgpu.audit.tables.heads import Head
from whichgpu.audit.tables.titled import beside_device
from whichgpu.audit.values.attributes import CHIP, headed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context

#: A row of chips, some of which go by the names of devices: "Chip", "GP102", "GP100".
_CHIPS = re.compile(
    r"\s*(?:(?:gpu[\s-]+|graphics\s+)?(?:chips?|dies?|code ?names?|silicon|names?)|"
    r"(?:nome|nombre|nom)(?: d[eiu]l?)?(?: la)? (?:gpu|chip)|gpu-bezeichnung|"
    r"(?:codename|nombre en clave|nom de code|nome in codice|nome de c\u00f3digo)(?: gpu)?)\s*:?\s*",
    re.IGNORECASE,
)


_NAME = re.compile(r"\s*(?:gpu )?names?\s*:?\s*", re.IGNORECASE)


def named_across(table: Table, row: int, context: Context) -> tuple[int, Mapping[int, Head]]:
    """A row, and the devices that it names by their columns."""
    first = table.cell(row, 0)
    others = [cell.text.strip() for cell in table.rows[row][1:] if cell]
    # "Name" at the head of all is that of the devices; further down it is that of their chips.
    of_chips = first and _CHIPS.fullmatch(first.text) and (row or not _NAME.fullmatch(first.text))
    if of_chips or (others and all(map(CHIP.fullmatch, others))):
        # Some chips go by the names of devices.
        return row, {}
    found = {i: head for i, cell in enumerate(table.rows[row]) if cell and (head := headed_by(cell, context))}
    if found.keys() == {0} and first and headed(first.text):
        # "L2" before "96 MB" is a cache, and no L2.
        return row, {}
    if row and found.keys() == {0} and _names_attributes(table.rows[0]):
        # The only row below a header begins with its device.
        return row, {}
    if 0 not in found:
        # "RTX 4090 / RTX 5090" beside others, or above all columns.
        named = [(i, cell) for i, cell in enumerate(table.rows[row]) if cell and i and i not in found]
        several = {i: head for i, cell in named if (head := either(cell, context))}
        # "VRAM | RTX 4090 24 GB, RTX 5090 32 GB" heads nothing.
        alone = len(several) == len(named) and not (first and headed(first.text))
        found |= several if found or alone else {}
    if found and 0 not in found:
        forms = beside_device(table.rows[row], found, context) if not row else {}
        found |= {i: Head(ids) for i, ids in forms.items()}
    return row, dict(sorted(found.items()))


def _names_attributes(row: Sequence[Passage | None]) -> bool:
    """Whether several cells of a row name attributes, and it is a header."""
    return sum(headed(cell.text) is not None for cell in row if cell) > 1


def is_narrower(below: Mapping[int, Head], above: Mapping[int, Head]) -> bool:
    """Whether a second row names the devices of the first again and says more: "HGX H100", "8 x H100 SXM"."""
    same = below.keys() == above.keys() and all(
        set(head.ids) <= set(above[at].ids) for at, head in below.items()
    )
    return same and list(below.values()) != list(above.values())


def as_above(below: Mapping[int, Head], above: Mapping[int, Head]) -> Mapping[int, Head]:
    """The devices of a second row as far as the first allows: "8x H100" below "DGX H100" is of SXM."""
    made = {}
    for at, head in below.items():
        both = tuple(key for key in head.ids if at in above and key in above[at].ids)
        made[at] = head._replace(ids=both or head.ids)
    return made


def named_down(table: Table, column: int, context: Context) -> tuple[int, Mapping[int, Head]]:
    """A column, and the devices that it names below its head by their rows."""
    found: dict[int, Head] = {}
    for index in range(1, len(table.rows)):
        first, cell = table.cell(index, 0), table.cell(index, column)
        of_chips = column and first and _CHIPS.fullmatch(first.text)
        if cell and not of_chips and (head := headed_by(cell, context) or either(cell, context)):
            found[index] = head
    # "L2" below "CUDA cores" is a cache, and no L2.
    labels = [headed(cell.text) for index in found if (cell := table.cell(index, column))]
    return column, {} if all(labels) else found


#: A heading that names a device, whose forms stand below it: "A100 variant".
_FORMS_OF = re.compile(
    r"\s*(?P<name>[\w -]{2,24}?)\s+(?:variants?|versions?|forms?|models?|editions?|configurations?|"
    r"flavou?rs?)\s*",
    re.IGNORECASE,
)


def forms_down(table: Table, context: Context) -> dict[int, Head]:
    """The forms of one device that rows are of by a word or two: "PCIe 80 GB" below "A100 variant"."""
    first = table.cell(0, 0)
    heading = _FORMS_OF.fullmatch(first.text) if first else None
    if heading is None or first is None or headed_by(first._replace(text=heading["name"]), context) is None:
        return {}
    found: dict[int, Head] = {}
    for index in range(1, len(table.rows)):
        cell = table.cell(index, 0)
        named_ = cell._replace(text=f"{heading['name']} {cell.text}") if cell else None
        head = headed_by(named_, context) if named_ else None
        if head is None:
            return {}
        found[index] = head
    return found


#: Columns of a sheet whose first row is its title.
_TITLED = 2


def shifted(table: Table, header: int, across: Mapping[int, Head]) -> Mapping[int, Head]:
    """The devices above the columns; one to the right where a header lost the empty cell above the names.

    It did where its first cell is a device, and the rows below have one cell more than it has.
    """
    if across.keys() == {0} and table.columns == _TITLED:
        # "NVIDIA A30 | Technical specifications": the title of a sheet.
        return {1: across[0]}
    own, names = many_filled(table.rows[header]), _words_of(table.rows[header])
    below = [
        many_filled(row)
        for index, row in enumerate(table.rows)
        if index != header and many_filled(row) > 1 and _words_of(row) != names
    ]
    whole = sum(count == own + 1 for count in below)
    if 0 not in across or max(below, default=0) > own + 1 or _MOSTLY * whole < len(below):
        return across
    return {column + 1: head for column, head in across.items()}


#: A third of the rows at least have a cell for every device.
_MOSTLY = 3


def _words_of(row: Sequence[Passage | None]) -> list[str]:
    return [cell.text for cell in row if cell is not None and cell.text.strip()]


def many_filled(row: Sequence[Passage | None]) -> int:
    """How many cells a row has up to its last one that is not empty."""
    return max((index + 1 for index, cell in enumerate(row) if cell), default=0)
