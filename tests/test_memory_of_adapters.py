"""Memory of training adapters on quantised weights: PEFT with bitsandbytes, LitGPT, sharded runs."""

from __future__ import annotations

import pytest
from memory_jobs import GIB, parts, total

import whichgpu

PEFT = "Transformers 4.30, peft, bitsandbytes 0.39, PyTorch 2.0"
QUERIES = {"lora_rank": "64", "lora_targets": "q_proj,v_proj"}


def tensors(name, **columns):
    """GiB of tensors on the GPU: all parts but the driver's context."""
    found = parts(name, batch=1.0, **columns)
    return (sum(found.values()) - found["context"]) / GIB


@pytest.mark.parametrize(
    ("name", "precision", "tokens", "checkpointing", "counted"),
    [
        ("llama-7b", "nf4-fp16", 512.0, "none", 11.25),
        ("llama-7b", "nf4-fp16", 1024.0, "none", 19.76),
        ("llama-7b", "nf4-fp16", 1024.0, "full", 5.86),
        ("llama-7b", "w8a16", 512.0, "none", 14.92),
        ("llama-7b", "w8a16", 1024.0, "full", 8.76),
        ("llama-13b", "nf4-fp16", 512.0, "none", 18.55),
        ("llama-13b", "nf4-fp16", 1024.0, "full", 10.03),
    ],
)
def test_qlora_of_2023_is_what_its_operators_make(name, precision, tokens, checkpointing, counted):
    """`counted`: a step of PyTorch's own operators on fake tensors; embedding, norms and head are FP32."""
    found = tensors(name, phase="finetune_qlora", precision=precision, seq_len=tokens, runtime=PEFT,
                    options={**QUERIES, "checkpointing": checkpointing})  # fmt: skip
    assert found == pytest.approx(counted, rel=0.08)


def test_frozen_4_bit_products_keep_their_inputs_before_bitsandbytes_0_43_2():
    job = {"phase": "finetune_qlora", "precision": "nf4", "seq_len": 1024.0,
           "options": {**QUERIES, "checkpointing": "none"}}  # fmt: skip
    old, new = (
        tensors("llama-2-70b", runtime=f"Transformers, bitsandbytes {v}", **job) for v in ("0.42", "0.43.3")
    )
    # Its CHANGELOG has 10.1 GB of a 70B for each sequence of 1,024 tokens.
    assert (old - new) * GIB / 1e9 == pytest.approx(10.1, rel=0.2)


def test_peft_prepares_a_quantised_model_with_checkpointing_and_says_so(whichgpu):
    asked = ("predict", "llama-3.1-8b", "--phase", "finetune_qlora", "--gpu", "rtx-4090")
    told = whichgpu(*asked)
    assert told.status == 0
    assert "checkpointing=full, which PEFT turns on" in " ".join((told.out + told.err).split())
    assert "checkpointing=full" not in whichgpu(*asked, "--runtime", "Unsloth").out


def test_gradients_of_several_micro_batches_stay_whole_under_no_sync():
    """LitGPT and Transformers add up under FSDP's no_sync, which shares no gradients out (PyTorch docs)."""
    job = {"phase": "finetune_full", "precision": "bf16", "seq_len": 512.0, "n_gpus": 2.0, "batch": 1.0}
    once, often, tuned = (
        parts("stablelm-alpha-3b", runtime=runtime, options={"sharding": "fsdp", "grad_accum": count}, **job)
        for runtime, count in (("LitGPT", "1"), ("LitGPT", "4"), ("torchtune", "4"))
    )
    assert often["gradients"] == pytest.approx(2.0 * once["gradients"], rel=0.01)
    assert tuned["gradients"] < 1.2 * once["gradients"]
    # config_hub/finetune/stablelm-base-alpha-3b/full.yaml on two A10G.
    assert sum(often.values()) - often["context"] - often["communication"] == pytest.approx(21.23e9, rel=0.1)


def test_litgpt_has_a_head_of_its_own_where_a_model_ties_it():
    """config_hub/finetune/README.md: Gemma 7B in NF4 peaks at 17.18 GB; it ran out of 24 GB in BF16."""
    job = {"seq_len": 512.0, "runtime": "LitGPT", "options": {"lora_rank": "16", "lora_targets": "all"}}
    assert tensors("gemma-7b", phase="finetune_qlora", precision="nf4", **job) == pytest.approx(
        16.0, rel=0.07
    )
    assert tensors("gemma-7b", phase="finetune_lora", precision="bf16", **job) > 22.5


def test_the_parts_of_a_joined_projection_are_targets():
    job = {"phase": "finetune_lora", "precision": "bf16", "seq_len": 512.0, "runtime": "LitGPT"}
    found = tensors("falcon-7b", options={"lora_rank": "32", "lora_targets": "q,v"}, **job)
    assert found == pytest.approx(15.54, rel=0.05)  # config_hub/finetune/README.md: 16.69 GB


def test_autocast_keeps_its_copies_of_frozen_weights():
    """LitGPT, StableLM 3B on 1,034 tokens: 25.52 GB by adapters in bf16-mixed, 9.12 in bf16-true."""
    job = {"phase": "finetune_adapter", "seq_len": 1034.0, "runtime": "LitGPT 0.1, PyTorch 2.1"}
    for precision, published in (("amp-bf16", 25.52), ("bf16", 9.12)):
        assert tensors("stablelm-alpha-3b", precision=precision, **job) == pytest.approx(
            published / 1.0737, rel=0.06
        )


@pytest.mark.parametrize(("precision", "batch", "published"), [("fp16", 8.0, 12.66), ("fp32", 2.0, 9.79)])
def test_a_denoisers_scores_are_gone_as_the_picture_is_decoded(precision, batch, published):
    """Lambda's runs of Stable Diffusion 1.4 without xFormers, GB on an A10 and an H100."""
    found = parts("stable-diffusion-1.5", phase="generate", precision=precision, batch=batch,
                  runtime="diffusers PyTorch", options={"flash_attention": "false"})  # fmt: skip
    assert (sum(found.values()) - found["context"]) / 1e9 == pytest.approx(published, rel=0.06)
    assert found["scores"] > found["activations"]


@pytest.mark.parametrize("gpu", ["a10g", "v100-32gb-sxm"])
def test_llm_int8_runs_with_units_for_it_and_without(gpu):
    """bitsandbytes widens its weights where there are none: FLAN-T5 XXL was trained by LoRA on an A10G."""
    job = {"phase": "finetune_lora", "precision": "int8", "batch": 8, "seq_len": 255}
    found = whichgpu.fit(whichgpu.job("t5-11b", runtime="transformers 4.27 peft", **job), [gpu]).answers[0]
    assert found.fits
    widened = "products are taken in FP16"
    said = [note for note in found.notes if widened in note and "weights are only stored in it" in note]
    assert bool(said) is (gpu != "a10g")
    # TGI's eight bits are bitsandbytes' too (--quantize bitsandbytes): Falcon 40B ran on four A10G so.
    other, engine, text = (
        whichgpu.fit(whichgpu.job("llama-2-7b", phase="serve", precision="int8", runtime=one), [gpu]).answers[
            0
        ]
        for one in ("tgi", "vllm", "tgi 1.1")
    )
    assert other.fits
    assert text.fits
    assert engine.fits is (gpu == "a10g")
    assert engine.fits or "int8 needs it" in engine.reason


def test_llm_int8_hands_on_16_bits():
    """Axolotl's README of Llama 2 7B at two sequences of 4,096 on an RTX 4090: 17 GB in NF4, 20 in INT8."""
    run = {"phase": "finetune_lora", "batch": 2, "seq_len": 4096, "runtime": "axolotl flash-attn",
           "options": {"checkpointing": "full", "lora_rank": "32", "lora_targets": "all"}}  # fmt: skip
    narrow, eight = (parts("llama-2-7b", precision=one, **run) for one in ("nf4", "int8"))
    assert eight["activations"] >= narrow["activations"]
    assert sum(eight.values()) - sum(narrow.values()) == pytest.approx(3 * GIB, rel=0.15)


def test_peft_under_transformers_has_its_own_rank_and_targets():
    job = {"phase": "finetune_lora", "precision": "bf16", "batch": 1.0, "seq_len": 512.0}
    named, stated, plain = (
        parts("llama-2-7b", runtime=runtime, options=options, **job)
        for runtime, options in (
            ("transformers peft", {}),
            ("transformers peft", {"lora_rank": "8", "lora_targets": "inputs"}),
            ("transformers", {}),
        )
    )
    assert named == stated
    assert plain["optimizer"] > 5.0 * named["optimizer"]


def test_adapters_of_one_input_share_it_where_nothing_is_cast():
    """RoBERTa large by LoRA in FP32, 64 x 96 tokens: some 12 GB (huggingface/peft, issue 675), whole 17."""
    job = {"precision": "fp32", "batch": 64, "seq_len": 96}
    old = "transformers 4.30 peft, torch 2.0"
    for phase, published in (("finetune_lora", 12.0), ("train", 17.0)):
        found = whichgpu.fit("roberta-large", "rtx-3090", phase=phase, runtime=old, **job).answers[0]
        assert found.read["device"].mid / 1e9 == pytest.approx(published, rel=0.08)
    one, two = (
        tensors("llama-2-7b", phase="finetune_lora", precision="fp32", seq_len=2048.0,
                runtime="transformers peft", options={"lora_rank": "1", "lora_targets": targets})
        for targets in ("q_proj", "q_proj,v_proj")
    )  # fmt: skip
    assert two == pytest.approx(one, abs=0.05)


@pytest.mark.parametrize(
    ("workload", "batch", "gb", "rank", "targets"),
    [
        ("llama-2-7b", 2, 13.68, 32, "q,v"), ("llama-3-8b", 2, 17.41, 32, "q,v"),
        ("mistral-7b", 2, 14.29, 32, "q,v"), ("falcon-7b", 1, 9.44, 32, "q,v"),
        ("stablelm-alpha-3b", 1, 5.24, 32, "q,v"), ("phi-3-mini", 4, 19.13, 8, "all"),
        ("tinyllama-1.1b", 8, 16.24, 32, "all"), ("gemma-2b", 2, 11.58, 8, "all"),
    ],
)  # fmt: skip
def test_a_loss_that_stays_holds_what_4_bit_products_read(workload, batch, gb, rank, targets):
    """config_hub/finetune/README.md of LitGPT in 2024: GB of tensors at the peak, 512 tokens."""
    job = {"phase": "finetune_qlora", "precision": "nf4", "batch": batch, "seq_len": 512,
           "options": {"lora_rank": str(rank), "lora_targets": targets}}  # fmt: skip
    later, first = (
        whichgpu.fit(workload, "a100-80gb-sxm", runtime=runtime, **job).answers[0].read["allocated"].mid / 1e9
        for runtime in ("LitGPT, PyTorch 2.2", "LitGPT, PyTorch 2.1")
    )
    assert later == pytest.approx(gb, rel=0.06)
    assert first < 0.97 * later


@pytest.mark.parametrize(
    ("workload", "pictures", "side", "gib", "within"),
    [("stable-diffusion-1.5", 4, 512, 5.94, 0.07), ("sdxl", 1, 1024, 12.07, 0.03)],
)
def test_frozen_convolutions_keep_what_they_read(workload, pictures, side, gib, within):
    """A step of rank 4 under autocast: diffusers 0.42, torch 2.13, fake tensors; 11 and 4 % less without."""
    found = parts(workload, phase="finetune_lora", precision="bf16", batch=float(pictures),
                  height=float(side), width=float(side), runtime="diffusers")  # fmt: skip
    beside = found["context"] + found["encoders"]
    assert (sum(found.values()) - beside) / GIB == pytest.approx(gib, rel=within)


def test_a_dropout_that_a_program_has_unasked_is_counted_once():
    """LitGPT's scripts drop 0.05 of an adapter's input: Llama 2 7B in NF4, as Raschka's runs of it had it."""
    job = {"phase": "finetune_qlora", "precision": "nf4", "batch": 1.0, "seq_len": 1304.0}
    stated = {"lora_rank": "8", "lora_targets": "all", "checkpointing": "none"}
    texts = ("LitGPT", "transformers")
    unasked, told = (
        [total("llama-2-7b", runtime=text, options={**stated, **more}, **job) for text in texts]
        for more in ({}, {"lora_dropout": "0.05"})
    )
    assert told[0] == unasked[0]
    assert told[1] > unasked[1] + GIB
