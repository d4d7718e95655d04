"""How the GPUs of a job are dealt out: tensor, pipeline, context, expert and data parallelism.

A replica is the GPUs that hold one copy of the model's attention; the rest of the GPUs are replicas
beside it. Experts may be spread wider than the rest: in serving over the ranks of data-parallel
attention, in training over the replicas.
"""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.arrays import distinct
from whichgpu.errors import SomeRefused, UsageError
from whichgpu.values import immutable, remembered
from whichgpu.workloads.ops import every, some

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]


#: Layers that the ends of a model may lack; embedding, head and prediction take their place.
LACKING = 3


def _array(value: Any) -> Array:
    return np.asarray(value, dtype=np.float64)


@immutable
class Mesh:
    """Degrees of parallelism, each a number or an array over the job axis.

    `ep` GPUs deal the experts out whole, and `moe_tp` GPUs cut each of them; `attention_dp` groups of a
    serving replica attend to sequences of their own; `cp` GPUs share a sequence out, in training and of what
    a diffusion model works on.
    """

    tp: Array
    pp: Array
    cp: Array
    ep: Array
    moe_tp: Array
    attention_dp: Array

    @classmethod
    def of(cls, job: Job) -> Mesh:
        """The mesh of a job with `tp` and `pp` filled in; experts follow the rest where nothing is said."""
        return _of(job)

    @property
    def replica(self) -> Array:
        """GPUs that serve, or train, one set of sequences together."""
        return self.tp * self.pp * self.cp * self.attention_dp

    @property
    def pooled(self) -> Array:
        """Token sets of one training replica's GPU that meet at its experts: `ep` is over the replicas."""
        return self.ep * self.moe_tp / self.tp

    def expert_replicas(self, job: Job) -> Array:
        """GPUs of a training that hold the same experts: fewer than replicas, where `ep` deals those out."""
        return np.asarray(np.maximum(_array(job.n_gpus) / (self.pp * self.experts_apart), 1.0))

    @property
    def experts_apart(self) -> Array:
        """GPUs from one that holds some experts to the next that holds the same."""
        return np.where((self.ep > 1.0) | (self.moe_tp > 1.0), self.ep * self.moe_tp, self.tp)

    def check(self, workload: Workload, job: Job, *, uneven: bool = False) -> None:
        """Refuse a mesh that cannot be, naming what binds and what would do.

        `uneven`: parts of a pipeline may have a layer more than others (`Runtime.uneven_parts`).
        """
        gpus, replica = _array(job.n_gpus), self.replica
        for name in ("tp", "pp", "cp"):
            _whole_degree(name, getattr(self, name))
        if some(replica > gpus):
            parts = {"tp": self.tp, "pp": self.pp, "cp": self.cp, "attention_dp": self.attention_dp}
            product = " times ".join(f"{k}={v.max():g}" for k, v in parts.items() if np.any(v > 1))
            alone = [k for k, v in parts.items() if np.any(v > 1)]
            less = f"{alone[0]}={gpus.min():g}" if len(alone) == 1 else "less parallelism"
            raise UsageError(
                f"{product} needs at least as many GPUs; n_gpus={gpus.min():g}; ask for "
                f"{replica.max():g} of them (--gpu NAME:{replica.max():g}), or for {less}"
            )
        # No number of GPUs helps a model that cannot be cut so.
        self._check_heads(workload, gpus * self.tp / replica)
        if job.trains or job.phase == "serve":
            parts = {"tp": self.tp, "pp": self.pp, **({"cp": self.cp} if job.trains else {})}
            if some(self.attention_dp > 1.0):
                parts["attention_dp"] = self.attention_dp
            _whole_replicas(gpus, replica, parts, workload.dims)
        layers = workload.dims.get("layers")
        if isinstance(layers, int) and some(self.pp > layers):
            raise UsageError(
                f"pp={self.pp.max():g} stages, but {workload.id} has {layers:g} layers; use pp={layers:g}"
            )
        if isinstance(layers, int) and job.trains:
            _whole_parts(self.pp, _array(job.degree("vp")), layers, workload.id, uneven=uneven)
        self._check_experts(workload, job)

    def _check_heads(self, workload: Workload, gpus: Array) -> None:
        """A head is kept whole; raises `SomeRefused` with the reason of each job that would cut one."""
        if not hasattr(workload.code, "step"):
            return
        bad = {one for one in distinct(self.tp) if one > 1 and not cuts(workload.dims, int(one))}
        if not bad:
            return
        jobs = np.stack(np.broadcast_arrays(self.tp, gpus)).reshape(2, -1).T.tolist()
        known = {one: _uncut(workload, int(one[0]), int(one[1])) if one[0] in bad else "" for one in
                 dict.fromkeys(map(tuple, jobs))}  # fmt: skip
        whys = [known[tuple(one)] for one in jobs]
        raise SomeRefused(_uncut(workload, int(min(bad)), int(gpus.min())), whys)

    def _check_experts(self, workload: Workload, job: Job) -> None:
        experts = workload.dims.get("experts", 0)
        if not experts and some(self.attention_dp > 1.0):
            raise UsageError(
                f"attention_dp={self.attention_dp.max():g}: {workload.id} has no experts for groups of "
                f"attention to meet at; leave it out: with --tp {self.tp.max():g}, GPUs beyond run replicas"
            )
        if experts and not job.trains and "moe_tp" in job.options and "ep" not in job.options:
            _deals_evenly("moe_tp", self.moe_tp, self.tp * self.attention_dp)
        columns = _whole(workload.dims, "expert_ffn")
        if columns and job.trains and "moe_tp" in job.options:
            divides("moe_tp", self.moe_tp, columns, f"an expert of {workload.id} has {columns} columns",
                    how="moe_tp=")  # fmt: skip
        if every(self.ep == 1.0):
            return
        if not experts:
            raise UsageError(
                f"{workload.id} has no experts to share out; leave the options ep and moe_tp out"
            )
        if np.any(self.ep > experts):
            raise UsageError(
                f"ep={self.ep.max():g}, but {workload.id} has {experts:g} experts; use ep={experts:g} or less"
            )
        if job.trains:
            # Servers hold some experts twice where they do not divide.
            divides("ep", self.ep, experts, f"{workload.id} has {experts} experts", how="ep=")
        have = _array(job.n_gpus) / self.pp if job.trains else self.tp * self.attention_dp
        if np.any(self.ep * self.moe_tp > have):
            raise UsageError(
                f"ep={self.ep.max():g} times moe_tp={self.moe_tp.max():g} is more than the "
                f"{have.min():g} GPUs that the experts of a layer lie on; {_wider(job, have.min())}"
            )
        if not job.trains and "moe_tp" not in job.options:
            _deals_evenly("ep", self.ep, have)


def _whole_degree(name: str, degree: Array) -> None:
    """Refuse a degree that is no whole number."""
    bad = [one for one in distinct(degree) if one % 1.0]
    if bad:
        near = [int(one) for one in (bad[0] // 1.0, bad[0] // 1.0 + 1.0) if one >= 1.0]
        raise UsageError(f"{name}={bad[0]:g} is no whole number of GPUs; use {name}={either(near)}")


def _deals_evenly(name: str, degree: Array, have: Array) -> None:
    """Refuse a degree of experts that leaves some GPUs of a layer out."""
    for one, gpus in zip(*map(np.ravel, np.broadcast_arrays(degree, have)), strict=True):
        divides(name, one, int(gpus), f"the experts of a layer lie on {gpus:g} GPUs", how=f"{name}=")


def _wider(job: Job, have: float) -> str:
    """What to write for experts on more GPUs."""
    if job.trains:
        return f"use ep={have:g} or less, or fewer stages"
    return f"use ep={have:g} or less, or groups of attention over as many GPUs (attention_dp times tp)"


def cuts(dims: Mapping[str, Any], degree: int) -> bool:
    """Whether so many GPUs can cut every layer: they share its heads evenly, those of keys and values too.

    A head of keys and values is kept whole, so that several GPUs have copies of it where there are fewer.
    """
    heads, kept = _whole(dims, "heads"), _whole(dims, "kv_heads")
    if not heads:
        return True
    kept = kept or heads
    return heads % degree == 0 and (kept % degree == 0 or degree % kept == 0)


def _whole(dims: Mapping[str, Any], name: str) -> int:
    value = dims.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _uncut(workload: Workload, degree: int, gpus: int) -> str:
    """Why a degree of tensor parallelism cannot be, with the nearest that can, on these GPUs or on others."""
    heads, kept = _whole(workload.dims, "heads"), _whole(workload.dims, "kv_heads")
    what = f"{heads} attention heads" + (f" and {kept} of keys and values" if heads % degree == 0 else "")
    able = [n for n in range(1, heads + 1) if cuts(workload.dims, n)]
    here = [n for n in able if gpus % n == 0]
    able, where = (here, "") if len(here) > 1 else (able, ", on a multiple of so many GPUs")
    near = [n for n in able if n < degree][-1:] + [n for n in able if n > degree][:1]
    return f"tp={degree}: {workload.id} has {what}, which do not divide by it; use --tp {either(near)}{where}"


def lacking(layers: int, parts: int) -> int:
    """Layers that so many equal parts have room for beyond those there are."""
    return -layers % parts


def _whole_parts(pp: Array, vp: Array, layers: int, name: str, *, uneven: bool) -> None:
    """Refuse an interleaved pipeline whose stages have more parts than layers, or parts that come out uneven.

    Where a trainer deals layers out as they come, parts may be `uneven`.
    """
    if every(vp == 1.0):
        return
    for stages, parts in np.nditer(np.broadcast_arrays(pp, vp)):
        each = -(-layers // int(stages))
        if parts > each:
            raise UsageError(
                f"vp={parts:g}: of {layers} layers of {name} a stage of pp={stages:g} has {each}; "
                f"use vp={each} or less"
            )
        if not uneven:
            check_parts(layers, int(stages), int(parts), name)


def check_parts(layers: int, stages: int, parts: int, name: str) -> None:
    """Refuse so many groups of layers a stage where they do not come out even, with the nearest that do."""
    if parts == 1 or lacking(layers, stages * parts) <= LACKING:
        return
    able = [n for n in range(1, layers // stages + 1) if n == 1 or lacking(layers, stages * n) <= LACKING]
    near = [n for n in able if n < parts][-1:] + [n for n in able if n > parts][:1]
    raise UsageError(
        f"vp={parts}: {layers} layers of {name} are not dealt out evenly in {stages} x {parts} parts; "
        f"use vp={' or '.join(map(str, near))}"
    )


def most_parts(layers: int, stages: int) -> int:
    """Into how many groups of layers each of so many stages of an interleaved pipeline can be cut at most."""
    able = range(2, -(-layers // stages) + 1)
    return max((n for n in able if lacking(layers, stages * n) <= LACKING), default=1)


def _whole_replicas(gpus: Array, replica: Array, parts: Mapping[str, Array], dims: Mapping[str, Any]) -> None:
    """Refuse GPUs that are left over beside whole replicas, with the nearest numbers that leave none."""
    if not some(gpus % replica):
        return
    of = " times ".join(parts)
    for n, size, *degrees in np.nditer(np.broadcast_arrays(gpus, replica, *parts.values())):
        if n % size:
            few = size * (n // size)
            ways = _other_degrees(int(n), int(size), dict(zip(parts, map(int, degrees), strict=True)), dims)
            raise UsageError(
                f"a replica has {size:g} GPUs ({of}), and n_gpus={n:g} is no multiple of it; "
                f"use {few:g} or {few + size:g} GPUs{ways}"
            )


def _other_degrees(n: int, size: int, degrees: Mapping[str, int], dims: Mapping[str, Any]) -> str:
    """`, or on 64 --pp 4 or 8`: the one degree that, changed to its nearest, leaves no GPU over."""
    for name in ("cp", "pp", "tp"):
        now = degrees.get(name, 1)
        rest = size // now
        able = [k for k in range(1, n // rest + 1) if n % (rest * k) == 0 and _divides(name, k, dims)]
        near = [k for k in able if k < now][-1:] + [k for k in able if k > now][:1]
        if now > 1 and near:
            typed = "--option cp=" if name == "cp" else f"--{name} "
            return f", or on {n} {typed}{either(near)}"
    return ""


@remembered(8)
def _of(job: Job) -> Mesh:
    tp, pp = _array(job.tp), _array(job.pp)
    dp = _array(job.degree("attention_dp"))
    cp = _array(job.degree("cp") if job.trains or job.steps is not None else 1.0)
    ep = _array(job.degree("ep"))
    width = tp if job.trains else tp * dp
    if "moe_tp" in job.options:
        moe_tp = _array(job.degree("moe_tp"))
        # A stated width without `ep` leaves the other GPUs to deal experts out.
        ep = ep if "ep" in job.options else np.maximum(width / moe_tp, 1.0)
    else:
        moe_tp = np.where(ep > 1.0, 1.0, width) if job.trains else np.maximum(width / ep, 1.0)
    return Mesh(tp, pp, cp, ep, moe_tp, dp)


def _divides(name: str, degree: int, dims: Mapping[str, Any]) -> bool:
    """Whether a model can be cut so; a sequence can be in any number of parts."""
    if name == "tp":
        return cuts(dims, degree)
    return name == "cp" or not _whole(dims, "layers") or degree <= _whole(dims, "layers")


def divides(name: str, degree: Any, count: int, what: str, *, how: str, room: int = 0) -> None:
    """Refuse a degree that does not divide a count, with the nearest that do; raises `UsageError`.

    `how` is what is typed before a degree: `--tp `. What is named divides `room` as well, if there is any:
    degrees that the GPUs have room for.
    """
    for one in distinct(_array(degree)):
        if one > 0 and count % one:
            near = either(nearest(gcd(count, room) if room else count, one))
            raise UsageError(f"{name}={one:g}: {what}, which do not divide by it; use {how}{near}")


def nearest(count: int, degree: float) -> list[int]:
    """The divisors of a count on either side of a degree."""
    divisors = [n for n in range(1, count + 1) if count % n == 0]
    below = [n for n in divisors if n < degree][-1:]
    return below + [n for n in divisors if n > degree][:1]


def either(numbers: Sequence[int]) -> str:
    """`2 or 4`."""
    return " or ".join(map(str, numbers))


def shares_tokens(job: Job) -> bool:
    """Whether tensor-parallel GPUs share the tokens out between their products, as all trainers do now."""
    return job.options.get("sequence_parallel", "").strip().lower() not in ("false", "0", "no", "none")
