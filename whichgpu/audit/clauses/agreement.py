"""Accusations of prose that the reading by clauses bears out.

A value is held against the device that its own clause is about. A result that is worked out from what the
text tells is held against the sentence itself and the one before it, which must account for all it takes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import attributes, named
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.clauses.parts import owner, stretch
from whichgpu.audit.clauses.premises import is_accounted_for
from whichgpu.audit.findings import withheld
from whichgpu.audit.gloss import language
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences
from whichgpu.audit.subjects import mentions
from whichgpu.audit.variants import is_right
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.subjects import Mention

#: Kinds of claims that hold a value against one device.
_OF_ONE = frozenset({
    "as_well", "capability", "compute_capability", "identity", "memory_type", "pooled", "specification",
    "state", "unsaid",
})  # fmt: skip
#: Kinds that look for what an amount, or who leads, was worked out from, wherever the text tells it.
_WORKED_OUT = frozenset({
    "accounts", "compared", "concluded", "followed", "just_told", "parallel", "reckoned", "told_ratios",
    "worded_places", "worded_ratios",
})  # fmt: skip
#: Kinds that hold what is needed against a room that the text tells, wherever it does.
_OF_ROOM = frozenset({"holding"})
#: So many devices, each of which has the room.
_SO_MANY = re.compile(r"\b(?:two|three|four|six|eight|both|together)\b", re.IGNORECASE)
#: Behind a claim, its denial: "run it, yes; compute in FP8, no".
_IT_IS_NOT = re.compile(r"\s*,\s+no(?:t|pe)?\b", re.IGNORECASE)
_OF_OTHERS = "its clause is not certainly about that device"
_OF_ELSE = "it is the device's in something else, or another's that the text speaks of"
_NOT_TOLD = "the sentences around it do not account for all that it takes"


class _At(NamedTuple):
    """Where an accusation stands: the passage, its place among the document's, and the place in its text."""

    number: int
    passage: Passage
    at: int


def agreed(kind: str, found: Iterable[Finding], context: Context) -> list[Finding]:
    """The findings of a kind as they are, or unverifiable where the clause does not bear them out."""
    if kind not in _OF_ONE | _WORKED_OUT | _OF_ROOM or language(context.document):
        return list(found)
    running = sorted((each.span(0, 1)[0], index) for index, each in context.document.running() if each.text)
    return list(_agreed(kind, found, running, context))


def _agreed(
    kind: str, found: Iterable[Finding], running: Sequence[tuple[int, int]], context: Context
) -> Iterator[Finding]:
    for each in found:
        place = _place(each, running, context) if each.accuses else None
        if place is None:
            yield each
            continue
        test = _against_one if kind in _OF_ONE else _not_plain if kind in _OF_ROOM else _unaccounted
        why = test(kind, each, place, context)
        yield withheld(each, why) if why else each


def _place(found: Finding, running: Sequence[tuple[int, int]], context: Context) -> _At | None:
    """Where an accusation stands in running text; None in tables."""
    before = bisect_right(running, (found.start, len(context.document.passages))) - 1
    if before < 0:
        return None
    index = running[before][1]
    passage = context.document.passages[index]
    if found.start >= passage.span(0, len(passage.text))[1]:
        return None
    text = range(len(passage.text))
    return _At(index, passage, bisect_left(text, found.start, key=lambda at: passage.span(at, at + 1)[0]))


#: Attributes of what is held against amounts that the text itself tells.
_TOLD = ("told before", "stated values")


def _unaccounted(kind: str, found: Finding, place: _At, context: Context) -> str:
    mentioned = context.mentions.get(place.number, ())
    if is_accounted_for(found, place.passage, place.at, mentioned, alone=kind == "reckoned"):
        return ""
    if kind == "compared" and found.attribute not in _TOLD:
        return ""
    # A ratio of two values on file needs no more of the text than their names.
    on_file = found.kind in ("ratio", "ordering") and found.attribute in attributes()
    return "" if on_file else _NOT_TOLD


def _not_plain(kind: str, found: Finding, place: _At, context: Context) -> str:
    text = next((one.text for one in sentences(place.passage.text) if one.start <= place.at < one.end), "")
    return "" if is_asserted(text) and is_indicative(text) and not _SO_MANY.search(text) else _NOT_TOLD


def _against_one(kind: str, found: Finding, place: _At, context: Context) -> str:
    """Why a value is not held against a device; empty where it is."""
    accused = {key for side in found.subject.split(" against ") for key in side.split(", ")}
    if not accused <= context.catalogue.keys():
        return ""
    if _IT_IS_NOT.match(context.document.original, found.end):
        return _OF_OTHERS
    one = owner(place.number, place.passage, place.at, context)
    if one is None or not accused & {*one.named, *one.ids}:
        return _OF_OTHERS
    return _OF_ELSE if _is_of_another(found, place, one, accused, context) else ""


def _is_of_another(found: Finding, place: _At, one: Mention, accused: set[str], context: Context) -> bool:
    """Whether a value is the device's in what its clause does not name, or one's that a description means."""
    text = place.passage.text
    described = not any(each.text == one.text for each in mentions(text, context.catalogue))
    if described and found.true_for in context.spoken_of:
        return True
    told = next((each for each in quantities(text, context.fraction) if each.start == place.at), None)
    attribute = attributes().get(found.attribute)
    start, end = stretch(text, place.at)
    if (
        told is None
        or attribute is None
        or attribute.key in {each.attribute.key for each in named(text[start:end])}
    ):
        return False
    others = [
        each for each in attributes().values() if each.dimension == told.dimension and each != attribute
    ]
    gpus = [context.catalogue[key] for key in accused]
    return any(is_right(text, told, other, gpu, context) for other in others for gpu in gpus)
