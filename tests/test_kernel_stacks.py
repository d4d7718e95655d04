"""Runtimes, their versions and marks: what each fuses, launches and computes in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from kernel_runs import GPUS, laid, seconds, traffic_of

from whichgpu.cost.asked import read
from whichgpu.cost.classes import OpClass
from whichgpu.cost.device import Devices
from whichgpu.cost.estimate import finish
from whichgpu.cost.fit import Fit, compute_terms, fit, memory_terms
from whichgpu.cost.kernels import products
from whichgpu.cost.kernels.elementwise import passes
from whichgpu.cost.layout import lay_out
from whichgpu.cost.optable import tables
from whichgpu.cost.runtime import runtime
from whichgpu.cost.spread import widths
from whichgpu.cost.time import limits, prepare
from whichgpu.errors import UsageError
from whichgpu.workloads.job import Job
from whichgpu.workloads.precision import precision
from whichgpu.workloads.recorder import Map, Recorder


@pytest.mark.parametrize(
    ("text", "known", "marks"),
    [
        ("PyTorch 2.4.0 cu124 eager channels_last", "pytorch-2", {"nhwc", "v2.4"}),
        ("pytorch-1.x (NGC 20.01-21.x, eager)", "pytorch-1", {"loads", "ngc20.01"}),
        ("pytorch-1.13 (NGC 22.09-22.10, eager)", "pytorch-1-13", {"loads", "ngc22.09"}),
        # A container is dated by its month, whatever its name leaves open.
        ("PyTorch NGC 21.11-py3", "pytorch-1", {"loads", "recipe", "ngc21.11"}),
        ("NGC PyTorch 22.12", "pytorch-1-13", {"loads", "recipe", "ngc22.12"}),
        ("pytorch (NGC 23.10)", "pytorch-2", {"loads", "recipe", "ngc23.10"}),
        ("nvcr.io/nvidia/pytorch:21.03-py3", "pytorch-1", {"ngc21.03"}),
        ("PyTorch 0.4", "pytorch-1", {"v0.4"}),
        ("Torch7", "pytorch-1", set()),
        ("MXNet NGC 20.06", "mxnet", {"ngc20.06"}),
        # TensorRT is what runs, in whatever it is called from.
        ("trtexec", "tensorrt", set()),
        ("ONNX Runtime TensorRT EP", "tensorrt", set()),
        ("TensorFlow-TensorRT", "tensorrt", set()),
        ("PyTorch 2.3, TensorRT", "tensorrt", {"v2.3"}),
        ("torch2trt", "tensorrt", set()),
        ("tkDNN", "tensorrt", set()),
        ("PaddlePaddle 2.2 TensorRT", "paddle", {"v2.2"}),
        ("MLPerf v1.1", "tensorrt", {"v1.1"}),
        ("MLPerf, PyTorch 1.7", "pytorch-1", {"v1.7"}),
        ("TensorFlow 2.4 XLA", "tensorflow", {"xla", "v2.4"}),
        ("TensorFlow 1.13.1", "tensorflow", {"channels-first", "v1.13"}),
        ("TensorFlow 1.15.5", "tensorflow", {"v1.15"}),
        ("TensorFlow 2.4, no XLA", "tensorflow", {"v2.4"}),
        ("vLLM 0.3.2", "vllm-0.5", {"v0.3"}),
        ("vLLM 0.6.3", "vllm", {"v0", "of-2025", "v0.6"}),
        ("vLLM 0.23.1", "vllm", {"v0.23"}),
        ("vllm==0.4.2", "vllm-0.5", {"v0.4"}),
        ("A1111 (xformers)", "webui", set()),
        ("diffusers 0.11 pytorch", "diffusers", {"unfused", "v0.11"}),
        ("diffusers 0.11 pytorch xformers", "diffusers", {"v0.11"}),
        ("diffusers 0.17.0.dev0 torch 2.0 compile", "diffusers", {"compiled", "v0.17"}),
        ("gpt-fast (PyTorch nightly, torch.compile)", "gpt-fast", set()),
        ("TensorRT-LLM 1.0 (PyTorch backend)", "tensorrt-llm", {"v1.0"}),
        ("AUTOMATIC1111 webui", "webui", set()),
        # A name within a longer one is not said.
        ("text-generation-webui", "transformers", set()),
        ("oobabooga's text generation web UI", "transformers", set()),
        ("GPTQ-for-LLaMa", "transformers", set()),
        ("kohya_ss sd-scripts", "diffusers", set()),
        # A token was a launch for each kernel until May 2024.
        ("llama.cpp (May 2024, CUDA)", "llama-cpp", {"before-graphs"}),
        ("llama.cpp b2407", "llama-cpp", {"before-graphs"}),
        ("llama-bench build 1503", "llama-cpp", {"before-graphs"}),
        ("llama.cpp b5163", "llama-cpp", set()),
        ("llama.cpp", "llama-cpp", set()),
        ("ollama", "llama-cpp", set()),
    ],
)
def test_free_text_names_a_runtime_and_its_marks(text: str, known: str, marks: set[str]) -> None:
    found = runtime(text, "pytorch-2")
    assert (found.id, set(found.marks), found.exact) == (known, marks, True)
    assert found.stacks == (known, *(f"{known}+{mark}" for mark in found.marks))


@pytest.mark.parametrize(
    ("text", "known", "like"),
    [("OpenVINO 2024.1", "graph-compilers", "onnxruntime"), ("Apache TVM", "graph-compilers", "onnxruntime"),
     ("Caffe (cuDNN 5)", "layer-by-layer", "pytorch-1"), ("Darknet", "layer-by-layer", "pytorch-1")],
)  # fmt: skip
def test_a_program_without_runs_of_its_own_has_what_its_kin_taught(text: str, known: str, like: str) -> None:
    found, kin = runtime(text, "pytorch-2"), runtime(like, "pytorch-2")
    assert found.id == known
    assert found.stacks[0] == kin.stacks[0]
    assert found.products == kin.products


def test_an_engine_runs_query_key_and_value_as_one_product() -> None:
    """Three of 768 columns side by side take what one of 2,304 takes; a framework runs them one by one."""

    def product(columns: int, abreast: int, text: str) -> tuple[float, float]:
        rec = Recorder(precision("fp16"))
        for name in "qkv"[:abreast]:
            rec.linear(1024.0, 768, columns, abreast=abreast, name=name)
        (one,) = prepare(rec.ops(), Devices([GPUS["a100-40gb-sxm"]]), runtime(text, "")).kernels
        return float((one.table.count * one.compute).sum()), float((one.table.count * one.launched).sum())

    assert product(768, 3, "TensorRT 8.6") == pytest.approx(product(2304, 1, "TensorRT 8.6"))
    apart, joined = (product(768, 3, text) for text in ("PyTorch 2.3", "TensorRT 8.6"))
    assert apart[1] == 3.0 * joined[1]
    assert apart[0] > 1.2 * product(2304, 1, "PyTorch 2.3")[0]


def test_what_autocast_widens_is_narrow_under_apex() -> None:
    """A norm hands on FP32, cast for the product behind it; apex keeps the whole model in 16 bits."""

    def left(text: str, form: str = "amp-fp16") -> dict[str, float]:
        made = laid(
            "vit_base_patch16_224", "rtx-3090", phase="train", precision=form, batch=8.0, runtime=text
        )
        (ops,) = (one.table for one in made.work.kernels if one.table.kind == "elementwise")
        return {
            op.layer: float(share * bytes_ / op.dims["elements"])
            for op, share, bytes_ in zip(
                ops.ops, passes(ops, made.runtime)[:, 0, 0], ops.activation_bytes[:, 0, 0], strict=True
            )
            if op.stage == "forward"
        }

    names = ("layers.layer_norm", "layers.cast", "layers.add", "layers.gelu")
    assert [left("PyTorch 2.1")[name] for name in names] == [8.0, 6.0, 12.0, 4.0]
    assert [left("NGC PyTorch 21.03")[name] for name in names] == [4.0, 0.0, 6.0, 4.0]
    assert "layers.cast" not in left("PyTorch 2.1", "fp16")


def test_programs_that_run_the_kernels_of_diffusers_share_what_was_learnt_of_them() -> None:
    comfy, web = (runtime(name, "pytorch-2") for name in ("ComfyUI PyTorch 2.2", "AUTOMATIC1111 webui"))
    assert (comfy.id, comfy.kernels, web.kernels) == ("comfyui", "diffusers", "webui")
    assert comfy.stacks == ("diffusers", "diffusers+comfyui", "diffusers+v2.2")


def test_a_mark_changes_what_it_states() -> None:
    assert runtime("diffusers 0.11 pytorch xformers", "").flash
    assert not runtime("diffusers 0.11 pytorch", "").flash
    # Its own use of PyTorch's fused attention came with 0.13.
    assert [runtime(f"diffusers {one}", "").flash for one in ("0.4", "0.12.1", "0.13", "0.30.3")] == [
        False, False, True, True,
    ]  # fmt: skip
    assert all(runtime(one, "").flash for one in ("diffusers 0.8 xformers", "kohya sd-scripts 0.6.5"))
    assert runtime("PyTorch 2 NGC 24.03", "").mixed_gradient == 2.0
    assert runtime("PyTorch 2", "").mixed_gradient == 4.0


def test_a_version_that_was_not_measured_has_a_wider_interval() -> None:
    known = laid("resnet50", "rtx-3090", phase="infer", precision="amp-fp16", runtime="PyTorch 2.4.0 eager")
    other = laid("resnet50", "rtx-3090", phase="infer", precision="amp-fp16", runtime="PyTorch 9.9 eager")
    assert "version" not in widths(known, GPUS["rtx-3090"], known.runtime)
    assert (
        widths(other, GPUS["rtx-3090"], other.runtime)["version"]
        >= widths(known, GPUS["rtx-3090"], known.runtime)["seen"]
    )


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


def test_tensorflow_before_1_15_turns_16_bit_maps_for_each_convolution() -> None:
    """Eight V100 under 1.13: 2,844 images/s of ResNet-50 in FP32, 5,224 in FP16 (tensorpack/benchmarks)."""

    def rate(version: str, form: str) -> float:
        job = Job("resnet50", phase="train", precision=form, batch=64.0, n_gpus=8.0,
                  runtime=f"TensorFlow {version} tf_cnn_benchmarks")  # fmt: skip
        return 8 * 64 / float(finish(lay_out(job, [GPUS["v100-16gb-sxm"]]), fit()).seconds[0, 0])

    assert runtime("tensorflow-1.15/2.x tf_cnn_benchmarks", "").marks == ("v1.15",)
    assert rate("1.13", "fp32") == pytest.approx(rate("1.15", "fp32"), rel=0.06)
    assert rate("1.13", "fp16") < 0.85 * rate("1.15", "fp16")
    assert rate("1.13", "fp16") / rate("1.13", "fp32") == pytest.approx(5224 / 2844, rel=0.10)


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

    def compute(text: str, kind: str = "fp32") -> float:
        rec = Recorder(precision(kind))
        rec.conv(Map(2.0, 32, 512, 512), 32, 3, groups=32)
        (table,) = tables(rec.ops())
        return float(products.seconds(table, devices, runtime(text, ""))[0][0, 0, 0])

    assert compute("PyTorch 1.1") == pytest.approx(1.02e-3, rel=0.2)
    assert compute("PyTorch 1.1") > 5 * compute("TensorRT")
    # Maps whose channels are last go to cuDNN (use_cudnn_depthwise of aten/src/ATen/native/Convolution.cpp).
    assert compute("PyTorch 1.9 channels_last") == compute("TensorRT")
    # Of 8-bit numbers an instruction adds up four products.
    assert compute("TensorRT", "int8") == pytest.approx(compute("TensorRT") / 4.0)


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
    """TF32 of an RTX A4000 is twice its FP32 rate, on an A100 eight times, which nothing makes up for."""
    column = {"phase": "infer", "precision": "tf32", "batch": 64.0, "runtime": "tf_cnn_benchmarks"}
    for gpu, gains in (("rtx-a4000", True), ("a100-40gb-pcie", False)):
        work = laid("vgg16", gpu, **column).work
        table = next(one.table for one in work.kernels if one.table.kind == "conv")
        timed, told = (
            products.seconds(table, work.devices, replace(work.runtime, autotunes=picks))[0]
            for picks in (True, False)
        )
        assert np.all(timed <= told)
        assert bool(np.any(timed < 0.95 * told)) == gains
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


def test_attention_that_is_written_out_is_four_kernels() -> None:
    def kernels(text: str) -> float:
        job = laid("vit-base-patch16-224", "rtx-3090", phase="infer", precision="fp16", runtime=text)
        (one,) = (each for each in job.work.kernels if each.table.kind == "attention")
        return float((one.table.count * one.launched).sum())

    assert kernels("PyTorch 2.4") == kernels("TensorRT") == 12.0
    assert kernels("PyTorch 1.10") == 4.0 * 12.0


def started_by(text: str, **job) -> dict[str, float]:
    """Launches of a training step by stage: kernels, and as long ones of a forward pass take the host."""
    found: dict[str, float] = {}
    whole = laid("resnet50", "rtx-3090", phase="train", precision="fp16", runtime=text, **job)
    for one in whole.work.kernels:
        shape = (len(one.table.ops), 1, 1)
        for name, each in (("kernels", one.launched), ("host", one.started)):
            spent = np.broadcast_to(one.table.count * each, shape)[:, 0, 0]
            for op, part in zip(one.table.ops, spent.tolist(), strict=True):
                found[f"{name} {op.stage}"] = found.get(f"{name} {op.stage}", 0.0) + part
    return found


def test_an_optimizer_of_pytorch_1_steps_through_tensor_by_tensor() -> None:
    old, new = (started_by(name) for name in ("PyTorch 1.10", "PyTorch 2.4"))
    # ResNet-50: 53 convolutions, scale and shift of as many normalisations, the head.
    assert old["kernels optimizer"] == 5.0 * (53 + 2 * 53 + 1)
    assert new["kernels optimizer"] == 1.0
    fused = started_by("PyTorch 1.10", options={"optimizer": "fused-adam"})
    assert fused["kernels optimizer"] == 1.0


def test_a_backward_pass_starts_its_kernels_sooner_than_modules_do() -> None:
    eager, session = started_by("PyTorch 2.4"), started_by("TensorFlow 2.4")
    # Autograd records a forward pass of a training: the host takes longer than for one of inference.
    assert eager["host forward"] == pytest.approx(1.4 * eager["kernels forward"])
    assert eager["host backward"] == 0.5 * eager["kernels backward"]
    assert session["host backward"] == session["kernels backward"]


def test_masks_that_are_learnt_are_drawn_region_by_region() -> None:
    def drawn(batch: float) -> float:
        work = laid("maskrcnn-r50-fpn", "rtx-3090", phase="train", batch=batch).work
        return sum(
            op.copies * float(np.max(op.repeats))
            for one in work.kernels
            for op in one.table.ops
            if op.layer == "targets.draw"
        )

    assert drawn(4.0) == 4.0 * drawn(1.0) > 1000.0


def test_a_compiler_still_launches_each_kernel_unless_it_replays_graphs() -> None:
    job = {"phase": "infer", "precision": "fp16", "batch": 1}
    eager, compiled, graphs = (
        seconds("resnet50", "a100-80gb-sxm", runtime=name, **job)
        for name in ("PyTorch 2.4", "PyTorch 2.4 torch.compile", "PyTorch 2.4 torch.compile reduce-overhead")
    )
    assert 1.3 < eager / compiled < 6.0
    assert graphs < 0.8 * compiled


def test_normalisations_of_yolo_are_folded_before_it_infers() -> None:
    def launched(phase: str) -> float:
        job = laid("yolov8s", "rtx-3090", phase=phase, runtime="PyTorch 2.4", batch=8.0)
        parts = [
            float(one.table.count[i].sum() * np.broadcast_to(one.launched, one.table.fusable.shape)[i, 0, 0])
            for one in job.work.kernels
            for i, op in enumerate(one.table.ops)
            if op.kind == "norm"
        ]
        assert len(parts) > 10
        return sum(parts)

    assert launched("infer") == 0.0
    assert launched("train") > 50.0


def test_a_pipeline_of_speech_hears_windows_twice_and_waits_for_the_longest():
    def rate(batch: float, stack: str = "Transformers", **options: str) -> float:
        job = {"phase": "infer", "precision": "fp16", "batch": batch, "runtime": stack, "options": options}
        laid = lay_out(Job("whisper-large-v3", **job), [GPUS["a100-80gb-sxm"]])
        return float(np.asarray(laid.units)) / float(finish(laid, Fit()).seconds[0, 0])

    alone = rate(1.0, stride="0")
    assert rate(1.0) == pytest.approx(alone * 20.0 / 30.0), "5 of 30 s on either side, nobody to wait for"
    apart = rate(24.0, stride="0", token_range="0")
    assert apart * 20.0 / 30.0 / 1.6 < rate(24.0) < apart * 20.0 / 30.0
    assert rate(24.0, "PyTorch 2") == pytest.approx(rate(24.0, "PyTorch 2", stride="0", token_range="0"))
    with pytest.raises(UsageError, match="write stride=5"):
        rate(1.0, stride="15")


@pytest.mark.parametrize(
    ("text", "narrow"), [("diffusers", False), ("ComfyUI", False), ("webui", False), ("comfyui --fast", True)]
)
def test_programs_for_pictures_widen_fp8_weights_unless_they_are_told_otherwise(text, narrow) -> None:
    job = Job("flux.1-dev", phase="generate", precision="fp8", runtime=text)
    kind = lay_out(job, [GPUS["rtx-4090"]]).job.precision
    assert kind == ("fp8" if narrow else "fp8-w8a16")


def _experts_launched(workload: str, runtime: str, **columns) -> tuple[float, float]:
    """Kernels of a training's forward and backward products of experts."""
    columns = {"phase": "finetune_full", "precision": "bf16", "batch": 8.0, "seq_len": 256.0, **columns}
    found = {"forward": 0.0, "backward": 0.0}
    for one in laid(workload, "a100-80gb-sxm", runtime=runtime, **columns).work.kernels:
        for i, op in enumerate(one.table.ops):
            if one.table.kind == "gemm" and op.shard.startswith("expert"):
                found[op.stage] += float((one.table.count * one.launched)[i].ravel()[0])
    return found["forward"], found["backward"]


def test_modules_that_take_experts_in_turn_launch_for_each_of_them() -> None:
    """A layer of Mixtral under Transformers 4: eleven kernels for each of eight experts, twelve back."""
    once, back = _experts_launched("mixtral-8x7b", "transformers 5.0")
    looped, looped_back = _experts_launched("mixtral-8x7b", "transformers 4.41")
    assert looped - once == pytest.approx(32 * 8 * 11)
    assert looped_back - back == pytest.approx(32 * 8 * 12)
    # Many small experts wait for the host the most, of which one token goes to few.
    many, _ = _experts_launched("qwen3-30b-a3b", "transformers 4.55")
    few, _ = _experts_launched("qwen3-30b-a3b", "transformers 4.55", batch=1.0, seq_len=1.0)
    assert many > 10.0 * looped > 0.0
    assert few < 0.1 * many
    assert _experts_launched("qwen3-30b-a3b", "transformers 4.55 ScatterMoE")[0] < 0.01 * many


def test_small_experts_train_slower_where_they_take_turns() -> None:
    """IBM's PowerMoE of 40 experts on an A100: 1,509 tokens/s in turn, 4,784 with ScatterMoE's kernels."""
    job = {"phase": "finetune_full", "precision": "bf16", "batch": 8.0, "seq_len": 277.0}
    turns, once = (
        seconds("qwen3-30b-a3b", "a100-80gb-sxm", runtime=text, **job)
        for text in ("transformers 4.41", "transformers 4.41 ScatterMoE")
    )
    assert turns > 3.0 * once
    # Few large ones keep the GPU busy meanwhile.
    job["seq_len"] = 4096.0
    turns, once = (
        seconds("mixtral-8x7b", "a100-80gb-sxm", runtime=text, **job)
        for text in ("transformers 4.41", "transformers 4.41 ScatterMoE")
    )
    assert turns < 1.1 * once


@pytest.mark.parametrize("gpu", ["t4", "a100-80gb-sxm", "rtx-4090"])
def test_modules_that_run_op_by_op_move_no_more_than_the_memory_gives(gpu: str) -> None:
    """What compilers fuse taught elementwise ops to take less than their traffic's time; PyTorch's do not."""
    job = {"phase": "finetune_lora", "precision": "fp16", "batch": 4.0, "seq_len": 1024.0}
    for text in ("transformers peft", "llama-factory"):
        work = laid("smollm2-1.7b", gpu, runtime=text, **job).work
        for one in work.kernels:
            if one.table.kind != "elementwise":
                continue
            own = one.table.of("norm", "pointwise")
            moved = one.table.activation_bytes * passes(one.table, work.runtime) * own
            taken = limits(one, work, Fit({"m/norm": 3.0, "m/pointwise": 3.0}))[1]
            assert np.all(taken * work.devices.passing >= 0.9 * moved)
            assert np.any(moved > 0.0)
    # Of an engine at inference its own rows say what it moves.
    served = laid(
        "llama-2-7b", gpu, runtime="llama.cpp", phase="prefill", precision="q4_0", input_tokens=512.0
    ).work
    assert all(np.all(one.fastest_memory * work.devices.column("bandwidth") <= one.table.held_bytes / 0.94)
               for one in served.kernels if one.table.kind == "elementwise")  # fmt: skip
    # A compiler spares traffic, and a fit may say by how much.
    work = laid("smollm2-1.7b", gpu, runtime="llama-factory compile", **job).work
    table = next(one for one in work.kernels if one.table.kind == "elementwise")
    free = limits(table, work, Fit({"m/norm": 3.0, "m/pointwise": 3.0}))[1]
    moved = table.table.activation_bytes * table.table.of("norm")
    assert np.any(free * work.devices.passing < 0.5 * moved)


def test_no_answer_hangs_on_what_was_asked_before() -> None:
    """TensorFlow 1.13 transposes its maps and today's does not: neither has the other's factors."""
    job = Job("resnet50", phase="train", precision="fp16", batch=64.0)

    def taken(known: Fit, text: str) -> float:
        laid_out = lay_out(replace(job, runtime=text), [GPUS["v100-16gb-sxm"]])
        return float(finish(laid_out, known).seconds[0, 0])

    texts = "tf_cnn_benchmarks", "TensorFlow 1.13 tf_cnn_benchmarks"
    alone = [taken(Fit(fit().effects), text) for text in texts]
    for order in (texts, texts[::-1]):
        together = Fit(fit().effects)
        assert {text: taken(together, text) for text in order} == dict(zip(texts, alone, strict=True))


def test_an_autoencoder_that_must_be_in_fp32_is_so_in_time_as_in_memory() -> None:
    """SDXL's in FP16 under diffusers (upcast_vae); not in BF16, nor in programs that decode in that."""

    def decoding(precision: str, text: str, **options: str) -> set[tuple[str, float]]:
        job = Job("sdxl", phase="generate", batch=1.0, precision=precision, runtime=text, options=options)
        tables = [one.table for one in lay_out(job, [GPUS["a100-40gb-sxm"]]).work.kernels]
        ops = [op for table in tables for op in table.ops if op.module == "vae" and op.kind == "conv"]
        return {
            (op.dtype, float(np.ravel(op.weight_bytes / op.parameters)[0])) for op in ops if op.parameters
        }

    assert {dtype for dtype, _ in decoding("fp16", "diffusers")} == {"fp32"}
    assert {round(size, 6) for _, size in decoding("fp16", "diffusers")} == {4.0}
    assert {dtype for dtype, _ in decoding("fp16", "diffusers", vae_precision="fp16")} == {"fp16"}
    assert {dtype for dtype, _ in decoding("bf16", "diffusers")} == {"bf16"}
    assert {dtype for dtype, _ in decoding("fp16", "ComfyUI")} == {"fp16"}
