"""What a text says of its own tables, of models and of machines, over several sentences and cells."""

import pytest

from tests.audit import corpus

TABLE = """## Results

All figures are training images per second.

| Network | 1 GPU | 8 GPUs |
|---|---|---|
| ResNet-50 | 618.40 | 4,481.26 |
| ResNet-152 | 309.20 | 2,240.63 |
| Inception v3 | 402.15 | 2,958.72 |
| GoogLeNet | 1,263.80 | 8,970.04 |

"""
RACK = """# GB200 NVL72

The GB200 NVL72 turns a rack into one accelerator.

There are 18 of these trays in a rack, and each of them carries {n} GPUs.
"""


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (TABLE + "GoogLeNet is the slowest in our table.", ["is the slowest in our table"]),
        (TABLE + "GoogLeNet is small. It is the slowest to train in our table.",
         ["is the slowest to train in our table"]),
        (TABLE + "GoogLeNet is the fastest in our table.", []),
        (TABLE + "ResNet-152 is the slowest in our table.", []),
        (TABLE + "Per dollar ResNet-50 is not the slowest in our table.", []),
        (TABLE + "GoogLeNet has the most parameters of the four networks.",
         ["has the most parameters of the four networks"]),
        (TABLE + "ResNet-152 has the most parameters of the four networks.", []),
        (RACK.format(n="eight"), ["carries eight GPUs"]),
        (RACK.format(n="four"), []),
    ],
)  # fmt: skip
def test_own_tables(text, wrong):
    assert list(corpus.accused(text)) == wrong


def test_divided_words_of_plain_text_are_whole():
    text = (
        "The briefing says that the NVIDIA A10 has 24 GB of GDDR6 mem-\n"
        "ory and that its half-\nprecision rate is high. It draws 250 W.\n"
    )
    assert corpus.verdicts(text, "a.txt").get("24 GB") == "confirmed"
