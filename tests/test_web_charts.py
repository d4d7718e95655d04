"""Names in charts of the web: each has room, the front first; lines that lie on each other have colours."""

from __future__ import annotations

import json
import re

import pytest

pytest.importorskip("altair", reason="needs pip install 'whichgpu[web]'")

from itertools import combinations

from whichgpu.report.chart import Axis, Chart, Line, Panel, Point
from whichgpu.web.charts import drawing, spec
from whichgpu.web.marks import Look
from whichgpu.web.naming import beside, ends, told_apart

FRONT, REST = "nothing is better in both", "another is better in both"


def chart(points, lines=()):
    axes = Axis("Price", "USD/h", 1.0, 100.0), Axis("Latency", "s", 0.1, 10.0)
    return Chart("Chart", *axes, (Panel("", tuple(lines), tuple(points)),), ((FRONT, "o"), (REST, "x")))


def boxes(places, one, size):
    for place in places:
        wide = 5.0 * len(place.name) / size[0]
        x, y = one.x.place(place.x) + place.side[1] / size[0], one.y.place(place.y) - place.side[2] / size[1]
        left = {"left": x, "center": x - wide / 2, "right": x - wide}[place.side[0]]
        yield left, y - 5 / size[1], left + wide, y + 5 / size[1]


def test_no_name_is_on_another_and_the_front_is_named_first():
    crowd = [Point(10 + i / 3, 1 + i / 40, REST, 0.0, f"card-{i}: 1 USD/h") for i in range(40)]
    front = [Point(10, 0.9, FRONT, 0.0, "first: 10 USD/h"), Point(20, 0.3, FRONT, 0.0, "second: 20 USD/h")]
    drawn, size = chart(crowd + front), (620.0, 360.0)
    order = [*front, *crowd]
    places = list(beside(order, drawn.panels[0], drawn, 12, size))
    assert {"first", "second"} <= {place.name for place in places}
    assert len(places) > 4
    for one, other in combinations(boxes(places, drawn, size), 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    texts = re.findall(r">([\w-]+)</text>", drawing(drawn, "svg", Look()).decode())
    assert {"first", "second"} <= set(texts)


def test_lines_that_end_together_have_colours_and_a_legend():
    near = [Line(((1, 1), (100, 5.0)), "one"), Line(((1, 2), (100, 5.1)), "two")]
    far = [Line(((1, 1), (100, 2.0)), "one"), Line(((1, 2), (100, 8.0)), "two")]
    assert not told_apart(near, chart((), near))
    assert told_apart(far, chart((), far))
    assert '"scale": {"domain": ["one", "two"]' in json.dumps(spec(chart((), near), Look()))
    assert '"domain": ["one", "two"]' not in json.dumps(spec(chart((), far), Look()))
    assert {"one", "two"} <= set(
        re.findall(r">(\w+)</text>", drawing(chart((), far), "svg", Look()).decode())
    )


def test_a_name_of_a_line_is_within_the_sides_and_on_no_other_line():
    limit, mean = Line(((1, 5.0), (90, 5.0)), "at most five"), Line(((1, 4.3), (90, 4.3)), "mean")
    load = Line(((90, 0.2), (90, 9.0)), "90 requests a second")
    marks = [Point(x, y, REST, 0.0, "") for x, y in ((70, 5.6), (80, 5.6), (80, 9.9), (70, 9.9))]
    drawn, size = chart(marks, [mean, limit, load]), (620.0, 360.0)
    places = list(ends(drawn.panels[0], drawn, size))
    names = dict(zip((place.name for place in places), boxes(places, drawn, size), strict=True))
    assert all(box[0] >= 0 and box[2] <= 1 for box in names.values())
    assert not names["at most five"][1] < drawn.y.place(4.3) < names["at most five"][3]
    assert not names["mean"][1] < drawn.y.place(5.0) < names["mean"][3]


def test_no_two_series_look_alike():
    series = tuple((f"series {at}", chr(97 + at)) for at in range(20))
    look = Look()
    points = [Point(at + 1, at + 1, name, 0.0, "") for at, (name, _) in enumerate(series)]
    told = json.dumps(spec(chart(points)._replace(series=series), look))
    colours, shapes = (json.loads(one) for one in re.findall(r'"range": (\["[^]]*\])', told)[:2])
    assert len(set(zip(colours, shapes, strict=True))) == 20
