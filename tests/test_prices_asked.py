"""Offers that are asked for: filters, names, terms, the best first, and the prices of a region."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_prices import TODAY, offer, one

from whichgpu import prices
from whichgpu.errors import DataError, UsageError, WhichGpuError
from whichgpu.prices.offers import to_text
from whichgpu.prices.sellers import regions_named

if TYPE_CHECKING:
    from whichgpu.prices import Offer


def test_filters() -> None:
    rows = prices.offers(gpus=["a10", "a10g"], kinds=["on_demand"], providers=["AWS", "lambda"])
    assert rows
    assert {r.provider for r in rows} == {"aws", "lambda"}
    assert {r.gpu for r in rows} == {"a10", "a10g"}
    assert {r.kind for r in rows} == {"on_demand"}
    assert {r.region for r in prices.offers(regions=["US-East-1"])} == {"us-east-1"}
    assert prices.offers(gpus=["no-such-gpu"]) == ()
    assert prices.offers(gpus=[]) == ()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"providers": ["lamda"]}, "no provider 'lamda'; did you mean lambda"),
        ({"providers": ["Core Weave"]}, "did you mean coreweave"),
        ({"regions": ["us-esat-1"]}, "did you mean us-east-1"),
        ({"kinds": ["spott"]}, "no kind 'spott'; did you mean spot"),
        ({"providers": ["zzzz"]}, "known: akash, aws"),
    ],
)
def test_an_unknown_name_says_what_is_near(asked: dict[str, list[str]], said: str) -> None:
    with pytest.raises(UsageError, match=said.replace("'", ".")) as caught:
        prices.offers(**asked)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_terms() -> None:
    assert prices.term_kinds("on-demand") == ("on_demand",)
    assert prices.term_kinds("ON_DEMAND") == ("on_demand",)
    assert set(prices.term_kinds("any")) == set(prices.KINDS)
    assert {kind for kinds in prices.TERMS.values() for kind in kinds} == set(prices.KINDS)
    with pytest.raises(UsageError, match="did you mean reserved"):
        prices.term_kinds("reservd")
    for said in ("committed", "committed 1y", "commit-3y", "3 years"):
        assert prices.term_named(said) == "reserved"
    assert prices.term_named("own", "buy") == "buy"
    with pytest.raises(UsageError, match="no term 'buy'"):
        prices.term_named("buy")


def test_best_first() -> None:
    cheap_undated = offer(instance="undated", usd_per_hour=0.1, as_of=None)
    cheap_old = offer(instance="old", usd_per_hour=0.2, as_of=TODAY - timedelta(days=365))
    replaced = offer(instance="replaced", usd_per_hour=0.3, listing="older")
    eight = offer(instance="eight", usd_per_hour=8.0, gpu_count=10.0)
    single = offer(instance="single", usd_per_hour=0.9, as_of=TODAY - timedelta(days=364))
    rows = [cheap_undated, single, replaced, cheap_old, eight]
    assert [r.instance for r in prices.best_first(rows, TODAY)] == [
        "eight",
        "single",
        "old",
        "replaced",
        "undated",
    ]
    assert prices.best_first(rows, TODAY, stale_days=100)[1].instance == "old"


@given(st.permutations(prices.offers(gpus=["rtx-a6000"])), st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_best_first_is_total_and_never_puts_undated_before_dated(rows: list[Offer], today: date) -> None:
    ranked = prices.best_first(rows, today)
    dated = [row.as_of is not None for row in ranked]
    assert dated == sorted(dated, reverse=True)
    assert [r.usd_per_gpu_hour for r in ranked] == [
        r.usd_per_gpu_hour for r in prices.best_first(rows[::-1], today)
    ]


REGIONS = st.dictionaries(
    st.from_regex(r"[a-z]{2}-[a-z]{3,6}-?[1-9]", fullmatch=True),
    st.floats(0.01, 500).map(lambda x: round(x, 5)), max_size=6,
)  # fmt: skip


@given(REGIONS)
def test_prices_by_region_are_read_as_they_are_written(found: dict[str, float]) -> None:
    row = offer(region="here", by_region=to_text(found))
    expected = found if len(found) > 1 else {"here": 1.0}
    assert row.usd_by_region == expected
    assert list(row.usd_by_region.values()) == sorted(expected.values())


def test_an_offer_elsewhere_has_the_price_of_there() -> None:
    row = offer(region="here", by_region=to_text({"here": 1.0, "there": 2.0, "far": 3.0}))
    far = row.within({"there", "far"})
    assert far is not None
    assert (far.region, far.usd_per_hour, far.gpu) == ("there", 2.0, row.gpu)
    assert row.within({"here", "there"}) is row
    assert row.within({"nowhere"}) is None
    assert offer(region="", by_region="").within({"here"}) is None
    assert to_text({"a;b": 1.0, "c": 2.0}) == "", "a name that would break the cell is left out"
    assert offer(by_region="x|=|1=a;b|y=c").usd_by_region == {"a": 1.0, "b": 1.0}, (
        "what is no price is left out"
    )


def test_shipped_prices_by_region_agree_with_their_row() -> None:
    rows = [row for row in prices.bundled() if row.by_region]
    assert len(rows) > 50
    for row in rows:
        by_region = row.usd_by_region
        assert by_region[row.region] == row.usd_per_hour == min(by_region.values()), str(row)
        assert row.usd_max is None or max(by_region.values()) <= row.usd_max * 1.0001, str(row)


@pytest.mark.parametrize(
    ("name", "said", "status"),
    [("ca-west-1", "a region of aws", 4), ("westeurope", "--region europe", 4),
     ("eu-centrl-1", "did you mean eu-central-1", 2), ("nowhere-at-all", "no region", 2)],
)  # fmt: skip
def test_a_region_without_a_price_is_told_from_a_slip(name: str, said: str, status: int) -> None:
    with pytest.raises(WhichGpuError, match=said) as caught:
        regions_named([name], prices.bundled())
    assert caught.value.exit_code == status


def test_a_country_without_a_price_is_no_slip() -> None:
    from whichgpu.prices.sellers import regions_named

    with pytest.raises(DataError, match="no price on file is in poland"):
        regions_named(["poland"], prices.bundled())


def test_offers_of_a_region_have_the_price_there() -> None:
    here = {row.instance: row for row in prices.offers(regions=["europe-west4"], kinds=["on_demand"])}
    assert here["a2-highgpu-1g"].usd_per_hour == 3.74797
    assert one("gcp", "a2-highgpu-1g").usd_per_hour == 3.67339
