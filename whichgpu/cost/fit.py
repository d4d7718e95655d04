"""Fitted corrections to the priors: named effects that add up in the logarithm.

    efficiency = prior * exp(sum of the effects that apply)

An effect that no measurement spoke to is absent, so a GPU, runtime or format that was never seen
falls back to the prior, that is to physics. The names, most general first:

    c/CLASS  c/CLASS/FORMAT  c@LINEAGE  c/FORMAT@LINEAGE  c=RUNTIME  c/CLASS=RUNTIME       arithmetic
    m/CLASS  m@LINEAGE  m%MEMORY  m=RUNTIME  m/CLASS=RUNTIME                               memory traffic
    c~throttle  c~rate  m~l2                                                                laws, see below
    l=RUNTIME                                                                              launches
    b%LINK                                                                                 links
    w/WORKLOAD  w/WORKLOAD=RUNTIME                                                         the whole time

`c~throttle` and `c~rate` change the exponents of the power limit and of the tensor rate, `m~l2` the
gain of a large cache: their weights are the logarithms that the exponents multiply. All but `b` stand
also with `+train` behind them, which applies in training only (of `w`, instead).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.classes import OpClass
    from whichgpu.cost.device import Traits

    Array = NDArray[np.float64]
    #: Effects by name, with the weight of each.
    Terms = dict[str, float]


#: The trait that each law's effect multiplies.
_LAWS = {"c~throttle": "throttle", "c~rate": "rate", "m~l2": "cache"}


def compute_terms(kind: OpClass, place: Traits, runtime: str, *, trains: bool) -> Terms:
    """The effects on the arithmetic of an op class on a GPU under a runtime, each with its weight."""
    line = place.lineage
    names = [
        f"c/{kind.compute}", f"c/{kind.compute}/{kind.format}", f"c@{line}", f"c/{kind.format}@{line}",
    ]  # fmt: skip
    for stack in _stacks(runtime):
        names += [f"c={stack}", f"c/{kind.compute}={stack}"]
    tensor = kind.format != "plain"
    laws = (("c~throttle", place.throttle), ("c~rate", place.rate if tensor else 0.0))
    return _weighted(names, laws, trains=trains)


def memory_terms(kind: OpClass, place: Traits, runtime: str, *, trains: bool) -> Terms:
    """The effects on the memory traffic of an op class on a GPU under a runtime."""
    names = [f"m/{kind.memory}", f"m@{place.lineage}", f"m%{place.memory}"]
    for stack in _stacks(runtime):
        names += [f"m={stack}", f"m/{kind.memory}={stack}"]
    return _weighted(names, (("m~l2", place.cache),), trains=trains)


def launch_terms(runtime: str, *, trains: bool) -> Terms:
    """The effects on the time of a launch."""
    return _weighted([f"l={runtime}"], (), trains=trains)


def workload_terms(workload: str, runtime: str, *, trains: bool) -> Terms:
    """The effects on the whole time of a workload: what its op list does not know of it."""
    phase = "+train" if trains else ""
    return {f"w/{workload}{phase}": 1.0, f"w/{workload}={runtime}{phase}": 1.0}


def link_terms(place: Traits, gpus: float) -> Terms:
    """The effects on the rate of the links that join `gpus` GPUs in data parallel."""
    return {f"b%{place.link(gpus)}": 1.0}


def _stacks(runtime: str) -> tuple[str, ...]:
    """A runtime and, for a variant of it, the plain one first: `pytorch-2`, `pytorch-2+nhwc`."""
    plain = runtime.partition("+")[0]
    return (plain,) if plain == runtime else (plain, runtime)


def _weighted(names: Sequence[str], laws: Sequence[tuple[str, float]], *, trains: bool) -> Terms:
    plain = {**dict.fromkeys(names, 1.0), **{name: weight for name, weight in laws if weight}}
    return {**plain, **{f"{name}+train": weight for name, weight in plain.items()}} if trains else plain


@dataclass(frozen=True)
class Fit:
    """Effects by name; those that are absent are zero."""

    effects: Mapping[str, float] = field(default_factory=dict)

    def factor(self, terms: Terms) -> float:
        """The factor that these effects make together."""
        return math.exp(self._sum(terms))

    def compute(
        self, kinds: Sequence[OpClass], places: Sequence[Traits], runtime: str, *, trains: bool
    ) -> Array:
        """Factors on arithmetic rates, (O, G, 1)."""
        return self._grid(compute_terms, kinds, places, runtime, trains=trains)

    def memory(
        self, kinds: Sequence[OpClass], places: Sequence[Traits], runtime: str, *, trains: bool
    ) -> Array:
        """Factors on bandwidths, (O, G, 1)."""
        return self._grid(memory_terms, kinds, places, runtime, trains=trains)

    def launch(self, runtime: str, *, trains: bool) -> float:
        """Factor on the time of a launch."""
        return self.factor(launch_terms(runtime, trains=trains))

    def links(self, places: Sequence[Traits], gpus: Array) -> Array:
        """Factors on the rate of links for each GPU and count, (G, J)."""
        counts = np.atleast_1d(np.asarray(gpus, dtype=np.float64))
        return np.array(
            [[self.factor(link_terms(place, count)) for count in counts.ravel()] for place in places]
        )

    def _grid(
        self, terms: Callable[..., Terms], kinds: Sequence[OpClass], places: Sequence[Traits], runtime: str,
        *, trains: bool,
    ) -> Array:  # fmt: skip
        """The factor of each kind on each GPU, (O, G, 1).

        Effects without a law agree on all GPUs of a lineage and memory: they are added up once for each.
        """
        if not self.effects:
            return np.ones((1, 1, 1))
        like = [(place.lineage, place.memory) for place in places]
        first = {
            key: replace(place, throttle=0.0, rate=0.0, cache=0.0)
            for key, place in zip(like, places, strict=True)
        }
        rows: dict[OpClass, Array] = {}
        for kind in set(kinds):
            plain = {
                key: self._sum(terms(kind, place, runtime, trains=trains)) for key, place in first.items()
            }
            laws = self._laws(terms, kind, places, runtime, trains=trains)
            rows[kind] = np.exp(np.array([plain[key] for key in like]) + laws)
        return np.stack([rows[kind] for kind in kinds])[:, :, None]

    def _laws(
        self,
        terms: Callable[..., Terms],
        kind: OpClass,
        places: Sequence[Traits],
        runtime: str,
        *,
        trains: bool,
    ) -> Array:
        """What the laws add to the logarithm on each GPU, (G,)."""
        unit = replace(places[0], throttle=1.0, rate=1.0, cache=1.0)
        known = {
            name: value for name, value in terms(kind, unit, runtime, trains=trains).items() if "~" in name
        }
        found = np.zeros(len(places))
        for name in known:
            trait = _LAWS[name.removesuffix("+train")]
            found += self.effects.get(name, 0.0) * np.array([getattr(place, trait) for place in places])
        return found

    def _sum(self, terms: Terms) -> float:
        return sum(weight * self.effects.get(name, 0.0) for name, weight in terms.items())


@lru_cache(maxsize=1)
def fit() -> Fit:
    """The committed fit, `data/fits/effects.toml`; none before the first calibration."""
    return Fit(store.load("fits").get("effects", {}).get("effects", {}))
