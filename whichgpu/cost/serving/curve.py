"""A serving curve: throughput, TTFT, TPOT and latency of a job against its load, and what binds it there.

A load is a rate of arrivals at random (`rate`), or a number of requests that a load generator keeps in flight
(`concurrency`). Means are the cost model's; percentiles are of requests simulated one by one.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.arrays import distinct
from whichgpu.cost.calibration.spread import found_for
from whichgpu.cost.estimate import finish
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.job.requests import PROMPT, Requests, alike, in_loop, unloaded
from whichgpu.cost.parallel.mesh import Mesh
from whichgpu.cost.serving import disaggregated, load, simulate
from whichgpu.cost.serving.scheduling import limits, pass_of_a_prompt
from whichgpu.cost.serving.steady import UNEVEN, WAVES, engine, reading
from whichgpu.cost.timing import bounds
from whichgpu.errors import Infeasible, UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.names import resolve
from whichgpu.values import immutable
from whichgpu.workloads.lengths import uniform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from whichgpu.cost.estimates import Estimates
    from whichgpu.cost.serving.disaggregated import Pool
    from whichgpu.cost.serving.simulate import Outcome, Server
    from whichgpu.cost.serving.steady import Met
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

    Array = NDArray[np.float64]

#: Loads of a curve as shares of the capacity.
SHARES = (0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
#: Requests simulated for the percentiles of one load: the fewest, those for each in flight (whose number
#: sways slowly near the capacity), the most; and the share of them at either end that does not count.
_FEWEST, _EACH, _MOST, ENDS = 2000, 40.0, 30_000, 0.05
#: The percentiles that are told.
PERCENTILES = (50, 90, 95, 99)
#: Options that say what load a job is under.
_LOADS = ("request_rate", "num_prompts", "max_concurrency")
#: Share of the capacity up to which a closed loop is looked at as arrivals at random.
_BELOW = 0.999
#: Requests in flight of all replicas, at most, as a job's.
_MOST_HELD = 9e5


@immutable
class Curve:
    """A job on one GPU type under several loads; arrays are (loads,), of all its GPUs together.

    `against` is `rate` or `concurrency`; `request_rate` in 1/s and `in_flight` are both known. `estimates`
    has a column a load. `prompts` is the share of the time at work that goes into prompts; `bound` says what
    limits each load, `shares` its parts. `capacity` is requests/s at most, `places` how many requests are
    held at once and `limit` what allows no more (`places`: KV capacity, or `sequences`: the engine's own
    limit; a load may also be bound by `tokens` of a pass, or by the `front` end); `table` is what the rates
    were read from; `pool` are GPUs for prompts alone.
    """

    job: Job
    gpu: Gpu
    against: str
    request_rate: Array
    in_flight: Array
    estimates: Estimates
    prompts: Array
    shares: Mapping[str, Array]
    bound: tuple[str, ...]
    capacity: float
    places: float
    table: load.Table
    limit: str = "places"
    pool: Pool | None = None

    @property
    def gpus(self) -> float:
        """GPUs in all, those that compute prompts alone among them."""
        return float(self.job.n_gpus) + (0.0 if self.pool is None else self.pool.gpus)

    @property
    def throughput(self) -> Array:
        """Output tokens/s."""
        return np.asarray(self.estimates.throughput[0])

    @property
    def ttft(self) -> Array:
        """Seconds to the first token, in the mean."""
        first = self.estimates.first_token
        assert first is not None
        return np.asarray(first[0])

    @property
    def tpot(self) -> Array:
        """Seconds of each token after it, in the mean."""
        return np.asarray(self.estimates.seconds[0])

    @property
    def latency(self) -> Array:
        """Seconds of a request, in the mean."""
        return np.asarray(self.estimates.latency[0])

    @property
    def knee(self) -> int:
        """The load with the most throughput for its latency (Kleinrock's power)."""
        return int(np.argmax(self.throughput / self.latency))


def curve(job: Job, gpu: Gpu, loads: Array | None = None, *, against: str = "rate") -> Curve:
    """The curve of a single serving job, at `loads` (requests/s or requests in flight) or at spread-out ones.

    Raises `UsageError` for a job that does not serve or is longer than its model was made for, `Infeasible`
    where not one request fits, or where a load is beyond the capacity.
    """
    job = checked(in_loop(job, closed=True) if against == "concurrency" else job, gpu)
    table, pool = ready(job, gpu)
    if against == "concurrency":
        if pool is not None:
            raise UsageError("prompts on GPUs of their own are answered at a rate: use --curve rate")
        return _closed(job, gpu, table, loads)
    return at_rates(job, gpu, table, table.capacity * np.array(SHARES) if loads is None else loads, pool)


def ready(job: Job, gpu: Gpu) -> tuple[load.Table, Pool | None]:
    """The table of a checked job, which its pool of GPUs for prompts may limit, and that pool."""
    table, name = load.tables(job, gpu)[0], job.options.get("prefill_gpu")
    if (held := table.places * table.replicas) > _MOST_HELD:
        fewer = math.floor(float(job.n_gpus) * _MOST_HELD / held)
        raise UsageError(
            f"{gpu.id}:{job.n_gpus:.0f} holds {held:,.0f} requests at once, and loads are told up to "
            f"{_MOST_HELD:,.0f}; replicas are alike: ask for {gpu.id}:{fewer} and multiply its requests/s"
        )
    found = disaggregated.pool(job, gpu, gpu if name is None else resolve(name, catalogue()))
    return (table if found is None else table._replace(most=found.capacity)), found


def at_rates(job: Job, gpu: Gpu, table: load.Table, loads: Array, pool: Pool | None = None) -> Curve:
    """The curve of a checked job at rates of arrivals; raises `Infeasible` beyond the capacity."""
    if np.any(loads > table.capacity):
        most = float(np.max(loads))
        raise Infeasible(load.beyond(most, table.capacity) + load.narrower(job, [gpu], most))
    met = table.meeting(loads)
    swept = replace(job, concurrency=(met.others[0] + 1.0) * table.replicas)
    found = _curve(swept, gpu, table, "rate", met)
    return found if pool is None else _with_pool(found, pool)


def _with_pool(found: Curve, pool: Pool) -> Curve:
    """A curve whose prompts are computed by others: TTFT is theirs, and the cache is sent after it."""
    stack = found.estimates.runtime
    reached = engine(stack)["first"] + reading(stack, found.job)
    first = reached + np.array([pool.first(rate) for rate in found.request_rate.tolist()])
    # What a request waited for here until it joined a pass is no part of TTFT any more, but of its latency.
    latency = found.latency - reached + first + pool.transfer
    estimates = replace(found.estimates, first_token=first[None, :], latency=latency[None, :])
    spent = pool.gpus / (pool.gpus + float(found.job.n_gpus))
    return replace(
        found, estimates=estimates, in_flight=found.request_rate * latency, pool=pool,
        prompts=np.full_like(first, spent),
    )  # fmt: skip


def checked(job: Job, gpu: Gpu, *, long: bool = False) -> Job:
    """A single job that serves, complete, without a load; raises as `curve` does, unless it may be `long`."""
    from whichgpu.cost.estimate import estimate
    from whichgpu.cost.infeasible import does_not_fit

    rest = {key: value for key, value in job.options.items() if key not in _LOADS}
    found = estimate(replace(job, phase="serve", concurrency=1.0, options=rest), [gpu])
    answer = found.at(0, 0)
    longer = found.workload.beyond(answer.job)
    if longer and not long:
        raise UsageError(f"{longer[0]}; use shorter --input-tokens or --output-tokens")
    if not found.fits[0, 0]:
        raise Infeasible(does_not_fit(answer, gpu))
    return unloaded(answer.job)


def _closed(job: Job, gpu: Gpu, table: load.Table, loads: Array | None) -> Curve:
    most = table.places * table.replicas
    if loads is None:
        loads = distinct(np.append(2.0 ** np.arange(math.floor(math.log2(max(most, 1.0))) + 1), most))
    found = _curve(replace(job, concurrency=loads), gpu, table, "concurrency", None)
    # Prompts join the passes of the others here as well: they take what they take at that rate of arrivals.
    rates = np.minimum(found.request_rate, _BELOW * table.capacity)
    # Who ends together is followed together, so that fewer passes have prompts than of arrivals at random.
    most_served = max(table.capacity, float(np.max(found.request_rate)))
    return replace(found, prompts=at_rates(job, gpu, table, rates).prompts, capacity=most_served)


def _curve(swept: Job, gpu: Gpu, table: load.Table, against: str, met: Met | None) -> Curve:
    laid = lay_out(swept, [gpu], met=met)
    found, steady = found_for(laid), laid.serving
    estimates = finish(laid, found)
    assert steady is not None
    output = np.asarray(laid.job.output_tokens, dtype=np.float64)
    rate = estimates.throughput[0] / output
    each = engine(laid.runtime)["interruption"] * load.seconds_of(steady.prompt, laid)[0]
    shares = {
        name: np.broadcast_to(part, estimates.seconds.shape)[0]
        for name, part in bounds.shares(steady.work, found, steady.links).items()
    }
    places, begun = table.places, float(table.others[-1])
    others, at_work = (
        np.broadcast_to(part, estimates.seconds.shape)[0] for part in (steady.others, steady.at_work)
    )
    taken, spent = others / begun, rate / table.replicas * each
    most = limits(laid.runtime, laid.job, laid.devices)
    ceiling = float(np.max(most.sequences)) * float(Mesh.of(laid.job).attention_dp)
    streamed = rate / table.replicas * output * float(np.ravel(most.front)[0])
    limit = "sequences" if places >= ceiling else "places"
    short = "tokens" if begun < places else limit
    return Curve(
        job=replace(swept, concurrency=None), gpu=gpu, against=against, request_rate=rate,
        in_flight=rate * estimates.latency[0], estimates=estimates,
        prompts=np.minimum(spent / np.maximum(at_work, spent), 1.0), shares=shares,
        bound=tuple(
            "front" if streamed[j] >= bounds.TAKEN
            else short if share >= bounds.TAKEN else max(shares, key=lambda name: float(shares[name][j]))
            for j, share in enumerate(taken.tolist())
        ),
        capacity=table.capacity, places=places * table.replicas, table=table, limit=limit,
    )  # fmt: skip


@immutable
class Tails:
    """Requests simulated at one load: s by metric (ttft, tpot, latency, itl) and by percentile or `mean`."""

    ttft: Mapping[str, float]
    tpot: Mapping[str, float]
    latency: Mapping[str, float]
    itl: Mapping[str, float]
    requests: int
    #: How often a sequence was taken off for want of room in the cache, for each request.
    preempted: float = 0.0

    def of(self, metric: str, how: str) -> float:
        """One figure, e.g. `of("ttft", "p90")`."""
        values: Mapping[str, float] = getattr(self, metric)
        return values[how]

    def around(self, ttft: float, tpot: float, latency: float) -> Tails:
        """The same shapes around other means."""
        gaps = self.itl["mean"] * tpot / max(self.tpot["mean"], 1e-12)
        known = {"ttft": ttft, "tpot": tpot, "latency": latency, "itl": gaps}
        scaled: dict[str, Any] = {
            name: {how: value * mean / max(getattr(self, name)["mean"], 1e-12)
                   for how, value in getattr(self, name).items()}
            for name, mean in known.items()
        }  # fmt: skip
        return replace(self, **scaled)

    def to_dict(self) -> dict[str, object]:
        """Plain values, s."""
        return {"requests": self.requests, "preempted": self.preempted, **{name: dict(getattr(self, name))
                                              for name in ("ttft", "tpot", "latency", "itl")}}  # fmt: skip


def simulator(job: Job, gpu: Gpu, table: load.Table, pool: Pool | None = None) -> Simulator:
    """What simulates a checked job, ready to be asked for several loads."""
    return Simulator(job, table, load.server(job, gpu), pool)


@immutable
class Simulator:
    """One of a job's replicas, to which its share of the requests is sent."""

    job: Job
    table: load.Table
    server: Server
    pool: Pool | None = None

    def at_rate(self, rate: float, *, requests: int = 0, seed: int = 0) -> Outcome:
        """Requests that arrive at random at `rate`/s over all replicas; 0 for as many as it takes."""
        held = round(float(self.table.met(rate)))
        requests = requests or int(np.clip(_EACH * held, _FEWEST, _MOST))
        stream = self._stream(rate, requests, seed)
        if self.pool is None:
            return simulate.simulate(self.server, stream, held=held, seed=seed)
        # The pool sees the requests of all replicas, of which this one has its turn.
        turns = round(self.table.replicas)
        whole = self._stream(rate * turns, requests * turns, seed)
        first = self.pool.serve(whole.arrival)[::turns]
        stream = replace(stream, arrival=first + self.pool.transfer)
        rest = simulate.simulate(self.server, stream, held=held, seed=seed)
        return replace(rest, arrival=whole.arrival[::turns], first=first + self.server.first)

    def in_flight(self, count: float, *, requests: int = _MOST, seed: int = 0) -> Outcome:
        """A load generator that keeps `count` requests in flight over all replicas."""
        own = max(1, round(count / self.table.replicas))
        uneven = 0.0 if alike(self.job) else UNEVEN
        stream = self._stream(self.table.capacity, min(requests, WAVES * own), seed, uneven)
        server = self.server.in_step if alike(self.job) else self.server
        if self.job.options.get("max_num_batched_tokens") == PROMPT:
            alone, all_ = (float(pass_of_a_prompt(self.job, one)) for one in (1.0, count))
            server = replace(server, budget=server.budget * all_ / alone)
        return simulate.simulate(server, stream, in_flight=own)

    def tails(self, against: str, load_: float, *, seed: int = 0) -> Tails:
        """The percentiles at one load, `rate` or `concurrency`.

        At a rate what happens at either end of the run does not count; of a load generator all does.
        """
        if against == "rate":
            return summary(self.at_rate(load_, seed=seed), ENDS)
        return summary(self.in_flight(load_))

    def _stream(self, rate: float, requests: int, seed: int, uneven: float = 0.0) -> simulate.Stream:
        asked = Requests.of(self.job)
        even = uniform(1.0, uneven) if uneven else None
        return simulate.poisson(
            requests, rate / self.table.replicas, float(self.job.input_tokens), float(self.job.output_tokens),
            prompts=asked.prompts or even, answers=asked.answers or even, cached=asked.prefix_hit,
            burstiness=asked.burstiness, seed=seed,
        )  # fmt: skip


def summary(outcome: Outcome, ends: float = 0.0) -> Tails:
    """The figures of a simulated run, less a share of its requests at either end."""
    count = len(outcome.arrival)
    counted = slice(int(count * ends), max(int(count * (1.0 - ends)), 1))
    columns = {name: _figures(getattr(outcome, name)[counted]) for name in ("ttft", "tpot", "latency")}
    itl = {f"p{share}": outcome.gap(share / 100.0) for share in PERCENTILES}
    itl["mean"] = outcome.mean_gap
    return Tails(**columns, itl=itl, requests=count, preempted=outcome.taken_off / max(count, 1))


def _figures(values: Array) -> dict[str, float]:
    known = values[np.isfinite(values)]
    if not known.size:
        return dict.fromkeys(("mean", *(f"p{share}" for share in PERCENTILES)), 0.0)
    found = np.percentile(known, PERCENTILES).tolist()
    return {
        "mean": float(known.mean()),
        **{f"p{at}": one for at, one in zip(PERCENTILES, found, strict=True)},
    }
