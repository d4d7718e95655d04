"""What weights take, and what they are said to fit in: parameters times the bytes of their format.

"Its FP16 weights alone take about 32 GB" of a model of eight billion; "a single L40S holds it in FP16".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.holding.words import IS_LEFT
from whichgpu.audit.statements.things import clause_at, subject, things
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.models import OF_ANOTHER, formats_at, models, single
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import Sentence, sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.models import Model

_TAKES = re.compile(
    r"(?:\b(?:takes?|took|needs?|occup\w+|weighs?|comes? to|come out at|adds? up to|amounts? to|is|are|was|"
    r"were|"
    r"requires?|has|have|fills?|footprint of|size of|weights? of)|:|,)\s+"
    r"(?:(?:about|around|roughly|some|only|just|nearly|almost|approximately|a|mere|alone|over|under|up|to|"
    r"a weight footprint of|footprint of)\s+)*$",
    re.IGNORECASE,
)
_OF_WEIGHTS = re.compile(
    r"\s*(?:of|for|in)\s+(?:the\s+|its\s+)?(?:model |raw )?(?:weights|parameters)\b|\s+weights\b", re.I
)
_PARTS = re.compile(
    r"\b(?:cache|kv|context|tokens?|layers?|lora|qlora|adapters?|per|each|every|left|leav\w+|spare|free|"
    r"encoder|u-?net|vae|"
    r"draft|activations?|gradients?|optimi[sz]er|train\w*|fine-?tun\w*|adam\w*|shard\w*|split|half|two|"
    r"three|four|six|"
    r"eight|both|pair|gpus|cards|active|experts?|moe|offload\w*|state|buffers?|mixed|download|disk|ram|if|"
    r"would|not|"
    r"no longer|instead|than)\b|n[\u2019']t\b|\?|[+=\u00d7]",
    re.IGNORECASE,
)
_IT = re.compile(
    r"\b(?:it|its|the model|the weights|such a model|that model|this model|the same|they|the original)\b",
    re.I,
)
#: Bytes that are fewer by more than rounding and small parts explain.
_LESS, _MORE = 0.8, 1.75


def filled(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """Amounts of weights that are not those of their model in their format."""
    for sentence in sentences(passage.text):
        if is_asserted(sentence.text):
            yield from _weights(index, passage, sentence, context)


_STATES = re.compile(
    r"\b(?:weights?|parameters)\b[^.;]{0,40}\bgradients?\b[^.;]{0,60}\b(?:adam\w*|optimi[sz]er|moments?)\b",
    re.IGNORECASE,
)
_FEW_BITS = re.compile(
    r"\b(?:8|eight|4|four)[ -]?bits?\b|\badafactor|\bq?lora|\bshard|\bper (?:gpu|card)|\bsgd\b|\bmuon\b",
    re.IGNORECASE,
)
#: Bytes of a parameter in training with Adam at least: weights, gradients and both moments in two bytes each.
_TRAINED = 8.0


def trained(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """What weights, gradients and states of a model take, which is less than their bytes."""
    for sentence in sentences(passage.text):
        text = sentence.text
        model = (
            model_of(index, passage, sentence, context)
            if _STATES.search(text) and not _FEW_BITS.search(text)
            else None
        )
        told = [
            each
            for each in within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
            if each.dimension == "memory" and each.high == each.value
        ]
        if model is None or len(told) != 1 or not _TAKES.search(passage.text, sentence.start, told[0].start):
            continue
        least = _TRAINED * model.parameters
        if told[0].value < 0.95 * least:
            because = f"{_size(model)} of at least eight bytes are {least / 1e9:,.3g} GB"
            yield _contradicted(
                context,
                passage,
                (told[0].start, told[0].end),
                model,
                "training states",
                because,
                f"{2 * least / 1e9:,.3g} GB",
            )


def _contradicted(  # noqa: PLR0917
    context: Context, passage: Passage, place: tuple[int, int], model: Model, attribute: str, because: str,
    expected: str,
) -> Finding:  # fmt: skip
    return made(context, passage, place, "memory", "contradicted", subject=model.name, attribute=attribute,
                because=because, expected=expected, evidence=(Evidence(because),))  # fmt: skip


def _size(model: Model) -> str:
    return f"{model.name}: {model.parameters / 1e9:.4g} billion parameters"


def model_of(index: int, passage: Passage, sentence: Sentence, context: Context) -> Model | None:
    """The one model that a sentence speaks of, or goes on about."""
    found = within(models(passage.text), sentence.start, sentence.end)
    if found:
        return single(found)
    if not _IT.search(sentence.text):
        return None
    if OF_ANOTHER.search(sentence.text):
        return None
    before = [each for each in models(passage.text) if each.end <= sentence.start]
    if before:
        last = next(each for each in reversed(sentences(passage.text)) if each.start <= before[-1].start)
        return single(within(models(passage.text), last.start, last.end))
    return None


def _weights(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    text = passage.text
    model, forms = model_of(index, passage, sentence, context), formats_at(sentence.text)
    if model is None or len({each.least for _, each in forms}) != 1 or _PARTS.search(sentence.text):
        return
    amounts = [
        each
        for each in within(quantities(text, context.fraction), sentence.start, sentence.end)
        if each.dimension == "memory" and each.high == each.value
    ]
    form = forms[0][1]
    here = context.mentions.get(index, ())
    for each in amounts:
        if any(one.start <= each.start < one.end for one in here):
            continue
        of_them = _OF_WEIGHTS.match(text, each.end)
        if not (of_them or _TAKES.search(text, sentence.start, each.start)):
            continue
        least = model.parameters * form.least
        share = each.value / least
        wrong = share < _LESS or (
            share > _MORE and (of_them or "weights" in text[sentence.start : each.start])
        )
        if wrong and 1 / 30 < share < 30:
            because = f"{_size(model)} in {form.name} are {least / 1e9:,.3g} GB"
            yield _contradicted(
                context, passage, (each.start, each.end), model, "weights", because, f"{least / 1e9:,.3g} GB"
            )
        return


_HOLDS = re.compile(
    r"\b(?:fits?|runs?|holds?|loads?|serves?|hosts?|squeezes?|takes(?= (?:the|a|an|any|such|models?)\b)|"
    r"can (?:hold|run|serve|host|load|take|be (?:run|served|loaded|held))|"
    r"will (?:hold|run|serve)|enough (?:for|to)|sits? comfortably)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:not|but|crawls?|slow\w*|no|never|cannot|neither|nor|hardly|barely|too|short|above|exceed\w*|"
    r"fail\w*|tried|beyond|only|offload\w*|"
    r"cpu|ram|host|swap\w*|layers?|split|shard\w*|part|half|each|per|nodes?|machines?|servers?|distill\w*|"
    r"adapters?|lora|"
    r"qlora|unified|if|would|could|until|unless|than|train\w*|fine-?tun\w*|quanti[sz]ed (?:to|down)|"
    r"down to|instead|tokens?)\b|"
    r"n[\u2019']t\b|\?",
    re.IGNORECASE,
)


def fits(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """Models that are said to fit in what is smaller than their weights."""
    for sentence in sentences(passage.text):
        holds = _HOLDS.search(sentence.text)
        if not holds or sentence.text.rstrip().endswith("?"):
            continue
        start, end = clause_at(passage.text, sentence, sentence.start + holds.start())
        text = passage.text[start:end]
        if not is_asserted(text) or _DENIED.search(text):
            continue
        model, forms = model_of(index, passage, Sentence(start, end, text), context), formats_at(text)
        if model is None or len({each.least for _, each in forms}) != 1:
            continue
        rooms = list(_rooms(index, passage, Sentence(start, end, text), model, context))
        least = model.parameters * forms[0][1].least
        if rooms and least > 1.03 * max(rooms):
            because = (
                f"{_size(model)} in {forms[0][1].name}: {least / 1e9:,.4g} GB, in {max(rooms) / 1e9:,.4g} GB"
            )
            place = (sentence.start + holds.start(), sentence.start + holds.end())
            yield _contradicted(context, passage, place, model, "fits", because, "no")


_NEEDED = re.compile(
    r"\b(?:takes?|needs?|is|are|weighs?|comes? to|only)\s+(?:about |around |roughly |some |only |just )*$",
    re.IGNORECASE,
)


_EITHER = re.compile(r"\b(?:both|either|all|any|these|those)\b", re.IGNORECASE)


def _rooms(
    index: int, passage: Passage, sentence: Sentence, model: Model, context: Context
) -> Iterator[float]:
    """The memory of the devices that a sentence speaks of, and the amounts that it tells of it."""
    text = passage.text
    every = things(index, passage, sentence, context)
    own = [each for each in every if each.ids]
    if not own:
        one = subject(index, passage, sentence, sentence.start, sentence.end, every, context)
        own = [one] if one is not None and one.ids else []
    most = 1.0
    if _EITHER.search(sentence.text):
        # "It fits on both": of as many as were told of each.
        here = within(context.mentions.get(index, ()), 0, sentence.start)
        most = max((counted(text, 0, each.start) for each in here), default=1.0)
    for thing in own:
        for key in thing.ids:
            yield float(context.catalogue[key].value("memory") or 0.0) * max(thing.number, most)
    told = [
        each
        for each in within(quantities(text, context.fraction), sentence.start, sentence.end)
        if each.dimension == "memory"
    ]
    for each in told:
        if IS_LEFT.match(text, each.end) or _NEEDED.search(text, sentence.start, each.start):
            continue
        yield each.high * max(counted(text, sentence.start, each.start), 1.0)
