"""Memory of a job by part, in bytes on each GPU of a replica, and its three totals.

    inference: weights + KV cache + activations (+ widened weights) + context (+ engine, communication)
    training:  weights + gradients + optimizer states + activations (+ gathered layers ..) + context ..

The parts are what must be there, and add up to what a job needs (`training_memory.py` has those of
training). What is read off a run is more than that, and differs by how it was read:

    allocated   tensors: all parts but the driver's context and communication buffers
    reserved    allocated, and what the allocator holds beside it, up to what the card has
    device      reserved, context and communication: what the driver reports

An allocator gives its cache back before it fails, so that a run fits by its need alone. Activations of an
inference are the tensors alive at the widest op: `live` times its inputs and outputs.
"""

from __future__ import annotations

from functools import partial, reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.memory import reserving
from whichgpu.cost.memory.activations import windowed
from whichgpu.cost.memory.memory_law import coefficient
from whichgpu.units import GIB
from whichgpu.values import NamedTuple
from whichgpu.workloads.ops import changed, some, stored_weight_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.precision import Precision

    Array = NDArray[np.float64]

#: What seems to need so many times the memory of a card may run on it: predictions are no better than that.
UNSURE = 1.05
#: Parts that no framework's count of its tensors has.
OUTSIDE = ("context", "communication")
#: Parts that come and go, so that the allocator holds more than them; the last is what of them is not there.
PASSING = ("activations", "logits", "gathered_layers", "widened_layer", "not_at_loss")


#: Bytes a weight of what is widened for a product, and of FP32.
_WIDE, _FP32 = 2.0, 4.0


def needed(parts: Mapping[str, Any]) -> Any:
    """Bytes that must be there: all parts."""
    return sum((np.asarray(part) for part in parts.values()), start=np.zeros(1))


def fuller(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of the one that needs more of two: of two stages, or of two moments of a pass."""
    return chosen(needed(other) > needed(one), other, one)


def chosen(first: Any, one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of one where `first` holds, else those of the other."""
    names = dict.fromkeys((*other, *one))
    return {name: np.where(first, one.get(name, 0.0), other.get(name, 0.0)) for name in names}


class Totals(NamedTuple):
    """Three readings of a job's memory, B per GPU; `device` and `reserved` are at most what the card has."""

    allocated: Any
    reserved: Any
    device: Any


#: The part of a card up to which convolutions take what they can work in.
_SPARE = 0.98


def totals(
    parts: Mapping[str, Any], slack: float, available: Any, working: Any = 0.0, *, idle: Any = 0.0
) -> Totals:
    """The totals of parts on a card that has `available` bytes; `slack` is reserved over used activations.

    `working` are bytes of activations and workspaces together at the widest convolution (`workspace`).
    Bytes of another moment lie `idle` at the fullest, in blocks too small for what is there.
    """
    outside = sum((np.asarray(parts[name]) for name in OUTSIDE if name in parts), start=np.zeros(1))
    tensors, room = needed(parts) - outside, np.maximum(available - outside, 0.0)
    passing = sum((np.asarray(parts[name]) for name in PASSING if name in parts), start=np.zeros(1))
    alive = sum((np.asarray(parts.get(name, 0.0)) for name in ("activations", "scores")), start=np.zeros(1))
    beside = np.maximum(working - alive, 0.0)
    # Where memory is short convolutions work in less.
    allocated = np.maximum(tensors, np.minimum(tensors + beside, _SPARE * room))
    reserved = np.minimum(np.maximum(allocated, tensors + idle + (slack - 1.0) * passing), room)
    # What is needed and not there is still what a count of tensors would show.
    return Totals(allocated, reserved, np.minimum(reserved + outside, available))


def inference_parts(
    ops: Sequence[Op], kv_bytes: Any, *, engine: bool, stack: Runtime, spec: Precision, pp: Any = 1.0,
    beside: float = 0.0, share: Any = 1.0,
) -> dict[str, Any]:  # fmt: skip
    """Parts of an inference over (sharded) `ops` with `kv_bytes` of cache, on the fullest of `pp` stages.

    `beside` are weights that are loaded and not in the ops, a safety checker's; `share` is the part of a
    pass that runs at a time, where a prompt goes through in micro-batches.
    """
    c = section("capacity")
    # Numerical work has no weights: its own arrays are all there is.
    network = any(op.parameters for op in ops)
    weights, dealt = _dealt(_loaded(ops, stack), stack, np.asarray(pp, dtype=np.float64))
    parts = {
        "weights": weights * _kept_wider(stack, spec)
        + beside
        + cast_weights(ops, stack, spec)
        + quantised_head(ops, stack, spec)
        + (kept_wide(ops, stack, spec) + padding(ops, stack, spec)) / np.asarray(pp, dtype=np.float64),
        "activations": share * (alive(ops, stack, spec) if network else widest(ops)),
        "context": context(stack),
    }
    if np.any(np.asarray(kv_bytes) > 0):
        parts["kv_cache"] = kv_bytes * dealt
    widened = widened_layer(ops, stack, spec)
    if np.any(np.asarray(widened) > 0):
        parts["widened_layer"] = widened
    if engine or stack.holds.get("engine"):
        parts["engine"] = c["engine"] * GIB
    return _as_frames_come(parts, ops, stack, spec)


def _dealt(ops: Sequence[Op], stack: Runtime, pp: Array) -> tuple[Any, Any]:
    """Bytes of weights on the fullest of `pp` GPUs, and the share of the layers that one has."""
    if stack.holds.get("reserves_graph") and np.any(pp > 1) and any(op.starts for op in ops):
        return reserving.dealt(ops, pp)
    if stack.holds.get("splits_layers") and np.any(pp > 1) and any(op.starts for op in ops):
        return reserving.mapped(ops, pp), 1.0 / reserving.shares_cache(stack, pp)
    return stage_weight_bytes(ops, pp), 1.0 / pp


def _as_frames_come(
    parts: dict[str, Any], ops: Sequence[Op], stack: Runtime, spec: Precision
) -> dict[str, Any]:
    """The parts where frames that wait are there while others are decoded, and not as the latent is made."""
    held = frames_held(ops, stack)
    if not np.any(np.asarray(held) > 0):
        return parts
    pictures = [op for op in ops if op.module in PICTURES]
    decoded = {**parts, "activations": widest(pictures) * live(ops, stack, spec), "frames_held": held}
    return fuller(decoded, {**parts, "activations": denoising(ops, stack, spec)})


def _kept_wider(stack: Runtime, spec: Precision) -> float:
    """How many times a format's bytes a program's own modules keep of each weight."""
    return max(float(stack.holds.get("stored_bytes", 0.0)) / spec.weight, 1.0)


def loading(parts: Mapping[str, Any], stack: Runtime, made_anew: Any = 0.0) -> dict[str, Any]:
    """The parts while a program loads a model; {} where it holds nothing else of it on the GPU.

    Some hold the checkpoint beside the model, others weights that they have `made_anew`, B.
    """
    stored, read = stack.holds.get("stored_bytes"), made_anew
    if "checkpoint_bytes" in stack.holds and stored:
        read = read + np.asarray(parts["weights"]) * stack.holds["checkpoint_bytes"] / stored
    if not np.any(read):
        return {}
    return {"weights": parts["weights"], "checkpoint": read, "context": parts["context"]}


def context(stack: Runtime) -> Any:
    """Bytes that the driver's context, its libraries and their workspaces hold."""
    return stack.holds.get("context", coefficient("context", stack)) * GIB


def live(ops: Sequence[Op], stack: Runtime, spec: Precision) -> Any:
    """Tensors alive at the widest op, against its inputs and outputs."""
    own = coefficient("live", stack)
    if not windowed(ops):
        return own
    if not any(op.module in PICTURES for op in ops):
        return own * _of_networks(stack)
    return own * (_wide_share(ops) if spec.activation > _WIDE else 1.0)


def _wide_share(ops: Sequence[Op]) -> float:
    """Of `live`, what decoders in FP32 have.

    Convolutions of pictures in 16 bits work on copies in another layout; over volumes they work on padded
    copies in either format.
    """
    return 1.0 if _over_volumes(ops) else float(section("capacity")["live_wide"])


def alive(ops: Sequence[Op], stack: Runtime, spec: Precision) -> Any:
    """Bytes alive at the widest op of an inference; of a pipeline, at that of the network that has more."""
    pictures = [op for op in ops if op.module in PICTURES]
    if not windowed(pictures):
        # None are made: what speech is written by is a decoder as well.
        return widest(ops) * live(ops, stack, spec)
    return np.maximum(widest(pictures) * live(pictures, stack, spec), denoising(ops, stack, spec))


def denoising(ops: Sequence[Op], stack: Runtime, spec: Precision) -> Any:
    """Bytes that the widest network beside a decoder of pictures has alive; 0 where no pictures are made."""
    others = [op for op in ops if op.module not in PICTURES]
    return 0.0 if len(others) == len(ops) else of_pipeline(others, stack)


def of_pipeline(others: Sequence[Op], stack: Runtime) -> Any:
    """The same of networks of a pipeline that make no pictures.

    A transformer's blocks have beside what a function reads and makes the stream, its norm, what attention
    handed on, and what the first block read. As queries are rotated, or as attention and function lie side
    by side, more tensors of the stream's width are there than at any function. Of networks of convolutions
    it is a share of their widest op.
    """
    most = widest(others)
    convolves = any(op.kind == "conv" for op in others)
    width: Any = 0.0 if convolves else widest_made([op for op in others if op.kind == "attention"])
    if not np.any(np.asarray(width) > 0):
        return coefficient("live", stack) * _of_networks(stack) * most
    own = coefficient("live", stack) / section("memory_law")["live"][0]
    return own * _fused(stack) * np.maximum(most + _BESIDE * width, _turned(others, stack) * width)


def _turned(others: Sequence[Op], stack: Runtime) -> float:
    """Tensors of a stream's width alive as its queries are rotated in FP32, or complex; 0 where none are."""
    names = {op.layer.rpartition(".")[2] for op in others}
    if any(op.layer.endswith(_JOINED) for op in others):
        return _SIDE_BY_SIDE
    if "rope_paired" in names:
        return float(stack.holds.get("rotated_pairs", _PAIRED))
    return _ROTATED if "rope" in names else 0.0


#: Tensors of a stream's width, by torch's operators (fake tensors, diffusers 0.31 to 0.42): beside a function
#: 4 to 6; as queries are rotated 12 to 16, as complex numbers 11, and where single blocks of FLUX and
#: HunyuanVideo hold their function's four as well 16 to 18.
_BESIDE, _ROTATED, _PAIRED, _SIDE_BY_SIDE = 5.0, 13.0, 11.0, 17.5


def _of_networks(stack: Runtime) -> float:
    """Of `live`, what networks have that make no pictures themselves."""
    return float(section("capacity")["live_network"]) * _fused(stack)


def _fused(stack: Runtime) -> float:
    """Of what is alive at a function, what is where kernels of products have it in them."""
    return float(section("capacity")["live_fused"]) if stack.fuses else 1.0


#: Layers that join what attention and function made of one product.
_JOINED = ".single.concatenate"
#: Modules that make pictures of a latent.
PICTURES = ("vae", "decoder")


def decoding(ops: Sequence[Op], share: Any, *, products: bool = False) -> tuple[Op, ...]:
    """The ops, those that decode pictures with a `share` of their activations: of one picture, or in FP32.

    `products`: of these alone, the rest being in FP32 under autocast already.
    """
    return tuple(
        changed(op, read_bytes=op.read_bytes * share, write_bytes=op.write_bytes * share)
        if op.module in PICTURES and (op.kind in _PRODUCTS or not products) else op
        for op in ops
    )  # fmt: skip


#: Ops that autocast computes in 16 bits.
_PRODUCTS = ("conv", "gemm", "attention")


def frames_held(ops: Sequence[Op], stack: Runtime) -> Any:
    """Bytes of frames that convolutions over time keep for the chunk which comes next.

    CogVideoX's autoencoder, whose norms read the latent, may make them anew beside those of the chunk before.
    """
    latent = any(op.kind == "conv" and op.layer.endswith(_OF_LATENT) for op in ops)
    times = 2.0 if latent and stack.holds.get("caches_anew") else 1.0
    holding = [op for op in ops if op.kind == "conv" and "held" in op.dims and op.stage == "forward"]
    return times * sum((op.dims["held"] * op.read_bytes * op.copies for op in holding), start=0.0)


#: Convolutions that make of the latent what a norm is scaled by.
_OF_LATENT = ".scale"


def recast(ops: Sequence[Op], spec: Precision, size: float) -> tuple[Op, ...]:
    """The ops, those that decode pictures with values of `size` bytes each; frames that wait as well."""
    wide = _wide_share(ops)
    live, before = (wide if each > _WIDE else 1.0 for each in (size, spec.activation))
    share, alive = size / spec.activation, live / before
    return tuple(
        changed(op, dims={**op.dims, "held": op.dims["held"] / alive})
        if "held" in op.dims and op.module in PICTURES else op
        for op in decoding(ops, share * alive, products=spec.mixed)
    )  # fmt: skip


def computed_in(ops: tuple[Op, ...], spec: Precision, own: Precision) -> tuple[Op, ...]:
    """The ops, those that decode pictures in a format of their `own` beside that of all others, `spec`."""
    if own.activation == spec.activation:
        return ops
    share = own.activation / spec.activation
    return tuple(
        changed(
            op, dtype=own.math if op.dtype == spec.math else op.dtype, read_bytes=share * op.read_bytes,
            write_bytes=share * op.write_bytes, weight_bytes=share * op.weight_bytes,
        )
        if op.module in PICTURES else op
        for op in ops
    )  # fmt: skip


def of_another_size(ops: Sequence[Op], times: float) -> tuple[Op, ...]:
    """The ops, the weights of those that decode pictures so many times as large."""
    return tuple(
        changed(op, stored_bytes=times * op.stored_bytes) if op.module in PICTURES else op for op in ops
    )


def _loaded(ops: Sequence[Op], stack: Runtime) -> Sequence[Op]:
    """The ops without what stays in the host's memory: a table of tokens, unless the head shares it."""
    head = any(op.kind == "gemm" and op.shard == "vocab" and op.parameters for op in ops)
    if not (stack.holds.get("host_embedding") and head):
        return ops
    return [op for op in ops if op.kind != "embedding"]


def quantised_head(ops: Sequence[Op], stack: Runtime, spec: Precision) -> Any:
    """Bytes that the output head takes less where a runtime quantises it too (negative); 0 elsewhere."""
    if not (spec.quantised and stack.holds.get("quantised_head")):
        return 0.0
    heads = [op for op in ops if op.kind == "gemm" and op.shard == "vocab" and op.stage == "forward"]
    stored = sum((op.stored_bytes * op.copies for op in heads), start=0.0)
    return stored * (spec.weight / spec.head - 1.0)


def cast_weights(ops: Sequence[Op], stack: Runtime, spec: Precision) -> Any:
    """Bytes of the 16-bit copies of FP32 weights that PyTorch's autocast keeps while a pass runs.

    Compiled code has each while its product runs, and so has a program of weights without gradients: only
    what asks for one is kept (`cached_cast` of aten/src/ATen/autocast_mode.cpp).
    """
    if not spec.mixed or stack.software != "pytorch" or stack.fuses:
        return 0.0
    kept = stack.read(lambda one: not one.holds.get("casts_again"))
    if not np.any(kept):
        return 0.0
    products = [op for op in ops if op.kind in ("gemm", "conv") and op.stage == "forward"]
    return kept * sum((_WIDE * op.parameters * op.copies for op in products), start=0.0)


def kept_wide(ops: Sequence[Op], stack: Runtime, spec: Precision) -> Any:
    """Bytes that layers take more which a library keeps wider beside `spec`.

    Products of T5's last ones, `wo`, overflow in FP16, so that Transformers loads them in FP32 where a model
    is in FP16 or bitsandbytes quantises it (`_keep_in_fp32_modules`). Layerwise casting of diffusers leaves
    what is named a norm in 16 bits, and with it the products that modulate one.
    """
    more: Any = 0.0
    for held, layer, size in (("wide_t5", ".wo", _FP32), ("wide_norms", ".modulation", _WIDE)):
        formats = stack.holds.get(held, ())
        here = stack.read(partial(_is_in, formats, spec.id)) if formats else False
        if np.any(here):
            kept = [op for op in ops if op.stage == "forward" and op.parameters and op.layer.endswith(layer)]
            more = more + here * sum((size * op.parameters - op.stored_bytes) * op.copies for op in kept)
    return more


def _is_in(formats: Sequence[str], own: str, stack: Runtime) -> bool:
    """Whether jobs in a format, or in the one of a runtime for which it stands, are in one of these."""
    return (stack.half or own) in formats


def padding(ops: Sequence[Op], stack: Runtime, spec: Precision) -> Any:
    """Bytes that experts take more where kernels want their sizes in multiples of so many.

    vLLM's Marlin of MXFP4 rounds the model's width up to the first, the experts' own to the second
    (vllm/model_executor/layers/quantization/mxfp4.py).
    """
    multiples = stack.holds.get("pads", {}).get(spec.id)
    if not multiples:
        return 0.0
    width, inner = multiples
    more: Any = 0.0
    for op in ops:
        if op.kind == "gemm" and op.shard in _PADDED:
            # A gate and what it multiplies lie side by side.
            own = op.dims["n"] / 2.0 if op.shard == "expert" else op.dims["k"]
            wide = op.dims["k"] if op.shard == "expert" else op.dims["n"]
            times = np.ceil(wide / width) * width / wide * np.ceil(own / inner) * inner / own
            more = more + (times - 1.0) * op.stored_bytes * op.copies
    return more


#: Products of experts, into them and out of them.
_PADDED = ("expert", "expert_row")


def workspace(ops: Sequence[Op], stack: Runtime, spec: Precision) -> Any:
    """Bytes at the widest convolution of pictures in BF16, workspace and all, while there is room.

    cuDNN's workspaces come from the allocator that counts tensors, and where memory is short another
    algorithm takes less: they are read off a run, and not needed. Published peaks in FP16 and FP32 show none.
    """
    if not stack.holds.get("workspaces") or spec.activation != _WIDE or spec.id == "fp16":
        return 0.0
    wide = widest([op for op in ops if op.kind == "conv" and op.module in PICTURES])
    return section("capacity")["slack_convolution"] * coefficient("live", stack) * wide


def transformed(ops: Sequence[Op], stack: Runtime, spec: Precision) -> tuple[Op, ...]:
    """The ops, 3 x 3 convolutions with what their backward pass works in beside them; () where none has any.

    In FP32 proper cuDNN transforms tiles of 4 x 4 results apart from the product (Winograd's F(4, 3): Lavin
    and Gray, "Fast Algorithms for Convolutional Neural Networks"). That takes 36 values for 16 of either
    map and 36 for 9 weights, from the allocator that counts tensors.
    """
    if stack.software != "pytorch" or spec.activation < _FP32 or spec.mixed:
        return ()
    found = tuple(_with_tiles(op, spec.activation) for op in ops)
    return found if any(one is not op for one, op in zip(found, ops, strict=True)) else ()


def _with_tiles(op: Op, size: float) -> Op:
    """A convolution of neighbouring points, one result for each position, with the tiles of its maps."""
    d = op.dims
    if op.kind != "conv" or op.backward != "full" or "dilated" in d or not some(d["window"] == _NINE):
        return op
    inside = op.read_bytes / np.maximum(size * d["k"] / _NINE, size)
    alike = (d["window"] == _NINE) & (d["groups"] == 1) & (abs(inside - d["m"]) < _NEAR * d["m"])
    maps = op.read_bytes + op.write_bytes
    tiles = _TILE / 16.0 * maps + _TILE / _NINE * size * d["k"] * d["n"]
    return changed(op, dims={**d, "beside": maps + alike * tiles}) if some(alike) else op


#: Points of a 3 x 3 window, and values of a tile of 4 x 4 results.
_NINE, _TILE = 9.0, 36.0
#: How far positions in and out of a convolution of stride 1 may differ.
_NEAR = 0.1


def takes_workspaces(ops: Sequence[Op], capability: Array) -> Any:
    """Whether decoding takes workspaces on GPUs of a compute `capability`: over volumes, or since GA10x.

    So have published peaks it: of videos on an A100, of pictures on an H100; none of pictures on an A100.
    """
    return _over_volumes(ops) | (capability > _GA100)


def _over_volumes(ops: Sequence[Op]) -> bool:
    """Whether convolutions go over frames as well."""
    return any(op.kind == "conv" and some(op.dims["window"] > _SQUARE) for op in ops)


#: Points of the largest convolution over an area: 5 x 5.
_SQUARE = 25.0
#: Compute capability of the A100.
_GA100 = 8.0


def widened_layer(ops: Sequence[Op], stack: Runtime, spec: Precision) -> Any:
    """Two 16-bit copies of the largest quantised matrix, where a framework quantises what it loads.

    bitsandbytes makes the narrow matrix beside the wide one, and widens it for a product.
    """
    if not spec.quantised or "counter" in stack.holds or stack.specialised:
        return 0.0
    head = bool(stack.holds.get("quantised_head"))
    return 2.0 * largest_layer(ops, head=head, apart=True) * _WIDE


def largest_layer(forward: Sequence[Op], *, head: bool = False, apart: bool = False) -> Any:
    """Weights of the largest matrix product of the layers, with `head` of the output head too.

    `apart` leaves out what joins several matrices that are stored apart. What is loaded and never run (a
    vision tower behind a text encoder) is many matrices under one name, none of which is widened.
    """
    products = [op for op in forward if op.kind == "gemm" and op.parameters and some(op.count)]
    own = [op for op in products if head or op.shard != "vocab"]
    single = [op for op in own if op.layer.rpartition(".")[2] not in ("qkv", "up")] if apart else []
    largest: Any = 0.0
    for op in single or own:
        largest = np.maximum(largest, op.dims["n"] * op.dims["k"])
    return largest


def stage_weight_bytes(ops: Sequence[Op], pp: Any, stage: Any = None) -> Any:
    """Bytes of weights on one of `pp` stages, or on the fullest: its share of the layers, and an end.

    Repeated layers are dealt out evenly; embedding and head lie on the first and the last stage. A model
    without repeated layers is dealt out evenly as it is.
    """
    if np.all(np.asarray(pp) == 1):
        return stored_weight_bytes(ops)
    stages = np.asarray(pp, dtype=np.float64)
    inside = {op.module for op in ops if op.starts} or {op.module for op in ops}
    layers = stored_weight_bytes([op for op in ops if op.module in inside])
    ends: dict[str, Any] = {}
    for op in ops:
        if op.module not in inside and op.stage == "forward":
            ends[op.module] = ends.get(op.module, 0.0) + op.stored_bytes * op.copies
    whole = sum(ends.values(), start=0.0)
    if stage is not None:
        # The end that comes before the layers, and what comes after them.
        first = next(iter(ends.values()), 0.0) if ends else 0.0
        own = np.where(stage == 0, first, np.where(stage == stages - 1.0, whole - first, 0.0))
        return layers / stages + np.where(stages == 1.0, whole, own)
    larger: Any = 0.0
    for end in ends.values():
        larger = np.maximum(larger, end)
    # One stage is the whole model; with more of them the fullest has the larger end.
    return layers / stages + np.where(stages == 1.0, whole, larger)


def widest(ops: Sequence[Op]) -> Any:
    """Bytes in and out of the widest op; what works in place has no second tensor."""
    width: Any = 0.0
    for op in ops:
        if op.stage == "forward" and "in_place" not in op.dims:
            width = np.maximum(width, op.read_bytes + op.write_bytes)
    return width


def widest_made(ops: Sequence[Op]) -> Any:
    """Bytes out of the op that makes the most in a forward pass."""
    made = [op.write_bytes for op in ops if op.stage == "forward"]
    return reduce(np.maximum, made, np.zeros(()))


def sequences(room: Array, kv_per_sequence: Any, ceiling: Any) -> Array:
    """Sequences that a serving replica has room for: that for its cache, over one's KV cache.

    Its schedulers take no more than the `ceiling`.
    """
    return np.asarray(np.minimum(room / np.maximum(kv_per_sequence, 1.0), ceiling))


def cache_room(
    memory: Array, parts: Mapping[str, Any], stack: Runtime, least: Any, *, kept: Any = None
) -> Array:
    """Bytes of each card for the KV cache of a server that holds `parts`, B, beside it.

    It is a share of what is left. A server whose share (`takes`) is of the card has no more than that less
    what its share is `of`: all that it holds, or the weights alone; one that keeps so many bytes free
    (`kept`) has the rest of what its driver leaves for its share. Where no sequence, of `least` bytes, has
    room in it, the server is started with the most that it can be given.
    """
    room = np.asarray(_usable(stack) * (memory - needed(parts)))
    inside = {"card": needed(parts), "static": np.asarray(parts["weights"])}.get(stack.holds.get("of", ""))
    if inside is None:
        return room
    for name in ("most", "takes"):
        whole = stack.holds.get(name, np.inf) * memory
        if name == "takes" and kept is not None:
            # A share of what is free when the server starts.
            whole = (memory - parts.get("context", 0.0)) * (1.0 - kept / memory)
        share = np.minimum(room, whole - inside)
        room = np.where(share >= least, share, room)
    return room


def reserve(kv: Any, stack: Runtime) -> Any:
    """Bytes that a serving engine leaves empty beside a KV cache of `kv` bytes, as `sequences` counts."""
    return np.asarray(kv, dtype=np.float64) * (1.0 / _usable(stack) - 1.0)


def _usable(stack: Runtime) -> Any:
    """The share of what is left that an engine's cache takes; all where a cache is made for its context."""
    share = float(section("capacity")["usable"])
    return stack.read(lambda one: 1.0 if one.holds.get("reserves_graph") else share)
