"""Parts of a GPU in a plan: which are asked for, what is rented of them, and how much of whole GPUs they are.

A part (`a100-80gb-sxm:mig-3g.40gb`, `a10:1/2`) is taken where `gpus` names it: of an offer of whole GPUs all
are cut into such parts, and an offer of that very share is a machine with one. Parts do not work together.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from whichgpu.hardware.slices import device, in_one

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.plan.asked import Asked, Choice
    from whichgpu.planner.plan.supply import Supply
    from whichgpu.prices.offers import Offer

#: The least part of a GPU that an offer has is one in so many.
_LEAST = 16


def whole_of(key: str) -> str:
    """The id of the GPU that a device is part of; its own where it is whole."""
    return key.partition(":")[0]


def share(count: float) -> Fraction:
    """The share of a GPU that an offer has, which price tables round: 0.167 is 1/6."""
    return Fraction(count).limit_denominator(_LEAST)


def with_parts(pool: Sequence[Offer], asked: Asked, catalogue: Catalogue) -> tuple[Offer, ...]:
    """The offers, and beside them those of the parts that the plan or a demand names in `gpus`."""
    wishes = [asked.choice.gpus, *(one.gpus for one in asked.demands)]
    named = [key for gpus in wishes for key in gpus or ()]
    parts = [device(key, catalogue) for key in dict.fromkeys(named) if ":" in key]
    ids = {part.id for part in parts}
    plain = (row for row in pool if row.gpu_count >= 1 or f"{row.gpu}:{share(row.gpu_count)}" not in ids)
    return (*plain, *(made for part in parts for made in _of_part(pool, part, in_one(part, catalogue))))


def _of_part(pool: Sequence[Offer], part: Gpu, many: int) -> Iterator[Offer]:
    key = whole_of(part.id)
    for row in pool:
        if row.gpu != key:
            continue
        if row.gpu_count >= 1:
            yield replace(row, gpu=part.id, gpu_count=row.gpu_count * many)
        elif part.id == f"{key}:{share(row.gpu_count)}":
            yield replace(row, gpu=part.id, gpu_count=1.0)


def in_whole(key: str | None, catalogue: Catalogue) -> int:
    """How many of a device make one whole GPU."""
    return 1 if key is None or ":" not in key else in_one(device(key, catalogue), catalogue)


def counted(one: Supply, choice: Choice) -> float:
    """GPUs of a supply as a quota counts them: whole ones, or parts where the quota names these."""
    gpus = float(one.gpu_count * one.nodes)
    return gpus if choice.gpus is not None and one.gpu in choice.gpus else gpus / one.parts
