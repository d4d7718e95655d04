"""What it costs: offers, the bill of a job, owning, spot capacity, a quote."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from whichgpu.errors import UsageError
from whichgpu.web import asks
from whichgpu.web.answers.base import job, known, part, sized

if TYPE_CHECKING:
    from whichgpu.report.prices import Rent
    from whichgpu.report.table import Report


def prices(name: str | None, ask: asks.Prices) -> Report:
    """The answer of `whichgpu prices`, of all GPUs or of one."""
    from whichgpu import prices as stored
    from whichgpu.hardware.names import resolve
    from whichgpu.report.prices import gpu_report, overview

    chosen = None if name is None else resolve(name, known())
    rows = stored.offers(
        gpus=[chosen.id] if chosen else None, kinds=stored.term_kinds(ask.term),
        providers=ask.provider or None, quarantined=True, ambiguous=True,
    )  # fmt: skip
    if chosen is not None:
        return gpu_report(chosen, rows, date.today(), ask.limit, rent=_rent(ask))
    made = overview(known(), rows, date.today(), None)
    return part(made, ask, "gpus")


def _rent(ask: asks.Prices) -> Rent | None:
    """So many GPUs for so long, where it is asked; a number without a time is refused."""
    from whichgpu.report.prices import Rent

    if not isinstance(ask, asks.PricesOf) or (ask.hours is None and ask.gpus is None):
        return None
    if ask.hours is None:
        raise UsageError(f"gpus={ask.gpus} for how long? add e.g. hours=72")
    return Rent(ask.hours, ask.gpus or 1)


def price_history(name: str) -> Report:
    """The answer of `whichgpu prices --history`."""
    from whichgpu.hardware.names import resolve
    from whichgpu.prices import bundled, live
    from whichgpu.report.price_store import history_report

    return history_report(resolve(name, known()), live.history(), bundled(), date.today())


def cost(ask: asks.Cost) -> Report:
    """The answer of `whichgpu prices cost`."""
    from whichgpu.cost import carbon
    from whichgpu.planner.bill_asked import Typed, asked_bill
    from whichgpu.report.bill import report

    where = carbon.grid(ask.grid)
    typed = Typed(ask.target, ask.throughput, ask.price, ask.hours_per_day, ask.busy, ask.discount,
                  ask.egress, ask.storage, ask.checkpoint)  # fmt: skip
    found = asked_bill(job(ask, ask.workload), ask.gpu, typed, known(), date.today(), size=sized(ask))
    return report(found, where)


def own(ask: asks.Own) -> Report:
    """The answer of `whichgpu prices own`: rent or buy."""
    from whichgpu.cost import carbon
    from whichgpu.hardware.names import resolve
    from whichgpu.prices.breakeven import rent_or_buy, stated
    from whichgpu.report.owning import own_report
    from whichgpu.units import parse

    given = stated(
        ask.hours_per_day, electricity=ask.electricity, pue=ask.pue, years_in_service=ask.years,
        resale=ask.resale, host_price_share=ask.host, cooling=ask.cooling, load=ask.load,
    )  # fmt: skip
    found = rent_or_buy(
        resolve(ask.gpu, known()), ask.hours_per_day, given, date.today(),
        usd=parse(ask.price, "money") if ask.price else None,
        rent=parse(ask.rent, "price") if ask.rent else None,
    )  # fmt: skip
    return own_report(found, carbon.grid(ask.grid), ask.gpus)


def spot(ask: asks.Spot) -> Report:
    """The answer of `whichgpu prices spot`."""
    from whichgpu.hardware.names import resolve
    from whichgpu.prices.spot import read_band, read_habits
    from whichgpu.report.owning import spot_report

    how = read_habits(ask.checkpoint, ask.saving, ask.restart)
    stated = read_band(ask.interruption) if ask.interruption else None
    return spot_report(resolve(ask.gpu, known()), ask.gpus, ask.hours, how, today=date.today(), stated=stated)


def judge(ask: asks.Judge) -> Report:
    """The answer of `whichgpu prices judge`."""
    from whichgpu.prices.judge import judge_text
    from whichgpu.report.price_store import judgement_report

    return judgement_report(judge_text(ask.quote, known(), date.today()))
