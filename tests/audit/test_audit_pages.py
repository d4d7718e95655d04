"""Small pages of tables, lists and metadata: what of them is accused."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

TABLED = """---
title: Cards
datePublished: {day}
---

| GPU Model | Key Features | Suggested power supply | FP16 performance |
| --- | --- | --- | --- |
| NVIDIA H100 SXM5 | {memory} HBM3, MIG | 1,200 W | 1,979 TFLOPS |
| NVIDIA L40S | 48 GB GDDR6, 864 GB/s, no NVLink | 750 W | 733 TFLOPS |

All figures are {said} sparsity. The upcoming B200 is next.
"""


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({}, []),
        ({"memory": "141 GB"}, ["141 GB"]),
        ({"said": "without"}, ["1,979 TFLOPS", "733 TFLOPS"]),
    ],
)
def test_what_a_page_says_of_its_tables(changed, wrong):
    page = TABLED.format(**{"day": "2023-11-30T09:10:15.267Z", "memory": "80 GB", "said": "with"} | changed)
    found = audited(page.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.stated for each in found.accusations] == wrong
    assert found.document.written[:4] in page


MONTHLY = """# Prices an hour

Rents begin at $0.22/hr as of May.

| GPU | VRAM | Spot/hr | On-Demand/hr | Monthly | Annual |
|---|---|---|---|---|---|
| RTX 3090 | 24GB | $0.22 | $0.39 | $160 | $1,920 |
| H100 SXM | 80GB | $2.69 | $4.76 | $1,964 | $23,568 |
"""
UNRULED = """Tesla T4 vs V100 PCIe 16 GB
Architektur | Turing | Volta |
Anzahl der Transistoren | 13,600 million | 21,100 million |
Leistungsaufnahme (TDP) | 100 Watt | 250 Watt |
Speichertyp | GDDR6 | HBM2 |
Bandbreite | 320.0 GB/s | 897.0 GB/s |
Tensor Cores | 320 | 640 |
Bus-Schnittstelle | PCIe 3.0 x16 | PCIe 3.0 x16 |
"""
LAPTOPS = """# RTX 4080 against RTX 4090

This article compares the two GPUs in laptop configurations.

- RTX 4080: 7424 CUDA cores, 12 GB of memory
- RTX 4090: 16,384 CUDA cores, 16 GB of memory
"""
FROZEN = """# Fine-tuning

| Model | NF4 base | Adapter |
|---|---|---|
| Llama 3.1 8B | 4.6 GB | 0.13 GB |
| Llama 3.1 70B | 18.9 GB | 0.84 GB |
"""
USES = """# Cards

| GPU | VRAM | Best for |
|---|---|---|
| RTX 4090 | 24 GB | Handles 70B q4 LLMs, SDXL |
| RTX 4080 | 16 GB | 13B q4 LLMs; 70B at q4 with partial CPU offload |
"""
RIVALS = """The MI300X has 192GB of HBM3 and 5.3 TB/s of bandwidth.
The H100 has 80GB of HBM3 and 3.35 TB/s of bandwidth.
The MI300X has 2.66 times the memory bandwidth of the H100.
"""


LINKS = """# H100

Variant | Memory bandwidth | GPU-to-GPU bandwidth |
H100 PCIe 80GB | ~2.0 TB/s | PCIe Gen5 |
H100 SXM5 80GB | ~2.0 TB/s | 900 GB/s via NVLink |
H100 NVL 94GB | ~3.9 TB/s | 600 GB/s between paired GPUs |
"""
NO_SUCH_CARD = """Radeon RX 7600 and GeForce RTX 4080 Ti - video card comparison
Radeon RX 7600
GeForce RTX 4080 Ti
Pipelines / CUDA cores
2048
14080
Power consumption (TDP)
165 Watt
400 Watt
Memory bus width
128 Bit
256 Bit
"""
EACH_AGAIN = """NVIDIA B200 vs AMD Instinct MI300X

NVIDIA B200
AMD Instinct MI300X
18944 Shaders
192GB HBM3e
19456 Shaders
192GB HBM3
Peak AI Performance
18 PFLOPS
FP4 Tensor Sparse
FP32
75 TFLOPS
FP32
163.4 TFLOPS
FP16
150 TFLOPS
FP16
163.4 TFLOPS
TDP
1000W
TDP
560W
"""
SLASHES = """| GPU | FP16 Tensor (dense / sparse) | Link |
|---|---|---|
| A100 80GB SXM4 | 312 / 624 TFLOPS | NVLink, 600 GB/s |
| H100 PCIe | 989 / 1,979 TFLOPS | NVLink, 600 GB/s |
"""
LISTED = """For Llama 3.1 8B on an A100:

- Throughput: ~3000-6000 tokens/sec.
- A100 cost: ~$1-1.50/hr.
- Cost per 1M tokens: $0.50-0.90.

Over 10,000 H100s:

- Annual energy: 11.83 MW x 8,760 hours = 103.6 GWh
- Annual electricity cost at $0.08/kWh: $8.3 M
"""
CACHED = """## The KV cache is your memory budget

For Llama 3 8B at fp16, with 32 layers and 8 KV heads:

- At 2K context: ~1.0 GB
- At 8K context: ~1.1 GB
"""
PRICED = """An H100 rents at $2.00 per GPU-hour, an H200 at $2.60 per GPU-hour.

| Model | GPU | Approx TPS | Cost per 1M tokens |
|---|---|---|---|
| 70B dense | 1x H100 | ~85 | ~$6.54 |
| 70B dense | 1x H200 | ~140 | ~$1.56 |
| 7B dense | 1x H100 | ~400 | ~$1.39 |
"""
LABELLED = """## Prices

- RunPod: $2.69/hour
- Lambda Labs: $3.78/hour
- Vast.AI: $2.95/hour

Lambda Labs costs 2.4 times as much as RunPod. RunPod is 29% cheaper than Lambda Labs.
Vast.AI is cheaper than RunPod. RunPod is the cheapest. Vast.AI is cheaper than Lambda Labs.
If you commit, Lambda Labs is cheaper than RunPod.

| Card | Llama 3 8B (tok/s) | Cost/hr |
|---|---|---|
| RTX 4090 | 128 | $0.34 |
| RTX 3090 | 112 | $0.22 |
| A100 80GB | 138 | $1.19 |

The A100 80GB is the fastest. The RTX 3090 is faster than the RTX 4090.
The A100 80GB costs 3.5x as much as the RTX 4090. The RTX 4090 is the most expensive.
"""
FITTED = """| Format | Model Size | VRAM (4K context) | Fits On |
|---|---|---|---|
| FP16 | 93 GB | ~96 GB | 2x RTX 5090 or 4x RTX 3090 |
| INT8 | 48 GB | ~51 GB | 2x RTX 3090 or RTX 5090 + RTX 3090 |
| 4-bit | 27 GB | ~30 GB | RTX 5090 (32 GB) |

| GPU | FP16 (tok/s) | 4-bit (tok/s) |
|---|---|---|
| RTX 5090 | N/A | 38 |
"""
BUNDLED = """| Model | GPUs | Total $/hr | Batch tok/s | $/1M tokens |
|---|---|---|---|---|
| Llama 3 70B | 4 | $8.84 | 2,400 | $1.46 |
"""


COMPARED = """# T4 vs L4

| | T4 | L4 | Winner |
|--|--|--|--|
| Bandwidth | 320 GB/s | 300 GB/s | L4 |
| Memory | 16 GB | 24 GB | L4 |

BF16 works on both. AV1 encoding? Only the L4 has it. MIG? Both support it.

| Model | FP16 weights | T4 | L4 |
|--|--|--|--|
| Llama 2 13B | 26 GB | no | yes |
| Llama 2 7B | 13 GB | tight | yes |
"""
SCALED = """# Training on the A100

| Number of A100s | Samples/s |
| --- | --- |
| 1 | 385.2 |
| 2 | 770.4 |
| 4 | 1540.8 |
| 8 | 3081.6 |

| GPUs | Tokens per second |
| --- | --- |
| 1x | 61,000 |
| 4x | 262,300 |
"""
PER_JOB = """| GPU | Images per minute | GPUs needed | Cost per minute of all | Cost per hour |
|---|---|---|---|---|
| L40S | 20 | 30 | $0.50 | $30 |
| A100 | 24 | 25 | $0.75 | $1,125 |
"""


@pytest.mark.parametrize(
    ("text", "accused"),
    [
        (CACHED, ["1.0 GB"]),
        (PRICED, ["1.56"]),
        (PRICED.replace("1.56", "5.16"), []),
        (BUNDLED, []),
        (FITTED, ["RTX 5090", "RTX 3090"]),
        (LABELLED, ["2.4 times", "cheaper", "faster", "RTX 4090"]),
        (LISTED, []),
        (LISTED.replace("$0.50-0.90", "$0.05-0.14"), []),
        (NO_SUCH_CARD, []),
        (EACH_AGAIN, ["560W"]),
        (SLASHES, ["989", "1,979 TFLOPS"]),
        (LINKS, ["2.0 TB/s"]),
        (MONTHLY, []),
        (UNRULED, ["100 Watt"]),
        (LAPTOPS, ["16,384"]),
        (FROZEN, ["18.9 GB"]),
        (USES, ["Handles 70B q4 LLMs"]),
        (RIVALS, ["2.66 times"]),
        (
            "| Mistake | Paid | Needed | Wasted |\n|---|---|---|---|\n| Idle node | $9,677 | $86 | $9,591 |\n"
            "| Flat rate | $17,600 | $5,920 | $11,680 |\n| Slow card | $3,320 | $2,080 | $2,140 |\n",
            ["$2,140"],
        ),
        (
            "| Setup | GPU-hours | Rate | Bill |\n|---|---|---|---|\n| Owned | 402 | $1.60 | $643 |\n"
            "| Spot | 448 | $0.64 | $287 |\n| Reserved | 390 | $1.05 | $490 |\n"
            "| Node | 64 | $2.00 | $128 |\n",
            ["$490"],
        ),
        (
            "| Model | BF16 | INT8 | 4-bit |\n|---|---|---|---|\n"
            "| Phi-3 mini 3.8B | 7.6 GB | 3.8 GB | 1.9 GB |\n"
            "| Gemma 2 9B | 18.5 GB | 9.2 GB | 2.2 GB |\n| Qwen2.5 14B | 29.5 GB | 14.8 GB | 7.4 GB |\n",
            ["2.2 GB"],
        ),
        (
            "| Format | Bytes/param | Llama 8B | Llama 70B |\n|---|---|---|---|\n"
            "| fp32 | 4 | 32 GB | 140 GB |\n"
            "| fp16 / bf16 | 2 | 16 GB | 141 GB |\n| int8 | 1 | 18 GB | 70 GB |\n"
            "| Q4 | 0.5 | 4 GB | 35 GB |\n"
            "| Q4_K_M | 0.56 | 4.5 GB | 40 GB |\n",
            ["140 GB", "18 GB"],
        ),
        (
            "| Part | FP32 | BF16 |\n|---|---|---|\n| Parameters | 28 GB | 14 GB |\n"
            "| Gradients | 28 GB | 14 GB |\n"
            "| Adam | 56 GB | 56 GB |\n| Total | 192 GB | 84 GB |\n\n- API: $28,500 (36% of total)\n"
            "- Storage: $2,400\n- GPU: 2 x $6,000 = $12,000\n- Total: $42,900/month\n\nOr:\n\n- Board: $180\n"
            "- PSU: $140\n- Card: $750\n- Total: $1,270\n",
            ["192 GB", "36", "$1,270"],
        ),
        (
            "| Machine | Power | 24/7 monthly cost |\n|---|---|---|\n| A | 700-800W | ~$175 |\n"
            "| B | 550 W | ~$55 |\n"
            "| C | 375 W | $40 |\n| D | 650-700W | $70 |\n| E | 80 W | $8.50 |\n\n## KV cache\n\n"
            "| Context | 1 user | 8 users |\n|---|---|---|\n| 4K | 1.3 GB | 10.7 GB |\n"
            "| 16K | 8.4 GB | 43 GB |\n"
            "| 32K | 10.7 GB | 86 GB |\n| 128K | 42.9 GB | 343 GB |\n",
            ["$175", "8.4 GB"],
        ),
        (
            "| Way | Rate | Savings vs on-demand |\n|---|---|---|\n| On demand | $2.23/hr | Baseline |\n"
            "| Reserved | $1.79/hr | -20% |\n| Spot | $1.49/hr | -53%* |\n\n| Model | $/M | vs A |\n"
            "|---|---|---|\n"
            "| A | $10.00 | - |\n| B | $0.60 | 16.7x cheaper |\n| C | $2.00 | 8x cheaper |\n",
            ["-53%", "8x"],
        ),
        (
            "| Metric | A100 | H100 | Delta |\n|---|---|---|---|\n| Epoch | 42 hours | 14 hours | 3x |\n"
            "| Tokens | 18,000 | 52,000 | 3.9x |\n\n| GPU | TDP (W) | 8-GPU node (W) |\n|---|---|---|\n"
            "| A | 700 | 5,600 |\n| B | 750 | 6,500 |\n| C | 1,000 | 8,000 |\n| D | 1,400 | 11,200 |\n\n"
            "| GPU | $/hour | $/TFLOP/hr |\n|---|---|---|\n| A100 | $1.19 | $0.061 |\n"
            "| H100 | $1.99 | $0.033 |\n",
            ["3.9x", "6,500"],
        ),
        (
            "- RTX 4090: 14 s per image\n- RTX 5090: 8.8 s per image\n\n"
            "So a 5090 cranks out about 9.8 images per minute, and a 4090 about 4.3.\n",
            # 60 s over 8.8 s are 6.8.
            ["9.8 images per minute"],
        ),
        (
            "| GPU | Tokens per second |\n|---|---|\n| A10G | 33 |\n| A100 80GB SXM | 105 |\n"
            "| H100 SXM | 160 |\n\n"
            "The H100 is roughly 2.5 times as fast as the A100. The A100 is 3.2 times as fast as the A10G.\n",
            ["2.5 times"],
        ),
        (
            "| GPU | Speed (tokens/s) | Price/h |\n|---|---|---|\n| L4 | 62 | $0.71 |\n"
            "| H100 | 290 | $3.99 |\n\n"
            "On H100s it would be 172 GPU-hours or $488. Three L4s are $2.13 per hour.\n",
            [],
        ),
        (
            "| L40S | tokens/s | Speedup | Efficiency |\n|---|---|---|---|\n| 1 | 780 | 1.0 | 100% |\n"
            "| 2 | 1,530 | 2.46 | 98% |\n| 4 | 2,980 | 3.82 | 86% |\n",
            ["2.46", "86%"],
        ),
        (
            "| GPUs | RTX 4090 images/min | RTX 3090 images/min |\n|---|---|---|\n| 1 | 11.5 | 7.0 |\n"
            "| 4 | 45.3 | 27.2 |\n| 8 | 106.8 | 54.0 |\n\n"
            "The RTX 4090 is 1.65 times as fast as the RTX 3090. "
            "The RTX 4090 is 2.8 times as fast as the 3090.\n",
            ["106.8", "2.8 times"],
        ),
        (
            "The cloud lists the H100 SXM at $2.00 per GPU-hour.\n\n"
            "An H100 kept for a month of 730 hours costs "
            "$14,600.\n\nAn H100 kept for 100 hours costs $200, and one to keep costs $30,000.\n",
            [],
        ),
        (COMPARED, ["yes"]),
        (SCALED, ["3081.6", "262,300"]),
        (PER_JOB, ["$1,125"]),
    ],
    ids=[
        "caches in a list",
        "prices of tokens",
        "prices of tokens put right",
        "a price of tokens at some load",
        "rows by their names",
        "cards for a need",
        "a list",
        "a list put right",
        "no such card",
        "each name again",
        "slashes",
        "links",
        "months",
        "no rule",
        "laptops",
        "frozen weights",
        "uses",
        "own figures",
        "paid less needed",
        "hours times rates",
        "formats",
        "formats by row",
        "totals",
        "multiples",
        "savings",
        "compared",
        "times told before",
        "compared by device",
        "rents of a table",
        "speedups",
        "numbers of gpus down",
        "rent told before",
        "two cards",
        "scaling",
        "prices of all",
    ],
)
def test_a_small_page(text, accused):
    """`months` are no hours, and `own figures` are those that the text itself states."""
    name = "a.txt" if text in (UNRULED, NO_SUCH_CARD, EACH_AGAIN) else "a.md"
    found = audited(text.encode(), name, catalogue(), corpus.TODAY)
    assert [each.quote for each in found.accusations] == accused


TWO = """# H100 NVL vs H200 NVL

### H100 NVL
- **Memory:** 80 GB HBM3
- **Bandwidth:** 3.9 TB/s

### H200 NVL
- **Memory:** 141 GB HBM3e
- **Bandwidth:** 8 TB/s

**RTX A4500**

- Based on the GA104

| | H100 NVL | H200 NVL |
|---|---|---|
| Bandwidth (GB/s) | 3,900 | 4,800 |
| TDP (W) | 400 | 600 |
| GB/s per W | 9.75 | 12.1 |

Throughput in images/s:

| Model | Batch | H100 NVL | H200 NVL |
|---|---|---|---|
| A | 1 | 31.2 | 58.9 |
| A | 8 | 38.4 | 74.1 |
| B | 1 | 15.6 | 29.45 |
| B | 8 | 19.2 | 37.05 |

| GPUs | H100 NVL (tokens/s) | H200 NVL (tokens/s) |
|---|---|---|
| 1 | 2,450 | 3,310 |
| 2 | 4,900 | 6,620 |
| 4 | - | 13,240 |
"""


def test_a_comparison_of_lists_and_tables():
    """The mark of a list is no missing value; rows that are made of others were not measured."""
    found = audited(TWO.encode(), "a.md", catalogue(), corpus.TODAY)
    wrong = ["80 GB", "8 TB/s", "GA104", "12.1", "29.45", "37.05", "4,900", "13,240"]
    assert [each.quote for each in found.accusations] == wrong


SPEEDS = """# A100 and H100

Tokens per second in training:

| GPUs | A100 80GB | H100 SXM |
|---|---|---|
| 4 | 12,900 | 29,100 |
| 8 | {eight} | 56,300 |

The H100 comes out {times} times as fast as the A100. With 8 users that is {each} tokens per second for each \
on the A100 and 7,038 on the H100. On eight cards the H100 leads by a factor of {factor}.
"""


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({}, []),
        ({"eight": "27,900", "each": "3,488", "factor": "2.0"}, ["27,900"]),
        ({"times": "3.2"}, ["3.2 times"]),
        ({"each": "4,100"}, []),
        ({"factor": "3.1"}, ["3.1"]),
    ],
)
def test_what_is_said_of_a_table_of_speeds_above(changed, wrong):
    page = SPEEDS.format(**{"eight": "25,100", "times": "2.2", "each": "3,138", "factor": "2.2"} | changed)
    found = audited(page.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.stated for each in found.accusations] == wrong


def test_a_line_that_is_nothing_but_a_name_heads_its_list():
    page = """# RTX A6000 or L40S

**NVIDIA RTX A6000**

- 48 GB GDDR6, 960 GB/s

**NVIDIA L40S:**

- 18,176 CUDA cores, 864 GB/s
"""
    found = audited(page.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.stated for each in found.accusations] == ["960 GB/s"]


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("At batch 64 the A100 delivers 1.44 times the tokens of the RTX 4090.", []),
        ("At batch 64 the A100 delivers 2.5 times the tokens of the RTX 4090.", ["2.5 times"]),
        ("The RTX 4090 is 21 % faster than the L40S at batch 1.", []),
        ("The L40S beats the RTX 4090 at batch 64.", ["beats"]),
        ("The A100 is 2.5 times as fast as the RTX 4090 in Blender.", []),
    ],
)
def test_what_is_said_of_the_columns_of_a_table(said, wrong):
    page = f"""# Measured

| GPU | Llama 3.1 8B FP16, batch 1 (tok/s) | batch 64 (tok/s) |
|---|---|---|
| RTX 4090 | 58 | 2,700 |
| L40S | 48 | 2,400 |
| A100 80GB SXM | 95 | 3,900 |

{said}
"""
    found = audited(page.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.stated for each in found.accusations] == wrong


def test_rates_of_one_request_in_tables_of_records():
    """The model, the format and the batch stand in cells of their own, or above the table."""
    page = """| GPU | Model | Precision | Batch | Tokens/s |
|---|---|---|---|---|
| L4 | Llama 3.1 8B | FP16 | 1 | 17 |
| A10 | Llama 3.1 8B | FP16 | 1 | 95 |
| L40S | Llama 3.1 8B | FP16 | 64 | 2460 |

## Single stream, Qwen2.5-32B, tokens/s

| GPU | FP16 | INT4 |
|---|---|---|
| A100 80GB SXM | 26 | 75 |
| H200 | 60 | 420 |
"""
    found = audited(page.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.stated for each in found.accusations] == ["95", "420"]


def test_what_was_not_measured_is_not_denied():
    page = """<table><caption>Single stream, Qwen2.5-32B, tokens/s</caption>
<tr><th>GPU</th><th>FP16</th><th>INT4</th></tr>
<tr><td>A100 80GB SXM</td><td>26</td><td>75</td></tr>
<tr><td>RTX 6000 Ada</td><td>n/a</td><td>40</td></tr></table>"""
    assert not audited(page.encode(), "a.html", catalogue(), corpus.TODAY).accusations
