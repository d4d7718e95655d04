"""Charts: where marks stand, as text and as SVG, and the roofline of a workload."""

from __future__ import annotations

import io
import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whichgpu.report import html, plot, svg, text
from whichgpu.report.chart import Axis, Chart, Line, Panel, Point, axis, letters, tick
from whichgpu.report.roofline import where

pytestmark = pytest.mark.slow

X, Y = Axis("intensity", "FLOP per byte", 1.0, 1e4), Axis("rate", "FLOP/s", 1e10, 1e14)
ROOF = Line(((1.0, 1e11), (1e2, 1e13), (1e4, 1e13)), "fp16 10 TFLOPS")
CORNERS = (
    Point(1.0, 1e10, "gemm", 0.9, "low: gemm"),
    Point(1e4, 1e14, "norm", 0.05, "high: norm"),
    Point(1e2, 1e12, "norm", 0.05, "<middle> & co: norm"),
)
PANEL = Panel("a10: 10 TFLOPS fp16", (ROOF,), CORNERS)
CHART = Chart("Roofline", X, Y, (PANEL, PANEL), (("gemm", "g"), ("norm", "n")), "What binds.", ("A note.",))


def test_an_axis_ends_at_powers_of_ten():
    found = axis("x", "B", [0.3, 25.0, 0.0, float("nan")])
    assert (found.low, found.high) == (0.1, 100.0)
    assert found.place(0.1) == 0.0
    assert found.place(100.0) == 1.0
    assert found.place(1.0) == pytest.approx(1 / 3)
    assert axis("x", "B", []).ticks() == [1.0, 10.0]
    assert axis("x", "B", [10.0]).high == 100.0


@given(st.lists(st.floats(1e-6, 1e18), min_size=2, max_size=9))
def test_a_place_lies_inside_and_rises_with_the_value(values):
    found = axis("x", "", values)
    places = [found.place(value) for value in sorted(values)]
    assert places == sorted(places)
    assert 0.0 <= places[0] <= places[-1] <= 1.0


def test_ticks_are_read_aloud():
    assert [tick(10.0**n) for n in (-2, 0, 2, 3, 10, 14, 15)] == [
        "0.01",
        "1",
        "100",
        "1k",
        "10G",
        "100T",
        "1P",
    ]


def test_each_series_has_a_letter_of_its_own():
    assert letters(["pointwise", "pool", "gemm", "conv", "copy"]) == (
        ("pointwise", "p"), ("pool", "o"), ("gemm", "g"), ("conv", "c"), ("copy", "y"),
    )  # fmt: skip


def rows(chart, width):
    """The rows of the first of two panels side by side, without labels."""
    columns = (width - 3) // 2 - 6
    drawn = [line for line in plot.lines(chart, width) if "┤" in line or "│" in line]
    return [line[6 : 6 + columns].ljust(columns) for line in drawn[:15]]


def test_marks_stand_where_their_values_are_and_large_ones_are_capitals():
    drawn = rows(CHART, 90)
    assert drawn[-1][0] == "G"
    assert drawn[0][-1] == "n"
    assert drawn[7].index("n") == (len(drawn[7]) - 1) / 2


def test_the_roof_rises_to_the_ridge_and_is_flat_from_there():
    drawn = rows(CHART, 90)
    flat = next(row for row in drawn if "──" in row)
    assert flat.index("─") == pytest.approx(len(flat) / 2, abs=3)
    heights = [row.index("╱") for row in drawn if "╱" in row]
    assert heights == sorted(heights, reverse=True)


@given(st.integers(30, 220))
def test_text_keeps_to_the_width(width):
    drawn = list(plot.lines(CHART, width))
    assert max(map(len, drawn)) <= width
    # Side by side where there is room, else one below the other.
    assert sum("10G" in line for line in drawn) == (1 if width >= 87 else 2)


def test_plain_text_is_ascii_and_says_the_rest():
    drawn = text.render([CHART], 100)
    assert drawn.isascii()
    assert drawn.startswith("Roofline\n\nFLOP/s against FLOP per byte\n")
    assert "g gemm  n norm" in drawn
    assert "A note." in drawn


def test_a_terminal_without_unicode_gets_plain_characters():
    from whichgpu.report import terminal

    for encoding, mark in (("ascii", "|"), ("utf-8", "│")):
        raw = io.BytesIO()
        file = io.TextIOWrapper(raw, encoding=encoding)
        terminal.show([CHART], 90, file)
        file.flush()
        assert mark in raw.getvalue().decode(encoding)


def drawings():
    tree = ElementTree.fromstring(svg.figure(CHART))
    return tree, [one for one in tree.iter("svg") if one.get("role") == "img"]


def test_svg_marks_stand_where_their_values_are():
    _, panels = drawings()
    assert len(panels) == 2
    low = panels[0].find(".//circle")
    roof = panels[0].find(".//polyline").get("points").split()
    left, bottom = float(low.get("cx")), float(low.get("cy"))
    ridge, right = ([float(n) for n in place.split(",")] for place in roof[1:])
    assert float(roof[0].split(",")[0]) == left
    assert ridge[0] == pytest.approx((left + right[0]) / 2, abs=0.2)
    # 1e13 is three quarters of the way up from 1e10 to 1e14.
    assert ridge[1] == pytest.approx(bottom - 0.75 * (bottom - 44.0), abs=0.2)


def test_every_mark_says_what_it_is_and_series_differ_in_shape():
    tree, panels = drawings()
    titles = [one.text for one in panels[0].findall("./g/title")]
    assert sorted(titles) == sorted(point.label for point in CORNERS)
    shapes = {panels[0].findall("./g")[i].find("./*[@class]").tag for i in range(3)}
    assert shapes == {"circle", "path"}
    assert tree.find("figcaption").text == "What binds."
    assert len({one.find("title").get("id") for one in panels}) == 2


def test_a_page_stands_by_itself_and_escapes():
    made = html.page("<script>x</script>", [CHART, "a < b"])
    assert "<script" not in made
    assert "&lt;middle&gt; &amp; co" in made
    assert "a &lt; b" in made
    assert not re.search(r"(?:src|href)=|url\(|@import|https?:", made)
    assert "prefers-color-scheme:dark" in made
    assert "@media print" in made


def test_roofline_of_a_workload(whichgpu):
    answer = whichgpu("workload", "resnet50", "--json").json["where"]
    assert list(answer) == ["l4", "h100-80gb-sxm"]
    for row in answer.values():
        peak = row["roofs"]["peaks"]["fp16"]
        products = [op for op in row["ops"] if op["kind"] in ("conv", "gemm")]
        assert len(products) > 20
        assert all(op["attained"] < peak for op in products)
        assert all(op["intensity"] == pytest.approx(op["flops"] / op["bytes"]) for op in products)
        by_kind = sum(kind["seconds"] for kind in row["kinds"].values())
        assert sum(op["seconds"] for op in row["ops"]) == pytest.approx(by_kind)


def test_a_masked_half_of_attention_is_no_attained_work():
    from whichgpu.workloads.job import Job

    answer = where(Job("llama-3.1-8b", phase="prefill", input_tokens=4096, batch=1))
    attention = next(op for op in answer["l4"]["ops"] if op["kind"] == "attention")
    # 32 layers x 4 x 32 heads x 4096^2 x 128, of which the mask leaves half.
    assert attention["flops"] == pytest.approx(32 * 4 * 32 * 4096**2 * 128 / 2, rel=1e-3)


def test_the_gpus_are_chosen(whichgpu):
    answer = whichgpu("workload", "llama-3.1-70b", "--gpus", "l40s, h200-141gb-sxm:4", "--json").json["where"]
    assert list(answer) == ["l40s", "h200-141gb-sxm:4"]
    assert answer["h200-141gb-sxm:4"]["job"]["tp"] == 4
    for wrong, said in (
        ("l4,h999", "no GPU 'h999'"),
        ("a10,l4,l40s,h200,b200", "one to 4"),
        (",", "one to 4"),
    ):
        refused = whichgpu("workload", "resnet50", "--gpus", wrong)
        assert refused.status == 2
        assert said in refused.err


def test_a_gpu_that_cannot_run_it_is_told(whichgpu):
    answer = whichgpu("workload", "llama-3.1-8b", "--precision", "fp8", "--gpus", "v100-16gb-sxm,l4")
    assert answer.status == 0
    told = " ".join(answer.out.split())
    assert "v100-16gb-sxm: vLLM has no FP8 on v100-16gb-sxm" in told
    assert "v100-16gb-sxm has no FP8 peak" in told
    assert "242 TFLOPS fp8" in answer.out
    alone = whichgpu("workload", "llama-3.1-8b", "--precision", "fp8", "--gpus", "v100-16gb-sxm")
    assert "no FP8 peak" in alone.out
    assert "Roofline" not in alone.out


def test_a_format_that_few_gpus_have_is_shown_on_two_that_do(whichgpu):
    asked = ("workload", "llama-3.1-8b", "--precision", "fp4", "--json")
    # Others read FP4 weights; to train in the format takes units for it.
    assert list(whichgpu(*asked).json["where"]) == ["l4", "h100-80gb-sxm"]
    answer = whichgpu(*asked, "--phase", "train").json["where"]
    assert list(answer) == ["rtx-5090", "b200-180gb-sxm"]
    assert all(row["ops"] for row in answer.values())


@pytest.mark.parametrize("name", ["resnet50", "stream-triad", "fft-3d", "llama-3.1-8b", "dlrm", "sdxl"])
def test_every_form_of_the_report(whichgpu, name):
    for form in ("table", "md", "html", "json"):
        answer = whichgpu("workload", name, "--format", form)
        assert answer.status == 0, answer.err
        assert "nan" not in answer.out.lower().split()
    page = whichgpu("workload", name, "--format", "html").out
    ElementTree.fromstring(re.sub("<!doctype html>|<meta [^>]*>", "", page))
    assert "Ops on l4" in page
    assert "```text" in whichgpu("workload", name, "--format", "md").out


def test_names_of_lines_keep_clear_of_each_other_and_of_other_lines():
    ends = (1.0, 0.69, 0.68, 0.3)
    lines = tuple(Line(((1.0, 1e10), (1e4, 1e14 * end)), f"GPU {end}") for end in ends)
    x, y = axis("intensity", "FLOP/B", (1.0, 1e4)), axis("attainable", "FLOP/s", (1e10, 1e14))
    page = svg.figure(Chart("Roofs", x, y, (Panel("Roofline", lines, ()),), (), ""))
    names = sorted(float(one) for one in re.findall(r'class="name" x="[\d.]+" y="([\d.]+)"', page))
    assert len(names) == len(ends)
    assert all(after - before >= 11.9 for before, after in pairwise(names))
    assert len(set(re.findall(r'class="roof (s\d)"', page))) == len(ends)
