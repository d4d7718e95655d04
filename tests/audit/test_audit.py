"""The auditor: labelled documents, known articles, perturbations, strange input, and every output."""

from __future__ import annotations

import json
import re
from pathlib import Path

import corpus
import perturbations
import pytest

import whichgpu as package
from whichgpu.audit.answer import audited
from whichgpu.audit.readers import LARGEST, read
from whichgpu.hardware.catalogue import catalogue

MB = 2**20
PAGE = Path(__file__).parents[2] / "docs" / "audit.md"
EXAMPLES = (
    b"# Verdicts\n\nThe A10 has 24 GB of GDDR6. The A100 80GB SXM4 has 1,935 GB/s of memory bandwidth. "
    b"Together 8 x 80 GB = 512 GB. The A100 is twice as fast as the A10.\n"
)


def verdicts(text: str, name: str = "a.md") -> dict[str, str]:
    """The verdict of each stated value."""
    found = audited(text.encode(), name, catalogue(), corpus.TODAY)
    return {each.stated: each.verdict for each in found.findings}


@pytest.fixture(scope="module")
def own():
    return corpus.score(corpus.own())


def test_own_documents_keep_the_bar(own):
    assert len(corpus.own()) >= 15
    assert own.precision >= 0.95, own.lines
    assert own.recall >= 0.75, own.lines
    assert own.specifications >= 0.95, own.lines


def test_clean_documents_are_not_accused():
    for case in corpus.own():
        if case.name.startswith("clean"):
            assert not case.audit().accusations


@pytest.mark.skipif(not corpus.ARTICLES.exists(), reason="the known articles are not here")
def test_known_articles_keep_the_bar():
    scores = corpus.score(corpus.articles())
    assert scores.precision >= 0.95, scores.lines
    assert scores.recall >= 0.80, scores.lines
    assert scores.specifications >= 0.95, scores.lines


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
        ({"day": "2025-03-05T09:10:15.267Z"}, ["upcoming"]),
        ({"said": "without"}, ["1,979 TFLOPS", "733 TFLOPS"]),
    ],
)
def test_what_a_page_says_of_its_tables(changed, wrong):
    page = TABLED.format(**{"day": "2023-11-30T09:10:15.267Z", "memory": "80 GB", "said": "with"} | changed)
    found = audited(page.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.stated for each in found.accusations] == wrong
    assert found.document.written[:4] in page


@pytest.mark.parametrize("case", corpus.own(), ids=lambda case: case.name)
def test_places_quote_the_file(case):
    found = case.audit()
    for each in found.findings:
        assert found.document.original[each.start : each.end] == each.quote
    ends = [each.end for each in found.findings]
    assert all(each.start >= end for each, end in zip(found.findings[1:], ends, strict=False))


@pytest.mark.parametrize(
    ("right", "wrong", "stated"),
    [
        ("The A10 has 600 GB/s of bandwidth.", "The A10 has 700 GB/s of bandwidth.", "700 GB/s"),
        ("The A10 has 600 GB/s of bandwidth.", "The A10 has 600 GiB/s of bandwidth.", "600 GiB/s"),
        ("The A100 80GB PCIe has 1,935 GB/s of bandwidth.", "The A100 80GB SXM4 has 1,935 GB/s of bandwidth.",
         "1,935 GB/s"),
        ("The L4 supports FP8.", "The T4 supports FP8.", "supports FP8"),
        ("The A10 is based on Ampere.", "The A10 is based on Hopper.", "Hopper"),
    ],
)  # fmt: skip
def test_a_perturbation_changes_its_verdict_and_no_other(right, wrong, stated):
    rest = " The A6000 has 48 GB of GDDR6 memory."
    before, after = verdicts(right + rest), verdicts(wrong + rest)
    assert set(before.values()) == {"confirmed"}
    assert after.pop(stated) == "contradicted"
    assert set(after.values()) == {"confirmed"}


@pytest.mark.slow
@pytest.mark.parametrize("case", corpus.own() + corpus.articles(), ids=lambda case: case.name)
def test_one_figure_changed_changes_no_verdict_on_another_line(case):
    for each in perturbations.changed(case, 2):
        assert not each.elsewhere, each


def test_most_figures_that_are_changed_are_accused():
    cases = [
        case for case in corpus.own() if case.name in ("cheat_sheet.txt", "clean_page.html", "showdown.md")
    ]
    found = [each for case in cases for each in perturbations.changed(case, 8)]
    assert len(found) == 24
    assert sum(each.noticed for each in found) >= 0.9 * len(found)


def test_figures_that_are_put_right_are_accused_no_more():
    cases = [
        case for case in corpus.own() if case.name in ("table.md", "german.md", "hopper.md", "laptop.txt")
    ]
    found = [each for case in cases for each in perturbations.corrected(case, 3)]
    assert len(found) >= 8
    assert all(each.noticed and not each.elsewhere for each in found), found


@pytest.mark.skipif(not corpus.ARTICLES.exists(), reason="the known articles are not here")
def test_corrected_articles_are_right_where_they_were_corrected():
    for case in corpus.articles():
        found = case.audit()
        again = audited(found.corrected().encode(), case.name, catalogue(), corpus.TODAY)
        kinds = ("specification", "capability")
        left = [each for each in again.accusations if each.kind in kinds]
        assert len(left) < max(1, len([each for each in found.accusations if each.kind in kinds])), left


@pytest.mark.parametrize(
    ("text", "named", "verdict"),
    [
        ("The RTX 4090 is an Ampere card.", "Ampere", "contradicted"),
        ("The Ampere-based RTX 4090 is fast.", "Ampere", "contradicted"),
        ("The A100 (Hopper) has 80 GB.", "Hopper", "contradicted"),
        ("The A100 is the flagship Ampere GPU.", "Ampere", "confirmed"),
        ("The T4 (Turing) is small.", "Turing", "confirmed"),
        ("The RTX 4090 is a worthy successor to the Ampere cards.", "Ampere", None),
        ("The L4 (successor of the Turing T4) is small.", "Turing", None),
        ("The RTX 4090 is faster than an Ampere card.", "Ampere", None),
    ],
)
def test_what_a_device_is_said_to_be_built_on(text, named, verdict):
    assert verdicts(f"# On cards\n\n{text}\n").get(named) == verdict


def test_a_speed_up_at_a_named_workload_is_held_against_the_model():
    text = (
        "An A100 is 2.5x as fast as a V100 for training BERT-large. "
        "The H100 is 10x faster than the A100 on ResNet-50."
    )
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY).findings
    right, wild = (next(each for each in found if each.stated == stated) for stated in ("2.5x", "10x"))
    assert right.verdict == "confirmed"
    assert "training bert-large" in right.because
    # An interval is no bound: it does not accuse.
    assert wild.verdict == "unverifiable"
    assert wild.expected.endswith("x")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("The A5000 offers 222.2 TFLOPS of tensor performance.", "with sparsity"),
        ("The A10 has 600 GiB/s of memory bandwidth.", "not GiB/s"),
        ("The A100 80GB SXM4 has 1,935 GB/s of memory bandwidth.", "PCIe"),
    ],
)
def test_what_a_wrong_value_is_instead(text, says):
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert any(says in each.because for each in found.accusations)


@pytest.mark.parametrize(
    "text",
    [
        "A server with eight A100 80GB GPUs has 640 GB of memory.",
        "Each of the 64 SMs of the RTX A5000 has 128 CUDA cores.",
        "You need 32 GB of system memory beside the A10.",
        "The A10 drew 120 W in our test, 150 W being its TDP.",
        "An A100 slice 1g.10gb has 10 GB of memory.",
        "Up to 80 GB of memory on the A100.",
        "A 70B model in 4 bit takes about 40 GB of memory on an A100.",
    ],
)
def test_what_is_no_error(text):
    assert not audited(text.encode(), "a.md", catalogue(), corpus.TODAY).accusations


SENTENCES = [
    line.split("|", 1)
    for line in (corpus.HERE / "sentences.txt").read_text().splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize(("label", "text"), SENTENCES)
def test_a_sentence_by_itself(label, text):
    accused = audited(text.encode(), "a.md", catalogue(), corpus.TODAY).accusations
    if label != "missed":
        assert bool(accused) is (label == "wrong"), accused


@pytest.mark.parametrize(
    ("text", "verdict", "why"),
    [
        ("For training BERT-large, choose the A100 80GB SXM over the RTX A6000.", "unverifiable", "flips"),
        ("For serving Llama 3.1 8B, go with the L4 rather than the H100 SXM.", "contradicted", "cheapest"),
        ("For serving Llama 3.1 8B, go with the H100 SXM rather than the L4.", "confirmed", "times as fast"),
        ("If FP64 is critical, choose the L40S.", "contradicted", "1/64"),
    ],
)
def test_advice_is_asked_of_the_cost_model_and_the_offers(text, verdict, why):
    [found] = [
        f for f in audited(text.encode(), "a.md", catalogue(), corpus.TODAY).findings if f.kind == "rule"
    ]
    assert found.verdict == verdict
    assert why in found.because


def test_a_gpu_of_ones_own_is_known_by_its_name(tmp_path, whichgpu):
    (tmp_path / "my.toml").write_text('[gpu.zeta-9000]\nname = "Zeta 9000"\nbase = "rtx-4090"\n')
    (tmp_path / "a.md").write_text(
        "# Cards\n\nThe Zeta 9000 has 48 GB of memory. "
        "The Zeta 9000 is twice as fast as the V100 for training BERT-large.\n"
    )
    asked = ("audit", str(tmp_path / "a.md"), "--gpu-file", str(tmp_path / "my.toml"), "--json")
    answer = whichgpu(*asked)
    assert answer.status == 0, answer.err
    size, speed = answer.json["findings"]
    assert (size["subject"], size["verdict"]) == ("zeta-9000", "contradicted")
    assert "training bert-large" in speed["because"]


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


@pytest.mark.parametrize(
    ("text", "accused"),
    [
        (CACHED, ["1.0 GB"]),
        (PRICED, ["1.56"]),
        (PRICED.replace("1.56", "5.16"), []),
        (BUNDLED, []),
        (FITTED, ["RTX 5090", "RTX 3090"]),
        (LABELLED, ["2.4 times", "cheaper", "faster", "RTX 4090"]),
        (LISTED, ["$0.50-0.90"]),
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
            "For a 7B model that gives:\n\n- gradients: 14 GB\n- FP32 master weights: 14 GB\n"
            "- Adam moments: 56 GB\n",
            ["14 GB"],
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
            ["$488"],
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
            ["$14,600"],
        ),
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
        "states by parts",
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
    ],
)
def test_a_small_page(text, accused):
    """`months` are no hours, and `own figures` are those that the text itself states."""
    name = "a.txt" if text in (UNRULED, NO_SUCH_CARD, EACH_AGAIN) else "a.md"
    found = audited(text.encode(), name, catalogue(), corpus.TODAY)
    assert [each.quote for each in found.accusations] == accused


STRANGE = {
    "brackets": b"[a](" * 60_000, "numbers": b"1,000," * 40_000, "names": b"A100 " * 50_000,
    "products": b"8 x 8 x 8 " * 25_000, "nested": b"<div>" * 30_000 + b"The A100" + b"</div>" * 30_000,
    "pipes": b"|" * 250_000, "hashes": b"#" * 250_000, "rtl": "ذاكرة A100 هي 80 GB. ".encode() * 500,
    "wide": b"x" + b"|A100" * 500 + b"\n---" + b"|---" * 500 + b"\nMemory" + b"|80 GB" * 500,
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(STRANGE))
def test_strange_text_is_read_to_its_end(name):
    """How long it takes: `benchmarks/audit.py`."""
    found = audited(STRANGE[name], "a.html" if name == "nested" else "a.md", catalogue(), corpus.TODAY)
    assert not found.accusations


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "nothing in it"), (b"\0" * 99, "binary"), (b"x" * (LARGEST + 1), "MiB"),
     (b"%PDF-1.7", "pdftotext"), (b"<html><body><p><a " + b"<a " * 5000, "do not end")],
)  # fmt: skip
def test_what_is_no_article_is_refused(content, says):
    with pytest.raises(package.UsageError, match=says):
        read(content, "a.html" if b"<html" in content else "")


@pytest.mark.parametrize(
    "text",
    [
        "The A10 has 112.345.678 GB/s of bandwidth and 12.345.678 CUDA cores.",
        "At $0 an hour, or $5 per day, the A10 is 0 times as fast.",
        "| GPU | per hour | per day |\n|-|-|-|\n| A10 | 1 058,50 € | 25 404,00 € |\n| L4 | 1 € | 24 € |",
    ],
)
def test_odd_numbers_end_no_audit(text):
    assert audited(text.encode(), "x.md", catalogue(), corpus.TODAY).score


def test_encodings_are_read():
    for encoding in ("utf-8", "utf-16", "cp1252"):
        found = audited("Die A10 – 24 GB of GDDR6.".encode(encoding), "", catalogue(), corpus.TODAY)
        assert any(each.quote == "GDDR6" for each in found.findings)


def test_scripts_and_menus_are_not_read():
    (case,) = [case for case in corpus.own() if case.name == "saved.html"]
    assert not {"9,999", "99 GB", "1 GB"} & {each.stated for each in case.audit().findings}


@pytest.fixture
def article(tmp_path):
    path = tmp_path / "a.md"
    path.write_bytes(EXAMPLES)
    return path


def test_json_is_the_contract(whichgpu, article):
    answer = whichgpu("audit", str(article), "--json")
    wanted = {
        "start",
        "end",
        "quote",
        "subject",
        "attribute",
        "stated",
        "verdict",
        "expected",
        "because",
        "source",
    }
    assert answer.status == 0
    assert all(wanted <= set(each) for each in answer.json["findings"])
    assert answer.json["documents"][0]["score"]["contradicted"] == 1


def test_fail_on_is_for_ci(whichgpu, article):
    answer = whichgpu("audit", str(article), "--fail-on", "contradicted")
    assert answer.status == 4
    assert "a.md:3" in answer.err
    assert whichgpu("audit", str(article), "--fail-on", "outdated").status == 0


def test_other_forms(whichgpu, article):
    page = whichgpu("audit", str(article), "--format", "html").out
    assert '<mark class="contradicted"' in page
    assert not re.search(r"(?:src|href)=|<script", page)
    assert "+" in whichgpu("audit", str(article), "--format", "diff").out
    sarif = json.loads(whichgpu("audit", str(article), "--format", "sarif").out)
    assert sarif["version"] == "2.1.0"
    region = sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region["startLine"] == 3
    assert "Score card" in whichgpu("audit", str(article), "--format", "md").out


def test_the_api(article):
    found = package.audit(str(article))
    assert found.score["confirmed"] >= 2
    assert "2,039 GB/s" in found.diff()
    assert "contradicted" in str(found)
    assert package.audit(EXAMPLES).findings == found.findings


def shown() -> str:
    """The examples of docs/audit.md as they come out."""
    found = audited(EXAMPLES, "example.md", catalogue(), corpus.TODAY)
    lines = [f"{each.verdict:13} {each.stated!r}: {each.because}" for each in found.findings]
    return "<!-- audit:begin -->\n```text\n" + "\n".join(lines) + "\n```\n<!-- audit:end -->"


def test_the_examples_of_the_page_are_current():
    assert shown() in PAGE.read_text(encoding="utf-8"), "run: python tests/audit/test_audit.py"


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(
        re.sub(r"<!-- audit:begin -->.*<!-- audit:end -->", lambda _: shown(), text, flags=re.DOTALL),
        encoding="utf-8",
    )
