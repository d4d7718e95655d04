"""What each runtime makes of the same ops: what it fuses, folds, and multiplies with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from kernel_runs import GPUS, laid, seconds, traffic_of

from whichgpu.cost.calibration.effects import Fit, compute_terms, fit, memory_terms
from whichgpu.cost.estimate import finish
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.job.asked import read
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.kernels import products
from whichgpu.cost.kernels.elementwise import passes, rows
from whichgpu.cost.timing.classes import OpClass
from whichgpu.cost.timing.optable import tables
from whichgpu.cost.timing.time import prepare
from whichgpu.workloads.job import Job
from whichgpu.workloads.precision import precision
from whichgpu.workloads.recorder import Map, Recorder


def test_a_compiler_fuses_elementwise_ops_with_each_other_and_not_with_products() -> None:
    """Inductor: a norm and what follows it are one kernel, an activation between two products is its own."""
    job = {"phase": "infer", "precision": "fp16", "batch": 64, "runtime": "PyTorch 2.4 torch.compile"}

    def left(workload: str) -> dict[str, float]:
        tables = [one.table for one in laid(workload, "rtx-4090", **job).work.kernels]
        (ops,) = (table for table in tables if table.kind == "elementwise")
        shares = passes(ops, runtime(job["runtime"], ""))
        return {op.layer: float(share[0, 0]) for op, share in zip(ops.ops, shares, strict=True)}

    resnet, vit = left("resnet50"), left("vit_base_patch16_224")
    assert resnet["layer1.conv_norm"] == 1.0
    assert resnet["layer1.conv_relu"] == resnet["layer1.relu"] == 0.0
    assert 0.0 < resnet["layer1.add"] < 0.5  # the other input is read
    assert vit["layers.gelu"] == 1.0
    eager = seconds("resnet50", "rtx-4090", **{**job, "runtime": "PyTorch 2.4 channels_last"})
    compiled = seconds("resnet50", "rtx-4090", **job)
    assert seconds("resnet50", "rtx-4090", **{**job, "runtime": "TensorRT"}) < compiled < eager


def test_an_engine_folds_norms_whose_moments_are_stored_and_runs_others_as_kernels() -> None:
    """Behind a convolution a norm is part of its weights; one that reads its moments off its input is not."""

    def left(workload: str, text: str) -> dict[str, tuple[float, float]]:
        found = laid(workload, "a100-80gb-sxm", runtime=text, precision="fp16", phase="infer", batch=8.0)
        (one,) = (one for one in found.work.kernels if one.table.kind == "elementwise")
        shares = np.broadcast_to(passes(one.table, found.runtime), (len(one.table.ops), 1, 1))
        starts = np.broadcast_to(one.launched, (len(one.table.ops), 1, 1))
        return {
            op.layer: (float(share), float(start))
            for op, share, start in zip(one.table.ops, shares.ravel(), starts.ravel(), strict=True)
        }

    trt, ort = "TensorRT 10.0", "ONNX Runtime 1.17"
    assert left("resnet50", trt)["layer1.conv_norm"] == left("resnet50", ort)["layer1.conv_norm"] == (0, 0)
    assert left("vit_base_patch16_224", trt)["layers.layer_norm"] == (1, 1)
    volume = left("3d-unet-99", trt)
    # A map is read for its moments, and again to apply them.
    assert volume["unet.down0.norm"] == volume["unet.down0.moments"] == (1, 1)
    assert volume["unet.down0.relu"] == (0, 0)
    # Sorting the scores of 120,000 anchors is part of no convolution.
    assert left("retinanet", trt)["selection.score"] == (1, 1)
    assert left("resnet50", "PyTorch 2.3")["layer1.conv_norm"] == (1, 1)


def test_cublas_10_takes_odd_products_off_the_tensor_cores_of_volta_and_turing() -> None:
    """267,735 words are no multiple of eight; GNMT pads its own, and Ampere needs cuBLAS 11."""

    def gain(workload: str, gpu: str, text: str) -> float:
        """Of mixed precision over FP32, in the products of the vocabulary."""
        found = (laid(workload, gpu, runtime=text, precision=name, phase="train", batch=16.0)
                 for name in ("fp32", "amp-fp16"))  # fmt: skip
        full, mixed = (
            sum(float(one.compute[i].sum()) for one in each.work.kernels if one.table.kind == "gemm"
                for i, op in enumerate(one.table.ops) if op.shard == "vocab")
            for each in found
        )  # fmt: skip
        return full / mixed

    old, new = "pytorch-1.x (NGC 20.01-21.x, eager)", "pytorch-1.x (NGC 21.07, eager)"
    for gpu in ("v100-16gb-sxm", "titan-rtx"):
        assert gain("transformer-xl-base", gpu, old) == pytest.approx(1.0, rel=0.05)
        assert gain("transformer-xl-base", gpu, new) > 2.0
        assert gain("gnmt-v2", gpu, old) > 2.0
    ampere = [gain("transformer-xl-base", "a100-40gb-sxm", text) for text in (old, new)]
    assert ampere[0] == pytest.approx(ampere[1])


def test_shallow_pointwise_convolutions_and_narrow_groups_of_8_bit_numbers() -> None:
    """A 1 x 1 window fills its tiles in half the depth; matrix instructions are as deep in bytes."""

    def rate(width: int, kernel: int, groups: int, form: str) -> float:
        rec = Recorder(precision(form))
        rec.conv(Map(256.0, width, 56, 56), width, kernel, groups=groups)
        (one,) = prepare(rec.ops(), Devices([GPUS["a100-40gb-sxm"]]), runtime("TensorRT 10.0", "")).kernels
        return float((one.table.flops / one.compute)[0, 0, 0])

    shallow = rate(64, 1, 1, "fp16") / rate(1024, 1, 1, "fp16")
    assert 0.22 < shallow < 0.35  # 0.18 with the depth of a window
    wide, narrow = (rate(256, 3, 256 // each, "int8") / rate(256, 3, 256 // each, "fp16") for each in (64, 4))
    assert narrow == pytest.approx(2.0 * (4 / 12) / (4 / 8), rel=0.05)
    assert wide > 1.8


def test_tensorflow_multiplies_with_the_library_that_pytorch_calls() -> None:
    """What networks of convolutions taught of TensorFlow says nothing of its matrix products."""
    (a100,) = Devices.of([GPUS["a100-40gb-sxm"]]).traits
    for name in ("TensorFlow 2.4", "MXNet 1.6"):
        own = runtime(name, "")
        terms = {kind: compute_terms(OpClass(kind, "half", "gemm"), a100, own, trains=True)
                 for kind in ("gemm", "logits", "attention", "conv", "conv1x1")}  # fmt: skip
        for kind in ("gemm", "logits", "attention"):
            assert {"c=pytorch-1", f"c/{kind}=pytorch-1"} <= set(terms[kind])
            assert f"c={own.id}" not in terms[kind]
        for kind in ("conv", "conv1x1"):
            assert f"c={own.id}" in terms[kind]
            assert "c=pytorch-1" not in terms[kind]


def test_no_framework_teaches_of_fp32_matrix_products_on_plain_units() -> None:
    """cuBLAS runs them at one share of the FP32 rate; convolutions and engines have kernels of their own."""
    v100, a100 = Devices.of([GPUS["v100-16gb-sxm"], GPUS["a100-40gb-sxm"]]).traits

    def taught(kind: str, form: str, name: str, place=v100) -> bool:
        terms = compute_terms(OpClass(kind, form, "gemm"), place, runtime(name, ""), trains=True)
        return any("=" in term and not term.startswith("c~") for term in terms)

    for name in ("PyTorch 1.13", "PyTorch 2.1 torch.compile channels_last", "TensorFlow 2.4", "TensorRT 8.6"):
        assert not taught("gemm", "plain", name)
        assert taught("gemm", "half", name)
        assert taught("conv", "plain", name)
    assert taught("gemm", "plain", "vLLM 0.9")
    # In TF32 unasked they are products of tensor cores.
    assert taught("gemm", "plain", "TensorFlow 2.4", a100)
    assert not taught("gemm", "plain", "PyTorch 2.1", a100)


def test_fp32_products_that_are_not_in_tf32_are_bound_by_the_plain_rate() -> None:
    """PyTorch 2 multiplies FP32 matrices as such; TensorFlow in TF32, unasked."""
    fast, flops = Fit({"c/gemm": 3.0, "c/attention": 3.0, "m/pointwise": 3.0, "m/norm": 3.0}), {}
    for name in ("PyTorch 2.1", "PyTorch 2.1 torch.compile", "TensorFlow 2.4 XLA"):
        here = laid("bert-large", "a100-40gb-sxm", phase="infer", precision="fp32", batch=64, runtime=name)
        work = sum(float((one.table.count * one.table.flops).sum()) for one in here.work.kernels
                   if one.table.kind == "gemm")  # fmt: skip
        flops[name] = work / float(finish(here, fast).seconds[0, 0])
    plain = GPUS["a100-40gb-sxm"].value("fp32")
    assert max(flops["PyTorch 2.1"], flops["PyTorch 2.1 torch.compile"]) < plain
    assert flops["TensorFlow 2.4 XLA"] > 2 * plain


def test_xla_fuses_chains_and_launches_what_it_compiled() -> None:
    job = {"phase": "infer", "precision": "fp16", "seq_len": 128}
    eager, compiled = "TensorFlow 2.4", "TensorFlow 2.4 XLA"
    large, small = ({**job, "batch": batch} for batch in (64, 1))

    def gain(job: dict[str, object]) -> float:
        return seconds("bert-base", "t4", runtime=eager, **job) / seconds(
            "bert-base", "t4", runtime=compiled, **job
        )

    assert 1.0 < gain(large) < gain(small)


def test_tf_cnn_benchmarks_is_told_to_run_under_xla() -> None:
    job = {"phase": "infer", "precision": "fp16", "batch": 448}
    flags = ("", " --xla=True", " --xla=False")
    plain, compiled, off = (
        seconds("resnet50", "a100-40gb-pcie", runtime=f"tf_cnn_benchmarks{flag}", **job) for flag in flags
    )
    assert compiled < plain == off


def test_xla_adds_the_bias_of_a_convolution_at_its_end() -> None:
    """`cudnn_fused_conv_rewriter.cc`; TensorFlow's own kernel takes a value of 16 bits a thread."""

    def moved(stack: str, form: str) -> set[float]:
        made = laid("vgg16", "quadro-rtx-8000", phase="infer", precision=form, runtime=stack)
        pairs = [
            (share, op)
            for table in (one.table for one in made.work.kernels)
            for share, op in zip(np.ravel(passes(table, made.runtime)), table.ops, strict=False)
        ]
        return {float(share) for share, op in pairs if op.layer.endswith("conv.bias")}

    assert moved("tf_cnn_benchmarks --xla=True", "fp16") == {0.0}
    assert moved("tf_cnn_benchmarks", "fp16") == {2.0}
    assert moved("tf_cnn_benchmarks", "fp32") == {1.0}


def test_a_compiler_runs_the_products_of_eager_mode() -> None:
    """What was learnt of cuDNN and cuBLAS under eager PyTorch holds for torch.compile, channels last."""
    stack = runtime("PyTorch 2.4 torch.compile", "")
    assert stack.stacks[:3] == ("pytorch-2", "pytorch-2+pytorch-2-compile", "pytorch-2+nhwc")
    assert stack.products == runtime("PyTorch 2.4", "").products


def test_a_lineage_that_was_not_measured_has_what_its_kin_have_in_common() -> None:
    job = {"phase": "infer", "precision": "fp16", "batch": 256}
    found = Fit({"c@tensor-small": 0.2, "m@tensor-small": 0.2})

    def gain(gpu: str, stack: str, workload: str = "resnet50", **columns) -> float:
        here = laid(workload, gpu, runtime=stack, **{**job, **columns})
        return float((finish(here, Fit()).seconds / finish(here, found).seconds)[0, 0])

    assert gain("rtx-5090", "PyTorch 2.4") == pytest.approx(gain("rtx-4090", "PyTorch 2.4"), rel=0.02)
    assert gain("rtx-5090", "PyTorch 2.4") > 1.15
    assert gain("h100-80gb-sxm", "PyTorch 2.4") == 1.0
    tokens = {"phase": "serve", "input_tokens": 128, "output_tokens": 128, "batch": None, "concurrency": 8}
    assert gain("rtx-5090", "vLLM 0.9", "llama-3.1-8b", **tokens) == 1.0


def test_tensorrt_adds_half_precision_products_up_in_half_precision() -> None:
    def rate(name: str, stack: str) -> float:
        job = Job("resnet50", phase="infer", precision="fp16", runtime=stack)
        return lay_out(job, [GPUS[name]]).devices.peak("fp16").item()

    assert rate("rtx-3090", "TensorRT") == 2 * rate("rtx-3090", "PyTorch 2")
    assert rate("rtx-a6000", "TensorRT") == rate("rtx-a6000", "PyTorch 2")


def test_compilers_of_diffusion_add_half_precision_products_up_in_half_precision_where_they_say_so() -> None:
    def rate(name: str, stack: str) -> float:
        job = Job("stable-diffusion-1.5", phase="generate", precision="fp16", runtime=stack)
        return lay_out(job, [GPUS[name]]).devices.peak("fp16").item()

    for narrow in ("AITemplate", "OneFlow", "onediff nexfort"):
        assert rate("rtx-3090", narrow) == 2 * rate("rtx-3090", "diffusers"), narrow
        assert rate("a100-80gb-sxm", narrow) == rate("a100-80gb-sxm", "diffusers"), narrow
    assert rate("rtx-3090", "stable-fast") == rate("rtx-3090", "diffusers")


def test_exllama_adds_widened_products_up_in_half_precision() -> None:
    """By `cublasHgemm`: prompts of LLaMA on an RTX 4090 ran at 1.1 times its peak with sums in FP32."""

    def rate(name: str, stack: str, phase: str = "prefill") -> float:
        job = Job("llama-7b", phase=phase, precision="gptq-int4", runtime=stack, input_tokens=1920.0)
        return lay_out(job, [GPUS[name]]).devices.peak("fp16").item()

    wide = rate("rtx-4090", "Transformers 4.40")
    assert rate("rtx-4090", "exllama v1") == pytest.approx(2 * wide, rel=1e-3)
    assert rate("rtx-4090", "exllama v1", "decode") == wide, "tokens alone have kernels of its own"
    assert rate("a100-80gb-sxm", "exllamav2") == rate("a100-80gb-sxm", "Transformers 4.40")


def test_containers_before_channels_last_turn_maps_for_each_convolution() -> None:
    """PyTorch has that order since 1.5: NVIDIA's ResNet-50 of 2018 ran at 747 images/s on a V100."""
    job = {"phase": "train", "precision": "amp-fp16", "batch": 256.0}
    old, new = (
        seconds("resnet50", "v100-16gb-sxm", **job, runtime=f"PyTorch NGC {month} imagenet example")
        for month in ("18.09", "20.06")
    )
    assert old > 1.4 * new
    assert runtime("PyTorch NGC 19.10", "").converts
    assert not runtime("NVIDIA DeepLearningExamples PyTorch NGC 20.06", "").converts


def _of_v100(version: str, form: str, gpus: float = 8.0) -> float:
    """Images/s training ResNet-50: 2,844 of 8 under 1.13 in FP32, 5,224 in FP16 (tensorpack/benchmarks)."""
    job = Job("resnet50", phase="train", precision=form, batch=64.0, n_gpus=gpus,
              runtime=f"TensorFlow {version} tf_cnn_benchmarks")  # fmt: skip
    return gpus * 64 / float(finish(lay_out(job, [GPUS["v100-16gb-sxm"]]), fit()).seconds[0, 0])


def test_tensorflow_before_1_15_turns_16_bit_maps_for_each_convolution() -> None:
    rate = _of_v100
    assert runtime("tensorflow-1.15/2.x tf_cnn_benchmarks", "").marks == ("v1.15",)
    assert rate("1.13", "fp32") == pytest.approx(rate("1.15", "fp32"), rel=0.06)
    assert rate("1.13", "fp16", 1.0) < 0.85 * rate("1.15", "fp16", 1.0)


@pytest.mark.xfail(
    strict=True, reason="2.022 for 1.837 times: 10.1 % with the fit of 28 November 2026, 9.4 before"
)
def test_tensorflow_1_13_gains_by_16_bits_what_was_measured() -> None:
    rates = [_of_v100("1.13", kind) for kind in ("fp16", "fp32")]
    assert rates[0] / rates[1] == pytest.approx(5224 / 2844, rel=0.10)


def test_tensorflow_writes_a_sigmoid_linear_unit_out() -> None:
    """Two kernels, and six for its gradient (swish of tensorflow/python/ops/nn_impl.py)."""

    def moved(runtime: str) -> set[float]:
        made = laid("efficientnet-b0", "v100-16gb-sxm", phase="train", runtime=runtime)
        found: set[float] = set()
        for table in (one.table for one in made.work.kernels):
            if any(op.layer.endswith("conv_silu") for op in table.ops):
                shares = np.broadcast_to(passes(table, made.runtime), (len(table.ops), 1, 1))[:, 0, 0]
                pairs = zip(shares, table.ops, strict=True)
                found |= {float(one) for one, op in pairs if op.layer.endswith("conv_silu")}
        return found

    assert moved("TensorFlow 2.6") == {2.5, 5.0}
    assert moved("PyTorch 2.4") == {1.0}
    assert max(moved("TensorFlow 2.6 XLA")) <= 1.0


def test_toolboxes_of_detection_are_the_framework_of_their_time() -> None:
    text = {"Detectron2": "pytorch-1", "mmdet 2.28": "pytorch-1", "MMDetection 3.3": "pytorch-2",
            "MMSegmentation": "pytorch-1", "mmdetection, PyTorch 2.1": "pytorch-2"}  # fmt: skip
    text |= {"ultralytics 8.3": "pytorch-2", "timm": "pytorch-2", "DeepStream 7.0": "tensorrt"}
    found = {one: runtime(one, "pytorch-2") for one in text}
    assert {one: stack.id for one, stack in found.items()} == text
    assert all(stack.exact for stack in found.values())
    assert not found["DeepStream 7.0"].marks, "its version is no release of TensorRT"


def test_compiled_copies_run_inside_their_neighbours() -> None:
    def left(runtime: str) -> list[float]:
        made = laid("swin-tiny", "rtx-4090", runtime=runtime)
        table = next(one.table for one in made.work.kernels if any(op.kind == "copy" for op in one.table.ops))
        shares = np.broadcast_to(passes(table, made.runtime), (len(table.ops), 1, 1))[:, 0, 0]
        return [float(one) for one, op in zip(shares, table.ops, strict=True) if op.layer.endswith("windows")]

    assert set(left("PyTorch 2.4")) == {1.0}
    assert min(left("PyTorch 2.4 torch.compile")) == 0.0


def test_pytorch_s_own_depthwise_kernels_are_limited_by_what_an_sm_issues() -> None:
    """1.02 ms of a 3 x 3 over 32 maps of 512 x 512 and two pictures on a Titan Xp (pytorch issue 18631)."""
    devices = Devices.of([GPUS["titan-xp"]])

    def compute(text: str, kind: str = "fp32", window: int = 3) -> float:
        rec = Recorder(precision(kind))
        rec.conv(Map(2.0, 32, 512, 512), 32, window, groups=32)
        (table,) = tables(rec.ops())
        return float(products.seconds(table, devices, runtime(text, ""))[0][0, 0, 0])

    assert compute("PyTorch 1.1") == pytest.approx(1.02e-3, rel=0.2)
    assert compute("PyTorch 1.1") > 5 * compute("TensorRT")
    # The loop that any window runs takes as many instructions for a point as the one that is written out.
    assert compute("PyTorch 1.1", window=7) == pytest.approx(49 / 9 * compute("PyTorch 1.1"))
    # Maps whose channels are last go to cuDNN (use_cudnn_depthwise of aten/src/ATen/native/Convolution.cpp).
    assert compute("PyTorch 1.9 channels_last") == compute("TensorRT")
    # Of 8-bit numbers an instruction adds up four products.
    assert compute("TensorRT", "int8") == pytest.approx(compute("TensorRT") / 4.0)


def test_depthwise_windows_of_one_dimension_are_no_faster_in_16_bits() -> None:
    """QuartzNet of NVIDIA's examples takes 57.8 ms in mixed precision on an A100, 61.5 in TF32."""
    devices = Devices.of([GPUS["a100-80gb-sxm"]])

    def compute(kind: str, window: tuple[int, int], text: str = "PyTorch 1.9") -> float:
        rec = Recorder(precision(kind))
        rec.conv(Map(16.0, 512, 1.0 if window[0] == 1 else 512.0, 835.0), 512, window, groups=512)
        (table,) = tables(rec.ops())
        return float(products.seconds(table, devices, runtime(text, ""))[0][0, 0, 0])

    assert compute("fp16", (1, 75)) == compute("fp32", (1, 75))
    assert compute("fp16", (3, 3)) < compute("fp32", (3, 3))
    # An engine compiles its own.
    assert compute("fp16", (1, 75), "TensorRT") < compute("fp16", (1, 75))


def test_a_convolution_deeper_than_usual_ones_shares_its_depth_among_idle_sms() -> None:
    """RTMPose's 7 x 7 over 768 channels of a map of 8 x 6 has eight times the depth of a 3 x 3 over 512."""
    devices = Devices.of([GPUS["gtx-1660-ti"]])

    def compute(channels: int, window: int) -> float:
        rec = Recorder(precision("fp16"))
        rec.conv(Map(1.0, channels, 8, 6), 17, window)
        (table,) = tables(rec.ops())
        return float(products.seconds(table, devices, runtime("TensorRT", ""))[0][0, 0, 0])

    assert compute(512, 3) < compute(768, 7) < 4.0 * compute(512, 3)


def test_who_times_algorithms_takes_winograd_s_where_tf32_is_hardly_faster() -> None:
    """TF32 of an RTX A4000 is twice its FP32 rate, on an A100 eight times, which nothing makes up for.

    But of three channels, whose sums are too short to fill a tile of tensor cores.
    """
    column = {"phase": "infer", "precision": "tf32", "batch": 64.0, "runtime": "tf_cnn_benchmarks"}
    for gpu, gains in (("rtx-a4000", True), ("a100-40gb-pcie", False)):
        work = laid("vgg16", gpu, **column).work
        table = next(one.table for one in work.kernels if one.table.kind == "conv")
        timed, told = (
            products.seconds(table, work.devices, replace(work.runtime, autotunes=picks))[0]
            for picks in (True, False)
        )
        assert np.all(timed <= told)
        deep = np.array([op.dims["k"] > 27 for op in table.ops])
        assert bool(np.any((timed < 0.95 * told)[deep])) == gains
    assert not laid("vgg16", "rtx-a4000", **{**column, "runtime": "PyTorch 2"}).work.runtime.autotunes


def test_an_engine_has_classes_of_its_own_but_in_training() -> None:
    kind = OpClass("gemm", "half", "gemm")
    (h100,) = Devices.of([GPUS["h100-80gb-sxm"]]).traits
    vllm, pytorch, megatron = (runtime(name, "") for name in ("vLLM", "PyTorch 2", "Megatron-LM"))
    for terms, name in ((compute_terms, "c/gemm"), (memory_terms, "m/gemm")):
        serving, framework = (terms(kind, h100, one, trains=False) for one in (vllm, pytorch))
        assert (name in serving, f"{name}&language" in serving) == (False, True)
        assert (name in framework, f"{name}&language" in framework) == (True, False)
        assert name in terms(kind, h100, megatron, trains=True)


@pytest.mark.parametrize(
    ("columns", "known"),
    [
        ({"runtime": "vLLM", "precision": "fp16"}, "vllm-0.5"),
        ({"runtime": "vLLM", "precision": "float16"}, "vllm-0.5"),
        ({"runtime": "vLLM 0.10", "precision": "fp16"}, "vllm"),
        ({"runtime": "vLLM", "precision": "bf16"}, "vllm"),
        ({"runtime": "vLLM"}, "vllm"),
        ({"precision": "fp16"}, "vllm"),
        ({"runtime": "vllm", "precision": "fp16"}, "vllm"),
    ],
)
def test_a_format_dates_a_runtime_that_has_no_version(columns: dict[str, str], known: str) -> None:
    """Published runs of vLLM that state FP16 and no version are of 2024; the answer says so."""
    found = laid("llama-3.1-8b", "h100-80gb-sxm", phase="serve", **columns)
    assert found.runtime.id == known
    assert any("without a version" in line for line in found.notes[0]) == (known == "vllm-0.5")
    # What is simulated is read again, in the format that was filled in or that stands for it.
    assert read(found.job.changed(precision="fp16")).runtime.id == known


def test_scores_with_a_bias_are_written_out_by_frameworks_and_not_by_engines() -> None:
    """Swin gains nothing from the fused attention of PyTorch 2, ViT does."""
    old, new, engine = "PyTorch 1.13", "PyTorch 2.1", "TensorRT"
    gain = {name: traffic_of(name, "attention", old) / traffic_of(name, "attention", new)
            for name in ("swin-tiny", "vit-base-patch16-224")}  # fmt: skip
    assert gain["swin-tiny"] < 1.3
    assert gain["vit-base-patch16-224"] > 2.0
    assert traffic_of("swin-tiny", "attention", engine) < 0.6 * traffic_of("swin-tiny", "attention", new)


@pytest.mark.parametrize(
    ("text", "converts"),
    [
        ("PyTorch NGC pytorch-21.03", False), ("pytorch-1.x (NGC 20.01-21.x, eager)", True),
        ("PyTorch NGC 23.10 nchw", True), ("PyTorch 2.1", True), ("pytorch-2.3 (NGC 24.03, eager)", True),
    ],
)  # fmt: skip
def test_nvidias_examples_are_channels_last_unless_a_source_says_how_it_ran_them(text, converts) -> None:
    assert runtime(text, "").converts == converts


def test_onnx_runtime_writes_scores_out_before_its_fused_attention() -> None:
    """Of 1.14: before, two products with a softmax between them, four kernels and four passes over scores."""
    job = {"phase": "infer", "precision": "fp16", "batch": 16.0, "seq_len": 384.0}
    old, new, bare = (
        seconds("minilm-l6", "t4", runtime=text, **job)
        for text in ("ONNX Runtime 1.13.1", "ONNX Runtime 1.14", "ONNX Runtime")
    )
    assert new == pytest.approx(bare, rel=0.02)
    assert 1.2 < old / new < 1.6


def test_submissions_of_mxnet_fuse_norms_with_what_is_behind_them_and_keep_up_with_their_input() -> None:
    """--fuse-bn-relu and --fuse-bn-add-relu of NVIDIA's; pictures are decoded on the GPU."""
    plain, submitted = runtime("MXNet NGC 21.10", ""), runtime("MXNet NGC 21.10 MLPerf", "")
    assert (plain.reads, plain.chains) == (True, False)
    assert (submitted.reads, submitted.chains) == (False, True)
    job = {"phase": "train", "precision": "amp-fp16", "batch": 256.0}
    alone, fused = (
        seconds("resnet50", "a100-80gb-sxm", runtime=name, **job) for name in ("MXNet", "MXNet MLPerf")
    )
    assert 0.80 < fused / alone < 0.95


def test_modules_of_diffusers_write_rotations_and_norms_by_the_root_mean_square_out() -> None:
    """RMSNorm and FP32LayerNorm of models/normalization.py, apply_rotary_emb of models/embeddings.py."""

    def moved(workload: str, runtime: str, form: str = "bf16") -> dict[str, float]:
        made = laid(workload, "h100-80gb-sxm", phase="generate", runtime=runtime, precision=form)
        found: dict[str, float] = {}
        for table in (one.table for one in made.work.kernels if one.table.kind == "elementwise"):
            shares = np.broadcast_to(passes(table, made.runtime), (len(table.ops), 1, 1))[:, 0, 0]
            names = [op.layer.rpartition(".")[2] for op in table.ops]
            found |= {name: float(one) for name, one in zip(names, shares, strict=True)}
        return found

    eager = moved("flux.1-dev", "diffusers")
    # Bytes of a value: 34 for 4; 2 x 15 and 18 for 2 x 4 and 6. Residual sums are as many bytes, and kernels.
    assert [eager[name] for name in ("query_rms", "cosine", "rope")] == [8.5, 3.75, 3.0]
    assert eager["norm"] == eager["gelu"] == eager["shift"] == 1.0
    assert moved("flux.1-dev", "diffusers", "fp32")["rope"] == 1.0
    assert moved("flux.1-dev", "diffusers torch.compile")["query_rms"] <= 1.0
    assert moved("flux.1-dev", "ComfyUI")["cosine"] == 1.75
    assert (
        moved("sdxl", "diffusers", "fp16")["group_norm"]
        == moved("sdxl", "A1111", "fp16")["group_norm"]
        == 1.5
    )
    assert moved("hunyuandit-1.2", "diffusers")["widened_norm"] == 5.0
    assert moved("qwen-image", "diffusers")["rope_paired"] == 1.7


def test_products_of_two_shapes_take_a_value_a_thread_and_short_rows_leave_threads_idle() -> None:
    """launch_legacy_kernel of PyTorch's CUDALoops.cuh; a block of 128 threads for each row of a LayerNorm."""

    def longer(workload: str, stack: str = "PyTorch 2.4") -> set[float]:
        made = laid(workload, "rtx-3090", phase="infer", precision="fp16", runtime=stack)
        tables = (one.table for one in made.work.kernels if one.table.kind == "elementwise")
        pairs = [
            pair
            for table in tables
            for pair in zip(rows(table, made.runtime)[:, 0, 0], table.ops, strict=True)
        ]
        return {float(one) for one, op in pairs if op.layer.endswith(".layer_norm")}

    def moved(workload: str, end: str, stack: str = "PyTorch 2.4", form: str = "fp16") -> set[float]:
        made = laid(workload, "rtx-3090", phase="infer", precision=form, runtime=stack)
        found: set[float] = set()
        for table in (one.table for one in made.work.kernels if one.table.kind == "elementwise"):
            shares = np.broadcast_to(passes(table, made.runtime), (len(table.ops), 1, 1))[:, 0, 0]
            pairs = zip(shares, table.ops, strict=True)
            found |= {float(one) for one, op in pairs if op.layer.endswith(end)}
        return found

    assert moved("efficientnet-b0", ".gate") == moved("vgg16", "conv.bias") == {2.0}
    assert moved("efficientnet-b0", ".gate", form="fp32") == moved("vgg16", "conv.bias", form="fp32") == {1.0}
    assert moved("vgg16", "conv.bias", "TensorRT 8.6") == {0.0}
    assert longer("vit-tiny-patch16-224") == {1.0 + 128.0 / 192.0}
    assert longer("vit-large-patch16-224") == {1.125}
    assert longer("vit-tiny-patch16-224", "PyTorch 2.4 torch.compile") == {1.0}


def test_a_gate_s_gradient_is_four_kernels() -> None:
    """The map's, the number's as a product and its sum, the mean's: nine passes over a map for two."""
    made = laid("se-resnet50", "rtx-3090", phase="train", precision="fp32", runtime="PyTorch 2.4")
    ops = [op for one in made.work.kernels for op in one.table.ops if ".gate" in op.layer]
    forward, back = ([op for op in ops if op.stage == stage] for stage in ("forward", "backward"))
    assert len(back) == 4 * len(forward)
    each = {op.layer: op.read_bytes + op.write_bytes for op in forward}
    for name, size in each.items():
        gradients = [op for op in back if op.layer.startswith(name)]
        assert sum(op.read_bytes + op.write_bytes for op in gradients) == pytest.approx(4.5 * size)
