"""So many cards for what a model takes: "140 GB. With the L40S you need at least two"."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.sufficing.needs import OTHERWISE, need_before
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import attributes
from whichgpu.units import GIB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_NUMBERS = {
    "one": 1,
    "a single": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "a pair": 2,
}
_MANY = r"(?P<many>one|a single|two|three|four|five|six|seven|eight|a pair|\d{1,2})"
#: So many that are needed, or that are enough.
_SAID = re.compile(
    rf"\b(?P<least>at least|a minimum of|no fewer than|not less than)\s+{_MANY}\b|"
    rf"\b(?:needs?|takes?|requires?|calls? for|wants?|asks? for)\s+(?:only\s+|just\s+|"
    rf"exactly\s+)?{_MANY.replace('many', 'many2')}\b"
    r"(?=\s+(?:cards?|gpus?|of (?:them|these|those)|[A-Z]))|"
    rf"\b{_MANY.replace('many', 'many3')}\s+(?:[^\s.,;]+\s+){{0,5}}?(?:are|is|were|was|"
    rf"will be)\s+(?:enough|sufficient|needed|necessary|required)\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"\s+(?:cards?|gpus?|modules?|accelerators?|of (?:them|these|those)|"
    r"(?:nvidia\s+)?(?-i:[A-Z]+\d)|(?-i:\d{4}))|\s*(?:are|is|[.,;])",
                      re.IGNORECASE)  # fmt: skip
_NOT = re.compile(
    r"\b(?:not|never|no|nodes?|servers?|more than|users?|copies|replicas?|per second|tokens?)\b|"
    r"n[\u2019']t\b",
    re.IGNORECASE,
)
_SLACK = 0.98
_FOR_WEIGHTS = re.compile(
    r"\b(?:for|to (?:hold|store|load|keep)) (?:just |"
    r"only )?the (?:model[\u2019']s )?weights\b",
    re.IGNORECASE,
)
#: So many billion parameters, and the bytes of each in the formats that halve no scale.
_BILLIONS = re.compile(r"(?<![\d.,-])(?P<n>\d{1,3}(?:\.\d)?)\s?B\b(?!/)")
_BYTES = re.compile(
    r"\b(?:(?P<two>FP16|BF16|16[- ]bits?|half precision)|(?P<one>INT8|FP8|8[- ]bits?)|(?P<half>INT4|FP4|"
    r"4[- ]bits?)|"
    r"(?P<four>FP32|32[- ]bits?))\b",
    re.IGNORECASE,
)
_EACH = {"two": 2.0, "one": 1.0, "half": 0.5, "four": 4.0}


def _of_weights(text: str, match: re.Match[str]) -> tuple[float, str]:
    """What the weights take of the model and in the format that are told last before a number of cards."""
    before = max(0, match.start() - _FAR)
    sizes = {each["n"] for each in _BILLIONS.finditer(text, before, match.start())}
    forms = [each.lastgroup or "" for each in _BYTES.finditer(text, before, match.start())]
    if len(sizes) != 1 or len(set(forms)) != 1:
        return 0.0, ""
    billions = float(sizes.pop())
    return billions * 1e9 * _EACH[forms[0]], f"{billions:g} billion parameters"


#: How far before a number of cards its model may be told.
_FAR = 160


def cards(context: Context) -> Iterator[Finding]:
    """Every number of cards that does not hold what the sentence or those before say that a model takes."""
    for index, passage in context.document.running():
        named = context.mentions.get(index, ())
        if not named or not ("GB" in passage.text or _BILLIONS.search(passage.text)):
            continue
        for sentence in sentences(passage.text):
            if _SAID.search(sentence.text):
                yield from _of_sentence(index, passage, sentence, context)


def _of_sentence(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    if OTHERWISE.search(sentence.text) or _NOT.search(sentence.text):
        return
    here = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    for match in _SAID.finditer(passage.text, sentence.start, sentence.end):
        # "Where four H100 with 80 GB were necessary": of what is named between.
        inside = [each for each in here if match.start() <= each.start < match.end()]
        named = inside if match["many3"] else here
        counted = match["many3"] or _COUNTED.match(passage.text, match.end())
        if counted and len({each.named for each in named}) == 1:
            yield from _judged(passage, sentence, match, named[0], context)


def _judged(
    passage: Passage, sentence: Sentence, match: re.Match[str], mention: Mention, context: Context
) -> Iterator[Finding]:
    told = match["many"] or match["many2"] or match["many3"]
    many = _NUMBERS.get(told.lower()) or int(told)
    need = need_before(passage, sentence, match.start(), context)
    size, words = (
        (need.value, passage.text[need.start : need.end]) if need else _of_weights(passage.text, match)
    )
    sizes = [size for key in mention.ids for size in attributes()["memory"].amounts(context.catalogue[key])]
    if not size or not sizes:
        return
    # "At least three just for the weights", which two hold.
    spare = match["least"] and _FOR_WEIGHTS.search(passage.text, match.end(), sentence.end)
    too_many = spare and (many - 1) * min(sizes) * _SLACK >= size
    if many * max(sizes) >= size * _SLACK and not too_many:
        return
    least = math.ceil(size / max(sizes))
    because = f"{words} take {least} of {max(sizes) / GIB:.0f} GB"
    yield made(
        context, passage, match.span(), "memory", "contradicted", attribute="fits",
        subject=", ".join(mention.ids), because=because, expected=str(least), evidence=(Evidence(because),),
    )  # fmt: skip
