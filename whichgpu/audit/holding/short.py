"""Devices that have less than a text says is taken: "810 GB, so an 8x H100 node is needed"."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.counting import counted
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.holding.words import EASIER
from whichgpu.audit.models import models
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.subjects import Mention


#: What is denied, held elsewhere or in parts, or is a comparison.
EASED = re.compile(
    r"\b(?:offload\w*|cpu|ram|zero(?:-\d)?|fsdp|shard\w*|split|stream\w*|layer[- ]by[- ]layer|galore|badam|"
    r"swap\w*|disk|nvme|"
    r"cannot|not|never|no|nor|neither|without|impossible|unable|too (?:large|big|much|small|little|slow|"
    r"tight)|instead|rather|unlike|unless|whether|"
    r"faster|slower|"
    r"than|nodes?|cluster|multi-gpu|multiple|several|per gpu|exceeds?|beyond|minimum|at least|more|"
    r"prune\w*|distil\w*|hardly|barely|scarcely|"
    r"models? (?:that|which) (?:do )?fit|"
    r"forget|struggl\w+|out of memory|oom|crash\w*|fail\w*|short|lacks?|miss\w*|active|"
    r"experts?|layers?|draft|embedding\w*|"
    r"per (?:card|device)|each|additional|extra|remaining|left|free|headroom|cache|context|batch|smaller|"
    r"slices?|mig|"
    r"unified|workloads? like|speed|tokens?(?:/s)?|down to|nicht|kein\w*|zu|pas|trop|no cabe|demasiado)\b|"
    r"n[\u2019']t\b|\?",
    re.IGNORECASE,
)

#: What is taken, what follows from it, and what is set against less.
_TAKEN = re.compile(
    r"\b(?:takes?|needs?|requires?|are|is|weighs?|come to|occup\w+)\b[^.;]{0,30}$", re.IGNORECASE
)

_GIVEN = re.compile(r"\s*(?:of (?:weights|vram|memory)|is needed|are needed|needed)", re.IGNORECASE)

_THEREFORE = re.compile(
    r"\s*(?:of \w+)?\s*(?:,|:|;|\u2013|-)?\s*"
    r"(?:(?:They|It|That|This|These) (?:all )?)?(?:(?:i\.e\.,?|which(?= (?:an?|one|two|three|four|"
    r"six|eight|\d)\b))[^.;]{0,40}$|(?:needs?|requires?|calls? for|so|thus|hence|"
    r"therefore|which (?:fits?|runs?|means)|that "
    r"fits?|and fits?|fits?|for which|"
    r"(?:and )?(?:one|two|three|four|six|eight|a|an|a single|\d+x?)\s+(?=[A-Z]))\b[^.;]{0,40}$)|"
    r"\s*,\s*(?=$)",
    re.IGNORECASE,
)

_LESS = re.compile(
    r"\b(?:quanti[sz]\w*|4-bit|int[48]|fp8|instead|short|not|over(?= +\d)|more than|"
    r"exceeds?|beyond|each|per gpu)\b|"
    r"n[\u2019']t\b",
    re.I,
)

_AT_LEAST = re.compile(r"\bmore than (?=\d)", re.IGNORECASE)

_NODE = re.compile(r"\b(?:node|server|cluster|machine|dgx|hgx)\b", re.IGNORECASE)


def short_of_stated(
    index: int, passage: Passage, places: tuple[int, int, int], context: Context
) -> Iterator[Finding]:
    """Devices that have less than what is said to be taken: "810 GB, so an 8x H100 node is needed".

    That may be said from the first of the places on; the devices follow from the second on.
    """
    text, place = passage.text, (places[0], places[2])
    found = within(context.mentions.get(index, ()), *place)
    sizes = [
        each for each in within(quantities(text, context.fraction), *place)
        if each.dimension == "memory" and (each.high == each.value or each.limit == "over")
    ]  # fmt: skip
    several = len({each.named for each in found}) != 1 and not _or(text, found)
    if not found or several or not sizes or sizes[0].end > found[0].start:
        return
    need = [each for each in sizes if each.end <= found[0].start][-1]
    said = _TAKEN.search(text, place[0], need.start) or _GIVEN.match(text, need.end)
    gap = text[max(need.end, places[1]) : found[0].start]
    node = _NODE.search(gap)
    clause = max(place[0], text.rfind(":", place[0], need.start), text.rfind(";", place[0], need.start))
    if (
        not said
        or not _THEREFORE.match(gap)
        or EASED.search(gap)
        or _LESS.search(_AT_LEAST.sub("", text[clause : place[1]]))
    ):
        return
    known = [float(context.catalogue[key].value("memory") or 0) for key in found[0].ids]
    count = counted(text, need.end, found[0].start)
    if not known or not all(known) or (count == 1 and (node or found[0].text.endswith("s"))):
        return
    if need.value > max(known) * count:
        yield _short(passage, need, (found[0], len(gap.lstrip(" ,"))), count, context)


def short_of_need(
    index: int, passage: Passage, places: tuple[int, int, int], context: Context
) -> Iterator[Finding]:
    """Devices that are said to do for a size that was told just before: "128 GB. An H100 is enough"."""
    text = passage.text
    needed = [
        each for each in within(quantities(text, context.fraction), places[0], places[2])
        if each.dimension == "memory" and each.high == each.value and each.limit != "under"
    ]  # fmt: skip
    for mention in within(context.mentions.get(index, ()), places[1], places[2]):
        before = [each for each in needed if each.end <= mention.start]
        begins = _SO_MANY.search(text, places[1], mention.start)
        other = begins and _ALTERNATIVE.search(text, places[1], begins.start())
        does = _DOES.match(text, mention.end, places[2])
        known = [float(context.catalogue[key].value("memory") or 0) for key in mention.ids]
        if not begins or not (does or other) or not before or not all(known):
            continue
        # The others of a list have so much themselves: "four L40S with 192 GB, or one A100".
        need = next((each for each in reversed(before) if not _OF_OTHERS.search(text, 0, each.start)), None)
        since = max(
            (each.end for each in context.mentions.get(index, ()) if each.end < mention.start), default=0
        )
        clause = text[max(need.end if need else places[0], since) : mention.start]
        if (
            need is None
            or EASIER.search(clause)
            or EASED.search(clause)
            or _LESS.search(clause)
            or models(clause)
        ):
            continue
        # "It does not fit on one A100 or one H100" denies both.
        if other and _DENIED.search(text, max(need.end, places[1]), mention.start):
            continue
        count = counted(text, begins.start(), mention.start)
        if need.value > max(known) * count:
            yield _short(passage, need, (mention, mention.start - begins.start("n")), count, context)


_DENIED = re.compile(r"\b(?:not|never|cannot|neither|no)\b|n[\u2019']t\b", re.IGNORECASE)

#: So many of a device, what says that they do, and what begins another choice.
_SO_MANY = re.compile(
    r"\b(?P<n>an?|one|a single|(?:a )?pair of|two|three|four|five|six|eight)\s+(?:nvidia\s+)?$", re.IGNORECASE
)

_DOES = re.compile(
    r"s?\s+(?:(?:will|would|can)\s+(?:do|suffice|take|hold|handle|fit)\b(?:\s+(?:that|it|this))?|suffices?|"
    r"(?:is|are|has|have)\s+(?:just\s+|already\s+)?enough(?:\s+(?:memory|vram|room))?|does it|do it|is "
    r"all (?:you|we|it|one) needs?|is plenty)"
    r"(?:\s+for (?:this|that|it))?\s*(?:[.,;:]|$)",
    re.IGNORECASE,
)

_ALTERNATIVE = re.compile(r"(?:,?\s+or|\):)\s+(?:just\s+|only\s+|even\s+)?$", re.IGNORECASE)

_OF_OTHERS = re.compile(r"\b(?:with|has|have|together|having)\s+$", re.IGNORECASE)


def _short(
    passage: Passage, need: Quantity, what: tuple[Mention, int], count: float, context: Context
) -> Finding:
    """So many of a device, marked from so far before its name, that have less than is needed."""
    mention, back = what
    total = max(float(context.catalogue[key].value("memory") or 0) for key in mention.ids) * count
    many = f"{count:g} x {mention.ids[0]} have" if count > 1 else f"{mention.ids[0]} has"
    because = f"{passage.text[need.start : need.end]} is needed; {many} {total / 1e9:,.4g} GB"
    return made(
        context, passage, (mention.start - back, mention.end), "memory", "inconsistent",
        subject=mention.ids[0], attribute="fits", because=because, expected="no",
        evidence=(Evidence(because),),
    )  # fmt: skip


def _or(text: str, found: Sequence[Mention]) -> bool:
    """Whether devices are named in place of each other: "two L40S or two A100"."""
    return bool(found) and all(_OR.fullmatch(text, one.end, other.start) for one, other in pairwise(found))


_OR = re.compile(r"s?\s*(?:,|,?\s*\bor)\s+(?:[\w\u00d7]+\s+){0,2}", re.IGNORECASE)
