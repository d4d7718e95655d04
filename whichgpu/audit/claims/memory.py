"""Memory requirements: "13B needs 80 GB", held against the weights and against what fits."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.held import trained
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.models import AROUND, TRAINS, Format, formats, formats_at, models
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.subjects import mentions
from whichgpu.errors import WhichGpuError
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.models import Model
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.subjects import Mention

_NEEDS = re.compile(
    r"\b(?:requir\w+|needs?|necessitat\w+|demands?|takes?|uses?|consumes?|occup\w+|weighs?|minimum|at least|"
    r"(?:is|are)(?: roughly| about| around| approximately)?(?= ~?\d))\b",
    re.IGNORECASE,
)
_VRAM = re.compile(
    r"\b(?:vram|gpu memory|memory|of memory|weights|to (?:run|load|hold|store))\b", re.IGNORECASE
)
#: Training of every parameter, and what trains few of them.
_FULL = re.compile(
    r"\b(?:full(?:y|-parameter)?[ -](?:parameter )?(?:fine[ -]?tun\w*|ft\b)|(?:fine[ -]?tun\w*|trained?|"
    r"training) in full|from scratch)\b",
    re.IGNORECASE,
)
_ADAPTERS = re.compile(
    r"\b(?:q?lora|adapters?|peft|offload\w*|per gpu|each|galore|8-bit|4-bit|int8|nf4|zero|fsdp|shard\w*|"
    r"checkpoint\w*)\b",
    re.IGNORECASE,
)
#: A format and what is taken in it: "at FP8 (203 GB)".
_IN_BRACKETS = re.compile(
    r"\b(?:at|in|with|as|,)\s+(?P<said>[\w. -]{2,18}?)\s*\(\s*(?:~|about |roughly |"
    r"around )?(?P<size>\d{1,4}(?:\.\d)?)\s?GB\b"
    r"(?!\s+(?:card|gpu|vram))",
    re.IGNORECASE,
)
_NEAR = 12
#: "16 bytes per parameter", and what goes on with what that makes.
_BYTES = re.compile(
    r"\b(?P<n>\d{1,2}(?:\.\d)?)\s?(?:bytes?|B)\s*(?:per|/|an?|each|for each|for every)\s*(?:parameter|param|"
    r"weight)s?\b",
    re.I,
)
_SO = re.compile(
    r"[\s,;:(]*(?:(?:i\.e\.|that is|that makes|which is|which makes|or|so|=|for|about|roughly|around|some|"
    r"a total of|(?:that|this) (?:is|means|makes)|(?:an?\s+)?\d[\d.]*B\s+model(?:\s+(?:this|"
    r"that))?(?:\s+(?:is|means|makes))?|"
    r"totall?ing|giving|makes?|in total|\w+ needs?|(?:an?\s+)?\d[\d.]*B\s+(?:model\s+)?(?:needs?|takes?|"
    r"requires?))[\s,]*){0,4}~?",
    re.IGNORECASE,
)
#: "For 3B parameters that's 48 GB", of the bytes that were told before.
_FOR_SIZE = re.compile(
    r"\s*(?:So |Thus )?(?:for|with) (?:an? |our |the )?(?P<n>\d{1,3}(?:\.\d{1,2})?)\s?(?:B|billion)"
    r"[- ](?:parameters?|params?|weights|models?)[\w -]{0,12}?,? "
    r"(?:that[\u2019']?s?(?: is| makes| means)?|it[\u2019']?s|this is)\s+"
    r"(?:about |around |roughly |~)?(?P<size>\d{1,4}(?:\.\d)?)\s?GB\b",
    re.IGNORECASE,
)
#: "7B needs 14 GB", one model after another.
_TAKES = re.compile(
    r"\b(?P<n>\d{1,3}(?:\.\d)?)B(?: model)?\s+(?:needs?|takes?|requires?|is|uses?|=)\s+(?:about |around |"
    r"roughly |~)?"
    r"(?P<size>\d{1,4}(?:\.\d)?)\s?GB\b(?!\s+(?:card|gpu))",
    re.IGNORECASE,
)
_ROUNDED, _MISSED, _BACK = 0.08, 0.15, 200
#: Headings of the weights by themselves.
_FROZEN = re.compile(r"\b(?:base|weights?|frozen)\b(?!\s*(?:precision|model|type))", re.IGNORECASE)
_WEIGHTS = re.compile(
    r"\b(?:weights?|model size|file size|size|footprint|vram|gpu memory|gewichte|gr\u00f6\u00dfe|poids|pesos|"
    r"taille|tama\u00f1o)\b(?!\s*(?:precision|type|format))",
    re.IGNORECASE,
)
#: Words of what comes on top of the weights.
_MORE = re.compile(r"\b(?:context|kv|cache|batch|users?|concurren\w+|activations?)\b", re.IGNORECASE)
_HEAD = re.compile(r"\b(?:vram|memory)\b.*\b(?:required|needed|requirements?|minimum)\b|"
                   r"\b(?:required|minimum|total)\b.*\b(?:vram|memory)\b", re.IGNORECASE)  # fmt: skip
#: Bytes of a weight: of the common format, and of the smallest in use (2.5 bits with its scales).
_COMMON, _LEAST = Format(2.0, 2.0, "16 bit"), 0.34
#: The weights by themselves, and how far from them a figure is wrong then.
_ALONE = re.compile(
    r"\b(?:weights alone|for (?:just |only )?(?:the|its) weights\b(?! and| plus)|(?:the|its) "
    r"(?:[bf]?p?f?\d{1,2} |\d{1,2}-bit )?weights (?:alone )?(?:are|occupy|take|need|come to|weigh)|weighs|"
    r"(?:just|only) (?:for )?(?:the|its) weights|alone for (?:the|its) weights)\b",
    re.IGNORECASE,
)
_REACH, _UNLIKE = 40, 0.3
#: So many times the need is no requirement but the size of a card.
_TOO_MUCH = 2.0
#: What a model takes beside its weights to run at all, as a share of them.
_BESIDE = 1.15
_MOST_ROWS = 60


_DEVICE_WORDS = re.compile(r"\b(?:on|fits?|gpus?|cards?|with|not|than|one|two|single)\b", re.IGNORECASE)


#: Clauses of a sentence; what is said to be taken, what is room for it, and what is no weights.
_CLAUSES = re.compile(
    r"[,;:]\s+(?!about\b|roughly\b|around\b|or\b|i\.e)|\s(?:but|while|whereas|and)\s(?=[^.]{0,60}\d)"
)
_STATES = re.compile(
    r"\b(?:is|are|needs?|requires?|takes?|weighs?|uses?|used|consum\w+|occup\w+|lands?|comes?|"
    r"fits? in|to|just|"
    r"only|about|around|roughly|at|shrinks?|drops?|down)\b[^.]{0,30}$|[:,(=\u2248~]\s*(?:about |"
    r"around |roughly )?~?$",
    re.IGNORECASE,
)
_ROOM = re.compile(
    r"\b(?:on|into|within|with|has|have|having|of|per|from|than|leaves?|leaving|left|under|up to|"
    r"adds?|another|extra|"
    r"plus|saves?|smaller|larger|an?)\s+(?:an?\s+|the\s+|its\s+|just\s+|only\s+|about\s+|~|"
    r"a single\s+|one\s+){0,2}~?$|"
    r"\b(?:rtx|gtx|card|gpu|mac\w*|laptop)\b",
    re.IGNORECASE,
)
_OF_ROOM = re.compile(
    r"\s*(?:-?(?:card|gpu|machine|setup|laptop|mac|class|tier|limit|rtx|a100|h100|vram (?:card|"
    r"gpu|setup))|per\b|/|"
    r"(?:of )?(?:system |host )?ram\b|free|left|more|less|smaller|larger|extra|each|is (?:enough|"
    r"plenty)|suffices?)",
    re.IGNORECASE,
)
_BESIDE_WEIGHTS = re.compile(
    r"\b(?:context|kv|cache|batch|users?|concurren\w+|activations?|offload\w*|gradients?|"
    r"optimi[sz]er|adam\w*|tokens?|"
    r"experts?|active|moe|layers?|embedding\w*|draft|per gpu|each|split|shard\w*|adapter|not|"
    r"never|if|savings?|"
    r"reduc\w+|cut\w*|compared|previously|file|disk|download|text encoder|vae)\b|\d+x\d+b|n[\u2019']t\b",
    re.IGNORECASE,
)
#: What is cut to an amount is not cut by it.
_CUT_TO = re.compile(
    r"\b(?:cuts?|reduc\w+)\s+(?:it|this|that|them)\s+(?:further\s+|down\s+)*to\b", re.IGNORECASE
)
#: "It halves the weights compared to 16 bits": a format that is only compared with.
_COMPARED = re.compile(
    r"\b(?:compared (?:to|with)|than|instead of|rather than|versus|vs\.?|over)\s+"
    r"(?:at |in |with )?[\w-]+(?: bits?)?",
    re.I,
)
_HELD_FROZEN = re.compile(r"\b(?:frozen|base|q-?lora)\b", re.IGNORECASE)
_ANOTHER, _SAME = 1.6, 0.04


class _Need(NamedTuple):
    """What a model takes: bytes in all, of its weights, the least of those, and how that is known."""

    needed: float
    weights: float
    least: float
    words: str
    #: Whether the format is said, so that the least is the weights' own.
    sure: bool = False
    parameters: float = 0.0


def find(context: Context) -> Iterator[Finding]:
    """Every stated requirement with its verdict."""
    for table in context.document.tables:
        yield from _of_table(table, context)
        yield from _of_formats(table, context)
        yield from _of_weights(table, context)
    last: Sequence[Model] = ()
    for passage in context.document.passages:
        # Amounts of memory are in bytes.
        if passage.kind in ("heading", "title"):
            last = ()
        if passage.kind in RUNNING and re.search(r"\d\s?[GTM]i?B", passage.text):
            for sentence in sentences(passage.text):
                place = (sentence.start, sentence.end)
                found = list(_of_sentence(passage, place, context))
                yield from found
                if not any(each.accuses for each in found):
                    yield from _clause_by_clause(passage, place, last, context)
                last = models(sentence.text) or last
        elif passage.kind in (*RUNNING, "heading"):
            last = models(passage.text)[-1:] or last


def _heads(table: Table) -> list[str]:
    return [cell.text if cell else "" for cell in table.rows[0][:32]]


def _of_table(table: Table, context: Context) -> Iterator[Finding]:
    """A column of required memory beside models."""
    heads = _heads(table)
    wanted = [i for i, head in enumerate(heads) if i and _HEAD.search(head)]
    if not wanted or any(TRAINS.search(head) or _MORE.search(head) for head in heads):
        return
    said = formats(" ".join(heads))
    for row in range(1, min(len(table.rows), _MOST_ROWS)):
        first, cell = table.cell(row, 0), table.cell(row, wanted[-1])
        if any(each is not None and TRAINS.search(each.text) for each in table.rows[row]):
            continue
        need = _need(first.text, said[0] if len(said) == 1 else None) if first else None
        quantity = _memory(cell, (0, len(cell.text)), context) if cell else None
        if need and quantity and cell and first:
            yield _judged(cell, quantity, need, first.text, context)


def _of_formats(table: Table, context: Context) -> Iterator[Finding]:
    """Columns of formats beside models: what each takes in FP16, in INT8, in 4 bits."""
    heads = _heads(table)
    columns = {i: found[0] for i, head in enumerate(heads) if i and len(found := formats(head)) == 1}
    if any(TRAINS.search(text) for text in (*heads, table.caption, *table.section)):
        # What is frozen is as large as ever: "NF4 base".
        columns = {i: said for i, said in columns.items() if _FROZEN.search(heads[i])}
    elif len(columns) < 2:
        columns = {}
    for row in range(1, min(len(table.rows), _MOST_ROWS)):
        first = table.cell(row, 0)
        for column, said in columns.items():
            cell = table.cell(row, column)
            quantity = _memory(cell, (0, len(cell.text)), context) if cell else None
            named = models(first.text) if first and quantity else ()
            if len(named) == 1 and cell and quantity:
                yield _judged(cell, quantity, _of_model(named[0], said), named[0].name, context)


def _of_weights(table: Table, context: Context) -> Iterator[Finding]:
    """A column of weights with the format beside them: "Llama 3 70B | INT4 | 35 GB", "Q4_K_M | 42 GB"."""
    heads = _heads(table)
    wanted = [i for i, head in enumerate(heads) if i and _WEIGHTS.search(head) and not formats(head)]
    above = " ".join((*table.section[-1:], table.caption))
    if len(wanted) != 1 or any(TRAINS.search(text) for text in (*heads, above)):
        return
    # The model may stand in a heading further above.
    whole = next((one for head in (above, *reversed(table.section[:-1])) if (one := models(head))), ())
    for row in range(1, min(len(table.rows), _MOST_ROWS)):
        cell = table.cell(row, wanted[0])
        quantity = _memory(cell, (0, len(cell.text)), context) if cell else None
        beside = [each.text for each in table.rows[row] if each is not None and each is not cell]
        own = [model for text in beside[:2] for model in models(text)] or list(whole)
        said = list(dict.fromkeys(form for text in beside for form in formats(text)))
        # Beside a card the memory is the card's.
        if any(True for text in beside for _ in mentions(text, context.catalogue)):
            continue
        if cell and quantity and len({each.parameters for each in own}) == 1 and len(said) == 1:
            yield _judged(cell, quantity, _of_model(own[0], said[0]), own[0].name, context)


def _memory(passage: Passage, place: tuple[int, int], context: Context) -> Quantity | None:
    found = [
        each
        for each in within(quantities(passage.text, context.fraction), *place)
        if each.dimension == "memory"
    ]
    return found[0] if len(found) == 1 else None


def _by_bits(passage: Passage, place: tuple[int, int], context: Context) -> Iterator[Finding]:
    """What one model takes at several widths: "16 GB at 16 bits, 8 GB at 8 bits, and 4 GB at 4"."""
    found = models(passage.text[slice(*place)])
    told = list(_AT_BITS.finditer(passage.text, *place))
    if len({each.parameters for each in found}) != 1 or len(told) < 2 or not told[0]["word"]:
        return
    for match in told:
        real = found[0].parameters * float(match["bits"]) / 8
        size = float(match["size"]) * 1e9
        # Files of so many bits have scales beside the weights.
        wrong = not (1 - _UNLIKE) * real < size < (1 + _UNLIKE) * real + _SCALES
        because = (
            f"{found[0].parameters / 1e9:.4g} billion weights of {match['bits']} bits are {real / 1e9:.3g} GB"
        )
        yield made(
            context, passage, match.span("size"), "memory", "contradicted" if wrong else "confirmed",
            subject=found[0].name.strip(), attribute="weights", because=because,
            expected=f"{real / 1e9:.3g}" if wrong else "", evidence=(Evidence(because),),
        )  # fmt: skip


#: A size and the width of its weights; what scales add to small models.
_AT_BITS = re.compile(
    r"(?<![\d.,])(?P<size>\d{1,4}(?:\.\d{1,2})?) ?GB (?:at|in|with) (?P<bits>16|8|6|5|4|3|2)"
    r"(?P<word>[ -]?bits?)?(?=\s*(?:[,;.)]|and\b|$))",
    re.IGNORECASE,
)
_SCALES = 0.5e9


def _of_sentence(passage: Passage, place: tuple[int, int], context: Context) -> Iterator[Finding]:
    text = passage.text[place[0] : place[1]]
    yield from _by_bits(passage, place, context)
    yield from _of_bytes(passage, place, context)
    yield from _of_training(passage, place, context)
    if TRAINS.search(text) or _MORE.search(text) or any(TRAINS.search(head) for head in passage.section):
        return
    yield from _beside(passage, place, context)
    if not _NEEDS.search(text):
        return
    found, said = models(text), formats(_COMPARED.sub(" ", text))
    if len(found) > 1 and said:
        yield from _one_after_another(passage, place, (found, said[0] if len(said) == 1 else None), context)
        return
    one = len(found) == 1 or (
        found
        and max(found[-1].parameters, found[0].parameters)
        < 1.06 * min(found[-1].parameters, found[0].parameters)
        and len(found) == 2
    )
    quantity = _memory(passage, place, context) if one and len(said) < 2 else None
    if quantity is None or not (said or _VRAM.search(text)):
        return
    first = found[-1]
    if quantity.start < place[0] + first.end or not _NEEDS.search(
        text[first.end : quantity.start - place[0]]
    ):
        return
    inside = any(each.start <= quantity.start < each.end for each in _devices(passage, context))
    if not inside:
        yield _judged(passage, quantity, _of_model(first, said[0] if said else None), first.name, context)


def _clause_by_clause(
    passage: Passage, place: tuple[int, int], last: Sequence[Model], context: Context
) -> Iterator[Finding]:
    """What a model takes in the format of the same clause; the model may be that of a sentence before."""
    text = passage.text
    ends = [match.end() for match in _CLAUSES.finditer(text, *place)]
    devices = list(_devices(passage, context))
    for start, end in pairwise([place[0], *ends, place[1]]):
        here = models(text[place[0] : end])
        own = models(text[start:end])
        found = own or here[-1:] or last
        said = {each.usual: each for _, each in formats_at(text[start:end])}
        sizes = [
            each for each in within(quantities(text, context.fraction), start, end)
            if each.dimension == "memory" and each.high == each.value
            and not any(one.start <= each.start < one.end for one in devices)
        ]  # fmt: skip
        clause = text[start:end]
        if len({each.parameters for each in found}) != 1 or len(said) != 1 or len(sizes) != 1:
            continue
        if _BESIDE_WEIGHTS.search(_CUT_TO.sub(" to ", clause)) or (
            TRAINS.search(clause) and not _HELD_FROZEN.search(clause)
        ):
            continue
        before = text[start : sizes[0].start]
        if _ROOM.search(before) or _OF_ROOM.match(text, sizes[0].end) or not _STATES.search(before):
            continue
        found_of = _of_model(found[-1], next(iter(said.values())))
        judged = _judged(passage, sizes[0], found_of, found[-1].name, context)
        if judged.accuses:
            yield judged


def _one_after_another(
    passage: Passage, place: tuple[int, int], what: tuple[Sequence[Model], Format | None], context: Context
) -> Iterator[Finding]:
    """Models with what each takes behind it: "8B in BF16 takes 16 GB, 70B about 140 GB"."""
    found, said = what
    every = [
        each
        for each in within(quantities(passage.text, context.fraction), *place)
        if each.dimension == "memory"
    ]
    ends = [place[0] + each.start for each in found[1:]] + [place[1]]
    for model, end in zip(found, ends, strict=True):
        mine = within(every, place[0] + model.end, end)
        own = formats(passage.text[place[0] + model.start : end])
        form = own[0] if len(own) == 1 else said
        if len(mine) == 1 and mine[0].high == mine[0].value and len(every) == len(found):
            gap = passage.text[place[0] + model.end : mine[0].start]
            if form and len(gap) < _REACH and not _DEVICE_WORDS.search(gap):
                yield _judged(passage, mine[0], _of_model(model, form), model.name, context)


def _of_training(passage: Passage, place: tuple[int, int], context: Context) -> Iterator[Finding]:
    """What fine-tuning in full is said to need: less than its weights, gradients and states is wrong."""
    text = passage.text[place[0] : place[1]]
    found = models(text) if not _ADAPTERS.search(text) else ()
    full = _FULL.search(text) if len(found) == 1 else None
    start = place[0] + max(full.end(), found[0].end) if full else place[1]
    quantity = next(
        (each for each in within(quantities(passage.text, context.fraction), start, place[1])
         if each.dimension == "memory"), None,
    )  # fmt: skip
    if quantity is None or not _NEEDS.search(passage.text, place[0], quantity.start):
        return
    way = trained(text)
    least = way.least * found[0].parameters
    wrong = quantity.high < 0.95 * least
    because = f"{found[0].parameters / 1e9:.4g} billion parameters {way.words} take {least / 1e9:,.3g} GB"
    verdict = "contradicted" if wrong else "unverifiable"
    yield made(
        context, passage, (quantity.start, quantity.end), "memory", verdict, subject=found[0].name,
        attribute="required memory", because=because,
        expected=f"at least {least / 1e9:,.3g} GB" if wrong else "", evidence=(Evidence(because),),
    )  # fmt: skip


def _of_bytes(passage: Passage, place: tuple[int, int], context: Context) -> Iterator[Finding]:
    """What so many bytes a parameter come to: "16 bytes per parameter, i.e. 112 GB" of a 7B model."""
    text = passage.text
    match = _BYTES.search(text, *place)
    sized = None if match else _FOR_SIZE.match(text, *place)
    told = _BYTES.search(text, max(0, place[0] - _BACK), place[0]) if sized else None
    size = _memory(passage, (sized.start("size") - 1, sized.end()), context) if sized and told else None
    if sized and told and size:
        yield _times(passage, size, float(told["n"]), float(sized["n"]) * 1e9, context)
        for one in _TAKES.finditer(text, sized.end(), place[1]):
            also = _memory(passage, (one.start("size") - 1, one.end()), context)
            if also:
                yield _times(passage, also, float(told["n"]), float(one["n"]) * 1e9, context)
    found = (models(text[place[0] : place[1]]) or models(text[: place[0]])[-1:]) if match else ()
    if match is None or not found:
        return
    if len({each.parameters for each in found}) > 1:
        for one in _TAKES.finditer(text, match.end(), place[1]):
            size = _memory(passage, (one.start("size") - 1, one.end()), context)
            if size:
                yield _times(passage, size, float(match["n"]), float(one["n"]) * 1e9, context)
        return
    result = next(
        (each for each in within(quantities(text, context.fraction), match.end(), place[1])
         if each.dimension == "memory"), None,
    )  # fmt: skip
    if result is None or result.high != result.value or not _SO.fullmatch(text, match.end(), result.start):
        return
    yield _times(passage, result, float(match["n"]), found[0].parameters, context)


def _times(passage: Passage, result: Quantity, each: float, parameters: float, context: Context) -> Finding:
    """The verdict on a size that so many bytes for each of some parameters make."""
    real = each * parameters
    off = abs(result.value / real - 1)
    because = f"{each:g} B for each of {parameters / 1e9:.4g} billion parameters are {real / 1e9:,.3g} GB"
    verdict = "confirmed" if off <= _ROUNDED else "inconsistent" if off > _MISSED else "unverifiable"
    return made(
        context, passage, (result.start, result.end), "memory", verdict,
        subject=f"{parameters / 1e9:g}B", attribute="required memory", because=because,
        evidence=(Evidence(because),), expected="" if verdict == "confirmed" else f"{real / 1e9:,.3g} GB",
    )  # fmt: skip


def _beside(passage: Passage, place: tuple[int, int], context: Context) -> Iterator[Finding]:
    """What a model takes, in brackets behind it and its format: "a 405B model at FP8 (203 GB)"."""
    text = passage.text
    for match in _IN_BRACKETS.finditer(text, *place):
        before = [each for each in models(text[place[0] : match.start()])]
        said = formats(match["said"])
        quantity = _memory(passage, (match.start("size") - 1, match.end()), context)
        model = before[-1] if before else None
        near = model is not None and match.start() - (place[0] + model.end) < _NEAR
        if model and near and len(said) == 1 and quantity:
            yield _judged(passage, quantity, _of_model(model, said[0]), model.name, context)


def _devices(passage: Passage, context: Context) -> Iterator[Mention]:
    yield from context.mentions.get(context.place(passage), ())


def _need(name: str, said: Format | None) -> _Need | None:
    """What a model takes by its name, else by its size in the name."""
    found = models(name)
    exact = _fit(name) if said in (None, _COMMON) else None
    if exact:
        return exact
    return _of_model(found[0], said) if len(found) == 1 else None


def _of_model(model: Model, said: Format | None) -> _Need:
    """What a model takes in a format; in the common one where none is said, and in any as the least."""
    each = said or _COMMON
    weights = model.parameters * each.usual
    least = model.parameters * (each.least if said else _LEAST)
    billions = f"{model.parameters / 1e9:.4g} billion weights of {each.usual:.2g} B"
    words = f"{billions} are {weights / 1e9:,.3g} GB"
    return _Need(_BESIDE * weights, weights, least, words, said is not None, model.parameters)


def _format_of(told: float, need: _Need) -> str:
    """The wider format that the weights take so much in; empty where there is none."""
    for name, each in (("16 bit", 2.0), ("32 bit", 4.0)):
        size = each * need.parameters
        if size > need.weights * _ANOTHER and abs(told / size - 1) < _SAME:
            return name
    return ""


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
    parameters = sum(item.parameters().values())
    needed = float(answer.required)
    words = f"{item.id} in 16 bit takes {needed / 2**30:,.3g} GiB"
    return _Need(needed, parameters * 2.0, parameters * _LEAST, words) if needed else None


_MORE_THAN = re.compile(r"\b(?:more than|over|beyond)\s+$", re.IGNORECASE)
#: Behind a size that is of a part of a model.
_PART = re.compile(
    r"\s+(?:for|of|in)\s+(?:the\s+|its\s+)?(?:transformer|unet|vae|encoder|dit|backbone)\b", re.I
)


#: Before a size that is of the cache of each token.
_OF_TOKEN = re.compile(
    r"\b(?:numbers|values|elements|entries|bytes) (?:per|each|for each|for every|a) token\b[^.;]{0,40}$", re.I
)


def _judged(passage: Passage, quantity: Quantity, need: _Need, name: str, context: Context) -> Finding:
    """Too much to be a requirement, too little for any format that is said, or between."""
    told = quantity.value
    verdict, because = "unverifiable", need.words
    alone = need.sure and _ALONE.search(passage.text, max(0, quantity.start - _REACH), quantity.end + _REACH)
    if alone and abs(told / need.weights - 1) > _UNLIKE and not need.least <= told <= need.weights:
        verdict = "contradicted"
        because = f"{need.words}, and that alone is spoken of"
        return made(
            context, passage, (quantity.start, quantity.end), "memory", verdict, subject=name.strip(),
            attribute="required memory", because=because, evidence=(Evidence(because, "memory model"),),
            expected=f"{need.weights / 1e9:,.3g} GB",
        )  # fmt: skip
    other = need.sure and told >= _ANOTHER * need.needed and _format_of(told, need)
    if other and not TRAINS.search(passage.text):
        verdict, because = "contradicted", f"{need.words}; {told / 1e9:,.4g} GB is what they take in {other}"
    elif quantity.limit in ("over", "", "about") and told >= _TOO_MUCH * need.needed + AROUND:
        verdict = "contradicted"
        times = f"{told / need.weights:.2g} times that"
        because = f"{need.words}; {told / 1e9:,.4g} GB is {times}, and no requirement"
    elif _MORE_THAN.search(passage.text, 0, quantity.start) and told < need.needed:
        verdict = "confirmed"
    elif _OF_TOKEN.search(passage.text, max(0, quantity.start - 2 * _REACH), quantity.start):
        because = "it is what each token takes"
    elif told < 0.9 * need.least and not _PART.search(passage.text, quantity.end, quantity.end + _REACH):
        verdict, because = "contradicted", f"{need.words}; {told / 1e9:,.4g} GB cannot hold the weights"
    elif told >= (0.97 * need.least if need.sure else 0.8 * need.needed):
        verdict = "confirmed"
    return made(
        context, passage, (quantity.start, quantity.end), "memory", verdict, subject=name.strip(),
        attribute="required memory", because=because, evidence=(Evidence(because, "memory model"),),
        expected="" if verdict == "confirmed" else f"{need.needed / 1e9:,.3g} GB",
    )  # fmt: skip
