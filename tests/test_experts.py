"""What trainers of mixtures of experts do: graphs, overlapped exchanges, functions op by op, states."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from whichgpu.cost.breakdown import breakdown
from whichgpu.cost.coefficients import section
from whichgpu.cost.infeasible import single
from whichgpu.cost.job import asked
from whichgpu.cost.parallel.distributed import empty_slots
from whichgpu.cost.parallel.experts import ROUTERS
from whichgpu.cost.parallel.mesh import Mesh
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.ops import Op

GB200, H100 = catalogue()["gb200-192gb"], catalogue()["h100-80gb-sxm"]
JOB = Job(
    "qwen3-30b-a3b", phase="pretrain", precision="bf16", runtime="Megatron-LM", batch=1.0, seq_len=4096.0,
    n_gpus=8.0, tp=1.0, pp=1.0, options={"ep": "8", "global_batch": "64"},
)  # fmt: skip


def step(**options: str) -> dict[str, dict[str, float]]:
    """Seconds of a step by part, shown and hidden."""
    return breakdown(replace(JOB, options={**JOB.options, **options}), [GB200]).at(0, 0)


def test_a_step_in_a_graph_waits_for_no_host() -> None:
    # 48 layers of experts and 8 micro-batches.
    waits = 48 * 8 * section("training")["moe_host"]
    assert step()["host"]["seconds"] - step(cuda_graphs="full")["host"]["seconds"] > 0.5 * waits
    assert step(cuda_graphs="none") == step()


def test_graphs_of_routers_leave_a_third_of_the_wait() -> None:
    c, plain, full = section("training"), step(), step(cuda_graphs="full")
    waits = plain["host"]["seconds"] - full["host"]["seconds"]
    for graphs in ("partial", "partial on gb200-192gb", "partial on gb300-288gb, gb200-192gb"):
        left = step(cuda_graphs=graphs)["host"]["seconds"] - full["host"]["seconds"]
        assert left / waits == pytest.approx(c["moe_host_partial"] / c["moe_host"], rel=0.01)
    for elsewhere in ("partial on gb300-288gb", "full on gb300-288gb"):
        assert step(cuda_graphs=elsewhere) == plain
    assert step(cuda_graphs="full on gb200-192gb") == full


def test_automodels_host_knows_its_counts_within_microseconds() -> None:
    """DeepEP's host waits 35 us a layer, HybridEP saves 3.6 ms a step of 48: NeMo AutoModel's benchmark."""
    parts = {}
    for runtime in ("NeMo AutoModel TE DeepEP", "Megatron-LM DeepEP"):
        jobs = (
            replace(JOB, runtime=runtime, options={**JOB.options, "router": "balanced", "cuda_graphs": how})
            for how in ("none", "full")
        )
        waits, none = (breakdown(job, [H100]).at(0, 0)["host"]["seconds"] for job in jobs)
        parts[runtime] = waits - none
    own, megatrons = parts.values()
    assert own == pytest.approx(48 * 8 * 75e-6, rel=0.1)
    assert megatrons == pytest.approx(48 * 8 * section("training")["moe_host"], rel=0.1)


@pytest.mark.parametrize(
    ("runtime", "batch", "gpus", "published"),
    [
        ("NeMo AutoModel TE DeepEP", 4.0, 8.0, 12_211.0),
        ("NeMo AutoModel TE DeepEP", 2.0, 16.0, 11_096.0),
        ("NeMo AutoModel TE HybridEP", 4.0, 8.0, 12_885.0),
    ],
)
def test_automodel_trains_a_mixture_as_fast_as_published(
    runtime: str, batch: float, gpus: float, published: float
) -> None:
    """Qwen3 30B on H100, 4,096 tokens, all layers run again (docs/deepep_vs_hybridep_benchmark.md)."""
    options = {"ep": f"{gpus:g}", "global_batch": f"{16 * gpus:g}", "checkpointing": "full"}
    job = replace(JOB, runtime=runtime, batch=batch, n_gpus=gpus, options={**options, "sharding": "fsdp"})
    found = single(job, H100).throughput.mid / gpus
    assert found == pytest.approx(published, rel=0.08)


def test_the_wait_goes_with_the_root_of_the_number_of_experts() -> None:
    """128 of Qwen3 and 8 of Mixtral; per layer and micro-batch, with the experts dealt out as far."""

    def wait(workload: str, layers: int) -> float:
        jobs = (
            replace(JOB, workload=workload, options={**JOB.options, "cuda_graphs": how})
            for how in ("none", "full")
        )
        without, captured = (breakdown(job, [H100]).at(0, 0)["host"]["seconds"] for job in jobs)
        return (without - captured) / layers / 8

    c = section("training")
    many, few = wait("qwen3-30b-a3b", 48), wait("mixtral-8x7b", 32)
    assert few / many == pytest.approx((8 / 128) ** c["moe_host_power"], rel=0.02)


def test_nemos_recipe_of_mixtral_is_one_graph_on_blackwell_alone() -> None:
    """model_configs_{b200,h100}.csv of NeMo's scripts/performance; Megatron-Bridge has recipes of its own."""
    read = asked.read(replace(JOB, workload="mixtral-8x7b", runtime="NeMo 25.04"))
    assert read.job.options["cuda_graphs"] == "full on b200-180gb-sxm, gb200-192gb"
    for other in ("NeMo 24.09", "Megatron-Bridge NeMo 25.11"):
        assert (
            "cuda_graphs" not in asked.read(replace(JOB, workload="mixtral-8x7b", runtime=other)).job.options
        )


def test_recipes_have_graphs_of_routers_on_the_gpus_that_they_name() -> None:
    """Megatron-Bridge's of Qwen3 235B on GB200, and not on B200 or H100; those of an own release as text."""
    job = replace(JOB, workload="qwen3-235b-a22b", precision="mxfp8", runtime="Megatron-Bridge 26.04")
    read = asked.read(job)
    assert read.job.options["cuda_graphs"].startswith("partial on gb200-192gb")
    assert any("as in the recipes of 25.11 on" in one for one in read.said)
    own = asked.read(replace(job, options={**JOB.options, "cuda_graphs": "none"}))
    assert own.job.options["cuda_graphs"] == "none"
    assert "cuda_graphs" not in asked.read(replace(job, runtime="Megatron-Bridge 25.09")).job.options


def test_rows_of_an_expert_gain_nothing_twice_in_training() -> None:
    """Four times the tokens take three to four times as long: all of them fill tiles."""

    def busy(batch: float) -> float:
        parts = breakdown(replace(JOB, batch=batch, options={"ep": "8", "cuda_graphs": "full"}), [H100])
        return parts.at(0, 0)["forward"]["seconds"]

    assert 3.0 < busy(8.0) / busy(2.0) < 4.01


def test_overlapped_all_to_alls_hide_in_part_and_none_is_lost() -> None:
    plain, beside = step()["experts"], step(moe_overlap="true")["experts"]
    assert plain["hidden"] == 0.0
    assert beside["seconds"] == pytest.approx(section("training")["moe_exposed"] * plain["seconds"], rel=1e-6)
    assert sum(beside.values()) == pytest.approx(plain["seconds"], rel=1e-6)


def test_a_pipeline_s_schedule_leaves_a_part_of_its_bubble() -> None:
    """Of 8 stages 7 passes, a third of them, 3 x 2/3: DeepSeek-V3's report, table 2."""
    staged = replace(JOB, n_gpus=64.0, pp=8.0)

    jobs = [
        replace(staged, options={**JOB.options, "schedule": one})
        for one in ("1f1b", "zero-bubble", "DualPipe")
    ]
    assert [float(empty_slots(job, Mesh.of(job))) for job in jobs] == pytest.approx([7.0, 7 / 3, 2.0])
    plain, zero, both = (breakdown(job, [GB200]).at(0, 0) for job in jobs)
    assert plain["bubble"]["seconds"] > zero["bubble"]["seconds"] > both["bubble"]["seconds"]
    assert plain["experts"] == zero["experts"]
    assert both["experts"]["seconds"] == 0.0 < both["experts"]["hidden"]
    with pytest.raises(UsageError, match="'gpipe' is none of 1f1b, zero-bubble, dualpipe"):
        breakdown(replace(staged, options={**JOB.options, "schedule": "gpipe"}), [GB200])


@pytest.mark.parametrize(
    ("workload", "schedule"), [("deepseek-v3", "dualpipe"), ("deepseek-v2", "zero-bubble")]
)
def test_deepseek_s_own_trainer_has_the_schedule_of_its_reports(workload: str, schedule: str) -> None:
    own = replace(JOB, workload=workload, runtime="HAI-LLM", n_gpus=2048.0, pp=16.0)
    assert asked.read(own).job.options["schedule"] == schedule
    assert "schedule" not in asked.read(replace(own, runtime="Megatron-LM")).job.options


@pytest.mark.parametrize(
    ("runtime", "precision", "workload", "captured"),
    [
        ("Megatron-Bridge NeMo 26.06.01", "mxfp8", "qwen3-30b-a3b", True),
        ("Megatron-Bridge NeMo 26.04", "mxfp8", "qwen3-30b-a3b", False),
        ("Megatron-Bridge NeMo 26.06", "bf16", "qwen3-30b-a3b", False),
        ("Megatron-Bridge NeMo 26.08", "nvfp4", "nemotron-3-nano-30b-a3b", False),
        ("Megatron-LM", "mxfp8", "qwen3-30b-a3b", False),
    ],
)
def test_recipes_set_what_they_are_known_to(
    runtime: str, precision: str, workload: str, captured: bool
) -> None:
    job = replace(JOB, runtime=runtime, precision=precision, workload=workload)
    read = asked.read(job)
    assert (read.job.options.get("cuda_graphs") == "full") is captured
    assert any("cuda_graphs=full" in one for one in read.said) is captured
    # What the job states itself stays.
    own = asked.read(replace(job, options={**JOB.options, "cuda_graphs": "none", "moe_overlap": "false"}))
    assert own.job.options["cuda_graphs"] == "none"
    assert not own.said


@pytest.mark.parametrize(
    ("runtime", "workload", "tp", "again"),
    [
        ("NeMo AutoModel", "qwen2.5-32b", 2.0, True),
        ("NeMo AutoModel", "qwen2.5-32b", 1.0, False),
        ("NeMo AutoModel", "qwen2.5-14b", 2.0, False),
        ("Megatron-Bridge", "qwen2.5-32b", 2.0, False),
    ],
)
def test_automodel_s_benchmark_of_adapters_runs_layers_again(
    runtime: str, workload: str, tp: float, again: bool
) -> None:
    """custom_qwen2_5_32b_peft_benchmark.yaml sets `activation_checkpointing` and no `sequence_parallel`."""
    job = replace(JOB, runtime=runtime, workload=workload, phase="finetune_lora", n_gpus=8.0,
                  tp=tp, options={})  # fmt: skip
    read = asked.read(job)
    assert (read.job.options.get("checkpointing") == "early_stop") is again
    assert (read.job.options.get("sequence_parallel") == "false") is again


def test_experts_in_turn_lie_beside_each_other() -> None:
    """Two experts a GPU, four of them a token: on two GPUs of one machine, where the model's reaches 2.9.

    AutoModel's benchmark of GPT-OSS 120B over eight machines: 7,626 tokens/s a GPU published, 32 % more than
    was predicted.
    """
    over = replace(JOB, workload="gpt-oss-120b", n_gpus=64.0, batch=2.0, options={"ep": "64"},
                   runtime="Megatron-LM DeepEP")  # fmt: skip
    found = {
        one: breakdown(replace(over, options={"ep": "64", "router": one}), [H100]).at(0, 0) for one in ROUTERS
    }
    sent = {one: parts["experts"]["seconds"] for one, parts in found.items()}
    assert sent["balanced"] == pytest.approx(sent["model"])
    assert 0.25 < sent["consecutive"] / sent["model"] < 0.4
    # No GPU has more tokens than another.
    busy = {one: parts["forward"]["seconds"] for one, parts in found.items()}
    assert busy["consecutive"] == pytest.approx(busy["balanced"])
    assert 1.02 < busy["model"] / busy["balanced"] < 1.0 + section("links")["imbalance"]
    assert breakdown(over, [H100]).at(0, 0) == found["model"]
    with pytest.raises(UsageError, match="'even' is none of model, balanced, consecutive"):
        breakdown(replace(over, options={"ep": "64", "router": "even"}), [H100])


def sent_of_v3(job: Job, gpu: Gpu, layers: float) -> float:
    """Seconds of exchanges of DeepSeek V3's experts, less those of laying copies out in `layers` passes."""
    values = 2.0 * layers * 4096.0 * 8.0 * 7168.0
    laid_out = asked.read(job).runtime.lays_out * values / float(gpu.value("bandwidth") or 0.0)
    return float(breakdown(job, [gpu]).at(0, 0)["experts"]["seconds"]) - laid_out


def test_torchtitan_s_own_exchange_sends_each_copy_of_a_token() -> None:
    """Eight choices over four machines: six copies over the network, where 1.5 machines have some of them.

    Of DeepSeek V3 half of the groups of experts at most have a token's, so two machines, one of them its own
    at times; NVLink hands on what came while the network brings more.

    DeepSeek V3 on 256 B200 published: DeepEP makes 32 % more of it.
    """
    over = replace(
        JOB, workload="deepseek-v3", n_gpus=256.0, pp=8.0, options={"ep": "32", "global_batch": "2048"}
    )
    # Of 64 micro-batches, in 58 layers over eight stages.
    b200 = catalogue()["b200-180gb-sxm"]
    own, deep = (
        sent_of_v3(replace(over, runtime=one), b200, 64.0 * 58.0 / 8.0)
        for one in ("torchtitan", "torchtitan, DeepEP")
    )
    assert own / deep == pytest.approx(6.0 / 1.5, rel=0.01)
    within = replace(over, n_gpus=8.0, pp=1.0, options={"ep": "8", "global_batch": "8"}, runtime="torchtitan")
    near, least = (
        sent_of_v3(replace(within, runtime=one), H100, 58.0) for one in ("torchtitan", "torchtitan deepep")
    )
    # Of eight others' places seven are reached; 4.6 GPUs have one of the eight choices at least.
    assert near / least == pytest.approx(7.0 / (7.0 * (1.0 - (7.0 / 8.0) ** 8)), rel=0.02)


@pytest.mark.parametrize(
    ("workload", "runtime", "router"),
    [
        ("gpt-oss-120b", "NeMo AutoModel", "consecutive"),
        ("nemotron-3-nano-30b-a3b", "NeMo AutoModel", "consecutive"),
        ("llama-3.1-8b", "NeMo AutoModel", None),
        ("gpt-oss-120b", "Megatron-LM", None),
    ],
)  # fmt: skip
def test_automodel_s_benchmarks_choose_experts_in_turn(
    workload: str, runtime: str, router: str | None
) -> None:
    read = asked.read(replace(JOB, workload=workload, runtime=runtime, options={"global_batch": "64"}))
    assert read.job.options.get("router") == router
    assert any("router=consecutive: as in the recipes" in one for one in read.said) is (router is not None)
    own = replace(JOB, workload=workload, runtime=runtime, options={"router": "model"})
    assert asked.read(own).job.options["router"] == "model"


@pytest.mark.parametrize(
    ("workload", "runtime", "phase", "router"),
    [
        ("grok-1", "NeMo 25.04", "pretrain", "dropped"),
        ("mixtral-8x22b", "NeMo 25.02", "pretrain", "dropped"),
        ("llama-4-maverick", "NeMo 25.07", "pretrain", "dropped"),
        ("grok-1", "NeMo 24.09", "pretrain", None),
        ("grok-1", "Megatron-Bridge NeMo 26.04", "pretrain", None),
        ("grok-1", "Megatron-LM", "pretrain", None),
        ("mixtral-8x7b", "NeMo 25.02", "finetune_lora", None),
    ],
)  # fmt: skip
def test_nemo_s_benchmarks_drop_tokens_beyond_an_even_share(
    workload: str, runtime: str, phase: str, router: str | None
) -> None:
    read = asked.read(replace(JOB, workload=workload, runtime=runtime, phase=phase))
    assert read.job.options.get("router") == router
    assert any("router=dropped: as in the recipes of 25.02 on" in one for one in read.said) is (
        router is not None
    )
    own = replace(JOB, workload=workload, runtime=runtime, phase=phase, options={"router": "model"})
    assert asked.read(own).job.options["router"] == "model"


def test_an_even_share_of_tokens_makes_the_host_wait_for_nothing() -> None:
    """Where places that are left are padded, as NeMo's recipes and none of Megatron-LM's scripts have it.

    Qwen3 30B on 16 H800 with a capacity of 1 (Pai-Megatron-Patch): 6,325 and 6,244 tokens/s a GPU published,
    6,846 and 7,111 predicted, and 7,954 and 8,294 without a wait.
    """

    def padded(**options: str) -> dict[str, dict[str, float]]:
        own = replace(JOB, runtime="Megatron-LM --moe-pad-expert-input-to-capacity",
                      options={**JOB.options, **options})  # fmt: skip
        return breakdown(own, [GB200]).at(0, 0)

    dropped, balanced, captured = (
        padded(router="dropped"),
        padded(router="balanced"),
        padded(router="balanced", cuda_graphs="full"),
    )
    assert dropped == captured
    for part in ("forward", "backward"):
        assert dropped[part]["seconds"] == pytest.approx(balanced[part]["seconds"])
        assert dropped[part]["seconds"] < padded()[part]["seconds"]
    assert dropped["host"]["seconds"] < balanced["host"]["seconds"]
    assert step(router="dropped") == step(router="balanced") == balanced


def test_recipes_are_of_a_model_a_release_and_a_mesh() -> None:
    job = replace(JOB, runtime="Megatron-Bridge NeMo 26.04", workload="nemotron-3-super-120b-a12b")
    assert asked.read(job).job.options["mtp"] == "2"
    assert "mtp" not in asked.read(replace(job, runtime="Megatron-LM")).job.options
    cut = replace(JOB, runtime="Megatron-Bridge NeMo 25.11", workload="qwen3-235b-a22b", tp=2.0)
    assert asked.read(cut).job.options["moe_overlap"] == "true"
    assert "moe_overlap" not in asked.read(replace(cut, tp=1.0)).job.options


def test_predicted_tokens_are_runs_of_the_block_and_of_the_head() -> None:
    item = resolve("nemotron-3-super-120b-a12b")
    job = item.complete(Job(item.id, phase="pretrain", precision="bf16", batch=1.0, seq_len=512.0))
    plain, twice = (item.trace(replace(job, options=options)) for options in ({}, {"mtp": "2"}))

    def work(ops: tuple[Op, ...], layer: str) -> float:
        return sum(op.count * op.flops for op in ops if op.layer == layer)

    assert work(plain, "prediction.qkv") == 0.0
    assert work(twice, "prediction.qkv") == pytest.approx(2 * 2 * 512 * 4096 * (32 + 2 + 2) * 128)
    assert work(twice, "head.logits") == pytest.approx(3 * work(plain, "head.logits"))
    llama = resolve("llama-3.1-8b")
    other = llama.complete(replace(job, workload=llama.id, options={"mtp": "1"}))
    with pytest.raises(UsageError, match="no next-token-prediction block"):
        llama.trace(other)


def test_biased_experts_have_their_function_op_by_op_in_training_alone() -> None:
    def names(phase: str) -> set[str]:
        item = resolve("gpt-oss-20b")
        job = Job("gpt-oss-20b", phase=phase, precision="bf16", batch=1.0, seq_len=128.0, input_tokens=128.0)
        return {op.layer.rpartition(".")[2] for op in item.trace(item.complete(job))}

    assert {"up_bias", "down_bias", "clamp", "sigmoid"} <= names("pretrain")
    assert not {"up_bias", "clamp"} & names("prefill")


def test_a_chunked_mixer_keeps_the_state_of_every_chunk_in_memory() -> None:
    item = resolve("mamba2-2.7b")
    job = item.complete(Job("mamba2-2.7b", phase="prefill", precision="bf16", batch=1.0, input_tokens=4096.0))
    state = next(op for op in item.trace(job) if op.layer.endswith("attend.state"))
    d = item.dims
    each = d["state_heads"] * d["state_head_dim"] * d["state"] * 4.0
    # 32 chunks of 128 tokens, each state written twice; the result, and what the pass carries on.
    result = 4096 * d["state_heads"] * d["state_head_dim"] * 2.0
    assert float(state.write_bytes) == pytest.approx(2 * 32 * each + result + each, rel=0.01)
    assert state.dtype == "bf16"


def test_matrix_units_in_the_cores_of_a_gpu_speed_experts_up_as_they_do_all_else() -> None:
    """An M5 multiplies four times as fast as an M4; what tensor cores lose to small tiles is not Metal's."""
    job = Job("qwen3-30b-a3b", phase="prefill", precision="q4_k_m", runtime="llama.cpp", batch=1.0,
              input_tokens=512.0)  # fmt: skip
    old, new = (
        [single(replace(job, workload=workload), catalogue()[gpu]).throughput.mid for workload in MODELS]
        for gpu in ("apple-m4-max-40c", "apple-m5-max-40c")
    )
    gains = [after / before for before, after in zip(old, new, strict=True)]
    assert all(1.7 < gain < 3.0 for gain in gains)


#: With experts and without.
MODELS = ("qwen3-30b-a3b", "llama-3.1-8b")


B200 = catalogue()["b200-180gb-sxm"]


def gradients(ep: int, gpus: float = 64.0) -> float:
    """Seconds of the exchange of GPT-OSS 120B's gradients on B200 in machines of eight, all of it."""
    job = Job(
        "gpt-oss-120b", phase="pretrain", precision="bf16", runtime="Megatron-LM", batch=4.0, seq_len=4096.0,
        n_gpus=gpus, tp=1.0, pp=1.0, options={"ep": str(ep), "global_batch": "512"},
    )  # fmt: skip
    return sum(breakdown(job, [B200]).at(0, 0)["gradients"].values())


def test_gradients_of_experts_go_through_one_port_each() -> None:
    """Those of an eighth of the experts lie in eight machines, one GPU in each: no ring shares its ports.

    2 B a gradient and 2 B a weight of 114.7 B / 8 parameters, 7 / 8 of them, over 400 Gbit/s.
    """
    experts = 36 * 128 * 3 * 2880**2
    port = 0.95 * 50e9
    assert gradients(8) - gradients(64) > 7 / 8 * 4.0 * experts / 8 / port
    # In one machine they cross NVLink alone.
    assert gradients(4, 8.0) < 0.2 * gradients(8)


def test_a_run_whose_experts_are_exchanged_between_machines_takes_as_long_as_published() -> None:
    """GPT-OSS 120B on 64 B200 with the experts of each machine dealt out in it: 8,213 tokens/s a GPU.

    docs/performance-summary-archive.md of NVIDIA-NeMo/Megatron-Bridge, release 25.11, which no fit has seen;
    a ring through all ports has 15,300.
    """
    job = Job(
        "gpt-oss-120b", phase="pretrain", precision="bf16", runtime="Megatron-Bridge NeMo 25.11", batch=4.0,
        seq_len=4096.0, n_gpus=64.0, tp=1.0, pp=1.0, options={"ep": "8", "cp": "1", "global_batch": "512"},
    )  # fmt: skip
    found = single(job, B200).throughput
    assert found is not None
    assert found.mid / 64.0 == pytest.approx(8213, rel=0.15)


def test_int4_leaves_layers_beside_experts_wide_in_kimi_s_releases_alone():
    """Model card of Llama 4 Scout: one H100 in INT4. Kimi K2.5 comes with attention in 16 bits."""
    h100 = catalogue()["h100-80gb-sxm"]
    scout = single(Job("llama-4-scout", phase="serve", precision="int4", runtime="vllm"), h100)
    assert scout.fits
    dense = single(Job("qwen3-8b", phase="serve", precision="int4", runtime="vllm"), h100)
    kimi = single(Job("kimi-k2.5", phase="serve", precision="int4", runtime="vllm", n_gpus=8.0, tp=8.0), h100)
    assert [found.job.precision for found in (scout, dense, kimi)] == ["w4a16-layers", "int4", "int4"]


def test_where_all_experts_compute_all_tokens_each_token_is_theirs() -> None:
    """`Llama4TextMoe` of Transformers repeats tokens for every expert; what it wastes is not the model's."""
    scout = Job(
        "llama-4-scout", phase="finetune_qlora", precision="nf4", runtime="Transformers", batch=1.0,
        seq_len=4096.0, n_gpus=1.0, options={"checkpointing": "full"},
    )  # fmt: skip
    top, every = (
        breakdown(replace(scout, options={**scout.options, "router": name}), [H100])
        for name in ("balanced", "all")
    )
    assert every.at(0, 0)["forward"]["seconds"] > 2.5 * top.at(0, 0)["forward"]["seconds"]
    assert every.ideal == pytest.approx(top.ideal, rel=0.02)
    taken = breakdown(scout, [H100])
    assert taken.step == pytest.approx(every.step)
    assert breakdown(replace(scout, runtime="Unsloth"), [H100]).step < 0.6 * every.step


def test_a_dense_model_has_nothing_for_all_experts_to_compute() -> None:
    dense = replace(JOB, workload="llama-3-8b", options={"global_batch": "64"})
    said = replace(dense, options={**dense.options, "router": "all"})
    assert breakdown(said, [GB200]).step == pytest.approx(breakdown(dense, [GB200]).step)
