"""AWS Spot Advisor: how often instances are taken back, by type and region; prices it has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.errors import DataError
from whichgpu.prices.fetch import whole
from whichgpu.prices.shipped import instances
from whichgpu.prices.sources import Found, Interruption, PriceSource, document

if TYPE_CHECKING:
    from whichgpu.prices.fetch import Get

_URL = "https://spot-bid-advisor.s3.amazonaws.com/spot-advisor-data.json"


def read(get: Get) -> Found:
    """The band of each GPU instance type on Linux in each region."""
    answer = document(whole(get("spot-advisor-data.json", _URL)), "spot-advisor-data.json")
    known = instances("aws")
    try:
        tops = {band["index"]: float(band["max"]) / 100 for band in answer["ranges"]}
        bands = {index: (max((top for top in tops.values() if top < high), default=0.0), high)
                 for index, high in tops.items()}  # fmt: skip
        found = tuple(
            Interruption("aws", instance, region, *bands[row["r"]], float(row["s"]) / 100)
            for region, systems in answer["spot_advisor"].items()
            for instance, row in systems.get("Linux", {}).items()
            if instance in known
        )
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise DataError(f"{type(fault).__name__}: {fault}; the source's format has changed") from None
    return Found((), interruptions=found)


SOURCE = PriceSource("aws-spot-advisor", "spot-advisor-data.json", read)
