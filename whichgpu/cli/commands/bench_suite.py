"""Measure a list of jobs: tf_cnn_benchmarks of the RTX A5000 articles, vision, language, scaling ..

$ whichgpu bench suite a5000-article
$ whichgpu bench suite toy --out toy.csv
$ whichgpu bench suite vision --only resnet50 --resume --compare
$ whichgpu bench suite device --cluster auto
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from whichgpu.cli.bench import command_line, measuring, tell
from whichgpu.cli.command import command

if TYPE_CHECKING:
    from whichgpu.cli.bench import Asked
    from whichgpu.report.table import Report


@command
@click.argument("name", metavar="NAME")
@click.option("--only", metavar="TEXT", help="Only what has this in its title.")
@click.option(
    "--cluster", metavar="ADDRESS", help="On every node and kind of GPU of a Ray cluster; auto: the one here."
)
@measuring
def run(name: str, *, only: str | None, cluster: str | None, asked: Asked) -> Report:
    """Every task of the suite that the file has not."""
    from whichgpu.bench import runner, tasks
    from whichgpu.errors import UsageError

    gpus = 8 if cluster else runner.machine().gpus
    every = tasks.suite(name, asked.settings, gpus)
    todo = [one for one in every if not only or only.lower() in tasks.title(one).lower()]
    if not todo:
        raise UsageError(f"--only '{only}': nothing of suite {name}; e.g. {tasks.title(every[0])}")
    if not cluster:
        return asked.report(asked.run(todo))
    from whichgpu.bench.cluster import gather
    from whichgpu.bench.journal import Journal

    with Journal(asked.out, resume=asked.resume) as journal:
        outcome, nodes = gather(
            todo, journal, cluster, python=asked.python, command=command_line(), tell=tell
        )
    return asked.report(outcome, found={"nodes": nodes})
