"""Why and why not, in sentences; every figure in one stands in the result it speaks of."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from whichgpu.planner.market import UNPRICED
from whichgpu.planner.words import by_month, done, handy, lasting, money, plural
from whichgpu.units import number, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.cost.estimates import Estimates
    from whichgpu.planner.answer import Candidate
    from whichgpu.planner.request import Request
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload


#: How many GPUs are named of those that run in another format.
_NAMED = 4


def per_units(item: Candidate, workload: Workload) -> str:
    """Price of a handy number of units: 1,000 images, a million tokens."""
    count, noun = handy(workload.unit, item.usd_per_unit)
    return f"{money(item.usd_per_unit * count)} per {noun}"


#: What is said of how a run holds what it trains, where that is left to us.
_HELD = {
    "sharding": "weights, gradients and optimizer state are cut over the GPUs of a run",
    "checkpointing": "activations of the layers are computed again",
}


def assumptions(request: Request, job: Job, sweep: Estimates | None) -> tuple[str, ...]:
    """What was not stated and therefore assumed."""
    said = []
    if request.precisions:
        said.append(
            f"of {', '.join(request.precisions)} the best on each GPU: what each costs in quality is "
            "another matter (whichgpu fit tells what was published)"
        )
    for name, value in (("phase", job.phase), ("precision", job.precision), ("runtime", job.runtime)):
        if not getattr(request.job, name):
            said.append(f"{name} {value}")
    for name in ("height", "width", "seq_len", "input_tokens", "output_tokens", "steps"):
        value = getattr(job, name)
        if value is not None and getattr(request.job, name) is None:
            said.append(f"{name.replace('_', ' ')} {float(np.ravel(value)[0]):g}")
    if request.job.batch is None and job.phase != "serve":
        said.append("the batch with the highest throughput that fits")
    said += [f"{name} {job.options[name]}: {what}" for name, what in _HELD.items()
             if name in job.options and name not in request.job.options]  # fmt: skip
    if job.trains and request.size is None:
        said.append("no size: --epochs 90, --samples 50k or --tokens 2B gives the cost of the whole run")
    if parts := [key for key in request.gpus or () if ":" in key]:
        said.append(f"whole GPUs are rented, each cut into {', '.join(parts)}, which work each by itself")
    said += _assumed_of_request(request, "units of work" if sweep is None else sweep.workload.unit)
    if sweep is not None and not sweep.runtime.exact:
        said.append(f"runtime '{sweep.job.runtime}' is unknown: {sweep.runtime.title}")
    return tuple(said)


def otherwise(candidates: Sequence[Candidate]) -> str:
    """Which of the candidates run in another format, or under other software, than the first; '' for none."""
    told: dict[tuple[str, str], list[str]] = {}
    for one in candidates:
        told.setdefault((one.estimate.job.precision, one.estimate.job.runtime), []).append(one.gpu)
    (first, *_), *others = list(told.items()) or [(("", ""), [])]
    said = []
    for (form, software), gpus in others:
        how = [f"precision {form}"] * (form != first[0]) + [f"runtime {software}"] * (software != first[1])
        more = f" and {len(gpus) - _NAMED} more" if len(gpus) > _NAMED else ""
        said.append(f"{', '.join(how)} on {', '.join(gpus[:_NAMED])}{more}")
    return f"{'; '.join(said)}, where the first does not run as it is" if said else ""


def _assumed_of_request(request: Request, unit: str) -> list[str]:
    """What is assumed of the size, in units of its work, of spot capacity, of the machine."""
    said = []
    if request.target is not None and request.target.assumed:
        said.append(request.target.assumed)
    if request.size is not None:
        if request.size.assumed:
            said.append(request.size.assumed)
        said.append(f"{number(request.size.units, 6)} {unit} in all")
        if request.term in ("spot", "any"):
            said.append("spot capacity is taken back now and then (prices spot), which takes longer")
    if request.machine is not None:
        from whichgpu.planner.machine import said as of_machine

        said += of_machine(request.machine)
    return said


def explained(kept: Sequence[Candidate], request: Request, workload: Workload) -> list[Candidate]:
    """The candidates with the reason for the place of each."""
    if not kept:
        return []
    first = kept[0]
    if first.trust == UNPRICED:
        return [replace(item, why=_unpriced(item, workload)) for item in kept]
    if request.objective == "cost":
        reasons = [_first(kept, workload)] + [_behind(first, item, workload) for item in kept[1:]]
    else:
        reasons = [_best(kept, request, workload)]
        reasons += [_behind_in(first, item, request, workload) for item in kept[1:]]
    return [replace(item, why=why) for item, why in zip(kept, reasons, strict=True)]


def _aim(item: Candidate, request: Request, workload: Workload) -> tuple[float, str]:
    """What an objective other than cost makes small, and in words."""
    objective = request.objective
    if objective == "throughput":
        return 1.0 / item.made_each, f"{number(item.made_each, 3)} {workload.unit}/s a GPU"
    if objective == "energy":
        each = item.joules_per_unit
        return each, show(each, "energy", 3)
    if objective == "time":
        return item.finish or 0.0, lasting(item.finish or 0.0)
    latency = item.estimate.latency.mid
    return latency, show(latency, "time", 3)


#: What an objective is about, and what is said of one that has more of it.
_OBJECTIVES = {"energy": ("takes the least energy", "takes"), "time": ("is done first", "is done in"),
               "latency": ("answers soonest", "takes"),
               "throughput": ("makes the most", "makes")}  # fmt: skip


def _best(kept: Sequence[Candidate], request: Request, workload: Workload) -> str:
    first, (said, _) = kept[0], _OBJECTIVES[request.objective]
    each = f" for each of its {workload.unit}" if request.objective == "energy" else ""
    text = f"{said}: {_aim(first, request, workload)[1]}{each}"
    if len(kept) == 1:
        return f"is the only one that meets the request and {text}"
    return (
        f"{text}, against {_aim(kept[1], request, workload)[1]} on {kept[1].gpu}; {_price(first, workload)}"
    )


def _behind_in(first: Candidate, item: Candidate, request: Request, workload: Workload) -> str:
    if item.trust > first.trust:
        return _distrusted(item, workload)
    (least, _), (own, words) = (_aim(one, request, workload) for one in (first, item))
    more = own / least if least > 0 else 1.0
    if request.objective == "throughput":
        said = f"{number(1.0 / more, 2)} times what is made on"
    else:
        said = _times(more, "much" if request.objective == "energy" else "long")
    return f"{_OBJECTIVES[request.objective][1]} {words}, {said} {first.gpu}; {_price(item, workload)}"


def _times(ratio: float, word: str) -> str:
    """`6 % more than`, `3.6 times as long as`, `as much as`."""
    if ratio < 1.005:
        return f"as {word} as"
    if ratio < 2:
        return f"{(ratio - 1) * 100:.0f} % {'more' if word == 'much' else 'longer'} than"
    return f"{number(ratio, 2)} times as {word} as"


def _price(item: Candidate, workload: Workload) -> str:
    """What it costs, beside what it is ranked by."""
    return per_units(item, workload) if item.usd_total is None else f"{money(item.usd_total)} in all"


def _distrusted(item: Candidate, workload: Workload) -> str:
    old = "has no date" if item.trust == 2 else "is over a year old or replaced by a newer one"
    return f"ranks behind because its price {old}; {per_units(item, workload)}"


def _unpriced(item: Candidate, workload: Workload) -> str:
    return f"makes {number(item.throughput.mid, 3)} {workload.unit}/s; no price of it is on file"


def _first(kept: Sequence[Candidate], workload: Workload) -> str:
    first = kept[0]
    if len(kept) == 1:
        return f"is the only one that meets the request: {per_units(first, workload)}"
    second = kept[1]
    if second.trust == first.trust and second.cost < first.cost:  # bought cards, of which fewer go first
        return f"is a tie with {second.gpu}: it {tied(first, second)}"
    said = f"beats {second.gpu}: {_comparison(first, second, workload)}"
    if simple := simplest(kept):
        said += f"; a tie with {simple.gpu}, which {tied(simple, first)}"
    if second.trust > first.trust or _one_each(first, second):
        return said
    likely = min(surer(first, second), 0.99)
    return f"{said}; {likely:.0%} likely, given what is uncertain of each GPU alone"


#: Costs within this ratio are as good as the same: prices and intervals are wider.
TIE = 1.05


class Way(Protocol):
    """A candidate or a fleet, as far as a tie goes."""

    @property
    def trust(self) -> int:
        """In its price, 0 the most."""

    @property
    def cost(self) -> float:
        """USD, of what is alike in all that are compared."""

    @property
    def gpus(self) -> int:
        """GPUs of all instances."""

    @property
    def usd_to_buy(self) -> float | None:
        """USD of the cards where they are bought."""


_Way = TypeVar("_Way", bound=Way)


def simplest(kept: Sequence[_Way]) -> _Way | None:
    """The way on fewer GPUs than the first that costs as good as the same; None where there is none."""
    first = kept[0]
    close = [one for one in kept if one.trust == first.trust and one.cost <= TIE * first.cost]
    least = min(close, key=lambda one: one.gpus, default=first)
    return least if least.gpus < first.gpus else None


def tied(simple: Way, other: Way) -> str:
    """What a tie costs, and what speaks for the one on fewer GPUs."""
    more = abs(simple.cost / other.cost - 1.0) * 100.0
    buy = "" if simple.usd_to_buy is None or other.usd_to_buy is None else (
        f", {money(simple.usd_to_buy)} to buy against {money(other.usd_to_buy)}"
    )  # fmt: skip
    fewer = f"{plural(simple.gpus, 'GPU')} in place of {other.gpus:,}"
    return f"costs {more:.0f} % more for the work and is the simpler: {fewer}{buy}"


def surer(first: Candidate, second: Candidate) -> float:
    """Probability that the first is cheaper per unit, given each GPU's own error.

    The workload's and the runtime's error is shared by both and cancels in the ratio.
    """
    spread = math.hypot(first.spread_own, second.spread_own)
    gap = math.log(second.usd_per_unit / first.usd_per_unit)
    return 0.5 * (1.0 + math.erf(gap / spread / math.sqrt(2.0)))


def _behind(first: Candidate, item: Candidate, workload: Workload) -> str:
    if item.trust > first.trust:
        return _distrusted(item, workload)
    ratio = item.usd_per_unit / first.usd_per_unit
    return f"is {dearer(ratio, first.gpu)}: {_comparison(item, first, workload)}"


def _comparison(one: Candidate, other: Candidate, workload: Workload) -> str:
    """Speed against price, GPU by GPU: the two ratios whose quotient is the cost per unit."""
    if _one_each(one, other):
        sizes = ""
        if one.gpus_per_instance != other.gpus_per_instance:
            sizes = f", which have {plural(one.gpus_per_instance, 'GPU')} and {other.gpus_per_instance}"
        prices_said = f"{money(one.usd_per_hour)} against {money(other.usd_per_hour)} an hour"
        return f"one instance of either is enough{sizes}: {prices_said}"
    speed = one.made_each / other.made_each
    price = one.offer.usd_per_gpu_hour / other.offer.usd_per_gpu_hour
    word = workload.unit
    if math.isnan(price):
        bare = other if math.isnan(other.offer.usd_per_gpu_hour) else one
        return f"a GPU makes {number(speed, 2)}x the {word}, and no price of {bare.gpu} is on file"
    text = (
        f"a GPU makes {number(speed, 2)}x the {word} at {number(price, 2)}x the hourly price "
        f"({money(one.offer.usd_per_gpu_hour)} against {money(other.offer.usd_per_gpu_hour)})"
    )
    if one.instances > 1 or other.instances > 1:
        text += f", {plural(one.instances, 'instance')} against {other.instances:,}"
    return text


def _one_each(one: Candidate, other: Candidate) -> bool:
    """Whether the target is so small that one instance of either more than meets it."""
    return (
        one.instances == other.instances == 1
        and one.usd_per_unit > one.usd_per_unit_full_load * 1.001
        and other.usd_per_unit > other.usd_per_unit_full_load * 1.001
    )


def dearer(ratio: float, first: str) -> str:
    """How much more one costs than the first: `28 % dearer than a10`."""
    if ratio < 1.005:
        return f"as dear as {first}"
    if ratio < 2:
        return f"{(ratio - 1) * 100:.0f} % dearer than {first}"
    return f"{number(ratio, 2)} times as dear as {first}"


def headline(kept: Sequence[Candidate], request: Request, workload: Workload) -> str:
    """The answer in one sentence."""
    if not kept:
        return ""
    best = kept[0]
    if best.trust == UNPRICED:
        rate = number(best.throughput.mid, 3)
        many = "" if request.target is None else f" {best.instances:,} for {request.target.text},"
        among = "" if len(kept) == 1 else ", so the quickest comes first"
        return f"{best.gpu}:{many} {rate} {workload.unit}/s; no price is on file{among}"
    what = f"{best.instances:,} x {best.offer.provider} {best.offer.instance}" if best.instances > 1 else (
        f"{best.offer.provider} {best.offer.instance}"
    )  # fmt: skip
    if request.regions and best.offer.region:
        what += f" in {best.offer.region}"
    gpus = plural(best.instances * best.gpus_per_instance, "part" if ":" in best.gpu else "GPU")
    if request.size is not None and best.finish is not None and best.usd_total is not None:
        return (
            f"{best.gpu}: {what} ({gpus}) for {request.size.text}: {lasting(best.finish)}, "
            f"{done(best.finish, request.today)}, {money(best.usd_total)} in all "
            f"({best.usd_per_hour:,.2f} USD/h)"
        )
    wanted = f" for {request.target.text}" if request.target else ""
    return (
        f"{best.gpu}: {what} ({gpus}){wanted}, {best.usd_per_hour:,.2f} USD/h "
        f"({by_month(best.usd_per_hour)}), {per_units(best, workload)}"
    )
