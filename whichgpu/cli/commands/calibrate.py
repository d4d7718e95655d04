"""Refit the cost model to the measured rows, cross-validate it, write data/fits and data/scoreboard.

$ whichgpu calibrate --dry-run
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import progress

if TYPE_CHECKING:
    from whichgpu.report.table import Report


@command
@click.option("--dry-run", is_flag=True, help="Print the errors and write nothing.")
def run(dry_run: bool) -> Report:
    """Fit, report, write."""
    from whichgpu.cost import scoreboard
    from whichgpu.cost.refit import refit, write
    from whichgpu.hardware.catalogue import catalogue
    from whichgpu.report.accuracy import fit_report

    with progress("calibrate"):
        done = refit(catalogue())
    written = () if dry_run else (*write(done), *scoreboard.write(done))
    return fit_report(done, written)
