"""What share one amount is of one that bounds it: "a ceiling of 63 tokens/s, we got 54, or 86 percent"."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence

#: Between the second amount and the share.
_IS = re.compile(
    r"[^\d.;:]{0,24}?\s*[,(\u2013\u2014]\s*(?:or|i\.e\.,?|that is|(?:which|that) is|so|thus)?\s*"
    r"(?:about |around |roughly |only |just |some |nearly |a good )*",
    re.IGNORECASE,
)
#: Words by which one amount is the whole, and the other what there is of it.
_WHOLE = re.compile(
    r"\b(?:out of|at most|no more than|ceiling|limit|peak|maximum|theoretical\w*|upper bound|could|capacity|"
    r"available|allows?|rated|possible|\d of (?:the )?\d)\b",
    re.IGNORECASE,
)
#: Behind the share: it is of how two differ, or of something else.
_ELSE = re.compile(
    r"\s*(?:more|less|faster|slower|higher|lower|cheaper|dearer|better|above|below|over|under|off|up|down|"
    r"saving|discount|of the (?:time|cost|price|day|year|month))\b",
    re.IGNORECASE,
)
_BARE = ("number", "count")
#: Behind a price, what it is of: "at $0.11 per kWh that is $773, 7 % of the rent" tells no part of it.
_EACH = re.compile(r"\s*(?:/|per\b|an?\b|each\b)", re.IGNORECASE)
#: Points of a percentage that rounding makes, and shares that others of the sentence may be.
_POINTS, _NEAR = 2.5, 1.5


def find(context: Context) -> Iterator[Finding]:
    """Every such share with its verdict, from the two amounts right before it."""
    for _, passage in context.document.running():
        if "percent" in passage.text or "%" in passage.text:
            every = [
                each for each in quantities(passage.text, context.fraction) if each.high == each.value > 0
            ]
            for sentence in sentences(passage.text):
                yield from _of_sentence(passage, sentence, every, context)


def _of_sentence(
    passage: Passage, sentence: Sentence, every: Sequence[Quantity], context: Context
) -> Iterator[Finding]:
    here = within(every, sentence.start, sentence.end)
    for one, other, share in zip(here, here[1:], here[2:], strict=False):
        text = passage.text
        like = one.dimension == other.dimension or other.dimension in _BARE or one.dimension in _BARE
        if (
            share.dimension == "percent"
            and share.limit in ("", "about")
            and like
            and "percent" not in (one.dimension, other.dimension)
            and _WHOLE.search(text, sentence.start, share.start)
            and _IS.fullmatch(text, other.end, share.start)
            and not _ELSE.match(text, share.end)
            and not (one.dimension == other.dimension == "money" and _EACH.match(text, one.end))
        ):
            yield from _judged(passage, (one, other, share), _around(sentence, every), context)


def _around(sentence: Sentence, every: Sequence[Quantity]) -> list[float]:
    """The numbers of a sentence, of which a share may be told instead."""
    return [each.value for each in within(every, sentence.start, sentence.end) if each.dimension != "percent"]


def _judged(
    passage: Passage, told: tuple[Quantity, Quantity, Quantity], near: Sequence[float], context: Context
) -> Iterator[Finding]:
    """Confirmed where the smaller is this share of the larger, wrong where no two numbers near by give it."""
    one, other, share = told
    bare = {each.dimension in _BARE for each in (one, other)}
    words = [passage.text[each.start : each.end].strip() for each in (one, other)]
    numbers = [_number(each) if len(bare) > 1 else value for each, value in
               zip(words, (one.value, other.value), strict=True)]  # fmt: skip
    if not all(numbers):
        return
    real = 100 * min(numbers) / max(numbers)
    said = 100 * share.value
    right = min(abs(said - real), abs(said - (100 - real))) <= _POINTS
    pairs = (100 * min(a, b) / max(a, b) for a, b in combinations(near, 2))
    if not right and any(abs(said - each) <= _NEAR for each in pairs):
        return
    because = f"{words[0]} and {words[1]}: the one is {real:.3g} % of the other"
    yield made(
        context, passage, (share.start, share.end), "arithmetic", "confirmed" if right else "inconsistent",
        attribute="share", because=because, expected="" if right else f"{real:.0f} %",
        evidence=(Evidence(because),),
    )  # fmt: skip


def _number(words: str) -> float:
    """The number that an amount is written with, whatever its unit."""
    number = re.search(r"\d[\d,]*(?:\.\d+)?", words)
    return float(number[0].replace(",", "")) if number else 0.0
