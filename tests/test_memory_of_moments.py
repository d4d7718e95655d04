"""Peaks are those of a moment: the loss, the end of the backward pass, the optimizer's step, a token."""

from __future__ import annotations

import json
from typing import Any

import pytest

from whichgpu.cost.infeasible import single
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.memory.verdict import CROWDED
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.importers.hf import workload_of
from whichgpu.workloads.job import Job
from whichgpu.workloads.resolving import register

GPUS = catalogue()
GIB, MIB = 2.0**30, 2.0**20
#: README of torchtune: "+" adds to the line above it.
TORCHTUNE: dict[str, Any] = {
    "phase": "finetune_full", "precision": "bf16", "batch": 2.0, "seq_len": 4096.0,
}  # fmt: skip
#: config.json of THUDM/glm-4-9b-chat.
GLM4 = {
    "model_type": "chatglm", "architectures": ["ChatGLMModel"], "hidden_size": 4096, "num_layers": 40,
    "num_attention_heads": 32, "multi_query_attention": True, "multi_query_group_num": 2, "kv_channels": 128,
    "ffn_hidden_size": 13696, "padded_vocab_size": 151552, "add_qkv_bias": True, "add_bias_linear": False,
    "rmsnorm": True, "seq_length": 131072, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
}  # fmt: skip
PIECES = {"optimizer": "adamw", "loss_chunks": "8", "checkpointing": "full"}


def read(name: str, gpu: str, metric: str = "allocated", **columns: Any) -> float:
    """A reading of a job's memory, GiB."""
    return float(getattr(single(Job(name, **columns), GPUS[gpu]).readings, metric)) / GIB


def parts(name: str, gpu: str = "h200-141gb-sxm", **columns: Any) -> dict[str, float]:
    """A job's memory by part, B."""
    found = single(Job(name, **columns), GPUS[gpu]).memory
    return {part: float(value) for part, value in found.items()}


@pytest.mark.parametrize(
    ("runtime", "options", "published"),
    [
        ("torchtune", {"optimizer": "adamw", "loss_chunks": "1", "checkpointing": "none"}, 60.0),
        ("torchtune compile", {"optimizer": "adamw", "loss_chunks": "1", "checkpointing": "none"}, 51.0),
        ("torchtune compile", PIECES | {"checkpointing": "none"}, 42.9),
        ("torchtune compile", PIECES, 24.9),
        ("torchtune compile", PIECES | {"optimizer_in_backward": "true"}, 23.1),
        ("torchtune compile", PIECES | {"optimizer_in_backward": "true", "offload": "activations"}, 21.8),
    ],
)
def test_torchtune_takes_what_its_readme_says(
    runtime: str, options: dict[str, str], published: float
) -> None:
    """Llama 3.2 3B in whole on an A100, two packed sequences of 4,096 tokens: peak of active memory."""
    found = read("llama-3.2-3b", "a100-80gb-sxm", runtime=runtime, options=options, **TORCHTUNE)
    assert found == pytest.approx(published, rel=0.05)


@pytest.mark.parametrize(
    ("precision", "batch", "options", "published"),
    [
        ("fp32", 1.0, {}, 8681),
        ("fp32", 1.0, {"checkpointing": "full"}, 6775),
        ("amp-fp16", 1.0, {"checkpointing": "full"}, 7275),
        ("amp-fp16", 1.0, {"checkpointing": "full", "optimizer": "adafactor"}, 4847),
        ("amp-fp16", 1.0, {"checkpointing": "full", "optimizer": "adamw-8bit"}, 5363),
        ("fp32", 4.0, {}, 14949),
    ],
)
def test_a_trainer_of_2022_takes_what_its_guide_says(
    precision: str, batch: float, options: dict[str, str], published: int
) -> None:
    """Transformers' guide to training on one GPU: BERT large at 512 tokens, MiB of nvidia-smi on a V100."""
    found = read(
        "bert-large", "v100-16gb-sxm", "device", phase="train", precision=precision, batch=batch,
        seq_len=512.0, runtime="Hugging Face Trainer PyTorch 1.10", options={"grad_accum": "4", **options},
    )  # fmt: skip
    assert found * GIB / MIB == pytest.approx(published, rel=0.08)


@pytest.mark.parametrize(
    ("precision", "batch", "tokens", "megabytes"),
    [
        ("fp16", 1.0, 512.0, 29152.98), ("fp16", 8.0, 512.0, 40327.62), ("fp16", 16.0, 512.0, 53986.51),
        ("fp16", 16.0, 1.0, 35871.88), ("gptq", 1.0, 512.0, 10484.34),
    ],
)  # fmt: skip
def test_a_cache_of_tuples_is_there_twice(
    precision: str, batch: float, tokens: float, megabytes: float
) -> None:
    """Optimum's benchmark of GPTQ: Llama 2 13B, prompts of 512 tokens, under Transformers 4.32 on an A100."""
    found = read(
        "llama-2-13b", "a100-80gb-sxm", "device", phase="infer", precision=precision, batch=batch,
        input_tokens=512.0, output_tokens=tokens, runtime="Transformers 4.32",
    )  # fmt: skip
    assert found * GIB == pytest.approx(megabytes * 1e6, rel=0.05)


@pytest.mark.parametrize(
    ("tokens", "mib"), [(1000.0, 19047), (8000.0, 20629), (32000.0, 27779), (128000.0, 57379)]
)
def test_code_of_its_own_makes_the_last_logits_alone(tokens: float, mib: int) -> None:
    """Memory of GLM-4 9B by its README, BF16: `return_last_logit`, whatever Transformers did in its day.

    Its cache is joined layer by layer, which leaves blocks behind: by the rules of PyTorch's allocator 3.8
    GiB at 32,000 tokens and 14.9 at 128,000, beside 23.0 and 39.5 of tensors.
    """
    own = register(workload_of(GLM4, "config.json", "glm-4-of-2024"))
    for name in (own.id, "glm-4-9b"):
        found = read(
            name, "a100-80gb-sxm", "device", phase="infer", precision="bf16", batch=1.0,
            input_tokens=tokens, output_tokens=100.0, runtime="transformers 4.44 pytorch 2.3",
        )  # fmt: skip
        assert found * GIB == pytest.approx(mib * MIB, rel=0.05)


def _passing(found: dict[str, float]) -> float:
    """Bytes of gradients and activations at the fullest moment."""
    names = ("gradients", "activations", "logits", "not_at_loss", "not_at_once")
    return sum(found.get(name, 0.0) for name in names)


def test_gradients_come_as_activations_go() -> None:
    """The fullest moment is the loss where activations are more than gradients, else the backward's end."""
    job: dict[str, Any] = {"phase": "finetune_full", "precision": "bf16", "runtime": "pytorch-2"}
    fused = {"optimizer": "adamw-fused"}
    long, short = (parts("llama-3-8b", batch=1.0, seq_len=n, options=fused, **job) for n in (8192.0, 128.0))
    weights = short["weights"]
    # Parts are shown whole; what is not there at the fullest moment is taken off once.
    assert long["gradients"] == short["gradients"] == pytest.approx(weights, rel=0.01)
    assert long["not_at_once"] == pytest.approx(-weights, rel=0.01)
    assert weights < _passing(short) < 1.1 * weights
    # A second pass adds its gradients to those of the first, which are there at its loss.
    added = parts("llama-3-8b", batch=1.0, seq_len=8192.0, options=fused | {"grad_accum": "2"}, **job)
    assert added["gradients"] == pytest.approx(weights, rel=0.01)
    assert added["activations"] == long["activations"]


def test_a_shared_table_has_two_gradients() -> None:
    """That of the head and that of the embedding, which add up at the end of the backward pass."""
    job: dict[str, Any] = {
        "phase": "finetune_full", "precision": "bf16", "runtime": "pytorch-2", "batch": 1.0, "seq_len": 128.0,
        "options": {"optimizer": "adamw-fused", "checkpointing": "full"},
    }  # fmt: skip
    tied, own = (parts(name, **job) for name in ("llama-3.2-1b", "llama-3-8b"))
    assert _passing(tied) - tied["weights"] == pytest.approx(128256 * 2048 * 2, rel=0.01)
    assert _passing(own) - own["weights"] < 0.1 * 128256 * 4096 * 2


#: Model, phase, format, GPUs, batch, what reads it, MiB: a100_80gb.csv and a100_80gb_liger.csv in
#: scripts/benchmarks/refs of foundation-model-stack/fms-acceleration. 4,096 tokens, full checkpointing,
#: rank 16 on the attention.
BENCHED = (
    ("mistral-7b", "finetune_full", "bf16", 1, 4, "allocated", 69591.3),
    ("mistral-7b", "finetune_full", "bf16", 2, 4, "allocated", 35060.0),
    ("mistral-7b", "finetune_lora", "bf16", 1, 8, "allocated", 35380.1),
    ("mistral-7b", "finetune_lora", "bf16", 1, 8, "device", 43195.0),
    ("mistral-7b", "finetune_lora", "bf16", 2, 4, "allocated", 20440.8),
    ("mistral-7b", "finetune_qlora", "nf4-fp16", 1, 8, "allocated", 38413.0),
    ("mistral-7b", "finetune_qlora", "gptq", 1, 4, "device", 20453.0),
    ("llama-3-8b", "finetune_lora", "bf16", 1, 16, "device", 53115.0),
    ("llama-3-8b", "finetune_lora", "bf16", 2, 16, "allocated", 58602.0),
)


@pytest.mark.parametrize("run", BENCHED, ids=lambda run: "-".join(map(str, run[:5])))
def test_what_runs_again_is_not_there_at_the_loss_and_is_reserved(run: tuple[Any, ...]) -> None:
    name, phase, precision, gpus, batch, total, megabytes = run
    options = {"checkpointing": "full", "lora_rank": "16", "lora_targets": "attention"}
    options |= {"sharding": "fsdp"} if gpus > 1 else {}
    options |= {"fused_loss": "true"} if name == "llama-3-8b" else {}
    found = read(
        name, "a100-80gb-sxm", total, phase=phase, precision=precision, n_gpus=float(gpus),
        batch=float(batch), seq_len=4096.0, runtime="Transformers 4.39", options=options,
    )  # fmt: skip
    # What the allocator holds beside its tensors is known to a seventh.
    assert found * 1024 == pytest.approx(megabytes, rel=0.035 if total == "allocated" else 0.07)


@pytest.mark.parametrize(
    ("name", "phase", "precision", "batch", "gib"),
    [
        ("llama-2-70b", "finetune_qlora", "nf4-fp16", 2, 43.33),
        ("mixtral-8x7b", "finetune_lora", "bf16", 4, 59.93),
        ("mixtral-8x7b", "finetune_qlora", "nf4-fp16", 4, 27.37),
    ],
)
def test_inputs_and_gradients_of_frozen_shards_stay(
    name: str, phase: str, precision: str, batch: int, gib: float
) -> None:
    """The same tables, on two GPUs; two layers at a time were 9 % too few for 70B."""
    options = {"checkpointing": "full", "lora_rank": "16", "lora_targets": "attention", "sharding": "fsdp"}
    found = read(
        name, "a100-80gb-sxm", "allocated", phase=phase, precision=precision, n_gpus=2.0, batch=float(batch),
        seq_len=4096.0, runtime="Transformers 4.39", options=options,
    )  # fmt: skip
    assert found == pytest.approx(gib, rel=0.08)


@pytest.mark.parametrize(
    ("precision", "gpus", "batch", "rate"),
    [("nf4-fp16", 1, 8, 2881.0), ("gptq", 1, 8, 3478.0), ("nf4-fp16", 2, 4, 3278.0)],
)
def test_a_model_that_peft_prepared_is_slower(precision: str, gpus: int, batch: int, rate: float) -> None:
    """Tokens/s a GPU in the same tables: PEFT widens what is not quantised of NF4 on one GPU alone."""
    options = {"checkpointing": "full", "lora_rank": "16", "lora_targets": "attention"}
    options |= {"sharding": "fsdp"} if gpus > 1 else {}
    job = Job("mistral-7b", phase="finetune_qlora", precision=precision, n_gpus=float(gpus),
              batch=float(batch), seq_len=4096.0, runtime="Transformers 4.39", options=options)  # fmt: skip
    found = single(job, catalogue()["a100-80gb-sxm"]).throughput.mid
    # 4 % less before what was fitted of equal layers (Llama 3 8B's) was shared.
    assert float(found) / gpus == pytest.approx(rate, rel=0.08)


def test_fast_kernels_of_fms_acceleration_have_a_loss_of_their_own() -> None:
    """a100_80gb_liger.csv: Llama 3 8B with rank 16, four sequences on one GPU; QLoRA not prepared."""
    job = {"batch": 4.0, "seq_len": 4096.0,
           "options": {"checkpointing": "full", "lora_rank": "16", "lora_targets": "attention"}}  # fmt: skip
    found = read("llama-3-8b", "a100-80gb-sxm", "allocated", phase="finetune_lora", precision="bf16",
                 runtime="Transformers 4.45 foak", **job)  # fmt: skip
    assert found == pytest.approx(35.06, rel=0.02)
    quantised = {"phase": "finetune_qlora", "precision": "nf4", **job}
    plain, prepared = (
        read("llama-3-8b", "a100-80gb-sxm", "allocated", runtime=f"Transformers 4.45 foak{text}", **quantised)
        for text in (" accelerated-peft", "")
    )
    assert plain == pytest.approx(25.39, rel=0.06)
    assert prepared > 1.15 * plain


@pytest.mark.parametrize(
    ("phase", "precision", "gpus", "batch", "gb"),
    [
        ("finetune_lora", "bf16", 1, 4, 24.91), ("finetune_lora", "bf16", 1, 16, 50.89),
        ("finetune_lora", "bf16", 2, 16, 61.45), ("finetune_lora", "bf16", 4, 8, 32.00),
        ("finetune_qlora", "nf4", 1, 32, 74.09), ("finetune_qlora", "gptq", 1, 32, 74.12),
        ("finetune_qlora", "nf4-fp16", 4, 16, 54.11), ("finetune_full", "bf16", 4, 16, 60.31),
    ],
)  # fmt: skip
def test_gradients_of_a_frozen_layer_s_gate_lie_beside_what_it_keeps(
    phase: str, precision: str, gpus: int, batch: int, gb: float
) -> None:
    """a100_80gb_liger.csv, with the loss of Liger's kernels: a layer that runs again is the fullest moment.

    Its gate is Transformers': three gradients as wide lie there at once, which no product's input stands for.
    """
    options = {"checkpointing": "full", "lora_rank": "16", "lora_targets": "attention", "lora_dropout": "0.1"}
    options |= {"sharding": "fsdp"} if gpus > 1 else {}
    quantised = " accelerated-peft" if phase == "finetune_qlora" else ""
    found = read(
        "llama-3-8b", "a100-80gb-sxm", "allocated", phase=phase, precision=precision, n_gpus=float(gpus),
        batch=float(batch), seq_len=4096.0, runtime=f"Transformers 4.45 foak liger{quantised}",
        options=options,
    )  # fmt: skip
    assert found * GIB / 1e9 == pytest.approx(gb, rel=0.04)


@pytest.mark.parametrize(
    ("phase", "text", "gpus", "batch", "gb"),
    [
        ("finetune_lora", "", 1, 8, 38.74), ("finetune_lora", " foak", 1, 8, 34.28),
        ("finetune_qlora", " accelerated-peft", 1, 8, 28.41),
        ("finetune_qlora", " accelerated-peft", 2, 4, 15.97),
        ("finetune_full", " pure bf16", 2, 4, 36.23),
    ],
)  # fmt: skip
def test_a_loss_that_shifts_logits_copies_them(
    phase: str, text: str, gpus: int, batch: int, gb: float
) -> None:
    """a100_80gb_update_cross_entropy_and_deps.csv: Mistral 7B under Transformers 4.48."""
    options = {"checkpointing": "full"} | ({"sharding": "fsdp"} if gpus > 1 else {})
    if phase != "finetune_full":
        options |= {"lora_rank": "16", "lora_targets": "attention", "lora_dropout": "0.1"}
    found = read(
        "mistral-7b", "a100-80gb-sxm", "allocated", phase=phase, n_gpus=float(gpus), batch=float(batch),
        seq_len=4096.0, runtime=f"Transformers 4.48{text}", options=options,
    )  # fmt: skip
    assert found * GIB / 1e9 == pytest.approx(gb, rel=0.015)


@pytest.mark.parametrize(
    ("name", "text", "gpus", "batch", "mib"),
    [
        ("mistral-7b", "4.48 pure bf16", 2, 2, 44382.0), ("mistral-7b", "4.48 pure bf16", 2, 4, 53587.0),
        ("llama-3-8b", "4.45 foak liger", 4, 4, 54707.5), ("llama-3-8b", "4.45 foak liger", 4, 8, 63613.0),
        ("llama-3-8b", "4.45 foak", 4, 4, 66986.0),
    ],
)  # fmt: skip
def test_what_a_pass_leaves_is_beside_an_optimizers_step_under_fsdp(
    name: str, text: str, gpus: int, batch: int, mib: float
) -> None:
    """Full fine-tunings of the same tables, as the driver reports them."""
    found = read(
        name, "a100-80gb-sxm", "device", phase="finetune_full", precision="bf16", n_gpus=float(gpus),
        batch=float(batch), seq_len=4096.0, runtime=f"Transformers {text}",
        options={"checkpointing": "full", "sharding": "fsdp"},
    )  # fmt: skip
    assert found * 1024 == pytest.approx(mib, rel=0.065)


def test_logits_that_stay_lie_where_every_release_had_them() -> None:
    job = {"phase": "finetune_lora", "precision": "bf16", "batch": 8.0, "seq_len": 4096.0,
           "options": {"checkpointing": "full"}}  # fmt: skip
    old, new = (
        read("mistral-7b", "a100-80gb-sxm", "reserved", runtime=f"Transformers {one}", **job)
        for one in ("4.45", "4.48")
    )
    assert old < new < 1.01 * old


def test_adapters_of_older_releases_read_what_their_layer_does() -> None:
    """PEFT before 0.12: bf16 adapters; since, a copy for each of queries, keys and values."""
    job = {"phase": "finetune_lora", "precision": "bf16", "batch": 4.0, "seq_len": 4096.0,
           "options": {"lora_targets": "attention"}}  # fmt: skip
    old, new = (
        parts("llama-3-8b", runtime=f"Transformers {one} flash-attn", **job) for one in ("4.41", "4.45")
    )
    assert new["activations"] - old["activations"] == pytest.approx(32 * 2 * 4 * 4096 * 4096 * 2, rel=0.01)


def test_scripts_that_fine_tune_take_adamw() -> None:
    tuned, trained = (
        parts("t5-3b", phase=phase, precision="fp32", batch=1.0, seq_len=64.0, runtime="pytorch-2")
        for phase in ("finetune_full", "train")
    )
    assert tuned["optimizer"] == pytest.approx(2.0 * tuned["weights"], rel=0.01)
    assert trained["optimizer"] < 0.1 * trained["weights"]


def test_nothing_is_read_off_a_run_that_does_not_fit(whichgpu):
    fully = ("--phase", "finetune_full", "--batch", "8", "--option", "sharding=fsdp", "--all")
    asked = ("predict", "llama-2-7b", *fully)
    small, large = (whichgpu(*asked, "--gpu", gpu) for gpu in ("h100-80gb-sxm:8", "b300-288gb-sxm:8"))
    assert "Read off a run" not in small.out
    assert "does not fit" in small.err
    assert "Read off a run" in large.out


#: Batch and tokens of Llama 3.2 3B in FP32 under autocast, and GiB alive at most by torch 2.13's operators.
AUTOCAST = [(4, 4096, 67.43), (1, 512, 59.84)]


@pytest.mark.parametrize(("batch", "tokens", "alive"), AUTOCAST)
def test_copies_of_autocast_go_with_the_forward_pass(batch: int, tokens: int, alive: float) -> None:
    job = Job(
        "llama-3.2-3b", phase="finetune_full", precision="amp-bf16", batch=batch, seq_len=tokens,
        runtime="transformers pytorch 2.5", options={"checkpointing": "full"},
    )  # fmt: skip
    found = float(single(job, GPUS["h200-141gb-sxm"]).readings.allocated)
    assert found / GIB == pytest.approx(alive, rel=0.05)


#: HubHop/deit-mesa and swin-mesa, README: MiB at 128 pictures of 224 pixels, PyTorch 1.7, mixed precision.
MESA = [
    ("deit-tiny", 4171, 0.02),
    ("deit-small", 8459, 0.02),
    ("deit-base", 17691, 0.02),
    ("swin-tiny", 11812, 0.1),
]


@pytest.mark.parametrize(("name", "mib", "within"), MESA)
def test_a_softmax_kept_its_scores_before_pytorch_1_11(name: str, mib: int, within: float) -> None:
    old, new = (
        single(
            Job(name, phase="train", precision="amp-fp16", batch=128, runtime=f"PyTorch {version}"),
            GPUS["v100-32gb-sxm"],
        )
        for version in ("1.7", "1.11")
    )
    assert float(old.readings.allocated) / 2**20 == pytest.approx(mib, rel=within)
    assert new.required < 0.93 * old.required


@pytest.mark.parametrize(
    ("name", "mib"), [("video-swin-t", 21072), ("video-swin-s", 33632), ("video-swin-b", 45143)]
)
def test_windows_with_a_bias_keep_their_scores_and_stages_shrink(name: str, mib: int) -> None:
    """open-mmlab/mmaction2, configs/recognition/swin/README.md: 8 clips of 32 frames, 16 of the 16 here."""
    for runtime in ("PyTorch 1.12", "PyTorch 2.1"):
        job = Job(name, phase="train", precision="amp-fp16", batch=16, runtime=runtime)
        found = float(single(job, GPUS["a100-80gb-sxm"]).readings.allocated)
        assert found / 2**20 == pytest.approx(mib, rel=0.05)


@pytest.mark.parametrize(
    ("name", "clips", "mib", "near"),
    [("slowonly-r50-4x16", 8, 3168, 0.03), ("i3d-r50", 8, 5170, 0.05), ("slowfast-r50-8x8", 8, 9201, 0.05),
     ("tsn-r50", 32, 8344, 0.07)],
)  # fmt: skip
def test_clips_are_trained_on_crops(name: str, clips: int, mib: int, near: float) -> None:
    """open-mmlab/mmaction2 0.x, configs/recognition; what skips frames keeps no more of them."""
    job = Job(name, phase="train", precision="fp32", batch=clips, runtime="PyTorch 1.5")
    found = float(single(job, GPUS["v100-32gb-sxm"]).readings.allocated)
    assert found / 2**20 == pytest.approx(mib, rel=near)


@pytest.mark.parametrize(("name", "gib"), [("qwen3-8b", 61.1), ("llama-3.2-1b", 10.3), ("qwen3-0.6b", 5.2)])
def test_the_trainers_optimizer_copies_nothing_since_pytorch_2_8(name: str, gib: float) -> None:
    """huggingface/trl, pull request 6859: BF16 throughout, a loss in pieces of 256 tokens, GiB."""
    job = Job(
        name, phase="finetune_full", precision="bf16", batch=1, seq_len=2048,
        runtime="trl transformers 4.56 pytorch 2.8", options={"checkpointing": "full", "loss_chunks": "8"},
    )  # fmt: skip
    found = float(single(job, GPUS["h100-80gb-sxm"]).readings.allocated)
    assert found / GIB == pytest.approx(gib, rel=0.07)


#: Runtime, how it shards, and the parts of another moment that lie idle: DeepSpeed's flat gradients find no
#: block where activations were, FSDP's are in a stream of their own; a step of many tensors leaves no more
#: than the layer that runs again.
IDLE = [
    ("transformers 4.45 deepspeed", "zero2", ("not_at_once", "not_at_loss")),
    ("transformers 4.45", "fsdp", ("not_at_once", "not_at_loss")),
    ("transformers 4.45", "none", ("not_at_loss",)),
    # Segments that grow serve any block.
    ("transformers 4.45 expandable_segments:True", "fsdp", ()),
]


@pytest.mark.parametrize(("runtime", "sharding", "left"), IDLE)
def test_blocks_of_another_moment_are_reserved(runtime: str, sharding: str, left: tuple[str, ...]) -> None:
    job: dict[str, Any] = {
        "phase": "finetune_full", "precision": "bf16", "batch": 1.0, "seq_len": 8192.0, "n_gpus": 8.0,
        "runtime": runtime, "options": {"checkpointing": "full", "sharding": sharding},
    }  # fmt: skip
    found = parts("llama-2-7b", **job)
    allocated, reserved = (
        read("llama-2-7b", "h200-141gb-sxm", one, **job) for one in ("allocated", "reserved")
    )
    # Of what passes, the layer that runs again is not there.
    there = ("activations", "logits", "gathered_layers", "not_at_loss")
    passing = sum(found.get(name, 0.0) for name in there)
    idle = -sum(found[name] for name in left)
    assert (reserved - allocated) * GIB == pytest.approx(idle + 0.1 * passing, rel=0.01)
    assert found["not_at_once"] < -1e9


def test_a_decoder_finds_no_block_where_its_picture_was_denoised() -> None:
    """FLUX.1 dev in 16 bits with one network at a time: the transformer's blocks went with it."""
    job: dict[str, Any] = {"phase": "generate", "precision": "bf16", "runtime": "diffusers"}
    reserved, allocated = (
        read("flux.1-dev", "h100-80gb-sxm", total, **job) for total in ("reserved", "allocated")
    )
    # 4,608 tokens of 12,288 values between the layers of its MLP, and what goes in and comes out.
    assert 3 * 4608 * 12288 * 2 / GIB < reserved - allocated < 1.0
    alone = lay_out(Job("flux.1-dev", options={"offload": "model"}, **job), [GPUS["h100-80gb-sxm"]])
    assert alone.idle == 0.0


@pytest.mark.parametrize(
    ("release", "each"),
    [("4.40", 8.0), ("4.45", 16.0), ("4.45 PyTorch 2.1", 8.0), ("4.57 PyTorch 2.10", 16.0)],
)
def test_accelerate_widens_the_shards_of_what_is_trained(release: str, each: float) -> None:
    """Accelerate 0.30 (pull request 2674): FP32 weights, gradients and states under FSDP in BF16."""
    job: dict[str, Any] = {"phase": "finetune_full", "precision": "bf16", "batch": 1.0, "seq_len": 512.0}
    found = parts(
        "llama-2-7b", n_gpus=8.0, runtime=f"transformers {release}", options={"sharding": "fsdp"}, **job
    )
    states = sum(found[name] for name in ("weights", "gradients", "optimizer"))
    assert states == pytest.approx(each * 6.738e9 / 8, rel=0.01)


def test_kernels_load_as_they_are_used_where_pytorch_is_2() -> None:
    job: dict[str, Any] = {"phase": "infer", "precision": "fp16", "batch": 1.0, "input_tokens": 512.0}
    found = [
        parts("llama-2-7b", "a100-80gb-sxm", runtime=f"transformers 4.34{said}", output_tokens=8.0, **job)[
            "context"
        ]
        / GIB
        for said in ("", ", PyTorch 2.0", ", PyTorch 1.13")
    ]
    assert found == pytest.approx([1.3, 0.5, 1.3], abs=0.1)


def test_training_says_where_the_allocator_would_hold_all_of_the_card(whichgpu):
    job: dict[str, Any] = {
        "phase": "finetune_full", "precision": "bf16", "batch": 8.0, "n_gpus": 8.0,
        "options": {"checkpointing": "full", "sharding": "fsdp"},
    }  # fmt: skip
    said = [
        CROWDED
        in single(Job("llama-3-8b", runtime=runtime, seq_len=tokens, **job), GPUS["a100-80gb-sxm"]).warnings
        for runtime, tokens in (
            ("transformers 4.44", 4096.0),
            ("transformers 4.44", 2048.0),
            ("tensorflow", 4096.0),
        )
    ]
    assert said == [True, False, False]
    typed = (
        "fit",
        "llama-3-8b",
        "--gpu",
        "a100-80gb-sxm:8",
        "--phase",
        "finetune_full",
        "--precision",
        "bf16",
    )
    typed += ("--batch", "8", "--seq-len", "4096", "--runtime", "transformers 4.44", "--json")
    typed += ("--option", "sharding=fsdp", "--option", "checkpointing=full")
    answer = json.loads(whichgpu(*typed).out)
    assert CROWDED in answer["notes"]
    # Which has run out of memory on that very machine is not said to fit without more ado.
    assert "may run out of memory on 8 x a100-80gb-sxm: it needs" in answer["reason"]
    shorter = (*typed, "--seq-len", "2048")
    assert "fits on 8 x a100-80gb-sxm: it needs" in json.loads(whichgpu(*shorter).out)["reason"]


def test_transformers_trains_t5_with_adamw() -> None:
    """Trainer's `optim` is AdamW: T5 3B in mixed precision ran out of 24 GB (Hugging Face, 2021)."""
    job: dict[str, Any] = {"phase": "train", "precision": "amp-fp16", "batch": 1.0, "seq_len": 128.0}
    by_trainer = parts("t5-3b", runtime="Transformers", **job)
    assert by_trainer["optimizer"] == pytest.approx(8 * 2.85e9, rel=0.01)
    assert sum(by_trainer.values()) > 24 * GIB
    frugal = parts("t5-3b", runtime="Transformers", options={"optimizer": "adafactor"}, **job)
    for own in (parts("t5-3b", runtime="PyTorch", **job), frugal):
        assert own["optimizer"] < 0.02 * by_trainer["optimizer"]
