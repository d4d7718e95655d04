"""What the cells of a table state: of which device, of which attribute, in which unit.

Devices stand in a header with attributes to the left, or one to a row with attributes in the header.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from whichgpu.audit.attributes import CHIP, headed, qualifiers, rate_of
from whichgpu.audit.quantities import quantities
from whichgpu.audit.roles import counted
from whichgpu.audit.subjects import mentions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.attributes import Attribute
    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.subjects import Mention

#: The unit that a header gives for the numbers under or beside it.
_UNIT = re.compile(
    r"[\[(]\s*(?:in\s+)?([A-Za-z][\w/²^]{0,9})\s*[\])]|"
    r"(?:,\s*|(?<=\w)\s+|(?<=\d)\s?/\s?|(?<=\))\s+)([GTM]i?B(?:/s)?|[TP]FLOPS|TOPS|W|MHz|GHz)$"
)
#: Columns and rows in which devices are looked for.
_SEARCHED = 3
#: How much of a header's cell the name of its device is at least.
_SHARE = 0.35
#: Cells that must fit the devices that a table does not name, and how nearly.
_SURE, _NEARLY = 4, 0.08
_TWO = 2
#: Units that bare numbers may have, and how many of them show it; so many are looked at.
_UNITS = {
    "memory": ("GB",), "bandwidth": ("GB/s", "TB/s"), "power": ("W",), "frequency": ("MHz", "GHz"),
    "flop rate": ("TFLOPS",), "op rate": ("TOPS",),
}  # fmt: skip
_SOME, _MANY = 3, 40
_NUMBER = re.compile(r"~?\d[\d.,]{0,9}")
_BILLIONS = re.compile(r"(\d\s?)B\b")
#: Behind the name of a device that there are several of.
_TIMES = re.compile(r"\s*(?:[x\u00d7]\s?\d|\(\d+\s?[x\u00d7]|\(pair)", re.IGNORECASE)
_MARK = re.compile(r"(?<!\*)\*(?!\*)|[\u2020\u2021\u00b9\u00b2]")
_NOTE = re.compile(r"[*\u2020\u2021\u00b9\u00b2]+[^.\n|]{0,60}\bsparsity", re.IGNORECASE)


class Cell(NamedTuple):
    """A cell that states a value: of these devices, of this attribute."""

    passage: Passage
    ids: tuple[str, ...]
    attribute: Attribute | None
    #: The name of the attribute as it stands.
    label: str
    #: What the header says beside the attribute's name.
    said: frozenset[str]
    #: The unit of bare numbers.
    unit: str
    row: int
    column: int
    #: Whether the cells of its row stand below those of the header.
    aligned: bool = True
    #: All devices that the header may mean, of which `ids` may be fewer.
    named: tuple[str, ...] = ()


def cells(table: Table, context: Context) -> tuple[Cell, ...]:
    """The cells of a table that are of a device."""
    known: dict[int, tuple[Cell, ...]] = context.memo.setdefault("cells", {})
    if id(table) not in known:
        known[id(table)] = tuple(_united(list(_cells(table, context)), context))
    return known[id(table)]


def _united(found: Sequence[Cell], context: Context) -> Sequence[Cell]:
    """Cells of bare numbers under a header that gives no unit, in the one in which most of them are right."""
    bare: dict[str, list[Cell]] = {}
    for cell in found:
        wanted = cell.attribute is not None and not cell.unit and cell.attribute.dimension in _UNITS
        if wanted and _NUMBER.fullmatch(cell.passage.text):
            bare.setdefault(cell.label, []).append(cell)
    units = {label: unit for label, mine in bare.items() if (unit := _unit_for(mine, context))}
    plain = {id(cell) for label in units for cell in bare[label]}
    if not plain:
        return found
    return [cell._replace(unit=units[cell.label]) if id(cell) in plain else cell for cell in found]


def _unit_for(mine: Sequence[Cell], context: Context) -> str:
    """The unit in which so many numbers, and most of them, are nearly those of their devices; else none."""
    attribute = mine[0].attribute
    for unit in _UNITS[attribute.dimension] if attribute and len(mine) >= _SOME else ():
        told = [_is_of(cell._replace(unit=unit), context) for cell in mine[:_MANY]]
        right, wrong = (sum(each is way for each in told) for way in (True, False))
        if right >= _SOME and right >= 2 * wrong:
            return unit
    return ""


def _cells(table: Table, context: Context) -> Iterator[Cell]:
    if len(table.rows) < 2 or not table.columns:
        return
    across = max((_across(table, row, context) for row in range(2)), key=lambda found: len(found[1]))
    down = max(
        (_down(table, column, context) for column in range(_SEARCHED)), key=lambda found: len(found[1])
    )
    if not across[1] and not down[1]:
        about = _about(table, context)
        across = (-1, {1: about}) if about and table.columns == 2 else across
        yield from _ordered(table, context) if not across[1] else ()
    if across[1] and len(across[1]) >= len(down[1]):
        yield from _beside(table, across[0], _shifted(table, *across))
    elif down[1]:
        yield from _below(table, *down)


def read(cell: Cell, context: Context) -> list[Quantity]:
    """The quantities of a cell, in the unit of its header where it has none."""
    text = read_as(cell.passage.text, cell.attribute)
    found = [
        each._replace(end=min(each.end, len(cell.passage.text)))
        for each in quantities(text, context.fraction)
    ]
    if not cell.unit or any(each.dimension not in ("number", "count") for each in found):
        return found
    made = []
    for each in found:
        text = f"{cell.passage.text[each.start : each.end]} {cell.unit}"
        again = next(iter(quantities(text, context.fraction)), each)
        made.append(again._replace(start=each.start, end=each.end))
    return made


def read_as(text: str, attribute: Attribute | None, unit: str = "") -> str:
    """A cell's text with the unit of its heading behind it; "80 B" of transistors are billions."""
    if attribute and attribute.key == "transistors":
        text = _BILLIONS.sub(lambda match: match[1] + "Bn", text)
    return f"{text} {unit}".strip()


def noted(passage: Passage, place: tuple[int, int], document: str) -> frozenset[str]:
    """What a mark beside a figure says of it: the footnote on sparsity of a data sheet.

    It is looked for in the file, since a single star is a mark of Markdown too.
    """
    start, end = passage.span(*place)
    return of_mark(document[start : end + 1], document)


def of_mark(text: str, document: str) -> frozenset[str]:
    """What a mark in a text says by a footnote of the document."""
    if _MARK.search(text) and _NOTE.search(document):
        return frozenset({"sparse"})
    return frozenset()


def _across(table: Table, row: int, context: Context) -> tuple[int, Mapping[int, tuple[str, ...]]]:
    found = {i: ids for i, cell in enumerate(table.rows[row]) if cell and (ids := devices(cell, context))}
    return row, found


def _down(table: Table, column: int, context: Context) -> tuple[int, Mapping[int, tuple[str, ...]]]:
    pairs = ((i, table.cell(i, column)) for i in range(1, len(table.rows)))
    return column, {i: ids for i, cell in pairs if cell and (ids := devices(cell, context))}


def _shifted(
    table: Table, header: int, across: Mapping[int, tuple[str, ...]]
) -> Mapping[int, tuple[str, ...]]:
    """The devices above the columns; one to the right where a header lost the empty cell above the names.

    It did where its first cell is a device, and the rows below have one cell more than it has.
    """
    own = _filled(table.rows[header])
    below = [_filled(row) for index, row in enumerate(table.rows) if index != header]
    if 0 not in across or 2 * sum(count == own + 1 for count in below) < len(below):
        return across
    return {column + 1: ids for column, ids in across.items()}


def _beside(table: Table, header: int, across: Mapping[int, tuple[str, ...]]) -> Iterator[Cell]:
    """Attributes to the left, devices above."""
    columns = 1 + max(across)
    # A row with more cells was cut at pipes inside of them; one with fewer is of several devices.
    aligned = all(_filled(row) <= max(columns, len(table.rows[max(header, 0)])) for row in table.rows)
    labels = _labels(table, min(across))
    group = ""
    for index, row in enumerate(table.rows):
        names = [cell.text for cell in row[:labels] if cell]
        group = row[0].text if row and row[0] else group
        if index == header or not names or (row[0] is None and labels < _TWO):
            continue
        # A group and its attribute, or an attribute and its unit, stand side by side.
        name = " ".join(dict.fromkeys((group, *names)))
        head = next((each for each in (name, names[-1], names[0]) if headed(each)), names[-1])
        whole = aligned and (len(row) >= columns or header < 0)
        attribute, said, unit = headed(head), qualifiers(name), unit_of(head)
        for column, ids in across.items():
            cell = row[column] if 0 < column < len(row) else None
            if cell:
                mine = rate_of(head, cell.text, attribute)
                yield Cell(cell, ids, mine, head, said, unit, index, column, whole, ids)


def _labels(table: Table, first: int) -> int:
    """How many columns before the first device name what is in the others: those that state no value."""
    beside = (cell for row in table.rows for cell in row[1:first] if cell)
    values = (each for cell in beside for each in quantities(cell.text) if each.dimension != "number")
    return max(first, 1) if next(values, None) is None else 1


def _filled(row: Sequence[Passage | None]) -> int:
    """How many cells a row has up to its last one that is not empty."""
    return max((index + 1 for index, cell in enumerate(row) if cell), default=0)


def _below(table: Table, first: int, down: Mapping[int, tuple[str, ...]]) -> Iterator[Cell]:
    """Attributes above, a device to a row."""
    heads = [
        (column, headed(head.text), head.text, qualifiers(head.text), unit_of(head.text))
        for column, head in enumerate(table.rows[0])
        if head and column != first
    ]
    for index, ids in down.items():
        for column, attribute, label, said, unit in heads:
            cell = table.cell(index, column)
            if cell:
                mine = rate_of(label, cell.text, attribute)
                yield Cell(cell, ids, mine, label, said, unit, index, column, True, ids)


def devices(passage: Passage, context: Context) -> tuple[str, ...]:
    """The devices of a header's cell; none where it names more than one."""
    found = list(mentions(passage.text, context.catalogue))
    if sum(mention.end - mention.start for mention in found) < _SHARE * len(passage.text):
        return ()
    if counted(passage.text, 0, found[0].start) > 1 or _TIMES.match(passage.text, found[0].end):
        return ()
    return (
        found[0].ids
        if len({mention.named for mention in found}) == 1 and _is_it(passage, found[0], context)
        else ()
    )


def _is_it(passage: Passage, mention: Mention, context: Context) -> bool:
    """Whether a header's cell says no chip of another device of that name: "RTX 4070 (AD103)"."""
    chips = {str(context.catalogue[key].value("chip") or "").upper() for key in mention.ids}
    said = CHIP.findall(passage.text)
    return not said or not all(chips) or any(chip.startswith(one) for one in said for chip in chips)


def unit_of(text: str) -> str:
    """The unit that a heading gives for bare numbers; empty where it gives none."""
    match = _UNIT.search(text)
    return (match[1] or match[2]) if match else ""


def _ordered(table: Table, context: Context) -> Iterator[Cell]:
    """The cells of a table without names, whose columns are the devices of its heading in their order.

    Only where most of what they state is so: the order is a guess.
    """
    for text in (table.caption, *reversed(table.section), context.document.title):
        named = list(dict.fromkeys(each.ids for each in mentions(text, context.catalogue)))
        if len(named) > 1 and len(named) == table.columns - 1 and not CHIP.search(text):
            orders = (named, named[::-1]) if len(named) == _TWO else (named,)
            for order in orders:
                made = list(_beside(table, -1, dict(enumerate(order, 1))))
                found = [_is_of(cell, context) for cell in made]
                right = sum(each is True for each in found)
                if right >= _SURE and 2 * right >= 3 * sum(each is False for each in found):
                    yield from made
                    return
            return


def _is_of(cell: Cell, context: Context) -> bool | None:
    """Whether what a cell states is nearly a value of its device; None where it states no number."""
    field = cell.attribute.fields[0] if cell.attribute else ""
    stated = [each.value for each in read(cell, context)]
    known = [context.catalogue[key].value(field) for key in cell.ids] if field and stated else []
    values = [float(each) for each in known if isinstance(each, int | float) and each]
    if not values:
        return None
    return any(abs(told / value - 1) < _NEARLY for told in stated for value in values)


def _about(table: Table, context: Context) -> tuple[str, ...]:
    """What a table is about whose cells name no device: its caption, the headings above it, the title."""
    for text in (table.caption, *reversed(table.section), context.document.title):
        ids = {mention.ids for mention in mentions(text, context.catalogue)}
        if len(ids) == 1:
            return next(iter(ids))
    return ()
