"""MIG profiles by name in cells of a device: "Smallest slice | 1g.10gb", "7x 1g.5gb".

Every device that can be divided has a list of its own: a profile that is not on it is another's. So has each
profile a number of instances at most, and a size: "A30 | 1g.6gb | 6 GB | 4".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.tables.partitioned import OF_WHOLE, PROFILE
from whichgpu.audit.tables.variants import cells
from whichgpu.audit.values.certainty import certain_of_all
from whichgpu.audit.values.fields import of_field
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.tables.cells import Cell

_FIELD = "mig_profiles"


#: Headings of how many instances there are at most, of the size of one, and of the smallest of all.
_MANY = re.compile(
    r"\b(?:max\w*|most|instances?|slices|partitions|counts?|how many|number|per gpu|anzahl|tenants|parts)\b",
    re.IGNORECASE,
)
_LEAST = re.compile(r"\b(?:smallest|minimum|min|kleinste\w*|finest)\b", re.IGNORECASE)
_SIZE = re.compile(r"\b(?:memory|vram|size|gb|speicher|m\u00e9moire|memoria)\b", re.IGNORECASE)
_NUMBER = re.compile(r"\s*(?:up to |max\.? )?(\d)\s?[x\u00d7]?\s*", re.IGNORECASE)
_GB = re.compile(r"\s*(\d{1,3})\s?(?:GB|GiB)?\s*")


def find(context: Context) -> Iterator[Finding]:
    """Every such profile in a table's cells with its verdict, and the figures of its row."""
    for table in context.document.tables:
        every = cells(table, context)
        wrong = set()
        for cell in every:
            for found in _of_cell(cell, context):
                wrong |= {cell.row} if found.accuses else set()
                yield found
        for name, cell in _beside(every):
            # What stands beside a wrong name is of the right one, or of this.
            yield from () if cell.row in wrong else _of_figure(name, cell, context)


def _beside(every: Sequence[Cell]) -> Iterator[tuple[str, Cell]]:
    """The cells of rows that are of one profile of a device, with its name."""
    rows: dict[tuple[int, tuple[str, ...]], list[Cell]] = {}
    for cell in every:
        rows.setdefault((cell.row, cell.ids), []).append(cell)
    for row in rows.values():
        told = [each["name"].lower() for cell in row for each in PROFILE.finditer(cell.passage.text)]
        if len(told) == 1:
            yield from ((told[0], cell) for cell in row if not PROFILE.search(cell.passage.text))


def _of_figure(name: str, cell: Cell, context: Context) -> Iterator[Finding]:
    """The verdict on how many instances of a profile a row tells, or on the size of one."""
    gpus = [context.catalogue[key] for key in cell.ids]
    of_size = _SIZE.search(cell.label) is not None and not OF_WHOLE.search(cell.label)
    told = _GB.fullmatch(cell.passage.text) if of_size else _NUMBER.fullmatch(cell.passage.text)
    if told is None or not (of_size or _MANY.search(cell.label)) or not certain_of_all(gpus, _FIELD):
        return
    figure = int(told[1])
    having = [gpu for gpu in gpus if _has(str(gpu.value(_FIELD)), name, None)]
    if of_size:
        own = int(name.partition(".")[2].removesuffix("gb"))
        # The whole GPU's memory may stand beside its profile as well.
        if any(nominal_gb(float(gpu.value("memory") or 0.0)) == figure for gpu in gpus):
            return
        right = [gpu for gpu in having if figure == own]
    else:
        right = [gpu for gpu in having if _every(str(gpu.value(_FIELD)))[name] == figure]
    verdict = "confirmed" if right else "contradicted"
    if having:
        place = told.span(1)
        yield of_field(cell.passage, place, "capability", _FIELD, right or having, verdict, context)


def _of_cell(cell: Cell, context: Context) -> Iterator[Finding]:
    gpus = [context.catalogue[key] for key in cell.ids]
    told = list(PROFILE.finditer(cell.passage.text))
    if not told or not certain_of_all(gpus, _FIELD):
        return
    least = len(told) == 1 and _LEAST.search(cell.label) is not None
    for match in told:
        name = match["name"].lower()
        right = [gpu for gpu in gpus if _has(str(gpu.value(_FIELD)), name, match["n"])]
        right = [gpu for gpu in right if not (least and _smaller(str(gpu.value(_FIELD)), name))]
        verdict = "confirmed" if right else "contradicted"
        yield of_field(cell.passage, match.span(), "capability", _FIELD, right or gpus, verdict, context)


def _every(known: str) -> dict[str, int]:
    """The profiles on a device's list, and how many of each there are at the most."""
    return {each["name"].lower(): int(each["n"] or 1) for each in PROFILE.finditer(known)}


def _has(known: str, name: str, number: str | None) -> bool:
    """Whether a profile is on a device's list, and so many of it at the most."""
    every = _every(known)
    return name in every and (number is None or int(number) <= every[name])


def _smaller(known: str, name: str) -> bool:
    """Whether there is a profile of more instances, and thus of a smaller one."""
    every = _every(known)
    return any(number > every.get(name, number) for number in every.values())
