"""Check that models still fit their GPUs and cost no more than before: for pre-commit and CI.

$ whichgpu guard --update
$ whichgpu guard

The file lists models, each with a workload (a name, or a config.json beside it), a GPU and its job columns.
--update keeps what a unit of their work costs, in a file to be committed. Exit status 3: a model does not
fit, or costs more than the share allowed; 4: there is no baseline of one. docs/guard.md has examples.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import gpu_files

if TYPE_CHECKING:
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report

#: The file that is read where none is named.
_FILE = "whichgpu-guard.toml"


@command
@click.argument("file", type=click.Path(path_type=Path), default=Path(_FILE), metavar="[FILE.toml]")
@click.option("--update", is_flag=True, help="Keep what the models cost now as the baseline.")
@click.option(
    "--baseline", "kept", type=click.Path(path_type=Path), metavar="FILE.json",
    help="The baseline; if not given, FILE.json beside FILE.toml.",
)  # fmt: skip
@gpu_files
def run(*, catalogue: Catalogue, file: Path, update: bool, kept: Path | None) -> Report:
    """Judge the models, keep their costs where asked."""
    from whichgpu.cli.guard_file import baseline, watched, write
    from whichgpu.planner.guard import judge
    from whichgpu.report.guard import report

    kept = kept or file.with_suffix(".json")
    before = baseline(kept) if kept.exists() and not update else {}
    found = judge(watched(file, catalogue), before, date.today())
    answer = report(found, kept, updated=update)
    if update:
        write(kept, found)
    return answer
