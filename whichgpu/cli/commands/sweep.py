"""Search the best strategy to train a model on a cluster: parallelism, micro-batch, checkpointing, sharding.

$ whichgpu sweep llama-3.1-70b --gpus h100-80gb-sxm:512 --seq-len 8192 --tokens 15T
$ whichgpu sweep llama-3.1-405b --gpus h100-80gb-sxm --tokens 15T --within "60 days"
$ whichgpu sweep llama-3-8b --gpus a100-80gb-sxm:8 --scaling
$ whichgpu sweep deepseek-v3 --gpus h100-80gb-sxm:1024 --tp 1 --option ep=64 --usd-per-gpu-hour 2.20
"""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import ALL, form_option, gpu_files, job_options, progress

if TYPE_CHECKING:
    from whichgpu.cli.options import JobColumns
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report


@command
@click.argument("workload")
@click.option("--gpus", required=True, metavar="GPU:N",
              help="The cluster: N GPUs of a kind; the kind alone with --within.")  # fmt: skip
@click.option("--global-batch", type=float, metavar="N",
              help="Sequences or items of a step on all GPUs; if not given, 4 million tokens.")  # fmt: skip
@click.option("--tokens", metavar="T", help="How many tokens (or items) to train in all: 15T, 300B.")
@click.option("--within", metavar="TIME",
              help='The fewest GPUs that train the tokens by then: "60 days", 2027-01-31.')  # fmt: skip
@click.option("--usd-per-gpu-hour", type=float, metavar="USD", help="Your price instead of the stored ones.")
@click.option("--system", metavar="MACHINE",
              help="The machines it runs on, whose links count: aws-p4d.24xlarge, hgx-h100-8 ..")  # fmt: skip
@click.option("--scaling", is_flag=True, help="The best on 1, 2, 4, .. GPUs as well.")
@click.option("--top", type=click.IntRange(min=1, max=50), default=5, show_default=True, metavar="N",
              help="How many strategies to tell.")  # fmt: skip
@form_option("A table for the terminal, Markdown, a page, or JSON.")
@ALL
@job_options
@gpu_files
def run(
    *, workload: str, columns: JobColumns, catalogue: Catalogue, gpus: str, global_batch: float | None,
    tokens: str | None, within: str | None, usd_per_gpu_hour: float | None, system: str | None, scaling: bool,
    top: int, form: str,
) -> Report:  # fmt: skip
    """Read the request, search, report."""
    from whichgpu.planner.sweep import answered
    from whichgpu.report.sweep import report

    with progress("sweep"):
        found = report(answered(
            columns.job(workload), gpus, catalogue, today=date.today(), within=within, tokens=tokens,
            global_batch=global_batch, usd_per_gpu_hour=usd_per_gpu_hour, system=system, top=top,
            scaling=scaling,
        ))  # fmt: skip
    context = click.get_current_context(silent=True)
    if form == "table" or (context and context.params.get("as_json")):
        return found
    from whichgpu.report.documents import document

    sys.stdout.write(document(f"Training {workload} on {gpus}", found, form))
    return found._replace(blocks=())
