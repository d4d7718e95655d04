"""What a job takes on each GPU: time, throughput, memory, power, with an interval.

`estimate` evaluates every GPU and every job of a sweep at once; `Estimates.at(g, j)` is one answer.
A replica is the `tp` GPUs that run one copy of the model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost import memory as mem
from whichgpu.cost import parallel, serving
from whichgpu.cost.coefficients import section
from whichgpu.cost.device import Devices
from whichgpu.cost.energy import watts
from whichgpu.cost.runtime import Runtime, runtime
from whichgpu.cost.support import refusal
from whichgpu.cost.time import Term, Timing, pass_time
from whichgpu.errors import Infeasible, UsageError
from whichgpu.facts.model import Interval
from whichgpu.units import number, parse
from whichgpu.workloads.adapters import PHASES as ADAPTER_PHASES
from whichgpu.workloads.adapters import trained_precision
from whichgpu.workloads.checkpointing import checkpointing
from whichgpu.workloads.job import NUMBERS, Job
from whichgpu.workloads.precision import precision
from whichgpu.workloads.training import trained_parameters
from whichgpu.workloads.workload import Workload, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.ops import Op

    Array = NDArray[np.float64]

#: Options of a job that change the answer.
_MODELLED = {
    "guidance", "optimizer", "compile", "power_limit", "checkpointing", "lora_rank", "lora_targets",
}  # fmt: skip
#: Standard deviations to either side of a 90 % interval.
Z90 = 1.6448536269514722


@dataclass(frozen=True, slots=True)
class Estimate:
    """One job on one GPU type; times in s, memory in B per GPU, power in W per GPU.

    `throughput` is of all `n_gpus`; `energy` in J per unit, GPUs only.
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
            "power": self.power, "energy": self.energy, "sequences": self.sequences, "basis": self.basis,
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
    power: Array
    spread_shared: float
    spread_own: Array
    sequences: Array
    refusals: tuple[str, ...]
    timing: Timing
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
        n = round(float(np.broadcast_to(_number(self.job.n_gpus), self.throughput.shape)[g, j]))
        power = float(self.power[g, j])
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
            n_gpus=n,
            sequences=float(self.sequences[g, j]),
            basis="roofline",
            warnings=self.warnings(),
            terms=self.timing.terms,
        )  # fmt: skip

    def job_at(self, j: int) -> Job:
        """The j-th job of the sweep, its numbers as floats."""
        single: dict[str, Any] = {}
        for name in NUMBERS:
            value = getattr(self.job, name)
            if value is not None:
                single[name] = float(np.broadcast_to(_number(value), (1, self.seconds.shape[1]))[0, j])
        return replace(self.job, **single)

    def warnings(self) -> tuple[str, ...]:
        """What makes the answer less than it looks."""
        said = ["uncalibrated: a roofline with typical efficiencies, so the interval is wide"]
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
    workload = resolve(job.workload)
    fallback = workload.complete(replace(job, runtime="")).runtime
    unused = workload.unused(job)
    job = job.with_defaults(tp=1.0, pp=1.0)
    job = workload.complete(job.with_defaults(n_gpus=job.tp))
    _check_mesh(job)
    compiled = job.options.get("compile", "").lower() in ("true", "1", "yes")
    stack = runtime(f"{job.runtime} torch.compile" if compiled else job.runtime, fallback)
    cap = job.options.get("power_limit")
    devices = Devices.of(gpus, cap=np.inf if cap is None else parse(cap, "power"))
    with np.errstate(invalid="ignore", divide="ignore"):
        run = _serve if job.phase == "serve" else _passes
        return replace(run(workload, job, stack, devices, explain=explain), unused=unused)


def _check_mesh(job: Job) -> None:
    if np.any(_number(job.pp) != 1):
        raise UsageError(f"pp={_number(job.pp).max():g}: pipeline parallelism is not modelled yet; use --tp")
    if np.any(_number(job.tp) > _number(job.n_gpus)):
        raise UsageError(
            f"tp={_number(job.tp).max():g} needs at least as many GPUs; n_gpus={_number(job.n_gpus).min():g}"
        )


def _number(value: Any) -> Array:
    return np.asarray(value, dtype=np.float64)


def _passes(workload: Workload, job: Job, stack: Runtime, devices: Devices, *, explain: bool) -> Estimates:
    """Phases whose work does not depend on the GPU's memory: one trace, one time."""
    whole = workload.trace(job)
    ops = parallel.shard(whole, job.tp)
    power = section("power")
    timing = pass_time(
        ops, devices, stack,
        exponent=power["exponent_train"] if job.trains else power["exponent_infer"],
        communication=parallel.tensor_parallel_seconds(whole, job.tp, devices),
        explain=explain,
    )  # fmt: skip
    parts = _parts(workload, job, stack, ops)
    replicas = _number(job.n_gpus) / _number(job.tp)
    seconds = timing.seconds
    if job.trains:
        gradients = trained_parameters(whole) * 4.0 / _number(job.tp)
        seconds = parallel.data_parallel_seconds(seconds, gradients, replicas, devices)
    units = workload.units(job)
    return _assemble(
        workload, job, stack, devices, timing=timing, seconds=seconds, units=units,
        throughput=replicas * units / seconds, latency=seconds, parts=parts,
        refusals=_refusals(devices, ops, job, stack),
    )  # fmt: skip


def _serve(workload: Workload, job: Job, stack: Runtime, devices: Devices, *, explain: bool) -> Estimates:
    """A serving replica in its steady state, as full as its memory and the asked concurrency allow."""
    steady = serving.steady_state(workload, job, stack, devices, explain=explain)
    replicas = _number(job.n_gpus) / _number(job.tp)
    rate = replicas * steady.sequences / steady.timing.seconds
    latency = steady.timing.seconds * _number(job.output_tokens)
    return _assemble(
        workload, job, stack, devices, timing=steady.timing, seconds=steady.timing.seconds,
        units=steady.sequences, throughput=rate, latency=latency, parts=steady.parts,
        refusals=_refusals(devices, steady.ops, job, stack), sequences=steady.sequences,
    )  # fmt: skip


def _parts(workload: Workload, job: Job, stack: Runtime, ops: tuple[Op, ...]) -> dict[str, Any]:
    spec = precision(job.precision)
    if job.trains:
        return mem.training_parts(
            ops, spec, workload.optimizer(job), tp=_number(job.tp), flash=stack.flash,
            checkpointing=checkpointing(job),
            trained_in=trained_precision() if job.phase in ADAPTER_PHASES else None,
        )  # fmt: skip
    kv: Any = 0.0
    if hasattr(workload.code, "kv_bytes_per_token") and job.input_tokens is not None:
        tokens = _number(job.input_tokens) + _number(job.output_tokens or 0.0)
        per_token = workload.code.kv_bytes_per_token(workload.dims, spec)
        kv = per_token * tokens * _number(job.batch) / serving.kv_split(workload, job.tp)
    return mem.inference_parts(ops, kv, engine=False)


def _refusals(devices: Devices, ops: Sequence[Op], job: Job, stack: Runtime) -> tuple[str, ...]:
    spec = precision(job.precision)
    return tuple(refusal(gpu, ops, spec, stack) for gpu in devices.gpus)


def _assemble(
    workload: Workload, job: Job, stack: Runtime, devices: Devices, *, timing: Timing, seconds: Array,
    units: Any, throughput: Array, latency: Array, parts: Mapping[str, Any],
    refusals: tuple[str, ...], sequences: Any = 1.0,
) -> Estimates:  # fmt: skip
    shape = (len(devices.gpus), job.size)

    def grid(value: Any) -> Array:
        return np.broadcast_to(_number(value), shape)

    spread = section("spread")
    hosted = np.clip(timing.host / timing.seconds, 0.0, 1.0)
    required = sum((_number(part) for part in parts.values()), start=np.zeros(1))
    return Estimates(
        workload=workload, job=job, runtime=stack, devices=devices,
        seconds=grid(seconds), units=grid(units), throughput=grid(throughput), latency=grid(latency),
        parts={name: grid(part) for name, part in parts.items()},
        required=grid(required), available=grid(devices.column("memory")),
        power=grid(watts(timing, devices)),
        spread_shared=spread["shared"] * (1.0 if stack.exact else 1.5),
        spread_own=grid(np.sqrt(spread["own"] ** 2 + (spread["host"] * hosted) ** 2)),
        sequences=grid(sequences), refusals=refusals, timing=timing,
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
    need, has = answer.required / mem.GIB, answer.available / mem.GIB
    return (
        f"{answer.job.workload} does not fit on {answer.gpu}: it needs {need:.1f} GiB per GPU "
        f"({part.replace('_', ' ')} {size / mem.GIB:.1f} GiB), the card has {has:.1f} GiB; "
        f"use {way}a smaller --batch or a narrower --precision"
    )
