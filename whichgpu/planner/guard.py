"""Whether models still fit their GPUs, and cost no more than they did: for a check of every change.

usd_per_unit = usd_per_gpu_hour * n_gpus / (3600 * throughput)
change = usd_per_unit / usd_per_unit of the baseline - 1
       = (1 + change of the price) * (1 + change of the time of a unit) - 1
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.cost.infeasible import single
from whichgpu.cost.job.placing import placed
from whichgpu.errors import DataError, Infeasible
from whichgpu.prices import live
from whichgpu.prices import store as prices
from whichgpu.units import HOUR, number, show
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from whichgpu.cost.answers import Estimate
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

#: A change below this, as a share, is none: what rounding leaves.
_NONE = 1e-6


@immutable
class Watched:
    """A model to watch: its job on so many of a GPU, the price if stated, how much dearer it may become."""

    name: str
    job: Job
    gpu: Gpu
    count: int
    most: float
    usd_per_gpu_hour: float | None = None


@immutable
class Cost:
    """What a baseline keeps of a model: USD of a unit of work, and what it follows from."""

    gpu: str
    n_gpus: int
    unit: str
    usd_per_unit: float
    usd_per_gpu_hour: float
    throughput: float
    required: float

    def to_dict(self) -> dict[str, Any]:
        """A JSON object; units/s of all GPUs, bytes of one GPU."""
        return {
            "gpu": self.gpu, "n_gpus": self.n_gpus, "unit": self.unit, "usd_per_unit": self.usd_per_unit,
            "usd_per_gpu_hour": self.usd_per_gpu_hour, "throughput": self.throughput,
            "required": self.required,
        }  # fmt: skip


@immutable
class Verdict:
    """What became of one model. `cost` is None where it does not fit, `change` where there is no baseline."""

    watched: Watched
    cost: Cost | None
    before: Cost | None
    problem: str = ""
    note: str = ""

    @property
    def change(self) -> float | None:
        """How much dearer a unit of work is than in the baseline, as a share."""
        if self.cost is None or self.before is None:
            return None
        return self.cost.usd_per_unit / self.before.usd_per_unit - 1.0

    def to_dict(self) -> dict[str, Any]:
        """A JSON object: the model, its cost and the baseline's, and what is wrong."""
        return {
            "name": self.watched.name, "workload": self.watched.job.workload, "gpu": self.watched.gpu.id,
            "n_gpus": self.watched.count, "fits": self.cost is not None, "most": self.watched.most,
            "cost": self.cost.to_dict() if self.cost else None,
            "baseline": self.before.to_dict() if self.before else None,
            "change": self.change, "problem": self.problem, "note": self.note,
        }  # fmt: skip


def judge(watched: Sequence[Watched], baseline: Mapping[str, Cost], today: date) -> tuple[Verdict, ...]:
    """Each model against its entry in the baseline; raises `DataError` where a GPU has no price."""
    return tuple(_judged(one, baseline.get(one.name), today) for one in watched)


def _judged(one: Watched, before: Cost | None, today: date) -> Verdict:
    try:
        answer = single(placed(one.job, one.count, one.gpu), one.gpu)
    except Infeasible as fault:
        return Verdict(one, None, before, problem=str(fault))
    cost = _cost(one, answer, today)
    if before is None:
        return Verdict(one, cost, None, note="it is not in the baseline; add it with --update")
    if (before.gpu, before.n_gpus, before.unit) != (cost.gpu, cost.n_gpus, cost.unit):
        was = f"{before.n_gpus} x {before.gpu}, {before.unit}"
        return Verdict(one, cost, None, note=f"the baseline is of {was}; renew it with --update")
    made = Verdict(one, cost, before)
    if made.change is not None and made.change > one.most + _NONE:
        return Verdict(one, cost, before, problem=_dearer(made, before, cost))
    return made


def _dearer(made: Verdict, before: Cost, cost: Cost) -> str:
    price = cost.usd_per_gpu_hour / before.usd_per_gpu_hour - 1.0
    time = before.throughput / cost.throughput - 1.0
    now, was = (number(1e6 * one.usd_per_unit) for one in (cost, before))
    return (
        f"costs {100.0 * (made.change or 0.0):.1f} % more, and {100.0 * made.watched.most:g} % are allowed: "
        f"{now} USD a million {cost.unit} against {was}; "
        f"its speed {_moved(time)}, the price of the GPU {_moved(price)}"
    )


def _moved(share: float) -> str:
    if abs(share) < _NONE:
        return "is as it was"
    return f"makes it {abs(100.0 * share):.1f} % {'dearer' if share > 0.0 else 'cheaper'}"


def _cost(one: Watched, answer: Estimate, today: date) -> Cost:
    usd = one.usd_per_gpu_hour if one.usd_per_gpu_hour is not None else _price(one, today)
    rate = float(answer.throughput.mid)
    return Cost(
        gpu=one.gpu.id, n_gpus=one.count, unit=answer.throughput.unit.removesuffix("/s"),
        usd_per_unit=usd * one.count / (HOUR * rate), usd_per_gpu_hour=usd, throughput=rate,
        required=float(answer.required),
    )  # fmt: skip


def _price(one: Watched, today: date) -> float:
    """USD per hour of one GPU: the best-kept on-demand price."""
    known = [
        row
        for row in prices.select(live.current(), gpus=[one.gpu.id], kinds=("on_demand",))
        if row.gpu_count >= 1
    ]
    if not known:
        raise DataError(f"{one.name}: no on-demand price of {one.gpu.id} is known; state usd_per_gpu_hour")
    return float(prices.best_first(known, today)[0].usd_per_gpu_hour)


def memory(made: Verdict) -> str:
    """`16.4 of 22.5 GiB` of one GPU."""
    if made.cost is None:
        return "too little"
    there = float(made.watched.gpu.value("memory"))
    return f"{show(made.cost.required, 'memory', 3)} of {show(there, 'memory', 3)}"
