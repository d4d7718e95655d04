"""What follows from amounts that stand elsewhere: bills by the rate of each device, savings, totals, fits."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

_RENTS = """| GPU | Price per GPU-hour |
|---|---|
| A100 80GB | $1.70 |
| H100 SXM | $2.80 |
| B200 | $4.60 |

"""
_SYSTEMS = """| 8-GPU system | Total memory |
|---|---|
| A100 80GB | 640 GB |
| H200 | 1,128 GB |
| MI325X | {} |
| MI300X | 1,536 GB |
"""


def _accused(text):
    return audited(text.encode(), "a.md", catalogue(), corpus.TODAY).accusations


@pytest.mark.parametrize(
    ("text", "wrong", "right"),
    [
        (
            "The weights of a 34B model in BF16 are 68 GB. {}.",
            "A single L40S will also do",
            "A single L40S will not do",
        ),
        (
            "- **34B in BF16:** one H100. {}.",
            "A single L40S will also do",
            "A single L40S will not do",
        ),
        (
            "In FP16 the weights of a 13B model take 26 GB, which is {}.",
            "just within reach of a single RTX 3090",
            "far too much for a single RTX 3090",
        ),
        (
            "The 70B model needs 1,120 GB for full fine-tuning, which {}.",
            "fits one server of eight H100s",
            "needs two servers of eight H100s",
        ),
        (
            "QLoRA changes this. The base sits in memory at 4 bits, so a 65B model can be tuned on {}.",
            "one 24 GB card",
            "one 80 GB card",
        ),
        (
            "At full power for four hours a day, a 5090 uses 2.3 kWh daily, or {} kWh in a month of 30 days.",
            "96",
            "69",
        ),
        ("400w for 5 hours a day = 2 kWh, so at $0.30 that is {} a day.", "$6.00", "$0.60"),
        (
            "A single MI300X can serve a 70B model in FP16: 140 GB of weights leave about 50 GB for the "
            "cache. "
            "On one H200 the same model leaves {}.",
            "around 50 GB too",
            "practically nothing",
        ),
    ],
)
def test_what_follows_is_held_against_what_it_follows_from(text, wrong, right):
    found = _accused(text.format(wrong))
    start = text.index("{}")
    assert any(each.start <= start + len(wrong) and each.end > start for each in found), found
    assert not _accused(text.format(right))


@pytest.mark.parametrize(
    "text",
    [
        "Llama 3 70B has 80 layers and 8 key-value heads of dimension 128, so in 16-bit precision each token "
        "takes 2 x 80 x 8 x 128 x 2 bytes, which is about 0.33 MB.",
        "- **33B language models.** No. Even at 4 bits the weights are around 16.5 GB.",
        _SYSTEMS.format("2,048 GB")
        + "\nLlama 3.1 405B takes about 810 GB in BF16, so it fits on any of these systems but the first, "
        "with "
        "most room left on the MI325X.",
        "| GPU | Tokens/s, batch 1 |\n|---|---|\n| A10G | 30 |\n| L40S | 45 |\n\n- first\n- second 5 "
        "GB\n- third 6 "
        "GB\n\nThe limit is 80 tokens per second, and 45 is good. An A10G at 30 tokens per second makes "
        "108,000 "
        "tokens an hour. The L40S makes 162,000 tokens an hour.",
        "Forty cameras at 15 frames per second make 600 frames per second.",
    ],
)
def test_what_is_right_of_such(text):
    assert not _accused(text)
