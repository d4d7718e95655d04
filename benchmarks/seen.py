"""Served figures by whether their engine and the family of their model are among the measured rows.

    python benchmarks/seen.py MEASURED.csv [MORE.csv ..]

Predicts each row, and prints the mean and median error and the share inside the interval: of first tokens, of
the time per token (TPOT, ITL), of throughput, dense models and mixtures of experts apart.

    seen      a row of the fit was served by that engine (of old releases, by an old one), and a row of it,
              under any engine, is of that line of models (`whichgpu/cost/calibration/lines.py`)
    together  one row is of both
    unseen    one of the two is of no row

The scoreboard has the measured rows themselves without their engine, and without their line.
"""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING

from whichgpu.cost.calibration.lines import line_of
from whichgpu.cost.calibration.measured import left_out, measured_rows
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.reading.metrics import TIMED
from whichgpu.cost.table.files import COLUMNS, read_measured
from whichgpu.cost.table.jobs import predict_rows
from whichgpu.cost.table.rows import read_job
from whichgpu.errors import WhichGpuError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.values import NamedTuple
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_KINDS = {"ttft": "first token", "tpot": "time per token", "itl": "time per token", "throughput": "tokens/s"}


class Seen(NamedTuple):
    """What served rows of the fit are of: engines, lines of models, and both at once."""

    engines: frozenset[str]
    lines: frozenset[str]
    pairs: frozenset[tuple[str, str]]

    def of(self, engine: str, line: str) -> str:
        """`seen`, `together` or `unseen`; see the top of this file."""
        if (engine, line) in self.pairs:
            return "together"
        return "seen" if engine in self.engines and line in self.lines else "unseen"


def engine_of(row: Mapping[str, str]) -> str:
    """The engine of a row, by the name of its data."""
    return runtime(read_job(dict(row)).runtime or "vllm", "vllm").id


def seen_of(rows: Iterable[Mapping[str, str]]) -> Seen:
    """What the served ones of these rows are of."""
    pairs = set()
    for row in rows:
        if row["phase"] != "serve" or row["metric"] not in TIMED:
            continue
        try:
            pairs.add((engine_of(row), line_of(resolve(read_job(dict(row)).workload))))
        except WhichGpuError:
            continue
    return Seen(frozenset(e for e, _ in pairs), frozenset(line for _, line in pairs), frozenset(pairs))


def scored(path: Path, known: Seen) -> Iterator[tuple[str, str, str, float, bool]]:
    """Of each row that is answered: kind of figure, kind of model, whether seen, relative error, inside."""
    table, cells = read_measured(path)
    answers = predict_rows((row[: len(COLUMNS)] for row in cells), catalogue())
    for cell, answer in zip(cells, answers, strict=True):
        row = dict(zip(table.columns, cell, strict=True))
        if not (answer.value and answer.low and answer.high):
            print(f"{path}: row {row['id']}: {answer.error}", file=sys.stderr)
            continue
        value = float(row["value"])
        workload = resolve(read_job(row).workload)
        kind = _KINDS.get(row["metric"].partition("_")[0], row["metric"])
        models = "experts" if workload.dims.get("experts") else "dense"
        state = known.of(engine_of(row), line_of(workload))
        yield kind, models, state, answer.value / value - 1.0, answer.low <= value <= answer.high


def main(paths: list[str]) -> None:
    """Print the table."""
    known = seen_of(row for row in measured_rows() if not left_out(row))
    groups: defaultdict[tuple[str, str, str], list[tuple[float, bool]]] = defaultdict(list)
    for path in map(Path, paths):
        for kind, models, told, error, inside in scored(path, known):
            # What was seen together was seen.
            for state in {told, "seen" if told == "together" else told}:
                for which in (models, "all"):
                    groups[kind, state, which].append((error, inside))
    heads = f"{'rows':>5}{'mean %':>8}{'median':>8}{'ratio':>7}{'inside':>8}"
    print(f"{'figure':16}{'seen':10}{'models':9}{heads}")
    for (kind, state, which), found in sorted(groups.items()):
        off = [100.0 * abs(error) for error, _ in found]
        bias = math.exp(fmean(math.log1p(error) for error, _ in found))
        within = f"{sum(it for _, it in found)}/{len(found)}"
        figures = f"{len(found):5}{fmean(off):8.1f}{median(off):8.1f}{bias:7.2f}{within:>8}"
        print(f"{kind:16}{state:10}{which:9}{figures}")


if __name__ == "__main__":
    main(sys.argv[1:])
