"""List the workloads: parameters, FLOPs, what they produce.

$ whichgpu workloads
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.cli.command import command

if TYPE_CHECKING:
    from whichgpu.report.table import Report


@command
def run() -> Report:
    """Report all of them."""
    from whichgpu.report.workloads import list_report
    from whichgpu.workloads.workload import workloads

    return list_report(workloads().values())
