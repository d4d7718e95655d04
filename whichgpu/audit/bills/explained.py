"""What explains an amount in any way, so that no product which it is not accuses it."""

from __future__ import annotations

from bisect import bisect_left
from heapq import nsmallest
from itertools import chain, combinations, permutations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import FAR, MONEY, NEAR, RENT, TWO, Amounts, is_use
from whichgpu.audit.bills.links import FOR_ALL, GPU_HOURS
from whichgpu.audit.bills.meant import CLOSE, HOURS, SIMPLE, is_simple, lacks_epochs
from whichgpu.audit.text.dimensions import AXES, LENGTHS, converted
from whichgpu.audit.text.relations import Way, alike, differences, ways
from whichgpu.audit.text.sentences import within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.text.dimensions import Term
    from whichgpu.audit.text.sentences import Sentence


#: Letters of a unit behind a number.
_UNIT = 8
#: Amounts of a long paragraph that may explain one, and of money that are tried two by two.
_POOL, _MANY = 96, 16
#: GPUs that a whole may be of, and how near their number is a whole one.
_MOST_ALIKE, _EVEN = 512, 2e-4
#: A number in words that tell an amount, the first of a range.
DIGITS = re.compile(r"(?P<low>\d[\d,]*(?:\.\d+)?)(?:\s?[^\d\s.,]{1,2}\s?[$\u20ac]?\d[\d,]*(?:\.\d+)?)?")


def _is_of_some_and_one(told: Term, pool: Sequence[Term]) -> bool:
    """Whether an amount is so many of one and another: two plugs of 150 W and the slot's 75 W are 375 W."""
    alike_ = [each.value for each in pool if alike(each, told)][-_MANY:]
    counts = [each.value for each in pool if each.counted][-_MANY:]
    return any(
        abs((n * a + b) / told.value - 1) < CLOSE
        for a, b in permutations(alike_, TWO)
        for n in counts
        if told.value
    )


def explained(told: Term, text: Amounts, *, said: bool = False) -> bool:
    """Whether anything that the passage states makes the amount; one `said` to follow is no repetition."""
    pool = pool_of(told, text)
    return explained_by_rule(told, text, pool, said=said) or is_product(told, text, pool, said=said)


def pool_of(told: Term, text: Amounts) -> list[Term]:
    """The amounts of a passage that may explain one."""
    here = text.sentence(told.start)
    start = text.sentence(max(here.start - 2, 0)).start
    earlier = [each for each in text.earlier if each.sign and sum(map(bool, each.dims)) > 1]
    # Bare numbers of other sentences are of other things, what is told later may follow from this one, and a
    # range gives nearly anything.
    pool = [
        each
        for each in (*earlier, *text.known, *text.every[: bisect_left(text.every, here.end, key=_start)])
        if each is not told
        and (each.start >= start or each.counted or any(each.dims))
        and (not each.most or each.start >= here.start)
        and (each.start < told.start or not alike(each, told))
    ]
    if len(pool) > _POOL:
        # In their order: what follows takes the last amounts of money.
        pool = sorted(nsmallest(_POOL, pool, key=lambda one: abs(one.start - told.start)), key=_start)
    return pool


def _start(one: Term) -> int:
    return one.start


def is_product(told: Term, text: Amounts, pool: Sequence[Term], *, said: bool = False) -> bool:
    """Whether an amount is a product or a difference of others: all ways are tried, which takes long."""
    here = text.sentence(told.start)
    tried = chain(ways(told, pool, most=SIMPLE, effort=text.effort), differences(told, pool))
    return any(
        each.gives(told)
        and is_simple(each, told, text)
        and _is_near(each, here, text)
        and not (said and len(each.used) == 1 and alike(each.used[0], told))
        and not (said and (_lacks_count(each, told, text) or lacks_epochs(each, told, text)))
        for each in tried
    )


def explained_by_rule(told: Term, text: Amounts, pool: Sequence[Term], *, said: bool = False) -> bool:
    """Whether what bills are made of explains an amount: a saving, a share, so many of one and another."""
    here = text.sentence(told.start)
    money = [each for each in pool if each.sign][-_MANY:]
    of_two = told.sign and any(_is_of_two(told, a, b) for a, b in combinations(money, TWO))
    if of_two or _is_of_some_and_one(told, pool) or (told.of in LENGTHS and _is_paid_back(told, money, text)):
        return True
    if told.sign and (
        _is_even_share(told, money, here.start)
        or _is_repriced(told, money, here.start)
        or _is_of_some(told, money, text)
        or _is_share_told_before(told, money, text)
        or _is_one_of_a_machine(told, money, text)
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
    # Of a period that the sentence before told: "two cost $52.80 a day. One H100 costs $62.40"; not where its
    # own sentence tells for how long.
    return not (said and lasts) and any(
        abs(rent * time * number / told.value - 1) < CLOSE
        for rent in rents
        for time in PERIODS
        for number in (1.0, *numbers)
    )


def _is_even_share(told: Term, money: Sequence[Term], start: int) -> bool:
    """Whether what one costs goes evenly into what its sentence tells right before: 276,000, or 11,500 a GPU.

    How many there are may stand anywhere.
    """
    whole = [each.value for each in money if start <= each.start < told.start and each.sign == told.sign]
    many = whole[-1] / told.value if whole and told.each else 0.0
    return 1 < many < _MOST_ALIKE and abs(many - round(many)) < _EVEN * many


def _is_paid_back(told: Term, money: Sequence[Term], text: Amounts) -> bool:
    """Whether a time is a price over what a rate leaves behind a cost: "it takes $12,300 of it"."""
    rates = [each for each in money if any(each.dims[HOURS:])]
    costs = [each for each in money if each.dims == MONEY]
    units = [(rate, rate.value / (_plain(rate.words) or rate.value)) for rate in rates]
    left = [rate.value - cost.value * unit for rate, unit in units for cost in costs]
    return _PAYS.search(text.passage.text, text.sentence(told.start).start, told.start) is not None and any(
        abs(price.value / (one * told.value) - 1) < _BACK for one in left if one > 0 for price in costs
    )


def _plain(words: str) -> float:
    digits = DIGITS.search(words)
    return float(digits["low"].replace(",", "")) if digits else 0.0


_BACK = 0.05
_PAYS = re.compile(
    r"\b(?:paid (?:off|back)|pays? (?:off|back|for itself)|break[s-]? ?even|recoup\w*|amorti[sz]\w+)\b", re.I
)


def _is_repriced(told: Term, money: Sequence[Term], start: int) -> bool:
    """Whether it is an amount told before, at the price of its sentence: "at $4 an hour it would be"."""
    paid = [each for each in money if any(each.dims[HOURS:])]
    return any(
        alike(each, told) and abs(each.value * new.value / (old.value * told.value) - 1) < CLOSE
        for each in money
        for new in paid
        for old in paid
        if alike(new, old) and new.start >= start > max(each.start, old.start)
    )


#: Hours of a day, a week, a month and a year, as bills count them.
PERIODS = (24.0, 168.0, 720.0, 730.0, 8760.0)
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


#: GPUs of a machine, and behind what one of them comes to.
_IN_MACHINES = (2, 4, 8, 16)
_PER_GPU = re.compile(r"\s*(?:per|for each|a)\s+(?:gpu|card|accelerator|device)\b", re.IGNORECASE)


def _is_one_of_a_machine(told: Term, money: Sequence[Term], text: Amounts) -> bool:
    """Whether money per GPU is an even part of what a machine costs: "$55.04, or $6.88 per GPU"."""
    start = told.start + len(told.words.split()[0]) if told.words else told.end
    if not (
        _PER_GPU.match(text.passage.text, told.end) or _PER_GPU.search(text.passage.text, start, told.end)
    ):
        return False
    return any(abs(each.value / (count * told.value) - 1) < CLOSE for each in money for count in _IN_MACHINES)


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
