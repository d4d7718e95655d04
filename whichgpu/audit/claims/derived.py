"""Ratios of two values just stated: "989 vs 312 TFLOPS = 2.7x", "65 TFLOPS, a third of the V100's 125"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import LIMITS, SPELLED, quantities
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence

_SHARES = {
    "half": 1 / 2, "a half": 1 / 2, "a third": 1 / 3, "one third": 1 / 3, "two thirds": 2 / 3,
    "a quarter": 1 / 4, "one quarter": 1 / 4, "a fourth": 1 / 4, "three quarters": 3 / 4, "a fifth": 1 / 5,
    "one fifth": 1 / 5, "a sixth": 1 / 6, "an eighth": 1 / 8, "a tenth": 1 / 10, "twice": 2.0,
    "double": 2.0, "triple": 3.0,
    **{f"{word} times": float(number) for word, number in SPELLED.items()},
}  # fmt: skip
_TIMES = (
    rf"(?:(?P<limit>{'|'.join(LIMITS)}|a little over|a bit over|slightly (?:more|less) than)\s+)?(?:a "
    rf"factor of\s+)?"
    rf"(?:(?P<word>{'|'.join(sorted(_SHARES, key=len, reverse=True)).replace(' ', '[ -]')})\b"
    r"|~?(?P<n>\d{1,3}(?:\.\d{1,2})?)\s?(?:[xX\u00d7](?![\w\d])|times\b|(?P<percent>%)))"
)
#: What says that a ratio is worked out from what was just stated.
_SO = re.compile(
    rf"(?:\b(?:that|which|this|it)(?:\s+is|[\u2019']s|\s+makes|\s+gives|\s+means)\s+|\bi\.e\.,?\s+|=\s*|"
    rf"\ba (?:ratio|factor|speed-?up|gap|difference) of\s+){_TIMES}",
    re.IGNORECASE,
)
#: A ratio between its two values: "121 TFLOPS, nearly twice the T4's 65".
_BETWEEN = re.compile(
    rf"[,(\u2013\u2014-]\s*(?:i\.e\.,?\s+|or\s+|only\s+|just\s+)?{_TIMES}\s+(?:of\s+)?(?:the|that|what|as)\b",
    re.I,
)
#: "They're 3.3x cheaper": of the only two prices by the hour before it.
_CHEAPER = re.compile(rf"\b{_TIMES}\s+(?:cheaper|less expensive|more expensive|pricier)\b", re.IGNORECASE)
_HOURLY = re.compile(r"\s?(?:USD\s?)?(?:/|per |an )\s?(?:gpu[- ])?h(?:ou)?r?\b", re.IGNORECASE)
#: Values with a unit that can be set against each other, and how far before a ratio the first one can stand.
_DIMENSIONS = (
    "flop rate",
    "op rate",
    "bandwidth",
    "memory",
    "power",
    "rate",
    "frequency",
    "time",
    "money",
    "area",
)
_REACH = 160
#: Of what else "that is half" may be said: a need and a size, a price and another.
_RATES = ("flop rate", "op rate", "bandwidth", "rate")
#: What may follow a ratio of two values that says no more of what it is: anything else may be of other
#: values.
_ENDS = re.compile(
    r"\s*(?:$|[.,;:)]|(?:of\s+)?(?:the\s+)?(?:speed|throughput|rate)\b|(?:as\s+)?(?:fast|quick)\b|faster\b|"
    r"(?:the|that|what|as)\s)",
    re.IGNORECASE,
)
_NAMES = re.compile(
    r"\s+(?:of\s+)?(?:the|as|more)\s+(?!speed|throughput|rate|same|fast|quick)[\w-]+", re.IGNORECASE
)
#: Of two numbers the second alone may have the unit: "989 vs 312 TFLOPS".
_VERSUS = re.compile(r"(?P<a>\d[\d,.]*)\s*(?:vs\.?|versus|against|to|over|/)\s*$", re.IGNORECASE)
#: The other value in brackets behind what it is of: "what the A100's NVLink managed (600 GB/s)".
_IN_BRACKETS, _CLOSE = re.compile(r"[^.;()]{3,80}\("), 40
#: How far the ratio may be from what the values give: a word is rounder than a number.
_NUMBER, _WORD, _LIMITED = 0.08, 0.14, 0.22


class _Told(NamedTuple):
    """A ratio: its place, its value, and how far it may be off as a share."""

    start: int
    end: int
    times: float
    slack: float


def find(context: Context) -> Iterator[Finding]:
    """Every ratio that two values before or around it give, with its verdict."""
    for passage in context.document.passages:
        if passage.kind not in ("paragraph", "item", "caption"):
            continue
        every = [each for each in quantities(passage.text, context.fraction) if each.high == each.value > 0]
        valued = [each for each in every if each.dimension in _DIMENSIONS]
        for sentence in sentences(passage.text) if valued else ():
            yield from _of_sentence(passage, sentence, every, context)


def _of_sentence(
    passage: Passage, sentence: Sentence, every: Sequence[Quantity], context: Context
) -> Iterator[Finding]:
    text = passage.text
    for match in _SO.finditer(text, sentence.start, sentence.end):
        values = _two_before(text, every, match.start())
        if values and values[1].dimension not in _RATES and "=" not in match[0]:
            continue
        if values and _ENDS.match(text, match.end()) and not _NAMES.match(text, match.end()):
            yield _judged(passage, _told(match), values, context)
    for match in _CHEAPER.finditer(text, sentence.start, sentence.end):
        hourly = [each for each in every if each.end <= match.start() and _HOURLY.match(text, each.end)]
        prices = [each for each in hourly if each.dimension == "money"]
        if not match["percent"] and len(prices) == 2 and prices[0].unit == prices[1].unit:
            yield _judged(passage, _told(match), (prices[0], prices[1]), context)
    for match in _BETWEEN.finditer(text, sentence.start, sentence.end):
        told = _told(match)
        values = _around(text, every, told, sentence)
        if values:
            yield _judged(passage, told, values, context)


def _told(match: re.Match[str]) -> _Told:
    word = match["word"]
    times = _SHARES[re.sub(r"[ -]", " ", word.lower())] if word else float(match["n"])
    times = times / 100 if match["percent"] else times
    slack = _LIMITED if match["limit"] else _WORD if word else _NUMBER
    start = match.start("word") if word else match.start("n")
    end = match.end("word") if word else match.end()
    return _Told(start, match.end() if not word else end, times, slack)


def _two_before(text: str, every: Sequence[Quantity], at: int) -> tuple[Quantity, Quantity] | None:
    """The last two values before a place, of one dimension and with none of it between."""
    before = [each for each in every if each.end <= at and at - each.end < _REACH]
    last = before[-1] if before and before[-1].dimension in _DIMENSIONS else None
    if last is None:
        return None
    bare = _VERSUS.search(text, max(0, last.start - 24), last.start)
    if bare:
        scale = last.value / float(
            re.sub(r"[^\d.]", "", text[last.start : last.end].split(maxsplit=1)[0]).strip(".") or 1
        )
        first = last._replace(start=bare.start("a"), end=bare.end("a"),
                              value=float(bare["a"].replace(",", "").strip(".")) * scale)  # fmt: skip
        return (first, last) if first.value > 0 and text[last.start].isdigit() else None
    same = [each for each in before[:-1] if each.dimension == last.dimension]
    return (same[-1], last) if len(same) == 1 and same[-1].unit == last.unit else None


def _around(
    text: str, every: Sequence[Quantity], told: _Told, sentence: Sentence
) -> tuple[Quantity, Quantity] | None:
    """The value just before a ratio and the one after it that belongs to the other device: "the T4's 65"."""
    before = [each for each in within(every, sentence.start, told.start) if told.start - each.end < 40]
    after = within(every, told.end, sentence.end)
    if not before or before[-1].dimension not in _DIMENSIONS or not after:
        return None
    first, last = before[-1], after[0]
    gap = text[told.end : last.start]
    if first.dimension == last.dimension and first.unit == last.unit and _IN_BRACKETS.fullmatch(gap):
        return first, last
    if len(gap) > _CLOSE:
        return None
    owned = re.search(r"[\u2019']s?\s+$", gap)
    if last.dimension == "number" and owned:
        scale = first.value / float(
            re.sub(r"[^\d.]", "", text[first.start : first.end].split(maxsplit=1)[0]).strip(".") or 1
        )
        return first, last._replace(value=last.value * scale, dimension=first.dimension)
    return (first, last) if owned and last.dimension == first.dimension else None


def _judged(passage: Passage, told: _Told, values: tuple[Quantity, Quantity], context: Context) -> Finding:
    """Inconsistent where neither value is near so many times the other."""
    a, b = values
    ratios = (a.value / b.value, b.value / a.value)
    right = any(abs(told.times / each - 1) <= told.slack for each in ratios)
    nearest = min(ratios, key=lambda each: abs(each - told.times))
    shown = [passage.text[each.start : each.end] for each in values]
    because = f"{shown[0]} and {shown[1]}: {nearest:.3g} times"
    return made(
        context, passage, (told.start, told.end), "ratio", "confirmed" if right else "inconsistent",
        attribute="stated values", because=because, expected="" if right else f"{nearest:.2g}x",
        evidence=(Evidence(because),),
    )  # fmt: skip
