"""From what a source lists, region by region, to offers: which device it is, and one row for all regions."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from statistics import median
from typing import TYPE_CHECKING

from whichgpu.prices import quality
from whichgpu.prices.offers import Offer, to_text
from whichgpu.prices.store import bundled
from whichgpu.units import GIB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

#: How far a stated size of device memory may be from the catalogue's: sold in GB, counted in GiB.
_SAME_MEMORY = 0.15
#: Providers as sources spell them, and as the table does.
_PROVIDERS = {
    "lambdalabs": "lambda", "lambda-labs": "lambda", "vastai": "vast", "datacrunch": "verda",
    "oci": "oracle-cloud", "cudo": "cudo-compute", "do": "digitalocean", "ovh": "ovhcloud",
}  # fmt: skip


class Listing(NamedTuple):
    """One price of one instance in one region, as a source states it."""

    provider: str
    instance: str
    #: What the source calls the GPU.
    spelling: str
    #: GPUs in the instance; below one for a share of a GPU.
    gpus: float
    #: USD per hour of the whole instance.
    usd: float
    kind: str = "on_demand"
    region: str = ""
    #: Memory of one GPU in GB, where stated.
    gpu_gb: float | None = None
    vcpus: float | None = None
    #: Memory of the host in GiB.
    host_gib: float | None = None


def offers(listings: Iterable[Listing], source: str, locator: str, as_of: date) -> tuple[Offer, ...]:
    """One offer per instance and kind of price, in its cheapest region, in the order of the table.

    `suspect_regions` counts regions whose spot price is the on-demand price there, or exactly a tenth; the
    price is that of the cheapest other region, where there is one.
    """
    groups: dict[tuple[str, str, str, float, str], list[Listing]] = defaultdict(list)
    for row in listings:
        provider = _PROVIDERS.get(row.provider.lower(), row.provider.lower())
        groups[provider, row.instance, row.spelling, row.gpus, row.kind].append(row)
    on_demand = {
        (*key[:4], row.region): row.usd
        for key, rows in groups.items()
        if key[4] == "on_demand"
        for row in rows
    }
    made = [_offer(key, rows, on_demand, (source, locator, as_of)) for key, rows in groups.items()]
    return tuple(
        sorted(made, key=lambda row: (row.provider, row.device, row.gpu_count, row.instance, row.kind))
    )


def _offer(
    key: tuple[str, str, str, float, str], rows: Sequence[Listing],
    on_demand: Mapping[tuple[str, str, str, float, str], float], where: tuple[str, str, date],
) -> Offer:  # fmt: skip
    provider, instance, spelling, count, kind = key
    regions: dict[str, float] = {}
    for row in rows:
        regions[row.region] = min(row.usd, regions.get(row.region, row.usd))
    suspect = {
        region
        for region, usd in regions.items()
        if kind == "spot" and _repeats(usd, on_demand.get((*key[:4], region)))
    }
    sound = {region: usd for region, usd in regions.items() if region not in suspect} or regions
    cheapest = min(sound, key=lambda region: (sound[region], region))
    gpu, candidates = device(provider, instance, spelling, rows[0].gpu_gb, count)
    return Offer(
        provider=provider, instance=instance, gpu=gpu, gpu_spelling=spelling, candidates=candidates,
        gpu_count=count, vcpus=rows[0].vcpus, memory=rows[0].host_gib * GIB if rows[0].host_gib else None,
        kind=kind, usd_per_hour=sound[cheapest], usd_median=median(sound.values()),
        usd_max=max(sound.values()), region=cheapest, regions=len(regions), suspect_regions=len(suspect),
        source=where[0], locator=where[1], as_of=where[2], by_region=to_text(sound),
    )  # fmt: skip


def _repeats(spot: float, on_demand: float | None) -> bool:
    return bool(on_demand) and any(abs(spot / ((on_demand or 1) * share) - 1) < 1e-4 for share in (1.0, 0.1))


@cache
def device(
    provider: str, instance: str, spelling: str, gpu_gb: float | None, count: float
) -> tuple[str | None, tuple[str, ...]]:
    """The id of what is listed, or None and every id that it can be (none where there is no such device).

    What the shipped table settled for the same instance of the provider holds; else the names of the
    catalogue and the memory.
    """
    settled = _settled().get((provider, instance))
    if settled:
        return settled, ()
    from whichgpu.hardware.catalogue import catalogue
    from whichgpu.hardware.names import candidates

    known = catalogue()
    found = candidates(spelling, known)
    if gpu_gb:
        size = gpu_gb / min(count, 1.0)
        found = tuple(gpu for gpu in found if _same(gpu.value("memory"), size))
    if len(found) > 1:
        # What the instance is called may say more: H100 80GB HBM3 is an SXM module.
        named = {gpu.id for gpu in candidates(instance, known)}
        found = tuple(gpu for gpu in found if gpu.id in named) or found
    ids = tuple(gpu.id for gpu in found)
    return (ids[0], ()) if len(ids) == 1 else (None, ids)


def _same(memory: float | None, gigabytes: float) -> bool:
    return memory is None or abs(memory / (gigabytes * GIB) - 1) <= _SAME_MEMORY


@cache
def _settled() -> Mapping[tuple[str, str], str]:
    """The device of each instance of the shipped table, where all its rows agree on one."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in bundled():
        if row.quarantine in ("", quality.UNDATED):
            found[row.provider, row.instance].add(row.gpu or "")
    return {key: next(iter(ids)) for key, ids in found.items() if len(ids) == 1 and "" not in ids}
