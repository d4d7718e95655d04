"""Changes of an attribute, whatever verb states them: wrong where no pair within reach gives them."""

from __future__ import annotations

import corpus
import pytest

#: Wrong and right amounts in one sentence, and what stands around them.
CHANGES = (
    ("The RTX 6000 Ada follows the Quadro RTX 6000. Against that one the bandwidth increased by {}.",
     "73 percent", "43 percent"),
    ("# RTX 4500 Ada\n\nWith 24 GB it has enough. The 432 GB/s exceed those of the RTX 4000 Ada by {}.",
     "a half", "a fifth"),
    ("Compared to the MI250, the MI300X is larger: memory grew by {}.", "85 percent", "50 percent"),
    ("The RTX 5060 Ti is frugal. At 180 W it takes {} less than a 5070 Ti.", "60 percent", "40 percent"),
    ("The P40 moves 346 GB/s, that's barely {} of an RTX 3090.", "half", "more than a third"),
    ("With 192 GB of HBM3 the MI300X holds {} more than an H200.", "a half", "a third"),
    ("The RTX 3090 beats the RTX 5060 Ti by a factor of two in bandwidth, even the RTX 5070 Ti by {}.",
     "34 percent", "4 percent"),
    ("# The RTX 4090 Laptop GPU\n\nIts bus gives 576 GB/s. The desktop RTX 4090 manages 1,008 GB/s, so "
     "you lose {} of the bandwidth.", "a quarter", "two fifths"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "wrong", "right"), CHANGES)
def test_a_change_is_wrong_where_nothing_within_reach_gives_it(text, wrong, right):
    found = corpus.accused(text.format(wrong))
    assert found, text.format(wrong)
    assert not corpus.accused(text.format(right))


@pytest.mark.parametrize(
    "text",
    [
        # What follows a comma is another value, not what the amount is of.
        "The RTX 5060 Ti takes 180 W, 40 percent less than the RTX 5070 Ti, so a 550 W supply will do.",
        # What is said of everything is said from the side of the topic.
        "# RTX 5090\n\nThat is twice everything the 5080 has: twice the memory and 1.87 times the bandwidth.",
        # Two sizes of one card.
        "The V100 PCIe comes with 16 GB and with 32 GB; the larger one has twice the memory of the smaller.",
        # Of the other attribute than the one that stands behind.
        "Compared with the Quadro RTX 6000, the RTX 6000 Ada's memory doubled, the bandwidth rose by 43 %.",
        "The T4 has 320 GB/s. It has two thirds of an L4's memory.",
        "At 819 GB/s the M3 Ultra reads 203 GB in a quarter of a second.",
        "A third less memory than the 24 GB of the RTX 4090 is a loss of 8 GB.",
        # The two ends of a range, and a setting behind it.
        "Power went from 250 to 700 W in total, i.e. 2.8x, I limit them to 280 W each now.",
        # Of the rates, not of the prices beside them.
        "They served 3,200 tokens per second for $25.60 an hour. Now they serve 11,500 for $28.00, so their "
        "rate went up by a factor of 3.6.",
        # Of a price that was told elsewhere.
        "The RTX 5070 Ti launched at $749, below the $799 of the RTX 4070 Ti Super. Compared to the RTX 5080 "
        "you save $250.",
        "It causes yearly costs of 169 euros. Over five years the card costs, with a purchase price of 7,400 "
        "euros, altogether about 8,245 euros.",
        "The bandwidth of 432 GB/s of the RTX 4500 Ada exceeds that of the RTX 4000 Ada by a fifth.",
    ],
)
def test_what_a_pair_within_reach_gives_is_not_accused(text):
    assert corpus.accused(text) == []
