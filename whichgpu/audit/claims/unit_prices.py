"""Prices of one of several, what a discount leaves, and sums of parts: "$700 for 24 GB is $35 a gig"."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.counts import OF_EACH, PER, POOL, TOLERANCE, counted_in, is_count, is_near
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.counts import Counted
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence

_FOR = re.compile(
    r"\s*(?:for|/|over|\u00f7)\s+(?:just |only |a |about )?$|\s*(?:buys?|gets?) (?:you |me |us )?$",
    re.IGNORECASE,
)
_SAID = re.compile(
    r"(?:[,(=]|\b(?:is|are|or|makes|so|that is|that[\u2019']s|which is|comes? to|works out (?:to|at)|"
    r"i\.e\.,?))"
    r"(?:\s+(?:or|so|about|around|roughly|only|just|that is|that[\u2019']s|which (?:is|makes|comes to)|"
    r"some))*\s*~?$",
    re.IGNORECASE,
)
#: "35 percent off, so a GPU is $3.85".
_OFF = re.compile(r"\s*(?:off|discount|less|cheaper|rebate|reduction)\b", re.IGNORECASE)
_OFF_SO = re.compile(
    r"[^.;\d$]{0,40}[,;]\s*(?:so|which (?:makes|brings|leaves)|making|bringing|leaving|i\.e\.,?|that is)"
    r"\b[^.;\d$]{0,40}$",
    re.IGNORECASE,
)
#: How far from what follows an amount may be and still be meant.
_FAR = 16.0


def find(context: Context) -> Iterator[Finding]:
    """Every price of one, price after a discount and sum of parts, with its verdict."""
    for counted in counted_in(context):
        for sentence in sentences(counted.text):
            yield from _shares(counted, sentence)
            yield from _sums(counted, sentence)


def _shares(counted: Counted, here: Sentence) -> Iterator[Finding]:
    """Prices of one of what money was told for, and what a discount leaves of one."""
    text, every = counted.text, counted.every
    for told in within(every, here.start, here.end):
        if told.dimension != "money" or told.high != told.value:
            continue
        near = within(every, here.start, told.start)
        per = PER.match(text, told.end)
        if per:
            yield from _of_one(counted, told, per, near)
            continue
        off = _OFF.match(text, near[-1].end) if near and near[-1].dimension == "percent" else None
        if off and _OFF_SO.fullmatch(text, off.end(), told.start):
            yield from _discounted(counted, told, near[-1])


def _of_one(
    counted: Counted, told: Quantity, per: re.Match[str], near: Sequence[Quantity]
) -> Iterator[Finding]:
    """A price by the piece or the gigabyte against the price and the number, or the size, before it."""
    text, every = counted.text, counted.every
    unit = (per["unit"] or "").lower()
    sized = unit.startswith("g") and not unit.startswith("gpu")
    for a, b in zip(near[-2:], near[-1:], strict=False):
        money, many = (a, b) if a.dimension == "money" else (b, a)
        size = many.value / 1e9 if many.dimension == "memory" else many.value
        if money.dimension != "money" or not size or many.dimension != ("memory" if sized else "number"):
            continue
        gap = text[a.end : b.start]
        joined = _FOR.fullmatch(gap) if money is a else _FOR_MONEY.fullmatch(gap)
        rest = text[b.end : told.start]
        if (
            not joined
            or not _SAID.search(rest)
            or len(rest) > _FOR_SAID
            or (not sized and not is_count(many))
        ):
            continue
        known = [each.value for each in every if each.dimension == "money" and each is not told]
        sizes = [each.value / (1e9 if sized else 1.0) for each in every if each.dimension == many.dimension]
        if any(_is_about(text, told, one / size) for one in known for size in sizes):
            yield counted.finding(told, (money, many), money.value / size, "confirmed")
        elif 1 / _FAR < told.value / (money.value / size) < _FAR:
            yield counted.finding(told, (money, many), money.value / size, "inconsistent")
        return


#: "A board of eight Gaudi 3 at $125,000"; letters between such a price and that of one.
_FOR_MONEY = re.compile(
    r"\s+[\w -]{2,40}?\s+(?:at|for|cost|costs|costing|is|priced at)\s+(?:about |around )?", re.IGNORECASE
)
_FOR_SAID, _ROUNDED = 60, 100
#: Hours, months and cards that a price may be of besides.
_PERIODS = (1.0, 8.0, 12.0, 24.0, 720.0, 730.0)


def _is_about(text: str, told: Quantity, real: float) -> bool:
    """Whether money is a value, as its digits are rounded."""
    cents = text[told.start : told.end].partition(".")[2]
    step = 0.5 * 10.0 ** -len(cents) if told.value < _ROUNDED else 0.0
    return abs(told.value - real) <= max(0.03 * real, step)


def _discounted(counted: Counted, told: Quantity, share: Quantity) -> Iterator[Finding]:
    """What a discount leaves of a price that was told before."""
    text, every = counted.text, counted.every
    prices = [each for each in every if each.dimension == "money" and each.end <= share.start]
    real = [(each, each.value * (1 - share.value)) for each in prices]
    counts = [*(each.value for each in every if is_count(each)), *_PERIODS]
    if any(_is_about(text, told, value) for _, value in real):
        return
    near = [(each, value) for each, value in real if 0.5 < told.value / value < 2]
    known = any(
        _is_about(text, told, value * by) or _is_about(text, told, value / by)
        for _, value in real
        for by in counts
    )
    if len(near) == 1 and not known:
        yield counted.finding(told, (near[0][0], share), near[0][1], "inconsistent")


#: What comes to the amount behind it, and what comes on top of another one.
_COME_TO = re.compile(
    r"\b(?:comes? to|came to|adds? up to|totals?|makes?|is|costs?|for a total of|amounts? to|in total)\s+"
    r"(?:about |around |roughly |only |just |you )*$",
    re.IGNORECASE,
)
_ADDED = re.compile(
    r"\b(?:adds?|plus|another|adding|extra)\s+(?:up to |about |another |an extra |a further )*$",
    re.IGNORECASE,
)
_ON_TOP = re.compile(r"\s+(?:(?:of|for) [^.;,\d]{2,30}\s)?(?:more|extra|on top|in addition)\b", re.IGNORECASE)
_MAKES = re.compile(
    r",\s+(?:which (?:makes|gives|is|comes to|adds up to|brings it to)|so|making|for a total of|bringing "
    r"it to)\s+"
    r"(?:[\w]+\s+){0,4}?$",
    re.IGNORECASE,
)
_AND = re.compile(r"[^.;:\d]{0,60}\b(?:and|plus|with)\b[^.;:\d]{1,60}", re.IGNORECASE)


def _sums(counted: Counted, sentence: Sentence) -> Iterator[Finding]:
    """What is added to another amount, and bills of several parts of which each has a number."""
    text, here = counted.text, within(counted.every, sentence.start, sentence.end)
    for at, (own, told) in enumerate(pairwise(here)):
        if own.dimension != told.dimension or told.high != told.value or own.high != own.value:
            continue
        parts = [each for each in here[:at] if each.dimension == own.dimension]
        added = _ADDED.search(text, max(0, own.start - 24), own.start) or _ON_TOP.match(text, own.end)
        if parts and added and _MAKES.search(text, own.end, told.start) and own.dimension != "number":
            known = [end + own.value for each in parts for end in (each.value, each.high)]
            real = parts[-1].high + own.value
            right = any(is_near(told, one) for one in known) or is_near(
                told, sum(p.value for p in parts) + own.value
            )
            yield counted.finding(told, (parts[-1], own), real, "confirmed" if right else "inconsistent")
        elif own.dimension == "money" and _COME_TO.search(text, own.end, told.start):
            yield from _of_parts(counted, told, here[: at + 1])


def _of_parts(counted: Counted, told: Quantity, before: Sequence[Quantity]) -> Iterator[Finding]:
    """A bill against its parts: "four at $4,200 each and a chassis for $3,100 come to $19,900"."""
    text = counted.text
    parts = [each for each in before if each.dimension == "money"]
    gaps = [text[a.end : b.start] for a, b in pairwise(parts)]
    if not 1 < len(parts) < POOL or not all(_AND.fullmatch(re.sub(r"\d", "", gap)) for gap in gaps):
        return
    amounts = []
    for each in parts:
        count = [one for one in before if one.end <= each.start and is_count(one)][-1:]
        many = count and OF_EACH.fullmatch(text, count[0].end, each.start) and PER.match(text, each.end)
        amounts.append(each.value * (count[0].value if many else 1.0))
    if amounts == [each.value for each in parts]:
        return
    real = sum(amounts)
    right = abs(told.value / real - 1) <= TOLERANCE
    if right or 1 / _REACH_OF_SUM < told.value / real < _REACH_OF_SUM:
        yield counted.finding(told, parts, real, "confirmed" if right else "inconsistent")


_REACH_OF_SUM = 2.0
