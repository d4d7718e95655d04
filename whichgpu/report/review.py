"""A review of one GPU as an article: Markdown or a page, with numbered sources and their dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.planner.comparison.model import Comparison
from whichgpu.planner.comparison.takeaways import sold_as
from whichgpu.planner.comparison.words import quantity
from whichgpu.planner.usual import other_work
from whichgpu.report import charts
from whichgpu.report.article import cited_bullets, explained, other, stored, table, words
from whichgpu.report.citing import Citations
from whichgpu.report.comparison import (
    FITS,
    NOT_READ,
    PRICES,
    SOFTWARE,
    SOFTWARE_TOLD,
    fits_told,
    price_notes,
    spec_notes,
    spec_rows,
    told_job,
    work_rows,
    work_title,
)
from whichgpu.report.gpus import show_document
from whichgpu.report.table import Heading, Report, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.planner.comparison.model import Sentence, View
    from whichgpu.planner.review import Review
    from whichgpu.report.table import Block


def article(found: Review, *, drawn: bool = False) -> Report:
    """The review as an article: a page with `drawn`, which has its own title, else text."""
    title = () if drawn else (f"# {found.title}",)
    document = {
        **show_document(found.gpu),
        "review": found.to_dict(),
        "words": words(found.view),
        "other": other_work(),
    }
    return Report(document, (*title, *_blocks(found, Citations())))


def _blocks(found: Review, cited: Citations) -> Iterator[Block]:
    alone = _as_comparison(found.view, found)
    view = found.view
    if found.brief:
        cells = [cell for one in found.brief for cell in one.cells]
        yield cited.said(" ".join(one.text for one in found.brief), cells, view, found.beside)
    yield stored(view)
    yield from (cited.sentence(one, view) for one in found.lead)
    yield from _told("Strengths", found.strengths, view, cited)
    yield from _told("Limits", found.limits, view, cited)
    yield from _uses(found, alone, cited)
    yield from _told("Price", found.prices, view, cited)
    if prices := [row for row in alone.rows if row.group == PRICES]:
        yield table(alone, prices, cited, price_notes(alone))
    if len(found.beside.ids) > 1:
        yield Heading("Alternatives")
        yield _side_by_side(found.beside, cited)
    around = found.beside._replace(others=found.view.others)
    yield from _told("What it can be exchanged for", found.exchange, around, cited)
    yield from _told("Where it fits and what it needs", found.board, view, cited)
    yield Heading("Specifications")
    yield table(alone, spec_rows(alone), cited, spec_notes(alone), grouped=True)
    yield from explained(found.view)
    yield Heading("Sources")
    yield cited.references()


def _told(heading: str, sentences: Sequence[Sentence], view: View, cited: Citations) -> Iterator[Block]:
    """A part with its sentences; nothing where there are none."""
    if sentences:
        yield Heading(heading)
        yield cited_bullets(sentences, view, cited)


def _uses(found: Review, alone: Comparison, cited: Citations) -> Iterator[Block]:
    """What it holds, how several of it train, and each workload."""
    yield from _told("What it is for", found.uses, found.view, cited)
    if not found.gpu.usable:
        yield f"{found.gpu.why_unusable}."
    if fits := [row for row in alone.rows if row.group == FITS]:
        told = f"How many hold it; in brackets the memory that it takes on one. {fits_told(fits)}"
        yield table(alone, fits, cited, (told,))
    if several := charts.scaling(alone):
        yield several
    if runs := [row for row in alone.rows if row.group == SOFTWARE]:
        yield Heading("Software")
        yield SOFTWARE_TOLD
        yield table(alone, runs, cited)
    for work in found.view.works:
        yield Heading(work_title(work))
        if work.results:
            yield told_job(work)
            yield table(alone, work_rows(alone, work), cited)
        yield cited_bullets(work.sentences, found.view, cited)
    if found.view.works:
        yield other()


def _as_comparison(view: View, found: Review) -> Comparison:
    """What draws rows draws a comparison's."""
    return Comparison(view, found.lead[0], (), ())


def _side_by_side(view: View, cited: Citations) -> Table:
    """A GPU a row, since there are more of them than fields that decide."""
    hidden = ("offer", "purchase") if "usd_per_hour" in view.rows else ("offer",)
    fields = [row for row in view.rows.values() if row.field not in hidden]
    rows = []
    for key in view.ids:
        known = [row.cells.get(key) for row in fields]
        told = [cited.cell(cell.text, cell) if cell else NOT_READ for cell in known]
        rows.append((view.names[key], *told, cited.numbers(cell for cell in known if cell)))
    read = [row for row in view.rows.values() if row.field == "offer"]
    dated = [f"{view.names[key]}: {cell.text}" for row in read for key, cell in row.cells.items()]
    notes = [f"The prices are those of {'; '.join(dated)}."] if dated else []
    sizes = [
        f"{view.names[gpu.id]}: {quantity(sold, 'memory')}" for gpu in view.gpus if (sold := sold_as(gpu))
    ]
    if sizes and "memory" in view.rows:
        notes.append(f"Sold with more, of which ECC takes a share: {'; '.join(sizes)}.")
    return Table.of("", ["", *(row.label for row in fields), "Source"], rows, notes, strong=[0])
