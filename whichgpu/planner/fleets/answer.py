"""A fleet of replicas, and the answer of `recommend --slo` that lists several."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.answers import Z90
from whichgpu.planner import words
from whichgpu.planner.fleets.ways import name
from whichgpu.planner.uses import price_to_buy
from whichgpu.units import HOUR, HOURS_PER_MONTH, number
from whichgpu.values import Shown, immutable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.cost.serving.curve import Tails
    from whichgpu.cost.serving.slo import Term
    from whichgpu.planner.answer import Rejected
    from whichgpu.planner.built import Built
    from whichgpu.planner.conflict import Conflict
    from whichgpu.planner.fleets.search import Choice, Load, Operation
    from whichgpu.planner.hosted import Hosted
    from whichgpu.planner.machine import Checked
    from whichgpu.planner.narrower import Narrower
    from whichgpu.planner.request import Request
    from whichgpu.prices.offers import Offer
    from whichgpu.workloads.job import Job


@immutable
class Fleet:
    """One fleet: `choice` of an offer, `job` of one replica with its split, and how it works.

    `usd_input` and `usd_output` are USD of a million tokens. `tails` are simulated, of the first alone.
    """

    gpu: str
    job: Job
    choice: Choice
    at: Operation
    request_rate: float
    usd_input: float
    usd_output: float
    tails: Tails | None = None
    why: str = ""

    @property
    def split(self) -> str:
        """`tp=4`."""
        return name(self.job)

    @property
    def gpus_per_replica(self) -> int:
        """GPUs that hold one copy of the model."""
        return round(float(self.job.n_gpus))

    @property
    def gpus(self) -> int:
        """GPUs of all instances."""
        return self.choice.instances * int(self.choice.offer.gpu_count)

    @property
    def watts(self) -> float:
        """W of all GPUs under the load."""
        return self.at.watts * self.gpus

    @property
    def trust(self) -> int:
        """In its price, 0 the most."""
        return self.choice.trust

    @property
    def cost(self) -> float:
        """USD/h of all of it."""
        return self.choice.usd_per_hour

    @property
    def offer(self) -> Offer:
        """Whose price it has."""
        return self.choice.offer

    @property
    def usd_to_buy(self) -> float | None:
        """USD of the cards where they are bought."""
        each = price_to_buy(self.choice.offer)
        return None if each is None else each * self.choice.instances

    @property
    def tokens(self) -> float:
        """Output tokens/s."""
        return self.request_rate * float(self.job.output_tokens)

    @property
    def usd_per_million(self) -> float:
        """USD of a million tokens made, those of their prompts included."""
        return self.choice.usd_per_hour / HOUR / self.tokens * 1e6

    def to_dict(self, rank: int) -> dict[str, Any]:
        """The contract's shape of a candidate, SI units."""
        choice, at = self.choice, self.at
        wide = float(np.exp(Z90 * at.spread))
        made = {"low": self.tokens / wide, "mid": self.tokens, "high": self.tokens * wide}
        each = {key: value / choice.instances for key, value in made.items()}
        return {
            "rank": rank, "gpu": self.gpu, "split": self.split, "gpus_per_replica": self.gpus_per_replica,
            "replicas": choice.replicas, "gpus_per_instance": int(choice.offer.gpu_count),
            "instances": choice.instances, "instances_safe": at.safe, "gpus": self.gpus,
            "request_rate": self.request_rate, "request_rate_per_replica": at.rate,
            "request_rate_per_replica_most": choice.most, "utilisation": at.utilisation,
            "throughput": {**made, "unit": "tokens/s"},
            "throughput_per_instance": {**each, "unit": "tokens/s"},
            **{metric: _told(values) for metric, values in at.times.items()},
            "usd_per_hour": choice.usd_per_hour,
            "usd_per_month": choice.usd_per_hour * HOURS_PER_MONTH,
            "usd_per_unit": self.usd_per_million / 1e6,
            "usd_per_million": {"input": self.usd_input, "output": self.usd_output},
            "watts": self.watts, "bound": None if at.binding is None else str(at.binding),
            "offer": choice.offer.to_dict(), "fits": True,
            "memory": {"required": at.memory[0], "available": at.memory[1]},
            "simulated": None if self.tails is None else self.tails.to_dict(),
            "runtime": self.job.runtime, "job": self.job.to_dict(), "basis": at.basis, "why": self.why,
        }  # fmt: skip


def _told(values: Mapping[str, float]) -> dict[str, Any]:
    rest = {key: value for key, value in values.items() if key.startswith("p")}
    return {"low": values["low"], "mid": values["mean"], "high": values["high"], "unit": "s",
            "mean": values["mean"], **rest}  # fmt: skip


@immutable
class Fleets(Shown):
    """Fleets, the cheapest first, and why other GPUs are out; `infeasible` where there is none."""

    request: Request
    terms: Sequence[Term]
    load: Load
    fleets: tuple[Fleet, ...]
    rejected: tuple[Rejected, ...]
    assumptions: tuple[str, ...]
    infeasible: str = ""
    conflict: Conflict | None = None
    hosted: tuple[Hosted, ...] = ()
    machine: Checked | Built | None = None
    warnings: tuple[str, ...] = ()
    narrower: Narrower | None = None

    @property
    def headline(self) -> str:
        """The first in one sentence."""
        if not self.fleets:
            return self.infeasible
        first, wanted = self.fleets[0], ", ".join(map(str, self.terms))
        choice = first.choice
        each = "" if first.gpus_per_replica == 1 else f" of {first.gpus_per_replica} GPUs ({first.split})"
        fleet = f"{choice.offer.provider} {choice.offer.instance}"
        if choice.instances > 1:
            fleet = f"{choice.instances:,} x {fleet}"
        form = f" in {first.job.precision}" if self.request.precisions else ""
        rate = number(first.request_rate)
        users = "" if self.load.users is None else f" of {words.plural(self.load.users, 'user')}"
        return (
            f"{first.gpu}: {fleet} ({words.plural(first.gpus, 'GPU')}){form} as "
            f"{words.plural(choice.replicas, 'replica')}{each} hold{'s' * (choice.replicas == 1)} "
            f"{rate} request{'s' * (rate != '1')}/s{users} within {wanted}, {choice.usd_per_hour:,.2f} USD/h "
            f"({words.by_month(choice.usd_per_hour)}): {words.money(first.usd_input)} a million tokens in, "
            f"{words.money(first.usd_output)} out"
        )

    def __str__(self) -> str:
        return self.headline

    def to_dict(self) -> dict[str, Any]:
        """The contract's shape of `recommend`, with the load and the objectives."""
        load = self.load
        return {
            "workload": self.request.job.workload, "target": None, "unit": "tokens",
            "load": {"request_rate": load.rate, "users": load.users, "pause": load.pause},
            "slo": {"objectives": [one.to_dict() for one in self.terms]},
            "headline": self.headline if self.fleets else None,
            "candidates": [one.to_dict(rank) for rank, one in enumerate(self.fleets, 1)],
            "rejected": [{"gpu": one.gpu, "why": one.why} for one in self.rejected],
            "assumptions": list(self.assumptions), "warnings": list(self.warnings),
            "infeasible": self.infeasible or None,
            "hosted": [one.to_dict() for one in self.hosted],
            "narrower": asdict(self.narrower) if self.narrower else None,
            "machine": self.machine and self.machine.to_dict(),
            "conflict": self.conflict.to_dict() if self.conflict else None,
        }  # fmt: skip
