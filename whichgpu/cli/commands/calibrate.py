"""Refit the cost model to the measured rows, cross-validate it, write data/fits and data/scoreboard.

$ whichgpu calibrate --dry-run
$ whichgpu calibrate --with my.csv --out my.fit.toml

With rows of your own (--with, a table of measurements or a load generator's JSON) it fits the predictor to
your stack instead: a file for predict --calibration, or for fits/own.toml in the folder that WHICHGPU_DATA
names.
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


@command
@click.option("--dry-run", is_flag=True, help="Print the errors and write nothing.")
@click.option("--with", "own", type=click.Path(path_type=Path), metavar="FILE", help="Rows of your own.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE.toml",
              help="Where what they say goes; FILE.fit.toml if not given.")  # fmt: skip
@gpu_files
def run(dry_run: bool, own: Path | None, out: Path | None, catalogue: Catalogue) -> Report:
    """Fit, report, write."""
    if own is not None:
        return _personal(own, None if dry_run else out or own.with_suffix(".fit.toml"), catalogue)
    if out is not None:
        raise click.UsageError("--out is of your own rows; add --with my.csv")
    return _refit(dry_run)


def _personal(own: Path, out: Path | None, catalogue: Catalogue) -> Report:
    from whichgpu.cost.transfer import personal
    from whichgpu.errors import UsageError
    from whichgpu.report.personal import report

    with progress("calibrate"):
        rows, faults = personal.rows_of(own)
        found = personal.fitted(rows, catalogue)
    if not found.points:
        why = next(iter(found.skipped.items()), ("", "it has no rows"))
        raise UsageError(f"{own}: no row that can be used ({': '.join(filter(None, why))})")
    if out is not None:
        try:
            out.write_text(personal.text(found, own.name), encoding="utf-8")
        except OSError as fault:
            raise UsageError(
                f"{out}: cannot be written ({fault.strerror or fault}); choose another"
            ) from None
    unread = {line: why for line, _, why in (one.partition(": ") for one in faults)}
    found = found._replace(skipped={**unread, **found.skipped}, rows=found.rows + len(unread))
    return report(found, out)


def _refit(dry_run: bool) -> Report:
    from whichgpu.cost.calibration import energy_fit, memory_fit, scoreboard
    from whichgpu.cost.calibration.refit import refit, write
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
