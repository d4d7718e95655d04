"""Say whether a measured speed is normal for its job, and if it is not, why, and how to tell.

$ whichgpu diagnose "ResNet-50 trains at 850 images/s on my RTX A5000, batch 128"
$ whichgpu diagnose resnet50 --gpu rtx-a5000 --phase train --batch 128 --measured "850 images/s"
$ whichgpu diagnose llama-3.1-8b --gpu h100-80gb-sxm --measured "tpot 45 ms" --concurrency 32
$ whichgpu diagnose stable-diffusion-1.5 --gpu rtx-4090-laptop --measured "1.1 s/image"
$ whichgpu diagnose bert-large --gpu a100-80gb-sxm:8 --phase train --measured "210 TFLOPS"

A sentence is read for the model, the GPU, the figure and what it says of the job; options go before it.
Each cause is tried: the job is predicted again with it, and what comes nearest to the figure stands first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.completion import GpuName
from whichgpu.cli.options import FORM, JobColumns, gpu_files, in_form, job_options, progress

if TYPE_CHECKING:
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report


@command
@click.argument("workload")
@click.option("--gpu", metavar="GPU[:N]", type=GpuName(), help="On this GPU; N work together.")
@click.option("--measured", metavar="TEXT",
              help='"850 images/s", "3.2 it/s", "45 ms", "tpot 20 ms", "290 W", "22 GiB" ..')  # fmt: skip
@FORM
@job_options
@gpu_files
def run(
    *,
    workload: str,
    gpu: str | None,
    measured: str | None,
    columns: JobColumns,
    catalogue: Catalogue,
    form: str,
) -> Report:
    """Predict, compare, explain."""
    from whichgpu.audit.measurement import Told, diagnosed
    from whichgpu.report.diagnosis import report

    run = Told(workload, gpu or "", measured or "", dict(columns.stated))
    with progress("diagnose"):
        found = diagnosed(run, catalogue, lambda one: JobColumns(one.columns).job(one.workload))
    return in_form(report(found), f"{found.job.workload} on {found.gpu}: {found.figure.text}", form)
