"""What spot capacity costs when it is taken back now and then: expected time and money of a job.

With a mean time M between interruptions, work W, a checkpoint every t that takes d, and R to start again,
the expected time is that of J. T. Daly, "A higher order estimate of the optimum checkpoint interval for
restart dumps" (2006), equation 20::

    T = M exp(R / M) (exp((t + d) / M) - 1) W / t

and the best interval about sqrt(2 d M) - d (its equation 37 to first order).
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from whichgpu.errors import Infeasible, UsageError
from whichgpu.facts import store as facts_store
from whichgpu.prices import live, vault
from whichgpu.prices.offers import DERIVED
from whichgpu.prices.purchase import table_facts
from whichgpu.units import HOUR, HOURS_PER_MONTH, YEAR, parse, show
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.facts.model import Fact
    from whichgpu.prices.offers import Offer

#: No habit is longer, in s; and no work goes on that takes that many times as long as without interruptions.
_LONGEST, _HOPELESS = 10 * YEAR, 100.0
_DIMENSIONS = {
    "monthly_interruption": "share", "most_interruption": "share", "checkpoint_every": "time",
    "checkpoint_takes": "time", "restart_takes": "time",
}  # fmt: skip


_FAULTS = ("gpu_time_between", "checkpoint_takes", "restart_takes")


class Band(NamedTuple):
    """How often machines of a type are taken back in a month: from `low` to `high`, and who says so."""

    low: float
    high: float
    source: str
    as_of: str = ""
    #: Mean hours between interruptions where they are stated, else 0.
    stated: float = 0.0
    #: Share of the price on demand that the source says spot saves, 0 where it does not say.
    savings: float = 0.0

    @property
    def hours_between(self) -> float:
        """Mean hours between interruptions of one machine, at the middle of the band."""
        if self.stated:
            return self.stated
        share = min((self.low + self.high) / 2, 0.999)
        return -HOURS_PER_MONTH / math.log1p(-share)


class Habits(NamedTuple):
    """How a job saves itself: seconds between checkpoints, of each, and of a new start."""

    every: float
    takes: float
    restart: float

    def checked(self) -> Habits:
        """The same; raises `UsageError` for what cannot be."""
        if not 0 < self.every <= _LONGEST:
            raise UsageError(
                f"a checkpoint every {self.every:g} s cannot be; write e.g. --checkpoint '30 min'"
            )
        for value, option in ((self.takes, "--saving"), (self.restart, "--restart")):
            if not 0 <= value <= _LONGEST:
                raise UsageError(f"{value:g} s cannot be; write e.g. {option} '2 min'")
        return self


class Expected(NamedTuple):
    """What a job takes on one offer, in the mean."""

    offer: Offer
    band: Band
    #: Hours from start to end, and the mean number of interruptions in them.
    hours: float
    interruptions: float
    usd: float
    #: Seconds between checkpoints that would cost the least time.
    best_interval: float


@cache
def spot_facts() -> Mapping[str, Fact]:
    """The assumptions on spot capacity, by name: what a report cites."""
    return table_facts("spot", _DIMENSIONS)


def habits() -> Habits:
    """The shipped assumptions on how a job saves itself."""
    known = spot_facts()
    return Habits(*(known[name].value for name in ("checkpoint_every", "checkpoint_takes", "restart_takes")))


def read_habits(checkpoint: str | None, saving: str | None, restart: str | None) -> Habits:
    """The habits of a job as typed (`"30 min"`), those that ship where nothing is; raises `UsageError`."""
    texts = (checkpoint, saving, restart)
    given = (
        parse(text, "time", "30 min") if text else value for text, value in zip(texts, habits(), strict=True)
    )
    return Habits(*given).checked()


def band(offer: Offer) -> Band:
    """How often an offer's machine is taken back: what was read of its type and region, else an assumption.

    Of a type without its region the mean of its regions.
    """
    regions = _bands().get((offer.provider, offer.instance), {})
    if offer.region in regions:
        return regions[offer.region]
    if regions:
        rows = list(regions.values())
        low, high = (
            sum(ends) / len(rows) for ends in zip(*((row.low, row.high) for row in rows), strict=True)
        )
        return Band(low, high, rows[0].source, rows[0].as_of)
    share = spot_facts()["monthly_interruption"].value
    return Band(share, share, "assumed")


def derived(steady: Sequence[Offer], spot: Sequence[Offer]) -> tuple[Offer, ...]:
    """Spot offers of instances of which no spot price is on file, in the region where they come to least.

        USD/h = price on demand there x (1 - the saving that is stated of the type in the region)

    `steady` are offers on demand, the one to trust most first. Nobody asked these prices: `note` says so.
    """
    known = {(row.provider, row.instance) for row in spot}
    made: list[Offer] = []
    for row in steady:
        bands = _bands().get((row.provider, row.instance), {})
        stated = {region: one.savings for region, one in bands.items() if one.savings}
        there = [(usd * (1.0 - stated[region]), region)
                 for region, usd in row.usd_by_region.items() if region in stated]  # fmt: skip
        if there and (row.provider, row.instance) not in known:
            known.add((row.provider, row.instance))
            made.append(_less(row, *min(there), bands))
    return tuple(made)


def _less(row: Offer, usd: float, region: str, bands: Mapping[str, Band]) -> Offer:
    said = bands[region]
    note = (f"{DERIVED}: {row.usd_by_region[region]:.4g} USD/h on demand in {region} ({row.source}) less the "
            f"{said.savings:.0%} that {said.source} states ({said.as_of})")  # fmt: skip
    return replace(row, kind="spot", usd_per_hour=round(usd, 4), usd_median=None, usd_max=None, region=region,
                   regions=1, by_region="", note=note)  # fmt: skip


def read_band(text: str) -> Band:
    """How often machines are taken back, as a user states it: a share in a month, or the time between.

    Raises `UsageError` for neither, and for what cannot be.
    """
    if text.strip()[-1:].isalpha():
        hours = parse(text, "time", "12 h") / HOUR
        if hours <= 0:
            raise UsageError(f"'{text}' between interruptions cannot be; write e.g. --interruption '12 h'")
        share = -math.expm1(-HOURS_PER_MONTH / hours)
        return Band(share, share, "stated", stated=hours)
    share = parse(text, "share")
    if not 0 < share < 1:
        raise UsageError(
            f"'{text}' is not between 0 and 100 % of machines a month; write e.g. --interruption '20 %', "
            "or the time between two, '12 h'"
        )
    return Band(share, share, "stated")


def expected(
    offer: Offer, work: float, how: Habits, stated: Band | None = None, machines: float = 1.0
) -> Expected:
    """Expected hours and USD of a job of `work` hours without interruptions.

    An offer is one machine; a job on several `machines` at once stops with any of them, so that many times
    as often. `stated` goes before what is known of the offer.
    """
    found = stated or band(offer)
    between = found.hours_between / machines
    every, takes, restart = (value / HOUR for value in how.checked())
    best = _best_interval(between, takes)
    stretch = _stretch(between, every, takes, restart)
    if stretch > _HOPELESS:
        raise Infeasible(_never(between, every, takes, restart, best))
    hours = work * stretch
    return Expected(offer, found, hours, hours / between, hours * offer.usd_per_hour * machines, best * HOUR)


def _best_interval(between: float, takes: float) -> float:
    return max(math.sqrt(2 * takes * between) - takes, takes) if takes else 0.0


def _stretch(between: float, every: float, takes: float, restart: float) -> float:
    """Expected time over the work, all in hours (Daly); infinite where it is beyond all bounds."""
    if max(every + takes, restart) > _HOPELESS * between:
        return math.inf
    return between * math.exp(restart / between) * math.expm1((every + takes) / between) / every


def _never(between: float, every: float, takes: float, restart: float, best: float) -> str:
    """Why a job does not get on, and how it would: by saving more often, or not at all there."""
    said = (
        f"saved every {_lasting(every)}, a job hardly ever gets on where machines are taken back after "
        f"{_lasting(between)} in the mean, and a new start takes {_lasting(restart)}"
    )
    for often in (best, between / 4):
        if often > 0 and _stretch(between, often, takes, restart) <= _HOPELESS:
            return f"{said}; save more often: --checkpoint '{_lasting(often)}'"
    return f"{said}; no checkpoint helps: take capacity on demand"


def _lasting(hours: float) -> str:
    return show(hours * HOUR, "time", 2)


def faults(gpus: float) -> float:
    """Time of a long training on so many GPUs over that without faults, saved at the best interval."""
    known = table_facts("faults", {name: "time" for name in _FAULTS})
    between, takes, restart = (known[name].value for name in _FAULTS)
    between /= gpus
    return _stretch(between, _best_interval(between, takes), takes, restart)


@cache
def _bands() -> Mapping[tuple[str, str], Mapping[str, Band]]:
    """The band of each type by region: the shipped ones, and those that were read since in their place."""
    found: dict[tuple[str, str], dict[str, Band]] = {}
    for provider, instance, region, low, high, saved, source, day in (*_shipped(), *_read()):
        found.setdefault((provider, instance), {})[region] = Band(low, high, source, day, 0.0, saved)
    return MappingProxyType(found)


def _shipped() -> list[tuple[Any, ...]]:
    most = spot_facts()["most_interruption"].value
    table = facts_store.part("prices", "interruptions")["rows"]
    return [(provider, instance, region, float(low), min(float(high), most), float(saved), source, day)
            for provider, instance, region, low, high, saved, source, day in table]  # fmt: skip


def _read() -> list[tuple[Any, ...]]:
    held = vault.read()
    if held is None or not held.files:
        return []
    most = spot_facts()["most_interruption"].value
    try:
        return _of_store(held.files, most)
    except live.MALFORMED:
        return []


def _of_store(files: Mapping[str, bytes], most: float) -> list[tuple[Any, ...]]:
    dates = json.loads(files[live.META])["sources"]
    return [
        (provider, instance, region, low, min(high, most), saved, source, dates[source].get("as_of", ""))
        for source, rows in json.loads(files[live.INTERRUPTIONS]).items()
        for provider, instance, region, low, high, saved in rows
    ]
