"""Hold predictions against measured rows: error and interval coverage by source, GPU or workload.

$ whichgpu validate measured.csv --by gpu
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import gpu_files, progress

if TYPE_CHECKING:
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report

_COLUMNS = ("source", "gpu", "workload", "phase", "metric", "precision", "runtime", "n_gpus")


@command
@click.argument("measured", type=click.Path(path_type=Path))
@click.option("--by", type=click.Choice(_COLUMNS), default="source", show_default=True, help="Group rows by.")
@gpu_files
def run(measured: Path, by: str, catalogue: Catalogue) -> Report:
    """Predict each row and compare."""
    from whichgpu.cost.jobs import predict_rows, read_measured
    from whichgpu.report.accuracy import validation_report

    rows = read_measured(measured)
    answers = []
    with progress("validate", len(rows)) as advance:
        for answer in predict_rows(rows, catalogue):
            answers.append(answer)
            advance(1)
    return validation_report(rows, answers, by)
