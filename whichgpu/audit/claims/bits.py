"""Rates in bits that are the figure in bytes: "a memory bandwidth of 640 Gb/s", "600 Gb/s of NVLink"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit import tables
from whichgpu.audit.attributes import named
from whichgpu.audit.findings import made
from whichgpu.audit.quantities import quantities
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity

_BITS = 8.0
#: A rate of one pin is far below this; bits a second.
_LEAST = 80e9
_WITHIN = 0.01
#: What is told of a device in bytes a second, and the fields that hold it.
_FIELDS = {"bandwidth": ("bandwidth",), "nvlink": ("nvlink", "nvlink_per_direction")}
_NEAR = 60
#: "HBM3e at 4.8 Tb/s".
_OF_MEMORY = re.compile(
    r"\b(?:HBM\w*|G?DDR\w+|memory|vram)\s+(?:at|with|delivering|running at)\s+~?$", re.IGNORECASE
)
#: What a text writes for bits that it means.
_UNIT = re.compile(r"(?P<number>[\d.,]+\s?)(?P<prefix>[GT])(?:b/s|bps|bit/s)$")


def find(context: Context) -> Iterator[Finding]:
    """Every rate of a device whose unit makes it an eighth of what it is."""
    for table in context.document.tables:
        for cell in tables.cells(table, context):
            if cell.attribute and cell.attribute.key in _FIELDS:
                for quantity in quantities(cell.passage.text, context.fraction):
                    yield from _judged(cell.passage, quantity, (cell.attribute.key, cell.ids), context)
    for index, passage in context.document.running():
        if not re.search(r"\d\s?[GT]b", passage.text):
            continue
        for sentence in sentences(passage.text):
            names = [
                each
                for each in within(named(passage.text), sentence.start, sentence.end)
                if each.attribute.key in _FIELDS
            ]
            for quantity in within(quantities(passage.text, context.fraction), sentence.start, sentence.end):
                near = [each for each in names if abs(each.start - quantity.start) < _NEAR]
                # "NVLink bandwidth" is of the link.
                key = "nvlink" if any(each.attribute.key == "nvlink" for each in near) else "bandwidth"
                near_by = near or _OF_MEMORY.search(passage.text, sentence.start, quantity.start)
                owner = spoken(index, passage, sentence, context).owner(quantity.start) if near_by else None
                if owner is not None:
                    yield from _judged(passage, quantity, (key, owner.ids), context)


def _judged(
    passage: Passage, quantity: Quantity, of: tuple[str, Sequence[str]], context: Context
) -> Iterator[Finding]:
    words = passage.text[quantity.start : quantity.end]
    unit = _UNIT.search(words)
    if quantity.dimension != "bit rate" or quantity.value < _LEAST or unit is None:
        return
    attribute, ids = of
    known = [
        (context.catalogue[key], field)
        for key in ids
        for field in _FIELDS[attribute]
        if context.catalogue[key].value(field)
    ]
    right = [each for each in known if _is(quantity.value / _BITS, float(each[0].need(each[1])))]
    wrong = [each for each in known if _is(quantity.value, float(each[0].need(each[1])))]
    if not right and not wrong:
        return
    best, field = (right or wrong)[0]
    meant = f"{unit['prefix']}B/s"
    expected = "" if right else f"{unit['number']}{meant}"
    yield made(
        context, passage, (quantity.start, quantity.end), "specification",
        "confirmed" if right else "contradicted", subject=best.id, attribute=attribute, expected=expected,
        because=f"{best.id} has {best.display(field)}" + ("" if right else f"; the unit is {meant}"),
        evidence=(source_of(best, field),), true_for="" if right else f"in {meant}",
    )  # fmt: skip


def _is(value: float, known: float) -> bool:
    return abs(value / known - 1) < _WITHIN
