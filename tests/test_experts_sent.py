"""How tokens come to experts in training: who sends copies, who waits for whom; windows and sinks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from whichgpu.cost.breakdown import breakdown
from whichgpu.cost.coefficients import section
from whichgpu.cost.estimate import estimate
from whichgpu.cost.job import asked
from whichgpu.cost.parallel.experts import busiest
from whichgpu.cost.parallel.splitting import shard
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve

GPUS = catalogue()
H100, H800 = GPUS["h100-80gb-sxm"], GPUS["h800-80gb-sxm"]
#: XTuner's benchmark of Megatron (docs/zh_cn/benchmark/megatron_moe_benchmark.md), 32 experts' GPUs.
QWEN = Job(
    "qwen3-235b-a22b", phase="pretrain", precision="bf16", runtime="Megatron-Core 0.12", batch=1.0,
    seq_len=4096.0, n_gpus=256.0, tp=2.0, pp=8.0,
    options={"ep": "32", "vp": "4", "global_batch": "2048", "router": "balanced",
             "checkpointing": "selective"},
)  # fmt: skip


def sent(job: Job) -> float:
    """Seconds of a step in exchanges of experts."""
    return float(breakdown(job, [H800]).at(0, 0)["experts"]["seconds"])


def test_megatron_s_own_dispatcher_sends_each_copy_of_a_token() -> None:
    """Of eight choices six lie in three other machines, where 2.7 of those have one at least."""
    own, deep = (replace(QWEN, runtime=f"Megatron-Core 0.12{how}") for how in ("", " DeepEP"))
    assert sent(own) / sent(deep) == pytest.approx(6.0 / (3.0 * (1.0 - 0.75**8)), rel=0.02)
    # As published: 35.39 s of a step, and 25.73 s with DeepEP.
    took = [float(breakdown(one, [H800]).step[0, 0]) for one in (own, deep)]
    assert took[0] / took[1] == pytest.approx(35.392 / 25.73, rel=0.05)


@pytest.mark.parametrize(
    ("runtime", "copies"),
    [
        ("Megatron-LM core 0.16", True), ("NeMo 25.04", True), ("Megatron-SWIFT", True),
        ("Megatron-LM HybridEP", False), ("Megatron-Bridge NeMo 26.04", False), ("NeMo AutoModel", False),
        ("HAI-LLM", False),
    ],
)  # fmt: skip
def test_who_sends_copies(runtime: str, copies: bool) -> None:
    assert asked.read(replace(QWEN, runtime=runtime)).runtime.sends_copies is copies


@pytest.mark.parametrize(
    ("workload", "phase", "again"),
    [
        ("deepseek-v3", "pretrain", "early_stop"), ("gpt-oss-20b", "pretrain", "none"),
        ("deepseek-v3", "finetune_full", None), ("llama-3.1-8b", "pretrain", None),
    ],
)  # fmt: skip
def test_automodel_s_benchmarks_run_layers_again(workload: str, phase: str, again: str | None) -> None:
    job = replace(QWEN, workload=workload, phase=phase, runtime="NeMo AutoModel", tp=1.0, options={})
    read = asked.read(job)
    assert read.job.options.get("checkpointing") == again
    assert any("checkpointing=" in one for one in read.said) is (again is not None)


def test_a_fine_tuning_waits_for_the_busiest_gpu_and_a_pre_training_hardly() -> None:
    tuned = replace(QWEN, phase="finetune_full", options={"ep": "8"})
    one, eight, many = (float(busiest(np.asarray(float(ep)), tuned)) for ep in (1, 8, 128))
    # 16 experts a GPU, each off by sqrt(1 / evenness); the largest of eight is 1.43 of theirs off.
    assert one == 1.0
    assert eight == pytest.approx(1.0 + 1.43 / np.sqrt(16.0 * section("experts")["evenness"]), rel=0.01)
    assert many > eight
    for phase, said in (("pretrain", ""), ("finetune_full", "balanced")):
        other = replace(tuned, phase=phase, options={"ep": "8", **({"router": said} if said else {})})
        assert float(busiest(np.asarray(8.0), other)) < eight
    # What is not trained, as before.
    assert float(busiest(np.asarray(8.0))) == pytest.approx(1.0 + section("links")["imbalance"] * 7.0 / 8.0)


def test_exchanges_of_a_fine_tuning_wait_for_the_busiest_too() -> None:
    job = replace(QWEN, runtime="Megatron-Bridge NeMo 26.04", n_gpus=8.0, pp=1.0, tp=1.0,
                  options={"ep": "8", "router": "model", "checkpointing": "full"})  # fmt: skip
    tuned = replace(job, phase="finetune_full")
    times = float(busiest(np.asarray(8.0), tuned))
    # A wait of each exchange is no matter of what is sent.
    assert sent(tuned) / sent(job) == pytest.approx(times, rel=0.05)


def test_an_expert_cut_over_gpus_gets_whole_tokens_on_each() -> None:
    workload = resolve("qwen3-30b-a3b")
    ops = workload.trace(workload.complete(replace(QWEN, workload=workload.id)))
    whole, cut = (shard(ops, 4.0, ep=2.0, moe_tp=moe_tp) for moe_tp in (1.0, 4.0))
    for before, after in zip(whole, cut, strict=True):
        if before.layer.endswith("experts.dispatch") and before.stage == "forward":
            assert np.all(after.write_bytes == before.write_bytes)
        if before.layer.endswith("experts.up") and before.stage == "forward":
            assert np.all(after.flops == before.flops / 4.0)
    over = replace(QWEN, workload="qwen3-30b-a3b", runtime="torchtitan", n_gpus=8.0, pp=1.0, tp=4.0)
    apart, joined = (
        replace(over, options={**over.options, "vp": "1", "global_batch": "8", **own})
        for own in ({"ep": "8"}, {"ep": "2", "moe_tp": "4"})
    )
    # Eight choices on eight GPUs; each on one of two groups of four, all of which get it.
    assert sent(joined) / sent(apart) == pytest.approx(4.0, rel=0.1)


TUNED = Job(
    "gpt-oss-20b", phase="finetune_full", precision="bf16", runtime="Transformers 5", batch=1.0,
    seq_len=8192.0, n_gpus=1.0, options={"checkpointing": "none"},
)  # fmt: skip


def attending(**options: str) -> list[float]:
    """Seconds of GPT-OSS' attention by kind of layer and stage, the longest first."""
    job = replace(TUNED, options={**TUNED.options, **options})
    terms = estimate(job, [GPUS["b200-180gb-sxm"]], explain=True).at(0, 0).terms
    return sorted((one.seconds for one in terms if one.layer.endswith("attend.attention")), reverse=True)


def test_attention_that_is_written_out_computes_what_a_window_masks() -> None:
    """Layers with a window of 128 take as long as those without, where a fused kernel leaves the rest out."""
    plain = attending()
    assert plain[0] == pytest.approx(plain[1], rel=0.01)
    fused = attending(flash_attention="true")
    assert fused[0] > 5.0 * fused[-1]
    assert plain[0] > 5.0 * fused[0]


def test_sinks_are_joined_to_scores_and_cut_off() -> None:
    """Beside 8 passes of a causal attention 5 forward and 8 backward, which take its time."""
    oss = resolve("gpt-oss-20b")
    seconds = {}
    for name, said in (("with", True), ("without", False)):
        workload = replace(oss, dims={**oss.dims, "sinks": said})
        job = workload.complete(TUNED)
        seconds[name] = [op.dims.get("sinks", 0.0) for op in workload.trace(job) if op.kind == "attention"]
    assert set(seconds["with"]) == {1.0}
    assert set(seconds["without"]) == {0.0}
    bytes_moved = 2.0 * 64.0 * 8192.0**2
    forward = attending()[2] / 12.0
    b200 = GPUS["b200-180gb-sxm"]
    assert forward > (8.0 + 5.0) * bytes_moved / float(b200.value("bandwidth"))


def test_a_fused_window_comes_in_tiles() -> None:
    """Of 128 keys on a GPU two tiles of as many are read, on a TPU two of 512."""
    tile = section("products")["window_tile"]
    assert tile["other"] == 128.0
    assert tile["Google"] == 512.0
    job = replace(TUNED, phase="pretrain", runtime="MaxText", workload="gpt-oss-120b", n_gpus=256.0)
    terms = estimate(job, [GPUS["tpu-v7"]], explain=True).at(0, 0).terms
    each = sorted(one.seconds for one in terms if one.layer.endswith("attend.attention"))
    # Of 8,192 tokens under a causal mask half are seen, of a window of 128 two tiles of 512.
    assert each[1] / each[-1] == pytest.approx(1024.0 / 4096.0, rel=0.25)


def test_torchtitan_attends_by_cudnn_on_blackwell() -> None:
    """As its attention asks for it before FlashAttention there, and a text names another release."""
    job = replace(TUNED, workload="llama-3.1-8b", phase="pretrain", runtime="torchtitan")

    def attends(gpu: str, runtime: str = "torchtitan") -> float:
        terms = estimate(replace(job, runtime=runtime), [GPUS[gpu]], explain=True).at(0, 0).terms
        return max(one.seconds for one in terms if one.layer.endswith("attend.attention"))

    faster = section("attention")["cudnn"]["blackwell_gb100"]
    named = section("attention")["release-4"]["blackwell_gb100"]
    fourth = attends("b200-180gb-sxm", "torchtitan FlashAttention-4")
    assert attends("b200-180gb-sxm") / fourth == pytest.approx(named / faster, rel=0.02)
    assert attends("h100-80gb-sxm") / attends("b200-180gb-sxm") > 2.5


@pytest.mark.parametrize("runtime", ["Unsloth", "Transformers 5 TRL", "llm-foundry"])
def test_kernels_for_warps_have_the_rate_of_hopper_s_sms_on_blackwell(runtime: str) -> None:
    """FlashAttention-2's, half of whose peak is that of the fourth's: on a B200 as on so many SMs of an H100.

    Qwen3 30B's adapters at 16,384 tokens on one B200 took 3.18 s under Unsloth, 3.41 under Transformers 5,
    where 2.04 and 2.24 were predicted.
    """
    job = replace(TUNED, workload="qwen3-30b-a3b", phase="pretrain", seq_len=16384.0)

    def attends(gpu: str, named: str = "") -> float:
        own = replace(job, runtime=f"{runtime} {named}".strip())
        terms = estimate(own, [GPUS[gpu]], explain=True).at(0, 0).terms
        return max(one.seconds for one in terms if one.layer.endswith("attend.attention"))

    known = section("attention")
    ratio = attends("b200-180gb-sxm") / attends("b200-180gb-sxm", "FlashAttention-4")
    assert ratio == pytest.approx(
        known["release-4"]["blackwell_gb100"] / known["release-2"]["blackwell_gb100"], rel=0.02
    )
    b200, h100 = GPUS["b200-180gb-sxm"], GPUS["h100-80gb-sxm"]
    units = float(b200.value("sms")) * float(b200.value("clock_boost")) / float(h100.value("sms"))
    units /= float(h100.value("clock_boost"))
    assert attends("h100-80gb-sxm") / attends("b200-180gb-sxm") == pytest.approx(units, rel=0.2)
    # Consumer cards of that generation have no other instructions.
    assert "blackwell" not in known["release-2"]
