"""How each kind of chart is drawn as Vega-Lite, by altair."""

from __future__ import annotations

import math
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from whichgpu.values import NamedTuple
from whichgpu.web.naming import beside, ends, short, together, told_apart

if TYPE_CHECKING:
    from collections.abc import Iterable

    import altair as alt

    from whichgpu.report.chart import Axis, Bars, Chart, Group
    from whichgpu.web.charts import Dates, Stack
    from whichgpu.web.naming import Place

#: Okabe and Ito's colours, told apart by the colour-blind: on a light page and on a dark one.
_LIGHT = ("#0072b2", "#c04f00", "#007f5f", "#a8478a", "#8a6d00", "#555555")
_DARK = ("#56b4e9", "#ff8c42", "#2ec4a0", "#e39bc9", "#e6c229", "#bbbbbb")
#: One fewer than colours, so that of many series none has both alike.
_SHAPES = ("circle", "square", "diamond", "triangle-up", "cross")
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 1], [1, 3])
#: Names stand beside so few marks.
_NAMED, _MANY = 16, 120
#: Letters of a title beside each other on a narrow chart.
_NARROW = 38


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


def config(look: Look, *, framed: bool) -> dict[str, Any]:
    """How axes, legends and titles look."""
    size = 12
    labels = {"labelColor": look.text, "titleColor": look.text, "labelFontSize": size,
              "titleFontSize": size, "labelFont": "sans-serif", "titleFont": "sans-serif"}  # fmt: skip
    return {
        "background": look.page, "padding": 6,
        "view": {"stroke": look.line if framed else None},
        "axis": {**labels, "gridColor": look.line, "domainColor": look.line, "tickColor": look.line,
                 "titleFontWeight": "normal"},
        "legend": {**labels, "orient": "bottom", "direction": "vertical" if look.narrow else "horizontal",
                   "columns": 1 if look.narrow else 4, "title": None, "labelLimit": 300, "columnPadding": 28},
        "header": labels, "title": {"color": look.text, "fontSize": size + 1, "font": "sans-serif",
                                    "anchor": "start"},
        "range": {"category": list(look.colours)}, "font": "sans-serif",
    }  # fmt: skip


def _values(rows: list[dict[str, Any]]) -> alt.Data:
    import altair as alt

    return alt.Data(values=rows)  # type: ignore[no-untyped-call]


def _layered(layers: Iterable[Any], **properties: Any) -> dict[str, Any]:
    """Marks over each other, those of the same data with these once.

    altair makes each mark; joined by altair, all of them would be copied and checked again at each step.
    """
    drawn = [one.to_dict(validate=False, context={"top_level": False}) for one in layers]
    data = drawn[0]["data"]
    for one in drawn:
        if one["data"] == data:
            del one["data"]
    return {"data": data, "layer": drawn, **properties}


def _told(*fields: str) -> list[alt.Tooltip]:
    """What is read over a mark. Of a bare name altair seeks the class anew each time, which takes 10 ms."""
    import altair as alt

    return [alt.Tooltip(field) for field in fields]


def draw_chart(chart: Chart, look: Look) -> dict[str, Any]:
    """Panels beside each other, below each other where narrow."""
    chart = _tight(chart)

    width = 290 if look.narrow else (620 if len(chart.panels) == 1 else 380)
    drawn = [_panel(chart, index, look, width) for index in range(len(chart.panels))]
    if len(drawn) == 1:
        return drawn[0]
    scales = {"shape": "shared", "color": "shared"}
    return {"vconcat" if look.narrow else "hconcat": drawn, "resolve": {"scale": scales}}


def _tight(chart: Chart) -> Chart:
    """The same between the round values (1, 2, 5) next to what it shows."""
    places = [place for panel in chart.panels for line in panel.lines for place in line.points]
    places += [(one.x, one.y) for panel in chart.panels for one in panel.points]
    if not places:
        return chart
    x, y = zip(*places, strict=True)
    return chart._replace(x=_between(chart.x, x), y=_between(chart.y, y))


def _between(axis: Axis, values: tuple[float, ...]) -> Axis:
    known = [value for value in values if value > 0] or [axis.low]
    low = max((one for one in _rounds(axis) if one <= min(known) * 1.001), default=axis.low)
    high = min((one for one in _rounds(axis) if one >= max(known) * 0.999), default=axis.high)
    return axis._replace(low=low, high=high) if high > low else axis


def _rounds(axis: Axis) -> list[float]:
    """1, 2, 5 times each power of ten, from end to end."""
    first, last = math.floor(math.log10(axis.low) + 1e-9), math.ceil(math.log10(axis.high) - 1e-9)
    every = (one * 10.0**power for power in range(first, last + 1) for one in (1.0, 2.0, 5.0))
    return [one for one in every if axis.low * 0.999 <= one <= axis.high * 1.001]


def _marked(axis: Axis, most: int) -> list[float]:
    """Where ticks stand: at all round values where there is room, else at powers of ten."""
    rounds = _rounds(axis)
    if len(rounds) <= most:
        return rounds
    tens = [one for one in rounds if abs(math.log10(one) - round(math.log10(one))) < 1e-6]
    return tens[:: max(1, math.ceil(len(tens) / most))]


def _panel(chart: Chart, index: int, look: Look, width: int) -> dict[str, Any]:
    import altair as alt

    panel = chart.panels[index]
    height = min(width, 360)
    across = _marked(chart.x, 6 if look.narrow else 8)
    x = alt.X("x:Q", title=f"{chart.x.title} ({chart.x.unit})", axis=_ticks(across),
              scale=alt.Scale(type="log", domain=[chart.x.low, chart.x.high]))  # fmt: skip
    y = alt.Y("y:Q", title=f"{chart.y.title} ({chart.y.unit})", axis=_ticks(_marked(chart.y, 8)),
              scale=alt.Scale(type="log", domain=[chart.y.low, chart.y.high]))  # fmt: skip
    layers = _lines(chart, index, look, (x, y), (width, height)) if panel.lines else []
    if panel.points:
        layers += _marks(chart, index, look, (x, y), (width, height))
    titled = {"title": panel.title} if len(chart.panels) > 1 else {}
    return _layered(layers, width=width, height=height, **titled)


def _lines(
    chart: Chart, index: int, look: Look, axes: tuple[Any, Any], size: tuple[float, float]
) -> list[Any]:
    """The lines of a panel: with a name at an end of each, or in colours where these overlap."""
    import altair as alt

    panel = chart.panels[index]
    rows = [{"line": f"{at} {line.label}", "name": line.label, "x": px, "y": py, "at": k}
            for at, line in enumerate(panel.lines) for k, (px, py) in enumerate(line.points)]  # fmt: skip
    base = alt.Chart(_values(rows)).encode(
        x=axes[0], y=axes[1], detail=alt.Detail("line:N"), order=alt.Order("at:Q")
    )
    names = [line.label for line in panel.lines if line.label]
    if not panel.points and not told_apart(panel.lines, chart):
        colour = alt.Color("name:N", scale=alt.Scale(domain=names, range=_turn(look.colours, len(names))))
        dash = alt.StrokeDash("name:N", scale=alt.Scale(domain=names, range=_turn(_DASHES, len(names))))
        return [base.mark_line(strokeWidth=2, clip=True).encode(color=colour, strokeDash=dash)]
    drawn: list[Any] = [base.mark_line(color=look.text, strokeWidth=1.6, clip=True)]
    return drawn + _named(ends(panel, chart, size), look, axes)


def _named(places: Iterable[Place], look: Look, axes: tuple[Any, Any]) -> list[Any]:
    """Names, those at the same side of what they name together."""
    import altair as alt

    drawn = []
    for (align, dx, dy), some in together(places).items():
        rows = [{"x": one.x, "y": one.y, "name": one.name} for one in some]
        words = alt.Chart(_values(rows)).encode(x=axes[0], y=axes[1], text=alt.Text("name:N"))
        drawn.append(words.mark_text(align=align, dx=dx, dy=dy, color=look.text, fontSize=11))
    return drawn


def _marks(
    chart: Chart, index: int, look: Look, axes: tuple[Any, Any], size: tuple[float, float]
) -> list[alt.Chart]:
    """The marks of a panel, and the names of the weightiest; `size` is the panel's in pixels."""
    import altair as alt

    points, names = chart.panels[index].points, [name for name, _ in chart.series]
    rows: list[dict[str, Any]] = [{"x": p.x, "y": p.y, "series": p.series, "share": p.share, "what": p.label,
             "name": short(p)} for p in points]  # fmt: skip
    colour = alt.Color("series:N", scale=alt.Scale(domain=names, range=_turn(look.colours, len(names))))
    shape = alt.Shape("series:N", scale=alt.Scale(domain=names, range=_turn(_SHAPES, len(names))))
    weighed = any(p.share for p in points)
    base = alt.Chart(_values(rows)).encode(x=axes[0], y=axes[1], tooltip=_told("what:N"))
    marks = base.mark_point(filled=True, opacity=0.85, size=70).encode(color=colour, shape=shape)
    if weighed:
        marks = marks.encode(size=alt.Size("share:Q", scale=alt.Scale(range=[40, 700]), legend=None))
    layers = [marks]
    # Among so many marks a name is of none of them, and few names are those of the marks' own.
    if len(rows) > _MANY or len({row["name"] for row in rows}) <= len(names):
        return layers
    # The weightiest are named first, or those of the first series: the front.
    order = sorted(points, key=lambda p: -p.share if weighed else names.index(p.series))
    most = 5 if weighed else 8 if look.narrow else _NAMED
    return layers + _named(beside(order, chart.panels[index], chart, most, size), look, axes)


def _ticks(values: list[float]) -> Any:
    import altair as alt

    said = "datum.value < 1 ? format(datum.value, '~g') : format(datum.value, '~s')"
    return alt.Axis(values=values, labelExpr=said)


def _turn(items: tuple[Any, ...], count: int) -> list[Any]:
    return [items[at % len(items)] for at in range(count)]


def draw_bars(chart: Bars, look: Look) -> dict[str, Any]:
    """Groups below each other, each on a scale of its own."""
    import altair as alt

    names = list(chart.series)
    colour = alt.Color("series:N", scale=alt.Scale(domain=names, range=_turn(look.colours, len(names))))
    drawn: list[Any] = []
    for group in chart.groups:
        if len(group.bars) > len({bar.series for bar in group.bars}):
            drawn.append(_columns(group, look))
            continue
        rows = [{"series": b.series, "value": b.value, "low": b.low, "high": b.high, "text": b.text}
                for b in group.bars]  # fmt: skip
        top = group.top * (1.45 if look.narrow else 1.25)
        y = alt.Y("series:N", sort=names, axis=None)
        x = alt.X("value:Q", axis=None, scale=alt.Scale(domain=[0, top]))
        base = alt.Chart(_values(rows)).encode(y=y)
        layers = [base.mark_bar(size=15).encode(x=x, color=colour, tooltip=_told("series:N", "text:N"))]
        if any(b.high > b.low for b in group.bars):
            layers.append(base.mark_rule(color=look.text).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q")))
        words = base.mark_text(align="left", dx=5, color=look.text)
        layers.append(words.encode(x=alt.X("high:Q"), text=alt.Text("text:N")))
        size = {"width": 300 if look.narrow else 560, "height": 20 * len(rows)}
        drawn.append(_layered(layers, **size, title=_title(group.label, look)))
    scales = {"x": "independent", "color": "shared"}
    return {"vconcat": drawn, "spacing": 10, "resolve": {"scale": scales}}


def _title(text: str, look: Look) -> str | list[str]:
    """A title in as many lines as it takes."""
    return wrap(text, _NARROW) if look.narrow else text


def _columns(group: Group, look: Look) -> dict[str, Any]:
    """Bars of one series in turn, as hours of a day are, each with the first word of its text below."""
    import altair as alt

    rows = [{"at": bar.text.partition(" ")[0], "value": bar.value, "text": bar.text} for bar in group.bars]
    names = [bar.text.partition(" ")[0] for bar in group.bars]
    x = alt.X("at:N", sort=names, title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True))
    y = alt.Y("value:Q", title=group.label, scale=alt.Scale(domain=[0, group.top * 1.05]))
    base = alt.Chart(_values(rows)).encode(x=x, y=y, tooltip=_told("text:N"))
    return _layered([base.mark_bar(color=look.colours[0])], width=300 if look.narrow else 620, height=200)


def draw_stack(chart: Stack, look: Look) -> dict[str, Any]:
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
    bar = bar.encode(x=x, color=colour, order=alt.Order("at:Q"), tooltip=_told("part:N", "text:N"))
    room = alt.Chart(_values([{"room": chart.room, "text": chart.room_text}]))
    end = room.mark_rule(color=look.text, strokeWidth=2, strokeDash=[5, 3]).encode(x=alt.X("room:Q"))
    words = room.mark_text(align="right", dx=-6, dy=-36, color=look.text).encode(
        x=alt.X("room:Q"), text=alt.Text("text:N")
    )
    return _layered([bar, end, words], width=300 if look.narrow else 620, height=84)


def draw_dates(chart: Dates, look: Look) -> dict[str, Any]:
    """A line a series against the day."""
    import altair as alt

    names = list(dict.fromkeys(series for _, series, _, _ in chart.points))
    rows = [{"day": day, "series": series, "value": value, "text": text}
            for day, series, value, text in chart.points]  # fmt: skip
    base = alt.Chart(_values(rows)).encode(
        x=alt.X("day:T", title=None, axis=alt.Axis(labelOverlap=True, format="%Y-%m-%d", tickCount=5)),
        y=alt.Y("value:Q", title=chart.unit, scale=alt.Scale(zero=True)),
        color=alt.Color("series:N", scale=alt.Scale(domain=names, range=_turn(look.colours, len(names)))),
        tooltip=_told("day:T", "series:N", "text:N"),
    )
    shape = alt.Shape("series:N", scale=alt.Scale(domain=names, range=_turn(_SHAPES, len(names))))
    marks = [base.mark_line(), base.mark_point(filled=True, size=55).encode(shape=shape)]
    return _layered(marks, width=300 if look.narrow else 620, height=260)
