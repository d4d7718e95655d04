"""Put two to six GPUs side by side: every figure, prices, what follows, and which for what.

$ whichgpu compare a10 a100-80gb-pcie
$ whichgpu compare rtx-a6000 a100-80gb-sxm --workload stable-diffusion-1.5 --workload llama-2-7b
$ whichgpu compare l4 a10 rtx-4090 --workload resnet50 --phase train --format md
$ whichgpu compare rtx-a5000 rtx-a4000 --format html

An article (md, html) has the usual workloads of the GPUs' segment and which well-known models each
holds; --workload usual has them in the other forms too, --workload none leaves them out. Job options
(--phase, --precision, --batch ..) hold for every workload named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.completion import GpuName
from whichgpu.cli.options import ALL, form_option, gpu_files, in_form, job_options
from whichgpu.cli.typed import apart
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from whichgpu.cli.options import JobColumns
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report

#: Words in place of a workload's name: those of the GPUs' segment, or none.
_USUAL, _NONE = "usual", "none"


@command
@click.argument("gpus", nargs=-1, metavar="GPU GPU ..", type=GpuName())
@click.option(
    "--workload",
    "workloads",
    multiple=True,
    metavar="NAME",
    help="What they would run; repeatable. Or usual, or none.",
)
@form_option("For the terminal, a Markdown article, a page to keep, or JSON.")
@ALL
@job_options
@gpu_files
def run(
    catalogue: Catalogue, columns: JobColumns, gpus: tuple[str, ...], workloads: tuple[str, ...], form: str
) -> Report:
    """Compare, and report in the form asked for."""
    from whichgpu.planner.comparison import compare

    context = click.get_current_context(silent=True)
    written = form in ("md", "html") and not (context and context.params.get("as_json"))
    whole = _USUAL in workloads or (written and _NONE not in workloads)
    names = [name for name in workloads if name not in (_USUAL, _NONE)]
    if not names and any(columns.stated.values()):
        stated = next(name for name, value in columns.stated.items() if value)
        raise UsageError(
            f"--{stated.replace('_', '-')} is for a workload; add --workload, e.g. --workload resnet50"
        )
    found = compare(
        apart(gpus, catalogue),
        [job for name in names for job in columns.jobs(name)],
        catalogue=catalogue,
        whole=whole,
    )
    if written:
        from whichgpu.report.article import article

        return in_form(article(found, drawn=form == "html"), found.title, form)
    from whichgpu.report.comparison import report

    return in_form(report(found), found.title, form)
