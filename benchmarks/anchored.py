"""What a run on another GPU does to a prediction, by what of both the fit has not seen.

    python benchmarks/anchored.py

Each measured row is predicted alone, and anchored on the nearest row of its source, runtime and workload on
another GPU. Both are under one fit, which has not seen what the line names: two rows that are each under a
fit without their own GPU are of no fit that anybody has. Prints the table of docs/diagnose.md and, by
kind of workload, the slope of one error on the other. Takes about ten minutes.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.answers import Z90
from whichgpu.cost.calibration import fitting as calibration
from whichgpu.cost.calibration import refit
from whichgpu.cost.transfer import filed
from whichgpu.cost.transfer.anchoring import Point, posterior
from whichgpu.hardware.catalogue import catalogue
from whichgpu.values import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from anchored_rows import Folded, far, folded, job_of_row, nearest, runs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    #: A row and the run that it is anchored on, both as the scoreboard has them with nothing left out.
    Pair = tuple[Folded, Folded]

#: Of so many rows of a run one is asked for.
_EVERY = 2
#: A bucket of jobs, of which each is left out at once: its rows, on all GPUs.
_BUCKETS = 10


class Cell(NamedTuple):
    """What is left out of the fit for a pair: a key, which rows have it, and whose widths both have."""

    title: str
    key: Callable[[Pair], tuple[object, ...]]
    without: Callable[[tuple[object, ...], Mapping[str, str]], bool]
    widths: str
    run_on_file: bool = False


def cells() -> Iterator[Cell]:
    """The lines of the table."""
    bucket = _buckets()
    yield Cell("nothing: both runs are on file", lambda pair: (), lambda key, row: False, "seen", True)
    yield Cell("the jobs of both; their table is on file",
               lambda pair: tuple(sorted({bucket[one.row["id"]] for one in pair})),
               lambda key, row: bucket.get(row["id"]) in key, "seen")  # fmt: skip
    yield Cell("its GPU; the run is on file", lambda pair: (pair[0].row["gpu"],),
               lambda key, row: row["gpu"] == key[0], "gpu", True)  # fmt: skip
    yield Cell("both GPUs", lambda pair: (pair[0].row["gpu"], pair[1].row["gpu"]),
               lambda key, row: row["gpu"] in key, "gpu")  # fmt: skip
    yield Cell("the source", lambda pair: (pair[0].row["source"],),
               lambda key, row: row["source"] == key[0], "source")  # fmt: skip
    yield Cell("its GPU and the source", lambda pair: (pair[0].row["gpu"], pair[0].row["source"]),
               lambda key, row: row["gpu"] == key[0] or row["source"] == key[1], "source")  # fmt: skip
    yield Cell("the workload", lambda pair: (pair[0].row["workload"],),
               lambda key, row: row["workload"] == key[0], "workload")  # fmt: skip
    yield Cell("its GPU and the workload", lambda pair: (pair[0].row["gpu"], pair[0].row["workload"]),
               lambda key, row: row["gpu"] == key[0] or row["workload"] == key[1], "workload")  # fmt: skip


@cache
def _buckets() -> Mapping[str, int]:
    """By row, in which of ten parts its job is, the same on all GPUs."""
    jobs: dict[object, int] = {}
    of = ((one.row, (one.row["source"], job_of_row(one))) for one in folded("seen"))
    return {row["id"]: jobs.setdefault(job, len(jobs)) % _BUCKETS for row, job in of}


@cache
def _places(widths: str) -> Mapping[str, Folded]:
    return {one.row["id"]: one for one in folded(widths)}


def main() -> None:
    """Print the table, then slopes by kind of workload."""
    groups, _ = refit.gathered(catalogue())
    found = _Whole(*calibration.calibrate(groups))
    step = calibration.Step.of(found)
    rows = [row for group in groups for row in group.rows]
    at = {row["id"]: place for place, row in enumerate(rows)}
    seen = [pair for pair in _pairs() if pair[0].row["id"] in at and pair[1].row["id"] in at]
    print("| not seen by the fit | rows | slope | error | with an anchor | inside | with an anchor | reach "
          "| with an anchor |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|")  # fmt: skip
    slopes = []
    for cell in cells():
        told, errors = [], {}
        for pair in seen:
            key = cell.key(pair)
            if key not in errors:
                out = np.array([cell.without(key, row) for row in rows])
                errors[key] = -(calibration.without(found, out, step) if out.any() else found.residual)
            asked, run = (float(errors[key][at[one.row["id"]]]) for one in pair)
            told.append((pair[0].family, asked, run, *_anchored(cell, key, pair, asked, run)))
        print(_line(cell.title, told))
        slopes.append((cell.title, told))
    for title, told in slopes:
        for kind in sorted({one[0] for one in told}):
            print(f"{title}; {_line(kind, [one for one in told if one[0] == kind])}")


class _Whole(calibration.Solution):
    """A solution that tells the errors of all rows, of those in the fit too."""

    def errors(self, theta: Array, rows: NDArray[np.bool_] | None = None) -> Array:
        return super().errors(theta, None)

    @property
    def residual(self) -> Array:
        """Errors with nothing left out."""
        return self.errors(self.theta)


def _pairs() -> Iterator[Pair]:
    for members in runs_of(folded("seen")).values():
        for target in members[::_EVERY]:
            run = nearest(target, members, same_gpu=False)
            if run is not None:
                yield target, run


def _anchored(
    cell: Cell, key: tuple[object, ...], pair: Pair, asked: float, run: float
) -> tuple[float, float, float]:
    """Log error of a row given the run, then the log half-widths before and after."""
    target, other = (_places(cell.widths)[one.row["id"]] for one in pair)
    same = [run] if cell.run_on_file else []
    apart = 0.0 if same else far(other, lambda row: cell.without(key, row))
    point = Point(other.place, run, known=filed.known(Point(other.place, run), same, apart))
    shift = posterior([point], target.place)
    return asked - float(shift.mean), target.half, Z90 * float(shift.spread)


def _line(title: str, told: list[tuple[str, float, float, float, float, float]]) -> str:
    alone, run, after, half, narrow = (np.array([one[i] for one in told]) for i in range(1, 6))
    errors = [100.0 * np.abs(np.expm1(-one)).mean() for one in (alone, after)]
    inside = [100.0 * np.mean(np.abs(one) <= wide) for one, wide in ((alone, half), (after, narrow))]
    reach = [100.0 * np.expm1(np.median(one)) for one in (half, narrow)]
    cells = [f"{one:.2f} %" for one in errors] + [f"{one:.0f} %" for one in (*inside, *reach)]
    slope = float((alone * run).sum() / max((run * run).sum(), 1e-9))
    return f"| {title} | {len(told):,} | {slope:.2f} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
