"""The coefficients of the cost model, by section: `data/fits/prior.toml`."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def section(name: str) -> Mapping[str, Any]:
    """One section, e.g. `section("products")["tile"]`."""
    return MappingProxyType(store.load("fits")["prior"][name])
