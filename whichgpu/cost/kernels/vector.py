"""Numerical kernels outside neural networks: plain arithmetic against memory traffic, a roofline.

    compute = FLOPs / (plain peak of the precision * e)
    memory  = bytes / (bandwidth * s)

Neither tensor cores nor fusion; e is the share of the plain rate that well-written kernels reach.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.coefficients import section

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.timing.optable import OpTable

KINDS = ("vector",)


def seconds(
    ops: OpTable, devices: Devices, runtime: Runtime
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute and memory time of one execution, (O, G, J), in s."""
    peaks = np.stack([devices.column(dtype) for dtype in ops.dtypes])
    rate = peaks * np.minimum(section("products")["plain"] * devices.maturity, 1.0)
    share = np.minimum(runtime.memory["elementwise"], section("memory")["ceiling"])
    return ops.flops / rate, ops.activation_bytes / (devices.bandwidth * share)
