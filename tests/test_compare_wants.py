"""What readers of comparisons look for: the generation before, who lets what, energy, video, other work."""

from __future__ import annotations

import re

import pytest

from tests.comparisons import TODAY
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.comparison import compare
from whichgpu.planner.review import review
from whichgpu.planner.usual import other_work
from whichgpu.report.comparison import fits_told
from whichgpu.units import DAYS_PER_YEAR
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve


def verdict(found, gpu):
    return next(one.text for one in found.verdicts if one.gpu == gpu)


def told(found, topic):
    return [one.text for one in found.takeaways if one.topic == topic]


@pytest.mark.parametrize(
    ("gpus", "kinds"),
    [
        (("rtx-3090", "rtx-3080-10gb"), [("consumer", "turing", "geforce")]),
        (
            ("rtx-a6000", "a100-80gb-sxm"),
            [("workstation", "turing", "workstation"), ("data centre", "volta", "datacenter")],
        ),
        (("rx-7900-xtx", "rx-7800-xt"), [("consumer", "rdna2", "geforce")]),
    ],
)  # fmt: skip
def test_the_fastest_of_the_generation_before_is_told_once_for_what_they_are_made_for(gpus, kinds):
    found = compare(gpus, today=TODAY)
    said = [one for one in found.takeaways if one.topic == "earlier"]
    assert len(said) == len(kinds)
    for one, (kind, family, segment) in zip(said, kinds, strict=True):
        assert f"the fastest {kind} part in FP32, the " in one.text
        (former,) = {gpu for gpu, _ in one.cells} - set(gpus)
        known = catalogue()[former]
        assert (known.family, known.segment) == (family, segment) or known.architecture == family
        alike = [
            gpu.value("fp32") for gpu in catalogue().values()
            if gpu.architecture == known.architecture and gpu.segment == segment
        ]  # fmt: skip
        assert known.value("fp32") == max(value for value in alike if value)


def test_what_came_before_is_not_told_of_many_nor_where_nothing_did():
    assert not told(compare(("l4", "a10", "rtx-4090"), today=TODAY), "earlier")
    assert not told(compare(("tpu-v6e", "tpu-v5e"), today=TODAY), "earlier")
    # Hopper has no card for games, and the RTX 4090 stands beside it anyway.
    (of_ada,) = told(compare(("rtx-5090", "rtx-4090"), today=TODAY), "earlier")
    assert of_ada.startswith("Of Ampere, the fastest consumer part in FP32, the RTX 3090 Ti, has")
    assert "Of Ada Lovelace, the" in told(compare(("rtx-5080", "rtx-5070"), today=TODAY), "earlier")[0]
    found = review(catalogue()["rtx-a5000"], catalogue(), today=TODAY)
    (one,) = [one for one in found.lead if one.topic == "earlier"]
    assert one.text.count(";") == 1


def test_what_no_hyperscaler_lets_is_said_where_another_of_the_two_is_let():
    found = compare(("rtx-a6000", "a100-80gb-sxm"), today=TODAY)
    (one,) = [one for one in told(found, "price") if "yperscalers let" in one]
    assert re.search(r"Hyperscalers let the A100 for [\d.]+ to [\d.]+ USD/h \(.*AWS.*\)", one)
    assert one.endswith("no stored offer of theirs has the RTX A6000.")
    both = compare(("a10", "a100-80gb-pcie"), today=TODAY)
    assert not any("yperscalers let" in one for one in told(both, "price"))


def test_the_dearest_provider_stands_beside_the_median():
    found = compare(("rtx-a6000", "a100-80gb-sxm"), today=TODAY)
    asked = found.view.markets["a100-80gb-sxm"].by_provider()
    assert f"the dearest {max(asked.values()):.2f}" in " ".join(told(found, "price"))
    assert (
        f"the dearest {max(asked.values()):.2f})" in found.view.rows["usd_median"].cells["a100-80gb-sxm"].text
    )


@pytest.mark.slow
def test_energy_counts_for_the_one_that_takes_less_in_every_workload():
    works = [Job("resnet50", phase="train"), "stable-diffusion-1.5"]
    found = compare(("a100-80gb-sxm", "rtx-4090-laptop"), works, today=TODAY)
    energies = [found.view.ranked(f"{work.field}.energy") for work in found.view.works]
    assert all(next(iter(one)) == "rtx-4090-laptop" for one in energies)
    assert "energy per result counts (the A100 takes 1." in verdict(found, "rtx-4090-laptop")
    assert "energy per result" not in verdict(found, "a100-80gb-sxm")
    # Level in one, ahead in the other: that decides nothing.
    level = compare(("rtx-a5000", "rtx-a4000"), works, today=TODAY)
    assert not any("the energy, as estimated" in one.text for one in level.verdicts)


def test_video_is_encoded_by_what_has_units_for_it():
    found = compare(("rtx-a6000", "a100-80gb-sxm"), today=TODAY)
    assert "video has to be encoded on it: 1 NVENC (7th generation), none on the A100" in verdict(
        found, "rtx-a6000"
    )
    assert not any("encoded" in one.text for one in compare(("l4", "a10"), today=TODAY).verdicts)


def test_a_year_at_the_limit_is_the_watts_times_its_hours():
    found = compare(("rtx-a5000", "rtx-a4000"), today=TODAY)
    for key in found.gpus:
        kwh = catalogue()[key].value("power") * DAYS_PER_YEAR * 24 / 1000
        assert found.view.rows["year"].cells[key].text == f"{kwh:,.0f} kWh"
    # A laptop is not left running, and a board of four counts one of them.
    assert "year" not in compare(("rtx-4090-laptop", "rtx-4080-laptop"), today=TODAY).view.rows
    assert compare(("a16", "a2"), today=TODAY).view.rows["year"].cells["a16"].text == "548 kWh"


@pytest.mark.slow
def test_an_answer_that_takes_several_says_so_in_its_cell():
    found = compare(("rtx-a5000", "rtx-a4000"), [Job("llama-3.1-8b", phase="serve")], today=TODAY)
    cells = found.view.rows[f"{found.view.works[0].field}.alone"].cells
    assert cells["rtx-a4000"].text.endswith(" s on 2 GPUs")
    assert cells["rtx-a5000"].text.endswith(" s")
    (one,) = [one.text for one in found.sentences() if one.text.startswith("One answer")]
    assert one.endswith(f"s on 2 of the RTX A4000 and {cells['rtx-a5000'].text} on the RTX A5000.")


@pytest.mark.slow
def test_no_gpu_keeps_more_than_its_speed_among_several():
    found = compare(("rtx-a6000", "a100-80gb-sxm"), [Job("bert-large", phase="train")], today=TODAY)
    for count in (2, 4, 8):
        for cell in found.view.rows[f"bert-large.train.on{count}"].cells.values():
            assert int(re.search(r"(\d+) % each", cell.text)[1]) <= 100


def test_a_close_fit_is_explained_where_there_is_one():
    rows = compare(("rtx-a5000", "rtx-a4000"), whole=True, today=TODAY).rows
    fits = [row for row in rows if row.field.startswith("fits.")]
    assert any("may" in cell.text for row in fits for cell in row.cells.values())
    assert "Where a cell says 'may'" in fits_told(fits)
    assert "may'" not in fits_told(
        [row for row in fits if not any("may" in c.text for c in row.cells.values())]
    )


def test_the_other_work_that_a_page_names_is_of_the_zoo():
    assert {"speech to text", "object detection"} <= set(other_work())
    for name in other_work().values():
        assert resolve(name).id == name


@pytest.mark.slow
def test_where_both_are_let_the_other_may_be_the_cheaper_and_a_verdict_says_so():
    works = [Job("resnet50", phase="train"), "stable-diffusion-1.5"]
    found = compare(("rtx-a5000", "rtx-a4000"), works, today=TODAY)
    view = found.view
    label = view.rows["usd_same_provider"].label.removeprefix("On demand at ")
    text = verdict(found, "rtx-a5000")
    assert (
        f"it is rented at {label}, which has both: training ResNet-50 v1.5 and Stable Diffusion 1.5 cost less"
        in text
    )
    asked = view.ranked("usd_same_provider")
    for work in view.works:
        rates, cost = view.ranked(f"{work.field}.rate"), view.ranked(f"{work.field}.usd")
        assert next(iter(cost)) == "rtx-a4000"
        assert asked["rtx-a5000"] / rates["rtx-a5000"] * 1.2 <= asked["rtx-a4000"] / rates["rtx-a4000"]
    assert "is rented at" not in verdict(found, "rtx-a4000")
