"""Cards in a paragraph: "Tesla T4. Architecture: Turing. Memory: 16 GB GDDR6. TDP: 70 W." are a table.

A device is named first, and behind it stand names and their values in turn.
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

#: The beginning of a name and its value, behind the end of another or of the device's name.
_BEGINS = re.compile(
    r"(?:^|[.;,|\u00b7\u2022:\u2013\u2014]|\s-)\s+(?P<name>[A-Z][^:.;,|]{1,34}?)\s?:\s+(?=\S)"
)
#: Names whose values are words.
_OF_WORDS = re.compile(
    r"(?:gpu )?(?:architecture|chip|code ?name|process|foundry|memory type)|"
    r"(?:release|launch)(?:ed)?(?: date| year)?",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[\s.;,|\u00b7\u2022]+$")
#: Entries that make a card; characters of a value, of the name of a device and of such a paragraph at most.
_ENTRIES, _VALUE, _NAME, _LONGEST = 3, 60, 60, 1200


def carded(passages: Sequence[Passage], catalogue: Catalogue) -> Iterator[tuple[Table, Passage]]:
    """Every such table, with the passage that it is of."""
    for passage in passages:
        if passage.kind in ("paragraph", "item") and passage.text.count(":") >= _ENTRIES:
            table = _table(passage, catalogue) if len(passage.text) <= _LONGEST else None
            if table:
                yield table, passage


def _table(passage: Passage, catalogue: Catalogue) -> Table | None:
    text = passage.text
    found = list(_BEGINS.finditer(text))
    title = text[: found[0].start()].strip(" .:*") if found else ""
    ids = {each.ids for each in mentions(title, catalogue)} if len(title) <= _NAME else set()
    if len(ids) != 1 or len(found) < _ENTRIES:
        return None
    known = sum(bool(headed(each["name"]) or _OF_WORDS.fullmatch(each["name"])) for each in found)
    ends = [*(each.start() for each in found[1:]), len(text)]
    values = [_trimmed(text, each.end(), end) for each, end in zip(found, ends, strict=True)]
    if known < _ENTRIES or 3 * known < 2 * len(found) or any(b - a > _VALUE for a, b in values):
        return None
    if any(True for a, b in values for _ in mentions(text[a:b], catalogue)):
        return None
    rows = [
        (passage.part(*each.span("name"))._replace(kind="cell"), passage.part(*place)._replace(kind="cell"))
        for each, place in zip(found, values, strict=True)
        if place[0] < place[1]
    ]
    return Table(tuple(rows), passage.section, title)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """A stretch without what ends it."""
    last = _ENDS.search(text, start, end)
    return start, last.start() if last else end
