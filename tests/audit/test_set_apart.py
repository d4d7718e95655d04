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
    # What was announced before boards had more; "the GPU" of the two that were compared.
    ("The H20 has a TDP of 400 W.", []),
    ("The H20 has a TDP of 550 W.", ["550 W"]),
    ("The H100 SXM is 6.7 times as fast as the H20 SXM in FP16. The GPU has a 400 W TDP.", []),
    # Whose product it is.
    ("The Intel Arc Pro B50 is manufactured by Intel. It has 16 GB.", []),
    ("The Intel Arc Pro B50 is manufactured by Samsung. It has 16 GB.", ["by Samsung"]),
    # What a card costs now.
    ("| Card | MSRP | Price |\n|---|---|---|\n| RTX A2000 12GB | $449 | MSRP: $449, Avg: $380 |", []),
    # Units that are counted twice.
    ("The RX 7900 XTX has 12,288 stream processors, while the RX 7900 XT has 10,752.", []),
    ("The RX 7900 XTX has 6,144 stream processors, while the RX 7900 XT has 5,120.", ["5,120"]),
    # Generations that are counted in German, and those of links themselves.
    ("Die Karte ist schnell. Die RTX 5090 hat 32 GB und Tensor Cores der 5. Generation.", []),
    ("NVLink 5.0 (B200) delivers 1,800 GB/s, 2x NVLink 4.0's 900 GB/s (H100).", []),
    ("The V100 has six links. Announced in May 2020, NVLink 3.0 increases the data rate.", []),
    ("The A100 has 12 links. NVLink 2.0, 3.0 and 4.0 all have 50 GB/s per link.", []),
    ("The A100 comes with NVLink 4.0.", ["NVLink 4.0"]),
    # Figures that run together.
    ("NVSwitch 2.03650 GB/s1.8 TB/sDGX A100 (8x A100)", []),
    # One thing in three formats, none of which is the sum of the others.
    (
        "| Model | FP16 VRAM | 8-bit VRAM | 4-bit VRAM |\n|---|---|---|---|\n| A | 16 GB | 10 GB | 6 GB |\n"
        "| B | 140 GB | 88 GB | 52 GB |\n| C | 90 GB | 56 GB | 34 GB |\n| D | 24 GB | 16 GB | 10 GB |",
        [],
    ),
    # The number of a name counts nothing, whatever heads its row.
    (
        "| Model | VRAM | Setup |\n|---|---|---|\n| SDXL | 12 GB | 1x RTX 4090 or RTX 6000 Ada |\n"
        "| FLUX | 24 GB | 1x RTX 4090 (inference), A100/H100 for scale |",
        [],
    ),
    # From one type to another, in French; a size that is part of a name.
    ("# RTX 5070\n\nLa VRAM de la RTX 5070 change : passant du GDDR6X au rapide GDDR7.", []),
    ("La RTX 5070 utilise de la GDDR6X.", ["GDDR6X"]),
    ("La RTX 5060 Ti 16 Go est 20 % plus puissante que la RTX 4060 Ti 16 Go.", []),
    # What a card takes on average, and what might be.
    ("La carte consomme une puissance de jeu moyenne de 140 W, la RTX 3060 Ti en consomme plus.", []),
    ("The RTX 3070 has an average gaming power of 215 W.", []),
    ("La RTX 4070 utiliserait 7168 c\u0153urs CUDA et consommerait 285 W.", []),
    ("La RTX 4070 utilise 7168 c\u0153urs CUDA.", ["7168"]),
    # The one that the text is about, and not what people come from.
    ("La RTX 4060 vise ceux qui viennent depuis une GTX 1060. Avec son TDP de 115W, elle est sobre.", []),
    # A ratio of what the text itself tells.
    ("# B200\n\n192GB HBM3e memory: 2.4x larger than H100.", []),
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
