"""Hold the data against itself: derivations, sources that differ, coverage, price quality.

$ whichgpu check
$ whichgpu check --all

Exits 0 when nothing is new, 4 when something does not fit.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import gpu_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report

#: How far a workload may be from what was published.
_TOLERANCE = 0.01


@command
@click.option("--all", "everything", is_flag=True, help="List every known difference and its reason too.")
@gpu_files
def run(catalogue: Catalogue, *, everything: bool) -> Report:
    """Run the checks of every layer."""
    from whichgpu import prices
    from whichgpu.hardware import check
    from whichgpu.prices import quality
    from whichgpu.report.check import Findings, report

    found = Findings(
        catalogue=check.check(catalogue),
        excused=check.exceptions(),
        coverage=check.coverage(catalogue),
        prices=quality.check(prices.bundled(), date.today()),
        offers=prices.bundled(),
        workloads=list(_workloads()),
    )
    return report(found, everything=everything)


def _workloads() -> Iterator[str]:
    """Workloads whose parameters or FLOPs are not the published ones."""
    from whichgpu.report.workloads import computed
    from whichgpu.workloads.workload import workloads

    for item in workloads().values():
        for name, value in computed(item).items():
            fact = item.published.get(name)
            if fact and abs(value - fact.value) > _TOLERANCE * fact.value:
                yield f"{item.id}.{name}: {value:,.0f} here, {fact.value:,.0f} published ({fact.source})"
