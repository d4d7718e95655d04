"""Fitted corrections to the priors: named effects that add up in the logarithm.

    efficiency = prior * exp(sum of the effects that apply)

An effect that no measurement spoke to is absent, so a GPU, runtime or format that was never seen
falls back to the prior, that is to physics. The names, most general first:

    c/CLASS  c/CLASS/FORMAT  c@LINEAGE  c/FORMAT@LINEAGE  c=RUNTIME  c/CLASS=RUNTIME       arithmetic
    m/CLASS  m@LINEAGE  m%MEMORY  m=RUNTIME  m/CLASS=RUNTIME                               memory traffic
    l=RUNTIME                                                                              launches
    w/WORKLOAD  w/WORKLOAD=RUNTIME                                                         the whole time

each also with `+train` behind it, which applies in training only (of `w`, instead).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.classes import lineage, memory_kind
from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.classes import OpClass
    from whichgpu.hardware.gpu import Gpu

    Array = NDArray[np.float64]


def compute_names(kind: OpClass, line: str, runtime: str, *, trains: bool) -> tuple[str, ...]:
    """The effects on the arithmetic of an op class, on a lineage, under a runtime."""
    names = [
        f"c/{kind.compute}", f"c/{kind.compute}/{kind.format}", f"c@{line}", f"c/{kind.format}@{line}",
    ]  # fmt: skip
    for stack in _stacks(runtime):
        names += [f"c={stack}", f"c/{kind.compute}={stack}"]
    return _both(tuple(names), trains=trains)


def memory_names(kind: OpClass, line: str, memory: str, runtime: str, *, trains: bool) -> tuple[str, ...]:
    """The effects on the memory traffic of an op class."""
    names = [f"m/{kind.memory}", f"m@{line}", f"m%{memory}"]
    for stack in _stacks(runtime):
        names += [f"m={stack}", f"m/{kind.memory}={stack}"]
    return _both(tuple(names), trains=trains)


def launch_names(runtime: str, *, trains: bool) -> tuple[str, ...]:
    """The effects on the time of a launch."""
    return _both((f"l={runtime}",), trains=trains)


def workload_names(workload: str, runtime: str, *, trains: bool) -> tuple[str, ...]:
    """The effects on the whole time of a workload: what its op list does not know of it."""
    phase = "+train" if trains else ""
    return f"w/{workload}{phase}", f"w/{workload}={runtime}{phase}"


def _stacks(runtime: str) -> tuple[str, ...]:
    """A runtime and, for a variant of it, the plain one first: `pytorch-2`, `pytorch-2+nhwc`."""
    plain = runtime.partition("+")[0]
    return (plain,) if plain == runtime else (plain, runtime)


def _both(names: tuple[str, ...], *, trains: bool) -> tuple[str, ...]:
    return (*names, *(f"{name}+train" for name in names)) if trains else names


@dataclass(frozen=True)
class Fit:
    """Effects by name; those that are absent are zero."""

    effects: Mapping[str, float] = field(default_factory=dict)

    def factor(self, names: Iterable[str]) -> float:
        """The factor that these effects make together."""
        return float(np.exp(sum(self.effects.get(name, 0.0) for name in names)))

    def compute(self, kinds: Sequence[OpClass], gpus: Sequence[Gpu], runtime: str, *, trains: bool) -> Array:
        """Factors on arithmetic rates, (O, G, 1)."""
        if not self.effects:
            return np.ones((1, 1, 1))

        def names(kind: OpClass, gpu: Gpu) -> tuple[str, ...]:
            return compute_names(kind, lineage(gpu), runtime, trains=trains)

        return self._grid(kinds, gpus, names)

    def memory(self, kinds: Sequence[OpClass], gpus: Sequence[Gpu], runtime: str, *, trains: bool) -> Array:
        """Factors on bandwidths, (O, G, 1)."""
        if not self.effects:
            return np.ones((1, 1, 1))

        def names(kind: OpClass, gpu: Gpu) -> tuple[str, ...]:
            return memory_names(kind, lineage(gpu), memory_kind(gpu), runtime, trains=trains)

        return self._grid(kinds, gpus, names)

    def launch(self, runtime: str, *, trains: bool) -> float:
        """Factor on the time of a launch."""
        return self.factor(launch_names(runtime, trains=trains))

    def _grid(
        self,
        kinds: Sequence[OpClass],
        gpus: Sequence[Gpu],
        names: Callable[[OpClass, Gpu], tuple[str, ...]],
    ) -> Array:
        """The factor of each kind on each GPU, (O, G, 1), worked out once per distinct kind."""
        rows = {kind: [self.factor(names(kind, gpu)) for gpu in gpus] for kind in set(kinds)}
        return np.array([rows[kind] for kind in kinds])[:, :, None]


@lru_cache(maxsize=1)
def fit() -> Fit:
    """The committed fit, `data/fits/effects.toml`; none before the first calibration."""
    return Fit(store.load("fits").get("effects", {}).get("effects", {}))
