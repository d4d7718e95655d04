"""Bills: what a job costs on every kind of terms, against arithmetic done here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from whichgpu import prices
from whichgpu.errors import Infeasible, UsageError
from whichgpu.facts.model import Interval
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.bill import Bill, bill
from whichgpu.planner.bill_use import Use, monthly, read_discounts
from whichgpu.planner.wishes import read_target
from whichgpu.prices import spot
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve

GPUS = catalogue()
TODAY = date(2026, 11, 20)
SD = resolve("stable-diffusion-1.5")
#: A machine that makes 3,600 images an hour.
ONE = Interval(1.0, 1.0, 1.0, "images/s")
MONTH = 24 * 30.4375


def offer(kind: str, usd: float, provider: str = "aws", gpus: float = 1.0) -> prices.Offer:
    first = next(row for row in prices.bundled() if row.gpu == "a10" and not row.quarantine)
    return replace(
        first, provider=provider, kind=kind, usd_per_hour=usd, gpu_count=gpus, as_of=TODAY, listing=""
    )


def made(*pool: prices.Offer, use: Use | None = None, gpus: int = 1, **more: Any) -> Bill:
    return bill(
        Job("stable-diffusion-1.5"),
        GPUS["a10"],
        gpus,
        use or Use(),
        GPUS,
        today=TODAY,
        measured=ONE,
        pool=pool,
        **more,
    )


def ways(found: Bill) -> dict[str, Any]:
    return {way.kind: way for way in found.ways}


def test_every_kind_of_terms_by_its_own_rule() -> None:
    pool = [offer("on_demand", 2.0), offer("spot", 0.5), offer("committed_1y", 1.2), offer("serverless", 3.0)]
    found = ways(made(*pool, use=Use(hours_per_day=12, busy=0.25, amount=7200.0)))
    up, images = MONTH / 2, 3600 * 0.25 * MONTH / 2
    assert found["on_demand"].usd_per_month == pytest.approx(2.0 * up)
    assert found["serverless"].usd_per_month == pytest.approx(3.0 * up * 0.25), "only the seconds of use"
    assert found["committed_1y"].usd_per_month == pytest.approx(1.2 * 730.5), "whether used or not"
    assert found["committed_3y"].usd_per_month == pytest.approx(2.0 * (1 - 0.57) * 730.5)
    assert "assumed" in found["committed_3y"].assumed
    # What is assumed was read of hyperscalers; of others it holds where it is stated.
    cheap = [offer("on_demand", 1.0, "acme"), offer("on_demand", 2.0)]
    assert ways(made(*cheap))["committed_3y"].usd_per_hour == pytest.approx(2.0 * (1 - 0.57))
    assert "committed_3y" not in ways(made(*cheap[:1]))
    own = ways(made(*cheap, use=Use(discounts={"3-years": 0.5})))
    assert own["committed_3y"].usd_per_hour == pytest.approx(0.5)
    stretch = spot.expected(pool[1], 1.0, spot.habits()).hours
    assert found["spot"].usd_per_month == pytest.approx(0.5 * up * stretch)
    for way in found.values():
        assert way.usd_per_unit == pytest.approx(way.usd_per_month / images)
        assert way.usd_per_run == pytest.approx(7200 * way.usd_per_unit)
    assert found["on_demand"].hours == pytest.approx(7200 / (3600 * 0.25))
    assert found["spot"].hours == pytest.approx(8.0 * stretch)


def test_the_cheapest_flips_with_the_use() -> None:
    pool = [offer("on_demand", 2.0), offer("committed_1y", 1.2), offer("serverless", 3.0)]
    rented = [way.kind for way in made(*pool).ways if way.kind not in ("own", "committed_3y")]
    assert rented[0] == "committed_1y"
    rented = [
        way.kind
        for way in made(*pool, use=Use(hours_per_day=8)).ways
        if way.kind not in ("own", "committed_3y")
    ]
    assert rented[0] == "on_demand"
    idle = made(*pool, use=Use(hours_per_day=8, busy=0.1))
    assert next(way.kind for way in idle.ways if way.kind != "own") == "serverless"


def test_break_even_hours_are_where_both_months_are_the_same() -> None:
    pool = [offer("on_demand", 2.0), offer("committed_1y", 1.2)]
    found = made(*pool)
    assert found.break_even_hours["committed_1y"] == pytest.approx(1.2 / 2.0 * 24)
    for kind in ("committed_1y", "own"):
        hours = found.break_even_hours[kind]
        assert hours is not None
        at = ways(made(*pool, use=Use(hours_per_day=hours)))
        assert at[kind].usd_per_month == pytest.approx(at["on_demand"].usd_per_month)
    dear = made(offer("on_demand", 0.05), offer("committed_1y", 0.06))
    assert dear.break_even_hours["committed_1y"] is None


def test_discounts_are_editable() -> None:
    pool = [offer("on_demand", 2.0), offer("committed_1y", 1.2)]
    found = ways(made(*pool, use=Use(discounts=read_discounts(["1y 30 %", "3 years=50%"]))))
    assert found["committed_1y"].usd_per_hour == pytest.approx(1.4), "a stated discount goes before a listing"
    assert found["committed_3y"].usd_per_hour == pytest.approx(1.0)
    assert "as stated" in found["committed_1y"].assumed


@pytest.mark.slow
def test_assumptions_are_a_file_of_ones_own(tmp_path: Path, whichgpu: Any) -> None:
    """The example of docs/prices.md, read by a process of its own."""
    page = (Path(__file__).parent.parent / "docs" / "prices.md").read_text(encoding="utf-8")
    (tmp_path / "prices").mkdir()
    text = page.partition("```toml\n")[2].partition("```")[0]
    (tmp_path / "prices" / "assumptions.toml").write_text(text)
    line = ["prices", "cost", "sdxl", "--gpu", "l40s", "--price", "1 USD/h", "--json"]
    shipped = {way["kind"]: way for way in whichgpu(*line).json["ways"]}
    done = subprocess.run(
        [sys.executable, "-m", "whichgpu", *line], capture_output=True, check=True,
        env=os.environ | {"WHICHGPU_DATA": str(tmp_path)},
    )  # fmt: skip
    own = {way["kind"]: way for way in json.loads(done.stdout)["ways"]}
    assert shipped["committed_1y"]["usd_per_hour"] == pytest.approx(0.63)
    assert own["committed_1y"]["usd_per_hour"] == pytest.approx(0.75)
    assert own["committed_1y"]["assumed"].endswith("yours")
    assert own["committed_3y"] == shipped["committed_3y"]


def test_egress_counts_in_whose_offer_is_the_cheapest() -> None:
    """0.09 USD less an hour are 66 USD a month, which 1 TB at 0.09 USD/GB costs and 100 GB do not."""
    pool = offer("on_demand", 0.90, "aws"), offer("on_demand", 0.99, "lambda")
    for egress, seller in ((1e11, "aws"), (1e12, "lambda")):
        way = ways(made(*pool, use=Use(egress=egress)))["on_demand"]
        assert way.offer.provider == seller


def test_storage_and_egress_are_of_the_provider() -> None:
    use = Use(egress=1e12, storage=5e11)
    at_aws = ways(made(offer("on_demand", 2.0, "aws"), use=use))["on_demand"]
    assert at_aws.data_per_month == pytest.approx(1000 * 0.09 + 500 * 0.08)
    assert at_aws.usd_per_month == pytest.approx(2 * MONTH + 130)
    at_other = ways(made(offer("on_demand", 2.0, "lambda"), use=use))["on_demand"]
    assert at_other.data_per_month == pytest.approx(500 * 0.1)


def test_a_target_takes_machines_and_says_how_busy_they_are() -> None:
    found = made(
        offer("on_demand", 2.0),
        target=read_target("150 images/min", SD, SD.complete(Job("stable-diffusion-1.5"))),
    )
    assert (found.machines, found.use.busy) == (3, pytest.approx(2.5 / 3))
    assert ways(found)["on_demand"].usd_per_month == pytest.approx(3 * 2 * MONTH)
    assert found.units_per_month == pytest.approx(150 * 60 * MONTH)


def test_owning_and_energy_follow_the_assumptions() -> None:
    found, known = made(offer("on_demand", 2.0)), prices.assumptions()
    price = prices.purchase_price("a10")
    assert price is not None
    kilowatts = 0.15 * known.load * (1 + known.host_power_share) * known.pue
    fixed = price.usd * (1 + known.host_price_share - known.resale) / 36
    assert ways(found)["own"].usd_per_month == pytest.approx(
        fixed + kilowatts * known.electricity * MONTH, rel=1e-3
    )
    assert found.kwh_per_unit is not None
    assert 0.3 < found.kwh_per_unit * 3600 / kilowatts <= 1.3


def test_a_machine_of_more_gpus_is_whole_or_the_fewest_more() -> None:
    found = ways(made(offer("on_demand", 9.0, gpus=8.0), offer("on_demand", 5.0, gpus=4.0), gpus=2))
    assert found["on_demand"].usd_per_hour == 5.0
    assert ways(made(offer("on_demand", 9.0, gpus=1.0), gpus=2)).keys() == {"own"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("30% for 1 year", {"1-year": 0.3}),
        ("55 % off, three years", {"3-years": 0.55}),
        ("20 % with a 3-year commitment", {"3-years": 0.2}),
    ],
)
def test_a_discount_as_people_write_it(text: str, found: dict[str, float]) -> None:
    assert read_discounts([text]) == pytest.approx(found)


def test_what_leaves_may_say_that_it_is_of_a_month() -> None:
    assert [monthly(text) for text in ("2 TB", "2TB per month", "2 TB/month")] == [2e12] * 3
    with pytest.raises(UsageError, match="2 TB a day"):
        monthly("2 TB a day")


def test_what_cannot_be(whichgpu: Any) -> None:
    for text in ("30 %", "10 years 5 %", "1y 30 % of what", "2y 30 %", "1y 120 %", "1y -5 %", "1y"):
        with pytest.raises(UsageError):
            read_discounts([text])
    for use in (Use(hours_per_day=0), Use(hours_per_day=25), Use(busy=0), Use(busy=1.5), Use(egress=-1)):
        with pytest.raises(UsageError):
            made(use=use)
    with pytest.raises(Infeasible, match=r"llama-2-70b does not fit on t4: .*--"):
        bill(Job("llama-2-70b", precision="fp16"), GPUS["t4"], 1, Use(), GPUS, today=TODAY)
    cost = ("prices", "cost", "stable-diffusion-1.5", "--gpu")
    assert whichgpu(*cost, "a10", "--busy", "lots").status == 2
    assert '--busy "50 %"' in whichgpu(*cost, "a10", "--busy", "50").err
    assert whichgpu(*cost, "h100").status == 2
    assert whichgpu(*cost, "a10", "--grid", "atlantis").status == 2
    assert whichgpu(*cost, "a10", "--target", "5 tokens/s").status == 2
    assert whichgpu(*cost, "a10", "--images", "-3").status == 2
    assert whichgpu(*cost, "a10", "--tokens", "5").status == 2
    assert whichgpu(*cost, "rtx-5000-ada-laptop").status == 4


def test_the_command_tells_all_of_it(whichgpu: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "240")
    line = ("prices", "cost", "stable-diffusion-1.5", "--gpu", "a10", "--throughput", "34 images/min",
            "--target", "1000 images/min", "--images", "1M")  # fmt: skip
    found = whichgpu(*line, "--json").json
    assert found["machines"] == 30
    assert {"on_demand", "spot", "committed_1y", "committed_3y", "serverless", "own"} <= {
        way["kind"] for way in found["ways"]
    }
    units = [way["usd_per_unit"] for way in found["ways"]]
    assert units == sorted(units)
    carbon = found["carbon"]
    assert carbon["kg_per_run"] == pytest.approx(1e6 * carbon["g_per_unit"] / 1e3)
    text = whichgpu(*line, "--plain").out
    for said in (
        "USD/month",
        "USD per 1,000 images",
        "USD per run",
        "/s)",
        "CO2e",
        "assumed",
        "hours a day on",
    ):
        assert " ".join(said.split()) in " ".join(text.split()), said


def test_the_batch_that_a_rate_is_made_in_is_told(whichgpu: Any) -> None:
    """`predict` answers for the usual batch where none is stated, a bill for the one that makes the most."""
    told = whichgpu("prices", "cost", "sdxl", "--gpu", "h100-80gb-sxm", "--json").json
    batch = told["job"]["batch"]
    assert batch > 1.0
    words = whichgpu("prices", "cost", "sdxl", "--gpu", "h100-80gb-sxm").out
    assert f"each (diffusers, fp16, batch {batch:g}, height 1024" in words
    alone = whichgpu("predict", "sdxl", "--gpu", "h100-80gb-sxm", "--batch", f"{batch:g}", "--json").json
    assert alone["predicted"]["value"]["mid"] == pytest.approx(told["throughput"]["mid"])


def test_of_whom_and_where_may_be_stated(whichgpu: Any) -> None:
    def rented(*more: str) -> dict[str, str]:
        told = whichgpu("prices", "cost", "gpt2", "--gpu", "l4", *more, "--json")
        return {way["kind"]: way["offer"]["provider"] for way in told.json["ways"] if way["offer"]}

    assert rented()["on_demand"] != "gcp"
    assert set(rented("--providers", "gcp").values()) == {"gcp"}
    assert rented("--region", "frankfurt")
    assert "did you mean aws" in whichgpu("prices", "cost", "gpt2", "--gpu", "l4", "--providers", "awz").err
    none = whichgpu("prices", "cost", "gpt2", "--gpu", "b200-180gb-sxm", "--providers", "vultr")
    assert none.status == 4
    assert "no offer of b200-180gb-sxm with --providers vultr is on file" in none.err
    both = whichgpu("prices", "cost", "gpt2", "--gpu", "l4", "--price", "1 USD/h", "--providers", "aws")
    assert "stands in for all offers" in both.err
