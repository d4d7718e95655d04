"""From what is asked to the program: offers, commitments, owned GPUs and own options become its columns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.planner.plan.carrying import supplies
from whichgpu.planner.plan.parts import counted
from whichgpu.planner.plan.program import Columns, Limits, Load, Program
from whichgpu.planner.plan.supply import chosen
from whichgpu.values import NamedTuple, immutable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.plan.asked import Asked, Demand, Size
    from whichgpu.planner.plan.capacities import Held
    from whichgpu.planner.plan.supply import Supply
    from whichgpu.workloads.job import Job

    Array = NDArray[np.float64]
    import datetime


class Slice(NamedTuple):
    """All requests of one size of a demand; of work by the day, those of one `day`."""

    demand: Demand
    size: Size
    place: int
    day: int = 0

    def __str__(self) -> str:
        return self.demand.name if len(self.demand.sizes) == 1 else f"{self.demand.name} ({self.size.name})"


class Rejection(NamedTuple):
    """Why a class of offers is out: how many of them, what they are, and the reason."""

    what: str
    offers: int
    kind: str
    why: str


@immutable(eq=False)
class Built:
    """The program, and what its slices, columns, types and quotas stand for.

    `held` has by demand and column the split that was chosen (None of options of one's own).
    """

    asked: Asked
    program: Program
    slices: tuple[Slice, ...]
    supplies: tuple[Supply, ...]
    types: tuple[str, ...]
    quotas: tuple[str, ...]
    held: dict[tuple[str, int], Held]
    rejected: tuple[Rejection, ...]
    jobs: dict[tuple[str, int], Job]


def build(asked: Asked, catalogue: Catalogue, today: datetime.date) -> Built:
    """The program of a plan; raises `UsageError` where there is no offer at all."""
    found = supplies(asked, catalogue, today)
    if not found.supplies and not found.rejected:
        raise UsageError(
            "nothing may be had: there is no offer at all; give offers, [[owned]] GPUs or [[option]]s"
        )
    slices = _slices(asked)
    capacity, work = _capacities(slices, found.supplies, found.held)
    columns = _columns(asked, found.supplies, capacity, work)
    kinds = tuple(dict.fromkeys(one.type for one in found.supplies))
    weights, most, names = _quotas(asked, found.supplies)
    program = Program(
        asked.hours, _load(asked, slices), columns, Limits(weights, most, asked.types, asked.budget),
    )  # fmt: skip
    rejected = tuple(Rejection(*one) for one in found.rejected)
    return Built(asked, program, slices, found.supplies, kinds, names, found.held, rejected, found.jobs)


def refilled(built: Built, held: dict[tuple[str, int], Held]) -> Built:
    """The same with other capacities of its replicas."""
    capacity, work = _capacities(built.slices, built.supplies, held)
    columns = replace(built.program.columns, capacity=capacity, work=work)
    return replace(built, held=held, program=replace(built.program, columns=columns))


def _slices(asked: Asked) -> tuple[Slice, ...]:
    days = max(asked.hours.size // 24, 1)
    return tuple(
        Slice(demand, size, index, day)
        for demand in asked.demands
        for index, size in enumerate(demand.sizes)
        for day in range(days if demand.total is not None else 1)
    )


def _load(asked: Asked, slices: Sequence[Slice]) -> Load:
    names = [one.name for one in asked.demands]
    rate = np.array([one.demand.rate * one.size.share * (1.0 + one.demand.headroom) for one in slices])
    totals = [np.nan if one.demand.total is None else one.demand.total for one in slices]
    total = np.array(totals) * [one.size.share * (1.0 + one.demand.headroom) for one in slices]
    return Load(
        rate, total, np.array([_window(one, asked.hours.size) for one in slices]),
        np.array([one.demand.spare for one in slices]),
        np.array([names.index(one.demand.name) for one in slices]),
        np.array([one.spot for one in asked.demands]),
    )  # fmt: skip


def _window(one: Slice, hours: int) -> NDArray[np.bool_]:
    """The hours in which the work of one day may be done: from that day's first on, past midnight."""
    mask = np.zeros(hours, dtype=bool)
    window = one.demand.window
    if window is None:
        return mask
    if hours == 1:
        return ~mask
    own = np.resize(window, 24)
    # A night belongs to the day on whose evening it begins.
    begins = next((h for h in range(24) if own[h] and not own[h - 1]), 0)
    for step in range(24):
        if own[(begins + step) % 24]:
            mask[(one.day * 24 + begins + step) % hours] = True
    return mask


def _capacities(
    slices: Sequence[Slice], columns: Sequence[Supply], held: dict[tuple[str, int], Held]
) -> tuple[Array, Array]:
    """Units/s and W above idle of each slice on each column, (S, C)."""
    capacity, work = np.zeros((len(slices), len(columns))), np.zeros((len(slices), len(columns)))
    for s, one in enumerate(slices):
        for c, supply in enumerate(columns):
            if supply.option is not None:
                capacity[s, c] = supply.option.capacity.get(one.demand.name, {}).get(one.size.name, 0.0)
                continue
            known = held.get((one.demand.name, c))
            if known is not None:
                capacity[s, c] = known.rate[one.place]
                work[s, c] = (
                    max(float(known.watts[one.place]) - supply.idle, 0.0) if known.rate[one.place] else 0.0
                )
    return capacity, work


def _columns(asked: Asked, columns: Sequence[Supply], capacity: Array, work: Array) -> Columns:
    kinds = list(dict.fromkeys(one.type for one in columns))
    bodies = list(dict.fromkeys(one.body for one in columns))
    return Columns(
        usd=np.array([one.usd for one in columns]),
        most=np.array([one.most for one in columns]),
        kind=np.array([kinds.index(one.type) for one in columns]),
        body=np.array([bodies.index(one.body) for one in columns]),
        always=np.array([one.kind.startswith(("committed", "reserved")) for one in columns]),
        spot=np.array([one.kind == "spot" for one in columns]),
        start=np.array([one.start for one in columns]),
        idle=np.array([one.idle for one in columns]), work=work, capacity=capacity,
    )  # fmt: skip


def _quotas(asked: Asked, columns: Sequence[Supply]) -> tuple[Array, Array, tuple[str, ...]]:
    """Weights (Q, C), limits (Q,) and names; what several columns share of one limit is a quota too."""
    weights, most, names = [], [], []
    for quota in asked.quotas:
        row = [
            (counted(one, quota.choice) if quota.gpus else float(one.nodes))
            if chosen(one, quota.choice)
            else 0.0
            for one in columns
        ]
        weights.append(row)
        most.append(quota.most)
        names.append(f"{quota.name}: at most {quota.most:,g} {'GPUs' if quota.gpus else 'instances'}")
    shared = dict(pool for one in columns for pool in one.pools)
    for pool, limit in sorted(shared.items()):
        mine = [any(name == pool for name, _ in one.pools) for one in columns]
        if sum(mine) > 1 and np.isfinite(limit):
            weights.append([float(one.nodes) * own for one, own in zip(columns, mine, strict=True)])
            most.append(limit)
            names.append(f"{pool}: at most {limit:,g} instances")
    size = (len(names), len(columns))
    return np.array(weights, dtype=float).reshape(size), np.array(most, dtype=float), tuple(names)
