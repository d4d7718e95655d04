"""Columns of what two others differ by ("3x" below "Delta"), or of what each row saves against the first.

The latter ("-20%" below "Savings vs on-demand") has a first row that says so ("Baseline", a dash, 0 %), and
shares of that column of prices which most rows follow. A row that does not follow is wrong, of the larger or
of the smaller of its two values as most rows are, and so is one whose "+" is of less.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.tables.columns import columns, doubtful, finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.tables.columns import Amount, Column

    #: The two values of each row that a cell of it is of, the first one first.
    _Pairs = Mapping[int, tuple[float, float]]

_AGAINST = re.compile(
    r"\b(?:vs\.?|versus|against|sav\w+|discount|cheaper|relative|compared|speed-?up|times faster)\b",
    re.IGNORECASE,
)
#: What a share is of the larger of two prices in.
_LESS = re.compile(r"\b(?:sav\w+|discount|cheaper)\b", re.IGNORECASE)
_DELTA = re.compile(
    r"\b(?:delta|differen(?:ce|z|cia|za)|diff\u00e9rence|unterschied|zuwachs|steigerung|\u00e9cart|aumento|gains?|"
    r"improvement|change|speed-?up|uplift|ratio)\b",
    re.IGNORECASE,
)
#: What is left of one of two others, in so many rows more than the second.
_LEFT = re.compile(r"\b(?:free|left|remain\w*|headroom|spare|unused)\b", re.IGNORECASE)
_SOME = 2
#: Columns of a table that compares two: what is compared, the two, and what they differ by.
_COMPARED = 4
#: The row that the others are held against.
_BASE = re.compile(
    r"\s*(?:baseline|base|reference|none|n/a|[-\u2013\u2014]+|0\s?%|1(?:\.0+)?\s?[x\u00d7])?\s*",
    re.IGNORECASE,
)
#: Rows that follow, how far rounding goes, and from where on a share or a multiple is wrong.
_SHOWN, _NEAR, _POINTS, _TIMES = 1, 0.02, 0.05, 0.1
#: The same of a multiple with decimals, and of one by how it is rounded: "1.54x" and "3x".
_FINE, _LOOSE = 0.04, 5
_SHARES = ("percent", "times")
#: Rows that show of which of two a share is, and which of them more is "+".
_ONE_WAY, _COLUMNS = 3, 10


def find(context: Context) -> Iterator[Finding]:
    """Every such cell with its verdict."""
    for table in context.document.tables:
        read = {at: one for at, one in columns(table, context).items() if at < _COLUMNS}
        for at, one in read.items() if len(table.rows) > 2 else ():
            first = table.cell(1, at)
            told = {row: each for row, each in one.amounts.items() if each.told.high == each.told.value != 0}
            others = [other for place, other in read.items() if place not in (0, at)]
            based = first is None or _BASE.fullmatch(first.text)
            delta = _DELTA.search(one.name) or (_AGAINST.search(one.name) and not based)
            if delta and len(table.rows[0]) == _COMPARED:
                ways = [_beside(told, others)]
            elif _LEFT.search(one.name) and len(told) > _SOME:
                ways = [_beside(told, pair) for pair in combinations(others, 2)]
            elif _AGAINST.search(one.name) and based:
                told = {row: each for row, each in told.items() if row > 1 and each.told.dimension in _SHARES}
                prices = [each.values for each in read.values() if each.money]
                ways = [{row: (of[1], of[row]) for row in told} for of in prices if {1, *told} <= of.keys()]
                # "vs. T4" beside prices and speeds is of the speeds.
                ways = list(_of_speeds(one, told, first, list(read.values()))) or ways
            else:
                continue
            accused = doubtful(table, context)
            for each in _of_ways(told, ways, _LESS.search(one.name) is not None, context):
                row = next(
                    row for row, amount in told.items() if amount.cell.start <= each.start < amount.cell.end
                )
                if not (each.accuses and row in accused):
                    yield each


#: What says that the first row is once itself, and the columns that are no speed or time.
_ONCE = re.compile(r"\s*(?:1(?:[.,]0+)?\s?[x\u00d7]|baseline|reference)\s*", re.IGNORECASE)
_NO_SPEED = re.compile(
    r"\b(?:gpus|count|number|year|cores|sms|memory|vram|power|watts?|tdp|tflops|bandwidth)\b|^\W*batch",
    re.IGNORECASE,
)


def _of_speeds(
    one: Column, told: Mapping[int, Amount], first: Passage | None, every: Sequence[Column]
) -> Iterator[_Pairs]:
    """The one column of speeds or times whose rows are told as multiples of the first: "1.00x", "1.33x"."""
    if first is None or not _ONCE.fullmatch(first.text):
        return
    if any(each.told.dimension != "times" for each in told.values()):
        return
    rows = {1, *told}
    others = [
        each.values
        for each in every
        if each is not one
        and not each.money
        and rows <= each.values.keys()
        and not _NO_SPEED.search(each.name)
    ]
    if len(others) == 1 and told:
        yield {row: (others[0][1], others[0][row]) for row in told}


def _of_ways(
    told: Mapping[int, Amount], ways: Sequence[_Pairs], less: bool, context: Context
) -> Iterator[Finding]:
    """The verdicts by the values that most rows are of."""
    offs = [{row: _off(told[row], pair, larger=less or None) for row, pair in way.items()} for way in ways]
    right = [sum(off <= max(_NEAR, told[row].slack) for row, off in each.items()) for each in offs]
    best = max(range(len(ways)), key=right.__getitem__, default=-1)
    if best >= 0 and right[best] >= max(_SHOWN, len(offs[best]) - right[best]):
        larger = less or _of_larger(told, ways[best])
        yield from _judged(told, ways[best], larger, context)


def _beside(told: Mapping[int, Amount], others: Sequence[Column]) -> _Pairs:
    """The two values of each row beside a cell of what they differ by, where they are of one kind."""
    pairs = {}
    for row, one in told.items():
        two = [each.amounts[row] for each in others if row in each.values]
        alike = len(two) == 2 and two[0].told.dimension == two[1].told.dimension
        if alike and one.told.dimension in (*_SHARES, two[0].told.dimension):
            pairs[row] = (two[0].told.value, two[1].told.value)
    return pairs


def _off(one: Amount, pair: tuple[float, float], *, larger: bool | None) -> float:
    """How far a share is from what two values differ by, or a multiple from their ratio.

    A share is of the `larger` of them, of the smaller, or of either.
    """
    (low, high), told = sorted(pair), abs(one.told.value)
    of_either = (abs(told - (high / low - 1)), abs(told - (1 - low / high)))
    multiple = min(abs(told / (high / low) - 1), abs(told * high / low - 1))
    if one.told.dimension == "percent":
        return min(of_either) if larger is None else of_either[larger]
    apart = abs(told - (high - low)) / (high - low or high)
    return multiple if one.told.dimension == "times" else min(multiple, apart)


def _of_larger(told: Mapping[int, Amount], pairs: _Pairs) -> bool | None:
    """Whether shares are of the larger value, as most rows are that tell it; None where none do."""
    shares = [(told[row], pair) for row, pair in pairs.items() if told[row].told.dimension == "percent"]
    right = [tuple(_off(one, pair, larger=way) <= _NEAR for way in (False, True)) for one, pair in shares]
    smaller, larger = right.count((True, False)), right.count((False, True))
    sure = max(smaller, larger) >= max(_ONE_WAY, 2 * min(smaller, larger) + 1)
    return larger > smaller if sure else None


def _rises(told: Mapping[int, Amount], pairs: _Pairs) -> dict[int, bool]:
    """Of each share with a "+" whether the first value is the higher."""
    plus = (
        row for row, one in told.items() if row in pairs and one.cell.text[: one.told.start].endswith("+")
    )
    return {row: pairs[row][0] > pairs[row][1] for row in plus if pairs[row][0] != pairs[row][1]}


def _signed(told: Mapping[int, Amount], pairs: _Pairs) -> dict[int, float]:
    """How far each share is from the change from the first value to the second, where most rows tell that."""
    off = {
        row: abs(told[row].told.value - (second / first - 1))
        for row, (first, second) in pairs.items()
        if told[row].told.dimension == "percent"
    }
    negative = any(told[row].told.value < 0 for row in off)
    right = sum(each <= _NEAR for each in off.values())
    return off if negative and right >= max(_ONE_WAY, len(off) - 1) else {}


def _judged(
    told: Mapping[int, Amount], pairs: _Pairs, larger: bool | None, context: Context
) -> Iterator[Finding]:
    signed = _signed(told, pairs)
    rises = _rises(told, pairs)
    up = 2 * sum(rises.values()) > len(rises)
    # One "+" among several that is of less.
    odd = {row for row, rise in rises.items() if rise != up}
    odd = odd if len(rises) - len(odd) >= _ONE_WAY * max(len(odd), 1) else set()
    for row, pair in pairs.items():
        one, (low, high) = told[row], sorted(pair)
        # "-28%" beside rows with "+" is of the second value as they are.
        of = None if one.told.value < 0 and rises else larger
        off, plain = _off(one, pair, larger=of), one.told.dimension not in _SHARES
        off = signed.get(row, off)
        times = max(_FINE, min(_TIMES, _LOOSE * one.slack))
        most = times if one.told.dimension == "times" else _POINTS + plain * one.slack
        wrong = off > most or row in odd
        if off > max(_NEAR, one.slack if one.told.dimension == "times" else 0.0) and not wrong:
            continue
        less, more = 1 - low / high, high / low
        because = f"{low:,.4g} is {less:.0%} less than {high:,.4g}, which is {more:.3g} times that"
        share = f"{'-' if row in odd else ''}{less if larger or row in odd else more - 1:.0%}"
        expected = share if one.told.dimension == "percent" else f"{more:.3g}x"
        expected = f"{high - low:,.4g}" if plain else expected
        yield finding(one, "saving", because, context, expected=expected if wrong else "")
