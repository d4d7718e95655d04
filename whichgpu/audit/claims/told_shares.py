"""Shares of a whole that is told in its parts: "Training: 8,640 h (50 %)", "April made up 40 % of the total".

In a list or a table of parts with the share of each, one alone that is off; in a sentence, the share of one
of the things of a series in all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.store import named, store
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import Sentence, sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity

_OF_ALL = re.compile(
    r"(?<![\d.,])(?P<n>\d{1,2}(?:\.\d)?)\s?(?:%|per ?cent)\s+of\s+(?:the|our|my|"
    r"that)\s+(?:total|whole|sum|overall)\b",
    re.IGNORECASE,
)
_NO = re.compile(
    r"\b(?:if|would|could|about|nearly|almost|over|under|more|less|together|and)\b", re.IGNORECASE
)
_POINTS, _OFF, _LEAST = 0.008, 0.02, 3


def find(context: Context) -> Iterator[Finding]:
    """Every such share that is wrong."""
    yield from _of_lists(context)
    yield from _of_sentences(context)


def _of_lists(context: Context) -> Iterator[Finding]:
    items: list[Passage] = []
    for each in (*context.document.passages, None):
        if each is not None and each.kind == "item":
            items.append(each)
            continue
        if len(items) >= _LEAST:
            yield from _of_parts(items, context)
        items = []


def _of_parts(items: Sequence[Passage], context: Context) -> Iterator[Finding]:
    told = [[one for one in quantities(item.text, context.fraction) if one.value > 0] for item in items]
    shares = [[one for one in each if one.dimension == "percent"] for each in told]
    if any(len(each) != 1 for each in shares):
        return
    for kind in ("time", "money", "power", "energy", "memory"):
        amounts = [[one for one in each if one.dimension == kind] for each in told]
        if any(len(each) != 1 for each in amounts):
            continue
        whole = sum(each[0].value for each in amounts)
        off = [
            abs(each[0].value / whole - share[0].value) for each, share in zip(amounts, shares, strict=True)
        ]
        wrong = [at for at, each in enumerate(off) if each > _POINTS]
        if len(wrong) == 1 and off[wrong[0]] > _OFF:
            at = wrong[0]
            real = amounts[at][0].value / whole
            yield _finding(
                items[at], shares[at][0], f"it is {real:.0%} of all, as the shares of the others are", context
            )
            return


def _of_sentences(context: Context) -> Iterator[Finding]:
    told = [each for each in store(context) if not each.derived and len(each.amounts) >= _LEAST]
    for index, passage in context.document.running() if told else ():
        for sentence in sentences(passage.text):
            match = _OF_ALL.search(passage.text, sentence.start, sentence.end)
            if match is None or _NO.search(passage.text, sentence.start, match.end()):
                continue
            one = next(
                (each for each in quantities(passage.text, context.fraction) if each.start == match.start()),
                None,
            )
            real = []
            for series in told:
                before = Sentence(sentence.start, match.start(), passage.text[sentence.start : match.start()])
                mine = named(index, passage, before, series, context)
                if len(mine) == 1:
                    real.append(mine[0].amount.value / sum(each.value for each in series.amounts))
            if one and real and all(abs(each - one.value) > _OFF for each in real):
                yield _finding(passage, one, f"of what the document told of all it is {real[0]:.0%}", context)


def _finding(passage: Passage, one: Quantity, because: str, context: Context) -> Finding:
    return made(
        context, passage, (one.start, one.end), "arithmetic", "inconsistent", attribute="share",
        because=because, evidence=(Evidence(because),),
    )  # fmt: skip
