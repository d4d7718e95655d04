"""What a training step keeps for its backward pass, by the software that runs it.

A trace says what each op keeps when every op is a kernel of its own (`Op.saved_bytes`). Here is what
differs from that:

    fused       a chain of elementwise ops keeps what it reads from outside, a norm its input
    not flash   attention keeps the softmax of its scores, the mask of its dropout and what that leaves: 5
                bytes a score in 16 bits (Korthikanti et al., "Reducing Activation Recomputation in Large
                Transformer Models", eq. 1), 9 in FP32, 7 under autocast, whose softmax is in FP32; where
                something is added to each score (Swin) it keeps the softmax in any release
    adapters    the input of an adapter, as wide as the runtime casts it
    wide ends   with embedding, norms and head in FP32 (PEFT's preparation for training) so are the values in
                and between the layers, whose quantised products widen what they return, and the logits
    frozen      quantised products of bitsandbytes keep what they read, which no gradient needs
    8 bits      a product keeps its input as narrow as it reads it
    autocast    norms hand on FP32, which each layer of the library casts to 16 bits for itself, and keeps:
                queries, keys and values three times, gate and up twice
    written out a function of several ops keeps what each of them needs

and checkpointing (`workloads/checkpointing.py`). At the loss every logit takes `logit_bytes`: 16-bit
logits, their FP32 copy, its softmax and both gradients. The loss and a layer that runs again are not
alive together.
"""

from __future__ import annotations

from dataclasses import field
from itertools import dropwhile, groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.values import NamedTuple, immutable
from whichgpu.workloads.adapters import layers_of
from whichgpu.workloads.checkpointing import repeated, saved_bytes
from whichgpu.workloads.ops import changed, some

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from whichgpu.workloads.ops import Op

#: Formats whose products keep their inputs as narrow as they read them.
_NARROW = ("fp8", "int8", "fp4")
#: Bytes of a value in 16 bits.
_NARROW_INPUT = 2.0
#: Bytes of PyTorch's index of a window's largest value.
_INDEX = 8.0
#: Bytes of a logit that is made in FP32: itself, its softmax, both gradients.
_WIDE_LOGIT = 16.0
#: Pieces in which a loss fused with the head makes its logits where the runtime does not say (`_pieces`).
_FUSED_PIECES = 32.0
#: Tensors that Transformers' gelu_new keeps, 0.5 x (1 + tanh(c (x + d x^3))): x, its half, tanh, and that
#: and 1; autocast's power widens x, so that all but the half are in FP32.
_WRITTEN_OUT, _WRITTEN_OUT_WIDE = 4.0, 7.0
#: Tensors that ESM's own gelu keeps, x / 2 (1 + erf(x / sqrt 2)): its half, what erf reads, and that and 1.
_OWN_GELU = 3.0
#: Tensors that functions of TensorFlow 1 keep: what is scaled and a mask as wide; x, its share of a
#: deviation, and the normal distribution's.
_GRAPHS = {"dropout": 2.0, "gelu": 3.0}
#: The op in which the logits become a loss.
_LOSS = ".cross_entropy"


@immutable
class Kept:
    """How a runtime keeps: without `flash` attention keeps its scores, `fused` kernels keep less.

    `checkpointing` is a kind of it; `holds` is the runtime's (`data/runtimes`); `quantised` says that
    frozen weights are; the loss is computed in `chunks`, or with `fused_loss` by a kernel that has the head
    in it, so that no more than a few rows' logits exist at once; with `offloaded` what the layers keep waits
    on the host; the vocabulary is `cut` over so many GPUs; a score that lies in memory takes `score_bytes`,
    `score_size` of them in its softmax, and `score_passing` beside them as one layer runs backward; a frozen
    product keeps `input_bytes` of each value that it reads, and `copied_bytes` of each weight: what autocast
    made of it, which its input's gradient needs. `casts`: autocast's products cast what norms hand on, each
    for itself; `joined` ones are one layer in the library. A capped logit keeps `cap_bytes` of its tanh.
    `drops_adapters`: each adapter drops a part of what it reads.
    """

    flash: bool = True
    fused: bool = False
    checkpointing: str = "none"
    holds: Mapping[str, Any] = field(default_factory=dict)
    quantised: bool = False
    chunks: float = 1.0
    fused_loss: bool = False
    offloaded: bool = False
    cut: Any = 1.0
    score_bytes: Any = 5.0
    score_size: float = 2.0
    score_passing: Any = 2.0
    input_bytes: float = 0.0
    copied_bytes: float = 0.0
    casts: bool = False
    joined: str = ""
    cap_bytes: float = 0.0
    drops_adapters: bool = False

    @property
    def again(self) -> bool:
        """Whether layers run again in the backward pass."""
        return self.checkpointing not in ("none", "attention")

    @property
    def wide_ends(self) -> bool:
        """Whether embedding and head are in FP32 around quantised layers."""
        return self.quantised and bool(self.holds.get("widens_ends"))


class Activations(NamedTuple):
    """Bytes of one micro-batch: what `layers` keep, and what is kept outside of them, at the `ends`.

    `loss` is alive at the loss, `layer` beside what is kept while one of the layers runs backward, `last` in
    all while the last of them does; where maps shrink it is the most beside all gradients, less those that
    are not there yet.
    """

    layers: Any
    ends: Any
    loss: Any
    layer: Any
    last: Any


def activations(forward: Sequence[Op], kept: Kept, gradient: float = 0.0) -> Activations:
    """What the `forward` ops of one micro-batch keep, unsharded; `gradient` bytes come of each weight."""
    loss = [op for op in forward if op.layer.endswith(_LOSS)]
    rest = [op for op in forward if not op.layer.endswith(_LOSS)]
    inside = repeated(rest)
    if kept.wide_ends:
        rest = [_widened(op) if op.module in inside else op for op in rest]
    rest = [_kept(op, kept) for op in (_cast(rest, kept.joined) if kept.casts else rest)]
    if kept.fused:
        rest = list(_fused(rest))
    layers, ends = ([op for op in rest if (op.module in inside) == within] for within in (True, False))
    count = np.maximum(sum((op.starts for op in layers), start=0.0), 1.0)
    all_layers = saved_bytes(layers, "none")
    again = kept.again
    held = np.minimum(saved_bytes(layers, kept.checkpointing), all_layers)
    # `saved_bytes` counts one layer that runs again; it is apart here, since the loss is gone by then.
    whole = _fullest_layer(layers, all_layers / count)
    held = held - all_layers / count if inside and again else held
    if kept.offloaded:
        # Two layers' worth are on the device: one on its way, one in use.
        held = held * np.minimum(2.0 / count, 1.0)
    # The output of the head is counted with the loss, where there is one.
    beside = [op for op in rest if not (loss and op.kind == "gemm" and op.shard == "vocab")]
    if kept.fused:
        # A sum goes into the place of what it adds to.
        beside = [op for op in beside if op.backward != "linear"]
    through = passing(beside, kept)
    layer, last = through + (whole if again else 0.0), whole + through
    outside = saved_bytes(ends, "none")
    if _shrinks(rest):
        # Maps shrink on their way: as the widest runs backward, what later ones kept is gone.
        most, fullest = _fullest(beside, kept, gradient)
        most, fullest = most - saved_bytes(beside, "none") + all_layers - held, fullest - outside
        # Layers that run again keep no more at any moment than if they did not.
        layer, last = (np.minimum(layer, most), np.minimum(last, fullest)) if again else (most, fullest)
    logits = _logits(loss, kept, _pieces(forward, kept))
    return Activations(held, outside, logits, layer, last)


def _pieces(forward: Iterable[Op], kept: Kept) -> Any:
    """Pieces in which a loss that has the head in it makes its logits.

    Liger Kernel makes as many of them at a time as there are values between layers: the vocabulary over the
    width (`fused_linear_cross_entropy_forward`).
    """
    heads = [
        op for op in forward if op.kind == "gemm" and op.shard == "vocab" and "fused_bytes" in kept.holds
    ]
    return np.maximum(heads[0].dims["n"] / heads[0].dims["k"], 1.0) if heads else _FUSED_PIECES


def _shrinks(forward: Sequence[Op]) -> bool:
    """Whether no two parts of a network are alike: one of convolutions, or of attentions of unlike sizes.

    So is one whose convolutions make more than its attentions: of sound, whose layers see few of its samples.
    """
    attending = [op for op in forward if op.kind == "attention"]
    scores = [_scores(op) for op in attending]
    if not scores or any(some(one != scores[0]) for one in scores[1:]):
        return True
    made = max((np.max(op.write_bytes) for op in attending), default=0.0)
    return any(some(op.write_bytes > made) for op in forward if _windows(op))


def _fullest(forward: Iterable[Op], kept: Kept, gradient: float) -> tuple[Any, Any]:
    """Bytes at the fullest moment of a backward pass: what is kept up to an op, and its two gradients.

    Of layers that are copies of each other, and of steps of one layer, the last one runs backward first, and
    the others are there. Of the second `gradient` bytes of each weight up to an op are taken off, for it has
    none yet.
    """
    most: Any = 0.0
    least: Any = -np.inf if gradient else 0.0
    so_far: Any = 0.0
    unmade: Any = 0.0
    for _, members in groupby(forward, lambda op: op.module):
        layers = list(members)
        so_far = so_far + sum([op.saved_bytes * (op.count - 1.0) for op in layers])
        unmade = unmade + gradient * sum([op.parameters * (op.copies - 1.0) for op in layers])
        for op in layers:
            so_far, unmade = so_far + op.saved_bytes, unmade + gradient * op.parameters
            moment = so_far + _handed(op, kept)
            most, least = np.maximum(most, moment), np.maximum(least, moment - unmade)
    return most, least


#: The op that takes samples of a map for each region, whose gradients are added to that of the map.
_SAMPLES = ".align"


def _handed(op: Op, kept: Kept) -> Any:
    """Bytes of the gradients that an op's backward pass reads and makes, or of an attention's scores."""
    handed = op.write_bytes
    if op.backward not in ("linear", "none") and not op.layer.endswith(_SAMPLES):
        handed = handed + op.read_bytes
    if "beside" in op.dims:
        handed = np.maximum(handed, op.dims["beside"])
    return np.maximum(handed, _of_scores(op, kept)) if op.kind == "attention" else handed


def _cast(forward: Sequence[Op], joined: str) -> Iterable[Op]:
    """The ops with a copy of their input for each layer of the library that trains, where these share one."""
    for op, parts in layers_of(forward, joined):
        own = op.kind == "gemm" and op.backward == "full" and op.parameters and op.shard not in _LATE
        shares = sum(part.share for part in parts)
        # What keeps nothing reads what another one kept.
        if own and (shares > 1.0 or not some(op.saved_bytes)):
            yield changed(op, saved_bytes=_NARROW_INPUT * shares * _inputs(op))
        else:
            yield op


#: Products of what is cut: attention's outputs, a function's, and logits. None of them reads a norm.
_LATE = ("row", "vocab", "expert", "expert_row")


def _fullest_layer(layers: Sequence[Op], mean: Any) -> Any:
    """Bytes that the fullest of unlike layers keeps: of each stage's own, and what its widest op does."""
    most = mean
    for name in dict.fromkeys(op.module for op in layers):
        own = [op for op in layers if op.module == name]
        count = sum((op.starts for op in own), start=0.0)
        most = np.maximum(most, saved_bytes(own, "none") / np.maximum(count, 1.0))
    for op in layers:
        most = np.maximum(most, op.saved_bytes)
    return most


def passing(forward: Iterable[Op], kept: Kept) -> Any:
    """Bytes of the widest op that are alive beside what is kept for the backward pass.

    Experts that Python calls go through one by one. What works in place has no second tensor.
    """
    width: Any = 0.0
    ops = [op for op in forward if "in_place" not in op.dims]
    counted = bool(kept.holds.get("counted"))
    for op, after in zip(ops, [*ops[1:], None], strict=True):
        alive = op.read_bytes + op.write_bytes - op.saved_bytes
        if counted and "groups" in op.dims:
            alive = alive / op.dims["groups"]
        width = np.maximum(width, alive)
        if op.kind == "attention":
            width = np.maximum(width, _of_scores(op, kept))
        if counted and not kept.fused and after is not None and _feeds(op, after):
            # What a product keeps is gone by then, and stands for one of these gradients.
            handed = op.read_bytes + op.write_bytes - after.saved_bytes
            width = np.maximum(width, handed / after.dims.get("groups", 1.0))
    return width


def _feeds(op: Op, after: Op) -> bool:
    """Whether an op is the function between a layer's products, of which the second lies frozen."""
    frozen = after.kind == "gemm" and after.backward == "input"
    return frozen and op.kind == "pointwise" and op.backward == "full"


def _of_scores(op: Op, kept: Kept) -> Any:
    """Bytes of the gradients of an attention's scores, where these lie in memory."""
    if op.kind != "attention" or (kept.flash and "biased" not in op.dims):
        return 0.0
    return (2.0 * kept.score_size if kept.flash else kept.score_passing) * _scores(op)


def most_scores(ops: Iterable[Op], *, heads: bool = True) -> Any:
    """The most scores that one attention has, of a forward pass; or without its `heads`, those of one."""
    most: Any = 0.0
    for op in ops:
        if op.kind == "attention" and op.stage == "forward":
            most = np.maximum(most, _scores(op) / (1.0 if heads else op.dims["heads"]))
    return most


def _scores(op: Op) -> Any:
    """Scores of an attention that is written out: a window masks those outside of it, which are there too."""
    d = op.dims
    return d["batch"] * d["heads"] * d["q"] * np.maximum(d["kv"], d["q"] * d["causal"])


def _logits(loss: Sequence[Op], kept: Kept, fused: Any) -> Any:
    """Bytes alive at the loss; in chunks only the 16-bit logits are whole, `fused` with the head no more."""
    whole: Any = 0.0
    for op in loss:
        # Kept and passing through: 14 bytes where logits have 16 bits.
        own = op.saved_bytes / op.dims["elements"] + 2.0
        if kept.holds.get("softmax_input"):
            # A log-softmax keeps what it reads too; of the head that runs backward it is counted.
            own = own + op.dims.get("beside", 0.0) / op.dims["elements"]
        each = _WIDE_LOGIT if kept.wide_ends else kept.holds.get("logit_bytes", own)
        each = np.where(kept.cut > 1, kept.holds.get("cut_logit_bytes", each), each) + kept.cap_bytes
        piece = kept.holds.get("piece_bytes", each)
        left = _NARROW_INPUT / (kept.chunks if kept.holds.get("head_in_pieces") else 1.0)
        pieces = left + np.where(kept.chunks > 1, piece - 2.0, each - 2.0) / kept.chunks
        taken = kept.holds.get("fused_bytes", each) / fused if kept.fused_loss else pieces
        whole = whole + taken * op.dims["elements"]
    return whole


def _kept(op: Op, kept: Kept) -> Op:
    """An op with what the runtime keeps of it."""
    saved = _HOW.get(op.kind, _of_product)(op, kept)
    if kept.copied_bytes and op.kind == "gemm" and op.backward == "input":
        saved = saved + kept.copied_bytes * op.parameters
    return op if saved is op.saved_bytes else changed(op, saved_bytes=saved)


def _of_attention(op: Op, kept: Kept) -> Any:
    """Bytes that an attention keeps, with its scores where these lie in memory."""
    # Of windows queries lie there once more: what the scale makes of them, beside one tensor of all three.
    saved = op.saved_bytes + op.write_bytes if "biased" in op.dims else op.saved_bytes
    if not kept.flash and kept.checkpointing != "attention":
        return saved + kept.score_bytes * _scores(op)
    if "biased" in op.dims:
        # They have no dropout: their softmax, and in autocast the same in 16 bits.
        return saved + (kept.score_size + _NARROW_INPUT * kept.casts) * _scores(op)
    return saved


def _of_norm(op: Op, kept: Kept) -> Any:
    """Bytes that a normalisation keeps; TensorFlow 1's what it multiplies each value by as well."""
    if kept.holds.get("written_graph") and "wide" in op.dims:
        return op.saved_bytes + op.write_bytes
    if kept.holds.get("group_norm_twice") and op.layer.endswith("group_norm") and op.backward == "full":
        return op.saved_bytes + op.write_bytes
    if kept.holds.get("fused_norm"):
        return np.minimum(op.saved_bytes, 2.0 * op.dims["elements"])
    if kept.holds.get("counted") and _is_wide_norm(op):
        # The gradient of its weight needs what the weight multiplies, in FP32 under autocast.
        return op.saved_bytes + op.write_bytes * (2.0 if kept.casts else 1.0)
    return op.saved_bytes


def _of_product(op: Op, kept: Kept) -> Any:
    """Bytes that a product or an elementwise op keeps."""
    saved, name = op.saved_bytes, op.layer.rpartition(".")[2]
    if name in _GRAPHS and kept.holds.get("written_graph"):
        return _GRAPHS[name] * op.read_bytes
    if op.kind == "gemm" and op.dtype in _NARROW:
        return saved / 2.0
    if name == "lora_a":
        joins = kept.holds.get("adapter_narrow") and not kept.quantised
        each = (kept.holds.get("adapter_each") and not joins) or kept.drops_adapters
        saved = (op.read_bytes if each else saved) * _adapter_share(op, kept)
        # A mask of what is dropped, of a byte each, beside what is left.
        saved = saved + _inputs(op) * float(kept.drops_adapters)
        return 0.0 * saved if kept.holds.get("regates") and op.layer.endswith("down.lora_a") else saved
    if name == "rope" and kept.holds.get("rotary_input"):
        return saved + op.write_bytes
    if kept.input_bytes and _frozen_product(op, kept):
        return saved + kept.input_bytes * _inputs(op)
    return saved


def _of_pool(op: Op, kept: Kept) -> Any:
    """Bytes that a pooling window keeps: cuDNN finds its largest again from what went in and came out."""
    if not kept.holds.get("plain_pools"):
        return op.saved_bytes
    return np.maximum(op.saved_bytes - _INDEX * op.write_bytes * op.dims["elements"] / op.read_bytes, 0.0)


def _of_pointwise(op: Op, kept: Kept) -> Any:
    """Bytes that an elementwise op keeps: a ReLU what it read as well where it does not write over that.

    PyTorch's ReLU6, a clamp, keeps a copy of what it writes over.
    """
    if op.layer.endswith("combine") and kept.holds.get("weighs_inside"):
        return 0.0 * op.saved_bytes
    if op.layer.endswith(".gelu_new") and kept.holds.get("counted"):
        return op.saved_bytes * (_WRITTEN_OUT_WIDE if kept.casts else _WRITTEN_OUT)
    if op.layer.endswith(".gelu_erf") and kept.holds.get("counted"):
        return op.saved_bytes * _OWN_GELU
    apart = kept.holds.get("relu_input") and op.layer.endswith("relu")
    apart = apart or (kept.holds.get("relu_apart") and op.layer.endswith("apart_relu"))
    apart = apart or (kept.holds.get("counted") and op.layer.endswith("relu6"))
    return op.saved_bytes + op.read_bytes if apart else _of_product(op, kept)


#: What keeps something of its own by kind of an op.
_HOW = {"attention": _of_attention, "norm": _of_norm, "pool": _of_pool, "pointwise": _of_pointwise}


def _widened(op: Op) -> Op:
    """An op in FP32 of a trace in 16 bits, whose norms keep FP32 as it is."""
    return changed(op, read_bytes=2.0 * op.read_bytes, write_bytes=2.0 * op.write_bytes,
                   saved_bytes=op.saved_bytes * (1.0 if op.kind == "norm" else 2.0))  # fmt: skip


def _is_wide_norm(op: Op) -> bool:
    """A norm with a weight to train that computes in FP32 op by op."""
    trains = op.kind == "norm" and bool(op.parameters) and op.backward == "full"
    return trains and bool(op.dims.get("scaled", np.all(op.saved_bytes > op.read_bytes)))


def _frozen_product(op: Op, kept: Kept) -> bool:
    """A frozen product whose input nothing else keeps: that of `out` is attention's, unless it is a copy."""
    copied = kept.wide_ends and kept.input_bytes <= _NARROW_INPUT
    own = copied or op.layer.rpartition(".")[2] != "out"
    return op.kind == "gemm" and op.backward == "input" and op.shard != "vocab" and own


def _inputs(op: Op) -> Any:
    """Values that a product reads beside its weights."""
    return op.dims["m"] * op.dims["k"] * op.dims.get("batch", 1.0)


def _adapter_share(op: Op, kept: Kept) -> Any:
    """What an adapter's input takes, over one copy of it in the format of activations."""
    inputs = _inputs(op)
    # What has no inputs, of pictures too small for a network, has nothing to keep.
    size = np.where(inputs > 0, op.read_bytes / np.maximum(inputs, 1.0), 1.0)
    return kept.holds.get("adapter_bytes", size) / size


def _fused(ops: Iterable[Op]) -> Iterable[Op]:
    """The ops as fused kernels keep: a chain of elementwise ones its inputs, a norm its input."""
    for (chained, *_), members in groupby(ops, _chain):
        found = list(members)
        if not chained:
            yield from (_norm(op) for op in found)
            continue
        # Sums at its beginning keep nothing: what they write is as good an input as what they read.
        chain = list(dropwhile(lambda op: not some(op.saved_bytes), found))
        outside = sum(op.read_bytes for op in chain) - sum(op.write_bytes for op in chain[:-1])
        saved = sum(op.saved_bytes for op in found)
        share = np.where(saved > 0, np.minimum(saved, np.maximum(outside, 0.0)) / np.maximum(saved, 1.0), 0.0)
        yield from (changed(op, saved_bytes=op.saved_bytes * share) for op in found)


def _chain(op: Op) -> tuple[Any, ...]:
    fuses = op.kind == "pointwise" and op.fusable
    return (fuses, op.copies, op.module) if fuses else (False,)


def _norm(op: Op) -> Op:
    return changed(op, saved_bytes=np.minimum(op.saved_bytes, op.read_bytes)) if op.kind == "norm" else op


def windowed(ops: Iterable[Op]) -> bool:
    """Whether there are convolutions over more than a point."""
    return any(map(_windows, ops))


def _windows(op: Op) -> bool:
    return op.kind == "conv" and some(op.dims["window"] > 1)


def causal(ops: Iterable[Op]) -> bool:
    """Whether tokens attend to those before them alone: a decoder."""
    return any(op.kind == "attention" and some(op.dims["causal"] > 0) for op in ops)


def slack(ops: Iterable[Op], *, training: bool) -> float:
    """Bytes that the allocator reserves for activations, over those that are in use at the peak."""
    c = section("capacity")
    if windowed(ops):
        return float(c["slack_convolution"] if not training else 1.0 + (c["slack_convolution"] - 1.0) / 4)
    return float(c["slack_training"] if training else c["slack_inference"])
