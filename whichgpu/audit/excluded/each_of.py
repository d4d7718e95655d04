"""What each of several costs: "six L40S. For $51,000, each has cost us $8,000"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.excluded.scope import inconsistent, is_rounded
from whichgpu.audit.text.loads import NUMBER, value_of
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_SO_MANY = re.compile(
    rf"(?<![\d.,$])\b(?P<n>{NUMBER})\b(?!\s*(?:%|GB|W\b|TB|hours?|days|months|years|weeks|times|"
    rf"x\b))",
    re.I,
)
_EACH = re.compile(
    r"(?:,|\b(?:so|thus|hence|which\s+is|that\s+is|i\.e\.|or|means?|makes?))\s+(?:that\s+)?(?:each|"
    r"every)\b(?:\s+\w+){0,2}?\s+"
    r"(?:has\s+cost|costs?|was|is|came\s+to|comes\s+to|cost)(?:\s+(?:us|me|them|you|about|around|"
    r"roughly|just|only))*\s+$"
    r"|(?:,|\b(?:so|or|i\.e\.|that\s+is|which\s+is|makes?))\s+(?:about\s+|around\s+|roughly\s+)?$",
    re.IGNORECASE,
)
_PER_PIECE = re.compile(
    r"\s*(?:each\b|apiece\b|a\s+piece\b|per\s+(?:card|GPU|piece|board|unit)\b|a\s+card\b)", re.IGNORECASE
)
_ELSE = re.compile(
    r"\b(?:tax\w*|vat|shipping|plus|host|server|included?|including|without|besides|discount|off|used|"
    r"hours?|month\w*)\b|%",
    re.I,
)
#: What is told: the price of all, and that of each.
_TWO = 2
_NEAR, _FAR = 0.02, 3.0


def each_of(context: Context) -> Iterator[Finding]:
    """Every price of each that is no part of one told of all."""
    for _, passage in context.document.running():
        every = sentences(passage.text)
        for at, sentence in enumerate(every):
            if "?" not in sentence.text and (
                "each" in sentence.text or "every" in sentence.text or " per " in sentence.text
            ):
                yield from _of(passage, sentence, every[max(0, at - 1)].start, context)


def _of(passage: Passage, sentence: Sentence, first: int, context: Context) -> Iterator[Finding]:
    text = passage.text
    paid = [
        each
        for each in within(quantities(text, context.fraction), first, sentence.end)
        if each.dimension == "money"
    ]
    if len(paid) != _TWO or paid[1].start < sentence.start or _ELSE.search(text, first, sentence.end):
        return
    whole, one = paid
    said = _EACH.search(text, whole.end, one.start)
    if not said or not (
        "each" in said[0].lower() or "every" in said[0].lower() or _PER_PIECE.match(text, one.end)
    ):
        return
    counts = {value_of(each["n"]) for each in _SO_MANY.finditer(text, first, one.start) if not any(
        p.start <= each.start() < p.end for p in paid)} - {0.0, 1.0}  # fmt: skip
    ways = [whole.value / many for many in counts]
    if not ways or any(
        is_rounded(one.value, way, text[one.start : one.end], _NEAR) for way in (*ways, whole.value)
    ):
        return
    near = min(ways, key=lambda way: abs(way / one.value - 1))
    if near / _FAR < one.value < near * _FAR:
        because = f"{whole.value:,.10g} over {whole.value / near:g} are {near:,.6g}"
        yield inconsistent(passage, (one.start, one.end), because, context, expected=f"{near:,.6g}")
