"""Replicas of many splits on many GPU types, from almost idle to full: what each holds within objectives.

The grid of a cell (a GPU type, a split of it) is of n others that an arrival meets, in equal steps of their
logarithm up to the places. Times are nearly straight in n, so that what lies between two points is read off a
line. Percentiles here are of a distribution with the model's mean and variance; those of a chosen replica are
simulated (`cost/serving/simulate.py`):

    TTFT     a least, and beside it a gamma distribution: what is left of a pass, prompts before, a place
    TPOT     normal; n others vary by n / (1 - e) where a pass grows as n^e (birth and death process)
    latency  normal, of the two and of lengths that differ
    ITL      passes with k prompts in them, k Poisson
"""

from __future__ import annotations

from dataclasses import replace
from math import factorial
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.job.requests import Requests, unloaded
from whichgpu.cost.serving.admission import Admission, admission, following, in_groups, waiting
from whichgpu.cost.serving.load import seconds_of
from whichgpu.cost.serving.scheduling import message_passes
from whichgpu.cost.serving.steady import Met, engine
from whichgpu.values import immutable
from whichgpu.workloads.job import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.job.layout import Layout
    from whichgpu.cost.serving.slo import Term
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

    Array = NDArray[np.float64]

#: The fewest others of the grid, and its last points as shares of the places: waiting rises steeply there.
_LEAST, _ENDS = 0.05, (0.6, 0.75, 0.88, 0.94, 0.98)
#: So many standard deviations below the places, waiting for one is worked out.
_NEAR = 4.0
#: A request sees the mean of others over its own time: of a triangular correlation, sqrt(2/3).
_AVERAGED = (2.0 / 3.0) ** 0.5
#: What is said of a cell where nothing fits.
_NEVER = {
    "tpot": 1e12, "ttft": 1e12, "each": 0.0, "rate": 1e-12, "variance": 0.0, "least": 1e12,
    "prompts": 0.0, "stretch": 1.0,
}  # fmt: skip
#: Prompts that may join one pass, for percentiles of the time between tokens.
_JOIN = 12


@immutable
class Replicas:
    """Each job of a sweep (J splits) on each GPU type (G) at P loads; arrays are (G, J, P), s and requests/s.

    `rate` is of one replica; `variance` of TTFT and `spread`, the relative standard deviation of TPOT, make
    its percentiles, `least` is the part of TTFT that never varies. `places` (G, J) is below one where nothing
    fits, or the GPU cannot run it (`refusals`, by GPU).
    """

    job: Job
    gpus: Sequence[Gpu]
    rate: Array
    others: Array
    ttft: Array
    tpot: Array
    latency: Array
    least: Array
    variance: Array
    spread: Array
    prompts: Array
    each: Array
    places: Array
    refusals: tuple[str, ...]
    required: Array
    #: Passes from one message of an answer to the next, (G, J, 1).
    bundle: Any = 1.0

    @property
    def capacity(self) -> Array:
        """Requests/s of a replica with nearly all its places taken, (G, J)."""
        return np.asarray(self.rate[..., -1])

    def values(self, metric: str, how: str) -> Array:
        """A metric (ttft, tpot, itl, latency), its `mean` or p50 .. p99; it never falls with the load."""
        found = self._mean(metric) if how == "mean" else self._percentile(metric, int(how[1:]) / 100.0)
        return np.asarray(np.maximum.accumulate(found, axis=-1))

    def _mean(self, metric: str) -> Array:
        gaps: Array = self.bundle * self.tpot
        return {"ttft": self.ttft, "tpot": self.tpot, "itl": gaps, "latency": self.latency}[metric]

    def _percentile(self, metric: str, share: float) -> Array:
        from statistics import NormalDist  # 10 ms, which most answers do without

        z = NormalDist().inv_cdf(share)
        if metric == "ttft":
            return self.least + _gamma(self.ttft - self.least, self.variance, z)
        if metric == "tpot":
            return self.tpot * (1.0 + z * self.spread)
        if metric == "itl":
            return self._gap(share)
        # One length of all jobs, or one of each, (J, 1).
        output = np.reshape(np.asarray(self.job.output_tokens, dtype=np.float64), (-1, 1))
        lengths = Requests.of(self.job).output_variation * (output * self.tpot) ** 2
        deviation = np.sqrt(self.variance + (output * self.tpot * self.spread) ** 2 + lengths)
        return np.maximum(self.latency + z * deviation, self.least)

    def _gap(self, share: float) -> Array:
        joined = self.rate * self.tpot
        below, count = np.zeros_like(joined), np.zeros_like(joined)
        for k in range(_JOIN):
            below = below + np.exp(-joined) * joined**k / factorial(k)
            count = np.where(below < share, k + 1.0, count)
        one = np.maximum(self.tpot - joined * self.each, 0.0) + count * self.each
        return np.asarray(self.bundle * self.tpot + np.sqrt(self.bundle) * (one - self.tpot))

    def largest(self, terms: Sequence[Term], slower: Any = 1.0) -> tuple[Array, NDArray[np.int_]]:
        """Requests/s at most of one replica within every objective, (G, J), and which of them binds.

        0 where not even a request alone keeps them; the number of terms stands for the capacity. With
        `slower`, (G, J), every time is so many times the model's.
        """
        at = np.broadcast_to(self.others[..., -1], self.places.shape)
        binding = np.full(self.places.shape, len(terms))
        for i, term in enumerate(terms):
            reached = _crossing(
                self.others, self.values(term.metric, term.how), np.asarray(term.most / slower)
            )
            binding = np.where(reached < at, i, binding)
            at = np.minimum(at, reached)
        return np.where(self.places >= 1.0, self.rates(at) / slower, 0.0), binding

    def rates(self, others: Array) -> Array:
        """Requests/s of a replica whose arrivals meet so many others, (G, J)."""
        seconds = self.others / np.maximum(self.rate, 1e-30)
        return np.asarray(np.where(others > 0.0, others / _line(self.others, seconds, others), 0.0))

    def at(self, rate: Array, values: Array) -> Array:
        """Values of the grid at a rate of one replica, (G, J)."""
        return _line(self.others, values, self.met(rate))

    def met(self, rate: Array) -> Array:
        """Others that an arrival meets at a rate of one replica, (G, J): n / (a + b n) between points."""
        seconds = self.others / np.maximum(self.rate, 1e-30)
        points = self.others.shape[-1]
        below: Any = (self.rate < rate[..., None]).sum(axis=-1)
        right = np.clip(below, 1, points - 1)
        (low, high), (first, last) = (_either(values, right) for values in (self.others, seconds))
        slope = (last - first) / np.maximum(high - low, 1e-30)
        alone = first - slope * low
        met = rate * alone / np.maximum(1.0 - rate * slope, 1e-12)
        # Where more in flight bring no more requests/s the first of them is met, and not none.
        return np.clip(met, np.where(right > 1, low, 0.0), high)

    def users(self, pause: float = 0.0) -> Array:
        """Users that one replica serves at each load, each with `pause` s between answer and next request."""
        return np.asarray(self.rate * (self.latency + pause))


def replicas(job: Job, gpus: Sequence[Gpu], points: int = 9, *, turns: int = 1) -> Replicas:
    """The replicas of a sweep of serving jobs, `points` loads each.

    `turns` is how often the requests that run are worked out anew, those that wait for prompts among them.
    """
    full = lay_out(unloaded(job), gpus)
    assert full.serving is not None
    shape = (len(gpus), job.size)
    able = np.array([not why for why in full.refusals])[:, None]
    fits = np.where(able, np.nan_to_num(np.broadcast_to(full.serving.fits, shape)), 0.0)
    places = np.floor(fits)
    others = _grid(np.minimum(places, following(full.job, full.runtime, full.devices) + 1.0), points)
    found = _where_it_fits(job, gpus, others, places >= 1.0, turns)
    rising = np.maximum.accumulate(found["rate"], axis=-1)
    waits, spread = _waiting(others, rising, (found["stretch"] - 1.0) * others, fits, full)
    variance = spread + found["variance"]
    output = np.maximum(np.reshape(np.asarray(full.job.output_tokens, dtype=np.float64), (-1, 1)), 1.0)
    ttft = found["ttft"] + waits
    own: dict[str, Any]
    own = {name: np.broadcast_to(getattr(full.job, name), (job.size,)) for name in ("tp", "pp", "n_gpus")}
    parts = sum((np.asarray(part) for part in full.parts.values()), start=np.zeros(1))
    return Replicas(
        job=replace(full.job, **own), gpus=gpus, rate=rising,
        others=others, ttft=ttft, tpot=found["tpot"],
        latency=ttft + (output - 1.0) * found["tpot"],
        least=found["least"], variance=variance, spread=_spread(others, found["tpot"]),
        prompts=found["prompts"], each=found["each"], places=places, refusals=full.refusals,
        required=np.broadcast_to(parts, shape),
        bundle=np.broadcast_to(message_passes(full.runtime, full.job), shape)[..., None],
    )  # fmt: skip


def _where_it_fits(
    job: Job, gpus: Sequence[Gpu], others: Array, fits: NDArray[np.bool_], turns: int
) -> dict[str, Array]:
    """What `_timed` says of GPU types and splits on which anything fits; elsewhere nothing is ever served."""
    rows, columns = (np.flatnonzero(fits.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return {name: np.full_like(others, value) for name, value in _NEVER.items()}
    own, points = others[np.ix_(rows, columns)], others.shape[-1]
    swept, stretch = _repeated(job, columns, points), np.ones_like(own)
    some = [gpus[row] for row in rows.tolist()]
    for _ in range(turns):
        found = _timed(lay_out(swept, some, met=Met(_flat(own), np.zeros(1), _flat(stretch))), own)
        stretch = found["stretch"]
    whole = {}
    for name, value in _NEVER.items():
        whole[name] = np.full_like(others, value)
        whole[name][np.ix_(rows, columns)] = found[name]
    return whole


def _grid(places: Array, points: int) -> Array:
    """Others that an arrival meets, rising, (G, J, P): in proportion, then in shares of the places."""
    most = np.maximum(places, 4.0 * _LEAST)[..., None]
    first = _LEAST * (_ENDS[0] * most / _LEAST) ** np.linspace(0.0, 1.0, points - len(_ENDS) + 1)
    return np.concatenate([first, most * np.array(_ENDS[1:])], axis=-1)


def _timed(laid: Layout, others: Array) -> dict[str, Array]:
    """What the passes of a laid-out grid say, each (G, J, P)."""
    steady = laid.serving
    assert steady is not None
    passes, prompt = seconds_of(steady.work, laid), seconds_of(steady.prompt, laid)
    steady = steady.timed(lambda work: seconds_of(work, laid), prompt)
    output, order = laid.passes, engine(laid.runtime)
    ttft, tokens, rate = steady.answered(passes, prompt, output)
    each = np.asarray(steady.interruption * prompt)
    rate = rate / output
    at_work = steady.at_work
    spent = rate * order["interruption"] * prompt
    # No prompt is computed sooner than with the tokens of those that run, where it shares their pass.
    beside = steady.gained * passes * np.maximum(1.0 - rate * each, 0.0) * at_work * order["mixed"]
    columns = {
        "tpot": tokens, "ttft": ttft, "each": each, "rate": rate,
        "stretch": steady.stretch(passes, prompt, output),
        "variance": steady.first_variance(passes, prompt, output),
        "least": np.minimum(
            steady.reached(passes) + each + beside + steady.without * (1.0 - at_work), ttft
        ),
        "prompts": np.minimum(spent / np.maximum(at_work, spent), 1.0),
    }  # fmt: skip
    return {
        name: np.broadcast_to(value, (others.shape[0], others.shape[1] * others.shape[2])).reshape(
            others.shape
        )
        for name, value in columns.items()
    }


def _repeated(job: Job, chosen: NDArray[np.int_], points: int) -> Job:
    """A sweep with every chosen job so many times in turn, without a load of its own."""
    columns: dict[str, Any] = {
        name: np.repeat(np.broadcast_to(getattr(job, name), (job.size,))[chosen], points)
        for name in NUMBERS
        if np.ndim(getattr(job, name)) or (getattr(job, name) is not None and name == "n_gpus")
    }
    options: dict[str, Any] = {
        key: np.repeat(value[chosen], points) if isinstance(value, np.ndarray) else value
        for key, value in job.options.items()
    }
    return replace(job, concurrency=None, options=options, **columns)


def _flat(values: Array) -> Array:
    return values.reshape(values.shape[0], -1)


def _spread(others: Array, tpot: Array) -> Array:
    """Relative standard deviation of TPOT, (G, J, P)."""
    grown = np.diff(np.log(np.maximum(tpot, 1e-12)), axis=-1) / np.diff(np.log(others), axis=-1)
    # At a point what lies to its left and right; at either end there is one of them.
    both = (grown[..., :-1] + grown[..., 1:]) / 2.0
    steep = np.clip(np.concatenate([grown[..., :1], both, grown[..., -1:]], axis=-1), 0.0, 0.9)
    return np.asarray(steep / np.sqrt(np.maximum(others, 1.0) * (1.0 - steep)) * _AVERAGED)


def _waiting(
    others: Array, rate: Array, mates: Array, fits: Array, laid: Layout
) -> tuple[Array, Array]:  # fmt: skip
    """Mean seconds of waiting for a place and their variance, (G, J, P).

    `mates` are others whose prompts are computed right before or after a request's own.
    """
    room = admission(laid.job, laid.runtime, laid.devices, fits)
    grain, anew = np.broadcast_to(room.grain, fits.shape), np.broadcast_to(room.anew, fits.shape)
    mean, variance = np.zeros_like(others), np.zeros_like(others)
    held = room.at_once[..., None]
    near = (others >= held - _NEAR * np.sqrt(held)) & (fits[..., None] >= 1.0)
    for g, j in zip(*np.nonzero(near.any(axis=-1)), strict=True):
        at = near[g, j]
        own = Admission(room.at_once[g, j], grain[g, j], room.variation, anew[g, j])
        # Where anyone waits groups are about as large: few places are left for them to grow into.
        own = in_groups(own, mates[g, j, at].mean())
        wait, often = waiting(rate[g, j, at], others[g, j], rate[g, j], own)
        mean[g, j, at] = wait
        # Whoever waits does so for an exponential time: E[w^2] = 2 mean^2 / probability.
        variance[g, j, at] = wait**2 * (2.0 / np.maximum(often, 1e-6) - 1.0)
    return mean, variance


def _gamma(mean: Array, variance: Array, z: float) -> Array:
    """The quantile of a gamma distribution (Wilson and Hilferty, PNAS 17, 1931)."""
    mean = np.maximum(mean, 1e-12)
    ninth = variance / (9.0 * mean**2)
    return np.asarray(mean * np.maximum(1.0 - ninth + z * np.sqrt(ninth), 0.0) ** 3)


def _line(x: Array, y: Array, at: Array) -> Array:
    """Values at points of a rising x, straight between those known, (G, J)."""
    points = x.shape[-1]
    below: Any = (x < at[..., None]).sum(axis=-1)
    right = np.clip(below, 1, points - 1)
    (low, high), (first, last) = (_either(values, right) for values in (x, y))
    share = (at - low) / np.maximum(high - low, 1e-30)
    return np.asarray(first + np.clip(share, 0.0, 1.0) * (last - first))


def _either(values: Array, right: NDArray[np.int_]) -> tuple[Array, Array]:
    """Values at the points left and right, each (G, J)."""
    left, here = (np.take_along_axis(values, (right + k)[..., None], -1)[..., 0] for k in (-1, 0))
    return left, here


def _crossing(x: Array, y: Array, most: Array) -> Array:
    """The largest x at which a rising y is at most `most`, 0 where there is none, (G, J)."""
    below = np.sum(y <= most[..., None], axis=-1)
    points = x.shape[-1]
    right = np.clip(below, 1, points - 1)
    (low, high), (first, last) = (_either(values, right) for values in (x, y))
    share = np.clip((most - first) / np.maximum(last - first, 1e-30), 0.0, 1.0)
    inside = low + share * (high - low)
    return np.asarray(np.where(below == 0, 0.0, np.where(below >= points, x[..., -1], inside)))
