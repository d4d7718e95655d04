"""Markdown: the same blocks for a README, an issue or an article."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.report import plot
from whichgpu.report.chart import Bars, Chart
from whichgpu.report.table import Bullets, Cited, Heading, References, Table, cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whichgpu.report.table import Block

#: Columns of a chart.
_WIDTH = 100


def render(blocks: Iterable[Block]) -> str:
    """The blocks as Markdown, with a newline at the end."""
    return "\n\n".join("\n".join(_lines(block)) for block in blocks) + "\n"


def _lines(block: Block) -> Iterator[str]:
    if isinstance(block, Table):
        yield from _table(block)
    elif isinstance(block, Chart):
        yield from _drawn(block.title, plot.lines(block, _WIDTH), (block.summary, *block.notes))
    elif isinstance(block, Bars):
        yield from _drawn(block.title, plot.bars(block, _WIDTH), (block.summary,))
    elif isinstance(block, Heading):
        yield f"## {block.text}"
    elif isinstance(block, References):
        yield from block.lines()
    elif isinstance(block, Bullets):
        yield from (f"- {_said(item)}" for item in block.items)
    else:
        yield _said(block)


def _said(text: str) -> str:
    """A sentence, with the numbers of its sources in brackets behind it."""
    refs = text.refs if isinstance(text, Cited) else ()
    return f"{text} [{', '.join(map(str, refs))}]" if refs else text


def _drawn(title: str, lines: Iterable[str], notes: Iterable[str]) -> Iterator[str]:
    """A chart as text, which every reader of Markdown shows as it is."""
    yield from (f"**{_escape(title)}**", "", "```text", *lines, "```")
    for note in notes:
        yield from ("", f"*{_escape(note)}*") if note else ()


def _table(table: Table) -> Iterator[str]:
    if table.title:
        yield from (f"**{_escape(table.title)}**", "")
    yield _row([column.title for column in table.columns])
    yield _row(["---:" if column.align == "right" else "---" for column in table.columns])
    for row in table.rows:
        if len(row) == 1 and len(table.columns) > 1:
            yield _row([f"**{_escape(row[0] or '')}**", *[""] * (len(table.columns) - 1)])
        else:
            yield _row([_escape(cell(value)) for value in row])
    for note in table.notes:
        yield from ("", f"*{_escape(note)}*")


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escape(text: str) -> str:
    """A cell must not end its own column."""
    return text.replace("|", "\\|").replace("\n", " ")
