"""Rows of tables of jobs that several files of tests share, and what is said of one alone."""

from __future__ import annotations

import random

from whichgpu.cost.calibration.measured import measured_rows
from whichgpu.cost.estimate import estimate
from whichgpu.cost.job.placing import held, running
from whichgpu.cost.table.jobs import METRICS, read_job
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.names import resolve

GPUS = catalogue()
MEASURED = [row for row in measured_rows() if row["metric"] in METRICS]
ROW = {"id": "a", "workload": "resnet50", "gpu": "a10", "n_gpus": "1", "batch": "8", "metric": "throughput",
       "unit": "images/s"}  # fmt: skip


def alone(row):
    """The answer of one row by the path of a single prediction: (low, mid, high), or the reason."""
    gpu = resolve(row["gpu"], GPUS)
    found = estimate(held(running(read_job(row), gpu), gpu), [gpu])
    return METRICS[row["metric"]](found.at(0, 0), row["unit"])


def perturbed(seed: int, count: int):
    chance = random.Random(seed)
    for number in range(count):
        row = {**chance.choice(MEASURED), "id": str(number)}
        if row["batch"].isdigit():
            row["batch"] = str(max(1, round(int(row["batch"]) * chance.uniform(0.5, 2.0))))
        yield row
