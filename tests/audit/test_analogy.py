"""Results told of several things alike: one that does not follow as the others do is accused."""

from __future__ import annotations

import corpus
import pytest

#: A text with a hole for the amount that is to follow, with a wrong and the right one.
ALIKE = (
    (
        "An L40S is $1.10 per hour, an A100 80GB $1.80. Our run took 5.0 hours on the former and 4.0 hours "
        "on the latter. So it costs $5.50 on the L40S and {} on the A100.",
        "$6.20",
        "$7.20",
    ),
    (
        "For an 8 GB file the RTX 4080 Super tops out at 92 tokens per second, the RX 7900 XTX at 120 and "
        "the RTX 4070 Ti Super at {}.",
        "105",
        "84",
    ),
    (
        "A T4 is around $0.35 an hour, so 50 hours come to $17.50. A V100 at $2.48 would be {} for the same "
        "time.",
        "$104",
        "$124",
    ),
    (
        "We saw the H200 at $3.50 per hour and the MI300X at $2.60. Per gigabyte of memory the MI300X costs "
        "1.35 cents per hour and the H200 {}.",
        "2.05 cents",
        "2.48 cents",
    ),
    (
        "Launch prices were $1,000 for the RTX A4000 and $2,250 for the RTX A5000. A classroom of twelve "
        "machines with one RTX A4000 each comes to $12,000. The same room with RTX A5000s costs {}.",
        "$24,750",
        "$27,000",
    ),
    (
        "At $0.30 per kWh, 1,000 hours of the RTX 3060 at 170 W cost $51. The RTX 3090 at 350 W costs {} in "
        "the same time.",
        "$145",
        "$105",
    ),
)
#: What of the results is told in a table.
TABLED = (
    "| Option | $/GPU-hour | GPUs | Tokens/s per GPU |\n|---|---|---|---|\n| H100 | 1.90 | 128 | 11,200 |\n"
    "| H200 | 2.60 | 128 | 13,500 |\n| B200 | 3.80 | 64 | 27,100 |\n\n"
)


def test_what_a_table_says_of_each_thing_counts():
    bill = TABLED + "The hourly bill is $243.20 for the H100, $332.80 for the H200 and {} for the B200."
    tokens = (
        TABLED + "Per million tokens we pay 4.7 cents with the H100, 5.3 with the H200 and {} with the B200."
    )
    for text, wrong, right in ((bill, "$364.80", "$243.20"), (tokens, "6.9", "3.9")):
        assert corpus.accused(text.format(wrong)) == [wrong]
        assert not corpus.accused(text.format(right))


@pytest.mark.parametrize(("text", "wrong", "right"), ALIKE)
def test_what_explains_one_result_explains_the_other(text, wrong, right):
    assert corpus.accused(text.format(wrong)) == [wrong]
    assert not corpus.accused(text.format(right))


@pytest.mark.parametrize(
    "text",
    [
        # How many there are is told of each.
        "Four L40S have 192 GB, which is not sufficient. One H200 NVL has 141 GB, too tight as well.",
        # Prices of one are given, and follow from nothing.
        "Used, an RTX 3060 is $200, or $16.67 per gigabyte. An RTX 3090 for $700 is $29.17 per gigabyte.",
        # An amount on file of its own.
        "25 cards at 72 W, all of them L4, draw 1,800 W. The L4 is rated at 72 W.",
        # Each run with its own hours.
        "An A100 is $1.49 per hour and an H100 SXM $2.79. The run took 21 hours on eight A100s and 9 hours "
        "on eight H100s. It cost $250 with A100s and $201 with H100s.",
    ],
)
def test_what_is_given_of_each_is_not_held_against_the_others(text):
    assert not corpus.accused(text)


#: Ratios in an attribute of which the sentence leaves open whose they are, wrong and right.
RATIOS = (
    (
        "The RTX 5080 and the RTX 5070 Ti share a chip. In bandwidth the lead grows to {}.",
        "25 percent",
        "7 percent",
    ),
    (
        "From the RTX A6000 to the RTX 6000 Ada much has changed. Bandwidth, on the other hand, rose by only "
        "{}.",
        "10 percent",
        "25 percent",
    ),
    ("Take the L40 and the RTX A6000. The L40's memory is about {} faster than the A6000's.", "50%", "12%"),
)


@pytest.mark.parametrize(("text", "wrong", "right"), RATIOS)
def test_a_ratio_of_no_two_devices_is_accused(text, wrong, right):
    assert corpus.accused(text.format(wrong))
    assert not corpus.accused(text.format(right))


@pytest.mark.parametrize(
    "text",
    [
        # Of another device than those that are named.
        "GDDR7 gives the RTX 5070 Ti a third more bandwidth, and it now comes within five percent of the "
        "RTX 3090.",
        # Of one device's own rates, and of what is done.
        "The V100 and the A100 have full-rate FP64, that is half of FP32.",
        "The RTX 4060 has 272 GB/s and the RTX 4060 Ti 288 GB/s. Doubling the bus doubles the bandwidth.",
        "Next to the L40 the L40S has as many cores; what differs is the rate of the Tensor Cores, which is "
        "twice as high.",
        "The A100 leaves the RTX A6000 behind: 9.7 TFLOPS of FP64, twice as much with the tensor cores.",
    ],
)
def test_a_ratio_of_something_else_is_left_alone(text):
    assert not corpus.accused(text)
