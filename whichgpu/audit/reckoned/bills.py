"""Bills and energy: of a rent and hours, a tariff, so many, so much a day, one GPU of a machine."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.closure.units import JOULE, SECOND
from whichgpu.audit.closure.wording import UNTOLD
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.reckoned.results import (
    ELSE,
    ENERGY,
    MONEY,
    POWER,
    RENT,
    TIME,
    is_result,
    judged,
    numbers,
    sentence_before,
)
from whichgpu.audit.text.sentences import within
from whichgpu.units import DAY, HOUR, KWH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.closure.amounts import Amount
    from whichgpu.audit.reckoned.results import Found
    from whichgpu.audit.reckoned.told import Place, Told

_HOURLY = re.compile(
    r"(?:/|per|an?|each|every)\s?(?:gpu|card|node|instance|accelerator|device)?[\s-]?(?:h|hr|hour)\b|"
    r"hourly|by the hour",
    re.IGNORECASE,
)
_MONTHLY = re.compile(
    r"\b(?:a|per|each|every) (?:month|year|week|day)\b|monthly|yearly|weekly|daily", re.IGNORECASE
)
#: Another one than that of the rate may be meant.
_IT = re.compile(r"\b(?:it|its|them|they)\b", re.IGNORECASE)
_SHARES = frozenset({"share", "times"})
_MACHINE = re.compile(
    r"\b(?:nodes?|servers?|boxe?s?|clusters?|fleets?|machines?|pods?|systems?|racks?|instances?|team|all|"
    r"both|each)\b",
    re.IGNORECASE,
)


#: A price by the hour that need not say so, beside hours: "730 hours at $0.80".
_AT = re.compile(r"\bat\s+(?:about |only |just |around )?$", re.IGNORECASE)
_RENT = 100.0


def _is_rate(told: Told, place: Place) -> bool:
    one = told.amount
    at = _AT.search(place.passage.text, max(place.sentence.start, one.start - 12), one.start)
    return one.dims == MONEY and not one.per and one.low <= _RENT and at is not None


def hourly(result: Told, place: Place) -> list[Told]:
    """What is told by the hour before a result, and what goes on with it: "$0.95 an hour and $1.65 for"."""
    every = [each for each in (*place.before, *place.here) if each.amount is not result.amount]
    rates = [each for each in every if each.amount.dims == RENT and _HOURLY.search(each.said)]
    on = [
        each
        for each in every
        if each.amount.dims == MONEY and not each.amount.per and each.amount.low <= _RENT
        and any(each.back == one.back and 0 < each.amount.start - one.amount.end < _GOES_ON for one in rates)
    ]  # fmt: skip
    found = [each for each in (*rates, *on) if each.back or each.amount.start < result.amount.start]
    # A list tells them one after the other, each in a passage of its own.
    first = near = min((each.back for each in found), default=0)
    while near and any(each.back == near + 1 for each in found):
        near += 1
    found = [each for each in found if each.back <= near and first <= _BACK]
    own = [each for each in found if result.whose is not None and each.whose == result.whose]
    return own or [each for each in found if each.back or not _turned(each, place)]


def _turned(rate: Told, place: Place) -> bool:
    """Whether another device is named between a rate and the sentence of a result."""
    between = within(place.context.mentions.get(place.number, ()), rate.amount.end, place.sentence.start)
    return any(model(each.named[0], place.context.catalogue) != rate.whose for each in between)


_GOES_ON, _BACK = 90, 2


def _nearest(text: str, inside: Sequence[Told], one: Amount) -> list[Told]:
    """The times of a result: those between it and the result before it, else all of its sentence."""
    times = [
        each
        for each in inside
        if each.amount.dims == TIME and each.amount.low >= HOUR and each.amount.limit != "range"
    ]
    before = (
        each.amount.end for each in inside if each.amount.dims == MONEY and each.amount.end <= one.start
    )
    last = max(before, default=0)
    own = [each for each in times if last <= each.amount.start < one.start]
    # "For 730 hours it is $587 and $734": of the same time; "and one to keep costs $30,000" is of none.
    goes_on = not last or _AND.fullmatch(text, last, one.start)
    return own or (times if goes_on else [])


_AND = re.compile(r"\s*(?:,|and|,\s*and|or)\s+(?:about |around |roughly )?[$\u20ac]?", re.IGNORECASE)


def _told_again(times: Sequence[Told]) -> list[Told]:
    """Times of which some tell another again: "30 days (720 hours)"."""
    exact = [each for each in times if each.amount.low == each.amount.high] or [*times]
    last = exact[-1:]
    if not last:
        return []
    one = last[0].amount
    same = all(each.amount.low * _SHORT <= one.high and one.low <= each.amount.high * _LONG for each in times)
    return last if same else [*times]


#: How far apart two tellings of one time are at most.
_SHORT, _LONG = 0.97, 1.03


def bill(result: Told, place: Place) -> Found:
    """Money for so long at a rent that is told before."""
    inside = [each for each in place.here if each.amount is not result.amount]
    one = result.amount
    if one.dims == RENT and _MONTHLY.search(result.said) and one.digits:
        # "For 730 hours at $0.80 it comes to $684 a month".
        result = result._replace(amount=one._replace(dims=MONEY, low=one.digits, high=one.digits))
    times = _told_again(_nearest(place.passage.text, inside, result.amount))
    if len(times) != 1 or not _is_bill(result, inside, place):
        return None
    rents = [each for each in inside if _is_rate(each, place)] or hourly(result, place)
    if not rents or any(each.amount.per not in ("", "gpu", "each") for each in rents):
        return None
    if _IT.search(place.sentence.text) and len(rents) < len(("one", "other")):
        return None
    time = times[0].amount
    values = [
        (
            rent.amount.low / (HOUR if rent.amount.dims == MONEY else 1.0) * low * many,
            f"{rent.amount.words}, {time.words}" + (f" and {many:g}" if many > 1 else ""),
        )
        for rent in rents
        for many in _so_many(inside, place)
        for low in {time.low, time.high}
    ]
    told = result.amount.middle
    # What is ten times as much is what it costs to buy.
    near = [each for each in values if 1 / _BOUGHT < each[0] / told < _BOUGHT]
    return judged(result, values, place, bound=True) if near else None


_BOUGHT = 9.5


def _is_bill(result: Told, inside: Sequence[Told], place: Place) -> bool:
    """Whether money is told as the result of a rent and a time alone."""
    one = result.amount
    if one.dims != MONEY or one.per or _is_rate(result, place) or ELSE.search(place.sentence.text):
        return False
    around = (*inside, *(each for each in place.before if not each.back))
    other = any(
        each.amount.kind in _SHARES or each.amount.dims == ENERGY or "Wh" in each.said for each in around
    )
    rented = any(each.amount.dims == RENT and each.amount.start > one.start for each in inside)
    return not other and not rented and is_result(result, place)


def _so_many(inside: Sequence[Told], place: Place) -> list[float]:
    """How many may be rented: as many as the sentence tells, else one; of a machine what it may have."""
    counts = [
        each.amount.low for each in inside if each.amount.kind in ("count", "number") and each.amount.low > 1
    ]
    many = {*counts, math.prod(counts)} if counts else {1.0}
    if _MACHINE.search(place.sentence.text):
        many |= {one * other for one in many for other in (*numbers(place.before), 2.0, 4.0, 8.0)}
    return sorted(many)


#: So many of what was told of one right before.
_SUCH = re.compile(r"\b(?:such|of (?:them|these|those)|like (?:this|it))\b", re.IGNORECASE)
_FOR_ALL = re.compile(
    r"\W*(?:for|with) (?:the|all|our|these|those|all the)?\s*(?:two|three|four|five|six|eight|ten|twelve|"
    r"twenty|\d+)\s+(?:servers?|nodes?|machines|cards|gpus|boxes)\b"
    r"[^.;,\d]{0,40}?,?\s*(?:this|that|it) (?:is|makes|means|comes to|amounts to)\b",
    re.IGNORECASE,
)


def several(result: Told, place: Place) -> Found:
    """What so many use or cost, by what the sentence before tells of one: "twenty such cards: 6,300 kWh"."""
    one, text = result.amount, place.sentence.text
    for_all = one.dims in (POWER, MONEY) and _FOR_ALL.match(text)
    such = one.dims in (ENERGY, MONEY) and _SUCH.search(text)
    if not (such or for_all) or one.per or "each" in text or UNTOLD.search(text):
        return None
    counts = [
        each.amount.low
        for each in place.here
        if each.amount.kind in ("count", "number") and each.amount.start < one.start and each.amount.low > 1
    ]
    told = [
        each.amount
        for each in place.before
        if not each.back and each.amount.dims == one.dims and not each.amount.per
    ]
    others = [each for each in place.here if each.amount is not one and not each.amount.bare]
    if len(counts) != 1 or others:
        return None
    last = _LAST if for_all else 1
    values = [(each.low * counts[0], f"{counts[0]:g} times {each.words}") for each in told[-last:]]
    return judged(result, values, place, bound=True)


#: Amounts before it that what so many have may be of.
_LAST = 4


#: So much in a period, of which a day was told before: "0.76 kWh daily. In a year that is 277".
_PERIOD = re.compile(
    r"\b(?:in|per|over|for|within|every|each|a|an|the|one)\s+(?:(?:a|an|the|one|whole|full|entire|"
    r"single)\s+)*(?P<p>week|month|year)\b|"
    r"\b(?P<a>weekly|monthly|yearly|annually|annual)\b",
    re.IGNORECASE,
)
_DAYS = {"week": (7, 7), "month": (28, 31), "year": (365, 366)}
_DAILY = re.compile(r"\b(?:daily|(?:a|per|each|every) day|per 24 hours)\b|/day", re.IGNORECASE)


def by_period(result: Told, place: Place) -> Found:
    """Energy or money of a week, a month or a year, where that of a day was told right before."""
    one, text = result.amount, place.sentence.text
    if one.dims not in (MONEY, ENERGY) or _DAILY.search(text) or not is_result(result, place):
        return None
    said = list(_PERIOD.finditer(text))
    daily = tuple(power - (axis == SECOND) for axis, power in enumerate(one.dims))
    told = [
        each.amount
        for each in place.before
        if not each.back
        and each.amount.sign == one.sign
        and each.amount.dims == daily
        and _DAILY.search(each.said)
    ]
    others = [
        each.amount
        for each in place.here
        if each.amount.dims[SECOND] == -1 or (each.amount.bare and each.amount.low > 1)
    ]
    if len(said) != 1 or not told or others:
        return None
    word = (said[0]["p"] or _ADVERBS[said[0]["a"].lower()]).lower()
    day = told[-1].low * DAY
    values = [(day * days, f"{told[-1].words} a day in a {word}") for days in _DAYS[word]]
    low, high = (value for value, _ in values)
    return None if low <= one.low <= high else judged(result, values, place, bound=True)


_ADVERBS = {
    "weekly": "week", "monthly": "month", "yearly": "year", "annually": "year", "annual": "year",
}  # fmt: skip


_PER_GPU = re.compile(
    r"\b(?:per|for each|for every) (?:gpu|card|accelerator)(?![- ]?h)(?:,|:|\s|\b(?:that|this|is|comes?|to|"
    r"about|around|roughly|it|makes|i\.e\.|or|so)\b)*$",
    re.IGNORECASE,
)


def per_gpu(result: Told, place: Place) -> Found:
    """What one of several costs an hour, of a machine whose price and number are told."""
    one = result.amount
    words = place.words(max(place.sentence.start, one.start - 40), one.start)
    if one.dims not in (MONEY, RENT) or not _PER_GPU.search(words) or UNTOLD.search(place.sentence.text):
        return None
    whole = [each for each in place.here if each.amount.dims == RENT and each.amount.start < one.start]
    several_of = [many for many in numbers((*place.before, *place.here)) if many > 1]
    if len(whole) != 1 or not several_of:
        return None
    value = whole[0].amount.low * (HOUR if one.dims == MONEY else 1.0)
    values = [(value / many, f"{whole[0].amount.words} over {many:g}") for many in (*several_of, 8.0, 4.0)]
    return judged(result, values, place, bound=True)


#: Power over a time that stand in one sentence with the energy: "(22.4 kW, 8,760 h, no PUE) are 196 MWh".
_NO_PUE = re.compile(r"\b(?:no|without(?: any)?|excluding) (?:PUE|cooling|overheads?)\b", re.IGNORECASE)


def energy(result: Told, place: Place) -> Found:
    """Energy of the one power and the one time that its sentence tells."""
    one = result.amount
    text = _NO_PUE.sub(" ", place.sentence.text)
    if one.dims != ENERGY or one.per or one.limit == "range" or text == place.sentence.text:
        return None
    loads = [each.amount for each in place.here if each.amount.dims == POWER]
    times = _told_again([each for each in place.here if each.amount.dims == TIME and each.amount.low >= HOUR])
    counts = any(each.amount.bare and each.amount.low > 1 for each in place.here)
    if len(loads) != 1 or len(times) != 1 or counts or UNTOLD.search(text):
        return None
    words = f"{loads[0].words} and {times[0].amount.words}"
    values = [(loads[0].low * low, words) for low in (times[0].amount.low, times[0].amount.high)]
    return judged(result, values, place, bound=True)


def tariff(result: Told, place: Place) -> Found:
    """Money for the energy that the sentence before tells, at the one price by the kWh that its own tells."""
    one = result.amount
    if one.dims not in (MONEY, RENT) or not is_result(result, place):
        return None
    before = sentence_before(place)
    used = [
        each.amount
        for each in place.before
        if each.amount.dims == ENERGY and not each.back and each.amount.start >= before
    ]
    own = [each.amount for each in place.here if each.amount is not one]
    if len(used) != 1 or len(own) != 1 or own[0].start > one.start or not _is_tariff(own[0]):
        return None
    price = own[0].low * (KWH if own[0].dims[JOULE] == -1 else 1.0)
    if one.dims == RENT:
        result = result._replace(amount=one._replace(dims=MONEY, low=one.digits, high=one.digits))
    return judged(
        result, [(used[0].low / KWH * price, f"{used[0].words} at {own[0].words}")], place, bound=True
    )


def _is_tariff(one: Amount) -> bool:
    """Whether an amount is the price of a kWh, which need not be said of less than one coin."""
    return one.dims[0] == 1 and (one.dims[JOULE] == -1 or one.low < 1)
