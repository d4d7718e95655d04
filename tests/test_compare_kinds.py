"""Comparisons of parts and of other makes, and what is not to be said."""

from __future__ import annotations

import re

import pytest

from tests.comparisons import TODAY, topic
from whichgpu.facts import store
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.comparison import compare
from whichgpu.planner.comparison.fitting import fit_rows
from whichgpu.planner.comparison.takeaways import sold_as
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
    assert "as in visual effects, design, games and medical imaging (72 RT cores)" in text
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
