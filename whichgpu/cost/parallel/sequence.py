"""Sequence parallelism of diffusion transformers: GPUs share out the tokens of one picture or video.

Each has all weights and a share of the tokens. Around self-attention queries, keys, values and what it
gives change places, so that a GPU has some heads of all tokens (Jacobs et al., "DeepSpeed Ulysses", 2023;
as xDiT and the programs of Wan and HunyuanVideo run it). Text encoder and autoencoder run whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.parallel.links import all_to_all
from whichgpu.errors import UsageError
from whichgpu.workloads.ops import changed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]

#: The networks whose tokens are shared out: two of Wan 2.2, in turn.
_NETWORK = "transformer"
#: Which dimension counts the tokens, or what stands for them, of each kind of op.
_TOKENS = {"gemm": "m", "norm": "elements", "pointwise": "elements", "copy": "elements", "attention": "heads"}
#: Queries, keys, values and what attention gives, 16 bits each.
_CHANGING_PLACES = 4.0 * 2.0


def by_runtime(job: Job, workload: Workload, stack: Runtime) -> tuple[Job, tuple[str, ...]]:
    """A job whose software puts all its GPUs on one picture, where it does not say how they share it."""
    cut = any(one is not None and np.any(np.asarray(one) > 1.0) for one in (job.tp, job.pp))
    stated = cut or "cp" in job.options
    if not stack.holds.get("shares_tokens") or job.n_gpus is None or stated or job.trains:
        return job, ()
    if workload.family != "diffusion_dit" or np.all(np.asarray(job.n_gpus) == 1.0):
        return job, ()
    cp: Any = job.n_gpus if isinstance(job.n_gpus, np.ndarray) else f"{job.n_gpus:g}"
    words = "its GPUs share the tokens of each picture out, as this software does; option cp=1 for none"
    return job.changed(options={**job.options, "cp": cp}), (words,)


def shared_out(
    workload: Workload, ops: tuple[Op, ...], cp: Array, devices: Devices
) -> tuple[tuple[Op, ...], Array]:
    """What each of `cp` GPUs does of a pass, and the seconds in which their parts change places.

    Raises `UsageError` for a network whose maps are no sequence of tokens.
    """
    none = np.zeros((1, 1))
    if np.all(cp == 1):
        return ops, none
    if not any(op.layer.startswith(_NETWORK) for op in ops):
        raise UsageError(
            f"cp={np.max(cp):g}: {workload.id} is no diffusion transformer, whose tokens GPUs could share; "
            "leave it out: each GPU then makes pictures of its own"
        )
    return tuple(_share(op, cp) for op in ops), sum((_exchange(op, cp, devices) for op in ops), none)


def _share(op: Op, cp: Array) -> Op:
    name = _TOKENS.get(op.kind, "")
    if not op.layer.startswith(_NETWORK) or name not in op.dims:
        return op
    names = (name, "kv_heads") if op.kind == "attention" else (name,)
    dims = {**op.dims, **{one: op.dims[one] / cp for one in names}}
    return changed(op, dims=dims, flops=op.flops / cp,
                   read_bytes=op.read_bytes / cp, write_bytes=op.write_bytes / cp,
                   kv_bytes=op.kv_bytes / cp)  # fmt: skip


def _exchange(op: Op, cp: Array, devices: Devices) -> Any:
    """Seconds before and behind an op that attends to all tokens; none where it attends to the text."""
    d = op.dims
    if op.kind != "attention" or not op.layer.startswith(_NETWORK):
        return 0.0
    size = _CHANGING_PLACES * d["batch"] * d["heads"] * d["q"] * d["head_dim"]
    return np.where(np.equal(d["q"], d["kv"]), op.count * all_to_all(size / cp, cp, devices), 0.0)
