"""Equation (8): the losses of instances that a fleet would not survive, as rows that forbid it.

For each loss m that the demands allow, the second stage over what remains

    maximise theta:  sum_b k_sb x_sb >= theta r_s,  sum_s x_sb <= remaining_b,  x >= 0

is below 1 where the fleet fails; its duals v, scaled so that sum_s v_s r_s = 1, are the weights of the row,
and of the row of the mean loss (8') that goes with it.
"""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.planner.plan.highs import solve
from whichgpu.planner.plan.milp import Loss, Milp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from whichgpu.planner.plan.program import Program

    Array = NDArray[np.float64]
    Mask = NDArray[np.bool_]

#: A fleet survives a loss if all but this share of the rates is carried.
_SHORT = 1e-7


def bodies(program: Program) -> Array:
    """Units/s of each slice on one of each body, (S, B)."""
    columns = program.columns
    count = int(columns.body.max(initial=-1)) + 1
    found = np.zeros((columns.capacity.shape[0], count))
    np.maximum.at(found.T, columns.body, columns.capacity.T)
    return found


def survives(program: Program, n: Array) -> bool:
    """Whether the fleet `n` (C, H) carries all that it must after every loss that its demands allow."""
    return next(_failing(program, n), None) is None


def failing(program: Program, n: Array) -> list[Loss]:
    """Rows that the fleet `n` (C, H) violates, each for every body; none where it survives every loss."""
    return list(_failing(program, n))


def _failing(program: Program, n: Array) -> Iterator[Loss]:
    each = bodies(program)
    for h, lost, slices, theta, value in after(program, n):
        if theta < 1.0 - _SHORT:
            weights = (each[slices] * value[:, None]).max(axis=0)
            whole = np.zeros(slices.size)
            whole[slices] = value
            single = sum(lost.values()) == 1
            yield Loss(h, weights, whole, "worst" if single else "lost", {} if single else lost)
            yield Loss(h, weights, whole, "mean")


def after(program: Program, n: Array) -> Iterator[tuple[int, dict[int, int], Mask, float, Array]]:
    """Of each hour and loss: what is lost of each body, the slices that go on, what is `carried`."""
    each = bodies(program)
    for h in range(program.hours.size):
        there = np.bincount(program.columns.body, weights=n[:, h], minlength=each.shape[1]).round()
        for lost in _losses(program, there):
            size = sum(lost.values())
            slices = (program.load.spare >= size) & (program.load.rate[:, h] > 0.0)
            if not slices.any():
                continue
            remaining = there.copy()
            remaining[list(lost)] -= list(lost.values())
            yield h, lost, slices, *carried(each[slices], program.load.rate[slices, h], remaining)


def slack(program: Program, n: Array, one: Loss) -> float:
    """By how much the fleet `n` (C, H) is above a row's right side of 1, below zero where it violates it."""
    there = np.bincount(program.columns.body, weights=n[:, one.hour], minlength=one.weights.size)
    lost = sum(one.weights[b] * many for b, many in one.lost.items())
    if one.kind == "worst":
        lost = one.weights[there > 0.5].max(initial=0.0)
    return float(one.weights @ there - lost) - 1.0


def spread(program: Program, n: Array, known: Sequence[Loss]) -> list[Loss]:
    """Rows as those of other hours, where the fleet violates them there too."""
    every: dict[bytes, list[Loss]] = {}
    for one in known:
        every.setdefault(key(one), []).append(one)
    made = []
    for some in every.values():
        for h in set(range(program.hours.size)) - {one.hour for one in some}:
            made += [one for one in of_hour(program, some[:1], h) if slack(program, n, one) < -_SHORT]
    return made


def key(one: Loss) -> bytes:
    """What rows have in common that are of the same worths, at whatever hour."""
    return bytes(one.kind.encode() + np.round(one.value / one.value.max(), 6).tobytes())


def of_hour(program: Program, known: Sequence[Loss], h: int) -> list[Loss]:
    """Rows of the worst loss of other hours as those of hour `h`: what is worth what there may be so here."""
    each, made = bodies(program), []
    for one in known:
        value = np.where(program.load.rate[:, h] > 0.0, one.value, 0.0)
        whole = float(value @ program.load.rate[:, h])
        if one.kind == "worst" and whole > 0.0:
            value = value / whole
            made.append(Loss(h, (each * value[:, None]).max(axis=0), value, one.kind))
    return made


def _losses(program: Program, there: NDArray[Any]) -> Iterator[dict[int, int]]:
    """Every loss of as many instances as any demand allows, of those that are there."""
    used = np.flatnonzero(there > 0.0).tolist()
    for size in range(1, int(program.load.spare.max(initial=0)) + 1):
        for some in combinations_with_replacement(used, size):
            lost = {body: some.count(body) for body in set(some)}
            if all(count <= there[body] for body, count in lost.items()):
                yield lost


def carried(each: Array, rate: Array, remaining: NDArray[Any]) -> tuple[float, Array]:
    """The share of all rates (S,) that instances (B,) of speeds (S, B) carry, and the worth of each slice."""
    alone = 1.0 / rate
    if rate.size == 1:
        return float(each[0] @ remaining / rate[0]), alone
    s, b = np.nonzero((each > 0.0) & (remaining > 0.0))
    if not set(range(rate.size)) <= set(s.tolist()):
        missing = np.array([not (s == i).any() for i in range(rate.size)])
        return 0.0, np.where(missing, alone / missing.sum(), 0.0)
    slices, count = rate.size, s.size
    top = each.max(axis=1)
    index = np.arange(count)
    matrix = (
        np.concatenate([s, slices + b, np.arange(slices)]),
        np.concatenate([index, index, np.full(slices, count)]),
        np.concatenate([each[s, b] / top[s], np.ones(count), -rate / top]),
    )
    cost = np.zeros(count + 1)
    cost[-1] = -1.0
    program = Milp(
        cost, np.zeros(count + 1), np.full(count + 1, np.inf), np.zeros(count + 1, dtype=bool),
        np.concatenate([np.zeros(slices), np.full(remaining.size, -np.inf)]),
        np.concatenate([np.full(slices, np.inf), remaining]), matrix,
        np.zeros((0, 0), int), 0, (s, b, b), {},
    )  # fmt: skip
    found = solve(program, relaxed=True)
    value = np.maximum(found.prices[:slices], 0.0) / top
    return -found.objective, value / max(float(value @ rate), 1e-300)
