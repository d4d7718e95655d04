"""Time of one pass over a list of ops, for all GPUs and jobs at once.

    t_op   = count * ((compute^p + memory^p)^(1/p) + gap)
    t_gpu  = sum of t_op
    t_host = launches * launch
    t      = (t_gpu^3 + t_host^3)^(1/3) + fixed + communication

p is the runtime's overlap of arithmetic and memory traffic; the host's launches run beside the GPU,
and the slower of the two sets the pace.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.kernels import models
from whichgpu.cost.optable import tables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from whichgpu.cost.device import Devices
    from whichgpu.cost.optable import OpTable
    from whichgpu.cost.runtime import Runtime
    from whichgpu.workloads.ops import Op

    Array = NDArray[np.float64]

_PACE = 3.0


@dataclass(frozen=True, slots=True)
class Term:
    """One op's share of a pass: seconds over all its executions, and what bounds it."""

    layer: str
    kind: str
    count: float
    seconds: float
    compute: float
    memory: float

    @property
    def bound(self) -> str:
        """Whether arithmetic, memory traffic or launching is the longest part."""
        if max(self.compute, self.memory) < 0.5 * self.seconds:
            return "launch"
        return "compute" if self.compute >= self.memory else "memory"


@dataclass(frozen=True, slots=True)
class Timing:
    """A pass: every array is (G, J), in s, FLOP or B."""

    seconds: Array
    gpu: Array
    host: Array
    communication: Array
    kinds: dict[str, Array]
    compute: Array
    memory: Array
    work: Array
    traffic: Array
    terms: tuple[Term, ...] = ()


def pass_time(
    ops: Iterable[Op], devices: Devices, runtime: Runtime, *, exponent: float,
    communication: Array | float = 0.0, explain: bool = False,
) -> Timing:  # fmt: skip
    """Time of one pass over `ops`.

    `exponent` is the sensitivity of the compute rate to the power limit; `communication` is the
    time in s that links add. With `explain` the terms of the first GPU and job are kept.
    """
    zero = np.zeros((1, 1))
    gpu, host, compute, memory, work, traffic = (zero for _ in range(6))
    kinds: dict[str, Array] = {}
    terms: list[Term] = []
    rate = devices.throttle(exponent)
    stream = devices.throttle(section("power")["exponent_bandwidth"])
    for ops_of_kind in tables(ops):
        t_compute, t_memory = models()[ops_of_kind.kind].seconds(ops_of_kind, devices, runtime)
        t_compute, t_memory = t_compute / rate, t_memory / stream
        launched = _launched(ops_of_kind.fusable, ops_of_kind.kind, runtime)
        p = runtime.overlap
        once = (t_compute**p + t_memory**p) ** (1.0 / p) + runtime.gap * launched
        each = ops_of_kind.count * once
        kinds[ops_of_kind.kind] = each.sum(axis=0)
        gpu = gpu + kinds[ops_of_kind.kind]
        host = host + (ops_of_kind.count * launched).sum(axis=0) * runtime.launch
        compute = compute + (ops_of_kind.count * t_compute).sum(axis=0)
        memory = memory + (ops_of_kind.count * t_memory).sum(axis=0)
        work = work + _ideal_compute(ops_of_kind, devices)
        moved = ops_of_kind.activation_bytes + ops_of_kind.kv_bytes + _read_weights(ops_of_kind)
        traffic = traffic + (ops_of_kind.count * moved).sum(axis=0)
        if explain:
            terms += _terms(ops_of_kind, each, ops_of_kind.count * t_compute, ops_of_kind.count * t_memory)
    seconds = (gpu**_PACE + host**_PACE) ** (1.0 / _PACE) + runtime.fixed + communication
    return Timing(
        seconds, gpu, host, np.broadcast_to(communication, seconds.shape), kinds, compute, memory, work,
        traffic, tuple(sorted(terms, key=lambda term: -term.seconds)),
    )  # fmt: skip


def _launched(fusable: Array, kind: str, runtime: Runtime) -> Array:
    """1 for an op that is a kernel of its own, 0 for one that fusion swallows, (O, 1, 1)."""
    if runtime.fuses and kind in ("pointwise", "norm"):
        return 1.0 - fusable
    return np.ones_like(fusable)


def _read_weights(table: OpTable) -> Array:
    """Weights that one execution reads: a look-up reads its rows, which are counted as activations."""
    return table.weight_bytes if table.kind != "embedding" else np.zeros(1)


def _ideal_compute(table: OpTable, devices: Devices) -> Array:
    """Seconds that the matrix products would take at the full peak, (G, J)."""
    if table.kind not in ("gemm", "conv", "attention"):
        return np.zeros((1, 1))
    ideal = table.count * table.flops / devices.peaks(table.dtypes)
    return np.asarray(ideal.sum(axis=0))


def _terms(table: OpTable, each: Array, compute: Array, memory: Array) -> list[Term]:
    ops = table.ops
    first = [np.asarray(a)[:, 0, 0] for a in np.broadcast_arrays(each, compute, memory)]
    counts = [float(np.ravel(op.count)[0]) for op in ops]
    return [
        Term(op.layer, op.kind, count, *map(float, row))
        for op, count, row in zip(ops, counts, zip(*first, strict=True), strict=True)
    ]
