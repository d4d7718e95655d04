"""What a sentence says against one of two and against the other too: "more than an A10 or even an A40".

A comparison is read with the device that stands behind it. Where another one is joined to that by "or", the
sentence says the same of both, and is told once more of the second alone: "more than an A40".
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.document import RUNNING
from whichgpu.audit.predicated.words import likened_to
from whichgpu.audit.singly.written import written
from whichgpu.audit.text.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.singly.written import Statement

#: Between two devices of which each is meant.
_OR = re.compile(
    r"s?,?\s+(?:or|nor|and\seven|as well as)\s+(?:(?:even|also|indeed|for that matter),?\s+)?"
    r"(?:(?:the|an?|nvidia[\u2019']s|amd[\u2019']s|its|older|newer|old|new|bigger|smaller)\s+)*",
    re.IGNORECASE,
)
#: What makes of two one amount, or leaves open which is meant.
_OPEN = re.compile(
    r"\b(?:both|between|either|whether|together|combined|two|total|sum|depending|choose|not|never|if)\b|"
    r"n[\u2019']t\b|\?",
    re.IGNORECASE,
)


def coordinated(index: int, passage: Passage, context: Context) -> Iterator[Statement]:
    """The sentences of a passage that compare with one device or another, each told of the other alone."""
    here = context.mentions.get(index, ())
    if passage.kind not in RUNNING or len(here) < len("ab"):
        return
    for sentence in sentences(passage.text):
        own = within(here, sentence.start, sentence.end)
        if len(own) < len("ab") or _OPEN.search(sentence.text):
            continue
        if not (is_asserted(sentence.text) and is_indicative(sentence.text)):
            continue
        for one, other in pairwise(own):
            joined = _OR.fullmatch(passage.text, one.end, other.start)
            if joined and other.ids and likened_to(passage.text, sentence.start, one.start):
                told = written(
                    passage, [(sentence.start, one.start), other, (other.end, sentence.end)], own, context
                )
                yield told._replace(firm=True, besides=True)
