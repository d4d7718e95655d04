"""Charts of the web: a report's chart as Vega-Lite, and that as SVG or PNG; nothing is fetched.

`drawing` makes SVG or PNG here (vl-convert), `spec` what a browser draws itself with `bundle`, and `data` the
same as a table, which stands beside every chart.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from whichgpu.report.chart import Bars, Chart
from whichgpu.report.table import Table
from whichgpu.units import number
from whichgpu.values import NamedTuple
from whichgpu.web import marks

if TYPE_CHECKING:
    from collections.abc import Iterator


class Stack(NamedTuple):
    """Parts of one whole in a row: (name, size, size in words), and the room that there is for them."""

    title: str
    parts: tuple[tuple[str, float, str], ...]
    room: float
    room_text: str
    unit: str
    summary: str


class Dates(NamedTuple):
    """Values by day: (day, series, value, what it is in words)."""

    title: str
    points: tuple[tuple[str, str, float, str], ...]
    unit: str
    summary: str


if TYPE_CHECKING:
    Drawn = Chart | Bars | Stack | Dates


def drawing(chart: Drawn, form: str, look: marks.Look) -> bytes:
    """The chart as `svg` or `png`."""
    import vl_convert

    whole = spec(chart, look)
    if form == "png":
        return bytes(vl_convert.vegalite_to_png(whole, scale=2, vl_version=_version()))
    return str(vl_convert.vegalite_to_svg(whole, vl_version=_version())).encode()


def _version() -> str:
    """The Vega-Lite that altair writes."""
    import altair as alt

    return ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])


@cache
def bundle() -> bytes:
    """Vega, Vega-Lite and vega-embed for a browser, from what vl-convert brings along.

    What makes it takes 170 MB that its process never gives back, so that is one of its own.
    """
    code = "import sys, vl_convert; print(end=vl_convert.javascript_bundle(vl_version=sys.argv[1]))"
    made = [sys.executable, "-P", "-c", code, _version()]
    done = subprocess.run(  # noqa: S603 (our own program)
        made, check=True, capture_output=True, env={**os.environ, "PYTHONUTF8": "1"}
    )
    return done.stdout


def spec(chart: Drawn, look: marks.Look) -> dict[str, Any]:
    """The chart as a Vega-Lite document."""
    import altair as alt

    config = marks.config(look, framed=not isinstance(chart, Bars | Stack))
    made = _MAKERS[type(chart)](chart, look)
    return {"$schema": alt.SCHEMA_URL, "description": chart.summary, "config": config, **made}


_MAKERS: dict[type[Any], Any] = {
    Chart: marks.draw_chart, Bars: marks.draw_bars, Stack: marks.draw_stack, Dates: marks.draw_dates,
}  # fmt: skip


def data(chart: Drawn) -> Table:
    """What the chart shows, as a table."""
    if isinstance(chart, Chart):
        columns = ["Panel", "Series", "What", f">{chart.x.title} ({chart.x.unit})",
                   f">{chart.y.title} ({chart.y.unit})"]  # fmt: skip
        return Table.of("", columns, _of_chart(chart))
    if isinstance(chart, Bars):
        rows = [(group.label, bar.series, bar.text, _ends(bar.low, bar.high))
                for group in chart.groups for bar in group.bars]  # fmt: skip
        return Table.of("", ["Measure", "Of", ">Value", ">90 % interval"], rows)
    if isinstance(chart, Stack):
        parts = [(name, text) for name, _, text in chart.parts]
        return Table.of("", ["Part", ">Size"], [*parts, ("room", chart.room_text)])
    dated = [(day, series, text) for day, series, _, text in chart.points]
    return Table.of("", ["Day", "Kind", f">{chart.unit}"], dated)


def _of_chart(chart: Chart) -> Iterator[tuple[str | None, ...]]:
    for panel in chart.panels:
        for line in panel.lines:
            for x, y in line.points:
                yield panel.title or None, line.label or "front", "line", number(x, 4), number(y, 4)
        for point in panel.points:
            yield panel.title or None, point.series, point.label, number(point.x, 4), number(point.y, 4)


def _ends(low: float, high: float) -> str | None:
    return f"{number(low, 3)} to {number(high, 3)}" if high > low else None
