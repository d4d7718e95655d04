"""Ratios of two things that a clause names or describes, by all that is known of just these two.

"The Ti is 75 % quicker than the plain 5070", "its 1,307 dense teraflops exceed the H100's by 62 %", "leads by
12 % on paper": where both sides are known, in whatever way, a ratio that they have in nothing that the words
may be of is wrong. Of one whose other side stays open every other thing of the same tables may be meant.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.anywhere import follows, gives
from whichgpu.audit.claims.told_ratios import (
    clause,
    is_by,
    is_of_name,
    is_of_other_work,
    is_of_unlisted,
    measure,
)
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.orders import BY_TIME, asked, is_of_the_hour, works, works_of
from whichgpu.audit.known.said import MAKES, claims, is_near, is_of_another_scene
from whichgpu.audit.known.sides import Side, first, goes_on, is_open, last, place
from whichgpu.audit.known.store import of_catalogue, store
from whichgpu.audit.patterns import MANY
from whichgpu.audit.quantities import quantities
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import Sentence, sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.said import Claim
    from whichgpu.audit.known.store import Amount, Series

#: What may be meant besides, where the words seem to be of one measure.
_MAY_BE = {
    "speed": ("speed", "time", "peak", "bandwidth"), "price": ("price", "value"), "value": ("value", "price"),
    "energy": ("energy", "power", "efficiency", "time"), "efficiency": ("efficiency", "energy", "value"),
    "memory": ("memory", "bandwidth"), "bandwidth": ("bandwidth",), "power": ("power", "energy"),
    "cores": ("cores",), "peak": ("peak", "speed"),
}  # fmt: skip
#: Measures of which the catalogue has all that there is.
_ON_FILE = frozenset({"memory", "bandwidth", "cores", "peak"})
_THAN = re.compile(
    r"[^.;:,]{0,48}?\b(?:than|as|of|what|that of|over|above|below|behind|ahead of|short of)\s+", re.IGNORECASE
)
_BY = re.compile(
    r"\bby\s+(?:about |around |roughly |some |only |just |nearly |almost |over |a mere )*$", re.IGNORECASE
)
_NO = re.compile(
    r"\b(?:if|unless|would|could|might|may|should|ought|expect\w*|claim\w*|rumou?r\w*|says|advertis\w+|marketing|"
    r"up to|between \d|average\w*|typical\w*|overhead|spars\w+|idle|load|batch|context|quanti[sz]\w+|weights|"
    r"parameters?|layers|games?|gaming|fps|not|never|hardly|used|second-hand|discount|spot|reserved|month\w*|"
    r"years?|weeks?|since|dies?|transistors?|density|clock\w*|cache|area|theor\w+|limit\w*|tax|vat|"
    r"latter|former|per (?:core|SM|dollar|euro|watt|gigabyte|gb)|of (?:the|its) (?:peak|limit|"
    r"list)|from [\d$]|"
    r"(?:two|three|four|six|eight|ten|\d+) (?:of|cards|gpus)|both|respectively|each|by half|"
    r"from [A-Z0-9]\S* to)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
_NEAR, _CLAUSE_BACK = 160, 48
#: Groups below are tables.
_TABLES = 1000


def find(context: Context) -> Iterator[Finding]:
    """Every such ratio that the two do not have."""
    told = [*store(context), *of_catalogue(context)]
    done = [
        (each.start, each.end)
        for each in context.memo["found"]
        if each.verdict == "confirmed" or each.accuses
    ]
    for index, passage in context.document.running():
        for sentence in sentences(passage.text):
            for claim in claims(passage.text, sentence, context.fraction):
                start, end = passage.span(claim.start, claim.end)
                if not any(a < end and start < b for a, b in done):
                    yield from _judged(index, passage, sentence, claim, told, context)


def _judged(  # noqa: PLR0917
    index: int, passage: Passage, sentence: Sentence, claim: Claim, told: Sequence[Series], context: Context
) -> Iterator[Finding]:
    text = passage.text
    at = clause(text, sentence, claim.start, claim.end)
    if (
        MAKES.search(text, at[0], claim.start)
        or is_of_another_scene(text, sentence)
        or _is_no_ratio(text, *at)
        or is_open(index, *at, context)
        or is_of_other_work(text, at, store(context))
    ):
        return
    kind = _kind(text, at, claim, context, sentence)
    # Prices at launch the catalogue knows, and no table of rents and costs tells.
    at_launch = kind == "price" and _AT_LAUNCH.search(sentence.text)
    kinds = () if at_launch else _MAY_BE.get(kind, ())
    both = _sides(index, passage, sentence, at, claim, told, context) if kinds else None
    part = Sentence(*at, text[slice(*at)])
    if both is None or (
        not both[1].ids
        and is_of_unlisted(
            spoken(index, passage, sentence, context), part, [each for each in told if each.measure in kinds]
        )
    ):
        return
    one, other = (_told_as(side, told) for side in both)
    if one.number > 1 or other.number > 1:
        return
    opened = not other.ids and not other.names
    measured = (
        kind == "speed"
        and _FAST.search(text, *at)
        and not _PAPER.search(sentence.text)
        and any(
            _ratios(each, one, other)
            for each in asked(kind, sentence, at, passage, store(context), claim.end)
        )
    )
    if opened or measured or _SO.match(sentence.text):
        # What follows from what was just told, or is of one of all that are told of, is of nothing else.
        told = [each for each in told if any(some.words for some in each.amounts)]
        kinds = ("speed", "time", "peak", "") if kind == "speed" else (kind,)
        if opened and (_VERB.match(text, claim.start) or _OWN.match(text, claim.end)):
            return
    told = [each for each in told if is_by(each, sentence.text)]
    if kind == "speed" and (work := works(_right_behind(text, claim.end, at[1]))):
        told = [each for each in told if not (own := works_of(each)) or work & own]
    real = _real(kind, (one, other), sentence, told)
    besides = [ratio for each in told if each.measure in kinds for ratio in _ratios(each, one, other)]
    if kind == "price":
        besides += _of_each(real, (one, other), context)
    every = [*(ratio for ratio, _ in real), *besides, *_around(index, passage, sentence, context)]
    if not real or any(
        is_near(way, each) for way in claim.ways for each in (*every, *(1 / each for each in every))
    ):
        return
    ways = [each.times for each in claim.ways]
    back = max(0, sentence.start - _NEAR)
    if gives(passage, (sentence.start, claim.start), ways, context) or follows(
        passage, (back, claim.start), ways, context
    ):
        return
    ratio, series = min(real, key=lambda each: abs(each[0] / ways[0] - 1))
    shown = (
        ", ".join(f"{each.name} {each.words}" for each in series.amounts[:5] if each.words) or series.label
    )
    because = f"of these two it is {ratio:.3g} times: {shown}"
    yield made(
        context, passage, (claim.start, claim.end), "ratio", "inconsistent", attribute="told before",
        because=because, expected=f"{ratio:.2g} times", evidence=(Evidence(because),),
    )  # fmt: skip


@lru_cache(maxsize=MANY)
def _is_no_ratio(text: str, start: int, end: int) -> bool:
    """Whether a clause says that its ratios are not of what was told."""
    return _NO.search(text, start, end) is not None


def _right_behind(text: str, start: int, end: int) -> str:
    """What a ratio is of by the words behind it, without what a comma sets off: ", unlike its images"."""
    stop = text.find(",", start, end)
    return text[start : end if stop < 0 else stop]


_AT_LAUNCH = re.compile(
    r"\b(?:at|by) (?:launch|list|msrp)\b|\b(?:launch|list) prices?\b|\bMSRPs?\b", re.IGNORECASE
)
_FAST = re.compile(
    r"\b(?:fast\w*|quick\w*|slow\w*|throughput|tokens?|images?|pictures?|speed)\b", re.IGNORECASE
)
_PAPER = re.compile(
    r"\b(?:paper|theor\w+|peak|rated|T?FLOPS|FP\d+|BF16|INT\d|bandwidth|games?|gaming|render\w*)\b",
    re.IGNORECASE,
)
_SO = re.compile(r"\W*(?:That|This|Which|So|Thus|Hence|In other words)\b")
_VERB = re.compile(r"(?:doubl|halv|tripl|quadrupl)(?:ed|es?|ing)\b", re.IGNORECASE)
_OWN = re.compile(r"\s*(?:of |as (?:much|many|high|fast) as )?(?:its|their)\b", re.IGNORECASE)
_MOVES = re.compile(r"\b(?:moves?|transports?|reads?)\b[^.,;]*$", re.IGNORECASE)
_STOPS = re.compile(r"[,;:()]|\s(?:and|but|while|at|in|for|on|with)\s")


def _kind(text: str, at: tuple[int, int], claim: Claim, context: Context, sentence: Sentence) -> str:
    """What a ratio is in: by what follows it, else by the words of the clause, where it is the only one."""
    stop = _STOPS.search(text, claim.end, at[1])
    kind = measure(text, claim.end, stop.start() if stop else at[1], (claim.end, claim.end))
    if not kind:
        inside = [each for each in claims(text, sentence, context.fraction) if at[0] <= each.start < at[1]]
        # "The one costs 20 % more than the other and has 1.67 times the memory": of the first its verb tells.
        until = at[1] if len(inside) == 1 else claim.start
        kind = measure(text, at[0], until, (claim.start, claim.end)) if inside[:1] == [claim] else ""
    if not kind:
        # "The A10 does the most work, 29 % more than the L4".
        back = max(sentence.start, at[0] - _CLAUSE_BACK)
        kind = "speed" if measure(text, back, at[0], (at[0], at[0])) == "speed" else ""
    if not kind and _HOLDS.search(text, at[0], claim.start):
        kind = "memory"
    if kind == "speed" and _MOVES.search(text, at[0], claim.start):
        kind = "bandwidth"
    # Cores and prices are told of too much else.
    return "" if kind in ("cores", "value", "energy", "efficiency") else kind


_HOLDS = re.compile(r"\b(?:holds|carries)\s+(?:about |some )?$", re.IGNORECASE)


def _told_as(side: Side, told: Sequence[Series]) -> Side:
    """A side by the very devices that the document told of, where it told of one form."""
    forms = {
        each
        for series in told
        for one in series.amounts
        if one.words and len(one.ids) == 1
        for each in one.ids
    }
    return side._replace(ids=tuple(ids & forms or ids for ids in side.ids))


def _real(
    kind: str, both: tuple[Side, Side], sentence: Sentence, told: Sequence[Series]
) -> list[tuple[float, Series]]:
    """What two have over each other in each series of a kind that a sentence may mean."""
    kinds = ("speed", "time") if kind == "speed" else (kind,)
    meant = [each for each in told if each.measure in kinds]
    meant = [each for each in meant if not (each.derived and kind in ("speed", "power", "memory"))]
    if kind == "price" and BY_TIME.search(sentence.text):
        meant = [each for each in meant if is_of_the_hour(each, sentence.text)]
    if kind not in _ON_FILE:
        meant = [each for each in meant if any(some.words for some in each.amounts)]
    return [(ratio, each) for each in meant for ratio in _ratios(each, *both)]


def _of_each(real: Sequence[tuple[float, Series]], both: tuple[Side, Side], context: Context) -> list[float]:
    """What prices are over each other by anything that their table tells of too: per request, times hours."""
    return [
        way for ratio, priced in real for each in store(context)
        if each.group == priced.group < _TABLES and each is not priced and not each.derived
        for by in _ratios(each, *both) for way in (ratio / by, ratio * by)
    ]  # fmt: skip


_FROM_TO = re.compile(r"\bfrom\b.*\bto\b", re.IGNORECASE)
_FROM = re.compile(r"\bfrom (?:the |an? |our |one )?$", re.IGNORECASE)
_TO = re.compile(r"s? to (?:the |an? |our |one )?", re.IGNORECASE)


def _sides(  # noqa: PLR0917
    index: int, passage: Passage, sentence: Sentence, at: tuple[int, int], claim: Claim,
    told: Sequence[Series], context: Context,
) -> tuple[Side, Side] | None:  # fmt: skip
    """The two that a ratio is of; the second without a thing where it stays open."""
    text = passage.text
    before = Sentence(at[0], claim.start, text[at[0] : claim.start])
    after = Sentence(claim.end, at[1], text[claim.end : at[1]])
    here = list(place(index, passage, before, context))
    if len(here) > 1 and _FROM_TO.search(text, at[0], here[-1].start):
        # "Going from the A to the B you pay 45 % more".
        a, b = here[-2:]
        side = _TO.fullmatch(text, a.end, b.start) and _FROM.search(text, at[0], a.start)
        return (Side((frozenset(b.ids),)), Side((frozenset(a.ids),))) if side else None
    if _BY.search(text, at[0], claim.start) and len(here) > 1:
        # "The A exceeds the B by 62 %".
        left = Sentence(at[0], here[-1].start, text[at[0] : here[-1].start])
        one = last(index, passage, left, told, context)
        return (one, Side((frozenset(here[-1].ids),))) if one and len(one.ids) == 1 else None
    than = _THAN.match(text, claim.end, at[1])
    rest = Sentence(than.end() if than else claim.end, at[1], text[than.end() if than else claim.end : at[1]])
    other = first(index, passage, rest, told, context) if than else None
    if _BY.search(text, at[0], claim.start) and len(here) == 1 and not than:
        one = goes_on(
            index, passage, sentence, Sentence(at[0], here[0].start, text[at[0] : here[0].start]), context
        )
        if one is not None:
            return one, Side((frozenset(here[0].ids),))
    one = last(index, passage, before, told, context) or goes_on(index, passage, sentence, before, context)
    if (
        one is None
        or len(one.ids) + len(one.names) != 1
        or (other and len(other.ids) + len(other.names) != 1)
    ):
        return None
    if other is None and place(index, passage, after, context):
        return None
    return one, other or Side(())


def _ratios(series: Series, one: Side, other: Side) -> list[float]:
    own, others = one.of(series)[0], (other.of(series) or [[]])[0]
    if not other.ids and not other.names:
        others = [each for each in series.amounts if each not in own]
    return [way for a in own for b in others if a is not b for way in _over(a, b, series)]


def _over(a: Amount, b: Amount, series: Series) -> Iterator[float]:
    """What one amount is over another, of all and of one of as many as there are."""
    for m in {1.0, a.number}:
        for n in {1.0, b.number}:
            ratio = (a.value / m) / (b.high / n)
            yield 1 / ratio if series.measure == "time" and series.dimension else ratio
            if a.high != a.value or b.high != b.value:
                yield (a.high / m) / (b.value / n)


def _around(index: int, passage: Passage, sentence: Sentence, context: Context) -> list[float]:
    """The ratios of the amounts of a sentence with each other and with those close before it."""
    every = quantities(passage.text, context.fraction)
    told = [
        each for each in within(every, max(0, sentence.start - _NEAR), sentence.end)
        if each.value > 0 and each.dimension not in ("percent", "times")
        and not is_of_name(index, each.start, context)
    ]  # fmt: skip
    return [
        a.value / b.value for a in told for b in told
        if a is not b and (a.dimension == b.dimension or "number" in (a.dimension, b.dimension))
    ]  # fmt: skip
