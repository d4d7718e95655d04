"""Physical sense over many GPUs: formats, batches, parts of one chip, power. Each test is a table of jobs."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from whichgpu.cost.estimate import estimate
from whichgpu.cost.gpu.device import Devices
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.cost.estimates import Estimates
    from whichgpu.hardware.gpu import Gpu

GPUS = catalogue()
#: A server's host, so that what launches take is the same on all.
HOST = {"host": "server"}
BATCHES = np.array([1.0, 4.0, 8.0, 16.0, 64.0, 256.0])
TENSOR = tuple(
    GPUS[key]
    for key in (
        "t4", "v100-32gb-sxm", "a100-80gb-sxm", "a10", "a40", "l4", "l40s", "h100-80gb-sxm", "h200-141gb-sxm",
        "b200-180gb-sxm", "rtx-2080-ti", "rtx-3060-12gb", "rtx-3090", "rtx-4070", "rtx-4090", "rtx-5090",
        "rtx-4070-laptop", "jetson-agx-orin-64gb", "mi300x", "rx-7900-xtx", "arc-a770",
    )
)  # fmt: skip
_FACTS = ("sms", "clock_boost", "bandwidth", "memory", "power", "l2", "fp32", "fp16", "tf32", "int8", "fp8")


def speeds(job: Job, gpus: tuple[Gpu, ...] = TENSOR) -> NDArray[np.float64]:
    """What runs on each GPU, (G, J); NaN where it does not or does not fit."""
    found = estimate(replace(job, options={**HOST, **job.options}), gpus)
    return np.where(found.fits, found.throughput, np.nan)


@pytest.mark.parametrize(
    ("name", "phase", "runtime", "narrower"),
    [
        ("resnet50", "train", "PyTorch 2.1", ("fp32", "tf32", "amp-fp16", "fp16")),
        ("resnet50", "infer", "PyTorch 2.1", ("fp32", "tf32", "amp-fp16", "fp16")),
        ("mobilenet-v2", "infer", "PyTorch 2.1", ("fp32", "tf32", "amp-fp16", "fp16")),
        ("vit-base-patch16-224", "infer", "PyTorch 2.1", ("fp32", "tf32", "amp-fp16", "fp16")),
        ("bert-base", "train", "PyTorch 1.8", ("fp32", "tf32", "amp-fp16", "fp16")),
        ("inception-v3", "infer", "tf_cnn_benchmarks", ("fp32", "tf32", "amp-fp16", "fp16")),
        ("resnet50", "infer", "tf_cnn_benchmarks", ("fp32", "tf32", "fp16")),
        ("resnet50", "infer", "TensorRT", ("fp32", "fp16", "int8")),
        ("bert-base", "infer", "TensorRT", ("fp32", "fp16", "int8")),
        ("stable-diffusion-1.5", "generate", "diffusers", ("fp32", "fp16")),
    ],
)
def test_a_narrower_format_is_no_slower(
    name: str, phase: str, runtime: str, narrower: tuple[str, ...]
) -> None:
    """In batches that fill the GPU; at a batch of 1 casts of the weights may cost more than they save."""
    batch = {"generate": 4.0, "train": 128.0}.get(phase, 256.0)
    batch = 24.0 if phase == "train" and name == "bert-base" else batch
    made = [speeds(Job(name, phase=phase, precision=one, runtime=runtime, batch=batch)) for one in narrower]
    for wide, narrow in pairwise(made):
        both = np.isfinite(wide) & np.isfinite(narrow)
        assert both.any()
        assert np.all(narrow[both] > 0.97 * wide[both])


@pytest.mark.parametrize(
    ("name", "phase", "runtime"),
    [
        ("resnet50", "train", "PyTorch 2.1"), ("vgg16", "infer", "PyTorch 2.1"),
        ("stable-diffusion-1.5", "generate", "AUTOMATIC1111 webui"), ("sdxl", "generate", "ComfyUI"),
    ],
)  # fmt: skip
def test_metal_is_no_slower_in_fp16(name: str, phase: str, runtime: str) -> None:
    """Its cores multiply both formats at one rate, by the same kernels."""
    apple = tuple(GPUS[key] for key in ("apple-m1-max-32c", "apple-m2-ultra-76c", "apple-m4-max-40c"))
    batch = 1.0 if phase == "generate" else 64.0
    wide, narrow = (
        speeds(Job(name, phase=phase, precision=one, runtime=runtime, batch=batch), apple)
        for one in ("fp32", "fp16")
    )
    # What each format's rows of the network taught differs by less than that.
    assert np.all(narrow > 0.99 * wide)


def test_fp32_that_runs_in_tf32_is_as_fast_as_tf32_that_is_asked_for() -> None:
    """What a network's rows taught in TF32 holds for a job that says FP32 of the same products."""
    ampere = tuple(GPUS[key] for key in ("a100-80gb-sxm", "rtx-3090", "h100-80gb-sxm"))
    for name in ("resnet50", "vgg16", "inception-v3"):
        job = Job(name, phase="infer", precision="tf32", runtime="tf_cnn_benchmarks", batch=64.0)
        assert speeds(replace(job, precision="fp32"), ampere) == pytest.approx(speeds(job, ampere))


@pytest.mark.parametrize(
    ("name", "phase", "precision", "runtime"),
    [
        ("resnet50", "train", "amp-fp16", "PyTorch 2.1"),
        ("resnet50", "infer", "int8", "TensorRT"),
        ("bert-large", "infer", "fp16", "ONNX Runtime"),
        ("vit-base-patch16-224", "train", "amp-fp16", "torch.compile"),
        ("stable-diffusion-1.5", "generate", "fp16", "ComfyUI"),
        # Rows of a recurrent layer's step go through matrix-vector kernels up to eight of them.
        ("rnnt", "train", "fp32", "PyTorch 2.1"),
        ("deepspeech2", "train", "fp32", ""),
        ("ptb-lstm-medium", "train", "fp32", "PyTorch 2.1"),
    ],
)
def test_a_larger_batch_makes_no_less(name: str, phase: str, precision: str, runtime: str) -> None:
    made = speeds(Job(name, phase=phase, precision=precision, runtime=runtime, batch=BATCHES))
    assert np.isfinite(made).any()
    assert not np.any(made[:, 1:] < 0.99 * made[:, :-1])


@pytest.mark.parametrize("runtime", ["llama.cpp", "llama.cpp (Vulkan)"])
@pytest.mark.parametrize(("name", "precision"), [("qwen3-30b-a3b", "q4_k_m"), ("mixtral-8x7b", "q4_0")])
def test_more_rows_for_experts_are_no_cliff(runtime: str, name: str, precision: str) -> None:
    """Tiles of experts take over from matrix-vector products where they are faster, not at nine rows."""
    gpus = tuple(GPUS[key] for key in ("rtx-4090", "v100-32gb-sxm", "rx-7900-xtx", "gb10", "p40"))
    loads, lengths = np.array([8.0, 32.0, 64.0, 127.0, 128.0, 192.0, 256.0]), 2.0 ** np.arange(4.0, 10.0)
    asked = Job(name, precision=precision, runtime=runtime, output_tokens=128.0)
    tokens = estimate(replace(asked, phase="decode", batch=loads, input_tokens=128.0), gpus).throughput
    prompts = estimate(replace(asked, phase="prefill", batch=1.0, input_tokens=lengths), gpus).throughput
    for made in (tokens, prompts):
        assert np.all(made[:, 1:] > 0.8 * made[:, :-1])


@cache
def _dominant() -> tuple[tuple[Gpu, Gpu], ...]:
    """Pairs of desktop, workstation and server parts of one chip, the first with no less of anything."""
    known = {}
    for gpu in GPUS.values():
        # Inline ECC of a server's GDDR leaves an L4 less than an RTX 4000 SFF Ada has.
        delivered = Devices.of([gpu]).streaming.item() if gpu.value("bandwidth") else None
        facts = {**{name: gpu.value(name) for name in _FACTS}, "bandwidth": delivered}
        if gpu.usable and gpu.vendor == "NVIDIA" and gpu.segment not in ("laptop", "edge", "cpu"):
            known[gpu.id] = (gpu.value("chip"), gpu.value("memory_type")), facts
    pairs = []
    for more, (kind, these) in known.items():
        for less, (other, those) in known.items():
            alike = more != less and kind == other and these["power"] and those["power"]
            if alike and all(_no_less(these[name], those[name]) for name in _FACTS):
                pairs.append((GPUS[more], GPUS[less]))
    return tuple(pairs)


def _no_less(one: object, other: object) -> bool:
    if one is None or other is None:
        return one is other
    return float(one) >= float(other)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "phase", "precision", "runtime"),
    [
        ("resnet50", "train", "fp32", "PyTorch 2.1"),
        ("resnet50", "train", "amp-fp16", "PyTorch 2.1"),
        ("resnet50", "infer", "int8", "TensorRT"),
        ("bert-large", "train", "amp-fp16", "PyTorch 1.8"),
        ("stable-diffusion-1.5", "generate", "fp16", "ComfyUI"),
        ("llama-3.1-8b", "decode", "q4_k_m", "llama.cpp"),
    ],
)
def test_more_of_one_chip_is_no_slower(name: str, phase: str, precision: str, runtime: str) -> None:
    pairs = _dominant()
    assert len(pairs) > 100
    gpus = tuple({gpu.id: gpu for pair in pairs for gpu in pair}.values())
    at = {gpu.id: i for i, gpu in enumerate(gpus)}
    batch = 1.0 if phase in ("decode", "generate") else 32.0
    made = np.ravel(speeds(Job(name, phase=phase, precision=precision, runtime=runtime, batch=batch), gpus))
    slower = [
        (more.id, less.id, made[at[less.id]] / made[at[more.id]])
        for more, less in pairs
        if made[at[more.id]] < made[at[less.id]] / 1.06
    ]
    assert slower == []


@pytest.mark.parametrize(
    ("name", "phase", "precision", "runtime"),
    [
        ("resnet50", "train", "amp-fp16", "PyTorch 2.1"),
        ("bert-large", "infer", "int8", "TensorRT"),
        ("sdxl", "generate", "fp16", "diffusers"),
        ("llama-3.1-8b", "decode", "q4_k_m", "llama.cpp"),
    ],
)
def test_power_lies_between_nothing_and_the_limit(
    name: str, phase: str, precision: str, runtime: str
) -> None:
    gpus = tuple(gpu for gpu in GPUS.values() if gpu.usable and gpu.value("power"))
    found: Estimates = estimate(Job(name, phase=phase, precision=precision, runtime=runtime, batch=8.0), gpus)
    limits = np.array([[float(gpu.value("power") or 0.0)] for gpu in gpus])
    drawn = np.where(np.isfinite(found.throughput) & found.fits, found.power, np.nan)
    assert np.isfinite(drawn).sum() > 50
    assert not np.any(drawn <= 0.0)
    assert not np.any(drawn > 1.001 * limits)


@pytest.mark.parametrize(
    ("job", "column", "sizes"),
    [
        (Job("bert-base", phase="infer", precision="fp16", runtime="Transformers", batch=16.0),
         "seq_len", (32.0, 64.0, 128.0, 256.0, 384.0, 512.0)),
        (Job("stable-diffusion-1.5", phase="generate", precision="fp16", runtime="diffusers", batch=1.0),
         "steps", (10.0, 20.0, 30.0, 50.0, 100.0)),
        (Job("stable-diffusion-1.5", phase="generate", precision="fp16", runtime="diffusers", batch=1.0),
         "height", (384.0, 512.0, 640.0, 768.0, 1024.0)),
        (Job("yolov8m", phase="infer", precision="fp16", runtime="TensorRT", batch=1.0),
         "height", (320.0, 480.0, 640.0, 960.0, 1280.0)),
        (Job("llama-3.1-8b", phase="decode", precision="q4_k_m", runtime="llama.cpp", batch=1.0,
             output_tokens=128.0), "input_tokens", (128.0, 512.0, 2048.0, 4096.0, 8192.0)),
    ],
)  # fmt: skip
def test_more_work_is_never_done_sooner(job: Job, column: str, sizes: tuple[float, ...]) -> None:
    made = speeds(replace(job, **{column: np.array(sizes)}))
    assert np.isfinite(made).any()
    assert not np.any(made[:, 1:] > 1.001 * made[:, :-1])


@pytest.mark.parametrize(
    ("name", "phase", "precision", "runtime"),
    [
        ("resnet50", "train", "amp-fp16", "PyTorch 2.1"),
        ("resnet50", "infer", "int8", "TensorRT"),
        ("sdxl", "generate", "fp16", "ComfyUI"),
        ("llama-3.2-3b", "prefill", "q4_k_m", "llama.cpp"),
        ("llama-3.2-3b", "decode", "q4_k_m", "llama.cpp"),
    ],
)
@pytest.mark.thorough(every=2)
def test_a_lower_power_limit_is_no_faster(name: str, phase: str, precision: str, runtime: str) -> None:
    """Laptops too, once a limit is stated: what nobody states is the middle of what their makers set."""
    batch = 1.0 if phase in ("decode", "generate", "prefill") else 32.0
    for gpu in TENSOR:
        most = float(gpu.value("power") or 0.0)
        if not most:
            continue
        made = [
            speeds(Job(name, phase=phase, precision=precision, runtime=runtime, batch=batch,
                       options={"power_limit": f"{most * share:.2f} W"}), (gpu,)).item()
            for share in (1.0, 0.85, 0.7, 0.55, 0.4)
        ]  # fmt: skip
        assert all(less <= 1.001 * more for more, less in pairwise(made) if np.isfinite(more))


@pytest.mark.parametrize(
    ("name", "phase", "precision", "runtime", "batch"),
    [
        ("resnet50", "train", "amp-fp16", "PyTorch 2.1", 64.0),
        ("bert-large", "train", "amp-fp16", "PyTorch 1.8", 8.0),
        ("vgg16", "train", "fp32", "tf_cnn_benchmarks", 32.0),
        ("stable-diffusion-1.5", "generate", "fp16", "diffusers", 1.0),
    ],
)
def test_so_many_gpus_do_no_more_than_as_many_times_one(
    name: str, phase: str, precision: str, runtime: str, batch: float
) -> None:
    nvidia = tuple(gpu for gpu in TENSOR if gpu.vendor == "NVIDIA" and gpu.segment not in ("laptop", "edge"))
    job = Job(name, phase=phase, precision=precision, runtime=runtime, batch=batch)
    one = speeds(replace(job, n_gpus=1.0), nvidia)
    for n in (2.0, 4.0, 8.0):
        assert not np.any(speeds(replace(job, n_gpus=n), nvidia) > 1.01 * n * one)


@pytest.mark.parametrize("name", ["stable-diffusion-1.5", "sdxl", "flux.1-dev"])
def test_what_is_compiled_is_no_slower(name: str) -> None:
    """At the lowest power limits as well: the products are the same, and less lies between them."""
    nvidia = tuple(gpu for gpu in GPUS.values() if gpu.vendor == "NVIDIA" and gpu.value("power"))
    job = Job(name, phase="generate", precision="fp16" if name != "flux.1-dev" else "bf16", batch=1.0)
    eager, compiled = (
        speeds(replace(job, runtime=f"diffusers PyTorch 2.3{how}"), nvidia) for how in ("", " torch.compile")
    )
    both = np.isfinite(eager) & np.isfinite(compiled)
    assert both.sum() > 20
    assert np.all(compiled[both] > 0.97 * eager[both])


@pytest.mark.parametrize(
    ("name", "precision", "runtime"),
    [("resnet50", "amp-fp16", "MXNet MLPerf"), ("bert-large", "amp-fp16", ""), ("llama-2-7b", "bf16", "")],
)  # fmt: skip
def test_no_training_does_more_than_the_peak_of_its_gpu(name: str, precision: str, runtime: str) -> None:
    phase = "pretrain" if precision == "bf16" else "train"
    many = tuple(
        GPUS[key] for key in ("v100-32gb-sxm", "a100-80gb-sxm", "b200-180gb-sxm", "mi300x", "gaudi2")
    )
    for batch in BATCHES:
        found = estimate(Job(name, phase=phase, precision=precision, runtime=runtime, batch=batch), many)
        peaks = np.array([[max(gpu.value("fp16") or 0.0, gpu.value("bf16") or 0.0)] for gpu in many])
        assert np.all(found.timing.work / found.seconds < 0.9 * peaks)
