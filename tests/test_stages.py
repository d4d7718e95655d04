"""Memory by stage of a pipeline: ends of the model, micro-batches in flight, and the fullest of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from whichgpu import api
from whichgpu.cost.estimate import estimate
from whichgpu.cost.memory.stages import stages
from whichgpu.hardware.catalogue import catalogue
from whichgpu.report.stages import at_the_fullest
from whichgpu.workloads.job import Job

H100 = catalogue()["h100-80gb-sxm"]
ROOM = float(H100.need("memory"))
JOB = Job(
    "llama-3-70b", phase="pretrain", precision="bf16", runtime="Megatron-LM", batch=1.0, seq_len=8192.0,
    n_gpus=64.0, tp=4.0, pp=8.0, options={"global_batch": "256", "checkpointing": "none"},
)  # fmt: skip
#: Parameters: one layer of 80, and the table of 128,256 tokens at either end.
LAYER, TABLE = 855_654_400.0, 128_256 * 8192.0


def test_ends_lie_on_the_first_and_the_last_stage() -> None:
    found = stages(JOB, ROOM)
    assert [one.number for one in found] == list(range(1, 9))
    assert {one.gpus for one in found} == {8}
    # Megatron: gradients of 4 bytes and a copy of 2; wide weights (4) and Adam (8) over two replicas.
    by_hand = {1: 10 * LAYER + TABLE, 4: 10 * LAYER, 8: 10 * LAYER + TABLE}
    for number, parameters in by_hand.items():
        parts = found[number - 1].parts
        assert parts["gradients"] == pytest.approx(6 * parameters / 4, rel=1e-3)
        assert parts["weights"] == pytest.approx(4 * parameters / 4 / 2, rel=1e-3)
        assert parts["optimizer"] == pytest.approx(8 * parameters / 4 / 2, rel=1e-3)
    assert [one.parts["logits"] > 0 for one in found] == [False] * 7 + [True]


def test_micro_batches_in_flight_fall_from_stage_to_stage() -> None:
    plain = stages(JOB, ROOM)
    assert [one.in_flight for one in plain] == [8, 7, 6, 5, 4, 3, 2, 1]
    kept = [one.parts["activations"] for one in plain]
    # 1F1B: each stage keeps one micro-batch less than the one before it, to the last's one.
    assert np.diff(kept) == pytest.approx([kept[1] - kept[0]] * 7)
    few = stages(replace(JOB, options={**JOB.options, "global_batch": "6"}), ROOM)
    assert [one.in_flight for one in few] == [3, 3, 3, 3, 3, 3, 2, 1]
    # Interleaved in v groups: p + (p - 1) / v on the first, 2 (p - 1 - s) / v less on the s-th.
    woven = stages(replace(JOB, options={**JOB.options, "vp": "5"}), ROOM)
    assert [woven[0].in_flight, woven[7].in_flight] == pytest.approx([8 + 7 / 5, 8 - 7 / 5])


@pytest.mark.parametrize("batches", ["2", "256"])
def test_what_a_job_needs_is_what_its_fullest_stage_does(batches: str) -> None:
    job = replace(JOB, options={**JOB.options, "global_batch": batches})
    found = stages(job, ROOM)
    assert float(estimate(job, [H100]).required[0, 0]) == pytest.approx(max(one.required for one in found))


def test_one_stage_and_inference_have_none() -> None:
    assert stages(replace(JOB, pp=1.0, n_gpus=4.0), ROOM) == ()
    assert stages(Job("llama-3-70b", phase="decode", n_gpus=8.0, tp=1.0, pp=8.0), ROOM) == ()


def test_fit_and_explain_show_them(whichgpu) -> None:
    answer = api.fit("llama-3-70b", ["h100-80gb-sxm:64"], phase="pretrain", precision="bf16", batch=1.0,
                     runtime="Megatron-LM", seq_len=8192.0, tp=4.0, pp=8.0, options={"global_batch": "256"},
                     )  # fmt: skip
    assert len(answer.to_dict()["stages"]) == 8
    told = whichgpu(
        "predict", "llama-3-8b", "--gpu", "h100-80gb-sxm:8", "--phase", "pretrain", "--runtime", "megatron",
        "--batch", "1", "--pp", "4", "--option", "global_batch=16", "--explain",
    )  # fmt: skip
    assert "Memory by stage" in told.out
    assert "1 of 4" in told.out


@pytest.mark.parametrize(("gpus", "ep"), [(256, 64), (512, 64), (512, 16)])
def test_experts_are_sharded_over_those_that_hold_them(gpus: int, ep: int) -> None:
    """With ZeRO 1 the states of a parameter are kept once: on all GPUs together, 12 bytes of each."""
    job = Job(
        "deepseek-v3", phase="pretrain", precision="bf16", runtime="Megatron-LM", batch=1.0, seq_len=512.0,
        n_gpus=float(gpus), tp=1.0, pp=4.0, options={"ep": f"{ep}", "global_batch": "4096"},
    )  # fmt: skip
    found = stages(job, float(catalogue()["b300-288gb-sxm"].need("memory")))
    kept = sum(one.gpus * (one.parts["weights"] + one.parts["optimizer"]) for one in found)
    assert kept == pytest.approx(12 * 671e9, rel=0.02)


def test_what_is_there_at_the_fullest_moment_has_the_same_sum() -> None:
    parts = {"weights": 30.0, "gradients": 45.0, "optimizer_step": 30.0, "activations": 12.0, "logits": 3.0,
             "not_at_loss": -4.0, "not_at_once": -31.0}  # fmt: skip
    there = at_the_fullest(parts)
    assert sum(there.values()) == sum(parts.values())
    assert there == {
        "weights": 30.0,
        "gradients": 44.0,
        "optimizer_step": 0.0,
        "activations": 11.0,
        "logits": 0.0,
    }
