"""Columns that say which device of a table is the better: "Bandwidth | 320 GB/s | 300 GB/s | L4"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit import tables
from whichgpu.audit.cells import read
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.subjects import mentions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.cells import Cell
    from whichgpu.audit.document import Table
    from whichgpu.audit.findings import Context, Finding

_WINNER = re.compile(
    r"\W*(?:winners?|better|best|advantage|edge|leader|who wins\??|verdict|wins)\W*", re.IGNORECASE
)
#: Attributes of which the more is the better; less power and fewer nanometres may be, or not.
_MORE = ("bandwidth", "memory", "cores", "sms", "tensor_cores", "rt_cores", "memory_bus", "nvlink", "fp64",
         "fp64_tensor", "tf32", "fp32", "fp16", "bf16", "fp8", "fp4", "int8", "int4", "tensor", "l2",
         "clock_boost")  # fmt: skip
#: What a cell says of the one that takes least: "RTX 4090 (lowest)".
_LEAST = re.compile(r"\b(?:lowest|least|smallest|most efficient)\b", re.IGNORECASE)
_LESS = ("power",)


def find(context: Context) -> Iterator[Finding]:
    """Every winner that a cell names, against the values of its row."""
    for table in context.document.tables:
        heads = table.rows[0] if table.rows else ()
        columns = [i for i, cell in enumerate(heads) if cell and _WINNER.fullmatch(cell.text)]
        if len(columns) == 1:
            yield from _of_table(table, columns[0], context)


def _of_table(table: Table, column: int, context: Context) -> Iterator[Finding]:
    rows: dict[int, list[Cell]] = {}
    for cell in tables.every(table, context):
        if cell.attribute and cell.attribute.key in (*_MORE, *_LESS) and cell.column != column:
            rows.setdefault(cell.row, []).append(cell)
    for row, cells in rows.items():
        winner = table.cell(row, column)
        values = [each[0].value for cell in cells if len(each := read(cell, context)) == 1]
        told = {each[0].dimension for cell in cells if (each := read(cell, context))}
        named = [each.named for each in mentions(winner.text, context.catalogue)] if winner else []
        mine = [at for at, cell in enumerate(cells) if len(named) == 1 and set(named[0]) & set(cell.ids)]
        if (
            winner is None
            or not 0 < len(mine) < len(cells) == len(values)
            or len(told) != 1
            or told & {"money"}
        ):
            continue
        keys = {each.attribute.key for each in cells if each.attribute}
        rest = [at for at in range(len(cells)) if at not in mine]
        least = _LEAST.search(winner.text) is not None
        best = min if least else max
        own, other = (best(group, key=values.__getitem__) for group in (mine, rest))
        if values[own] == values[other] or (keys & {*_LESS} and not least):
            continue
        because = f"{cells[own].passage.text.strip()} against {cells[other].passage.text.strip()}"
        yield made(
            context, winner, (0, len(winner.text)), "ordering",
            "confirmed" if (values[own] < values[other]) is least else "inconsistent", because=because,
            subject=", ".join(cells[own].ids), attribute=keys.pop(),
            evidence=(Evidence(because),),
        )  # fmt: skip
