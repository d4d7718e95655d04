"""What a plan file asks for, as values: demands by hour, what may be had, and what limits the fleet."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from whichgpu.cost.serving.slo import Term
    from whichgpu.prices.offers import Offer
    from whichgpu.workloads.job import Job

    Array = NDArray[np.float64]


@immutable
class Size:
    """Requests of one size: their `share` of all, and the job of one of them (None of a bare rate)."""

    name: str
    share: float
    job: Job | None


@immutable(eq=False)
class Demand:
    """Work to be done: `rate` (H,) of `unit`s per s; or `total` a day of them within `window` (H,).

    `terms` are objectives of a service, `latency` s of one job of other work; `spare` instances may be lost.
    `spot` is the share that spot capacity may carry; `None` in the wishes means any.
    """

    name: str
    workload: str
    unit: str
    sizes: tuple[Size, ...]
    rate: Array
    total: float | None = None
    window: Array | None = None
    terms: tuple[Term, ...] = ()
    latency: float | None = None
    spare: int = 0
    spot: float = 1.0
    headroom: float = 0.0
    gpus: tuple[str, ...] | None = None
    providers: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    needs: tuple[str, ...] = ()


@immutable
class Option:
    """A kind of instance of the user's own: units/s by demand, and by size of it where they differ."""

    name: str
    usd: float
    most: float
    capacity: Mapping[str, Mapping[str, float]]
    kind: str = "on_demand"
    type: str = ""
    gpu: str | None = None
    gpu_count: int = 1
    provider: str = ""
    region: str = ""
    start: float = 0.0
    watts: float = 0.0


@immutable
class Owned:
    """GPUs that are there already, `each` in a machine; `usd` per hour in use, None its electricity."""

    gpu: str
    count: int
    each: int = 1
    usd: float | None = None


@immutable
class Choice:
    """Words that select offers; None is any. GPUs are ids."""

    providers: tuple[str, ...] | None = None
    gpus: tuple[str, ...] | None = None
    kinds: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    instances: tuple[str, ...] | None = None
    text: str = "all"


@immutable
class Commitment:
    """A share off the price of chosen on-demand offers for paying them always; at most so many instances."""

    choice: Choice
    discount: float
    most: float


@immutable
class Quota:
    """At most so many GPUs, or instances, of what is chosen."""

    name: str
    choice: Choice
    most: float
    gpus: bool


@immutable(eq=False)
class Asked:
    """A whole plan file. `hours` (H,) how long each hour of the model lasts; `kinds` of price to pay.

    `start` is h from ordering an instance to its running, before a model is loaded; `cautious` counts on the
    low end of what instances carry.
    """

    name: str
    hours: Array
    demands: tuple[Demand, ...]
    options: tuple[Option, ...] = ()
    owned: tuple[Owned, ...] = ()
    commitments: tuple[Commitment, ...] = ()
    quotas: tuple[Quota, ...] = ()
    offers: tuple[Offer, ...] | None = None
    kinds: tuple[str, ...] = ("on_demand",)
    choice: Choice = field(default_factory=Choice)
    needs: tuple[str, ...] = ()
    types: int | None = None
    budget: float | None = None
    start: float | None = None
    cautious: bool = False
    undated: bool = False
    gap: float = 1e-6
    seconds: float = 60.0

    def demand(self, name: str) -> Demand:
        """The demand of a name."""
        return next(one for one in self.demands if one.name == name)
