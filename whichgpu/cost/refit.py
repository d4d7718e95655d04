"""From the measured rows to `data/fits/`: the effects, the spreads, and the scoreboard's errors."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from whichgpu.cost import calibration
from whichgpu.cost.measured import left_out, measured_rows
from whichgpu.cost.runtime import runtimes
from whichgpu.cost.spread import group_of
from whichgpu.errors import DataError
from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from whichgpu.cost.calibration import Group, Solution
    from whichgpu.cost.fit import Fit
    from whichgpu.hardware.catalogue import Catalogue

    Array = NDArray[np.float64]

#: What is left out of the fit in turn.
FOLDS = ("gpu", "generation", "workload", "source")
#: Rows of a group that weigh as much as the whole when its spread is estimated.
_SHRINK = 20.0
#: Effects smaller than this change nothing that anybody sees.
_LEAST = 0.002


class Refit(NamedTuple):
    """A fit, how it was found, the rows it was made of by group, and log errors by what was left out."""

    fit: Fit
    solution: Solution
    groups: list[Group]
    errors: Mapping[str, Array]
    skipped: Mapping[str, str]

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
        (group.layout.devices.gpus[0].id, group.layout.devices.gpus[0].family, group.layout.workload.id,
         row["source"])
        for group in groups
        for row in group.rows
    ]  # fmt: skip
    errors = {
        "seen": found.errors(found.theta),
        **{name: calibration.left_out(found, [key[i] for key in keys]) for i, name in enumerate(FOLDS)},
    }
    return Refit(found.fit, found, groups, errors, skipped)


def effects_toml(done: Refit) -> str:
    """`data/fits/effects.toml`: deterministic, sorted by name."""
    kept = sorted((name, value) for name, value in done.fit.effects.items() if abs(value) >= _LEAST)
    head = (
        f"# Made by `whichgpu calibrate` from {len(done.rows)} measured rows; do not edit.\n"
        "# Logarithms of factors on the priors; whichgpu/cost/fit.py says what each name applies to.\n\n"
        "[effects]\n"
    )
    return head + "".join(f'"{name}" = {value:.4f}\n' for name, value in kept)


def spreads_toml(done: Refit) -> str:
    """`data/fits/spreads.toml`: how far off, by group and by what was left out of the fit."""
    members: dict[str, list[int]] = defaultdict(list)
    gpus: list[str] = []
    start = 0
    for group in done.groups:
        name = group_of(group.layout.workload.family, trains=group.layout.job.trains)
        for offset in range(len(group.rows)):
            members[name].append(start + offset)
            gpus.append(group.layout.devices.gpus[0].id)
        start += len(group.rows)
    whole = _widths(done.errors, np.arange(start), gpus)
    lines = ["# Made by `whichgpu calibrate`; do not edit. Log standard deviations; see cost/spread.py.\n"]
    lines.append(_section("seen", _seen(done)))
    lines.append(_section("group.all", whole))
    for name, rows in sorted(members.items()):
        own = _widths(done.errors, np.array(rows), gpus)
        weight = len(rows) / (len(rows) + _SHRINK)
        mixed = {key: round(weight * own[key] + (1 - weight) * whole[key], 4) for key in whole}
        lines.append(_section(f'group."{name}"', {**mixed, "rows": len(rows)}))
    return "\n".join(lines)


def _widths(errors: Mapping[str, Array], rows: Any, gpus: Sequence[str]) -> dict[str, float]:
    widths = {
        name: round(calibration.spread90(errors[name][rows]), 4)
        for name in ("seen", "gpu", "generation", "workload")
    }
    # Leaving less out cannot honestly make an interval wider.
    widths["gpu"] = max(widths["gpu"], widths["seen"])
    widths["generation"] = max(widths["generation"], widths["gpu"])
    widths["workload"] = max(widths["workload"], widths["seen"])
    means = defaultdict(list)
    for row in rows:
        means[gpus[row]].append(errors["gpu"][row])
    between = [float(np.median(values)) for values in means.values()]
    widths["own"] = round(max(0.03, min(float(np.median(np.abs(between))) * 1.4826, widths["gpu"])), 4)
    return widths


def _seen(done: Refit) -> dict[str, Any]:
    layouts = [group.layout for group in done.groups]
    return {
        "gpus": sorted({laid.devices.gpus[0].id for laid in layouts}),
        "families": sorted({laid.devices.gpus[0].family for laid in layouts}),
        "workloads": sorted({laid.workload.id for laid in layouts}),
        "runtimes": sorted({laid.runtime.id for laid in layouts} & set(runtimes())),
    }


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
