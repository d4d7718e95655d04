"""A plan as arrays: what is asked for by slice and hour, and what can be had by column.

Axes, in capitals their lengths: `s` slices (a demand's requests of one size, S), `c` columns (an offer under
one kind of price, C), `h` hours (H, alike ones in a row merged), `b` bodies (machines that are the same but
for their price), `t` instance types, `q` quotas, `d` demands.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.units import HOUR
from whichgpu.values import immutable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Ints = NDArray[np.int_]
    Mask = NDArray[np.bool_]


@immutable(eq=False)
class Load:
    """What is asked for, by slice: arrays (S,), (S, H) or by demand (D,).

    `rate` (S, H) is units/s, `total` (S,) units in the whole period to be made in the hours of `window`
    (S, H), NaN where the rate is stated. `spare` (S,) is how many instances may be lost, `spot` (D,) the
    share of a demand that spot capacity may carry. With `worth` (S,), USD per unit, totals need not be
    made, and what is made of them is earned, less a `toll` (S,) of what is made on spot capacity: the
    Lagrangian of their rows.
    """

    rate: Array
    total: Array
    window: Mask
    spare: Ints
    demand: Ints
    spot: Array
    worth: Array | None = None
    toll: Array | None = None


@immutable(eq=False)
class Columns:
    """What can be had, arrays (C,): USD/h, the most instances, type, body; and `capacity` (S, C), units/s.

    `always` is paid for the whole period, used or not; `start` is h paid for each start of an instance;
    `idle` W of an instance without work, `work` (S, C) W more of one that is busy with a slice.
    """

    usd: Array
    most: Array
    kind: Ints
    body: Ints
    always: Mask
    spot: Mask
    start: Array
    idle: Array
    work: Array
    capacity: Array

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self.usd.size)

    def only(self, kept: Ints) -> Columns:
        """Those of the indexes `kept`."""
        flat = ("usd", "most", "kind", "body", "always", "spot", "start", "idle")
        parts = {name: getattr(self, name)[kept] for name in flat}
        return Columns(**parts, work=self.work[:, kept], capacity=self.capacity[:, kept])


@immutable(eq=False)
class Limits:
    """What holds of the fleet as a whole: `weights` (Q, C) of each instance in a quota and the `most` (Q,).

    `types` instance types at most; `budget` USD/h and `watts` W at most, means over the period.
    """

    weights: Array
    most: Array
    types: int | None = None
    budget: float | None = None
    watts: float | None = None

    def alone(self) -> Array:
        """The most instances of each column that the quotas leave it, were there no others, (C,)."""
        least = np.where(self.weights > 0.0, self.weights, 1.0)
        each = np.where(self.weights > 0.0, self.most[:, None] / least, np.inf)
        return np.asarray(np.floor(each.min(axis=0, initial=np.inf) + 1e-9))


@immutable(eq=False)
class Program:
    """The whole: `hours` (H,) is how long each hour of the model lasts in h."""

    hours: Array
    load: Load
    columns: Columns
    limits: Limits
    #: What is minimised: USD, or joules.
    energy: bool = False
    #: Where a column may be used (C, H); None is everywhere.
    able: Mask | None = None

    @property
    def period(self) -> float:
        """Hours of the period."""
        return float(self.hours.sum())

    def only(self, kept: Ints) -> Program:
        """With the columns of the indexes `kept` alone."""
        limits = replace(self.limits, weights=self.limits.weights[:, kept])
        able = None if self.able is None else self.able[kept]
        return replace(self, columns=self.columns.only(kept), limits=limits, able=able)

    def at(self, kept: Ints) -> Program:
        """With the hours of the indexes `kept` alone."""
        load = replace(self.load, rate=self.load.rate[:, kept], window=self.load.window[:, kept])
        able = None if self.able is None else self.able[:, kept]
        return replace(self, hours=self.hours[kept], load=load, able=able)

    @property
    def flexible(self) -> Mask:
        """Slices whose work may be done at any hour of their window, (S,)."""
        return ~np.isnan(self.load.total)

    @property
    def earned(self) -> Array:
        """USD/h that an instance of each column earns with the totals under `worth`, (S, C)."""
        load, columns = self.load, self.columns
        if load.worth is None:
            return np.zeros(columns.capacity.shape)
        each = np.where(self.flexible, load.worth, 0.0)[:, None]
        if load.toll is not None:
            each = each - np.where(self.flexible, load.toll, 0.0)[:, None] * columns.spot
        return np.asarray(HOUR * each * columns.capacity)

    def alone(self) -> Array:
        """Instances of a column that would carry everything it can at an hour, spares with them, (C, H)."""
        load, spare = self.load, int(self.load.spare.max(initial=0))
        with np.errstate(divide="ignore", invalid="ignore"):
            each = 1.0 / self.columns.capacity
        each[~np.isfinite(each)] = 0.0
        # All of what may be done at any hour could be done in this one.
        once = np.where(load.window, np.nan_to_num(load.total)[:, None], 0.0) / (HOUR * self.hours)
        return np.asarray(np.ceil(each.T @ (load.rate + once) - 1e-9) + spare)

    def upper(self) -> Array:
        """The most instances of each column that any cheapest fleet needs at an hour, (C, H).

        An instance that an hour has no use for may be given back, and ordered anew for the next where its
        start is paid for no longer than the hour would be; else, and of what is paid for always, the
        busiest hour counts.
        """
        most = self.alone()
        kept = self.columns.always[:, None] | (self.columns.start[:, None] > self.hours)
        most = np.where(kept, most.max(axis=1, keepdims=True), most)
        most = np.minimum(most, self.columns.most[:, None])
        most = np.minimum(most, self.limits.alone()[:, None])
        return np.asarray(np.maximum(np.floor(most + 1e-9), 0.0))


def merged(program: Program) -> tuple[Program, Ints]:
    """Hours in a row that ask for the same as one; and which of them each hour became, (H,).

    Exact: two neighbours that ask for the same may both have the fleet of the cheaper of them, and then there
    are no more starts than before. Not so where work may be done at one hour or the other, and where both
    cost and energy count.
    """
    load, limits = program.load, program.limits
    same = (load.rate[:, 1:] == load.rate[:, :-1]).all(axis=0)
    same &= ~(load.window[:, 1:] | load.window[:, :-1]).any(axis=0)
    if limits.watts is not None or (program.energy and limits.budget is not None):
        same[:] = False
    group = np.concatenate([[0], np.cumsum(~same)]).astype(int)
    first = np.flatnonzero(np.concatenate([[True], ~same]))
    hours: Array = np.bincount(group, weights=program.hours).astype(float)
    return replace(program.at(first), hours=hours), group
