"""Numbers with their units, any noun among them, and what some make of others."""

from __future__ import annotations

import pytest

from whichgpu.audit.reckoned.derive import changes, product_of, sums
from whichgpu.audit.reckoned.figures import figures


@pytest.mark.parametrize(
    ("text", "value", "powers"),
    [
        ("12 messages an hour", 12.0, (("h", -1), ("message", 1))),
        ("$2.40 per GPU hour", 2.4, (("$", 1), ("gpu", -1), ("h", -1))),
        ("$0.55 per million tokens", 0.55e-6, (("$", 1), ("token", -1))),
        ("31 cents per kWh", 0.31e-3, (("$", 1), ("Wh", -1))),
        ("$190 per kW and month", 0.19 / 730, (("$", 1), ("Wh", -1))),
        ("70 billion parameters", 70e9, (("parameter", 1),)),
        ("1.5 hours of audio", 1.5, (("media", 1),)),
        ("four bits", 0.5, (("B", 1), ("parameter", -1))),
        ("three months", 2190.0, (("h", 1),)),
        ("0.9 reserves 90 %", 0.9, ()),
    ],
)
def test_a_number_has_the_units_of_its_noun_and_of_what_it_is_per(text, value, powers):
    found = figures(text)[0]
    assert found.value == pytest.approx(value)
    assert found.powers == powers


def test_a_change_is_two_numbers_and_a_range_is_one():
    assert [each.value for each in figures("from 24 to 36 requests")] == [24.0, 36.0]
    assert figures("24 to 36 requests")[0].open


def test_a_number_without_a_unit_may_be_in_that_of_the_one_before_it():
    first, last = figures("It makes 3,300 images an hour, the other only 450.")
    assert last.others[0] == (first.powers, pytest.approx(1.0))
    first, last = figures("It renders 10 frames an hour and 240 a day.")
    assert last.others[0][0] == first.powers


@pytest.mark.parametrize(
    ("text", "of"),
    [
        ("600 users send 12 messages an hour, 7,200 messages per hour", "product"),
        ("1.2 trillion tokens cost $24,380, $20.32 per billion tokens", "product"),
        ("At 1.6 steps per second 3,600 steps take 2,250 seconds", "product"),
        ("$42,000, $17,400, $3,600 and $63,000", "sum"),
        ("$900,000, $744,000 and $156,000", "difference"),
        ("1,900 tokens, 2,850 tokens and 50 %", "change"),
    ],
)
def test_the_last_number_is_made_of_those_before_it(text, of):
    *rest, told = figures(text)
    tried = (
        *product_of(told, tuple(rest), strict=of == "product"),
        *sums(told, rest),
        *(changes(rest) if told.kind else ()),
    )
    assert any(each.how == of and each.gives(told) for each in tried)
    wrong = told._replace(low=told.low * 1.2, high=told.high * 1.2)
    assert not any(each.how == of and each.gives(wrong) for each in tried)


def test_a_result_by_units_that_do_not_come_out_is_none():
    *rest, told = figures("80 GB at $2.00 an hour, 160 W")
    assert not list(product_of(told, tuple(rest), strict=False))
