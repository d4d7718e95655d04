"""BF16 products of GPUs that have no units for them: numbers are widened, and multiplied in FP32."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.job.support import emulating as gpus_emulating

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.timing.optable import OpTable


def emulating(
    ops: OpTable, devices: Devices, runtime: Runtime, peaks: NDArray[np.float64]
) -> NDArray[np.float64]:
    """`peaks`, (O, G, 1 or J) in FLOP/s, where BF16 products that a GPU has no units for are widened to FP32.

    PyTorch does so on what is older than Ampere (`emulated` in data/software). Narrower weights, which are
    widened anyway, are multiplied in FP16 there. In a sweep FP16 may stand for BF16 (`Runtime.half`).
    """
    names = {"bf16", *(("fp16",) if any(one.brain for one in runtime.among(1)) else ())}
    if not names & set(ops.dtypes):
        return peaks
    by_hand = gpus_emulating(devices, runtime)
    if not by_hand.any():
        return peaks
    brain, half = (
        np.array([dtype == name for dtype in ops.dtypes])[:, None, None] for name in ("bf16", "fp16")
    )
    if "fp16" in names:
        brain = brain | (half & runtime.read(lambda one: one.brain))
    wide = ops.kind != "gemm" or ~quantised(ops)
    widened = section("products")["emulated"] * np.minimum(devices.vector, devices.multiplying)
    return np.where(brain & wide & by_hand, widened, peaks)


def quantised(ops: OpTable) -> NDArray[np.bool_]:
    """Whether a product has weights, and they are narrower than 16 bits, (O, G, J)."""
    return np.asarray((ops.weight_bytes > 0.0) & (bytes_each(ops) < section("products")["quantised_below"]))


def bytes_each(ops: OpTable) -> NDArray[np.float64]:
    """Bytes of a product's weight, (O, G, J)."""
    d = ops.dims
    return np.asarray(np.maximum(ops.weight_bytes / (d["n"] * d["k"] * d["batch"]), 1e-3))
