"""Why and why not, in sentences; every figure in one stands in the result it speaks of."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.planner.reasons import Reason
from whichgpu.units import number, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.cost.estimate import Estimates
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.answer import Candidate
    from whichgpu.planner.conflict import Conflict
    from whichgpu.planner.options import Options, Outcome
    from whichgpu.planner.request import Request
    from whichgpu.prices.offers import Offer
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload


def plural(count: float, noun: str) -> str:
    """`1 instance`, `2 instances`."""
    return f"{count:,g} {noun}" + ("" if count == 1 else "s")


def money(value: float) -> str:
    """USD with cents, or with three digits where it is less than a cent's worth."""
    return f"{value:,.2f} USD" if value >= 0.1 or value == 0 else f"{number(value, 3)} USD"


def per_units(item: Candidate, workload: Workload) -> str:
    """Price of a handy number of units: 1,000 images, a million tokens."""
    count, noun = handy(workload.unit, item.usd_per_unit)
    return f"{money(item.usd_per_unit * count)} per {noun}"


def handy(unit: str, usd: float) -> tuple[float, str]:
    """How many units a price of `usd` each is quoted for, so that it can be read, and the words."""
    if unit == "tokens" or usd * 1e3 < 0.005:
        return 1e6, f"million {unit}"
    return 1e3, f"1,000 {unit}"


def cannot_run(why: str) -> Reason:
    """A GPU that the cost model refuses: no such precision, another vendor, a fact that was not read."""
    return Reason("cannot run it, or a fact that it takes was not read", why)


def too_many(least: int, most: float) -> Reason:
    """A replica larger than any instance."""
    return Reason(
        "no instance with enough GPUs",
        f"a replica takes {least} GPUs and no offer has more than {most:g} in one instance",
    )


def no_offer(gpu: Gpu, request: Request, rows: Sequence[Offer]) -> Reason:
    """Why none of the offers that name this GPU counts under the request's terms."""
    if request.term == "buy":
        return Reason("no purchase price or power known", f"no purchase price of {gpu.id} is stored")
    if not rows:
        return Reason("no provider in the price table offers it", "no provider in the price table offers it")
    kinds = {row.kind for row in rows if row.gpu == gpu.id and not row.quarantine}
    if request.providers and kinds:
        return Reason(
            "not offered by these providers",
            f"none of {', '.join(request.providers)} offers it {request.term}",
        )
    if kinds:
        listed = ", ".join(sorted(kinds)).replace("_", "-")
        return Reason(
            "offered on other terms only (--term any)",
            f"offered only as {listed}; --term any takes those too",
        )
    if any(row.ambiguous for row in rows):
        vague = f"{rows[0].provider} '{rows[0].gpu_spelling}'"
        return Reason(
            "only offers that leave the variant open",
            f"only offers that do not say which variant they are ({vague})",
        )
    return Reason("only prices that are set aside", f"its only price is set aside: {rows[0].quarantine}")


def too_big(sweep: Estimates, row: int) -> Reason:
    """Why no configuration fits one GPU type: the least that any of them needs."""
    required = sweep.required[row]
    gpus = np.broadcast_to(np.asarray(sweep.job.tp), required.shape)
    best = int(np.argmin(np.where(np.isnan(required), np.inf, required)))
    available = float(sweep.available[row, 0])
    if math.isnan(available):
        return cannot_run("its memory was not read in any source")
    return Reason(
        "too little memory",
        f"does not fit: needs {show(float(required[best]), 'memory', 3)} on each of "
        f"{plural(int(gpus[best]), 'GPU')}, the card has {show(available, 'memory', 3)}",
    )


def no_room(sweep: Estimates, row: int) -> Reason:
    """A GPU type whose offers have too few GPUs for the smallest configuration that fits."""
    size = np.asarray(sweep.job.n_gpus if sweep.job.trains else sweep.job.tp, dtype=np.float64)
    sizes = np.broadcast_to(size, sweep.fits.shape)[row, sweep.fits[row]]
    return Reason(
        "no instance with enough GPUs",
        f"it fits on {sizes.min():g} GPUs together, and no offer has as many in one instance",
    )


def beyond(request: Request, space: Options, result: Outcome, mine: Any) -> Reason:
    """Why none of the options `mine` of a GPU type holds what limits the choice: the one that is nearest."""
    from whichgpu.planner import constraints

    limits = tuple(constraints.of_options(request))
    need = np.array([limit.needs(result)[mine] for limit in limits])
    nearest = int(np.argmin(need.max(axis=0)))
    worst = limits[int(np.argmax(need[:, nearest]))]
    said = _BEYOND[worst.option](request, space, result, int(mine[nearest]))
    kind = {"--latency": "too slow for the latency asked", "--budget": "over the budget",
            "--deadline": "too late for the deadline", "--energy": "more energy than allowed"}  # fmt: skip
    return Reason(kind[worst.option], said)


def _too_slow(request: Request, space: Options, result: Outcome, index: int) -> str:
    quickest = float(result.latency[space.row == space.row[index]].min())
    return f"too slow: {show(quickest, 'time', 3)} at best, {show(request.latency or 0.0, 'time', 3)} asked"


def _too_late(request: Request, space: Options, result: Outcome, index: int) -> str:
    asked = show(request.deadline or 0.0, "time", 3)
    return f"too late: done in {show(float(result.seconds[index]), 'time', 3)}, {asked} allowed"


def _too_dear(request: Request, space: Options, result: Outcome, index: int) -> str:
    offer = space.offers[int(space.offer[index])]
    what = f"{plural(float(result.instances[index]), 'instance')} of {offer.provider} {offer.instance}"
    if request.budget_total is not None:
        return (
            f"over budget: {what} cost {money(float(result.usd_total[index]))} for the whole job, "
            f"{request.budget_total:,.2f} allowed"
        )
    hourly = float(result.usd_per_hour[index])
    return f"over budget: {what} cost {hourly:,.2f} USD/h, {request.budget:,.2f} allowed"


def _too_hungry(request: Request, space: Options, result: Outcome, index: int) -> str:
    whole = request.energy is not None and request.energy.joules is not None
    drawn = float((result.joules_total if whole else result.joules_per_unit)[index])
    allowed = request.energy.text if request.energy else ""
    return f"too much energy: {show(drawn, 'energy', 3)}{'' if whole else ' each'}, {allowed} allowed"


_BEYOND = {"--latency": _too_slow, "--deadline": _too_late, "--budget": _too_dear, "--energy": _too_hungry}


def infeasible(
    request: Request, workload: Workload, rejected: Mapping[str, Reason], space: Options | None,
    against: Conflict | None,
) -> str:  # fmt: skip
    """Which constraint binds, and the smallest relaxation that works."""
    sweep = None if space is None else space.sweep
    if sweep is not None and not bool(sweep.fits.any()) and not all(sweep.refusals):
        more = f"; or {against.ways_out[0]}" if against and against.ways_out else ""
        return _memory_binds(workload, sweep) + more
    if against is not None and len(against.constraints) == 1 and against.ways_out:
        (limit,), way = against.constraints, against.ways_out[0]
        if limit.option in _ALONE:
            return _ALONE[limit.option].format(asked=limit.value, gpu=way.gpu, usd=way.usd_per_hour,
                                               use=" and ".join(way.changes))  # fmt: skip
    if against is not None and not _named_alone(request, against):
        return str(against)
    gpu, reason = next(iter(rejected.items()), ("none", Reason("", "no GPU was asked for")))
    if request.gpus:
        gpu, reason = next(
            ((key, why) for key, why in rejected.items() if key in request.gpus), (gpu, reason)
        )
    more = f" (and {len(rejected) - 1} more)" if len(rejected) > 1 else ""
    said = reason.text.removeprefix(f"{gpu}: ")
    return f"no GPU can do it: {gpu}: {said}{more}; try --term any, other --gpus or --providers"


#: What is said where one limit alone cannot be held.
_ALONE = {
    "--latency": "nothing answers within {asked}: the quickest is {gpu}; use {use}",
    "--budget": "nothing within {asked}: the cheapest is {gpu} at {usd:,.2f} USD/h; use {use}",
    "--deadline": "nothing is done within {asked}: the soonest is {gpu}; use {use}",
    "--energy": "nothing takes as little as {asked}: the thriftiest is {gpu}; use {use}",
}


def _named_alone(request: Request, against: Conflict) -> bool:
    """Whether it is the GPUs that were named, none of which can do it at all."""
    return {one.option for one in against.constraints} <= {"--gpus"} and bool(request.gpus)


def _memory_binds(workload: Workload, sweep: Estimates) -> str:
    short = np.where(np.isnan(sweep.required), np.inf, sweep.required - sweep.available)
    row, column = np.unravel_index(int(np.argmin(short)), short.shape)
    gpu = sweep.devices.gpus[int(row)].id
    return (
        f"{workload.id} fits on none of the GPUs asked for: nearest is {gpu}, which needs "
        f"{show(float(sweep.required[row, column]), 'memory', 3)} and has "
        f"{show(float(sweep.available[row, column]), 'memory', 3)}; use a narrower --precision, "
        "a smaller --batch or more GPUs"
    )


def assumptions(request: Request, job: Job, sweep: Estimates | None) -> tuple[str, ...]:
    """What was not stated and therefore assumed."""
    said = []
    for name, value in (("phase", job.phase), ("precision", job.precision), ("runtime", job.runtime)):
        if not getattr(request.job, name):
            said.append(f"{name} {value}")
    for name in ("height", "width", "seq_len", "input_tokens", "output_tokens", "steps"):
        value = getattr(job, name)
        if value is not None and getattr(request.job, name) is None:
            said.append(f"{name.replace('_', ' ')} {float(np.ravel(value)[0]):g}")
    if request.job.batch is None and job.phase != "serve":
        said.append("the batch with the highest throughput that fits")
    if sweep is not None and not sweep.runtime.exact:
        said.append(f"runtime '{sweep.job.runtime}' is unknown: {sweep.runtime.title}")
    return tuple(said)


def explained(kept: Sequence[Candidate], request: Request, workload: Workload) -> list[Candidate]:
    """The candidates with the reason for the place of each."""
    if not kept:
        return []
    first = kept[0]
    reasons = [_first(kept, workload)] + [_behind(first, item, workload) for item in kept[1:]]
    return [replace(item, why=why) for item, why in zip(kept, reasons, strict=True)]


def _first(kept: Sequence[Candidate], workload: Workload) -> str:
    first = kept[0]
    if len(kept) == 1:
        return f"the only one that meets the request: {per_units(first, workload)}"
    second = kept[1]
    said = f"beats {second.gpu}: {_comparison(first, second, workload)}"
    if second.trust > first.trust or _one_each(first, second):
        return said
    likely = min(surer(first, second), 0.99)
    return f"{said}; {likely:.0%} likely, given what is uncertain of each GPU alone"


def surer(first: Candidate, second: Candidate) -> float:
    """Probability that the first is cheaper per unit, given each GPU's own error.

    The workload's and the runtime's error is shared by both and cancels in the ratio.
    """
    spread = math.hypot(first.spread_own, second.spread_own)
    gap = math.log(second.usd_per_unit / first.usd_per_unit)
    return 0.5 * (1.0 + math.erf(gap / spread / math.sqrt(2.0)))


def _behind(first: Candidate, item: Candidate, workload: Workload) -> str:
    if item.trust > first.trust:
        old = "has no date" if item.trust == 2 else "is over a year old or replaced by a newer one"
        return f"ranks behind because its price {old}; {per_units(item, workload)}"
    ratio = item.usd_per_unit / first.usd_per_unit
    return f"is {_dearer(ratio, first.gpu)}: {_comparison(item, first, workload)}"


def _comparison(one: Candidate, other: Candidate, workload: Workload) -> str:
    """Speed against price, GPU by GPU: the two ratios whose quotient is the cost per unit."""
    if _one_each(one, other):
        sizes = ""
        if one.gpus_per_instance != other.gpus_per_instance:
            sizes = f", which have {plural(one.gpus_per_instance, 'GPU')} and {other.gpus_per_instance}"
        prices_said = f"{money(one.usd_per_hour)} against {money(other.usd_per_hour)} an hour"
        return f"one instance of either is enough{sizes}: {prices_said}"
    speed = _per_gpu(one) / _per_gpu(other)
    price = one.offer.usd_per_gpu_hour / other.offer.usd_per_gpu_hour
    word = workload.unit
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


def _per_gpu(item: Candidate) -> float:
    return item.throughput_per_instance.mid / item.gpus_per_instance


def _dearer(ratio: float, first: str) -> str:
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
    what = f"{best.instances:,} x {best.offer.provider} {best.offer.instance}" if best.instances > 1 else (
        f"{best.offer.provider} {best.offer.instance}"
    )  # fmt: skip
    gpus = plural(best.instances * best.gpus_per_instance, "GPU")
    wanted = f" for {request.target.text}" if request.target else ""
    return f"{best.gpu}: {what} ({gpus}){wanted}, {best.usd_per_hour:,.2f} USD/h, {per_units(best, workload)}"
