"""What the host takes to launch the kernels of a prompt, which no graph holds."""

from dataclasses import replace

import numpy as np
import pytest

from whichgpu.cost.estimate import estimate
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.serving.simulate import Server, Stream, simulate
from whichgpu.cost.timing.engine_step import passes_of_prompt
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job

GPUS = catalogue()


def alone(gpu="b200-180gb-sxm", workload="deepseek-r1", tokens=1024.0, **columns):
    """One request of an otherwise idle server."""
    columns = {"precision": "fp4", "tp": 8.0, "runtime": "sglang", **columns}
    asked = Job(
        workload, phase="serve", n_gpus=columns["tp"], concurrency=1.0, input_tokens=tokens,
        output_tokens=256.0, **columns,
    )  # fmt: skip
    return estimate(asked, [GPUS[gpu]]).at(0, 0)


@pytest.mark.parametrize("engine", ["sglang", "tensorrt-llm"])
def test_gpus_beside_make_a_short_prompt_of_a_deep_model_no_shorter(engine):
    four, eight = (alone(tp=tp, runtime=engine).ttft.mid for tp in (4.0, 8.0))
    assert 0.08 < eight < 0.25
    assert four == pytest.approx(eight, rel=0.1)


def test_a_long_prompt_hides_its_launches():
    def longer(tokens):
        eager = alone(tokens=tokens, runtime="tensorrt-llm 1.1").ttft.mid
        return eager / alone(tokens=tokens, runtime="tensorrt-llm 0.17").ttft.mid

    assert longer(1024.0) > 2.0
    assert longer(49152.0) < 1.05


def test_engines_that_are_built_launch_without_python():
    launches = {text: runtime(text, "vllm").eager for text in (
        "TensorRT-LLM", "TensorRT-LLM 1.1", "TensorRT-LLM 0.20 (PyTorch backend)",
        "TensorRT-LLM 0.17", "TensorRT-LLM (NIM 1.8)",
    )}  # fmt: skip
    *eager, older, nim = launches.values()
    assert len(set(eager)) == 1
    assert older == nim < eager[0] / 10
    sglang = {text: runtime(text, "vllm").eager for text in ("SGLang", "SGLang 0.5.9", "SGLang 0.5.16")}
    assert sglang["SGLang"] == sglang["SGLang 0.5.9"] > 3.0 * sglang["SGLang 0.5.16"]
    # The fit knows both by the same name.
    assert runtime("TensorRT-LLM 0.17", "vllm").marks == ("v0.17",)


@pytest.mark.parametrize(
    ("engine", "flag"),
    [
        ("vllm", "--enforce-eager"),
        ("sglang", "--disable-cuda-graph"),
        ("tensorrt-llm 1.1", "--enforce-eager"),
    ],
)
def test_without_graphs_tokens_are_launched_one_by_one(engine, flag):
    def token(text, **options):
        asked = {"precision": "bf16", "tp": 1.0, "runtime": text, "options": options}
        return alone("h100-80gb-sxm", "qwen3-8b", **asked)

    graphs, eager = token(engine), token(engine, cuda_graphs="none")
    # 36 layers of some six kernels, at 100 us of the host each: 0.6 ms a layer.
    assert 18e-3 < eager.tpot.mid < 30e-3
    assert eager.tpot.mid > 2.0 * graphs.tpot.mid
    assert token(f"{engine} {flag}").tpot.mid == eager.tpot.mid
    assert token(engine, cuda_graphs="true").tpot.mid == graphs.tpot.mid


def test_prompts_of_several_lengths_have_passes_of_each():
    spread, alike = (Job("qwen3-8b", phase="serve", options={"length_range": r}) for r in ("0.5", "0"))
    chunks = np.array([0.5, 0.8, 1.0, 2.0])
    assert passes_of_prompt(alike, chunks) == pytest.approx([1.0, 1.0, 1.0, 2.0])
    # From a half to three halves: of 0.8 those beyond 1.25 have two passes, of 2 a half has three.
    assert passes_of_prompt(spread, chunks) == pytest.approx([1.0, 1.25, 1.5, 2.5], abs=0.01)


def test_a_simulated_first_token_waits_for_its_launches():
    server = Server(base=(0.0, 0.01), each=(0.0, 0.0), prompt=(1e-5, 1e-5), budget=1000.0)
    stream = Stream(np.zeros(1), np.full(1, 100.0), np.zeros(1), np.full(1, 11.0))
    plain, slow = (simulate(one, stream) for one in (server, replace(server, launching=0.05)))
    assert plain.ttft[0] == pytest.approx(1e-3)
    assert slow.ttft[0] == pytest.approx(0.05, rel=1e-3)
    # Its own tokens follow as fast.
    assert slow.tpot[0] == pytest.approx(plain.tpot[0])


def test_tokens_that_share_a_prompts_pass_wait_for_its_launches():
    server = Server((0.0, 0.01, 0.01), (0.0,) * 3, (1e-5,) * 3, budget=1000.0, launching=0.05)
    stream = Stream(np.array([0.0, 0.105]), np.full(2, 100.0), np.zeros(2), np.full(2, 21.0))
    plain, stalled = (simulate(replace(server, stalls=one), stream) for one in (False, True))
    # One of the twenty gaps of the first request has the prompt of the second.
    assert stalled.tpot[0] - plain.tpot[0] == pytest.approx((0.05 - 0.011) / 20, rel=0.05)
    deep = {"workload": "llama-3.1-70b", "runtime": "vllm", "precision": "fp8"}
    assert runtime("vllm", "vllm").stalls
    assert not runtime("vllm --enforce-eager", "vllm").stalls
    assert runtime("vLLM 0.7", "vllm").eager == 2.5 * runtime("vLLM 0.8", "vllm").eager, "nothing compiled"
    assert alone(**deep).tpot.mid == pytest.approx(alone(tokens=512.0, **deep).tpot.mid, rel=0.03)


def test_engines_that_are_built_sample_without_python():
    """Half of the host's time for each sequence and pass, and no kernels of their own for the fit."""
    built, python = (runtime(f"TensorRT-LLM {version}", "vllm") for version in ("0.17", "1.0"))
    assert built.sequence == 6e-6 < python.sequence == 10e-6
    assert "built" not in built.marks
