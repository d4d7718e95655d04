"""RunPod's list of GPU types, with the key in `RUNPOD_API_KEY`: its own capacity and its community's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from whichgpu.errors import DataError
from whichgpu.prices.fetch import whole
from whichgpu.prices.listing import Listing
from whichgpu.prices.sources import Found, PriceSource, document, number

if TYPE_CHECKING:
    from whichgpu.prices.fetch import Get

_URL = "https://api.runpod.io/graphql"
_KEY = "RUNPOD_API_KEY"
_QUERY = b'{"query": "{ gpuTypes { displayName memoryInGb securePrice communityPrice secureSpotPrice } }"}'
_KINDS = (
    ("securePrice", "on_demand", "secure"),
    ("communityPrice", "community", "community"),
    ("secureSpotPrice", "spot", "secure"),
)


def read(get: Get) -> Found:
    """USD per hour of one GPU of each type, on each kind of terms that it has."""
    headers = {"Authorization": f"Bearer {os.environ.get(_KEY, '')}", "Content-Type": "application/json"}
    answer = document(whole(get("gpu-types.json", _URL, headers=headers, body=_QUERY)), "gpuTypes")
    try:
        listings = tuple(
            Listing(
                provider="runpod", instance=f"{tier} {row['displayName']}", spelling=row["displayName"],
                gpus=1.0, usd=usd, kind=kind, gpu_gb=number(row, "memoryInGb"),
            )
            for row in answer["data"]["gpuTypes"]
            for column, kind, tier in _KINDS
            if (usd := number(row, column))
        )  # fmt: skip
    except (KeyError, TypeError) as fault:
        raise DataError(f"{type(fault).__name__}: {fault}; the source's format has changed") from None
    return Found(listings)


SOURCE = PriceSource("runpod-api", "graphql gpuTypes", read, key=_KEY)
