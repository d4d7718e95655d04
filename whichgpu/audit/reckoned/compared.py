"""What two numbers of a kind make: a difference, a share by which they differ, a ratio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.reckoned.derive import Made, changes, core, difference, elided, like
from whichgpu.audit.reckoned.units import HOLDERS, MONEY, is_bare
from whichgpu.audit.reckoned.words import (
    APART,
    AT,
    CHANGE,
    CONCLUDES,
    FROM_TO,
    HIGHER,
    LEAVES,
    LEFT,
    LOWER,
    OF,
    OF_TOTAL,
    PLUS,
    PRICED,
    RATIO,
    THAN,
    THUS,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.reckoned.around import Around
    from whichgpu.audit.reckoned.units import Figure

#: Letters before a number whose words may be its own, and behind it.
_LEAD, _REACH = 70, 24
#: Behind a share, that it is of a speed; what devices have of their own, which makes it in part.
_SPEED = re.compile(r"\s*(?:slower|faster|quicker|ahead|behind)\b", re.IGNORECASE)
_BETWEEN = re.compile(r"\bbetween\s+\d[\d.]*\s?%?\s+and\s+$", re.IGNORECASE)
_COSTS = re.compile(
    r"\bcost(?:s|ing)?\s+(?:me\s+|you\s+|us\s+)?(?:(?:only|about|just|around|another)\s+)*$", re.IGNORECASE
)
_OF_WHAT = re.compile(r"\s*(?:of\s+)?(?:what|that|this)\b", re.IGNORECASE)
#: Behind a number that is a share too: "19 and 21 per cent", "from 52 to 39 %"; parts in words, and of what.
_LISTED = re.compile(
    r"(?<![\w$\u20ac.,])\d[\d.,]*\s*%?\s*(?:to|and|or|/)\s+(?:about |only |just )?$", re.IGNORECASE
)
_PART = re.compile(r"(?:an? |one )?(?:half|third|quarter|fifth|tenth)", re.IGNORECASE)
_OF_THE = re.compile(r"\s*of (?:the|its|their|our|my)\b", re.IGNORECASE)
_SIDE_BY_SIDE = re.compile(
    r"\s*(?:to|and|against|vs\.?|versus|instead of|rather than|over|[,/\u2013\u2192-])\s*"
    r"(?:(?:about|only|just|now|even|the)\s+)*[$\u20ac]?",
    re.IGNORECASE,
)
_SO = re.compile(r"=|\b(?:so|thus|hence|therefore|in other words|that is)\b", re.IGNORECASE)
OWN = ((("Wh", 1), ("h", -1)), (("B", 1), ("h", -1)), (("flop", 1), ("h", -1)))
#: What a number by itself counts where it is one of these: GPUs, requests, a batch.
_COUNTS = frozenset(2.0**power for power in range(13))
#: How far two numbers that differ may be apart.
_APART = 20.0


def different(told: Figure, start: int, here: Around) -> Iterator[Made]:
    """What the last two numbers of its kind differ by."""
    alone = [told._replace(powers=powers) for powers, _ in told.others[:1]]
    every = (like(one, here.right()) for one in (told, *alone))
    own = next((some for some in every if some), [])
    own = [each for each in own if each.start >= here.back(start, 1)][-2:]
    first = not here.known or here.known[-1].start < start
    alike = len(own) == 2 and 1 / _APART < own[0].value / own[1].value < _APART
    if alike and (own[1].start >= start or (first and not THAN.match(here.text, told.end))):
        same = own if own[1] not in here.results else []
    elif (len(own) == 1 and own[0].start >= start) or (first and not own):
        # "That took the bill to $25,179, $9,686 less", "Difference: $151".
        same = [
            each
            for each in like(told, [*here.told.earlier, *here.right()])
            if _letters(each) == _letters(told)
        ]
        same = [each for each in same if not own or 1 / _APART < each.value / own[0].value < _APART][-2:]
        if THAN.match(here.text, told.end) and any(each.start < here.back(start, 1) for each in same):
            # "With 320 W it drew 105 W more than its predecessor": than what was told elsewhere.
            same = []
    else:
        same = []
    left = LEFT.search(here.text, max(start, told.start - _LEAD), told.end + _REACH)
    if len(same) == 2 and same[0].each == same[1].each and not (left and same[0].start < start):
        yield from difference(*same)


def _letters(one: Figure) -> str:
    """The unit of a number as it is written."""
    return one.words.strip("0123456789.,$\u20ac\u00a3 ")


def of_two(told: Figure, start: int, before: str, here: Around) -> Iterator[Made]:
    """The share or the multiple that the last two numbers of a kind make."""
    if told.kind == "share" and OF_TOTAL.match(here.text, told.end):
        yield from _of_total(told, start, here)
        return
    behind = here.text[told.end : told.end + _REACH]
    if told.kind == "share" and (
        _OF_WHAT.match(behind)
        or _LISTED.search(before)
        or (_PART.fullmatch(told.words.strip()) and _OF_THE.match(behind))
    ):
        # "That's a third of what it used to cost", "half of that, 160 KiB".
        return
    near = _pair(told, start, here)
    near = near if told.kind != "share" or not near or _is_of_a_kind(near, here) else []
    change = CHANGE.search(before) or CHANGE.match(behind.lstrip()) or PLUS.search(before)
    ratio = RATIO.search(before) or (OF.match(here.text, start) and not CHANGE.match(behind.lstrip()))
    if (
        not near
        or AT.search(before)
        or not (THUS.search(before) or ratio or (change and told.kind == "share"))
    ):
        return
    # "2.5 % more, 960 against 936, in practice about 10 % slower".
    apart = APART.search(here.text, near[1].end, told.start) and not THUS.search(before)
    own = near[1].powers in OWN or not near[1].powers
    if apart or (_SPEED.match(behind) and own and not _SO.search(before)):
        # "Its 362 TFLOPS are more than the A100's 312, yet it was 19 percent slower."
        return
    if told.kind == "share" and (_COSTS.search(before) or _BETWEEN.search(before)):
        # "From 350 W down to 250 W costs 8 percent": of the speed.
        return
    if ratio and told.value in here.told.shares:
        # "In spite of a utilisation of only 70 percent", which was told before.
        return
    a, b = near[0].value, near[1].value
    if told.kind == "times" or ratio or not change:
        ratios = (each for each in changes(near) if each.how == "ratio")
        # A share is of the larger, but for what is more than all.
        yield from (each for each in ratios if told.kind == "times" or (each.value < 1) == (told.value < 1))
    elif LEAVES.search(here.text, max(0, near[1].start - _LEAD), near[1].start):
        # "We save $1,442 a month, 27 %": of the other.
        yield Made(b / a, b / a, tuple(near), "ratio")
    else:
        yield from _changed(near, before, behind, here)


def _is_of_a_kind(near: Sequence[Figure], here: Around) -> bool:
    """Whether both of two numbers tell their unit, or stand side by side: "from 80 to 141 GB"."""
    known = {each.start: each for each in here.known}
    told = all(known[each.start].powers for each in near if each.start in known)
    return told or _SIDE_BY_SIDE.fullmatch(here.text, near[0].end, near[1].start) is not None


def _of_total(told: Figure, start: int, here: Around) -> Iterator[Made]:
    """What the number before a share is of the largest of its kind: "240,000, 0.4 % of the total"."""
    last = next((each for each in reversed(here.right()) if each.powers and each.kind == ""), None)
    if last is None or last.start < start:
        return
    same = [each for each in (*here.told.earlier, *here.right()) if each.powers == last.powers]
    whole = max(same, key=lambda one: one.value)
    if whole.value > last.value and not last.months and "h" not in dict(last.powers):
        part = last.value / whole.value
        yield Made(part, part, (whole, last), "ratio")


def _pair(told: Figure, start: int, here: Around) -> list[Figure]:
    """The last number before a share, and the last of its kind before that which it is not made of."""
    near = [each for each in here.right() if each.start >= here.back(start, 2) and each.kind == ""]
    near = [elided(each) for each in near if each.powers or each.others or each.start >= start]
    if PRICED.match(here.text, told.end):
        near = [each for each in near if any(unit in MONEY for unit, _ in each.powers)]
    last = near[-1] if near else None
    if last is None or last.start < here.back(start, 1) or (told.kind == "times" and not last.powers):
        return []
    same = [each for each in near[:-1] if core(each) == core(last) and each not in here.made.get(last, ())]
    alone = THAN.match(here.text, told.end) or (
        told.kind == "times" and not CONCLUDES.match(here.text, start)
    )
    if alone:
        # Of what is named behind it, or of what the sentence tells.
        same = [each for each in same if each.start >= start]
    if same and all(is_bare(each) and each.value in _COUNTS for each in (same[-1], last)):
        # "From four to eight we gain 91 percent": of so many GPUs, or in a batch.
        return []
    # From one GPU to eight it is something else that changes.
    holds = {unit for unit, _ in last.powers} <= HOLDERS
    counts = same and same[-1].counted and (holds or not (told.kind == "share" and _is_from(same[-1], here)))
    return [] if not same or counts else [same[-1], last]


def _is_from(one: Figure, here: Around) -> bool:
    """Whether something changes from a number: "from 24 to 36"."""
    return FROM_TO.search(here.text, max(0, one.start - _REACH), one.start) is not None


def _changed(near: Sequence[Figure], before: str, behind: str, here: Around) -> Iterator[Made]:
    """By how much a number changes to another: of the first, or of that which the words say."""
    a, b = near[0].value, near[1].value
    lower, higher = (words.match(behind.lstrip()) or words.search(before) for words in (LOWER, HIGHER))
    if _is_from(near[0], here):
        parts = [abs(b / a - 1)]
    elif lower and not higher:
        parts = [1 - min(a, b) / max(a, b)]
    elif higher and not lower:
        parts = [max(a, b) / min(a, b) - 1]
    else:
        parts = [abs(a / b - 1), abs(b / a - 1)]
    yield from (Made(part, part, tuple(near), "change") for part in parts if part)
