"""An offer: one price at which one instance can be had, and where and when that price was read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Container, Mapping
    from datetime import date

#: What a price is for. Marketplace, community and serverless capacity is no provider's own on-demand
#: capacity, and the committed kinds are paid whether used or not.
KINDS = (
    "on_demand",
    "spot",
    "committed_1y",
    "committed_3y",
    "reserved",
    "serverless",
    "marketplace",
    "community",
)
#: What the note of a price begins with that nobody asked: it follows from two others.
DERIVED = "derived, not read"
#: What the time of a kind is billed by, where not by the hour.
_BILLED = {"serverless": "second", "committed_1y": "year", "committed_3y": "3 years", "reserved": "term"}


@immutable
class Offer:
    """One row of a price table.

    `usd_per_hour` is for the whole instance in the cheapest region (`region`); `usd_median` and
    `usd_max` are over all `regions` regions that list it. `gpu` is a catalogue id, or None where the
    catalogue did not say which variant it is: then `candidates` holds every id that it can be (none at
    all where there is no such device). `gpu_count` is below one for a share of a GPU. `memory` is the
    host's, in bytes. `suspect_regions` counts regions whose spot price equals the on-demand one or
    exactly a tenth of it. `listing` is "newer" or "older" where another source lists the same offer at
    another date, "older in A;B" where that source has only some of its regions. `quarantine` says why the
    row must not be used, and is empty when it is sound. `by_region` has the price of every region where the
    source gives them, as `to_text` writes them; it is taken apart only where a region is asked for.
    """

    provider: str
    instance: str
    gpu: str | None
    gpu_spelling: str
    candidates: tuple[str, ...]
    gpu_count: float
    vcpus: float | None
    memory: float | None
    kind: str
    usd_per_hour: float
    usd_median: float | None
    usd_max: float | None
    region: str
    regions: int
    suspect_regions: int
    source: str
    locator: str
    as_of: date | None
    listing: str = ""
    quarantine: str = ""
    note: str = ""
    by_region: str = ""

    def __str__(self) -> str:
        gpu = self.gpu or " or ".join(self.candidates) or self.gpu_spelling
        dated = DERIVED if self.derived else self.as_of.isoformat() if self.as_of else "undated"
        return (
            f"{self.provider} {self.instance}: {self.gpu_count:g}x {gpu}, "
            f"{self.usd_per_hour:.2f} USD/h {self.kind.replace('_', ' ')} ({dated})"
        )

    @property
    def usd_per_gpu_hour(self) -> float:
        """USD per hour of one whole GPU; for a share of a GPU, what a whole one would cost at that rate."""
        return self.usd_per_hour / self.gpu_count

    @property
    def derived(self) -> bool:
        """Whether it is nobody's price, but follows from two others, whose days and sources `note` has."""
        return self.note.startswith(DERIVED)

    @property
    def ambiguous(self) -> bool:
        """Whether the catalogue leaves the variant open between several devices."""
        return self.gpu is None and bool(self.candidates)

    @property
    def device(self) -> str:
        """What is compared between offers: the id, or the open candidates joined by `;`."""
        return self.gpu or ";".join(self.candidates)

    @property
    def superseded(self) -> bool:
        """Whether a newer listing has the same offer where this one is."""
        where = self.listing.removeprefix("older")
        return where != self.listing and (not where or self.region in where.removeprefix(" in ").split(";"))

    @property
    def billed(self) -> str:
        """What is paid for: each second or hour of use, or a term whether used or not."""
        return _BILLED.get(self.kind, "hour")

    @property
    def usd_by_region(self) -> dict[str, float]:
        """USD per hour of the instance in each region that is known, the cheapest first."""
        return _from_text(self.by_region) or ({self.region: self.usd_per_hour} if self.region else {})

    def within(self, regions: Container[str]) -> Offer | None:
        """The offer as it is in the cheapest of some regions; None where it is in none of them."""
        if self.region in regions:
            return self
        for region, usd in _from_text(self.by_region).items():
            if region in regions:
                return replace(self, region=region, usd_per_hour=usd)
        return None

    def age_days(self, today: date) -> int | None:
        """Days since the price was read, or None where that is unknown."""
        return None if self.as_of is None else (today - self.as_of).days

    def to_dict(self) -> dict[str, Any]:
        """A JSON object: the contract's keys first; USD per hour, bytes, ISO date or null."""
        return {
            "provider": self.provider,
            "instance": self.instance,
            "usd_per_hour": self.usd_per_hour,
            "kind": self.kind,
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "source": self.source,
            "unit": "USD/h",
            "billed": self.billed,
            "locator": self.locator,
            "gpu": self.gpu,
            "candidates": list(self.candidates),
            "gpu_spelling": self.gpu_spelling,
            "gpu_count": self.gpu_count,
            "usd_per_gpu_hour": self.usd_per_gpu_hour,
            "usd_median": self.usd_median,
            "usd_max": self.usd_max,
            "region": self.region,
            "regions": self.regions,
            "usd_by_region": self.usd_by_region,
            "suspect_regions": self.suspect_regions,
            "vcpus": self.vcpus,
            "memory": self.memory,
            "listing": self.listing,
            "quarantine": self.quarantine,
            "derived": self.derived,
            "note": self.note,
        }


def to_text(usd_by_region: Mapping[str, float]) -> str:
    """Prices of regions as a cell: `3.67=us-central1;us-east1|4.05=asia-northeast1`, the cheapest first.

    A region whose name has one of the signs in it is left out, and so is a single region.
    """
    named = {region: usd for region, usd in usd_by_region.items() if region and not set(region) & set(";|=")}
    if len(named) < 2:
        return ""
    alike: dict[float, list[str]] = {}
    for region, usd in sorted(named.items(), key=lambda pair: (pair[1], pair[0])):
        alike.setdefault(usd, []).append(region)
    return "|".join(f"{usd:.10g}={';'.join(regions)}" for usd, regions in alike.items())


def _from_text(text: str) -> dict[str, float]:
    """Prices by region from such a cell; a part that is none is left out."""
    found: dict[str, float] = {}
    for part in text.split("|") if text else ():
        usd, _, regions = part.partition("=")
        try:
            found |= dict.fromkeys(regions.split(";"), float(usd))
        except ValueError:
            continue
    return found
