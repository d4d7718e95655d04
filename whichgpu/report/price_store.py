"""What `prices update` did, what a quote is worth, and how a price moved, as reports."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from whichgpu.report.chart import Bar, Bars, Group
from whichgpu.report.prices import age, read_on, usd
from whichgpu.report.table import Report, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.prices import Offer
    from whichgpu.prices.judge import Judgement
    from whichgpu.prices.quote import Quote
    from whichgpu.prices.update import Outcome


def report(outcomes: Sequence[Outcome]) -> Report:
    """What became of each source; exit status 4 where none could be read."""
    rows = [
        (each.source, "kept as it was" if each.failure else "read", f"{each.rows:,}",
         "" if each.failure else f"{each.quarantined:,}",
         "; ".join(filter(None, (each.failure, *each.problems))))
        for each in outcomes
    ]  # fmt: skip
    failed = [each for each in outcomes if each.failure]
    table = Table.of(
        "Sources", ["Source", "What became of it", ">Offers", ">Set aside", "What went wrong"], rows
    )
    document = {"sources": [each._asdict() for each in outcomes], "written": len(failed) < len(outcomes)}
    if outcomes and len(failed) == len(outcomes):
        complaint = (
            f"no source could be read ({failed[0].source}: {failed[0].failure}); the prices are as they were"
        )
        return Report(document, (table,), exit_code=4, complaint=complaint)
    kept = ", ".join(each.source for each in failed)
    complaint = f"not read, and kept as before: {kept}" if failed else ""
    return Report(document, (table,), complaint=complaint)


def judgement_report(found: Judgement) -> Report:
    """The verdict on a quote, and the offers that it rests on."""
    rows = [
        (row.provider, row.instance, usd(row.usd_per_gpu_hour), row.as_of.isoformat() if row.as_of else None,
         row.source)
        for row in found.offers
    ]  # fmt: skip
    columns = ["Provider", "Instance", ">USD/h per GPU", "Read on", "Source"]
    bought = found.quote.usd_to_buy is not None
    terms = "on demand" if found.discount or bought else found.quote.term
    table = Table.of(f"Asked for {found.quote.gpu}, {terms}", columns, rows)
    sentences = [*(_of_purchase(found) if bought else _sentences(found))]
    if found.alike:
        sentences.insert(1, f"So it is for {' and '.join(found.alike)}, which the name may be as well.")
    if found.unpriced:
        sentences.append(f"It may be {' or '.join(found.unpriced)} too, of which no such price is on file.")
    return Report(found.to_dict(), (" ".join(sentences), *([table] if rows else ())))


def _of_purchase(found: Judgement) -> Iterator[str]:
    """What a price to buy one is worth, beside those on file and what it rents for."""
    from whichgpu.prices.purchase import current, purchases

    quote, known = found.quote, purchases().get(found.quote.gpu, ())
    told = ", ".join(
        f"{row.kind.replace('_', ' ')} {usd(row.usd)} ({row.as_of or 'undated'}, {row.source})"
        for row in known
    )
    asked = f"{usd(quote.usd_to_buy)} USD to buy one {quote.gpu}"
    yield (
        f"{asked}: {found.verdict}; on file: {told}."
        if known
        else f"{asked}: no price to buy one is on file."
    )
    if known and not current(known, date.today()):
        yield "That is of years ago and of a new card: what a used one is worth now, no price on file says."
    if found.offers:
        first = found.offers[0]
        rent = f"Rented it costs {usd(first.usd_per_gpu_hour)} USD/h ({first.provider}, {read_on(first)})"
        paid = found.break_even_hours
        yield (
            f"{rent}, which is less than its electricity." if paid is None
            else f"{rent}: it has paid for itself after {paid:,.0f} hours of use, without host and resale."
        )  # fmt: skip
    yield f'With those: whichgpu prices own {quote.gpu} --price "{quote.usd_to_buy:g} USD".'


def _sentences(found: Judgement) -> Iterator[str]:
    quote = found.quote
    asked = f"{usd(quote.usd_per_gpu_hour)} USD/h for one {quote.gpu}, {quote.term}"
    if found.verdict == "unknown":
        few = f"{len(found.offers)} provider{'s' * (len(found.offers) != 1)} with a fresh price"
        yield f"{asked}: {few}, too few to say what is usual{_beside(found)}."
    else:
        share = f"{round(found.cheaper * len(found.offers))} of {len(found.offers)} providers ask less"
        yield f"{asked}: {found.verdict}; {share}, the middle one {usd(found.median)}."
    if found.discount:
        yield (
            "Nobody lists a committed price of it: it is held against those on demand less "
            f"{found.discount:.0%}, which is assumed."
        )
    if found.break_even_hours is not None:
        yield (
            f"Buying one ({usd(found.buy)} USD, {_bought(quote)}, and {usd(found.run)} USD of electricity an "
            f"hour; without host and resale) costs the same after {found.break_even_hours:,.0f} hours of use."
        )


def _bought(quote: Quote) -> str:
    """The day and source of the price that buying is reckoned with."""
    from whichgpu.prices import purchase_price

    row = purchase_price(quote.gpu)
    return row.told if row else "stated"


def _beside(found: Judgement) -> str:
    """Where a quote lies among few offers."""
    if not found.offers:
        return ""
    low, high = (found.offers[end].usd_per_gpu_hour * (1 - found.discount) for end in (0, -1))
    if len(found.offers) == 1:
        return f"; it asks {usd(low)}"
    if found.quote.usd_per_gpu_hour < low:
        return f"; the lowest asks {usd(low)}"
    if found.quote.usd_per_gpu_hour > high:
        return f"; the highest asks {usd(high)}"
    return f"; they ask {usd(low)} to {usd(high)}"


def history_report(gpu: Gpu, read: Sequence[dict[str, str]], offers: Sequence[Offer], today: date) -> Report:
    """The cheapest price of a GPU on each kind of terms on each day that prices were read, as bars."""
    points = _points(gpu, read, offers)
    rows = [
        (point["kind"].replace("_", "-"), point["as_of"], usd(point["usd_per_gpu_hour"]), point["provider"],
         point["source"])
        for point in points
    ]  # fmt: skip
    newest = max((point["as_of"] for point in points), default="")
    notes = [f"The cheapest of each day, USD per hour and GPU; the newest is {_age(newest, today)} old."]
    columns = ["Kind", "Read on", ">USD/h per GPU", "Provider", "Source"]
    document = {"gpu": gpu.id, "history": points}
    if not points:
        complaint = f"no dated price of {gpu.id} is stored; read some: whichgpu prices update"
        return Report(
            document, (f"No dated price of {gpu} ({gpu.id}) is stored.",), exit_code=4, complaint=complaint
        )
    table = Table.of(f"{gpu} ({gpu.id}): prices over time", columns, rows, notes)
    return Report(document, (table, _chart(gpu, points)))


def _chart(gpu: Gpu, points: Sequence[dict[str, Any]]) -> Bars:
    """The prices of each kind, day after day, on one scale."""
    highest = max(point["usd_per_gpu_hour"] for point in points)
    kinds = tuple(dict.fromkeys(point["kind"] for point in points))
    groups = tuple(
        Group(kind.replace("_", "-"), tuple(
            Bar(point["as_of"], price, price, price, f"{usd(price)} USD/h {point['provider']}")
            for point in points if point["kind"] == kind and (price := point["usd_per_gpu_hour"])), highest)
        for kind in kinds
    )  # fmt: skip
    days = tuple(dict.fromkeys(point["as_of"] for point in points))
    return Bars(f"{gpu}: the cheapest of each day", groups, days, "USD per hour and GPU, on one scale.")


def _age(day: str, today: date) -> str:
    return age(type(today).fromisoformat(day), today) if day else "unknown"


def _points(gpu: Gpu, read: Sequence[dict[str, str]], offers: Sequence[Offer]) -> list[dict[str, Any]]:
    """The cheapest of each kind and day: of the shipped offers, and of what was read since."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for kind, day, price, provider, source in (
        *((row.kind, row.as_of.isoformat(), row.usd_per_gpu_hour, row.provider, row.source)
          for row in offers if row.gpu == gpu.id and row.as_of and not row.quarantine),
        *((row["kind"], row["as_of"], float(row["usd_per_hour"]) / float(row["gpu_count"]), row["provider"],
           row["source"])
          for row in read if row["gpu"] == gpu.id),
    ):  # fmt: skip
        best = found.get((kind, day))
        if best is None or price < best["usd_per_gpu_hour"]:
            found[kind, day] = {"kind": kind, "as_of": day, "usd_per_gpu_hour": price, "provider": provider,
                                "source": source}  # fmt: skip
    return [found[key] for key in sorted(found)]
