"""A bill as a report: every way to pay side by side, when each is the cheaper, energy and carbon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.planner.bill import STATED
from whichgpu.planner.words import handy, money, plural
from whichgpu.report.prices import read_on, usd
from whichgpu.report.stages import sizes
from whichgpu.report.table import Column, Report, Table
from whichgpu.units import HOUR, number, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.cost.carbon import Grid
    from whichgpu.planner.bill import Bill, Way

_NAMES = {
    "on_demand": "on demand", "committed_1y": "1 year committed", "committed_3y": "3 years committed",
}  # fmt: skip


def report(found: Bill, grid: Grid) -> Report:
    """The bill; exit status 4 where nobody offers such a machine and no price of it is known."""
    document = {**found.to_dict(), "carbon": _carbon(found, grid)}
    if not found.ways:
        complaint = f"no price of {found.gpus} x {found.gpu} is stored; see: whichgpu prices {found.gpu}"
        return Report(
            document, (f"No price of {found.gpus} x {found.gpu}.",), exit_code=4, complaint=complaint
        )
    return Report(document, (" ".join(_sentences(found)), _table(found), " ".join(_notes(found, grid))))


def _carbon(found: Bill, grid: Grid) -> dict[str, object] | None:
    if found.kwh_per_unit is None:
        return None
    kwh, run = found.kwh_per_unit, found.use.amount
    month = kwh * found.units_per_month
    return {
        "grid": grid.to_dict(), "kwh_per_month": month, "kg_per_month": month * grid.grams_per_kwh / 1e3,
        "kwh_per_unit": kwh, "g_per_unit": kwh * grid.grams_per_kwh,
        "kwh_per_run": None if run is None else run * kwh,
        "kg_per_run": None if run is None else run * kwh * grid.grams_per_kwh / 1e3,
    }  # fmt: skip


def _sentences(found: Bill) -> Iterator[str]:
    # A discount that is only assumed is no price that anybody asks.
    best = next((way for way in found.ways if not way.assumed.endswith("assumed")), found.ways[0])
    unit = found.workload.unit
    machine = f"{plural(found.machines, 'machine')} of {found.gpus} x {found.gpu}"
    how = f"{found.job.runtime}, {found.job.precision}"
    basis = found.basis if found.basis == STATED else f"{how}, {sizes(found.job)}; {found.basis}"
    yield (
        f"{machine}, {number(found.rate.mid, 3)} {unit}/s each ({basis}), "
        f"{found.use.hours_per_day:g} hours a day at work {found.use.busy:.0%} of them: "
        f"{number(found.units_per_month, 3)} {unit} a month."
    )
    count, noun = handy(unit, best.usd_per_unit)
    yield (
        f"The cheapest way is {_name(best)}{_where(best)}: {usd(best.usd_per_month)} USD a month, "
        f"{money(best.usd_per_unit * count)} per {noun}."
    )
    if best is not found.ways[0]:
        less = found.ways[0]
        share = less.assumed.partition(" off")[0]
        yield (
            f"At the discount that is assumed here ({share}, --discount states yours) "
            f"{_name(less)}{_where(less)} would come to {usd(less.usd_per_month)} USD."
        )


def _name(way: Way) -> str:
    return _NAMES.get(way.kind, way.kind.replace("_", " "))


def _where(way: Way) -> str:
    if way.offer is None:
        return ""
    return f", {way.offer.provider}" if way.offer.source == "stated" else f" at {way.offer.provider}"


def _table(found: Bill) -> Table:
    count, noun = handy(found.workload.unit, found.ways[0].usd_per_unit)
    run = found.use.amount is not None
    columns = [
        Column("Terms"), Column("From"), Column("USD/h", "right"), Column("USD/month", "right"),
        Column(f"USD per {noun}", "right"),
        *([Column("USD per run", "right"), Column("Time of a run", "right")] if run else []),
        Column("Price read, or assumed"),
    ]  # fmt: skip
    rows = [
        (
            _name(way), f"{way.offer.provider} {way.offer.instance}" if way.offer else "own",
            _hourly(way), usd(way.usd_per_month), money(way.usd_per_unit * count).removesuffix(" USD"),
            *((usd(way.usd_per_run), show((way.hours or 0.0) * HOUR, "time", 3)) if run else ()),
            "; ".join(filter(None, (way.assumed, read_on(way.offer) if way.offer else ""))),
        )
        for way in found.ways
    ]  # fmt: skip
    return Table.of(f"What {found.workload.name} costs on {found.gpu}", columns, rows)


def _hourly(way: Way) -> str | None:
    """USD per hour; of what is billed by the second, that too."""
    each = f" ({way.usd_per_hour / HOUR:.5f}/s)" if way.kind == "serverless" else ""
    return f"{usd(way.usd_per_hour)}{each}"


def _notes(found: Bill, grid: Grid) -> Iterator[str]:
    names = {
        "own": "Owning",
        **{kind: name.capitalize() for kind, name in _NAMES.items()},
        "reserved": "Reserved",
    }
    for kind, hours in found.break_even_hours.items():
        says = f"from {hours:.1f} hours a day on" if hours is not None else "at no length of a day"
        yield f"{names.get(kind, kind)} costs less than on demand {says}."
    data = [f"{usd(way.data_per_month)} USD{_where(way)}" for way in found.ways if way.data_per_month > 0]
    if data:
        yield f"Storage and egress are in the months: {', '.join(dict.fromkeys(data))}."
    yield "A commitment is paid for its whole term; spot counts work lost to interruptions."
    carbon = _carbon(found, grid)
    if carbon is not None:
        kwh, kg = carbon["kwh_per_month"], carbon["kg_per_month"]
        yield (
            f"Electricity at the meter (GPUs, their part of the servers, the site's overhead): {kwh:,.0f} "
            f"kWh and {kg:,.0f} kg CO2e a month ({grid})."
        )
