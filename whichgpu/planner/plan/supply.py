"""What may be had: stored or own offers, commitments on them, owned machines and options; and what may not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from whichgpu.planner.plan.capacities import ability, held
from whichgpu.planner.plan.starting import start_of
from whichgpu.prices import live
from whichgpu.prices import store as prices
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.plan.asked import Asked, Choice, Commitment, Demand, Option
    from whichgpu.planner.plan.capacities import Ability, Held
    from whichgpu.prices.offers import Offer

#: Machines over which one replica may lie.
_NODES = 2


@immutable
class Supply:
    """One kind of instance under one kind of price, `nodes` machines being taken together.

    `type` is what the limit on instance types counts, `body` the machine whatever its price, `pool` names what
    shares one limit of number. `start` is in h paid for each start, `idle` W of all its GPUs without work.
    """

    name: str
    kind: str
    usd: float
    gpu: str | None
    gpu_count: int
    type: str
    body: str
    provider: str = ""
    instance: str = ""
    region: str = ""
    most: float = np.inf
    nodes: int = 1
    start: float = 0.0
    idle: float = 0.0
    pool: str = ""
    offer: Offer | None = None
    option: Option | None = None

    def __str__(self) -> str:
        return self.name


class Supplies(NamedTuple):
    """Columns, what each carries by (demand, column), the jobs of replicas, and who is out: (what, count, ..)."""

    supplies: tuple[Supply, ...]
    held: dict[tuple[str, int], Held]
    jobs: dict[tuple[str, int], object]
    rejected: tuple[tuple[str, int, str, str], ...]


def supplies(asked: Asked, catalogue: Catalogue, today: date) -> Supplies:
    """Everything that carries some of the work; own options replace what is stored."""
    if asked.options:
        options = tuple(_of_option(one) for one in asked.options if any(map(_any, one.capacity.values())))
        idle = [one.name for one in asked.options if not any(map(_any, one.capacity.values()))]
        out = tuple((name, 1, "carries nothing", "its capacity names no demand above zero") for name in idle)
        return Supplies(options, {}, {}, out)
    out_rows: list[tuple[str, int, str, str]] = []
    plain = [*_owned(asked, catalogue), *_offered(asked, catalogue, today, out_rows)]
    gpus = [catalogue[key] for key in dict.fromkeys(one.gpu for one in plain) if key is not None]
    found = {one.name: ability(one, gpus, cautious=asked.cautious) for one in asked.demands} if gpus else {}
    return _carrying(asked, plain, gpus, found, out_rows)


def _any(rates: dict[str, float]) -> bool:
    return any(rate > 0.0 for rate in rates.values())


def _of_option(one: Option) -> Supply:
    return Supply(
        one.name, "owned" if one.kind == "owned" else one.kind, one.usd, one.gpu, one.gpu_count, one.type, one.name,
        one.provider, one.type, one.region, one.most, start=one.start, idle=one.watts, option=one,
    )  # fmt: skip


def _owned(asked: Asked, catalogue: Catalogue) -> Iterator[Supply]:
    from whichgpu.prices import purchase

    for one in asked.owned:
        gpu = catalogue[one.gpu]
        usd = one.usd
        if usd is None:
            power = gpu.value("power")
            # What it was bought for is spent: of owning, the price of 1 USD here, only electricity counts.
            usd = purchase.owning_cost_per_hour(gpu.id, float(power), 1.0).electricity if power else 0.0
        name = f"own {one.each} x {gpu.id}" if one.each > 1 else f"own {gpu.id}"
        yield Supply(
            name, "owned", usd * one.each, gpu.id, one.each, name, name, "own", name,
            most=float(one.count // one.each), pool=name,
        )  # fmt: skip


def _offered(
    asked: Asked, catalogue: Catalogue, today: date, out: list[tuple[str, int, str, str]]
) -> Iterator[Supply]:
    """Offers that the plan as a whole allows, each with its commitments."""
    pool = live.current() if asked.offers is None else asked.offers
    classes: dict[tuple[str, str], list[str]] = {}
    for offer in prices.select(pool, providers=asked.choice.providers):
        reason = _not_allowed(asked, offer, catalogue, today)
        if reason is not None:
            gpu = offer.gpu or " or ".join(offer.candidates) or offer.gpu_spelling
            classes.setdefault((gpu, reason), []).append(str(offer))
            continue
        yield _of_offer(offer, offer.kind, offer.usd_per_hour, np.inf)
        if offer.kind == "on_demand":
            for index, one in enumerate(asked.commitments):
                if _selects(one.choice, offer):
                    yield _committed(offer, one, index)
    out += [(gpu, len(rows), reason, reason) for (gpu, reason), rows in classes.items()]


def _of_offer(offer: Offer, kind: str, usd: float, most: float) -> Supply:
    where = f"{offer.provider} {offer.instance}"
    told = "" if kind == "on_demand" else f" ({kind.replace('_', ' ')})"
    return Supply(
        f"{where}{told}", kind, usd, offer.gpu, int(offer.gpu_count), where,
        f"{where} {offer.gpu}", offer.provider, offer.instance, offer.region, most, offer=offer,
    )  # fmt: skip


def _committed(offer: Offer, one: Commitment, index: int) -> Supply:
    made = _of_offer(offer, "committed", offer.usd_per_hour * (1.0 - one.discount), one.most)
    pool = f"commitment {index + 1}" if np.isfinite(one.most) else ""
    return replace(made, name=f"{offer.provider} {offer.instance} (committed, -{one.discount:.0%})", pool=pool)


def _not_allowed(asked: Asked, offer: Offer, catalogue: Catalogue, today: date) -> str | None:
    """Why an offer may not be taken; None where it may."""
    choice = asked.choice
    if offer.gpu is None or offer.quarantine:
        return offer.quarantine or "which GPU it has is not clear"
    if offer.gpu not in catalogue or offer.gpu_count < 1:
        return "is a share of a GPU" if offer.gpu in catalogue else "its GPU is not in the catalogue"
    if offer.kind not in asked.kinds:
        return f"{offer.kind.replace('_', ' ')} prices are not asked for (terms)"
    if choice.gpus is not None and offer.gpu not in choice.gpus:
        return "is not among the gpus asked for"
    if not in_regions(offer.region, choice.regions):
        return f"is in {offer.region or 'a region that is not known'}, not in {', '.join(choice.regions or ())}"
    gpu = catalogue[offer.gpu]
    lacking = [need for need in asked.needs if not gpu.value(need)]
    if gpu.why_unusable or lacking:
        return str(gpu.why_unusable or f"has no {lacking[0]}, which is needed")
    if offer.age_days(today) is None and not asked.undated:
        return "its price has no date (undated_prices = true takes it)"
    return None


def in_regions(region: str, allowed: Sequence[str] | None) -> bool:
    """Whether a region is one of those allowed, which may end in `*`."""
    from fnmatch import fnmatchcase

    return allowed is None or any(region and fnmatchcase(region.lower(), one.lower()) for one in allowed)


def _selects(choice: Choice, offer: Offer) -> bool:
    provider = choice.providers is None or offer.provider in [one.lower() for one in choice.providers]
    instance = choice.instances is None or offer.instance.lower() in [one.lower() for one in choice.instances]
    return provider and instance and (choice.gpus is None or offer.gpu in choice.gpus) and in_regions(
        offer.region, choice.regions
    )  # fmt: skip


def _carrying(
    asked: Asked, plain: Sequence[Supply], gpus: Sequence[Gpu], found: dict[str, Ability],
    out: list[tuple[str, int, str, str]],
) -> Supplies:  # fmt: skip
    """Those of the supplies that carry something, alone or in twos."""
    rows = {gpu.id: row for row, gpu in enumerate(gpus)}
    kept: list[Supply] = []
    carried: dict[tuple[str, int], Held] = {}
    jobs: dict[tuple[str, int], object] = {}
    seen: dict[str, tuple[int, str]] = {}
    for one in plain:
        row = rows[str(one.gpu)]
        any_of = False
        alone: dict[str, Held | None] = {}
        for nodes in (1, _NODES):
            own = {
                demand.name: _held(demand, found[demand.name], one, (row, nodes), gpus[row], alone)
                for demand in asked.demands
            }
            alone = alone or own
            able = {name: each for name, each in own.items() if each is not None}
            if able:
                any_of = True
                for name, each in able.items():
                    carried[name, len(kept)] = each
                    jobs[name, len(kept)] = found[name].jobs[each.split]
                kept.append(_taken(one, nodes, row, found, asked, gpus[row]))
        if not any_of:
            why = next((found[d.name].why[row] for d in asked.demands if found[d.name].why[row]), "")
            why = why or f"its {one.gpu_count} GPUs are too few for any split"
            count, _ = seen.get(str(one.gpu), (0, ""))
            seen[str(one.gpu)] = (count + 1, why)
    out += [(gpu, count, "carries none of the demands", why) for gpu, (count, why) in seen.items()]
    return Supplies(tuple(kept), carried, jobs, tuple(out))


def _held(
    demand: Demand, able: Ability, one: Supply, where: tuple[int, int], gpu: Gpu, alone: dict[str, Held | None]
) -> Held | None:
    """What it carries of a demand that may run there; in twos only what one machine cannot carry."""
    row, nodes = where
    words = (demand.providers is None or one.provider in [name.lower() for name in demand.providers]) or (
        one.kind == "owned"
    )
    place = one.kind == "owned" or in_regions(one.region, demand.regions)
    kind = demand.gpus is None or one.gpu in demand.gpus
    if not (words and place and kind and all(gpu.value(need) for need in demand.needs)):
        return None
    if nodes > 1 and alone.get(demand.name) is not None:
        return None
    return held(demand, able, row, one.gpu_count, nodes)


def _taken(
    one: Supply, nodes: int, row: int, found: dict[str, Ability], asked: Asked, gpu: Gpu
) -> Supply:
    first = next(iter(found.values()))
    pool = one.pool or (one.name if np.isfinite(one.most) else "")
    start = start_of(asked, gpu, one.kind)
    made = replace(one, idle=float(first.idle[row]) * one.gpu_count * nodes, start=start, pool=pool)
    if nodes == 1:
        return made
    return replace(
        made, name=f"{nodes} x {one.name}", usd=nodes * one.usd, nodes=nodes, body=f"{nodes} x {one.body}",
        most=np.floor(one.most / nodes),
    )  # fmt: skip
