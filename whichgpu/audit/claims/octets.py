"""What so many numbers take at so many bytes each: "13.6 million at two bytes each are 27 MB".

The count stands in the sentence; the bytes of each beside it, in its format, or in the sentences right before
it ("16 bytes per parameter. For 70B the same sum is 1,120 GB").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.models import formats
from whichgpu.audit.text.quantities import SPELLED, quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

_TENS = {"forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_WORDS = {**SPELLED, **_TENS, "one": 1, "half a": 0.5}
_NUMBER = rf"\d{{1,4}}(?:[.,]\d{{1,3}})?|{'|'.join(_WORDS)}"
#: How many numbers there are: "340 million parameters", "eight billion of them", "70B".
_COUNT = re.compile(
    rf"(?<![\w.,])(?P<n>{_NUMBER})\s+(?P<scale>m|b)illions?(?:\s+(?:of\s+)?(?P<what>them|parameters?|"
    rf"weights|params)\b|"
    r"(?=,?\s+at\s+\w+\s+bytes?\b))|(?<![\w.,$])(?P<size>\d{1,3}(?:\.\d{1,2})?)B\b(?!\s*(?:tokens|transistors)|/)",
    re.IGNORECASE,
)
#: The bytes of each.
_BYTES = re.compile(
    rf"\b(?P<a>{_NUMBER})\s+(?:bytes?|octets?)\s+(?:per|by|for (?:each|every|a)|of each|a|each|"
    rf"apiece)\b(?!\s*(?:token|second))"
    rf"|\bat\s+(?P<b>{_NUMBER})\s+bytes?\b|\b(?:is|are|takes?|needs?|has|"
    rf"have)\s+(?P<c>{_NUMBER})\s+bytes?(?=[.,;]|$)",
    re.IGNORECASE,
)
_MIXED = re.compile(r"\bmixed[- ]precision\b", re.IGNORECASE)
_OF_PARAMETERS = re.compile(r"\b(?:parameters?|weights?|params?)\b", re.IGNORECASE)
_BITS = re.compile(
    r"\b(?P<n>four|eight|sixteen|4|8|16)[ -]bits?\b(?!\s+(?:optimi[sz]er|adam|training tricks))",
    re.IGNORECASE,
)
#: Right before an amount that is what they take.
_MAKES = re.compile(
    r"(?:\b(?:makes?|is|are|was|were|gives?|comes? to|came to|needs?|takes?|occup(?:y|ies)|weighs?|"
    r"costs?|means?|wants?|requires?|"
    r"that[\u2019']s|it[\u2019']s|at|so|hence|thus|or|that is|i\.e\.)|[:=,])\s+"
    r"(?:(?:about|around|roughly|some|only|just|exactly|nearly|almost|already|up|it (?:is|takes|needs)|"
    r"a good)\s+)*[~\u2248]?$",
    re.IGNORECASE,
)
#: Behind an amount that is of something else.
_OF_ELSE = re.compile(
    r"\s*-?(?:cards?\b|gpus?\b|and \d[\d.,]*\s?[GT]B\b|of (?:[\w-]+ )?(?:vram|gpu|memory|ram|device|cache|"
    r"context|activations)|vram\b|(?:a|"
    r"per|each|every|for (?:a|one|each|every)) (?:single )?(?:gpu|card|token|user|"
    r"request|sequence)|left\b|free\b|for (?:the )?(?:cache|context|kv|activations)|more\b|less\b|"
    r"smaller\b|larger\b|saved\b|/)",
    re.IGNORECASE,
)
#: What comes beside, which makes an amount more than the product; what makes it another one.
_BESIDE = re.compile(
    r"\b(?:caches?|contexts?|overheads?|activations?|including|includes?|plus|together with|with (?:the|"
    r"some|a)|users?|batch\w*|"
    r"room|k-?quants?|q\d)\b",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"\b(?:active|experts?|moe|trainable|q?lora|adapters?|shard\w*|split|per (?:gpu|card)|divided|half|"
    r"quarter|saves?|saved|saving|"
    r"cut|instead|if|unless|not|never|cannot|quanti\w+|download|file|disk|cards?|mixtral|deepseek|vs\.?|"
    r"than|against|master|zero|kv|caches?|values|tokens?)\b|"
    r"n[\u2019']t\b|\d+x\d+",
    re.IGNORECASE,
)
_TRAINS = re.compile(
    r"\b(?:train\w*|fine-?tun\w*|adam\w*|optimi[sz]ers?|gradients?|moments?|states?)\b", re.IGNORECASE
)
#: Shares of the product that rounding, binary units and what no text tells make of it.
_LEAST, _MOST, _TOLD_MOST, _BACK, _LEAD = 0.85, 1.7, 1.15, 2, 28


#: Further apart than a unit is from the next: of two things.
_FAR = 2000.0


class _Each(NamedTuple):
    """The bytes of each number, and whether a text tells them as bytes, not by a format."""

    size: float
    counted: bool


def find(context: Context) -> Iterator[Finding]:
    """Every such product with its verdict."""
    for passage in context.document.passages:
        if passage.kind not in RUNNING or not _COUNT.search(passage.text):
            continue
        every = sentences(passage.text)
        told = [each for each in quantities(passage.text, context.fraction) if each.dimension == "memory"]
        for at, sentence in enumerate(every):
            before = "".join(each.text for each in every[max(at - _BACK, 0) : at])
            if len({one[1] for one in _SOME_BYTES.finditer(before)}) > 1:
                # "2 bytes per parameter, 16 bytes in training": which of them is meant is not told.
                continue
            amounts = within(told, sentence.start, sentence.end)
            yield from _of_sentence(passage, sentence, before, amounts, context)


_SOME_BYTES = re.compile(r"(?<![\w.,])(\d{1,3}(?:\.\d)?)\s+bytes?\b", re.IGNORECASE)


#: How far an amount is from another that it is.
_SAME = 0.02
#: What is left beside the weights.
_LEAVES = re.compile(r"\b(?:leav\w+|left|remain\w*|spare|free)\b", re.IGNORECASE)


def _of_sentence(
    passage: Passage, sentence: Sentence, before: str, amounts: Sequence[Quantity], context: Context
) -> Iterator[Finding]:
    counts = list(_COUNT.finditer(passage.text, sentence.start, sentence.end))
    each = _told(sentence.text, before)
    if len({_number(one) for one in counts}) != 1 or not amounts or each is None:
        return
    count, told = counts[-1], amounts[0]
    near = passage.text[sentence.start : min(told.end + _LEAD // 2, sentence.end)]
    if _OTHER.search(_known(near, each)) or _LEAVES.search(near):
        return
    if count["what"] and count["what"].lower() == "them" and not _OF_PARAMETERS.search(before):
        return
    if not each.counted and _TRAINS.search(sentence.text):
        return
    lead = passage.text[max(sentence.start, told.start - _LEAD) : told.start]
    behind = count.end() > told.start or told.high != told.value or _OF_ELSE.match(passage.text, told.end)
    if behind or not _MAKES.search(lead):
        return
    product = _number(count) * each.size
    share = told.value / product if product else 1.0
    most = _TOLD_MOST if each.counted else _MOST
    # "8B is 128 KiB: 2 tensors x 32 layers ..": so far off it is of something else.
    of_it = 1 / _FAR < share < _FAR and not _LEAST <= share <= most
    # "28 GB on the GPU instead of 112 GB": what they take is told as well.
    of_it = of_it and not any(abs(one.value / product - 1) < _SAME for one in amounts[1:])
    if not of_it or (share > 1 and _BESIDE.search(sentence.text)):
        return
    shown = f"{product / 1e9:,.4g} GB" if product >= 1e9 else f"{product / 1e6:,.4g} MB"
    because = f"{count[0].strip()} of {each.size:g} bytes each are {shown}"
    yield made(
        context, passage, (told.start, told.end), "memory", "inconsistent", attribute="weights",
        because=because, expected=shown, evidence=(Evidence(because),),
    )  # fmt: skip


def _known(text: str, each: _Each) -> str:
    """A sentence without the words of adapters, whose numbers it counts itself with their bytes."""
    return re.sub(r"\b(?:q?lora|adapters?)\b", " ", text, flags=re.IGNORECASE) if each.counted else text


def _told(text: str, before: str) -> _Each | None:
    """The bytes of each number, as a sentence tells them once, or else the one before it."""
    here = {_value(match["a"] or match["b"] or match["c"]) for match in _BYTES.finditer(text)}
    named = {each.least for each in formats(text)} | {
        _value(match["n"]) / 8 for match in _BITS.finditer(text)
    }
    if here:
        # "At one byte each in FP8" tells it twice.
        told = len(here) == 1 and (named <= here or _MIXED.search(text))
        return _Each(next(iter(here)), counted=True) if told else None
    if named:
        return _Each(next(iter(named)), counted=False) if len(named) == 1 else None
    earlier = {_value(match["a"] or match["b"] or match["c"]) for match in _BYTES.finditer(before)}
    return _Each(earlier.pop(), counted=True) if len(earlier) == 1 and not formats(before)[1:] else None


def _number(count: re.Match[str]) -> float:
    """How many numbers a match counts."""
    if count["size"]:
        return _value(count["size"]) * 1e9
    return _value(count["n"]) * (1e9 if count["scale"].lower() == "b" else 1e6)


def _value(word: str) -> float:
    return float(_WORDS.get(word.lower(), 0.0) or word.replace(",", "."))
