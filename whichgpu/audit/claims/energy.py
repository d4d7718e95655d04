"""Columns of energy and of its cost: kWh a day by the watts, a price by the kWh, in one ratio in all rows.

How many hours a day, and at what price, is the table's own choice: it is what most rows agree on. A row that
is off is wrong.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.quotients import Column, by_devices, column
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.judging import stated
from whichgpu.audit.quantities import quantities

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding

_ENERGY = re.compile(r"\b[kM]?Wh\b", re.IGNORECASE)
_POWER = re.compile(
    r"\b(?:tdp|tgp|watts?|w|power|draw|leistung\w*|verbrauch|consommation|consumo|puissance)\b", re.IGNORECASE
)
#: What makes a price one of a kWh, not of a column of them.
_RATE = re.compile(r"(?:/|per|pro|par|por)\s?kWh", re.IGNORECASE)
_COLUMNS = 12
#: So many rows, and this share of them, are what a table agrees on; how far a ratio is off that is wrong.
_AGREE, _SHARE, _NEAR, _OFF = 3, 0.6, 0.015, 0.03


def find(context: Context) -> Iterator[Finding]:
    """Every cell of such a column with its verdict."""
    for table in context.document.tables:
        heads = [(at, cell.text) for at, cell in enumerate(table.rows[0][:_COLUMNS]) if at and cell]
        energies = [at for at, head in heads if _ENERGY.search(_RATE.sub("", head))]
        if len(energies) == 1 and len(table.rows) > _AGREE:
            yield from _of_table(table, heads, energies[0], context)


def _of_table(table: Table, heads: Sequence[tuple[int, str]], at: int, context: Context) -> Iterator[Finding]:
    energy = column(dict(heads)[at], table.rows, at, context)
    powers = [
        column(head, table.rows, i, context) for i, head in heads if i != at and _POWER.search(head)
    ] or by_devices(table.rows, context)[1:]
    # What follows from a figure that is wrong itself is not wrong too.
    wrong = [each.start for each in context.memo["found"] if each.accuses]
    for power in powers[:1]:
        found = list(_in_ratio(table, (at, energy), power, wrong, context))
        wrong += [each.start for each in found if each.accuses]
        yield from found
    for index, head in heads:
        cost = column(head, table.rows, index, context) if index != at else None
        if cost and cost.money:
            yield from _in_ratio(table, (index, cost), energy, wrong, context)


def _in_ratio(
    table: Table, whole: tuple[int, Column], by: Column, wrong_before: Sequence[int], context: Context
) -> Iterator[Finding]:
    """The cells of a column that most rows have as so many times another, in rows without a wrong cell."""
    at, told = whole
    rows = [
        row
        for row in sorted(told.values.keys() & by.values.keys())
        if not any(one and one.start <= place < one.end for one in table.rows[row] for place in wrong_before)
    ]
    if len(rows) < _AGREE or len({by.values[row] for row in rows}) < _AGREE - 1:
        return
    ratios = {row: told.values[row] / by.values[row] for row in rows}
    meant = median(ratios.values())
    slack = {row: _rounding(table.cell(row, at), context) for row in rows}
    near = [row for row in rows if abs(ratios[row] / meant - 1) <= _NEAR + slack[row]]
    if len(near) < max(_AGREE - 1, _SHARE * len(rows)):
        return
    for row in rows:
        cell = table.cell(row, at)
        off = abs(ratios[row] / meant - 1)
        if cell is None:
            continue
        right = f"{meant * by.values[row]:,.4g}"
        because = f"by the other rows it is {right}: {meant:,.4g} times {by.name.strip()}"
        number = quantities(cell.text, context.fraction)[0]
        wrong = off > _OFF + slack[row]
        if wrong or row in near:
            yield made(context, cell, (number.start, number.end), "arithmetic",
                       "inconsistent" if wrong else "confirmed", attribute="energy", because=because,
                       expected=right if wrong else "", evidence=(Evidence(because),))  # fmt: skip


def _rounding(cell: Passage | None, context: Context) -> float:
    """What rounding may have made of a number, as a share of it."""
    found = quantities(cell.text, context.fraction)[0] if cell else None
    if cell is None or found is None:
        return 0.0
    return min(stated(found.value, cell.text[found.start : found.end], "", frozenset()).rounding, 0.05)
