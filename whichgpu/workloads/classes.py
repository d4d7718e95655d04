"""Classes that a network tells apart, where a job's data has others than its model: `classes=19`.

A segmenter has a score for each of them at every pixel, which decides what its training needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job


def told(dims: Mapping[str, Any]) -> int:
    """How many classes these dimensions say; 0 where there are none."""
    own = dims.get("classes", 0)
    if isinstance(own, int) and own:
        return own
    return next((part["classes"] for part in dims.get("parts", ()) if part.get("kind") == "loss"), 0)


def of_job(dims: Mapping[str, Any], job: Job) -> Mapping[str, Any]:
    """The dimensions with as many classes as a job states; raises `UsageError` for fewer than one."""
    usual = told(dims)
    if not usual or "classes" not in job.options:
        return dims
    stated = round(job.option("classes", usual, least=1.0))
    if dims.get("classes"):
        return {**dims, "classes": stated}
    changes = {"loss": "classes", "conv": "outputs"}
    return {**dims, "parts": [
        {**part, changes[part["kind"]]: stated}
        if part["kind"] == "loss" or (part["kind"] == "conv" and part["name"] == "classes") else part
        for part in dims["parts"]
    ]}  # fmt: skip
