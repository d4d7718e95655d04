"""Quantities as text and as SI floats."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whichgpu.errors import UsageError
from whichgpu.units import DIMENSIONS, number, parse, parse_rate, show


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("3.35 TB/s", "bandwidth", 3.35e12),
        ("3.35TB/s", "bandwidth", 3.35e12),
        ("  1,935 GB/s ", "bandwidth", 1.935e12),
        ("1_935 GB/s", "bandwidth", 1.935e12),
        ("80 GiB", "memory", 80 * 2**30),
        ("80 GB", "memory", 80e9),
        ("24gb", "memory", 24e9),
        ("5 kwh", "energy", 1.8e7),
        ("81,920 MiB", "memory", 80 * 2**30),
        (".5 kWh", "energy", 1.8e6),
        ("1e3 W", "power", 1000.0),
        ("312 TFLOPS", "flop rate", 312e12),
        ("312 TFLOP/s", "flop rate", 312e12),
        ("624 TOPS", "op rate", 624e12),
        ("16 Gbit/s", "bit rate", 16e9),
        ("20 us", "time", 2e-05),
        ("826 mm2", "area", 0.000826),
        ("20 %", "share", 0.2),
        ("0.2", "share", 0.2),
        ("24 USD/day", "price", 1.0),
    ],
)
def test_reads_a_quantity_as_si(text: str, dimension: str, value: float) -> None:
    assert parse(text, dimension) == value


@pytest.mark.parametrize(
    ("text", "dimension", "told"),
    [
        ("3.35", "bandwidth", "'3.35' has no unit; write e.g. \"3.35 TB/s\""),
        ("3.35 TB", "bandwidth", "'3.35 TB' is not a bandwidth; write e.g. \"3.35 TB/s\""),
        ("3,35 TB/s", "bandwidth", "'3,35 TB/s' is not a bandwidth"),
        ("1,23,456 GB", "memory", "'1,23,456 GB' is not a memory"),
        ("fast", "op rate", "'fast' is not an op rate"),
        ("", "power", "'' is not a power"),
        ("nan W", "power", "'nan W' is not a finite power"),
        ("1e999 W", "power", "'1e999 W' is not a finite power"),
        ("2k per hour", "price", "'2k per hour' has no unit; write e.g. \"2000 USD/hour\""),
        ("2k", "price", "'2k' has no unit; write e.g. \"2000 USD/h\""),
        ("2 bananas", "price", "'2 bananas' is not a price; write e.g. \"20 USD/h\""),
        ("5 mw", "power", "'5 mw' is not a power"),
        ("5 mb", "memory", "'5 mb' is not a memory"),
        ("5 Mbit", "memory", "'5 Mbit' is not a memory"),
        ("3 W W", "power", "'3 W W' is not a power"),
        ("0x10 W", "power", "'0x10 W' is not a power"),
    ],
)
def test_refuses_what_is_not_that_quantity(text: str, dimension: str, told: str) -> None:
    with pytest.raises(UsageError) as fault:
        parse(text, dimension)
    assert told in str(fault.value)
    assert DIMENSIONS[dimension].example.split(" ", 1)[-1] in str(fault.value)


def test_every_example_is_itself_readable() -> None:
    for name, dimension in DIMENSIONS.items():
        assert parse(dimension.example, name) > 0
        assert show(parse(dimension.example, name), name) != ""


@pytest.mark.parametrize(
    ("text", "rate", "what"),
    [
        ("1000 images/min", 1000 / 60, "images"),
        ("1,000 images per minute", 1000 / 60, "images"),
        ("2 million tokens/day", 2e6 / 86400, "tokens"),
        ("10 k output tokens/s", 10_000.0, "output tokens"),
        ("5 Sequences/H", 5 / 3600, "sequences"),
        ("20000 images a day", 20000 / 86400, "images"),
        ("20000 images daily", 20000 / 86400, "images"),
        ("2B tokens/month", 2e9 / 2629800, "tokens"),
        ("100 images in 8 hours", 100 / 28800, "images"),
        ("30 fps", 30.0, "images"),
        ("500 tps", 500.0, "tokens"),
    ],
)
def test_reads_a_rate_of_work(text: str, rate: float, what: str) -> None:
    value, unit = parse_rate(text)
    assert value == pytest.approx(rate)
    assert unit == what


@pytest.mark.parametrize(
    "text",
    [
        "1000",
        "1000 images",
        "1000/min",
        "images/min",
        "0 images/s",
        "-5 images/s",
        "5 images/fortnight",
        "5 images per 0 s",
    ],
)
def test_refuses_what_is_not_a_rate(text: str) -> None:
    with pytest.raises(UsageError, match="images/min"):
        parse_rate(text)


@pytest.mark.parametrize(
    ("value", "dimension", "text"),
    [
        (3.35e12, "bandwidth", "3.35 TB/s"),
        (999.99e9, "bandwidth", "1 TB/s"),
        (0.0, "bandwidth", "0 B/s"),
        (80 * 2**30, "memory", "80 GiB"),
        (1.41e9, "frequency", "1.41 GHz"),
        (0.000826, "area", "826 mm2"),
        (0.25, "share", "25 %"),
        (1234.5, "money", "1,234 USD"),
        (90.0, "time", "90 s"),
        (7200.0, "time", "2 h"),
        (2e-05, "time", "20 us"),
        (1e-12, "length", "1e-09 mm"),
    ],
)
def test_writes_a_value_as_a_person_would(value: float, dimension: str, text: str) -> None:
    assert show(value, dimension) == text


def test_a_bare_number_keeps_its_significant_digits() -> None:
    assert number(1234567) == "1,234,567"
    assert number(0.012345) == "0.0123"
    assert number(1e-9) == "1e-09"


@given(
    st.floats(min_value=1e-3, max_value=1e18),
    st.sampled_from(["bandwidth", "flop rate", "op rate", "frequency", "bit rate"]),
)
def test_what_is_shown_reads_back_to_its_digits(value: float, dimension: str) -> None:
    assert parse(show(value, dimension, 6), dimension) == pytest.approx(value, rel=1e-5, abs=1e-9)


@given(st.text(max_size=20), st.sampled_from(sorted(DIMENSIONS)))
def test_any_text_is_read_or_refused_in_one_line(text: str, dimension: str) -> None:
    told = ""
    try:
        assert math.isfinite(parse(text, dimension))
    except UsageError as fault:
        told = str(fault)
    assert not told or "write e.g." in told


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [("$2.5k per month", "price", 2500 / 730.5), ("20 usd/hr", "price", 20.0), ("US$ 3/h", "price", 3.0),
     ("USD 500", "money", 500.0), ("50 cents an hour", "price", 0.5),
     ("12¢/kWh", "energy price", 0.12), ("1.5M USD", "money", 1.5e6), ("$0.30/kWh", "energy price", 0.30),
     ("12 dollars a day", "price", 0.5)],
)  # fmt: skip
def test_money_as_people_write_it(text: str, dimension: str, value: float) -> None:
    assert parse(text, dimension) == pytest.approx(value)


@pytest.mark.parametrize("text", ["20 EUR/h", "€20/h", "£5 per hour", "500 CHF"])
def test_another_currency_is_refused_with_what_to_type(text: str) -> None:
    with pytest.raises(UsageError, match=f'e\\.g\\. "{text} at 1\\.08"'):
        parse(text, "price")


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [("100 EUR at 1.08", "money", 108.0), ("€0.30/kWh at 1.1 USD", "energy price", 0.33),
     ("2k GBP a month @ 1.25", "price", 2500 / 730.5), ("1,200 euros at 1.1 USD per euro", "money", 1320.0)],
)  # fmt: skip
def test_another_currency_counts_at_the_rate_that_is_stated(text: str, dimension: str, value: float) -> None:
    assert parse(text, dimension) == pytest.approx(value)


@pytest.mark.parametrize(
    ("usd", "told"),
    [
        (0.0, "0.00"), (0.1, "0.10"), (0.09996, "0.10"), (0.098, "0.098"), (0.0501, "0.0501"), (0.04, "0.04"),
        (0.00889, "0.00889"), (1234.5, "1,234.50"), (-3.0, "-3.00"), (0.0099999, "0.01"), (1e-9, "1e-09"),
    ],
)  # fmt: skip
def test_money_has_two_decimals_at_least(usd: float, told: str) -> None:
    from whichgpu.planner.words import cents, money

    assert cents(usd) == told
    assert money(usd) == f"{told} USD"


def test_a_large_number_without_a_unit_is_told_the_smaller_one() -> None:
    for text, dimension, told in (("600", "bandwidth", "600 GB/s"), ("24576", "memory", "24576 MB")):
        with pytest.raises(UsageError, match=f'write e.g. "{told}"'):
            parse(text, dimension)
