"""Tables of costs by the hour, the day, the month, the year, of several GPUs: rows have one ratio.

How many hours a month has is the table's own choice (730, 720, 160 of use), as is a discount on a year: it
is what most rows agree on, or what the heading says ("730 h"). A row that is off is wrong.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.tables.columns import Column, columns, finding, ratio
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Table
    from whichgpu.audit.findings import Context, Finding

#: Hours of a month, and how many of them a cost by the month is of at least where nothing else is said.
_MONTH, _MOST_OF_IT = 730.0, 600.0
_PER = r"(?:\b(?:per|an?|pro|par|por|all)\b|/|l')\s?"
_OF = r"(?:(?:gpu|node|server|machine)[- ]?)"
#: Periods by their length in hours, with what a heading calls them.
_PERIODS: Sequence[tuple[float, re.Pattern[str]]] = tuple(
    (hours, re.compile(words, re.IGNORECASE))
    for hours, words in (
        (1.0, rf"\bhourly\b|{_PER}{_OF}?(?:h|hr|hour|stunde|heure|hora|ora)\b|\bgpu[- ]hour\b"),
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
_OF_MACHINE = re.compile(r"\b(?:node|server|machine)[- ]?(?:h|hr|hour)\b", re.IGNORECASE)
_OF_ONE = re.compile(r"\b(?:per|/|each)\s?(?:gpu|card|accelerator)\b|\bgpu[- ]hour\b", re.IGNORECASE)
#: Rows that show a ratio; how far one may be off beside what rounding makes of it, and what is wrong.
_AGREE, _NEAR, _OFF = 3, 0.015, 0.03
_PLAIN = ("money", "number")
#: Stands for a number of GPUs that is not told.
_SEVERAL = 2.0


class _Amounts(NamedTuple):
    """A column of costs of one period and of so many GPUs."""

    of: tuple[float, float]
    column: Column


def find(context: Context) -> Iterator[Finding]:
    """Every cost of a longer period beside one of a shorter, with its verdict."""
    for table in context.document.tables:
        first = (row[0].text if row and row[0] else "" for row in table.rows)
        costs = _costs(table, context, turned=sum(_hours(head) > 0 for head in first) > 1)
        # "Hourly" of the machine goes before "per GPU-hour" beside it.
        periods = [each.of for each in costs]
        costs = [one for one in costs if not (_OF_ONE.search(one.column.name) and periods.count(one.of) > 1)]
        if len({each.of for each in costs}) == len(costs) > 1:
            yield from _of_columns(costs, context)


def _hours(head: str) -> float:
    """The length of the period that a heading of costs speaks of; 0 where it speaks of none or several."""
    # "Monthly (730 h)" is of a month, "On demand ($/h)" of the hour in its brackets.
    for text in (_BRACKETS.sub(" ", head), head):
        found = [hours for hours, words in _PERIODS if words.search(text)]
        if found:
            return found[0] if len(found) == 1 and not _RESERVED.search(head) else 0.0
    return 0.0


def _costs(table: Table, context: Context, *, turned: bool) -> list[_Amounts]:
    found = []
    for one in columns(table, context, turned=turned).values():
        hours = _hours(one.name)
        kinds = {row: each.told.dimension for row, each in one.amounts.items() if row in one.values}
        mine = one.without([row for row in one.amounts if kinds.get(row) not in _PLAIN])
        if hours and mine.values and (mine.are("money") or _MONEY.search(one.name)):
            gpus = _GPUS.search(one.name)
            # How many a machine has shows where another column is of one of them.
            several = _SEVERAL if _OF_MACHINE.search(one.name) else 1.0
            found.append(_Amounts((hours, float(gpus[1] or gpus[2] or gpus[3]) if gpus else several), mine))
    return found


def _of_columns(costs: Sequence[_Amounts], context: Context) -> Iterator[Finding]:
    """The cells of the longer periods; where three amounts stand in a row, the odd one of them."""
    base, *longer = sorted(costs, key=lambda each: each.of)
    times = [(each.column, share) for each in longer if (share := _times(base, each))]
    for row, shortest in base.column.values.items():
        slack = base.column.slack(row)
        inside = [(each, share) for each, share in times if row in each.values]
        meant = median([shortest, *(each.values[row] / share for each, share in inside)])
        if len(inside) > 1 and abs(shortest / meant - 1) > _OFF + slack:
            words = f"the amounts of longer periods beside it make it {meant:,.4g}"
            yield finding(base.column.amounts[row], "period", words, context, expected=f"{meant:,.4g}")
            continue
        for each, share in inside:
            told = each.values[row]
            off = abs(told / shortest / share - 1) - slack - each.slack(row)
            if off <= _NEAR or off > _OFF:
                ratios = f"{told / shortest:,.4g} times that, by the others {share:,.4g}"
                words = f"{told:,.10g} beside {shortest:,.10g} is {ratios}"
                expected = f"{share * shortest:,.4g}" if off > _OFF else ""
                yield finding(each.amounts[row], "period", words, context, expected=expected)


def _times(base: _Amounts, longer: _Amounts) -> float:
    """How many times one period's cost that of a longer one is: as headed, as most rows agree; else 0."""
    said = _HOURS.search(longer.column.name)
    monthly = base.of == (1, 1) and longer.of == (_MONTH, 1)
    if said and monthly:
        return float(said[1])
    one, other = base.column.values, longer.column.values
    ratios = [other[row] / one[row] for row in one.keys() & other.keys()]
    if len(ratios) < _AGREE:
        return _MONTH if monthly and min(ratios, default=0) > _MOST_OF_IT else 0.0
    return ratio(base.column, longer.column, within=(_NEAR, _OFF), least=_AGREE).factor
