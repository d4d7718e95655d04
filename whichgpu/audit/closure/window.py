"""A result with the amounts around it, and what they come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.findings import Evidence, made
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.closure.amounts import Amount
    from whichgpu.audit.closure.readings import Value
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence


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
    """What the amounts of a window come to in the natural way, and how far off a result is still one."""

    values: Sequence[Value]
    far: float


def finding(window: Window, because: str, expected: str = "") -> Finding:
    """The finding on a result that does not follow."""
    place = window.result.start, window.result.end
    return made(window.context, window.passage, place, "arithmetic", "inconsistent", attribute="closure",
                because=because, expected=expected, evidence=(Evidence(because),))  # fmt: skip
