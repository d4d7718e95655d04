"""What may be had before it is known what it carries: own options, owned machines, offers, commitments."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from whichgpu.errors import UsageError, one_line
from whichgpu.hardware.slices import device
from whichgpu.planner.needs import need
from whichgpu.planner.plan.parts import in_whole, share, whole_of, with_parts
from whichgpu.planner.plan.supply import Supply, chosen, in_regions, sold_by
from whichgpu.prices import live
from whichgpu.prices import store as prices
from whichgpu.prices.sellers import providers_named, regions_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.plan.asked import Asked, Choice, Commitment, Demand, Option, Owned
    from whichgpu.prices.offers import Offer

    Out = list[tuple[str, int, str, str]]


def had(asked: Asked, catalogue: Catalogue, today: date, out: Out) -> Iterator[Supply]:
    """Everything that the plan as a whole allows, own options first; `out` gains what it does not.

    Raises `UsageError` for names of the plan that nothing has: they would silently rule out all, or limit
    nothing.
    """
    if asked.options:
        found = [_of_option(one) for one in asked.options]
        _known_instances(asked, [name for one in found for name in (one.instance, one.name)])
        plain: Iterable[Supply] = _allowed(asked, found, catalogue, out)
    else:
        plain = _offered(asked, catalogue, today, out)
    yield from _owned(asked, catalogue)
    for one in plain:
        yield one
        if one.kind == "on_demand":
            for index, each in enumerate(asked.commitments):
                if chosen(one, replace(each.choice, kinds=None)):
                    yield _committed(one, each, index)


def _of_option(one: Option) -> Supply:
    return Supply(
        one.name, one.kind, one.usd, one.gpu, one.gpu_count, one.type, one.name,
        one.provider, one.type, one.region, one.most, start=one.start, idle=one.watts, option=one,
        pools=((one.name, one.most),),
    )  # fmt: skip


def _allowed(asked: Asked, found: Sequence[Supply], catalogue: Catalogue, out: Out) -> Iterator[Supply]:
    """Options that the plan allows; what one does not state is not held against it."""
    choice = asked.choice
    for one in found:
        gpu = None if one.gpu is None else device(one.gpu, catalogue)
        lacking = "" if gpu is None else _lacking(asked, gpu)
        reasons = (
            (one.kind != "owned" and one.kind not in asked.kinds, _not_of(one.kind)),
            (bool(one.gpu) and choice.gpus is not None and one.gpu not in choice.gpus, _NO_GPU),
            (bool(one.provider) and not sold_by(one.provider, choice.providers), _NO_PROVIDER),
            (bool(one.region) and not in_regions(one.region, choice.regions), _elsewhere(one.region, choice)),
            (bool(lacking), lacking),
        )  # fmt: skip
        why = next((text for wrong, text in reasons if wrong), None)
        if why is None:
            yield one
        else:
            out.append((one.name, 1, why, why))


def _owned(asked: Asked, catalogue: Catalogue) -> Iterator[Supply]:
    from whichgpu.prices import purchase

    for index, one in enumerate(asked.owned):
        gpu = device(one.gpu, catalogue)
        usd = one.usd
        if usd is None:
            power = gpu.value("power")
            # What it was bought for is spent: of owning, the price of 1 USD here, only electricity counts.
            usd = purchase.owning_cost_per_hour(gpu.id, float(power), 1.0).electricity if power else 0.0
        name = f"own {one.each} x {gpu.id}" if one.each > 1 else f"own {gpu.id}"
        most, option = float(one.count // one.each), _alike(asked, one, index)
        yield Supply(
            name, "owned", usd * one.each, gpu.id, one.each, name, name, _OWN, name, most=most,
            idle=0.0 if option is None else option.watts, pools=((name, most),), option=option,
            parts=in_whole(gpu.id, catalogue),
        )  # fmt: skip


def _alike(asked: Asked, one: Owned, index: int) -> Option | None:
    """The option that says what an owned machine carries, where capacities are the file's own."""
    if not asked.options:
        return None
    for option in asked.options:
        if option.gpu == one.gpu and option.gpu_count == one.each:
            return option
    raise UsageError(
        f"owned[{index}]: no [[option]] has gpu = '{one.gpu}' and gpu_count = {one.each}, which would say "
        "what it carries; write one, or leave all options out: capacities are then predicted"
    )


def _offered(asked: Asked, catalogue: Catalogue, today: date, out: Out) -> Iterator[Supply]:
    """Offers that the plan as a whole allows, each in its cheapest region of each kind."""
    pool = with_parts(live.current() if asked.offers is None else asked.offers, asked, catalogue)
    _known(asked, pool)
    classes: dict[tuple[str, str], list[str]] = {}
    taken: set[tuple[str, ...]] = set()
    # Of two lists with the same offer the newer one's comes first, and stays: that is no second stock of it.
    sold = [row for row in pool if sold_by(row.provider, asked.choice.providers)]
    allowed = sorted(prices.select(sold), key=lambda row: row.superseded)
    for offer in (placed for row in allowed for placed in _placed(row, asked)):
        same = (offer.provider, offer.instance, offer.device, offer.region or "", offer.kind)
        again = offer.superseded and same in taken
        reason = _LISTED_TWICE if again else _not_allowed(asked, offer, catalogue, today)
        if reason is None:
            taken.add(same)
            yield _of_offer(offer, in_whole(offer.gpu, catalogue))
        else:
            gpu = offer.gpu or " or ".join(offer.candidates) or offer.gpu_spelling
            classes.setdefault((gpu, reason), []).append(str(offer))
    out += [(gpu, len(rows), reason, reason) for (gpu, reason), rows in classes.items()]


def _placed(offer: Offer, asked: Asked) -> Iterator[Offer]:
    """An offer in the cheapest of the regions that all wishes treat alike, if any demand takes it there."""
    wishes = {place.regions for place in _narrowed(asked)} - {None}
    kinds: dict[tuple[bool, ...], str] = {}
    for region in offer.usd_by_region:
        taken = any(in_regions(region, one.regions) for one in asked.demands)
        if taken and in_regions(region, asked.choice.regions):
            kinds.setdefault(tuple(in_regions(region, one) for one in wishes), region)
    if not kinds:
        yield offer
    for region in kinds.values():
        yield offer.within({region}) or offer


def _of_offer(offer: Offer, parts: int) -> Supply:
    kind, what = offer.kind, f"{offer.provider} {offer.instance}"
    where = what if offer.region == next(iter(offer.usd_by_region), "") else f"{what} in {offer.region}"
    told = "" if kind == "on_demand" else f" ({kind.replace('_', ' ')})"
    if offer.gpu != whole_of(offer.gpu or ""):
        told += f" as {offer.gpu_count:g} x {offer.gpu}"
    return Supply(
        f"{where}{told}", kind, offer.usd_per_hour, offer.gpu, int(offer.gpu_count), what,
        f"{where} {offer.gpu}", offer.provider, offer.instance, offer.region, offer=offer, parts=parts,
    )  # fmt: skip


def _committed(one: Supply, commitment: Commitment, index: int) -> Supply:
    off = commitment.discount
    return replace(
        one, name=f"{one.name} (committed, -{off:.0%})", kind="committed", usd=one.usd * (1.0 - off),
        most=min(one.most, commitment.most), pools=(*one.pools, (f"commitment {index + 1}", commitment.most)),
    )  # fmt: skip


def _not_allowed(asked: Asked, offer: Offer, catalogue: Catalogue, today: date) -> str | None:
    """Why an offer may not be taken; None where it may."""
    if offer.gpu is None or offer.quarantine:
        return offer.quarantine or "which GPU it has is not clear"
    choice = asked.choice
    if whole_of(offer.gpu) not in catalogue:
        return "its GPU is not in the catalogue"
    gpu = device(offer.gpu, catalogue)
    lacking = _lacking(asked, gpu)
    reasons = (
        (offer.gpu_count < 1, f'is a share of a GPU; gpus = ["{gpu.id}:{share(offer.gpu_count)}"] takes it'),
        (offer.kind not in asked.kinds, _not_of(offer.kind)),
        (choice.gpus is not None and offer.gpu not in choice.gpus, _NO_GPU),
        (not in_regions(offer.region, choice.regions), _elsewhere(offer.region, choice)),
        (bool(gpu.why_unusable), str(gpu.why_unusable)),
        (bool(lacking), lacking),
        (offer.age_days(today) is None and not asked.undated,
         "its price has no date (undated_prices = true takes it)"),
    )  # fmt: skip
    return next((why for out, why in reasons if out), None)


def _lacking(asked: Asked, gpu: Gpu) -> str:
    """What a GPU has not that the plan needs, the first of it."""
    return next((need(name).lacking(gpu) for name in asked.needs if not need(name).met(gpu)), "")


#: The provider of what is owned already.
_OWN = "own"
_LISTED_TWICE = "a newer list has the same offer"
_NO_GPU, _NO_PROVIDER = "is not among the gpus asked for", "is not from the providers asked for"


def _not_of(kind: str) -> str:
    return f"{kind.replace('_', ' ')} prices are not asked for (terms)"


def _elsewhere(region: str, choice: Choice) -> str:
    return f"is in {region or 'a region that is not known'}, not in {', '.join(choice.regions or ())}"


def _limits(asked: Asked) -> list[Choice]:
    return [*(one.choice for one in asked.quotas), *(one.choice for one in asked.commitments)]


def _narrowed(asked: Asked) -> list[Choice | Demand]:
    """Everything in a plan that names regions and providers, beside the plan itself."""
    return [*asked.demands, *_limits(asked)]


def _known(asked: Asked, pool: Sequence[Offer]) -> None:
    """Refuse a provider, region or instance that no offer has, with the nearest that one does."""
    sellers, regions = {_OWN, *(one.provider for one in pool)}, prices.known_regions(pool)
    for place in (asked.choice, *_narrowed(asked)):
        providers_named(place.providers or (), sellers)
        for one in place.regions or ():
            if not any(in_regions(region, (one,)) for region in regions):
                regions_named((one.rstrip("*-"),), pool)
    _known_instances(asked, [one.instance for one in pool])


def _known_instances(asked: Asked, known: Sequence[str]) -> None:
    keys = set(map(prices.key_of, known))
    for name in (name for place in _limits(asked) for name in place.instances or ()):
        if prices.key_of(name) not in keys:
            raise UsageError(prices.unknown("instance", one_line(name), set(known) - {""}))
