"""Comparisons and reviews as pages: whole without a network, every number in the JSON, every source cited."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.comparisons import market_numbers, stray
from tests.paged import OF_JOBS, PAIRS, TODAY, compared, html, made, text
from whichgpu.cost.estimate import estimate
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.comparison import compare
from whichgpu.planner.comparison.words import ratio_words
from whichgpu.report import article, charts
from whichgpu.report.chart import Bar, Bars, Group
from whichgpu.report.html import page
from whichgpu.report.json import dumps
from whichgpu.report.svg import bars
from whichgpu.workloads.job import Job

pytestmark = pytest.mark.slow

NAMES = [*PAIRS, "review"]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_stands_by_itself(name):
    out = html(name)
    assert len(out.encode()) < 1_000_000
    tree = ElementTree.fromstring(re.sub(r"<!doctype html>|<meta [^>]*>", "", out))
    names = [element.tag for element in tree.iter()]
    assert not {"script", "link", "img", "iframe", "object"} & set(names)
    assert not re.search(r"@import|url\(", out)
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for link in (element.get("href") for element in tree.iter("a")):
        assert link.startswith("https://") or link.startswith("http://") or link[1:] in ids, link
    assert names.count("svg") > 4
    assert all(table.find("tbody") is not None for table in tree.iter("table"))
    assert '<html lang="en">' in out
    assert "prefers-color-scheme:dark" in out
    assert "@media print" in out
    assert 'name="viewport"' in out


def test_a_page_explains_the_words_of_its_gpus_alone():
    explained = made("a10")[1].data["words"]
    assert {"CUDA", "cuDNN", "RT core", "MIG", "Framework"} <= set(explained)
    assert all(f"{word}: {said}" in text("a10") for word, said in explained.items())
    other = article.words(compare(("mi300x", "mi250x"), today=TODAY).view)
    assert "Board power, TDP" in other
    assert not {"CUDA", "RT core", "MIG"} & set(other)


def test_the_other_parts_of_a_generation_are_named():
    assert re.search(r"Other data centre parts of Ampere: A2, A16, A30, A40, A10G.*\.", text("a10"))
    assert "Other workstation parts of Ampere: RTX A400, RTX A1000" in text("a5000")


def test_other_parts_of_a_name_are_told_with_their_price():
    told = text("a6000")
    assert re.search(r"Of the same name, on demand: the A100 40 GB SXM from [\d.]+ USD/h", told)
    assert set(made("a6000")[1].data["prices"]) > {"rtx-a6000", "a100-80gb-sxm"}


@pytest.mark.parametrize("name", NAMES)
def test_every_drawing_says_what_it_is(name):
    tree = ElementTree.fromstring(re.sub(r"<!doctype html>|<meta [^>]*>", "", html(name)))
    for drawing in tree.iter("svg"):
        label = drawing.get("aria-labelledby")
        assert drawing.get("aria-hidden") == "true" or drawing.find(f"title[@id='{label}']") is not None


class Words(HTMLParser):
    """The words of a page without its drawings, its list of contents and its sources."""

    _LEFT_OUT = ("svg", "style", "nav")

    def __init__(self):
        super().__init__()
        self.words, self.depth, self.refs = [], 0, False

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.depth += tag in self._LEFT_OUT or given.get("class") == "refs"
        self.refs = given.get("href", "").startswith("#source-")

    def handle_endtag(self, tag):
        self.depth -= tag in (*self._LEFT_OUT, "ol")
        self.refs = False

    def handle_data(self, data):
        if not self.depth and not self.refs:
            self.words.append(data)


_NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
#: What reports say of all of them alike.
_SAID = {"90", "2", "1"}


def numbers(words):
    return {one.rstrip(",.").replace(",", "") for one in _NUMBER.findall(words)}


@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_a_page_is_in_its_json(name):
    reader = Words()
    reader.feed(html(name))
    document = made(name)[1].data
    known = numbers(dumps(document)) | _SAID
    rows = document["review"]["rows"] if name == "review" else document["rows"]
    known |= {ratio_words(row["ratio"]).rstrip("x") for row in rows if row["ratio"]}
    plain = {f"{float(one):g}" for one in known}
    stray = {one for one in numbers(" ".join(reader.words)) - known if f"{float(one):g}" not in plain}
    assert not stray


@pytest.mark.parametrize("name", NAMES)
def test_every_bar_is_a_figure_of_the_json(name):
    known = dumps(made(name)[1].data)
    values = {f"{float(one):.6g}" for one in re.findall(r"-?\d+\.?\d*(?:e[+-]?\d+)?", known)}
    for block in made(name)[1].blocks:
        if isinstance(block, Bars):
            for bar in (bar for group in block.groups for bar in group.bars):
                assert f"{bar.value:.6g}" in values, bar


@pytest.mark.parametrize("name", NAMES)
def test_every_row_of_figures_cites_a_source_with_its_date(name):
    out = html(name)
    cited = {int(one) for one in re.findall(r'href="#source-(\d+)"', out)}
    listed = dict(enumerate(re.findall(r'<li id="source-\d+">(.*?)</li>', out), start=1))
    assert cited == set(listed)
    dated = [one for one in listed.values() if "read 20" in one]
    assert len(dated) > 5
    assert 'title="vendor: ' in out or 'title="database: ' in out


def test_a_cell_of_more_than_one_source_names_them_all():
    shown = re.findall(r'title="(measured: [^"]*lambdal[^"]*row cl-\d+[^"]*)"', html("a6000"))
    assert shown


def test_bars_are_drawn_to_scale_with_their_intervals():
    group = Group("G", (Bar("a", 50.0, 40.0, 60.0, "50 x"), Bar("b", 100.0, 100.0, 100.0, "100 x")))
    chart = Bars("T", (group,), ("a", "b"), "Seen <here>.")
    drawn = bars(chart)
    widths = [float(one) for one in re.findall(r'<rect[^>]* width="([\d.]+)"', drawn)]
    assert widths[1] == pytest.approx(2 * widths[0], rel=0.01)
    assert drawn.count("whisker") == 1
    assert "Seen &lt;here&gt;." in drawn
    ElementTree.fromstring(drawn)


def test_measured_and_estimated_stand_side_by_side():
    found = compared("a6000")
    work = next(one for one in found.view.works if one.job.workload == "bert-large")
    one = work.measured[0]
    assert set(one.values) == set(found.gpus)
    row = found.view.rows[f"{work.field}.measured.0"]
    assert all(cell.kind == "measured" and ", row " in cell.source for cell in row.cells.values())
    for key, value in one.values.items():
        assert one.predicted[key] == pytest.approx(value, rel=0.5)
    assert any(
        said.topic == "measured" and "published measurements" in said.text.lower() for said in work.sentences
    )


def test_the_usual_workloads_follow_the_smaller_segment():
    server = compared("a10").view.works
    assert {one.job.trains for one in server} == {True, False}
    laptop = compared("laptop").view.works
    assert any(one.job.phase == "finetune_qlora" for one in laptop)


def test_scaling_is_of_whole_gpus_and_never_better_than_their_number_by_much():
    for work in compared("a10").view.works:
        for result in work.results.values():
            if work.trains:
                assert tuple(result.together) == (1, 2, 4, 8)
                assert 4 < result.together[8].mid / result.together[1].mid < 8.2
            elif result.together:
                # Eight on PCIe may wait for each other longer than four, but no number is slower than one.
                counts, times = zip(*((n, one.mid) for n, one in result.together.items()), strict=True)
                assert all(times[0] / n <= time <= times[0] for n, time in zip(counts, times, strict=True))


def test_a_fleet_reaches_its_target_with_whole_replicas():
    found = compare(PAIRS["a10"], ["stable-diffusion-1.5", "llama-2-13b"], today=TODAY)
    for work in found.view.works:
        for key, result in work.results.items():
            count = work.fleet(key)
            assert count % result.group == 0
            assert count * result.rate >= work.target * 0.999
            assert (count - result.group) * result.rate < work.target
            assert work.fleet_usd(key) == pytest.approx(count * result.usd_per_hour)


def test_what_fits_agrees_with_what_is_estimated():
    view = compared("a10").view
    rows = {row.label: row for row in view.rows.values() if row.field.startswith("fits.")}
    large = rows["Llama 2 13B in FP16"]
    assert (large.cells["a10"].value, large.cells["a100-80gb-pcie"].value) == (2.0, 1.0)
    work = compare(PAIRS["a10"], ["llama-2-13b"], today=TODAY).view.works[0]
    assert (work.results["a10"].least, work.results["a100-80gb-pcie"].least) == (2, 1)


def test_laptops_are_not_counted_by_the_dozen():
    view = compared("laptop").view
    for row in (row for row in view.rows.values() if row.field.startswith("fits.")):
        assert row.cells["rtx-4090-laptop"].value in (1.0, None)
    tuned = next(one for one in view.works if one.job.phase == "finetune_qlora")
    assert tuned.title == "4-bit LoRA of Llama 3.1 8B"
    assert set(tuned.results) == set(PAIRS["laptop"])
    assert tuned.results["rtx-4090-laptop"].together == {}


def test_the_roof_bends_where_the_balance_is():
    found = compare(PAIRS["a10"], today=TODAY)
    chart = charts.roofs(found)
    for key, line in zip(found.gpus, chart.panels[0].lines, strict=True):
        assert line.points[1][0] == pytest.approx(found.view.number(key, "balance"))
    assert "3.23x" in chart.summary
    assert "2.5x" in chart.summary


def test_the_same_article_is_markdown_and_json(whichgpu):
    made = whichgpu("compare", "rtx-a5000", "rtx-a4000", "--workload", "usual", "--json").json
    assert len(made["workloads"]) == 4
    shown = whichgpu("show", "rtx-a5000", "--format", "md").out
    assert shown.startswith("# NVIDIA RTX A5000: a review\n")
    same = json.loads(whichgpu("show", "rtx-a5000", "--format", "json").out)
    assert same["id"] == "rtx-a5000"
    for one in same["review"]["strengths"]:
        assert one["text"] in shown


#: Numbers that are words: of a workload's job, of the interval of a ratio, of a kind of work.


@pytest.mark.parametrize("name", PAIRS)
def test_every_number_of_an_article_s_sentences_stands_in_their_cells(name):
    found = compared(name)
    for one in found.sentences():
        told = one._replace(text=OF_JOBS.sub(" ", one.text))
        assert not stray(found.view, told) - market_numbers(found.view), one
        assert one.cells


@pytest.mark.parametrize("name", [*PAIRS, "review"])
def test_each_row_of_a_page_s_tables_has_its_sources_and_each_source_its_date(name):
    listed = text(name).partition("\n## Sources\n")[2]
    own = re.compile(r"Follows by formula|The (catalogue|architecture tables|software tables) of")
    for line in re.findall(r"^\d+\. (.+)$", listed, re.MULTILINE):
        assert re.search(r"20\d\d-\d\d-\d\d|[A-Z][a-z]+ 20\d\d", line) or own.match(line), line
    rows = re.findall(r"^\| (.+) \|$", text(name), re.MULTILINE)
    assert len(rows) > 100
    for row in rows:
        first, *cells, cited = row.split(" | ")
        if first and any(map(str.isdigit, "".join(cells))):
            assert re.fullmatch(r"\d+(, \d+)*", cited), (first, cited)


@pytest.mark.parametrize("name", [*PAIRS, "review"])
def test_every_sentence_with_a_figure_leads_to_its_sources(name):
    told, _, listed = text(name).partition("\n## Sources\n")
    known = len(re.findall(r"^\d+\. ", listed, re.MULTILINE))
    # What explains a word rests on no cell.
    said = re.findall(r"^- .+$", told.partition("\n## Words\n")[0], re.MULTILINE)
    assert len(said) > 40
    for one in said:
        cited = re.search(r" \[(\d+(?:, \d+)*)\]$", one)
        # A remark of the catalogue on a part has no figure.
        assert cited or one.startswith("- On the figures of "), one
        assert not cited or all(0 < int(each) <= known for each in cited[1].split(", ")), one


def test_each_condition_of_a_verdict_cites_its_own_sources_and_a_cost_its_price():
    found = compared("a10")
    for one in found.verdicts:
        conditions = one.text.split("; if ")
        assert {cell for part in one.parts for cell in part} <= set(one.cells)
        fp32 = [part for told, part in zip(conditions, one.parts, strict=True) if "plain FP32" in told]
        assert all({field for _, field in part} == {"fp32"} for part in fp32)
    cost = found.view.rows["resnet50.train.usd"].cells["a10"].source
    assert cost.startswith("cost;")
    assert found.view.rows["usd_per_hour"].cells["a10"].source in cost


def test_the_steps_of_one_thing_are_shades_of_one_colour():
    group = Group("g", tuple(Bar(name, 1.0, 1.0, 1.0, "1") for name in "abcde"))
    drawn = bars(Bars("x", (group,), tuple("abcde"), steps=True))
    assert [f'"mark s0 step{index}"' in drawn for index in range(5)] == [True] * 4 + [False]
    assert "s1" not in drawn
    assert '"mark s4"' in bars(Bars("x", (group,), tuple("abcde")))


def test_a_verdict_rests_on_what_it_tells_alone():
    found = compare(
        ("t4", "l4", "a10", "a100-80gb-sxm", "h100-80gb-sxm", "rtx-4090"), whole=True, today=TODAY
    )
    one = next(one for one in found.verdicts if one.gpu == "a10")
    assert one.text.startswith("Take the A10 if the L4 is not enough")
    assert not stray(found.view, one)
    assert {field for _, field in one.cells} <= {
        "usd_per_hour",
        "bandwidth",
        "memory",
        "power",
        "fp16",
        "fp32",
    }


def test_training_is_told_under_the_other_framework_too():
    found = compared("a5000")
    for work in (one for one in found.view.works if one.trains):
        row = found.view.rows[f"{work.field}.under"]
        assert row.label.endswith("per second under TensorFlow 2")
        told = [one.text for one in work.sentences if one.text.startswith("Under TensorFlow 2, ")]
        assert len(told) == 1
        for gpu in catalogue()["rtx-a5000"], catalogue()["rtx-a4000"]:
            job = replace(work.results[gpu.id].best.job, runtime="tensorflow")
            batch = re.search(r"batch (\d+)$", row.cells[gpu.id].text)
            job = replace(job, batch=float(batch[1])) if batch else job
            assert row.cells[gpu.id].value == pytest.approx(estimate(job, [gpu]).at(0, 0).throughput.mid)
    # Who names the software has that alone.
    alone = compare(
        PAIRS["a5000"], [Job("resnet50", phase="train", runtime="pytorch")], today=TODAY, whole=True
    )
    assert "resnet50.train.under" not in alone.view.rows


def test_the_other_framework_is_asked_of_no_part_of_one_item():
    found = compare(("gtx-750", "rtx-5050-laptop"), whole=True, today=TODAY)
    assert any(row.field.endswith(".under") for row in found.rows)


def test_a_cost_that_one_cannot_have_is_no_missing_price():
    """All four have a price, and not all of them run each workload."""
    found = compare(("mi300x", "h100-80gb-sxm", "tpu-v5e", "rtx-5090"), whole=True, today=TODAY)
    assert found.view.all_know("usd_per_hour")
    assert not any("no price of" in one.text for one in found.verdicts)


def test_a_number_stays_on_the_line_of_its_unit():
    assert page("x", ("It draws 150 W of 230 W, 87 % of it.",)).count("\N{NO-BREAK SPACE}") == 3
    assert "\N{NO-BREAK SPACE}" not in page("x", ("4 Workers and 2 others",))


SAID = tomllib.loads((Path(__file__).parent / "said.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_articles_rightly_say_is_missing(name):
    told = text(name)
    missing = [one for one in SAID[name] if one not in told]
    assert not missing


def test_the_networks_of_an_article_scale_to_eight(whichgpu):
    nets = ("resnet50", "resnet152", "inception-v3", "googlenet")
    asked = [word for net in nets for word in ("--workload", net)]
    made = whichgpu("show", "rtx-a5000", *asked, "--phase", "train", "--format", "json").json
    works = {one["workload"]: one["results"]["rtx-a5000"] for one in made["review"]["workloads"]}
    assert tuple(works) == nets
    for one in works.values():
        assert list(one["by_gpus"]) == ["1", "2", "4", "8"]
    # The simplest network is the fastest, whatever some tables say.
    rates = [
        works[net]["by_gpus"]["1"]["mid"] for net in ("resnet152", "inception-v3", "resnet50", "googlenet")
    ]
    assert rates == sorted(rates)


@pytest.mark.parametrize("letters", [10, 52, 80])
def test_bars_have_a_length_beside_figures_of_any_length(letters: int) -> None:
    whole, half = (Bar("x", value, value, value, "9" * letters) for value in (1.0, 0.5))
    drawn = bars(Bars("Speed", (Group("a", (whole, half)),), ("x",)))
    width = float(re.findall(r'viewBox="0 0 ([\d.]+)', drawn)[0])
    first, second = (
        float(one) for one in re.findall(r'</title><rect class="mark[^>]* width="([\d.]+)"', drawn)
    )
    assert first == pytest.approx(2 * second, abs=0.2)
    assert 60.0 <= first < width


def test_a_page_with_charts_says_that_it_needs_no_extra_for_them() -> None:
    bar = Bar("x", 1.0, 1.0, 1.0, "1")
    chart = Bars("Speed", (Group("a", (bar,)),), ("x",))
    assert "[plots]" in page("With", [chart])
    assert "[plots]" not in page("Without", [])
