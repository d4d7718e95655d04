"""Comparisons of parts and of other makes, and what is not to be said."""

from __future__ import annotations

import json
import re

import pytest

from tests.comparisons import TODAY, topic
from whichgpu.facts import store
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.comparison import compare
from whichgpu.planner.comparison.fitting import fit_rows
from whichgpu.planner.comparison.takeaways import sold_as
from whichgpu.planner.comparison.work import speed_ratio
from whichgpu.planner.usual import fitted_jobs
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve

pytestmark = pytest.mark.slow


def test_a_slice_is_named_as_one_and_has_no_board_of_its_own():
    found = compare(("a100-80gb-sxm:mig-3g.40gb", "a30"), today=TODAY)
    assert found.title == "A100 80 GB SXM 3g.40gb slice or A30"
    text = topic(found, "part")
    assert "42 of 108 SMs, 40 of 80 GB and 1,020 of 2,039 GB/s" in text
    cost = re.search(r"the whole costs ([\d.]+) USD/h, ([\d.]+) for each of the 2 that it holds", text)
    assert cost is not None
    assert float(cost[2]) == pytest.approx(float(cost[1]) / 2, abs=0.01)
    most = topic(compare(("a100-80gb-sxm:mig-7g.80gb", "a30"), today=TODAY), "part")
    assert "98 of 108 SMs, 80 of 80 GB" in most
    assert "virtual machine" not in most
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
    assert text == f"None of the {len(fitted_jobs())} jobs could be worked out for the Inferentia."
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
    near = " ".join(one.text for one in compare(("rx-7900-gre", "rtx-4080-super"), today=TODAY).verdicts)
    assert "to be bought for little (549 against 999 USD at launch)" in near


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
    assert "AWS p4de.24xlarge (8)" in text
    assert "Google Cloud a2-ultragpu" in text
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
    assert "Vast.ai" in rows["elsewhere"].cells["a10"].text
    assert rows["usd_class_specialised"].cells["a10"].text.endswith("(Lambda)")


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
    (told,) = (one.text for one in work.sentences if "In a laptop" in one.text)
    assert told.endswith("its rate in the table is for 110 W.")  # the middle of 80 and 150 W


def test_what_a_laptop_does_at_its_lowest_limit_is_no_more_than_at_a_higher_one():
    works = compare(["rtx-5070-ti-laptop", "rtx-4070-laptop"], today=TODAY, whole=True).view.works
    for work in works:
        for result in work.results.values():
            most, least = result.limited.values()
            assert least.mid <= result.rate * 1.0001, work.name
            assert result.rate <= most.mid * 1.0001, work.name


def test_of_gpus_that_deal_the_layers_out_none_is_said_to_answer_sooner():
    told = compare(["rtx-5090", "rtx-3090"], [Job("llama-3.1-8b", runtime="llama.cpp")], today=TODAY)
    (work,) = told.view.works
    assert all(r.together[2].mid > r.latency_alone.mid for r in work.results.values())
    texts = [one.text for one in work.sentences]
    assert "One answer alone comes no sooner on several of the RTX 5090 and the RTX 3090." in texts


def test_the_number_of_gpus_on_which_an_answer_comes_soonest_is_the_one_that_is_told():
    (work,) = compare(["a10", "a100-80gb-pcie"], ["llama-3.1-8b"], today=TODAY).view.works
    (told,) = (one.text for one in work.sentences if "answer sooner" in one.text)
    for result in work.results.values():
        count = min(result.together, key=lambda n, found=result.together: found[n].mid)
        assert f" on {count} of the " in told


def test_several_whose_links_were_not_measured_are_told_as_such():
    job = Job("resnet50", phase="train")
    works = compare(["tpu-v5e", "trainium1", "a100-80gb-sxm"], [job], today=TODAY).view.works
    texts = [one.text for one in works[0].sentences]
    assert any(
        text.startswith("Several of the TPU v5e and the Trainium are not worked out") for text in texts
    )
    assert not works[0].results["trainium1"].together


def test_what_stands_in_for_two_alike_is_said_once():
    works = compare(["tpu-v5e", "trainium1", "a100-80gb-sxm"], ["resnet50"], today=TODAY).view.works
    texts = [one.text for one in works[0].sentences if "estimated under JAX" in one.text]
    (text,) = texts
    assert text.startswith("The TPU v5e and the Trainium are estimated under JAX")


def test_a_part_without_matrix_units_lacks_what_came_with_them_and_what_was_not_read_says_so():
    told = [one.text for one in compare(["mi50-32gb", "rtx-4060"], today=TODAY).takeaways]
    assert any("the MI50 32 GB lacks TF32" in text and "BF16" in text for text in told)
    told = [one.text for one in compare(["tpu-v5e", "a100-80gb-sxm", "l4"], today=TODAY).takeaways]
    assert any("whether the TPU v5e has" in text and text.endswith("was not read.") for text in told)


def test_what_runs_on_other_makers_parts_only_shares_one_reason():
    told = [one.text for one in compare(["l4", "apple-m4-pro-20c"], today=TODAY, whole=True).takeaways]
    (text,) = (one for one in told if "runs no TensorRT-LLM" in one)
    assert "FlashAttention, xFormers or Triton (none of them is for Apple)" in text


def test_limits_that_no_one_source_has_are_not_told_as_the_range_of_a_part():
    told = [one.text for one in compare(["rtx-a3000-laptop", "rtx-a5500-laptop"], today=TODAY).takeaways]
    assert any("were read of the RTX A3000 Laptop are between 60 and 70 W;" in text for text in told)
    assert any(text.startswith("Makers set the RTX A5500 Laptop to between 80 and 165 W") for text in told)
    told = [one.text for one in compare(["jetson-agx-orin-64gb", "l4"], today=TODAY).takeaways]
    assert any(text.startswith("Its modes set the Jetson AGX Orin to between 15 and 60 W") for text in told)


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


def test_a_peak_that_one_workload_does_not_bear_out_says_so():
    found = compare(["rtx-4070", "arc-a770"], [Job("resnet50", phase="train"), "llama-3.1-8b"], today=TODAY)
    taken = next(one.text for one in found.verdicts if one.gpu == "arc-a770")
    assert "but for training ResNet-50 v1.5, in which the RTX 4070 is faster" in taken


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


def test_a_row_of_what_fits_is_of_one_software_where_one_runs_on_all():
    titled = {row.label: row.cells for row in fit_rows((catalogue()["gtx-1080-ti"], catalogue()["t4"]))}
    # vLLM runs on the T4 alone: what it holds there says nothing of the two cards.
    assert all("llama.cpp" in cell.text for cell in titled["Llama 3.1 8B in FP16"].values())
    assert not any("llama.cpp" in cell.text for cell in titled["one image of SDXL"].values())
    # vLLM runs on the card of 6 GB and is too large for it.
    titled = {row.label: row.cells for row in fit_rows((catalogue()["rtx-2060"], catalogue()["t4"]))}
    assert titled["Llama 3.1 8B in 4 bits"]["rtx-2060"].text == "1 (5.08 GB, llama.cpp, Q4_K_M)"


def test_a_rate_that_was_not_read_is_not_told_as_lacking():
    asked = Job("bert-large", phase="train", precision="fp32")
    found = compare(("gaudi2", "h100-80gb-sxm"), (asked,), today=TODAY)
    assert found.view.works[0].refused["gaudi2"].startswith("no FP32 peak of gaudi2 was read")
    # PyTorch emulates BF16 on a T4, ONNX Runtime does not.
    lacking = Job("bert-large", phase="infer", precision="bf16", runtime="ONNX Runtime")
    old = compare(("t4", "a10"), (lacking,), today=TODAY)
    assert old.view.works[0].refused["t4"].startswith("t4 has no BF16 peak")


def test_a_board_of_two_gpus_is_fed_and_cooled_whole():
    found = compare(("k80", "p100-16gb-pcie"), today=TODAY)
    said = " ".join(str(one) for one in found.sentences())
    assert "no more than 250 W can be fed and cooled" in said
    assert "no more than 150 W" not in said


def test_a_ratio_of_memory_follows_from_the_amounts_beside_it():
    found = compare(("rtx-5060-laptop", "rtx-5080-laptop"), today=TODAY)
    said = " ".join(str(one) for one in found.sentences())
    assert "2x the memory of the RTX 5060 Laptop (16 against 8 GB)" in said


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
        "sets the pace (1.27x the RTX 3060), but for text from Llama 3.1 8B, in which the RTX 3060" in three
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
    assert "memory bandwidth sets the pace, as in generating text (1.71x)" in told
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
