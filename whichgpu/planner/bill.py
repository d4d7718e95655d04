"""What a job costs on every kind of terms, as a bill: by hour, month, round amount of work, and run.

With a machine at rate r (units per hour) that is up H hours a month and at work for a share b of them:

    units per month U = r b H
    on demand, marketplace   month = price H
    spot                     month = price H x stretch          (Daly; `prices.spot`)
    committed, reserved      month = price 730.5                 paid whether used or not
    serverless               month = price b H                   billed by the second of use
    own                      month = (what it loses in value + host) / months in service + electricity b H
    price per unit = month / U;  a run of A units = A x price per unit, in A / r hours (x stretch on spot)

Storage and egress, where stated, are added to each month by the provider's price.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from whichgpu.errors import Infeasible
from whichgpu.planner.market import in_parts, needed
from whichgpu.prices import live, spot, store
from whichgpu.prices.offers import Offer
from whichgpu.prices.purchase import assumptions, discount_facts, open_facts, purchase_price
from whichgpu.prices.sellers import class_of
from whichgpu.units import DAYS_PER_MONTH, HOUR, HOURS_PER_MONTH, HOURS_PER_YEAR, KWH
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from whichgpu.cost.answers import Estimate
    from whichgpu.facts.model import Interval
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.bill_use import Use
    from whichgpu.planner.wishes import Target
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

#: Basis of a rate that the user measured, and who asks a price that the user states.
STATED = "as stated"
#: Kinds of commitment, the discount that stands in for a listed price, and hours of their term.
COMMITTED = {"committed_1y": ("1-year", HOURS_PER_YEAR), "committed_3y": ("3-years", 3 * HOURS_PER_YEAR)}
_KINDS = (
    "on_demand", "spot", "committed_1y", "committed_3y", "reserved", "serverless", "marketplace", "community",
)  # fmt: skip


class Way(NamedTuple):
    """One kind of terms: USD of all machines, storage and egress in the month and what follows from it.

    `offer` is None for owning; `assumed` says what is not listed; `hours` are those of a run.
    """

    kind: str
    offer: Offer | None
    usd_per_hour: float
    usd_per_month: float
    data_per_month: float
    usd_per_unit: float
    usd_per_run: float | None
    hours: float | None
    assumed: str = ""

    def to_dict(self) -> dict[str, Any]:
        """A JSON object."""
        return {**self._asdict(), "offer": self.offer.to_dict() if self.offer else None}


class Bill(NamedTuple):
    """Every way to pay for one kind of machine, the cheapest per unit first.

    `rate` is units/s of one machine in `job`, `kwh_per_unit` at the meter of the site; `break_even_hours`
    are hours a day from which each commitment, and owning, costs less than on demand (None: never).
    """

    workload: Workload
    job: Job
    gpu: str
    gpus: int
    machines: int
    use: Use
    rate: Interval
    basis: str
    ways: tuple[Way, ...]
    kwh_per_unit: float | None
    break_even_hours: Mapping[str, float | None]

    @property
    def units_per_month(self) -> float:
        """Work of all machines in a month."""
        return self.machines * self.rate.mid * HOUR * self.use.busy * self.use.hours

    def to_dict(self) -> dict[str, Any]:
        """A JSON object: USD, hours, kWh."""
        use = self.use._asdict()
        return {
            "workload": self.workload.id, "job": self.job.to_dict(), "unit": self.workload.unit,
            "gpu": self.gpu, "gpus": self.gpus, "machines": self.machines,
            "throughput": self.rate.to_dict(), "basis": self.basis,
            "use": {**use, "how": self.use.how._asdict() if self.use.how else None},
            "units_per_month": self.units_per_month, "ways": [way.to_dict() for way in self.ways],
            "kwh_per_unit": self.kwh_per_unit, "break_even_hours_per_day": dict(self.break_even_hours),
        }  # fmt: skip


def bill(
    job: Job, gpu: Gpu, gpus: int, use: Use, catalogue: Catalogue, *, today: date,
    target: Target | None = None, measured: Interval | None = None, usd_per_hour: float | None = None,
    pool: Sequence[Offer] | None = None,
) -> Bill:  # fmt: skip
    """The bill of a job on machines of `gpus` GPUs: as many as `target` takes, else one.

    `measured` is the user's own rate of a machine in place of the predicted one, `usd_per_hour` the price of
    one in place of the offers. Raises `Infeasible` where it does not fit, `UsageError` for a use that cannot
    be.
    """
    from whichgpu.workloads.workload import resolve

    known = use.checked()
    answer = _running(job, gpu, gpus, catalogue, today)
    rate = measured or answer[0]
    machines = needed(target.rate, rate.mid) if target else 1
    if target is not None:
        known = known._replace(busy=min(known.busy, target.rate / (machines * rate.mid)))
    every = in_parts(live.current() if pool is None else pool, (gpu,), catalogue)
    rows = _offers(gpu, gpus, usd_per_hour, today, every)
    made = _Made(gpu, gpus, machines, known, rate.mid * HOUR, today)
    # What nobody has read for a year is no cheapest way.
    ways = sorted((*made.rented(rows), *made.own()), key=lambda way: (_old(way, today), way.usd_per_unit))
    return Bill(
        workload=resolve(job.workload), job=answer[1].job, gpu=gpu.id, gpus=gpus, machines=machines,
        use=known, rate=rate,
        basis=STATED if measured else answer[1].basis, ways=tuple(ways),
        kwh_per_unit=_energy(gpu, answer[1], gpus, rate), break_even_hours=made.break_even(ways),
    )  # fmt: skip


def _old(way: Way, today: date) -> bool:
    """Whether a price is one of long ago; what a card cost at its launch is no such thing."""
    age = way.offer.age_days(today) if way.offer else None
    return age is not None and age >= store.STALE_DAYS


def _running(job: Job, gpu: Gpu, gpus: int, catalogue: Catalogue, today: date) -> tuple[Interval, Estimate]:
    """The rate of one machine in the configuration that `recommend` takes, and the estimate behind it."""
    from whichgpu.cost.infeasible import single
    from whichgpu.cost.job.placing import placed
    from whichgpu.planner.recommend import recommend
    from whichgpu.planner.request import Request

    stand_in = _stated(gpu, gpus, 1.0, today)
    found = recommend(Request(job=job, today=today, gpus=(gpu.id,)), catalogue, (stand_in,))
    if not found.candidates:
        single(placed(job, gpus, gpu), gpu)  # says what would fit
        raise Infeasible(found.rejected[0].why if found.rejected else found.infeasible)
    best = found.candidates[0]
    return best.throughput_per_instance, best.estimate


def _offers(
    gpu: Gpu, gpus: int, usd_per_hour: float | None, today: date, pool: Sequence[Offer]
) -> Sequence[Offer]:
    """What is offered of a GPU, or the one offer that is stated."""
    if usd_per_hour is not None:
        return (_stated(gpu, gpus, usd_per_hour, today),)
    return store.select(pool, gpus=[gpu.id])


def _stated(gpu: Gpu, gpus: int, usd_per_hour: float, today: date) -> Offer:
    """A machine on demand at a price that no provider lists."""
    return Offer(
        provider=STATED, instance="", gpu=gpu.id, gpu_spelling=gpu.id, candidates=(),
        gpu_count=float(gpus), vcpus=None, memory=None, kind="on_demand", usd_per_hour=usd_per_hour,
        usd_median=None, usd_max=None, region="", regions=0, suspect_regions=0, source="stated", locator="",
        as_of=today,
    )  # fmt: skip


def _energy(gpu: Gpu, answer: Estimate, gpus: int, rate: Interval) -> float | None:
    """KWh per unit at the meter: GPUs, their part of the servers, and the site."""
    power = gpu.value("power") if math.isnan(answer.power) else answer.power
    if not power:
        return None
    known = assumptions()
    watts = float(power) * gpus * (1 + known.host_power_share) * known.pue
    return watts / rate.mid / KWH


class _Made(NamedTuple):
    """What every way is worked out from: `each` is units per hour of one machine."""

    gpu: Gpu
    gpus: int
    machines: int
    use: Use
    each: float
    today: date

    def rented(self, rows: Sequence[Offer]) -> Iterator[Way]:
        """The best offer on each kind of terms; a commitment that nobody lists from its usual discount."""
        best = {kind: found for kind in _KINDS if (found := self.best(rows, kind)) is not None}
        for kind, offer in best.items():
            yield self.way(kind, offer, offer.usd_per_hour)
        for kind, (name, _) in COMMITTED.items():
            share, said, own = self.discount(name)
            # Who sells cheap on demand gives no such discount: what is assumed was read of hyperscalers.
            of = rows if own else [row for row in rows if row.provider == STATED or _large(row)]
            cheapest = None if kind in best else self.best(of, "on_demand")
            if cheapest is not None:
                yield self.way(kind, cheapest, cheapest.usd_per_hour * (1 - share), said)

    def best(self, rows: Sequence[Offer], kind: str) -> Offer | None:
        """The best offer of a kind with so many GPUs, or the fewest more; a stated discount is no listing.

        Data that leave or are kept count with the machines: who charges nothing for them may be the cheaper.
        """
        if kind in COMMITTED and COMMITTED[kind][0] in (self.use.discounts or {}):
            return None
        fitting = [row for row in rows if row.kind == kind and row.gpu_count >= self.gpus]
        least = min((row.gpu_count for row in fitting), default=0.0)
        found = store.best_first(
            (row for row in fitting if row.gpu_count == least), self.today,
            cost=lambda row: self.way(kind, row, row.usd_per_hour).usd_per_month,
        )  # fmt: skip
        return found[0] if found else None

    def discount(self, name: str) -> tuple[float, str, bool]:
        """The share off for a commitment, who says so, and whether it is the user, of whatever is offered."""
        stated = (self.use.discounts or {}).get(name)
        if stated is not None:
            return stated, f"{stated:.0%} off on demand, as stated", True
        fact = discount_facts()[name]
        own = fact.kind == "user"
        return float(fact.value), f"{fact.text} off on demand, {'yours' if own else 'assumed'}", own

    def way(self, kind: str, offer: Offer, price: float, assumed: str = "") -> Way:
        """One way to rent: `price` in USD/h of one machine while it is billed."""
        use, stretch = self.use, 1.0
        hours = use.hours
        if kind == "spot":
            stretch = spot.expected(offer, 1.0, use.how or spot.habits()).hours
            hours *= stretch
        elif kind in COMMITTED or kind == "reserved":
            hours = HOURS_PER_MONTH
        elif kind == "serverless":
            hours *= use.busy
        data = _data(offer.provider, use)
        month = price * hours * self.machines + data
        return self.filled(kind, offer, price, month, data=data, stretch=stretch, assumed=assumed)

    def own(self) -> Iterator[Way]:
        """Owning, where a price and a power are known."""
        fixed = self.fixed()
        power = self.gpu.value("power")
        if fixed is None or not power:
            return
        known, price = assumptions(), purchase_price(self.gpu.id)
        kilowatts = float(power) / 1000 * known.load * (1 + known.host_power_share) * known.pue * self.gpus
        running = kilowatts * known.electricity
        hours = self.use.hours * self.use.busy
        month = (fixed + running * hours) * self.machines
        each = "a GPU" if ":" not in self.gpu.id else "a part"
        said = f"bought at {price.usd:,.0f} USD {each} ({price.told})" if price else ""
        yield self.filled("own", None, month / self.machines / self.use.hours, month, assumed=said)

    def fixed(self) -> float | None:
        """USD a month that an own machine loses in value, with its part of the server; None if unknown."""
        price, known = purchase_price(self.gpu.id), assumptions()
        if price is None:
            return None
        host = 0.0 if price.includes_host else known.host_price_share
        months = known.years_in_service / HOUR / HOURS_PER_MONTH
        return price.usd * (1 + host - known.resale) / months * self.gpus

    def filled(
        self, kind: str, offer: Offer | None, price: float, month: float, *, data: float = 0.0,
        stretch: float = 1.0, assumed: str = "",
    ) -> Way:  # fmt: skip
        """A way with what follows from its month."""
        units = self.machines * self.each * self.use.busy * self.use.hours
        run = self.use.amount
        return Way(
            kind=kind, offer=offer, usd_per_hour=price * self.machines, usd_per_month=month,
            data_per_month=data, usd_per_unit=month / units,
            usd_per_run=None if run is None else run * month / units,
            hours=None if run is None else run / (self.each * self.machines * self.use.busy) * stretch,
            assumed=assumed,
        )  # fmt: skip

    def break_even(self, ways: Sequence[Way]) -> dict[str, float | None]:
        """Hours a day from which a commitment, or owning, costs less a month than renting on demand."""
        by_kind = {way.kind: way for way in ways}
        if "on_demand" not in by_kind:
            return {}
        price = by_kind["on_demand"].usd_per_hour / self.machines
        found = {
            kind: by_kind[kind].usd_per_hour / self.machines / price * 24.0
            for kind in (*COMMITTED, "reserved") if kind in by_kind
        }  # fmt: skip
        fixed = self.fixed()
        if "own" in by_kind and fixed is not None:
            running = (by_kind["own"].usd_per_month / self.machines - fixed) / self.use.hours
            found["own"] = fixed / max(price - running, 1e-12) / DAYS_PER_MONTH
        return {kind: hours if hours <= 24.0 else None for kind, hours in found.items()}


def _large(offer: Offer) -> bool:
    """Whether a hyperscaler sells it."""
    return class_of(offer.provider).id == "hyperscaler"


def _data(provider: str, use: Use) -> float:
    """USD a month of storage and egress at a provider."""
    return sum(
        amount * float(facts.get(provider, facts["other"]).value)
        for amount, facts in (
            (use.egress, open_facts("egress", "data price")),
            (use.storage, open_facts("storage", "data price")),
        )
    )
