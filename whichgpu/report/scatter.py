"""Predicted against measured, log-log, as SVG: the diagonal is a perfect prediction."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: Side of the drawing and of its margin, in units of the view box.
_SIDE, _MARGIN = 320.0, 44.0
#: Colours that stay apart for colour-blind readers (Okabe and Ito, 2008).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a6d00", "#7f7f7f")


def scatter(title: str, series: Mapping[str, tuple[Array, Array]]) -> str:
    """One drawing: by name (measured, predicted), each (points,) above zero, in one unit.

    Raises `ValueError` where there is nothing to draw.
    """
    every = np.concatenate([np.concatenate(pair) for pair in series.values()]) if series else np.empty(0)
    if not every.size:
        raise ValueError(f"{title}: no points to draw")
    low, high = math.floor(np.log10(every.min())), math.ceil(np.log10(every.max()))
    high = max(high, low + 1)
    marks = [
        _points(name, _place(x, low, high), _SIDE - _place(y, low, high), COLOURS[i % len(COLOURS)])
        for i, (name, (x, y)) in enumerate(series.items())
    ]
    return (
        f'<svg viewBox="0 0 {_SIDE:g} {_SIDE:g}" role="img" aria-label="{escape(title)}: predicted against '
        f'measured">{_grid(low, high)}{"".join(marks)}'
        f'<text x="{_SIDE / 2:g}" y="14" text-anchor="middle">{escape(title)}</text></svg>'
    )


def _place(values: Array | float, low: int, high: int) -> Array:
    """From a value to a distance along an axis."""
    share = (np.log10(values) - low) / (high - low)
    return np.asarray(_MARGIN + share * (_SIDE - 2 * _MARGIN))


def _grid(low: int, high: int) -> str:
    """A line for each decade, the diagonal, and the axes' titles."""
    start, end = _MARGIN, _SIDE - _MARGIN
    every = max(1, (high - low) // 6)
    drawn = []
    for decade in range(low, high + 1, every):
        at = float(_place(10.0**decade, low, high))
        text = f"1e{decade}" if abs(decade) > 3 else f"{10.0**decade:g}"
        drawn += [
            f'<path class="grid" d="M{at:.1f} {start:g}V{end:g}M{start:g} {_SIDE - at:.1f}H{end:g}"/>',
            f'<text x="{at:.1f}" y="{end + 13:g}" text-anchor="middle">{text}</text>',
            f'<text x="{start - 4:g}" y="{_SIDE - at + 3:.1f}" text-anchor="end">{text}</text>',
        ]
    drawn += [
        f'<path class="diagonal" d="M{start:g} {end:g}L{end:g} {start:g}"/>',
        f'<text x="{_SIDE / 2:g}" y="{_SIDE - 8:g}" text-anchor="middle">measured</text>',
        f'<text transform="translate(11 {_SIDE / 2:g}) rotate(-90)" text-anchor="middle">predicted</text>',
    ]
    return "".join(drawn)


def _points(name: str, x: Array, y: Array, colour: str) -> str:
    """All points of a series as one path of dots."""
    dots = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(x.tolist(), y.tolist(), strict=True))
    return f'<path class="dots" stroke="{colour}" d="{dots}"><title>{escape(name)}</title></path>'
