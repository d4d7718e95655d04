"""Accusations looked at once more, when all are known: those that a plain reading of the place excuses.

What a sentence without a name says may be another device's of its passage, an announcement comes before a
release, a rating is no result, and models are trained in a format by whoever made them.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.agreement import place_of
from whichgpu.audit.findings import withheld
from whichgpu.audit.own_tables.lines import OF_A_TABLE
from whichgpu.audit.review.excuses import excused
from whichgpu.audit.review.open_readings import (
    is_of_figures_told,
    is_of_so_many,
    is_of_the_whole,
    is_the_other_way,
)
from whichgpu.audit.review.supplies import is_of_supply
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.fields import days_of, same_chip

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from whichgpu.audit.clauses.agreement import At
    from whichgpu.audit.findings import Context, Finding

_WORDS = "its words say that it is of something else"
_RATED = re.compile(r"\b(?:rated|specified|certified|listed)\s+at\s+(?:about\s+|around\s+|up to\s+)?$", re.I)
_SHOWN_FIRST = re.compile(r"\b(?:announc\w+|unveil\w+|present\w+|reveal\w+|introduc\w+|show\w*)\b", re.I)
#: How long before its release a device is shown, in days.
_AHEAD = 450
_NEAR = 90
_MODELS_ARE = re.compile(
    r"\b(?:models?|networks?|checkpoints?|weights|llms?)\s+(?:that\s+|which\s+)?(?:are|were|was|is|"
    r"have been|has been)\s+"
    r"(?:usually\s+|often\s+|mostly\s+)?$",
    re.IGNORECASE,
)
_THAT_ONE = re.compile(
    r"\b(?:that one|the latter|the other one)\s+(?:has|had|offers|comes with|is|was|"
    r"draws|costs)\b",
    re.I,
)
#: In the sentence before, that what it names last is held against what it is about, or by what words it is.
_NOT_IT = re.compile(
    r"\b(?:compared (?:with|to)|unlike|in contrast to|versus|against|next to|relative to)\s|"
    r"\bthe new(?:er)? (?:card|gpu|"
    r"board|one|model)\b",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?:(?P<month>[A-Z][a-z]{2})[a-z]*\s+)?(?P<year>20[012]\d)")
_MONTHS = {name: at for at, name in enumerate(
    ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1)}  # fmt: skip


def looked_at_again(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings as they are, or unverifiable where a plain reading excuses what they accuse."""
    return [withheld(each, why) if each.accuses and (why := _why(each, context)) else each for each in found]


def _why(found: Finding, context: Context) -> str:
    where = place_of(found, context)
    if where is None:
        return ""
    # A form of words says itself what its result is of, and a table what is told of it.
    if (
        found.kind != "arithmetic"
        and found.attribute != OF_A_TABLE
        and excused(found, where.passage.text, where.at)
    ):
        return _WORDS
    return next((why for why, test in _TESTS if test(found, where, context)), "")


def _is_anothers(found: Finding, where: At, context: Context) -> bool:
    """Whether a sentence without a name tells what is right of another device that its passage names."""
    if found.kind not in ("specification", "identity"):
        return False
    named = context.mentions.get(where.number, ())
    if within(named, where.sentence.start, where.at):
        return False
    text, start = where.passage.text, where.sentence.start
    before = next((each for each in sentences(text) if each.start < start <= each.end), None)
    if before is None or not _NOT_IT.search(text, before.start, start):
        return False
    accused = {*found.subject.split(", ")}
    others = {key for each in named if each.start < where.at for key in each.ids} - accused
    if found.attribute == "chip":
        every = (str(context.catalogue[key].value("chip") or "") for key in context.spoken_of - accused)
        return any(same_chip(found.stated, chip) for chip in every)
    return bool(found.true_for) and found.true_for in others


def _is_of_described(found: Finding, where: At, context: Context) -> bool:
    """Whether a clause speaks of another one by its brand, whose the value is: "the GeForce 24 GB"."""
    text, start = where.passage.text, where.sentence.start
    clause = max((each.end() for each in _CLAUSES.finditer(text, start, where.at)), default=start)
    named = within(context.mentions.get(where.number, ()), clause, where.at)
    if found.kind != "specification" or named or not _BRAND.match(text, clause):
        return False
    others = context.spoken_of - {*found.subject.split(", ")}
    word = found.stated.upper().split()[0] if found.stated else ""
    if found.attribute == "memory_type":
        return any(str(context.catalogue[key].value("memory_type") or "").upper() == word for key in others)
    return bool(found.true_for) and found.true_for in others


_CLAUSES = re.compile(r"[,;]\s(?:and\s|while\s|whereas\s)?")
_BRAND = re.compile(
    r"(?:the|its)\s(?:GeForce|Radeon|Quadro|Tesla|Instinct|Arc|(?:professional|consumer|gaming|desktop|"
    r"laptop|workstation|"
    r"data[- ]?cent(?:er|re)|server)\s(?:card|gpu|part|one|version))\b",
    re.IGNORECASE,
)


def _is_in_laptops(found: Finding, where: At, context: Context) -> bool:
    """Whether a sentence goes on about the laptop's GPU of a name: "In laptops it has 16 GB. Its peak is"."""
    if found.kind != "specification" or f"{found.subject}-laptop" not in context.catalogue:
        return False
    text, start = where.passage.text, where.sentence.start
    before = next((each for each in sentences(text) if each.start < start <= each.end + 1), None)
    goes_on = _ITS.match(text, start) is not None
    return goes_on and before is not None and _IN_LAPTOPS.search(text, before.start, start) is not None


_ITS = re.compile(r"\W*(?:It|Its|There it|There its|That one)\b")
_IN_LAPTOPS = re.compile(r"\b(?:in|for|on)\s(?:[a-z]+\s)?(?:laptops?|notebooks?)\b", re.IGNORECASE)


def _is_announced(found: Finding, where: At, context: Context) -> bool:
    """Whether a day is that on which a device was shown, no longer before its release than is usual."""
    told = _DATE.search(found.stated) if found.attribute == "release_date" else None
    if told is None or not _SHOWN_FIRST.search(
        where.passage.text, max(0, where.at - _NEAR), where.at + _NEAR
    ):
        return False
    gpus = [context.catalogue[key] for key in found.subject.split(", ") if key in context.catalogue]
    month = _MONTHS.get((told["month"] or "Dec").title(), 12)
    day = date(int(told["year"]), month, 28).toordinal()
    return any(0 <= days_of(gpu)[0] - day <= _AHEAD for gpu in gpus if gpu.value("release_date"))


def _is_rated(found: Finding, where: At, context: Context) -> bool:
    text = where.passage.text
    return found.kind == "arithmetic" and _RATED.search(text, where.sentence.start, where.at) is not None


#: "The first 10 TB are free. After that it is $0.01 per GB": not all of an amount is paid.
_ALLOWANCE = re.compile(
    r"\b(?:first|initial)\s+(?:[$\u20ac]?\d[\d.,]*|\w+)\b[^.;]{0,50}\b(?:free|included|waived|gratis)\b|"
    r"\b(?:free|included)\b[^.;]{0,30}\b(?:up to|for the first)\b|"
    r"\b(?:after that|beyond (?:that|this|it)|above (?:that|this)|from then on|anything more)\b",
    re.IGNORECASE,
)


def _is_beyond_allowance(found: Finding, where: At, context: Context) -> bool:
    text = where.passage.text
    return found.kind == "arithmetic" and _ALLOWANCE.search(text, 0, where.at) is not None


def _is_of_models(found: Finding, where: At, context: Context) -> bool:
    text = where.passage.text
    return found.kind == "capability" and _MODELS_ARE.search(text, where.sentence.start, where.at) is not None


def _is_of_that_one(found: Finding, where: At, context: Context) -> bool:
    """Whether "that one" has more, which is the second side of what is accused."""
    sides = [set(side.split(", ")) for side in found.subject.split(" against ")]
    said = _THAT_ONE.search(where.passage.text, where.sentence.start, where.at)
    if found.kind not in ("ordering", "ratio") or len(sides) != len(("one", "other")) or said is None:
        return False
    before = [each for each in context.mentions.get(where.number, ()) if each.end <= said.start()]
    return bool(before) and bool(sides[1] & {*before[-1].ids})


def _is_of_partitions(found: Finding, where: At, context: Context) -> bool:
    """Whether partitions are another maker's, whose name for them is not MIG."""
    makers = {context.catalogue[key].vendor for key in found.subject.split(", ") if key in context.catalogue}
    return found.attribute == "mig" and "mig" not in found.quote.lower() and makers == {"AMD"}


def _is_of_ends(found: Finding, where: At, context: Context) -> bool:
    """Whether a share is an efficiency, or that of the two ends which stand right behind it."""
    text, end = where.passage.text, where.at + len(found.quote)
    if found.kind not in ("arithmetic", "ratio"):
        return False
    ends = _ENDS.match(text, end)
    told = re.match(r"\d+(?:\.\d+)?", found.quote)
    if ends and told:
        a, b = (float(ends[key].replace(",", "")) for key in ("a", "b"))
        return any(abs(100 * abs(a - b) / base - float(told[0])) < _POINTS for base in (a, b) if base)
    # "1,310 to 4,930 is 276 %" of an efficiency that is told.
    of_ends = _SHARE_OF.search(found.because)
    efficient = _EFFICIENCY.search(text, where.sentence.start, where.at)
    return bool(efficient and of_ends and float(of_ends["n"]) > _NO_EFFICIENCY)


def _is_street_price(found: Finding, where: At, context: Context) -> bool:
    """Whether a price that is told roughly, and may be today's, is held against the one at the launch."""
    roughly = _ROUGHLY.search(where.passage.text, where.sentence.start, where.at)
    if (
        found.attribute != "launch_price"
        or not roughly
        or _AT_LAUNCH.search(_as_written(found, where, context))
    ):
        return False
    told = _AMOUNT.search(found.quote)
    gpus = [context.catalogue[key] for key in found.subject.split(", ") if key in context.catalogue]
    known = [float(value) for gpu in gpus if isinstance(value := gpu.value("launch_price"), int | float)]
    paid = float(told[0].replace(",", "")) if told else 0.0
    return bool(known) and any(each / _STREET < paid < each * _STREET for each in known)


def _as_written(found: Finding, where: At, context: Context) -> str:
    """The file's own words from the sentence before a claim to its end; turns of phrase are reworded."""
    text, start = where.passage.text, where.sentence.start
    before = next((each for each in sentences(text) if each.start < start <= each.end), where.sentence)
    return context.document.original[where.passage.place(before.start) : found.end]


_AT_LAUNCH = re.compile(
    r"\b(?:launch\w*|msrp|rrp|list(?:ed)? price|releas\w+|debut\w*|introduc\w+|suggested|official\w*|"
    r"came out|new\b|"
    r"recommended|retail|start(?:s|ed|ing)|asked|sold for)",
    re.IGNORECASE,
)
_ROUGHLY = re.compile(r"\b(?:about|around|roughly|approximately|some)\s+$|~\s?$", re.IGNORECASE)
_AMOUNT = re.compile(r"\d[\d,]*(?:\.\d+)?")
#: By what factor prices of the street differ from those at launch, at most.
_STREET = 2.0
_EFFICIENCY = re.compile(r"\befficiency of (?:about |around |nearly )?$", re.IGNORECASE)
_SHARE_OF = re.compile(r" to .* is (?P<n>\d+)%$")
_NO_EFFICIENCY = 130
_ENDS = re.compile(
    r"\s?%?(?:percent)?,?\s\(?from\s[$\u20ac]?(?P<a>\d[\d,]*(?:\.\d+)?)[^.;]{0,16}?\sto\s[$\u20ac]?(?P<b>\d[\d,]*(?:\.\d+)?)"
)
#: Percentage points that rounding makes.
_POINTS = 1.5


#: "One with H100s has 640 GB", "the AMD box holds it": what a machine has, and not one of its devices.
_MACHINE = r"\b(?:box|node|server|machine|rig|chassis|cabinet)"
_MACHINE_WITH = re.compile(
    rf"(?:\b(?:one|another)|{_MACHINE}) (?:with|of|full of) (?:[\w-]+ )?$", re.IGNORECASE
)
_MACHINE_HOLDS = re.compile(rf"{_MACHINE} (?:then |also |easily |now |just )?$", re.IGNORECASE)


def _is_of_machine(found: Finding, where: At, context: Context) -> bool:
    """Whether what is accused of a device is said of a machine that has several."""
    text, start = where.passage.text, where.sentence.start
    if found.kind == "memory":
        return _MACHINE_HOLDS.search(text, start, where.at) is not None
    named = within(context.mentions.get(where.number, ()), start, where.at)
    of_memory = found.kind == "specification" and found.attribute in ("memory", "bandwidth", "power")
    return of_memory and bool(named) and _MACHINE_WITH.search(text, start, named[-1].start) is not None


_TESTS: tuple[tuple[str, Callable[[Finding, At, Context], bool]], ...] = (
    ("it is right of another device that its passage names", _is_anothers),
    ("it is right of another that its clause describes", _is_of_described),
    ("it is told of the announcement, which comes before the release", _is_announced),
    ("it is what something is rated at, and follows from nothing", _is_rated),
    ("a part of it is told to be free", _is_beyond_allowance),
    ("it goes on about the laptop's GPU of that name", _is_in_laptops),
    ("it is told of models, and not of the device", _is_of_models),
    ("it is told of the other one", _is_of_that_one),
    ("it is an efficiency, or follows from what stands behind it", _is_of_ends),
    ("it may be the price of today, and not that of the launch", _is_street_price),
    ("it is what the power supply is to give", is_of_supply),
    ("its maker partitions it by other means", _is_of_partitions),
    ("it is what a machine of several has", _is_of_machine),
    ("it is so of the figures right before it", is_of_figures_told),
    ("it is a share of what it was before", is_of_the_whole),
    ("it is of as many as are told behind it", is_of_so_many),
    ("it is so the other way round, which may be meant", is_the_other_way),
)
