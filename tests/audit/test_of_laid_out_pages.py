"""What pages do to their tables and lists: parted by something, of one row, of a card that is not known."""

from __future__ import annotations

from datetime import date

import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

HEAD = "| GPU | Memory | Memory type | Bandwidth |\n|---|---|---|---|\n"
PARTED = f"""{HEAD}| A100 40GB SXM | 40 GB | HBM2 | 1,555 GB/s |

**Advertisement** Twenty percent off your first month of hosting!

| H100 SXM | 80 GB | HBM3 | 3,350 GB/s |
| H100 NVL | 94 GB | HBM3 | {{}} |

*Sponsored content*

| B200 | 180 GB | {{}} | 8,000 GB/s |
"""
STACKED = """RTX A40 and Tesla T40 24 GB - video card comparison

RTX A40

Tesla T40 24 GB

GPU code name
GA102
TU102

Market segment
Desktop
Workstation

Release date
October 2020
-

Interface
PCIe 4.0 x16
PCIe 3.0 x16

Boost clock speed
1740 MHz
1560 MHz

Maximum RAM amount
48 GB
24 GB

Memory bus width
384 Bit
384 Bit

Memory bandwidth
695.8 GB/s
624.0 GB/s
"""
LISTED = """RTX A5000
Suited for: Workstations/Server
VRAM (GB): 24 (GDDR6)
CUDA cores: 8192
Power (watts): 230
Bandwidth (GB/s): 768

AMD Instinct MI100
Suited for: Server
VRAM (GB): 32 (HBM2)
Stream processors: 7680
Power (watts): {}
Bandwidth (TB/s): 1.2
"""
PEAKS = """| GPU | FP16 Tensor | FP8 Tensor | Memory |
|---|---|---|---|
| H100 SXM | 1,979 | 3,958 | 80 GB |
| H200 SXM | 1,979 | 3,958 | 141 GB |
| L40S | 733 | 1,466 | 48 GB |
| B200 | 4,500 | 9,000 | 180 GB |

All rates are TFLOPS with sparsity.
"""
HEADED = """# Ampere (A100): a workhorse
When NVIDIA introduced the A100 in 2020, it was a breakthrough for deep learning.
# Hopper (H100): purpose-built
The H100 represents a more radical shift. Key innovations include:
# The Transformer Engine for dynamic precision handling
# HBM3 memory with significantly increased bandwidth
"""


def accused(text: str) -> list[str]:
    """What an audit of a text accuses."""
    found = audited(text.encode(), "page.md", catalogue(), date(2026, 12, 1)).findings
    return [each.quote for each in found if each.accuses]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (PARTED.format("3,900 GB/s", "HBM3e"), []),
        (PARTED.format("3,350 GB/s", "HBM3e"), ["3,350 GB/s"]),
        (PARTED.format("3,900 GB/s", "HBM3"), ["HBM3"]),
        (f"{HEAD}| T4 | 16 GB | GDDR6X | 320 GB/s |\n", ["GDDR6X"]),
        (f"{HEAD}| T4 | 16 GB | GDDR6 | 300 GB/s |\n", []),
        (STACKED, []),
        (LISTED.format(300), []),
        (LISTED.format(250), ["250"]),
        (PEAKS, []),
        (HEADED, []),
        ("## RTX 3090\n- CUDA cores: 10496\n- Tensore cores: 328\n", []),
        ("## RTX 3090\n- CUDA cores: 10496\n- Tensore cores: 336\n", ["336"]),
        ("The RTX 5090 has 20,000 CUDA cores (21,760, to be exact).", []),
        ("The RTX 5090 has 20,000 CUDA cores (16,384 in the RTX 4090).", ["20,000"]),
    ],
)
def test_what_pages_do_to_tables(text: str, wrong: list[str]) -> None:
    assert accused(text) == wrong
