"""What to know where a card comes first at the price of its launch: what such cards sell for now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from whichgpu.planner.words import money
from whichgpu.prices.purchase import LAUNCH, market, purchase_price
from whichgpu.units import number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from whichgpu.prices.offers import Offer


class Bought(Protocol):
    """What is bought: a candidate, a fleet or a card."""

    @property
    def offer(self) -> Offer:
        """Its price."""

    @property
    def trust(self) -> int:
        """In its price, 0 the most."""

    @property
    def usd_to_buy(self) -> float | None:
        """USD of the cards."""


def launch_priced(ranked: Sequence[Bought], today: date) -> tuple[str, ...]:
    """Where the first has the price of its launch: what that is worth, and which is the first with a newer.

    Empty where its price is of the street, where it is rented, and where nothing is on file to compare.
    """
    if not ranked or ranked[0].trust > 0 or not _is(ranked[0], launch=True):
        return ()
    first = ranked[0]
    price = purchase_price(first.offer.gpu or "")
    said, found = [], market(price, today) if price is not None else None
    if found is not None:
        age = "within two years" if found.new else "more than two years ago"
        said.append(
            f"{first.offer.gpu} counts at its launch price: {found.cards} cards launched {age} sell for "
            f"{number(found.low, 2)} to {number(found.high, 2)} times theirs now, "
            f"{number(found.middle, 2)} in the middle"
        )
    other = next((one for one in ranked if one.trust == first.trust and _is(one, launch=False)), None)
    if other is not None and other.usd_to_buy is not None:
        said.append(
            f"Of cards with a price of the street {other.offer.gpu} comes first: {money(other.usd_to_buy)}"
        )
    return tuple(said)


def _is(one: Bought, *, launch: bool) -> bool:
    """Whether a card counts at its launch price, or at one of the street; whole machines are neither."""
    price = purchase_price(one.offer.gpu or "") if one.offer.kind == "buy" else None
    return price is not None and (price.kind == LAUNCH) is launch and not price.includes_host
