"""What a value that is not a device's is instead: in another unit, with sparsity, of another device."""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from whichgpu.audit.devices.mentions import model
from whichgpu.audit.text.roundings import EXACT, exactly, holds
from whichgpu.audit.values.sourced import ASKED, RATES, SPARSE, fields_of, figures_of, nearly_same

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.text.roundings import Stated
    from whichgpu.audit.values.attributes import Attribute
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

#: Sizes that are one in any unit and by any rounding are no further apart, as a share.
_SIZES = 0.4

#: In a reason: a rate is that with zeros skipped.
WITH_SPARSITY = "is the figure with sparsity"


def what_instead(
    attribute: Attribute, what: Stated, known: Sequence[Gpu], catalogue: Catalogue, spoken_of: frozenset[str]
) -> tuple[str, str]:
    """What the stated value is in truth, in words, and for which device it would be right."""
    for gpu in known:
        found = _by_unit(attribute, what, gpu) or by_sparsity(attribute, what, gpu)
        if found:
            return found
    owner = _whose(attribute, what, known, catalogue, spoken_of)
    if owner:
        return f"{what.text} is the {owner.name}'s", owner.id
    if attribute.dimension in RATES and "sparse" in what.said:
        dense = what._replace(said=what.said - {"sparse"})
        owner = _whose(attribute, dense, known, catalogue, spoken_of)
        if owner:
            return f"{what.text} is the {owner.name}'s figure without sparsity", owner.id
    return "", ""


def _by_unit(attribute: Attribute, what: Stated, gpu: Gpu) -> tuple[str, str] | None:
    """Whether the number is right in decimal units where binary ones are stated."""
    if attribute.dimension != "bandwidth" or "iB" not in what.unit:
        return None
    decimal = what._replace(value=what.value / (1.024**3 if "G" in what.unit else 1.024**4))
    if not holds(attribute, decimal, gpu):
        return None
    right = what.unit.replace("i", "", 1)
    return f"the unit is {right}, not {what.unit}", f"in {right}"


def by_sparsity(attribute: Attribute, what: Stated, gpu: Gpu) -> tuple[str, str] | None:
    """Whether a rate is the one with sparsity where the dense one is meant, or the other way round."""
    if attribute.dimension not in RATES:
        return None
    for field in fields_of(attribute, what.said, what.dimension):
        value, times = gpu.value(field), gpu.sparse_times(field)
        if not value or times <= 1 or field not in SPARSE:
            continue
        if "sparse" not in what.said and nearly_same(what.value, float(value) * times):
            return f"{what.text} {WITH_SPARSITY}, {times:g} times the dense one", "with sparsity"
        if "sparse" in what.said and nearly_same(what.value, float(value)):
            return f"{what.text} is the dense figure", "without sparsity"
    return None


@lru_cache(maxsize=1024)
def namesakes(one: str, catalogue: Catalogue) -> tuple[str, ...]:
    """Every device of a model, as a card or in a laptop."""
    forms = {"laptop", "maxq"}
    words = model(one, catalogue) - forms
    return tuple(key for key in catalogue if model(key, catalogue) - forms == words)


@lru_cache(maxsize=64)
def _family(name: str, catalogue: Catalogue) -> tuple[Gpu, ...]:
    """The devices of a generation that are not for laptops."""
    return tuple(gpu for gpu in catalogue.values() if gpu.family == name and gpu.segment != "laptop")


def _whose(
    attribute: Attribute, what: Stated, known: Sequence[Gpu], catalogue: Catalogue, spoken_of: frozenset[str]
) -> Gpu | None:
    """The first whose value it is: of a device's other forms, of what the text speaks of, of its family.

    Of its family only where the figure is a card's bandwidth: no maker chooses it, and no vendor rounds it.
    """
    same = (catalogue[key] for key in namesakes(known[0].id, catalogue))
    near = _spoken_of(attribute, what, catalogue, spoken_of)
    of_card = attribute.key == "bandwidth" and known[0].segment in ("geforce", "workstation")
    every = chain(same, near, _family(known[0].family, catalogue) if of_card else ())
    others = (gpu for gpu in every if gpu not in known)
    return next((gpu for gpu in others if exactly(attribute, what, gpu)), None)


def _spoken_of(
    attribute: Attribute, what: Stated, catalogue: Catalogue, spoken_of: frozenset[str]
) -> list[Gpu]:
    """The devices that a text speaks of, in order, without those whose figure is far from it."""
    if attribute.dimension == "length" or what.limit == "over":
        return [catalogue[key] for key in _ordered(spoken_of)]
    apart = _SIZES if attribute.dimension == "memory" else 2 * EXACT
    values = _by_value(attribute, what.said & ASKED, what.dimension, catalogue, spoken_of)
    first = bisect_left(values, (what.value * (1 - apart), ""))
    last = bisect_left(values, (what.value * (1 + apart), ""))
    return [catalogue[key] for key in sorted({key for _, key in values[first:last]})]


@lru_cache(maxsize=64)
def _ordered(spoken_of: frozenset[str]) -> Sequence[str]:
    return tuple(sorted(spoken_of))


@lru_cache(maxsize=256)
def _by_value(
    attribute: Attribute, said: frozenset[str], dimension: str, catalogue: Catalogue,
    spoken_of: frozenset[str],
) -> Sequence[tuple[float, str]]:  # fmt: skip
    """Every figure of the devices that a text speaks of, the smallest first."""
    return sorted(
        (value, key)
        for key in spoken_of
        for value, _ in figures_of(attribute, said, dimension, catalogue[key])
    )
