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
    apart_backwards,
    by_winograd,
    is_depthwise,
    multiplied,
    share_apart,
)
from whichgpu.cost.kernels._emulation import bytes_each, emulating, quantised
from whichgpu.cost.kernels._quantised import (
    among,
    cast_bytes,
    dealt,
    in_integers,
    integer_rate,
    of_experts,
    passes,
    quantised_prompt,
    unpacked,
    widened,
)
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
        c["plain"] * devices.maturity,
    )
    if ops.kind == "gemm":
        reached = reached * _paired(ops, devices, runtime)
    shape = _sizes(ops, devices, runtime, tensor) * occupied(ops, devices, runtime)
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
    narrow = _is_narrow(ops) if not runtime.domain else _is_gate(ops)
    compute = np.where(narrow, np.minimum(compute, _streamed(ops, devices)), compute)
    share = runtime.memory[ops.kind]
    weights = ops.weight_bytes / (share * devices.reading)
    weights = weights * _slivers(ops, runtime) * _narrowed(ops, runtime)
    if runtime.integer and ops.kind == "gemm":
        compute = compute + _scaling(ops, devices, runtime) + dealt(ops, devices, runtime, weights)
    if runtime.unpacks and ops.kind == "gemm":
        compute = compute / np.where(unpacked(ops, devices, runtime), c["unpacked"], 1.0)
    if ops.kind == "gemm":
        compute = compute * _expert_tiles(ops, devices, runtime)
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
    return in_kernels(ops, devices, runtime, times, narrow) if narrow.any() else times


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
    if unasked is not True and "fp32" in ops.dtypes:
        plain = np.array([dtype == "fp32" for dtype in ops.dtypes])[:, None, None]
        if unasked is not False:
            plain = plain & ~runtime.read(lambda one: ops.kind in one.tf32)
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
    return np.asarray(here & _sides(ops, 8.0))


def _sides(ops: OpTable, values: float) -> NDArray[np.bool_]:
    """Whether a 16-bit product has weights with a side that is no multiple of so many values, (O, 1, J)."""
    narrow = np.array([dtype in ("fp16", "bf16") for dtype in ops.dtypes])[:, None, None]
    gradient = np.array([op.layer.endswith(".wgrad") for op in ops.ops])[:, None, None]
    deep = np.where(gradient, ops.dims["m"], ops.dims["k"])
    apart = (ops.dims["batch"] <= 1.0) & ((ops.dims["n"] % values != 0.0) | (deep % values != 0.0))
    return np.asarray(narrow & apart)


def _paired(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.float64] | float:
    """Share of the rate of tensor cores that an odd side leaves, (O, G, J): rows begin at any 2 bytes.

    cuBLAS since 11.0 keeps such products on them, but the copies past registers that feed them move 4 bytes
    at the least (cp.async of the PTX ISA). `torch.compile` pads them (torch/_inductor/fx_passes/pad_mm.py);
    engines and trainers of language models and NVIDIA's examples have even vocabularies.
    """
    if runtime.fuses or runtime.specialised or runtime.holds.get("fused_norm"):
        return 1.0
    odd = _sides(ops, 2.0) & ~_is_narrow(ops)
    if not odd.any():
        return 1.0
    here = devices.each(lambda gpu: gpu.vendor == "NVIDIA" and gpu.family not in runtime.aligned)
    tensor = here & (devices.peak("fp16") > CLEARLY * devices.vector)
    return np.where(odd & tensor, section("products")["odd"], 1.0)


def _scaling(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.float64]:
    """Seconds in which sums of INT8 products become FP32 ones, block by block, (O, G, J): on plain units."""
    scaled = ops.flops * section("products")["scaled"] / devices.vector
    return np.where(in_integers(ops, devices, runtime), scaled, 0.0)


def _expert_tiles(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.float64] | float:
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


def _sizes(
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
        # of a narrow group to the width of a matrix instruction. Wide ones fill tiles of their own.
        half = np.where(tensor, c["group_half"] * _bytes_over(ops), c["group_half_plain"])
        apart = tensor & (n >= c["wide_group"]) & ~_lacking(ops, runtime)
        apart = np.where(apart, deep * c["wide_grouped"] / c["grouped"], 0.0)
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


def _window(ops: OpTable) -> NDArray[np.float64] | float:
    if ops.kind != "conv":
        return 1.0
    c = section("products")
    plain = np.where(ops.dims["window"] <= 1.0, c["pointwise_window"], 1.0)
    return np.where(ops.dims["groups"] > 1.0, c["grouped"], plain)


def _in_full(
    ops: OpTable, devices: Devices, runtime: Runtime, tensor: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Seconds of a convolution of FP32 maps on plain units, where it is in TF32 unasked, (O, G, J).

    Who times the algorithms of a convolution takes the fastest: Winograd's needs fewer products than TF32
    tensor cores that are hardly faster. Infinite for other ops.
    """
    unasked = tensor & np.array([dtype in ("fp32", "tf32") for dtype in ops.dtypes])[:, None, None]
    c, plain = section("products"), np.zeros_like(tensor)
    shape = _sizes(ops, devices, runtime, plain) * occupancy(ops, devices, runtime, plain)
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
    return np.asarray(np.where(_lacking(ops, runtime), c["channels_last_backward"], forward))


def _lacking(ops: OpTable, runtime: Runtime) -> NDArray[np.bool_]:
    """Which are channels-last gradients of groups that have no kernels of that order, (O, 1, J).

    Those of 32 and 64 groups have, as ResNeXts are made of.
    """
    groups = ops.dims["groups"]
    backward = np.array([op.stage == "backward" for op in ops.ops])[:, None, None]
    return np.asarray(backward & (groups > 1.0) & (groups % 32.0 != 0.0) & ("nhwc" in runtime.marks))


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


def _is_narrow(ops: OpTable) -> NDArray[np.bool_]:
    """Whether one side of a product is that of a few vectors, for which libraries have other kernels."""
    d = ops.dims
    least: NDArray[np.float64] = np.minimum(np.minimum(d["m"], d["n"]), d["k"])
    alone: NDArray[np.bool_] = (least <= section("products")["vector_rows"]) & (d.get("groups", 1.0) <= 1.0)
    return alone


def _is_gate(ops: OpTable) -> NDArray[np.bool_]:
    """Whether a product makes a few numbers of each row, for which no library fills tiles (GEMV), (O, G, J).

    An expert that all tokens share is weighed by one (`shared_expert_gate` of Qwen's), Mixtral's router makes
    eight.
    """
    if ops.kind != "gemm":
        return np.zeros((1, 1, 1), bool)
    return np.asarray(ops.dims["n"] <= section("products")["vector_rows"])
