"""How prompts are multiplied with weights that a file stores narrow, and what is copied for it.

A kernel sums INT8 products, or unpacks weights in its tile; else they are written out in 16 bits, for BLAS,
which takes 16 bits between activations that stay in FP32 (`casts` of a runtime).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.kernels._emulation import bytes_each

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.timing.optable import OpTable
    from whichgpu.hardware.gpu import Gpu


def among(devices: Devices, named: Sequence[str]) -> NDArray[np.bool_]:
    """Which GPUs are of vendors, families or architectures that a runtime names, (G, 1)."""
    return np.asarray(devices.known(_is_among(tuple(named))))


@lru_cache(maxsize=256)
def _is_among(named: tuple[str, ...]) -> Callable[[Gpu], bool]:
    """The same of one GPU: one function for the same names, by which devices keep what they were asked."""
    return lambda gpu: not {gpu.vendor, gpu.family, gpu.architecture}.isdisjoint(named)


def quantised_prompt(ops: OpTable) -> NDArray[np.bool_]:
    """Whether a product is of quantised weights with more rows than matrix-vector kernels take, (O, G, J)."""
    c = section("products")
    return np.asarray((ops.dims["m"] > c["vector_rows"]) & (bytes_each(ops) < c["quantised_below"]))


def of_experts(ops: OpTable) -> NDArray[np.bool_]:
    """Whether a product is of experts, (O, 1, 1)."""
    return np.array([op.shard.startswith("expert") for op in ops.ops])[:, None, None]


def integer_rate(devices: Devices, runtime: Runtime) -> NDArray[np.float64]:
    """INT8 rate that is left for products, (G, 1): of sums of four on plain units where matrix units idle."""
    if not runtime.plain:
        return devices.integer_rate
    c = section("products")
    lanes = np.fmin(devices.integer_rate, c["dotted"] * c["dot"] * devices.vector)
    return np.where(among(devices, runtime.plain), lanes, devices.integer_rate)


def in_integers(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.bool_]:
    """Whether quantised weights are multiplied as INT8, (O, G, J): where that is the faster."""
    otherwise = np.where(among(devices, runtime.plain), devices.vector, devices.peaks(ops.dtypes))
    faster = np.nan_to_num(integer_rate(devices, runtime)) > otherwise
    faster = faster & among(devices, runtime.integer)
    return np.asarray(faster & quantised_prompt(ops))


def scaling(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.float64]:
    """Seconds in which sums of INT8 products become FP32 ones, block by block, (O, G, J): on plain units."""
    scaled = ops.flops * section("products")["scaled"] * runtime.scales / devices.vector
    return np.where(in_integers(ops, devices, runtime), scaled, 0.0)


def unpacked(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.bool_]:
    """Whether a kernel widens quantised weights in its own tile, on the way to the units, (O, G, J).

    Metal's do, and those of experts everywhere: BLAS, which takes 16-bit matrices, knows of no experts.
    """
    inside = devices.each(lambda gpu: gpu.vendor in runtime.unpacks) | of_experts(ops)
    return np.asarray(inside & quantised_prompt(ops) & ~in_integers(ops, devices, runtime))


def widened(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.bool_]:
    """Whether quantised weights are written to memory in 16 bits before the product, (O, G, J)."""
    apart = in_integers(ops, devices, runtime) | unpacked(ops, devices, runtime)
    return np.asarray(quantised_prompt(ops) & ~apart)


def passes(ops: OpTable, runtime: Runtime) -> NDArray[np.float64]:
    """The micro-batches that a prompt is cut into, (O, G, J): by its tokens, of which an expert has some."""
    if not runtime.micro_batch:
        return np.ones_like(ops.dims["m"])
    chosen = np.array([op.dims.get("chosen", 0.0) for op in ops.ops])[:, None, None]
    tokens = np.where(
        chosen > 0.0, ops.dims["m"] * ops.dims["batch"] / np.maximum(chosen, 1.0), ops.dims["m"]
    )
    return np.asarray(np.ceil(np.maximum(tokens, 1.0) / runtime.micro_batch - 1e-9))


def cast(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.bool_]:
    """Which products of a prompt a library makes in 16 bits, with a cast before and one behind, (O, G, J).

    llama.cpp's activations are FP32 (`casts`; ggml_cuda_op_mul_mat_cublas of ggml-cuda.cu). Up to
    `narrow_rows` of them its own tiles take quantised weights on any GPU; Metal's and Vulkan's kernels take
    FP32, and so do those of INT8 but for rows quantised beside them, as for a single token.
    """
    c = section("products")
    own = devices.each(lambda gpu: gpu.vendor in runtime.unpacks) | in_integers(ops, devices, runtime)
    least = np.where(bytes_each(ops) < c["quantised_below"], c["narrow_rows"], c["vector_rows"])
    return np.asarray((ops.dims["m"] > least) & ~own & ~unpacked(ops, devices, runtime))


def cast_bytes(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.float64] | float:
    """Bytes that activations in FP32 add to those of 16 bits, (O, G, J), less what L2 holds.

    A cast moves 4 and 2 B of each number, quantising 4 and 1; INT8 kernels write 4, and others read 4.
    A product follows at once, so that of B bytes of a micro-batch an L2 of C holds C / (B + C).
    """
    if not runtime.casts or ops.kind != "gemm":
        return 0.0
    d = ops.dims
    prompt = d["m"] > section("products")["vector_rows"]
    blas, integers = cast(ops, devices, runtime), in_integers(ops, devices, runtime)
    read, written = np.where(blas, 6.0, np.where(integers, 5.0, 2.0)), np.where(blas, 6.0, 2.0)
    each = d["m"] * d["batch"] * (read * d["k"] + written * d["n"]) * prompt
    own = each / passes(ops, runtime)
    return np.asarray(each * own / np.maximum(own + devices.last_level, 1.0))


def dealt(
    ops: OpTable, devices: Devices, runtime: Runtime, weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Seconds by which the copies of weights in 16 bits take longer than what they move, (O, G, J).

    A block of a warp or two writes 256 of them (dequantize_block_q4_K of ggml-cuda/convert.cu), and no more
    than a block starts a clock, which HBM outruns. `weights` are the seconds of reading them.
    """
    d, each = ops.dims, bytes_each(ops)
    starts = d["n"] * d["k"] * d["batch"] / section("products")["block_weights"] / devices.clock
    nvidia = devices.each(lambda gpu: gpu.vendor == "NVIDIA")
    longer = np.maximum(starts - weights * (each + 2.0) / each, 0.0) * passes(ops, runtime)
    return np.where(widened(ops, devices, runtime) & nvidia, longer, 0.0)
