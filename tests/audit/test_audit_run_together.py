"""Tables of web pages whose cells ran together or fell apart: what of them is accused, and what is read."""

from __future__ import annotations

import corpus

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

#: Rows of words whose name is in any language, glued to their values.
GLUED = """RTX A4000 vs RTX 4070

Архитектура{} (2020−2025)Ada Lovelace (2022−2025)
GPU code name{}AD104
Boost clock speed1560 MHz2475 MHz
Technologischer Prozess8 nm5 nm
Power consumption (TDP)140 Watt200 Watt
Memory bandwidth448.0 GB/s504.2 GB/s
버스 인터페이스PCIe 4.0 x16PCIe 4.0 x16
Data de lançamento12 de Abril 2021 (4 anos atrás)13 de Abril 2023 (2 anos atrás)
Maximum RAM amount16 GB{}
Tensor Coresno data184
"""
#: A whole table in one line, which a cell of two lines broke; one column is of what is not sold yet.
LINE = """# Preview

Comparison NVIDIA RTX A2000 Nvidia RTX A4000 RTX A4500* Architecture Ampere Ampere Ampere GPU Name GA106 \
GA104 GA102 CUDA Cores / SP 3,328 6,144 {} Boost Clock Rate 1,200 MHz 1,560 MHz ? Clock (Memory): 12 Gbps

eff. Memory 6GB GDDR6 16GB GDDR6 20GB GDDR6 Memory Bandwidth 288 GB/s {} GB/s 900 GB/s \
Required System Power 300W 400W 500W TDP 70W 140W 210W
"""
#: A name that stands again before each value, words too.
AGAIN = """NVIDIA L4 vs NVIDIA A10

NVIDIA L4
NVIDIA A10
Memory
24 GB GDDR6
Memory
24 GB GDDR6
TDP
72 W
TDP
150 W
Chip
AD104
-
Chip
{}
-
Bandwidth
300.1 GB/s
Bandwidth
{} GB/s
"""
#: Cards with a name and its value in turn, then both side by side.
CARDS = """Comparison
Tesla P4
DIE
GP104
VRAM
8 GB
BUS WIDTH
{} bit
TDP
75 W
VS
Tesla T4
DIE
{}
VRAM
16 GB
BUS WIDTH
256 bit
TDP
70 W
"""
#: Every cell with its bar on a line of its own.
BARS = """Instances with their GPUs
Instance type |
GPUs |
GPU memory |
vCPUs |
---|---|---|---|
g5.xlarge |
1 |
24 GiB |
4 |
g5.12xlarge |
{} |
96 GiB |
48 |
"""
#: Marks of a list that lost their text, and a list of values without marks.
LISTS = """The two cards side by side:
-
- A30:
-
- Memory Type: {} (an older version of HBM3)
-
- Memory Bandwidth: 933 GB/s
-
- A10:
-
- Memory Bandwidth: 600 GB/s

The A16 comes with:

4 GPUs

{} GB of memory
"""
#: What is said beside other words than those that a rule looks for.
PROSE = """The RTX 4080 wins by far - 16 GB vs 12 GB of VRAM and more bandwidth - so it holds bigger models.

The RTX 4070 Ti has a TGP of 285 W and draws {} W under load.

The RTX 3080 will launch first, on September 17th.

The A40 is basically an RTX 3090 with GDDR6 modules.

| Card | Die size (mm²) | TDP |
|---|---|---|
| RX 7900 XTX | 300 + 222 | 355 W |
| RX 7800 XT | 200 + 4x 37 | {} W |
"""
#: Names in short and with their sizes, cells with several values, links by generation, in several languages.
SHORT = """The RTX 4070 S (12 GB) comes before the RTX 4080 S.

| Spec | RTX 4070 S | RTX 4080 S (new, per card) |
|---|---|---|
| CUDA cores | 7,168 | {} |
| Memory | 12 GB GDDR6X at 21 Gbps | 16 GB GDDR6X at 23 Gbps |
| Bus | 192-bit and 504 GB/s | 256-bit and {} GB/s |
| Host I/O (PCIe) | Gen4 64 GB/s | Gen4 64 GB/s |

| Module | NVLink generation | Links |
|---|---|---|
| A100 SXM4 80GB | 3rd-gen | NVLink 3 (600 GB/s) |
| H100 SXM5 | {}-gen | NVLink 4 (900 GB/s) |

A100显卡的架构是Ampere。 The RTX 3060 packs 12 GB of {} Gbps GDDR6 memory.
"""
#: Bars whose cells broke their lines.
STREAM = """Ficha técnica
|
RTX 3070 | RTX 3080 |
Chip | Ampere,
GA104 |
Ampere, GA102 |
CUDA cores |
5,888 | {} |
Tensor cores | 184 |
272 |
Bus | 256-bit y 448 GB/s |
320-bit y 760 GB/s |
TGP | {} W |
320 W |
"""
#: A data sheet without marks, each line a name and its value; thousands as they are written in Spanish.
SHEET = """Subsystem of the server
Parameter Value
GPU model NVIDIA A30
TF32 peak (per unit) {} TFLOPS (with sparsity) / 82 TFLOPS (without)
Memory Bandwidth 933 GB/s
Board Power 165 W

La RTX 3080 consume {} vatios, tiene 8.704 n\u00facleos CUDA y llega a 1.710 MHz.
"""
#: Names with their values in lines below what they are of.
UNDER = """Some lists

Memory bandwidth
RTX 3060 360 GB/s
RTX 4080 {} GB/s
RTX 4090 1008 GB/s
"""
#: A sheet that does not say whose it is, with a family in it; makers glued to the names of devices.
GLUED_SHEET = """AMD Instinct MI325X in short

SpecificationDetails
Product FamilyInstinct MI300 Series
Memory256GB HBM3e
Memory Bandwidth{} GB/s
FP32163.4 TFLOPS
TDP1,000 W

| Metric | Instinct MI300XAMD - CDNA 3 | H200 SXMNVIDIA - Hopper |
|---|---|---|
| Memory | 192 GB | {} GB |
"""
PAGES = (
    (UNDER, ("504",), ["504 GB/s"], 2),
    (GLUED_SHEET, ("6,000", "96"), ["96 GB"], 6),
    (SHEET, ("82", "250"), ["82 TFLOPS", "250 vatios"], 4),
    (SHORT, ("9,728", "672", "3rd", "17"), ["9,728", "672 GB/s", "3rd-gen", "17 Gbps"], 12),
    (STREAM, ("8,960", "220"), ["8,960"], 11),
    (GLUED, ("Ampere", "GA106", "16 GB"), ["GA106", "16 GB"], 15),
    (LINE, ("7,168", "384"), ["384 GB/s"], 13),
    (AGAIN, ("GA104", "300.1"), ["GA104", "300.1 GB/s"], 6),
    (CARDS, ("192", "TU102"), ["192 bit", "TU102"], 6),
    (BARS, ("8",), ["8"], 2),
    (LISTS, ("HBM2e", "48"), ["HBM2e", "48 GB"], 2),
    (PROSE, ("300", "363"), ["363 W"], 2),
)


def test_what_a_page_states_as_its_text_was_taken():
    """What is wrong of a page is accused and nothing else, and so much of the rest is read."""
    for page, values, wrong, least in PAGES:
        found = audited(page.format(*values).encode(), "page.md", catalogue(), corpus.TODAY)
        assert [each.quote for each in found.accusations] == wrong, (page[:30], found.accusations)
        assert sum(each.verdict == "confirmed" for each in found.findings) >= least, (page[:30], values)


#: Devices in rows whose values, each with its unit, ran together; types of memory end where numbers begin.
ROWS = """GPU Comparison

GPUMemoryBandwidthTDPGood for
L40S48 GB GDDR6864 GB/s350WServing
H100 PCIe80 GB HBM2e2 TB/s350WServing, 30% dearer
A100 40GB40 GB {}1.6 TB/s400WTraining
H100 SXM80 GB HBM33.35 TB/s700WTraining

CardArchitectureMemoryBandwidth
RTX 4080Ada Lovelace16 GB GDDR6X717 GB/s
RTX 2080 TiTuring11 GB GDDR6{} GB/s
"""


def test_rows_of_devices_end_their_values_by_their_units():
    found = audited(ROWS.format("HBM2", 616).encode(), "a.txt", catalogue(), corpus.TODAY)
    right = {each.quote for each in found.findings if each.verdict == "confirmed"}
    assert {"48 GB", "GDDR6", "864 GB/s", "350W", "HBM2e", "3.35 TB/s", "717 GB/s", "616 GB/s"} <= right
    assert not found.accusations
    found = audited(ROWS.format("HBM2e", 448).encode(), "a.txt", catalogue(), corpus.TODAY)
    assert [each.quote for each in found.accusations] == ["HBM2e", "448 GB/s"]
