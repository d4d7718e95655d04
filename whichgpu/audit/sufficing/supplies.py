"""A power supply that is said to be enough for cards that draw more than it gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import attributes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_SUPPLY = re.compile(
    r"[- ]?(?:\w+\s)?(?:power supply|power supplies|supply|PSU|psu|power brick|circuit|breaker|unit)\b",
    re.IGNORECASE,
)
_ENOUGH = re.compile(
    r"\b(?:is|are|will be|would be|should be)\s+(?:\w+\s){0,2}?(?:fine|enough|plenty|sufficient|ample|"
    r"adequate|all (?:you|it) needs?)\b|"
    r"\b(?:suffices?|will do|does the job|does it|copes?|is up to)\b|\b(?:happy|content|fine) with\b|"
    r"\b(?:runs?|run|works?|can be run) (?:fine |happily |easily )?(?:on|with|off)\b",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:not|never|no longer|hardly|barely|too|if|limit\w*|capp?ed|undervolt\w*|per|each|idle)\b|"
    r"n[\u2019']t\b|\?",
    re.IGNORECASE,
)


def supplies(context: Context) -> Iterator[Finding]:
    """Every supply of less than its cards alone draw."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text):
            enough = _ENOUGH.search(sentence.text)
            # "If you don't overclock" limits nothing.
            said = _UNLESS.sub(" ", sentence.text)
            if enough and _SUPPLY.search(sentence.text) and not _NOT.search(said):
                yield from _of_sentence(index, passage, sentence, context)


_UNLESS = re.compile(
    r",?\s(?:if|unless|as long as)\s(?:you|one)\s(?:(?:do not|don[\u2019']t|never)\s)?overclock\w*\b|"
    r"\bat stock settings\b",
    re.IGNORECASE,
)


def _of_sentence(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    told = [
        one
        for one in within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
        if one.dimension == "power"
    ]
    supply = next((one for one in told if _SUPPLY.match(passage.text, one.end)), None)
    if supply is None:
        return
    loads = [one for one in told if one is not supply and one.start < supply.start]
    load = loads[-1].value if loads else _of_named(index, passage, sentence, context)
    if load is None or load <= supply.value:
        return
    because = f"the cards alone draw {load:,.0f} W"
    yield made(
        context, passage, (supply.start, supply.end), "category", "contradicted", attribute="power supply",
        because=because, evidence=(Evidence(because),),
    )  # fmt: skip


def _of_named(index: int, passage: Passage, sentence: Sentence, context: Context) -> float | None:
    """What the one device that a sentence names draws, as often as it is told."""
    here = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    if len({each.named for each in here}) != 1:
        return None
    powers = [value for key in here[0].ids for value in attributes()["power"].amounts(context.catalogue[key])]
    many = counted(passage.text, sentence.start, here[0].start)
    return min(powers) * max(1.0, many) if powers else None
