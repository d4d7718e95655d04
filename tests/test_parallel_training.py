"""Training on many GPUs, steps and exchanges: limits that hold whatever the coefficients are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from whichgpu.cost.answers import Z90
from whichgpu.cost.breakdown import breakdown
from whichgpu.cost.coefficients import section
from whichgpu.cost.estimate import estimate
from whichgpu.cost.explain import explain
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.parallel.exchange import Exchange, exchanges, shown_at_end
from whichgpu.cost.parallel.links import all_gather, node_size, spread_link
from whichgpu.cost.parallel.splitting import shard
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from whichgpu.cost.estimates import Estimates

pytestmark = pytest.mark.slow
GPUS = catalogue()


def run(job: Job, gpu: str = "rtx-3090") -> Estimates:
    return estimate(job, [GPUS[gpu]])


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
    staged = replace(TRAIN, pp=4.0, n_gpus=4.0, options={"grad_accum": "1"})
    found = run(staged, H100)
    # But the update, of which each stage does its own part, and the slowest of four.
    work, alone = (
        float(parts.step[0, 0] - parts.parts["optimizer"][0, 0] - parts.parts["stragglers"][0, 0])
        for parts in (breakdown(staged, [GPUS[H100]]), breakdown(TRAIN, [GPUS[H100]]))
    )
    assert work == pytest.approx(alone, rel=0.01)
    assert any("wait for one another 75% of a step" in said for said in found.at(0, 0).warnings)


@pytest.mark.parametrize(
    ("pp", "options", "count"), [(4.0, {}, 128), (64.0, {}, 252), (64.0, {"vp": "2"}, 128)]
)
def test_nobody_fills_a_pipeline_for_one_micro_batch(pp: float, options: dict[str, str], count: int) -> None:
    staged = replace(TRAIN, workload="llama-3.1-405b", tp=8.0, pp=pp, n_gpus=8.0 * pp * 8, options=options)
    found = run(staged, H100)
    assert any(f"{count} micro-batches a step" in said for said in found.at(0, 0).warnings)
    (stated,) = rates(staged, {**options, "grad_accum": f"{count}"})
    assert float(found.throughput[0, 0]) == pytest.approx(stated)


def test_stages_of_a_fine_tuning_wait_for_a_fifth_of_a_step_where_nothing_is_said() -> None:
    tuned = replace(TRAIN, phase="finetune_full", tp=2.0, pp=4.0, n_gpus=8.0)
    assert any("12 micro-batches a step" in said for said in run(tuned, H100).at(0, 0).warnings)
    assert not any("micro-batches" in said for said in run(replace(tuned, pp=1.0), H100).at(0, 0).warnings)


def test_the_bubble_is_stages_less_one_over_micro_batches_and_chunks() -> None:
    # The head of Llama 2 13B is worth half a layer: the last of eight stages is hardly the fullest.
    job = replace(TRAIN, workload="llama-2-13b", pp=8.0, n_gpus=8.0)
    few, many, chunks = rates(
        job,
        {"grad_accum": "8", "vp": "1"},
        {"grad_accum": "64", "vp": "1"},
        {"grad_accum": "8", "vp": "5"},
    )
    # The update once a step apart, a step has m + (pp - 1) / vp slots.
    assert many / few == pytest.approx((64 / 71) / (8 / 15), rel=0.03)
    assert chunks / few == pytest.approx((8 / 9.4) / (8 / 15), rel=0.03)


def test_a_pretraining_of_which_nobody_says_how_large_a_step_is_has_a_usual_one() -> None:
    many = Job(workload="llama-2-7b", phase="pretrain", n_gpus=1024.0, seq_len=4096.0)
    alone, stated = replace(many, n_gpus=1.0), replace(many, batch=1.0)
    (usual,) = rates(many, {"sharding": "zero1"})
    # 4M tokens are what 1,024 GPUs have in one sequence each: nothing is to be added up.
    assert usual == pytest.approx(rates(many, {"sharding": "zero1", "grad_accum": "1"})[0])
    few = replace(many, n_gpus=8.0)
    (usual,) = rates(few, {"sharding": "zero1"})
    assert usual == pytest.approx(rates(few, {"sharding": "zero1", "grad_accum": "128"})[0])
    assert usual > 1.05 * rates(few, {"sharding": "zero1", "grad_accum": "1"})[0]
    said = run(replace(few, options={"sharding": "zero1"}), H100).at(0, 0).warnings
    assert any("128 micro-batches a step" in one for one in said)
    # Who states a micro-batch means one; one GPU alone, and a fine-tuning, exchange nothing or little.
    for job in (alone, stated, replace(few, phase="finetune_full")):
        assert not any("micro-batches a step" in one for one in run(job, H100).at(0, 0).warnings)


def test_a_pipeline_that_waits_says_what_shortens_that() -> None:
    job = Job(workload="llama-3.1-405b", phase="pretrain", n_gpus=16384.0, tp=8.0, pp=16.0, seq_len=8192.0)
    few = replace(job, batch=1.0, options={"global_batch": "2048", "vp": "1"})
    (said,) = (one for one in run(few, H100).at(0, 0).warnings if "stages wait" in one)
    assert "48% of a step; --option vp=8 interleaves them" in said
    for options in ({"global_batch": "2048", "vp": "8"}, {"global_batch": "32768"}):
        assert not any(
            "stages wait" in one for one in run(replace(few, options=options), H100).at(0, 0).warnings
        )


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


@pytest.mark.parametrize(
    ("runtime", "rounds"), [("torchtitan", 2.0), ("NeMo AutoModel", 2.0), ("megatron", 1.0)]
)
def test_pipelines_of_pytorch_are_filled_with_each_batch(runtime: str, rounds: float) -> None:
    """Two batches of eight sequences a replica fill and drain four stages twice; Megatron's go on."""
    staged = replace(TRAIN, n_gpus=4.0, pp=4.0, batch=8.0 if rounds > 1.0 else 1.0, runtime=runtime)
    once, twice = (
        breakdown(
            replace(staged, options={"global_batch": whole, "checkpointing": "full", "vp": "1"}), [GPUS[H100]]
        )
        for whole in ("8", "16")
    )
    ratio = float(twice.parts["bubble"][0, 0] / once.parts["bubble"][0, 0])
    assert ratio == pytest.approx(rounds, rel=0.35 if rounds == 1.0 else 0.15)


def test_a_pipeline_of_pieces_is_explained_as_it_is_predicted() -> None:
    """Laid out again for `--explain`, a batch of sixteen was one piece, and its bubble most of the step."""
    job = replace(TRAIN, n_gpus=16.0, pp=4.0, batch=16.0, runtime="torchtitan")
    answer = run(job, H100).at(0, 0)
    step = explain(answer, GPUS[H100]).step
    shares = sum(part["seconds"] for part in step.values())
    assert shares == pytest.approx(float(breakdown(job, [GPUS[H100]]).step[0, 0]), rel=1e-6)
    assert step["bubble"]["seconds"] < 0.2 * shares


def test_parts_of_a_pipeline_may_be_uneven_where_any_modules_make_one() -> None:
    """AutoModel's benchmark of Kimi K2: 61 layers in 24 parts of eight stages."""
    staged = replace(TRAIN, workload="kimi-k2", n_gpus=256.0, pp=8.0)
    options = {"ep": "32", "vp": "3", "global_batch": "512", "checkpointing": "full"}
    for runtime in ("NeMo AutoModel", "torchtitan"):
        assert rates(replace(staged, runtime=runtime), options)[0] > 0.0
    with pytest.raises(UsageError, match="61 layers of kimi-k2 are not dealt out evenly"):
        rates(replace(staged, runtime="Megatron-LM"), options)


@pytest.mark.parametrize("options", [{}, {"sharding": "fsdp"}, {"sharding": "zero1"}])
def test_more_gpus_are_faster_together_and_slower_each(options: dict[str, str]) -> None:
    counts = np.array([1.0, 2.0, 4.0, 8.0, 64.0, 512.0])
    job = replace(TRAIN, n_gpus=counts, runtime="pytorch-2", options=options)
    found = run(job, H100)
    assert np.all(np.diff(found.throughput[0]) > 0)
    each = found.throughput[0] / counts
    # A sharded update is shorter on more GPUs, and AdamW over lists of tensors is 80 bytes of a weight; all
    # that is beside it takes longer.
    split = breakdown(job, [GPUS[H100]])
    beside = split.step[0] - split.parts["optimizer"][0]
    assert np.all(np.diff(beside[1:]) > 0)
    assert options or np.all(np.diff(each[1:]) < 0)
    # Of four micro-batches a step the update is too small a part for that to show.
    for runtime in ("pytorch-2", "megatron", "torchtitan", "DeepSpeed"):
        usual = run(replace(job, runtime=runtime, options={**options, "grad_accum": "4"}), H100)
        assert np.all(np.diff(usual.throughput[0, 1:] / counts[1:]) < 0), runtime
    # The second GPU takes half of a sharded update over; nothing else is gained.
    alone = breakdown(job, [GPUS[H100]])
    spared = 0.5 * alone.parts["optimizer"][0, 0] / alone.step[0, 0] if options else 0.0
    assert each[1] < each[0] / (1.0 - spared)


def test_what_is_sharded_says_what_is_sent() -> None:
    """Megatron's gradients have 16 bits, llm-foundry's 32; sharded weights are gathered twice."""
    job = replace(TRAIN, n_gpus=8.0)
    sent = {
        (runtime, level): lay_out(replace(job, runtime=runtime, options={"sharding": level}), [GPUS[H100]])
        for runtime in ("megatron", "llm-foundry") for level in ("none", "zero1", "fsdp")
    }  # fmt: skip
    bytes_each = {key: float(np.ravel(laid.gradients.exchanged)[0]) for key, laid in sent.items()}
    whole = bytes_each["megatron", "none"] / 2.0
    assert {key: each / whole for key, each in bytes_each.items()} == pytest.approx({
        ("megatron", "none"): 2, ("megatron", "zero1"): 4, ("megatron", "fsdp"): 6,
        ("llm-foundry", "none"): 4, ("llm-foundry", "zero1"): 6, ("llm-foundry", "fsdp"): 8,
    })  # fmt: skip
    # A pipeline's stages keep what they gathered until all micro-batches are through: as ZeRO's first level.
    piped = replace(job, n_gpus=16.0, pp=2.0, runtime="torchtitan")
    kept, first = rates(piped, *({"sharding": level, "grad_accum": "8"} for level in ("fsdp", "zero1")))
    assert kept == pytest.approx(first)


@pytest.mark.parametrize(("number", "each"), [("bf16", 2.0), ("nf4", 0.65)])
def test_sharded_weights_are_gathered_where_they_lie_frozen_as_well(number: str, each: float) -> None:
    """For the forward and for the backward pass, as wide as they are stored."""
    job = Job("llama-2-7b", "finetune_qlora" if number == "nf4" else "finetune_lora", number, batch=1.0,
              seq_len=512.0, n_gpus=8.0, runtime="torchtune")  # fmt: skip
    sent = {}
    for level in ("fsdp", "none"):
        step = lay_out(replace(job, options={"sharding": level}), [GPUS[H100]]).gradients
        assert step is not None
        sent[level] = float(np.ravel(step.exchanged)[0])
    assert sent["fsdp"] / (2.0 * each * 6.7e9) == pytest.approx(1.0, rel=0.1)
    assert sent["none"] < 0.02 * sent["fsdp"]


def test_a_framework_launches_what_it_trains_as_what_it_infers() -> None:
    """Its own modules start the kernels, whichever trainer these are of: a short sequence waits for them."""
    job = Job("llama-3.2-1b", "finetune_full", "bf16", batch=1.0, seq_len=128.0)
    seconds = [float(run(replace(job, runtime=name), H100).timing.host[0, 0])
               for name in ("Transformers", "lm-trainer")]  # fmt: skip
    assert seconds[0] > 2.0 * seconds[1]


def test_modules_of_transformers_write_normalisations_op_by_op() -> None:
    """RMSNorm passes memory nine times as often as a kernel; LayerNorm is a kernel of PyTorch's."""

    def norms(name: str, workload: str) -> float:
        job = Job(workload, "finetune_full", "bf16", batch=1.0, seq_len=2048.0, runtime=name)
        terms = estimate(job, [GPUS[H100]], explain=True).timing.terms
        return sum(term.seconds - 1.8e-6 * term.count for term in terms if term.kind == "norm")

    for workload, times in (("llama-2-7b", 9.0), ("gpt-j-6b", 1.0)):
        ratio = norms("Transformers", workload) / norms("PyTorch fused", workload)
        assert norms("torchtitan", workload) == pytest.approx(norms("Transformers", workload), rel=0.1)
        assert ratio == pytest.approx(times, rel=0.1), workload


@pytest.mark.parametrize(
    ("text", "level"),
    [("PyTorch FSDP2", 3), ("Transformers, DeepSpeed ZeRO-3", 3), ("DeepSpeed ZeRO stage 2", 2),
     ("Transformers Trainer, zero1", 1), ("PyTorch DDP", 0), ("PyTorch 2.1", 0)],
)  # fmt: skip
def test_what_is_shared_out_stands_in_the_text_of_a_runtime(text: str, level: int) -> None:
    job = Job("llama-2-7b", "finetune_full", "bf16", batch=1.0, seq_len=2048.0, n_gpus=8.0, runtime=text)
    for asked, found in ((job, level), (replace(job, options={"sharding": "zero1"}), 1)):
        step = lay_out(asked, [GPUS[H100]]).gradients
        assert step is not None
        assert step.level == found


def test_messages_between_stages_hide_where_layers_are_interleaved() -> None:
    """Else a stage waits for them with every micro-batch; what they take then grows with their number."""
    job = replace(TRAIN, n_gpus=16.0, tp=4.0, pp=4.0)
    found = {}
    for parts in ("1", "2"):
        for count in (4, 8):
            parted = replace(job, options={"grad_accum": f"{count}", "vp": parts})
            split = breakdown(parted, [GPUS[H100]])
            found[parts, count] = float(split.parts["stages"][0, 0]), float(split.hidden["stages"][0, 0])
    (few, none), (many, nothing) = found["1", 4], found["1", 8]
    assert many / few == pytest.approx((3 + 8) / (3 + 4))
    assert none == nothing == 0.0
    assert found["2", 4][0] == found["2", 8][0] < few
    assert found["2", 8][1] == pytest.approx(2.0 * found["2", 4][1])


def test_a_stated_network_changes_what_crosses_machines_alone() -> None:
    slow, fast = {"network": "25Gbit/s"}, {"network": "3200Gbit/s"}
    many, few = (rates(replace(TRAIN, n_gpus=n), {}, slow, fast) for n in (64.0, 8.0))
    assert many[1] < 0.9 * many[0]
    assert many[2] == pytest.approx(many[0])
    assert few[0] == few[1] == few[2]
    for text, said in (("4Mbit/s", "network=400Gbit/s"), ("4", "4 Gbit/s")):
        with pytest.raises(UsageError, match=said):
            run(replace(TRAIN, options={"network": text}), H100)


def test_a_script_under_a_framework_may_be_slower_than_a_trainer() -> None:
    """What a trainer of language models does says less of anybody's script: its interval is wider."""

    def half(runtime: str) -> float:
        one = run(
            replace(TRAIN, workload="mpt-7b", n_gpus=8.0, runtime=runtime, options={"sharding": "fsdp"}), H100
        )
        found = one.at(0, 0).throughput
        return float(np.log(found.high / found.low)) / (2.0 * Z90)

    scripts, trainer = [half(name) for name in ("PyTorch", "DeepSpeed", "Transformers")], half("llm-foundry")
    assert min(scripts) >= section("spread")["script"] - 1e-9 > trainer


def test_accumulating_gradients_hides_their_exchange() -> None:
    job = replace(TRAIN, n_gpus=8.0, runtime="pytorch-2")
    once, often = rates(job, {"grad_accum": "1"}, {"grad_accum": "16"}, gpu="rtx-4090")
    assert often > 1.2 * once


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


@pytest.mark.parametrize(
    ("workload", "number", "stack", "gpu", "waits"),
    [
        ("resnet50", "fp16", "tf_cnn_benchmarks", "rtx-2080-ti", True),
        ("resnet50", "fp16", "tf_cnn_benchmarks --xla=True", "rtx-2080-ti", False),
        ("resnet50", "fp16", "TensorFlow 1.13 tf_cnn_benchmarks", "rtx-2080-ti", False),
        ("resnet50", "fp32", "tf_cnn_benchmarks", "rtx-2080-ti", False),
        ("vgg16", "fp16", "tf_cnn_benchmarks", "rtx-2080-ti", False),
        ("resnet50", "fp16", "tf_cnn_benchmarks", "radeon-pro-vii", False),
    ],
)
def test_copies_with_batch_norms_in_one_session_wait_for_each_other(
    workload: str, number: str, stack: str, gpu: str, waits: bool
) -> None:
    """8 RTX 2080 Ti do 3.9 times one in FP16 without XLA, 6.4 with it (Lambda's tables)."""
    made = lay_out(Job(workload, "train", number, batch=64.0, n_gpus=8.0, runtime=stack), [GPUS[gpu]])
    assert made.gradients is not None
    found = Exchange.of(made.gradients, 8.0, made.devices).waits.item()
    assert found == pytest.approx(1.0 + 3.0 * (0.295 if waits else 0.015))


@pytest.mark.parametrize(
    ("workload", "wait"),
    [("resnet50", 0.015), ("bert-large-squad", 0.015), ("gnmt-v2", 0.045), ("maskrcnn-r50-fpn", 0.045),
     ("llama-3-8b", 0.03)],
)  # fmt: skip
def test_replicas_whose_batches_differ_in_length_wait_longer(workload: str, wait: float) -> None:
    made = lay_out(Job(workload, phase="train", batch=4.0, n_gpus=8.0), [GPUS[H100]])
    assert made.gradients is not None
    assert Exchange.of(made.gradients, 8.0, made.devices).waits.item() == pytest.approx(1.0 + 3.0 * wait)


@pytest.mark.parametrize(
    ("gpu", "batch", "precision", "measured"),
    [("rtx-3090", 28.0, "amp-fp16", 1.70), ("rtx-3090", 16.0, "tf32", 1.55),
     ("rtx-4090", 28.0, "amp-fp16", 1.49), ("rtx-4090", 16.0, "tf32", 1.23)],
)  # fmt: skip
def test_two_cards_without_peer_to_peer_copies_do_more_than_one(
    gpu: str, batch: float, precision: str, measured: float
) -> None:
    """BERT-large in NGC 22.09 (lambdal/deeplearning-benchmark): 7.0 and 6.4 GB/s if nothing were hidden."""
    job = Job(
        "bert-large-squad", "train", precision, batch=batch, runtime="pytorch-1.13 (NGC 22.09-22.10, eager)"
    )
    one, two = run(replace(job, n_gpus=np.array([1.0, 2.0])), gpu).throughput[0]
    assert two / one == pytest.approx(measured, rel=0.2)


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
    ("workload", "precision", "stack", "late"),
    [
        ("resnet50", "fp32", "PyTorch 2", 25e6 / 102.2e6),
        ("resnet50", "amp-fp16", "pytorch-1.x (NGC 20.01-21.x, eager)", 25e6 / 51.1e6),
        ("bert-base-squad", "fp32", "PyTorch 2", 23.8 / 108.9),  # the look-up tables, of 109M weights
        ("resnet50", "fp32", "tf_cnn_benchmarks", 25e6 / 102.2e6),
        ("llama-3-8b", "bf16", "megatron", 0.0),
    ],
)
def test_the_first_layers_gradients_are_sent_when_the_pass_is_over(
    workload: str, precision: str, stack: str, late: float
) -> None:
    job = Job(workload, phase="train", precision=precision, runtime=stack, batch=8.0, n_gpus=8.0)
    step = lay_out(job, [GPUS[H100]]).gradients
    assert step is not None
    assert np.ravel(step.late)[0] == pytest.approx(late, rel=0.01)


def test_what_is_late_shows_whole_and_the_rest_in_part() -> None:
    micro, last = np.array([0.3]), np.array([0.1])
    shown = [float(shown_at_end(micro, last, late)[0]) for late in (0.0, 0.25, 1.0)]
    assert shown == pytest.approx([0.05**0.5 - 0.2, 0.025 + (0.04 + 0.075**2) ** 0.5 - 0.2, 0.1])
    # The nearer they add up, the less is hidden; at an exponent of 1 nothing.
    more, whole = (float(shown_at_end(micro, last, together=one)[0]) for one in (1.5, 1.0))
    assert shown[0] < more < whole == pytest.approx(0.1)


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


def test_gradients_that_add_up_are_read_and_written() -> None:
    """Megatron adds to its gradients with every micro-batch; a framework writes them."""
    for runtime, bytes_each in (("megatron", 4.0), ("pytorch-2", 2.0)):
        laid = lay_out(replace(TRAIN, runtime=runtime, n_gpus=8.0), [GPUS["h100-80gb-sxm"]])
        op = next(op for one in laid.work.kernels for op in one.table.ops if op.layer == "layers.up.wgrad")
        assert float(op.write_bytes) == bytes_each * op.dims["m"] * op.dims["n"]


def test_cards_of_a_host_that_is_not_known_exchange_between_a_shared_path_and_their_own() -> None:
    """nccl-tests of eight RTX 4090: 14.5 GB/s; hosts that CNNs were fitted on leave eight cards 2.2."""
    devices = Devices.of([GPUS["rtx-4090"], GPUS[H100]])
    for gpus, least in ((2.0, 1.0), (3.0, 1.0), (4.0, 1.3), (8.0, 2.0)):
        shared, own = (all_gather(16e9, gpus, devices, direct=direct)[0, 0] for direct in (False, True))
        columns = {"precision": "bf16", "batch": 1.0, "seq_len": 4096.0, "options": {"sharding": "fsdp"}}
        job = Job("llama-3-8b", phase="finetune_full", n_gpus=gpus, **columns)
        step = lay_out(job, [GPUS["rtx-4090"], GPUS[H100]]).gradients
        beside, _ = exchanges(step, gpus, devices)
        plain = all_gather(step.exchanged, gpus, devices, step.apart)
        assert plain[0, 0] / beside[0, 0] >= 0.999 * least
        assert beside[0, 0] == pytest.approx(
            plain[0, 0] * ((own / shared) ** 0.5 if least > 1.0 else 1.0), rel=0.02
        )
        assert beside[1, 0] == plain[1, 0]
