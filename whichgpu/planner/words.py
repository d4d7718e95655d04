"""Amounts as one speaks of them: counts, money, times, and prices of a handy number of units."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.units import DAY, HOURS_PER_MONTH, number, show

if TYPE_CHECKING:
    from datetime import date


def by_month(usd_per_hour: float) -> str:
    """What so much an hour comes to in a month of all its hours."""
    return f"{usd_per_hour * HOURS_PER_MONTH:,.0f} USD a month"


def plural(count: float, noun: str) -> str:
    """`1 instance`, `2 instances`."""
    return f"{count:,g} {noun}" + ("" if count == 1 else "s")


def money(value: float) -> str:
    """USD with cents, and with more of them below a tenth of a dollar: three digits that count."""
    return "a price not on file" if math.isnan(value) else f"{cents(value)} USD"


def cents(value: float) -> str:
    """An amount of USD without its unit: never less than two decimals (0.10, 0.098, 1,234.50)."""
    small = number(value, 3)
    whole = abs(value) >= 0.1 or value == 0 or "e" in small
    if whole or len(small.partition(".")[2]) < 2:
        return f"{value:,.2f}" if abs(value) >= 0.01 or value == 0 else small
    return small


def handy(unit: str, usd: float) -> tuple[float, str]:
    """How many units a price of `usd` each is quoted for, so that it can be read, and the words."""
    if unit == "tokens" or usd * 1e3 < 0.005:
        return 1e6, f"million {unit}"
    return 1e3, f"1,000 {unit}"


def lasting(seconds: float) -> str:
    """A time of hours or days as one speaks of it."""
    if seconds >= 2 * DAY:
        return f"{number(seconds / DAY, 3)} days"
    return show(seconds, "time", 3)


def done(seconds: float, today: date) -> str:
    """The day by which a job is done that begins at any hour of today."""
    from datetime import timedelta
    from math import ceil

    if seconds > 365 * 1000 * DAY:
        return "not in a thousand years"
    return f"done by {(today + timedelta(days=ceil(seconds / DAY))).isoformat()}"
