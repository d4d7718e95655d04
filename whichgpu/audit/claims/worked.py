"""Columns that follow from others: paid less needed, price over rate, watts times hours, pieces by time.

What a column is, most of its rows show: the same difference, sum, product or quotient of two others, or the
reverse of one, times one number that all rows have. A row that is off, where the others are not, is wrong.
"""

from __future__ import annotations

import math
from itertools import combinations, permutations
from statistics import median
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.known.store import measure_of
from whichgpu.audit.tables.columns import columns, doubtful, finding
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from whichgpu.audit.document import Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.tables.columns import Amount, Column

#: Headers of tables of costs, work, times and energy.
_OF_USE = re.compile(
    r"[$\u20ac]|\b(?:costs?|prices?|paid|bills?|spen[dt]|hours?|kwh|tokens?|images|requests|total|rates?|"
    r"rent|"
    r"needed|wasted|speed-?\s?ups?|faster|minutes|min|sav(?:ed|ings?)|per month|energy|tok|imgs?|samples?|"
    r"users?|concurren\w*|batch|throughput|time|seconds?|latency|joules?)\b",
    re.IGNORECASE,
)
#: Columns of what a machine has beside its GPUs, and of their names: they follow from nothing.
_OF_HOST = re.compile(
    r"\b(?:v?cpus?|vcores?|ram|storage|disks?|network|(?:gpu|card)s? (?:models?|types?|names?))\b",
    re.IGNORECASE,
)
_ROWS, _COLUMNS = 24, 8
#: Rows that show what a column is, where its factor is one that units make, and where it is any number.
_SHOWN, _FREE, _TO_ONE = 2, 3, 2
#: The same of a second column of a table: of many that are tried one fits by chance.
_FURTHER = 4
#: Factors that units of time and prefixes make: seconds, hours, months of so many hours, per million.
_NATURAL = tuple(
    base * 10.0**power
    for base in (1.0, 3.6, 1 / 3.6, 6.0, 1 / 6.0, 8.64, 1 / 8.64, 7.3, 7.2, 2.4, 1.2, 3.0, 8.76)
    for power in range(-9, 10)
)
#: How far rounding may change what is worked out, and from where on it is wrong.
_WITHIN, _WRONG = 0.012, 0.05
#: The same where all other rows are right to the last digit that is told.
_EXACT, _OFF = 0.001, 0.02


class _Rule(NamedTuple):
    """What a column may be of two others, in words and as a function of their values."""

    words: str
    of: Callable[[float, float], float]
    #: Whether the values are of one kind, and the factor is 1.
    sums: bool


_RULES = (
    _Rule("{0} less {1}", lambda a, b: a - b, sums=True),
    _Rule("{0} and {1}", lambda a, b: a + b, sums=True),
    _Rule("{0} times {1}", lambda a, b: a * b, sums=False),
    _Rule("{0} over {1}", lambda a, b: a / b if b else 0.0, sums=False),
    _Rule("the reverse of {0}", lambda a, _: 1 / a if a else 0.0, sums=False),
)


class _Shown(NamedTuple):
    """What a column follows from, with the rows that show it and those that do not."""

    column: int
    words: str
    #: The words of its rule, with the places of the columns.
    of: str
    #: What each row should have.
    real: dict[int, float]
    right: frozenset[int]
    wrong: frozenset[int]


def find(context: Context) -> Iterator[Finding]:
    """Every cell that does not follow as those of the other rows do."""
    for table in context.document.tables:
        read = {
            at: one
            for at, one in columns(table, context).items()
            if 0 < at < _COLUMNS and not _OF_HOST.search(one.name) and not _is_of_days(table, at)
        }
        # Figures of devices follow from each other by chance only.
        if 1 < len(table.rows) <= _ROWS and _OF_USE.search(" ".join(one.name for one in read.values())):
            shown = list(_shown(read))
            accused = doubtful(table, context) if shown else frozenset()
            # A column that follows in every row confirms, and hides none that does not in one.
            yield from _best([one for one in shown if not one.wrong], read, frozenset(), context)
            odd, told = [one for one in shown if one.wrong], accused
            while odd:
                yield from _best(odd, read, told, context)
                told |= _first(odd).wrong
                # What a row's wrong cell makes of others is explained by it.
                odd = [one for one in odd if one.wrong - told and len(one.right) >= _FURTHER]


#: By how much more the highest is than the lowest of what another column must follow from.
_SPREAD = 1.1


def _first(shown: Sequence[_Shown]) -> _Shown:
    """What most rows show, of the last column."""
    return max(shown, key=lambda one: (len(one.right), one.column))


def _best(
    shown: Sequence[_Shown], read: Mapping[int, Column], accused: frozenset[int], context: Context
) -> Iterator[Finding]:
    if shown:
        best = _first(shown)
        yield from _judged(read[best.column], best, accused, context)


#: A cell that tells a day, which no amount is worked out from.
_A_DAY = re.compile(
    r"(?:(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? (?:\d{1,2},? )?|\d{1,2}[./-]){0,2}"
    r"(?:19|20)\d\d"
)


def _is_of_days(table: Table, at: int) -> bool:
    """Whether a column has days or years in its cells."""
    cells = [row[at] for row in table.rows[1:] if len(row) > at]
    return bool(cells) and all(each is not None and _A_DAY.fullmatch(each.text.strip()) for each in cells)


def _shown(read: Mapping[int, Column]) -> Iterator[_Shown]:
    """Every way in which a column follows from others in most rows, and in a few does not."""
    full = {at: one for at, one in read.items() if len(one.values) > _SHOWN}
    for at, told in full.items():
        others = [one for key, one in full.items() if key != at]
        for rule in _RULES:
            single = "{1}" not in rule.words
            pairs = combinations if rule.words.endswith("and {1}") or "times" in rule.words else permutations
            for a, b in ((one, one) for one in others) if single else pairs(others, 2):
                found = _tried(at, told, rule, a, b)
                if found is not None:
                    yield found


def _tried(at: int, told: Column, rule: _Rule, a: Column, b: Column) -> _Shown | None:
    both = sorted(told.values.keys() & a.values.keys() & b.values.keys())
    made_of = {row: rule.of(a.values[row], b.values[row]) for row in both}
    if len(both) <= _SHOWN or any(value <= 0 for value in made_of.values()):
        return None
    if rule.sums and not told.money == a.money == b.money:
        return None
    if not rule.sums and all(map(_is_a_rate, (told, a, b))):
        # Of three speeds none is the product or the quotient of the others, but by chance.
        return None
    if (
        not rule.sums
        and "memory" in _units(told)
        and not told.money
        and {"bandwidth"} & {*_units(a), *_units(b)}
    ):
        # Nor is what a device has of what it moves.
        return None
    factor = 1.0 if rule.sums else median(told.values[row] / made_of[row] for row in both)
    natural = next((one for one in _NATURAL if abs(factor / one - 1) <= _WITHIN), 0.0)
    real = {row: value * (1.0 if rule.sums else natural or factor) for row, value in made_of.items()}
    right = frozenset(row for row in both if abs(told.values[row] / real[row] - 1) <= _WITHIN)
    wrong = frozenset(both) - right
    varied = all(len({round(one.values[row], 9) for row in right}) > 1 for one in (told, a, b))
    # Of units of time so many are tried that two rows fit one of them by chance.
    plain = rule.sums or (natural and (told.money or round(math.log10(natural), 6).is_integer()))
    enough = len(right) >= max(_SHOWN if plain else _FREE, _TO_ONE * len(wrong))
    sure = natural or "{1}" in rule.words
    whole = (natural or rule.sums) and "{1}" in rule.words and len(right) >= _FREE
    # What hardly changes from row to row seems to follow from anything that doesn't either.
    spread = max(made_of.values()) / min(made_of.values()) if right else 0.0
    free = not natural and not rule.sums and spread < _SPREAD
    if free or not (enough and (wrong or whole) and varied and sure):
        return None
    return _Shown(at, rule.words.format(a.name.strip(), b.name.strip()), rule.words, real, right, wrong)


def _follows(one: Amount, context: Context) -> bool:
    """Whether a cell follows from others in a way that more of its column show (`derived`)."""
    return any(
        each.attribute == "derived" and one.cell.start <= each.start < one.cell.end and not each.accuses
        for each in context.memo["found"]
    )


def _units(column: Column) -> set[str]:
    """What the cells of a column are of by their units."""
    return {each.told.dimension for each in column.amounts.values()}


def _is_a_rate(column: Column) -> bool:
    """Whether a column is of work by the second."""
    return not column.money and measure_of(column.name, "number") == "speed"


def _judged(told: Column, shown: _Shown, accused: frozenset[int], context: Context) -> Iterator[Finding]:
    for row in sorted(shown.right) if "{1}" in shown.of else ():
        because = f"{shown.words} makes {shown.real[row]:,.4g}, as in the other rows"
        yield finding(told.amounts[row], "column", because, context)
    for row in sorted(shown.wrong - accused):
        one, real = told.amounts[row], shown.real[row]
        if _follows(one, context):
            continue
        share = one.told.dimension in ("percent", "times")
        exact = len(shown.right) > _SHOWN and all(
            abs(told.values[each] / shown.real[each] - 1) <= _EXACT for each in shown.right
        )
        if not share and abs(one.told.value / real - 1) > (_OFF if exact else _WRONG) + one.slack:
            because = f"{shown.words} makes {real:,.4g} in this row, as in the others"
            yield finding(one, "column", because, context, expected=f"{real:,.4g}")
