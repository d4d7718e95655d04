"""What nothing within reach gives: totals of several devices, rates of one request beyond a file's bound."""

from __future__ import annotations

import corpus
import pytest

#: A passage, and what of it is wrong.
WRONG = [
    ("A shelf takes six L40S cards. Each of them has 48 GB of GDDR6. Together that is 240 GB.", "240 GB"),
    ("We run 10 nodes with four A40 each. That makes 40 GPUs and 1.44 TB of GDDR6 altogether.", "1.44 TB"),
    (
        "The rack houses twelve L4 cards. It gets warm there: 1.4 kW for these alone, with 72 W each.",
        "1.4 kW",
    ),
    ("Our new machine takes four MI300X. Their 1.2 TB of combined HBM3 is plenty.", "1.2 TB"),
    ("With its 23 GB file I tried Gemma on an RTX 3090, one user, llama.cpp: 61 tokens/s.", "61"),
    (
        "The quant is 12 GB to read. Batch 1, a single stream: an RTX 4060 Ti got 39 tokens/s.",
        "39",
    ),
    (
        "A 40 GB file, read for each token. On the RTX A6000 we see 34 tokens per second in a single chat.",
        "34",
    ),
]
#: What looks like it and is right, or not certainly wrong.
RIGHT = [
    "A shelf takes six L40S cards. Each of them has 48 GB of GDDR6. Together that is 288 GB.",
    "A server takes four A40. With its CPUs and fans the box draws 2.1 kW, and it has 512 GB of memory.",
    "Eight H100 SXM5 have 640 GB of HBM3 in total and draw up to 5.6 kW together.",
    "The model has 117 billion parameters in MXFP4, 63 GB in all. It fits on one H100 80GB SXM.",
    "The RTX 3090's bridge gives 112.5 GB/s in total, against 32 GB/s each way on PCIe 4.0 x16.",
    "With its 19 GB file I tried Qwen on an RTX 3090, one user, llama.cpp: 37 tokens/s.",
    "With its 19 GB file I tried Qwen on two RTX 3090, one user, tensor parallel: 61 tokens/s.",
    "The file is 19 GB. On an RTX 3090 with speculative decoding a single user gets 78 tokens/s.",
    "The file is 19 GB. With 32 users an RTX 3090 generates 420 tokens/s.",
    "The file is 19 GB. Prompts go through the RTX 3090 at 900 tokens/s, even for a single user.",
    # What a machine has is none of one of its devices.
    "An eight-way box with MI300X has 1.5 TB of device memory. One with H100s has 640 GB.",
    "An RTX 4090 costs $1,800. The two RTX 3090 together cost $400 less than it, and have double its memory.",
    "Hopper introduced FP8. Dense, an H100 SXM5 reaches 1,979 TFLOPS in that format, twice its rate in BF16.",
    "The MI300A is an APU: 24 Zen 4 cores and 228 compute units around one pool of 128 GB HBM3.",
]


@pytest.mark.parametrize(("text", "wrong"), WRONG)
def test_what_nothing_within_reach_gives_is_accused(text, wrong):
    assert any(wrong in each for each in corpus.accused(text))


@pytest.mark.parametrize("text", RIGHT)
def test_what_something_within_reach_gives_is_not(text):
    assert not corpus.accused(text)
