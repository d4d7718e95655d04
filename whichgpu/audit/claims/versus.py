"""Values of two devices side by side behind both names: "4090 vs L40S: 24 GB vs 48 GB, 450 W vs 350 W"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import attributes, named
from whichgpu.audit.listed import of_unit
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.variants import finding_on, verdict_on

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.attributes import Attribute
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention

#: Between the names and the values of two.
_VS = r"\s*(?:vs\.?|versus|against|gegen|contre|/)\s*"
_NAMES = re.compile(rf"{_VS}(?:the\s+|nvidia\s+|amd\s+)*", re.IGNORECASE)
_COLON = re.compile(r"\s*[:\u2013\u2014]\s*")
_BETWEEN = re.compile(rf"(?:\s+(?:of\s+)?[A-Za-z][\w ]{{0,20}}?)?{_VS}", re.IGNORECASE)
#: What stands around two values of a pair: a comma before, and what they are of beside them.
_ENDS = re.compile(r"[,;|.]|$")


def find(context: Context) -> Iterator[Finding]:
    """Every value of such a pair with its verdict."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text):
            here = within(context.mentions.get(index, ()), sentence.start, sentence.end)
            if len(here) == len(("one", "other")) and _NAMES.fullmatch(
                passage.text, here[0].end, here[1].start
            ):
                yield from _of_pair(passage, sentence, here, context)


def _of_pair(
    passage: Passage, sentence: Sentence, here: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    text = passage.text
    colon = _COLON.match(text, here[1].end)
    if colon is None:
        return
    found = within(quantities(text, context.fraction), colon.end(), sentence.end)
    at = 0
    while at + 1 < len(found):
        first, second = found[at], found[at + 1]
        attribute = _attribute(text, first, second)
        if attribute is None or not _BETWEEN.fullmatch(text, first.end, second.start):
            at += 1
            continue
        at += 2
        if first.dimension == "number":
            # "24 vs 48 GB".
            scale = second.value / _plain(text[second.start : second.end])
            value = first.value * scale
            first = first._replace(value=value, high=value, dimension=second.dimension, unit=second.unit)
        for value_, mention in ((first, here[0]), (second, here[1])):
            gpus = [context.catalogue[key] for key in mention.ids]
            answer = verdict_on(text, value_, attribute, gpus, said=frozenset(), context=context)
            yield finding_on(passage, value_, attribute, gpus, found=answer, context=context)


def _attribute(text: str, first: Quantity, second: Quantity) -> Attribute | None:
    """What both values of a pair are of: what is named beside them, else what their unit is of."""
    if second.dimension not in (first.dimension, "number") and first.dimension != "number":
        return None
    begins = max((each.end() for each in _ENDS.finditer(text, 0, first.start)), default=0)
    ends = _ENDS.search(text, second.end)
    beside = [
        each.attribute
        for each in within(named(text), begins, ends.start() if ends else len(text))
        if second.dimension in (each.attribute.dimension, "number")
    ]
    key = of_unit(second.dimension)
    return beside[0] if len({each.key for each in beside}) == 1 else attributes()[key] if key else None


def _plain(words: str) -> float:
    digits = re.search(r"\d[\d,]*(?:\.\d+)?", words)
    return float(digits[0].replace(",", "")) if digits else 1.0
