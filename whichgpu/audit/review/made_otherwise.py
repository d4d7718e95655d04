"""What else makes an amount that is accused of not adding up: what its names stand for, sums of products.

A text works with more than it states as amounts: with the memory of a card that it names ("the weights take
15 GB. With two of them the cache gets 33 GB"), with several kinds side by side ("three for 12 hours and five
for 8, 76 GPU hours"), and a share may be of what its own clause names and no value before it is of.
"""

from __future__ import annotations

from itertools import pairwise, permutations, product
from math import prod
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.quantities import SPELLED, quantities
from whichgpu.audit.text.sentences import sentence_at, sentences, within
from whichgpu.audit.values.attributes import named
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.units import GB

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

#: How near an amount must be to what makes it, and numbers of devices that are tried.
_EXACT, _SAME, _LEAST, _MOST = 0.012, 0.002, 0.02, 64
#: Numbers just before an amount that it may be made of.
_FEW = 4
#: A mark between two factors, and letters before an amount in which its formula stands.
_BY = re.compile(r"\s[x\u00d7*]\s|\btimes\b")
_NEAR = 160
_NUMBER = re.compile(
    rf"(?<![\w.,])(?:(?P<n>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)|(?P<word>{'|'.join(SPELLED)})\b)",
    re.I,
)
_CLAUSES = re.compile(r"[,;:]\s|\s(?:and|but|while|whereas)\s")
_SHARE = re.compile(r"\d\s?(?:%|percent|per cent)|\d\s?x\b|\btimes\b", re.IGNORECASE)


def is_made_otherwise(found: Finding, where: tuple[int, Passage, int], context: Context) -> bool:
    """Whether the text may well have made an accused amount of other parts than it was held against."""
    if _SHARE.search(found.quote):
        return _is_of_another_kind(found, where, context)
    told = quantities(found.quote, context.fraction)
    if not told:
        return False
    if told[0].dimension == "memory":
        return _is_with_memory(told[0].value, where, context)
    return _is_of_two_products(told[0].value / _unit(found.quote, told[0].value), where, context)


def _unit(words: str, value: float) -> float:
    number = _NUMBER.search(words)
    digits = float(number["n"].replace(",", "")) if number and number["n"] else 0.0
    return value / digits if digits else 1.0


def _numbers(text: str, where: tuple[int, Passage, int], context: Context) -> list[tuple[int, float]]:
    """The numbers of a passage but those in names, with their places."""
    index = where[0]
    names = context.mentions.get(index, ())
    return [
        (each.start(), float(each["n"].replace(",", "")) if each["n"] else SPELLED[each["word"].lower()])
        for each in _NUMBER.finditer(text)
        if not any(one.start <= each.start() < one.end for one in names)
    ]


def _is_with_memory(told: float, where: tuple[int, Passage, int], context: Context) -> bool:
    """Whether so many times the memory of a device that is named, less what was told, is the amount."""
    index, passage, at = where
    sizes = {
        (nominal_gb(size) or size / GB) * GB
        for each in context.mentions.get(index, ())
        if each.start < at
        for key in each.ids
        if (size := float(context.catalogue[key].value("memory") or 0.0))
    }
    counts = {1.0} | {
        one for place, one in _numbers(passage.text, where, context) if place < at and one < _MOST
    }
    parts = [
        each.value for each in quantities(passage.text, context.fraction)
        if each.dimension == "memory" and each.end <= at
    ]  # fmt: skip
    return any(
        abs((many * size - part) / told - 1) < _LEAST
        for many, size, part in product(counts, sizes, parts)
        if float(many).is_integer() and part != size
    )


def _is_of_two_products(told: float, where: tuple[int, Passage, int], context: Context) -> bool:
    """Whether two numbers, each times the one behind it, make the amount together."""
    _, passage, at = where
    before = [place for place, _ in _numbers(passage.text, where, context) if place < at]
    own = sentence_at(passage.text, at)
    if own is None or not before or not told:
        return False
    back = next(
        (one for one in sentences(passage.text) if one.end <= own.start and one.end > own.start - 2), own
    )
    values = [
        value for place, value in _numbers(passage.text, where, context) if back.start <= place < at
    ]  # fmt: skip
    made = [a * b for a, b in pairwise(values)]
    if any(
        abs((a + sign * less) * b / told - 1) < _SAME
        for sign in (-1, 1)
        for a, b, less in permutations(values[-_FEW:], 3)
        if a > 1 and b > 1 and less
    ):
        # "20 nodes with four each; three are down".
        return True
    many = 1 + len(_BY.findall(passage.text, max(back.start, at - _NEAR), at))
    if 1 < many <= len(values) and abs(prod(values[-many:]) / told - 1) < _SAME:
        # "32 x 1,008 hours x $2.10 is".
        return True
    if any(
        abs((a * b + sum(values[at + 2 :])) / told - 1) < _SAME
        for at, (a, b) in enumerate(pairwise(values[:-1]))
    ):
        # "2 x 450 W, the processor 170 W, the rest 80 W".
        return True
    return any(
        abs((made[first] + made[second]) / told - 1) < _EXACT
        for first in range(len(made))
        for second in range(first + 2, len(made))
    )


def _is_of_another_kind(found: Finding, where: tuple[int, Passage, int], context: Context) -> bool:
    """Whether the clause of a share names an attribute that the values it is held against are none of."""
    _, passage, at = where
    text = passage.text
    kinds = {each.dimension for each in quantities(found.because, context.fraction)}
    start, end = _clause(text, at)
    told = within(named(text), start, end)
    inside = any(each.dimension in kinds for each in within(quantities(text, context.fraction), start, end))
    return bool(told) and not inside and not any(each.attribute.dimension in kinds for each in told)


def _clause(text: str, at: int) -> tuple[int, int]:
    """Where the clause of a place begins and ends."""
    ends: Sequence[int] = [each.end() for each in _CLAUSES.finditer(text) if each.end() <= at]
    behind = _CLAUSES.search(text, at)
    own = sentence_at(text, at)
    first, last = (own.start, own.end) if own else (0, len(text))
    return max([first, *ends[-1:]]), min(last, behind.start() if behind else last)
