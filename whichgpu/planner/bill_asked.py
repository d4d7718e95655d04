"""A bill from what is typed: the command and the page read it alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.bill import Bill
    from whichgpu.planner.size import Sized
    from whichgpu.prices.offers import Offer
    from whichgpu.workloads.job import Job


class Typed(NamedTuple):
    """What is stated besides job and GPU, as text with its unit; None where it is not."""

    target: str | None = None
    throughput: str | None = None
    price: str | None = None
    hours_per_day: float = 24.0
    busy: str = "100 %"
    discounts: Sequence[str] = ()
    egress: str | None = None
    storage: str | None = None
    checkpoint: str | None = None
    providers: Sequence[str] | None = None
    region: Sequence[str] | None = None


def _sellers(typed: Typed, gpu: str) -> tuple[Offer, ...] | None:
    """The offers of a GPU by the providers and in the regions that are stated; None where none is.

    Raises `DataError` where no such offer is on file.
    """
    from whichgpu.errors import DataError, UsageError
    from whichgpu.prices import live
    from whichgpu.prices.sellers import providers_named, regions_named
    from whichgpu.prices.store import select

    if typed.providers is None and typed.region is None:
        return None
    if typed.price:
        raise UsageError(
            "--price stands in for all offers; leave it out, or leave out --providers and --region"
        )
    pool = live.current()
    known = tuple(dict.fromkeys(row.provider for row in pool))
    found = select(
        pool,
        gpus=[gpu.partition(":")[0]],
        providers=None if typed.providers is None else providers_named(typed.providers, known),
        regions=None if typed.region is None else regions_named(typed.region, pool),
    )
    if not found:
        asked = " and ".join(
            f"{option} {','.join(named)}"
            for option, named in (("--providers", typed.providers), ("--region", typed.region)) if named
        )  # fmt: skip
        raise DataError(f"no offer of {gpu} with {asked} is on file; what there is: whichgpu prices {gpu}")
    return found


def _share(busy: str) -> float:
    """`30 %` or 0.3; raises `UsageError` for a bare number above one, which may be meant in per cent."""
    from whichgpu.errors import UsageError, one_line
    from whichgpu.units import parse

    share = parse(busy, "share")
    if share > 1 and "%" not in busy:
        meant = min(share, 100.0)
        raise UsageError(f'--busy {one_line(busy)} is more than all of it; write e.g. --busy "{meant:g} %"')
    return share


def asked_bill(job: Job, gpu: str, typed: Typed, catalogue: Catalogue, today: date, *, size: Sized) -> Bill:
    """The bill of a job on machines of `gpu` (`l4`, `a100-80gb-sxm:8`).

    Raises `UsageError` for a quantity that cannot be read, `Infeasible` where the job does not fit.
    """
    from whichgpu.facts.model import Interval
    from whichgpu.hardware.slices import in_one, is_part, resolve_device
    from whichgpu.planner.bill import bill
    from whichgpu.planner.bill_use import Use, monthly, read_discounts
    from whichgpu.planner.size import sized
    from whichgpu.planner.wishes import read_positive, read_target
    from whichgpu.prices.spot import habits
    from whichgpu.units import parse
    from whichgpu.workloads.workload import resolve

    known = resolve(job.workload)
    job, work = sized(size, known, job)
    whole = known.complete(job)
    device, count = resolve_device(gpu, catalogue)
    # Whoever takes a part has the whole GPU, and the other parts at work beside it.
    count = in_one(device, catalogue) if is_part(device) else count
    every = typed.checkpoint
    use = Use(
        hours_per_day=typed.hours_per_day, busy=_share(typed.busy),
        amount=work.units if work else None, discounts=read_discounts(typed.discounts),
        egress=monthly(typed.egress or "0 B"), storage=parse(typed.storage or "0 B", "memory"),
        how=habits()._replace(every=parse(every, "time")).checked() if every else None,
    )  # fmt: skip
    rate = read_target(typed.throughput, known, whole).rate if typed.throughput else None
    return bill(
        job, device, count, use, catalogue, today=today, pool=_sellers(typed, device.id),
        target=read_target(typed.target, known, whole) if typed.target else None,
        usd_per_hour=read_positive(typed.price, "price", "--price") if typed.price else None,
        measured=None if rate is None else Interval(rate, rate, rate, f"{known.unit}/s"),
    )  # fmt: skip
