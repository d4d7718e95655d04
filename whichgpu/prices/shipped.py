"""What the shipped table knows of instance types that a source prices without saying what they are."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from whichgpu.prices.store import bundled
from whichgpu.units import GIB

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def instances(provider: str) -> Mapping[str, tuple[str, float, float | None, float | None]]:
    """GPU as it is spelled, number of GPUs, vCPUs and GiB of the host, by instance type of a provider."""
    return {
        row.instance: (
            row.gpu or row.gpu_spelling,
            row.gpu_count,
            row.vcpus,
            row.memory and row.memory / GIB,
        )
        for row in bundled()
        if row.provider == provider
    }
