"""Text: aligned columns and wrapped paragraphs, nothing imported but the standard library.

`lines` is the one place that sets out a report; each line says what it is, so that the terminal can
colour it and plain text can leave it at that.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from whichgpu.errors import printable
from whichgpu.report.table import GAP, Bullets, Heading, References, Table, cell, layout, notes
from whichgpu.report.wrapping import wrap
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from whichgpu.report.chart import Bars, Chart
    from whichgpu.report.table import Block, Column

#: Paragraphs are not set wider than this, however wide the terminal.
PARAGRAPH = 100


class Line(NamedTuple):
    """One line and its role: heading, title, header, rule, group, strong, note, chart, or nothing special.

    A line of a chart has box characters, for which `plot.ascii` has plain ones.
    """

    text: str
    role: str = ""


def render(blocks: Iterable[Block], width: int = 120) -> str:
    """The blocks as plain text with a newline at the end."""
    return "".join(f"{plain(line)}\n" for line in lines(blocks, width))


def plain(line: Line) -> str:
    """A line without box characters."""
    if line.role != "chart":
        return line.text
    from whichgpu.report.plot import ascii

    return ascii(line.text)


def lines(blocks: Iterable[Block], width: int) -> Iterator[Line]:
    """Every line of the blocks, an empty one between blocks."""
    for index, block in enumerate(blocks):
        if index:
            yield Line("")
        yield from (Line(printable(line.text), line.role) for line in _lines(block, width))


def _lines(block: Block, width: int) -> Iterator[Line]:
    if isinstance(block, Table):
        yield from _table(block, width)
    elif isinstance(block, Heading):
        yield from (Line(block.text, "heading"), Line("=" * len(block.text), "rule"))
    elif isinstance(block, Bullets):
        for item in block.items:
            yield from map(Line, _paragraph(item, width, first="- ", rest="  "))
    elif isinstance(block, References):
        for text in block.lines():
            yield from map(Line, _paragraph(text, width, rest="   "))
    elif isinstance(block, str):
        yield from map(Line, _paragraph(block, width))
    else:
        yield from _chart(block, width)


def _chart(chart: Chart | Bars, width: int) -> Iterator[Line]:
    from whichgpu.report import plot
    from whichgpu.report.chart import Bars

    yield from (Line(chart.title, "title"), Line(""))
    if isinstance(chart, Bars):
        yield from (Line(text, "chart") for text in plot.bars(chart, min(width, PARAGRAPH)))
        return
    yield from (Line(text, "chart") for text in plot.lines(chart, width))
    for note in chart.notes:
        yield from (Line(text, "note") for text in _paragraph(note, width))


def _paragraph(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """At most `PARAGRAPH` wide; a word longer than a line stays whole."""
    return wrap(text, min(width, PARAGRAPH), first, rest, cut=False)


def _table(table: Table, width: int) -> Iterator[Line]:
    plan = layout(table, width)
    columns = [table.columns[i] for i in plan.indexes]
    if table.title:
        yield from (Line(table.title, "title"), Line(""))
    if any(column.title for column in columns):
        yield from _row([column.title for column in columns], columns, plan.widths, "header")
        yield Line((" " * GAP).join("-" * size for size in plan.widths), "rule")
    for index, row in enumerate(table.rows):
        if len(row) == 1 and len(table.columns) > 1:
            yield from ([Line("")] if index else [])
            yield Line(row[0] or "", "group")
        else:
            role = "strong" if index in table.strong else ""
            yield from _row([cell(row[i]) for i in plan.indexes], columns, plan.widths, role)
    for index, note in enumerate(notes(table, plan)):
        yield from ([] if index else [Line("")])
        yield from (Line(text, "note") for text in _paragraph(note, width))


def _row(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int], role: str) -> Iterator[Line]:
    wrapped = [_wrapped(text, width) for text, width in zip(cells, widths, strict=True)]
    for line in zip_longest(*wrapped, fillvalue=""):
        parts = (
            part.rjust(width) if column.align == "right" else part.ljust(width)
            for part, column, width in zip(line, columns, widths, strict=True)
        )
        yield Line((" " * GAP).join(parts).rstrip(), role)


def _wrapped(text: str, width: int) -> list[str]:
    """A cell as lines no longer than `width`, split at spaces, and inside a word only if it must be."""
    if len(text) <= width:
        return [text]
    fitted = (_broken(word, width) if len(word) > width else word for word in text.split(" "))
    return wrap(" ".join(fitted), width) or [""]


def _broken(word: str, width: int) -> str:
    """A name that is longer than a line in pieces that end at its underscores or strokes, as fit in each."""
    pieces = [""]
    for part in word.replace("_", "_ ").replace("/", "/ ").split():
        if len(pieces[-1]) + len(part) > width:
            pieces.append("")
        pieces[-1] += part
    return " ".join(filter(None, pieces))
