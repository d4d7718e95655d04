"""Which amounts of a text give another one: products of them that are of its kind, differences, shares.

An amount is worked out from others where a product of a few of them, each multiplied or divided by, has its
powers of all axes (money per hour times hours is money), but for periods, which have a known length.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from heapq import nsmallest
from itertools import combinations, islice, product
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.dimensions import AXES, LENGTHS, converted, dims
from whichgpu.audit.text.roundings import stated
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.text.dimensions import Term

#: What a product may be off by besides the rounding of its factors.
_WITHIN, _ABOUT, _ROUNDED, _DIGITS = 0.008, 0.07, 0.03, 3
#: What a sum of two may be off by, as a share of what is told: more than `Way.gives` allows.
_MOST = 0.2
#: Factors of one product, and those among them that are numbers of no unit.
_FACTORS, _BARE, _POOL = 4, 2, 12
_HOURLY, _ONE_HOUR = dims(money=1, hour=-1), dims(hour=1)
_DAYS, _MONTHS = dims(day=1), (28.0, 29.0, 30.0, 31.0)
_LONG = ("day", "week", "month", "year")
_HOUR, _PIECE = AXES.index("hour"), AXES.index("piece")
_REPEATED = re.compile(r"\bepochs$", re.IGNORECASE)
#: More than twice any sum of powers.
_BASE = 64


class Way(NamedTuple):
    """A product of amounts: the least and the most it can be, and what it is of."""

    low: float
    high: float
    used: tuple[Term, ...]

    def gives(self, told: Term) -> bool:
        """Whether it is what is told, as that and its factors are rounded."""
        slack = _WITHIN + sum(rounding(each) for each in (*self.used, told))
        if any(each.about for each in self.used) or (told.about and not _is_exact(told)):
            slack = max(slack, _ABOUT)
        elif told.about:
            slack = max(slack, _ROUNDED)
        if told.most and self.high > self.low:
            # Of two ranges both ends.
            return abs(self.low / told.value - 1) <= slack and abs(self.high / told.most - 1) <= slack
        return self.low * (1 - slack) <= told.high and told.value <= self.high * (1 + slack)


def _is_exact(term: Term) -> bool:
    """Whether an amount is told to three digits: "about $5.99" is no wider than that."""
    digits = re.sub(r"[^\d]", "", term.words).lstrip("0").rstrip("0")
    return len(digits) >= _DIGITS


def rounding(term: Term) -> float:
    """Half of the last digit of an amount, as a share of it; a count is exact."""
    if term.counted or not any(mark.isdigit() for mark in term.words):
        return 0.0
    measured = term.dims[AXES.index("byte")] or term.dims[AXES.index("energy")]
    if not measured and float(term.value).is_integer() and not term.sign and term.value < 1e3:
        # "8 hours a day", "16 GPUs": told as they are.
        return 0.0 if not term.dims[AXES.index("token")] else _WITHIN / 2
    half = stated(term.value, term.words, "", frozenset()).rounding
    # What is told to its decimals is known to half of the last: "$0.06" is 5.5 to 6.5 cents.
    return half if _DECIMALS.search(term.words) else min(half, _ROUNDED)


_DECIMALS = re.compile(r"\d[.,]\d{1,2}(?!\d)")


class Effort:
    """How many products of amounts may still be tried for a document; below zero some were not."""

    def __init__(self, left: int) -> None:
        self.left = left

    @property
    def spent(self) -> bool:
        """Whether `made_of` makes nothing any more."""
        return self.left <= 1


def ways(
    told: Term, pool: Sequence[Term], must: Term | None = None, most: int = _FACTORS,
    effort: Effort | None = None,
) -> Iterator[Way]:  # fmt: skip
    """Every product of amounts that is of the kind of one that is told; with `must` among its factors."""
    others = (each for each in pool if each is not must)
    near = nsmallest(_POOL, others, key=lambda one: abs(one.start - told.start))
    for many in range(most + 1 - bool(must)):
        for some in combinations(near, many):
            if effort is not None:
                effort.left -= 1
                if effort.left < 0:
                    return
            used = (must, *some) if must else some
            bare = sum(not any(each.dims) for each in used)
            if used and bare <= _BARE and bare < len(used) and _can_be(told, used):
                yield from _products(told, used)


def made_of(told: Term, used: tuple[Term, ...], effort: Effort) -> Iterator[Way]:
    """Every product of just these amounts that is of the kind of one that is told."""
    effort.left -= 1
    bare = sum(not any(each.dims) for each in used)
    if effort.left > 0 and bare <= _BARE and bare < len(used) and _can_be(told, used):
        yield from _products(told, used)


def _can_be(told: Term, used: tuple[Term, ...]) -> bool:
    """Whether amounts can make one of a kind at all: what it is of is there, what it is not of cancels."""
    once = twice = 0
    for each in used:
        axes = _axes(each.dims)
        twice |= once & axes
        once |= axes
    wanted = _axes(told.dims)
    return not (wanted & ~once or once & ~twice & ~wanted & ~(1 << _PIECE))


@lru_cache(maxsize=4096)
def _axes(powers: tuple[int, ...]) -> int:
    """A bit for each axis up to the hour that an amount is of."""
    return sum(1 << axis for axis in range(_HOUR) if powers[axis])


def _products(told: Term, used: tuple[Term, ...]) -> Iterator[Way]:
    start = -_code(told.dims)
    given = told.each or any(each.each for each in used)
    every = [_powers(each, as_number=given) for each in used]
    for places, left, length in _of_kind(start, tuple(tuple(one[2] for one in each) for each in every)):
        fits = length or _of_use(left, told, used)
        if fits:
            low = high = 1.0
            for powers, place in zip(every, places, strict=True):
                low *= powers[place][0]
                high *= powers[place][1]
            yield Way(low * fits[0], high * fits[1], used)


@lru_cache(maxsize=4096)
def _of_kind(
    start: int, codes: tuple[tuple[int, ...], ...]
) -> tuple[tuple[tuple[int, ...], tuple[int, ...], tuple[float, float] | None], ...]:
    """Which powers of some amounts may make one of a kind, by their places, with what `_left` says of them.

    There are far more amounts than kinds of them.
    """
    found = []
    for places in product(*(range(len(each)) for each in codes)):
        left, length = _left(start + sum(each[at] for each, at in zip(codes, places, strict=True)))
        if left or length:
            found.append((places, left, length))
    return tuple(found)


@lru_cache(maxsize=4096)
def _code(powers: tuple[int, ...]) -> int:
    """Powers as one number, which add up as they do: there are far more products than kinds of them."""
    return sum(power * _BASE**at for at, power in enumerate(powers))


@lru_cache(maxsize=4096)
def _left(code: int) -> tuple[tuple[int, ...], tuple[float, float] | None]:
    """The powers of a product where they may be those of use, and what `converted` says of them."""
    powers = []
    for _ in AXES:
        power = (code + _BASE // 2) % _BASE - _BASE // 2
        powers.append(power)
        code = (code - power) // _BASE
    left = tuple(powers)
    one_period = abs(sum(left)) == 1 and not any(left[:_HOUR])
    return left if one_period else (), converted(left)


def _of_use(left: tuple[int, ...], told: Term, used: tuple[Term, ...]) -> tuple[float, float] | None:
    """What "24 hours a day" or "5,000 requests a day" make a day's amount of one that says no period."""
    periods = [axis for axis, power in zip(AXES, left, strict=True) if power]
    if sum(left) == 1:
        return _of_its_period(left, told, used)
    if told.dims == _ONE_HOUR and len(periods) == 1 and periods[0] in LENGTHS:
        # "8 hours a day for 22 days a month" are so many hours, of a month.
        return (1.0, 1.0) if any(each.dims[AXES.index(periods[0])] == -1 for each in used) else None
    if any(told.dims[_HOUR:]):
        return None
    uses = [each.dims for each in used if sum(each.dims) == 0 and any(each.dims[_HOUR:])]
    if len(uses) > 1 and any(tuple(min(power, 0) for power in each) == left for each in uses):
        # "8 hours a day and 220 days a year": what they make is of the year.
        return (1.0, 1.0)
    for each in used:
        a_day = each.dims[_HOUR] == 1 and sum(each.dims) == 0
        many = each.of in ("piece", "token") and any(each.dims[_HOUR + 1 :])
        if a_day or (
            many and (told.of != "money" or any(one.sign and not any(one.dims[_HOUR:]) for one in used))
        ):
            period = tuple(min(power, 0) if at >= _HOUR else 0 for at, power in enumerate(each.dims))
            rest = tuple(a - b for a, b in zip(left, period, strict=True))
            # "438 hours a month" is no divisor of a rent by the hour: that leaves a month squared.
            length = converted(rest) if max(map(abs, rest)) <= 1 else None
            if length:
                return length
    by_period = [each for each in used if any(each.dims[_HOUR:])]
    # "4.2 kWh a day, which at 16 cents is 67 cents": of the same day.
    return (1.0, 1.0) if told.sign and len(by_period) == 1 and by_period[0].of == "energy" else None


def _of_its_period(left: tuple[int, ...], told: Term, used: tuple[Term, ...]) -> tuple[float, float] | None:
    """What an amount of a period is of one that says none: "434 kWh at 0.35 would cost 152 a month"."""
    period = next((axis for axis in _LONG if told.dims[AXES.index(axis)] == -1), "")
    if not period or left[AXES.index(period)] != 1:
        return None
    if not any(any(each.dims[_HOUR:]) for each in used):
        return (1.0, 1.0)
    if sum(each.dims == _ONE_HOUR and each.value < LENGTHS[period][0] for each in used) == 1:
        # "100 hours at 670 W make 67 kWh a month": so many hours of it.
        return (1.0, 1.0)
    if any(
        each.dims == _ONE_HOUR and LENGTHS[period][0] <= each.value <= LENGTHS[period][1] for each in used
    ):
        # "In a month of 720 hours": those hours are the month.
        return (1.0, 1.0)
    if period == "month" and any(each.dims == _DAYS and each.value in _MONTHS for each in used):
        # "Around the clock for 30 days, so much per month."
        return converted(tuple(0 if axis == period else each for axis, each in zip(AXES, left, strict=True)))
    return None


@lru_cache(maxsize=512)
def _powers(term: Term, *, as_number: bool = False) -> tuple[tuple[float, float, int], ...]:
    """What a term may be as a factor, at least and at most, with the `_code` of its powers."""
    ends = [_factors(term), _factors(term._replace(value=term.high))]
    if len(ends[0]) != len(ends[1]):
        # Nothing is left of a hundred percent.
        ends[1] = ends[0]
    if as_number and term.of == "piece" and sum(map(abs, term.dims)) == 1:
        # "50,000 examples with 500 tokens each"
        for each, value in zip(ends, (term.value, term.high), strict=True):
            each.append((value, dims()))
    return tuple(
        (min(one, other), max(one, other), _code(powers))
        for (one, powers), (other, _) in zip(*ends, strict=True)
    )


def is_repeated(term: Term) -> bool:
    """Whether an amount is how often the work is done: "3 epochs"."""
    return _REPEATED.search(term.words) is not None


def _factors(term: Term) -> list[tuple[float, tuple[int, ...]]]:
    """What a term may be as a factor: itself or its inverse; a share what it leaves or adds."""
    none = dims()
    if not term.value:
        return []
    if term.share and not term.plain:
        return [(one, none) for one in (term.value, 1 - term.value, 1 + term.value) if one > 0] + [
            (1 / one, none) for one in (term.value, 1 - term.value) if one > 0
        ]
    if term.counted or term.plain:
        return [(term.value, none), (1 / term.value, none)]
    own = [(term.value, term.dims), (1 / term.value, tuple(-power for power in term.dims))]
    if term.dims[_PIECE] and sum(map(bool, term.dims)) > 1:
        # "200,000 requests a day, each with 250 tokens": as a number of them.
        own.append((term.value, tuple(0 if at == _PIECE else power for at, power in enumerate(term.dims))))
    if is_repeated(term):
        # "90 epochs of 1.28 million images": so many times.
        own.append((term.value, none))
    if term.loose:
        # "At $1.79": by the hour, which is not said again.
        own.append((term.value, _HOURLY))
    return own


def differences(told: Term, pool: Sequence[Term]) -> Iterator[Way]:
    """Sums and differences of two amounts of one kind that give, or nearly, what is told."""
    same = [each for each in pool if alike(each, told) and each is not told]
    values = sorted((each.value, at) for at, each in enumerate(same))
    for at, a in enumerate(same):
        # Each is a pair with a few of a long list: those that are near to what it lacks.
        others = {
            other
            for rest in (told.value - a.value, a.value - told.value, a.value + told.value)
            for other in _within(values, rest, _MOST * told.value)
        }
        for other in sorted(each for each in others if each > at):
            b = same[other]
            for value in (abs(a.value - b.value), a.value + b.value):
                if value:
                    # What is left of two rounded values is rounder than either.
                    yield Way(value, value, (a, b))


def _within(values: Sequence[tuple[float, int]], about: float, slack: float) -> Iterator[int]:
    """The places of values that are no further from one."""
    first = bisect_left(values, (about - slack, -1))
    return (at for _, at in islice(values, first, bisect_left(values, (about + slack, len(values)))))


def alike(one: Term, other: Term) -> bool:
    """Whether two amounts are of one kind and can be set against each other."""
    return any(one.dims) and one.dims == other.dims and one.sign == other.sign


def is_of_several(one: float, other: float) -> bool:
    """Whether an amount is that of several of another one: "$8,500 each, $17,000 for both"."""
    times = other / one if one else 0.0
    many = round(times)
    return 1 < many <= _SEVERAL and abs(times / many - 1) < _EXACT


#: How many of an amount another one is at most, and how near.
_SEVERAL, _EXACT = 16, 1e-3
