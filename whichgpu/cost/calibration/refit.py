"""From the measured rows to `data/fits/`: the effects, the spreads, and the scoreboard's errors."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.answers import Z90
from whichgpu.cost.calibration import fitting as calibration
from whichgpu.cost.calibration.lines import line_of
from whichgpu.cost.calibration.measured import left_out, measured_rows
from whichgpu.cost.calibration.spread import erring_as, group_of, kin_of, library, version_of
from whichgpu.cost.estimate import finish
from whichgpu.cost.job.runtimes import runtimes
from whichgpu.errors import DataError
from whichgpu.facts import store
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from whichgpu.cost.calibration.effects import Fit
    from whichgpu.cost.calibration.fitting import Group, Solution
    from whichgpu.cost.job.layout import Layout
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.hardware.catalogue import Catalogue

    Array = NDArray[np.float64]

#: What is left out of the fit in turn.
FOLDS = ("gpu", "generation", "workload", "source", "version")
#: The same of served language models alone: their engine, and their line of models.
SERVED_FOLDS = ("engine", "line")
#: What a width may leave out.
_KINDS = ("seen", "gpu", "generation", "workload", "version")
#: The group of rows that an engine of language models served.
_SERVED = "decoder serve"
#: Rows of a group that weigh as much as the whole when its spread is estimated.
_SHRINK = 20.0
#: Rows that are enough to tell how a group errs.
_ENOUGH = 30
#: Effects smaller than this change nothing that anybody sees.
_LEAST = 0.002
#: Share of a runtime's rows from which on it is one source's own: who else ran it says little.
_MOSTLY = 0.9


class Refit(NamedTuple):
    """A fit, how it was found, the rows it was made of by group, and log errors by what was left out."""

    fit: Fit
    solution: Solution
    groups: list[Group]
    errors: Mapping[str, Array]
    skipped: Mapping[str, str]
    #: Log standard deviation that launches and links add to each row's interval, (rows,).
    machine: Array

    @property
    def rows(self) -> tuple[Mapping[str, str], ...]:
        """The rows of the fit, in the order of the errors."""
        return self.solution.problem.rows


def gathered(
    catalogue: Catalogue, rows: Iterable[Mapping[str, str]] | None = None
) -> tuple[list[Group], dict[str, str]]:
    """The groups of measured rows that a fit uses, and by row id why others cannot be."""
    chosen = [row for row in (measured_rows() if rows is None else rows) if not left_out(row)]
    groups, skipped = calibration.groups(chosen, catalogue)
    return [group for group in groups if group.layout.runtime.exact], skipped


def refit(catalogue: Catalogue, rows: Iterable[Mapping[str, str]] | None = None) -> Refit:
    """Calibrate on the measured rows and cross-validate."""
    groups, skipped = gathered(catalogue, rows)
    found = calibration.calibrate(groups)
    keys = [
        (group.layout.devices.gpus[0].id, group.layout.devices.gpus[0].family,
         group.layout.workload.architecture, row["source"], version_of(group.layout.runtime))
        for group in groups
        for row in group.rows
    ]  # fmt: skip
    step = calibration.Step.of(found)
    errors = {
        "seen": found.errors(found.theta),
        **{name: calibration.left_out(found, [key[i] for key in keys], step) for i, name in enumerate(FOLDS)},
    }
    errors["version"] = np.where(_has_others(keys, groups), errors["version"], np.nan)
    errors |= _served(found, groups, step)
    return Refit(found.fit, found, groups, errors, skipped, machines(groups, found.fit))


def served_keys(groups: Sequence[Group]) -> dict[str, list[str]]:
    """By fold of served language models the key of each row; empty of other rows."""
    keys: dict[str, list[str]] = {name: [] for name in SERVED_FOLDS}
    for group in groups:
        laid = group.layout
        own = (laid.runtime.id, line_of(laid.workload)) if group_of(laid) == _SERVED else ("", "")
        for name, key in zip(SERVED_FOLDS, own, strict=True):
            keys[name] += [key] * len(group.rows)
    return keys


def _served(found: calibration.Solution, groups: Sequence[Group], step: calibration.Step) -> dict[str, Array]:
    """Log errors of served rows under a fit that has not seen their engine, or their line; NaN of others."""
    errors = {}
    layers = np.array([group.layout.workload.architecture for group in groups for _ in group.rows])
    for name, keys in served_keys(groups).items():
        labels = np.array(keys)
        errors[name] = np.full(len(labels), np.nan)
        for label in sorted({*keys} - {""}):
            of = labels == label
            # Another line's models of the same layers would tell of this one's.
            same = (labels != "") & np.isin(layers, layers[of]) if name == "line" else of
            errors[name][of] = calibration.without(found, of | same, step)[of]
    return errors


def machines(groups: Sequence[Group], found: Fit) -> Array:
    """Log standard deviation that launches and links add to the interval of each row, (rows,)."""
    parts = [finish(group.layout, found).spread_machine[0] for group in groups]
    return np.concatenate(
        [np.broadcast_to(part, (len(group.rows),)) for part, group in zip(parts, groups, strict=True)]
    )


def _has_others(keys: Sequence[tuple[str, ...]], groups: Sequence[Group]) -> Any:
    """Whether other versions of each row's runtime were measured, (rows,)."""
    runtimes_of = [group.layout.runtime.id for group in groups for _ in group.rows]
    versions: dict[str, set[str]] = defaultdict(set)
    for name, key in zip(runtimes_of, keys, strict=True):
        versions[name].add(key[-1])
    return np.array([len(versions[name]) > 1 for name in runtimes_of])


def effects_toml(done: Refit) -> str:
    """`data/fits/effects.toml`: deterministic, sorted by name."""
    kept = sorted((name, value) for name, value in done.fit.effects.items() if abs(value) >= _LEAST)
    head = (
        f"# Made by `whichgpu calibrate` from {len(done.rows)} measured rows; do not edit.\n"
        "# Logarithms of factors on the priors; calibration/effects.py says what each name applies to.\n"
        f"{''.join(_architectures(done.groups))}\n"
        "[effects]\n"
    )
    return head + "".join(f'"{name}" = {value:.4f}\n' for name, value in kept)


def _architectures(groups: Iterable[Group]) -> Iterator[str]:
    """Comments that say which measured workloads each name stands for that is no workload's own."""
    members: dict[str, set[str]] = defaultdict(set)
    for group in groups:
        workload = group.layout.workload
        members[workload.architecture].add(workload.id)
    for name, ids in sorted(members.items()):
        if ids != {name}:
            yield f"# {name}: {', '.join(sorted(ids))}\n"


def spreads_toml(done: Refit) -> str:
    """`data/fits/spreads.toml`: how far off, by group and by what was left out of the fit."""
    layouts = [group.layout for group in done.groups for _ in group.rows]
    members: dict[str, list[int]] = defaultdict(list)
    for i, laid in enumerate(layouts):
        for name in (erring_as(laid), kin_of(laid)):
            members[name].append(i)
    hands = [(laid.runtime, row["source"]) for laid, row in zip(layouts, done.rows, strict=True)]
    mostly = _alone(hands, _MOSTLY)
    alone = {
        name: sorted(_alone([hands[i] for i in members[name]], 1.0) & mostly)
        for name in {kin_of(laid) for laid in layouts}
    }
    every = _Widths.of(done, layouts)
    lines = [
        "# Made by `whichgpu calibrate`; do not edit. Log standard deviations; see calibration/spread.py.\n",
        _section("runtimes", {"seen": sorted({laid.runtime.id for laid in layouts} & set(runtimes()))}),
        _section("group.all", {**every.whole, "rows": len(layouts), **_seen(layouts)}),
    ]
    for name, rows in sorted(members.items()):
        lines += _sections(name, rows, every, alone)
    return "\n".join(lines)


def _sections(
    name: str, rows: Sequence[int], every: _Widths, alone: Mapping[str, list[str]]
) -> Iterator[str]:
    """The section of a group, and those of each software in it; `alone` is what one source measured."""
    layouts = every.layouts
    widths = every.mixed(rows, every.whole, every.of_source(np.array(rows)), _SHRINK)
    seen = _seen([layouts[i] for i in rows])
    if name in alone:
        seen["alone"] = alone[name]
    yield _section(f'group."{name}"', {**widths, "rows": len(rows), **seen})
    for software, own in _by_software(rows, layouts):
        # What one source alone ran has that of the never measured in another hand (`spread.least`).
        single = {layouts[i].runtime.kernels for i in own} <= set(alone[kin_of(layouts[own[0]])])
        source = _stranger(every.done, np.array(own), every.near) or (0.0 if single else widths["seen"])
        found = every.mixed(own, widths, source, 0.0 if len(own) >= _ENOUGH else _SHRINK)
        yield _section(f'group."{name}".of."{software}"', {**found, "rows": len(own)})


class _Widths(NamedTuple):
    """What the widths of groups are worked out from: all rows and their widths, and where each comes from."""

    done: Refit
    layouts: Sequence[Layout]
    #: Rows whose kernels more than one source measured, and of these those whose group of jobs one did with
    #: that software: of one group of jobs it says little of the kernels that another needs.
    abroad: NDArray[np.bool_]
    near: NDArray[np.bool_]
    whole: Mapping[str, float]
    #: What sources differ by anywhere, beside what the fit has seen of them.
    between: float

    @classmethod
    def of(cls, done: Refit, layouts: Sequence[Layout]) -> _Widths:
        """Those of the rows of a fit."""
        sources, every = [row["source"] for row in done.rows], np.arange(len(layouts))
        abroad = measured_elsewhere([laid.runtime.kernels for laid in layouts], sources)
        in_groups = [f"{library(laid.runtime)} {erring_as(laid)}" for laid in layouts]
        seen = _widths(done, every, layouts)
        source = max(_stranger(done, every, abroad), seen["seen"])
        near = abroad & measured_elsewhere(in_groups, sources)
        between = math.sqrt(source**2 - seen["seen"] ** 2)
        return cls(done, layouts, abroad, near, _strange(seen, source), between)

    def of_source(self, here: Any) -> float:
        """The width of a group for a source of its own.

        Where one source alone measured its software in it, what sources differ by anywhere stands beside what
        the fit has seen of it. Left out with that source goes all that is known of those kernels, which is a
        bound and no measure of it.
        """
        done = self.done
        bound = _stranger(done, here, self.abroad) or math.inf
        apart = math.hypot(_width(done, "seen", here), self.between)
        return _stranger(done, here, self.near) or min(bound, apart)

    def mixed(
        self, chosen: Sequence[int], wide: Mapping[str, float], source: float, shrink: float
    ) -> dict[str, float]:
        """The widths of some rows, the nearer those of a wider group the fewer they are."""
        own = _strange(_widths(self.done, np.array(chosen), self.layouts), source)
        weight = len(chosen) / (len(chosen) + shrink)
        return {key: round(weight * own[key] + (1 - weight) * wide[key], 4) for key in wide}


def _by_software(rows: Sequence[int], layouts: Sequence[Layout]) -> list[tuple[str, list[int]]]:
    """The rows of a group by software; none where all are of one, whose widths are the group's."""
    found: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        found[library(layouts[row].runtime)].append(row)
    return sorted(found.items()) if len(found) > 1 else []


def _width(done: Refit, fold: str, rows: Any) -> float:
    """The log standard deviation of rows under a fold, beside what the machine of each adds."""
    errors = done.errors[fold][rows]
    known = np.isfinite(errors)
    rest = np.maximum(errors[known] ** 2 - (Z90 * done.machine[rows][known]) ** 2, 0.0)
    return round(calibration.spread90(np.sqrt(rest)), 4) if known.any() else math.nan


def _widths(done: Refit, rows: Any, layouts: Sequence[Layout]) -> dict[str, float]:
    def width(fold: str) -> float:
        enough = np.isfinite(done.errors[fold][rows]).sum() >= _ENOUGH or fold != "version"
        return _width(done, fold, rows) if enough else math.nan

    widths = {name: width(name) for name in _KINDS}
    # Leaving less out cannot honestly make an interval wider.
    widths["gpu"] = max(widths["gpu"], widths["seen"])
    widths["generation"] = max(widths["generation"], widths["gpu"])
    widths["workload"] = max(widths["workload"], widths["seen"])
    widths["version"] = max(np.nan_to_num(widths["version"], nan=widths["gpu"]), widths["seen"])
    by_gpu = defaultdict(list)
    for row in rows:
        by_gpu[layouts[row].devices.gpus[0].id].append(done.errors["gpu"][row])
    between = [float(np.median(values)) for values in by_gpu.values()]
    widths["own"] = round(max(0.03, min(float(np.median(np.abs(between))) * 1.4826, widths["gpu"])), 4)
    return {name: float(value) for name, value in widths.items()}


def measured_elsewhere(runtimes_of: Sequence[str], sources: Sequence[str]) -> NDArray[np.bool_]:
    """Whether another source than a row's measured its runtime, (rows,)."""
    known: dict[str, set[str]] = defaultdict(set)
    for name, source in zip(runtimes_of, sources, strict=True):
        known[name].add(source)
    return np.array([len(known[name]) > 1 for name in runtimes_of])


def _stranger(done: Refit, rows: Any, abroad: NDArray[np.bool_]) -> float:
    """The width of rows whose source was left out; 0 where too few have a runtime of another one's too."""
    rows = rows[abroad[rows]]
    return _width(done, "source", rows) if len(rows) >= _ENOUGH else 0.0


def _strange(widths: Mapping[str, float], source: float) -> dict[str, float]:
    """Widths that hold for a source that was not measured, as that of any job is.

    None is below that of a source left out, whatever else is.
    """
    strange = {name: max(widths[name], source) for name in _KINDS if name != "seen"}
    found = {**widths, "seen": max(widths["seen"], source), **strange}
    return {name: round(value, 4) for name, value in found.items()}


def _seen(layouts: Sequence[Layout]) -> dict[str, Any]:
    return {
        "gpus": sorted({laid.devices.gpus[0].id for laid in layouts}),
        "families": sorted({laid.devices.gpus[0].family for laid in layouts}),
        "workloads": sorted({laid.workload.architecture for laid in layouts}),
        "versions": sorted({version_of(laid.runtime) for laid in layouts}),
        "software": sorted({library(laid.runtime) for laid in layouts}),
    }


def _alone(hands: Iterable[tuple[Runtime, str]], share: float) -> set[str]:
    """Of the runtimes and sources of rows, the runtimes of which one source measured such a share at least.

    Engines of language models are told apart by source as it is: their rows are of many models and hosts.
    """
    sources: dict[str, Counter[str]] = defaultdict(Counter)
    for stack, source in hands:
        if not stack.domain:
            sources[stack.kernels][source] += 1
    return {name for name, known in sources.items() if max(known.values()) >= share * known.total()}


def _section(name: str, values: Mapping[str, Any]) -> str:
    def text(value: Any) -> str:
        if isinstance(value, list):
            return "[" + ", ".join(f'"{item}"' for item in value) + "]"
        return f"{value:g}" if math.isfinite(value) else "9.0"

    return f"[{name}]\n" + "".join(f"{key} = {text(value)}\n" for key, value in values.items())


def write(done: Refit) -> tuple[Path, ...]:
    """Write the fit into `data/fits/` of a checkout. Raises `DataError` in an installed package."""
    folder = store.DATA / "fits"
    if not folder.is_dir():
        raise DataError(f"{folder} is not there: an installed package keeps no sources; add --dry-run")
    paths = (folder / "effects.toml", folder / "spreads.toml")
    for path, text in zip(paths, (effects_toml(done), spreads_toml(done)), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths
