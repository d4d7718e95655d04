"""Memory of an inference by part, in bytes on each GPU of a replica.

    weights + KV cache + activations (+ widened weights) + context (+ engine, communication)

Those of a training are in `training_memory.py`, what either adds up to in `totals.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.memory import reserving
from whichgpu.cost.memory.decoding import PICTURES, frames_held
from whichgpu.cost.memory.live_tensors import alive, denoising, live
from whichgpu.cost.memory.memory_law import coefficient
from whichgpu.cost.memory.totals import fuller
from whichgpu.cost.memory.weights import (
    cast_weights,
    kept_wide,
    kept_wider,
    loaded,
    padding,
    quantised_head,
    stage_weight_bytes,
    widened_layer,
)
from whichgpu.cost.memory.widths import widest
from whichgpu.units import GIB

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.precision import Precision

    Array = NDArray[np.float64]


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
    weights, dealt = _dealt(loaded(ops, stack), stack, np.asarray(pp, dtype=np.float64))
    parts = {
        "weights": weights * kept_wider(stack, spec)
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


def while_loading(parts: Mapping[str, Any], stack: Runtime, made_anew: Any = 0.0) -> dict[str, Any]:
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
