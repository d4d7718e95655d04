"""Values of lists whose items are rows of a table ("RTX 5090 - 32GB GDDR7 - $1,999"), and prices by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.tables.compound import compound
from whichgpu.audit.tables.entries import amounts, entries
from whichgpu.audit.tables.roster import rosters
from whichgpu.audit.tables.variants import cells, of_cell
from whichgpu.audit.values.attributes import attributes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.tables.cells import Cell

#: The name of a price that may be that of the launch, and of any other day.
_PRICE = re.compile(r"(?:us )?(?:price|pricing|cost|preis|prix|precio|prezzo)(?: \(usd\))?", re.IGNORECASE)


#: "H100: 70.6 GB / 3.35 TB/s = 21.1 ms": amounts of a sum.
_IS_SUM = re.compile(r"\d\s?(?:[kMGTP]i?B(?:/s)?|[a-z]{1,6})?\s?=\s?[$~]?\d")

#: Attributes that no machine has beside those of its GPU.
_OF_GPUS_ALONE = (
    "cores",
    "tensor_cores",
    "rt_cores",
    "sms",
    "memory_bus",
    "bandwidth",
    "transistors",
    "die_area",
)


def _is_sure(found: Finding, cell: Cell) -> bool:
    """Whether an entry is right, or is of what only a GPU has."""
    key = cell.attribute.key if cell.attribute else ""
    # A peak and that with sparsity beside it: nobody measures the two.
    both = key in _PEAKS and _SPARSE.search(cell.passage.text) and len(_PEAK.findall(cell.passage.text)) > 1
    return found.verdict == "confirmed" or (found.accuses and (key in _OF_GPUS_ALONE or bool(both)))


#: Right sizes below a name that show that it is of GPUs, not of the machine, and so many to a wrong one.
_SIZES = 3


def _shown(listed: Sequence[tuple[Cell, Finding]]) -> frozenset[str]:
    """The names of sizes of memory that most entries are right of."""
    told: dict[str, list[str]] = {}
    for cell, each in listed:
        if cell.attribute and cell.attribute.key == "memory":
            told.setdefault(cell.label, []).append(each.verdict)
    return frozenset(
        label
        for label, each in told.items()
        if each.count("confirmed") >= _SIZES * max(1, len(each) - each.count("confirmed"))
    )


_PEAKS = frozenset({"tf32", "bf16", "fp16", "fp8", "fp4", "int8", "int4"})
_SPARSE = re.compile(r"\bspars\w+", re.IGNORECASE)
_PEAK = re.compile(r"\d(?:\s?[TP](?:FLOP/?s|FLOPS|OPS|F)\b|(?=\s?/\s?\d))", re.IGNORECASE)


def find(context: Context) -> Iterator[Finding]:
    """Every such value with its verdict; a price that is that of the launch is no error on another day."""
    for cell in rosters(context):
        if not _IS_SUM.search(cell.label):
            yield from of_cell(cell, context)
    listed = [
        (cell, each)
        for cell in compound(amounts(context))
        if not _IS_SUM.search(cell.label)
        for each in of_cell(cell, context)
    ]
    shown = _shown(listed)
    yield from (each for cell, each in listed if cell.label in shown or _is_sure(each, cell))
    told = (cell for table in context.document.tables for cell in cells(table, context))
    for cell in (*entries(context), *(cell for cell in told if cell.attribute is None)):
        if _PRICE.fullmatch(cell.label.strip(" :*")):
            price = cell._replace(attribute=attributes()["launch_price"])
            yield from (each for each in of_cell(price, context) if each.verdict == "confirmed")
