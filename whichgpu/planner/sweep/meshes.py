"""Every way to deal a training job out over a cluster, as arrays: one column a strategy.

Letters: tp tensor, pp pipeline, cp context, ep expert parallelism; vp groups of layers a stage; N GPUs.
What must hold: tp cp pp divides N; tp divides the heads; the stages have equally many layers but for a
few (embedding and head are dealt out like layers); the micro-batches of the replicas make the global batch;
an interleaved pipeline takes a whole number of them for each of its stages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.parallel.mesh import LACKING, check_parts, cuts, lacking
from whichgpu.errors import UsageError
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from whichgpu.planner.sweep.request import Request
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]

#: Fewer tokens of a sequence on a GPU than this, or more GPUs for one, is never worth it.
_LEAST_TOKENS = 4096
#: The largest micro-batch that is tried.
_LARGEST = 64
#: Meshes beyond these are not tried: a layer cut thinner computes nothing but exchanges.
_MOST = {"tp": 64, "cp": 64, "ep": 512}


class Meshes(NamedTuple):
    """Strategies, each column an array over them."""

    tp: Array
    pp: Array
    cp: Array
    ep: Array
    vp: Array
    batch: Array


class Shape(NamedTuple):
    """What of a workload and a cluster limits a mesh; 0 where nothing does."""

    name: str
    gpus: int
    node: int
    heads: int
    layers: int
    experts: int
    tokens: int
    global_batch: int
    kv_heads: int = 0


def shape(request: Request, workload: Workload, node: int) -> Shape:
    """The limits of a request on machines (or NVLink domains) of `node` GPUs."""
    dims, job = workload.dims, request.job
    split = hasattr(workload.code, "step")
    return Shape(
        workload.id, request.count, node, _whole(dims.get("heads")) if split else 0,
        _whole(dims.get("layers")) if split else 0, _whole(dims.get("experts")) if split else 0,
        int(job.seq_len) if split and job.seq_len is not None else 0, int(request.global_batch),
        _whole(dims.get("kv_heads")) if split else 0,
    )  # fmt: skip


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def meshes(limits: Shape, fixed: Mapping[str, int]) -> Meshes:
    """Every mesh within the limits, `fixed` degrees as they are; raises `UsageError` where there is none."""
    _check(limits, fixed)
    rows = list(_rows(limits, fixed))
    if not rows:
        raise UsageError(_none(limits, fixed))
    return Meshes(*np.array(rows, dtype=np.float64).T)


def _rows(limits: Shape, fixed: Mapping[str, int]) -> Iterator[tuple[int, ...]]:
    for tp in _tensor(limits, fixed):
        for pp in _stages(limits, fixed, tp):
            for cp in _context(limits, fixed, tp * pp):
                replicas = limits.gpus // (tp * pp * cp)
                for ep in _expert(limits, fixed, pp):
                    for batch in _batches(limits, fixed, replicas):
                        count = limits.global_batch // (replicas * batch)
                        for vp in _chunks(limits, fixed, pp, count):
                            yield tp, pp, cp, ep, vp, batch


def _tensor(limits: Shape, fixed: Mapping[str, int]) -> list[int]:
    most = min(limits.node, _MOST["tp"], limits.gpus) if limits.heads else 1
    return _one(fixed, "tp") or [n for n in divisors(limits.gpus) if n <= most and _cuts(limits, n)]


def _cuts(limits: Shape, degree: int) -> bool:
    return cuts({"heads": limits.heads, "kv_heads": limits.kv_heads}, degree)


def _stages(limits: Shape, fixed: Mapping[str, int], taken: int) -> list[int]:
    if limits.gpus % taken:
        return []
    left = divisors(limits.gpus // taken)
    if "pp" in fixed:
        return [n for n in left if n == fixed["pp"]]
    return [n for n in left if n == 1 or (n <= limits.layers and lacking(limits.layers, n) <= LACKING)]


def _context(limits: Shape, fixed: Mapping[str, int], taken: int) -> list[int]:
    left = divisors(limits.gpus // taken)
    if "cp" in fixed:
        return [n for n in left if n == fixed["cp"]]
    most = min(limits.tokens // _LEAST_TOKENS, _MOST["cp"])
    return [n for n in left if n == 1 or (n <= most and limits.tokens % (2 * n) == 0)]


def _expert(limits: Shape, fixed: Mapping[str, int], pp: int) -> list[int]:
    have = limits.gpus // pp
    if "ep" in fixed:
        return [fixed["ep"]] if have % fixed["ep"] == 0 else []
    return [
        n
        for n in divisors(have)
        if n == 1 or (n <= _MOST["ep"] and limits.experts and limits.experts % n == 0)
    ]


def _batches(limits: Shape, fixed: Mapping[str, int], replicas: int) -> list[int]:
    if limits.global_batch % replicas:
        return []
    each = limits.global_batch // replicas
    if "batch" in fixed:
        return [fixed["batch"]] if each % fixed["batch"] == 0 else []
    return [n for n in divisors(each) if n <= _LARGEST]


def _chunks(limits: Shape, fixed: Mapping[str, int], pp: int, count: int) -> list[int]:
    if "vp" in fixed and (pp > 1 or "pp" in fixed):
        return [fixed["vp"]] if fixed["vp"] in _groups(limits, pp) else []
    if "vp" in fixed and fixed["vp"] > 1:
        # One stage has nothing to interleave.
        return []
    if pp == 1 or count % pp:
        return [1]
    return _groups(limits, pp)


def _groups(limits: Shape, pp: int) -> list[int]:
    """Into how many groups of layers a stage can be cut.

    As stages, groups come out even but for a few: 126 layers in 8 x 8 groups of 2.
    """
    most = max(-(-limits.layers // pp), 1)
    return [n for n in range(1, most + 1) if n == 1 or lacking(limits.layers, pp * n) <= LACKING]


def _one(fixed: Mapping[str, int], name: str) -> list[int]:
    return [fixed[name]] if name in fixed else []


def divisors(number: int) -> list[int]:
    """The divisors of a number, ascending."""
    small = [n for n in range(1, int(number**0.5) + 1) if number % n == 0]
    return sorted({*small, *(number // n for n in small)})


def _check(limits: Shape, fixed: Mapping[str, int]) -> None:
    """Refuse a degree that cannot be, with the nearest that can."""
    for name, what, whole in (
        ("tp", "attention heads", limits.heads), ("ep", "experts", limits.experts),
        ("pp", "layers", limits.layers),
    ):  # fmt: skip
        asked = fixed.get(name, 1)
        if asked == 1:
            continue
        if not whole:
            raise UsageError(
                f"{name}={asked}, but {limits.name} has no {what} to share out; leave {name} out"
            )
        fits = lacking(whole, asked) <= LACKING and asked <= whole if name == "pp" else whole % asked == 0
        kept = name == "tp" and fits and not _cuts(limits, asked)
        if kept or not fits:
            beside = f" with {limits.kv_heads} of keys and values" if kept else ""
            raise UsageError(
                f"{name}={asked} does not divide the {whole} {what}{beside} of {limits.name}; use {name}="
                f"{nearest(asked, _able(limits, name, whole))}"
            )
    if fixed.get("pp", 1) > 1:
        check_parts(limits.layers, fixed["pp"], fixed.get("vp", 1), limits.name)
    cp = fixed.get("cp", 1)
    if cp > 1 and (not limits.tokens or limits.tokens % (2 * cp)):
        able = [n for n in divisors(limits.tokens) if limits.tokens % (2 * n) == 0] or [1]
        raise UsageError(
            f"cp={cp} does not divide a sequence of {limits.tokens} tokens into 2 cp parts; use "
            f"cp={nearest(cp, able)}"
        )
    replica = fixed.get("tp", 1) * fixed.get("pp", 1) * cp
    if limits.gpus % replica:
        below = limits.gpus // replica * replica
        counts = [n for n in (below, below + replica) if n]
        raise UsageError(
            f"a replica of {replica} GPUs does not divide {limits.gpus}; use "
            f"{' or '.join(map(str, counts))} GPUs, or a replica of {nearest(replica, divisors(limits.gpus))}"
        )
    _check_dealt(limits, fixed.get("ep", 1), limits.gpus // fixed.get("pp", 1))


def _check_dealt(limits: Shape, ep: int, have: int) -> None:
    """Refuse experts dealt out over GPUs that a layer of theirs does not lie on."""
    if have % ep:
        able = [n for n in divisors(have) if limits.experts % n == 0]
        raise UsageError(
            f"ep={ep}: the experts of a layer lie on {have} GPUs here, which do not divide by it; use "
            f"ep={nearest(ep, able)}"
        )


def _able(limits: Shape, name: str, whole: int) -> list[int]:
    """The degrees that can be: of these GPUs, or where that is one alone of any number of them."""
    able = [n for n in divisors(whole) if name != "tp" or _cuts(limits, n)]
    here = [n for n in able if limits.gpus % n == 0]
    return here if len(here) > 1 else able


def nearest(asked: int, able: list[int]) -> str:
    """The nearest values on either side of what was asked, in words."""
    below = [n for n in able if n < asked][-1:]
    above = [n for n in able if n > asked][:1]
    return " or ".join(map(str, below + above)) or str(able[0])


def _interleaved(limits: Shape, fixed: Mapping[str, int]) -> list[int]:
    """The groups of layers that some number of stages of a mesh has each, ascending."""
    stages = {pp for tp in _tensor(limits, fixed) for pp in _stages(limits, fixed, tp) if pp > 1}
    return sorted({n for pp in stages for n in _groups(limits, pp) if n > 1})


def _none(limits: Shape, fixed: Mapping[str, int]) -> str:
    """Why no mesh is left: groups of layers, or the global batch, as all else was checked."""
    parts = fixed.get("vp", 1)
    able = _interleaved(limits, fixed)
    if parts > 1 and parts not in able:
        return (
            f"vp={parts}: no stages of {limits.gpus} GPUs deal the {limits.layers} layers of {limits.name} "
            f"out evenly in {parts} groups each; use vp={nearest(parts, able or [1])}"
        )
    least = limits.gpus // max(
        tp * pp * cp
        for tp in _tensor(limits, fixed)
        for pp in _stages(limits, fixed, tp)
        for cp in _context(limits, fixed, tp * pp)
    )
    unit = least * fixed.get("batch", 1)
    below = limits.global_batch // unit * unit
    values = " or ".join(str(n) for n in (below, below + unit) if n)
    return (
        f"no way to deal a global batch of {limits.global_batch} out over {limits.gpus} GPUs: the fewest "
        f"replicas are {least}"
        + (f" of micro-batches of {fixed['batch']}" if "batch" in fixed else "")
        + f"; use --global-batch {values}, or another number of GPUs"
    )
