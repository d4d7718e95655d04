"""What a user asks of `recommend`: from text as it is typed to a `Request`."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from whichgpu import prices
from whichgpu.errors import UsageError, one_line
from whichgpu.facts import store
from whichgpu.hardware.names import meant, without_number
from whichgpu.hardware.names import resolve as resolve_gpu
from whichgpu.planner import desktops
from whichgpu.planner import wishes as wishes_
from whichgpu.planner.hosted import read_api_price
from whichgpu.planner.machine import read_machine
from whichgpu.planner.needs import BOUGHT, need
from whichgpu.planner.size import Sized, sized
from whichgpu.prices import live
from whichgpu.prices.purchase import purchase_price
from whichgpu.prices.sellers import classes, providers_named, regions_named
from whichgpu.units import in_usd, parse
from whichgpu.values import NamedTuple, immutable
from whichgpu.workloads.job import Job
from whichgpu.workloads.unknown import UNLISTED, subject
from whichgpu.workloads.workload import resolve as resolve_workload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date
    from pathlib import Path

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.desktops import Desktops
    from whichgpu.planner.fleets.asked import Asked as Load
    from whichgpu.planner.hosted import ApiPrice
    from whichgpu.planner.machine import Machine
    from whichgpu.planner.needs import Need
    from whichgpu.planner.size import Size
    from whichgpu.planner.use import Use
    from whichgpu.planner.wishes import Energy, Target
    from whichgpu.prices.offers import Offer
    from whichgpu.prices.userfile import Resolve
    from whichgpu.software.frameworks import Asked
    from whichgpu.workloads.workload import Workload


@immutable
class Request:
    """A workload, what is wanted of it, and what limits the choice.

    `gpus`, `providers`, `regions` are None for all; `latency` in s for one job from start to end; `budget` in
    USD/h for the whole fleet, `budget_total` in USD for the whole job, `budget_to_buy` for the cards;
    `deadline` in s from today; `min_memory` in B and `max_power` in W of each GPU, `max_slots` of each card;
    `power_limit` is a cap in W; `size` is of the whole job; `unpriced` takes GPUs without a price on file as
    well, as where a laptop is needed; `precisions` are all that are tried, where several are; `cut` is a
    training run that is sharded though nobody said so;
    `most_cards` are bought at the most, where no usual desktop holds enough; `desktops` are those of so many
    users; `today` dates prices.
    """

    job: Job
    today: date
    target: Target | None = None
    latency: float | None = None
    budget: float | None = None
    gpus: tuple[str, ...] | None = None
    providers: tuple[str, ...] | None = None
    term: str = "on-demand"
    needs: tuple[Need, ...] = ()
    budget_total: float | None = None
    exclude_gpus: tuple[str, ...] = ()
    exclude_providers: tuple[tuple[str, tuple[str, ...]], ...] = ()
    regions: tuple[str, ...] | None = None
    asked_providers: tuple[str, ...] = ()
    asked_regions: tuple[str, ...] = ()
    min_memory: float | None = None
    max_power: float | None = None
    max_slots: float | None = None
    power_limit: float | None = None
    frameworks: tuple[Asked, ...] = ()
    system: str = "linux"
    size: Size | None = None
    deadline: float | None = None
    energy: Energy | None = None
    objective: str = "cost"
    machine: Machine | None = None
    api_price: ApiPrice | None = None
    unpriced: bool = False
    budget_to_buy: float | None = None
    precisions: tuple[str, ...] = ()
    cut: bool = False
    most_cards: int = 0
    desktops: Desktops | None = None


def read_request(
    job: Job, catalogue: Catalogue, *, today: date, offers: Path | str | None = None, **wishes: Any
) -> tuple[Request, tuple[Offer, ...] | None]:
    """A request from text as a person types it, and the user's own offers where a file is given.

    `offers` is a file, or as text the price list itself. `wishes` are the options of `recommend` by name
    (`max_power="150 W"`), lists as sequences. Raises
    `UsageError` for a name that does not resolve, a quantity without a unit, one not above zero or absurd, or
    an unreadable file.
    """
    given = Wished(**{key: value for key, value in wishes.items() if value is not None})
    workload = _workload(job.workload)
    wishes_.refuse_unknown(job, workload)
    job, precisions = _precisions(_capped(job, given.power_limit), workload)
    job, size = sized(Sized(*(getattr(given, name) for name in Sized._fields)), workload, job)
    rows = None if offers is None else own_offers(offers, lambda text: ids(text, catalogue), today)
    market = _market(given, catalogue, rows)
    limits = _limits(given, workload, job, size, today, buys=market["term"] == "buy")
    of_gpus = _of_gpus(given, catalogue)
    if of_gpus["system"] != "linux" and not of_gpus["frameworks"]:
        job, of_gpus["frameworks"] = _at_home(job, workload, of_gpus["system"])
    request = Request(job=job, today=today, size=size, precisions=precisions, **limits, **market,
                      **of_gpus)  # fmt: skip
    return _consistent(request), rows


#: What answers tokens on systems where the engines of servers do not run.
_ELSEWHERE, _DESKTOPS = "llama.cpp", ("windows", "macos")


def _at_home(job: Job, workload: Workload, system: str) -> tuple[Job, tuple[Asked, ...]]:
    """The job by software that runs on a system, and that software as what is asked for.

    A runtime that is stated stays, and what it does not run on is told.
    """
    from whichgpu.cost.job.runtimes import runtime
    from whichgpu.software import frameworks

    full = workload.complete(job)
    software = runtime(full.runtime, workload.runtime).software if full.runtime else ""
    if not software:
        return job, ()
    asked = frameworks.find(software)
    if job.runtime or workload.unit != "tokens" or full.trains or system not in _DESKTOPS:
        return job, (asked,)
    return replace(job, runtime=_ELSEWHERE), (frameworks.find(_ELSEWHERE),)


def read_use_request(
    use: Use,
    catalogue: Catalogue,
    *,
    today: date,
    offers: Path | str | None = None,
    load: Load | None = None,
    **wishes: Any,
) -> tuple[Request, tuple[Offer, ...] | None]:
    """A request for a use that is answered from specifications: what limits the cards and their price.

    The users of a `load` share the cards where the use is one that is shared: virtual desktops.

    Raises `UsageError` as `read_request` does, and for a wish that only a predicted job can meet.
    """
    given = Wished(**{key: value for key, value in wishes.items() if value is not None})
    empty = Wished()
    for name in _OF_WORK:
        if getattr(given, name) != getattr(empty, name):
            raise UsageError(
                f"--{name.replace('_', '-')} is of predicted work, and {use.title} is answered from "
                "specifications; leave it out"
            )
    rows = None if offers is None else own_offers(offers, lambda text: ids(text, catalogue), today)
    spared = _spared(use, catalogue) if _carried(given) else ()
    own = [name for name in use.needs if name not in {one.text for one in spared}]
    given = given._replace(needs=(*own, *given.needs), term=given.term or _term(given, use))
    market = _market(given, catalogue, rows)
    buys = market["term"] == "buy"
    budget = None if given.budget is None else wishes_.read_budget(given.budget, None, buys=buys)
    request = Request(job=Job(use.id), today=today, budget=budget and budget.usd_per_hour,
                      budget_to_buy=budget and budget.usd_to_buy,
                      objective=wishes_.read_objective(given.objective),
                      desktops=load and desktops.read(use, load, given.min_memory))  # fmt: skip
    market["unpriced"] = buys  # a card that no price is on file of may be the only one that has what it takes
    request = replace(request, **market, **_of_gpus(given, catalogue))
    request = replace(request, needs=(*request.needs, *spared))
    _consistent(replace(request, objective="cost"))
    return request, rows


def _spared(use: Use, catalogue: Catalogue) -> tuple[Need, ...]:
    """What no laptop with a price on file has, certified drivers say: it is asked of all but laptops."""
    laptops = [gpu for gpu in catalogue.values() if gpu.segment == "laptop" and purchase_price(gpu.id)]
    asked = map(need, use.needs)
    return tuple(one._replace(met=_of_others(one)) for one in asked if not any(map(one.met, laptops)))


def _of_others(one: Need) -> Callable[[Gpu], bool | None]:
    return lambda gpu: True if gpu.segment == "laptop" else one.met(gpu)


def _term(given: Wished, use: Use) -> str:
    """On which terms cards of a use are had; nobody sells a machine that one builds by the hour.

    A budget that is not by the hour is one to buy.
    """
    spent = given.budget is not None and in_usd(given.budget.strip()).endswith("USD")
    return "buy" if spent or given.machine is not None or _carried(given) else use.term


#: No GPU draws more.
_MOST_WATTS = 5000.0
#: Wishes that are of predicted work.
_OF_WORK = ("target", "latency", "deadline", "energy", "epochs", "samples", "tokens", "images",
            "hours_of_audio", "requests", "api_price", "power_limit")  # fmt: skip


def _precisions(job: Job, workload: Workload) -> tuple[Job, tuple[str, ...]]:
    """The job in the first of several formats (`fp16,fp8`, or `any` for the usual ones), and all of them."""
    from whichgpu.workloads.precision import precision

    text = job.precision.strip().lower()
    if text != "any" and "," not in text:
        return job, ()
    plain = workload.complete(replace(job, precision=""))
    kind = "train" if plain.trains else "tokens" if workload.unit == "tokens" else "other"
    usual: list[str] = store.load("usual")["usual"]["precisions"][kind]
    parts = (usual if part.strip() == "any" else [part.strip()] for part in text.split(","))
    names = tuple(dict.fromkeys(name for part in parts for name in part if name))
    if not names:
        raise UsageError(f"--precision '{one_line(job.precision)}' names no format; write e.g. fp16,fp8")
    for name in names:
        precision(name)
    return replace(job, precision=names[0]), names if len(names) > 1 else ()


#: What is asked back of words that nothing is known of.
_ASKED_BACK = (
    'what does it do? e.g. whichgpu recommend rendering, whichgpu recommend "speech to text", or the model '
    "that it runs: whichgpu recommend llama-3.1-8b"
)


def _workload(name: str) -> Workload:
    """The workload of a name; a fault names what else it may mean, or asks."""
    try:
        return resolve_workload(name)
    except UsageError as fault:
        from whichgpu.planner.likely import likely
        from whichgpu.planner.use import names

        if subject(name):
            raise
        near = get_close_matches(name.strip().lower(), names(), n=1, cutoff=0.7)
        told = "; or ".join(one.text for one in likely(name)) or (near and f"is it the use {near[0]}?")
        if str(fault).endswith(UNLISTED):
            said = f"no workload '{one_line(name)}', and no program of that name; {told or _ASKED_BACK}"
        else:
            said = f"{fault}; or {told}" if told else str(fault)
        raise type(fault)(said) from None


def _limits(
    given: Wished, workload: Workload, job: Job, size: Size | None, today: date, *, buys: bool
) -> dict[str, Any]:
    """What limits the work itself."""
    budget = None if given.budget is None else wishes_.read_budget(given.budget, size, buys=buys)
    return {
        "target": None
        if given.target is None
        else wishes_.read_target(given.target, workload, workload.complete(job)),
        "latency": _positive(given.latency, "time", "latency"),
        "budget": budget and budget.usd_per_hour,
        "budget_total": budget and budget.usd,
        "budget_to_buy": budget and budget.usd_to_buy,
        "deadline": None if given.deadline is None else wishes_.read_deadline(given.deadline, today, size),
        "energy": None if given.energy is None else wishes_.read_energy(given.energy, workload, size),
        "objective": wishes_.read_objective(given.objective),
        "api_price": None if given.api_price is None else read_api_price(given.api_price),
    }


def _market(given: Wished, catalogue: Catalogue, rows: Sequence[Offer] | None) -> dict[str, Any]:
    """Whose offers, where, on which terms."""
    pool = live.current() if rows is None else rows
    known = tuple(dict.fromkeys(row.provider for row in pool))
    gpus: list[str] = []
    sellers: list[tuple[str, tuple[str, ...]]] = []
    for name in given.exclude:
        try:
            sellers.append((name, providers_named([name], known)))
        except UsageError:
            gpus += _excluded(name, catalogue, known)
    alone = _is_let_by_nobody(given, pool, catalogue)
    usual = "buy" if given.machine is not None or _carried(given) or alone else "on-demand"
    term = prices.term_named(given.term or usual, "buy")
    if alone and term == "any":
        term = "buy"
    providers, regions = given.providers, given.region
    return {
        "term": term,
        "unpriced": term == "buy" and (_carried(given) or alone),
        "providers": None if providers is None else providers_named(providers, known),
        "asked_providers": tuple(providers or ()),
        "regions": None if regions is None else regions_named(regions, pool),
        "asked_regions": tuple(regions or ()),
        "exclude_gpus": tuple(dict.fromkeys(gpus)),
        "exclude_providers": tuple(sellers),
    }


def _carried(given: Wished) -> bool:
    """Whether what is needed is bought: nobody rents out laptops, nor boards of the edge, nor Macs here."""
    return given.system.strip().lower() == "macos" or any(
        name.strip().lower() in BOUGHT for name in given.needs
    )


def _is_let_by_nobody(given: Wished, pool: Sequence[Offer], catalogue: Catalogue) -> bool:
    """Whether GPUs are named and none of them is let anywhere, as boards of the edge and Macs are not."""
    # Parts are let with the GPU that they are of.
    named = {key.partition(":")[0] for key in _named(given.gpus, catalogue)} if given.gpus else set()
    let = (key for row in pool for key in (row.gpu, *row.candidates))
    return bool(named) and not given.providers and named.isdisjoint(let)


def _excluded(name: str, catalogue: Catalogue, providers: Sequence[str]) -> list[str]:
    """The GPUs that a name means; raises `UsageError` where it is neither GPU nor provider."""
    try:
        return _kin(name, catalogue) or ids(name, catalogue)
    except UsageError as fault:
        near = get_close_matches(name.lower(), [*providers, *classes()], n=3, cutoff=0.6)
        more = f"; of providers {', '.join(near)}" if near else ""
        raise UsageError(f"--exclude: {fault}{more}") from None


def _kin(name: str, catalogue: Catalogue) -> list[str]:
    """All GPUs of a vendor, a family or a segment: amd, tpu, hopper, geforce; none of another word."""
    key = name.strip().lower()
    return [gpu.id for gpu in catalogue.values() if key in (gpu.vendor.lower(), gpu.family, gpu.segment)]


def _named(names: Sequence[str], catalogue: Catalogue) -> tuple[str, ...]:
    """The ids of GPUs that are named, one by one or by what they have in common."""
    found = (one for name in names for one in _kin(name, catalogue) or _devices(name, catalogue))
    return tuple(dict.fromkeys(found))


def _devices(name: str, catalogue: Catalogue) -> list[str]:
    """The ids of all that a name may mean (a100), or of a part of a GPU: a100-80gb-sxm:mig-3g.40gb."""
    if alone := without_number(name):
        raise UsageError(
            f"--gpus '{name.strip()}' says how many, which is what is answered here; write --gpus '{alone}', "
            f"or see what so many do: whichgpu predict WORKLOAD --gpu '{name.strip()}'"
        )
    try:
        return ids(name, catalogue)
    except UsageError:
        from whichgpu.hardware.slices import is_part, resolve_device

        part = resolve_device(name, catalogue)[0]
        if not is_part(part):
            raise
        return [part.id]


def _of_gpus(given: Wished, catalogue: Catalogue) -> dict[str, Any]:
    """What is asked of each GPU."""
    from whichgpu.software import frameworks

    gpus = given.gpus
    cap = None if given.power_limit is None else parse(given.power_limit, "power")
    return {
        "gpus": None if gpus is None else _named(gpus, catalogue),
        "needs": tuple(need(part) for name in given.needs for part in re.split(r"\s+(?:and|&|\+)\s+", name)),
        "min_memory": None if given.min_memory is None else wishes_.read_memory(given.min_memory),
        "max_power": _positive(given.max_power, "power", "--max-power"),
        "max_slots": None if given.max_slots is None else wishes_.read_slots(given.max_slots),
        "power_limit": cap,
        "frameworks": tuple(frameworks.find(text) for text in given.framework),
        "system": frameworks.system(given.system),
        "machine": None if given.machine is None else read_machine(given.machine),
    }


def _positive(text: str | None, dimension: str, what: str) -> float | None:
    return None if text is None else wishes_.read_positive(text, dimension, what)


def _capped(job: Job, limit: str | None) -> Job:
    """The job under a power cap, which is an option of the cost model."""
    if limit is None:
        return job
    watts = wishes_.read_positive(limit, "power", "--power-limit")
    return replace(job, options={**job.options, "power_limit": f"{watts:g} W"})


def _consistent(request: Request) -> Request:
    """The same; raises `UsageError` for wishes that cannot be asked together."""
    if request.size is not None and request.target is not None:
        raise UsageError(
            f"--target {request.target.text!r} is for ever and {request.size.text} is a job that ends; state "
            "one of them, or a --deadline for the job"
        )
    if request.objective == "time" and request.size is None:
        raise UsageError(
            "--objective time ranks by when a job is done, and its size is not stated; add e.g. --epochs 90 "
            "or --requests 1M, or take --objective throughput or latency"
        )
    if request.term == "buy" and (request.providers is not None or request.regions is not None):
        option = "--providers" if request.providers is not None else "--region"
        carried = request.unpriced and any(need.text in BOUGHT for need in request.needs)
        why = "nobody rents it out" if carried else "what is bought has no provider and no region"
        raise UsageError(f"{why}: leave out {option}, or ask for what is rented (--term any)")
    if request.power_limit is not None and request.power_limit > _MOST_WATTS:
        raise UsageError(f"--power-limit {request.power_limit:g} W is above what any GPU draws; leave it out")
    if request.machine is not None and request.term != "buy":
        raise UsageError(f"--machine is built and not rented, and --term is {request.term}; leave one out")
    return request


class Wished(NamedTuple):
    """Every wish as it is typed; None or empty where it is not."""

    target: str | None = None
    latency: str | None = None
    budget: str | None = None
    deadline: str | None = None
    energy: str | None = None
    objective: str = "cost"
    epochs: str | None = None
    samples: str | None = None
    tokens: str | None = None
    images: str | None = None
    hours_of_audio: str | None = None
    requests: str | None = None
    gpus: Sequence[str] | None = None
    providers: Sequence[str] | None = None
    exclude: Sequence[str] = ()
    region: Sequence[str] | None = None
    term: str | None = None
    needs: Sequence[str] = ()
    min_memory: str | None = None
    max_power: str | None = None
    max_slots: float | None = None
    power_limit: str | None = None
    framework: Sequence[str] = ()
    system: str = "linux"
    machine: str | None = None
    api_price: str | None = None


def own_offers(given: Path | str, resolve: Resolve, today: date) -> tuple[Offer, ...]:
    """The offers of a file; of a price list as text, where every row must be one."""
    from whichgpu.prices.userfile import read_offers

    if isinstance(given, str):
        read = read_offers(given, "the price list", resolve, today)
        if read.warnings:
            raise UsageError(read.warnings[0])
        return read.offers
    read = prices.load_offers(given, resolve=resolve, today=today)
    for warning in read.warnings:
        sys.stderr.write(f"whichgpu: left out: {warning}\n")
    return read.offers


def ids(text: str, catalogue: Catalogue) -> list[str]:
    """The ids that a spelling may mean; raises `UsageError` for one that is none."""
    found = [gpu.id for gpu in meant(text, catalogue)]
    return found if len(found) > 1 else [resolve_gpu(text, catalogue).id]
