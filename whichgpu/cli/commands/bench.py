"""What can be measured on this machine, or what a file of measurements holds.

$ whichgpu bench
$ whichgpu bench measured.csv --compare

`bench run` measures jobs, `bench suite` a list of them, `bench device` the device itself, `bench replay` a
row again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command

if TYPE_CHECKING:
    from whichgpu.report.table import Report


@command
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--compare", is_flag=True, help="Set predictions beside what was measured.")
def run(file: Path | None, *, compare: bool) -> Report:
    """Look at a file, or around."""
    if file is None:
        from whichgpu.bench import runner, tasks
        from whichgpu.bench.models.agreement import families
        from whichgpu.report.bench import around

        return around(runner.machine(), tasks.suites(), families())
    from whichgpu.bench import journal, scaling
    from whichgpu.cli.bench import compared
    from whichgpu.errors import UsageError
    from whichgpu.report.bench import run_report

    if not file.exists():
        wanted = f"WORKLOAD --out {file}" if file.suffix else file
        raise UsageError(f"{file}: no such file; to measure: whichgpu bench run {wanted}")
    if file.is_file() and file.suffix not in (".csv", ".jsonl"):
        raise UsageError(
            f"{file}: rows are in a .csv; what another program wrote: whichgpu bench import {file}"
        )
    found = journal.read(file)
    if not found:
        raise UsageError(
            f"{file}: it holds no whole record; measure into it: whichgpu bench run WORKLOAD --out "
            f"{file.with_suffix('.csv')} --resume"
        )
    return run_report(found, [], scaled=scaling.scaling(found), compared=compared(found) if compare else None)
