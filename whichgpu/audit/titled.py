"""Devices of a table by what stands above it: the one that it is about, the forms that head its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.attributes import headed
from whichgpu.audit.mentions import mentions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context

#: Columns that are headed by forms at least, and characters of the name of one.
_TWO, _LONGEST = 2, 24


def about(table: Table, context: Context) -> tuple[str, ...]:
    """What a table is about whose cells name no device: its caption, the headings above it, the title."""
    for text in (table.caption, *reversed(table.section), context.document.title):
        ids = {mention.ids for mention in mentions(text, context.catalogue)}
        if len(ids) == 1:
            return next(iter(ids))
    return ()


def of_forms(table: Table, context: Context) -> Mapping[int, tuple[str, ...]]:
    """The columns that are headed by the forms of the device of a heading: "PCIe | SXM" below "H100 80GB"."""
    heads = table.rows[0]
    if heads[0] and headed(heads[0].text):
        return {}
    for text in (table.caption, *reversed(table.section), context.document.title):
        for name in dict.fromkeys(each.text for each in mentions(text, context.catalogue)):
            told = {at: _form(name, cell, context) for at, cell in enumerate(heads) if at and cell}
            found = {at: ids for at, ids in told.items() if ids}
            if len(found) >= _TWO and len(found) == len({*found.values()}) == sum(map(bool, heads[1:])):
                return found
    return {}


def _form(name: str, cell: Passage, context: Context) -> tuple[str, ...]:
    """The devices that a name means together with a cell that tells a form of it; none where it is none."""
    told = cell.text.strip(" *")
    both = f"{name} {told}"
    named = list(mentions(both, context.catalogue)) if told and len(told) <= _LONGEST else []
    one = named[0] if len(named) == 1 else None
    plain = next(iter(mentions(name, context.catalogue)), None)
    narrower = one and plain and one.start == 0 and one.end > len(name) and one.ids != plain.ids
    # What is left out is a word such as "Edition".
    return one.ids if one and narrower and both[one.end :].strip().lower() in _FORM_WORDS else ()


#: Behind the name of a form, words that say no more.
_FORM_WORDS = ("", "edition", "version", "variant", "model", "card", "module", "form factor")
