"""The same job at another rate: "at 1,080 images/s it takes 29.6 hours. At 800 the V100 takes 54 for it".

The job is as large as one rate times its time, which the sentence before tells; a result is held against
that over the other rate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.clauses.marked import Marked
    from whichgpu.audit.findings import Finding

_SAME = re.compile(
    r"\b(?:for|on|with|through) the same (?:job|work|run|task|set|batch|images|pictures|data|tokens|prompts|"
    r"workload|amount|number|training)\b|\b(?:does|finishes|completes) the same (?:job|work|run|task)\b",
    re.IGNORECASE,
)
_OF, _OFF = "stated consequence", 0.04


def again(read: Marked, before: Marked) -> Iterator[Finding]:
    """The time of a sentence that the rate and the time before it, and its own rate, do not give."""
    rates, times = read.of("rate"), read.of("time")
    first = before.of("rate")
    took = before.of("time")
    if not _SAME.search(read.text) or len(rates) != 1 or len(times) != 1 or len(first) != 1 or not took:
        return
    right = first[0].value * took[-1].value / rates[0].value if rates[0].value else 0.0
    because = f"{before.words(took[-1])} at {before.words(first[0])}, at {read.words(rates[0])} instead,"
    yield from read.held(times[0], right, because, _OF, off=_OFF)
