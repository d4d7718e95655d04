"""Matrix-vector products of language models: what limits them beside the bandwidth.

    t       = (memory^3 + issuing^3)^(1/3)
    issuing = weights / (weights a clock and SM * SMs * clock under the power limit)

Of quantised weights a kernel unpacks each: `steps` of `data/precisions.toml` are the operations it takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.timing.optable import OpTable

#: How sharply the slower of bandwidth and issue rate limits a matrix-vector product.
_LIMITS = 3.0


def by_vectors(
    weights: NDArray[np.float64], ops: OpTable, devices: Devices, runtime: Runtime, *, once: bool = False
) -> NDArray[np.float64]:
    """Seconds to stream weights through matrix-vector products, (O, G, J), given those of the bandwidth.

    A matrix-vector kernel issues so many loads a clock and SM, and unpacks so many quantised values: a
    runtime whose kernels are simple does not reach the bandwidth of a chip with few SMs for it. `once` is for
    a single row, whatever the product has: what unpacking alone takes.
    """
    if not runtime.vector_bytes:
        return weights
    values, quantised = _values(ops)
    issuing = np.where(
        quantised,
        values * _unpacked_times(ops, devices, once=once) / _unpacked_a_second(devices, runtime),
        ops.weight_bytes / (runtime.vector_bytes * devices.issue),
    )
    issuing = issuing / _kept(devices)
    streamed: NDArray[np.float64] = (weights**_LIMITS + issuing**_LIMITS) ** (1.0 / _LIMITS)
    return streamed


def _kept(devices: Devices) -> NDArray[np.float64]:
    """The share of the clock that the power limit leaves plain units, which these kernels keep, (G, 1)."""
    exponent = section("power")["exponent_engine"]
    return np.asarray(np.minimum(devices.throttle(exponent, "") * devices.capped, 1.0))


def unpacking(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.float64]:
    """Seconds of all lanes at an operation a clock in which matrix-vector kernels unpack weights, (O, G, J).

    Half of the FP32 rate are lanes times clock.
    """
    values, quantised = _values(ops)
    few = quantised & (ops.dims["m"] <= section("products")["vector_rows"])
    dot, plain = _steps(devices, runtime)
    taken = np.where(_lanes(devices) > 0.0, plain, dot)
    taken = taken * _unpacked_times(ops, devices, idle=False)
    return np.where(few, values * taken / (0.5 * devices.vector), 0.0)


def _unpacked_times(
    ops: OpTable, devices: Devices, *, idle: bool = True, once: bool = False
) -> NDArray[np.float64]:
    """By how much the operations of a product are more than those of one long row, (O, G, J).

    Each further row is multiplied anew with what was unpacked, or unpacked anew by kernels that multiply
    floats; not where only one is asked for (`once`). The threads of a block take `span` values of a row at
    once: at the end of one that is no multiple some are `idle`.
    """
    c, floats = section("products"), _lanes(devices) > 0.0
    rows = np.clip(ops.dims["m"], 1.0, 1.0 if once else c["vector_rows"])
    again = 1.0 + np.where(floats, 1.0, c["dotted_again"]) * (rows - 1.0)
    span = np.where(floats, c["float_span"], c["dot_span"])
    whole = np.ceil(ops.dims["k"] / span) * span / ops.dims["k"] if idle else 1.0
    return np.asarray(again * whole)


def _values(ops: OpTable) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Weights of a product, and whether they are quantised; a product of activations has none that are."""
    d = ops.dims
    values = d["n"] * d["k"] * d["batch"]
    return values, ops.weight_bytes < section("products")["quantised_below"] * values


def _steps(devices: Devices, runtime: Runtime) -> tuple[NDArray[np.float64], float]:
    """Operations of a lane for a weight, by sums of INT8 products on each GPU, (G, 1), and by floats."""
    c = section("products")
    dot, plain = (own or usual for own, usual in zip(runtime.steps, _usual(), strict=True))
    emulated = devices.each(lambda gpu: gpu.family in c["no_dot"] or gpu.architecture in c["no_dot"])
    return dot + np.where(emulated, c["emulated_dot"], 0.0), plain


def _lanes(devices: Devices) -> NDArray[np.float64]:
    """Lanes of a core of a vendor whose kernels multiply floats, (G, 1); 0 of the others."""
    known = section("products")["float_lanes"]
    return np.asarray(devices.each(lambda gpu: known.get(gpu.vendor, 0.0)))


def _usual() -> tuple[float, float]:
    """The operations of the format in which `vector_values` of a runtime are."""
    return precision("q4_k_m").steps


def _unpacked_a_second(devices: Devices, runtime: Runtime) -> NDArray[np.float64]:
    """Quantised weights that matrix-vector kernels unpack and multiply a second on each GPU, (G, 1).

    `vector_values` a clock are of Q4_K_M by sums of four INT8 products; other formats, and units that have no
    such sum, take more or fewer operations for a weight. Metal's kernels make a float of each weight: lanes a
    clock over the operations.
    """
    dot, plain = _steps(devices, runtime)
    lanes = _lanes(devices)
    dotted = runtime.vector_values * _usual()[0] / dot * devices.issue
    return np.where(lanes > 0.0, lanes / plain * devices.sms * devices.clock, dotted)
