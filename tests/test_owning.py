"""Rent or buy, and spot capacity that is taken back: the formulas against what they must be."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from whichgpu import prices
from whichgpu.cli import main
from whichgpu.errors import DataError, UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.prices import spot
from whichgpu.prices.breakeven import rent_or_buy, stated

GPUS = catalogue()
TODAY = date(2026, 11, 20)
AWS = next(row for row in prices.bundled() if row.instance == "p4d.24xlarge" and row.kind == "spot")


def offer(**changes: Any) -> prices.Offer:
    return replace(AWS, **changes)


def test_without_interruptions_only_checkpoints_cost_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spot, "band", lambda _: spot.Band(1e-9, 1e-9, "x"))
    found = spot.expected(offer(), 100.0, spot.Habits(1800.0, 60.0, 600.0))
    assert found.hours == pytest.approx(100 * (1 + 60 / 1800), rel=1e-6)
    assert found.interruptions == pytest.approx(0, abs=1e-3)
    assert found.usd == pytest.approx(found.hours * AWS.usd_per_hour)


def test_expected_time_is_that_of_simulated_interruptions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Daly's formula against runs with exponential gaps: work in pieces, each lost if it is cut short."""
    monkeypatch.setattr(spot, "band", lambda _: spot.Band(0.999, 0.999, "x"))
    how = spot.Habits(7200.0, 600.0, 1800.0)
    found = spot.expected(offer(), 200.0, how)
    between = found.band.hours_between
    rng = np.random.default_rng(1)
    totals = []
    for _ in range(600):
        clock, done, left = 0.0, 0, rng.exponential(between)
        while done < 100:
            piece = (how.every + how.takes) / 3600
            if left >= piece:
                clock, left, done = clock + piece, left - piece, done + 1
            else:
                clock += left
                while (left := rng.exponential(between)) < how.restart / 3600:
                    clock += left
                clock, left = clock + how.restart / 3600, left - how.restart / 3600
        totals.append(clock)
    assert found.hours == pytest.approx(np.mean(totals), rel=0.01)


def test_the_best_interval_costs_least() -> None:
    how = spot.Habits(1800.0, 120.0, 600.0)
    at_best = spot.expected(
        offer(), 100.0, how._replace(every=spot.expected(offer(), 100.0, how).best_interval)
    )
    for factor in (0.5, 2.0):
        other = spot.expected(offer(), 100.0, how._replace(every=at_best.best_interval * factor))
        assert other.hours > at_best.hours


def test_interruptions_may_be_stated(whichgpu: Any) -> None:
    assert spot.read_band("20 %").hours_between == pytest.approx(730.5 / -math.log(0.8))
    for hours in (3.0, 12.0, 500.0):
        assert spot.read_band(f"{hours} h").hours_between == pytest.approx(hours)
    for text in ("often", "0 %", "100 %", "120 %", "-5 %", "0 h", "-1 h"):
        with pytest.raises(UsageError):
            spot.read_band(text)
    line = ("prices", "spot", "a100-80gb-sxm", "--gpus", "8", "--hours", "72", "--json")
    hopeless = whichgpu(*line, "--interruption", "5 s")
    assert (hopeless.status, "no checkpoint helps" in hopeless.err) == (3, True)
    seldom = whichgpu(*line, "--interruption", "20 min", "--checkpoint", "3 h")
    assert (seldom.status, seldom.json["error"]["exit_code"]) == (3, 3)
    often = re.search("--checkpoint '([^']+)'", seldom.err)
    assert often
    assert whichgpu(*line, "--interruption", "20 min", "--checkpoint", often[1]).status == 0
    assert whichgpu(*line, "--checkpoint", "1e20 years").status == 2
    assert whichgpu(*line, "--restart", "1e20 years").status == 2
    calm, rough = whichgpu(*line).json, whichgpu(*line, "--interruption", "36 h").json
    assert rough["spot"][0]["hours"] > calm["spot"][0]["hours"]
    assert rough["spot"][0]["interruptions"] == pytest.approx(rough["spot"][0]["hours"] / 36, rel=1e-3)


def test_an_instance_is_held_against_itself(whichgpu: Any) -> None:
    told = whichgpu("prices", "spot", "g2-standard-4", "--hours", "10", "--json").json
    assert (told["gpu"], told["gpus"]) == ("l4", 1)
    assert {row["offer"]["instance"] for row in told["spot"] + told["on_demand"]} == {"g2-standard-4"}
    none = whichgpu("prices", "spot", "g7e.2xlarge", "--hours", "10")
    assert (none.status, "no spot offer of g7e.2xlarge is stored" in none.err, none.out) == (4, True, "")


def test_without_a_spot_price_the_saving_that_is_stated_gives_one_and_says_so(whichgpu: Any) -> None:
    told = whichgpu("prices", "spot", "g5.xlarge", "--hours", "10")
    assert "the price is derived, not read" in " ".join(told.out.split())
    (found,) = whichgpu("prices", "spot", "g5.xlarge", "--hours", "10", "--json").json["spot"]
    saved = spot._bands()["aws", "g5.xlarge"][found["offer"]["region"]].savings
    usd = [row["usd_by_region"][found["offer"]["region"]]
           for row in whichgpu("prices", "g5.xlarge", "--json").json["offers"]
           if found["offer"]["region"] in row["usd_by_region"]]  # fmt: skip
    assert found["offer"]["usd_per_hour"] == pytest.approx(usd[0] * (1 - saved), abs=1e-4)
    read = whichgpu("prices", "spot", "l4", "--hours", "10", "--json").json["spot"]
    kinds = [one["offer"]["derived"] for one in read]
    assert kinds == sorted(kinds), "prices that somebody asks come first"
    assert {True, False} == set(kinds)


def test_bands_are_of_the_type_and_region_or_assumed() -> None:
    known = spot.band(offer(instance="g5.xlarge", region="us-east-1"))
    assert known.source == "aws-spot-advisor-2025"
    assert 0 <= known.low < known.high <= 0.5
    mean = spot.band(offer(instance="g5.xlarge", region="nowhere-1"))
    assert mean.low <= mean.high
    assert spot.band(offer(provider="verda")).source == "assumed"
    assert spot.Band(0.2, 0.2, "x").hours_between == pytest.approx(730.5 / -math.log(0.8))


def test_what_is_read_goes_before_what_shipped(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from pathlib import Path

    from whichgpu.prices.fetch import Folder
    from whichgpu.prices.sources import all_sources
    from whichgpu.prices.update import update

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    spot._bands.cache_clear()
    samples = Path(__file__).parent / "prices"
    update([all_sources()["aws-spot-advisor"]], lambda name: Folder(samples, name), TODAY)
    found = spot.band(offer(instance="g5.xlarge", region="us-east-1"))
    assert found == spot.Band(0.05, 0.11, "aws-spot-advisor", "2026-11-20", savings=0.57)
    spot._bands.cache_clear()


def test_owning_equals_the_rent_at_the_least_hours_a_day() -> None:
    given = stated(8)
    found = rent_or_buy(GPUS["rtx-a6000"], 8, given, TODAY, usd=4000, rent=0.8)
    assert found.least_hours_per_day is not None
    least = found.least_hours_per_day
    again = rent_or_buy(GPUS["rtx-a6000"], least, stated(least), TODAY, usd=4000, rent=0.8)
    assert again.own == pytest.approx(0.8)
    assert found.hours == pytest.approx(4000 * (1 + given.host_price_share) / (0.8 - found.running))
    watts = GPUS["rtx-a6000"].need("power")
    assert found.running == pytest.approx(watts / 1000 * 0.8 * 1.4 * 1.3 * 0.12)


def test_the_answer_flips_with_the_use_and_the_price() -> None:
    gpu = GPUS["a100-80gb-pcie"]
    assert rent_or_buy(gpu, 24, stated(24), TODAY, usd=9000, rent=1.2).own < 1.2
    assert rent_or_buy(gpu, 2, stated(2), TODAY, usd=9000, rent=1.2).own > 1.2
    assert rent_or_buy(gpu, 24, stated(24), TODAY, usd=90000, rent=1.2).own > 1.2
    never = rent_or_buy(gpu, 24, stated(24, electricity="5 USD/kWh"), TODAY, usd=9000, rent=1.2)
    assert never.hours is None


@pytest.mark.parametrize("hours", [0, -1, 25, math.nan])
def test_hours_of_a_day(hours: float) -> None:
    with pytest.raises(UsageError, match="--hours-per-day"):
        stated(hours)


def test_what_cannot_be(whichgpu: Any) -> None:
    with pytest.raises(DataError, match="--price"):
        rent_or_buy(GPUS["rtx-5000-ada-laptop"], 8, stated(8), TODAY)
    assert rent_or_buy(GPUS["gtx-1050"], 8, stated(8), TODAY).hours is None
    with pytest.raises(UsageError, match="--price"):
        rent_or_buy(GPUS["rtx-a6000"], 8, stated(8), TODAY, usd=-1)
    assert whichgpu("prices", "own", "rtx-a6000", "--electricity", "cheap").status == 2
    assert whichgpu("prices", "own", "rtx-a6000", "--resale", "150 %").status == 2
    assert whichgpu("prices", "spot", "a10", "--hours", "0").status == 2
    assert whichgpu("prices", "spot", "a10", "--hours", "1", "--checkpoint", "0 s").status == 2
    assert whichgpu("prices", "spot", "gtx-1050", "--hours", "1").status == 4
    assert whichgpu("prices", "spot", "a10").status == 2


def test_what_nobody_rents_out_has_a_cost_of_its_own(whichgpu: Any) -> None:
    """A laptop: 1,999 USD, a fifth back after 3 years of 1,461 h, and 120 W of it by the hour."""
    told = whichgpu("prices", "own", "rtx-4090-laptop", "--hours-per-day", "4")
    assert told.status == 0
    assert "No price on demand is on file" in told.out
    found = whichgpu("prices", "own", "rtx-4090-laptop", "--hours-per-day", "4", "--json").json
    assert found["rent"] is None
    assert found["own"] == pytest.approx(1999 * 0.8 / (3 * 365.25 * 4) + found["running"])
    rented = whichgpu("prices", "own", "rtx-4090-laptop", "--hours-per-day", "4", "--rent", "0.5 USD/h")
    assert "The rent has paid for it after" in rented.out


def test_the_commands(whichgpu: Any) -> None:
    own = whichgpu("prices", "own", "rtx-a6000", "--json")
    assert own.status == 0
    assert own.json["assumed"]["pue"] == 1.3
    parts = own.json["parts"]
    assert sum(parts.values()) == pytest.approx(own.json["own"])
    assert parts["cooling_and_site"] == pytest.approx(0.3 * parts["electricity"])
    assert own.json["carbon"]["g_per_hour"] == pytest.approx(
        (own.json["kwh"] + own.json["kwh_of_site"]) * own.json["carbon"]["grid"]["grams_per_kwh"]
    )
    cooled = whichgpu("prices", "own", "rtx-a6000", "--cooling", "50 %", "--grid", "france", "--json").json
    assert cooled["assumed"]["pue"] == 1.5
    assert whichgpu("prices", "own", "rtx-a6000", "--cooling", "30 %", "--pue", "1.2").status == 2
    page = whichgpu("prices", "own", "rtx-a6000", "--format", "html").out
    assert "<svg" in page
    assert "USD spent so far" in page
    found = whichgpu("prices", "spot", "a100-40gb-sxm", "--hours", "100", "--gpus", "8", "--json").json
    assert found["spot"][0]["usd"] == min(row["usd"] for row in found["spot"])
    assert found["spot"][0]["hours"] > 100


def test_a_part_is_owned_and_rented_for_its_share(whichgpu: Any) -> None:
    """Half of a card costs half, to buy, to rent and to run; MIG shares a GPU out as its guide says."""
    whole, half = (whichgpu("prices", "own", gpu, "--json").json for gpu in ("rtx-4090", "rtx-4090:1/2"))
    assert half["gpu_price"] == pytest.approx(whole["gpu_price"] / 2)
    assert half["rent"] == pytest.approx(whole["rent"] / 2)
    sxm, part = (prices.purchase_price(gpu) for gpu in ("a100-80gb-sxm", "a100-80gb-sxm:mig-3g.40gb"))
    assert sxm is not None
    assert part is not None
    assert part.usd == sxm.usd / 2
    assert prices.purchase_price("a10m:1/2") is None
    bill = whichgpu("prices", "cost", "stable-diffusion-1.5", "--gpu", "l4:1/2", "--json").json
    assert bill["gpus"] == 2
    bought = whichgpu(
        "recommend", "stable-diffusion-1.5", "--gpus", "rtx-4090:1/2", "--term", "buy",
        "--target", "20 images/min", "--json",
    ).json["candidates"][0]  # fmt: skip
    assert (bought["gpus_per_instance"], bought["offer"]["kind"]) == (2, "buy")


def test_a_month_of_several_is_their_electricity_and_their_cost(capsys: pytest.CaptureFixture[str]) -> None:
    """Eight of 400 W at 80 % load with their part of the server, around the clock, at a stated price."""
    command = ["prices", "own", "a100-80gb-sxm", "--gpus", "8", "--hours-per-day", "24", "--json"]
    assert main([*command, "--electricity", "0.20 USD/kWh", "--pue", "1.3"]) == 0
    told = json.loads(capsys.readouterr().out)
    month, hours = told["month"], 24 * 30.4375
    assert month["gpus"] == 8
    assert month["hours"] == pytest.approx(hours)
    assert month["kwh"] == pytest.approx(8 * hours * told["kwh"] * 1.3)
    assert month["usd_of_electricity"] == pytest.approx(0.20 * month["kwh"])
    assert month["usd"] == pytest.approx(8 * hours * told["own"])
