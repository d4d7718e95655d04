"""Generations or devices told one after another, in the order of time: "in the order Volta, Turing, Ampere".

Three or more names that nothing but commas and words of succession part, behind words that say that their
order is that of time. Wrong is one that came after the one that is told behind it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_indicative
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.reach.lineage import ends_of, excluded
from whichgpu.audit.text.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.reach.lineage import End

#: What says that names stand in the order of time, the oldest first or last.
_IN_ORDER = re.compile(
    r"\b(?:(?:the|this|that|their|in) (?:\w+ )?(?:order|sequence|succession)|chronolog\w+|"
    r"one after (?:another|the other)|(?:came|come|appeared|arrived|launched|released) in turn|"
    r"generations?(?: (?:are|were|so far|came|is|went|run|ran))|lineage|line of succession|family tree|"
    r"(?P<last>(?:from )?(?:the )?(?:newest|latest|youngest) (?:to|first))|"
    r"(?:from )?(?:the )?oldest (?:to|first))\b",
    re.IGNORECASE,
)
#: An order of something else.
_OF_ELSE = re.compile(
    r"\b(?:speed|fast\w*|price\w*|cost\w*|cheap\w*|memory|bandwidth|power|performance|size|alphabet\w*|"
    r"rank\w*|popular\w*|prefer\w*|not|never|reverse\w*|random|in no|slow\w*|demand|orders? of magnitude)\b|"
    r"n[\u2019']t\b|\?",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    r"s?(?:,?\s*(?:\u2192|->|>|\u2013)\s*|,\s+(?:and\s+)?(?:then\s+|finally\s+|later\s+)?|"
    r"\s+(?:and|then|to|followed by|and then|and finally)\s+)(?:the\s+)?",
    re.IGNORECASE,
)
_LEAST = 3


def one_after_another(context: Context) -> Iterator[Finding]:
    """Every such list in which one came after the next."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text):
            said = _IN_ORDER.search(sentence.text)
            if said and is_indicative(sentence.text) and not _OF_ELSE.search(sentence.text):
                ends = [one for one in ends_of(index, passage, context)
                        if sentence.start + said.end() <= one.start < sentence.end]  # fmt: skip
                yield from _judged(passage, ends, context, turned=bool(said["last"]))


def _judged(passage: Passage, ends: Sequence[End], context: Context, *, turned: bool) -> Iterator[Finding]:
    told = [
        (one, other) for one, other in pairwise(ends)
        if _BETWEEN.fullmatch(passage.text, one.end, other.start)
    ]  # fmt: skip
    if len(told) < _LEAST - 1 or len(told) != len(ends) - 1:
        return
    for one, other in told:
        because = excluded(one, other) if turned else excluded(other, one)
        if because:
            yield made(
                context, passage, (ends[0].start, ends[-1].end), "ordering", "contradicted",
                attribute="release_date", because=because, subject=other.words, evidence=(Evidence(because),),
            )  # fmt: skip
            return
