"""Prices as reports: what one GPU costs to rent and to buy, and all GPUs beside each other."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from whichgpu import prices
from whichgpu.hardware.parts import machine_of
from whichgpu.report.table import Bullets, Column, Report, Table
from whichgpu.units import GIB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.prices import Offer, Purchase
    from whichgpu.report.table import Block

_OFFER = (
    Column("Provider"), Column("Instance"), Column("GPUs", "right"), Column("USD/h", "right"),
    Column("USD/h per GPU", "right"), Column("Kind"), Column("Age", "right"), Column("Source", optional=True),
    Column("Region", optional=True), Column("Read on", optional=True),
    Column("Regions", "right", optional=True), Column("vCPUs", "right", optional=True),
    Column("Host GiB", "right", optional=True),
)  # fmt: skip


def usd(value: float | None) -> str | None:
    """USD to the cent; below one cent with two more digits."""
    if value is None:
        return None
    return f"{value:,.2f}" if value >= 0.01 or value == 0 else f"{value:,.4f}"


def age(as_of: date | None, today: date) -> str:
    """How long ago a price was read."""
    if as_of is None:
        return "undated"
    days = max((today - as_of).days, 0)  # a clock that is behind makes no price older than none
    return f"{days} day" if days == 1 else f"{days} days"


def read_on(offer: Offer) -> str:
    """The day on which a price was read, and where: what a price is never shown without."""
    return f"{offer.as_of or 'undated'}, {offer.source}"


def quarantine_report(rows: Sequence[Offer], gpu: Gpu | None, limit: int | None) -> Report:
    """Every price that is set aside (of one GPU, where one is named) and why, the commonest reason first."""
    doubtful = [row for row in rows if row.quarantine]
    often = Counter(row.quarantine for row in doubtful)
    ranked = sorted(doubtful, key=lambda row: (-often[row.quarantine], row.quarantine, row.provider))
    cells = (
        (row.quarantine, row.provider, row.instance, row.device or row.gpu_spelling,
         row.kind.replace("_", "-"), usd(row.usd_per_hour), row.as_of.isoformat() if row.as_of else None,
         row.source)
        for row in ranked[:limit]
    )  # fmt: skip
    columns: list[str | Column] = [
        "Why", "Provider", "Instance", "GPU", "Kind", ">USD/h", "Read on", Column("Source", optional=True)
    ]  # fmt: skip
    more = f" of {gpu} ({gpu.id})" if gpu else ""
    notes = [f"{count} x {reason}." for reason, count in often.most_common()]
    document = {"gpu": gpu.id if gpu else None, "reasons": dict(often),
                "quarantined": [row.to_dict() for row in ranked[:limit]]}  # fmt: skip
    title = f"{len(doubtful)} prices{more} are set aside; no answer uses them"
    return Report(document, (Table.of(title, columns, cells, notes) if doubtful else f"{title}.",))


#: Terms on which machines are let by the hour, without an obligation.
_BY_THE_HOUR = ("on_demand", "marketplace", "spot")


class Rent(NamedTuple):
    """So many GPUs for so many hours."""

    hours: float
    gpus: int = 1

    def holds(self, offer: Offer) -> bool:
        """Whether machines of an offer make up as many GPUs exactly."""
        return offer.gpu_count <= self.gpus and self.gpus % offer.gpu_count == 0


def _paid(rent: Rent, gpus: Sequence[str], rows: Sequence[Offer], today: date) -> tuple[Bullets, list[Any]]:
    """What each GPU costs for a time on each kind of terms, at the most trusted and then cheapest offer."""
    said, told = [], []
    for gpu in gpus:
        own = [row for row in rows if row.gpu == gpu and not row.quarantine and rent.holds(row)]
        found = {kind: _first(own, kind, today) for kind in _BY_THE_HOUR}
        paid = {
            kind: {"usd": rent.hours * rent.gpus * offer["usd_per_gpu_hour"], "offer": offer}
            for kind, offer in found.items()
            if offer
        }
        terms = [
            f"{usd(one['usd'])} USD {kind.replace('_', ' ')} ({usd(one['offer']['usd_per_gpu_hour'])} USD/h "
            f"for each at {one['offer']['provider']}, {one['offer']['as_of'] or 'undated'})"
            for kind, one in paid.items()
        ]
        if terms:
            said.append(f"{rent.hours:,.6g} h of {rent.gpus} x {gpu}: {', '.join(terms)}")
            told.append({"gpu": gpu, "gpus": rent.gpus, "hours": rent.hours, **paid})
    none = f"No offer on file of {', '.join(gpus)} makes up {rent.gpus} by the hour."
    return Bullets(tuple(said) or (none,)), told


def _with_rent(
    found: Report, rent: Rent | None, gpus: Sequence[str], rows: Sequence[Offer], today: date
) -> Report:  # fmt: skip
    """A report with what a time costs before everything else, where one is asked for."""
    if rent is None:
        return found
    block, told = _paid(rent, gpus, rows, today)
    return found._replace(data={**found.data, "rent": told}, blocks=(block, *found.blocks))


def gpu_report(
    gpu: Gpu, rows: Sequence[Offer], today: date, limit: int, *, narrowed: str = "", rent: Rent | None = None
) -> Report:  # fmt: skip
    """What one GPU costs: certain offers, those that may be it, those not to be trusted, buying.

    `narrowed` are the options that `rows` were chosen by; where they leave no offer the report says so, and
    exits with 4 where there is nothing else to tell.
    """
    certain = prices.best_first((row for row in rows if row.gpu and not row.quarantine), today)
    maybe = prices.best_first((row for row in rows if row.ambiguous and not row.quarantine), today)
    doubtful = tuple(row for row in rows if row.quarantine)
    bought = prices.purchases().get(gpu.id, ())
    blocks: list[Block] = []
    if certain:
        notes = _notes(certain, doubtful, today)
        blocks.append(_offers(f"{gpu} ({gpu.id}): to rent", certain, today, limit, notes))
    if maybe:
        blocks.append(_maybe(maybe, today, limit))
    if bought:
        blocks.append(_purchases(bought, gpu))
    document = {
        "gpu": gpu.id,
        "offers": [row.to_dict() for row in certain],
        "ambiguous": [row.to_dict() for row in maybe],
        "quarantined": [row.to_dict() for row in doubtful],
        "purchase": [row.to_dict() for row in bought],
        "owning": _owning(gpu),
    }
    if narrowed and not certain:
        said = f"no offer of {gpu.id} holds {narrowed}; {_without(gpu)}"
        if blocks:
            return Report(document, (f"{said[:1].upper()}{said[1:]}.", *blocks))
        return Report(document, (), exit_code=4, complaint=said)
    if blocks:
        return _with_rent(Report(document, tuple(blocks)), rent, (gpu.id,), certain, today)
    complaint = f"no price of {gpu.id} is stored, to rent or to buy; see what is: whichgpu prices"
    return Report(document, (), exit_code=4, complaint=complaint)


def _without(gpu: Gpu) -> str:
    """How many offers of a GPU there are on any terms, and where they are not said to be anywhere."""
    rows = [row for row in prices.live.rows_of([gpu.id]) if row.gpu == gpu.id and not row.quarantine]
    if not rows:
        return "none is on file on any terms: whichgpu prices update reads live sources"
    unplaced = sum(not row.region for row in rows)
    where = f", {unplaced} of which do not say where they are" if unplaced else ""
    return f"there are {len(rows)} without that{where}: whichgpu prices {gpu.id}"


def _offers(title: str, rows: Sequence[Offer], today: date, limit: int, notes: Iterable[str]) -> Table:
    shown = rows[:limit]
    more = [f"{len(rows) - len(shown)} more with --limit {len(rows)}."] if len(shown) < len(rows) else []
    return Table.of(title, _OFFER, (_offer(row, today) for row in shown), [*more, *notes])


def _offer(row: Offer, today: date) -> tuple[str | None, ...]:
    old = ", superseded" * row.superseded
    return (
        row.provider, row.instance, f"{row.gpu_count:g}", usd(row.usd_per_hour), usd(row.usd_per_gpu_hour),
        row.kind.replace("_", "-"), age(row.as_of, today) + old, row.source, row.region or None,
        row.as_of.isoformat() if row.as_of else None,
        str(row.regions) if row.regions else None,
        f"{row.vcpus:g}" if row.vcpus else None, f"{row.memory / GIB:.0f}" if row.memory else None,
    )  # fmt: skip


def _notes(rows: Sequence[Offer], doubtful: Sequence[Offer], today: date) -> Iterator[str]:
    undated = sum(row.as_of is None for row in rows)
    stale = sum((row.age_days(today) or 0) >= prices.STALE_DAYS for row in rows)
    if undated:
        yield f"{undated} without a date: shown last."
    if stale:
        yield f"{stale} read more than a year ago: shown after the younger ones."
    for reason, count in Counter(row.quarantine for row in doubtful).most_common():
        yield f"{count} set aside: {reason}."


def _maybe(rows: Sequence[Offer], today: date, limit: int) -> Table:
    shown = rows[:limit]
    columns = (*_OFFER[:8], Column("May be", optional=True), *_OFFER[8:])
    cells = ((*_offer(row, today)[:8], ", ".join(row.candidates), *_offer(row, today)[8:]) for row in shown)
    note = "The seller does not say which variant it is, so no recommendation counts on these."
    return Table.of("May be this GPU", columns, cells, [note])


def _purchases(rows: Sequence[Purchase], gpu: Gpu) -> Table:
    host = machine_of(gpu)
    cells = (
        (usd(row.usd), row.kind.replace("_", ", "), row.as_of.isoformat() if row.as_of else None,
         host if row.includes_host else "GPU alone", row.source, row.note)
        for row in rows
    )  # fmt: skip
    more = (Column("Source", optional=True), Column("Note", optional=True))
    columns: tuple[str | Column, ...] = (">USD", "Kind", "As of", "What", *more)
    return Table.of("To buy", columns, cells, _owning_note(gpu))


def _owning(gpu: Gpu) -> Mapping[str, Any] | None:
    power = gpu.value("power")
    if not power or prices.purchase_price(gpu.id) is None:
        return None
    return prices.owning_cost_per_hour(gpu.id, power).to_dict()


def _owning_note(gpu: Gpu) -> Iterator[str]:
    cost = _owning(gpu)
    if cost:
        years = prices.assumption_facts()["years_in_service"]
        use = prices.assumption_facts()["utilisation"]
        yield (
            f"Owning one comes to {usd(cost['total'])} USD per hour of use ({usd(cost['depreciation'])} "
            f"depreciation, {usd(cost['host'])} server, {usd(cost['electricity'])} electricity) over "
            f"{years.text} at {use.text} use; the assumptions are in docs/prices.md."
        )


def overview(
    gpus: Iterable[str], rows: Sequence[Offer], today: date, limit: int | None, *, rented: bool = False,
    cheapest: str | None = None, notes: Iterable[str] = (), rent: Rent | None = None,
) -> Report:  # fmt: skip
    """Each id that has a price, or is `rented` out (the first `limit`): the cheapest to rent and to buy.

    In the order of ids, or the `cheapest` first on one of `TERMS`; what has no such price comes last.
    """
    offered = defaultdict[str | None, list["Offer"]](list)
    for row in rows:
        if not row.quarantine:
            offered[row.gpu].append(row)
    bought = prices.purchase_price
    priced = (_entry(gpu, offered.get(gpu, ()), bought(gpu), today) for gpu in sorted(gpus))
    entries = [entry for entry in priced if entry and (entry["offers"] or not rented)]
    entries = sorted(entries, key=lambda entry: _dear(entry, cheapest) if cheapest else 0.0)[:limit]
    cells = (
        (entry["gpu"], str(entry["offers"]), str(entry["providers"]), *_cheapest(entry["on_demand"]),
         *_cheapest(entry["spot"]), usd(entry["purchase_usd"]), entry["newest"])
        for entry in entries
    )  # fmt: skip
    columns: list[str | Column] = [
        "GPU", ">Offers", ">Providers", ">On demand", Column("From"), ">Spot", Column("From"),
        Column("To buy", "right"), Column("Newest"),
    ]  # fmt: skip
    said = [
        "USD per hour and GPU, the most trusted and then cheapest offer; `whichgpu prices GPU` has all, each "
        f"with its day and source. Sources of these: {', '.join(_sources(entries))}."
        if entries else "None of these has a price on file.",
        *notes,
    ]  # fmt: skip
    document = {"gpus": entries}
    found = Report(document, (Table.of(f"Prices of {len(entries)} GPUs", columns, cells, said),))
    return _with_rent(found, rent, [entry["gpu"] for entry in entries], rows, today)


def _dear(entry: Mapping[str, Any], terms: str) -> float:
    """What a GPU costs on some terms; endless where it is not offered on them."""
    price = entry["purchase_usd"] if terms == "buy" else (entry[terms] or {}).get("usd_per_gpu_hour")
    return math.inf if price is None else float(price)


def _entry(gpu: str, own: Sequence[Offer], bought: Purchase | None, today: date) -> dict[str, Any] | None:
    if not own and not bought:
        return None
    dates = [row.as_of.isoformat() for row in own if row.as_of]
    return {
        "gpu": gpu,
        "offers": len(own),
        "providers": len({row.provider for row in own}),
        "on_demand": _first(own, "on_demand", today),
        "spot": _first(own, "spot", today),
        "purchase_usd": bought.usd if bought else None,
        "purchase_source": bought.source if bought else None,
        "purchase_as_of": bought.as_of.isoformat() if bought and bought.as_of else None,
        "newest": max(dates, default=None),
    }


def _first(rows: Iterable[Offer], kind: str, today: date) -> dict[str, Any] | None:
    ranked = prices.best_first((row for row in rows if row.kind == kind), today)
    return ranked[0].to_dict() if ranked else None


def _cheapest(offer: Mapping[str, Any] | None) -> tuple[str | None, str]:
    if not offer:
        return (None, "")
    return (usd(offer["usd_per_gpu_hour"]), f"{offer['provider']}, {offer['as_of'] or 'undated'}")


def _sources(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """Where the prices of an overview were read."""
    offers = (entry[kind] for entry in entries for kind in ("on_demand", "spot") if entry[kind])
    rented = {source for offer in offers for source in offer["source"].split(";")}
    return sorted(rented | {entry["purchase_source"] for entry in entries if entry["purchase_source"]})
