"""What a sentence says of two things by an amount: "39 % ahead", "twice as fast", "a third less", "$50 less"."""  # noqa: E501

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.multiple import Multiple, opposite, parts, share_of
from whichgpu.audit.patterns import MANY
from whichgpu.audit.text.quantities import multiples, quantities
from whichgpu.audit.text.sentences import Sentence, within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.text.quantities import Quantity

_HIGHER = (
    r"ahead|faster|quicker|more|higher|greater|larger|bigger|wider|longer|dearer|pricier|costlier|"
    r"better|sooner|"
    r"above|over|gain|lead|increase|rise|jump|uplift|speed-?up|advantage|on top|extra|premium|heavier|"
    r"hungrier"
)
_LOWER = (
    r"behind|slower|less|fewer|lower|cheaper|short(?:er)?|smaller|below|under|shy|off|reduction|cut|drop|"
    r"decrease|saving|discount|narrower|worse"
)
_AFTER = re.compile(
    rf"(?:\s+(?:or so|again|clear|faster and))?\s*(?:(?P<up>{_HIGHER})|(?P<down>{_LOWER})|(?P<of>of\b)|"
    r"(?P<as>(?:as|the|its|that|those|what)\b)|(?P<end>[.,;:)]|$|\s(?:in|on|at|with|for|there|here|by|and|per|"
    r"case)\b))",
    re.IGNORECASE,
)
#: "Higher by a fifth", "higher than the A10's by a fifth".
_BY = r"\s+(?:than\b[^.;:,]{0,40}?\s)?by\b"
_BEFORE = re.compile(
    r"\b(?:(?P<up>increase[ds]|leads?|led|beats?|beat|grew|grown?|gr[eo]ws?|adds|added|rises?|rose|risen|"
    r"gains?|gained|up|"
    r"raised?|climbed|"
    r"outperforms?|outruns?|outpaces?|exceeds?|improved?|ahead|tops|jump(?:ed|s)?|wins|"
    rf"(?:faster|quicker|dearer|longer|higher|wider|larger|greater|bigger|more expensive)(?={_BY})|"
    r"(?:increase|rise|jump|gain|uplift|improvement|advantage|premium|surcharge|boost|lead)"
    r"(?=\s+(?:of|is|was|comes to|amounts to)\b)|"
    r"plus(?=\s+(?:about |around |roughly |some )?$))|"
    r"(?P<down>trails?|trailed|lags?|lagged|fell|falls?|fallen|down|drops?|dropped|cut|cuts|reduced|"
    r"undercuts?|"
    r"loses|lost|costs?(?: (?:me|us|you|it))?(?=\s+(?:about |around |some |only |just )*$)|"
    rf"shr[aiu]nk\w*|shorter|slower|cheaper|saves?|saving|(?:lower|smaller|narrower|less)(?={_BY})|"
    r"(?:reduction|decrease|discount)(?=\s+of\b)|minus(?=\s+(?:about |around |roughly |some )?$)))\b"
    r"(?P<gap>[^.;:]{0,60}?)(?:\b(?:by|only|just|a mere|some|about|around|roughly|nearly|almost|over|"
    r"exactly|of)\s+){0,3}$",
    re.IGNORECASE,
)
_FACTOR = re.compile(
    r"\b(?:factor|ratio|speed-?up|lead) of (?:about |around |roughly |only |some |~)?$", re.IGNORECASE
)
#: Before the second of two: "seven or eight times".
_OR = re.compile(
    r"\b(?:\d+(?:[.,]\d+)?|"
    r"two|three|four|five|six|seven|eight|nine|ten)\s+(?:or|to)\s+$|"
    r"\bbetween\s+(?:\w+|\d+(?:[.,]\d+)?)(?:\s?(?:%|percent|times|x))?\s+and\s+$",
    re.IGNORECASE,
)
#: "Comes within 11 % of it" is how near, and no share.
_WITHIN = re.compile(
    r"\bwithin (?:about |around |roughly |some |just |only |less than |an? |~)*$", re.IGNORECASE
)
_NO_RATIO = re.compile(r"\s*(?:a (?:day|week|month|year)|per |/|again\b)", re.IGNORECASE)


#: Work that arithmetic bounds, of which rates of one request tell nothing: "in large batches".
OF_COMPUTE = re.compile(
    r"\b(?:large[r]?|big(?:ger)?|high(?:er)?) batch(?:es| sizes?)?\b|\bprompts?\b|\bprefill\w*|\bbatched\b|"
    r"\bcompute(?:[- ]bound|[- ]limited|\s+(?:\w+ )?(?:matters|decides|counts|dominates|rules|wins))\b|"
    r"\b(?:arithmetic|tensor cores?) (?:decides?|counts?|matters?)\b",
    re.IGNORECASE,
)  # fmt: skip
#: What a ratio is in that its words and the table beside it say to be of a speed: of nothing else.
OF_SPEED = "speed told"


#: A change by a share in words: "from 600 to 900 GB/s, i.e. by one third".
_BY_A_PART = re.compile(
    r"\bby\s(?:about\s|around\s|roughly\s|nearly\s|almost\s|some\s|(?P<over>(?:well |far )?(?:more than|"
    r"over)\s))?(?P<share>half|(?:an?|one|two|three)[ -]"
    r"(?:half|thirds?|quarters?|fifth|sixth|tenth))\b(?!\s(?:of|again|more|less))",
    re.IGNORECASE,
)


class Claim(NamedTuple):
    """A ratio that is stated: what it may be, each as a multiple; whether the greater is meant first."""

    start: int
    end: int
    ways: tuple[Multiple, ...]


@lru_cache(maxsize=MANY)
def claims(text: str, sentence: Sentence, fraction: str) -> tuple[Claim, ...]:
    """The ratios that a sentence states of two amounts, by its words."""
    return tuple(_claims(text, sentence, fraction))


def _claims(text: str, sentence: Sentence, fraction: str) -> Iterator[Claim]:
    taken: list[tuple[int, int]] = []
    for part in parts(text, sentence):
        if _WITHIN.search(text, max(sentence.start, part.start - 24), part.start):
            continue
        taken.append((part.start, part.end))
        yield Claim(part.start, part.end, (part._replace(limit=part.limit or "about"),))
    for match in _BY_A_PART.finditer(text, sentence.start, sentence.end):
        share = share_of(match["share"])
        if share is not None and not any(a < match.end() and match.start() < b for a, b in taken):
            taken.append(match.span("share"))
            place = match.span("share")
            steps = ((share, "over"), (-share, "under")) if match["over"] else ((share, ""), (-share, ""))
            yield Claim(*place, tuple(Multiple(*place, 1 + step, limit, step) for step, limit in steps))
    every = sorted((*quantities(text, fraction), *multiples(text)))
    for each in within(every, sentence.start, sentence.end):
        if (
            each.high != each.value
            or _OR.search(text, max(sentence.start, each.start - 16), each.start)
            or _WITHIN.search(text, max(sentence.start, each.start - 24), each.start)
            or each.value <= 0
            or any(a < each.end and each.start < b for a, b in taken)
        ):
            continue
        ways: tuple[Multiple, ...] = ()
        if each.dimension == "percent":
            ways = tuple(_of_percent(text, sentence, each))
        elif each.dimension == "times" or (
            each.dimension == "number"
            and _FACTOR.search(text, max(sentence.start, each.start - 30), each.start)
        ):
            ways = tuple(_of_times(text, each))
        if ways:
            yield Claim(each.start, each.end, ways)


def _of_percent(text: str, sentence: Sentence, each: Quantity) -> Iterator[Multiple]:
    after = _AFTER.match(text, each.end)
    before = _BEFORE.search(text, max(sentence.start, each.start - 90), each.start)
    if after and after["of"]:
        if not before:
            yield Multiple(each.start, each.end, each.value, each.limit or "about")
        return
    up = bool(after and after["up"]) or bool(before and before["up"] and not (after and after["down"]))
    down = bool(after and after["down"]) or bool(before and before["down"] and not (after and after["up"]))
    if up and not down:
        yield Multiple(each.start, each.end, 1 + each.value, each.limit, each.value)
    if down and not up:
        yield Multiple(each.start, each.end, 1 - each.value, opposite(each.limit), -each.value)
        yield Multiple(each.start, each.end, 1 / (1 + each.value), opposite(each.limit), -each.value)


def _of_times(text: str, each: Quantity) -> Iterator[Multiple]:
    if _NO_RATIO.match(text, each.end):
        return
    after = _AFTER.match(text, each.end)
    if not after or each.value > 1000:
        return
    if after["down"]:
        yield Multiple(each.start, each.end, 1 / each.value, opposite(each.limit))
        return
    yield Multiple(each.start, each.end, each.value, each.limit)
    if after["up"]:
        yield Multiple(each.start, each.end, each.value + 1, each.limit)


def is_near(way: Multiple, real: float) -> bool:
    """Whether a ratio may be what is stated, with all that rounding and a hedge excuse."""
    stated, hedged = way.times, way.limit in ("about", "nearly")
    if way.limit == "over":
        return stated * 0.95 <= real <= stated * 1.5
    if way.limit in ("under", "up to"):
        return stated * 0.6 - 0.05 <= real <= stated * 1.05
    if way.step:
        return abs(real - stated) <= (0.05 + 0.15 * abs(way.step) if hedged else 0.02 + 0.05 * abs(way.step))
    whole = stated == round(stated) or hedged or stated < 1
    return abs(real / stated - 1) <= (0.15 if hedged else 0.1 if whole else max(0.04, 0.06 / stated))
