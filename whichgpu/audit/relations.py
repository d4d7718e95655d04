"""Which amounts of a text give another one: products of them that are of its kind, differences, shares.

An amount is worked out from others where a product of a few of them, each multiplied or divided by, has its
powers of all axes (money per hour times hours is money), but for periods, which have a known length.
"""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING, NamedTuple

from whichgpu.audit.judging import stated
from whichgpu.audit.terms import AXES, LENGTHS, converted, dims

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.terms import Term

#: What a product may be off by besides the rounding of its factors.
_WITHIN, _ABOUT, _ROUNDED = 0.008, 0.07, 0.03
#: Factors of one product, and those among them that are numbers of no unit.
_FACTORS, _BARE, _POOL = 4, 2, 12
_HOURLY, _ONE_HOUR = dims(money=1, hour=-1), dims(hour=1)
_HOUR, _PIECE = AXES.index("hour"), AXES.index("piece")


class Way(NamedTuple):
    """A product of amounts: the least and the most it can be, and what it is of."""

    low: float
    high: float
    used: tuple[Term, ...]

    def gives(self, told: Term) -> bool:
        """Whether it is what is told, as that and its factors are rounded."""
        slack = _WITHIN + sum(rounding(each) for each in (*self.used, told))
        if told.about or any(each.about for each in self.used):
            slack = max(slack, _ABOUT)
        return self.low * (1 - slack) <= told.value <= self.high * (1 + slack)


def rounding(term: Term) -> float:
    """Half of the last digit of an amount, as a share of it; a count is exact."""
    if term.counted or not any(mark.isdigit() for mark in term.words):
        return 0.0
    if float(term.value).is_integer() and not term.sign and term.value < 1e3:
        # "8 hours a day", "16 GPUs": told as they are.
        return 0.0 if not term.dims[AXES.index("token")] else _WITHIN / 2
    return min(stated(term.value, term.words, "", frozenset()).rounding, _ROUNDED)


def ways(told: Term, pool: Sequence[Term], must: Term | None = None, most: int = _FACTORS) -> Iterator[Way]:
    """Every product of amounts that is of the kind of one that is told; with `must` among its factors."""
    near = sorted((each for each in pool if each is not must), key=lambda one: abs(one.start - told.start))[
        :_POOL
    ]
    for many in range(most + 1 - bool(must)):
        for some in combinations(near, many):
            used = (must, *some) if must else some
            bare = sum(not any(each.dims) for each in used)
            if used and bare <= _BARE and bare < len(used) and _can_be(told, used):
                yield from _products(told, used)


def _can_be(told: Term, used: tuple[Term, ...]) -> bool:
    """Whether amounts can make one of a kind at all: what it is of is there, what it is not of cancels."""
    for axis in range(_HOUR):
        having = sum(each.dims[axis] != 0 for each in used)
        if (having == 0) if told.dims[axis] else (having == 1 and axis != _PIECE):
            return False
    return True


def _products(told: Term, used: tuple[Term, ...]) -> Iterator[Way]:
    for powers in product(*(_powers(each) for each in used)):
        value, left = 1.0, [-power for power in told.dims]
        for factor, of in powers:
            value *= factor
            left = [a + b for a, b in zip(left, of, strict=True)]
        length = converted(tuple(left)) or _of_use(tuple(left), told, used)
        if length:
            yield Way(value * length[0], value * length[1], used)


def _of_use(left: tuple[int, ...], told: Term, used: tuple[Term, ...]) -> tuple[float, float] | None:
    """What "24 hours a day" or "5,000 requests a day" make a day's amount of one that says no period."""
    if sum(left) != -1 or any(left[:_HOUR]):
        return None
    periods = [axis for axis, power in zip(AXES, left, strict=True) if power]
    if told.dims == _ONE_HOUR and len(periods) == 1 and periods[0] in LENGTHS:
        # "8 hours a day for 22 days a month" are so many hours, of a month.
        return (1.0, 1.0) if any(each.dims[AXES.index(periods[0])] == -1 for each in used) else None
    if any(told.dims[_HOUR:]):
        return None
    for each in used:
        a_day = each.dims[_HOUR] == 1 and sum(each.dims) == 0
        many = each.of in ("piece", "token") and any(each.dims[_HOUR + 1 :])
        if a_day or (
            many and (told.of != "money" or any(one.sign and not any(one.dims[_HOUR:]) for one in used))
        ):
            period = tuple(min(power, 0) if at >= _HOUR else 0 for at, power in enumerate(each.dims))
            length = converted(tuple(a - b for a, b in zip(left, period, strict=True)))
            if length:
                return length
    return None


def _powers(term: Term) -> list[tuple[float, tuple[int, ...]]]:
    """What a term may be as a factor: itself or its inverse; a share what it leaves or adds."""
    none = dims()
    if term.share:
        return [(one, none) for one in (term.value, 1 - term.value, 1 + term.value) if one > 0] + [
            (1 / one, none) for one in (term.value, 1 - term.value) if one > 0
        ]
    if term.counted or term.plain:
        return [(term.value, none), (1 / term.value, none)]
    own = [(term.value, term.dims), (1 / term.value, tuple(-power for power in term.dims))]
    if term.dims[_PIECE] and sum(map(bool, term.dims)) > 1:
        # "200,000 requests a day, each with 250 tokens": as a number of them.
        own.append((term.value, tuple(0 if at == _PIECE else power for at, power in enumerate(term.dims))))
    if term.loose:
        # "At $1.79": by the hour, which is not said again.
        own.append((term.value, _HOURLY))
    return own


def differences(told: Term, pool: Sequence[Term]) -> Iterator[Way]:
    """Sums and differences of two amounts of one kind that are of the kind of what is told."""
    same = [each for each in pool if alike(each, told) and each is not told]
    for a, b in combinations(same, 2):
        for value in (abs(a.value - b.value), a.value + b.value):
            if value:
                # What is left of two rounded values is rounder than either.
                yield Way(value, value, (a, b))


def alike(one: Term, other: Term) -> bool:
    """Whether two amounts are of one kind and can be set against each other."""
    return any(one.dims) and one.dims == other.dims and one.sign == other.sign
