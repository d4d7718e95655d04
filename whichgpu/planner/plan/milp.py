"""The arrays of a mixed-integer program: its variables and rows, and those of equation (8)."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.values import NamedTuple, immutable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Ints = NDArray[np.int_]


class Loss(NamedTuple):
    """A row of (8): weights (B,) of what remains of each body at `hour` are at least 1.

    `value` (S,) are the worths v of the slices from which the weights are, scaled so that all that is asked
    for is worth 1. Of the `kind` lost, `lost[b]` instances are gone; worst, whichever one of those in use
    would be missed most; mean, the mean instance by what it carries: (8').
    """

    hour: int
    weights: Array
    value: Array
    kind: str
    lost: Mapping[int, int] = MappingProxyType({})


class Worst(NamedTuple):
    """Of a row of the worst loss: its bodies by weight, and in this order where the Y of (8) are."""

    hour: int
    bodies: Ints
    at: Ints


@immutable(eq=False)
class Milp:
    """Arrays that a solver takes: variables (V,), rows (R,), and the matrix as (row, variable, value).

    `n` (C, H) is where the instances of a column are, `x` the (s, c, h) of each share from `shares` on.
    """

    cost: Array
    lower: Array
    upper: Array
    whole: NDArray[np.bool_]
    row_lower: Array
    row_upper: Array
    matrix: tuple[Ints, Ints, Array]
    n: Ints
    shares: int
    x: tuple[Ints, Ints, Ints]
    #: Rows of each equation, by its name: first and one past the last.
    rows: dict[str, tuple[int, int]]
    #: Where the starts u (C, H) are, -1 where none; the y of (body, hour, j); the z of types.
    u: Ints | None = None
    y: dict[tuple[int, int, int], int] | None = None
    z: dict[int, int] | None = None
    worst: tuple[Worst, ...] = ()


class Rows:
    """Rows of a matrix as they are added."""

    def __init__(self) -> None:
        self.parts: list[tuple[Ints, Ints, Array]] = []
        self.lower: list[Array] = []
        self.upper: list[Array] = []
        self.named: dict[str, tuple[int, int]] = {}
        self.count = 0

    def add(
        self, name: str, low: float | Array, high: float | Array, *terms: tuple[Ints, Ints, Array | float]
    ) -> None:
        """Rows between `low` and `high`, one of them an array; a term is (row from 0, variable, value)."""
        size = np.size(low) if np.ndim(low) else np.size(high)
        for row, variable, value in terms:
            self.parts.append((row + self.count, variable, np.broadcast_to(value, row.shape)))
        self.lower.append(np.broadcast_to(np.asarray(low, dtype=float), (size,)))
        self.upper.append(np.broadcast_to(np.asarray(high, dtype=float), (size,)))
        first = self.named.get(name, (self.count, 0))[0]
        self.named[name] = (first, self.count + size)
        self.count += size

    def matrix(self) -> tuple[Ints, Ints, Array]:
        """All of them."""
        rows, columns, values = zip(*self.parts, strict=True) if self.parts else ([], [], [])
        empty = [np.zeros(0)]
        return (
            np.concatenate(list(rows) or empty).astype(np.int64),
            np.concatenate(list(columns) or empty).astype(np.int64),
            np.concatenate(list(values) or empty).astype(float),
        )


class Variables(NamedTuple):
    """Where variables are: n (C, H); x of each (s, c, h); u (C, H), -1 where none; y (b, h, j); z (K,); Y."""

    n: Ints
    first: int
    s: Ints
    c: Ints
    h: Ints
    u: Ints
    y: dict[tuple[int, int, int], int]
    z: Ints
    kinds: Ints
    worst: tuple[Worst, ...]
    size: int

    @property
    def x(self) -> Ints:
        """The index of each share."""
        return self.first + np.arange(self.s.size)
