"""What a job costs on every kind of terms: by hour, month, 1,000 images or million tokens, and run.

$ whichgpu prices cost stable-diffusion-1.5 --gpu a10 --target "1000 images/min"
$ whichgpu prices cost resnet50 --phase train --gpu a100-80gb-sxm:8 --epochs 90
$ whichgpu prices cost llama-3.1-8b --gpu l4 --hours-per-day 10 --busy "20 %" --egress "500 GB"
$ whichgpu prices cost llama-3.1-8b --gpu l40s --providers aws --region europe
$ whichgpu prices cost stable-diffusion-1.5 --gpu a10 --throughput "34 images/min" --price "1.20 USD/h"

On demand, spot (with the work that interruptions cost), committed for 1 and 3 years, serverless by the
second, marketplace and owning, side by side. What is not listed is assumed and says so; docs/prices.md
has the assumptions and how to change them.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import FORM, gpu_files, in_form, job_options
from whichgpu.cli.wishes import size_options, split

if TYPE_CHECKING:
    from whichgpu.cli.options import JobColumns
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.size import Sized
    from whichgpu.report.table import Report


@command
@click.argument("workload")
@click.option("--gpu", required=True, metavar="GPU[:N]", help="A machine of N of these.")
@click.option("--target", metavar="RATE", help='As many machines as it takes, e.g. "1000 images/min".')
@click.option(
    "--throughput", metavar="RATE", help='Of a machine, where you measured it, e.g. "34 images/min".'
)
@click.option("--price", metavar="PRICE", help='Of a machine, in place of the offers, e.g. "1.20 USD/h".')
@size_options
@click.option(
    "--hours-per-day", type=float, default=24.0, show_default=True, metavar="N", help="Machines are up."
)
@click.option(
    "--busy", default="100 %", show_default=True, metavar="SHARE", help="Of that time they are at work."
)
@click.option("--discount", "discounts", multiple=True, metavar="TERM SHARE",
              help='Off on demand for a commitment, e.g. "1y 30 %"; repeatable.')  # fmt: skip
@click.option("--egress", metavar="SIZE", help='Data that leaves in a month, e.g. "2 TB".')
@click.option("--storage", metavar="SIZE", help='Data that is kept, e.g. "500 GB".')
@click.option("--checkpoint", metavar="TIME", help="On spot, time between two checkpoints, e.g. '30 min'.")
@click.option("--providers", metavar="A,B,..", help="Only these providers, or classes of them.")
@click.option("--region", metavar="A,B,..", help="Only there, at the price there: us-east-1, europe ..")
@click.option("--grid", default="world", show_default=True, metavar="GRID",
              help='Whose electricity: a country, or e.g. "350 g/kWh".')  # fmt: skip
@FORM
@job_options
@gpu_files
def run(
    *, workload: str, columns: JobColumns, catalogue: Catalogue, gpu: str, target: str | None,
    throughput: str | None, price: str | None, size: Sized, hours_per_day: float, busy: str,
    discounts: tuple[str, ...], egress: str | None, storage: str | None, checkpoint: str | None, grid: str,
    providers: str | None, region: str | None, form: str,
) -> Report:  # fmt: skip
    """Read the use, work out the bill, report."""
    from whichgpu.cost import carbon
    from whichgpu.planner.bill_asked import Typed, asked_bill
    from whichgpu.report.bill import report

    where = carbon.grid(grid)
    typed = Typed(target, throughput, price, hours_per_day, busy, discounts, egress, storage, checkpoint,
                  split(providers), split(region))  # fmt: skip
    found = asked_bill(columns.job(workload), gpu, typed, catalogue, date.today(), size=size)
    return in_form(report(found, where), f"What {workload} costs on {gpu}", form)
