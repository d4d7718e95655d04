"""What is right by itself stays so behind what a text told before, and what is wrong there is found."""

from __future__ import annotations

from datetime import date

import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

_USED = """# Used cards for a home server

| Card | Memory | Bandwidth | Price | $ per GB |
|---|---|---|---|---|
| Tesla P40 | 24 GB | 347 GB/s | $300 | 12.50 |
| RTX 3090 | 24 GB | 936 GB/s | $780 | 32.50 |
| A10 | 24 GB | 600 GB/s | $1,200 | 50.00 |

"""
_RATIO = """# The cheapest 24 GB

While the M40 has the better ratio, the P40 is the best value, and the RTX 3090 is fast.
Tesla P40 24GB - Full Specs
| GPU Architecture | Pascal (GP102) |
|---|---|
"""
_PAIR = """# Titan RTX or RTX 3090

| | Titan RTX | RTX 3090 |
|---|---|---|
| Memory | 24 GB | 24 GB |
| Price | $600 | $750 |
| ResNet-50 FP16, images/s | 690 | 870 |

"""
_TITLED = """# RTX 4060 Ti 16GB vs RTX 3060 12GB

- **Buy:** RTX 4060 Ti 16GB
- **Cheaper:** RTX 3060 12GB
"""
_RENTED = """# Chips by the hour

| Chip | BF16 TFLOPS | $ per hour |
|---|---|---|
| TPU v6e | 918 | 2.70 |
| H100 SXM | 989 | 3.00 |

Suppose that you fine-tune for 24 hours on 64 chips of v6e. That is 1,536 chip hours, and at $2.70
it comes to $4,147.20.
"""
_LARGE = """# Large memories

| Card | Memory |
|---|---|
| H200 | 141 GB |
| MI300X | 192 GB |

"""
_JOB = """# One job on three generations

| GPU | Sequences/s | USD/hour |
|---|---|---|
| V100 16 GB SXM2 | 42 | 3.06 |
| A100 40 GB SXM4 | 112 | 1.80 |
| H100 80 GB SXM5 | 265 | 2.90 |

"""
_RATES = """# What an hour costs

| Contract | USD per GPU-hour |
|---|---|
| On demand | 3.00 |
| Spot | 1.60 |
| Three-year reservation | 1.95 |

"""
_DESKTOP = """# The RTX 5090 Laptop GPU

The 4090 Laptop has 9,728 CUDA cores where the desktop 4090 has 16,384.
"""
_OF_TWO = """# RTX A6000 vs RTX 6000 Ada

The RTX A6000 and the RTX 6000 Ada are workstation cards.

"""
_NOTEBOOKS = """# Benchmarks of the new notebook GPUs

The GeForce RTX 4090 Laptop GPU leads. Notebooks with it are out from February.

"""
_SHIFTED = """# Accelerators

| V100 | A100 | H100 | L4 | |
|---|---|---|---|---|
| Year | 2017 | 2020 | 2022 | 2023 |
| Memory | 32 GB | 80 GB | 80 GB | 24 GB |
| Bandwidth, GB/s | 900 | 2039 | 3350 | 300 |
"""
_BY_SIZE = """# What fits

| Memory | Inference | Training |
|---|---|---|
| 8 GB | 7B in Q4 | QLoRA on 7B |
| 16 GB | 24B in Q4 | QLoRA on 13B |
"""
_VARIANTS = """# Cards

| Model | Memory | Type | Bandwidth |
|---|---|---|---|
| A100 | 40 GB | HBM2 | 1,555 GB/s |
"""


@pytest.mark.parametrize(
    ("before", "said", "wrong"),
    [
        (_OF_TWO, "Both cards carry 48 GB of GDDR6X.", True),
        (_OF_TWO, "Both cards carry 48 GB of GDDR6.", False),
        (_OF_TWO, "Both cards run FP8 natively.", True),
        (_NOTEBOOKS, "The new RTX 4090 has an AD103 chip with 9,728 CUDA cores and 16 GB.", False),
        (_NOTEBOOKS, "The new RTX 4090 has an AD104 chip with 9,728 CUDA cores and 16 GB.", True),
        (_SHIFTED, "| TFLOPS, FP16 | 125 | 312 | 989 | 121 |", False),
        (_SHIFTED, "| TFLOPS, FP16 | 125 | 312 | 1979 | 121 |", True),
        (_BY_SIZE, "| 80 GB | 70B in Q8 | QLoRA on 70B |", False),
        (_BY_SIZE, "| 80 GB | 70B in FP16 | QLoRA on 70B |", True),
        (_BY_SIZE, "| 24 GB | 34B in Q5 | full fine-tuning of 13B |", True),
        (_VARIANTS, "| H100 | 94 GB | HBM3 | 3.9 TB/s |", False),
        (_VARIANTS, "| H100 | 80 GB | HBM3 | 3.9 TB/s |", True),
        (_USED, "The A10 comes to $50.00 per GB and $2.00 per GB/s, the P40 to $12.50 and $0.86.", False),
        (_USED, "**P40.** llama.cpp yes, vLLM no. The versions I ran want compute capability 7.0.", False),
        (_USED, "**P40.** Its compute capability is 7.0.", True),
        (_USED, "The 3090 draws 350 W. I cap mine at 280 W, 20% less, and lose perhaps 5%.", False),
        (_RATIO, "| CUDA Cores | 3,840 |\n| Memory | 24GB GDDR5 |", False),
        (_RATIO, "| CUDA Cores | 3,584 |\n| Memory | 24GB GDDR5 |", True),
        (_PAIR, "With two 3090s I got 1,670 images/s in ResNet-50 FP16, a scaling of 1.92x.", False),
        (_PAIR, "Half of the 3090's memory chips sit on the back of the board.", False),
        (_PAIR, "At $600 against $750 you'd pay 25% more for 25% to 57% more speed.", False),
        (_PAIR, "A 70B model in 4-bit needs 35 GB for weights, so two cards of either kind will do.", False),
        (_PAIR, "Unlike token generation, the UNet is mostly compute-bound, on the 3090 as well.", False),
        (_PAIR, "Here the wide bus of the 3090 helps. The larger cache of the Titan does less.", False),
        (_PAIR, "| | Mean power |\n|---|---|\n| RTX 3090 | 331 W |\n| Titan RTX | 251 W |", False),
        (_TITLED, "- **Avoid:** the 8GB version of the 4060 Ti. Same chip, half the memory.", False),
        (_RENTED, "On H100s it would take 59.4 cards, so say 60: 1,440 hours at $3.00, or $4,320.", False),
        (_RENTED, "The same compute on H100s would take 60 cards: 1,440 hours at $3.00, or $5,320.", True),
        (_LARGE, "Of everything in my table the H200 has the most memory on a single card.", True),
        (_LARGE, "Of everything in my table the MI300X has the most memory on a single card.", False),
        (_LARGE, "In this comparison, the H200 offers the largest memory.", True),
        (_JOB, "The A100 was 2.67 times as fast as what came before it, and the H100 added to it.", False),
        (_JOB, "The A100 was 2.67 times as fast as the V100, and the H100 added to it.", False),
        (_JOB, "The A100 was 3.67 times as fast as the V100, and the H100 added to it.", True),
        (_RATES, "The three-year reservation has the lowest hourly price of the three.", True),
        (_RATES, "Spot has the lowest hourly price of the three.", False),
        (_DESKTOP, "The 5090 Laptop has 10,496, fewer than half of the 21,760 in the tower version.", False),
    ],
)  # fmt: skip
def test_what_is_said_behind(before: str, said: str, wrong: bool) -> None:
    found = audited((before + said + "\n").encode(), "", catalogue(()), date(2026, 11, 27), "markdown")
    accused = [each.quote for each in found.findings if each.accuses]
    assert bool(accused) is wrong, accused
