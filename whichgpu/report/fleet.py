"""Fleets of replicas as a report: the answer, the table, prices, the first more closely, why and why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.planner.words import money, plural
from whichgpu.report.prediction import to_measure
from whichgpu.report.recommendation import (
    READ,
    hosted_said,
    machine_said,
    named_out,
    not_chosen,
    others,
    price_read,
    price_told,
    rejected_table,
)
from whichgpu.report.table import Bullets, Column, Heading, Report, Table
from whichgpu.units import number, show

if TYPE_CHECKING:
    from whichgpu.planner.fleets.answer import Fleet, Fleets
    from whichgpu.report.table import Block

_INFEASIBLE = 3


def report(answer: Fleets, *, why_not: bool) -> Report:
    """The report of `recommend --slo`; what nothing holds exits 3 with its reason."""
    if answer.infeasible:
        blocks: tuple[Block, ...] = (rejected_table(answer.rejected),) if why_not else ()
        return Report(answer.to_dict(), blocks, exit_code=_INFEASIBLE, complaint=answer.infeasible)
    shown = answer.fleets
    command = _command(shown[0])
    asked = hosted_said(answer.hosted)
    first = (
        f"{answer.headline}.", Bullets(_said(answer)), _table(answer, shown), _first(answer),
        *machine_said(answer.machine), *(asked if answer.request.api_price is not None else ()),
        Heading("Assumed"), Bullets(_assumed(answer)), to_measure(*command),
    )  # fmt: skip
    rest = (
        *others(shown), _prices(answer, shown), *(asked if answer.request.api_price is None else ()),
        *not_chosen(answer.rejected, why_not=why_not),
    )  # fmt: skip
    document = {**answer.to_dict(), "measure": {"command": command[0], "source": command[1]}}
    return Report(document, (*first, *rest), first=0 if why_not else len(first))


def _said(answer: Fleets) -> tuple[str, ...]:
    """Of the first: why it is, how much of it the load takes, and whose price it has."""
    first = answer.fleets[0]
    safe = "none would do" if first.at.safe is None else f"it takes {plural(first.at.safe, 'instance')}"
    return (
        f"{first.gpu} {first.why}.",
        f"Load: {first.at.utilisation:.0%} of what it serves at most; where every time is at the upper end "
        f"of its 90 % interval, {safe} (basis: {first.at.basis}).",
        f"Price: {price_told(first.choice.offer, answer.request)}.",
        *((f"{answer.narrower.text}.",) if answer.narrower else ()),
        *(f"{line}." for line in (*answer.warnings, *named_out(answer.request, answer.rejected))),
    )


def _command(first: Fleet) -> tuple[str, str]:
    """What measures a replica of the first at its load."""
    from dataclasses import replace

    from whichgpu.cost.job.asked import read
    from whichgpu.cost.serving.measuring import how_to_measure

    options = {**first.job.options, "request_rate": f"{first.at.rate:.4g}"}
    return how_to_measure(replace(first.job, options=options), read(first.job).runtime.id, first.gpu)


def _table(answer: Fleets, shown: tuple[Fleet, ...]) -> Table:
    columns = (
        ">#", "GPU", *(("Precision",) if answer.request.precisions else ()), ">Replicas",
        Column("Split", optional=True), ">GPUs", ">USD/h", ">USD/M in",
        ">USD/M out", ">TTFT", ">TPOT", ">In use", Column("Most each", "right", True),
        Column("Bound by", optional=True), Column("Latency", "right", True),
        Column("TTFT p90", "right", True), Column("TPOT p90", "right", True), Column("Power", "right", True),
    )  # fmt: skip
    rows = [
        (str(rank), one.gpu, *((one.job.precision,) if answer.request.precisions else ()),
         f"{one.choice.replicas:,}", one.split, f"{one.gpus:,}",
         f"{one.choice.usd_per_hour:,.2f}", *(_usd(each) for each in (one.usd_input, one.usd_output)),
         _time(one, "ttft"), _time(one, "tpot"), f"{one.at.utilisation:.0%}", number(one.choice.most, 3),
         str(one.at.binding or "its capacity"), _time(one, "latency"), _time(one, "ttft", "p90"),
         _time(one, "tpot", "p90"), show(one.watts, "power", 2))
        for rank, one in enumerate(shown, 1)
    ]  # fmt: skip
    notes = (
        "In use: requests over what the replicas serve at most, objectives apart. Most each: requests/s of a "
        "replica within the objectives, and which of them binds.",
    )
    return Table.of("Fleets", columns, rows, notes=notes, strong=(0,))


def _usd(value: float) -> str:
    return money(value).removesuffix(" USD")


def _time(one: Fleet, metric: str, how: str = "mean") -> str:
    return show(one.at.times[metric][how], "time", 3)


def _prices(answer: Fleets, shown: tuple[Fleet, ...]) -> Table:
    columns = (
        ">#",
        "Provider",
        "Instance",
        ">Instances",
        ">GPUs each",
        ">USD/h each",
        Column("Region", optional=True),
        *READ,
        Column("Source", optional=True),
    )
    rows = [
        (str(rank), one.choice.offer.provider, one.choice.offer.instance, f"{one.choice.instances:,}",
         f"{one.choice.offer.gpu_count:g}", f"{one.choice.offer.usd_per_hour:,.3f}",
         one.choice.offer.region or None, *price_read(one.choice.offer, answer.request),
         one.choice.offer.source)
        for rank, one in enumerate(shown, 1)
    ]  # fmt: skip
    return Table.of("Prices", columns, rows)


def _first(answer: Fleets) -> Table:
    """The first fleet under its load: the model's means, simulated percentiles, and what is asked."""
    first = answer.fleets[0]
    rows = []
    for metric in ("ttft", "tpot", "latency"):
        values, tails = first.at.times[metric], first.tails
        asked = "; ".join(str(one) for one in answer.terms if one.metric == metric)
        percentiles = (
            show(values[how] if tails is None else tails.of(metric, how), "time", 3)
            for how in ("p50", "p90", "p99")
        )
        told = (show(values[end], "time", 3) for end in ("low", "high"))
        rows.append((metric, show(values["mean"], "time", 3), " to ".join(told), *percentiles, asked or None))
    count = "" if first.tails is None else f" of {first.tails.requests:,} simulated requests"
    each = "" if first.choice.replicas == 1 else f" for each of {first.choice.replicas} replicas"
    return Table.of(
        f"{first.gpu}, {number(first.at.rate, 3)} requests/s{each}",
        ("", ">Mean", ">90 % interval", ">p50", ">p90", ">p99", "Asked"), rows,
        notes=(f"Means are the model's, percentiles{count or ' too'}; docs/serving.md defines each.",),
    )  # fmt: skip


def _assumed(answer: Fleets) -> tuple[str, ...]:
    load = answer.load
    said = list(answer.assumptions)
    if not load.stated:
        said.append("one instance at the most that it holds: state --rate or --users for a fleet")
    elif load.users is not None and not load.pause:
        said.append("users send the next request as soon as they have the answer (--pause)")
    return ("; ".join(said) + ".", "Intervals are meant to hold 9 times in 10.")
