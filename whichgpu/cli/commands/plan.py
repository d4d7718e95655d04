"""The cheapest mixed fleet for several demands: how many of what, from whom, at which hour, with proof.

$ whichgpu plan fleet.toml
$ whichgpu plan fleet.toml --what-if "price h100 -20 %" --what-if "demand x2"
$ whichgpu plan fleet.toml --pareto --format html

The file says what is to be done (docs/plan.md): demands with rates by hour, objectives, redundancy, quotas,
owned GPUs.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import ALL, FORM, gpu_files, in_form, progress

if TYPE_CHECKING:
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report


@command
@click.argument("file", metavar="PLAN.toml", type=click.Path(path_type=Path))
@click.option("--what-if", "texts", multiple=True, metavar="CHANGE",
              help='Solve again under a change, and say what it changes: "demand x2".')  # fmt: skip
@click.option("--pareto", is_flag=True, help="Cost against latency, and against energy.")
@click.option("--time-limit", metavar="TIME", help='Search no longer than this, e.g. "30 s".')
@click.option("--why-not", is_flag=True, help="Every class of offers that was left out, and why.")
@FORM
@ALL
@gpu_files
def run(
    *, file: Path, texts: tuple[str, ...], pareto: bool, time_limit: str | None, why_not: bool, form: str,
    catalogue: Catalogue,
) -> Report:  # fmt: skip
    """Read the plan, solve, report."""
    from dataclasses import replace

    from whichgpu.planner.plan.pareto import fronts
    from whichgpu.planner.plan.planning import plan
    from whichgpu.planner.plan.reading import read
    from whichgpu.planner.plan.whatif import what_ifs
    from whichgpu.planner.wishes import read_positive
    from whichgpu.report.plan import report

    today = date.today()
    asked = read(file, catalogue, today)
    if time_limit is not None:
        asked = replace(asked, seconds=read_positive(time_limit, "time", "time limit"))
    with progress("plan"):
        answer = plan(asked, catalogue, today)
        changed = what_ifs(texts, answer, catalogue, today)
        traded = fronts(answer, catalogue, today) if pareto and answer.feasible else None
    return in_form(report(answer, *changed, traded, why_not=why_not), f"Plan {asked.name}", form)
