"""Tables of costs by the hour, the day, the month, the year, of several GPUs: rows have one ratio.

How many hours a month has is the table's own choice (730, 720, 160 of use), as is a discount on a year: it
is what most rows agree on, or what the heading says ("730 h"). A row that is off is wrong.
"""

from __future__ import annotations

from itertools import zip_longest
from statistics import median
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.document import Table
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.judging import stated
from whichgpu.audit.quantities import quantities
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity

#: Hours of a month, and how many of them a cost by the month is of at least where nothing else is said.
_MONTH, _MOST_OF_IT = 730.0, 600.0
_PER = r"(?:\b(?:per|an?|pro|par|por|all)\b|/|l')\s?"
#: Periods by their length in hours, with what a heading calls them.
_PERIODS: Sequence[tuple[float, re.Pattern[str]]] = tuple(
    (hours, re.compile(words, re.IGNORECASE))
    for hours, words in (
        (1.0, rf"\bhourly\b|{_PER}(?:gpu[- ]?)?(?:h|hr|hour|stunde|heure|hora|ora)\b|\bgpu[- ]hour\b"),
        (24.0, rf"\bdaily\b|{_PER}(?:day|tag|jour)\b"),
        (_MONTH, rf"\bmonthly\b|{_PER}(?:mo|month|monat|mois|mes|mese)\b"),
        (12 * _MONTH, rf"\b(?:yearly|annual(?:ly)?)\b|{_PER}(?:yr|year|jahr|an)\b"),
    )
)
_MONEY = re.compile(
    r"[$\u20ac\u00a3]|\b(?:usd|eur|costs?|price|pricing|rates?|rent\w*|preis|kosten|prix)\b", re.IGNORECASE
)
#: Prices that are told with a discount of their own, row by row.
_RESERVED = re.compile(r"\b(?:reserv\w+|commit\w*|spot|discount\w*|term|upfront|from)\b", re.IGNORECASE)
_BRACKETS = re.compile(r"\([^()]*\)")
#: The hours that a heading gives its months.
_HOURS = re.compile(r"\b(\d{3})\s?h(?:(?:ou)?rs?)?\b", re.IGNORECASE)
#: How many GPUs a heading gives its costs for: "8 GPUs $/h", "8x H100 per hour".
_GPUS = re.compile(
    r"\b(\d{1,2})\s?[x\u00d7]?\s?(?:gpus?|cards?)\b|\b(\d{1,2})[x\u00d7]|\b[x\u00d7](\d{1,2})\b", re.I
)
#: A cost of each GPU, beside that of the machine.
_OF_ONE = re.compile(r"\b(?:per|/|each)\s?(?:gpu|card|accelerator)\b|\bgpu[- ]hour\b", re.IGNORECASE)
_ROWS, _COLUMNS = 200, 24
#: So many rows, and this share of them, are what a table agrees on.
_AGREE, _SHARE = 3, 0.6
#: How far the ratio of a row may be off beside what rounding makes of it, and from where on it is wrong.
_NEAR, _OFF = 0.015, 0.03


class _Amounts(NamedTuple):
    """A column of costs of one period and of so many GPUs, by row."""

    of: tuple[float, float]
    head: str
    cells: Mapping[int, tuple[Passage, Quantity]]


def find(context: Context) -> Iterator[Finding]:
    """Every cost of a longer period beside one of a shorter, with its verdict."""
    for table in context.document.tables:
        first = [row[0].text if row and row[0] else "" for row in table.rows[:_COLUMNS]]
        if sum(_hours(head) > 0 for head in first) > 1:
            turned = Table(tuple(zip_longest(*(row[:_ROWS] for row in table.rows[:_COLUMNS]))))
            columns = _columns(turned, context)
        else:
            columns = _columns(table, context)
        # "Hourly" of the machine goes before "per GPU-hour" beside it.
        columns = [one for one in columns if not (_OF_ONE.search(one.head) and _twice(one, columns))]
        if len({each.of for each in columns}) == len(columns) > 1:
            yield from _of_columns(columns, context)


def _twice(one: _Amounts, columns: Sequence[_Amounts]) -> bool:
    """Whether another column has costs of the same period."""
    return sum(each.of == one.of for each in columns) > 1


def _hours(head: str) -> float:
    """The length of the period that a heading of costs speaks of; 0 where it speaks of none or several."""
    # "Monthly (730 h)" is of a month, "On demand ($/h)" of the hour in its brackets.
    for text in (_BRACKETS.sub(" ", head), head):
        found = [hours for hours, words in _PERIODS if words.search(text)]
        if found:
            return found[0] if len(found) == 1 and not _RESERVED.search(head) else 0.0
    return 0.0


def _columns(table: Table, context: Context) -> list[_Amounts]:
    found = []
    for index, head in enumerate(table.rows[0][:_COLUMNS]):
        hours = _hours(head.text) if head else 0.0
        cells = {}
        for row in range(1, min(len(table.rows), _ROWS)) if hours else ():
            cell = table.cell(row, index)
            each = quantities(cell.text, context.fraction) if cell else ()
            plain = len(each) == 1 and each[0].value > 0 and each[0].high == each[0].value
            if cell and plain and each[0].dimension in ("money", "number"):
                cells[row] = (cell, each[0])
        money = all(each.dimension == "money" for _, each in cells.values())
        if head and cells and (money or _MONEY.search(head.text)):
            gpus = _GPUS.search(head.text)
            count = float(gpus[1] or gpus[2] or gpus[3]) if gpus else 1.0
            found.append(_Amounts((hours, count), head.text, cells))
    return found


def _of_columns(columns: Sequence[_Amounts], context: Context) -> Iterator[Finding]:
    """The cells of the longer periods; where three amounts stand in a row, the odd one of them."""
    base, *longer = sorted(columns, key=lambda each: each.of)
    times = [(each, _times(base, each)) for each in longer]
    for row, (cell, shortest) in base.cells.items():
        inside = [(each, share) for each, share in times if share and row in each.cells]
        meant = median([shortest.value, *(each.cells[row][1].value / share for each, share in inside)])
        if len(inside) > 1 and abs(shortest.value / meant - 1) > _OFF + _rounding(base, row):
            words = f"the amounts of longer periods beside it make it {meant:,.4g}"
            yield _finding(cell, shortest, words, f"{meant:,.4g}", context)
            continue
        for each, share in inside:
            told = each.cells[row][1]
            off = abs(told.value / shortest.value / share - 1)
            slack = _rounding(base, row) + _rounding(each, row)
            ratio = f"{told.value / shortest.value:,.4g} times that, by the others {share:,.4g}"
            words = f"{told.value:,.10g} beside {shortest.value:,.10g} is {ratio}"
            if off <= _NEAR + slack:
                yield _finding(each.cells[row][0], told, words, "", context)
            elif off > _OFF + slack:
                right = f"{share * shortest.value:,.4g}"
                yield _finding(each.cells[row][0], told, words, right, context)


def _times(base: _Amounts, longer: _Amounts) -> float:
    """How many times one period's cost that of a longer one is: as headed, as most rows agree; else 0."""
    said = _HOURS.search(longer.head)
    monthly = base.of == (1, 1) and longer.of == (_MONTH, 1)
    if said and monthly:
        return float(said[1])
    rows = [row for row in base.cells if row in longer.cells]
    ratios = {row: longer.cells[row][1].value / base.cells[row][1].value for row in rows}
    if len(rows) < _AGREE:
        whole = monthly and min(ratios.values(), default=0) > _MOST_OF_IT
        return _MONTH if whole else 0.0
    meant = median(ratios.values())
    near = [
        row
        for row, each in ratios.items()
        if abs(each / meant - 1) <= _NEAR + _rounding(base, row) + _rounding(longer, row)
    ]
    return meant if len(near) >= max(_AGREE - 1, _SHARE * len(rows)) else 0.0


def _rounding(column: _Amounts, row: int) -> float:
    """What rounding may have made of a cost, as a share of it."""
    cell, each = column.cells[row]
    return min(stated(each.value, cell.text[each.start : each.end], "", frozenset()).rounding, 0.05)


def _finding(cell: Passage, told: Quantity, because: str, expected: str, context: Context) -> Finding:
    verdict = "inconsistent" if expected else "confirmed"
    return made(context, cell, (told.start, told.end), "arithmetic", verdict, attribute="period",
                because=because, expected=expected, evidence=(Evidence(because),))  # fmt: skip
