"""Charts as data: points and lines on log-log axes, and bars; `plot` draws them as text, `svg` as SVG.

A chart has panels that share their axes, so that what differs between them is seen. Nothing is drawn here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_PREFIXES = ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


class Point(NamedTuple):
    """One mark: its place, the series that it belongs to, its share of the panel (0 to 1), its name."""

    x: float
    y: float
    series: str
    share: float
    label: str


class Line(NamedTuple):
    """A polyline through (x, y) in the axes' units, with its name."""

    points: tuple[tuple[float, float], ...]
    label: str


class Panel(NamedTuple):
    """One plot: a title, what bounds the marks, and the marks."""

    title: str
    lines: tuple[Line, ...]
    points: tuple[Point, ...]


class Axis(NamedTuple):
    """A logarithmic axis: what is on it, its unit, and its ends, whole powers of ten."""

    title: str
    unit: str
    low: float
    high: float

    def place(self, value: float) -> float:
        """Where a value lies between the ends, 0 to 1; what is beyond lies at the end."""
        whole = math.log10(self.high / self.low)
        inside = math.log10(max(value, self.low) / self.low) / whole
        return min(inside, 1.0)

    def ticks(self, most: int = 10) -> list[float]:
        """Powers of ten from end to end, no more than `most`."""
        first, last = round(math.log10(self.low)), round(math.log10(self.high))
        step = max(1, math.ceil((last - first) / most))
        return [10.0**power for power in range(first, last + 1, step)]


class Bar(NamedTuple):
    """One bar from zero: its series, its length and the ends of its interval (equal where there is none)."""

    series: str
    value: float
    low: float
    high: float
    text: str


class Group(NamedTuple):
    """Bars under one label; they share a scale, since what they show has one unit.

    `full` is what the whole width stands for where groups share a scale, 0 where each has its own.
    """

    label: str
    bars: tuple[Bar, ...]
    full: float = 0.0

    @property
    def top(self) -> float:
        """What the whole width stands for."""
        return self.full or max((bar.high for bar in self.bars), default=1.0) or 1.0


class Bars(NamedTuple):
    """Groups of horizontal bars, each group on a scale of its own; `summary` says what there is to see.

    `steps`: the series are steps of one thing (1, 2, 4 GPUs), and not things beside each other.
    """

    title: str
    groups: tuple[Group, ...]
    series: tuple[str, ...]
    summary: str = ""
    steps: bool = False


class Chart(NamedTuple):
    """Panels on shared logarithmic axes.

    `series` are the names of the kinds of mark in the order of their importance, each with the letter that
    stands for it in text; `summary` says in a sentence what there is to see.
    """

    title: str
    x: Axis
    y: Axis
    panels: tuple[Panel, ...]
    series: tuple[tuple[str, str], ...]
    summary: str = ""
    notes: tuple[str, ...] = ()


def axis(title: str, unit: str, values: Iterable[float]) -> Axis:
    """An axis from the power of ten below the least of the positive `values` to that above the largest."""
    known = [value for value in values if value > 0 and math.isfinite(value)] or [1.0]
    low = math.floor(math.log10(min(known)) + 1e-9)
    high = math.ceil(math.log10(max(known)) - 1e-9)
    return Axis(title, unit, 10.0**low, 10.0 ** max(high, low + 1))


def letters(names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Each name with a lower-case letter of its own: its first, else the next that is free."""
    taken: dict[str, str] = {}
    for name in names:
        free = (one for one in (*name, *"abcdefghijklmnopqrstuvwxyz") if one.isalpha() and one not in taken)
        taken[next(free, "?")] = name
    return tuple((name, letter) for letter, name in taken.items())


def tick(value: float) -> str:
    """A power of ten as the axis shows it: `0.1`, `10`, `1k`, `100G`."""
    for scale, prefix in _PREFIXES:
        if value >= scale * 0.999:
            return f"{value / scale:.0f}{prefix}"
    return f"{value:g}"
