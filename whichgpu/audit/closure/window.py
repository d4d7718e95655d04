"""A result with the amounts around it, and what they come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.closure.amounts import Amount
    from whichgpu.audit.closure.readings import Value
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.sentences import Sentence


class Window(NamedTuple):
    """A result, its sentence, and the amounts around it."""

    passage: Passage
    sentence: Sentence
    result: Amount
    #: All amounts from two sentences before to the end of the sentence.
    around: Sequence[Amount]
    #: Where the sentence and those before it begin.
    starts: Sequence[int]
    context: Context

    def text(self, start: int, end: int) -> str:
        """The words between two places."""
        return self.passage.text[start:end]


class Reading(NamedTuple):
    """What the amounts of a window come to in the natural way, and how far a result may be for it to be one."""

    values: Sequence[Value]
    far: float
