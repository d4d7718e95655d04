"""Put two to six GPUs side by side: every figure, prices, what follows, and which for what.

$ whichgpu compare a10 a100-80gb-pcie
$ whichgpu compare rtx-a6000 a100-80gb-sxm --workload stable-diffusion-1.5 --workload llama-2-7b
$ whichgpu compare l4 a10 rtx-4090 --workload resnet50 --phase train --format md

Job options (--phase, --precision, --batch ..) hold for every workload named.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.completion import GpuName
from whichgpu.cli.options import gpu_files, job_options
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from whichgpu.cli.options import JobColumns
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report


@command
@click.argument("gpus", nargs=-1, metavar="GPU GPU ..", type=GpuName())
@click.option(
    "--workload", "workloads", multiple=True, metavar="NAME", help="What they would run; repeatable."
)
@click.option(
    "--format", "form", type=click.Choice(["table", "md", "json"]), default="table", show_default=True,
    help="A table for the terminal, a Markdown article, or JSON.",
)  # fmt: skip
@job_options
@gpu_files
def run(
    catalogue: Catalogue, columns: JobColumns, gpus: tuple[str, ...], workloads: tuple[str, ...], form: str
) -> Report:
    """Compare, and report in the form asked for."""
    from whichgpu.planner.comparison import compare
    from whichgpu.report.comparison import article, report

    if not workloads and any(columns.stated.values()):
        stated = next(name for name, value in columns.stated.items() if value)
        raise UsageError(
            f"--{stated.replace('_', '-')} is for a workload; add --workload, e.g. --workload resnet50"
        )
    found = compare(gpus, [columns.job(name) for name in workloads], catalogue=catalogue)
    answer = report(found)
    context = click.get_current_context(silent=True)
    if form == "table" or (context and context.params.get("as_json")):
        return answer
    from whichgpu.report.json import dumps

    sys.stdout.write(article(found) if form == "md" else dumps(answer.data))
    return type(answer)(answer.data, ())
