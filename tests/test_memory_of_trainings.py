"""Options of training and what trainers do unasked, held to what was published of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from memory_jobs import GIB, GPUS, laid, parameters, parts, total

import whichgpu
from whichgpu.cost.activations import Kept, activations
from whichgpu.cost.estimate import estimate
from whichgpu.cost.infeasible import single
from whichgpu.cost.jobs import predict_rows
from whichgpu.cost.layout import settle
from whichgpu.cost.replica_memory import standing
from whichgpu.cost.rows import read_job
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve

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


@pytest.mark.parametrize("kind", ["selective", "full"])
@pytest.mark.parametrize(
    "name", ["srcnn", "c3d", "vgg16", "nnunet-3d", "csatv2", "fasterrcnn-r50-fpn", "swin-tiny", "detr"]
)
def test_layers_that_run_again_keep_no_more_than_if_they_did_not(name: str, kind: str) -> None:
    """Maps that shrink on their way have their fullest moment early, whatever runs again after it."""
    columns = {"phase": "train", "batch": 4, "runtime": "pytorch"}
    again = total(name, options={"checkpointing": kind}, **columns)
    assert again <= total(name, options={"checkpointing": "none"}, **columns) * (1.0 + 1e-9)


def test_offload_trains_what_its_paper_trained():
    """ZeRO-Offload (Ren et al., 2021): models of up to 13 billion parameters on one V100 with 32 GB."""
    options = {"offload": "optimizer", "checkpointing": "full"}
    job = {"phase": "finetune_full", "precision": "amp-fp16", "batch": 1.0, "seq_len": 1024.0}
    needs = total("llama-2-13b", runtime="DeepSpeed", options=options, **job)
    assert 0.75 * 32 * GIB < needs < 32 * GIB
    assert total("llama-2-13b", runtime="DeepSpeed", options={"checkpointing": "full"}, **job) > 180 * GIB


def test_a_pipeline_that_states_no_batch_is_full():
    job = {"phase": "pretrain", "runtime": "megatron", "n_gpus": 64.0, "tp": 8.0, "pp": 8.0, "batch": 1.0,
           "seq_len": 4096.0, "precision": "amp-bf16"}  # fmt: skip
    batches: list[dict[str, str]] = [{}, {"global_batch": "64"}, {"global_batch": "1"}]
    options = [{"checkpointing": "none", **one} for one in batches]
    open_, full, single_ = (parts("llama-2-70b", options=one, **job)["activations"] for one in options)
    assert open_ == full > 5 * single_


def test_paged_states_and_gradients_that_do_not_wait():
    job = {"phase": "finetune_full", "precision": "bf16", "batch": 1, "seq_len": 512, "runtime": "torchtune"}
    stated = (
        {"optimizer": "adamw8bit"},
        {"optimizer": "paged_adamw_8bit"},
        {"optimizer_in_backward": "true"},
    )
    whole = {"loss_chunks": "1", "grad_accum": "2"}
    plain, paged, piecewise = (parts("llama-3.1-8b", options=whole | options, **job) for options in stated)
    assert plain["optimizer"] == pytest.approx(2.0 * parameters("llama-3.1-8b"))
    assert paged["optimizer"] == 0.0
    assert piecewise["gradients"] == pytest.approx(plain["gradients"] / 32)


def test_a_loss_in_chunks_keeps_the_logits_alone():
    job = {"phase": "finetune_full", "precision": "bf16", "batch": 4, "seq_len": 2048, "runtime": "pytorch-2"}
    whole, chunks, bare = (activations_of(job, chunks).loss for chunks in (1.0, 8.0, 1e6))
    values = 4 * 2048 * 128256
    assert whole == pytest.approx(14.0 * values)
    assert chunks == pytest.approx((2.0 + 12.0 / 8.0) * values)
    assert bare == pytest.approx(2.0 * values, rel=1e-4)


def activations_of(job, chunks):
    item = resolve("llama-3.1-8b")
    ops = item.trace(item.complete(Job(item.id, **job)))
    return activations([op for op in ops if op.stage == "forward"], Kept(chunks=chunks))


def test_kinds_of_adapters():
    job = {"precision": "bf16", "batch": 1, "seq_len": 1304, "runtime": "LitGPT"}
    lora, prefix, scaled = (parts("llama-2-7b", phase=phase, **job) for phase in (
        "finetune_lora", "finetune_adapter", "finetune_adapter_v2"))  # fmt: skip
    assert prefix["activations"] < lora["activations"] < scaled["activations"]
    # 10 tokens of a prefix in 30... the bottom layers have none, and 4 bytes a parameter.
    assert prefix["optimizer"] == pytest.approx(8.0 * 10 * 4096 * 32)
    wide = parts("llama-2-7b", phase="finetune_lora", **{**job, "runtime": "PEFT"})
    plain = parts("llama-2-7b", phase="finetune_lora", **{**job, "runtime": "pytorch-2"},
                  options={"lora_targets": "inputs", "lora_rank": "8"})  # fmt: skip
    # PEFT casts the input of each adapter to FP32: two of four bytes, where one of two bytes is.
    layers = 32 * 1304 * 4096 * 6.0
    assert (wide["activations"] - plain["activations"]) / layers == pytest.approx(1.0, rel=0.1)
    with pytest.raises(UsageError, match="adapter: 'none' is none of lora, dora"):
        parts("llama-2-7b", phase="finetune_lora", options={"adapter": "none"})


def test_a_recipe_recomputes_as_much_as_its_card_needs():
    job = Job("llama-3.1-8b", phase="pretrain", precision="bf16", batch=2, seq_len=8192, n_gpus=64, tp=1,
              runtime="Megatron-LM")  # fmt: skip
    small, large = (estimate(job, [GPUS[gpu]]) for gpu in ("h100-80gb-sxm", "b300-288gb-sxm"))
    assert small.fits[0, 0]
    assert any("checkpointing was not given" in line for line in small.warnings())
    assert large.parts["activations"][0, 0] > 2.0 * small.parts["activations"][0, 0]
    assert not any("checkpointing" in line for line in large.warnings())
    stated = estimate(replace(job, options={"checkpointing": "none"}), [GPUS["h100-80gb-sxm"]])
    assert not stated.fits[0, 0]
    both = estimate(job, [GPUS["h100-80gb-sxm"], GPUS["b300-288gb-sxm"]])
    assert both.required[:, 0] == pytest.approx([small.required[0, 0], large.required[0, 0]])


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


# --- what was published of single runs --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("workload", "phase", "precision", "batch", "gpus", "tokens"),
    [
        ("llama-2-7b", "finetune_lora", "bf16", 4, 1, 1304),
        ("llama-2-13b", "finetune_lora", "bf16", 2, 1, 1304),
        ("llama-2-13b", "finetune_lora", "bf16", 4, 1, 1304),
        ("llama-2-13b", "finetune_lora", "bf16", 1, 2, 1304),
        ("falcon-40b", "finetune_lora", "bf16", 1, 1, 1079),
        ("falcon-40b", "finetune_lora", "bf16", 1, 4, 1079),
        ("falcon-40b", "finetune_qlora", "nf4", 1, 1, 1079),
        ("falcon-40b", "finetune_qlora", "nf4-dq", 1, 1, 1079),
        ("codellama-34b", "generate", "bf16", 1, 1, None),
        ("falcon-40b", "generate", "bf16", 1, 1, None),
        ("llama-2-70b", "generate", "bf16", 1, 1, None),
    ],
)
def test_runs_published_as_out_of_memory_are_not_said_to_fit_by_more_than_5_percent(  # noqa: PLR0917
    workload: str, phase: str, precision: str, batch: int, gpus: int, tokens: int | None
) -> None:
    """LitGPT, tutorials/resource-tables.md of 2023-10-20: "OOM" on A100s with 40 GB; no fit has seen them."""
    job = Job(
        workload, phase=phase, precision=precision, batch=float(batch), n_gpus=float(gpus),
        seq_len=None if tokens is None else float(tokens), runtime="LitGPT 8641822 (PyTorch 2.1.0)",
    )  # fmt: skip
    found = estimate(job, [catalogue()["a100-40gb-sxm"]])
    assert float(found.required[0, 0]) > 0.95 * float(found.available[0, 0])


@pytest.mark.parametrize(
    ("workload", "gib", "tokens"),
    [
        ("llama-3.1-8b", 12, 932), ("llama-3.1-8b", 16, 2551), ("llama-3.1-8b", 24, 5789),
        ("llama-3.1-8b", 40, 12264), ("llama-3.1-8b", 48, 15502), ("llama-3.1-8b", 80, 28454),
        ("llama-3.3-70b", 80, 6916),
    ],
)  # fmt: skip
def test_qlora_takes_what_its_longest_sequences_say(workload: str, gib: int, tokens: int) -> None:
    """Unsloth's documentation, "Context length benchmarks", column Hugging Face + FA2: one token more fails.

    Rank 32 on every layer, batch 1, gradient checkpointing. No fit has seen them.
    """
    needs = total(
        workload, phase="finetune_qlora", seq_len=float(tokens), batch=1.0,
        options={"lora_rank": "32", "checkpointing": "full"},
    )  # fmt: skip
    assert needs / GIB == pytest.approx(gib, rel=0.05)


def test_attention_without_flash_keeps_its_scores() -> None:
    """6 bytes a score in training, its softmax in FP32; 1 GiB for an image of Stable Diffusion in FP16."""
    training = {"phase": "finetune_full", "precision": "bf16", "batch": 1.0, "seq_len": 2048.0}
    off, on = ({"flash_attention": text, "grad_accum": "2"} for text in ("false", "true"))
    more = total("llama-2-7b", **training, options=off) - total("llama-2-7b", **training, options=on)
    assert more == pytest.approx(32 * 6.0 * 32 * 2048**2, rel=0.03)
    pictures = parts("stable-diffusion-1.5", precision="fp16", batch=1.0, options=off)
    assert pictures["scores"] == pytest.approx(GIB, rel=0.01)
    assert "scores" not in parts("stable-diffusion-1.5", precision="fp16", batch=1.0)
    slow, fast = (
        estimate(Job("llama-2-7b", **training, options=one), [GPUS["h200-141gb-sxm"]]).seconds[0, 0]
        for one in (off, on)
    )
    assert slow > 1.1 * fast
    served = estimate(Job("llama-2-7b", phase="serve", options=off), [GPUS["a10"]])
    assert "ignored: flash_attention" in " ".join(served.warnings())


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
        ("transformers deepspeed", "zero2", 8.0, 6.738415616e9 / 8),
        ("llama-factory deepspeed", "zero2", 8.0, 6.738415616e9 / 8),
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


def test_megatron_deepspeed_with_flash_attention_has_no_scores() -> None:
    wanted = {"phase": "pretrain", "precision": "amp-bf16", "batch": 1.0, "seq_len": 8192.0, "tp": 4.0}
    plain, flash = (
        parts("llama-2-7b", runtime=f"megatron-deepspeed{words}", **wanted) for words in ("", " flash")
    )
    assert sum(plain.values()) > sum(flash.values()) + 8 * 8192**2 * 2.0


@pytest.mark.parametrize(
    ("workload", "gib", "tokens"),
    [("llama-3.1-8b", 16, 40_724), ("llama-3.1-8b", 24, 78_475), ("llama-3.1-8b", 80, 342_733),
     ("llama-3.3-70b", 48, 12_106), ("llama-3.3-70b", 80, 89_389)],
)  # fmt: skip
def test_unsloth_takes_what_its_longest_sequences_say(workload: str, gib: int, tokens: int) -> None:
    """The same documentation, its own column: layers' inputs on the host, a fused loss."""
    needs = total(
        workload, phase="finetune_qlora", seq_len=float(tokens), batch=1.0, runtime="Unsloth",
        options={"lora_rank": "32"},
    )  # fmt: skip
    assert needs / GIB == pytest.approx(gib, rel=0.08)


@pytest.mark.parametrize(
    ("workload", "gpus", "phase", "gib", "options"),
    [
        ("llama-3.1-8b", 1, "finetune_full", 18.9,
         {"optimizer": "paged_adamw_8bit", "optimizer_in_backward": "true"}),
        ("llama-3.1-70b", 8, "finetune_lora", 27.6, {"lora_rank": "16"}),
        ("llama-3.1-70b", 8, "finetune_full", 13.9, {"offload": "true"}),
    ],
)  # fmt: skip
def test_torchtune_takes_what_its_readme_says(
    workload: str, gpus: int, phase: str, gib: float, options: dict[str, str]
) -> None:
    """README, "Memory and training speed": two sequences of 2,048, BF16; the loss in eight pieces."""
    needs = total(
        workload, phase=phase, seq_len=2048.0, batch=2.0, n_gpus=float(gpus), runtime="torchtune compile",
        precision="bf16", options=options,
    )  # fmt: skip
    assert needs / GIB == pytest.approx(gib, rel=0.08)


@pytest.mark.parametrize(
    ("workload", "gpus", "gib", "columns", "options"),
    [
        ("llama-3.1-8b", 8, 77.0, {"batch": 2.0, "seq_len": 8192.0}, {"checkpointing": "selective"}),
        ("llama-3.1-8b", 128, 62.0, {"batch": 2.0, "seq_len": 8192.0}, {"checkpointing": "selective"}),
        ("llama-3.1-8b", 8, 84.2, {"batch": 1.0, "seq_len": 65536.0}, {"checkpointing": "full", "cp": "2"}),
        ("llama-3.1-405b", 512, 75.3, {"batch": 8.0, "seq_len": 32768.0, "tp": 8.0, "pp": 8.0},
         {"checkpointing": "full", "float8": "true"}),
        ("llama-3.1-405b", 512, 77.1, {"batch": 8.0, "seq_len": 131072.0, "tp": 8.0, "pp": 8.0},
         {"checkpointing": "full", "float8": "true", "cp": "4"}),
    ],
)  # fmt: skip
def test_torchtitan_takes_what_its_benchmarks_say(
    workload: str, gpus: int, gib: float, columns: dict[str, float], options: dict[str, str]
) -> None:
    """torchtitan, benchmarks/llama3_h100_202412: the most reserved on any GPU; 126 layers on 8 stages too."""
    gpu = GPUS["h100-96gb-sxm-500w"]
    job = Job(
        workload, phase="pretrain", precision="bf16", runtime="torchtitan 2024-12 compile",
        n_gpus=float(gpus),
        options=options, **columns,
    )  # fmt: skip
    reserved = estimate(job, [gpu]).readings.reserved
    assert float(reserved[0, 0]) / GIB == pytest.approx(gib, rel=0.06)


@pytest.mark.parametrize(("gpus", "gib"), [(32, 47.96), (64, 46.97)])
def test_torchtitan_compiles_its_loss_since_march_2025(gpus: int, gib: float) -> None:
    """torchtitan, benchmarks/llama3_8b_h200_2025-06; else the loss is computed op by op."""

    def needs(runtime: str) -> float:
        job = Job(
            "llama-3.1-8b", phase="pretrain", precision="fp8", runtime=runtime, n_gpus=float(gpus), batch=2.0,
            seq_len=8192.0, options={"checkpointing": "selective"},
        )  # fmt: skip
        return float(estimate(job, [GPUS["h200-141gb-sxm"]]).readings.reserved[0, 0]) / GIB

    assert needs("torchtitan 2025-06, compile") == pytest.approx(gib, rel=0.07)
    assert needs("torchtitan 0.2 compile") == needs("torchtitan 2025-06, compile")
    assert needs("torchtitan compile") == needs("torchtitan 2025-06, compile")
    for other in ("torchtitan 2025-06", "torchtitan 2024-12, compile", "torchtitan 0.0.2 compile",
                  "torchtitan 2025-03-06, compile"):  # fmt: skip
        assert needs(other) > 1.25 * gib, other


@pytest.mark.parametrize(("precision", "each"), [("bf16", 5.0), ("amp-bf16", 7.0), ("fp32", 9.0)])
def test_a_score_takes_what_its_softmax_and_its_dropout_leave(precision: str, each: float) -> None:
    """Softmax, mask and what dropout leaves: 2 + 1 + 2, 4 + 1 + 4, and 4 + 1 + 2 where autocast widens."""
    asked = {"phase": "train", "precision": precision, "batch": 4.0, "seq_len": 512.0}
    off, on = (
        parts("bert-large", **asked, options={"flash_attention": text})["activations"]
        for text in ("false", "true")
    )
    one = 4 * 16 * 512**2
    # Beside what all layers keep, one layer's gradients: of the softmax and of its scores.
    assert 0.97 * each * 24 * one < off - on < 1.01 * (each * 24 + 2.0 * 4.0) * one


def test_what_peft_widens_is_what_bitsandbytes_quantised_on_one_gpu() -> None:
    """Embedding and head of Llama 3.1 8B: FP32 beside NF4, 16 bits beside GPTQ and where sharded."""
    asked = {"phase": "finetune_qlora", "batch": 1.0, "seq_len": 512.0, "runtime": "PEFT"}
    ends = 2 * 128_256 * 4096
    frozen = (8_030_261_248 - ends) * 0.5625
    nf4 = parts("llama-3.1-8b", precision="nf4", **asked)["weights"]
    sharded = parts("llama-3.1-8b", precision="nf4", n_gpus=2.0, options={"sharding": "fsdp"}, **asked)[
        "weights"
    ]
    assert nf4 == pytest.approx(frozen + 4 * ends, rel=0.02)
    assert sharded == pytest.approx((frozen + 2 * ends) / 2, rel=0.02)
    gptq = parts("llama-3.1-8b", precision="w4a16-g128", **asked)["weights"]
    assert gptq < frozen + 2.2 * ends


@pytest.mark.parametrize(
    ("precision", "batch", "options", "read"),
    [
        ("fp32", 4.0, {}, 14949),
        ("fp32", 1.0, {"grad_accum": "4"}, 8681),
        ("fp32", 1.0, {"grad_accum": "4", "checkpointing": "full"}, 6775),
        ("fp32", 4.0, {"optimizer": "adafactor"}, 12295),
        ("fp32", 4.0, {"optimizer": "adam8bit"}, 13085),
        ("amp-fp16", 1.0, {"grad_accum": "4", "checkpointing": "full", "optimizer": "adam8bit"}, 5015),
    ],
)
def test_transformers_before_fused_attention_as_its_guide_read_it(precision, batch, options, read):
    """Hugging Face's guide to training on one GPU (Transformers 4.2x): BERT-large of 512 tokens."""
    job = Job("bert-large", phase="train", precision=precision, runtime="Transformers 4.21, PyTorch 1.12",
              batch=batch, seq_len=512.0, options=options)  # fmt: skip
    answer = estimate(job, [GPUS["v100-32gb-sxm"]]).at(0, 0)
    assert float(answer.readings.device) / 2**20 == pytest.approx(read, rel=0.1)


def test_pretraining_in_litgpt_keeps_its_activations_and_fine_tuning_does_not():
    """TinyLlama was trained on 16 A100 of 40 GB at a micro-batch of 8; finetune/full.py checkpoints."""
    job = Job("tinyllama-1.1b", precision="bf16", runtime="LitGPT", batch=8.0, seq_len=2048.0, n_gpus=16.0)
    whole, tuned = (
        estimate(replace(job, phase=phase), [GPUS["a100-40gb-sxm"]]).at(0, 0).required
        for phase in ("pretrain", "finetune_full")
    )
    assert 0.85 * 40 * GIB < whole < 40 * GIB
    assert tuned < 0.3 * whole


def test_a_u_net_is_checkpointed_by_its_blocks():
    """Diffusers runs each residual block and each transformer layer again (enable_gradient_checkpointing)."""
    job = Job("stable-diffusion-1.5", phase="finetune_full", batch=4.0)
    kept, again = (
        estimate(replace(job, options={"checkpointing": kind}), [GPUS["a100-80gb-sxm"]]).at(0, 0)
        for kind in ("none", "full")
    )
    assert again.memory["activations"] < 0.3 * kept.memory["activations"]
    assert 1.1 < again.latency.mid / kept.latency.mid < 1.4


@pytest.mark.parametrize("workload", ["nemotron-nano-9b-v2", "jamba-v0.1", "mamba-2.8b", "xlstm-7b"])
def test_a_state_is_a_sequences_and_not_each_tokens(workload: str) -> None:
    """A pass of thousands of tokens widens what is of tokens; the state of a recurrence stays as it is."""
    done = settle(Job(workload=workload, phase="serve", runtime="vLLM"))
    parts, _, _ = standing(done.workload, done.job, done.runtime)
    assert float(np.max(parts["activations"])) < 0.5 * GIB


ALPACA = {"phase": "finetune_full", "precision": "bf16", "batch": 2.0, "seq_len": 2048.0, "n_gpus": 4.0,
          "options": {"sharding": "fsdp", "checkpointing": "full"}}  # fmt: skip


def test_adam_of_pytorch_2_0_has_two_copies_of_a_state():
    """lm-sys/FastChat issue 1781: torch 2.0.1, 37.33 GiB allocated as the next 98 MiB were asked for."""
    old, new = (parts("llama-1-7b", runtime=f"FastChat torch {one}", **ALPACA) for one in ("2.0.1", "2.1"))
    assert old["optimizer_step"] == 2.0 * new["optimizer_step"]
    states = sum(old[name] for name in ("weights", "gradients", "optimizer", "optimizer_step"))
    assert states / GIB == pytest.approx(37.66, rel=0.002)


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


@pytest.mark.parametrize("runtime", ["transformers", "torchtune", "axolotl"])
def test_trainers_of_language_models_call_sgd_without_momentum(runtime: str):
    job = {"phase": "finetune_full", "precision": "bf16", "batch": 1.0, "seq_len": 512.0, "runtime": runtime}
    plain, kept = (
        parts("llama-3.2-1b", options={"optimizer": one}, **job)["optimizer"]
        for one in ("sgd", "sgd-momentum")
    )
    assert plain == 0.0
    assert kept >= 1.99 * parameters("llama-3.2-1b")


def test_sgd_of_pictures_has_momentum():
    job = {"phase": "train", "precision": "fp32", "batch": 8.0, "runtime": "pytorch-2"}
    assert parts("resnet50", options={"optimizer": "sgd"}, **job)["optimizer"] > 0.0


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


@pytest.mark.parametrize(
    ("workload", "most"),
    [("resnet50", 190.0), ("vgg16", 228.0), ("inception-v3", 160.0), ("resnet152", 86.0)],
)
def test_the_largest_batches_of_tensorflow_1_fit_and_a_fifth_more_does_not(
    workload: str, most: float
) -> None:
    """Capuchin (ASPLOS 2020), table 2: TensorFlow 1.11 on a P100 of 16 GB."""
    job = {"phase": "train", "precision": "fp32", "runtime": "TensorFlow 1.11"}
    room = GPUS["p100-16gb-pcie"].need("memory")
    assert total(workload, batch=most, **job) <= room < total(workload, batch=1.23 * most, **job)


@pytest.mark.parametrize(
    ("workload", "batch", "mib"),
    [
        ("resnet18", 40.0, 1853), ("resnet34", 40.0, 2598), ("resnet50", 40.0, 5483),
        ("resnet101", 20.0, 4576), ("resnet101", 40.0, 8158), ("resnet152", 20.0, 6296),
        ("inception-v3", 30.0, 4944), ("resnext50-32x4d", 30.0, 5468), ("squeezenet-1.1", 40.0, 1672),
    ],
)  # fmt: skip
def test_mxnet_of_2017_keeps_what_a_relu_read(workload: str, batch: float, mib: float) -> None:
    """knjcode/mxnet-finetuner, docs/benchmark.md: memory used on a Titan X (Maxwell)."""
    job = {"phase": "train", "precision": "fp32", "batch": batch}
    old, new = (total(workload, runtime=name, **job) for name in ("MXNet 0.11", "MXNet"))
    assert old / 2.0**20 == pytest.approx(mib, rel=0.12)
    assert new < 0.85 * old


def test_cudnn_s_pools_keep_no_index() -> None:
    job = {"phase": "train", "precision": "fp32", "batch": 64.0}
    torch, mxnet = (parts("vgg16", runtime=name, **job)["activations"] for name in ("PyTorch", "MXNet"))
    # 8 B for each result of five pools, of 64, 128, 256, 512 and 512 channels.
    index = 8.0 * 64.0 * (64 * 112**2 + 128 * 56**2 + 256 * 28**2 + 512 * 14**2 + 512 * 7**2)
    assert torch - mxnet == pytest.approx(index, rel=0.02)


@pytest.mark.parametrize(
    ("phase", "gpus", "gb"),
    [("finetune_qlora", 1, 12.3), ("finetune_lora", 1, 21.3), ("finetune_lora", 2, 16.2)],
)
def test_torchtune_s_first_releases_have_their_loss_whole(phase: str, gpus: int, gb: float) -> None:
    """README of torchtune 0.0.1, RTX 4090: Llama 2 7B, four sequences of 2,048."""
    found = whichgpu.fit(
        "llama-2-7b", f"rtx-4090:{gpus}", phase=phase, batch=4, seq_len=2048, runtime="torchtune 0.0.1",
    ).answers[0]  # fmt: skip
    assert found.read is not None
    assert found.read["reserved"].mid / 1e9 == pytest.approx(gb, rel=0.07)


FULL = {"checkpointing": "full"}
SHARDS = {**FULL, "sharding": "fsdp", "lora_rank": "64", "lora_targets": "q,k,v,gate,up,down",
          "adapter_precision": "bf16"}  # fmt: skip
LOOP = {"runtime": "transformers, own loop, FSDP, PyTorch 2.2", "n_gpus": 2.0, "options": SHARDS}
#: GiB as published, and of which total: axolotl's examples/seed-oss, AnswerDotAI/fsdp_qlora's
#: benchmarks_03_2024.md, the wiki of LLaMA-Factory (Performance comparison) and its paper, table 4; a table
#: of LoRA on an H100 under PyTorch 2.5 whose loop computes its loss in 16 bits.
PEAKS: list[tuple[dict[str, Any], str, float]] = [
    ({"workload": "seed-oss-36b", "phase": "finetune_qlora", "batch": 2, "seq_len": 2048,
      "runtime": "Axolotl",
      "options": {**FULL, "lora_rank": "32", "optimizer": "adamw8bit", "fused_loss": "true"}},
     "reserved", 27.7),
    ({"phase": "finetune_qlora", "precision": "nf4", "batch": 4, "seq_len": 2048, **LOOP}, "reserved", 11.22),
    ({"phase": "finetune_lora", "precision": "bf16", "batch": 4, "seq_len": 2048, **LOOP}, "reserved", 16.14),
    ({"phase": "finetune_qlora", "batch": 1, "seq_len": 65536, "runtime": "LLaMA-Factory, Unsloth 2024.4",
      "options": {"lora_rank": "8"}}, "device", 25.0),
    ({"phase": "finetune_full", "precision": "bf16", "batch": 1, "seq_len": 512,
      "runtime": "LLaMA-Factory pure_bf16", "options": {"optimizer": "adamw8bit"}}, "reserved", 38.72),
    *(({"workload": name, "phase": "finetune_lora", "precision": "bf16", "batch": 2, "seq_len": 8192,
        "runtime": "transformers 4.49, own loop", "options": {**FULL, "loss_precision": "bf16"}},
       "allocated", gib) for name, gib in (("llama-3.1-8b", 36.0), ("gemma-7b", 51.0))),
]  # fmt: skip


@pytest.mark.parametrize(("columns", "read", "gib"), PEAKS)
def test_published_peaks_of_trainers_and_loops(columns: dict[str, Any], read: str, gib: float) -> None:
    found = single(Job(**{"workload": "llama-2-7b", **columns}), GPUS["a100-80gb-sxm"])
    assert float(getattr(found.readings, read)) / GIB == pytest.approx(gib, rel=0.03)


#: yanring/Megatron-MoE-ModelZoo, best_practice/Qwen3; NVIDIA-NeMo/Automodel, docs/performance-summary.md.
RAN: list[dict[str, Any]] = [
    {"workload": "qwen3-235b-a22b", "runtime": "Megatron-Core, DeepEP", "tp": 2.0,
     "pp": 8.0, "options": {"checkpointing": "selective", "global_batch": "2048", "ep": "32", "vp": "4"}},
    {"workload": "deepseek-v3", "runtime": "NeMo AutoModel", "pp": 4.0,
     "options": {"global_batch": "512", "ep": "64", "vp": "8"}},
    {"workload": "kimi-k2", "runtime": "NeMo AutoModel", "pp": 8.0,
     "options": {"global_batch": "512", "ep": "32", "vp": "4"}},
]  # fmt: skip


@pytest.mark.parametrize("columns", RAN)
def test_experts_that_ran_on_256_h100_fit_there(columns: dict[str, Any]) -> None:
    common = {"phase": "pretrain", "precision": "bf16", "batch": 1, "seq_len": 4096}
    found = single(Job(**common, **columns, n_gpus=256.0), GPUS["h100-80gb-sxm"])
    assert float(found.required) < 79.6 * GIB


def test_what_selective_checkpointing_of_megatron_leaves_is_told() -> None:
    options = {"global_batch": "512", "ep": "64", "vp": "8", "checkpointing": "selective"}
    found = whichgpu.fit("deepseek-v3", "h100-80gb-sxm:256", phase="pretrain", precision="bf16", batch=1,
                         seq_len=4096, pp=4, runtime="NeMo AutoModel", options=options)  # fmt: skip
    assert any(one.option == "--option checkpointing=full" for one in found.answers[0].changes)


@pytest.mark.parametrize(
    ("workload", "pixels", "batch", "published"),
    [
        ("fcn-hr18", (512.0, 1024.0), 2.0, 2.9), ("fcn-hr48", (512.0, 1024.0), 2.0, 6.2),
        ("ocrnet-hr18", (512.0, 1024.0), 2.0, 4.7), ("ocrnet-hr48", (512.0, 1024.0), 2.0, 8.0),
    ],
)  # fmt: skip
def test_classes_of_each_position_are_lost_at_full_size(workload, pixels, batch, published):
    """MMSegmentation's READMEs of HRNet and OCRNet on Cityscapes, GiB of tensors."""
    found = parts(workload, phase="train", precision="fp32", batch=batch, height=pixels[0], width=pixels[1],
                  runtime="PyTorch 1.5", options={"optimizer": "sgd-momentum"})  # fmt: skip
    assert found["logits"] > 0
    assert (sum(found.values()) - found["context"]) / GIB == pytest.approx(published, rel=0.08)


def test_detr_asks_for_the_weights_of_attention_and_freezes_its_first_stage():
    """Two pictures by torch 2.13's operators, as facebookresearch/detr has them: 2.84 and 5.44 GiB."""
    for pixels, counted in (((800.0, 1333.0), 2.84), ((1344.0, 1344.0), 5.44)):
        found = parts("detr", phase="train", precision="fp32", batch=2.0, height=pixels[0], width=pixels[1],
                      runtime="PyTorch", options={"optimizer": "adamw"})  # fmt: skip
        assert (sum(found.values()) - found["context"]) / GIB == pytest.approx(counted, rel=0.05)


@pytest.mark.parametrize(
    ("workload", "published"),
    [("upernet-resnet50", 6.4), ("upernet-resnet101", 7.4), ("pspnet-resnet50", 6.1),
     ("pspnet-resnet101", 9.6),
     ("deeplabv3plus-resnet50", 7.5)],
)  # fmt: skip
def test_convolutions_in_fp32_work_in_tiles_beside_their_maps(workload, published):
    """MMSegmentation's READMEs: two crops of 512 x 1024, GiB of tensors on a V100; not on tensor cores."""
    job = {"phase": "train", "precision": "fp32", "batch": 2.0, "height": 512.0, "width": 1024.0,
           "runtime": "PyTorch 1.5", "options": {"optimizer": "sgd-momentum"}}  # fmt: skip
    old, new = (whichgpu.fit(workload, gpu, **job).answers[0] for gpu in ("v100-32gb-sxm", "a100-40gb-sxm"))
    assert old.read["allocated"].mid / GIB == pytest.approx(published, rel=0.09)
    assert old.required == new.required
    assert new.read["allocated"].mid <= old.read["allocated"].mid
