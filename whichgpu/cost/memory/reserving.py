"""What llama.cpp takes for its largest pass before there is one, and how it deals layers out over cards.

    logits   tokens x (vocabulary + width) x 4 B
    scores   tokens x (heads x context + context + 4 widths) x 4 B, where attention is no kernel of its own:
             all scores of a layer, the mask, and four tensors of the width

of a micro-batch of so many tokens, whatever a prompt has; the larger of both, in FP32 (`graph_reserve` of
llama.cpp's src/llama-context.cpp). Llama 3 8B at 8,192 tokens: 560 MiB as its log says with scores, 258.5
without; Llama 2 7B at 4,096: 296, and 70.3 for a log's 70.5.

Several cards have so many of the layers each, in turn, of which the output head is the last: 14, 13, 14, 13,
14 and 12 of 80 layers (`get_layer_buft_list` of its src/llama-model.cpp).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads.ops import stored_weight_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

#: Bytes of a value in a buffer.
_FP32 = 4.0
#: Tensors of the model's width beside the scores.
_WIDTHS = 4.0


def buffer(workload: Workload, job: Job, stack: Runtime) -> Any:
    """Bytes of the compute buffer on each GPU; 0 where a runtime takes none ahead, or a job has no tokens."""
    dims, given = workload.dims, job.input_tokens
    if not stack.holds.get("reserves_graph") or given is None or not isinstance(dims.get("vocab"), int):
        return 0.0
    width, values = float(dims["hidden"]), float(dims["vocab"]) + float(dims["hidden"])
    if "heads" in dims and (stack.holds.get("scores") or not stack.flash):
        context = _context(job)
        values = np.maximum(values, (float(dims["heads"]) + 1.0) * context + _WIDTHS * width)
    return stack.micro_batch * _FP32 * values


def of_sequence(workload: Workload, job: Job, stack: Runtime) -> Any:
    """Bytes by which that buffer grows with each more sequence of a server, where scores lie in it."""
    scores = stack.holds.get("scores") or not stack.flash
    if not stack.holds.get("reserves_graph") or job.input_tokens is None or "heads" not in workload.dims:
        return 0.0
    each = (float(workload.dims["heads"]) + 1.0) * _context(job.changed(batch=1.0))
    return stack.micro_batch * _FP32 * each * float(bool(scores))


def _context(job: Job) -> Any:
    """Tokens of all sequences for which a cache is made."""
    written = 0.0 if job.output_tokens is None else np.asarray(job.output_tokens, dtype=np.float64)
    one = np.asarray(job.input_tokens, dtype=np.float64) + written
    return one * np.asarray(job.batch, dtype=np.float64)


def dealt(ops: Sequence[Op], cards: Any) -> tuple[Any, Any]:
    """Bytes of weights on the fullest of `cards`, and the largest share of the layers that one has."""
    begins = [op for op in ops if op.starts]
    inside = {op.module for op in begins}
    # A token's pass behind a prompt's has the same layers, whose weights are counted once.
    once = [op for op in begins if np.any(op.stored_bytes)] or begins
    layers = sum(op.starts for op in once)
    whole = stored_weight_bytes(ops)
    layer = stored_weight_bytes([op for op in ops if op.module in inside]) / layers
    head = whole - layers * layer
    most = np.ceil((layers + 1.0) / cards)
    last = np.floor((layers + 1.0) / cards) - 1.0
    fullest = np.maximum(most * layer, last * layer + head)
    alone = np.asarray(cards) <= 1
    return np.where(alone, whole, fullest), np.where(alone, 1.0, most / layers)


def shares_cache(stack: Runtime, pp: Any) -> Any:
    """GPUs of `pp` that share a cache out; one where a program hands it back to the first one whole.

    Accelerate returns all that a model does to the GPU of what it read (`io_same_device` of its hooks), and
    with it tuples of keys and values.
    """
    return np.ones(()) if stack.holds.get("gathers_cache") else np.asarray(pp, dtype=np.float64)


def mapped(ops: Sequence[Op], cards: Any) -> Any:
    """Bytes of weights on the fullest of several `cards`, among which Accelerate balances a model by bytes.

    Whole layers follow each other (`get_balanced_memory`, `infer_auto_device_map`): beside the table of
    tokens the first card has fewer, beside the head the last one.
    """
    begins = [op for op in ops if op.starts]
    inside = {op.module for op in begins}
    layers = sum(op.starts for op in [op for op in begins if np.any(op.stored_bytes)] or begins)
    whole = stored_weight_bytes(ops)
    layer = stored_weight_bytes([op for op in ops if op.module in inside]) / layers
    first = stored_weight_bytes([op for op in ops if op.kind == "embedding" and op.module not in inside])
    last = whole - layers * layer - first
    others = np.maximum(np.asarray(cards, dtype=np.float64) - 1.0, 1.0)
    fullest: Any = np.inf
    for more in (0.0, 1.0):
        own = np.clip(np.floor((whole / (others + 1.0) - first) / layer) + more, 0.0, layers)
        most = np.ceil((layers - own) / others)
        spare = np.minimum(most * others - (layers - own), most)
        beside = np.maximum(most * layer, (most - spare) * layer + last)
        fullest = np.minimum(fullest, np.maximum(first + own * layer, beside))
    return np.where(np.asarray(cards) <= 1, whole, fullest)
