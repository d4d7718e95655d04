"""Tables of what fine-tuning takes: columns that say how, and with which optimizer, beside models.

In mixed precision Adam holds 16 bytes of each parameter (weights and gradients in two, weights and two
moments in four); in 16 bits throughout it holds 8. That is the count of ZeRO (Rajbhandari et al. 2020,
section 3.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.holding.ways import FULLY, trained
from whichgpu.audit.needed.verdict import only_size
from whichgpu.audit.text.models import models

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Table
    from whichgpu.audit.findings import Context, Finding

_FULL = re.compile(
    r"\bfull\b[^|]{0,12}\b(?:ft|fine|train|param|tun)|\bfull ft\b|\bvollst\w+ fein", re.IGNORECASE
)
_ADAM = re.compile(r"\badamw?\b", re.IGNORECASE)
#: What holds less of each parameter, or shares it among several.
_LESS = re.compile(
    r"\b(?:8-?bit|paged|zero|fsdp|offload\w*|shard\w*|per (?:gpu|card)|each|lora|galore|"
    r"lomo|sgd|adafactor|lion)\b",
    re.IGNORECASE,
)
#: Bytes of a parameter: the least with Adam, and between which a table is right.
_LEAST, _RIGHT = 8.0, (11.5, 21.0)
#: What weights and gradients take by themselves, in 16 bits, whichever optimizer goes with them.
_BOTH = 4.0
_ROWS = 60


#: Headings of what a row takes, and rows that share or offload it.
_TAKES = re.compile(r"\b(?:vram|memory|gpu ram)\b", re.IGNORECASE)


def trained_rows(table: Table, context: Context) -> Iterator[Finding]:
    """A column of memory beside what is trained: "Full fine-tuning of a 7B with Adam | 24 GB"."""
    heads = [cell.text if cell else "" for cell in table.rows[0][:32]]
    above = " ".join((*heads, table.caption, *table.section[-1:]))
    columns = [at for at, head in enumerate(heads) if at and _TAKES.search(head)]
    if len(columns) != 1 or _LESS.search(above):
        return
    for row in range(1, min(len(table.rows), _ROWS)):
        first, cell = table.cell(row, 0), table.cell(row, columns[0])
        beside = " ".join(each.text for each in table.rows[row][: columns[0]] if each)
        told = only_size(cell, (0, len(cell.text)), context) if cell else None
        named = models(beside)
        if first is None or cell is None or told is None or len(named) != 1 or not FULLY.search(beside):
            continue
        way = trained(beside)
        if _LESS.search(f"{beside} {cell.text}") or told.high >= _NEARLY * way.least * named[0].parameters:
            continue
        least = f"{way.least * named[0].parameters / 1e9:,.3g} GB"
        because = f"{named[0].parameters / 1e9:.4g} billion parameters {way.words} take {least}"
        yield made(
            context, cell, (told.start, told.end), "memory", "contradicted", subject=named[0].name,
            attribute="memory to train", because=because, evidence=(Evidence(because, "memory model"),),
            expected=f"at least {least}",
        )  # fmt: skip


_NEARLY = 0.95


def trained_columns(table: Table, context: Context) -> Iterator[Finding]:
    """Every size of such a column with its verdict; without the optimizer's name none is wrong."""
    heads = [cell.text if cell else "" for cell in table.rows[0][:32]]
    above = " ".join((table.caption, *table.section[-1:]))
    for column, head in enumerate(heads):
        if not column or not _FULL.search(head) or _LESS.search(f"{head} {above}"):
            continue
        for row in range(1, min(len(table.rows), _ROWS)):
            first, cell = table.cell(row, 0), table.cell(row, column)
            told = only_size(cell, (0, len(cell.text)), context) if cell else None
            named = models(first.text) if first else ()
            if cell is None or told is None or len(named) != 1 or told.high != told.value:
                continue
            each = told.value / named[0].parameters
            low, high = _RIGHT
            wrong = each < _BOTH or (each < _LEAST and _ADAM.search(f"{head} {above}") is not None)
            verdict = "confirmed" if low <= each <= high else "contradicted" if wrong else "unverifiable"
            because = (
                f"{each:.2g} bytes of each parameter; weights, gradients and Adam's moments take 16 in mixed "
                f"precision, and 8 at least"
            )
            yield made(
                context, cell, (told.start, told.end), "memory", verdict, subject=named[0].name,
                attribute="memory to train", because=because, evidence=(Evidence(because, "memory model"),),
                expected=f"{16 * named[0].parameters / 1e9:,.4g} GB" if wrong else "",
            )  # fmt: skip


_QLORA = re.compile(r"\bq-?lora\b", re.IGNORECASE)
_LORA = re.compile(r"(?<![q-])\blora\b", re.IGNORECASE)
#: What the weights below adapters are held in: by a column's own words, else as QLoRA and LoRA have it.
_BITS = re.compile(r"\b(?P<n>[2-8])[- ]?bit|\b(?:int|nf|fp)(?P<of>[48])\b", re.IGNORECASE)
_FOUR, _SIXTEEN = 4, 16


def _held_in(head: str, heads: list[str]) -> int:
    """Bits of a weight of a model that a column trains adapters of; zero where it does not say."""
    told = _BITS.search(head)
    bits = int(told["n"] or told["of"]) if told else 0
    if _QLORA.search(head):
        return bits or _FOUR
    # Beside a column of QLoRA that of LoRA is the one without quantisation.
    plain = _LORA.search(head) and any(_QLORA.search(each) for each in heads)
    return (bits or _SIXTEEN) if plain else 0


def adapted_columns(table: Table, context: Context) -> Iterator[Finding]:
    """Sizes of columns of LoRA and QLoRA that are below those of the weights alone."""
    heads = [cell.text if cell else "" for cell in table.rows[0][:32]]
    for column, head in enumerate(heads):
        bits = _held_in(head, heads) if column else 0
        for row in range(1, min(len(table.rows), _ROWS)) if bits else ():
            first, cell = table.cell(row, 0), table.cell(row, column)
            told = only_size(cell, (0, len(cell.text)), context) if cell else None
            named = models(first.text) if first else ()
            if cell is None or told is None or len(named) != 1 or _SHARED.search(f"{head} {cell.text}"):
                continue
            least = bits / 8 * named[0].parameters
            if told.high >= _NEARLY * least:
                continue
            because = (
                f"{named[0].parameters / 1e9:.4g} billion weights of {bits} bits are {least / 1e9:,.3g} GB"
            )
            yield made(
                context, cell, (told.start, told.end), "memory", "contradicted", subject=named[0].name,
                attribute="memory to train", because=because, evidence=(Evidence(because, "memory model"),),
                expected=f"more than {least / 1e9:,.3g} GB",
            )  # fmt: skip


#: What is that of one of several devices, or of a part.
_SHARED = re.compile(
    r"\b(?:zero|fsdp|offload\w*|shard\w*|per (?:gpu|card)|each|adapters?|trainable)\b", re.IGNORECASE
)
