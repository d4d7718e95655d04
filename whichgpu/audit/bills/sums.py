"""Sums that an amount is said to be: of two told before it, of a list, what is left of one."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import BASES, MONEY, NEAR, TWO, Amounts
from whichgpu.audit.bills.links import CLAUSE, GIVEN, LEADS
from whichgpu.audit.text.dimensions import LENGTHS
from whichgpu.audit.text.relations import Way, alike, is_of_several, rounding
from whichgpu.audit.text.sentences import within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.text.dimensions import Term

#: What is said to be a sum, before it and behind it.
_TOTAL = re.compile(
    r"\b(?:total(?:s|l?ing)?|in all|altogether|together(?! with| AI\b|, (?:or|and|but|while)\b)|sums? up to|"
    r"adds? up to|all in all|combined)\b(?!, so\b)[^.;\d]{0,30}$",
    re.IGNORECASE,
)


#: "Add $169 a month for power and we arrive at", "plus $3,750 that is".
_ADDS = re.compile(r"\b(?:[Aa]dd(?:ing|ed)?|[Pp]lus|[Oo]n top|another|[Ii]nclud\w+|extra)\b")
_ARRIVES = re.compile(
    r"\b(?:(?:arrive|end up|land|get|are|is|come|brings? (?:it|us|you|the \w+)) (?:at|to|with)|makes?|making|"
    r"(?:costs?|bill|sum|price) (?:is|are|becomes?|rises? to|comes? to)|"
    r"for a total of|total(?:s|ling)?(?: of)?|adds? up to|comes? (?:out )?(?:at|to)|"
    r"brings? [\w ]{2,24} to|in all)\s+(?:about |around |roughly |a |total |of |just |some )*~?$",
    re.IGNORECASE,
)


_LEFT = re.compile(
    r"(?<!I )(?<!we )(?<!We )(?<!you )(?<!to )\b(?:leaves?|leaving|that leaves|remain\w*|"
    r"short of|(?:we|you) are short|"
    r"left with)\b(?: (?:you|us|me|with|only|just|about|around|roughly|"
    r"some|a))*\s*~?$",
    re.IGNORECASE,
)


_ON_ONE = re.compile(
    r"[^.;,]{0,40}\bon (?:one|an?|a single|each|either|every)\s+(?:\w+\s+)?(?:cards?|gpus?|of)\b",
    re.IGNORECASE,
)
#: Behind an amount of memory, that it is no device's.
_OF_HOST = re.compile(r"\s+(?:of\s+)?(?:the\s+)?(?:system|host|main|cpu)\s+(?:ram|memory)\b", re.IGNORECASE)
_THREE = 3
#: How far a sum may be from what is told, and from what is told roughly.
_SUM, _ABOUT = 0.008, 0.07
_SUMMED = re.compile(
    r"\b(?:together(?! with| AI\b|, (?:or|and|but|while)\b)|altogether|in total|all in all|the sum)\b",
    re.IGNORECASE,
)


_PLUS = re.compile(r"\s*(?:plus|and|\+)\s*(?:another |about |roughly |~)?", re.IGNORECASE)


_IN_ALL = re.compile(r"\s*(?:in total|in all|altogether|all told|combined|together)\b", re.IGNORECASE)


#: Before what is left of something.
_LEAVES = re.compile(r"\b(?:leav(?:es?|ing)|remain\w*)\s+(?:\w+\s+)?$", re.IGNORECASE)


def is_summed(told: Term, text: Amounts) -> bool:
    """Whether the clause of an amount says that it is of all together."""
    words, start = text.passage.text, text.sentence(told.start).start
    clause = max((one.end() for one in CLAUSE.finditer(words, start, told.start)), default=start)
    if _LEAVES.search(words, clause, told.start):
        # "Two together leave 20 GB": a difference.
        return False
    return bool(_SUMMED.search(words, clause, told.start) or _IN_ALL.match(words, told.end))


def sums(told: Term, text: Amounts) -> list[Way]:
    """The sums that an amount may be said to be, the likeliest first."""
    if GIVEN.search(text.passage.text, max(0, told.start - NEAR), told.start):
        # "At $11.95": a price, not a sum.
        return []
    behind = told.each or _IN_ALL.match(text.passage.text, told.end)
    together = _together(told, text) if is_summed(told, text) and not behind else []
    if not together and (added := added_to(told, text)):
        return [_sum(added)]
    return together or _totals(told, text)


def _together(told: Term, text: Amounts) -> list[Way]:
    """The sums of two amounts told one after the other, the last first."""
    parts = [each for each in text.near(told, told.start) if each.sign == told.sign and each.of == told.of]
    parts = [each for each in parts if alike(each, told) or each.dims == MONEY][-BASES:]
    return [_sum([a, b]) for a, b in pairwise(parts) if not is_of_several(a.value, b.value)][::-1]


def _totals(told: Term, text: Amounts) -> list[Way]:
    """The sum of what the sentence, or the one before it, lists, where an amount is said to be one."""
    words, here = text.passage.text, text.sentence(told.start)
    plain = told._replace(dims=tuple(max(power, 0) for power in told.dims))
    two = [each for each in text.near(told, told.start) if alike(each, told) or alike(each, plain)][-TWO:]
    if (
        len(two) == TWO
        and _PLUS.fullmatch(words, two[0].end, two[1].start)
        and LEADS.search(words, two[1].end, told.start)
        and not GIVEN.search(words, max(0, two[0].start - NEAR), two[0].start)
    ):
        return [_sum(two)]
    alone = [each for each in text.near(told, told.start) if alike(each, told) and not each.each]
    last = alone[-TWO:] if not any(each.most for each in (told, *alone)) else []
    if (
        len(last) == TWO
        and _LEFT.search(words, last[1].end, told.start)
        and last[0].start >= text.sentence(max(here.start - 2, 0)).start
        and not any(each.plain for each in within(text.every, last[1].end, told.start))
        # What two have together was told before.
        and not (told.each or _ON_ONE.match(words, told.end))
        # "The other 30 GB of system RAM" are left of something else.
        and not _OF_HOST.match(words, told.end)
    ):
        value = abs(last[0].value - last[1].value)
        every = alone[-_THREE:]
        # "40 GB: on two cards of 24 GB that leaves 8".
        counts = [each for each in within(text.every, here.start, told.start) if each.counted]
        times = [Way(rest, rest, (counts[-1], *last)) for rest in _with_count(counts[-1:], last)]
        rest = every[0].value - sum(each.value for each in every[1:]) if len(every) == _THREE else 0.0
        # What is left of a whole of which two parts were told, or more.
        whole = [Way(rest, rest, tuple(every))] if rest > 0 and rest != value else []
        whole += _of_parts(alone)
        return [*times, Way(value, value, tuple(last)), *whole] if value else []
    if not (
        _TOTAL.search(words, max(here.start, told.start - NEAR), told.start) or _IN_ALL.match(words, told.end)
    ):
        return []
    listed = [
        each for each in within(text.every, here.start, told.start) if alike(each, told) and not each.each
    ]
    if listed:
        return [_sum(listed)] if len(listed) > 1 else []
    if any(each.counted for each in within(text.every, here.start, told.start)):
        # "A node with eight of them has 384 GB in total" is of what it counts, not of what was told before.
        return []
    return _of_sentences(told, here.start, text)


def _of_parts(alone: Sequence[Term]) -> list[Way]:
    """What is left of an amount less all that were told behind it, three or more."""
    rests = [
        (alone[at].value - sum(each.value for each in alone[at + 1 :]), alone[at:])
        for at in range(len(alone) - _THREE)
    ]
    return [Way(rest, rest, tuple(used)) for rest, used in rests if rest > 0]


def _with_count(counts: Sequence[Term], two: Sequence[Term]) -> list[float]:
    """What is left of two amounts of which one is there so many times."""
    (one, other) = (each.value for each in two)
    rests = [abs(a * many.value - b) for many in counts for a, b in ((other, one), (one, other))]
    return [rest for rest in rests if rest]


def added_to(told: Term, text: Amounts) -> list[Term]:
    """The two amounts of which one is said to be added to the other, and their sum to be what is told."""
    words, here = text.passage.text, text.sentence(told.start)
    start = text.sentence(max(here.start - 2, 0)).start
    parts = [each for each in within(text.every, start, told.start) if each.sign and each.of == told.of]
    last = parts[-TWO:]
    if (
        len(last) < TWO
        or not all(alike(each, told) and not each.each and not each.most for each in last)
        or last[1].start < here.start
        or not _ARRIVES.search(words, max(last[1].end, told.start - NEAR), told.start)
        or not _ADDS.search(words, max(here.start, last[0].end), last[1].start)
        or any(any(each.dims) or each.counted for each in within(text.every, last[1].end, told.start))
    ):
        return []
    return last


def _of_sentences(told: Term, end: int, text: Amounts) -> list[Way]:
    """The sums of what the last sentence lists, the last two and the last three."""
    found: list[Way] = []
    start = end
    for _ in range(_THREE):
        start = text.sentence(max(start - 2, 0)).start
        parts = [each for each in within(text.every, start, end) if alike(each, told) and not each.each]
        if len(parts) > 1 and (not found or len(parts) > len(found[-1].used)):
            found.append(_sum(parts))
    return found


def is_with_factor(way: Way, told: Term, text: Amounts) -> bool:
    """Whether a sum is what is told with one part so many times: "over five years, 7,400 for the card"."""
    here = text.sentence(told.start)
    start = text.sentence(max(here.start - 2, 0)).start
    numbers = [
        each.value for each in text.every
        if start <= each.start < here.end and each not in way.used and each is not told and each.value > 1
        and (each.counted or each.plain or each.of in LENGTHS)
    ]  # fmt: skip
    return any(
        abs((way.low + (number - 1) * part.value) / told.value - 1) < _SUM
        for number in numbers
        for part in way.used
    )


def _sum(parts: Sequence[Term]) -> Way:
    return Way(sum(each.value for each in parts), sum(each.high for each in parts), tuple(parts))


def adds_up(way: Way, told: Term) -> bool:
    """Whether a sum is what is told: the roundings of its parts seldom add up."""
    slack = _ABOUT if told.about else _SUM + max(map(rounding, (*way.used, told)))
    return way.low <= told.high * (1 + slack) and way.high >= told.value * (1 - slack)
