"""List the workloads: parameters, FLOPs, what they produce.

$ whichgpu workloads
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.cli.command import command
from whichgpu.cli.options import progress

if TYPE_CHECKING:
    from whichgpu.report.table import Report


@command
def run() -> Report:
    """Report all of them."""
    from whichgpu.report.workloads import list_report
    from whichgpu.workloads.workload import workloads

    found = workloads()
    with progress("workloads", len(found)) as advance:
        return list_report(found.values(), advance)
