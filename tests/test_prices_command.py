"""`prices` on the command line: which offers it shows, and what it says where there are none."""

from __future__ import annotations

from typing import Any

import pytest

from whichgpu import prices


def test_filters_that_leave_nothing_say_what_there_is_without_them(whichgpu: Any) -> None:
    told = whichgpu("prices", "a10g", "--term", "marketplace", "--provider", "Amazon")
    assert told.status == 4
    assert "no offer of a10g holds --term marketplace --provider Amazon; there are" in told.err
    assert "is stored" not in told.err
    told = whichgpu("prices", "l4", "--term", "on-demand", "--region", "ireland", "--plain")
    assert told.out.startswith("No offer of l4 holds --term on-demand --region ireland; there are")
    assert "To buy" in told.out
    assert whichgpu("prices", "l4", "--term", "on-demand").status == 0


@pytest.mark.parametrize(
    ("words", "gpu", "instance"),
    [
        (("g4dn.xlarge",), "t4", "g4dn.xlarge"), (("g2-standard-4",), "l4", "g2-standard-4"),
        (("Standard_ND96asr_v4",), "a100-40gb-sxm", "Standard_ND96asr_v4"),
    ],
)  # fmt: skip
def test_prices_of_an_instance_are_its_own(
    words: tuple[str, ...], gpu: str, instance: str, whichgpu: Any
) -> None:
    found = whichgpu("prices", *words, "--json").json
    assert found["gpu"] == gpu
    assert {row["instance"] for row in found["offers"]} == {instance}


def test_providers_are_listed_with_commas_and_a_list_of_none_is_refused(whichgpu: Any) -> None:
    found = whichgpu("prices", "h100-80gb-sxm", "--providers", "coreweave,lambda", "--json").json["offers"]
    assert {row["provider"] for row in found} == {"coreweave", "lambda"}
    for option in ("--region", "--provider"):
        empty = whichgpu("prices", "l4", option, "")
        assert (empty.status, f"{option} names nothing" in empty.err) == (2, True)


def test_the_words_of_a_gpu_need_no_quotes(whichgpu: Any) -> None:
    assert whichgpu("prices", "rtx", "3090", "--json").json["gpu"] == "rtx-3090"
    assert "no GPU 'no such gpu'" in whichgpu("prices", "no", "such", "gpu").err


def test_an_overview_of_some_offers_has_their_gpus_alone(whichgpu: Any) -> None:
    found = whichgpu("prices", "--provider", "aws", "--region", "stockholm", "--json").json["gpus"]
    assert {one["gpu"] for one in found} > {"l4", "t4", "a10g"}
    assert all(one["offers"] for one in found)
    assert not all(one["offers"] for one in whichgpu("prices", "--json").json["gpus"])


def test_what_is_set_aside_is_listed_with_the_reason(whichgpu: Any) -> None:
    found = whichgpu("prices", "--quarantine", "--json").json
    held = [row for row in prices.bundled() if row.quarantine]
    assert sum(found["reasons"].values()) == len(held) == len(found["quarantined"])
    assert all(row["quarantine"] for row in found["quarantined"])
    assert any(row["as_of"] is None for row in found["quarantined"])
    of_one = whichgpu("prices", "t4", "--quarantine", "--plain").out
    assert "accelerator without host" in of_one
    assert "p4d.24xlarge" not in of_one
    used = whichgpu("prices", "a100-40gb-sxm", "--json", "--limit", "99").json
    assert not any(row["quarantine"] for row in used["offers"])
    assert {row["billed"] for row in used["offers"]} <= {"hour", "second"}


def test_what_is_bought_has_its_price_and_no_provider(whichgpu: Any) -> None:
    told = whichgpu("prices", "l4", "--term", "buy", "--plain")
    assert (told.status, "to rent" in told.out, "To buy" in told.out) == (0, False, True)
    listed = whichgpu("prices", "--term", "purchase", "--json").json["gpus"]
    assert all(one["purchase_usd"] and not one["offers"] for one in listed)
    assert "no provider and no region" in whichgpu("prices", "l4", "--term", "buy", "--region", "europe").err
    none = whichgpu("prices", "a100-40gb-pcie", "--term", "buy")
    assert (none.status, "no offer of a100-40gb-pcie holds --term buy; there are" in none.err) == (4, True)


def test_what_so_long_and_so_many_cost(whichgpu, web):
    found = whichgpu("prices", "h100-80gb-sxm", "--hours", "72", "--gpus", "8", "--json").json["rent"][0]
    each = found["on_demand"]["offer"]
    assert 8 % each["gpu_count"] == 0
    assert found["on_demand"]["usd"] == pytest.approx(72 * 8 * each["usd_per_gpu_hour"])
    told = web.get("/api/v1/prices/h100-80gb-sxm?hours=72&gpus=8").json()["rent"][0]
    assert told["on_demand"]["usd"] == found["on_demand"]["usd"]
    assert "72 h of 8 x h100-80gb-sxm" in web.get("/prices/h100-80gb-sxm?hours=72&gpus=8").text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("h100", "--gpus", "3"), "--gpus 3 for how long? add e.g. --hours 72"),
        (("--hours", "3"), "--hours is of a GPU that is rented"),
        (("l4", "--hours", "3", "--term", "buy"), "--hours is of a GPU that is rented"),
        (("l4", "--hours", "-1"), "-1 hours of rent cannot be"),
    ],
)
def test_rent_that_cannot_be_is_refused(whichgpu, words, says):
    told = whichgpu("prices", *words)
    assert (told.status, says in told.err) == (2, True)
    assert "Traceback" not in told.err
