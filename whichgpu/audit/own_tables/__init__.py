"""What a text says of its own tables, held against their cells: who is ahead, by how much, how many are.

A table's rows and columns are lines: amounts of one kind, by what they are of (`lines.py`). A sentence below
the same heading, or one that speaks of a table, says of them who is first or last (`extremes.py`), who is
ahead of whom (`orders.py`), by how much (`factors.py`), of how many something is so (`counts.py`), and who is
first by one amount per unit of another (`per_unit.py`). Which lines it means is told by its words; where they
tell of none, it may mean any of its kind. Wrong is what none of those that it may mean bears out, or, where
it speaks of every one of them, what any contradicts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.own_tables.counts import counts
from whichgpu.audit.own_tables.extremes import extremes
from whichgpu.audit.own_tables.factors import factors
from whichgpu.audit.own_tables.lines import readings
from whichgpu.audit.own_tables.orders import orders
from whichgpu.audit.own_tables.per_unit import per_unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding


def own_tables(context: Context) -> Iterator[Finding]:
    """Every statement on the document's own tables that they contradict."""
    for reading in readings(context):
        for read in (extremes, orders, factors, counts):
            yield from read(reading)
    yield from per_unit(context)
