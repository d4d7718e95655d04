"""What is plainly said of one device in a clause, and which accusations the reading by clauses bears out."""

from __future__ import annotations

import corpus
import pytest

#: A passage, and what of it is wrong.
PLAIN = [
    ("The MI300X has 304 compute units. The memory feeds the chip at 8 TB/s. A 256 MB cache sits in between.",
     "8 TB/s"),
    ("The MI325X came next. It is based on the newer CDNA 4 architecture.", "CDNA 4"),
    ("The MI300X has no FP8 support in hardware. FP4 is absent from all three; for that you want Blackwell.",
     "has no FP8 support"),
    ("It also helped that the A100's tensor cores process FP8 natively.", "process FP8"),
    ("The RTX 4060 Ti moves data quickly, as its bandwidth is higher than the 3060's.", "higher"),
    ("From $699 to $1,999 it has risen by 86 percent.", "86 percent"),
    ("So a single RTX PRO 6000 is a comfortable home for Llama 3.1 70B in BF16.", "comfortable home for"),
    ("The RTX 4090 kept the bridge connector of the 3090.", "kept the bridge connector"),
]  # fmt: skip
#: What looks like it and is not wrong, or not certainly.
NOT_PLAIN = [
    "The MI300X has 304 compute units. The links feed the chip at 1 TB/s.",
    "If the A10 had 48 GB, it would be the better card.",
    "The A10 is an Ampere card. A server with four of them has 512 GB of memory.",
    "Its weights are large. FLUX.1-dev is such a model. It's 33 GB before you have drawn anything.",
    "The RTX 2080 Ti came with two links, 100 GB/s in sum, chiefly for SLI.",
    "I have read that the H100 does almost 2,000 TFLOPS in BF16. That is the figure with 2:4 sparsity.",
    "The RTX 3080 reaches 760 GB/s, almost what the A5000 does, but with faster GDDR6X on a narrower bus.",
    "It runs on the 5090. You needn't pay for HBM there.",
    "An A4000 runs it, yes; compute in FP8, no.",
    "The network takes 4.09 billion multiply-adds at 224 × 224, so 8.2 GFLOP.",
    "From $100 to $80, a fall of 20 percent.",
]


@pytest.mark.parametrize(("text", "wrong"), PLAIN)
def test_what_a_clause_plainly_says_is_read_by_itself(text, wrong):
    assert any(wrong in each for each in corpus.accused(text))


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_what_no_clause_plainly_says_accuses_nobody(text):
    assert not corpus.accused(text)


def test_a_result_is_held_against_what_stands_beside_it_alone():
    far = "A card costs 34 cents an hour. It is quick. The 5090 was dearer. At 60 hours that makes $41.40."
    near = "Eight A100s draw 400 W each. For the eight that makes 3.6 kW."
    assert not corpus.accused(far)
    assert corpus.accused(near)


def test_the_parts_of_one_computer_are_no_values_of_its_card():
    parts = {
        "GPUs": "2 x RTX 3090",
        "CPU": "16 cores",
        "Board": "WRX80",
        "Memory": "128 GB DDR4",
        "Storage": "4 TB",
    }
    rows = "".join(f"| {part} | {choice} |\n" for part, choice in parts.items())
    assert not corpus.accused(f"# A build\n\n| Part | Choice |\n| --- | --- |\n{rows}")
