"""Kernels that a host launches for a pass, and what a launch takes it in each stage of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.kernels._quantised import cast
from whichgpu.cost.kernels._tiles import abreast
from whichgpu.cost.kernels.attention import score_passes
from whichgpu.cost.kernels.elementwise import alone, ended
from whichgpu.cost.timing.optable import stacked, tables
from whichgpu.workloads.checkpointing import AGAIN
from whichgpu.workloads.language.feed import ALL, EIGHT, GROUP, HALF
from whichgpu.workloads.ops import COUNTED, READIED, WITHIN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.timing.optable import OpTable
    from whichgpu.workloads.ops import Op

    Array = NDArray[np.float64]

#: Formats to which activations are narrowed before they are multiplied.
_NARROW = ("fp8", "int8", "fp4")


def kernels(ops: Iterable[Op], runtime: Runtime, devices: Devices) -> Array:
    """Calls that launch a pass over ops, (1, J), or (G, J) where some run on a few architectures alone."""
    each = (
        (table.count * launched(table, runtime, devices, calls=True)).sum(axis=0) for table in tables(ops)
    )
    return np.asarray(sum(each, start=np.zeros((1, 1))))


def launched(table: OpTable, runtime: Runtime, devices: Devices, *, calls: bool = False) -> Array:
    """Kernels of an op: 1 of its own, 0 where it is fused or nothing moves, more with what runs beside it.

    `calls` counts what Python calls for them: a function that was compiled, and one of experts, once.
    (O, 1, 1), or (O, 1, J): of a sweep some jobs may leave an op nothing to do. Activations are narrowed
    before a product in 8 or 4 bits, and tokens sorted by their experts (`quantising` and `routing` of a
    runtime, (O, G, J) where that is of architectures); what narrows them for experts is part of the latter,
    but for `quantising_experts`.
    """
    experts = runtime.read(lambda one: one.quantising_experts) if table.kind == "gemm" else 0.0
    if table.kind == "gemm" and (runtime.quantising or np.any(experts)):
        mixture = any(op.shard.startswith("expert") for op in table.ops)
        dense = runtime.quantising if mixture else runtime.quantising_dense or runtime.quantising
        each = np.broadcast_arrays(*(np.atleast_1d(_narrowing(op, dense, experts)) for op in table.ops))
        return 1.0 + np.array(each)[:, None, :]
    if table.kind == "gemm" and runtime.casts:
        return np.where(cast(table, devices, runtime), 3.0, 1.0) + _biases(table, runtime)
    if table.kind == "attention" and not runtime.domain:
        # Written out it is two products and between them a scaling with its mask and a softmax.
        written, whole = 4.0 + runtime.around_scores, 1.0 + runtime.around_attention
        return np.where(score_passes(table, runtime) > 0.0, written, whole)
    if table.kind in COUNTED:
        return 1.0 / abreast(table, runtime) + _turns(table, runtime)
    # The parameters of a norm that is folded into a convolution are part of that one's weights.
    held = np.where(table.of("norm") > 0, 0.0, table.weight_bytes)
    moves = table.activation_bytes + held + table.flops > 0.0
    fused = table.chained + ended(table, runtime) if runtime.chains else _fused(table, runtime)
    swallowed = fused if runtime.fuses else np.zeros(())
    own = stacked([_kernels(op, runtime, devices, calls=calls) for op in table.ops])
    return np.asarray(moves * (own - swallowed), dtype=np.float64)


#: Matrices of an op that a runtime which joins none multiplies one by one, each with its own bias.
_JOINED = {"qkv": 3.0, "up": 2.0}


def _biases(table: OpTable, runtime: Runtime) -> Array | float:
    """What adding the biases behind products takes, in kernels, (O, 1, 1), where they have some."""
    if not runtime.biases:
        return 0.0
    each = [_JOINED.get(op.layer.rpartition(".")[2], 1.0) * _is_biased(op) for op in table.ops]
    return runtime.biases * np.array(each)[:, None, None]


def _is_biased(op: Op) -> bool:
    """Whether a product has more parameters than whole matrices of its width and depth."""
    rows = op.parameters / (float(np.max(op.dims["n"])) * float(np.max(op.dims["k"])))
    return not np.isclose(rows, np.rint(rows), rtol=1e-6, atol=1e-6)


def _narrowing(op: Op, dense: float, experts: Any) -> Any:
    """Kernels that narrow what a product multiplies: a `dense` one, or each job of `experts` in FP8."""
    if op.shard.startswith("expert"):
        return experts * (op.dtype == "fp8")
    return dense * (op.dtype in _NARROW)


def _fused(table: OpTable, runtime: Runtime) -> Array:
    """1 where an op runs inside its neighbour, (O, 1, 1)."""
    inside = [float(not alone(op, runtime)) for op in table.ops]
    return np.asarray(table.fusable * table.of("pointwise", "norm") * np.array(inside)[:, None, None])


def _turns(table: OpTable, runtime: Runtime) -> Array | float:
    """Kernels that experts' products are launched with where modules loop over experts, (O, 1, 1 or J).

    Those that any token goes to take a turn each: their tokens are found and gathered, multiplied, weighed
    and added to the others' (`turns` of a runtime).
    """
    if not runtime.turns or table.kind != "gemm":
        return 0.0
    each = [runtime.turns[stage] if op.shard.startswith("expert") else 0.0
            for op, stage in zip(table.ops, _stages(table), strict=True)]  # fmt: skip
    return np.asarray(np.array(each)[:, None, None] * table.dims["batch"])


def _stages(table: OpTable) -> list[str]:
    """The pass that each op is launched in: what checkpointing runs again is a forward one."""
    return ["forward" if op.layer.endswith(AGAIN) else op.stage for op in table.ops]


def _kernels(op: Op, runtime: Runtime, devices: Devices, *, calls: bool) -> Any:
    """Kernels of an op that moves bytes, where nothing swallows it; of dispatch (G, 1), or (1, J)."""
    if op.kind == "copy" and op.layer.endswith(".dispatch"):
        return _routed(op, runtime, devices, calls=calls)
    if op.kind == "copy" and op.layer.endswith(f"indexer.{READIED}"):
        return _INDEXING
    if op.kind == "norm" and "across" in op.dims:
        return 1.0 + runtime.read(lambda one: one.across)
    if op.kind == "optimizer" and not runtime.domain:
        each = runtime.updates.get(op.layer.removeprefix("optimizer."), 0.0)
        return max(1.0, each * float(op.dims["tensors"]))
    return 1.0


#: Kernels beside the products of a sparse-attention indexer. SGLang's rotates queries and keys, writes both
#: back, transforms them by Hadamard's, narrows them, stores the keys, scales the heads' weights and takes the
#: best tokens: eleven with the norm of the keys, of which two run beside the queries' on a second stream
#: (python/sglang/srt/layers/attention/nsa/nsa_indexer.py). Others are taken to have as many.
_INDEXING = 9.0


def _routed(op: Op, runtime: Runtime, devices: Devices, *, calls: bool) -> Array:
    """Kernels around a layer of experts under what runs on each of some GPUs, (G, 1) or (G, J).

    On architectures of `routings` a library's kernel chooses and sorts by itself, but for experts in 16 bits
    that it has none for (`own_half`) and for those in FP8 that it is not taken for (`own_bytes`). Elsewhere
    a corrected choice is one kernel where its groups are small and their number is a power of two, or where a
    kernel was written for just so many; else it is `choosing` more.
    """
    half, eight, group, count = (float(op.dims.get(name, 0.0)) for name in (HALF, EIGHT, GROUP, ALL))

    def around(stack: Runtime, on: Devices) -> Array:
        own = not calls and half > 0.0 and stack.own_half in (("all", "corrected") if group else ("all",))
        own = own or (not calls and eight > 0.0 and stack.own_bytes)
        written = group > _GATED or (count > 0.0 and np.log2(count) % 1.0 > 0.0)
        chooses = stack.choosing if written and not calls and count not in stack.chosen_at_once else 0.0
        key = "routing", stack.routing, own, chooses, *stack.routings.items()
        if key not in on.told:
            each = [
                stack.routing + chooses
                if own or gpu.architecture not in stack.routings
                else stack.routings[gpu.architecture]
                for gpu in on.gpus
            ]
            on.told[key] = np.array(each)[:, None]
        found: Array = on.told[key]
        return found

    return devices.under(runtime, around)


#: Experts of a group that SGLang's one kernel for a corrected choice has registers for: MAX_VPT of
#: sgl-kernel/csrc/moe/moe_fused_gate.cu (`biased_grouped_topk_gpu` of python/sglang/srt/layers/moe/topk.py).
_GATED = 32.0


def started(table: OpTable, runtime: Runtime, *, trains: bool) -> Array | float:
    """Host time of an op's launches over that of as many at inference, (O, 1, 1), by its stage.

    A forward pass of a training is `recorded` for the backward one. What checkpointing runs again is the
    forward pass of the same modules. Steps of a recurrent layer are launched within one call.
    """
    if not runtime.starts or runtime.specialised:
        return 1.0
    known = {"forward": runtime.starts.get("recorded", 1.0) if trains else 1.0, **runtime.starts}
    within = runtime.starts.get("within", 1.0)
    stages = zip(table.ops, _stages(table), strict=True)
    each = [within if WITHIN in op.layer else known.get(stage, 1.0) for op, stage in stages]
    return np.array(each)[:, None, None]


def waiting(table: OpTable) -> Array | float:
    """1 where the host launches an op when the GPU has done all before it and has nothing else, (O, 1, 1).

    A tensor that is made of numbers of the host, or asked for its size, has the host wait for the GPU
    (`copy_requires_sync` of aten/src/ATen/native/cuda/Copy.cu), and what follows is launched op by op.
    """
    waits = [float("waits" in op.dims) for op in table.ops]
    return np.array(waits)[:, None, None] if any(waits) else 0.0
