"""Many GPUs on one job: limits that hold whatever the coefficients are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from whichgpu.cost import placing
from whichgpu.cost.breakdown import breakdown
from whichgpu.cost.coefficients import section
from whichgpu.cost.device import Devices
from whichgpu.cost.distributed import unevenness
from whichgpu.cost.estimate import Estimates, estimate
from whichgpu.cost.infeasible import single
from whichgpu.cost.jobs import predict_rows, read_job
from whichgpu.cost.layout import lay_out
from whichgpu.cost.links import large, node_size, spread_link
from whichgpu.cost.memory import stage_weight_bytes
from whichgpu.cost.parallel import shard
from whichgpu.cost.pipeline import fill
from whichgpu.cost.placing import placed
from whichgpu.cost.refit import measured_rows
from whichgpu.cost.runtime import runtimes
from whichgpu.cost.spread import erring_as
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.names import resolve as resolve_gpu
from whichgpu.workloads.job import Job, resolution
from whichgpu.workloads.ops import stored_weight_bytes
from whichgpu.workloads.workload import resolve

GPUS = catalogue()
LLAMA_CPP = Job("llama-3-8b", phase="decode", precision="q4_k_m", runtime="llama.cpp", batch=1.0,
                input_tokens=0.0, output_tokens=512.0)  # fmt: skip
PROMPT = replace(LLAMA_CPP, phase="prefill", output_tokens=0.0)


def run(job: Job, gpu: str = "rtx-3090") -> Estimates:
    return estimate(job, [GPUS[gpu]])


# Layers split over GPUs


def test_one_stage_is_one_gpu_exactly() -> None:
    for job in (LLAMA_CPP, replace(PROMPT, input_tokens=4096.0), replace(LLAMA_CPP, phase="generate")):
        alone, staged = run(job), run(replace(job, n_gpus=1.0, pp=1.0))
        assert np.array_equal(alone.seconds, staged.seconds)
        assert np.array_equal(alone.required, staged.required)


def test_a_layer_split_divides_memory_and_speeds_nothing_up() -> None:
    stages = np.array([1.0, 2.0, 4.0, 8.0])
    found = run(replace(LLAMA_CPP, n_gpus=stages))
    assert np.all(np.diff(found.seconds[0]) > 0)
    assert np.all(np.diff(found.required[0]) < 0)
    each = found.seconds[0] - found.seconds[0, 0]
    # A workload's own factor stands on the whole time, boundaries included.
    assert each == pytest.approx(each[1] * (stages - 1))
    assert each[1] == pytest.approx(512 * section("pipeline")["boundary"], rel=0.3)


def test_a_prompt_of_one_micro_batch_gains_nothing_and_a_long_one_at_most_its_stages() -> None:
    stack = runtimes()["llama-cpp"]
    assert fill(512.0, 4.0, stack) == 1.0
    assert fill(4096.0, 4.0, stack) == pytest.approx(7 / 16)
    assert fill(4096.0, 1.0, stack) == 1.0
    assert fill(4096.0, 4.0, runtimes()["pytorch-2"]) == 1.0
    short, long = (
        run(replace(PROMPT, input_tokens=tokens, n_gpus=np.array([1.0, 4.0]))) for tokens in (512.0, 4096.0)
    )
    assert short.seconds[0, 1] >= short.seconds[0, 0]
    assert 1 < long.seconds[0, 0] / long.seconds[0, 1] < 4


def test_generating_is_a_prompt_and_its_tokens_on_several_stages_too() -> None:
    both = replace(LLAMA_CPP, phase="generate", input_tokens=2048.0, output_tokens=129.0, n_gpus=4.0)
    parts = (replace(both, phase="prefill"), replace(both, phase="decode", output_tokens=128.0))
    assert run(both).seconds[0, 0] == pytest.approx(sum(run(p).seconds[0, 0] for p in parts), rel=0.01)


def test_a_sweep_over_stages_equals_its_single_jobs() -> None:
    sweep = run(replace(PROMPT, input_tokens=4096.0, n_gpus=np.array([1.0, 2.0, 6.0])))
    for j, gpus in enumerate((1.0, 2.0, 6.0)):
        alone = run(replace(PROMPT, input_tokens=4096.0, n_gpus=gpus))
        assert alone.seconds[0, 0] == pytest.approx(sweep.seconds[0, j], rel=1e-12)
        assert alone.required[0, 0] == pytest.approx(sweep.required[0, j], rel=1e-12)


def test_several_gpus_share_layers_out_where_the_runtime_does_so_unasked() -> None:
    job = replace(LLAMA_CPP, workload="llama-3-70b", precision="f16")
    assert run(replace(job, n_gpus=8.0)).fits[0, 0]
    assert not run(replace(job, n_gpus=2.0)).fits[0, 0]
    gpu = GPUS["rtx-3090"]
    assert single(placed(job, 8, gpu), gpu).job.tp == 1.0
    assert single(placed(Job("llama-3-8b"), 2, gpu), gpu).job.tp == 2.0


def test_the_stages_hold_the_whole_model_and_the_fullest_one_end_of_it() -> None:
    model = resolve("llama-3-8b")
    ops = model.trace(model.complete(Job("llama-3-8b", phase="prefill", precision="fp16")))
    whole = stored_weight_bytes(ops)
    assert stage_weight_bytes(ops, 1.0) == whole
    halves = stage_weight_bytes(ops, 2.0)
    assert whole / 2 < halves < whole * 0.55
    assert np.array_equal(stage_weight_bytes(ops, np.array([1.0, 2.0])), [whole, halves])


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (replace(LLAMA_CPP, pp=64.0, n_gpus=64.0), "32 layers"),
        (replace(LLAMA_CPP, pp=4.0, n_gpus=2.0), "n_gpus=2"),
        (replace(LLAMA_CPP, pp=2.0, tp=2.0, n_gpus=2.0), "tp=2 times pp=2"),
        (Job("llama-2-7b", phase="serve", tp=2.0, n_gpus=3.0), "use 2 or 4 GPUs"),
        (Job("llama-2-7b", phase="train", pp=8.0, n_gpus=8.0, options={"vp": "5"}), "use vp=4 or less"),
    ],
)
def test_a_mesh_that_cannot_be_is_refused_with_what_binds(job: Job, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        run(job)


# What used to be refused and runs


def test_a_resolution_may_carry_a_remark() -> None:
    assert resolution("224x224 (tf_cnn alexnet 224 crop)") == (224.0, 224.0)
    assert resolution("512") == (512.0, 512.0)
    for text in ("224x", "big", "224 224", "1x2x3", ""):
        with pytest.raises(UsageError, match="not a resolution"):
            resolution(text)


def test_fp4_weights_run_weight_only_on_a_gpu_without_fp4_units_and_fp8_maths_does_not() -> None:
    narrow = single(Job("gpt-oss-20b", precision="nvfp4"), GPUS["h100-80gb-sxm"])
    wide = single(Job("gpt-oss-20b", precision="bf16"), GPUS["h100-80gb-sxm"])
    assert narrow.memory["weights"] < 0.5 * wide.memory["weights"]
    assert any("no FP4 units: products run in BF16" in said for said in narrow.warnings)
    own = single(Job("gpt-oss-20b", precision="nvfp4"), GPUS["b200-180gb-sxm"])
    assert not any("FP4" in said for said in own.warnings)
    for job in (Job("llama-2-7b", precision="fp8"), Job("llama-2-7b", phase="pretrain", precision="nvfp4")):
        with pytest.raises(UsageError, match="a100-80gb-sxm has no FP"):
            single(job, GPUS["a100-80gb-sxm"])


def test_fp8_weights_are_offered_where_an_engine_widens_them() -> None:
    a100, h100 = GPUS["a100-80gb-sxm"], GPUS["h100-80gb-sxm"]
    asked = Job("llama-2-7b", phase="serve", concurrency=4.0, precision="fp8")
    with pytest.raises(UsageError, match="16 bits: use --precision fp8-w8a16"):
        single(asked, a100)
    with pytest.raises(UsageError, match="SGLang has no FP8"):
        single(replace(asked, runtime="sglang"), a100)
    narrow, wide = (single(replace(asked, precision=name), a100) for name in ("fp8-marlin", "fp16"))
    assert 0.5 < narrow.memory["weights"] / wide.memory["weights"] < 0.54
    assert narrow.throughput.mid > 1.3 * wide.throughput.mid
    assert single(asked, h100).throughput.mid > 0.0


def test_ollama_loads_four_bits_unless_it_is_told_otherwise() -> None:
    told = single(Job("llama-3.1-8b", phase="generate", runtime="Ollama"), GPUS["rtx-4070-ti"])
    assert told.job.precision == "q4_k_m"
    assert any("what ollama loads" in said for said in told.warnings)
    wide = single(Job("llama-3.1-8b", phase="generate", runtime="llama.cpp"), GPUS["rtx-4090"])
    assert wide.job.precision == "fp16"
    own = Job("llama-3.1-8b", phase="generate", runtime="ollama", precision="q8_0")
    assert single(own, GPUS["rtx-4090"]).job.precision == "q8_0"


def test_a_request_longer_than_the_model_is_refused_or_told_what_it_takes() -> None:
    with pytest.raises(UsageError, match="1024 positions"):
        run(Job("gpt2", phase="serve", concurrency=1.0, input_tokens=2000.0))
    job = Job("llama-2-7b", phase="serve", concurrency=1.0, input_tokens=7936.0)
    long = single(job, GPUS["a100-80gb-sxm"])
    assert any("YaRN by a factor of 2," in said for said in long.warnings)


def test_mixtures_of_experts_have_widths_of_their_own_in_training() -> None:
    def group(workload: str, phase: str) -> str:
        return erring_as(lay_out(Job(workload, phase=phase, precision="bf16"), [GPUS["h100-80gb-sxm"]]))

    assert group("mixtral-8x7b", "pretrain") == "decoder train, experts"
    assert group("llama-2-7b", "pretrain") == "decoder train"
    assert group("mixtral-8x7b", "serve") == "decoder serve"


def test_a_table_of_positions_is_learned_as_long_as_a_pretraining_needs_it() -> None:
    job = Job("mpt-1b", phase="pretrain", seq_len=8192.0, batch=1.0)
    assert any("positions" in said for said in run(job, "h100-80gb-sxm").at(0, 0).warnings)
    assert not any("positions" in said for said in run(replace(job, seq_len=2048.0)).at(0, 0).warnings)
    for longer in (replace(job, phase="finetune_full"), Job("mpt-1b", phase="prefill", input_tokens=8192.0)):
        with pytest.raises(UsageError, match="positions"):
            run(longer)


# Serving

SERVE = Job("llama-3.1-8b", phase="serve", precision="fp16", runtime="vllm", input_tokens=1024.0,
            output_tokens=256.0)  # fmt: skip
LOADS = np.array([1.0, 2.0, 8.0, 32.0, 128.0])


def test_requests_in_flight_are_rate_times_time_in_the_system() -> None:
    """Little's law: what a closed loop of requests gets is never more than requests over latency."""
    found = run(replace(SERVE, concurrency=LOADS), "h100-80gb-sxm")
    in_system = found.throughput[0] / 256.0 * found.latency[0]
    assert np.all(in_system <= LOADS * 1.02 + found.throughput[0] / 256.0 * 0.05)
    assert np.all(in_system > 0.5 * LOADS)


def test_every_prompt_is_paid_for_once() -> None:
    found = run(replace(SERVE, concurrency=LOADS), "h100-80gb-sxm")
    alone = run(replace(SERVE, phase="prefill", output_tokens=0.0), "h100-80gb-sxm").seconds[0, 0]
    prompts = found.throughput[0] / 256.0 * alone
    assert np.all(prompts < 1.0)
    assert np.all(np.diff(prompts) > 0)


def test_more_load_is_slower_for_each_and_more_for_all() -> None:
    found = run(replace(SERVE, concurrency=LOADS), "h100-80gb-sxm")
    assert found.first_token is not None
    assert np.all(np.diff(found.seconds[0]) > 0)
    assert np.all(np.diff(found.first_token[0]) > 0)
    assert np.all(np.diff(found.throughput[0]) > 0)
    full = run(SERVE, "h100-80gb-sxm")
    assert found.throughput[0, -1] < 1.1 * full.throughput[0, 0]


def test_a_request_alone_waits_for_its_own_prompt_only() -> None:
    short, long = (
        single(replace(SERVE, concurrency=1.0, input_tokens=tokens), GPUS["h100-80gb-sxm"])
        for tokens in (512.0, 8192.0)
    )
    assert short.tpot is not None
    assert short.ttft is not None
    assert long.tpot is not None
    assert long.ttft is not None
    # Nobody interrupts: a longer prompt costs a token no more than a longer cache.
    assert long.tpot.mid < 1.3 * short.tpot.mid
    assert long.ttft.mid > 3 * short.ttft.mid
    assert long.latency.mid == pytest.approx(long.ttft.mid + 255 * long.tpot.mid)


def test_prompts_of_others_interrupt_a_stream_of_tokens() -> None:
    waits = run(
        replace(SERVE, concurrency=32.0, input_tokens=np.array([128.0, 8192.0])), "h100-80gb-sxm"
    ).seconds[0]
    assert waits[1] > 2 * waits[0]


def test_more_requests_than_fit_is_said_and_makes_the_first_token_late() -> None:
    few, many = (single(replace(SERVE, concurrency=n), GPUS["rtx-4090"]) for n in (8.0, 1000.0))
    assert not any("over capacity" in said for said in few.warnings)
    assert any("over capacity" in said for said in many.warnings)
    assert few.ttft is not None
    assert many.ttft is not None
    assert many.ttft.mid > 10 * few.ttft.mid
    assert many.throughput.mid == pytest.approx(
        single(replace(SERVE, concurrency=many.sequences), GPUS["rtx-4090"]).throughput.mid
    )


def test_pipeline_stages_read_the_weights_once_each_micro_batch() -> None:
    big = replace(SERVE, workload="llama-3.1-70b", n_gpus=4.0, concurrency=16.0)
    wide, deep = (run(replace(big, **how), "h100-80gb-sxm") for how in ({"tp": 4.0}, {"tp": 1.0, "pp": 4.0}))
    # Stages take turns: a token waits for all of them, so few requests are served more slowly.
    assert deep.seconds[0, 0] > 2 * wide.seconds[0, 0]
    assert deep.parts["weights"][0, 0] == pytest.approx(wide.parts["weights"][0, 0], rel=0.06)
    one = replace(SERVE, concurrency=8.0)
    assert np.array_equal(run(one).seconds, run(replace(one, pp=1.0, tp=1.0, n_gpus=1.0)).seconds)


def test_experts_dealt_out_or_cut_hold_the_same_and_data_parallel_attention_spreads_the_cache() -> None:
    job = Job("deepseek-r1", precision="fp8", runtime="sglang", n_gpus=8.0, input_tokens=8192.0,
              output_tokens=1024.0)  # fmt: skip
    meshes = {
        "cut": {"moe_tp": "8", "ep": "1"}, "dealt": {"moe_tp": "1", "ep": "8"},
        "groups": {"attention_dp": "8", "ep": "8"},
    }  # fmt: skip
    found = {
        name: run(replace(job, tp=1.0 if name == "groups" else 8.0, options=options), "h200-141gb-sxm")
        for name, options in meshes.items()
    }
    weights = {name: float(one.parts["weights"][0, 0]) for name, one in found.items()}
    assert weights["cut"] == pytest.approx(weights["dealt"])
    assert weights["groups"] > weights["dealt"]
    # A latent cache is held whole by every tensor-parallel GPU, and once by each group.
    assert found["groups"].sequences[0, 0] > 3 * found["cut"].sequences[0, 0]
    assert not any("not modelled" in said for said in found["groups"].warnings())


def test_groups_of_attention_exchange_tokens_at_experts_that_are_cut_as_at_those_dealt_out() -> None:
    job = Job("mixtral-8x22b", phase="serve", precision="fp8", n_gpus=8.0, tp=1.0, pp=1.0, concurrency=64.0)
    cut, dealt = (
        lay_out(single(replace(job, options=options), GPUS["h100-80gb-sxm"]).job, [GPUS["h100-80gb-sxm"]])
        for options in ({"attention_dp": "8"}, {"attention_dp": "8", "ep": "8"})
    )
    assert cut.serving is not None
    assert dealt.serving is not None
    assert np.all(dealt.serving.links > 0.0)
    assert np.array_equal(cut.serving.links, dealt.serving.links)
    assert cut.parts["communication"] == dealt.parts["communication"] > 0.0


@pytest.mark.parametrize(
    ("options", "words"),
    [({"ep": "16"}, "more than the 8 GPUs"), ({"ep": "512"}, "256 experts"), ({"attention_dp": "2"}, "tp=8")],
)
def test_experts_on_more_gpus_than_there_are_is_refused(options: dict[str, str], words: str) -> None:
    job = Job("deepseek-r1", precision="fp8", runtime="sglang", n_gpus=8.0, tp=8.0, options=options)
    with pytest.raises(UsageError, match=words):
        run(job, "h200-141gb-sxm")


# Training

TRAIN = Job("llama-3-8b", phase="pretrain", precision="bf16", runtime="megatron", batch=1.0, seq_len=4096.0)
H100 = "h100-80gb-sxm"


def rates(job: Job, *options: dict[str, str], gpu: str = H100) -> list[float]:
    """Tokens/s of a job with each of several options."""
    return [float(run(replace(job, options=each), gpu).throughput[0, 0]) for each in options]


def test_one_gpu_trains_the_same_however_it_is_asked() -> None:
    alone = run(TRAIN, H100)
    for options in ({"sharding": "fsdp"}, {"sharding": "zero1"}, {"cp": "1", "vp": "4", "ep": "1"}):
        asked = run(replace(TRAIN, n_gpus=1.0, tp=1.0, pp=1.0, options=options), H100)
        assert asked.seconds[0, 0] == pytest.approx(alone.seconds[0, 0], rel=1e-12)


def test_a_pipeline_of_one_micro_batch_gains_nothing_and_says_so() -> None:
    staged = replace(TRAIN, pp=4.0, n_gpus=4.0)
    found = run(staged, H100)
    # But the update, of which each stage does its own part, and the slowest of four.
    work, alone = (
        float(parts.step[0, 0] - parts.parts["optimizer"][0, 0] - parts.parts["stragglers"][0, 0])
        for parts in (breakdown(staged, [GPUS[H100]]), breakdown(TRAIN, [GPUS[H100]]))
    )
    assert work == pytest.approx(alone, rel=0.01)
    assert any("one micro-batch" in said for said in found.at(0, 0).warnings)


def test_the_bubble_is_stages_less_one_over_micro_batches_and_chunks() -> None:
    # The head of Llama 2 13B is worth half a layer: the last of eight stages is hardly the fullest.
    job = replace(TRAIN, workload="llama-2-13b", pp=8.0, n_gpus=8.0)
    few, many, chunks = rates(job, {"grad_accum": "8"}, {"grad_accum": "64"}, {"grad_accum": "8", "vp": "5"})
    # The update once a step apart, a step has m + (pp - 1) / vp slots.
    assert many / few == pytest.approx((64 / 71) / (8 / 15), rel=0.03)
    assert chunks / few == pytest.approx((8 / 9.4) / (8 / 15), rel=0.03)


def test_some_runtimes_put_a_batch_through_a_pipeline_one_sequence_at_a_time() -> None:
    job = replace(TRAIN, n_gpus=16.0, pp=4.0, batch=16.0, runtime="torchtitan")
    # Sharded weights would be gathered for each sequence.
    (whole,) = rates(job, {"sharding": "zero1"})
    (stated,) = rates(replace(job, batch=1.0), {"grad_accum": "16", "sharding": "zero1"})
    assert whole == pytest.approx(stated)
    (alone,) = rates(replace(job, pp=1.0), {"sharding": "zero1"})
    # 3 of 19 slots are the bubble's; without stages a batch is one pass.
    # Passing maps on takes the rest.
    assert 0.8 * 16 / 19 < whole / alone < 16 / 19
    assert not any("one micro-batch" in said for said in run(job, H100).at(0, 0).warnings)
    sweep = run(replace(job, batch=np.array([1.0, 16.0]), options={"sharding": "zero1"}), H100)
    assert sweep.throughput[0, 1] == pytest.approx(whole)


def test_float8_puts_the_products_of_a_training_in_fp8_where_the_gpu_can() -> None:
    # Many passes an update: what FP32 states cost beside BF16 ones is not the point.
    many = {"grad_accum": "32"}
    plain, off, on, recipe = rates(
        TRAIN, many, {**many, "float8": "no"}, {**many, "float8": "True"}, {**many, "float8": "tensorwise"}
    )
    assert plain == off
    assert on == recipe > 1.2 * plain
    (stated,) = rates(replace(TRAIN, precision="amp-fp8"), many)
    assert on == stated
    refused = run(replace(TRAIN, options={"float8": "True"}), "a100-80gb-sxm").refusals
    assert "FP8" in refused[0]


def test_a_global_batch_is_micro_batches_of_all_replicas() -> None:
    job = replace(TRAIN, n_gpus=8.0, pp=2.0)
    stated, counted = rates(job, {"global_batch": "64"}, {"grad_accum": "16"})
    assert stated == counted
    with pytest.raises(UsageError, match="global_batch=4"):
        run(replace(job, options={"global_batch": "2"}), H100)


@pytest.mark.parametrize("options", [{}, {"sharding": "fsdp"}, {"sharding": "zero1"}])
def test_more_gpus_are_faster_together_and_slower_each(options: dict[str, str]) -> None:
    counts = np.array([1.0, 2.0, 4.0, 8.0, 64.0, 512.0])
    found = run(replace(TRAIN, n_gpus=counts, runtime="pytorch-2", options=options), H100)
    assert np.all(np.diff(found.throughput[0]) > 0)
    each = found.throughput[0] / counts
    # The second GPU takes half of a sharded update over; nothing else is gained.
    assert np.all(np.diff(each[1:]) < 0)
    assert each[1] < each[0] * (1.02 if options else 1.0)


def test_accumulating_gradients_hides_their_exchange() -> None:
    job = replace(TRAIN, n_gpus=8.0, runtime="pytorch-2")
    once, often = rates(job, {"grad_accum": "1"}, {"grad_accum": "16"}, gpu="rtx-4090")
    assert often > 1.2 * once


def test_sharding_divides_what_its_level_says() -> None:
    job = replace(TRAIN, n_gpus=8.0, runtime="pytorch-2")
    added = {"grad_accum": "2"}
    parts = {
        level: {
            name: float(part[0, 0]) for name, part in run(replace(job, options=added | o), H100).parts.items()
        }
        for level, o in enumerate([{}, {"sharding": "zero1"}, {"sharding": "zero2"}, {"sharding": "zero3"}])
    }
    for name, first in (("optimizer", 1), ("gradients", 2), ("weights", 3)):
        for level, found in parts.items():
            share = 8.0 if level >= first else 1.0
            assert found[name] == pytest.approx(parts[0][name] / share), (name, level)
    assert parts[3]["gathered_layers"] > 0
    with pytest.raises(UsageError, match="sharding"):
        run(replace(job, options={"sharding": "some"}), H100)


def test_the_wide_weights_of_mixed_precision_belong_to_the_optimizer() -> None:
    job = replace(TRAIN, n_gpus=8.0, runtime="pytorch-2", precision="amp-bf16")
    plain, first, third = (run(replace(job, options={"grad_accum": "2", **o}), H100).parts
                           for o in ({}, {"sharding": "zero1"}, {"sharding": "zero3"}))  # fmt: skip
    parameters = plain["weights"][0, 0] / 4
    assert first["weights"][0, 0] == pytest.approx(4 * parameters / 8)
    # Gradient and the 16-bit copy stay whole until they are sharded.
    assert first["gradients"][0, 0] == plain["gradients"][0, 0] == pytest.approx(6 * parameters)
    # Whose shards are gathered keeps no 16-bit copy of them: 4 + 4 + 8 bytes over the ranks.
    assert third["gradients"][0, 0] == pytest.approx(4 * parameters / 8)
    kept = sum(third[name][0, 0] for name in ("weights", "gradients", "optimizer"))
    assert kept == pytest.approx(16 * parameters / 8)


def test_runs_that_were_published_are_found_to_fit() -> None:
    """Of the runs of llm-foundry and Megatron; those whose checkpointing is not known may fail."""
    found = [
        bool(estimate(read_job(row), [resolve_gpu(row["gpu"], GPUS)]).fits[0, 0])
        for row in measured_rows()
        if row["source"].startswith(("mosaicml", "NVIDIA-NeMo", "NVIDIA/Megatron-LM"))
        and "nemotron-3-5" not in row["workload"]
        and "nemotron-3-ultra" not in row["workload"]
    ]  # fmt: skip
    assert len(found) > 240
    assert sum(found) / len(found) > 0.93


def test_stages_and_tensor_parallel_gpus_hold_their_part() -> None:
    whole = run(TRAIN, H100)
    stage = run(replace(TRAIN, pp=4.0, n_gpus=4.0, options={"grad_accum": "16"}), H100)
    wide = run(replace(TRAIN, tp=4.0, n_gpus=4.0), H100)
    # Of 8.03 billion parameters a quarter of the layers', and the table of tokens at one end.
    table = 128_256 * 4096
    held = (8_030_261_248 - 2 * table) / 4 + table
    for name in ("gradients", "optimizer"):
        each = whole.parts[name][0, 0] / 8_030_261_248
        assert stage.parts[name][0, 0] == pytest.approx(each * held, rel=1e-5)
        assert wide.parts[name][0, 0] == pytest.approx(whole.parts[name][0, 0] / 4, rel=0.02)
    # With as many micro-batches in flight as stages the first keeps as much as one GPU would.
    assert stage.parts["activations"][0, 0] == pytest.approx(whole.parts["activations"][0, 0])
    assert wide.parts["activations"][0, 0] == pytest.approx(whole.parts["activations"][0, 0] / 4)


def test_experts_over_replicas_do_the_work_of_all_of_them() -> None:
    job = replace(TRAIN, workload="qwen3-30b-a3b", n_gpus=8.0)
    dealt, kept = (run(replace(job, options={"ep": ep}), H100) for ep in ("8", "1"))
    assert dealt.parts["gradients"][0, 0] < 0.25 * kept.parts["gradients"][0, 0]
    # ZeRO keeps a state once, whether ranks share out all experts or have their own.
    assert dealt.parts["optimizer"][0, 0] == pytest.approx(kept.parts["optimizer"][0, 0], rel=1e-6)
    # Each GPU has an eighth of the experts and the tokens of eight replicas: as many FLOPs as before.
    assert dealt.timing.work[0, 0] == pytest.approx(kept.timing.work[0, 0], rel=0.2)
    assert dealt.timing.communication[0, 0] > kept.timing.communication[0, 0]
    far = run(replace(job, n_gpus=64.0, options={"ep": "64"}), H100)
    assert far.timing.communication[0, 0] > 1.5 * dealt.timing.communication[0, 0]
    near = run(replace(job, n_gpus=64.0, options={"ep": "64"}), "gb200-192gb")
    assert near.timing.communication[0, 0] < 0.5 * far.timing.communication[0, 0]


def test_a_ring_beyond_a_node_uses_every_port_of_it() -> None:
    devices = Devices.of([GPUS[H100], GPUS["gb200-192gb"], GPUS["rtx-4090"]])
    assert node_size(devices)[:, 0].tolist() == [8.0, 72.0, 8.0]
    inside, beyond, alone = (
        spread_link(devices, span, apart)[:, 0] for span, apart in ((8, 1), (64, 1), (64, 8))
    )
    assert np.all(inside >= beyond)
    assert beyond[0] > 4 * alone[0]
    assert inside[1] == beyond[1]


def test_a_fit_tells_links_apart_by_how_far_they_reach() -> None:
    gpus = [GPUS[H100], GPUS["rtx-3090"]]
    switched, alone = Devices.of(gpus).traits
    _, cabled = Devices.of(gpus, joined_by="bridge").traits
    broken, _ = Devices.of(gpus, joined_by="none").traits
    assert [switched.link(gpus) for gpus in (2.0, 8.0, 16.0)] == ["nvlink", "nvlink", "network"]
    assert [cabled.link(gpus) for gpus in (2.0, 8.0, 16.0)] == ["nvlink", "pcie4-staged", "network"]
    assert [alone.link(gpus) for gpus in (2.0, 8.0, 16.0)] == ["pcie4-staged", "pcie4-staged", "network"]
    assert "nvlink" not in {broken.link(gpus) for gpus in (2.0, 8.0, 16.0)}
    assert broken.link(8.0) == "pcie5-staged"  # a virtual machine without NVLink has no peer-to-peer copies
    assert Devices.of(gpus).staged.tolist() == [[False], [True]]


@pytest.mark.parametrize(
    ("text", "number", "size"),
    [
        ("tf_cnn_benchmarks", "fp16", 2.0),
        ("tf_cnn_benchmarks", "fp32", 4.0),
        ("PyTorch 1.x NGC 20.10", "fp16", 2.0),
        ("PyTorch 1.x NGC 20.10", "amp-fp16", 2.0),
        ("PyTorch 2", "amp-bf16", 4.0),
        ("PyTorch 2", "bf16", 2.0),
        ("llm-foundry", "bf16", 4.0),
    ],
)
def test_gradients_are_as_wide_as_weights_or_what_a_runtime_sends(
    text: str, number: str, size: float
) -> None:
    workload = "llama-2-7b" if text == "llm-foundry" else "resnet50"
    options = {"sharding": "none"}
    job = Job(workload, "train", number, batch=4.0, n_gpus=4.0, runtime=text, options=options)
    step = lay_out(job, [GPUS["rtx-3090"]]).gradients
    assert step is not None
    assert np.ravel(step.exchanged)[0] / np.ravel(step.held)[0] == pytest.approx(size, rel=1e-6)


def test_cards_have_a_bridge_where_the_job_says_so() -> None:
    job = Job("bert-large", phase="train", precision="fp16", batch=16.0, n_gpus=2.0)
    plain, bridged = (
        run(replace(job, options=options), "rtx-3090").seconds[0, 0] for options in ({}, {"nvlink": "bridge"})
    )
    assert bridged < 0.8 * plain
    with pytest.raises(UsageError, match=r"'maybe' is not bridge, none or host"):
        run(replace(job, options={"nvlink": "maybe"}), "rtx-3090")
    joined, cut = (
        run(replace(job, options=options), H100).seconds[0, 0] for options in ({}, {"nvlink": "none"})
    )
    assert joined < cut


@pytest.mark.parametrize(
    ("gpu", "slower"), [("rtx-a6000", True), ("rtx-4090", False), ("h100-80gb-sxm", True)]
)
def test_copies_between_gpus_may_be_off(gpu: str, slower: bool) -> None:
    """NCCL_P2P_DISABLE=1: professional cards go through the host's memory then, as GeForce does anyway."""
    job = Job("bert-large", phase="train", precision="fp16", batch=16.0, n_gpus=2.0)
    plain, off = (
        run(replace(job, options=options), gpu).seconds[0, 0] for options in ({}, {"nvlink": "host"})
    )
    assert off > 1.05 * plain if slower else off == plain


def test_replicas_that_exchange_nothing_are_as_many_single_ones() -> None:
    job = Job("bert-large", phase="train", precision="fp16", batch=16.0, n_gpus=8.0, runtime="PyTorch 2")
    free, alone = (
        run(replace(job, options=options), "rtx-3090").seconds[0, 0] for options in ({}, {"exchange": "none"})
    )
    assert alone == pytest.approx(run(replace(job, n_gpus=1.0), "rtx-3090").seconds[0, 0], rel=1e-6)
    assert alone < 0.9 * free
    with pytest.raises(UsageError, match="option exchange"):
        run(replace(job, options={"exchange": "all"}), "rtx-3090")


def test_recomputing_activations_costs_time_and_frees_memory() -> None:
    free, full = (run(replace(TRAIN, options=o), H100) for o in ({}, {"checkpointing": "full"}))
    assert 1.15 < full.seconds[0, 0] / free.seconds[0, 0] < 1.40
    assert full.parts["activations"][0, 0] < 0.4 * free.parts["activations"][0, 0]


def test_the_interval_widens_with_the_share_of_the_links() -> None:
    """Hosts with and without working NVLink stand under one name: what the links carry is less certain."""
    counts = np.array([1.0, 8.0])
    near, far = (
        run(replace(TRAIN, workload="bert-large", seq_len=384.0, precision="amp", n_gpus=counts,
                    runtime="pytorch-2", phase="train"), gpu).spread[0]
        for gpu in (H100, "rtx-3090")
    )  # fmt: skip
    assert near[1] >= near[0]
    assert far[1] > 1.1 * far[0]
    assert far[1] / far[0] > near[1] / near[0]


def test_gpus_beside_a_replica_that_cannot_hold_the_weights_are_its_stages() -> None:
    """811 GB of weights on 16 GPUs with tp 8: not two replicas of 640 GB, but two stages."""
    job = Job("llama-3.1-405b", phase="serve", precision="fp16", concurrency=255.0, tp=8.0, n_gpus=16.0)
    known = {gpu: placing.held(job, GPUS[gpu]).pp for gpu in ("h100-80gb-sxm", "h200-141gb-sxm", "a10")}
    # The third cannot hold it in whatever stages, which is for the layout to refuse.
    assert known == {"h100-80gb-sxm": 2.0, "h200-141gb-sxm": 1.0, "a10": 1.0}
    small = replace(job, workload="llama-3.1-70b")
    assert placing.held(small, GPUS["h100-80gb-sxm"]) == replace(small, pp=1.0)
    assert placing.held(replace(job, pp=1.0), GPUS["h100-80gb-sxm"]).pp == 1.0


def test_a_row_of_a_table_gets_the_same_stages_as_a_job_alone() -> None:
    header = "id,workload,gpu,n_gpus,phase,precision,concurrency,tp,metric,unit"
    row = "1,llama-3.1-405b,h100-80gb-sxm,16,serve,fp16,255,8,throughput,output tokens/s"
    (table,) = predict_rows([dict(zip(header.split(","), row.split(","), strict=True))], GPUS)
    job = Job("llama-3.1-405b", phase="serve", precision="fp16", concurrency=255.0, tp=8.0)
    alone = single(placed(job, 16, GPUS["h100-80gb-sxm"]), GPUS["h100-80gb-sxm"])
    assert table.value == pytest.approx(alone.throughput.mid)


@pytest.mark.parametrize(
    ("job", "gpu", "mesh"),
    [
        # 70 GB of weights in 80 GiB leave no room for a cache; 35 GB in 180 GB do.
        (Job("llama-2-70b", phase="serve", precision="fp8", n_gpus=8.0), "h100-80gb-sxm", (2.0, 1.0)),
        (Job("llama-2-70b", phase="serve", precision="fp4", n_gpus=8.0), "b200-180gb-sxm", (None, None)),
        (Job("llama-3.1-405b", phase="serve", precision="fp16", n_gpus=32.0), "h100-80gb-sxm", (8.0, 2.0)),
        (Job("llama-3-8b", phase="serve", precision="fp16", n_gpus=8.0), "h100-80gb-sxm", (None, None)),
        (Job("llama-3-70b", phase="decode", precision="fp16", n_gpus=4.0), "a100-80gb-sxm", (2.0, 1.0)),
        (Job("resnet50", phase="infer", precision="fp16", n_gpus=4.0), "a100-80gb-sxm", (None, None)),
    ],
)
def test_a_model_takes_the_fewest_gpus_that_hold_it_where_nothing_is_said(
    job: Job, gpu: str, mesh: tuple[float | None, float | None]
) -> None:
    found = placing.held(job, GPUS[gpu])
    assert (found.tp, found.pp) == mesh


def test_groups_of_attention_share_a_replica_out() -> None:
    """Four groups on eight GPUs have two each, however little room that leaves: 32 GPUs are not there."""
    job = Job("deepseek-r1", phase="serve", precision="fp8", n_gpus=8.0, options={"attention_dp": "4"})
    assert placing.held(job, GPUS["h100-80gb-sxm"]).tp == 2.0
    alone = replace(job, options={"attention_dp": "8"})
    assert placing.held(alone, GPUS["h100-80gb-sxm"]) == alone


def test_tensorrt_runs_a_language_model_as_submissions_to_mlperf_do() -> None:
    gpu = GPUS["h100-80gb-sxm"]
    job = Job("llama-2-70b", phase="serve", runtime="TensorRT 10.2.0, CUDA 12.4", n_gpus=8.0)
    found = single(placing.held(job, gpu), gpu)
    assert (found.runtime, found.job.precision, found.job.tp) == ("tensorrt-llm", "fp8-or-w8a16", 2.0)
    assert (found.job.input_tokens, found.job.output_tokens) == (294.0, 294.0)
    assert any("MLPerf" in said for said in found.warnings)
    stated = run(replace(job, tp=2.0, input_tokens=1024.0), "h100-80gb-sxm").at(0, 0)
    assert stated.job.input_tokens == 1024.0
    # A picture is no language: TensorRT itself.
    assert run(Job("resnet50", runtime=job.runtime), "h100-80gb-sxm").at(0, 0).runtime == "tensorrt"


def test_submissions_to_mlperf_that_no_fit_uses_are_met() -> None:
    """Rates of language models in closed MLPerf rounds, set aside from the fit: an independent check."""
    rows = [row for row in measured_rows() if row["source"].startswith("MLPerf") and row["phase"] == "serve"]
    ours = [row for row in rows if row["runtime"].startswith("TensorRT") and "jetson" not in row["gpu"]]
    answers = predict_rows(ours, GPUS)
    errors = [abs(a.value / float(row["value"]) - 1) for row, a in zip(ours, answers, strict=True) if a.value]
    assert len(errors) >= 28
    assert np.median(errors) < 0.2


def test_gpus_that_no_whole_replica_has_are_refused() -> None:
    with pytest.raises(UsageError, match="n_gpus=4 is no multiple of it; use 3 or 6 GPUs"):
        run(replace(TRAIN, n_gpus=4.0, options={"cp": "3"}), H100)


def test_heads_and_experts_are_kept_whole() -> None:
    with pytest.raises(UsageError, match=r"tp=3: llama-3-8b has 32 attention heads.*use --tp 2 or 4"):
        run(replace(TRAIN, n_gpus=3.0, tp=3.0), H100)
    with pytest.raises(UsageError, match=r"ep=3: qwen3-30b-a3b has 128 experts.*use ep=2 or 4"):
        run(replace(TRAIN, workload="qwen3-30b-a3b", n_gpus=6.0, options={"ep": "3"}), H100)
    # Ten heads of keys and values are kept whole as well; of eight GPUs two can share them.
    with pytest.raises(UsageError, match=r"tp=4: phi-3-medium has 40 attention heads and 10 of .*use --tp 2"):
        run(replace(TRAIN, workload="phi-3-medium", n_gpus=4.0, tp=4.0), H100)
    with pytest.raises(UsageError, match="llama-3-8b has no experts to share out"):
        run(replace(TRAIN, n_gpus=2.0, options={"ep": "2"}), H100)


def test_a_gradient_of_weights_reads_the_operand_that_is_cut_only_in_part() -> None:
    """Of a layer's input and the gradient that arrives tensor parallelism cuts one, as Megatron does."""
    whole = resolve("llama-3-8b").trace(replace(TRAIN, n_gpus=4.0))
    cut = shard(whole, 4.0)
    for name, kept in (("layers.up.wgrad", 4096.0), ("layers.down.wgrad", 4096.0)):
        before, after = (next(op for op in ops if op.layer == name) for ops in (whole, cut))
        wide = before.dims["m"] + before.dims["n"]
        share = (kept + (wide - kept) / 4.0) / wide
        assert float(after.read_bytes / before.read_bytes) == pytest.approx(share)
        assert float(after.flops / before.flops) == pytest.approx(0.25)
    # The head's columns are cut as those of any layer: its gradients read a share of the logits'.
    head = {part: next(op for op in cut if op.layer == f"head.logits.{part}") for part in ("dgrad", "wgrad")}
    assert head["dgrad"].dims["k"] * 4.0 == head["wgrad"].dims["n"] * 4.0 == 128256.0
    assert head["dgrad"].dims["n"] == 4096.0


def test_large_messages_go_faster_over_nvlink_and_no_faster_over_pcie() -> None:
    assert float(large(8.0, Devices.of([GPUS["h100-80gb-sxm"]]))[0, 0]) > 1.0
    assert float(large(8.0, Devices.of([GPUS["l40s"]]))[0, 0]) == 1.0


def test_the_output_head_makes_the_last_stage_the_fullest() -> None:
    """Llama 3 8B has a head worth 2.4 layers: beside sixteen layers it hardly shows, beside four it does."""
    ops = resolve("llama-3-8b").trace(TRAIN)
    stages = np.array([1.0, 2.0, 8.0])
    even, two, eight = unevenness(ops, 32, stages, 1.0)
    assert even == 1.0
    assert 1.0 <= two < 1.1
    assert 1.3 < eight < 1.6
    # Layers that do not come out even leave room for it: 126 of Llama 3.1 405B on 8 stages of 16.
    large_model = resolve("llama-3.1-405b").trace(replace(TRAIN, workload="llama-3.1-405b", seq_len=8192.0))
    assert unevenness(large_model, 126, np.array([8.0]), 8.0)[0] == 1.0


def test_gradients_that_add_up_are_read_and_written() -> None:
    """Megatron adds to its gradients with every micro-batch; a framework writes them."""
    for runtime, bytes_each in (("megatron", 4.0), ("pytorch-2", 2.0)):
        laid = lay_out(replace(TRAIN, runtime=runtime, n_gpus=8.0), [GPUS["h100-80gb-sxm"]])
        op = next(op for one in laid.work.kernels for op in one.table.ops if op.layer == "layers.up.wgrad")
        assert float(op.write_bytes) == bytes_each * op.dims["m"] * op.dims["n"]
