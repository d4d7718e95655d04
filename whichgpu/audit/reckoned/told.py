"""The amounts of running text, each with whom it is told of: a device, a letter, or nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.closure.amounts import Amount, amounts
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.text.sentences import has_digit, sentences
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.sentences import Sentence

#: Passages and sentences before a result that may tell what it follows from.
_PASSAGES, _MOST = 6, 60
#: Letters by which a text calls its offers: "(a)", "option B", "type (c)".
_LETTER = re.compile(
    r"\((?P<a>[a-h])\)|\b(?:option|offer|type|variant|plan|tier)\s+\(?(?P<b>[A-Ha-h])\)?(?![a-z])"
)


class Told(NamedTuple):
    """An amount, and of whom it is told."""

    amount: Amount
    whose: frozenset[str] | None
    #: How many passages before that of the result.
    back: int
    #: Its words with what it is per.
    said: str


class Place(NamedTuple):
    """A sentence with its amounts, and those that are told before it."""

    number: int
    passage: Passage
    sentence: Sentence
    here: Sequence[Told]
    before: Sequence[Told]
    context: Context

    def words(self, start: int, end: int) -> str:
        """A stretch of the passage."""
        return self.passage.text[start:end]


def places(context: Context) -> Iterator[Place]:
    """Every sentence of running text with amounts."""
    earlier: list[list[Told]] = []
    for index, passage in context.document.running():
        if not has_digit(passage.text):
            earlier.append([])
            continue
        names = context.mentions.get(index, ())
        every = amounts(passage.text, context.fraction, tuple((each.start, each.end) for each in names))
        every = _in_its_unit(passage.text, every)
        told: list[Told] = []
        if len(every) <= _MOST:
            for sentence in sentences(passage.text):
                named = _named(index, passage, sentence, context)
                here = [
                    Told(one, _whose(one, every, named), 0, passage.text[one.start : one.end])
                    for one in every
                    if sentence.start <= one.start < sentence.end
                ]
                back = [
                    one._replace(back=len(earlier) - at)
                    for at, some in enumerate(earlier[-_PASSAGES:], max(0, len(earlier) - _PASSAGES))
                    for one in some
                ]
                if here:
                    yield Place(index, passage, sentence, here, [*back, *told], context)
                told += here
        earlier.append(told)


def _named(
    index: int, passage: Passage, sentence: Sentence, context: Context
) -> list[tuple[int, int, frozenset[str]]]:
    """The devices and letters that a sentence names, with their places, in order."""
    found = [
        (each.start, each.end, model(each.named[0], context.catalogue))
        for each in context.mentions.get(index, ())
        if sentence.start <= each.start < sentence.end and each.named
    ]
    found += [
        (*match.span(), frozenset({(match["a"] or match["b"]).lower()}))
        for match in _LETTER.finditer(passage.text, sentence.start, sentence.end)
    ]
    return sorted(found, key=lambda each: each[:2])


def _in_its_unit(text: str, every: Sequence[Amount]) -> tuple[Amount, ...]:
    """Amounts of which a bare number is of the money before it: "20,800 euros, the others 38,400"."""
    found: list[Amount] = []
    for one in every:
        last = found[-1] if found else None
        found.append(_like(one, last) if last and _goes_on(text, one, last) else one)
    return tuple(found)


def _goes_on(text: str, one: Amount, last: Amount) -> bool:
    """Whether a bare number stands right behind money, and is as much by its digits."""
    bare = one.kind == "number" and not one.noun and one.bare and _ENDS.match(text, one.end)
    money = last.sign and not last.bare and not last.per and last.digits
    near = one.start - last.end < _NEAR and "." not in text[last.end : one.start]
    return bool(bare and money and near) and 1 / _FAR < one.low / last.digits < _FAR


def _like(one: Amount, last: Amount) -> Amount:
    scale = last.low / last.digits
    return one._replace(
        low=one.low * scale, high=one.high * scale, dims=last.dims, kind="amount", sign=last.sign,
        digits=one.low,
    )  # fmt: skip


_ENDS = re.compile(r"\s*(?:[.,;)]|$|and\b)")
_NEAR, _FAR = 60, 10.0


def _whose(
    one: Amount, every: Sequence[Amount], named: Sequence[tuple[int, int, frozenset[str]]]
) -> frozenset[str] | None:
    """The name nearest before an amount in its sentence, else the first one behind it."""
    before = [each for each in named if each[1] <= one.start]
    if before and not any(
        other.dims == one.dims and not other.bare and before[-1][1] <= other.start < one.start
        for other in every
    ):
        return before[-1][2]
    behind = next((each for each in named if each[0] >= one.end), None)
    if behind and not any(other.dims == one.dims and one.end <= other.start < behind[0] for other in every):
        return behind[2]
    return before[-1][2] if before else None
