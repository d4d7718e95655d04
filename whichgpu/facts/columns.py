"""Rows of cells as columns that pack small: texts of cells, each without what it begins with as the last did.

A cell is how many characters it shares with the one before, as the character so far behind `0`, and the rest
of it; one that is the same is empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Between cells; the character for none that are shared, and the most that are.
_NEXT, _NONE, _MOST = "\n", ord("0"), 70


def packed_columns(rows: Sequence[Sequence[str]]) -> list[Any]:
    """The columns of rows of one length; a column in which a cell has an end of line stays a list."""
    return [_text(cells) for cells in zip(*rows, strict=True)]


def unpacked_columns(columns: Iterable[Any]) -> list[list[str]]:
    """What `packed_columns` was given."""
    cells = [_cells(one) if isinstance(one, str) else one for one in columns]
    return [[*row] for row in zip(*cells, strict=True)]


def _text(cells: Sequence[str]) -> Any:
    if any(_NEXT in cell for cell in cells):
        return [*cells]
    return _NEXT.join(_behind(cell, last) for cell, last in zip(cells, ["", *cells[:-1]], strict=True))


def _behind(cell: str, last: str) -> str:
    if cell == last:
        return ""
    most = min(len(cell), len(last), _MOST)
    shared = next((at for at in range(most) if cell[at] != last[at]), most)
    return chr(_NONE + shared) + cell[shared:]


def _cells(text: str) -> list[str]:
    last, cells = "", list[str]()
    for one in text.split(_NEXT):
        if one:
            last = last[: ord(one[0]) - _NONE] + one[1:]
        cells.append(last)
    return cells
