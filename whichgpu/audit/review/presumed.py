"""Premises about amounts that a text itself contradicts: what is needed, in which unit, of what as sold.

A text that tells the need of what it speaks of is judged by no other; an amount in another unit is the same
one; memory of a host holds what a card does not; a card that was changed is not the one on file.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within

if TYPE_CHECKING:
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.review.unfounded import Place

#: How near two amounts are the same, and a gigabyte of 1,024 over one of 1,000, once and again.
_SAME, _LARGER = 0.012, (1.024, 1.024**2, 1.024**3, 1.024**4)
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_CHANGED = re.compile(
    r"\b(?:mod(?:ded|ified|ification)|re-?soldered|soldered|upgraded (?:memory|vram|chips)|swapped|"
    r"franken\w*|refitted|converted|aftermarket)\b",
    re.IGNORECASE,
)
#: What a price is one of that no card is sold for.
_OF_A_UNIT = re.compile(
    r"\b(?:(?:cheapest|dearest|per|each|a|every)\s(?:gigabyte|gb|tflops?|core|watt|token|image)|apiece)\b",
    re.IGNORECASE,
)
_FAR_OFF = 2.0
_SPILLS = re.compile(
    r"(?<!without )(?<!no )\b(?:offload\w*|LPDDR\w*|"
    r"(?:host|system|main|CPU(?:[\u2019']s)?) (?:memory|RAM)|RAM|unified|"
    r"coherent|swap\w*|spill\w*|HBM part)\b"
)
_FOR_SO_MANY = re.compile(
    r"\s+(?:for|at|with)\s+(?:the\s+|an?\s+|its\s+)?(?:full\s+|whole\s+|all\s+)*(?P<n>\d{1,3}(?:,\d{3})+|\d{4,})"
)
_PART_OF = re.compile(r"\d\s?GB\s+of\s+(?:its|the|their)\s+(?:weights|layers|experts|model)\b", re.IGNORECASE)
_LABELLED = re.compile(r"[^.:;,\d][^.:;,]{0,40}:\s*\d[\d.,]*\s?[GMT]i?B\.?")
_IDIOM = re.compile(r"\s+the box\b", re.IGNORECASE)
_NEEDED = re.compile(r"\s*(?:That|This|Which|So that|It)\b|\s*(?:On|With) (?:the|an?)\b")
_MODEL = re.compile(
    r"\b\d+(?:\.\d+)?\s?B\b|\bbillion\b|\b[A-Z][a-z]+ \d|\b(?:its|this|that|the) (?:model|weights)\b"
)


def presumes(found: Finding, place: Place, context: Context) -> bool:
    """Whether the text around an accused amount says otherwise than the accusation presumes."""
    if found.kind in ("specification", "ratio") and _CHANGED.search(
        place.text, place.sentence.start, place.sentence.end
    ):
        return True
    if found.kind == "specification" and "price" in found.attribute:
        return _is_of_a_unit(found, place)
    if found.kind == "arithmetic":
        return _is_same_amount(place, context)
    return found.kind.startswith("memory") and _is_of_another_need(found, place, context)


def _told(words: str) -> float:
    number = _NUMBER.search(words)
    return float(number[0].replace(",", "")) if number else 0.0


def _is_of_a_unit(found: Finding, place: Place) -> bool:
    """Whether a price that is no card's is that of a gigabyte or a token."""
    told, real = _told(found.quote), _told(found.because.rpartition(" has ")[2])
    off = max(told, real) / min(told, real) if told and real else 1.0
    return off > _FAR_OFF and _OF_A_UNIT.search(place.sentence.text) is not None


def _is_same_amount(place: Place, context: Context) -> bool:
    """Whether a size is another of its sentence in units of 1,024 instead of 1,000."""
    own, others = place.amounts(context)
    if own is None or own.dimension != "memory" or not own.value:
        return False
    return any(
        abs(ratio * by - 1) < _SAME
        for each in others
        if each.dimension == own.dimension and each.value and each.unit != own.unit
        for ratio in (each.value / own.value, own.value / each.value)
        for by in (1.0, *_LARGER)
    )


def _is_of_another_need(found: Finding, place: Place, context: Context) -> bool:
    """Whether what is needed, or left, is told by the text, or is of other tokens."""
    text, end = place.text, place.end
    many = _FOR_SO_MANY.match(text, end)
    if (many and many["n"].rstrip(",") not in found.because) or _IDIOM.match(text, end):
        return True
    if found.expected == "no" and _SPILLS.search(text, 0, place.sentence.end):
        return True
    sizes = [
        each for each in within(quantities(text, context.fraction), place.since(2), place.sentence.end)
        if each.dimension == "memory"
    ]  # fmt: skip
    own = [each.value for each in sizes if place.at <= each.start < end]
    before = [each.value for each in sizes if each.end <= place.at]
    weights = [
        each.value for each in quantities(found.because, context.fraction) if each.dimension == "memory"
    ]
    parted = _PART_OF.search(text, place.sentence.start, place.at)
    if (
        found.attribute == "left"
        and parted
        and any(
            abs((whole - part) / one - 1) < 2 * _SAME
            for whole, part, one in product(weights, before, own)
            if one
        )
    ):
        return True
    if found.attribute == "fits":
        # "At 16 bytes each that is 42 GB. That does not fit in 24 GB": of what was told.
        return (
            bool(weights and before)
            and _NEEDED.match(place.sentence.text) is not None
            and (before[-1] > 1.5 * weights[0])
        )
    # "- gradients: 14 GB": of the model that the list is of.
    told_above = _LABELLED.fullmatch(text) or _MODEL.search(text, place.since(1), place.sentence.end)
    return "for each of" in found.because and not told_above
