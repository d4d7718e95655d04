"""Fitting the effects of `fit.Fit` to published measurements.

Minimise, over the effects theta,

    sum_i w_i (log predicted_i - log measured_i)^2 / s^2 + sum_k (theta_k / sigma_k)^2

by Gauss-Newton. w are Student-t weights (nu = 4), so that a wrong row loses its say; sigma is the
prior width of each kind of effect, so that what few rows speak to stays near physics. Two kinds of
effect serve the fit alone: how fast the host of a GPU's rows launches, and how fast its links are
(`host-l`, `host-b`). They take up what one machine did, and no prediction has them.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.answers import Z90
from whichgpu.cost.calibration import releases
from whichgpu.cost.calibration.effects import Fit
from whichgpu.cost.calibration.problem import Problem
from whichgpu.cost.estimate import finish
from whichgpu.cost.job import placing
from whichgpu.cost.job.layout import Layout, lay_out
from whichgpu.cost.reading.metrics import TIMED, metric
from whichgpu.cost.table.groups import arrays
from whichgpu.cost.table.rows import read_job
from whichgpu.errors import UsageError, WhichGpuError
from whichgpu.hardware.names import resolve as resolve_gpu
from whichgpu.values import NamedTuple, immutable
from whichgpu.workloads.job import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.calibration.slopes import Slopes
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

    Array = NDArray[np.float64]
    #: Rows that share all but their numbers, with their jobs.
    Alike = Sequence[tuple[Mapping[str, str], Job]]

_NU, _SCALE = 4.0, 0.08
#: A fit is at its end where a step gains less than this of the log-likelihood; the least part of a step.
_SETTLED, _LEAST = 0.1, 0.1
#: Share of the rows without which one step does not arrive, and the steps that are made then at the most.
_MUCH, _FURTHER = 1.0 / 3.0, 6
#: Prior widths by the shape of an effect's name, see `width`. Those of workloads are narrow, so that what
#: several workloads have in common is learnt as a class of ops, and holds for a workload not yet seen.
_WIDTHS: Mapping[str, float] = {
    "c/": 0.35, "c//": 0.25, "c@": 0.06, "c/@": 0.08, "c=": 0.25, "c/=": 0.30, "c=+": 0.12, "c/=+": 0.15,
    "c//=": 0.20, "c//=+": 0.10,
    "m/": 0.35, "m//": 0.25, "m@": 0.05, "m/@": 0.08, "m%": 0.15, "m=": 0.25, "m/=": 0.30, "m=+": 0.12,
    "m/=+": 0.15,
    "c~": 0.10, "c~=": 0.05, "c~/": 0.05,
    "l=": 0.50, "l=+": 0.18, "l/=": 0.30, "b%": 0.50, "b%=": 0.15, "b/": 0.70,
    "w/": 0.03, "w/=": 0.03, "w//": 0.03, "w//=": 0.06, "w@=": 0.07, "host-l/": 0.20, "host-b/": 0.50,
}  # fmt: skip
_TRAIN = 0.7
#: Effects that take up what one machine did.
HOSTS = ("host-l/", "host-b/")


@immutable
class Group:
    """Rows of one workload, phase, format, runtime and GPU, laid out together; arrays are (J,)."""

    rows: tuple[Mapping[str, str], ...]
    layout: Layout
    sign: Array
    base: Array
    seconds: Array


def alike(
    rows: Iterable[Mapping[str, str]], catalogue: Catalogue
) -> tuple[list[tuple[Gpu, Alike]], dict[str, str]]:
    """Rows by what they share, on one GPU each; by row id, why a row cannot be read."""
    buckets: dict[Any, list[tuple[Mapping[str, str], Job]]] = defaultdict(list)
    left: dict[str, str] = {}
    for row in rows:
        try:
            gpu = resolve_gpu(row["gpu"], catalogue)
            job = placing.held(read_job(row), gpu)
        except WhichGpuError as fault:
            left[row["id"]] = str(fault)
            continue
        stated = tuple(name for name in NUMBERS if getattr(job, name) is not None)
        key = (job.workload, job.phase, job.precision, job.runtime, tuple(sorted(job.options.items())),
               gpu.id, stated)  # fmt: skip
        buckets[key].append((row, job))
    return [(catalogue[key[-2]], members) for key, members in buckets.items()], left


def swept(members: Alike) -> Job:
    """The jobs of rows that are alike, as one sweep."""
    first = members[0][1]
    stated = [getattr(first, name) is not None for name in NUMBERS]
    numbers = [tuple(getattr(job, name) for name in NUMBERS) for _, job in members]
    return first.changed(**arrays(numbers, stated))


def groups(rows: Iterable[Mapping[str, str]], catalogue: Catalogue) -> tuple[list[Group], dict[str, str]]:
    """Lay measured rows out; gives the groups and, by row id, why a row is left out."""
    timed = [row for row in rows if row["metric"] in TIMED and float(row["value"] or 0) > 0]
    every, left = alike(timed, catalogue)
    found: dict[int, Group] = {}
    # Jobs of the same work one after the other: its ops are kept a while.
    for place, (gpu, members) in sorted(enumerate(every), key=lambda one: str(one[1][1][0][1])):
        try:
            found[place] = _group(members, gpu)
        except WhichGpuError as fault:
            left.update((row["id"], str(fault)) for row, _ in members)
    return [found[place] for place in sorted(found)], left


def _group(members: Alike, gpu: Gpu) -> Group:
    layout = lay_out(swept(members), [gpu])
    if layout.refusals[0]:
        raise UsageError(layout.refusals[0])
    estimates = finish(layout, Fit())
    base = np.empty(len(members))
    asking: dict[tuple[str, str], list[int]] = defaultdict(list)
    for j, (row, _) in enumerate(members):
        asking[row["metric"], row["unit"]].append(j)
    for (name, unit), rows in asking.items():
        figures = estimates.figures(0, np.minimum(rows, estimates.seconds.shape[1] - 1))
        base[rows] = metric(name)(figures, unit)[1]
    seconds = np.broadcast_to(estimates.seconds[0], (len(members),))
    if not np.all(np.isfinite(base)):
        raise UsageError("no finite prediction to calibrate")
    sign = np.array([TIMED[row["metric"]] for row, _ in members])
    return Group(tuple(row for row, _ in members), layout, sign, base, seconds.copy())


@cache
def width(name: str) -> float:
    """Prior standard deviation of an effect, in the logarithm."""
    for host in HOSTS:
        if name.startswith(host):
            return _WIDTHS[host]
    plain = name.removesuffix("+train")
    shape = plain[0] + "".join(ch for ch in plain if ch in "/@%=~+")
    own = plain[0] in "cml" and plain != name
    return _WIDTHS[shape] * (_TRAIN if own else 1.0)


class Solution(NamedTuple):
    """A fit with its linearised problem: residuals (rows,), and the weighted normal equations."""

    problem: Problem
    theta: Array
    residuals: Array
    weighted: Slopes
    pull: Array

    @property
    def right(self) -> Array:
        """The right side of the normal equations, (effects,)."""
        return self.weighted.transposed_times(self.pull)

    @property
    def fit(self) -> Fit:
        """The effects that predictions have."""
        pairs = zip(self.problem.names, self.theta.tolist(), strict=True)
        return Fit({name: value for name, value in pairs if not name.startswith(HOSTS)})

    def errors(self, theta: Array, rows: NDArray[np.bool_] | None = None) -> Array:
        """Log errors of what effects say of each row, whose host they do not know; NaN outside of `rows`."""
        hosts = np.array([name.startswith(HOSTS) for name in self.problem.names])
        return self.problem.predict(np.where(hosts, 0.0, theta), rows) - self.problem.measured


def _linearised(problem: Problem, theta: Array, says: Array) -> Solution:
    log, slopes = problem.linearise(theta)
    residuals = log - problem.measured
    roots = np.sqrt(says * (_NU + 1) / (_NU + (residuals / _SCALE) ** 2)) / _SCALE
    return Solution(
        problem, theta, residuals, slopes.scaled(roots), roots * (slopes.times(theta) - residuals)
    )


def _prior(problem: Problem) -> Array:
    """What the prior adds to the diagonal of the normal equations, (effects,)."""
    return np.array([width(name) for name in problem.names]) ** -2.0


def calibrate(found: Sequence[Group], iterations: int = 18) -> Solution:
    """Fit the effects; gives them with the problem linearised at the solution."""
    problem = Problem.of(found)
    theta = _settled(problem, np.zeros(len(problem.names)), problem.says, iterations)
    return _linearised(problem, theta, problem.says)


def _settled(problem: Problem, theta: Array, says: Array, iterations: int) -> Array:
    """The effects that fit rows which have so much to say, (rows,), sought from `theta` on."""
    reached = np.inf
    for _ in range(iterations):
        solution = _linearised(problem, theta, says)
        step = solution.weighted.solved(_prior(problem), solution.right) - theta
        theta, best = _searched(problem, theta, step, says)
        if reached - best < _SETTLED:
            break
        reached = best
    return theta


def _searched(problem: Problem, theta: Array, step: Array, says: Array) -> tuple[Array, float]:
    """The best of the whole step and halves of it, and what is minimised there.

    Shares change as the balance of arithmetic and traffic moves, so that a whole step often goes too far.
    """
    best, part = np.inf, 2.0
    while part > _LEAST:
        tried = _objective(problem, theta + 0.5 * part * step, says)
        if tried > best:
            break
        best, part = tried, 0.5 * part
    return theta + part * step, best


def _objective(problem: Problem, theta: Array, says: Array) -> float:
    """Minus the logarithm of likelihood (Student-t) and prior, but for a constant."""
    residuals = (problem.predict(theta) - problem.measured) / _SCALE
    widths = np.array([width(name) for name in problem.names])
    fitted = 0.5 * (_NU + 1.0) * (says * np.log1p(residuals**2 / _NU)).sum()
    return float(fitted + 0.5 * ((theta / widths) ** 2).sum())


class Step(NamedTuple):
    """The inverse of the normal equations, and the effects that they give."""

    inverse: Array
    theta: Array

    @classmethod
    def of(cls, solution: Solution) -> Step:
        """The step of all rows."""
        inverse = solution.weighted.inverse(_prior(solution.problem))
        return cls(inverse, inverse @ solution.right)


def left_out(solution: Solution, keys: Sequence[Any], step: Step | None = None) -> Array:
    """Log errors of each row under a fit that has not seen its key (its GPU, its workload), (rows,)."""
    step = step or Step.of(solution)
    labels = np.array([str(key) for key in keys])
    errors = np.empty(len(labels))
    for label in np.unique(labels):
        out = labels == label
        unseen = releases.alone(label, labels.tolist())
        errors[out] = without(solution, out, step, unseen)[out]
    return errors


def without(
    solution: Solution, out: NDArray[np.bool_], step: Step | None = None, unseen: Collection[str] = ()
) -> Array:
    """Log errors under a fit that has not seen the rows `out`, (rows,); NaN of the rows that it has seen.

    It is one Gauss-Newton step from the whole fit, `step` where it is known; its predictions are exact. With
    A the normal equations and X the rows of the fold, (A - X'X)^-1 comes from A^-1 and a system of the fold's
    size (Woodbury), which is small for most folds; only effects that the fold speaks to are asked for.
    Without a third of the rows one step does not arrive: that fold is fitted to its end. Releases that are
    then `unseen` are as those beside them.
    """
    step = step or Step.of(solution)
    rows, used = solution.weighted.of(out)
    much = bool(out.mean() > _MUCH)
    # Of a fit to its end every effect is wanted.
    wanted = np.arange(len(step.theta)) if much else used
    reach = rows @ step.inverse[np.ix_(used, wanted)]
    mine = reach[:, used] if much else reach
    first = step.theta[used] - solution.pull[out] @ mine
    gain = np.linalg.solve(np.eye(len(rows)) - rows @ mine.T, rows @ first)
    theta = step.theta.copy()
    theta[wanted] += (gain - solution.pull[out]) @ reach
    if much:
        problem = solution.problem
        theta = _settled(problem, theta, np.where(out, 0.0, problem.says), _FURTHER)
    return solution.errors(releases.filled(solution.problem.names, theta, unseen) if unseen else theta, out)


def spread90(errors: Array) -> float:
    """The log standard deviation whose 90 % interval holds 90 % of the errors."""
    return float(np.quantile(np.abs(errors), 0.9) / Z90)
