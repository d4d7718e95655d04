"""Tables that lost their marks: a cell to a line, or the values of several devices in one line behind a name.

"Memory bandwidth / 936 GB/s / 504 GB/s", "24 GB / Memory size / 48 GB" and "TDP 140 W 70 W" are rows of two
devices, which a line above them names. Which column is whose is a guess that `tables` proves by the values.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from whichgpu.audit.attributes import headed
from whichgpu.audit.binding import fitting
from whichgpu.audit.document import Passage, Table
from whichgpu.audit.quantities import quantities
from whichgpu.audit.readers._lines import lines
from whichgpu.audit.subjects import mentions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.attributes import Attribute
    from whichgpu.audit.document import Document
    from whichgpu.hardware.catalogue import Catalogue

#: Characters of a cell, of a row in one line, and of a line that names the devices, at most.
_CELL, _ROW, _NAMES = 44, 110, 160
#: Rows that are a table, and devices that it can have.
_ROWS, _DEVICES = 3, range(2, 7)
_EMPTY = re.compile(r"[-\u2013\u2014\u2212?]|n/?a|none|unknown|no|yes", re.IGNORECASE)
_TYPE = r"(?:GDDR\d[Xx]?|HBM\d?[Ee]?)"
#: A value as it stands in a row of one line, where nothing may part it from the next.
_VALUE = re.compile(
    rf"\s*(?P<value>~?\d[\d.,]*\s?(?:[GT]i?B/s|[GT]i?B|W(?:att)?s?|[MG]Hz|nm|-?\s?[Bb]its?|[TG]FLOPS|TOPS|mm\u00b2|million)|{_TYPE}|"
    r"[-\u2013\u2014]|\d[\d.,]*(?=\s|$))(?:\s*\([^()]{1,12}\))?"
)


class _Row(NamedTuple):
    """The cells of a row, the name first, and the way in which it is written."""

    cells: tuple[Passage, ...]
    way: str


def tabled(document: Document, catalogue: Catalogue) -> Document:
    """A document with its tables without marks as tables, their lines no longer read as sentences."""
    every = _lines(document)
    found: list[Table] = []
    taken: list[tuple[int, int]] = []
    for caption, count, part in _parts(every, catalogue):
        rows = _rows(part, count)
        if len(rows) >= _ROWS:
            found.append(Table(tuple(row.cells for row in rows), (), caption))
            cells = [cell for row in rows for cell in row.cells]
            first, last = min(cell.start for cell in cells), max(cell.end for cell in cells)
            # What stands between is of the table too, as its rows that are not known.
            taken += [
                (each.start, each.end)
                for each in part
                if first <= each.start <= last and len(each.text) <= _ROW
            ]
    if not found:
        return document
    passages = [*(_hidden(each, taken) for each in document.passages)]
    passages += [cell for table in found for cell in table]
    return document._replace(passages=tuple(passages), tables=(*document.tables, *found))


def _lines(document: Document) -> list[Passage]:
    """The lines of a document that are not empty; of a page its blocks."""
    if document.form == "html":
        return [each._replace(kind="cell") for each in document.passages if each.kind not in ("cell", "code")]
    found = []
    for line in lines(document.original):
        text = line.text.strip(" \t*\u2022|")
        if text and "|" not in text:
            start = line.start + line.text.index(text)
            found.append(Passage("cell", text, ((0, start),), start + len(text)))
    return found


def _parts(every: Sequence[Passage], catalogue: Catalogue) -> Iterator[tuple[str, int, Sequence[Passage]]]:
    """The lines below each that names several devices, with its text and their number."""
    heads: list[tuple[int, str, int]] = []
    run: list[Passage] = []
    known: set[tuple[str, ...]] = set()
    for index, line in enumerate(every):
        found = {each.ids for each in mentions(line.text, catalogue)} if len(line.text) <= _NAMES else set()
        alone = len(found) == 1 and len(line.text) <= _CELL
        run = [*run, line] if alone else []
        if len(run) in _DEVICES or len(found) in _DEVICES:
            caption = " / ".join(each.text for each in run or [line])
            known = {each.ids for each in mentions(caption, catalogue)}
            heads.append((index + 1, caption, len(known)))
        elif alone and found - known:
            # The card of another device begins.
            heads.append((index + 1, "", 0))
    ends = [*(at for at, _, _ in heads[1:]), len(every)][: len(heads)]
    for (at, caption, count), end in zip(heads, ends, strict=True):
        if count in _DEVICES:
            yield caption, count, every[at:end]


def _rows(part: Sequence[Passage], count: int) -> list[_Row]:
    """The rows of the way in which most of them are written."""
    short = [each for each in part if each.text != "?" and len(each.text) <= _ROW]
    found = [row for index in range(len(short)) for row in _row(short, index, count)]
    ways = [row.way for row in found]
    best = max(ways, key=ways.count, default="")
    return [row for row in found if row.way == best]


def _row(short: Sequence[Passage], index: int, count: int) -> Iterator[_Row]:
    """The row whose name stands in a line, by each way in which it may be written."""
    name = short[index]
    if re.search(r"\d", name.text) and (cells := _in_one(name, count)):
        yield _Row(cells, "one line")
        return
    attribute = headed(name.text) if len(name.text) <= _CELL else None
    if attribute is None:
        return
    behind = short[index + 1 : index + 1 + count]
    if len(behind) == count and all(_fits(each, attribute) for each in behind):
        yield _Row((name, *behind), "below")
    around = [*short[index - 1 : index], *short[index + 1 : index + 2]] if index else []
    if count == len(around) and all(_fits(each, attribute) for each in around):
        yield _Row((name, *around), "around")


def _fits(cell: Passage, attribute: Attribute) -> bool:
    """Whether a line can be a value of an attribute, or says that there is none."""
    if len(cell.text) > _CELL:
        return False
    text = attribute.dimension == "text"
    known = (
        re.search(_TYPE, cell.text) if text else any(True for _ in fitting(attribute, quantities(cell.text)))
    )
    return bool(known) or _EMPTY.fullmatch(cell.text) is not None


def _in_one(line: Passage, count: int) -> tuple[Passage, ...]:
    """The name and the values of a row in one line; none where it is no row."""
    first = re.search(rf"(?<=\D)\d|{_TYPE}", line.text)
    if first is None:
        return ()
    name = line.part(0, len(line.text[: first.start()].rstrip(" :")))
    cells, at = [], first.start()
    while found := _VALUE.match(line.text, at):
        cells.append(line.part(*found.span("value")))
        at = found.end()
    attribute = headed(name.text) if len(cells) == count and not line.text[at:].strip() else None
    return (name, *cells) if attribute and all(_fits(cell, attribute) for cell in cells) else ()


def _hidden(passage: Passage, taken: Sequence[tuple[int, int]]) -> Passage:
    """A passage that holds cells of such a table, no longer read for sentences."""
    held = any(passage.start < end and start < passage.end for start, end in taken)
    return passage._replace(kind="code") if held and passage.kind != "cell" else passage
