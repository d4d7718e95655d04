"""gpuhunt's published catalogues: for each provider a zip with one CSV, made anew every hour.

Since its third version each provider is published by itself, so that one that fails holds back none.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from typing import TYPE_CHECKING

from whichgpu.errors import DataError
from whichgpu.prices.fetch import whole
from whichgpu.prices.listing import Listing
from whichgpu.prices.sources import Found, PriceSource, has_columns, number, of_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.prices.fetch import Get

_BASE = "https://dstack-gpu-pricing.s3.eu-west-1.amazonaws.com/v3"
_PROVIDERS = ("aws", "azure", "cloudrift", "gcp", "lambdalabs", "nebius", "oci", "runpod", "verda")
#: Bytes that one table may unpack to.
_LARGEST = 128 * 2**20
_COLUMNS = (
    "instance_name",
    "location",
    "price",
    "cpu",
    "memory",
    "gpu_count",
    "gpu_name",
    "gpu_memory",
    "spot",
)
#: What a broken archive raises, as it is opened or as its table is unpacked.
_BROKEN = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError,
)  # fmt: skip
#: Flags of days of capacity booked ahead, and the name of boxes on one's own premises: no machines on demand.
_BOOKED, _APPLIANCE = ("dws", "capacity-block"), "edgegpu"


def read(get: Get) -> Found:
    """The newest table of every provider."""
    return of_parts(_PROVIDERS, lambda provider: _provider(provider, get))


def _provider(provider: str, get: Get) -> list[Listing]:
    told = whole(get(f"{provider}.version", f"{_BASE}/{provider}/version"))
    version = told.decode("ascii", "replace").strip()
    if not re.fullmatch(r"[\w.-]{1,40}", version):
        raise DataError(f"version '{version[:40]}' is none; the source's format has changed")
    archive = io.BytesIO(whole(get(f"{provider}.zip", f"{_BASE}/{provider}/{version}/catalog.zip")))
    try:
        with zipfile.ZipFile(archive) as tables:
            entry = tables.getinfo(f"{provider}.csv")
            if entry.file_size > _LARGEST:
                raise DataError(f"unpacks to more than {_LARGEST // 2**20} MiB; left out")
            with tables.open(entry) as file:
                return list(_table(provider, io.TextIOWrapper(file, "utf-8")))
    except KeyError:
        raise DataError(f"no {provider}.csv in its zip; the source's format has changed") from None
    except _BROKEN as fault:
        raise DataError(f"zip: {fault}") from None


def _table(provider: str, file: io.TextIOWrapper) -> Iterator[Listing]:
    rows = csv.DictReader(file)
    has_columns(rows.fieldnames, _COLUMNS, provider)
    for row in rows:
        price, count = number(row, "price"), number(row, "gpu_count")
        if not price or not count or not row["gpu_name"] or _APPLIANCE in row["instance_name"]:
            continue
        if any(flag in (row.get("flags") or "").lower() for flag in _BOOKED):
            continue
        spot = row["spot"].lower() == "true"
        yield Listing(
            provider=provider, instance=row["instance_name"], spelling=row["gpu_name"], gpus=count, usd=price,
            kind="spot" if spot else "on_demand",
            region=row["location"], gpu_gb=number(row, "gpu_memory"), vcpus=number(row, "cpu"),
            host_gib=number(row, "memory"),
        )  # fmt: skip


SOURCE = PriceSource("gpuhunt", "v3", read)
