"""A chart as lines of text, in as many columns as there are.

Marks are the letters of their series, in upper case where they have a tenth of the whole or more. Lines and
axes are box characters; `ascii` puts plain ones in their place.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from whichgpu.planner.comparison.words import plain_number
from whichgpu.report.chart import tick

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.report.chart import Bar, Bars, Chart, Panel

#: Columns of the y labels; rows of a plot, columns of one alone, beside another, and at most; the gap.
_LABELS, _ROWS, _NARROWEST, _BESIDE, _WIDEST, _GAP = 5, 15, 24, 36, 60, 3
#: Columns of the longest bar, at least.
_SHORTEST = 10
_LARGE = 0.1
_PLAIN = str.maketrans({"─": "-", "│": "|", "└": "+", "┤": "+", "┬": "+", "╱": "/"})

Grid = list[list[str]]


def ascii(line: str) -> str:
    """The line without box characters, as many columns wide."""
    return line.translate(_PLAIN)


def lines(chart: Chart, width: int) -> Iterator[str]:
    """The panels, side by side where `width` columns are enough and else below each other, and the legend."""
    many = len(chart.panels)
    side = (width - _GAP * (many - 1)) // many - _LABELS - 1
    beside = side >= _BESIDE
    columns = max(_NARROWEST, min(_WIDEST, side if beside else width - _LABELS - 1))
    drawn = [_panel(chart, panel, columns) for panel in chart.panels]
    yield f"{chart.y.unit} against {chart.x.unit}"
    for group in [drawn] if beside else [[one] for one in drawn]:
        yield ""
        for parts in zip_longest(*group, fillvalue=""):
            yield (" " * _GAP).join(part.ljust(columns + _LABELS + 1) for part in parts).rstrip()
    yield ""
    yield "  ".join(f"{letter} {name}" for name, letter in chart.series)


def bars(chart: Bars, width: int) -> Iterator[str]:
    """Every bar on a line under its group: its series, its length in `#`, its figure and interval."""
    names = max(map(len, chart.series), default=0)
    figures = max((len(_figure(bar)) for group in chart.groups for bar in group.bars), default=0)
    columns = max(_SHORTEST, min(_WIDEST, width - names - figures - 2 * _GAP))
    for group in chart.groups:
        yield group.label
        for bar in group.bars:
            drawn = "#" * round(bar.value / group.top * columns)
            yield f"  {bar.series:{names}}  {drawn:{columns}} {_figure(bar)}".rstrip()


def _figure(bar: Bar) -> str:
    """A bar's figure, with the interval that a drawing shows as a line."""
    if bar.low == bar.high:
        return bar.text
    return f"{bar.text} ({plain_number(bar.low)} to {plain_number(bar.high)})"


def _panel(chart: Chart, panel: Panel, columns: int) -> list[str]:
    grid = [[" "] * columns for _ in range(_ROWS)]
    for line in panel.lines:
        for start, end in zip(line.points, line.points[1:], strict=False):
            _stroke(grid, _cell(chart, start, columns), _cell(chart, end, columns))
    marks = dict(chart.series)
    for point in sorted(panel.points, key=lambda one: one.share):
        row, column = _cell(chart, (point.x, point.y), columns)
        letter = marks[point.series]
        grid[row][column] = letter.upper() if point.share >= _LARGE else letter
    heights = {_cell(chart, (chart.x.low, value), columns)[0]: tick(value) for value in chart.y.ticks(7)}
    drawn = [
        f"{heights.get(row, ''):>{_LABELS}}{'┤' if row in heights else '│'}{''.join(cells)}"
        for row, cells in enumerate(grid)
    ]
    title = panel.title[: columns + _LABELS + 1]
    return [title, *drawn, *_foot(chart, columns)]


def _cell(chart: Chart, place: tuple[float, float], columns: int) -> tuple[int, int]:
    """Row from the top and column of a place on the axes."""
    x, y = place
    return round((1.0 - chart.y.place(y)) * (_ROWS - 1)), round(chart.x.place(x) * (columns - 1))


def _stroke(grid: Grid, start: tuple[int, int], end: tuple[int, int]) -> None:
    """A line between two cells: one mark a column, or one a row where it is steeper."""
    rows, columns = end[0] - start[0], end[1] - start[1]
    steps = max(abs(rows), abs(columns), 1)
    for step in range(steps + 1):
        row = round(start[0] + rows * step / steps)
        column = round(start[1] + columns * step / steps)
        grid[row][column] = "╱" if rows else "─"


def _foot(chart: Chart, columns: int) -> Sequence[str]:
    """The x axis and its labels, none over another."""
    rule, labels = ["─"] * columns, [" "] * (columns + _LABELS)
    free = 0
    for value in chart.x.ticks(max(2, columns // 6)):
        place, text = round(chart.x.place(value) * (columns - 1)), tick(value)
        start = max(0, min(place - len(text) // 2, columns - len(text)))
        if start < free:
            continue
        rule[place] = "┬"
        labels[start : start + len(text)] = text
        free = start + len(text) + 1
    return f"{'':{_LABELS}}└{''.join(rule)}", f"{'':{_LABELS + 1}}{''.join(labels)}".rstrip()
