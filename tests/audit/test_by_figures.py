"""Results held against every way in which the figures beside them could give them, whatever the words say."""

from __future__ import annotations

import pytest

from tests.audit import corpus
from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

ZEROS = [
    "With 100 % off, it falls from $32.77 to $0 per hour.",
    "A sixth of 24 GB is 0 GB of memory.",
    "575 W, 0 W less than the 4090's 450 W.",
    "At 0 images per second, 1,000 images take 25 minutes.",
    "With $0 you can rent at $1.25 an hour for 60 hours.",
    "One A100 at $0 per hour generates 0 images per minute, which is $0 per image.",
    "A batch of 64 takes 0 s, so the throughput is 32 images per second.",
    "At 0 W and 0 TFLOPS it is 0 TFLOPS per watt.",
    "It is $0 per hour, or $0 per day.",
    "The eight GPUs cost $0, i.e. $0 per GPU.",
    "That is 0 hours, which at $0 comes to $0.",
    "It uses 0 kWh, which at $0 per kWh is $0.",
]


@pytest.mark.parametrize("text", ZEROS)
def test_nothing_is_divided_by_nothing(text):
    answer = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert not answer.document.unread
    assert not answer.accusations


@pytest.mark.parametrize(
    ("text", "wrong", "expected"),
    [
        ("It took 30 minutes on the A100 and 90 on the T4, a 5x speedup.", "5x", "3x"),
        ("The power limit rose by 40 %, from 450 to 575 W.", "40 %", "1.28 times"),
        ("At $1.60 per hour it makes 60 images per minute, which is $0.27 per image.", "$0.27", "$0.000444"),
        ("With 60 % off, the p4d.24xlarge falls from $32.77 to $19.66 per hour.", "$19.66", "13.11"),
        ("It runs 5,811 hours, that is, about 24 days.", "24 days", "242 days"),
        ("At 25 images per minute, 1,000 images take 25 minutes.", "25 minutes", "40 minutes"),
        ("One A5000 reached 842 images/s, and with two of them we saw 1,765.", "1,765", "at most 1,684"),
        ("The RTX 4090 has 24 GB. It reads that memory at 1,008 Gb/s.", "1,008 Gb/s", "1,008 GB/s"),
    ],
)  # fmt: skip
def test_what_is_wrong_and_what_would_be_right(text, wrong, expected):
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY).accusations
    assert [(each.quote, each.expected) for each in found] == [(wrong, expected)]


@pytest.mark.parametrize("verb", ["replaced", "is the successor of", "came after"])
def test_an_architecture_stands_for_its_devices(verb):
    assert not corpus.accused(f"Hopper {verb} Ampere.")
    assert corpus.accused(f"Ampere {verb} Hopper.")


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("The A100 80GB PCIe moves 1,935 Gb/s from its memory.", "a100-datasheet"),
        ("A PCIe 4.0 x16 link gives the L40S 64 Gb/s.", "PCI-SIG"),
    ],
)
def test_a_rate_in_bits_is_held_against_a_source(text, source):
    (found,) = audited(text.encode(), "a.md", catalogue(), corpus.TODAY).accusations
    assert any(source in each.source for each in found.evidence)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Every Volta card has FP8 support.", "Volta"),
        ("A Turing card has BF16 tensor cores.", "Turing"),
    ],
)
def test_what_is_said_of_a_kind_has_the_kind_as_its_subject(text, kind):
    (found,) = audited(text.encode(), "a.md", catalogue(), corpus.TODAY).accusations
    assert found.subject == kind


def test_a_budget_is_told_in_its_own_currency():
    text = "With \u20ac100 you can rent at \u20ac1.25 an hour for 60 hours."
    (found,) = audited(text.encode(), "a.md", catalogue(), corpus.TODAY).accusations
    assert "\u20ac100 at \u20ac1.25 an hour" in found.because
    assert found.expected == "80 hours"


def test_costs_are_told_in_their_own_currency():
    text = "At \u20ac1.60 per hour it makes 60 images per minute, which is \u20ac0.27 per image."
    (found,) = audited(text.encode(), "a.md", catalogue(), corpus.TODAY).accusations
    assert found.expected == "\u20ac0.000444"
    assert "$" not in found.because


def test_amounts_in_two_currencies_are_not_held_against_each_other():
    text = "At \u20ac1.60 per hour it makes 60 images per minute, which is $0.27 per image."
    assert not audited(text.encode(), "a.md", catalogue(), corpus.TODAY).accusations
