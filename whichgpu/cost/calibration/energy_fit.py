"""Fitting the law of `energy.py` to published power, and what it misses by when it has not seen a job.

Minimise, over the logarithms of the coefficients and the effects of lineages,

    sum_i w_i (log P_i - log measured_i)^2 / s^2 + sum_k ((theta_k - prior_k) / sigma_k)^2

by Gauss-Newton. w_i is a Student-t weight (nu = 4), so that a wrong row loses its say, times the
number of rows of the same GPU and workload to the power -1/2, since those of one sweep err alike.

A row of power is fitted at the time that was measured in the same run, where its source states one,
and at the predicted time elsewhere. It is judged at the time that the model predicts without what is
left out: power and time err together, since what is thought too fast is thought too busy.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost import energy
from whichgpu.cost.answers import Z90
from whichgpu.cost.calibration.fitting import alike, spread90, swept
from whichgpu.cost.calibration.measured import left_out, measured_rows
from whichgpu.cost.calibration.spread import group_of
from whichgpu.cost.estimate import finish
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.reading.metrics import TIMED
from whichgpu.errors import WhichGpuError
from whichgpu.facts import store
from whichgpu.values import NamedTuple, immutable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from whichgpu.cost.calibration.effects import Fit
    from whichgpu.cost.calibration.fitting import Alike
    from whichgpu.cost.calibration.refit import Refit
    from whichgpu.cost.energy import Activity, Chips
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

    Array = NDArray[np.float64]
    Row = Mapping[str, str]

#: What can be left out of a fit, and how a row is labelled by it.
KINDS = ("seen", "gpu", "workload", "source")
_NU, _SCALE = 4.0, 0.10
#: Rows of a group that weigh as much as the whole when its spread is estimated.
_SHRINK = 20.0
#: Columns that make two rows the same run.
_RUN = (
    "source", "workload", "gpu", "n_gpus", "phase", "precision", "batch", "resolution", "seq_len",
    "input_tokens", "output_tokens", "concurrency", "tp", "pp", "steps", "runtime", "options",
)  # fmt: skip


def run_of(row: Row) -> tuple[str, ...]:
    """The run that a row was measured in."""
    return tuple(row.get(name, "") for name in _RUN)


class Labels(NamedTuple):
    """What is left out together with a row."""

    gpu: str
    #: Its id, and what models of equal layers have in common.
    workload: str
    architecture: str
    source: str
    group: str
    runtime: str


@immutable
class Observations:
    """Rows of power with what their jobs do; arrays are (N,) but those of `activity` and `chips`, (N, 1).

    `late` is the logarithm of predicted over measured time by what the fit of time had not seen, NaN
    where no time was measured. `energy` is the measured J per unit times the measured rate over W.
    """

    rows: tuple[Row, ...]
    labels: tuple[Labels, ...]
    watts: Array
    activity: Activity
    chips: Chips
    late: Mapping[str, Array]

    def measured(self) -> Activity:
        """What the jobs do at the measured time; at the predicted one where none was measured."""
        return self.activity.slowed(np.exp(-np.nan_to_num(self.late["seen"], nan=0.0))[:, None])

    def fairness(self) -> Array:
        """Weights (N,) that keep the rows of one sweep from outvoting the rest."""
        runs = np.array([f"{one.gpu} {one.workload}" for one in self.labels])
        _, inverse, counts = np.unique(runs, return_inverse=True, return_counts=True)
        return np.asarray((counts[inverse] / counts.mean()) ** -0.5)

    def label(self, kind: str) -> NDArray[np.str_]:
        """Each row's label of a kind; one for all where nothing is left out."""
        name = "architecture" if kind == "workload" else kind
        return np.array([getattr(one, name, "") for one in self.labels])


def late_of(done: Refit) -> Mapping[str, Mapping[tuple[str, ...], float]]:
    """Log of predicted over measured time of every timed run, by what its fit had not seen."""
    sign = [TIMED[row["metric"]] for row in done.rows]
    return {
        kind: {run_of(row): s * float(error)
               for row, s, error in zip(done.rows, sign, done.errors[kind], strict=True)}
        for kind in KINDS
    }  # fmt: skip


def observe(
    rows: Iterable[Row], catalogue: Catalogue, found: Fit, late: Mapping[str, Mapping[Any, float]]
) -> Observations:
    """Lay every row of power out, timed under a fit; rows that cannot be predicted are left out."""
    watched = [row for row in rows if row["metric"] == "power"]
    every = [one for each in alike(watched, catalogue)[0] for one in _watched(*each, found)]
    places = {id(row): place for place, row in enumerate(watched)}
    every.sort(key=lambda one: places[id(one[0])])
    kept, labels, doing, on = zip(*every, strict=True) if every else ((), (), (), ())
    return Observations(
        tuple(kept), tuple(labels), np.array([float(row["value"]) for row in kept]),
        _stacked(energy.Activity, doing), _chips(on),
        {kind: np.array([known.get(run_of(row), np.nan) for row in kept]) for kind, known in late.items()},
    )  # fmt: skip


def _watched(gpu: Gpu, members: Alike, found: Fit) -> list[tuple[Row, Labels, Activity, Chips]]:
    """Rows that are alike: what each is, does, and on what; without those that cannot be predicted."""
    try:
        laid = lay_out(swept(members), [gpu])
        doing = finish(laid, found).activity
    except WhichGpuError:
        # One of them is refused by its numbers: the others stand.
        return [one for each in members for one in _watched(gpu, [each], found)] if len(members) > 1 else []
    if laid.refusals[0] or not laid.runtime.exact:
        return []
    columns = [np.broadcast_to(getattr(doing, f.name), (1, len(members)))[0] for f in fields(doing)]
    on, group = energy.chips(laid), group_of(laid)
    return [
        (
            row,
            Labels(
                gpu.id, laid.workload.id, laid.workload.architecture, row["source"], group, laid.runtime.id
            ),
            energy.Activity(*each),
            on,
        )
        for (row, _), each in zip(members, zip(*columns, strict=True), strict=True)
    ]


def _stacked(kind: Any, parts: Sequence[Any]) -> Any:
    return kind(*(np.concatenate([np.reshape(getattr(one, f.name), (1, 1)) for one in parts])
                  for f in fields(kind)))  # fmt: skip


def _chips(parts: Sequence[Chips]) -> Chips:
    columns: dict[str, Any] = {}
    for name in (f.name for f in fields(energy.Chips)):
        values = [getattr(one, name) for one in parts]
        named = isinstance(values[0], tuple)
        columns[name] = tuple(one[0] for one in values) if named else np.concatenate(values)
    return energy.Chips(**columns)


@immutable
class Problem:
    """The fit's unknowns: logarithms of the coefficients, then effects of lineages; arrays are (K,)."""

    names: tuple[str, ...]
    start: Array
    width: Array

    @classmethod
    def of(cls, lineages: Iterable[str]) -> Problem:
        """The unknowns of a fit to rows of these lineages."""
        known = {name: prior for name, prior in energy.priors().items() if name not in ("lineage", "work")}
        width = energy.priors()["lineage"][1]
        effects = [f"{kind}@{one}" for one in sorted(set(lineages)) for kind in ("idle", "dynamic")]
        start = [np.log(value) for value, _ in known.values()] + [0.0] * len(effects)
        widths = [sigma for _, sigma in known.values()] + [width] * len(effects)
        return cls((*known, *effects), np.array(start), np.array(widths))

    def values(self, theta: Array) -> dict[str, float]:
        """Coefficients by name: effects stay logarithms."""
        return {
            name: float(value if "@" in name else np.exp(value))
            for name, value in zip(self.names, theta, strict=True)
        }


def fitted(
    seen: Observations, problem: Problem, keep: NDArray[np.bool_], start: Array | None = None, steps: int = 25
) -> Array:
    """The unknowns that fit the rows of `keep` (N,) best."""
    doing, truth, fair = seen.measured(), np.log(seen.watts), seen.fairness() * keep

    def residuals(theta: Array) -> Array:
        return np.log(energy.law(problem.values(theta), doing, seen.chips)[:, 0]) - truth

    theta = np.array(problem.start if start is None else start)
    for _ in range(steps):
        now = residuals(theta)
        weights = fair * (_NU + 1) / (_NU + (now / _SCALE) ** 2) / _SCALE**2
        slopes = np.stack([(residuals(theta + shift) - now) / 1e-4 for shift in 1e-4 * np.eye(len(theta))], 1)
        normal = (slopes * weights[:, None]).T @ slopes + np.diag(problem.width**-2.0)
        pull = (slopes * weights[:, None]).T @ now + (theta - problem.start) / problem.width**2
        theta = theta - np.clip(np.linalg.solve(normal, pull), -0.3, 0.3)
    return theta


def works(seen: Observations, values: Mapping[str, float], keep: NDArray[np.bool_]) -> dict[str, float]:
    """The effects of workloads on demand, given all else, from the rows of `keep` (N,).

    They come second so that the law stays what a workload that was never measured is best served by.
    """
    doing, truth, fair = seen.measured(), np.log(seen.watts), seen.fairness() * keep
    names, inverse = np.unique(np.array(seen.chips.works), return_inverse=True)
    width = energy.priors()["work"][1]
    theta = np.zeros(len(names))

    def residuals(of: Array) -> Array:
        effects = {f"work@{name}": float(value) for name, value in zip(names, of, strict=True)}
        return np.log(energy.law({**values, **effects}, doing, seen.chips)[:, 0]) - truth

    for _ in range(8):
        now = residuals(theta)
        # A row depends on the effect of its own workload alone, so that one shift gives every slope.
        slope = (residuals(theta + 1e-4) - now) / 1e-4
        weights = fair * (_NU + 1) / (_NU + (now / _SCALE) ** 2) / _SCALE**2
        normal = np.bincount(inverse, weights * slope**2) + width**-2.0
        pull = np.bincount(inverse, weights * slope * now) + theta / width**2
        theta = theta - np.clip(pull / normal, -0.3, 0.3)
    return {f"work@{name}": float(value) for name, value in zip(names, theta, strict=True)}


class PowerFit(NamedTuple):
    """Coefficients, the rows, and by what was left out: log errors of power, and of energy per unit."""

    values: Mapping[str, float]
    seen: Observations
    power: Mapping[str, Array]
    energy: Mapping[str, Array]
    at_measured: Mapping[str, Array]


def calibrate(seen: Observations) -> PowerFit:
    """Fit, and cross-validate by leaving out GPUs, workloads and sources.

    `power` is judged at the predicted time; `at_measured` at the measured one, NaN where none is.
    """
    problem = Problem.of(seen.chips.lineages)
    whole = fitted(seen, problem, np.ones(len(seen.rows), dtype=bool))
    power, measured = {}, {}
    for kind in KINDS:
        labels = seen.label(kind)
        power[kind], measured[kind] = (np.empty(len(labels)) for _ in range(2))
        for label in np.unique(labels):
            out = labels == label
            keep = np.ones_like(out) if kind == "seen" else ~out
            theta = whole if kind == "seen" else fitted(seen, problem, keep, whole, steps=8)
            values = problem.values(theta)
            values |= works(seen, values, keep)
            power[kind][out] = _errors(values, seen, seen.late[kind] - seen.late["seen"])[out]
            measured[kind][out] = _errors(values, seen, -seen.late["seen"])[out]
    for kind in KINDS:
        measured[kind] = np.where(np.isfinite(seen.late["seen"]), measured[kind], np.nan)
    late = {kind: power[kind] + seen.late[kind] for kind in KINDS}
    values = problem.values(whole)
    values |= works(seen, values, np.ones(len(seen.rows), dtype=bool))
    return PowerFit(values, seen, power, late, measured)


def _errors(values: Mapping[str, float], seen: Observations, later: Array) -> Array:
    """Log errors of power where the pass takes exp(later) times the predicted time."""
    doing = seen.activity.slowed(np.exp(np.nan_to_num(later, nan=0.0))[:, None])
    return np.asarray(np.log(energy.law(values, doing, seen.chips)[:, 0] / seen.watts))


def power_toml(done: PowerFit) -> str:
    """`data/fits/power.toml`: deterministic."""
    head = (
        f"# Made by `whichgpu calibrate` from {len(done.seen.rows)} measured rows; do not edit.\n"
        "# Coefficients of cost/energy.py, and log standard deviations of power by what was not seen.\n"
    )
    lines = [head, _section("coefficients", {f'"{k}"': round(v, 4) for k, v in done.values.items()})]
    labels = done.seen.labels
    lines.append(_section("seen", {
        "gpus": sorted({one.gpu for one in labels}),
        "workloads": sorted({one.architecture for one in labels}),
        "runtimes": sorted({one.runtime for one in labels}),
    }))  # fmt: skip
    lines.append(_section("energy", {"correlation": round(correlation(done), 3)}))
    groups: dict[str, list[int]] = defaultdict(list)
    for index, one in enumerate(labels):
        groups[one.group].append(index)
    whole = _widths(done, list(range(len(labels))))
    lines.append(_section("group.all", whole))
    for name, rows in sorted(groups.items()):
        own, weight = _widths(done, rows), len(rows) / (len(rows) + _SHRINK)
        mixed = {key: round(weight * own[key] + (1 - weight) * whole[key], 4) for key in whole}
        lines.append(_section(f'group."{name}"', mixed))
    return "\n".join(lines)


def _widths(done: PowerFit, rows: Any) -> dict[str, float]:
    widths = {kind: round(spread90(done.power[kind][rows]), 4) for kind in KINDS}
    # Leaving more out cannot honestly make an interval narrower.
    return {kind: max(width, widths["seen"]) for kind, width in widths.items()}


def correlation(done: PowerFit) -> float:
    """Correlation of the errors of power and of the rate on unseen GPUs, between 0 and 0.9."""
    power, late = done.power["gpu"], done.seen.late["gpu"]
    known = np.isfinite(late)
    if known.sum() < 10:
        return 0.0
    power, rate = power[known], -late[known]
    # The outer twentieths are drawn in, so that a few wild rows do not decide.
    one, other = (np.clip(x, *np.quantile(x, (0.05, 0.95))) for x in (power, rate))
    return float(np.clip(np.nan_to_num(np.corrcoef(one, other)[0, 1]), 0.0, 0.9))


def _section(name: str, values: Mapping[str, Any]) -> str:
    def text(value: Any) -> str:
        return "[" + ", ".join(f'"{x}"' for x in value) + "]" if isinstance(value, list) else f"{value:g}"

    return f"[{name}]\n" + "".join(f"{key} = {text(value)}\n" for key, value in values.items())


def coverage(done: PowerFit, kind: str) -> Array:
    """Whether each row's power is inside the 90 % interval that the other rows' errors give, (N,).

    The interval of a row is made without any row that shares its label of this kind.
    """
    labels, groups = done.seen.label(kind), np.array([one.group for one in done.seen.labels])
    inside = np.empty(len(labels), dtype=bool)
    for label in np.unique(labels):
        out = labels == label
        rest = np.flatnonzero(~out)
        whole = _widths(done, rest)[kind]
        for group in np.unique(groups[out]):
            own = rest[groups[rest] == group]
            weight = len(own) / (len(own) + _SHRINK)
            width = whole if not len(own) else weight * _widths(done, own)[kind] + (1 - weight) * whole
            here = out & (groups == group)
            inside[here] = np.abs(done.power[kind][here]) <= Z90 * width
    return inside


def write(done: PowerFit) -> Path:
    """Write `data/fits/power.toml` of a checkout."""
    path = store.DATA / "fits" / "power.toml"
    path.write_text(power_toml(done), encoding="utf-8")
    return path


def refit(done: Refit, catalogue: Catalogue) -> PowerFit:
    """Calibrate power on the measured rows, with the time that a refit of time gives."""
    rows = [row for row in measured_rows() if not left_out(row)]
    return calibrate(observe(rows, catalogue, done.fit, late_of(done)))
