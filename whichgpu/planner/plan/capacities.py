"""What one replica carries of a demand, by size of request, GPU type and split: the cost model, asked once.

Requests within objectives come from `cost.replicas`, all sizes and splits in one sweep; other work from
`cost.estimate` over batches and groups, of which the one that makes the most within the latency is taken.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost import energy
from whichgpu.cost.answers import Z90
from whichgpu.cost.calibration.spread import found_for
from whichgpu.cost.estimate import finish
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.job.placing import by_format
from whichgpu.cost.serving.replicas import replicas
from whichgpu.cost.serving.steady import Met
from whichgpu.hardware.parts import is_part
from whichgpu.planner.fleets.ways import ways
from whichgpu.planner.grid import WORTH, gpus_per_copy, grid, where_any
from whichgpu.values import NamedTuple, immutable
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.estimates import Estimates
    from whichgpu.cost.job.layout import Layout
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.plan.asked import Demand
    from whichgpu.workloads.job import Job

    Array = NDArray[np.float64]

#: Columns in which sizes may differ within one sweep.
_SWEPT = ("input_tokens", "output_tokens")


@immutable(eq=False)
class Ability:
    """Replicas of one demand: B sizes on G GPU types in J splits.

    `rate` (B, G, J) is units/s of one, 0 where it does not fit or is too slow; `gpus` and `stage` (J,) how
    many it takes, and of those how many lie in one node; `watts` (B, G, J) and `idle` (G,) W of each GPU;
    `p90` (B, G, J) s of a request's latency at that rate; `spread` (G, J) of the log rate; `why` by GPU
    without any.
    """

    rate: Array
    gpus: Array
    stage: Array
    watts: Array
    idle: Array
    p90: Array
    spread: Array
    jobs: tuple[Job, ...]
    bases: tuple[str, ...]
    why: tuple[str, ...]
    #: A split that takes this many times as long as the best is as good, where it answers sooner.
    worth: float = 1.0
    #: By GPU, the format of its jobs where it lacks units for the usual one.
    formats: tuple[str, ...] = ()

    def job(self, split: int, row: int) -> Job:
        """The job of a split on a GPU type."""
        own = self.formats[row] if self.formats else ""
        return replace(self.jobs[split], precision=own) if own else self.jobs[split]


#: Why a part of a GPU that is too small carries nothing.
_PARTS = "parts of a GPU do not work together, and one alone does not hold it"


class Held(NamedTuple):
    """What an instance of some GPUs carries: units/s by size (B,), split, replicas, W busy, p90 in s (B,)."""

    rate: Array
    split: int
    replicas: float
    watts: Array
    p90: Array


def ability(demand: Demand, gpus: Sequence[Gpu], *, cautious: bool = False) -> Ability:
    """What replicas of a demand carry on each GPU type; raises `UsageError` for jobs that cannot be."""
    first = demand.sizes[0].job
    assert first is not None
    workload = resolve(first.workload)
    serves = demand.unit == "requests" and "serve" in workload.phases and first.phase in ("", "serve")
    asked = _served if serves else _made
    found = _each_alone(_by_units(demand, gpus, asked), gpus)
    if not cautious:
        return found
    return replace(found, rate=found.rate * np.exp(-Z90 * found.spread))


def _by_units(
    demand: Demand, gpus: Sequence[Gpu], asked: Callable[[Demand, Sequence[Gpu]], Ability]
) -> Ability:
    """What GPUs carry, each in a format that it has units for: a V100 in FP16 what others do in BF16."""
    job = demand.sizes[0].job
    assert job is not None
    usual = "" if job.precision else resolve(job.workload).complete(job).precision
    groups = by_format(usual, gpus)
    if not any(groups):
        return asked(demand, gpus)
    parts = [asked(_in_format(demand, name), [gpus[row] for row in rows]) for name, rows in groups.items()]
    # Back in the order of the GPUs.
    order = np.argsort(np.concatenate([np.array(rows) for rows in groups.values()]))
    told: dict[str, Any] = {
        name: np.take(np.concatenate([getattr(one, name) for one in parts], axis=axis), order, axis=axis)
        for name, axis in (("rate", 1), ("watts", 1), ("p90", 1), ("idle", 0), ("spread", 0))
    }
    said = {name: [each for one in parts for each in getattr(one, name)] for name in ("bases", "why")}
    said["formats"] = [name for name, rows in groups.items() for _ in rows]
    told |= {name: tuple(each[at] for at in order.tolist()) for name, each in said.items()}
    return replace(parts[0], **told)


def _in_format(demand: Demand, name: str) -> Demand:
    """A demand with its jobs in a format, or as it is."""
    sizes = tuple(
        replace(one, job=replace(one.job, precision=name)) if name and one.job is not None else one
        for one in demand.sizes
    )
    return replace(demand, sizes=sizes)


def _each_alone(found: Ability, gpus: Sequence[Gpu]) -> Ability:
    """Without the replicas of several parts of a GPU, which do not work together."""
    part = np.array([is_part(gpu) for gpu in gpus])
    if not part.any():
        return found
    rate = np.where(part[:, None] & (found.gpus > 1.0), 0.0, found.rate)
    why = tuple(
        why or (_PARTS if cut and not own.any() else "")
        for why, cut, own in zip(found.why, part.tolist(), rate.swapaxes(0, 1), strict=True)
    )
    return replace(found, rate=rate, why=why)


def _served(demand: Demand, gpus: Sequence[Gpu]) -> Ability:
    """Requests within objectives, or as many as there are places without any."""
    own = [one.job for one in demand.sizes if one.job is not None]
    if _alike(own):
        return _sized(demand, gpus, own)
    parts = [
        _sized(replace(demand, sizes=(one,)), gpus, [job]) for one, job in zip(demand.sizes, own, strict=True)
    ]
    return _joined(parts)


def _joined(parts: Sequence[Ability]) -> Ability:
    """Sizes that were asked for apart."""
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(one, name) for one in parts]) for name in ("rate", "watts", "p90")
    }
    return replace(parts[0], **joined)


def _alike(jobs: Sequence[Job]) -> bool:
    """Whether jobs differ in their lengths alone, and those are plain numbers."""
    nothing: dict[str, Any] = dict.fromkeys(_SWEPT)
    plain = [replace(one, **nothing) for one in jobs]
    return all(one == plain[0] for one in plain)


def _sized(demand: Demand, gpus: Sequence[Gpu], jobs: Sequence[Job]) -> Ability:
    workload = resolve(jobs[0].workload)
    split = ways(jobs[0], workload)
    sizes, count = len(jobs), split.gpus.size
    done = [workload.complete(replace(one, phase="serve", concurrency=None)) for one in jobs]
    lengths: dict[str, Any] = {
        name: np.repeat([float(getattr(one, name)) for one in done], count) for name in _SWEPT
    }
    tiled: dict[str, Any] = {name: np.tile(np.broadcast_to(getattr(split.sweep, name), (count,)), sizes)
             for name in ("tp", "pp", "n_gpus")}  # fmt: skip
    options: dict[str, Any] = {
        key: np.tile(value, sizes) if isinstance(value, np.ndarray) else value
        for key, value in split.sweep.options.items()
    }
    swept = replace(split.sweep, options=options, **tiled, **(lengths if sizes > 1 else {}))
    found = replicas(swept, gpus)
    most, _ = found.largest(demand.terms)
    p90 = found.at(np.maximum(most, 1e-9), found.values("latency", "p90"))
    others = found.at(np.maximum(most, 1e-9), found.others)
    laid = lay_out(swept, gpus, met=Met(others, np.zeros(1), np.ones_like(others)))
    told = finish(laid, found_for(laid))

    def by_size(values: Array) -> Array:
        """(G, B * J) as (B, G, J)."""
        wide = np.broadcast_to(values, (len(gpus), sizes * count))
        return np.ascontiguousarray(wide.reshape(len(gpus), sizes, count).transpose(1, 0, 2))

    rate = by_size(most)
    return Ability(
        rate, split.gpus, split.stage, np.nan_to_num(by_size(told.power)), _idle(laid), by_size(p90),
        by_size(told.spread)[0], tuple(split.job(j) for j in range(count)), told.bases,
        tuple(_why_not(demand, found, g) if not rate[:, g].any() else "" for g in range(len(gpus))),
    )  # fmt: skip


def _why_not(demand: Demand, found: Any, row: int) -> str:
    if found.refusals[row]:
        return str(found.refusals[row])
    if not (found.places[row] >= 1.0).any():
        return "does not fit: no split leaves room for a request beside the weights"
    asked = ", ".join(str(term) for term in demand.terms)
    return f"too slow: not even a request alone keeps {asked}"


def _made(demand: Demand, gpus: Sequence[Gpu]) -> Ability:
    """Units made in batches: the configurations of `recommend`, by size of request."""
    parts: list[Ability] = []
    for size in demand.sizes:
        assert size.job is not None
        workload = resolve(size.job.workload)
        laid = lay_out(grid(workload, size.job, (1.0, 2.0, 4.0, 8.0)), gpus)
        told = finish(laid, found_for(laid))
        parts.append(_configured(demand, told, laid))
    return _joined(parts)


def _configured(demand: Demand, told: Estimates, laid: Layout) -> Ability:
    shape = told.seconds.shape
    shared = np.broadcast_to(gpus_per_copy(told.job), shape)[0]
    together = np.broadcast_to(np.asarray(told.job.n_gpus, dtype=float), shape)[0]
    gpus = together if told.job.trains else shared
    quick = told.fits if demand.latency is None else told.fits & (told.latency <= demand.latency)
    quick = where_any(quick & told.surely, quick)
    per_unit = 1.0
    if demand.unit == "requests" and told.workload.unit == "tokens":
        per_unit = float(np.ravel(np.asarray(told.job.output_tokens or 1.0))[0])
    rate = np.where(quick, np.nan_to_num(told.throughput) / per_unit, 0.0)
    why = tuple(_slow(demand, told, g) if not rate[g].any() else "" for g in range(shape[0]))
    return Ability(
        rate[None], gpus, gpus, np.nan_to_num(told.power)[None], _idle(laid), told.latency[None],
        told.spread, tuple(told.job_at(j) for j in range(shape[1])), told.bases, why, WORTH,
    )  # fmt: skip


def _slow(demand: Demand, told: Estimates, row: int) -> str:
    if told.refusals[row]:
        return told.refusals[row]
    if not told.fits[row].any():
        return "does not fit: no batch and no group of its GPUs holds it"
    best = float(told.latency[row][told.fits[row]].min())
    return f"too slow: {best:.3g} s at best, and {demand.latency:g} s is asked for"


def _idle(laid: Layout) -> Array:
    """W of a GPU that waits, (G,)."""
    return np.nan_to_num(energy.idle(laid)[:, 0])


def held(demand: Demand, able: Ability, row: int, count: int, nodes: int = 1) -> Held | None:
    """What `nodes` machines of `count` GPUs carry together, in the split that carries the mix best.

    A replica lies in one machine, unless it has whole stages in each. None where it carries nothing.
    """
    fits = _replicas(able, count, nodes)
    rate = able.rate[:, row, :] * fits
    share = np.array([one.share for one in demand.sizes])
    with np.errstate(divide="ignore"):
        time = np.where(rate > 0.0, share[:, None] / np.maximum(rate, 1e-300), 0.0).sum(axis=0)
    carried = (share[:, None] * (rate > 0.0)).sum(axis=0)
    if not carried.any():
        return None
    # First what carries most of the sizes, of that what takes the least time for them.
    most = carried >= carried.max() - 1e-9
    close = np.flatnonzero(most & (time <= able.worth * time[most].min() * (1.0 + 1e-12)))
    split = min(close.tolist(), key=lambda j: (float(able.p90[:, row, j].max()), able.gpus[j]))
    watts = able.watts[:, row, split] * able.gpus[split] * fits[split]
    return Held(rate[:, split], split, float(fits[split]), watts, able.p90[:, row, split])


def _replicas(able: Ability, count: int, nodes: int) -> Array:
    """Whole replicas of each split on so many machines, (J,)."""
    if nodes == 1:
        return np.floor(count / able.gpus)
    across = (able.gpus > count) & (able.gpus == count * nodes) & (np.mod(count, able.stage) == 0)
    return np.where(across, 1.0, 0.0)
