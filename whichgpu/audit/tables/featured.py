"""Cells of tables that list what a device has: "80 GB HBM3, 3.35 TB/s, MIG" under "Key features".

Their heading names no attribute, so they are read as items of a list are: each value by its unit. So are
cells that begin with a device of their own: "RTX 4070 (12 GB, 200 W)" below "Middle".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.values.attributes import headed, named, open_header
from whichgpu.audit.values.nearest import APART

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Document, Passage, Table
    from whichgpu.hardware.catalogue import Catalogue

#: Dimensions of values that say nothing of a device by their unit, and characters of a cell at most.
_OPEN = ("number", "count", "times", "percent", "money", "time", "rate")
_LONGEST = 3 * APART
#: Words of a cell that is a phrase: "Turing card from 2018 with 2,560 CUDA cores".
_WORDS = 4


def featured(document: Document, catalogue: Catalogue) -> Iterator[Passage]:
    """Such cells as items: of a row or a column of a device, below or beside a heading that is open."""
    for table in document.tables:
        yield from _of_their_own(table, catalogue)
        for row in table.rows[1:]:
            for column, cell in enumerate(row[1:], 1):
                heads = (row[0], table.cell(0, column))
                if cell is None or cell.kind != "cell" or None in heads or not _is_list(cell):
                    continue
                whose = [bool(head and any(True for _ in mentions(head.text, catalogue))) for head in heads]
                label = heads[whose.index(False)] if sorted(whose) == [False, True] else None
                if label and headed(label.text) is None and open_header(label.text):
                    yield cell._replace(kind="item")


#: The name that a cell begins with, before what is said of it; cells of a table that are such, at least.
_NAME = re.compile(r"(?P<name>[A-Za-z][^(:,]{1,30}?)\s*[(:,]\s*(?=[~\u2248]?\d)")
_LEAST = 3


def _of_their_own(table: Table, catalogue: Catalogue) -> Iterator[Passage]:
    """The cells of a table, behind the first column, that are such, where there are several."""
    cells = [cell for row in table.rows for cell in row[1:] if cell]
    if sum(is_of_its_own(cell, catalogue, least=1) for cell in cells) >= _LEAST:
        yield from (cell._replace(kind="item") for cell in cells if is_of_its_own(cell, catalogue))


def is_of_its_own(cell: Passage, catalogue: Catalogue, *, least: int = 2) -> bool:
    """Whether a cell begins with a device, and says two things of it or more: "RTX 4070 (12 GB, 200 W)"."""
    told = _NAME.match(cell.text) if cell.kind == "cell" and len(cell.text) <= _LONGEST else None
    found = list(mentions(told["name"], catalogue)) if told else []
    if told is None or len(found) != 1 or (found[0].start, found[0].end) != (0, len(told["name"])):
        return False
    return sum(each.dimension not in _OPEN for each in quantities(cell.text[told.end() :])) >= least


#: A comma that parts entries, and no thousands: "1,128 GB" is one.
_ENTRIES = re.compile(r",(?!\d{3}(?!\d))")


def _is_list(cell: Passage) -> bool:
    """Whether a cell has several entries, and one of them a value with a unit or a number of cores."""
    if len(cell.text) > _LONGEST:
        return False
    counts = any(each.attribute.dimension == "count" for each in named(cell.text))
    told = any(each.dimension not in _OPEN for each in quantities(cell.text))
    return told if _ENTRIES.search(cell.text) and not counts else counts and len(cell.text.split()) >= _WORDS
