"""Figures of a chip that are a product of two others told with them.

A bandwidth is that of one pin (Gbps) by the width of the bus over eight; the cores are those of each unit (an
SM, a compute unit) by the number of units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence

_PIN = re.compile(r"(?<![\d.,])(?P<n>\d{1,2}(?:\.\d{1,2})?)\s?(?:Gbps|Gbit/s|Gb/s|GT/s)\b")
_BUS = re.compile(r"(?<![\d.,])(?P<n>\d{2,4}|\d,\d{3})(?:\s|-)?bits?\b", re.IGNORECASE)
_RATE = re.compile(r"(?<![\d.,])(?P<n>\d{2,4}(?:\.\d)?|\d,\d{3}(?:\.\d)?)\s?GB/s")
_CORES = re.compile(
    r"(?<![\d.,])(?P<n>\d{1,2},\d{3}|\d{3,5})\s(?:(?:CUDA|FP32|shader)[ -])?(?:cores|shaders|"
    r"stream processors)\b"
    r"(?!\s(?:each|per)\b)",
    re.IGNORECASE,
)
_UNITS = re.compile(r"(?<![\d.,])(?P<n>\d{2,3})\s(?:SMs?|streaming multiprocessors|compute units|CUs)\b")
_EACH = re.compile(
    r"(?<![\d.,])(?P<n>\d{2,3})(?:\s(?:(?:CUDA|FP32|shader)[ -])?(?:cores|shaders|stream processors))?\s"
    r"(?:each|apiece|(?:per|in (?:an?|each|every)|for each) (?:SM|CU|multiprocessor|compute unit))\b",
    re.IGNORECASE,
)
#: What makes it more than one of the parts, or a part of them.
_ELSE = re.compile(
    r"\b(?:tensor|RT|FP64|full|disabled|of (?:the|its) \d|was|were|predecessor|instead|than|two|"
    r"both|effective)\b",
    re.IGNORECASE,
)
#: Bits of a byte; what rounding makes of a product; what is too far to be of the same thing.
_BYTE, _ROUNDED, _UNLIKE = 8.0, 0.02, 3.0


def find(context: Context) -> Iterator[Finding]:
    """Every bandwidth and number of cores that is told with what makes it, with its verdict."""
    for _, passage in context.document.running():
        for sentence in sentences(passage.text):
            yield from _of_parts(passage, sentence, (_PIN, _BUS, _RATE), 1 / _BYTE, context)
            yield from _of_parts(passage, sentence, (_UNITS, _EACH, _CORES), 1.0, context)


def _of_parts(
    passage: Passage, sentence: Sentence, parts: tuple[re.Pattern[str], ...], scale: float, context: Context
) -> Iterator[Finding]:
    """The third of three amounts that a sentence tells once each, held against the product of the others."""
    found = [[*each.finditer(passage.text, sentence.start, sentence.end)] for each in parts]
    if any(len(each) != 1 for each in found):
        return
    places = [place for each in found for place in each[0].span()]
    if _ELSE.search(passage.text, min(places), max(places)):
        return
    (one, other, told), of_cores = (each[0] for each in found), scale == 1.0
    a, b, value = (float(each["n"].replace(",", "")) for each in (one, other, told))
    real = a * b * scale
    if not 1 / _UNLIKE < value / real < _UNLIKE:
        return
    if _is_accused(passage, found, context):
        # One of the three is wrong already.
        return
    right = abs(value / real - 1) <= (0.0 if of_cores else _ROUNDED)
    because = f"{one[0]} and {other[0]} make {real:,.10g}{'' if of_cores else ' GB/s'}"
    # Of cores, units and cores of each any may be the wrong one: the last that is told is said to follow.
    wrong = max(one, other, told, key=lambda each: each.start()) if of_cores else told
    yield made(
        context, passage, wrong.span("n"), "arithmetic", "confirmed" if right else "inconsistent",
        attribute="product", because=because, evidence=(Evidence(because),),
        expected="" if right or wrong is not told else f"{real:,.10g}",
    )  # fmt: skip


def _is_accused(passage: Passage, found: Sequence[Sequence[re.Match[str]]], context: Context) -> bool:
    """Whether one of some amounts was found wrong by itself."""
    places = [passage.span(*each[0].span("n")) for each in found]
    earlier: Sequence[Finding] = context.memo.get("found", ())
    return any(one.accuses and one.start < b and a < one.end for one in earlier for a, b in places)
