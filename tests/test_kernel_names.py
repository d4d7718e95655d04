"""Runtimes by the text of a source: their names, marks, kin and intervals."""

from __future__ import annotations

import pytest
from kernel_runs import GPUS, laid

from whichgpu.cost.calibration.spread import widths
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.kernels.elementwise import passes
from whichgpu.cost.timing.time import prepare
from whichgpu.workloads.precision import precision
from whichgpu.workloads.recorder import Recorder


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
        ("MLPerf, PyTorch 1.7", "pytorch-1", {"v1.7", "submission"}),
        ("TensorFlow 2.4 XLA", "tensorflow", {"xla", "v2.4"}),
        ("TensorFlow 1.13.1", "tensorflow", {"channels-first", "v1.13"}),
        ("TensorFlow 1.15.5", "tensorflow", {"v1.15"}),
        ("TensorFlow 2.4, no XLA", "tensorflow", {"v2.4"}),
        ("vLLM 0.3.2", "vllm-0.5", {"v0.3"}),
        ("vLLM 0.6.3", "vllm", {"v0", "of-2025", "v0.6", "second-flash"}),
        ("vLLM 0.23.1", "vllm", {"v0.23"}),
        ("vllm==0.4.2", "vllm-0.5", {"v0.4"}),
        ("A1111 (xformers)", "webui", set()),
        ("diffusers 0.11 pytorch", "diffusers", {"unfused", "v0.11"}),
        ("diffusers 0.11 pytorch xformers", "diffusers", {"v0.11"}),
        ("diffusers 0.17.0.dev0 torch 2.0 compile", "diffusers", {"compiled", "v0.17"}),
        ("gpt-fast (PyTorch nightly, torch.compile)", "gpt-fast", set()),
        ("ComfyUI, PyTorch 2.2, stable-fast", "diffusion-compiler", {"v2.2"}),
        ("diffusers with OneDiff", "diffusion-compiler", {"fp16-sums"}),
        ("A1111 webui, TensorRT extension", "tensorrt", set()),
        ("TensorRT-LLM 1.0 (PyTorch backend)", "tensorrt-llm", {"v1.0"}),
        ("AUTOMATIC1111 webui", "webui", set()),
        # A name within a longer one is not said.
        ("text-generation-webui", "transformers", set()),
        ("oobabooga's text generation web UI", "transformers", set()),
        ("GPTQ-for-LLaMa", "transformers", set()),
        ("kohya_ss sd-scripts", "diffusers", set()),
        # A token was a launch for each kernel until May 2024.
        ("llama.cpp (May 2024, CUDA)", "llama-cpp", {"before-graphs", "biases-apart"}),
        ("llama.cpp b2407", "llama-cpp", {"before-graphs", "biases-apart"}),
        ("llama-bench build 1503", "llama-cpp", {"before-graphs", "biases-apart"}),
        ("llama.cpp b5163", "llama-cpp", {"biases-apart"}),
        ("llama.cpp (May 2025, CUDA)", "llama-cpp", {"biases-apart"}),
        ("llama.cpp", "llama-cpp", set()),
        ("ollama", "llama-cpp", set()),
    ],
)
def test_free_text_names_a_runtime_and_its_marks(text: str, known: str, marks: set[str]) -> None:
    found = runtime(text, "pytorch-2")
    assert (found.id, set(found.marks), found.exact) == (known, marks, True)
    # Pipelines run PyTorch's kernels, and are told apart from it by their own name.
    apart = ("diffusers",) if known == "diffusers" else ()
    kernels = "pytorch-2" if apart else known
    assert found.stacks == (kernels, *(f"{kernels}+{mark}" for mark in (*apart, *found.marks)))


@pytest.mark.parametrize(
    ("text", "known", "like"),
    [("OpenVINO 2024.1", "graph-compilers", "onnxruntime"), ("Apache TVM", "graph-compilers", "onnxruntime"),
     ("Core ML", "graph-compilers", "onnxruntime"), ("TFLite GPU delegate", "graph-compilers", "onnxruntime"),
     ("TensorFlow Lite 2.14", "graph-compilers", "onnxruntime"),
     ("ncnn vulkan", "graph-compilers", "onnxruntime"),
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


def test_programs_that_run_the_pipelines_of_diffusers_share_what_was_learnt_of_them() -> None:
    comfy, web = (runtime(name, "pytorch-2") for name in ("ComfyUI PyTorch 2.2", "AUTOMATIC1111 webui"))
    assert (comfy.id, comfy.kernels, web.kernels) == ("comfyui", "pytorch-2", "webui")
    assert comfy.stacks == ("pytorch-2", "pytorch-2+diffusers", "pytorch-2+comfyui", "pytorch-2+v2.2")
    # The web UI has rows enough of its own.
    assert not web.calls


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


@pytest.mark.parametrize(
    ("text", "kernels"),
    [
        ("llama.cpp (Aug 2025, CUDA)", 5.0), ("llama.cpp 2025-08", 5.0), ("llama.cpp b5163", 5.0),
        ("llama.cpp (May 2024, CUDA)", 5.0), ("llama.cpp (October 2025)", 1.0), ("llama.cpp b7000", 1.0),
        ("llama.cpp", 1.0),
    ],
)  # fmt: skip
def test_a_month_in_a_text_is_that_of_its_marks(text: str, kernels: float) -> None:
    """llama.cpp chose experts by five kernels until September 2025; a mark has months as 2025-08."""
    assert runtime(text, "").routing == kernels
