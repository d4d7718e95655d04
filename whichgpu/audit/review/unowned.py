"""Accusations of a device that what is quoted is not said of for certain.

Its name is far away, another subject begins the clause, another device was spoken of since, or what a ratio
is held against is called by no name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.devices.roles import owned, spoken
from whichgpu.audit.devices.strangers import does, is_of_unknown, is_strange
from whichgpu.audit.review.anywhere import gives
from whichgpu.audit.text.sentences import sentence_at, sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

    #: A passage by its place, and where in it what is quoted begins.
    _Where = tuple[int, Passage, int]

#: Between two names of one subject; who a recommendation is for, before what it recommends.
_JOINED = re.compile(r"(?:\s|,|&|/|\b(?:and|or|nor|the|an?|both|neither|nvidia|amd)\b)*", re.IGNORECASE)
_WHOEVER = re.compile(r"\b(?:if|whoever|any(?:one|body|thing)|those|people|who|when|for)\b", re.IGNORECASE)


#: Behind what is more or less, than what: "less memory than the pair".
_THAN_OTHERS = re.compile(
    r"(?:\s+[\w-]+){0,3}?\s+(?:than|as)\s+(?P<of>(?:the|my|our|both|two|three|four|all)\s+[\w-]+)",
    re.IGNORECASE,
)
_NEXT = 24
#: Behind a ratio, whose value it is of.
_OTHERS_OWN = re.compile(
    r"\s*(?:(?:the|of|as|much|many|fast|large|big|high|that|what|more|less|than|higher|lower|memory|"
    r"bandwidth|power)\s+)*?"
    r"(?P<of>(?:the|my|our|your|his|her)\s+(?:[\w-]+\s+){0,2}?[\w-]+)[\u2019']s?\b",
    re.IGNORECASE,
)


#: "But then there's the fourth-generation tensor core": of what comes next.
_THERE = re.compile(
    r"\b(?:then|also|still)?\s*there(?:[\u2019']s| is| are| was| were)\s+(?:also\s+)?the\s", re.IGNORECASE
)


_SHARE = re.compile(r"(\d+(?:[.,]\d+)?)\s?(?:%|per ?cent)", re.IGNORECASE)
_THAN = re.compile(
    r"\s*(?:(?P<less>less|cheaper|lower|below|under|fewer)|more|dearer|higher|above|over|"
    r"pricier)\b[^.;,]{0,24}?\s?"
    r"(?:than\s)?(?:my|the|our|what|that|those|its|a|an|i|we|you)\b",
    re.IGNORECASE,
)
#: What a sentence on all of several begins with.
_OF_ALL = re.compile(r"\s*(?:Both|All|Each|They|These|Those|Neither|None|Either)\b")
_IS_NOT = re.compile(r"\b(?:is|was)(?:n[\u2019']t| not)\s+(?:really\s+|just\s+)?$", re.IGNORECASE)
_OF_ITSELF = ("specification", "capability", "ordering")


def is_unowned(
    found: Finding, where: _Where, names: tuple[Sequence[Mention], Sequence[Mention]], context: Context
) -> bool:
    """Whether a place is not said of the accused for certain; `names` of its sentence, and those of it."""
    _, passage, at = where
    named, own = names
    start = next((one.start for one in sentences(passage.text) if one.start <= at < one.end), 0)
    if not own and (
        _is_from_afar(found, where, start, context)
        or _THERE.search(passage.text, start, at)
        or (found.kind == "specification" and is_of_unknown(passage.text, start, at))
    ):
        return True
    if own and _is_only_compared(found, where, own, context):
        return True
    if any(at <= each.start < at + len(found.quote) for each in own):
        # "FP4, which the other one has too": what is quoted names it.
        return False
    before = [each.end for each in own if each.end <= at]
    since = max(before, default=start)
    if found.kind in _OF_ITSELF and (not own or before) and is_strange(passage.text, since, at):
        return True
    others = [each for each in named if each not in own and since <= each.start]
    if own:
        return bool(before) and any(_is_subject(each, since, where) for each in others)
    return (
        found.kind == "capability"
        and any(each.start > at for each in others)
        # "If you'd like to pair cards over NVLink, buy the A5000".
        and _WHOEVER.search(passage.text, max(start, passage.text.rfind(",", 0, at)), at) is not None
    )


def _is_subject(mention: Mention, since: int, where: _Where) -> bool:
    """Whether another device begins a clause: "The R9700 is better, since the older W7800 has no FP8"."""
    _, passage, at = where
    joined = _JOINED.fullmatch(passage.text, since, mention.start)
    return mention.end <= at and does(passage.text, mention.end) and not joined


def _is_only_compared(found: Finding, where: _Where, own: Sequence[Mention], context: Context) -> bool:
    """Whether the accused is what another is compared with: "The L4, although newer than the A100, has no MIG"."""  # noqa: E501
    index, passage, at = where
    sentence = sentence_at(passage.text, at)
    if found.kind != "capability" or sentence is None:
        return False
    who = spoken(index, passage, sentence, context)
    last = max(own, key=lambda each: each.start)
    others = [each.start for each in who.own if each not in own]
    return last in who.against and last.end <= at and bool(others) and max(others) < last.start


def _is_from_afar(found: Finding, where: _Where, start: int, context: Context) -> bool:
    """Whether a sentence without a name is far from that of the device, or another was spoken of since."""
    index, passage, _ = where
    subject = set(found.subject.split(", "))
    if found.kind != "specification" or passage.kind == "item" or _OF_ALL.match(passage.text, start):
        return False
    here = owned(passage.text, context.mentions.get(index, ()))
    before = [each for each in here if each.end <= start]
    own = [each.start for each in before if subject & {*each.named, *each.ids}]
    lines = (*passage.section[-1:], context.document.title)
    headed = [{key for each in mentions(line, context.catalogue) for key in each.named} for line in lines]
    if not own and not any(keys & subject for keys in headed):
        # Nor is it what the passage right before is about.
        last = (
            owned(context.document.passages[index - 1].text, context.mentions.get(index - 1, ()))
            if index
            else []
        )
        return not any(subject & {*each.named, *each.ids} for each in last[-1:])
    others = (
        each
        for each in before
        if not subject & {*each.named, *each.ids}
        and not _IS_NOT.search(
            passage.text, max(0, each.start - 24), passage.text.rfind(" the ", 0, each.start + 1) + 1
        )
    )
    return any(each.start > max(own, default=-1) for each in others)


def is_against_another(found: Finding, where: _Where, context: Context) -> bool:
    """Whether what a ratio is of is called by words that no name stands for: "5.8 times the laptop's"."""
    index, passage, at = where
    end = at + len(found.quote)
    other = _OTHERS_OWN.match(passage.text, end) or _THAN_OTHERS.match(passage.text, end)
    return other is not None and not any(
        each.start < other.end("of") + _NEXT and other.start("of") < each.end
        for each in context.mentions.get(index, ())
    )


def is_than_told(found: Finding, where: _Where, context: Context) -> bool:
    """Whether a share is that by which an amount differs from another: "74 % more than mine"."""
    _, passage, at = where
    share = _SHARE.match(found.quote)
    than = _THAN.match(passage.text, at + (share.end() if share else 0)) if share else None
    if share is None or than is None:
        return False
    start = next((one.start for one in sentences(passage.text) if one.start <= at < one.end), 0)
    part = float(share[1].replace(",", ".")) / 100
    ways = [1 - part, 1 / (1 + part)] if than["less"] else [1 + part]
    return gives(passage, (start, at), ways, context)
