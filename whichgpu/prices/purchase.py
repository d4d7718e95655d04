"""What a GPU costs to buy, and what owning it costs per hour of use."""

from __future__ import annotations

import math
from dataclasses import asdict, fields, replace
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from whichgpu.errors import DataError, UsageError
from whichgpu.facts import store as facts_store
from whichgpu.prices.store import STALE_DAYS, sources
from whichgpu.units import HOUR, YEAR
from whichgpu.values import NamedTuple, immutable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from whichgpu.facts.model import Fact
    from whichgpu.hardware.gpu import Gpu

#: The columns of `data/prices/purchase.csv`, in order.
COLUMNS = ("gpu", "usd", "kind", "source", "locator", "via", "as_of", "includes_host", "note")

#: Kinds of purchase price, the one that a buyer today should reckon with first.
LAUNCH = "launch"
KINDS = ("street_high", "street_low", LAUNCH)

#: Days after a launch from which on its price is no guide: the part is sold used, if at all.
GONE_DAYS = 7 * 365

#: Days after which a launch price no longer says what a card, by then a used one, cannot cost.
_LAUNCH_HOLDS = 730

#: What is said of such a price.
NOT_OF_NOW = "what it sells for now is on no file here"


@immutable
class Purchase:
    """A price in USD for one GPU.

    `kind` is "launch" (`as_of` is then the release date) or the high or low end of street prices;
    `includes_host` says that the price is one GPU's part of a whole server.
    """

    gpu: str
    usd: float
    kind: str
    source: str
    locator: str
    via: str
    as_of: date | None
    includes_host: bool
    note: str

    @property
    def told(self) -> str:
        """What kind of price it is, its day and its source, in words."""
        return f"{self.kind.replace('_', ' ')}, {self.as_of or 'undated'}, {self.source}"

    def to_dict(self) -> dict[str, Any]:
        """A JSON object; USD, ISO date or null."""
        return {**asdict(self), "as_of": self.as_of.isoformat() if self.as_of else None}


@cache
def purchases() -> Mapping[str, tuple[Purchase, ...]]:
    """Every stored purchase price by GPU id, in the order of `KINDS`."""
    from datetime import date

    table = facts_store.part("prices", "purchase")
    if tuple(table["columns"]) != COLUMNS:
        raise DataError(f"data/prices/purchase.csv: columns are not {', '.join(COLUMNS)}; reinstall whichgpu")
    found: dict[str, list[Purchase]] = {}
    for gpu, usd, kind, source, locator, via, day, host, note in table["rows"]:
        as_of = date.fromisoformat(day) if day else None
        row = Purchase(gpu, float(usd), kind, source, locator, via, as_of, host == "yes", note)
        found.setdefault(gpu, []).append(row)
    return MappingProxyType(
        {gpu: tuple(sorted(rows, key=lambda row: KINDS.index(row.kind))) for gpu, rows in found.items()}
    )


def current(rows: Iterable[Purchase], today: date) -> bool:
    """Whether prices to buy say what a card costs now: one of them is no launch price of years ago."""
    return any(row.as_of is None or (today - row.as_of).days < _LAUNCH_HOLDS for row in rows)


class Market(NamedTuple):
    """What so many cards, launched within two years (`new`) or before, sell for over their launch price."""

    new: bool
    cards: int
    low: float
    middle: float
    high: float


def market(price: Purchase, today: date) -> Market | None:
    """Prices of the street over those at launch, of cards about as old as one; None where none is on file.

    Street prices are those that `purchase_price` reckons with, read within a year.
    """
    new = current((price,), today)
    ratios = sorted(
        rows[0].usd / rows[-1].usd
        for rows in purchases().values()
        if rows and rows[0].kind != LAUNCH == rows[-1].kind and current(rows[-1:], today) == new
        and rows[0].as_of is not None and (today - rows[0].as_of).days < STALE_DAYS
    )  # fmt: skip
    return Market(new, len(ratios), ratios[0], ratios[len(ratios) // 2], ratios[-1]) if ratios else None


def launched(gpu: Gpu) -> tuple[Purchase, ...]:
    """What a GPU cost at its launch, as its own data state it; empty without a price or a day."""
    from datetime import date

    price, day = gpu.fact("launch_price"), str(gpu.value("release_date"))
    if price is None or len(day) < len("2023-08-24"):
        return ()
    return (
        Purchase(gpu.id, price.value, "launch", price.source, "", "", date.fromisoformat(day), False, ""),
    )


def purchase_price(gpu: str) -> Purchase | None:
    """The price to reckon with, or None where none is stored.

    A street price before a launch price, and of a street range the high end, so that owning is not
    made to look cheap. A part of a GPU (`a100-80gb-sxm:mig-3g.40gb`) costs its share of the whole one.
    """
    whole, _, part = gpu.partition(":")
    rows = purchases().get(whole)
    if not rows or not part:
        return rows[0] if rows else None
    many = parts_in_one(gpu)
    note = f"{rows[0].usd:,.0f} USD for {many} of them"
    return replace(rows[0], gpu=gpu, usd=rows[0].usd / many, note=note)


@cache
def parts_in_one(gpu: str) -> int:
    """How many parts of an id one GPU is bought or rented as; 1 for a whole one."""
    if ":" not in gpu:
        return 1
    from whichgpu.hardware.catalogue import catalogue
    from whichgpu.hardware.slices import device, in_one

    known = catalogue()
    return in_one(device(gpu, known), known)


@immutable
class Assumptions:
    """What owning depends on beside the price and the power of the GPU.

    Seconds, USD/kWh, and shares as plain numbers (0.8 is 80 %).
    """

    #: Time from purchase to replacement, in seconds.
    years_in_service: float
    #: Share of the purchase price got back at the end.
    resale: float
    #: Share of the hours in service in which the GPU does wanted work.
    utilisation: float
    #: USD per kWh.
    electricity: float
    #: Power drawn by the site over power drawn by the machines.
    pue: float
    #: Mean power in use over the board power.
    load: float
    #: Price of the GPU's part of the server over the price of the GPU.
    host_price_share: float
    #: Power of the GPU's part of the server over the power of the GPU.
    host_power_share: float

    def __post_init__(self) -> None:
        for name, low, high, example in _BOUNDS:
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                years = name == "years_in_service"
                told = (f"{one / YEAR:.4g} years" if years else f"{one:g}" for one in (value, low, high))
                raise UsageError("{} {} is not from {} to {}; write e.g. {}".format(name, *told, example))


_BOUNDS = (
    ("years_in_service", HOUR, 50 * YEAR, '"3 years"'),
    ("resale", 0.0, 1.0, '"20 %"'),
    ("utilisation", 0.001, 1.0, '"80 %"'),
    ("electricity", 0.0, 10.0, '"0.12 USD/kWh"'),
    ("pue", 1.0, 10.0, "1.3"),
    ("load", 0.0, 1.5, '"80 %"'),
    ("host_price_share", 0.0, 10.0, '"38 %"'),
    ("host_power_share", 0.0, 10.0, '"40 %"'),
)

_DIMENSIONS = {
    "years_in_service": "time",
    "resale": "share",
    "utilisation": "share",
    "electricity": "energy price",
    "pue": "count",
    "load": "share",
    "host_price_share": "share",
    "host_power_share": "share",
}


@cache
def assumption_facts() -> Mapping[str, Fact]:
    """Each assumption on owning as a fact, by name: what a report cites."""
    return table_facts("owning", _DIMENSIONS)


def table_facts(table: str, dimensions: Mapping[str, str]) -> Mapping[str, Fact]:
    """A table of `data/prices/assumptions.toml` as facts by name; raises `DataError` where one is missing."""
    rows = facts_store.part("prices", "assumptions")[table]
    where = f"data/prices/assumptions.toml: {table}"
    missing = sorted(dimensions.keys() - rows.keys())
    if missing:
        raise DataError(f"{where}.{missing[0]} is missing; reinstall whichgpu")
    return MappingProxyType(
        {name: _fact(rows[name], dimension, f"{where}.{name}") for name, dimension in dimensions.items()}
    )


@cache
def discount_facts() -> Mapping[str, Fact]:
    """Typical discounts for commitments, by provider and plan: shares off the on-demand price."""
    return open_facts("discounts", "share")


@cache
def open_facts(table: str, dimension: str) -> Mapping[str, Fact]:
    """A table of `data/prices/assumptions.toml` whose names are open, such as providers."""
    rows = facts_store.part("prices", "assumptions")[table]
    where = f"data/prices/assumptions.toml: {table}"
    return MappingProxyType({name: _fact(raw, dimension, f"{where}.{name}") for name, raw in rows.items()})


def _fact(raw: Any, dimension: str, where: str) -> Fact:
    """One fact whose source is among the price sources, which the common list does not hold."""
    from whichgpu.facts import reading

    value, source, *more = raw
    extra = dict(more[0]) if more else {}
    ids = source.partition(" ")[0].split(";")
    kinds = {known.kind for known in map(sources().get, ids) if known}
    if len(kinds) == 1:
        extra.setdefault("kind", kinds.pop())
    return reading.facts([value, source, extra], dimension, where)[0]


def assumptions() -> Assumptions:
    """The shipped assumptions; `dataclasses.replace` changes one. Raises `UsageError` out of bounds."""
    return Assumptions(**{name: fact.value for name, fact in assumption_facts().items()})


@immutable
class OwningCost:
    """USD per hour of use for one GPU, by part."""

    gpu: str
    depreciation: float
    electricity: float
    host: float

    @property
    def total(self) -> float:
        """The sum of the parts, USD per hour of use."""
        return self.depreciation + self.electricity + self.host

    def to_dict(self) -> dict[str, Any]:
        """A JSON object, USD per hour."""
        return {**{each.name: getattr(self, each.name) for each in fields(self)}, "total": self.total}


def owning_cost_per_hour(
    gpu: str, power_w: float, usd: float | None = None, given: Assumptions | None = None
) -> OwningCost:
    """USD per hour of use of one owned GPU.

    With price P (USD, `usd`, or the stored price where None), board power W (`power_w`, watts) and the
    assumptions `given` (the shipped ones where None)::

        hours        = years_in_service / 1 h x utilisation
        depreciation = P x (1 - resale) / hours
        host         = P x host_price_share / hours              (0 where P includes the host)
        electricity  = W / 1000 x load x (1 + host_power_share) x pue x USD per kWh

    Electricity is charged for the hours of use alone; space, staff and interest are not in it, and the
    host has no resale value. Raises `DataError` where no price is stored and none given, `UsageError`
    for a price or power that is not above zero.
    """
    known = given or assumptions()
    price, with_host = _price(gpu, usd)
    if not (math.isfinite(power_w) and power_w > 0):
        raise UsageError(f"power {power_w:g} W of {gpu} is not above zero; write e.g. 300")
    hours = known.years_in_service / HOUR * known.utilisation
    kilowatts = power_w / 1000 * known.load * (1 + known.host_power_share) * known.pue
    return OwningCost(
        gpu=gpu,
        depreciation=price * (1 - known.resale) / hours,
        electricity=kilowatts * known.electricity,
        host=0.0 if with_host else price * known.host_price_share / hours,
    )


def _price(gpu: str, usd: float | None) -> tuple[float, bool]:
    if usd is None:
        stored = purchase_price(gpu)
        if stored is None:
            raise DataError(f"no purchase price of {gpu} is stored; give one in USD")
        return stored.usd, stored.includes_host
    if not (math.isfinite(usd) and usd > 0):
        raise UsageError(f"purchase price {usd:g} USD of {gpu} is not above zero; write e.g. 2250")
    return usd, False
