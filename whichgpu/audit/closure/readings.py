"""What amounts can make of one another: the one natural reading, and all that are admissible."""

from __future__ import annotations

from itertools import combinations, permutations, product
from typing import TYPE_CHECKING

from whichgpu.audit.closure.amounts import Amount, is_opaque, powers
from whichgpu.audit.closure.units import AXES, BYTE, ITEM, JOULE, PERIODS, SECOND
from whichgpu.units import HOUR, KWH
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: Amounts of one reading, and of all that are tried.
MOST, _POOL = 4, 12
_ONE, _TWO, _THREE = 1, 2, 3
#: How far a result may be from a reading besides its rounding; one told roughly.
NEAR, ROUGH = 0.015, 0.06
#: How much further it may be from an admissible one.
_WIDE = 0.015
#: Gigabytes and gibibytes.
_BINARY, _SMALL = 1.0995, 1e8


class Value(NamedTuple):
    """What a reading comes to, its powers, and how it is written."""

    low: float
    high: float
    dims: tuple[int, ...]
    words: str
    used: tuple[Amount, ...] = ()


def slack_of(one: Amount) -> float:
    """How far a factor may be from what it is told as."""
    rough = ROUGH if one.limit in ("about", "nearly", "over", "under", "up to", "range") else 0.0
    exact = one.sign or one.kind != "amount" or "." not in one.words
    return max(rough, 0.0 if exact else min(one.slack, 0.02))


def is_near(result: Amount, low: float, high: float, *, wide: float = 0.0) -> bool:
    """Whether a result is within its rounding of a value."""
    rough = ROUGH if result.limit else 0.0
    share = NEAR + max(result.slack, rough) + wide
    if result.limit == "over":
        return result.low * (1 - share) <= high and (wide > 0 or low <= 2 * result.high)
    if result.limit in ("under", "up to"):
        return result.high * (1 + share) >= low and (wide > 0 or 2 * high >= result.low)
    if result.kind in ("number", "count"):
        # Things are counted one by one, and the last of them may be a part.
        low, high = low - 0.999 * (high < 1e3), high + 0.999 * (high < 1e3)
        share = min(share, 0.03) if not result.limit else share
    return result.low * (1 - share) <= high and low <= result.high * (1 + share)


def comes_to(result: Amount, value: Value, *, wide: float = 0.0) -> bool:
    """Whether a result is a value; counted in bytes also in the binary units of it."""
    small = any(one.dims[BYTE] > 0 and (one.low < _SMALL or "i" in one.words) for one in value.used)
    by = _BINARY if result.dims[BYTE] and (small or "i" in result.words) else 1.0
    return is_near(result, value.low / by, value.high * by, wide=wide)


def monomials(factors: Sequence[Amount]) -> Iterator[Value]:
    """All products of amounts and their inverses, each used once."""
    for signs in product((1, -1), repeat=len(factors)):
        if -1 in signs and 1 not in signs and len(factors) > _ONE:
            continue
        low = high = 1.0
        dims = [0] * len(AXES)
        for one, sign in zip(factors, signs, strict=True):
            slack = slack_of(one)
            least, most = one.low * (1 - slack), one.high * (1 + slack)
            low, high = (low * least, high * most) if sign > 0 else (low / most, high / least)
            for at, power in enumerate(one.dims):
                dims[at] += sign * power
        yield Value(low, high, tuple(dims), _written(factors, signs), tuple(factors))


def _written(factors: Sequence[Amount], signs: Sequence[int]) -> str:
    over = [one.words for one, sign in zip(factors, signs, strict=True) if sign < 0]
    up = [one.words for one, sign in zip(factors, signs, strict=True) if sign > 0]
    return " over ".join([" times ".join(up) or "1", *over])


def closes(dims: Sequence[int], result: Sequence[int], *, loose: bool) -> bool:
    """Whether powers are those of a result; `loose` where a bare number may be one of what is made."""
    return all(a == b or (at == ITEM and loose) for at, (a, b) in enumerate(zip(dims, result, strict=True)))


def relevant(result: Amount, given: Iterable[Amount]) -> list[Amount]:
    """The amounts of which nothing is left over that no other can cancel."""
    kept = [one for one in given if not is_opaque(one)]
    while True:
        counts = [sum(bool(one.dims[at]) for one in (*kept, result)) for at in range(len(AXES))]
        bare = any(one.bare for one in (*kept, result)) or not (result.noun or result.dims[ITEM])
        left = [
            one
            for one in kept
            if all(
                not power or counts[at] > _ONE or (at == ITEM and bare) for at, power in enumerate(one.dims)
            )
        ]
        if len(left) == len(kept):
            return kept
        kept = left


def products(result: Amount, given: Sequence[Amount]) -> list[Value]:
    """The products of all that is given which are of the result's kind; what has no noun may be left out."""
    loose = [one for one in given if one.kind == "number" and not one.noun]
    fixed = [one for one in given if one not in loose]
    found: list[Value] = []
    for many in range(len(loose), -1, -1):
        for some in combinations(loose, many):
            used = [*fixed, *some]
            if not 0 < len(used) <= MOST:
                continue
            wild = any(one.bare and not one.noun for one in (*used, result)) or any(
                one.noun == "gpu" and "of" in one.words for one in used
            )
            if len({one.dims for one in used if not one.bare}) == sum(not one.bare for one in used):
                # Two of one kind are of two things, and no proportion of them is meant.
                found += [one for one in monomials(used) if closes(one.dims, result.dims, loose=wild)]
    return found


def is_admissible(result: Amount, pool: Sequence[Amount]) -> bool:
    """Whether any combination of what stands around a result, dimensionally right, comes to it."""
    pool = [one for one in pool if not is_opaque(one)]
    pool = sorted(
        sorted(pool, key=lambda one: abs(one.start - result.start))[:_POOL], key=lambda one: one.start
    )
    if result.kind in ("share", "times"):
        return _is_ratio(result, pool)
    factors = [each for at, one in enumerate(pool) for each in _forms(one, pool[:at])]
    return any(_fits(result, value) for value in _combined(factors)) or any(
        _fits(result, value) for value in _sums(result, factors)
    )


def _forms(one: Amount, before: Sequence[Amount]) -> list[Amount]:
    """An amount as a factor; a share as itself, what it leaves and adds; a number in the last unit."""
    if one.kind == "number" and not one.noun:
        last = next((each for each in reversed(before) if not each.bare and each.digits), None)
        scale = last.low / last.digits if last else 1.0
        return (
            [one, one._replace(low=one.low * scale, high=one.high * scale, dims=last.dims)] if last else [one]
        )
    if one.sign and sum(map(abs, one.dims)) == 1:
        # By the hour or the kilowatt-hour, which need not be said again.
        rent, tariff = (_per(one, axis, by) for axis, by in ((SECOND, HOUR), (JOULE, KWH)))
        return [one, rent, tariff]
    if one.kind != "share":
        return [one]
    ends = (one.low, 1 - one.low, 1 + one.low)
    return [one._replace(low=each, high=each) for each in ends if each > 0]


def _per(one: Amount, axis: int, by: float) -> Amount:
    dims = tuple(power - (at == axis) for at, power in enumerate(one.dims))
    return one._replace(dims=dims, low=one.low / by, high=one.high / by)


def _combined(factors: Sequence[Amount]) -> Iterator[Value]:
    for many in range(1, MOST + 1):
        for used in combinations(factors, many):
            # No amount is a factor twice, in two forms.
            if len({one.start for one in used}) == len(used):
                yield from monomials(used)


def _sums(result: Amount, factors: Sequence[Amount]) -> Iterator[Value]:
    """Sums and differences of two or three amounts or products of two, and those times a third."""
    parts = [
        value
        for many in (_ONE, _TWO)
        for used in combinations(factors, many)
        for value in monomials(used)
        if len({one.start for one in used}) == len(used)
    ]
    alike = [one for one in parts if closes(one.dims, result.dims, loose=True)][:40]
    if result.bare:
        # Of plain numbers anything is the sum of some products.
        alike = [one for one in alike if len(one.used) == _ONE and one.used[0].kind != "share"]
    for a, b in permutations(alike, _TWO):
        if {one.start for one in a.used} & {one.start for one in b.used}:
            continue
        yield a._replace(low=a.low + b.low, high=a.high + b.high)
        yield a._replace(low=a.low - b.high, high=a.high - b.low)
    for three in combinations([one for one in alike if len(one.used) == _ONE][:8], _THREE):
        total = sum(one.low for one in three)
        yield three[0]._replace(low=total, high=sum(one.high for one in three))
        top = max(one.low for one in three)
        yield three[0]._replace(low=2 * top - total, high=2 * top - total)
    yield from _times_sums(factors)


def _times_sums(factors: Sequence[Amount]) -> Iterator[Value]:
    """What two amounts of one kind make or differ by, times one or two others."""
    singles = [one for one in factors if not one.bare]
    for a, b in combinations(singles, _TWO):
        if a.dims == b.dims:
            for value in filter(None, (abs(a.low - b.low), a.low + b.low)):
                one = a._replace(low=value, high=value)
                others = [each for each in factors if each.start not in (a.start, b.start)]
                for each in others:
                    yield from monomials((one, each))
                    for further in others:
                        if further.start > each.start:
                            yield from monomials((one, each, further))


def _fits(result: Amount, value: Value) -> bool:
    """Whether a value is a result, whatever was made or period is left unsaid."""
    off = [a - b for a, b in zip(value.dims, result.dims, strict=True)]
    if any(power for at, power in enumerate(off) if at not in (ITEM, SECOND)):
        return False
    if not off[SECOND]:
        return comes_to(result, value, wide=_WIDE)
    if abs(off[SECOND]) > _ONE or not (result.sign or result.dims[AXES.index("joule")] or result.dims[ITEM]):
        return False
    return any(
        is_near(
            result,
            value.low * (a if off[SECOND] < 0 else 1 / b),
            value.high * (b if off[SECOND] < 0 else 1 / a),
            wide=_WIDE,
        )
        for name, (a, b) in PERIODS.items()
        if name not in ("s", "min")
    )


def _is_ratio(result: Amount, pool: Sequence[Amount]) -> bool:
    """Whether a share or a multiple is one of any two alike, of what they leave or add."""
    every = [value for many in (_ONE, _TWO) for used in combinations(pool, many) for value in monomials(used)]
    every = [one for one in every if one.low > 0]
    told = result._replace(kind="amount", dims=powers())
    for a, b in permutations(every, _TWO):
        if a.dims != b.dims and not (a.used[0].bare or b.used[0].bare):
            continue
        share = a.low / b.low
        off = (share, abs(1 - share)) if result.kind == "share" else (share, share - 1, share + 1)
        if any(value > 0 and _near_share(told, value) for value in off):
            return True
    return False


def _near_share(told: Amount, value: float) -> bool:
    return abs(told.low - value) <= max(0.016, 0.07 * value)
