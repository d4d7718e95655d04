"""What the tests of `fit` ask."""

from __future__ import annotations

from typing import Any

import whichgpu as package
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.capacity import fit

GPUS = catalogue()
GIB = 2.0**30
SHAPE = {"fits", "required", "available", "parts", "smallest_gpu", "changes"}


def ask(*workloads: str, gpus: list[str] | None = None, together: bool = False, **columns: Any) -> Any:
    jobs = [package.job(name, **columns) for name in workloads]
    return fit(jobs, gpus or [], GPUS, together=together)


def one(workload: str, gpu: str, **columns: Any) -> Any:
    return ask(workload, gpus=[gpu], **columns).answers[0]


def plain(value: Any) -> Any:
    """Numbers to nine digits: arrays of different lengths are summed in another order."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value
