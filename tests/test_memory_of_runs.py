"""Single training runs that were published, with their peaks or that they ran out of memory."""

from __future__ import annotations

from typing import Any

import pytest
from memory_jobs import GIB, GPUS, total

import whichgpu
from whichgpu.cost.estimate import estimate
from whichgpu.cost.infeasible import single
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job


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


@pytest.mark.parametrize(
    ("workload", "gpus", "gib", "reading", "columns"),
    [
        ("qwen3-32b", 32, 43.45, "reserved", {"batch": 16.0, "seq_len": 4096.0, "tp": 8.0}),
        ("qwen3-32b", 64, 63.27, "reserved", {"batch": 32.0, "seq_len": 4096.0, "tp": 8.0}),
        ("qwen3-14b", 8, 83.56, "allocated", {"batch": 40.0, "seq_len": 8192.0, "tp": 4.0}),
    ],
)
def test_torchtitan_grows_its_segments_and_keeps_no_norm_in_fp32(
    workload: str, gpus: int, gib: float, reading: str, columns: dict[str, float]
) -> None:
    """Pull request 1690 of September 2025; docs/chunked_loss.md, whose loss takes 8,192 tokens at a time."""
    pieces = {"loss_chunks": "40"} if workload == "qwen3-14b" else {}
    job = Job(
        workload, phase="pretrain", precision="bf16", runtime="torchtitan 2025-09", n_gpus=float(gpus),
        options={"sharding": "fsdp", "checkpointing": "full", **pieces}, **columns,
    )  # fmt: skip
    found = getattr(estimate(job, [GPUS["h100-96gb-sxm-500w"]]).readings, reading)
    assert float(found[0, 0]) / GIB == pytest.approx(gib, rel=0.06)


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
