"""Products of amounts that another one may be: which are likely meant, and which explain it in any way."""

from __future__ import annotations

import math
from heapq import nsmallest
from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import FAR, MONEY, NEAR, RENT, TWO, Amounts, is_use
from whichgpu.audit.bills.links import (
    BEHIND,
    CLAUSE,
    CONCLUDES,
    FOR_ALL,
    GPU_HOURS,
    LEADS,
    PAID,
    is_told_again,
)
from whichgpu.audit.dimensions import AXES, LENGTHS, converted
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.relations import Way, alike, differences, is_repeated, ways
from whichgpu.audit.sentences import within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.dimensions import Term
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence

#: "5% of $290,000".
OF = re.compile(r"\s*of\s+(?:the |its |our |about |an? )?(?:[\w -]{2,20}[\u2019']s? )?", re.IGNORECASE)
#: "1,100 tokens per second, 3.96 million an hour".
_COMMA = re.compile(r",\s*(?:or |about |roughly )*$")
#: Letters between a share and what it is of, and amounts of money that are tried two by two.
_NEXT, _MANY = 40, 16
#: Letters of a unit behind a number.
_UNIT = 8
#: Amounts of a long paragraph that may explain one.
_POOL = 96
#: What is of one of several.
_ALONE = re.compile(r"\b(?:one|single|each|alone|either)\b", re.IGNORECASE)
_DIGITS = re.compile(r"(?P<low>\d[\d,]*(?:\.\d+)?)(?:\s?[^\d\s.,]{1,2}\s?[$\u20ac]?\d[\d,]*(?:\.\d+)?)?")
_THAT_MAKES = re.compile(r"\s*(?:This|That|Which|So|Thus|Hence|Therefore)\b")
_HOURS = AXES.index("hour")


SHORT = re.compile(r"(?:/|\b(?:per|an?|each|every))\s?(?:s|sec|seconds?|min|minutes?)\b", re.IGNORECASE)


#: The same of a length of time.
_BRIEF = re.compile(r"\b(?:s|sec|seconds?|min|minutes?)$", re.IGNORECASE)
SIMPLE = 3


CLOSE = 0.012


#: "If it leaves them on, the bill is $11,038 a month".
_BILL_IS = re.compile(
    r"\b(?:bill|cost|rent|invoice)s? (?:is|are|was|would be|will be|becomes?|comes? to)\s+"
    r"(?:about |around |roughly |only |just )*~?$",
    re.IGNORECASE,
)


def is_stated(way: Way, base: Term, told: Term, text: Amounts) -> bool:
    """Whether a product over sentences is meant: words say so, or a factor stands beside the amount."""
    words, here = text.passage.text, text.sentence(told.start)
    if base.start >= here.start or LEADS.search(words, max(here.start, told.start - NEAR), told.start):
        return True
    if _BILL_IS.search(words, max(here.start, told.start - NEAR), told.start):
        return True
    first = not any(any(each.dims) for each in within(text.every, here.start, told.start))
    if first and CONCLUDES.match(words, here.start, told.start):
        return True
    beside = [each for each in way.used if each is not base and each.start >= here.start]
    per_thing = told.sign and min(told.dims[2:4]) < 0 and not base.dims[AXES.index("hour")]
    return bool(beside) and not per_thing


def forces(way: Way, base: Term, told: Term, text: Amounts) -> bool:
    """Whether a product is one that is meant: of another period, or with a count, a time or a tariff."""
    others = [each for each in way.used if each is not base]
    if not others:
        return _is_restated(base, told, text)
    if base.dims == told.dims == MONEY and not base.each and all(each.counted for each in others):
        # "64 of them cost $2 million; the cloud $3 million": a number of what the first is not one of.
        here = text.sentence(told.start).start
        again = all(each.words.endswith("times") for each in others)
        return (base.start >= here or again) and any(each.start > base.end for each in others)
    if told.of == "energy" and base.dims == told.dims and sum(each.counted for each in others) != 1:
        return False
    rates = [each.dims for each in others if any(each.dims)]
    # Two rates of one kind are no factor of a third.
    alone = base.dims == told.dims and len(set(rates)) < len(rates)
    # Nor do two amounts of tokens make one: they cancel each other.
    works = [each.dims for each in others if each.of in ("token", "piece") and not is_repeated(each)]
    alone = alone or len(set(works)) < len(works)
    # A bill is no bill times the hours that kilowatts and kilowatt-hours make.
    alone = alone or (bool(base.sign) and not base.tariff and any(each.of == "energy" for each in others))
    # "8 million for $1.60" beside another's $1.10: prices by each other are no work.
    prices = [each for each in way.used if each.sign]
    behind = any(each.start > told.start for each in prices)
    alone = alone or (not told.sign and behind and len(way.used) > len(prices) > 1)
    # "2 cents an hour" is no hour of something.
    spelled = [each for each in others if each.of in LENGTHS and not any(map(str.isdigit, each.words))]
    alone = alone or (any(each.value == 1 for each in spelled) and any(told.dims[_HOURS:]))
    if alone or (told.of not in PAID and not rated((base, *others), told)):
        return False
    return all(any(each.dims) or each.counted or each.share for each in others)


def _is_restated(base: Term, told: Term, text: Amounts) -> bool:
    """Whether one amount is told again of another period: "$0.0005 a second, or $1.80 an hour"."""
    if base.dims != told.dims:
        # Not one amount, and another of a period.
        return any(base.dims[_HOURS:]) or not any(told.dims[_HOURS:])
    words = text.passage.text
    beside = base.start >= text.sentence(told.start).start and _COMMA.search(words, base.end, told.start)
    if is_told_again(text, base, told):
        return True
    if not beside and not LEADS.search(words, max(base.end, told.start - NEAR), told.start):
        return False
    periods = [
        (_BRIEF if base.of in LENGTHS else SHORT).search(words, each.start, each.end) for each in (base, told)
    ]
    return bool(periods[0]) != bool(periods[1])


def rated(used: Sequence[Term], told: Term) -> bool:
    """Whether a product of no money has a rate in it, or is a length of time in another unit."""
    if GPU_HOURS.search(told.words):
        return len(used) > 1
    if told.of in LENGTHS and len(used) == 1:
        return used[0].of in LENGTHS and used[0].dims != told.dims
    if any(each.each and each.dims == told.dims for each in used):
        # What each of several has, and their number.
        return len(used) == TWO and any(each.counted for each in used)
    rates = [each for each in used if sum(map(bool, each.dims)) > 1]
    if told.of == "byte":
        # Of what each token or request takes.
        rates = [each for each in rates if each.of == "byte" and min(each.dims[2:4]) < 0]
    return len(used) > 1 and bool(rates)


def explained(told: Term, text: Amounts, *, said: bool = False) -> bool:
    """Whether anything that the passage states makes the amount; one `said` to follow is no repetition."""
    here = text.sentence(told.start)
    start = text.sentence(max(here.start - 2, 0)).start
    earlier = [each for each in text.earlier if each.sign and sum(map(bool, each.dims)) > 1]
    pool = [
        each for each in (*earlier, *text.known, *text.every) if each is not told and each.start < here.end
    ]
    # Bare numbers of other sentences are of other things, what is told later may follow from this one, and a
    # range gives nearly anything.
    pool = [each for each in pool if any(each.dims) or each.counted or each.start >= start]
    pool = [each for each in pool if not each.most or each.start >= here.start]
    pool = [each for each in pool if each.start < told.start or not alike(each, told)]
    if len(pool) > _POOL:
        near = nsmallest(_POOL, pool, key=lambda one: abs(one.start - told.start))
        # In their order: what follows takes the last amounts of money.
        pool = sorted(near, key=lambda one: one.start)
    tried = (*ways(told, pool, most=SIMPLE, effort=text.effort), *differences(told, pool))
    found = (each for each in tried if each.gives(told))
    money = [each for each in pool if each.sign][-_MANY:]
    of_two = told.sign and any(_is_of_two(told, a, b) for a, b in combinations(money, TWO))
    if of_two or (told.of in LENGTHS and _is_paid_back(told, money, text)):
        return True
    if told.sign and (
        _is_repriced(told, money, here.start)
        or _is_of_some(told, money, text)
        or _is_share_told_before(told, money, text)
        or _is_saved(told, money, [each for each in pool if each.of in LENGTHS])
    ):
        return True
    numbers = [each.value for each in pool if each.start >= here.start and (each.counted or each.plain)]
    rents = [each.value for each in pool if each.dims == RENT and told.dims == MONEY]
    hours = [each.value for each in pool if each.of == "hour" and sum(map(abs, each.dims)) == 1]
    if any(
        abs(abs(a.value - b.value) * time / told.value - 1) < CLOSE
        for a, b in combinations(money, TWO)
        for time in hours
        if told.dims == MONEY and RENT in (a.dims, b.dims)
    ):
        # What two rents differ by, for as long.
        return True
    if any(abs(rent * number / told.value - 1) < CLOSE for rent in rents for number in numbers):
        # So many hours, one for each of them.
        return True
    lasts = any(
        each.of in LENGTHS and not is_use(each) for each in within(text.every, here.start, told.start)
    )
    if not (said and lasts) and any(
        abs(rent * time * number / told.value - 1) < CLOSE
        for rent in rents
        for time in _PERIODS
        for number in (1.0, *numbers)
    ):
        # Of a period that the sentence before told: "two cost $52.80 a day. One H100 costs $62.40"; not where
        # its own sentence tells for how long.
        return True
    return any(
        is_simple(each, told, text)
        and _is_near(each, here, text)
        and not (said and len(each.used) == 1 and alike(each.used[0], told))
        and not (said and (_lacks_count(each, told, text) or _lacks_epochs(each, told, text)))
        for each in found
    )


def _is_paid_back(told: Term, money: Sequence[Term], text: Amounts) -> bool:
    """Whether a time is a price over what a rate leaves behind a cost: "it takes $12,300 of it"."""
    rates = [each for each in money if any(each.dims[_HOURS:])]
    costs = [each for each in money if each.dims == MONEY]
    units = [(rate, rate.value / (_plain(rate.words) or rate.value)) for rate in rates]
    left = [rate.value - cost.value * unit for rate, unit in units for cost in costs]
    return _PAYS.search(text.passage.text, text.sentence(told.start).start, told.start) is not None and any(
        abs(price.value / (one * told.value) - 1) < _BACK for one in left if one > 0 for price in costs
    )


def _plain(words: str) -> float:
    digits = _DIGITS.search(words)
    return float(digits["low"].replace(",", "")) if digits else 0.0


_BACK = 0.05
_PAYS = re.compile(
    r"\b(?:paid (?:off|back)|pays? (?:off|back|for itself)|break[s-]? ?even|recoup\w*|amorti[sz]\w+)\b", re.I
)


def _is_repriced(told: Term, money: Sequence[Term], start: int) -> bool:
    """Whether it is an amount told before, at the price of its sentence: "at $4 an hour it would be"."""
    paid = [each for each in money if any(each.dims[_HOURS:])]
    return any(
        alike(each, told) and abs(each.value * new.value / (old.value * told.value) - 1) < CLOSE
        for each in money
        for new in paid
        for old in paid
        if alike(new, old) and new.start >= start > max(each.start, old.start)
    )


#: Hours of a day, a week, a month and a year, as bills count them.
_PERIODS = (24.0, 168.0, 720.0, 730.0, 8760.0)


def _lacks_epochs(way: Way, told: Term, text: Amounts) -> bool:
    """Whether how often the work is done is no factor: "50 million tokens, 3 epochs, at 9,000 tokens/s"."""
    before = within(text.every, text.sentence(told.start).start, told.start)
    return any(is_repeated(each) and each not in way.used for each in before)


#: Before the number of GPUs of a machine.
_IN_A_BOX = re.compile(
    r"\b(?:box|server|machine|rig|workstation|system|build|pc|computer|tower) (?:with|of|holding) $",
    re.IGNORECASE,
)


def _lacks_count(way: Way, told: Term, text: Amounts) -> bool:
    """Whether the number of GPUs right before an amount is no factor: "four cards make 400 an hour"."""
    here = text.sentence(told.start)
    many = [each for each in within(text.every, here.start, told.start) if each.counted]
    if (
        not told.each
        and any(each.each for each in way.used)
        and (many or FOR_ALL.match(text.passage.text, told.end))
    ):
        return not any(each.counted or each.plain for each in way.used)
    last = [each for each in text.before(told.start, NEAR) if each.counted or any(each.dims)][:1]
    if last and _IN_A_BOX.search(text.passage.text, 0, last[0].start):
        return False
    if last and GPU_HOURS.search(text.passage.text, last[0].start, last[0].end + _UNIT):
        # "48 GPU-hours, and costs $168": of the hours of a node, as well.
        return False
    if GPU_HOURS.search(told.words):
        last = [each for each in text.before(told.start, FAR) if each.counted][:1]
        here = text.sentence(max(here.start - 2, 0))
    return bool(last) and last[0].counted and last[0].start >= here.start and last[0] not in way.used


def _is_of_two(told: Term, one: Term, other: Term) -> bool:
    """Whether money is what two others differ by or make together, whatever period is said of each."""
    plain = all(sum(map(bool, each.dims[: AXES.index("hour")])) == 1 for each in (one, other))
    same = one.sign == other.sign == told.sign
    return (
        plain
        and same
        and any(
            abs(each / told.value - 1) < CLOSE
            for each in (abs(one.value - other.value), one.value + other.value)
        )
    )


def _is_of_some(told: Term, money: Sequence[Term], text: Amounts) -> bool:
    """Whether an amount is so many of one price and one or some of another, as the passage counts them."""
    if told.dims != MONEY:
        return False
    counts = {each.value for each in text.every if each.counted and each.value > 1}
    plain = {
        each.value for each in money if each.dims == MONEY and each.sign == told.sign and each is not told
    }
    return any(
        abs((many * one + other) / told.value - 1) < CLOSE
        for many in counts
        for one in plain
        for other in plain - {one}
    )


def _is_share_told_before(told: Term, money: Sequence[Term], text: Amounts) -> bool:
    """Whether money is a share of another amount, as sentences before it told: "50 percent up front"."""
    shares = [each.value for each in text.every if each.share and each.start < told.start]
    return any(
        abs(each.value * by / told.value - 1) < CLOSE
        for each in money
        for share in shares
        for by in (share, 1 - share)
        if alike(each, told)
    )


def _is_near(way: Way, here: Sentence, text: Amounts) -> bool:
    """Whether one of three factors stands in the sentence itself: else they fit by chance."""
    if any(
        each.plain and not any(map(str.isdigit, each.words)) and each.start < here.start for each in way.used
    ):
        # "Half", of something else.
        return False
    counts = [each for each in way.used if not any(each.dims)]
    kinds = [each.dims for each in way.used if any(each.dims)]
    if len(counts) > 1 or (len(kinds) > TWO and len(set(kinds)) < len(kinds)):
        # Two numbers, or two amounts of one kind, that cancel each other, do so by chance.
        back = text.sentence(max(here.start - 2, 0)).start
        return all(each.start >= (here.start if each in counts else back) for each in way.used)
    return len(way.used) <= TWO or any(here.start <= each.start < here.end for each in way.used)


#: "300 W, the machine around it 150 more": of the same unit, without it.
_ON_TOP = re.compile(r"\d (?:more|extra|on top)\b(?! than)", re.IGNORECASE)


def _is_saved(told: Term, money: Sequence[Term], lasts: Sequence[Term]) -> bool:
    """Whether an amount is what two prices of a period differ by in so much time: "10 days of $153 less"."""
    if told.dims != MONEY:
        return False
    for a, b in combinations(money, TWO):
        # "$9.60 an hour, the other $16.00": by the hour, too.
        per = a.dims if b.dims in (a.dims, MONEY) else b.dims
        alike = {a.dims, b.dims} <= {per, MONEY} and per != MONEY
        apart = abs(a.value - b.value) if alike else 0.0
        for each in lasts if apart else ():
            by = converted(tuple(p + q - r for p, q, r in zip(per, each.dims, told.dims, strict=True)))
            if by and by[0] * (1 - CLOSE) <= told.value / (apart * each.value) <= by[1] * (1 + CLOSE):
                return True
    return False


def is_left_out(way: Way, told: Term, text: Amounts) -> bool:
    """Whether an amount between the last factor and the one told is no part of a product."""
    words, here = text.passage.text, text.sentence(told.start)
    if _lacks_epochs(way, told, text):
        return True
    if _ON_TOP.search(words, min(each.start for each in way.used), told.start):
        return True
    of_whole = ((each, one) for one in way.used for each in text.before(one.start, _NEXT))
    if any(
        each.share and each not in way.used and OF.fullmatch(words, each.end, one.start)
        for each, one in of_whole
    ):
        return True
    # "Two for 30 hours at $1.19 each": so many times.
    counts = [each for each in within(text.every, here.start, told.start) if each.counted]
    alone = _ALONE.search(words, max(here.start, *(each.end for each in way.used)), told.start)
    of_each = not told.each and not alone and any(one.each for one in way.used)
    if of_each and len(counts) == 1 and counts[0] not in way.used:
        return True
    # "A month" is of the amount that it stands behind.
    worked = [each for each in way.used if any(map(str.isdigit, each.words)) or each.value != 1] or way.used
    last = max(each.end for each in worked)
    hours = GPU_HOURS.search(told.words) is not None
    between = [
        each for each in text.before(told.start, told.start - last)
        if any(each.dims) or each.counted or _is_part(each, hours=hours)
    ]  # fmt: skip
    between = [each for each in between if each.start >= last and each not in way.used]
    # "Over a year that adds up to": its own period, told before it.
    between = [each for each in between if not _is_period_of(each, told, way)]
    if any(each not in text.derived and not alike(each, told) for each in between):
        return True
    # "$5.50 an hour, which makes $44 for the instance. A month is": of the last, which has a factor more.
    rents = [each for each in way.used if each.dims == RENT]
    later = within(text.every, rents[0].end, told.start) if rents else ()
    return any(alike(each, told) and each not in text.derived and _is_led(each, text) for each in later)


def _is_part(term: Term, *, hours: bool) -> bool:
    """Whether a bare number goes into a result: "half the day", of hours "5 for another 8"."""
    written = any(map(str.isdigit, term.words))
    return term.plain and (term.value < 1 if not written else hours)


def _is_period_of(term: Term, told: Term, way: Way) -> bool:
    """Whether words are the one period that an amount is of, or of another amount than this one."""
    if any(map(str.isdigit, term.words)) or term.of not in LENGTHS or term.value != 1:
        return False
    lasts = any(each.of in LENGTHS for each in way.used)
    return lasts or told.dims[AXES.index(term.of)] < 0


def _is_led(told: Term, text: Amounts) -> bool:
    """Whether words say of an amount that it follows from others."""
    return LEADS.search(text.passage.text, max(0, told.start - NEAR), told.start) is not None


def finding(way: Way, told: Term, verdict: str, text: Amounts, context: Context) -> Finding:
    """The finding on an amount that is held against a product or a sum."""
    number = _DIGITS.search(told.words)
    # In the unit that the amount is told in: joules per token, kWh, dollars for a million.
    unit = told.value / (float(number["low"].replace(",", "")) or 1.0) if number else 1.0
    real = _shown(Way(way.low / unit, way.high / unit, ()))
    words = told.words if number and not told.sign else ""
    shown = words.replace(number[0], real, 1) if number and words else real
    because = f"{' and '.join(each.words.strip(' .,') for each in way.used)} make {shown}"
    if verdict != "confirmed" and (
        _is_of_elided(way, told, text) or _is_added_up(told, text) or _is_of_period(told, text)
    ):
        verdict = "unverifiable"
    expected = real if verdict == "inconsistent" else ""
    return made(
        context, text.passage, (told.start, told.start + len(told.words)), "arithmetic", verdict,
        attribute="bill", because=because, expected=expected, evidence=(Evidence(because),),
    )  # fmt: skip


#: A number whose unit is that of one before it: "27 minutes against 16. The 4090 needs ..".
_ELIDED = re.compile(
    r"\b(?:and|against|to|or|versus|vs\.?|not|instead of|from|than|reach(?:es|ed)?|only|just|about|is|was|"
    r"other|latter|second)\s+(?P<n>\d[\d,]*(?:\.\d+)?)(?P<k>k?)(?=[,;)]|\.(?!\d)|\s(?:on|and|but|with|for|in)\s)",
    re.IGNORECASE,
)
_KILO, _HALF, _AT_MOST, _AT_LEAST = 1e3, 0.5, 0.03, 0.01


def _is_of_elided(way: Way, told: Term, text: Amounts) -> bool:
    """Whether a bare number behind a factor, in the factor's unit, makes the amount instead."""
    for used in way.used:
        number = _DIGITS.search(used.words) if any(used.dims) and used.start >= 0 else None
        if number is None or used.start > told.start:
            continue
        unit = used.value / (float(number["low"].replace(",", "")) or 1.0)
        short = used.words[number.end("low") :].lstrip().lower().startswith("k ")
        for match in _ELIDED.finditer(text.passage.text, used.end, told.start):
            digits = match["n"].replace(",", "")
            other = float(digits) * unit * (_KILO if match["k"] and not short else 1.0)
            decimals = len(digits.partition(".")[2])
            slack = min(_HALF * 10**-decimals / (float(digits) or 1.0), _AT_MOST) + _AT_LEAST
            times = (other / used.value, used.value / other if other else 0.0)
            real = [way.low * by * one for by in times for one in _by_others(way, used, text)]
            if any(abs(each / told.value - 1) <= slack for each in real):
                return True
    return False


#: The last amounts of which two may be added up, and what rounding makes of it; a day in hours.
_LAST, _ROUNDED, _DAY = 4, 0.008, 24.0


def _is_added_up(told: Term, text: Amounts) -> bool:
    """Whether energy is two before it together, by the day as well: "9.4 kW .. and 3 kW. Per day 297 kWh"."""
    if told.of != "energy":
        return False
    own = [each for each in text.every if each.of == "energy" and each.start < told.start]
    for powers in (True, False):
        some = [each.value for each in own if bool(each.dims[_HOURS]) is powers][-_LAST:]
        long = _DAY if powers and not told.dims[_HOURS] else 1.0
        if any(abs((a + b) * long / told.value - 1) < _ROUNDED for a, b in combinations(some, TWO)):
            return True
    return False


#: How exactly a period that is not said gives a bill.
_EXACTLY = 0.003


def _is_of_period(told: Term, text: Amounts) -> bool:
    """Whether a bill is a price before it for a period that is not said, or for two times together."""
    before = [each for each in text.every if each.start < told.start]
    paid = [each for each in before if told.sign and each.sign == told.sign][-_LAST:]
    # Of each of several a bill is so many times as much.
    prices = [each.value for each in paid if not each.each]
    times = [each for each in before if each.of in LENGTHS and sum(map(abs, each.dims)) == 1][-_LAST:]
    both = [a.value + b.value for a, b in combinations(times, TWO) if a.dims == b.dims]
    # "Over two years": a time that is said is no other one.
    own = text.sentence(told.start).start
    periods: tuple[float, ...] = () if any(own <= each.start for each in times) else _PERIODS
    near = [abs(each * one / told.value - 1) for each in prices for one in periods]
    return any(each < _EXACTLY for each in near) or any(
        abs(each * one / told.value - 1) < _ROUNDED for each in prices for one in both
    )


def _by_others(way: Way, but: Term, text: Amounts) -> list[float]:
    """What a product becomes by another amount told in place of one of its other factors, and by none."""
    return [1.0, *(
        each.value / one.value for one in way.used if one is not but and any(one.dims)
        for each in text.every if each.dims == one.dims
    )]  # fmt: skip


def is_simple(way: Way, told: Term, text: Amounts) -> bool:
    """Whether a product is one to work out: of one amount of the kind, with no count in it twice."""
    work = [each.dims for each in way.used if each.of == "flop"]
    if told.of != "flop" and len(set(work)) < len(work):
        # Two rates of work are of two devices, or a peak and what is reached of it.
        return False
    spent = {one.value for each in way.used for one in text.derived.get(each, ())}
    if any(each.sign and told.sign and each.sign != told.sign for each in way.used):
        return False
    again = any(each.counted and each.value in spent for each in way.used)
    if again or sum(sum(map(bool, each.dims)) == 1 and each.of in LENGTHS for each in way.used) > 1:
        return False
    if (told.of not in PAID and len(way.used) > SIMPLE) or sum(any(each.dims) for each in way.used) > SIMPLE:
        return False
    shares = [each for each in way.used if each.share]
    here = text.sentence(told.start)
    # "At 50 % it is $0.20, at 20 % $0.50": a share of the whole, not of the last part of it.
    again = bool(shares) and any(each in text.shared for each in way.used)
    # "It is 30-60 % in practice. That makes ..": the share was told just before.
    led = _THAT_MAKES.match(text.passage.text, here.start, here.end)
    start = text.sentence(max(here.start - 2, 0)).start if led else here.start
    if again or len(shares) > 1 or any(not start <= each.start < told.start for each in shares):
        return False
    of_kind = sum(each.of == told.of for each in way.used)
    sole = of_kind <= 1 or of_kind == len(way.used) == TWO
    return sole and not any(_is_idle(each, told, way) for each in way.used)


def _is_idle(term: Term, told: Term, way: Way) -> bool:
    """Whether an amount of memory, tokens or time has nothing that is per it: two of them only cancel out."""
    axes = [place for place, power in enumerate(term.dims) if power]
    if is_use(term):
        # "8 hours a day" is a use of what is told by the hour.
        return not any(each.dims[_HOURS] < 0 for each in (told, *way.used))
    if len(axes) != 1 or term.of == told.of or is_repeated(term):
        return False
    others = [told, *(each for each in way.used if each is not term)]
    lasts = term.of in LENGTHS
    if lasts and (told.of in LENGTHS or any(each.sign and not any(each.dims[1:]) for each in others)):
        return False
    places = [place for place, axis in enumerate(AXES) if place == axes[0] or (lasts and axis in LENGTHS)]
    per = [each for each in others if any(each.dims[place] for place in places)]
    return not any(sum(map(bool, each.dims)) > 1 for each in per)


def apart(way: Way, told: Term) -> float:
    """How far a product is from an amount, as a logarithm; of two ranges the ends that are further apart."""
    if not told.value or not way.low:
        return math.inf
    ends = (abs(math.log(told.value / way.low)), abs(math.log(told.high / way.high)))
    if told.most and way.high > way.low:
        return max(ends)
    return min(*ends, abs(math.log(told.high / way.low)), abs(math.log(told.value / way.high)))


def _shown(way: Way) -> str:
    """A product as it is told: one figure, or a range."""
    low, high = _figure(way.low), _figure(way.high)
    return low if way.high <= way.low * 1.012 else f"{low} to {high}"


def _figure(value: float) -> str:
    """A number to four digits, as it is written: 26,210."""
    return f"{float(f'{value:.4g}'):,.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:,.4g}"


#: Before what something else is added to.
_ADDED = re.compile(r"(?:\+|\bplus|\bexisting)\s+(?:about |another |some |~)?$", re.IGNORECASE)
#: Behind an amount, that it is of all of them.
_FOR_BOTH = re.compile(r"[^.;,\d]{0,10}\s(?:for|of) (?:both|the pair|the two)\b", re.IGNORECASE)


#: Behind an amount, that more goes into it than was told: "10.2 kW for a whole DGX".
_FOR_A_WHOLE = re.compile(
    r"\s*(?:for|of|in)\s+(?:an?|the|one)\s+(?:whole|entire|complete)\s+(?!day|week|month|year|hour)", re.I
)


#: Before an amount, so many of what is not named again: "7.2 million tokens, so a million cost 35 cents".
_A_MILLION = re.compile(
    r"\b(?:an?|one|each|every|per)\s+(?:million|thousand|billion)\s+"
    r"(?:costs?|is|are|comes? (?:to|out at)|would|will)\b[^.;,]*$",
    re.IGNORECASE,
)


#: Behind a power, the hours in which it is drawn.
_PART_OF_DAY = re.compile(
    r"\s+(?:(?:at|by) (?:night|day)|overnight|during the (?:day|night|week)|in the (?:evening|morning|"
    r"daytime|night)s?|"
    r"on (?:weekdays|weekends)|at (?:the )?weekends?|when (?:it )?(?:is )?(?:idle|busy|idling)|(?:at|"
    r"in) idle|under load)\b",
    re.IGNORECASE,
)


def is_chance(way: Way, told: Term, text: Amounts) -> bool:
    """Whether a product has factors that are none of the amount: of another clause or thing, one, a part.

    "One of the eight draws 700 W"; "racks with 120 kW, or 480 GPUs"; "0.10 an hour each, 0.20 for both";
    "it takes 23 kWh, at 0.28 that is 6.44", no price by the hour; "the GPUs plus 3 kW (8 x H100: 8.6 kW)";
    "eight took 610 W, 290 W for the cards".
    """
    words = text.passage.text
    counts = [each for each in way.used if each.counted]
    whole = [each for each in way.used if not each.counted]
    behind = (each for each in way.used if each.start >= told.end)
    if any(_PART_OF_DAY.match(words, each.end) for each in whole if each.of == "energy"):
        # "180 W at night and 1.4 kW during the day": for as long as that is.
        return True
    energy = told.sign and any(each.of == "energy" for each in text.near(told, told.start))
    return bool(
        any(CLAUSE.search(words, told.end, one.start) or one.start - told.end > BEHIND for one in behind)
        or (energy and any(each.loose for each in whole) and not any(each.of == "energy" for each in whole))
        or any(_ADDED.search(words, max(0, each.start - BEHIND), each.start) for each in way.used)
        or (counts and not told.each and told.value < min(each.value for each in whole))
        or (not counts and _FOR_BOTH.match(words, told.end))
        or _FOR_A_WHOLE.match(words, told.end)
        or _A_MILLION.search(words, max(0, told.start - 2 * BEHIND), told.start)
        or (counts and all(each.value == 1 for each in counts))
    )
