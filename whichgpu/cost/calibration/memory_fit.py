"""Fitting the coefficients of `memory_law.py` to published memory, and what is missed without having seen it.

A reading is a sum of bytes of which a coefficient scales some: reading = fixed + sum_k exp(theta_k) bytes_k.
Minimise

    sum_i w_i (log reading_i - log measured_i)^2 / s^2 + sum_k ((theta_k - prior_k) / sigma_k)^2

by Gauss-Newton. w_i is a Student-t weight (nu = 4) times the number of rows of the same runtime, workload
and phase to the power -1/2, since those of one table err alike. There are few coefficients: one of all
training, and two for each runtime whose readings say anything of them.
"""

from __future__ import annotations

from collections import defaultdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.answers import Z90
from whichgpu.cost.calibration import filled
from whichgpu.cost.calibration.fitting import spread90
from whichgpu.cost.calibration.measured import left_out, measured_rows
from whichgpu.cost.coefficients import section
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.memory.activations import causal
from whichgpu.cost.memory.memory_law import OWN, Unsure, coefficient, kind_of, made, priors, unmeasured
from whichgpu.cost.memory.readings import counted
from whichgpu.cost.memory.totals import OUTSIDE, PASSING
from whichgpu.cost.reading.metrics import READINGS
from whichgpu.cost.table.rows import read_job
from whichgpu.errors import WhichGpuError
from whichgpu.facts import store
from whichgpu.hardware.names import resolve as resolve_gpu
from whichgpu.units import GIB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from whichgpu.cost.job.layout import Layout
    from whichgpu.hardware.catalogue import Catalogue

    Array = NDArray[np.float64]
    Row = Mapping[str, str]

#: What can be left out of a fit; `method` is how a model was run: phase, format, runtime.
KINDS = ("seen", "workload", "method", "source")
_NU, _SCALE = 4.0, 0.05
#: Rows of a kind of job that weigh as much as all when its spread is estimated.
_SHRINK = 20.0
#: Bytes of a reading that a coefficient has at least, as a share, to be fitted by it.
_SPEAKS = 0.01


class Labels(NamedTuple):
    """What is left out together with a row, and the kind of job it is."""

    workload: str
    method: str
    source: str
    kind: str
    keeper: str


class Observations(NamedTuple):
    """Readings of N rows: `fixed` bytes, `scaled` ones by coefficient at its prior, `measured`; (N,) each.

    `outside` says which were read off the device, with what is no tensor; `made` are bytes that a pass makes.
    """

    rows: tuple[Row, ...]
    labels: tuple[Labels, ...]
    fixed: Array
    scaled: Mapping[str, Array]
    measured: Array
    outside: NDArray[np.bool_]
    made: Array

    def label(self, kind: str) -> NDArray[np.str_]:
        """Each row's label of a kind; one for all where nothing is left out."""
        return np.array([getattr(one, kind, "") for one in self.labels])

    def reading(self, theta: Array) -> Array:
        """Predicted bytes (N,) under logarithms of factors on the priors (K,)."""
        parts = [np.exp(one) * part for one, part in zip(theta, self.scaled.values(), strict=True)]
        return np.asarray(self.fixed + sum(parts, start=np.zeros(len(self.fixed))))


def observe(rows: Iterable[Row], catalogue: Catalogue) -> Observations:
    """Lay every row of memory out; rows that cannot be predicted are left out."""
    kept: list[Row] = []
    labels, found, outside, passing = [], [], [], []
    for row in rows:
        if row["metric"] not in READINGS:
            continue
        try:
            laid = lay_out(read_job(row), [resolve_gpu(row["gpu"], catalogue)])
        except WhichGpuError:
            continue
        kept.append(row)
        job = laid.job
        how = " ".join((row["phase"], job.precision, laid.runtime.keeper))
        kind = kind_of(laid.workload.unit, trains=job.trains)
        keeper = laid.runtime.keeper if laid.runtime.exact else ""
        labels.append(Labels(laid.workload.id, how, row["source"], kind, keeper))
        total = READINGS[row["metric"]] or counted(laid)
        found.append(_split(laid, total))
        outside.append(total == "device")
        passing.append(float(np.ravel(made(laid.parts))[0]))
    names = sorted({name for one in found for name in one if name})
    return Observations(
        tuple(kept), tuple(labels), np.array([one.get("", 0.0) for one in found]),
        {name: np.array([one.get(name, 0.0) for one in found]) for name in names},
        np.array([float(row["value"]) * GIB for row in kept]), np.array(outside), np.array(passing),
    )  # fmt: skip


def _split(laid: Layout, total: str) -> dict[str, float]:
    """A reading by coefficient, "" for what none scales, each at its prior."""
    out: dict[str, float] = {}
    for name, part in laid.parts.items():
        if name in OUTSIDE and total != "device":
            continue
        size = float(np.ravel(np.asarray(part))[0])
        if name in PASSING and total != "allocated":
            size *= laid.slack
        scale = _of(name, laid)
        if scale:
            size *= priors()[scale.partition("@")[0]][0] / coefficient(scale.partition("@")[0], laid.runtime)
        out[scale] = out.get(scale, 0.0) + size
    return out


def _of(part: str, laid: Layout) -> str:
    """The coefficient that scales a part, of its runtime where each has its own."""
    trained = "kept" if laid.job.trains and causal(laid.workload.trace(laid.job)) else ""
    of_activations = trained if laid.job.trains else "live"
    name = {"activations": of_activations, "context": "context"}.get(part, "")
    # What is not known by name says nothing of the runtime that stands in for it.
    if name in OWN and not laid.runtime.exact:
        return ""
    return f"{name}@{laid.runtime.keeper}" if name in OWN else name


class MemoryFit(NamedTuple):
    """Coefficients, the rows, and log errors of their readings by what was left out, (N,) each.

    `rooms` are of runs whose memory nobody read, as `filled` has them.
    """

    values: Mapping[str, float]
    seen: Observations
    errors: Mapping[str, Array]
    rooms: Mapping[str, Mapping[str, float]] = MappingProxyType({})


def fitted(seen: Observations, keep: NDArray[np.bool_], steps: int = 30) -> Array:
    """Logarithms of factors on the priors (K,) that fit the rows of `keep` (N,) best."""
    width = np.array([priors()[name.partition("@")[0]][1] for name in seen.scaled])
    theta, truth = np.zeros(len(width)), np.log(seen.measured)
    runs = np.array([f"{one.keeper} {one.workload} {one.kind}" for one in seen.labels])
    _, inverse, counts = np.unique(runs, return_inverse=True, return_counts=True)
    fair = (counts[inverse] / counts.mean()) ** -0.5 * keep
    for _ in range(steps):
        whole = seen.reading(theta)
        now = np.log(whole) - truth
        slopes = np.stack(
            [np.exp(one) * part / whole for one, part in zip(theta, seen.scaled.values(), strict=True)], 1
        )
        weights = fair * (_NU + 1) / (_NU + (now / _SCALE) ** 2) / _SCALE**2
        normal = (slopes * weights[:, None]).T @ slopes + np.diag(width**-2.0)
        pull = (slopes * weights[:, None]).T @ now + theta / width**2
        theta = theta - np.clip(np.linalg.solve(normal, pull), -0.5, 0.5)
    return theta


def calibrate(seen: Observations) -> MemoryFit:
    """Fit, and cross-validate by leaving out workloads, methods and sources."""
    everything = np.ones(len(seen.rows), dtype=bool)
    whole, truth = fitted(seen, everything), np.log(seen.measured)
    errors = {}
    for kind in KINDS:
        labels, errors[kind] = seen.label(kind), np.empty(len(truth))
        for label in np.unique(labels):
            out = labels == label
            theta = whole if kind == "seen" else fitted(seen, ~out)
            errors[kind][out] = (np.log(seen.reading(theta)) - truth)[out]
    values = {
        name: priors()[name.partition("@")[0]][0] * float(np.exp(one))
        for (name, part), one in zip(seen.scaled.items(), whole, strict=True)
        if np.any(part > _SPEAKS * seen.measured)
    }
    return MemoryFit(values, seen, errors)


def apart(done: MemoryFit, kind: str) -> Array:
    """Log standard deviation of each row's reading by what its runtime holds beside tensors, (N,)."""
    measured = measured_without(done, kind)
    base = np.where(measured, section("memory_law")["base_measured"], section("memory_law")["base"])
    predicted = done.seen.measured * np.exp(done.errors[kind])
    return np.asarray(base * GIB * done.seen.outside / predicted)


def measured_without(done: MemoryFit, kind: str) -> NDArray[np.bool_]:
    """Whether other rows than those left out with it are of a row's runtime and kind of job, (N,)."""
    if kind == "seen":
        return np.ones(len(done.seen.labels), dtype=bool)
    what = [(one.keeper, one.kind) for one in done.seen.labels]
    labels = done.seen.label(kind)
    where: dict[Any, set[str]] = defaultdict(set)
    for one, label in zip(what, labels, strict=True):
        where[one].add(str(label))
    return np.array([bool(one[0]) and len(where[one]) > 1 for one in what])


def widths(done: MemoryFit, rows: NDArray[np.bool_]) -> dict[str, float]:
    """Log standard deviations whose 90 % intervals hold 90 % of the errors of `rows`, by what is unseen.

    What a runtime holds beside its tensors is not asked of them; a runtime that was not measured errs as
    `unmeasured` says.
    """
    found: dict[str, float] = {}
    for name, kinds in (("seen", ("seen",)), ("workload", ("workload", "method"))):
        rest = [_rest(done, kind)[rows & measured_without(done, kind)] for kind in kinds]
        errors = np.concatenate(rest)
        found[name] = spread90(errors) if len(errors) else section("memory_law")["unfitted"]
    found["workload"] = max(found["workload"], found["seen"])
    return found


def _rest(done: MemoryFit, kind: str) -> Array:
    return np.asarray(np.sqrt(np.maximum(done.errors[kind] ** 2 - (Z90 * apart(done, kind)) ** 2, 0.0)))


def halves(done: MemoryFit, kind: str) -> Array:
    """Log half-widths of the intervals that rows get of which `kind` is unseen, (N,)."""
    known = {name: by_kind(done, name) for name in {one.kind for one in done.seen.labels}}
    what = "seen" if kind == "seen" else "workload"
    own = np.array([known[one.kind][what] for one in done.seen.labels])
    of = Unsure(done.seen.measured * np.exp(done.errors[kind]), done.seen.made)
    training = np.array([one.kind.endswith(" train") for one in done.seen.labels])
    other = np.where(training, unmeasured(of, " train"), unmeasured(of, ""))
    other = np.hypot(other, section("memory_law")["unseen"])
    return np.asarray(Z90 * np.hypot(np.where(measured_without(done, kind), own, other), apart(done, kind)))


def by_kind(done: MemoryFit, name: str) -> dict[str, float]:
    """The widths of a kind of job, drawn to those of all where it has few rows."""
    here = np.array([one.kind == name for one in done.seen.labels])
    own, whole = widths(done, here), widths(done, np.ones_like(here))
    weight = here.sum() / (here.sum() + _SHRINK)
    return {kind: weight * own[kind] + (1.0 - weight) * whole[kind] for kind in own}


def memory_toml(done: MemoryFit) -> str:
    """`data/fits/memory.toml`: deterministic."""
    labels = done.seen.labels
    lines = [
        f"# Made by `whichgpu calibrate` from {len(labels)} measured rows; do not edit.",
        "# Coefficients of memory/memory_law.py; log standard deviations of readings by what was not seen;",
        "# the room that runs on file had by count at their fullest, log(card / count) (memory/filled.py).",
        "", "[coefficients]", *(f'"{name}" = {value:.4g}' for name, value in sorted(done.values.items())),
        "", "[seen]",
        *(f"{name} = {_listed({getattr(one, field) for one in labels})}"
          for name, field in (("runtimes", "keeper"), ("kinds", "kind"), ("workloads", "workload"))),
    ]  # fmt: skip
    for name in sorted({one.kind for one in labels}):
        lines += ["", f'[spread."{name}"]']
        lines += [f"{kind} = {width:.4f}" for kind, width in by_kind(done, name).items()]
    lines += filled.lines(done.rooms)
    return "\n".join(lines) + "\n"


def _listed(names: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in sorted(names) if name) + "]"


def board(done: MemoryFit) -> str:
    """`data/scoreboard/memory.csv`: of every reading log error and log half-width by what was left out."""
    out = [",".join(("id", "kind", *(f"{what}_{kind}" for kind in KINDS for what in ("error", "half"))))]
    wide = {kind: halves(done, kind) for kind in KINDS}
    for i, (row, label) in enumerate(zip(done.seen.rows, done.seen.labels, strict=True)):
        numbers = (f"{part[kind][i]:.4f}" for kind in KINDS for part in (done.errors, wide))
        out.append(",".join((row["id"], label.kind, *numbers)))
    return "\n".join(out) + "\n"


def write(done: MemoryFit) -> tuple[Path, ...]:
    """Write `data/fits/memory.toml` and `data/scoreboard/memory.csv` of a checkout."""
    paths = (store.DATA / "fits" / "memory.toml", store.DATA / "scoreboard" / "memory.csv")
    for path, text in zip(paths, (memory_toml(done), board(done)), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def refit(catalogue: Catalogue) -> MemoryFit:
    """Calibrate memory on the measured rows."""
    done = calibrate(observe([row for row in measured_rows() if not left_out(row)], catalogue))
    return done._replace(rooms=filled.rooms(catalogue))
