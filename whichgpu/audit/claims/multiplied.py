"""Products of what a text counts: "24 ports of 100 Gb/s. That is 240 Gb/s", "918 divided by 197 is 3.7".

So many of something have so much each; what is then said to be of all of them is wrong where the factors do
not give it, and no other number of the passage makes up for the difference.
"""

from __future__ import annotations

from itertools import combinations, pairwise
from math import prod
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.counts import OF_EACH, POOL, counted_in, is_count, is_near
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.counts import Counted
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence

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
    r"(?:[,;:(\u2013\u2014]|\b(?:and|so|or|i\.e\.,?|that is|that[\u2019']s|(?:which|that|this|it) (?:is|"
    r"makes|gives|means|"
    r"comes to|adds up to|amounts to)|making|giving|for|totall?ing|totals))"
    r"(?:\s+(?:so|or|i\.e\.,?|for|that is|which (?:is|makes|gives)|making|giving|a|the|about|around|"
    r"roughly|some|"
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
    r"\s*(?:So\s+)?(?:That|This|Which|It|Together|In total|In all|Altogether)(?:[\u2019']s)?,?\s*(?:then "
    r"|therefore |thus )?"
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
_SPOKEN = re.compile(r"\s*(?P<by>divided by|times|multiplied by|plus|minus|over)\s+$", re.IGNORECASE)
_IS = re.compile(
    r"\s*(?:is|are|=|equals?|gives?|makes?|comes to|leaves|yields)\s+"
    r"(?:about |around |roughly |only |just )*~?$",
    re.IGNORECASE,
)
_FAR, _REACH = 16.0, 130


def find(context: Context) -> Iterator[Finding]:
    """Every amount that is said to be a product, with its verdict."""
    for counted in counted_in(context):
        for sentence in sentences(counted.text):
            yield from _products(counted, sentence)
            yield from _spoken(counted, sentence)


def _pairs(text: str, here: Sequence[Quantity]) -> Iterator[tuple[Quantity, Quantity]]:
    """Numbers of things with what each of them has, in one sentence."""
    for one, other in pairwise(here):
        if not is_count(one) or other.high != other.value or other.dimension in ("percent", "times", "time"):
            continue
        gap = text[one.end : other.start]
        if gap.lstrip().startswith("out of"):
            # "128 out of 144 SMs": a part.
            continue
        adjacent = not gap.strip(" -") and other.dimension != "number" and _PLURAL.match(text, other.end)
        each = _EACH_OF.search(text, max(0, one.start - 24), one.start) and _HAS.fullmatch(gap)
        if adjacent or each or OF_EACH.fullmatch(gap):
            yield one, other


def _products(counted: Counted, sentence: Sentence) -> Iterator[Finding]:
    text, every = counted.text, counted.every
    here = within(every, sentence.start, sentence.end)
    for count, own in _pairs(text, here):
        later = [each for each in every if own.end <= each.start < own.end + _REACH]
        told = later[0] if later else None
        if told is None or told.high != told.value or not _alike(own, told):
            continue
        if not _is_of_all(text, own, told, sentence):
            continue
        between = re.sub(r"\b(?:each|apiece)\b", "", text[own.end : told.start])
        around = (
            between,
            text[told.end : told.end + 24],
            text[max(sentence.start, count.start - 24) : count.start],
        )
        if any(_MORE.search(words) for words in around) and not _EACH_OF.search(around[2]):
            continue
        yield from _judged(counted, told, (count, own))


def _alike(own: Quantity, told: Quantity) -> bool:
    """Whether two amounts are of one kind: one unit, or numbers of things."""
    if own.dimension == "number":
        return is_count(told) and is_count(own) and told.value > own.value
    bits = {own.dimension, told.dimension} == {"bit rate", "bandwidth"}
    return own.dimension == told.dimension or bits


def _is_of_all(text: str, own: Quantity, told: Quantity, sentence: Sentence) -> bool:
    """Whether an amount is said to be that of all of them."""
    if told.start >= sentence.end:
        return bool(_THAT_IS.fullmatch(text[sentence.end : told.start]))
    lead = _LEADS.search(text, own.end, told.start)
    said = lead and (
        _SAYS_ALL.search(lead[0]) or lead[0].strip(" ,;:(\u2013\u2014~") not in ("", "and", "for", "or")
    )
    return bool(lead and (said or _IN_ALL.match(text, told.end)))


def _judged(counted: Counted, told: Quantity, factors: tuple[Quantity, ...]) -> Iterator[Finding]:
    """Confirmed where the product is as told; wrong where no other number of the passage makes it so."""
    real, every = prod(each.value for each in factors), counted.every
    if is_near(told, real):
        yield counted.finding(told, factors, real, "confirmed")
        return
    others = [each.value for each in every if each is not told and each.dimension in ("number", "times")]
    rate = told.dimension in ("bit rate", "bandwidth")
    others = [value for value in others if value > 1][-POOL:]
    own = factors[-1].value
    free = [prod(some) * by for n in range(3) for some in combinations(others, n) for by in (own, real)]
    same = [each.value for each in every if each.dimension == told.dimension and each is not told][-POOL:]
    free += [sum(some) for n in (2, 3) for some in combinations(same, n)] + same
    free += [abs(a - b) for a, b in combinations(same, 2)]
    # In both directions, in bytes, and both.
    free += [real * by for by in (2.0, 1 / 8, 1 / 4)] if rate else []
    known = any(is_near(told, one) for one in free)
    if not known and 1 / _FAR < told.value / real < _FAR:
        yield counted.finding(told, factors, real, "inconsistent")


def _spoken(counted: Counted, sentence: Sentence) -> Iterator[Finding]:
    """Arithmetic in words: "918 divided by 197 is 3.7"."""
    text, here = counted.text, within(counted.every, sentence.start, sentence.end)
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
            yield counted.finding(told, (a, b), real, "confirmed" if right else "inconsistent")
