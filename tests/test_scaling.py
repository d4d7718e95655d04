"""Training at scale: where a step goes, and published runs that no fit has seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from whichgpu.cost.breakdown import PARTS, breakdown
from whichgpu.cost.estimate import estimate
from whichgpu.cost.infeasible import single
from whichgpu.cost.parallel.splitting import shard
from whichgpu.cost.table.jobs import read_job
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.names import resolve as resolve_gpu
from whichgpu.prices.spot import faults
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import total
from whichgpu.workloads.published import runs
from whichgpu.workloads.workload import resolve

pytestmark = pytest.mark.slow

GPUS = catalogue()
H100 = "h100-80gb-sxm"
TRAIN = Job("llama-3-8b", phase="pretrain", precision="bf16", runtime="megatron", batch=1.0, seq_len=4096.0)
MOE = replace(TRAIN, workload="qwen3-30b-a3b", n_gpus=16.0)


def step_of(job: Job, gpu: str = H100) -> dict[str, float]:
    return {name: part["seconds"] for name, part in breakdown(job, [GPUS[gpu]]).at(0, 0).items()}


# Published runs


def test_the_steps_of_megatron_in_2022_come_out_within_four_percent() -> None:
    """Table 5 of Korthikanti et al., 22 billion to a trillion parameters; calculon is off by 3.65 % there."""
    errors = [
        estimate(read_job(row), [resolve_gpu(row["gpu"], GPUS)]).at(0, 0).latency.mid / float(row["value"])
        - 1.0
        for row in runs()["megatron-2022"]
    ]
    assert len(errors) == 8
    assert np.mean(np.abs(errors)) < 0.04
    assert max(map(abs, errors)) < 0.08


@pytest.mark.parametrize(
    ("workload", "mfu"), [("22b", 0.415), ("175b", 0.514), ("530b", 0.560), ("1t", 0.563)]
)
def test_their_share_of_the_peak_is_what_the_paper_says(workload: str, mfu: float) -> None:
    row = next(row for row in runs()["megatron-2022"] if row["id"] == f"megatron-2022-{workload}-selective")
    found = breakdown(read_job(row), [GPUS[row["gpu"]]])
    assert found.mfu[0, 0] == pytest.approx(mfu, rel=0.06)
    assert found.hfu[0, 0] > found.mfu[0, 0]


def test_one_command_prints_their_error(whichgpu: Any) -> None:
    told = whichgpu("validate", "megatron-2022", "--by", "workload", "--json")
    assert told.status == 0
    assert {"gpt3-175b", "megatron-1t"} <= set(told.json["groups"])


def test_megatron_in_fp16_without_a_year_is_that_of_2022_and_says_so() -> None:
    job = Job("megatron-22b", phase="pretrain", precision="fp16", runtime="Megatron-LM", batch=4.0, tp=8.0)
    found = estimate(job, [GPUS["a100-80gb-sxm"]]).at(0, 0)
    assert found.runtime == "megatron-2022"
    assert any("before FlashAttention" in said for said in found.warnings)
    flash, bf16 = replace(job, runtime="Megatron-LM flash-attn"), replace(job, precision="bf16")
    fused, narrow = (estimate(one, [GPUS["a100-80gb-sxm"]]).at(0, 0) for one in (flash, bf16))
    assert fused.memory["activations"] < found.memory["activations"]
    assert narrow.runtime == "megatron"


# Where a step goes


@pytest.mark.parametrize(
    "job",
    [
        TRAIN,
        replace(TRAIN, n_gpus=8.0, options={"sharding": "fsdp"}),
        replace(TRAIN, n_gpus=64.0, tp=4.0, pp=4.0, options={"global_batch": "64", "vp": "2", "cp": "2"}),
        replace(MOE, options={"ep": "16", "checkpointing": "full"}),
    ],
)
def test_the_parts_of_a_step_add_up_to_it_and_none_is_negative(job: Job) -> None:
    found = breakdown(job, [GPUS[H100]])
    assert found.step[0, 0] == pytest.approx(estimate(job, [GPUS[H100]]).latency[0, 0], rel=1e-9)
    parts = step_of(job)
    assert list(parts) == list(PARTS)
    assert sum(parts.values()) == pytest.approx(found.step[0, 0], rel=1e-9)
    assert min(parts.values()) > -1e-9 * found.step[0, 0]


def test_each_kind_of_parallelism_shows_in_its_own_part() -> None:
    alone = step_of(TRAIN)
    assert all(alone[name] == 0 for name in ("tensor", "experts", "context", "shards", "stages", "bubble"))
    assert step_of(replace(TRAIN, tp=4.0, n_gpus=4.0))["tensor"] > 0
    assert step_of(replace(TRAIN, n_gpus=8.0, options={"sharding": "fsdp"}))["shards"] > 0
    assert step_of(replace(TRAIN, n_gpus=8.0, options={"sharding": "zero1"}))["gradients"] > 0
    assert step_of(replace(MOE, options={"ep": "16"}))["experts"] > 0
    assert step_of(replace(TRAIN, options={"checkpointing": "full"}))["recompute"] > 0.5 * alone["forward"]
    staged = step_of(replace(TRAIN, pp=4.0, n_gpus=4.0, options={"grad_accum": "4", "vp": "1"}))
    assert staged["bubble"] / (sum(staged.values())) == pytest.approx(3 / 7, rel=0.05)


def test_a_long_ring_of_keys_shows_only_where_attention_is_short() -> None:
    long, short = (
        step_of(replace(TRAIN, seq_len=tokens, n_gpus=64.0, options={"cp": "64"}))
        for tokens in (262144.0, 8192.0)
    )
    # What 64 steps leave to add up is a sixth of them; keys and values arrive in time.
    assert 0.05 < long["context"] / sum(long.values()) < 0.2
    assert short["context"] > 0


def test_context_parallelism_of_short_sequences_is_not_free() -> None:
    """Published recipes of 8,192 tokens have none; searches took it for a split without exchanges."""
    job = replace(TRAIN, seq_len=8192.0, n_gpus=8.0)
    each = {
        cp: estimate(replace(job, options={"cp": cp}), [GPUS[H100]]).seconds[0, 0]
        for cp in ("1", "2", "4")
    }  # fmt: skip
    assert each["2"] > 1.02 * each["1"] / 2
    assert each["4"] > 1.02 * each["2"] / 2


def test_a_framework_trains_language_models_as_their_trainers_do() -> None:
    """IBM and PyTorch, "Maximizing training throughput using PyTorch FSDP" (2024): 3,700 tokens/s a GPU."""
    job = replace(
        TRAIN, workload="llama-2-7b", runtime="PyTorch FSDP", batch=2.0, n_gpus=128.0,
        options={"sharding": "fsdp", "checkpointing": "none"},
    )  # fmt: skip
    found = estimate(job, [GPUS["a100-80gb-sxm"]])
    told = found.figures(0, 0).throughput
    assert told.low < 128 * 3700 < told.high < 1.5 * told.mid
    assert found.runtime.id == "pytorch-2"
    compiled = estimate(replace(job, runtime="torch.compile"), [GPUS["a100-80gb-sxm"]])
    assert found.throughput[0, 0] < compiled.throughput[0, 0] < 1.3 * found.throughput[0, 0]


def test_micro_batches_that_nobody_stated_and_that_gather_weights_are_told() -> None:
    job = replace(TRAIN, batch=None, n_gpus=64.0, options={"sharding": "fsdp", "global_batch": "512"})
    answers = [estimate(one, [GPUS[H100]]).at(0, 0) for one in (job, replace(job, batch=8.0))]
    told = ["gathers the weights anew" in " ".join(one.warnings) for one in answers]
    assert told == [True, False]
    assert answers[1].throughput.mid > answers[0].throughput.mid


def test_norms_and_positions_are_written_op_by_op_unless_they_are_kernels() -> None:
    """RMSNorm through FP32 moves 36 B a value for 4, rotary positions 20, in torchtune's modules 48."""

    def moved(runtime: str) -> dict[str, float]:
        job = replace(TRAIN, runtime=runtime, tp=1.0, options={"checkpointing": "none"})
        terms = estimate(job, [GPUS[H100]], explain=True).at(0, 0).terms
        return {one.layer: one.memory for one in terms if one.kind in ("norm", "pointwise")}

    own, titan, tune, plain = (
        moved(f"{text} FSDP") for text in ("PyTorch fused", "torchtitan 2025-06", "torchtune", "PyTorch")
    )
    assert titan["head.norm"] / own["head.norm"] == pytest.approx(9.0, rel=1e-3)
    assert moved("torchtitan FSDP")["head.norm"] == own["head.norm"]  # one kernel since PyTorch 2.9
    assert titan["layers.rope"] / own["layers.rope"] == pytest.approx(5.0, rel=1e-3)
    assert tune["layers.rope"] > 2.0 * titan["layers.rope"]
    assert plain == pytest.approx(titan)


def test_faults_stretch_a_long_training_as_meta_saw() -> None:
    """Llama 3, section 3.3.4: more than 90 % effective training time on 16,384 GPUs."""
    assert 0.89 < 1.0 / faults(16384) < 0.93
    assert 1.0 < faults(8) < 1.002


def test_a_job_that_does_not_train_has_no_step() -> None:
    with pytest.raises(UsageError, match="--phase train"):
        breakdown(Job("llama-3-8b", phase="prefill"), [GPUS[H100]])


# What expert and sequence parallelism leave to a GPU


def test_experts_dealt_out_do_as_much_work_each_as_before_in_both_passes() -> None:
    """Of E experts a GPU has E / ep, and the tokens of ep replicas: its products stay as large."""
    workload = resolve("qwen3-30b-a3b")
    ops = workload.trace(workload.complete(replace(MOE, n_gpus=1.0, tp=1.0, pp=1.0)))
    own = shard(ops, 1.0, ep=16.0, pooled=16.0, trained=True)
    for op, part in zip(ops, own, strict=True):
        if op.shard in {"expert", "expert_row"} and op.kind == "gemm":
            assert part.flops == pytest.approx(op.flops)
            size = part.dims["m"] * part.dims["n"] * part.dims["k"] * part.dims["batch"] * 2.0
            assert size == pytest.approx(part.flops), op.layer
            if op.layer.endswith("wgrad"):
                # It writes the gradients of the weights that it holds, however many tokens come.
                assert part.write_bytes == pytest.approx(op.write_bytes / 16.0)


def test_what_the_busiest_expert_does_more_is_no_model_flops() -> None:
    parts = [breakdown(replace(MOE, options={"ep": ep}), [GPUS[H100]]) for ep in ("1", "16")]
    assert parts[0].ideal[0, 0] == pytest.approx(parts[1].ideal[0, 0], rel=1e-6)


def test_sequence_parallelism_shares_the_tokens_between_products_out() -> None:
    workload = resolve("llama-3-8b")
    ops = workload.trace(workload.complete(TRAIN))
    plain, shared = (shard(ops, 8.0, sequence=how) for how in (False, True))
    for before, after in (
        (total(plain, name), total(shared, name)) for name in ("read_bytes", "write_bytes")
    ):
        assert after < before
    products = [[op.flops for op in ops if op.kind == "gemm"] for ops in (plain, shared)]
    assert products[0] == products[1]
    with_it, without = (
        breakdown(replace(TRAIN, tp=8.0, n_gpus=8.0, options=options), [GPUS[H100]]).step[0, 0]
        for options in ({}, {"sequence_parallel": "False"})
    )
    assert with_it < without


def casting(job: Job) -> float:
    """Seconds of a pass in which weights are cast to 16 bits."""
    terms = estimate(job, [GPUS[H100]], explain=True).at(0, 0).terms
    return sum(term.seconds for term in terms if term.layer == "autocast.weights")


def test_weights_are_cast_once_a_step_by_a_trainer_and_with_every_pass_by_autocast() -> None:
    job = replace(TRAIN, precision="amp-bf16", options={"grad_accum": "64"})
    copies = {name: casting(replace(job, runtime=name)) for name in ("megatron", "pytorch-2")}
    assert copies["megatron"] < 0.05 * copies["pytorch-2"]


# The search


def test_a_global_batch_that_micro_batches_do_not_make_up_is_told() -> None:
    job = replace(TRAIN, n_gpus=8.0, batch=4.0, options={"global_batch": "100"})
    [said] = [one for one in single(job, GPUS[H100]).warnings if "global_batch" in one]
    assert "use global_batch=96 or 128" in said
    even = replace(job, options={"global_batch": "96"})
    assert not any("global_batch" in one for one in single(even, GPUS[H100]).warnings)


@pytest.mark.parametrize(
    ("length", "batch", "options", "published"),
    [
        (8192.0, 2.0, {"checkpointing": "selective"}, 5762.0),
        (8192.0, 2.0, {"checkpointing": "selective", "compile": "true"}, 6667.0),
        (32768.0, 1.0, {"checkpointing": "full", "compile": "true", "float8": "true"}, 3890.0),
    ],
)
def test_torchtitan_on_eight_gpus_as_it_was_published(
    length: float, batch: float, options: dict[str, str], published: float
) -> None:
    """benchmarks/llama3_h100_202412_torchtitan.md, tables 1 and 2: tokens/s a GPU of Llama 3.1 8B."""
    job = Job("llama-3.1-8b", phase="pretrain", precision="bf16", runtime="torchtitan", batch=batch,
              seq_len=length, n_gpus=8.0, options=options)  # fmt: skip
    found = estimate(job, [GPUS["h100-96gb-sxm-500w"]])
    assert found.throughput[0, 0] / 8 == pytest.approx(published, rel=0.1)
