"""What may be otherwise in the machine of a job: its host, its GPU, what links them; predicted again."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.answers import Z90
from whichgpu.cost.coefficients import section
from whichgpu.cost.estimate import plain_estimate
from whichgpu.cost.estimates import PACED
from whichgpu.cost.job.asked import read as asked_of
from whichgpu.cost.job.placing import placed
from whichgpu.cost.timing.time import FEED
from whichgpu.cost.transfer.anchors import of_one_user
from whichgpu.facts.model import Interval
from whichgpu.hardware import tokens
from whichgpu.hardware.fields import RATES
from whichgpu.hardware.parts import is_on_chip, is_part, resized, scaled
from whichgpu.hardware.slices import smallest
from whichgpu.planner.diagnosis.trying import Again, Tried, again, each, having, host, rated
from whichgpu.units import show
from whichgpu.workloads.ops import COUNTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.diagnosis.trying import Asked

#: Shares of the usual limit, of boost clocks and of a GPU, that are tried.
_RAISED = (1.1, 1.2, 1.35)
_CAPS, _CLOCKS, _SHARES = (0.85, 0.7, 0.6, 0.5, 0.4), (0.85, 0.7, 0.55, 0.4, 0.28), (0.5, 0.25)
#: Of boost, at which a clock is held that does not move: idle clocks, a power brake, a battery.
_STUCK = (0.2,)
#: Share of a card's memory below which a model stays on it.
_LITTLE = 0.3
#: How many times as long as a usual one the slowest host takes to launch a kernel.
_SLOWEST = 5.0
#: Cards of one name that are tried, at most.
_ALIKE = 12


def tried(asked: Asked) -> Iterator[Tried]:
    """Everything that is worth trying of the machine."""
    for cause in _CAUSES:
        yield from cause(asked)


def _loading(asked: Asked) -> Iterable[Tried]:
    """Images that the host makes ready at its own rate: the GPU waits for the slower of the two."""
    row, rate = host("loading"), asked.answer.throughput
    if asked.figure.metric == "power" and asked.ratio < 1.0:
        # Between idle and full, as often as not: what a GPU that waits draws.
        one = asked.predicted
        yield Tried("loading", "the GPU waits half of the time",
                    Interval(0.25 * one.mid, 0.5 * one.mid, one.mid, one.unit))  # fmt: skip
    # What makes a GPU wait makes nothing faster.
    if asked.faster or (
        not asked.figure.sense
        or rate.unit.removesuffix("/s") not in row["units"]
        or asked.job.phase not in ("infer", "train")
    ):
        return
    # A picture of another size takes the host the longer the more pixels it has.
    area = float(asked.job.height or 224.0) * float(asked.job.width or 224.0) / 224.0**2
    told = asked.beside.workers
    each_has = [(workers * asked.n_gpus, "one worker makes" if workers == 1 else f"{workers} workers make")
                for workers in ([max(told, 1)] if told is not None else row["workers"])]  # fmt: skip
    # A process that feeds every GPU, or a hard disk, which reads about as many a second.
    shared = [(1, "one worker or a hard disk for all makes")] if asked.n_gpus > 1 or told is not None else []
    for workers, by in (*each_has, *shared):
        ready = row["worker"] * workers / max(area, 1.0)
        one = rated(asked, 1.0 / (1.0 + (rate.mid / ready) ** FEED) ** (1.0 / FEED))
        yield Tried("loading", f"{by} {ready:,.0f} {rate.unit} ready", _about(one, row))


def _about(one: Interval, row: Mapping[str, Any]) -> Interval:
    """The middle of an interval, with the spread of what a host does around it."""
    reach = math.exp(Z90 * row["spread"])
    return Interval(one.mid / reach, one.mid, one.mid * reach, one.unit)


def _wider(found: Again | None, kind: str) -> Again | None:
    """What is predicted with a figure that was told, with what that leaves open around it."""
    if found is None:
        return None
    one, spread = found.would_be, host(kind)["spread"]
    reach = math.exp(math.hypot(math.log(one.high / one.low) / 2.0, Z90 * spread))
    return found._replace(would_be=Interval(one.mid / reach, one.mid, one.mid * reach, one.unit))


def _processor(asked: Asked) -> Iterable[Tried]:
    """The job on the host, the GPU idle: its products at the rate of a processor and of its memory.

    A server of many requests does not start without its GPU, nor an engine that is made for them.
    """
    many = "runtime" in asked.stated or asked.job.concurrency != 1.0
    if asked.job.phase == "serve" and many and not of_one_user(asked.job):
        return
    row = host("processor")
    work = sum(term.flops for term in asked.answer.terms if term.kind in COUNTED)
    moved = sum(term.moved for term in asked.answer.terms if term.kind in COUNTED)
    spent = sum(term.seconds for term in asked.answer.terms)
    slower = asked.figure.sense and not asked.faster
    if slower and asked.figure.metric != "flops" and work > 0.0 and spent > 0.0:
        # One token after another is read from memory: the arithmetic hides behind it.
        needed = max(work / row["rate"], moved / row["bandwidth"])
        one = rated(asked, min(spent / needed, 1.0))
        yield Tried("processor", "", _about(one, row))


#: Shares of the weights that the host keeps beyond what the card has no room for.
_LEFT = (0.0, 0.1, 0.25)
#: Segments of cards whose drivers have no fallback to the host's memory.
_SERVERS = ("datacenter",)


def _spilling(asked: Asked) -> Iterable[Tried]:
    """Weights that each pass fetches from the host, and what the driver pages out of a card that is full."""
    if asked.job.phase == "serve":
        yield from _served_from_the_host(asked)
        return
    # Nobody fetches from the host what takes little of the card.
    if asked.answer.required < _LITTLE * asked.room:
        return
    if not asked.job.trains and "offload" not in asked.job.options:
        found = again(asked, having(asked, offload="parameters"))
        yield from each("spilling", [("", found)])
    # A server's driver pages nothing out: what its card has no room for fails.
    if not asked.figure.sense or asked.faster or asked.gpu.segment in _SERVERS:
        return
    for row in map(host, ("paging", "thrashing")):
        if asked.answer.required > row["full"] * asked.room:
            paged = rated(asked, 1.0 / row["slower"])
            yield Tried("spilling", row["words"], _about(paged, row))


def _served_from_the_host(asked: Asked) -> Iterator[Tried]:
    """Weights of a server that lie in the host, by hand, since no engine's model does it."""
    row, spent = host("offload"), asked.answer.tpot
    weights = float(asked.answer.memory.get("weights", 0.0))
    slow = asked.figure.sense and not asked.faster and asked.figure.metric != "ttft"
    if spent is None or not weights or not slow:
        return
    # Of a model that does not fit, what is over; one that does stays whole, but where the engine is told how
    # many layers go on the card.
    over = 1.0 - asked.room / max(asked.answer.required, 1.0)
    told = asked.beside.hosted(weights)
    if over <= 0.0 and told is None and "runtime" in asked.stated and not _deals_layers(asked):
        return
    # A step reads of a mixture the experts that its tokens take, in the host too.
    read = min(weights, sum(term.moved for term in asked.answer.terms if term.kind in COUNTED) or weights)
    # Of what does not fit whole layers stay behind, and a desktop, buffers or a cautious -ngl leave more.
    left = tuple(min(over + more, 1.0) for more in _LEFT)
    for share in (told,) if told is not None else left if over > 0.0 else (0.25, 0.5, 1.0):
        one = rated(asked, spent.mid / (spent.mid + share * read / row["bandwidth"]))
        yield Tried("spilling", f" ({share:.0%} of them)", _about(one, row))


def _deals_layers(asked: Asked) -> bool:
    """Whether the engine keeps in the host whatever layers it is not told to put on the card."""
    return of_one_user(asked.job) and bool(asked_of(asked.job).runtime.holds.get("host_layers"))


def _power(asked: Asked) -> Iterable[Tried]:
    usual = asked.gpu.value("power")
    if usual is None or "power_limit" in asked.job.options:
        return
    if asked.figure.metric == "power" and asked.ratio > 1.0:
        # Cards of other makers, and limits that were raised.
        for share in _RAISED:
            watts = round(share * float(usual))
            device = resized(asked.gpu, asked.gpu.id, "derived", power=float(watts))
            yield from each(
                "power", [(f"{watts} W, above the reference card's", again(asked, asked.job, device))]
            )
        return
    # Watts that are the figure itself are no limit, unless they are told as one.
    told = asked.beside.watts if asked.beside.capped or asked.figure.metric != "power" else None
    # What makers of laptops set is no bound: on a battery, and in quiet modes, there is less.
    driver = asked.gpu.value("power_min") if asked.gpu.segment != "laptop" else None
    least = float(driver or 0.35 * usual) if told is None else 0.0
    for share in _CAPS if told is None else (told / float(usual),):
        watts = round(share * float(usual))
        if least <= watts < usual:
            yield from each("power", [(f"{watts} W", again(asked, having(asked, power_limit=f"{watts} W")))])


def _clocks(asked: Asked) -> Iterable[Tried]:
    known = {name: asked.gpu.value(name) for name in ("clock_boost", "clock_base", "clock_tensor", *RATES)}
    held: dict[str, tuple[float, ...]] = {"clocks": _CLOCKS, "stuck": _STUCK}
    told = ""
    if asked.beside.clock and known["clock_boost"]:
        boost = float(known["clock_boost"])
        told = asked.beside.held(boost)
        held = {told: (asked.beside.clock * 1e6 / boost,)} if told else {}
    for cause, shares in held.items():
        for share in shares:
            slower = {name: float(value) * share for name, value in known.items() if value}
            found = again(asked, asked.job, resized(asked.gpu, asked.gpu.id, "derived", **slower))
            found = _wider(found, "told") if told and cause == told else found
            yield from each(cause, [(f"{share:.0%}", found)])


def _links(asked: Asked) -> Iterable[Tried]:
    if asked.n_gpus < 2:
        if not is_on_chip(asked.gpu):
            yield from _copies(asked)
        return
    told = asked.beside.lanes
    if told is None:
        yield from each(
            "links", [("the exchange goes over PCIe", again(asked, having(asked, nvlink="none")))]
        )
    lanes = float(asked.gpu.value("pcie_lanes") or 16.0)
    for few in (8.0, 4.0, 1.0) if told is None else (told,):
        if few < lanes:
            device = resized(asked.gpu, asked.gpu.id, "derived", pcie_lanes=few)
            found = again(asked, having(asked, nvlink="none"), device)
            found = found if told is None else _wider(found, "told")
            yield from each("links", [(f"the exchange goes over PCIe x{few:.0f}", found)])


def _network(asked: Asked) -> Iterable[Tried]:
    """The exchange between machines over a network that is slower than the one built for them.

    How much there is of it depends on how the state is shared out, which few say.
    """
    if asked.n_gpus < 2 or "network" in asked.job.options:
        return
    told = asked.beside.network
    shared: list[dict[str, str]] = [{}, {"sharding": "zero1"}] if asked.job.trains else [{}]
    for rate in (400.0, 100.0, 25.0, 10.0) if told is None else (told,):
        for options in shared:
            found = again(asked, having(asked, network=f"{rate:g}Gbit/s", **options))
            found = found if told is None else _wider(found, "told")
            under = "".join(f", under {name.upper()}" for name in options.values())
            yield from each("network", [(f"{rate:g} Gbit/s a machine{under}", found)])


def _corrected(asked: Asked) -> Iterable[Tried]:
    """Memory that keeps its check bits among the data, as GDDR does: part of its rate goes on them."""
    bandwidth = asked.gpu.value("bandwidth")
    if (
        bandwidth
        and asked.gpu.value("ecc") == "yes"
        and str(asked.gpu.value("memory_type")).startswith("GDDR")
    ):
        left = float(bandwidth) * host("ecc")["left"]
        device = resized(asked.gpu, asked.gpu.id, "derived", bandwidth=left)
        yield from each("ecc", [("on", again(asked, asked.job, device))])


def _copies(asked: Asked) -> Iterator[Tried]:
    """Pictures of a single GPU over few lanes, in FP32 as loaders make them."""
    job, rate = asked.job, asked.answer.throughput
    if not asked.figure.sense or not (job.height and job.width) or job.phase not in ("infer", "train"):
        return
    known = section("links")
    generation = int(asked.gpu.value("pcie_generation") or 3)
    lane = known["pcie_lane"][min(generation, len(known["pcie_lane"]) - 1)] * known["pcie"]
    each_picture = 3.0 * 4.0 * float(job.height) * float(job.width)
    for few in (4.0, 1.0) if asked.beside.lanes is None else (asked.beside.lanes,):
        share = rate.mid / (few * lane / each_picture)
        yield Tried("links", f"inputs are copied over PCIe x{few:.0f}",
                    rated(asked, 1.0 / (1.0 + share**FEED) ** (1.0 / FEED)))  # fmt: skip


def _fewer(asked: Asked) -> Iterable[Tried]:
    for count in {1, asked.n_gpus // 2} - {0, asked.n_gpus}:
        job = replace(asked.job, n_gpus=None, tp=None, pp=None)
        found = again(asked, placed(job, count, asked.gpu))
        yield from each("fewer", [(f"{count} of the {asked.n_gpus} GPUs", found)])


def relatives(gpu: Gpu, known: Iterable[Gpu]) -> list[Gpu]:
    """Other cards of the same number: `rtx-4090` has `rtx-4090-laptop` and `rtx-4090-d`."""
    own = {word for word in tokens.model(gpu) if re.search(r"\d", word) and not tokens.is_size(word)}
    return [one for one in known if one.id != gpu.id and one.usable and own & tokens.model(one)]


def _variants(asked: Asked) -> Iterable[Tried]:
    if is_part(asked.gpu):
        return
    for other in relatives(asked.gpu, asked.catalogue.values())[:_ALIKE]:
        yield from each("variant", [(other.name, again(asked, asked.job, other))])


def _shared(asked: Asked) -> Iterable[Tried]:
    # Who has several GPUs for one job seldom has a part of each.
    if is_part(asked.gpu) or asked.n_gpus > 1:
        return
    for share in _SHARES:
        # Memory stays: what is asked is how fast it is.
        part = {**scaled(asked.gpu, share, share), "memory": float(asked.gpu.value("memory") or 0.0)}
        device = resized(asked.gpu, asked.gpu.id, "derived", **part)
        yield from each("shared", [(f"{share:.0%} of it", again(asked, asked.job, device))])
    slice_ = smallest(asked.gpu)
    if slice_ is not None and asked.answer.required <= float(slice_.value("memory") or 0.0):
        name = slice_.id.rpartition("mig-")[2]
        yield from each("shared", [(f"a MIG slice {name}", again(asked, asked.job, slice_))])


def _waiting(asked: Asked) -> Iterable[Tried]:
    """Small kernels beside a slower host: how long one takes to launch, no name of a GPU tells."""
    if not asked.figure.sense or "launch" in asked.job.options:
        return
    found = plain_estimate(asked.job, [asked.gpu])
    waits, each_takes = (float(np.ravel(one)[0]) for one in (found.timing.launching, found.timing.launch))
    # A host that is slow enough sets the pace where a usual one does not.
    if found.runtime.specialised or (1.0 if asked.faster else _SLOWEST) * waits < PACED or not each_takes:
        return
    for times in (0.5, 2.0, 3.0) if asked.faster else (2.0, 3.0, _SLOWEST):
        said = show(times * each_takes, "time", 2)
        job = having(asked, launch=said.replace(" ", ""))
        yield from each("host", [(f"in {said} each, not {show(each_takes, 'time', 2)}", again(asked, job))])


_CAUSES: tuple[Callable[[Asked], Iterable[Tried]], ...] = (
    _loading, _processor, _spilling, _power, _clocks, _links, _network, _corrected, _fewer, _variants,
    _shared, _waiting,
)  # fmt: skip
