"""Rows of devices whose cells ran together, a device to a line: "RTX 40901638424GB(1008GB/s)450W".

Where the name ends, and the cores before the memory, is not in the text; nor is the dot of "HBM33.35 TB/s"
the first of a number. It is where most of what a row then states is its device's; what is left over is what
the text states, right or wrong. What a value is of its unit tells.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.families import anywhere, is_of
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.document import Table
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

#: Characters of such a line and of a name at most; rows that are a table, and values that show a reading.
_LONGEST, _NAME, _ROWS, _SHOWN = 160, 36, 3, 2
#: What rows may tell, by the heading of a column; a number of cores ends before a size or has its comma.
_COLUMNS: Mapping[str, str] = {
    "architecture": "Architecture", "cores": "CUDA cores", "memory": "Memory", "bandwidth": "Bandwidth",
    "power": "Power", "process": "Process",
}  # fmt: skip
_CORES = (r"\d{3}", r"\d{4}", r"\d{5}")
_SIZE = r"[1-9]\d{0,2}\s?GB"
_TYPE = r"(?:\s?(?:GDDR\dX?|HBM\d?e?|LPDDR\dx?))?"
#: A line that may be such a row: a size glued to what stands before it.
_RUN = re.compile(rf"(?:[A-Za-z]|\d{{3}}){_SIZE}")
#: What heads such rows: a line without figures.
_HEAD = re.compile(r"(?:GPU|Card|Model|Chip|Accelerator|Name)[^\d]*$", re.IGNORECASE)
_MAKER = re.compile(r"(?:NVIDIA|AMD|GeForce|Radeon|\s)*", re.IGNORECASE)
_UNIT = {"cores": 1.0, "bandwidth": 1e9, "power": 1.0}
_NEAR = 0.01

#: The values of a row: what each is of, and from where to where it stands.
_Values = tuple[tuple[str, tuple[int, int]], ...]


class _Reading(NamedTuple):
    """How many values of a row are its device's, where its name ends, and the values."""

    right: int
    end: int
    values: _Values


class _Row(NamedTuple):
    """How many values of a line are its device's, and the name and the values as cells."""

    right: int
    cells: tuple[Passage | None, ...]


def strung(every: Sequence[Passage], catalogue: Catalogue) -> Iterator[tuple[Table, Sequence[Passage]]]:
    """Every such table, with the lines that it takes."""
    at = 0
    while at < len(every):
        rows: list[_Row] = []
        while at + len(rows) < len(every) and (row := _row(every[at + len(rows)], catalogue)):
            rows.append(row)
        headed = at > 0 and _HEAD.match(every[at - 1].text) is not None
        if sum(each.right >= _SHOWN for each in rows) >= _ROWS - headed:
            first = every[at].part(0, 0)
            head = (None, *(first._replace(text=name) for name in _COLUMNS.values()))
            yield Table((head, *(each.cells for each in rows))), every[at : at + len(rows)]
        at += max(len(rows), 1)


def _row(line: Passage, catalogue: Catalogue) -> _Row | None:
    """The name and the values of a line by the one reading that most values bear out; else none."""
    if len(line.text) > _LONGEST or not _RUN.search(line.text):
        return None
    found = sorted(_readings(line.text, catalogue), key=lambda each: (-each.right, -each.end))
    # "A100 40GB40 GB": of two names before the same values the longer one stands there.
    others = [each for each in found[1:] if each.right == found[0].right and each.values != found[0].values]
    if not found or not found[0].right or others:
        return None
    told = dict(found[0].values)
    cells = (line.part(*told[key]) if key in told else None for key in _COLUMNS)
    return _Row(found[0].right, (line.part(0, found[0].end), *cells))


def _readings(text: str, catalogue: Catalogue) -> Iterator[_Reading]:
    """Every way to part a line into a name and its values."""
    for end in range(2, min(_NAME, len(text))):
        ways = list(_values(text, end, ()))
        named = list(mentions(text[:end], catalogue)) if ways else ()
        if len(named) != 1 or named[0].end != end or not _MAKER.fullmatch(text, 0, named[0].start):
            continue
        gpus = [catalogue[key] for key in named[0].ids]
        for way in ways:
            right = max(sum(_is_of(text[slice(*place)], key, gpu) for key, place in way) for gpu in gpus)
            yield _Reading(right, end, way)


@cache
def _pieces() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """What may stand next in a row, each with what it is of."""
    whole = {
        "architecture": rf"(?:{anywhere()})(?-i:(?![a-z]))",
        "memory": rf"(?:(?P<again>\d{{1,3}})\s?GB\s?(?=(?P=again)\s?GB))?(?P<value>{_SIZE}{_TYPE})(?!/s)",
        "bandwidth": r"\(?(?P<value>\d[\d.,]*\s?[GT]B/s)\)?",
        "power": r"(?P<value>\d{2,4}\s?W(?:atts?)?)(?-i:(?![a-z/]))",
        "process": r"(?P<value>\d{1,2}\s?nm)(?-i:(?![a-z]))",
    }
    cores = (*(rf"(?P<value>{digits})(?={_SIZE})" for digits in _CORES), r"(?P<value>\d{1,2},\d{3})(?!\d)")
    every = [*whole.items(), *(("cores", each) for each in cores)]
    return tuple((key, re.compile(rf"\s?{pattern}", re.IGNORECASE)) for key, pattern in every)


def _values(text: str, at: int, before: _Values) -> Iterator[_Values]:
    """Every way in which values of different kinds stand behind a place, up to what is none."""
    seen = {key for key, _ in before}
    ended = True
    for key, pattern in _pieces():
        match = pattern.match(text, at) if key not in seen else None
        if match:
            ended = False
            place = match.span("value") if "value" in pattern.groupindex else match.span()
            yield from _values(text, match.end(), (*before, (key, place)))
    if ended and len(before) >= _SHOWN:
        yield before


def _is_of(told: str, key: str, gpu: Gpu) -> bool:
    """Whether a value of a reading is the device's."""
    if key == "architecture":
        return is_of(gpu, told.strip())
    known = gpu.value(key) if key in (*_UNIT, "memory") else None
    if not isinstance(known, int | float) or not known:
        return False
    number = float(re.sub(r"[^\d.]", "", told.replace(",", "").partition("B")[0].rstrip("GT ")))
    if key == "memory":
        return nominal_gb(float(known)) == number
    number *= 1e3 if "TB" in told else 1.0
    return abs(number * _UNIT[key] / float(known) - 1) < _NEAR * (5 if "TB" in told else 1)
