"""AWS's price list of EC2: the bulk CSV of a region, read as it streams, for it has hundreds of megabytes."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from whichgpu.prices.fetch import Limits, lines
from whichgpu.prices.listing import Listing
from whichgpu.prices.shipped import instances
from whichgpu.prices.sources import Found, PriceSource, has_columns, number, of_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.prices.fetch import Get

_BASE = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonEC2/current"
#: Regions that are read: AWS's cheapest, and one of Europe.
_REGIONS = ("us-east-1", "eu-west-1")
_LIMITS = Limits(largest=2**30, longest=600.0)
_COLUMNS = (
    "TermType", "Unit", "PricePerUnit", "Currency", "LeaseContractLength", "PurchaseOption", "OfferingClass",
    "Instance Type", "vCPU", "Memory", "Tenancy", "Operating System", "Pre Installed S/W", "CapacityStatus",
    "Region Code",
)  # fmt: skip
#: Lines before the header.
_PREAMBLE = 5
_WANTED: Mapping[str, str] = {
    "Tenancy": "Shared", "Operating System": "Linux", "Pre Installed S/W": "NA", "Unit": "Hrs",
    "Currency": "USD",
}  # fmt: skip
_TERMS = {"1yr": "committed_1y", "3yr": "committed_3y"}


def read(get: Get) -> Found:
    """On-demand prices, and reservations without money up front, of instance types with GPUs."""
    return of_parts(_REGIONS, lambda region: _region(region, get))


def _region(region: str, get: Get) -> list[Listing]:
    text = lines(get(f"{region}.csv", f"{_BASE}/{region}/index.csv", limits=_LIMITS))
    for _ in range(_PREAMBLE):
        next(text, None)
    rows = csv.DictReader(text)
    has_columns(rows.fieldnames, _COLUMNS, f"{region}.csv")
    known = instances("aws")
    return [listing for row in rows if row["Instance Type"] in known for listing in _row(row, known)]


def _row(
    row: Mapping[str, str], known: Mapping[str, tuple[str, float, float | None, float | None]]
) -> Iterator[Listing]:
    usd, kind = number(row, "PricePerUnit"), _kind(row)
    if not usd or not kind or any(row[name] != value for name, value in _WANTED.items()):
        return
    spelling, count, vcpus, host = known[row["Instance Type"]]
    yield Listing(
        provider="aws", instance=row["Instance Type"], spelling=spelling, gpus=count, usd=usd, kind=kind,
        region=row["Region Code"], vcpus=vcpus or number(row, "vCPU"), host_gib=host,
    )  # fmt: skip


def _kind(row: Mapping[str, str]) -> str:
    """The kind of a price; empty for what is not read (capacity blocks, money up front, convertibles)."""
    if row["TermType"] == "OnDemand":
        return "on_demand" if row["CapacityStatus"] == "Used" else ""
    if (row["PurchaseOption"], row["OfferingClass"]) == ("No Upfront", "standard"):
        return _TERMS.get(row["LeaseContractLength"], "")
    return ""


SOURCE = PriceSource("aws-price-list", "AmazonEC2/current", read)
