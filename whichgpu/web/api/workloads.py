"""Workloads: the list, and each."""

from __future__ import annotations

from whichgpu.web import answers, asks
from whichgpu.web.resource import Document, Resource

_LLAMA = {"id": "llama-3.1-8b", "parameters": 8030261248.0, "flops": 1.5e13, "unit_of_work": "tokens"}
_LIST = {"workloads": [_LLAMA], "total": 1940, "offset": 0, "limit": 50}


class Workload(Document):
    """A model: parameters, FLOPs of one forward pass at its default input, parameters by module."""

    id: str
    parameters: float
    flops: float


RESOURCES = (
    Resource("/workloads", asks.Workloads, answers.workloads, _LIST),
    Resource("/workloads/{workload}", asks.Work, answers.workload, _LLAMA, Workload, name="workload",
             name_example="llama-3.1-8b"),
)  # fmt: skip
