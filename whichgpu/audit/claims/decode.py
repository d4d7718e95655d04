"""Tables of tokens a second: one request cannot be answered faster than its weights are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.throughput import SEVERAL
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.lines import runs
from whichgpu.audit.tables import stated as tables
from whichgpu.audit.text.models import TRAINS, formats, models
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.values.sourced import source_of
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.lines import Run
    from whichgpu.audit.tables.cells import Cell
    from whichgpu.audit.text.models import Format, Model
    from whichgpu.hardware.gpu import Gpu

_TOKENS = re.compile(r"\b(?:tok(?:en)?s?\s*(?:/|per\s+)\s*s(?:ec(?:ond)?)?\b|t/s\b|tps\b)", re.IGNORECASE)
#: The same above a table whose cells have no unit: "token generation", "tokens generated", "tg128".
_GENERATES = re.compile(
    rf"{_TOKENS.pattern}|\btokens? generat(?:ion|ed)\b|\btoken gen\b|\bgenerated tokens\b|\btg\d{{2,4}}\b|"
    r"\bdecod(?:e|ing) (?:speed|rate)s?\b|\b(?:output |generated )?tokens? (?:each|every|a) second\b",
    re.IGNORECASE,
)
#: What runs one request at a time where nothing else is said, on several devices too.
_ALONE = re.compile(
    r"\b(?:llama\.?cpp|llama-bench|ollama|lm studio|koboldcpp|exllama\w*|gguf|ggml|q[2-8]_\w+|iq\d\w*|"
    r"exl[23]|mlx|token generation|tg\d{2,4})\b",
    re.IGNORECASE,
)
#: Of many requests at once, or of reading the prompt: no bound of one request.
_MANY = re.compile(
    r"\b(?:batch\w*|concurren\w*|aggregate|total|vllm|sglang|tensorrt|throughput|prefill|prompt|pp\d+|users?|"
    r"requests?|streams|clients|sessions|parallel|mtp|speculative|draft|multi|offline|server|under load|"
    r"loaded|busy)\b",
    re.IGNORECASE,
)
#: Of many requests at once, whatever serves a row that says itself that it is of one.
OTHERS = re.compile(
    r"\b(?:batch(?:es|ed|ing)?|concurren\w*|aggregate|prefill|prompt|pp\d+|users?|requests|streams|clients|"
    r"sessions|"
    r"parallel|mtp|speculative|draft|multi|under load)\b",
    re.IGNORECASE,
)
ONE = re.compile(
    r"\b(?:(?:no|without|not)\s+(?:speculative(?: decoding)?|batching|draft model|parallelism|mtp)|"
    r"(?:at )?batch(?:[ -]?size)?(?: of)?\s*=?\s*(?:1|one)\b(?!\d)|"
    r"(?:one|1|a single|single)[ -](?:request|user|stream|prompt)\b|"
    r"(?:(?:concurrent )?(?:requests|users|streams)|concurrency)(?: in flight)?\s*[:=]?\s*(?:1|"
    r"one)\b(?![\d.,]))",
    re.IGNORECASE,
)
#: A mixture of experts reads some of its weights only.
EXPERTS = re.compile(
    r"\b(?:\d+x\d+b|a\d+b|moe|mixtral|deepseek|gpt-oss|kimi|scout|maverick)\b", re.IGNORECASE
)
#: Columns of what was run, beside that of its rate.
_RECORD = re.compile(
    r"\W*(?:model|llm|network|precision|format|quant\w*|dtype|batch(?: ?size)?|concurrency|"
    r"(?:concurrent )?(?:users?|requests|streams)|"
    r"framework|engine|"
    r"runtime|backend)\W*$",
    re.IGNORECASE,
)
#: Bytes of a weight of the smallest format in use; how far beyond the bound rounding goes.
LEAST, SLACK = 0.34, 1.08
_MOST_CELLS = 400
#: So many times the bound of one request is the rate of many: where it is said to be of one, and elsewhere.
_OF_MANY = {True: 80.0, False: 8.0}
#: What a host holds it reads itself, which the bound has in it.
_OFFLOADED = re.compile(r"\boffload\w*", re.IGNORECASE)
#: What is charged for tokens by the million is worked out of what a server makes for all who ask it.
_SERVED = re.compile(
    r"[$\u20ac]\s?(?:per|/)\s?(?:1?M\b|(?:one |1 )?million)|"
    r"\b(?:cost|price)s? (?:per|of|/) ?(?:a |one |1 ?)?(?:M\b|million)",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every rate of tokens in a table that no memory of its device could feed."""
    for table in context.document.tables:
        yield from _of_table(table, context)
    for run in runs(context):
        yield from _of_lines(run, context)


#: A row of prices below a text on tokens: "$ per GB".
#: What a column of a table of rates tells of the devices themselves.
_OF_HARDWARE = ("bandwidth", "memory", "power", "count", "bits")
_ITS_OWN = re.compile(
    r"\b(?:bounds?|limits?|ceilings?|at most|max(?:imum)?)\b[^;]{0,24}\b\d+(?:\.\d+)?\s?GB\b", re.I
)
_PRICE = re.compile(r"[$\u20ac\u00a3]|\b(?:prices?|costs?|USD|EUR|per GB)\b", re.IGNORECASE)


def _of_table(table: Table, context: Context) -> Iterator[Finding]:
    above = " ".join((table.caption, *table.section[-1:]))
    heads = [head.text if head else "" for head in table.rows[0]]
    if any(_SERVED.search(head) for head in heads) and not ONE.search(" ".join((above, *heads))):
        return
    for cell in tables.every(table, context)[:_MOST_CELLS]:
        text = f"{cell.label} {cell.passage.text}"
        if _ITS_OWN.search(cell.label):
            # "Bound for 14 GB": of a size that the table tells itself.
            continue
        if _PRICE.search(cell.label) or (cell.attribute and cell.attribute.dimension in _OF_HARDWARE):
            continue
        if not _TOKENS.search(text) and not (_GENERATES.search(above) and models(f"{cell.label} {above}")):
            continue
        if SEVERAL.search(cell.label) or (cell.number != 1 and not _is_of_one(cell, f"{text} {above}")):
            continue
        label = cell.label
        # A record to a row: "Llama 3.1 8B | FP16 | batch 1 | 46" stands in cells of its own.
        beside = zip(heads, table.rows[cell.row], strict=False)
        record = " ; ".join(f"{head} {one.text}" for head, one in beside if one and _RECORD.match(head))
        if record and (heads[cell.column : cell.column + 1] == [label] or _RECORD.match(heads[0])):
            label = f"{record} ; {label}"
        around = f"{label} {cell.passage.text} {above}"
        found = models(label) or models(table.caption) or models(above)
        # A column or a table of one request is, whatever serves it.
        told = label if ONE.search(around) else around
        many = OTHERS if ONE.search(label) else _MANY
        if (
            len({each.parameters for each in found}) != 1
            or many.search(ONE.sub("", told))
            or EXPERTS.search(around)
            or TRAINS.search(_OFFLOADED.sub("", told))
        ):
            # What trains has many tokens for each read of the weights.
            continue
        said = formats(label) or formats(above) or formats(heads[0])
        if len(said) < 2:
            read = _read(found[0], said[0] if said else None, f"{above} {_size(heads, table, cell)}")
            yield from _judged(cell.passage, (cell.ids, cell.number), read, _of_one(around), context)


#: A column of how large each model of a table is.
_SIZED = re.compile(r"\W*(?:(?:file|model|gguf|weights?)\s)?(?:size|weights)\b[^/]*$", re.IGNORECASE)


def _size(heads: Sequence[str], table: Table, cell: Cell) -> str:
    """What the row of a rate tells of the size of what is read, in words."""
    beside = zip(heads, table.rows[cell.row], strict=False)
    return "; ".join(f"a file of {one.text}" for head, one in beside if one and _SIZED.match(head))


def _of_one(around: str) -> float:
    """So many times the bound of one request can still be meant as the rate of one."""
    return _OF_MANY[(ONE.search(around) or _ALONE.search(around)) is not None]


def _is_of_one(cell: Cell, around: str) -> bool:
    """Whether a rate of several devices is that of one request, which all of them read for."""
    return cell.number > 1 and (ONE.search(around) or _ALONE.search(around)) is not None


def _of_lines(run: Run, context: Context) -> Iterator[Finding]:
    """Lines of a device and its rate, below what was run: "RTX 4070 Laptop: 38"."""
    above = " ".join((run.leading, *run.section[-1:]))
    found = models(above)
    said = formats(above)
    if (
        len({each.parameters for each in found}) != 1
        or len(said) > 1
        or len(run.heads) != 1
        or EXPERTS.search(above)
        or TRAINS.search(_OFFLOADED.sub("", above))
        or _MANY.search(ONE.sub("", above))
    ):
        return
    read = _read(found[0], said[0] if said else None, above)
    for line in run.lines:
        passage, _start, end = line.cells[0]
        ids = {key for each in mentions(line.name, context.catalogue) for key in each.ids}
        if not line.number and (_GENERATES.search(above) or _TOKENS.search(passage.text[:end])):
            yield from _judged(passage, (sorted(ids), 1.0), read, _of_one(above), context)


class _Read(NamedTuple):
    """What each token reads: bytes of weights, and whose these are in which format."""

    weights: float
    words: str


#: A size that is told of what is read: "a file of 4.9 GB", "Q4_K_M (4.9 GB)".
_FILE = re.compile(
    r"(?:\b(?:file|weights|gguf|checkpoint|model)\b[^.;:,()]{0,20}?|\()(?:about |roughly |around |some |~ ?)?"
    r"(?P<n>\d{1,3}(?:[.,]\d{1,2})?)\s?(?:Gi?B|gigs?)\b|"
    r"\b(?P<before>\d{1,3}(?:[.,]\d{1,2})?)\s?(?:Gi?B|gigs?) (?:file|of weights|gguf|checkpoint)",
    re.IGNORECASE,
)
#: "RTX 4090 (24 GB)", "M2 Ultra (192GB)": what the device has.
_OF_DEVICE = re.compile(
    r"(?<=[\w-])(?:(?<=Ultra)|(?<=Max)|(?<=Pro)|(?<=Ti)|(?<=Super)|(?<=XT)|(?<=XTX)|"
    r"(?<=[\dA-Z]\d{2}[\dA-Z]))\s?\(\d{1,3}\s?GB[^()]{0,20}\)",
    re.IGNORECASE,
)
#: What an embedding that is not read leaves of a file; bytes of a parameter at most, and how far a file may
#: be from those of its format.
_UNREAD, _MOST_BYTES, _OF_FORMAT = 0.9, 2.2, 1.35


#: Bytes of a weight that is read, of formats that keep some layers in more bits: without an embedding.
_MIXED = {"q4_k_m": 0.555, "q5_k_m": 0.65}


def _read(model: Model, said: Format | None, above: str) -> _Read:
    """The least that a token of a model reads: what its file is told to have, else its format."""
    weights = model.parameters * (_MIXED.get(said.name.lower(), said.least) if said else LEAST)
    told = {
        (match["n"] or match["before"]).replace(",", ".")
        for match in _FILE.finditer(_OF_DEVICE.sub("", above))
    }
    size = float(told.pop()) * 1e9 if len(told) == 1 else 0.0
    most = weights * _OF_FORMAT if said else model.parameters * _MOST_BYTES
    if weights < size * _UNREAD < most:
        return _Read(size * _UNREAD, f"of {model.name.strip()} reads most of its {size / 1e9:.3g} GB")
    words = f"{weights / 1e9:,.3g} GB of weights in {said.name if said else 'any format'}"
    return _Read(weights, f"of {model.name.strip()} reads {words}")


#: Bytes a second that the memory of any host reads, which holds what its devices do not.
_HOST = 0.4e12


def _most(gpu: Gpu, number: float, weights: float) -> float:
    """Tokens a second at most of so many of a GPU; what they cannot hold, their host reads."""
    width = number * float(gpu.need("bandwidth"))
    room = number * float(gpu.value("memory") or weights)
    held = min(weights, room)
    return 1.0 / (held / width + (weights - held) / min(_HOST, width))


def _judged(
    passage: Passage, whose: tuple[Sequence[str], float], read: _Read, limit: float, context: Context
) -> Iterator[Finding]:
    ids, number = whose
    told = [
        each
        for each in quantities(passage.text, context.fraction)
        if each.dimension in ("number", "rate")
        and each.value > 1
        and not any(m.start <= each.start < m.end for m in mentions(passage.text, context.catalogue))
    ]
    gpus = [gpu for key in ids if (gpu := context.catalogue[key]).value("bandwidth")]
    if len(told) != 1 or not gpus or not read.weights:
        return
    best = max(gpus, key=lambda gpu: _most(gpu, number, read.weights))
    most = _most(best, number, read.weights)
    times = f"{number:g} x " if number != 1 else ""
    room = number * float(best.value("memory") or 0.0)
    short = f", of which {times}{best.id} holds {room / 1e9:.3g} GB" if 0 < room < read.weights else ""
    because = (
        f"a token {read.words}{short}; at {times}{best.display('bandwidth')} of {best.id} that is at most "
        f"{most:,.0f} a second"
    )
    above = told[0].value > most * SLACK
    if told[0].value > most * limit:
        # Nobody takes that for one request: it is of many, or of training.
        return
    yield made(context, passage, (told[0].start, told[0].end), "benchmark",
               "contradicted" if above else "unverifiable", subject=best.id, attribute="throughput",
               because=because, expected=f"at most {most:,.0f}" if above else "",
               evidence=(Evidence(because), source_of(best, "bandwidth")))  # fmt: skip
