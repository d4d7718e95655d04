"""Columns that two others make: users times the rate of each are the total, seconds by pieces an hour 3,600.

The constant is one of those that units have; where most rows show it, one that is far from it is wrong.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import quantities
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding

#: What units and periods make of a product.
_UNITS = (1.0, 60.0, 1e3, 3600.0, 6e4, 86400.0, 1e6, 3.6e6)
_CONSTANTS = (*_UNITS, *(1 / each for each in _UNITS[1:]))
_DIGITS = re.compile(r"\d[\d,]*(?:\.(?P<fraction>\d+))?")
#: Headings of what work does, takes and costs: what devices have is a product of nothing.
_USE = re.compile(
    r"\b(?:tok\w*|imag\w*|imgs?|samples?|users?|concurren\w*|batch|throughput|per hour|(?:in|"
    r"per) s\w*|time|seconds?|"
    r"minutes|latency|costs?|price|joules?|energy|kwh)\b|[$\u20ac]",
    re.IGNORECASE,
)
_USED = 2
#: How far beyond its digits a row may be from the constant, and from where on it is wrong.
_NEAR, _WRONG = 0.015, 0.08
#: Rows that show a constant, how many of them to one that does not, and what is looked at.
_SHOWN, _TO_ONE, _ROWS, _COLUMNS = 3, 3, 40, 9


class _Amount(NamedTuple):
    """A cell with its amount, and half of its last digit as a share of it."""

    cell: Passage
    place: tuple[int, int]
    value: float
    rounded: float


def find(context: Context) -> Iterator[Finding]:
    """Every amount of a row that the others of it exclude, where the other rows show what they make."""
    for table in context.document.tables:
        told: set[int] = set()
        every = [_column(table, at, context) for at in range(min(table.columns, _COLUMNS))]
        heads = [head.text if head else "" for head in table.rows[0][: len(every)]] if table.rows else []
        used = [_USE.search(head) is not None for head in heads]
        # The last is of no column.
        used += [False] * (len(every) + 1 - len(used))
        # A result of none is a product of two that is the same in every row.
        places = range(len(every))
        for one, other, result in product(places, places, range(-1, len(every))):
            if one >= other or result in (one, other) or used[one] + used[other] + used[result] < _USED:
                continue
            whole = every[result] if result >= 0 else None
            for row, real in _wrong(every[one], every[other], whole).items():
                last = max(each for each in (one, other, result))
                amount = every[last][row]
                if row not in told:
                    told.add(row)
                    shown = amount.value * real[last == result]
                    because = f"by what the other rows show it is about {shown:,.3g}"
                    yield made(context, amount.cell, amount.place, "arithmetic", "inconsistent",
                               attribute="column", because=because,
                               evidence=(Evidence(because),))  # fmt: skip


def _column(table: Table, at: int, context: Context) -> dict[int, _Amount]:
    """The one exact amount of each cell of a column."""
    found = {}
    for row in range(1, min(len(table.rows), _ROWS)):
        cell = table.cell(row, at)
        told = quantities(cell.text, context.fraction) if cell else ()
        if cell and len(told) == 1 and told[0].high == told[0].value > 0 and not told[0].limit:
            digits = _DIGITS.search(cell.text, told[0].start)
            number = float(digits[0].replace(",", "")) if digits else 0.0
            half = 0.5 * 10.0 ** -len(digits["fraction"] or "") if digits else 0.0
            place = (told[0].start, told[0].end)
            found[row] = _Amount(cell, place, told[0].value, half / number if number else 0.0)
    return found


def _wrong(
    one: Mapping[int, _Amount], other: Mapping[int, _Amount], result: Mapping[int, _Amount] | None
) -> dict[int, tuple[float, float]]:
    """The rows whose product is not what most show: what a factor, and the result, is too little by."""
    rows = sorted(one.keys() & other.keys() & (result if result is not None else one).keys())
    if len(rows) <= _SHOWN:
        return {}
    sides = {row: (one[row], other[row], *((result[row],) if result is not None else ())) for row in rows}
    products = {row: each[0].value * each[1].value / (each[2].value if len(each) > 2 else 1.0)
                for row, each in sides.items()}  # fmt: skip
    for constant in _CONSTANTS:
        right = [row for row in rows if abs(products[row] / constant - 1) <= _slack(sides[row])]
        wrong = [row for row in rows if abs(products[row] / constant - 1) > _WRONG + _slack(sides[row])]
        varied = any(len({sides[row][at].value for row in right}) >= _SHOWN for at in range(2))
        if wrong and varied and len(right) >= max(_SHOWN, _TO_ONE * len(wrong)):
            return {row: (constant / products[row], products[row] / constant) for row in wrong}
    return {}


def _slack(amounts: tuple[_Amount, ...]) -> float:
    return _NEAR + sum(each.rounded for each in amounts)
