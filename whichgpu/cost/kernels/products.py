"""Matrix products and convolutions: a roofline with tile and wave quantisation.

    compute = FLOPs / (peak * e * u * throttle)
    u       = k / (k + k_half) * n / (n + n_half) * waves / (waves + wave_half)
    waves   = batch * m * n / tile^2 / SMs
    memory  = (weights + activations) / (bandwidth * s)

with e the runtime's efficiency for the kind times the law of the tensor rate (`Devices.efficiency`)
on tensor cores, and one high share on plain units, which any decent kernel keeps busy.
Roofline: Williams, Waterman, Patterson, "Roofline", CACM 52(4), 2009. Tiles and waves: NVIDIA,
"Matrix Multiplication Background User's Guide". A convolution is an implicit GEMM (cuDNN).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.gpu.device_rates import CLEARLY
from whichgpu.cost.kernels._convolving import (
    is_depthwise,
    multiplied,
    share_apart,
)
from whichgpu.cost.kernels._emulation import bytes_each, quantised
from whichgpu.cost.kernels._quantised import (
    cast_bytes,
    dealt,
    in_integers,
    of_experts,
    passes,
    quantised_prompt,
    scaling,
    unpacked,
    widened,
)
from whichgpu.cost.kernels._rates import by_tensor_cores, is_narrow, paired, rates
from whichgpu.cost.kernels._tiles import expert_tiles, filled, lacking, occupancy, occupied
from whichgpu.cost.kernels._vectors import by_vectors
from whichgpu.cost.kernels._widening import shown
from whichgpu.cost.kernels._widening import widened as in_kernels
from whichgpu.workloads.adapters import LOW_RANK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.timing.optable import OpTable

KINDS = ("gemm", "conv")


def seconds(
    ops: OpTable, devices: Devices, runtime: Runtime
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute and memory time of one execution, (O, G, J), in s."""
    c = section("products")
    peaks, tensor = rates(ops, devices, runtime), by_tensor_cores(ops, devices, runtime)
    reached = np.where(
        tensor,
        runtime.products[ops.kind] * _window(ops) * _order(ops, runtime) * devices.efficiency(ops.dtypes),
        c["plain"] * _maturity(ops, devices, runtime),
    )
    if ops.kind == "gemm":
        reached = reached * paired(ops, devices, runtime)
    shape = filled(ops, devices, runtime, tensor) * occupied(ops, devices, runtime)
    compute = multiplied(ops, devices.without_winograd(tensor), c["winograd"]) / (
        peaks * np.minimum(reached * share_apart(ops) * shape, c["ceiling"])
    )
    if ops.kind == "conv":
        compute = np.where(is_depthwise(ops), _depthwise(ops, devices, runtime), compute)
    if ops.kind == "conv" and runtime.autotunes:
        compute = np.minimum(compute, _in_full(ops, devices, runtime, tensor))
    if runtime.vector_bytes and ops.kind == "gemm":
        # What limits a matrix-vector kernel beside the bandwidth is how fast it issues, see `_vectors.py`.
        few = (ops.dims["m"] <= c["vector_rows"]) & ~devices.processor
        compute = np.where(few, ops.flops / peaks, compute)
    narrow = is_narrow(ops) if not runtime.domain else _is_gate(ops)
    compute = np.where(narrow, np.minimum(compute, _streamed(ops, devices)), compute)
    share = runtime.memory[ops.kind]
    weights = ops.weight_bytes / (share * devices.reading)
    weights = weights * _slivers(ops, runtime) * _narrowed(ops, runtime)
    if runtime.integer and ops.kind == "gemm":
        compute = compute + scaling(ops, devices, runtime) + dealt(ops, devices, runtime, weights)
    if runtime.unpacks and ops.kind == "gemm":
        compute = compute / np.where(unpacked(ops, devices, runtime), c["unpacked"], 1.0)
    if ops.kind == "gemm":
        compute = compute * expert_tiles(ops, devices, runtime)
    compute, weights = _in_engines(ops, devices, runtime, peaks, (compute, weights))
    if ops.kind == "gemm":
        compute, weights = _with_few_rows(ops, devices, runtime, ops.flops / peaks, (compute, weights))
    often = _conversions(ops, runtime, tensor & devices.cudnn) * _off_chip(ops, runtime)
    moved = ops.activation_bytes * often + cast_bytes(ops, devices, runtime)
    return compute, weights + moved / (share * _of_low_rank(ops) * devices.passing)


def _of_low_rank(ops: OpTable) -> NDArray[np.float64]:
    """Share of the bandwidth that products of a low rank reach, over that of others, (O, 1, 1)."""
    low = np.array([LOW_RANK in op.dims for op in ops.ops])[:, None, None]
    return np.where(low, section("products")["low_rank"], 1.0)


def _in_engines(
    ops: OpTable, devices: Devices, runtime: Runtime, peaks: NDArray[np.float64],
    times: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    """Seconds of arithmetic and of weights, (O, G, J) each, as an engine's kernels have narrow weights."""
    if not _widens(ops, runtime):
        return times
    narrow = _in_registers(ops, peaks, devices)
    if not narrow.any():
        return times
    compute, weights = in_kernels(ops, devices, runtime, times, narrow)
    return np.where(narrow, np.minimum(compute, _of_one_tile(ops, peaks)), compute), weights


def _of_one_tile(ops: OpTable, peaks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Seconds of tensor cores on experts whose rows one narrow tile takes, (O, G, J), infinite for others.

    Kernels for narrow weights multiply so few rows while the weights come: Marlin's are "near-ideal" up to 16
    (github.com/IST-DASLab/marlin). What a fit knows of experts' arithmetic is of many rows, dealt unevenly.
    """
    rows = section("products")["expert_tile_rows"]
    seconds = ops.flops * np.maximum(rows / np.maximum(ops.dims["m"], 1.0), 1.0) / peaks
    return np.asarray(np.where(of_experts(ops) & (ops.dims["m"] <= rows), seconds, np.inf))


def _widens(ops: OpTable, runtime: Runtime) -> bool:
    """Whether products are of an engine or a trainer of language models that widens narrow weights."""
    return bool(runtime.domain) and (runtime.fuses or bool(runtime.widens_in)) and ops.kind == "gemm"


def fastest(
    ops: OpTable, devices: Devices, runtime: Runtime, ideal: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Seconds of products that no fit makes faster, given the `ideal` ones of the tensor cores, (O, G, J).

    An engine that widens narrow weights in registers cannot do without, nor a kernel that unpacks them in
    its tile.
    """
    if runtime.unpacks and ops.kind == "gemm":
        ideal = ideal / np.where(unpacked(ops, devices, runtime), section("products")["unpacked"], 1.0)
    if not _widens(ops, runtime) or runtime.widens_in:
        return ideal
    narrow = _in_registers(ops, rates(ops, devices, runtime), devices)
    if not narrow.any():
        return ideal
    weights = ops.weight_bytes / (runtime.memory["gemm"] * devices.reading)
    return ideal + shown(ops, devices, runtime, weights, narrow)


def _with_few_rows(
    ops: OpTable, devices: Devices, runtime: Runtime, least: NDArray[np.float64],
    times: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    """Seconds of arithmetic and of weights, (O, G, J) each, where few rows go through matrix-vector kernels.

    `least` is the arithmetic at the peak. Narrow tiles unpack each weight as well, if for all rows at once.
    """
    compute, weights = times
    rows, most = ops.dims["m"], section("products")["vector_rows"]
    streamed = by_vectors(weights, ops, devices, runtime)
    tiled = weights * _rereads(ops, devices, runtime)
    if not runtime.vector_bytes:
        times = compute, np.where(rows <= most, streamed, tiled)
        return times if runtime.domain else _in_turn(ops, devices, times)
    narrow = _in_narrow_tiles(ops, devices)
    once = by_vectors(weights, ops, devices, runtime, once=True)
    weights = np.where(rows <= most, streamed, np.where(narrow, np.maximum(tiled, once), tiled))
    turns, tiles = rows / most * streamed, compute * _learnt_of_experts(ops, devices, runtime)
    sooner = narrow & (least + turns < tiles + weights)
    return np.where(sooner, least, compute), np.where(sooner, turns, weights)


def _in_turn(
    ops: OpTable, devices: Devices, times: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Seconds of arithmetic and of weights, (O, G, J) each, of few more rows than matrix-vector kernels take.

    Sixteen rows of a recurrent layer take no longer than eight twice. What is sooner must not hang on priors
    that a fit takes back: it learns that products are quicker, and their weights slower.
    """
    c, (compute, weights) = section("products"), times
    turns = ops.dims["m"] / c["vector_rows"]
    vectors, read = _streamed(ops, devices), weights * turns
    few = (
        (turns > 1.0) & (ops.weight_bytes > 0.0) & (ops.dims["m"] < np.minimum(ops.dims["n"], ops.dims["k"]))
    )
    sooner = few & (vectors + c["learnt_weights"] * read < compute + c["learnt_weights"] * weights)
    return np.where(sooner, vectors, compute), np.where(sooner, read, weights)


def _in_narrow_tiles(ops: OpTable, devices: Devices) -> NDArray[np.bool_]:
    """Whether a product of quantised weights has few more rows than matrix-vector kernels take, (O, G, J).

    Tiles of 8 to 128 rows carry them in llama.cpp, up to 64 of them without a copy in 16 bits on any GPU. As
    many matrix-vector products in turn, the last one in part, would do as well: they are taken for no slower.
    """
    # An expert has whole rows, of which there are so many in the mean.
    some = quantised_prompt(ops) & (np.rint(ops.dims["m"]) <= section("products")["narrow_rows"])
    return np.asarray(some & ~devices.processor)


def _learnt_of_experts(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.float64]:
    """How often over its prior a tile of experts takes, over what weights do, as fits know both, (O, G, J).

    What is chosen between kernels must not hang on priors that the fit takes back: on matrix units.
    """
    c = section("products")
    slower = np.where(in_integers(ops, devices, runtime), c["experts_slower_narrow"], c["experts_slower"])
    matrix = devices.peak("fp16") > CLEARLY * devices.vector
    return np.where(of_experts(ops) & matrix, slower, 1.0)


def _slivers(ops: OpTable, runtime: Runtime) -> NDArray[np.float64] | float:
    """How often over reading the weights of an expert takes, (O, 1, J): the narrower they are, the more."""
    least = runtime.read(lambda one: one.expert_side)
    if not np.any(least) or ops.kind != "gemm":
        return 1.0
    side = np.minimum(ops.dims["n"], ops.dims["k"])
    return np.where(of_experts(ops), 1.0 + least / np.maximum(side, 1.0), 1.0)


def _narrowed(ops: OpTable, runtime: Runtime) -> NDArray[np.float64] | float:
    """How often over its own width a weight moves that is narrowed for each product, (O, 1, J).

    It is read as wide as it lies, written as narrow as it multiplies, and read again.
    """
    stored = float(runtime.holds.get("stored_bytes", 0.0))
    if not stored or ops.kind != "gemm":
        return 1.0
    own = bytes_each(ops)
    return np.where((ops.weight_bytes > 0.0) & (own < stored), 2.0 + stored / own, 1.0)


def _conversions(ops: OpTable, runtime: Runtime, tensor: NDArray[np.bool_]) -> NDArray[np.float64] | float:
    """How often over a convolution's activations go through memory, (O, G, 1).

    Tensor cores take 16-bit maps with their channels last: cuDNN converts maps in another order before, and
    back behind it (NVIDIA, Convolutional Layers User's Guide, "Tensor layouts").
    """
    if ops.kind != "conv" or not runtime.transposes:
        return 1.0
    narrow = np.array([dtype in ("fp16", "bf16") for dtype in ops.dtypes])[:, None, None]
    return np.where(narrow & tensor & ~is_depthwise(ops), section("products")["converted"], 1.0)


def _off_chip(ops: OpTable, runtime: Runtime) -> NDArray[np.float64] | float:
    """Share of the maps that go through memory, (O, 1, 1): none inside of stages that one kernel computes.

    Its input and its result are those of the convolution that is the short cut.
    """
    if ops.kind != "conv" or not runtime.on_chip:
        return 1.0
    inside = [
        op.dtype == "int8" and op.layer.startswith(runtime.on_chip) and not op.layer.endswith(".shortcut")
        for op in ops.ops
    ]
    return 1.0 - np.array(inside, dtype=np.float64)[:, None, None]


def _in_registers(ops: OpTable, peaks: NDArray[np.float64], devices: Devices) -> NDArray[np.bool_]:
    """Whether weights are narrower than the 16-bit numbers that units of these peaks multiply, (O, G, J).

    A product of two activations, as that of a weight's gradient, has none.
    """
    narrow = quantised(ops)
    return np.asarray(narrow & (peaks <= np.fmax(devices.peak("fp16"), devices.peak("bf16"))))


def _rereads(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.float64] | float:
    """How often over a product's weights go through memory, (O, G, J).

    A prompt that is cut into micro-batches reads them for each; quantised ones that are widened to 16 bits
    before the product are written and read again as such.
    """
    if not runtime.micro_batch:
        return 1.0
    each = bytes_each(ops)
    copied = np.where(widened(ops, devices, runtime), (each + 4.0) / each, 1.0)
    through: NDArray[np.float64] = passes(ops, runtime) * copied
    return through


def _window(ops: OpTable) -> NDArray[np.float64] | float:
    if ops.kind != "conv":
        return 1.0
    c = section("products")
    plain = np.where(ops.dims["window"] <= 1.0, c["pointwise_window"], 1.0)
    return np.where(ops.dims["groups"] > 1.0, c["grouped"], plain)


def _maturity(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.float64]:
    """What software away from CUDA makes of plain units, (G, 1): matrix products of frameworks are tuned."""
    tuned = ops.kind == "gemm" and not runtime.domain
    return np.asarray(devices.plain_maturity if tuned else devices.maturity)


def _in_full(
    ops: OpTable, devices: Devices, runtime: Runtime, tensor: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Seconds of a convolution of FP32 maps on plain units, where it is in TF32 unasked, (O, G, J).

    Who times the algorithms of a convolution takes the fastest: Winograd's needs fewer products than TF32
    tensor cores that are hardly faster. Infinite for other ops.
    """
    unasked = tensor & np.array([dtype in ("fp32", "tf32") for dtype in ops.dtypes])[:, None, None]
    c, plain = section("products"), np.zeros_like(tensor)
    shape = filled(ops, devices, runtime, plain) * occupancy(ops, devices, runtime, plain)
    reached = np.minimum(c["plain"] * devices.maturity * shape, c["ceiling"])
    full = multiplied(ops, plain, c["winograd"]) / (devices.peak("fp32") * reached)
    return np.asarray(np.where(unasked & ~is_depthwise(ops), full, np.inf))


def _order(ops: OpTable, runtime: Runtime) -> NDArray[np.float64] | float:
    """Channels-last tensors do harm in narrow groups of other widths than 4, 8 and 16 channels.

    They do more to the gradients of groups, of whatever width.
    """
    if ops.kind != "conv" or "nhwc" not in runtime.marks:
        return 1.0
    c = section("products")
    wide, groups = ops.dims["n"], ops.dims["groups"]
    made_for = (groups <= 1.0) | np.isin(wide, (4.0, 8.0, 16.0)) | (wide >= c["wide_group"])
    forward = np.where(made_for, 1.0, c["channels_last_odd"])
    return np.asarray(np.where(lacking(ops, runtime), c["channels_last_backward"], forward))


def _streamed(ops: OpTable, devices: Devices) -> NDArray[np.float64]:
    """Seconds on plain units of what is no product in tiles, (O, G, J)."""
    seconds: NDArray[np.float64] = ops.flops / (devices.vector * section("products")["depthwise"])
    return seconds


def _depthwise(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.float64]:
    """Seconds of depthwise convolutions on plain units, (O, G, J).

    Of FP32 maps PyTorch runs them by a kernel of its own, a thread for each result, whose indices and bounds
    take many instructions for a multiply-add: what an SM issues limits it. cuDNN has those in 16 bits, and
    those of maps whose channels are last. Windows along one dimension (speech) it runs no faster: no result
    shares the rows of another's window there, so that each multiply-add loads what it multiplies.
    """
    c = section("products")
    dotted = np.array([c["dotted"] if dtype == "int8" else 1.0 for dtype in ops.dtypes])[:, None, None]
    streamed: NDArray[np.float64] = _streamed(ops, devices) / dotted
    if not runtime.indexes_depthwise or "nhwc" in runtime.marks:
        return streamed
    issued = ops.flops * c["depthwise_steps"] / devices.issued
    by_loops = [
        dtype in ("fp32", "tf32") or "line" in op.dims for dtype, op in zip(ops.dtypes, ops.ops, strict=True)
    ]
    return np.where(np.array(by_loops)[:, None, None], np.maximum(issued, streamed), streamed)


def _is_gate(ops: OpTable) -> NDArray[np.bool_]:
    """Whether a product makes a few numbers of each row, for which no library fills tiles (GEMV), (O, G, J).

    An expert that all tokens share is weighed by one (`shared_expert_gate` of Qwen's), Mixtral's router makes
    eight.
    """
    if ops.kind != "gemm":
        return np.zeros((1, 1, 1), bool)
    return np.asarray(ops.dims["n"] <= section("products")["vector_rows"])
