"""Premises that the words right beside an accused one deny, by the kind of what is accused.

A value behind "against" is the other's, an amount "on top of" another is what they differ by, "with NVLink is
the .. one" tells which of several is meant, "N% less power" under a limit that was set is of one machine, and
what an earlier text said is taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.premised.amounts import SOON
from whichgpu.audit.premised.ratios import of_place, of_ratio
from whichgpu.audit.premised.room import of_room
from whichgpu.audit.premised.sums import of_several_at_work, of_sum
from whichgpu.audit.premised.values import of_capability, of_identity, of_value
from whichgpu.audit.review.presumed import presumes

if TYPE_CHECKING:
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.review.unfounded import Place


#: What an own earlier text said, which is put right.
_TAKEN_BACK = re.compile(
    r"\b(?:we|I|one of us|our (?:last|previous|earlier|first) \w+)\s(?:had\s|have\s|once\s|wrongly\s|also\s)*"
    r"(?:said|wrote|claimed|stated|told you|called|gave|printed|listed|had it that)\b",
    re.IGNORECASE,
)
_RIGHT_IS = re.compile(
    r"\b(?:wrong\w*|mistake\w*|error\w*|correct\w*|sorry|apolog\w+|in fact|actually|erratum|errata)\b",
    re.IGNORECASE,
)


def lacks_premise(found: Finding, place: Place, context: Context) -> bool:
    """Whether the words beside an accusation deny what it takes for granted."""
    if _is_taken_back(place, context) or presumes(found, place, context):
        return True
    tests = {
        "specification": of_value, "identity": of_identity, "capability": of_capability,
        "memory": of_room, "ratio": of_ratio, "arithmetic": of_sum, "benchmark": of_several_at_work,
        "ordering": of_place,
    }  # fmt: skip
    test = tests.get(found.kind)
    return test is not None and test(found, place, context)


def _is_taken_back(place: Place, context: Context) -> bool:
    """Whether a statement is an earlier one of the text's own that is put right."""
    text, sentence = place.text, place.sentence
    if _TAKEN_BACK.search(text, sentence.start, place.at) is None:
        return False
    passage = next((each for each in context.document.passages if each.text == text), None)
    around = (*(passage.section[-1:] if passage else ()), text[sentence.start : sentence.end + SOON])
    return any(_RIGHT_IS.search(each) for each in around)
