"""Devices with their values in lines below what these are of: "Memory size", then "RTX 3060 12 GB".

A line that is nothing but the name of an attribute, and behind it at least two that are a device and one
value of it, are a table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.document import Table
from whichgpu.audit.values.attributes import headed, named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.values.attributes import Attribute
    from whichgpu.hardware.catalogue import Catalogue

#: Characters of a line at most, lines between a name and its first device, and devices at least.
_LONGEST, _BETWEEN, _DEVICES = 70, 2, 2
#: Before the name of a device, and between it and its value.
_LEAD = re.compile(r"(?:NVIDIA|AMD|Intel|GeForce|Radeon|Tesla|Quadro|\s)*", re.IGNORECASE)
#: In what is no value but how one is worked out.
_WORKED = re.compile(r"[=*\u00d7+]|\sx\s")
_APART = re.compile(r"\s*[:=\u2013\u2014-]?\s+")


def underneath(
    every: Sequence[Passage], catalogue: Catalogue, fits: Callable[[Passage, Attribute, str], bool]
) -> Iterator[tuple[Table, Sequence[Passage]]]:
    """Every such table, with the lines that it takes; `fits` says whether a value can be an attribute's."""
    for index, line in enumerate(every):
        attribute = headed(line.text) if len(line.text) <= _LONGEST else None
        # "Quick reference (VRAM; bandwidth; power)" heads lists of several values each.
        if attribute is None or len({each.attribute.key for each in named(line.text)}) > 1:
            continue
        for at in range(index + 1, index + 2 + _BETWEEN):
            rows = list(_rows(every[at:], catalogue))
            if len(rows) >= _DEVICES and all(fits(value, attribute, line.text) for _, value in rows):
                yield Table(((None, line), *rows)), [line, *every[at : at + len(rows)]]
                break


def _rows(every: Sequence[Passage], catalogue: Catalogue) -> Iterator[tuple[Passage, Passage]]:
    """The lines from the first one on that are a device and a value behind it."""
    for line in every:
        found = list(mentions(line.text, catalogue)) if len(line.text) <= _LONGEST else []
        begins = _LEAD.match(line.text)
        if len(found) != 1 or begins is None or found[0].start > begins.end():
            return
        apart = _APART.match(line.text, found[0].end)
        rest = line.text[apart.end() :] if apart else ""
        if apart is None or not re.match(r"[~\u2248]?[$\d]", rest) or _WORKED.search(rest):
            return
        yield line.part(0, found[0].end), line.part(apart.end(), len(line.text))
