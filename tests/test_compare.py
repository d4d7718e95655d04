"""Comparisons: every number of a sentence stands in its cells, and the sentences move with the facts."""

from __future__ import annotations

import re
from datetime import date

import pytest

from tests.comparisons import MANY, PAIRS, TODAY, market_numbers, stray, topic
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.comparison import compare
from whichgpu.planner.comparison.words import ratio_words
from whichgpu.prices.offers import Offer
from whichgpu.report.comparison import report
from whichgpu.report.table import Heading
from whichgpu.workloads.job import Job

pytestmark = pytest.mark.slow


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


def test_how_long_a_driver_for_each_is_maintained_is_said():
    found = compare(["gtx-1080-ti", "a10", "mi300x", "jetson-agx-orin-64gb"], today=TODAY)
    cells = found.view.rows["maintained"].cells
    assert {key: cell.text for key, cell in cells.items()} == {
        "gtx-1080-ti": "NVIDIA driver 580, to June 2028", "a10": "NVIDIA driver 620, to September 2029",
    }  # fmt: skip
    assert all(cell.source == "nvidia-driver/branches-620" for cell in cells.values())
    (said,) = (one for one in found.takeaways if one.topic == "maintained")
    assert "580, the last for the GTX 1080 Ti, is maintained to June 2028" in said.text
    assert "620, which runs on the A10, is maintained" in said.text


def test_a_card_stands_under_the_size_that_it_is_sold_by():
    cells = compare(["a10", "a100-40gb-pcie"], today=TODAY).view.rows["memory"].cells
    assert {key: one.text for key, one in cells.items()} == {
        "a10": "24 GB (22.5 GB usable)", "a100-40gb-pcie": "40 GB",
    }  # fmt: skip


#: Sentences whose figures are of the market, not of a cell: counts of providers and of ambiguous offers.
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


def test_a_machine_of_eight_is_said_of_those_that_stand_in_one():
    laptop = topic(compare(("rtx-4090-laptop", "rtx-4070", "rtx-3060-12gb"), today=TODAY), "links")
    assert "in a usual machine of eight, the RTX 4070 and the RTX 3060 send 31.5 GB/s (PCIe)" in laptop
    assert "each sends" in topic(compare(("l4", "l40s", "a40"), today=TODAY), "links")


def test_what_a_price_buys_with_the_gpu():
    bought = compare(("gb10", "apple-m4-max-40c"), today=TODAY).view.rows["purchase"].cells
    assert "a whole computer" in bought["gb10"].text
    assert "a whole laptop" in bought["apple-m4-max-40c"].text


def test_the_sparse_figure_of_the_data_sheet_is_named():
    text = topic(compare(("rtx-a5000", "rtx-a4000"), today=TODAY), "sparse")
    assert "222.2 TFLOPS for the RTX A5000 and 153.4 TFLOPS for the RTX A4000" in text
    assert topic(compare(("k80", "gtx-970"), today=TODAY), "sparse") == ""


def test_unknown_is_said_and_never_taken_for_no():
    found = compare(("a16", "rtx-5090-d-v2"), today=TODAY)
    unread = next(gpu for gpu in found.view.gpus if gpu.id == "rtx-5090-d-v2")
    assert found.view.has(unread, "int8") is None
    assert "the RTX 5090 D V2 lacks" not in topic(found, "precision")
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
    assert "draws less" not in found.answer.text, "150 against 145 W"


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


def test_the_one_that_holds_more_than_another_and_less_than_the_first_says_so():
    def said(*gpus):
        found = compare(list(gpus), today=TODAY)
        return {one.gpu: one.text for one in found.verdicts}

    between = "one part has to hold more than the 24 GB of the RTX 4090, and 128 GB are enough"
    told = said("apple-m4-max-40c", "rtx-4090", "epyc-9654")
    assert between in told["apple-m4-max-40c"]
    assert all("are enough" not in told[other] for other in ("rtx-4090", "epyc-9654"))
    assert "are enough" not in "".join(said("apple-m4-max-40c", "rtx-4090").values())
    # Where the one that holds most costs less, nobody needs the one in between.
    many = compare(["l4", "l40s", "a100-80gb-sxm"], today=TODAY)
    dearer = many.view.number("a100-80gb-sxm", "usd_per_hour") > many.view.number("l40s", "usd_per_hour")
    assert ("45 GB are enough" in "".join(one.text for one in many.verdicts)) == dearer


def test_a_generation_that_has_no_year_is_named():
    cells = compare(["tpu-v5p", "tpu-v4"], today=TODAY).view.rows["generation"].cells
    assert {key: one.text for key, one in cells.items()} == {
        "tpu-v5p": "TPU v5p, after TPU v4", "tpu-v4": "TPU v4, after TPU v3",
    }  # fmt: skip


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


@pytest.mark.parametrize("workload", ["bert-large", "llama-3.1-8b"])
def test_one_item_alone_is_the_same_whatever_else_is_tried(workload):
    """A column of the sweep, and where the job states how many at once a sweep of its own."""
    flight = "concurrency" if workload == "llama-3.1-8b" else "batch"
    jobs = (Job(workload), Job(workload, **{flight: 16.0}))
    open_, stated = (compare(("t4", "l4"), [job], today=TODAY).view.works[0].results for job in jobs)
    for key, result in open_.items():
        assert result.latency_alone == stated[key].latency_alone
        assert result.throughput_alone == stated[key].throughput_alone
        assert result.together == stated[key].together


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
    assert row["values"]["a10"]["text"].startswith("not worked out: a10 has no FP8 units")
    assert row["better"] is None


def test_workload_numbers_stand_in_cells():
    found = compare(("rtx-a6000", "a100-80gb-sxm"), ["resnet50", "llama-2-7b"], today=TODAY)
    for work in found.view.works:
        for one in work.sentences:
            asked = {f"{work.job.output_tokens:,.0f}"} if work.job.output_tokens else set()
            text = re.sub(r"; the ratio lies .* confidence", "", one.text)
            assert not stray(found.view, one._replace(text=text)) - asked, one.text


def test_a_ratio_far_from_that_of_the_peaks_is_told_why():
    work = compare(("rtx-5090", "h100-80gb-sxm"), ["stable-diffusion-1.5"], today=TODAY).view.works[0]
    told = next(one.text for one in work.sentences if "FP16 peak" in one.text)
    ratio = ratio_words(work.results["h100-80gb-sxm"].rate / work.results["rtx-5090"].rate)
    assert "4.72x" in told
    assert "the power limit leaves the H100" in told
    assert told.endswith(
        "the RTX 5090 comes nearer to what that allows, as the model was fitted, "
        f"which makes the whole {ratio}."
    )


def test_a_machine_by_its_maker_s_name_is_compared_by_its_gpus() -> None:
    view = compare(["DGX H100", "a100-80gb-sxm"], today=TODAY).view
    assert [gpu.id for gpu in view.gpus] == ["h100-80gb-sxm", "a100-80gb-sxm"]


def test_what_a_part_lacks_is_not_told_as_unread(whichgpu):
    told = whichgpu("compare", "rtx-5090", "rtx-3090", "--plain").out
    (row,) = [line for line in told.splitlines() if line.startswith("FP8 (FP32 accumulate)")]
    assert "n/a" in row
    assert "n/a not in its hardware, or does not apply to it." in " ".join(told.split())
    mixed = whichgpu("compare", "mi300x", "h100-80gb-sxm", "--plain").out
    assert "– not published, or not read in any source." in " ".join(mixed.split())


def test_who_needs_the_newest_software_does_not_take_what_it_has_left(whichgpu):
    told = " ".join(whichgpu("compare", "gtx-1080-ti", "rtx-3060-12gb", "--plain").out.split())
    newer = told[told.index("Take the RTX 3060 12 GB") :]
    assert re.search(r"it has to run the newest software \(CUDA toolkit [\d.]+, PyTorch [\d.]+\)", newer)
    assert "which the GTX 1080 Ti cannot" in newer
    alike = whichgpu("compare", "rtx-4090", "rtx-3090", "--plain").out
    assert "newest software (" not in " ".join(alike.split())
