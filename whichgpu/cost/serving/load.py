"""How many requests a replica meets at a rate of arrivals, and what its passes cost.

An arrival meets n others. What they make in a second grows with n, so that a table of it over a grid of n,
up to what memory holds, is read backwards: the n at which as many are served as arrive. Its last row is the
capacity.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.arrays import distinct
from whichgpu.cost.calibration.spread import found_for, own_factor
from whichgpu.cost.coefficients import section
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.job.requests import Requests, alike, is_run, unloaded
from whichgpu.cost.memory.replica_memory import cache
from whichgpu.cost.parallel.mesh import Mesh
from whichgpu.cost.serving.admission import Admission, admission, following, in_groups, waiting
from whichgpu.cost.serving.scheduling import BESIDE, limits, message_passes
from whichgpu.cost.serving.simulate import Server
from whichgpu.cost.serving.steady import Met, engine, interruption, reading
from whichgpu.cost.timing import passes
from whichgpu.cost.timing.engine_step import computed_tokens
from whichgpu.cost.timing.time import evaluate
from whichgpu.errors import Infeasible
from whichgpu.units import number
from whichgpu.values import NamedTuple
from whichgpu.workloads.job import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.job.layout import Layout
    from whichgpu.cost.timing.time import Pass
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

    Array = NDArray[np.float64]

#: Points of the table, the least of them, and jobs that are looked at together.
_POINTS, _LEAST, _TOGETHER = 64, 0.02, 64
#: How often the table is worked out anew, with as many that run as the last one says.
_TURNS = 4
#: Share of the capacity that is served at the most: full servers keep no objective.
_SERVED = 0.9


class Table(NamedTuple):
    """Of one job on one GPU type: sequences that an arrival meets, and requests/s of all GPUs then."""

    others: Array
    rate: Array
    stretch: Array
    replicas: float = 1.0
    #: Requests/s that what goes before lets through.
    most: float = np.inf
    #: Sequences that a replica holds at once; no more are met than follow each other in its passes.
    places: float = 1.0
    #: How many sequences fit at once, and how unevenly (`cost/serving/admission.py`).
    room: Admission | None = None
    #: Seconds to the first token, places apart, that are never fallen short of with more others.
    first: Array | None = None

    @property
    def capacity(self) -> float:
        """Requests/s that all GPUs serve at most."""
        return min(float(self.rate[-1]), self.most)

    def met(self, rate: Any) -> Array:
        """Sequences that an arrival meets at `rate` requests/s; those of the capacity beyond it."""
        # In proportion from point to point on logarithms, and below the least of the table.
        asked = np.asarray(rate, dtype=np.float64)
        near = np.exp(
            np.interp(np.log(np.maximum(asked, self.rate[0])), np.log(self.rate), np.log(self.others))
        )
        return np.asarray(near * np.minimum(asked / self.rate[0], 1.0))

    def meeting(self, loads: Array) -> Met:
        """What arrivals meet at each of several rates, (1, loads)."""
        others = self.met(loads)
        waits = np.array([self.waits(rate) for rate in loads.tolist()])
        floor, ceiling = np.zeros(len(loads)), np.full(len(loads), np.inf)
        if self.first is not None:
            floor = np.interp(others, self.others, self.first)
            ceiling = np.append(self.first, np.inf)[np.searchsorted(self.others, others)]
        stretch = np.interp(others, self.others, self.stretch)
        arriving = (np.minimum(loads, self.capacity) / self.replicas)[None, :]
        return Met(
            others[None, :], waits[None, :], stretch[None, :], floor[None, :], ceiling[None, :],
            arriving=arriving,
        )  # fmt: skip

    def waits(self, rate: float) -> float:
        """Seconds that an arrival waits for a place at `rate` requests/s."""
        assert self.room is not None
        others = float(self.met(rate))
        mates = (float(np.interp(others, self.others, self.stretch)) - 1.0) * others
        room = in_groups(self.room, mates)
        wait, _ = waiting(rate / self.replicas, self.others, self.rate / self.replicas, room)
        return float(wait)


def seconds_of(work: Pass, laid: Layout) -> Array:
    """Seconds of a pass of a layout under its fit, (G, J)."""
    found = found_for(laid)
    return evaluate(work, found).under(own_factor(laid, found))


def tables(job: Job, gpu: Gpu) -> list[Table]:
    """The table of each job of a sweep on one GPU type."""
    columns = _columns(job)
    found: list[Table] = []
    part: dict[str, Any]
    for start in range(0, job.size, _TOGETHER):
        part = {name: values[start : start + _TOGETHER] for name, values in columns.items()}
        found += _tables(unloaded(replace(job, **part)), gpu)
    return found


def _columns(job: Job) -> dict[str, Array]:
    """The numbers of a sweep that differ, each over its job axis."""
    stated = {name: getattr(job, name) for name in NUMBERS}
    return {
        name: np.broadcast_to(value, (job.size,)).copy() for name, value in stated.items() if np.ndim(value)
    }


def _tables(job: Job, gpu: Gpu) -> list[Table]:
    full = lay_out(job, [gpu])
    assert full.serving is not None
    columns: dict[str, Any]
    fits = np.broadcast_to(full.serving.fits, (1, job.size))[0]
    places = np.floor(fits)
    begun = np.broadcast_to(following(full.job, full.runtime, full.devices), (1, job.size))[0]
    steps = np.linspace(0.0, 1.0, _POINTS)
    others = _LEAST * (np.maximum(np.minimum(places, begun + 1.0), 1.0)[:, None] / _LEAST) ** steps
    columns = {name: np.repeat(values, _POINTS) for name, values in _columns(job).items()}
    columns["concurrency"] = others.ravel() + 1.0
    swept, stretch = replace(job, **columns), np.ones(others.size)
    rate, now, first = rates(swept, gpu, others.ravel(), stretch)
    for turn in range(1, _TURNS):
        # More that run leave fewer prompts a second, and these fewer that run: half a step arrives sooner.
        stretch = (stretch + now) / 2.0 if turn > 1 else now
        # The last rate is of the stretch that is kept with it.
        rate, now, first = rates(swept, gpu, others.ravel(), stretch)
    rate, stretch, first = (part.reshape(others.shape) for part in (rate, stretch, first))
    first = np.maximum.accumulate(first, axis=1)
    # More in flight never serve fewer: where a wider pass is a slower one, the table stays level.
    rising, count = np.maximum.accumulate(rate, axis=1), np.broadcast_to(full.replicas, (job.size,))
    room = admission(full.job, full.runtime, full.devices, fits)
    parts = (room.at_once, room.grain, room.anew)
    at_once, grain, anew = (np.broadcast_to(part, (1, job.size))[0] for part in parts)
    most = np.broadcast_to(full.replicas / _least_seconds(full), (1, job.size))[0]
    return [
        Table(
            others[i], rising[i], stretch[i], float(count[i]), float(most[i]), max(float(places[i]), 1.0),
            first=first[i], room=Admission(at_once[i], grain[i], room.variation, anew[i]),
        )
        for i in range(job.size)
    ]  # fmt: skip


def _least_seconds(full: Layout) -> Array:
    """Seconds between a replica's requests: prompts at the best that products reach, streaming, (G, J)."""
    assert full.serving is not None
    timing = evaluate(full.serving.prompt, found_for(full))
    streamed = np.asarray(full.job.output_tokens, dtype=np.float64) * full.serving.front
    return np.asarray(np.maximum(np.maximum(timing.work, 1e-12) / section("products")["ceiling"], streamed))


def rates(job: Job, gpu: Gpu, others: Array, stretch: Array) -> tuple[Array, Array, Array]:
    """Requests/s of all GPUs of each job of a sweep whose arrivals meet `others`, (J,); stretch and TTFT."""
    laid = lay_out(job, [gpu], met=Met(others[None, :], np.zeros(1), stretch[None, :]))
    steady = laid.serving
    assert steady is not None
    passes, prompt = seconds_of(steady.work, laid), seconds_of(steady.prompt, laid)
    steady = steady.timed(lambda work: seconds_of(work, laid), prompt)
    first = steady.admitted(passes, prompt, laid.passes)
    each = steady.rate(passes, laid.passes, first) / laid.passes
    longer = steady.stretch(passes, prompt, laid.passes)
    shape = (1, job.size)
    told = (each * laid.replicas, longer, first)
    rate, stretch, first = (np.broadcast_to(part, shape)[0] for part in told)
    return rate, stretch, first


def settled(job: Job, gpus: Sequence[Gpu]) -> Met:
    """What the arrivals of a sweep meet on each GPU type, (G, J).

    Raises `Infeasible` with the capacity where no GPU serves as many requests as arrive; where none can run
    the job at all they meet nobody, which the layout refuses.
    """
    rate, full = Requests.of(job).rate or 0.0, lay_out(job, gpus)
    able = np.array([[not why] for why in full.refusals]) & (full.sequences >= 1.0)
    if not np.any(able):
        none = np.zeros((len(gpus), job.size))
        return Met(none, none, none + 1.0)
    rows = [tables(job, gpu) for gpu in gpus]
    most = max(one.capacity for row in rows for one in row)
    if rate > most and not is_run(job):
        raise Infeasible(beyond(rate, most) + narrower(job, gpus, rate))
    # A run that ends is served at any rate: its queue grows until nothing more is sent.
    met = [[one.meeting(np.array([min(rate, one.capacity)])) for one in row] for row in rows]
    parts = {
        name: np.array([[float(getattr(one, name)[0, 0]) for one in row] for row in met])
        for name in ("others", "waits", "stretch", "floor", "ceiling", "arriving")
    }
    found = Met(**parts)
    if not is_run(job):
        return found
    return found._replace(excess=np.array([[rate / max(one.capacity, 1e-12) for one in row] for row in rows]))


def beyond(rate: float, capacity: float) -> str:
    """What to say of a load that nothing serves."""
    more = math.ceil(rate / (_SERVED * capacity)) if capacity > 0 else 0
    return (
        f"{number(rate, 4)} requests/s are beyond the capacity of {number(capacity, 4)} requests/s: waiting "
        f"grows without end; use {f'{more:,} times as many' if more else 'more'} GPUs or a lower load"
    )


def narrower(job: Job, gpus: Sequence[Gpu], rate: float) -> str:
    """What to say where more replicas of fewer GPUs serve a rate that those of `job` do not; else nothing."""
    width = np.ravel(job.tp if job.tp is not None else 1.0)
    stated = any(job.option(name, 1.0) > 1.0 for name in ("attention_dp", "ep", "moe_tp", "prefill_gpus"))
    if len(gpus) > 1 or width.size > 1 or width[0] <= 1.0 or stated:
        return ""
    found = {}
    for tp in (2.0**i for i in range(int(np.log2(width[0]))) if width[0] % 2.0**i == 0.0):
        other = replace(job, tp=tp)
        if not all(lay_out(unloaded(other), gpus).refusals):
            found[tp] = max(one.capacity for gpu in gpus for one in tables(other, gpu))
    best = max(found, key=lambda tp: found[tp], default=0.0)
    if not best or _SERVED * found[best] < rate:
        return ""
    more = f"{width[0] / best:g} times as many replicas"
    return f"; --tp {best:g}, which is {more}, serves up to {found[best]:.4g}"


def server(job: Job, gpu: Gpu) -> Server:
    """What the passes of a replica of one complete job cost, for the simulator."""
    laid = lay_out(unloaded(job), [gpu])
    kept = cache(laid.workload, laid.job, laid.runtime, laid.devices)
    # What it takes may hang on its load.
    most = limits(laid.runtime, replace(laid.job, concurrency=job.concurrency), laid.devices)
    # As many as begin at once, with hardly any answer yet, or as the engine takes.
    fresh = kept.room / max(kept.state + kept.token * float(laid.job.input_tokens), 1.0)
    ceiling = float(np.ravel(most.sequences)[0]) * float(Mesh.of(laid.job).attention_dp)
    places = int(max(min(fresh, ceiling, kept.most), 1.0))
    grid = distinct(np.round(np.geomspace(1.0, places, 24)))
    prompt, output = float(laid.job.input_tokens), float(laid.job.output_tokens)
    base, each = _token_costs(laid, grid, (prompt, prompt + output))
    prompts, lone = _prompt_costs(laid, grid), _prompt_costs(laid, grid, joins=0.0)
    first_of_all = alike(laid.job) and not engine(laid.runtime)["mixed"]
    batches = _prompt_costs(laid, grid, together=True) if first_of_all else ()
    order, asked, mesh = engine(laid.runtime), Requests.of(laid.job), Mesh.of(laid.job)
    read = float(np.ravel(reading(laid.runtime, laid.job))[0])
    # Each group of attention, and each stage, has a pass of its own.
    groups = float(np.ravel(mesh.attention_dp * mesh.pp)[0])
    counts = np.arange(places + 1.0)
    base, each, prompts, lone = (np.interp(counts, grid, values) for values in (base, each, prompts, lone))
    batches = np.interp(counts, grid, batches).tolist() if first_of_all else ()
    return Server(
        tuple(base.tolist()), tuple(each.tolist()), tuple(prompts.tolist()),
        budget=float(np.ravel(most.tokens)[0]) * groups, gained=asked.tokens_per_pass,
        first=order["first"] + read, idle=order["idle"] + read, mixed=bool(order["mixed"]),
        room=kept.room, state=kept.state, token=kept.token, reserves=most.reserves,
        lone=tuple(lone.tolist()), alone=1.0 / order["interruption"], message=section("serving")["message"],
        bundle=float(np.ravel(message_passes(laid.runtime, laid.job))[0]),
        launching=float(
            np.ravel(passes.launching(laid.workload, laid.job, laid.runtime, laid.devices))[0]
        ),
        stalls=laid.runtime.stalls, looks=round(float(np.ravel(most.looks)[0])),
        apart=_apart(laid) if float(np.ravel(mesh.attention_dp)[0]) > 1.0 else 0.0,
        front=float(np.ravel(most.front)[0]),
        sooner=float(section("serving")["in_step"]) if order["mixed"] else 1.0, host=float(order["first"]),
        batches=tuple(batches),
    )  # fmt: skip


def _apart(laid: Layout) -> float:
    """Seconds of each token of a prompt that a group of attention computes while the others have none."""
    work = passes.prompt_alone(laid.workload, laid.job, laid.runtime, laid.devices)
    seconds = seconds_of(passes.as_pass(laid.workload, laid.runtime, laid.devices, work), laid)
    return float(np.ravel(seconds / np.maximum(computed_tokens(laid.job), 1.0))[0])


def _token_costs(laid: Layout, grid: Array, contexts: tuple[float, float]) -> tuple[Array, Array]:
    """Seconds of a pass of each number of sequences without a cache, and those of each cached token.

    Of sequences of both `contexts` and any between. Layers with windows read no more beyond them, so that the
    straight line goes through what a pass takes of those in the middle.
    """
    ends = grid * contexts[0], grid * contexts[1]
    counts, tokens = np.tile(grid, 3), np.concatenate([*ends, (ends[0] + ends[1]) / 2.0])
    work = passes.token_work(
        laid.workload, laid.job, laid.runtime, laid.devices, sequences=counts, kv_tokens=tokens
    )
    seconds = seconds_of(passes.as_pass(laid.workload, laid.runtime, laid.devices, work), laid)[0]
    # A pass of speculative decoding makes several tokens.
    seconds = seconds * Requests.of(laid.job).tokens_per_pass
    low, high, middle = np.split(seconds, 3)
    each = (high - low) / (ends[1] - ends[0])
    return middle - each * (ends[0] + ends[1]) / 2.0, each


def _prompt_costs(laid: Layout, grid: Array, *, together: bool = False, joins: float = 1.0) -> Array:
    """Seconds by which a token of a prompt makes a pass of each number of sequences longer.

    Where prompts are computed `together` it is one of a quarter as many of them; `joins` as of `Prompts`.
    """
    beside = np.maximum(grid / BESIDE, 1.0) if together else grid
    joins = 0.0 if together or not engine(laid.runtime)["mixed"] else joins
    work = passes.prompts_beside(
        laid.workload, laid.job, laid.runtime, laid.devices, beside, opening=together, joins=joins
    ).each
    whole = passes.as_pass(laid.workload, laid.runtime, laid.devices, work)
    share = interruption(laid.runtime, laid.job)
    return np.asarray(share * seconds_of(whole, laid)[0] / np.maximum(computed_tokens(laid.job), 1.0))
