"""Totals of tables and of lists: a row "Total" below a column of amounts, an item "Total: $65" of a list.

Wrong is a total that is neither the sum of all that stands before it nor of any part of that, and a share
("$28,500, 36 % of the total") that no part of a right total has.
"""

from __future__ import annotations

from itertools import combinations, zip_longest
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.roundings import stated
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity

#: What names a line of totals, all of it or up to a colon; brackets behind it say of what.
_TOTAL = re.compile(
    r"\s*(?:grand |monthly |annual |yearly |overall |estimated )?(?:total|sum|gesamt|summe|totale?)"
    r"(?: (?:costs?|price|vram|memory|power|draw|per [a-z]+|for (?:all|both)(?: [a-z]+)?|"
    r"monthly|annual|required|needed|footprint|bill|"
    r"estimated|usage))*\s*(?:\([^()]*\)\s*)?(?::.*|=.*|$)",
    re.IGNORECASE,
)
#: What is no part of a sum: a share or a rate of the others, what is taken off, or a sum of some.
_NO_PART = re.compile(
    r"\b(?:sub-?total|of which|per\b|average|cheapest|discount|less|minus|saving\w*|or\b|optional\w*|"
    r"alternativ\w*|instead|includ\w*|each|credits?|resale|refund)|^\s*[-\u2212(]",
    re.IGNORECASE,
)
#: "(63% of total)", and by how much one may be off.
_SHARE = re.compile(
    r"(?<![\d.])(?P<n>\d{1,2}(?:\.\d)?)\s?(?:%|percent)\s+of\s+(?:the\s+)?total\b", re.IGNORECASE
)
_POINTS = 0.012
_SUMMED = ("money", "memory", "power", "energy", "time")
_PERIOD = re.compile(
    r"\s*(?:/|per |an? )\s?(?P<of>h(?:ou)?r?|day|week|mo(?:nth)?|y(?:ea)?r|gpu|token)", re.IGNORECASE
)
#: Parts that a total has, and of which it may be the sum of some.
_FEWEST, _MOST = 2, 10
#: Parts that prove that what follows them is their sum, where no other total does.
_ALONE = 3
_WITHIN, _WRONG, _MOST_LINES = 0.012, 0.03, 60
#: Rounding that leaves a total exact.
_FINE = 0.002


class _Sum(NamedTuple):
    """Amounts one below the other and what is said to be their sum."""

    parts: tuple[tuple[Passage, Quantity], ...]
    cell: Passage
    total: Quantity
    #: Whether its numbers have no unit: only another column tells that they are summed at all.
    plain: bool = False
    barred: bool = False

    @property
    def real(self) -> tuple[float, float]:
        """The least and the most that the parts add up to."""
        return sum(each.value for _, each in self.parts), sum(each.high for _, each in self.parts)


def find(context: Context) -> Iterator[Finding]:
    """Every such total with its verdict."""
    for table in context.document.tables:
        rows = [tuple(row[:_MOST_LINES]) for row in table.rows[:_MOST_LINES]]
        if len(rows) > _FEWEST:
            yield from _judged(list(_of_lines(rows, context)), context)
    yield from _judged([one for items in _lists(context) for one in _of_items(items, context)], context)


def _of_lines(rows: Sequence[Sequence[Passage | None]], context: Context) -> Iterator[_Sum]:
    heads = [row[0].text if row and row[0] else "" for row in rows]
    at = next((n for n in range(len(rows) - 1, _FEWEST, -1) if _TOTAL.fullmatch(heads[n])), 0)
    # A last line without a name is of totals where another column of it is the sum to the digit.
    nameless = not at and len(rows) > _ALONE + 1 and not heads[-1].strip(_MARKS) and all(heads[1:-1])
    if not (at or nameless):
        return
    at = at or len(rows) - 1
    for column in list(zip_longest(*rows[: at + 1]))[1:]:
        *cells, total = column[1:]
        told = _amount(total, context, plain=True)
        named = [(cell, head) for cell, head in zip(cells, heads[1:], strict=False) if cell is not None]
        # Watts between amounts of money, and what each hour of it costs below it: no parts of the sum.
        alike = [(cell, head) for cell, head in named if not _is_of_another_kind(cell, told, context)]
        if any(_NO_PART.search(head) for _, head in alike):
            continue
        head = column[0].text if column[0] else ""
        for each in _added([cell for cell, _ in alike], total, context, plain=True):
            mixed = at < len(rows) - 1 or len(alike) < len(named)
            # What is no sum by its heading may prove that the others are; one of money is one.
            barred = each.plain and _NO_SUM.search(head) is not None
            plain = each.plain and (barred or not _OF_MONEY.fullmatch(head.strip()))
            yield each._replace(plain=plain or mixed or nameless, barred=barred)


#: What stands for no name.
_MARKS = " *_-\u2013\u2014\u03a3=:"


#: A heading that is the unit of the numbers below it.
_OF_MONEY = re.compile(
    r"(?:cost |amount |price )?\(?(?:in )?(?:USD|EUR|GBP|[$\u20ac\u00a3]|dollars|euros)\)?", re.IGNORECASE
)


def _is_of_another_kind(cell: Passage, told: Quantity | None, context: Context) -> bool:
    """Whether all that a cell says is of another kind than a total: watts, and it is dollars."""
    found = {each.dimension for each in quantities(cell.text, context.fraction)}
    return told is not None and bool(found) and not found & {told.dimension, "number"}


#: Headings of what is not added up.
_NO_SUM = re.compile(
    r"[%/]|\b(?:per|each|rate|speed|average|mean|share|efficiency|tokens?|latency|time)\b", re.IGNORECASE
)


def _lists(context: Context) -> Iterator[list[Passage]]:
    """The items of each list up to one that is a total."""
    items: list[Passage] = []
    for passage in context.document.passages:
        if passage.kind != "item" or (items and passage.level != items[-1].level):
            items = []
        if passage.kind == "item":
            items.append(passage)
            if len(items) > _FEWEST and _TOTAL.fullmatch(passage.text):
                yield items
                items = []


def _of_items(items: Sequence[Passage], context: Context) -> Iterator[_Sum]:
    if not any(_NO_PART.search(each.text) for each in items[:-1]):
        yield from _added(items[:-1], items[-1], context)


def _added(
    cells: Sequence[Passage], total: Passage | None, context: Context, *, plain: bool = False
) -> Iterator[_Sum]:
    """A total with its parts, where each line has one amount and all are of one kind and period."""
    told = _amount(total, context, plain=plain)
    parts = [(cell, one) for cell in cells if (one := _amount(cell, context, plain=plain))]
    if total is None or told is None or not _FEWEST <= len(parts) <= _MOST or len(parts) < len(cells):
        return
    kinds = {
        (one.dimension, one.unit if one.dimension == "money" else "") for _, one in (*parts, (total, told))
    }
    periods = {_period(cell, one) for cell, one in parts}
    if len(kinds) == 1 and len(periods) == 1 and (_period(total, told) in (*periods, "") or periods == {""}):
        yield _Sum(tuple(parts), total, told, told.dimension == "number")


def _amount(cell: Passage | None, context: Context, *, plain: bool = False) -> Quantity | None:
    """The amount that a line comes to: its only one, the one behind the last "=", the one before brackets."""
    found = (
        [
            each
            for each in quantities(cell.text, context.fraction)
            if each.dimension in _SUMMED or (plain and each.dimension == "number")
        ]
        if cell
        else []
    )
    if cell and len(found) > 1:
        at = max(cell.text.rfind("="), cell.text.rfind(":")) + 1
        rest = [each for each in found if each.start >= at and not _in_brackets(cell.text, each.start)]
        found = rest if at or _TOTAL.fullmatch(cell.text) else found
    return found[0] if len(found) == 1 and found[0].value > 0 else None


def _in_brackets(text: str, at: int) -> bool:
    return text.rfind("(", 0, at) > text.rfind(")", 0, at)


def _period(cell: Passage, told: Quantity) -> str:
    per = _PERIOD.match(cell.text, told.end)
    return per["of"][:1].lower() if per else ""


def _judged(found: Sequence[_Sum], context: Context) -> Iterator[Finding]:
    proved = any(_off(one) <= _WITHIN for one in found)
    for one in found:
        off = _off(one)
        # That all of a table is added up another column of it shows.
        beside = any(
            _off(each) <= _EXACT and each.cell is not one.cell and _is_beside(each, one) for each in found
        )
        if one.plain and (one.barred or not beside):
            continue
        if off <= _WITHIN and one.total.value == one.total.high:
            yield from _shares(one, context)
        wrong = (
            off > (_WITHIN if _rounding(one) < _FINE else _WRONG) + _rounding(one)
            and (proved or len(one.parts) >= _ALONE)
            and (beside or not _of_some(one))
        )
        if not wrong and off > _WITHIN:
            continue
        low, high = one.real
        unit = one.total.value / _digits(one)
        shown = _figure(low / unit) if low == high else f"{_figure(low / unit)} to {_figure(high / unit)}"
        because = f"the {len(one.parts)} amounts before it add up to {shown}"
        yield made(
            context, one.cell, (one.total.start, one.total.end), "arithmetic",
            "inconsistent" if wrong else "confirmed", attribute="total", because=because,
            expected=shown if wrong else "", evidence=(Evidence(because),),
        )  # fmt: skip


_EXACT = 0.002


def _figure(value: float) -> str:
    """A sum as it is written, without an exponent."""
    return f"{value:,.0f}" if value >= 1e5 else f"{value:,.5g}"


def _is_beside(one: _Sum, other: _Sum) -> bool:
    """Whether two totals are of one table: so many parts, and no more than some cells apart."""
    return len(one.parts) == len(other.parts) and abs(one.cell.start - other.cell.start) < _NEXT


_NEXT = 120


def _shares(one: _Sum, context: Context) -> Iterator[Finding]:
    """The shares of a right total that its parts are said to be."""
    for cell, part in one.parts:
        for match in _SHARE.finditer(cell.text):
            real, told = part.value / one.total.value, float(match["n"]) / 100
            right = abs(real - told) <= _POINTS
            because = f"{cell.text[part.start : part.end]} is {real:.0%} of the total"
            yield made(
                context, cell, match.span("n"), "arithmetic", "confirmed" if right else "inconsistent",
                attribute="share", because=because, expected="" if right else f"{100 * real:.0f}",
                evidence=(Evidence(because),),
            )  # fmt: skip


def _digits(one: _Sum) -> float:
    """The number that a total is written with."""
    match = re.search(r"\d[\d,]*(?:\.\d+)?", one.cell.text[one.total.start : one.total.end])
    return float(match[0].replace(",", "")) if match else one.total.value


def _off(one: _Sum) -> float:
    """How far a total is from what its parts add up to, as a share; 0 within their range."""
    low, high = one.real
    if one.total.value == one.total.high:
        return max(low / one.total.value - 1, one.total.value / high - 1, 0.0)
    return max(abs(low / one.total.value - 1), abs(high / one.total.high - 1))


def _rounding(one: _Sum) -> float:
    told = (one.total, *(each for _, each in one.parts))
    cells = (one.cell, *(cell for cell, _ in one.parts))
    each = (
        stated(q.value, cell.text[q.start : q.end], "", frozenset()).rounding * q.value
        for q, cell in zip(told, cells, strict=True)
    )
    return sum(each) / one.total.value


def _of_some(one: _Sum) -> bool:
    """Whether a total is that of some of its parts."""
    values = [each.value for _, each in one.parts]
    return any(
        abs(sum(some) / one.total.value - 1) <= _EXACT
        for many in range(1, len(values))
        for some in combinations(values, many)
    )
