"""Shares of the rate that shapes of products leave: tiles, waves of them, and the rows of experts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.kernels._convolving import by_winograd
from whichgpu.cost.kernels._quantised import of_experts, passes
from whichgpu.cost.kernels._rates import by_tensor_cores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.timing.optable import OpTable


def expert_tiles(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.float64] | float:
    """How often over its prior a product of experts takes, (O, G, J), by what its kernels are."""
    slower: NDArray[np.float64] | float = 1.0
    if runtime.expert_tile:
        slower = _tiled(ops, devices, runtime)
    if runtime.expert_sides:
        slower = slower * _in_whole_sides(ops, devices, runtime)
    if np.any(runtime.read(lambda one: bool(one.untuned))):
        slower = slower * np.where(of_experts(ops), devices.under(runtime, _untuned), 1.0)
    return slower


def _in_whole_sides(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.float64]:
    """How often over an expert's weights are multiplied, whose sides come in whole tiles, (O, G, J)."""
    side = devices.each(lambda gpu: runtime.expert_sides.get(gpu.vendor, 1.0))
    gradient = np.array([op.layer.endswith(".wgrad") for op in ops.ops])[:, None, None]
    long = np.where(gradient, ops.dims["m"], ops.dims["k"])
    filled = np.ceil(ops.dims["n"] / side) * np.ceil(long / side) * side**2
    return np.where(of_experts(ops), filled / (ops.dims["n"] * long), 1.0)


def _untuned(stack: Runtime, on: Devices) -> NDArray[np.float64]:
    """Times that experts take over tuned kernels under one runtime on each of some GPUs, (G, 1)."""
    said = stack.said.lower()
    tuned = any(word in said for word in stack.tuned)
    return np.array([[1.0 if tuned else stack.untuned.get(gpu.vendor, 1.0)] for gpu in on.gpus])


def _tiled(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.float64]:
    """How often over an expert's rows are multiplied in tiles of which the last is not full, (O, G, J).

    An expert has a tile at least. Where tokens choose unevenly, so that it has anything from none to twice
    the mean number of rows m, T rows a tile cover max(T, m + T / 2) of them in the mean.
    """
    tile, rows = _tile(devices, runtime), ops.dims["m"] / passes(ops, runtime)
    prompt = of_experts(ops) & (ops.dims["m"] > section("products")["vector_rows"])
    return np.where(prompt, np.maximum(tile, rows + tile / 2.0) / rows, 1.0)


def _tile(devices: Devices, runtime: Runtime) -> NDArray[np.float64]:
    """Rows of a tile of experts, a column of the devices, 0 where none is known; 0 for no such kernel."""
    if not runtime.expert_tile:
        return np.zeros(())
    return devices.each(lambda gpu: runtime.expert_tile.get(gpu.vendor, 0.0))


def filled(
    ops: OpTable, devices: Devices, runtime: Runtime, tensor: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Share of the rate that depth and width leave, (O, G, J), of products on the `tensor` cores or off."""
    c = section("products")
    d = ops.dims
    m, n, k = d["m"], d["n"] * abreast(ops, runtime), d["k"]
    half = c["k_half"]
    if ops.kind == "conv":
        half = np.where(tensor & (d["window"] <= 1.0), c["k_half_pointwise"], half)
    if ops.kind == "conv" or not (runtime.domain and runtime.infers):
        # A tile fills and drains its pipeline in so many cycles, in which a faster SM does more of its depth.
        half = half * np.where(tensor, devices.fed(ops.dtypes), devices.fed_plain) ** c["deepened"]
    deep = k / (k + half) * n / (n + c["n_half"])
    if ops.kind == "gemm":
        # The rows of an expert end inside a tile. What tensor cores lose by that was learnt with experts.
        plain = (~tensor | devices.tiled_alike[None]) & (_tile(devices, runtime) == 0.0)
        deep = deep * np.where(of_experts(ops) & plain, m / (m + c["expert_rows"]), 1.0)
        deep = deep * np.where(tensor, _in_full_tiles(ops, runtime), 1.0)
    if ops.kind == "conv":
        # Kernels for grouped convolutions lay several groups side by side; what is lost is the padding
        # of a narrow group to the width of a matrix instruction. Wide ones fill tiles of their own, which
        # do the less for the rows they read the narrower they are.
        half = np.where(tensor, c["group_half"] * _bytes_over(ops), c["group_half_plain"])
        apart = tensor & (n >= c["wide_group"]) & ~lacking(ops, runtime)
        apart = np.where(apart, deep * n / (n + c["wide_group"]) / c["grouped"], 0.0)
        deep = np.where(d["groups"] > 1.0, np.maximum(n / (n + half), apart), deep)
    return np.asarray(deep)


def _in_full_tiles(ops: OpTable, runtime: Runtime) -> NDArray[np.float64] | float:
    """How much faster an engine multiplies many rows of an expert than few, which the fit knows, (O, 1, J).

    sqrt(1 + (m / M)^2), up to the ceiling of all products: experts have the rows of tiles that dense products
    fill where prompts are long or requests come from many machines. Trainings have many at any time: all that
    the fit knows of theirs is of such.
    """
    if runtime.domain != "language" or runtime.expert_tile or ops.trains:
        return 1.0
    c = section("products")
    half = np.array([kind.format == "half" for kind in ops.classes])[:, None, None]
    gained = np.hypot(1.0, ops.dims["m"] / np.where(half, c["expert_full_half"], c["expert_full"]))
    return np.where(of_experts(ops), gained, 1.0)


def _bytes_over(ops: OpTable) -> NDArray[np.float64]:
    """Values in the bytes of two of 16 bits, halved, (O, 1, 1): matrix instructions are as deep in bytes."""
    return np.array([2.0 if dtype in ("int8", "fp8") else 1.0 for dtype in ops.dtypes])[:, None, None]


def abreast(ops: OpTable, runtime: Runtime) -> NDArray[np.float64]:
    """Products of one input that run as one, (O, 1, 1): query, key and value under an engine for networks.

    TensorRT puts layers that read one tensor side by side; demo/BERT/builder.py of NVIDIA/TensorRT has
    these as one.
    """
    if ops.kind != "gemm" or not runtime.fuses or runtime.chains or runtime.domain:
        return np.ones((len(ops.ops), 1, 1))
    return np.array([op.dims.get("abreast", 1.0) for op in ops.ops])[:, None, None]


def occupied(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.float64]:
    """Share of the SMs that a product's tiles keep busy, (O, G, J), as it is run."""
    return ops.once("occupied", devices, runtime, _occupied)


def _occupied(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.float64]:
    return occupancy(ops, devices, runtime, by_tensor_cores(ops, devices, runtime))


def occupancy(
    ops: OpTable, devices: Devices, runtime: Runtime, tensor: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The same where products are on the `tensor` cores: the last of their waves is not full.

    Winograd's algorithm makes 16 products, one for each point of its tiles of 2 x 2 results, of a quarter of
    the rows each: four times as many tiles.
    """
    d, c = ops.dims, section("products")
    many = (d["batch"] if ops.kind == "gemm" else d["groups"]) * abreast(ops, runtime)
    waves = many * np.maximum(d["m"] * d["n"], 1.0) / c["tile"] ** 2 / devices.sms * _split(ops, runtime)
    waves = waves * np.where(by_winograd(ops, devices.without_winograd(tensor)), 4.0, 1.0)
    return np.asarray(waves / (waves + c["wave_half"]))


def _split(ops: OpTable, runtime: Runtime) -> NDArray[np.float64]:
    """How many SMs share the depth of one tile, (O, 1, J).

    Split-k and streams hand the depth of a long, narrow product to idle SMs as well; of convolutions only
    that of their weights' gradient, which adds up over all pixels and has few results. An engine for
    networks, which times its kernels as it builds them, also does so with one that is deeper than those of
    the networks on file (RTMPose's 7 x 7 over 768 channels).
    """
    c = section("products")
    deep = np.maximum(1.0, np.minimum(ops.dims["k"] / c["split"], c["split_most"]))
    if ops.kind != "conv":
        return np.asarray(deep)
    gradient = np.array([op.layer.endswith(".wgrad") for op in ops.ops])[:, None, None]
    times = runtime.fuses and not runtime.chains and not runtime.domain
    deepest = np.maximum(1.0, np.minimum(ops.dims["k"] / c["split_conv"], c["split_most"]))
    return np.where(gradient, deep, deepest if times else 1.0)


def lacking(ops: OpTable, runtime: Runtime) -> NDArray[np.bool_]:
    """Which are channels-last gradients of groups that have no kernels of that order, (O, 1, J).

    Those of 32 and 64 groups have, as ResNeXts are made of.
    """
    groups = ops.dims["groups"]
    backward = np.array([op.stage == "backward" for op in ops.ops])[:, None, None]
    return np.asarray(backward & (groups > 1.0) & (groups % 32.0 != 0.0) & ("nhwc" in runtime.marks))
