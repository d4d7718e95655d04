"""One kind of instance under one kind of price, which words select it, and who may run there."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.planner.needs import need
from whichgpu.planner.plan.parts import whole_of
from whichgpu.prices.sellers import is_named, lies_in
from whichgpu.prices.store import key_of
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.plan.asked import Choice, Demand, Option
    from whichgpu.prices.offers import Offer


@immutable
class Supply:
    """One kind of instance under one kind of price, `nodes` machines being taken together.

    `type` is what the limit on instance types counts, `body` the machine whatever its price, `pools` what
    shares a limit of so many machines with others, by name. `start` is in h paid for each start, `idle` W of
    all its GPUs without work.
    """

    name: str
    kind: str
    usd: float
    gpu: str | None
    gpu_count: int
    type: str
    body: str
    provider: str = ""
    instance: str = ""
    region: str = ""
    most: float = np.inf
    nodes: int = 1
    start: float = 0.0
    idle: float = 0.0
    pools: tuple[tuple[str, float], ...] = ()
    offer: Offer | None = None
    option: Option | None = None
    #: How many of its GPUs make a whole one: more than one of parts.
    parts: int = 1

    def __str__(self) -> str:
        return self.name


def chosen(one: Supply, choice: Choice) -> bool:
    """Whether the words of a choice select it."""
    return (
        sold_by(one.provider, choice.providers)
        and (choice.gpus is None or one.gpu in choice.gpus or whole_of(one.gpu or "") in choice.gpus)
        and (choice.kinds is None or one.kind in choice.kinds)
        and in_regions(one.region, choice.regions)
        and (named(one.instance, choice.instances) or named(one.name, choice.instances))
    )


def named(name: str, allowed: Sequence[str] | None) -> bool:
    """Whether a name is one of those allowed, in any spelling."""
    return allowed is None or key_of(name) in map(key_of, allowed)


def sold_by(provider: str, allowed: Sequence[str] | None) -> bool:
    """Whether a provider is one of those allowed, or of a class that is."""
    return allowed is None or any(is_named(provider, one) for one in allowed)


def in_regions(region: str, allowed: Sequence[str] | None) -> bool:
    """Whether a region is one of those allowed, or lies in one: an area, a beginning, what ends in `*`."""
    return allowed is None or any(
        region and (fnmatchcase(region.lower(), one.lower()) or lies_in(region, one)) for one in allowed
    )


def barred(demand: Demand, one: Supply, gpu: Gpu | None) -> str:
    """Which wish of a demand leaves a supply out; empty where none does.

    What is owned is wherever it is needed, and what an option does not state is not held against it.
    """
    own, unstated = one.kind == "owned", one.option is not None
    wishes = (
        ("providers", own or (unstated and not one.provider) or sold_by(one.provider, demand.providers)),
        ("regions", own or (unstated and not one.region) or in_regions(one.region, demand.regions)),
        ("gpus", demand.gpus is None or (unstated and gpu is None) or one.gpu in demand.gpus),
        ("needs", gpu is None or all(need(name).met(gpu) for name in demand.needs)),
    )
    return next((f"{what} of {demand.name}" for what, met in wishes if not met), "")
