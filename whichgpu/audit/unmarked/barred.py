"""Tables whose names stand a line each, and whose rows are a label and a line of values between bars.

"T4", "L4", "A10" below each other, and then "CUDA cores", "2,560 | 7,424 | 9,216": as many values as names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.document import Passage, Table
from whichgpu.audit.readers._lines import lines
from whichgpu.audit.unmarked.celled import is_device

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Document
    from whichgpu.hardware.catalogue import Catalogue

#: Characters of a label and of a line of values at most; names of a header, and rows of a table, at least.
_LABEL, _ROW, _NAMES, _ROWS = 60, 200, 2, 2


def barred(document: Document, catalogue: Catalogue) -> Iterator[tuple[Table, tuple[int, int]]]:
    """Every such table, with the stretch of the file that it takes."""
    if "|" not in document.original:
        return
    last = max((each.end for each in document.passages), default=0)
    every = [cell for line in lines(document.original[:last]) if (cell := _trimmed(line.text, line.start))]
    at = 0
    while at < len(every):
        width = 0
        while at + width < len(every) and _is_name(every[at + width], catalogue):
            width += 1
        rows, end = _rows(every, at + width, width) if width >= _NAMES else ([], at)
        if len(rows) < _ROWS:
            at += max(width, 1)
            continue
        first = every[at - 1] if at and len(every[at - 1].text) <= _LABEL else None
        head = (first, *every[at : at + width])
        yield Table((head, *rows)), (every[at].start, every[end - 1].end)
        at = end


def _trimmed(text: str, start: int) -> Passage | None:
    plain = text.strip(" \t|")
    return _cell(text, text.index(plain), plain, start) if plain else None


def _cell(text: str, at: int, plain: str, start: int) -> Passage:
    begins = start + at
    return Passage("cell", plain, ((0, begins),), begins + len(plain))


def _is_name(line: Passage, catalogue: Catalogue) -> bool:
    return "|" not in line.text and len(line.text) <= _LABEL and is_device(line, catalogue)


def _rows(every: Sequence[Passage], at: int, width: int) -> tuple[list[tuple[Passage | None, ...]], int]:
    """The rows from a line on, and the line behind the last of them."""
    rows: list[tuple[Passage | None, ...]] = []
    while at + 1 < len(every):
        label, values = every[at], every[at + 1]
        parts = values.text.split("|")
        if "|" in label.text or len(label.text) > _LABEL or len(values.text) > _ROW or len(parts) != width:
            break
        rows.append((label, *_parts(values, parts)))
        at += 2
    return rows, at


def _parts(values: Passage, parts: Sequence[str]) -> Iterator[Passage | None]:
    at = 0
    for part in parts:
        plain = part.strip()
        yield _cell(values.text, at + part.index(plain), plain, values.start) if plain else None
        at += len(part) + 1
