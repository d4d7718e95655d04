"""What a comparison says of two and of several: ratios, rows of what fits, prices, and who leads."""

from __future__ import annotations

import json
import re

import pytest

from tests.comparisons import TODAY, topic
from whichgpu.planner.comparison import compare
from whichgpu.planner.comparison.work import speed_ratio
from whichgpu.workloads.job import Job

pytestmark = pytest.mark.slow


def test_a_board_of_two_gpus_is_fed_and_cooled_whole():
    found = compare(("k80", "p100-16gb-pcie"), today=TODAY)
    said = " ".join(str(one) for one in found.sentences())
    assert "no more than 250 W can be fed and cooled" in said
    assert "no more than 150 W" not in said


def test_a_ratio_of_memory_follows_from_the_amounts_beside_it():
    found = compare(("rtx-5060-laptop", "rtx-5080-laptop"), today=TODAY)
    said = " ".join(str(one) for one in found.sentences())
    assert "2x the memory of the RTX 5060 Laptop (16 against 8 GB)" in said


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        (("t4", "t4g"), "Both have the same memory (15 GB); the T4 and the T4G are both sold as 16 GB"),
        (("l4", "l2"), "Both have the same memory (24 GB); the L4 is sold as 24 GB, of which ECC takes a "
                       "share; what it leaves of the L2 was not read, so sizes as sold are compared"),
    ],
)  # fmt: skip
def test_what_ecc_leaves_is_not_held_against_a_size_as_sold(pair, said):
    assert said in topic(compare(pair, today=TODAY), "memory")


def test_a_number_of_gpus_that_may_run_out_is_not_ahead_of_one_that_surely_holds():
    found = compare(("k80", "p100-16gb-sxm"), whole=True, today=TODAY)
    (row,) = [one for one in found.view.rows.values() if one.label == "full fine-tuning of Llama 3.1 8B"]
    assert row.cells["k80"].text == "16 (FP16 maths, may run out)"
    assert row.cells["p100-16gb-sxm"].text == "32 (FP16 maths, 8 may)"
    assert not row.best(found.view.ids)


def test_eight_p100_send_over_the_links_of_their_usual_machine():
    found = compare(("p100-16gb-sxm", "v100-16gb-sxm"), today=TODAY)
    assert "the P100 sends 80 GB/s (NVLink)" in topic(found, "links")


def test_a_laptop_part_of_the_same_chip_differs_by_its_power_and_says_so_of_its_cells():
    found = compare(("rtx-2080-laptop", "rx-6600-xt"), today=TODAY)
    told = next(one for one in found.sentences() if "not the desktop RTX 2080" in str(one))
    assert "the same chip, within 150 instead of 215 W" in str(told)
    assert ("rtx-2080-laptop", "power") in told.cells


def test_the_newest_toolkit_of_amd_is_told_where_no_source_speaks_of_the_newest_pytorch():
    found = compare(("mi300x", "h200-141gb-sxm"), today=TODAY)
    said = " ".join(str(one) for one in found.sentences())
    assert "ROCm" in said
    assert "runs on the MI300X" in said
    assert "newest ROCm" not in " ".join(
        str(one) for one in compare(("mi50", "v100-16gb-pcie"), today=TODAY).sentences()
    )


def test_where_no_16_bit_rate_was_read_a_narrower_one_decides():
    found = compare(("rtx-5090-d-v2", "rtx-5090"), today=TODAY)
    assert "the work is inference in FP4 (1.41x)" in " ".join(one.text for one in found.verdicts)


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        (("rtx-3090", "rtx-4070"), "reach 142 and 117 TFLOPS in FP16 only while they sum in FP16"),
        (("p40", "gtx-1080-ti"), "would give the P40 and the GTX 1080 Ti 0.184 and 0.177 TFLOPS only"),
        (("l4", "t4"), "the L4 and the T4 are sold as 24 and 16 GB, of which ECC takes a share"),
        (("l4", "t4"), "run on the L4 and the T4; compute capability 7.5 of the T4 is the lowest"),
        (("h100-80gb-sxm", "h200-141gb-sxm"), "the H200 is sold as 141 GB, of which drivers show a little"),
        (("a10", "a10g"), "core counts do not decide here: the A10G has 10,240"),
        (("rx-7900-xtx", "rtx-4080"), "VCN 4 (H.264, HEVC, AV1) to encode, VCN 4 (H.264, HEVC, VP9, AV1) to"),
    ],
)
def test_what_is_alike_of_both_is_said_once(pair, said):
    told = [one.text.lower() for one in compare(pair, today=TODAY).takeaways]
    assert sum(said.lower() in text for text in told) == 1, told


def test_a_workload_in_two_formats_has_a_section_of_each_and_the_same_one_twice_is_refused(whichgpu):
    asked = ("compare", "rtx-a5000", "rtx-a4000", "--workload", "resnet50", "--phase", "train", "--precision")
    works = json.loads(whichgpu(*asked, "fp16,fp32", "--json").out)["workloads"]
    assert [(one["name"], one["precision"]) for one in works] == [
        ("ResNet-50 v1.5", "fp16"), ("ResNet-50 v1.5 in FP32", "fp32")
    ]  # fmt: skip
    fast, slow = (one["results"]["rtx-a5000"]["throughput"]["mid"] for one in works)
    assert fast > slow
    refused = whichgpu(*asked, "fp16,fp16")
    assert refused.status == 2
    assert "asked for twice" in refused.err


def test_what_all_but_one_can_hold_is_said_and_why_a_laptop_is_in_doubt():
    """Three that hold much more than the fourth are not "ahead in nothing"; a doubt says of what."""
    gpus = ("rtx-5090-laptop", "apple-m5-max-40c", "ryzen-ai-max-395", "gb10")
    found = compare(gpus, today=TODAY)
    text = " ".join(one.text for one in found.verdicts)
    assert text.count("one GPU has to hold more than the 24 GB of the RTX 5090 Laptop") == 3
    assert "leads by a fifth in nothing" not in text
    assert any("of low confidence: Rates follow from the advertised" in one.text for one in found.takeaways)


def test_in_what_a_part_without_a_format_multiplies_is_said_with_the_work():
    found = compare(("epyc-9654", "h100-80gb-pcie"), [Job("resnet50", precision="fp16")], today=TODAY)
    told = [one.text for one in found.view.works[0].sentences]
    assert "Products on the EPYC 9654 are taken in BF16: it has no FP16 units." in told


def test_a_processor_of_nvidia_runs_no_cuda_and_is_compared_in_the_format_it_is_for():
    found = compare(("grace-cpu", "epyc-9755"), today=TODAY)
    said = " ".join(one.text for one in found.verdicts)
    assert "CUDA" not in said
    assert "the work is BF16" in said
    three = compare(("grace-cpu", "h100-80gb-sxm"), today=TODAY)
    assert sum("the software needs CUDA" in one.text for one in three.verdicts) == 1


def test_a_vgpu_that_has_the_whole_is_no_part():
    told = [one.text for one in compare(("m60:8q", "k80"), today=TODAY).takeaways]
    assert any("is all of one M60, for one virtual machine" in text for text in told)
    assert any("M60 8Q vGPU are of low confidence: One database alone" in text for text in told)


def test_what_two_hold_is_fast_per_gpu():
    jobs = [Job("llama-3.1-8b", precision="fp16", phase="serve"), Job("stable-diffusion-1.5")]
    found = compare(("p100-16gb-pcie", "v100-16gb-pcie", "t4"), jobs, today=TODAY)
    said = " ".join(one.text for one in found.verdicts)
    assert "Llama 3.1 8B has to be fast per GPU (" in said
    assert "Stable Diffusion 1.5 has to be fast on one GPU (" in said


def test_what_estimates_belie_is_no_reason_or_says_so():
    works = [
        Job("resnet50", phase="train"),
        Job("llama-3.1-8b", phase="decode", precision="q4_k_m", runtime="llama.cpp"),
    ]

    def taken(*names):
        return {one.gpu: one.text for one in compare(names, works, today=TODAY).verdicts}["arc-b580"]

    three = taken("rtx-3060-12gb", "rtx-4060-ti-16gb", "arc-b580")
    # It has the bandwidth and answers later; its peak per watt is the highest, its works take more.
    assert (
        "sets the pace, as in data analytics (1.27x the RTX 3060), but for text from Llama 3.1 8B, in which "
        "the RTX 3060" in three
    )
    assert "energy per result" not in three
    assert "energy per result" not in taken("arc-b580", "rtx-3060-12gb")


def test_two_vendors_share_no_kernels():
    def ratio(*names):
        found = compare(names, [Job("bert-large", phase="train")], today=TODAY).view.works[0].results
        return speed_ratio(*(found[one] for one in names))

    low, middle, high = ratio("gaudi3", "h100-80gb-sxm")
    assert high / low > 2.0
    assert low < 1.0 < middle
    low, _, high = ratio("h200-141gb-sxm", "h100-80gb-sxm")
    assert high / low < 1.6
    works = [Job("bert-large", phase="train"), "stable-diffusion-1.5"]
    said = compare(["gaudi3", "h100-80gb-sxm"], works, today=TODAY).answer.text
    assert re.search(r"faster in both workloads \(.*\), surely in (?:none|one) of them|but not surely", said)
    assert "surely" not in compare(["a10", "a100-80gb-pcie"], works, today=TODAY).answer.text


def test_where_the_usual_software_runs_on_none_all_are_under_what_does():
    done = compare(["p40", "m40-24gb"], ["llama-3.1-8b"], today=TODAY).view.works[0]
    assert not done.refused
    assert {one.best.runtime for one in done.results.values()} == {"llama-cpp"}
    alone = compare(["tpu-v6e", "tpu-v5e"], [Job("resnet50", phase="train")], today=TODAY).view.works[0]
    assert {one.best.runtime for one in alone.results.values()} == {"xla"}
    asked = compare(["p40", "m40-24gb"], [Job("llama-3.1-8b", runtime="vllm")], today=TODAY).view.works[0]
    assert not asked.results, "who names one asks about it"


def test_a_board_of_several_gpus_is_told_beside_the_share_of_one():
    text = str(compare(["k80", "m40-24gb"], today=TODAY))
    assert "draws less for each GPU (150 against 250 W; the board of the K80 300 W)" in text
    assert "for each GPU" not in str(compare(["m40-24gb", "p40"], today=TODAY))


def test_an_answer_that_takes_more_gpus_belies_no_bandwidth() -> None:
    """One A4000 holds no FP16 weights of 8B: an answer from two of them is no faster card."""
    served = [Job("llama-3.1-8b", phase="serve")]
    found = compare(("rtx-a5000", "rtx-a4000"), served, today=TODAY)
    told = {one.gpu: one.text for one in found.verdicts}["rtx-a5000"]
    assert "memory bandwidth sets the pace, as in generating text and in data analytics (1.71x)" in told
    assert "in which the RTX A4000 is faster" not in told


def test_a_workload_is_in_the_format_that_all_have_units_for():
    """Beside a V100, which has no BF16 units, an A100 trains in FP16 too."""
    both = compare(("a100-40gb-sxm", "v100-16gb-sxm"), [Job("llama-3.2-1b", phase="train")], today=TODAY)
    alone = compare(("a100-40gb-sxm", "a10"), [Job("llama-3.2-1b", phase="train")], today=TODAY)
    assert [one.view.works[0].job.precision for one in (both, alone)] == ["amp-fp16", "amp-bf16"]


def test_launch_prices_are_told_where_prices_of_today_are_of_two_kinds() -> None:
    """A street price is no measure of a launch price; what both cost at launch, within three years, is."""
    found = compare(("rx-7900-xtx", "rtx-4090"), today=TODAY)
    told = {one.gpu: one.text for one in found.verdicts}
    assert "it is to be bought for little (999 against 1,599 USD at launch)" in told["rx-7900-xtx"]
    assert "At launch: the Radeon RX 7900 XTX 999 USD and the RTX 4090 1,599 USD" in topic(found, "buy")
    assert "costs 1.6x as much, for 1.35x the FP16" in topic(found, "buy")
    apart = compare(("gtx-1080-ti", "rx-9070-xt"), today=TODAY)
    assert "At launch: " not in topic(apart, "buy"), "eight years apart"
    assert not any("bought for little" in one.text for one in apart.verdicts)


def test_either_end_of_a_range_of_street_prices_is_one() -> None:
    found = compare(("rtx-3090", "rtx-4090", "rtx-5090"), today=TODAY)
    told = {one.gpu: one.text for one in found.verdicts}
    assert "it is to be bought for little (1,207 against 2,000 USD)" in told["rtx-3090"]
    assert "At launch: " not in topic(found, "buy")


def test_what_followed_in_data_centres_alone_is_told_so_of_a_card_to_buy() -> None:
    text = topic(compare(("rtx-5090", "b200-180gb-sxm"), today=TODAY), "lasting")
    assert "followed by Rubin (2026) in data centres alone" in text
    assert text.count("in data centres alone") == 1, "of a B200 that goes without saying"


def test_who_is_fastest_of_several_is_so_beside_the_next() -> None:
    jobs = [Job("resnet50", phase="infer")]
    said = compare(("rtx-3090", "rtx-4090", "rtx-5090"), jobs, today=TODAY).answer.text
    assert re.search(r"the fastest in ResNet-50 v1\.5 \(\d\.\d+x the next\)", said)
    assert "the next" not in compare(("rtx-3090", "rtx-4090"), jobs, today=TODAY).answer.text


def test_a_fleet_of_replicas_says_how_many_share_a_copy() -> None:
    found = compare(("rx-7900-xtx", "rtx-4090"), [Job("llama-3.1-8b", phase="serve")], today=TODAY)
    groups = {key: result.group for key, result in found.view.works[0].results.items()}
    text = " ".join(one.text for one in found.sentences())
    assert len(set(groups.values())) > 1, "else the case shows nothing"
    for key, group in groups.items():
        name = found.view.words[key]
        assert (f"of the {name} ({group} to a copy of the model)" in text) == (group > 1)


def test_a_lead_in_peaks_that_the_estimates_halve_is_told_with_both() -> None:
    jobs = [Job("llama-3.1-8b", phase="serve"), Job("sdxl")]
    found = compare(("w7900", "rtx-6000-ada"), jobs, today=TODAY)
    told = {one.gpu: one.text for one in found.verdicts}["rtx-6000-ada"]
    said = re.search(
        r"in large batches \(2\.97x by the peaks, (\d\.\d+)x to (\d\.\d+)x as estimated below\)", told
    )
    assert said, told
    rates = [[work.results[key].rate for key in ("rtx-6000-ada", "w7900")] for work in found.view.works]
    ratios = sorted(one / other for one, other in rates)
    assert [float(one) for one in said.groups()] == pytest.approx(ratios, rel=0.01)
    assert "by the peaks" not in str(compare(("rtx-4090", "rtx-3090"), jobs, today=TODAY)), "borne out"


def test_peaks_of_two_vendors_are_told_as_peaks() -> None:
    told = {one.gpu: one.text for one in compare(("arc-b580", "rtx-4060"), today=TODAY).verdicts}
    assert "in large batches (3.62x by the peaks)" in told["arc-b580"]


def test_of_three_too_it_is_told_what_keeps_each_from_its_peak() -> None:
    cards = ("mi300x", "h100-80gb-sxm", "h200-141gb-sxm")
    work = compare(cards, [Job("llama-3.1-70b", phase="serve")], today=TODAY).view.works[0]
    text = " ".join(one.text for one in work.sentences)
    assert "bound by arithmetic" in text
    assert "products on the MI300X are assumed to reach" in text
    assert "the power limit leaves the" in text
    alike = compare(("a10", "a30", "l4"), [Job("llama-3.1-8b", phase="serve")], today=TODAY).view.works[0]
    assert "are assumed to reach" not in " ".join(one.text for one in alike.sentences)


def test_of_three_it_is_told_in_what_formats_the_ratios_hold() -> None:
    cards = ("mi300x", "h100-80gb-sxm", "h200-141gb-sxm")
    assert "The FP16 ratios hold in TF32, BF16, FP8 and INT8 too" in topic(
        compare(cards, today=TODAY), "precision"
    )
    mixed = topic(compare(("rtx-4090", "rx-7900-xtx", "rtx-3090"), today=TODAY), "precision")
    assert "the RTX 4090 has the highest INT8 rate" in mixed


def test_what_nobody_can_buy_is_told_so() -> None:
    found = compare(("tpu-v5e", "l4"), today=TODAY)
    told = {one.gpu: one.text for one in found.verdicts}
    assert "a machine of one's own: the TPU v5e is let by the hour only" in told["l4"]
    assert "machine of one's own" not in told["tpu-v5e"]
    assert "The TPU v5e is not sold: its maker lets it by the hour." in topic(found, "buy")
    assert "not sold" not in topic(compare(("a10", "l4"), today=TODAY), "buy")


@pytest.mark.parametrize(
    ("one", "other", "units"),
    [
        ("l40s", "mi300x", "142 RT cores"),
        ("rx-7900-xtx", "a100-80gb-pcie", "ray accelerators in its compute units"),
        ("arc-a770", "v100-sxm2-32gb", "ray-tracing units in its Xe-cores"),
        ("apple-m4-max-40c", "apple-m2-ultra-76c", "ray-tracing units in its cores"),
    ],
)
def test_which_of_two_traces_rays_is_told_whether_its_maker_counts_the_units_or_not(one, other, units):
    found = compare([one, other], whole=True, today=TODAY)
    (verdict,) = [each for each in found.verdicts if "render or trace rays" in each.text]
    assert verdict.gpu == one
    assert f"({units}" in verdict.text
    (told,) = [each for each in found.takeaways if each.topic == "drawing" and "ay tracing" in each.text]
    assert f"Ray tracing: {units} on the" in told.text
    assert ", none on the" in told.text
    assert any(gpu == found.gpus[1] for gpu, _ in told.cells), "what the lack is known by"


def test_units_that_their_maker_does_not_count_are_not_said_to_be_lacking(whichgpu):
    told = whichgpu("compare", "rx-9070-xt", "rtx-5070", "--plain", "--all").out
    (row,) = [line for line in told.splitlines() if line.startswith("RT cores")]
    assert row.split()[2:4] == ["yes", "48"]
    assert "yes where others count: it has them, and its maker counts them not apart." in " ".join(
        told.split()
    )
    assert "yes where others count" not in whichgpu("compare", "rtx-5070", "l40s", "--all").out


def test_a_training_that_none_holds_alone_is_shared_out_over_as_few_as_hold_it():
    found = compare(["b200-180gb-sxm", "h200-141gb-sxm", "gaudi3"], ["llama-3.1-70b training"], today=TODAY)
    (work,) = found.view.works
    assert {key: result.group for key, result in work.results.items()} == {"b200-180gb-sxm": 8}
    best = work.results["b200-180gb-sxm"].best
    assert best.job.n_gpus == 8
    assert work.results["b200-180gb-sxm"].rate == pytest.approx(best.throughput.mid / 8)
    said = [str(one) for one in found.sentences()]
    assert any("No single one holds it: 8 of the B200 share weights, gradients" in one for one in said)
    assert any("1,311 GB, the card has 140 GB; eight that share it out do not hold it" in one for one in said)
    # What the model has no measurement of the links of is not shared out.
    assert work.refused["gaudi3"].endswith("the card has 128 GB")
    mixed = compare(["rtx-4090", "b200-180gb-sxm"], ["llama-3.1-8b full fine-tuning"], today=TODAY)
    (work,) = mixed.view.works
    assert {key: result.group for key, result in work.results.items()} == {"rtx-4090": 8, "b200-180gb-sxm": 1}
    assert next(iter(work.results["rtx-4090"].bounds)) == "links", "over PCIe"
    assert sum(work.results["rtx-4090"].bounds.values()) == pytest.approx(1.0)
    said = [str(one) for one in mixed.sentences()]
    assert any(one.startswith("One RTX 4090 alone does not hold it: 8 of the RTX 4090 share") for one in said)
    assert any("exchange, at 31.5 GB/s (PCIe) on the RTX 4090 in each direction" in one for one in said)
    stated = compare(["rtx-4090", "rtx-3090"], ["llama-3.1-8b full fine-tuning"], today=TODAY).view.works[0]
    assert {result.group for result in stated.results.values()} == {8}
    assert "compute activations again" in stated.sharded
