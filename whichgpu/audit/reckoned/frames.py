"""From what a result of each kind follows, and whether anything that is told makes it."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.closure.amounts import Amount, powers
from whichgpu.audit.closure.readings import is_admissible, is_near
from whichgpu.audit.closure.wording import UNTOLD
from whichgpu.audit.sufficing.needs import need_before
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import attributes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from whichgpu.audit.reckoned.told import Place, Told

    Found = tuple[str, str] | None

MONEY, TIME, ENERGY, POWER = powers(money=1), powers(second=1), powers(joule=1), powers(joule=1, second=-1)
BYTES = powers(byte=1)
RENT = powers(money=1, second=-1)
HOUR = 3600.0
#: Beyond this factor a result is of something else.
_FAR = 40.0
#: What leads to a result: a verb or a sign, and nothing but fillers behind it.
_LEADS = re.compile(
    r"(?:[=:\u2248(]|[\u2019']s\b|\b(?:is|are|was|were|be|been|costs?|comes?|came|coming|makes?|making|means?|totals?|amounts?|pays?|paid|bill(?:ed)?|"
    r"invoices?d?|charged?|draws?|takes?|took|uses?|used|consumes?|needs?|adds?|reach(?:es)?|gives?|yields?|equals?|burns?|or|thus|so|"
    r"i\.e\.|hence|therefore|about|corresponds?|works? out|have|has|sums?|budget|leaves?|leaving|remain\w*|left|difference|saving|saves?|gap))\b"
    r"(?:\s+(?:then|about|around|roughly|some|nearly|almost|just|only|approximately|over|under|an?|the|you|us|me|we|it|at|to|of|for|"
    r"with|as|up|out|total|whole|mere|bill|cost|already|be|been|close|well|exactly|or|so|even|no|more|less|than|little|thus|therefore|"
    r"hence|together|altogether|all|in|that|is|still|around|back|on|would|have|by|billed|roughly|also|they|i|hardly|less))*\s*[~\u2248(]?\s*$",
    re.IGNORECASE,
)
#: What adds to a result or takes from it and is not told in figures, or makes it somebody else's.
_ELSE = re.compile(
    r"\b(?:than|instead|versus|against|compared|deposit|reserved?|spot|commit\w*|if|unless|would|storage|egress|plus|elsewhere|another)\b",
    re.IGNORECASE,
)
_COUNTS = frozenset({"gpu", "node", "rack", "thing"})


def _numbers(told: Iterable[Told]) -> list[float]:
    """Numbers of things that are told, and one."""
    found = [one.amount.low for one in told if one.amount.bare and one.amount.kind in ("count", "number") and 1 <= one.amount.low <= 1e4
             and one.amount.noun in ("", *_COUNTS)]  # fmt: skip
    return [1.0, *dict.fromkeys(found)]


def _of_result(result: Told, place: Place) -> bool:
    """Whether words lead to an amount as a result, and nothing untold changes it."""
    one, start = result.amount, place.sentence.start
    if one.limit == "range" or one.kind not in ("amount", "count", "number"):
        return False
    last = max((each.amount.end for each in place.here if each.amount.end <= one.start), default=start)
    between = place.words(max(last, one.start - 70), one.start)
    return bool(_LEADS.search(between)) and not UNTOLD.search(place.sentence.text)


def _rates(result: Told, place: Place, dims: tuple[int, ...]) -> list[Told]:
    """What is told per hour or of one before a result: of whom the result is, where that is told of it."""
    found = [one for one in (*place.before, *place.here) if one.amount.dims == dims and one.amount is not result.amount
             and (one.back or one.amount.start < result.amount.start)]  # fmt: skip
    found = [one for one in found if one.back <= (1 if any(not each.back for each in found) else 2)]
    own = [one for one in found if result.whose is not None and one.whose == result.whose]
    return own or found


def _judge(
    result: Told, values: Sequence[tuple[float, str]], place: Place, wide: float = 0.012, *, bound: bool = False
) -> Found:
    """The accusation of a result that none of some values is, and, where whose they are is open, nothing around makes."""
    one = result.amount
    if not one.limit and _LIMITED.search(place.words(max(0, one.start - 14), one.start)):
        return None
    if not values or any(is_near(one, value, value, wide=wide) for value, _ in values):
        return None
    value, words = min(values, key=lambda each: abs(each[0] / one.middle - 1))
    if not 1 / _FAR < value / one.middle < _FAR:
        return None
    others = [each.amount for each in (*place.before, *place.here) if each.amount is not one and not each.back]
    if not bound and is_admissible(one, others):
        return None
    right = one.digits * value / one.middle
    return f"{words} make {right:,.4g}", f"{right:,.4g}"


_HOURLY = re.compile(r"(?:/|per|an?|each|every)\s?(?:gpu|card|node|instance|accelerator|device)?[\s-]?(?:h|hr|hour)\b|hourly|by the hour", re.IGNORECASE)
_MONTHLY = re.compile(r"\b(?:a|per|each|every) (?:month|year|week|day)\b|monthly|yearly|weekly|daily", re.IGNORECASE)
#: Another one than that of the rate may be meant.
_IT = re.compile(r"\b(?:it|its|them|they)\b", re.IGNORECASE)
#: A limit before a number in words.
_LIMITED = re.compile(r"\b(?:less than|more than|under|over|at least|at most|up to|below|above)\s+$", re.IGNORECASE)
_SHARES = frozenset({"share", "times"})
_MACHINE = re.compile(r"\b(?:nodes?|servers?|boxe?s?|clusters?|fleets?|machines?|pods?|systems?|racks?|instances?|team|all|both|each)\b", re.IGNORECASE)


#: A price by the hour that need not say so, beside hours: "730 hours at $0.80".
_AT = re.compile(r"\bat\s+(?:about |only |just |around )?$", re.IGNORECASE)
_RENT = 100.0


def _is_rate(told: Told, place: Place) -> bool:
    one = told.amount
    at = _AT.search(place.passage.text, max(place.sentence.start, one.start - 12), one.start)
    return one.dims == MONEY and not one.per and one.low <= _RENT and at is not None


def _hourly(result: Told, place: Place) -> list[Told]:
    """What is told by the hour before a result, and what goes on with it: "$0.95 an hour for one and $1.65 for"."""
    every = [each for each in (*place.before, *place.here) if each.amount is not result.amount]
    rates = [each for each in every if each.amount.dims == RENT and _HOURLY.search(each.said)]
    on = [
        each
        for each in every
        if each.amount.dims == MONEY and not each.amount.per and each.amount.low <= _RENT
        and any(each.back == one.back and 0 < each.amount.start - one.amount.end < _GOES_ON for one in rates)
    ]  # fmt: skip
    found = [each for each in (*rates, *on) if each.back or each.amount.start < result.amount.start]
    near = 1 if any(not each.back for each in found) else 2
    found = [each for each in found if each.back <= near - 1 or each.back <= 1]
    own = [each for each in found if result.whose is not None and each.whose == result.whose]
    return own or found


_GOES_ON = 90


def _nearest(times: Sequence[Told], one: Amount, inside: Sequence[Told]) -> list[Told]:
    """Of the times of a sentence those of a result: between it and the result before it, else all."""
    last = max((each.amount.end for each in inside if each.amount.dims == MONEY and each.amount.end <= one.start), default=0)
    own = [each for each in times if last <= each.amount.start < one.start]
    return own or [*times]


def _told_again(times: Sequence[Told]) -> list[Told]:
    """Times of which some tell another again: "30 days (720 hours)"."""
    exact = [each for each in times if each.amount.low == each.amount.high] or [*times]
    last = exact[-1:]
    same = all(each.amount.low * 0.97 <= last[0].amount.high and last[0].amount.low <= each.amount.high * 1.03 for each in times) if last else True
    return last if same else [*times]


def bill(result: Told, place: Place) -> Found:
    """Money for so long at a rent that is told before."""
    one = result.amount
    inside = [each for each in place.here if each.amount is not one]
    if one.dims == RENT and _MONTHLY.search(result.said) and one.digits:
        # "For 730 hours at $0.80 it comes to $684 a month".
        result = result._replace(amount=one._replace(dims=MONEY, low=one.digits, high=one.digits))
    if _is_rate(result, place) or result.amount.dims != MONEY or one.per:
        return None
    if not _of_result(result, place) or _ELSE.search(place.sentence.text):
        return None
    one = result.amount
    times = [each for each in inside if each.amount.dims == TIME and each.amount.low >= HOUR and each.amount.limit != "range"]
    times = _told_again(_nearest(times, one, inside))
    if len(times) != 1:
        return None
    shares = (*inside, *(each for each in place.before if not each.back))
    if any(each.amount.kind in _SHARES for each in shares) or any(each.amount.dims == RENT and each.amount.start > one.start for each in inside):
        return None
    rents = [each for each in inside if _is_rate(each, place)]
    rents = rents or _hourly(result, place)
    if not rents or any(each.amount.per for each in rents if each.amount.per not in ("gpu", "each")):
        return None
    told = (*inside, *(each for each in place.before if not each.back))
    if any(each.amount.dims == ENERGY for each in told) or (_IT.search(place.sentence.text) and len(rents) < 2):
        return None
    counts = [each.amount.low for each in inside if each.amount.kind in ("count", "number") and each.amount.low > 1]
    if len(counts) > 2:
        return None
    machine = _MACHINE.search(place.sentence.text)
    numbers = {1.0} if not counts else {*counts, math.prod(counts)}
    if machine or any(each.amount.per for each in rents):
        numbers |= {many * other for many in numbers for other in (*_numbers(place.before), 2.0, 4.0, 8.0)}
    values = [
        (rent.amount.low / (HOUR if rent.amount.dims == MONEY else 1.0) * low * many,
         f"{rent.amount.words}, {times[0].amount.words}" + (f" and {many:g}" if many > 1 else ""))
        for rent in rents for many in sorted(numbers) for low in {times[0].amount.low, times[0].amount.high}
    ]
    return _judge(result, values, place, bound=True)


#: So many of what was told of one right before.
_SUCH = re.compile(r"\b(?:such|of (?:them|these|those)|like (?:this|it))\b", re.IGNORECASE)


_FOR_ALL = re.compile(
    r"\W*(?:for|with) (?:the|all|our|these|those|all the)?\s*(?:two|three|four|five|six|eight|ten|twelve|twenty|\d+)\s+(?:servers?|nodes?|machines|cards|gpus|boxes)\b"
    r"[^.;,\d]{0,40}?,?\s*(?:this|that|it) (?:is|makes|means|comes to|amounts to)\b",
    re.IGNORECASE,
)


def several(result: Told, place: Place) -> Found:
    """Energy or money by the year of so many of what the sentence before tells it of one: "twenty such cards: 6,300 kWh"."""
    one = result.amount
    for_all = one.dims in (POWER, MONEY) and _FOR_ALL.match(place.sentence.text)
    such = one.dims in (ENERGY, MONEY) and _SUCH.search(place.sentence.text)
    if not (such or for_all) or one.per or UNTOLD.search(place.sentence.text):
        return None
    counts = [each.amount.low for each in place.here if each.amount.kind in ("count", "number") and each.amount.start < one.start and each.amount.low > 1]
    last = 1 if not for_all else 4
    told = [each for each in place.before if not each.back and each.amount.dims == one.dims and not each.amount.per][-last:]
    others = [each for each in place.here if each.amount is not one and not each.amount.bare]
    if len(counts) != 1 or not told or others or "each" in place.sentence.text:
        return None
    values = [(each.amount.low * counts[0], f"{counts[0]:g} times {each.amount.words}") for each in told]
    return _judge(result, values, place, bound=True)


#: What two amounts are apart.
_APART = re.compile(
    r"\b(?:difference|gap|a saving of|saves?|saving|savings|a plus of|a minus of|(?:cheaper|dearer|more expensive) by)\b[^.;,\d]{0,40}$",
    re.IGNORECASE,
)


def _sentence_before(place: Place) -> int:
    return max((each.start for each in sentences(place.passage.text) if each.start < place.sentence.start), default=place.sentence.start)


def apart(result: Told, place: Place) -> Found:
    """What two amounts of one kind that stand before it are apart."""
    one = result.amount
    words = place.words(max(place.sentence.start, one.start - 70), one.start)
    if one.bare or one.per or one.dims[1] < 0 or not _APART.search(words) or UNTOLD.search(place.sentence.text) or one.limit == "range":
        return None
    alike = [each for each in (*place.before, *place.here) if each.amount.dims == one.dims and each.amount.start != one.start and each.back < 1
             and each.amount.start < one.start]  # fmt: skip
    if len(alike) < 2:
        return None
    last = [each for each in alike if each.amount.start >= _sentence_before(place)]
    if len(last) == 2:
        # Exactly two of its kind stand in the sentence before: it is of them.
        a, b = (each.amount for each in last)
        return _judge(result, [(abs(a.low - b.low), f"{a.words} less {b.words}")], place, bound=True)
    alike = alike[-6:]
    values = [(abs(a.amount.low - b.amount.low), f"{a.amount.words} less {b.amount.words}") for a, b in combinations(alike, 2) if a.amount.low != b.amount.low]
    return _judge(result, values[-1:] + values, place)


#: So much in a longer period, of which a shorter one was told before: "0.76 kWh daily. In a year that is 277".
_PERIOD = re.compile(
    r"\b(?:in|per|over|for|within|every|each|a|an|the|one)\s+(?:(?:a|an|the|one|whole|full|entire|single)\s+)*(?P<p>week|month|year)\b|"
    r"\b(?P<a>weekly|monthly|yearly|annually|annual)\b",
    re.IGNORECASE,
)
_DAYS = {"week": (7, 7), "month": (28, 31), "year": (365, 366)}
_DAILY = re.compile(r"\b(?:daily|(?:a|per|each|every) day|per 24 hours)\b|/day", re.IGNORECASE)


def by_period(result: Told, place: Place) -> Found:
    """Energy or money of a week, a month or a year, where that of a day was told right before."""
    one, text = result.amount, place.sentence.text
    if (one.dims[0], one.dims[2]) not in ((1, 0), (0, 1)) or one.dims[5] or not _of_result(result, place):
        return None
    said = _PERIOD.search(text)
    if said is None or len(_PERIOD.findall(text)) > 1 or _DAILY.search(text) or one.dims[1] < -1:
        return None
    told = [each for each in place.before if not each.back and each.amount.sign == one.sign and each.amount.dims[1] == -1
            and each.amount.dims[0] == one.dims[0] and each.amount.dims[2] == one.dims[2] and _DAILY.search(each.said)]  # fmt: skip
    others = [each for each in place.here if each.amount.dims[1] == -1 and each.amount is not one and not each.amount.bare]
    if not told or others or any(each.amount.bare and each.amount.low > 1 for each in place.here):
        return None
    low, high = _DAYS[(said["p"] or {"w": "week", "m": "month"}.get(said["a"][:1].lower(), "year")).lower()]
    day = told[-1].amount.low * 86400.0
    value = one.low if not one.dims[1] else None
    if value is None or day * low * 0.985 <= value <= day * high * 1.015:
        return None
    right = one.digits * day * low / one.low
    if not 0.1 < right / one.digits < 10:
        return None
    return f"{told[-1].amount.words} make {right:,.4g} in a {said['p'] or said['a']}", f"{right:,.4g}"


#: So many times as much as what was told before: "eight times as many cells and needs 144 GB".
_TIMES_AS = re.compile(
    r"(?<![\d.])\b(?P<n>twice|two|three|four|five|six|eight|ten|\d+)(?:\s?x|\s?\u00d7| times)?\s+as\s+(?:many|large|big|much|long)\b[^.;]{0,60}"
    r"\b(?:needs?|takes?|requires?|wants?|occupies)\s+(?:about |around |roughly |some )?$",
    re.IGNORECASE,
)
_N = {"twice": 2, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "eight": 8, "ten": 10}


def times_as(result: Told, place: Place) -> Found:
    """What so many times as much takes, where what one takes is told before in the same unit."""
    one = result.amount
    match = _TIMES_AS.search(place.words(place.sentence.start, one.start))
    if match is None or one.bare or one.per or one.limit == "range" or UNTOLD.search(place.sentence.text):
        return None
    told = [each.amount for each in place.before if not each.back and each.amount.dims == one.dims]
    if not told:
        return None
    many = _N.get(match["n"].lower()) or float(match["n"])
    values = [(each.low * many, f"{many:g} times {each.words}") for each in told[-4:]]
    return _judge(result, values, place, bound=True)


#: An efficiency of a speed-up on so many.
_EFFICIENCY = re.compile(
    r"\b(?P<n>two|three|four|six|eight|sixteen|\d{1,4})\s+(?:gpus?|cards?|nodes?|modules?|accelerators?)\b.{0,90}?"
    r"\bspeed-?up\s+(?:of|is|was)\s+(?:about |around )?(?P<s>\d+(?:\.\d+)?).{0,70}?\befficiency\s+(?:of|is|was)\s+(?:about |around |only )?$",
    re.IGNORECASE | re.DOTALL,
)


def efficiency(result: Told, place: Place) -> Found:
    """The efficiency of a speed-up, which is the speed-up over the number of devices."""
    one = result.amount
    match = _EFFICIENCY.search(place.words(place.sentence.start, one.start)) if one.kind == "share" else None
    if match is None:
        return None
    many = _N.get(match["n"].lower()) or (16.0 if match["n"].lower() == "sixteen" else float(match["n"]))
    right = float(match["s"]) / many
    if right > 1 or abs(right - one.low) < _POINTS:
        return None
    return f"{match['s']} on {many:g} is an efficiency of {right:.0%}", f"{right:.0%}"


_POINTS = 0.025
_PER_GPU = re.compile(
    r"\b(?:per|for each|for every) (?:gpu|card|accelerator)(?![- ]?h)(?:,|:|\s|\b(?:that|this|is|comes?|to|about|around|roughly|it|makes|i\.e\.|or|so)\b)*$",
    re.IGNORECASE,
)


def per_gpu(result: Told, place: Place) -> Found:
    """What one of several costs an hour, of a machine whose price and number are told."""
    one = result.amount
    words = place.words(max(place.sentence.start, one.start - 40), one.start)
    if one.dims not in (MONEY, RENT) or not _PER_GPU.search(words) or UNTOLD.search(place.sentence.text):
        return None
    whole = [each for each in place.here if each.amount.dims == RENT and each.amount.start < one.start]
    numbers = [many for many in _numbers((*place.before, *place.here)) if many > 1]
    if len(whole) != 1 or not numbers:
        return None
    value = whole[0].amount.low * (HOUR if one.dims == MONEY else 1.0)
    values = [(value / many, f"{whole[0].amount.words} over {many:g}") for many in (*numbers, 8.0, 4.0)]
    return _judge(result, values, place, bound=True)


#: Power over a time that stand in one sentence with the energy: "(22.4 kW, 8,760 h, no PUE) are 196 MWh".
_NO_PUE = re.compile(r"\b(?:no|without(?: any)?|excluding) (?:PUE|cooling|overheads?)\b", re.IGNORECASE)


def energy(result: Told, place: Place) -> Found:
    """Energy of the one power and the one time that its sentence tells."""
    one = result.amount
    text = _NO_PUE.sub(" ", place.sentence.text)
    if one.dims != ENERGY or one.per or one.limit == "range" or UNTOLD.search(text) or text == place.sentence.text:
        return None
    loads = [each.amount for each in place.here if each.amount.dims == POWER]
    times = _told_again([each for each in place.here if each.amount.dims == TIME and each.amount.low >= HOUR])
    if len(loads) != 1 or len(times) != 1 or any(each.amount.bare and each.amount.low > 1 for each in place.here):
        return None
    words = f"{loads[0].words} and {times[0].amount.words}"
    values = [(loads[0].low * low, words) for low in (times[0].amount.low, times[0].amount.high)]
    return _judge(result, values, place, bound=True)


def tariff(result: Told, place: Place) -> Found:
    """Money for the energy that the sentence before tells, at the one price by the kWh that its own tells."""
    one = result.amount
    if one.dims[0] != 1 or one.dims[1] not in (0, -1) or one.dims[2] or not _of_result(result, place):
        return None
    last = [each.amount for each in place.before if each.amount.dims == ENERGY and not each.back and each.amount.start >= _sentence_before(place)]
    own = [each.amount for each in place.here if each.amount is not one]
    prices = [each for each in own if each.dims[0] == 1 and each.digits < 100 and (each.dims[2] == -1 or each.low < 1) and each.start < one.start]
    if len(last) != 1 or len(prices) != 1 or len(own) > 1:
        return None
    price = prices[0].low * (KWH if prices[0].dims[2] == -1 else 1.0)
    value = last[0].low / KWH * price
    if one.dims[1]:
        result = result._replace(amount=one._replace(dims=MONEY, low=one.digits, high=one.digits))
    return _judge(result, [(value, f"{last[0].words} at {prices[0].words}")], place, bound=True)


KWH = 3.6e6
#: What is left of what a machine has in all, less what the sentence before says that a model takes.
_LEAVES = re.compile(r"\b(?:leaves?|leaving|left)\s+(?:(?:us|you|about|around|some|only|just|more than|less than|over|nearly|almost)\s+)*$", re.IGNORECASE)


def left(result: Told, place: Place) -> Found:
    """Memory that a total leaves, less the need that is told right before."""
    one = result.amount
    words = place.words(max(place.sentence.start, one.start - 40), one.start)
    own = [each.amount for each in place.here if each.amount.dims == BYTES and each.amount.start < one.start]
    if one.dims != BYTES or not _LEAVES.search(words) or len(own) > 1 or UNTOLD.search(place.sentence.text):
        return None
    need = need_before(place.passage, place.sentence, place.sentence.start, place.context)
    whole = own[0].low if own else _memory_of_one(place, one.start)
    if need is None or need.value >= whole:
        return None
    value = whole - need.value
    if one.low <= value:
        # What else is taken may be left unsaid.
        return None
    return _judge(result, [(value, f"{whole / 1e9:,.4g} GB less {need.value / 1e9:,.4g} GB")], place, 0.03, bound=True)


def _memory_of_one(place: Place, at: int) -> float:
    """The most that the one device has which is named before a place of the sentence; 0 where none is, or several."""
    here = within(place.context.mentions.get(place.number, ()), place.sentence.start, at)
    if len({each.named for each in here}) != 1 or counted(place.passage.text, place.sentence.start, here[0].start) > 1:
        return 0.0
    sizes = [size for key in here[0].ids for size in attributes()["memory"].amounts(place.context.catalogue[key])]
    return max(sizes, default=0.0)


#: "112.5 GB/s, about a third of that".
_OF_THAT = re.compile(r"\s+of (?:that|it|this)(?=\s*[.,;)]|$)", re.IGNORECASE)


def of_that(result: Told, place: Place) -> Found:
    """A share or a multiple of the one amount of the sentence before, beside the one of its own."""
    one = result.amount
    if one.kind not in ("share", "times") or not _OF_THAT.match(place.passage.text, one.end) or UNTOLD.search(place.sentence.text):
        return None
    own = [each.amount for each in place.here if not each.amount.bare and each.amount.start < one.start]
    last = _sentence_before(place)
    told = [each.amount for each in place.before if not each.back and each.amount.start >= last and own and each.amount.dims == own[-1].dims]
    if len(own) != 1 or len(told) != 1 or not told[0].low:
        return None
    real = own[0].low / told[0].low
    if abs(real / one.low - 1) < _ROUGHLY or abs(1 / real / one.low - 1) < _ROUGHLY:
        return None
    return f"{own[0].words} is {real:.2f} times {told[0].words}", f"{real:.2f}"


_ROUGHLY = 0.2
#: "65 -> 121 TFLOPS (+86 %)".
_ARROW = re.compile(
    r"(?P<a>\d[\d,]*(?:\.\d+)?)\s?[A-Za-z/]{0,8}\s?(?:->|\u2192|=>)\s?(?P<b>\d[\d,]*(?:\.\d+)?)\s?[A-Za-z/]{0,8},?\s?"
    r"(?:\(|,?\s?(?:i\.e\.|so|that is|or|=)\s?)(?:about |roughly |~)?(?P<sign>[+\u2212\u2013-])$"
)


def arrow(result: Told, place: Place) -> Found:
    """A change in percent of the two ends that an arrow joins right before it."""
    one = result.amount
    start = one.start
    text = place.passage.text
    if one.kind != "share" or "%" not in text[one.start : one.end + 2]:
        return None
    signed = text[start : start + 1] in "+-\u2212\u2013"
    match = _ARROW.search(text, place.sentence.start, start + (1 if signed else 0))
    if match is None:
        return None
    a, b = (float(match[key].replace(",", "")) for key in ("a", "b"))
    told = abs(one.low) * (1 if match["sign"] == "+" else -1)
    if not a or abs((b / a - 1) - told) < _POINTS:
        return None
    return f"{match['a']} to {match['b']} is {b / a - 1:+.0%}", f"{b / a - 1:+.0%}"


#: "8 kW for the GPUs, 2.4 kW more than one with eight H100".
_MORE_THAN = re.compile(
    r"\s+(?:more|less) than (?:one|a (?:server|box|node|machine)|those|that) (?:with|of|from) (?:the )?", re.IGNORECASE
)


def than_named(result: Told, place: Place) -> Found:
    """What a power is above or below that of so many of a device that is named."""
    one = result.amount
    match = _MORE_THAN.match(place.passage.text, one.end) if one.dims == POWER and not one.per else None
    own = [each.amount for each in place.here if each.amount.dims == POWER and each.amount.start < one.start]
    if match is None or len(own) != 1:
        return None
    here = [each for each in place.context.mentions.get(place.number, ()) if 0 <= each.start - match.end() < _BESIDE]
    if not here:
        return None
    many = counted(place.passage.text, match.start(), here[0].start) or 1.0
    powers_of = [value for key in here[0].ids for value in attributes()["power"].amounts(place.context.catalogue[key])]
    values = [(abs(own[0].low - many * each), f"{own[0].words} against {many:g} times {each:g} W") for each in powers_of]
    return _judge(result, values, place, 0.03, bound=True)


_BESIDE = 12
FRAMES: Sequence[Callable[[Told, Place], Found]] = (
    bill, several, apart, by_period, times_as, efficiency, per_gpu, energy, tariff, left, of_that, arrow, than_named,
)  # fmt: skip
