"""What is held where, by an amount in the same sentence: "60 GB: fine on one A6000".

The amount is what a model takes; wrong is that a device holds it, or so many of it do, whose memory is less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.counting import counted
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.models import formats, models
from whichgpu.audit.pairs import devices
from whichgpu.audit.quantities import SPELLED, quantities, read_number
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.sourced import source_of
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence

#: What says that something is held.
_FITS = re.compile(
    r"\b(?:fits?|fitting|lives?|goes|loads?|runs?|squeezes|sits|works|(?:is|[\u2019']s|be|feels|"
    r"are) (?:\w+ )?(?:fine|comfortable|"
    r"at home|no problem)|(?<=[:,] )(?:fine|comfortable|no problem))\b",
    re.IGNORECASE,
)
#: From there to where it is held.
_ON = re.compile(
    r"(?:\s+(?:too|just|easily|comfortably|well|also|nicely|fine|even|already|only|still|happily|"
    r"alone))*\s+(?:on|in|into|onto|for|inside|"
    r"within)\s+(?:just\s+|even\s+)?",
    re.IGNORECASE,
)
_START = re.compile(
    r"(?:(?:the|an?|one|a single|single|your|our|nvidia[\u2019']s|nvidia|amd[\u2019']s|amd|geforce|plain|"
    r"two|three|four|both|eight)\s+)*",
    re.I,
)
_CARD = re.compile(
    rf"(?:an?|one|a single|(?P<n>{'|'.join(SPELLED)}))\s+(?P<gb>\d{{2,3}})\s?GB\s+(?:cards?|gpus?|"
    rf"boards?|accelerators?)\b",
    re.IGNORECASE,
)
_GROUP = re.compile(
    r"(?P<who>either(?: of (?:them|the two))?|both(?: of them)?|all (?P<n>three|four|five)(?: of them)?)\b",
    re.IGNORECASE,
)
_ALSO = re.compile(
    r"(?:,?\s+(?:and|but|or|as well as)\s+(?:also\s+|even\s+|too\s+)?(?:(?:on|in)\s+)?|,\s+)", re.IGNORECASE
)
_DIRECT = re.compile(rf"\s+(?={_GROUP.pattern})", re.IGNORECASE)
#: What makes an amount that of a device, or none that is to be held.
_OF_DEVICE = re.compile(
    r"[ -]?(?:cards?\b|gpus?\b|of (?:vram|gpu|memory|ram|hbm|gddr)|vram\b|memory\b|ram\b|mac\w*\b|"
    r"version|model\b(?! weights)|boards?|/|left|free|"
    r"to spare|more|less|each|apiece|per\b)",
    re.IGNORECASE,
)
_TAKES = re.compile(
    r"\b(?:takes?|weighs?|is|are|needs?|requires?|occup(?:y|ies)|comes? to|makes?|about|around|roughly|"
    r"some|at|with|or|gives|means|"
    r"that[\u2019']s|it[\u2019']s|[:,(])\s*(?:(?:about|around|roughly|some|only|just|a good|over|nearly|"
    r"a little over)\s+)*[~\u2248]?$",
    re.IGNORECASE,
)
_OF_WEIGHTS = re.compile(r"\b(?:weights?|parameters?|model|checkpoint)\b", re.IGNORECASE)
_OPEN = re.compile(
    r"\b(?:no|not|never|neither|nor|nothing|none|without|unless|if|would|could|might|only|barely|hardly|"
    r"too|offload\w*|cpu|ram|"
    r"split\w*|shard\w*|half|quarter|layers?|parts?|partly|once|after|until|when|quanti[sz]\w+|than|"
    r"instead|shar\w+|each|pair|pool\w*|"
    r"together|streams?|swap\w*|most)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
_EASILY = re.compile(r"\b(?:comfortabl\w+|easily|with (?:\w+ )?room|nicely|happily)\b", re.IGNORECASE)
_SLACK, _FULL, _LEAST, _GB, _MOST = 1.04, 0.99, 2e9, 1e9, 160


class _Place(NamedTuple):
    """Where something is held: its words, its place, its memory in bytes, and the device, if it is named."""

    start: int
    end: int
    room: float
    device: str = ""


def find(context: Context) -> Iterator[Finding]:
    """Every such statement that the memory excludes."""
    for index, passage in context.document.running():
        if not _FITS.search(passage.text):
            continue
        for sentence in sentences(passage.text):
            if _OF_WEIGHTS.search(sentence.text) or models(sentence.text):
                who = spoken(index, passage, sentence, context)
                yield from _of_sentence(passage, sentence, who, context)


def _of_sentence(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    text = passage.text
    told = [
        each
        for each in within(quantities(text, context.fraction), sentence.start, sentence.end)
        if each.dimension == "memory" and each.value >= _LEAST
    ]
    for match in _FITS.finditer(text, sentence.start, sentence.end):
        before = [each for each in told if each.end <= match.start()]
        need = before[-1] if before else None
        if need is None or match.start() - need.end > _MOST or not _is_need(text, sentence, need):
            continue
        between = text[need.end : match.end()]
        on = _ON.match(text, match.end(), sentence.end) or _DIRECT.match(text, match.end(), sentence.end)
        known = {each.least for each in formats(text[sentence.start : need.start])}
        if (
            on is None
            or _OPEN.search(between)
            or {each.least for each in formats(between)} - known
            or _OPEN.search(on[0].replace(" only", ""))
        ):
            continue
        if any(each.start >= need.end and each.end <= match.start() for each in who.here):
            continue
        for place in _places(text, (on.end(), sentence.end), who, context):
            yield from _judged(passage, sentence, (need, place), context)


def _is_need(text: str, sentence: Sentence, need: Quantity) -> bool:
    """Whether an amount is what something takes, and no device's memory."""
    lead = text[max(sentence.start, need.start - 32) : need.start]
    return (
        _OF_DEVICE.match(text, need.end) is None
        and need.value == need.high
        and need.limit in ("", "about", "over", "nearly")
        and (_TAKES.search(lead) is not None or not lead.strip())
    )


def _places(text: str, span: tuple[int, int], who: Spoken, context: Context) -> Iterator[_Place]:
    """Where it is said to be held: the first that stands there, and those joined to it."""
    at, end = span
    group = _GROUP.match(text, at, end)
    if group:
        count = read_number(group["n"] or "two")
        every = devices(context)
        for ids in every if len(every) == count else ():
            yield _Place(group.start(), group.end(), _room(ids, context), ids[0])
        return
    while at < end:
        card = _CARD.match(text, at, end)
        start = _START.match(text, at, end)
        mention = next((each for each in who.here if start and each.start == start.end()), None)
        if card:
            number = read_number(card["n"] or "one")
            yield _Place(card.start(), card.end(), number * float(card["gb"]) * _GB)
            last = card.end()
        elif mention:
            lead = text[at : mention.start].lower()
            several = 2.0 if "both" in lead else counted(text, at, mention.start)
            if several == 1 and mention.text.endswith("s"):
                return
            yield _Place(at, mention.end, several * _room(mention.ids, context), mention.ids[0])
            last = mention.end
        else:
            return
        also = _ALSO.match(text, last, end)
        if also is None:
            return
        at = also.end()


def _room(ids: Sequence[str], context: Context) -> float:
    """The most memory that a device can be meant with, as it is sold."""
    sizes = [float(context.catalogue[key].value("memory") or 0) for key in ids]
    return max((nominal_gb(size) or 0) * _GB for size in sizes) if all(sizes) else float("inf")


def _judged(
    passage: Passage, sentence: Sentence, told: tuple[Quantity, _Place], context: Context
) -> Iterator[Finding]:
    need, place = told
    behind = passage.text[place.end : sentence.end]
    tight = _EASILY.search(passage.text, need.end, sentence.end) and need.value >= place.room * _FULL
    if need.value <= place.room * _SLACK and not tight:
        return
    if _OFFLOADS.search(behind) or _NOT_SO.match(behind):
        return
    because = f"{need.value / _GB:,.4g} GB are to be held in {place.room / _GB:,.4g} GB"
    evidence = (source_of(context.catalogue[place.device], "memory"),) if place.device else ()
    yield made(
        context, passage, (place.start, place.end), "memory", "contradicted", subject=place.device,
        attribute="fits", because=because, evidence=(Evidence(because), *evidence),
    )  # fmt: skip


#: "Fits on one MI300X, and on one H100 it doesn't".
_NOT_SO = re.compile(
    r",?\s+(?:it|they|this|that|both|neither|no|not)\b(?:\s+\w+)?(?:n[\u2019']t|\s+not)?", re.IGNORECASE
)
_OFFLOADS = re.compile(
    r"\b(?:offload\w*|cpu|system ram|split|shard\w*|if you|unless|once|after|with \d[- ]bit|in \d[- ]bit|"
    r"quanti\w+|at \d bits?|layers?)\b",
    re.I,
)
