"""What is offered: which offers of which GPUs a request may take, at what trust, and how many it needs."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.hardware.parts import comes_alone, is_part, machine_of
from whichgpu.hardware.slices import device, in_one
from whichgpu.planner import constraints, refusals
from whichgpu.planner.needs import LAPTOPS
from whichgpu.prices import purchase
from whichgpu.prices import store as prices

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.constraints import Constraint
    from whichgpu.planner.reasons import Reason
    from whichgpu.planner.request import Request
    from whichgpu.prices.offers import Offer

#: GPUs in one machine of one's own.
_BOXES = (1, 2, 4, 8)
#: Cards that are tried in a machine that one builds, at most.
CARDS = 8
#: What stands for trust in a price that is not known.
UNPRICED = 3


def devices(request: Request, catalogue: Catalogue) -> tuple[Gpu, ...]:
    """The GPUs that are asked for, parts of one among them; all of them where none is named."""
    if request.gpus is None:
        return tuple(catalogue.values())
    return tuple(device(key, catalogue) for key in request.gpus)


def in_parts(pool: Sequence[Offer], wanted: Sequence[Gpu], catalogue: Catalogue) -> tuple[Offer, ...]:
    """The offers, and beside them those of GPUs wanted in parts: whole ones, with all their parts."""
    found = list(pool)
    for part in filter(is_part, wanted):
        many = in_one(part, catalogue)
        whole = part.id.partition(":")[0]
        found += [
            replace(row, gpu=part.id, gpu_count=row.gpu_count * many)
            for row in pool if row.gpu == whole and row.gpu_count >= 1
        ]  # fmt: skip
    return tuple(found)


def usable_offers(request: Request, pool: Sequence[Offer], wanted: Sequence[Gpu]) -> dict[str, list[Offer]]:
    """Offers by GPU id that hold every constraint on offers, whole GPUs only."""
    every = offered(request, pool, wanted)
    limits = on_offers(request, {gpu.id: gpu for gpu in wanted})
    held = np.ones(len(every), dtype=bool)
    for limit in limits:
        held &= limit.holds(every)
    by_gpu: dict[str, list[Offer]] = {}
    for offer, taken in zip(every, held.tolist(), strict=True):
        if taken:
            by_gpu.setdefault(offer.gpu or "", []).append(offer)
    return by_gpu


def on_offers(request: Request, gpus: Mapping[str, Gpu]) -> tuple[Constraint, ...]:
    """The constraints on offers, those of a machine that one builds among them."""
    found = tuple(constraints.of_offers(request))
    if request.machine is None:
        return found
    from whichgpu.planner.machine import of_machine

    return (*found, *of_machine(request.machine, gpus, request.power_limit))


def offered(request: Request, pool: Sequence[Offer], wanted: Sequence[Gpu]) -> list[Offer]:
    """Every sound offer of these types, whatever its terms; owning them where one buys.

    Of whole GPUs: a share of one is a desktop and nothing else that is asked for here.
    """
    if request.term == "buy":
        # Who buys a card wants no laptop around it, unless it is named or asked for, as macOS does.
        carried = (request.gpus is not None or request.system == "macos"
                   or any(need.text in LAPTOPS for need in request.needs))  # fmt: skip
        wanted = [gpu for gpu in wanted if carried or gpu.segment != "laptop"]
        owned = [
            purchase_offer(gpu, count, request.power_limit)
            for gpu in wanted for count in _boxes(gpu, request)
        ]  # fmt: skip
        found = [offer for offer in owned if offer is not None]
        if request.machine is None and request.most_cards < CARDS:
            found = _in_desktops(found, wanted, request)
        if request.unpriced:
            known = {offer.gpu for offer in found}
            found += [unpriced_offer(gpu) for gpu in wanted if gpu.id not in known]
        return found
    ids = {gpu.id for gpu in wanted}
    least = 1.0 if request.desktops is None else 0.0
    found = [row for row in pool if row.gpu in ids and row.gpu_count >= least and not row.quarantine]
    if request.regions is None:
        return found
    # Beside the cheapest region, which a way out may take, the cheapest of those that are asked for.
    here = ((row, row.within(frozenset(request.regions))) for row in found)
    return [*found, *(there for row, there in here if there is not None and there is not row)]


def _in_desktops(offers: Sequence[Offer], wanted: Sequence[Gpu], request: Request) -> list[Offer]:
    """Offers to buy without those of more cards than a usual desktop holds, or than are bought at the most.

    Cards without a fan go into a server, and as few of them: its power, slots and lanes are no easier to
    have. Of modules all stay, which are sold in boards.
    """
    from whichgpu.planner.machine import is_card, of_machine, read_machine, usual_desktop

    gpus = {gpu.id: gpu for gpu in wanted}
    several = [one for one in offers if one.gpu_count > 1 and is_card(gpus[one.gpu or ""])]
    if not several:
        return list(offers)
    if request.most_cards:
        held = np.array([one.gpu_count <= request.most_cards for one in several])
    else:
        limits = of_machine(read_machine(f"{usual_desktop()}, server"), gpus, request.power_limit)
        held = np.logical_and.reduce([limit.holds(several) for limit in limits])
    beyond = {id(one) for one, fits in zip(several, held.tolist(), strict=True) if not fits}
    return [one for one in offers if id(one) not in beyond]


def unplaced(request: Request, pool: Sequence[Offer], wanted: Sequence[Gpu]) -> str:
    """What is not known of where offers are, where regions are asked for; empty where they are not."""
    if request.regions is None:
        return ""
    ids, kinds = {gpu.id for gpu in wanted}, prices.TERMS.get(request.term, ())
    rows = [row for row in pool if row.gpu in ids and row.kind in kinds and not row.quarantine]
    nowhere = sum(not row.region for row in rows)
    one = [row for row in rows if row.regions > 1 and not row.by_region and row.region not in request.regions]
    said = [f"{nowhere} offers do not say where they are, so they are left out"] if nowhere else []
    if one:
        sellers = ", ".join(sorted({row.provider for row in one}))
        said.append(
            f"of {len(one)} ({sellers}) only the cheapest region is on file, another one: "
            "whichgpu prices update reads every region"
        )
    return "; ".join(said)


def _boxes(gpu: Gpu, request: Request) -> Iterable[int]:
    """How many of a GPU one's own machine may have: one where it is soldered in, all parts of what is cut."""
    if comes_alone(gpu):
        return (1,)
    boxes = _BOXES if request.machine is None else range(1, CARDS + 1)
    return boxes if not is_part(gpu) else [count * purchase.parts_in_one(gpu.id) for count in boxes]


def purchase_offer(gpu: Gpu, count: int = 1, power_limit: float | None = None) -> Offer | None:
    """Owning `count` GPUs in one machine, by the hour of use; None where no price or power is known."""
    from whichgpu.prices.offers import Offer

    price, power = purchase.purchase_price(gpu.id), gpu.value("power")
    if price is None or power is None:
        return None
    watts = float(power) / float(gpu.value("units_per_board") or 1)
    cost = purchase.owning_cost_per_hour(gpu.id, watts if power_limit is None else min(watts, power_limit))
    whole = ""
    if price.includes_host and comes_alone(gpu):
        whole = f", {machine_of(gpu)}"
    return Offer(
        provider="own", instance=f"{count} x {price.usd:,.0f} USD ({price.kind.replace('_', ' ')}{whole})",
        gpu=gpu.id, gpu_spelling=gpu.id, candidates=(), gpu_count=float(count), vcpus=None, memory=None,
        kind="buy", usd_per_hour=cost.total * count, usd_median=None, usd_max=None, region="", regions=0,
        suspect_regions=0, source=price.source, locator=price.locator, as_of=price.as_of,
        note=(f"USD/h and GPU: depreciation {cost.depreciation:.3f}, host {cost.host:.3f}, "
              f"electricity {cost.electricity:.3f}"),
    )  # fmt: skip


def unpriced_offer(gpu: Gpu) -> Offer:
    """One GPU of which no price is on file: its cost is not a number."""
    from whichgpu.prices.offers import Offer

    return Offer(
        provider="own", instance=f"1 x {gpu.name}, no price on file", gpu=gpu.id, gpu_spelling=gpu.id,
        candidates=(), gpu_count=1.0, vcpus=None, memory=None, kind="unpriced", usd_per_hour=math.nan,
        usd_median=None, usd_max=None, region="", regions=0, suspect_regions=0, source="", locator="",
        as_of=None,
    )  # fmt: skip


def considered(
    wanted: Sequence[Gpu], request: Request, usable: Mapping[str, Sequence[Offer]],
    mentions: Mapping[str, Sequence[Offer]], rejected: dict[str, Reason],
) -> list[Gpu]:  # fmt: skip
    """The GPUs that enter the sweep; notes why not the others.

    A GPU is named with the first constraint that it does not hold, of those that have offers too.
    """
    able = [gpu for gpu in wanted if not gpu.why_unusable]
    rejected |= {gpu.id: refusals.cannot_run(gpu.why_unusable) for gpu in wanted if gpu.why_unusable}
    for limit in constraints.of_gpus(request):
        held = limit.holds(able)
        for gpu, taken in zip(able, held.tolist(), strict=True):
            if not taken and limit.why is not None:
                rejected[gpu.id] = limit.why(gpu)
        able = [gpu for gpu, taken in zip(able, held.tolist(), strict=True) if taken]
    for gpu in able:
        if gpu.id not in usable:
            rejected[gpu.id] = refusals.no_offer(gpu, request, mentions.get(gpu.id, ()))
    return [gpu for gpu in able if gpu.id in usable]


def cheapest_of_a_kind(offers: Sequence[Offer], request: Request) -> list[Offer]:
    """Of offers of one GPU type the cheapest with each number of GPUs and each trust."""
    kept: dict[tuple[int, float], Offer] = {}
    for offer in offers:
        key = trust(offer, request), offer.gpu_count
        if key not in kept or offer.usd_per_hour < kept[key].usd_per_hour:
            kept[key] = offer
    return list(kept.values())


def needed(rate: float, each: float) -> int:
    """Instances for a rate: ceil(rate / each), exact multiples not rounded up by the last bit."""
    return max(1, math.ceil(rate / each * (1.0 - 1e-12)))


def trust(offer: Offer, request: Request) -> int:
    """0 for a current price, 1 for an old or replaced one, 2 for one without a date.

    Of what is bought a price is old that is only of its launch, long after which nobody sells it new.
    """
    age = offer.age_days(request.today)
    if offer.kind == "unpriced":
        return UNPRICED
    if age is None:
        return 2
    if offer.kind == "buy":
        stored = purchase.purchase_price(offer.gpu or "")
        return int(stored is not None and stored.kind == "launch" and age >= purchase.GONE_DAYS)
    return int(age >= prices.STALE_DAYS or offer.listing == "older")
