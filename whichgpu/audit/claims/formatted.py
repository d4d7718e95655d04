"""Tables of models by format: "| Gemma 2 9B | 18.5 GB | 9.2 GB | 4.6 GB |" below "BF16 | INT8 | 4-bit".

Where rows follow the bytes of the formats, a cell that does not follow those beside it is wrong. Tables of
files, whose formats have scales and whose rows follow no rule, accuse nobody.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from whichgpu.audit.claims.quotients import column
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.models import formats
from whichgpu.audit.quantities import quantities

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.audit.document import Table
    from whichgpu.audit.findings import Context, Finding

#: Formats beside each other, and rows that follow them, that show what a table is; how far each may be off.
_COLUMNS, _ROWS, _NEAR, _WRONG = 3, 1, 0.06, 0.3
_MOST = 200


def find(context: Context) -> Iterator[Finding]:
    """Every cell that does not follow the formats of its table as the others do."""
    for table in context.document.tables:
        sizes = _sizes(table)
        if len(sizes) >= _COLUMNS:
            yield from _of_table(table, sizes, context)


def _sizes(table: Table) -> dict[int, float]:
    """Bytes of a parameter by column, of those whose heading is one format."""
    heads = enumerate(table.rows[0][:_MOST] if table.rows else ())
    said = {at: formats(cell.text) for at, cell in heads if at and cell}
    return {at: each[0].least for at, each in said.items() if len(each) == 1}


def _of_table(table: Table, sizes: Mapping[int, float], context: Context) -> Iterator[Finding]:
    rows = table.rows[:_MOST]
    columns = {at: column("", rows, at, context).values for at in sizes}
    told = {
        row: {at: columns[at][row] / sizes[at] for at in sizes if row in columns[at]}
        for row in range(1, len(rows))
    }
    full = {row: each for row, each in told.items() if len(each) >= _COLUMNS}
    off = {
        row: {at: one / median(each.values()) - 1 for at, one in each.items()} for row, each in full.items()
    }
    right = [row for row, each in off.items() if max(map(abs, each.values())) <= _NEAR]
    if len(right) < _ROWS:
        return
    for row, each in off.items():
        wrong = [at for at, one in each.items() if abs(one) > _WRONG]
        others = all(abs(one) <= _NEAR for at, one in each.items() if at not in wrong)
        cell = rows[row][wrong[0]] if len(wrong) == 1 and others else None
        found = quantities(cell.text, context.fraction) if cell else ()
        if cell is None or len(found) != 1 or found[0].dimension != "memory":
            continue
        real = median(full[row].values()) * sizes[wrong[0]]
        because = f"by the other formats of the row it is {real / 1e9:,.3g} GB"
        yield made(
            context, cell, (found[0].start, found[0].end), "memory", "inconsistent", attribute="format",
            because=because, expected=f"{real / 1e9:,.3g} GB", evidence=(Evidence(because),),
        )  # fmt: skip
