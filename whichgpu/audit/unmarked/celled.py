"""Tables that lost their marks with every cell on a line of its own, row by row: a device, then its values.

The first lines name the columns ("GPU", "Architecture", "Boost clock"), each further run of as many lines
begins with a device. What stands where is then plain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.document import Table
from whichgpu.audit.values.attributes import headed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.hardware.catalogue import Catalogue

#: The column of the names.
_NAMES = re.compile(
    r"(?:gpus?|cards?|models?|devices?|accelerators?|graphics cards?|names?|product(?: name)?|"
    r"machines?|systems?|set-?ups?|modules?|boards?|laptops?|"
    r"(?:grafik)?karte|carte|tarjeta|modell|mod\u00e8le|modelo|modello|\u578b\u53f7)",
    re.IGNORECASE,
)
#: Characters of a cell, columns, and rows that are a table; columns that are known by their name.
_CELL, _MOST, _ROWS, _KNOWN = 60, 24, 2, 2
#: What of a line by a device's name says no more than which of its kind: "Desktop 4080", "GB200 (per GPU)".
_BESIDE = re.compile(r"\([^()]{1,20}\)|\b(?:desktop|laptop|tower|pc|card|gpu)\b", re.IGNORECASE)
#: A heading of money, a rate or a time: "Price per GPU hour", "Tokens per second", "Hours".
_TOLD = re.compile(
    r"\b(?:prices?|costs?|dollars?|rents?|rates?|watts?|speed|throughput|hours|minutes|seconds)\b|"
    r"[$\u20ac]|\w\s?/\s?\w|\bper\b",
    re.IGNORECASE,
)
#: How much of the first cell of a row the name of its device is at least.
_SHARE = 0.5


def celled(every: Sequence[Passage], catalogue: Catalogue) -> Iterator[tuple[Table, Sequence[Passage]]]:
    """Every such table, with the lines that it takes."""
    at = 0
    while at < len(every):
        width = _width(every, at, catalogue) if _NAMES.fullmatch(every[at].text) else 0
        rows = _rows(every, at + width, width, catalogue) if width else []
        if len(rows) < _ROWS:
            at += 1
            continue
        taken = every[at : at + width * (1 + len(rows))]
        yield Table((tuple(every[at : at + width]), *rows)), taken
        at += len(taken)


def _width(every: Sequence[Passage], at: int, catalogue: Catalogue) -> int:
    """How many columns a header has: its lines up to the first device; 0 where it is none."""
    for index in range(at + 1, min(at + _MOST, len(every))):
        if len(every[index].text) > _CELL:
            return 0
        if is_device(every[index], catalogue):
            names = [each.text for each in every[at + 1 : index]]
            known = sum(headed(name) is not None or _TOLD.search(name) is not None for name in names)
            return index - at if known >= _KNOWN else 0
    return 0


def _rows(
    every: Sequence[Passage], at: int, width: int, catalogue: Catalogue
) -> list[tuple[Passage, ...]]:  # fmt: skip
    """The rows from a line on, each of a device and as many cells as the header has."""
    rows: list[tuple[Passage, ...]] = []
    while at + width <= len(every):
        row = every[at : at + width]
        others = any(is_device(each, catalogue) for each in row[1:])
        if not is_device(row[0], catalogue) or others or any(len(each.text) > _CELL for each in row):
            break
        rows.append(tuple(row))
        at += width
    return rows


def is_device(line: Passage, catalogue: Catalogue) -> bool:
    """Whether a line is the name of one device and little else."""
    found = list(mentions(line.text, catalogue)) if len(line.text) <= _CELL else []
    if len(found) != 1:
        return False
    start, end = found[0].start, found[0].end
    rest = _BESIDE.sub("", f"{line.text[:start]}|{line.text[end:]}").replace("|", "").strip()
    return end - start >= _SHARE * (end - start + len(rest))
