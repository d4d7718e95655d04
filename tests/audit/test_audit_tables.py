"""What tables and lists state: which cells are read, and which of them are accused."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

GROUPS = """| | A40 | A100 SXM4 40GB |
|---|---|---|
| **Memory** | | |
| Capacity | 48 GB | 40 GB |
| Type | GDDR6X | HBM2 |
| **Compute (with sparsity)** | | |
| FP32 | 37.4 TFLOPS | 19.5 TFLOPS |
| FP16 | 299.4 TFLOPS | 312 TFLOPS |
| **Made** | | |
| Process | TSMC N7 | TSMC N7 |
| Form factor | single-slot | SXM4 |
| Slots | 2 | - |
| PCI | 3.0 x16 | Gen4 |
"""
BROKEN = """L40S against A40

Data
L40S
A40
Architecture
Ada Lovelace
Turing
Chip
AD102
GA102
CUDA cores
18,176
10,752
Memory
48 GB
48 GB
TDP
350 W
300 W
"""
SIZED = """The A100 as a card

Form
A100 40GB PCIe
A100 80GB PCIe
Memory
40 GB
80 GB
Bandwidth
1,555 GB/s
2,039 GB/s
TDP
250 W
300 W
"""
LISTED = """# MI100 and MI210

## MI210

- Compute units: 104
- Stream processors: 6,656
- Memory: 64 GB HBM2e, 4096-bit
- Bandwidth: 1.6 TB/s
- Form factor: single-slot card

## RTX 3080 10GB

- Memory: 10 GB GDDR6X on 384-bit
- Boost: 1710 MHz
"""
RAISED = """<h1>RTX A4000 and RTX A4500</h1><table><tr><th>Data</th><th>RTX A4000</th><th>RTX A4500</th></tr>
<tr><td>Memory</td><td>16 GB</td><td>20 GB</td></tr>
<tr><td>Tensor performance<sup>1</sup></td><td>153.4 TFLOPS</td><td>94.6 TFLOPS</td></tr>
</table><p><sup>1</sup> With the sparsity feature.</p>"""
OPEN = """| GPU | BW (TB/s) | Released |
|---|---|---|
| MI300X | 5.3 | December 6, 2023 |
| MI325X | 6.0 | October 2024 |
| H100 SXM | 3.35 | 2022 |
| A100 SXM 80GB | 2.04 | 2020 |
| H200 SXM | 3.9 | 2024 |
| RTX 3090 | 0.94 | September 24, 2021 |
"""
DIFFER = """| Feature | RTX 4080 | RTX 3080 10GB | Difference |
|---|---|---|---|
| CUDA cores | 9,728 | 8,704 | +12% |
| Boost clock | 2,505 MHz | 1,710 MHz | +46% |
| FP32 | 48.7 TFLOPS | 29.8 TFLOPS | +63% |
| Transistors | 45.9 billion | 28.3 billion | +62% |
| Memory | 16 GB | 10 GB | {} |
| Bandwidth | {} | 760 GB/s | {} |
| L2 cache | 64 MB | 5 MB | 12.8x |
| Launch price | $1,199 | $699 | ${} |
"""
QUOTIENTS = """| Card | GB/s | EUR | GB/s per EUR |
|---|---|---|---|
| P40 | 346 | 180 | 1.92 |
| T4 | 320 | 400 | 0.80 |
| A2 | 200 | 250 | 1.25 |
| RTX 3060 12GB | 360 | 200 | 1.80 |
| RTX 3090 | 936 | 700 | {} |
"""
TURNED = """| Model | Seconds per image | Images per hour |
|---|---|---|
| A | 36 | 100 |
| B | 12 | 300 |
| C | 8 | 540 |
| D | 4 | 900 |
| E | 3 | 1,200 |
"""


@pytest.mark.parametrize(
    ("name", "text", "wrong", "confirmed"),
    [
        ("a.md", GROUPS, ["GDDR6X", "312 TFLOPS", "TSMC N7", "single-slot", "3.0 x16"], {"48 GB", "2"}),
        ("a.txt", BROKEN, ["Turing"], {"Ada Lovelace", "AD102", "GA102", "18,176"}),
        ("a.txt", SIZED, ["2,039 GB/s"], {"40 GB", "80 GB", "1,555 GB/s", "250 W"}),
        ("a.md", LISTED, ["single-slot", "384-bit"], {"104", "64 GB", "4096-bit", "1.6 TB/s", "1710 MHz"}),
        ("a.html", RAISED, ["94.6 TFLOPS"], {"153.4 TFLOPS"}),
        ("a.md", OPEN, ["3.9", "2021"], {"5.3", "6.0", "3.35", "2.04", "0.94"}),
        # NVIDIA's FP64 of 33.5 is 34, its FP32 of 66.9 no 68.
        ("a.md", "# H100\n\n- H100 SXM FP64: 34 TFLOPS\n- H100 SXM FP32: 68 TFLOPS\n",
         ["68 TFLOPS"], {"34 TFLOPS"}),
        ("a.md", DIFFER.format("+60%", "717 GB/s", "-6%", 500), [], {"12%", "46%", "60%", "$500"}),
        # Of the larger one, of more, by too little, and an amount for a rate.
        ("a.md", DIFFER.format("+38%", "717 GB", "+6%", 400), ["38%", "717 GB", "$400"], {"12%", "46%"}),
        ("a.md", DIFFER.format("+60%", "717 GB/s", "+6%", 500), ["6%"], {"12%", "46%"}),
        ("a.md", QUOTIENTS.format("1.34"), ["1.25"], {"1.92", "0.80", "1.34"}),
        ("a.md", QUOTIENTS.format("2.06"), ["1.25", "2.06"], {"1.92", "0.80"}),
        ("a.md", TURNED, ["540"], set()),
        ("a.md", "# A10 vs L4\n\n- 45% more pipelines: 9216 vs 7424\n", ["45%"], set()),
        ("a.md", "# A10 vs L4\n\n- 24% more pipelines: 9216 vs 7424\n", [], {"24%"}),
        ("a.md", "| | Released |\n|---|---|\n| RTX 4070 Ti | 2022 |\n| RTX 4090 | 2021 |\n", ["2021"], set()),
        ("a.md", "The laptop version of the RTX 4080 has 7,424 CUDA cores.", [], {"7,424"}),
        ("a.md", "# A100\n\nThe 80 GB module has 31% more bandwidth than the 40 GB one.\n", [], set()),
    ],
    ids=[
        "groups", "broken", "sizes in names", "a list", "raised marks", "open header", "half a digit",
        "differences", "wrong differences", "wrong sign", "quotients", "two wrong of five", "reverse",
        "wrong share", "a share", "year before", "of the laptop", "modules by their size",
    ],
)  # fmt: skip
def test_what_a_table_states(name, text, wrong, confirmed):
    found = audited(text.encode(), name, catalogue(), corpus.TODAY)
    assert [each.quote for each in found.accusations] == wrong
    assert confirmed <= {each.quote for each in found.findings if each.verdict == "confirmed"}
