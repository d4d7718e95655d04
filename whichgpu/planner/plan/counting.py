"""Work that may be done at any hour, and nothing else: instance-hours are counted, not laid on hours.

Such hours are alike, and a program that tells them apart has as many fleets of one cost as there are orders
of them. Given the names of `formulation`, runs g of m_g hours in a row that have the same windows, and t_g

    N_cg      hours of the model's that instances of c have in run g
    X_scg     those of them in which they work on s
    T_c, B_c  most and fewest instances of c at an hour

    minimise    sum_cg p_c t_g N_cg + sum_c p_c a_c (T_c - B_c)

    (a) spread   m_g B_c <= N_cg <= m_g T_c                 each c, g
    (b) room     sum_s X_scg <= N_cg                        each c, g
    (c) work     3600 sum_cg t_g k_sc X_scg >= T_s          each s
    (d) quota    sum_c w_qc N_cg <= m_g Q_q                 each q, g
    (e) spot     sum_{s of d} 3600 sum_{c spot} t_g k_sc X_scg <= share_d sum_s T_s     each d

Every fleet has such numbers, and starts at least T_c - B_c instances of c, so that this is a bound. Laid on
the hours, each run's remainder in a row, it mostly costs no more, and then it is the cheapest fleet.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.planner.plan import solving
from whichgpu.planner.plan.formulation import scale
from whichgpu.planner.plan.highs import solve
from whichgpu.planner.plan.milp import Milp, Rows
from whichgpu.planner.plan.rounding import carried
from whichgpu.units import HOUR
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.planner.plan.program import Program
    from whichgpu.planner.plan.solving import Effort, Solution

    Array = NDArray[np.float64]
    Ints = NDArray[np.int_]


#: Part of the gap asked for that the counts may have.
_PART = 0.5


class _Runs(NamedTuple):
    """Hours that are alike and follow each other: those of each run, and how long each lasts, (G,)."""

    hours: tuple[Ints, ...]
    lasts: Array

    @property
    def many(self) -> Array:
        """Hours of the model in each run, (G,)."""
        return np.array([float(each.size) for each in self.hours])


def countable(program: Program) -> bool:
    """Whether all work may be done at any hour of its window, and limits are of instances alone."""
    load, limits = program.load, program.limits
    others = (limits.types, limits.budget, limits.watts, program.able, load.worth)
    return not (load.rate.any() or program.energy or any(each is not None for each in others))


def counted(program: Program, how: Effort) -> Solution:
    """The fleet that the counts lay out, with their bound; none where a limit at some hour is in its way."""
    runs = _runs(program)
    milp = _formulated(program, runs)
    found = solve(milp, gap=_PART * how.gap, seconds=how.left)
    none = solving.nothing(program, "infeasible" if found.status == "infeasible" else "limit")
    if found.values is None:
        return none
    n = _laid(program, np.round(found.values[milp.n]), runs)
    x = carried(program, n)
    if x is None:
        return replace(none, bound=found.bound)
    cost = solving.cost_of(program, n, x)
    near = cost - found.bound <= how.gap * cost
    return solving.Solution("optimal" if near else "limit", n, x, cost, min(found.bound, cost))


def _runs(program: Program) -> _Runs:
    windows = np.vstack([program.load.window, program.hours])
    begins = np.flatnonzero((windows != np.roll(windows, 1, axis=1)).any(axis=0))
    hours = program.hours.size
    if not begins.size:
        return _Runs((np.arange(hours),), program.hours[:1])
    ends = np.append(begins[1:], begins[0] + hours)
    each = tuple(np.arange(a, b) % hours for a, b in zip(begins, ends, strict=True))
    return _Runs(each, program.hours[begins])


class _Places(NamedTuple):
    """Where variables are: N (C, G), T (C,), T - B (C,), and X of each (s, c, g)."""

    n: Ints
    top: Ints
    starts: Ints
    x: Ints
    of: tuple[Ints, Ints, Ints]


def _formulated(program: Program, runs: _Runs) -> Milp:
    """The program of this module; its `n` (C, G) are the N."""
    at, columns = _places(program, runs), program.columns
    rows = _rows(program, runs, at)
    whole = np.arange(at.n.size + 2 * columns.count + at.x.size) < at.n.size + 2 * columns.count
    cost, upper = np.zeros(whole.size), np.full(whole.size, np.inf)
    cost[at.n], cost[at.starts] = columns.usd[:, None] * runs.lasts, columns.usd * columns.start
    most = program.upper().max(axis=1)
    upper[at.n], upper[at.top] = most[:, None] * runs.many, most
    upper[at.starts] = np.where(columns.always, 0.0, most)
    return Milp(
        cost, np.zeros(whole.size), upper, whole, np.concatenate(rows.lower), np.concatenate(rows.upper),
        rows.matrix(), at.n, int(whole.sum()), at.of, rows.named,
    )  # fmt: skip


def _places(program: Program, runs: _Runs) -> _Places:
    count, many = program.columns.count, runs.lasts.size
    first = np.array([each[0] for each in runs.hours])
    s, c, g = np.nonzero((program.columns.capacity > 0.0)[:, :, None] & program.load.window[:, None, first])
    each = np.arange(count)
    base = count * many
    x = base + 2 * count + np.arange(s.size)
    return _Places(np.arange(base).reshape(count, many), base + each, base + count + each, x, (s, c, g))


def _rows(program: Program, runs: _Runs, at: _Places) -> Rows:
    rows, many, (s, c, g) = Rows(), runs.many, at.of
    all_n = np.arange(at.n.size)
    column, run = np.divmod(all_n, many.size)
    spread = ((all_n, all_n, 1.0), (all_n, at.top[column], -many[run]))
    rows.add("spread", -np.inf, np.zeros(all_n.size), *spread)
    rows.add("spread", np.zeros(all_n.size), np.inf, *spread, (all_n, at.starts[column], many[run]))
    rows.add("room", -np.inf, np.zeros(all_n.size), (at.n[c, g], at.x, 1.0), (all_n, all_n, -1.0))
    asked, top = np.nan_to_num(program.load.total) / HOUR, scale(program)
    made = runs.lasts[g] * program.columns.capacity[s, c]
    rows.add("work", asked / top, np.inf, (s, at.x, made / top[s]))
    q, used = np.nonzero(program.limits.weights)
    row = (q[:, None] * many.size + np.arange(many.size)).ravel()
    most = (program.limits.most[:, None] * many).ravel()
    weights = np.repeat(program.limits.weights[q, used], many.size)
    rows.add("quota", -np.inf, most, (row, at.n[used].ravel(), weights))
    of = program.load.demand
    size = np.bincount(of, weights=asked, minlength=program.load.spot.size)
    spot = np.flatnonzero(program.columns.spot[c])
    share = made[spot] / np.maximum(size[of[s[spot]]], 1e-300)
    rows.add("spot", -np.inf, program.load.spot, (of[s[spot]], at.x[spot], share))
    return rows


def _laid(program: Program, hours: Array, runs: _Runs) -> Array:
    """Instances (C, H) of the hours counted (C, G): evenly, and what is left over in a row.

    At an end of its run where the next one has more of the column, so that these need not start anew.
    """
    n = np.zeros((program.columns.count, program.hours.size))
    even, over = np.divmod(hours, runs.many)
    before, after = np.roll(hours / runs.many, 1, axis=1), np.roll(hours / runs.many, -1, axis=1)
    for g, run in enumerate(runs.hours):
        n[:, run] = even[:, g, None]
        place = np.arange(run.size)
        late = (after[:, g] > before[:, g])[:, None]
        left = over[:, g, None]
        n[:, run] += np.where(late, place >= run.size - left, place < left)
    return n
