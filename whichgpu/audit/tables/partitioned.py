"""Rows of a table that are of a part of a GPU, a profile of MIG: their memory is the part's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.tables.cells import Cell

#: A profile, and how many of it there can be at once.
PROFILE = re.compile(
    r"(?:(?<![\w.])(?P<n>[1-7])\s?[x\u00d7]\s?)?\b(?:MIG[ -])?(?P<name>[1-7]g\.\d{1,3}gb)\b", re.IGNORECASE
)
#: Headings of the memory of the whole GPU.
OF_WHOLE = re.compile(
    r"\b(?:total|whole|all|full|(?:gpu|card|device)(?: memory| vram)?$|(?:of|on) the)\b", re.IGNORECASE
)


def without_parts(found: Sequence[Cell]) -> list[Cell]:
    """Cells without the memory of rows of one profile, but where it is said to be the whole GPU's."""
    told = [(cell.row, *cell.ids) for cell in found if PROFILE.search(cell.passage.text)]
    rows = {row for row in told if told.count(row) == 1}
    return [
        cell._replace(attribute=None)
        if (cell.row, *cell.ids) in rows
        and cell.attribute
        and cell.attribute.key == "memory"
        and not OF_WHOLE.search(cell.label)
        else cell
        for cell in found
    ]
