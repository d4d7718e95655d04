"""Cards of a line each: the name of a device alone, and below it "Cuda cores: 4352", "Architecture: Turing".

One such block behind the other is a comparison without a table. Each is a table of one device, so that no
value of one is read as that of the device before.
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

#: A name and its value in a line.
_ENTRY = re.compile(
    r"(?P<name>[^\W\d_][^:=\uff1a]{1,39}?)(?:\s?[:=]\s+|\uff1a|\s[-\u2013\u2014]\s)\s*"
    r"(?P<value>\S[^:\uff1a]{0,59})"
)
#: Names whose values are words.
_OF_WORDS = re.compile(
    r"(?:gpu )?(?:architecture|chip|code ?name|process|foundry|memory type)|"
    r"(?:release|launch)(?:ed)?(?: date| year)?",
    re.IGNORECASE,
)
#: What has a device, and memory and power of its own.
_MACHINE = re.compile(
    r"\b(?:servers?|builds?|rigs?|nodes?|box|systems?|workstation|pc|machine|setup)\b", re.IGNORECASE
)
#: What stands in brackets behind a name and tells no form of it: "(Ada Lovelace)".
_ASIDE = re.compile(r"\s*\([A-Za-z][A-Za-z ]{2,24}\)\s*$")
#: What a name is said to be: "Ficha t\u00e9cnica: GeForce GTX 1080 Ti", "Test - RTX 4070".
_SAID = re.compile(r"^[^\W\d_][^\d:\uff1a]{2,32}(?::\s+|\uff1a\s*|\s[-\u2013\u2014]\s)(?=\S)")
#: Characters of a name alone, beside which no more than its maker stands.
_ALONE, _BESIDE = 44, 12
#: Entries of a block, those of them that are known, and blocks that are no chance.
_ENTRIES, _KNOWN, _BLOCKS = 4, 3, 2


def keyed(every: Sequence[Passage], catalogue: Catalogue) -> Iterator[tuple[Table, Sequence[Passage]]]:
    """Every block of a document that has several, with the lines that it takes."""
    found = list(_blocks(every, catalogue))
    if len(found) >= _BLOCKS:
        yield from found


def _blocks(every: Sequence[Passage], catalogue: Catalogue) -> Iterator[tuple[Table, Sequence[Passage]]]:
    at = 0
    while at < len(every):
        end = at + 1
        while end < len(every) and _is_entry(every[end], catalogue):
            end += 1
        if end - at > _ENTRIES and _is_alone(every[at], catalogue):
            rows = [_row(line) for line in every[at + 1 : end]]
            if sum(_is_known(name.text) for name, _ in rows) >= _KNOWN:
                yield Table(tuple(rows), (), every[at].text), every[at:end]
        at = end


def _is_entry(line: Passage, catalogue: Catalogue) -> bool:
    """Whether a line is a name and its value, and not the head of the next block."""
    told = _ENTRY.fullmatch(line.text)
    return told is not None and (_is_known(told["name"]) or not _is_alone(line, catalogue))


def _is_alone(line: Passage, catalogue: Catalogue) -> bool:
    """Whether a line is the name of one device and nothing else."""
    text = _SAID.sub("", _ASIDE.sub("", line.text))
    short = len(text) <= _ALONE and not _MACHINE.search(text)
    found = list(mentions(text, catalogue)) if short else []
    return len(found) == 1 and len(text) - (found[0].end - found[0].start) <= _BESIDE


def _is_known(name: str) -> bool:
    return headed(name) is not None or _OF_WORDS.fullmatch(name.strip()) is not None


def _row(line: Passage) -> tuple[Passage, Passage]:
    """The name of an entry and its value, as cells."""
    match = _ENTRY.fullmatch(line.text)
    places = [match.span(each) if match else (0, 0) for each in ("name", "value")]
    name, value = (line.part(*each)._replace(kind="cell") for each in places)
    return name, value
