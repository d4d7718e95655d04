"""The power limits that a laptop's maker may choose from for one GPU, and what it reaches at each.

Peaks go with the clock, which sources state for some limits. Below those it is told by the law that the
stated pairs follow, a power of the limit; above them it is not, since the chip's own clock ends it. Memory
keeps its clock.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from whichgpu.facts.model import Fact
    from whichgpu.hardware.gpu import Gpu

_AT = r"at (\d+(?:\.\d+)?) W"
#: Clock over limit, in logarithms: the median of the 27 laptop parts of which both ends are stated, half of
#: them between 0.48 and 0.68. A test holds it to them.
EXPONENT = 0.57


#: Limits that drivers take of cards: no range that any is sold at.
_OF_DRIVERS = frozenset({"nvidia-power-limits"})


def as_sold(gpu: Gpu, field: str) -> tuple[Fact, ...]:
    """What sources state of a field and do not mistake.

    The lowest limits that drivers take are left out too: no card is sold at them.
    """
    every = tuple(fact for fact in gpu.stated(field) if not fact.mistaken)
    if field != "power_min":
        return every
    return tuple(fact for fact in every if not _OF_DRIVERS & set(fact.sources))


class Limit(NamedTuple):
    """A power limit in W, the boost clock there in Hz or None, and whether a source states that clock."""

    power: float
    clock: float | None
    stated: bool


def limits(gpu: Gpu) -> tuple[Limit, ...]:
    """The ends of a laptop part's range and what has a clock between, highest first; () without a range."""
    if gpu.segment != "laptop":
        return ()
    ends = (gpu.value("power_max"), gpu.value("power_min"))
    if None in ends or ends[0] == ends[1]:
        return ()
    known = {watts: float(fact.value) for fact in gpu.stated("clock_boost") if (watts := _at(gpu, fact))}
    points = sorted({*ends, *known}, reverse=True)
    return tuple(Limit(watts, known.get(watts) or _clock(watts, known), watts in known) for watts in points)


def reached(gpu: Gpu, field: str, limit: Limit) -> float | None:
    """A peak rate in FLOP/s at a limit: the one in use by the ratio of clocks; None where one is unknown."""
    rate, boost = gpu.value(field), gpu.value("clock_boost")
    return float(rate) * limit.clock / float(boost) if rate and boost and limit.clock else None


def _clock(watts: float, known: dict[float, float]) -> float | None:
    """The clock at a limit of which none is stated, from that of the next above; None where there is none."""
    above = min((other for other in known if other > watts), default=None)
    return None if above is None else known[above] * float((watts / above) ** EXPONENT)


def _at(gpu: Gpu, fact: Fact) -> float | None:
    """The limit at which a clock is reached: as noted, or that which the same source rates the device at."""
    if match := re.fullmatch(_AT, fact.note):
        return float(match[1])
    rated = gpu.fact("power")
    same = rated is not None and not fact.note and set(rated.sources) & set(fact.sources)
    return float(rated.value) if rated and same and fact is gpu.fact("clock_boost") else None
