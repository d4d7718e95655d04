"""Columns of what each row saves against the first: "-20%" below "Savings vs on-demand", "5x cheaper".

The first row is what the others are held against, and says so ("Baseline", a dash, 0 %). The column of prices
that the shares are of is one that most rows follow; a row that does not is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.quotients import column
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import quantities

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity

_AGAINST = re.compile(
    r"\b(?:vs\.?|versus|against|sav\w+|discount|cheaper|relative|compared)\b", re.IGNORECASE
)
#: What a share is of the larger of two prices in.
_LESS = re.compile(r"\b(?:sav\w+|discount|cheaper)\b", re.IGNORECASE)
#: The row that the others are held against.
_BASE = re.compile(
    r"\s*(?:baseline|base|reference|none|n/a|[-\u2013\u2014]+|0\s?%|1(?:\.0)?\s?[x\u00d7])?\s*", re.IGNORECASE
)
#: Rows that follow, how far rounding goes, and from where on a share or a multiple is wrong.
_SHOWN, _NEAR, _POINTS, _TIMES = 1, 0.02, 0.05, 0.1
_ROWS, _COLUMNS = 40, 10


class _Column(NamedTuple):
    """The cells of a column, the share or multiple in each, and how far it is from that of the prices."""

    cells: Sequence[Passage | None]
    told: Mapping[int, Quantity]
    off: Mapping[int, float]


def find(context: Context) -> Iterator[Finding]:
    """Every such cell with its verdict."""
    for table in context.document.tables:
        rows = table.rows[: _ROWS + 1]
        heads = {at: cell.text for at, cell in enumerate(rows[0][:_COLUMNS]) if cell} if len(rows) > 2 else {}
        money = [one for at, head in heads.items() if (one := column(head, rows, at, context)).money]
        for at, head in heads.items():
            first = rows[1][at] if at < len(rows[1]) else None
            if _AGAINST.search(head) and (first is None or _BASE.fullmatch(first.text)):
                told = _told(rows, at, context)
                less = _LESS.search(head) is not None
                priced = [one.values for one in money if {1, *told} <= one.values.keys()]
                ways = [{row: _off(one, of, row, less=less) for row, one in told.items()} for of in priced]
                best = max(range(len(ways)), key=lambda at: _right(ways[at]), default=-1)
                if best >= 0 and _right(ways[best]) >= max(_SHOWN, len(told) - _right(ways[best])):
                    yield from _judged(
                        _Column([row[at] for row in rows], told, ways[best]), priced[best], context
                    )


def _told(rows: Sequence[Sequence[Passage | None]], at: int, context: Context) -> dict[int, Quantity]:
    """The share or the multiple of each cell but the first."""
    cells = ((row, line[at]) for row, line in enumerate(rows) if row > 1 and at < len(line))
    # A star leads to a note.
    found = ((row, quantities(cell.text.rstrip(" *\u2020"), context.fraction)) for row, cell in cells if cell)
    return {
        row: each[0]._replace(value=abs(each[0].value))
        for row, each in found
        if len(each) == 1 and each[0].dimension in ("percent", "times") and each[0].high == each[0].value != 0
    }


def _off(told: Quantity, prices: Mapping[int, float], row: int, *, less: bool) -> float:
    """How far a share is from what two prices differ by, or a multiple from their ratio."""
    low, high = sorted((prices[1], prices[row]))
    if told.dimension == "times":
        return min(abs(told.value / (high / low) - 1), abs(told.value * high / low - 1))
    of_larger = abs(told.value - (1 - low / high))
    return of_larger if less else min(of_larger, abs(told.value - (high / low - 1)))


def _right(off: Mapping[int, float]) -> int:
    return sum(each <= _NEAR for each in off.values())


def _judged(column: _Column, prices: Mapping[int, float], context: Context) -> Iterator[Finding]:
    for row, one in column.told.items():
        cell, off = column.cells[row], column.off[row]
        wrong = off > (_TIMES if one.dimension == "times" else _POINTS)
        if cell is None or (off > _NEAR and not wrong):
            continue
        low, high = sorted((prices[1], prices[row]))
        because = (
            f"{prices[row]:,.4g} is {1 - low / high:.0%} apart from {prices[1]:,.4g}, {high / low:.3g} times"
        )
        expected = f"{high / low:.3g}x" if one.dimension == "times" else f"{1 - low / high:.0%}"
        yield made(
            context, cell, (one.start, one.end), "arithmetic", "inconsistent" if wrong else "confirmed",
            attribute="saving", because=because, expected=expected if wrong else "",
            evidence=(Evidence(because),),
        )  # fmt: skip
