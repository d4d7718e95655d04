"""Releases that no row is of: what a fit knows of one is what it knows of those next to it.

Kernels change from one release to the next, in steps that go on: left out of the fit, TensorRT 9.0 is off by
8.3 % by what all releases have in common and by 6.2 % by the mean of its two neighbours. Where few releases
are on file they are too far apart for that, and one of them says nothing of the next.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

#: Releases of a runtime on file from which on those next to another speak for it.
_ENOUGH = 4
#: What the fit knows a runtime's release or container as: `tensorrt+v8.6`, `megatron+ngc26.02`.
_STACK = re.compile(r"(.+\+(?:v|ngc))(\d+)(?:\.(\d+))?")
#: The same in the name of an effect.
_EFFECT = re.compile(r"=([^=+]+\+(?:v|ngc)[\d.]+)")


def of_effects(names: Collection[str]) -> frozenset[str]:
    """The releases that effects speak of."""
    # Seven hundred names of which most have no release.
    told = [name for name in names if "+v" in name or "+ngc" in name]
    return frozenset(found[1] for found in map(_EFFECT.search, told) if found)


def beside(stack: str, known: Collection[str]) -> tuple[str, ...]:
    """The releases that speak for one, of those `known`: the last before and the first behind it.

    One that names no more than its major number is all of these. Nothing for what is no release, for one
    that is known, and where few are.
    """
    asked = _STACK.fullmatch(stack)
    if asked is None or stack in known:
        return ()
    numbers = {one: _number(one) for one in known if one.startswith(asked[1]) and _STACK.fullmatch(one)}
    if len(numbers) < _ENOUGH:
        return ()
    whole = [one for one, number in numbers.items() if number[0] == int(asked[2])]
    if asked[3] is None and whole:
        return tuple(whole)
    own = _number(stack)
    before = [one for one in numbers if numbers[one] < own]
    behind = [one for one in numbers if numbers[one] > own]
    return (*sorted(before, key=_number)[-1:], *sorted(behind, key=_number)[:1])


def alone(label: str, labels: Iterable[str]) -> frozenset[str]:
    """The releases that a label names and no other one does."""
    own = {stack for stack in label.split() if _STACK.fullmatch(stack)}
    others = {stack for other in set(labels) - {label} if own for stack in other.split()}
    return frozenset(own - others)


def _number(stack: str) -> tuple[int, int]:
    found = _STACK.fullmatch(stack)
    return (int(found[2]), int(found[3] or 0)) if found else (0, 0)


def lenders(name: str, known: Collection[str]) -> list[str]:
    """The effects whose mean stands for one of a release that is not `known`, by name."""
    told = _EFFECT.search(name)
    return [name.replace(told[1], one) for one in beside(told[1], known)] if told else []


def filled(names: Sequence[str], theta: NDArray[np.float64], unseen: Collection[str]) -> NDArray[np.float64]:
    """Effects of which those of releases that a fit has not seen are as it has them of those beside."""
    place, known = {name: i for i, name in enumerate(names)}, of_effects(names) - frozenset(unseen)
    found = theta.copy()
    for name, i in place.items():
        others = lenders(name, known)
        if others:
            found[i] = sum(theta[place[one]] for one in others if one in place) / len(others)
    return found


class Lent:
    """Effects of releases that no row is of, by name: the means of those beside them."""

    def __init__(self, effects: Mapping[str, float]) -> None:
        self._effects = effects
        self._known = of_effects(effects)
        self._found: dict[str, float] = {}

    def has(self, stack: str) -> bool:
        """Whether there are some for a stack."""
        return bool(beside(stack, self._known))

    def value(self, name: str) -> float:
        """One of them; 0 where there is none."""
        if name not in self._found:
            values = [self._effects.get(one, 0.0) for one in lenders(name, self._known)]
            self._found[name] = sum(values) / len(values) if values else 0.0
        return self._found[name]
