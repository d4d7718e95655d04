"""Layers split over GPUs, formats and stages: limits that hold whatever the coefficients are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from whichgpu.cost.calibration.refit import measured_rows
from whichgpu.cost.calibration.spread import erring_as
from whichgpu.cost.coefficients import section
from whichgpu.cost.estimate import estimate
from whichgpu.cost.infeasible import single
from whichgpu.cost.job import placing
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.job.placing import placed
from whichgpu.cost.job.runtimes import runtimes
from whichgpu.cost.job.settling import settle
from whichgpu.cost.memory.weights import stage_weight_bytes
from whichgpu.cost.parallel.pipeline import fill, fullest_stage
from whichgpu.cost.table.jobs import predict_rows
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job, resolution
from whichgpu.workloads.ops import stored_weight_bytes
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from whichgpu.cost.estimates import Estimates

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


def test_transformers_holds_some_layers_on_each_gpu_in_turn() -> None:
    """`device_map` of Transformers, unless a job says otherwise; its trainers have replicas."""
    asked = Job("llama-2-70b", phase="generate", n_gpus=2.0, runtime="transformers")
    done = settle(asked).job
    assert (done.tp, done.pp) == (1.0, 2.0)
    shared = settle(replace(asked, tp=2.0)).job
    assert (shared.tp, shared.pp) == (2.0, 1.0)
    for other in (
        replace(asked, phase="finetune_lora"),
        Job("bert-large", n_gpus=2.0, runtime="transformers"),
    ):
        assert settle(other).job.pp == 1.0
    one, two = (run(replace(asked, n_gpus=n)).seconds[0, 0] for n in (1.0, 2.0))
    assert one < two < 1.1 * one


def test_a_prompt_of_one_micro_batch_gains_nothing_and_a_long_one_at_most_its_stages() -> None:
    stack = runtimes()["llama-cpp"]
    assert fill(512.0, 0.25, stack) == fill(4096.0, 1.0, stack) == 1.0
    assert fill(4096.0, 0.25, stack) == pytest.approx(11 / 32)  # GPipe's (u + s - 1) / (u s)
    assert fill(4096.0, 0.1, stack) > 8 / 32  # four micro-batches are under way, however many stages
    assert fill(4096.0, 0.25, stack, wide=True) > 0.5
    assert fill(4096.0, 0.25, runtimes()["pytorch-2"]) == 1.0
    # Llama 3 8B on four GPUs: 9, 8, 8 and 7 layers with the head.
    assert fullest_stage(32.0, np.array([1.0, 2.0, 4.0])).tolist() == [1.0, 17 / 32, 9 / 32]
    short, long = (
        run(replace(PROMPT, input_tokens=tokens, n_gpus=np.array([1.0, 4.0]))) for tokens in (512.0, 4096.0)
    )
    assert short.seconds[0, 1] >= short.seconds[0, 0]
    assert 1 < long.seconds[0, 0] / long.seconds[0, 1] < 4


def test_weights_are_widened_no_faster_than_a_block_starts_a_clock() -> None:
    """Of 7.5e9 weights, 256 a block, on an A100: what HBM would copy in 12 ms."""
    old = replace(PROMPT, runtime="llama.cpp (May 2024, CUDA)", input_tokens=512.0)
    gpu = "a100-80gb-pcie"
    longer = run(old, gpu).seconds[0, 0] - run(replace(old, precision="f16"), gpu).seconds[0, 0]
    assert longer > 0.6 * 7.5e9 / 256 / GPUS[gpu].value("clock_boost")


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


@pytest.mark.parametrize(
    ("workload", "precision", "count", "replica"),
    [
        ("llama-3.1-8b", "bf16", 8, 8), ("llama-3.1-8b", "bf16", 16, 1), ("llama-3.1-8b", "bf16", 100_000, 1),
        ("llama-3.1-70b", "bf16", 64, 4), ("llama-3.1-70b", "fp8", 64, 2), ("llama-3.1-405b", "bf16", 64, 16),
        ("deepseek-r1", "fp8", 16, 16), ("deepseek-r1", "fp8", 64, 16),
    ],
)  # fmt: skip
def test_a_server_on_several_machines_has_replicas_of_as_few_gpus_as_hold_it(
    workload: str, precision: str, count: int, replica: int
) -> None:
    job = Job(workload, phase="serve", precision=precision)
    found = placed(job, count, GPUS["h100-80gb-sxm"])
    assert (found.n_gpus, found.tp * found.pp) == (count, replica)
    alone = placed(replace(job, phase="generate"), count, GPUS["h100-80gb-sxm"])
    assert alone.tp * alone.pp >= replica, "what infers without a server is one copy of all that share it"


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
    rows = [
        {"id": text, "workload": "llama-2-7b", "gpu": "a100-80gb-sxm", "phase": "serve", "concurrency": "4",
         "precision": text, "runtime": "vllm", "metric": "tpot", "unit": "ms"}
        for text in ("fp8", "fp8-block", "fp8-w8a16")
    ]  # fmt: skip
    *refused, said = predict_rows(rows, GPUS)
    assert all("use --precision fp8-w8a16" in row.error for row in refused)
    assert not said.error
    assert placed(asked, 1, h100) is asked
    assert placed(replace(asked, runtime="sglang"), 1, a100).precision == "fp8"
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
    # What embeds has two bytes a weight: ollama.com/library/nomic-embed-text, 274 MB of 137 M parameters.
    embedded = single(Job("nomic-embed-text", phase="infer", runtime="ollama"), GPUS["rtx-4090"])
    assert embedded.job.precision == "fp16"


def test_a_request_longer_than_the_model_is_refused_or_told_what_it_takes() -> None:
    with pytest.raises(UsageError, match="1024 positions"):
        run(Job("gpt2", phase="serve", concurrency=1.0, input_tokens=2000.0))
    job = Job("llama-2-7b", phase="serve", concurrency=1.0, input_tokens=7936.0)
    long = single(job, GPUS["a100-80gb-sxm"])
    assert any("YaRN by a factor of 2," in said for said in long.warnings)


def test_mixtures_of_experts_have_widths_of_their_own() -> None:
    def group(workload: str, phase: str) -> str:
        return erring_as(lay_out(Job(workload, phase=phase, precision="bf16"), [GPUS["h100-80gb-sxm"]]))

    assert group("mixtral-8x7b", "pretrain") == "decoder train, experts"
    assert group("llama-2-7b", "pretrain") == "decoder train"
    assert group("mixtral-8x7b", "serve") == "decoder serve, experts"
    assert group("llama-2-7b", "serve") == "decoder serve"


def test_a_table_of_positions_is_learned_as_long_as_a_pretraining_needs_it() -> None:
    job = Job("mpt-1b", phase="pretrain", seq_len=8192.0, batch=1.0)
    assert any("positions" in said for said in run(job, "h100-80gb-sxm").at(0, 0).warnings)
    assert not any("positions" in said for said in run(replace(job, seq_len=2048.0)).at(0, 0).warnings)
    for longer in (replace(job, phase="finetune_full"), Job("mpt-1b", phase="prefill", input_tokens=8192.0)):
        with pytest.raises(UsageError, match="positions"):
            run(longer)


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
        # One answer at a time is all GPUs' work; of several each replica has as many.
        (Job("llama-3-70b", phase="decode", precision="fp16", n_gpus=4.0), "a100-80gb-sxm", (4.0, 1.0)),
        (
            Job("llama-3-70b", phase="decode", precision="fp16", n_gpus=4.0, batch=8.0),
            "a100-80gb-sxm",
            (2.0, 1.0),
        ),
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


def test_gpus_share_the_tokens_of_a_video_out_where_its_software_does_so() -> None:
    """A text encoder, an autoencoder and the exchanges stay; each GPU still holds all weights."""
    job = Job("hunyuanvideo", phase="generate", n_gpus=8.0, runtime="diffusers")
    apart, together, told = (
        run(one, "h100-80gb-sxm").latency[0, 0]
        for one in (job, replace(job, runtime="xDiT"), replace(job, options={"cp": "8"}))
    )
    assert 4.0 < float(apart / together) < 8.0
    assert told == together
    with pytest.raises(UsageError, match="cp=4: sdxl is no diffusion transformer"):
        run(Job("sdxl", phase="generate", n_gpus=4.0, options={"cp": "4"}))
