"""Intervals of servers: as wide as the next source errs, wider where more is strange."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from whichgpu.cost.answers import Z90
from whichgpu.cost.coefficients import section
from whichgpu.cost.estimate import estimate
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job

GPUS = catalogue()
#: GPU, model and engine were measured, by several sources.
KNOWN = Job(
    "llama-3.1-8b", phase="serve", precision="bf16", runtime="vllm", input_tokens=512.0, output_tokens=256.0,
    concurrency=16.0,
)  # fmt: skip


def half(job: Job, gpu: str = "h100-80gb-sxm") -> float:
    """The log standard deviation of a job's interval."""
    told = estimate(job, [GPUS[gpu]]).at(0, 0).throughput
    return float(np.log(told.high / told.low)) / (2.0 * Z90)


def test_a_server_errs_as_the_next_source_of_one_does() -> None:
    least = section("spread")["server"]["dense"]["known"]
    assert least - 1e-9 <= half(KNOWN) < 1.1 * least


@pytest.mark.parametrize(
    ("strange", "gpu"),
    [
        ({}, "l40s"),
        ({"workload": "qwen2.5-7b"}, "h100-80gb-sxm"),
        ({"runtime": "vLLM 0.12"}, "h100-80gb-sxm"),
    ],
)
def test_what_was_not_measured_widens_a_server_s_interval(strange, gpu) -> None:
    found = half(replace(KNOWN, **strange), gpu)
    assert found >= section("spread")["server"]["dense"]["strange"] - 1e-9
    assert found > 1.05 * half(KNOWN)


def test_servers_of_experts_err_more_than_dense_ones() -> None:
    experts = replace(KNOWN, workload="gpt-oss-120b", precision="mxfp4")
    least = section("spread")["server"]
    assert least["experts"]["known"] > least["dense"]["known"]
    assert half(experts) >= least["experts"]["known"] - 1e-9
    assert half(replace(experts, runtime="vLLM 0.12")) >= least["experts"]["strange"] - 1e-9


@pytest.mark.parametrize("engine", ["lmdeploy", "tgi"])
def test_an_engine_that_has_another_one_s_coefficients_was_never_measured(engine) -> None:
    prior, job = section("spread"), replace(KNOWN, runtime=engine)
    assert half(job) >= math.hypot(prior["shared"], prior["own"]) - 1e-9
    assert estimate(job, [GPUS["h100-80gb-sxm"]]).at(0, 0).basis == "extrapolated"


def test_an_explanation_says_what_is_the_least(whichgpu) -> None:
    words = (
        "predict",
        "llama-3.1-8b",
        "--gpu",
        "l40s",
        "--phase",
        "serve",
        "--concurrency",
        "16",
        "--explain",
    )
    told = " ".join(whichgpu(*words).out.split())
    assert "41% on what another hand sets up, at the least" in told


def test_single_passes_have_what_their_rows_say() -> None:
    alone = replace(KNOWN, phase="decode", concurrency=None, batch=8.0)
    assert half(alone) < section("spread")["server"]["dense"]["known"]


@pytest.mark.parametrize("engine", ["vllm", "vLLM 0.5.4", "sglang", "DeepSpeed-MII", "MLC LLM"])
def test_no_engine_was_measured_on_amd(engine) -> None:
    told = estimate(replace(KNOWN, runtime=engine), [GPUS["mi300x"]]).at(0, 0)
    assert told.basis == "roofline"
    spread = section("spread")
    assert half(replace(KNOWN, runtime=engine), "mi300x") >= np.hypot(spread["shared"], spread["own"]) - 1e-9
    experts = replace(KNOWN, workload="qwen3-30b-a3b", runtime=engine)
    assert half(experts, "mi300x") >= np.hypot(spread["foreign_experts"], spread["own"]) - 1e-9
