"""What engines of language models lose where kernels widen narrow weights on their way to the tensor cores.

Weights in 4 or 8 bits that are multiplied in 16 bits are widened in registers, once for each tile of rows:

    widening = n k ceil(m / rows) cycles / (SMs clock)
    compute  = tensor cores' + max(widening - memory, 0)

with rows = 64 in Marlin and the kernels made after it (cycles: `[products.widening]`). Reading the weights
hides it up to some hundred rows, as Marlin's authors say (near-ideal up to 16 to 32,
github.com/IST-DASLab/marlin), and prompts pay for it. The faster an SM's tensor cores, the more: at its peak
an A100 multiplies a tile by a weight in 0.063 cycles and widens one of 4 bits in 0.04, an A10 multiplies in
0.125. Kernels of other engines state their own (`widens_in` of a runtime); from `copied_from` rows on such a
kernel writes a copy in 16 bits, which a plain product reads. Modules that make it op by op move more
(`copied_bytes`), and keep it for the backward pass, which reads it alone.
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

    Array = NDArray[np.float64]

#: B of a weight below which it has 4 bits and its scales.
_NIBBLE = 0.75
#: B that a weight's copy in 16 bits moves: it is written, and read by the product.
_COPY = 4.0
#: The same where it is read alone.
_READ = 2.0


def widened(
    ops: OpTable, devices: Devices, runtime: Runtime, times: tuple[Array, Array], inside: NDArray[np.bool_],
) -> tuple[Array, Array]:  # fmt: skip
    """Seconds of arithmetic and of weights, (O, G, J) each, of products whose weights are widened `inside`.

    `times` are those of the tensor cores alone, and of reading the weights.
    """
    compute, weights = times
    slower = compute / np.where(inside, devices.synchronous, 1.0)
    slower = slower + shown(ops, devices, runtime, weights, inside)
    own = runtime.widens_in
    if not own:
        return slower, weights
    copied = inside & (ops.dims["m"] >= own["copied_from"])
    return np.where(copied, compute, slower), weights * np.where(copied, _copying(ops, runtime), 1.0)


def _copying(ops: OpTable, runtime: Runtime) -> Array:
    """Bytes moved of weights that are copied over those of the weights, (O, 1, 1 or J)."""
    each, written_out = _bytes(ops), runtime.holds.get("copied_bytes")
    if not written_out:
        return np.asarray((each + _COPY) / each)
    backward = np.array([op.stage == "backward" for op in ops.ops])[:, None, None]
    return np.asarray(np.where(backward, _READ, each + written_out) / each)


def shown(
    ops: OpTable, devices: Devices, runtime: Runtime, weights: Array, inside: NDArray[np.bool_]
) -> Array:
    """Seconds of widening that reading the `weights` does not hide, (O, G, J)."""
    d, c = ops.dims, section("products")["widening"]
    rows = runtime.widens_in.get("rows", c["rows"])
    cycles = runtime.widens_in.get("cycles") or np.where(_bytes(ops) < _NIBBLE, c["nibble"], c["byte"])
    tiles = np.ceil(np.maximum(d["m"], 1.0) / rows)
    seconds = d["n"] * d["k"] * d["batch"] * tiles * cycles / devices.issue
    return np.asarray(np.maximum(seconds - weights, 0.0) * (inside & _exposed(devices, runtime)))


def _bytes(ops: OpTable) -> Array:
    """B of each weight, with its scales, (O, 1, 1 or J)."""
    d = ops.dims
    return np.asarray(np.maximum(ops.weight_bytes / (d["n"] * d["k"] * d["batch"]), 1e-3))


def _exposed(devices: Devices, runtime: Runtime) -> NDArray[np.bool_]:
    """Where a kernel's own warps wait for what they widen, (G, 1).

    Instructions are known of NVIDIA's SMs alone; for some families kernels have warps apart for it.
    """
    apart = () if runtime.widens_in else section("products")["widening"]["apart"]
    return np.asarray(devices.each(lambda gpu: gpu.vendor == "NVIDIA" and gpu.family not in apart))
