"""Bills and prices by rates that lists and tables of a page told: of instance types, of work, of an hour."""

from __future__ import annotations

from datetime import date

import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

_TYPES = """| Instance | GPU | On demand ($/hour) |
|---|---|---|
| g5.xlarge | 1 x A10G | 1.006 |
| p4d.24xlarge | 8 x A100 | 32.77 |

"""
_RENTS = """| GPU | Marketplace | Managed |
|---|---|---|
| A10 | $0.48 | $0.75 |
| A40 | $0.44 | $0.79 |
| RTX A6000 | $0.50 | $0.92 |

"""
_LIST = """What do a thousand pictures cost?

- A10: 600 images an hour, so $0.80.
- A40: 880 images an hour, so {}.
- RTX A6000: 1,000 images an hour, so $0.50.
"""
_OWNED = """| Two years | Server A | Server B | Server C |
|---|---|---|---|
| Hardware | $96,000 | $61,000 | $150,000 |
| Draw | 3.2 kW | 2.8 kW | 5.1 kW |
| Power bill | $12,000 | $10,500 | $19,000 |
| Total | {} | $71,500 | $169,000 |
| Per GPU-hour, always on | $1.54 | $1.02 | {} |
"""


@pytest.mark.parametrize(
    ("page", "wrong"),
    [
        (_TYPES + "We left a g5.xlarge on for 300 hours, which cost $301.80.", []),
        (_TYPES + "Two p4d.24xlarge for 20 hours are $1,310.80.", []),
        (_TYPES + "A p4d.24xlarge for a week comes to $5,505.", []),
        (_TYPES + "A g5.xlarge that runs 8 hours a day for a month costs $241.44.", []),
        (_TYPES + "A g5.xlarge on spot for 300 hours costs $121.", []),
        (_RENTS + _LIST.format("$0.50"), []),
        (_RENTS + _LIST.format("$0.90"), []),
        (_RENTS + "For 400 hours the A10 comes to $192. The A40 comes to $176.", []),
        (_OWNED.format("$108,000", "$2.41"), []),
        (_OWNED.format("$118,000", "$2.41"), ["$118,000"]),
    ],
)
def test_what_is_not_by_the_rate_that_was_told(page: str, wrong: list[str]):
    found = audited(f"# Costs\n\n{page}\n".encode(), "page.md", catalogue(), date(2026, 11, 25))
    assert [each.quote for each in found.accusations] == wrong


def test_an_offer_that_is_twice_anothers_says_nothing_of_a_third():
    page = (
        "# Costs\n\nAn H100 at $2.99/hr and an RTX 4090 at $0.34/hr are both cheap or dear.\n\n"
        "| GPU | Price |\n|---|---|\n| RTX 4090 | $0.17/hr |\n| L40S | $0.26/hr |\n| H100 | $0.80/hr |\n"
    )
    found = audited(page.encode(), "page.md", catalogue(), date(2026, 11, 25))
    assert not found.accusations
