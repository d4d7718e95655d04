"""Tables of speeds that lost their marks, a device to a line: "GPU Batch 1 Batch 8", then "L4 15 118".

The line above the header tells what is measured. Cells are parted by blanks or strokes: "2x A40 / 31 / 6.2".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.document import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.hardware.catalogue import Catalogue

#: Characters of such a line, before the name of its device and of the name at most, rows, columns.
_LINE, _BEFORE, _NAME, _ROWS, _COLUMNS = 120, 6, 44, 2, 2
#: Lines above a header that tell what it is of, and how much of them.
_ABOVE, _TOLD = 2, 400
#: What a cell has: a number, or that there is none.
_NUMBER = r"[~\u2248]?\d[\d.,]*"
_NONE = r"[-\u2013\u2014]|n/?a|oom|out of memory|does not fit|too big|crash(?:ed)?|failed"
_VALUE = re.compile(rf"(?:{_NUMBER}|{_NONE})", re.IGNORECASE)
_VALUES = re.compile(rf"(?:\s+(?:{_NUMBER}|{_NONE}))+$", re.IGNORECASE)
_EACH = re.compile(rf"{_NUMBER}|{_NONE}", re.IGNORECASE)
#: Behind the device of a row, what is of its name.
_REST = re.compile(r"(?:\s+(?:\([^()]{1,20}\)|[A-Za-z][\w-]{0,9}|\d{1,3}\s?GB))*", re.IGNORECASE)
_STROKE = re.compile(r"\s+/\s+")
_WORD = re.compile(r"\S+")
_FIRST = re.compile(
    r"\W*(?:gpus?|cards?|set-?ups?|devices?|accelerators?|hardware|systems?|machines?|rigs?|boards?)\b\s*",
    re.IGNORECASE,
)
#: Words of what is measured.
_SPEEDS = re.compile(
    r"\b(?:tok(?:en)?s?|t/s|tps|images?|imgs?|samples?|frames?|fps|it/s|iterations?|sequences?|requests?|"
    r"throughput|speeds?|benchmarks?)\b",
    re.IGNORECASE,
)


def gridded(every: Sequence[Passage], catalogue: Catalogue) -> Iterator[tuple[Table, Sequence[Passage]]]:
    """Every such table, with the lines that it takes."""
    at = 1
    while at + 1 < len(every):
        rows = _rows(every[at:], catalogue)
        head = _head(every[at - 1], len(rows[0]), catalogue) if len(rows) >= _ROWS else ()
        above = " ".join(each.text for each in every[max(0, at - 1 - _ABOVE) : at - 1])[-_TOLD:]
        if head and _SPEEDS.search(f"{above} {every[at - 1].text}"):
            yield Table((head, *rows), every[at].section, above), every[at - 1 : at + len(rows)]
        at += max(len(rows), 1)


def _rows(below: Sequence[Passage], catalogue: Catalogue) -> list[tuple[Passage, ...]]:
    """The rows that stand below each other, all with as many cells."""
    rows: list[tuple[Passage, ...]] = []
    for line in below:
        row = _row(line, catalogue)
        if len(row) <= _COLUMNS or (rows and len(row) != len(rows[0])):
            break
        rows.append(row)
    return rows


def _row(line: Passage, catalogue: Catalogue) -> tuple[Passage, ...]:
    """The name and the values of a row; none where a line is no row."""
    text = line.text
    if len(text) > _LINE or not re.search(r"\d", text):
        return ()
    parts = _parts(line)
    if len(parts) > _COLUMNS:
        named = len({each.ids for each in mentions(parts[0].text, catalogue)}) == 1
        whole = named and len(parts[0].text) <= _NAME and all(_VALUE.fullmatch(p.text) for p in parts[1:])
        return parts if whole else ()
    found = list(mentions(text, catalogue))
    if len(found) != 1 or found[0].start > _BEFORE:
        return ()
    rest = _VALUES.search(text, found[0].end)
    if rest is None or not _REST.fullmatch(text, found[0].end, rest.start()):
        return ()
    values = (line.part(*match.span()) for match in _EACH.finditer(text, rest.start()))
    return (line.part(0, rest.start()), *values)


def _parts(line: Passage) -> tuple[Passage, ...]:
    """The parts of a line between strokes."""
    cuts = [match.span() for match in _STROKE.finditer(line.text)]
    starts, ends = [0, *(end for _, end in cuts)], [*(start for start, _ in cuts), len(line.text)]
    return tuple(line.part(a, b) for a, b in zip(starts, ends, strict=True) if a < b)


def _head(line: Passage, width: int, catalogue: Catalogue) -> tuple[Passage, ...]:
    """The names of so many columns in a line: parts between strokes, words, or one word again and again."""
    parts = _parts(line)
    if len(parts) == width:
        return () if _VALUE.fullmatch(parts[1].text) else parts
    first = _FIRST.match(line.text)
    if first is None or len(line.text) > _LINE or any(True for _ in mentions(line.text, catalogue)):
        return ()
    words = [match.span() for match in _WORD.finditer(line.text, first.end())]
    if len(words) != width - 1 and words:
        # "Batch 1 Batch 32": each begins with the same word.
        again = line.text[slice(*words[0])]
        starts = [start for start, end in words if line.text[start:end] == again]
        ends = [*starts[1:], len(line.text)]
        words = [(a, a + len(line.text[a:b].rstrip())) for a, b in zip(starts, ends, strict=True)]
    if len(words) != width - 1:
        return ()
    return (line.part(0, len(first[0].rstrip())), *(line.part(*place) for place in words))
