"""Slopes of measured rows by effects, (rows, effects): dense blocks, one for the rows of each runtime.

Rows of a runtime speak to a few hundred of thousands of effects, and many effects are of one runtime only. So
the normal equations

    (J'J + D) x = y,   D diagonal

are solved block by block: what only block b speaks to is eliminated first (A_b = L'L + D of its own slopes L,
B_b = L'C with its slopes C by shared effects), and what is left is the Schur complement of the shared ones,

    sum_b (C'C - B_b' A_b^-1 B_b) + D
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.values import NamedTuple, immutable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Index = NDArray[np.intp]


class Block(NamedTuple):
    """The slopes of some rows by the effects that any of them has: `values` are (rows, effects)."""

    rows: Index
    effects: Index
    values: Array


@immutable(slots=False)
class Slopes:
    """Slopes (rows, effects); each row is in one block at most, and all that it has is there."""

    shape: tuple[int, int]
    blocks: tuple[Block, ...]

    def scaled(self, factors: Array) -> Slopes:
        """Each row times its factor, (rows,)."""
        return Slopes(
            self.shape,
            tuple(one._replace(values=one.values * factors[one.rows][:, None]) for one in self.blocks),
        )

    def times(self, theta: Array) -> Array:
        """The product with a vector of effects, (rows,)."""
        found = np.zeros(self.shape[0])
        for one in self.blocks:
            found[one.rows] = one.values @ theta[one.effects]
        return found

    def transposed_times(self, values: Array) -> Array:
        """The product of the transposed slopes with a vector of rows, (effects,)."""
        found = np.zeros(self.shape[1])
        for one in self.blocks:
            found[one.effects] += one.values.T @ values[one.rows]
        return found

    def of(self, rows: NDArray[np.bool_]) -> tuple[Array, Index]:
        """The slopes of some rows in their order by the effects that any of them has, and these effects."""
        place = np.cumsum(rows) - 1
        here = [(one, rows[one.rows]) for one in self.blocks if rows[one.rows].any()]
        parts = [(one.rows[mine], one.effects, one.values[mine]) for one, mine in here]
        used = np.unique(np.concatenate([effects[values.any(axis=0)] for _, effects, values in parts]))
        found = np.zeros((int(rows.sum()), len(used)))
        for numbers, effects, values in parts:
            mine = np.flatnonzero(np.isin(effects, used))
            found[np.ix_(place[numbers], np.searchsorted(used, effects[mine]))] = values[:, mine]
        return found, used

    def dense(self) -> Array:
        """The whole matrix, (rows, effects)."""
        found = np.zeros(self.shape)
        for one in self.blocks:
            found[np.ix_(one.rows, one.effects)] = one.values
        return found

    def speaking(self) -> Index:
        """How many rows speak to each effect, (effects,)."""
        found = np.zeros(self.shape[1], dtype=np.intp)
        for one in self.blocks:
            found[one.effects] += np.count_nonzero(one.values, axis=0)
        return found

    def normal(self, diagonal: Array) -> Array:
        """J'J + D, (effects, effects)."""
        found: Array = np.diag(diagonal)
        for one in self.blocks:
            found[np.ix_(one.effects, one.effects)] += one.values.T @ one.values
        return found

    @cached_property
    def _shared(self) -> NDArray[np.bool_]:
        """Which effects more than one block speaks to, or none."""
        every = np.concatenate([one.effects for one in self.blocks])
        return np.asarray(np.bincount(every, minlength=self.shape[1]) != 1)

    def solved(self, diagonal: Array, right: Array) -> Array:
        """The x of (J'J + D) x = y, (effects,)."""
        done = self._eliminated(diagonal)
        found, left = np.zeros(len(right)), right[done.shared]
        for own, place, gone, inverse in done.blocks:
            found[own] = inverse @ right[own]
            left[place] -= gone.T @ right[own]
        found[done.shared] = known = np.linalg.solve(done.rest, left)
        for own, place, gone, _ in done.blocks:
            found[own] -= gone @ known[place]
        return found

    def inverse(self, diagonal: Array) -> Array:
        """(J'J + D)^-1, (effects, effects): blocks speak to each other by what they share."""
        done = self._eliminated(diagonal)
        size, count = self.shape[1], len(done.shared)
        # What each effect is of the shared ones: itself, or what its elimination put in its place.
        through = np.zeros((size, count))
        through[done.shared, np.arange(count)] = 1.0
        for own, place, gone, _ in done.blocks:
            through[np.ix_(own, place)] = -gone
        found = np.asarray(through @ np.linalg.inv(done.rest) @ through.T)
        for own, _, _, inverse in done.blocks:
            found[np.ix_(own, own)] += inverse
        return found

    def _eliminated(self, diagonal: Array) -> _Eliminated:
        """The equations after each block's own effects are gone from them."""
        shared = np.flatnonzero(self._shared)
        rest, blocks = np.diag(diagonal[shared]), []
        for one in self.blocks:
            common = self._shared[one.effects]
            own, place = one.effects[~common], np.searchsorted(shared, one.effects[common])
            mine, theirs = one.values[:, ~common], one.values[:, common]
            across = mine.T @ theirs
            inverse = np.asarray(np.linalg.inv(mine.T @ mine + np.diag(diagonal[own])))
            gone = inverse @ across
            rest[np.ix_(place, place)] += theirs.T @ theirs - across.T @ gone
            blocks.append((own, place, gone, inverse))
        return _Eliminated(shared, rest, blocks)


class _Eliminated(NamedTuple):
    """The Schur complement `rest` of the `shared` effects.

    Of each block its own effects, the places of those that it shares, A_b^-1 B_b and A_b^-1.
    """

    shared: Index
    rest: Array
    blocks: Sequence[tuple[Index, Index, Array, Array]]


class Places(NamedTuple):
    """Where the slopes of a problem stand: each value of a kind goes to several places of a flat array.

    `repeats`, `where` and `weights` are by kind of value; `frames` are (rows, effects) of each block, whose
    slopes follow each other in the array.
    """

    frames: tuple[tuple[Index, Index], ...]
    repeats: dict[str, Index]
    where: dict[str, Index]
    weights: dict[str, Array]

    @classmethod
    def of(
        cls, blocks: Sequence[Index], shape: tuple[int, int],
        spoken: dict[str, tuple[Index, Index, Index, Array]],
    ) -> Places:  # fmt: skip
        """Places of (row, effect, weight) by kind: `spoken` has their repeats, rows, effects and weights."""
        block, local = np.zeros(shape[0], dtype=np.intp), np.zeros(shape[0], dtype=np.intp)
        for number, rows in enumerate(blocks):
            block[rows], local[rows] = number, np.arange(len(rows))
        keys = [block[rows] * shape[1] + effects for _, rows, effects, _ in spoken.values()]
        known = np.unique(np.concatenate(keys))
        begins = np.searchsorted(known // shape[1], np.arange(len(blocks) + 1))
        widths = np.diff(begins)
        offsets = np.cumsum([0, *(widths * [len(rows) for rows in blocks])])
        frames = tuple((rows, known[begins[i] : begins[i + 1]] % shape[1]) for i, rows in enumerate(blocks))
        where = {}
        for (name, (_, rows, _, _)), key in zip(spoken.items(), keys, strict=True):
            mine = block[rows]
            column = np.searchsorted(known, key) - begins[mine]
            where[name] = offsets[mine] + local[rows] * widths[mine] + column
        return cls(
            frames, {name: one[0] for name, one in spoken.items()}, where,
            {name: one[3] for name, one in spoken.items()},
        )  # fmt: skip

    def dealt(self, values: dict[str, Array], shape: tuple[int, int]) -> Slopes:
        """The slopes that values of every kind add up to."""
        size = sum(len(rows) * len(effects) for rows, effects in self.frames)
        flat = np.zeros(size)
        for name, value in values.items():
            flat += np.bincount(
                self.where[name], np.repeat(value, self.repeats[name]) * self.weights[name], size
            )
        blocks, start = [], 0
        for rows, effects in self.frames:
            end = start + len(rows) * len(effects)
            blocks.append(Block(rows, effects, flat[start:end].reshape(len(rows), len(effects))))
            start = end
        return Slopes(shape, tuple(blocks))
