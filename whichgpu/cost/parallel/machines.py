"""Replicas that serve from several machines: what their GPUs exchange over the network, in words.

Tensor-parallel GPUs add up their sums twice a layer, which between machines takes a multiple of what it takes
inside one; stages hand their states on once (docs.vllm.ai, "parallelism and scaling": tensor parallelism in a
node, pipeline parallelism over nodes).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.parallel.links import all_reduce, node_size
from whichgpu.cost.parallel.mesh import Mesh
from whichgpu.units import show

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.layout import Layout
    from whichgpu.cost.timing.time import Timing
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]


def by_host(job: Job, devices: Devices) -> NDArray[np.bool_]:
    """Whether an inference's GPUs exchange over what the catalogue does not know, (G, J).

    Over a network, or through the memory of a host: a desktop's slots have 4 or 8 lanes, a server's 16.
    """
    mesh = Mesh.of(job)
    together = np.zeros((1, 1)) if job.trains else mesh.tp * mesh.attention_dp
    return np.asarray((together > node_size(devices)) | (devices.staged & (together > 1.0)))


def beyond_a_machine(job: Job) -> NDArray[np.bool_]:
    """Whether a server's groups of attention are more than the GPUs of a machine, as of no row on file."""
    return np.asarray(not job.trains and Mesh.of(job).attention_dp > section("links")["node"])


def exchanging(laid: Layout, timing: Timing) -> Array:
    """Share of an inference's pass in which its GPUs exchange, (G, J); none of a training's."""
    if laid.gradients is not None:
        return np.zeros((1, 1))
    sent = timing.communication if laid.serving is None else laid.serving.links
    return np.asarray(np.clip(sent / timing.seconds, 0.0, 1.0))


def said(workload: Workload, job: Job, devices: Devices) -> tuple[tuple[str, ...], ...]:
    """By GPU, what a single inference of a language model over several machines exchanges between them."""
    mesh, none = Mesh.of(job), ((),) * len(devices.gpus)
    if job.trains or job.size > 1 or not hasattr(workload.code, "step"):
        return none
    tp, stages, gpus = (float(np.ravel(one)[0]) for one in (mesh.tp, mesh.pp, mesh.replica))
    nodes = np.broadcast_to(node_size(devices), (len(devices.gpus), 1))[:, 0]
    if tp == 1.0 or np.all(gpus <= nodes):
        return none
    count, each = _sums(workload, job, devices)
    words = (
        _words(count, float(took), (tp, stages), float(node), gpus / float(node)) if gpus > node else ""
        for took, node in zip(each, nodes, strict=True)
    )
    return tuple((one,) if one else () for one in words)


def _sums(workload: Workload, job: Job, devices: Devices) -> tuple[float, Array]:
    """All-reduces of a token, and the seconds of one over all GPUs of a replica, (G,)."""
    from whichgpu.cost.timing.engine_step import step_ops

    rows = [op for op in step_ops(workload, job, 0.0, 1.0, 1.0) if op.shard == "row"]
    took: Any = 0.0
    if rows:
        took = all_reduce(rows[0].write_bytes, Mesh.of(job).replica, devices, direct=True, captured=True)
    return float(sum(np.ravel(op.count)[0] for op in rows)), (np.zeros((len(devices.gpus), 1)) + took)[:, 0]


def _words(count: float, took: float, split: tuple[float, float], node: float, machines: float) -> str:
    """Why layers are shared in a machine, or what it costs that they are not; `split` is tp and pp."""
    (tp, stages), over = split, f"{np.ceil(machines):.0f} machines"
    waits = f"{count:.0f} all-reduces between them for each token, {show(took, 'time', 2)} each"
    if tp > node:
        return (
            f"tp {tp:g} shares each layer out over {over} and waits for {waits}; "
            f"--tp {node:g} --pp {tp / node * stages:g} keeps these inside one"
        )
    return (
        f"{stages:g} stages over {over}, as tp {stages * tp:g} would wait for {waits}, "
        "and a stage hands its states on once"
        if stages > 1.0
        else ""
    )
