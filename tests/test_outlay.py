"""What money buys: the least that does the work, the most within a budget, what drivers go with a card."""

from __future__ import annotations

from typing import Any

import pytest
from wished import GPUS, TODAY, ask

import whichgpu as package
from whichgpu.planner.outlay import of_use
from whichgpu.planner.request import read_request
from whichgpu.planner.use import drivers, use
from whichgpu.planner.uses import ForUse, for_use
from whichgpu.workloads.job import Job

#: Cards that a home has, from 329 USD on.
HOME = ["rtx-3060-12gb", "rtx-4070-super", "rtx-4090", "rtx-5090"]
SMALL = {"columns": {"precision": "q4_k_m"}}


def bought(**wishes: Any) -> Any:
    return ask("llama-3.1-8b", term="buy", gpus=HOME, **SMALL, **wishes)


def test_the_least_to_buy_is_told_where_it_is_not_the_best_value() -> None:
    answer = bought()
    least = min(answer.candidates, key=lambda one: one.usd_to_buy)
    assert answer.candidates[0].gpu != least.gpu == "rtx-3060-12gb"
    assert answer.outlay.least.gpu == "rtx-3060-12gb"
    assert answer.outlay.least.usd == least.usd_to_buy
    assert answer.outlay.most is None
    assert answer.to_dict()["outlay"]["least"]["gpu"] == "rtx-3060-12gb"
    assert any(
        "The least to buy that does it is rtx-3060-12gb: 329.00 USD" in one for one in answer.outlay.sentences
    )


def test_one_card_is_the_least_and_the_most() -> None:
    answer = ask("llama-3.1-8b", term="buy", gpus=["rtx-3060-12gb"], **SMALL)
    assert answer.outlay is not None
    assert answer.outlay.sentences == ()


@pytest.mark.parametrize("wishes", [{"target": "20 tokens/s"}, {"tokens": "2B"}])
def test_a_stated_amount_of_work_is_ranked_by_what_it_costs_alone(wishes: dict[str, str]) -> None:
    assert bought(**wishes).outlay is None


def test_what_is_rented_has_no_outlay() -> None:
    assert ask("llama-3.1-8b", gpus=["rtx-4090", "l4"]).outlay is None


def test_a_budget_to_buy_flips_in_dollars_to_buy() -> None:
    """Who may spend so much on cards is not told of USD an hour."""
    told = {one.input: one for one in bought().flips}
    assert told["budget"].unit == "USD"
    assert told["budget"].at == bought().candidates[0].usd_to_buy
    assert "USD/h" not in told["budget"].text
    fewer = bought(budget=f"{told['budget'].at - 1:.0f} USD")
    assert fewer.candidates[0].gpu == told["budget"].to


def rendered(**wishes: Any) -> ForUse:
    found = use("gaming")
    assert found is not None
    return for_use(found, read_request(Job("resnet50"), GPUS, today=TODAY, term="buy", **wishes)[0], GPUS)


def test_the_most_that_a_budget_buys_of_a_use() -> None:
    answer = rendered(budget="1000 USD")
    ends = of_use(answer)
    assert ends is not None
    assert ends.most is not None
    assert ends.least is None
    most = max(answer.cards, key=lambda card: card.score)
    assert (ends.most.gpu, ends.most.usd) == (most.gpu.id, most.usd_to_buy)
    assert ends.most.usd <= 1000.0
    assert ends.most.gpu != answer.cards[0].gpu.id
    assert of_use(rendered()) is None, "no budget, no most"


def test_the_licence_of_one_maker_is_not_told_of_another() -> None:
    assert "NVIDIA" in drivers(GPUS["rtx-4090"])
    assert drivers(GPUS["rx-9070-xt"]) == drivers(GPUS["arc-b580"]) == "consumer drivers"
    assert "vGPU" in drivers(GPUS["l4"])
    assert drivers(GPUS["mi300x"]) == "data centre drivers"


# --- formats that a model's numbers do not fit --------------------------------------------------------------


def test_a_model_that_overflows_in_fp16_takes_a_gpu_with_bf16() -> None:
    """Engines refuse Gemma 3 in FP16, and a T4 and V100 have no BF16; Llama runs there."""
    wide = {one.gpu for one in ask("gemma-3-12b", gpus=["t4", "l4", "v100-32gb-sxm"]).candidates}
    assert wide == {"l4"}
    assert "t4" in {one.gpu for one in ask("llama-3.1-8b", gpus=["t4", "l4"]).candidates}
    alone = ask("gemma-3-12b", gpus=["v100-32gb-sxm"])
    assert "overflows in FP16" in alone.infeasible
    assert "--runtime llama.cpp" in alone.infeasible
    for gpu, says in (("v100-32gb-sxm", True), ("a100-40gb-pcie", False), ("rx-7900-xtx", False)):
        found = package.predict("gemma-2-9b", gpu, precision="fp16", runtime="vllm")
        assert any("overflows in FP16" in one for one in found.warnings) == says


def test_llama_cpp_runs_it_there_all_the_same() -> None:
    columns = {"runtime": "llama.cpp", "precision": "q4_k_m"}
    assert ask("gemma-3-12b", gpus=["t4"], columns=columns).candidates


# --- what is told where there is no price -------------------------------------------------------------------


def test_a_laptop_without_a_price_is_compared_by_speed_alone() -> None:
    answer = ask("qwen2.5-7b", needs=["laptop"], gpus=["rtx-5090-laptop", "rtx-pro-5000-blackwell-laptop"])
    assert "no price of rtx-pro-5000-blackwell-laptop is on file" in answer.candidates[0].why
    assert "nan" not in answer.candidates[0].why


def test_a_commitment_that_nobody_lists_is_told_where_it_is() -> None:
    told = ask("llama-3.1-8b", gpus=["h100-80gb-sxm"], term="reserved").infeasible
    assert "prices cost" in told
    assert "prices cost" not in ask("llama-3.1-8b", gpus=["h100-80gb-sxm"], budget="0.01 USD/h").infeasible
