"""How the machines of a bill are used, and what a user states of it as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from whichgpu.errors import UsageError
from whichgpu.planner.words import HOURS_PER_MONTH
from whichgpu.units import parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.prices.spot import Habits

#: Days of a mean month.
DAYS_PER_MONTH = HOURS_PER_MONTH / 24.0
#: What `--discount` calls the discounts of `prices.discount_facts`.
TERMS = {"1y": "1-year", "1 year": "1-year", "3y": "3-years", "3 years": "3-years"}


class Use(NamedTuple):
    """How a machine is used and what goes with it; `amount` are units of work of one run, None for none.

    `discounts` are shares by the names of `discount_facts`; `egress` are bytes per month that leave,
    `storage` bytes that are kept; `how` is the habit of saving on spot.
    """

    hours_per_day: float = 24.0
    busy: float = 1.0
    amount: float | None = None
    discounts: Mapping[str, float] | None = None
    egress: float = 0.0
    storage: float = 0.0
    how: Habits | None = None

    @property
    def hours(self) -> float:
        """Hours a month that machines are up."""
        return self.hours_per_day * DAYS_PER_MONTH

    def checked(self) -> Use:
        """The same; raises `UsageError` for what cannot be."""
        if not 0 < self.hours_per_day <= 24:
            raise UsageError(f"{self.hours_per_day:g} hours a day is not from 0 to 24; write e.g. 8")
        if not 0 < self.busy <= 1:
            raise UsageError(f'{self.busy:.0%} of the time is not from 0 to 100 %; write e.g. --busy "30 %"')
        if self.egress < 0 or self.storage < 0:
            raise UsageError('less than no data; write e.g. --egress "2 TB" (a month)')
        return self


def read_discounts(texts: Sequence[str]) -> dict[str, float]:
    """`"1y 30 %"` as a share off for a term; raises `UsageError` for another term or no share."""
    found = {}
    for text in texts:
        name = next((name for name in TERMS if text.strip().lower().startswith(name)), None)
        if name is None:
            raise UsageError(f"'{text}' is no discount for 1y or 3y; write e.g. --discount \"1y 30 %\"")
        share = parse(text.strip()[len(name) :].strip(" =:"), "share")
        if not 0 <= share < 1:
            raise UsageError(f'a discount of {share:.0%} cannot be; write e.g. --discount "1y 30 %"')
        found[TERMS[name]] = share
    return found
