"""Bytes of weights as a program holds them: beside what a format takes, wider, padded or copied.

Weights of a stage, and the largest matrix that something is widened for.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.memory.widths import FP32, WIDE
from whichgpu.workloads.ops import some, stored_weight_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.precision import Precision


def kept_wider(stack: Runtime, spec: Precision) -> float:
    """How many times a format's bytes a program's own modules keep of each weight."""
    return max(float(stack.holds.get("stored_bytes", 0.0)) / spec.weight, 1.0)


def loaded(ops: Sequence[Op], stack: Runtime) -> Sequence[Op]:
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
    return kept * sum((WIDE * op.parameters * op.copies for op in products), start=0.0)


def kept_wide(ops: Sequence[Op], stack: Runtime, spec: Precision) -> Any:
    """Bytes that layers take more which a library keeps wider beside `spec`.

    Products of T5's last ones, `wo`, overflow in FP16, so that Transformers loads them in FP32 where a model
    is in FP16 or bitsandbytes quantises it (`_keep_in_fp32_modules`). Layerwise casting of diffusers leaves
    what is named a norm in 16 bits, and with it the products that modulate one.
    """
    more: Any = 0.0
    for held, layer, size in (("wide_t5", ".wo", FP32), ("wide_norms", ".modulation", WIDE)):
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


def widened_layer(ops: Sequence[Op], stack: Runtime, spec: Precision) -> Any:
    """Two 16-bit copies of the largest quantised matrix, where a framework quantises what it loads.

    bitsandbytes makes the narrow matrix beside the wide one, and widens it for a product.
    """
    if not spec.quantised or "counter" in stack.holds or stack.specialised:
        return 0.0
    head = bool(stack.holds.get("quantised_head"))
    return 2.0 * largest_layer(ops, head=head, apart=True) * WIDE


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
