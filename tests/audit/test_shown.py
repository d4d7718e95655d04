"""What an article says of the speeds in its own tables and lists, and what these cannot be."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

TABLE = """# Four cards at work

## Segmentation, U-Net

| Card | Images per second |
| --- | --- |
| RTX A4000 | 84 |
| RTX A5000 | 120 |
| RTX 3070 | 100 |
| RTX 3090 Ti | 168 |

{said}
"""
BY_LINES = """Notebooks put to the test

How we measured
Each machine ran Mistral 7B in Q4_K_M, a file of 4.4 GB, one chat at a time. Numbers are tokens per second.
RTX 4060 Laptop: {first}
RTX 4080 Laptop: 74
RTX 5080 Laptop: 142
Measured in a cool room.
{said}
"""
CELLS = """Two generations

Test bench
All runs used the same data loader, and the images came from a local disk.
ResNet-101 training, images per second
Card
FP32
Mixed
RTX 2070
118
205
RTX 3080
226
402
RTX 4080
310
590
{said}
"""


def accused(text: str, name: str = "a.md") -> list[str]:
    found = audited(text.encode(), name, catalogue(), corpus.TODAY).findings
    return [each.quote for each in found if each.accuses]


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("The A5000 beats the A4000 by 43 % and edges out the 3070.", False),
        ("The A5000 beats the A4000 by 66 % and edges out the 3070.", True),
        ("The A5000 beats the A4000 by 43 % and falls behind the 3070, a card for games.", True),
        ("The 3090 Ti processes 1.4x as many images as the A5000 and twice as many as the A4000.", False),
        ("The 3090 Ti processes 1.4x as many images as the A5000 and 2.9x as many as the A4000.", True),
        ("The 3070 reaches 60 % of the speed of the 3090 Ti.", False),
        ("The 3070 reaches more than 90 % of the speed of the 3090 Ti.", True),
        ("The 3090 Ti needs half the time of the A4000.", False),
        ("The 3090 Ti needs less than a third of the time of the A4000.", True),
        ("The A4000 is a small card. In our test it came in behind the 3070.", False),
        ("The A4000 is a small card. In our test it came in ahead of the 3070.", True),
        ("From fastest to slowest the order is 3090 Ti, A5000, 3070, A4000.", False),
        ("With two cards, the A4000 would be 1.9 times as fast as the A5000.", False),
        ("On paper the A5000 is 1.7 times as fast as the A4000.", False),
    ],
)
def test_what_is_said_of_a_table_is_held_against_it(said, wrong):
    assert bool(accused(TABLE.format(said=said))) is wrong


@pytest.mark.parametrize(
    ("first", "said", "wrong"),
    [
        (41, "The 5080 Laptop wins. It is almost twice as fast as the 4080 Laptop.", False),
        (41, "The 5080 Laptop wins. It is three times as fast as the 4080 Laptop.", True),
        # 256 GB/s over 4.4 GB are 58 a second.
        (83, "More another day.", True),
    ],
)
def test_lines_of_names_and_bare_numbers_are_read(first, said, wrong):
    assert bool(accused(BY_LINES.format(first=first, said=said), "a.txt")) is wrong


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("Mixed precision makes the 3080 1.8 times as fast.", False),
        ("In mixed precision the 4080 beats the 3080 by 47 %.", False),
        ("In mixed precision the 4080 beats the 3080 by 95 %.", True),
    ],
)
def test_a_cell_to_a_line_tells_what_a_setting_makes(said, wrong):
    assert bool(accused(CELLS.format(said=said), "a.txt")) is wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("ViT-B training with several cards, images per second:\n\n- 1 card: 400\n- 2 cards: 770\n- 4 cards: 1,500\n", False),  # noqa: E501
        ("ViT-B training with several cards, images per second:\n\n- 1 card: 400\n- 2 cards: 770\n- 4 cards: 1,690\n", True),  # noqa: E501
        ("Tokens per second in training:\n\n| GPU | 8 GPUs | 16 GPUs |\n|---|---|---|\n| A100 | 20,700 | 40,100 |\n| H100 | 51,400 | 101,300 |\n", False),  # noqa: E501
        ("Tokens per second in training:\n\n| GPU | 8 GPUs | 16 GPUs |\n|---|---|---|\n| A100 | 20,700 | 43,700 |\n| H100 | 51,400 | 101,300 |\n", True),  # noqa: E501
    ],
)  # fmt: skip
def test_more_cards_make_no_more_than_their_number(text, wrong):
    assert bool(accused(f"# Scaling\n\n{text}")) is wrong


ONE_REQUEST = """# Two small cards

## How fast

At batch size 1 the weights set the pace. For a 9B model in 8 bits (9.0 GB of weights):

- RTX A2000: 288 / 9.0 = at most 32 tokens per second
- RTX A4000: 448 / 9.0 = at most 49.8 tokens per second
- RTX 4000 Ada: 360 / 9.0 = at most 40 tokens per second

{said}
"""


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("On long prompts compute decides and the RTX 4000 Ada is well ahead of the RTX A4000.", False),
        ("With larger batches the RTX 4000 Ada is 1.4 times as fast as the RTX A4000.", False),
        ("With one request at a time the RTX 4000 Ada is well ahead of the RTX A4000.", True),
    ],
)
def test_rates_of_one_request_tell_nothing_of_what_compute_decides(said, wrong):
    assert bool(accused(ONE_REQUEST.format(said=said))) is wrong


PRICES = """# Prices

| Card | Price |
| --- | --- |
| RTX 3060 12GB | $240 |
| RTX A4000 | $480 |
| RTX A5000 | $1,440 |

{said}
"""


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("Per gigabyte, the RTX 3060 12GB is the cheapest of the three.", False),
        ("Per gigabyte, the RTX A4000 is the cheapest of the three.", True),
    ],
)
def test_a_gigabyte_has_a_price(said, wrong):
    assert bool(accused(PRICES.format(said=said))) is wrong
