"""MIG profiles by name in cells of a device: "Smallest slice | 1g.10gb", "7x 1g.5gb".

Every device that can be divided has a list of its own: a profile that is not on it is another's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.tables.variants import cells
from whichgpu.audit.values.certainty import certain_of_all
from whichgpu.audit.values.fields import of_field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.tables.cells import Cell

_FIELD = "mig_profiles"
#: A profile, and how many of it there can be at once.
_PROFILE = re.compile(
    r"(?:(?<![\w.])(?P<n>[1-7])\s?[x\u00d7]\s?)?\b(?:MIG[ -])?(?P<name>[1-7]g\.\d{1,3}gb)\b", re.IGNORECASE
)


def find(context: Context) -> Iterator[Finding]:
    """Every such profile in a table's cells with its verdict."""
    for table in context.document.tables:
        for cell in cells(table, context):
            yield from _of_cell(cell, context)


def _of_cell(cell: Cell, context: Context) -> Iterator[Finding]:
    gpus = [context.catalogue[key] for key in cell.ids]
    told = list(_PROFILE.finditer(cell.passage.text))
    if not told or not certain_of_all(gpus, _FIELD):
        return
    for match in told:
        right = [gpu for gpu in gpus if _has(str(gpu.value(_FIELD)), match["name"].lower(), match["n"])]
        verdict = "confirmed" if right else "contradicted"
        yield of_field(cell.passage, match.span(), "capability", _FIELD, right or gpus, verdict, context)


def _has(known: str, name: str, number: str | None) -> bool:
    """Whether a profile is on a device's list, and so many of it at the most."""
    every = {each["name"].lower(): int(each["n"] or 1) for each in _PROFILE.finditer(known)}
    return name in every and (number is None or int(number) <= every[name])
