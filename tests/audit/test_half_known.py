"""Pages of comparisons: a card that nobody has on file, names before each value, items that name two."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

#: Values around their names, of two cards only one of which is on file.
HALF = """NVIDIA GeForce RTX 3080 vs NVIDIA GeForce GTX 295

{} MHz
Base Clock
576 MHz
1710 MHz
Boost Clock
-
10GB
Memory Size
896MB
320bit
Memory Bus
448bit
760.3GB/s
Bandwidth
111.9GB/s
8704
Shading Units
240
{}W
TDP
289W
68
SM Count
30
"""
#: A name before each of two values, and other values of the same name further down.
AGAIN = """NVIDIA GeForce RTX 4080 vs AMD Radeon RX 7900 XTX
9728 Shaders
16GB GDDR6X
6144 Shaders
24GB GDDR6
FP32
48.74 TFLOPS
FP32
61.39 TFLOPS
TDP
{}W
TDP
355W
FP16
48.74 TFLOPS
194.9 TFLOPS
Tensor (FP16 Accumulate)
389.9 TFLOPS
Tensor (FP16 Accumulate) Sparse
97.5 TFLOPS
Tensor (FP32 Accumulate)
194.9 TFLOPS
Tensor (FP32 Accumulate) Sparse
FP16
122.8 TFLOPS
-
-
"""
ITEMS = """1. Volta (V100)
- Released: 2017
2. Ampere (A100, A800)
- Released: 2020
"""
RANGES = """| Model | FP16 | Q4 |
|---|---|---|
| 1-3B | 2-6 GB | 1-2 GB |
| 70B | {} GB | 40 GB |
"""
LINK = """| GPU | Memory | Bandwidth |
|---|---|---|
| RTX 4090 | 24 GB | {} GB/s (VRAM), 64 GB/s (PCIe 5.0) |
| RTX 3090 | 24 GB | 936 GB/s (VRAM), 32 GB/s (PCIe 4.0) |
"""
OF_CARD = """| Model | RTX 4090 (24 GB) | M2 Ultra (192GB) |
|---|---|---|
| Llama 3.3 70B at FP16, one request | - | {} t/s |
"""


@pytest.mark.parametrize(
    ("text", "right", "wrong", "quotes"),
    [
        (HALF, ("1440", "320"), ("1440", "450"), ["450W"]),
        (AGAIN, ("320",), ("520",), ["520W"]),
        (ITEMS, (), (), []),
        (RANGES, ("140",), ("14",), ["14 GB"]),
        (LINK, ("1,008",), ("1,555",), ["1,555 GB/s"]),
        (OF_CARD, ("5.6",), ("9.9",), ["9.9 t/s"]),
    ],
)
def test_what_a_page_states_of_a_card(text, right, wrong, quotes):
    for values, accused in ((right, []), (wrong, quotes)):
        found = audited(text.format(*values).encode(), "a.md", catalogue(), corpus.TODAY)
        assert [each.quote for each in found.accusations] == accused


def test_a_card_beside_one_that_is_not_on_file_is_read():
    found = audited(HALF.format("1440", "320").encode(), "a.txt", catalogue(), corpus.TODAY)
    assert sum(each.verdict == "confirmed" for each in found.findings) >= 7
