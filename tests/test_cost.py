"""The cost model: physics that must hold whatever the coefficients are."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whichgpu.cost.estimate import estimate
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.infeasible import single
from whichgpu.cost.job.runtimes import runtime, runtimes
from whichgpu.cost.kernels import models
from whichgpu.cost.parallel.links import all_reduce
from whichgpu.cost.parallel.splitting import shard
from whichgpu.cost.timing.optable import tables
from whichgpu.errors import Infeasible, UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.names import resolve as named
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import PRODUCTS, stored_weight_bytes, total
from whichgpu.workloads.workload import resolve
from whichgpu.workloads.zoo import workloads

if TYPE_CHECKING:
    from pathlib import Path

    from whichgpu.cost.estimates import Estimates

GPUS = catalogue()
A100 = GPUS["a100-80gb-sxm"]
SPINE = (
    ("stable-diffusion-1.5", "generate"), ("llama-2-7b", "serve"), ("llama-2-13b", "serve"),
    ("resnet50", "infer"), ("resnet50", "train"), ("resnet152", "infer"), ("resnet152", "train"),
    ("inception-v3", "infer"), ("inception-v3", "train"), ("googlenet", "infer"), ("googlenet", "train"),
    ("bert-large", "infer"), ("bert-large", "train"),
)  # fmt: skip


def run(job: Job, *gpus: str) -> Estimates:
    return estimate(job, [GPUS[g] for g in gpus or ("a100-80gb-sxm",)])


def variant(tmp_path: Path, **fields: str) -> object:
    """The A100 with some fields changed, through a user's file."""
    lines = "\n".join(f"{name} = {text}" for name, text in fields.items())
    file = tmp_path / "my.toml"
    file.write_text(f'[gpu.my-card]\nbase = "a100-80gb-sxm"\nname = "My card"\n{lines}\n')
    return catalogue((file,))["my-card"]


@pytest.mark.parametrize(("workload", "phase"), SPINE)
def test_every_spine_job_gets_an_answer(workload: str, phase: str) -> None:
    answer = single(Job(workload, phase=phase), A100)
    assert answer.throughput.low < answer.throughput.mid < answer.throughput.high
    assert answer.fits
    assert 0 < answer.power <= 400
    assert answer.basis in ("interpolated", "extrapolated")
    assert sum(answer.memory.values()) == pytest.approx(answer.required)


@pytest.mark.parametrize(("workload", "phase"), [("resnet50", "train"), ("bert-large", "infer"),
                                                 ("stable-diffusion-1.5", "generate")])  # fmt: skip
def test_no_op_is_faster_than_the_roofline(workload: str, phase: str) -> None:
    model = resolve(workload)
    job = model.complete(Job(workload, phase=phase, batch=np.array([1.0, 16.0])))
    devices = Devices.of([GPUS[gpu] for gpu in ("a100-80gb-sxm", "rtx-4090", "l4", "h100-80gb-sxm")])
    every = tables(model.trace(job))
    for key, table in itertools.product(sorted(runtimes()), every):
        compute, memory = models()[table.ops[0].kind].seconds(table, devices, runtimes()[key])
        if table.kind in PRODUCTS:
            causal = 0.5 if table.kind == "attention" else 1.0
            assert np.all(compute >= causal * table.flops / devices.peaks(table.dtypes) * (1 - 1e-12)), key
            # An L2 hit can save a read of activations, never one of weights or of the KV cache.
            least = table.weight_bytes + table.kv_bytes if table.kind != "embedding" else 0.0
            assert np.all(memory >= least / devices.column("bandwidth") * (1 - 1e-12)), key
        assert np.all(compute >= 0), key
        assert np.all(memory >= 0), key


@pytest.mark.parametrize(
    ("workload", "phase"),
    [
        ("resnet50", "infer"),
        ("resnet50", "train"),
        ("llama-2-7b", "serve"),
        ("stable-diffusion-1.5", "generate"),
    ],
)
@pytest.mark.parametrize(("field", "text"), [("bandwidth", '"4 TB/s"'), ("fp16", '"624 TFLOPS"')])
def test_more_of_a_resource_is_never_slower(
    tmp_path: Path, workload: str, phase: str, field: str, text: str
) -> None:
    better = variant(tmp_path, **{field: text})
    slow, fast = estimate(Job(workload, phase=phase), [A100, better]).throughput[:, 0]
    assert fast > slow


def test_halving_bandwidth_halves_a_memory_bound_decode(tmp_path: Path) -> None:
    half = variant(tmp_path, bandwidth='"1019.5 GB/s"')
    job = Job("llama-2-7b", phase="decode", batch=1.0, input_tokens=128.0, output_tokens=128.0)
    whole, slower = estimate(job, [A100, half]).seconds[:, 0]
    assert 1.5 < slower / whole < 2.0


def test_a_sweep_equals_its_single_jobs() -> None:
    gpus = [GPUS[g] for g in ("a100-80gb-sxm", "rtx-4090", "t4")]
    batches = np.array([1.0, 8.0, 64.0])
    sweep = estimate(Job("resnet50", phase="infer", batch=batches), gpus)
    for g, gpu in enumerate(gpus):
        for j, batch in enumerate(batches):
            alone = estimate(Job("resnet50", phase="infer", batch=batch), [gpu])
            assert alone.throughput[0, 0] == pytest.approx(sweep.throughput[g, j], rel=1e-12)
            assert alone.required[0, 0] == pytest.approx(sweep.required[g, j], rel=1e-12)


def test_serving_sweep_equals_its_single_jobs() -> None:
    gpus = [GPUS[g] for g in ("a100-80gb-sxm", "h100-80gb-sxm", "l40s")]
    sweep = estimate(Job("llama-2-7b", phase="serve", tp=np.array([1.0, 2.0, 4.0])), gpus)
    for g, gpu in enumerate(gpus):
        for j, tp in enumerate((1.0, 2.0, 4.0)):
            alone = estimate(Job("llama-2-7b", phase="serve", tp=tp), [gpu])
            assert alone.throughput[0, 0] == pytest.approx(sweep.throughput[g, j], rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(batch=st.integers(1, 256), gpu=st.sampled_from(["a100-80gb-sxm", "rtx-3090", "v100-16gb-sxm", "l4"]))
def test_a_larger_batch_takes_longer_and_no_less_memory(batch: int, gpu: str) -> None:
    sweep = run(Job("resnet50", phase="infer", batch=np.array([batch, batch + 8.0])), gpu)
    assert sweep.seconds[0, 1] > sweep.seconds[0, 0]
    assert sweep.required[0, 1] > sweep.required[0, 0]


def test_tensor_parallel_shards_the_weights() -> None:
    model = resolve("llama-2-70b")
    job = model.complete(Job("llama-2-70b", phase="prefill", batch=1.0))
    ops = model.trace(job)
    whole, eighth = stored_weight_bytes(ops), stored_weight_bytes(shard(ops, 8.0))
    assert whole / 8 <= eighth < whole / 8 * 1.02
    assert total(shard(ops, 1.0), "flops") == total(ops, "flops")


def test_serving_70b_takes_several_gpus() -> None:
    sweep = run(Job("llama-2-70b", phase="serve", tp=np.array([1.0, 2.0, 4.0, 8.0])))
    assert sweep.fits[0].tolist() == [False, True, True, True]


def test_capacity_is_binary_gigabytes() -> None:
    assert run(Job("resnet50")).available[0, 0] == pytest.approx(80 * 2**30, rel=0.005)


def test_an_all_reduce_over_pcie_is_slower_than_over_nvlink() -> None:
    devices = Devices.of([GPUS["a100-80gb-sxm"], GPUS["l40s"]])
    nvlink, pcie = all_reduce(1e9, 4.0, devices)[:, 0]
    assert pcie > 5 * nvlink
    assert all_reduce(1e9, 1.0, devices).max() == 0.0


def test_data_parallel_training_scales_below_linear() -> None:
    sweep = run(Job("bert-large", phase="train", batch=16.0, n_gpus=np.array([1.0, 2.0, 8.0])))
    one, two, eight = sweep.throughput[0]
    assert one < two < 2 * one
    assert two < eight < 8 * one


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TensorRT-LLM 0.17 trtllm-bench", "tensorrt-llm"),
        ("TensorRT 10.11, CUDA 12.9", "tensorrt"),
        ("llama.cpp (May 2024, CUDA)", "llama-cpp"),
        ("pytorch-1.x (NGC 20.01-21.x, eager)", "pytorch-1"),
        ("PyTorch 2.9 torch.compile channels_last", "pytorch-2-compile"),
        ("vLLM 0.6", "vllm"),
        ("diffusers 0.14 fp16", "diffusers"),
        ("torchtitan 0.1 (PyTorch 2.6, torch.compile)", "torchtitan"),
        ("torchtune", "torchtune"),
        ("TRL 0.12 (PEFT)", "transformers"),
        ("CTRL eager", "pytorch-2"),
        ("Megatron-DeepSpeed", "megatron-2022"),
        ("CUDA 11.6", "tensorrt"),
        ("transformers 4.38 + bitsandbytes (PyTorch 2.1)", "transformers"),
        ("PyTorch 2.1, CUDA 12.1", "pytorch-2"),
        ("LMDeploy 0.6 (TurboMind)", "lmdeploy"),
    ],
)
def test_free_text_names_a_runtime(text: str, expected: str) -> None:
    found = runtime(text, "vllm")
    assert found.id == expected
    assert found.exact


def test_a_runtime_that_is_like_another_has_what_the_fit_knows_of_that_one() -> None:
    own, base = runtime("torchtitan", ""), runtime("llm-foundry", "")
    assert (own.kernels, own.stacks[0]) == ("llm-foundry", "llm-foundry")
    assert own.stacks[1:] == ("llm-foundry+torchtitan",)
    # Its attention is PyTorch's own, its matrix products are between llm-foundry's and Megatron's.
    assert own.products["conv"] == base.products["conv"]
    assert base.products["gemm"] < own.products["gemm"] < 0.8
    assert (own.fuses, base.fuses) == (False, True)
    assert runtime("torchtitan, torch.compile", "").fuses
    seen = GPUS["a100-40gb-sxm"]
    found, known = (
        single(Job("mpt-1b", phase="train", runtime=r, batch=1.0), seen) for r in (own.id, base.id)
    )
    # It was not measured itself: wider than the one that was.
    assert found.throughput.high / found.throughput.low > known.throughput.high / known.throughput.low


def test_plain_pytorch_makes_tokens_at_the_pace_of_its_host() -> None:
    """A third of what memory allows on an A100, where an engine with CUDA graphs comes near to it."""
    job = Job("llama-2-7b", phase="decode", precision="fp16", batch=1.0)
    eager, engine = (single(replace(job, runtime=r), A100) for r in ("PyTorch 2.1", "vLLM 0.6"))
    assert (eager.runtime, eager.basis) == ("transformers", "roofline")
    assert eager.throughput.mid < 0.6 * engine.throughput.mid
    assert run(Job("llama-2-7b", phase="train", runtime="PyTorch 2.1"), A100.id).runtime.id == "pytorch-2"


def test_an_unknown_runtime_is_the_nearest_and_widens_the_interval() -> None:
    known = single(Job("resnet50", runtime="pytorch-2"), A100)
    unknown = single(Job("resnet50", runtime="my own engine"), A100)
    assert unknown.throughput.mid == known.throughput.mid
    assert unknown.throughput.high / unknown.throughput.low > known.throughput.high / known.throughput.low
    assert any("my own engine" in said for said in unknown.warnings)


@pytest.mark.parametrize(
    ("gpu", "job", "words"),
    [
        ("a100-80gb-sxm", Job("llama-2-7b", precision="fp8"), ("FP8", "a100-80gb-sxm", "--precision")),
        ("h100-80gb-sxm", Job("vgg16", phase="train", precision="fp8"), ("convolutions in FP8", "amp-bf16")),
        ("b200-180gb-sxm", Job("resnet50", precision="nvfp4"), ("convolutions in FP4", "--precision fp8")),
        ("t4", Job("llama-2-7b", precision="bf16"), ("BF16", "t4")),
        ("k80", Job("llama-2-7b"), ("vLLM", "compute capability")),
        ("mi300x", Job("resnet50", runtime="tensorrt"), ("TensorRT", "AMD")),
    ],
)
def test_what_a_gpu_cannot_run_is_refused_in_words(gpu: str, job: Job, words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as said:
        single(job, GPUS[gpu])
    assert all(word in str(said.value) for word in words)


def test_what_does_not_fit_says_what_is_needed_and_what_is_there() -> None:
    with pytest.raises(Infeasible, match=r"llama-2-70b does not fit on a10: it needs .* the card has"):
        single(Job("llama-2-70b"), GPUS["a10"])


@pytest.mark.parametrize("job", [Job("llama-2-7b", tp=4.0, n_gpus=2.0), Job("llama-2-7b", pp=64.0)])
def test_impossible_meshes_are_refused(job: Job) -> None:
    with pytest.raises(UsageError):
        run(job)


def test_graphics_of_a_processor_run_with_its_memory(tmp_path: Path) -> None:
    """The fastest that the controller takes, 128 bit of LPDDR5X-7500, and what a file of one's own says."""
    gpu = named("AMD Ryzen 7 8840U", GPUS)
    assert (gpu.id, gpu.need("bandwidth"), gpu.also("bandwidth")[0].value) == ("radeon-780m", 120e9, 89.6e9)
    mine = tmp_path / "mine.toml"
    mine.write_text('[gpu.modules]\nbase = "radeon-780m"\nbandwidth = "89.6 GB/s"\n')
    slower = catalogue((mine,))["modules"]
    job = Job("llama-2-7b", phase="decode", precision="q4_0", runtime="llama.cpp Vulkan", output_tokens=128.0,
              input_tokens=512.0)  # fmt: skip
    fast, slow = estimate(job, [gpu, slower]).throughput[:, 0]
    assert slow == pytest.approx(fast * 89.6 / 120.0, rel=0.03)


def test_an_unread_bandwidth_is_refused_by_name() -> None:
    unread = next(gpu for gpu in GPUS.values() if not gpu.usable)
    refusal = run(Job("resnet50"), unread.id).refusals[0]
    assert refusal.startswith(unread.id)
    assert "--gpu-file" in refusal


def test_the_time_is_the_sum_of_its_terms() -> None:
    found = estimate(Job("llama-2-7b", phase="serve"), [A100], explain=True)
    assert sum(term.seconds for term in found.timing.terms) == pytest.approx(found.timing.gpu[0, 0])
    assert {term.bound for term in found.timing.terms} <= {"compute", "memory", "launch"}


def test_a_lower_power_limit_is_never_faster(tmp_path: Path) -> None:
    capped = variant(tmp_path, power='"150 W"')
    job = replace(Job("bert-large", phase="train"), batch=16.0)
    full, low = estimate(job, [A100, capped]).throughput[:, 0]
    assert low < full


@pytest.mark.parametrize("key", ["v100-16gb-pcie", "rtx-4090", "a100-80gb-sxm"])
def test_a_cap_takes_clock_between_the_cube_and_the_whole_of_the_power_left(key: str) -> None:
    gpu = catalogue()[key]
    limit = gpu.need("power")
    for share in (0.85, 0.7, 0.5, 0.4):
        left = (share - 0.25) / (0.88 - 0.25)
        clock = float(Devices.of([gpu], share * limit).capped[0, 0])
        assert left < clock < left ** (1 / 3)
    assert float(Devices.of([gpu], 2 * limit).capped[0, 0]) == 1.0


def test_a_cap_slows_arithmetic_and_not_the_reading_of_memory() -> None:
    def lost(job: Job) -> float:
        card = catalogue()["rtx-4090"]
        free, capped = single(job, card), single(replace(job, options={"power_limit": "225 W"}), card)
        return 1 - capped.throughput.mid / free.throughput.mid

    reading, training = (
        lost(Job("llama-2-7b", phase="decode", batch=1.0)),
        lost(Job("bert-large", phase="train", batch=16.0)),
    )
    assert reading < 0.05
    assert 0.1 < training < 0.35


def test_tables_are_ops_by_gpus_by_jobs() -> None:
    model = resolve("resnet50")
    job = model.complete(Job("resnet50", phase="infer", batch=np.array([1.0, 2.0, 4.0])))
    ops = model.trace(job)
    found = {table.kind: table for table in tables(ops)}
    conv = found["conv"]
    count = sum(1 for op in ops if op.kind == "conv")
    assert conv.flops.shape == (count, 1, 3)
    assert np.allclose(conv.flops[:, :, 1], 2 * conv.flops[:, :, 0])
    assert np.broadcast_shapes(conv.weight_bytes.shape, (count, 1, 1)) == (count, 1, 1)
    flops = sum((t.count * t.flops).sum(axis=0) for t in found.values() if t.kind in PRODUCTS)
    assert flops[0, 2] == pytest.approx(4 * flops[0, 0])


def test_work_that_depends_on_the_gpu_makes_a_gpu_axis() -> None:
    from whichgpu.workloads.ops import Op

    op = Op("pointwise", "m.x", {"elements": np.ones((2, 3))}, "fp16", flops=np.ones((2, 3)))
    (table,) = tables([op, Op("pointwise", "m.y", {"elements": 1.0}, "fp16", flops=np.arange(3.0))])
    assert table.flops.shape == (2, 2, 3)


def test_tf32_stands_in_for_fp32_where_the_framework_does_so() -> None:
    """PyTorch's matrix products did until 1.11, and do no more."""
    job = Job("bert-large", phase="infer", batch=64.0, precision="fp32")
    now, before = (single(replace(job, runtime=text), A100) for text in ("PyTorch 2.4", "PyTorch 1.10"))
    assert before.throughput.mid > 1.3 * now.throughput.mid


def test_a_power_cap_and_an_unmodelled_option_are_heard() -> None:
    job = Job("resnet50", phase="train")
    free, capped = single(job, A100), single(replace(job, options={"power_limit": "150 W"}), A100)
    assert capped.throughput.mid < free.throughput.mid
    assert capped.power <= 150
    below = single(replace(job, options={"power_limit": "60 W"}), A100).warnings
    assert any("lowest power limit" in one for one in below)
    assert not capped.warnings
    nhwc = single(replace(job, options={"layout": "channels_last"}), A100)
    assert nhwc.throughput.mid > free.throughput.mid
    said = single(replace(job, options={"prefetch": "True"}), A100).warnings
    assert any("prefetch" in line for line in said)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("resnet50", "--gpu", "a10", "--phase", "train", "--batch", "5000"), 3, "is the largest that fits"),
        (
            ("llama-2-7b", "--gpu", "a10", "--phase", "decode", "--batch", "4096"),
            3,
            "is the largest that fits",
        ),
        (("llama-2-70b", "--gpu", "a10"), 3, "--gpu a10:8 --tp 8 is the least that fits"),
        (("llama-2-70b", "--gpu", "a10", "--phase", "train"), 3, "not even one at a time"),
        # A laptop has one GPU: what is narrower fits, or the program that keeps least beside a model.
        (("mistral-7b", "--gpu", "rtx-4070-laptop", "--phase", "decode"), 3, "; --precision int4 fits\n"),
        (("llama-3.2-1b", "--gpu", "rtx-2050-laptop"), 3, "--runtime llama-cpp fits\n"),
        (("llama-2-70b", "--gpu", "rtx-4070-laptop"), 3, "not even one at a time"),
        (("resnet50", "--gpu", "mi440x"), 2, "no peak rate was read in any source"),
        (("h100-80gb-sxm", "--gpu", "a10"), 2, "it is a GPU, which --gpu takes (several as A,B): --gpu h100"),
        (
            ("llama-3.1-8b", "--gpu", "h100-80gb-sxm:8", "--phase", "pretrain"),
            3,
            "--option sharding=zero2 fits",
        ),
        (
            ("qwen2.5-7b", "--gpu", "a100-80gb-sxm:8", "--phase", "finetune_full", "--seq-len", "8192"),
            3,
            "--option sharding=zero1 --option checkpointing=full fits",
        ),
        # One GPU has nobody to share anything out with.
        (
            ("llama-3.1-8b", "--gpu", "rtx-a6000", "--phase", "dpo", "--precision", "bf16"),
            3,
            "not even one at a time",
        ),
        (
            ("llama-2-7b", "--gpu", "a100-80gb-sxm", "--precision", "fp8", "--runtime", "sglang"),
            2,
            "SGLang has no FP8",
        ),
        (("llama-2-7b", "--gpu", "a100-80gb-sxm:2", "--tp", "4"), 2, "n_gpus=2"),
        (("llama-2-7b", "--gpu", "a100-80gb-sxm:0"), 2, "0 GPUs cannot be"),
        (("llama-2-7b", "--gpu", "a100-80gb-sxm", "--output-tokens", "0"), 2, "generates at least 1"),
        (("resnet50", "--gpu", "a10", "--batch", "0"), 2, "batch: 0 is below 1"),
        (("resnet50", "--gpu", "a10", "--batch", "nan"), 2, "not a valid integer"),
        (("resnet50", "--gpu", "a10", "--batch", "99999999999"), 2, "is it a slip"),
        (("resnet50", "--gpu", "a10", "--concurrency", "inf"), 2, "not a finite number"),
        (("resnet50", "--gpu", "a10", "--resolution", "0"), 2, "'0' is not a resolution"),
        (("resnet50", "--gpu", "a10", "--option", "power_limit=0 W"), 2, "leaves nothing to run on"),
        (("bert-large", "--gpu", "a10", "--seq-len", "100000"), 2, "more than the 512 positions"),
    ],
)
def test_an_impossible_job_is_one_line_that_says_why(whichgpu, arguments, status, said) -> None:
    answer = whichgpu("predict", *arguments)
    assert answer.status == status
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert "Traceback" not in answer.err


def test_the_largest_batch_fits_and_one_more_does_not() -> None:
    job = Job("resnet50", phase="train", batch=5000.0)
    with pytest.raises(Infeasible) as said:
        single(job, GPUS["a10"])
    largest = float(str(said.value).partition("--batch ")[2].split()[0])
    assert run(replace(job, batch=np.array([largest, largest + 1.0])), "a10").surely.tolist() == [
        [True, False]
    ]


def test_the_fewest_gpus_fit_and_half_of_them_do_not() -> None:
    fits = run(Job("llama-2-70b", tp=np.array([4.0, 8.0])), "a10").fits
    assert fits.tolist() == [[False, True]]


def test_a_part_without_fp16_or_matrix_units_widens_fp16_to_fp32() -> None:
    answer = single(Job("resnet50", phase="infer", precision="fp16", batch=32), GPUS["m40-24gb"])
    assert any(
        "no FP16 units: products run in FP32, and numbers are widened" in said for said in answer.warnings
    )
    wide = single(Job("resnet50", phase="infer", precision="fp32", batch=32), GPUS["m40-24gb"])
    assert wide.throughput.mid <= answer.throughput.mid <= 2 * wide.throughput.mid


def test_a_part_whose_tensor_rate_is_unknown_is_not_run_on_plain_units() -> None:
    with pytest.raises(UsageError, match="no FP16 peak of rtx-5090-d-v2 was read"):
        single(Job("resnet50", phase="infer", precision="fp16"), GPUS["rtx-5090-d-v2"])


def test_a_tpu_computes_bf16_and_refuses_fp32_products() -> None:
    job = Job("resnet50", phase="train", precision="bf16", batch=128, runtime="jax")
    rates = [single(job, GPUS[key]).throughput.mid for key in ("tpu-v2", "tpu-v3", "tpu-v4")]
    assert rates == sorted(rates)
    with pytest.raises(UsageError, match=r"tpu-v3: .*several passes over FP32.*--precision bf16"):
        single(replace(job, precision="fp32"), GPUS["tpu-v3"])


def test_training_in_the_format_that_a_refusal_names_is_not_refused() -> None:
    """Its norms and its optimizer are in FP32, of which no source states a rate."""
    for key, kind, stack in (("gaudi2", "bf16", ""), ("gaudi2", "amp-bf16", ""), ("tpu-v6e", "bf16", "jax")):
        job = Job("resnet50", phase="train", precision=kind, batch=256, runtime=stack)
        answer = single(job, GPUS[key])
        assert any("no FP32 peak was read in any source" in said for said in answer.warnings)


def test_who_is_given_whole_graphs_converts_no_maps() -> None:
    """PyTorch hands cuDNN one convolution at a time, whose maps it turns; a compiler lays them out once."""
    for key, turned in (("gaudi3", False), ("rx-7900-xtx", False), ("a100-80gb-sxm", True)):
        moved = [
            {term.layer: term.memory for term in single(job, GPUS[key]).terms}["layer1.conv"]
            for job in (
                Job("resnet50", phase="infer", precision="bf16", batch=256, options=options)
                for options in ({}, {"layout": "nhwc"})
            )
        ]
        assert (moved[0] > 2.0 * moved[1]) is turned


def test_a_part_without_a_stated_fp32_peak_is_predicted_from_its_matrix_peak() -> None:
    job = Job("llama-3.1-8b", phase="prefill", precision="bf16", input_tokens=1024)
    for key in ("gaudi2", "tpu-v6e"):
        answer = single(job, GPUS[key])
        done = 2 * 8.0e9 * answer.throughput.mid
        assert 0.2 * GPUS[key].value("bf16") < done < GPUS[key].value("bf16")
        assert any("no FP32 peak was read in any source" in said for said in answer.warnings)
        with pytest.raises(UsageError, match="--precision bf16"):
            single(replace(job, precision="fp32"), GPUS[key])


def test_what_stands_in_for_bf16_on_pascal_is_widened_as_fp16_is() -> None:
    job = Job("llama-3.2-1b", phase="finetune_lora", batch=1.0)
    own, stood_in = (single(replace(job, precision=name), GPUS["p40"]) for name in ("nf4-fp16", "nf4"))
    assert stood_in.throughput.mid == pytest.approx(own.throughput.mid, rel=0.01)  # the 1/64 rate gave 1/34


def test_grace_computes_in_sixteen_bits_under_the_software_of_processors() -> None:
    """As near its peak as processors of other vendors are, and not as a GPU under CUDA."""
    job = Job("resnet50", phase="infer", precision="bf16", batch=64.0)
    grace, epyc = (single(job, GPUS[name]) for name in ("grace-cpu", "epyc-9654"))
    peaks = 56.8 / GPUS["epyc-9654"].value("bf16") * 1e12  # TFLOPS
    assert grace.throughput.mid / epyc.throughput.mid == pytest.approx(peaks, rel=0.25)


def test_a_decoder_in_fp32_asks_for_a_rate_of_it() -> None:
    """SDXL's pipeline in FP16 decodes in FP32, of which no source states a rate for Gaudi 2."""
    job = Job("sdxl", phase="generate", precision="fp16")
    with pytest.raises(UsageError, match=r"no FP32 peak of gaudi2 was read.*--precision bf16"):
        single(job, GPUS["gaudi2"])
    assert single(replace(job, precision="bf16"), GPUS["gaudi2"]).throughput.mid > 0


def test_every_runtime_that_a_workload_assumes_is_an_id():
    """A text that names none falls back on it: "GenCast, nonsense 1.2" was an internal error."""
    assumed = {
        (key, str(row["runtime"]))
        for key, one in workloads().items()
        for row in (*one.code.DEFAULTS.values(), *one.defaults.values())
        if "runtime" in row
    }
    assert {name for _, name in assumed} <= set(runtimes())
    assert runtime("nonsense 1.2", "xla").id == "xla"
