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
        ("Two at a price of 4,649 USD come to {}, with a bridge.", "9,298 USD", "9,698 USD", "9,298"),
        ("Eight times 192 comes to {}.", "1,536 GB", "1,436 GB", "1,536"),
        ("Now 11,462 USD against 19,526 USD, a gap of {} a month.", "8,064 USD", "6,064 USD", "8,064"),
        ("It does 1,307 TFLOPS where that reaches 989, a lead of {}.", "32 percent", "52 percent", "32%"),
        ("From the 21.2 TFLOPS of that to the 125 of this was a {} jump.", "sixfold", "twelvefold", "5.9x"),
        ("Two at 1,599 USD each, and another 1,200 USD, so {} all told.", "4,398 USD", "4,998 USD",
         "4,398"),
        ("Its 576 tokens/s are {} more than the 432 of the other.", "33 percent", "60 percent", "33%"),
        ("They cost 1,500 USD. Add $80 for a bridge and $150 for a box, and you end up at {}.", "$1,730",
         "$1,880", "1,730"),
        ("With 141 GB against 80 GB, it holds {} as much.", "1.76 times", "2.4 times", "1.8x"),
        ("That is 1,375 kWh. At 0.25 USD per kWh it's {} a year.", "344 USD", "688 USD", "343.8"),
        ("A run costs 1,920 USD here and 1,440 USD there, so we save {} on it.", "480 USD", "680 USD", "480"),
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
