"""So many GPUs for a load: "each makes 205,714 images a day. For a million a day we need four".

The load and what one of them does may be told in the same sentence or before; a number is only held against
them where the load is plainly one (what "has to" be made) and what one does is plainly that of one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_indicative
from whichgpu.audit.excluded.scope import inconsistent
from whichgpu.audit.text.dimensions import AXES, LENGTHS
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.text.terms import terms
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.dimensions import Term
    from whichgpu.audit.text.sentences import Sentence

#: What says before an amount that so much has to be done.
_LOAD = re.compile(
    r"\b(?:needs?|must|ha(?:s|ve) to|wants?|target(?:s|ed)?|goal|requires?|demand|load|traffic|"
    r"to (?:serve|generate|handle|make|sustain|process|answer|reach|produce|do|get)|for)\b[^.;:\d]{0,60}$",
    re.IGNORECASE,
)
#: What says before an amount that one of several does so much.
_OF_ONE = re.compile(
    r"\b(?:each|every|one|single|it|per (?:gpu|card|instance|replica|node)|makes?|handles?|produces?|does|"
    r"serves?|delivers?|generates?|gives?|sustains?|that[\u2019']s|which is|or)\b[^.;:]{0,60}$",
    re.IGNORECASE,
)
_DEVICES = re.compile(
    r"\s*(?:[x\u00d7]\s|of (?:them|these|those)\b|(?:gpus?|cards?|instances?|replicas?|accelerators?)\b)",
    re.IGNORECASE,
)
#: Before a number that is needed.
_NEEDED = re.compile(
    r"(?:\b(?:needs?|needed|requires?|takes?|buy|rent|deploy|run|makes|that[\u2019']s|that is|which is|"
    r"means|and)|[:=]|\()\s*(?:about |at least |just |only |exactly |some |roughly )?$",
    re.IGNORECASE,
)
#: What makes it more than the load asks for, or a load of another kind.
_OTHERWISE = re.compile(
    r"\b(?:headroom|redundan\w+|spares?|peaks?|utili[sz]\w+|buffer|margin|failover|busy|percent|%|already|"
    r"if|not|instead|another|more|extra|half|batch\w*|hours? (?:a|per) day)\b|%|n[\u2019']t\b",
    re.IGNORECASE,
)
#: Sentences back to what one does; how far a load may be off, and how far a number may be above it.
_BACK, _NEAR, _ABOVE = 1, 0.02, 1.3


class _Rate(NamedTuple):
    """So much by the time: of what, how much in an hour at least and at most, and where it stands."""

    of: str
    least: float
    most: float
    term: Term


def fleets(context: Context) -> Iterator[Finding]:
    """Every number of GPUs that is too small for the load that it is told for, or far too large."""
    load: _Rate | None = None
    for index, passage in context.document.running():
        names = tuple((each.start, each.end) for each in context.mentions.get(index, ()))
        told = terms(passage.text, context.fraction, names)
        rates = [rate for each in told if (rate := _rate(each)) is not None]
        loads = [each for each in rates if each.of and _is_load(passage, each)]
        every = sentences(passage.text)
        for at, sentence in enumerate(every):
            load = next(iter(reversed(_inside(loads, sentence))), load)
            if load is not None and not _OTHERWISE.search(sentence.text) and is_indicative(sentence.text):
                start = every[max(0, at - _BACK)].start
                own = [each for each in rates if each not in loads and start <= each.term.start]
                yield from _judged(passage, sentence, told, (load, own, names), context)


def _inside(rates: Sequence[_Rate], sentence: Sentence) -> list[_Rate]:
    """The rates of a sentence."""
    return [each for each in rates if sentence.start <= each.term.start < sentence.end]


def _rate(term: Term) -> _Rate | None:
    """An amount of pieces or tokens by the time, or of what was spoken of before."""
    of = term.of
    periods = [axis for axis in LENGTHS if term.dims[AXES.index(axis)] == -1]
    if of not in ("", "piece", "token") or len(periods) != 1 or sum(map(abs, term.dims)) != 1 + bool(of):
        return None
    least, most = LENGTHS[periods[0]]
    return _Rate(of, term.value / most, term.value / least, term)


def _is_load(passage: Passage, rate: _Rate) -> bool:
    start = max((each.start for each in sentences(passage.text) if each.start <= rate.term.start), default=0)
    return _LOAD.search(passage.text, start, rate.term.start) is not None


def _judged(
    passage: Passage, sentence: Sentence, told: Sequence[Term],
    given: tuple[_Rate, Sequence[_Rate], Sequence[tuple[int, int]]], context: Context,
) -> Iterator[Finding]:  # fmt: skip
    load, rates, names = given
    text = passage.text
    for count in within(told, sentence.start, sentence.end):
        named = any(0 <= start - count.end <= 1 for start, _ in names)
        if not (count.counted and (named or _DEVICES.match(text, count.end))):
            continue
        if not _NEEDED.search(text, sentence.start, count.start):
            continue
        does = [each for each in rates if each.term.end <= count.start and each.of in ("", load.of)]
        plain = does and _OF_ONE.search(text, max(0, does[-1].term.start - 80), does[-1].term.start)
        if plain and does[-1].most < load.least:
            yield from _held(passage, count, load, does[-1], context)


def _held(passage: Passage, count: Term, load: _Rate, one: _Rate, context: Context) -> Iterator[Finding]:
    fewest = math.ceil(load.least / one.most * (1 - _NEAR))
    most = math.ceil(load.most / one.least)
    if fewest <= count.value <= max(most + 1, _ABOVE * most) or not 0.4 < count.value / fewest < 3:
        return
    because = f"{load.term.words} at {one.term.words} of each take {fewest:,}"
    yield inconsistent(passage, (count.start, count.end), because, context, expected=f"{fewest:,}")
