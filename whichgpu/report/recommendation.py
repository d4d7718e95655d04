"""A `Recommendation` as a report: the answer, the table, why, why not, what was assumed."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from whichgpu.planner.market import UNPRICED, trust
from whichgpu.planner.words import handy, lasting, money, plural
from whichgpu.prices.purchase import NOT_OF_NOW, current, purchases
from whichgpu.prices.sellers import seller_of
from whichgpu.report.table import Bullets, Column, Heading, Report, Table
from whichgpu.units import DAYS_PER_MONTH, DAYS_PER_YEAR, GIB, number, rate_period, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.planner.answer import Candidate, Recommendation, Rejected
    from whichgpu.planner.built import Built
    from whichgpu.planner.fleets.answer import Fleet
    from whichgpu.planner.hosted import Hosted
    from whichgpu.planner.machine import Checked
    from whichgpu.planner.request import Request
    from whichgpu.prices.offers import Offer
    from whichgpu.report.table import Block

_INFEASIBLE = 3
#: Hosted APIs that are told; ranks whose place is explained.
_APIS, _EXPLAINED = 3, 5


def report(answer: Recommendation, *, limit: int, why_not: bool) -> Report:
    """The report of `recommend`; an infeasible request exits 3 with its reason."""
    if answer.infeasible:
        blocks: tuple[Block, ...] = (rejected_table(answer.rejected),) if why_not else ()
        return Report(answer.to_dict(), blocks, exit_code=_INFEASIBLE, complaint=answer.infeasible)
    shown = answer.candidates[:limit]
    asked = hosted_said(answer.hosted)
    first = (
        answer.headline, Bullets(_first(answer)), _table(answer, shown), *_flips(answer),
        *machine_said(answer.machine), *(asked if answer.request.api_price is not None else ()),
        Heading("Assumed"), Bullets(_assumed(answer)),
    )  # fmt: skip
    rest = (
        *others(shown), _offers(answer, shown), *_several(answer),
        *(asked if answer.request.api_price is None else ()), *_seller(shown[0]),
        *not_chosen(answer.rejected, why_not=why_not),
    )  # fmt: skip
    return Report(answer.to_dict(), (*first, *rest), first=0 if why_not else len(first))


def _first(answer: Recommendation) -> tuple[str, ...]:
    """Of the first: why it is, how fast with its interval, and whose price it has."""
    first, unit = answer.candidates[0], answer.workload.unit
    period, seconds = _period(answer)
    rate = f"{unit}/{period}"
    said = [
        f"{first.gpu} {first.why}.",
        f"Speed: {_interval(first, seconds)} {rate}, meant to hold 9 times in 10 (basis: "
        f"{first.estimate.basis}); counts are at the middle, at its low end it takes "
        f"{plural(first.instances_safe, 'instance')}.",
    ]
    if first.trust != UNPRICED:
        said.append(f"Price: {price_told(first.offer, answer.request)}.")
    if answer.outlay is not None:
        said.extend(f"{line}." for line in answer.outlay.sentences)
    said.extend(f"{line}." for line in (*answer.cautions, *named_out(answer.request, answer.rejected)))
    return tuple(said)


#: GPUs that were named and are out of which the reason is told.
_NAMED = 3


def named_out(request: Request, rejected: Sequence[Rejected]) -> tuple[str, ...]:
    """Why GPUs that were named are not in the table: who names one asks about it."""
    by_kind: dict[str, list[Rejected]] = {}
    for one in rejected if request.gpus is not None else ():
        by_kind.setdefault(one.kind, []).append(one)
    said = []
    for kind, those in list(by_kind.items())[:_NAMED]:
        names = ", ".join(one.gpu for one in those[:_NAMED])
        more = f" and {len(those) - _NAMED:,} more" if len(those) > _NAMED else ""
        why = those[0].why.removeprefix(f"{those[0].gpu}: ") if len(those) == 1 else kind
        said.append(f"Out, though named: {names}{more} ({why})")
    if len(by_kind) > _NAMED:
        said.append("Others that were named are out as well: --why-not names them")
    return tuple(said)


def price_told(offer: Offer, request: Request) -> str:
    """An offer in words: USD/h, of whom, on what terms, read when and where."""
    read, age = price_read(offer, request)
    old = f", {age} ago" if age else ""
    if offer.provider == "own":
        now = "" if current(purchases().get(offer.gpu or "", ()), request.today) else f"; {NOT_OF_NOW}"
        gone = "; it is long out of sale, and comes used alone" if trust(offer, request) == 1 else now
        return f"{offer.instance}, {read}{old} ({offer.source}){gone}"
    where = f" in {offer.region}" if request.regions is not None and offer.region else ""
    return (
        f"{amount(offer.usd_per_hour, 3)} USD/h for each {offer.provider} {offer.instance}{where}, "
        f"{offer.kind.replace('_', '-')}, read {read}{old} ({offer.source}), "
        f"one of the {seller_of(offer).label}"
    )


def others(shown: Sequence[Candidate | Fleet]) -> tuple[Block, ...]:
    """Why those after the first come after it."""
    said = tuple(f"{one.gpu} {one.why}." for one in shown[1:_EXPLAINED])
    return (Heading("Why not the next ones"), Bullets(said)) if said else ()


def not_chosen(rejected: Sequence[Rejected], *, why_not: bool) -> tuple[Block, ...]:
    """The GPUs that are out: how many for what, or each with its reason."""
    return Heading("Not chosen"), rejected_table(rejected) if why_not else left_out(rejected)


def _several(answer: Recommendation) -> tuple[Block, ...]:
    """One large GPU against several small ones, where the candidates differ."""
    if answer.several is None:
        return ()
    said = tuple(f"{line}." for line in answer.several.sentences)
    return Heading("One large or several small"), Bullets(said)


def machine_said(machine: Checked | Built | None) -> tuple[Block, ...]:
    """The machine that one builds with the first candidate's cards in it, or the one they take."""
    if machine is None:
        return ()
    return Heading("In the machine"), Bullets(tuple(f"{line}." for line in machine.sentences))


def _flips(answer: Recommendation) -> tuple[Block, ...]:
    """Which input would flip the answer, and at what value."""
    said = [f"{one.text}." for one in answer.flips]
    said = [f"{one.text}." for one in (answer.capped, answer.narrower) if one is not None] + said
    return (Heading("What would change it"), Bullets(tuple(said))) if said else ()


def hosted_said(hosted: Sequence[Hosted]) -> tuple[Block, ...]:
    """Hosted APIs to break even against."""
    if not hosted:
        return ()
    return Heading("Or a hosted API"), Bullets(tuple(f"{one.text}." for one in hosted[:_APIS]))


def _seller(first: Candidate) -> tuple[Block, ...]:
    """What kind of seller the first is, and what that means."""
    if first.offer.provider == "own":
        return ()
    seller = seller_of(first.offer)
    return Heading("Who sells it"), Bullets((
        f"{first.offer.provider} is one of the {seller.label}. Trust: {seller.trust}.",
        f"Interruption: {seller.interruption}.",
        f"Billing: {seller.billing}.",
    ))  # fmt: skip


def _table(answer: Recommendation, shown: tuple[Candidate, ...]) -> Table:
    """What it takes: counts, rate with its interval, money, time, power, memory.

    GPUs are told where they are not as many as instances.
    """
    request, unit = answer.request, answer.workload.unit
    period, seconds = _period(answer)
    count, noun = handy(unit, shown[0].usd_per_unit)
    several = any(item.gpus_per_instance > 1 for item in shown)
    columns = (
        Column("#", "right"), Column("GPU"), *((Column("Precision"),) if request.precisions else ()),
        Column("Instances", "right"), *((Column("GPUs", "right"),) if several else ()),
        Column(f"{unit}/{period} (90 %)", "right"), Column("USD/h", "right"),
        *(() if request.size else (Column("USD a month", "right", optional=True),)),
        Column(f"USD per {noun}", "right"), *_whole_columns(answer),
        Column("Latency", "right", optional=True), Column("Front", optional=True),
        Column("Power", "right", optional=True), Column("Memory GiB", "right", optional=True),
    )  # fmt: skip
    rows = [
        (
            str(rank), item.gpu, *((item.estimate.job.precision,) if request.precisions else ()),
            f"{item.instances:,}", *((_gpus(item),) if several else ()), _interval(item, seconds),
            amount(item.usd_per_hour, 2), *_month(answer, item), price_of(item.usd_per_unit * count),
            *_whole(item), show(item.estimate.latency.mid, "time", 2), "yes" if item.front else "",
            show_watts(item.watts), _memory(item),
        )
        for rank, item in enumerate(shown, 1)
    ]  # fmt: skip
    title = f"{answer.workload.name}: {request.target.text}" if request.target else answer.workload.name
    more = len(answer.candidates) - len(shown)
    notes = (f"{more} more with --limit {len(answer.candidates)}.",) if more > 0 else ()
    return Table.of(title, columns, rows, notes=(*_notes(answer), *notes), strong=(0,))


def _period(answer: Recommendation) -> tuple[str, float]:
    """The period that rates are told by, and its seconds: that of the target."""
    target = answer.request.target
    return rate_period(target.text) if target else ("s", 1.0)


def _month(answer: Recommendation, item: Candidate) -> tuple[str | None, ...]:
    """USD a month of what always runs; of a job that ends there is no such cell."""
    if answer.request.size is not None:
        return ()
    return (None if item.usd_per_month is None else f"{item.usd_per_month:,.0f}",)


def _whole_columns(answer: Recommendation) -> tuple[Column, ...]:
    """Columns of a job with a size: when it is done, and what all of it costs."""
    if answer.request.size is None:
        return ()
    return Column("Done in", "right"), Column("USD in all", "right")


def _whole(item: Candidate) -> tuple[str | None, ...]:
    if item.finish is None or item.usd_total is None:
        return ()
    return lasting(item.finish), price_of(item.usd_total)


def _offers(answer: Recommendation, shown: tuple[Candidate, ...]) -> Table:
    """Whose prices these are, and how old."""
    placed = any(item.offer.region for item in shown)
    columns = (
        Column("#", "right"), Column("Provider"), Column("Instance"), Column("GPUs each", "right"),
        Column("USD/h each", "right"), Column("Kind"),
        *((Column("Region", optional=True),) if placed else ()), *READ,
        Column("Seller", optional=True), Column("Source", optional=True),
    )  # fmt: skip
    rows = [
        (
            str(rank), item.offer.provider, item.offer.instance, f"{item.gpus_per_instance}",
            amount(item.offer.usd_per_hour, 3), item.offer.kind.replace("_", "-"),
            *((item.offer.region or None,) if placed else ()), *price_read(item.offer, answer.request),
            _class(item.offer), item.offer.source,
        )
        for rank, item in enumerate(shown, 1)
    ]  # fmt: skip
    return Table.of("Prices", columns, rows)


def amount(usd: float | None, digits: int) -> str | None:
    """USD with so many decimals; None where no price is on file."""
    return None if usd is None or math.isnan(usd) else f"{usd:,.{digits}f}"


def price_of(usd: float) -> str | None:
    """USD as `money` writes them, without the unit; None where no price is on file."""
    return None if math.isnan(usd) else money(usd).removesuffix(" USD")


def _class(offer: Offer) -> str:
    return "own" if offer.provider == "own" else seller_of(offer).id


def _gpus(item: Candidate) -> str:
    total = item.instances * item.gpus_per_instance
    if item.gpus_per_replica > 1:
        return f"{total:,} (by {item.gpus_per_replica})"
    told = item.estimate.job.options
    kept = told.get("checkpointing", "none") == "none"
    ways = (told.get("sharding", "") if total > 1 else "", "" if kept else "ckpt")
    how = ", ".join(filter(None, ways))
    return f"{total:,} ({how})" if how else f"{total:,}"


def _interval(item: Candidate, seconds: float) -> str:
    rate = item.throughput.scaled(seconds)
    return f"{number(rate.mid, 3)} ({number(rate.low, 2)}–{number(rate.high, 2)})"


def show_watts(watts: float) -> str:
    """Kilowatts from one on; nothing where the power limit is not known."""
    if math.isnan(watts):
        return "-"
    return f"{number(watts / 1e3, 2)} kW" if watts >= 1e3 else f"{watts:.0f} W"


def _memory(item: Candidate) -> str:
    gib = GIB
    return f"{item.estimate.required / gib:.1f} of {item.estimate.available / gib:.0f}"


#: Columns of `price_read`.
READ = (Column("Price read"), Column("Age", optional=True))


def price_read(offer: Offer, request: Request) -> tuple[str, str | None]:
    """The day on which a price was read, and how long ago that is."""
    age = offer.age_days(request.today)
    return ("undated", None) if age is None else (str(offer.as_of), _ago(max(age, 0)))


def _ago(days: int) -> str:
    if days < 90:
        return f"{days} days"
    return f"{days / DAYS_PER_MONTH:.0f} months" if days < 730 else f"{days / DAYS_PER_YEAR:.1f} years"


def _notes(answer: Recommendation) -> tuple[str, ...]:
    first = answer.candidates[0]
    said = []
    if any(item.front for item in answer.candidates):
        said.append(
            f"Ranked by {answer.request.objective}. Front: no other one is at least as good in cost, time "
            "and energy together."
        )
    if first.usd_to_buy is not None:
        said.append(
            f"The {first.instances * first.gpus_per_instance:,} x {first.gpu} cost "
            f"{money(first.usd_to_buy)} to buy; USD/h are of their hours of use."
        )
    if first.buy is not None:
        said.append(
            f"Owning the {first.instances * first.gpus_per_instance:,} x {first.gpu} instead would cost "
            f"{money(first.buy)}/h of use (--term buy ranks owning)."
        )
    return tuple(said)


def _assumed(answer: Recommendation) -> tuple[str, ...]:
    first = answer.candidates[0]
    job = first.estimate.job
    chosen = [f"the first runs batch {job.batch:g}"] if answer.request.job.batch is None else []
    if job.phase == "serve":
        chosen = [f"the first holds {first.estimate.sequences:,.0f} requests at once per replica"]
    said = [
        *answer.assumptions,
        *chosen,
        f"one job takes {show(first.estimate.latency.mid, 'time', 3)} there",
    ]
    return ("; ".join(said) + ".", *(f"{line}." for line in answer.warnings))


def left_out(rejected: Sequence[Rejected]) -> Block:
    """How many GPUs are not chosen for which kind of reason."""
    if not rejected:
        return "Every GPU asked for is in the table."
    kinds = Counter(item.kind for item in rejected)
    lines = [f"{plural(count, 'GPU')}: {kind}" for kind, count in kinds.most_common()]
    return Bullets((*lines, "--why-not names them."))


def rejected_table(rejected: Sequence[Rejected]) -> Table:
    """Every GPU that was not chosen, and why."""
    return Table.of("Not chosen", ("GPU", "Why"), [(item.gpu, item.why) for item in rejected])
