"""Which units multiply a product, and what they reach at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.gpu.device_rates import CLEARLY
from whichgpu.cost.kernels._convolving import apart_backwards
from whichgpu.cost.kernels._emulation import emulating
from whichgpu.cost.kernels._quantised import among, in_integers, integer_rate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.timing.optable import OpTable


def on_tensor_cores(peaks: NDArray[np.float64], devices: Devices) -> NDArray[np.bool_]:
    """Whether products of these peaks run on tensor cores, as `peaks`: where those are clearly faster.

    TF32 of GeForce is as fast as FP32, which data sheets state at another clock.
    """
    return np.asarray(peaks > CLEARLY * devices.vector)


def rates(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.float64]:
    """Peak of the units that multiply each op, (O, G, 1 or J), in FLOP/s or OP/s.

    FP32 products run on TF32 tensor cores where the runtime does that unasked, else as fast as an SM
    issues their multiply-adds.
    """
    return ops.once("rates", devices, runtime, _rates)


def by_tensor_cores(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.bool_]:
    """Whether tensor cores multiply an op, (O, G, 1 or J), by its `rates`."""
    return ops.once("tensor", devices, runtime, _by_tensor_cores)


def _by_tensor_cores(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.bool_]:
    return on_tensor_cores(rates(ops, devices, runtime), devices)


def _rates(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.float64]:
    unasked = runtime.unasked(ops.kind)
    peaks = devices.peaks(ops.dtypes, tf32=unasked)
    if "fp32" in ops.dtypes:
        plain = np.array([dtype == "fp32" for dtype in ops.dtypes])[:, None, None]
        in_tf32 = unasked if isinstance(unasked, bool) else runtime.read(lambda one: ops.kind in one.tf32)
        plain = plain & ~(np.asarray(in_tf32) & ~np.isnan(devices.unasked))
        peaks = np.where(plain, np.minimum(peaks, devices.multiplying), peaks)
    peaks = emulating(ops, devices, runtime, peaks)
    if runtime.aligned and ops.kind == "gemm":
        peaks = np.where(_odd(ops, devices, runtime), np.minimum(peaks, devices.vector), peaks)
    if ops.kind == "conv" and not runtime.domain:
        peaks = np.where(_off_first_cores(ops, devices), np.minimum(peaks, devices.vector), peaks)
    if runtime.plain:
        peaks = np.where(among(devices, runtime.plain), devices.vector, peaks)
    if not runtime.integer or ops.kind != "gemm":
        return peaks
    found: NDArray[np.float64] = np.where(
        in_integers(ops, devices, runtime), integer_rate(devices, runtime), peaks
    )
    return found


def _off_first_cores(ops: OpTable, devices: Devices) -> NDArray[np.bool_]:
    """Which are 16-bit gradients of dilated convolutions where the first tensor cores are, (O, G, 1)."""
    narrow = np.array([dtype in ("fp16", "bf16") for dtype in ops.dtypes])[:, None, None]
    first = devices.each(lambda gpu: gpu.family in section("products")["dilated_off"])
    return np.asarray(apart_backwards(ops) & narrow & first)


def _odd(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.bool_]:
    """Whether a library takes 16-bit products off the tensor cores of these GPUs, (O, G, J).

    cuBLAS before 11.0 asks of them that the sides of the weights be multiples of eight (NVIDIA, Matrix
    Multiplication Background User's Guide, "Requirements to Use Tensor Cores"). Rows are taken as such, and
    products without weights.
    """
    here = devices.each(lambda gpu: gpu.family in runtime.aligned)
    return np.asarray(here & _odd_sides(ops, 8.0))


def _odd_sides(ops: OpTable, values: float) -> NDArray[np.bool_]:
    """Whether a 16-bit product has weights with a side that is no multiple of so many values, (O, 1, J)."""
    narrow = np.array([dtype in ("fp16", "bf16") for dtype in ops.dtypes])[:, None, None]
    gradient = np.array([op.layer.endswith(".wgrad") for op in ops.ops])[:, None, None]
    deep = np.where(gradient, ops.dims["m"], ops.dims["k"])
    apart = (ops.dims["batch"] <= 1.0) & ((ops.dims["n"] % values != 0.0) | (deep % values != 0.0))
    return np.asarray(narrow & apart)


def paired(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.float64] | float:
    """Share of the rate of tensor cores that an odd side leaves, (O, G, J): rows begin at any 2 bytes.

    cuBLAS since 11.0 keeps such products on them, but the copies past registers that feed them move 4 bytes
    at the least (cp.async of the PTX ISA). `torch.compile` pads them (torch/_inductor/fx_passes/pad_mm.py);
    engines and trainers of language models and NVIDIA's examples have even vocabularies.
    """
    if runtime.fuses or runtime.specialised or runtime.holds.get("fused_norm"):
        return 1.0
    odd = _odd_sides(ops, 2.0) & ~is_narrow(ops)
    if not odd.any():
        return 1.0
    here = devices.each(lambda gpu: gpu.vendor == "NVIDIA" and gpu.family not in runtime.aligned)
    tensor = here & (devices.peak("fp16") > CLEARLY * devices.vector)
    return np.where(odd & tensor, section("products")["odd"], 1.0)


def is_narrow(ops: OpTable) -> NDArray[np.bool_]:
    """Whether one side of a product is that of a few vectors, for which libraries have other kernels."""
    d = ops.dims
    least: NDArray[np.float64] = np.minimum(np.minimum(d["m"], d["n"]), d["k"])
    alone: NDArray[np.bool_] = (least <= section("products")["vector_rows"]) & (d.get("groups", 1.0) <= 1.0)
    return alone
