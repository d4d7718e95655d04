"""Ways to split GPUs into replicas of a language model: tensor parallel, stages, experts dealt out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.job.placing import weight_bytes
from whichgpu.cost.parallel.mesh import cuts
from whichgpu.units import GIB
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]

#: The most stages that are tried.
STAGES = 2
#: Machines over which stages are tried beside those.
_MACHINES = 4
#: B of a usual card of a server, by which machines are counted that hold a model before its GPU is chosen.
_CARD = 80.0 * GIB


@immutable
class Ways:
    """Splits as a sweep, (J,): `gpus` of a replica, and those of a `stage`, which lie in one node."""

    sweep: Job
    gpus: Array
    stage: Array

    def job(self, column: int) -> Job:
        """One of them as a single job."""
        own = (self.sweep.tp, self.sweep.pp, self.gpus)
        tp, pp, gpus = (float(np.ravel(part)[column]) for part in own)
        options = {
            key: f"{value[column]:g}" if isinstance(value, np.ndarray) else value
            for key, value in self.sweep.options.items()
        }
        plain = {key: value for key, value in options.items() if key not in _EXPERTS or value != "1"}
        return replace(self.sweep, options=plain, tp=tp, pp=pp, n_gpus=gpus)

    def only(self, column: int) -> Ways:
        """One of them as the only one."""
        return Ways(self.job(column), self.gpus[column : column + 1], self.stage[column : column + 1])

    def name(self, column: int) -> str:
        """`tp=4 pp=2`."""
        return name(self.job(column))


_EXPERTS = ("ep", "attention_dp")


def name(job: Job) -> str:
    """A split as it is told: `attention_dp=8 ep=8`; "1 GPU each" where nothing is split."""
    parts: dict[str, Any] = {"tp": job.tp, "pp": job.pp}
    parts |= {key: job.options.get(key) for key in ("attention_dp", "ep")}
    told = [f"{key}={float(value):g}" for key, value in parts.items() if value and float(value) > 1]
    return " ".join(told) or "1 GPU each"


def widths(most: int, dims: Mapping[str, Any]) -> Iterator[tuple[int, int, int, int]]:
    """(tp, pp, ep, attention_dp) with at most so many GPUs a stage; experts cut, or dealt out whole.

    `dims` are those of the model, whose heads are shared out evenly.
    """
    experts = dims.get("experts", 0)
    for power in range(most.bit_length()):
        width = 2**power
        if width > most:
            return
        able = cuts(dims, width)
        for stages in range(1, STAGES + 1 if able else 1):
            yield width, stages, 1, 1
        if not experts or width == 1:
            continue
        yield 1, 1, 1, width
        if experts % width == 0:
            if able:
                yield width, 1, width, 1
            yield 1, 1, width, width


def wider(count: int, dims: Mapping[str, Any], *, mixed: bool) -> Iterator[tuple[int, int, int, int]]:
    """What `widths` leaves out: groups of several GPUs, and what lies over machines, of `count` GPUs.

    Groups that attend to sequences of their own may be of some GPUs each (`mixed`: an engine has such), with
    the experts dealt out over all; over machines experts are dealt out, a layer is cut, or there are stages.
    """
    node, experts = int(section("links")["node"]), dims.get("experts", 0)
    if experts and mixed:
        for tp, width in ((2, 4), (2, 8), (4, 8)):
            if width <= min(count, node) and experts % width == 0 and cuts(dims, tp):
                yield tp, 1, width, width // tp
    width = 2 * node
    while width <= count:
        if experts and experts % width == 0:
            yield 1, 1, width, width
        if width == 2 * node and cuts(dims, width):
            yield width, 1, 1, 1
        if width == _MACHINES * node and cuts(dims, node):
            yield node, _MACHINES, 1, 1
        width *= 2


def _deeper(job: Job, workload: Workload, node: int) -> Iterator[tuple[int, int, int, int]]:
    """What `widths` leaves out for a model that `STAGES` machines do not hold: a stage on each of more.

    They are doubled until the weights leave as much room for the cache as a server keeps (`placing.py`).
    """
    room = _CARD * node * (1.0 - section("serving")["cache_share"])
    least, stages = weight_bytes(workload.id, job.precision) / room, STAGES
    while stages < least and cuts(workload.dims, node):
        stages *= 2
        yield node, stages, 1, 1


def ways(job: Job, workload: Workload) -> Ways:
    """The splits of a serving job that states none; else its own alone."""
    job = workload.complete(replace(job, phase="serve", concurrency=None))
    if job.tp is not None or job.pp is not None or set(_EXPERTS) & set(job.options):
        groups = job.option("attention_dp", 1.0, 1.0)
        tp, pp = float(job.tp or 1.0), float(job.pp or 1.0)
        own = replace(job, tp=np.array([tp]), pp=np.array([pp]), n_gpus=np.array([tp * pp * groups]))
        return Ways(own, np.array([tp * pp * groups]), np.array([tp * groups]))
    node = int(section("links")["node"])
    rows = np.array([*widths(node, workload.dims), *_deeper(job, workload, node)], dtype=np.float64)
    tp, pp, ep, groups = rows.T
    options: dict[str, Any] = dict(job.options)
    if workload.dims.get("experts", 0):
        options |= {"ep": ep, "attention_dp": groups}
    gpus = tp * pp * groups
    return Ways(replace(job, tp=tp, pp=pp, n_gpus=gpus, options=options), gpus, tp * groups)
