"""What an instance type of a cloud has, in tables: which GPU, and how many of it.

"p4d.24xlarge | 8 | A100" is held against the offers on file; rows or columns are headed by the types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.rented import rented
from whichgpu.audit.roles import counted
from whichgpu.audit.subjects import family, mentions
from whichgpu.audit.tables import COUNT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding

#: Headers of which GPU an instance has.
_WHICH = re.compile(
    r"(?:gpus?|accelerators?|graphics(?: cards?)?|cards?)(?: (?:types?|models?|names?|cards?))?|"
    r"grafikkarte\w*|(?:nvidia|amd) gpus?|carte graphique|hardware",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\s*(?:x|\u00d7)?\s?(\d{1,3})\s?(?:x|\u00d7|gpus?)?\s*", re.IGNORECASE)
#: What sets an A10G apart from an A10.
_LETTER = re.compile(r"(?<=\d)[a-z]$")
#: Places in which the types stand, and rows and columns that are read.
_SEARCHED, _ROWS, _COLUMNS = 2, 300, 30


def find(context: Context) -> Iterator[Finding]:
    """Every number and name of GPUs beside an instance type, with its verdict."""
    for table in context.document.tables:
        for label, kind, cell in _told(table):
            yield from _of_cell(label, kind, cell, context)


def _told(table: Table) -> Iterator[tuple[str, tuple[str, float], Passage]]:
    """The cells beside types with what they are headed by and what the type has."""
    for row in table.rows[1:_ROWS]:
        at, kind = next(((i, kind) for i, c in enumerate(row[:_SEARCHED]) if c and (kind := rented(c.text))),
                        (0, None))  # fmt: skip
        for column, cell in enumerate(row[:_COLUMNS]) if kind else ():
            head = table.cell(0, column)
            if kind and cell and head and column != at:
                yield head.text, kind, cell
    for column, head in enumerate(table.rows[0][1:_COLUMNS], 1) if table.rows else ():
        kind = rented(head.text) if head else None
        for row in table.rows[1:_ROWS] if kind else ():
            cell = row[column] if len(row) > column else None
            if kind and cell and row[0]:
                yield row[0].text, kind, cell


def _of_cell(label: str, kind: tuple[str, float], cell: Passage, context: Context) -> Iterator[Finding]:
    label = label.strip(" :*#")
    number = _NUMBER.fullmatch(cell.text) if COUNT.fullmatch(label) or _WHICH.fullmatch(label) else None
    if number and kind[1] >= 1:
        yield _counted(cell, number.span(1), float(number[1]), kind, context)
    elif _WHICH.fullmatch(label) and not number:
        yield from _named(cell, kind, context)


def _named(cell: Passage, kind: tuple[str, float], context: Context) -> Iterator[Finding]:
    """The name of a GPU in a cell, and how many of it there are before the name."""
    found = list(mentions(cell.text, context.catalogue))
    if len({each.named for each in found}) != 1 or kind[0] not in context.catalogue:
        return
    one, right = found[0], context.catalogue[kind[0]]
    told = counted(cell.text, 0, one.start)
    if told > 1 and kind[1] >= 1:
        yield _counted(cell, (0, one.start), told, kind, context)
    # Another size or form of it is the GPU all the same, and an A10G is often called an A10.
    near = kind[0] in (*one.named, *family(one.named, context.catalogue))
    alike = any(_LETTER.sub("", key) == _LETTER.sub("", kind[0]) for key in one.named)
    verdict = "confirmed" if near else "unverifiable" if alike else "contradicted"
    because = f"it has {right.id}"
    yield made(
        context, cell, (one.start, one.end), "identity", verdict, subject=right.id, attribute="instance",
        because=because, expected="" if near else right.name, evidence=(Evidence(because),),
    )  # fmt: skip


def _counted(
    cell: Passage, place: tuple[int, int], told: float, kind: tuple[str, float], context: Context
) -> Finding:
    """The verdict on how many GPUs an instance type has."""
    because = f"it has {kind[1]:g} x {kind[0]}"
    right = told == kind[1]
    return made(
        context, cell, place, "identity", "confirmed" if right else "contradicted", subject=kind[0],
        attribute="instance", because=because, expected="" if right else f"{kind[1]:g}",
        evidence=(Evidence(because),),
    )  # fmt: skip
