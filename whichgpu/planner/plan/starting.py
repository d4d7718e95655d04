"""How long an instance is paid for before its first answer: the machine starts, then the model is loaded.

    start = machine + max over the demands of (checkpoint / path)

A plan does not know which of its demands an instance will begin with, so that the largest model counts.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from whichgpu.facts import store
from whichgpu.facts.reading import read
from whichgpu.planner.capacity.loading import pcie, rates
from whichgpu.units import HOUR
from whichgpu.workloads.precision import precision
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.plan.asked import Asked, Demand

#: Where a model is loaded from by those who rent, and by those who own.
_PATHS = {"owned": "nvme"}
_RENTED = "network"


def start_of(asked: Asked, gpu: Gpu, kind: str) -> float:
    """Hours from ordering an instance to its first answer; no machine of one's own has to be ordered."""
    machine = 0.0 if kind == "owned" else machine_start() if asked.start is None else asked.start * HOUR
    return (machine + load_time(asked, gpu, kind)) / HOUR


def load_time(asked: Asked, gpu: Gpu, kind: str) -> float:
    """Seconds that the largest of the models takes to load."""
    rate = rates()["path"][_PATHS.get(kind, _RENTED)]["rate"]
    size = max((checkpoint(one) for one in asked.demands), default=0.0)
    return float(size / min(rate, pcie(gpu)))


def checkpoint(demand: Demand) -> float:
    """Bytes of a demand's model in the format that it runs in; 0 where the model is not known."""
    job = demand.sizes[0].job
    if job is None:
        return 0.0
    workload = resolve(job.workload)
    return _parameters(workload.id) * precision(workload.complete(job).precision).read_weight


@cache
def _parameters(workload: str) -> float:
    return float(sum(resolve(workload).parameters().values()))


@cache
def machine_start() -> float:
    """Seconds from ordering a machine to its running, of `data/loading.toml`."""
    row = store.load("loading")["loading"]["start"]["machine"]
    return float(read(row[0], "time", "data/loading.toml: start.machine"))
