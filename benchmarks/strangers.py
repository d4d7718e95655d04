"""Rows of which the fit has seen neither GPU nor source: how far off, how many inside their intervals.

    python benchmarks/strangers.py

Such is nearly every published row that is not on file. Of rows whose runtime another source measured as well;
GPU and source of each are left out of the fit together, and its interval is that of a GPU that was not seen.
Then of servers alone, with their source left out, and with GPU and workload as well: the log standard
deviation whose 90 % interval holds 90 % of the rows, and that which does with each source counted once
(`server` of data/fits/prior.toml). Takes about two minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.answers import Z90
from whichgpu.cost.calibration import fitting as calibration
from whichgpu.cost.calibration import refit, scoreboard
from whichgpu.cost.calibration.spread import group_of
from whichgpu.hardware.catalogue import catalogue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def main() -> None:
    """Print the mean and median error, and the share inside."""
    groups, _ = refit.gathered(catalogue())
    found = calibration.calibrate(groups)
    step = calibration.Step.of(found)
    rows = [(group.layout, row) for group in groups for row in group.rows]
    gpus = np.array([layout.devices.gpus[0].id for layout, _ in rows])
    sources = np.array([row["source"] for _, row in rows])
    others = refit.measured_elsewhere([layout.runtime.id for layout, _ in rows], list(sources))
    errors = np.full(len(rows), np.nan)
    for gpu, source in sorted({*zip(gpus[others], sources[others], strict=True)}):
        here = (gpus == gpu) & (sources == source)
        errors[here] = calibration.without(found, (gpus == gpu) | (sources == source), step)[here]
    board = scoreboard.committed()
    places = {name: at for at, name in enumerate(board.ids)}
    halves = board.halves["gpu"][[places[row["id"]] for _, row in rows]]
    off = 100.0 * np.abs(np.exp(errors[others]) - 1.0)
    inside = 100.0 * np.mean(np.abs(errors[others]) <= halves[others])
    said = f"{off.mean():.1f} % off (median {np.median(off):.1f}), {inside:.1f} % inside"
    print(f"{others.sum():,} rows: {said}")
    served = np.array([group_of(layout) == "decoder serve" for layout, _ in rows])
    experts = np.array([bool(layout.workload.dims.get("experts")) for layout, _ in rows])[served]
    workloads, machine = (
        np.array([layout.workload.id for layout, _ in rows]),
        refit.machines(groups, found.fit),
    )
    for name, columns in (("source", [sources]), ("GPU, workload and source", [gpus, workloads, sources])):
        off = np.abs(_together(found, step, columns, served)[served])
        rest = np.sqrt(np.maximum(off**2 - (Z90 * machine[served]) ** 2, 0.0))
        for which, here in (("all", experts | True), ("dense", ~experts), ("experts", experts)):
            once = _within(rest[here], sources[served][here], 0.9) / Z90
            rows90 = calibration.spread90(rest[here])
            print(f"servers without their {name}, {which}: {rows90:.3f}, sources alike {once:.3f}")


def _together(
    found: calibration.Solution, step: calibration.Step, columns: Sequence[Array], asked: Array
) -> Array:
    """Log errors of the rows asked for without all that shares any of their columns, (rows,); else NaN."""
    errors = np.full(len(asked), np.nan)
    for key in sorted({*zip(*(column[asked] for column in columns), strict=True)}):
        same = [column == value for column, value in zip(columns, key, strict=True)]
        here = np.logical_and.reduce([asked, *same])
        errors[here] = calibration.without(found, np.logical_or.reduce(same), step)[here]
    return errors


def _within(errors: Array, sources: Array, share: float) -> float:
    """What such a share of the errors is within, each source counted once."""
    _, which, counts = np.unique(sources, return_inverse=True, return_counts=True)
    weights = 1.0 / counts[which]
    order = np.argsort(errors)
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(errors[order][np.searchsorted(reached, share)])


if __name__ == "__main__":
    main()
