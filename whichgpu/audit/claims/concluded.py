"""Conclusions from the two values told last: "121 TFLOPS against 65, in other words close to three times"."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.beside import in_brackets, in_round
from whichgpu.audit.comparisons.changes import is_of_growth
from whichgpu.audit.comparisons.multiple import DOWN, UP, Multiple, finding_on, parts, verdict_of
from whichgpu.audit.comparisons.said import is_multiple
from whichgpu.audit.findings import Evidence
from whichgpu.audit.text.quantities import Quantity, multiples, quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import named
from whichgpu.audit.values.binding import united

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

#: What says, right before a ratio, that it follows from what was just told.
_LEADS = re.compile(
    r"(?:(?:(?<![^\s])|[,;:(\u2013\u2014]\s*)(?:so|in other words|put differently|i\.e\.,?|or|making it)|"
    r"\b(?:that|this)(?:[\u2019']s| is| makes| gives| means)|\bwhich (?:is|makes|gives|means)|"
    # "Grown from 16 GB to 180 GB or more: more than", "from 300 W to 1,000 W, more than".
    r"\bfrom\s\$?\d[\d.,]*(?:\s?[A-Za-z/]+)?\sto\s\$?\d[\d.,]*\s?[A-Za-z/]+(?:\sor\smore)?[,:]|"
    # "82.6 TFLOPS against 19.5 for the A100, more than".
    r"\b(?:against|instead of|versus|vs\.?)\s(?:(?:the\s)?[\w -]{2,24}[\u2019']s\s)?[\d.,]+\s?[\w/]*"
    r"(?:\s(?:for|on|of|with|from|in)\s[\w -]{2,24})?,"
    r"(?: an? \w+ of)?|"
    r"\b(?:against|instead of|versus|vs\.?)\s[\d.,]+(?:\s?[\w/]+)?\s(?:is|makes|means)|"
    r"\b(?:therefore|thus|hence)|=|\b(?:shows?|yields?|represents?) an?|"
    r"\b(?:an? )?(?:factor|ratio|speed-?up|gap|advantage|lead|gain|increase|jump|improvement|reduction|"
    r"drop|plus|rise) of|"
    r"\b(?:leads?|led|trails?|ahead)\b[^.;:]{0,40}\bby)\s(?:[^.;:\d]{0,45}\s|the\s[\w -]{2,24}\s(?:has|"
    r"is|had|offers|gets)\s)?~?$",
    re.IGNORECASE,
)
#: What such a ratio may be of beside the two values: anything else that is said of it is of something else.
_ELSE = re.compile(
    r"\b(?:pric\w+|cost\w*|cheap\w*|expensive|pay\w*|dollars?|needs?|should|must|wants?|watts?|efficien\w+|"
    r"performance|users?|batch\w*|models?|work\w*|train\w*|if|would|could|might|not|never|hardly|usual\w*|"
    r"per (?!gpu|card)|sav\w+|less than|real|practice|what|again)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
#: What rates of arithmetic are called besides.
_THE_RATE = re.compile(r"\bthe (?:raw |peak |compute )?performance\b", re.IGNORECASE)
_FAST = re.compile(r"\s*(?:as )?(?:fast|quick|slow|the speed)|\s*the throughput", re.IGNORECASE)
#: A percentage that is told as a change, by what stands before it or behind it.
_CHANGE = re.compile(
    r"\b(?:increase|gain|improvement|uplift|jump|bump|advantage|lead|rise|plus|reduction|decrease|drop|"
    r"cut) of\b|\bby\b"
    r"[^.;\d]{0,20}$",
    re.IGNORECASE,
)
_CHANGED = re.compile(
    r"\s*(?:more|higher|greater|larger|bigger|wider|faster|less|lower|fewer|smaller|slower|increase|gain|"
    r"improvement|uplift|jump|bump|advantage|lead|reduction|decrease|drop)\b",
    re.IGNORECASE,
)
_DIMENSIONS = ("count", "flop rate", "op rate", "bandwidth", "memory", "power", "rate", "bits", "area")
#: Values of other kinds, of which a ratio right behind them is.
_NOT_THESE = ("bit rate", "time", "money", "energy")
_RATES = ("flop rate", "op rate", "bandwidth", "rate")
#: Before a bare number that is set against a value, and what may follow it.
_SET_AGAINST = re.compile(
    r"\b(?:against|versus|vs\.?)\s+(?:the\s+)?[\w -]{2,24}[\u2019']s\s+$|"
    r"\b(?:against|versus|vs\.?|instead of|compared (?:to|with)|(?:up |down )?from|makes?|manages?|has|"
    r"only)\s+(?:just\s+|only\s+)?$",
    re.IGNORECASE,
)
#: Between a device and its number, which has the unit of the one before: "the L40S reached 1,790".
_THEN = re.compile(
    r"\s(?:(?:gave|did|got|does|gives|reached|at|with)\s)?(?:us\s)?(?:about\s|~)?", re.IGNORECASE
)
#: "From 900 GB/s to 2,039".
_TO = re.compile(r"\s*to\s+(?:about\s+|some\s+|only\s+)?", re.IGNORECASE)
#: "989 vs 312 TFLOPS": of two numbers the second alone may have the unit.
_VERSUS = re.compile(
    r"(?<![\w.,])(?P<a>\d[\d,]*(?:\.\d+)?)\s*(?:vs\.?|versus|against|instead of|over|/)\s*$", re.IGNORECASE
)
#: "2,400 tokens per second on one H100 and 6,720 on one B200": of the same unit.
_AND = re.compile(r"[^.;]{1,50}\b(?:and|but|while|,)\s+(?:about |around |some |only |just )*$", re.IGNORECASE)
_BARE = "bare"
_ON_ANOTHER = re.compile(r"\s+(?:on|for|with|in)\s+(?:the|an?|one|two|four|eight|its|[A-Z])", re.IGNORECASE)
_NO_UNIT = re.compile(r"\s*(?:[.,;:)]|$|(?:in|for|on|of|with|at) (?:the|its|an?|one|two|four|eight)\b)")
#: How far off such a number may be, and how far back what explains a ratio may stand.
_LIKE, _BACK, _BOTH = 20.0, 600, 2

#: "Per watt, NVIDIA is ahead by 22 percent": of two that were divided by it first.
_PER_ONE = re.compile(r"\s*(?:Per|For (?:each|every)) (?:watt|dollar|euro|gigabyte|joule)\b", re.IGNORECASE)


def find(context: Context) -> Iterator[Finding]:
    """Every ratio that is said to follow from the two values before it, with its verdict."""
    for index, passage in context.document.running():
        text = passage.text
        said = [
            each for each in (*multiples(text), *quantities(text, context.fraction))
            if each.high == each.value > 0 and (each.dimension == "percent" or is_multiple(text, each))
        ]  # fmt: skip
        found = united(text, quantities(text, context.fraction), context.mentions.get(index, ()))
        every = sorted(_valued(text, found, frozenset(each.end for each in context.mentions.get(index, ()))))
        before: Sentence | None = None
        for sentence in sentences(text) if len(every) > 1 or said else ():
            if _PER_ONE.match(sentence.text):
                continue
            shares = [
                Quantity(one.start, one.end, one.times, one.times, "times", "")
                for one in (parts(text, sentence) if len(every) > 1 else ())
            ]
            for claim in (*within(said, sentence.start, sentence.end), *shares):
                same = in_brackets(text, (claim.start, claim.end), sentence, found)
                yield from _of_claim(passage, (before, sentence), (claim, same or ()), every, context)
            before = sentence


#: Behind a number, that things are counted.
_COUNT_OF = re.compile(
    r"\s+(?:(?:CUDA|tensor|shader|stream|RT)\s+)?(?:cores|SMs|shaders|processors|units)\b", re.I
)


def _valued(text: str, found: Sequence[Quantity], named: frozenset[int]) -> Iterator[Quantity]:
    """The values of a passage: both ends of "from 38.7 to 91.1", and numbers that are set against a value.

    A number is so behind a device too, whose name ends at one of `named`: "the L4 gave 610 tokens/s, the L40S
    1,790".
    """
    last: Quantity | None = None
    yield from _bare_pairs(text)
    for each in found:
        if each.dimension in _DIMENSIONS and each.high != each.value:
            yield each._replace(high=each.value)
            yield each._replace(value=each.high)
            last = None
        elif each.dimension in _DIMENSIONS:
            if bare := _VERSUS.search(text, max(0, each.start - 24), each.start):
                value = float(bare["a"].replace(",", "")) * each.value / (_plain(text, each) or 1.0)
                yield each._replace(start=bare.start("a"), end=bare.end("a"), value=value, high=value)
            yield each
            last = each
        elif last and each.dimension == "number" and _COUNT_OF.match(text, each.end):
            # "1,792 GB/s each; 24,064 cores and 21,760": of what was counted last.
            last = None
        elif last and each.dimension == "number" and _NO_UNIT.match(text, each.end):
            plain = _plain(text, last)
            near = plain and 1 / _LIKE < each.value / plain < _LIKE and each.start - last.end < 60
            # Blanks and a verb at the most stand between a device and its number.
            of_device = any(at > last.end and _THEN.fullmatch(text, at, each.start) for at in named)
            on_another = _AND.search(text, last.end, each.start) and _ON_ANOTHER.match(text, each.end)
            of_device = of_device or _TO.fullmatch(text, last.end, each.start) is not None
            if near and (of_device or on_another or _SET_AGAINST.search(text, last.end, each.start)):
                value = each.value * last.value / plain
                limit = _BARE if on_another else ""
                yield each._replace(
                    value=value, high=value, dimension=last.dimension, unit=last.unit, limit=limit
                )


#: "5,888 for the one against 3,072 for the other": two numbers without a unit, set against each other.
_TWO_BARE = re.compile(
    r"(?<![\w.,$\u20ac])(?P<a>\d{1,3}(?:,\d{3})+|\d{3,5})(?:\s+(?:for|in|on|of)\s+(?:the|an?|its)"
    r"\s[^.;:,\d]{0,12}?[\w -]{2,30}?)?\s+"
    r"(?:against|versus|vs\.?|instead of)\s+(?:the\s+)?(?P<b>\d{1,3}(?:,\d{3})+|\d{3,5})"
    r"(?=[,;:]|\s+(?:for|in|on|of|is)\b)",
    re.IGNORECASE,
)


#: "From 16,384 to 21,760": two counts of what stands before them.
_FROM_TO = re.compile(
    r"\bfrom\s+(?P<a>\d{1,3}(?:,\d{3})+)\s+to\s+(?P<b>\d{1,3}(?:,\d{3})+)(?=[,;:(]|\s+(?:in|on|with)\b)",
    re.IGNORECASE,
)


def _bare_pairs(text: str) -> Iterator[Quantity]:
    for match in (*_TWO_BARE.finditer(text), *_FROM_TO.finditer(text)):
        for side in ("a", "b"):
            value = float(match[side].replace(",", ""))
            yield Quantity(*match.span(side), value, value, "count", "")


def _plain(text: str, each: Quantity) -> float:
    digits = re.search(r"\d[\d,]*(?:\.\d+)?", text[each.start : each.end])
    return float(digits[0].replace(",", "")) if digits else 0.0


_OR_BY = re.compile(r"\s+or\s+\d[\d.,]*\s?%\s+(?:more|less|higher|lower|faster|above|below)\b", re.IGNORECASE)
#: What one is told to do: "count on half of the peak, so double the times".
_TO_DO = re.compile(
    r"(?:double|halve|triple|half)\s+(?:the|that|this|these|those|your|all)\s+\w+", re.IGNORECASE
)
#: Between two figures, that one comes on top of the other.
ON_TOP = re.compile(r"\b(?:on top of|plus|added to|in addition to|besides)\b", re.IGNORECASE)
_MARK = re.compile(r"[,;:()]")
_IN_LIST = re.compile(r"\d,\s+$")


def _of_claim(
    passage: Passage, at: tuple[Sentence | None, Sentence], said: tuple[Quantity, Sequence[Quantity]],
    every: Sequence[Quantity], context: Context,
) -> Iterator[Finding]:  # fmt: skip
    text, here, (claim, same) = passage.text, at[1], said
    mark = _MARK.search(text, claim.end, here.end)
    stop = mark.start() if mark else here.end
    same = same or _led(passage, at, claim, (every, quantities(text, context.fraction)), stop)
    apart = _is_listed(text, claim, same) or is_of_growth(text, here, claim.start)
    if len(same) != 2 or apart or same[0].value == same[1].value or not same[0].value * same[1].value:
        return
    if not in_round(text, claim.start) and len({in_round(text, each.start) for each in same}) > 1:
        # "150 W (plus 25 W of boost), a third of the 4090's 450": not of the aside.
        return
    if _is_of_else(text, claim, same, stop):
        return
    pair = sorted(each.value for each in same)
    verdict = _verdict(text, claim, pair[1] / pair[0])
    if not verdict:
        return
    near = [each for each in every if claim.start - _BACK < each.start and each.end <= claim.end]
    if verdict == "contradicted" and any(
        _verdict(text, claim, max(a.value / b.value, b.value / a.value)) == "confirmed"
        for a, b in combinations(near, 2)
        if a.dimension == b.dimension and a.value * b.value > 0
    ):
        return
    shown = [text[each.start : each.end] for each in same]
    words = f"{shown[0]} and {shown[1]}: {pair[1] / pair[0]:.3g} times"
    answer = ("inconsistent" if verdict == "contradicted" else verdict, f"{pair[1] / pair[0]:.2g}x", words)
    yield finding_on(
        passage, Multiple(claim.start, claim.end, claim.value, claim.limit), answer, context,
        attribute="stated values", evidence=(Evidence(words),),
    )  # fmt: skip


def _is_listed(text: str, claim: Quantity, same: Sequence[Quantity]) -> bool:
    """Whether two values are of a longer list, or the second is what the first is more by."""
    first = min((each.start for each in same), default=0)
    return bool(
        # "35.6, 82.6 and 104.8 TFLOPS": which two of the three is told by names.
        _IN_LIST.search(text, max(0, first - 4), first)
        # "38 TOPS, which is 20 TOPS or 111 % more than": the second is what it is more by.
        or (same and _OR_BY.match(text, same[-1].end))
        or _TO_DO.match(text, claim.start)
        # "16 GB, and 17 GB on top of that": the two make up a third.
        or (same and ON_TOP.search(text, first, claim.start))
    )


def _is_of_else(text: str, claim: Quantity, same: Sequence[Quantity], stop: int) -> bool:
    """Whether a multiple behind two values is of another quantity, or of a value behind it."""
    beside = (*within(named(text), same[-1].end, claim.start), *within(named(text), claim.end, stop))
    return bool(
        any(each.attribute.dimension != same[0].dimension for each in beside)
        # "That is 50 percent more than the 600 GB/s of the A100": of a value behind it.
        or _THAN_A_VALUE.match(text, claim.end)
        # "Made up for by the cache, which is twelve times the size".
        or _OF_CACHE.search(text, same[-1].end, claim.start)
        or (_FAST.match(text, claim.end) and same[0].dimension not in _RATES)
    )


_OF_CACHE = re.compile(r"\bcaches?\b", re.IGNORECASE)
#: How far before a ratio what leads to it may begin: all of its words together are shorter.
_FAR_BACK = 250
_THAN_A_VALUE = re.compile(
    r"\s*(?:(?:more|higher|greater|larger|faster|less|lower|fewer|slower|above|below)\s+)?(?:than|of)?\s*"
    r"(?:the|its|our|their|only|just|these|those)\s+[~$]?\d",
    re.IGNORECASE,
)


def _led(
    passage: Passage, at: tuple[Sentence | None, Sentence], claim: Quantity,
    told: tuple[Sequence[Quantity], Sequence[Quantity]], stop: int,
) -> list[Quantity]:  # fmt: skip
    """The values of one dimension told last before what leads to a ratio; none with bits between."""
    text, (before, here), (every, whole) = passage.text, at, told
    if not within(every, before.start if before else here.start, claim.start):
        return []
    lead = _LEADS.search(text, max(here.start, claim.start - _FAR_BACK), claim.start)
    if lead is None:
        return []
    own = [each for each in within(every, here.start, lead.end()) if each.end <= lead.end()]
    # A number that takes over its unit is read in its own sentence only, also where several are read as one.
    own = [each for each in own if each.limit != _BARE or ". " not in text[each.end : lead.start()]]
    words = text[lead.start() : stop]
    if own and own[-1].dimension in ("flop rate", "op rate"):
        words = _THE_RATE.sub(" ", words)
    if _ELSE.search(words):
        return []
    last = max((each.end for each in own), default=here.start)
    if any(each.dimension in _NOT_THESE for each in within(whole, last, lead.end())):
        # "400 GB/s, while that one had 200 Gb/s, i.e. half as much": of what it is told in bits.
        # "Latency fell from 80 ms to 50 ms, 37.5 percent lower": of the times, not of the speeds before.
        return []
    if before is not None and len([each for each in own if each.dimension == own[-1].dimension]) < _BOTH:
        told_before = [each for each in within(every, before.start, before.end) if each.limit != _BARE]
        own = [*told_before, *own]
    return [each for each in own if each.dimension == own[-1].dimension]


def _verdict(text: str, claim: Quantity, real: float) -> str:
    """Whether the greater is so many times the lesser, or so much more, or the lesser so much less."""
    if claim.dimension != "percent":
        return verdict_of(Multiple(0, 0, claim.value, claim.limit), [real, 1 / real])
    changed = _CHANGED.match(text, claim.end)
    if not changed and not _CHANGE.search(text, max(0, claim.start - 40), claim.start):
        return ""
    step = claim.value
    near = text[max(0, claim.start - 40) : claim.start] if not changed else changed[0]
    up, down = UP.search(near), DOWN.search(near)
    # "An increase of 45 percent" from 80 to 141 isn't one that 80 has below 141.
    ways = [] if down and not up else [verdict_of(Multiple(0, 0, 1 + step, claim.limit, step), [real])]
    if step < 1 and (down or not up):
        ways.append(verdict_of(Multiple(0, 0, 1 - step, claim.limit, -step), [1 / real]))
    return next((each for each in ("confirmed", "unverifiable") if each in ways), "contradicted")
