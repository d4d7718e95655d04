"""How several GPUs share a job out where it does not say: heads by tensor parallelism, layers by stages."""

from __future__ import annotations

from dataclasses import replace
from math import gcd
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from whichgpu.cost.layout import settle
from whichgpu.cost.mesh import Mesh as Degrees
from whichgpu.cost.pipeline import splits_layers
from whichgpu.errors import UsageError
from whichgpu.planner.capacity.cards import cards

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.cost.layout import Settled
    from whichgpu.workloads.job import Job

#: GPUs of a machine, beyond which layers are dealt out over machines.
_NODE = 8
#: Options that only a job of several replicas, or of several GPUs, can have.
_OF_REPLICAS = ("ep", "moe_tp", "global_batch")
_OF_SEVERAL = (*_OF_REPLICAS, "cp", "attention_dp")
#: Numbers of GPUs that are tried: within a machine any, beyond it whole machines.
COUNTS = (*range(2, _NODE + 1), *(_NODE * n for n in (2, 3, 4, 6, 8, 12, 16, 32, 64, 128)))


class Mesh(NamedTuple):
    """GPUs of a replica: `tp` share each layer, `pp` share the layers out."""

    n: int
    tp: int
    pp: int

    @property
    def how(self) -> str:
        """The options that say so: `--tp 8 --pp 2`."""
        degrees = (("--tp", self.tp), ("--pp", self.pp))
        return " ".join(f"{name} {value}" for name, value in degrees if value > 1)


def splits(settled: Settled) -> bool:
    """Whether several GPUs can hold one copy of the model: language models, in any phase."""
    return hasattr(settled.workload.code, "step")


def _replica(job: Job) -> Settled:
    """One replica of a job, whatever the number of GPUs."""
    options = {name: value for name, value in job.options.items() if name not in _OF_REPLICAS}
    return settle(replace(job, n_gpus=None, options=options))


def check(asked: Job) -> None:
    """Refuse degrees that heads or layers do not divide by, with the nearest that do; raises `UsageError`."""
    settled = _replica(asked)
    for name, column, what in (("tp", "heads", "attention heads"), ("pp", "layers", "layers")):
        count, stated = _dimension(settled, column), getattr(asked, name)
        if stated is None or count is None or (name == "pp" and _uneven(settled)):
            continue
        for degree in np.unique(np.asarray(stated)):
            if count % degree:
                raise UsageError(
                    f"{name}={degree:g}: {settled.workload.id} has {count} {what}, which do not divide by "
                    f"it; use --{name} {_or(_nearest(count, degree))}"
                )


def _uneven(settled: Settled) -> bool:
    """Whether stages may have different numbers of layers."""
    return splits_layers(settled.runtime) or settled.runtime.id in cards()["uneven"]


def place(job: Job, counts: Sequence[int]) -> Job:
    """The job on each of several numbers of GPUs, as one sweep over them.

    A job that states `tp` or `pp` keeps them; one GPU then means as many as they take. Raises `UsageError`
    for a number of GPUs that cannot share it out.
    """
    settled = _replica(job)
    replica = float(np.max(Degrees.of(settled.job).replica))
    if job.tp is not None or job.pp is not None or settled.job.trains or not splits(settled):
        numbers = [float(count) if count > 1 else replica for count in counts]
        return replace(job, n_gpus=np.array(numbers), tp=job.tp or 1.0, pp=job.pp or 1.0)
    # Groups that attend to sequences of their own share heads and layers out each.
    found = [_mesh(settled, count, groups=int(replica)) for count in counts]
    degrees: dict[str, Any] = {
        name: np.array([float(getattr(one, name)) for one in found]) for name in ("tp", "pp")
    }
    return replace(job, n_gpus=np.array([float(max(count, replica)) for count in counts]), **degrees)


def single(job: Job) -> Job:
    """The job on one GPU, or on as many as its own `tp` and `pp` take, without what only several have."""
    options = {name: value for name, value in job.options.items() if name not in _OF_SEVERAL}
    return place(replace(job, n_gpus=None, options=options), [1])


def _mesh(settled: Settled, count: int, groups: int) -> Mesh:
    found = mesh(settled, max(count // groups, 1))
    if found is None:
        near = [n for n in (*range(count - 1, 0, -1), *range(count + 1, 2 * count + 1)) if mesh(settled, n)]
        heads, layers = _dimension(settled, "heads"), _dimension(settled, "layers")
        raise UsageError(
            f"{count} GPUs cannot share {settled.workload.id} evenly: it has {heads} heads and {layers} "
            f"layers; use {_or(sorted(near[:1] + [n for n in near if n > count][:1]))} GPUs"
        )
    return found


def mesh(settled: Settled, count: int) -> Mesh | None:
    """The mesh of a replica of `count` GPUs; None where they cannot share it evenly.

    As much tensor parallelism as a machine holds, and stages beyond; over several machines where layers do
    not divide by stages.
    """
    heads, layers = _dimension(settled, "heads"), _dimension(settled, "layers")
    if splits_layers(settled.runtime):
        return Mesh(count, 1, count) if layers is None or count <= layers else None
    shared = gcd(count, heads) if heads else count
    inside = sorted((n for n in range(1, min(shared, _NODE) + 1) if shared % n == 0), reverse=True)
    for tp in inside:
        pp = count // tp
        if pp == 1 or (layers and layers % pp == 0):
            return Mesh(count, tp, pp)
    return Mesh(count, count, 1) if shared == count else None


def meshes(settled: Settled, most: int = 64) -> Iterator[Mesh]:
    """Meshes of growing numbers of GPUs, of those numbers that can share the job out."""
    found = (mesh(settled, count) for count in COUNTS if count <= most)
    return (one for one in found if one is not None)


def stages(settled: Settled) -> tuple[int, ...]:
    """Numbers of stages that the layers divide by, 2 to 8; any of them where the runtime splits unevenly."""
    layers = _dimension(settled, "layers")
    if layers is None:
        return ()
    return tuple(n for n in range(2, _NODE + 1) if n <= layers and (_uneven(settled) or layers % n == 0))


def _dimension(settled: Settled, name: str) -> int | None:
    value: Any = settled.workload.dims.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _nearest(count: int, degree: float) -> list[int]:
    """The divisors of a count on either side of a degree."""
    divisors = [n for n in range(1, count + 1) if count % n == 0]
    below = [n for n in divisors if n < degree][-1:]
    return below + [n for n in divisors if n > degree][:1]


def _or(numbers: Sequence[int]) -> str:
    return " or ".join(map(str, numbers))
