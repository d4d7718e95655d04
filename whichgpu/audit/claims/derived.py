"""Ratios of two values just stated: "989 vs 312 TFLOPS = 2.7x", "65 TFLOPS, a third of the V100's 125"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.beside import in_round, of_quotients
from whichgpu.audit.binding import united
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import LIMITS, SPELLED, quantities
from whichgpu.audit.sentences import sentences, within
from whichgpu.values import NamedTuple

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
    r"|(?<=factor of )~?(?P<plain>\d{1,3}(?:\.\d{1,2})?)(?![\d.]*\d|\s?[xX%])"
    r"|~?(?P<n>\d{1,3}(?:\.\d{1,2})?)\s?(?P<unit>[xX\u00d7](?![\w\d])|times\b|(?P<percent>%)))"
)
#: A ratio between its two values: "121 TFLOPS, nearly twice the T4's 65".
_BETWEEN = re.compile(
    rf"[,(\u2013\u2014-]\s*(?:i\.e\.,?\s+|or\s+|only\s+|just\s+)?{_TIMES}\s+(?:of\s+)?(?:the|that|what|as)\b",
    re.I,
)
#: Values with a unit that can be set against each other, and how far before a ratio the first one can stand.
_DIMENSIONS = (
    "count",
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
#: The other value in brackets behind what it is of: "what the A100's NVLink managed (600 GB/s)".
_IN_BRACKETS, _CLOSE = re.compile(r"[^.;()]{3,80}\("), 40
#: Between which shares of what is told the real ratio may be: a word is rounder than a number.
_ALLOWED = {
    "": (0.92, 1.08), "word": (0.86, 1.14), "about": (0.85, 1.17), "nearly": (0.82, 1.06),
    "over": (0.97, 1.35),
    "under": (0.65, 1.03), "up to": (0.0, 1e9),
}  # fmt: skip


_IN_ORDER = re.compile(
    r"\b(?:(?P<more>more|higher|greater|larger|bigger|wider|faster)|(?P<less>less|lower|fewer|smaller|narrower|slower))\b"
    r"[^.;()\d]{0,60}\(\s*(?P<a>\d[\d,.]*)\s?(?P<unit>[A-Za-z/]{1,7}\s)?\s*(?:vs\.?|versus|against|"
    r"compared (?:to|with))\s+"
    r"(?P<b>\d[\d,.]*)\s?(?P<unit2>[A-Za-z/]{1,7})?\s*\)",
    re.IGNORECASE,
)
_MORE_THAN = re.compile(
    r"\s+(?:(?P<more>more|higher|above|over|extra|pricier|more expensive)|(?P<less>less|lower|below|"
    r"under|cheaper|short of|fewer))\b",
    re.IGNORECASE,
)
_TO_OTHER = re.compile(
    r"(?:\s+expensive)?\s+(?:than\s+)?(?:the\s+|an?\s+|its\s+|that of\s+)?[\w .-]{0,30}(?:[\u2019']s?\s+|"
    r"\s+at\s+|\s*\()\s*",
    re.IGNORECASE,
)
_THEN = re.compile(
    r"(?:\s+[\w-]+){0,3}\s*[,(\u2013\u2014-]\s*(?:(?:which|that) is\s+|or\s+|a\s+|about\s+|around\s+|"
    r"only\s+|just\s+|a full\s+)*",
    re.IGNORECASE,
)


_HIGHER_AT = re.compile(r"\s+(?:at|with|to)\s+", re.IGNORECASE)


class _Told(NamedTuple):
    """A ratio: its place, its value, and between which shares of it the real one may be."""

    start: int
    end: int
    times: float
    least: float
    most: float


#: "Half as much again" is one and a half times as much.
_AGAIN = re.compile(r"\s*as \w+\b[^.;,]{0,24}\bagain\b", re.IGNORECASE)


def find(context: Context) -> Iterator[Finding]:
    """Every ratio that two values before or around it give, with its verdict."""
    for index, passage in context.document.running():
        here = context.mentions.get(index, ())
        told = united(passage.text, quantities(passage.text, context.fraction), here)
        every = [each for each in told if each.high == each.value > 0]
        valued = [each for each in every if each.dimension in _DIMENSIONS]
        for sentence in sentences(passage.text) if valued else ():
            yield from _of_sentence(passage, sentence, every, context)


def _of_sentence(
    passage: Passage, sentence: Sentence, every: Sequence[Quantity], context: Context
) -> Iterator[Finding]:
    text = passage.text
    yield from _in_order(passage, sentence, context)
    yield from _differences(passage, sentence, every, context)
    for match in _BETWEEN.finditer(text, sentence.start, sentence.end):
        told = _told(match)
        if of_quotients(text, sentence, told.start) or _AGAIN.match(text, told.end):
            continue
        values = _around(text, every, told, sentence)
        if values:
            yield _judged(passage, told, values, context)


def _in_order(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """An ordering with its two values in brackets: "more CUDA cores (8,448 against 9,728)"."""
    for match in _IN_ORDER.finditer(passage.text, sentence.start, sentence.end):
        a, b = (float(match[name].replace(",", "").strip(".") or 0) for name in ("a", "b"))
        if not a or not b or (match["unit"] and match["unit2"] and match["unit"] != match["unit2"]):
            continue
        wrong = a < b if match["more"] else a > b
        because = f"{match['a']} is {'less' if a < b else 'more'} than {match['b']}"
        yield made(
            context, passage, (match.start(), match.end("b")), "ordering",
            "inconsistent" if wrong else "confirmed",
            attribute="stated values", because=because, evidence=(Evidence(because),),
        )  # fmt: skip


def _differences(
    passage: Passage, sentence: Sentence, every: Sequence[Quantity], context: Context
) -> Iterator[Finding]:
    """A difference between its two values: "$1,999, $400 more than the 4090's $1,599"."""
    found = [each for each in within(every, sentence.start, sentence.end) if each.dimension in _DIMENSIONS]
    for first, middle, last in zip(found, found[1:], found[2:], strict=False):
        if not (first.dimension == middle.dimension == last.dimension):
            continue
        word = _MORE_THAN.match(passage.text, middle.end, last.start)
        many = sum(each.dimension == first.dimension for each in found)
        if word and many == 3 and _HIGHER_AT.fullmatch(passage.text, word.end(), last.start):
            yield _difference(passage, (first, middle, last), bool(word["more"]), context)
            continue
        if (
            word is None
            or not _TO_OTHER.fullmatch(passage.text, word.end(), last.start)
            or middle.value >= first.value + last.value
        ):
            continue
        if not _THEN.fullmatch(passage.text, first.end, middle.start):
            continue
        yield _difference(passage, (last, middle, first), bool(word["more"]), context)


def _difference(
    passage: Passage, values: tuple[Quantity, Quantity, Quantity], more: bool, context: Context
) -> Finding:
    """Whether the last value is so much (the middle one) more, or less, than the first."""
    first, middle, last = values
    real = last.value - first.value if more else first.value - last.value
    right = abs(real - middle.value) <= max(0.06 * middle.value, 0.01 * max(first.value, last.value))
    shown = [passage.text[each.start : each.end] for each in (first, last)]
    words = passage.text[middle.start : middle.end]
    because = f"{shown[0]} and {shown[1]} differ by {real / middle.value:.3g} times {words}"
    return made(
        context, passage, (middle.start, middle.end), "arithmetic", "confirmed" if right else "inconsistent",
        attribute="difference", because=because, evidence=(Evidence(because),),
    )  # fmt: skip


def _told(match: re.Match[str]) -> _Told:
    group = next(each for each in ("word", "plain", "n") if match[each])
    word = match["word"]
    times = _SHARES[re.sub(r"[ -]", " ", word.lower())] if word else float(match[group])
    times = times / 100 if match["percent"] else times
    limit = LIMITS.get((match["limit"] or "").lower(), "about" if match["limit"] else "word" if word else "")
    end = match.end(group) if group != "n" else match.end("unit")
    return _Told(match.start(group), end, times, *_ALLOWED[limit])


def _around(
    text: str, every: Sequence[Quantity], told: _Told, sentence: Sentence
) -> tuple[Quantity, Quantity] | None:
    """The value just before a ratio and the one after it that belongs to the other device: "the T4's 65"."""
    # "150 W (plus 25 W of boost), a third of the card's 450": not of the aside.
    aside = in_round(text, told.start)
    before = [
        each
        for each in within(every, sentence.start, told.start)
        if told.start - each.end < 40 and (aside or not in_round(text, each.start))
    ]
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
    right = any(told.least <= each / told.times <= told.most for each in ratios)
    nearest = min(ratios, key=lambda each: abs(each - told.times))
    shown = [passage.text[each.start : each.end] for each in values]
    because = f"{shown[0]} and {shown[1]}: {nearest:.3g} times"
    return made(
        context, passage, (told.start, told.end), "ratio", "confirmed" if right else "inconsistent",
        attribute="stated values", because=because, expected="" if right else f"{nearest:.2g}x",
        evidence=(Evidence(because),),
    )  # fmt: skip
