"""A `Comparison` as a report for the terminal, and as a Markdown article with numbered sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.facts import reading
from whichgpu.planner.comparison.words import ratio_words
from whichgpu.report import markdown
from whichgpu.report.table import Bullets, Column, Heading, Report, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from whichgpu.facts.model import Source
    from whichgpu.planner.comparison.model import Cell, Comparison, Row, Sentence
    from whichgpu.planner.comparison.work import Work
    from whichgpu.report.table import Block

#: What stands for a value that no source was read for.
NOT_READ = "–"
#: More columns than this do not fit a narrow terminal, so the table is drawn in parts.
_ABREAST = 4
#: A longer title does not fit a narrow terminal.
_TITLE = 78
_BEST, _WEAK, _LOW = "*", "°", "?"
_PRICES = "price per GPU and hour"
_TOPICS_OF_PRICES = ("price", "worth", "buy")


def report(comparison: Comparison) -> Report:
    """The comparison as a person reads it in a terminal: answer, tables, sentences, verdicts."""
    return Report({**comparison.to_dict(), "format": "table"}, tuple(_blocks(comparison)))


def _blocks(comparison: Comparison) -> Iterator[Block]:
    yield Heading(
        comparison.title if len(comparison.title) <= _TITLE else f"{len(comparison.gpus)} GPUs compared"
    )
    yield comparison.answer.text
    yield from _spec_tables(comparison)
    yield Heading("What the figures say")
    yield _bullets(one for one in comparison.takeaways if one.topic not in _TOPICS_OF_PRICES)
    yield Heading("Prices")
    yield from _tables(comparison, "", [row for row in comparison.rows if row.group == _PRICES], ())
    yield _bullets(one for one in comparison.takeaways if one.topic in _TOPICS_OF_PRICES)
    for work in comparison.view.works:
        yield Heading(_work_title(work))
        yield _job(work)
        yield from _tables(comparison, "", _work_rows(comparison, work), ())
        yield _bullets(work.sentences)
    yield Heading("Which for what")
    yield _bullets(comparison.verdicts)


def _bullets(sentences: Iterator[Sentence] | Sequence[Sentence]) -> Bullets:
    return Bullets(tuple(one.text for one in sentences))


def _work_title(work: Work) -> str:
    return f"{work.name}: {work.job.phase}"


def _job(work: Work) -> str:
    """What exactly was estimated, and by what."""
    job = work.job
    said = [f"In {job.precision} with {work.runtime}"]
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
    return ", ".join(said)


def _work_rows(comparison: Comparison, work: Work) -> list[Row]:
    return [
        row
        for row in comparison.rows
        if row.field.startswith(f"{work.field}.") and _of(row, work, comparison)
    ]


def _of(row: Row, work: Work, comparison: Comparison) -> bool:
    """Whether a row is this workload's, not that of one whose id starts alike (`x` and `x.train`)."""
    longer = [other.field for other in comparison.view.works if other.field.startswith(f"{work.field}.")]
    return not any(row.field.startswith(f"{field}.") for field in longer)


def _spec_rows(comparison: Comparison) -> list[Row]:
    works = tuple(f"{work.field}." for work in comparison.view.works)
    return [
        row for row in comparison.rows if row.group != _PRICES and not row.field.startswith(works or "\0")
    ]


def _spec_tables(comparison: Comparison) -> Iterator[Table]:
    yield from _tables(comparison, "", _spec_rows(comparison), _notes(comparison), grouped=True)


def _notes(comparison: Comparison) -> tuple[str, ...]:
    view = comparison.view
    cells = [cell for row in _spec_rows(comparison) for cell in row.cells.values()]
    notes = [f"{NOT_READ} not read in any source. Rates are dense peaks."]
    if not view.pair:
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
    """One table, or several beside whose field columns stand a few GPUs each."""
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
        drawn.append(_row(comparison, row, shown, _marked))
    return Table.of(title, columns, drawn, notes)


def _row(
    comparison: Comparison, row: Row, shown: Sequence[str], mark: Callable[[str, bool], str]
) -> tuple[str, ...]:
    best = row.best(comparison.gpus)
    values = [_text(row.cells.get(key)) for key in shown]
    if comparison.view.pair:
        return (row.label, *values, ahead(comparison, row))
    return (row.label, *(mark(text, key == best) for key, text in zip(shown, values, strict=True)))


def _text(cell: Cell | None) -> str:
    if cell is None:
        return NOT_READ
    return (
        f"{cell.text}{_WEAK}"
        if cell.weak and cell.source == "derived" and cell.kind == "derived"
        else cell.text
    )


def _marked(text: str, best: bool) -> str:
    return f"{text} {_BEST}" if best else text


def ahead(comparison: Comparison, row: Row) -> str:
    """Of two: who is better and by what ratio; `equal`, or empty where neither way is better."""
    ratio = row.ratio(comparison.gpus)
    if ratio is None:
        return ""
    best = row.best(comparison.gpus)
    return f"{comparison.view.words[best]} {ratio_words(ratio)}" if best else "equal"


def article(comparison: Comparison) -> str:
    """The comparison as a Markdown article: title, answer, tables with numbered sources, sentences."""
    sources = _Sources()
    blocks: list[Block] = [
        f"# {comparison.title}", comparison.answer.text, Heading("Specifications"),
        _sourced(comparison, _spec_rows(comparison), sources, _notes(comparison), grouped=True),
        Heading("What the figures say"),
        _bullets(one for one in comparison.takeaways if one.topic not in _TOPICS_OF_PRICES),
        Heading("Prices"),
        _sourced(comparison, [row for row in comparison.rows if row.group == _PRICES], sources, ()),
        _bullets(one for one in comparison.takeaways if one.topic in _TOPICS_OF_PRICES),
    ]  # fmt: skip
    for work in comparison.view.works:
        rows = _work_rows(comparison, work)
        blocks += [
            Heading(_work_title(work)),
            _job(work),
            _sourced(comparison, rows, sources, ()),
            _bullets(work.sentences),
        ]
    blocks += [Heading("Which for what"), _bullets(comparison.verdicts), Heading("Sources")]
    read = (
        f"Prices and figures as stored on {comparison.view.today.isoformat()}; the date of each price "
        "stands with it."
    )
    return markdown.render([*blocks, "\n".join(sources.lines()), read])


class _Sources:
    """Numbers for sources, in the order in which they are first cited."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def cite(self, row: Row, ids: Sequence[str]) -> str:
        keys = {key for one in ids if (cell := row.cells.get(one)) for key in _keys(cell)}
        numbers = sorted(self.numbers.setdefault(key, len(self.numbers) + 1) for key in sorted(keys))
        return ", ".join(map(str, numbers))

    def lines(self) -> Iterator[str]:
        from whichgpu.prices.store import sources

        known = {**reading.sources(), **sources(), **_link_sources(self.numbers)}
        for key, number in self.numbers.items():
            source = known.get(key)
            if source is None:
                yield f"{number}. {_OWN.get(key, key)}"
                continue
            where = f", <{source.url}>" if source.url else ""
            read = f", read {source.accessed}" if source.accessed else ""
            yield f"{number}. {source.title}{where} ({source.kind}{read})"


_OWN = {
    "derived": "Follows by formula from the other rows",
    "catalogue": "The catalogue of whichgpu",
    "architectures:": "The architecture tables of whichgpu",
    "offers": "The offers of the price table",
    "cost": "The cost model of whichgpu: rooflines fitted to published measurements, 90 % intervals",
}


def _link_sources(cited: dict[str, int]) -> dict[str, Source]:
    if not any(key not in reading.sources() for key in cited):
        return {}
    from whichgpu.hardware.boxes import link_sources

    return dict(link_sources())


def _keys(cell: Cell) -> tuple[str, ...]:
    return tuple(part for part in cell.source.partition(" ")[0].split(";") if part)


def _sourced(
    comparison: Comparison,
    rows: Sequence[Row],
    sources: _Sources,
    notes: Sequence[str],
    *,
    grouped: bool = False,
) -> Table:
    view = comparison.view
    names = [view.names[key] for key in comparison.gpus]
    columns = [Column(""), *map(Column, names), *([Column("Ahead")] if view.pair else []), Column("Source")]
    drawn: list[tuple[str, ...]] = []
    group = ""
    for row in rows:
        if grouped and row.group != group:
            group = row.group
            drawn.append((group,))
        drawn.append((*_row(comparison, row, comparison.gpus, _bold), sources.cite(row, comparison.gpus)))
    return Table.of("", columns, drawn, notes)


def _bold(text: str, best: bool) -> str:
    return f"**{text}**" if best else text
