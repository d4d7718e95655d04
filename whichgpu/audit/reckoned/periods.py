"""What a device costs for a day, a week, a month or a year, by the hour that was told of it before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.reckoned.bills import hourly
from whichgpu.audit.reckoned.results import ELSE, MONEY, RENT, is_result, judged
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.offers import providers_in
from whichgpu.units import HOUR

if TYPE_CHECKING:
    from whichgpu.audit.reckoned.results import Found
    from whichgpu.audit.reckoned.told import Place, Told

#: "A day of an L4", "one month of two T4".
_OF = re.compile(
    r"\b(?:an?|one|each|every)\s+(?:full |whole )?(?P<p>day|week|month|year)\s+(?:of|with|on)\s", re.I
)
#: "$24.00 a day", behind a result.
_PER = re.compile(r"(?:\b(?:an?|per|each|every)\s+|/\s?)(?P<p>day|week|month|year)\b", re.IGNORECASE)
#: That it is not rented around the clock, or not at the rate that was told.
_IN_PART = re.compile(
    r"\b(?:hours?\s+(?:an?|per|each|every|of)\s|weekdays?|work(?:ing)?[ -]days?|business|"
    r"nights?|idle|busy|utili\w+|"
    r"spot|monthly (?:rate|plan|price)|flat|subscri\w+|on[- ]demand|interrupt\w+)",
    re.IGNORECASE,
)
#: Hours of a period, at least and at most.
_HOURS = {"day": (24, 24), "week": (168, 168), "month": (672, 744), "year": (8760, 8784)}


def of_period(result: Told, place: Place) -> Found:
    """Money for a period of a device, where its rent by the hour is told before."""
    one, text = result.amount, place.sentence.text
    if one.dims not in (MONEY, RENT) or result.whose is None or ELSE.search(text):
        return None
    said = _PER.search(result.said) if one.dims == RENT else _OF.search(text)
    others = [
        each for each in place.here if each.amount is not one and each.amount.kind not in ("count", "number")
    ]
    if said is None or not one.digits or others or not is_result(result, place):
        return None
    if _IN_PART.search(place.passage.text, 0, place.sentence.end):
        return None
    if providers_in(text):
        # Another one may have another rate.
        return None
    rents = [each for each in hourly(result, place) if each.whose == result.whose and not each.amount.limit]
    named = within(place.context.mentions.get(place.number, ()), place.sentence.start, place.sentence.end)
    if len({each.amount.low for each in rents}) != 1 or len({each.named for each in named}) != 1:
        return None
    many = counted(place.passage.text, place.sentence.start, named[0].start)
    rent, period = rents[0].amount, said["p"].lower()
    plain = result._replace(amount=one._replace(dims=MONEY, low=one.digits, high=one.digits))
    values = [
        (
            rent.low * HOUR * hours * many,
            f"{rent.words} for {hours:,} hours" + (f" times {many:g}" if many > 1 else ""),
        )
        for hours in _HOURS[period]
    ]
    low, high = (value for value, _ in values)
    return None if low <= one.digits <= high else judged(plain, values, place, bound=True)
