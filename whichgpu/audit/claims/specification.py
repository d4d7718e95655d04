"""Specifications: cells of tables, list items and sentences that state a value of an attribute of a GPU."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from whichgpu.audit.attributes import Attribute, headed, named, qualifiers
from whichgpu.audit.findings import Finding
from whichgpu.audit.judging import judged, stated
from whichgpu.audit.quantities import quantities
from whichgpu.audit.subjects import mentions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.subjects import Mention
    from whichgpu.hardware.gpu import Gpu

#: What may stand between a value and the attribute that it is of, in characters.
_APART = 60
#: Ends of clauses: a value does not reach over one to its attribute.
_CLAUSE = re.compile(
    r"[;.!?](?:\s|$)|,\s+(?:while|whereas|but|compared)\b|\b(?:while|whereas|compared (?:to|with))\b"
)


class _Cell(NamedTuple):
    """A cell that states a value: of these devices, of this attribute."""

    passage: Passage
    ids: tuple[str, ...]
    attribute: Attribute
    #: What the header says beside the attribute's name.
    said: frozenset[str]


def find(context: Context) -> Iterator[Finding]:
    """Every stated value with its verdict."""
    in_tables: set[int] = set()
    for table in context.document.tables:
        cells = list(_cells(table, context))
        in_tables |= {cell.passage.start for cell in cells}
        yield from _of_table(cells, context)
    for index, passage in enumerate(context.document.passages):
        if passage.kind in ("code", "cell") or passage.start in in_tables:
            continue
        yield from _of_passage(index, passage, context)


def _cells(table: Table, context: Context) -> Iterator[_Cell]:
    """The cells of a table that state a value: devices above and attributes to the left, or the other way round."""
    if len(table.rows) < 2:
        return
    header, first = table.rows[0], [row[0] if row else None for row in table.rows]
    across = {i: ids for i, cell in enumerate(header) if cell and (ids := _devices(cell, context))}
    down = {i: ids for i, cell in enumerate(first) if i and cell and (ids := _devices(cell, context))}
    if not across and not down:
        about = _about(table, context)
        across = {1: about} if about and table.columns == 2 else {}
    if across:
        for row in table.rows:
            attribute = headed(row[0].text) if row and row[0] else None
            for column, ids in across.items():
                cell = row[column] if column < len(row) else None
                if attribute and cell and row[0]:
                    yield _Cell(cell, ids, attribute, qualifiers(row[0].text))
        return
    for index, ids in down.items():
        for column, head in enumerate(header):
            cell = table.cell(index, column)
            attribute = headed(head.text) if head and column else None
            if attribute and cell and head:
                yield _Cell(cell, ids, attribute, qualifiers(head.text))


def _devices(passage: Passage, context: Context) -> tuple[str, ...]:
    """The devices of a header's cell; none where it names more than one."""
    found = list(mentions(passage.text, context.catalogue))
    return found[0].ids if len(found) == 1 else ()


def _about(table: Table, context: Context) -> tuple[str, ...]:
    """What a table is about whose cells name no device: its caption, the headings above it, the title."""
    for text in (table.caption, *reversed(table.section), context.document.title):
        ids = {mention.ids for mention in mentions(text, context.catalogue)}
        if len(ids) == 1:
            return next(iter(ids))
    return ()


def _of_table(cells: Sequence[_Cell], context: Context) -> Iterator[Finding]:
    """Verdicts on a table's cells; a name that may be several devices is the one that most of its cells fit."""
    meant = {cell.ids: _fittest(cell.ids, cells, context) for cell in cells}
    for cell in cells:
        yield from _judged(cell.passage, cell.attribute, meant[cell.ids], cell.said, context)


def _fittest(ids: tuple[str, ...], cells: Sequence[_Cell], context: Context) -> tuple[str, ...]:
    if len(ids) < 2:
        return ids
    mine = [cell for cell in cells if cell.ids == ids]

    def score(key: str) -> int:
        gpu = context.catalogue[key]
        return sum(
            finding.verdict == "confirmed"
            for cell in mine
            for finding in _judged(cell.passage, cell.attribute, (gpu.id,), cell.said, context)
        )

    scores = {key: score(key) for key in ids}
    best = max(scores.values())
    return tuple(key for key in ids if scores[key] == best)


def _judged(
    passage: Passage, attribute: Attribute, ids: Sequence[str], said: frozenset[str], context: Context
) -> Iterator[Finding]:
    """The verdict on the value of a cell or item."""
    gpus = [context.catalogue[key] for key in ids]
    for quantity in _fitting(attribute, quantities(passage.text, context.fraction)):
        around = said | qualifiers(passage.text)
        yield _finding(passage, quantity, attribute, gpus, around, context)
        return


def _fitting(attribute: Attribute, found: Iterator[Quantity]) -> Iterator[Quantity]:
    """The quantities that can be a value of the attribute."""
    bare = {"count", "bits"}
    for quantity in found:
        same = quantity.dimension == attribute.dimension
        rates = {quantity.dimension, attribute.dimension} == {"flop rate", "op rate"}
        if same or rates or (attribute.dimension in bare and quantity.dimension == "number"):
            yield quantity


def _finding(
    passage: Passage, quantity: Quantity, attribute: Attribute, gpus: Sequence[Gpu], said: frozenset[str],
    context: Context,
) -> Finding:  # fmt: skip
    text = passage.text[quantity.start : quantity.end]
    start, end = passage.span(quantity.start, quantity.end)
    found = judged(attribute, stated(quantity.value, text, quantity.limit, said), gpus, context.catalogue)
    return Finding(
        start, end, context.document.original[start:end], "specification",
        ", ".join(gpu.id for gpu in gpus), attribute.key, text, found.verdict, found.expected, found.because,
        found.evidence, found.true_for,
    )  # fmt: skip


def _of_passage(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """Values of a sentence or list item: each with the nearest attribute and the nearest device of its clause."""
    attributes = list(named(passage.text))
    if not attributes:
        return
    here = context.mentions.get(index, ())
    around = here or _of_section(passage, index, context)
    taken: set[int] = set()
    for quantity in quantities(passage.text, context.fraction):
        chosen = _nearest_attribute(passage.text, quantity, attributes, taken)
        ids = _nearest_device(passage.text, quantity, here) or (around[0].ids if around else ())
        if chosen is None or not ids:
            continue
        taken.add(chosen)
        gpus = [context.catalogue[key] for key in ids]
        clause = passage.text[max(0, quantity.start - _APART) : quantity.end + _APART]
        yield _finding(passage, quantity, attributes[chosen].attribute, gpus, qualifiers(clause), context)


def _of_section(passage: Passage, index: int, context: Context) -> Sequence[Mention]:
    """The one device that the text before a passage, its headings or the title speak of."""
    for back in range(index - 1, max(index - 12, -1), -1):
        before = context.document.passages[back]
        found = context.mentions.get(back, ())
        if found and before.kind in ("heading", "paragraph", "title"):
            return found if len({mention.named for mention in found}) == 1 else ()
        if before.kind == "heading":
            break
    titled = list(mentions(context.document.title, context.catalogue))
    return titled if len({mention.named for mention in titled}) == 1 else ()


def _nearest_attribute(
    text: str, quantity: Quantity, attributes: Sequence[object], taken: set[int]
) -> int | None:
    """The attribute that a quantity is a value of: of its dimension, in its clause, the nearest."""
    best: tuple[int, int] | None = None
    for index, each in enumerate(attributes):
        attribute = each.attribute  # type: ignore[attr-defined]
        start, end = each.start, each.end  # type: ignore[attr-defined]
        if index in taken or not any(True for _ in _fitting(attribute, iter([quantity]))):
            continue
        between = text[end : quantity.start] if end <= quantity.start else text[quantity.end : start]
        if len(between) > _APART or _CLAUSE.search(between):
            continue
        if (
            attribute.dimension == "count"
            and quantity.dimension == "number"
            and len(between.strip()) > _CLOSE
        ):
            continue
        distance = len(between)
        if best is None or distance < best[0]:
            best = (distance, index)
    return best[1] if best else None


#: Characters between a bare number and the name of what it counts.
_CLOSE = 12


def _nearest_device(text: str, quantity: Quantity, here: Sequence[Mention]) -> tuple[str, ...]:
    """The device that a quantity is of: the last before it in its clause, else the first after it there."""
    before = [m for m in here if m.end <= quantity.start]
    for mention in reversed(before):
        if not _CLAUSE.search(text[mention.end : quantity.start]):
            return mention.ids
    after = [m for m in here if m.start >= quantity.end]
    for mention in after:
        if not _CLAUSE.search(text[quantity.end : mention.start]):
            return mention.ids
    return before[-1].ids if before else ()
