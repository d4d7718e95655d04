"""Products, quotients and discounts of what a text counts: "24 ports of 100 Gb/s. That is 240 Gb/s".

So many of something have so much each; what is then said to be of all of them, or of one, is wrong where the
factors do not give it, and no other number of the passage makes up for the difference.
"""

from __future__ import annotations

from itertools import combinations
from math import prod
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import SPELLED, Quantity, quantities
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence

_COUNT = re.compile(rf"\b(?P<n>{'|'.join(SPELLED)}|eleven|fifteen|twenty-four|dozen)\b", re.IGNORECASE)
_WORDS = {**SPELLED, "eleven": 11, "fifteen": 15, "twenty-four": 24, "dozen": 12}
#: Between a number of things and what each of them has: "nodes with four", "ports of 100 Gb/s".
_OF_EACH = re.compile(
    r"\s*(?:[x\u00d7]\s)?\s*(?:[\w-]+\s+){1,6}?(?:\([^()]{1,20}\)\s+)?(?:with|of|at|having|holding|carrying|for|"
    r"containing|(?:that|which)?\s*(?:each\s+)?(?:have|has|draw|draws|cost|hold))\s+"
    r"(?:about |around |up to |roughly |a |an )?",
    re.IGNORECASE,
)
#: "Each of the four GPUs is split into seven".
_EACH_OF = re.compile(r"\b(?:each|every one|all) of (?:the|its|our|their|these|those)\s+$", re.IGNORECASE)
_HAS = re.compile(
    r"\s+(?:[\w-]+\s+){1,3}?(?:has|is (?:split|divided|cut) into|holds|draws|gets|costs|carries|comes with|"
    r"contains|gives|offers|provides|runs at)\s+(?:about |around |up to |roughly )?",
    re.IGNORECASE,
)
#: Behind what each has: "eight 400 Gb/s adapters".
_PLURAL = re.compile(r"\s+(?:[\w-]+\s+){0,2}?[a-z]{3,}s\b", re.IGNORECASE)
#: What leads to an amount of all of them; what says so behind it.
_LEADS = re.compile(
    r"(?:[,;:(\u2013\u2014]|\b(?:and|so|or|i\.e\.,?|that is|that[\u2019']s|(?:which|that|this|it) (?:is|makes|gives|means|"
    r"comes to|adds up to|amounts to)|making|giving|for|totall?ing|totals))"
    r"(?:\s+(?:so|or|i\.e\.,?|for|that is|which (?:is|makes|gives)|making|giving|a|the|about|around|roughly|some|"
    r"only|just|nearly|altogether|together|combined|in (?:all|total)|up to|total of|grand total of|whole|"
    r"sum of))*\s*~?$",
    re.IGNORECASE,
)
_SAYS_ALL = re.compile(r"\b(?:total|in all|altogether|together|combined|sum)\b", re.IGNORECASE)
_IN_ALL = re.compile(
    r"[^.;:,\d]{0,40}\b(?:in (?:total|all|sum)|altogether|all told|combined|together)\b", re.IGNORECASE
)
#: A sentence that goes on with what the amounts before it come to.
_THAT_IS = re.compile(
    r"\s*(?:So\s+)?(?:That|This|Which|It|Together|In total|In all|Altogether)(?:[\u2019']s)?,?\s*(?:then |therefore |thus )?"
    r"(?:is|makes|gives|means|comes to|adds up to|amounts to|they (?:have|draw|cost|make|offer|give))?\s+"
    r"(?:you\s+)?(?:a total of |already |only |just |about |around |roughly )*~?$",
    re.IGNORECASE,
)
#: What an amount of all of them has more, or less, than their product.
_MORE = re.compile(
    r"\b(?:plus|including|overhead|redundan\w+|discount\w*|tax\w*|vat|shipping|except|minus|without|after|"
    r"usable|effective\w*|if|could|would|cooling|spare|also|additional|extra|as well as|another|half|each)\b",
    re.IGNORECASE,
)
#: Explicit arithmetic in words.
_SPOKEN = re.compile(
    r"\s*(?P<by>divided by|times|multiplied by|plus|minus|over)\s+$", re.IGNORECASE
)
_IS = re.compile(r"\s*(?:is|are|=|equals?|gives?|makes?|comes to|leaves|yields)\s+(?:about |around |roughly |only |just )*~?$",
                 re.IGNORECASE)  # fmt: skip
#: Of one of them, behind money: "$35 a gig", "$13,500 each".
_PER = re.compile(
    r"\s*(?:each|apiece|(?:/|per|an?|for each|for every|a single)\s*(?:additional\s+|extra\s+)?(?P<unit>gigs?|gb|gigabytes?|gpus?|cards?|nodes?|"
    r"accelerators?|boards?|units?|chips?|modules?|devices?))\b(?!\s*[-/]?\s*(?:hour|h\b|month|year|day))",
    re.IGNORECASE,
)
_FOR = re.compile(r"\s*(?:for|/|over|\u00f7)\s+(?:just |only |a |about )?$|\s*(?:buys?|gets?) (?:you |me |us )?$", re.IGNORECASE)
_SAID = re.compile(
    r"(?:[,(=]|\b(?:is|are|or|makes|so|that is|that[\u2019']s|which is|comes? to|works out (?:to|at)|i\.e\.,?))"
    r"(?:\s+(?:or|so|about|around|roughly|only|just|that is|that[\u2019']s|which (?:is|makes|comes to)|some))*\s*~?$",
    re.IGNORECASE,
)
#: "35 percent off, so a GPU is $3.85".
_OFF = re.compile(r"\s*(?:off|discount|less|cheaper|rebate|reduction)\b", re.IGNORECASE)
_OFF_SO = re.compile(
    r"[^.;\d$]{0,40}[,;]\s*(?:so|which (?:makes|brings|leaves)|making|bringing|leaving|i\.e\.,?|that is)\b[^.;\d$]{0,40}$",
    re.IGNORECASE,
)
_TOLERANCE, _ROUGH, _FAR, _REACH = 0.012, 0.06, 16.0, 130
_POOL = 7


def find(context: Context) -> Iterator[Finding]:
    """Every amount that is said to be a product, a quotient or what a discount leaves, with its verdict."""
    for index, passage in context.document.running():
        named = [(each.start, each.end) for each in context.mentions.get(index, ())]
        every = _amounts(passage.text, context.fraction, named)
        for sentence in sentences(passage.text) if len(every) > 1 else ():
            yield from _products(passage, sentence, every, context)
            yield from _spoken(passage, sentence, every, context)
            yield from _shares(passage, sentence, every, context)
            yield from _sums(passage, sentence, every, context)


def _amounts(text: str, fraction: str, named: Sequence[tuple[int, int]]) -> list[Quantity]:
    """The numbers of a text in order, spelled ones too, but for those in names."""
    found = [
        each
        for each in quantities(text, fraction)
        if each.value > 0 and not any(a < each.end and each.start < b for a, b in named)
    ]
    taken = [(each.start, each.end) for each in found] + list(named)
    for match in _COUNT.finditer(text):
        if not any(a < match.end() and match.start() < b for a, b in taken):
            value = float(_WORDS[match["n"].lower()])
            found.append(Quantity(match.start(), match.end(), value, value, "number", ""))
    return sorted(found)


def _is_count(each: Quantity) -> bool:
    return each.dimension == "number" and each.value == int(each.value) and 1 < each.value < 1e5


def _pairs(text: str, here: Sequence[Quantity]) -> Iterator[tuple[Quantity, Quantity]]:
    """Numbers of things with what each of them has, in one sentence."""
    for one, other in zip(here, here[1:], strict=False):
        if not _is_count(one) or other.high != other.value or other.dimension in ("percent", "times", "time"):
            continue
        gap = text[one.end : other.start]
        adjacent = not gap.strip(" -") and other.dimension != "number" and _PLURAL.match(text, other.end)
        each = _EACH_OF.search(text, max(0, one.start - 24), one.start) and _HAS.fullmatch(gap)
        if adjacent or each or _OF_EACH.fullmatch(gap):
            yield one, other


def _products(
    passage: Passage, sentence: Sentence, every: Sequence[Quantity], context: Context
) -> Iterator[Finding]:
    text, here = passage.text, within(every, sentence.start, sentence.end)
    for count, own in _pairs(text, here):
        later = [each for each in every if own.end <= each.start < own.end + _REACH]
        told = later[0] if later else None
        if told is None or told.high != told.value or not _alike(text, own, told):
            continue
        if not _is_of_all(text, own, told, sentence):
            continue
        between = re.sub(r"\b(?:each|apiece)\b", "", text[own.end : told.start])
        around = (between, text[told.end : told.end + 24], text[max(sentence.start, count.start - 24) : count.start])
        if any(_MORE.search(words) for words in around) and not _EACH_OF.search(around[2]):
            continue
        yield from _judged(passage, told, (count, own), every, context)


def _alike(text: str, own: Quantity, told: Quantity) -> bool:
    """Whether two amounts are of one kind: one unit, or numbers of things."""
    if own.dimension == "number":
        return _is_count(told) and _is_count(own) and told.value > own.value
    bits = {own.dimension, told.dimension} == {"bit rate", "bandwidth"}
    return own.dimension == told.dimension or bits


def _is_of_all(text: str, own: Quantity, told: Quantity, sentence: Sentence) -> bool:
    """Whether an amount is said to be that of all of them."""
    if told.start >= sentence.end:
        return bool(_THAT_IS.fullmatch(text[sentence.end : told.start]))
    lead = _LEADS.search(text, own.end, told.start)
    said = lead and (_SAYS_ALL.search(lead[0]) or lead[0].strip(" ,;:(\u2013\u2014~") not in ("", "and", "for", "or"))
    return bool(lead and (said or _IN_ALL.match(text, told.end)))


def _judged(
    passage: Passage, told: Quantity, factors: tuple[Quantity, ...], every: Sequence[Quantity], context: Context
) -> Iterator[Finding]:
    """Confirmed where the product is as told; wrong where no other number of the passage makes it so."""
    real = prod(each.value for each in factors)
    if _is_near(told, real):
        yield _finding(passage, told, factors, real, "confirmed", context)
        return
    others = [each.value for each in every if each is not told and each.dimension in ("number", "times")]
    both_ways = [8.0, 2.0] if told.dimension in ("bit rate", "bandwidth") else []
    others = [value for value in others if value > 1][-_POOL:] + both_ways
    own = factors[-1].value
    free = [prod(some) * by for n in range(3) for some in combinations(others, n) for by in (own, real)]
    same = [each.value for each in every if each.dimension == told.dimension and each is not told][-_POOL:]
    free += [sum(some) for n in (2, 3) for some in combinations(same, n)] + same
    free += [abs(a - b) for a, b in combinations(same, 2)]
    free += [real / by for by in both_ways]
    known = any(_is_near(told, one) for one in free)
    if not known and 1 / _FAR < told.value / real < _FAR:
        yield _finding(passage, told, factors, real, "inconsistent", context)


def _is_near(told: Quantity, real: float) -> bool:
    """Whether an amount is a value, as it is rounded: 1.5 TB is 1,536 GB too."""
    rough = _ROUGH if told.limit or told.value >= 1e3 or told.dimension != "number" else 0.0
    rough = max(rough, _TOLERANCE) if told.dimension != "number" or told.limit else rough
    slack = _ROUGH if told.limit in ("about", "nearly") else min(rough, 0.03)
    if told.limit in ("over", "under") and 0.7 < real / told.value < 1.4:
        return True
    return abs(told.value / real - 1) <= slack + 1e-9 if real else False


def _spoken(
    passage: Passage, sentence: Sentence, every: Sequence[Quantity], context: Context
) -> Iterator[Finding]:
    """Arithmetic in words: "918 divided by 197 is 3.7"."""
    text, here = passage.text, within(every, sentence.start, sentence.end)
    for a, b, told in zip(here, here[1:], here[2:], strict=False):
        by = _SPOKEN.fullmatch(text, a.end, b.start)
        if by is None or not _IS.fullmatch(text, b.end, told.start) or not b.value:
            continue
        real = {"divided by": a.value / b.value, "over": a.value / b.value, "plus": a.value + b.value,
                "minus": a.value - b.value}.get(by["by"].lower(), a.value * b.value)  # fmt: skip
        if a.dimension != b.dimension and by["by"].lower() in ("plus", "minus"):
            continue
        digits = text[told.start : told.end].partition(".")[2].rstrip("xX% ")
        last = 0.5 * 10 ** -len(digits) if digits.isdigit() else 0.5
        if told.dimension in ("number", "times", a.dimension):
            right = abs(told.value - real) <= max(last * 1.02, 0.02 * abs(real))
            yield _finding(passage, told, (a, b), real, "confirmed" if right else "inconsistent", context)


def _shares(
    passage: Passage, at: Sentence, every: Sequence[Quantity], context: Context
) -> Iterator[Finding]:
    """Prices of one of what money was told for, and what a discount leaves of one."""
    text, here = passage.text, at
    for told in within(every, here.start, here.end):
        if told.dimension != "money" or told.high != told.value:
            continue
        near = within(every, here.start, told.start)
        per = _PER.match(text, told.end)
        if per:
            yield from _of_one(passage, told, per, near, every, context)
        elif near and near[-1].dimension == "percent" and _OFF.match(text, near[-1].end):
            if _OFF_SO.fullmatch(text, _OFF.match(text, near[-1].end).end(), told.start):  # type: ignore[union-attr]
                yield from _discounted(passage, told, near[-1], every, context)


def _of_one(
    passage: Passage, told: Quantity, per: re.Match[str], near: Sequence[Quantity], every: Sequence[Quantity],
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """A price by the piece or the gigabyte against the price and the number, or the size, before it."""
    text = passage.text
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
        if not joined or not _SAID.search(rest) or len(rest) > _FOR_SAID or (not sized and not _is_count(many)):
            continue
        known = [each.value for each in every if each.dimension == "money" and each is not told]
        sizes = [each.value / (1e9 if sized else 1.0) for each in every if each.dimension == many.dimension]
        if any(_is_about(text, told, one / size) for one in known for size in sizes):
            yield _finding(passage, told, (money, many), money.value / size, "confirmed", context)
        elif 1 / _FAR < told.value / (money.value / size) < _FAR:
            yield _finding(passage, told, (money, many), money.value / size, "inconsistent", context)
        return


#: "A board of eight Gaudi 3 at $125,000"; letters between such a price and that of one.
_FOR_MONEY = re.compile(r"\s+[\w -]{2,40}?\s+(?:at|for|cost|costs|costing|is|priced at)\s+(?:about |around )?", re.IGNORECASE)
_FOR_SAID, _ROUNDED = 60, 100


def _is_about(text: str, told: Quantity, real: float) -> bool:
    """Whether money is a value, as its digits are rounded."""
    cents = text[told.start : told.end].partition(".")[2]
    step = 0.5 * 10.0 ** -len(cents) if told.value < _ROUNDED else 0.0
    return abs(told.value - real) <= max(0.03 * real, step)


def _discounted(
    passage: Passage, told: Quantity, share: Quantity, every: Sequence[Quantity], context: Context
) -> Iterator[Finding]:
    """What a discount leaves of a price that was told before."""
    text = passage.text
    prices = [each for each in every if each.dimension == "money" and each.end <= share.start]
    real = [(each, each.value * (1 - share.value)) for each in prices]
    counts = [each.value for each in every if _is_count(each)][-_POOL:] + [1.0, 12.0, 24.0, 730.0, 720.0, 8.0]
    if any(_is_about(text, told, value) for _, value in real):
        return
    near = [(each, value) for each, value in real if 0.5 < told.value / value < 2]
    known = any(_is_about(text, told, value * by) or _is_about(text, told, value / by) for _, value in real for by in counts)
    if len(near) == 1 and not known:
        yield _finding(passage, told, (near[0][0], share), near[0][1], "inconsistent", context)


#: What comes to the amount behind it, and what comes on top of another one.
_COME_TO = re.compile(
    r"\b(?:comes? to|came to|adds? up to|totals?|makes?|is|costs?|for a total of|amounts? to|in total)\s+"
    r"(?:about |around |roughly |only |just |you )*$",
    re.IGNORECASE,
)
_ADDED = re.compile(r"\b(?:adds?|plus|another|adding|extra)\s+(?:up to |about |another |an extra |a further )*$", re.IGNORECASE)
_ON_TOP = re.compile(r"\s+(?:(?:of|for) [^.;,\d]{2,30}\s)?(?:more|extra|on top|in addition)\b", re.IGNORECASE)
_MAKES = re.compile(
    r",\s+(?:which (?:makes|gives|is|comes to|adds up to|brings it to)|so|making|for a total of|bringing it to)\s+"
    r"(?:[\w]+\s+){0,4}?$",
    re.IGNORECASE,
)
_AND = re.compile(r"[^.;:\d]{0,60}\b(?:and|plus|with)\b[^.;:\d]{1,60}", re.IGNORECASE)


def _sums(
    passage: Passage, sentence: Sentence, every: Sequence[Quantity], context: Context
) -> Iterator[Finding]:
    """What is added to another amount, and bills of several parts of which each has a number."""
    text, here = passage.text, within(every, sentence.start, sentence.end)
    for at, (own, told) in enumerate(zip(here, here[1:], strict=False)):
        if own.dimension != told.dimension or told.high != told.value or own.high != own.value:
            continue
        parts = [each for each in here[:at] if each.dimension == own.dimension]
        added = _ADDED.search(text, max(0, own.start - 24), own.start) or _ON_TOP.match(text, own.end)
        if parts and added and _MAKES.search(text, own.end, told.start) and own.dimension != "number":
            known = [end + own.value for each in parts for end in (each.value, each.high)]
            real = parts[-1].high + own.value
            right = any(_is_near(told, one) for one in known) or _is_near(told, sum(p.value for p in parts) + own.value)
            yield _finding(passage, told, (parts[-1], own), real, "confirmed" if right else "inconsistent", context)
        elif own.dimension == "money" and _COME_TO.search(text, own.end, told.start):
            yield from _of_parts(passage, told, here[: at + 1], context)


def _of_parts(
    passage: Passage, told: Quantity, before: Sequence[Quantity], context: Context
) -> Iterator[Finding]:
    """A bill against its parts: "four at $4,200 each and a chassis for $3,100 come to $19,900"."""
    text = passage.text
    parts = [each for each in before if each.dimension == "money"]
    gaps = [text[a.end : b.start] for a, b in zip(parts, parts[1:], strict=False)]
    if not 1 < len(parts) < _POOL or not all(_AND.fullmatch(re.sub(r"\d", "", gap)) for gap in gaps):
        return
    counted = []
    for each in parts:
        count = [one for one in before if one.end <= each.start and _is_count(one)][-1:]
        many = count and _OF_EACH.fullmatch(text, count[0].end, each.start) and _PER.match(text, each.end)
        counted.append(each.value * (count[0].value if many else 1.0))
    if counted == [each.value for each in parts]:
        return
    real = sum(counted)
    right = abs(told.value / real - 1) <= _TOLERANCE
    if right or 1 / _REACH_OF_SUM < told.value / real < _REACH_OF_SUM:
        yield _finding(passage, told, parts, real, "confirmed" if right else "inconsistent", context)


_REACH_OF_SUM = 2.0


def _finding(
    passage: Passage, told: Quantity, of: Sequence[Quantity], real: float, verdict: str, context: Context
) -> Finding:
    text = passage.text
    digits = re.search(r"\d[\d,]*(?:\.\d+)?", text[told.start : told.end])
    unit = told.value / (float(digits[0].replace(",", "")) or 1.0) if digits else 1.0
    shown = f"{real / unit:,.4g}"
    because = f"{' and '.join(text[each.start : each.end] for each in of)} make {shown}"
    return made(
        context, passage, (told.start, told.end), "arithmetic", verdict, attribute="product", because=because,
        expected="" if verdict == "confirmed" else shown, evidence=(Evidence(because),),
    )  # fmt: skip
