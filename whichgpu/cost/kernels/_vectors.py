"""Matrix-vector products of language models: what limits them beside the bandwidth.

    t       = (memory^3 + issuing^3)^(1/3)
    issuing = weights / (weights a clock and SM * SMs * clock)

Of quantised weights a kernel unpacks each: `steps` of `data/precisions.toml` are the operations it takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.cost.device import Devices
    from whichgpu.cost.optable import OpTable
    from whichgpu.cost.runtime import Runtime

#: How sharply the slower of bandwidth and issue rate limits a matrix-vector product.
_LIMITS = 3.0


def by_vectors(
    weights: NDArray[np.float64], ops: OpTable, devices: Devices, runtime: Runtime
) -> NDArray[np.float64]:
    """Seconds to stream weights through matrix-vector products, (O, G, J), given those of the bandwidth.

    A matrix-vector kernel issues so many loads a clock and SM, and unpacks so many quantised values: a
    runtime whose kernels are simple does not reach the bandwidth of a chip with few SMs for it.
    """
    if not runtime.vector_bytes:
        return weights
    d = ops.dims
    values = d["n"] * d["k"] * d["batch"]
    quantised = ops.weight_bytes < section("products")["quantised_below"] * values
    issuing = np.where(
        quantised,
        values / _unpacked_a_second(devices, runtime),
        ops.weight_bytes / (runtime.vector_bytes * devices.issue),
    )
    streamed: NDArray[np.float64] = (weights**_LIMITS + issuing**_LIMITS) ** (1.0 / _LIMITS)
    return streamed


def _unpacked_a_second(devices: Devices, runtime: Runtime) -> NDArray[np.float64]:
    """Quantised weights that matrix-vector kernels unpack and multiply a second on each GPU, (G, 1).

    `vector_values` a clock are of Q4_K_M by sums of four INT8 products; other formats, and units that have no
    such sum, take more or fewer operations for a weight. Metal's kernels make a float of each weight: lanes a
    clock over the operations.
    """
    c = section("products")
    usual = precision("q4_k_m").steps
    dot, plain = (own or other for own, other in zip(runtime.steps, usual, strict=True))
    emulated = devices.each(lambda gpu: gpu.family in c["no_dot"] or gpu.architecture in c["no_dot"])
    dotted = (
        runtime.vector_values * usual[0] / (dot + np.where(emulated, c["emulated_dot"], 0.0)) * devices.issue
    )
    lanes = devices.each(lambda gpu: c["float_lanes"].get(gpu.vendor, 0.0))
    return np.where(lanes > 0.0, lanes / plain * devices.sms * devices.clock, dotted)
