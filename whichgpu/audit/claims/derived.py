"""Cells of tables that follow from others: ratios to one row, changes, shares, efficiencies, products, means.

Wrong is what does not follow where the others of its line do; a row of means is wrong that is no mean.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.derived import judged, lines, related
from whichgpu.audit.derived.lines import CELLS, on_file
from whichgpu.audit.derived.relations import aggregate, means
from whichgpu.audit.tables.columns import finding
from whichgpu.audit.text.quantities import quantities

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.derived import Line
    from whichgpu.audit.derived.blame import Judged
    from whichgpu.audit.derived.relations import Mean
    from whichgpu.audit.document import Table
    from whichgpu.audit.findings import Context, Finding

#: What is said of the devices of a table: a line of it follows from no other.
_OF_DEVICES = ("specification", "identity", "capability")
#: How far off a mean is at least that is none, and how far one may be that is, beside its rounding.
_WRONG, _RIGHT = 0.015, 0.002
_FEWEST = 3
#: Numbers around a table that are tried as factors.
_NUMBERS, _AROUND = 24, 1000


def find(context: Context) -> Iterator[Finding]:
    """Every cell that follows, or does not where it should."""
    for table in context.document.tables:
        if len(table.rows) >= _FEWEST and table.columns >= _FEWEST:
            for turned in (False, True):
                yield from _of_table(table, context, turned=turned)


def _of_table(table: Table, context: Context, *, turned: bool) -> Iterator[Finding]:
    read = lines(table, context, turned=turned)
    if len(read) < _FEWEST - 1:
        return
    heads = _heads(table, turned=turned)
    known, accused, told = _settled(read, context)
    open_ = {at: one for at, one in read.items() if at not in told}
    if not open_:
        return
    named = " ".join(one.name for one in open_.values())
    file = on_file(table, context, turned=turned, named=named)
    every = {**read, **{one.at: one for one in file}}
    relations = [one for one in related(read, heads, file, _stated(table, context)) if one.at in open_]
    relations = [one for one in relations if not _is_of_formats(one.words, read[one.at].name)]
    apart = [row for row, name in heads.items() if aggregate(name)]
    told_of = list(judged(every, relations, known=known, accused=accused, apart=apart))
    for each in told_of:
        if each.wrong and _is_of_another_kind(each, told_of, read):
            continue
        amount = read[each.at].amounts[each.row]
        real = _written(each.real)
        because = f"{' '.join(each.words.split())} is {real}, as in the others"
        yield finding(amount, "derived", because, context, expected=real if each.wrong else "")
    yield from _means(read, heads, context)


def _is_of_another_kind(one: Judged, every: Sequence[Judged], read: Mapping[int, Line]) -> bool:
    """Whether several cells of a line are off by the same: rows of another kind, and no slip."""
    value = read[one.at].values[one.row]
    wrong = [each for each in every if each.wrong and each.at == one.at]
    return sum(read[each.at].values[each.row] == value for each in wrong) > 1


#: A format that an amount is told in.
_IN_FORMAT = re.compile(r"\b(?:[BT]?FP?\d{1,2}|INT\d|\d{1,2}[- ]?bits?|Q\d\w*)\b", re.IGNORECASE)


def _is_of_formats(words: str, name: str) -> bool:
    """Whether a sum is of one thing in two formats, and told of it in a third: no part of that."""
    parts = (*words.split(" and "), name)
    return len(parts) > len("ab") and all(_IN_FORMAT.search(each) for each in parts)


def _stated(table: Table, context: Context) -> set[float]:
    """The numbers that stand around a table: a price of the kWh, a power, the size of a model."""
    passages = context.document.passages
    places = sorted(at for cell in table if (at := context.place(cell)) >= 0)
    near = (
        (*passages[max(0, places[0] - 2) : places[0]], *passages[places[-1] + 1 : places[-1] + 3])
        if places
        else ()
    )
    texts = [table.caption, *table.section[-1:], *(each.text for each in near if each.kind != "cell")]
    found = quantities(" ; ".join(text[:_AROUND] for text in texts), context.fraction)
    return {each.value for each in found[:_NUMBERS] if each.high == each.value > 0} - {1.0}


def _written(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:,.4g}"


def _heads(table: Table, *, turned: bool) -> dict[int, str]:
    cells = table.rows[0][1:CELLS] if turned else [row[0] if row else None for row in table.rows[1:CELLS]]
    return {row: cell.text if cell else "" for row, cell in enumerate(cells, 1)}


def _settled(
    read: Mapping[int, Line], context: Context
) -> tuple[set[tuple[int, int]], set[tuple[int, int]], set[int]]:
    """Cells that are right by another source, those that are accused, and lines that are of devices."""
    found = sorted(context.memo["found"], key=lambda each: each.start)
    starts = [each.start for each in found]
    known, accused, told = set(), set(), set()
    for at, line in read.items():
        off = set()
        for row, amount in line.amounts.items():
            cell = amount.cell
            here = found[bisect_left(starts, cell.start) : bisect_left(starts, cell.end)]
            if any(each.accuses for each in here):
                off.add((at, row))
            elif any(each.verdict == "confirmed" and each.kind in _OF_DEVICES for each in here):
                known.add((at, row))
        # Of a line that most cells of are wrong it is read wrongly what they are of.
        accused |= off if 2 * len(off) <= len(line.amounts) else set()
        if any(at == key for key, _ in known):
            told.add(at)
    return known, accused, told


def _means(read: Mapping[int, Line], heads: Mapping[int, str], context: Context) -> Iterator[Finding]:
    """Rows of means and medians: right where any mean of those above gives them, wrong where none does."""
    shown = list(means(read, heads))
    fits = [_off(one) <= _RIGHT for one in shown]
    for one, fit in zip(shown, fits, strict=True):
        amount, real = one.line.amounts[one.row], _written(one.ways[one.way])
        because = f"the {one.way} of those before it is {real}"
        if fit:
            yield finding(amount, "mean", because, context)
        elif _off(one) > _WRONG and not one.line.shares and (any(fits) or len(shown) == 1):
            yield finding(amount, "mean", because, context, expected=real)


def _off(one: Mean) -> float:
    """How far a cell is off the nearest mean, beside its rounding, as a share of it."""
    value, half = one.line.values[one.row], one.line.halves[one.row]
    return min((abs(value - each) - 1.05 * half) / each for each in one.ways.values())
