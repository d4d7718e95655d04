"""What a load generator prints of a run: every figure of requests that are simulated one by one.

A run has a beginning and an end: it opens with all that may be in flight at once, and closes with fewer and
fewer answers, which throughput counts in full. Means over such a run are not those of a server that goes on,
and which of them, their median or a percentile a source publishes makes a difference of its own.

A statistic is named as vLLM's own figures are: `ttft`, `tpot`, `itl` or `latency`, and `mean`, `p50` (also
`median`), `p90`, `p95`, `p99`.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.job.requests import USUAL_RUN, Requests, alike, at_random, is_run, limit
from whichgpu.cost.serving import curve, load, simulate
from whichgpu.cost.serving.steady import UNEVEN, engine
from whichgpu.errors import UsageError
from whichgpu.values import immutable
from whichgpu.workloads.lengths import uniform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from whichgpu.cost.answers import Estimate
    from whichgpu.cost.serving.curve import Tails
    from whichgpu.cost.serving.simulate import Outcome, Stream
    from whichgpu.facts.model import Interval
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

    Array = NDArray[np.float64]

#: Times of requests, as load generators name them.
METRICS = ("ttft", "tpot", "itl", "latency")
#: Requests of a short run are drawn anew until there are so many, so that no answer hangs on a few lengths.
_ENOUGH, _DRAWS = 600, 6
#: The most requests of a replica that are simulated.
_MOST = 100_000


@immutable
class Run:
    """A run on all GPUs of a job: `seconds` of it, its `rates` in 1/s by what they count, its `tails`.

    The rates are of requests, output tokens, input tokens and of both kinds together (`total`); `unsent` is
    the share of the requests that were not simulated.
    """

    seconds: float
    rates: dict[str, float]
    tails: Tails

    def of(self, metric: str, how: str) -> float:
        """One figure of the requests in s, e.g. `of("ttft", "p99")`."""
        return self.tails.of(metric, how)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, SI units."""
        return {"seconds": self.seconds, "rates": dict(self.rates), **self.tails.to_dict()}


def run(job: Job, gpu: Gpu) -> Run:
    """The run of a complete job that states one (`requests.is_run`); raises as `curve.curve` does."""
    asked, checked = Requests.of(job), curve.checked(job, gpu, long=True)
    laid = lay_out(checked, [gpu])
    replicas = float(np.ravel(laid.replicas)[0])
    sent = asked.sent if np.isfinite(asked.sent) else USUAL_RUN
    own = max(round(sent / replicas), 1)
    if own > _MOST:
        raise UsageError(
            f"option num_prompts: {own:,} requests of a replica are more than the {_MOST:,} that are "
            f"simulated; write num_prompts={_MOST * replicas:.0f}, or leave it out for a run that goes on"
        )
    rate = asked.rate if at_random(replace(job, concurrency=None)) else None
    most = limit(job) if job.concurrency is None else float(job.concurrency)
    held = 0 if most is None else max(1, round(most / replicas))
    # A pass that is as long as a prompt and its load hangs on how many are in flight.
    server = load.server(replace(checked, concurrency=most), gpu)
    server = server.in_step if alike(job) and rate is None else server
    server = replace(server, opens=float(engine(laid.runtime).get("opens", 0.0)))
    drawn = [
        _stream(job, own, seed, None if rate is None else rate / replicas)
        for seed in range(1 if alike(job) and rate is None else min(ceil(_ENOUGH / own), _DRAWS))
    ]
    found = [
        simulate.simulate(server, one, in_flight=held or own * (rate is None), paced=rate is not None)
        for one in drawn
    ]
    return _printed(found, drawn, replicas)


def _stream(job: Job, count: int, seed: int, rate: float | None) -> Stream:
    """The requests of one replica: their lengths have the stated means, and the first is sent at once."""
    asked = Requests.of(job)
    even = None if alike(job) else uniform(1.0, UNEVEN)
    drawn = simulate.poisson(
        count, rate or 1.0, float(job.input_tokens), float(job.output_tokens), prompts=asked.prompts or even,
        answers=asked.answers or even, cached=asked.prefix_hit, burstiness=asked.burstiness, seed=seed,
    )  # fmt: skip
    # A published run states what it had, not what it was drawn from.
    longer = float(job.output_tokens) / float(drawn.output.mean())
    more = float(job.input_tokens) / max(float((drawn.prompt + drawn.cached).mean()), 1.0)
    return simulate.Stream(
        drawn.arrival - drawn.arrival[0], np.maximum(drawn.prompt * more, 1.0), drawn.cached * more,
        np.maximum(np.round(drawn.output * longer), 1.0),
    )  # fmt: skip


def _printed(found: list[Outcome], drawn: list[Stream], replicas: float) -> Run:
    """The figures of several draws of a run, in the mean."""
    tails = [curve.summary(one) for one in found]
    seconds = [float(one.done.max()) for one in found]
    sums: dict[str, list[float]] = {
        "requests": [float(len(one)) for one in drawn],
        "output": [float(one.output.sum()) for one in drawn],
        "input": [float((one.prompt + one.cached).sum()) for one in drawn],
    }
    rates = {
        name: replicas * float(np.mean(np.array(each) / np.array(seconds))) for name, each in sums.items()
    }
    return Run(float(np.mean(seconds)), {**rates, "total": rates["input"] + rates["output"]}, _mean(tails))


def _mean(tails: list[Tails]) -> Tails:
    """The mean of each figure over several draws."""
    first = tails[0]
    figures = {
        name: {how: float(np.mean([one.of(name, how) for one in tails])) for how in getattr(first, name)}
        for name in METRICS
    }
    often = float(np.mean([one.preempted for one in tails]))
    return curve.Tails(**figures, requests=sum(one.requests for one in tails), preempted=often)


def steady(job: Job, gpu: Gpu, means: Mapping[str, float]) -> Tails:
    """The percentiles of a complete job that states no run, around its means (`ttft`, `tpot`, `latency`, s).

    Of requests at a rate they are as simulated; a load generator that keeps a number in flight is simulated
    over its first waves; raises as `curve.curve` does.
    """
    checked = curve.checked(job, gpu)
    table, pool = curve.ready(checked, gpu)
    simulator = curve.simulator(checked, gpu, table, pool)
    if at_random(job):
        return simulator.tails("rate", float(Requests.of(job).rate or 0.0))
    flight = table.places * table.replicas if job.concurrency is None else float(job.concurrency)
    return simulator.tails("concurrency", flight).around(means["ttft"], means["tpot"], means["latency"])


def told(answer: Estimate, gpu: Gpu) -> Estimate:
    """An estimate of a run with the means of the requests that were simulated; any other as it is."""
    if not is_run(answer.job) or answer.ttft is None or answer.tpot is None:
        return answer
    found, most = run(answer.job, gpu), limit(answer.job)
    return replace(
        answer,
        run=found,
        sequences=answer.sequences if most is None else min(answer.sequences, most / answer.replicas),
        throughput=_moved(answer.throughput, found.rates["output"]),
        latency=_moved(answer.latency, found.of("latency", "mean")),
        ttft=_moved(answer.ttft, found.of("ttft", "mean")),
        tpot=_moved(answer.tpot, found.of("tpot", "mean")),
    )


def _moved(interval: Interval, middle: float) -> Interval:
    """An interval as wide, around another middle."""
    return interval.scaled(middle / interval.mid) if middle > 0.0 else interval
