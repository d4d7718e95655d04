"""Accusations from tables that were read wrongly are none: of moved columns most cells are wrong."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING

from whichgpu.audit.devices.itself import is_of_its_name
from whichgpu.audit.findings import withheld
from whichgpu.audit.tables import stated as tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.findings import Context, Finding

#: What is said of the devices of a table's header, cell by cell.
_OF_DEVICES = ("specification", "identity", "capability")
#: What is said of the machine that a sheet is of, by the sheet's name.
_OF_MACHINES = "machine"
#: So many wrong cells, and more of them than right ones, are a table that was read wrongly.
_MANY = 3
_NAMED = "by the heading this is of the card's name, which is another one's than the card on file"
_WHY = "the cells of the table do not stand below its header"


def without_misread(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings as they are, or unverifiable where they accuse cells of a table whose columns are not sure."""
    places = sorted(
        (cell.passage.start, cell.passage.end, index, cell.aligned)
        for index, table in enumerate(context.document.tables)
        for cell in tables.every(table, context)
    )
    inside = [
        _cell(each, places) if each.kind in _OF_DEVICES and each.attribute != _OF_MACHINES else None
        for each in found
    ]
    balance: Counter[int] = Counter()
    wrong: Counter[int] = Counter()
    for each, place in zip(found, inside, strict=True):
        if place:
            wrong[place[0]] += each.accuses
            balance[place[0]] += each.accuses - (each.verdict == "confirmed")
    lost = {index for index in wrong if wrong[index] >= _MANY and balance[index] > 0}
    return [
        withheld(each, _WHY) if place and each.accuses and (place[0] in lost or not place[1])
        else withheld(each, _NAMED) if each.accuses and is_of_its_name(each, context)
        else each
        for each, place in zip(found, inside, strict=True)
    ]  # fmt: skip


def _cell(found: Finding, places: Sequence[tuple[int, int, int, bool]]) -> tuple[int, bool] | None:
    """The table of a finding's cell by its place among them, and whether the cell is below its header."""
    at = bisect_right(places, (found.start, 1 << 60)) - 1
    if at < 0 or found.start >= places[at][1]:
        return None
    return places[at][2:]
