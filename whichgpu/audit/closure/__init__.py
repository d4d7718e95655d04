"""Dimensional closure: amounts of which one is said to follow from the others, by their dimensions alone.

How a sentence leads from its amounts to a result is not read word by word. All of its amounts are read with
what they are of and per; where they multiply to the kind of one that is told as a result, all of them being
used, that is the natural reading. The result is wrong where neither that nor any other combination of what
stands around it comes to it, whatever is left out, rounded, or of another period (`readings.py`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.closure.amounts import amounts, powers
from whichgpu.audit.closure.judging import judged
from whichgpu.audit.closure.on_file import on_file
from whichgpu.audit.closure.window import Window
from whichgpu.audit.text.gloss import language_read
from whichgpu.audit.text.sentences import has_digit, sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.closure.amounts import Amount
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

#: Amounts of a passage that are read; one with more is a list of figures. Sentences that a window goes back,
#: and that what may explain a result does.
_MOST, _BACK, _POOL = 60, 2, 4


def closed(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings with the results of running text that do not close, where nothing was found before."""
    if language_read(context):
        return list(found)
    settled = sorted((each.start, each.end) for each in found if each.accuses)
    more = [
        each
        for each in _closed(context)
        if not any(start < each.end and each.start < end for start, end in settled)
    ]
    taken = {(each.start, each.end) for each in more}
    return [each for each in found if (each.start, each.end) not in taken] + more


def _closed(context: Context) -> Iterator[Finding]:
    for index, passage in context.document.running():
        if not has_digit(passage.text):
            continue
        names = tuple((each.start, each.end) for each in context.mentions.get(index, ()))
        every = _told_once(passage.text, amounts(passage.text, context.fraction, names))
        if 0 < len(every) <= _MOST:
            yield from _of_passage(passage, every, context)


#: "A year of 8,760 hours", "in a month (720 hours)": one time, told in two units.
_THAT_IS = re.compile(
    r"\s+of\s+(?:about\s+|roughly\s+)?|,?\s*\((?:i\.e\.\s|that is\s|about\s)?|,?\s+(?:i\.e\.|or)\s+",
    re.IGNORECASE,
)
_A_PERIOD = re.compile(r"(?:a|an|one|the|per)\s|\d", re.IGNORECASE)


def _told_once(text: str, every: Sequence[Amount]) -> list[Amount]:
    """Amounts without a period that is told again, exactly, right behind it."""
    again = {
        one.start
        for one, other in pairwise(every)
        if one.dims == other.dims == powers(second=1)
        and _THAT_IS.fullmatch(text, one.end, other.start)
        and abs(other.middle / one.middle - 1) < _SAME_PERIOD
    }
    return [one for one in every if one.start not in again]


#: Months and years are told of so many days or hours.
_SAME_PERIOD = 0.04


def _of_passage(passage: Passage, every: Sequence[Amount], context: Context) -> Iterator[Finding]:
    told = sentences(passage.text)
    for at, sentence in enumerate(told):
        if "?" in sentence.text:
            continue
        here = [one for one in every if sentence.start <= one.start < sentence.end]
        first = told[max(0, at - _POOL)].start
        around = [one for one in every if first <= one.start < sentence.end]
        starts = [sentence.start, *(told[back].start for back in range(at - 1, max(-1, at - 1 - _BACK), -1))]
        for result in here:
            window = Window(passage, sentence, result, around, starts, context)
            if found := judged(window) or on_file(window):
                yield found
                break
