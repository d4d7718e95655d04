"""What stands beside an accusation and shows what was meant; and the same said wrongly, which is accused."""

from __future__ import annotations

from datetime import date

import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

TEXTS = [
    # A size that was told of a file, and a bound on cards that have some of the layers each.
    ("A Llama 3.1 70B file of 40 GB in Q4_K_M runs on two RTX 3090; at 936 GB/s and 40 GB, a single stream "
     "cannot go beyond roughly 23 tokens per second, layers one after another.", []),
    ("In FP8 it is about 70 GB of weights. In BF16 it needs 140 GB, so two H100 hold it barely. A file of "
     "40 GB in Q4_K_M runs on two RTX 3090.", []),
    ("The RTX 3090 reads at 936 GB/s and has 40 GB.", ["40 GB"]),
    ("That is 5,714 hours, or 952 days of six hours.", []),
    ("That is 5,714 hours, or 952 days.", ["952 days"]),
    ('"RTX 4090" on a laptop is an AD103 with 16 GB.', []),
    ("The RTX 4090 is an AD103 with 24 GB.", ["AD103"]),
    # A sentence that is but values is of the last device of the one before.
    ("I moved from a GTX 1080 (8 GB) to an RTX 4070 Super last year. 7,168 cores, 220 W.", []),
    # Parts of makers of whom nothing is on file.
    ("The A100 has 6,912 cores. Cerebras went further: 850,000 cores on one wafer.", []),
    ("The A100 has 6,912 cores. Graphcore's Mk2 counts 1,472 cores.", []),
    ("The A100 has 6,912 cores. Beside it the V100 counts 4,608 cores.", ["4,608"]),
    # A rate of a link is no memory's.
    ("The A5000 has an NVLink connector as well, 112.5 GB/s, same as the 3090.", []),
    # An order by the figures in brackets.
    ("Per point of the score the Arc B580 comes first ($4.08), ahead of the RTX 5060 ($4.27).", []),
    # The product right before.
    ("We passed 1 PFLOPS with 40 \u00d7 19.5 TFLOPS. Then came 32 \u00d7 67 TFLOPS, another 2.1 PFLOPS.", []),
    # The work that a time is for.
    ("The RTX 4060 Ti takes 13 minutes. With the small model it needs 5 min 10 s for the ten hours, "
     "so it's 2.5 times as fast.", []),
    # How fast something ran, told with what it has.
    ("The RTX 4060 Ti 16GB took 13 min. I rented an L4: 17 min. With 24 GB and 300 GB/s it's a bit slower "
     "than the 4060 Ti.", []),
    # What shared memory makes unnecessary is no copy.
    ("The MI300A has 128 GB of HBM3 with 5.3 TB/s that CPU and GPU share, which makes copies between host "
     "and device unnecessary.", []),
    # What so many of those before have together.
    ("I bought four MI50 32GB last week. 128 GB of HBM2.", []),
    ("I bought an MI50 32GB last week. It has 128 GB of HBM2.", ["128 GB"]),
    # Values in the order of their devices, and not so.
    ("The L40S and the RTX PRO 6000 Blackwell communicate over PCIe 4.0 and 5.0 respectively.", []),
    ("The A40 and L40S have 48 GB and 24 GB respectively.", ["24 GB"]),
    # Bits that are told as bytes.
    ("The 1660 Super has 14 Gbps x 192 bit = 336, correct.", []),
    # What somebody measured.
    ("A B200 takes 1,000 W. In FP8 training we saw 1.9 times the H100, in one case 2.2.", []),
    # What is put to students.
    ("Someone claims 500 tokens per second for one user with Llama 2 70B in FP16 on 8 H100. Comment.", []),
    # Orders by figures in one bracket are of what these are.
    ("The RTX 4070 Ti Super has more CUDA cores than the 4080 (8,448 against 9,728).", ["more CUDA cores"]),
    # From a series on, whenever a card of an older one came.
    ("All GeForce cards since the RTX 40 series encode AV1.", []),
    ("All GeForce cards since the RTX 20 series encode AV1.",
     ["All GeForce cards since the RTX 20 series encode AV1."]),
]  # fmt: skip
ROWS = """| partition | nodes | GPUs | model | memory per GPU |
|---|---|---|---|---|
| old | 18 | 4 | Tesla V100 SXM2 | 32 GB |
| mid | 24 | 8 | A100 SXM4 | 40 GB |
| new | 8 | 4 | H100 SXM5 | {} |
| viz | 12 | 2 | A40 | 48 GB |
"""
FORMATS = """| GPU | Peak (BF16 dense) |
|---|---|
| V100 SXM2 (FP16) | {} TFLOPS |
| A100 SXM4 | 312 TFLOPS |
| H100 SXM5 | 989 TFLOPS |
"""
ISSUE = """### #421 "Says my 4090 Laptop has 24 GB" (closed)

It has 16 GB and the AD103 chip.
"""
LIST = """# MI350X and MI355X

- FP16, dense: 2.5 PFLOPS (MI355X), 2.3 PFLOPS (MI350X)
- FP8, dense: 5.0 PFLOPS and 4.6 PFLOPS
"""


def _accused(text: str) -> list[str]:
    found = audited(text.encode(), "a.md", catalogue(), date(2026, 1, 1)).findings
    return [each.quote for each in found if each.accuses]


@pytest.mark.parametrize(("text", "wrong"), TEXTS)
def test_what_stands_beside(text, wrong):
    assert _accused(f"# Notes\n\n{text}\n") == wrong


def test_sizes_of_forms_of_a_device_in_rows():
    assert _accused(ROWS.format("94 GB")) == []
    assert _accused(ROWS.format("48 GB")) == ["48 GB"]


def test_values_in_turn():
    assert _accused(LIST) == []


def test_a_format_behind_the_name_of_a_row():
    assert _accused(FORMATS.format("125")) == []
    assert _accused(FORMATS.format("250")) == ["250 TFLOPS"]


def test_a_heading_that_quotes():
    assert _accused(ISSUE) == []
