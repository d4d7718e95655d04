"""What else a number may be, by those before it and its sentence: in an elided unit, of each, by the hour."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.reckoned.units import ADVERBS, BARE, MONEY, PERIODS, in_order, number, unit_of
from whichgpu.audit.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.reckoned.units import Figure, Powers

    #: Units, and what a number is to be multiplied by in them.
    Other = tuple[Powers, float]

#: Behind a number whose unit was told before.
_ELIDED = re.compile(r"\s*(?:[.,;:)!?]|$|(?:and|or|on|for|in|per)\b)", re.IGNORECASE)
_TIMES = re.compile(r"(?:\btimes|\bmultiplied by|[x\u00d7*])\s*$", re.IGNORECASE)
#: What numbers of periods a number may be by itself: "times 365".
_KNOWN = {365.0: "day", 30.0: "day", 12.0: "month", 52.0: "week", 24.0: "hour", 730.0: "hour", 8760.0: "hour"}
#: A sentence on one of several: "each token takes", "an image needs", "a node costs".
_ONE = re.compile(
    r"\b(?:each|every|an?|one|per|single)\s+(?:(?:single|new|more|such|whole)\s+)?(?P<noun>[a-z]{3,}|GPU)\s+"
    r"(?:then |now |only |therefore )?"
    r"(?:needs?|takes?|took|costs?|uses?|requires?|occupies|adds|draws?|has|makes?|does|handles?|delivers?|"
    r"sends?|gets?|generates?|produces?|consumes?|weighs|holds?)\b",
    re.IGNORECASE,
)
#: A sentence that begins with what its amount is per.
_HEAD = re.compile(r"\s*(?:That is |So )?[Pp]er (?P<noun>[A-Za-z]{3,})(?P<hour>(?: and|,)? (?:per )?hour)?\b")
#: Before a price by the hour or the kWh that does not say so.
_AT = re.compile(r"\bat\s+(?:our |the |my |a |about |around |only )*(?:[a-z]+ )?$", re.IGNORECASE)
#: The end of an amount that is told by a period longer than an hour.
_LONG = re.compile(
    r"\b(?P<name>day|week|month|mo|year|yr|daily|weekly|monthly|yearly|annually)$", re.IGNORECASE
)
_NEAR, _REACH, _FEW = 8, 24, 24
_RENT = {"h": -1}


def completed(text: str, every: Sequence[Figure]) -> list[Figure]:
    """Numbers with what else they may be."""
    found: list[Figure] = []
    starts = [one.start for one in sentences(text)]
    for each in every:
        start = starts[max(bisect_right(starts, each.start) - 1, 0)] if starts else 0
        others = (
            *_elided(text, each, found, start), *_hourly(text, each, found), *_known(text, each),
            *_at(text, each, found), *_of_one(text, each, start), *each.others,
        )  # fmt: skip
        found.append(each._replace(others=others) if others else each)
    return found


def _elided(text: str, each: Figure, before: Sequence[Figure], start: int) -> Iterator[Other]:
    """In the unit of the last one of its sentence: "the H100 makes 3,300 images an hour, the L4 only 450"."""
    bare = not each.powers and each.kind == ""
    # "An A100 does 1,100 images per second, so four of them 4,180".
    told = (one for one in reversed(before) if one.powers and one.kind == "")
    last = next((one for one in told if one.powers != (("gpu", 1),) or each.value < one.value), None)
    if last and last.start >= start and each.powers == (("h", -1),) and dict(last.powers).get("h") == -1:
        # "10 frames an hour and 240 a day"
        yield last.powers, 1.0
    if last is None or last.start < start or not (bare or each.powers == (("one", 1),)):
        return
    if each.powers or _ELIDED.match(text, each.end):
        yield last.powers, last.low / (float(number(last.words) or 1) or 1.0)


def _known(text: str, each: Figure) -> Iterator[Other]:
    """A number of days, hours or months by itself, bytes of each parameter, a price of its own period."""
    bare = not each.powers and each.kind == ""
    if bare and each.value in _KNOWN and _TIMES.search(text, max(0, each.start - _REACH), each.start):
        yield (("h", 1),), PERIODS[_KNOWN[each.value]]
    if each.powers == (("B", 1),) and each.value <= _FEW:
        yield BARE, 1.0
    told_per = _LONG.search(text, each.start, each.end)
    if told_per and dict(each.powers).get("h") == -1:
        # "$0.02 per GB and month": of that month, which is not said again.
        yield in_order({unit: power for unit, power in each.powers if unit != "h"}), _hours(told_per)


def _hourly(text: str, each: Figure, before: Sequence[Figure]) -> Iterator[Other]:
    """Of the period of a rent before it: "at $0.21 an hour; on demand $0.71"."""
    sign = _money(each)
    rents = [
        one for one in before[-_NEAR:] if sign and {sign: 1, "h": -1}.items() <= dict(one.powers).items()
    ]
    if rents and "h" not in dict(each.powers):
        period = _LONG.search(text, rents[-1].start, rents[-1].end)
        yield in_order({**dict(each.powers), **_RENT}), 1 / _hours(period) if period else 1.0


def _at(text: str, each: Figure, before: Sequence[Figure]) -> Iterator[Other]:
    """By the kWh or the hour, where those were spoken of: "at $1.35 we expected to pay"."""
    sign = _money(each)
    if not sign or each.powers != ((sign, 1),):
        return
    if not _AT.search(text, max(0, each.start - _REACH), each.start):
        return
    units = [dict(one.powers) for one in before[-_NEAR:]]
    if any("Wh" in one for one in units):
        yield in_order({sign: 1, "Wh": -1}), 1e-3
    elif any(one.get("h") == 1 for one in units) and not next(_hourly(text, each, before), None):
        yield in_order({sign: 1, **_RENT}), 1.0


def _of_one(text: str, each: Figure, start: int) -> Iterator[Other]:
    """Of each of what its sentence speaks of one of: "each token takes 320 KiB"."""
    one = next(iter(list(_ONE.finditer(text, start, each.start))[-1:]), None)
    if each.powers == (("$", 1),) and (head := _HEAD.match(text, start, each.start)):
        # "Per GPU and hour this amounts to $1.66".
        yield in_order({"$": 1, unit_of(head["noun"]): -1, **(_RENT if head["hour"] else {})}), 1.0
    if one is None or not each.powers or each.kind:
        return
    noun = unit_of(one["noun"])
    if noun not in PERIODS and noun not in dict(each.powers):
        yield in_order({**dict(each.powers), noun: -1}), 1.0


def _money(one: Figure) -> str:
    """The currency of an amount of money; empty of another."""
    return next((unit for unit, power in one.powers if power == 1 and unit in MONEY), "")


def _hours(period: re.Match[str]) -> float:
    """Hours of a period that an amount is told per."""
    name = period["name"].lower()
    return PERIODS[ADVERBS.get(name, name)]
