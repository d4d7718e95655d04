"""Multiples of what two devices cost when they came out: "launched at $6,800, twice the A6000's price"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.multiple import finding_on, verdict_of
from whichgpu.audit.comparisons.pairs import facts, pair, ratios, unsure
from whichgpu.audit.values.attributes import attributes

if TYPE_CHECKING:
    from whichgpu.audit.comparisons.multiple import Multiple
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

#: What makes a price that of a launch, and what makes it another.
_LAUNCH = re.compile(
    r"\b(?:launch\w*|msrp|list price|debut\w*|introduc\w+|when (?:it|they) (?:came out|appeared))\b", re.I
)
_TODAY = re.compile(
    r"\b(?:used|street|second[- ]hand|now(?:adays)?|today|currently|rent\w*|per hour|hourly|an hour|"
    r"ebay|per (?:gb|gigabyte|watt|tflops?|core|dollar)|performance|value|if|would|could)\b",
    re.IGNORECASE,
)
#: Right behind a multiple, that it is one of prices.
_OF_PRICE = re.compile(
    r"\s*(?:the (?:launch |list )?(?:price|cost) of|the\s|what\s|as (?:much|expensive)|"
    r"more (?:expensive|than)|dearer|cheaper|less expensive|"
    r"expensive than|than the|pricier|that of)[^.;]{0,60}",
    re.IGNORECASE,
)
_PRICED = re.compile(r"\b(?:prices?|priced|msrp|costs?|cost|expensive|cheaper|dearer|pricier)\b|\$\d", re.I)
_GIVEN = re.compile(
    r"\b(?:given|quoted|sold|estimated|reported|offered|listed|traded|bought|paid|around|about|some)\b"
    r"[^.;$\u20ac\u00a3]{0,16}[$\u20ac\u00a3]\s?\d",
    re.IGNORECASE,
)
_BEFORE = 60


def at_launch(
    passage: Passage, sentence: Sentence, claim: Multiple, who: Spoken, context: Context
) -> Finding | None:
    """A multiple of launch prices with its verdict; None where it is of another thing, or of other prices."""
    text = passage.text
    near = text[max(sentence.start, claim.start - _BEFORE) : min(sentence.end, claim.end + _BEFORE)]
    behind = _OF_PRICE.match(text, claim.end, sentence.end)
    if (
        not behind
        or not _PRICED.search(near)
        or not _LAUNCH.search(sentence.text)
        or _TODAY.search(sentence.text)
        or _GIVEN.search(text, sentence.start, claim.start)
    ):
        # "Often given as $30,000, nearly nineteen times the 4090's list price": of an amount of its own.
        return None
    both = pair(claim.start, claim.end, who, context)
    attribute = attributes()["launch_price"]
    values = ratios(attribute, both, context) if both else []
    if both is None or not values:
        return None
    verdict = verdict_of(claim, [value for value, _ in values])
    real, words = min(values, key=lambda one: abs(one[0] - claim.times))
    if verdict == "contradicted" and unsure(both, attribute, claim.times / real if real else 0.0, context):
        verdict = "unverifiable"
    answer = (verdict, "" if verdict == "confirmed" else f"{real:.2g}x", f"{words}: {real:.3g} times")
    return finding_on(
        passage, claim, answer, context, subject=both.subject, attribute=attribute.key,
        evidence=facts(attribute, both, context),
    )  # fmt: skip
