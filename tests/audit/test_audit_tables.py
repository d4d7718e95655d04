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
OF_SECOND = """# L4 against T4

| | L4 | T4 | Difference |
|---|---|---|---|
| VRAM | 24GB | 16GB | +50% |
| CUDA cores | 7,424 | 2,560 | +190% |
| Tensor cores | 232 | 320 | -28% |
| FP32 | 30.3 TFLOPS | 8.1 TFLOPS | +274% |
| FP16 | 121 TFLOPS | 65 TFLOPS | +86% |
| TDP | 72W | 70W | +3% |
"""
RANGES = """# Which GPU

The H100 is the most expensive option, but for big jobs it is fine. It comes with 80 GB of HBM3.

| | A100-40GB | A100-80GB | H100 PCIe | H100 SXM | L40S |
|---|---|---|---|---|---|
| VRAM | 40 GB HBM2 | 80 GB HBM2e | 80 GB HBM2e | 80 GB HBM3 | 48 GB GDDR6 |
| Cloud $/hr | $1.50-3.10 | $2.00-3.90 | $2.90-4.20 | $3.00-4.90 | $0.80-1.50 |

The H100 runs on Hopper and comes with 80 GB of HBM3.
"""
LAPTOPS = """# Laptop GPUs

| GPU | CUDA cores | Memory | TGP |
|---|---|---|---|
| RTX 5090 | 10,496 | 24 GB | 175 W |
| RTX 5080 | 7,680 | 12 GB | 175 W |
| RTX 5070 Ti | 5,888 | 12 GB | 140 W |
| RTX 5070 | 4,608 | 8 GB | 115 W |
"""
LAPTOPS_BESIDE = """# Laptop or desktop

| GPU | CUDA cores | Memory | Power |
|---|---|---|---|
| RTX 4090 | 16,384 | 24 GB | 450 W |
| RTX 4080 | 9,728 | 16 GB | 320 W |
| RTX 4090 Laptop | 9,728 | 12 GB | 150 W |
"""
BOARDS = """| System | GPUs | GPU memory | Bandwidth |
|---|---|---|---|
| HGX H100 | 8x H100 | 640 GB | 26.8 TB/s |
| HGX H200 | 8x H200 | 1,410 GB | 38.4 TB/s |
| HGX B200 | 8x B200 | 1,440 GB | 64 TB/s |
"""
BOARDS_ALONE = """# Systems

| System | GPU memory | Bandwidth |
|---|---|---|
| HGX H100 | 640 GB | 26.8 TB/s |
| HGX H200 | 1,410 GB | 38.4 TB/s |
| HGX B200 | 1,440 GB | 64 TB/s |
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


SERVERS = """| Server | GPUs | GPU memory (GB) | Instance memory (GiB) | Memory per GPU |
|---|---|---|---|---|
| one | 8 x A10G | 192 | 768 | 24 GB |
| two | 4 x A10G | 192 | 192 | 24 GB |
| three | 8 x L40S | 384 | 1536 | 48 GB |
"""
SEVERAL = """| GPU | Memory | Power | FP16 tensor (dense / sparse) |
|---|---|---|---|
| V100 | 16 or 32 GB HBM2 | 250 / 300 W | 125 |
| A30 | 24 GB | 165 W | 165 / 330 |
| A10 | 24 GB | 150 W | 125 / 250 |
| A40 | 48 GB | 275 W | 149.7 / 299.4 |
"""
BRACKETS = """| | L40S | H100 PCIe |
|---|---|---|
| FP8 | 733 TF (1,466 TF sparse) | 1,513 TF (3,026 TF sparse) |
| Interconnect | - | NVLink: 600GB/s PCIe Gen5: 128GB/s |
| Form factor | PCIe dual-slot | SXM |
"""
DOTTED = """Intel cards

Arc A770
Memory size ......... 16 GB
Memory type ......... GDDR6
Memory bandwidth .... 560 GB/s

Arc B580
Memory size ......... 16 GB
Memory type ......... GDDR6
Memory bandwidth .... 456 GB/s
"""
COLONS = """RTX 4090:   24GB / 1008 GB/s / 450W / 16384 cores
RTX A5000:  24GB / 768 GB/s / 230W / 10752 cores
T4:         16GB / 320 GB/s / 70W / 2560 cores
"""
NARROWER = """<table><tr><th></th><th>HGX H100</th><th>HGX H200</th><th>HGX B200</th></tr>
<tr><td>GPUs</td><td>8x H100 SXM</td><td>8x H200 SXM</td><td>8x B200 SXM</td></tr>
<tr><td>Total GPU memory</td><td>640 GB</td><td>1.1 TB</td><td>1.2 TB</td></tr>
<tr><td>FP8<sup>1</sup></td><td>32 PFLOPS</td><td>32 PFLOPS</td><td>72 PFLOPS</td></tr>
<tr><td>FP32<sup>2</sup></td><td>536 TFLOPS</td><td>536 TFLOPS</td><td>600 TFLOPS</td></tr></table>
<p><sup>1</sup> With sparsity. <sup>2</sup> At boost clock.</p>"""
TERMS = """NVIDIA RTX PRO 6000 Blackwell Workstation Edition
: GPU memory: 96 GB GDDR7
: CUDA cores: 24,064

NVIDIA RTX PRO 4500 Blackwell
: GPU memory: 32 GB GDDR7
: CUDA cores: 10,752
"""
PAGES = """NVIDIA boards for servers and workstations                                                page 3

                     T4              Quadro RTX 8000         TITAN RTX
CUDA cores           2,560           4,608                   4,608
Tensor cores         320             544                     576
Memory               16 GB           48 GB                   24 GB


                     A100 80GB PCIe          A100 80GB SXM
GPU memory           80 GB                   80 GB
Bandwidth            1,935 GB/s              1,935 GB/s
Max power            300 W                   400 W
"""
UNNAMED = """RTX A6000 vs Tesla P40

Memoria

| Tamaño de la memoria | 48 GB | 24 GB |
|---|---|---|
| Bus de la memoria | 384 bit | 384 bit |
| Ancho de banda | 768.0 GB/s | 694.3 GB/s |
| Unidades de shading | 10752 | 3840 |
| Conteo SM | 84 | 30 |

Desempeño

| Desempeño FP32 (flotante) | 38.71 TFLOPS | 11.76 TFLOPS |
|---|---|---|
"""
TWO_LEVELS = """<table><tr><th rowspan=2>GPU</th><th colspan=2>Memory</th></tr>
<tr><th>GB</th><th>GB/s</th></tr>
<tr><td>A10</td><td>24</td><td>600</td></tr><tr><td>L4</td><td>24</td><td>600</td></tr>
<tr><td>A40</td><td>48</td><td>696</td></tr></table>"""
STARRED = """<table><tr><th></th><th>A30</th><th>GH200 (96 GB)</th></tr>
<tr><td>TF32 Tensor Core</td><td>82 TF | 165 TF*</td><td>494 TF | 989 TF*</td></tr>
<tr><td>GPU memory</td><td>24GB HBM2</td><td>96GB HBM2e</td></tr></table><p>* With sparsity</p>"""
MODULES = """| | V100 PCIe | V100 SXM2 |
|---|---|---|
| NVIDIA Volta Architecture-Based CUDA® Cores | 5,120 | 5,376 |
| Interconnect Bandwidth | 32 GB/sec | 300 GB/sec |
"""


@pytest.mark.parametrize(
    ("name", "text", "wrong", "confirmed"),
    [
        ("a.md", SERVERS, ["192"], {"384", "24 GB"}),
        ("a.md", SEVERAL, ["275 W"],
         {"16", "32 GB", "250", "300 W", "165", "330", "125", "149.7", "299.4"}),
        ("a.md", BRACKETS, ["SXM"], {"733 TF", "1,466 TF", "1,513 TF", "3,026 TF", "600GB/s", "PCIe"}),
        ("a.txt", DOTTED, ["16 GB"], {"GDDR6", "16 GB", "560 GB/s", "456 GB/s"}),
        ("a.txt", COLONS, ["10752"], {"24GB", "1008 GB/s", "16384", "2560"}),
        ("a.html", NARROWER, ["1.2 TB"], {"640 GB", "1.1 TB", "32 PFLOPS", "72 PFLOPS", "536 TFLOPS"}),
        ("a.md", TERMS, ["10,752"], {"96 GB", "24,064", "32 GB", "GDDR7"}),
        ("a.txt", PAGES, ["544", "1,935 GB/s"], {"2,560", "576", "48 GB", "1,935 GB/s", "400 W"}),
        ("a.md", UNNAMED, ["694.3 GB/s"], {"48 GB", "10752", "38.71 TFLOPS", "11.76 TFLOPS"}),
        ("a.html", TWO_LEVELS, ["600"], {"24", "600", "696"}),
        ("a.html", STARRED, ["HBM2e"], {"82 TF", "165 TF", "494 TF", "989 TF", "24GB", "96GB"}),
        ("a.md", MODULES, ["5,376"], {"5,120", "300 GB/sec"}),
        ("a.md", "# L4\n\n- FP8: 242 TFLOPS dense / 485 TFLOPS sparse\n- Tensor cores: 240 (3rd Gen)\n",
         ["240", "3rd Gen"], {"242 TFLOPS", "485 TFLOPS"}),
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
        ("a.md", OF_SECOND, [], {"50%", "190%", "-28%", "3%"}),
        ("a.md", RANGES, [], {"HBM3", "80 GB"}),
        ("a.md", LAPTOPS, ["12 GB"], {"10,496", "24 GB", "7,680", "5,888", "4,608"}),
        ("a.md", LAPTOPS_BESIDE, ["12 GB"], {"16,384", "450 W", "9,728", "320 W", "150 W"}),
        ("a.md", BOARDS, ["1,410 GB"], {"640 GB", "26.8 TB/s", "38.4 TB/s", "1,440 GB"}),
        ("a.md", BOARDS_ALONE, ["1,410 GB"], {"640 GB", "26.8 TB/s", "38.4 TB/s", "64 TB/s"}),
    ],
    ids=[
        "servers", "several values", "brackets", "dotted", "colons", "narrower header", "terms", "pages",
        "columns by other tables", "two levels", "starred", "modules", "both ways",
        "groups", "broken", "sizes in names", "a list", "raised marks", "open header", "half a digit",
        "differences", "wrong differences", "wrong sign", "quotients", "two wrong of five", "reverse",
        "wrong share", "a share", "year before", "of the laptop", "modules by their size",
        "shares of the second", "ranges",
        "of laptops", "laptops beside", "boards of eight", "boards without their number",
    ],
)  # fmt: skip
def test_what_a_table_states(name, text, wrong, confirmed):
    found = audited(text.encode(), name, catalogue(), corpus.TODAY)
    assert [each.quote for each in found.accusations] == wrong
    assert confirmed <= {each.quote for each in found.findings if each.verdict == "confirmed"}


def test_a_star_behind_the_unit_of_a_cell_leads_to_its_note():
    """Of a data sheet's columns of text: "989 teraFLOPS*" is a value with sparsity, and no product."""
    from datetime import date

    from whichgpu.audit.answer import audited
    from whichgpu.hardware.catalogue import catalogue

    sheet = (
        "                        H100 SXM            H100 PCIe\n\n"
        "FP32                    67 teraFLOPS        51 teraFLOPS\n\n"
        "TF32 Tensor Core        989 teraFLOPS*      989 teraFLOPS*\n\n"
        "GPU memory              80GB                80GB\n\n"
        "* With sparsity.\n"
    )
    found = audited(sheet.encode(), "a.txt", catalogue(()), date(2026, 11, 20)).findings
    tf32 = {each.subject: each.verdict for each in found if each.attribute == "tf32"}
    assert tf32 == {"h100-80gb-sxm": "confirmed", "h100-80gb-pcie": "contradicted"}


@pytest.mark.parametrize(
    "note", ["* Without sparsity.", "* Dense, i.e. no sparsity; 350 W.", "\\* Rates exclude sparsity."]
)
def test_a_note_on_dense_figures_is_none_on_sparse_ones(note):
    row = "| FP16 tensor core* | 312 TFLOPS | 989 TFLOPS |"
    text = f"| | A100 80GB SXM | H100 SXM |\n|---|---|---|\n{row}\n\n{note}\n"
    verdicts = corpus.verdicts(text)
    assert (verdicts["312 TFLOPS"], verdicts["989 TFLOPS"]) == ("confirmed", "confirmed")


def test_a_header_of_another_width_above_a_rule_begins_the_next_table():
    text = (
        "| GPU | Memory | TDP |\n|---|---|---|\n| L4 | 24 GB | 72 W |\n| A10 | 24 GB | 250 W |\n"
        "| GPU | Memory | Bandwidth | Cores |\n|---|---|---|---|\n| A30 | 24 GB | 933 GB/s | 3,584 |\n"
        "| A40 | 32 GB | 696 GB/s | 10,752 |\n"
    )
    answer = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.quote for each in answer.accusations] == ["250 W", "32 GB"]
    assert sum(each.verdict == "confirmed" for each in answer.findings) == 8
