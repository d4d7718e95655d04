"""What a training on many GPUs holds of a model, whether it fits, and which meshes are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_parallel_training import GPUS, H100, TRAIN, run

from whichgpu.cost.calibration.refit import measured_rows
from whichgpu.cost.estimate import estimate
from whichgpu.cost.parallel.distributed import unevenness
from whichgpu.cost.table.jobs import read_job
from whichgpu.errors import UsageError
from whichgpu.hardware.names import resolve as resolve_gpu
from whichgpu.workloads.workload import resolve

pytestmark = pytest.mark.slow


def test_sharding_divides_what_its_level_says() -> None:
    job = replace(TRAIN, n_gpus=8.0, runtime="pytorch-2")
    added = {"grad_accum": "2"}
    parts = {
        level: {
            name: float(part[0, 0]) for name, part in run(replace(job, options=added | o), H100).parts.items()
        }
        for level, o in enumerate([{}, {"sharding": "zero1"}, {"sharding": "zero2"}, {"sharding": "zero3"}])
    }
    for name, first in (("optimizer", 1), ("gradients", 2), ("weights", 3)):
        for level, found in parts.items():
            share = 8.0 if level >= first else 1.0
            assert found[name] == pytest.approx(parts[0][name] / share), (name, level)
    assert parts[3]["gathered_layers"] > 0
    with pytest.raises(UsageError, match="sharding"):
        run(replace(job, options={"sharding": "some"}), H100)


def test_the_wide_weights_of_mixed_precision_belong_to_the_optimizer() -> None:
    job = replace(TRAIN, n_gpus=8.0, runtime="pytorch-2", precision="amp-bf16")
    plain, first, third = (run(replace(job, options={"grad_accum": "2", **o}), H100).parts
                           for o in ({}, {"sharding": "zero1"}, {"sharding": "zero3"}))  # fmt: skip
    parameters = plain["weights"][0, 0] / 4
    assert first["weights"][0, 0] == pytest.approx(4 * parameters / 8)
    # Gradient and the 16-bit copy stay whole until they are sharded.
    assert first["gradients"][0, 0] == plain["gradients"][0, 0] == pytest.approx(6 * parameters)
    # Whose shards are gathered keeps no 16-bit copy of them: 4 + 4 + 8 bytes over the ranks.
    assert third["gradients"][0, 0] == pytest.approx(4 * parameters / 8)
    kept = sum(third[name][0, 0] for name in ("weights", "gradients", "optimizer"))
    assert kept == pytest.approx(16 * parameters / 8)


@pytest.mark.thorough
def test_runs_that_were_published_are_found_to_fit() -> None:
    """Of the runs of llm-foundry and Megatron; those whose checkpointing is not known may fail."""
    found = [
        bool(estimate(read_job(row), [resolve_gpu(row["gpu"], GPUS)]).fits[0, 0])
        for row in measured_rows()
        if row["source"].startswith(("mosaicml", "NVIDIA-NeMo", "NVIDIA/Megatron-LM"))
        and "nemotron-3-5" not in row["workload"]
        and "nemotron-3-ultra" not in row["workload"]
    ]  # fmt: skip
    assert len(found) > 240
    assert sum(found) / len(found) > 0.93


def test_stages_and_tensor_parallel_gpus_hold_their_part() -> None:
    whole = run(TRAIN, H100)
    stage = run(replace(TRAIN, pp=4.0, n_gpus=4.0, options={"grad_accum": "16"}), H100)
    wide = run(replace(TRAIN, tp=4.0, n_gpus=4.0), H100)
    # Of 8.03 billion parameters a quarter of the layers', and the table of tokens at one end.
    table = 128_256 * 4096
    held = (8_030_261_248 - 2 * table) / 4 + table
    for name in ("gradients", "optimizer"):
        each = whole.parts[name][0, 0] / 8_030_261_248
        assert stage.parts[name][0, 0] == pytest.approx(each * held, rel=1e-5)
        assert wide.parts[name][0, 0] == pytest.approx(whole.parts[name][0, 0] / 4, rel=0.02)
    # With as many micro-batches in flight as stages the first keeps as much as one GPU would.
    assert stage.parts["activations"][0, 0] == pytest.approx(whole.parts["activations"][0, 0])
    assert wide.parts["activations"][0, 0] == pytest.approx(whole.parts["activations"][0, 0] / 4)


def test_recomputing_activations_costs_time_and_frees_memory() -> None:
    free, full = (run(replace(TRAIN, options=o), H100) for o in ({}, {"checkpointing": "full"}))
    assert 1.15 < full.seconds[0, 0] / free.seconds[0, 0] < 1.40
    assert full.parts["activations"][0, 0] < 0.4 * free.parts["activations"][0, 0]


def test_gpus_that_no_whole_replica_has_are_refused() -> None:
    with pytest.raises(UsageError, match="n_gpus=4 is no multiple of it; use 3 or 6 GPUs"):
        run(replace(TRAIN, n_gpus=4.0, options={"cp": "3"}), H100)


def test_heads_and_experts_are_kept_whole() -> None:
    with pytest.raises(UsageError, match=r"tp=3: llama-3-8b has 32 attention heads.*use --tp 2 or 4"):
        run(replace(TRAIN, n_gpus=3.0, tp=3.0), H100)
    with pytest.raises(UsageError, match=r"ep=3: qwen3-30b-a3b has 128 experts.*use ep=2 or 4"):
        run(replace(TRAIN, workload="qwen3-30b-a3b", n_gpus=6.0, options={"ep": "3"}), H100)
    # Ten heads of keys and values are kept whole as well; of eight GPUs two can share them.
    with pytest.raises(UsageError, match=r"tp=4: phi-3-medium has 40 attention heads and 10 of .*use --tp 2"):
        run(replace(TRAIN, workload="phi-3-medium", n_gpus=4.0, tp=4.0), H100)
    with pytest.raises(UsageError, match="llama-3-8b has no experts to share out"):
        run(replace(TRAIN, n_gpus=2.0, options={"ep": "2"}), H100)


def test_the_output_head_makes_the_last_stage_the_fullest() -> None:
    """Llama 3 8B has a head worth 2.4 layers: beside sixteen layers it hardly shows, beside four it does."""
    ops = resolve("llama-3-8b").trace(TRAIN)
    stages = np.array([1.0, 2.0, 8.0])
    even, two, eight = unevenness(ops, 32, stages, 1.0)
    assert even == 1.0
    assert 1.0 <= two < 1.1
    assert 1.3 < eight < 1.6
    # Layers that do not come out even leave room for it: 126 of Llama 3.1 405B on 8 stages of 16.
    large_model = resolve("llama-3.1-405b").trace(replace(TRAIN, workload="llama-3.1-405b", seq_len=8192.0))
    assert unevenness(large_model, 126, np.array([8.0]), 8.0)[0] == 1.0


@pytest.mark.parametrize(
    ("typed", "known"),
    [("etp=4", "etp (did you mean moe_tp?)"), ("gbs=64", "gbs (did you mean global_batch?)")],
)
def test_why_a_job_does_not_fit_says_what_was_not_read(whichgpu, typed, known):
    """NVIDIA's Grok-1 cuts each expert over four GPUs, which trainers call `etp`: unread, 329 GiB of 185."""
    mesh = ("--gpu", "gb200-192gb:128", "--tp", "4", "--option", "ep=8", "--runtime", "Megatron-LM")
    job = ("predict", "grok-1", "--phase", "pretrain", "--batch", "1", "--seq-len", "8192", *mesh)
    refused = whichgpu(*job, "--option", typed)
    assert refused.status == 3
    assert f"ignored: {known}" in refused.err
    assert whichgpu(*job, "--option", "moe_tp=4").status == 0


@pytest.mark.parametrize(
    ("gpus", "mesh", "instead", "then"),
    [
        (64, ("--tp", "8", "--pp", "7"), "or on 64 --pp 4 or 8", ("--tp", "8", "--pp", "8")),
        (64, ("--option", "cp=3"), "or on 64 --option cp=2 or 4", ("--option", "cp=4")),
        (12, ("--tp", "8"), "or on 12 --tp 4", ("--tp", "4")),
    ],
)  # fmt: skip
def test_gpus_left_over_name_the_nearest_degree(whichgpu, gpus, mesh, instead, then):
    """What is named is not refused for its shape."""
    job = ("predict", "llama-3-8b", "--gpu", f"h100-80gb-sxm:{gpus}", "--phase", "pretrain")
    more = ("--option", "sharding=fsdp", "--option", "checkpointing=full")
    refused = whichgpu(*job, *mesh, *more)
    assert refused.status == 2
    assert instead in refused.err
    assert "no multiple" not in whichgpu(*job, *then, *more).err
