"""What spares the memory of a training of which the rows of a table leave that open."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from whichgpu.cost.parallel.mesh import Mesh
from whichgpu.workloads.model import is_language_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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
#: The same of experts, which are dealt out before layers run again. What is too large so is cut into stages
#: (`table/smaller.py`).
_OF_EXPERTS = (
    {"checkpointing": "full"},
    {"sharding": "zero1"}, {"sharding": "zero1", "checkpointing": "full"},
    {"ep": "8", "sharding": "zero1"}, {"ep": "8", "sharding": "zero1", "checkpointing": "full"},
)  # fmt: skip


def deals_out(
    workload: Workload, job: Job, stack: Runtime, tried: Mapping[str, str] = MappingProxyType({})
) -> bool:
    """Whether a training of experts leaves open how they and the layers are dealt out.

    Who shares weights out over all GPUs (`sharding`, or a trainer that does) has said so.
    """
    stated = {"sharding", "moe_tp"} & (job.options.keys() - tried.keys())
    whole = job.pp is None or bool(np.all(np.asarray(job.pp) == 1.0))
    return bool(workload.dims.get("experts", 0)) and whole and not stated and stack.shards != "fsdp"


def _open(closed: set[str], ways: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """Options without those that are closed, each once."""
    left = ({name: said for name, said in one.items() if name not in closed} for one in ways)
    return [one for one in (dict(each) for each in dict.fromkeys(tuple(one.items()) for one in left)) if one]


def sparing(
    workload: Workload, job: Job, stack: Runtime, left: NDArray[np.bool_], tried: Mapping[str, str]
) -> Iterator[Next]:
    """What is tried next of `_OPTIONS` that the rows leave open, each with the cells that need it.

    Those are language models that can run, and are `left` since they do not fit. Recipes that recompute
    unasked choose by themselves, as trainers do that shard.
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
    ways = _open(closed, _OF_EXPERTS if deals_out(workload, job, stack, tried) else _OPTIONS)
    for more in ways[ways.index(dict(tried)) + 1 if tried else 0 :]:
        dealt = float(more.get("ep", 1.0))
        able = (replicas > 1.0) | ("sharding" not in more)
        able &= (replicas % dealt == 0.0) & (experts % dealt == 0.0)
        if not np.any(left & able):
            continue
        yield more, np.flatnonzero(left & able)
        left = left & ~able
