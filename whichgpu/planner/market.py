"""What is offered: which offers of which GPUs a request may take, at what trust, and how many it needs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.planner import sentences
from whichgpu.prices import purchase
from whichgpu.prices import store as prices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.request import Request
    from whichgpu.prices.offers import Offer

#: GPUs in one machine of one's own.
_BOXES = (1, 2, 4, 8)


def usable_offers(request: Request, pool: Sequence[Offer], wanted: Sequence[Gpu]) -> dict[str, list[Offer]]:
    """Offers by GPU id that the request's term and providers allow, whole GPUs only."""
    by_gpu: dict[str, list[Offer]] = {}
    if request.term == "buy":
        for gpu in wanted:
            owned = [offer for count in _BOXES if (offer := purchase_offer(gpu, count))]
            if owned:
                by_gpu[gpu.id] = owned
        return by_gpu
    kinds = prices.term_kinds(request.term)
    for offer in prices.select(pool, kinds=kinds, providers=request.providers):
        if offer.gpu is not None and offer.gpu_count >= 1:
            by_gpu.setdefault(offer.gpu, []).append(offer)
    return by_gpu


def purchase_offer(gpu: Gpu, count: int = 1) -> Offer | None:
    """Owning `count` GPUs in one machine, by the hour of use; None where no price or power is known."""
    from whichgpu.prices.offers import Offer

    price, power = purchase.purchase_price(gpu.id), gpu.value("power")
    if price is None or power is None:
        return None
    cost = purchase.owning_cost_per_hour(gpu.id, float(power) / float(gpu.value("units_per_board") or 1))
    return Offer(
        provider="own", instance=f"{count} x {price.usd:,.0f} USD ({price.kind.replace('_', ' ')})",
        gpu=gpu.id, gpu_spelling=gpu.id, candidates=(), gpu_count=float(count), vcpus=None, memory=None,
        kind="buy", usd_per_hour=cost.total * count, usd_median=None, usd_max=None, region="", regions=0,
        suspect_regions=0, source=price.source, locator=price.locator, as_of=price.as_of,
        note=(f"USD/h and GPU: depreciation {cost.depreciation:.3f}, host {cost.host:.3f}, "
              f"electricity {cost.electricity:.3f}"),
    )  # fmt: skip


def considered_for(
    gpu: Gpu, request: Request, usable: Mapping[str, Sequence[Offer]],
    mentions: Mapping[str, Sequence[Offer]], rejected: dict[str, sentences.Reason],
) -> bool:  # fmt: skip
    """Whether a GPU enters the sweep; notes why not."""
    lacking = [need for need in request.needs if not gpu.value(need)]
    if gpu.why_unusable:
        rejected[gpu.id] = sentences.cannot_run(gpu.why_unusable)
    elif lacking:
        rejected[gpu.id] = sentences.lacks(lacking[0])
    elif gpu.id not in usable:
        rejected[gpu.id] = sentences.no_offer(gpu, request, mentions.get(gpu.id, ()))
    return gpu.id not in rejected


def needed(rate: float, each: float) -> int:
    """Instances for a rate: ceil(rate / each), exact multiples not rounded up by the last bit."""
    return max(1, math.ceil(rate / each * (1.0 - 1e-12)))


def trust(offer: Offer, request: Request) -> int:
    """0 for a current price, 1 for an old or replaced one, 2 for one without a date."""
    age = offer.age_days(request.today)
    if age is None:
        return 2
    return int(offer.kind != "buy" and (age >= prices.STALE_DAYS or offer.listing == "older"))
