"""Amounts of running text with the thing that each is of, and those that are told of several things alike."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.closure.amounts import Amount, amounts, is_opaque, powers
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.known.store import LAID_OUT, store
from whichgpu.audit.text.sentences import sentences
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.sentences import Sentence

#: Amounts of a sentence; one with more is a list of figures.
_MOST = 16
#: Sentences within which results are told of several things alike.
_NEAR = 2
#: What is asked or supposed; "would be $104" is neither.
_SUPPOSED = re.compile(r"\?|\b(?:if|unless|suppose|imagine|might|could)\b", re.IGNORECASE)
_MONEY = powers(money=1)


class Told(NamedTuple):
    """An amount, the thing that it is of (empty where of none), its sentence and passage."""

    thing: frozenset[str]
    amount: Amount
    #: The number of its sentence in the document, and where that begins and ends in the passage.
    number: int
    place: tuple[int, int]
    passage: Passage
    ids: tuple[str, ...] = ()
    #: The heading that it stands below.
    section: tuple[str, ...] = ()


def told(context: Context) -> Sequence[Told]:
    """Every amount of running text in order, with its thing."""
    if "told of things" not in context.memo:
        context.memo["told of things"] = list(_told(context))
    found: list[Told] = context.memo["told of things"]
    return found


def _told(context: Context) -> Iterator[Told]:
    number = 0
    for index, passage in context.document.running():
        names = [each for each in context.mentions.get(index, ()) if each.ids]
        every = amounts(passage.text, context.fraction, tuple((one.start, one.end) for one in names))
        number += _NEAR
        listed: Sequence[_Thing] = ()
        for sentence in sentences(passage.text):
            number += 1
            here = [one for one in every if sentence.start <= one.start < sentence.end]
            things = [
                (each.start, each.end, model(each.named[0], context.catalogue), each.ids)
                for each in names
                if sentence.start <= each.start < sentence.end
            ]
            things = sorted([*things, *_by_name(sentence, things, context)], key=lambda each: each[:2])
            before, listed = listed, things or listed
            if not 0 < len(here) <= _MOST or _SUPPOSED.search(sentence.text):
                continue
            place = sentence.start, sentence.end
            owned = _owned(here, things) if things else (here, _in_order(here, before))
            for one, (thing, ids) in zip(*owned, strict=True):
                yield Told(thing, one, number, place, passage, ids, passage.section)


def _by_name(sentence: Sentence, things: Sequence[_Thing], context: Context) -> Iterator[_Thing]:
    """What is no device and named as a row or column of the text's tables: a machine, a queue, a network."""
    for name, pattern in _names(context).items():
        for match in pattern.finditer(sentence.text):
            start, end = sentence.start + match.start(), sentence.start + match.end()
            if not any(a < end and start < b for a, b, _, _ in things):
                yield start, end, frozenset({name}), (name,)


def _names(context: Context) -> Mapping[str, re.Pattern[str]]:
    if "names of things" not in context.memo:
        told = {
            one.name
            for each in store(context)
            if each.group > LAID_OUT
            for one in each.amounts
            if not one.ids
        }
        context.memo["names of things"] = {
            name: re.compile(rf"(?<![\w-]){re.own(name)}(?![\w-])", re.IGNORECASE)
            for name in sorted(told)[:_MOST_NAMES]
            if _A_NAME.fullmatch(name)
        }
    found: dict[str, re.Pattern[str]] = context.memo["names of things"]
    return found


#: How many names are looked for, and what they look like.
_MOST_NAMES = 24
_A_NAME = re.compile(
    r"(?!(?:memory|power|price|cost|total|speed|time|cores|gpus?|cards?|bandwidth|year|month|hours?)\b)"
    r"[a-z][\w-]{3,}(?: [\w-]+){0,2}"
)
_Key = frozenset[str]
_Thing = tuple[int, int, _Key, tuple[str, ...]]
_NOBODY: tuple[_Key, tuple[str, ...]] = (frozenset(), ())


def _owned(
    here: Sequence[Amount], things: Sequence[_Thing]
) -> tuple[list[Amount], list[tuple[_Key, tuple[str, ...]]]]:
    """The amounts of a sentence, bare ones with the unit of those before, and the thing that each is of."""
    keys = dict.fromkeys(key for _, _, key, _ in things)
    if len(keys) == 1:
        owner = (things[0][2], things[0][3])
        return list(here), [owner if not is_opaque(one) else _NOBODY for one in here]
    owners: dict[int, tuple[_Key, tuple[str, ...]]] = {}
    done = list(here)
    for dims in dict.fromkeys(one.dims for one in here if not one.bare):
        group = [at for at in range(len(done)) if at not in owners and _is_like(done, at, dims)]
        for at, thing in _in_turn([done[at] for at in group], things):
            owners[group[at]] = (thing[2], thing[3])
            done[group[at]] = _with_unit(done[group[at]], done[group[0]])
    for at, one in enumerate(done):
        # "Two 4070 Ti SUPERs": how many of what stands behind it.
        behind = next((each for each in things if 0 <= each[0] - one.end <= 1), None)
        if at not in owners and one.kind == "count" and behind:
            owners[at] = (behind[2], behind[3])
    return done, [owners.get(at, _NOBODY) for at in range(len(done))]


def _in_order(here: Sequence[Amount], before: Sequence[_Thing]) -> list[tuple[_Key, tuple[str, ...]]]:
    """The things of amounts of one kind that are as many as the sentence before names: "$97 and $142"."""
    every = {each[2]: (each[2], each[3]) for each in before}
    solid = [one for one in here if not one.bare]
    alike = len(every) == len(solid) > 1 and len({one.dims for one in solid}) == 1
    named = iter(every.values() if alike else ())
    return [next(named, _NOBODY) if not one.bare else _NOBODY for one in here]


def _is_like(row: Sequence[Amount], at: int, dims: tuple[int, ...]) -> bool:
    """Whether an amount is of a kind, or goes on with it: "42 minutes on the T4, 21 on the L4"."""
    one = row[at]
    if one.dims == dims:
        return True
    # Of a row of prices only the first tells per what they are.
    short = dims[0] == 1 and dims != _MONEY
    before = next(
        (each for each in reversed(row[:at]) if not (each.bare or (short and each.dims == _MONEY))), None
    )
    plain = one.kind == "number" and not one.noun
    # "$0.285 per million tokens on the one and $0.394 on the other".
    paid = one.dims == _MONEY and dims[0] == 1 and one.sign != ""
    return before is not None and before.dims == dims and (plain or paid)


def _in_turn(group: Sequence[Amount], things: Sequence[_Thing]) -> Iterator[tuple[int, _Thing]]:
    """The amounts that stand in turn with things, each with its own: all behind it, or all before it."""
    if not group:
        return
    marks = sorted([(one.start, at, None) for at, one in enumerate(group)]
                   + [(each[0], -1, each) for each in things], key=lambda mark: mark[0])  # fmt: skip
    row: list[tuple[int, int, _Thing | None]] = []
    for mark in marks:
        if mark[2] is not None and row and row[-1][2] is not None and row[-1][2][2] == mark[2][2]:
            continue
        row.append(mark)
    best: list[tuple[int, _Thing]] = []
    for begin in range(len(row)):
        last = begin
        while last + 1 < len(row) and (row[last][2] is None) != (row[last + 1][2] is None):
            last += 1
        part = row[begin : last + 1]
        if len(part) % 2 and part[0][2] is not None:
            # The last name has no amount of its own.
            part = part[:-1]
        pairs = list(zip(part[::2], part[1::2], strict=False))
        own = [(a[1], b[2]) if b[2] is not None else (b[1], a[2]) for a, b in pairs]
        done = [(at, thing) for at, thing in own if thing is not None]
        if len(part) % 2 == 0 and len({thing[2] for _, thing in done}) == len(done) > max(1, len(best)):
            best = done
    yield from best


def _with_unit(one: Amount, first: Amount) -> Amount:
    """A bare amount with the unit of the first of its row."""
    if one.dims == first.dims:
        return one
    by = first.low / first.digits if first.digits else 1.0
    base = one.digits * by
    return one._replace(low=base, high=base, dims=first.dims, kind="amount", sign=first.sign, per=first.per)


class Group(NamedTuple):
    """Results of one kind that stand side by side, each of its own thing."""

    results: tuple[Told, ...]


def groups(context: Context) -> Iterator[Group]:
    """The amounts of one kind that neighbouring sentences tell of several things, one of each."""
    every = told(context)
    numbers = [each.number for each in every]
    for at, one in enumerate(every):
        if not one.thing or one.amount.bare:
            continue
        last = bisect_right(numbers, one.number + _NEAR)
        row = [
            each
            for each in every[at:last]
            if each.thing and each.amount.dims == one.amount.dims and each.passage is one.passage
        ]
        for results in _rows(row, one):
            yield Group(results)


def _rows(row: Sequence[Told], first: Told) -> Iterator[tuple[Told, ...]]:
    same = [each for each in row if each.number == first.number]
    if len({each.thing for each in same}) == len(same) > 1 and same[0] is first:
        yield tuple(same)
    if len({each.thing for each in same}) == 1:
        for each in row:
            beside = [one for one in row if one.number == each.number]
            if (
                each.number > first.number
                and each.thing != first.thing
                and len({o.thing for o in beside}) == 1
            ):
                yield (first, each)


#: What is not told of a thing alone.
SEVERAL = re.compile(
    r"(?<!\bfits )(?<!\bfit )(?<!\bon )\b(?:both|all)\b|\b(?:together|in total|combined)\b", re.IGNORECASE
)
