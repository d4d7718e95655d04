"""What a sentence says of two devices in one attribute: as much, so many times as much, so much more."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.multiple import verdict_of
from whichgpu.audit.devices.descriptions import KIN
from whichgpu.audit.known.said import claims
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.attributes import is_of_cache, named
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from whichgpu.audit.comparisons.multiple import Multiple
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.text.sentences import Sentence

#: Attributes of which a device as sold has one value.
KEYS = frozenset({"bandwidth", "memory", "power", "cores", "memory_bus", "transistors"})
_UNITS = {"memory": "memory", "bandwidth": "bandwidth", "power": "power"}
#: What stands for a name in the words that are looked at.
NAME = "\u0001"


class Saying(NamedTuple):
    """Words that set two devices against each other: in what, and whether two amounts are so."""

    start: int
    end: int
    key: str
    holds: Callable[[float, float], bool]
    #: The passage with a sign for each letter of a name of a device.
    masked: str


def sayings(text: str, sentence: Sentence, names: Sequence[Mention], fraction: str) -> Iterator[Saying]:
    """Every saying of a sentence whose attribute its words tell."""
    masked = _masked(text, names)
    yield from _level(masked, sentence)
    yield from _more(masked, sentence, fraction)
    for claim in claims(text, sentence, fraction):
        key = _of(masked, sentence, claim.start, claim.end, fraction)
        of_work = _OF_WORK.match(text, claim.end) and not _IN_BANDWIDTH.search(
            text, sentence.start, claim.start
        )
        if key and not of_work and not _BY_DOING.match(text, claim.start):
            yield Saying(
                claim.start, claim.end, key,
                partial(_is_ratio, claim.ways),
                masked,
            )  # fmt: skip


def _masked(text: str, names: Sequence[Mention]) -> str:
    """A text in which no word of a name is read: "desktop card" where it is known which one that is."""
    for each in names:
        text = f"{text[: each.start]}{NAME * (each.end - each.start)}{text[each.end :]}"
    # "Its predecessor, the B": the name tells whom.
    return _BY_NAME.sub(lambda match: " " * len(match[0]), text)


_BY_NAME = re.compile(
    rf"\b(?:its|the|their)\s(?:[\w-]+\s){{0,2}}?(?:{KIN})(?:\sfrom\s\w+)?,?\s(?:the\s)?(?={NAME})",
    re.IGNORECASE,
)
_SAME = re.compile(
    r"\b(?:(?P<keeps>keeps|kept|keeping|retains?|retained|retaining)\s+the\s+(?:same\s+)?|"
    r"(?:exactly\s+|just\s+)?(?:the\s+(?:very\s+|exact\s+)?same|an?\s+(?:identical|equal))\s+)"
    r"(?P<of>(?:number|amount|count)\s+of\s+)?",
    re.IGNORECASE,
)
#: "Draws no more than the old one", "takes as much power as".
_NO_MORE = re.compile(
    r"\b(?:draws?|drew|consumes?|consumed)\s+(?:no\s+more|(?:just\s+|exactly\s+)?as\s+much)"
    r"(?:\s+(?:power|current|energy))?\s+(?:than|as)\b",
    re.IGNORECASE,
)
#: A memory of the same kind, or in the same place, may be of another size.
_SIZE = re.compile(r"\s*(?:size|capacity|amount)\b", re.IGNORECASE)
_SIZED = re.compile(r"vram|capacity|size|amount", re.IGNORECASE)
_LEVEL, _NEAR = 1.045, 0.12


def _is_apart(gap: float, a: float, b: float) -> bool:
    return abs(abs(a - b) / gap - 1) <= _NEAR


def _is_ratio(ways: Sequence[Multiple], a: float, b: float) -> bool:
    return any(verdict_of(way, [a / b]) != "contradicted" for way in ways)


def _is_level(a: float, b: float) -> bool:
    return 1 / _LEVEL <= a / b <= _LEVEL


def _level(masked: str, sentence: Sentence) -> Iterator[Saying]:
    for match in _SAME.finditer(masked, sentence.start, sentence.end):
        one = next((each for each in named(masked) if each.start == match.end()), None)
        if one is None or one.attribute.key not in KEYS:
            continue
        key = one.attribute.key
        sized = match["of"] or _SIZED.search(masked, one.start, one.end) or _SIZE.match(masked, one.end)
        if key == "memory" and not sized:
            continue
        if key in ("cores", "transistors") and not (match["of"] or _COUNT.match(masked, one.end)):
            # "The same cores": of the same make.
            continue
        yield Saying(match.start(), one.end, key, _is_level, masked)
    for one in named(masked):
        same = _STAYED.match(masked, one.end) if sentence.start <= one.start < sentence.end else None
        if same and one.attribute.key in KEYS - {"memory"}:
            yield Saying(one.start, same.end(), one.attribute.key, _is_level, masked)
    for match in _NO_MORE.finditer(masked, sentence.start, sentence.end):
        yield Saying(match.start(), match.end(), "power", _is_level, masked)


#: "Its power limit stayed the same", "the bus is unchanged".
_STAYED = re.compile(
    r"(?:\s(?:limit|size|width|count|draw|rating|budget))?\s(?:(?:has|have)\s)?(?:stays?|stayed|"
    r"remains?|remained|is|are|was|were)\s"
    r"(?:(?:also|still|exactly)\s)?(?:the\ssame|unchanged|identical)\b",
    re.IGNORECASE,
)
_COUNT = re.compile(r"\s*(?:count|number)\b", re.IGNORECASE)
_MORE = re.compile(
    r"(?:\s*(?:W|watts?|GB/s|GB))?\s+(?:more|less|fewer|higher|lower|above|below|over|under)\s+"
    r"(?:than\b(?=\s+(?:before|the\s|its\s|on\s|in\s|\u0001|what\s))|the\s(?=\u0001)|its\s(?=\u0001)|"
    r"\u0001)",
    re.IGNORECASE,
)
#: "Has 8 GB less memory": the difference by itself.
_LESS_OF = re.compile(
    r"\s(?:more|less|fewer)\s(?P<of>memory|vram|bandwidth)\b(?!\s(?:free|left))", re.IGNORECASE
)


def _of_unit(word: str, key: str) -> bool:
    return (word.lower() == "bandwidth") is (key == "bandwidth") and key != "power"


_APART = re.compile(r"[\s,;:(\u2013\u2014-]*(?:(?:which|that|this) is |i\.e\. |so |about |only |just |or )*$")


def _more(masked: str, sentence: Sentence, fraction: str) -> Iterator[Saying]:
    """By how much an amount is more or less: "360 watts, 60 more than before"."""
    told = within(quantities(masked, fraction), sentence.start, sentence.end)
    for each in told:
        less = _LESS_OF.match(masked, each.end)
        key = next((key for key, of in _UNITS.items() if of == each.dimension), "")
        if less and key and each.value == each.high and (not less["of"] or _of_unit(less["of"], key)):
            gap = each.value
            yield Saying(each.start, each.end, key, partial(_is_apart, gap), masked)
    for one, by in pairwise(told):
        key = next((key for key, of in _UNITS.items() if of == one.dimension), "")
        more = _MORE.match(masked, by.end)
        if not key or more is None or not _APART.fullmatch(masked, one.end, by.start):
            continue
        if by.dimension == "number":
            digits = float(re.sub(r"[^\d.]", "", masked[one.start : one.end].split(maxsplit=1)[0]) or 0)
            gap = by.value * one.value / digits if digits else 0.0
        elif by.dimension == one.dimension:
            gap = by.value
        else:
            continue
        if gap and by.value == by.high:
            yield Saying(by.start, by.end, key, partial(_is_apart, gap), masked)


#: Behind a ratio, of what no amount of a device says alone.
_OF_WORK = re.compile(
    r"\s*(?:the\s+|as\s+much\s+|more\s+|less\s+|higher\s+|lower\s+)?(?:raw\s+)?(?:compute|computing|"
    r"speed|performance|"
    r"throughput|work|price|cost|money|faster|slower|quicker|as\s+fast|expensive|cheaper|dearer|pricier)\b",
    re.IGNORECASE,
)
#: What is done to something: "doubling the bus at the same pins".
_BY_DOING = re.compile(r"\w+ing\b", re.IGNORECASE)
_AFTER = re.compile(
    r"\s*(?:(?:as\s+(?:much|many)|more|less|fewer|higher|lower|of|the|that|as\s+(?:high|wide|large|"
    r"big))\s+){0,3}"
    r"(?:(?:memory|GPU|total|raw)\s+)?$",
    re.IGNORECASE,
)
#: Between an attribute and what it became, or between an amount and what that is of another's.
_BECAME = re.compile(
    r"\s+(?:size\s+|capacity\s+|budget\s+|draw\s+)?(?:per\s+(?:GPU|card)\s+)?(?:(?:has|have|had|was|"
    r"were|is|are|thus|therefore|"
    r"also|even|almost|nearly|more|than|about|roughly|just|only|exactly|increased|rose|grew|grown|risen|"
    r"went|up|"
    r"by|over|well|a|to)\s+)*$",
    re.IGNORECASE,
)
_THAT_IS = re.compile(
    r"[\s,;:(\u2013\u2014-]*(?:(?:which|that|this|it)(?:\s+(?:is|makes)|[\u2019']s)\s+|of\s+(?:memory|"
    r"vram|(?:GDDR|HBM)\w+)[\s,]+|(?:i\.e\.|is|are|by|so|thus|hence|or|and|"
    r"about|only|just|almost|nearly|roughly|exactly|more|than|over|an?|full|good|whole|barely|a\s+"
    r"mere)[\s,]+)*$",
    re.IGNORECASE,
)


def _of(masked: str, sentence: Sentence, start: int, end: int, fraction: str) -> str:
    """The attribute that a ratio is of: named right behind it or before it, or that of the amount before."""
    found = [each for each in named(masked) if sentence.start <= each.start < sentence.end]
    behind = next((each for each in found if each.start >= end), None)
    if behind and _AFTER.fullmatch(masked, end, behind.start):
        return behind.attribute.key if behind.attribute.key in KEYS else ""
    before = next((each for each in reversed(found) if each.end <= start), None)
    if before and _BECAME.fullmatch(masked, before.end, start):
        return before.attribute.key if before.attribute.key in KEYS else ""
    if before and before.attribute.key in KEYS and _IN.search(masked, sentence.start, before.start):
        between = masked[before.end : start]
        if len(between) <= _FAR and not re.search(r"[\d;:.]", between):
            return before.attribute.key
    told = [
        each
        for each in within(quantities(masked, fraction), sentence.start, start)
        if each.dimension in _UNITS and each.value == each.high
    ]
    if told and told[-1].dimension == "memory" and is_of_cache(told[-1].value):
        return ""
    if told and told[-1].end <= start and _THAT_IS.fullmatch(masked, told[-1].end, start):
        return told[-1].dimension
    return ""


#: "In bandwidth the old lady is more than twice as fast"; so far behind it stands what it is of.
_IN = re.compile(r"\b(?:in|in terms of|regarding|as for)\s(?:memory\s|raw\s)?$", re.IGNORECASE)
_FAR = 60
_IN_BANDWIDTH = re.compile(
    r"\b(?:in|in terms of|regarding|as for)\s(?:memory\s)?bandwidth\b[^.;:\d]{0,60}$", re.IGNORECASE
)
