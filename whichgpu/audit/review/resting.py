"""Accusations that rest on what is wrong itself: of a chain of results only the first wrong one is accused.

"24 hours at $3.50 are $94; a year of them is $30,660": the year is what the right bill makes, and whoever
works it out from the wrong one accuses it too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import withheld

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.findings import Finding

#: Letters after a wrong amount within which what was worked out from it is looked for.
_REACH = 1_500
#: What is worked out from what a passage states; a formula that is written out is wrong by itself.
_WORKED = frozenset({"bill", "result"})
#: What is held where, by what the text tells that it takes: that amount comes first.
_TOLD = re.compile(r"GB (?:are told to be needed|is needed)")
_DIGITS = re.compile(r"\d[\d,]*(?:\.\d+)?")


def without_resting(found: Sequence[Finding]) -> list[Finding]:
    """Findings without the accusations whose own evidence is an amount that is accused before them."""
    sums = sorted(
        (each for each in found if each.accuses and each.kind == "arithmetic"), key=lambda one: one.start
    )
    kept: list[Finding] = []
    resting = set()
    for each in sums:
        worked = each.attribute in _WORKED
        if worked and any(_rests(each, one) for one in kept if each.start - one.end < _REACH):
            resting.add(each)
        else:
            kept.append(each)
    resting.update(
        each for each in found if _is_of_need(each) and any(_rests(each, one) for one in _near(each, sums))
    )
    return [
        withheld(each, "it rests on an amount that is wrong itself") if each in resting else each
        for each in found
    ]


def _is_of_need(found: Finding) -> bool:
    """Whether it is wrong that something is held since the text tells what it takes."""
    return found.accuses and found.kind == "memory" and _TOLD.search(found.because) is not None


def _near(found: Finding, wrong: Sequence[Finding]) -> list[Finding]:
    """The wrong amounts shortly before a finding."""
    return [each for each in wrong if 0 < found.start - each.end < _REACH]


def _rests(found: Finding, wrong: Finding) -> bool:
    """Whether the evidence of an accusation tells the number that another one says is wrong."""
    number = _DIGITS.search(wrong.quote)
    if number is None or len(number[0]) < 2 or found.start <= wrong.start or found is wrong:
        return False
    if _is_of_need(found):
        # Only what is needed: the room is on file.
        told = _DIGITS.match(found.because)
        return told is not None and told[0] == number[0]
    reason = found.because.rpartition(" make ")[0] or found.because
    return number[0] in _DIGITS.findall(reason)
