"""Rows of which the fit has seen neither GPU nor source: how far off, how many inside their intervals.

    python benchmarks/strangers.py

Such is nearly every published row that is not on file. Of rows whose runtime another source measured as well;
GPU and source of each are left out of the fit together, and its interval is that of a GPU that was not seen.
Takes about a minute.
"""

from __future__ import annotations

import numpy as np

from whichgpu.cost import calibration, refit, scoreboard
from whichgpu.hardware.catalogue import catalogue


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


if __name__ == "__main__":
    main()
