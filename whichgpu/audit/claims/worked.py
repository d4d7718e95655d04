"""Columns that follow from two others: paid less needed, price over rate, watts times hours.

What a column is, most of its rows show: the same difference, sum, product or quotient of two others, times
one number that all rows have. A row that does not follow, in a table where the others do, is wrong.
"""

from __future__ import annotations

from itertools import combinations, permutations
from statistics import median
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.quotients import Column, column
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.judging import stated
from whichgpu.audit.quantities import quantities
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

#: Headers of tables of costs, work, times and energy.
_OF_USE = re.compile(
    r"[$\u20ac]|\b(?:costs?|prices?|paid|bills?|spen[dt]|hours?|kwh|tokens?|images|requests|total|rates?|rent|"
    r"needed|wasted|speed-?\s?ups?|faster|minutes|min|sav(?:ed|ings?)|per month|energy)\b",
    re.IGNORECASE,
)
_ROWS, _COLUMNS = 24, 8
#: Rows that show what a column is, where its factor is one that units make, and where it is any number.
_SHOWN, _FREE, _TO_ONE = 2, 3, 2
#: Factors that units of time and prefixes make: seconds, hours, months of so many hours, per million.
_NATURAL = tuple(
    base * 10.0**power
    for base in (1.0, 3.6, 1 / 3.6, 7.3, 7.2, 2.4, 1.2, 3.0, 8.76)
    for power in range(-9, 10)
)
#: How far rounding may change what is worked out, and from where on it is wrong.
_WITHIN, _WRONG = 0.012, 0.05


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
)


class _Shown(NamedTuple):
    """What a column follows from, with the rows that show it and those that do not."""

    column: int
    words: str
    #: What each row should have.
    real: dict[int, float]
    right: frozenset[int]
    wrong: frozenset[int]


def find(context: Context) -> Iterator[Finding]:
    """Every cell that does not follow as those of the other rows do."""
    for table in context.document.tables:
        rows = table.rows[: _ROWS + 1]
        if len(rows) <= _SHOWN + 1:
            continue
        heads = [(at, cell.text) for at, cell in enumerate(rows[0][:_COLUMNS]) if at and cell]
        columns = {at: column(text, rows, at, context) for at, text in heads}
        if not _OF_USE.search(" ".join(text for _, text in heads)):
            # Figures of devices follow from each other by chance only.
            continue
        best = max(_shown(columns), key=lambda one: (len(one.right), one.column), default=None)
        if best is not None:
            yield from _judged(rows, best, context)


def _shown(columns: dict[int, Column]) -> Iterator[_Shown]:
    """Every way in which a column follows from two others in most rows, and in a few does not."""
    full = {at: one for at, one in columns.items() if len(one.values) > _SHOWN}
    for at, told in full.items():
        for rule in _RULES:
            pairs = combinations if rule.words.endswith("and {1}") or "times" in rule.words else permutations
            for a, b in pairs([key for key in full if key != at], 2):
                found = _tried(at, told, rule, full[a], full[b])
                if found is not None:
                    yield found


def _tried(at: int, told: Column, rule: _Rule, a: Column, b: Column) -> _Shown | None:
    both = sorted(told.values.keys() & a.values.keys() & b.values.keys())
    made_of = {row: rule.of(a.values[row], b.values[row]) for row in both}
    if len(both) <= _SHOWN or any(value <= 0 for value in made_of.values()):
        return None
    if rule.sums and not told.money == a.money == b.money:
        return None
    factor = 1.0 if rule.sums else median(told.values[row] / made_of[row] for row in both)
    natural = next((one for one in _NATURAL if abs(factor / one - 1) <= _WITHIN), 0.0)
    real = {row: value * (1.0 if rule.sums else natural or factor) for row, value in made_of.items()}
    right = frozenset(row for row in both if abs(told.values[row] / real[row] - 1) <= _WITHIN)
    wrong = frozenset(both) - right
    varied = (
        len({round(told.values[row], 9) for row in right}) > 1 and len({a.values[row] for row in right}) > 1
    )
    varied = varied and len({b.values[row] for row in right}) > 1
    enough = len(right) >= max(_SHOWN if natural or rule.sums else _FREE, _TO_ONE * len(wrong))
    if not (enough and wrong and varied):
        return None
    return _Shown(at, rule.words.format(a.name.strip(), b.name.strip()), real, right, wrong)


def _judged(rows: Sequence[Sequence[Passage | None]], shown: _Shown, context: Context) -> Iterator[Finding]:
    accused = [each.start for each in context.memo["found"] if each.accuses]
    for row in sorted(shown.wrong):
        cell = rows[row][shown.column]
        told = quantities(cell.text, context.fraction) if cell else ()
        if cell is None or len(told) != 1 or told[0].dimension in ("percent", "times"):
            continue
        # What follows from a figure that is wrong itself is not wrong too.
        doubtful = any(one and one.start <= at < one.end for one in rows[row] for at in accused)
        words = cell.text[told[0].start : told[0].end]
        rounding = stated(told[0].value, words, "", frozenset()).rounding
        off = abs(told[0].value / shown.real[row] - 1)
        if doubtful or off <= _WRONG + rounding:
            continue
        because = f"{shown.words} makes {shown.real[row]:,.4g} in this row, as in the others"
        yield made(
            context, cell, (told[0].start, told[0].end), "arithmetic", "inconsistent", attribute="column",
            because=because, expected=f"{shown.real[row]:,.4g}", evidence=(Evidence(because),),
        )  # fmt: skip
