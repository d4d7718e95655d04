"""What one workload is: parameters, FLOPs, bytes, sources.

$ whichgpu workload resnet50
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command

if TYPE_CHECKING:
    from whichgpu.report.table import Report


@command
@click.argument("workload")
def run(workload: str) -> Report:
    """Resolve the name and report the workload."""
    from whichgpu.report.workloads import show_report
    from whichgpu.workloads.workload import resolve

    return show_report(resolve(workload))
