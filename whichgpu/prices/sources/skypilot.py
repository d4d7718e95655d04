"""SkyPilot's catalogue: one CSV for each provider in a public repository."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from whichgpu.prices.fetch import lines
from whichgpu.prices.listing import Listing
from whichgpu.prices.sources import Found, PriceSource, has_columns, number, of_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.prices.fetch import Get

_BASE = "https://raw.githubusercontent.com/skypilot-org/skypilot-catalog/master/catalogs/v8"
_PROVIDERS = (
    "aws", "azure", "cudo", "do", "gcp", "hyperbolic", "hyperstack", "lambda", "nebius", "oci", "runpod",
    "vast", "verda",
)  # fmt: skip
_COLUMNS = (
    "InstanceType",
    "AcceleratorName",
    "AcceleratorCount",
    "vCPUs",
    "MemoryGiB",
    "Price",
    "Region",
    "SpotPrice",
)
_MARKETS = ("vast",)
#: The size of one GPU in the text of `GpuInfo`: in MiB, but below this many in GB (RunPod's).
_FEWEST_MIB = 1024
_SIZE = re.compile(r"'SizeInMiB': (\d+)")


def read(get: Get) -> Found:
    """Every provider's table."""
    return of_parts(_PROVIDERS, lambda provider: _table(provider, get))


def _table(provider: str, get: Get) -> list[Listing]:
    rows = csv.DictReader(lines(get(f"{provider}.csv", f"{_BASE}/{provider}/vms.csv")))
    has_columns(rows.fieldnames, _COLUMNS, f"{provider}.csv")
    return [listing for row in rows for listing in _row(provider, row)]


def _row(provider: str, row: dict[str, str]) -> Iterator[Listing]:
    count, name = number(row, "AcceleratorCount"), row["AcceleratorName"]
    if not count or not name:
        return
    size = _SIZE.search(row.get("GpuInfo") or "")
    kind = "marketplace" if provider in _MARKETS else "on_demand"
    for column, terms in (("Price", kind), ("SpotPrice", "spot")):
        usd = number(row, column)
        if usd:
            # A GPU without an instance type is priced without its host.
            yield Listing(
                provider=provider, instance=row["InstanceType"] or f"{count:g}x {name} (gpu only)",
                spelling=name, gpus=count, usd=usd, kind=terms, region=row["Region"],
                gpu_gb=_gigabytes(int(size[1])) if size else None, vcpus=number(row, "vCPUs"),
                host_gib=number(row, "MemoryGiB"),
            )  # fmt: skip


def _gigabytes(size: int) -> float:
    return float(size) if size < _FEWEST_MIB else size / _FEWEST_MIB


SOURCE = PriceSource("skypilot", "catalogs/v8", read)
