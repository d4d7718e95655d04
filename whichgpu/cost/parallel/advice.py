"""What to say of a mesh that can be, and that trainers refuse or take only when they are told to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.parallel.links import node_size
from whichgpu.cost.parallel.mesh import LACKING, either, lacking, nearest
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.parallel.mesh import Mesh
    from whichgpu.workloads.job import Job


#: Families without heads of one number whose layers are cut all the same: of transformers, or tables.
_CUT = ("diffusion_dit", "recommender")


def of_mesh(
    job: Job, mesh: Mesh, stack: Runtime, devices: Devices, *, layers: Any, micro_batches: Any
) -> tuple[str, ...]:
    """The nearest degrees that suit a model, its sequences and its machines; of a sweep of jobs nothing."""
    sizes = (mesh.tp, mesh.pp, mesh.cp, micro_batches, job.degree("vp"), job.seq_len)
    if any(np.size(one) > 1 for one in sizes):
        return ()
    if job.seq_len is None:
        return tuple(_in_one_piece(job, mesh))
    tp, pp, cp, count, parts, length = (float(np.ravel(one)[0]) for one in sizes)
    said = [*_over_machines(tp, devices), *_sequences(cp, length)]
    if isinstance(layers, int) and pp > 1.0 and not stack.uneven_parts:
        said += [*_stages(layers, int(pp), parts), *_groups(count, int(pp), parts)]
    return tuple(said)


def _in_one_piece(job: Job, mesh: Mesh) -> Iterator[str]:
    """Of networks without heads, whose layers no framework cuts: convolutional ones, U-Nets."""
    workload = resolve(job.workload)
    if isinstance(workload.dims.get("heads"), int) or workload.family in _CUT:
        return
    degrees = {"tp": mesh.tp, "pp": mesh.pp}
    cut = [name for name, degree in degrees.items() if float(np.ravel(degree)[0]) > 1.0]
    if cut:
        stated = ", ".join(f"{name}={float(np.ravel(degrees[name])[0]):g}" for name in cut)
        yield (
            f"{stated}: frameworks train {workload.id} whole on each GPU, so that this is a sketch; "
            f"use {' '.join(f'--{name} 1' for name in cut)}"
        )


def _over_machines(tp: float, devices: Devices) -> Iterator[str]:
    node = float(np.max(node_size(devices)))
    if tp > node:
        yield (
            f"tp={tp:g} cuts each layer over {math.ceil(tp / node):g} machines, whose network every exchange "
            f"of a layer waits for; use tp={node:g} and stages (pp) for the rest"
        )


def _sequences(cp: float, length: float) -> Iterator[str]:
    """Each GPU has a chunk of either end of a sequence, as causal attention is as much work then on all."""
    least = 2.0 * cp
    if cp > 1.0 and length % least:
        below, above = least * (length // least), least * (length // least + 1.0)
        yield (
            f"seq_len={length:g} is no multiple of {least:g}, twice cp, into which trainers cut a sequence; "
            f"use seq_len={either([int(one) for one in (below, above) if one])}"
        )


def _stages(layers: int, stages: int, parts: float) -> Iterator[str]:
    if parts == 1.0 and lacking(layers, stages) > LACKING:
        near = [one for one in nearest(layers, stages) if one > 1]
        yield (
            f"{layers} layers do not come out even over pp={stages} stages, which Megatron-LM refuses unless "
            f"it is told how many the first and the last one have; use pp={either(near)}"
        )


def _groups(count: float, stages: int, parts: float) -> Iterator[str]:
    if parts > 1.0 and count % stages:
        below, above = stages * (count // stages), stages * (count // stages + 1.0)
        near = [int(one) for one in (below, above) if one]
        yield (
            f"{count:g} micro-batches are no multiple of pp={stages}, in groups of which interleaved stages "
            f"take them; use {either(near)} (grad_accum), or vp=1"
        )
