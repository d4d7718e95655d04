"""Columns of what machines of so many GPUs have: "8-GPU system | Total memory", below it 1,128 and 1,640 GB.

Where all cells of a column or row but one are the same number of times what is on file of their devices, the
one that is not is wrong; where the heading tells the number, one that is right is enough.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit import tables
from whichgpu.audit.cells import read
from whichgpu.audit.findings import made
from whichgpu.audit.quantities import SPELLED, read_number
from whichgpu.audit.sourced import source_of
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.cells import Cell
    from whichgpu.audit.document import Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.hardware.gpu import Gpu

#: How many GPUs a heading says that its machines have.
_OF = re.compile(
    rf"\b(?P<n>\d{{1,2}}|{'|'.join(SPELLED)})"
    r"(?:\s?[x\u00d7]|[ -](?:gpus?|way|cards?|accelerators?))(?![a-z])",
    re.IGNORECASE,
)
_TOTAL = re.compile(r"\b(?:total|combined|aggregate|pooled|together|system|server|node|all)\b", re.IGNORECASE)
#: Other memory of a machine, and what is not of all.
_ELSE = re.compile(r"\b(?:host|ram|per|each|usable|free|left|psu|supply|wall|rack|cpu)\b", re.IGNORECASE)
_FIELDS = {"memory": ("memory",), "bandwidth": ("bandwidth",), "power": ("power", "power_max")}
_COUNTS, _NEAR, _OFF, _LIKE = (2, 3, 4, 6, 8, 16, 32, 64, 72), 0.016, 0.03, 3.0


def find(context: Context) -> Iterator[Finding]:
    """Every cell that alone is no such multiple."""
    for table in context.document.tables:
        known = sorted(tables.cells(table, context), key=_line)
        for _, line in groupby(known, key=_line):
            yield from _of_line(list(line), table, context)


def _line(cell: Cell) -> str:
    return cell.label


def _of_line(line: Sequence[Cell], table: Table, context: Context) -> Iterator[Finding]:
    """The odd one of what the devices of a table have of one kind."""
    told = [(cell, found[0]) for cell in line if len(found := read(cell, context)) == 1]
    label = line[0].label
    if len(told) < 2 or _ELSE.search(label) or len({each.dimension for _, each in told}) > 1:
        return
    fields = _FIELDS.get(told[0][1].dimension, ())
    first = table.cell(0, 0)
    headed = _OF.search(label) or (_OF.search(first.text) if first else None)
    many = int(read_number(headed["n"])) if headed else 0
    for count in ((many,) if many > 1 else _COUNTS if _TOTAL.search(label) else ()) if fields else ():
        near = [_is(count, cell, each, fields, context) for cell, each in told]
        right = sum(each is True for each in near)
        odd = [at for at, each in enumerate(near) if each is False]
        if len(odd) == 1 and right == len(near) - 1 and right >= (1 if many else 2):
            yield from _odd(count, *told[odd[0]], fields[0], context)


def _is(count: int, cell: Cell, told: Quantity, fields: Sequence[str], context: Context) -> bool | None:
    """Whether a cell is so many times what its device has, or not; None where it is not known."""
    known = [one for key in cell.ids for one in _values(context.catalogue[key], fields)]
    if not known or told.high != told.value or told.limit:
        return None
    if any(abs(told.value / (count * one) - 1) <= _NEAR for one in known):
        return True
    # What one of them has is told of each.
    alone = any(abs(told.value / one - 1) <= _OFF for one in known)
    near = any(1 / _LIKE < told.value / (count * one) < _LIKE for one in known)
    return None if alone or not near else False


def _values(gpu: Gpu, fields: Sequence[str]) -> Iterator[float]:
    """What a device has by what is on file, memory as it is sold and as it is counted."""
    for field in fields:
        value = float(gpu.value(field) or 0)
        if value:
            yield value
            if field == "memory":
                yield (nominal_gb(value) or value / 1e9) * 1e9


def _odd(count: int, cell: Cell, told: Quantity, field: str, context: Context) -> Iterator[Finding]:
    gpu = context.catalogue[cell.ids[0]]
    one = list(_values(gpu, (field,)))[-1]
    scale = 1e9 if field != "power" else 1.0
    right = f"{count * one / scale:,.5g}"
    because = f"{count} of {gpu.id} with {one / scale:,.4g} each have {right}, as is so of the others"
    yield made(
        context, cell.passage, (told.start, told.end), "arithmetic", "contradicted", subject=gpu.id,
        attribute=f"{field} of all", because=because, expected=right, evidence=(source_of(gpu, field),),
    )  # fmt: skip
