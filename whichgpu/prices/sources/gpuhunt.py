"""gpuhunt's published catalogue: a zip with one CSV for each provider, made anew every few hours."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from typing import TYPE_CHECKING

from whichgpu.errors import DataError
from whichgpu.prices.fetch import whole
from whichgpu.prices.listing import Listing
from whichgpu.prices.sources import Found, PriceSource, has_columns, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.prices.fetch import Get

_BASE = "https://dstack-gpu-pricing.s3.eu-west-1.amazonaws.com/v2"
#: Bytes that one table, and all of them together, may unpack to.
_LARGEST, _ALL = 256 * 2**20, 1024 * 2**20
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
#: Providers whose machines belong to many hosts.
_MARKETS = ("vastai", "tensordock")


def read(get: Get) -> Found:
    """The tables of the newest version."""
    version = whole(get("version", f"{_BASE}/version")).decode("ascii", "replace").strip()
    if not re.fullmatch(r"[\w.-]{1,40}", version):
        raise DataError(f"version '{version[:40]}' is none; the source's format has changed")
    archive = io.BytesIO(whole(get("catalog.zip", f"{_BASE}/{version}/catalog.zip")))
    listings: list[Listing] = []
    problems = []
    try:
        with zipfile.ZipFile(archive) as tables:
            if sum(entry.file_size for entry in tables.infolist()) > _ALL:
                raise DataError(f"catalog.zip: unpacks to more than {_ALL // 2**20} MiB; not unpacked")
            for entry in tables.infolist():
                provider = entry.filename.removesuffix(".csv")
                if entry.file_size > _LARGEST:
                    problems.append(
                        f"{entry.filename}: unpacks to more than {_LARGEST // 2**20} MiB; left out"
                    )
                    continue
                try:
                    with tables.open(entry) as file:
                        listings += _table(provider, io.TextIOWrapper(file, "utf-8"))
                except (DataError, UnicodeDecodeError, csv.Error) as fault:
                    problems.append(f"{entry.filename}: {fault}")
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as fault:
        raise DataError(f"catalog.zip: {fault}") from None
    return Found(tuple(listings), problems=tuple(problems))


def _table(provider: str, file: io.TextIOWrapper) -> Iterator[Listing]:
    rows = csv.DictReader(file)
    has_columns(rows.fieldnames, _COLUMNS, provider)
    for row in rows:
        price, count = number(row, "price"), number(row, "gpu_count")
        if not price or not count or not row["gpu_name"]:
            continue
        spot = row["spot"].lower() == "true"
        yield Listing(
            provider=provider, instance=row["instance_name"], spelling=row["gpu_name"], gpus=count, usd=price,
            kind="spot" if spot else "marketplace" if provider in _MARKETS else "on_demand",
            region=row["location"], gpu_gb=number(row, "gpu_memory"), vcpus=number(row, "cpu"),
            host_gib=number(row, "memory"),
        )  # fmt: skip


SOURCE = PriceSource("gpuhunt", "catalog.zip", read)
