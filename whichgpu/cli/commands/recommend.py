"""Rank what to rent or buy for a workload: how many GPUs, from whom, at what price.

$ whichgpu recommend stable-diffusion-1.5 --target "1000 images/min"
$ whichgpu recommend llama-2-70b --target "5000 tokens/s" --precision fp8
$ whichgpu recommend llama-3.1-8b --slo "ttft p90 1 s, tpot 50 ms" --rate "5 req/s"
$ whichgpu recommend resnet50 --phase train --epochs 90 --deadline tomorrow --budget "200 USD"
$ whichgpu recommend llama-2-7b --needs single-slot,ecc --max-power "150 W"
$ whichgpu recommend llama-2-70b --machine "psu 1600 W, 4 slots, 15 A at 120 V, 128 GB, 24 cores"
$ whichgpu recommend rendering --min-memory "24 GB"
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import ALL, FORM, Finite, gpu_files, in_form, job_options, progress, slo_option
from whichgpu.cli.wishes import wish_options
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from whichgpu.cli.options import JobColumns
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.use import Use
    from whichgpu.report.table import Report


@command
@click.argument("workload")
@wish_options
@slo_option(
    "The cheapest fleet of replicas that keeps objectives under a load: "
    '"ttft p90 1 s, tpot 50 ms" (a bare figure is the mean); repeatable.'
)
@click.option("--rate", metavar="RATE", help='With --slo: requests that arrive at random, e.g. "5 req/s".')
@click.option("--users", type=Finite(min=1), metavar="N",
              help="Users who each read an answer before they ask again; with --slo, or usual "
                   "objectives. Of virtual desktops: who each have one.")  # fmt: skip
@click.option("--pause", metavar="TIME", default="0 s", show_default=True,
              help="What a user lets go by between an answer and the next request.")  # fmt: skip
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True, metavar="N",
              help="Rows of the table; JSON has all.")  # fmt: skip
@click.option("--why-not", is_flag=True, help="Name every GPU that was not chosen, and why.")
@FORM
@ALL
@job_options
@gpu_files
def run(
    *, workload: str, columns: JobColumns, catalogue: Catalogue, wishes: dict[str, Any], limit: int,
    why_not: bool, slo: str | None, rate: str | None, users: float | None, pause: str, form: str,
) -> Report:  # fmt: skip
    """Read the request, rank, report."""
    from whichgpu.planner.request import read_request
    from whichgpu.planner.use import use

    other = use(workload)
    if other is not None:
        from whichgpu.planner.fleets.asked import Asked as Load

        wishes["load"] = Load(slo, rate, users)
        return in_form(_for_use(other, columns, catalogue, wishes, limit=limit, why_not=why_not),
                       f"What to rent or buy for {other.title}", form)  # fmt: skip
    request, own = read_request(columns.job(workload), catalogue, today=date.today(), **wishes)
    if slo is not None or rate is not None or users is not None:
        from whichgpu.planner.fleets.asked import Asked, assumed, read
        from whichgpu.planner.fleets.ranking import fleets
        from whichgpu.report.fleet import report as of_fleets

        with progress("recommend"):
            asked = Asked(slo, rate, users, pause)
            terms, load = read(request, asked)
            ranked = fleets(request, terms, load, catalogue, own, limit=limit, assumed=assumed(asked))
            found = of_fleets(ranked, why_not=why_not)
        return in_form(found, f"Fleets for {workload}", form)
    from whichgpu.planner.recommend import recommend
    from whichgpu.report.recommendation import report

    with progress("recommend"):
        answer = recommend(request, catalogue, own)
        told = report(answer, limit=limit, why_not=why_not)
    if form != "table":
        from whichgpu.report.pareto import drawn

        told = drawn(answer, told)
    return in_form(told, f"What to rent or buy for {workload}", form)


def _for_use(
    use: Use, columns: JobColumns, catalogue: Catalogue, wishes: dict[str, Any], *, limit: int, why_not: bool
) -> Report:
    """A use outside the cost model, from specifications."""
    from whichgpu.planner.request import read_use_request
    from whichgpu.planner.uses import for_use
    from whichgpu.report.uses import report

    stated = [name for name, value in columns.stated.items() if value]
    if stated:
        raise UsageError(
            f"--{stated[0].replace('_', '-')} is of predicted work, and {use.title} is answered from "
            "specifications; leave it out"
        )
    request, own = read_use_request(use, catalogue, today=date.today(), **wishes)
    return report(for_use(use, request, catalogue, own), limit=limit, why_not=why_not)
