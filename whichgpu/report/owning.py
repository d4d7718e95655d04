"""Rent or buy, and spot against on demand, as reports."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from whichgpu import prices
from whichgpu.prices.offers import DERIVED
from whichgpu.prices.purchase import NOT_OF_NOW, current, purchases
from whichgpu.prices.spot import derived, expected, spot_facts
from whichgpu.report.chart import Bar, Bars, Group
from whichgpu.report.prices import read_on, usd
from whichgpu.report.table import Column, Report, Table
from whichgpu.units import DAYS_PER_MONTH, MINUTE, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.cost.carbon import Grid
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.prices import Offer
    from whichgpu.prices.breakeven import Choice
    from whichgpu.prices.spot import Band, Expected, Habits

#: The offers that are shown of a kind.
_MOST = 8


def own_report(found: Choice, grid: Grid, gpus: int = 1) -> Report:
    """When buying has paid: in words, month by month as a chart, what was assumed, and the carbon.

    `gpus` is how many of it the month is of.
    """
    site = found.kwh + found.kwh_of_site
    emitted = {"grid": grid.to_dict(), "kwh_per_hour": site, "g_per_hour": site * grid.grams_per_kwh}
    carbon = (
        f"An hour of use takes {found.kwh:.2f} kWh and {found.kwh_of_site:.2f} for cooling and the rest of "
        f"the site: {site * grid.grams_per_kwh:,.0f} g CO2e ({grid})."
    )
    said = " ".join(_own_sentences(found))
    month = _month(found, gpus)
    document = {**found.to_dict(), "parts": dict(_parts(found)), "month": month, "carbon": emitted}
    return Report(document, (said, _hour(found), _month_table(month, found), *_course(found), carbon))


def _month(found: Choice, gpus: int) -> dict[str, float]:
    """Of so many in a month: hours of use, kWh at the socket with cooling, USD of these, and of all."""
    hours = found.hours_per_day * DAYS_PER_MONTH
    kwh = (found.kwh + found.kwh_of_site) * hours * gpus
    return {
        "gpus": gpus, "hours": hours, "kwh": kwh,
        "kwh_of_site": found.kwh_of_site * hours * gpus,
        "usd_of_electricity": kwh * found.assumed.electricity,
        "usd": found.own * hours * gpus,
    }  # fmt: skip


def _month_table(month: Mapping[str, float], found: Choice) -> Table:
    """A month of use of so many of them: what they draw, and what that and all of it costs."""
    rows = [
        ("hours of use of each", f"{month['hours']:,.0f}", ""),
        ("electricity", f"{month['kwh']:,.0f} kWh", usd(month["usd_of_electricity"])),
        ("of it cooling and the rest of the site", f"{month['kwh_of_site']:,.0f} kWh",
         usd(month["kwh_of_site"] * found.assumed.electricity)),
        ("own, in all", "", usd(month["usd"])),
    ]  # fmt: skip
    if found.rent is not None:
        rows.append(("rented", "", usd(found.rent * month["hours"] * month["gpus"])))
    heads = ["What", ">So much", ">USD"]
    return Table.of(
        f"A month of {month['gpus']:g} x {found.gpu}, {found.hours_per_day:g} hours a day", heads, rows
    )


def _course(found: Choice) -> tuple[Table | Bars, ...]:
    """What is spent month by month, own and, where it can be had, rented: as a table and a chart."""
    use = f"{found.gpu}, {found.hours_per_day:g} hours a day"
    course = [(month, rent, own) for month, rent, own in found.course if rent is not None]
    if not course:
        spent = [(f"{month:g}", usd(own)) for month, _, own in found.course]
        return (Table.of(use, [">Months", ">USD, own"], spent, _assumed(found)),)
    highest = max(max(rent, own) for _, rent, own in course)
    paid = [at for at, (month, rent, own) in enumerate(course) if own <= rent][:1]
    rows = [
        (f"{month:g}", usd(rent), usd(own), usd(abs(rent - own)), "own" if own <= rent else "rented")
        for month, rent, own in course
    ]
    columns = [">Months", ">USD, rented", ">USD, own", ">Difference", "Less so far"]
    table = Table.of(use, columns, rows, _assumed(found), strong=paid)
    chart = Bars(
        f"USD spent so far, {use}",
        tuple(Group(f"month {month:g}", (_bar("rented", rent), _bar("own", own)), highest)
              for month, rent, own in course),
        ("rented", "own"),
        "All bars are on one scale; the own one is paid off where its bar is no longer than the other.",
    )  # fmt: skip
    return table, chart


def _parts(found: Choice) -> Iterator[tuple[str, float]]:
    """USD of an hour of use by part: what it loses in value, its server, electricity, cooling."""
    hours = found.service * DAYS_PER_MONTH * found.hours_per_day
    price = found.gpu_price
    yield "depreciation", (price - found.resale) / hours
    yield "host", (found.buy - price) / hours
    yield "electricity", found.kwh * found.assumed.electricity
    yield "cooling_and_site", found.kwh_of_site * found.assumed.electricity


def _hour(found: Choice) -> Table:
    """An hour of use, own and rented."""
    names = {
        "depreciation": f"the GPU, {usd(found.gpu_price)} USD less {usd(found.resale)} at the end",
        "host": f"its part of the server, {usd(found.buy - found.gpu_price)} USD",
        "electricity": f"electricity, {found.kwh:.2f} kWh",
        "cooling_and_site": f"cooling and the rest of the site, {found.kwh_of_site:.2f} kWh",
    }
    rows = [(names[name], f"{value:.3f}") for name, value in _parts(found)]
    parts = len(rows)
    rows.append(("own, in all", f"{found.own:.3f}"))
    if found.rent is not None:
        rows.append(("rented", f"{found.rent:.3f}"))
    return Table.of("An hour of use", ["What", ">USD"], rows, strong=range(parts, len(rows)))


def _bar(series: str, value: float) -> Bar:
    return Bar(series, value, value, value, f"{usd(value)} USD")


def _own_sentences(found: Choice) -> Iterator[str]:
    whose = f"at {found.offer.provider}, {read_on(found.offer)}" if found.offer else "as stated"
    own = f"An own {found.gpu} costs {usd(found.own)} USD per hour of use over {found.service / 12:.3g} years"
    if found.rent is None:
        yield f"{own}. No price on demand is on file to set against it; --rent '1.20 USD/h' states one."
        return
    yield f"{own}, a rented one {usd(found.rent)} ({whose})."
    if found.hours is None:
        yield "Its running cost alone is more than the rent, so that buying never pays."
        return
    late = ", beyond its years in service" if (found.months or 0.0) > found.service else ""
    yield (
        f"The rent has paid for it after {found.hours:,.0f} hours of use, {found.months:,.0f} months at "
        f"{found.hours_per_day:g} hours a day{late}, were it worth nothing then."
    )
    if found.least_hours_per_day is None:
        yield "No day has enough hours for buying to pay within its years in service."
    else:
        yield f"With what it sells for, buying pays from {found.least_hours_per_day:.2g} hours a day on."


def _assumed(found: Choice) -> Iterator[str]:
    given = found.assumed
    yield (
        f"Price {usd(found.buy)} USD with its part of the server ({found.price_of}), {usd(found.resale)} "
        f"back at the end; electricity {given.electricity:g} USD/kWh, PUE {given.pue:g}, load "
        f"{given.load:.0%}: "
        f"{usd(found.running)} USD per hour. Without space, staff, network and interest."
    )
    if found.price_of.startswith("launch") and not current(purchases().get(found.gpu, ()), date.today()):
        yield f"The price is of years ago, and {NOT_OF_NOW}: --price states it."


def spot_report(
    gpu: Gpu, gpus: int, work: float, how: Habits, *, today: date, stated: Band | None = None,
    instance: str = "",
) -> Report:  # fmt: skip
    """What a job of `work` hours costs on each spot offer, with interruptions, and on demand."""
    rows = [row for row in prices.offers(gpus=[gpu.id])
            if row.gpu_count == gpus and instance.lower() in ("", row.instance.lower())]  # fmt: skip
    what = instance or f"{gpus} x {gpu.id}"
    spot = prices.best_first((row for row in rows if row.kind == "spot"), today)
    steady = prices.best_first((row for row in rows if row.kind == "on_demand"), today)
    found = [
        *sorted((expected(row, work, how, stated) for row in spot), key=lambda each: each.usd),
        *sorted(
            (expected(row, work, how, stated) for row in derived(steady, spot)), key=lambda each: each.usd
        ),
    ]
    document = {
        "gpu": gpu.id, "gpus": gpus, "hours": work, "habits": how._asdict(),
        "spot": [_spot_entry(each) for each in found],
        "on_demand": [{"offer": row.to_dict(), "usd": row.usd_per_hour * work} for row in steady],
    }  # fmt: skip
    if not found:
        complaint = f"no spot offer of {what} is stored; see: whichgpu prices {gpu.id} --term spot"
        return Report(document, (), exit_code=4, complaint=complaint)
    table = Table.of(
        f"{what} on spot, {work:g} hours of work",
        ["Provider", "Instance", ">USD/h", "Taken back in a month", ">Hours", ">Interruptions", ">USD",
         "Best interval", Column("Price read"), Column("Source", optional=True)],
        (_spot_row(each) for each in found[:_MOST]),
        (*_spot_notes(found[0], how), *_derivations(found[:_MOST])),
    )  # fmt: skip
    return Report(document, (_against(found[0], steady, work), table))


def _spot_entry(found: Expected) -> dict[str, object]:
    return {**found._asdict(), "offer": found.offer.to_dict(), "band": found.band._asdict()}


def _spot_row(found: Expected) -> tuple[str | None, ...]:
    band, offer = found.band, found.offer
    share = f"{band.low:.0%} to {band.high:.0%}" if band.high > band.low else f"{band.low:.0%}"
    share = f"every {number(band.stated)} h" if band.stated else share
    return (
        offer.provider, offer.instance, usd(offer.usd_per_hour), f"{share} ({band.as_of or band.source})",
        f"{found.hours:,.1f}", f"{found.interruptions:.2f}", usd(found.usd),
        f"{found.best_interval / MINUTE:,.0f} min",
        "derived" if offer.derived else str(offer.as_of or "undated"), offer.source,
    )  # fmt: skip


def _against(best: Expected, steady: tuple[Offer, ...], work: float) -> str:
    """The best spot offer against the best on demand, in words."""
    text = (
        f"On spot {usd(best.usd)} USD and {best.hours:,.1f} hours in the mean ({best.offer.provider} "
        f"{best.offer.instance}, {best.interruptions:.2f} interruptions"
        f"{f'; the price is {DERIVED}' if best.offer.derived else ''})"
    )
    if not steady:
        return f"{text}; no offer on demand to hold it against."
    whole = steady[0].usd_per_hour * work
    change = 1 - best.usd / whole
    says = f"{change:.0%} less" if change > 0 else f"{-change:.0%} more"
    return (
        f"{text}: {says} than {usd(whole)} USD on demand ({steady[0].provider} {steady[0].instance}, "
        f"{read_on(steady[0])})."
    )


def _derivations(found: Sequence[Expected]) -> Iterator[str]:
    """How the prices that are no one's offer come about; three are told."""
    for one in [one.offer for one in found if one.offer.derived][:3]:
        yield f"{one.instance}: {one.note}."


def _spot_notes(best: Expected, how: Habits) -> Iterator[str]:
    yield (
        f"A checkpoint every {how.every / MINUTE:g} min takes {how.takes / MINUTE:g} min, a new start "
        f"{how.restart / MINUTE:g} min; expected time by Daly (2006)."
    )
    if best.band.source == "assumed":
        share = spot_facts()["monthly_interruption"]
        who = best.offer.provider
        yield f"How often {who} takes machines back is not known: {share.text} a month is assumed."
