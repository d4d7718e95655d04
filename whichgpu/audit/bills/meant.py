"""Which products of amounts are likely meant by one that is told, and which fit it by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import MONEY, NEAR, RENT, TWO, Amounts, is_use
from whichgpu.audit.bills.links import (
    BEHIND,
    CLAUSE,
    CONCLUDES,
    GPU_HOURS,
    LEADS,
    PAID,
    is_told_again,
)
from whichgpu.audit.text.dimensions import AXES, LENGTHS
from whichgpu.audit.text.relations import Way, alike, is_repeated
from whichgpu.audit.text.sentences import within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.text.dimensions import Term


#: "5% of $290,000".
OF = re.compile(r"\s*of\s+(?:the |its |our |about |an? )?(?:[\w -]{2,20}[\u2019']s? )?", re.IGNORECASE)
#: "1,100 tokens per second, 3.96 million an hour".
_COMMA = re.compile(r",\s*(?:or |about |roughly )*$")
#: Letters between a share and what it is of.
_NEXT = 40
#: What is of one of several.
_ALONE = re.compile(r"\b(?:one|single|each|alone|either)\b", re.IGNORECASE)
_THAT_MAKES = re.compile(r"\s*(?:This|That|Which|So|Thus|Hence|Therefore)\b")
#: The place of hours among the axes.
HOURS = AXES.index("hour")
#: A rate by the second or the minute.
SHORT = re.compile(r"(?:/|\b(?:per|an?|each|every))\s?(?:s|sec|seconds?|min|minutes?)\b", re.IGNORECASE)
#: The same of a length of time.
_BRIEF = re.compile(r"\b(?:s|sec|seconds?|min|minutes?)$", re.IGNORECASE)
#: Factors of a product that is worked out, and how far its result may be off.
SIMPLE, CLOSE = 3, 0.012
#: "If it leaves them on, the bill is $11,038 a month".
_BILL_IS = re.compile(
    r"\b(?:bill|cost|rent|invoice)s? (?:is|are|was|would be|will be|becomes?|comes? to)\s+"
    r"(?:about |around |roughly |only |just )*~?$",
    re.IGNORECASE,
)


def is_stated(way: Way, base: Term, told: Term, text: Amounts) -> bool:
    """Whether a product over sentences is meant: words say so, or a factor stands beside the amount."""
    words, here = text.passage.text, text.sentence(told.start)
    if base.start >= here.start or LEADS.search(words, max(here.start, told.start - NEAR), told.start):
        return True
    if _BILL_IS.search(words, max(here.start, told.start - NEAR), told.start):
        return True
    first = not any(any(each.dims) for each in within(text.every, here.start, told.start))
    if first and CONCLUDES.match(words, here.start, told.start):
        return True
    beside = [each for each in way.used if each is not base and each.start >= here.start]
    per_thing = told.sign and min(told.dims[2:4]) < 0 and not base.dims[AXES.index("hour")]
    return bool(beside) and not per_thing


def forces(way: Way, base: Term, told: Term, text: Amounts) -> bool:
    """Whether a product is one that is meant: of another period, or with a count, a time or a tariff."""
    others = [each for each in way.used if each is not base]
    if not others:
        return _is_restated(base, told, text)
    if base.dims == told.dims == MONEY and not base.each and all(each.counted for each in others):
        # "64 of them cost $2 million; the cloud $3 million": a number of what the first is not one of.
        here = text.sentence(told.start).start
        again = all(each.words.endswith("times") for each in others)
        return (base.start >= here or again) and any(each.start > base.end for each in others)
    if told.of == "energy" and base.dims == told.dims and sum(each.counted for each in others) != 1:
        return False
    rates = [each.dims for each in others if any(each.dims)]
    # Two rates of one kind are no factor of a third.
    alone = base.dims == told.dims and len(set(rates)) < len(rates)
    # Nor do two amounts of tokens make one: they cancel each other.
    works = [each.dims for each in others if each.of in ("token", "piece") and not is_repeated(each)]
    alone = alone or len(set(works)) < len(works)
    # A bill is no bill times the hours that kilowatts and kilowatt-hours make.
    alone = alone or (bool(base.sign) and not base.tariff and any(each.of == "energy" for each in others))
    # "8 million for $1.60" beside another's $1.10: prices by each other are no work.
    prices = [each for each in way.used if each.sign]
    behind = any(each.start > told.start for each in prices)
    alone = alone or (not told.sign and behind and len(way.used) > len(prices) > 1)
    # "2 cents an hour" is no hour of something.
    spelled = [each for each in others if each.of in LENGTHS and not any(map(str.isdigit, each.words))]
    alone = alone or (any(each.value == 1 for each in spelled) and any(told.dims[HOURS:]))
    if alone or (told.of not in PAID and not rated((base, *others), told)):
        return False
    return all(any(each.dims) or each.counted or each.share for each in others)


def _is_restated(base: Term, told: Term, text: Amounts) -> bool:
    """Whether one amount is told again of another period: "$0.0005 a second, or $1.80 an hour"."""
    if base.dims != told.dims:
        # Not one amount, and another of a period.
        return any(base.dims[HOURS:]) or not any(told.dims[HOURS:])
    words = text.passage.text
    beside = base.start >= text.sentence(told.start).start and _COMMA.search(words, base.end, told.start)
    if is_told_again(text, base, told):
        return True
    if not beside and not LEADS.search(words, max(base.end, told.start - NEAR), told.start):
        return False
    periods = [
        (_BRIEF if base.of in LENGTHS else SHORT).search(words, each.start, each.end) for each in (base, told)
    ]
    return bool(periods[0]) != bool(periods[1])


def rated(used: Sequence[Term], told: Term) -> bool:
    """Whether a product of no money has a rate in it, or is a length of time in another unit."""
    if GPU_HOURS.search(told.words):
        return len(used) > 1
    if told.of in LENGTHS and len(used) == 1:
        return used[0].of in LENGTHS and used[0].dims != told.dims
    if any(each.each and each.dims == told.dims for each in used):
        # What each of several has, and their number.
        return len(used) == TWO and any(each.counted for each in used)
    rates = [each for each in used if sum(map(bool, each.dims)) > 1]
    if told.of == "byte":
        # Of what each token or request takes.
        rates = [each for each in rates if each.of == "byte" and min(each.dims[2:4]) < 0]
    return len(used) > 1 and bool(rates)


def lacks_epochs(way: Way, told: Term, text: Amounts) -> bool:
    """Whether how often the work is done is no factor: "50 million tokens, 3 epochs, at 9,000 tokens/s"."""
    before = within(text.every, text.sentence(told.start).start, told.start)
    return any(is_repeated(each) and each not in way.used for each in before)


#: "300 W, the machine around it 150 more": of the same unit, without it.
_ON_TOP = re.compile(r"\d (?:more|extra|on top)\b(?! than)", re.IGNORECASE)


def is_left_out(way: Way, told: Term, text: Amounts) -> bool:
    """Whether an amount between the last factor and the one told is no part of a product."""
    words, here = text.passage.text, text.sentence(told.start)
    if lacks_epochs(way, told, text):
        return True
    if _ON_TOP.search(words, min(each.start for each in way.used), told.start):
        return True
    of_whole = ((each, one) for one in way.used for each in text.before(one.start, _NEXT))
    if any(
        each.share and each not in way.used and OF.fullmatch(words, each.end, one.start)
        for each, one in of_whole
    ):
        return True
    # "Two for 30 hours at $1.19 each": so many times.
    counts = [each for each in within(text.every, here.start, told.start) if each.counted]
    alone = _ALONE.search(words, max(here.start, *(each.end for each in way.used)), told.start)
    of_each = not told.each and not alone and any(one.each for one in way.used)
    if of_each and len(counts) == 1 and counts[0] not in way.used:
        return True
    # "A month" is of the amount that it stands behind.
    worked = [each for each in way.used if any(map(str.isdigit, each.words)) or each.value != 1] or way.used
    last = max(each.end for each in worked)
    hours = GPU_HOURS.search(told.words) is not None
    between = [
        each for each in text.before(told.start, told.start - last)
        if any(each.dims) or each.counted or _is_part(each, hours=hours)
    ]  # fmt: skip
    between = [each for each in between if each.start >= last and each not in way.used]
    # "Over a year that adds up to": its own period, told before it.
    between = [each for each in between if not _is_period_of(each, told, way)]
    if any(each not in text.derived and not alike(each, told) for each in between):
        return True
    # "$5.50 an hour, which makes $44 for the instance. A month is": of the last, which has a factor more.
    rents = [each for each in way.used if each.dims == RENT]
    later = within(text.every, rents[0].end, told.start) if rents else ()
    return any(alike(each, told) and each not in text.derived and _is_led(each, text) for each in later)


def _is_part(term: Term, *, hours: bool) -> bool:
    """Whether a bare number goes into a result: "half the day", of hours "5 for another 8"."""
    written = any(map(str.isdigit, term.words))
    return term.plain and (term.value < 1 if not written else hours)


def _is_period_of(term: Term, told: Term, way: Way) -> bool:
    """Whether words are the one period that an amount is of, or of another amount than this one."""
    if any(map(str.isdigit, term.words)) or term.of not in LENGTHS or term.value != 1:
        return False
    lasts = any(each.of in LENGTHS for each in way.used)
    return lasts or told.dims[AXES.index(term.of)] < 0


def _is_led(told: Term, text: Amounts) -> bool:
    """Whether words say of an amount that it follows from others."""
    return LEADS.search(text.passage.text, max(0, told.start - NEAR), told.start) is not None


def is_simple(way: Way, told: Term, text: Amounts) -> bool:
    """Whether a product is one to work out: of one amount of the kind, with no count in it twice."""
    work = [each.dims for each in way.used if each.of == "flop"]
    if told.of != "flop" and len(set(work)) < len(work):
        # Two rates of work are of two devices, or a peak and what is reached of it.
        return False
    spent = {one.value for each in way.used for one in text.derived.get(each, ())}
    if any(each.sign and told.sign and each.sign != told.sign for each in way.used):
        return False
    again = any(each.counted and each.value in spent for each in way.used)
    if again or sum(sum(map(bool, each.dims)) == 1 and each.of in LENGTHS for each in way.used) > 1:
        return False
    if (told.of not in PAID and len(way.used) > SIMPLE) or sum(any(each.dims) for each in way.used) > SIMPLE:
        return False
    shares = [each for each in way.used if each.share]
    here = text.sentence(told.start)
    # "At 50 % it is $0.20, at 20 % $0.50": a share of the whole, not of the last part of it.
    again = bool(shares) and any(each in text.shared for each in way.used)
    # "It is 30-60 % in practice. That makes ..": the share was told just before.
    led = _THAT_MAKES.match(text.passage.text, here.start, here.end)
    start = text.sentence(max(here.start - 2, 0)).start if led else here.start
    if again or len(shares) > 1 or any(not start <= each.start < told.start for each in shares):
        return False
    of_kind = sum(each.of == told.of for each in way.used)
    sole = of_kind <= 1 or of_kind == len(way.used) == TWO
    return sole and not any(_is_idle(each, told, way) for each in way.used)


def _is_idle(term: Term, told: Term, way: Way) -> bool:
    """Whether an amount of memory, tokens or time has nothing that is per it: two of them only cancel out."""
    axes = [place for place, power in enumerate(term.dims) if power]
    if is_use(term):
        # "8 hours a day" is a use of what is told by the hour.
        return not any(each.dims[HOURS] < 0 for each in (told, *way.used))
    if len(axes) != 1 or term.of == told.of or is_repeated(term):
        return False
    others = [told, *(each for each in way.used if each is not term)]
    lasts = term.of in LENGTHS
    if lasts and (told.of in LENGTHS or any(each.sign and not any(each.dims[1:]) for each in others)):
        return False
    places = [place for place, axis in enumerate(AXES) if place == axes[0] or (lasts and axis in LENGTHS)]
    per = [each for each in others if any(each.dims[place] for place in places)]
    return not any(sum(map(bool, each.dims)) > 1 for each in per)


#: Before what something else is added to.
_ADDED = re.compile(r"(?:\+|\bplus|\bexisting)\s+(?:about |another |some |~)?$", re.IGNORECASE)
#: Behind an amount, that it is of all of them.
_FOR_BOTH = re.compile(r"[^.;,\d]{0,10}\s(?:for|of) (?:both|the pair|the two)\b", re.IGNORECASE)
#: Behind an amount, that more goes into it than was told: "10.2 kW for a whole DGX".
_FOR_A_WHOLE = re.compile(
    r"\s*(?:for|of|in)\s+(?:an?|the|one)\s+(?:whole|entire|complete)\s+(?!day|week|month|year|hour)", re.I
)
#: Before an amount, so many of what is not named again: "7.2 million tokens, so a million cost 35 cents".
_A_MILLION = re.compile(
    r"\b(?:an?|one|each|every|per)\s+(?:million|thousand|billion)\s+"
    r"(?:costs?|is|are|comes? (?:to|out at)|would|will)\b[^.;,]*$",
    re.IGNORECASE,
)
#: Behind a power, the hours in which it is drawn.
_PART_OF_DAY = re.compile(
    r"\s+(?:(?:at|by) (?:night|day)|overnight|during the (?:day|night|week)|in the (?:evening|morning|"
    r"daytime|night)s?|"
    r"on (?:weekdays|weekends)|at (?:the )?weekends?|when (?:it )?(?:is )?(?:idle|busy|idling)|(?:at|"
    r"in) idle|under load)\b",
    re.IGNORECASE,
)


def is_chance(way: Way, told: Term, text: Amounts) -> bool:
    """Whether a product has factors that are none of the amount: of another clause or thing, one, a part.

    "One of the eight draws 700 W"; "racks with 120 kW, or 480 GPUs"; "0.10 an hour each, 0.20 for both";
    "it takes 23 kWh, at 0.28 that is 6.44", no price by the hour; "the GPUs plus 3 kW (8 x H100: 8.6 kW)";
    "eight took 610 W, 290 W for the cards".
    """
    words = text.passage.text
    counts = [each for each in way.used if each.counted]
    whole = [each for each in way.used if not each.counted]
    behind = (each for each in way.used if each.start >= told.end)
    if any(_PART_OF_DAY.match(words, each.end) for each in whole if each.of == "energy"):
        # "180 W at night and 1.4 kW during the day": for as long as that is.
        return True
    energy = told.sign and any(each.of == "energy" for each in text.near(told, told.start))
    return bool(
        any(CLAUSE.search(words, told.end, one.start) or one.start - told.end > BEHIND for one in behind)
        or (energy and any(each.loose for each in whole) and not any(each.of == "energy" for each in whole))
        or any(_ADDED.search(words, max(0, each.start - BEHIND), each.start) for each in way.used)
        or (counts and not told.each and told.value < min(each.value for each in whole))
        or (not counts and _FOR_BOTH.match(words, told.end))
        or _FOR_A_WHOLE.match(words, told.end)
        or _A_MILLION.search(words, max(0, told.start - 2 * BEHIND), told.start)
        or (counts and all(each.value == 1 for each in counts))
    )
