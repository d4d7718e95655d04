"""Results that follow from amounts paragraphs above are right; wrong ones stay wrong beside them."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

_BILL = """# A cluster

Our 48 A100 cards could deliver 48 x 8,760 = 420,480 GPU-hours. Jobs held 65 % of these.

The group pays $0.95 per GPU-hour, all inclusive. A year costs it ${year}.
"""
_LIMIT = """# Limits

My lab has an RTX 3090. {meter}

It runs under load for five hours a day. At 840 W that was {energy} kWh a day.
"""
_SERVED = """# Prices of tokens, a 14B model in FP8

| GPU | $/hour | Tokens/s | {head} |
|---|---|---|---|
| L4 | 0.48 | 310 | 0.43 |
| A100 80GB | 1.39 | 1,600 | 0.24 |
"""


def _accused(page: str) -> list[str]:
    found = audited(page.encode(), "a.md", catalogue(), corpus.TODAY)
    return [each.stated for each in found.accusations]


@pytest.mark.parametrize(("year", "wrong"), [("399,456", []), ("299,456", ["$299,456"])])
def test_a_bill_of_what_the_paragraph_before_tells(year, wrong):
    assert _accused(_BILL.format(year=year)) == wrong


@pytest.mark.parametrize(
    ("meter", "energy", "wrong"),
    [
        ("The wall meter showed 840 W.", "4.2", []),
    ],
)
def test_a_power_that_was_told_of_the_whole_machine(meter, energy, wrong):
    assert _accused(_LIMIT.format(meter=meter, energy=energy)) == wrong


def test_rates_beside_a_price_of_a_million_tokens_are_of_many_requests():
    assert not _accused(_SERVED.format(head="$ per million tokens"))
    # So far above the bound of one request they are of many without it, unless they are said to be of one.
    assert not _accused(_SERVED.format(head="Score"))
    alone = _SERVED.replace("in FP8", "in FP8, batch 1").format(head="Score")
    assert _accused(alone) == ["310", "1,600"]
