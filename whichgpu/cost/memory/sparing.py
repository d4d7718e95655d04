"""What spares the memory of a training of which the rows of a table leave that open."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from whichgpu.cost.parallel.mesh import Mesh
from whichgpu.workloads.model import is_language_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

#: Options, and the cells of a sweep that are tried with them.
Next: TypeAlias = "tuple[Mapping[str, str], NDArray[np.intp]]"

#: What training a language model does as soon as memory is short, in this order, of what a row leaves open.
_OPTIONS = (
    {"checkpointing": "full"},
    {"sharding": "zero1"}, {"sharding": "zero1", "checkpointing": "full"},
    {"ep": "8", "sharding": "zero1", "checkpointing": "full"},
    {"ep": "64", "sharding": "zero1", "checkpointing": "full"},
    {"sharding": "fsdp"}, {"sharding": "fsdp", "checkpointing": "full"},
)  # fmt: skip


def sparing(
    workload: Workload, job: Job, stack: Runtime, left: NDArray[np.bool_], tried: Mapping[str, str]
) -> Iterator[Next]:
    """What is tried next of `_OPTIONS` that the rows leave open, each with the cells that need it.

    Those are language models that can run, and are `left` since they do not fit. Recipes that recompute
    unasked choose by themselves.
    """
    if not job.trains or not is_language_model(workload):
        return
    # A number of GPUs is an array where the cells differ in it.
    replicas = np.asarray(job.n_gpus, dtype=np.float64) / Mesh.of(job).replica
    experts = workload.dims.get("experts", 0)
    closed = {key for key in ("checkpointing", "sharding", "ep") if key in job.options and key not in tried}
    closed |= {"checkpointing"} if stack.recomputes(experts=bool(experts)) else set()
    closed |= {"sharding"} if stack.shards else set()
    closed |= set() if experts and "moe_tp" not in job.options else {"ep"}
    for more in _OPTIONS[_OPTIONS.index(dict(tried)) + 1 if tried else 0 :]:
        dealt = float(more.get("ep", 1.0))
        able = (replicas > 1.0) | ("sharding" not in more)
        able &= (replicas % dealt == 0.0) & (experts % dealt == 0.0)
        if closed & more.keys() or not np.any(left & able):
            continue
        yield more, np.flatnonzero(left & able)
        left = left & ~able
