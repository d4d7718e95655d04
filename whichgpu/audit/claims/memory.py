"""Memory requirements: "13B needs 80 GB", held against the weights and against what fits."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences, within
from whichgpu.errors import WhichGpuError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity

_SIZE = re.compile(r"(?<![\d.,$])(\d{1,4}(?:\.\d)?)\s?-?(?:[bB]\b|[Bb]illion(?:[ -]parameters?)?\b)(?!/)")
_NEEDS = re.compile(
    r"\b(?:requir\w+|needs?|necessitat\w+|demands?|takes?|uses?|consumes?|minimum|at least)\b", re.IGNORECASE
)
_VRAM = re.compile(r"\b(?:vram|gpu memory|memory|of memory)\b", re.IGNORECASE)
_TRAINS = re.compile(
    r"\b(?:train\w*|fine-?tun\w*|lora|optimi[sz]er|adam|gradients?|context|kv|cache|batch|fp32|32-bit|"
    r"full precision|float32)\b",
    re.IGNORECASE,
)
_HEAD = re.compile(r"\b(?:vram|memory)\b.*\b(?:required|needed|requirements?|minimum)\b|"
                   r"\b(?:required|minimum|total)\b.*\b(?:vram|memory)\b", re.IGNORECASE)  # fmt: skip
_HALF = re.compile(r"\b(?:fp16|bf16|16-bit|half[- ]precision|float16)\b", re.IGNORECASE)
#: Bytes of a weight: of the common format, and of the smallest in use (2.5 bits with its scales).
_BYTES, _LEAST = 2.0, 0.34
#: So many times the need is no requirement but the size of a card.
_TOO_MUCH = 2.0


class _Need(NamedTuple):
    """What a model takes: bytes, and how that is known."""

    needed: float
    weights: float
    words: str


def find(context: Context) -> Iterator[Finding]:
    """Every stated requirement with its verdict."""
    for table in context.document.tables:
        yield from _of_table(table, context)
    for passage in context.document.passages:
        if passage.kind in ("paragraph", "item", "caption"):
            for sentence in sentences(passage.text):
                yield from _of_sentence(passage, (sentence.start, sentence.end), context)


def _of_table(table: Table, context: Context) -> Iterator[Finding]:
    """A column of required memory beside models."""
    heads = [cell.text if cell else "" for cell in table.rows[0][:32]]
    wanted = [i for i, head in enumerate(heads) if i and _HEAD.search(head)]
    if not wanted or any(_TRAINS.search(head) for head in heads):
        return
    for row in range(1, min(len(table.rows), 60)):
        first, cell = table.cell(row, 0), table.cell(row, wanted[-1])
        need = _need(first.text, context) if first else None
        quantity = _memory(cell, (0, len(cell.text)), context) if cell else None
        if need and quantity and cell:
            half = any(_HALF.search(head) for head in heads)
            yield _judged(cell, quantity, need, (first.text if first else "", half), context)


def _memory(passage: Passage, place: tuple[int, int], context: Context) -> Quantity | None:
    found = [
        each
        for each in within(quantities(passage.text, context.fraction), *place)
        if each.dimension == "memory"
    ]
    return found[0] if len(found) == 1 else None


def _of_sentence(passage: Passage, place: tuple[int, int], context: Context) -> Iterator[Finding]:
    text = passage.text[place[0] : place[1]]
    sizes = list(_SIZE.finditer(text))
    if len(sizes) != 1 or not _NEEDS.search(text) or not _VRAM.search(text) or _TRAINS.search(text):
        return
    quantity = _memory(passage, place, context)
    between = text[sizes[0].end() :]
    if quantity is None or quantity.start < place[0] + sizes[0].end() or not _NEEDS.search(between):
        return
    need = _of_size(float(sizes[0][1]) * 1e9)
    yield _judged(passage, quantity, need, (sizes[0][0], bool(_HALF.search(text))), context)


def _need(name: str, context: Context) -> _Need | None:
    """What a model takes by its name, else by its size in the name."""
    found = _fit(name)
    if found:
        return found
    size = _SIZE.search(name)
    return _of_size(float(size[1]) * 1e9) if size else None


def _of_size(parameters: float) -> _Need:
    weights = parameters * _BYTES
    return _Need(
        1.15 * weights, weights, f"{parameters / 1e9:g} billion weights of 2 B are {weights / 1e9:,.3g} GB"
    )


@lru_cache(maxsize=64)
def _fit(name: str) -> _Need | None:
    """What the memory model says of a workload by its name."""
    from whichgpu.hardware.catalogue import catalogue
    from whichgpu.planner.capacity import fit
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import known, resolve

    if not 3 <= len(name) <= 40 or not known(name):
        return None
    try:
        item = resolve(name)
        answer = fit([Job(item.id)], ["h100-80gb-sxm"], catalogue()).first
    except WhichGpuError:
        return None
    weights = sum(item.parameters().values()) * _BYTES
    needed = float(answer.required)
    return _Need(needed, weights, f"{item.id} in 16 bit takes {needed / 2**30:,.3g} GiB") if needed else None


def _judged(
    passage: Passage, quantity: Quantity, need: _Need, of: tuple[str, bool], context: Context
) -> Finding:
    """Too much to be a requirement, too little for any format, or between."""
    name, half = of
    told = quantity.value
    least = need.weights * (1.0 if half else _LEAST / _BYTES)
    verdict, because = "unverifiable", need.words
    if quantity.limit in ("over", "") and told >= _TOO_MUCH * need.needed:
        verdict = "contradicted"
        because = f"{need.words}; {told / 1e9:,.4g} GB is the size of a card, no requirement"
    elif told < 0.9 * least:
        verdict, because = "contradicted", f"{need.words}; {told / 1e9:,.4g} GB cannot hold the weights"
    elif 0.8 * need.needed <= told:
        verdict = "confirmed"
    return made(
        context, passage, (quantity.start, quantity.end), "memory", verdict, subject=name.strip(),
        attribute="required memory", because=because, evidence=(Evidence(because, "memory model"),),
        expected="" if verdict == "confirmed" else f"{need.needed / 1e9:,.3g} GB in 16 bit",
    )  # fmt: skip
