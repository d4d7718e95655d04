"""Lambda's own list of instance types, with the key in `LAMBDA_API_KEY`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from whichgpu.errors import DataError
from whichgpu.prices.fetch import whole
from whichgpu.prices.listing import Listing
from whichgpu.prices.sources import Found, PriceSource, document

if TYPE_CHECKING:
    from whichgpu.prices.fetch import Get

_URL = "https://cloud.lambda.ai/api/v1/instance-types"
_KEY = "LAMBDA_API_KEY"


def read(get: Get) -> Found:
    """Every instance type with GPUs; regions are those with capacity at this moment."""
    headers = {"Authorization": f"Bearer {os.environ.get(_KEY, '')}"}
    answer = document(whole(get("instance-types.json", _URL, headers=headers)), "instance-types")
    listings = []
    try:
        for entry in answer["data"].values():
            kind, regions = entry["instance_type"], entry["regions_with_capacity_available"]
            specs = kind["specs"]
            if specs["gpus"]:
                listings += [
                    Listing(
                        provider="lambda", instance=kind["name"], spelling=kind["gpu_description"],
                        gpus=float(specs["gpus"]), usd=kind["price_cents_per_hour"] / 100,
                        region=region["name"], vcpus=float(specs["vcpus"]),
                        host_gib=float(specs["memory_gib"]),
                    )
                    for region in regions or [{"name": ""}]
                ]  # fmt: skip
    except (KeyError, TypeError, AttributeError) as fault:
        raise DataError(f"{type(fault).__name__}: {fault}; the source's format has changed") from None
    return Found(tuple(listings))


SOURCE = PriceSource("lambda-api", "api/v1/instance-types", read, key=_KEY)
