"""Tables of generations: "FP8 | No | No | Yes" below Turing, Ampere and Ada, cores, years, types of memory.

A cell is of all devices of its generation: it is wrong where none of them has what it says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit import tables
from whichgpu.audit.attributes import spaced
from whichgpu.audit.capable.cells import told_below
from whichgpu.audit.capable.verdict import judged, of_architecture
from whichgpu.audit.claims.eras import YEARS
from whichgpu.audit.claims.rows import LAUNCH, YEAR, of_cores
from whichgpu.audit.families import family_of
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.sourced import source_of
from whichgpu.hardware.architecture import families
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.gpu import Gpu

#: Rows and columns that are looked at, and generations that make a table one of generations.
_MOST, _TWO = 24, 2
_HEADING = re.compile(r"\s*([A-Z][\w ]{2,24}?)(?:\s+(?:architecture|generation|gpus?))?\s*(?:\(\w+\))?\s*")
_TYPE = re.compile(r"\b(?:GDDR\d[xX]?|HBM\d[eE]?)(?!\w)")
_OF_MEMORY = re.compile(r"\bmemory|vram", re.IGNORECASE)
_INTRODUCED = re.compile(
    r"(?:introduced|launched|released|announced|first (?:seen|released))(?: in)?", re.IGNORECASE
)


class _Told(NamedTuple):
    """A cell of a table: of which generation, with its devices, and what stands beside or above it."""

    passage: Passage
    name: str
    gpus: Sequence[Gpu]
    label: str


def find(context: Context) -> Iterator[Finding]:
    """What the cells of such tables say, with its verdict."""
    for table in context.document.tables:
        if tables.every(table, context):
            continue
        for told in _cells(table, context):
            place = (0, len(told.passage.text))
            for what, yes in told_below(told.label, told.passage.text):
                yield from judged(told.passage, place, what, told.gpus, told=yes, context=context)
            yield from of_cores(told.passage, told.label.lower(), _one_of_each(told.gpus), context)
            yield from _dated(told, context)
            yield from _types(told, context)


def _cells(table: Table, context: Context) -> Iterator[_Told]:
    """The cells below or beside the names of generations, of which there are two or more."""
    high, wide = min(len(table.rows), _MOST), min(table.columns, _MOST)
    across = _named([table.cell(0, at) for at in range(wide)], context)
    down = _named([table.cell(at, 0) for at in range(high)], context)
    turned = len(down) > len(across)
    heads = down if turned else across
    if len(heads) < _TWO:
        return
    for at, (name, gpus) in heads.items():
        for other in range(1, wide if turned else high):
            cell = table.cell(at, other) if turned else table.cell(other, at)
            label = table.cell(0, other) if turned else table.cell(other, 0)
            if cell and label:
                yield _Told(cell, name, gpus, spaced(label.text).strip(" :*"))


def _named(cells: Sequence[Passage | None], context: Context) -> dict[int, tuple[str, list[Gpu]]]:
    found = {}
    for at, cell in enumerate(cells):
        match = _HEADING.fullmatch(cell.text) if cell else None
        gpus = of_architecture(match[1], context) if match else []
        if match and gpus:
            found[at] = (match[1], gpus)
    return found


def _one_of_each(gpus: Sequence[Gpu]) -> list[Gpu]:
    """One device for each generation of cores that a generation of devices has."""
    kinds = {
        (gpu.value("tensor_core_generation"), gpu.value("rt_core_generation")): gpu for gpu in gpus[::-1]
    }
    return list(kinds.values())


def _dated(told: _Told, context: Context) -> Iterator[Finding]:
    """The year in which a generation came."""
    label = told.label.lower()
    year = YEAR.search(told.passage.text) if LAUNCH.fullmatch(label) or _INTRODUCED.fullmatch(label) else None
    family = families().get(family_of(told.name))
    if year is None or family is None or not family.year:
        return
    off = abs(int(year[0]) - family.year)
    because = f"{family.name} is of {family.year}"
    verdict = "confirmed" if not off else "contradicted" if off >= YEARS else "unverifiable"
    yield made(context, told.passage, year.span(), "identity", verdict, subject=family.name, attribute="year",
               because=because, expected="" if not off else str(family.year),
               evidence=(Evidence(because),))  # fmt: skip


def _types(told: _Told, context: Context) -> Iterator[Finding]:
    """The types of memory of a generation."""
    for match in _TYPE.finditer(told.passage.text) if _OF_MEMORY.search(told.label) else ():
        right = [gpu for gpu in told.gpus if str(gpu.value("memory_type")).upper() == match[0].upper()]
        known = dict.fromkeys(str(kind) for gpu in told.gpus if (kind := gpu.value("memory_type")))
        because = f"{right[0].id} has it" if right else f"{told.name} has {', '.join(known)}"
        yield made(context, told.passage, match.span(), "specification",
                   "confirmed" if right else "contradicted", subject=told.name, attribute="memory_type",
                   because=because,
                   evidence=(source_of((right or told.gpus)[0], "memory_type"),))  # fmt: skip
