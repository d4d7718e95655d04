"""Fleets of single hours put together into one of all hours: the master program of Dantzig and Wolfe (1960).

A pattern f is a fleet n_f that carries an hour, with the work x_f that it does. Over the patterns known,

    minimise  sum_h t_h p_c (sum_f n_fc l_hf + e_ch) + sum_ch p_c a_c u_ch + sum_c T p_c N_c

    (a) one      sum_f l_hf = 1                                          each h
    (b) starts   u_ch >= m_ch - m_c,h-1,  m_ch = sum_f n_fc l_hf + e_ch  each h, c with a start
    (c) always   N_c >= sum_f n_fc l_hf                                  each h, c paid for always
    (d) work     3600 sum_h t_h sum_f (k_s x_fs) l_hf >= T_s             each s with a total
    (e) spot     the part of it on spot <= share_d sum_s T_s             each d with a total
    (f) quota    sum_c w_qc m_ch <= Q_q, also m_ch <= the most of c      each h

e_ch are instances kept running so that they need not start again. With parts of patterns its duals say at
which prices each hour has to be asked for a better one (`decomposed`); with whole fleets, z_hn = sum of l_hf
of all patterns with the instances n, it is a fleet of the whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.planner.plan.highs import solve
from whichgpu.planner.plan.milp import Milp, Rows
from whichgpu.units import HOUR
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.planner.plan.program import Program

    Array = NDArray[np.float64]
    Ints = NDArray[np.int_]


class Pattern(NamedTuple):
    """A fleet of one hour: instances (C,) and shares (S, C) at work."""

    n: Array
    x: Array


class Duals(NamedTuple):
    """What hours are told: of starts, of commitments (C, H), of a unit of a total, of one on spot (S,)."""

    start: Array
    always: Array
    worth: Array
    toll: Array

    def between(self, other: Duals, part: float) -> Duals:
        """So far from these to others."""
        return Duals(*((1.0 - part) * a + part * b for a, b in zip(self, other, strict=True)))


class Pool:
    """The patterns known of each hour."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.of: list[list[Pattern]] = [[] for _ in range(program.hours.size)]
        self._known: set[tuple[int, bytes]] = set()

    def add(self, h: int, n: Array, x: Array) -> bool:
        """One more, unless it is known."""
        made = np.where(self.program.flexible[:, None], x, 0.0)
        key = (h, n.tobytes() + np.round(made, 9).tobytes())
        if key in self._known:
            return False
        self._known.add(key)
        self.of[h].append(Pattern(n, x))
        return True

    def fleets(self) -> Array:
        """All different instances, (F, C)."""
        return np.unique(np.stack([one.n for hour in self.of for one in hour]), axis=0)


class _Master(NamedTuple):
    """The program and where its variables are: l (P,), e and u (C', H) of `starting`, N of `always`."""

    milp: Milp
    hour: Ints
    n: Array
    starting: Ints
    always: Ints
    e: Ints
    u: Ints
    whole: Ints
    #: Demands with a row (e).
    tolled: tuple[int, ...] = ()


def prices(pool: Pool, seconds: float) -> Duals | None:
    """The duals of the cheapest parts of patterns; None where they do not carry the work."""
    program, columns = pool.program, pool.program.columns
    made = _master(pool, whole=False)
    found = solve(made.milp, relaxed=True, seconds=seconds)
    if found.status != "optimal":
        return None
    hours = program.hours

    def dual(name: str) -> Array:
        first, last = made.milp.rows.get(name, (0, 0))
        return np.asarray(found.prices[first:last].clip(0.0))

    start, always = np.zeros((2, columns.count, hours.size))
    start[made.starting] = dual("starts").reshape(-1, hours.size)
    # What no pattern has costs at all hours the same.
    always[columns.always] = columns.usd[columns.always, None] * hours
    always[made.always] = dual("always").reshape(-1, hours.size)
    worth = np.zeros(program.load.total.size)
    worth[program.flexible] = dual("work") / _tops(program)
    toll = np.zeros_like(worth)
    first, last = made.milp.rows.get("spot", (0, 0))
    for d, price in zip(made.tolled, found.prices[first:last].tolist(), strict=True):
        mine = program.flexible & (program.load.demand == d)
        toll[mine] = max(-price, 0.0) / float(program.load.total[mine].sum())
    return Duals(start, always, worth, toll)


def assembled(pool: Pool, gap: float, seconds: float) -> Array | None:
    """Instances (C, H) of the best fleet of whole patterns found in time; None where there is none."""
    program = pool.program
    made = _master(pool, whole=True)
    found = solve(made.milp, gap=gap, seconds=seconds)
    if found.values is None:
        return None
    n = np.zeros((program.columns.count, program.hours.size))
    np.add.at(n.T, made.hour, made.n * found.values[: made.hour.size, None])
    n[made.starting] += found.values[made.e]
    n[made.always] = found.values[made.whole][:, None]
    return np.asarray(np.round(n))


def _tops(program: Program) -> Array:
    """What the rows (d) are divided by: units that the fastest column makes in an hour."""
    top: Array = np.maximum(program.columns.capacity.max(axis=1), 1e-300)[program.flexible]
    return HOUR * top


def _master(pool: Pool, *, whole: bool) -> _Master:
    program, columns, hours = pool.program, pool.program.columns, pool.program.hours
    hour = np.repeat(np.arange(hours.size), [len(one) for one in pool.of])
    known = [pattern for one in pool.of for pattern in one]
    n, x = np.stack([one.n for one in known]), np.stack([one.x for one in known])
    used = n.any(axis=0)
    starting = np.flatnonzero(used & (columns.start > 0.0) & ~columns.always)
    always = np.flatnonzero(used & columns.always)
    count = hour.size
    e = count + np.arange(starting.size * hours.size).reshape(starting.size, hours.size)
    u = e + e.size
    always_at = count + 2 * e.size + np.arange(always.size)
    made = _Master(_NOTHING, hour, n, starting, always, e, u, always_at)
    rows = Rows()
    rows.add("one", np.ones(hours.size), np.ones(hours.size), (hour, np.arange(count), 1.0))
    _starts(made, rows, hours.size)
    _always(made, rows, hours.size)
    tolled = _work(program, made, rows, x)
    _limits(program, made, rows)
    size = count + 2 * e.size + always.size
    binaries = _fleets(made, rows, size) if whole else np.zeros(0, int)
    size += binaries.size
    cost = np.zeros(size)
    cost[:count] = hours[hour] * (n @ np.where(columns.always, 0.0, columns.usd))
    cost[e] = columns.usd[starting, None] * hours
    cost[u] = (columns.usd * columns.start)[starting, None]
    cost[always_at] = columns.usd[always] * program.period
    upper, integral = np.full(size, np.inf), np.zeros(size, dtype=bool)
    upper[always_at] = columns.most[always]
    upper[binaries], integral[binaries], integral[always_at] = 1.0, whole, whole
    milp = Milp(
        cost, np.zeros(size), upper, integral, np.concatenate(rows.lower), np.concatenate(rows.upper),
        rows.matrix(), np.zeros((0, 0), int), 0, (hour[:0], hour[:0], hour[:0]), rows.named,
    )  # fmt: skip
    return made._replace(milp=milp, tolled=tolled)


def _of(made: _Master, weights: Array) -> tuple[Ints, Ints, Array]:
    """Patterns, their place among `weights` (Q, C) and the weight of their instances, where there is any."""
    value = made.n @ weights.T
    pattern, place = np.nonzero(value)
    return pattern, place, value[pattern, place]


def _starts(made: _Master, rows: Rows, hours: int) -> None:
    pattern, place, value = _of(made, np.eye(made.n.shape[1])[made.starting])
    row = place * hours
    now, after = row + made.hour[pattern], row + (made.hour[pattern] + 1) % hours
    every = np.arange(made.e.size)
    later = np.roll(np.arange(hours), -1)
    rows.add(
        "starts", np.zeros(made.e.size), np.inf, (now, pattern, -value), (after, pattern, value),
        (every, made.u.ravel(), 1.0), (every, made.e.ravel(), -1.0),
        ((np.arange(made.starting.size)[:, None] * hours + later).ravel(), made.e.ravel(), 1.0),
    )  # fmt: skip


def _always(made: _Master, rows: Rows, hours: int) -> None:
    pattern, place, value = _of(made, np.eye(made.n.shape[1])[made.always])
    size = made.always.size * hours
    rows.add("always", np.zeros(size), np.inf, (place * hours + made.hour[pattern], pattern, -value),
             (np.arange(size), np.repeat(made.whole, hours), 1.0))  # fmt: skip


def _work(program: Program, made: _Master, rows: Rows, x: Array) -> tuple[int, ...]:
    """(d) and (e); the demands that have a row of the latter."""
    load, flexible = program.load, np.flatnonzero(program.flexible)
    by_column = np.einsum("psc,sc,p->psc", x, program.columns.capacity, HOUR * program.hours[made.hour])
    top = _tops(program)
    value = by_column.sum(axis=2)[:, flexible] / top
    pattern, place = np.nonzero(value)
    rows.add("work", load.total[flexible] / top, np.inf, (place, pattern, value[pattern, place]))
    on_spot = by_column[:, :, program.columns.spot].sum(axis=2)
    tolled = []
    for d in np.flatnonzero(load.spot < 1.0).tolist():
        mine = flexible[load.demand[flexible] == d]
        part, whole = on_spot[:, mine].sum(axis=1), float(load.total[mine].sum())
        if part.any():
            some = np.flatnonzero(part)
            tolled.append(d)
            rows.add(
                "spot", -np.inf, np.array([load.spot[d]]), (np.zeros_like(some), some, part[some] / whole)
            )
    return tuple(tolled)


def _limits(program: Program, made: _Master, rows: Rows) -> None:
    """(f): quotas, and the most of a column of which some are kept."""
    columns, limits, hours = program.columns, program.limits, program.hours.size
    few = made.starting[np.isfinite(columns.most[made.starting])]
    weights = np.concatenate([limits.weights, np.eye(columns.count)[few]])
    most = np.concatenate([limits.most, columns.most[few]])
    pattern, place, value = _of(made, np.where(columns.always, 0.0, weights))
    q, c = np.nonzero(weights[:, made.starting])
    row = (q[:, None] * hours + np.arange(hours)).ravel()
    kept = (row, made.e[c].ravel(), np.repeat(weights[q, made.starting[c]], hours))
    q, c = np.nonzero(weights[:, made.always])
    row = (q[:, None] * hours + np.arange(hours)).ravel()
    paid = (row, np.repeat(made.whole[c], hours), np.repeat(weights[q, made.always[c]], hours))
    rows.add("limit", -np.inf, np.repeat(most, hours), (place * hours + made.hour[pattern], pattern, value),
             kept, paid)  # fmt: skip


def _fleets(made: _Master, rows: Rows, size: int) -> Ints:
    """Where the z of whole fleets are, from `size` on; one may do parts of the work of several patterns."""
    keys = np.concatenate([made.hour[:, None], made.n], axis=1)
    fleets, fleet = np.unique(keys, axis=0, return_inverse=True)
    each, patterns = np.arange(fleets.shape[0]), np.arange(made.hour.size)
    nothing = np.zeros(each.size)
    rows.add("whole", nothing, nothing, (fleet.ravel(), patterns, 1.0), (each, size + each, -1.0))
    return np.asarray(size + each)


_EMPTY = np.zeros(0)
_NOTHING = Milp(
    _EMPTY, _EMPTY, _EMPTY, np.zeros(0, bool), _EMPTY, _EMPTY, (np.zeros(0, int), np.zeros(0, int), _EMPTY),
    np.zeros((0, 0), int), 0, (np.zeros(0, int), np.zeros(0, int), np.zeros(0, int)), {},
)  # fmt: skip
