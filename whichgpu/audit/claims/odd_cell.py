"""Columns that are one over another: "it/s", "seconds per image", "images per hour" of one measurement.

Where two columns of three agree in a row as they do in the others, and the third agrees with neither, this
is wrong.
"""

from __future__ import annotations

from itertools import combinations
from math import exp, log
from statistics import median
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import headed
from whichgpu.audit.columns import ODD, Column, columns, doubtful, finding
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.audit.document import Table
    from whichgpu.audit.findings import Context, Finding

#: Headings of what was measured or is paid, and follows from each other; those of specifications do not.
_MEASURED = re.compile(
    r"\b(?:per|an?|each)\s+[a-z]+|\b[a-z]+\s?/\s?[a-z]+|\b(?:fps|tps|seconds?|secs?|minutes?|mins?|hours?|ms|"
    r"time|latency|duration|throughput|speed|cost|price|energy|kwh|wh|joules?)\b|[$\u20ac]",
    re.IGNORECASE,
)
#: How near a row is to what most have, from where on it is off, and how many rows show what columns make.
_NEAR, _OFF, _SHARE, _LEAST, _SPREAD = 0.02, 0.06, 0.6, 3, 1.15
_MOST = 8


class _Pair(NamedTuple):
    """How two columns go together: the logarithm of their quotient or product, and how far rows are off."""

    sign: float
    usual: float
    off: Mapping[int, float]


def find(context: Context) -> Iterator[Finding]:
    """Every cell that alone does not follow."""
    for table in context.document.tables:
        if len(table.rows) > _LEAST + 1:
            yield from _of_table(table, context, turned=False)
        if table.columns > _LEAST + 1:
            yield from _of_table(table, context, turned=True)


def _of_table(table: Table, context: Context, *, turned: bool) -> Iterator[Finding]:
    read = [
        one
        for at, one in columns(table, context, turned=turned).items()
        if at and len(one.values) > _LEAST and _MEASURED.search(one.name) and headed(one.name) is None
    ][:_MOST]
    pairs = {(i, j): pair for i, j in combinations(range(len(read)), 2) if (pair := _pair(read[i], read[j]))}
    known = doubtful(table, context, turned=turned)
    done: set[tuple[int, int]] = set()
    for three in combinations(range(len(read)), 3):
        sides = {each: pairs.get(each) for each in combinations(three, 2)}
        if not all(sides.values()):
            continue
        for odd in three:
            a, b = (each for each in three if each != odd)
            agree, one = sides[a, b], sides[min(a, odd), max(a, odd)]
            other = sides[min(b, odd), max(b, odd)]
            if agree is None or one is None or other is None:
                continue
            for row in sorted(agree.off.keys() & one.off.keys() & other.off.keys() - known):
                is_odd = agree.off[row] <= _NEAR and min(one.off[row], other.off[row]) > _OFF
                if is_odd and (odd, row) not in done and row in read[odd].amounts:
                    done.add((odd, row))
                    yield _found(read[odd], read[a], (one, odd < a), (row, turned), context)


def _found(
    column: Column, by: Column, pair: tuple[_Pair, bool], where: tuple[int, bool], context: Context
) -> Finding:
    """What a cell should be by another of its row."""
    (one, first), (row, turned) = pair, where
    rest = log(by.middle(row))
    # usual = log(a) - sign * log(b) of the first and the second column.
    real = exp(one.usual + one.sign * rest if first else one.sign * (rest - one.usual))
    because = (
        f'{by.amounts[row].words if row in by.amounts else by.middle(row)} below "{by.name}" makes '
        f"{real:,.3g}, as in the other rows"
    )
    told = column.amounts[row].told
    digits = re.search(r"\d[\d,]*(?:\.\d+)?", column.amounts[row].words)
    unit = told.value / float(digits[0].replace(",", "")) if digits else 1.0
    return finding(column.amounts[row], ODD[turned], because, context, expected=f"{real / unit:,.3g}")


def _pair(one: Column, other: Column) -> _Pair | None:
    """How two columns go together in most of their rows; None where they do not."""
    rows = sorted(one.values.keys() & other.values.keys())
    for sign in (1.0, -1.0) if len(rows) > _LEAST else ():
        told = {row: log(one.middle(row)) - sign * log(other.middle(row)) for row in rows}
        usual = median(told.values())
        off = {row: abs(each - usual) - one.slack(row) - other.slack(row) for row, each in told.items()}
        right = [row for row in rows if off[row] <= _NEAR]
        values = sorted({one.middle(row) for row in right})
        varied = len(values) >= _LEAST and values[-1] > _SPREAD * values[0]
        if varied and len(right) >= max(_LEAST, _SHARE * len(rows)):
            return _Pair(sign, usual, off)
    return None
