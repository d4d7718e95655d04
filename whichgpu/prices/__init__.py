"""What GPUs cost: rented from a provider, or bought and run. `docs/prices.md` explains the data.

Buying and a user's own price list are imported when first used, so that a look at the offers is fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.prices.offers import KINDS, Offer
from whichgpu.prices.store import (
    STALE_DAYS,
    TERMS,
    best_first,
    bundled,
    offers,
    providers,
    select,
    term_kinds,
    term_named,
)

if TYPE_CHECKING:
    from whichgpu.prices.purchase import (
        Assumptions,
        OwningCost,
        Purchase,
        assumption_facts,
        assumptions,
        discount_facts,
        owning_cost_per_hour,
        purchase_price,
        purchases,
    )
    from whichgpu.prices.userfile import UserOffers, load_offers

__all__ = [
    "KINDS",
    "STALE_DAYS",
    "TERMS",
    "Assumptions",
    "Offer",
    "OwningCost",
    "Purchase",
    "UserOffers",
    "assumption_facts",
    "assumptions",
    "best_first",
    "bundled",
    "discount_facts",
    "load_offers",
    "offers",
    "owning_cost_per_hour",
    "providers",
    "purchase_price",
    "purchases",
    "select",
    "term_kinds",
    "term_named",
]

_USERFILE = ("UserOffers", "load_offers")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{'userfile' if name in _USERFILE else 'purchase'}"), name)
