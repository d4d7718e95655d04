"""Amounts with whose they are: what tables, sentences and the catalogue say that a device costs, does or has.

Two nodes of one `key` say the same of two devices: cells of one row below two names, rates of one kind that
the text told of each, fields of the catalogue. What follows from one of them follows from the other too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.dimensions import Term, dims
from whichgpu.audit.tables import around, every
from whichgpu.audit.terms import terms
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from whichgpu.audit.bills.amounts import Amounts
    from whichgpu.audit.document import Table
    from whichgpu.audit.findings import Context


class Node(NamedTuple):
    """An amount of a device: all ids that its name may mean, what it is of, and the amount."""

    ids: frozenset[str]
    key: Hashable
    term: Term


def _units(*rows: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Patterns of headings with the units that they state."""
    return tuple((re.compile(words, re.IGNORECASE), unit) for words, unit in rows)


#: Units of headings, as they are written behind an amount: of money, and of numbers.
_PER = _units(
    (r"(?:/|\bper )\s?1?\s?(?:M|million)(?:\s?tok\w*)?\b", " per million tokens"),
    (r"(?:/|\bper )\s?1?(?:K|,?000) ?tok\w*\b", " per 1000 tokens"),
    (r"(?:/|\bper )\s?1,?000 (?:images?|imgs?)\b", " per 1000 images"),
    (r"(?:/|\bper )\s?100 (?:images?|imgs?)\b", " per 100 images"),
    (r"(?:/|\bper )\s?(?:image|img)\b", " per image"),
    (r"(?:/|\bper )\s?(?:gpu[- ]?)?h(?:r|our)?\b|\bhourly\b", " per hour"),
    (r"(?:/|\bper )\s?mo(?:nth)?\b|\bmonthly\b", " per month"),
    (r"(?:/|\bper )\s?(?:yr|year)\b|\b(?:yearly|annual(?:ly)?)\b", " per year"),
)
_OF = _units(
    (r"\btok(?:en)?s?\s?(?:/|per )\s?s(?:ec(?:ond)?)?\b|\bTPS\b", " tokens/s"),
    (r"\b(?:images?|imgs?)\s?(?:/|per )\s?s(?:ec(?:ond)?)?\b", " images/s"),
    (r"\b(?:images?|imgs?)\s?(?:/|per )\s?min(?:ute)?\b", " images per minute"),
    (r"\b(?:images?|imgs?)\s?(?:/|per )\s?h(?:ou)?r\b", " images per hour"),
    (r"\b(?:s|sec|seconds?)\s?(?:/|per )\s?(?:image|img)\b", " seconds per image"),
    (r"^(?:#|number of|no\. of)?\s?gpus?(?: count)?$", " GPUs"),
)
#: Before a number whose unit was told with the one before it: "62 tokens/s on the H100 and 44 on the H200".
_ELIDED = re.compile(
    r"(?:,|\band|\bbut|\bwhile|\bagainst|\bvs\.?|\bversus)\s+(?:the [\w -]{2,24}\s)?"
    r"(?:only |just |about |~)*$",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_FEW = 3
#: Fields that work is bound by, with what the catalogue's values are in units of `AXES`.
_FIELDS = (
    ("bandwidth", dims(byte=1, hour=-1), 3600.0),
    ("memory", dims(byte=1), 1.0),
    ("power", dims(energy=1, hour=-1), 1.0),
)


#: A heading that begins with the money of its column, which its cells leave out: "$/hour".
_SIGN = re.compile(r"\s*[$\u20ac](?=\s*/|\s+per\b)")


def in_unit_of(heads: Sequence[str], cell: str, fraction: str) -> Term | None:
    """The only amount of a cell, in the unit of the first heading that states one where it says none."""
    sign = _SIGN.match(heads[0]) if heads and _NUMBER.fullmatch(cell.strip()) else None
    cell = f"{sign[0]}{cell.strip()}" if sign else cell
    money = "$" in cell or "\u20ac" in cell
    units = (unit for head in heads for pattern, unit in (_PER if money else _OF) if pattern.search(head))
    unit = next(units, "")
    found = terms(cell.strip() + unit, fraction, ranges=True) if unit else ()
    return found[0] if len(found) == 1 and found[0].value > 0 else None


def of_tables(context: Context) -> tuple[Node, ...]:
    """What the cells of all tables say of one device each."""
    if "nodes" not in context.memo:
        tables = enumerate(context.document.tables)
        context.memo["nodes"] = tuple(one for at, table in tables for one in _of_table(at, table, context))
    nodes: tuple[Node, ...] = context.memo["nodes"]
    return nodes


def _of_table(number: int, table: Table, context: Context) -> Iterator[Node]:
    cells = [each for each in every(table, context) if each.number == 1]
    rows = {each.row for each in cells}
    # Devices above: the cells of a row are of one thing; devices below each other: those of a column.
    above = any(len({each.ids for each in cells if each.row == row}) > 1 for row in rows)
    for each in cells:
        head = table.cell(0, each.column)
        heads = [each.label, head.text if head else "", table.caption, around(table, context)]
        own = terms(each.passage.text, context.fraction)
        whole = own[0] if len(own) == 1 and any(own[0].dims) and own[0].of != "money" else None
        term = in_unit_of(heads, each.passage.text, context.fraction) or whole
        if term is not None and not term.plain:
            key = (number, each.row if above else -each.column)
            yield Node(frozenset((*each.ids, *each.named)), key, term._replace(start=-1, end=0))


def of_catalogue(ids: frozenset[str], context: Context) -> Iterator[Node]:
    """What is on file of the few devices that a name may mean."""
    for key in sorted(ids) if len(ids) <= _FEW else ():
        gpu = context.catalogue.get(key)
        for field, powers, scale in _FIELDS if gpu else ():
            value = gpu.value(field) if gpu else None
            if value:
                shown = gpu.display(field) if gpu else ""
                yield Node(ids, field, Term(-1, 0, float(value) * scale, powers, shown))


def number(words: str) -> float:
    """The first number of an amount as it is written; 0 where there is none."""
    found = _NUMBER.search(words)
    return float(found[0].replace(",", "")) if found else 0.0


def in_kind_of(term: Term, other: Term, text: Amounts) -> Term | None:
    """An amount in the unit, told with one before it, that it leaves out: "$548 a month, the L40S $868"."""
    words = text.passage.text
    told = number(other.words)
    if term.plain and told and not other.sign and text.sentence(term.start).start <= other.start:
        follows = _ELIDED.search(words, other.end, term.start)
        unit = other.value / told
        return term._replace(value=term.value * unit, dims=other.dims, plain=False) if follows else None
    whole = terms(other.words)
    bare = sum(map(abs, term.dims)) == 1 and term.of == other.of and term.sign == other.sign
    # Watts are no watt-hours.
    bare = bare and term.of in ("money", "token", "piece")
    if not bare or len(whole) != 1:
        return None
    return term._replace(value=term.value * other.value / whole[0].value, dims=other.dims)
