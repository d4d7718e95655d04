"""Names each right before its value, one pair behind the other: "Base Clock 2235 MHz Boost Clock 2520 MHz".

Each value but the last stands between two names; whose it is the beginning of the chain shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.values.nearest import fitting, too_small

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.values.attributes import Named

#: Between a name and its value, and between the value and the next name.
_IS = re.compile(r"\s*(?:\b(?:speed|size|capacity|rate|count)\b)?\s*[:=]?\s*", re.IGNORECASE)
_NEXT = re.compile(r"[ \t]+")
#: Pairs that are a chain.
_PAIRS = 2


def chained(text: str, attributes: Sequence[Named], values: Sequence[Quantity]) -> Mapping[int, int]:
    """The attribute of each value of such chains, as places: where the value begins, which of the attributes.

    A chain begins with a name that has no value right before it: "16384 cores 2235 MHz base clock" is none.
    """
    found: dict[int, int] = {}
    run: list[tuple[int, int]] = []
    end = -1
    for value in values:
        index = _name_of(text, attributes, value)
        if index is None:
            run = _kept(run, found)
            end = value.end
            continue
        goes_on = end >= 0 and _NEXT.fullmatch(text, end, attributes[index].start) is not None
        if not goes_on:
            run = _kept(run, found)
        if run or not goes_on:
            run.append((value.start, index))
        end = value.end
    _kept(run, found)
    # "AI cores 64" begins a chain, and is no number of shaders.
    few = {each.start: each for each in values}
    return {at: i for at, i in found.items() if not too_small(attributes[i].attribute, few[at])}


def _kept(run: list[tuple[int, int]], found: dict[int, int]) -> list[tuple[int, int]]:
    """Keep a run that is a chain, and begin another."""
    if len(run) >= _PAIRS:
        found.update(run)
    return []


def _name_of(text: str, attributes: Sequence[Named], value: Quantity) -> int | None:
    """The attribute whose name stands right before a value that it can have."""
    for index, each in enumerate(attributes):
        if each.end <= value.start and _IS.fullmatch(text, each.end, value.start):
            fits = any(True for _ in fitting(each.attribute, [value]))
            return index if fits else None
    return None
