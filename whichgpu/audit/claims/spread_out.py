"""Rows of what a total is by the hour: "Total | $334,847 | ..", "Per GPU-hour | $1.59 | ..".

All columns of a table are divided by the same hours and number of GPUs: wrong is the one column that is not,
where at least two others show by how much theirs were, and that is some years of some GPUs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.totals import summed_columns
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import quantities
from whichgpu.audit.roundings import stated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity

#: What heads a row of prices of an hour, and words that make it one of other terms.
_HOURLY = re.compile(
    r"\b(?:per|an|each|/)\s?(?:(?:gpu|card|node|server)[- ]?)?(?:hour|hr|h)\b", re.IGNORECASE
)
_OTHER = re.compile(r"\b(?:rent\w*|cloud|on[- ]demand|spot|market|list|saving\w*|power|electricity)\b", re.I)
_SLACK = 0.004
_SURE, _OFF, _MOST = 2, 0.05, 1024
#: Hours of a year that something runs, and the numbers of years and of GPUs are whole.
_YEARS = range(1, 8)


def find(context: Context) -> Iterator[Finding]:
    """Every such price that is not by the hours of the others."""
    for table in context.document.tables:
        rows = [
            at for at in range(1, len(table.rows))
            if (head := table.cell(at, 0)) and _HOURLY.search(head.text) and not _OTHER.search(head.text)
        ]  # fmt: skip
        wholes = summed_columns(table, context) if rows else {}
        for at in rows:
            yield from _of_row(table, at, wholes, context)


def _of_row(table: Table, at: int, wholes: Mapping[int, float], context: Context) -> Iterator[Finding]:
    """The prices of a row that are another part of their column's total than the others are."""
    told: list[tuple[Passage, Quantity, float]] = []
    for column, whole in wholes.items():
        cell = table.cell(at, column)
        paid = (
            [each for each in quantities(cell.text, context.fraction) if each.dimension == "money"]
            if cell
            else []
        )
        if cell and len(paid) == 1 and paid[0].value > 0:
            told.append((cell, paid[0], whole))
    factor, right = _shared([(one, whole, _rounding(cell, one)) for cell, one, whole in told])
    if not factor:
        return
    for number, (cell, one, whole) in enumerate(told):
        real = whole / factor
        if number in right or abs(one.value / real - 1) < _OFF + _rounding(cell, one):
            continue
        because = f"{whole:,.10g} over {factor:,.0f} hours, as of the others, is {real:,.3g}"
        yield made(
            context, cell, (one.start, one.end), "arithmetic", "inconsistent", attribute="by the hour",
            because=because, expected=f"{real:,.3g}", evidence=(Evidence(because),),
        )  # fmt: skip


def _shared(told: Sequence[tuple[Quantity, float, float]]) -> tuple[float, set[int]]:
    """The hours by which most totals were divided, at least two of them, and which those are."""
    best: tuple[float, set[int]] = (0.0, set())
    for one, whole, _ in told:
        hours = _hours(whole / one.value)
        like = {
            number
            for number, (other, total, rounding) in enumerate(told)
            if hours and abs(total / other.value / hours - 1) < _SLACK + rounding
        }
        if len(like) >= _SURE and len(like) > max(len(best[1]), len(told) // 2):
            best = (hours, like)
    return best


def _hours(value: float) -> float:
    """The hours of whole years of a whole number of GPUs that a number is; 0 where it is of none."""
    for years in _YEARS:
        many = value / (years * 8760)
        if 1 - _OFF < many < _MOST and abs(math.log(many / max(round(many), 1))) < 2 * _SLACK:
            return round(many) * years * 8760.0
    return 0.0


def _rounding(cell: Passage, one: Quantity) -> float:
    return stated(one.value, cell.text[one.start : one.end], "", frozenset()).rounding
