"""What pages of sellers, databases and news write: chains of names and values, ranges, chips, ranks."""

from __future__ import annotations

import pytest

from tests.comparisons import TODAY
from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue


def _accused(text):
    found = audited(text.encode(), "a.md", catalogue(), TODAY)
    return [each.quote for each in found.accusations]


def _table(*rows):
    head, *rest = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, f"|{'---|' * len(rows[0])}", *rest])


RIGHT = {
    "values each behind their names": (
        "AMD Radeon RX 9070 XT AI Accelerators/Cores 128 Stream Processors 4096 Base Clock Speed 1660 MHz "
        "Boost Clock Speed 2970 MHz Memory Capacity 16 GB GDDR6 Memory Bus 256-bit"
    ),
    "a name with a number before the first of them": (
        "GeForce RTX 4090 CUDA Cores 16384 Base Clock 2235 MHz Boost Clock 2520 MHz Memory Speed 21 Gbps"
    ),
    "values each before their names": (
        "The RTX 4090 has 16384 CUDA Cores 2235 MHz Base Clock 2520 MHz Boost Clock 21 Gbps Memory Speed"
    ),
    "the laptop's GPU by the card's name in the next sentence": (
        "The RTX 4080 Laptop GPU came in 2023 and is close to the desktop RTX 4070 Ti. The RTX 4080 "
        "features a 192-bit memory bus and 12 GB of GDDR6 memory."
    ),
    "a base clock below the one that the maker tells": _table(
        ("", "Arc B580", "RTX 4060"), ("Base clock", "1,700 MHz", "1,830 MHz"),
        ("Boost clock", "2,670 MHz", "2,460 MHz"),
    ),
    "places in rankings are no speeds": (
        "Aggregate performance score\n\nRTX 5090 D outperforms RTX A4500 by 100%.\n\n"
        + _table(("", "RTX A4500", "RTX 5090 D"), ("Place in the ranking", "69", "2"),
                 ("Place by popularity", "120", "9"))
    ),
    "video memory is no collection of videos": (
        "It recognises the growing need for 12GB of video memory, and the Arc B580 has a 192-bit bus."
    ),
    "performance in German": "Die RTX 5090 liefert eine nahezu doppelt so hohe Leistung wie die RTX 4090.",
    "a rate run together with a word": "# Jetson Orin Nano Super 8GB\n\nMemory BW\n102 GB/swas 68 GB/s",
    "a range of the forms of a column": _table(
        ("", "A100 PCIe", "A100 SXM"), ("Memory bandwidth", "1,555-1,935 GB/s", "1,555-2,039 GB/s"),
    ),
    "a chip by itself": "The AD104 chip contains 35,800 million transistors and covers an area of 294.5 mm².",
    "what a chip is not compared with": "The AD104 chip is smaller than 379 mm². AD103 measures 379 mm².",
    "a price of a token": (
        "$0.36 per hour at 100 tokens per second is $1.00 per million tokens. At 1,000 tokens per second, "
        "cost per token drops to $0.0000001."
    ),
    "lists below the names of networks": (
        "Llama 2 7B:\n- FP16: 14GB VRAM minimum\n- INT4: 3.5GB VRAM\nLlama 2 13B:\n- FP16: 26GB VRAM\n"
        "- INT4: 6.5GB VRAM\nLlama 2 70B:\n- FP16: 140GB VRAM\n- INT4: 35GB VRAM\n"
        "On a budget, Llama 2 7B with INT4 quantization fits on cards such as the RTX 4090.\n"
        "Mistral models need little.\nMistral 7B:\n- FP16: 14GB VRAM\n- INT8: 7GB VRAM"
    ),
    "what stands in the way of running a model": (
        "The limiting factor for running Llama 3.1 70B on consumer GPUs is VRAM. The RTX 3090 has 24GB."
    ),
    "a need before anything runs": (
        "The RTX 3090 and the H100 are compared.\n\nAt FP16, Llama 70B needs 140GB just for weights. That's "
        "before you've run a single token."
    ),
    "smaller dies around the one that computes": (
        "The Radeon RX 7900 XTX uses a large die at the center and six smaller dies around it."
    ),
    "less memory for a model": (
        "The H100 is newer than the A100. With it you run a model of 70 billion parameters with "
        "40% less memory."
    ),
    "sizes of which one has the rate": (
        "Available in 40 GB and 80 GB HBM2e configurations, the A100 offers 2 TB/s memory bandwidth."
    ),
    "figures of one form": (
        "# H100\n\n- Memory: 80 GB HBM3\n- Bandwidth: 3.35 TB/s\n- CUDA cores: 16,896\n\n"
        "The H100 has 80 GB of HBM2e, moves 2 TB/s and counts 14,592 CUDA cores."
    ),
    "figures of two forms that are told apart": (
        "# H100\n\n- Memory: 80 GB HBM3\n- Bandwidth: 3.35 TB/s\n- CUDA cores: 14,592 (PCIe) or 16,896 (SXM)"
    ),
    "figures of which as many are each form's": (
        "# A100\n\n- Memory: 80 GB HBM2e\n- Bandwidth: 2,039 GB/s\n- TDP: 300 W\n- CUDA cores: 6,912"
    ),
    "factors of winners": _table(
        ("Spec", "MI300X", "H100 PCIe", "H100 SXM", "Winner"),
        ("Memory", "192GB HBM3", "80GB HBM2e", "80GB HBM3", "MI300X (2.4x)"),
        ("Memory Bandwidth", "5.3 TB/s", "2.0 TB/s", "3.35 TB/s", "MI300X (1.58x SXM)"),
        ("Power", "750W", "350W", "700W", "H100 PCIe (2.1x)"),
    ),
    "cells that say what they count": _table(
        ("Field", "RTX 3060 12GB", "RTX 4060 Ti 16GB"),
        ("Core / execution units", "3584 CUDA cores", "4352 CUDA cores"), ("Memory", "12 GB", "16 GB"),
        ("Cores per SM", "128 CUDA cores", "128 CUDA cores"),
    ),
    "a table right below its caption": (
        "Table 2 Characteristics of heterogeneous computing resource types.\n"
        "Resource type | Memory bandwidth (GB/s) | Power consumption (W) |\n|---|---|---|\n"
        "CPU (32-core) | 128 | 180 |\nGPU (A100) | 1555 | 400 |\n"
    ),
    "a card that came out again": "The RTX 2070 Mobile Refresh was released in January 2020 and draws 115 W.",
    "codecs below what is done with them": _table(
        ("Metric", "L4", "T4"), ("Encoding support", "AV1, H.265, H.264", "H.264, H.265"),
        ("Codecs", "AV1, H.265", "AV1, H.265"), ("VRAM", "24 GB", "16 GB"),
    ),
    "generations of cores": (
        "The H100 uses the fourth generation of Tensor Cores. Ada Lovelace brings its third generation of "
        "ray tracing cores."
    ),
    "marks of sources": (
        "The RTX 6000 Ada has 18,176 CUDA cores.[1][2] Both cards support FP8 on fourth-generation Tensor "
        "Cores.[2]"
    ),
    "what a superchip draws": _table(
        ("", "GB200", "B200"), ("TDP", "2700W (module)", "1000W"), ("Memory", "192 GB", "192 GB"),
    ),
    "what a text is on": (
        "The RTX PRO 6000 Blackwell is new. This guide explains NVLink and how to choose between the forms "
        "of the RTX PRO 6000."
    ),
    "as many matrix units as there are": _table(
        ("", "RX 9070 XT", "RX 9070"), ("AI Accelerators", "128", "112"), ("Memory", "16 GB", "16 GB"),
    ),
    "second to another": "The RTX 3090 Ti sits as the second-fastest GPU ever made.",
}  # fmt: skip

WRONG = {
    "a value behind its name": (
        "GeForce RTX 4090 CUDA Cores 16384 Base Clock 1235 MHz Boost Clock 3520 MHz Memory Speed 21 Gbps",
        ["3520 MHz"],
    ),
    "neither the laptop's nor the card's": (
        "The RTX 4080 Laptop GPU came in 2023. The RTX 4080 features 8,640 CUDA cores.", ["8,640"],
    ),
    "the card's where it is called so": (
        "The RTX 4090 Laptop GPU has 9,728 cores. The desktop RTX 4090 has 16 GB of memory.", ["16 GB"],
    ),
    "power in German": (
        "Die RTX 5090 hat eine fast doppelt so hohe Leistungsaufnahme wie die RTX 4090.", ["doppelt"],
    ),
    "a range that ends with another form's": (
        _table(("", "A100 PCIe", "A100 SXM"), ("Memory bandwidth", "1,555-2,039 GB/s", "2,039 GB/s")),
        ["1,555-2,039 GB/s"],
    ),
    "the area of another chip": (
        "The RTX 4080 is fast. Fabricated on TSMC's 5nm process, the AD104 chip contains 45,800 million "
        "transistors and covers an area of 379 mm².",
        ["45,800 million", "379 mm²"],
    ),
    "a price of a token": (
        "$0.36 per hour at 100 tokens per second is $1.00 per million tokens. At 1,000 tokens per second, "
        "cost per token drops to $0.00000036.",
        ["$0.00000036"],
    ),
    "a list of one form with another one's cores": (
        "# H100\n\n- Memory: 80 GB HBM3\n- Bandwidth: 3.35 TB/s\n- CUDA cores: 14,592", ["14,592"],
    ),
    "a sentence of one form with another one's power": (
        "The H100 has 80 GB of HBM3, moves 3.35 TB/s and draws 350 W.", ["350 W"],
    ),
    "factors of winners": (
        _table(
            ("Spec", "MI300X", "H100 SXM", "Winner"), ("Memory", "192GB HBM3", "80GB HBM3", "MI300X (3.4x)"),
            ("Memory Bandwidth", "5.3 TB/s", "3.35 TB/s", "MI300X (1.58x)"),
        ),
        ["3.4"],
    ),
    "a cell that says what it counts": (
        _table(
            ("Field", "RTX 3060 12GB", "RTX 4060 Ti 16GB"),
            ("Core / execution units", "3584 CUDA cores", "4864 CUDA cores"), ("Memory", "12 GB", "16 GB"),
        ),
        ["4864"],
    ),
    "a table right below its caption": (
        "Table 2 Characteristics of heterogeneous computing resource types.\n"
        "Resource type | Memory bandwidth (GB/s) | Power consumption (W) |\n|---|---|---|\n"
        "CPU (32-core) | 128 | 180 |\nGPU (A100) | 1255 | 400 |\n",
        ["1255"],
    ),
    "a card that came out once": (
        "The RTX 2070 Laptop GPU was released in January 2021.", ["January 2021"],
    ),
    "codecs below what is done with them": (
        _table(
            ("Metric", "L4", "T4"), ("Encoding support", "AV1, H.265, H.264", "AV1, H.264"),
            ("VRAM", "24 GB", "16 GB"),
        ),
        ["AV1"],
    ),
    "generations of cores": (
        "The H100 uses the third generation of Tensor Cores. Ada Lovelace introduces a second generation of "
        "ray tracing cores.",
        ["third", "second"],
    ),
    "half rate of a sixty-fourth": (
        _table(
            ("", "A10", "T4"), ("FP64 (double)", "976.3 GFLOPS", "254 GFLOPS"), ("Memory", "24 GB", "16 GB"),
        ),
        ["976.3 GFLOPS"],
    ),
    "what does not fit": (
        "Llama 3.1 405B:\n- FP16: 810GB VRAM (8x H100 or 16x A100)\n- INT8: 405GB VRAM (8x H100)",
        ["810GB VRAM (8x H100"],
    ),
    "first of all": ("The RTX 3090 Ti is the fastest GPU ever made.", ["the fastest GPU ever"]),
    "half as many matrix units": (
        _table(("", "RX 9070 XT", "RX 9070"), ("AI Accelerators", "64", "112"), ("Memory", "16 GB", "16 GB")),
        ["64"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", RIGHT)
def test_what_is_right_is_not_accused(case):
    assert _accused(RIGHT[case]) == []


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_accused(case):
    text, quotes = WRONG[case]
    assert _accused(text) == quotes
