"""Comparisons: every number of a sentence stands in its cells, and the sentences move with the facts."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from datetime import date

import pytest

from whichgpu.errors import UsageError
from whichgpu.facts import store
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.comparison import compare
from whichgpu.planner.comparison.takeaways import sold_as
from whichgpu.planner.comparison.words import (
    amount,
    more,
    percent,
    plain_number,
    ratio_words,
    sentence_names,
    short_name,
)
from whichgpu.prices.offers import Offer
from whichgpu.report.article import article
from whichgpu.report.comparison import report
from whichgpu.report.markdown import render as markdown
from whichgpu.report.table import Heading
from whichgpu.report.text import render
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve

TODAY = date(2026, 11, 20)
PAIRS = [
    ("rtx-a6000", "a100-80gb-sxm"),
    ("rtx-a5000", "rtx-a4000"),
    ("a10", "a100-80gb-pcie"),
    ("a100-80gb-sxm", "rtx-4090-laptop"),
    ("apple-m2-max-38c", "t4"),
    ("mi300x", "h100-80gb-sxm"),
    ("tpu-v5e", "l4"),
    ("k80", "gtx-970"),
    ("a16", "a10g"),
    ("a100-80gb-sxm", "a100-80gb-pcie"),
]
MANY = [
    ("p100-16gb-sxm", "v100-16gb-dgxs", "arc-a580"),
    ("l4", "a10", "rtx-4090"),
    ("t4", "l4", "a10", "a100-80gb-sxm", "h100-80gb-sxm", "b200-180gb-sxm"),
]

_NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
#: Numbers that are words: formats, the pattern of sparsity, the confidence of intervals, the unit of a price.
_WORDS = re.compile(r"\b(?:FP|TF|BF|INT)\d+\b|2:4|90 %|1,000 (?:images|sequences)|\d{4}-\d\d-\d\d|\d+-bit")


def test_software_that_has_left_a_gpu_behind_is_said():
    old, new = "gtx-1080-ti", "a100-80gb-sxm"
    found = compare([old, new], today=TODAY)
    cells = found.view.rows["software_end"].cells
    assert set(cells) == {old}
    assert "CUDA toolkit 12.9" in cells[old].text
    assert cells[old].source
    (said,) = (one for one in found.takeaways if (old, "software_end") in one.cells)
    assert said.text.startswith("Newer software leaves the GTX 1080 Ti behind: NVIDIA driver 580")
    both = compare([new, "h100-80gb-sxm"], today=TODAY)
    assert "software_end" not in both.view.rows


def test_a_card_stands_under_the_size_that_it_is_sold_by():
    cells = compare(["a10", "a100-40gb-pcie"], today=TODAY).view.rows["memory"].cells
    assert {key: one.text for key, one in cells.items()} == {
        "a10": "24 GB (22.5 GB usable)", "a100-40gb-pcie": "40 GB",
    }  # fmt: skip


def numbers(text: str) -> set[str]:
    return {match.rstrip(",").rstrip(".") for match in _NUMBER.findall(_WORDS.sub(" ", text))}


def stray(view, sentence) -> set[str]:
    """The numbers of a sentence that neither stand in its cells nor follow from them."""
    text = sentence.text
    names = {*view.names.values(), *view.words.values(), *(short_name(gpu) for gpu in view.others.values())}
    names |= {view.text(gpu.id, "chip") for gpu in view.gpus} - {""}
    names |= {work.name for work in view.works}
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ", text)
    return numbers(text) - known(view, sentence.cells)


def known(view, cells) -> set[str]:
    values, allowed = [], {"1", "two"}
    for gpu, field in cells:
        row, cell = view.rows.get(field), view.cell(gpu, field)
        if gpu not in view.words:
            other = next(one for one in view.others.values() if one.id == gpu)
            fact = other.fact(field)
            allowed |= numbers(amount(float(fact.value), "memory" if field == "memory" else fact.dimension)
                               if isinstance(fact.value, int | float) else fact.text)  # fmt: skip
            continue
        about = next(one for one in view.gpus if one.id == gpu)
        allowed |= numbers(about.note) if field == "confidence" else set()
        if cell is None:
            continue
        allowed |= (
            numbers(row.label) | numbers(cell.text) | ({cell.text[:4]} if field == "release_date" else set())
        )
        for fact in (
            about.also(field) if hasattr(about, "also") and field in ("memory", "power", "fp32") else ()
        ):
            allowed |= numbers(amount(float(fact.value), row.dimension))
            allowed.add(str(round(100 * float(fact.value) / float(cell.value))))
        if isinstance(cell.value, int | float) and not isinstance(cell.value, bool):
            allowed |= numbers(amount(float(cell.value), row.dimension))
            values.append(float(cell.value))
    for a, b in itertools.permutations([value for value in values if value], 2):
        ratio = a / b
        allowed |= numbers(ratio_words(ratio).rstrip("x"))
        allowed |= {str(round(ratio))}
        if 1 < ratio < 2:
            allowed |= numbers(percent(ratio))
        allowed |= numbers(amount(a * b, "flop rate"))
    return allowed


#: Sentences whose figures are of the market, not of a cell: counts of providers and of ambiguous offers.
def market_numbers(view) -> set[str]:
    allowed = set()
    for market in view.markets.values():
        allowed |= {str(len(market.by_provider())), plain_number(len(market.maybe))}
        allowed |= {
            amount(offer.usd_per_gpu_hour, "price") for offer in (*market.maybe, *market.best.values())
        }
        allowed |= {f"{offer.gpu_count:g}" for offer in market.best.values()}
    return allowed


@pytest.mark.parametrize("gpus", [*PAIRS, *MANY], ids="-".join)
def test_every_number_stands_in_the_cells_named(gpus):
    found = compare(gpus, today=TODAY)
    for one in found.sentences():
        allowed = market_numbers(found.view) if one.topic in ("price", "worth") else set()
        assert not stray(found.view, one) - allowed, (one.text, one.cells)
        assert one.cells, one.text
        for gpu, field in one.cells:
            assert gpu in found.gpus or any(other.id == gpu for other in found.view.others.values())
            assert (
                field in found.view.rows
                or field in ("confidence", "native", "licence")
                or not found.view.cell(gpu, field)
            )


def test_the_traceability_test_can_fail():
    found = compare(PAIRS[0], today=TODAY)
    one = next(one for one in found.takeaways if one.topic == "bandwidth")
    assert stray(found.view, one._replace(text=one.text.replace("2,039", "1,935"))) == {"1,935"}
    assert "2.65" in stray(found.view, one._replace(cells=one.cells[:1]))


def topic(found, name):
    return " ".join(one.text for one in found.takeaways if one.topic == name)


def test_a_ratio_that_flips_by_precision_is_said():
    text = topic(compare(("rtx-a6000", "a100-80gb-sxm"), today=TODAY), "precision")
    assert "in FP16 on tensor cores the A100 is 2.02x the RTX A6000 (312 against 154.8 TFLOPS)" in text
    assert "in FP32 outside them the RTX A6000 is 1.98x the A100 (38.7 against 19.5 TFLOPS)" in text
    same = topic(compare(("rtx-a5000", "rtx-a4000"), today=TODAY), "precision")
    assert "depends on the precision" not in same
    assert (
        "1.45x the dense FP16 rate of the RTX A4000 (111.1 against 76.7 TFLOPS) and 1.45x the plain FP32"
        in same
    )


def test_sentences_move_with_the_facts(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        '[gpu.slow]\nbase = "a100-80gb-pcie"\nname = "Slow"\nbandwidth = "300 GB/s"\nfp16 = "62.5 TFLOPS"\n'
    )
    found = compare(("a10", "slow"), catalogue=catalogue((file,)), today=TODAY)
    assert topic(found, "bandwidth").startswith(
        "The A10 has 2x the memory bandwidth of the Slow (600 against 300 GB/s)"
    )
    assert "The A10 has 2x the dense FP16 rate of the Slow (125 against 62.5 TFLOPS)" in topic(
        found, "precision"
    )
    assert "the one that holds more reads it slower" in topic(found, "memory")
    verdicts = {one.gpu: one.text for one in found.verdicts}
    assert "memory bandwidth sets the pace" in verdicts["a10"]
    assert "memory bandwidth sets the pace" not in verdicts["slow"]
    row = found.view.rows["bandwidth"]
    assert (row.best(found.gpus), row.ratio(found.gpus)) == ("a10", pytest.approx(2.0))


def test_within_two_percent_is_equal(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('[gpu.twin]\nbase = "a10"\nname = "Twin"\nbandwidth = "606 GB/s"\n')
    found = compare(("a10", "twin"), catalogue=catalogue((file,)), today=TODAY)
    assert found.view.rows["bandwidth"].best(found.gpus) == ""
    assert "Both have the same memory bandwidth" in topic(found, "bandwidth")
    assert "ahead in" not in found.answer.text


def test_a_laptop_part_is_not_the_desktop_card():
    found = compare(("a100-80gb-sxm", "rtx-4090-laptop"), today=TODAY)
    text = topic(found, "laptop")
    assert "The RTX 4090 Laptop is not the desktop RTX 4090: another chip (AD103, not AD102)" in text
    assert "9,728 instead of 16,384 cores" in text
    assert "between 80 and 150 W" in topic(found, "power")
    assert (
        "at 150 W; set lower, its 39.7 TFLOPS in FP32 are 33 TFLOPS at 120 W, 28.3 TFLOPS at 80 W"
        in topic(found, "power")
    )
    assert "with FP32 sums, as in training, it runs at half of that, 79.4 TFLOPS" in topic(
        found, "accumulate"
    )
    assert "not for data-centre deployment" in topic(found, "licence")
    assert "it has to travel" in {one.gpu: one.text for one in found.verdicts}["rtx-4090-laptop"]


def test_the_sparse_figure_of_the_data_sheet_is_named():
    text = topic(compare(("rtx-a5000", "rtx-a4000"), today=TODAY), "sparse")
    assert "222.2 TFLOPS for the RTX A5000 and 153.4 TFLOPS for the RTX A4000" in text
    assert topic(compare(("k80", "gtx-970"), today=TODAY), "sparse") == ""


def test_unknown_is_said_and_never_taken_for_no():
    found = compare(("a16", "a10g"), today=TODAY)
    a10g = next(gpu for gpu in found.view.gpus if gpu.id == "a10g")
    assert found.view.has(a10g, "int8") is None
    assert "lack" not in topic(found, "precision")
    other = compare(("t4", "l4"), today=TODAY)
    assert "the T4 lacks TF32" in topic(other, "precision")
    assert (
        topic(compare(("apple-m2-max-38c", "t4"), today=TODAY), "unread")
        == "Not published, so not compared: power limit and ECC of the Apple M2 Max."
    )


def test_figures_of_a_shared_board_are_per_gpu():
    found = compare(("k80", "gtx-970"), today=TODAY)
    assert found.view.number("k80", "power_per_gpu") == 150
    assert found.view.number("k80", "fp32_per_watt") == pytest.approx(found.view.number("k80", "fp32") / 150)
    assert "one of 2 GPUs on its board, whose 300 W they share: 150 W each" in topic(found, "board")


def offer(provider, gpu, usd, *, candidates=(), kind="on_demand", count=1.0, as_of=date(2026, 11, 1)):
    return Offer(
        provider=provider, instance="x", gpu=gpu, gpu_spelling="x", candidates=candidates, gpu_count=count,
        vcpus=None, memory=None, kind=kind, usd_per_hour=usd, usd_median=None, usd_max=None, region="",
        regions=1, suspect_regions=0, source="test", locator="", as_of=as_of,
    )  # fmt: skip


def test_prices_rest_on_certain_current_offers():
    rows = [
        offer("one", "a10", 1.0), offer("two", "a10", 0.5, as_of=None),
        offer("big", "a100-80gb-sxm", 16.0, count=8.0),
        offer("vague", None, 0.1, candidates=("a100-80gb-sxm", "a100-80gb-pcie")),
        offer("spotty", "a10", 0.2, kind="spot"),
    ]  # fmt: skip
    found = compare(("a10", "a100-80gb-sxm"), offers=rows, today=TODAY)
    assert found.view.number("a10", "usd_per_hour") == 1.0
    assert found.view.number("a100-80gb-sxm", "usd_per_hour") == 2.0
    assert found.view.number("a10", "usd_spot") == 0.2
    text = topic(found, "price")
    assert "the A100 2.00 USD/h (big, 2026-11-01, 8 at a time)" in text
    assert found.view.text("a100-80gb-sxm", "sold") == "only in eights"
    assert (
        "One offer does not say whether it is the A100 80 GB PCIe or the A100 80 GB SXM and is not "
        "counted, from 0.10 USD/h"
    ) in text
    assert found.to_dict()["prices"]["a100-80gb-sxm"]["ambiguous"][0]["usd_per_hour"] == 0.1


def test_what_a_speed_is_worth_follows_the_prices():
    def told(a100):
        rows = [offer("one", "a10", 1.0), offer("one", "a100-80gb-pcie", a100)]
        return topic(compare(("a10", "a100-80gb-pcie"), offers=rows, today=TODAY), "worth")

    assert "3.23x where memory bandwidth decides, 2.5x in FP16 and 0.625x in plain FP32" in told(2.0)
    assert (
        "it costs 2x (2.00 against 1.00 USD/h) by the cheapest offers, less than that where memory "
        "bandwidth decides and in FP16"
    ) in told(2.0)
    assert ("it costs 4x (4.00 against 1.00 USD/h) by the cheapest offers, more than any of these") in told(
        4.0
    )
    assert "less than any of these" in told(0.5)


def test_no_price_is_said():
    found = compare(("a10", "a100-80gb-pcie"), offers=[], today=TODAY)
    assert "No on-demand price of the A10 or the A100 is stored" in topic(found, "price")
    assert topic(found, "worth") == ""


def test_derived_rows_are_arithmetic():
    view = compare(("a10", "a100-80gb-pcie"), today=TODAY).view
    for key in view.ids:
        fp16, rate, power = (view.number(key, name) for name in ("fp16", "bandwidth", "power"))
        assert view.number(key, "fp16_per_watt") == pytest.approx(fp16 / power)
        assert view.number(key, "balance") == pytest.approx(fp16 / rate)
        assert view.number(key, "read_all") == pytest.approx(view.number(key, "memory") / rate)
        assert view.number(key, "memory_per_usd") == pytest.approx(
            view.number(key, "memory") / view.number(key, "usd_per_hour")
        )


def test_one_verdict_for_each_gpu_and_none_is_empty():
    for gpus in (*PAIRS, *MANY):
        found = compare(gpus, today=TODAY)
        assert [one.gpu for one in found.verdicts] == list(gpus)
        texts = [one.text for one in found.sentences()]
        assert len(texts) == len(set(texts))
        for text in texts:
            assert re.match(r"[A-Z0-9'].*\.$", text), text
            assert not re.search(r"\(\)|  |None[^ ]|nan\b|, ,|\.\.|the the", text), text


def test_workload_cost_is_price_over_rate():
    rows = [offer("one", "a10", 1.0), offer("one", "a100-80gb-pcie", 3.0)]
    found = compare(("a10", "a100-80gb-pcie"), ["stable-diffusion-1.5"], offers=rows, today=TODAY)
    work = found.view.works[0]
    for key, usd in (("a10", 1.0), ("a100-80gb-pcie", 3.0)):
        result = work.results[key]
        assert result.usd == pytest.approx(usd / 3600 / result.rate)
        assert sum(result.bounds.values()) == pytest.approx(1.0)
        assert found.view.number(key, "stable-diffusion-1.5.rate") == pytest.approx(result.rate)
    speed = work.results["a100-80gb-pcie"].rate / work.results["a10"].rate
    assert any(
        f"worth up to {ratio_words(speed)} the A10's hourly price; it costs 3x" in one.text
        for one in work.sentences
    )
    titles = [block.text for block in report(found).blocks if isinstance(block, Heading)]
    assert "Stable Diffusion 1.5: images" in titles


def test_time_by_bound_is_what_the_ops_say():
    from whichgpu.cost.estimate import estimate

    found = compare(("t4", "a100-80gb-sxm"), ["resnet50", "llama-3.1-8b"], today=TODAY)
    for work in found.view.works:
        for key, result in work.results.items():
            terms = estimate(result.best.job, [catalogue()[key]], explain=True).timing.terms
            whole = sum(term.seconds for term in terms)
            for bound in ("compute", "memory", "launch"):
                share = sum(term.seconds for term in terms if term.bound == bound) / whole
                assert result.bounds.get(bound, 0.0) == pytest.approx(share, abs=1e-9)


def test_a_model_too_big_for_one_says_how_many_hold_it():
    found = compare(("a10", "a100-80gb-pcie"), ["llama-2-70b"], today=TODAY)
    small, large = (found.view.works[0].results[key].least for key in found.gpus)
    assert small > large > 1
    assert any(
        f"To hold it takes {small} of the A10 and {large} of the A100." == one.text
        for one in found.view.works[0].sentences
    )


def test_a_precision_that_one_lacks_is_said_in_its_cell(whichgpu):
    answer = whichgpu("compare", "l4", "a10", "--workload", "llama-2-7b", "--precision", "fp8", "--json")
    assert answer.status == 0
    work = answer.json["workloads"][0]
    assert list(work["results"]) == ["l4"]
    assert "no FP8 units" in work["refused"]["a10"]
    row = next(row for row in answer.json["rows"] if row["field"] == "llama-2-7b.rate")
    assert "cannot" in row["values"]["a10"]["text"]
    assert row["better"] is None


def test_workload_numbers_stand_in_cells():
    found = compare(("rtx-a6000", "a100-80gb-sxm"), ["resnet50", "llama-2-7b"], today=TODAY)
    for work in found.view.works:
        for one in work.sentences:
            asked = {f"{work.job.output_tokens:,.0f}"} if work.job.output_tokens else set()
            text = re.sub(r"; the ratio lies .* confidence", "", one.text)
            assert not stray(found.view, one._replace(text=text)) - asked, one.text


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


# -- parts, other makes, and what is not to be said ----------------------------------------------------


def test_a_slice_is_named_as_one_and_has_no_board_of_its_own():
    found = compare(("a100-80gb-sxm:mig-3g.40gb", "a30"), today=TODAY)
    assert found.title == "A100 80 GB SXM 3g.40gb slice or A30"
    text = topic(found, "part")
    assert "42 of 108 SMs, 40 of 80 GB and 1,020 of 2,039 GB/s" in text
    assert "the whole costs" in text
    said = " ".join(str(one) for one in found.sentences())
    assert "The A100 is" not in said
    assert "can be fed and cooled" not in said
    assert "PCIe slot" not in said
    assert "names several parts" not in said
    assert "power limit of the" not in topic(found, "unread")
    virtual = compare(("a40:8q", "t4"), today=TODAY)
    assert "many must exchange data" not in " ".join(one.text for one in virtual.verdicts)
    assert "in the mean of its turns" in topic(virtual, "part")


def test_fp16_is_what_software_gets_of_a_part_that_widens_it():
    found = compare(("p40", "rtx-3060-12gb"), today=TODAY)
    rows = found.view.rows
    assert rows["fp16"].cells["p40"].value == rows["fp32"].cells["p40"].value
    assert "widened to FP32" in rows["fp16"].cells["p40"].text
    assert rows["fp16_units"].cells["p40"].value < 0.2e12
    assert "139x" not in " ".join(str(one) for one in found.sentences())


def test_nothing_is_said_of_what_a_part_holds_on_which_no_software_runs():
    found = compare(("inferentia1", "h200-141gb-sxm"), whole=True, today=TODAY)
    text = topic(found, "fits")
    assert "H200" not in text
    assert text == "None of the 10 jobs could be worked out for the Inferentia."
    assert "llama.cpp" not in found.view.rows["fits.1"].cells["inferentia1"].text
    apple = topic(compare(("apple-m2-ultra-76c", "rtx-4090"), whole=True, today=TODAY), "fits")
    assert apple.startswith("Only the Apple M2 Ultra can hold Llama 2 13B in FP16")


def test_two_that_lead_together_are_both_told_of_it():
    found = compare(("gb10", "ryzen-ai-max-395", "rtx-5090"), today=TODAY)
    told = {one.gpu: one.text for one in found.verdicts}
    assert "more than the 32 GB of the RTX 5090, as with the Ryzen AI Max+ 395" in told["gb10"]
    assert "more than the 32 GB of the RTX 5090, as with the GB10" in told["ryzen-ai-max-395"]
    assert "needs CUDA, which the Ryzen AI Max+ 395 cannot run" in told["gb10"]
    assert "CUDA" not in told["ryzen-ai-max-395"]


def test_per_watt_names_all_that_lead():
    text = topic(compare(("arc-b580", "rtx-4060", "rx-7600"), today=TODAY), "power")
    assert "the Radeon RX 7600 and the RTX 4060 give the most FP32" in text


def test_launch_prices_years_apart_are_not_held_against_each_other():
    told = " ".join(one.text for one in compare(("p40", "rtx-3060-12gb"), today=TODAY).verdicts)
    assert "to be bought for little" not in told
    near = " ".join(one.text for one in compare(("rx-7900-xtx", "rtx-4090"), today=TODAY).verdicts)
    assert "to be bought for little (999 against 1,599 USD at launch)" in near


def test_an_article_tells_what_software_runs_on_the_one_and_not_on_the_other():
    found = compare(("t4", "l4"), whole=True, today=TODAY)
    assert found.view.rows["software.tensorrt-llm"].cells["t4"].text == "no"
    text = topic(found, "software")
    assert text.startswith("The T4 runs no TensorRT-LLM (it needs compute capability 8.0 or higher)")
    assert topic(compare(("t4", "l4"), today=TODAY), "software") == ""


def test_the_last_cache_before_memory_is_told_where_one_has_an_l3():
    found = compare(("rx-7900-xtx", "rtx-4090"), today=TODAY)
    assert topic(found, "cache").endswith(
        "96 MB on the Radeon RX 7900 XTX, behind 6 MB of L2; 72 MB on the RTX 4090."
    )
    assert found.view.rows["l2"].better == ""
    assert topic(compare(("a10", "l4"), today=TODAY), "cache") == ""


def test_a_processor_beside_a_gpu():
    found = compare(("epyc-9654", "a10"), whole=True, today=TODAY)
    assert found.view.cell("epyc-9654", "segment").text == "server processor"
    assert found.view.works[0].results["epyc-9654"].best.basis == "roofline"
    assert "Only the EPYC 9654 can hold" in topic(found, "fits")


def test_a_leaner_engine_is_no_lead_in_what_fits():
    text = topic(compare(("v100-16gb-pcie", "p100-16gb-pcie"), whole=True, today=TODAY), "fits")
    assert "Only the P100" not in text


def test_a_laptop_part_of_the_desktop_chip_tells_only_what_differs():
    assert "3,072 instead of 3,072" not in topic(compare(("rtx-4060-laptop", "a2"), today=TODAY), "laptop")


def test_what_a_pascal_card_lacks_and_what_runs_on_the_oldest_that_the_toolkit_knows():
    found = compare(("gtx-1080-ti", "rtx-2080-ti"), whole=True, today=TODAY)
    assert "does not compute in TF32" in topic(found, "lasting")
    assert "widens FP16 numbers" in topic(found, "widened")
    assert "compute capability 7.5 is the lowest" in topic(found, "current")


def test_what_the_usual_software_does_not_run_on_is_estimated_under_what_does():
    found = compare(["tpu-v5e", "h100-80gb-sxm"], ["resnet50"])
    (item,) = found.view.works
    assert item.how["tpu-v5e"].startswith("JAX")
    assert set(item.results) == {"tpu-v5e", "h100-80gb-sxm"}
    assert "JAX" in found.view.rows[f"{item.field}.runs"].cells["tpu-v5e"].text
    assert any("estimated under JAX" in one.text for one in item.sentences)


def test_software_that_was_named_stays_named():
    found = compare(["tpu-v5e", "h100-80gb-sxm"], [Job("resnet50", runtime="pytorch")])
    (item,) = found.view.works
    assert "tpu-v5e" in item.refused
    assert item.how == {}


def test_what_comes_with_its_machine_is_counted_alone():
    found = compare(["apple-m2-ultra-76c", "rtx-4090"], [Job("resnet50", phase="train")], whole=True)
    (item,) = found.view.works
    assert not item.results["apple-m2-ultra-76c"].together
    assert item.results["rtx-4090"].together
    held = [
        row.cells["apple-m2-ultra-76c"] for row in found.view.rows.values() if row.field.startswith("fits.")
    ]
    assert {cell.value for cell in held} <= {1.0, None}


def test_slices_do_not_work_together():
    found = compare(["a100-80gb-sxm:mig-2g.20gb", "t4"], [Job("llama-3.1-8b", phase="serve"), "resnet50"])
    for item in found.view.works:
        assert item.results["a100-80gb-sxm:mig-2g.20gb"].group == 1
        assert not item.results["a100-80gb-sxm:mig-2g.20gb"].together


def test_a_slice_has_no_engines_or_links_of_the_whole():
    found = compare(["a100-80gb-sxm:mig-2g.20gb", "t4"])
    assert not any("NVDEC" in one.text and "slice" in one.text for one in found.takeaways)


def test_the_instance_types_of_hyperscalers_are_named_where_there_is_room():
    two = compare(["rtx-a6000", "a100-80gb-sxm"], today=TODAY)
    row = next(row for row in two.rows if row.field == "instances")
    text = row.cells["a100-80gb-sxm"].text
    assert "aws p4de.24xlarge (8)" in text
    assert "gcp a2-ultragpu" in text
    assert "rtx-a6000" not in row.cells
    many = compare(["t4", "l4", "a10", "a100-80gb-sxm"], today=TODAY)
    assert "instances" not in {row.field for row in many.rows}


@pytest.mark.slow
def test_what_a_reader_of_such_pages_looks_for_is_named():
    found = compare(("a10", "a100-80gb-pcie"), whole=True, today=TODAY)
    text = " ".join(one.text for one in found.sentences())
    assert "Ampere (2020) followed Turing (2018)" in text
    assert "its fastest card for games is the RTX 3090 Ti (40 TFLOPS in FP32)" in text
    assert "two A10 hold Llama 2 13B in FP16" in text
    assert "one answer comes no faster for it" in text
    assert "as in visual effects, design and medical imaging (72 RT cores)" in text
    # A row of a class of providers stands beside that of a term, and names who asks what.
    rows = {row.field: row for row in found.rows}
    assert rows["usd_marketplace"].label == "Marketplace"
    assert "vast" in rows["elsewhere"].cells["a10"].text
    assert rows["usd_class_specialised"].cells["a10"].text.endswith("(modal, lambda)")


def test_a_job_says_what_it_stands_for(whichgpu):
    page = whichgpu("compare", "a10", "l4", "--workload", "resnet50", "--format", "md").out
    assert "It stands for convolutional networks that classify images (EfficientNet, Inception" in page
    assert "were read from 20" in page
    for row in store.load("usual")["usual"]["like"].values():
        resolve(row["other"])


def test_no_fleet_of_laptops_is_counted_and_what_they_do_at_their_limits_is_told():
    found = compare(["a100-40gb-pcie", "rtx-4090-laptop"], ["stable-diffusion-1.5"], today=TODAY)
    (work,) = found.view.works
    most, least = work.results["rtx-4090-laptop"].limited.items()
    assert (most[0], least[0]) == (150.0, 80.0)
    assert least[1].mid < work.results["rtx-4090-laptop"].rate < most[1].mid
    assert not work.results["a100-40gb-pcie"].limited
    lost = round(100 * (1 - least[1].mid / most[1].mid))
    told = f"In a laptop that gives it 80 W, the RTX 4090 Laptop is {lost} % slower than in one that gives"
    assert any(one.text.startswith(told) for one in work.sentences)
    assert not any(row.field.endswith((".fleet", ".target")) for row in found.rows)
    assert not any("a minute take" in one.text for one in found.takeaways)


def test_limits_that_no_one_source_has_are_not_told_as_the_range_of_a_part():
    told = [one.text for one in compare(["rtx-a3000-laptop", "rtx-a5500-laptop"], today=TODAY).takeaways]
    assert any("were read of the RTX A3000 Laptop are between 60 and 70 W;" in text for text in told)
    assert any(text.startswith("Makers set the RTX A5500 Laptop to between 80 and 165 W") for text in told)


def test_a_limit_that_two_keep_is_told_as_what_feeds_both():
    found = compare(["rtx-4060-ti-16gb", "rx-9070-xt", "rtx-5060-ti-16gb"], today=TODAY)
    for key in ("rtx-4060-ti-16gb", "rtx-5060-ti-16gb"):
        told = next(one.text for one in found.verdicts if one.gpu == key)
        assert "no more than 180 W can be fed and cooled, as with" in told


def test_a_peak_that_no_workload_bears_out_is_no_reason_to_take_a_gpu():
    found = compare(["rtx-3090", "arc-b580"], ["stable-diffusion-1.5"], today=TODAY)
    taken = next(one.text for one in found.verdicts if one.gpu == "arc-b580")
    assert "large batches" not in taken
    assert any("is one of peaks: in every workload here that both run" in one.text for one in found.takeaways)
    plain = next(
        one.text for one in compare(["rtx-3090", "arc-b580"], today=TODAY).verdicts if one.gpu == "arc-b580"
    )
    assert "large batches" in plain, "without a workload there are the peaks alone"


def test_a_card_whose_memory_ecc_shares_says_under_what_it_is_sold():
    assert sold_as(catalogue()["l40s"]) == 48 * 2**30
    assert sold_as(catalogue()["rtx-4090"]) is None


def test_of_several_the_fastest_at_a_job_is_told_where_that_is_sure():
    found = compare(["mi300x", "gtx-1080-ti", "t4"], ["stable-diffusion-1.5"], today=TODAY)
    told = {one.gpu: one.text for one in found.verdicts}
    assert "Stable Diffusion 1.5 has to be fast on one GPU (" in told["mi300x"]
    assert "which the MI300X cannot run" in told["t4"]
    assert "fast on one GPU" not in told["t4"] + told["gtx-1080-ti"]
    pair = compare(["mi300x", "t4"], ["stable-diffusion-1.5"], today=TODAY)
    assert not any("fast on one GPU" in one.text for one in pair.verdicts)
