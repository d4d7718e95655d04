"""Amounts of named things as sentences tell them: "the T4 costs $0.526 per hour and the L4 $0.805".

Whose an amount is follows from the order alone: in a sentence with as many names as amounts of a kind, where
they take turns, each is of its neighbour. Things are devices, and instance types of clouds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.machine_types import TYPE
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.excluded.quotients import told_in
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.excluded.quotients import Told
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.sentences import Sentence

#: A thing by what tells it from others.
Thing = frozenset[str]
#: Sentences that are looked at before one.
_BACK = 3


class Name(NamedTuple):
    """A thing where it is named."""

    start: int
    end: int
    thing: Thing


class Assigned(NamedTuple):
    """The amounts of one kind that the sentences before a place tell, by the thing that has each."""

    of: str
    amounts: Mapping[Thing, Told]
    #: Whether the last sentence, or this one, tells of them.
    near: bool


def names_of(index: int, passage: Passage, context: Context) -> list[Name]:
    """The devices and instance types that a passage names, in their order."""
    known = [each for each in context.mentions.get(index, ()) if each.ids]
    found = [Name(each.start, each.end, model(each.named[0], context.catalogue)) for each in known]
    by_maker: dict[str, set[Thing]] = {}
    for each, one in zip(found, known, strict=True):
        by_maker.setdefault(context.catalogue[one.named[0]].vendor.lower(), set()).add(each.thing)
    taken = [(each.start, each.end) for each in found]
    for match in TYPE.finditer(passage.text):
        if not any(start < match.end() and match.start() < end for start, end in taken):
            found.append(Name(*match.span(), frozenset({match[0]})))
    found += [*_in_short(passage.text, found)]
    return sorted([*found, *_made(passage.text, found, by_maker)])


#: A maker by itself: "AMD is ahead".
_MAKER = re.compile(r"\b(?:NVIDIA|AMD|Intel|Apple)\b(?![\u2019'])", re.IGNORECASE)
_NEXT = 24


def _in_short(text: str, found: Sequence[Name]) -> Iterator[Name]:
    """The first halves of the names of instance types: "the p4d", where a text has one such."""
    taken = {each.start for each in found}
    every = [one for each in found for one in each.thing if "." in one]
    for series in {one.partition(".")[0] for one in every}:
        full = {one for one in every if one.startswith(f"{series}.")}
        for match in re.finditer(rf"\b{series}\b", text) if len(full) == 1 else ():
            if match.start() not in taken:
                yield Name(*match.span(), frozenset(full))


def _made(text: str, found: Sequence[Name], by_maker: Mapping[str, set[Thing]]) -> Iterator[Name]:
    """The makers that stand for the one device of theirs that a passage names."""
    for match in _MAKER.finditer(text):
        own = by_maker.get(match[0].lower(), set())
        behind = any(0 <= each.start - match.end() < _NEXT for each in found)
        if len(own) == 1 and not behind:
            yield Name(*match.span(), next(iter(own)))


def assigned(
    before: Sequence[Sentence], here: tuple[int, int], text: str, names: Sequence[Name], fraction: str
) -> list[Assigned]:
    """What the sentences before a claim, and its own up to it, tell of each thing, by kind of amount."""
    told: dict[str, dict[Thing, Told]] = {}
    spoilt: set[str] = set()
    last: set[str] = set()
    places = [*((each.start, each.end) for each in before[-_BACK:]), here]
    for place in places:
        kinds: dict[str, list[Told]] = {}
        for each in told_in(text, place, names, fraction):
            kinds.setdefault(each.of, []).append(each)
        own = [each for each in names if place[0] <= each.start < place[1]]
        for of, amounts in kinds.items():
            pairs = _in_turn(own, amounts)
            known = told.setdefault(of, {})
            if not pairs or any(known.get(name.thing, one).value != one.value for name, one in pairs):
                spoilt.add(of)
            known |= {name.thing: one for name, one in pairs}
        last = {*kinds} or last
    return [
        Assigned(of, amounts, of in last)
        for of, amounts in told.items()
        if of not in spoilt and len(amounts) > 1
    ]


def _in_turn(names: Sequence[Name], amounts: Sequence[Told]) -> list[tuple[Name, Told]]:
    """Names with the amounts that they take turns with; nothing where it is open whose one is."""
    if len(names) != len(amounts) or len({each.thing for each in names}) != len(names):
        return []
    order = "".join(mark for _, mark in sorted([*_marked(names, "n"), *_marked(amounts, "a")]))
    return list(zip(names, amounts, strict=True)) if order in ("na" * len(names), "an" * len(names)) else []


def _marked(every: Sequence[Name] | Sequence[Told], mark: str) -> Iterator[tuple[int, str]]:
    return ((each.start, mark) for each in every)
