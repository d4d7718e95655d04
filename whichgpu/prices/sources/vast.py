"""Vast.ai's open asks, with the key in `VAST_API_KEY`: machines of independent hosts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote

from whichgpu.errors import DataError
from whichgpu.prices.fetch import whole
from whichgpu.prices.listing import Listing
from whichgpu.prices.sources import Found, PriceSource, document

if TYPE_CHECKING:
    from whichgpu.prices.fetch import Get

_KEY = "VAST_API_KEY"
_QUERY = '{"verified": {"eq": true}, "rentable": {"eq": true}, "type": "on-demand", "limit": 5000}'
_URL = f"https://console.vast.ai/api/v0/bundles/?q={quote(_QUERY)}"
_MIB_PER_GIB = 1024.0


def read(get: Get) -> Found:
    """The asks of verified hosts, those of one GPU and number together as one machine."""
    headers = {"Authorization": f"Bearer {os.environ.get(_KEY, '')}"}
    answer = document(whole(get("bundles.json", _URL, headers=headers)), "bundles")
    try:
        listings = tuple(
            Listing(
                provider="vast", instance=f"{row['num_gpus']}x {row['gpu_name']}", spelling=row["gpu_name"],
                gpus=float(row["num_gpus"]), usd=float(row["dph_total"]), kind="marketplace",
                region=row.get("geolocation") or "", gpu_gb=float(row["gpu_ram"]) / _MIB_PER_GIB,
            )
            for row in answer["offers"]
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as fault:
        raise DataError(f"{type(fault).__name__}: {fault}; the source's format has changed") from None
    return Found(listings)


SOURCE = PriceSource("vast-api", "api/v0/bundles", read, key=_KEY)
