"""What a search over training strategies answers; every value prints as its meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.prices.spot import faults
from whichgpu.units import HOUR, number, show
from whichgpu.values import Shown, immutable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.cost.answers import Estimate
    from whichgpu.cost.calibration.evidence import Evidence
    from whichgpu.planner.sweep.request import Request
    from whichgpu.prices.offers import Offer
    from whichgpu.workloads.workload import Workload


def sharded(level: str) -> str:
    """What is shared out over the replicas, in words."""
    return {"none": "nothing sharded", "fsdp": "FSDP"}.get(level, level.replace("zero", "ZeRO-"))


@immutable
class Strategy:
    """One way to train: degrees of parallelism, and the estimate of its job.

    `parts` are seconds of a step by `cost.breakdown.PARTS`, shown, and hidden where they are an exchange;
    `mfu` and `hfu` are shares of the peak; `usd_per_hour` is of all GPUs, None without a price. All of it but
    memory is with the `allowance`, a factor on the time that the model alone gives, for choosing among many.
    """

    estimate: Estimate
    dp: int
    cp: int
    ep: int
    vp: int
    micro_batches: int
    checkpointing: str
    sharding: str
    parts: Mapping[str, Mapping[str, float]]
    mfu: float
    hfu: float
    usd_per_hour: float | None
    allowance: float = 1.0

    @property
    def step_seconds(self) -> float:
        """Seconds of a step, in the middle of its interval."""
        return self.estimate.latency.mid

    @property
    def bubble(self) -> float:
        """Share of a step in which a stage waits for others."""
        return self.parts["bubble"]["seconds"] / self.step_seconds

    @property
    def mesh(self) -> str:
        """The degrees that are not 1, and what else sets the strategy apart."""
        job = self.estimate.job
        degrees = {"tp": job.tp, "pp": job.pp, "cp": self.cp, "ep": self.ep, "dp": self.dp, "vp": self.vp}
        said = [f"{name} {value:g}" for name, value in degrees.items() if value != 1]
        return ", ".join(said) or "one GPU alone"

    def hours(self, units: float) -> float:
        """Hours to train so many units of the workload."""
        return units / self.estimate.throughput.mid / HOUR

    def cost(self, units: float) -> float | None:
        """USD to train so many units; None without a price."""
        return None if self.usd_per_hour is None else self.usd_per_hour * self.hours(units)

    def command(self) -> str:
        """The command that predicts this strategy alone."""
        answer, job = self.estimate, self.estimate.job
        options = " ".join(f"--option {key}={value}" for key, value in sorted(job.options.items()))
        length = "" if job.seq_len is None else f" --seq-len {job.seq_len:g}"
        return (
            f"whichgpu predict {job.workload} --gpu {answer.gpu}:{answer.n_gpus} --phase {job.phase} "
            f"--precision {job.precision} --runtime {job.runtime} --batch {job.batch:g}{length} "
            f"--tp {job.tp:g} --pp {job.pp:g} {options} --explain"
        )

    def __str__(self) -> str:
        rate = self.estimate.throughput
        return (
            f"{self.mesh}; micro-batch {self.estimate.job.batch:g} x {self.micro_batches}, checkpointing "
            f"{self.checkpointing}, {sharded(self.sharding)}: {show(self.step_seconds, 'time', 3)} a step, "
            f"{number(rate.mid)} {rate.unit}, MFU {self.mfu:.1%}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, SI units."""
        answer, job = self.estimate, self.estimate.job
        return {
            "tp": int(job.tp), "pp": int(job.pp), "cp": self.cp, "dp": self.dp, "ep": self.ep, "vp": self.vp,
            "micro_batch": int(job.batch), "micro_batches": self.micro_batches,
            "checkpointing": self.checkpointing, "sharding": self.sharding,
            "step_time": answer.latency.to_dict(), "throughput": answer.throughput.to_dict(),
            "basis": answer.basis,
            "memory": {"required": answer.required, "available": answer.available,
                       "parts": dict(answer.memory)},
            "mfu": self.mfu, "hfu": self.hfu, "bubble": self.bubble, "allowance": self.allowance,
            "breakdown": {name: dict(part) for name, part in self.parts.items()},
            "power": answer.power, "energy": answer.energy, "usd_per_hour": self.usd_per_hour,
            "command": self.command(), "warnings": list(answer.warnings),
        }  # fmt: skip


@immutable
class Scaled:
    """The best strategy on so many GPUs, None where none fits.

    `efficiency` is the rate for each GPU over that on the fewest on which one fits.
    """

    gpus: int
    best: Strategy | None
    efficiency: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"gpus": self.gpus, "efficiency": self.efficiency,
                "best": self.best.to_dict() if self.best else None}  # fmt: skip


@immutable
class Sweep(Shown):
    """The answer: the best strategies first, how many were weighed, and how the best scale.

    `leanest` is not told apart from the best and cuts the model over fewer GPUs, if one does; `published`
    are the measured runs nearest to the best; `infeasible` says why none fits, and what would do.
    """

    workload: Workload
    request: Request
    top: tuple[Strategy, ...]
    configurations: int
    fitting: int
    seconds: float
    offer: Offer | None = None
    scaling: tuple[Scaled, ...] = ()
    published: tuple[Evidence, ...] = ()
    leanest: Strategy | None = None
    infeasible: str = ""

    def __str__(self) -> str:
        if self.infeasible:
            return self.infeasible
        asked = self.request
        return (
            f"{self.workload.id} on {asked.count:,} x {asked.gpu.id}, the best of {self.configurations:,} "
            f"strategies: {self.top[0]}"
        )

    def to_dict(self) -> dict[str, Any]:
        """The contract's shape of `sweep`, and what it was asked."""
        asked = self.request
        return {
            "workload": self.workload.id, "gpu": asked.gpu.id, "n_gpus": asked.count,
            "global_batch": asked.global_batch, "seq_len": asked.job.seq_len, "tokens": asked.tokens,
            "precision": asked.job.precision, "configurations": self.configurations, "fitting": self.fitting,
            "seconds": self.seconds,
            "top": [{**one.to_dict(), **self.whole(one)} for one in self.top],
            "leanest": {**self.leanest.to_dict(), **self.whole(self.leanest)} if self.leanest else None,
            "scaling": [one.to_dict() for one in self.scaling],
            "published": [one.to_dict() for one in self.published],
            "price": self.offer.to_dict() if self.offer else None,
            "assumed": list(asked.assumed), "infeasible": self.infeasible,
        }  # fmt: skip

    @property
    def faults(self) -> float:
        """Time of a long training over that of its steps alone: faults, and what is lost and done again."""
        return faults(self.request.count)

    def whole(self, one: Strategy) -> dict[str, Any]:
        """What all the tokens asked for take: hours, USD and J; nothing where none were."""
        units = self.request.tokens
        if units is None:
            return {}
        return {
            "hours": one.hours(units),
            "hours_with_faults": one.hours(units) * self.faults,
            "usd": one.cost(units),
            "energy_total": one.estimate.energy * units,
        }
