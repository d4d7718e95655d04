"""Everything known about one GPU, and where each value comes from.

$ whichgpu show l4
$ whichgpu show "A100 SXM 80GB" --sources
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.completion import GpuName
from whichgpu.cli.options import gpu_files

if TYPE_CHECKING:
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report


@command
@click.argument("gpu", type=GpuName())
@click.option("--sources", is_flag=True, help="Say where each value comes from and what other sources say.")
@gpu_files
def run(catalogue: Catalogue, gpu: str, *, sources: bool) -> Report:
    """Resolve the name and report the device."""
    from whichgpu.hardware.names import resolve
    from whichgpu.report.gpus import show_report

    return show_report(resolve(gpu, catalogue), sources=sources)
