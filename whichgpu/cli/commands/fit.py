"""What fits on which GPU: memory by part, the largest sizes, the smallest GPU, what would make it fit.

$ whichgpu fit llama-2-13b --gpu a10
$ whichgpu fit llama-2-7b llama-2-13b llama-2-70b --gpu t4,a10,rtx-4090:2,a100-80gb-sxm
$ whichgpu fit llama-2-7b --phase finetune_full --gpu h100-80gb-sxm:8 --option sharding=fsdp
$ whichgpu fit llama-2-7b whisper-large-v3 --together --gpu a100-80gb-sxm:mig-3g.40gb
$ whichgpu fit mixtral-8x7b

A GPU is a name, several of it (a10:2), a MIG slice (a100-80gb-sxm:mig-3g.40gb) or a share of it
(rtx-4090:1/2, l4:50%). Without --gpu the answer is for the smallest current card that holds the workload,
or the fewest.

Exit status 3: a workload fits on none of the GPUs.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.completion import GpuName
from whichgpu.cli.options import ALL, FORM, gpu_files, in_form, job_options

if TYPE_CHECKING:
    from whichgpu.cli.options import JobColumns
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report


@command
@click.argument("workloads", nargs=-1, metavar="WORKLOAD ..")
@click.option(
    "--gpu",
    "gpus",
    multiple=True,
    metavar="GPU[:N]",
    type=GpuName(),
    help="On this GPU; repeatable, or A,B,..",
)
@click.option("--together", is_flag=True, help="All workloads on each GPU at once.")
@FORM
@ALL
@job_options
@gpu_files
def run(
    *, workloads: tuple[str, ...], columns: JobColumns, catalogue: Catalogue, gpus: tuple[str, ...],
    together: bool, form: str,
) -> Report:  # fmt: skip
    """Judge every workload on every GPU, and report in the form asked for."""
    from whichgpu.planner.capacity import fit
    from whichgpu.report.capacity import report, title

    if not workloads:
        raise click.UsageError("say what: fit llama-2-13b --gpu a10")
    names = _apart(gpus)
    if gpus and not names:
        raise click.UsageError(f"--gpu {gpus[0]} names no GPU; write e.g. --gpu a10,rtx-4090:2")
    jobs = [columns.job(name) for name in _apart(workloads) or workloads]
    full = str(columns.stated["concurrency"]).strip().lower() == "max"
    found = fit(jobs, names, catalogue, together=together, full=full)
    return in_form(report(found), title(found), form)


def _apart(typed: tuple[str, ...]) -> list[str]:
    """Names that may stand in one word with commas between; a file's may have one in it."""
    words = ([text] if os.path.exists(text) else text.split(",") for text in typed)
    return [name.strip() for each in words for name in each if name.strip()]
