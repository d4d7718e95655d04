"""Small plans against enumeration: every fleet is tried, and nothing of the formulation is used."""

from __future__ import annotations

from itertools import combinations_with_replacement, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whichgpu.planner.plan.program import Columns, Limits, Load, Program
from whichgpu.planner.plan.solving import cheapest, effort

pytestmark = pytest.mark.slow

PRICES = st.sampled_from([0.5, 1.0, 1.3, 2.0, 2.1, 3.7])
SPEEDS = st.sampled_from([0.0, 0.7, 1.0, 1.6, 2.5, 4.0])
RATES = st.sampled_from([0.0, 0.6, 1.0, 2.2, 3.1, 4.9])
MOST = 3


@st.composite
def programs(draw, slices=2, spot=False):
    count, hours = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    columns = range(count)
    rate = np.array([[draw(RATES) for _ in range(hours)] for _ in range(slices)])
    rate[:, 0] = np.maximum(rate[:, 0], 0.3)
    capacity = np.array([[draw(SPEEDS) for _ in columns] for _ in range(slices)])
    kinds = np.array([draw(st.integers(0, count - 1)) for _ in columns])
    quota = draw(st.booleans())
    return Program(
        np.array([draw(st.sampled_from([1.0, 3.0])) for _ in range(hours)]),
        Load(
            rate, np.full(slices, np.nan), np.zeros((slices, hours), bool),
            np.array([draw(st.integers(0, 2 if slices == 1 else 1)) for _ in range(slices)]),
            np.arange(slices),
            np.array([draw(st.sampled_from([0.0, 0.4, 1.0])) if spot else 1.0] * slices),
        ),
        Columns(
            np.array([draw(PRICES) for _ in columns]),
            np.array([float(draw(st.integers(1, MOST))) for _ in columns]),
            kinds, np.arange(count), np.array([draw(st.booleans()) for _ in columns]),
            np.array([spot and draw(st.booleans()) for _ in columns]),
            np.array([draw(st.sampled_from([0.0, 0.0, 0.2, 1.5])) for _ in columns]), np.zeros(count),
            np.zeros((slices, count)), capacity,
        ),
        Limits(
            np.array([[float(draw(st.integers(0, 2))) for _ in columns]] * quota).reshape(int(quota), count),
            np.array([float(draw(st.integers(1, 5)))] if quota else []),
            draw(st.sampled_from([None, None, 1, 2])),
        ),
    )  # fmt: skip


def carries(speeds, rate, n):
    """Whether instances carry two slices: each first where it is better, by comparative advantage; or one."""
    if rate.size == 1:
        return float(speeds[0] @ n) >= rate[0] * (1 - 1e-9)
    order = sorted(range(n.size), key=lambda c: -speeds[0, c] / max(speeds[1, c], 1e-12))
    left, second = rate[0], 0.0
    for c in order:
        whole = n[c] * speeds[0, c]
        used = 0.0 if whole <= 0 else min(1.0, left / whole)
        left -= used * whole
        second += (1.0 - used) * n[c] * speeds[1, c]
    return left <= 1e-9 * max(rate[0], 1.0) and second >= rate[1] * (1 - 1e-9) - 1e-12


def survives(program, n, h):
    """Whether what is left after any loss that a slice allows still carries the slices that allow it."""
    load, speeds = program.load, program.columns.capacity
    there = [c for c in range(n.size) if n[c]]
    for size in range(int(load.spare.max()) + 1):
        mine = (load.spare >= size) & (load.rate[:, h] > 0)
        for lost in combinations_with_replacement(there, size):
            left = n - np.bincount(lost, minlength=n.size) if lost else n
            if (left < 0).any() or not mine.any():
                continue
            if not carries(speeds[mine], load.rate[mine, h], left):
                return False
        # A loss of more than there are is one of all.
        if size > n.sum() and mine.any():
            return False
    return True


def on_spot(program, n, h):
    """Of one slice: whether what is not spot carries what spot may not."""
    spot, share = program.columns.spot, program.load.spot[0]
    rate, each = program.load.rate[0, h], program.columns.capacity[0] * n
    return each[~spot].sum() + min(each[spot].sum(), share * rate) >= rate * (1 - 1e-9)


def brute(program, *, spot):
    """The least cost of all fleets, inf where none does."""
    columns, limits, hours = program.columns, program.limits, program.hours
    fleets = [np.array(one) for one in product(*(range(int(most) + 1) for most in columns.most))]
    good = []
    for h in range(hours.size):
        able = [
            n for n in fleets
            if (limits.weights @ n <= limits.most).all() and survives(program, n, h)
            and (not spot or on_spot(program, n, h))
        ]  # fmt: skip
        good.append(able)
    best = np.inf
    for chosen in product(*good):
        n = np.array(chosen).T
        if (n[columns.always] != n[columns.always][:, :1]).any():
            continue
        if limits.types is not None and np.unique(columns.kind[n.any(axis=1)]).size > limits.types:
            continue
        started = np.maximum(n - np.roll(n, 1, axis=1), 0).sum(axis=1) * (hours.size > 1)
        cost = columns.usd @ n @ hours + (columns.usd * columns.start * ~columns.always) @ started
        best = min(best, cost)
    return best


def check(program, *, spot=False):
    found, least = cheapest(program, effort(1e-7, 20)), brute(program, spot=spot)
    if np.isinf(least):
        assert found.status == "infeasible"
        return
    assert found.status == "optimal"
    assert found.cost == pytest.approx(least, rel=1e-6)
    assert found.gap <= 1e-6


@pytest.mark.slow
@settings(max_examples=45, deadline=None)
@given(programs())
def test_two_demands_with_hours_quotas_spares_types_and_commitments(program):
    check(program)


@pytest.mark.slow
@settings(max_examples=45, deadline=None)
@given(programs(slices=1, spot=True))
def test_one_demand_with_a_limit_on_spot(program):
    check(program, spot=True)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(programs())
def test_hours_taken_apart_are_bounded_by_enumeration(program):
    from dataclasses import replace

    from whichgpu.planner.plan.apart import by_itself
    from whichgpu.planner.plan.decomposed import together
    from whichgpu.planner.plan.few_types import of_few_types

    if program.hours.size == 1:
        return
    apart = of_few_types if program.limits.types is not None else together
    asked = (program.load.rate > 0.0).any(axis=1)
    if (asked & ~(program.columns.capacity > 0.0).any(axis=1)).any():
        program = replace(program, load=replace(program.load, rate=np.zeros_like(program.load.rate)))
    bound = by_itself(program, effort(1e-6, 5)).bound if program.limits.types is None else -np.inf
    found, least = apart(program, effort(1e-6, 5)), brute(program, spot=False)
    assert bound <= least * (1 + 1e-6) + 1e-9
    if np.isinf(least):
        assert not np.isfinite(found.cost)
    else:
        assert found.bound <= least * (1 + 1e-6) + 1e-9
        assert found.cost >= least * (1 - 1e-6) - 1e-9


@st.composite
def totals(draw):
    """One demand of work at any hour of its window, on two kinds of instance."""
    hours, count = draw(st.integers(2, 4)), 2
    window = np.array([[draw(st.booleans()) for _ in range(hours)]])
    window[0, draw(st.integers(0, hours - 1))] = True
    quota = draw(st.booleans())
    return Program(
        np.array([draw(st.sampled_from([1.0, 1.0, 3.0])) for _ in range(hours)]),
        Load(
            np.zeros((1, hours)), np.array([3600.0 * draw(st.sampled_from([0.5, 2.0, 4.4, 9.0]))]), window,
            np.zeros(1, int), np.zeros(1, int), np.array([draw(st.sampled_from([0.0, 0.4, 1.0]))]),
        ),
        Columns(
            np.array([draw(PRICES) for _ in range(count)]),
            np.array([float(draw(st.integers(1, 2))) for _ in range(count)]), np.arange(count),
            np.arange(count), np.array([draw(st.sampled_from([False, False, True])) for _ in range(count)]),
            np.array([draw(st.booleans()), False]),
            np.array([draw(st.sampled_from([0.0, 0.2, 1.5])) for _ in range(count)]), np.zeros(count),
            np.zeros((1, count)), np.array([[draw(SPEEDS) for _ in range(count)]]),
        ),
        Limits(np.ones((int(quota), count)), np.full(int(quota), float(draw(st.integers(1, 3))))),
    )  # fmt: skip


def brute_total(program):
    """The least cost of all fleets of one demand with a total, inf where none does."""
    columns, load, best = program.columns, program.load, np.inf
    lasts, total, spot = program.hours * load.window[0], load.total[0] / 3600.0, columns.spot
    fleets = [np.array(one) for one in product(*(range(int(most) + 1) for most in columns.most))]
    fleets = [n for n in fleets if (program.limits.weights @ n <= program.limits.most).all()]
    for chosen in product(fleets, repeat=program.hours.size):
        n = np.array(chosen).T
        made = columns.capacity[0] * (n @ lasts)
        most = made[~spot].sum() + min(made[spot].sum(), load.spot[0] * total)
        if most >= total * (1 - 1e-9) and (n[columns.always] == n[columns.always][:, :1]).all():
            started = np.maximum(n - np.roll(n, 1, axis=1), 0).sum(axis=1) * ~columns.always
            best = min(best, columns.usd @ n @ program.hours + (columns.usd * columns.start) @ started)
    return best


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(totals())
@pytest.mark.thorough
def test_work_at_any_hour_is_counted_as_enumeration_does(program):
    from whichgpu.planner.plan.counting import countable, counted

    assert countable(program)
    found, least = counted(program, effort(1e-7, 20)), brute_total(program)
    assert found.bound <= least * (1 + 1e-6) or (found.status == "infeasible" and np.isinf(least))
    assert found.cost >= least * (1 - 1e-6)
    if found.status == "optimal":
        assert found.cost == pytest.approx(least, rel=1e-6)
    whole = cheapest(program, effort(1e-7, 20))
    assert whole.cost == pytest.approx(least, rel=1e-6) or np.isinf(least)
    # Taken apart, with what work on spot capacity may not do, the bound is one too.
    from whichgpu.planner.plan.decomposed import together

    apart = together(program, effort(1e-6, 5))
    assert apart.bound <= least * (1 + 1e-6) + 1e-9 or np.isinf(least)
    assert apart.cost >= least * (1 - 1e-6)
