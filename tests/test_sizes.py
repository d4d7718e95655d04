"""Jobs of a size: how much work it is, what it costs, when it is done; deadlines, and what would flip it."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import date, timedelta
from math import ceil
from typing import Any

import pytest

from whichgpu import prices
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.answer import Recommendation  # noqa: TC001
from whichgpu.planner.recommend import recommend
from whichgpu.planner.request import read_request
from whichgpu.planner.sensitivity import _bound
from whichgpu.planner.size import Sized, read_amount, read_size
from whichgpu.planner.wishes import read_deadline, read_target
from whichgpu.prices import purchase
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve

pytestmark = pytest.mark.slow

GPUS = catalogue()
TODAY = date(2026, 11, 20)
FEW = ["a10", "a100-80gb-sxm", "h100-80gb-sxm", "l4", "rtx-4090"]


def ask(workload: str, offers: Any = None, **wishes: Any) -> Recommendation:
    job = Job(workload, phase=wishes.pop("phase", ""), **wishes.pop("columns", {}))
    request, own = read_request(job, GPUS, today=TODAY, **wishes)
    return recommend(request, GPUS, offers if offers is not None else own)


@pytest.mark.parametrize(
    ("workload", "phase", "given", "units"),
    [
        ("resnet50", "train", {"epochs": "90"}, 90 * 1281167),
        ("resnet50", "train", {"epochs": "90", "samples": "1.28M"}, 90 * 1.28e6),
        ("resnet50", "train", {"epochs": "3", "samples": "cifar-10"}, 150000),
        ("resnet50", "", {"images": "100k"}, 1e5),
        ("llama-2-7b", "train", {"tokens": "2B"}, 2e9),
        ("llama-2-13b", "finetune_lora", {"samples": "alpaca", "epochs": "3"}, 3 * 52002 * 2048),
        ("llama-3.1-8b", "", {"requests": "1 million"}, 1e6 * 256),
        ("llama-3.1-8b", "", {"tokens": "1,000,000"}, 1e6),
        ("whisper-large-v3", "", {"hours_of_audio": "10000"}, 3.6e7),
        ("bert-large", "train", {"samples": "87599", "epochs": "2"}, 175198),
        ("bert-large", "train", {"tokens": "384k"}, 1000),
    ],
)
def test_the_size_is_counted_in_units_of_the_workload(
    workload: str, phase: str, given: dict[str, str], units: float
) -> None:
    known = resolve(workload)
    size = read_size(Sized(**given), known, known.complete(Job(workload, phase=phase)))
    assert size is not None
    assert size.units == pytest.approx(units)
    assert size.text


def test_epochs_are_of_training_where_no_phase_is_stated() -> None:
    """A job that is passed over again and again is no inference."""
    plain, stated = (ask("bert-large", gpus=["a10"], epochs="2", samples="10k", **more)
                     for more in ({}, {"phase": "train"}))  # fmt: skip
    assert plain.candidates[0].finish == pytest.approx(stated.candidates[0].finish)
    assert any("phase train" in said for said in plain.assumptions)
    read = ask("bert-large", gpus=["a10"], samples="10k")
    assert read.candidates[0].finish < 0.9 * plain.candidates[0].finish


@pytest.mark.parametrize(
    ("workload", "text", "rate"),
    [
        ("llama-3.1-8b", "5 req/s", 5 * 256),
        ("whisper-large-v3", "500 hours of audio per day", 500 * 3600 / 86400),
        ("whisper-large-v3", "500 hours audio/day", 500 * 3600 / 86400),
        ("whisper-large-v3", "90 audio minutes/h", 1.5),
        ("whisper-large-v3", "50 hours/h", 50.0),
        ("sdxl", "20000 images a day", 20000 / 86400),
    ],
)
def test_a_target_counts_as_people_do(workload: str, text: str, rate: float) -> None:
    known = resolve(workload)
    assert read_target(text, known, known.complete(Job(workload))).rate == pytest.approx(rate)


def test_an_assumed_data_set_is_told() -> None:
    answer = ask("resnet50", phase="train", gpus=["rtx-4090"], epochs="90")
    assert any("ImageNet" in said for said in answer.assumptions)


def test_the_whole_costs_its_hours_and_is_done_after_them() -> None:
    answer = ask("resnet50", phase="train", gpus=FEW, epochs="90").to_dict()
    for item in answer["candidates"]:
        seconds = 90 * 1281167 / item["throughput"]["mid"]
        assert item["seconds"] == pytest.approx(seconds)
        assert item["usd_total"] == pytest.approx(item["usd_per_hour"] * seconds / 3600)
        assert item["joules_total"] == pytest.approx(item["watts"] * seconds)
    costs = [item["usd_total"] for item in answer["candidates"] if item["offer"]["as_of"] > "2026"]
    assert costs == sorted(costs)
    first = answer["candidates"][0]
    done = (TODAY + timedelta(days=ceil(first["seconds"] / 86400))).isoformat()
    assert done in answer["headline"]


def test_a_deadline_takes_more_instances_or_another_gpu() -> None:
    free = ask("resnet50", gpus=FEW, images="100M").candidates[0]
    assert free.finish is not None
    # The deadline is told in whole seconds.
    seconds = round(free.finish / 10)
    tight = ask("resnet50", gpus=FEW, images="100M", deadline=f"{seconds} s")
    for item in tight.candidates:
        assert item.finish is not None
        assert item.finish <= seconds * (1 + 1e-9)
        need = 1e8 / seconds
        assert item.instances == math.ceil(need / item.throughput_per_instance.mid * (1 - 1e-12))
    # Inference is shared out: ten times the machines for a tenth of the time, at the same cost.
    same = next(item for item in tight.candidates if item.gpu == free.gpu)
    assert same.usd_total == pytest.approx(free.usd_total, rel=0.2)


def test_a_training_run_that_is_hurried_takes_a_faster_machine() -> None:
    wish = {"phase": "train", "gpus": FEW, "epochs": "90"}
    slow = ask("resnet50", **wish, deadline="30 days").candidates[0]
    quick = ask("resnet50", **wish, deadline="4 h").candidates[0]
    assert slow.finish is not None
    assert quick.finish is not None
    assert quick.finish <= 4 * 3600 < slow.finish
    assert quick.instances * quick.gpus_per_instance > slow.instances * slow.gpus_per_instance
    assert (quick.usd_total or 0) > (slow.usd_total or 0)


def test_a_run_on_several_instances_takes_no_more_than_its_deadline_asks() -> None:
    """Within a quarter of what its speed comes to, and at the low end of it what ends in time there."""
    wish = {"phase": "train", "gpus": ["h100-80gb-sxm"], "tokens": "1T"}
    for days in (25, 35, 50, 90):
        (item,) = ask("mistral-7b", **wish, deadline=f"{days} days").candidates
        seconds, middle = days * 86400, item.throughput.mid
        assert (item.finish or 0) <= seconds
        assert item.instances <= max(math.ceil(1.25 * 1e12 / seconds / middle * item.instances), 2)
        assert item.instances < item.instances_safe <= 2 * item.instances
        (late,) = ask(
            "mistral-7b", **wish, deadline=f"{seconds * item.throughput.low / middle:.0f} s"
        ).candidates
        assert late.instances == item.instances_safe


def test_a_total_budget_is_for_the_whole_job() -> None:
    wish = {"phase": "train", "gpus": FEW, "epochs": "90"}
    free = [item.usd_total or 0 for item in ask("resnet50", **wish).candidates]
    middle = sorted(free)[len(free) // 2]
    held = ask("resnet50", **wish, budget=f"{middle:.2f} USD").candidates
    assert 0 < len(held) < len(free)
    assert all((item.usd_total or 0) <= middle + 0.01 for item in held)
    none = ask("resnet50", **wish, budget="0.01 USD")
    assert none.candidates == ()
    said = none.infeasible.split('--budget "')[1].split('"')[0]
    assert ask("resnet50", **wish, budget=said).candidates


@pytest.mark.thorough
def test_a_deadline_that_nothing_keeps_names_one_that_something_does() -> None:
    wish = {"phase": "train", "gpus": FEW, "epochs": "90"}
    none = ask("resnet50", **wish, deadline="10 s")
    assert none.candidates == ()
    said = none.infeasible.split('--deadline "')[1].split('"')[0]
    assert ask("resnet50", phase="train", epochs="90", deadline=said).candidates


def test_spot_capacity_takes_longer_than_it_computes() -> None:
    answer = ask("resnet50", gpus=["t4"], images="1B", term="spot")
    item = answer.candidates[0]
    assert item.finish is not None
    assert item.finish > 1e9 / item.throughput.mid * 1.001
    assert any("spot" in said for said in answer.assumptions)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("24 h", 86400), ("tomorrow", 86400), ("3 days", 3 * 86400), ("2 weeks", 14 * 86400),
     ("2026-11-27", 7 * 86400), ("2026-11-21T12:00", 36 * 3600), ("by tomorrow", 86400)],
)  # fmt: skip
def test_deadlines_as_people_say_them(text: str, seconds: float) -> None:
    size = read_size(Sized(images="100"), resolve("resnet50"), Job("resnet50"))
    assert read_deadline(text, TODAY, size) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.28M", 1.28e6), ("300B", 3e11), ("2 million", 2e6), ("1e3", 1e3), ("1,281,167", 1281167)],
)
def test_amounts_as_people_write_them(text: str, value: float) -> None:
    assert read_amount(text, "--samples", "10000") == pytest.approx(value)


@pytest.mark.parametrize(
    ("workload", "wish", "words"),
    [
        ("resnet50", {"images": "0"}, "above zero"),
        ("resnet50", {"images": "-5"}, "above zero"),
        ("resnet50", {"images": "1e30"}, "absurd"),
        ("resnet50", {"images": "many"}, "no data set"),
        ("resnet50", {"epochs": "1e9", "phase": "train"}, "absurd"),
        ("resnet50", {"images": "5", "samples": "6"}, "state one"),
        ("resnet50", {"tokens": "5"}, "makes images"),
        ("resnet50", {"hours_of_audio": "5"}, "makes images"),
        ("llama-2-7b", {"epochs": "3", "phase": "finetune_lora"}, "--samples"),
        ("llama-2-7b", {"images": "5"}, "makes tokens"),
        ("resnet50", {"images": "5", "deadline": "2020-01-01"}, "not after today"),
        ("resnet50", {"images": "5", "deadline": "2026-13-01"}, "not a date"),
        ("resnet50", {"images": "5", "deadline": "soon"}, "tomorrow"),
        ("resnet50", {"images": "5", "deadline": "-1 h"}, "above zero"),
        ("resnet50", {"images": "5", "target": "5 images/s"}, "state one"),
    ],
)
def test_sizes_that_cannot_be_are_refused(workload: str, wish: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as said:
        ask(workload, gpus=["a10"], **wish)
    assert words in str(said.value)
    assert "\n" not in str(said.value)


# --- what would flip the answer ---------------------------------------------------------------------------


def test_the_price_that_flips_it_flips_it() -> None:
    wish = {"gpus": ["a10", "l4"], "target": "20000 images/s"}
    before = ask("resnet50", **wish)
    flip = next(one for one in before.flips if one.input == f"price of {before.candidates[1].gpu}")
    second = before.candidates[1]

    def at(usd: float) -> str:
        rows = [
            replace(row, usd_per_hour=usd)
            if (row.provider, row.instance) == (second.offer.provider, second.offer.instance)
            and row.gpu == second.gpu and row.kind == second.offer.kind
            else row
            for row in prices.bundled()
        ]  # fmt: skip
        return ask("resnet50", rows, **wish).candidates[0].gpu

    assert at(flip.at * 1.01) == before.candidates[0].gpu
    assert at(flip.at * 0.99) == flip.to == second.gpu


def test_of_a_tie_any_other_price_flips_it() -> None:
    assert _bound(1.99, 1.0, "less") == "1.989 USD"
    assert _bound(1.99, 1.0, "more") == "1.991 USD"
    assert _bound(0.75, 0.892, "less") == "0.669 USD"


def test_the_price_to_buy_that_flips_it_flips_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is owned is moved by what it costs to buy: electricity stays."""
    wish = {"gpus": ["rtx-4090", "rtx-3090", "l4"], "term": "buy"}
    before = ask("llama-3.1-8b", **wish)
    assert {one.unit for one in before.flips if one.input.startswith("price")} == {"USD"}
    stored = dict(purchase.purchases())
    for flip in before.flips:
        if not flip.input.startswith("price of "):
            continue
        gpu = flip.input.removeprefix("price of ")
        told = float(re.search(r"than ([\d,.]+) USD to buy", flip.text)[1].replace(",", ""))
        down = told < flip.now
        for usd, first in (
            (told * (0.999 if down else 1.001), flip.to),
            (told * (1.02 if down else 0.98), before.candidates[0].gpu),
        ):
            rows = (replace(purchase.purchase_price(gpu), usd=usd),)
            with monkeypatch.context() as patched:
                patched.setattr(purchase, "purchases", lambda rows=rows, gpu=gpu: {**stored, gpu: rows})
                assert ask("llama-3.1-8b", **wish).candidates[0].gpu == first


def test_the_rate_that_flips_it_flips_it() -> None:
    wish = {"gpus": ["rtx-5090", "l40s", "rtx-3090", "l4"]}
    answer = ask("llama-3.1-8b", target="20000 tokens/s", **wish)
    flips = [one for one in answer.flips if one.input == "target"]
    assert flips
    for flip in flips:
        there = ask("llama-3.1-8b", target=f"{flip.at:.6f} tokens/s", **wish)
        assert there.candidates[0].gpu == flip.to != answer.candidates[0].gpu


def test_the_deadline_and_the_batch_that_flip_it_flip_it() -> None:
    wish = {"phase": "train", "gpus": [*FEW, "v100-16gb-sxm", "rtx-5090"], "epochs": "90"}
    answer = ask("resnet50", **wish, deadline="24 h")
    flip = next(one for one in answer.flips if one.input == "deadline")
    loose = ask("resnet50", **wish, deadline=f"{flip.at * 1.001:.3f} s")
    assert loose.candidates[0].gpu == flip.to != answer.candidates[0].gpu
    same = ask("resnet50", **wish, deadline=f"{flip.at * 0.97:.3f} s")
    assert same.candidates[0].gpu == answer.candidates[0].gpu
    batches = [one for one in answer.flips if one.input == "batch"]
    assert batches
    for one in batches:
        at = ask("resnet50", **wish, deadline="24 h", columns={"batch": one.at})
        assert at.candidates[0].gpu == one.to


# --- several precisions -------------------------------------------------------------------------------------


def test_of_several_precisions_each_gpu_has_its_best() -> None:
    wish = {"gpus": ["a100-80gb-sxm", "h100-80gb-sxm"], "target": "20000 tokens/s"}
    each = {
        name: {item.gpu: item for item in ask("llama-3.1-8b", columns={"precision": name}, **wish).candidates}
        for name in ("fp16", "fp8")
    }
    both = ask("llama-3.1-8b", columns={"precision": "fp16,fp8"}, **wish)
    for item in both.candidates:
        name = item.estimate.job.precision
        least = min(known[item.gpu].usd_per_unit for known in each.values() if item.gpu in known)
        assert item.usd_per_unit == least == each[name][item.gpu].usd_per_unit
    # The A100 has no FP8, and is not out for that.
    assert {item.gpu for item in both.candidates} == {"a100-80gb-sxm", "h100-80gb-sxm"}
    assert both.assumptions[0].startswith("of fp16, fp8")
    anything = ask("llama-3.1-8b", columns={"precision": "any"}, **wish)
    assert anything.candidates[0].usd_per_unit <= both.candidates[0].usd_per_unit


def test_a_precision_of_several_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="did you mean"):
        ask("llama-3.1-8b", columns={"precision": "fp16,fp9"}, gpus=["a10"])


@pytest.mark.parametrize(
    ("energy", "size"), [("0.1 kWh", {"images": "10M"}), ("1 J/million images", {}), ("0.001 J/image", {})]
)
def test_the_energy_that_would_do_is_said_as_it_was_asked(energy: str, size: dict[str, str]) -> None:
    wish = {**size, "gpus": ["a10", "l4"]}
    poor = ask("resnet50", energy=energy, **wish)
    assert poor.conflict is not None
    (change,) = (one.changes[0] for one in poor.conflict.ways_out if one.changes[0].startswith("--energy"))
    enough = change.split('"')[1]
    assert enough.split(" ", 1)[1] == energy.split(" ", 1)[1]
    assert ask("resnet50", energy=enough, **wish).candidates
    amount, unit = enough.split(" ", 1)
    assert not ask("resnet50", energy=f"{0.7 * float(amount):g} {unit}", **wish).candidates
