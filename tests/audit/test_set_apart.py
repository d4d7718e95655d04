"""What the words beside an accusation set apart, and the same said wrongly, which is accused."""

from __future__ import annotations

from datetime import date

import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

BOTH = """NVIDIA A40

vs

NVIDIA L40S

Advantages

  • Higher Boost Clock: 2520 MHz (1740 MHz vs 2520 MHz)
  • More Shading Units: 18176 (10752 vs 18176)
  • Higher Bandwidth: 864 GB/s (695.8 GB/s vs 864 GB/s)
"""

TEXTS = [
    # What a card draws as it mines.
    ("The RTX 3070 delivers around 60 MH/s while consuming approximately 120 W of power.", []),
    ("The RTX 3070 has a TDP of 120 W.", ["120 W"]),
    # By how much something grew.
    ("RTX 3070 的核心面积比 RTX 2060 的 445 mm² 减少了近53mm²。", []),
    # Parts of machines of whom no counts are on file.
    ("The H100 competes with it. Intel's Gaudi3 has 64 tensor cores and 24 links.", []),
    ("The H100 has 432 tensor cores.", ["432"]),
    # A type that the file knows no more of.
    ("The Ironwood TPU v7 has 192 GB of HBM3e.", []),
    ("The Ironwood TPU v7 has 192 GB of GDDR6.", ["GDDR6"]),
    ("| GPU | Memory |\n|---|---|\n| RTX A6000 | 48 GB GDDR6X |\n| RTX A5000 | 24 GB GDDR6 |", ["GDDR6X"]),
    # A part of a rack.
    ("The GB200 NVL72 holds 36 superchips; each superchip combines one Grace CPU with two B200 GPUs.", []),
    ("The GB200 NVL72 combines 36 Grace CPUs with 64 GPUs.", ["64 GPUs"]),
    # A day of announcement a year before that of sale.
    ("| GPU | Launch |\n|---|---|\n| H200 SXM | 2023-11-13 |\n| MI300X | 2023-12-06 |", []),
]


def _accused(text: str) -> list[str]:
    found = audited(text.encode(), "a.md", catalogue(), date(2026, 1, 1)).findings
    return [each.quote for each in found if each.accuses]


@pytest.mark.parametrize(("text", "wrong"), TEXTS)
def test_what_is_set_apart(text, wrong):
    found = _accused(f"# Notes\n\n{text}\n")
    assert len(found) == len(wrong)
    assert all(told in quote for told, quote in zip(wrong, found, strict=True))


def test_who_is_ahead_with_the_figures_of_both():
    assert _accused(BOTH) == []
