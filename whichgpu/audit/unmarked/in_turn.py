"""Values that stand in the order of devices named above: "RTX A4000, RTX A5000", then "TDP: 140, 230 W".

A line names several devices and no amount; each line of a run below has the name of an attribute and as many
values, parted by one mark. "gpu=T4 vram=16GB tdp=70W", a line to a device, names what each value is of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.document import Passage, Table
from whichgpu.audit.values.attributes import headed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from whichgpu.audit.values.attributes import Attribute
    from whichgpu.hardware.catalogue import Catalogue

    _Found = tuple[Table, Sequence[Passage]]
    _Fits = Callable[[Passage, Attribute, str], bool]

#: Characters of a line at most; devices, and rows below them, at least.
_LONGEST, _DEVICES, _ROWS = 160, 2, 2
#: Columns of a table of names and values.
_SHEET = 2
#: The name of an attribute, and what stands between it and its first value.
_NAME = re.compile(
    r"(?P<name>[A-Za-z][A-Za-z\d .()/-]{0,34}?)(?:\s*[:=]\s*|\s{2,}|\s+[-\u2013\u2014]\s+)"
    r"(?=[$~\u2248]?\d|[A-Z])"
)
#: The same with nothing between them: "TDP 350 / 450 W".
_PLAIN_NAME = re.compile(r"(?P<name>[A-Za-z][A-Za-z .()-]{1,34}?)\s+(?=[$~\u2248]?\d)")
#: Marks that part values, the clearest first; a comma with a blank, since one without is in a number.
_MARKS = (
    re.compile(r"\s*;\s*"),
    re.compile(r"\s*\|\s*"),
    re.compile(r"\s+vs\.?\s+|\s+versus\s+", re.IGNORECASE),
    re.compile(r"\s+/\s+"),
    re.compile(r",\s+(?:and\s+)?"),
    re.compile(r"\s*/\s*"),
)
#: What a value of words may be.
_WORD = re.compile(r"(?:GDDR\d[Xx]?|HBM\d?[Ee]?|yes|no|none|-|\u2013|[A-Z][a-z]+(?: [A-Z][a-z]+)?)")
_OF_MEMORY = re.compile(r"\b(?:GDDR|HBM)\d")
_BARE = re.compile(r"[~\u2248]?[\d.,]+")
_UNIT = re.compile(r"[~\u2248]?[\d.,]+(?P<unit>\s?-?[A-Za-z][A-Za-z/]*)")
#: A value beside its name without a blank; such pairs of a line, and lines, at least.
_PAIR = re.compile(
    r"(?P<name>[A-Za-z][\w.-]{1,24})=(?P<quote>[\"']?)"
    r"(?P<value>[^\s\"']+(?:(?<=\d) [GT]B(?:/s)?)?)(?P=quote)|"
    # Of a data file with a record to a line.
    r"\"(?P<key>[A-Za-z]\w{1,24})\":\s*(?P<told>\"[^\"]{1,40}\"|\d[\d.]*)"
)
_PAIRS = 4


def in_turn(every: Sequence[Passage], catalogue: Catalogue, fits: _Fits) -> Iterator[_Found]:
    """Every such table, with the lines that it takes; `fits` says whether a value can be an attribute's."""
    at = 0
    while at < len(every):
        count = _devices(every[at], catalogue)
        rows = list(_rows(every[at + 1 :], count, fits)) if count >= _DEVICES else []
        if len(rows) >= _ROWS:
            yield Table(tuple(rows), (), every[at].text), every[at : at + 1 + len(rows)]
        at += 1 + len(rows)
    yield from _paired(every, catalogue)


def _devices(line: Passage, catalogue: Catalogue) -> int:
    """How many devices a line names that says nothing of them; 0 of a line that does."""
    if len(line.text) > _LONGEST:
        return 0
    found = list(mentions(line.text, catalogue))
    rest = line.text
    for each in reversed(found):
        rest = rest[: each.start] + rest[each.end :]
    # A sentence about them has words of its own, and figures.
    plain = len(re.findall(r"[A-Za-z]{3,}", rest)) <= _WORDS and not re.search(r"\d", rest)
    return len({each.ids for each in found}) if plain else 0


#: Words beside the names: "Comparison (values in the order RTX 5070 / RTX 5080)".
_WORDS = 9


def _rows(below: Sequence[Passage], count: int, fits: _Fits) -> Iterator[tuple[Passage, ...]]:
    """The rows from the first line on, up to one that is none."""
    for line in below:
        row = _row(line, count, fits)
        if not row:
            return
        yield row


def _row(line: Passage, count: int, fits: _Fits) -> tuple[Passage, ...]:
    """The name and the values of a line; none where they are not as many as the devices."""
    name = (_NAME.match(line.text) or _PLAIN_NAME.match(line.text)) if len(line.text) <= _LONGEST else None
    if name is None:
        return ()
    values = line.part(name.end(), len(line.text.rstrip(" .")))
    return _values(line.part(*name.span("name")), values, count, fits)


def _values(label: Passage, line: Passage, count: int, fits: _Fits) -> tuple[Passage, ...]:
    """A name and so many values of it, as cells; none where a text is not so many values."""
    if label.text.strip(" :").lower() == "type" and _OF_MEMORY.search(line.text):
        label = label._replace(text="Memory type")
    attribute = headed(label.text)
    if attribute is None:
        return ()
    for mark in _MARKS:
        ends = [0, *(end for found in mark.finditer(line.text) for end in found.span())]
        spans = list(zip(ends[::2], [*ends[1::2], len(line.text)], strict=True))
        if len(spans) == count:
            break
    else:
        return ()
    cells = [line.part(*span) for span in spans]
    # "448, 768, 768 GB/s": the unit of the last is that of all.
    last = _UNIT.match(cells[-1].text)
    if last and all(_BARE.fullmatch(each.text) for each in cells[:-1]):
        label = label._replace(text=f"{label.text} ({last['unit'].strip(' -')})")
    right = all(fits(each, attribute, label.text) or _WORD.fullmatch(each.text) for each in cells)
    return (label, *cells) if right else ()


def of_tables(tables: Sequence[Table], catalogue: Catalogue, fits: _Fits) -> Iterator[Table]:
    """Tables of a name and the values of several devices to a row, with those a column each."""
    for table in (each for each in tables if each.columns == _SHEET):
        # The devices stand in the first row: "Graphics card | RTX 3080 / RTX 4080".
        first = table.cell(0, 1)
        caption, count = "", 0
        for text in (table.caption, first.text if first else ""):
            if count < _DEVICES and text:
                caption, count = text, _devices(Passage("cell", text, ((0, 0),), len(text)), catalogue)
        if count < _DEVICES:
            continue
        both = [(row[0], row[1]) for row in table.rows if len(row) == _SHEET]
        rows = [_values(name, told, count, fits) for name, told in both if name and told]
        rows = [row for row in rows if row]
        if len(rows) >= max(_ROWS, len(table.rows) // 2):
            yield Table(tuple(rows), (), caption)


def _paired(every: Sequence[Passage], catalogue: Catalogue) -> Iterator[_Found]:
    """Lines of a device each whose values stand behind the names of what they are of."""
    at = 0
    while at < len(every):
        names = _names(every[at])
        end = at
        while end < len(every) and names and _names(every[end]) == names:
            end += 1
        if end - at >= _DEVICES and len(names) >= _PAIRS and _each_is_one(every[at:end], catalogue):
            first = list(_PAIR.finditer(every[at].text))
            heads = tuple(every[at].part(*_span(each, "name", "key")) for each in first)
            heads = tuple(each._replace(text=each.text.replace("_", " ")) for each in heads)
            lines = every[at:end]
            rows = [
                tuple(line.part(*_span(each, "value", "told")) for each in _PAIR.finditer(line.text))
                for line in lines
            ]
            yield Table((heads, *rows)), lines
        at = max(end, at + 1)


def _names(line: Passage) -> list[str]:
    # Few lines have such pairs, and to look for their names takes long.
    paired = "=" in line.text or '":' in line.text
    return [each["name"] or each["key"] for each in _PAIR.finditer(line.text)] if paired else []


def _span(found: re.Match[str], one: str, other: str) -> tuple[int, int]:
    """Where the one or the other group stands, without the quotes around it."""
    start, end = found.span(one) if found[one] else found.span(other)
    quoted = found.string[start] == '"'
    return start + quoted, end - quoted


def _each_is_one(lines: Sequence[Passage], catalogue: Catalogue) -> bool:
    """Whether the first value of each line is the name of a device."""
    firsts = (_PAIR.search(line.text) for line in lines)
    return all(first and any(mentions(first["value"] or first["told"], catalogue)) for first in firsts)
