"""What a job takes on each GPU: time, throughput, memory, power, with an interval.

`estimate` evaluates every GPU and every job of a sweep at once; `Estimates.at(g, j)` is one answer.
A replica is the `tp` GPUs that run one copy of the model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost import energy
from whichgpu.cost.coefficients import section
from whichgpu.cost.fit import Fit, fit, workload_terms
from whichgpu.cost.layout import Layout, lay_out
from whichgpu.cost.memory import GIB
from whichgpu.cost.parallel import data_parallel_seconds
from whichgpu.cost.spread import measured, spread
from whichgpu.cost.time import evaluate
from whichgpu.errors import Infeasible, UsageError
from whichgpu.facts.model import Interval
from whichgpu.units import number
from whichgpu.workloads.job import NUMBERS, Job
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.device import Devices
    from whichgpu.cost.runtime import Runtime
    from whichgpu.cost.time import Term, Timing
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]

#: Options of a job that change the answer.
_MODELLED = {
    "guidance", "frames", "optimizer", "compile", "power_limit", "checkpointing", "layout", "lora_rank",
    "lora_targets",
}  # fmt: skip
#: What each basis but the best means for a reader.
_BASES = {
    "roofline": "uncalibrated: a roofline with typical efficiencies, so the interval is wide",
    "extrapolated": "this GPU or workload is not among the measured ones, so the interval is wider",
}
#: Standard deviations to either side of a 90 % interval.
Z90 = 1.6448536269514722


def _array(value: Any) -> Array:
    return np.asarray(value, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Estimate:
    """One job on one GPU type; times in s, memory in B per GPU, power in W per GPU.

    `throughput` is of all `n_gpus`; `energy` in J per unit, GPUs only. `power_spread` and
    `energy_spread` are the log standard deviations of their 90 % intervals, `power_basis` says whether
    power was measured on such a job, `power_limit` is what the GPU may draw.
    """

    gpu: str
    job: Job
    runtime: str
    throughput: Interval
    latency: Interval
    memory: Mapping[str, float]
    required: float
    available: float
    power: float
    energy: float
    power_spread: float
    energy_spread: float
    power_limit: float
    power_basis: str
    n_gpus: int
    sequences: float
    basis: str
    warnings: tuple[str, ...]
    terms: tuple[Term, ...]

    def __str__(self) -> str:
        rate = self.throughput
        what = f"{self.job.workload} {self.job.phase} on {self.n_gpus} x {self.gpu}"
        interval = f"{number(rate.mid)} {rate.unit} ({number(rate.low)} to {number(rate.high)})"
        how = f"{self.runtime}, {self.job.precision}"
        return f"{what}, {how}: {interval}, 90 % interval; basis {self.basis}"

    @property
    def power_interval(self) -> Interval:
        """W of one GPU; never above its limit."""
        low, high = energy.interval(self.power, self.power_spread, Z90, self.power_limit)
        return Interval(low, self.power, high, "W")

    @property
    def energy_interval(self) -> Interval:
        """J per unit of work, all GPUs together, nothing else."""
        low, high = energy.interval(self.energy, self.energy_spread, Z90)
        unit = self.throughput.unit.removesuffix("/s").removesuffix("s")
        return Interval(low, self.energy, high, f"J/{unit}")

    @property
    def fits(self) -> bool:
        """Whether the job's memory is within what one GPU has."""
        return self.required <= self.available

    def to_dict(self) -> dict[str, Any]:
        """Plain values, SI units."""
        return {
            "gpu": self.gpu, "n_gpus": self.n_gpus, "job": self.job.to_dict(), "runtime": self.runtime,
            "throughput": self.throughput.to_dict(), "latency": self.latency.to_dict(),
            "memory": {"parts": dict(self.memory), "required": self.required, "available": self.available,
                       "fits": self.fits},
            "power": self.power, "power_interval": self.power_interval.to_dict(),
            "power_basis": self.power_basis,
            "energy": self.energy, "energy_interval": self.energy_interval.to_dict(),
            "sequences": self.sequences, "basis": self.basis,
            "warnings": list(self.warnings),
            "terms": [{"layer": t.layer, "kind": t.kind, "count": t.count, "seconds": t.seconds,
                       "bound": t.bound} for t in self.terms],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Estimates:
    """Every GPU (rows) by every job (columns) of a sweep; arrays are (G, J)."""

    workload: Workload
    job: Job
    runtime: Runtime
    devices: Devices
    seconds: Array
    units: Array
    throughput: Array
    latency: Array
    parts: Mapping[str, Array]
    required: Array
    available: Array
    activity: energy.Activity
    power: Array
    power_spreads: tuple[energy.PowerSpread, ...]
    spread_shared: Array
    spread_own: Array
    sequences: Array
    refusals: tuple[str, ...]
    timing: Timing
    bases: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()

    @property
    def fits(self) -> NDArray[np.bool_]:
        """Where the job fits and the GPU can run it, (G, J)."""
        able = np.array([not why for why in self.refusals])[:, None]
        inside: NDArray[np.bool_] = able & (self.required <= self.available) & (self.sequences >= 1.0)
        return inside

    @property
    def spread(self) -> Array:
        """Log standard deviation of the throughput, (G, J)."""
        return np.sqrt(self.spread_shared**2 + self.spread_own**2)

    def at(self, g: int, j: int) -> Estimate:
        """One answer; raises `UsageError` with the reason where the GPU cannot run the job."""
        if self.refusals[g]:
            raise UsageError(self.refusals[g])
        unit = self.workload.unit
        factor = math.exp(Z90 * float(self.spread[g, j]))
        rate, delay = float(self.throughput[g, j]), float(self.latency[g, j])
        n = round(float(np.broadcast_to(_array(self.job.n_gpus), self.throughput.shape)[g, j]))
        power, off = float(self.power[g, j]), self.power_spreads[g]
        return Estimate(
            gpu=self.devices.gpus[g].id,
            job=self.job_at(j),
            runtime=self.runtime.id,
            throughput=Interval(rate / factor, rate, rate * factor, f"{unit}/s"),
            latency=Interval(delay / factor, delay, delay * factor, "s"),
            memory={name: float(np.broadcast_to(part, self.required.shape)[g, j])
                    for name, part in self.parts.items()},
            required=float(self.required[g, j]),
            available=float(self.available[g, j]),
            power=power,
            energy=power * n / rate if rate > 0 else math.nan,
            power_spread=off.power,
            energy_spread=float(off.energy(self.spread[g, j])),
            power_limit=float(self.devices.power[g, 0]),
            power_basis=off.basis,
            n_gpus=n,
            sequences=float(self.sequences[g, j]),
            basis=self.bases[g],
            warnings=self.warnings(g),
            terms=self.timing.terms,
        )  # fmt: skip

    def job_at(self, j: int) -> Job:
        """The j-th job of the sweep, its numbers as floats."""
        single: dict[str, Any] = {}
        for name in NUMBERS:
            value = getattr(self.job, name)
            if value is not None:
                single[name] = float(np.broadcast_to(_array(value), (1, self.seconds.shape[1]))[0, j])
        return replace(self.job, **single)

    def warnings(self, g: int = 0) -> tuple[str, ...]:
        """What makes the answer on the g-th GPU less than it looks."""
        said = [_BASES[self.bases[g]]] if self.bases[g] in _BASES else []
        if self.unused:
            columns = ", ".join(self.unused)
            said.append(f"{self.workload.id} has no use for {columns}, which was ignored")
        ignored = sorted(set(self.job.options) - _MODELLED)
        if ignored:
            said.append(f"not modelled yet, and ignored: {', '.join(ignored)}")
        if not self.runtime.exact:
            said.append(f"runtime '{self.job.runtime}' is not known; {self.runtime.title} was assumed")
        return tuple(said)


def estimate(job: Job, gpus: Sequence[Gpu], *, explain: bool = False) -> Estimates:
    """Estimate a job, or a sweep of jobs, on every GPU.

    Shapes: G = len(gpus) rows, J = job.size columns. Raises `UsageError` for an unknown workload,
    phase, precision or option; a GPU that cannot run the job is a refusal in the answer.
    """
    laid = lay_out(job, gpus)
    # What the fit learned of other software says nothing of a runtime that was never measured.
    return finish(laid, fit() if measured(laid.runtime) else Fit(), explain=explain)


def finish(laid: Layout, found: Fit, *, explain: bool = False, sensitivities: bool = False) -> Estimates:
    """The estimates of a layout under a fit."""
    with np.errstate(invalid="ignore", divide="ignore"):
        timing = evaluate(laid.work, found, explain=explain, sensitivities=sensitivities)
        own = workload_terms(laid.workload.id, laid.runtime.key, trains=laid.job.trains)
        step = seconds = timing.seconds / found.factor(own)
        if laid.gradients is not None:
            links = found.links(laid.devices.traits, laid.replicas)
            seconds = data_parallel_seconds(seconds, laid.gradients, laid.replicas, laid.devices, links)
        return _assemble(laid, timing, seconds, energy.activity(laid, timing, step / seconds))


def _assemble(laid: Layout, timing: Timing, seconds: Array, doing: energy.Activity) -> Estimates:
    shape = (len(laid.devices.gpus), laid.job.size)

    def grid(value: Any) -> Array:
        return np.broadcast_to(np.asarray(value, dtype=np.float64), shape)

    spreads = [spread(laid, gpu) for gpu in laid.devices.gpus]
    shared, own = (np.array([[getattr(one, name)] for one in spreads]) for name in ("shared", "own"))
    # A host's speed is not in the catalogue: where launches bind, it is what is not known.
    host = section("spread")["host"] * np.clip(timing.host / timing.seconds, 0.0, 1.0)
    if spreads and spreads[0].basis != "roofline":
        host = np.zeros_like(host)
    required = sum((np.asarray(part) for part in laid.parts.values()), start=np.zeros(1))
    return Estimates(
        workload=laid.workload, job=laid.job, runtime=laid.runtime, devices=laid.devices,
        seconds=grid(seconds), units=grid(laid.units),
        throughput=grid(laid.replicas * laid.units / seconds), latency=grid(seconds * laid.passes),
        parts={name: grid(part) for name, part in laid.parts.items()},
        required=grid(required), available=grid(laid.devices.column("memory")),
        activity=doing, power=grid(energy.watts(laid, doing)),
        power_spreads=tuple(energy.spread(laid, gpu) for gpu in laid.devices.gpus),
        spread_shared=grid(shared), spread_own=grid(np.sqrt(own**2 + host**2)),
        bases=tuple(one.basis for one in spreads),
        sequences=grid(laid.sequences), refusals=laid.refusals, timing=timing, unused=laid.unused,
    )  # fmt: skip


def placed(job: Job, count: int) -> Job:
    """A job on `count` GPUs: language models are held by all together, unless they train."""
    if count == 1:
        return job
    workload = resolve(job.workload)
    held = hasattr(workload.code, "step") and not workload.complete(job).trains
    return replace(job, n_gpus=float(count), tp=float(count) if job.tp is None and held else job.tp)


def single(job: Job, gpu: Gpu) -> Estimate:
    """One job on one GPU type, with the terms of its time.

    Raises `UsageError` where the GPU cannot run it, `Infeasible` where it does not fit.
    """
    found = estimate(job, [gpu], explain=True)
    answer = found.at(0, 0)
    if not bool(found.fits[0, 0]):
        raise Infeasible(does_not_fit(answer))
    return answer


def does_not_fit(answer: Estimate) -> str:
    """One line: what is needed, what is there, the largest part."""
    part, size = max(answer.memory.items(), key=lambda item: item[1])
    way = "more GPUs per replica (--tp), " if hasattr(resolve(answer.job.workload).code, "step") else ""
    need, has = answer.required / GIB, answer.available / GIB
    return (
        f"{answer.job.workload} does not fit on {answer.gpu}: it needs {need:.1f} GiB per GPU "
        f"({part.replace('_', ' ')} {size / GIB:.1f} GiB), the card has {has:.1f} GiB; "
        f"use {way}a smaller --batch or a narrower --precision"
    )
