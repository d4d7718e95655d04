"""What fits into so much memory: models beside a size, or beside what a device is good for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.tables import stated as tables
from whichgpu.audit.tables.heading import devices
from whichgpu.audit.text.models import TRAINS, formats, models
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding

#: Headers of columns that say what fits; columns and rows that are looked at.
_HEAD = re.compile(
    r"\b(?:fits?|runs?|trains?|largest model|max(?:imum)? model|models? (?:supported|size))\b", re.IGNORECASE
)
#: Headings of what a device is good for, and what makes that no fit on one of it.
_USES = re.compile(
    r"\b(?:best (?:for|fit|use)|good for|ideal|use[ -]?cases?|workloads?|suit\w+|handles|sweet spot|"
    r"recommended for)\b",
    re.IGNORECASE,
)
HEDGED_USE = re.compile(
    r"\b(?:offload\w*|split|shard\w*|multi-?\w*|pairs?|dual|two|2x|4x|8x|x2|cluster|nodes?|not|no|cannot|"
    r"too|require\w*|needs?|partial\w*|heavy|tensor parallel\w*|scale\w*)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
_OF_SIZES = re.compile(
    r"\W*(?:(?:gpu|device|available|your|video) )?(?:v?ram|memory)(?: size)?\W*",
    re.IGNORECASE,
)
_COLUMNS, _MOST_ROWS = 16, 60
#: What the weights may take of the memory and still leave room to run.
ROOM = 0.9
#: Bytes of a weight that training takes at least: 4 bits alone, or weights and gradients of 2 bytes.
_TRAINED = {"qlora": 0.5, "full": 4.0}
_FULLY = re.compile(r"\bfull(?:y)?[ -](?:fine[ -]?tun|param|train)", re.IGNORECASE)
#: Bytes of a gigabyte of memory as it is sold, by decimal ones.
BINARY = 1.0737


def of_table(table: Table, context: Context) -> Iterator[Finding]:
    """What fits into so much memory by the rows of a table: "24 GB | 34B at Q5"; what its devices run."""
    yield from _good_for(table, context)
    heads = [cell.text if cell else "" for cell in table.rows[0][:_COLUMNS]]
    # "Memory | Inference | Training": whatever is named beside a size is for it.
    of_sizes = _OF_SIZES.fullmatch(heads[0]) is not None
    wanted = [i for i, head in enumerate(heads) if i and (of_sizes or _HEAD.search(head))]
    for row in range(1, min(len(table.rows), _MOST_ROWS)):
        first = table.cell(row, 0)
        size = _size(first, context) if first and wanted else None
        for column in wanted if size else ():
            cell = table.cell(row, column)
            if cell and size:
                yield from of_part(cell, heads[column], size, context)


def _good_for(table: Table, context: Context) -> Iterator[Finding]:
    """Models among what a device of a table is good for: "RTX 4090 | .. | handles 70B at Q4"."""
    for cell in tables.cells(table, context):
        sizes = [float(context.catalogue[key].value("memory") or 0.0) for key in cell.ids]
        if not _USES.search(cell.label) or not sizes or not all(sizes):
            continue
        size = (max(sizes), f"{cell.ids[0]} has {max(sizes) / 1e9:.4g} GB")
        for sentence in sentences(cell.passage.text):
            if not HEDGED_USE.search(sentence.text) and not TRAINS.search(sentence.text):
                place = (sentence.start, sentence.end)
                yield from of_part(cell.passage, cell.label, size, context, place=place, sure=True)


def _size(first: Passage, context: Context) -> tuple[float, str] | None:
    """The memory that heads a row: stated, or a device's, with its words."""
    ids = devices(first, context)
    known = [float(context.catalogue[key].value("memory") or 0.0) for key in ids]
    if known:
        return max(known), f"{first.text.strip()} has {max(known) / 1e9:.4g} GB"
    found = [each for each in quantities(first.text, context.fraction) if each.dimension == "memory"]
    if len(found) != 1 or found[0].high != found[0].value:
        return None
    return found[0].value * BINARY, first.text.strip()


def of_part(
    cell: Passage, head: str, size: tuple[float, str], context: Context, *,
    place: tuple[int, int] | None = None, sure: bool = False,
) -> Iterator[Finding]:  # fmt: skip
    """Wrong is each model of a cell whose weights alone exceed the memory, right each well below it.

    Only what is wrong is told where a cell is good for much (`sure`).
    """
    at, end = place or (0, len(cell.text))
    for part in re.split(r"[,;]", cell.text[at:end]):
        place = (at, at + len(part))
        at += len(part) + 1
        found, said = models(part), formats(part)
        if len(found) != 1 or len(said) > 1 or (not said and not TRAINS.search(part)):
            continue
        least = said[0].least if said else _TRAINED.get("qlora" if "qlora" in part.lower() else "", 0.0)
        if not said and _FULLY.search(part):
            least = _TRAINED["full"]
        weights = least * found[0].parameters
        if not weights or (said and TRAINS.search(part + head) and "qlora" not in part.lower()):
            continue
        verdict = (
            "contradicted"
            if weights > size[0]
            else "confirmed"
            if weights < ROOM * size[0]
            else "unverifiable"
        )
        if sure and verdict != "contradicted":
            continue
        because = f"{found[0].name.strip()}: at least {weights / 1e9:,.3g} GB; {size[1]}"
        left = len(part) - len(part.lstrip())
        yield made(
            context, cell, (place[0] + left, place[1]), "memory", verdict, subject=found[0].name,
            attribute="fits", because=because, expected="" if verdict == "confirmed" else "no",
            evidence=(Evidence(because, "memory model"),),
        )  # fmt: skip
