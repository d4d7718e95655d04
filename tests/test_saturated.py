"""Saturated servers as tables of their engines have them: runs of so many requests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from whichgpu.cost.estimate import estimate
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.job.requests import run_of, unloaded
from whichgpu.cost.job.settling import settle
from whichgpu.cost.serving import runs
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job

FULL = Job(
    workload="qwen3-235b-a22b", phase="serve", precision="fp4", input_tokens=1000.0, output_tokens=2000.0,
    tp=8.0, n_gpus=8.0, runtime="TensorRT-LLM 1.0 trtllm-bench",
)  # fmt: skip
B200 = "b200-180gb-sxm"


def _rate(job: Job) -> float:
    return estimate(job, [catalogue()[B200]]).at(0, 0).throughput.mid


def test_published_lengths_are_of_runs_with_as_many_requests():
    for lengths, sent in {
        (1000.0, 2000.0): 1500.0,
        (128.0, 128.0): 30_000.0,
        (8192.0, 1024.0): 1500.0,
    }.items():
        read = settle(replace(FULL, input_tokens=lengths[0], output_tokens=lengths[1]))
        assert run_of(read.job).tolist() == [sent]
        assert any("run_of=none" in said for said in read.said)
    for other in (
        replace(FULL, input_tokens=999.0),
        replace(FULL, concurrency=64.0),
        replace(FULL, runtime="TensorRT-LLM 0.9"),
        replace(FULL, runtime="tensorrt-llm"),
        replace(FULL, runtime="vLLM 0.11"),
        replace(FULL, options={"length_range": "0.2"}),
        replace(FULL, options={"run_of": "none"}),
    ):
        assert np.all(np.isinf(run_of(settle(other).job)))


def test_a_sweep_over_lengths_has_the_requests_of_each():
    swept = replace(FULL, output_tokens=np.array([1000.0, 1500.0, 2000.0]))
    assert run_of(settle(swept).job).tolist() == [3000.0, np.inf, 1500.0]


def test_a_run_that_is_hardly_more_than_fits_is_slower_than_one_that_goes_on():
    # 1,500 requests are a part of what eight B200 hold at once; 30,000 several times as many.
    endless = _rate(replace(FULL, options={"run_of": "none"}))
    rates = [
        _rate(replace(FULL, options={"run_of": many})) for many in ("300", "1500", "5000", "60000", "600000")
    ]
    assert rates == sorted(rates)
    assert rates[1] < 0.9 * endless
    assert rates[-1] == pytest.approx(endless, rel=0.01)


def test_as_many_run_in_the_mean_as_fill_the_passes_of_such_a_run():
    # All at once: passes of the prompts, of the answers, and no more.
    job = replace(FULL, options={"run_of": "64"})
    held = float(lay_out(job, [catalogue()[B200]]).serving.sequences[0, 0])
    assert 60.0 < held <= 64.0


@pytest.mark.parametrize(
    ("workload", "gpus", "lengths", "sent", "within"),
    [
        ("llama-3.1-8b", 1.0, (1000.0, 1000.0), "3000", 0.03),
        ("llama-3.1-8b", 1.0, (128.0, 2048.0), "3000", 0.03),
        ("llama-3.1-8b", 1.0, (2048.0, 128.0), "3000", 0.03),
        ("llama-3.3-70b", 2.0, (500.0, 2000.0), "3000", 0.03),
        ("llama-3.1-405b", 8.0, (128.0, 4096.0), "1500", 0.05),
        ("llama-3.3-70b", 2.0, (128.0, 4096.0), "300", 0.10),
    ],
)
def test_a_run_makes_as_many_tokens_as_its_requests_simulated_one_by_one(
    workload, gpus, lengths, sent, within
):
    job = Job(
        workload=workload, phase="serve", precision="fp8", input_tokens=lengths[0], output_tokens=lengths[1],
        tp=gpus, n_gpus=gpus, runtime=FULL.runtime, options={"run_of": sent},
    )  # fmt: skip
    hopper = catalogue()["h100-80gb-sxm"]
    same = {"num_prompts": sent, "request_rate": "inf", "length_range": "0", "stream_interval": "1000"}
    simulated = runs.run(settle(replace(job, options=same)).job, hopper).rates["output"]
    assert estimate(job, [hopper]).at(0, 0).throughput.mid == pytest.approx(simulated, rel=within)


def test_a_load_and_what_a_replica_can_are_of_a_server_that_goes_on():
    job = settle(replace(FULL, concurrency=64.0)).job
    assert np.all(np.isinf(run_of(settle(unloaded(job)).job)))


def test_a_part_of_a_request_is_refused():
    with pytest.raises(UsageError, match="run_of"):
        _rate(replace(FULL, options={"run_of": "2.5"}))
