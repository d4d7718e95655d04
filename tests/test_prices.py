"""Prices: the bundled table, the rules it keeps, choosing and ordering, regions."""

from __future__ import annotations

import dataclasses
import json
import math
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whichgpu import prices
from whichgpu.errors import DataError
from whichgpu.facts import reading
from whichgpu.facts import store as facts_store
from whichgpu.prices import Offer, live, quality
from whichgpu.prices import store as price_store
from whichgpu.prices.purchase import open_facts
from whichgpu.prices.sources import all_sources

TODAY = date(2026, 11, 20)


def offer(**changes: object) -> Offer:
    plain = Offer(
        provider="acme",
        instance="one",
        gpu="a10",
        gpu_spelling="a10",
        candidates=(),
        gpu_count=1.0,
        vcpus=8.0,
        memory=2.0**35,
        kind="on_demand",
        usd_per_hour=1.0,
        usd_median=1.0,
        usd_max=1.0,
        region="here",
        regions=1,
        suspect_regions=0,
        source="somewhere",
        locator="page",
        as_of=TODAY,
    )
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


def one(provider: str, instance: str, kind: str = "on_demand") -> Offer:
    """The only bundled row of an instance that no newer one replaces."""
    wanted = (provider, instance, kind, False)
    (row,) = [r for r in prices.bundled() if (r.provider, r.instance, r.kind, r.listing == "older") == wanted]
    return row


def test_the_committed_table_is_what_the_rules_say() -> None:
    assert quality.check(prices.bundled(), TODAY) == ()


def test_columns_and_fields_are_in_the_same_order() -> None:
    fields = tuple(each.name for each in dataclasses.fields(Offer))
    assert tuple("memory" if name == "memory_gib" else name for name in price_store.COLUMNS) == fields
    row = prices.bundled()[0]
    assert Offer(*(getattr(row, name) for name in fields)) == row
    assert hash(dataclasses.replace(row)) == hash(row)


def test_the_table_is_sorted_and_complete() -> None:
    rows = prices.bundled()
    assert len(rows) > 800
    assert {row.kind for row in rows} == {
        "on_demand", "spot", "serverless", "marketplace", "community", "committed_1y", "committed_3y",
    }  # fmt: skip
    assert [row.provider for row in rows] == sorted(row.provider for row in rows)
    assert all(row.usd_per_gpu_hour > 0 and row.regions >= 1 for row in rows)
    assert all(row.usd_median is None or row.usd_median >= row.usd_per_hour for row in rows)


def test_every_source_of_a_row_is_described() -> None:
    known = prices.store.sources()
    named = {key for row in prices.bundled() for key in row.source.split(";")}
    bought = {key for rows in prices.purchases().values() for row in rows for key in row.source.split(";")}
    named |= {key for key in bought if key in known or key not in reading.sources()}
    named |= {key for fact in prices.assumption_facts().values() for key in fact.sources}
    for table, dimension in (("discounts", "share"), ("egress", "data price"), ("storage", "data price")):
        named |= {key for fact in open_facts(table, dimension).values() for key in fact.sources}
    named |= {row[-2] for row in facts_store.load("prices")["interruptions"]["rows"]}
    named |= {row[5] for row in facts_store.load("prices")["hosted"]["rows"]}
    assert named <= known.keys()
    assert known.keys() == named | all_sources().keys() | {"user"}
    assert all(row.locator for row in prices.bundled())


def test_every_id_in_the_tables_is_in_the_catalogue() -> None:
    named = {row.gpu for row in prices.bundled() if row.gpu} | prices.purchases().keys()
    named |= {each for row in prices.bundled() for each in row.candidates}
    catalogue = facts_store.DATA / "gpus"
    files = sorted(catalogue.glob("*.toml"))
    assert files
    known = {key for file in files for key in facts_store.read_toml(file)}
    known |= {
        key
        for file in files
        for t in facts_store.read_toml(file).values()
        if isinstance(t, dict)
        for key in t
    }
    assert sorted(named - known) == []


def test_every_price_that_ships_is_one_that_a_source_states() -> None:
    assert not any(row.derived for row in prices.bundled())


def test_prices_are_as_the_source_states_them() -> None:
    row = one("aws", "p5.48xlarge")
    assert (row.gpu, row.gpu_count, row.usd_per_hour, row.region, row.regions) == (
        "h100-80gb-sxm",
        8.0,
        55.04,
        "us-east-1",
        12,
    )
    assert row.usd_per_gpu_hour == pytest.approx(6.88)
    assert row.memory == 2048 * 2**30
    assert row.as_of == date(2026, 7, 20)
    assert one("azure", "Standard_ND96isr_H100_v5").usd_per_hour == 98.32


def test_spot_columns_are_rows_of_their_own() -> None:
    spot = one("aws", "p5.48xlarge", "spot")
    assert (spot.usd_per_hour, spot.usd_median, spot.region, spot.regions) == (
        14.246,
        20.2439,
        "us-east-1",
        9,
    )
    # The on-demand price has a dated source; the spot price comes from another, which has no date.
    assert one("aws", "p5.48xlarge").as_of == date(2026, 7, 20)
    assert (spot.source, spot.as_of) == ("skypilot-catalog", None)
    assert [r.kind for r in prices.bundled() if r.instance == "p5e.48xlarge"] == ["spot"]


def test_a_marketplace_sells_no_on_demand() -> None:
    assert {row.kind for row in prices.offers(providers=["vast"], ambiguous=True)} == {"marketplace"}


def test_serverless_is_a_kind_not_a_provider() -> None:
    assert not [name for name in prices.providers() if "serverless" in name]
    assert {row.kind for row in prices.offers(providers=["runpod"])} >= {"on_demand", "serverless"}
    # Modal lets nothing but what it bills by the second of use.
    assert {row.kind for row in prices.offers(providers=["modal"])} == {"serverless"}


@pytest.mark.parametrize(
    ("provider", "instance", "candidates"),
    [
        ("akash", "NVIDIA A100", ("a100-80gb-pcie", "a100-80gb-sxm")),
        ("modal", "NVIDIA H100", ("h100-80gb-pcie", "h100-80gb-sxm")),
        ("coreweave", "NVIDIA A100 NVLink", None),
        ("vast", "Tesla V100", ("v100-16gb-pcie", "v100-16gb-sxm")),
        ("gpuhub", "A800 80G", ("a800-80gb-pcie", "a800-80gb-sxm")),
        (
            "jarvislabs",
            "RTX Pro 6000 Blackwell",
            ("rtx-pro-6000-blackwell", "rtx-pro-6000-blackwell-maxq", "rtx-pro-6000-blackwell-server"),
        ),
    ],
)
def test_ambiguous_stays_ambiguous(provider: str, instance: str, candidates: tuple[str, ...] | None) -> None:
    rows = [r for r in prices.bundled() if (r.provider, r.instance) == (provider, instance)]
    assert rows
    for row in rows:
        assert row.gpu is None
        assert row.ambiguous
        assert len(row.candidates) > 1
        assert not row.quarantine
        if candidates:
            assert row.candidates == candidates


def test_ambiguous_is_offered_only_when_asked_for() -> None:
    sure = prices.offers(gpus=["h100-80gb-sxm"])
    wide = prices.offers(gpus=["h100-80gb-sxm"], ambiguous=True)
    assert sure
    assert all(row.gpu == "h100-80gb-sxm" for row in sure)
    assert set(sure) < set(wide)
    assert all("h100-80gb-sxm" in row.candidates for row in set(wide) - set(sure))


@pytest.mark.parametrize(
    ("provider", "instance", "gpu"),
    [
        ("oracle-cloud", "BM.GPU.A100-v2.8", "a100-80gb-sxm"),
        ("oracle-cloud", "BM.GPU.A4.8", "a100-40gb-sxm"),
        ("azure", "Standard_NC40ads_H100_v5", "h100-94gb-nvl"),
        ("azure", "Standard_NC24ads_A100_v4", "a100-80gb-pcie"),
        ("lambda", "gpu_1x_rtx6000", "quadro-rtx-6000"),
        ("lambda", "gpu_1x_a100", "a100-40gb-pcie"),
        ("hyperstack", "NVIDIA H100 NVLink", "h100-80gb-pcie"),
        ("coreweave", "Tesla V100 NVLink", "v100-16gb-sxm"),
        ("digitalocean", "AMD MI300X", "mi300x"),
        ("aws", "g7e.2xlarge", "rtx-pro-6000-blackwell-server"),
    ],
)
def test_what_the_instance_settles_is_settled(provider: str, instance: str, gpu: str) -> None:
    rows = [r for r in prices.bundled() if (r.provider, r.instance) == (provider, instance)]
    assert {row.gpu for row in rows} == {gpu}


def test_stated_memory_settles_variants_that_differ_in_it() -> None:
    assert {r.gpu for r in prices.bundled() if r.gpu_spelling == "rtx-3080"} == {"rtx-3080-10gb"}
    assert {r.gpu for r in prices.bundled() if r.gpu_spelling == "rtx4000"} == {"quadro-rtx-4000"}
    salad = one("salad", "RTX 3060", "spot")
    assert salad.candidates == ("rtx-3060-12gb", "rtx-3060-8gb")


def test_a_share_of_a_gpu_counts_below_one() -> None:
    assert one("azure", "Standard_NV6ads_A10_v5").usd_per_gpu_hour == pytest.approx(0.454 / 0.167)
    assert one("azure", "Standard_NV4as_v4").gpu_count == 0.125
    assert one("azure", "Standard_NV32as_v4").gpu_count == 1


def test_what_is_quarantined_and_why() -> None:
    by_reason = Counter(row.quarantine for row in prices.bundled() if row.quarantine)
    assert by_reason == {quality.NO_HOST: 26, quality.NO_DEVICE: 9, quality.UNDATED: 62}
    odd = {row.gpu_spelling for row in prices.bundled() if row.quarantine == quality.NO_DEVICE}
    assert odd == {
        "a100-20gb",
        "b200-180gb-nvl",
        "b300-180gb",
        "rtx-4080-mod",
        "rtx-4090-mod",
        "rtx-4090-high-freq",
        "rtx-5090-high-freq",
    }
    assert not any(row.quarantine for row in prices.offers(ambiguous=True))
    assert set(prices.offers(quarantined=True, ambiguous=True)) == set(prices.bundled())


def test_spot_that_repeats_on_demand_everywhere_is_no_price() -> None:
    assert quality.reasons([offer(kind="spot", regions=3, suspect_regions=3)]) == (quality.SPOT_IS_ON_DEMAND,)
    assert quality.reasons([offer(kind="spot", regions=3, suspect_regions=2)]) == ("",)
    assert one("gcp", "a2-highgpu-1g", "spot").suspect_regions == 4
    assert one("gcp", "a2-highgpu-1g", "spot").quarantine == ""
    assert "4 of 10 regions" in one("gcp", "a2-highgpu-1g", "spot").note


@pytest.mark.parametrize(("spot", "bad"), [(1.0, True), (0.1, True), (0.11, False), (0.5, False)])
def test_spot_is_held_against_on_demand_of_its_instance(spot: float, bad: bool) -> None:
    rows = [offer(), offer(kind="spot", usd_per_hour=spot, usd_median=spot)]
    assert quality.reasons(rows) == ("", quality.SPOT_IS_ON_DEMAND if bad else "")
    elsewhere = [rows[0], dataclasses.replace(rows[1], instance="other")]
    assert quality.reasons(elsewhere) == ("", "")


def test_spot_of_another_region_is_held_by_the_median() -> None:
    rows = [offer(), offer(kind="spot", usd_per_hour=1.0, usd_median=2.0, region="there")]
    assert quality.reasons(rows) == ("", "")


def test_a_windows_meter_is_the_linux_price_and_the_licence() -> None:
    linux, windows = offer(vcpus=96.0, usd_per_hour=10.0), offer(vcpus=96.0, usd_per_hour=14.416)
    assert quality.reasons([linux, windows]) == ("", quality.WINDOWS)
    bigger = dataclasses.replace(windows, gpu_count=2.0)
    assert quality.reasons([linux, bigger]) == ("", "")


def test_an_accelerator_without_host_is_no_price() -> None:
    assert quality.reasons([offer(instance="n1+1xt4 (gpu only)")]) == (quality.NO_HOST,)


def test_a_price_far_off_the_median_of_its_device_is_no_price() -> None:
    rows = [offer(usd_per_hour=usd) for usd in (0.9, 1.0, 1.1, 20.5, 0.04)]
    assert quality.reasons(rows) == ("", "", "", quality.OFF_MEDIAN, quality.OFF_MEDIAN)
    assert quality.reasons([offer(), offer(usd_per_hour=100.0)]) == ("", "")


def test_the_median_is_per_gpu() -> None:
    rows = [offer(), offer(), offer(), offer(gpu_count=24.0, usd_per_hour=24.0)]
    assert quality.reasons(rows) == ("",) * 4


@pytest.mark.parametrize("usd", [0.0, -1.0, math.nan, math.inf])
def test_zero_negative_and_infinite_are_no_prices(usd: float) -> None:
    assert quality.reasons([offer(usd_per_hour=usd)]) == (quality.NOT_A_PRICE,)
    assert quality.reasons([offer(gpu_count=0.0)]) == (quality.NOT_A_PRICE,)


@given(st.lists(st.floats(0.01, 100.0), min_size=0, max_size=12))
def test_a_rule_speaks_once_per_row_and_ignores_the_order(usd: list[float]) -> None:
    rows = [offer(instance=str(i), usd_per_hour=x) for i, x in enumerate(usd)]
    said = quality.reasons(rows)
    assert len(said) == len(rows)
    assert dict(zip(rows, said, strict=True)) == dict(
        zip(rows[::-1], quality.reasons(rows[::-1]), strict=True)
    )


def test_the_newer_of_two_listings_is_marked() -> None:
    old = offer(source="a", as_of=date(2026, 5, 1))
    new = offer(source="b", instance="same thing", as_of=date(2026, 8, 1))
    undated = offer(source="c", as_of=None)
    assert quality.listings([old, new, undated]) == ("older", "newer", "")
    assert quality.listings([old, offer(source="a", as_of=old.as_of)]) == ("", "")
    secure = [
        r for r in prices.bundled() if (r.provider, r.gpu, r.kind) == ("runpod", "a100-80gb-sxm", "on_demand")
    ]
    assert {(r.usd_per_hour, r.listing) for r in secure} == {(1.49, "older"), (1.79, "newer")}


def test_drift_and_bad_tables_are_reported() -> None:
    sound = offer()
    assert quality.check([sound], TODAY) == ()
    lines = quality.check(
        [
            dataclasses.replace(sound, quarantine="made up"),
            offer(instance="b", as_of=TODAY + timedelta(days=1)),
            offer(instance="c", kind="barter"),
            offer(instance="d", candidates=("a10", "a10g")),
            offer(instance="e"),
            offer(instance="e"),
        ],
        TODAY,
    )
    assert len(lines) == 5
    for line, word in zip(lines, ["made up", "after today", "barter", "candidates", "twice"], strict=True):
        assert word in line


def test_providers() -> None:
    names = prices.providers()
    assert names == tuple(sorted(set(names)))
    assert {"aws", "azure", "gcp", "lambda", "runpod", "vast"} <= set(names)
    assert prices.providers([offer()]) == ("acme",)


def test_an_offer_is_frozen_and_says_what_it_is() -> None:
    row = offer(usd_per_hour=8.0, gpu_count=4.0)
    assert row.usd_per_gpu_hour == 2.0
    assert row.age_days(TODAY + timedelta(days=3)) == 3
    assert offer(as_of=None).age_days(TODAY) is None
    assert str(row) == "acme one: 4x a10, 8.00 USD/h on demand (2026-11-20)"
    assert "a10 or a10g" in str(offer(gpu=None, candidates=("a10", "a10g")))
    with pytest.raises(dataclasses.FrozenInstanceError):
        row.usd_per_hour = 1.0  # type: ignore[misc]
    assert not hasattr(row, "__dict__")


def test_an_offer_as_json_has_the_contract_keys() -> None:
    for row in prices.bundled()[:50]:
        shown = json.loads(json.dumps(row.to_dict()))
        assert list(shown)[:6] == ["provider", "instance", "usd_per_hour", "kind", "as_of", "source"]
        assert shown["usd_per_hour"] == row.usd_per_hour
        assert {each.name for each in dataclasses.fields(row)} - {"by_region"} <= shown.keys()
    assert offer(as_of=None).to_dict()["as_of"] is None


def test_the_exported_names_exist() -> None:
    for name in prices.__all__:
        assert getattr(prices, name) is not None
    with pytest.raises(AttributeError):
        prices.no_such_name  # noqa: B018


def test_reading_offers_imports_nothing_heavy() -> None:
    code = (
        "import sys; from whichgpu import prices; prices.offers(); "
        "print(sorted({'numpy', 'rich', 'click', 'pydantic', 'csv', 'tomllib', 'whichgpu.hardware'} "
        "& set(sys.modules)))"
    )
    prices.bundled()  # the parsed form exists now, as it does in a wheel
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_a_broken_table_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    price_store.bundled.cache_clear()
    try:
        monkeypatch.setattr(facts_store, "part", lambda *_: {"columns": ["x"], "rows": []})
        with pytest.raises(DataError, match="columns are not"):
            prices.bundled()
        bad = {"columns": list(price_store.COLUMNS), "rows": [["x"] * len(price_store.COLUMNS)]}
        monkeypatch.setattr(facts_store, "part", lambda *_: bad)
        monkeypatch.setattr(facts_store, "group", lambda *_: bad)
        with pytest.raises(DataError, match=r"offers.csv: could not convert"):
            prices.bundled()
        live._table.cache_clear()
        with pytest.raises(DataError, match=r"offers.csv: could not convert"):
            live.rows_of(["x"])
    finally:
        monkeypatch.undo()
        live._table.cache_clear()
        price_store.bundled.cache_clear()
