"""What a job takes on each GPU: time, throughput, memory, power, with an interval.

`estimate` evaluates every GPU and every job of a sweep at once; `Estimates.at(g, j)` is one answer.
A replica is the `tp` GPUs that run one copy of the model.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost import energy
from whichgpu.cost.answers import Z90
from whichgpu.cost.calibration.spread import found_for, own_factor, spreads
from whichgpu.cost.coefficients import section
from whichgpu.cost.estimates import Estimates
from whichgpu.cost.job.layout import Layout, begin_on, lay_out
from whichgpu.cost.job.requests import at_random
from whichgpu.cost.memory.readings import readings
from whichgpu.cost.memory.totals import needed
from whichgpu.cost.parallel.exchange import Exchange, data_parallel_seconds
from whichgpu.cost.parallel.machines import beyond_a_machine, by_host, exchanging
from whichgpu.cost.timing.time import evaluate
from whichgpu.cost.transfer import personal
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.calibration.effects import Fit
    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.job.settling import Settled
    from whichgpu.cost.serving.steady import Met
    from whichgpu.cost.table.paired import Paired
    from whichgpu.cost.timing.time import Timing
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]


def _array(value: Any) -> Array:
    return np.asarray(value, dtype=np.float64)


def estimate(job: Job, gpus: Sequence[Gpu], *, explain: bool = False) -> Estimates:
    """Estimate a job, or a sweep of jobs, on every GPU.

    Shapes: G = len(gpus) rows, J = job.size columns. Raises `UsageError` for an unknown workload,
    phase, precision or option; a GPU that cannot run the job is a refusal in the answer. What the user
    measured moves it (`cost/transfer/personal.py`).
    """
    return personal.applied(plain_estimate(job, gpus, explain=explain))


def plain_estimate(job: Job, gpus: Sequence[Gpu], *, explain: bool = False) -> Estimates:
    """What `estimate` says by the package's own fit alone."""
    laid = lay_out(job, gpus, met=_met(job, gpus))
    return finish(laid, found_for(laid), explain=explain)


class Outline(NamedTuple):
    """A sweep of jobs, each on a GPU of its own, as far as its memory: bytes, (J,). It is yet to be timed."""

    workload: Workload
    job: Job
    runtime: Runtime
    devices: Devices
    required: Array
    available: Array
    #: Of what is required, the weights alone.
    weights: Array
    #: By GPU, why it cannot run the jobs, empty where it can; and what the sweep takes.
    refused: Callable[[], tuple[str, ...]]
    estimates: Callable[[], Estimates]

    @classmethod
    def of(cls, found: Estimates) -> Outline:
        """What is estimated already, on one GPU."""
        weights = np.broadcast_to(_array(found.parts.get("weights", 0.0)), found.required.shape)
        return cls(
            found.workload, found.job, found.runtime, found.devices, found.required[0], found.available[0],
            weights[0], lambda: found.refusals, lambda: found,
        )  # fmt: skip


def outlined(settled: Settled, devices: Paired) -> Outline:
    """Begin what `plain_estimate` says of settled jobs, each on a GPU of its own of the `devices`: (1, J).

    None of them has requests that arrive at random.
    """
    begun = begin_on(settled, devices)

    def estimates() -> Estimates:
        laid = begun.laid()
        return finish(laid, found_for(laid))

    shape = devices.shape(settled.job.size)
    required, available, weights = (
        np.broadcast_to(_array(one), shape)[0]
        for one in (needed(begun.parts), devices.column("memory"), begun.parts.get("weights", 0.0))
    )
    return Outline(
        settled.workload, settled.job, settled.runtime, devices, required, available, weights, begun.refused,
        estimates,
    )  # fmt: skip


def _met(job: Job, gpus: Sequence[Gpu]) -> Met | None:
    """How requests meet that arrive at random; None where the job states no such arrivals."""
    if not at_random(job):
        return None
    from whichgpu.cost.serving.load import settled

    return settled(job, gpus)


def estimate_bounds(job: Job, gpus: Sequence[Gpu]) -> tuple[Estimates, dict[str, Array]]:
    """What `estimate` says, and the seconds of each pass by what bounds them: arrays (G, J)."""
    laid = lay_out(job, gpus, met=_met(job, gpus))
    answers = personal.applied(finish(laid, found_for(laid), bounds=True))
    shape, parts = answers.seconds.shape, answers.timing.bounds
    return answers, {name: np.broadcast_to(part, shape) for name, part in parts.items()}


def finish(laid: Layout, found: Fit, *, explain: bool = False, bounds: bool = False) -> Estimates:
    """The estimates of a layout under a fit; `explain` and `bounds` are those of `evaluate`."""
    with np.errstate(invalid="ignore", divide="ignore"):
        timing = evaluate(laid.work, found, explain=explain, bounds=bounds)
        own = own_factor(laid, found)
        alone, links = timing.under(own), np.ones((1, 1))
        sent = exchanging(laid, timing)
        # What a network or a host's memory gives is not in the catalogue.
        seconds, bound = alone, np.where(by_host(laid.job, laid.devices), sent, 0.0)
        if laid.gradients is not None:
            links = found.links(laid.workload, laid.devices, laid.runtime, laid.replicas)
            exchange = Exchange.of(laid.gradients, laid.replicas, laid.devices)
            seconds = exchange.seconds(alone, links)
            bound = np.log(seconds / exchange.seconds(alone, 1.1 * links)) / np.log(1.1)
        elif "offload" in laid.job.options:
            bound = np.clip(timing.communication / timing.seconds, 0.0, 1.0)
        prompt = evaluate(laid.serving.prompt, found).under(own) if laid.serving else None
        if laid.serving is not None and prompt is not None:
            timed = laid.serving.timed(lambda work: evaluate(work, found).under(own), prompt)
            laid = replace(laid, serving=timed) if timed is not laid.serving else laid
        slots = 1.0 if laid.gradients is None else laid.gradients.micro_batches
        at_work = 1.0 if laid.serving is None else laid.serving.at_work
        doing = energy.activity(laid, timing, slots * at_work * alone / seconds)
        return _assemble(laid, timing, _Times(seconds, prompt, bound, sent), doing)


def job_seconds(laid: Layout, step: Array, links: Array | float) -> Array:
    """Seconds of a job's pass on all its GPUs, given that of one replica, (G, J), and a factor on links."""
    return data_parallel_seconds(step, laid.gradients, laid.replicas, laid.devices, links)


class _Times(NamedTuple):
    """Seconds of a job's pass and of a prompt alone; `bound` is -d log t / d log rate of links.

    `sent` is the share of an inference's pass in which its GPUs exchange.
    """

    job: Array
    prompt: Array | None
    bound: Array
    sent: Array


def _served_by_host(laid: Layout, passes: Array) -> Array | float:
    """Share of a token of requests in flight for which a server's host schedules, samples and sends it."""
    return 0.0 if laid.serving is None else np.clip(laid.serving.host / passes, 0.0, 1.0)


class _Doubts(NamedTuple):
    """How far off times may be: by all GPUs alike, by each, and of it what its machine adds; and on what."""

    shared: Array
    own: Array
    machine: Array
    bases: tuple[str, ...]


def _doubts(laid: Layout, timing: Timing, times: _Times) -> _Doubts:
    devices = laid.devices
    errors = spreads(laid, devices.gpus, laid.runtime.among(len(devices.gpus)))
    known = _array([(one.shared, one.own, one.basis == "roofline") for one in errors]).reshape(-1, 3)
    shared, own, prior = (devices.along(known[:, [i]]) for i in range(3))
    # A host's speed is not in the catalogue: where launches bind, it is what is not known. Engines of
    # language models that were measured replay graphs.
    launching = prior if laid.runtime.specialised else 1.0
    paced, unsure = np.minimum(launching * timing.launching, 1.0), devices.unsure_host
    served = np.minimum(_served_by_host(laid, times.job), 1.0 - paced) * (not devices.launch)
    host = unsure * paced + section("spread")["host"]["engine"] * served
    # Nor how software deals out work that leaves SMs without a tile, where the GPU sets the pace.
    idle = section("spread")["idle"] * (1.0 - timing.filled) * (1.0 - timing.launching)
    # Whether a host's links work as its GPUs could is not in the catalogue either.
    machine = np.hypot(np.hypot(host, idle), section("spread")["links"] * times.bound)
    machine = np.hypot(machine, section("spread")["wide_experts"] * beyond_a_machine(laid.job))
    # Nor what a server and its load generator do with requests for which there is no place.
    queue = np.zeros(1) if laid.serving is None else laid.serving.queue
    crowd = section("spread")["waiting"] * queue / (1.0 + queue)
    return _Doubts(
        shared, np.hypot(np.hypot(own, machine), crowd), machine, tuple(one.basis for one in errors)
    )


def _assemble(laid: Layout, timing: Timing, times: _Times, doing: energy.Activity) -> Estimates:
    seconds, prompt, _, sent = times
    devices = laid.devices
    shape = devices.shape(laid.job.size)
    rate, latency, serving = laid.units / seconds, seconds * laid.passes, laid.serving
    first = None
    if serving is not None and prompt is not None:
        first, seconds, rate = serving.answered(seconds, prompt, laid.passes)
        latency = first + seconds * np.maximum(laid.passes - 1.0, 0.0)

    def grid(value: Any) -> Array:
        array = _array(value)
        if array.shape == shape:
            return array
        # In a third of the time that `broadcast_to` takes.
        found = np.empty(shape)
        found[...] = array
        return found

    doubts = _doubts(laid, timing, times)
    fronted = serving is not None and np.any(serving.front)
    return Estimates(
        workload=laid.workload, job=laid.job, runtime=laid.runtime, devices=devices,
        seconds=grid(seconds), units=grid(laid.units),
        throughput=grid(laid.replicas * rate), latency=grid(latency),
        first_token=None if first is None else grid(first),
        queue=None if serving is None else grid(serving.queue),
        steep=None if first is None or serving is None else grid(serving.steepness(first)),
        parts={name: grid(part) for name, part in laid.parts.items()},
        required=grid(needed(laid.parts)), available=grid(devices.column("memory")),
        read=lambda: readings(laid, Z90).each(grid),
        activity=doing, power=grid(energy.watts(laid, doing)),
        power_spreads=energy.spreads(laid, devices.gpus, laid.runtime.among(len(devices.gpus))),
        spread_shared=grid(doubts.shared), spread_own=grid(doubts.own), spread_machine=grid(doubts.machine),
        bases=doubts.bases,
        sequences=grid(laid.sequences), refusals=laid.refusals, timing=timing, unused=laid.unused,
        notes=laid.notes, sent=grid(sent),
        streamed=grid(rate * serving.front) if serving is not None and fronted else None,
        unstreamed=grid(laid.replicas * laid.units / seconds) if fronted else None,
        passes=None if laid.gradients is None else grid(laid.gradients.micro_batches),
    )  # fmt: skip
