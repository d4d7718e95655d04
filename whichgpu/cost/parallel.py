"""Splitting a job over several GPUs: tensor parallelism inside a replica, data parallelism of training.

Tensor parallelism (Shoeybi et al., Megatron-LM, 2019): column layers split their outputs, row layers
their inputs, attention its heads; each row layer ends in an all-reduce of its output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.links import all_reduce, link, network, node_size, spread_link
from whichgpu.workloads.ops import changed
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    from whichgpu.cost.device import Devices
    from whichgpu.cost.distributed import Step
    from whichgpu.cost.mesh import Mesh
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]


def shard(
    ops: Iterable[Op], tp: Any, *, ep: Any = None, moe_tp: Any = 1.0, pooled: Any = 1.0
) -> tuple[Op, ...]:
    """What each of `tp` GPUs does of `ops`; `tp` is a number or an array over the job axis.

    Experts are dealt out over `ep` GPUs (by default `tp`), and each is cut over `moe_tp`; the tokens of
    `pooled` passes like this one come together at them.
    """
    n, dealt, cut, met = (
        np.asarray(value, dtype=np.float64) for value in (tp, tp if ep is None else ep, moe_tp, pooled)
    )
    if np.all(n == 1) and np.all(dealt == 1) and np.all(cut == 1):
        return tuple(ops)
    dealing = ("expert", "expert_row")
    return tuple(
        _experts(op, dealt, cut, met) if op.shard in dealing else _SPLITS[op.shard](op, n) for op in ops
    )


def _whole(op: Op, _tp: Array) -> Op:
    return op


def _column(op: Op, tp: Array) -> Op:
    return changed(op, dims=_divided(op, "n", tp), flops=op.flops / tp, **_weights(op, tp),
                   write_bytes=op.write_bytes / tp, saved_bytes=op.saved_bytes)  # fmt: skip


def _row(op: Op, tp: Array) -> Op:
    return changed(op, dims=_divided(op, "k", tp), flops=op.flops / tp, **_weights(op, tp),
                   read_bytes=op.read_bytes / tp, saved_bytes=op.saved_bytes / tp)  # fmt: skip


def _vocabulary(op: Op, tp: Array) -> Op:
    dims = _divided(op, "n", tp) if "n" in op.dims else op.dims
    return changed(op, dims=dims, flops=op.flops / tp, **_weights(op, tp),
                   write_bytes=op.write_bytes / tp)  # fmt: skip


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


def _experts(op: Op, ep: Array, moe_tp: Array, pooled: Array) -> Op:
    """Experts are dealt out whole, each GPU has 1 / ep of them and of the tokens sent to them, or cut.

    The busiest GPU gets more than its share of the tokens.
    """
    busiest = 1.0 + section("links")["imbalance"] * (1.0 - 1.0 / ep)
    gpus, cut = ep * moe_tp, "k" if op.shard == "expert_row" else "n"
    dims = _divided(op, "batch", ep)
    if cut in dims:
        dims = {**dims, cut: dims[cut] / moe_tp, "m": dims["m"] * pooled}
    whole, part = pooled / ep, pooled / gpus
    reads, writes = (part, whole) if cut == "k" else (whole if cut in dims else part, part)
    return changed(op, dims=dims, flops=op.flops * part, **_weights(op, gpus),
                   read_bytes=op.read_bytes * reads, write_bytes=op.write_bytes * writes,
                   saved_bytes=op.saved_bytes * reads, repeats=op.repeats * busiest)  # fmt: skip


def _weights(op: Op, tp: Array) -> dict[str, Any]:
    return {"weight_bytes": op.weight_bytes / tp, "stored_bytes": op.stored_bytes / tp}


def _divided(op: Op, name: str, tp: Array) -> dict[str, Any]:
    return {**op.dims, name: op.dims[name] / tp} if name in op.dims else dict(op.dims)


_SPLITS: Mapping[str, Callable[[Op, Array], Op]] = {
    "none": _whole, "column": _column, "row": _row, "head": _head, "vocab": _vocabulary,
}  # fmt: skip


def tensor_parallel_seconds(ops: Iterable[Op], tp: Any, devices: Devices, *, trains: bool = False) -> Array:
    """Seconds of all-reduces in one pass of unsharded `ops`: one after each row layer.

    In training a second one follows where the gradient passes the column layer before it; layers that
    are run again for the backward pass reduce again.
    """
    total = np.zeros((1, 1))
    if np.all(np.asarray(tp) == 1):
        return total
    times = 2.0 if trains else 1.0
    for op in ops:
        again = op.layer.endswith(".again")
        if op.shard == "row" and (op.stage == "forward" or again):
            total = total + op.count * (1.0 if again else times) * all_reduce(op.write_bytes, tp, devices)
    return total


def all_to_all_seconds(
    workload: Workload, job: Job, ops: Iterable[Op], mesh: Mesh, devices: Devices
) -> Array:
    """Seconds of sending each token to its experts and back, over all layers of a pass of `ops`.

    A token goes to min(top, ep) GPUs, one of which may be its own; what each sends and receives in a
    layer is tokens x values x bytes x min(top, ep) (1 - 1 / ep), twice, and twice more in the backward
    pass. Beyond a node it crosses the network once for each machine that it goes to.
    """
    total = np.zeros((1, 1))
    if np.all(mesh.ep == 1):
        return total
    size, top = precision(job.precision).activation, workload.dims["experts_per_token"]
    nodes = np.maximum(mesh.ep * mesh.moe_tp / node_size(devices), 1.0)
    inside = np.minimum(top, mesh.ep) * (1.0 - 1.0 / mesh.ep)
    beyond = np.minimum(top, nodes) * (1.0 - 1.0 / nodes)
    near = link(devices, np.minimum(mesh.ep, node_size(devices)))
    per_byte = inside / near + beyond / network(devices)
    for op in ops:
        if op.kind == "copy" and ".dispatch" in op.layer:
            # `elements` are top copies of each token that this GPU holds.
            sent = op.dims["elements"] / top * size * per_byte
            total = total + 2.0 * op.count * (sent + section("links")["latency"])
    return np.asarray(np.where(mesh.ep > 1, total, 0.0))


def data_parallel_seconds(
    each_pass: Array, step: Step | None, replicas: Any, devices: Devices, links: Any = 1.0
) -> Array:
    """Seconds of a training step, given those of one pass on each of its `replicas`, (G, J).

    What is exchanged with every pass runs beside it: (t_pass^q + t_each^q)^(1/q). What is exchanged at
    the end hides behind the two thirds of the last pass that are backward:
    t / 3 + ((2/3 t)^2 + t_once^2)^(1/2). Stragglers cost a little for every doubling of the replicas.
    `links` is a factor on the rate of the links. A `step` of None exchanges nothing.
    """
    if step is None:
        return each_pass
    c, q = section("links"), section("training")["overlap"]
    ranks = np.asarray(replicas, dtype=np.float64) * step.cp
    rate = spread_link(devices, ranks * step.apart, step.apart)

    def seconds(moved: Any, share: float) -> Array:
        return np.asarray(np.where(moved > 0, (moved / rate + c["latency"]) / share / links, 0.0))

    beside = seconds(step.each, c["sharded"])
    micro = np.where(beside > 0, (each_pass**q + beside**q) ** (1.0 / q), each_pass)
    last = seconds(step.once, c["data_parallel"])
    together = (step.slots - 1.0) * micro + micro / 3.0 + np.sqrt((2.0 / 3.0 * micro) ** 2 + last**2)
    node = node_size(devices)
    inside, beyond = np.minimum(ranks, node), np.maximum(ranks / node, 1.0)
    return np.asarray(together * (1.0 + c["step"] * np.log2(inside) + c["step_nodes"] * np.log2(beyond)))
