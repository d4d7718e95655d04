"""Ratios of the two amounts that the sentence before told: "600 GB/s against 933. That's 56 % more"."""

from __future__ import annotations

from itertools import pairwise, permutations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.told_ratios import clause, is_of_name
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.said import claims, is_near
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.said import Claim
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence

#: What takes up what was just told: "That's 36 % more", "A gap of 4.8x".
_TAKES_UP = re.compile(
    r"\W*(?:(?:That|This|Which)(?:[\u2019']s|\s(?:is|was|makes|means|comes to|gives))|"
    r"(?:A|The) (?:gap|difference|lead|ratio|jump|increase|advantage|factor)|Thus|Hence|So)\b",
    re.IGNORECASE,
)
#: What makes it a ratio of something else.
_ELSE = re.compile(
    r"\b(?:if|would|could|might|should|expect\w*|claim\w*|up to|between|average\w*|ago|since|"
    r"utili[sz]\w*|than|"
    r"model|users?|requests?|not|never|hardly|each|per|effective\w*|efficien\w*|value|save[sd]?|savings?|again|"
    r"of (?:the|its|their)|what)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
_UNITS = frozenset({"bandwidth", "memory", "flop rate", "op rate", "power", "time", "rate", "money", "bits"})
_WORDS = 6


def find(context: Context) -> Iterator[Finding]:
    """Every ratio that two amounts do not have which the sentence before told, and no others near it have."""
    done = [
        (each.start, each.end)
        for each in context.memo["found"]
        if each.accuses or each.verdict == "confirmed"
    ]
    for index, passage in context.document.running():
        for before, sentence in pairwise(sentences(passage.text)):
            for claim in (
                claims(passage.text, sentence, context.fraction) if _TAKES_UP.match(sentence.text) else ()
            ):
                place = passage.span(claim.start, claim.end)
                if not any(a < place[1] and place[0] < b for a, b in done):
                    yield from _judged(index, passage, (before, sentence), claim, context)


def _judged(
    index: int, passage: Passage, both: tuple[Sentence, Sentence], claim: Claim, context: Context
) -> Iterator[Finding]:
    before, sentence = both
    text = passage.text
    start, end = clause(text, sentence, claim.start, claim.end)
    comma = text.find(", ", claim.end, end)
    words = f"{text[start : claim.start]} \u00b7 {text[claim.end : comma if comma >= 0 else end]}"
    if _ELSE.search(words) or len(text[sentence.start : claim.start].split()) > _WORDS:
        return
    every = [
        each for each in quantities(text, context.fraction)
        if each.value > 0 and not is_of_name(index, each.start, context)
    ]  # fmt: skip
    just = within(every, before.start, before.end)
    if len(just) != 2 or within(every, sentence.start, claim.start) or just[0].dimension not in _UNITS:
        return
    if just[1].dimension not in (just[0].dimension, "number"):
        return
    near = [*_bare(just), *within(every, sentence.start, sentence.end)]
    if _fits(claim, [a.value / b.high for a, b in permutations(near, 2) if _alike(a, b)]):
        return
    shown = " and ".join(text[each.start : each.end].strip() for each in just)
    one, other = sorted(each.value for each in _bare(just))
    because = f"{shown} are {other / one:.3g} times apart"
    yield made(
        context, passage, (claim.start, claim.end), "ratio", "inconsistent", attribute="told before",
        because=because, expected=f"{other / one:.2g} times", evidence=(Evidence(because),),
    )  # fmt: skip


def _bare(both: Sequence[Quantity]) -> list[Quantity]:
    """Two amounts, the second in the unit of the first where it has none."""
    one, other = both
    if other.dimension == one.dimension:
        return [one, other]
    scale = 1e12 if one.unit[:1].upper() == "T" and one.value >= 1e12 else 1e9 if one.value >= 1e9 else 1.0
    return [one, other._replace(value=other.value * scale, high=other.high * scale, dimension=one.dimension)]


def _alike(a: Quantity, b: Quantity) -> bool:
    return a.dimension == b.dimension or "number" in (a.dimension, b.dimension)


def _fits(claim: Claim, ratios: Sequence[float]) -> bool:
    return any(is_near(way, one) or is_near(way, 1 / one) for way in claim.ways for one in ratios if one > 0)
