"""One large GPU or several small ones: what `recommend` says of splitting, and where the answer flips."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

import whichgpu as package
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.recommend import recommend
from whichgpu.planner.request import Request
from whichgpu.planner.splitting import Replicas, Trained
from whichgpu.prices.offers import Offer
from whichgpu.workloads.job import Job

if TYPE_CHECKING:
    from whichgpu.planner.answer import Recommendation
    from whichgpu.planner.splitting import Several

GPUS = catalogue()
TODAY = date(2026, 11, 20)


def offer(gpu: str, count: float, usd: float) -> Offer:
    return Offer(
        provider="p", instance=f"{count:g}x{gpu}", gpu=gpu, gpu_spelling=gpu, candidates=(), gpu_count=count,
        vcpus=None, memory=None, kind="on_demand", usd_per_hour=usd, usd_median=None, usd_max=None, region="",
        regions=1, suspect_regions=0, source="test", locator="", as_of=TODAY,
    )  # fmt: skip


def weighed(workload: str, small: str, large: str, ratio: float, **columns: Any) -> Recommendation:
    """What is recommended where the large GPU costs `ratio` times the small one, by the GPU."""
    rows = [offer(small, n, n * 1.0) for n in (1.0, 2.0, 4.0, 8.0)]
    rows += [offer(large, n, n * ratio) for n in (1.0, 8.0)]
    request = Request(Job(workload, **columns), TODAY, gpus=(small, large))
    return recommend(request, GPUS, rows)


def of(found: Recommendation) -> Several:
    assert found.several is not None
    return found.several


def test_the_answer_flips_at_the_ratio_that_is_told() -> None:
    """At a little less than `worth` the large GPU is ranked first, at a little more the small one."""
    worth = of(weighed("llama-2-13b", "a10", "a100-80gb-sxm", 2.0)).worth
    for factor, first in ((0.97, "a100-80gb-sxm"), (1.03, "a10")):
        found = weighed("llama-2-13b", "a10", "a100-80gb-sxm", worth * factor)
        assert found.candidates[0].gpu == of(found).cheaper == first
        assert of(found).price == pytest.approx(worth * factor)


def test_a_model_that_one_small_gpu_cannot_hold_is_split() -> None:
    """13 billion parameters in 16 bits are 24 GiB; an A10 has 22.5."""
    found = of(weighed("llama-2-13b", "a10", "a100-80gb-sxm", 2.0))
    one, two, _, eight = found.splits
    assert (one.fits, two.fits) == (False, True)
    assert found.alone is not None
    # Cutting the layers makes a token sooner, less than the GPUs; dealing them out only holds them.
    assert two.tensor / 4 < eight.tensor < two.tensor
    assert eight.layers >= two.layers > two.tensor
    said = " ".join(found.sentences)
    assert "does not fit on one a10: 2 hold it together" in said
    assert "tensor parallelism over a10 speeds a job up" in said
    assert "a layer split only holds the model" in said


def test_a_picture_is_not_split() -> None:
    found = of(weighed("stable-diffusion-1.5", "a10", "a100-80gb-sxm", 2.0))
    assert len(found.splits) == 1
    assert found.alone is not None
    assert found.splits[0].tensor > found.alone
    assert "none of them sooner" in " ".join(found.sentences)


def test_a_training_is_weighed_over_several_together() -> None:
    """Four and more A10 exchange gradients: one A100 trains as fast as a few more of them than work alone."""
    found = weighed("resnet50", "a10", "a100-80gb-sxm", 2.0, phase="train").several
    assert isinstance(found, Trained)
    rates = {one.gpus: one.rate for one in found.splits}
    assert 6.0 * rates[1] < rates[8] < 8.0 * rates[1]
    assert found.together is not None
    assert found.alone is not None
    below, above = (rates[n] for n in (2, 4))
    assert below < found.alone < above
    assert 2.0 < found.together < 4.0
    for factor, first in ((0.97, "a100-80gb-sxm"), (1.03, "a10")):
        again = weighed("resnet50", "a10", "a100-80gb-sxm", found.together * factor, phase="train").several
        assert again is not None
        assert again.cheaper == first


def test_gpus_that_are_alike_are_not_weighed() -> None:
    assert weighed("stable-diffusion-1.5", "a10", "a10g", 1.0).several is None


def test_the_command_and_the_api_tell_it(whichgpu: Any) -> None:
    told = whichgpu("recommend", "llama-2-13b", "--gpus", "a10,a100-80gb-sxm", "--all")
    assert "One large or several small" in told.out
    answer = package.recommend("llama-2-13b", gpus=["a10", "a100-80gb-sxm"]).to_dict()["several"]
    assert answer["flips_at"] == answer["worth"]
    assert answer["cheaper"] in {"a10", "a100-80gb-sxm"}


def test_what_no_single_small_gpu_trains_is_not_said_to_train_nowhere() -> None:
    none = tuple(Replicas(count, 0.0, fits=False) for count in (1, 2, 4, 8))
    (said,) = Trained("llama-3.1-8b", "a10g", "l40s", "tokens", 4e3, none, 5.0, 2.0).sentences
    assert said.startswith("no copy of llama-3.1-8b trains on one a10g: several")
    assert "--option sharding=fsdp" in said
