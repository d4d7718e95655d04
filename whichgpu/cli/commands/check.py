"""Hold the data against itself: derivations, sources that differ, coverage, price quality.

$ whichgpu check
$ whichgpu check --all
$ whichgpu check --fields
$ whichgpu check --published

With --fields it prints, for each field, how many devices have it, from what kind of source and how old,
and every figure on which sources differ with what was decided and why. With --published it prints the
error of every published parameter and FLOP count instead.

Exits 0 when nothing is new, 4 when something does not fit.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import gpu_files, progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report


@command
@click.option("--all", "everything", is_flag=True, help="List every known difference and its reason too.")
@click.option("--fields", is_flag=True, help="How well each field is known, and every dispute, instead.")
@click.option("--published", is_flag=True, help="The workloads against every published count instead.")
@gpu_files
def run(catalogue: Catalogue, *, everything: bool, fields: bool, published: bool) -> Report:
    """Run the checks of every layer, or print how well fields are known or the errors of published counts."""
    if published:
        return _published()
    if fields:
        from whichgpu.hardware import truth
        from whichgpu.report.truth import report as told

        return told(truth.known(catalogue), list(truth.disputes(catalogue)), date.today())
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


def _published() -> Report:
    from whichgpu.report.published import report
    from whichgpu.workloads.workload import workloads

    found = workloads()
    with progress("workloads", len(found)) as advance:
        return report(found.values(), advance)


def _workloads() -> Iterator[str]:
    """Workloads whose parameters or FLOPs are not the published ones, and figures of no workload."""
    from whichgpu.workloads import published
    from whichgpu.workloads.agreement import agreements
    from whichgpu.workloads.workload import workloads

    found = workloads()
    for item in found.values():
        for row in agreements(item):
            if not row.agrees:
                yield (
                    f"{row.workload}.{row.figure}: {row.ours:,.0f} here, {row.fact.value:,.0f} published "
                    f"({row.fact.source})"
                )
    for name in sorted(published.names() - set(found)):
        yield f"data/validation: no workload '{name}'; correct the name, or add it"
