"""What measurements of one's own say of other jobs: predictions, given how far off they were elsewhere.

The log error of a prediction, log(measured / predicted), is a sum of a part that GPUs share (of workload and
runtime, standard deviation S) and a part of the GPU's own (O), as `spread.py` splits it. For two jobs
i, j of one user

    cov(i, j) = (S_i S_j + [same GPU] O_i O_j) r exp(-d(i, j))

d adds up what the jobs do not have in common (workload, runtime, precision, sizes ..); its weights and r are
`[anchor]` in `data/fits/prior.toml`. r is 1 of one job on one GPU, which errs alike whenever it is run.
Given measured errors e of some jobs with covariance K, one more has

    mean = c' (K + N)^-1 e,    variance = S^2 + O^2 - c' (K + N)^-1 c

(Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, eq. 2.25 and 2.26); N is the noise
of a measurement, over the number of rows that one error is the mean of. Errors have heavy tails, so that
this is done for a Student-t process of nu degrees of freedom: the variance is also multiplied by (nu - 2 +
e' (K + N)^-1 e) / (nu - 2 + n), which is large where measurements are far from what was predicted (Shah,
Wilson and Ghahramani, "Student-t Processes as Alternatives to Gaussian Processes", 2014, lemma 3).

A run that is far off tells of its own GPU and machine, and of others little: of measured rows beyond 3
standard deviations three quarters of the error and more are not found again on another GPU of the source, and
nine tenths are on the same one. So the part of a GPU's own is given the variance that its runs ask for
(`_strange`) where they lie farther from what the others and the model say than `strange` deviations.

S is of jobs whose source the fit has not seen. Of a run that is on file, or one of its table, it has: what
its software and hand do to all GPUs is in the prediction, and what is left of its error is its own. Between
GPUs its covariances are multiplied by 1 - `known`.

The covariance of a user's errors has a scale of its own, the likeliest by them (empirical Bayes, `_scale`).
Of a model that is not in the zoo nobody knows how much work it is: all errors then share a `level` as well.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.calibration.spread import erring_as, version_of
from whichgpu.cost.coefficients import section
from whichgpu.cost.timing.classes import lineage
from whichgpu.values import NamedTuple, immutable
from whichgpu.workloads.job import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.estimates import Estimates
    from whichgpu.workloads.job import Job

    Array = NDArray[np.float64]

#: Texts of a job that either agree or do not, each with a weight in `[anchor]`.
_TEXTS = ("workload", "group", "version", "runtime", "precision", "lineage")
#: Which weight a doubling of a number has; of those not named, `size`.
_DOUBLINGS = {"n_gpus": "n_gpus", "tp": "degree", "pp": "degree", "batch": "batch", "concurrency": "flight"}
#: A distance that is none; deviations of the scale that are tried.
_SAME, _SCALES = 1e-9, 10.0


@immutable
class Place:
    """What a job on a GPU has in common with others.

    `numbers` are floats, or arrays over the job axis (J,), by column; `shared` and `own` are log standard
    deviations of its prediction, (J,) or floats.
    """

    workload: str
    group: str
    version: str
    runtime: str
    precision: str
    gpu: str
    lineage: str
    numbers: Mapping[str, Any]
    options: Mapping[str, Any]
    shared: Any
    own: Any


class Point(NamedTuple):
    """A measured job: `error` is log(measured rate / predicted rate), the mean of `rows` rows.

    `known` is the chance that the fit has learnt from runs like it (`filed.py`): then what software and
    hand do to all GPUs is in the prediction already, and its error is its own GPU's.
    """

    place: Place
    error: float
    rows: float = 1.0
    known: float = 0.0


class Shift(NamedTuple):
    """What points make of a prediction: it moves by `mean` in the logarithm, `spread` is left, (J,)."""

    mean: Any
    spread: Any


def place(found: Estimates, g: int) -> Place:
    """The place of the jobs of a sweep on its g-th GPU."""
    job, gpu = found.job, found.devices.gpus[g]
    return Place(
        workload=found.workload.architecture, group=erring_as(found), version=version_of(found.runtime),
        runtime=found.runtime.kernels, precision=job.precision, gpu=gpu.id, lineage=lineage(gpu),
        numbers=numbers(job), options=dict(job.options),
        shared=found.spread_shared[g], own=found.spread_own[g],
    )  # fmt: skip


def numbers(job: Job) -> dict[str, Any]:
    """The numeric columns that a job states, degrees of parallelism at least 1."""
    stated = {name: getattr(job, name) for name in NUMBERS}
    return {"n_gpus": 1.0, "tp": 1.0, "pp": 1.0, **{k: v for k, v in stated.items() if v is not None}}


def distance(one: Place, other: Place) -> Any:
    """What two jobs do not have in common, weighed, (J,) or a float: 0 on two GPUs of a lineage."""
    weights = section("anchor")
    far: Any = sum(weights[name] for name in _TEXTS if getattr(one, name) != getattr(other, name))
    for name in sorted({*one.numbers, *other.numbers}):
        weight = weights[_DOUBLINGS.get(name, "size")]
        if name not in one.numbers or name not in other.numbers:
            far = far + weight
            continue
        here, there = np.asarray(one.numbers[name]), np.asarray(other.numbers[name])
        far = far + weight * np.abs(np.log2((here + 1.0) / (there + 1.0)))
    unlike = {*one.options, *other.options}
    return far + weights["option"] * sum(
        str(one.options.get(key)) != str(other.options.get(key)) for key in unlike
    )


def covariance(one: Place, other: Place) -> Any:
    """Covariance of the log errors of two jobs, (J,) or a float, but for the noise of measuring."""
    same = one.gpu == other.gpu
    parts = one.shared * other.shared + float(same) * one.own * other.own
    far = distance(one, other)
    alike = np.where(same & (np.asarray(far) < _SAME), 1.0, section("anchor")["alike"])
    return parts * alike * np.exp(-far)


def posterior(points: Sequence[Point], asked: Place, level: float = 0.0) -> Shift:
    """What measured points say of the jobs asked for; without any, the prediction as it is.

    `level` is the log standard deviation of what all of them have in common beside the model's errors. A
    measurement never makes a prediction less sure than it was: tails would, where it is far off.
    """
    prior = np.asarray(asked.shared, dtype=np.float64) ** 2 + np.asarray(asked.own, dtype=np.float64) ** 2
    if not points:
        return Shift(np.zeros_like(prior), np.sqrt(prior))
    if level:
        return _posterior(points, asked, prior, level)
    found = _posterior(points, asked, prior, 0.0)
    return Shift(found.mean, np.minimum(found.spread, np.sqrt(prior)))


def _posterior(points: Sequence[Point], asked: Place, prior: Array, level: float) -> Shift:
    known, size, common = section("anchor"), len(points), level**2
    errors = np.array([point.error for point in points])
    alike, noise = kernel(points), _noise(points)
    odd = {} if level else _strange(points, alike + np.diag(noise), errors)
    beyond = np.array([odd.get(one.place.gpu, 0.0) for one in points])
    alike = alike + np.where(_unlike([one.place.gpu for one in points]) == 0.0, beyond, 0.0)
    scale = 1.0 if level else _scale(alike, noise, errors)
    between = scale * alike + common + np.diag(noise)
    cross = np.array([np.broadcast_to(covariance(one.place, asked), prior.shape) for one in points])
    prior = prior + odd.get(asked.gpu, 0.0)
    same = np.array([one.place.gpu == asked.gpu for one in points])
    on_it = [1.0 - one.known for one in points if one.place.gpu == asked.gpu]
    here = _carried(asked) * min(on_it, default=1.0)
    cross = cross * _alike(_news(points), here, same).reshape((size,) + (1,) * prior.ndim)
    cross = cross + (same * beyond).reshape((size,) + (1,) * prior.ndim)
    cross = scale * cross + common
    solved = np.linalg.solve(between, cross.reshape(size, -1)).reshape(cross.shape)
    mean = np.tensordot(errors, solved, axes=1)
    left = np.maximum(scale * prior + common - (cross * solved).sum(axis=0), 0.0)
    rest = known["freedom"] - 2.0
    tails = (rest + float(errors @ np.linalg.solve(between, errors))) / (rest + size)
    # What is predicted is one more run, with the noise of one.
    return Shift(mean, np.sqrt(tails * left + known["noise"] ** 2))


def _strange(points: Sequence[Point], between: Array, errors: Array) -> dict[str, float]:
    """By GPU, the variance of its own that its runs ask for beyond the usual; nothing of most."""
    found, gpus = {}, np.array([one.place.gpu for one in points], dtype=object)
    for gpu in dict.fromkeys(gpus.tolist()):
        here = gpus == gpu
        rest = ~here
        known = np.linalg.solve(between[np.ix_(rest, rest)], between[np.ix_(rest, here)])
        off = float((errors[here] - known.T @ errors[rest]).mean())
        usual = float((between[np.ix_(here, here)] - between[np.ix_(here, rest)] @ known).mean())
        beyond = (off / section("anchor")["strange"]) ** 2 - usual
        if beyond > 0.0:
            found[gpu] = beyond
    return found


def _scale(alike: Array, noise: Array, errors: Array) -> float:
    """How much larger or smaller this user's errors are than the spreads say, squared: the likeliest.

    Before any is seen its logarithm is normal around none, of deviation `scale` (of the errors, not their
    square): one run changes little, twenty say it themselves.
    """
    width = section("anchor")["scale"]
    values, vectors = np.linalg.eigh(alike + np.diag(noise))
    # The noise is far smaller than what it is added to, so that it may scale along in finding the axes.
    rotated = (vectors.T @ errors) ** 2
    tried = np.linspace(-_SCALES * width, _SCALES * width, 61)
    spread = np.exp(2.0 * tried)[:, None] * np.maximum(values - noise.mean(), 0.0) + noise.mean()
    cost = (np.log(spread) + rotated / spread).sum(axis=1) + (tried / width) ** 2
    return float(np.exp(2.0 * tried[int(np.argmin(cost))]))


def kernel(points: Sequence[Point]) -> Array:
    """Covariances of the errors of points but for the noise of measuring them, (points, points).

    What `covariance` says of every two, all at once: there may be hundreds.
    """
    weights, places = section("anchor"), [one.place for one in points]
    far: Array = np.zeros((len(places), len(places)))
    for name in _TEXTS:
        far += weights[name] * _unlike([getattr(one, name) for one in places])
    for name in sorted({name for one in places for name in one.numbers}):
        sizes = np.array([scalar(one.numbers[name]) if name in one.numbers else np.nan for one in places])
        logs = np.log2(sizes + 1.0)
        gaps = np.abs(logs[:, None] - logs)
        stated = np.isfinite(logs)
        gaps = np.where(np.isnan(gaps), (stated[:, None] != stated).astype(float), gaps)
        far += weights[_DOUBLINGS.get(name, "size")] * gaps
    for name in sorted({name for one in places for name in one.options}):
        far += weights["option"] * _unlike([str(one.options.get(name)) for one in places])
    shared, own = (np.array([scalar(getattr(one, name)) for one in places]) for name in ("shared", "own"))
    same = _unlike([one.gpu for one in places]) == 0.0
    parts = shared[:, None] * shared + np.where(same, own[:, None] * own, 0.0)
    alike = np.where(same & (far < _SAME), 1.0, weights["alike"])
    news = _news(points)
    found: Array = parts * alike * _alike(news[:, None], news, same) * np.exp(-far)
    return found


def _alike(one: Any, other: Any, same: Any) -> Array:
    """What two errors have in common: what is news of all GPUs, and on one GPU what is its own."""
    own = np.sqrt((1.0 - one**2) * (1.0 - other**2))
    return np.asarray(one * other + np.where(same, own, 0.0))


def _news(points: Sequence[Point]) -> Array:
    """What of each run's error is news of other GPUs: not what the fit has learnt from runs like it."""
    return np.array([(1.0 - one.known) * _carried(one.place) for one in points])


def _carried(place: Place) -> float:
    """What of a job's error other GPUs have too: of language models little, by group (`carried`)."""
    return math.sqrt(section("anchor")["carried"].get(place.group, 1.0))


def _unlike(texts: Sequence[str]) -> Array:
    """1 where two texts differ, (texts, texts)."""
    codes = np.unique(np.array(texts, dtype=str), return_inverse=True)[1].reshape(-1)
    return np.asarray(codes[:, None] != codes, dtype=np.float64)


def _noise(points: Sequence[Point]) -> Array:
    """Variances that measuring adds to points, each the mean of its rows."""
    return np.array([section("anchor")["noise"] ** 2 / max(one.rows, 1.0) for one in points])


def total(points: Sequence[Point]) -> Array:
    """Covariances of the measured errors of points, as `posterior` takes them, (points, points)."""
    alike, noise = kernel(points), _noise(points)
    errors = np.array([one.error for one in points])
    return _scale(alike, noise, errors) * alike + np.diag(noise)


def scalar(value: Any) -> float:
    """The number of a float, or of an array of one job."""
    return float(np.asarray(value, dtype=np.float64).reshape(-1)[0])


def shifted(found: Estimates, points: Sequence[Point], level: float = 0.0) -> Estimates:
    """Estimates given measured points (see `posterior`): rates and times move, and their intervals narrow."""
    if not points:
        return found
    each = [posterior(points, place(found, g), level) for g in range(len(found.devices.gpus))]
    shape = found.throughput.shape
    means = np.array([np.broadcast_to(one.mean, shape[1:]) for one in each])
    left = np.array([np.broadcast_to(one.spread, shape[1:]) for one in each])
    own = np.minimum(found.spread_own, 0.999 * left)
    faster = np.exp(means)
    first = found.first_token
    return replace(
        found, throughput=found.throughput * faster, latency=found.latency / faster,
        seconds=found.seconds / faster, first_token=None if first is None else first / faster,
        spread_own=own, spread_shared=np.sqrt(left**2 - own**2),
    )  # fmt: skip
