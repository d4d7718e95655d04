"""Ratios that something else which the document told, or that is on file, bears out.

"Look at the bandwidth first: the 3090 is three times as fast" is of the bandwidth, whatever was measured.
A ratio whose words name no work ("images", "tokens") may be in anything that was spoken of just before.
"""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

from whichgpu.audit.findings import withheld
from whichgpu.audit.known.orders import works
from whichgpu.audit.known.said import claims, is_near
from whichgpu.audit.known.store import of_catalogue, store, told_of
from whichgpu.audit.quantities import quantities
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.said import Claim
    from whichgpu.audit.sentences import Sentence

#: What devices differ by besides the work that they do.
_OTHER = frozenset({"memory", "bandwidth", "cores", "peak", "power", "price", "value", "efficiency", "part"})
_BEFORE, _NEAR, _BEHIND = 2, 240, 32


def without_borne_out(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings without the accusations of ratios that something else bears out."""
    return [
        withheld(each, "something else that the two differ by makes it so")
        if each.accuses and each.kind == "ratio" and each.verdict == "inconsistent" and _is_so(each, context)
        else each
        for each in found
    ]


def _is_so(found: Finding, context: Context) -> bool:
    for index, passage in context.document.running():
        if passage.start <= found.start < passage.end:
            for sentence in sentences(passage.text):
                for claim in claims(passage.text, sentence, context.fraction):
                    if passage.span(claim.start, claim.end)[0] == found.start:
                        return _bears_out(index, passage, sentence, claim, context)
    return False


def _bears_out(index: int, passage: Passage, sentence: Sentence, claim: Claim, context: Context) -> bool:
    if works(passage.text[claim.end : sentence.end]) or _tells_both(index, passage, sentence, context):
        return False
    behind = passage.text[claim.end : min(claim.end + _BEHIND, sentence.end)]
    if any(told_of(key, behind) for key in _OTHER):
        # "2.66 times the memory bandwidth": of that.
        return False
    ids = _meant(index, passage, sentence, context)
    near = passage.text[max(0, claim.start - _NEAR) : sentence.end]
    spoken_of = {key for key in _OTHER if told_of(key, near)}
    ratios = _ratios(ids, spoken_of, context) if spoken_of else ()
    return any(is_near(way, ratio) for ratio in ratios for way in claim.ways)


def _tells_both(index: int, passage: Passage, sentence: Sentence, context: Context) -> bool:
    """Whether a sentence states two amounts itself, which its ratio is then of: "(13.4 vs 35.6 TFLOPS)"."""
    named = context.mentions.get(index, ())
    told = [
        each
        for each in within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
        if each.dimension not in ("percent", "times", "count")
        and not any(one.start <= each.start < one.end for one in named)
    ]
    return len(told) > 1


def _meant(index: int, passage: Passage, sentence: Sentence, context: Context) -> frozenset[str]:
    """The devices of a sentence, of those right before it, and what it goes on about."""
    before = [each for each in sentences(passage.text) if each.end <= sentence.start][-_BEFORE:]
    start = before[0].start if before else sentence.start
    here = within(context.mentions.get(index, ()), start, sentence.end)
    topic = spoken(index, passage, sentence, context).topic
    return frozenset(key for each in (*here, *topic) for key in each.ids)


def _ratios(ids: frozenset[str], measures: set[str], context: Context) -> Iterator[float]:
    for series in (*store(context), *of_catalogue(context)):
        if series.measure in measures:
            own = [each for each in series.amounts if each.ids & ids]
            for one, other in permutations(own[:8], 2):
                yield one.value / other.high
