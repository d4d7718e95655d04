"""What heads a row or a column of a table: a device, so many of it, a machine that has it, or several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.rented import OF_GPUS
from whichgpu.audit.text.quantities import quantities
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.tables.cells import Cell
    from whichgpu.audit.values.attributes import Attribute

#: Rates of the units beside the tensor cores.
_RATES = ("flop rate", "op rate")
#: Headings of what a machine has in all.
_OF_ALL = re.compile(
    r"\b(?:total|systems?|nodes?|servers?|aggregate|combined|overall)\b(?!\s+(?:interface|bus))",
    re.IGNORECASE,
)


class Head(NamedTuple):
    """What heads a row or a column: the devices that its name may mean, and how many of it."""

    ids: tuple[str, ...]
    number: float = 1.0
    #: Whether it is a machine of a cloud, whose memory is the host's where nothing says that it is the GPUs'.
    rented: bool = False
    #: Whether it is a maker's machine, which draws power of its own.
    whole: bool = False
    #: Whether it is any of several devices, so that a cell may be right of the one and not of the other.
    either: bool = False
    #: The devices of a head that names several, in their order.
    each: tuple[tuple[str, ...], ...] = ()
    #: What the device is set against: changes in its cells are from that one's values.
    base: tuple[str, ...] = ()

    def of(self, attribute: Attribute | None, label: str) -> Attribute | None:
        """The attribute of a label, as far as it is of the device."""
        if self.whole and attribute is not None:
            own_power = attribute.key == "power" and not OF_GPUS.search(label)
            if own_power or (self.number == 1 and _OF_ALL.search(label)):
                return None
        # A host has memory and clocks of its own, and no rate of a precision.
        own = attribute is not None and attribute.dimension in _RATES
        return attribute if not self.rented or own or OF_GPUS.search(label) else None


#: Between the values of a cell below a head of several devices, one of each: "24 GB / 32 GB".
_EACH_OF = re.compile(
    r"\s+/\s+|\s*\|\s*|;\s+|,\s+|(?<=[A-Za-z])/(?=\d)|(?<=\d)/(?=\d)|"
    r"\s*(?:[\u2192\u21d2\u27a1\u2794]\ufe0f?|[-=\u2013]+>)\s*|\s+vs?\.?\s+|\s+to\s+"
)
#: Behind a value that all of them have.
_FOR_ALL = re.compile(
    r"\s*\(?\s*(?:for |on |in )?(?:both|each|all(?: (?:two|three|of them))?|either|unchanged|same)\s*\)?\s*$",
    re.IGNORECASE,
)


def of_each(cell: Cell, head: Head) -> Iterator[Cell]:
    """A cell, or its values as cells of the devices of its head where there is one of each.

    Of a head of changes a cell with one value is of nobody.
    """
    text = cell.passage.text
    cell = cell._replace(base=head.base) if head.base else cell
    if head.each and (alike := _FOR_ALL.search(text)):
        part = cell.passage.part(0, alike.start())
        for ids in head.each:
            yield cell._replace(passage=part, ids=ids, named=ids, aligned=True)
        return
    cuts = [match.span() for match in _EACH_OF.finditer(text)] if head.each else []
    if not head.each or len(cuts) + 1 != len(head.each):
        yield from (cell,) if head.ids else ()
        return
    places = list(
        zip([0, *(end for _, end in cuts)], [*(start for start, _ in cuts), len(text)], strict=True)
    )
    last = [each for each in quantities(text[slice(*places[-1])]) if each.dimension != "number"]
    unit = cell.unit or (last[-1].unit if last else "")
    for ids, place in zip(head.each, places, strict=True):
        yield cell._replace(passage=cell.passage.part(*place), ids=ids, named=ids, unit=unit, aligned=True)
