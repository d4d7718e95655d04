"""Columns that are a multiple of another: what watts cost by the month, what a context's KV cache takes.

The multiple (hours and the price of energy, the bytes of a token) is what most rows show; a row whose
amount is far from it is wrong. Prices are no multiple of a number of GPUs, nor speeds of anything.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import quantities
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity

_CACHE = re.compile(r"\b(?:kv|key[- ]value|cache)\b", re.IGNORECASE)
_TOKENS = re.compile(r"\b(?:context|tokens?|sequence|seq)\b", re.IGNORECASE)
_GPUS = re.compile(r"\b(\d{1,2})\s?[x\u00d7-]?\s?GPUs?\b", re.IGNORECASE)
_COST = re.compile(r"[$\u20ac]|\b(?:costs?|bill|monthly|yearly|annual)\b", re.IGNORECASE)
_PRICE = re.compile(r"\b(?:price|msrp|street|launch|retail|used|per kwh|/kwh|rent\w*|cloud)\b", re.IGNORECASE)
#: Rows that show a multiple.
_SHOWN = 3
#: How far a row may be from it beside its own range, from where on it is wrong; so of a number of GPUs.
_LOOSE, _EXACT = (0.1, 0.4), (0.01, 0.05)
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
        about = " ".join((*heads.values(), table.caption, *table.section))
        loose = {(a, b): _shown(columns[a], columns[b], *_LOOSE) for a, b in _pairs(heads, columns, about)}
        exact = {(a, b): _shown(columns[a], columns[b], *_EXACT) for a, b in _of_several(heads, columns)}
        shown = loose | exact
        for (source, at), row in [(pair, row) for pair, one in shown.items() for row in one.wrong]:
            # Where others follow from the same, one of them proves that it is not that which is wrong.
            if len(shown) == 1 or any(row in one.right for one in shown.values()):
                real = shown[source, at].factor * _middle(columns[source][row])
                yield from _judged(rows[row][at], columns[at][row], real, context)


def _pairs(
    heads: Mapping[int, str], columns: Mapping[int, Mapping[int, Quantity]], about: str
) -> list[tuple[int, int]]:
    """The columns of power or energy with those of what it costs, of contexts with those of their cache."""
    powers = [at for at, one in columns.items() if _are(one, {"power", "energy"})]
    costs = [at for at, head in heads.items() if _COST.search(head) and not _PRICE.search(head)]
    lengths = [at for at, head in heads.items() if _TOKENS.search(head)]
    lengths = [at for at in lengths if _are(columns[at], {"number", "count"})]
    pairs = [(powers[0], at) for at in costs if _are(columns[at], {"money"})] if len(powers) == 1 else []
    if len(lengths) == 1 and _CACHE.search(about):
        pairs += [(lengths[0], at) for at, one in columns.items() if _are(one, {"memory"})]
    return pairs


def _of_several(
    heads: Mapping[int, str], columns: Mapping[int, Mapping[int, Quantity]]
) -> list[tuple[int, int]]:
    """The columns of one GPU with those of so many: "TDP (W)" and "8-GPU node (W)"."""
    several = {at: float(match[1]) for at, head in heads.items() if (match := _GPUS.search(head))}
    return [
        (one, at)
        for at, count in several.items()
        for one in heads
        if one not in several and _shown(columns[one], columns[at], *_EXACT).factor == count
    ]


def _column(rows: Sequence[Sequence[Passage | None]], at: int, context: Context) -> dict[int, Quantity]:
    """The one amount of each cell below a heading, or its one range."""
    cells = ((row, line[at]) for row, line in enumerate(rows) if row and at < len(line))
    told = ((row, quantities(cell.text, context.fraction)) for row, cell in cells if cell)
    return {row: found[0] for row, found in told if len(found) == 1 and found[0].value > 0}


def _are(column: Mapping[int, Quantity], kinds: set[str]) -> bool:
    return len(column) >= _SHOWN and {each.dimension for each in column.values()} <= kinds


def _shown(source: Mapping[int, Quantity], cost: Mapping[int, Quantity], near: float, far: float) -> _Shown:
    """The multiple of another column that most rows of one are, those rows, and those far from it."""
    both = sorted(source.keys() & cost.keys())
    middles = {row: (_middle(source[row]), _middle(cost[row])) for row in both}
    if len(both) <= _SHOWN:
        return _Shown(0.0, frozenset(), frozenset())
    factor = median(b / a for a, b in middles.values())
    off = {row: abs(b / a / factor - 1) - _width(source[row]) for row, (a, b) in middles.items()}
    right = frozenset(row for row in both if off[row] <= near)
    sure = len(right) > len(both) / 2 and len({middles[row][0] for row in right}) >= _SHOWN
    return _Shown(factor, right, frozenset(row for row in both if sure and off[row] > far))


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
