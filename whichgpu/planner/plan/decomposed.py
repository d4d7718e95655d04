"""Hours that starts, commitments and work at any hour couple, taken apart and put together again.

What couples the hours are rows: starts (4), totals (2), and that the instances of a commitment are the same
at all hours. Multiplied by duals they move into the prices,

    p'_ch = t_h p_c + pi_ch - pi_c,h+1        0 <= pi_ch <= p_c a_c
    p'_ch = mu_ch                             sum_h mu_ch <= p_c sum_h t_h, of what is paid for always
    v_s   USD earned for each unit of a total that is made, and w_s less for one on spot capacity, by (6)

and each hour is a program of its own. The sum of their optima, and of (v_s - w_s share_d) T_s, is a bound
that is at least the relaxation's, and mostly far nearer, since within an hour instances are whole (Geoffrion,
Lagrangean relaxation for integer programming, 1974). The fleets of the hours are patterns of a master program
(`patterns`), whose whole fleets are the answer and whose duals the next prices. Between two rounds over all
columns, rounds over those of the patterns alone settle the duals, which costs little.
"""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.planner.plan import solving
from whichgpu.planner.plan.formulation import formulate, scale
from whichgpu.planner.plan.highs import solve
from whichgpu.planner.plan.means import means
from whichgpu.planner.plan.patterns import Duals, Pool, assembled, prices
from whichgpu.planner.plan.rounding import carried
from whichgpu.planner.plan.windows import improved
from whichgpu.units import HOUR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whichgpu.planner.plan.highs import Found
    from whichgpu.planner.plan.milp import Loss, Milp
    from whichgpu.planner.plan.program import Program
    from whichgpu.planner.plan.solving import Effort, Solution

    Array = NDArray[np.float64]
    Ints = NDArray[np.int_]

#: Part of the gap asked for that is left to the hours, and at most for whole fleets.
_PART = 0.3
#: Rounds over all columns and, between two of them, over those of the patterns; how far prices move in one.
_ROUNDS, _TURNS, _STEP = 30, 20, 0.6
#: Parts of the time that is left: rows of (8'), one round over all columns, a round over few, whole fleets,
#: fleets of other hours, rounds over few, and windows.
_ROWS, _ROUND, _TURN, _WHOLE, _SHARE, _SETTLE, _WINDOWS = 0.15, 0.5, 0.2, 0.3, 0.2, 0.4, 0.15
#: Fleets of other hours that are tried at an hour; rises of the worth of a total until it is made.
_TRIED, _RISES = 16, 16


def separable(program: Program) -> bool:
    """Whether prices alone couple the hours, but for a limit on types."""
    return program.limits.budget is None and program.limits.watts is None and not program.energy


def together(program: Program, how: Effort, start: Solution | None = None) -> Solution:
    """The cheapest fleet of coupled hours that was found, and its bound; `start` is one that is known."""
    rows = means(program, _ROWS * how.left)
    milp = formulate(program, rows)
    relaxed = solve(milp, relaxed=True, seconds=how.left)
    if relaxed.status == "infeasible":
        return solving.nothing(program, "infeasible")
    if relaxed.status != "optimal":
        return solving.nothing(program, "limit")
    search = _Search(program, rows, how)
    search.found = start or search.found
    return search.best(_first(program, milp, relaxed), relaxed.objective)


def _first(program: Program, milp: Milp, relaxed: Found) -> Duals:
    """The duals of the relaxation; a commitment is worth at an hour what the rows of that hour give it."""
    columns, hours = program.columns, program.hours.size
    start, always = np.zeros((2, columns.count, hours))
    first, last = milp.rows["starts"]
    starting = (columns.start > 0.0) & ~columns.always
    start[starting] = relaxed.prices[first:last].clip(0.0).reshape(-1, hours)
    row, variable, value = milp.matrix
    of_hour = np.full(relaxed.prices.size, -1)
    mine = (variable >= milp.shares) & (variable < milp.shares + milp.x[2].size)
    of_hour[row[mine]] = milp.x[2][variable[mine] - milp.shares]
    first, last = milp.rows["quota"]
    of_hour[first:last] = np.arange(last - first) % hours
    for c in np.flatnonzero(columns.always).tolist():
        own = (variable == milp.n[c, 0]) & (of_hour[row] >= 0)
        np.add.at(always[c], of_hour[row[own]], relaxed.prices[row[own]] * value[own])
    always = always.clip(0.0) + 1e-12
    whole = (columns.usd * program.period)[:, None]
    always *= np.where(
        columns.always[:, None], np.minimum(whole / always.sum(axis=1, keepdims=True), 1.0), 0.0
    )
    first, last = milp.rows["work"]
    worth = np.zeros(program.load.total.size)
    top = HOUR * np.maximum(columns.capacity.max(axis=1), 1e-300)[program.flexible]
    worth[program.flexible] = relaxed.prices[first:last].clip(0.0) / top
    start = np.minimum(start, (columns.usd * columns.start)[:, None])
    return Duals(start, always, worth, _tolls(program, milp, relaxed))


def _tolls(program: Program, milp: Milp, relaxed: Found) -> Array:
    """USD of a unit of each total on spot capacity, by the duals of (6) in the first hour, (S,)."""
    load, toll = program.load, np.zeros(program.load.total.size)
    first, last = milp.rows["spot"]
    prices = relaxed.prices[first:last].reshape(-1, program.hours.size)[:, 0]
    limited = np.flatnonzero(load.spot < 1.0)
    for d, price in zip(limited.tolist(), prices.tolist(), strict=True):
        mine = program.flexible & (load.demand == d)
        if mine.any():
            toll[mine] = max(-price, 0.0) / (HOUR * float(scale(program)[load.demand == d].max()))
    return toll


class _Search:
    """The rounds: each asks the hours at prices, and puts together what they answer."""

    def __init__(self, program: Program, rows: Sequence[Loss], how: Effort) -> None:
        self.program, self.how = program, how
        self.pool = Pool(program)
        self.rows: list[list[Loss]] = [
            [one._replace(hour=0) for one in rows if one.hour == h] for h in range(program.hours.size)
        ]
        self.bound, self.found = -np.inf, solving.nothing(program, "limit")
        self.polished = np.inf
        self.tried: set[tuple[int, bytes]] = set()
        #: The columns of the patterns, and rows that the hours of these alone need.
        self.few: Ints = np.zeros(0, int)
        self.few_rows: list[list[Loss]] = []

    def best(self, duals: Duals, bound: float) -> Solution:
        """The best fleet until it is near enough to the bound, or time or patterns are over."""
        self.bound = bound
        for _ in range(_ROUNDS):
            exact = self._asked(duals)
            if any(one.status == "infeasible" for one in exact):
                return solving.nothing(self.program, "infeasible")
            self.bound = max(self.bound, sum(one.bound for one in exact) + self._constant(duals))
            more = self._kept(exact)
            if not np.isfinite(self.found.cost):
                self._whole(exact, duals)
            self._improved(_WINDOWS)
            after = None if self._done() else self._settled(duals)
            self._whole(exact, duals)
            if self._done() or self.how.left <= 0.1 or after is None or not (more or after[1]):
                break
            duals = after[0]
        self._improved(1.0)
        return self._last()

    def _done(self) -> bool:
        cost = self.found.cost
        return bool(np.isfinite(cost) and cost - self.bound <= self.how.gap * cost)

    def _constant(self, duals: Duals) -> float:
        load = self.program.load
        each = duals.worth - duals.toll * load.spot[load.demand]
        return float(each @ np.nan_to_num(load.total))

    def _part(self, duals: Duals, h: int) -> Program:
        """The program of an hour at prices."""
        program, columns = self.program, self.program.columns
        price = (
            columns.usd * program.hours[h] + duals.start[:, h] - duals.start[:, (h + 1) % program.hours.size]
        )
        price = np.where(columns.always, duals.always[:, h], price)
        part = program.at(np.array([h]))
        never = np.zeros_like(columns.always)
        # Below zero it would pay to keep instances without work: for the bound they are then free.
        own = replace(
            columns, usd=price.clip(0.0) / program.hours[h], start=np.zeros_like(columns.start), always=never
        )
        return replace(part, columns=own, load=replace(part.load, worth=duals.worth, toll=duals.toll))

    def _asked(self, duals: Duals, few: Ints | None = None) -> list[Solution]:
        """What each hour answers, of all columns or of a few."""
        parts = [self._part(duals, h) for h in range(self.program.hours.size)]
        asked, known, part = parts, self.rows, _ROUND
        if few is not None:
            if not np.array_equal(few, self.few):
                self.few, self.few_rows = few, [[] for _ in parts]
            asked, known, part = [one.only(few) for one in parts], self.few_rows, _TURN
        found = solving.side_by_side(asked, solving.effort(_PART * self.how.gap, part * self.how.left), known)
        for rows, one in zip(known, found, strict=True):
            rows[:] = one.losses or rows
        return (
            found
            if few is None
            else [_among(*each) for each in zip(parts, [few] * len(parts), found, strict=True)]
        )

    def _kept(self, found: Sequence[Solution]) -> bool:
        """Whether any answer was new."""
        more = False
        for h, one in enumerate(found):
            if np.isfinite(one.cost):
                more |= self._pattern(h, one.n[:, 0], one.x[:, :, 0])
        return more

    def _pattern(self, h: int, n: Array, x: Array) -> bool:
        """A pattern, and with its instances all that they could make of totals, and nothing of them."""
        flexible = self.program.flexible
        more = self.pool.add(h, n, x)
        if flexible.any():
            more |= self.pool.add(h, n, np.where(flexible[:, None], 0.0, x))
        return more

    def _settled(self, duals: Duals) -> tuple[Duals, bool] | None:
        """Prices at which the columns of the patterns have nothing new, and whether there was any."""
        more, until = False, solving.effort(0.0, _SETTLE * self.how.left)
        for _ in range(_TURNS):
            if until.left <= 0.1:
                break
            got = self._prices(duals)
            if got is None:
                return None
            few = np.flatnonzero(self.pool.fleets().any(axis=0))
            for step in (_STEP, 1.0):
                asked = duals.between(got, step)
                new = self._kept(self._asked(asked, few))
                if new:
                    break
            more |= new
            duals = asked
            if not new:
                break
        return duals, more

    def _prices(self, duals: Duals) -> Duals | None:
        """The duals of the patterns; where they do not make the totals, more is offered for these."""
        worth = np.maximum(duals.worth, self._least())
        for _ in range(_RISES):
            got = prices(self.pool, self.how.left)
            if got is not None:
                return got
            worth = 1.5 * worth
            asked = duals._replace(worth=worth)
            if not self.program.flexible.any() or self.how.left <= 0.1:
                return None
            self._kept(self._asked(asked))
        return None

    def _least(self) -> Array:
        """USD for which a unit of each total is made by the cheapest column in use, (S,)."""
        columns = self.program.columns
        with np.errstate(divide="ignore"):
            each = columns.usd / (HOUR * columns.capacity)
        return np.where(self.program.flexible, each.min(axis=1), 0.0)

    def _whole(self, exact: Sequence[Solution], duals: Duals) -> None:
        """A fleet of whole patterns, if it is better; those of other hours that could pay are tried first."""
        if self.program.columns.always.any():
            self._kept(self._committed(exact, duals))
        self._shared(exact, duals)
        n = assembled(self.pool, _PART * self.how.gap, min(_WHOLE * self.how.left, 10.0))
        x = None if n is None else carried(self.program, n)
        if n is not None and x is not None:
            cost = solving.cost_of(self.program, n, x)
            if cost < self.found.cost:
                self.found = solving.Solution("limit", n, x, cost, self.bound)

    def _committed(self, exact: Sequence[Solution], duals: Duals) -> list[Solution]:
        """What the hours answer where commitments are those of the hour in the middle, and paid already."""
        always = self.program.columns.always
        kept = np.floor(np.median([one.n[:, 0] for one in exact], axis=0))
        parts = [self._part(duals, h) for h in range(self.program.hours.size)]
        own = [
            replace(one.columns, usd=np.where(always, 0.0, one.columns.usd),
                    most=np.where(always, np.minimum(one.columns.most, kept), one.columns.most))
            for one in parts
        ]  # fmt: skip
        asked = [replace(one, columns=columns) for one, columns in zip(parts, own, strict=True)]
        how = solving.effort(_PART * self.how.gap, _TURN * self.how.left)
        return solving.side_by_side(asked, how, self.rows)

    def _shared(self, exact: Sequence[Solution], duals: Duals) -> None:
        """Fleets of other hours tried at each hour, those first that would cost it the least more."""
        fleets, whole = self.pool.fleets(), solving.effort(0.0, _SHARE * self.how.left)
        for h, one in enumerate(exact):
            until = solving.effort(0.0, whole.left / (len(exact) - h))
            part = self._part(duals, h)
            dearer = fleets @ part.columns.usd * part.hours[0] - one.bound
            room = self.found.cost - self.bound
            for f in np.argsort(dearer, kind="stable")[:_TRIED].tolist():
                key = (h, fleets[f].tobytes())
                if dearer[f] > room or perf_counter() > until.until:
                    break
                if key not in self.tried:
                    self.tried.add(key)
                    x = carried(part, fleets[f][:, None])
                    if x is not None:
                        self._pattern(h, fleets[f], x[:, :, 0])

    def _improved(self, part: float) -> None:
        """Windows of the best fleet solved anew, in a part of the time."""
        if np.isfinite(self.found.cost) and not self._done() and self.found.cost != self.polished:
            how = solving.effort(self.how.gap, part * self.how.left)
            rows = [one._replace(hour=h) for h, known in enumerate(self.rows) for one in known]
            self.found = improved(self.program, self.found, rows, how)
            self.polished = self.found.cost

    def _last(self) -> Solution:
        bound = min(self.bound, self.found.cost)
        return replace(self.found, bound=bound, status="optimal" if self._done() else "limit")


def _among(part: Program, few: Ints, found: Solution) -> Solution:
    """A fleet of a few columns as one of all."""
    n = np.zeros((part.columns.count, 1))
    x = np.zeros((part.load.rate.shape[0], *n.shape))
    n[few], x[:, few] = found.n, found.x
    return replace(found, n=n, x=x)
