"""Clauses of long sentences, each read as a statement with its subject."""

from __future__ import annotations

import corpus
import pytest


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        # A relative clause behind an apposition; what stands before is only advice.
        (
            "Those who need more memory should look at the RTX 4500 Ada, a 24 GB card that sips just 130 "
            "watts, or at the RTX A5000, which has as much memory and 768 GB/s of bandwidth.",
            ["130 watts"],
        ),
        # A phrase at the front, of what "it" then is.
        (
            "# The RTX 4060 Ti\n\nThe RTX 4060 Ti exists in a 16 GB edition. Beware of its narrow memory "
            "path, though: with just 192 bits it moves only 288 GB/s.",
            ["192 bits"],
        ),
        # A form by its description, where the text speaks of the other form's value, too.
        (
            "**H100 (2022).** The SXM5 version has 132 SMs with 14,592 cores and 3.35 TB/s. The PCIe sibling "
            "has to be content with HBM2e and 3.9 TB/s.",
            ["14,592", "3.9 TB/s"],
        ),
        # A value without a verb, like that of the clause before.
        ("The A100 80GB SXM4 reaches 2,039 GB/s, the RTX A6000 936 GB/s.", ["936 GB/s"]),
    ],
)
def test_what_a_clause_says_of_its_own_subject(text, wrong):
    assert corpus.accused(text) == wrong


@pytest.mark.parametrize(
    "text",
    [
        "The V100 and the A100 are built on Volta and Ampere, respectively.",
        "After loading the 34B model in 4-bit the 3090 had 4 GB free, the A6000 28 GB.",
        "Those who need less should look at the L4, a 24 GB card that sips just 72 watts, or at the T4, "
        "which has 16 GB.",
        "A used RTX 3090 (January 2026) is $700, and ours arrived in May 2024.",
        "Let us give vLLM 90% of the card. The A100 80 GB has 72 GB to hand out, which leaves 55.9 GB.",
        "In our test the RTX 4090, a 24 GB card that drew 380 watts, was the fastest.",
    ],
)
def test_what_no_clause_says_of_one_device(text):
    assert not corpus.accused(text)


def test_a_suffix_is_of_the_card_that_the_passage_names():
    text = (
        "The RTX 4060 Ti has 288 GB/s.\n\nThe RTX 3090 was launched in 2020. The Ti that followed in 2022 "
        "draws {} W."
    )
    assert not corpus.accused(text.format(450))
    assert corpus.accused(text.format(550)) == ["550 W"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        # What is done to the device that the passage is about.
        ("**RTX 4090.** A monster with 72 MB of L2 cache. Nvidia brought it out in October 2021.", "2021"),
        ("**RTX 2080 Ti.** Turing, 11 GB of GDDR6. Nvidia wanted $699 for it in 2018.", "$699"),
        # What the clause before ends with.
        ("You want HBM and NVLink, which the L40S provides.", "NVLink"),
    ],
)
def test_what_is_done_or_had_behind_another_clause(text, wrong):
    assert wrong in corpus.accused(text)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (
            "The RTX 5090 has 21,760 cores switched on. The 4090, for its part, has 16,384, so the increase "
            "is close to {} percent.",
            50,
        ),
        ("The job took 9 hours on the A100. The H100 finished in 4, a speed-up of {}.", 3.1),
        ("Our throughput went from 800 to 1,000 images per second, up {} percent.", 35),
    ],
)
def test_ratios_of_a_figure_and_one_of_the_sentence_before(text, wrong):
    assert corpus.accused(text.format(wrong))


@pytest.mark.parametrize(
    "text",
    [
        "The RTX 5090 has 21,760 cores switched on. The 4090, for its part, has 16,384, so the increase is "
        "close to 33 percent.",
        "The job took 9 hours on the A100. The H100 finished in 4, a speed-up of 2.25.",
        "Our throughput went from 800 to 1,000 images per second, up 25 percent.",
    ],
)
def test_such_ratios_that_are_right(text):
    assert not corpus.accused(text)
