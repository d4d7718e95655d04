"""What single trainers do: who sends beside passes, lays tokens out, copies weights, has inputs wait."""

from __future__ import annotations

from dataclasses import replace

import pytest

from whichgpu.cost.breakdown import breakdown
from whichgpu.cost.coefficients import section
from whichgpu.cost.infeasible import single
from whichgpu.cost.job import asked
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job

GPUS = catalogue()
H100, H200, A100, B200 = (
    GPUS[name] for name in ("h100-80gb-sxm", "h200-141gb-sxm", "a100-80gb-sxm", "b200-180gb-sxm")
)
EXPERTS = Job(
    "qwen3-30b-a3b", phase="pretrain", precision="bf16", batch=8.0, seq_len=2048.0, n_gpus=8.0,
    runtime="torchtitan PyTorch 2.9 torch.compile",
    options={"ep": "8", "sharding": "fsdp", "checkpointing": "none", "router": "balanced"},
)  # fmt: skip
MIXTRAL = Job(
    "mixtral-8x7b", phase="pretrain", precision="bf16", batch=1.0, seq_len=4096.0, n_gpus=32.0, tp=8.0,
    pp=2.0, runtime="Megatron-LM core 0.9", options={"ep": "1", "global_batch": "256"},
)  # fmt: skip
TUNED = Job(
    "qwen-7b", phase="finetune_qlora", precision="int4", batch=1.0, seq_len=2048.0,
    runtime="Transformers PEFT AutoGPTQ FlashAttention-2", options={"checkpointing": "full"},
)  # fmt: skip


def part(job: Job, name: str, gpu: object) -> float:
    """Seconds of a step in a part of it."""
    return float(breakdown(job, [gpu]).at(0, 0)[name]["seconds"])  # type: ignore[list-item]


@pytest.mark.parametrize(("runtime", "beside"), [("MaxText JAX XLA", True), ("JAX XLA", False)])
def test_maxtext_tells_its_compiler_to_send_beside_passes(runtime: str, beside: bool) -> None:
    job = Job(
        "llama-2-70b", phase="pretrain", precision="bf16", runtime=runtime, batch=2.0, seq_len=4096.0,
        n_gpus=64.0, options={"sharding": "fsdp", "checkpointing": "full"},
    )  # fmt: skip
    assert asked.read(job).runtime.sends_beside is beside
    # What 64 GPUs exchange of 70B fits beside layers that have 8,192 tokens.
    shown = part(job, "shards", H100) + part(job, "gradients", H100)
    assert (shown < 0.05 * float(breakdown(job, [H100]).step[0, 0])) is beside


@pytest.mark.parametrize(("text", "moved"), [("", 27.0), (" DeepEP", 10.0)])
def test_torchtitan_lays_tokens_out_for_experts_elsewhere(text: str, moved: float) -> None:
    job = replace(EXPERTS, runtime=EXPERTS.runtime + text)
    read = asked.read(job).runtime
    assert read.lays_out == moved
    # 48 layers forward and backward, 8 x 2,048 tokens to 8 experts each, 2,048 values.
    least = 2.0 * 48.0 * moved * 8.0 * 8.0 * 2048.0 * 2048.0 / B200.value("bandwidth")
    assert read.sends_copies is not bool(text)
    assert part(job, "experts", B200) > 0.7 * least


def test_torchtitan_moves_more_of_its_tokens_than_deepep() -> None:
    deep = replace(EXPERTS, runtime=f"{EXPERTS.runtime} DeepEP")
    # 17 B of a value, beside what is sent twice.
    more = 2.0 * 48.0 * 17.0 * 8.0 * 8.0 * 2048.0 * 2048.0 / B200.value("bandwidth")
    assert part(EXPERTS, "experts", B200) - part(deep, "experts", B200) > 0.7 * more


def test_tokens_of_a_gpu_with_all_experts_are_not_laid_out_for_others() -> None:
    job = replace(EXPERTS, options={**EXPERTS.options, "ep": "1"})
    assert part(job, "experts", B200) == 0.0


def test_a_gpu_with_all_experts_waits_for_their_launches_alone_under_megatron() -> None:
    alone, dealt = (replace(MIXTRAL, options={**MIXTRAL.options, "ep": ep}) for ep in ("1", "2"))
    stack, c = asked.read(alone).runtime, section("training")
    launches = stack.holds["expert_launches"] * 8.0 * stack.launch
    assert launches < c["moe_host"] * (8.0 / c["moe_host_experts"]) ** c["moe_host_power"]
    assert part(alone, "host", H100) < 0.6 * part(dealt, "host", H100)


def test_many_small_experts_wait_no_longer_than_where_they_are_dealt_out() -> None:
    many = replace(MIXTRAL, workload="qwen3-30b-a3b", tp=1.0, pp=4.0)
    alone, dealt = (
        part(replace(many, options={**many.options, "ep": ep}), "host", H200) for ep in ("1", "8")
    )
    assert alone == pytest.approx(dealt, rel=0.05)


def test_weights_of_gptq_are_written_out_op_by_op_and_kept_for_the_backward_pass() -> None:
    nf4 = replace(TUNED, runtime="Transformers PEFT bitsandbytes FlashAttention-2")
    gptq, other = (breakdown(job, [A100]).at(0, 0) for job in (TUNED, nf4))
    assert gptq["forward"]["seconds"] > 1.05 * other["forward"]["seconds"]
    assert gptq["backward"]["seconds"] < other["backward"]["seconds"] * 1.01
    # The more rows a product has, the less its weights matter.
    long = replace(TUNED, seq_len=8192.0)
    per_token = [float(breakdown(job, [A100]).step[0, 0]) / job.seq_len for job in (TUNED, long)]
    assert per_token[1] < per_token[0]


def test_inputs_of_layers_wait_on_the_host_under_unsloth_where_layers_run_again_alone() -> None:
    job = Job(
        "llama-3-8b", phase="finetune_qlora", precision="int4", batch=4.0, seq_len=2048.0, runtime="Unsloth"
    )
    full, none = (replace(job, options={"checkpointing": again}) for again in ("full", "none"))
    assert asked.read(job).job.options["offload"] == "activations"
    assert asked.read(full).job.options["offload"] == "activations"
    assert "offload" not in asked.read(none).job.options
    own = replace(none, options={**none.options, "offload": "activations"})
    assert asked.read(own).job.options["offload"] == "activations"
    steps = [float(breakdown(one, [H100]).step[0, 0]) for one in (none, full)]
    assert steps[0] <= steps[1]


@pytest.mark.parametrize(("release", "pieces"), [("TRL 1.7", True), ("TRL 1.9", True), ("TRL 1.4", False)])
def test_losses_of_trl_have_the_head_in_them_since_1_7(release: str, pieces: bool) -> None:
    job = Job(
        "qwen3-8b", phase="finetune_full", precision="bf16", batch=1.0, seq_len=16384.0, n_gpus=8.0,
        runtime=f"{release} PyTorch FSDP2", options={"sharding": "fsdp"},
    )  # fmt: skip
    assert (asked.read(job).job.options.get("fused_loss") == "true") is pieces
    plain = replace(job, runtime="TRL 1.5 PyTorch FSDP2")
    needs = [float(single(one, H100).readings.allocated) / 2**30 for one in (job, plain)]
    # Logits of 16,384 tokens and 151,936 words are 4.6 GiB in 16 bits alone.
    assert (needs[1] - needs[0] > 4.6) is pieces
