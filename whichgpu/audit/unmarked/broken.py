"""Tables with bars whose every cell stands on a line of its own: "GPU |", "Memory |", "---|---", "T4 |".

The rule tells how many columns there are: so many cells before it are the header, and behind it as many are
a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.document import Passage, Table
from whichgpu.audit.readers._lines import lines
from whichgpu.audit.values.attributes import headed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Document
    from whichgpu.hardware.catalogue import Catalogue

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


def streamed(document: Document, catalogue: Catalogue) -> Iterator[tuple[Table, tuple[int, int]]]:
    """Tables between bars whose cells broke their lines: every so many cells are a row, wherever lines end.

    The first line names two devices or more, "RTX 3070 | RTX 3080 |", and rows begin with their attributes.
    """
    for stretch in _STREAM.finditer(document.original) if "|" in document.original else ():
        head = [match for match in _BETWEEN.finditer(stretch["head"]) if match[0].strip()]
        width = len(head)
        names = [{each.ids for each in mentions(match[0], catalogue)} for match in head]
        if width < _TWO or any(len(ids) != 1 for ids in names):
            continue
        cells = [match for match in _BETWEEN.finditer(stretch["body"]) if match[0].strip()]
        rows = [cells[at : at + width + 1] for at in range(0, len(cells) - width, width + 1)]
        known = sum(headed(" ".join(row[0][0].split())) is not None for row in rows)
        if known >= _KNOWN and _TWO * known >= len(rows):
            made = [[_at(match, stretch.start("body")) for match in row] for row in rows]
            first = (None, *(_at(match, stretch.start("head")) for match in head))
            yield Table((first, *map(tuple, made))), (stretch.start("head"), stretch.end("body"))


#: A line of names between bars, and the lines behind it up to an empty one, or one that ends a text.
_STREAM = re.compile(
    r"^(?P<head>[^|\n]{2,40}(?:\|[^|\n]{2,40})+\|)[ \t]*\n"
    r"(?P<body>(?:[^\n]*\|[^\n]*\n(?:[^|\n.]{1,60}\n(?=[^\n]*\|))?){4,60})",
    re.MULTILINE,
)
_BETWEEN = re.compile(r"[^|]+")
_TWO, _KNOWN = 2, 3


def _at(match: re.Match[str], start: int) -> Passage:
    """A cell as it stands in the file; where it broke, its lines are one."""
    plain = match[0].strip()
    begin = start + match.start() + match[0].index(plain)
    return Passage("cell", plain.replace("\n", " "), ((0, begin),), begin + len(plain))


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
