"""What stands around an amount that may be a result: what it may be made of, and what its words ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.results.digits import plain_value
from whichgpu.audit.results.words import BEFORE, FROM, asked
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.bills.amounts import Amounts
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.dimensions import Term

#: Amounts around one that may make it, and those that it may be accused by.
WIDE, _NEAR = 24, 14
#: Amounts of passages before stand further away than those of this one.
_FAR = 1_000_000
#: Letters between an amount and one that is listed beside it.
_LISTED = 12


class Around(NamedTuple):
    """An amount with what is told around it."""

    told: Term
    text: Amounts
    context: Context
    #: Where its sentence begins, and the one two before it.
    start: int
    back: int
    asked: frozenset[str]
    #: What may explain it; what it may be accused by; those of these in its sentence, or the one before it.
    wide: Sequence[Term]
    near: Sequence[Term]
    own: Sequence[Term]

    @property
    def words(self) -> str:
        """The words right before the amount."""
        return self.text.passage.text[max(0, self.told.start - BEFORE) : self.told.start]

    def superseded(self, term: Term) -> bool:
        """Whether a rate of the same kind was told after one, and not right beside the amount."""
        return min(term.dims) < 0 and any(
            each.start > term.start and each.end < self.told.start - _LISTED
            and each.dims == term.dims and each.sign == term.sign
            for each in self.own
        )  # fmt: skip

    def device(self, term: Term) -> set[str]:
        """What the last name before an amount in its sentence may be, or the first behind it."""
        named, here = self.context.mentions.get(self.text.place, ()), self.text.sentence(term.start)
        found = within(named, here.start, term.start)[-1:] or within(named, term.end, here.end)[:1]
        return {one for each in found for one in (*each.named, *each.ids)}


def around(
    told: Term, every: Sequence[Term], earlier: Sequence[Term], text: Amounts, context: Context
) -> Around:
    """What stands around an amount among all of its passage, and those of the passages before."""
    lines = sentences(text.passage.text)
    at = next(place for place, one in enumerate(lines) if told.start < one.end)
    start, back = lines[at].start, lines[max(at - 2, 0)].start
    here = [each for each in every if each.start != told.start]
    wide = [
        each for each in here
        if each.start < told.start or _is_behind(each, told, lines[at].end, text.passage.text)
    ][-WIDE:]  # fmt: skip
    before = [each._replace(start=each.start - _FAR, end=each.end - _FAR) for each in earlier]
    near = _near([each for each in here if each.end <= told.start and _is_operand(each)], start, back)
    last = lines[max(at - 1, 0)].start
    own = [each for each in near if each.start >= start] or [each for each in near if each.start >= last]
    until = max((each.end for each in here if each.end <= told.start and any(each.dims)), default=0)
    asks = asked(told, text.passage.text, start, until)
    return Around(told, text, context, start, back, asks, [*before, *_with_units(wide, told)], near, own)


def _is_operand(term: Term) -> bool:
    return any(term.dims) or term.counted or term.share or term.plain


def _is_behind(each: Term, told: Term, end: int, text: str) -> bool:
    """Whether an amount behind one may be what that follows from, and is none that follows from it."""
    if each.start >= end:
        return False
    if not each.share and (not any(each.dims) or each.sign != told.sign):
        return not each.sign
    return bool(FROM.search(text, max(told.end, each.start - BEFORE), each.start))


def _near(before: Sequence[Term], start: int, back: int) -> list[Term]:
    """The amounts that one may be accused by: those of its sentence, the last two of each kind before."""
    found: list[Term] = []
    kinds: dict[object, set[int]] = {}
    for each in reversed(before):
        places = kinds.setdefault((each.dims, each.sign, each.each), set())
        places.add(each.start)
        if each.start >= start or (len(places) <= 2 and (any(each.dims) or each.start >= back)):
            found.append(each)
    return found[:_NEAR][::-1]


def _with_units(pool: Sequence[Term], told: Term) -> list[Term]:
    """Amounts, with bare numbers as of the unit of the one told too: "22 images a minute, the pair 44"."""
    if not any(told.dims):
        return list(pool)
    # "80 - 35 = 45 GB": gigabytes, as the one told.
    unit = told.value / (plain_value(told) or told.value)
    bare = [
        each._replace(dims=told.dims, plain=False, sign=told.sign, value=each.value * unit)
        for each in pool
        if each.plain
    ]
    return [*pool, *bare]
