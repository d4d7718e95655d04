"""Two values in brackets, one of each device: "Larger memory: 24 GB (24 GB vs 12 GB)".

Comparison sites list what one card has more of, with both values behind it, in whatever order. Where one of
them is a device's own in its place and the other is none of the other's, that one is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.pairs import devices
from whichgpu.audit.document import HEADED
from whichgpu.audit.tables.variants import finding_on, verdict_on
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import BY_UNIT, attributes, named, qualifiers
from whichgpu.audit.values.nearest import fitting
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.attributes import Attribute

#: Both values, with nothing else in the brackets.
_BOTH = re.compile(
    r"\(\s*(?P<a>~?\d[^()\n]{0,24}?)\s*(?:\bvs\.?|\bversus|\bagainst|\bcompared (?:to|with)|"
    r"\bgegen(?:\u00fcber)?|"
    r"\bcontre|\bcontra|\bfrente a|/|\u043f\u0440\u043e\u0442\u0438\u0432)\s*(?P<b>~?\d[^()\n]{0,24}?)\s*\)",
    re.IGNORECASE,
)
_FAR = 90


class _Both(NamedTuple):
    """Two values of one attribute, and how they are said to be."""

    passage: Passage
    values: tuple[Quantity, Quantity]
    attribute: Attribute
    said: frozenset[str]


def find(context: Context) -> Iterator[Finding]:
    """Every such value with its verdict, where it is certain whose it is."""
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in HEADED or "(" not in passage.text:
            continue
        for sentence in sentences(passage.text):
            for match in _BOTH.finditer(passage.text, sentence.start, sentence.end):
                both = _read(passage, sentence, match, context)
                sides = _sides(index, sentence, context) if both else []
                if both and len(sides) == 2:
                    yield from _of_both(both, sides, context)


def _read(passage: Passage, sentence: Sentence, match: re.Match[str], context: Context) -> _Both | None:
    """The two values in brackets, of what is named before them, or of what their unit says."""
    text = passage.text
    found = within(quantities(text, context.fraction), match.start(), match.end())
    if len(found) != 2 or found[1].start < match.start("b") or any(each.high != each.value for each in found):
        return None
    first, last = found
    if first.dimension == "number" != last.dimension:
        again = quantities(f"{text[first.start : first.end]} {last.unit}", context.fraction)[0]
        first = again._replace(start=first.start, end=first.end)
    before = [
        each.attribute
        for each in named(text)
        if sentence.start <= each.start and match.start() - _FAR <= each.end <= match.start()
        and all(any(True for _ in fitting(each.attribute, [one])) for one in (first, last))
    ]  # fmt: skip
    attribute = before[-1] if before else attributes()[last.dimension] if last.dimension in BY_UNIT else None
    said = qualifiers(text[max(sentence.start, match.start() - _FAR) : match.end()])
    return _Both(passage, (first, last), attribute, said) if attribute else None


def _sides(index: int, sentence: Sentence, context: Context) -> list[tuple[str, ...]]:
    """The two devices that a sentence names, else those that the document compares."""
    here = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    named_here = list(dict.fromkeys(each.named for each in here))
    return named_here if len(named_here) > 1 else devices(context)


def _of_both(both: _Both, sides: Sequence[tuple[str, ...]], context: Context) -> Iterator[Finding]:
    orders = [_told(both, order, context) for order in (sides, sides[::-1])]
    right = [[each.verdict == "confirmed" for each in told] for told in orders]
    whole = next((told for told, each in zip(orders, right, strict=True) if all(each)), None)
    if whole:
        yield from whole
        return
    half = [told for told, each in zip(orders, right, strict=True) if any(each)]
    if len(half) == 1:
        yield from half[0]


def _told(both: _Both, order: Sequence[tuple[str, ...]], context: Context) -> list[Finding]:
    """Both values as they are of two devices in an order."""
    found = []
    for value, ids in zip(both.values, order, strict=True):
        gpus = [context.catalogue[key] for key in ids]
        verdict = verdict_on(both.passage.text, value, both.attribute, gpus, said=both.said, context=context)
        found.append(finding_on(both.passage, value, both.attribute, gpus, found=verdict, context=context))
    return found
