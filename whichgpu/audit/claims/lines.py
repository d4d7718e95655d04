"""Rows or columns of which one is so many times another by its own heading: "Three cards, street price".

"8 GPUs, 730 hours" is 5,840 times the price by the hour, a node's price that of one of its GPUs times their
number. Where the others of a line follow and one does not, that one is wrong.
"""

from __future__ import annotations

from itertools import combinations, permutations
from math import prod
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.tables import lines
from whichgpu.audit.quantities import SPELLED, read_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.store import Amount
    from whichgpu.audit.known.tables import Line

_COUNT = re.compile(r"^\W*(\d{1,3})\s?(?:[x\u00d7]|\*)")
_NUMBER = re.compile(
    r"(?<![\w.,$])(?P<n>\d{1,3}(?:,\d{3})+|\d{1,5})(?![\w.,]*\d)|\b(?P<word>" + "|".join(SPELLED) + r")\b",
    re.IGNORECASE,
)
_PERIODS: Mapping[str, tuple[float, ...]] = {
    "day": (24.0, 8.0), "week": (168.0,), "month": (720.0, 730.0, 744.0), "year": (8760.0, 8766.0),
}  # fmt: skip
_PERIOD = re.compile(r"\b(day|week|month|year)(?:ly|s)?\b", re.IGNORECASE)
_HOURLY = re.compile(r"\bhour(?:ly)?\b|/\s?hr?\b|\bhr\b", re.IGNORECASE)
_EACH = re.compile(
    r"\b(?:per|each|a) (?:gpu|card|device|board|unit|chip)\b|\bunit price\b|/\s?gpu\b|\beach\b", re.IGNORECASE
)
_OF_ALL = re.compile(
    r"\b(?:all|total|whole|node|instance|server|boards|cards|together|sum)\b|\bper hour\b", re.IGNORECASE
)
_QUANTITY = re.compile(
    r"\W*(?:quantity|qty|number(?: of (?:gpus|cards|boards))?|count|gpus|cards|boards|units)\W*$",
    re.IGNORECASE,
)
#: What is not in proportion to a number: discounts, deposits, what was measured of several.
_ELSE = re.compile(
    r"\b(?:reserved|spot|commit\w*|discount\w*|after|with|incl\w*|plus|tokens?|images?|requests?|speed\w*|"
    r"throughput|saving\w*|token|latency|max\w*|min\w*)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[a-z]{3,}")
_NEAR, _OFF, _FAR, _LINES, _MONEY = 0.003, 0.02, 12.0, 12, ("money", "number")


def find(context: Context) -> Iterator[Finding]:
    """Every amount of such a line that alone does not follow."""
    for table in context.document.tables:
        every = [each for each in lines(table, context) if len(each.cells) > 1][:_LINES]
        counts = _counts(table, every)
        done: set[int] = set()
        for base, whole in permutations(every, 2):
            for place, real, because in _off(base, whole, counts):
                cell, amount, _ = whole.cells[place]
                at = cell.text.find(amount.words)
                wrong = any(
                    each.start < cell.end and cell.start < each.end
                    for each in context.memo["found"]
                    if each.accuses
                )
                if at < 0 or cell.start in done or wrong:
                    continue
                done.add(cell.start)
                yield made(
                    context, cell, (at, at + len(amount.words)), "arithmetic", "inconsistent",
                    attribute="line",
                    because=because, expected=f"{real:,.2f}".rstrip("0").rstrip("."),
                    evidence=(Evidence(because),),
                )  # fmt: skip


def _counts(table: Table, every: Sequence[Line]) -> dict[str, float]:
    """How many of its device each name is of: by itself, by a cell of its row, or by a line of numbers."""
    found = {amount.name: amount.number for line in every for _, amount, _ in line.cells if amount.number > 1}
    for row in table.rows[1:]:
        told = [match for cell in row if cell and (match := _COUNT.match(cell.text))]
        if len(told) == 1 and row and row[0]:
            found.setdefault(re.sub(r"\s+", " ", row[0].text.strip()).lower(), float(told[0][1]))
    for line in every:
        if _QUANTITY.fullmatch(line.label):
            found |= {
                amount.name: amount.value
                for _, amount, _ in line.cells
                if amount.value == round(amount.value)
            }
    return found


def _factors(base: Line, whole: Line) -> list[float]:
    """What a line may be times another by what their headings say."""
    told = [_value(each) for each in _NUMBER.finditer(whole.label)]
    said = [_value(each) for each in _NUMBER.finditer(base.label)]
    own = [each for each in told if each > 1 and each not in said]
    ways = [prod(some) for size in (1, 2) for some in combinations(own, size)]
    period = _PERIOD.search(whole.label)
    if period and _HOURLY.search(base.label) and not _PERIOD.search(base.label):
        ways += [hours * many for hours in _PERIODS[period[1].lower()] for many in (1.0, *own)]
    return ways


def _value(match: re.Match[str]) -> float:
    return read_number(match["n"] or match["word"])


def _off(base: Line, whole: Line, counts: Mapping[str, float]) -> Iterator[tuple[int, float, str]]:
    if _ELSE.search(whole.label) or _ELSE.search(base.label):
        return
    both = [(at, one, amount) for at, (_, amount, kind) in enumerate(whole.cells)
            for _, one, other in base.cells if one.name == amount.name and _alike(kind, other)]  # fmt: skip
    if len(both) < 2:
        return
    shared = {*_WORD.findall(base.label.lower())} & {*_WORD.findall(whole.label.lower())}
    ways = (
        [[factor] * len(both) for factor in _factors(base, whole)]
        if shared or _HOURLY.search(base.label)
        else []
    )
    if _EACH.search(base.label) and not _EACH.search(whole.label) and _OF_ALL.search(whole.label):
        own = [counts.get(amount.name, 1.0) for _, _, amount in both]
        ways += [own] if max(own) > 1 else []
    if any(all(_is(one, amount, n) for (_, one, amount), n in zip(both, way, strict=True)) for way in ways):
        return
    for way in ways:
        off = [
            (at, one, amount, n)
            for (at, one, amount), n in zip(both, way, strict=True)
            if not _is(one, amount, n)
        ]
        if len(off) != 1 or len(off) >= len(both):
            continue
        at, one, amount, n = off[0]
        real = one.value * n
        if abs(amount.value / real - 1) > _OFF and 1 / _FAR < amount.value / real < _FAR:
            yield at, real, f"{n:g} x {one.words} is {real:,.6g}, as the others of the line follow"
            return


def _alike(kind: str, other: str) -> bool:
    return kind == other or {kind, other} <= {*_MONEY}


def _is(one: Amount, amount: Amount, n: float) -> bool:
    slack = _half(one.words) * n + _half(amount.words) + _NEAR * one.value * n
    return abs(amount.value - one.value * n) <= slack


def _half(words: str) -> float:
    digits = re.search(r"\d[\d,]*(?:\.(\d+))?", words)
    if not digits:
        return 0.0
    return 0.5 * 10.0 ** -len(digits[1]) if digits[1] else 0.5
