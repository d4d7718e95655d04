"""Cards for a use outside the cost model as a report: specifications, prices, and that it is no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.hardware.fields import FIELDS
from whichgpu.planner.outlay import of_use
from whichgpu.planner.use import drivers
from whichgpu.planner.words import plural
from whichgpu.report.recommendation import (
    READ,
    amount,
    named_out,
    not_chosen,
    price_of,
    price_read,
    price_told,
    rejected_table,
)
from whichgpu.report.table import Bullets, Column, Heading, Report, Table
from whichgpu.units import HOURS_PER_MONTH, number

if TYPE_CHECKING:
    from whichgpu.planner.uses import Card, ForUse
    from whichgpu.report.table import Block

_INFEASIBLE = 3


def report(answer: ForUse, *, limit: int, why_not: bool) -> Report:
    """The report of `recommend` for a use; nothing feasible exits 3 with its reason."""
    if answer.infeasible:
        blocks: tuple[Block, ...] = (rejected_table(answer.rejected),) if why_not else ()
        return Report(answer.to_dict(), blocks, exit_code=_INFEASIBLE, complaint=answer.infeasible)
    shown = answer.cards[:limit]
    ends = of_use(answer)
    said = (
        f"Price: {price_told(shown[0].offer, answer.request)}", *(ends.sentences if ends else ()),
        *answer.cautions, *named_out(answer.request, answer.rejected),
    )  # fmt: skip
    first = (
        answer.headline,
        Bullets(tuple(f"{line}." for line in said)),
        _table(answer, shown),
        Heading("What decides"),
        Bullets(tuple(f"{note}." for note in (_label(answer), *answer.use.notes))),
    )
    rest = (_prices(answer, shown), *not_chosen(answer.rejected, why_not=why_not))
    return Report(answer.to_dict(), (*first, *rest), first=0 if why_not else len(first))


def _label(answer: ForUse) -> str:
    return (
        f"this is no prediction: {answer.use.title} is outside the cost model, and cards are ranked by "
        f"{_ranked(answer)}"
    )


def _ranked(answer: ForUse) -> str:
    if answer.request.desktops is not None:
        what = {"cost": "cost", "energy": "draw"}.get(answer.request.objective, "count")
        return f"what all that hold the users {what}"
    if answer.request.objective == "cost":
        return f"price for their {answer.use.label}"
    if answer.request.objective == "energy":
        return f"power for their {answer.use.label}"
    return f"their {answer.use.label}"


def _table(answer: ForUse, shown: tuple[Card, ...]) -> Table:
    """What each card has."""
    if answer.request.desktops is not None:
        return _desktops(answer, shown)
    use, buys = answer.use, answer.request.term == "buy"
    each = f"USD/h per {use.unit}" if use.unit else "USD/h for each"
    columns = (
        Column("#", "right"), Column("GPU"), *((Column("USD to buy", "right"),) if buys else ()),
        Column("USD/h", "right"), *(() if buys else (Column("USD/month", "right", optional=True),)),
        Column(each, "right"),
        *(Column(FIELDS[name].label, "right", optional=name != use.by) for name in use.specs),
        Column("Drivers", optional=True), Column("Front", optional=True),
    )  # fmt: skip
    rows = [
        (
            str(rank), card.gpu.id, *((amount(card.usd_to_buy, 0),) if buys else ()),
            amount(card.usd_per_hour, 2),
            *(() if buys else (amount(card.usd_per_hour * HOURS_PER_MONTH, 0),)),
            price_of(card.usd_per_score),
            *(card.gpu.display(name) or None for name in use.specs), drivers(card.gpu),
            "yes" if card.front else "",
        )
        for rank, card in enumerate(shown, 1)
    ]  # fmt: skip
    title = f"{use.title[:1].upper()}{use.title[1:]}, by {use.label}: from specifications"
    return Table.of(title, columns, rows, notes=_under(answer, shown), strong=(0,))


def _under(answer: ForUse, shown: tuple[Card, ...]) -> tuple[str, ...]:
    """What stands under the table of cards."""
    what = "this specification" if answer.request.desktops is None else "number of instances"
    said = f"Front: no other one is at least as good in price, {what} and power together."
    more = len(answer.cards) - len(shown)
    return (said, f"{more} more with --limit {len(answer.cards)}.") if more > 0 else (said,)


def _desktops(answer: ForUse, shown: tuple[Card, ...]) -> Table:
    """How many of what hold the desktops of all users, and what that costs."""
    asked, buys = answer.request.desktops, answer.request.term == "buy"
    assert asked is not None
    columns = (
        Column("#", "right"), Column("GPU"), Column("vGPU profile"), Column("Desktops each", "right"),
        Column("Instances", "right"), Column("GPUs", "right"),
        *((Column("USD to buy", "right"),) if buys else ()), Column("USD/h", "right"),
        Column("USD/month", "right", optional=True), Column("USD/month a user", "right"),
        *(Column(FIELDS[name].label, "right", optional=True) for name in answer.use.specs),
        Column("Front", optional=True),
    )  # fmt: skip
    rows = [
        (
            str(rank), card.gpu.id, (card.seats and card.seats.profile) or None, f"{card.score:g}",
            f"{card.instances:,}", number(card.offer.gpu_count * card.instances),
            *((amount(card.usd_to_buy, 0),) if buys else ()), amount(card.usd_of_all, 2),
            amount(card.usd_of_all * HOURS_PER_MONTH, 0),
            amount(card.usd_of_all * HOURS_PER_MONTH / asked.users, 2),
            *(card.gpu.display(name) or None for name in answer.use.specs), "yes" if card.front else "",
        )
        for rank, card in enumerate(shown, 1)
    ]  # fmt: skip
    assumed = (f"{asked.size} a desktop is assumed; --min-memory says otherwise.",) if asked.assumed else ()
    title = f"Virtual desktops of {asked.size} for {plural(asked.users, 'user')}: from specifications"
    return Table.of(title, columns, rows, notes=(*assumed, *_under(answer, shown)), strong=(0,))


def _prices(answer: ForUse, shown: tuple[Card, ...]) -> Table:
    columns = (
        Column("#", "right"), Column("Provider"), Column("Instance"), Column("GPUs each", "right"),
        Column("USD/h each", "right"), Column("Kind"), Column("Region", optional=True), *READ,
        Column("Source", optional=True),
    )  # fmt: skip
    rows = [
        (
            str(rank), card.offer.provider, card.offer.instance, number(card.offer.gpu_count),
            amount(card.offer.usd_per_hour, 3), card.offer.kind.replace("_", "-"),
            card.offer.region or None, *price_read(card.offer, answer.request), card.offer.source,
        )
        for rank, card in enumerate(shown, 1)
    ]  # fmt: skip
    first = f"The first has {answer.use.amount(shown[0].score)}."
    return Table.of("Prices", columns, rows, notes=(first,))
