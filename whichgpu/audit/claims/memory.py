"""Memory requirements: "13B needs 80 GB", held against the weights and against what fits."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.document import RUNNING
from whichgpu.audit.needed.multiplied import NEEDS, by_bits, of_adapters, of_bytes, of_training
from whichgpu.audit.needed.tables import MORE, format_columns, required_columns, weights_tables
from whichgpu.audit.needed.trained import adapted_columns, trained_columns, trained_rows
from whichgpu.audit.needed.verdict import REACH, judged_need, of_model, only_size
from whichgpu.audit.text.models import OF_ANOTHER, TRAINS, Format, formats, formats_at, models
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.models import Model


_VRAM = re.compile(
    r"\b(?:vram|gpu memory|memory|of memory|weights|to (?:run|load|hold|store))\b", re.IGNORECASE
)

#: A format and what is taken in it: "at FP8 (203 GB)".
_IN_BRACKETS = re.compile(
    r"\b(?:at|in|with|as|,)\s+(?P<said>[\w. -]{2,18}?)\s*\(\s*(?:~|about |roughly |"
    r"around )?(?P<size>\d{1,4}(?:\.\d)?)\s?GB\b"
    r"(?!\s+(?:card|gpu|vram))",
    re.IGNORECASE,
)

_NEAR = 12

_DEVICE_WORDS = re.compile(r"\b(?:on|fits?|gpus?|cards?|with|not|than|one|two|single)\b", re.IGNORECASE)

#: Clauses of a sentence; what is said to be taken, what is room for it, and what is no weights.
_CLAUSES = re.compile(
    r"[,;:]\s+(?!about\b|roughly\b|around\b|or\b|i\.e)|"
    r"\s(?:but|while|whereas|(?<!hundred )and)\s(?=[^.]{0,60}\d)"
)

_STATES = re.compile(
    r"\b(?:is|are|needs?|requires?|takes?|weighs?|uses?|used|consum\w+|occup\w+|lands?|comes?|"
    r"fits? in|to|just|(?:that|it)[\u2019']s|or|"
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
    r"together|both|side by side|"
    r"reduc\w+|cut\w*|compared|previously|file|disk|download|packages?|snapshots?|text encoder|vae)\b|"
    r"\d+x\d+b|n[\u2019']t\b",
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


def find(context: Context) -> Iterator[Finding]:
    """Every stated requirement with its verdict."""
    for table in context.document.tables:
        yield from required_columns(table, context)
        yield from format_columns(table, context)
        yield from trained_columns(table, context)
        yield from trained_rows(table, context)
        yield from adapted_columns(table, context)
        yield from weights_tables(table, context)
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


def _of_sentence(passage: Passage, place: tuple[int, int], context: Context) -> Iterator[Finding]:
    text = passage.text[place[0] : place[1]]
    yield from by_bits(passage, place, context)
    yield from of_bytes(passage, place, context)
    yield from of_training(passage, place, context)
    yield from of_adapters(passage, place, context)
    if TRAINS.search(text) or MORE.search(text) or any(TRAINS.search(head) for head in passage.section):
        return
    yield from _beside(passage, place, context)
    if not NEEDS.search(text):
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
    quantity = only_size(passage, place, context) if one and len(said) < 2 else None
    if quantity is None or not (said or _VRAM.search(text)):
        return
    first = found[-1]
    if quantity.start < place[0] + first.end or not NEEDS.search(text[first.end : quantity.start - place[0]]):
        return
    inside = any(each.start <= quantity.start < each.end for each in _devices(passage, context))
    if not inside:
        yield judged_need(passage, quantity, of_model(first, said[0] if said else None), first.name, context)


def _clause_by_clause(
    passage: Passage, place: tuple[int, int], last: Sequence[Model], context: Context
) -> Iterator[Finding]:
    """What a model takes in the format of the same clause; the model may be that of a sentence before."""
    text = passage.text
    ends = [match.end() for match in _CLAUSES.finditer(text, *place)]
    devices = list(_devices(passage, context))
    for start, end in pairwise([place[0], *ends, place[1]]):
        sizes = [
            each for each in within(quantities(text, context.fraction), start, end)
            if each.dimension == "memory" and each.high == each.value
            and not any(one.start <= each.start < one.end for one in devices)
        ]  # fmt: skip
        said = {each.usual: each for _, each in formats_at(text[start:end])} if len(sizes) == 1 else {}
        if len(said) != 1:
            # All of a sentence before it is looked through for models only where it tells one size.
            continue
        here = models(text[place[0] : end])
        own = models(text[start:end])
        found = own or here[-1:] or last
        # "Room for 32k of context, which takes 4 GiB": of what the clause before told.
        clause = text[place[0] if _GOES_ON.match(text, start, end) else start : end]
        goes_on = _OF_LAST.search(text, start, end) and not OF_ANOTHER.search(text, place[0], end)
        if not own and not here and not goes_on:
            # "SDXL in FP16 wants about 10 GB" is of no model of the sentence before.
            continue
        counts = [each.parameters for each in found]
        # "FLUX.1 [dev] has 12 billion parameters" names one model twice.
        if not counts or max(counts) > _ALIKE * min(counts):
            continue
        if (
            sizes[0].value < _LEAST_BYTES * max(counts)
            or _BESIDE_WEIGHTS.search(_CUT_TO.sub(" to ", clause))
            or (TRAINS.search(clause) and not _HELD_FROZEN.search(clause))
        ):
            continue
        before = text[start : sizes[0].start]
        of_weights = _OF_WEIGHTS.search(before)
        if (_ROOM.search(before) and not of_weights) or _OF_ROOM.match(text, sizes[0].end):
            continue
        if not _STATES.search(before) and not of_weights:
            continue
        if own and not _WORD.search(before):
            # "~8 GB: Llama 3.2 3B in BF16" is of the machines for which the model is named.
            continue
        found_of = of_model(found[-1], next(iter(said.values())))
        judged = judged_need(passage, sizes[0], found_of, found[-1].name, context)
        if judged.accuses:
            yield judged


_WORD = re.compile(r"[^\W_]")
#: "Has weights of about 26 GB".
_OF_WEIGHTS = re.compile(r"\bweights of (?:about |around |roughly |some |only |just |~)*$", re.IGNORECASE)
#: A clause that goes on about the model of the sentence before.
_OF_LAST = re.compile(
    r"^\W*(?:(?:and|but|so|or)\s+)?(?:in|at|with|as)\s|"
    r"\b(?:it|its|that|this|they|them|weights|model|parameters)\b",
    re.IGNORECASE,
)
#: What is told twice of one model differs by rounding; bytes of a parameter that are no weights' any more.
_ALIKE, _LEAST_BYTES = 1.1, 0.1
_GOES_ON = re.compile(r"\s*(?:which|that)\b", re.IGNORECASE)


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
    if len(every) == len(found) and all(
        _FOR.fullmatch(passage.text, size.end, place[0] + model.start)
        for size, model in zip(every, found, strict=True)
    ):
        # "14 GB for 7B, 26 GB for 13B": each before its model.
        for size, model in zip(every, found, strict=True):
            if said and size.high == size.value:
                yield judged_need(passage, size, of_model(model, said), model.name, context)
        return
    for model, end in zip(found, ends, strict=True):
        mine = within(every, place[0] + model.end, end)
        own = formats(passage.text[place[0] + model.start : end])
        form = own[0] if len(own) == 1 else said
        if len(mine) == 1 and mine[0].high == mine[0].value and len(every) == len(found):
            gap = passage.text[place[0] + model.end : mine[0].start]
            if form and len(gap) < REACH and not _DEVICE_WORDS.search(gap):
                yield judged_need(passage, mine[0], of_model(model, form), model.name, context)


#: Between an amount and the model behind it that takes it.
_FOR = re.compile(r"\s+for\s+(?:an?\s+|the\s+|your\s+)?", re.IGNORECASE)


def _beside(passage: Passage, place: tuple[int, int], context: Context) -> Iterator[Finding]:
    """What a model takes, in brackets behind it and its format: "a 405B model at FP8 (203 GB)"."""
    text = passage.text
    for match in _IN_BRACKETS.finditer(text, *place):
        before = [each for each in models(text[place[0] : match.start()])]
        said = formats(match["said"])
        quantity = only_size(passage, (match.start("size") - 1, match.end()), context)
        model = before[-1] if before else None
        near = model is not None and match.start() - (place[0] + model.end) < _NEAR
        if model and near and len(said) == 1 and quantity:
            yield judged_need(passage, quantity, of_model(model, said[0]), model.name, context)


def _devices(passage: Passage, context: Context) -> Iterator[Mention]:
    yield from context.mentions.get(context.place(passage), ())
