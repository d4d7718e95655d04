"""Columns that are the quotient of two others: "Price per GB of VRAM", "TFLOPS/W".

What a column is divided by is what most of its rows show; a row that does not follow is wrong. The memory and
the power of the devices are read from the catalogue where the table does not state them.
"""

from __future__ import annotations

import math
from itertools import permutations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.judging import stated
from whichgpu.audit.quantities import quantities
from whichgpu.audit.subjects import mentions
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity

#: Headers of quotients.
_PER = re.compile(r"\b(?:per|pro|par|por|je)\b|\w\s?/\s?\w|[$\u20ac]\s?/|\u6bcf", re.IGNORECASE)
#: Those that are no quotient of columns: what is paid by the hour, what moves in a second.
_RATE = re.compile(
    r"(?:per|pro|par|por|je|/)\s*(?:s|sec\w*|second\w*|h|hr|hours?|day|month|year|mo|gpu|card|node|Stunde|heure|hora)\b|"
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
_ROWS, _COLUMNS = 40, 12
#: Rows that show what a column is of, and how many of them to one that does not.
_SHOWN, _TO_ONE = 2, 2
#: How far rounding may change a quotient beside that of its own last digit, and what is wrong for certain.
_WITHIN, _WRONG, _ROUNDED = 0.015, 0.04, 0.05


class Column(NamedTuple):
    """Amounts by row, and what they are called."""

    name: str
    values: Mapping[int, float]
    #: Whether the amounts are of money.
    money: bool = False


def find(context: Context) -> Iterator[Finding]:
    """Every cell of such a column with its verdict."""
    for table in context.document.tables:
        if len(table.rows) > _SHOWN:
            yield from _of_rows(table.rows[: _ROWS + 1], context)
            yield from _of_rows(_turned(table), context)


def _turned(table: Table) -> list[list[Passage | None]]:
    """A table with its rows as columns."""
    wide = min(table.columns, _ROWS)
    return [
        [table.cell(row, column) for row in range(min(len(table.rows), _COLUMNS))] for column in range(wide)
    ]


def _of_rows(rows: Sequence[Sequence[Passage | None]], context: Context) -> Iterator[Finding]:
    heads = [(at, cell) for at, cell in enumerate(rows[0][:_COLUMNS]) if at and cell]
    told = [at for at, cell in heads if _PER.search(name := _plain(cell.text)) and not _RATE.search(name)]
    if not told:
        return
    columns = {at: column(cell.text, rows, at, context) for at, cell in heads}
    known = [*columns.items(), *enumerate(by_devices(rows, context), _COLUMNS)]
    for at in told:
        others = [one for index, one in known if index != at and len(one.values) >= _SHOWN]
        best, most = None, 0
        for a, b in permutations(others, 2):
            if not _is_named(columns[at], a, b):
                continue
            right = _right(columns[at].values, a, b)
            every = len(columns[at].values.keys() & a.values.keys() & b.values.keys())
            # Of two rows one shows it, since the header names both parts.
            enough = 1 if every == _SHOWN else max(_SHOWN, _TO_ONE * (every - len(right)))
            if len(right) >= max(enough, most + 1):
                best, most = (a, b), len(right)
        if best is not None:
            yield from _judged(rows, at, columns[at], best, context)


def _plain(name: str) -> str:
    """A header whose unit of bandwidth is no quotient: "GB/s per W" is bandwidth per watt."""
    return _BANDWIDTH.sub("bandwidth", name)


def _amount(cell: Passage | None, context: Context) -> Quantity | None:
    """The one amount of a cell."""
    found = quantities(cell.text, context.fraction) if cell else ()
    return found[0] if len(found) == 1 and found[0].high == found[0].value > 0 else None


def column(name: str, rows: Sequence[Sequence[Passage | None]], at: int, context: Context) -> Column:
    """The amounts below a header, one to a cell."""
    cells = ((index, row[at]) for index, row in enumerate(rows) if index and at < len(row))
    found = {index: told for index, cell in cells if (told := _amount(cell, context))}
    money = sum(each.dimension == "money" for each in found.values()) > len(found) / 2
    return Column(name, {index: each.value for index, each in found.items()}, money)


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
    return word.rstrip("s") in (each.rstrip("s") for each in _WORD.findall(name.lower()))


def by_devices(rows: Sequence[Sequence[Passage | None]], context: Context) -> list[Column]:
    """The memory and the power of the devices that head the rows, for where they are not stated."""
    memory: dict[int, float] = {}
    power: dict[int, float] = {}
    for index, row in enumerate(rows):
        found = list(mentions(row[0].text, context.catalogue)) if index and row and row[0] else []
        gpus = [context.catalogue[key] for key in found[0].ids] if len(found) == 1 else []
        sizes = {nominal_gb(float(value)) for gpu in gpus if (value := gpu.value("memory"))}
        watts = {float(value) for gpu in gpus if (value := gpu.value("power"))}
        if len(sizes) == 1 and (size := sizes.pop()):
            memory[index] = size * 1e9
        if len(watts) == 1:
            power[index] = watts.pop()
    return [Column("memory on file", memory), Column("power on file", power)]


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
    rows: Sequence[Sequence[Passage | None]], at: int, column: Column, by: tuple[Column, Column],
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    a, b = by
    scale = _scale(column.values, a, b)
    wrong_before = [each.start for each in context.memo["found"] if each.accuses]
    for row in sorted(column.values.keys() & a.values.keys() & b.values.keys()):
        cell = rows[row][at]
        told = _amount(cell, context)
        # What follows from a figure that is wrong itself is not wrong too.
        doubtful = any(one and one.start <= at < one.end for one in rows[row] for at in wrong_before)
        if cell is None or told is None or doubtful:
            continue
        real = _quotient(a, b, row, scale)
        off = abs(told.value / real - 1)
        words = cell.text[told.start : told.end]
        rounding = min(stated(told.value, words, "", frozenset()).rounding, _ROUNDED)
        wrong = off > _WRONG + rounding
        verdict = "confirmed" if off <= _WITHIN + rounding else "inconsistent" if wrong else "unverifiable"
        because = f"{a.name.strip()} over {b.name.strip()} is {real:,.4g} in this row, as in the others"
        yield made(context, cell, (told.start, told.end), "arithmetic", verdict, attribute="quotient",
                   because=because, expected=f"{real:,.4g}" if wrong else "",
                   evidence=(Evidence(because),))  # fmt: skip
