"""Hold predictions against measured rows: error, coverage and width of intervals, by source, GPU ..

$ whichgpu validate measured.csv --by gpu
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import gpu_files, progress

if TYPE_CHECKING:
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report

_COLUMNS = (
    "source", "gpu", "workload", "family", "basis", "phase", "metric", "precision", "runtime", "n_gpus",
)  # fmt: skip


@command
@click.argument("measured", type=click.Path(path_type=Path))
@click.option("--by", type=click.Choice(_COLUMNS), default="source", show_default=True, help="Group rows by.")
@gpu_files
def run(measured: Path, by: str, catalogue: Catalogue) -> Report:
    """Predict each row and compare."""
    from whichgpu.cost.jobs import predict_rows
    from whichgpu.cost.table import COLUMNS, read_measured
    from whichgpu.report.accuracy import validation_report

    table, cells = read_measured(measured)
    with progress("validate", len(cells)) as advance:
        answers = predict_rows((row[: len(COLUMNS)] for row in cells), catalogue, advance)
    rows = [dict(zip(table.columns, row, strict=True)) for row in cells]
    if by == "family":
        rows = [{**row, "family": _family(row["workload"])} for row in rows]
    return validation_report(rows, list(answers), by, (*table.notes(), *answers.notes))


@cache
def _family(name: str) -> str:
    from whichgpu.errors import WhichGpuError
    from whichgpu.workloads.workload import resolve

    try:
        return resolve(name).family
    except WhichGpuError:
        return "unknown"
