"""Results told beside others of their kind: what two are apart, so many times as much, what is left."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.closure.units import SECOND
from whichgpu.audit.closure.wording import UNTOLD
from whichgpu.audit.reckoned.results import BYTES, POINTS, POWER, judged, sentence_before
from whichgpu.audit.sufficing.needs import need_before
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.attributes import attributes

if TYPE_CHECKING:
    from whichgpu.audit.reckoned.results import Found
    from whichgpu.audit.reckoned.told import Place, Told

#: What two amounts are apart.
_APART = re.compile(
    r"\b(?:difference|gap|a saving of|saves?|saving|savings|a plus of|a minus of|(?:cheaper|dearer|"
    r"more expensive) by)\b[^.;,\d]{0,40}$",
    re.IGNORECASE,
)
#: What two amounts lie behind: "the difference between $999 and".
_BETWEEN = re.compile(r"\b(?:between|from|over|against)\s+(?:[a-z]+\s+)?$", re.IGNORECASE)


def apart(result: Told, place: Place) -> Found:
    """What two amounts of one kind that stand before it are apart."""
    one = result.amount
    words = place.words(max(place.sentence.start, one.start - 70), one.start)
    plain = not (one.bare or one.per or one.limit == "range" or one.dims[SECOND] < 0)
    if not plain or not _APART.search(words) or _BETWEEN.search(words) or UNTOLD.search(place.sentence.text):
        return None
    alike = [
        each
        for each in (*place.before, *place.here)
        if not each.back and each.amount.dims == one.dims and each.amount.start < one.start
    ]
    if len(alike) < len(("one", "other")) or _names_another(place):
        return None
    last = [each for each in alike if each.amount.start >= sentence_before(place)]
    if len(last) == len(("one", "other")):
        # Exactly two of its kind stand in the sentence before: it is of them.
        a, b = (each.amount for each in last)
        return judged(result, [(abs(a.low - b.low), f"{a.words} less {b.words}")], place, bound=True)
    values = [
        (abs(a.amount.low - b.amount.low), f"{a.amount.words} less {b.amount.words}")
        for a, b in combinations(alike[-_MOST:], 2)
        if a.amount.low != b.amount.low
    ]
    return judged(result, values[-1:] + values, place)


def _names_another(place: Place) -> bool:
    """Whether a sentence names a device that the one before it does not."""
    every = place.context.mentions.get(place.number, ())
    here = {each.named for each in within(every, place.sentence.start, place.sentence.end)}
    return bool(here - {each.named for each in within(every, sentence_before(place), place.sentence.start)})


_MOST = 6
#: So many times as much as what was told before: "eight times as many cells and needs 144 GB".
_TIMES_AS = re.compile(
    r"(?<![\d.])\b(?P<n>twice|two|three|four|five|six|eight|ten|\d+)(?:\s?x|\s?\u00d7|"
    r" times)?\s+as\s+(?:many|large|big|much|long)\b[^.;]{0,60}"
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
    return judged(result, values, place, bound=True)


#: An efficiency of a speed-up on so many.
_EFFICIENCY = re.compile(
    r"\b(?P<n>two|three|four|six|eight|sixteen|\d{1,4})\s+(?:gpus?|cards?|nodes?|modules?|"
    r"accelerators?)\b.{0,90}?"
    r"\bspeed-?up\s+(?:of|is|was)\s+(?:about |around )?(?P<s>\d+(?:\.\d+)?).{0,70}?\befficiency\s+(?:of|is|"
    r"was)\s+(?:about |around |only )?$",
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
    if right > 1 or abs(right - one.low) < POINTS:
        return None
    return f"{match['s']} on {many:g} is an efficiency of {right:.0%}", f"{right:.0%}"


#: What is left of what a machine has in all, less what the sentence before says that a model takes.
_LEAVES = re.compile(
    r"\b(?:leaves?|leaving|left)\s+(?:(?:us|you|about|around|some|only|just|more than|less than|over|"
    r"nearly|almost)\s+)*$",
    re.IGNORECASE,
)


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
    return judged(
        result, [(value, f"{whole / 1e9:,.4g} GB less {need.value / 1e9:,.4g} GB")], place, 0.03, bound=True
    )


def _memory_of_one(place: Place, at: int) -> float:
    """The most that the one device has which the sentence names before a place; 0 where it names none."""
    here = within(place.context.mentions.get(place.number, ()), place.sentence.start, at)
    if (
        len({each.named for each in here}) != 1
        or counted(place.passage.text, place.sentence.start, here[0].start) > 1
    ):
        return 0.0
    sizes = [
        size for key in here[0].ids for size in attributes()["memory"].amounts(place.context.catalogue[key])
    ]
    return max(sizes, default=0.0)


#: "112.5 GB/s, about a third of that".
_OF_THAT = re.compile(r"\s+of (?:that|it|this)(?=\s*[.,;)]|$)", re.IGNORECASE)


def of_that(result: Told, place: Place) -> Found:
    """A share or a multiple of the one amount of the sentence before, beside the one of its own."""
    one = result.amount
    if (
        one.kind not in ("share", "times")
        or not _OF_THAT.match(place.passage.text, one.end)
        or UNTOLD.search(place.sentence.text)
    ):
        return None
    own = [each.amount for each in place.here if not each.amount.bare and each.amount.start < one.start]
    last = sentence_before(place)
    told = [
        each.amount
        for each in place.before
        if not each.back and each.amount.start >= last and own and each.amount.dims == own[-1].dims
    ]
    if len(own) != 1 or len(told) != 1 or not told[0].low:
        return None
    real = own[0].low / told[0].low
    if abs(real / one.low - 1) < _ROUGHLY or abs(1 / real / one.low - 1) < _ROUGHLY:
        return None
    return f"{own[0].words} is {real:.2f} times {told[0].words}", f"{real:.2f}"


_ROUGHLY = 0.2
#: "65 -> 121 TFLOPS (+86 %)".
_ARROW = re.compile(
    r"(?P<a>\d[\d,]*(?:\.\d+)?)\s?[A-Za-z/]{0,8}\s?(?:->|\u2192|"
    r"=>)\s?(?P<b>\d[\d,]*(?:\.\d+)?)\s?[A-Za-z/]{0,8},?\s?"
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
    if not a or abs((b / a - 1) - told) < POINTS:
        return None
    return f"{match['a']} to {match['b']} is {b / a - 1:+.0%}", f"{b / a - 1:+.0%}"


#: "8 kW for the GPUs, 2.4 kW more than one with eight H100".
_MORE_THAN = re.compile(
    r"\s+(?:more|less) than (?:one|a (?:server|box|node|machine)|those|that) (?:with|of|from) (?:the )?",
    re.IGNORECASE,
)


def than_named(result: Told, place: Place) -> Found:
    """What a power is above or below that of so many of a device that is named."""
    one = result.amount
    match = _MORE_THAN.match(place.passage.text, one.end) if one.dims == POWER and not one.per else None
    own = [each.amount for each in place.here if each.amount.dims == POWER and each.amount.start < one.start]
    if match is None or len(own) != 1:
        return None
    here = [
        each
        for each in place.context.mentions.get(place.number, ())
        if 0 <= each.start - match.end() < _BESIDE
    ]
    if not here:
        return None
    many = counted(place.passage.text, match.start(), here[0].start) or 1.0
    powers_of = [
        value for key in here[0].ids for value in attributes()["power"].amounts(place.context.catalogue[key])
    ]
    values = [
        (abs(own[0].low - many * each), f"{own[0].words} against {many:g} times {each:g} W")
        for each in powers_of
    ]
    return judged(result, values, place, 0.03, bound=True)


_BESIDE = 12
