"""Rows of devices whose cells ran together: "RTX 40901638424GB(1008GB/s)450W", a device to a line.

Where the name ends, and the cores before the memory, is not in the text. It is where most of what a row then
states is its device's; what is left over is what the text states, right or wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.document import Table
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

#: Characters of such a line and of a name at most; rows that are a table, and values that show a reading.
_LONGEST, _NAME, _ROWS, _SHOWN = 120, 36, 3, 2
#: What is told behind the name: the cores and the memory, a bandwidth, a power, in this order or not at all.
_REST = tuple(
    re.compile(
        rf"(?P<cores>\d{{{digits}}})(?P<memory>[1-9]\d{{0,2}}\s?GB)"
        r"(?:\s?\(?(?P<bandwidth>\d[\d.,]*\s?[GT]B/s)\)?)?(?:\s?(?P<power>\d{2,4}\s?W))?(?![A-Za-z/]).*"
    )
    for digits in (3, 4, 5)
)
#: Digits that ran together before a size, and the makers that may stand before a name.
_RUN = re.compile(r"\d{5,8}\s?GB")
_MAKER = re.compile(r"(?:NVIDIA|AMD|GeForce|Radeon|\s)*", re.IGNORECASE)
_COLUMNS = ("CUDA cores", "Memory", "Bandwidth", "Power")
_KEYS = ("cores", "memory", "bandwidth", "power")
_UNIT = {"cores": 1.0, "bandwidth": 1e9, "power": 1.0}
_NEAR = 0.01


class _Reading(NamedTuple):
    """How many values of a row are its device's, and the name and the values as cells."""

    right: int
    cells: tuple[Passage | None, ...]


def strung(every: Sequence[Passage], catalogue: Catalogue) -> Iterator[tuple[Table, Sequence[Passage]]]:
    """Every such table, with the lines that it takes."""
    at = 0
    while at < len(every):
        rows: list[tuple[Passage | None, ...]] = []
        while at + len(rows) < len(every) and (row := _row(every[at + len(rows)], catalogue)):
            rows.append(row)
        if len(rows) >= _ROWS:
            first = every[at].part(0, 0)
            head = (None, *(first._replace(text=name) for name in _COLUMNS))
            yield Table((head, *rows)), every[at : at + len(rows)]
        at += max(len(rows), 1)


def _row(line: Passage, catalogue: Catalogue) -> tuple[Passage | None, ...]:
    """The name and the values of a line by the one reading that most values bear out; else none."""
    if len(line.text) > _LONGEST or not _RUN.search(line.text):
        return ()
    found = sorted(_readings(line, catalogue), key=lambda each: -each.right)
    if not found or found[0].right < _SHOWN or (len(found) > 1 and found[1].right == found[0].right):
        return ()
    return found[0].cells


def _readings(line: Passage, catalogue: Catalogue) -> Iterator[_Reading]:
    """Every way to part a line into a name and its values."""
    for end in range(3, min(_NAME, len(line.text))):
        if not line.text[end].isdigit():
            continue
        named = list(mentions(line.text[:end], catalogue))
        if len(named) != 1 or named[0].end != end or not _MAKER.fullmatch(line.text, 0, named[0].start):
            continue
        for match in (each.fullmatch(line.text, end) for each in _REST):
            if match:
                gpus = [catalogue[key] for key in named[0].ids]
                right = max(sum(_is_of(match, key, gpu) for key in _KEYS) for gpu in gpus)
                cells = (line.part(*match.span(key)) if match[key] else None for key in _KEYS)
                yield _Reading(right, (line.part(0, end), *cells))


def _is_of(match: re.Match[str], key: str, gpu: Gpu) -> bool:
    """Whether a value of a reading is the device's."""
    known = gpu.value(key)
    if not match[key] or not isinstance(known, int | float) or not known:
        return False
    told = float(re.sub(r"[^\d.]", "", match[key].replace(",", "")))
    if key == "memory":
        return nominal_gb(float(known)) == told
    return abs(told * _UNIT[key] / float(known) - 1) < _NEAR
