"""Statements: claims with their subject, kind and value, against the document's tables and the catalogue."""

from __future__ import annotations

import corpus
import pytest

_TABLE = """
| Node | Memory | USD per hour | Tokens/s | Cost |
|---|---|---|---|---|
| RTX 5080 | 16 GB | 1.20 | 132 | 3,897.60 USD |
| RTX 5070 Ti | 16 GB | 0.80 | 124 | 80.00 USD |
| RTX 4090 | 24 GB | 0.45 | 158 | 117.00 USD |
"""
_THREE = """
| Card | Memory | Bandwidth |
|---|---|---|
| H100 PCIe | 80 GB | 2,039 GB/s |
| H100 SXM5 | 80 GB | 3,352 GB/s |
| H100 NVL | 94 GB | 3,938 GB/s |
"""
#: What stands before a sentence, the sentence, and what of it is wrong; nothing where it is right.
STATED = [
    (_TABLE, "Together these come to 4,294.60 USD.", "4,294.60"),
    (_TABLE, "Together these come to 4,094.60 USD.", ""),
    (_TABLE, "That leaves the RTX 5080 as the cheapest of the three.", "the cheapest"),
    (_TABLE, "That leaves the RTX 4090 as the cheapest of the three.", ""),
    ("", "The RTX 3060 is the stubborn one of the group, a Turing card that refuses to die.", "Turing"),
    ("", "The RTX 3060 is the successor of the RTX 2060, a Turing card.", ""),
    ("", "While the 5080 uses the full GB203 chip, the RTX 5070 Ti gets the smaller GB205.", "GB205"),
    ("", "While the 5080 uses the full GB203 chip, the RTX 5070 Ti gets a cut-down GB203.", ""),
    ("", "The node was on offer at 14.40 USD, or at 9.00 USD. That is a saving of 60 %.", "60 %"),
    ("", "The node was on offer at 14.40 USD, or at 9.00 USD. That is a saving of 37 %.", ""),
    ("", "Suppose you pay 0.30 USD per kWh. The card uses 934 kWh, which costs about 380 USD.", "380 USD"),
    ("", "Suppose you pay 0.30 USD per kWh. The card uses 934 kWh, which costs about 280 USD.", ""),
    ("", "The pair is cheap. At 280 W the pair even draws less power than one A5000.", "draws less power"),
    ("The T4 and the Titan RTX.", "On formats they aged well, as both accept BF16.", "accept BF16"),
    ("", "FP8 is a new format. The A100 supports it too.", "supports it too"),
    ("", "The H100 supports FP8. The L4 supports it too.", ""),
    ("", "With 48 GB you can run Llama 3 70B at full FP16 precision.", "can run"),
    ("", "With 48 GB you can run Llama 3 70B at four bits.", ""),
    ("", "A 1.5B model needs about 6 GB for weights, gradients and Adam states together.", "6 GB"),
    (_THREE, "In memory bandwidth the SXM5 is still the fastest of the three.", "the fastest"),
    (_THREE, "In memory bandwidth the H100 NVL is still the fastest of the three.", ""),
    (_THREE, "The SXM5 has the fastest memory in this round-up.", "the fastest"),
    (_THREE, "The H100 NVL has the fastest memory in this round-up.", ""),
    (_THREE, "MIG is offered only on the H100 SXM5.", "only on"),
    (_THREE, "NVLink is offered only on the H100 PCIe, the H100 SXM5 and the H100 NVL.", ""),
    ("The L40S or the A100?", "If you want to serve, both the L40S and the A100 offer MIG.", "MIG"),
    ("", "Two H100 SXM5 draw less power than two L40S.", "less power"),
    ("", "24 GB are left. At 327,680 bytes a token 24 GB hold 73,000 tokens of Llama 3 70B.", ""),
    ("", "The Tesla P40 takes an EPS 8-pin, the CPU kind.", ""),
    ("", "A Tesla P40 that idles with a model loaded draws about 50 W.", ""),
    ("", "Can I mix the MI50 with NVIDIA cards? With Vulkan, yes. With CUDA, obviously not.", ""),
    ("", "Count on 16 bytes per parameter. A 3B model needs 48 GB, or 8-bit optimisers.", ""),
    ("", "A V100 does 7.8 TFLOPS in FP64. An A100 manages 9.7 without tensor cores, only 24% more.", ""),
]  # fmt: skip


@pytest.mark.parametrize(("before", "text", "wrong"), STATED)
def test_a_statement_is_held_against_what_is_told_and_what_is_on_file(before, text, wrong):
    found = corpus.accused(f"# On cards\n\n{before}\n\n{text}\n")
    assert [each for each in found if wrong and wrong in each] or not (wrong or found)
