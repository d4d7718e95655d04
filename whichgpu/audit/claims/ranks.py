"""Ranks in a table that do not follow the column they rank: "$0.045 | 4th" below "$0.061 | 3rd"."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import quantities
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding

_HEAD = re.compile(r"\b(?:rank(?:ing)?|place|position)\b", re.IGNORECASE)
_RANK = re.compile(r"\W*(?:#|no\. ?)?(?P<rank>\d{1,2})(?:st|nd|rd|th)?\b(?:\s*\((?:tied?|joint)\))?\W*", re.I)
#: Ranked rows at least, rows that are looked at, and the share of pairs that may be out of order.
_LEAST, _MOST_ROWS, _FEW = 4, 40, 0.25


class _Row(NamedTuple):
    """A row that is ranked: the cell of its rank, that rank, and what is ranked."""

    cell: Passage
    rank: int
    value: float
    words: str


def find(context: Context) -> Iterator[Finding]:
    """The rank that stands against the others of its column, where nearly all follow the column before it."""
    for table in context.document.tables:
        heads = [cell.text if cell else "" for cell in table.rows[0]] if table.rows else []
        for column, head in enumerate(heads):
            if column and _HEAD.search(head) and (rows := _ranked(table, column, context)):
                yield from _judged(rows, heads[column - 1], context)


def _ranked(table: Table, column: int, context: Context) -> list[_Row]:
    """The rows with a rank in a column and one amount in the column before; none where some have not."""
    rows = []
    for row in range(1, min(len(table.rows), _MOST_ROWS)):
        cell, beside = table.cell(row, column), table.cell(row, column - 1)
        rank = _RANK.fullmatch(cell.text) if cell else None
        told = quantities(beside.text, context.fraction) if beside else ()
        if cell is None or beside is None or rank is None or len(told) != 1:
            return []
        rows.append(_Row(cell, int(rank["rank"]), told[0].value, beside.text.strip()))
    return rows if len(rows) >= _LEAST else []


def _judged(rows: Sequence[_Row], head: str, context: Context) -> Iterator[Finding]:
    pairs = [(a, b) for a, b in combinations(rows, 2) if a.rank != b.rank and a.value != b.value]
    rising = [pair for pair in pairs if (pair[0].rank < pair[1].rank) == (pair[0].value < pair[1].value)]
    falling = [pair for pair in pairs if pair not in rising]
    out = min(rising, falling, key=len)
    if not out or len(out) > _FEW * len(pairs):
        return
    # Of two that are exchanged the later one; else the one in every pair that is out of order.
    odd = [row for row in rows if all(row in pair for pair in out)]
    if not odd:
        return
    wrong = odd[-1]
    other = next(one for pair in out if wrong in pair for one in pair if one is not wrong)
    because = f"{head.strip()}: {wrong.words} is placed {wrong.rank}, {other.words} {other.rank}"
    yield made(
        context, wrong.cell, (0, len(wrong.cell.text)), "ordering", "inconsistent", attribute="rank",
        because=because, evidence=(Evidence(because),),
    )  # fmt: skip
