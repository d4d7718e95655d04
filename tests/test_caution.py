"""`recommend`: what is known of software on the first, and which GPUs are left out for it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.recommend import recommend
from whichgpu.planner.request import read_request
from whichgpu.workloads.job import Job

if TYPE_CHECKING:
    from whichgpu.planner.answer import Recommendation

GPUS, UNSTATED = catalogue(), "radeon-pro-v520"


def ask(workload: str = "resnet50", **wishes: Any) -> Recommendation:
    request, own = read_request(Job(workload), GPUS, today=date(2026, 11, 20), **wishes)
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
    assert answer.caution.startswith(f"{first.gpu} has no CUDA")
    assert (
        f"with --needs cuda it is {able.gpu}, {100 * (able.cost / first.cost - 1):.0f} % dearer"
        in answer.caution
    )
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
    assert not ask(term="buy", **wishes).caution
