"""Accused results that an operation on what the whole document told before gives to their last digit.

"We keep $112 of storage. [..] $2,249, or $2,361 with it": the part of a sum may stand paragraphs above. What
gives an amount is evidence for it only as far as chance does not: each operation that is tried, nearest
amounts first, hits an amount by chance as often as the two are told roughly.
"""

from __future__ import annotations

import math
from itertools import chain, combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import Amounts
from whichgpu.audit.findings import withheld
from whichgpu.audit.results.around import around
from whichgpu.audit.results.digits import shown
from whichgpu.audit.results.formulas import Formula, is_sensible, ratios, same_kind
from whichgpu.audit.text.dimensions import AXES
from whichgpu.audit.text.relations import Effort, made_of, rounding
from whichgpu.audit.text.sentences import within
from whichgpu.audit.text.terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.results.around import Around
    from whichgpu.audit.text.dimensions import Term

#: What is accused since other amounts do not give it.
_WORKED = frozenset({"bill", "result", "difference"})
#: How many operations may hit an amount by chance until one that does is no evidence.
_LIKELY = 0.25
#: Results of a kind are spread over so many powers of e: a factor of a hundred.
_SPREAD = math.log(100.0)
#: Amounts that two are taken from, and three; how rough the factors of a product may be.
_PAIRS, _THREES, _ROUGH = 60, 9, 0.01
#: How exactly an amount is given where its digits say nothing of it.
_LEAST = 0.0005
_TRIED = 60_000
#: What a share says that it is of, and the shares that are no slip of a power of ten.
_MORE = re.compile(
    r"\s*(?:(?P<more>more|higher|dearer|above|faster|longer|on top)|"
    r"less|lower|cheaper|below|fewer|slower|saved)\b",
    re.IGNORECASE,
)
_A_MORE = re.compile(
    r"\b(?:(?P<more>premium|increase|gain|growth|surcharge|grew|rose|rises?|grows?)|"
    r"sav(?:es?|ed|ings?)|cuts?|reduction|reduce[sd]?|discount|fell|falls?|drop(?:s|ped)?)\b[^.;,\d]*$",
    re.IGNORECASE,
)
_LEAD = 32
#: "Two of them at 2.50 USD an hour each, around the clock".
_EVERY_HOUR = re.compile(
    r"\b(?:around the clock|round the clock|non-?stop|day and night)\b|\b24/7\b", re.IGNORECASE
)
#: So many hours a month is taken to have: of 28 to 31 days, and the twelfth of a year.
_MONTHS = 5
_PART = (0.15, 0.95)
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def without_traced(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings without the accusations of results that the document's amounts give all the same."""
    asked = {each.start: each for each in found if each.accuses and _is_worked(each)}
    if not asked:
        return list(found)
    given = set(_given(asked, context))
    return [
        withheld(each, "an operation on what the document tells before gives it")
        if each.start in given and asked[each.start] is each
        else each
        for each in found
    ]


def _is_worked(found: Finding) -> bool:
    return found.kind == "arithmetic" and (
        found.attribute in _WORKED or found.attribute.endswith(" of several")
    )


def _given(asked: Mapping[int, Finding], context: Context) -> Iterator[int]:
    """The places of the amounts, of those asked for, that something before them gives."""
    effort = Effort(_TRIED)
    earlier: list[Term] = []
    for index, passage in context.document.running():
        names = tuple((each.start, each.end) for each in context.mentions.get(index, ()))
        every = terms(passage.text, context.fraction, names, ranges=True)
        text = Amounts(passage, index, tuple(every), ())
        for told in every:
            start = _place(told, passage)
            if start in asked:
                # A bill whose passage tells all of it is of nothing before.
                before = [] if _is_whole(told, every, text) else earlier[-_PAIRS:]
                here = around(told, every, before, text, context)
                share = _is_share(told, asked[start], every, text) or _adds_up(told, every, text)
                if share or _is_given(here, _than(told, passage), effort):
                    yield start
        earlier += (each for each in every if any(each.dims))


def _place(told: Term, passage: Passage) -> int:
    return passage.span(told.start, told.end)[0]


def _is_whole(told: Term, every: Sequence[Term], text: Amounts) -> bool:
    """Whether a passage tells what an hour costs before an amount, and its sentence that all are paid for."""
    here = text.sentence(told.start)
    hour = AXES.index("hour")
    rates = [each for each in within(every, 0, told.start) if each.sign and each.dims[hour] < 0]
    return bool(rates) and _EVERY_HOUR.search(text.passage.text, here.start, here.end) is not None


def _than(told: Term, passage: Passage) -> int:
    """Whether a share is said to be of more (1) or of less (-1), or neither (0)."""
    if not told.share:
        return 0
    before = passage.text[max(0, told.start - _LEAD) : told.start]
    said = _MORE.match(passage.text, told.end) or _A_MORE.search(before)
    return 0 if said is None else 1 if said["more"] else -1


def _is_share(told: Term, found: Finding, every: Sequence[Term], text: Amounts) -> bool:
    """Whether an amount is the one it is held against but for a share beside it: "2.87 million, 69 %"."""
    here = text.sentence(told.start)
    right = _NUMBER.match(found.expected)
    number = shown(told)
    if right is None or not number or told.share:
        return False
    part = float(number) / (float(right[0].replace(",", "")) or 1.0)
    shares = [each.value for each in within(every, here.start, here.end) if each.share]
    # "From 679 to 413", where 266 is what they differ by.
    unit = told.value / float(number)
    beside = [each for each in within(every, here.start, here.end) if each is not told]
    ends = [
        each.value / unit
        for each in beside
        if same_kind(each, told) and shown(each) not in found.because.replace(",", "")
    ]
    whole = float(right[0].replace(",", ""))
    if any(abs(abs(float(number) - one) / whole - 1) < _LEAST for one in ends if whole):
        return True
    known = [one for each in shares for one in (each, 1 - each) if _PART[0] <= one <= _PART[1]]
    return any(abs(min(part, 1 / part) / one - 1) < _ROUGH for one in known)


def _adds_up(told: Term, every: Sequence[Term], text: Amounts) -> bool:
    """Whether the last amounts of its kind in its sentence add up to one: "1,750 + 429 + 350 = 2,529"."""
    start = text.sentence(told.start).start
    alone = [each for each in within(every, start, told.start) if same_kind(each, told) and not each.each]
    sums = (sum(each.value for each in alone[-many:]) for many in range(3, len(alone) + 1))
    return any(abs(one / told.value - 1) < _LEAST for one in sums)


def _is_given(here: Around, than: int, effort: Effort) -> bool:
    """Whether an operation gives an amount before so many were tried that one may by chance."""
    told, likely = here.told, 0.0
    own = [two for two in combinations(_own(here), 2) if same_kind(*two)]
    if told.share and own:
        # Its own sentence tells the two that it is of, or one of them and what they differ by.
        rests = (one for two in own for one in _of_rest(*two))
        return any(abs(one.low / told.value - 1) < _slack(one, told) for one in rests)
    known: set[int] = set()
    for each in _nearest_first(told, here.wide, effort):
        if (than and not _is_change(each, than)) or _is_beside(each, here):
            continue
        slack = _slack(each, told)
        value = round(math.log(each.low) * 2000) if each.low > 0 else 0
        if value not in known:
            known.add(value)
            likely += 2 * slack * (_MONTHS if each.high > each.low else 1) / _SPREAD
        if likely > _LIKELY or effort.left < 0:
            return False
        if not told.most and each.low * (1 - slack) <= told.value <= each.high * (1 + slack):
            return True
    return False


def _own(here: Around) -> list[Term]:
    return [each for each in here.own if here.start <= each.start and any(each.dims)]


def _is_beside(found: Formula, here: Around) -> bool:
    """Whether an operation is on what stands beside an amount alone, which accuses it too."""
    since = here.back if any(each.share for each in found.used) else here.start
    return all(each.start >= since for each in found.used)


def _is_change(found: Formula, than: int) -> bool:
    """Whether it is what one amount is more than another, or less."""
    return found.operation == "rest" or (
        found.operation == "change" and (found.used[0].value - found.used[-1].value) * than > 0
    )


def _slack(found: Formula, told: Term) -> float:
    """By what share of it rounding may part an amount from what gives it."""
    parts = found.rounding(told._replace(value=max(told.value, 1e-30))) / max(told.value, 1e-30)
    return max(_LEAST, min(parts, rounding(told) + _ROUGH))


def _nearest_first(told: Term, wide: Sequence[Term], effort: Effort) -> Iterator[Formula]:
    """Operations on one, two and three amounts, those of the nearest first."""
    pool = sorted(wide, key=lambda one: abs(one.start - told.start))[:_PAIRS]
    for last in pool if any(told.dims) else ():
        # It is told again, or for another time.
        yield from _of(told, (last,), effort)
    for at, last in enumerate(pool):
        for other in pool[:at]:
            yield from _of(told, (last, other), effort)
        if at < _THREES:
            yield from chain.from_iterable(
                _of(told, (last, *two), effort) for two in combinations(pool[:at], 2)
            )


def _of(told: Term, used: tuple[Term, ...], effort: Effort) -> Iterator[Formula]:
    """What some amounts make that is of the kind of another."""
    if not any(told.dims):
        if len(used) == 2:
            yield from ratios(used)
            yield from _of_rest(*used)
        return
    if len(used) == 1 and same_kind(used[0], told):
        yield Formula("sum", used[0].value, used[0].value, used)
        return
    if is_sensible(used, told):
        for way in made_of(told, used, effort):
            yield Formula("product", way.low, way.high, way.used)
    if all(same_kind(each, told) for each in used):
        total = sum(each.value for each in used)
        yield Formula("sum", total, total, used)
        if left := abs(2 * max(each.value for each in used) - total):
            yield Formula("difference", left, left, used)


def _of_rest(one: Term, other: Term) -> Iterator[Formula]:
    """What a difference is of what is left without it: "55.1 cents, 16.1 above the rent, or 41 %"."""
    part, whole = sorted((one, other), key=lambda each: each.value)
    if same_kind(part, whole) and part.value < whole.value:
        share = part.value / (whole.value - part.value)
        yield Formula("rest", share, share, (part, whole))
