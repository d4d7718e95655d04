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
        ("Heron makes 3.7 times as many pictures as Badger.", True),
        ("Of the three, Badger is the cheapest and the slowest.", False),
        ("Otter is the fastest machine here.", True),
        ("Badger is faster than Otter.", True),
        ("Heron's 610 W are 85 % more than Badger's.", False),
        ("Heron's 610 W are 45 % more than Badger's.", True),
        ("An image takes 15 seconds on Badger, 5.6 on Heron and 7.7 on Otter.", False),
        ("An image takes 15 seconds on Badger, 9.6 on Heron and 7.7 on Otter.", True),
        ("Together the three draw 1,640 W.", True),
        ("Two of the cards are $1,800 each, $4,600 for both.", True),
        ("FP64 falls from 37 teraflops to 125.", True),
    ],
)
def test_what_is_said_of_things_that_a_table_told_of(said: str, wrong: bool):
    found = audited(f"{_PAGE}{said}\n".encode(), "page.md", catalogue(), date(2026, 11, 25)).findings
    assert any(each.accuses and each.start >= len(_PAGE) for each in found) is wrong
