"""What may be had: stored or own offers, commitments, owned machines and options; and what may not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from whichgpu.errors import UsageError, one_line
from whichgpu.planner.needs import need
from whichgpu.planner.plan.capacities import ability, held
from whichgpu.planner.plan.starting import start_of
from whichgpu.prices import live
from whichgpu.prices import store as prices
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.plan.asked import Asked, Choice, Commitment, Demand, Option
    from whichgpu.planner.plan.capacities import Ability, Held
    from whichgpu.prices.offers import Offer
    from whichgpu.workloads.job import Job

#: Machines over which one replica may lie.
_NODES = 2


@immutable
class Supply:
    """One kind of instance under one kind of price, `nodes` machines being taken together.

    `type` is what the limit on instance types counts, `body` the machine whatever its price, `pool` names
    what shares one limit of number. `start` is in h paid for each start, `idle` W of all its GPUs without
    work.
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
    """Columns, what each carries by (demand, column), jobs of replicas, and who is out."""

    supplies: tuple[Supply, ...]
    held: dict[tuple[str, int], Held]
    jobs: dict[tuple[str, int], Job]
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
    return _carrying(asked, plain, gpus, out_rows)


def _any(rates: Mapping[str, float]) -> bool:
    return any(rate > 0.0 for rate in rates.values())


def _of_option(one: Option) -> Supply:
    return Supply(
        one.name, one.kind, one.usd, one.gpu, one.gpu_count, one.type, one.name,
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
    choices = [one.choice for one in asked.quotas] + [one.choice for one in asked.commitments]
    for names in (*(one.providers for one in asked.demands), *(one.providers for one in choices)):
        # A name that no offer has would silently limit nothing, or everything.
        prices.select(
            pool[:0] if names is None else pool, providers=names and [n for n in names if n != "own"]
        )
    known = {one.region.lower() for one in pool if one.region}
    for place in (asked.choice, *choices):
        _known_regions(place.regions, known)
    for demand in asked.demands:
        _known_regions(demand.regions, known)
    classes: dict[tuple[str, str], list[str]] = {}
    chosen = prices.select(pool, providers=asked.choice.providers)
    for offer in (placed for row in chosen for placed in _placed(row, asked)):
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


def _placed(offer: Offer, asked: Asked) -> Iterator[Offer]:
    """An offer in the cheapest region that each wish for regions allows; where it is cheapest else."""
    wishes = {asked.choice.regions, *(one.regions for one in asked.demands)}
    wishes |= {one.choice.regions for one in asked.quotas} | {one.choice.regions for one in asked.commitments}
    cheapest = (
        next((region for region in offer.usd_by_region if in_regions(region, wish)), offer.region)
        for wish in wishes
    )
    for region in dict.fromkeys((offer.region, *cheapest) if len(wishes) > 1 else cheapest):
        yield offer.within({region}) or offer


def _of_offer(offer: Offer, kind: str, usd: float, most: float) -> Supply:
    where = f"{offer.provider} {offer.instance}"
    if offer.region != next(iter(offer.usd_by_region), ""):
        where += f" in {offer.region}"
    told = "" if kind == "on_demand" else f" ({kind.replace('_', ' ')})"
    return Supply(
        f"{where}{told}", kind, usd, offer.gpu, int(offer.gpu_count), where,
        f"{where} {offer.gpu}", offer.provider, offer.instance, offer.region, most, offer=offer,
    )  # fmt: skip


def _committed(offer: Offer, one: Commitment, index: int) -> Supply:
    made = _of_offer(offer, "committed", offer.usd_per_hour * (1.0 - one.discount), one.most)
    pool = f"commitment {index + 1}" if np.isfinite(one.most) else ""
    return replace(
        made, name=f"{offer.provider} {offer.instance} (committed, -{one.discount:.0%})", pool=pool
    )


def _not_allowed(asked: Asked, offer: Offer, catalogue: Catalogue, today: date) -> str | None:
    """Why an offer may not be taken; None where it may."""
    if offer.gpu is None or offer.quarantine:
        return offer.quarantine or "which GPU it has is not clear"
    choice, gpu = asked.choice, catalogue.get(offer.gpu)
    if gpu is None:
        return "its GPU is not in the catalogue"
    lacking = [need(name).lacking(gpu) for name in asked.needs if not need(name).met(gpu)]
    reasons = (
        (offer.gpu_count < 1, "is a share of a GPU"),
        (offer.kind not in asked.kinds, f"{offer.kind.replace('_', ' ')} prices are not asked for (terms)"),
        (choice.gpus is not None and offer.gpu not in choice.gpus, "is not among the gpus asked for"),
        (not in_regions(offer.region, choice.regions), _elsewhere(offer, choice)),
        (bool(gpu.why_unusable), str(gpu.why_unusable)),
        (bool(lacking), "".join(lacking[:1])),
        (offer.age_days(today) is None and not asked.undated,
         "its price has no date (undated_prices = true takes it)"),
    )  # fmt: skip
    return next((why for out, why in reasons if out), None)


def _elsewhere(offer: Offer, choice: Choice) -> str:
    return f"is in {offer.region or 'a region that is not known'}, not in {', '.join(choice.regions or ())}"


def in_regions(region: str, allowed: Sequence[str] | None) -> bool:
    """Whether a region is one of those allowed, which may end in `*`."""
    from fnmatch import fnmatchcase

    return allowed is None or any(region and fnmatchcase(region.lower(), one.lower()) for one in allowed)


def _known_regions(regions: Sequence[str] | None, known: set[str]) -> None:
    """Refuse a region in which no offer is: it would silently rule out all, or limit nothing."""
    from difflib import get_close_matches

    for one in regions or ():
        if not any(in_regions(region, (one,)) for region in known):
            near = get_close_matches(one.rstrip("*-").lower(), sorted(known), n=3, cutoff=0.5)
            means = (
                f"did you mean {', '.join(near)}?"
                if near
                else "whichgpu prices GPU --json says where they are"
            )
            raise UsageError(f"regions: no offer is in '{one_line(one)}'; {means}")


def _selects(choice: Choice, offer: Offer) -> bool:
    provider = choice.providers is None or offer.provider in [one.lower() for one in choice.providers]
    instance = choice.instances is None or offer.instance.lower() in [one.lower() for one in choice.instances]
    return provider and instance and (choice.gpus is None or offer.gpu in choice.gpus) and in_regions(
        offer.region, choice.regions
    )  # fmt: skip


class _Known(NamedTuple):
    """What the cost model said: abilities by demand, and the row of each GPU type in them."""

    asked: Asked
    found: dict[str, Ability]
    rows: dict[str, tuple[int, Gpu]]

    def held(self, one: Supply, nodes: int) -> dict[str, Held]:
        """What so many machines carry of each demand that may run there."""
        row, gpu = self.rows[str(one.gpu)]
        carried = {
            demand.name: held(demand, self.found[demand.name], row, one.gpu_count, nodes)
            for demand in self.asked.demands
            if _may_run(demand, one, gpu)
        }
        return {name: each for name, each in carried.items() if each is not None}

    def taken(self, one: Supply, nodes: int) -> Supply:
        """So many machines as one column."""
        row, gpu = self.rows[str(one.gpu)]
        idle = float(next(iter(self.found.values())).idle[row]) * one.gpu_count * nodes
        pool = one.pool or (one.name if np.isfinite(one.most) else "")
        made = replace(one, idle=idle, start=start_of(self.asked, gpu, one.kind), pool=pool)
        if nodes == 1:
            return made
        return replace(
            made, name=f"{nodes} x {one.name}", usd=nodes * one.usd, nodes=nodes,
            body=f"{nodes} x {one.body}", most=np.floor(one.most / nodes),
        )  # fmt: skip

    def why(self, one: Supply) -> str:
        """Why it carries nothing."""
        row, _ = self.rows[str(one.gpu)]
        said = (self.found[demand.name].why[row] for demand in self.asked.demands)
        return next(filter(None, said), f"its {one.gpu_count} GPUs are too few for any split")


def _may_run(demand: Demand, one: Supply, gpu: Gpu) -> bool:
    """Whether a demand allows a supply; what is owned is wherever it is needed."""
    own = one.kind == "owned"
    provider = own or demand.providers is None or one.provider in [name.lower() for name in demand.providers]
    place = own or in_regions(one.region, demand.regions)
    kind = demand.gpus is None or one.gpu in demand.gpus
    return provider and place and kind and all(need(name).met(gpu) for name in demand.needs)


def _carrying(
    asked: Asked, plain: Sequence[Supply], gpus: Sequence[Gpu], out: list[tuple[str, int, str, str]]
) -> Supplies:
    """Those of the supplies that carry something, alone, or in twos what one alone cannot."""
    found = {one.name: ability(one, gpus, cautious=asked.cautious) for one in asked.demands} if gpus else {}
    known = _Known(asked, found, {gpu.id: (row, gpu) for row, gpu in enumerate(gpus)})
    kept: list[Supply] = []
    carried: dict[tuple[str, int], Held] = {}
    jobs: dict[tuple[str, int], Job] = {}
    lost: dict[str, list[str]] = {}
    for one in plain:
        alone = known.held(one, 1)
        pair = {name: each for name, each in known.held(one, _NODES).items() if name not in alone}
        for nodes, able in ((1, alone), (_NODES, pair)):
            for name, each in able.items():
                carried[name, len(kept)] = each
                jobs[name, len(kept)] = found[name].jobs[each.split]
            if able:
                kept.append(known.taken(one, nodes))
        if not (alone or pair):
            lost.setdefault(str(one.gpu), []).append(known.why(one))
    out += [(gpu, len(why), "carries none of the demands", why[0]) for gpu, why in lost.items()]
    return Supplies(tuple(kept), carried, jobs, tuple(out))
