"""A comparison as an article: Markdown or a page, with charts, numbered sources and their dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.planner.comparison.words import ratio_words
from whichgpu.planner.usual import other_work
from whichgpu.report import charts
from whichgpu.report.citing import Citations
from whichgpu.report.comparison import (
    FITS,
    PRICES,
    SOFTWARE,
    SOFTWARE_TOLD,
    TOPICS_OF_PRICES,
    ahead,
    fits_told,
    price_notes,
    shown,
    spec_notes,
    spec_rows,
    told_job,
    work_rows,
    work_title,
)
from whichgpu.report.table import Bullets, Cited, Column, Heading, Report, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from whichgpu.planner.comparison.model import Comparison, Row, Sentence, View
    from whichgpu.report.table import Block


def article(comparison: Comparison, *, drawn: bool = False) -> Report:
    """The comparison as an article: a page with `drawn`, which has its own title and drawings, else text."""
    title = () if drawn else (f"# {comparison.title}",)
    blocks = tuple(_blocks(comparison, Citations(), drawn=drawn))
    document = {
        **comparison.to_dict(),
        "format": "article",
        "words": words(comparison.view),
        "other": other_work(),
    }
    return Report(document, (*title, *blocks))


def words(view: View) -> dict[str, str]:
    """What the words of a page mean, those of what one of its GPUs has."""
    from whichgpu.planner.glossary import of_fields

    return of_fields(lambda field: [gpu.value(field) for gpu in view.gpus])


def other() -> str:
    """What else may be asked for."""
    told = ", ".join(f"{what} ({name})" for what, name in other_work().items())
    return f"Other work, by --workload NAME: {told}; all of them: whichgpu workloads."


def explained(view: View) -> Iterator[Block]:
    """The words as a part of a page."""
    yield Heading("Words")
    yield Bullets(tuple(f"{name}: {short}" for name, short in words(view).items()))
    yield "More of each, with worked numbers: whichgpu explain."


def _blocks(comparison: Comparison, cited: Citations, *, drawn: bool) -> Iterator[Block]:
    yield cited.sentence(comparison.answer, comparison.view)
    yield stored(comparison.view)
    yield Heading("Which for what")
    for one in comparison.verdicts:
        yield from _verdict(one, comparison.view, cited)
    yield charts.peaks(comparison)
    if speeds := charts.speeds(comparison):
        yield speeds
    yield Heading("What the figures say")
    told = [one for one in comparison.takeaways if one.topic not in TOPICS_OF_PRICES]
    yield cited_bullets(told, comparison.view, cited)
    if drawn and (roofs := charts.roofs(comparison)):
        yield roofs
    if flips := _flips(comparison, cited):
        yield Heading("When the answer flips")
        yield (
            "A unit of fully loaded work costs the same on both where the hourly prices differ as much as "
            "the speeds: below that the faster one is the cheaper, above it the slower."
        )
        yield flips
    fits = [row for row in comparison.rows if row.group == FITS]
    if fits:
        yield Heading("What fits")
        counts = (
            "How many of each GPU hold the job, one at a time; in brackets the memory that it takes on one."
        )
        yield f"{counts} {fits_told(fits)}"
        yield table(comparison, fits, cited)
    if runs := [row for row in comparison.rows if row.group == SOFTWARE]:
        yield Heading("Software")
        yield SOFTWARE_TOLD
        yield table(comparison, runs, cited)
    for work in comparison.view.works:
        yield Heading(work_title(work))
        yield told_job(work)
        yield table(comparison, work_rows(comparison, work), cited)
        yield cited_bullets(work.sentences, comparison.view, cited)
    if comparison.view.works:
        yield other()
    yield Heading("Prices")
    paid = [one for one in comparison.takeaways if one.topic in TOPICS_OF_PRICES]
    yield cited_bullets(paid, comparison.view, cited)
    if prices := [row for row in comparison.rows if row.group == PRICES]:
        yield table(comparison, prices, cited, price_notes(comparison))
    yield Heading("Specifications")
    yield table(comparison, spec_rows(comparison), cited, spec_notes(comparison), grouped=True)
    yield from explained(comparison.view)
    yield Heading("Sources")
    yield cited.references()


def stored(view: View) -> str:
    """Of which day a page is, and how its numbers are sourced."""
    return (
        f"Figures and prices as stored on {view.today.isoformat()}. Small numbers lead to the sources at the "
        "end, each with the day on which it was read; estimated rates have their 90 % interval."
    )


def cited_bullets(sentences: Iterable[Sentence], view: View, cited: Citations) -> Bullets:
    """Sentences, one to a bullet, each with the numbers of what it rests on."""
    return Bullets(tuple(cited.sentence(one, view) for one in sentences))


def _flips(comparison: Comparison, cited: Citations) -> Table | None:
    """Of two: for each workload the price ratio at which the answer flips, beside those of today."""
    view = comparison.view
    works = [work for work in view.works if len(work.results) == 2]
    if not view.pair or not works:
        return None
    asked = [row for name in ("usd_per_hour", "usd_same_provider", "purchase")
             if (row := view.rows.get(name)) and view.all_know(name) and row.better]  # fmt: skip
    rows = []
    for work in works:
        speeds = view.rows[f"{work.field}.rate"]
        fast, slow = view.ranked(speeds.field)
        speed = work.results[fast].rate / work.results[slow].rate
        prices = [(row.cells[fast].value or 0) / (row.cells[slow].value or 1) for row in asked]
        told = [
            f"{ratio_words(price)}: the {view.words[fast if price < speed else slow]}" for price in prices
        ]
        rests = cited.numbers(cell for row in (speeds, *asked) for cell in row.cells.values())
        rows.append((work.title, view.words[fast], ratio_words(speed), *told, rests))
    labels = [f"{row.label}, and so" for row in asked]
    return Table.of("", ["", "Faster", ">Flips at", *labels, "Source"], rows)


def _verdict(one: Sentence, view: View, cited: Citations) -> Iterator[Block]:
    """A verdict with its conditions one below the other where it has several."""
    first, *rest = one.text.split("; if ")
    if not rest:
        yield cited.sentence(one, view)
        return
    head, _, condition = first.partition(" if ")
    last, stop, more = rest[-1].partition(". ")
    yield f"{head}, if one of these holds:"
    told = (condition, *rest[:-1], last.rstrip("."))
    yield Bullets(tuple(cited.said(text, cells, view) for text, cells in zip(told, one.parts, strict=True)))
    if stop:
        shared = {cell for part in one.parts for cell in part}
        yield cited.said(more, [cell for cell in one.cells if cell not in shared] or one.cells, view)


def table(
    comparison: Comparison,
    rows: Sequence[Row],
    cited: Citations,
    notes: Sequence[str] = (),
    *,
    grouped: bool = False,
) -> Table:
    """Rows as a table whose last column has the numbers of their sources."""
    view, pair = comparison.view, comparison.view.pair
    names = [view.names[key] for key in comparison.gpus]
    leads = {row.field: ahead(comparison, row) for row in rows} if pair else {}
    # Where neither way is better in any row, there is nobody ahead.
    led = any(leads.values())
    columns = [Column(""), *map(Column, names), *([Column("Ahead")] if led else []), Column("Source")]
    drawn: list[tuple[str, ...]] = []
    group = ""
    for row in rows:
        if grouped and row.group != group:
            group = row.group
            drawn.append((group,))
        best = "" if pair else row.best(comparison.gpus)
        cells = [_cell(comparison, row, key, cited, best=key == best) for key in comparison.gpus]
        lead = [leads[row.field]] if led else []
        drawn.append((row.label, *cells, *lead, cited.numbers(row.cells.values())))
    return Table.of("", columns, drawn, notes)


def _cell(comparison: Comparison, row: Row, key: str, cited: Citations, *, best: bool) -> Cited:
    cell, text = row.cells.get(key), shown(comparison, row, key)
    return cited.cell(f"**{text}**" if best else text, cell)
