"""Sums that one sentence states whole: of what they are, what else they may be, and which are wrong."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue


def _told(text: str) -> dict[str, str]:
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY).findings
    return {each.quote: each.expected for each in found if each.accuses}


@pytest.mark.parametrize(
    ("text", "right", "wrong", "expected"),
    [
        ("Eight modules at up to 700 W are {} for the accelerators alone.", "5.6 kW", "6.4 kW", "5.6"),
        ("Two at the launch price of 4,649 USD come to {}, with a bridge.", "9,298 USD", "9,698 USD", "9,298"),
        ("Eight times 192 comes to {}.", "1,536 GB", "1,436 GB", "1,536"),
        ("It is 11,462 USD against 19,526 USD, a difference of {} a month.", "8,064 USD", "6,064 USD", "8,064"),
        ("It does 1,307 TFLOPS where that one reaches 989, an advantage of {}.", "32 percent", "52 percent", "32%"),
        ("Going from the 21.2 TFLOPS of one to the 125 of the next was a {} jump.", "sixfold", "twelvefold", "5.9x"),
        ("Two at 1,599 USD each, and another 1,200 USD for the rest, so {} all told.", "4,398 USD", "4,998 USD",
         "4,398"),
    ],
)  # fmt: skip
def test_a_sum_is_what_its_own_figures_make(text, right, wrong, expected):
    assert not _told(text.format(right))
    assert _told(text.format(wrong)) == {wrong: expected}


@pytest.mark.parametrize(
    "text",
    [
        # Of hours, of another base, of a third figure, in something else, asked, or far off.
        "I had 3 A100s for 12 hours and 5 for another 8, so 76 GPU hours.",
        "Eight cards at 700 W with a tenth for fans are 6.2 kW.",
        "It moves 3,350 GB/s against 2,039 GB/s, 2.5 times the price.",
        "Do eight modules at 700 W come to 6.4 kW?",
        "Four GPUs at 2 USD are 5,840 USD a month.",
    ],
)
def test_what_may_be_made_of_something_else_is_not_accused(text):
    assert not _told(text)
