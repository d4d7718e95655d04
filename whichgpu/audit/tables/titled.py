"""Devices of a table by what stands above it: the one that it is about, the forms that head its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.values.attributes import headed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context
    from whichgpu.audit.tables.heads import Head

#: Columns that are headed by forms at least, and characters of the name of one.
_TWO, _LONGEST = 2, 32


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
    return _all_forms(
        {at: cell for at, cell in enumerate(heads) if at and cell}, _names(table, context), context
    )


def of_forms_down(table: Table, context: Context) -> Mapping[int, tuple[str, ...]]:
    """The rows that are headed by the forms of the device of a heading."""
    cells = {at: cell for at, row in enumerate(table.rows) if at and row and (cell := row[0])}
    return _all_forms(cells, _names(table, context), context)


def beside_device(
    row: Sequence[Passage | None], named: Mapping[int, Head], context: Context
) -> Mapping[int, tuple[str, ...]]:
    """Columns headed by another form of the device beside them: "SXM4" beside "A100 PCIe"."""
    rest = {at: cell for at, cell in enumerate(row) if at and cell and at not in named} if named else {}
    found: dict[int, tuple[str, ...]] = {}
    for at, cell in rest.items():
        # The nearest to the left is meant.
        for other in sorted(
            (other for other in named if other), key=lambda other: (other > at, abs(other - at))
        ):
            beside = row[other]
            names = _roots(beside.text, context) if beside else ()
            if ids := next((ids for name in names if (ids := _form(name, cell, context))), ()):
                found[at] = ids
                break
    known = [head.ids for head in named.values()] + list(found.values())
    # A form that is there already heads no second column.
    return found if len(found) == len(rest) and len({*known}) == len(known) else {}


def _all_forms(
    cells: Mapping[int, Passage], names: Iterable[str], context: Context
) -> Mapping[int, tuple[str, ...]]:
    """What each of some cells means, where all of them are forms of the first of some names that has such."""
    for name in names if len(cells) >= _TWO else ():
        found = {at: ids for at, cell in cells.items() if (ids := _form(name, cell, context))}
        if len(found) == len({*found.values()}) == len(cells):
            return found
    return {}


def _names(table: Table, context: Context) -> Iterator[str]:
    """The names that stand above a table, the nearest first, and those without a form of its own."""
    for text in (table.caption, *reversed(table.section), context.document.title):
        yield from _roots(text, context)


def _roots(text: str, context: Context) -> Iterator[str]:
    """The names of devices in a text, then those without their last words: "A100" of "A100 PCIe"."""
    told = list(dict.fromkeys(each.text for each in mentions(text, context.catalogue)))
    yield from told
    for name in told:
        words = name.split()
        for count in range(len(words) - 1, 0, -1):
            shorter = " ".join(words[:count])
            if [each.text for each in mentions(shorter, context.catalogue)] == [shorter]:
                yield shorter


def _form(name: str, cell: Passage, context: Context) -> tuple[str, ...]:
    """The devices that a name means together with a cell that tells a form of it; none where it is none."""
    told = _ASIDE.sub("", cell.text).strip(" *")
    plain = next(iter(mentions(name, context.catalogue)), None)
    if plain and _DESKTOP.fullmatch(told):
        return tuple(key for key in plain.ids if not key.endswith("-laptop"))
    if _SLOT.search(name) and _SLOT.search(told):
        # "SXM4" is no form of an "A100 PCIe".
        return ()
    both = f"{name} {told}"
    named = list(mentions(both, context.catalogue)) if told and len(told) <= _LONGEST else []
    one = named[0] if len(named) == 1 else None
    narrower = one and plain and one.start == 0 and one.end > len(name) and one.ids != plain.ids
    # What is left out is a word such as "Edition".
    return one.ids if one and narrower and both[one.end :].strip().lower() in _FORM_WORDS else ()


#: A cell that is nothing but a form of a card.
_IS_FORM = re.compile(
    r"(?:PCIe|PCI Express|SXM\d?|NVL|OAM)(?: (?:card|module|version|form factor))?", re.IGNORECASE
)


def in_form(
    row: Sequence[Passage | None], first: int, ids: tuple[str, ...], context: Context
) -> tuple[str, ...]:
    """The devices of a row as far as another of its cells tells their form: "A100 80GB | SXM4 | ..."."""
    name = row[first] if len(ids) > 1 else None
    forms = [
        cell
        for at, cell in enumerate(row)
        if cell and at != first and _IS_FORM.fullmatch(cell.text.strip(" *"))
    ]
    if name is None or len(forms) != 1:
        return ids
    for root in _roots(name.text, context):
        narrower = set(_form(root, forms[0], context))
        if both := tuple(key for key in ids if key in narrower):
            return both
    return ids


#: Behind the name of a form, words that say no more.
_FORM_WORDS = ("", "edition", "version", "variant", "model", "card", "module", "form factor", "gpu")
#: What is said of a form in brackets, and the form that a name means by itself.
_ASIDE = re.compile(r"\s*\((?:per|each|single|one|1\s?x|up to|max)\b[^()]{0,20}\)|\s*\(each\)", re.IGNORECASE)
_SLOT = re.compile(r"\b(?:PCIe|PCI Express|SXM\d?|NVL|OAM)\b", re.IGNORECASE)
_DESKTOP = re.compile(r"desktop(?: (?:version|variant|card|gpu|model))?", re.IGNORECASE)
