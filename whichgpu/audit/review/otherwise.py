"""Other readings of a claim in which it holds: of another device named around it, in another attribute.

A sentence tells its subject, or what it compares in, by few words and often by none. Where a value is right
for a device that is named close by, and the sentence names none, it is that one's; where a
ratio is that of the two devices in something else that the sentence speaks of, it is a ratio of that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.measures import measure
from whichgpu.audit.devices.families import is_of
from whichgpu.audit.devices.headed import is_line_of
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.known.said import OF_SPEED, claims
from whichgpu.audit.known.store import of_catalogue, store
from whichgpu.audit.tables.variants import is_right
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import Sentence, sentence_at, sentences, within
from whichgpu.audit.values.attributes import attributes
from whichgpu.audit.values.fields import generations, same_chip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

#: Passages before one in which a device that a value may be of is named.
_BACK = 2
#: Characters around a ratio in which a word tells in what it is one.
_BESIDE = 45
#: How near the ratio of something else must be: told to its digits, and in words.
_EXACT, _ROUND = 0.015, 0.045
_PRECISION = re.compile(r"\b(?:[TB]?FP?\d+|INT\d|memory|vram)\b", re.IGNORECASE)
#: Words that go on with what was spoken of.
_IT = re.compile(r"\b(?:it|its|they|them|their|both|all|none|neither|each|every|this|these)\b", re.IGNORECASE)
#: Words for the device spoken of that tell nothing of it.
_ANY_CARD = re.compile(
    r"(?:(?:the|this|that) )?(?:card|gpu|module|board|chip|part|accelerator|device)", re.IGNORECASE
)
_THE_CARD = re.compile(
    r"\s*The (?:card|gpu|module|board|chip|accelerator|device)\b(?! (?:of|with|that|in)\b)", re.IGNORECASE
)
_OF_BOTH = re.compile(r"\W*(?:Both|Each of (?:them|the two))\b")
_SO = re.compile(r",\s+(?:so|hence|thus|therefore|which means)\b", re.IGNORECASE)
_IN_WORDS = re.compile(r"[a-z]{3,}", re.IGNORECASE)
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6}


def is_of_another_named(found: Finding, where: tuple[int, Passage, int], context: Context) -> bool:
    """Whether a value is that of a device named close by, in a sentence that names none."""
    index, passage, at = where
    accused = {key for key in found.subject.split(", ") if key in context.catalogue}
    if found.kind not in ("specification", "identity") or not accused:
        return False
    if is_line_of(passage, accused, context) or _is_item_of(passage, accused, context):
        return False
    place = sentence_at(passage.text, at)
    if place is None or _OF_BOTH.match(place.text):
        # What both are said to have is wrong where one has not.
        return False
    every = context.mentions.get(index, ())
    # "350 W against 450 W, so a node needs 1.8 kW for 4090s alone": a name in a later clause owns nothing.
    end = next((one.start() for one in _SO.finditer(passage.text, at, place.end)), place.end)
    here = within(every, place.start, end)
    if any(not _ANY_CARD.fullmatch(each.text) for each in here):
        return False
    before = [within(every, one.start, one.end) for one in sentences(passage.text) if one.end <= place.start]
    # The last sentence with a name, however many without one go on about it.
    several = {each.named for each in next((found for found in reversed(before) if found), ())}
    # "Mac Studio or two 4090s?": of whichever the text goes on to speak of.
    asked = not here and any(
        line.rstrip().endswith("?") for line in (*passage.section[-1:], context.document.title)
    )
    goes_on = _IT.search(place.text) or _THE_CARD.match(place.text)
    if goes_on and len(several) < 2 and not asked:
        return False
    around = _around(where, context, accused) | (context.spoken_of if asked else frozenset())
    return any(_has(key, found, where, context) for key in around - accused)


def _is_item_of(passage: Passage, accused: set[str], context: Context) -> bool:
    """Whether a passage is an item below a heading that is nothing but the name of the accused."""
    line = passage.section[-1].strip() if passage.kind == "item" and passage.section else ""
    found = list(mentions(line, context.catalogue))
    return len(found) == 1 and len(line) - len(found[0].text) < _OF_A_NAME and accused <= {*found[0].ids}


#: Characters beside a name in a heading of its own: "NVIDIA L4", "1. L4".
_OF_A_NAME = 10


def _around(where: tuple[int, Passage, int], context: Context, accused: set[str]) -> set[str]:
    """The devices that the passage, those before it and the headings above it name, but other forms of it."""
    index, passage, _ = where
    near = [each for back in range(_BACK + 1) for each in context.mentions.get(index - back, ())]
    near += [each for line in passage.section for each in mentions(line, context.catalogue)]
    return {key for each in near if not accused & {*each.named} for key in each.ids}


def _has(key: str, found: Finding, where: tuple[int, Passage, int], context: Context) -> bool:
    """Whether what is stated is so of a device."""
    _, passage, at = where
    gpu = context.catalogue[key]
    if found.kind == "identity":
        ordinal = _ORDINALS.get(found.stated.lower())
        if ordinal:
            return ordinal in generations(gpu)
        if found.attribute == "architecture":
            return is_of(gpu, found.stated)
        if found.attribute == "process":
            return found.stated.lower().split()[-1] in str(gpu.value("process") or "").lower()
        return found.attribute == "chip" and same_chip(found.stated, str(gpu.value("chip") or "-"))
    attribute = attributes().get(found.attribute)
    told = next((one for one in quantities(passage.text, context.fraction) if one.start == at), None)
    return bool(attribute and told and is_right(passage.text, told, attribute, gpu, context))


def is_in_something_else(found: Finding, where: tuple[int, Passage, int], context: Context) -> bool:
    """Whether a ratio is that of the same two, or of those that its sentence names, in something else."""
    if found.kind not in ("ratio", "arithmetic") or found.attribute == OF_SPEED:
        return False
    index, passage, at = where
    place = sentence_at(passage.text, at)
    end = at + len(found.quote)
    stated = [
        way.times for one in (claims(passage.text, place, context.fraction) if place else ())
        if one.start < end and at < one.end for way in one.ways
    ]  # fmt: skip
    if stated and place and found.kind == "arithmetic":
        # "3.2 times the price of the L40S": of what a table told of the two that it names.
        kind = measure(passage.text, place.start, place.end, (at, end))
        return any(
            abs(ratio / way - 1) <= _EXACT
            for ratio in _told_ratios((index, place), kind, context)
            for way in stated
        )
    if not stated or place is None or _is_told_in_what(passage.text, place, (at, end), context):
        return False
    near = _ROUND if _IN_WORDS.search(found.quote) else _EXACT
    return any(
        abs(ratio / way - 1) <= near for ratio in _ratios(found, (index, place), context) for way in stated
    )


def _is_told_in_what(text: str, place: Sentence, at: tuple[int, int], context: Context) -> bool:
    """Whether a word or an amount right beside a ratio tells in what it is one."""
    first, last = max(place.start, at[0] - _BESIDE), min(place.end, at[1] + _BESIDE)
    amounts = within(quantities(text, context.fraction), first, at[0])
    told = any(each.dimension not in ("percent", "times", "count", "number") for each in amounts)
    told = told or _THAT_MUCH.match(text, at[1]) is not None
    return told or bool(measure(text, first, last, at)) or _PRECISION.search(text, first, last) is not None


#: "208 billion, more than three times the 80 billion of": of what stands right behind it.
_THAT_MUCH = re.compile(r"\s+(?:as (?:much|many) as\s+)?(?:the|its|their)\s+\d[\d.,]*\s")


def _told_ratios(where: tuple[int, Sentence], kind: str, context: Context) -> Iterator[float]:
    """What two that a sentence names have over each other in what the document told of a kind."""
    index, place = where
    here = [
        {*each.named, *each.ids}
        for each in context.mentions.get(index, ())
        if place.start <= each.start < place.end
    ]
    for series in store(context):
        told = [one for one in series.amounts if any(each & one.ids for each in here)]
        for one in told if kind and series.measure == kind else ():
            yield from (one.value / other.value for other in told if other is not one)


def _ratios(found: Finding, where: tuple[int, Sentence], context: Context) -> Iterator[float]:
    """What those that are compared have over each other in all that the document and the catalogue tell."""
    index, place = where
    sides = [set(side.split(", ")) & set(context.catalogue) for side in found.subject.split(" against ")]
    here = [
        {*each.named, *each.ids}
        for each in context.mentions.get(index, ())
        if place.start <= each.start < place.end
    ]
    both = [side for side in sides if side] if len(sides) > 1 else here
    for series in (*store(context), *of_catalogue(context)):
        told = [(one, [at for at, side in enumerate(both) if side & one.ids]) for one in series.amounts]
        for one, mine in told:
            for other, others in told:
                if one is not other and mine and others and mine != others and other.value:
                    yield one.value / other.value
