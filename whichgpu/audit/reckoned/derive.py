"""What a number may be made of: products, sums, differences, shares and ratios of the numbers around it."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import combinations, product
from typing import TYPE_CHECKING

from whichgpu.audit.reckoned.units import BARE, CORE, HOLDERS, MONEY, MONTH, number
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.reckoned.units import Figure, Powers

#: What a result may be off by besides the rounding of its parts; told roughly; by a limit or a range.
WITHIN, ABOUT = 0.006, 0.06
#: How rough a factor may be: most are told as they are.
EXACT = 0.003
_FULL, _ROUNDED = 3, 0.02
#: Factors of a product at most.
MOST = 4


class Made(NamedTuple):
    """What an operation on some numbers makes: the least and the most of it."""

    low: float
    high: float
    used: tuple[Figure, ...]
    how: str

    @property
    def value(self) -> float:
        """The middle of what it may be."""
        return math.sqrt(self.low * self.high)

    def gives(self, told: Figure) -> bool:
        """Whether it is what is told, as that and its parts are rounded."""
        if self.how == "product":
            slack = WITHIN + told.rounding + sum(min(each.rounding, EXACT) for each in self.used)
        else:
            # What is rounded in a sum is so by as much as it is of it.
            rough = sum(each.rounding * each.value for each in self.used if each.powers == told.powers)
            slack = WITHIN / 2 + min(told.rounding, EXACT) + min(rough / self.value, EXACT / 2)
        if told.about or told.open:
            slack = max(slack, ABOUT if len(number(told.words).strip("0.")) < _FULL else _ROUNDED)
        if any(each.about or each.open for each in self.used):
            slack = max(slack, _ROUNDED)
        if self.low * (1 - slack) <= told.high and told.low <= self.high * (1 + slack):
            return True
        # So many whole ones: 8.3 are 9.
        whole = told.counted and told.value == round(told.value) and "product" in self.how
        return whole and abs(told.value - self.value) < 1


def products(told: Figure, pool: Sequence[Figure], *, strict: bool, most: int = 3) -> Iterator[Made]:
    """Every product of numbers, each multiplied or divided by, that is of the kind of one that is told."""
    for many in range(1, most + 1):
        for used in combinations(pool, many):
            yield from product_of(told, used, strict=strict)


def product_of(told: Figure, used: tuple[Figure, ...], *, strict: bool) -> Iterator[Made]:
    """The products of all of some numbers that are of the kind of one that is told."""
    every = [((each.powers, 1.0), *each.others) for each in used]
    targets = ((told.powers, 1.0), *(told.others[:1] if told.powers else ()))
    for read in product(*every):
        kinds = tuple(
            (powers, each.kind, _is_count(powers)) for each, (powers, _) in zip(used, read, strict=True)
        )
        found = {sign: by for target, by in targets for sign in _fitting(target, kinds, strict, told.each)}
        for signs, by in found.items():
            parts = (
                _parts(each, sign, own, strict)
                for each, sign, (_, own) in zip(used, signs, read, strict=True)
            )
            months = sum(sign * each.months for sign, each in zip(signs, used, strict=True)) - told.months
            for some in product(*parts):
                low, high = math.prod(one for one, _ in some) / by, math.prod(other for _, other in some) / by
                if months and by == 1:
                    low, high = low * MONTH[0], high * MONTH[1]
                yield Made(low, high, used, "product")


def _is_count(powers: Powers) -> bool:
    return len(powers) == 1 and powers[0][1] == 1 and powers[0][0] not in CORE


def _parts(one: Figure, sign: int, by: float, strict: bool) -> list[tuple[float, float]]:
    """What a number may be as a factor: a share is also what it leaves or adds."""
    if one.kind == "share":
        ways = {"of": one.value, "less": 1 - one.value, "more": 1 + one.value}
        if strict and sign < 0 and one.way in ("more", "less"):
            return []
        every = [ways[one.way]] if one.way and (strict or one.way == "of") else [*ways.values()]
        return [(each, each) if sign > 0 else (1 / each, 1 / each) for each in every if each > 0]
    low, high = one.low * by, one.high * by
    if sign > 0:
        return [(low, high)]
    # Nothing is shared by nought.
    return [(1 / high, 1 / low)] if low and high else []


@lru_cache(maxsize=65536)
def _fitting(
    told: Powers, kinds: tuple[tuple[Powers, str, bool], ...], strict: bool, each: bool
) -> tuple[tuple[int, ...], ...]:
    """The signs of the factors that make a product of a kind."""
    found = []
    for signs in product((1, -1), repeat=len(kinds)):
        if any(powers == BARE and sign < 0 for (powers, _, _), sign in zip(kinds, signs, strict=True)):
            continue
        if strict and not each and not _may_divide(told, kinds, signs):
            continue
        left: dict[str, int] = {unit: -power for unit, power in told}
        for (powers, _, _), sign in zip(kinds, signs, strict=True):
            for unit, power in powers:
                left[unit] = left.get(unit, 0) + sign * power
        counts = {powers[0][0] for powers, _, count in kinds if count}
        if _vanishes({unit: power for unit, power in left.items() if power}, counts, dict(told), strict):
            found.append(signs)
    return tuple(found)


def _may_divide(told: Powers, kinds: tuple[tuple[Powers, str, bool], ...], signs: tuple[int, ...]) -> bool:
    """Whether a number of things divides only where what is told is of each, a time or a number."""
    each = (
        any(power < 0 for unit, power in told if unit != "h")
        or told == (("h", 1),)
        or _is_count(told)
        or not told
    )
    due = any(unit in MONEY and power > 0 for unit, power in told) or told == (("h", 1),)
    return all(
        sign > 0 or (each if count else due if kind == "share" else True)
        for (_, kind, count), sign in zip(kinds, signs, strict=True)
    )


def _vanishes(left: dict[str, int], counts: set[str], told: dict[str, int], strict: bool) -> bool:
    """Whether what a product has in units beyond its result is nothing: a number of things is one of them."""
    if any(unit in CORE and unit != "token" for unit in left):
        return False
    if not strict:
        return True
    return all(
        unit in HOLDERS
        or (power == -1 and unit not in told)
        or (unit in counts and abs(power) == 1 and unit not in told)
        for unit, power in left.items()
    )


def like(told: Figure, pool: Sequence[Figure]) -> list[Figure]:
    """The numbers of a kind, but for who has them."""
    own = core(told)
    return [
        each
        for each in pool
        if (each.powers == told.powers if told.counted else core(each) == own)
        and each.kind == told.kind == ""
        and not any(powers == BARE for powers, _ in each.others)
    ]


def core(one: Figure) -> Powers:
    """The units of a number without those that may vanish."""
    return tuple((unit, power) for unit, power in one.powers if unit not in HOLDERS)


def sums(told: Figure, pool: Sequence[Figure], most: int = 7) -> Iterator[Made]:
    """Sums of numbers of a kind in a row, sums and differences of any two, or of the last three."""
    same = like(told, pool)
    for first in range(len(same)):
        for last in range(first + 2, min(len(same), first + most) + 1):
            yield total(same[first:last])
    for one, other in combinations(same, 2):
        yield total((one, other))
        yield from difference(one, other)
    for some in combinations(same[-5:], 3):
        yield total(some)
        whole = sum(each.value for each in some)
        for one in some:
            rest = abs(whole - 2 * one.value)
            if rest and some[0].start >= 0:
                yield Made(rest, rest, tuple(some), "difference")


def difference(one: Figure, other: Figure) -> Iterator[Made]:
    """What two numbers differ by."""
    apart = abs(one.value - other.value)
    if apart:
        rough = (one.rounding * one.value + other.rounding * other.value) / apart
        yield Made(
            apart * (1 - min(rough, EXACT)), apart * (1 + min(rough, EXACT)), (one, other), "difference"
        )


def total(some: Sequence[Figure]) -> Made:
    """What some numbers are together."""
    return Made(sum(each.low for each in some), sum(each.high for each in some), tuple(some), "sum")


def changes(pool: Sequence[Figure], most: int = 5) -> Iterator[Made]:
    """Shares by which two of the last numbers of a kind differ, and those that one is of the other."""
    by_kind: dict[tuple[Powers, str], list[Figure]] = {}
    for each in pool:
        if each.kind not in ("period", "format") and each.value:
            by_kind.setdefault((core(each), each.kind), []).append(each)
            meant = elided(each)
            if meant is not each:
                by_kind.setdefault((core(meant), each.kind), []).append(meant)
    for same in by_kind.values():
        for one, other in combinations(same[-most:], 2):
            a, b = one.value, other.value
            for part, how in (
                (a / b, "ratio"),
                (b / a, "ratio"),
                (a / b - 1, "change"),
                (b / a - 1, "change"),
            ):
                rough = min(one.rounding, EXACT) + min(other.rounding, EXACT)
                whole = abs(part) if how == "ratio" else abs(part + 1)
                if part:
                    low = max(abs(part) - whole * rough, 1e-9)
                    yield Made(low, abs(part) + whole * rough, (one, other), how)


def elided(one: Figure) -> Figure:
    """A number without a unit in that of the one before it: "from 900 GB/s to 2,039"."""
    if not one.others or one.powers not in ((), (("one", 1),), (("h", -1),)):
        return one
    powers, by = one.others[0]
    return one._replace(powers=powers, low=one.low * by, high=one.high * by)
