"""Prices: of all GPUs, and of each over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.web import answers, asks, composed
from whichgpu.web.page import Page

if TYPE_CHECKING:
    from whichgpu.report.table import Report


class Prices(asks.Whole, asks.Prices):
    """All of them, so that a page sorts and filters all."""


def listed(ask: asks.Prices, name: str) -> Report:
    """Every GPU that has a price."""
    return answers.prices(None, ask)


def one(ask: asks.Prices, name: str) -> Report:
    """What one GPU costs, and how its price moved."""
    return composed.price_page(name, ask)


PAGE = (
    Page(
        "/prices",
        "Prices",
        "What GPUs cost to rent and to buy, with the age and source of each price.",
        Prices,
        listed,
        ("term", "provider"),
        ("limit", "offset"),
        order=9,
        always=True,
        api="/prices",
        button="List",
        tab="Offers",
    ),
    Page(
        "/prices/{name}",
        "Prices",
        "",
        asks.PricesOf,
        one,
        ("term", "hours", "gpus", "provider", "limit"),
        always=True,
        under="/prices",
        api="/prices/{name}",
        command="prices {name}",
        button="List",
    ),
)
