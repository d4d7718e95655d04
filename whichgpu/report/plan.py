"""A plan as a report: the fleet, its cost by hour, what binds, the next best, why not others, and what if."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.planner.plan.rates import clock
from whichgpu.planner.words import by_month, cents, money
from whichgpu.report.chart import Bar, Bars, Chart, Group, Panel, Point, axis, letters
from whichgpu.report.table import Bullets, Column, Heading, Report, Table
from whichgpu.units import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.planner.plan.answer import Plan
    from whichgpu.planner.plan.columns import Rejection
    from whichgpu.planner.plan.pareto import Fronts
    from whichgpu.planner.plan.pareto import Point as Trade
    from whichgpu.planner.plan.whatif import WhatIf
    from whichgpu.report.table import Block

_INFEASIBLE = 3
_OF_HOURS = "Hours like the one before are left out; starts are paid in the hour that they are for."
#: Rows of what was left out without --why-not, hours of a chart.
_FEW, _HOURS = 8, 24


def report(
    plan: Plan, what_ifs: Sequence[WhatIf], together: WhatIf | None, fronts: Fronts | None, *, why_not: bool
) -> Report:
    """The report of `plan`; where there is no fleet it exits 3 with the constraints at odds."""
    document: dict[str, Any] = {
        **plan.to_dict(), "what_if": [one.to_dict() for one in what_ifs],
        "what_if_together": None if together is None else together.to_dict(),
        "pareto": None if fronts is None else fronts.to_dict(), "seconds": plan.seconds,
        "solve_seconds": plan.solve_seconds,
    }  # fmt: skip
    if not plan.feasible:
        blocks = tuple(_conflict(plan)) + ((_rejected(plan.why_not, len(plan.why_not)),) if why_not else ())
        return Report(document, blocks, exit_code=_INFEASIBLE, complaint=plan.headline)
    changed = (*what_ifs, *([] if together is None else [together]))
    first, rest = tuple(_answered(plan, changed, fronts)), tuple(_told(plan, why_not=why_not))
    return Report(document, (*first, *rest), first=0 if why_not else len(first))


def _conflict(plan: Plan) -> Iterator[Block]:
    if plan.conflict is None:
        return
    yield Heading("Cannot hold together")
    yield Bullets(plan.conflict.rules)
    if plan.conflict.relaxations:
        yield Heading("What would do")
        rows = [(one.text, f"{one.usd_per_hour:,.2f}", "yes" if one.demands_kept else "no")
                for one in plan.conflict.relaxations]  # fmt: skip
        yield Table.of(
            "Ways out, one at a time", ("Change", ">USD/h", "All demands as asked"), rows, strong=(0,)
        )


def _answered(plan: Plan, what_ifs: Sequence[WhatIf], fronts: Fronts | None) -> Iterator[Block]:
    """The fleet, what else was asked about it, what binds it, and the next best."""
    yield f"{plan.headline}."
    yield _fleet(plan)
    for one in what_ifs:
        yield Heading(f"What if: {one.text}")
        yield Bullets(tuple(f"{text}." for text in one.changes))
    yield from _fronts(fronts)
    yield Heading("What binds")
    yield _constraints(plan)
    yield Bullets(tuple(f"{one.text}." for one in plan.prices) or ("nothing was asked about.",))
    yield Heading("The next best")
    if plan.rival is None:
        yield "Without any one of its types no other fleet was found."
    else:
        other = plan.rival
        yield f"Without {other.without}: {other.fleet}, {other.usd_per_hour:,.2f} USD/h; it {other.why}."
    if plan.warnings:
        yield Heading("Mind")
        yield Bullets(tuple(f"{text}." for text in plan.warnings))


def _told(plan: Plan, *, why_not: bool) -> Iterator[Block]:
    """The fleet hour by hour, how it is scaled, what commitments save, and what was left out."""
    if plan.built.program.hours.size > 1:
        hours = _by_hour(plan)
        yield hours
        # A bar for each hour shows nothing where all are alike.
        if len(hours.rows) > 1:
            yield _hours_chart(plan)
    yield _use_chart(plan)
    if plan.scaling:
        yield _scaling(plan)
    if plan.savings:
        yield Heading("Commitments")
        yield Bullets(tuple(f"{one}." for one in plan.savings))
    if not plan.why_not:
        return
    yield Heading("Not chosen")
    yield _rejected(plan.why_not, len(plan.why_not) if why_not else _FEW)


def _fleet(plan: Plan) -> Table:
    columns = (
        ">Instances", "What", Column("GPUs each", "right", True), ">USD/h each", ">USD/h", ">In use", "For",
        Column("Price", "left", True), Column("Price read", "left", True),
    )  # fmt: skip
    rows = [
        (_span(one.by_hour), one.supply.name, f"{one.supply.gpu_count * one.supply.nodes:g}",
         f"{one.supply.usd:,.3f}",
         f"{one.usd_per_hour:,.2f}", f"{one.utilisation:.0%}",
         ", ".join(f"{name} {share:.0%}" for name, share in one.shares.items()) or "spare",
         one.supply.kind.replace("_", " "), _read(one.supply.offer))
        for one in plan.picks
    ]  # fmt: skip
    hours = plan.built.program.hours.size
    least = f", the least at {clock(plan.tightest, hours)}" if hours > 1 else ""
    room = (
        "" if plan.headroom is None else f"All rates could grow by {plan.headroom:.1%} on this fleet{least}. "
    )
    watts = plan.watts
    power = "" if watts is None else f"Its GPUs draw {show(watts, 'power', 3)} in the mean, as estimated. "
    return Table.of(
        f"Fleet: {plan.usd_per_hour:,.2f} USD/h, {by_month(plan.usd_per_hour)}", columns, rows,
        notes=(f"{room}{power}".strip() or "In use: the share of its time that it works.",
               "USD/h are means over the period, starts apart; For: shares of the time of these instances."),
    )  # fmt: skip


def _read(offer: Any) -> str | None:
    return None if offer is None or offer.as_of is None else str(offer.as_of.isoformat())


def _span(by_hour: Any) -> str:
    low, high = int(by_hour.min()), int(by_hour.max())
    return f"{high:,}" if low == high else f"{low:,} to {high:,}"


def _by_hour(plan: Plan) -> Table:
    size = plan.built.program.hours.size
    kept = plan.picks
    document = plan._hours()
    rows, last = [], None
    for h, row in enumerate(document):
        counts = tuple(f"{int(one.by_hour[h]):,}" for one in kept)
        same = (counts, round(row["usd_per_hour"], 6))
        if same == last:
            continue
        last = same
        rows.append((clock(h, size), f"{row['usd_per_hour']:,.2f}", f"{row['utilisation']:.0%}", *counts))
    names = [Column(one.supply.name, "right") for one in kept]
    return Table.of("By hour", ("From", ">USD/h", ">In use", *names), rows,
                    notes=(_OF_HOURS,))  # fmt: skip


def _hours_chart(plan: Plan) -> Bars:
    rows, size = plan._hours(), plan.built.program.hours.size
    step = max(size // _HOURS, 1)
    groups = []
    for first in range(0, size, step):
        part = rows[first : first + step]
        value = sum(row["usd_per_hour"] for row in part) / len(part)
        groups.append(Bar(clock(first, size), value, value, value, f"{value:,.2f}"))
    bars = tuple(bar._replace(series="USD/h", text=f"{bar.series}  {bar.text}") for bar in groups)
    low, high = min(bar.value for bar in bars), max(bar.value for bar in bars)
    return Bars("Cost by hour", (Group("USD/h", bars),), ("USD/h",),
                f"{low:,.2f} to {high:,.2f} USD/h, in the mean {plan.usd_per_hour:,.2f}.")  # fmt: skip


def _use_chart(plan: Plan) -> Bars:
    groups = tuple(
        Group(one.supply.name, tuple(
            Bar(name, share, share, share, f"{share:.0%}") for name, share in (*one.shares.items(),
                ("idle", max(1.0 - one.utilisation, 0.0))) if share > 0.005))
        for one in plan.picks
    )  # fmt: skip
    groups = tuple(one for one in groups if one.bars)
    names = tuple(dict.fromkeys(bar.series for one in groups for bar in one.bars))
    return Bars("What instances do", groups, names, "Shares of the time that instances are paid for.")


def _constraints(plan: Plan) -> Table | str:
    if not plan.constraints:
        return "No limit is stated: the fleet is bound by the demands alone."
    rows = [
        (one.name, f"{_amount(one.limit, one.unit)}", f"{_amount(one.used, one.unit)}",
         f"{_amount(max(one.slack, 0.0), one.unit)}", "binds" if one.binding else "")
        for one in sorted(plan.constraints, key=lambda each: (not each.binding, each.name))
    ]  # fmt: skip
    return Table.of("Limits", ("Limit", ">Allowed", ">Used at most", ">Slack", ""), rows)


def _amount(value: float, unit: str) -> str:
    return (
        f"{value:.0%}" if not unit else f"{value:,.2f} {unit}" if unit == "USD/h" else f"{value:,.0f} {unit}"
    )


def _scaling(plan: Plan) -> Table:
    rows = [
        (one["demand"], f"{one['gpus_per_instance']:g}", one["option"], f"{one['instances']:,}",
         f"{one['usd_per_hour']:,.2f}", f"{one['utilisation']:.0%}")
        for one in plan.scaling
    ]  # fmt: skip
    return Table.of(
        "Many small or few large", ("Demand", ">GPUs each", "Cheapest of that size", ">Instances",
         ">USD/h", ">In use"),
        rows, notes=("Each demand at its busiest hour alone on one kind of instance, its spares with it.",),
    )  # fmt: skip


def _fronts(fronts: Fronts | None) -> Iterator[Block]:
    if fronts is None:
        return
    for title, points, of, unit in (
        ("Cost against latency", fronts.latency, "p90", "s"),
        ("Cost against energy", fronts.energy, "watts", "W"),
    ):  # fmt: skip
        yield Heading(title)
        if not points:
            yield "Nothing to trade: no objective is stated, or what it takes is not known of the options."
            continue
        yield _front_table(points, of)
        if len(points) > 1:
            yield _front_chart(title, points, of, unit)


def _front_table(points: Sequence[Trade], of: str) -> Table:
    title = "p90 of the slowest" if of == "p90" else "Power"
    rows = []
    for one in points:
        value = getattr(one, of)
        told = show(value, "time" if of == "p90" else "power", 3)
        rows.append((f"{one.usd_per_hour:,.2f}", told, one.what, one.fleet))
    return Table.of("Front", (">USD/h", f">{title}", "Asked", "Fleet"), rows)


def _front_chart(title: str, points: Sequence[Trade], of: str, unit: str) -> Chart:
    marks = tuple(Point(float(getattr(one, of)), one.usd_per_hour, "fleet", 0.02, one.what) for one in points)
    name = "latency p90" if of == "p90" else "mean power"
    ends = points[0], points[-1]
    return Chart(
        title, axis(name, unit, [one.x for one in marks]), axis("cost", "USD/h", [one.y for one in marks]),
        (Panel(title, (), marks),), letters(("fleet",)),
        f"From {cents(ends[0].usd_per_hour)} to {money(ends[1].usd_per_hour)}/h.",
    )  # fmt: skip


def _rejected(rows: Sequence[Rejection], most: int) -> Table:
    shown = rows[:most]
    notes = (
        ()
        if len(rows) <= most
        else (f"{len(rows) - most} more classes: --why-not lists them, --json has all.",)
    )
    return Table.of("Offers left out", ("Class", ">Offers", "Why"),
                    [(one.what, f"{one.offers:,}", one.why) for one in shown], notes=notes)  # fmt: skip
