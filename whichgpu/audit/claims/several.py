"""Rows of tables of several devices: "2x RTX 3090 | 48 GB | 700 W" has the memory and the power of two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.tables.cells import Cell, read, unit_of
from whichgpu.audit.tables.stated import machine_of
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.roundings import stated
from whichgpu.audit.values.attributes import headed
from whichgpu.audit.values.judging import judged
from whichgpu.audit.values.nearest import fitting
from whichgpu.audit.values.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding

#: What several devices have together, and headings of what is more than theirs.
_TOGETHER = ("memory", "power")
_MORE = re.compile(r"\b(?:system|node|server|wall|psu|supply|host|ram|per|each|idle|rack|total cost)\b", re.I)
#: The number behind a name: "RTX 3090 x2", "A100 (8x)".
_TIMES = re.compile(r"\s*\(?[x\u00d7]\s?(\d{1,2})\b|\s*\((\d{1,2})\s?[x\u00d7]\)", re.IGNORECASE)
#: Columns in which devices are looked for.
_SEARCHED = 3
#: What power limits and what is beside the devices leave open.
_LEAST = 0.85


def find(context: Context) -> Iterator[Finding]:
    """The memory and the power of every such row, with its verdict."""
    for table in context.document.tables:
        heads = (
            [(i, cell.text) for i, cell in enumerate(table.rows[0]) if cell] if len(table.rows) > 1 else []
        )
        columns = [
            (i, text)
            for i, text in heads
            if (known := headed(text)) and known.key in _TOGETHER and not _MORE.search(text)
        ]
        for index in range(1, len(table.rows)) if columns else ():
            yield from _of_row(table, index, columns, context)


def _of_row(table: Table, index: int, columns: list[tuple[int, str]], context: Context) -> Iterator[Finding]:
    named = [table.cell(index, column) for column in range(_SEARCHED)]
    if any(cell and machine_of(cell.text) for cell in named):
        # Of an instance type, or of a machine, it is known how many it has.
        return
    found = next((each for cell in named if cell and (each := _several(cell, context))), None)
    for column, label in columns if found else ():
        cell = table.cell(index, column)
        if cell and found:
            yield from _of_cell(cell, label, *found, context)


def _several(cell: Passage, context: Context) -> tuple[tuple[str, ...], int] | None:
    """The device of a cell and how many there are of it; None where it is one, or of several kinds."""
    here = mentions(cell.text, context.catalogue)
    first = next(here, None)
    if first is None or next(here, None) is not None:
        return None
    behind = _TIMES.match(cell.text, first.end)
    count = int(behind[1] or behind[2]) if behind else int(counted(cell.text, 0, first.start))
    return (first.ids, count) if count > 1 else None


def _of_cell(
    cell: Passage, label: str, ids: tuple[str, ...], count: int, context: Context
) -> Iterator[Finding]:
    """Right where it is of all of them or of each, wrong where it is neither."""
    attribute = headed(label)
    assert attribute is not None
    bare = Cell(cell, ids, attribute, label, frozenset(), unit_of(label), 0, 0)
    values = list(fitting(attribute, read(bare, context)))
    if len(values) != 1 or values[0].high != values[0].value or values[0].limit:
        return
    gpus = [context.catalogue[key] for key in ids]
    text = cell.text[values[0].start : values[0].end]
    what = stated(values[0].value, text, "", frozenset(), dimension=values[0].dimension, unit=values[0].unit)
    share = what._replace(value=what.value / count)
    verdicts = [judged(attribute, each, gpus, context.catalogue).verdict for each in (share, what)]
    known = [float(gpu.value(attribute.fields[0]) or 0) for gpu in gpus]
    above = attribute.key == "power" and what.value > _LEAST * count * min(known)
    right = "confirmed" in verdicts
    wrong = set(verdicts) == {"contradicted"} and not above
    because = f"{count} times {gpus[0].display(attribute.fields[0])} of {gpus[0].id}"
    yield made(
        context, cell, (values[0].start, values[0].end), "specification",
        "confirmed" if right else "contradicted" if wrong else "unverifiable",
        subject=", ".join(ids), attribute=attribute.key, because=because,
        evidence=(source_of(gpus[0], attribute.fields[0]), Evidence(because)),
    )  # fmt: skip
