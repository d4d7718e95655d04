"""`recommend` asked for few GPUs under wishes."""

from __future__ import annotations

from datetime import date
from typing import Any

from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.answer import Recommendation  # noqa: TC001
from whichgpu.planner.recommend import recommend
from whichgpu.planner.request import read_request
from whichgpu.workloads.job import Job

GPUS = catalogue()
TODAY = date(2026, 11, 20)
#: Few GPUs of every kind, so that an answer takes milliseconds.
FEW = ["a10", "a100-80gb-sxm", "h100-80gb-sxm", "l4", "l40s", "rtx-4090", "rtx-a4000", "v100-16gb-sxm", "t4"]


def ask(workload: str = "resnet50", **wishes: Any) -> Recommendation:
    job = Job(workload, phase=wishes.pop("phase", ""), **wishes.pop("columns", {}))
    request, own = read_request(job, GPUS, today=TODAY, **wishes)
    return recommend(request, GPUS, own)


def chosen(answer: Recommendation) -> set[str]:
    return {item.gpu for item in answer.candidates}
