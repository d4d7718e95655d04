"""The cheapest fleet as a mixed-integer linear program.

Given, for slices s, columns c, hours h (each of t_h hours), bodies b, types k, quotas q, demands d:

    r_sh        units/s asked for                     T_s    units asked for, at any time of a window W_s
    k_sc        units/s of an instance of c that does nothing but s
    p_c         USD per hour of an instance           a_c       hours paid for each start of one
    U_ch        the most instances of c that any cheapest fleet has at an hour
    e_c, f_sc   W of an idle instance, and more of one busy with s

wanted are whole numbers n_ch >= 0 of instances (one n_c for all hours where a column is paid for always),
shares x_sch >= 0 of them that work on s (in instances, so that one may split its time), starts u_ch >= 0, and
indicators y_bhj (there are at least j of body b) and z_k (there is any of type k) in {0, 1}:

    minimise    sum_h t_h sum_c p_c n_ch + sum_ch p_c a_c u_ch
                or, of energy, sum_h t_h (sum_c e_c n_ch + sum_sc f_sc x_sch)

    (1) rate      sum_c k_sc x_sch >= r_sh  (= where instances may be lost)    each s with a rate, h
    (2) work      3600 sum_h t_h sum_c k_sc x_sch >= T_s                       each s with a total
    (3) room      sum_s x_sch <= n_ch                                          each c, h
        whole     x_sch <= F + (f - F) (n_ch - F),  f = r_sh / k_sc,  F = floor(f)   each s, c, h with small f
    (4) starts    u_ch >= n_ch - n_c,h-1, the first hour after the last        each c with a start, h
    (5) quota     sum_c w_qc n_ch <= Q_q                                       each q, h
    (6) spot      sum_{s of d} sum_{c spot} k_sc x_sch <= share_d sum_s r_sh   each d, h
    (7) types     n_ch <= U_ch z_kind(c),  sum_k z_k <= K
        strong    sum_{c of k} k_sc x_sch <= r_sh z_k                          each s with a rate, k, h
    (8) lost      N_bh <= j - 1 + (U_bh - j + 1) y_bhj,  N_bh = sum_{c of b} n_ch
        some      sum_{c of b} k_sc x_sch <= r_sh y_bh1                        each s with a rate, b, h
        loss      sum_b w_b (N_bh - sum_{j <= m_b} y_bhj) >= 1                 each loss m that would hurt
        worst     sum_b w_b N_bh - sum_i (w_i - w_i-1) Y_i >= 1                of one instance, whichever
                  Y_i >= y_i,  Y_i >= Y_i+1,  bodies i by weight
    (8') mean     sum_b w_b N_bh - sum_sc w_b(c) v_s k_sc x_sch >= 1           some v of each h
    (9) budget    the cost <= B sum_h t_h;  the energy <= E sum_h t_h

"whole" is implied where n is whole, and cuts off what lies between (mixed-integer rounding of x <= min(n, f),
Nemhauser and Wolsey, Integer and Combinatorial Optimization, 1988, II.1.7): with few instances the
relaxation is then within a percent or two of the optimum, where without it it is off by 20 %.

A slice is all requests of one size: there is no variable per request, and no binary per slice. (1) and (2)
are divided by the largest k_sc of the slice, so that no coefficient is above 1.

(8) is N+1: after the loss m of any instances, as many as the demand allows to be lost, what remains must
still carry every slice of that redundancy, with shares dealt out anew. That is a second stage, a linear
program of its own, which has a solution if and only if for every v >= 0

    sum_b (max_s k_sb v_s) remaining_b >= sum_s v_s r_s                        (LP duality)

so only rows in n are needed; those that a fleet violates are found and added (`losses`), as in Benders'
decomposition. w_b is the bracket, with v scaled so that the right side is 1. Of all losses of one instance
the worst is of the body in use that weighs most: steps over the bodies by weight are its convex hull (Lovasz
extension), and one dense row in place of one for each body.

(8') follows from (8) and cuts off what lies between: one instance of a body in use may always be lost, so the
dearest of them, and what is lost is at least the mean, each body weighted with the worth of what it carries,
sum_sc v_s k_sc x_sch, which is 1 in all. It needs no y, and lifts the relaxation from some 15 % below the
optimum to some 8 % (`means` finds the v).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.planner.plan.milp import Milp, Rows, Variables, Worst
from whichgpu.units import HOUR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.planner.plan.milp import Loss
    from whichgpu.planner.plan.program import Columns, Program

    Array = NDArray[np.float64]
    Ints = NDArray[np.int_]


#: Instances that a slice needs, below which rounding them is worth a row.
_SMALL = 8.0


def formulate(program: Program, losses: Sequence[Loss] = ()) -> Milp:
    """The program as arrays, with those rows of (8) that are known to be needed."""
    most = program.upper()
    at = _variables(program, losses, most)
    rows = Rows()
    _rate(program, at, rows)
    _work(program, at, rows)
    _room(program, at, rows)
    _whole(program, at, rows)
    _starts(program, at, rows)
    _quotas(program, at, rows)
    _spot(program, at, rows)
    _types(program, at, rows, most)
    _lost(program, at, rows, most)
    _losses(program, at, rows, losses)
    cost = _objective(program, at, energy=program.energy)
    _budget(program, at, rows)
    lower, upper, whole = np.zeros(at.size), np.full(at.size, np.inf), np.zeros(at.size, dtype=bool)
    upper[at.n] = most
    if program.able is not None:
        upper[at.n[~program.able]] = 0.0
    whole[at.n.ravel()] = True
    binaries = [*at.y.values(), *at.z.tolist()]
    upper[binaries], whole[binaries] = 1.0, True
    for one in at.worst:
        upper[one.at] = 1.0
    return Milp(
        cost, lower, upper, whole, np.concatenate(rows.lower), np.concatenate(rows.upper), rows.matrix(),
        at.n, at.first, (at.s, at.c, at.h), rows.named, at.u, at.y,
        dict(zip(at.kinds.tolist(), at.z.tolist(), strict=True)), at.worst,
    )  # fmt: skip


def _variables(program: Program, losses: Sequence[Loss], most: Array) -> Variables:
    columns, hours = program.columns, program.hours.size
    own = np.where(columns.always, 1, hours)
    first = np.concatenate([[0], np.cumsum(own)[:-1]]).astype(int) if columns.count else np.zeros(0, int)
    step = np.where(columns.always, 0, 1)
    n = first[:, None] + step[:, None] * np.arange(hours)
    count = int(own.sum())
    asked = (program.load.rate > 0.0) | program.load.window
    able = (program.columns.capacity > 0.0)[:, :, None] & asked[:, None, :]
    s, c, h = np.nonzero(able if program.able is None else able & program.able)
    begun, count = count, count + s.size
    u = np.full((columns.count, hours), -1)
    starting = np.flatnonzero((columns.start > 0.0) & ~columns.always) if hours > 1 else np.zeros(0, int)
    u[starting] = count + np.arange(starting.size * hours).reshape(starting.size, hours)
    count += starting.size * hours
    y, worst, count = _indicators(columns, losses, most, count)
    kinds = np.unique(columns.kind) if program.limits.types is not None else np.zeros(0, int)
    z = count + np.arange(kinds.size)
    return Variables(n, begun, s, c, h, u, y, z, kinds, worst, count + kinds.size)


def _indicators(
    columns: Columns, losses: Sequence[Loss], most: Array, count: int
) -> tuple[dict[tuple[int, int, int], int], tuple[Worst, ...], int]:
    """Where the y and Y of (8) are, from `count` on, and one past the last."""
    y: dict[tuple[int, int, int], int] = {}
    worst = []
    for loss in losses:
        lost: Mapping[int, int] = loss.lost
        if loss.kind == "worst":
            there = np.unique(columns.body[most[:, loss.hour] > 0.0])
            there = there[loss.weights[there] > 0.0]
            ordered = there[np.argsort(loss.weights[there], kind="stable")]
            worst.append(Worst(loss.hour, ordered, count + np.arange(ordered.size)))
            count += ordered.size
            lost = dict.fromkeys(ordered.tolist(), 1)
        for key in ((b, loss.hour, j) for b, many in lost.items() for j in range(1, many + 1)):
            if loss.weights[key[0]] > 0.0 and key not in y:
                y[key] = count
                count += 1
    return y, tuple(worst), count


def _objective(program: Program, at: Variables, *, energy: bool) -> Array:
    """What each variable costs in the whole period: USD, or Wh."""
    cost, columns = np.zeros(at.size), program.columns
    each = columns.idle if energy else columns.usd
    np.add.at(cost, at.n, each[:, None] * program.hours)
    if energy:
        cost[at.x] = columns.work[at.s, at.c] * program.hours[at.h]
    if program.load.worth is not None:
        cost[at.x] -= program.earned[at.s, at.c] * program.hours[at.h]
    started = at.u >= 0
    np.add.at(cost, at.u[started], (each * columns.start)[:, None].repeat(at.u.shape[1], 1)[started])
    return cost


def completed(program: Program, milp: Milp, values: Array, n: Array) -> Array:
    """Values of n and x with those of all other variables, which follow from the instances `n` (C, H)."""
    done = values.copy()
    if milp.u is not None:
        started = milp.u >= 0
        done[milp.u[started]] = np.maximum(n - np.roll(n, 1, axis=1), 0.0)[started]
    for (b, h, j), y in (milp.y or {}).items():
        done[y] = float(n[program.columns.body == b, h].sum() >= j - 0.5)
    for one in milp.worst:
        there = np.bincount(program.columns.body, weights=n[:, one.hour])[one.bodies] >= 0.5
        done[one.at] = np.maximum.accumulate(there[::-1])[::-1]
    for kind, z in (milp.z or {}).items():
        done[z] = float(n[program.columns.kind == kind].any())
    return done


def scale(program: Program) -> Array:
    """What (1) and (2) are divided by: the largest capacity for each slice, 1 where there is none, (S,)."""
    most = program.columns.capacity.max(axis=1, initial=0.0)
    return np.where(most > 0.0, most, 1.0)


def _rate(program: Program, at: Variables, rows: Rows) -> None:
    asked = (program.load.rate > 0.0) & ~program.flexible[:, None]
    row = np.full(asked.shape, -1)
    row[asked] = np.arange(int(asked.sum()))
    mine = row[at.s, at.h] >= 0
    s, c, h = at.s[mine], at.c[mine], at.h[mine]
    top = scale(program)
    need = (program.load.rate / top[:, None])[asked]
    # No more than asked for where instances may be lost: their shares are then those of the work, in (8').
    most = np.where(program.load.spare[:, None] > 0, program.load.rate / top[:, None], np.inf)[asked]
    rows.add("rate", need, most, (row[s, h], at.x[mine], program.columns.capacity[s, c] / top[s]))


def _work(program: Program, at: Variables, rows: Rows) -> None:
    flexible = program.flexible
    row = np.cumsum(flexible) - 1
    mine = flexible[at.s]
    s, c, h = at.s[mine], at.c[mine], at.h[mine]
    top = HOUR * scale(program)
    value = HOUR * program.hours[h] * program.columns.capacity[s, c] / top[s]
    need = (program.load.total / top)[flexible]
    low, high = (need, np.inf) if program.load.worth is None else (-np.inf, need)
    rows.add("work", low, high, (row[s], at.x[mine], value))


def _room(program: Program, at: Variables, rows: Rows) -> None:
    used, row = np.unique(at.c * program.hours.size + at.h, return_inverse=True)
    c, h = np.divmod(used, program.hours.size)
    rows.add("room", -np.inf, np.zeros(used.size), (row, at.x, 1.0), (np.arange(used.size), at.n[c, h], -1.0))


def _whole(program: Program, at: Variables, rows: Rows) -> None:
    s, c, h = at.s, at.c, at.h
    need = np.where(program.flexible[s], np.inf, program.load.rate[s, h] / program.columns.capacity[s, c])
    some = np.flatnonzero(need < _SMALL)
    floor = np.floor(need[some])
    part = need[some] - floor
    row = np.arange(some.size)
    rows.add("whole", -np.inf, floor * (1.0 - part), (row, at.x[some], 1.0),
             (row, at.n[c[some], h[some]], -part))  # fmt: skip


def _starts(program: Program, at: Variables, rows: Rows) -> None:
    c, h = np.nonzero(at.u >= 0)
    row = np.arange(c.size)
    before = at.n[c, h - 1]
    rows.add("starts", np.zeros(c.size), np.inf, (row, at.u[c, h], 1.0), (row, at.n[c, h], -1.0),
             (row, before, 1.0))  # fmt: skip


def _quotas(program: Program, at: Variables, rows: Rows) -> None:
    hours = program.hours.size
    q, c = np.nonzero(program.limits.weights)
    row = (q[:, None] * hours + np.arange(hours)).ravel()
    value = np.repeat(program.limits.weights[q, c], hours)
    rows.add("quota", -np.inf, np.repeat(program.limits.most, hours), (row, at.n[c].ravel(), value))


def _spot(program: Program, at: Variables, rows: Rows) -> None:
    """Work of a total counts over the whole period, in the first hour's row."""
    load, hours = program.load, program.hours.size
    limited = np.flatnonzero(load.spot < 1.0)
    place = np.full(load.spot.size, -1)
    place[limited] = np.arange(limited.size)
    mine = program.columns.spot[at.c] & (place[load.demand[at.s]] >= 0)
    s, c, h = at.s[mine], at.c[mine], at.h[mine]
    flexible = program.flexible[s]
    row = place[load.demand[s]] * hours + np.where(flexible, 0, h)
    lasts = np.where(flexible, HOUR * program.hours[h], 1.0)
    # A demand is all rate or all total, and divided by what its slices ask for at most.
    asked = np.zeros((load.spot.size, hours))
    np.add.at(asked, load.demand, np.where(program.flexible[:, None], 0.0, load.rate))
    np.add.at(asked[:, 0], load.demand, np.nan_to_num(load.total))
    top = np.zeros(load.spot.size)
    weight = np.where(program.flexible, HOUR, 1.0) * scale(program)
    np.maximum.at(top, load.demand, weight)
    most = (load.spot[:, None] * asked / np.maximum(top, 1e-300)[:, None])[limited].ravel()
    value = lasts * program.columns.capacity[s, c] / top[load.demand[s]]
    rows.add("spot", -np.inf, most, (row, at.x[mine], value))


def _types(program: Program, at: Variables, rows: Rows, most: Array) -> None:
    if program.limits.types is None:
        return
    c, h = np.nonzero(np.ones_like(at.n))
    alone = ~program.columns.always[c] | (h == 0)
    c, h = c[alone], h[alone]
    row = np.arange(c.size)
    kind = np.searchsorted(at.kinds, program.columns.kind[c])
    rows.add("type", -np.inf, np.zeros(c.size), (row, at.n[c, h], 1.0), (row, at.z[kind], -most[c, h]))
    _strong(program, at, rows)
    rows.add("types", -np.inf, np.array([float(program.limits.types)]), (np.zeros_like(at.z), at.z, 1.0))


def _strong(program: Program, at: Variables, rows: Rows) -> None:
    """No more of a slice's work than there is on a type, and none without it."""
    mine = np.flatnonzero(~program.flexible[at.s])
    s, c, h = at.s[mine], at.c[mine], at.h[mine]
    kind = np.searchsorted(at.kinds, program.columns.kind[c])
    size = (program.load.rate.shape[0], program.hours.size, at.kinds.size)
    used, row = np.unique(np.ravel_multi_index((s, h, kind), size), return_inverse=True)
    of_kind = np.unravel_index(used, size)[2]
    part = program.columns.capacity[s, c] / program.load.rate[s, h]
    rows.add("strong", -np.inf, np.zeros(used.size), (row, at.x[mine], part),
             (np.arange(used.size), at.z[of_kind], -1.0))  # fmt: skip


def _lost(program: Program, at: Variables, rows: Rows, most: Array) -> None:
    """There are j of a body only if its indicator says so, and without the first it does no work."""
    body, hours = program.columns.body, program.hours.size
    for (b, hour, j), y in at.y.items():
        there = np.flatnonzero(body == b)
        bound = max(float(most[there, hour].sum()), j)
        zero = np.zeros(there.size, dtype=int)
        rows.add("lost", -np.inf, np.array([j - 1.0]), (zero, at.n[there, hour], 1.0),
                 (np.zeros(1, int), np.array([y]), np.array([j - 1.0 - bound])))  # fmt: skip
    first = np.full((int(body.max(initial=0)) + 1, hours), -1)
    for (b, at_hour, j), y in at.y.items():
        if j == 1:
            first[b, at_hour] = y
    mine = np.flatnonzero((first[body[at.c], at.h] >= 0) & ~program.flexible[at.s])
    s, c, h = at.s[mine], at.c[mine], at.h[mine]
    size = (program.load.rate.shape[0], first.shape[0], hours)
    used, row = np.unique(np.ravel_multi_index((s, body[c], h), size), return_inverse=True)
    _, of_body, of_hour = np.unravel_index(used, size)
    part = program.columns.capacity[s, c] / program.load.rate[s, h]
    rows.add("some", -np.inf, np.zeros(used.size), (row.ravel(), at.x[mine], part),
             (np.arange(used.size), first[of_body, of_hour], -1.0))  # fmt: skip


def _losses(program: Program, at: Variables, rows: Rows, losses: Sequence[Loss]) -> None:
    body, worst = program.columns.body, iter(at.worst)
    for loss in losses:
        c = np.flatnonzero(loss.weights[body] > 0.0)
        terms: list[tuple[Ints, Ints, Array | float]] = [
            (np.zeros(c.size, int), at.n[c, loss.hour], loss.weights[body[c]])
        ]
        for b, lost in loss.lost.items():
            some = [at.y[b, loss.hour, j] for j in range(1, lost + 1) if (b, loss.hour, j) in at.y]
            terms.append((np.zeros(len(some), int), np.array(some, dtype=int), -loss.weights[b]))
        if loss.kind == "mean":
            mine = np.flatnonzero((at.h == loss.hour) & (loss.value[at.s] > 0.0))
            part = loss.value[at.s[mine]] * program.columns.capacity[at.s[mine], at.c[mine]]
            terms.append((np.zeros(mine.size, int), at.x[mine], -part * loss.weights[body[at.c[mine]]]))
        if loss.kind == "worst":
            terms.append(_worst(next(worst), loss, at, rows))
        rows.add("loss", np.array([1.0]), np.inf, *terms)


def _worst(one: Worst, loss: Loss, at: Variables, rows: Rows) -> tuple[Ints, Ints, Array]:
    """The weight of the body in use that would be missed most, and the rows of its indicators."""
    y = np.array([at.y[b, one.hour, 1] for b in one.bodies.tolist()], dtype=int)
    each = np.arange(y.size)
    rows.add("worst", np.zeros(y.size), np.inf, (each, one.at, 1.0), (each, y, -1.0))
    rows.add("worst", np.zeros(max(y.size - 1, 0)), np.inf, (each[:-1], one.at[:-1], 1.0),
             (each[:-1], one.at[1:], -1.0))  # fmt: skip
    return np.zeros(y.size, int), one.at, -np.diff(loss.weights[one.bodies], prepend=0.0)


def _budget(program: Program, at: Variables, rows: Rows) -> None:
    for name, most, energy in (
        ("budget", program.limits.budget, False),
        ("watts", program.limits.watts, True),
    ):
        if most is not None:
            cost = _objective(program, at, energy=energy)
            some = np.flatnonzero(cost)
            rows.add(
                name, -np.inf, np.array([most * program.period]), (np.zeros_like(some), some, cost[some])
            )
