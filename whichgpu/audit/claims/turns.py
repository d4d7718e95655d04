"""Values in turn, one of each device: "0.42 for the V100, 0.78 for the A100", "350, 450 and 575 W".

What they are of is what the sentence names ("respectively", "per watt"), or what most of them show: where all
others are right of one field, of so many devices, or of two fields over one another, the one that is not is
wrong. So it is of prices that the text told before in the same order ("a day of each is $73.44, $24.24 and
$44.64").
"""

from __future__ import annotations

from bisect import bisect_left
from operator import itemgetter
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import BY_UNIT, attributes, named
from whichgpu.audit.claims.labelled import told_groups
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.judging import judged
from whichgpu.audit.nearest import fitting
from whichgpu.audit.roundings import stated
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.series import Series, Turn, series
from whichgpu.audit.sourced import source_of
from whichgpu.audit.subjects import mentions
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from whichgpu.audit.attributes import Attribute
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_RESPECTIVELY = re.compile(
    r"\b(?:respectively|in that order|beziehungsweise|respectivement|respectivamente)\b", re.IGNORECASE
)
_PER = re.compile(
    r"\b(?:per|each|every|a)\s+(?P<unit>watts?|W|gigabytes?|GB|(?:cuda\s+)?core|tera-?flops?|TFLOPS?)\b",
    re.IGNORECASE,
)
_RATES = ("fp16", "bf16", "fp32", "fp64", "tf32", "fp8", "int8", "fp64_tensor", "fp4")
#: The fields that values of a dimension may be of, and what they may be had per.
_OF = {
    "flop rate": _RATES, "op rate": ("int8", "fp8", "fp4", "int4"), "bandwidth": ("bandwidth", "nvlink"),
    "money": ("launch_price",), "memory": ("memory", "l2"), "power": ("power",), "bits": ("memory_bus",),
    "frequency": ("clock_boost", "clock_base"), "area": ("die_area",),
    "nth": ("tensor_core_generation", "rt_core_generation"),
}  # fmt: skip
_UNDER = {"w": ("power",), "g": ("memory",), "c": ("cores",), "t": ("fp32", "fp16")}
#: Bare numbers are only of what the sentence names, or of rates per something.
_COUNTS = ("cores", "tensor_cores", "rt_cores", "sms", "transistors")
_ELSE = re.compile(
    r"\b(?:measured|images?|tokens?|hour|month|year|rent\w*|used|street|system|frames?|fps)\b|[$\u20ac]\S*/h",
    re.IGNORECASE,
)
#: Hours of a period that an amount by the hour, told before in the same order, is told for.
_PERIOD = re.compile(
    r"\b(?:(?P<day>day|daily)|(?P<week>week)|(?P<month>month)|(?P<year>year))", re.IGNORECASE
)
_HOURS = {"day": (24.0,), "week": (168.0,), "month": (720.0, 730.0), "year": (8760.0, 8766.0)}
#: How near a value is that is right, how far a wrong one besides its rounding; so where others prove it.
_WITHIN, _WRONG, _PROVED = 0.03, 0.06, (0.012, 0.03)
_LEAST, _MANY = 2, 3
_YEAR = re.compile(r"\b(?:in|since|from|of|by)\s+(?:19[89]|20[0-3])\d$")
#: Prices of devices that a text told last, of which a later one may be.
_LATEST = 24
_SCALE = {"flop rate": 1e12, "op rate": 1e12, "bandwidth": 1e9}


class _Measure(NamedTuple):
    """What values may be of: its name, and what a device has of it, 0 where that is not known."""

    name: str
    of: Callable[[Gpu], float]
    field: str


def find(context: Context) -> Iterator[Finding]:
    """Every value in turn with its verdict."""
    listed = sorted(_told_prices(context), key=lambda pair: pair[0])
    told: list[Series] = []
    for index, passage in context.document.running():
        for sentence in (
            sentences(passage.text) if re.search(r"\d|\b\w+(?:st|nd|rd|th)\b", passage.text) else ()
        ):
            per = _PER.search(passage.text, sentence.start, sentence.end)
            proved: set[int] = set()
            for one in series(index, passage, sentence, context):
                if proved & {turn.value.start for turn in one.turns}:
                    # In another order they showed what they are of.
                    continue
                if one.named and _RESPECTIVELY.search(sentence.text) and not per:
                    yield from _of_named(passage, sentence, one, context)
                else:
                    before = listed[: bisect_left(listed, passage.start, key=itemgetter(0))][-_LATEST:]
                    measures = [*_of_told(one, sentence, per, [*told, *(each for _, each in before)])]
                    measures += _measures(one, sentence, per) if not _ELSE.search(sentence.text) else ()
                    found = list(_of_measure(passage, one, measures, per, context))
                    proved |= {turn.value.start for turn in one.turns if found}
                    yield from found
                told = [*told, one][-_LATEST:] if one.dimension == "money" else told


def _told_prices(context: Context) -> Iterator[tuple[int, Series]]:
    """The prices of devices that tables and lists tell, with their places."""
    for group in told_groups(context) if context.mentions else ():
        named = [(list(mentions(name, context.catalogue)), value) for name, value in group.rows.items()]
        if group.kind == "price" and all(len(found) == 1 and one.high == one.value for found, one in named):
            gpus = [tuple(context.catalogue[key] for key in found[0].ids) for found, _ in named]
            turns = [Turn(one, of, 1.0, 0.0) for of, (_, one) in zip(gpus, named, strict=True)]
            yield group.start, Series(tuple(turns), "money", named=False)


def _of_named(passage: Passage, sentence: Sentence, one: Series, context: Context) -> Iterator[Finding]:
    """Values that are told in the order of the names: each is of the one attribute that is named."""
    attribute = _attribute(passage.text, sentence, one)
    for turn in one.turns if attribute else ():
        value, words = turn.value, passage.text[turn.value.start : turn.value.end]
        what = stated(
            value.value, words, value.limit, frozenset(), dimension=value.dimension, unit=value.unit
        )
        assert attribute is not None
        found = judged(attribute, what, turn.gpus, context.catalogue, context.spoken_of)
        yield made(
            context, passage, (value.start, value.end), "specification", found.verdict,
            subject=", ".join(gpu.id for gpu in turn.gpus), attribute=attribute.key, because=found.because,
            expected=found.expected, evidence=found.evidence, true_for=found.true_for,
        )  # fmt: skip


def _attribute(text: str, sentence: Sentence, one: Series) -> Attribute | None:
    """What the values are of: the one thing named that has such values, else by their unit."""
    first, last = one.turns[0].value, one.turns[-1].value
    named_here = within(named(text), sentence.start, sentence.end)
    fits = [each for each in named_here if any(True for _ in fitting(each.attribute, [last]))]
    near = [each for each in fits if -4 <= each.start - last.end <= 24]
    near = near or [each for each in fits if each.end <= first.start][-1:]
    by_unit = attributes().get(last.dimension) if last.dimension in BY_UNIT and not fits else None
    return near[0].attribute if near else by_unit


def _measures(one: Series, sentence: Sentence, per: re.Match[str] | None) -> Iterator[_Measure]:
    """What the values may be of: fields, of so many devices, or over the field that the sentence names."""
    fields = _OF.get(one.dimension, ())
    if one.dimension == "number":
        fields = (*_RATES, "bandwidth") if per else _counts(sentence)
    for below in _under(per):
        yield from (
            _Measure(f"{field} per {below}" if below else field, _quotient(field, below), field)
            for field in fields
        )


def _under(per: re.Match[str] | None) -> tuple[str, ...]:
    return _UNDER["c" if "core" in per["unit"].lower() else per["unit"][0].lower()] if per else ("",)


def _of_told(
    one: Series, sentence: Sentence, per: re.Match[str] | None, told: Sequence[Series]
) -> Iterator[_Measure]:
    """What the values may be of prices that were told before: what each is per something, or for a period."""
    prices = told[-_LATEST:] if one.dimension == "money" else ()
    period = None if per else _PERIOD.search(sentence.text)
    for each in prices:
        for below in _under(per) if per else ():
            yield _Measure(f"price per {below}", _quotient_of(each, below, 1.0), below)
        known = _quotient_of(each, "", 1.0)
        every = ((turn.value.value, known(gpu)) for turn in one.turns for gpu in turn.gpus)
        # "A run on eight of each for 100 hours is $1,120, $2,080 and $2,800": all so many times the price.
        shown = () if per else sorted({value / price for value, price in every if price} - {1.0})
        for times in (*(_HOURS[str(period.lastgroup)] if period else ()), *shown):
            yield _Measure(f"price, {times:.4g} times", _quotient_of(each, "", times), "launch_price")


def _counts(sentence: Sentence) -> tuple[str, ...]:
    """The fields of counts that a sentence names before a bare number."""
    keys = [each.attribute.key for each in named(sentence.text)]
    return tuple(key for key in dict.fromkeys(keys) if key in _COUNTS)


def _quotient(field: str, under: str) -> Callable[[Gpu], float]:
    return lambda gpu: _value(gpu, field) / _per(gpu, under) if _per(gpu, under) else 0.0


def _quotient_of(prices: Series, under: str, times: float) -> Callable[[Gpu], float]:
    """The price that the text told of a device before, so many times, over a field of it."""
    known = {gpu.id: times * turn.value.value for turn in prices.turns for gpu in turn.gpus}
    return lambda gpu: known.get(gpu.id, 0.0) / _per(gpu, under) if _per(gpu, under) else 0.0


def _per(gpu: Gpu, under: str) -> float:
    """A field that something is had per: gigabytes as they are sold, TFLOPS, watts, cores; 1 of none."""
    value = _value(gpu, under) if under else 1.0
    return value / 1e9 if under == "memory" else value / 1e12 if under in _RATES else value


def _value(gpu: Gpu, field: str) -> float:
    value = gpu.value(field)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return 0.0
    return float((nominal_gb(float(value)) or 0) * 1e9 or value) if field == "memory" else float(value)


def _off(turn: Turn, gpu: Gpu, measure: _Measure, dimension: str, times: float) -> float:
    """How far a value is from what it should be, beyond its rounding; much where that is not known."""
    real = measure.of(gpu) * times
    if measure.name == "memory" and _BINARY.search(turn.value.unit):
        # "24,564 MiB": as drivers show it, and not as it is sold.
        real = float(gpu.value("memory") or 0.0) * times
    scale = _SCALE["flop rate"] if measure.field in _RATES else _SCALE["bandwidth"]
    is_bare = dimension == "number" or turn.value.dimension == "number"
    value = turn.value.value * (scale if is_bare and measure.field not in _COUNTS else 1.0)
    return max(abs(value / real - 1) - turn.rounding, 0.0) if real else 9.0


def _is_in_thousands(turn: Turn, real: float) -> bool:
    """Whether a bare number is the value in another prefix, as that of the amount before it."""
    if turn.value.dimension != "number" or not turn.value.value:
        return False
    return any(abs(real * by / turn.value.value - 1) < _WITHIN for by in (1e3, 1e-3, 1e-9, 1e-12))


_BINARY = re.compile(r"[KMGT]iB")
#: "Price, 0.047 times", and not four times.
_ODD = re.compile(r"\d\.\d+ times")


def _of_measure(
    passage: Passage, one: Series, measures: Sequence[_Measure], per: re.Match[str] | None, context: Context
) -> Iterator[Finding]:
    """The values of the measure that most of them show, where all but one show it."""
    best: tuple[list[float], _Measure | None, bool] = ([], None, False)
    near, far = (_WITHIN, _WRONG) if per and one.named else _PROVED
    # No count has a fraction.
    broken = any(turn.value.value % 1 for turn in one.turns)
    for measure in (each for each in measures if not (broken and each.field in _COUNTS)):
        for together in (False, True) if any(turn.number > 1 for turn in one.turns) else (False,):
            offs = [
                min((_off(turn, gpu, measure, one.dimension, turn.number if together else 1.0)
                     for gpu in turn.gpus), default=9.0)
                for turn in one.turns
            ]  # fmt: skip
            if sum(off <= near for off in offs) > sum(off <= near for off in best[0]):
                best = offs, measure, together
    offs, found, together = best
    right = sum(off <= near for off in offs)
    if found is not None and _ODD.search(found.name) and right <= _LEAST:
        # Two prices are in some ratio by chance, if it is none of so many devices.
        return
    if found is None or right < len(offs) - 1 or len(offs) < (_LEAST if per and one.named else _MANY):
        return
    if (
        not per
        and len({turn.value.value for turn, off in zip(one.turns, offs, strict=True) if off <= near}) < _LEAST
    ):
        return
    known = {(each.start, each.end) for each in context.memo["found"] if each.verdict == "confirmed"}
    for turn, off in zip(one.turns, offs, strict=True):
        times = turn.number if together else 1.0
        gpu = min(turn.gpus, key=lambda each: _off(turn, each, found, one.dimension, times))
        real = found.of(gpu) * times
        place = (turn.value.start, turn.value.end)
        if off > near and (off <= far or not real or passage.span(*place) in known):
            continue
        if off > near and (
            _YEAR.search(passage.text[max(0, place[0] - 8) : place[1]]) or _is_in_thousands(turn, real)
        ):
            # "The former came out in 2020 and the latter in 2022"; "184 GFLOPS and only 156".
            continue
        scale = _SCALE.get(one.dimension, 1.0)
        # A field by itself is told as on file.
        plain = "" if together or found.name != found.field else gpu.display(found.field)
        because = f"{gpu.id} has {plain}" if plain else (
            f"{gpu.id}: {found.name} is {real / scale:,.4g}" + (f" for {times:g}" if together else "")
        )  # fmt: skip
        yield made(
            context, passage, place, "specification" if plain and off > near else "arithmetic",
            "confirmed" if off <= near else "contradicted",
            subject=gpu.id, attribute=found.name, because=because,
            expected="" if off <= near else plain or f"{real / scale:,.3g}",
            evidence=(Evidence(because), source_of(gpu, found.field)),
        )  # fmt: skip
