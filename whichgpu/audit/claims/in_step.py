"""Amounts of several devices that go in step: rents an hour, and then what a month of each comes to.

Two sentences tell an amount of each of the same devices. What the one is of the other (so many hours, cards
or epochs of it, its share of a gigabyte) most of the devices show; the one that does not is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.marked import marked
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.certainty import certain
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.units import HOUR
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.clauses.marked import Marked
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity

_DIMENSIONS = ("money", "time", "power", "energy", "memory", "bandwidth", "rate")
_PERIOD = re.compile(
    r"(?:per|an?|/|by the|every|each)\s?(?:gpu[- ])?(?P<of>hour|hr|h|day|week|month|year)\b|\bhourly\b", re.I
)
#: A period as what an amount is for: "a day of each", "around the clock", "over a month".
_FOR = {
    "day": re.compile(r"\b(?:an?|per|one|each|the|whole|full) day\b|\bdaily\b|\b24 hours\b", re.IGNORECASE),
    "week": re.compile(r"\b(?:an?|per|one|each|the|whole|full) week\b|\bweekly\b", re.IGNORECASE),
    "month": re.compile(r"\b(?:an?|per|one|each|the|whole|full|30-day) month\b|\bmonthly\b|"
    "\bper month\b", re.IGNORECASE),
    "year": re.compile(r"\b(?:an?|per|one|each|the|whole|full) year\b|\byearly\b|\bannual\w*", re.IGNORECASE),
}  # fmt: skip
#: Hours that each may be counted with.
_HOURS = {
    "day": (24.0,),
    "week": (168.0,),
    "month": (720.0, 730.0, 730.5, 744.0),
    "year": (8760.0, 8766.0, 8640.0),
}
_GIG = re.compile(r"\b(?:per|a|an|each|every|for (?:each|every|a)) (?:gigabyte|GB|gig)\b", re.IGNORECASE)
_UNSURE = re.compile(
    r"\?|\b(?:if|might|could|discount\w*|reserved|spot|cheapest|from|up to|between|idle|whereas before|"
    r"used to)\b",
    re.I,
)
#: How nearly what follows is told, and from where on it does not.
_NEAR, _WRONG, _FAR = 0.016, 0.03, 6.0
_BACK, _LEAST = 3, 2


class _Series(NamedTuple):
    """An amount of each of some devices, in the order of a sentence."""

    read: Marked
    devices: tuple[tuple[str, ...], ...]
    amounts: tuple[Quantity, ...]


class _Way(NamedTuple):
    """How a series may follow from one before it, in words, with what it then is of each device."""

    words: str
    right: tuple[float, ...]


def find(context: Context) -> Iterator[Finding]:
    """Every amount of a device that does not follow as those of the others do."""
    for index, passage in context.document.running():
        here = context.mentions.get(index, ())
        if passage.kind in RUNNING and len({each.named for each in here}) >= _LEAST:
            yield from _of_passage(passage, here, context)


def _of_passage(passage: Passage, here: Sequence[Mention], context: Context) -> Iterator[Finding]:
    told: list[_Series] = []
    for sentence in sentences(passage.text):
        if _UNSURE.search(sentence.text):
            continue
        read = marked(passage, sentence, here, context)
        named = tuple(dict.fromkeys(each.ids for each in within(here, sentence.start, sentence.end)))
        for series in _series(read, named, told):
            for before in told[-_BACK:][::-1]:
                if before.devices == series.devices:
                    found = list(_judged(before, series, context))
                    yield from found
                    if found:
                        break
            told.append(series)


def _series(read: Marked, named: tuple[tuple[str, ...], ...], told: Sequence[_Series]) -> Iterator[_Series]:
    """The amounts of a sentence, one of each device: of those that it names, else of those told last."""
    for dimension in _DIMENSIONS:
        amounts = tuple(read.of(dimension))
        devices = named or (told[-1].devices if told else ())
        if len(amounts) == len(devices) >= _LEAST:
            yield _Series(read, devices, amounts)
        elif len(amounts) == 2 * len(devices) > _LEAST:
            # "At $5,000 and $8,000 a gigabyte costs $208 with the one, $167 with the other".
            yield _Series(read, devices, amounts[: len(devices)])
            yield _Series(read, devices, amounts[len(devices) :])
        elif named and len(amounts) == len(devices) + 1 and dimension == "time":
            # "A month of 730 hours comes to": the first is of all.
            yield _Series(read, devices, amounts[1:])


def _judged(before: _Series, series: _Series, context: Context) -> Iterator[Finding]:
    """The amounts that are off where the others, or one of two by what the text says, are right."""
    best: tuple[int, _Way, list[int]] | None = None
    for way in _ways(before, series, context):
        off = [
            at
            for at, (amount, right) in enumerate(zip(series.amounts, way.right, strict=True))
            if not right or abs(amount.value / right - 1) > max(_NEAR, series.read.step(amount) / 1.9)
        ]
        right = len(series.amounts) - len(off)
        if best is None or right > best[0]:
            best = right, way, off
    if best is None or best[0] < max(1, len(series.amounts) - 1):
        return
    _, way, off = best
    for at, amount in enumerate(series.amounts):
        right_ = way.right[at]
        share = amount.value / right_ if right_ else 0.0
        if at in off and not (abs(share - 1) > _WRONG and 1 / _FAR < share < _FAR):
            continue
        read = series.read
        expected = f"{read.digits(amount) / share:,.4g}" if share else ""
        because = (
            f"{read.words(amount)} where {before.read.words(before.amounts[at])} {way.words} is {expected}"
        )
        yield made(
            context, read.passage, (amount.start, amount.end), "arithmetic",
            "inconsistent" if at in off else "confirmed", attribute="in step",
            expected=expected if at in off else "", because=because, evidence=(Evidence(because),),
        )  # fmt: skip


def _ways(before: _Series, series: _Series, context: Context) -> Iterator[_Way]:
    """How the later amounts may follow from the ones before: each by a number, or by what each device has."""
    first, last = before.amounts[0].dimension, series.amounts[0].dimension
    values = [each.value for each in before.amounts]
    own = series.read.passage.text[before.read.sentence.end : series.read.sentence.end]
    if first == last:
        for factor, words in _factors(before, series, own):
            yield _Way(words, tuple(each * factor for each in values))
        if _GIG.search(series.read.sentence.text) and first == "money":
            # Of a board of several GPUs the file has the memory of one.
            sizes = [0.0 if _is_board(ids, context) else _memory(ids, context) for ids in series.devices]
            yield _Way(
                "over its memory", tuple(a / b if b else 0.0 for a, b in zip(values, sizes, strict=True))
            )


def _is_board(ids: Sequence[str], context: Context) -> bool:
    return any(float(context.catalogue[key].value("units_per_board") or 1.0) > 1 for key in ids)


def _factors(before: _Series, series: _Series, own: str) -> Iterator[tuple[float, str]]:
    """Numbers that the later sentence, or the one before it, says that each amount is taken by."""
    hourly = _PERIOD.search(before.read.sentence.text)
    of_hour = hourly is not None and (hourly["of"] or "hour").lower() in ("hour", "hr", "h")
    for period, pattern in _FOR.items() if of_hour else ():
        if pattern.search(own):
            for hours in _HOURS[period]:
                yield hours, f"for a {period} of {hours:g} hours"
    times = [
        each
        for each in series.read.figures.values()
        if each.dimension == "time" and all(each is not one for one in series.amounts)
    ]
    for each in series.read.figures.values():
        if each.dimension == "number" and 1 < each.value <= 10_000:
            yield each.value, f"times {each.value:g}"
        elif of_hour and times == [each]:
            # Two times are one of each device.
            yield each.value / HOUR, f"for {each.value / HOUR:g} hours"


def _memory(ids: Sequence[str], context: Context) -> float:
    """The gigabytes that all of some devices are sold with; 0 where they differ."""
    known = [gpu for key in ids if certain(gpu := context.catalogue[key], "memory")]
    sizes = {nominal_gb(float(gpu.value("memory") or 0.0)) or 0 for gpu in known}
    return next(iter(sizes)) if len(sizes) == 1 else 0.0
