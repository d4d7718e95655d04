"""What ratios, orders and superlatives of two things share: the words around them, who is meant, the finding.

Each is a claim on one kind of amount: how many times as much the one has, or that it has more, or most. It is
wrong where the amounts that the document tells of both, and what is on file of them, all say otherwise; where
none is told of both, nothing is said of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.multiple import AT_REST, is_per_other
from whichgpu.audit.comparisons.pairs import devices
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.statements.things import Thing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.store import Series
    from whichgpu.audit.statements.things import Said

#: Between a comparison and what it is with.
OVER = re.compile(
    r"(?:[^.;:()\u2013\u2014]{0,70}?\s)?(?:than|as|of|what|over|compared (?:with|to)|that of)\s+"
    r"(?:(?:on|with|for|from|in|the|an?|its|our|my|old|older|new|newer|big|bigger|small|smaller|single|one|"
    r"plain|little|used|nvidia[\u2019']s|amd[\u2019']s|that|of|what|those|two|three|four|six|eight|\d+)\s+)*",
    re.IGNORECASE,
)
STRAIGHT = re.compile(r"\s+(?:the\s+|its\s+|an?\s+)?(?:\w+\s+)?")
NOT = re.compile(
    r"\b(?:not|no|never|hardly|neither|nor|if|whether|unless|would|could|might|may|nearly as|almost as|"
    r"up to|often|usually|sometimes|expect\w*|used to|per (?:dollar|euro|watt))\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
NOT_AT_ALL = re.compile(
    r"\b(?:if|whether|unless|would|could|might|expect\w*|whenever|anyone|break-even|metric|on paper|(?:big|"
    r"small|large|larger|smaller|other|first|second) (?:model|network|job|test|workload)|expect\w*|"
    r"claim\w*|rumou?r\w*|suppose|assum\w+|provided|per (?:card|gpu|device|core))\b|\?",
    re.IGNORECASE,
)
#: A share of what is its own: "leaves the card 90 % of its peak".
_OF_ITS = re.compile(
    r"\d[\d.,]*\s?(?:%|percent)\s+of\s+"
    r"(?:(?:its|their|his)\b|[^.;,]{2,40}[\u2019']s\s+(?:time|peak|own)\b)",
    re.IGNORECASE,
)
#: Two that differ by less are level.
MARGIN = 0.03


def is_stated(said: Said, one: Thing, at: int, last: int) -> bool:
    """Whether a comparison at a place, of a thing with what ends at `last`, states what is."""
    start, end = said.clause(at)
    denied = bool(NOT.search(said.text, max(start, min(one.end, at)), last))
    if AT_REST.search(said.text, start, at):
        return False
    own = is_per_other(said.text, said.sentence.start, at) or _OF_ITS.match(said.text, at)
    return not (denied or own) and NOT_AT_ALL.search(said.text, start, end) is None


def implied(said: Said, one: Thing, before: Sequence[Thing], series: Sequence[Series]) -> Thing | None:
    """The other one of two, where a sentence or a document tells of two."""
    others = [each for each in before if not each.is_same(one)]
    if others and all(each.is_same(others[0]) for each in others):
        return others[0]
    both = devices(said.context)
    of_work = any(each.measure in ("speed", "time", "efficiency", "energy") for each in series)
    if len(both) != len("ab") or not one.ids or of_work:
        return None
    rest = [each for each in both if not one.ids & {*each} and _is_told_before(each, one.start, said)]
    return Thing(0, 0, frozenset(rest[0])) if len(rest) == 1 else None


def _is_told_before(ids: Sequence[str], at: int, said: Said) -> bool:
    """Whether a text spoke of a device before a place of a passage."""
    return any(
        {*ids} & {*each.ids} for number, found in said.context.mentions.items() for each in found
        if number < said.number or (number == said.number and each.start < at)
    )  # fmt: skip


def wrong(said: Said, place: tuple[int, int], of: str, kind: str, **rest: str) -> Finding:
    """The finding on a comparison that no amount bears out; `rest`: what is expected, by which words."""
    because = f"by what is told of both: {rest['words']}"
    context: Context = said.context
    return made(context, said.passage, place, of, "inconsistent", attribute=kind.removeprefix("@"),
                expected=rest["expected"], because=because, evidence=(Evidence(because),))  # fmt: skip
