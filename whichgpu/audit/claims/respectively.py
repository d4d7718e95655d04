"""Values in the order of the devices: "the A40 and the L40S draw 300 W and 350 W respectively"."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import BY_UNIT, attributes, named
from whichgpu.audit.binding import fitting
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import made
from whichgpu.audit.judging import judged, stated
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.attributes import Attribute
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence

_RESPECTIVELY = re.compile(
    r"\b(?:respectively|in that order|beziehungsweise|respectivement|respectivamente)\b", re.IGNORECASE
)
#: Between two names or two values of a list.
_JOINS = re.compile(
    r"[\w\s-]{0,12}?(?:,|/|&|\band\b|\bor\b|\bund\b|\bet\b|\by\b)\s*(?:and\s+)?(?:the\s+|nvidia\s+|about\s+|~)*",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every value of such a list with its verdict."""
    for index, passage in enumerate(context.document.passages):
        here = context.mentions.get(index, ())
        if passage.kind in RUNNING and here and _RESPECTIVELY.search(passage.text):
            for sentence in sentences(passage.text):
                if _RESPECTIVELY.search(sentence.text):
                    yield from _of_sentence(passage, sentence, context)


def _of_sentence(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    index = context.place(passage)
    devices = list(within(context.mentions.get(index, ()), sentence.start, sentence.end))
    inside = [(each.start, each.end) for each in devices]
    values = [
        each
        for each in within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
        if each.high == each.value > 0
        and not any(start < each.end and each.start < end for start, end in inside)
    ]
    if len(devices) < 2 or not _list_of(passage.text, [(each.start, each.end) for each in devices]):
        return
    for values_ in _runs(passage.text, values):
        if (
            len(values_) != len(devices)
            or len({each.dimension for each in values_ if each.dimension != "number"}) > 1
        ):
            continue
        attribute = _attribute(passage.text, sentence, values_)
        for value, device in zip(values_, devices, strict=True) if attribute else ():
            unit = values_[-1]
            scaled = value
            if value.dimension == "number" and unit.dimension != "number":
                scale = unit.value / _plain(passage.text[unit.start : unit.end])
                scaled = value._replace(value=value.value * scale, dimension=unit.dimension, unit=unit.unit)
            gpus = [context.catalogue[key] for key in device.ids]
            words = passage.text[value.start : value.end]
            what = stated(
                scaled.value, words, value.limit, frozenset(), dimension=scaled.dimension, unit=scaled.unit
            )
            assert attribute is not None
            found = judged(attribute, what, gpus, context.catalogue, context.spoken_of)
            yield made(
                context, passage, (value.start, value.end), "specification", found.verdict,
                subject=", ".join(device.ids), attribute=attribute.key, because=found.because,
                expected=found.expected, evidence=found.evidence, true_for=found.true_for,
            )  # fmt: skip


def _plain(words: str) -> float:
    found = re.search(r"\d[\d,]*(?:\.\d+)?", words)
    return float(found[0].replace(",", "")) if found else 1.0


def _list_of(text: str, places: Sequence[tuple[int, int]]) -> bool:
    """Whether things stand side by side."""
    return all(_JOINS.fullmatch(text, first[1], second[0]) for first, second in pairwise(places))


def _runs(text: str, values: Sequence[Quantity]) -> Iterator[list[Quantity]]:
    """Values that stand side by side."""
    run: list[Quantity] = []
    for each in values:
        if run and not _list_of(text, [(run[-1].start, run[-1].end), (each.start, each.end)]):
            yield run
            run = []
        run.append(each)
    if run:
        yield run


def _attribute(text: str, sentence: Sentence, values: Sequence[Quantity]) -> Attribute | None:
    """What the values are of: the one thing named that has such values, else by their unit."""
    last = values[-1]
    fits = [
        each
        for each in within(named(text), sentence.start, sentence.end)
        if any(True for _ in fitting(each.attribute, [last]))
    ]
    near = [each for each in fits if -4 <= each.start - last.end <= 24] or [
        each for each in fits if each.end <= values[0].start
    ][-1:]
    key = last.dimension if last.dimension in BY_UNIT else ""
    if near:
        return near[0].attribute
    return attributes()[key] if key and not fits else None
