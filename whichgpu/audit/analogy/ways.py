"""What may explain an amount of a thing: what else is told, tabled or on file of it, with amounts of none."""

from __future__ import annotations

import math
from itertools import combinations, product
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.analogy.told import Told, told
from whichgpu.audit.closure.amounts import Amount, powers
from whichgpu.audit.closure.units import ITEM
from whichgpu.audit.known.store import LAID_OUT, store
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.units import HOUR, KWH, MINUTE
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from whichgpu.audit.findings import Context
    from whichgpu.audit.known.store import Series

#: How many sentences back what explains a result may stand: what is told of the thing, and what of none.
_BACK, _BACK_OF_NONE = 9, 3
_DIMS = {
    "money": powers(money=1), "time": powers(second=1), "power": powers(joule=1, second=-1),
    "energy": powers(joule=1), "memory": powers(byte=1), "bandwidth": powers(byte=1, second=-1),
    "rate": powers(second=-1), "flop rate": powers(flop=1, second=-1),
}  # fmt: skip
_RENT = powers(money=1, second=-1)
_TIME, _TARIFF = powers(second=1), powers(money=1, joule=-1)
#: What the amounts of a sentence are told per: which powers, and how much of it.
_PER = (
    (re.compile(r"\b(?:per|an?|each|every) (?:gigabyte|GB)\b", re.I), powers(byte=1), 1e9),
    (re.compile(r"\b(?:per|each|every) watt\b", re.I), powers(joule=1, second=-1), 1.0),
    (re.compile(r"\b(?:per|each|every) kilowatt-hour\b|\bper kWh\b", re.I), powers(joule=1), KWH),
    (re.compile(r"\b(?:per|each|every) joule\b", re.I), powers(joule=1), 1.0),
    (re.compile(r"\b(?:per|an?|each|every) million\b", re.I), powers(), 1e6),
    (re.compile(r"\bhourly\b|\b(?:per|an) hour\b", re.I), powers(second=1), HOUR),
    (re.compile(r"\b(?:per|each|every) thousand\b", re.I), powers(), 1e3),
)  # fmt: skip


class Variable(NamedTuple):
    """An amount of a thing, or of none, and the slot by which another thing has its own."""

    slot: str
    value: float
    dims: tuple[int, ...]
    words: str
    bare: bool = False
    #: The number of its sentence in the document.
    number: int = 0


class Way(NamedTuple):
    """A product of variables: which slots, which amounts of none, each with its power."""

    slots: tuple[tuple[str, int], ...]
    given: tuple[tuple[Variable, int], ...]
    #: By how much of it a result is told: a million tokens.
    by: float = 1.0
    #: Whether it is what is left: the one slot less the one amount of none.
    rest: bool = False

    @property
    def length(self) -> int:
        """How many amounts it takes."""
        return len(self.slots) + len(self.given)


def variables(result: Told, context: Context) -> list[Variable]:
    """What a document tells of the thing of a result, and what is on file of it."""
    found = [*_of_text(result, context), *_of_tables(result, context), *_on_file(result, context)]
    return [each for each in found if each.value > 0]


#: That what a result is worked out with was told further up, and how far.
_ABOVE = re.compile(
    r"\b(?:above|earlier|from the table|as measured|these rates|these prices)\b", re.IGNORECASE
)
_FAR_BACK = 60


def _of_text(result: Told, context: Context) -> Iterator[Variable]:
    reach = _FAR_BACK if _ABOVE.search(result.passage.text, *result.place) else _BACK
    for each in told(context):
        back = result.number - each.number
        if each.thing != result.thing or not 0 <= back <= reach or each.amount is result.amount:
            continue
        one = each.amount
        if one.start == result.amount.start or one.kind in ("share", "times"):
            continue
        later = not back and one.start > result.amount.start
        if later and one.dims == result.amount.dims and not one.bare:
            # Of two of one kind in a sentence the later one may follow from the earlier.
            continue
        yield _variable(f"text {one.dims} {one.noun if one.bare else ''}", one)
        if one.sign and one.dims == powers(money=1):
            # "$2.48" beside "$0.35 an hour".
            yield Variable(f"text {_RENT} ", one.middle / HOUR, _RENT, f"{one.words} per hour")


def _variable(slot: str, one: Amount, number: int = 0) -> Variable:
    return Variable(slot, one.middle, one.dims, one.words, one.bare, number)


def _of_tables(result: Told, context: Context) -> Iterator[Variable]:
    # Of many tables in a text one has by chance what explains a result of another section.
    few = len(context.document.tables) <= _FEW_TABLES
    for at, series in enumerate(store(context)):
        dims = _dims(series)
        # The amounts of running text are read here themselves.
        laid_out = series.group > LAID_OUT
        if series.derived or not laid_out or dims is None or not (few or _is_near(series, result)):
            continue
        own = [each for each in series.amounts if (each.ids or {each.name}) & {*result.ids}]
        if len(own) == 1:
            yield Variable(f"table {at}", own[0].value * dims[1], dims[0], own[0].words, not any(dims[0]))


def _dims(series: Series) -> tuple[tuple[int, ...], float] | None:
    """What the amounts of a table's row or column are of, and how much one of its bare numbers is."""
    if series.dimension in _DIMS:
        dims, rent = _DIMS[series.dimension], _RENTED.search(series.label)
        return (_RENT, 1 / HOUR) if series.dimension == "money" and rent else (dims, 1.0)
    return _of_bare(series) if series.dimension == "number" else None


def _of_bare(series: Series) -> tuple[tuple[int, ...], float] | None:
    """The same of numbers without a unit, which are what the heading above them says."""
    label = series.label.split(";")[0]
    if _COUNTED.match(label):
        return powers(), 1.0
    if series.measure == "price":
        paid = next((1 / many for words, many in _PER_MANY if words.search(label)), 1.0)
        return (_RENT, 1 / HOUR) if _RENTED.search(label) else (powers(money=1), paid)
    if series.measure == "speed":
        minutes = _A_MINUTE.search(label) is not None
        return powers(second=-1), 1 / MINUTE if minutes else 1.0
    if series.measure == "time":
        unit = next((much for pattern, much in _UNITS if pattern.search(label)), 0.0)
        return (powers(second=1), unit) if unit else None
    return None


_PER_MANY = (
    (re.compile(r"\b(?:per|a|/)\s?(?:1\s?M\b|million)", re.IGNORECASE), 1e6),
    (re.compile(r"\b(?:per|a|/)\s?(?:1,?000\b|1k\b|thousand)", re.IGNORECASE), 1e3),
)
_RENTED = re.compile(r"(?:/|\bper |\ban )\s?(?:gpu[- ]?)?(?:hour|hr|h)\b|\bhourly\b", re.IGNORECASE)
_COUNTED = re.compile(r"\W*(?:number of )?(?:GPUs?|cards|nodes|instances)\W*$", re.IGNORECASE)
_A_MINUTE = re.compile(r"(?:/|\bper )\s?min", re.IGNORECASE)
_UNITS = (
    (re.compile(r"\b(?:milliseconds?|ms)\b", re.IGNORECASE), 1e-3),
    (re.compile(r"\b(?:seconds?|secs?|s)\b", re.IGNORECASE), 1.0),
    (re.compile(r"\b(?:minutes?|min)\b", re.IGNORECASE), MINUTE),
    (re.compile(r"\b(?:hours?|h)\b", re.IGNORECASE), HOUR),
)


_FEW_TABLES = 4


def _is_near(series: Series, result: Told) -> bool:
    """Whether a table stands in the section of a result, or in one that holds it."""
    own, other = result.section, series.section
    return other[: len(own)] == own or own[: len(other)] == other


def _on_file(result: Told, context: Context) -> Iterator[Variable]:
    fields = {
        "memory": powers(byte=1), "bandwidth": powers(byte=1, second=-1),
        "power": powers(joule=1, second=-1), "launch_price": powers(money=1),
    }  # fmt: skip
    own = [context.catalogue[key] for key in result.ids if key in context.catalogue]
    boards = any(float(gpu.value("units_per_board") or 1.0) > 1 for gpu in own)
    for field, dims in fields.items() if own and not boards else ():
        values = {gpu.value(field) for gpu in own}
        numbers = {float(each) for each in values if isinstance(each, int | float) and each}
        if field == "memory":
            numbers = {(nominal_gb(each) or 0) * 1e9 for each in numbers} - {0.0}
        if len(numbers) == 1 and len(values) == 1:
            value = numbers.pop()
            yield Variable(f"file {field}", value, dims, f"{field.replace('_', ' ')} on file")


def given(result: Told, context: Context) -> list[Variable]:
    """The amounts of no thing that stand around a result."""
    found = []
    for each in told(context):
        one = each.amount
        back = result.number - each.number
        # "A T4 is $0.35 an hour, so 50 hours come to $17.50": the hours are not the T4's alone.
        of_all = each.thing == result.thing and back <= 1 and (one.bare or one.dims in (_TIME, _TARIFF))
        if (one.sign and one.dims != _TARIFF) or one.noun == "gpu":
            # A price, or how many there are of one, is of a thing, whose name is not read.
            continue
        if (
            (each.thing and not of_all)
            or not 0 <= back <= _BACK_OF_NONE
            or one.limit == "range"
            or one.kind == "times"
        ):
            continue
        if one.kind == "share":
            if 0 < one.middle < 1 and back <= 1:
                found.append(Variable("", 1 - one.middle, one.dims, f"1 - {one.words}", True, each.number))
            continue
        if not one.bare or (back <= 1 and one.middle >= 2 and one.middle == round(one.middle)):
            found.append(_variable("", one, each.number))
    return found


def ways(result: Told, own: Sequence[Variable], none: Sequence[Variable]) -> list[Way]:
    """The products that come to a result, the shortest first."""
    nothing = (0,) * len(result.amount.dims)
    targets = list(_targets(result))
    found: list[tuple[tuple[int, ...], Way]] = []
    # Amounts of none are looked up by what is missing of the result's dimensions.
    others: dict[tuple[int, ...], list[_Part]] = {}
    for part in _parts(_some_of_none(none), nothing):
        others.setdefault(part.dims, []).append(part)
    for one in _parts(_some(own), nothing):
        for at, (target, wanted, by) in enumerate(targets):
            missing = tuple(a - b for a, b in zip(wanted, one.dims, strict=True))
            for more in others.get(missing, ()):
                every = (*one.signed, *more.signed)
                if _is_nothing(every):
                    continue
                value = math.prod(each.value**sign for each, sign in every)
                if abs(target / value - 1) <= nearness(result.amount):
                    slots = tuple((each.slot, sign) for each, sign in one.signed)
                    order = (one.place[0], more.place[0], one.place[1], more.place[1], at)
                    found.append((order, Way(slots, more.signed, by)))
    found.sort(key=lambda each: (each[1].length, each[0]))
    return [*_rests(result, own, none), *(way for _, way in found)]


#: What a device has less what something takes of it, in words.
_IS_LEFT = re.compile(r"\b(?:leav\w+|left|spare|free|remain\w*|room|headroom)\b", re.IGNORECASE)


def is_left(result: Told) -> bool:
    """Whether an amount is told as what is left of something."""
    one, (first, last) = result.amount, result.place
    around = max(first, one.start - _AROUND), min(last, one.end + _AROUND // 2)
    return _IS_LEFT.search(result.passage.text, *around) is not None


_AROUND = 48


def _rests(result: Told, own: Sequence[Variable], none: Sequence[Variable]) -> Iterator[Way]:
    """The differences of an amount of its thing and one of none that come to a result which is left."""
    if not is_left(result) or result.amount.bare:
        return
    for one, taken in product(own, none):
        left = one.value - taken.value
        alike = one.dims == taken.dims == result.amount.dims and not one.bare
        if alike and left > 0 and abs(result.amount.middle / left - 1) <= nearness(result.amount):
            yield Way(((one.slot, 1),), ((taken, -1),), rest=True)


def _targets(result: Told) -> Iterator[tuple[float, tuple[int, ...], float]]:
    """What a result may be, its powers, and by how much of it: by itself, and per what its sentence says."""
    one = result.amount
    yield one.middle, _without_items(one.dims), 1.0
    text = result.passage.text[result.place[0] : result.place[1]]
    for pattern, dims, much in _PER:
        if pattern.search(text):
            told = tuple(a - b for a, b in zip(one.dims, dims, strict=True))
            yield one.middle / much, _without_items(told), much


_Signed = tuple[tuple[Variable, int], ...]


class _Part(NamedTuple):
    """Amounts that multiply and divide: their powers, and which they are and with which signs, as numbers."""

    signed: _Signed
    dims: tuple[int, ...]
    place: tuple[int, int]


def _parts(chosen: Iterable[tuple[Variable, ...]], nothing: tuple[int, ...]) -> Iterator[_Part]:
    for at, some in enumerate(chosen):
        for number, signs in enumerate(_signs(len(some))):
            signed = tuple(zip(some, signs, strict=True))
            yield _Part(signed, _powers(signed, nothing), (at, number))


def evaluated(way: Way, own: Sequence[Variable]) -> list[float]:
    """What a way comes to of another thing, for each of the amounts that it has in the slots."""
    if way.rest:
        taken = way.given[0][0].value
        return [left for one in own if one.slot == way.slots[0][0] and (left := one.value - taken) > 0]
    base = way.by * math.prod(one.value**sign for one, sign in way.given)
    values = [base]
    for slot, sign in way.slots:
        found = [one.value**sign for one in own if one.slot == slot]
        values = [value * each for value in values for each in found]
    return values


def nearness(one: Amount) -> float:
    """How far a result may be from what explains it: half of its last digit, and a little."""
    digits = one.words.split("/")[0]
    number = "".join(mark for mark in digits if mark.isdigit() or mark == ".").strip(".")
    places = len(number.partition(".")[2])
    half = 0.5 * 10.0**-places / one.digits if one.digits else 0.0
    zeros = len(number) - len(number.rstrip("0")) if "." not in number else 0
    rounded = 0.5 * 10.0**zeros / one.digits if zeros > 1 and one.digits else 0.0
    return min(0.02, max(0.004, half * 1.1, rounded * 0.5))


def _some(own: Sequence[Variable]) -> Iterator[tuple[Variable, ...]]:
    for many in (1, 2):
        for some in combinations(own, many):
            if len({one.slot for one in some}) == many:
                yield some
    # "Eight at $1.49 for 21 hours", all told of it.
    told = [one for one in own if one.slot.startswith("text")][-8:]
    yield from (some for some in combinations(told, 3) if len({one.slot for one in some}) == 3)


def _some_of_none(none: Sequence[Variable]) -> Iterator[tuple[Variable, ...]]:
    yield ()
    for many in (1, 2):
        yield from combinations(none[-10:], many)


def _signs(many: int) -> Iterator[tuple[int, ...]]:
    if not many:
        yield ()
        return
    for rest in _signs(many - 1):
        yield (1, *rest)
        yield (-1, *rest)


def _powers(signed: _Signed, nothing: tuple[int, ...]) -> tuple[int, ...]:
    sums = list(nothing)
    for one, sign in signed:
        for at, power in enumerate(one.dims):
            sums[at] += sign * power
    return _without_items(tuple(sums))


def _without_items(dims: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(0 if at == ITEM else power for at, power in enumerate(dims))


def _is_nothing(every: Sequence[tuple[Variable, int]]) -> bool:
    """Whether a product tells an amount again, divides by a count, or cancels what it multiplies with."""
    solid = [(one, sign) for one, sign in every if not one.bare]
    cancels = len({one.dims for one, _ in solid}) < len(solid)
    divided = any(one.bare and sign < 0 and not one.words.startswith("1 -") for one, sign in every)
    return not solid or cancels or divided or (len(every) < 2 and every[0][1] > 0)
