"""What is installed, and how old the data are.

$ whichgpu doctor
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from whichgpu.cli.command import command

if TYPE_CHECKING:
    from whichgpu.report.table import Report


@command
def run() -> Report:
    """Look around and report."""
    from whichgpu.report.doctor import report

    return report(date.today())
