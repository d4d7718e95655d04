"""One excuse: the words around what an accusation quotes, and the reason given, that make it another's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from whichgpu.audit.findings import Finding

#: Characters before a quotation whose words may excuse it.
BACK = 160


class Excuse(NamedTuple):
    """For accusations of some kinds: what stands before the quotation, behind it, and in the reason given."""

    kinds: tuple[str, ...]
    before: str = ""
    behind: str = ""
    because: str = ""
    #: What the quotation itself says.
    quote: str = ""

    def excuses(self, found: Finding, text: str, at: int) -> bool:
        """Whether all of it is so of a finding of its kinds whose quotation begins at a place of a text."""
        return (
            (not self.before or _pattern(self.before).search(text, max(0, at - BACK), at) is not None)
            and (not self.behind or _pattern(self.behind).match(text, at + len(found.quote)) is not None)
            and (not self.quote or _pattern(self.quote).search(found.quote) is not None)
            and (not self.because or _pattern(self.because).search(found.because) is not None)
        )


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(words, re.IGNORECASE)
