"""How several GPUs share a job out where it does not say: heads by tensor parallelism, layers by stages."""

from __future__ import annotations

from dataclasses import replace
from math import gcd
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.job.placing import COUNTS, NODE, Share, dimension, share, shared
from whichgpu.cost.job.settling import settle
from whichgpu.cost.parallel.mesh import Mesh as Degrees
from whichgpu.cost.parallel.mesh import divides
from whichgpu.cost.parallel.pipeline import splits_layers
from whichgpu.planner.capacity.cards import cards
from whichgpu.workloads.adapters import PHASES as ADAPTER_PHASES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.cost.job.settling import Settled
    from whichgpu.workloads.job import Job

#: Options that only a job of several replicas, or of several GPUs, can have.
_OF_REPLICAS = ("ep", "moe_tp", "global_batch")
_OF_SEVERAL = (*_OF_REPLICAS, "cp", "attention_dp")
#: GPUs of a replica.
Mesh = Share


def splits(settled: Settled) -> bool:
    """Whether several GPUs can hold one copy of the model: language models, in any phase."""
    return hasattr(settled.workload.code, "step")


def cuts_layers(settled: Settled) -> bool:
    """Whether a job's software cuts each layer of its model over GPUs.

    What trains adapters does not, but for Megatron: neither PEFT's layers nor bitsandbytes' weights are cut.
    """
    return settled.job.phase not in ADAPTER_PHASES or settled.runtime.id in cards()["cuts_adapters"]


def _replica(job: Job) -> Settled:
    """One replica of a job, whatever the number of GPUs."""
    options = {name: value for name, value in job.options.items() if name not in _OF_REPLICAS}
    return settle(replace(job, n_gpus=None, options=options))


def check(asked: Job, counts: Sequence[int] = ()) -> Settled:
    """Refuse degrees that heads or layers do not divide by, with the nearest that do; raises `UsageError`.

    Gives one replica of the job, as `place` and `single` take it. Stages that are named instead are those
    for which all the numbers of GPUs, `counts`, have room; one GPU stands for as many as a job takes.
    """
    settled = _replica(asked)
    layers = dimension(settled.workload, "layers")
    if asked.pp is not None and layers is not None and not _uneven(settled):
        what = f"{settled.workload.id} has {layers} layers"
        divides("pp", asked.pp, layers, what, how="--pp ", room=_room(asked, counts))
    return settled


def _room(asked: Job, counts: Sequence[int]) -> int:
    """Stages that these numbers of GPUs have room for beside a job's `tp`, or a divisor of it; 0 for any."""
    tp = int(np.max(np.asarray(asked.tp or 1)))
    several = [count for count in counts if count > 1]
    return gcd(*several) // tp if all(count % tp == 0 for count in several) else 0


def _uneven(settled: Settled) -> bool:
    """Whether stages may have different numbers of layers."""
    return splits_layers(settled.runtime) or settled.runtime.id in cards()["uneven"]


def place(job: Job, counts: Sequence[int], checked: Settled | None = None) -> Job:
    """The job on each of several numbers of GPUs, as one sweep over them; `checked` is what `check` gave.

    A job that states `tp` or `pp` keeps them; one GPU then means as many as they take. Raises `UsageError`
    for a number of GPUs that cannot share it out.
    """
    settled = checked or _replica(job)
    replica = float(np.max(Degrees.of(settled.job).replica))
    if job.tp is not None or job.pp is not None or settled.job.trains or not splits(settled):
        numbers = [float(count) if count > 1 else replica for count in counts]
        return replace(job, n_gpus=np.array(numbers), tp=job.tp or 1.0, pp=job.pp or 1.0)
    # Groups that attend to sequences of their own share heads and layers out each.
    found = [shared(settled.workload, settled.runtime, max(count // int(replica), 1)) for count in counts]
    degrees: dict[str, Any] = {
        name: np.array([float(getattr(one, name)) for one in found]) for name in ("tp", "pp")
    }
    return replace(job, n_gpus=np.array([float(max(count, replica)) for count in counts]), **degrees)


def single(job: Job, checked: Settled | None = None) -> Job:
    """The job on one GPU, or on as many as its own `tp` and `pp` take, without what only several have."""
    options = {name: value for name, value in job.options.items() if name not in _OF_SEVERAL}
    same = checked if len(options) == len(job.options) else None
    return place(replace(job, n_gpus=None, options=options), [1], same)


def mesh(settled: Settled, count: int) -> Mesh | None:
    """The mesh of a replica of `count` GPUs; None where they cannot share it evenly."""
    return share(settled.workload, settled.runtime, count)


def meshes(settled: Settled, most: int = 64) -> Iterator[Mesh]:
    """Meshes of growing numbers of GPUs, of those numbers that can share the job out."""
    found = (mesh(settled, count) for count in COUNTS if count <= most)
    return (one for one in found if one is not None)


def typed_mesh(one: Mesh, job: Job) -> str:
    """What to type behind a job for a mesh: degrees over 1, and 1 where the job states more."""

    def stated(name: str) -> bool:
        value = getattr(job, name)
        return value is not None and np.ndim(value) == 0 and value > 1

    degrees = (("tp", one.tp), ("pp", one.pp))
    return " ".join(f"--{name} {value}" for name, value in degrees if value > 1 or stated(name))


def stages(settled: Settled) -> tuple[int, ...]:
    """Numbers of stages that the layers divide by, 2 to 8; any of them where the runtime splits unevenly."""
    layers = dimension(settled.workload, "layers")
    if layers is None:
        return ()
    return tuple(n for n in range(2, NODE + 1) if n <= layers and (_uneven(settled) or layers % n == 0))
