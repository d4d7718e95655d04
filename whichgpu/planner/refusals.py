"""Why not: of one GPU, and of a request that nothing meets, in sentences with their figures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.hardware.parts import is_part, works_alone
from whichgpu.planner.grid import gpus_per_copy
from whichgpu.planner.reasons import Reason
from whichgpu.planner.words import money, plural
from whichgpu.prices.purchase import purchase_price
from whichgpu.units import DAY, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.cost.estimates import Estimates
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.conflict import Conflict
    from whichgpu.planner.options import Options, Outcome
    from whichgpu.planner.request import Request
    from whichgpu.prices.offers import Offer
    from whichgpu.workloads.workload import Workload


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
        what = "board power was read" if purchase_price(gpu.id) else "purchase price is stored"
        return Reason("no purchase price or power known", f"no {what} of {gpu.id}")
    if not rows:
        return Reason("no provider in the price table offers it", "no provider in the price table offers it")
    kinds = {row.kind for row in rows if row.gpu == gpu.id and not row.quarantine}
    if request.providers and kinds:
        aside = [row for row in rows if row.quarantine and row.provider in request.providers]
        told = f"none of {', '.join(request.providers)} offers it {request.term}"
        if aside:
            told = f"the price of {aside[0].provider} is set aside: {aside[0].quarantine}"
        return Reason("not offered by these providers", told)
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
    gpus = np.broadcast_to(gpus_per_copy(sweep.job), required.shape)
    if works_alone(sweep.devices.gpus[row]) and (gpus == 1).any():
        required = np.where(gpus == 1, required, np.nan)
    best = int(np.argmin(np.where(np.isnan(required), np.inf, required)))
    available = float(sweep.available[row, 0])
    if math.isnan(available):
        return cannot_run("its memory was not read in any source")
    where = f" on each of {gpus[best]:g} GPUs" if gpus[best] > 1 else ""
    needs, least = float(required[best]), float(required[best] * np.exp(-_unsure(sweep, row)[best]))
    said = (
        "does not fit" if least > available else f"may run out of memory ({show(least, 'memory', 3)} at best)"
    )
    return Reason(
        "too little memory",
        f"{said}: needs {show(needs, 'memory', 3)}{where}, the card has {show(available, 'memory', 3)}",
    )


def _unsure(sweep: Estimates, row: int) -> Any:
    """Log half-width of the interval of what each configuration needs of one GPU type."""
    return np.broadcast_to(np.asarray(sweep.readings.halves["required"]), sweep.required.shape)[row]


def no_room(sweep: Estimates, row: int, request: Request) -> Reason:
    """A GPU type whose offers have too few GPUs for the smallest configuration that fits."""
    size = np.asarray(sweep.job.n_gpus if sweep.job.trains else gpus_per_copy(sweep.job), dtype=np.float64)
    sizes = np.broadcast_to(size, sweep.fits.shape)[row, sweep.fits[row]]
    if is_part(sweep.devices.gpus[row]):
        return Reason(
            "parts of a GPU do not work together",
            f"it takes {sizes.min():g} such parts, and parts of a GPU do not work together",
        )
    if request.term == "buy":
        return Reason(
            "more cards than a usual desktop holds",
            f"it fits on {sizes.min():g} cards together, and a usual desktop holds fewer (--machine: yours)",
        )
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
    if request.budget_to_buy is not None:
        cards = money(float(result.usd_to_buy[index]))
        return f"over budget: {what} cost {cards} to buy, {request.budget_to_buy:,.2f} allowed"
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
        told = against.told if against and (against.ways_out or against.of_job) else ""
        more = f"; {told}" if told else "; use a narrower --precision, a smaller --batch or more GPUs"
        alone = sweep.job.trains and request.size is None
        wide = "; with its size, e.g. --tokens 1B, runs on several machines are tried" if alone else ""
        return _memory_binds(workload, sweep) + wide + more
    if against is not None and len(against.constraints) == 1 and against.ways_out:
        (limit,), way = against.constraints, against.ways_out[0]
        kind = "whole" if limit.option == "--budget" and not limit.value.endswith("/h") else limit.option
        if kind in _ALONE:
            use = ", or ".join((" and ".join(way.changes), *map(str, against.of_job)))
            told = _ALONE[kind].format(asked=limit.value, gpu=way.gpu, usd=way.usd_per_hour, use=use)
            return told + (_clustered(request, workload, way.gpu) if kind == "--deadline" else "")
    if against is not None and not named_alone(request, against):
        return f"{against}{_committed(request, against)}"
    # The reason of what was asked for, or of what holds every wish on GPUs, before that of any other.
    tried = {gpu.id for gpu in sweep.devices.gpus} if sweep is not None else set[str]()
    named = sorted(rejected, key=lambda key: (key not in (request.gpus or ()), key not in tried))
    gpu = named[0] if named else "none"
    reason = rejected.get(gpu, Reason("", "no GPU was asked for"))
    more = f" (and {len(rejected) - 1} more)" if len(rejected) > 1 else ""
    said = reason.text.removeprefix(f"{gpu}: ")
    if against is not None and (against.ways_out or against.of_job):
        return f"no GPU can do it: {gpu}: {said}{more}; {against.told}"
    return f"no GPU can do it: {gpu}: {said}{more}; try --term any, other --gpus or --providers"


def _clustered(request: Request, workload: Workload, gpu: str) -> str:
    """What tells how large a cluster has to be, of a language model that is trained on tokens."""
    if request.size is None or workload.unit != "tokens" or request.job.phase not in ("train", "pretrain"):
        return ""
    days = f"{(request.deadline or 0.0) / DAY:g} days"
    amount = f"{request.size.units / 1e9:g}B"
    typed = f'whichgpu sweep {workload.id} --gpus {gpu} --tokens {amount} --within "{days}"'
    return f"; how large a cluster does it: {typed}"


def _committed(request: Request, against: Conflict) -> str:
    """Where the price of a commitment is told that nobody lists."""
    if request.term != "reserved" or all(one.option != "--term" for one in against.constraints):
        return ""
    return "; whichgpu prices cost has the price on demand less an assumed discount for a commitment"


#: What is said where one limit alone cannot be held.
_ALONE = {
    "--latency": "nothing answers within {asked}: the quickest is {gpu}; use {use}",
    "--budget": "nothing within {asked}: the cheapest is {gpu} at {usd:,.2f} USD/h; use {use}",
    "whole": "nothing within {asked} in all: the cheapest is {gpu}; use {use}",
    "--deadline": "nothing is done within {asked}: the soonest is {gpu}; use {use}",
    "--energy": "nothing takes as little as {asked}: the thriftiest is {gpu}; use {use}",
}


def named_alone(request: Request, against: Conflict) -> bool:
    """Whether no GPU runs it as it is asked for, or none of those that were named."""
    return {one.option for one in against.constraints} <= {"--gpus"}


def _memory_binds(workload: Workload, sweep: Estimates) -> str:
    short = np.where(np.isnan(sweep.required), np.inf, sweep.required - sweep.available)
    row, column = np.unravel_index(int(np.argmin(short)), short.shape)
    gpu = sweep.devices.gpus[int(row)].id
    return (
        f"{workload.id} fits on none of the GPUs asked for: nearest is {gpu}, which needs "
        f"{show(float(sweep.required[row, column]), 'memory', 3)} and has "
        f"{show(float(sweep.available[row, column]), 'memory', 3)}"
    )
