"""Results of the Python API in a notebook, and as tables of pandas, polars and Arrow."""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from typing import Any

import pytest

import whichgpu
from whichgpu.errors import UsageError
from whichgpu.report.frames import flat, rows

pytestmark = pytest.mark.slow

PLAN = {"plan": {"gpus": ["l4"]}, "demand": [
    {"name": "images", "workload": "resnet50", "rate": "900 images/s"}]}  # fmt: skip
MAKE = {
    "recommend": lambda: whichgpu.recommend("resnet50", target="1000 images/s", gpus=["l4", "a10", "t4"]),
    "recommend --slo": lambda: whichgpu.recommend(
        "llama-3.1-8b", slo="ttft p90 1 s", rate="5 req/s", gpus=["l4"]
    ),
    "nothing": lambda: whichgpu.recommend("llama-3.1-70b", gpus=["t4"], budget="0.01 USD/h"),
    "predict": lambda: whichgpu.predict("resnet50", "l4"),
    "fit": lambda: whichgpu.fit("llama-2-13b", ["a10", "rtx-4090:2"]),
    "compare": lambda: whichgpu.compare(["a10", "l4"], ["resnet50"]),
    "compat": lambda: whichgpu.compat("t4", ["pytorch", "vllm"]),
    "sweep": lambda: whichgpu.sweep("llama-3-8b", "h100-80gb-sxm:8"),
    "gpu": lambda: whichgpu.gpu("l4"),
    "gpus": whichgpu.gpus,
    "recommend a use": lambda: whichgpu.recommend("rendering", gpus=["rtx-4090", "l40s"]),
    "plan": lambda: whichgpu.plan(PLAN),
    "diagnose": lambda: whichgpu.diagnose("resnet50", "l4", "500 images/s"),
    "job": lambda: whichgpu.job("resnet50", batch=8),
    "workload": lambda: whichgpu.workload("resnet50"),
    "audit": lambda: whichgpu.audit(b"The A10 has 48 GB of memory. The L4 has 24 GB of memory."),
}
#: Rows of each.
ROWS = {
    "recommend": 3, "recommend --slo": 1, "recommend a use": 2, "plan": 1, "nothing": 0, "fit": 2,
    "compat": 2, "sweep": 5, "audit": 2,
}  # fmt: skip


class Balanced(HTMLParser):
    """Every tag that is opened is closed, but for those that have no end."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in ("br", "hr", "img", "meta", "circle", "path", "line", "rect", "polygon", "polyline"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            assert self.open.pop() == tag


@pytest.fixture(scope="module", params=sorted(MAKE))
def result(request: pytest.FixtureRequest) -> tuple[str, Any]:
    return request.param, MAKE[request.param]()


def test_it_shows_itself_in_a_notebook(result: tuple[str, Any]) -> None:
    _, made = result
    html, markdown = made._repr_html_(), made._repr_markdown_()
    page = Balanced()
    page.feed(html)
    assert page.open == []
    assert html.startswith('<div class="whichgpu"><style>.whichgpu{')
    assert ":root" not in html
    assert "http-equiv" not in html
    assert "<script" not in html
    assert markdown.strip()


@pytest.mark.thorough(every=2)
def test_the_three_libraries_are_given_the_same_rows(result: tuple[str, Any]) -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    name, made = result
    pandas, polars, arrow = made.to_pandas(), made.to_polars(), made.to_arrow()
    assert pandas.shape == polars.shape == arrow.shape
    assert list(pandas.columns) == polars.columns == arrow.column_names
    if name in ROWS:
        assert len(pandas) == ROWS[name]
    for column in polars.columns:
        given = polars[column].to_list()
        assert given == arrow[column].to_pylist()


def test_rows_say_what_the_answer_says() -> None:
    pandas = pytest.importorskip("pandas")
    answer = MAKE["recommend"]()
    first, table = answer.candidates[0], answer.to_pandas()
    assert table.loc[0, "gpu"] == first.gpu
    assert table.loc[0, "throughput_low"] == first.throughput.low
    assert table.loc[0, "offer_usd_per_hour"] == first.offer.usd_per_hour
    assert table.loc[0, "memory_parts_weights"] == first.estimate.memory["weights"]
    others = answer.to_pandas("rejected")
    assert isinstance(others, pandas.DataFrame)
    assert list(others.columns) in ([], ["gpu", "why"])
    gpus = whichgpu.gpus().to_pandas().set_index("id")
    assert gpus.loc["l4", "memory"] == whichgpu.gpu("l4").value("memory")


def test_an_unknown_part_is_told_the_nearest() -> None:
    with pytest.raises(UsageError, match="no rows 'rejectd' in this answer; did you mean rejected"):
        rows(MAKE["nothing"](), "rejectd")


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_a_library_that_is_absent_is_named(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    made = whichgpu.job("resnet50")
    with pytest.raises(UsageError, match=f"{library} is not installed; type: pip install {library}"):
        getattr(made, {"pyarrow": "to_arrow"}.get(library, f"to_{library}"))()


def test_values_within_values_are_columns() -> None:
    row = {"a": 1, "b": {"c": 2.0, "d": {"e": None}}, "f": ["x", "y"], "g": [{"h": 1}]}
    assert flat(row) == {"a": 1, "b_c": 2.0, "b_d_e": None, "f": "x, y", "g": '[{"h": 1}]'}


def test_what_is_looked_up_is_a_document_too():
    listed = whichgpu.gpus().to_dict()["gpus"]
    assert len(listed) == len(whichgpu.gpus())
    assert listed[0]["fields"]["memory"]["unit"] == "B"
    assert whichgpu.workload("resnet50").to_dict()["parameters"] == 25557032
    assert whichgpu.compare("l4, t4", "resnet50").to_dict()["gpus"] == ["l4", "t4"]
