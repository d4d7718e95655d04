"""What is said to be left of a memory, and what a gigabyte of it costs."""

from __future__ import annotations

import corpus
import pytest


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (
            "Two RTX 3090s give you 48 GB, enough for a 40 GB file, with {} to spare for context.",
            "8 GB",
            "16 GB",
        ),
        ("An H200 node with 1,128 GB holds the 671 GB, and leaves {} for caches.", "457 GB", "557 GB"),
        # Less may be left than the amounts say.
        ("The RTX 4090 has 24 GB. The file of 20 GB leaves {} for the context.", "3 GB", "12 GB"),
        ("Per gigabyte of memory, the $1,999 RTX 5090 costs {}.", "$62", "$52"),
        ("A used RTX 3090 at $700 comes to {} per gigabyte.", "$29", "$39"),
    ],
)
def test_what_the_amounts_around_give(text, right, wrong):
    assert not corpus.accused(text.format(right))
    assert [wrong in each for each in corpus.accused(text.format(wrong))] == [True]


def test_the_price_of_several_is_no_part_of_a_sum():
    text = "The vendor charges $8,500 per card, $17,000 for the pair. In total the machine is $26,000."
    assert not corpus.accused(text)


@pytest.mark.parametrize(
    "text",
    [
        "Llama 3.3 70B in BF16 on two RTX PRO 6000 Blackwell left 52 GB of the 192 GB free.",
        "An L40S makes 1,150 tokens per second. The A100 came to 1,480 tokens per second. The L40S rents for "
        "$0.95 an hour and the A100 for $1.69. For a million tokens you pay $0.23 on the L40S and $0.32 on "
        "the A100.",
        "Llama 3.1 70B benötigt in 4 Bit rund 40 GB; dafür brauchen Sie zwei Karten mit 24 GB.",
    ],
)
def test_what_is_right_of_rests_and_prices(text):
    assert not corpus.accused(text)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        # Of the second of two amounts, each in its format.
        (
            "FP32 has 4 bytes, FP16 and BF16 have 2. A model of 3 billion parameters takes 12 GB in FP32 "
            "and {} in BF16.",
            ("6 GB", "3 GB"),
        ),
        (
            "The {} has 11 GB of GDDR6. FP16 works on its tensor cores; BF16 does too.",
            ("RTX A2000", "RTX 2080 Ti"),
        ),
    ],
)
def test_what_is_said_of_a_second_format(text, wrong):
    assert not [each for each in corpus.accused(text.format(wrong[0])) if each != "11 GB"]
    assert corpus.accused(text.format(wrong[1]))


@pytest.mark.parametrize(
    "text",
    [
        "Per dollar, the RTX 5070 Ti gives you 1.2 GB/s of bandwidth.",
        "Spread over eight GPUs with ZeRO-3, each holds 28 GB. An RTX 3090 is too small.",
    ],
)
def test_what_is_divided_and_what_is_spread(text):
    assert not corpus.accused(text)
