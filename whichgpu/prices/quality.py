"""When a price is not to be trusted: the rules, as pure functions over a table of offers.

Each rule maps row numbers to the reason why that row is no price. `reasons` applies them in order, so
that a row has one reason; the committed table holds exactly what `reasons` says (`drift` is empty).
"""

from __future__ import annotations

import math
from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from whichgpu.prices.offers import Offer

    Rule = Callable[[Sequence[Offer]], Mapping[int, str]]

#: USD per vCPU and hour that a Windows licence adds to the Linux price of an instance.
WINDOWS_USD_PER_VCPU = 0.046
#: How many times above or below the median of its device a price per GPU may be.
FAR_OFF = 20.0
#: Fewest sound rows of a device whose median means anything.
FEWEST = 3

NOT_A_PRICE = "not a price above zero for a count above zero"
NO_DEVICE = "no such device in the catalogue"
NO_HOST = "accelerator without host"
SPOT_IS_ON_DEMAND = "spot price equal to on-demand or exactly 10 % of it"
WINDOWS = "Windows meter: Linux + 0.046 USD x vCPU"
OFF_MEDIAN = "price per GPU more than 20x off the median of its device"
UNDATED = "undated: nobody knows when it held"


def not_a_price(rows: Sequence[Offer]) -> dict[int, str]:
    """Rows whose price or count is zero, negative or not finite."""
    return {
        i: NOT_A_PRICE
        for i, row in enumerate(rows)
        if not all(math.isfinite(x) and x > 0 for x in (row.usd_per_hour, row.gpu_count))
    }


def no_device(rows: Sequence[Offer]) -> dict[int, str]:
    """Rows for modified boards, slices and mixed-up names: neither an id nor candidates."""
    return {i: NO_DEVICE for i, row in enumerate(rows) if not row.device}


def no_host(rows: Sequence[Offer]) -> dict[int, str]:
    """Rows that price the accelerator alone, to which a host must still be added."""
    return {i: NO_HOST for i, row in enumerate(rows) if "(gpu only)" in row.instance}


def spot_is_on_demand(rows: Sequence[Offer]) -> dict[int, str]:
    """Spot rows that only repeat the on-demand price, or a tenth of it.

    Where the catalogue was read region by region the count of such regions decides: all of them, or
    the row stays. Otherwise the row is held against the on-demand row of the same instance and source.
    """
    on_demand = {_instance(row): row for row in rows if row.kind == "on_demand"}
    found = {}
    for i, row in enumerate(rows):
        if row.kind != "spot":
            continue
        other = on_demand.get(_instance(row))
        if row.suspect_regions >= max(row.regions, 1) or (other is not None and _copies(row, other)):
            found[i] = SPOT_IS_ON_DEMAND
    return found


def _instance(row: Offer) -> tuple[str, str, str, float, str]:
    return row.provider, row.instance, row.device, row.gpu_count, row.source


def _copies(spot: Offer, on_demand: Offer) -> bool:
    pairs = [(spot.usd_median, on_demand.usd_median)]
    if spot.region == on_demand.region:
        pairs.append((spot.usd_per_hour, on_demand.usd_per_hour))
    return any(_ratio_is(a, b, 1.0) or _ratio_is(a, b, 0.1) for a, b in pairs)


def _ratio_is(a: float | None, b: float | None, ratio: float) -> bool:
    return bool(a and b) and math.isclose(a or 0.0, ratio * (b or 0.0), rel_tol=1e-4)


def windows_meter(rows: Sequence[Offer]) -> dict[int, str]:
    """The dearer of two prices of one instance where the licence explains the difference."""
    by_instance: dict[tuple[object, ...], list[float]] = defaultdict(list)
    for row in rows:
        by_instance[_meter(row)].append(row.usd_per_hour)
    return {
        i: WINDOWS
        for i, row in enumerate(rows)
        if row.vcpus
        and any(
            math.isclose(row.usd_per_hour - usd, WINDOWS_USD_PER_VCPU * row.vcpus, rel_tol=0.01)
            for usd in by_instance[_meter(row)]
        )
    }


def _meter(row: Offer) -> tuple[object, ...]:
    return row.provider, row.instance, row.device, row.gpu_count, row.vcpus, row.kind, row.region


def off_median(rows: Sequence[Offer]) -> dict[int, str]:
    """Rows whose price per GPU is more than 20x away from the median over the rows of its device."""
    by_device: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        by_device[row.device].append(row.usd_per_gpu_hour)
    middle = {device: median(usd) for device, usd in by_device.items() if device and len(usd) >= FEWEST}
    return {
        i: OFF_MEDIAN
        for i, row in enumerate(rows)
        if (mid := middle.get(row.device)) and not mid / FAR_OFF <= row.usd_per_gpu_hour <= mid * FAR_OFF
    }


def undated(rows: Sequence[Offer]) -> dict[int, str]:
    """Rows of a catalogue that does not say when it was read."""
    return {i: UNDATED for i, row in enumerate(rows) if row.as_of is None}


#: In order: a row removed by one rule is no evidence for the next.
RULES: tuple[Rule, ...] = (
    not_a_price, no_device, no_host, spot_is_on_demand, windows_meter, off_median, undated,
)  # fmt: skip


def reasons(rows: Sequence[Offer]) -> tuple[str, ...]:
    """Per row why it must not be used, empty where it is sound. Stored `quarantine` is not read."""
    said = [""] * len(rows)
    for rule in RULES:
        left = [i for i, reason in enumerate(said) if not reason]
        for at, reason in rule([rows[i] for i in left]).items():
            said[left[at]] = reason
    return tuple(said)


def listings(rows: Sequence[Offer]) -> tuple[str, ...]:
    """Per row "newer" or "older" where several dated sources list the same offer, else empty.

    The same offer: provider, device, count and kind agree. Undated rows are not compared. Where the newer
    one names its regions, and some of the older one are not among them, it is "older in A;B".
    """
    groups: dict[tuple[str, str, float, str], list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        if row.as_of and row.device:
            groups[row.provider, row.device, row.gpu_count, row.kind].append(i)
    said = [""] * len(rows)
    for group in groups.values():
        for i, mark in _ages(rows, group):
            said[i] = mark
    return tuple(said)


def _ages(rows: Sequence[Offer], group: Sequence[int]) -> Iterable[tuple[int, str]]:
    dates = {rows[i].source: rows[i].as_of for i in group}
    newest = max(day for day in dates.values() if day)
    if len(dates) < 2 or set(dates.values()) == {newest}:
        return
    listed = [_places(rows[i]) for i in group if rows[i].as_of == newest]
    covered = None if None in listed else frozenset[str]().union(*filter(None, listed))
    for i in group:
        yield i, "newer" if rows[i].as_of == newest else _replaced(_places(rows[i]), covered)


def _places(row: Offer) -> frozenset[str] | None:
    """The regions of an offer; None where it does not name them all."""
    named = frozenset(row.usd_by_region)
    return named if named and len(named) >= row.regions else None


def _replaced(places: frozenset[str] | None, covered: frozenset[str] | None) -> str:
    """How an older row is marked, given the regions that the newer ones list (None for any)."""
    if places is None or covered is None or places <= covered:
        return "older"
    both = places & covered
    return f"older in {';'.join(sorted(both))}" if both else ""


def drift(rows: Sequence[Offer]) -> tuple[str, ...]:
    """One line per row whose stored `quarantine` or `listing` is not what the rules say."""
    lines = []
    for row, reason, listing in zip(rows, reasons(rows), listings(rows), strict=True):
        if row.quarantine != reason:
            lines.append(f"{row}: quarantine is '{row.quarantine}', the rules say '{reason}'")
        if row.listing != listing:
            lines.append(f"{row}: listing is '{row.listing}', the dates say '{listing}'")
    return tuple(lines)


def check(rows: Sequence[Offer], today: date) -> tuple[str, ...]:
    """What is wrong with a price table, one line each: drift, impossible dates, duplicates, kinds."""
    from whichgpu.prices.offers import KINDS

    lines = list(drift(rows))
    seen = set()
    for row in rows:
        age = row.age_days(today)
        if age is not None and age < 0:
            lines.append(f"{row}: dated after today, {today.isoformat()}")
        if row.kind not in KINDS:
            lines.append(f"{row}: kind '{row.kind}' is none of {', '.join(KINDS)}")
        if row.gpu and row.candidates:
            lines.append(f"{row}: has an id and candidates; an offer has one or the other")
        key = (*_instance(row), row.kind, row.region, row.memory)
        if key in seen:
            lines.append(f"{row}: listed twice by {row.source}")
        seen.add(key)
    return tuple(lines)
