"""Batch generation: latency against throughput by batch, and queues of requests that arrive at random.

A server (each replica of the job) that is free takes what waits, up to a batch, and gives it all back after
the time of a batch of that size; one that finds nothing waits for the next request. How long requests wait
is simulated, with the times of every batch from one to the largest.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.arrays import distinct
from whichgpu.cost.estimate import estimate
from whichgpu.cost.infeasible import does_not_fit
from whichgpu.cost.job.requests import Requests
from whichgpu.cost.serving.load import beyond
from whichgpu.errors import Infeasible, UsageError
from whichgpu.units import number, show
from whichgpu.values import NamedTuple, immutable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.estimates import Estimates
    from whichgpu.cost.serving.slo import Term
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

    Array = NDArray[np.float64]

#: The largest batch tried where the job states none; the fewest and the most requests simulated, and how many
#: over the square of what is left of the capacity: so long a queue remembers. The share of them dropped.
_LARGEST, _FEWEST, _MOST, _EACH, _ENDS = 64, 10_000, 300_000, 1000.0, 0.05
#: The share of the capacity up to which objectives are held: above it every burst leaves a queue.
_BELOW = 0.95
#: How finely the largest rate is found, and how many times the replicas asked for are tried.
_HALVINGS, _REPLICAS = 9, 64


class Queue(NamedTuple):
    """What requests meet: s of latency, (requests,), the mean batch, and the share of the time at work."""

    latency: Array
    batch: float
    busy: float

    def of(self, how: str) -> float:
        """The mean latency in s, or a percentile of it (`p90`)."""
        return float(self.latency.mean() if how == "mean" else np.percentile(self.latency, int(how[1:])))


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
    #: Requests/s at most within objectives, by batch; 0 where not even a request alone keeps them.
    within: Array | None = None
    terms: Sequence[Term] = ()

    @property
    def chosen(self) -> int | None:
        """The batch that holds the most within the objectives, the smallest of those within 1 %."""
        if self.within is None:
            return None
        return int(np.argmax(self.within >= 0.99 * self.within.max()))


def batches(job: Job, gpu: Gpu, terms: Sequence[Term] = ()) -> Batches:
    """A single job by batch: powers of two up to its own, or to what fits; with objectives what each holds.

    Raises `UsageError` for a job that trains, or objectives of other than latency, `Infeasible` where not one
    item fits, no batch keeps up with the requests, or none keeps the objectives.
    """
    if terms and job.trains:
        raise UsageError(
            f"{terms[0]} is an objective of requests, and {job.workload} runs {job.phase} here, which has "
            "none; leave out --slo, or write e.g. --phase serve, --phase infer"
        )
    if any(term.metric != "latency" for term in terms):
        other = next(term for term in terms if term.metric != "latency")
        raise UsageError(
            f"{other}: what is made in batches has a latency alone (ttft, tpot and itl are of language "
            'models that serve); write e.g. "e2e p90 8 s"'
        )
    rate = Requests.of(job).rate
    job = replace(job, options={key: value for key, value in job.options.items() if key != "request_rate"})
    alone = estimate(replace(job, batch=1.0), [gpu])
    answer = alone.at(0, 0)
    if answer.job.trains:
        asked = "--curve is" if rate is None else "--rate and --curve are"
        raise UsageError(
            f"{asked} of inference; {job.workload} runs {answer.job.phase} here; leave out what asks for "
            "it, or write e.g. --phase serve, --phase infer"
        )
    if not alone.fits[0, 0]:
        raise Infeasible(does_not_fit(answer, gpu))
    most = _LARGEST if job.batch is None else float(np.max(job.batch))
    sizes = distinct(np.append(2.0 ** np.arange(np.floor(np.log2(most)) + 1.0), most))
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
    answered = Batches(job, gpu, sizes, found, capacity, rate, queues)
    return _within(answered, terms, round(replicas)) if terms else answered


def _within(found: Batches, terms: Sequence[Term], servers: int) -> Batches:
    """What each batch holds within objectives; refuses a rate that none does, with the GPUs that would."""
    sizes, seconds = found.sizes, found.estimates.latency[0]
    most = np.array([_most(_each(sizes, seconds, size), terms, servers) for size in sizes.tolist()])
    wanted = ", ".join(map(str, terms))
    if not most.any():
        alone = float(seconds[0])
        raise Infeasible(
            f"{wanted} cannot be held on {found.gpu.id}: one alone takes {show(alone, 'time', 3)}; ask for "
            f"{show(1.05 * alone, 'time', 2)} or more, a faster GPU or a narrower --precision"
        )
    best = int(np.argmax(most))
    if found.rate is not None and found.rate > most[best]:
        enough = _enough(sizes, seconds, terms, found.rate, servers)
        gpus = enough / servers * float(found.estimates.at(0, 0).n_gpus)
        raise Infeasible(
            f"{number(found.rate, 4)} requests/s are not held within {wanted}: at most "
            f"{number(most[best], 3)} are, in batches of up to {sizes[best]:g}"
            f"{f'; {gpus:g} GPUs hold it' if enough else ''}; or ask for less"
        )
    return replace(found, within=most, terms=tuple(terms))


def _each(sizes: Array, seconds: Array, most: float) -> Array:
    """S of every batch up to the largest; those between ones known take what lies between them."""
    return np.asarray(np.interp(np.arange(1.0, most + 1.0), sizes, seconds))


def _capacity(each: Array, servers: int) -> float:
    """Requests/s that servers make at most, in batches of the best size."""
    return servers * float(np.max(np.arange(1.0, len(each) + 1.0) / each))


def _most(each: Array, terms: Sequence[Term], servers: int) -> float:
    """Requests/s at most within objectives, by halving; 0 where one alone takes too long."""
    if each[0] > min(term.most for term in terms):
        return 0.0
    high = _BELOW * _capacity(each, servers)
    if keeps(queue(each, high, servers), terms):
        return high
    low = 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if keeps(queue(each, middle, servers), terms) else (low, middle)
    return low


def keeps(found: Queue, terms: Sequence[Term]) -> bool:
    """Whether requests keep to objectives of their latency."""
    return all(found.of(term.how) <= term.most for term in terms)


def _enough(sizes: Array, seconds: Array, terms: Sequence[Term], rate: float, servers: int) -> int:
    """Replicas that hold a rate which `servers` do not: the fewest by halving, 0 if many do not."""

    def held(count: int) -> bool:
        every = (_each(sizes, seconds, size) for size in sizes.tolist())
        able = (each for each in every if rate <= _BELOW * _capacity(each, count))
        return any(keeps(queue(each, rate, count), terms) for each in able)

    low, count = servers, 2 * servers
    while not held(count):
        low, count = count, 2 * count
        if count > _REPLICAS * servers:
            return 0
    while count - low > 1:
        middle = (low + count) // 2
        low, count = (low, middle) if held(middle) else (middle, count)
    return count


def _queues(sizes: Array, seconds: Array, rate: float, servers: int) -> list[Queue | None]:
    """The queue of each largest batch; batches between those known take what lies between them."""
    found: list[Queue | None] = []
    for most in sizes.tolist():
        each = _each(sizes, seconds, most)
        found.append(queue(each, rate, servers) if rate < _capacity(each, servers) else None)
    return found


def queue(seconds: Array, rate: float, servers: int = 1, *, requests: int = 0, seed: int = 0) -> Queue:
    """Requests that arrive at random at `rate`/s at servers that take what waits.

    Args:
        seconds: s of a batch of 1, 2 .. up to the largest, (batches,).
        rate: arrivals/s.
        servers: replicas side by side.
        requests: how many are simulated; 0 for as many as it takes.
        seed: of their arrivals.

    """
    left = max(1.0 - rate / _capacity(seconds, servers), 1e-3)
    requests = requests or int(np.clip(_EACH / left**2, _FEWEST, _MOST))
    arrival = np.cumsum(np.random.default_rng(seed).exponential(1.0 / rate, requests))
    served = _runs if len(seconds) > 1 else _one_by_one
    done, runs, busy = served(arrival, seconds, servers)
    counted = slice(int(requests * _ENDS), int(requests * (1.0 - _ENDS)))
    whole = float(done.max()) * servers
    return Queue((done - arrival)[counted], requests / runs, busy / whole)


def _one_by_one(arrival: Array, seconds: Array, servers: int) -> tuple[Array, int, float]:
    """What `_runs` gives of batches of one: servers that take equally long take turns (Lindley, 1952)."""
    requests = len(arrival)
    # One row a turn; what fills the last row comes when all others have.
    turns = np.append(arrival, np.full(-requests % servers, arrival[-1])).reshape(-1, servers)
    ahead = np.arange(len(turns))[:, np.newaxis] * seconds
    done = np.maximum.accumulate(turns - ahead, axis=0) + ahead + seconds
    return done.ravel()[:requests], requests, requests * float(seconds[0])


def _runs(arrival: Array, seconds: Array, servers: int) -> tuple[Array, int, float]:
    """When each request is given back in s, the runs that it took, and the s that all servers worked."""
    came, took, requests = arrival.tolist(), seconds.tolist(), len(arrival)
    done, free = np.empty(requests), [0.0] * servers
    heapify(free)
    first, runs, busy = 0, 0, 0.0
    while first < requests:
        start = max(heappop(free), came[first])
        last = bisect_right(came, start, first + 1, min(first + len(took), requests))
        end = start + took[last - first - 1]
        done[first:last] = end
        heappush(free, end)
        busy += end - start
        first, runs = last, runs + 1
    return done, runs, busy
