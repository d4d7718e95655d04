"""Engines by name and release, and the caches that they keep."""

from __future__ import annotations

import numpy as np
import pytest

from whichgpu.cost.calibration.measured import measured_rows
from whichgpu.cost.estimate import estimate
from whichgpu.cost.job import asked
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.job.placing import held
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.job.versions import month_of
from whichgpu.cost.table.jobs import predict_rows
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job

GPUS = catalogue()


def job(engine, precision="bf16", **options):
    return Job("llama-3.1-8b", phase="serve", runtime=engine, precision=precision, concurrency=32.0,
                input_tokens=1024.0, output_tokens=256.0, options=options)  # fmt: skip


def served(engine, gpu="h100-80gb-sxm", precision="bf16", **options):
    return estimate(job(engine, precision, **options), [GPUS[gpu]])


@pytest.mark.parametrize(
    ("engine", "kept"),
    [
        ("vLLM 0.11", "fp4"), ("vLLM 0.5.4", "int8"), ("vllm", "q8_0"), ("sglang", "int8"),
        ("TGI 3.3", "fp4"), ("tensorrt-llm", "w4a16"),
    ],
)  # fmt: skip
def test_an_engine_refuses_a_cache_that_it_does_not_keep(engine, kept):
    with pytest.raises(UsageError, match=f"keeps no cache in {kept}; use one of fp16, bf16"):
        asked.read(Job("llama-3.1-8b", phase="serve", runtime=engine, options={"kv_precision": kept}))


@pytest.mark.parametrize(
    ("engine", "gpu", "kept", "said"),
    [
        ("vllm", "h100-80gb-sxm", "fp4", "has no FP4 units"),
        ("sglang", "a100-80gb-sxm", "nvfp4", "has no FP4 units"),
        ("vllm", "t4", "fp8", "no FP8 KV CACHE on t4"),
        ("vLLM 0.11", "v100-32gb-sxm", "fp8", "no FP8 KV CACHE on v100"),
    ],
)
def test_a_gpu_without_the_units_keeps_no_such_cache(engine, gpu, kept, said):
    answer = served(engine, gpu, "fp16", kv_precision=kept)
    assert said in answer.refusals[0]
    assert "--option kv_precision=" in answer.refusals[0]


def test_nvfp4_is_refused_where_an_engine_has_no_kernels_for_it():
    """vLLM and SGLang multiply such weights in 16 bits on Hopper; MXFP4 has kernels of its own in all."""
    why = served("tensorrt-llm", precision="nvfp4").refusals[0]
    assert "kernels need compute capability 10.0" in why
    assert "use --precision fp8, or --runtime vLLM" in why
    for engine, gpu, format_ in [
        ("vllm", "h100-80gb-sxm", "nvfp4"), ("sglang", "h100-80gb-sxm", "nvfp4"),
        ("tensorrt-llm", "b200-180gb-sxm", "nvfp4"), ("tensorrt-llm", "h100-80gb-sxm", "mxfp4"),
        ("sglang", "h100-80gb-sxm", "mxfp4"), ("vllm", "a100-80gb-sxm", "mxfp4"),
    ]:  # fmt: skip
        answer = served(engine, gpu, format_)
        assert not answer.refusals[0], (engine, gpu, format_)
        assert not any("has no MXFP4" in text or "has no FP4 on" in text for text in answer.at(0, 0).warnings)


@pytest.mark.parametrize("engine", ["vllm", "sglang", "tensorrt-llm"])
def test_blackwell_keeps_a_cache_of_four_bits(engine):
    places = [
        float(
            np.ravel(
                lay_out(
                    job(engine, kv_precision=kept, max_num_seqs="100000"), [GPUS["b200-180gb-sxm"]]
                ).serving.places
            )[0]
        )
        for kept in ("fp4", "fp8")
    ]
    assert np.ravel(places[0])[0] == pytest.approx(np.ravel(places[1])[0] / 0.5625, rel=0.03)


def test_text_generation_inference_before_3_cut_no_prompts():
    """Chunks came with 3.0: before, tokens stood still for prompts, and Python went through the sequences."""
    assert (runtime("TGI 2.4", "vllm").id, runtime("TGI 3.3", "vllm").id, runtime("tgi", "vllm").id) == (
        "tgi-2", "tgi", "tgi"
    )  # fmt: skip
    before, since = (served(f"TGI {release}").at(0, 0).tpot.mid for release in ("2.4", "3.3"))
    assert before > 1.3 * since


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("LM Studio (MLX)", "mlx"), ("Ollama (MLX)", "mlx"), ("LM Studio 0.3", "llama-cpp"),
        ("Ollama", "llama-cpp"), ("ik_llama.cpp", "llama-cpp"), ("llama-server", "llama-cpp"),
        ("IPEX-LLM 2.1", "llama-cpp"),
        ("MLC", "mlc-llm"), ("WebLLM", "mlc-llm"), ("Aphrodite Engine 0.6", "vllm"), ("SwarmUI", "comfyui"),
        ("MLCommons PyTorch", "pytorch-2"),
    ],
)  # fmt: skip
def test_programs_stand_for_what_runs_in_them(text, known):
    assert runtime(text, "").id == known


@pytest.mark.parametrize(
    ("text", "known", "release"),
    [
        ("PyTorch 2.3 (NGC), driver 550.54.15", "pytorch-2", "v2.3"),
        ("PyTorch NGC 24.05, driver 550.54.15", "pytorch-2", "ngc24.05"),
        ("driver 550.54.15, PyTorch 2.3", "pytorch-2", "v2.3"),
        ("Ubuntu 22.04, Python 3.10, CUDA 12.4, PyTorch 2.3", "pytorch-2", "v2.3"),
        ("NVIDIA driver 535.104.05; vLLM 0.5.4", "vllm-0.5", "v0.5"),
        ("nvcr.io/nvidia/pytorch:24.05-py3", "pytorch-2", "ngc24.05"),
        ("NeMo 24.07", "megatron", "ngc24.07"),
        ("Megatron-Bridge NeMo 26.02.01 NeMo Container", "megatron", "ngc26.02"),
        ("vLLM 0.10.12 Nemotron", "vllm", "v0.10"),
        ("vLLM 0.10.12, Mistral-NeMo 12B", "vllm", "v0.10"),
        ("Megatron-LM, Nemotron, NGC 25.02", "megatron", "ngc25.02"),
    ],
)
def test_a_container_has_its_own_number_and_a_model_no_container(text, known, release):
    found = runtime(text, "")
    assert (found.id, found.marks[-1]) == (known, release)


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("Transformers, Dec 2024", "2024-12"), ("december 2024", "2024-12"), ("Sept. 2025", "2025-09"),
        ("May 2024", "2024-05"), ("2023-08", "2023-08"),
        ("decode 2024", ""), ("Marlin 2025", ""), ("automatic 2024", ""), ("junk 2024", ""),
    ],
)  # fmt: skip
def test_a_month_is_told_by_its_name(text, month):
    assert month_of(text) == month


def test_triton_stands_for_the_backend_that_a_text_names():
    def named(text):
        return asked.read(Job("llama-3.1-8b", phase="serve", runtime=text)).runtime

    alone = named("Triton Inference Server 24.08")
    assert (alone.id, alone.like, alone.exact) == ("triton-server", "tensorrt-llm", True)
    assert named("Triton Inference Server, vLLM backend").id == "vllm"
    assert named("tritonserver (TensorRT-LLM)").id == "tensorrt-llm"
    assert asked.read(Job("resnet50", runtime="Triton Inference Server")).runtime.id == "tensorrt"
    assert asked.read(Job("resnet50", runtime="tritonserver onnxruntime")).runtime.id == "onnxruntime"


def test_a_benchmark_that_sets_what_the_engine_takes():
    """trtllm-bench: 4,096 sequences and 32,768 tokens of a pass, where the server has 1,024 and 8,192."""
    bench, server = (
        Job("llama-3.1-8b", phase="serve", runtime=text, precision="fp8", input_tokens=128.0,
            output_tokens=128.0, options={"run_of": "none"})
        for text in ("TensorRT-LLM 1.0 trtllm-bench", "TensorRT-LLM 1.0")
    )  # fmt: skip
    held = [float(np.ravel(lay_out(one, [GPUS["b200-180gb-sxm"]]).sequences)[0]) for one in (bench, server)]
    assert held == [4096.0, 1024.0]


def test_a_run_holds_no_more_than_it_sends():
    """trtllm-bench sent 1,500 requests of 128 and 4,096 tokens to eight B200, which have room for 2,900."""
    rows = [row for row in measured_rows() if row["runtime"].startswith("TensorRT-LLM 1.0")]
    # The fit states it of none: a run that ends is simulated at the rates of the fit before.
    assert rows
    assert not any("num_prompts" in row["options"] for row in rows)
    laid = lay_out(
        Job("qwen3-235b-a22b", phase="serve", runtime="TensorRT-LLM 1.0 trtllm-bench", precision="fp4",
            input_tokens=128.0, output_tokens=4096.0, tp=8.0, n_gpus=8.0, options={"num_prompts": "1500"}),
        [GPUS["b200-180gb-sxm"]],
    )  # fmt: skip
    assert float(np.ravel(laid.sequences)[0]) == 1500.0
    assert float(np.ravel(laid.serving.places)[0]) > 2500.0


def test_what_hears_under_nemo_is_a_network_of_pytorch_and_no_trainer_of_language_models():
    heard, plain = (
        estimate(Job("parakeet-ctc-1.1b", phase="infer", runtime=name, precision="bf16", batch=64.0),
                 [GPUS["a100-80gb-sxm"]])
        for name in ("NeMo", "pytorch-2")
    )  # fmt: skip
    assert heard.throughput == pytest.approx(plain.throughput)
    assert asked.read(Job("bert-large", phase="pretrain", runtime="NeMo")).runtime.id == "megatron"


@pytest.mark.parametrize(
    ("text", "tp"), [("TensorRT 10.11, CUDA 12.9", "8"), ("TensorRT 10.2.0, CUDA 12.4", None)]
)
def test_a_submission_with_experts_has_groups_of_attention_where_its_engine_has(text, tp):
    """TensorRT-LLM since 1.0, which is built on TensorRT 10.11; a submission to MLPerf names that alone."""
    read = asked.read(Job("deepseek-r1", phase="serve", precision="fp4", runtime=text, tp=8.0, n_gpus=8.0))
    assert read.runtime.id == "tensorrt-llm"
    assert read.job.options.get("attention_dp") == tp


def test_a_submission_of_a_server_has_no_server_around_it():
    """AMD's to MLPerf name vLLM 0.6 with the round behind it, or PyTorch and their kernels alone."""
    plain, submitted = (runtime(text, "") for text in ("vLLM 0.6.5", "vLLM 0.6.5.dev964+mlperf50, ROCm"))
    assert submitted.sequence < plain.sequence / 5 < submitted.sequence * 2
    assert submitted.scheduler["max_num_seqs"] > plain.scheduler["max_num_seqs"]
    kernels = runtime("PyTorch 2.8.0a0+git74091a9, aiter 0.1.4.dev17", "")
    assert kernels.id == runtime("aiter 0.1.4, PyTorch 2.8", "").id == "vllm"
    assert kernels.sequence == runtime("vllm", "").sequence


@pytest.mark.parametrize(
    ("model", "stages", "width"),
    [("llama-2-70b", 1.0, 2.0), ("llama-2-70b", 2.0, 1.0), ("llama-3.1-405b", 1.0, 8.0)],
)  # fmt: skip
def test_stages_that_are_stated_leave_the_width_to_what_holds_the_model(model, stages, width):
    """A table that says pp 1 and no tp means no stages, and not that one GPU holds 405B."""
    asked_for = Job(model, phase="serve", precision="fp8", n_gpus=8.0, pp=stages, runtime="tensorrt-llm")
    assert held(asked_for, GPUS["h100-80gb-sxm"]).tp == width
    row = {"id": "a", "workload": model, "gpu": "h100-80gb-sxm", "n_gpus": "8", "phase": "serve",
           "precision": "fp8", "concurrency": "max", "input_tokens": "500", "output_tokens": "500",
           "runtime": "tensorrt-llm", "metric": "throughput", "unit": "output tokens/s"}  # fmt: skip
    left_open, stated = predict_rows(
        [{**row, "pp": f"{stages:g}"}, {**row, "id": "b", "pp": f"{stages:g}", "tp": f"{width:g}"}], GPUS
    )
    assert left_open.value == pytest.approx(stated.value)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("rocm/vllm:rocm6.4.1_vllm_0.10.1", "vLLM 0.10.1"),
        ("CUDA 12.4, TensorRT-LLM 0.17", "TensorRT-LLM 0.17"),
        ("ROCm 6.2, vLLM 0.6.3", "vLLM 0.6.3"),
    ],
)
def test_what_lies_below_an_engine_has_its_own_number(text, same):
    """A release's host and kernels are those of its number, wherever in a text it stands."""
    told, plain = runtime(text, ""), runtime(same, "")
    assert (told.marks, told.sequence, told.fixed) == (plain.marks, plain.sequence, plain.fixed)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("torch==1.13.1+cu117", "torch 1.13.1"),
        ("torch~=1.8", "torch 1.8"),
        ("pytorch=1.12.1=py3.10_cuda11.3", "pytorch 1.12.1"),
        ("torch1.13+cu117", "torch 1.13"),
        ("YOLOv5 v7.0 Python-3.8 torch-1.12.1+cu113", "torch 1.12"),
        ("vllm==0.5.4", "vllm 0.5.4"),
        ("torch>=2.0", "torch 2.0"),
    ],
)
def test_a_pinned_package_is_that_release(text, same):
    assert runtime(text, "vllm").id == runtime(same, "vllm").id


def test_options_in_a_runtime_are_no_releases():
    assert runtime("vLLM 0.10 tp=8", "pytorch-2").id == runtime("vLLM 0.10", "pytorch-2").id
