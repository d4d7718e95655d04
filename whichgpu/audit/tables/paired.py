"""Cells that name several devices, each before its value: "VRAM | RTX 4090 24 GB, RTX 5090 32 GB"."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.tables.cells import Cell, unit_of
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.values.attributes import headed, qualifiers
from whichgpu.audit.values.nearest import fitting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context

_TWO = 2
#: Between a name and its value, what ends a value, and the size of memory that a name ends in.
_THEN = re.compile(r"\s*[:=(]?\s*(?:(?:has|with|at|is)\s)?\s*", re.IGNORECASE)
_ENDS = re.compile(r"[\s),;/|.&]*(?:\b(?:and|vs|versus))?[\s.]*(?:\b(?:the|nvidia|amd))?\s*$", re.IGNORECASE)
_SIZE = re.compile(r"\d{1,3}\s?GB$")


def paired(table: Table, context: Context) -> Iterator[Cell]:
    """The values of such cells, each of the device before it; the first cell of the row says of what."""
    for index, row in enumerate(table.rows):
        label = row[0].text if row and row[0] else ""
        if not label or headed(label) is None:
            continue
        for column, cell in enumerate(row[1:], 1):
            if cell is not None:
                yield from _of_cell(cell, label, (index, column), context)


def _of_cell(cell: Passage, label: str, place: tuple[int, int], context: Context) -> Iterator[Cell]:
    attribute = headed(label)
    named = list(mentions(cell.text, context.catalogue))
    if attribute is None or len(named) < _TWO or cell.text[: named[0].start].strip():
        return
    starts = [each.start for each in named] + [len(cell.text)]
    found = []
    for each, (start, end) in zip(named, pairwise(starts), strict=True):
        told = _value(cell.text[start:end], each.end - each.start)
        if next(fitting(attribute, quantities(cell.text[start + told[0] : start + told[1]])), None) is None:
            return
        part = cell.part(start + told[0], start + told[1])
        said, unit = qualifiers(label), unit_of(label)
        found.append(Cell(part, each.ids, attribute, label, said, unit, *place, True, each.ids))
    yield from found


def _value(text: str, name: int) -> tuple[int, int]:
    """Where the value behind a name stands; a size that ends the name is it where nothing follows."""
    ends = _ENDS.search(text)
    end = ends.start() if ends else len(text)
    then = _THEN.match(text, name)
    own = _SIZE.search(text, 0, name) if end <= name else None
    return own.span() if own else (then.end() if then else name, end)
