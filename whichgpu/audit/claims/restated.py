"""One amount told twice, side by side: "131,072 bytes, or 128 KB", "32 Gbit/s (4 GB/s)"."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.dimensions import dims
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import quantities
from whichgpu.audit.terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.dimensions import Term
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

#: What says that the second is the first.
_IS = re.compile(
    r"\s*(?:bytes\s*)?(?:[,(]?\s*(?:or|i\.e\.,?|that is|"
    r"that[\u2019']s|which is|=|,\s*(?=about|around|roughly|~))\s*"
    r"(?:about |around |roughly |just |"
    r"~)?|\()\s*",
    re.IGNORECASE,
)
_UNIT = re.compile(r"(?:[kKMGTP]i?)?(?:B|Wh|W|bytes?|joules?|J)\b")
#: Between two amounts of one thing; the slack of rounding, and of a thousand that is 1,024.
_KINDS = (dims(byte=1), dims(energy=1), dims(energy=1, hour=-1), dims(byte=1, token=-1))
_NEAR, _BINARY, _FAR = 0.03, 0.11, 2000.0
#: What an amount consists of, in brackets behind it.
_OF_SEVERAL = re.compile(
    r"(?<![\d.,])(?P<all>\d{2,4})\s?(?P<unit>GB|TB|W)\b(?! ?/)[^().;:,\d]{0,16}(?:DDR\d\S{0,6} )?"
    r"\(\s*(?P<n>\d{1,2})\s?[x\u00d7]\s?(?P<one>\d{1,4})\s?(?P=unit)\s*\)"
)
#: What makes an amount a part of a formula.
_CLAUSE = re.compile(r"[.,;:](?!\d)")
_FACTOR, _BEFORE, _AROUND = re.compile(r"[x\u00d7*/+\u2212]\s*$"), 4, 40
_BYTES = re.compile(r"\s*bytes\b", re.IGNORECASE)
#: Bytes a second for the bits of a line: what its code takes leaves four fifths of them, or more.
_BITS, _LEAST_LEFT, _DOUBT = 8.0, 0.75, 1.4
#: Of a rate in one direction what it is in both, or of one line, or pin of a memory, what several make.
_BOTH_WAYS = re.compile(
    r"\b(?:gddr\w*|hbm\w*|memory|pins?|lanes?|ports|links|bus|"
    r"bi-?directional\w*|both|each way|total|aggregate|combined|per (?!second)\w+|full duplex|x\d+)\b",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every amount that is told again in another unit, with its verdict."""
    for index, passage in enumerate(context.document.passages):
        for match in _OF_SEVERAL.finditer(passage.text):
            whole, real = int(match["all"]), int(match["n"]) * int(match["one"])
            because = f"{match['n']} x {match['one']} {match['unit']} is {real} {match['unit']}"
            yield made(
                context, passage, match.span("one"), "arithmetic",
                "confirmed" if whole == real else "inconsistent", attribute="parts", because=because,
                evidence=(Evidence(because),),
            )  # fmt: skip
        if passage.kind not in RUNNING:
            continue
        yield from _in_bits(passage, context)
        names = tuple((each.start, each.end) for each in context.mentions.get(index, ()))
        for one, other in pairwise(terms(passage.text, context.fraction, names)):
            factor = _FACTOR.search(passage.text, max(0, one.start - _BEFORE), one.start)
            if factor or not _IS.fullmatch(passage.text, one.end, other.start):
                continue
            ratio = _ratio(passage.text, one, other)
            if ratio is None:
                continue
            slack = _BINARY if other.of == "byte" else _NEAR
            right = abs(ratio - 1) <= slack + (_NEAR if other.about or one.about else 0.0)
            because = f"{one.words} are not {other.words}: {ratio:.3g} times" if not right else f"{one.words}"
            yield made(
                context, passage, (other.start, other.start + len(other.words)), "arithmetic",
                "confirmed" if right else "inconsistent", attribute="unit", because=because,
                evidence=(Evidence(because),),
            )  # fmt: skip


def _in_bits(passage: Passage, context: Context) -> Iterator[Finding]:
    """A rate of bits that is told again in bytes."""
    text = passage.text
    for one, other in pairwise(quantities(text, context.fraction)):
        kinds = (one.dimension, other.dimension) == ("bit rate", "bandwidth")
        if not kinds or not _IS.fullmatch(text, one.end, other.start):
            continue
        left = _BITS * other.value / one.value
        right = _LEAST_LEFT <= left <= 1 + _NEAR + (_BINARY if other.limit else 0.0)
        clause = _CLAUSE.split(text[max(0, one.start - _AROUND) : one.start])[-1]
        clause += _CLAUSE.split(text[other.end : other.end + _AROUND])[0]
        aside = _BOTH_WAYS.search(clause)
        if right or (not aside and not 1 / _DOUBT < left < _DOUBT):
            said, told = (text[each.start : each.end] for each in (one, other))
            because = f"{said} are {one.value / _BITS / 1e9:.3g} GB/s, a byte has 8 bits"
            yield made(
                context, passage, (other.start, other.end), "arithmetic",
                "confirmed" if right else "inconsistent", attribute="unit",
                because=f"{told}: {because}", evidence=(Evidence(because),),
            )  # fmt: skip


def _ratio(text: str, one: Term, other: Term) -> float | None:
    """The second over the first where both are of one kind in two units; None where they are not."""
    value, powers = one.value, one.dims
    if one.plain and _BYTES.match(text, one.end):
        powers = dims(byte=1)
    units = [_UNIT.findall(each.words) for each in (one, other)]
    per_token = powers == dims(byte=1) and other.dims == dims(byte=1, token=-1)
    same = powers == other.dims or per_token
    if not same or other.dims not in _KINDS or one.each or other.each:
        return None
    if not units[1] or (units[0] and units[0][-1] == units[1][-1]):
        # In one unit they are two amounts.
        return None
    ratio = other.value / value
    return ratio if 1 / _FAR < ratio < _FAR else None
