"""A `Comparison` as a report for the terminal; what `report.article` makes of its rows too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.hardware.blank import APPLIES, blank
from whichgpu.hardware.fields import FIELDS
from whichgpu.planner.comparison.words import listed, ratio_words
from whichgpu.report.table import Bullets, Column, Heading, Report, Table
from whichgpu.values import Deferred

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from whichgpu.planner.comparison.model import Cell, Comparison, Row, Sentence
    from whichgpu.planner.comparison.work import Work
    from whichgpu.report.table import Block

#: What stands for a value that no source was read for, and for one that a part cannot have.
NOT_READ, WITHOUT, UNCOUNTED = "–", "n/a", "yes"
#: More columns than this do not fit a narrow terminal, so the table is drawn in parts.
_ABREAST = 4
#: A longer title does not fit a narrow terminal.
_TITLE = 78
_BEST, _WEAK, _LOW = "*", "°", "?"
PRICES = "price per GPU and hour"
SOFTWARE = "software"
FITS_TOLD = (
    "Where a cell names no other software, language models answer one short request under vLLM, and learn "
    "under PyTorch from one sequence at a time, activations computed again. LoRA of Llama 3.1 8B in 4 bits "
    "takes more than that of Llama 2 13B: its vocabulary is four times as large, and the logits with it."
)
SOFTWARE_TOLD = (
    "Up to which release each runs there, with the build: under macOS on Apple's, under Linux on the others. "
    "Other systems, other software and the lines that install it: whichgpu compat."
)
FITS = "GPUs that hold it, at least"
TOPICS_OF_PRICES = ("price", "worth", "buy")


def report(comparison: Comparison) -> Report:
    """The comparison as a person reads it in a terminal: answer, tables, sentences, verdicts."""
    first, rest = tuple(_answered(comparison)), tuple(_told(comparison))
    data = Deferred(lambda: {**comparison.to_dict(), "format": "table"})
    return Report(data, (*first, *rest), first=len(first))


def _answered(comparison: Comparison) -> Iterator[Block]:
    """The answer, the work that was asked about, which is for what, and the fields beside each other."""
    yield Heading(
        comparison.title if len(comparison.title) <= _TITLE else f"{len(comparison.gpus)} GPUs compared"
    )
    yield comparison.answer.text
    for work in comparison.view.works:
        yield Heading(work_title(work))
        yield told_job(work)
        yield from _tables(comparison, "", work_rows(comparison, work), ())
        yield bullets(work.sentences)
    yield Heading("Which for what")
    yield bullets(comparison.verdicts)
    yield from _spec_tables(comparison)


def _told(comparison: Comparison) -> Iterator[Block]:
    """The fields in sentences, how many hold the usual models, and prices."""
    yield Heading("What the figures say")
    yield bullets(one for one in comparison.takeaways if one.topic not in TOPICS_OF_PRICES)
    if fits := [row for row in comparison.rows if row.group == FITS]:
        yield Heading("What fits: how many of each hold it")
        yield from _tables(comparison, "", fits, ())
    yield Heading("Prices")
    yield from _tables(comparison, "", [row for row in comparison.rows if row.group == PRICES], ())
    yield bullets(one for one in comparison.takeaways if one.topic in TOPICS_OF_PRICES)


def bullets(sentences: Iterable[Sentence]) -> Bullets:
    """The sentences, one to a bullet."""
    return Bullets(tuple(one.text for one in sentences))


def work_title(work: Work) -> str:
    """What is done with which model: `Training ResNet-50 v1.5`, `Stable Diffusion 1.5: images`."""
    if work.title == work.name:
        return f"{work.name}: {work.unit if work.job.phase == 'generate' else 'inference'}"
    return f"{work.title[0].upper()}{work.title[1:]}"


def told_job(work: Work) -> str:
    """What exactly was estimated, and by what."""
    from whichgpu.planner.usual import stands_for

    job = work.job
    others = sorted(set(work.how.values()))
    under = f" ({listed(others)} where that does not run)" if others else ""
    said = [f"In {job.precision} with {work.runtime}{under}"]
    if job.height and job.width:
        said.append(f"{float(job.width):g}x{float(job.height):g} pixels")
    for name, noun in (
        ("steps", "steps"),
        ("seq_len", "tokens a sequence"),
        ("input_tokens", "tokens in"),
        ("output_tokens", "tokens out"),
    ):
        value = getattr(job, name)
        if value:
            said.append(f"{float(value):,g} {noun}")
    said[-1] += "; estimated by the fitted cost model, with 90 % intervals, in the best batch that fits."
    return " ".join(part for part in (", ".join(said), stands_for(job.workload)) if part)


def price_notes(comparison: Comparison) -> tuple[str, ...]:
    """When the current prices were read, where any are."""
    days = sorted({day for market in comparison.view.markets.values() for day in market.read()})
    if not days:
        return ()
    span = days[0].isoformat() if len(days) == 1 else f"from {days[0].isoformat()} to {days[-1].isoformat()}"
    return (f"Prices to rent without a date of their own were read {span}.",)


def work_rows(comparison: Comparison, work: Work) -> list[Row]:
    """The rows of one workload."""
    return [
        row
        for row in comparison.rows
        if row.field.startswith(f"{work.field}.") and _of(row, work, comparison)
    ]


def _of(row: Row, work: Work, comparison: Comparison) -> bool:
    """Whether a row is this workload's, not that of one whose id starts alike (`x` and `x.train`)."""
    longer = [other.field for other in comparison.view.works if other.field.startswith(f"{work.field}.")]
    return not any(row.field.startswith(f"{field}.") for field in longer)


def spec_rows(comparison: Comparison) -> list[Row]:
    """The rows of the devices themselves: neither prices, nor workloads, nor what each holds."""
    works = tuple(f"{work.field}." for work in comparison.view.works)
    return [
        row
        for row in comparison.rows
        if row.group not in (PRICES, FITS, SOFTWARE) and not row.field.startswith(works or "\0")
    ]


def _spec_tables(comparison: Comparison) -> Iterator[Table]:
    yield from _tables(comparison, "", spec_rows(comparison), spec_notes(comparison), grouped=True)


def spec_notes(comparison: Comparison) -> tuple[str, ...]:
    """What the marks of the cells mean."""
    view = comparison.view
    cells = [cell for row in spec_rows(comparison) for cell in row.cells.values()]
    drawn = {shown(comparison, row, key) for row in spec_rows(comparison) for key in comparison.gpus}
    notes = [f"{WITHOUT} not in its hardware, or does not apply to it."] if WITHOUT in drawn else []
    if any(
        shown(comparison, row, key) == UNCOUNTED and key not in row.cells
        for row in spec_rows(comparison)
        for key in comparison.gpus
    ):
        notes.append(f"{UNCOUNTED} where others count: it has them, and its maker counts them not apart.")
    if NOT_READ in drawn:
        notes.append(f"{NOT_READ} not published, or not read in any source.")
    notes.append("Rates are dense peaks.")
    if len(view.ids) > 2:
        notes.append(f"{_BEST} the best of those compared.")
    if any(cell.weak for cell in cells):
        notes.append(f"{_WEAK} follows by formula; no source states it.")
    if any(gpu.confidence for gpu in view.gpus):
        notes.append(f"{_LOW} low confidence.")
    if len({gpu.architecture for gpu in view.gpus}) > 1:
        notes.append("Units, clocks and bus are not ranked across architectures.")
    return (" ".join(notes),)


def _tables(
    comparison: Comparison, title: str, rows: Sequence[Row], notes: Sequence[str], *, grouped: bool = False
) -> Iterator[Table]:
    """One table, or several beside whose field columns stand a few GPUs each; none without rows."""
    if not rows:
        return
    ids = comparison.gpus
    parts = -(-len(ids) // _ABREAST)
    size = -(-len(ids) // parts)
    for start in range(0, len(ids), size):
        last = start + size >= len(ids)
        yield _table(
            comparison, title, rows, ids[start : start + size], notes if last else (), grouped=grouped
        )


def _table(
    comparison: Comparison, title: str, rows: Sequence[Row], shown: Sequence[str], notes: Sequence[str], *,
    grouped: bool,
) -> Table:  # fmt: skip
    view = comparison.view
    low = {gpu.id for gpu in view.gpus if gpu.confidence}
    names = [f"{view.names[key]}{f' {_LOW}' if key in low else ''}" for key in shown]
    columns = [Column(""), *map(Column, names), *([Column("Ahead")] if view.pair else [])]
    drawn: list[tuple[str, ...]] = []
    group = ""
    for row in rows:
        if grouped and row.group != group:
            group = row.group
            drawn.append((group,))
        drawn.append(_row(comparison, row, shown))
    return Table.of(title, columns, drawn, notes)


def _row(comparison: Comparison, row: Row, keys: Sequence[str]) -> tuple[str, ...]:
    best = row.best(comparison.gpus)
    values = [shown(comparison, row, key) for key in keys]
    if comparison.view.pair:
        return (row.label, *values, ahead(comparison, row))
    marked = (f"{text} {_BEST}" if key == best else text for key, text in zip(keys, values, strict=True))
    return (row.label, *marked)


def shown(comparison: Comparison, row: Row, key: str) -> str:
    """What a cell of a GPU shows, or why it has none: what its hardware lacks was not left unread."""
    cell = row.cells.get(key)
    if cell is None and row.field in FIELDS:
        gpu = next(gpu for gpu in comparison.view.gpus if gpu.id == key)
        why = blank(gpu, row.field)
        if why is not None and why.answer == APPLIES:
            return UNCOUNTED if why.has else WITHOUT
    return cell_text(cell)


def cell_text(cell: Cell | None) -> str:
    """What a cell shows, with the mark of a value that only follows by formula."""
    if cell is None:
        return NOT_READ
    return (
        f"{cell.text}{_WEAK}"
        if cell.weak and cell.source == "derived" and cell.kind == "derived"
        else cell.text
    )


def ahead(comparison: Comparison, row: Row) -> str:
    """Of two: who is better and by what ratio; `equal`, or empty where neither way is better."""
    ratio = row.ratio(comparison.gpus)
    if ratio is None:
        return ""
    best = row.best(comparison.gpus)
    return f"{comparison.view.words[best]} {ratio_words(ratio)}" if best else "equal"
