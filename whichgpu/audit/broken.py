"""Tables with bars whose every cell stands on a line of its own: "GPU |", "Memory |", "---|---", "T4 |".

The rule tells how many columns there are: so many cells before it are the header, and behind it as many are
a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.document import Passage, Table
from whichgpu.audit.readers._lines import lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Document

_RULE = re.compile(r"\|?\s*:?-{3,}:?(?:\s*\|\s*:?-{3,}:?){2,}\s*\|?\s*")
#: Bars of a line, and rows of a table at most.
_BARS, _ROWS = 2, 400


def broken(document: Document) -> Iterator[tuple[Table, tuple[int, int]]]:
    """Every such table, with the stretch of the file that it takes."""
    if "---" not in document.original:
        return
    last = max((each.end for each in document.passages), default=0)
    every = [Passage("cell", line.text, ((0, line.start),), line.start + len(line.text))
             for line in lines(document.original[:last]) if line.text.strip()]  # fmt: skip
    for index, line in enumerate(every):
        if not _RULE.fullmatch(line.text):
            continue
        width = line.text.strip().strip("|").count("|") + 1
        head = [_cell(each) for each in every[max(0, index - width) : index]]
        if len(head) == width and all(head):
            rows, end = _rows(every, index + 1, width)
            if rows:
                yield Table((tuple(head), *rows)), (every[index - width].start, every[end - 1].end)


def _cell(line: Passage) -> Passage | None:
    """A line that is a cell with its bar behind it; None for any other."""
    text = line.text.rstrip()
    if not text.endswith("|") or "|" in text[:-1].lstrip("|").strip():
        return None
    plain = text.strip("| \t")
    begin = text.index(plain)
    return line.part(begin, begin + len(plain)) if plain else None


def _rows(every: Sequence[Passage], at: int, width: int) -> tuple[list[tuple[Passage | None, ...]], int]:
    """The rows from a line on, and the line behind the last of them."""
    rows: list[tuple[Passage | None, ...]] = []
    while len(rows) < _ROWS and at + width <= len(every):
        row = every[at : at + width]
        if not all(each.text.rstrip().endswith("|") and each.text.count("|") <= _BARS for each in row):
            break
        rows.append(tuple(_cell(each) for each in row))
        at += width
    return rows, at
