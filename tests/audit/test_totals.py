"""Tables that tell what several have together, of parts of a device, or have no header at all."""

from __future__ import annotations

import corpus
import pytest

NODES = """| Partition | GPUs | GPU memory per node | GPU memory per GPU |
|---|---|---|---|
| small | 4 × Tesla T4 | {t4} | 16 GB |
| large | 4 × A100 SXM4 40GB | 160 GB | 40 GB |
"""
OFFERS = """| | A (32 × L40S) | B (16 × H100 SXM) |
|---|---|---|
| Totaal geheugen | 1.536 GB | 1.280 GB |
| Totale bandbreedte | 27,6 TB/s | {h100} |
| Gesamte Leistungsaufnahme | 11,2 kW | 11,2 kW |
"""
SLICES = """| GPU | Max. MIG instances | Smallest slice | Memory of a slice |
|---|---|---|---|
| A30 | 4 | 1g.6gb | 6 GB |
| H100 80GB | {h100} | 1g.10gb | 10 GB |
"""
NO_HEADER = """H200 SXM | 141 GB HBM3e | 900 GB/s NVLink | 700 W
H100 SXM | 80 GB HBM3 | 900 GB/s NVLink | 700 W
A100 SXM 40GB | 40 GB HBM2 | {a100} NVLink | 400 W
"""
SPECS = """| Rank | Card | Specs |
|---|---|---|
| 1 | RTX 5090 | 21,760 cores, 32 GB, 575 W |
| 2 | RTX 4080 | 9,728 cores, 16 GB, {rtx_4080} |
"""
LIST = """# Turing cards

## RTX 2080 Ti
- cores: 4352
- memory: 11 GB, {rtx_2080_ti}, 616 GB/s
"""
OTHERS_BESIDE = """- B200: 180 GB.
- MI325X: {mi325x}. It has the same target as the MI300X (192 GB), so no rebuild is needed.
"""


WIDE = """| 模块 | 内存带宽 | 算力（INT8 稀疏） |
|---|---|---|
| Jetson Orin Nano 8GB（Super 模式） | {orin} | 67 TOPS |
| Jetson Orin NX 16GB | 102 GB/s | 100 TOPS |
"""


@pytest.mark.parametrize(
    ("text", "of", "right", "wrong"),
    [
        (NODES, "t4", "64 GB", "128 GB"),
        (OFFERS, "h100", "53,6 TB/s", "76,8 TB/s"),
        (SLICES, "h100", "7", "8"),
        (NO_HEADER, "a100", "600 GB/s", "900 GB/s"),
        (SPECS, "rtx_4080", "320 W", "450 W"),
        (LIST, "rtx_2080_ti", "352 bit", "256 bit"),
        (WIDE, "orin", "102 GB/s", "204 GB/s"),
        (OTHERS_BESIDE, "mi325x", "256 GB", "192 GB"),
    ],
)
def test_a_value_is_held_against_what_it_is_of(text, of, right, wrong):
    assert not corpus.accused(text.format(**{of: right}))
    assert any(each.startswith(wrong) for each in corpus.accused(text.format(**{of: wrong})))


def test_a_quoted_post_is_denied_by_the_answer_below_it():
    post = "#1 ann\nMine draws 440 W.\n\n#2 bob\n> a 4090 pulls 600 W all the time\n{}\n"
    assert not corpus.accused(post.format("Nope. Its limit is 450 W."))


def test_below_the_heading_of_power_supplies_powers_are_theirs():
    text = "## {}\n\nThe RTX 5070 Ti wants 750 W. For the RX 7900 XTX it is 800 W.\n"
    assert not corpus.accused(text.format("Power supply"))
    assert corpus.accused(text.format("Power draw"))
