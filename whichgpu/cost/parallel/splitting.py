"""Splitting the ops of a replica over its GPUs: tensor, expert and context parallelism, and groups.

Tensor parallelism (Shoeybi et al., Megatron-LM, 2019): column layers split their outputs, row layers
their inputs, attention its heads; each row layer ends in an all-reduce of its output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.kernels.attention import seen
from whichgpu.cost.parallel.experts import DEALT, busiest, waited_for
from whichgpu.cost.parallel.links import all_gather, all_reduce, node_size, send
from whichgpu.values import NamedTuple
from whichgpu.workloads.ops import changed, every

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.parallel.mesh import Mesh
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]


def shard(
    ops: Iterable[Op], tp: Any, *, ep: Any = None, moe_tp: Any = 1.0, pooled: Any = 1.0,
    sequence: bool = False, most: Any = None, trained: bool = False,
) -> tuple[Op, ...]:  # fmt: skip
    """What each of `tp` GPUs does of `ops`; `tp` is a number or an array over the job axis.

    Experts are dealt out over `ep` GPUs (by default `tp`), and each is cut over `moe_tp`; the tokens of
    `pooled` passes like this one come together at them. With `sequence` parallelism the GPUs share out the
    tokens of what tensor parallelism leaves whole (Korthikanti et al., 2022, section 4.2.2). A model that is
    `trained` has `most`: tokens of the busiest of those GPUs over its share (`busiest`). What is served waits
    for the GPU that the draw of each layer gives most.
    """
    n, dealt, cut, met = (
        np.asarray(value, dtype=np.float64) for value in (tp, tp if ep is None else ep, moe_tp, pooled)
    )
    if every(n == 1) and every(dealt == 1) and every(cut == 1):
        return tuple(ops)
    splits = {**_SPLITS, "none": _tokens} if sequence else _SPLITS
    most = busiest(dealt) if most is None else most

    def own(op: Op) -> Op:
        if op.shard not in DEALT:
            return splits[op.shard](op, n)
        if trained or "groups" not in op.dims:
            return _experts(op, dealt, cut, met, most)
        return waited_for(_experts(op, dealt, cut, met, _ONE), dealt)

    return tuple(own(op) for op in ops)


_ONE = np.ones(())


def _whole(op: Op, _tp: Array) -> Op:
    return op


def _tokens(op: Op, tp: Array) -> Op:
    """A share of the tokens of an op that has no weights to speak of."""
    if op.kind not in _BY_TOKEN or op.layer.startswith("autocast."):
        return op
    return changed(op, dims=_divided(op, "elements", tp), flops=op.flops / tp,
                   read_bytes=op.read_bytes / tp, write_bytes=op.write_bytes / tp)  # fmt: skip


#: Kinds of ops that work token by token.
_BY_TOKEN = ("norm", "pointwise", "copy")


class _Cut(NamedTuple):
    """The dimension of a product that is cut, and whether what it reads, writes and saves is cut with it."""

    dim: str
    read: int
    write: int
    save: int


#: By gradient, how a product is cut where its layer's outputs (column) or inputs (row) are: that of the
#: input (dgrad) has n and k the other way round, that of the weights (wgrad) has the rows in k, and of
#: the two operands that it reads only the one is cut (`_read`).
_COLUMN = {"": _Cut("n", 0, 1, 0), "dgrad": _Cut("k", 1, 0, 0), "wgrad": _Cut("n", 0, 1, 0)}
_ROW = {"": _Cut("k", 1, 0, 1), "dgrad": _Cut("n", 0, 1, 0), "wgrad": _Cut("m", 0, 1, 0)}


def _gradient(op: Op) -> str:
    """Which gradient a product makes: `dgrad` of its input, `wgrad` of its weights, "" for none."""
    return op.layer[-5:] if op.layer.endswith((".dgrad", ".wgrad")) else ""


def _column(op: Op, tp: Array) -> Op:
    """A share of the outputs of a product; of what works on them one by one, all that it reads as well."""
    if op.kind in ("gemm", "conv"):
        return _cut(op, tp, _COLUMN[_gradient(op)])
    return changed(op, dims=_divided(op, "elements", tp), flops=op.flops / tp, **_weights(op, tp),
                   read_bytes=op.read_bytes / tp, write_bytes=op.write_bytes / tp,
                   saved_bytes=op.saved_bytes / tp)  # fmt: skip


def _row(op: Op, tp: Array) -> Op:
    return _cut(op, tp, _ROW[_gradient(op)])


def _cut(op: Op, tp: Array, how: _Cut) -> Op:
    return changed(op, dims=_divided(op, how.dim, tp), flops=op.flops / tp, **_weights(op, tp),
                   read_bytes=op.read_bytes * _read(op, how, tp), write_bytes=op.write_bytes / tp**how.write,
                   saved_bytes=op.saved_bytes / tp**how.save)  # fmt: skip


def _read(op: Op, how: _Cut, tp: Array) -> Array:
    """Share of what a whole product reads that one of `tp` GPUs reads.

    The gradient of the weights has two operands, the layer's input (m wide) and the gradient that arrives
    (n wide), of which one is cut.
    """
    if _gradient(op) != "wgrad":
        return np.asarray(1.0 / tp**how.read)
    cut = op.dims[how.dim] / (op.dims["m"] + op.dims["n"])
    return np.asarray(1.0 - cut + cut / tp)


def _vocabulary(op: Op, tp: Array) -> Op:
    """A share of the words: of the output head's columns, of the logits, of the rows of a table."""
    if op.kind == "gemm":
        return _column(op, tp)
    cut = changed(op, flops=op.flops / tp, **_weights(op, tp), write_bytes=op.write_bytes / tp)
    if op.kind != "pointwise":
        return cut
    return changed(cut, dims=_divided(op, "elements", tp), read_bytes=op.read_bytes / tp)


def _head(op: Op, tp: Array) -> Op:
    if op.kind != "attention":
        return changed(op, flops=op.flops / tp, **_weights(op, tp), read_bytes=op.read_bytes / tp,
                       write_bytes=op.write_bytes / tp, saved_bytes=op.saved_bytes / tp)  # fmt: skip
    # A KV head is kept whole: with more GPUs than KV heads several GPUs hold a copy of each.
    kv_share = 1.0 / np.minimum(tp, op.dims["kv_heads"])
    dims = {**op.dims, "heads": op.dims["heads"] / tp, "kv_heads": op.dims["kv_heads"] * kv_share}
    return changed(op, dims=dims, flops=op.flops / tp, read_bytes=op.read_bytes / tp,
                   kv_bytes=op.kv_bytes * kv_share, write_bytes=op.write_bytes / tp,
                   saved_bytes=op.saved_bytes / tp)  # fmt: skip


def _experts(op: Op, ep: Array, moe_tp: Array, pooled: Array, most: Array) -> Op:
    """Experts are dealt out whole, each GPU has 1 / ep of them and of the tokens sent to them, or cut."""
    gpus, made = ep * moe_tp, _gradient(op)
    how = (_ROW if op.shard == "expert_row" else _COLUMN)[made]
    dims = _divided(op, "batch", ep)
    if "n" in dims:
        rows = "k" if made == "wgrad" else "m"
        dims = {**dims, how.dim: dims[how.dim] / moe_tp}
        dims[rows] = dims[rows] * pooled
    else:
        # Tokens are handed out as wide as they are to each GPU of an expert that is cut.
        cut = int(op.kind != "copy")
        how = _Cut("", cut, cut, cut)
    # The gradient of the weights is as large as they are, however many tokens it is of.
    written = 1.0 / ep if made == "wgrad" else pooled / ep
    return changed(op, dims=dims, flops=op.flops * pooled / gpus, **_weights(op, gpus),
                   read_bytes=op.read_bytes * pooled / ep * _read(op, how, moe_tp),
                   write_bytes=op.write_bytes * written / moe_tp**how.write,
                   saved_bytes=op.saved_bytes * pooled / ep / moe_tp**how.save,
                   repeats=op.repeats * most)  # fmt: skip


def _weights(op: Op, tp: Array) -> dict[str, Any]:
    return {"weight_bytes": op.weight_bytes / tp, "stored_bytes": op.stored_bytes / tp}


def _divided(op: Op, name: str, tp: Array) -> dict[str, Any]:
    return {**op.dims, name: op.dims[name] / tp} if name in op.dims else dict(op.dims)


_SPLITS: Mapping[str, Callable[[Op, Array], Op]] = {
    "none": _whole, "column": _column, "row": _row, "summed": _row, "head": _head, "vocab": _vocabulary,
}  # fmt: skip


def tensor_parallel_seconds(
    ops: Iterable[Op], tp: Any, devices: Devices, *, trains: bool = False, shared: bool = False,
    captured: Any = False, one_shot: Any = 0.0, peer: Any = 0.0,
) -> Array:  # fmt: skip
    """Seconds of all-reduces in one pass of unsharded `ops`: one after each row layer, and in norms of heads.

    In training a second one follows where the gradient passes the column layer before it; layers that
    are run again for the backward pass reduce again. Where the GPUs have `shared` out the tokens between
    products, each is a reduce-scatter and an all-gather. `captured`: the pass is a CUDA graph; of up to
    `one_shot` tokens its all-reduces are of one shot, with a wait of `peer` s for each other GPU.
    """
    total = np.zeros((1, 1))
    if np.all(np.asarray(tp) == 1):
        return total
    times, size, each, tokens = 2.0 if trains else 1.0, None, total, total
    for op in ops:
        again = op.layer.endswith(".again")
        if op.shard == "row" and (op.stage == "forward" or again):
            # What adds the answers of experts up is of the tokens of the row layer before it.
            tokens = np.asarray(op.dims.get("m", tokens))
            # Row layers mostly write the same: the states of the tokens.
            if size is None or not np.array_equal(op.write_bytes, size):
                size = op.write_bytes
                each = (
                    2.0 * all_gather(size, tp, devices)
                    if shared
                    else all_reduce(size, tp, devices, direct=not trains, captured=captured,
                                    one_shot=tokens <= one_shot, peer=peer)
                )  # fmt: skip
            total = total + op.count * (1.0 if again else times) * each
        elif "across" in op.dims and (op.stage == "forward" or again):
            # Queries and keys of all heads are normalised at once: their sums of squares are added up.
            sums = _SUMS * op.dims["elements"] / op.dims["across"]
            took = all_reduce(sums, tp, devices, direct=not trains, captured=captured)
            total = total + op.count * (1.0 if again else times) * took
    return total


#: Bytes of two sums of a token's squares in FP32, of its queries and of its keys (MiniMaxText01RMSNormTP of
#: vllm/model_executor/layers, github.com/vllm-project/vllm/pull/31493).
_SUMS = 8.0


def context_parallel_seconds(ops: Iterable[Op], mesh: Mesh, devices: Devices, rate: float) -> Array:
    """Seconds of a pass in which a GPU waits for keys and values of the other parts of its sequences.

    They go around a ring while attention works on those that are there (Liu, Zaharia, Abbeel, "Ring
    Attention", 2023): what it takes longer than attention, at the share `rate` of the peak, shows. In the
    backward pass their gradients go around as well. Each step of the ring leaves a part of the result, which
    is written, read and added to the sum of those before it (Transformer Engine, `context_parallel.py`), and
    works on chunks of the sequence, whose kernels are slower the shorter these are.
    """
    total, c = np.zeros((1, 1)), section("links")
    if np.all(mesh.cp == 1):
        return total
    for op in ops:
        if op.kind != "attention" or op.layer.endswith(".again"):
            continue
        d, cut = op.dims, mesh.tp * mesh.cp
        heads = d["kv_heads"] / np.minimum(mesh.tp, d["kv_heads"])
        size = _KEYS_AND_VALUES * d["batch"] * heads * d["kv"] * d["head_dim"]
        sent = all_gather(size, mesh.cp, devices, mesh.tp) * (2.0 if op.stage == "backward" else 1.0)
        works = op.flops * seen(d) / cut / (devices.peak(op.dtype) * rate)
        values = d["batch"] * d["heads"] * d["q"] * d["head_dim"] / cut
        added = mesh.cp * values * c["ring_bytes"] / devices.bandwidth
        # Each part of a sequence is two chunks of it, so that all have as much of the causal triangle.
        added = added + works * c["ring_rows"] * (2.0 * mesh.cp - 1.0) / d["q"]
        total = total + op.count * (np.maximum(sent - works, 0.0) + np.where(mesh.cp > 1, added, 0.0))
    return np.asarray(total)


#: Bytes of a key and a value, 16 bits each.
_KEYS_AND_VALUES = 4.0


def stages_seconds(ops: Iterable[Op], mesh: Mesh, devices: Devices) -> Array:
    """Seconds in which the states of a pass of unsharded `ops` go from machine to machine, once each.

    Tensor-parallel GPUs send a share each. What a stage adds inside a machine is in its `boundary`.
    """
    width = mesh.tp * mesh.attention_dp
    crossings = np.minimum(mesh.pp, np.ceil(mesh.pp * width / node_size(devices))) - 1.0
    states = next((op.write_bytes for op in ops if op.shard == "row"), None)
    if states is None or np.all(crossings == 0.0):
        return np.zeros((1, 1))
    each = send(states / mesh.tp, np.maximum(width, node_size(devices)), devices)
    return np.asarray(crossings * each)


def grouped(workload: Workload, job: Job, mesh: Mesh) -> tuple[Job, tuple[Op, ...]]:
    """The job of one group of data-parallel attention, and the ops of the pass that it is in.

    Each group has its share of a replica's batch, of fewer sequences than groups one; the experts see the
    tokens of all.
    """
    whole = workload.trace(job)
    if not np.any(mesh.attention_dp > 1.0):
        return job, whole
    batch = np.asarray(job.batch, dtype=np.float64)
    own = job.changed(batch=np.maximum(batch / mesh.attention_dp, np.minimum(batch, 1.0)))
    apart = (op for op in workload.trace(own) if not op.shard.startswith("expert"))
    return own, (*apart, *(op for op in whole if op.shard.startswith("expert")))
