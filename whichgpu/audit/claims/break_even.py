"""How many times as fast the dearer of two must be to be the cheaper: "at $3 and $6 an hour, three times".

The work then costs the same on both when the one is as many times as fast as it costs times as much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.said import claims
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import one_before, sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

#: What says that the dearer one becomes the cheaper, and from where on: "if it is" tells of one case alone.
_CHEAPER = re.compile(
    r"\b(?:cheaper|pays? (?:off|for itself)|break[\s-]?even|breaks even|better (?:deal|value)|wins on cost|"
    r"costs? less|saves? money|worth (?:it|the (?:money|premium|price)))\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:whenever|once|as soon as|only (?:if|when|once|pays|at)|needs? to be|must be|ha(?:s|ve) to be)\b",
    re.IGNORECASE,
)
_FAST = re.compile(r"\s*(?:as (?:fast|quick)|faster|quicker|the (?:speed|throughput))\b", re.IGNORECASE)
_ELSE = re.compile(
    r"\b(?:used|buy\w*|bought|electricity|kwh|watts?|months?|years?|both|two of|each of|discount\w*|"
    r"spot)\b|\?",
    re.IGNORECASE,
)
#: How far a multiple may be off.
_NEAR = 0.08


def find(context: Context) -> Iterator[Finding]:
    """Every such multiple with its verdict."""
    for _, passage in context.document.running():
        if not _CHEAPER.search(passage.text):
            continue
        for sentence in sentences(passage.text):
            plain = _CHEAPER.search(sentence.text) and _CONDITION.search(sentence.text)
            if plain and not _ELSE.search(sentence.text):
                yield from _judged(passage, sentence, context)


def _prices(passage: Passage, sentence: Sentence, context: Context) -> list[Quantity]:
    """The two prices of the sentence, else of the one before it."""
    every = [
        each
        for each in quantities(passage.text, context.fraction)
        if each.dimension == "money" and each.high == each.value > 0
    ]
    for part in (sentence, *one_before(passage.text, sentence.start)):
        found = within(every, part.start, part.end)
        if found:
            return list(found)
    return []


def _judged(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    two = _prices(passage, sentence, context)
    said = [
        (claim, claim.ways[0].times)
        for claim in claims(passage.text, sentence, context.fraction)
        if len(claim.ways) == 1 and _FAST.match(passage.text, claim.end)
    ]
    percent = [each for each in quantities(sentence.text, context.fraction) if each.dimension == "percent"]
    if len({each.value for each in two}) != len("ab") or len(two) != len("ab") or len(said) != 1 or percent:
        return
    (claim, told), values = said[0], sorted(each.value for each in two)
    real = values[1] / values[0]
    right = abs(told / real - 1) <= _NEAR
    words = " and ".join(passage.text[each.start : each.end] for each in two)
    because = f"at {words} the work costs the same where one is {real:.3g} times as fast"
    yield made(
        context, passage, (claim.start, claim.end), "arithmetic", "confirmed" if right else "inconsistent",
        attribute="break even", because=because, expected="" if right else f"{real:.3g} times",
        evidence=(Evidence(because),),
    )  # fmt: skip
