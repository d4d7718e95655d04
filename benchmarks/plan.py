"""`plan`: seconds to solve two sizes, and a formulation with a binary for each slice beside the first.

    python benchmarks/plan.py [ROUNDS]

    sizes   16 GPU types x 60 sizes of request, to 1e-6: budget 1 s
    hours   600 offers x 24 hours x 12 demands, to a gap of 0.1 %: budget 10 s
    coupled 60 offers x 24 hours x 4 demands with starts and N+1: the gap that is left after 60 s

All are made up, with capacities that no column has twice and no offer dominates by much: harder than
prices of the market. `slices` is the first with the formulation of Melange (Griggs et al., 2024): every size
is cut into slices, and a binary says which GPU type has which; the same HiGHS, for at most a minute.
Medians of the rounds, their least and most on the clock, CPU seconds, and the gap reached.
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import replace
from time import perf_counter, process_time

import numpy as np

from whichgpu.planner.plan.highs import solve
from whichgpu.planner.plan.milp import Milp
from whichgpu.planner.plan.program import Columns, Limits, Load, Program
from whichgpu.planner.plan.solving import cheapest, effort

ROUNDS, SLICES = 3, 8
LIMITS = {"sizes": 1.0, "hours": 10.0}


def made(slices: int, count: int, hours: int, busy: float, seed: int) -> Program:
    """A program of so many slices, columns and hours; `busy` is about how many instances a slice takes."""
    chance = np.random.default_rng(seed)
    power = np.exp(chance.normal(0.0, 1.0, count))
    usd = power * np.exp(chance.normal(0.0, 0.4, count))
    capacity = power * np.exp(chance.normal(0.0, 0.5, (slices, count)))
    capacity *= np.exp(chance.normal(0.0, 1.0, (slices, 1)))
    capacity[chance.random((slices, count)) < 0.15] = 0.0
    base = np.exp(chance.normal(0.0, 1.0, slices)) * busy * np.median(capacity, axis=1)
    phase = chance.random((slices, 1))
    rate = base[:, None] * (1.0 + 0.6 * np.sin(2.0 * np.pi * (np.arange(hours) / 24.0 + phase)))
    index, zero = np.arange(count), np.zeros(count)
    never = np.zeros(count, dtype=bool)
    load = Load(
        rate, np.full(slices, np.nan), np.zeros((slices, hours), dtype=bool), np.zeros(slices, dtype=int),
        np.arange(slices), np.ones(slices),
    )  # fmt: skip
    columns = Columns(
        usd, np.full(count, np.inf), index, index, never, never, zero, zero, np.zeros_like(capacity), capacity
    )
    return Program(np.ones(hours), load, columns, Limits(np.zeros((0, count)), np.zeros(0)))


def by_slices(program: Program, parts: int) -> Milp:
    """Every size in so many parts, and a binary for each part on each column."""
    columns, rate = program.columns, program.load.rate[:, 0]
    s, p, c = (axis.ravel() for axis in np.indices((rate.size, parts, columns.count)))
    able = columns.capacity[s, c] > 0.0
    s, p, c = s[able], p[able], c[able]
    x = columns.count + np.arange(s.size)
    part = rate[s] / parts / columns.capacity[s, c]
    cuts = rate.size * parts
    size = columns.count + s.size
    matrix = (
        np.concatenate([s * parts + p, cuts + c, cuts + np.arange(columns.count)]),
        np.concatenate([x, x, np.arange(columns.count)]),
        np.concatenate([np.ones(s.size), part, -np.ones(columns.count)]),
    )
    lower = np.concatenate([np.ones(cuts), np.full(columns.count, -np.inf)])
    upper = np.concatenate([np.full(cuts, np.inf), np.zeros(columns.count)])
    most = np.concatenate([np.full(columns.count, np.inf), np.ones(s.size)])
    return Milp(
        np.concatenate([columns.usd, np.zeros(s.size)]), np.zeros(size), most, np.ones(size, dtype=bool),
        lower, upper, matrix, np.arange(columns.count)[:, None], columns.count, (s, c, np.zeros_like(s)), {},
    )  # fmt: skip


def timed(name: str, seed: int) -> tuple[float, float, float, float]:
    """Seconds on the clock and of CPU, the gap reached, and USD/h."""
    shape = {"hours": (12, 600, 24, 10.0), "coupled": (4, 60, 24, 3.0)}.get(name, (60, 16, 1, 0.3))
    program = made(*shape, seed)
    if name == "coupled":
        program = replace(
            program,
            load=replace(program.load, spare=np.ones(4, dtype=int)),
            columns=replace(program.columns, start=np.full(60, 0.15)),
        )
    began, cpu = perf_counter(), process_time()
    if name == "slices":
        peer = solve(by_slices(program, SLICES), gap=1e-6, seconds=60.0)
        gap = 1.0 - peer.bound / peer.objective
        return perf_counter() - began, process_time() - cpu, gap, peer.objective
    found = cheapest(program, effort(1e-6 if name == "sizes" else 1e-3, 60.0))
    return perf_counter() - began, process_time() - cpu, found.gap, found.cost / program.period


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    over = 0
    for name in ("sizes", "slices", "hours", "coupled"):
        rows = [timed(name, seed) for seed in range(rounds)]
        seconds, cpu, gaps, usd = zip(*rows, strict=True)
        median = statistics.median(seconds)
        budget = LIMITS.get(name)
        told = "" if budget is None else f", budget {budget:g} s"
        print(
            f"{name:8} {median:7.2f} s ({min(seconds):.2f} to {max(seconds):.2f}), "
            f"CPU {statistics.median(cpu):.2f} s, gap {max(gaps):.1e}, "
            f"{statistics.median(usd):.3f} USD/h{told}"
        )
        over += budget is not None and median > budget
    return int(over > 0)


if __name__ == "__main__":
    sys.exit(main())
