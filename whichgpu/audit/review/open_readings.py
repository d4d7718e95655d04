"""Accusations that another reading excuses: figures told right before, so many behind, whom "it" means.

A ratio is as stated of two figures right before it, whatever it was held against; an amount is as expected
times the number of things that are told behind it; and what "it" leads by is so the other way round.
"""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.known.said import claims, is_near
from whichgpu.audit.text.quantities import SPELLED, quantities
from whichgpu.audit.text.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.clauses.agreement import At
    from whichgpu.audit.findings import Context, Finding

#: "$2,190 for four cards", "2.8 kW with all eight of them".
_FOR_SO_MANY = re.compile(
    r"\s*(?:per \w+ |an? \w+ )?(?:for|with|on|across)\s(?:all\s|the\s|our\s)?(?P<n>\d{1,4}|[a-z]+)\s"
    r"(?:(?:\w+\s)?(?:cards|gpus|boards|nodes|servers|users|machines|of them|units|chips|accelerators|"
    r"copies))\b",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s?(?:%|percent)")
_IS_LESS = re.compile(r"\s*(?:an hour |a month |a year |per \w+ )?(?:less|cheaper|lower)\b", re.IGNORECASE)
#: "24 nodes, each with four of them".
_OF_MACHINES = re.compile(
    r"\b(?P<n>\d{1,4}|[a-z]+)\s(?:nodes|servers|machines|hosts|racks|boxes)\b(?=[^.;]{0,12}\beach\b)",
    re.IGNORECASE,
)
_TIMES = re.compile(r"(\d+(?:\.\d+)?) times$")
_FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?")
_CLAUSES = re.compile(r"[;:]\s|,\s(?:and|but|so|while)\s")
#: How near a number of times is to a count, and two figures to a ratio besides what rounding excuses.
_NEAR = 0.02
_UNITLESS = ("number", "count")


def is_of_figures_told(found: Finding, where: At, context: Context) -> bool:
    """Whether two figures of one kind that stand right before a ratio have it."""
    if found.kind != "ratio" or found.verdict != "contradicted":
        return False
    text, here = where.passage.text, where.sentence
    start = max((each.start for each in sentences(text) if each.end <= here.start), default=here.start)
    names = context.mentions.get(where.number, ())
    told = [
        each
        for each in within(quantities(text, context.fraction), start, where.at)
        if each.high == each.value > 0
        and each.dimension not in ("times", "percent")
        and not any(name.start < each.end and each.start < name.end for name in names)
    ]
    ways = [
        way
        for each in claims(text, here, context.fraction)
        if each.start <= where.at < each.end
        for way in each.ways
    ]
    last = told[-1] if told else None
    if last is None or not ways or _FIGURE.search(text, last.end, where.at):
        return False
    reals = [
        real
        for one in told[:-1]
        if one.dimension == last.dimension or last.dimension in _UNITLESS
        for real in _ratios(text, one.start, one.end, last.start, last.end)
    ]
    return any(abs(way.times / real - 1) <= _NEAR and is_near(way, real) for way in ways for real in reals)


def _ratios(text: str, *at: int) -> Iterator[float]:
    """The ratios of two figures as they are written, either way."""
    a, b = (_FIGURE.search(text, *place) for place in (at[:2], at[2:]))
    if a and b:
        one, other = (float(each[0].replace(",", "")) for each in (a, b))
        if one and other:
            yield from (x / y for x, y in permutations((one, other)))


def is_of_the_whole(found: Finding, where: At, context: Context) -> bool:
    """Whether a share is of what it was before: "$11.20 less than before, a saving of 58 %"."""
    share = _PERCENT.match(found.stated)
    if share is None:
        return False
    text, here = where.passage.text, where.sentence
    start = max((each.start for each in sentences(text) if each.end <= here.start), default=here.start)
    told = [
        each
        for each in within(quantities(text, context.fraction), start, where.at)
        if each.high == each.value > 0 and each.dimension not in ("times", "percent")
    ]
    gaps = [each for each in told if _IS_LESS.match(text, each.end)]
    wholes = [
        gap.value / (gap.value + each.value)
        for gap in gaps
        for each in told
        if each.dimension == gap.dimension
    ]
    return any(abs(float(share[1]) / 100 - real) <= _NEAR for real in wholes)


def is_of_so_many(found: Finding, where: At, context: Context) -> bool:
    """Whether an amount is that of as many as are told right behind it."""
    if found.kind != "arithmetic" or not found.expected:
        return False
    text = where.passage.text
    many = _FOR_SO_MANY.match(text, where.at + found.end - found.start)
    many = many or _OF_MACHINES.search(text, where.sentence.start, where.at)
    right, stated = _FIGURE.search(found.expected), _FIGURE.search(found.stated)
    if many is None or right is None or stated is None:
        return False
    count = float(many["n"]) if many["n"].isdigit() else float(SPELLED.get(many["n"].lower(), 0))
    expected, told = (float(each[0].replace(",", "")) for each in (right, stated))
    return bool(count and expected) and abs(told / expected / count - 1) <= _NEAR


def is_the_other_way(found: Finding, where: At, context: Context) -> bool:
    """Whether "it" leads by what is so of the two the other way round, in a clause without a name."""
    real = _TIMES.search(found.because)
    if found.kind != "ratio" or " against " not in found.subject or real is None or not float(real[1]):
        return False
    text, start = where.passage.text, where.sentence.start
    clause = max((each.end() for each in _CLAUSES.finditer(text, start, where.at)), default=start)
    if within(context.mentions.get(where.number, ()), clause, where.at):
        return False
    every = claims(text, where.sentence, context.fraction)
    ways = [way for each in every if each.start <= where.at < each.end for way in each.ways]
    return any(abs(way.times * float(real[1]) - 1) <= _NEAR for way in ways)
