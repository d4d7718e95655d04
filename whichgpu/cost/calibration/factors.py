"""The factors of fitted effects on many GPUs at once: worked out once for GPUs that are alike.

factor = exp(parts + sum of slope x trait)          (O, G, 1)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.gpu.traits import Traits
    from whichgpu.cost.timing.classes import OpClass

    Array = NDArray[np.float64]
    #: By kind of op, the logarithm of a factor and the slopes of its laws.
    _Parts = dict[OpClass, tuple[float, dict[str, float]]]

#: GPUs, asked about together, and runtimes, of which factors are kept; ops whose factors on these are.
KEPT, _GRIDS = 1024, 4


class Factors:
    """The factors under one runtime on the GPUs that were met."""

    def __init__(self, found: Callable[[OpClass, Traits], tuple[float, dict[str, float]]]) -> None:
        self._found = found
        self._parts: dict[Any, _Parts] = {}
        #: By the id of GPUs that are asked about together.
        self._together: dict[int, _Together] = {}

    def grid(self, kinds: tuple[OpClass, ...], places: Sequence[Traits]) -> Array:
        """The factor of each of some ops, by their kinds, on each of some GPUs, (O, G, 1)."""
        known = self._together.get(id(places))
        if known is None:
            if len(self._together) >= KEPT:
                # There is no end to the power limits and shares of a GPU that one may ask about.
                self._together.clear()
            known = self._together[id(places)] = _Together(places, self._parts)
        if kinds not in known.grids:
            if len(known.grids) >= _GRIDS:
                known.grids.clear()
            known.grids[kinds] = known.grid(kinds, self._found)
        return known.grids[kinds]


def _alike(one: Traits) -> tuple[Any, ...]:
    """All of a GPU that its parts hang on."""
    where = one.lineage, one.kin, one.memory, one.behind
    return (*where, one.tf32, one.matrix, one.alike, one.integers, one.fp8)


class _Together:
    """GPUs that are asked about together, with the parts of those that are alike, and what came of them."""

    def __init__(self, places: Sequence[Traits], parts: dict[Any, _Parts]) -> None:
        #: The GPUs themselves, so that no others can have their id.
        self._places = places
        keys = [_alike(one) for one in places]
        first = dict(zip(reversed(keys), reversed(places), strict=True))
        self._alike = [(one, parts.setdefault(key, {})) for key, one in first.items()]
        number = {key: i for i, key in enumerate(first)}
        #: Which of those that differ each is like, (G,).
        self._which = np.array([number[key] for key in keys], dtype=np.intp)
        self._traits: dict[str, Array] = {}
        self._factors: dict[OpClass, Array] = {}
        #: Of ops that are asked about together, as the tables of models of one family are.
        self.grids: dict[tuple[OpClass, ...], Array] = {}

    def grid(self, kinds: tuple[OpClass, ...], found: Callable[..., Any]) -> Array:
        """The factors of ops of these kinds, (O, G, 1)."""
        number = {kind: i for i, kind in enumerate(dict.fromkeys(kinds))}
        for kind in number.keys() - self._factors.keys():
            self._factors[kind] = self._factor(kind, found)
        rows = np.array([self._factors[kind] for kind in number])
        return rows[[number[kind] for kind in kinds]][:, :, None]

    def _factor(self, kind: OpClass, found: Callable[..., tuple[float, dict[str, float]]]) -> Array:
        """The factor of a kind of op on each, (G,), of parts that are known, or `found`."""
        parts = []
        for place, known in self._alike:
            if kind not in known:
                known[kind] = found(kind, place)
            parts.append(known[kind])
        logs: Array = np.array([log for log, _ in parts])[self._which]
        for trait in dict.fromkeys(name for _, laws in parts for name in laws):
            slopes = np.array([laws.get(trait, 0.0) for _, laws in parts])
            logs = logs + slopes[self._which] * self._trait(trait)
        return np.asarray(np.exp(logs))

    def _trait(self, name: str) -> Array:
        if name not in self._traits:
            self._traits[name] = np.array([getattr(one, name) for one in self._places])
        return self._traits[name]
