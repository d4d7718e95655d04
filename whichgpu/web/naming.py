"""Where names stand in a chart, so that none is on a mark, a line or another name. Lengths are pixels."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from whichgpu.report.chart import Chart, Line, Panel, Point

    Box = tuple[float, float, float, float]
    Side = tuple[Literal["left", "right", "center"], int, int]

#: A mark from its middle, a line from its own; a letter across, half of one up.
_MARK, _LINE, _WIDE, _HALF = 5.0, 2.0, 5.6, 6.0
#: So far apart is a line looked at.
_STEP = 8.0
#: The sides of a mark where a name may stand, best first: how it is aligned, and from the middle.
_CORNERS: tuple[Side, ...] = (
    ("left", 8, -7), ("left", 8, 10), ("right", -8, -7), ("right", -8, 10), ("center", 0, -13),
    ("center", 0, 14), ("left", -5, -13), ("left", -5, 14),
)  # fmt: skip
_ABOVE: Side = ("right", -4, -8)
_BELOW: Side = ("right", -4, 10)
#: Under the beginning of a line, over it.
_BEGINNINGS: tuple[Side, ...] = (("left", 9, 12), ("left", 9, -9))
#: How much of a name stands before where it is put.
_BEFORE = {"left": 0.0, "center": 0.5, "right": 1.0}
#: Ends of lines nearer than this part of the axis have no room for their names; one lower has none below.
_APART, _LOW = 0.05, 0.06


class Place(NamedTuple):
    """A name, what it is of in the chart's own units, and on which side of that it stands."""

    name: str
    x: float
    y: float
    side: Side


def short(point: Point) -> str:
    """The name of a mark: what stands before the colon of what is said of it."""
    return point.label.partition(":")[0]


def told_apart(lines: Iterable[Line], chart: Chart) -> bool:
    """Whether the right ends of lines leave room for their names."""
    heights = sorted(chart.y.place(line.points[-1][1]) for line in lines if line.label)
    return all(b - a >= _APART for a, b in pairwise(heights))


def ends(panel: Panel, chart: Chart, size: tuple[float, float]) -> Iterator[Place]:
    """The names of lines: over or under an end, within the sides, where fewest marks, lines and names are."""
    taken = _marked(panel, chart, size)
    for line in panel.lines:
        if not line.label:
            continue
        first, last = line.points[0], line.points[-1]
        low = chart.y.place(first[1]) <= _LOW
        tried = [(last, _ABOVE), *((first, side) for side in _BEGINNINGS[low:]), (last, _BELOW)]
        boxes = [(_box(line.label, _pixels(chart, size, *at), side), at, side) for at, side in tried]
        full = [*taken, *_lines(panel, chart, size, line)]
        box, at, side = min(
            boxes,
            key=lambda one: (one[0][0] < 0 or one[0][2] > size[0], sum(_over(one[0], two) for two in full)),
        )
        taken.append(box)
        yield Place(line.label, *at, side)


def beside(
    order: Iterable[Point], panel: Panel, chart: Chart, most: int, size: tuple[float, float]
) -> Iterator[Place]:
    """So many marks as have room for their names, in their order; `size` is the panel's."""
    taken = _marked(panel, chart, size)
    taken += _lines(panel, chart, size)
    for point in order:
        at = _free(short(point), _pixels(chart, size, point.x, point.y), taken, size) if most else None
        if at is not None:
            most -= 1
            taken.append(at[1])
            yield Place(short(point), point.x, point.y, at[0])


def _pixels(chart: Chart, size: tuple[float, float], x: float, y: float) -> tuple[float, float]:
    return chart.x.place(x) * size[0], (1 - chart.y.place(y)) * size[1]


def _marked(panel: Panel, chart: Chart, size: tuple[float, float]) -> list[Box]:
    """What the marks of a panel take up, were each a small one: a name may reach into a large one."""
    return [_around(*_pixels(chart, size, point.x, point.y), _MARK) for point in panel.points]


def _free(
    name: str, at: tuple[float, float], taken: Iterable[Box], size: tuple[float, float]
) -> tuple[Side, Box] | None:
    """The first corner where a name is within the panel and on nothing, and what it takes up there."""
    for side in _CORNERS:
        box = _box(name, at, side)
        inside = box[0] >= 0 and box[1] >= 0 and box[2] <= size[0] and box[3] <= size[1]
        if inside and not any(_over(box, other) for other in taken):
            return side, box
    return None


def _box(name: str, at: tuple[float, float], side: Side) -> Box:
    wide = _WIDE * len(name)
    left, middle = at[0] + side[1] - wide * _BEFORE[side[0]], at[1] + side[2]
    return left, middle - _HALF, left + wide, middle + _HALF


def _lines(panel: Panel, chart: Chart, size: tuple[float, float], but: Line | None = None) -> list[Box]:
    """What the lines of a panel take up, without one of them."""
    drawn = [[_pixels(chart, size, *at) for at in line.points] for line in panel.lines if line is not but]
    return [box for places in drawn for box in _along(places)]


def _along(places: Sequence[tuple[float, float]]) -> Iterator[Box]:
    for (x, y), (to_x, to_y) in pairwise(places):
        steps = int(max(abs(to_x - x), abs(to_y - y)) / _STEP) + 1
        for step in range(steps + 1):
            yield _around(x + (to_x - x) * step / steps, y + (to_y - y) * step / steps, _LINE)


def _around(x: float, y: float, far: float) -> Box:
    return x - far, y - far, x + far, y + far


def _over(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def together(places: Iterable[Place]) -> dict[Side, list[Place]]:
    """Names by the side on which they stand."""
    found: dict[Side, list[Place]] = {}
    for place in places:
        found.setdefault(place.side, []).append(place)
    return found
