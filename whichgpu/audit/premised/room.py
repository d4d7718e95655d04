"""Whether what is taken for a room, for what holds something or for what is needed is something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.premised.amounts import number
from whichgpu.audit.text.models import models
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within

if TYPE_CHECKING:
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.review.unfounded import Place


_NO_ROOM = re.compile(
    r"\W*(?:short of|below|less than|more than|behind|except|apart from|other than|than|besides|without|"
    r"unlike)\b",
    re.IGNORECASE,
)
_OF_DATA = re.compile(
    r"\s+of\s+(?:[a-z]+\s+){0,2}?(?:weights|parameters|data|activations|cache|tokens|images|gradients)\b",
    re.IGNORECASE,
)
_DIFFERENCE = re.compile(r"\bdifference between\b|\b(?:or|and|from) not\b[^.;]{0,24}$", re.IGNORECASE)
_NOUN = re.compile(r"\b(?:the|an?|its|your|our|this)\s(?:host|hold|run|fit|load|room)$", re.IGNORECASE)
_NOTHING = re.compile(r"\b(?:nothing|none|no card|neither)\b", re.IGNORECASE)
_TOLD_NEED = re.compile(r"(?P<n>[\d.,]+) GB are told to be needed")
_ADDS_UP = re.compile(
    r"\b(?:adds? up|in all|in total|altogether|together|combined|board|node|chassis|\w+-way|server|"
    r"both|pair)\b",
    re.IGNORECASE,
)
_WEIGHTS = re.compile(r" are (?P<n>[\d.,]+) GB")


def of_room(found: Finding, place: Place, context: Context) -> bool:
    """Whether what is taken for a room, for what holds something or for what is needed is something else."""
    text, quote, said = place.text, found.quote, place.sentence.text
    need = _TOLD_NEED.match(found.because)
    if need and found.attribute == "left" and number(quote) == float(need["n"].replace(",", "")):
        return True
    if found.expected == "no" and _NOTHING.search(quote):
        return True
    if found.attribute == "fits" and _is_of_an_earlier_paragraph(found, place, context):
        return True
    weights = _WEIGHTS.search(found.because)
    if weights and found.expected == "no" and _ADDS_UP.search(said):
        least = float(weights["n"].replace(",", "")) * 1e9
        of = quantities(text, context.fraction)
        if any(
            each.value > 1.05 * least
            for each in within(of, place.sentence.start, place.end)
            if each.dimension == "memory"
        ):
            return True
    return bool(
        _NO_ROOM.match(quote)
        or _NOUN.search(quote)
        or (found.attribute == "fits" and _OF_DATA.match(text, place.end))
        or _DIFFERENCE.search(said)
    )


def _is_of_an_earlier_paragraph(found: Finding, place: Place, context: Context) -> bool:
    """Whether what a paragraph is said to hold is of another one, since it says no model itself."""
    passage = next((each for each in context.document.passages if each.text == place.text), None)
    if passage is None or passage.kind != "paragraph" or "GB are told" in found.because:
        return False
    before = place.text[: place.sentence.end]
    return not models(before) and _HOLDING.search(place.sentence.text) is None


_HOLDING = re.compile(r"\b(?:hold|fit|load|store|enough|room|weight)(?:s|ting|ed)?\b", re.IGNORECASE)
