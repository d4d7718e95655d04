"""Clauses by their frame: many ways of saying one thing, with wrong values and with right ones."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

#: What is wrong of a generation, and of what everyone knows.
GOING_ON = [
    ("Ampere cards cannot do BF16.", "BF16"),
    ("We serve. The better the card, the smarter the model.", "the smarter the model"),
]


@pytest.mark.parametrize(("text", "wrong"), GOING_ON)
def test_what_goes_on_about_what_was_named(text, wrong):
    assert any(wrong in quote or quote in wrong for quote, _ in _accused(text))


def _accused(text):
    found = audited(f"# On GPUs for AI\n\n{text}\n".encode(), "a.md", catalogue(), corpus.TODAY)
    return [(each.quote, each.because) for each in found.accusations]


@pytest.mark.parametrize(
    "text",
    [
        "Turing cards cannot do BF16.",
        # What is asked, wished, denied or taken back is not stated.
        "If FP8 were one of the strengths of the A100, it would cost more.",
        "It is a myth that FP8 is one of the strengths of the A100.",
        "Is FP8 one of the strengths of the A100?",
        "You won't find FP8 on the L40S unless the driver is new.",
        # Of what is compared here, and of others.
        "The A10 and the L40S are compared here. FP8 is exclusive to the L40S.",
        "The A10, the T4 and the L4 are cheap. None of them beats the L40S in memory.",
        # Words before the clause narrow it; a wish beside it does not.
        "The A100 and the RTX 3090 differ. Among the consumer cards, only the RTX 3090 supports NVLink.",
        "The L4 replaced the T4, the L40S the A40. Both of the two know FP8.",
        "Compared with the 3090, the RTX 4090 has as much VRAM and twice the compute.",
        "The T4 and the A10 are here. The L4 is small. No other GPU in this comparison supports FP8.",
        # What is set against a device goes on about the first.
        "The MI300X has 192 GB. It exceeds the memory capacity of the H100. It runs ROCm natively.",
        "Keep in mind that the KV cache does not stay the same size when you serve more users.",
        # What runs out is not run.
        "The A100 80GB runs out of memory with Llama 3 70B in FP16.",
    ],
)
def test_what_is_not_said_is_not_accused(text):
    assert not _accused(text)


def test_only_the_older_of_two_is_of_these():
    """What was spoken of before, and has it too, is not meant."""
    text = (
        "We had RTX 3090s.\n\nThe RTX A6000 and the RTX 6000 Ada are dual-slot. Only the {} one has NVLink.\n"
    )
    right, wrong = (
        audited(text.format(word).encode(), "a.md", catalogue(), corpus.TODAY) for word in ("older", "newer")
    )
    assert not right.accusations
    assert [each.attribute for each in right.findings if each.verdict == "confirmed"] == ["slots", "nvlink"]
    assert [each.attribute for each in wrong.accusations] == ["nvlink"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("**Myth 1: the RTX 4090 has 48 GB.** It has 24 GB.", []),
        ("**Myth 1: the RTX 4090 has 48 GB.** It has 32 GB.", ["32 GB"]),
        ("Myth: the A100 supports FP8.", []),
        ("Myth 2: the H100 SXM has 94 GB. And it has NVLink 5. Fact: it has 80 GB.", []),
        ("Myth 3: old cards are useless. The RTX 3090 has 16,384 CUDA cores.", ["16,384"]),
    ],
)
def test_a_myth_is_its_sentence_and_not_what_follows(text, wrong):
    """What a page says of a myth is what it says itself, up to what it sets against the myth."""
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.quote for each in found.accusations] == wrong
