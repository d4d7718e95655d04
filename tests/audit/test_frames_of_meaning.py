"""Claims in words: the same meanings in other words and orders, wrong and right."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.audit.frames.lexicon import stem, tagged
from whichgpu.hardware.catalogue import catalogue


def _accused(text):
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    return [(each.subject, each.attribute) for each in found.accusations]


@pytest.mark.parametrize(
    ("words", "same"),
    [
        ("squeezes squeezed squeezing", "squeeze"),
        ("memories", "memory"),
        ("exceeds exceeded", "exceed"),
        ("LLMs", "llm"),
        ("bus", "bus"),
        ("sliced slicing", "slice"),
    ],
)
def test_all_forms_of_a_word_have_one_stem(words, same):
    assert {stem(each) for each in words.split()} == {stem(same)}


def test_the_words_of_a_name_have_no_meaning_of_their_own():
    text = "The memory bandwidth of the card"
    assert {each.meaning for each in tagged(text, 0, len(text), ())} & {"vram", "bandwidth"} == {"bandwidth"}


@pytest.mark.parametrize(
    ("text", "law"),
    [
        ("The footage has to be resident in VRAM before training starts.", "dataset-in-vram"),
        ("An H100 makes the chatbot wiser than an A100 does.", "hardware-and-quality"),
        ("The bandwidth fills up until the job runs out of memory.", "bandwidth-fills"),
        ("For a lone user it's the TFLOPS that count in token generation.", "decode-by-bandwidth"),
        ("LLMs have to run in FP32.", "inference-in-16-bits"),
        ("ECC halves the bandwidth.", "ecc-costs-little"),
        ("Installing more DDR5 lets the RTX 4060 take a larger batch.", "host-memory-is-apart"),
    ],
)
def test_what_a_law_excludes(text, law):
    assert (law, "category") in _accused(text)


@pytest.mark.parametrize(
    "text",
    [
        # Denied, asked, or called a myth.
        "The footage doesn't have to be resident in VRAM before training starts.",
        "Does an H100 make the chatbot wiser than an A100 does?",
        "It's a myth that an H100 makes the chatbot wiser.",
        # Of something else that stands first, or of what is compared with.
        "For a lone user token generation is limited by bandwidth, so TFLOPS hardly matter.",
        "During text generation bandwidth counts more than TFLOPS.",
        # What goes ahead denies nothing, and nothing is said of a dataset that is streamed.
        "The dataset does not fit into VRAM, so it is read from disk in batches.",
        "PCIe 3.0 limits the bandwidth to the host to 16 GB/s.",
        "A month in which the card draws 300 W around the clock costs $60.",
    ],
)
def test_what_no_law_excludes(text):
    assert not _accused(text)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("No consumer card has more than 16 GB of memory.", "memory"),
        ("NVLink has never been available on a GeForce.", "nvlink"),
        ("Before Hopper no GPU had Tensor Cores.", "tensor_cores"),
        ("Tensor Cores exist on data center cards only.", "tensor_cores"),
        ("GDDR6 is used by every card of the Ampere generation.", "memory_type"),
    ],
)
def test_one_device_refutes_all_or_none(text, field):
    assert field in {attribute for _, attribute in _accused(text)}


@pytest.mark.parametrize(
    "text",
    [
        "No RTX 40 card has NVLink.",
        "Before Volta no NVIDIA GPU had Tensor Cores.",
        "Almost no consumer card has more than 16 GB of memory.",
        "No consumer card in our test has more than 16 GB of memory.",
        "We compare the A100 and the A10. Only the A100 can be split with MIG.",
    ],
)
def test_what_holds_of_a_group(text):
    assert not _accused(text)
