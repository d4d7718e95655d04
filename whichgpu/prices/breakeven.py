"""Rent or buy: when the money spent on an owned GPU is less than the rent of the same hours."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from whichgpu.errors import DataError, UsageError
from whichgpu.prices import live
from whichgpu.prices.purchase import Assumptions, assumptions, parts_in_one, purchase_price
from whichgpu.prices.store import best_first, select, term_kinds
from whichgpu.units import DAY, DAYS_PER_MONTH, parse
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from datetime import date

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.prices.offers import Offer

_LONGEST_DAY = 24.0
_TEXTS = {
    "electricity": ("energy price",), "years_in_service": ("time", "3 years"), "resale": ("share",),
    "host_price_share": ("share",), "load": ("share",),
}  # fmt: skip


class Choice(NamedTuple):
    """Renting against buying one GPU; USD, hours, months."""

    gpu: str
    hours_per_day: float
    #: USD at the start (GPU and its part of the server), USD back at the end, and USD per hour of running it.
    buy: float
    #: Of it, USD for the GPU alone.
    gpu_price: float
    resale: float
    running: float
    #: kWh per hour of use of the GPU and its part of the server, and of cooling and the rest of the site.
    kwh: float
    kwh_of_site: float
    #: USD per hour of the rent, and the offer that it is of (none where it was stated). Nobody rents out some
    #: GPUs, laptops above all: then there is no rent, and nothing that it has paid for.
    rent: float | None
    offer: Offer | None
    #: USD per hour of use of the own one, over its service, with what it sells for at the end.
    own: float
    #: Hours of use, and months, until the rent saved has paid for it, were it worth nothing; None if never.
    hours: float | None
    months: float | None
    #: Hours of use a day from which on owning costs less over its service; None where no day is long enough.
    least_hours_per_day: float | None
    #: Months in service.
    service: float
    #: Month, USD spent on rent where there is one, USD spent on the own one.
    course: tuple[tuple[float, float | None, float], ...]
    assumed: Assumptions
    price_of: str

    def to_dict(self) -> dict[str, Any]:
        """A JSON object."""
        from dataclasses import asdict

        offer = self.offer.to_dict() if self.offer else None
        return {**self._asdict(), "offer": offer, "assumed": asdict(self.assumed)}


def stated(hours_per_day: float, *, cooling: str | None = None, **texts: Any) -> Assumptions:
    """The shipped assumptions with what a user states in their place; the use follows from hours a day.

    `cooling` is its power over that of what it cools, which stands in for a PUE of 1 + that. Raises
    `UsageError` for a quantity that cannot be read or is out of bounds.
    """
    if not 0 < hours_per_day <= 24:
        raise UsageError(
            f"{hours_per_day:g} hours a day is not above 0 and at most 24; write e.g. --hours-per-day 8"
        )
    if cooling is not None:
        if texts.get("pue") is not None:
            raise UsageError("--pue has cooling in it already; keep one of --pue and --cooling")
        texts["pue"] = 1.0 + parse(cooling, "share")
    values = {
        name: parse(text, *_TEXTS[name]) if name in _TEXTS else float(text)
        for name, text in texts.items()
        if text is not None
    }
    return replace(assumptions(), utilisation=hours_per_day / 24, **values)


def rent_or_buy(
    gpu: Gpu, hours_per_day: float, given: Assumptions, today: date, *, usd: float | None = None,
    rent: float | None = None,
) -> Choice:  # fmt: skip
    """Renting on demand against buying one GPU with its part of a server.

    With price P, its part of the server H P, share of resale s, D days of service, running cost e per hour
    and rent r: owning costs (P + H P - s P) / (h D) + e per hour at h hours a day, which is the rent at
    h = (P + H P - s P) / ((r - e) D); the rent has paid for it after (P + H P) / (r - e) hours. Raises
    `DataError` where no price or no power is known and none is stated.
    """
    price, with_host, price_of = _price(gpu, usd)
    per_hour, offer = _rent(gpu, rent, today)
    kwh = gpu.need("power") / 1000 * given.load * (1 + given.host_power_share)
    running = kwh * given.pue * given.electricity
    start = price * (1 + (0.0 if with_host else given.host_price_share))
    days = given.years_in_service / DAY
    loss, saved = start - price * given.resale, (per_hour or 0.0) - running
    hours = start / saved if saved > 0 else None
    least = loss / (saved * days) if saved > 0 else None
    month = hours_per_day * DAYS_PER_MONTH
    service = days / DAYS_PER_MONTH
    paid = hours / month if hours else None
    course = tuple(
        (at, None if per_hour is None else per_hour * month * at, start + running * month * at)
        for at in _course(service, paid)
    )
    return Choice(
        gpu=gpu.id, hours_per_day=hours_per_day, buy=start, gpu_price=price,
        resale=price * given.resale, running=running,
        kwh=kwh, kwh_of_site=kwh * (given.pue - 1),
        rent=per_hour, offer=offer, own=loss / (hours_per_day * days) + running, hours=hours,
        months=paid,
        least_hours_per_day=least if least is not None and least <= _LONGEST_DAY else None,
        service=service, course=course, assumed=given, price_of=price_of,
    )  # fmt: skip


def _course(service: float, paid: float | None) -> list[float]:
    """The months that are told: within its service, and the one in which the rent has paid for it."""
    told: set[float] = {at for at in (1, 3, 6, 12, 18, 24, 36, 48, 60) if at <= math.ceil(service)}
    if paid is not None and paid <= service:
        told.add(math.ceil(paid * 10) / 10)
    return sorted(told)


def _price(gpu: Gpu, usd: float | None) -> tuple[float, bool, str]:
    """The price of one, whether it includes the server, and where it is from."""
    if usd is not None:
        if not (math.isfinite(usd) and usd > 0):
            raise UsageError(f"a price of {usd:g} USD cannot be; write e.g. --price '4650 USD'")
        return usd, False, "stated"
    stored = purchase_price(gpu.id)
    if stored is None:
        raise DataError(f"no purchase price of {gpu.id} is stored; state one: --price '4650 USD'")
    return stored.usd, stored.includes_host, stored.told


def _rent(gpu: Gpu, rent: float | None, today: date) -> tuple[float | None, Offer | None]:
    """USD per hour: as stated, else of the best offer on demand; none where nobody offers one."""
    if rent is not None:
        if not (math.isfinite(rent) and rent > 0):
            raise UsageError(f"a rent of {rent:g} USD/h cannot be; write e.g. --rent '1.20 USD/h'")
        return rent, None
    whole = gpu.id.partition(":")[0]
    rows = best_first(select(live.current(), gpus=[whole], kinds=term_kinds("on-demand")), today)
    if not rows:
        return None, None
    return rows[0].usd_per_gpu_hour / parts_in_one(gpu.id), rows[0]
