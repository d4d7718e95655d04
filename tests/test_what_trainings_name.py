"""What a training's text and options change: attention kernels, dispatchers, adapters, places of experts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from whichgpu.cost.breakdown import breakdown
from whichgpu.cost.coefficients import section
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.parallel.mesh import Mesh
from whichgpu.cost.parallel.unstated import notes
from whichgpu.cost.timing.classes import op_class
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.sweep.meshes import Shape, meshes
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve

LONG = Job(
    "qwen3-4b", phase="finetune_full", precision="bf16", runtime="PyTorch FSDP2 Transformers 5", batch=1.0,
    seq_len=32768.0, n_gpus=1.0, options={"checkpointing": "full", "optimizer": "adamw-bf16"},
)  # fmt: skip
EXPERTS = Job(
    "mixtral-8x7b", phase="pretrain", precision="bf16", runtime="Megatron-LM", batch=1.0, seq_len=4096.0,
    n_gpus=64.0, tp=1.0, pp=1.0, options={"ep": "8", "global_batch": "256"},
)  # fmt: skip


def seconds(job: Job, gpu: str, **options: str) -> dict[str, float]:
    """Seconds of a step by part."""
    parts = breakdown(replace(job, options={**job.options, **options}), [catalogue()[gpu]]).at(0, 0)
    return {name: part["seconds"] for name, part in parts.items()}


@pytest.mark.parametrize(
    ("gpu", "release", "sooner"),
    [
        ("b300-288gb-sxm", "FlashAttention-4", True),
        ("h100-80gb-sxm", "FlashAttention-3", True),
        ("a100-80gb-sxm", "FlashAttention-3", False),
    ],
)
def test_flash_attention_by_its_release_is_sooner_where_it_runs(
    gpu: str, release: str, *, sooner: bool
) -> None:
    named = replace(LONG, runtime=f"{LONG.runtime} {release}")
    plain, with_it = seconds(LONG, gpu)["forward"], seconds(named, gpu)["forward"]
    assert (with_it < 0.95 * plain) if sooner else (with_it == plain)


def test_products_of_adapters_are_a_class_of_their_own() -> None:
    """An A of rank 16 reads every state for 16 columns: memory bounds it, as no product of a model is."""
    job = replace(LONG, phase="finetune_lora", options={"checkpointing": "full", "lora_rank": "16"})
    thin = {op.layer for op in resolve("qwen3-4b").trace(job) if op_class(op).memory == "thin"}
    assert thin
    assert all(".lora_" in layer for layer in thin)
    assert not any(op_class(op).memory == "thin" for op in resolve("qwen3-4b").trace(LONG))


def test_counts_that_the_gpu_keeps_leave_the_host_its_lead() -> None:
    """HybridEP of DeepEP syncs no host; the wait is then that of graphs of the routers."""
    job = replace(EXPERTS, workload="qwen3-30b-a3b", n_gpus=8.0)
    plain, kept, none = (
        seconds(one, "h100-80gb-sxm", cuda_graphs=graphs)["host"]
        for one, graphs in (
            (job, "none"), (replace(job, runtime="Megatron-LM HybridEP"), "none"), (job, "full"),
        )
    )  # fmt: skip
    c = section("training")
    assert (kept - none) / (plain - none) == pytest.approx(c["moe_host_partial"] / c["moe_host"], rel=0.01)


def test_places_of_experts_beyond_their_share_are_computed_and_sent() -> None:
    """`capacity_factor` 1.25 of MaxText: a quarter more of what experts compute, and of what is sent."""
    plain = seconds(EXPERTS, "h100-80gb-sxm", router="dropped")
    more = seconds(EXPERTS, "h100-80gb-sxm", router="dropped", capacity_factor="1.25")
    assert 1.1 < more["forward"] / plain["forward"] < 1.25
    assert more["experts"] == pytest.approx(1.25 * plain["experts"], rel=0.05)
    found = breakdown(
        replace(EXPERTS, options={**EXPERTS.options, "router": "dropped", "capacity_factor": "1.25"}),
        [catalogue()["h100-80gb-sxm"]],
    )
    fewer = breakdown(
        replace(EXPERTS, options={**EXPERTS.options, "router": "dropped"}), [catalogue()["h100-80gb-sxm"]]
    )
    # Empty places are no work of the model's: its share of the peak falls.
    assert found.mfu[0, 0] < 0.93 * fewer.mfu[0, 0]
    with pytest.raises(UsageError, match="router=dropped"):
        seconds(EXPERTS, "h100-80gb-sxm", capacity_factor="1.25")


def test_a_cut_of_an_expert_has_whole_columns() -> None:
    job = replace(EXPERTS, n_gpus=48.0, options={"ep": "8", "moe_tp": "3", "global_batch": "96"})
    with pytest.raises(UsageError, match="14336 columns, which do not divide by it; use moe_tp=2 or 4"):
        Mesh.of(job).check(resolve("mixtral-8x7b"), job)


def test_a_search_names_the_experts_that_its_gpus_cannot_hold() -> None:
    limits = Shape("deepseek-v3", 32, 8, 128, 61, 256, 4096, 1024)
    with pytest.raises(UsageError, match="ep=64: the experts of a layer lie on 32 GPUs here"):
        meshes(limits, {"ep": 64})
    with pytest.raises(UsageError, match="use ep=16"):
        meshes(limits, {"ep": 32, "pp": 2})


def test_groups_of_layers_of_one_stage_are_told_of() -> None:
    job = replace(EXPERTS, workload="llama-3-8b", n_gpus=8.0, options={"vp": "4", "global_batch": "64"})
    (said,) = notes(job, Mesh.of(job), runtime("Megatron-LM", "pytorch"))
    assert "vp=4 changes nothing: pp=1 is one stage" in said
    alone = replace(job, options={"vp": "1", "global_batch": "64"})
    assert notes(alone, Mesh.of(alone), runtime("Megatron-LM", "pytorch")) == ()


def test_a_machine_of_tpu_v7_has_its_own_links() -> None:
    """Six links of 200 GB/s both ways a chip; without them its slices were taken for single cards."""
    job = replace(
        EXPERTS, workload="llama-3.1-70b", runtime="MaxText JAX", batch=4.0, seq_len=8192.0,
        options={"sharding": "fsdp", "checkpointing": "full", "global_batch": "256"},
    )  # fmt: skip
    step = sum(seconds(job, "tpu-v7").values())
    assert 256 * 8192 / 64 / step == pytest.approx(2687, rel=0.25)


def test_heads_leave_the_rest_of_a_systolic_array_empty() -> None:
    """Of 128 values they fill the arrays of TPU v5p and half of those of v6e, which long sequences tell."""

    def longer(gpu: str) -> float:
        whole = replace(LONG, runtime="MaxText JAX")
        cut = replace(whole, seq_len=4096.0, batch=8.0)
        return seconds(whole, gpu)["forward"] / seconds(cut, gpu)["forward"]

    wide, narrow = longer("tpu-v6e"), longer("tpu-v5p")
    assert 1.4 < (wide - 1.0) / (narrow - 1.0) < 2.0
