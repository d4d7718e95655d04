"""What the amounts of a passage make by one operation: products, sums, differences and ratios."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit.text.dimensions import AXES
from whichgpu.audit.text.relations import Way, rounding
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.text.dimensions import Term

_MONEY, _ENERGY, _HOUR = (AXES.index(each) for each in ("money", "energy", "hour"))
#: What rounding makes of a result at least, as a share of it.
_WITHIN = 0.006


class Formula(NamedTuple):
    """An operation on amounts: the least and the most it makes, in the units of the axes."""

    operation: str
    low: float
    high: float
    used: tuple[Term, ...]
    #: Whether numbers without their units are multiplied.
    product: bool = False

    def gives(self, told: Term) -> bool:
        """Whether it makes an amount, as that and its parts are rounded."""
        if self.operation == "product":
            return Way(self.low, self.high, self.used).gives(told)
        slack = _WITHIN * told.value + self.rounding(told)
        return self.low - slack <= told.high and told.value <= self.high + slack

    def rounding(self, told: Term) -> float:
        """What the rounding of its parts makes of the result, in the units of that."""
        if self.operation in ("sum", "difference"):
            return sum(rounding(each) * each.value for each in (*self.used, told))
        # A price is told as it is.
        parts = sum(rounding(each) for each in self.used if not each.sign)
        # Of 1 - a/b the error is that of the quotient, however small what is left is.
        return (
            parts * (max(self.high, 1.0) if self.operation == "change" else self.high)
            + rounding(told) * told.value
        )


def is_sensible(used: Sequence[Term], told: Term) -> bool:
    """Whether a product is one that somebody works out: no share of money or energy in what is of neither.

    Money divides money where that gives how long or how much it pays for, energy has its price.
    """
    if told.sign and any(each.sign and each.sign != told.sign for each in used):
        # Dollars make no euros.
        return False
    if len(used) == 1:
        return used[0].dims != told.dims
    kinds = [each.dims for each in used if any(each.dims)]
    numbers = len(used) - len(kinds)
    if len(kinds) != len(set(kinds)) or (numbers > 1 and len(used) > 2) or _is_of_hours(used):
        return False
    energies = sum(bool(each.dims[_ENERGY]) for each in used)
    if energies > 1 and told.of == "energy" and not any(each.tariff for each in used):
        return False
    paid = sum(bool(each.dims[_MONEY]) for each in used)
    if told.of == "money":
        return paid <= 1
    return not paid or bool(told.sign) or (paid == len(used) == 2)


def _is_of_hours(used: Sequence[Term]) -> bool:
    """Whether a price by the month, or longer, is multiplied by the hours of a day."""
    hours = any(each.of == "hour" and sum(each.dims) == 0 for each in used)
    return hours and any(each.sign and any(each.dims[_HOUR + 1 :]) for each in used)


def same_kind(one: Term, other: Term) -> bool:
    """Whether two amounts are of one thing, whatever period is said of one of them alone."""
    if one.dims[:_HOUR] != other.dims[:_HOUR] or one.sign != other.sign or not any(one.dims):
        return False
    periods = [each.dims[_HOUR:] for each in (one, other)]
    return periods[0] == periods[1] or (bool(one.sign) and not all(map(any, periods)))


def ratios(pool: Sequence[Term]) -> Iterator[Formula]:
    """What one amount is of another, and by what share it is more or less."""
    amounts = [each for each in pool if any(each.dims) and each.value]
    for one, other in combinations(amounts, 2):
        if not same_kind(one, other):
            continue
        for above, below in ((one, other), (other, one)):
            part = above.value / below.value
            yield Formula("ratio", part, part, (above, below))
            if part != 1:
                yield Formula("change", abs(part - 1), abs(part - 1), (above, below))
