"""What a job costs on spot capacity that is taken back now and then, against on demand.

$ whichgpu prices spot a100-40gb-sxm --hours 100
$ whichgpu prices spot a10 --hours 40 --checkpoint "10 min" --saving "30 s"
$ whichgpu prices spot g2-standard-4 --hours 40 --interruption "12 h"

The hours are those that the job would take without an interruption on the machine that is offered.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import gpu_files

if TYPE_CHECKING:
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report


@command
@click.argument("gpu", metavar="GPU|INSTANCE")
@click.option("--hours", type=float, required=True, metavar="N", help="Hours of work.")
@click.option("--gpus", type=click.IntRange(min=1), default=1, show_default=True, metavar="N",
              help="GPUs in the machine.")  # fmt: skip
@click.option("--checkpoint", metavar="TIME", help="Time between two checkpoints, e.g. '30 min'.")
@click.option("--saving", metavar="TIME", help="Time that one checkpoint takes.")
@click.option("--restart", metavar="TIME", help="Time until another machine works on.")
@click.option("--interruption", metavar="SHARE|TIME",
              help="Of machines a month, e.g. '20 %', or the time between two, e.g. '12 h'.")  # fmt: skip
@gpu_files
def run(
    catalogue: Catalogue, gpu: str, hours: float, gpus: int, *, checkpoint: str | None,
    saving: str | None, restart: str | None, interruption: str | None,
) -> Report:  # fmt: skip
    """Read the habits of the job and report what it costs."""
    from whichgpu.hardware.names import resolve
    from whichgpu.prices.quote import instance_named
    from whichgpu.prices.spot import read_band, read_habits
    from whichgpu.report.owning import spot_report

    if not 0 < hours < 1e6:
        raise click.UsageError(f"{hours:g} hours of work cannot be; write e.g. --hours 100")
    how = read_habits(checkpoint, saving, restart)
    stated = read_band(interruption) if interruption else None
    if named := instance_named(gpu, catalogue):
        device, count = catalogue[named[0]], named[1]
        return spot_report(device, count, hours, how, today=date.today(), stated=stated, instance=gpu)
    return spot_report(resolve(gpu, catalogue), gpus, hours, how, today=date.today(), stated=stated)
