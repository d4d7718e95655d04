"""`docs/worked-example.md`: the article's table reproduced, shown to be wrong, mended, and answered today."""

from __future__ import annotations

import math
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from whichgpu import prices

PAGE = (Path(__file__).parent.parent.parent / "docs" / "worked-example.md").read_text(encoding="utf-8")
LINES = [shlex.split(line) for line in re.findall(r"^\$ whichgpu (.+)$", PAGE, re.MULTILINE)]
TARGET = 1000.0
#: Images a minute of one instance, and the article's "cost per minute" and "total".
ARTICLE = {"a10": (34.0, 0.60, 18.00), "a100-80gb-pcie": (67.0, 1.54, 23.10)}


def test_the_rates_and_counts_of_the_table_hold() -> None:
    assert round(60 / 1.77) == 34
    assert round(60 / 0.89) == 67
    assert [math.ceil(TARGET / rate) for rate, _, _ in ARTICLE.values()] == [30, 15]


def test_its_cost_is_of_the_fleet_and_is_multiplied_again() -> None:
    """Per instance it would be many times every offer; over the instances it is a price that was asked."""
    for gpu, (rate, cost, total) in ARTICLE.items():
        count = math.ceil(TARGET / rate)
        assert cost * count == pytest.approx(total)
        asked = [row.usd_per_gpu_hour for row in prices.offers(gpus=[gpu])]
        assert cost * 60 > 3 * max(asked)
        assert min(asked) < cost * 60 / count < max(*asked, 6.2)


def test_mended_it_is_what_prices_cost_says(whichgpu: Any) -> None:
    fleets = {}
    for line in LINES[:2]:
        found = whichgpu(*line, "--json").json
        (way,) = [way for way in found["ways"] if way["kind"] == "on_demand"]
        fleets[found["gpu"]] = found["machines"], way["usd_per_hour"], way["usd_per_unit"]
    assert {gpu: count for gpu, (count, _, _) in fleets.items()} == {"a10": 30, "a100-80gb-pcie": 15}
    per_minute = {gpu: usd / 60 for gpu, (_, usd, _) in fleets.items()}
    assert per_minute == pytest.approx({"a10": 0.60, "a100-80gb-pcie": 1.54}, abs=0.001)
    per_thousand = {gpu: usd * 1000 for gpu, (_, _, usd) in fleets.items()}
    assert per_thousand == pytest.approx({"a10": 0.60, "a100-80gb-pcie": 1.54}, abs=0.001)
    saved = 1 - per_minute["a10"] / per_minute["a100-80gb-pcie"]
    assert f"{saved:.0%}" == "61%"
    assert "61 % cheaper" in PAGE


def test_the_price_ratio_at_which_it_flips(whichgpu: Any) -> None:
    """At just under twice the price of an A10 the A100 is the cheaper fleet, just over it the A10."""
    cost = {}
    for gpu, usd in (("a10", 1.20), ("a100-80gb-pcie", 2.38), ("a100-80gb-pcie", 2.42)):
        rate = f"{ARTICLE[gpu][0]:g} images/min"
        line = ("prices", "cost", "stable-diffusion-1.5", "--gpu", gpu, "--throughput", rate, "--target",
                "1000 images/min", "--price", f"{usd} USD/h", "--json")  # fmt: skip
        ways = whichgpu(*line).json["ways"]
        cost[usd] = next(way["usd_per_hour"] for way in ways if way["kind"] == "on_demand")
    assert cost[2.38] < cost[1.20] < cost[2.42]
    assert "2.0 times" in PAGE


def test_today_the_answer_depends_on_where_one_may_rent(whichgpu: Any) -> None:
    anywhere, azure = (whichgpu(*line, "--json").json["candidates"] for line in LINES[2:4])
    assert [one["gpu"] for one in anywhere] == ["a100-80gb-pcie", "a10"]
    assert [one["gpu"] for one in azure] == ["a10", "a100-80gb-pcie"]
    for found in (anywhere, azure):
        by = {one["gpu"]: one for one in found}
        rates = {gpu: one["throughput_per_instance"]["mid"] * 60 for gpu, one in by.items()}
        ratio = by["a100-80gb-pcie"]["offer"]["usd_per_hour"] / by["a10"]["offer"]["usd_per_hour"]
        cheaper = "a100-80gb-pcie" if ratio < rates["a100-80gb-pcie"] / rates["a10"] else "a10"
        assert found[0]["gpu"] == cheaper, "the rule of the page, with today's prices"
        for gpu, one in by.items():
            assert one["instances"] == math.ceil(TARGET / rates[gpu])
            low, high = one["throughput_per_instance"]["low"], one["throughput_per_instance"]["high"]
            assert low * 60 <= ARTICLE[gpu][0] <= high * 60, "the article's rate lies within ours"
    counts = {one["gpu"]: one["instances"] for one in anywhere}
    said = " ".join(PAGE.split())
    assert f"{counts['a100-80gb-pcie']} A100 cost less than half of {counts['a10']} A10" in said
    assert 2 * anywhere[0]["usd_per_hour"] < anywhere[1]["usd_per_hour"]
    made = [f"{rates[gpu]:.0f}" for gpu in ("a10", "a100-80gb-pcie")]
    assert "an A10 makes {} images a minute and an A100 {})".format(*made) in said


def test_audit_finds_the_cost_that_is_multiplied_twice(tmp_path: Path, whichgpu: Any) -> None:
    """The table alone, as in an article."""
    rows = [
        f"| {name} | {rate:g} | {math.ceil(TARGET / rate)} | ${cost:.2f} | ${total:.2f} |"
        for name, (rate, cost, total) in zip(("A10", "A100"), ARTICLE.values(), strict=True)
    ]
    article = tmp_path / "article.md"
    article.write_text(
        "To make 1,000 images per minute with Stable Diffusion:\n\n"
        "| Instance Type | Images Per Minute Per Instance | Number of Instances Required "
        "| Cost Per Minute | Total Cost Per Minute |\n| --- | --- | --- | --- | --- |\n" + "\n".join(rows)
    )
    found = whichgpu("audit", str(article), "--json").json["findings"]
    wrong = {row["stated"]: row for row in found if row["verdict"] == "inconsistent"}
    assert wrong.keys() == {"$18.00", "$23.10"}
    assert [row["expected"] for row in wrong.values()] == ["$0.60", "$1.54"]
    assert all("multiplied twice" in row["because"] for row in wrong.values())
