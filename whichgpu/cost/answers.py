"""An answer: what one job takes on one GPU type, and the same of many as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost import energy
from whichgpu.facts.model import Interval
from whichgpu.units import number
from whichgpu.values import Shown, immutable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from whichgpu.cost.memory.readings import Readings
    from whichgpu.cost.serving.runs import Run
    from whichgpu.cost.timing.time import Term
    from whichgpu.workloads.job import Job

    Array = NDArray[np.float64]

#: Standard deviations to either side of a 90 % interval.
Z90 = 1.6448536269514722


def around(middle: Any, factor: Any, unit: str = "s") -> Interval:
    """What lies within a `factor` of a middle, numbers or arrays."""
    return Interval(middle / factor, middle, middle * factor, unit)


def floats(interval: Interval) -> Interval:
    """The interval of one cell, its numbers plain."""
    return Interval(float(interval.low), float(interval.mid), float(interval.high), interval.unit)


class Drawn:
    """Intervals of power and energy, of an `Estimate` and of the arrays of `Answers` alike."""

    __slots__ = ()
    power: Any
    power_spread: Any
    power_limit: Any
    energy: Any
    energy_spread: Any
    throughput: Interval

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


@immutable
class Estimate(Drawn, Shown):
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
    readings: Readings
    #: Of a serving job, time to the first token and for each after it.
    ttft: Interval | None = None
    tpot: Interval | None = None
    #: Share of an inference's time in which its GPUs exchange.
    sent: float = 0.0
    #: Share of the time in which a server's front end streams answers, where one process does.
    streamed: float = 0.0
    #: By how much of itself the job is longer where the host's launches are: d log t / d log launch, 0 to 1.
    launching: float = 0.0
    #: Passes like the one of `terms` in a step: a training's micro-batches, each GPU's share of one.
    passes: float = 1.0
    #: Of a run of a load generator, what it prints of its requests; the means above are then of them.
    run: Run | None = None

    def __str__(self) -> str:
        rate = self.throughput
        what = f"{self.job.workload} {self.job.phase} on {self.n_gpus} x {self.gpu}"
        interval = f"{number(rate.mid)} {rate.unit} ({number(rate.low)} to {number(rate.high)})"
        how = f"{self.runtime}, {self.job.precision}"
        return f"{what}, {how}: {interval}, 90 % interval; basis {self.basis}{self._load()}"

    def _load(self) -> str:
        """Of a server, what its rate is made of: requests in flight, and what each reader sees."""
        if self.job.phase != "serve" or self.tpot is None:
            return ""
        count = self.in_flight
        each = f", {number(1.0 / self.tpot.mid, 3)} tokens/s" if self.follow else ""
        if count == "1" and not self.spread_over:
            # The rate has the wait for its first token in it, and what llama.cpp and Ollama print has not.
            return f"; one request in flight{each} once it answers" if each else "; one request in flight"
        each += " each" if each else ""
        if count == "1":
            return f"; one request in flight{self.spread_over}{each}"
        held = " have a place" if " of " in count else ""
        return f"; {count} requests in flight{held}{self.spread_over}{each}"

    @property
    def in_flight(self) -> str:
        """Of a server, the requests of a replica: "8", or "53 of 64" where so many have a place."""
        asked = float(self.job.concurrency or 0.0) / self.replicas
        if self.run is not None or round(asked) <= round(self.sequences):
            return number(self.sequences, 4)
        return f"{self.sequences:,.0f} of {asked:,.0f}"

    @property
    def follow(self) -> bool:
        """Whether tokens follow the first of an answer; of a class or a score none do."""
        return float(self.job.output_tokens or 2.0) > 1.0

    @property
    def replicas(self) -> float:
        """Copies of the model that its GPUs run."""
        from whichgpu.cost.parallel.mesh import Mesh

        return self.n_gpus / float(np.ravel(Mesh.of(self.job).replica)[0])

    @property
    def spread_over(self) -> str:
        """Of a server in several replicas, what its `sequences` are of."""
        return f" on each of {number(self.replicas, 4)} replicas" if self.replicas > 1.0 else ""

    @property
    def fits(self) -> bool:
        """Whether the job's memory is within what one GPU has."""
        return self.required <= self.available

    @property
    def may_run_out(self) -> bool:
        """Whether a card holds one end of the interval of what it needs, and not the other for sure."""
        from whichgpu.cost.memory.verdict import DOUBTS

        return any(said in DOUBTS for said in self.warnings)

    @property
    def verdict(self) -> str:
        """`fits`, `may run out` or `does not fit`: by both ends of the interval, `fits` by its middle."""
        return "may run out" if self.may_run_out else "fits" if self.fits else "does not fit"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, SI units."""
        own = {"value": self.throughput.to_dict(), "basis": self.basis}
        return {
            **own, "predicted": own, "gpu": self.gpu, "n_gpus": self.n_gpus, "job": self.job.to_dict(),
            "runtime": self.runtime,
            "throughput": self.throughput.to_dict(), "latency": self.latency.to_dict(),
            "memory": {"parts": dict(self.memory), "required": self.required, "available": self.available,
                       "fits": self.fits, "may_run_out": self.may_run_out, "verdict": self.verdict,
                       "required_interval": floats(self.readings.need(self.required)).to_dict(),
                       "read": {name: self.readings.interval(name).to_dict()
                                                   for name in ("allocated", "reserved", "device")}},
            **{name: one.to_dict() for name, one in (("ttft", self.ttft), ("tpot", self.tpot)) if one},
            **({} if self.run is None else {"run": self.run.to_dict()}),
            **({"streamed": self.streamed} if self.streamed else {}), "launching": self.launching,
            "power": self.power, "power_interval": self.power_interval.to_dict(),
            "power_basis": self.power_basis,
            "energy": self.energy, "energy_interval": self.energy_interval.to_dict(),
            "sequences": self.sequences, "warnings": list(self.warnings),
            "terms": [{"layer": t.layer, "kind": t.kind, "count": t.count, "seconds": t.seconds,
                       "bound": t.bound} for t in self.terms],
        }  # fmt: skip


@immutable
class Answers(Drawn):
    """What `Estimate` says of one job, of many: every number is an array over the cells asked for."""

    job: Job
    throughput: Interval
    latency: Interval
    required: Array
    available: Array
    power: Array
    energy: Array
    power_spread: Array
    energy_spread: Array
    power_limit: Array
    n_gpus: Array
    #: What makes the `readings`, which few ask for.
    read: Callable[[], Readings]
    ttft: Interval | None
    tpot: Interval | None

    @property
    def readings(self) -> Readings:
        """What is read off a run of its memory."""
        return self.read()

    @classmethod
    def none(cls, job: Job, unit: str, shape: tuple[int, ...]) -> Answers:
        """No numbers of jobs that are not timed: whoever reads them learns what cannot be asked of them."""
        array: Any = np.full(shape, np.nan)
        around = Interval(array, array, array, unit)
        totals = dict.fromkeys(("allocated", "reserved", "device"), array)
        from whichgpu.cost.memory.readings import Readings

        read = Readings(**totals, counted="allocated", halves=totals, most=array)
        return cls(
            job, around, around, array, array, array, array, array, array, array, array, lambda: read,
            ttft=around if job.phase == "serve" else None, tpot=around if job.phase == "serve" else None,
        )  # fmt: skip
