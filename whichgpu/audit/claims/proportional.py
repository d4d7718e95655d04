"""Columns that are a multiple of another: what watts cost by the month, what a context's KV cache takes.

The multiple (hours and the price of energy, the bytes of a token) is what most rows show; a row whose
amount is far from it is wrong. Prices are no multiple of a number of GPUs, nor speeds of anything.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import quantities

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity

_CACHE = re.compile(r"\b(?:kv|key[- ]value|cache)\b", re.IGNORECASE)
_TOKENS = re.compile(r"\b(?:context|tokens?|sequence|seq)\b", re.IGNORECASE)
_COST = re.compile(r"[$\u20ac]|\b(?:costs?|bill|monthly|yearly|annual)\b", re.IGNORECASE)
_PRICE = re.compile(r"\b(?:price|msrp|street|launch|retail|used|per kwh|/kwh|rent\w*|cloud)\b", re.IGNORECASE)
#: Rows that show a multiple, how far each may be from it beside its own range, and from where on it is wrong.
_SHOWN, _NEAR, _WRONG = 3, 0.1, 0.4
_ROWS, _COLUMNS = 40, 8


class _Shown(NamedTuple):
    """What a column is a multiple of another by, the rows that show it and those that are wrong by it."""

    factor: float
    right: frozenset[int]
    wrong: frozenset[int]


def find(context: Context) -> Iterator[Finding]:
    """Every cell that is no such multiple as those of the other rows are."""
    for table in context.document.tables:
        rows = table.rows[: _ROWS + 1]
        heads = {at: cell.text for at, cell in enumerate(rows[0][:_COLUMNS]) if cell} if rows else {}
        columns = {at: _column(rows, at, context) for at in heads}
        powers = [at for at, one in columns.items() if _are(one, {"power", "energy"})]
        costs = [at for at, head in heads.items() if _COST.search(head) and not _PRICE.search(head)]
        lengths = [
            at
            for at, head in heads.items()
            if _TOKENS.search(head) and _are(columns[at], {"number", "count"})
        ]
        pairs = [(powers[0], at) for at in costs if _are(columns[at], {"money"})] if len(powers) == 1 else []
        if len(lengths) == 1 and _CACHE.search(" ".join((*heads.values(), table.caption, *table.section))):
            pairs += [(lengths[0], at) for at, one in columns.items() if _are(one, {"memory"})]
        shown = {pair: _shown(columns[pair[0]], columns[pair[1]]) for pair in pairs}
        wrong = [(pair, row) for pair, one in shown.items() for row in one.wrong]
        for (source, at), row in wrong:
            factor = shown[source, at].factor
            # Where others follow from the same, one of them proves that it is not that which is wrong.
            if len(pairs) == 1 or any(row in one.right for one in shown.values()):
                yield from _judged(
                    rows[row][at], columns[at][row], factor * _middle(columns[source][row]), context
                )


def _column(rows: Sequence[Sequence[Passage | None]], at: int, context: Context) -> dict[int, Quantity]:
    """The one amount of each cell below a heading, or its one range."""
    cells = ((row, line[at]) for row, line in enumerate(rows) if row and at < len(line))
    told = ((row, quantities(cell.text, context.fraction)) for row, cell in cells if cell)
    return {row: found[0] for row, found in told if len(found) == 1 and found[0].value > 0}


def _are(column: Mapping[int, Quantity], kinds: set[str]) -> bool:
    return len(column) >= _SHOWN and {each.dimension for each in column.values()} <= kinds


def _shown(source: Mapping[int, Quantity], cost: Mapping[int, Quantity]) -> _Shown:
    """The multiple of another column that most rows of one are, those rows, and those far from it."""
    both = sorted(source.keys() & cost.keys())
    middles = {row: (_middle(source[row]), _middle(cost[row])) for row in both}
    if len(both) <= _SHOWN:
        return _Shown(0.0, frozenset(), frozenset())
    factor = median(b / a for a, b in middles.values())
    off = {row: abs(b / a / factor - 1) - _width(source[row]) for row, (a, b) in middles.items()}
    right = frozenset(row for row in both if off[row] <= _NEAR)
    sure = len(right) > len(both) / 2 and len({middles[row][0] for row in right}) >= _SHOWN
    return _Shown(factor, right, frozenset(row for row in both if sure and off[row] > _WRONG))


def _judged(cell: Passage | None, told: Quantity, real: float, context: Context) -> Iterator[Finding]:
    if cell is None:
        return
    shown = f"{real / 1e9:,.3g} GB" if told.dimension == "memory" else f"{real:,.3g}"
    because = f"by the other rows, which have one multiple, it is about {shown}"
    yield made(
        context, cell, (told.start, told.end), "arithmetic", "inconsistent", attribute="column",
        because=because, expected=shown, evidence=(Evidence(because),),
    )  # fmt: skip


def _middle(one: Quantity) -> float:
    return (one.value + one.high) / 2


def _width(one: Quantity) -> float:
    """Half of a range as a share of its middle."""
    return (one.high - one.value) / (one.high + one.value)
