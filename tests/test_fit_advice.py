"""What `fit` advises: accepted as typed, true of the software, and no more than it takes."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from tests.fitting import alone

#: Questions that do not fit, of every kind of work, software and method.
QUESTIONS = (
    "llama-3-70b --phase finetune_qlora --gpu rtx-4090",
    "llama-3-70b --phase finetune_lora --gpu a100-80gb-sxm",
    "llama-3-8b --phase finetune_full --gpu a100-80gb-sxm:4",
    "mixtral-8x7b --phase finetune_qlora --gpu rtx-3090",
    "llama-2-7b --phase finetune_full --gpu a10:4 --runtime transformers",
    "llama-3-8b --phase finetune_lora --gpu rtx-4090 --batch 8 --seq-len 8192 --runtime unsloth",
    "gpt-neox-20b --phase pretrain --gpu a100-40gb-sxm:8 --runtime megatron",
    "llama-3-70b --phase pretrain --gpu h100-80gb-sxm:8 --runtime torchtitan",
    "flux.1-dev --phase finetune_lora --gpu rtx-4090",
    "cogvideox-5b --gpu rtx-4090",
    "bert-large --phase train --gpu t4 --batch 256",
    "deepseek-v3 --gpu h100-80gb-sxm:8 --phase serve --runtime sglang",
    "qwen2.5-32b --gpu l4 --phase serve --runtime vllm --option max_model_len=32768",
    "qwen2.5-72b --gpu rtx-4090:2 --runtime llama.cpp",
    "gemma-2-27b --gpu a100-40gb-sxm --runtime transformers",
    "whisper-large-v3 --gpu gtx-1650",
    "llama-2-70b --phase decode --gpu a10:2 --tp 2 --runtime transformers",
    "llama-2-13b --phase finetune_full --gpu t4:2 --pp 2 --runtime megatron",
    "qwen3-30b-a3b --gpu rtx-5060-ti-16gb",
)


def asked(whichgpu: Any, question: str, option: str = "") -> Any:
    """The answer to a question; to one with an option put behind it, whose GPUs replace its own, no more."""
    words, more = shlex.split(question), shlex.split(option)
    if not more:
        return whichgpu("fit", *words, "--json")
    if "--gpu" in more:
        at = words.index("--gpu")
        del words[at : at + 2]
    with alone():
        return whichgpu("fit", *words, *more, "--json")


def options(whichgpu: Any, question: str) -> list[str]:
    """What is told to type in order that a job fits."""
    return [one["option"] for one in asked(whichgpu, question).json["changes"]]


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.thorough(every=3)
def test_every_piece_of_advice_fits_as_typed(whichgpu, question: str) -> None:
    """Changes in the bytes that were told, the smallest card and the fewest of each type."""
    answer = asked(whichgpu, question)
    assert answer.status == 3
    told = answer.json
    for change in told["changes"]:
        done = asked(whichgpu, question, change["option"])
        assert done.status == 0, (change["option"], done.err)
        assert done.json["required"] == pytest.approx(change["required"], rel=1e-9), change["option"]
        said = "may run out" if change["may_run_out"] else "fits"
        assert done.json["verdict"] == said, change["option"]
    for one in told["fewest"]:
        option = f"--gpu {one['gpu']}:{one['n_gpus']} {one['how']}"
        said = "may run out" if one["may_run_out"] else "fits"
        assert asked(whichgpu, question, option).json["verdict"] == said, option
        if one["may"]:
            option = f"--gpu {one['gpu']}:{one['may']['n_gpus']} {one['may']['how']}"
            assert asked(whichgpu, question, option).json["verdict"] == "may run out", option
    for name, said in (("smallest_gpu", "fits"), ("smallest_may", "may run out")):
        if told[name]:
            assert asked(whichgpu, question, f"--gpu {told[name]}").json["verdict"] == said, told[name]


@pytest.mark.parametrize(
    ("method", "gpu"), [("finetune_lora", "a100-80gb-sxm"), ("finetune_qlora", "rtx-4090")]
)
def test_layers_with_adapters_are_not_cut_but_by_megatron(whichgpu, method: str, gpu: str) -> None:
    """PEFT's replicas share out, or hold some of the layers each; Megatron-Bridge's adapters are cut."""
    question = f"llama-3-70b --phase {method} --gpu {gpu}"
    told = asked(whichgpu, question).json
    assert not [one["option"] for one in told["changes"] if "--tp" in one["option"]]
    assert not [one["how"] for one in told["fewest"] if "--tp" in one["how"]]
    assert any("--pp" in one for one in options(whichgpu, question))
    megatron = options(whichgpu, f"{question} --runtime megatron")
    assert any("--tp" in one for one in megatron)


@pytest.mark.parametrize(("runtime", "told"), [("transformers", True), ("megatron", False)])
def test_cutting_adapters_is_doubted_of_software_that_does_not(whichgpu, runtime: str, told: bool) -> None:
    """`--tp` of a LoRA is answered, and said not to be what Transformers does."""
    question = f"llama-3-70b --phase finetune_lora --gpu h100-80gb-sxm:8 --tp 8 --runtime {runtime}"
    notes = asked(whichgpu, question).json["notes"]
    assert any("layers with adapters are not cut (tp=8)" in note for note in notes) is told


def test_no_gpus_are_added_for_what_those_there_share_out(whichgpu) -> None:
    """Four A100s hold a sharded 8B, so that a fifth is not offered; beside one more are."""
    here = options(whichgpu, "llama-3-8b --phase finetune_full --gpu a100-80gb-sxm:4")
    assert "--option sharding=fsdp" in here
    assert not [one for one in here if ":5" in one]
    alone = options(whichgpu, "llama-3-8b --phase finetune_full --gpu a100-80gb-sxm")
    assert any("sharding=fsdp" in one and "--gpu" in one for one in alone)


def test_no_cluster_is_offered_where_two_gpus_do(whichgpu) -> None:
    """Mixtral by QLoRA fits two cards whose layers run again, and 128 whose layers do not."""
    told = options(whichgpu, "mixtral-8x7b --phase finetune_qlora --gpu rtx-3090 --option checkpointing=none")
    assert not [one for one in told if ":128" in one]
    assert any("rtx-3090:2 " in one for one in told)


@pytest.mark.parametrize(
    ("runtime", "said"),
    [("sglang", "SGLang --cpu-offload-gb"), ("transformers", "device_map=auto"), ("exllamav2", "")],
)
def test_weights_wait_on_the_host_where_the_software_has_a_way(whichgpu, runtime: str, said: str) -> None:
    """Each in its own words; nothing of that is told of software that keeps no weights on the host."""
    question = f"llama-2-13b --gpu rtx-3060-8gb --runtime {runtime}"
    if runtime == "exllamav2":
        question += " --precision exl2-5-0 --input-tokens 2000"
    found = asked(whichgpu, question)
    assert found.status == 3
    told = [one["text"] for one in found.json["changes"] if one["kind"] == "offload"]
    assert bool(told) == bool(said)
    assert all(said in text for text in told)


@pytest.mark.parametrize(
    ("gpus", "mesh", "said"),
    [
        ("h100-80gb-sxm:8", "--tp 8 --pp 3", "use --pp 1"),
        ("h100-80gb-sxm:16", "--tp 4 --pp 3", "use --pp 2 or 4"),
        ("h100-80gb-sxm:24", "--tp 4 --pp 3", "use --pp 2"),
        ("h100-80gb-sxm", "--tp 8 --pp 3", "use --pp 2 or 4"),
    ],
)
def test_stages_that_are_named_instead_have_room_on_the_gpus(
    whichgpu, gpus: str, mesh: str, said: str
) -> None:
    """80 layers are not dealt out over three stages; of what divides them the GPUs have room for some."""
    # Megatron's, which is meant where nothing is named, may be uneven.
    question = f"llama-3-70b --phase pretrain --runtime PyTorch --gpu {gpus} {mesh}"
    refused = asked(whichgpu, question)
    assert refused.status == 2
    assert refused.err.strip().endswith(said)
    for stages in said.removeprefix("use --pp ").split(" or "):
        assert asked(whichgpu, question, f"--pp {stages}").status in (0, 3)


def test_llama_cpp_is_told_of_a_card_that_no_format_of_the_usual_engine_fits(whichgpu) -> None:
    def under(*words: str) -> list[str]:
        found = whichgpu("fit", *words, "--json").json["changes"]
        return [one["option"] for one in found if "llama.cpp" in one["option"]]

    assert "--runtime llama.cpp --precision q3_k_m" in under("qwen3-30b-a3b", "--gpu", "rtx-5060-ti-16gb")
    # Its own INT8 weights fit, the engine is named, or there are several cards.
    assert not under("llama-3.1-8b", "--gpu", "rtx-3060-12gb")
    assert not under("qwen3-30b-a3b", "--gpu", "rtx-5060-ti-16gb", "--runtime", "vllm")
    assert not under("qwen3-30b-a3b", "--gpu", "rtx-5060-ti-16gb:2")


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("hunyuanvideo --gpu rtx-4090 --precision fp8", "resolution"),
        ("mistral-7b --gpu t4 --phase finetune_lora", "context"),
    ],
)
def test_less_than_a_quarter_of_a_size_is_another_job_and_no_change(whichgpu, question: str, kind: str):
    """A video of 64 pixels and sequences of 62 tokens were the first that was said to fit."""
    changes = asked(whichgpu, question).json["changes"]
    assert changes
    assert kind not in {change["kind"] for change in changes}


def test_adam_in_one_kernel_is_what_the_copies_of_its_states_ask_for(whichgpu):
    """Llama 2 70B whole over 16 A100: 81.1 GiB, of which 16 are a copy of one state."""
    question = (
        "llama-2-70b --phase finetune_full --gpu a100-80gb-sxm:16 --runtime transformers --precision bf16 "
        "--batch 1 --seq-len 2048 --option sharding=fsdp --option checkpointing=full"
    )
    answer = asked(whichgpu, question)
    assert not answer.json["fits"]
    told = [one["option"] for one in answer.json["changes"]]
    assert "--option optimizer=adamw-torch-fused" in told
    changed = asked(whichgpu, question, "--option optimizer=adamw-torch-fused").json
    assert changed["fits"]
    assert answer.json["required"] - changed["required"] > 14e9
    assert "optimizer=adamw-torch-fused" not in " ".join(
        options(whichgpu, "sdxl --phase finetune_full --gpu rtx-3090 --runtime diffusers --precision bf16")
    )
