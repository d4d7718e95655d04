"""How the machines of a bill are used, and what a user states of it as text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.errors import UsageError
from whichgpu.units import DAYS_PER_MONTH, parse
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.prices.spot import Habits

#: What `--discount` calls the discounts of `prices.discount_facts`, and the words between term and share.
TERMS = {"1": "1-year", "one": "1-year", "3": "3-years", "three": "3-years"}
_TERM = re.compile(r"(?i)\b(1|one|3|three)[\s-]*(?:years?|yrs?|y)\b")
_MONTHLY = re.compile(r"(?i)\s*(?:/|per|an?|each|every)\s*(?:mo|month)\s*$|\s*monthly\s*$")
_BETWEEN = re.compile(r"(?i)\b(?:off|for|on|over|an?|discount|commit\w*|of|with|in)\b|[=:,()]")


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
            raise UsageError(
                f"{self.hours_per_day:g} hours a day is not above 0 and at most 24; write e.g. 8"
            )
        if not 0 < self.busy <= 1:
            raise UsageError(f'{self.busy:.0%} of the time is not from 0 to 100 %; write e.g. --busy "30 %"')
        if self.egress < 0 or self.storage < 0:
            raise UsageError('less than no data; write e.g. --egress "2 TB" (a month)')
        return self


def monthly(text: str) -> float:
    """Bytes of a month, which may say so (`2 TB a month`); raises `UsageError` for no such thing."""
    return parse(_MONTHLY.sub("", text), "memory")


def read_discounts(texts: Sequence[str]) -> dict[str, float]:
    """`"1y 30 %"`, `"30 % off for 3 years"` as a share off for a term.

    Raises `UsageError` for another term or no share.
    """
    found = {}
    for text in texts:
        term = _TERM.search(text)
        rest = _BETWEEN.sub(" ", _TERM.sub(" ", text, count=1)).strip()
        if term is None or not rest:
            raise UsageError(f"'{text}' is no discount for 1y or 3y; write e.g. --discount \"1y 30 %\"")
        share = parse(rest, "share")
        if not 0 <= share < 1:
            raise UsageError(f'a discount of {share:.0%} cannot be; write e.g. --discount "1y 30 %"')
        found[TERMS[term[1].lower()]] = share
    return found
