"""Records of a data file that a page shows: '"name": "NVIDIA T4", "memory_gb": 16' with an entry to a line.

Each record between braces is a table of the one device that its name, or the key before it, tells.
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

#: A key with its value, and the key of a record.
_ENTRY = re.compile(r"\"(?P<name>[\w ./-]{1,48})\"\s?:\s?\"?(?P<value>[^\"{}\[\]]{1,80}?)\"?,?")
_OPENS = re.compile(r"(?:\"(?P<key>[^\"]{1,60})\"\s?:\s?)?\{")
#: Keys of the name of a device, and entries of a record that are known, of as many records.
_NAMES = ("name", "gpu", "gpu_name", "model", "product", "card", "title")
_KNOWN, _RECORDS = 3, 2


def recorded(every: Sequence[Passage], catalogue: Catalogue) -> Iterator[tuple[Table, Sequence[Passage]]]:
    """Every record of a document that has several, with the lines that it takes."""
    found = list(_records(every, catalogue))
    if len(found) >= _RECORDS:
        yield from found


def _records(every: Sequence[Passage], catalogue: Catalogue) -> Iterator[tuple[Table, Sequence[Passage]]]:
    at = 0
    while at < len(every):
        opens = _OPENS.fullmatch(every[at].text)
        end = at + 1
        while opens and end < len(every) and _ENTRY.fullmatch(every[end].text):
            end += 1
        rows = [_row(line) for line in every[at + 1 : end]] if opens else []
        if opens and sum(headed(name.text) is not None for name, _ in rows) >= _KNOWN:
            told = [value.text for name, value in rows if name.text.lower() in _NAMES]
            text = next((each for each in [*told, opens["key"] or ""] if _is_one(each, catalogue)), "")
            if text:
                yield Table(tuple(rows), (), text), every[at:end]
        at = end


def _is_one(text: str, catalogue: Catalogue) -> bool:
    """Whether a text names one device."""
    return len({each.ids for each in mentions(text, catalogue)}) == 1


def _row(line: Passage) -> tuple[Passage, Passage]:
    match = _ENTRY.fullmatch(line.text)
    places = [match.span(each) if match else (0, 0) for each in ("name", "value")]
    name, value = (line.part(*each)._replace(kind="cell") for each in places)
    return name, value
