"""Charts of the web: a report's chart as Vega-Lite, and that as SVG or PNG; nothing is fetched.

`drawing` makes SVG or PNG here (vl-convert), `spec` what a browser draws itself with `bundle`, and `data` the
same as a table, which stands beside every chart.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from whichgpu.report.chart import Bars, Chart
from whichgpu.report.table import Table
from whichgpu.units import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    import altair as alt

#: Okabe and Ito's colours, told apart by the colour-blind: on a light page and on a dark one.
_LIGHT = ("#0072b2", "#c04f00", "#007f5f", "#a8478a", "#8a6d00", "#555555")
_DARK = ("#56b4e9", "#ff8c42", "#2ec4a0", "#e39bc9", "#e6c229", "#bbbbbb")
_SHAPES = ("circle", "square", "diamond", "triangle-up", "cross", "triangle-down")
#: Names stand beside so few marks.
_NAMED = 14


class Look(NamedTuple):
    """How a chart is drawn: on a dark page, and for a narrow one."""

    dark: bool = False
    narrow: bool = False

    @property
    def colours(self) -> tuple[str, ...]:
        """One for each series in turn."""
        return _DARK if self.dark else _LIGHT

    @property
    def text(self) -> str:
        """The colour of text."""
        return "#e6e8ea" if self.dark else "#1b1f24"

    @property
    def line(self) -> str:
        """The colour of a grid."""
        return "#3a4149" if self.dark else "#d8dee4"

    @property
    def page(self) -> str:
        """The colour behind it."""
        return "#14171a" if self.dark else "#ffffff"


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


def drawing(chart: Drawn, form: str, look: Look) -> bytes:
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
    """Vega, Vega-Lite and vega-embed for a browser, from what vl-convert brings along."""
    import vl_convert

    made = vl_convert.javascript_bundle(vl_version=_version())  # type: ignore[call-arg]
    return str(made).encode()


def spec(chart: Drawn, look: Look) -> dict[str, Any]:
    """The chart as a Vega-Lite document."""
    made = _MAKERS[type(chart)](chart, look)
    framed = not isinstance(chart, Bars | Stack)
    whole: dict[str, Any] = made.configure(**_config(look, framed=framed)).to_dict(validate=False)
    whole["description"] = chart.summary
    return whole


def _config(look: Look, *, framed: bool) -> dict[str, Any]:
    size = 12
    labels = {"labelColor": look.text, "titleColor": look.text, "labelFontSize": size,
              "titleFontSize": size, "labelFont": "sans-serif", "titleFont": "sans-serif"}  # fmt: skip
    return {
        "background": look.page, "padding": 6,
        "view": {"stroke": look.line if framed else None},
        "axis": {**labels, "gridColor": look.line, "domainColor": look.line, "tickColor": look.line,
                 "titleFontWeight": "normal"},
        "legend": {**labels, "orient": "bottom", "direction": "vertical" if look.narrow else "horizontal",
                   "columns": 1 if look.narrow else 4, "title": None, "labelLimit": 300},
        "header": labels, "title": {"color": look.text, "fontSize": size + 1, "font": "sans-serif",
                                    "anchor": "start"},
        "range": {"category": list(look.colours)}, "font": "sans-serif",
    }  # fmt: skip


def _values(rows: list[dict[str, Any]]) -> alt.Data:
    import altair as alt

    return alt.Data(values=rows)  # type: ignore[no-untyped-call]


def _chart(chart: Chart, look: Look) -> Any:
    """Panels beside each other, below each other where narrow."""
    import altair as alt

    width = 290 if look.narrow else (620 if len(chart.panels) == 1 else 380)
    drawn = [_panel(chart, index, look, width) for index in range(len(chart.panels))]
    if len(drawn) == 1:
        return drawn[0]
    joined = alt.vconcat(*drawn) if look.narrow else alt.hconcat(*drawn)
    return joined.resolve_scale(shape="shared", color="shared")


def _panel(chart: Chart, index: int, look: Look, width: int) -> Any:
    import altair as alt

    panel = chart.panels[index]
    names = [name for name, _ in chart.series]
    x = alt.X("x:Q", title=f"{chart.x.title} ({chart.x.unit})", axis=_ticks(chart.x.ticks(6)),
              scale=alt.Scale(type="log", domain=[chart.x.low, chart.x.high]))  # fmt: skip
    y = alt.Y("y:Q", title=f"{chart.y.title} ({chart.y.unit})", axis=_ticks(chart.y.ticks(8)),
              scale=alt.Scale(type="log", domain=[chart.y.low, chart.y.high]))  # fmt: skip
    layers = []
    lines = [{"line": f"{at} {line.label}", "name": line.label, "x": px, "y": py, "at": k}
             for at, line in enumerate(panel.lines) for k, (px, py) in enumerate(line.points)]  # fmt: skip
    if lines:
        base = alt.Chart(_values(lines)).encode(x=x, y=y, detail="line:N")
        layers.append(base.mark_line(color=look.text, strokeWidth=1.6, clip=True).encode(order="at:Q"))
        ends = [dict(lines[max(i for i, row in enumerate(lines) if row["line"] == key)])
                for key in dict.fromkeys(row["line"] for row in lines)]  # fmt: skip
        if any(row["name"] for row in ends):
            words = alt.Chart(_values(ends)).encode(x=x, y=y, text="name:N")
            layers.append(words.mark_text(align="right", dx=-4, dy=-8, color=look.text))
    if panel.points:
        layers += _marks(chart, index, look, (x, y), names)
    drawn = alt.layer(*layers).properties(width=width, height=min(width, 360))
    return drawn.properties(title=panel.title) if len(chart.panels) > 1 else drawn


def _marks(chart: Chart, index: int, look: Look, axes: tuple[Any, Any], names: list[str]) -> list[alt.Chart]:
    """The marks of a panel, and the names of the weightiest."""
    import altair as alt

    points = chart.panels[index].points
    rows: list[dict[str, Any]] = [{"x": p.x, "y": p.y, "series": p.series, "share": p.share, "what": p.label,
             "name": p.label.partition(":")[0]} for p in points]  # fmt: skip
    colour = alt.Color("series:N", scale=alt.Scale(domain=names, range=_turn(look.colours, len(names))))
    shape = alt.Shape("series:N", scale=alt.Scale(domain=names, range=_turn(_SHAPES, len(names))))
    weighed = any(p.share for p in points)
    base = alt.Chart(_values(rows)).encode(x=axes[0], y=axes[1], tooltip=["what:N"])
    marks = base.mark_point(filled=True, opacity=0.85, size=70).encode(color=colour, shape=shape)
    if weighed:
        marks = marks.encode(size=alt.Size("share:Q", scale=alt.Scale(range=[40, 700]), legend=None))
    layers = [marks]
    ranked = sorted(rows, key=lambda row: -row["share"]) if weighed else rows
    named = _spread(ranked, 5 if weighed or look.narrow else _NAMED, chart)
    if named and len({row["name"] for row in rows}) > len(names):
        text = alt.Chart(_values(named)).encode(x=axes[0], y=axes[1], text="name:N")
        layers.append(text.mark_text(align="left", dx=8, dy=-7, color=look.text, fontSize=11))
    return layers


def _spread(rows: list[dict[str, Any]], most: int, chart: Chart) -> list[dict[str, Any]]:
    """So many of the rows as stand far enough apart for their names to be read."""
    kept: list[dict[str, Any]] = []
    places: list[tuple[float, float]] = []
    for row in rows:
        here = chart.x.place(row["x"]), chart.y.place(row["y"])
        near = any(abs(here[0] - x) < 0.16 and abs(here[1] - y) < 0.045 for x, y in places)
        if not near and len(kept) < most and here[0] < 0.86:
            kept.append(row)
            places.append(here)
    return kept


def _ticks(values: list[float]) -> Any:
    import altair as alt

    said = "datum.value < 1 ? format(datum.value, '~g') : format(datum.value, '~s')"
    return alt.Axis(values=values, labelExpr=said)


def _turn(items: tuple[str, ...], count: int) -> list[str]:
    return [items[at % len(items)] for at in range(count)]


def _bars(chart: Bars, look: Look) -> Any:
    """Groups below each other, each on a scale of its own."""
    import altair as alt

    names = list(chart.series)
    colour = alt.Color("series:N", scale=alt.Scale(domain=names, range=_turn(look.colours, len(names))))
    drawn = []
    for group in chart.groups:
        rows = [{"series": b.series, "value": b.value, "low": b.low, "high": b.high, "text": b.text}
                for b in group.bars]  # fmt: skip
        top = group.top * (1.45 if look.narrow else 1.25)
        y = alt.Y("series:N", sort=names, axis=None)
        x = alt.X("value:Q", axis=None, scale=alt.Scale(domain=[0, top]))
        base = alt.Chart(_values(rows)).encode(y=y)
        layers = [base.mark_bar(size=15).encode(x=x, color=colour, tooltip=["series:N", "text:N"])]
        if any(b.high > b.low for b in group.bars):
            layers.append(base.mark_rule(color=look.text).encode(x="low:Q", x2="high:Q"))
        words = base.mark_text(align="left", dx=5, color=look.text)
        layers.append(words.encode(x=alt.X("high:Q"), text="text:N"))
        one = alt.layer(*layers).properties(
            width=300 if look.narrow else 560, height=20 * len(rows), title=group.label
        )
        drawn.append(one)
    return alt.vconcat(*drawn, spacing=10).resolve_scale(x="independent", color="shared")


def _stack(chart: Stack, look: Look) -> alt.TopLevelMixin:
    """One bar of all parts, and a line where the room ends."""
    import altair as alt

    names = [name for name, _, _ in chart.parts]
    rows = [{"part": name, "size": size, "text": text, "at": at}
            for at, (name, size, text) in enumerate(chart.parts)]  # fmt: skip
    whole = max(chart.room, sum(size for _, size, _ in chart.parts)) * 1.02
    axis = alt.Axis(tickCount=5, grid=False)
    x = alt.X("size:Q", title=chart.unit, stack="zero", axis=axis, scale=alt.Scale(domain=[0, whole]))
    colour = alt.Color("part:N", sort=names,
                       scale=alt.Scale(domain=names, range=_turn(look.colours, len(names))))  # fmt: skip
    bar = alt.Chart(_values(rows)).mark_bar(size=42, stroke=look.page, strokeWidth=1)
    bar = bar.encode(x=x, color=colour, order="at:Q", tooltip=["part:N", "text:N"])
    room = alt.Chart(_values([{"room": chart.room, "text": chart.room_text}]))
    end = room.mark_rule(color=look.text, strokeWidth=2, strokeDash=[5, 3]).encode(x="room:Q")
    words = room.mark_text(align="right", dx=-6, dy=-36, color=look.text).encode(x="room:Q", text="text:N")
    return alt.layer(bar, end, words).properties(width=300 if look.narrow else 620, height=84)


def _dates(chart: Dates, look: Look) -> alt.TopLevelMixin:
    """A line a series against the day."""
    import altair as alt

    names = list(dict.fromkeys(series for _, series, _, _ in chart.points))
    rows = [{"day": day, "series": series, "value": value, "text": text}
            for day, series, value, text in chart.points]  # fmt: skip
    base = alt.Chart(_values(rows)).encode(
        x=alt.X("day:T", title=None, axis=alt.Axis(labelOverlap=True, format="%Y-%m-%d", tickCount=5)),
        y=alt.Y("value:Q", title=chart.unit, scale=alt.Scale(zero=True)),
        color=alt.Color("series:N", scale=alt.Scale(domain=names, range=_turn(look.colours, len(names)))),
        tooltip=["day:T", "series:N", "text:N"],
    )
    shape = alt.Shape("series:N", scale=alt.Scale(domain=names, range=_turn(_SHAPES, len(names))))
    drawn = alt.layer(base.mark_line(), base.mark_point(filled=True, size=55).encode(shape=shape))
    return drawn.properties(width=300 if look.narrow else 620, height=260)


_MAKERS: dict[type[Any], Any] = {Chart: _chart, Bars: _bars, Stack: _stack, Dates: _dates}


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
