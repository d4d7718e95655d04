"""What the weights, gradients and optimizer states of a model take, its name and format told before.

"QLoRA keeps the base in 4 bits. The 70B shrinks to 17 GB": the model is the last that the text named, the
format the one beside the amount, else that of the sentence, else the last one. Wrong is an amount that is far
from so many bytes of each parameter, and that no other amount of the passage explains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.dimensions import dims
from whichgpu.audit.text.models import AROUND, OF_ANOTHER, formats, formats_at, models
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.text.terms import terms
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.dimensions import Term
    from whichgpu.audit.text.models import Format, Model
    from whichgpu.audit.text.sentences import Sentence

#: What says that an amount is what a model takes, right before it.
_TAKES = re.compile(
    r"\b(?:takes?|needs?|requires?|weighs?|occup(?:y|ies)|comes? to|works? out (?:to|at)|shrinks? to|"
    r"drops? to|goes (?:down )?to|goes from|down to|to|file of|one of|"
    r"weights? (?:of|are|alone are)|would be|makes?)\s+"
    r"(?:about |around |roughly |approximately |at least |only |just |some |a file of |up |you )*~?$|"
    r"\bweights?(?:(?!\b(?:in|on|into|onto|within|inside|beside|with|by|to|fits?|additional|extra|more|"
    r"free|spare)\b)"
    r"[^.;,\d()\u2019']){0,24}:?\s*(?:about |roughly )?$",
    re.IGNORECASE,
)
#: "140 GB in BF16, in INT4 70 GB".
_FORMAT_LEADS = re.compile(
    r"\d\s?GB[^.;]{0,16}(?:,|\band)\s+(?:and\s+|but\s+)?(?:in|at|with)\s+(?:(?:FP|BF|INT|NF|Q)\d{1,2}|"
    r"\d[ -]bits?)\s+"
    r"(?:it (?:is|takes|needs)\s+|only\s+|about\s+|just\s+|some\s+)*~?$",
    re.IGNORECASE,
)
#: The same behind it: "141 GB of weights".
_OF_WEIGHTS = re.compile(
    r"\s+(?:of|for|in)\s+(?:(?:the|its|raw|model|\w+[- ]precision)\s+)*weights\b", re.IGNORECASE
)
#: An amount in brackets right behind the model that it is of.
_MODEL = re.compile(
    r"(?:\s+(?:dense|int\d|fp\d+|bf16|\d-bit|model|weights|parameters|in|at|with)){1,4}\s*\((?:about |~)?$",
    re.I,
)
#: What a parameter takes, which is no amount of each of several.
_BYTES_EACH = re.compile(r"\b\d(?:\.\d+)? bytes? (?:each|per (?:parameter|weight|param))\b", re.IGNORECASE)
_IS = re.compile(r"\b(?:is|are)\s+(?:about |around |roughly |just |~)*$", re.IGNORECASE)
#: The format right behind it: "140 GB in FP16, 35 GB in INT4".
_IN_FORMAT = re.compile(
    r"\s+(?:in|at|with) (?=(?:fp|bf|int|nf)\d|\d-bit|q\d|half|full|single)", re.IGNORECASE
)
#: Before the format of the next amount: "66 GB and in FP8 33 GB".
_NEXT = re.compile(r",|\band\b")
#: What makes it the memory of a card, of something beside the weights, or of another state of the model.
_ELSE = re.compile(
    r"\b(?:context|kv|caches?|batch\w*|users?|activations?|overhead|download|offload\w*|per (?:gpu|card)|"
    r"each|every|tokens?|split|shard\w*|active|experts?|moe|mixtral|deepseek|disk|storage|checkpoints?|"
    r"saved?|"
    r"savings?|free|left|leaves?|leaving|remain\w*|adds?|extra|vae|u-?net|text encoder|adapters?|dataset|"
    r"out of|instead|if|not|never|ram)\b|\d+x\d+b|n[\u2019']t\b",
    re.IGNORECASE,
)
#: What is said to be no part of it.
_LEFT_OUT = re.compile(
    r"\b(?:before|without|excluding|not (?:counting|including)|plus|beside|on top of|leaving out)\s+"
    r"(?:(?:any|the|a|its|counting|adding|you add|kv|room for)[\s-]+){0,3}"
    r"(?:(?:caches?|contexts?|activations?|overheads?)(?: (?:or|and) (?:the |any )?)?)+",
    re.IGNORECASE,
)
_TRAINS = re.compile(
    r"\b(?:full(?:y)?[ -]fine|train\w*|optimi[sz]er|adam\w*|gradients?|moments?|states|master)\b",
    re.IGNORECASE,
)
_SHRINKS = re.compile(r"\b(?:shrinks?|drops?|down to|brings?|cuts?|reduc\w+)\b", re.IGNORECASE)
_ADAPTERS = re.compile(r"\bq-?lora\b", re.IGNORECASE)
#: A sentence, or a section, of what comes beside the weights.
_CACHES = re.compile(r"\b(?:kv|caches?|contexts?|tokens?)\b", re.IGNORECASE)
#: So long a context is no matter of the weights alone.
_AT_LENGTH = re.compile(r"\bat \d{1,4}k\b", re.IGNORECASE)
_CARD = re.compile(r"\s*(?:-?(?:card|gpu|of (?:vram|ram|memory|gpu))|vram|a100|h100|rtx|mac)", re.IGNORECASE)
_OF_CACHE = re.compile(
    r"\b(?:kv|caches?)\b(?:[^.;]|\.(?=\d))*\btokens?\b|\btokens?\b(?:[^.;]|\.(?=\d))*\b(?:kv|caches?)\b",
    re.IGNORECASE,
)
#: The parts of a training state, with the bytes of each parameter that they can be.
_PARTS = (
    (re.compile(r"\b(?:master (?:weights|copy|parameters)|fp32 (?:weights|copy))\b", re.I), (4.0,)),
    (re.compile(r"\b(?:adam\w*|optimi[sz]er|moments?)\b", re.I), (8.0, 12.0, 4.0, 2.0, 16.0)),
    (re.compile(r"\bgradients?\b", re.I), (2.0, 4.0)),
    (re.compile(r"\b(?:model )?(?:weights|parameters)\b", re.I), (2.0, 4.0)),
)
_BYTES = dims(byte=1)
#: An amount between these shares of what is known is right, or may have more in it.
_LEAST, _MOST, _PART = 0.80, 1.7, 0.12
_AFTER, _ITEM, _SEVERAL = 32, 90, 2


#: "For 400 GB of weights you need": of no model that was named.
_WHATEVER = re.compile(r"\s*(?:For|To hold|To load|Holding)\s+(?:about |some )?")


class _Held(NamedTuple):
    """The model and the format that the text spoke of last."""

    model: Model | None
    format: Format | None
    #: The one that the document speaks of, where it speaks of no other.
    only: Model | None


def find(context: Context) -> Iterator[Finding]:
    """Every such amount with its verdict."""
    named = {each.parameters: each for one in context.document.prose() for each in models(one.text)}
    none = _Held(None, None, next(iter(named.values())) if len(named) == 1 else None)
    held = none
    for index, passage in enumerate(context.document.passages):
        if passage.kind in ("heading", "title"):
            held = none
        if passage.kind not in RUNNING:
            continue
        names = tuple((each.start, each.end) for each in context.mentions.get(index, ()))
        every = terms(passage.text, context.fraction, names)
        for sentence in sentences(passage.text):
            yield from _of_sentence(passage, sentence, every, held, context)
            held = _heard(held, sentence)


def _heard(held: _Held, sentence: Sentence) -> _Held:
    """What is held after a sentence: nothing of a kind of which it named several."""
    named = models(sentence.text)
    said = [] if _OF_CACHE.search(sentence.text) else [each for _, each in formats_at(sentence.text)]
    model = held.model if not named else named[-1] if len({each.parameters for each in named}) == 1 else None
    form = held.format if not said else said[-1] if len({each.least for each in said}) == 1 else None
    return held._replace(model=model, format=form)


def _of_sentence(
    passage: Passage, sentence: Sentence, every: Sequence[Term], held: _Held, context: Context
) -> Iterator[Finding]:
    text = passage.text
    amounts = [each for each in within(every, sentence.start, sentence.end) if each.dims == _BYTES]
    named = within(models(text), sentence.start, sentence.end)
    for told in amounts:
        before = [each for each in named if each.end <= told.start]
        model = before[-1] if before else held.model if not named else None
        if not named and (
            _WHATEVER.fullmatch(text, sentence.start, told.start) or OF_ANOTHER.search(sentence.text)
        ):
            continue
        if model is None and not named and _IN_FORMAT.match(text, told.end):
            model = held.only
        if not named and _DO_NOT_FIT.search(text, sentence.start, told.start):
            # "The right pick when the weights do not fit into 80 GB": of whatever model.
            continue
        if model is None or _CARD.match(text, told.end) or told.each:
            continue
        if _is_of_device(told, sentence, context.mentions.get(context.place(passage), ()), context):
            continue
        part = _part(passage, sentence, told)
        if part:
            yield from _of_part(passage, told, model, part, context)
        elif len(passage.text) > _ITEM or passage.kind != "item":
            yield from _of_weights(passage, sentence, told, (model, held.format), context)


_DO_NOT_FIT = re.compile(
    r"\bfit\w*\b[^.;]*$|\b(?:nobody|no ?one|none|never|not|n[\u2019']t)\s(?:\w+\s){0,3}?"
    r"(?:needs?|requires?|takes?)\s(?:\w+\s){0,2}$",
    re.IGNORECASE,
)
_IS_SHARE = re.compile(
    r"\b(?:half|twice|double|a quarter|a third)\s+(?:of\s+)?(?:the\s+)?(?:memory|size|space|bytes|as "
    r"much)?[^.;]{0,12}"
    r"\b(?:of|as|what)\s+(?:fp|bf|int)\d",
    re.IGNORECASE,
)


def _is_of_device(told: Term, sentence: Sentence, named: Sequence[Mention], context: Context) -> bool:
    """Whether an amount is the memory of what its sentence names: "the MI355X goes to 288 GB", of so many."""
    sizes = (
        (nominal_gb(float(context.catalogue[key].value("memory") or 0)), many)
        for each in within(named, sentence.start, told.start)
        for many in (1.0, counted(sentence.text, 0, each.start - sentence.start))
        for key in each.ids
    )
    return any(size and many * size * 1e9 == told.value for size, many in sizes)


def _part(passage: Passage, sentence: Sentence, told: Term) -> tuple[float, ...]:
    """The bytes of each parameter of the part that an item is of: "- gradients: 14 GB"."""
    if passage.kind != "item" or len(passage.text) > _ITEM:
        return ()
    head = passage.text[sentence.start : told.start].partition(":")[0]
    return next((sizes for pattern, sizes in _PARTS if pattern.search(head)), ())


def _of_part(
    passage: Passage, told: Term, model: Model, sizes: tuple[float, ...], context: Context
) -> Iterator[Finding]:
    # "Even at 4 bits the weights are 35 GB": in the format that the item tells.
    told_in = [one for each in formats(passage.text) for one in (each.least, each.usual)]
    real = [size * model.parameters for size in (*sizes, *told_in)]
    right = any(abs(told.value / one - 1) <= _PART for one in real)
    # What the text says that each parameter takes of it is what it is.
    said = re.search(r"\b(\d{1,2})\s?bytes?\b|8-bit|paged|adafactor|sgd|lion", passage.text, re.IGNORECASE)
    if not right and said:
        return
    yield _finding(passage, told, model, real[0], right=right, context=context)


_NAMES = re.compile(r"\b(?:weights?|parameters?|models?|\d+(?:\.\d+)?B)\b", re.IGNORECASE)
_OF_TRAINING = re.compile(
    r"\b(?:adam\w*|optimi[sz]er\w*|gradients?|fine-?tun\w+|(?:1[0-9]|20) bytes)\b", re.IGNORECASE
)
#: "Two of either of our cards make 32 GB".
_CARDS_HAVE = re.compile(
    r"\b(?:cards?|gpus?|of (?:them|these|those|either|each)|pair)\b[^.;,]{0,40}"
    r"\b(?:makes?|ha(?:ve|s)|gives?|holds?|offers?)\s+"
    r"(?:\w+\s+){0,2}\d",
    re.IGNORECASE,
)


#: Behind an amount that is of anything but the weights.
_OF_THE_REST = re.compile(r"\s+for (?:everything else|all else|the rest|the others?)\b", re.IGNORECASE)


def _of_weights(
    passage: Passage, sentence: Sentence, told: Term, held: tuple[Model, Format | None], context: Context
) -> Iterator[Finding]:
    text, (model, last) = passage.text, held
    clause = text[max(sentence.start, told.start - 2 * _ITEM) : min(told.end + _AFTER, sentence.end)]
    led = _TAKES.search(text, max(sentence.start, told.start - 60), told.start)
    led = led or _FORMAT_LEADS.search(text, max(sentence.start, told.start - 40), told.start)
    led = led or (_BYTES_EACH.search(sentence.text) and _IS.search(text, sentence.start, told.start))
    beside = _MODEL.fullmatch(text, model.end, told.start) if model.end <= told.start else None
    if not (led or beside or _OF_WEIGHTS.match(text, told.end) or _IN_FORMAT.match(text, told.end)):
        return
    own = _LEFT_OUT.sub(" ", sentence.text)
    about = f"{own} {' '.join(passage.section[-1:])}" if not beside else ""
    clause = "" if beside else _BYTES_EACH.sub(" ", _LEFT_OUT.sub(" ", clause))
    named_here = _NAMES.search(sentence.text) or model.start >= sentence.start
    before = text[max(0, sentence.start - 2 * _ITEM) : told.start]
    if not named_here or _OF_TRAINING.search(before) or _OF_THE_REST.match(text, told.end):
        # A size that is not said to be the model's, or with what training adds to it.
        return
    if (
        # "QLoRA: .. A 7B model needs 13 GB": to be tuned that way.
        (_ADAPTERS.search(before) and not _ADAPTERS.search(own) and not _format(text, sentence, told))
        or _CARDS_HAVE.search(sentence.text)
        or _ELSE.search(clause)
        or _CACHES.search(about)
        or _AT_LENGTH.search(own)
        or _TRAINS.search(own)
        or _ELSE.search(model.name)
    ):
        return
    own_format = _format(text, sentence, told)
    if own_format is None and (_SHRINKS.search(own) or _ADAPTERS.search(own)):
        # From what, and to what, is not said.
        last = last if last is not None and last.least < 1 else None
    said = own_format or last
    if _IS_SHARE.search(own):
        # "FP4 needs half the memory of FP8, so it is 203 GB": of which of them is not said.
        return
    if said is None or said.least > _SEVERAL:
        return
    least, most = said.least * model.parameters, said.usual * model.parameters
    if most < AROUND and "weight" not in own:
        # What runs the model takes more than the model does.
        return
    right = _LEAST * least <= told.value <= _MOST * most
    # "Flux.1 has 12 billion and needs 24 GB in BF16": of the part that the text counts.
    counted = [float(n) * 1e9 for n in _BILLIONS.findall(text, sentence.start, told.start)]
    right = right or any(_LEAST * n * said.least <= told.value <= _MOST * n * said.usual for n in counted)
    yield _finding(passage, told, model, most, right=right, context=context)


#: Parameters that a sentence tells of a model.
_BILLIONS = re.compile(r"(?<![\d.,])(\d{1,4}(?:\.\d+)?)[ -]?(?:billion|bn|B)\b")


def _format(text: str, sentence: Sentence, told: Term) -> Format | None:
    """The format right behind an amount ("105 GB in INT8"), else the last one before it in its sentence."""
    places = [(at + sentence.start, each) for at, each in formats_at(text[sentence.start : sentence.end])]
    behind = [
        each
        for at, each in places
        if told.end <= at < told.end + _AFTER and not _NEXT.search(text, told.end, at)
    ]
    before = [each for at, each in places if at < told.start]
    return behind[0] if behind else before[-1] if before else None


def _finding(
    passage: Passage, told: Term, model: Model, real: float, *, right: bool, context: Context
) -> Finding:
    because = (
        f"{real / model.parameters:.3g} B for each of {model.parameters / 1e9:.4g} billion parameters are "
        f"{real / 1e9:,.3g} GB"
    )
    return made(
        context, passage, (told.start, told.start + len(told.words)), "memory",
        "confirmed" if right else "contradicted", subject=model.name.strip(), attribute="required memory",
        because=because, expected="" if right else f"{real / 1e9:,.3g} GB", evidence=(Evidence(because),),
    )  # fmt: skip
