"""What `fit` tells of the largest, the smallest and the fewest is what it says of each when it is asked."""

from __future__ import annotations

import pytest

import whichgpu as package
from tests.fitting import GIB, held, one


def test_the_most_requests_are_those_of_a_load_of_as_many():
    """A stated concurrency is a generator's, whose engine takes a prompt of 30,000 tokens in a pass."""
    job = {
        "phase": "serve",
        "runtime": "vllm",
        "precision": "fp16",
        "input_tokens": 30000,
        "output_tokens": 256,
    }
    gpu = "a100-80gb-sxm:mig-3g.40gb"
    (told,) = one("glm-4-9b", gpu, **job).limits
    most = told.most("concurrency")
    assert held("glm-4-9b", gpu, **job, concurrency=most).to_dict()["verdict"] == "fits"
    assert held("glm-4-9b", gpu, **job, concurrency=most + 1).to_dict()["verdict"] != "fits"


def test_an_engine_takes_its_own_number_of_requests_beside_other_cards():
    """128 at once on an A10, 512 on an A100 (`cards` of the engine's scheduler)."""
    job = {"phase": "serve", "runtime": "lmdeploy", "precision": "w4a16"}
    both = package.fit("qwen2.5-7b", ["a10", "a100-80gb-sxm"], **job).answers
    for answer in both:
        alone = one("qwen2.5-7b", answer.gpu, **job)
        assert answer.limits == alone.limits
    assert both[0].limits[0].most("concurrency") < both[1].limits[0].most("concurrency")


@pytest.mark.parametrize(
    ("workload", "gpu", "columns"),
    [
        (
            "smollm2-1.7b", "v100-32gb-sxm2",
            {"phase": "finetune_full", "runtime": "megatron", "precision": "amp-bf16", "batch": 1,
             "seq_len": 4096, "options": {"offload": "optimizer"}},
        ),
        (
            "qwen2.5-vl-7b", "rtx-4080",
            {"phase": "serve", "precision": "fp8",
             "options": {"gpu_memory_utilization": "0.8", "kv_precision": "fp8"}},
        ),
    ],
)  # fmt: skip
def test_the_smallest_card_holds_a_job_as_its_program_goes_there(workload, gpu, columns):
    """Megatron's recipes run layers again where they must; a server measures itself on the card it is on."""
    answer = one(workload, gpu, **columns)
    size = package.gpu(answer.smallest_gpu).need("memory")
    assert held(workload, answer.smallest_gpu, **columns).to_dict()["verdict"] == "fits"
    for other in ("l4", "rtx-3060-12gb", "rtx-4090"):
        if package.gpu(other).need("memory") < size - GIB:
            assert held(workload, other, **columns).to_dict()["verdict"] != "fits"
    assert answer.fewest[0].n_gpus == 1
    assert not answer.fewest[0].may_run_out


def test_a_larger_batch_needs_no_less_at_the_lower_end():
    """Where the optimizer's step is the fullest moment what a pass makes is gone, and widens no interval."""
    job = {
        "phase": "finetune_full",
        "runtime": "axolotl",
        "options": {"checkpointing": "full", "sharding": "zero3"},
    }
    answers = [held("phi-3-mini", "v100-32gb-sxm2:2", **job, batch=batch).to_dict() for batch in (1, 2, 4)]
    lows = [answer["required_interval"]["low"] for answer in answers]
    assert lows == sorted(lows)
    assert answers[0]["required"] == pytest.approx(answers[-1]["required"])
    assert {answer["verdict"] for answer in answers} == {"does not fit"}
