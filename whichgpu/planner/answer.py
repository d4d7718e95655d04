"""What `recommend` answers: candidates, best first, the rejected with their reasons, and what was assumed."""

from __future__ import annotations

from dataclasses import asdict, field
from math import inf, isnan
from typing import TYPE_CHECKING, Any

from whichgpu.prices.sellers import seller_of
from whichgpu.units import HOURS_PER_MONTH
from whichgpu.values import Shown, immutable

if TYPE_CHECKING:
    from whichgpu.cost.answers import Estimate
    from whichgpu.facts.model import Interval
    from whichgpu.planner.built import Built
    from whichgpu.planner.capping import Capped
    from whichgpu.planner.conflict import Conflict
    from whichgpu.planner.hosted import Hosted
    from whichgpu.planner.machine import Checked
    from whichgpu.planner.narrower import Narrower
    from whichgpu.planner.outlay import Outlay
    from whichgpu.planner.request import Request
    from whichgpu.planner.sensitivity import Flip
    from whichgpu.planner.splitting import Several, Trained
    from whichgpu.prices.offers import Offer
    from whichgpu.workloads.workload import Workload


@immutable
class Candidate:
    """One way to do it: an offer, how many of it, and what it gives.

    `throughput` is of the whole fleet, `throughput_per_instance` of one; `instances` are counted at
    the middle estimate, `instances_safe` at its low end; `usd_per_unit` at the asked target, or at
    full load where none was asked; `watts` of all GPUs in use. Of a job with a size `finish` is in s from its
    start, `usd_total` and `joules_total` are of all of it; `usd_to_buy` is the price of cards that are
    bought. `front` marks those that no other candidate is at least as good as in cost, time and energy.
    """

    gpu: str
    offer: Offer
    estimate: Estimate
    gpus_per_replica: int
    gpus_per_instance: int
    replicas: int
    instances: int
    instances_safe: int
    throughput: Interval
    throughput_per_instance: Interval
    usd_per_hour: float
    usd_per_unit: float
    usd_per_unit_full_load: float
    watts: float
    trust: int
    spread_own: float
    buy: float | None = None
    why: str = ""
    joules_per_unit: float = float("nan")
    finish: float | None = None
    usd_total: float | None = None
    joules_total: float | None = None
    front: bool = False
    usd_to_buy: float | None = None

    @property
    def usd_per_month(self) -> float | None:
        """USD of a month in which it always runs; None of a job that ends, and of what has no price."""
        if self.usd_total is not None or isnan(self.usd_per_hour):
            return None
        return self.usd_per_hour * HOURS_PER_MONTH

    @property
    def cost(self) -> float:
        """USD of the whole job where it has a size, else of a unit of work."""
        return self.usd_per_unit if self.usd_total is None else self.usd_total

    @property
    def gpus(self) -> int:
        """GPUs of all instances."""
        return self.instances * self.gpus_per_instance

    @property
    def made_each(self) -> float:
        """Units of work a second and GPU."""
        return self.throughput_per_instance.mid / self.gpus_per_instance

    def axes(self) -> tuple[float, float, float]:
        """Cost, time and energy, each smaller the better: of the whole job where it has a size.

        Time is until the job is done, else that of one answer; in training that of a unit of work.
        """
        time = self.estimate.latency.mid
        if self.estimate.job.trains:
            time = 1.0 / self.throughput.mid
        return self.cost, time if self.finish is None else self.finish, self.joules_per_unit

    def rank(self, objective: str) -> tuple[float | str, ...]:
        """What candidates are ranked by: trust in the price, the objective, then cost, power and name."""
        aim = {
            "cost": 1.0 / self.throughput.mid if isnan(self.cost) else self.cost,
            "throughput": -self.made_each, "latency": self.estimate.latency.mid,
            "time": self.finish or 0.0, "energy": self.joules_per_unit,
        }[objective]  # fmt: skip
        later = (self.usd_per_unit, self.watts)
        # What is not known, as the energy of a TPU whose power nobody states, is no reason to come first.
        return (
            self.trust,
            inf if isnan(aim) else aim,
            *(0.0 if isnan(one) else one for one in later),
            self.gpu,
        )

    def to_dict(self, rank: int) -> dict[str, Any]:
        """The contract's shape of a candidate."""
        estimate = self.estimate
        return {
            "rank": rank, "gpu": self.gpu,
            "gpus_per_replica": self.gpus_per_replica, "replicas": self.replicas,
            "gpus_per_instance": self.gpus_per_instance, "instances": self.instances,
            "instances_safe": self.instances_safe, "throughput": self.throughput.to_dict(),
            "throughput_per_instance": self.throughput_per_instance.to_dict(),
            "latency": estimate.latency.to_dict(), "usd_per_hour": self.usd_per_hour,
            "usd_per_unit": self.usd_per_unit, "usd_per_unit_full_load": self.usd_per_unit_full_load,
            "usd_per_month": self.usd_per_month,
            "watts": self.watts, "buy_usd_per_hour": self.buy, "joules_per_unit": self.joules_per_unit,
            "seconds": self.finish, "usd_total": self.usd_total, "joules_total": self.joules_total,
            "usd_to_buy": self.usd_to_buy, "pareto": self.front, "seller": seller_of(self.offer).to_dict(),
            "offer": self.offer.to_dict(),
            "memory": {"parts": dict(estimate.memory), "required": estimate.required,
                       "available": estimate.available},
            "fits": estimate.fits, "may_run_out": estimate.may_run_out,
            "runtime": estimate.runtime, "job": estimate.job.to_dict(),
            "sequences": estimate.sequences, "basis": estimate.basis, "why": self.why,
        }  # fmt: skip


@immutable
class Rejected:
    """A GPU that was not chosen: the kind of reason, and the reason in full."""

    gpu: str
    kind: str
    why: str


@immutable
class Recommendation(Shown):
    """Candidates, best first, the rejected with their reasons, and what was assumed."""

    workload: Workload
    request: Request
    candidates: tuple[Candidate, ...]
    rejected: tuple[Rejected, ...]
    assumptions: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    infeasible: str = ""
    conflict: Conflict | None = None
    flips: tuple[Flip, ...] = ()
    hosted: tuple[Hosted, ...] = ()
    capped: Capped | None = None
    machine: Checked | Built | None = None
    headline: str = ""
    cautions: tuple[str, ...] = ()
    outlay: Outlay | None = None
    several: Several | Trained | None = None
    narrower: Narrower | None = None
    seconds: float = field(default=0.0, compare=False)

    def __str__(self) -> str:
        return self.headline or self.infeasible

    def _machine(self) -> dict[str, Any] | None:
        """The machine as stated and with the first candidate's cards in it, or the one they take."""
        filled = self.machine.to_dict() if self.machine else None
        if self.request.machine is None:
            return filled
        return {**self.request.machine.to_dict(), "filled": filled}

    def to_dict(self) -> dict[str, Any]:
        """The contract's shape of `recommend`."""
        target = self.request.target
        return {
            "workload": self.workload.id,
            "target": target.to_dict() if target else None,
            "unit": self.workload.unit,
            "headline": self.headline,
            "candidates": [item.to_dict(rank) for rank, item in enumerate(self.candidates, 1)],
            "rejected": [{"gpu": item.gpu, "why": item.why} for item in self.rejected],
            "assumptions": list(self.assumptions),
            "warnings": [*self.cautions, *self.warnings],
            "infeasible": self.infeasible or None,
            "conflict": self.conflict.to_dict() if self.conflict else None,
            "objective": self.request.objective,
            "size": self.request.size.to_dict() if self.request.size else None,
            "sensitivity": [one.to_dict() for one in self.flips],
            "hosted": [one.to_dict() for one in self.hosted],
            "power_limit": self.capped.to_dict() if self.capped else None,
            "machine": self._machine(),
            "outlay": self.outlay.to_dict() if self.outlay else None,
            "several": self.several.to_dict() if self.several else None,
            "narrower": asdict(self.narrower) if self.narrower else None,
        }
