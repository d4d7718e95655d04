"""Lists of what each of several devices has per watt or per gigabyte: "0.42 for the V100, 0.78 for the A100".

Values and names that take turns are each other's, whatever stands between them. What is set over what, most
of the list shows by itself: where all others are right of one field, the one that is not is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.judging import source_of
from whichgpu.audit.offers import common
from whichgpu.audit.quantities import quantities
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.subjects import Mention, model
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_PER = re.compile(
    r"\b(?:per|each|every|a)\s+(?P<unit>watts?|W|gigabytes?|GB|(?:cuda\s+)?core)\b", re.IGNORECASE
)
#: The fields that something is had of, by the dimension of a value, and the field that it is had per.
_OF = {
    "flop rate": ("fp16", "bf16", "fp32", "fp64", "tf32", "fp8", "int8"), "op rate": ("int8", "fp8", "fp4"),
    "bandwidth": ("bandwidth",), "money": ("launch_price",), "memory": ("memory",),
}  # fmt: skip
_UNDER = {"w": "power", "g": "memory", "c": "cores"}
_FAMILY = re.compile(r"\b(?:Pascal|Volta|Turing|Ampere|Ada(?: Lovelace)?|Hopper|Blackwell)\b")
#: How values (0) and names (1) take turns; the first name may stand before its value, all others behind.
_TURNS = re.compile(r"(?:01)+|(?:10)+|10(?:01)+")
_ELSE = re.compile(
    r"\b(?:measured|images?|tokens?|hour|month|year|rent\w*|used|street|system|frames?|fps)\b", re.IGNORECASE
)
#: How near a value is that is right, how far one that is wrong, as shares besides its rounding.
_WITHIN, _WRONG, _LEAST = 0.06, 0.1, 2


class _Told(NamedTuple):
    value: Quantity
    gpus: tuple[Gpu, ...]
    rounding: float


def find(context: Context) -> Iterator[Finding]:
    """Every value of such a list with its verdict."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text) if _PER.search(passage.text) else ():
            per = _PER.search(passage.text, sentence.start, sentence.end)
            if per and not _ELSE.search(sentence.text):
                told, dimension = _list(index, passage, sentence, context)
                yield from _judged(passage, told, (dimension, _UNDER[_unit(per)]), context)


def _unit(per: re.Match[str]) -> str:
    unit = per["unit"].lower()
    return "c" if "core" in unit else unit[0]


def _list(index: int, passage: Passage, sentence: Sentence, context: Context) -> tuple[list[_Told], str]:
    """Values and devices that take turns in a sentence, and the dimension of the values."""
    here = sorted([*spoken(index, passage, sentence, context).here, *_families(passage, sentence, context)])
    values = [
        each
        for each in within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
        if (each.dimension in _OF or each.dimension == "number")
        and each.high == each.value > 0
        and not any(one.start < each.end and each.start < one.end for one in here)
    ]
    first = next((at for at, each in enumerate(values) if each.dimension in _OF), len(values))
    values = values[first:]
    first_of = values[0].dimension if values else ""
    if not values or not here:
        return [], ""
    if len(values) == len(here) + 1 and values[1].start < here[0].start:
        # "It has 1.7 for each watt, against 0.8 for the A10 and 0.6 for the T4".
        values = values[1:]
    turns = sorted([(each.start, 0) for each in values] + [(each.start, 1) for each in here])
    kinds = "".join(str(kind) for _, kind in turns)
    dimension = next((each.dimension for each in values if each.dimension in _OF), first_of)
    if not _TURNS.fullmatch(kinds):
        return [], ""
    return [
        _Told(value, tuple(context.catalogue[key] for key in common(one.ids)), _rounding(passage.text, value))
        for value, one in zip(values, here, strict=True)
    ], dimension


def _rounding(text: str, value: Quantity) -> float:
    """Half of the last digit of a value, as a share of it."""
    digits = re.search(r"\d[\d,]*(?:\.(\d+))?", text[value.start : value.end])
    number = float(digits[0].replace(",", "")) if digits else 0.0
    return 0.5 * 10 ** -len(digits[1] or "") / number if digits and number else 0.0


def _families(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Mention]:
    """Architectures of which a document speaks of one model only, which they stand for."""
    known: dict[str, dict[frozenset[str], tuple[str, ...]]] = {}
    for found in context.mentions.values():
        for each in found:
            name = context.catalogue[each.ids[0]].architecture.split("_")[0]
            known.setdefault(name, {})[model(each.named[0], context.catalogue)] = each.ids
    for match in _FAMILY.finditer(passage.text, sentence.start, sentence.end):
        models = list(known.get(match[0].lower().split()[0], {}).values())
        if len(models) == 1:
            yield Mention(*match.span(), match[0], models[0], models[0])


def _judged(
    passage: Passage, told: Sequence[_Told], kind: tuple[str, str], context: Context
) -> Iterator[Finding]:
    if len(told) < _LEAST:
        return
    dimension, under = kind
    scale = 1e12 if dimension in ("flop rate", "op rate") else 1e9 if dimension == "bandwidth" else 1.0
    best: tuple[str, list[float]] = ("", [])
    for field in _OF.get(dimension, ()):
        offs = [
            min((_off(each, gpu, field, under, scale) for gpu in each.gpus), default=9.0) for each in told
        ]
        if sum(off <= _WITHIN for off in offs) > sum(off <= _WITHIN for off in best[1]):
            best = (field, offs)
    field, offs = best
    right = sum(off <= _WITHIN for off in offs)
    if not field or right < len(told) - 1:
        return
    for each, off in zip(told, offs, strict=True):
        gpu = min(each.gpus, key=lambda one: _off(each, one, field, under, scale))
        real = _quotient(gpu, field, under)
        if off > _WITHIN and (off <= _WRONG or not real):
            continue
        because = f"{gpu.id}: {gpu.display(field)} over {gpu.display(under)} is {real / scale:.3g}"
        yield made(
            context, passage, (each.value.start, each.value.end), "arithmetic",
            "confirmed" if off <= _WITHIN else "contradicted", subject=gpu.id,
            attribute=f"{field} per {under}",
            because=because, expected="" if off <= _WITHIN else f"{real / scale:.3g}",
            evidence=(Evidence(because), source_of(gpu, field)),
        )  # fmt: skip


def _quotient(gpu: Gpu, field: str, under: str) -> float:
    """What a device has of one field per unit of another; of its memory per gigabyte as it is sold."""
    over, below = gpu.value(field), gpu.value(under)
    if not isinstance(over, int | float) or not isinstance(below, int | float) or not below:
        return 0.0
    return float(over) / float((nominal_gb(below) or below / 1e9) if under == "memory" else below)


def _off(told: _Told, gpu: Gpu, field: str, under: str, scale: float) -> float:
    """How far a value is from what it should be, beyond its rounding; much where that is not known."""
    real = _quotient(gpu, field, under)
    value = told.value.value * (scale if told.value.dimension == "number" else 1.0)
    return max(abs(value / real - 1) - told.rounding, 0.0) if real else 9.0
