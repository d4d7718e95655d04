"""`recommend`: what to know of the first (software, price, format), and of the named that are out."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.recommend import recommend
from whichgpu.planner.request import read_request
from whichgpu.planner.words import money
from whichgpu.prices import purchase
from whichgpu.units import number
from whichgpu.workloads.job import Job

if TYPE_CHECKING:
    from whichgpu.planner.answer import Recommendation

GPUS, UNSTATED, TODAY = catalogue(), "radeon-pro-v520", date(2026, 11, 20)


def ask(workload: str = "resnet50", phase: str = "", columns: Any = None, **wishes: Any) -> Recommendation:
    request, own = read_request(Job(workload, phase=phase, **columns or {}), GPUS, today=TODAY, **wishes)
    return recommend(request, GPUS, own)


def test_a_gpu_on_which_no_source_states_that_the_framework_runs_is_for_who_names_it() -> None:
    why = {one.gpu: one for one in ask().rejected}[UNSTATED]
    assert why.kind == "no source states that its software runs there"
    assert f"PyTorch runs on {UNSTATED} (--gpus {UNSTATED} takes it)" in why.why
    assert [one.gpu for one in ask(gpus=[UNSTATED]).candidates] == [UNSTATED]


def test_of_a_first_without_cuda_the_first_that_has_it_is_named() -> None:
    asked: dict[str, Any] = {"workload": "bert-large", "term": "buy"}
    answer = ask(**asked)
    first, able = (
        answer.candidates[0],
        next(one for one in answer.candidates if GPUS[one.gpu].vendor == "NVIDIA"),
    )
    assert GPUS[first.gpu].vendor != "NVIDIA"
    assert answer.cautions[0].startswith(f"{first.gpu} has no CUDA")
    dearer = f"with --needs cuda it is {able.gpu}, {100 * (able.cost / first.cost - 1):.0f} % dearer"
    assert dearer in answer.cautions[0]
    assert ask(**asked, needs=["cuda"]).candidates[0].gpu == able.gpu


def test_a_fleet_says_which_release_of_its_engine_is_the_last_there(whichgpu: Any) -> None:
    told = whichgpu("recommend", "llama-3.1-8b", "--users", "10", "--gpus", "v100-16gb-sxm", "--json").json
    assert [line for line in told["warnings"] if "is the last release that runs on v100-16gb-sxm" in line]
    assert (
        whichgpu("recommend", "llama-3.1-8b", "--users", "10", "--gpus", "l4", "--json").json["warnings"]
        == []
    )


def test_a_launch_price_of_years_ago_is_told_for_what_it_is(whichgpu: Any) -> None:
    def told(*asked: str) -> bool:
        return "what it sells for now is on no file here" in " ".join(whichgpu(*asked).out.split())

    assert told("recommend", "sdxl", "--term", "buy", "--gpus", "rtx-a5000")
    assert not told("recommend", "sdxl", "--term", "buy", "--gpus", "l40s")
    used = " ".join(whichgpu("recommend", "simulation", "--budget", "3000 USD").out.split())
    assert "titan-v" in used
    assert "it is long out of sale, and comes used alone" in used
    assert told("prices", "own", "rtx-a5000")
    assert not told("prices", "own", "rtx-a5000", "--price", "700 USD")
    # Of an RTX 3090 there is what shops ask now.
    assert not told("prices", "own", "rtx-3090")


@pytest.mark.parametrize("wishes", [{"needs": ["cuda"]}, {"needs": ["rocm"]}, {"exclude": ["nvidia"]}])
def test_who_asks_for_a_maker_is_not_told_of_another(wishes: dict[str, Any]) -> None:
    assert not [line for line in ask(term="buy", **wishes).cautions if "no CUDA" in line]


def test_a_launch_price_that_wins_is_told_with_what_such_cards_sell_for() -> None:
    answer = ask("sdxl", term="buy", budget="2000 USD")
    first = answer.candidates[0].gpu
    assert purchase.purchase_price(first).kind == "launch"  # type: ignore[union-attr]
    rows = {gpu: found for gpu, found in purchase.purchases().items() if len(found) > 1}
    ratios = sorted(
        found[0].usd / found[-1].usd for found in rows.values()
        if found[-1].kind == "launch" and purchase.current(found[-1:], TODAY)
    )  # fmt: skip
    low, high = (f"{number(one, 2)}" for one in (ratios[0], ratios[-1]))
    assert (
        f"{len(ratios)} cards launched within two years sell for {low} to {high} times" in answer.cautions[1]
    )
    sold = next(one for one in answer.candidates if one.gpu in rows)
    assert answer.cautions[2] == (
        f"Of cards with a price of the street {sold.gpu} comes first: {money(sold.usd_to_buy or 0.0)}"
    )
    # One that has a price of the street, and what is rented, are told nothing of it.
    for other in (ask("sdxl", term="buy", gpus=[sold.gpu]), ask("sdxl")):
        assert not [line for line in other.cautions if "launch" in line]


def test_gpus_that_were_named_and_are_out_are_told_with_the_reason(whichgpu: Any) -> None:
    told = " ".join(whichgpu("recommend", "sdxl", "--gpus", "l4,t4", "--providers", "gcp").out.split())
    assert "Out, though named: t4 (the price of gcp is set aside: accelerator without host)." in told
    assert "Out, though named" not in whichgpu("recommend", "sdxl", "--gpus", "l4,t4").out
    many = " ".join(whichgpu("recommend", "gpt2", "--gpus", "apple,l4", "--term", "buy").out.split())
    assert " more (no purchase price or power known)." in many


def test_a_narrower_format_that_costs_clearly_less_is_told() -> None:
    answer = ask("flux.1-schnell", term="buy")
    found, first = answer.narrower, answer.candidates[0]
    assert found is not None
    assert found.precision == "fp8"
    assert found.cost_ratio < 0.9
    narrow = ask("flux.1-schnell", term="buy", columns={"precision": "fp8"})
    assert narrow.candidates[0].gpu == found.gpu
    assert narrow.candidates[0].cost / first.cost == pytest.approx(found.cost_ratio)
    assert f"with --precision fp8 it is {found.gpu}" in found.text
    least = min(one.usd_to_buy or math.inf for one in narrow.candidates)
    assert found.least is not None
    assert found.least[2] == least
    # Not where a format was stated, in training, or where weights are little of the memory.
    assert narrow.narrower is None
    assert ask("resnet50", term="buy").narrower is None
    assert ask("llama-3.1-8b", phase="finetune_lora", term="buy").narrower is None
