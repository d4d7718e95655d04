"""Uses outside the cost model (rendering, CAD, VR, video, displays ..), answered from specifications.

    value for money = USD per GPU and hour / the specification that the use goes by

No speed is predicted: the answer says which cards have what it takes, what they have of it, what that costs,
and which of them no other one beats in price, specification and power together.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.planner import constraints
from whichgpu.planner.answer import Rejected
from whichgpu.planner.conflict import TERMS, Conflict, WayOut, irreducible
from whichgpu.planner.desktops import for_all, seats
from whichgpu.planner.front import front
from whichgpu.planner.launched import launch_priced
from whichgpu.planner.market import considered, devices, in_parts, offered, on_offers, trust, usable_offers
from whichgpu.planner.outlay import of_use
from whichgpu.planner.reasons import Reason
from whichgpu.planner.use import drivers, score
from whichgpu.planner.words import by_month, money
from whichgpu.prices import live
from whichgpu.prices import store as prices
from whichgpu.prices.purchase import purchase_price
from whichgpu.prices.sellers import seller_of
from whichgpu.units import HOURS_PER_MONTH
from whichgpu.values import Shown, immutable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.constraints import Constraint
    from whichgpu.planner.desktops import Desktops, Seats
    from whichgpu.planner.request import Request
    from whichgpu.planner.use import Use
    from whichgpu.prices.offers import Offer


@immutable
class Card:
    """One GPU for a use: its offer, USD per GPU and hour, what it has (`score` of what the use goes by).

    Where users share it, `seats` says in how many instances, and the score is the desktops of one of them.
    """

    gpu: Gpu
    offer: Offer
    usd_per_hour: float
    score: float
    power: float
    trust: int
    front: bool = False
    why: str = ""
    seats: Seats | None = None

    @property
    def instances(self) -> int:
        """How many instances there are: one, or what holds all users."""
        return 1 if self.seats is None else self.seats.instances

    @property
    def usd_of_all(self) -> float:
        """USD per hour: of one GPU, or of all that hold the users."""
        return self.usd_per_hour if self.seats is None else self.offer.usd_per_hour * self.seats.instances

    @property
    def watts(self) -> float:
        """Board power: of one GPU, or of all that hold the users."""
        return self.power if self.seats is None else self.power * self.offer.gpu_count * self.seats.instances

    @property
    def usd_per_score(self) -> float:
        """USD per hour of one unit of the specification."""
        return self.usd_per_hour * (1.0 if self.seats is None else self.offer.gpu_count) / self.score

    @property
    def usd_to_buy(self) -> float | None:
        """USD of the cards where they are bought."""
        bought = price_to_buy(self.offer)
        return None if bought is None else bought * self.instances

    def to_dict(self, rank: int, shown: Sequence[str]) -> dict[str, Any]:
        """The contract's shape of a candidate as far as specifications go."""
        gpus = self.offer.gpu_count
        return {
            "rank": rank, "gpu": self.gpu.id, "gpus_per_instance": gpus if gpus < 1 else int(gpus),
            "instances": self.instances, "usd_per_hour": self.usd_of_all,
            "usd_per_month": self.usd_of_all * HOURS_PER_MONTH,
            "usd_to_buy": self.usd_to_buy, "usd_per_unit": self.usd_per_score, "score": self.score,
            "specifications": {name: self.gpu.value(name) for name in shown}, "drivers": drivers(self.gpu),
            "watts": self.watts, "pareto": self.front, "offer": self.offer.to_dict(),
            "seller": seller_of(self.offer).to_dict(), "basis": "specification", "why": self.why,
            "desktops": None if self.seats is None else self.seats.to_dict(),
        }  # fmt: skip


@immutable
class ForUse(Shown):
    """Cards for a use, best first, the rejected with their reasons; `infeasible` where there is none."""

    use: Use
    request: Request
    cards: tuple[Card, ...]
    rejected: tuple[Rejected, ...]
    conflict: Conflict | None = None
    #: How several cards have, for less or at all, what one has not alone, in words; empty where they do not.
    together: str = ""

    @property
    def infeasible(self) -> str:
        """Why there is no card, and what would do; empty where there is one."""
        if self.cards:
            return ""
        what = f"no card for {self.use.title}"
        if self.together:
            return self.together
        offered = f"{what} is offered on these terms; try --term any or --term buy"
        return self.conflict.of(what) if self.conflict else offered

    @property
    def cautions(self) -> tuple[str, ...]:
        """What to know of the price of the first."""
        return (*launch_priced(self.cards, self.request.today), *filter(None, [self.together]))

    @property
    def headline(self) -> str:
        """The first in one sentence, labelled for what it is."""
        if not self.cards:
            return self.infeasible
        first = self.cards[0]
        if self.request.desktops is not None and first.seats is not None:
            return first.seats.sentence(self.request.desktops, first)
        if math.isnan(first.usd_per_hour):
            return (
                f"{first.gpu.id}: {self.use.amount(first.score)}, no price on file "
                f"({self.use.title}, from specifications: no speed is predicted)"
            )
        return (
            f"{first.gpu.id}: {first.offer.provider} {first.offer.instance}, {first.usd_per_hour:,.2f} USD/h "
            f"a GPU{self._to_spend(first)} for {self.use.amount(first.score)} "
            f"({self.use.title}, from specifications: no speed is predicted)"
        )

    def _to_spend(self, first: Card) -> str:
        """What a card costs to buy, or a month of it."""
        bought = first.usd_to_buy
        return f" ({by_month(first.usd_per_hour)})" if bought is None else f" of use, {money(bought)} to buy,"

    def __str__(self) -> str:
        return self.headline

    def to_dict(self) -> dict[str, Any]:
        """The contract's shape of `recommend`."""
        return {
            "workload": self.use.id, "title": self.use.title, "target": None, "basis": "specification",
            "ranked_by": {"objective": self.request.objective, "specification": self.use.by,
                          "label": self.use.label, "unit": self.use.unit},
            "headline": self.headline if self.cards else None,
            "candidates": [one.to_dict(i, self.use.specs) for i, one in enumerate(self.cards, 1)],
            "rejected": [{"gpu": one.gpu, "why": one.why} for one in self.rejected],
            "users": None if self.request.desktops is None else self.request.desktops.to_dict(),
            "program": None if self.use.program is None else self.use.program.to_dict(),
            "outlay": None if (found := of_use(self)) is None else found.to_dict(),
            "warnings": list(self.cautions), "notes": list(self.use.notes),
            "infeasible": self.infeasible or None,
            "conflict": self.conflict.to_dict() if self.conflict else None,
        }  # fmt: skip


def for_use(
    one: Use, request: Request, catalogue: Catalogue, offers: Sequence[Offer] | None = None
) -> ForUse:
    """Rank cards by the objective: cost (USD per specification), energy (W per it), else the most of it."""
    if request.desktops is not None:
        one = replace(one, by="desktops")
    wanted = devices(request, catalogue)
    pool = in_parts(live.current() if offers is None else tuple(offers), wanted, catalogue)
    usable = usable_offers(request, pool, wanted)
    rejected: dict[str, Reason] = {}
    gpus = considered(wanted, request, usable, prices.by_device(pool), rejected)
    found = [_card(one, gpu, usable[gpu.id], request, rejected) for gpu in gpus]
    cards = [card for card in found if card is not None]
    cards.sort(key=lambda card: _rank(card, request.objective))
    marked = _marked(cards)
    against = None if marked else _conflict(one, request, catalogue, pool)
    return ForUse(
        one, request, tuple(_explained(one, marked)),
        tuple(Rejected(key, reason.kind, reason.text) for key, reason in rejected.items()), against,
        _together(one, request, catalogue, offers, marked),
    )  # fmt: skip


#: Cards that one machine takes at most, where several are to add up.
_MOST = 4


def _together(
    one: Use, request: Request, catalogue: Catalogue, offers: Sequence[Offer] | None, alone: Sequence[Card]
) -> str:
    """The cheapest way in which several cards have a number that one has for more, or none; else empty."""
    for asked in request.needs:
        if asked.bound is None or not asked.bound.adds:
            continue
        bound, rest = asked.bound, tuple(other for other in request.needs if other is not asked)
        found = for_use(replace(one, needs=()), replace(request, needs=rest), catalogue, offers)
        ways = [
            (math.ceil(bound.limit / bound.has(card.gpu)), card) for card in found.cards
            if card.usd_to_buy is not None and card.trust == 0 and bound.has(card.gpu) > 0
        ]  # fmt: skip
        most = min([request.budget_to_buy or math.inf, *(card.usd_to_buy or math.inf for card in alone[:1])])
        costs = [(many * (card.usd_to_buy or 0.0), many, card) for many, card in ways if many > 1]
        usd, many, card = min(costs, key=lambda way: way[:2], default=(math.inf, 0, None))
        if card is not None and usd < most:
            where = "one machine" if many <= _MOST else "several machines"
            return (
                f"{'it is dearer on one card' if alone else f'no card has {bound.limit:g} alone'}: cards in "
                f"{where} add up, {many} x {card.gpu.id} ({bound.has(card.gpu):g} each) for {money(usd)}"
            )
    return ""


def _card(
    one: Use, gpu: Gpu, offers: Sequence[Offer], request: Request, rejected: dict[str, Reason]
) -> Card | None:
    if request.desktops is not None:
        return _shared(request.desktops, gpu, offers, request, rejected)
    has = score(one, gpu)
    if has is None or has <= 0:
        rejected[gpu.id] = Reason(f"{one.label} not read", f"its {one.label} were not read in any source")
        return None
    best = min(offers, key=lambda offer: (trust(offer, request), offer.usd_per_gpu_hour, offer.gpu_count))
    return _paid(_unmarked(one, gpu, best, request), request, rejected)


def _shared(
    asked: Desktops, gpu: Gpu, offers: Sequence[Offer], request: Request, rejected: dict[str, Reason]
) -> Card | None:
    """The card in the offer that holds all users for least."""
    held = [(offer, found) for offer in offers if (found := seats(asked, gpu, offer)) is not None]
    if not held:
        rejected[gpu.id] = Reason(
            "no profile holds a desktop", f"no vGPU profile for workstations of {asked.size} is on file"
        )
        return None
    best, found = min(held, key=lambda one: (trust(one[0], request), one[1].instances * one[0].usd_per_hour,
                                             one[1].instances))  # fmt: skip
    return _paid(Card(gpu, best, best.usd_per_gpu_hour, float(found.per_instance), _power(gpu),
                      trust(best, request), seats=found), request, rejected)  # fmt: skip


def _power(gpu: Gpu) -> float:
    power = gpu.value("power")
    return math.nan if power is None else float(power)


def _paid(card: Card, request: Request, rejected: dict[str, Reason]) -> Card | None:
    """The card, where all of it is within the budget."""
    best = card.offer
    if not _affordable(best, request, card.instances):
        bought = card.usd_to_buy
        usd = best.usd_per_hour * card.instances
        cost = f"{money(usd)}/h" if bought is None else f"{money(bought)} to buy"
        most = request.budget if request.budget_to_buy is None else request.budget_to_buy
        many = f"{card.instances} x " if card.instances > 1 else ""
        rejected[card.gpu.id] = Reason(
            "over the budget",
            f"{many}{best.provider} {best.instance} costs {cost}, {most or 0.0:,.2f} allowed",
        )
        return None
    return card


def _affordable(offer: Offer, request: Request, instances: int = 1) -> bool:
    """Whether so many of an offer are within the budget, by the hour or to buy."""
    bought = price_to_buy(offer)
    if request.budget_to_buy is not None and (bought is None or bought * instances > request.budget_to_buy):
        return False
    usd = offer.usd_per_hour * instances  # not within it if unknown
    return request.budget is None or usd <= request.budget * (1 + 1e-9)


def _rank(card: Card, objective: str) -> tuple[Any, ...]:
    if card.seats is not None:
        aim = {"cost": card.usd_of_all, "energy": card.watts}.get(objective, float(card.instances))
    elif objective == "cost":
        aim = card.usd_per_score
    else:
        aim = card.power / card.score if objective == "energy" else -card.score
    if math.isnan(card.usd_per_hour):  # what has no price comes by what it has
        aim = -card.score
    return card.trust, aim, card.usd_per_hour, card.gpu.id


def _marked(cards: Sequence[Card]) -> list[Card]:
    """The cards with the front of price, specification and power marked; undated prices are on none."""
    dated = [card for card in cards if card.trust < 2]
    if not dated:
        return list(cards)
    on = front(np.array([
        (card.usd_per_hour, -card.score, card.power) if card.seats is None
        else (card.usd_of_all, card.instances, card.watts) for card in dated
    ]))  # fmt: skip
    ids = {card.gpu.id for card, there in zip(dated, on.tolist(), strict=True) if there}
    return [replace(card, front=card.gpu.id in ids) for card in cards]


def _explained(one: Use, cards: Sequence[Card]) -> list[Card]:
    return [
        replace(card, why=f"has {one.amount(card.score)}, {_for_money(card)}; {drivers(card.gpu)}")
        for card in cards
    ]  # fmt: skip


def _for_money(card: Card) -> str:
    if math.isnan(card.usd_per_hour):
        return "no price on file"
    return f"for {money(card.usd_per_hour)}/h, {money(card.usd_per_score)} for each"


def _conflict(one: Use, request: Request, catalogue: Catalogue, pool: Sequence[Offer]) -> Conflict | None:
    """Which limits leave nothing together, and the cheapest ways out; None where it is no limit."""
    if request.desktops is not None:  # how many there are of follows from the memory that a limit asks for
        one = replace(one, by="memory")
    gpus = {gpu.id: gpu for gpu in catalogue.values() if (score(one, gpu) or 0.0) > 0.0}
    every = offered(request, pool, tuple(gpus.values()))
    if request.desktops is not None:
        every = [for_all(request.desktops, gpus[row.gpu or ""], row) for row in every]
    limits = (*constraints.of_gpus(request), *on_offers(request, gpus), *_budget(request))
    own = [gpus[row.gpu or ""] for row in every]
    held = [limit.holds(own if limit.level == "gpu" else every) for limit in limits]

    def able(asked: frozenset[int]) -> NDArray[np.bool_]:
        found = np.ones(len(every), dtype=bool)
        for index in asked:
            found &= held[index]
        return found

    whole = frozenset(range(len(limits)))
    # What the use itself asks for cannot be left out: nobody typed it.
    fixed = {
        index for index, limit in enumerate(limits) if limit.option == "--needs" and limit.value in one.needs
    }
    core = irreducible(sorted(whole), lambda asked: bool(able(asked).any()))
    if not able(frozenset()).any() or not core:
        return None
    ways: list[WayOut] = []
    for size in range(1, len(limits) + 1):
        for dropped in map(frozenset, combinations(sorted(whole - fixed), size)):
            left = np.flatnonzero(able(whole - dropped))
            if left.size and core & dropped:
                moved = _moved([limits[index] for index in dropped], own, every)
                paid = any(limits[index].option == "--budget" for index in dropped)
                at = min(left.tolist(), key=lambda index: (
                    moved[index], _to_pay(every[index]) if paid else 0.0,
                    _rank(_unmarked(one, own[index], every[index], request), request.objective),
                ))  # fmt: skip
                typed = (_typed(limits[index], own[at], every[at]) for index in sorted(dropped))
                usd = every[at].usd_per_gpu_hour if request.desktops is None else every[at].usd_per_hour
                ways.append(WayOut(tuple(typed), own[at].id, usd,
                                   usd_to_buy=price_to_buy(every[at])))  # fmt: skip
        if ways:
            break
    return Conflict(tuple(limits[one] for one in sorted(core)), tuple(sorted(ways, key=lambda way: way.cost)))


def _unmarked(one: Use, gpu: Gpu, offer: Offer, request: Request) -> Card:
    """An offer as a card that is ranked."""
    return Card(
        gpu, offer, offer.usd_per_gpu_hour, score(one, gpu) or math.nan, _power(gpu), trust(offer, request)
    )


def _moved(dropped: Sequence[Constraint], own: Sequence[Gpu], every: Sequence[Offer]) -> NDArray[np.float64]:
    """How far each offer has bounds moved that are dropped, as a factor; words are left out whole."""
    change = np.ones(len(every))
    for limit in dropped:
        if limit.measure is not None:
            change = np.maximum(change, limit.needs(own if limit.level == "gpu" else every))
    return np.round(change, 6)


def _budget(request: Request) -> Iterator[Constraint]:
    """What a card may cost, by the hour or to buy, as a limit on offers."""
    for usd, unit in ((request.budget, "USD/h"), (request.budget_to_buy, "USD")):
        if usd is not None:
            yield constraints.word(
                "--budget", f"{usd:g} {unit}", "offer", lambda row: _affordable(row, request)
            )


def _typed(limit: Constraint, gpu: Gpu, offer: Offer) -> str:
    """What to type in place of one limit, so that an offer holds it."""
    if limit.option == "--budget" and not math.isnan(offer.usd_per_hour):
        bought = price_to_buy(offer)
        cents = f"{(offer.usd_per_hour if bought is None else bought) * 100:.6f}"
        return f'--budget "{math.ceil(float(cents)) / 100:.2f} USD{"/h" * (bought is None)}"'
    if limit.option == "--term":
        return f"--term {TERMS.get(offer.kind, 'any')}"
    items: Sequence[Any] = [gpu] if limit.level == "gpu" else [offer]
    need = "" if limit.measure is None else limit.relaxed(float(limit.measure(items)[0]))
    return need or f"leave out {limit.words}"


def price_to_buy(offer: Offer) -> float | None:
    """USD of the cards of an offer that is owned; None of what is rented."""
    stored = purchase_price(offer.gpu or "") if offer.kind == "buy" else None
    return None if stored is None else stored.usd * offer.gpu_count


def _to_pay(offer: Offer) -> float:
    """What ways out are ordered by: USD to buy, or USD/h of a GPU; what has no price comes last."""
    usd = price_to_buy(offer) or offer.usd_per_gpu_hour
    return math.inf if math.isnan(usd) else usd
