"""Which findings stand on the same characters of a file as another, without looking at all of them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whichgpu.audit.findings import Finding

#: Characters of a stretch of a file whose findings are kept together: few stand in more than two.
_STRETCH = 128


class Overlaps:
    """Findings by the stretches of the file on which they stand."""

    def __init__(self, found: Iterable[Finding] = ()) -> None:
        self._at: defaultdict[int, list[Finding]] = defaultdict(list)
        for each in found:
            self.add(each)

    def add(self, found: Finding) -> None:
        """One more."""
        for stretch in _stretches(found.start, found.end):
            self._at[stretch].append(found)

    def of(self, start: int, end: int) -> Iterator[Finding]:
        """Those that have a character in common with a place; a long one may come twice."""
        for stretch in _stretches(start, end):
            for each in self._at.get(stretch, ()):
                if each.start < end and start < each.end:
                    yield each


def _stretches(start: int, end: int) -> range:
    return range(start // _STRETCH, max(start, end - 1) // _STRETCH + 1)
