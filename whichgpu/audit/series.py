"""Values of one kind that a sentence tells of several devices in turn, each with the device that it is of.

"0.42 for the V100, 0.78 for the A100": names and values take turns, whatever stands between them. "350, 450
and 575 W": values side by side are of the devices that stand side by side in the same sentence, else of as
many as the nearest text before it names, in its order.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.counting import counted
from whichgpu.audit.document import PROSE
from whichgpu.audit.offers import common
from whichgpu.audit.pairs import devices
from whichgpu.audit.quantities import Quantity, quantities
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.subjects import Mention, model
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

#: How values (0) and names (1) take turns; the first name may stand before its value, all others behind.
_TURNS = re.compile(r"(?:01)+|(?:10)+|10(?:01)+")
#: Between two names or two values of a list.
JOINS = re.compile(
    r"[\w\s-]{0,12}?(?:,|/|&|\b(?:and|or|und|et|y|to|then|vs\.?|versus|against)\b)\s*"
    r"(?:(?:and|then|to|the|of|nvidia|about|just|only)\s+|~)*",
    re.IGNORECASE,
)
_FAMILY = re.compile(r"\b(?:Pascal|Volta|Turing|Ampere|Ada(?: Lovelace)?|Hopper|Blackwell)\b")
#: Generations that are told as words: "of the second, third and fifth generation".
_NTH = re.compile(r"\b(?:(first|second|third|fourth|fifth|sixth)|([1-6])(?:st|nd|rd|th))\b", re.IGNORECASE)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
_DIGITS = re.compile(r"\d[\d,]*(?:\.(\d+))?")
#: Passages before a list of values in which as many devices may be named.
_BACK, _MANY = 12, 3


#: What says that values are told in the order of the names.
RESPECTIVELY = re.compile(r"\brespectively\b", re.IGNORECASE)


class Turn(NamedTuple):
    """A value and the devices that it can be of, all of one name; how many of it the text speaks of."""

    value: Quantity
    gpus: tuple[Gpu, ...]
    number: float
    rounding: float


class Series(NamedTuple):
    """Values in turn, and whether the sentence itself names the device of each."""

    turns: tuple[Turn, ...]
    dimension: str
    named: bool


def series(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Series]:
    """Every series of a sentence, of each dimension by itself."""
    here = sorted([*spoken(index, passage, sentence, context).here, *_families(passage, sentence, context)])
    every = within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
    found = sorted(
        each
        for told in (*every, *_nth(sentence))
        for each in _ends(passage.text, told)
        if each.value > 0 and not any(one.start < each.end and each.start < one.end for one in here)
    )
    for dimension in dict.fromkeys(each.dimension for each in found):
        values = [each for each in found if each.dimension == dimension]
        if dimension != "number":
            # A number beside a value has its unit.
            values = [each for each in found if each.dimension in (dimension, "number")]
            first = next(at for at, each in enumerate(values) if each.dimension == dimension)
            turned = _turned(passage, values[first:], here, context)
            if turned is not None:
                yield Series(turned, dimension, named=True)
                continue
        runs = list(_side_by_side(passage.text, found, dimension))
        # "At $5,000 and $4,500, a gigabyte costs $208 with the A30 and $94 with the A40".
        others = [each for each in found if each.dimension == dimension and not _is_in(each, runs)]
        turned = _turned(passage, others, here, context) if others else None
        for run in runs:
            names = _named(passage.text, here, len(run), in_turn=turned is not None)
            if not names and len(here) == len(run) and RESPECTIVELY.search(sentence.text):
                # "The H200, with 141 GB, and the L4, with 24 GB, have 4.8 TB/s and 300 GB/s, respectively".
                names = [(each, 1.0) for each in here]
            before = _before(index, passage, sentence, len(run), context) if len(run) >= _MANY else ()
            for whose in [names] if names else before:
                yield Series(_turns(passage.text, run, whose, context), dimension, named=bool(names))
        if turned is not None:
            yield Series(turned, dimension, named=True)


def _is_in(value: Quantity, runs: Sequence[Sequence[Quantity]]) -> bool:
    return any(run[0].start <= value.start < run[-1].end for run in runs)


def _ends(text: str, told: Quantity) -> Iterator[Quantity]:
    """A value, or both of what may be a range or two of a list: "from 10,496 to 16,384"."""
    digits = list(_DIGITS.finditer(text, told.start, told.end)) if told.value != told.high else []
    if len(digits) != 2:
        yield told._replace(high=told.value)
        return
    yield told._replace(end=digits[0].end(), high=told.value)
    yield told._replace(start=digits[1].start(), value=told.high)


def _turned(
    passage: Passage, values: Sequence[Quantity], here: Sequence[Mention], context: Context
) -> tuple[Turn, ...] | None:
    """Values and names that take turns; None where they do not."""
    if not here:
        return None
    if len(values) == len(here) + 1 and values[1].start < here[0].start:
        # "It has 1.7 for each watt, against 0.8 for the A10 and 0.6 for the T4".
        values = values[1:]
    turns = sorted([(each.start, 0) for each in values] + [(each.start, 1) for each in here])
    if not _TURNS.fullmatch("".join(str(kind) for _, kind in turns)):
        return None
    counts = [counted(passage.text, max(0, one.start - 24), one.start) for one in here]
    return _turns(passage.text, values, list(zip(here, counts, strict=True)), context)


def _turns(
    text: str, values: Sequence[Quantity], whose: Sequence[tuple[Mention, float]], context: Context
) -> tuple[Turn, ...]:
    return tuple(
        Turn(value, tuple(context.catalogue[key] for key in common(one.ids)), count, rounding(text, value))
        for value, (one, count) in zip(values, whose, strict=True)
    )


def rounding(text: str, value: Quantity) -> float:
    """Half of the last digit of a value, as a share of it."""
    digits = _DIGITS.search(text[value.start : value.end])
    number = float(digits[0].replace(",", "")) if digits else 0.0
    return 0.5 * 10 ** -len(digits[1] or "") / number if digits and number else 0.0


def _side_by_side(text: str, found: Sequence[Quantity], dimension: str) -> Iterator[list[Quantity]]:
    """Two or more values in a list, of which the last may have the unit of all."""
    run: list[Quantity] = []
    for each in [*found, None]:
        if each and run and each.dimension in (dimension, "number") and JOINS.fullmatch(
            text, run[-1].end, each.start
        ):  # fmt: skip
            run.append(each)
            continue
        if len(run) > 1 and (run[-1].dimension == dimension or run[0].dimension == dimension):
            yield _of_unit(text, run, dimension)
        run = [each] if each and each.dimension in (dimension, "number") else []


def _of_unit(text: str, run: Sequence[Quantity], dimension: str) -> list[Quantity]:
    """Values of a list, those without a unit in that of the others."""
    unit = next(each for each in reversed(run) if each.dimension == dimension)
    digits = _DIGITS.search(text[unit.start : unit.end])
    scale = unit.value / float(digits[0].replace(",", "") or 1) if digits and dimension != "number" else 1.0
    return [
        each
        if each.dimension == dimension
        else each._replace(value=each.value * scale, dimension=dimension, unit=unit.unit)
        for each in run
    ]


def _named(text: str, here: Sequence[Mention], many: int, *, in_turn: bool) -> list[tuple[Mention, float]]:
    """The names of a sentence where they are so many, side by side or in turn with other values."""
    beside = in_turn or all(JOINS.fullmatch(text, a.end, b.start) for a, b in pairwise(here))
    return [(each, 1.0) for each in here] if len(here) == many and beside else []


def _before(
    index: int, passage: Passage, sentence: Sentence, many: int, context: Context
) -> Iterator[list[tuple[Mention, float]]]:
    """The devices of the nearest sentence or heading before that names so many, and those of the title."""
    for at in range(index, max(-1, index - _BACK), -1):
        one = passage if at == index else context.document.passages[at]
        if one.kind not in PROSE:
            continue
        end = sentence.start if at == index else len(one.text)
        every = [each for each in sentences(one.text) if each.start < end]
        for start in [each.start for each in reversed(every)]:
            first: dict[frozenset[str], tuple[Mention, float]] = {}
            for each in within(context.mentions.get(at, ()), start, end):
                count = counted(one.text, max(0, each.start - 24), each.start)
                first.setdefault(model(each.named[0], context.catalogue), (each, count))
            if len(first) == many:
                yield list(first.values())
            if len(first) >= many:
                break
            end = start if first else end
        else:
            continue
        break
    titled = devices(context)
    if len(titled) == many:
        yield [(Mention(0, 0, "", ids, ids), 1.0) for ids in titled]


def _nth(sentence: Sentence) -> Iterator[Quantity]:
    """Generations of a sentence that are told as ordinals."""
    for match in _NTH.finditer(sentence.text):
        number = float(match[2] or _ORDINALS.index(match[1].lower()) + 1)
        yield Quantity(
            sentence.start + match.start(), sentence.start + match.end(), number, number, "nth", ""
        )


def _families(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Mention]:
    """Architectures of which a document speaks of one model only, which they stand for."""
    for match in _FAMILY.finditer(passage.text, sentence.start, sentence.end):
        models = list(_models(context).get(match[0].lower().split()[0], {}).values())
        if len(models) == 1:
            yield Mention(*match.span(), match[0], models[0], models[0])


def _models(context: Context) -> Mapping[str, Mapping[frozenset[str], tuple[str, ...]]]:
    """The models that a document names, by architecture."""
    known: dict[str, dict[frozenset[str], tuple[str, ...]]] | None = context.memo.get("families")
    if known is None:
        known = context.memo["families"] = {}
        for each in (one for found in context.mentions.values() for one in found):
            name = context.catalogue[each.ids[0]].architecture.split("_")[0]
            known.setdefault(name, {})[model(each.named[0], context.catalogue)] = each.ids
    return known
