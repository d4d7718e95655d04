"""Memory of a job by part, in bytes on each GPU of a replica.

    inference: weights + KV cache + activations * slack + context (+ engine)
    training:  weights + gradients + optimizer states + saved activations * slack + context

Activations of an inference are the tensors alive at the widest op: `live` times its inputs and
outputs. Of a training step they are what every op keeps for its backward pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.workloads.ops import stored_weight_bytes
from whichgpu.workloads.training import optimizer_bytes, trained_parameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.precision import Precision

    Array = NDArray[np.float64]

GIB = 2.0**30


def inference_parts(ops: Sequence[Op], kv_bytes: Any, *, engine: bool) -> dict[str, Any]:
    """Parts of an inference over (sharded) `ops` with `kv_bytes` of cache on this GPU."""
    c = section("capacity")
    parts = {
        "weights": stored_weight_bytes(ops),
        "activations": widest(ops) * c["live"] * _slack(ops, training=False),
        "context": c["context"] * GIB,
    }
    if np.any(np.asarray(kv_bytes) > 0):
        parts["kv_cache"] = kv_bytes
    if engine:
        parts["engine"] = c["engine"] * GIB
    return parts


def training_parts(
    ops: Sequence[Op], precision: Precision, optimizer: str, *, tp: Any = 1.0, flash: bool = True
) -> dict[str, Any]:
    """Parts of a training step over (sharded) `ops`: weights, gradients and states split over `tp` GPUs.

    Without `flash` attention keeps its scores and their softmax for the backward pass.
    """
    c = section("capacity")
    trained = float(trained_parameters(ops)) / np.asarray(tp, dtype=np.float64)
    forward = [op for op in ops if op.stage == "forward"]
    saved = sum((op.saved_bytes * op.count for op in forward), start=0.0)
    if not flash:
        saved = saved + sum((_scores(op) * op.count for op in forward if op.kind == "attention"), start=0.0)
    return {
        "weights": stored_weight_bytes(ops),
        "gradients": trained * precision.train_state,
        "optimizer": trained * optimizer_bytes(optimizer, precision)[0],
        "activations": (saved + widest(ops)) * _slack(ops, training=True),
        "context": c["context"] * GIB,
    }


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


def _slack(ops: Sequence[Op], *, training: bool) -> float:
    c = section("capacity")
    if any(op.kind == "conv" and op.dims["window"] > 1 for op in ops):
        return float(c["slack_convolution"] if not training else 1.0 + (c["slack_convolution"] - 1.0) / 4)
    return float(c["slack_training"] if training else c["slack_inference"])


def sequences(free: Array, kv_per_sequence: Any, ceiling: Any) -> Array:
    """Sequences that a serving replica holds at once: what is free of its memory, over one's KV cache."""
    c = section("capacity")
    held = np.floor(c["usable"] * free / np.maximum(kv_per_sequence, 1.0))
    return np.asarray(np.minimum(held, np.minimum(ceiling, c["max_sequences"])))
