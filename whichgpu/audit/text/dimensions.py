"""Dimensions of the amounts of a text: money, energy, tokens, per hour, per GPU; how they convert."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    Places = tuple[tuple[int, int], ...]

#: What amounts are of: periods are apart, since a month is 28 to 31 days.
AXES = ("money", "energy", "token", "piece", "byte", "flop", "hour", "day", "week", "month", "year")
#: Hours of a period, the fewest and the most that it may be taken to have.
LENGTHS: Mapping[str, tuple[float, float]] = {
    "hour": (1, 1), "day": (24, 24), "week": (168, 168), "month": (672, 744), "year": (8736, 8784),
}  # fmt: skip
#: A period in others where that is exact, whatever a month has of days.
_EXACT = {("month", "year"): 12.0, ("hour", "day"): 24.0, ("day", "week"): 7.0}
TOKENS = re.compile(r"tokens?\b", re.IGNORECASE)
PIECES = re.compile(
    r"\b(?:images|pictures|requests|calls|queries|questions|answers|documents|prompts|samples|messages|jobs)\b",
    re.IGNORECASE,
)


class Term(NamedTuple):
    """An amount: `dims` are its powers of `AXES`, `value` is in units of them (Wh, B, periods)."""

    start: int
    end: int
    value: float
    dims: tuple[int, ...]
    words: str
    #: The currency, where it is money.
    sign: str = ""
    about: bool = False
    #: Said of each of several; a number of them; a share; a number that is none of these.
    each: bool = False
    counted: bool = False
    share: bool = False
    plain: bool = False
    #: A price of which no period is said: "at $1.79".
    loose: bool = False
    #: The most that a range is to, in the same units; 0 where it is one amount.
    most: float = 0.0

    @property
    def of(self) -> str:
        """What it is an amount of: the first axis that it has a positive power of."""
        return leading(self.dims)

    @property
    def high(self) -> float:
        """The most that it is."""
        return self.most or self.value

    @property
    def tariff(self) -> bool:
        """Whether it is a price of energy."""
        return bool(self.sign) and self.dims[AXES.index("energy")] < 0 and self.dims[AXES.index("hour")] <= 0


@cache
def leading(powers: tuple[int, ...]) -> str:
    """The first axis of which some powers have a positive one."""
    return next((axis for axis, power in zip(AXES, powers, strict=True) if power > 0), "")


def dims(**powers: int) -> tuple[int, ...]:
    """Powers of the axes by their names."""
    return tuple(powers.get(axis, 0) for axis in AXES)


def times(term: Term, powers: tuple[int, ...], factor: float) -> Term:
    """A term with more powers of the axes, and its value in their units."""
    return term._replace(
        dims=tuple(a + b for a, b in zip(term.dims, powers, strict=True)), value=term.value * factor
    )


def counted_in(text: str) -> str:
    """The axis of what a text counts: tokens where it speaks of them, else images or requests."""
    return "token" if TOKENS.search(text) else "piece" if PIECES.search(text) else ""


def converted(powers: tuple[int, ...]) -> tuple[float, float] | None:
    """By what periods differ that a product is over, at least and at most; None where it is no number.

    `powers` are those that the product has and the claim has not: a year over a month is 12.
    """
    if any(powers[: AXES.index("hour")]) or sum(powers) != 0:
        return None
    up = [axis for axis, power in zip(AXES, powers, strict=True) for _ in range(max(power, 0))]
    down = [axis for axis, power in zip(AXES, powers, strict=True) for _ in range(max(-power, 0))]
    low = high = 1.0
    for one, other in zip(up, down, strict=True):
        least, most = _ratio(one, other)
        low, high = low * least, high * most
    return low, high


def _ratio(one: str, other: str) -> tuple[float, float]:
    """How many of `other` there are in `one`."""
    if (other, one) in _EXACT:
        return _EXACT[other, one], _EXACT[other, one]
    if (one, other) in _EXACT:
        return 1 / _EXACT[one, other], 1 / _EXACT[one, other]
    (a, b), (c, d) = LENGTHS[one], LENGTHS[other]
    return a / d, b / c
