"""What the tests of `fit` ask."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import whichgpu as package
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner import capacity
from whichgpu.planner.capacity import Limits, fit
from whichgpu.planner.capacity.cells import Cells
from whichgpu.planner.capacity.choice import Smallest

if TYPE_CHECKING:
    from collections.abc import Iterator

GPUS = catalogue()
GIB = 2.0**30
SHAPE = {"fits", "required", "available", "parts", "smallest_gpu", "changes"}


def ask(*workloads: str, gpus: list[str] | None = None, together: bool = False, **columns: Any) -> Any:
    jobs = [package.job(name, **columns) for name in workloads]
    return fit(jobs, gpus or [], GPUS, together=together)


def one(workload: str, gpu: str, **columns: Any) -> Any:
    return ask(workload, gpus=[gpu], **columns).answers[0]


#: What `fit` asks beside whether a job fits: how much more would, what else would do.
_BESIDE = {
    "smallest_by_vendor": lambda *_: defaultdict(lambda: Smallest(None, None)),
    "changes": lambda cells, _: [()] * len(cells.gpus),
    "_fewest": lambda cells, *_, **__: [()] * len(cells.gpus),
    "limits": lambda cells, _: [Limits()] * len(cells.gpus),
}


@contextmanager
def alone() -> Iterator[None]:
    """Whether a job fits, its parts and notes are asked alone, which is several times as quick."""
    with patch.object(Cells, "rate", lambda *_: None), patch.multiple(capacity, **_BESIDE):
        yield


def held(workload: str, gpu: str, **columns: Any) -> Any:
    """`one`, of which no more than whether it fits is asked."""
    with alone():
        return one(workload, gpu, **columns)


def plain(value: Any) -> Any:
    """Numbers to nine digits: arrays of different lengths are summed in another order."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value
