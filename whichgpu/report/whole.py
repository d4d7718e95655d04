"""What a job of a stated size takes in all: time, energy and money of a rate that is predicted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from whichgpu.planner.words import lasting, money
from whichgpu.units import HOUR, KWH, number
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from whichgpu.cost.answers import Estimate
    from whichgpu.facts.model import Interval
    from whichgpu.planner.size import Size


class Whole(NamedTuple):
    """A size of work at a rate: seconds and joules of all GPUs, each low, middle and high, and USD (or NaN).

    seconds = units / rate;   joules = units x joules of each;   USD = hours x USD an hour of all
    """

    size: Size
    seconds: tuple[float, float, float]
    joules: tuple[float, float, float]
    usd: tuple[float, float, float]

    def __str__(self) -> str:
        low, middle, high = map(lasting, self.seconds)
        told = [f"In all, {self.size.text}: {middle} ({low} to {high})"]
        if math.isfinite(self.joules[1]):
            told.append(f"{number(self.joules[1] / KWH, 3)} kWh of its GPUs")
        if math.isfinite(self.usd[1]):
            told.append(f"{money(self.usd[1])} ({money(self.usd[0])} to {money(self.usd[2])})")
        assumed = f"; {self.size.assumed}" if self.size.assumed else ""
        return f"{', '.join(told)}{assumed}."

    def to_dict(self) -> dict[str, Any]:
        """Plain values; what is not known is null."""

        def plain(values: tuple[float, float, float]) -> dict[str, float | None]:
            known = (value if math.isfinite(value) else None for value in values)
            return dict(zip(("low", "mid", "high"), known, strict=True))

        return {
            "size": self.size.to_dict(),
            "seconds": plain(self.seconds),
            "joules": plain(self.joules),
            "usd": plain(self.usd),
        }


def whole(size: Size, answer: Estimate, usd_per_hour: float = math.nan) -> Whole:
    """What a size takes at the speed of an estimate; `usd_per_hour` is of all its GPUs."""
    rate: Interval = answer.throughput
    seconds = (size.units / rate.high, size.units / rate.mid, size.units / rate.low)
    each = answer.energy_interval
    joules = (size.units * each.low, size.units * each.mid, size.units * each.high)
    usd = tuple(one / HOUR * usd_per_hour for one in seconds)
    return Whole(size, seconds, joules, (usd[0], usd[1], usd[2]))
