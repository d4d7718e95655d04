"""Measure jobs on the device at hand, as rows of the measurement schema.

$ whichgpu bench run resnet50 --phase train --precision amp-fp16 --batch 256 --option layout=nhwc
$ whichgpu bench run bert-large gpt2 --phase train --compare
$ whichgpu bench run llama-3.2-1b --phase decode --gpus 2 --tp 2
$ whichgpu bench run resnet50 --phase train --largest-batch --memory "16 GiB"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from whichgpu.cli.bench import measuring
from whichgpu.cli.command import command
from whichgpu.cli.options import job_options

if TYPE_CHECKING:
    from whichgpu.cli.bench import Asked
    from whichgpu.cli.options import JobColumns
    from whichgpu.report.table import Report


@command
@click.argument("workloads", nargs=-1, required=True, metavar="WORKLOAD..")
@click.option("--gpus", type=click.IntRange(min=1), default=1, show_default=True, metavar="N",
              help="GPUs that work together, by torchrun or MirroredStrategy.")  # fmt: skip
@click.option("--largest-batch", is_flag=True, help="Look for the largest batch that fits, and measure it.")
@measuring
@job_options
def run(
    workloads: tuple[str, ...], *, gpus: int, largest_batch: bool, columns: JobColumns, asked: Asked
) -> Report:
    """One job after another."""
    from dataclasses import replace

    from whichgpu.bench import tasks
    from whichgpu.bench.models.agreement import check_written
    from whichgpu.errors import UsageError
    from whichgpu.workloads.workload import resolve

    if largest_batch and columns.stated.get("batch"):
        raise UsageError("--largest-batch looks for the batch; leave out --batch, or --largest-batch")
    todo = []
    for name in workloads:
        job = replace(columns.job(name), n_gpus=float(gpus))
        item = resolve(job.workload)
        check_written(item)
        whole = item.complete(job)
        job = tasks.small(job, whole) if asked.settings.toy else job
        todo.append(tasks.of_job(job, asked.settings))
    if not largest_batch:
        return asked.report(asked.run(todo))
    return _largest(todo, asked)


def _largest(todo: list[dict[str, object]], asked: Asked) -> Report:
    from whichgpu.bench import runner
    from whichgpu.bench.journal import Journal

    found, records, skipped = {}, [], []
    interrupted, most = False, runner.TOY if asked.settings.toy else runner.LAST
    with Journal(asked.out, resume=asked.resume) as journal:
        for task in todo:
            try:
                best, outcome = runner.largest_batch(task, journal, most=most, **asked.how())
            except runner.Unsearchable as fault:
                skipped.append((str(task["workload"]), str(fault)))
                continue
            found[str(task["workload"])] = best
            records += outcome.records
            skipped += outcome.skipped
            interrupted = interrupted or outcome.interrupted
            if interrupted:
                break
    lead = [
        f"Largest batch of {name}: {best}{' or more, at toy size' if best >= most else ''}."
        for name, best in found.items()
    ]
    whole = runner.Outcome(records, skipped, 0, interrupted)
    return asked.report(whole, lead=lead, found={"largest_batch": found})
