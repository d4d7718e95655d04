"""Figures of two articles on GPUs, held against the model: what it finds plausible, and what not.

docs/accuracy.md has the verdicts in words.
"""

from __future__ import annotations

import pytest

from whichgpu.cost.estimate import estimate
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job

GPUS = catalogue()
#: Images/s in training on one RTX A5000 in tf_cnn_benchmarks, as an article prints them: FP16 at a batch of
#: 256, FP32 at 128. All are 257.41 or 384.62 times a power of two.
A5000 = {
    "resnet50": (1029.62, 514.81), "resnet152": (514.81, 257.41), "inception-v3": (384.62, 192.31),
    "googlenet": (257.41, 128.71),
}  # fmt: skip
PLAUSIBLE = {"resnet50", "resnet152"}
#: Seconds of Stable Diffusion 1.5 at 512 x 512 in 50 steps, by a stopwatch in an article.
STOPWATCH = {"a10": 1.77, "a100-80gb-pcie": 0.89}


def rate(workload: str, precision: str, batch: float):
    job = Job(workload, phase="train", precision=precision, batch=batch, runtime="tf_cnn_benchmarks")
    return estimate(job, [GPUS["rtx-a5000"]]).at(0, 0).throughput


@pytest.mark.parametrize("workload", A5000)
def test_the_a5000_table_of_tf_cnn_benchmarks(workload: str) -> None:
    wide, narrow = rate(workload, "fp16", 256.0), rate(workload, "fp32", 128.0)
    inside = [
        one.low <= claim <= one.high for one, claim in zip((wide, narrow), A5000[workload], strict=True)
    ]
    assert all(inside) if workload in PLAUSIBLE else not any(inside)


def test_what_makes_the_table_implausible() -> None:
    """GoogLeNet does 0.37 of ResNet-50's work, so that it cannot take four times as long."""
    assert rate("googlenet", "fp16", 256.0).mid > 1.5 * rate("resnet50", "fp16", 256.0).mid
    ratios = [rate(one, "fp16", 256.0).mid / rate(one, "fp32", 128.0).mid for one in A5000]
    # In tensor cores' formats the halves are never exact: TF32 has half the peak, and half the batch.
    assert all(abs(ratio - 2.0) > 0.02 for ratio in ratios)


@pytest.mark.parametrize("gpu", STOPWATCH)
def test_the_stopwatch_is_that_of_an_optimised_engine(gpu: str) -> None:
    def latency(runtime: str):
        return estimate(Job("stable-diffusion-1.5", runtime=runtime), [GPUS[gpu]]).at(0, 0).latency

    engine, eager = latency("TensorRT"), latency("diffusers, PyTorch eager")
    assert engine.low <= STOPWATCH[gpu] <= engine.high
    assert not eager.low <= STOPWATCH[gpu] <= eager.high
