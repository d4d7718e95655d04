"""Options of training and what trainers do unasked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from memory_jobs import GIB, GPUS, parameters, parts, total

import whichgpu
from whichgpu import api
from whichgpu.cost.estimate import estimate
from whichgpu.cost.job.settling import settle
from whichgpu.cost.memory.activations import Kept, activations
from whichgpu.cost.memory.replica_memory import standing
from whichgpu.errors import UsageError
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve


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


def test_dpo_holds_a_frozen_copy_beside_the_model_that_learns():
    jobs = [api.job("llama-3.1-8b", phase=phase, precision="bf16") for phase in ("dpo", "orpo", "dora")]
    dpo, orpo, _ = (estimate(one, [GPUS["h200-141gb-sxm"]]).at(0, 0).memory for one in jobs)
    assert dpo["reference"] == dpo["weights"] == pytest.approx(2 * parameters("llama-3.1-8b"), rel=1e-3)
    assert "reference" not in orpo
    # A phase that names a method is read as that method.
    assert jobs[2].options["adapter"] == "dora"


def test_a_training_that_states_a_prompt_and_an_answer_is_of_sequences_of_both():
    asked = {"phase": "finetune_lora", "input_tokens": 512.0, "output_tokens": 128.0}
    lengths = [resolve(name).complete(Job(name, **asked)).seq_len for name in ("llama-3.1-8b", "t5-large")]
    assert lengths == [640.0, 512.0]


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
    # The time is without: recipes run single modules again, not layers.
    assert small.seconds[0, 0] == pytest.approx(stated.seconds[0, 0])
    both = estimate(job, [GPUS["h100-80gb-sxm"], GPUS["b300-288gb-sxm"]])
    assert both.required[:, 0] == pytest.approx([small.required[0, 0], large.required[0, 0]])


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


def test_megatron_deepspeed_with_flash_attention_has_no_scores() -> None:
    wanted = {"phase": "pretrain", "precision": "amp-bf16", "batch": 1.0, "seq_len": 8192.0, "tp": 4.0}
    plain, flash = (
        parts("llama-2-7b", runtime=f"megatron-deepspeed{words}", **wanted) for words in ("", " flash")
    )
    assert sum(plain.values()) > sum(flash.values()) + 8 * 8192**2 * 2.0


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


@pytest.mark.parametrize("workload", ["nemotron-nano-9b-v2", "jamba-v0.1", "mamba-2.8b", "xlstm-7b"])
def test_a_state_is_a_sequences_and_not_each_tokens(workload: str) -> None:
    """A pass of thousands of tokens widens what is of tokens; the state of a recurrence stays as it is."""
    done = settle(Job(workload=workload, phase="serve", runtime="vLLM"))
    parts, _, _ = standing(done.workload, done.job, done.runtime)
    assert float(np.max(parts["activations"])) < 0.5 * GIB


@pytest.mark.parametrize("runtime", ["transformers", "torchtune", "axolotl"])
def test_trainers_of_language_models_call_sgd_without_momentum(runtime: str):
    job = {"phase": "finetune_full", "precision": "bf16", "batch": 1.0, "seq_len": 512.0, "runtime": runtime}
    plain, kept = (
        parts("llama-3.2-1b", options={"optimizer": one}, **job)["optimizer"]
        for one in ("sgd", "sgd-momentum")
    )
    assert plain == 0.0
    assert kept >= 1.99 * parameters("llama-3.2-1b")


def test_what_selective_checkpointing_of_megatron_leaves_is_told() -> None:
    options = {"global_batch": "512", "ep": "64", "vp": "8", "checkpointing": "selective"}
    found = whichgpu.fit("deepseek-v3", "h100-80gb-sxm:256", phase="pretrain", precision="bf16", batch=1,
                         seq_len=4096, pp=4, runtime="NeMo AutoModel", options=options)  # fmt: skip
    assert any(one.option == "--option checkpointing=full" for one in found.answers[0].changes)
