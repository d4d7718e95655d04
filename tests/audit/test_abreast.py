"""Two devices that a paragraph sets against each other, and results of figures beside each other."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

WRONG = [
    # In a named attribute as much as the other, whose name or word stands near.
    ("The RTX 5080 replaced the RTX 4080 Super, of 320 W and the same bandwidth.", "same bandwidth"),
    ("The RTX 4060 Ti 8GB came after the RTX 3060 Ti. It keeps the bus width of that card.", "keeps the bus"),
    ("After the MI325X came the MI355X. Its board power stayed the same.", "board power"),
    ("Its predecessor, the V100 32GB, is weaker than the A100 80GB PCIe: memory has tripled.", "tripled"),
    # By so much more.
    ("The RTX 5070 succeeds the RTX 4070. The TDP is 250 watts, 80 more than before.", "80"),
    # One of the same generation, by its size.
    ("The RTX 4080 has 16 GB. The RTX 4070 has 12 GB. The bigger sibling has 12,288 cores.", "12,288"),
    # Two figures set against each other.
    ("Each node now serves 900 users, compared to 300 before, a factor of 4.", "4"),
    ("Latency is 12 ms, down from 48 ms, a reduction of 50 %.", "50 %"),
    # Sums and products of counts.
    ("We own 6 T4, 10 A40 and 8 H100, 26 GPUs.", "26"),
    ("There are six nodes, each with two L40S (48 GB). That makes 640 GB of GPU memory.", "640 GB"),
    ("All have 24 GB each, so 12 GPUs with 260 GB in the rack beside the A10.", "260"),
    # A price less a share, of each of several, a share of a saving.
    ("The L4 is $0.80 an hour. Commit for a year, you save 25 %, and it goes down to $0.55.", "$0.55"),
    ("They bought eight A30. For $24,000, each has cost them $2,500.", "$2,500"),
    ("One card costs $640, the other $800. So you save $160, or 40 percent.", "40 percent"),
    # What several have together, and how fast they can be.
    ("A pair of A10 is in there, two A10 in all. Together they draw 360 W.", "360 W"),
    ("The run took 6 hours on one GPU. With four of them it was done in 50 minutes.", "50 minutes"),
    # So many for weights that fewer hold.
    ("Take a 30B model. In BF16 you need at least three A100 40GB just for the weights.", "at least three"),
    ("An A30 can be cut into up to six slices.", "six"),
]  # fmt: skip
RIGHT = [
    "At those prices a dollar buys 3.9x the bandwidth on the A100 80GB PCIe that it does on the A10.",
    "The RTX 4070 Super followed the RTX 4070, with the same bandwidth.",
    "The RTX 4060 Ti 16GB has the same bus as the 8 GB version. The RTX 3060 Ti had 256 bits.",
    "The RTX 4080 has 16 GB. The RTX 4070 has 12 GB. The bigger sibling has 9,728 cores.",
    "Each node now serves 900 users, compared to 300 before, a factor of 3.",
    "Latency is 12 ms, down from 48 ms, a reduction of 75 %.",
    "We own 6 T4, 10 A40 and 8 H100, 24 GPUs.",
    "There are 20 nodes with four A40s each; 3 are down, so 68 GPUs run.",
    "There are six nodes, each with two L40S (48 GB). That makes 576 GB of GPU memory.",
    "The L4 is $0.80 an hour. Commit for a year, you save 25 %, and it goes down to $0.60.",
    "They bought eight A30. For $24,000, each has cost them $3,000.",
    "One card costs $640, the other $800. So you save $160, or 20 percent.",
    "One card costs $640, the other $800. So you pay $160 more, or 25 percent.",
    "A pair of A10 is in there, two A10 in all. Together they draw 300 W.",
    "The run took 6 hours on one GPU. With four of them it was done in 100 minutes.",
    "Take a 30B model. In BF16 you need at least two A100 40GB just for the weights.",
    "An A30 can be cut into up to four slices.",
    # What another reading of the place bears out.
    "In the cloud we paid $0.75 an hour per A10, which is $2,190 for four cards in a month of 730 hours.",
    "In an RTX 3060 they carry 360 gigabytes each second. In a 3090 they carry 936, so 2.6 times as many.",
    "They cost $8.00 an hour. That is $11.20 less than before, a saving of 58 %.",
    "Somebody above said you can pair two RTX 4070 Ti over NVLink. Nope, it has to go over PCIe.",
    "We run 10 hosts with two L4 each, 20 GPUs, 480 GB.",
    "**Quadro RTX 8000.** The predecessor of the RTX A6000, based on Turing. 672 GB/s, 4,608 cores, 260 W.",
    "The additional eight gigabytes of the 16 GB version cost me 60 euros, 7.50 per GB.",
]  # fmt: skip


@pytest.mark.parametrize(("text", "quote"), WRONG)
def test_what_is_so_of_no_two_is_found(text, quote):
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY).accusations
    assert any(quote in each.quote or each.quote in quote for each in found), found


@pytest.mark.parametrize("text", RIGHT)
def test_what_is_so_is_left_alone(text):
    assert not audited(text.encode(), "a.md", catalogue(), corpus.TODAY).accusations
