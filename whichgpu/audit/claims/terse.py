"""Items without a verb, of the device that heads their list: "No ray-tracing cores", "Only PCIe 3.0".

They are read as what the device has: the words "It has" are put before them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.group import of_one
from whichgpu.audit.text.sentences import topic
from whichgpu.audit.unmarked.lined import is_a_cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

#: Characters of such an item, and what stands before it.
_MOST, _HEAD = 90, "It has "
#: What it may begin with that is no noun: an adjective, a verb, a label of its own.
_BEGINS = re.compile(
    r"\s*(?:(?:pros?|cons?|plus|minus|upside|downside|drawback)\W{0,3}:\W{0,3})?"
    r"(?:(?P<denied>no|lacks|lack of|missing|without)\s+|(?P<plain>only\s+|just\s+|native\s+|full\s+|"
    r"support for\s+|"
    r"supports\s+|has\s+|offers\s+|features\s+|limited to\s+)?(?=[A-Za-z0-9]))",
    re.IGNORECASE,
)
#: What it calls the device: "An old Turing design".
_IS = re.compile(r"an?\s+(?:[\w-]+\s+){0,3}(?:design|card|part|gpu|chip|product)\b", re.IGNORECASE)
#: What makes of it a sentence of its own, a statement on something else, or a comparison.
_OTHER = re.compile(
    r"\b(?:is|are|was|were|will|can|could|would|if|when|you|we|it|its|than|compared|vs\.?|needs?|requires?|"
    r"recommended|psu|power supply|models?|older|newer|competitors?|"
    r"for(?! (?:two|pairs of|up to two) (?:cards|gpus))|at)\b|[?:]|\d\s?%|\bx\d",
    re.IGNORECASE,
)
#: Headings below which stands what a device has not: "What the V100 cannot do".
_WHAT_NOT = re.compile(r"\b(?:cannot|lacks?|lacking|missing|without|not)\b|n[\u2019']t\b", re.IGNORECASE)


def find(context: Context) -> Iterator[Finding]:
    """What is found in such items with its verdict."""
    for index, passage in enumerate(context.document.passages):
        if passage.kind != "item" or len(passage.text) > _MOST or context.mentions.get(index):
            continue
        if is_a_cell(index, context):
            continue
        begins = _BEGINS.match(passage.text)
        if begins is None or _OTHER.search(passage.text, begins.end()):
            continue
        if passage.section and _WHAT_NOT.search(passage.section[-1]):
            continue
        about, certain = topic(index, passage, context)
        if about and certain:
            read = _as_said(passage, begins)
            yield from _of_item(passage, read, about[0].ids, context)


def _of_item(passage: Passage, read: Passage, ids: tuple[str, ...], context: Context) -> Iterator[Finding]:
    """What is found in an item as it is read, in the words that stand in the file."""
    for each in of_one(read, ids, context):
        start = max(each.start, passage.start)
        if each.end > start:
            yield each._replace(start=start, quote=context.document.original[start : each.end])


def _as_said(passage: Passage, begins: re.Match[str]) -> Passage:
    """An item as a sentence on the device: "It has no NVLink"."""
    rest = passage.part(begins.end(), len(passage.text))
    head = "It has no " if begins["denied"] else "It is " if _IS.match(rest.text) else _HEAD
    runs = tuple((at + len(head), place) for at, place in rest.runs)
    return rest._replace(kind="paragraph", text=head + rest.text, runs=runs)
