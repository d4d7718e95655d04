"""Columns of what two others differ by ("3x" below "Delta"), or of what each row saves against the first.

The latter ("-20%" below "Savings vs on-demand") has a first row that says so ("Baseline", a dash, 0 %), and
shares of that column of prices which most rows follow. A row that does not follow is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.quotients import column
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import quantities
from whichgpu.values import NamedTuple

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
_DELTA = re.compile(r"\b(?:delta|difference|improvement|change|speed-?up|uplift|gain|ratio)\b", re.IGNORECASE)
#: Columns of a table that compares two: what is compared, the two, and what they differ by.
_COMPARED = 4
#: The row that the others are held against.
_BASE = re.compile(
    r"\s*(?:baseline|base|reference|none|n/a|[-\u2013\u2014]+|0\s?%|1(?:\.0)?\s?[x\u00d7])?\s*", re.IGNORECASE
)
#: Rows that follow, how far rounding goes, and from where on a share or a multiple is wrong.
_SHOWN, _NEAR, _POINTS, _TIMES = 1, 0.02, 0.05, 0.1
_ROWS, _COLUMNS = 40, 10


class _Column(NamedTuple):
    """The cells of a column, the share or multiple in each, how far it is off, the values it is of."""

    cells: Sequence[Passage | None]
    told: Mapping[int, Quantity]
    off: Mapping[int, float]
    pairs: Mapping[int, tuple[float, float]]


def find(context: Context) -> Iterator[Finding]:
    """Every such cell with its verdict."""
    for table in context.document.tables:
        rows = table.rows[: _ROWS + 1]
        heads = {at: cell.text for at, cell in enumerate(rows[0][:_COLUMNS]) if cell} if len(rows) > 2 else {}
        prices = [one.values for at, head in heads.items() if (one := column(head, rows, at, context)).money]
        for at, head in heads.items():
            first = rows[1][at] if at < len(rows[1]) else None
            told, less = _told(rows, at, context), _LESS.search(head) is not None
            if _DELTA.search(head) and len(rows[0]) == _COMPARED:
                pairs = [_beside(rows, at, told, context)]
            elif _AGAINST.search(head) and (first is None or _BASE.fullmatch(first.text)):
                told.pop(1, None)
                pairs = [{row: (of[1], of[row]) for row in told} for of in prices if {1, *told} <= of.keys()]
            else:
                continue
            ways = [{row: _off(told[row], *pair, less=less) for row, pair in each.items()} for each in pairs]
            best = max(range(len(ways)), key=lambda way: _right(ways[way]), default=-1)
            if best >= 0 and _right(ways[best]) >= max(_SHOWN, len(ways[best]) - _right(ways[best])):
                cells = [row[at] if at < len(row) else None for row in rows]
                yield from _judged(_Column(cells, told, ways[best], pairs[best]), context)


def _beside(
    rows: Sequence[Sequence[Passage | None]], at: int, told: Mapping[int, Quantity], context: Context
) -> dict[int, tuple[float, float]]:
    """The two values of each row beside a cell of what they differ by, where they are of one kind."""
    pairs = {}
    for row in told:
        cells = [cell for index, cell in enumerate(rows[row]) if index not in (0, at) and cell]
        found = [quantities(cell.text, context.fraction) for cell in cells]
        values = [each[0] for each in found if len(each) == 1 and each[0].high == each[0].value > 0]
        if len(values) == 2 and values[0].dimension == values[1].dimension:
            pairs[row] = (values[0].value, values[1].value)
    return pairs


def _told(rows: Sequence[Sequence[Passage | None]], at: int, context: Context) -> dict[int, Quantity]:
    """The share or the multiple of each cell."""
    cells = ((row, line[at]) for row, line in enumerate(rows) if row and at < len(line))
    # A star leads to a note.
    found = ((row, quantities(cell.text.rstrip(" *\u2020"), context.fraction)) for row, cell in cells if cell)
    return {
        row: each[0]._replace(value=abs(each[0].value))
        for row, each in found
        if len(each) == 1 and each[0].dimension in ("percent", "times") and each[0].high == each[0].value != 0
    }


def _off(told: Quantity, one: float, other: float, *, less: bool) -> float:
    """How far a share is from what two values differ by, or a multiple from their ratio."""
    low, high = sorted((one, other))
    if told.dimension == "times":
        return min(abs(told.value / (high / low) - 1), abs(told.value * high / low - 1))
    of_larger = abs(told.value - (1 - low / high))
    return of_larger if less else min(of_larger, abs(told.value - (high / low - 1)))


def _right(off: Mapping[int, float]) -> int:
    return sum(each <= _NEAR for each in off.values())


def _judged(column: _Column, context: Context) -> Iterator[Finding]:
    for row, off in column.off.items():
        cell, one = column.cells[row], column.told[row]
        wrong = off > (_TIMES if one.dimension == "times" else _POINTS)
        if cell is None or (off > _NEAR and not wrong):
            continue
        low, high = sorted(column.pairs[row])
        because = (
            f"{low:,.4g} is {1 - low / high:.0%} less than {high:,.4g}, which is {high / low:.3g} times that"
        )
        expected = f"{high / low:.3g}x" if one.dimension == "times" else f"{1 - low / high:.0%}"
        yield made(
            context, cell, (one.start, one.end), "arithmetic", "inconsistent" if wrong else "confirmed",
            attribute="saving", because=because, expected=expected if wrong else "",
            evidence=(Evidence(because),),
        )  # fmt: skip
