"""From joules to kWh and grams of CO2-equivalent, on a stated grid and with a stated overhead.

    kWh   = J / 3.6e6 * PUE
    grams = kWh * carbon intensity of the grid

The energy is that of the GPUs alone. PUE (power usage effectiveness: the energy of the whole site over
that of its computers; The Green Grid, ISO/IEC 30134-2) is 1 unless stated: cooling, hosts, networks and
the making of the hardware are then not in it. Intensities are yearly averages, `data/grid.toml`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.facts import store
from whichgpu.facts.model import Interval
from whichgpu.units import KWH, parse
from whichgpu.values import immutable

if TYPE_CHECKING:
    from whichgpu.cost.answers import Estimate

WORLD = "world"
#: Units of work counted by the million; others go by the thousand.
_MILLIONS = {"token", "output token"}


@immutable
class Grid:
    """Carbon intensity of electricity in g CO2-equivalent per kWh, of a year, with its source."""

    id: str
    name: str
    grams_per_kwh: float
    year: int
    source: str

    def __str__(self) -> str:
        year = f", {self.year}" if self.year else ""
        return f"{self.name}{year}: {self.grams_per_kwh:g} g CO2e/kWh"

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"id": self.id, "name": self.name, "grams_per_kwh": self.grams_per_kwh,
                "year": self.year or None, "source": self.source}  # fmt: skip


def grid(text: str = WORLD) -> Grid:
    """The grid of a region's name or two-letter code, or of an intensity such as "350 g/kWh".

    Raises `UsageError` for neither.
    """
    regions = store.load("grid")["grid"]["region"]
    key = text.strip().lower().replace(" ", "-").replace("_", "-")
    for name, region in regions.items():
        if key in (name, *(alias.replace(" ", "-") for alias in region["aliases"])):
            return _region(name, region)
    if any(ch.isdigit() for ch in text):
        stated = parse(text, "carbon intensity")
        if stated < 0:
            raise UsageError(f"'{text}' is below zero; a grid emits at least 0 g/kWh")
        return Grid("stated", "as stated", stated, 0, "stated")
    from difflib import get_close_matches

    close = get_close_matches(key, regions, n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(close)}?" if close else f"known are {', '.join(regions)}"
    raise UsageError(f"no grid '{text}'; {hint} Or state an intensity, e.g. \"350 g/kWh\"")


def _region(name: str, region: Any) -> Grid:
    value, source = region["intensity"]
    return Grid(name, region["name"], parse(value, "carbon intensity"), int(region["year"]), source)


@immutable
class Amount:
    """Energy in kWh and emission in g CO2-equivalent of some work, each with its 90 % interval."""

    of: str
    energy: Interval
    carbon: Interval

    def to_dict(self) -> dict[str, Any]:
        """Plain values; units are in the intervals."""
        return {"of": self.of, "energy": self.energy.to_dict(), "carbon": self.carbon.to_dict()}


@immutable
class Footprint:
    """What a round amount of work takes on a grid; where the job trains, a step too."""

    grid: Grid
    pue: float
    amounts: tuple[Amount, ...]

    @property
    def scope(self) -> str:
        """What is in it."""
        return "GPUs only" if self.pue == 1.0 else f"GPUs x PUE {self.pue:g}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"grid": self.grid.to_dict(), "pue": self.pue, "scope": self.scope,
                "amounts": [amount.to_dict() for amount in self.amounts]}  # fmt: skip


def footprint(answer: Estimate, where: Grid, pue: float = 1.0) -> Footprint:
    """The footprint of an estimate. Raises `UsageError` for a PUE below 1 or not finite."""
    if not (math.isfinite(pue) and pue >= 1.0):
        raise UsageError(f"PUE {pue:g} is not possible: a site uses at least what its computers do; try 1.2")
    unit = answer.throughput.unit.removesuffix("/s")
    count = 1e6 if unit.removesuffix("s") in _MILLIONS else 1e3
    amounts = [_amount(f"{count:,.0f} {unit}", count, answer.energy_interval, where, pue)]
    if answer.job.trains:
        # A pass of a job that trains is one optimizer step on all GPUs.
        per_step = answer.power * answer.n_gpus * answer.latency.mid / answer.energy
        amounts.append(_amount("a training step", per_step, answer.energy_interval, where, pue))
    return Footprint(where, pue, tuple(amounts))


def _amount(of: str, count: float, joules: Interval, where: Grid, pue: float) -> Amount:
    def times(factor: float, unit: str) -> Interval:
        return Interval(joules.low * factor, joules.mid * factor, joules.high * factor, unit)

    kwh = count / KWH * pue
    return Amount(of, times(kwh, "kWh"), times(kwh * where.grams_per_kwh, "g CO2e"))
