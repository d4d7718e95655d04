"""Ops that move bytes: normalisation, pointwise, pooling, look-ups, copies, the optimizer.

compute = operations / FP32 rate
memory  = bytes * share of passes left by fusion / (bandwidth * s)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.workloads.checkpointing import AGAIN
from whichgpu.workloads.training import by_lists

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.timing.optable import OpTable
    from whichgpu.workloads.ops import Op

KINDS = ("norm", "pointwise", "pool", "embedding", "copy", "optimizer")
#: They are many, differ little, and of their dims none but what autocast widens is read.
TOGETHER = True
#: 16 bits, as ops name what bounds them.
HALF = ("fp16", "bf16")


def seconds(
    ops: OpTable, devices: Devices, runtime: Runtime
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute and memory time of one execution, (O, G, J), in s."""
    left = passes(ops, runtime)
    share = np.minimum(runtime.memory["elementwise"], section("memory")["ceiling"])
    compute = ops.flops * left / devices.vector
    memory = ops.activation_bytes * left * rows(ops, runtime) / (devices.passing * share)
    return compute, memory


def rows(ops: OpTable, runtime: Runtime) -> NDArray[np.float64]:
    """How much longer than its bytes a LayerNorm takes whose rows are short, (O, 1, 1).

    Modules give each row a block of threads of its own, whatever its width.
    """
    half = 0.0 if runtime.fuses else section("memory")["row"]
    longer = [1.0 + half / op.dims["row"] if "row" in op.dims else 1.0 for op in ops.ops]
    return np.array(longer)[:, None, None]


def passes(ops: OpTable, runtime: Runtime) -> NDArray[np.float64]:
    """Share of each op's traffic that is left after fusion, (O, 1, 1) or (O, 1, J).

    More than all of it where modules write one op by op, or an optimizer's sums are ops of their own.
    """
    steps = [_stepped(op, runtime) if op.kind == "optimizer" else 1.0 for op in ops.ops]
    return np.asarray(_fused(ops, runtime) * np.array(steps)[:, None, None])


def _fused(ops: OpTable, runtime: Runtime) -> NDArray[np.float64]:
    if not runtime.fuses:
        written = [_written(op, runtime) * _width(op, runtime) for op in ops.ops]
        return np.array(written)[:, None, None]
    if runtime.chains:
        return _chain(ops) * (1.0 - ended(ops, runtime))
    left = [_left(op, runtime) if op.fusable else _written(op, runtime) for op in ops.ops]
    return np.array(left)[:, None, None]


def _written(op: Op, runtime: Runtime) -> float:
    """How often over an op moves its bytes where modules write it op by op.

    Of a function behind a convolution (`conv_silu`) by its own name, `_silu`; in the backward pass as
    `.backward` behind that says; in 16 bits as `.half` does, but for what autocast has in FP32 anyway.
    """
    known = runtime.written
    if not known:
        return 1.0
    name = op.layer.removesuffix(AGAIN).rpartition(".")[2]
    keys = name, f"_{name.rpartition('_')[2]}"
    if op.dtype in HALF and "wide" not in op.dims:
        for key in keys:
            if f"{key}.half" in known:
                return known[f"{key}.half"]
    key = keys[name not in known]
    return known.get(f"{key}.backward" if op.stage == "backward" else key, known.get(key, 1.0))


def _stepped(op: Op, runtime: Runtime) -> float:
    """How often over an optimizer moves what one kernel would: its products and sums are ops of their own.

    Tensor by tensor (`updates` of a runtime), or over lists of tensors, which spares launches alone; what
    keeps copies of a state runs those. apex's, which NVIDIA's examples use, are one kernel.
    """
    name, moved = op.layer.removeprefix("optimizer."), section("optimizer")
    if runtime.holds.get("fused_norm"):
        return 1.0
    if runtime.updates.get(name, 0.0) > moved["single"]:
        return float(moved["by_tensor"].get(name, 1.0))
    return float(moved["by_lists"]) if runtime.holds.get("copies_state") and by_lists(name) else 1.0


def _left(op: Op, runtime: Runtime) -> float:
    """Share of a fusable op's traffic that an engine leaves.

    For networks a norm behind a convolution is part of its weights (TensorRT Developer Guide, "Types of
    Fusions"); one that computes its moments reads what it is given as a kernel of its own.
    """
    if not runtime.domain and "stored" in op.dims:
        return 0.0
    return 1.0 if alone(op, runtime) else runtime.left.get(op.kind, 1.0)


def alone(op: Op, runtime: Runtime) -> bool:
    """Whether an engine for networks has a kernel for a fusable op."""
    return not runtime.domain and "computed" in op.dims


def _width(op: Op, runtime: Runtime) -> float:
    """Share of the bytes of what autocast runs in FP32 that is left where apex keeps a model in 16 bits.

    Its O2, as in NVIDIA's examples: Transformer-XL's train.py (apex_amp_opt_level), BERT's run_squad.py.
    """
    if "wide" not in op.dims or not runtime.holds.get("fused_norm"):
        return 1.0
    return 0.0 if op.layer.endswith(".cast") else 0.5


def ended(ops: OpTable, runtime: Runtime) -> NDArray[np.float64]:
    """1 where an op is a convolution's bias that is added at the end of the convolution, (O, 1, 1)."""
    ends = [runtime.ends_products and op.layer.endswith(".bias") for op in ops.ops]
    return np.array(ends, dtype=np.float64)[:, None, None]


def _chain(ops: OpTable) -> NDArray[np.float64]:
    """What is left where elementwise ops are fused with each other, and products are a library's.

    An op in a chain takes its input from registers, and a pointwise one or a copy spares what went before it
    the writing of it as well; a norm may follow a residual sum, which is written all the same.
    """
    result = ops.write_bytes
    spared = result * (1.0 + ops.of("pointwise", "copy")) * ops.chained
    return np.asarray(1.0 - np.minimum(spared / np.maximum(ops.activation_bytes, 1.0), 1.0))
