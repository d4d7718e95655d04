"""Tables of what models need: a column of memory, columns of formats, weights beside their format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.needed.verdict import judged_need, need_of_name, of_model, only_size
from whichgpu.audit.text.models import TRAINS, formats, models
from whichgpu.audit.text.quantities import quantities

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.needed.verdict import Need


#: Headings of the weights by themselves.
_FROZEN = re.compile(r"\b(?:base|weights?|frozen)\b(?!\s*(?:precision|model|type))", re.IGNORECASE)

_OF_WEIGHTS = re.compile(r"\bweights\b", re.IGNORECASE)
_WEIGHTS = re.compile(
    r"\b(?:weights?|model size|file size|size|footprint|vram|gpu memory|gewichte|gr\u00f6\u00dfe|poids|pesos|"
    r"taille|tama\u00f1o)\b(?!\s*(?:precision|type|format))",
    re.IGNORECASE,
)

#: What is no weights at all, whatever the format beside it.
_CACHE = re.compile(r"\b(?:kv|k/v|cache[sd]?|caching)\b", re.IGNORECASE)
#: Weights in several formats, or not all of them in the memory.
_IN_PARTS = re.compile(
    r"\b(?:mix(?:ed|ture)?|hybrid|ternary|tern\u00e4r|experts?|attn|attention|pinn\w+|prun\w+|"
    r"stream\w*|offload\w*|cpu|layers?)\b",
    re.IGNORECASE,
)
#: The memory of a machine, of which the model is not alone to take.
_MACHINE = re.compile(r"\b(?:unified|system|host|ram|mac\w*)\b", re.IGNORECASE)

#: Words of what comes on top of the weights.
MORE = re.compile(r"\b(?:context|kv|cache|batch|users?|concurren\w+|activations?)\b", re.IGNORECASE)

_HEAD = re.compile(r"\b(?:vram|memory)\b.*\b(?:required|needed|wanted|needs?|requirements?|minimum)\b|"
                   r"\b(?:required|minimum|total)\b.*\b(?:vram|memory)\b", re.IGNORECASE)  # fmt: skip

#: What "total memory" is not by itself: what is needed.
_ASKED = re.compile(r"\b(?:required|needed|wanted|needs?|requirements?|minimum)\b", re.IGNORECASE)

_MOST_ROWS = 60
#: An amount below so much of the weights holds them in another format.
_BELOW = 0.9
#: A share of the weights that no slip makes of them.
_LEAST_PART = 0.05
#: Two ends of a range.
_RANGE = re.compile(r"\d\s?(?:[BMG]B?)?\s?[-\u2013\u2014]\s?\d")
#: More columns of formats than of what may be trained in.
_FORMATS = 2


def _heads(table: Table) -> list[str]:
    return [cell.text if cell else "" for cell in table.rows[0][:32]]


def _is_of_cache(table: Table) -> bool:
    """Whether what stands above a table says that it is of the cache of keys and values."""
    return any(_CACHE.search(text) for text in (*_heads(table), table.caption, *table.section[-1:]))


def _has_smaller(table: Table, row: int, column: int, need: Need, context: Context) -> bool:
    """Whether another cell of the row tells an amount of memory that those weights exceed."""
    cells = (cell for at in range(table.columns) if at != column and (cell := table.cell(row, at)))
    # What a device has is in its name.
    others = (each for each in cells if next(iter(mentions(each.text, context.catalogue)), None) is None)
    sizes = (each for cell in others for each in quantities(cell.text, context.fraction))
    return any(each.dimension == "memory" and each.value < _BELOW * need.weights for each in sizes)


def _is_whole(text: str, need: Need, context: Context) -> bool:
    """Whether a text tells an amount of memory that is about what the weights take."""
    sizes = (each.value for each in quantities(text, context.fraction) if each.dimension == "memory")
    return any(_BELOW * need.least <= size <= need.needed for size in sizes)


def required_columns(table: Table, context: Context) -> Iterator[Finding]:
    """A column of required memory beside models."""
    heads = _heads(table)
    wanted = [i for i, head in enumerate(heads) if i and _HEAD.search(head)]
    if not wanted or any(TRAINS.search(head) or MORE.search(head) for head in heads):
        return
    if _MACHINE.search(heads[wanted[-1]]):
        return
    said = formats(" ".join(heads))
    for row in range(1, min(len(table.rows), _MOST_ROWS)):
        first, cell = table.cell(row, 0), table.cell(row, wanted[-1])
        beside = [each.text for each in table.rows[row] if each is not None]
        if any(TRAINS.search(text) for text in beside):
            continue
        if not _ASKED.search(heads[wanted[-1]]) and any(
            True for text in beside for _ in mentions(text, context.catalogue)
        ):
            # The total memory beside devices is theirs.
            continue
        need = need_of_name(first.text, said[0] if len(said) == 1 else None) if first else None
        quantity = only_size(cell, (0, len(cell.text)), context) if cell else None
        # A row that tells of a smaller download is of a model in fewer bits.
        if need and quantity and cell and first and not _has_smaller(table, row, wanted[-1], need, context):
            yield judged_need(cell, quantity, need, first.text, context)


def format_columns(table: Table, context: Context) -> Iterator[Finding]:
    """Columns of formats beside models: what each takes in FP16, in INT8, in 4 bits."""
    heads = _heads(table)
    if _is_of_cache(table):
        return
    columns = {i: found[0] for i, head in enumerate(heads) if i and len(found := formats(head)) == 1
               and not MORE.search(head)}  # fmt: skip
    if any(TRAINS.search(text) for text in (*heads, table.caption, *table.section)):
        # What is frozen is as large as ever: "NF4 base".
        frozen = {i: said for i, said in columns.items() if _FROZEN.search(heads[i])}
        # Below a heading on training, columns of nothing but formats are the weights all the same.
        plain = not any(TRAINS.search(head) for head in heads) and len(columns) > _FORMATS
        columns = columns if plain and not frozen else frozen
    elif len(columns) < _FORMATS:
        # One column alone must say what it is of: "Weights in FP16".
        columns = {i: said for i, said in columns.items() if _FROZEN.search(heads[i])}
    for row in range(1, min(len(table.rows), _MOST_ROWS)):
        first = table.cell(row, 0)
        for column, said in columns.items():
            cell = table.cell(row, column)
            quantity = only_size(cell, (0, len(cell.text)), context) if cell else None
            named = models(first.text) if first and quantity else ()
            if first and cell and _RANGE.search(first.text) and _RANGE.search(cell.text):
                # "1-3B | 2-6 GB": the one end is that of the one, the other of the other.
                continue
            if len(named) == 1 and cell and quantity:
                # "13 GB INT8" says itself of what format it is.
                own = formats(cell.text)
                form = own[0] if len(own) == 1 else said
                need, alone = of_model(named[0], form), _OF_WEIGHTS.search(heads[column]) is not None
                yield judged_need(cell, quantity, need, named[0].name, context, headed=alone)


def weights_tables(table: Table, context: Context) -> Iterator[Finding]:
    """A column of weights with the format beside them: "Llama 3 70B | INT4 | 35 GB", "Q4_K_M | 42 GB"."""
    heads = _heads(table)
    wanted = [i for i, head in enumerate(heads) if i and _WEIGHTS.search(head) and not formats(head)]
    above = " ".join((*table.section[-1:], table.caption))
    if len(wanted) != 1 or _is_of_cache(table) or any(TRAINS.search(text) for text in (*heads, above)):
        return
    # The model may stand in a heading further above.
    whole = next((one for head in (above, *reversed(table.section[:-1])) if (one := models(head))), ())
    for row in range(1, min(len(table.rows), _MOST_ROWS)):
        cell = table.cell(row, wanted[0])
        quantity = only_size(cell, (0, len(cell.text)), context) if cell else None
        beside = [each.text for each in table.rows[row] if each is not None and each is not cell]
        if any(_IN_PARTS.search(text) or _CACHE.search(text) for text in beside):
            continue
        own = [model for text in beside[:2] for model in models(text)] or list(whole)
        said = list(dict.fromkeys(form for text in beside for form in formats(text)))
        # Beside a card the memory is the card's.
        if any(True for text in beside for _ in mentions(text, context.catalogue)):
            continue
        if cell and quantity and len({each.parameters for each in own}) == 1 and len(said) == 1:
            need = of_model(own[0], said[0])
            if quantity.value < _LEAST_PART * need.weights:
                # Of one operation, a layer, a token.
                continue
            # "Qwen3 30B Q4_K_M (18.6 GB)": the amount beside it is that of what the card holds of them.
            if not any(_is_whole(text, need, context) for text in beside):
                yield judged_need(cell, quantity, need, own[0].name, context)
