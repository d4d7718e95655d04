"""Refit the cost model to the measured rows, cross-validate it, write data/fits and data/scoreboard.

$ whichgpu calibrate --dry-run
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import progress

if TYPE_CHECKING:
    from pathlib import Path

    from whichgpu.report.table import Report


@command
@click.option("--dry-run", is_flag=True, help="Print the errors and write nothing.")
def run(dry_run: bool) -> Report:
    """Fit, report, write."""
    from whichgpu.cost import energy_fit, memory_fit, scoreboard
    from whichgpu.cost.refit import refit, write
    from whichgpu.hardware.catalogue import catalogue
    from whichgpu.report import memory, power
    from whichgpu.report.accuracy import fit_report

    with progress("calibrate"):
        done = refit(catalogue())
        drawn = energy_fit.refit(done, catalogue())
        held = memory_fit.refit(catalogue())
    written: tuple[Path, ...] = ()
    if not dry_run:
        written = (
            *write(done), *scoreboard.write(done), energy_fit.write(drawn), *power.write_page(drawn),
            *memory_fit.write(held),
        )  # fmt: skip
    found = fit_report(done, written)
    return found._replace(
        data={**found.data, "power": power.figures(drawn), "memory": memory.figures(memory_fit.board(held))},
        blocks=(*power.blocks(drawn), *found.blocks),
    )
