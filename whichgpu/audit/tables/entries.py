"""Entries of lists as cells: "Release date: Jun 10th, 2021" below the name of a device is one of its table.

What a list of names and values says in words and days is read as the cell of a table is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.tables.cells import Cell, unit_of
from whichgpu.audit.tables.variants import cells
from whichgpu.audit.text.sentences import topic
from whichgpu.audit.values.attributes import headed, qualifiers, rate_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.findings import Context

#: A name, short and without a figure of its own, and its value.
_ENTRY = re.compile(
    r"[\s*_]*(?P<name>[^\W\d_][^:|\n=.;,]{1,38}?)[\s*_]*[:\uff1a](?!//)[\s*_]*(?P<value>\S.{0,70})"
)
_LONGEST = 120
#: What makes a value a sentence.
_SENTENCE = re.compile(
    r"[.;!?]\s|\b(?:is|are|was|were|has|have|will|can|you|we|it|than|but|if|and the)\b", re.I
)


def entries(context: Context) -> Sequence[Cell]:
    """The entries of lists that are of one device for certain, each with its name as the label."""
    if "entries" not in context.memo:
        context.memo["entries"] = tuple(_entries(context))
    found: Sequence[Cell] = context.memo["entries"]
    return found


def of_one(context: Context) -> Iterator[Cell]:
    """Every cell of a table, entry and item that is of one device."""
    for table in context.document.tables:
        yield from cells(table, context)
    yield from entries(context)
    yield from items(context)


@lru_cache(maxsize=1024)
def _of_words(name: str) -> bool:
    """Whether what a name asks for is no amount, which is read with its unit wherever it stands."""
    attribute = headed(name)
    return attribute is None or attribute.key in ("process", "mig")


def items(context: Context) -> Sequence[Cell]:
    """The items of lists without a name of their own, of one device for certain: "4x DisplayPort 1.4a"."""
    if "plain items" not in context.memo:
        context.memo["plain items"] = tuple(_items(context))
    found: Sequence[Cell] = context.memo["plain items"]
    return found


def _items(context: Context) -> Iterator[Cell]:
    for index, passage in context.document.running():
        short = passage.kind == "item" and len(passage.text) <= _LONGEST
        if not short or context.mentions.get(index) or _SENTENCE.search(passage.text):
            continue
        whose, certain = topic(index, passage, context)
        if certain and len(whose) == 1 and not _ENTRY.fullmatch(passage.text):
            yield Cell(passage, whose[0].ids, None, "", frozenset(), "", 0, 0, True, whose[0].named)


def amounts(context: Context) -> Sequence[Cell]:
    """The entries of such lists whose names ask for amounts: "Kerne: 8.960 CUDA"."""
    if "amounts" not in context.memo:
        context.memo["amounts"] = tuple(_entries(context, of_amounts=True))
    found: Sequence[Cell] = context.memo["amounts"]
    return found


def _entries(context: Context, *, of_amounts: bool = False) -> Iterator[Cell]:
    for index, passage in context.document.running():
        short = passage.kind == "item" and len(passage.text) <= _LONGEST and ":" in passage.text
        match = _ENTRY.fullmatch(passage.text) if short else None
        if match is None or _of_words(match["name"]) is of_amounts or context.mentions.get(index):
            continue
        if _SENTENCE.search(match["value"]):
            continue
        whose, certain = topic(index, passage, context)
        if certain and len(whose) == 1:
            name, value = match["name"], passage.part(*match.span("value"))
            ids, said = whose[0].ids, qualifiers(name)
            attribute = rate_of(name, value.text, headed(name))
            if attribute or not of_amounts:
                yield Cell(value, ids, attribute, name, said, unit_of(name), 0, 0, True, whose[0].named)
