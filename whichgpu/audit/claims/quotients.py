"""Columns that are the quotient of two others: "Price per GB of VRAM", "TFLOPS/W", "Speedup 8x".

What a column is divided by is what most of its rows show; a row that does not follow is wrong. The memory and
the power of the devices are read from the catalogue where the table does not state them.
"""

from __future__ import annotations

import math
from itertools import permutations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.tables.columns import (
    ON_FILE,
    Column,
    by_devices,
    columns,
    doubtful,
    finding,
    is_shown,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.audit.document import Table
    from whichgpu.audit.findings import Context, Finding

#: Headers of quotients.
_PER = re.compile(r"\b(?:per|pro|par|por|je)\b|\w\s?/\s?\w|[$\u20ac]\s?/|\u6bcf", re.IGNORECASE)
#: Those that are no quotient of columns: what is paid by the hour, what moves in a second.
_RATE = re.compile(
    r"(?:per|pro|par|por|je|/)\s*(?:s|sec\w*|second\w*|h|hr|hours?|day|month|year|mo|gpu|card|node|Stunde|"
    r"heure|hora)\b|"
    r"\b(?:i/o|n/a|and/or|tok(?:en)?s?/s)\b",
    re.IGNORECASE,
)
_BANDWIDTH = re.compile(r"\b[GT]i?B/s\b")
#: Between the parts of a header, its words, those of a price, those of any rate, and what units are of.
_PARTS = re.compile(r"\b(?:per|pro|par|por|je)\b|/|\u6bcf")
_WORD = re.compile(r"[^\W_]+")
_PRICE = re.compile(
    r"(?:price|cost|usd|eur|preis|kosten|prix|co\u00fbt|precio|coste|prezzo|costo|pre\u00e7o)"
)
_ANY = frozenset({"performance", "perf", "peak", "value", "ratio"})
_MEANS = (
    ("gb", "memory"), ("gb", "vram"), ("gb", "speicher"), ("vram", "memory"), ("memory", "vram"),
    ("w", "power"), ("watt", "power"), ("w", "tdp"), ("watt", "tdp"), ("w", "tgp"), ("watt", "tgp"),
    ("tflop", "fp16"), ("tflops", "fp16"), ("tflops", "fp32"),
)  # fmt: skip
_COLUMNS = 12
#: Rows that show what a column is of, and so many more of them than of others.
_SHOWN = 2
#: How far rounding may change a quotient beside that of its own last digit, and what is wrong for certain.
_WITHIN, _WRONG = 0.015, 0.04


def find(context: Context) -> Iterator[Finding]:
    """Every cell of such a column with its verdict."""
    for table in context.document.tables:
        if len(table.rows) > _SHOWN:
            yield from _of_table(table, context, turned=False)
            yield from _of_table(table, context, turned=True)


def _of_table(table: Table, context: Context, *, turned: bool) -> Iterator[Finding]:
    read = {at: one for at, one in columns(table, context, turned=turned).items() if 0 < at < _COLUMNS}
    told = [one for one in read.values() if _PER.search(name := _plain(one.name)) and not _RATE.search(name)]
    known = (*read.values(), *by_devices(table, context, turned=turned)) if told else ()
    yield from _speed_ups(read, doubtful(table, context, turned=turned), context)
    for one in told:
        others = [each for each in known if each is not one and len(each.values) >= _SHOWN]
        best, most = None, 0
        for a, b in permutations(others, 2):
            if not _is_named(one, a, b):
                continue
            right = _right(one.values, a, b)
            every = len(one.values.keys() & a.values.keys() & b.values.keys())
            # Of two rows one shows it, and of more most of them, since the header names both parts.
            enough = 1 if every == _SHOWN else max(_SHOWN, every // 2 + 1)
            if len(right) >= max(enough, most + 1):
                best, most = (a, b), len(right)
        if best is not None:
            yield from _judged(one, best, doubtful(table, context, turned=turned), context)


#: Headers of how many times as fast one column is as another, and columns that are no speeds.
_FASTER = re.compile(r"\b(?:speed-?\s?ups?|scaling|times faster|x faster|uplift)\b", re.IGNORECASE)
_NO_SPEED = re.compile(
    r"\b(?:memory|vram|bandwidth|power|tdp|cores|price|cost)\b|\befficiency\b", re.IGNORECASE
)


def _speed_ups(read: Mapping[int, Column], accused: frozenset[int], context: Context) -> Iterator[Finding]:
    """A column of speed-ups that most rows show to be of one column over another."""
    speeds = [
        one
        for one in read.values()
        if not (one.money or _FASTER.search(one.name) or _NO_SPEED.search(one.name))
    ]
    for told in read.values():
        if not _FASTER.search(told.name) or not told.are("times", "number"):
            continue
        pairs = [
            (a, b)
            for a, b in permutations(speeds, 2)
            if told.values.keys() <= a.values.keys() & b.values.keys()
        ]
        best = max(pairs, key=lambda pair: _shown(told, *pair), default=None)
        if best and _shown(told, *best) >= max(_SHOWN, len(told.values) // 2 + 1):
            yield from _judged(told, best, accused, context, scale=1.0)


def _shown(told: Column, a: Column, b: Column) -> int:
    """In how many rows a column is one over another, but for rounding."""
    off = (abs(each / _quotient(a, b, row, 1.0) - 1) - told.slack(row) for row, each in told.values.items())
    return sum(each <= _WITHIN for each in off)


def _plain(name: str) -> str:
    """A header whose unit of bandwidth is no quotient: "GB/s per W" is bandwidth per watt."""
    return _BANDWIDTH.sub("bandwidth", name)


def _is_named(told: Column, a: Column, b: Column) -> bool:
    """Whether a header names both columns that it may be the quotient of: "Price per GB" of "VRAM"."""
    parts = _PARTS.split(_plain(told.name).lower(), maxsplit=1)
    if len(parts) < 2:
        return False
    over, under = (_WORD.findall(part) for part in parts)
    priced = a.money and (not over or any(_PRICE.match(word) for word in over))
    tops = priced or (bool(over) and all(_in(word, a.name) or word in _ANY for word in over))
    return tops and (any(_in(word, b.name) for word in under) or any(
        word in under and kind in b.name.lower() for word, kind in _MEANS
    ))  # fmt: skip


def _in(word: str, name: str) -> bool:
    return word.rstrip("s") in (each.rstrip("s") for each in _WORD.findall(_plain(name).lower()))


def _quotient(a: Column, b: Column, row: int, scale: float) -> float:
    return a.values[row] / b.values[row] * scale


def _right(told: Mapping[int, float], a: Column, b: Column) -> list[int]:
    """The rows in which a column is a quotient, in whatever unit of a power of ten."""
    scale = _scale(told, a, b)
    both = told.keys() & a.values.keys() & b.values.keys()
    return [row for row in both if scale and abs(told[row] / _quotient(a, b, row, scale) - 1) <= _WITHIN]


def _scale(told: Mapping[int, float], a: Column, b: Column) -> float:
    """The power of ten by which most rows of a column are off a quotient; 0 where there is none."""
    both = told.keys() & a.values.keys() & b.values.keys()
    found = sorted(told[row] / _quotient(a, b, row, 1.0) for row in both)
    if not found or (len(set(a.values.values())) == 1 and len(set(b.values.values())) == 1):
        return 0.0
    # Of two rows either may be the right one.
    middle = found if len(found) == _SHOWN else found[len(found) // 2 :][:1]
    scales = [(float(10.0 ** round(math.log10(each))), each) for each in middle]
    return next((scale for scale, each in scales if abs(each / scale - 1) <= _WITHIN), 0.0)


def _judged(
    told: Column, by: tuple[Column, Column], accused: frozenset[int], context: Context, *, scale: float = 0.0
) -> Iterator[Finding]:
    a, b = by
    times, scale = scale > 0, scale or _scale(told.values, a, b)
    for row in sorted((told.values.keys() & a.values.keys() & b.values.keys()) - accused):
        real, one = _quotient(a, b, row, scale), told.amounts[row]
        off = 0.0 if is_shown(one, real) else abs(told.values[row] / real - 1) - one.slack
        if off > _WITHIN and (
            off <= _WRONG
            or _is_otherwise(
                told.values[row] / real, (real, one.slack), b, times or _are_devices(a, b, context)
            )
        ):
            continue
        because = f"{a.name.strip()} over {b.name.strip()} is {real:,.4g} in this row, as in the others"
        yield finding(one, "quotient", because, context, expected=f"{real:,.4g}" if off > _WRONG else "")


#: A board with several GPUs, whose memory on file is one's.
_ON_A_BOARD = (1 / 2, 1 / 4)


def _are_devices(a: Column, b: Column, context: Context) -> bool:
    """Whether both columns are headed by a device: what less is better of stands the other way round."""
    return all(any(True for _ in mentions(each.name, context.catalogue)) for each in (a, b))


def _is_otherwise(apart: float, by: tuple[float, float], of: Column, times: bool) -> bool:
    """Whether a row is the other way round, as of times, or of a board of several GPUs."""
    real, slack = by
    ways = _ON_A_BOARD if of.name == ON_FILE and not times else (1 / real**2,) if times else ()
    return any(abs(apart / way - 1) - slack <= _WITHIN for way in ways)
