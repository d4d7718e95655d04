"""Batch generation: latency against throughput by batch, and queues of requests that arrive at random.

A server (each replica of the job) that is free takes what waits, up to a batch, and gives it all back after
the time of a batch of that size; one that finds nothing waits for the next request. How long requests wait
is simulated, with the times of every batch from one to the largest.
"""

from __future__ import annotations

from dataclasses import replace
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from whichgpu.cost.estimate import does_not_fit, estimate
from whichgpu.cost.load import beyond
from whichgpu.cost.requests import Requests
from whichgpu.errors import Infeasible, UsageError
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.estimate import Estimates
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

    Array = NDArray[np.float64]

#: The largest batch tried where the job states none, requests simulated, and the share of them dropped.
_LARGEST, _REQUESTS, _ENDS = 64, 5000, 0.05


class Queue(NamedTuple):
    """What requests meet: s of latency, (requests,), the mean batch, and the share of the time at work."""

    latency: Array
    batch: float
    busy: float


@immutable
class Batches:
    """A job by batch, one column of `estimates` each, smallest first; `queues` are of a stated rate.

    A queue is None where its batch cannot keep up. `capacity` is requests/s of all GPUs by batch.
    """

    job: Job
    gpu: Gpu
    sizes: Array
    estimates: Estimates
    capacity: Array
    rate: float | None
    queues: Sequence[Queue | None]


def batches(job: Job, gpu: Gpu) -> Batches:
    """A single job by batch: powers of two up to its own, or to what fits.

    Raises `UsageError` for a job that trains, `Infeasible` where not one item fits, or no batch keeps up with
    the requests.
    """
    rate = Requests.of(job).rate
    job = replace(job, options={key: value for key, value in job.options.items() if key != "request_rate"})
    alone = estimate(replace(job, batch=1.0), [gpu])
    answer = alone.at(0, 0)
    if answer.job.trains:
        raise UsageError(f"--curve is of inference; {job.workload} runs {answer.job.phase} here")
    if not alone.fits[0, 0]:
        raise Infeasible(does_not_fit(answer, gpu))
    most = _LARGEST if job.batch is None else float(np.max(job.batch))
    sizes = np.unique(np.append(2.0 ** np.arange(np.floor(np.log2(most)) + 1.0), most))
    found = estimate(replace(job, batch=sizes), [gpu])
    sizes = sizes[found.fits[0]]
    found = estimate(replace(job, batch=sizes), [gpu])
    replicas = float(answer.job.n_gpus) / float(answer.job.tp or 1.0) / float(answer.job.pp or 1.0)
    capacity = sizes * replicas / found.latency[0]
    queues = [] if rate is None else _queues(sizes, found.latency[0], rate, round(replicas))
    if queues and not any(queues):
        raise Infeasible(
            f"{beyond(rate or 0.0, float(capacity.max()))} (at a batch of {sizes[np.argmax(capacity)]:g})"
        )
    return Batches(job, gpu, sizes, found, capacity, rate, queues)


def _queues(sizes: Array, seconds: Array, rate: float, servers: int) -> list[Queue | None]:
    """The queue of each largest batch; batches between those known take what lies between them."""
    found: list[Queue | None] = []
    for most in sizes.tolist():
        each = np.interp(np.arange(1.0, most + 1.0), sizes, seconds)
        able = rate < servers * np.max(np.arange(1.0, most + 1.0) / each)
        found.append(queue(each, rate, servers) if able else None)
    return found


def queue(
    seconds: Array, rate: float, servers: int = 1, *, requests: int = _REQUESTS, seed: int = 0
) -> Queue:
    """Requests that arrive at random at `rate`/s at servers that take what waits.

    Args:
        seconds: s of a batch of 1, 2 .. up to the largest, (batches,).
        rate: arrivals/s.
        servers: replicas side by side.
        requests: how many are simulated.
        seed: of their arrivals.

    """
    arrival = np.cumsum(np.random.default_rng(seed).exponential(1.0 / rate, requests))
    came, took = arrival.tolist(), seconds.tolist()
    done, free = np.empty(requests), [0.0] * servers
    heapify(free)
    first, runs, busy = 0, 0, 0.0
    while first < requests:
        start = max(heappop(free), came[first])
        last = first + 1
        while last < requests and last - first < len(took) and came[last] <= start:
            last += 1
        end = start + took[last - first - 1]
        done[first:last] = end
        heappush(free, end)
        busy += end - start
        first, runs = last, runs + 1
    counted = slice(int(requests * _ENDS), int(requests * (1.0 - _ENDS)))
    whole = float(done.max()) * servers
    return Queue((done - arrival)[counted], requests / runs, busy / whole)
