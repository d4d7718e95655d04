"""Comparisons as the command and the call give them: text, Markdown, JSON, and what is refused."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from tests.comparisons import MANY, PAIRS, TODAY
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.comparison import compare
from whichgpu.planner.comparison.words import more, ratio_words, sentence_names, short_name
from whichgpu.report.article import article
from whichgpu.report.comparison import report
from whichgpu.report.markdown import render as markdown
from whichgpu.report.text import render


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a10",), "name 2 to 6"),
        (("a10", "l4", "t4", "a2", "a16", "a30", "a40"), "7 GPUs to compare; name 2 to 6"),
        (("a10", "NVIDIA A10"), "a10 is named twice"),
        (("a10", "h100"), "may be"),
        (("a10", "h100:8"), "'h100' may be"),
        (("l4", "a10:8"), "compared one by one; write a10,"),
        (("a10", "rtx 4091"), "did you mean"),
        (("a10", "l4", "--workload", "resnet51"), "did you mean"),
        (("a10", "l4", "--batch", "4"), "--batch is for a workload"),
        (("a10", "l4", "--workload", "resnet50", "--workload", "ResNet-50"), "asked for twice"),
    ],
)
def test_wrong_use_exits_2_and_says_what_to_type(whichgpu, arguments, message):
    answer = whichgpu("compare", *arguments)
    assert answer.status == 2
    assert message in answer.err
    assert len(answer.err.splitlines()) == 1


def test_json_has_the_contract_shape(whichgpu):
    document = whichgpu("compare", "a10", "a100-80gb-pcie", "--json").json
    assert document["schema_version"] == 1
    assert document["gpus"] == ["a10", "a100-80gb-pcie"]
    row = next(row for row in document["rows"] if row["field"] == "bandwidth")
    assert row["unit"] == "B/s"
    assert row["values"]["a10"].keys() == {"value", "text", "source", "kind"}
    assert row["values"]["a10"]["value"] == pytest.approx(600e9)
    assert (row["better"], row["ratio"]) == ("a100-80gb-pcie", pytest.approx(1935 / 600))
    assert all(one.keys() >= {"text", "cells"} for one in (*document["takeaways"], *document["verdicts"]))
    assert {one["gpu"] for one in document["verdicts"]} == set(document["gpus"])
    assert document["prices"]["a10"]["on_demand"]["provider"]
    assert document["workloads"] == []
    same = whichgpu("compare", "a10", "a100-80gb-pcie", "--format", "json").json
    assert same == document


def test_markdown_is_an_article_with_numbered_sources(whichgpu):
    text = whichgpu("compare", "rtx-a5000", "rtx-a4000", "--format", "md").out
    assert text.startswith("# RTX A5000 or RTX A4000\n")
    parts = re.findall(r"^## (.+)$", text, re.MULTILINE)
    works = [part for part in parts if part.startswith(("Training ", "Serving ")) or ": " in part]
    assert [part for part in parts if part not in works] == [
        "Which for what", "What the figures say", "When the answer flips", "What fits", "Software", "Prices",
        "Specifications", "Words", "Sources",
    ]  # fmt: skip
    assert works[0] == "Training ResNet-50 v1.5"
    assert "Serving Llama 3.1 8B" in works
    listed = {int(number) for number in re.findall(r"^(\d+)\. \S", text, re.MULTILINE)}
    cited = {int(n) for cell in re.findall(r"\| ([\d, ]+) \|$", text, re.MULTILINE) for n in cell.split(", ")}
    assert cited == listed == set(range(1, len(listed) + 1))
    assert "| Memory bandwidth | 768 GB/s | 448 GB/s | RTX A5000 1.71x |" in text
    bare = whichgpu("compare", "rtx-a5000", "rtx-a4000", "--format", "md", "--workload", "none").out
    assert "## What fits" not in bare
    assert "Training" not in "".join(re.findall(r"^## (.+)$", bare, re.MULTILINE))


def test_markdown_of_several_stresses_the_best():
    text = markdown(article(compare(("l4", "a10", "rtx-4090"), today=TODAY)).blocks)
    assert "| Memory bandwidth | 300 GB/s | 600 GB/s | **1,008 GB/s** |" in text


@pytest.mark.parametrize("width", [80, 100, 120])
@pytest.mark.parametrize("gpus", [PAIRS[0], PAIRS[3], *MANY], ids="-".join)
def test_nothing_is_wider_than_the_terminal(gpus, width):
    lines = render(report(compare(gpus, today=TODAY)).blocks, width).splitlines()
    assert max(map(len, lines)) <= width


def test_a_plain_comparison_imports_neither_numpy_nor_rich():
    code = (
        "import sys\nfrom whichgpu.cli import main\n"
        "status = main(['compare', 'a10', 'a100-80gb-pcie', '--plain'])\n"
        "print([name for name in ('numpy', 'rich', 'pydantic', 'highspy') if name in sys.modules], "
        "status, file=sys.stderr)\n"
    )
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert done.stderr.strip() == "[] 0"
    assert "Which for what" in done.stdout


def test_the_answer_begins_with_who_does_the_workloads_faster_and_cheaper():
    works = ["resnet50", "stable-diffusion-1.5"]
    found = compare(("rtx-a5000", "rtx-a4000"), works, today=TODAY)
    first, second, *_ = found.answer.text.split("; ", 1)
    for key, told, what in (("rtx-a5000", first, "rate"), ("rtx-a4000", second, "usd")):
        rows = [found.view.rows[f"{work.field}.{what}"] for work in found.view.works]
        assert all(row.best(found.gpus) == key for row in rows)
        assert f"the {found.view.words[key]} is " in told
        assert "in both workloads (" in told
        ratios = sorted(row.ratio(found.gpus) for row in rows)
        assert all(ratio_words(ratio) in told for ratio in ratios)
    assert "but at CoreWeave, which has both, in none of them." in second
    one = compare(("rtx-a5000", "rtx-a4000"), works[:1], today=TODAY).answer.text
    assert one.startswith("By the estimates below, the RTX A5000 is faster in ResNet-50 v1.5 (")
    assert "but not at CoreWeave, which has both." in one
    assert compare(("rtx-a5000", "rtx-a4000"), today=TODAY).answer.text.startswith(
        "The RTX A5000 is ahead in"
    )


def test_it_prints_as_its_meaning_and_is_frozen():
    found = compare(("a10", "a100-80gb-pcie"), today=TODAY)
    assert str(found).startswith("A10 or A100 80 GB PCIe: The A10 is ahead in plain FP32 (1.6x)")
    assert json.loads(json.dumps(found.to_dict(), default=str))["title"] == "A10 or A100 80 GB PCIe"
    with pytest.raises(AttributeError):
        found.verdicts = ()


def test_names_are_short_unique_and_plain():
    known = catalogue()
    names = [short_name(gpu) for gpu in known.values()]
    assert len(set(names)) == len(names)
    assert short_name(known["a100-80gb-sxm"]) == "A100 80 GB SXM"
    assert short_name(known["rtx-4090-laptop"]) == "RTX 4090 Laptop"
    # A name without its size that is another card's own is not plain.
    other = sentence_names([known["rtx-3050-6gb"], known["rtx-a1000-6gb-laptop"], known["a10"]])
    assert list(other.values()) == ["RTX 3050 6 GB", "RTX A1000 6 GB Laptop", "A10"]
    both = sentence_names([known["a100-80gb-sxm"], known["a100-80gb-pcie"]])
    assert set(both.values()) == {"A100 80 GB SXM", "A100 80 GB PCIe"}


def test_words_for_ratios():
    assert more(1.124, "memory") == "12 % more memory than"
    assert more(1.11, "FP32 rate") == "an 11 % higher FP32 rate than"
    assert more(2.6549, "memory") == "2.65x the memory of"
    assert (ratio_words(2.0), ratio_words(16.04), ratio_words(145.2)) == ("2x", "16x", "145x")


def test_the_python_call_refuses_what_the_command_refuses():
    with pytest.raises(UsageError, match="name 2 to 6"):
        compare(["a10"])


def test_a_bar_leaves_room_for_the_whole_of_its_figure(whichgpu):
    page = whichgpu("compare", "gtx-1080-ti", "l4", "--format", "html").out
    drawn = re.findall(r'<text x="([\d.]+)" y="[\d.]+">([^<]+)</text></g>', page)
    assert any("usable" in text for _, text in drawn)
    assert all(float(x) + 6.5 * len(text) <= 360 for x, text in drawn), drawn


def test_bandwidth_is_not_said_to_decide_where_another_answers_as_fast(whichgpu):
    page = whichgpu("compare", "gtx-1080-ti", "rtx-3060-12gb", "l4", "--format", "md").out
    assert "as in generating text (1.34x" not in page
    # A GTX 1080 Ti delivers 0.93 of what its sheet says against an RTX 3060, which answers sooner.
    assert "but for text from Llama 3.1 8B, in which the RTX 3060 is faster" in page


def test_bars_as_text_have_their_intervals(whichgpu):
    page = whichgpu("show", "l4", "--format", "md").out
    assert re.search(r"1 GPU +#+ +[\d.,]+ \([\d.,]+ to [\d.,]+\)", page)
