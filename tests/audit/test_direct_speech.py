"""What a text quotes from others, or only supposes that they say, is no claim of its own."""

from __future__ import annotations

from datetime import date

import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

QUOTED = [
    ('A reader wrote: "The L40 has MIG, so each student gets a slice." No, it does not.', []),
    ("A colleague said: \u201cPCIe cards of the H100 can\u2019t use NVLink.\u201d They can, in pairs.", []),
    ('A customer complained that "the L40S does not support BF16". It does.', []),
    ("If someone tells you that the T4 has 24 GB of memory, he means another card.", []),
    ("If a seller offers you an RTX 3090 with 32 GB, he is mistaken.", []),
    # What it takes up as true is its own, and so is what stands beside the marks.
    ('The "workhorse" T4 has 24 GB of memory.', ["24 GB"]),
    ('The T4 has 24 GB of "fast" memory.', ["24 GB"]),
]
RIGHT = [
    "The H100's price in 2023 was often given as $30,000, nearly nineteen times the RTX 4090's list price.",
    "The desktop RTX 4090 uses the AD102 die. The chip in the RTX 4090 Laptop GPU is AD103, the same die as "
    "in the desktop RTX 4080. It has 9,728 CUDA cores.",
    "For a node with H200, memory becomes 8 x 141 GB = 1,128 GB, often printed as 1.1 TB.",
    "At 8,192 tokens the cache takes 4 GiB for Llama 2 7B, 1 GiB for the 8B and 2.5 GiB for the 70B.",
    "With 16 GB of weights it is 17 GB on top of 16, so the speed is about halved.",
    "A 32B model in 4 bits (20 GB) on AGX Orin: 10 at best; we see 7.",
    "Intel told the press a list price of $125,000 for a board with eight Gaudi 3.",
    "The K80 has two GPUs on one board. A 20 GB model does not fit into one; it has to be split.",
    "There are the A10, the A30 and the L4. "
    "The A30 is the only one of the three that can be partitioned with MIG.",
]


def _accused(text: str) -> list[str]:
    page = f"# Notes\n\n{text}\n"
    return [each.quote for each in audited(page.encode(), "a.md", catalogue(), date(2026, 1, 1)).accusations]


@pytest.mark.parametrize(("text", "wrong"), QUOTED)
def test_what_others_say(text, wrong):
    assert _accused(text) == wrong


@pytest.mark.parametrize("text", RIGHT)
def test_what_is_right(text):
    assert _accused(text) == []
