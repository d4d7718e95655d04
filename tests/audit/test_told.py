"""What a text says of things that its own tables and lists told of, right and wrong."""

from __future__ import annotations

from datetime import date

import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

_PAGE = """# Desktops we built

| Machine | GPU | Images per hour | Price | Draw |
|---|---|---|---|---|
| Badger | RTX 4070 | 240 | $1,800 | 330 W |
| Heron | RTX 4090 | 640 | $3,900 | 610 W |
| Otter | RTX 5080 | 470 | $2,900 | 500 W |

"""


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("Heron makes 2.7 times as many pictures as Badger.", False),
        ("Of the three, Badger is the cheapest and the slowest.", False),
        ("Otter is the fastest machine here.", True),
        ("Badger is faster than Otter.", True),
        ("Heron's 610 W are 85 % more than Badger's.", False),
        ("Heron's 610 W are 45 % more than Badger's.", False),
        ("An image takes 15 seconds on Badger, 5.6 on Heron and 7.7 on Otter.", False),
        ("Two of the cards are $1,800 each, $4,600 for both.", True),
    ],
)
def test_what_is_said_of_things_that_a_table_told_of(said: str, wrong: bool):
    found = audited(f"{_PAGE}{said}\n".encode(), "page.md", catalogue(), date(2026, 11, 25)).findings
    assert any(each.accuses and each.start >= len(_PAGE) for each in found) is wrong


_CARDS = """# Cards we tried

| Card | Images per hour | Price | Draw |
|---|---|---|---|
| RTX 4070 | 240 | $540 | 200 W |
| RTX 4090 | 640 | $1,700 | 450 W |
| RTX 5080 | 470 | $1,050 | 360 W |

"""


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("The RTX 5080 is the second cheapest of the three.", False),
        ("The RTX 5080 runs a little slower than its rival, the RTX 4090.", False),
        ("First place by throughput goes to the RTX 4090.", False),
        ("The RTX 4090 beats everybody in images per hour.", False),
        ("The RTX 4090 is ahead of the 5080 by 36 % in images per hour.", False),
        ("That makes the RTX 4090 2.7 times as fast as the RTX 4070.", False),
        ("That makes the RTX 4090 3.6 times as fast as the RTX 4070.", True),
        ("The RTX 4070 makes 1.2 images an hour per watt, the RTX 4090 1.42 and the RTX 5080 1.31.", False),
        ("Two RTX 5080 give you 32 GB at 720 W.", False),
        ("Two RTX 5080 give you 32 GB at 920 W.", True),
        ("Two RTX 4070 are faster than one RTX 5080.", False),
    ],
)
def test_what_is_said_of_cards_that_a_table_told_of(said: str, wrong: bool):
    found = audited(f"{_CARDS}{said}\n".encode(), "page.md", catalogue(), date(2026, 11, 25)).findings
    assert any(each.accuses and each.start >= len(_CARDS) for each in found) is wrong


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ("| Search | 410 | $21,300 |\n| Chat | 96 | $58,900 |\n| Total | 506 | $80,200 |", False),
        ("| Search | 410 | $21,300 |\n| Chat | 96 | $58,900 |\n| Total | 606 | $80,200 |", True),
        ("| Jan | 5,952 | $8,928 |\n| Feb | 8,064 | $12,096 |\n| Mar | 9,904 | $14,856 |", False),
        (
            "| A | 100 | $50 |\n| B | 60 | $30 |\n| C | 40 | $20 |\n\nB alone made up 30 % of the total.",
            False,
        ),
    ],
)
def test_what_follows_from_the_columns_of_a_table(rows: str, wrong: bool):
    page = f"# Our GPU bill\n\n| Team | GPU-hours | Bill at $1.50 |\n|---|---|---|\n{rows}\n"
    assert bool(audited(page.encode(), "page.md", catalogue(), date(2026, 11, 25)).accusations) is wrong


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("That makes the 5090 41 % faster than the 4090.", False),
        ("That makes the 5090 81 % faster than the 4090.", True),
        ("Of the three the 3090 is the slowest.", False),
        ("Of the three the 3090 is the fastest.", True),
    ],
)
def test_what_sentences_told_of_several_devices(said: str, wrong: bool):
    told = "The RTX 5090 trains it in 41 minutes, the RTX 4090 needs 58 and the RTX 3090 takes 97."
    page = f"# One job\n\n{told} {said}\n"
    assert bool(audited(page.encode(), "page.md", catalogue(), date(2026, 11, 25)).accusations) is wrong


_CABINET = """# Bill for the cabinet

| | L4 | T4 |
|---|---|---|
| Quantity | 7 | 11 |
| Rated power | {power} | 770 W |

"""
_SLICES = """# Slices

| GPU | Memory | Slices | Memory of each |
|---|---|---|---|
| A30 | 24 GB | 4 | 6 GB |
| A100 40 GB | 40 GB | 7 | 5 GB |

"""
_USERS = """# Measured

| Model | Requests | MI300X | H100 SXM |
|---|---|---|---|
| Llama 3.1 8B | {few} | 160 tok/s | 140 tok/s |
| Llama 3.1 70B | 64 | 1,100 tok/s | 1,000 tok/s |

"""
_MONTHS = """# Rental prices

| | $/GPU-hour | 8 GPUs, 730 hours |
|---|---|---|
| H100 SXM | 2.49 | 14,541.60 |
| B200 SXM | 4.99 | 29,141.60 |

The {name} SXM is the fastest of the two.
"""
_TIMES = """<h1>A30 or L4?</h1><h2>Speed</h2>
<p>Stable Diffusion XL, thirty steps, seconds for one picture, lower is better.</p>
<table><tr><th>GPU</th><th>SDXL FP16</th></tr><tr><td>A30</td><td>8.1</td></tr>
<tr><td>L4</td><td>14.6</td></tr>
</table><p>The A30 {said} the L4.</p>
"""
_WEIGHTS = """# An A30 at home

I run the A30 with 24 GB, one user at a time:

Model
Size of weights
Tokens per second
7B, FP16
14 GB
49
14B, Q8
15 GB
44

"""


@pytest.mark.parametrize(
    ("page", "wrong"),
    [
        # What a table in HTML is of, the paragraph above it says, and not the word above that.
        (_TIMES.format(said="beats"), False),
        (_TIMES.format(said="trails"), True),
        # A cell to a line: the sizes are of the models.
        (_WEIGHTS, False),
        # A row counts them, or tells the whole besides.
        (_CABINET.format(power="504 W"), False),
        (_CABINET.format(power="540 W"), True),
        (_SLICES, False),
        # One request at a time is slower than 64 of a larger model together.
        (_USERS.format(few=1), False),
        (_USERS.format(few=64), True),
        # Hours of a bill are no time that something takes.
        (_MONTHS.format(name="B200"), False),
    ],
)
def test_cells_that_are_of_several_or_measured_otherwise(page: str, wrong: bool):
    name = "page.html" if page.startswith("<") else "page.md"
    found = audited(page.encode(), name, catalogue(), date(2026, 11, 25)).findings
    assert any(each.accuses for each in found) is wrong


_SPEEDS = """# L40S and A100

| Run | L40S | A100 80GB PCIe |
|---|---|---|
| Llama 3.1 8B, BF16, vLLM, 1 request | 49 tok/s | 87 tok/s |
| Llama 3.1 8B, BF16, vLLM, 64 requests | 1,260 tok/s | 1,750 tok/s |

We ask $0.89 an hour for the L40S and $1.39 for the A100 80GB PCIe.

| Job | L40S | A100 80GB PCIe |
|---|---|---|
| 1M tokens, Llama 3.1 8B, 64 requests | $0.20 | $0.22 |
"""
_BILL = """# What our nodes cost

| Node | GPUs | per GPU-hour | all GPUs, per hour | 8 nodes, 730 hours |
|---|---|---|---|---|
| small | 4 x L4 | $0.60 | $2.40 | $14,016.00 |
| wide | 8 x A100 80GB SXM | $1.50 | $12.00 | $70,080.00 |
| fast | 8 x H100 SXM | $2.40 | $19.20 | $112,128.00 |
"""
_MINE = """My numbers, Llama 3.1 8B, 4 bit, llama.cpp, batch 1:

- RTX 3090: 120 tok/s
- RTX 4090: 145 tok/s
"""
_LINES = """NVIDIA L40S or A100

Run
L40S
A100 80GB PCIe
Llama 3.1 8B, BF16, 1 request
49 tok/s
87 tok/s
Llama 3.1 8B, BF16, 64 requests
1,260 tok/s
1,750 tok/s

That is all.
"""


@pytest.mark.parametrize(
    ("page", "right", "wrong"),
    [
        (_SPEEDS, "$0.22", "$0.44"),
        (_SPEEDS, "49 tok", "149 tok"),
        (_LINES, "49 tok", "149 tok"),
        (_MINE, "145 tok", "450 tok"),
        ("Does the H100 support MIG? Yes, it can be split into seven instances.", "seven", "sixteen"),
        ("The A30's bandwidth is 933 GB/s, that of the A10 600 GB/s. That's 56 % more.", "56", "96"),
        ("It came out in 2021. The RTX 3060 came out on the Ampere architecture.", "Ampere", "Turing"),
        ("The H100 SXM delivers 80 GB of HBM3 and FP8, all within 700 W.", "700 W", "350 W"),
        ("The A30 has a wide bus. Its HBM2 moves 933 GB/s.", "933", "733"),
        ("The sum for the weights: 13B x 2 bytes = 26 GB.", "26 GB", "20 GB"),
    ],
)
def test_what_a_page_makes_wrong_by_itself(page: str, right: str, wrong: str):
    day = date(2026, 11, 25)
    assert not audited(page.encode(), "page.md", catalogue(), day).accusations
    found = audited(page.replace(right, wrong, 1).encode(), "page.md", catalogue(), day)
    assert found.accusations
