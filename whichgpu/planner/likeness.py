"""Which GPUs are like another, and which are at least as good in everything that decides.

Likeness is by what a program sees: memory, bandwidth, the 16-bit and the FP32 peak, and the power limit.
The distance of two GPUs is the largest ratio in any of them, so that one with half the memory is not near.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.hardware.gpu import sold_memory
from whichgpu.planner.comparison.rates import TOKEN_FP64
from whichgpu.planner.comparison.rows import sixteen_bit, watts
from whichgpu.planner.comparison.words import EQUAL
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whichgpu.hardware.gpu import Gpu

#: What makes GPUs alike; the 16-bit format is the one that both have, power is per GPU of a board.
MEASURES = ("memory", "bandwidth", "half", "fp32", "power")
#: What a part in exchange must have at least as much of.
_AT_LEAST = ("memory", "bandwidth", "half", "fp32")


class Like(NamedTuple):
    """A GPU beside another: the ratio of each measure to the other's, and the largest of them as a factor."""

    gpu: Gpu
    ratios: dict[str, float]
    distance: float

    @property
    def percent(self) -> float:
        """By how much the most unlike measure is larger or smaller, %."""
        return 100.0 * max(abs(ratio - 1.0) for ratio in self.ratios.values())

    @property
    def spread(self) -> float:
        """How unlike all measures together are: of two as far off in one, which is nearer in the rest."""
        return sum(abs(math.log(ratio)) for ratio in self.ratios.values())

    def within(self, share: float) -> bool:
        """Whether no measure is further off than a share (0.2: 20 %)."""
        return self.percent <= 100.0 * share + 1e-9


def measure(gpu: Gpu, name: str, half: str = "fp16") -> float | None:
    """One of `MEASURES` in SI units; None where it was not read."""
    if name == "memory":
        return sold_memory(gpu)
    value = watts(gpu) if name == "power" else gpu.value(half if name == "half" else name)
    return float(value) if value else None


def measures(gpu: Gpu) -> tuple[str, ...]:
    """What an alternative is judged by: no power that was not read, no FP32 where it is that of vectors."""
    law = gpu.variant.fma("fp32") if gpu.variant else None
    shaders = law is not None or gpu.value("sms") is not None
    spared = set[str]() if shaders else {"fp32"}
    return tuple(
        name for name in MEASURES
        if name not in spared and (name in {"memory", "bandwidth", "half"} or measure(gpu, name))
    )  # fmt: skip


def likeness(gpu: Gpu, other: Gpu, names: tuple[str, ...] = ()) -> Like | None:
    """How another GPU compares with one in these measures, else in its own; None where either lacks one.

    A power limit that was not read of the other is left aside: Apple states none.
    """
    half = sixteen_bit((gpu, other))
    ratios = {}
    for name in names or measures(gpu):
        own, its = measure(gpu, name, half), measure(other, name, half)
        if name == "power" and its is None:
            continue
        if own is None or its is None:
            return None
        ratios[name] = its / own
    return Like(other, ratios, max(max(ratio, 1 / ratio) for ratio in ratios.values()))


def alike(gpu: Gpu, pool: Iterable[Gpu], within: float = math.inf) -> list[Like]:
    """The GPUs of a pool whose every measure is within a share (0.2: 20 % either way), the nearest first.

    Measures that were not read of the GPU itself are left aside.
    """
    names = measures(gpu)
    found = (likeness(gpu, other, names) for other in pool if other.id != gpu.id)
    near = [one for one in found if one and one.within(within)]
    return sorted(near, key=lambda one: (one.distance, one.spread, one.gpu.id))


def exchanges(gpu: Gpu, pool: Iterable[Gpu]) -> Iterator[Gpu]:
    """The GPUs of a pool that are level or ahead in all that decides, FP64 included where the part has it."""
    names = tuple(name for name in measures(gpu) if name in _AT_LEAST)
    for other in pool:
        one = likeness(gpu, other, names) if other.id != gpu.id else None
        if one and all(ratio >= 1 / EQUAL for ratio in one.ratios.values()) and _precise(gpu, other):
            yield other


def _precise(gpu: Gpu, other: Gpu) -> bool:
    """Whether its FP64 is matched, where it is there for work."""
    own, its, plain = gpu.value("fp64"), other.value("fp64"), gpu.value("fp32")
    if not own or not plain or plain / own > TOKEN_FP64:
        return True
    return bool(its and its >= own / EQUAL)
