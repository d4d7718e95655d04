"""What is shared out over the ranks of DeepSpeed and FSDP, and what waits on the host."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from memory_jobs import GIB, GPUS, laid, parameters, parts, total

from whichgpu.cost.estimate import estimate
from whichgpu.cost.infeasible import single
from whichgpu.cost.table.jobs import predict_rows
from whichgpu.cost.table.rows import read_job
from whichgpu.errors import UsageError
from whichgpu.workloads.job import Job

OFFLOADED = {"phase": "finetune_full", "precision": "amp-bf16", "batch": 1, "seq_len": 1024, "n_gpus": 8,
             "runtime": "pytorch-2"}  # fmt: skip


def test_what_waits_on_the_host_is_not_on_the_device():
    plain = {"sharding": "zero3", "checkpointing": "full", "grad_accum": "2"}
    here = parts("llama-2-7b", options=plain, **OFFLOADED)
    words = ("optimizer", "parameters", "activations", "true", "optimizer,activations")
    away = {word: parts("llama-2-7b", options={**plain, "offload": word}, **OFFLOADED) for word in words}
    assert away["optimizer"]["optimizer"] == 0.0 < here["optimizer"]
    # The 16-bit weights stay, and gradients leave layer by layer.
    count = parameters("llama-2-7b")
    assert away["optimizer"]["gradients"] == pytest.approx(2 * count / 8 + 4 * count / 8 / 32, rel=0.02)
    assert away["parameters"]["weights"] == away["parameters"]["gradients"] == 0.0
    assert away["parameters"]["gathered_layers"] == here["gathered_layers"]
    assert away["activations"]["activations"] < here["activations"]
    assert away["true"]["weights"] == away["true"]["optimizer"] == 0.0
    assert away["optimizer,activations"]["optimizer"] == 0.0
    assert away["optimizer,activations"]["activations"] == away["activations"]["activations"]
    # Megatron adds them up in FP32, in a buffer that stays.
    mcore = parts("llama-2-7b", options={"offload": "optimizer"}, **OFFLOADED | {"runtime": "Megatron-LM"})
    assert mcore["optimizer"] == 0.0
    assert mcore["gradients"] == pytest.approx(6 * count, rel=0.01)
    with pytest.raises(UsageError, match="offload: 'disk' is none of optimizer, parameters, activations"):
        parts("llama-2-7b", options={"offload": "disk"}, **OFFLOADED)


@pytest.mark.parametrize(
    ("runtime", "sharding", "whole"),
    [("ms-swift FSDP", "shard_grad_op", 2), ("ms-swift FSDP", "fsdp", 2), ("ms-swift DeepSpeed", "zero2", 0)],
)
def test_fsdp_adds_gradients_up_whole_whether_it_shares_weights_out_or_not(runtime, sharding, whole):
    """Accelerate's no_sync; DeepSpeed's ZeRO 2 shares them out with every micro-batch."""
    job = {"phase": "finetune_full", "precision": "amp-bf16", "batch": 1, "seq_len": 4096, "n_gpus": 8}
    one, two = (
        parts("qwen3-4b", runtime=runtime, options={"sharding": sharding, "grad_accum": count}, **job)[
            "gradients"
        ]
        for count in ("1", "2")
    )
    # Wide ones of each rank are there without, beside a pass or later.
    count = parameters("qwen3-4b")
    assert two - one == pytest.approx((whole * count - 4 * count / 8) if whole else 0.0, abs=0.02 * count)


def test_gradients_that_fsdp_adds_up_stay_whole_beside_a_host_that_has_the_rest():
    """Within `no_sync` nothing is shared out nor moved to the host (PyTorch's page of FSDP).

    Alpaca on four A100 40 GB with its states on the host ran two sequences and not three, as if half of the
    card were filled beside: 12.6 GiB of it are these.
    """
    job = {"phase": "finetune_full", "precision": "bf16", "batch": 3.0, "seq_len": 512.0, "n_gpus": 4,
           "runtime": "stanford alpaca 2023-03"}  # fmt: skip
    once, summed, piecewise = (
        parts("llama-1-7b", options={"sharding": "fsdp", "offload": "true", **more}, **job)
        for more in ({}, {"grad_accum": "8"}, {"grad_accum": "8", "optimizer_in_backward": "true"})
    )
    assert once["gradients"] == piecewise["gradients"] == 0.0
    assert summed["gradients"] == pytest.approx(2.0 * parameters("llama-1-7b"), rel=0.01)


@pytest.mark.parametrize("phase", ["finetune_full", "finetune_qlora"])
def test_what_a_job_sends_to_the_host_adds_to_what_its_trainer_does(phase: str) -> None:
    """Unsloth leaves the inputs of layers there whatever else goes; `none` sends nothing."""
    columns = {"phase": phase, "batch": 4, "seq_len": 2048, "runtime": "unsloth"}
    unasked, optimizer, none = (
        parts("llama-3.2-3b", options=options, **columns)
        for options in ({}, {"offload": "optimizer"}, {"offload": "none"})
    )
    assert optimizer["activations"] == unasked["activations"] < none["activations"]
    assert sum(optimizer.values()) < sum(unasked.values())


def test_offload_trains_what_its_paper_trained():
    """ZeRO-Offload (Ren et al., 2021): models of up to 13 billion parameters on one V100 with 32 GB."""
    options = {"offload": "optimizer", "checkpointing": "full"}
    job = {"phase": "finetune_full", "precision": "amp-fp16", "batch": 1.0, "seq_len": 1024.0}
    needs = total("llama-2-13b", runtime="DeepSpeed", options=options, **job)
    assert 0.75 * 32 * GIB < needs < 32 * GIB
    assert total("llama-2-13b", runtime="DeepSpeed", options={"checkpointing": "full"}, **job) > 180 * GIB


def test_what_a_trainer_does_on_several_gpus_it_does_not_on_one():
    """LitGPT shards and checkpoints over several: rows of one and of two GPUs do not mix in a table."""
    row = {
        "workload": "llama-2-7b", "gpu": "a100-40gb-sxm", "phase": "finetune_lora", "precision": "bf16",
        "batch": "1", "seq_len": "1304", "runtime": "LitGPT (PyTorch 2.1.0)", "metric": "peak_gpu_memory",
        "unit": "GiB",
    }  # fmt: skip
    rows = [{**row, "n_gpus": count} for count in ("1", "2", "1")]
    together = [answer.value for answer in predict_rows(rows, GPUS)]
    assert together == [next(iter(predict_rows([one], GPUS))).value for one in rows]
    assert together[0] == together[2]


def test_deepspeed_has_buckets_of_its_own_size_beside_what_it_shards() -> None:
    """reduce_bucket_size is 5e8 values; overlap_comm, as in its examples, has two of them."""
    job = read_job(
        {"workload": "llama-2-7b", "gpu": "a100-80gb-sxm", "n_gpus": "8", "phase": "finetune_full",
         "precision": "bf16", "batch": "1", "seq_len": "2048", "options": "sharding=zero2"}
    )  # fmt: skip
    buckets = {
        runtime: estimate(replace(job, runtime=runtime), [GPUS["a100-80gb-sxm"]])
        .at(0, 0)
        .memory.get("buckets")
        for runtime in ("DeepSpeed", "transformers deepspeed", "pytorch-2")
    }
    told = 2.0 * 5e8 * 2.0
    assert buckets == {"DeepSpeed": told, "transformers deepspeed": told, "pytorch-2": None}
    # Of adapters too, though these are in 32 bits: it makes a module of 16.
    beside = parts(
        "llama-2-7b", phase="finetune_lora", precision="bf16", batch=1.0, seq_len=2048.0,
        runtime="transformers peft deepspeed", options={"sharding": "zero2"},
    )  # fmt: skip
    assert beside["buckets"] == told


def test_only_fsdps_root_keeps_embedding_and_head() -> None:
    """Llama 3 8B: two tables of 128,256 x 4,096 in 16 bits."""
    job = {"phase": "finetune_full", "precision": "bf16", "batch": 1.0, "seq_len": 512.0, "n_gpus": 8.0}
    fsdp, zero = (
        parts("llama-3-8b", runtime=runtime, options={"checkpointing": "full", "sharding": level}, **job)
        for runtime, level in (("transformers", "fsdp"), ("transformers deepspeed", "zero3"))
    )
    assert fsdp["gathered_layers"] - zero["gathered_layers"] > 2 * 128256 * 4096 * 2.0


@pytest.mark.parametrize(
    ("runtime", "level", "count", "values"),
    [
        # torch.optim's Adam, which trainers bring along: a root of 4 B beside the FP32 gradients.
        ("transformers deepspeed", "zero2", 8.0, 8.0 / 6.0 * 6.738415616e9 / 8),
        ("llama-factory deepspeed", "zero2", 8.0, 8.0 / 6.0 * 6.738415616e9 / 8),
        ("transformers 5.0 deepspeed", "zero2", 8.0, 6.738415616e9 / 8),
        ("pytorch-2 deepspeed", "zero3", 8.0, 6.738415616e9 / 8),
        ("pytorch-2 deepspeed", "zero3", 2.0, 1e9),
        # Adam's root and quotient of the whole, 4 B each, when the 16-bit gradients are gone.
        ("transformers deepspeed torch 1.13", "zero2", 8.0, 10.0 / 6.0 * 6.738415616e9 / 8),
    ],
)
def test_deepspeed_widens_a_ranks_gradients_for_its_step(runtime, level, count, values):
    """runtime/zero: `flatten(averaged_gradients[i]).to(fp32)`, 2 and 4 B, in level 3 by 1e9 values."""
    job = {"phase": "train", "precision": "bf16", "seq_len": 128.0, "n_gpus": count, "runtime": runtime}
    options = {"sharding": level, "checkpointing": "full"}
    found = parts("llama-2-7b", options=options, **job)
    assert found["optimizer_step"] == pytest.approx(6.0 * values, rel=1e-6)
    away = parts(
        "llama-2-7b", options={"sharding": level, "checkpointing": "full", "offload": "optimizer"}, **job
    )
    assert "optimizer_step" not in away


def test_pretraining_in_litgpt_keeps_its_activations_and_fine_tuning_does_not():
    """TinyLlama was trained on 16 A100 of 40 GB at a micro-batch of 8; finetune/full.py checkpoints."""
    job = Job("tinyllama-1.1b", precision="bf16", runtime="LitGPT", batch=8.0, seq_len=2048.0, n_gpus=16.0)
    whole, tuned = (
        estimate(replace(job, phase=phase), [GPUS["a100-40gb-sxm"]]).at(0, 0).required
        for phase in ("pretrain", "finetune_full")
    )
    assert 0.85 * 40 * GIB < whole < 40 * GIB
    assert tuned < 0.3 * whole


ALPACA = {"phase": "finetune_full", "precision": "bf16", "batch": 2.0, "seq_len": 2048.0, "n_gpus": 4.0,
          "options": {"sharding": "fsdp", "checkpointing": "full"}}  # fmt: skip


def test_adam_of_pytorch_2_0_has_two_copies_of_a_state():
    """lm-sys/FastChat issue 1781: torch 2.0.1, 37.33 GiB allocated as the next 98 MiB were asked for."""
    old, new = (parts("llama-1-7b", runtime=f"FastChat torch {one}", **ALPACA) for one in ("2.0.1", "2.1"))
    assert old["optimizer_step"] == 2.0 * new["optimizer_step"]
    states = sum(old[name] for name in ("weights", "gradients", "optimizer", "optimizer_step"))
    assert states / GIB == pytest.approx(37.66, rel=0.002)


def test_gradients_that_were_added_up_whole_are_shared_out_before_the_step():
    """README of lm-sys/FastChat: Vicuna 7B on four A100 of 40 GB, 16 micro-batches of two; was refused."""
    job = {**ALPACA, "options": {**ALPACA["options"], "grad_accum": "16"}, "runtime": "FastChat torch 2.0.1"}
    found, one = parts("llama-1-7b", **job), parts("llama-1-7b", **{**job, **ALPACA})
    assert found["gradients"] == pytest.approx(2.0 * parameters("llama-1-7b"), rel=0.01)
    # The step has them in FP32 on four GPUs, as without; at the loss they are whole.
    assert sum(one.values()) <= sum(found.values()) < 0.99 * 40 * GIB
    at_loss = sum(found[name] for name in ("weights", "optimizer", "gradients", "activations", "logits"))
    assert sum(found.values()) > at_loss + found["not_at_loss"]


def test_a_trainer_is_read_with_a_space_in_its_name():
    spellings = ("Stanford Alpaca", "stanford_alpaca", "stanford-alpaca")
    found = [parts("llama-1-7b", runtime=one, **ALPACA)["weights"] for one in spellings]
    assert found == pytest.approx([4.0 * parameters("llama-1-7b") / 4.0] * 3, rel=0.001)


@pytest.mark.parametrize("runtime", ["transformers", "axolotl", "llama-factory"])
def test_the_root_of_fsdp_stays_gathered_beside_two_layers(runtime: str):
    job = {**ALPACA, "phase": "finetune_lora", "runtime": runtime}
    job["options"] = {**job["options"], "sharding": "fsdp"}
    gathered = parts("llama-1-7b", **job)["gathered_layers"]
    layer, ends = 4 * 4096**2 + 3 * 4096 * 11008 + 2 * 4096, 2 * 32000 * 4096
    assert gathered == pytest.approx(2.0 * (2 * layer + ends), rel=0.01)


def test_one_gpu_has_no_shards_to_widen():
    """Axolotl's example of Llama 3 8B whole, 8,192 tokens with paged 8-bit Adam: one card of 48 GB."""
    run = {"phase": "finetune_full", "precision": "bf16", "batch": 1, "seq_len": 8192,
           "options": {"checkpointing": "full", "optimizer": "paged-adamw-8bit"}}  # fmt: skip
    alone, shared = (parts("llama-3-8b", runtime="axolotl flash-attn", n_gpus=n, **run) for n in (1, 2))
    assert alone["weights"] == pytest.approx(2 * 8.03e9, rel=0.01)
    assert sum(alone.values()) < 48e9
    assert 2 * shared["weights"] == pytest.approx(4 * 8.03e9, rel=0.01)
    # As in a sweep of both.
    both = laid("llama-3-8b", runtime="axolotl flash-attn", n_gpus=np.array([1.0, 2.0]), **run).parts
    assert np.ravel(both["weights"]).tolist() == pytest.approx([alone["weights"], shared["weights"]])


def test_deepspeed_without_zero_widens_all_gradients_of_fp16_and_joins_them() -> None:
    """`step` of runtime/fp16/fused_optimizer.py: GPT-2 XL ran out of a V100 of 32 GB (ZeRO's tutorial)."""
    job = {"phase": "train", "precision": "fp16", "batch": 1.0, "seq_len": 1024.0,
           "options": {"flash_attention": "false"}}  # fmt: skip
    step = parts("gpt2-xl", runtime="DeepSpeed", **job)["optimizer_step"]
    assert step == pytest.approx(8.0 * parameters("gpt2-xl"))
    assert total("gpt2-xl", runtime="DeepSpeed", **job) > 32 * GIB
    assert total("gpt2-large", runtime="DeepSpeed", **job) < 20 * GIB
    other = {**job, "precision": "bf16"}
    assert "optimizer_step" not in parts("gpt2-xl", runtime="DeepSpeed", **other)


def test_weights_that_replicas_send_each_other_stay_where_there_is_room():
    """DDP's flat copies until PyTorch 2.8: pytorch issue 131653 has 152 MiB of them for weights of 166."""
    job = {"phase": "finetune_lora", "precision": "bf16", "batch": 1, "seq_len": 512,
           "options": {"lora_rank": "8", "lora_targets": "qkv", "checkpointing": "full"}}  # fmt: skip

    def beside(runtime, gpu="a100-80gb-sxm", **columns):
        read = single(Job("qwen1.5-7b", runtime=runtime, **job | columns), GPUS[gpu]).readings
        return float(np.ravel(read.reserved - read.allocated)[0]) / GIB

    weights = 2 * parameters("qwen1.5-7b") / GIB
    assert 0.75 * weights < beside("TRL 2024-06", n_gpus=4) < 1.05 * weights
    # Half of them where two GPUs hold a replica; of one replica there are none.
    assert 0.3 * weights < beside("TRL 2024-06", n_gpus=4, tp=1, pp=2) < 0.55 * weights
    for text in ("TRL 2024-06 DeepSpeed", "TRL 2024-06 torch 2.8", "TRL 2025-10"):
        assert beside(text, n_gpus=4) < 0.2 * weights
    assert beside("TRL 2024-06") < 0.1 * weights
    # 28.8 GiB are more than the card has: all are given back.
    assert beside("TRL 2024-06", "a10", n_gpus=4) < 0.1 * weights


def test_adapters_of_ms_swift_drop_out_unasked():
    """`lora_dropout` 0.05 of its arguments: a mask of each adapter's input, and what is left of it."""
    job = {"phase": "finetune_lora", "precision": "bf16", "batch": 1, "seq_len": 2048}
    said = {"lora_rank": "8", "lora_targets": "all", "checkpointing": "none"}
    own, none = (
        parts("qwen2.5-7b", runtime="ms-swift", options={**said, **more}, **job)["activations"]
        for more in ({}, {"lora_dropout": "0"})
    )
    assert own > 1.1 * none


def test_ms_swift_leaves_what_is_not_quantised():
    """No `prepare_model_for_kbit_training`: embedding and head of 125,696 words stay in 16 bits (2.4 GiB)."""
    job = {"phase": "finetune_qlora", "precision": "nf4-dq", "batch": 1, "seq_len": 512}
    swift, peft = (
        parts("baichuan2-13b", runtime=text, **job)["weights"] for text in ("ms-swift", "PEFT, Transformers")
    )
    assert 2.0 * GIB < peft - swift < 3.0 * GIB
