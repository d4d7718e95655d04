"""Matrices of what fits: models against GPUs or sizes of memory, whose cells say yes or no.

"Llama 3 70B (Q4) | RTX 4090 | yes" is wrong where the weights alone exceed the memory. A "no" is wrong only
where they would take less than half of it, since what else it holds (context, requests) is seldom told; or
less than some three quarters, of a file for one user.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.pairs import forms
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.devices.narrowed import sized
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.models import TRAINS, formats, models
from whichgpu.audit.text.quantities import quantities
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.units import GB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.models import Format, Model

_YES = re.compile(
    r"\s*(?:(?:yes|ja|oui|s[i\u00ed]|ok|okay|fits|runs|comfortabl[ey]|easily)\b|"
    r"[\u2713\u2714\u2705\u2611]|\U0001f7e2)",
    re.IGNORECASE,
)
_NO = re.compile(
    r"[\s\u2013\u2014-]*(?:(?:no|nein|non|oom|out of memory|impossible|too (?:large|big))\b|"
    r"[\u2717\u2718\u274c\u2716\u00d7]|\U0001f534|x$|"
    r"(?:does not|doesn[\u2019']t|will not|won[\u2019']t|cannot|can not|can[\u2019']t) (?:fit|run|load))",
    re.IGNORECASE,
)
#: What makes a yes or a no one of something else than one device with the whole model.
_HEDGED = re.compile(
    r"\b(?:offload\w*|partial\w*|split|shard\w*|multi\w*|cpu|ram|swap|layers?|mixed|tensor|parallel\w*|"
    r"slow\w*|but|"
    r"if|with|two|dual|pair|more|\d\s?x|x\s?\d|lower|smaller|only)\b|[/;]",
    re.IGNORECASE,
)
#: What else takes the memory where a table says no.
_MORE = re.compile(
    r"\b(?:batch|long|tokens?|users?|concurren\w+|requests?|\d{2,4}k|speed|fast|recommended|worth|good)\b",
    re.IGNORECASE,
)
#: Headings of what is needed, and of whether that fits.
_NEED = re.compile(r"\b(?:needed|needs|required|requires|requirement|footprint)\b", re.IGNORECASE)
_OF_WEIGHTS = re.compile(
    r"\b(?:weights|(?:file |model |gguf |download )?size|gguf|vram|memory)\b", re.IGNORECASE
)
#: A header of what there is, and not of what is needed: "Memory in total".
_OF_ROOM = re.compile(
    r"\b(?:in total|total|available|altogether|per (?:gpu|card|node)|(?:gpu|card|device|instance) memory)\b",
    re.I,
)
_FITS = re.compile(r"\b(?:fits?|runs?|enough|ok)\b", re.IGNORECASE)
_ROWS, _COLUMNS = 60, 24
#: A header that is nothing but a size of memory, with a word or two: "Fits 24 GB?".
_LONGEST = 32
#: Bytes of a weight of the smallest format in use, and of a gigabyte as memory is sold; the shares of the
#: memory that weights take which surely run, and which no table calls too large.
_LEAST, _BINARY, _ROOM, _SMALL = 0.34, 1.0737, 0.85, 0.5
#: Files of these formats are run for one request, with little beside the weights, and so take a larger share.
_OF_ONE, _SMALL_OF_ONE = re.compile(r"Q\d", re.IGNORECASE), 0.72
#: How many of a device a row may tell the memory of, and how near to so many times that of one it must be.
_TWO, _MOST_OF_ONE, _CLOSE = 2, 72, 0.01


class _Room(NamedTuple):
    """Memory that heads a row or a column: the least and the most that may be meant, with its words."""

    least: float
    most: float
    words: str


class _Weights(NamedTuple):
    """A model that heads a row or a column, and the format that stands beside it."""

    model: Model
    said: Format | None


def find(context: Context) -> Iterator[Finding]:
    """Every cell of such a matrix with its verdict."""
    for table in context.document.tables:
        if not _has_answers(table):
            continue
        rows = {i: cell for i in range(1, min(len(table.rows), _ROWS)) if (cell := table.cell(i, 0))}
        heads = {i: cell for i, cell in enumerate(table.rows[0][:_COLUMNS]) if i and cell}
        if not TRAINS.search(table.caption + " ".join(table.section[-1:])):
            yield from _by(table, rows, heads, context, down=True)
            yield from _by(table, heads, rows, context, down=False)
        yield from _needed(table, heads, context)


def _has_answers(table: Table) -> bool:
    """Whether a cell of the first rows says yes or no."""
    found = (cell for row in table.rows[1:4] for cell in row[1:_COLUMNS] if cell)
    return any(_YES.match(cell.text) or _NO.match(cell.text) for cell in found)


def _by(
    table: Table, of_models: dict[int, Passage], of_rooms: dict[int, Passage], context: Context, *, down: bool
) -> Iterator[Finding]:
    """The cells where models stand in the one direction (`down` the rows) and memory in the other."""
    rooms = {i: room for i, cell in of_rooms.items() if (room := _room(cell, context))}
    if not down:
        rooms = {i: _of_several(table.rows[i], room, context) for i, room in rooms.items()}
    about = f"{table.caption} {' '.join(table.section[-1:])}"
    for index, head in of_models.items() if rooms else ():
        if TRAINS.search(head.text):
            continue
        beside = [cell.text for cell in table.rows[index] if cell] if down else [head.text]
        weights = _weights(head.text, beside, about)
        for other, room in rooms.items() if weights else ():
            row, column = (index, other) if down else (other, index)
            cell = table.cell(row, column)
            # "Fits on one RTX 4090 (INT4)?"
            own = formats(of_rooms[other].text)
            if cell and weights:
                weights = weights._replace(said=own[0]) if len(own) == 1 else weights
                more = _MORE.search(f"{about} {head.text} {room.words} {cell.text}") is not None
                yield from _judged(cell, weights, room, context, more=more)


def _needed(table: Table, heads: dict[int, Passage], context: Context) -> Iterator[Finding]:
    """Whether what a row says is needed fits: on the device that heads it, or on those above its cells."""
    needs = [
        i
        for i, head in heads.items()
        if _NEED.search(head.text) or (_OF_WEIGHTS.search(head.text) and not _OF_ROOM.search(head.text))
    ]
    fits = [i for i, head in heads.items() if _FITS.search(head.text)]
    above = {i: room for i, head in heads.items() if i not in needs and (room := _room(head, context))}
    for row in range(1, min(len(table.rows), _ROWS)):
        first = table.cell(row, 0)
        room = _room(first, context) if first and len(fits) == 1 else None
        for column, here in above.items() if room is None else ((fits[0], room),):
            cell, at = table.cell(row, column), _need_of(column, heads, needs)
            need = table.cell(row, at) if at else None
            told = (
                [q for q in quantities(need.text, context.fraction) if q.dimension == "memory"]
                if need
                else []
            )
            answer = _YES.match(cell.text) if cell else None
            if cell is None or answer is None or _HEDGED.search(cell.text, answer.end()):
                continue
            if TRAINS.search(heads[column].text if column in heads else ""):
                # "Fits with QLoRA" takes less than what stands beside it.
                continue
            if need is None or len(told) != 1 or told[0].high != told[0].value:
                continue
            wrong = told[0].value > here.most
            because = f"{need.text.strip()} is needed; {here.words}"
            verdict, expected = ("inconsistent", "no") if wrong else ("confirmed", "")
            yield made(context, cell, (0, len(cell.text)), "memory", verdict, attribute="fits",
                       because=because, expected=expected, evidence=(Evidence(because),))  # fmt: skip


def _need_of(column: int, heads: dict[int, Passage], needs: Sequence[int]) -> int:
    """The column of what is needed by that of what fits: that of its format where it names one; else 0."""
    said = formats(heads[column].text)
    own = [i for i, head in heads.items() if i != column and formats(head.text) == said] if said else needs
    return own[0] if len(own) == 1 else 0


def _room(head: Passage, context: Context) -> _Room | None:
    """The memory of the device, or of the several of it, that a header names; else its size."""
    if models(head.text):
        return None
    found = list(mentions(head.text, context.catalogue))
    sizes = [each for each in quantities(head.text, context.fraction) if each.dimension == "memory"]
    if len({each.named for each in found}) == 1:
        count = counted(head.text, 0, found[0].start)
        known = [
            float(context.catalogue[key].value("memory") or 0.0) * count
            for key in sized(forms(found[0].ids, context), context)
        ]
        words = f"{head.text.strip()} has {max(known) / 1e9:.4g} GB"
        return _Room(min(known), max(known), words) if all(known) else None
    if found or len(sizes) != 1 or sizes[0].high != sizes[0].value or len(head.text) > _LONGEST:
        return None
    return _Room(sizes[0].value, sizes[0].value * _BINARY, head.text.strip())


def _of_several(row: Sequence[Passage | None], room: _Room, context: Context) -> _Room:
    """The memory of a row that tells what several of its device have: "H200 | 1,128 GB" of eight."""
    told = [
        each.value for cell in row[1:] if cell
        for each in quantities(cell.text, context.fraction) if each.dimension == "memory"
    ]  # fmt: skip
    for one, each in product(told, (room.least, room.most)):
        # Sizes of memory are told as they are sold.
        many = one / ((nominal_gb(each) or each / GB) * GB)
        if _TWO <= round(many) <= _MOST_OF_ONE and abs(many / round(many) - 1) < _CLOSE:
            return _Room(one, one * _BINARY, f"its row tells {one / GB:,.4g} GB")
    return room


def _weights(head: str, beside: Sequence[str], about: str) -> _Weights | None:
    """The one model of a header, with the one format that stands in its row, or else above the table."""
    found = models(head)
    if len({each.parameters for each in found}) != 1:
        return None
    own = [each for text in beside for each in formats(text) if not (_YES.match(text) or _NO.match(text))]
    said = list(dict.fromkeys(own)) or formats(about)
    return _Weights(found[0], said[0] if len(said) == 1 else None) if len(said) < 2 else None


def _judged(
    cell: Passage, weights: _Weights, room: _Room, context: Context, *, more: bool
) -> Iterator[Finding]:
    yes, no = _YES.match(cell.text), _NO.match(cell.text)
    answer = yes or no
    if answer is None or _HEDGED.search(cell.text, answer.end()):
        return
    own = formats(cell.text)
    said = own[0] if len(own) == 1 else weights.said
    if len(own) > 1:
        return
    least = (said.least if said else _LEAST) * weights.model.parameters
    usual = said.usual * weights.model.parameters if said else None
    fits = usual is not None and usual < _ROOM * room.least
    of_one = said is not None and _OF_ONE.match(said.name)
    small = usual is not None and usual < (_SMALL_OF_ONE if of_one else _SMALL) * room.least and not more
    wrong = least > room.most if yes else small
    right = fits if yes else least > room.most
    verdict = "contradicted" if wrong else "confirmed" if right else "unverifiable"
    amount = f"at least {least / 1e9:,.3g} GB" if yes or usual is None else f"{usual / 1e9:,.3g} GB"
    because = f"{weights.model.name.strip()}{' in ' + said.name if said else ''}: {amount}; {room.words}"
    yield made(
        context, cell, (0, len(cell.text)), "memory", verdict, subject=weights.model.name, attribute="fits",
        because=because, expected="" if not wrong else "no" if yes else "yes",
        evidence=(Evidence(because, "memory model"),),
    )  # fmt: skip
