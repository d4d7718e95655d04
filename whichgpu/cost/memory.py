"""Memory of a job by part, in bytes on each GPU of a replica.

    inference: weights + KV cache + activations * slack + context (+ engine)
    training:  weights + gradients + optimizer states + saved activations * slack + context

Activations of an inference are the tensors alive at the widest op: `live` times its inputs and
outputs. Of a training step they are what every op keeps for its backward pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.workloads.checkpointing import saved_bytes
from whichgpu.workloads.ops import changed, stored_weight_bytes
from whichgpu.workloads.training import optimizer_bytes, trained_parameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.precision import Precision

    Array = NDArray[np.float64]

GIB = 2.0**30


def inference_parts(ops: Sequence[Op], kv_bytes: Any, *, engine: bool, pp: Any = 1.0) -> dict[str, Any]:
    """Parts of an inference over (sharded) `ops` with `kv_bytes` of cache, on the fullest of `pp` stages."""
    c = section("capacity")
    # Numerical work has no weights: its own arrays are all there is.
    network = any(op.parameters for op in ops)
    parts = {
        "weights": stage_weight_bytes(ops, pp),
        "activations": widest(ops) * (c["live"] * _slack(ops, training=False) if network else 1.0),
        "context": c["context"] * GIB,
    }
    if np.any(np.asarray(kv_bytes) > 0):
        parts["kv_cache"] = kv_bytes / np.asarray(pp, dtype=np.float64)
    if engine:
        parts["engine"] = c["engine"] * GIB
    return parts


def stage_weight_bytes(ops: Sequence[Op], pp: Any) -> Any:
    """Bytes of weights on the fullest of `pp` stages: its share of the layers, and one end of the model.

    Repeated layers are dealt out evenly; embedding and head lie on different stages. A model without
    repeated layers is dealt out evenly as it is.
    """
    if np.all(np.asarray(pp) == 1):
        return stored_weight_bytes(ops)
    stages = np.asarray(pp, dtype=np.float64)
    repeated = {op.module for op in ops if op.starts} or {op.module for op in ops}
    layers = stored_weight_bytes([op for op in ops if op.module in repeated])
    ends: dict[str, Any] = {}
    for op in ops:
        if op.module not in repeated and op.stage == "forward":
            ends[op.module] = ends.get(op.module, 0.0) + op.stored_bytes * op.copies
    whole = sum(ends.values(), start=0.0)
    # One stage is the whole model; with more of them the fullest has the larger end.
    return layers / stages + np.where(stages == 1.0, whole, reduce(np.maximum, ends.values(), 0.0))


@dataclass(frozen=True, slots=True)
class Spread:
    """How a training job's memory is spread.

    `level` of ZeRO over `ranks`, layers over `pp` stages, each sequence's activations over `shares` GPUs
    (context parallelism, and tensor parallelism with its sequence parallelism); `in_flight` micro-batches
    are kept on the first stage. `trained` parameters belong to the shard of the model; None: all.
    """

    level: int = 0
    ranks: Any = 1.0
    pp: Any = 1.0
    shares: Any = 1.0
    in_flight: Any = 1.0
    trained: Any = None

    def of(self, level: int) -> Any:
        """GPUs over which what ZeRO shards from `level` on is spread."""
        return self.ranks if self.level >= level else 1.0


@dataclass(frozen=True, slots=True)
class Kept:
    """What a step keeps for its backward pass.

    Without `flash` attention keeps its scores and their softmax; `fused` kernels keep less than one tensor
    for each op; `checkpointing` is a kind of it.
    """

    flash: bool = True
    fused: bool = False
    checkpointing: str = "none"


_ALONE, _EAGER = Spread(), Kept()


def training_parts(
    whole: Sequence[Op], own: Sequence[Op], precision: Precision, optimizer: str, *,
    spread: Spread = _ALONE, kernels: Kept = _EAGER, trained_in: Precision | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Parts of a training step on the fullest GPU, given the ops of a pass and those of one shard.

    `trained_in` is the format of what is trained where that is adapters on frozen weights; quantised
    weights are widened one layer at a time. With sharded weights two layers are gathered at a time, in 16
    bits, and the gradients of one.
    """
    c = section("capacity")
    held = trained_in or precision
    forward = [op if kernels.flash else _with_scores(op) for op in whole if op.stage == "forward"]
    forward = [_narrow(op) if op.dtype in _NARROW else op for op in forward]
    trained = (trained_parameters(whole) if spread.trained is None else spread.trained) / spread.pp
    saved = saved_bytes(forward, kernels.checkpointing) * (c["fused_training"] if kernels.fused else 1.0)
    copy = held.activation if held.mixed else 0.0
    alive = saved * (spread.in_flight / spread.pp) + passing(forward)
    parts = {
        # Of mixed precision the wide weights are the optimizer's, and shared out with its states.
        "weights": stage_weight_bytes(own, spread.pp) / spread.of(1 if held.mixed else 3),
        "gradients": trained * ((held.train_state - copy) / spread.of(2) + copy / spread.of(3)),
        "optimizer": trained * optimizer_bytes(optimizer, held)[0] / spread.of(1),
        "activations": alive / spread.shares * _slack(whole, training=True),
        "context": c["context"] * GIB,
    }
    if spread.level == 3:
        layers = max(sum(op.starts for op in forward), 1.0)
        parts["gathered_layers"] = 3.0 * 2.0 * trained / layers * np.asarray(spread.ranks > 1)
    if trained_in and precision.quantised:
        parts["widened_layer"] = largest_layer(forward) * precision.activation
    return parts


#: Formats whose products keep their inputs as narrow as they read them.
_NARROW = ("fp8", "int8", "fp4")


def _narrow(op: Op) -> Op:
    """A product in 8 bits or fewer: its input is kept in 8 (Transformer Engine)."""
    return changed(op, saved_bytes=op.saved_bytes / 2.0) if op.kind == "gemm" else op


def largest_layer(forward: Sequence[Op]) -> Any:
    """Weights of the largest matrix product of the layers (the head stays wide)."""
    sizes = [op.dims["n"] * op.dims["k"] for op in forward if op.kind == "gemm" and op.shard != "vocab"]
    return max(sizes, default=0.0)


def _with_scores(op: Op) -> Op:
    """Attention that keeps its scores."""
    return changed(op, saved_bytes=op.saved_bytes + _scores(op)) if op.kind == "attention" else op


def _scores(op: Op) -> Any:
    """Bytes that unfused attention keeps: scores and softmax in 16 bits, and the dropout mask."""
    d = op.dims
    return 5.0 * d["batch"] * d["heads"] * d["q"] * d["kv"]


def widest(ops: Sequence[Op]) -> Any:
    """Bytes in and out of the widest op."""
    width: Any = 0.0
    for op in ops:
        if op.stage == "forward":
            width = np.maximum(width, op.read_bytes + op.write_bytes)
    return width


def passing(forward: Sequence[Op]) -> Any:
    """Bytes of the widest op that are alive beside what is kept for the backward pass."""
    width: Any = 0.0
    for op in forward:
        width = np.maximum(width, op.read_bytes + op.write_bytes - op.saved_bytes)
    return width


def _slack(ops: Sequence[Op], *, training: bool) -> float:
    c = section("capacity")
    if any(op.kind == "conv" and op.dims["window"] > 1 for op in ops):
        return float(c["slack_convolution"] if not training else 1.0 + (c["slack_convolution"] - 1.0) / 4)
    return float(c["slack_training"] if training else c["slack_inference"])


def sequences(free: Array, kv_per_sequence: Any, ceiling: Any, schedulers: Any = 1.0) -> Array:
    """Sequences that a serving replica holds at once: what is free of its memory, over one's KV cache.

    Each of its `schedulers` (one for each group of data-parallel attention) takes only so many.
    """
    c = section("capacity")
    held = np.floor(c["usable"] * free / np.maximum(kv_per_sequence, 1.0))
    return np.asarray(np.minimum(held, np.minimum(ceiling, c["max_sequences"] * schedulers)))
