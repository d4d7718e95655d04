"""Forms in which pages tell figures, each right and wrong."""

from __future__ import annotations

from datetime import date

import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

TEXTS = [
    # Clauses of Chinese are parted by commas without a space.
    ("RTX 3070 配备了8GB的显存,而RTX 3080配备了{10~16}GB的显存。", "16GB"),
    # The debut of an architecture in a clause that goes on about it.
    (
        "The RTX 4070 is built on the Ada Lovelace architecture, which made its debut in late {2022~2023}.",
        "2023",
    ),
    # The same parts of the next device, by their number alone.
    ("The MI300X has eight HBM3 stacks; the H100 SXM uses {five~three}.", "three"),
    ("The B200 comes with eight HBM3e stacks, the H200 with {six~four}.", "four"),
    # The GPU cores of a chip that is sold by them.
    ("We ran it on a MacBook Pro with an M4 Max ({40~20}-core GPU) and 128 GB.", "20"),
    ("The Mac Studio has the M2 Ultra with a {76~48}-core GPU.", "48"),
    # Bits for bytes, rounded.
    ("The H100 SXM has 80 GB of HBM3 and a memory bandwidth of 3.4 {TB/s~Tb/s}.", "3.4 Tb/s"),
    # The most memory that cards of a market have.
    ("In 2026 a discrete consumer GPU tops out at {32~24} GB.", "24"),
    ("No consumer card has more than {32~20} GB of VRAM.", "20"),
    ("{Many~All} consumer cards top out at 48 GB.", "48"),
]


def _accused(text: str) -> list[str]:
    found = audited(text.encode(), "a.md", catalogue(), date(2026, 1, 1)).findings
    return [each.quote for each in found if each.accuses]


@pytest.mark.parametrize(("text", "wrong"), TEXTS)
def test_forms_of_pages(text, wrong):
    head, _, rest = text.partition("{")
    right, _, behind = rest.partition("}")
    good, _, bad = right.partition("~")
    assert _accused(f"# Notes\n\n{head}{good}{behind}\n") == []
    assert _accused(f"# Notes\n\n{head}{bad}{behind}\n") == [wrong]


PARTED = "- **A100 80GB SXM**: 80 GB HBM2e \u00b7 {} GB/s \u00b7 NVLink 600 GB/s \u00b7 400 W\n"
IN_SHORT = """Modell            Speicher        Schnittst.   Bandbreite
RTX 4070 Super    12 GB GDDR6X    192 Bit      504 GB/s
RTX 4070 Ti Sup.  16 GB GDDR6X    256 Bit      672 GB/s
RTX 4080 Super    16 GB GDDR6X    256 Bit      736 GB/s
RX 7900 XTX       24 GB GDDR6     {} Bit      960 GB/s
"""
NAMELESS = """| Card | Unit price | Units | Sum |
|---|---|---|---|
| H100 PCIe | $27,000 | 8 | $216,000 |
| L40S | $8,500 | 4 | $34,000 |
| L4 | $2,600 | 10 | $26,000 |
| | | **22** | {} |
"""


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (PARTED, "2,039", "1,555"), (IN_SHORT, "384", "320"), (NAMELESS, "$276,000", "$286,000"),
    ],
)  # fmt: skip
def test_lines_of_pages(text, right, wrong):
    assert _accused(text.format(right)) == []
    found = _accused(text.format(wrong))
    assert len(found) == 1
    assert wrong in found[0]
