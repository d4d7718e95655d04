"""Ops that move bytes: normalisation, pointwise, pooling, look-ups, copies, the optimizer.

compute = operations / FP32 rate
memory  = bytes * share of passes left by fusion / (bandwidth * s)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.coefficients import section

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.cost.device import Devices
    from whichgpu.cost.optable import OpTable
    from whichgpu.cost.runtime import Runtime

KINDS = ("norm", "pointwise", "pool", "embedding", "copy", "optimizer")
#: They are many, differ little, and their dims are not read.
TOGETHER = True


def seconds(
    ops: OpTable, devices: Devices, runtime: Runtime
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute and memory time of one execution, (O, G, J), in s."""
    left = passes(ops, runtime)
    share = np.minimum(runtime.memory["elementwise"] * devices.cache_gain, section("memory")["ceiling"])
    compute = ops.flops * left / devices.vector
    memory = ops.activation_bytes * left / (devices.bandwidth * share)
    return compute, memory


def passes(ops: OpTable, runtime: Runtime) -> NDArray[np.float64]:
    """Share of each op's traffic that is left after fusion, (O, 1, 1)."""
    if not runtime.fuses:
        return np.ones((len(ops.ops), 1, 1))
    left = np.array([runtime.left.get(op.kind, 1.0) for op in ops.ops])[:, None, None]
    return np.where(ops.fusable > 0, left, 1.0)
