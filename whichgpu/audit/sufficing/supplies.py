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
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

_SUPPLY = re.compile(
    r"[- ]?(?:\w+\s)?(?:power supply|power supplies|supply|PSU|psu|power brick|circuit|breaker|unit)\b",
    re.IGNORECASE,
)
_ENOUGH = re.compile(
    r"\b(?:is|are|will be|would be|should be)\s+(?:\w+\s){0,2}?(?:fine|enough|plenty|sufficient|ample|"
    r"adequate|all (?:you|it) needs?)\b|"
    r"\b(?:suffices?|will do|does the job|does it|copes?|is up to)\b|\b(?:happy|content|fine) with\b|"
    r"\b(?:runs?|run|works?|can be run) (?:fine |happily |easily )?(?:on|with|off)\b|"
    r"\b(?:will|can|easily|happily|comfortably) (?:deliver|provide|feed|handle|supply|manage|carry|"
    r"power)s?\b",
    re.IGNORECASE,
)
#: A supply by what it gives: "a supply of 1,000 W".
_OF_SO_MUCH = re.compile(
    r"\b(?:power supply|supply|PSU|psu|power brick|circuit|breaker) of (?:only |"
    r"just )?$",
    re.I,
)
#: Where the clause of a supply begins.
_CUT = re.compile(r"[,;:]\s")
_NOT = re.compile(
    r"\b(?:not|never|no longer|hardly|barely|too|if|limit\w*|capp?ed|undervolt\w*|per|each|idle)\b|"
    r"n[\u2019']t\b|\?",
    re.IGNORECASE,
)


def supplies(context: Context) -> Iterator[Finding]:
    """Every supply of less than its cards alone draw."""
    for index, passage in context.document.running():
        before: Sentence | None = None
        for sentence in sentences(passage.text):
            enough = _ENOUGH.search(sentence.text)
            if enough and _SUPPLY.search(sentence.text):
                yield from _of_sentence(index, passage, (before, sentence), context)
            before = sentence


_UNLESS = re.compile(
    r",?\s(?:if|unless|as long as)\s(?:you|one)\s(?:(?:do not|don[\u2019']t|never)\s)?overclock\w*\b|"
    r"\bat stock settings\b",
    re.IGNORECASE,
)


def _of_sentence(
    index: int, passage: Passage, where: tuple[Sentence | None, Sentence], context: Context
) -> Iterator[Finding]:
    (before, sentence), text = where, passage.text
    every = [one for one in quantities(text, context.fraction) if one.dimension == "power"]
    told = within(every, sentence.start, sentence.end)
    supply = next(
        (one for one in told
         if _SUPPLY.match(text, one.end) or _OF_SO_MUCH.search(text, sentence.start, one.start)), None
    )  # fmt: skip
    if supply is None:
        return
    loads = [one for one in told if one is not supply and one.start < supply.start]
    if before and not loads and _TAKEN_UP.search(text, supply.end, sentence.end):
        # "Together they draw 1.2 kW; a supply of 1,000 W copes with that".
        loads = [*within(every, before.start, before.end)]
    # Where what is needed is told of all, only the clause of the supply may limit it.
    cuts = [match.end() for match in _CUT.finditer(text, sentence.start, supply.start)]
    start = cuts[-1] if cuts and len(loads) > 1 else sentence.start
    # "If you don't overclock" limits nothing.
    if _NOT.search(_UNLESS.sub(" ", text[start : sentence.end])):
        return
    load = _load(text, every, loads[-1]) if loads else _of_named(index, passage, sentence, context)
    if load is None or load <= supply.value:
        return
    because = f"the cards alone draw {load:,.0f} W"
    yield made(
        context, passage, (supply.start, supply.end), "category", "contradicted", attribute="power supply",
        because=because, evidence=(Evidence(because),),
    )  # fmt: skip


def _load(text: str, every: Sequence[Quantity], last: Quantity) -> float:
    """What is drawn: the last amount before the supply, with that to which it is added."""
    before = [one for one in every if one.end <= last.start][-1:]
    added = before and _ADDED.search(text, before[0].end, last.start)
    return last.value + (before[0].value if added else 0.0)


_ADDED = re.compile(r"\b(?:add|plus|on top of (?:that|this|which) come)\b", re.IGNORECASE)
_TAKEN_UP = re.compile(r"\b(?:that|this|it|them)\b", re.IGNORECASE)


def _of_named(index: int, passage: Passage, sentence: Sentence, context: Context) -> float | None:
    """What the one device that a sentence names draws, as often as it is told."""
    here = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    if len({each.named for each in here}) != 1:
        return None
    powers = [value for key in here[0].ids for value in attributes()["power"].amounts(context.catalogue[key])]
    many = counted(passage.text, sentence.start, here[0].start)
    return min(powers) * max(1.0, many) if powers else None
