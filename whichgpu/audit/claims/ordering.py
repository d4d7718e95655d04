"""Orderings: "has more CUDA cores", "higher memory bandwidth than", held against the catalogue."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.audit.attributes import named
from whichgpu.audit.findings import made
from whichgpu.audit.pairs import facts, pair, ratios, unsure
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.attributes import Named
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence

_WORDS = re.compile(
    r"\b(?P<more>more|higher|greater|larger|bigger|wider|superior|better|faster)\b"
    r"|\b(?P<less>less|lower|fewer|smaller|narrower|slower|inferior)\b",
    re.IGNORECASE,
)
#: What may stand between the word and the name of the attribute.
_BETWEEN = re.compile(
    r"\s+(?:(?:raw|overall|peak|total|theoretical|number of|amount of|count of|maximum)\s+){0,2}"
)
_NEGATED = re.compile(
    r"\b(?:not|no|never|n[\u2019']t|if|whether|require\w*|needs?|want\w*|future|previous|predecessor|"
    r"generation|than (?:its|their|other|most|any|the previous|its predecessor|consumer|cpu))\b",
    re.IGNORECASE,
)
#: What is done with an attribute, behind it: "less memory juggling".
_OF_IT = re.compile(
    r"[ -](?:juggling|management|pressure|usage|use|footprint|errors?|issues?|traffic|overhead|latency|"
    r"access\w*|"
    r"transfers?|consumption|leaks?|bound|hungry|hog\w*|requirements?|efficien\w+|saving\w*)\b",
    re.IGNORECASE,
)
#: Attributes of which "better" and "faster" say that there is more.
_FASTER = ("bandwidth", "clock_boost", "clock_base", "memory_data_rate", "nvlink")
#: Off by less, one is not more than the other.
_EQUAL = 0.02
#: What is counted: of two that have as much, neither has more.
_EXACT = ("memory", "cores", "tensor_cores", "sms", "memory_bus")
_MINUS = re.compile(r"[-\u2212]\d+(?:\.\d+)?\s?%\s*$")


def find(context: Context) -> Iterator[Finding]:
    """Every stated ordering with its verdict."""
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in ("paragraph", "item", "caption") or not _WORDS.search(passage.text):
            continue
        for sentence in sentences(passage.text):
            if _WORDS.search(sentence.text) and not _NEGATED.search(sentence.text):
                yield from _of_sentence(index, passage, sentence, context)


def _of_sentence(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    text = passage.text
    found = within(named(text), sentence.start, sentence.end)
    attributes = [each for each in found if each.end <= sentence.end]
    who = spoken(index, passage, sentence, context)
    for match in _WORDS.finditer(text, sentence.start, sentence.end):
        each = _named_after(text, match.end(), attributes)
        if each is None or not _means(match, each) or _MINUS.search(text, 0, match.start()):
            continue
        both = pair(match.start(), each.end, who, context)
        values = ratios(each.attribute, both, context) if both else []
        if both is None or not values:
            continue
        more = match["more"] is not None
        verdict = _verdict([value if more else 1 / value if value else 9.9 for value, _ in values])
        if each.attribute.key in _EXACT and all(value == 1 for value, _ in values):
            verdict = "contradicted"
        low = unsure(both, context) or not who.here
        if verdict == "contradicted" and low:
            verdict = "unverifiable"
        yield made(
            context, passage, (match.start(), each.end), "ordering", verdict, subject=both.subject,
            attribute=each.attribute.key, because=values[0][1],
            evidence=facts(each.attribute, both, context),
        )  # fmt: skip


def _named_after(text: str, at: int, attributes: list[Named]) -> Named | None:
    """The attribute that a comparing word is of."""
    gap = _BETWEEN.match(text, at)
    found = next((each for each in attributes if gap and each.start == gap.end()), None)
    return None if found is None or _OF_IT.match(text, found.end) else found


def _means(match: re.Match[str], each: Named) -> bool:
    """Whether a word orders an attribute: "better power" does not say which is more."""
    word = match[0].lower()
    if word in ("faster", "slower"):
        return each.attribute.key in _FASTER
    return word not in ("better", "superior", "inferior") or each.attribute.key != "power"


def _verdict(values: list[float]) -> str:
    """Confirmed where it holds for one of the devices meant, contradicted where for none, nor nearly."""
    if any(value > 1 + _EQUAL for value in values):
        return "confirmed"
    return "contradicted" if all(value < 1 - _EQUAL for value in values) else "unverifiable"
