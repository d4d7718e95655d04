"""Answers to questions: "Does the A100 have ray-tracing cores? Yes, 84", "Which one is newer? The A100".

The question names what it is about, and the answer, in the same passage or the next one, says only yes, no, a
device or a value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.answered import asked
from whichgpu.audit.attributes import attributes, named
from whichgpu.audit.claims.superlative import Among, by_day, held_against
from whichgpu.audit.claims.years import of_year
from whichgpu.audit.nearest import fitting
from whichgpu.audit.pairs import devices
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import within
from whichgpu.audit.subjects import model
from whichgpu.audit.variants import finding_on, verdict_on
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.attributes import Attribute
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.subjects import Mention

_WHICH = re.compile(r"\s*(?:and\s+)?(?:which|what)\b", re.IGNORECASE)
_MOST = re.compile(
    r"\b(?:more|most|highest|higher|larger|largest|bigger|biggest|greatest|wider|widest)\b", re.IGNORECASE
)
_LEAST = re.compile(r"\b(?:less|least|lower|lowest|fewer|fewest|smaller|smallest|narrower)\b", re.IGNORECASE)
_NEW = re.compile(
    r"\b(?:newer|newest|younger|youngest|more recent|most recent|came (?:out )?later)\b", re.IGNORECASE
)
_OLD = re.compile(r"\b(?:older|oldest|came (?:out )?(?:first|earlier))\b", re.IGNORECASE)
_POWER = re.compile(
    r"\b(?:draws?|consumes?|uses?|pulls?|needs?)\s+(?:the\s+)?(?:more|most|less|least|lower|"
    r"higher)\b(?:\s+(?:power|energy))?",
    re.I,
)
#: What an answer begins with before the device that it is.
_OPENS = re.compile(r"\s*(?:(?:clearly|easily|definitely|by far)[,:]?\s+|that(?:[\u2019']s| is|"
    r" would be)\s+)?(?:the\s+|nvidia[\u2019']s\s+|"
                    r"nvidia\s+|amd[\u2019']s\s+|amd\s+)*", re.IGNORECASE)  # fmt: skip
_HOW = re.compile(
    r"\s*(?:how (?:much|many|large|big|fast|wide|high)|what(?:[\u2019']s| is| are))\b", re.IGNORECASE
)
_HEDGED = re.compile(
    r"\b(?:need\w*|require\w*|recommend\w*|best|cost|price|power supply|psu|minimum|system|models?|should)\b",
    re.IGNORECASE,
)


class _Asked(NamedTuple):
    """A question with its answer: the passage that holds the answer, and where it begins in it."""

    question: str
    #: The devices that the question names.
    of: Sequence[Mention]
    at: int
    passage: Passage
    start: int
    end: int


def find(context: Context) -> Iterator[Finding]:
    """What the answers of a document say, with its verdict."""
    for one in _asked(context):
        yield from _which(one, context)
        yield from _how_much(one, context)
        yield from _when(one, context)


def _asked(context: Context) -> Iterator[_Asked]:
    for one in asked(context.document.passages):
        text, passage = context.document.passages[one.at].text, context.document.passages[one.answer]
        of = within(context.mentions.get(one.at, ()), one.start, one.end)
        yield _Asked(text[one.start : one.end], of, one.answer, passage, one.begins, one.ends)


#: "The most memory for the money" is a quotient.
_FOR_IT = re.compile(
    r"\b(?:for (?:the|your|its|less) (?:money|price|size|power|watts?|cost)|per (?:dollar|euro|watt|"
    r"slot)|for (?:each|every))\b",
    re.I,
)


def _which(asked: _Asked, context: Context) -> Iterator[Finding]:
    """The device that is said to have the most, or the least, of those that are compared."""
    named_here = within(context.mentions.get(asked.at, ()), asked.start, asked.end)
    opens = _OPENS.match(asked.passage.text, asked.start)
    if not named_here or not opens or named_here[0].start != opens.end() or not _WHICH.match(asked.question):
        return
    most, least = _MOST.search(asked.question), _LEAST.search(asked.question)
    new, old = _NEW.search(asked.question), _OLD.search(asked.question)
    found = [each.attribute for each in named(asked.question)]
    if new or old:
        what: Attribute | None = by_day()
    elif _POWER.search(asked.question):
        what = attributes()["power"]
    else:
        what = found[0] if len({each.key for each in found}) == 1 else None
    if (
        what is None
        or not (most or least or new or old)
        or (most and least)
        or _FOR_IT.search(asked.question)
    ):
        return
    among = _compared(asked, context)
    if len(among) > 1:
        mention = named_here[0]
        up = bool(most or new)
        place = (mention.start, mention.end)
        yield from held_against(asked.passage, place, (mention.ids, what, up), Among(among), context)


def _compared(asked: _Asked, context: Context) -> Sequence[tuple[str, ...]]:
    """The devices that a question names, else those that the document compares."""
    own = {model(each.named[0], context.catalogue): each.ids for each in asked.of}
    return list(own.values()) if len(own) > 1 else devices(context)


def _when(asked: _Asked, context: Context) -> Iterator[Finding]:
    """The year in an answer, of the one device that the question names."""
    here = within(context.mentions.get(asked.at, ()), asked.start, asked.end)
    told = _YEAR.search(asked.passage.text, asked.start, asked.end)
    if told and not here and _WHEN.match(asked.question) and len({each.named for each in asked.of}) == 1:
        yield from of_year(asked.passage, told, asked.of[0], context)


_WHEN = re.compile(
    r"\s*(?:when|in (?:which|what) year)\b[^?]*\b(?:released?|launch(?:ed)?|come out|came out|announced|"
    r"introduced)\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(?:in|on|since)?\s*(?:[A-Z][a-z]+\s+)?(?:\d{1,2},?\s+)?(20[012]\d)\b")


def _how_much(asked: _Asked, context: Context) -> Iterator[Finding]:
    """Values in an answer that names no device, of the one that the question names."""
    here = within(context.mentions.get(asked.at, ()), asked.start, asked.end)
    named_there = {each.attribute.key: each.attribute for each in named(asked.question)}
    if here or len({each.named for each in asked.of}) != 1 or len(named_there) != 1:
        return
    text = asked.passage.text
    if (
        not _HOW.match(asked.question)
        or _HEDGED.search(asked.question)
        or _HEDGED.search(text[asked.start : asked.end])
    ):
        return
    attribute = next(iter(named_there.values()))
    gpus = [context.catalogue[key] for key in asked.of[0].ids]
    for value in within(quantities(text, context.fraction), asked.start, asked.end):
        if not any(True for _ in fitting(attribute, [value])) or value.high != value.value:
            continue
        found = verdict_on(text, value, attribute, gpus, said=frozenset(), context=context)
        yield finding_on(asked.passage, value, attribute, gpus, found=found, context=context)
