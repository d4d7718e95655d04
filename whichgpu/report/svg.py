"""A chart as SVG, one drawing a panel: no script, no font, no address outside of it.

Colours come from classes, `STYLE`, so that the page's light or dark holds; a series has a shape of its own
as well, since colours are not for everyone. Every mark says what it is in a `<title>`.
"""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from whichgpu.report.chart import tick
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.report.chart import Axis, Bar, Bars, Chart, Group, Panel, Point

_WIDTH, _HEIGHT = 520.0, 400.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 14.0, 44.0, 46.0
#: Width of a drawing of bars, of which the figure at a bar's end has a part at least, and the longest bar
#: one; height of a row.
_NARROW, _FIGURE, _LONGEST, _ROW = 360.0, 130.0, 60.0, 18.0
#: Radii of the smallest and of the largest mark, whose areas go with their shares.
_SMALL, _LARGE = 3.5, 15.0
#: So many marks of a panel have their name beside them.
_NAMED = 4
#: Names keep clear of the marks from this share on.
_LARGE_SHARE = 0.02
#: Width of a letter at the size of labels, and height of a line of them.
_LETTER, _LINE = 6.2, 12.0
#: Okabe and Ito's colours, told apart by the colour-blind, in a lighter and a darker shade each.
_COLOURS = (
    ("#0072b2", "#56b4e9"), ("#d55e00", "#ff8c42"), ("#007f5f", "#2ec4a0"), ("#a8478a", "#e39bc9"),
    ("#8a6d00", "#e6c229"), ("#555555", "#bbbbbb"),
)  # fmt: skip
#: Shades of steps of one thing.
_STEPS = 4
_SHAPES = ("circle", "square", "diamond", "triangle", "cross", "ring")


def style() -> str:
    """The rules that the drawings need, for the head of a page."""
    light = "".join(f".s{i}{{--c:{one}}}" for i, (one, _) in enumerate(_COLOURS))
    dark = "".join(f".s{i}{{--c:{one}}}" for i, (_, one) in enumerate(_COLOURS))
    steps = "".join(f".step{i}{{fill-opacity:{(i + 1) / (_STEPS + 1):g}}}" for i in range(_STEPS))
    return (
        ".chart{display:flex;flex-wrap:wrap;gap:1rem;align-items:flex-start}"
        ".chart svg{flex:1 1 20rem;max-width:44rem;height:auto}"
        ".chart.bars svg{flex:0 1 26rem;min-width:0}.bars text{font-size:12px}"
        ".bars .whisker{stroke:var(--text);stroke-width:1.2;fill:none}.chart.bars .label{font-weight:600}"
        ".chart text{fill:var(--text);font:11px system-ui,sans-serif}"
        ".chart .title{font-weight:600;font-size:13px}.chart .grid{stroke:var(--line);stroke-width:1}"
        ".chart .roof{stroke:var(--c,var(--text));stroke-width:1.8;fill:none}"
        ".chart .name{paint-order:stroke;stroke:var(--page);stroke-width:3px;stroke-linejoin:round}"
        ".mark{fill:var(--c);fill-opacity:.62;stroke:var(--c);stroke-width:1.2}"
        f"{steps}"
        ".mark.open{fill:none;stroke-width:2}.legend svg{width:1em;height:1em;vertical-align:-.1em}"
        ".legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;padding:0}"
        "@media(max-width:30rem){.chart:not(.bars) text{font-size:17px}}"
        f"{light}@media screen and (prefers-color-scheme:dark){{{dark}}}"
    )


def figure(chart: Chart) -> str:
    """The chart as a `<figure>`: its panels, the legend, its summary as the caption."""
    panels = "".join(_panel(chart, panel, index) for index, panel in enumerate(chart.panels))
    legend = _legend([name for name, _ in chart.series])
    return f'<figure><div class="chart">{panels}</div>{legend}{_caption(chart.summary)}</figure>'


def bars(chart: Bars) -> str:
    """Bars as a `<figure>`: two drawings of half of the groups each, one below the other where narrow."""
    half = -(-len(chart.groups) // 2)
    columns = [chart.groups[:half], chart.groups[half:]]
    drawn = "".join(_column(chart, part, index) for index, part in enumerate(columns) if part)
    return (
        f'<figure><div class="chart bars">{drawn}</div>{_legend(chart.series, _kinds(chart))}'
        f"{_caption(chart.summary)}</figure>"
    )


def _column(chart: Bars, groups: Sequence[Group], index: int) -> str:
    """One drawing: under the label of each group its bars, each with its figure at its end."""
    parts: list[str] = []
    y = 0.0
    longest = max((len(bar.text) for group in chart.groups for bar in group.bars), default=0)
    room = max(_FIGURE, longest * _LETTER + 10.0)
    # Behind bars of some length a long figure takes a wider drawing.
    width = max(_NARROW, room + _LONGEST)
    for group in groups:
        parts.append(f'<text class="label" x="0" y="{y + 14:g}">{escape(group.label)}</text>')
        y += 20.0
        for bar in group.bars:
            scale = (width - room) / group.top
            parts.append(_bar(bar, _kinds(chart)[chart.series.index(bar.series)], scale, y))
            y += _ROW
        y += 10.0
    name = f"{slug(chart.title)}-{index}"
    return (
        f'<svg viewBox="0 0 {width:g} {y:g}" role="img" aria-labelledby="{name}">'
        f'<title id="{name}">{escape(chart.title)}: {escape(", ".join(one.label for one in groups))}</title>'
        f"{''.join(parts)}</svg>"
    )


def _kinds(chart: Bars) -> list[str]:
    """The colours of the bars of each series: each its own; of steps of one thing, the darker the further."""
    count = len(chart.series)
    if chart.steps:
        return [f"s0 step{min(index, _STEPS - 1)}" for index in range(count)]
    return [f"s{index % len(_COLOURS)}" for index in range(count)]


def _bar(bar: Bar, kind: str, scale: float, y: float) -> str:
    middle = y + _ROW / 2 - 1
    whisker = (
        f'<path class="whisker" d="M{bar.low * scale:.1f} {middle:g}H{bar.high * scale:.1f}'
        f'm0 -3v6M{bar.low * scale:.1f} {middle - 3:g}v6"/>'
        if bar.high > bar.low
        else ""
    )
    end = max(bar.value, bar.high) * scale
    return (
        f"<g><title>{escape(f'{bar.series}: {bar.text}')}</title>"
        f'<rect class="mark {kind}" x="0" y="{y:g}" height="{_ROW - 4:g}" '
        f'width="{max(bar.value * scale, 1):.1f}"/>{whisker}'
        f'<text x="{end + 5:.1f}" y="{middle + 4:g}">{escape(bar.text)}</text></g>'
    )


def slug(text: str) -> str:
    """A name for an anchor: lower case, words joined by hyphens."""
    return "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split())


def _legend(names: Sequence[str], kinds: Sequence[str] = ()) -> str:
    """The names with their marks; bars, whose `kinds` of colour are given, have no shape of their own."""
    marks = map(_box, kinds) if kinds else (_shape(index, 0, 0, 6.0) for index, _ in enumerate(names))
    keys = "".join(
        f'<li><svg viewBox="-8 -8 16 16" aria-hidden="true">{mark}</svg> {escape(name)}</li>'
        for mark, name in zip(marks, names, strict=True)
    )
    return f'<ul class="legend">{keys}</ul>' if keys else ""


def _box(kind: str) -> str:
    return f'<rect class="mark {kind}" x="-6" y="-6" width="12" height="12"/>'


def _caption(text: str) -> str:
    return f"<figcaption>{escape(text)}</figcaption>" if text else ""


def _panel(chart: Chart, panel: Panel, index: int) -> str:
    inside = "".join((*_frame(chart), *_roofs(chart, panel), *_marks(chart, panel)))
    name = f"{slug(chart.title)}-{index}"
    return (
        f'<svg viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" aria-labelledby="{name}">'
        f'<title id="{name}">{escape(f"{panel.title}: {chart.title}")}</title>'
        f'<text class="title" x="{_LEFT:g}" y="16">{escape(panel.title)}</text>{inside}</svg>'
    )


def _x(chart: Chart, value: float) -> float:
    return _LEFT + chart.x.place(value) * (_WIDTH - _LEFT - _RIGHT)


def _y(chart: Chart, value: float) -> float:
    return _HEIGHT - _BOTTOM - chart.y.place(value) * (_HEIGHT - _TOP - _BOTTOM)


def _frame(chart: Chart) -> Iterator[str]:
    """Grid, labels of the ticks, titles of the axes."""
    left, right, bottom = _LEFT, _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    for value in chart.x.ticks():
        x = _x(chart, value)
        yield f'<path class="grid" d="M{x:.1f} {_TOP:g}V{bottom:g}"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 15:g}" text-anchor="middle">{tick(value)}</text>'
    for value in chart.y.ticks():
        y = _y(chart, value)
        yield f'<path class="grid" d="M{left:g} {y:.1f}H{right:g}"/>'
        yield f'<text x="{left - 6:g}" y="{y + 4:.1f}" text-anchor="end">{tick(value)}</text>'
    middle = (left + right) / 2
    yield f'<text x="{middle:g}" y="{_HEIGHT - 10:g}" text-anchor="middle">{_titled(chart.x)}</text>'
    height = (_TOP + bottom) / 2
    yield (
        f'<text x="13" y="{height:g}" text-anchor="middle" transform="rotate(-90 13 {height:g})">'
        f"{_titled(chart.y)}</text>"
    )


def _titled(axis: Axis) -> str:
    return escape(f"{axis.title} ({axis.unit})")


def _roofs(chart: Chart, panel: Panel) -> Iterator[str]:
    """The lines, each in the colour of its bars where they are of several GPUs, then their names."""
    coloured = len(panel.lines) > 1 and not panel.points
    for index, line in enumerate(panel.lines):
        places = " ".join(f"{_x(chart, x):.1f},{_y(chart, y):.1f}" for x, y in line.points)
        kind = f"roof s{index % len(_COLOURS)}" if coloured else "roof"
        yield f'<polyline class="{kind}" points="{places}"/>'
    ends = {
        line.label: (_x(chart, line.points[-1][0]), _y(chart, line.points[-1][1])) for line in panel.lines
    }
    taken: list[float] = []
    for label, (x, y) in sorted(ends.items(), key=lambda end: end[1][1]):
        place = _clear(y, taken, [other for _, other in ends.values() if other != y])
        taken.append(place)
        yield f'<text class="name" x="{x - 4:.1f}" y="{place:.1f}" text-anchor="end">{escape(label)}</text>'


def _clear(y: float, names: list[float], lines: list[float]) -> float:
    """Where the name of a line stands: above it, below it where another line or name is there."""
    above, below = y - 6, y + 14
    free = (
        place
        for place in (above, below)
        if all(abs(place - other) >= _LINE for other in names)
        and not any(place - _LINE < other < place + 3 for other in lines)
    )
    return next(free, max([below, *(other + _LINE for other in names)]))


def _marks(chart: Chart, panel: Panel) -> Iterator[str]:
    """The marks, the largest first so that none hides a smaller one, then the names of the largest."""
    order = {name: index for index, (name, _) in enumerate(chart.series)}
    largest = sorted(panel.points, key=lambda one: -one.share)
    for point in largest:
        shape = _shape(order[point.series], _x(chart, point.x), _y(chart, point.y), _radius(point))
        yield f"<g><title>{escape(point.label)}</title>{shape}</g>"
    yield from _names(chart, largest)


def _names(chart: Chart, points: list[Point]) -> Iterator[str]:
    """Names beside the largest marks; none where it would lie over a mark or another name."""
    taken = [_around(chart, point) for point in points if point.share >= _LARGE_SHARE]
    for point in points[:_NAMED]:
        text = point.label.partition(":")[0]
        for box in _beside(_around(chart, point), _LETTER * len(text)):
            if box.left > _LEFT and box.right < _WIDTH - _RIGHT and not any(map(box.meets, taken)):
                taken.append(box)
                yield f'<text class="name" x="{box.left:.1f}" y="{box.bottom - 3:.1f}">{escape(text)}</text>'
                break


class _Box(NamedTuple):
    """A rectangle of the drawing."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: _Box) -> bool:
        """Whether two rectangles overlap."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


def _around(chart: Chart, point: Point) -> _Box:
    x, y, r = _x(chart, point.x), _y(chart, point.y), _radius(point)
    return _Box(x - r, y - r, x + r, y + r)


def _beside(mark: _Box, long: float) -> Iterator[_Box]:
    """Where a name of some length may stand: right, left, below, above."""
    x, y, high = (mark.left + mark.right) / 2, (mark.top + mark.bottom) / 2, 13.0
    yield _Box(mark.right + 4, y - high / 2, mark.right + 4 + long, y + high / 2)
    yield _Box(mark.left - 4 - long, y - high / 2, mark.left - 4, y + high / 2)
    for row in (mark.bottom + 2, mark.bottom + 2 + high, mark.top - 2 - high):
        yield _Box(x - long / 2, row, x + long / 2, row + high)


def _radius(point: Point) -> float:
    return _SMALL + (_LARGE - _SMALL) * math.sqrt(point.share)


def _shape(index: int, x: float, y: float, r: float) -> str:
    """The mark of a series around a point; areas are alike."""
    colour, shape = index % len(_COLOURS), _SHAPES[index % len(_SHAPES)]
    if shape in ("circle", "ring"):
        open_ = " open" if shape == "ring" else ""
        return f'<circle class="mark s{colour}{open_}" cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}"/>'
    paths = {
        "square": f"m{-0.89 * r:.1f} {-0.89 * r:.1f}h{1.77 * r:.1f}v{1.77 * r:.1f}h{-1.77 * r:.1f}z",
        "diamond": f"m0 {-1.25 * r:.1f}l{1.25 * r:.1f} {1.25 * r:.1f}l{-1.25 * r:.1f} {1.25 * r:.1f}"
                   f"l{-1.25 * r:.1f} {-1.25 * r:.1f}z",
        "triangle": f"m0 {-1.35 * r:.1f}l{1.25 * r:.1f} {2.25 * r:.1f}h{-2.5 * r:.1f}z",
        "cross": f"m{-r:.1f} {-r:.1f}l{2 * r:.1f} {2 * r:.1f}m0 {-2 * r:.1f}l{-2 * r:.1f} {2 * r:.1f}",
    }  # fmt: skip
    open_ = " open" if shape == "cross" else ""
    return f'<path class="mark s{colour}{open_}" d="M{x:.1f} {y:.1f}{paths[shape]}"/>'
