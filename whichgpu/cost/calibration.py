"""Fitting the effects of `fit.Fit` to published measurements.

Minimise, over the effects theta,

    sum_i w_i (log predicted_i - log measured_i)^2 / s^2 + sum_k (theta_k / sigma_k)^2

by Gauss-Newton. w are Student-t weights (nu = 4), so that a wrong row loses its say; sigma is the
prior width of each kind of effect, so that what few rows speak to stays near physics. Predictions
depend on theta through the shares of each op class (`Timing.shares`), which are exact derivatives.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.estimate import finish
from whichgpu.cost.fit import Fit, compute_terms, launch_terms, link_terms, memory_terms, workload_terms
from whichgpu.cost.layout import Layout, lay_out
from whichgpu.cost.metrics import METRICS, TIMED
from whichgpu.cost.parallel import data_parallel_seconds
from whichgpu.cost.rows import read_job
from whichgpu.errors import UsageError, WhichGpuError
from whichgpu.hardware.names import resolve as resolve_gpu
from whichgpu.workloads.job import NUMBERS, Job

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.hardware.catalogue import Catalogue

    Array = NDArray[np.float64]

_NU, _SCALE = 4.0, 0.08
#: Prior widths by the shape of an effect's name, see `width`.
_WIDTHS: Mapping[str, float] = {
    "c/": 0.35, "c//": 0.25, "c@": 0.12, "c/@": 0.15, "c=": 0.25, "c/=": 0.25,
    "c/==": 0.15, "m/==": 0.15,
    "m/": 0.35, "m@": 0.10, "m%": 0.15, "m=": 0.25, "m/=": 0.20, "l=": 0.50, "b%": 0.40,
    "c~": 0.10, "m~": 0.10, "w/": 0.12, "w/=": 0.15,
}  # fmt: skip
_TRAIN = 0.7


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one workload, phase, format, runtime and GPU, laid out together; arrays are (J,)."""

    rows: tuple[Mapping[str, str], ...]
    layout: Layout
    sign: Array
    base: Array
    seconds: Array


def groups(rows: Iterable[Mapping[str, str]], catalogue: Catalogue) -> tuple[list[Group], dict[str, str]]:
    """Lay measured rows out; gives the groups and, by row id, why a row is left out."""
    buckets: dict[Any, list[tuple[Mapping[str, str], Job]]] = defaultdict(list)
    left: dict[str, str] = {}
    for row in rows:
        try:
            if row["metric"] not in TIMED or float(row["value"] or 0) <= 0:
                continue
            job = read_job(row)
            gpu = resolve_gpu(row["gpu"], catalogue)
        except WhichGpuError as fault:
            left[row["id"]] = str(fault)
            continue
        stated = tuple(name for name in NUMBERS if getattr(job, name) is not None)
        key = (job.workload, job.phase, job.precision, job.runtime, tuple(sorted(job.options.items())),
               gpu.id, stated)  # fmt: skip
        buckets[key].append((row, job))
    found = []
    for key, members in buckets.items():
        try:
            found.append(_group(members, catalogue[key[-2]]))
        except WhichGpuError as fault:
            left.update((row["id"], str(fault)) for row, _ in members)
    return found, left


def _group(members: Sequence[tuple[Mapping[str, str], Job]], gpu: Any) -> Group:
    from dataclasses import replace

    first = members[0][1]
    columns: dict[str, Any] = {
        name: np.array([float(getattr(job, name)) for _, job in members])
        for name in NUMBERS
        if getattr(first, name) is not None
    }
    layout = lay_out(replace(first, **columns), [gpu])
    estimates = finish(layout, Fit())
    last = estimates.seconds.shape[1] - 1
    answers = [estimates.at(0, min(j, last)) for j in range(len(members))]
    base = [METRICS[row["metric"]](answer, row["unit"], row)[1]
            for answer, (row, _) in zip(answers, members, strict=True)]  # fmt: skip
    seconds = np.broadcast_to(estimates.seconds[0], (len(members),))
    if not np.all(np.isfinite(base)):
        raise UsageError("no finite prediction to calibrate")
    sign = np.array([TIMED[row["metric"]] for row, _ in members])
    return Group(tuple(row for row, _ in members), layout, sign, np.array(base), seconds.copy())


def terms_of(group: Group, key: tuple[str, Any]) -> Mapping[str, float]:
    """The effects behind one share of a group, with their weights."""
    side, kind = key
    place, stack = group.layout.devices.traits[0], group.layout.runtime.key
    trains = group.layout.job.trains
    if side == "l":
        return launch_terms(stack, trains=trains)
    return (compute_terms if side == "c" else memory_terms)(kind, place, stack, trains=trains)


def width(name: str) -> float:
    """Prior standard deviation of an effect, in the logarithm."""
    plain = name.removesuffix("+train")
    shape = plain[0] + "".join(ch for ch in plain if ch in "/@%=~")
    known = _WIDTHS.get(shape, 0.15)
    return known * (_TRAIN if plain != name else 1.0)


def linearise(group: Group, found: Fit) -> tuple[Array, dict[str, Array]]:
    """Log predictions of a group under a fit, and their slopes by effect, each (J,)."""
    estimates = finish(group.layout, found, sensitivities=True)
    count = len(group.rows)
    seconds = np.broadcast_to(estimates.seconds[0], (count,))
    log = np.log(group.base) + group.sign * np.log(seconds / group.seconds)
    factor = found.factor(workload_terms(group.layout.workload.id, group.layout.runtime.key,
                                         trains=group.layout.job.trains))  # fmt: skip
    stretch, links = _elasticities(group.layout, estimates.timing.seconds / factor, found)
    slopes: dict[str, Array] = defaultdict(lambda: np.zeros(count))
    for key, share in estimates.timing.shares.items():
        each = -group.sign * np.broadcast_to((share * stretch)[0], (count,))
        for name, weight in terms_of(group, key).items():
            slopes[name] = slopes[name] + weight * each
    whole = -group.sign * np.broadcast_to(stretch[0], (count,))
    own = workload_terms(group.layout.workload.id, group.layout.runtime.key, trains=group.layout.job.trains)
    for name in own:
        slopes[name] = whole
    place = group.layout.devices.traits[0]
    for j, gpus in enumerate(np.broadcast_to(group.layout.replicas, (count,))):
        if gpus > 1 and group.layout.gradients is not None:
            for name in link_terms(place, gpus):
                slopes[name] = slopes[name] + np.eye(count)[j] * group.sign * np.broadcast_to(
                    links[0], (count,)
                )
    return log, dict(slopes)


def _elasticities(laid: Layout, step: Array, found: Fit) -> tuple[Array, Array]:
    """Relative change of the job's time with that of its pass, and with the rate of its links."""
    if laid.gradients is None:
        return np.ones((1, 1)), np.zeros((1, 1))
    small = 1e-4
    rate = found.links(laid.devices.traits, laid.replicas)

    def seconds(by: float, links: float) -> Array:
        return data_parallel_seconds(
            step * (1 + by), laid.gradients, laid.replicas, laid.devices, rate * (1 + links)
        )

    own = np.log(seconds(small, 0.0) / seconds(-small, 0.0)) / (2 * small)
    links = np.log(seconds(0.0, small) / seconds(0.0, -small)) / (2 * small)
    return np.asarray(own), np.asarray(links)


@dataclass(frozen=True, slots=True)
class System:
    """The linearised problem: slopes (rows, effects), residuals and weights (rows,), widths (effects,)."""

    names: tuple[str, ...]
    slopes: Array
    residuals: Array
    weights: Array
    widths: Array
    rows: tuple[Mapping[str, str], ...]


def assemble(found: Sequence[Group], guess: Fit) -> System:
    """Linearise every group at a guess."""
    logs: list[Array] = []
    parts: list[dict[str, Array]] = []
    rows: list[Mapping[str, str]] = []
    index: dict[str, int] = {}
    for group in found:
        log, slopes = linearise(group, guess)
        logs.append(log - np.log([float(row["value"]) for row in group.rows]))
        for name in slopes:
            index.setdefault(name, len(index))
        parts.append(slopes)
        rows.extend(group.rows)
    matrix = np.zeros((len(rows), len(index)))
    start = 0
    for group, slopes in zip(found, parts, strict=True):
        for name, values in slopes.items():
            matrix[start : start + len(group.rows), index[name]] = values
        start += len(group.rows)
    residuals = np.concatenate(logs)
    weights = (_NU + 1) / (_NU + (residuals / _SCALE) ** 2)
    names = tuple(index)
    return System(names, matrix, residuals, weights, np.array([width(n) for n in names]), tuple(rows))


def step(system: System, guess: Fit, keep: Array | None = None) -> Fit:
    """One Gauss-Newton step; `keep` (rows,) leaves rows out where it is False."""
    weights = system.weights if keep is None else system.weights * keep
    theta = np.array([guess.effects.get(name, 0.0) for name in system.names])
    scaled = system.slopes * (weights / _SCALE**2)[:, None]
    normal = scaled.T @ system.slopes + np.diag(1.0 / system.widths**2)
    pull = scaled.T @ (system.slopes @ theta - system.residuals)
    solved = np.linalg.solve(normal, pull)
    return Fit(dict(zip(system.names, solved.tolist(), strict=True)))


def calibrate(found: Sequence[Group], iterations: int = 6) -> tuple[Fit, System]:
    """Fit the effects; gives them with the problem linearised at the solution."""
    guess = Fit()
    for _ in range(iterations):
        system = assemble(found, guess)
        target = step(system, guess)
        # Half steps first: shares change as the balance of arithmetic and traffic moves.
        guess = Fit({name: 0.3 * guess.effects.get(name, 0.0) + 0.7 * value
                     for name, value in target.effects.items()})  # fmt: skip
    return guess, assemble(found, guess)


def left_out(system: System, found: Fit, keys: Sequence[Any]) -> Array:
    """Log errors of each row under a fit that has not seen its key (its GPU, its workload), (rows,).

    One linear step from the whole fit: exact for a linear model, and close where a fold moves the
    shares little.
    """
    theta = np.array([found.effects.get(name, 0.0) for name in system.names])
    labels = np.array([str(key) for key in keys])
    errors = np.empty(len(system.rows))
    for label in np.unique(labels):
        out = labels == label
        fold = step(system, found, ~out)
        moved = np.array([fold.effects[name] for name in system.names]) - theta
        errors[out] = system.residuals[out] + system.slopes[out] @ moved
    return errors


def spread90(errors: Array) -> float:
    """The log standard deviation whose 90 % interval holds 90 % of the errors."""
    return float(np.quantile(np.abs(errors), 0.9) / 1.6448536269514722)
