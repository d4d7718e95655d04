"""Answers to questions: "Does the A100 have ray-tracing cores? Yes, 84", "Which one is newer? The A100".

The question names what it is about, and the answer, in the same passage or the next one, says only yes, no, a
device or a value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import attributes, named
from whichgpu.audit.binding import fitting
from whichgpu.audit.capabilities import CAPABILITIES, named_in
from whichgpu.audit.claims.capability import judged
from whichgpu.audit.claims.superlative import Among, by_day, held_against
from whichgpu.audit.claims.years import of_year
from whichgpu.audit.document import HEADED, RUNNING
from whichgpu.audit.pairs import devices
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.subjects import model
from whichgpu.audit.variants import finding_on, verdict_on
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.attributes import Attribute
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.subjects import Mention

_ASKS = re.compile(r"(?:^\s*|(?<=[.:?])\s+)(?:Q\d{0,2}[.:)]\s*|\d{1,2}[.)]\s*)?(?P<asked>[^.?!:;]{8,140}\?)")
#: Before an answer: its letter.
_A = re.compile(r"\s*(?:A\d{0,2}[.:)]\s*|Answer:\s*)?", re.IGNORECASE)
_YES_NO = re.compile(r"(?:(?P<yes>yes|absolutely|of course|it does|they do|indeed)|no|it does not|nope|"
    r"neither|not)\b(?!\s+(?:really|quite|"
                     r"always|necessarily|exactly|need|if|but|and no))", re.IGNORECASE)  # fmt: skip
_WHETHER = re.compile(r"\s*(?:does|do|is|are|can|has|have|will|did)\b", re.IGNORECASE)
#: A question that is denied itself, or asks of less than the device.
_ODD = re.compile(
    r"\b(?:not|n[\u2019']t|no|without|only|need|require|worth|enough|better|faster|or|vs)\b", re.IGNORECASE
)
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
    for asked in _asked(context):
        yield from _whether(asked, context)
        yield from _which(asked, context)
        yield from _how_much(asked, context)
        yield from _when(asked, context)


def _asked(context: Context) -> Iterator[_Asked]:
    passages = context.document.passages
    for index, passage in enumerate(passages):
        if passage.kind not in HEADED or "?" not in passage.text:
            continue
        for match in _ASKS.finditer(passage.text):
            of = within(context.mentions.get(index, ()), match.start("asked"), match.end())
            at, one, start = index, passage, match.end()
            if not passage.text[start:].strip() and index + 1 < len(passages):
                at, one, start = index + 1, passages[index + 1], 0
            if one.kind not in RUNNING:
                continue
            start = _A.match(one.text, start).end()  # type: ignore[union-attr]
            end = next((each.end for each in sentences(one.text) if each.end > start), len(one.text))
            yield _Asked(match["asked"], of, at, one, start, end)


def _whether(asked: _Asked, context: Context) -> Iterator[Finding]:
    """Yes or no to what one device can do, or all that are compared."""
    said = _YES_NO.match(asked.passage.text, asked.start)
    if not said or not _WHETHER.match(asked.question) or _ODD.search(asked.question):
        return
    what = named_in(asked.question, 0, len(asked.question))
    if len(what) != 1 or len({each.named for each in asked.of}) != 1:
        return
    gpus = [context.catalogue[key] for key in asked.of[0].ids]
    for each in what:
        if each in CAPABILITIES and each.key not in ("cuda", "sparsity"):
            told = said["yes"] is not None
            yield from judged(asked.passage, said.span(), each, gpus, told=told, context=context)


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
    if what is None or not (most or least or new or old) or (most and least):
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
