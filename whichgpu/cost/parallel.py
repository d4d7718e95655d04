"""Splitting a job over several GPUs: tensor parallelism inside a replica, data parallelism of training.

Tensor parallelism (Shoeybi et al., Megatron-LM, 2019): column layers split their outputs, row layers
their inputs, attention its heads; each row layer ends in an all-reduce of its output. A ring
all-reduce moves 2 (n - 1) / n of the bytes over each link.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    from whichgpu.cost.device import Devices
    from whichgpu.cost.mesh import Mesh
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]


def shard(ops: Iterable[Op], tp: Any, *, ep: Any = None, moe_tp: Any = 1.0) -> tuple[Op, ...]:
    """What each of `tp` GPUs does of `ops`; `tp` is a number or an array over the job axis.

    Experts are dealt out over `ep` GPUs (by default `tp`), and each is cut over `moe_tp`.
    """
    n, dealt = np.asarray(tp, dtype=np.float64), np.asarray(tp if ep is None else ep, dtype=np.float64)
    cut = np.asarray(moe_tp, dtype=np.float64)
    if np.all(n == 1) and np.all(dealt == 1) and np.all(cut == 1):
        return tuple(ops)
    return tuple(
        _experts(op, dealt, cut) if op.shard in ("expert", "expert_row") else _SPLITS[op.shard](op, n)
        for op in ops
    )


def _whole(op: Op, _tp: Array) -> Op:
    return op


def _column(op: Op, tp: Array) -> Op:
    return replace(op, dims=_divided(op, "n", tp), flops=op.flops / tp, **_weights(op, tp),
                   write_bytes=op.write_bytes / tp, saved_bytes=op.saved_bytes)  # fmt: skip


def _row(op: Op, tp: Array) -> Op:
    return replace(op, dims=_divided(op, "k", tp), flops=op.flops / tp, **_weights(op, tp),
                   read_bytes=op.read_bytes / tp, saved_bytes=op.saved_bytes / tp)  # fmt: skip


def _vocabulary(op: Op, tp: Array) -> Op:
    dims = _divided(op, "n", tp) if "n" in op.dims else op.dims
    return replace(op, dims=dims, flops=op.flops / tp, **_weights(op, tp),
                   write_bytes=op.write_bytes / tp)  # fmt: skip


def _head(op: Op, tp: Array) -> Op:
    if op.kind != "attention":
        return replace(op, flops=op.flops / tp, **_weights(op, tp), read_bytes=op.read_bytes / tp,
                       write_bytes=op.write_bytes / tp, saved_bytes=op.saved_bytes / tp)  # fmt: skip
    # A KV head is kept whole: with more GPUs than KV heads several GPUs hold a copy of each.
    kv_share = 1.0 / np.minimum(tp, op.dims["kv_heads"])
    dims = {**op.dims, "heads": op.dims["heads"] / tp, "kv_heads": op.dims["kv_heads"] * kv_share}
    return replace(op, dims=dims, flops=op.flops / tp, read_bytes=op.read_bytes / tp,
                   kv_bytes=op.kv_bytes * kv_share, write_bytes=op.write_bytes / tp,
                   saved_bytes=op.saved_bytes / tp)  # fmt: skip


def _experts(op: Op, ep: Array, moe_tp: Array) -> Op:
    """Experts are dealt out whole, each GPU has 1 / ep of them and of the tokens sent to them, or cut.

    The busiest GPU gets more than its share of the tokens.
    """
    busiest = 1.0 + section("links")["imbalance"] * (1.0 - 1.0 / ep)
    gpus, cut = ep * moe_tp, "k" if op.shard == "expert_row" else "n"
    dims = _divided(op, "batch", ep)
    dims = {**dims, cut: dims[cut] / moe_tp} if cut in dims else dims
    reads, writes = (gpus, ep) if cut == "k" else (ep if cut in dims else gpus, gpus)
    return replace(op, dims=dims, flops=op.flops / gpus, **_weights(op, gpus),
                   read_bytes=op.read_bytes / reads, write_bytes=op.write_bytes / writes,
                   saved_bytes=op.saved_bytes / reads, repeats=op.repeats * busiest)  # fmt: skip


def _weights(op: Op, tp: Array) -> dict[str, Any]:
    return {"weight_bytes": op.weight_bytes / tp, "stored_bytes": op.stored_bytes / tp}


def _divided(op: Op, name: str, tp: Array) -> dict[str, Any]:
    return {**op.dims, name: op.dims[name] / tp} if name in op.dims else dict(op.dims)


_SPLITS: Mapping[str, Callable[[Op, Array], Op]] = {
    "none": _whole, "column": _column, "row": _row, "head": _head, "vocab": _vocabulary,
}  # fmt: skip


def link(devices: Devices, gpus: Any) -> Array:
    """One-way rate in B/s between `gpus` GPUs of a node: NVLink where it joins that many, else PCIe."""
    c = section("links")
    lanes = np.nan_to_num(devices.column("pcie_lanes"), nan=16.0)
    generation = np.nan_to_num(devices.column("pcie_generation"), nan=3.0).astype(int)
    pcie = c["pcie"] * lanes * np.array(c["pcie_lane"])[np.clip(generation, 1, len(c["pcie_lane"]) - 1)]
    # Through the host's memory every GPU's traffic shares one path.
    shared = c["staged"] * np.sqrt(2.0 / np.maximum(np.asarray(gpus, dtype=np.float64), 2.0))
    pcie = pcie * np.where(devices.staged, shared, 1.0)
    nvlink = np.nan_to_num(devices.column("nvlink"), nan=0.0) / 2.0 * c["nvlink"]
    reach = np.nan_to_num(devices.column("nvlink_gpus"), nan=8.0)
    joined = (nvlink > 0) & (np.asarray(gpus) <= reach)
    return np.asarray(np.where(joined, nvlink, pcie))


def all_reduce(size: Any, gpus: Any, devices: Devices) -> Array:
    """Seconds of a ring all-reduce of `size` bytes over `gpus` GPUs of one node."""
    n = np.asarray(gpus, dtype=np.float64)
    moved = 2.0 * (n - 1.0) / n * size / link(devices, n)
    return np.asarray(np.where(n > 1, moved + section("links")["latency"], 0.0))


def tensor_parallel_seconds(ops: Iterable[Op], tp: Any, devices: Devices) -> Array:
    """Seconds of all-reduces in one pass of unsharded `ops`: one after each row layer."""
    total = np.zeros((1, 1))
    if np.all(np.asarray(tp) == 1):
        return total
    for op in ops:
        if op.shard == "row":
            total = total + op.count * all_reduce(op.write_bytes, tp, devices)
    return total


def all_to_all_seconds(
    workload: Workload, job: Job, ops: Iterable[Op], mesh: Mesh, devices: Devices
) -> Array:
    """Seconds of sending each token to its experts and back, over all layers of a forward pass of `ops`.

    A token goes to min(top, ep) GPUs, one of which may be its own; what each sends and
    receives in a layer is tokens x values x bytes x min(top, ep) (1 - 1 / ep), twice.
    """
    size, top = precision(job.precision).activation, workload.dims["experts_per_token"]
    passes = np.minimum(top, mesh.ep) * (1.0 - 1.0 / mesh.ep)
    rate, total = link(devices, mesh.ep), np.zeros((1, 1))
    for op in ops:
        if op.kind == "copy" and op.layer.endswith("experts.dispatch"):
            # `elements` are top copies of each token that this GPU holds.
            sent = op.dims["elements"] / top * size * passes
            total = total + 2.0 * op.count * (sent / rate + section("links")["latency"])
    return np.asarray(np.where(mesh.ep > 1, total, 0.0))


def data_parallel_seconds(
    step: Array, gradient_bytes: Any, gpus: Any, devices: Devices, links: Any = 1.0
) -> Array:
    """Seconds of a training step on `gpus` GPUs, given the step of one.

    The gradients' all-reduce hides behind the two thirds of the step that are the backward pass:
    t = t1 / 3 + ((2/3 t1)^2 + t_comm^2)^(1/2), then 3 % more per doubling for stragglers. `links` is a
    factor on the rate of the links.
    """
    n = np.asarray(gpus, dtype=np.float64)
    communication = all_reduce(gradient_bytes, n, devices) / section("links")["data_parallel"] / links
    together = step / 3.0 + np.sqrt((2.0 / 3.0 * step) ** 2 + communication**2)
    return np.asarray(together * (1.0 + section("links")["step"] * np.log2(n)))
