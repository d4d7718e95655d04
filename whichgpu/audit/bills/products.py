"""What an audit says of an amount that is held against a product or a sum of others."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import TWO, Amounts
from whichgpu.audit.bills.explained import DIGITS, PERIODS
from whichgpu.audit.bills.meant import HOURS
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.dimensions import LENGTHS
from whichgpu.audit.text.relations import Way

if TYPE_CHECKING:
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.dimensions import Term


def finding(way: Way, told: Term, verdict: str, text: Amounts, context: Context) -> Finding:
    """The finding on an amount that is held against a product or a sum."""
    number = DIGITS.search(told.words)
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
        number = DIGITS.search(used.words) if any(used.dims) and used.start >= 0 else None
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
        some = [each.value for each in own if bool(each.dims[HOURS]) is powers][-_LAST:]
        long = _DAY if powers and not told.dims[HOURS] else 1.0
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
    periods: tuple[float, ...] = () if any(own <= each.start for each in times) else PERIODS
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
