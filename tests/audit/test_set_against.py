"""Amounts that are told beside what a named device has."""

from __future__ import annotations

import corpus
import pytest


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (
            "Nvidia asks $1,999 for the RTX 5090, {} more than the RTX 4090 cost when it came out.",
            "$400",
            "$300",
        ),
        ("The RTX 5090 draws 575 W. That's {} more than the 4090.", "125 W", "75 W"),
        ("The RTX 5090 draws 575 W, {} more than its predecessor.", "125 W", "75 W"),
        ("With 32 GB, {} what the RTX 5080 has, it holds more.", "twice", "three times"),
        ("The H200 has 141 GB, {} more than the H100 80GB.", "76 percent", "40 percent"),
    ],
)
def test_a_difference_to_what_is_on_file(text, right, wrong):
    assert not corpus.accused(text.format(right))
    assert [each for each in corpus.accused(text.format(wrong)) if each in wrong or wrong in each]


@pytest.mark.parametrize(
    "text",
    [
        # Of the memory, and not of the bandwidth that stands before it.
        "It has 24 GB at 600 GB/s, half as much memory again as the T4.",
        # Of the first amount, and against one that is told.
        "That is a quarter more than the 504 GB/s of the RTX 4070 and 15 percent more than the 4060's 272.",
        # What was measured, and street prices.
        "In our test it drew 420 W, 30 W more than the RTX 4080.",
        "It sells for $1,700 today, $300 more than the RTX 4080.",
    ],
)
def test_what_is_not_set_against_what_is_on_file(text):
    assert not corpus.accused(text)
