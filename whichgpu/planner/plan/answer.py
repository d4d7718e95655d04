"""What `plan` answers: the fleet by hour, what it costs, and why it is the one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.planner.plan.solving import cost_of
from whichgpu.units import HOUR, HOURS_PER_MONTH
from whichgpu.values import NamedTuple, Shown, immutable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from whichgpu.planner.deployment import Deployment
    from whichgpu.planner.plan.columns import Built, Rejection
    from whichgpu.planner.plan.conflict import Conflict
    from whichgpu.planner.plan.solving import Solution
    from whichgpu.planner.plan.supply import Supply

    Array = NDArray[np.float64]


class Pick(NamedTuple):
    """Instances of one supply: most of them at once, by hour (H,), and shares of their time by demand."""

    supply: Supply
    instances: int
    by_hour: Array
    shares: dict[str, float]
    utilisation: float
    usd_per_hour: float


class Constraint(NamedTuple):
    """A limit of the plan: what it is, how much is used of it at most, and whether it binds."""

    name: str
    kind: str
    limit: float
    used: float
    unit: str

    @property
    def slack(self) -> float:
        """What is left of it."""
        return self.limit - self.used

    @property
    def binding(self) -> bool:
        """Whether nothing is left of it."""
        return self.slack <= 1e-6 * max(abs(self.limit), 1.0)


class Price(NamedTuple):
    """What easing a constraint is worth, USD/h saved (negative: costs more), in words; None is not known.

    `by` is how it was found: `fleet` (its instances fixed), `solved` anew, `kinds` (solved anew with the
    kinds of instance of this fleet), or `relaxation`.
    """

    name: str
    change: str
    usd_per_hour: float | None
    text: str
    by: str = ""


class Rival(NamedTuple):
    """The next best fleet: what it does without, its picks in words, USD/h, and why it lost."""

    without: str
    fleet: str
    usd_per_hour: float
    why: str


@immutable(eq=False)
class Plan(Shown):
    """A fleet and its explanation; without one `conflict` says why there is none.

    `watts` is the mean of all GPUs, None where it is not known; `headroom` the share by which all rates could
    grow on this fleet at its tightest hour, `tightest`.
    """

    built: Built
    solution: Solution
    constraints: tuple[Constraint, ...] = ()
    prices: tuple[Price, ...] = ()
    why_not: tuple[Rejection, ...] = ()
    rival: Rival | None = None
    headroom: float | None = None
    tightest: int = 0
    savings: tuple[str, ...] = ()
    scaling: tuple[dict[str, Any], ...] = ()
    deployments: tuple[Deployment, ...] = ()
    warnings: tuple[str, ...] = ()
    conflict: Conflict | None = None
    seconds: float = 0.0
    solve_seconds: float = 0.0

    @property
    def feasible(self) -> bool:
        """Whether there is a fleet."""
        return bool(np.isfinite(self.solution.cost))

    @property
    def status(self) -> str:
        """`optimal` within the gap, `time limit` with the best found, or `infeasible`."""
        if not self.feasible:
            return "infeasible" if self.solution.status == "infeasible" else "time limit"
        return {"optimal": "optimal"}.get(self.solution.status, "time limit")

    @property
    def usd_per_hour(self) -> float:
        """The mean over the period."""
        cost = self.solution.cost
        if self.feasible and self.built.program.energy:
            cost = cost_of(self.built.program, self.solution.n, self.solution.x, energy=False)
        return cost / self.built.program.period

    @property
    def watts(self) -> float | None:
        """Mean W of all GPUs; None where no column's is known."""
        columns = self.built.program.columns
        used = self.solution.n.any(axis=1)
        if not self.feasible or not (columns.idle[used] > 0.0).all():
            return None
        return (
            cost_of(self.built.program, self.solution.n, self.solution.x, energy=True)
            / self.built.program.period
        )

    @property
    def picks(self) -> tuple[Pick, ...]:
        """What the fleet consists of, the dearest first."""
        found = sorted(self._picks(), key=lambda one: -one.usd_per_hour)
        return tuple(found)

    def _picks(self) -> Iterator[Pick]:
        n, x, program = self.solution.n, self.solution.x, self.built.program
        for c in np.flatnonzero(n.any(axis=1)).tolist():
            by_hour, busy = n[c], x[:, c, :] @ program.hours
            there = float(by_hour @ program.hours)
            shares = {}
            for one in self.built.asked.demands:
                mine = [s for s, part in enumerate(self.built.slices) if part.demand.name == one.name]
                share = float(busy[mine].sum()) / there
                if share > 1e-9:
                    shares[one.name] = min(share, 1.0)
            usd = there * float(program.columns.usd[c]) / program.period
            yield Pick(
                self.built.supplies[c],
                int(by_hour.max()),
                by_hour,
                shares,
                min(sum(shares.values()), 1.0),
                usd,
            )

    @property
    def by_hour(self) -> Array:
        """USD of each hour (H,), starts in the hour that they are for."""
        program, n = self.built.program, self.solution.n
        columns = program.columns
        usd = columns.usd @ n
        if program.hours.size > 1:
            started = np.maximum(n - np.roll(n, 1, axis=1), 0.0)
            usd = usd + (columns.usd * columns.start * ~columns.always) @ started
        return np.asarray(usd)

    @property
    def fleet(self) -> str:
        """The picks in words."""
        return ", ".join(f"{one.instances:,} x {one.supply}" for one in self.picks) or "nothing"

    @property
    def headline(self) -> str:
        """The answer in a sentence."""
        if not self.feasible:
            return str(self.conflict or "no fleet was found in time")
        mean = "" if self.built.program.hours.size == 1 else " in the mean"
        gap = self.solution.gap
        within = f" to within {gap:.2%}" if gap > 5e-5 else ""
        proof = (
            f"proven to be the cheapest{within}" if self.status == "optimal"
            else f"the best found in time, at most {gap:.2%} above the cheapest"
        )  # fmt: skip
        return f"{self.fleet}: {self.usd_per_hour:,.2f} USD/h{mean}, {proof}"

    def __str__(self) -> str:
        return self.headline

    def to_dict(self) -> dict[str, Any]:
        """The contract's shape of `plan`: picks, USD/h, gap and status, and the explanation."""
        ok = self.feasible
        bound = self.solution.bound / self.built.program.period
        return {
            "name": self.built.asked.name, "status": self.status, "headline": self.headline,
            "usd_per_hour": self.usd_per_hour if ok else None,
            "usd_per_month": self.usd_per_hour * HOURS_PER_MONTH if ok else None,
            "gap": self.solution.gap if ok else None, "bound_usd_per_hour": max(bound, 0.0) if ok else None,
            "picks": [_pick(one) for one in self.picks] if ok else [],
            "watts": self.watts if ok else None,
            "hours": self._hours() if ok else [],
            "demands": [_demand(one) for one in self.built.asked.demands],
            "headroom": self.headroom, "tightest_hour": self.tightest,
            "constraints": [
                {**one._asdict(), "slack": one.slack, "binding": one.binding} for one in self.constraints
            ],
            "shadow_prices": [one._asdict() for one in self.prices],
            "next_best": None if self.rival is None else self.rival._asdict(),
            "savings": list(self.savings), "scaling": list(self.scaling),
            "why_not": [one._asdict() for one in self.why_not],
            "deployments": [one.to_dict() for one in self.deployments],
            "warnings": list(self.warnings),
            "conflict": None if self.conflict is None else self.conflict.to_dict(),
        }  # fmt: skip

    def _hours(self) -> list[dict[str, Any]]:
        program, solution = self.built.program, self.solution
        there = solution.n.sum(axis=0)
        busy = solution.x.sum(axis=(0, 1))
        rows = zip(self.by_hour.tolist(), there.tolist(), busy.tolist(), program.hours.tolist(), strict=True)
        return [
            {"hour": h, "hours": lasts, "usd_per_hour": usd, "instances": int(count),
             "utilisation": work / count if count else 0.0}
            for h, (usd, count, work, lasts) in enumerate(rows)
        ]  # fmt: skip


def _pick(one: Pick) -> dict[str, Any]:
    supply = one.supply
    return {
        "option": supply.name, "instances": one.instances,
        "instances_by_hour": [int(count) for count in one.by_hour], "shares": one.shares,
        "utilisation": one.utilisation, "usd_per_hour": one.usd_per_hour, "usd_per_hour_each": supply.usd,
        "gpu": supply.gpu, "gpus_per_instance": supply.gpu_count * supply.nodes,
        "provider": supply.provider or None,
        "instance": supply.instance or None, "region": supply.region or None, "kind": supply.kind,
        "start_seconds": supply.start * HOUR,
        "offer": None if supply.offer is None else supply.offer.to_dict(),
    }  # fmt: skip


def _demand(one: Any) -> dict[str, Any]:
    return {
        "name": one.name, "workload": one.workload or None, "unit": one.unit,
        "rate": None if one.total is not None else one.rate.tolist(), "total_per_day": one.total,
        "sizes": [{"name": size.name, "share": size.share} for size in one.sizes],
        "slo": [term.to_dict() for term in one.terms], "latency": one.latency, "redundancy": one.spare,
        "spot_share": one.spot,
    }  # fmt: skip
