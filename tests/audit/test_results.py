"""Results that do not follow from their passage, and what is no such thing."""

from __future__ import annotations

import corpus

from whichgpu.audit.answer import audited
from whichgpu.audit.results.digits import plain_value, shown
from whichgpu.audit.text.terms import terms
from whichgpu.hardware.catalogue import catalogue


def test_the_number_of_an_amount_is_told_with_its_scale():
    (work,) = terms("It has 2 million tokens.")
    assert shown(work) == "2"
    assert plain_value(work) == 2e6


def _accused(text: str) -> dict[str, str]:
    found = audited(f"# On costs\n\n{text}\n".encode(), "a.md", catalogue(), corpus.TODAY)
    return {each.quote: each.expected.strip("$") for each in found.accusations}


def test_what_follows_from_a_wrong_result_is_not_accused_as_well():
    text = "The server uses 8.4 kWh a day. Over 30 days that makes 262 kWh. At $0.20 per kWh we pay $50.40."
    assert list(_accused(text)) == ["262 kWh"]


def test_the_right_value_is_told_of_a_price_for_each_million():
    text = "The pair of A100s made 90.7 million tokens for $34.56 of power, or $0.48 per million."
    assert _accused(text) == {"$0.48": "0.381"}


def test_an_amount_of_another_device_makes_no_result():
    text = "The A100 takes 26 hours. The H100 costs $2.50 an hour, so its run came to $47.50 last week."
    assert not _accused(text)


def test_a_formula_that_is_written_out_is_wrong_by_itself():
    text = "An A100 costs $3 an hour. Five hours: 5 x $3 = $18. For all fifteen runs: 15 x $18 = $290."
    assert {"$18", "$290"} <= {f"${each.strip('$')}" for each in _accused(text)}


def test_a_large_result_is_shown_in_all_its_digits():
    text = "That is 13,824 GPU-hours. At $2.50 per GPU-hour the bill comes to $44,560."
    assert _accused(text) == {"$44,560": "34,560"}
    text = "Node for node it is 15.92 USD an hour, and for a month of 730 hours I was billed 14,622 USD."
    assert list(_accused(text).values()) == ["11,622"]
