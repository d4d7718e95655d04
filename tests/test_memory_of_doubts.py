"""Runs that ran out of memory where parts alone would fit: what is said of them, and why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from memory_jobs import laid, parts, total
from test_memory_verdict import half

import whichgpu
from whichgpu.cost.answers import Z90
from whichgpu.cost.coefficients import section

QLORA: dict[str, Any] = {
    "phase": "finetune_lora",
    "batch": 1,
    "seq_len": 1024,
    "runtime": "transformers 4.30",
}


def verdict(name: str, gpu: str, **columns: Any) -> str:
    return str(whichgpu.fit(name, [gpu], **columns).to_dict()["verdict"])


@pytest.mark.parametrize(("precision", "said"), [("nf4-fp16", "may run out"), ("nf4-dq", "fits")])
def test_adapters_on_texts_of_many_lengths_as_a_t4_ran_them(precision: str, said: str) -> None:
    """Llama 13B: the former ran out, the latter, 0.55 GiB less, ran (bitsandbytes in 4 bits, May 2023)."""
    options = {"checkpointing": "full", "optimizer": "paged-adamw-8bit"}
    assert verdict("llama-13b", "t4", precision=precision, options=options, **QLORA) == said


def test_blocks_of_other_lengths_and_a_rank_that_is_not_said_widen_it_upwards() -> None:
    job = {"phase": "finetune_lora", "precision": "bf16", "batch": 4.0, "seq_len": 1024.0}
    said = {"checkpointing": "full", "lora_rank": "8"}
    padded = half("llama-2-7b", "held", runtime="transformers", options=said, **job)
    for text in ("transformers packing", "transformers expandable_segments", "unsloth"):
        assert half("llama-2-7b", "held", runtime=text, options=said, **job) < padded - 0.02
    open_ = half("llama-2-7b", "held", runtime="transformers", options={"checkpointing": "full"}, **job)
    assert open_ > padded
    assert padded < np.hypot(half("llama-2-7b", runtime="transformers", options=said, **job),
                             np.log1p(section("memory_law")["lengths"]) + 0.05)  # fmt: skip
    pre = {**job, "phase": "pretrain"}
    assert half("llama-2-7b", "held", runtime="transformers", **pre) < half(
        "llama-2-7b", "held", runtime="transformers", **{**job, "phase": "finetune_full"}
    )


@pytest.mark.parametrize("tokens", [128, 512])
def test_zero_3_of_a_whole_model_on_eight_cards(tokens: int) -> None:
    """11B ran out of eight A100 of 40 GB at any length, with 0.8 of them by parts."""
    job: dict[str, Any] = {"phase": "finetune_full", "precision": "bf16", "batch": 1, "seq_len": tokens,
                           "options": {"checkpointing": "full", "sharding": "zero3"}}  # fmt: skip
    assert verdict("t5-11b", "a100-40gb-sxm:8", runtime="transformers deepspeed", **job) == "may run out"
    columns = {
        **job,
        "batch": 1.0,
        "seq_len": float(tokens),
        "n_gpus": 8.0,
        "runtime": "transformers deepspeed",
    }
    assert half("t5-11b", "held", **columns) > Z90 * section("memory_law")["gathers"]
    assert half("t5-11b", **columns) < half("t5-11b", "held", **columns)


def test_what_fsdp_adds_up_beside_blocks_of_other_lengths_may_fill_a_card() -> None:
    """Alpaca with its states on the host: three sequences ran out of four A100 of 40 GB."""
    job: dict[str, Any] = {"phase": "finetune_full", "precision": "bf16", "batch": 3, "seq_len": 512,
                           "options": {"sharding": "fsdp", "offload": "true", "grad_accum": "8"}}  # fmt: skip
    assert verdict("llama-7b", "a100-40gb-sxm:4", runtime="transformers", **job) == "may run out"


def test_first_releases_of_tgi_are_not_known_as_closely() -> None:
    """Llama 2 70B in 16 bits ran out of two A100 of 80 GB under 0.9; Llama 3.1 70B ran there under 2."""
    job: dict[str, Any] = {
        "phase": "serve",
        "precision": "fp16",
        "tp": 2,
        "input_tokens": 100,
        "output_tokens": 20,
    }
    assert verdict("llama-2-70b", "a100-80gb-sxm:2", runtime="TGI 0.9", **job) == "may run out"
    assert verdict("llama-3.1-70b", "a100-80gb-sxm:2", runtime="TGI 2", **job) == "fits"


def test_networks_that_are_narrowed_on_the_gpu_lie_there_in_fp32_first() -> None:
    """SDXL's LoRA with both encoders ran out of 12 GB in July 2023: 3.39 B parameters."""
    job: dict[str, Any] = {"phase": "finetune_lora", "precision": "fp16", "batch": 2.0,
                           "height": 1024.0, "width": 1024.0,
                           "options": {"checkpointing": "full", "optimizer": "adamw-8bit"}}  # fmt: skip
    first = parts("sdxl", runtime="kohya 2023-07", **job)
    assert first["weights"] + first["encoders"] == pytest.approx(4 * 3.39e9, rel=0.04)
    assert total("sdxl", runtime="kohya", **job) < 0.7 * total("sdxl", runtime="kohya 2023-07", **job)
    assert verdict("sdxl", "rtx-3060-12gb", runtime="kohya 2023-07", **{**job, "batch": 2}) == "does not fit"


def test_the_first_gpu_of_a_device_map_had_the_cache_of_all() -> None:
    """BLOOM by Accelerate on eight A100 of 80 GB: 64 sequences ran out, 32 ran (2022)."""
    job: dict[str, Any] = {
        "phase": "generate",
        "precision": "bf16",
        "input_tokens": 20.0,
        "output_tokens": 100.0,
    }
    mapped = {**job, "batch": 64.0, "pp": 8.0, "n_gpus": 8.0}
    old, new = (
        np.ravel(np.asarray(laid("bloom-176b", runtime=f"transformers {one}", **mapped).parts["kv_cache"]))[0]
        for one in ("4.22", "4.30")
    )
    assert old == pytest.approx(8 * new)
    for batch, said in ((64, "does not fit"), (32, "fits")):
        columns = {**job, "batch": batch, "runtime": "transformers 4.22"}
        assert verdict("bloom-176b", "a100-80gb-sxm:8", **columns) == said


def test_an_open_answer_asks_how_large_adapters_are() -> None:
    """Where segments grow it is no block of another size that it hangs on."""
    job: dict[str, Any] = {"phase": "finetune_lora", "precision": "bf16", "batch": 3, "seq_len": 4096,
                           "runtime": "transformers expandable_segments"}  # fmt: skip
    open_, said = (
        whichgpu.fit("mistral-7b", ["rtx-4090"], **job, options={"checkpointing": "full", **more}).answers[0]
        for more in ({}, {"lora_rank": "64", "lora_targets": "all"})
    )
    asks = [any("lora_rank" in note for note in answer.notes) for answer in (open_, said)]
    assert asks == [True, False]
    assert open_.verdict == said.verdict == "may run out"
    assert not any("gives back the blocks" in note for note in open_.notes)


def tome(gpu: str, batch: float, side: int) -> Any:
    """Stable Diffusion 1.5 as diffusers' page on token merging ran it without: attention written out."""
    columns = {"precision": "fp16", "batch": batch, "resolution": str(side)}
    options = {"flash_attention": "false"}
    return whichgpu.fit(
        "stable-diffusion-1.5", [gpu], runtime="diffusers 0.15.1, PyTorch 1.13.1", options=options, **columns
    ).to_dict()


@pytest.mark.parametrize(
    ("gpu", "ran", "out"),
    [
        ("a100-40gb-sxm", [(10, 512), (2, 768), (1, 1024)], [(4, 768), (2, 1024)]),
        ("v100-16gb-sxm", [(4, 512), (1, 768)], [(8, 512), (2, 768), (1, 1024)]),
    ],
)
def test_scores_that_are_written_out_have_a_size(
    gpu: str, ran: list[tuple[int, int]], out: list[tuple[int, int]]
) -> None:
    """docs/source/en/optimization/tome.md of diffusers 0.16: what ran, and what ran out of memory."""
    assert all(tome(gpu, float(batch), side)["verdict"] == "fits" for batch, side in ran)
    assert all(tome(gpu, float(batch), side)["verdict"] != "fits" for batch, side in out)


def test_diffusers_has_a_third_copy_of_the_scores_from_0_13_to_0_16() -> None:
    """github.com/huggingface/diffusers/pull/2111 and 3463: an empty tensor as large as they are."""
    job: dict[str, Any] = {"precision": "fp16", "batch": 4.0}
    oldest, old, new = (
        parts("stable-diffusion-1.5", runtime=f"diffusers {release}, PyTorch 1.13", **job)["scores"]
        for release in ("0.11.1", "0.16", "0.17")
    )
    assert old == pytest.approx(1.5 * new)
    assert oldest == new


@pytest.mark.parametrize(
    ("gpu", "ran", "most"),
    [
        ("a100-40gb-pcie", {"fp16": 16, "fp32": 8}, {"fp16": 32, "fp32": 16}),
        ("a100-80gb-pcie", {"fp16": 64, "fp32": 32}, {"fp16": 128, "fp32": 64}),
    ],
)
def test_a_release_before_pytorch_2_writes_its_scores_out_unasked(
    gpu: str, ran: dict[str, int], most: dict[str, int]
) -> None:
    """LambdaLabsML/lambda-diffusers, benchmark.csv without xFormers: the most pictures that have a time."""

    def judged(precision: str, batch: int, text: str = "diffusers 0.11 pytorch") -> Any:
        asked = {"precision": precision, "batch": float(batch), "resolution": "512", "runtime": text}
        return whichgpu.fit("stable-diffusion-1.4", [gpu], **asked).answers[0]

    assert all(judged(kind, batch).fits for kind, batch in ran.items())
    assert not any(judged(kind, batch).verdict == "fits" for kind, batch in most.items())
    for text in ("diffusers 0.11 pytorch xformers", "diffusers 0.11, attention slicing"):
        assert "scores" not in judged("fp16", 1, text).parts
    # What a job says of attention goes before.
    asked = {"precision": "fp16", "runtime": "diffusers 0.11", "options": {"flash_attention": "true"}}
    assert "scores" not in whichgpu.fit("stable-diffusion-1.4", [gpu], **asked).answers[0].parts


def test_a_block_of_scores_that_serves_no_more_is_in_the_upper_end_alone() -> None:
    """Segments that grow have none; the lower end is that of what is counted."""
    job: dict[str, Any] = {"precision": "fp16", "batch": 4.0, "options": {"flash_attention": "false"}}
    for text, wider in (("diffusers", True), ("diffusers expandable_segments", False)):
        held, sure = (
            half("stable-diffusion-1.5", name, runtime=text, **job) for name in ("held", "required")
        )
        assert (held > sure + 0.01) is wider


def test_a_cache_of_little_room_is_known_as_what_lies_beside_it_is() -> None:
    """gpt-oss-120b at 32,768 tokens on one H100, which runs: 0.8 GiB by count for 1.1, beside 66 GiB."""
    job: dict[str, Any] = {"phase": "serve", "runtime": "vllm"}
    near, far = (
        verdict("gpt-oss-120b", "h100-80gb-sxm", options={"max_model_len": tokens}, **job)
        for tokens in ("32768", "131072")
    )
    assert (near, far) == ("may run out", "does not fit")
