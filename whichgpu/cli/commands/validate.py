"""Hold predictions against measured rows: error, coverage and width of intervals, by source, GPU ..

$ whichgpu validate measured.csv --by gpu
$ whichgpu validate --by family
$ whichgpu validate run.json --by metric
$ whichgpu validate megatron-2022 --by workload

Rows are a CSV of measurements, or what a load generator wrote: the JSON of vllm bench serve --save-result, of
sglang.bench_serving --output-file, of aiperf; or a file of any other benchmark that bench import reads
(trtllm-bench, llama-bench, a training's log).

A name instead of a file is of runs that ship with the package and that no fit has seen. Without either:
the scoreboard, on published rows that the fit had not seen. --by generation is of it alone.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import gpu_files, progress
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.cost.table.files import JobTable
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report

_COLUMNS = (
    "source", "gpu", "workload", "family", "basis", "generation", "phase", "metric", "precision",
    "runtime", "n_gpus",
)  # fmt: skip


@command
@click.argument("measured", required=False, type=click.Path(path_type=Path))
@click.option("--by", type=click.Choice(_COLUMNS), default="source", show_default=True, help="Group rows by.")
@click.option(
    "--page", type=click.Path(path_type=Path), metavar="FILE.html", help="Write the scoreboard there."
)
@click.option(
    "--workload", metavar="NAME", default="", help="Of a load generator's or benchmark's file: what ran."
)
@click.option("--gpu", metavar="GPU[:N]", default="", help="Of such a file: on what.")
@click.option("--precision", metavar="NAME", default="", help="Of such a file: in what format.")
@click.option("--runtime", metavar="NAME", default="", help="Of such a file: by which engine.")
@click.option("--tp", metavar="N", default="", help="Of such a file: GPUs that share a layer.")
@click.option(
    "--option", multiple=True, metavar="KEY=VALUE", help="Of such a file: its load, e.g. dataset=sharegpt."
)
@gpu_files
def run(
    *, measured: Path | None, by: str, page: Path | None, catalogue: Catalogue, gpu: str,
    option: tuple[str, ...], **stated: str,
) -> Report:  # fmt: skip
    """Predict each row and compare; without rows, the scoreboard."""
    from whichgpu.workloads.job import options

    if measured is None:
        return _scoreboard(by, page)
    if page is not None:
        raise click.UsageError("--page is of the scoreboard; leave the file of rows out")
    name, _, count = gpu.partition(":")
    told = ";".join(f"{key}={value}" for key, value in options(option).items())
    return _rows(measured, by, catalogue, {**stated, "gpu": name, "n_gpus": count, "options": told})


def _scoreboard(by: str, page: Path | None) -> Report:
    from whichgpu.cost.calibration.scoreboard import committed
    from whichgpu.report import scoreboard

    if by not in scoreboard.BREAKDOWNS:
        known = ", ".join(scoreboard.BREAKDOWNS)
        raise click.UsageError(f"the scoreboard is not kept by {by}; use --by with one of {known}")
    board = committed()
    found = scoreboard.board_report(board, by)
    if page is None:
        return found
    try:
        page.write_text(scoreboard.page(board), encoding="utf-8")
    except OSError as fault:
        raise click.UsageError(
            f"{page}: cannot be written ({fault.strerror or fault}); choose another"
        ) from None
    return found._replace(blocks=(*found.blocks, f"Wrote {page}."))


def _rows(measured: Path, by: str, catalogue: Catalogue, stated: Mapping[str, str]) -> Report:
    from whichgpu.cost.serving import load_results
    from whichgpu.cost.table.files import COLUMNS, read_measured
    from whichgpu.cost.table.jobs import predict_rows
    from whichgpu.report.accuracy import validation_report

    if by == "generation":
        raise click.UsageError("--by generation is of the scoreboard; use --by gpu")
    imported = _imported(measured, stated, catalogue)
    if imported is not None:
        table, cells = imported
    elif load_results.wrote(measured):
        table, cells = load_results.read_results(measured, stated, every=True)
    elif any(stated.values()):
        called = {"n_gpus": "gpu", "options": "option"}
        told = ", ".join(f"--{called.get(name, name)}" for name, value in stated.items() if value)
        raise click.UsageError(
            f"{told}: of what a load generator or a benchmark wrote alone; a table states its own"
        )
    else:
        table, cells = _published(measured.name) or read_measured(measured)
    with progress("validate", len(cells)) as advance:
        answers = predict_rows((row[: len(COLUMNS)] for row in cells), catalogue, advance)
    rows = [dict(zip(table.columns, row, strict=True)) for row in cells]
    if by == "family":
        rows = [{**row, "family": _family(row["workload"])} for row in rows]
    return validation_report(rows, list(answers), by, (*table.notes(), *answers.notes))


def _imported(
    path: Path, stated: Mapping[str, str], catalogue: Catalogue
) -> tuple[JobTable, list[tuple[str, ...]]] | None:
    """What another benchmark wrote, as a table of measurements and its rows; None of all else."""
    from whichgpu.bench import imports
    from whichgpu.cost.table.files import COLUMNS, JobTable, is_measured

    name = "" if not path.is_file() or is_measured(path) else imports.format_of(path)
    if not name or name == "load_generator":
        return None
    said = {key: value for key, value in stated.items() if value}
    found = imports.load([path], said, catalogue, name)
    for fault in found.faults.values():
        raise UsageError(f"{path}: {fault}")
    columns = (*COLUMNS, "value", "source")
    cells = [tuple(one.row.get(column, "") for column in columns) for one in found.records]
    return JobTable(columns, (), iter(())), cells


def _published(name: str) -> tuple[JobTable, list[tuple[str, ...]]] | None:
    """Runs of a source that ship with the package, as a table of measurements; None for another name."""
    from whichgpu.cost.table.files import COLUMNS, JobTable
    from whichgpu.workloads.published import runs

    known = runs().get(name)
    if known is None or Path(name).exists():
        return None
    columns = (*COLUMNS, "value", "source")
    return JobTable(columns, (), iter(())), [tuple(row[column] for column in columns) for row in known]


@cache
def _family(name: str) -> str:
    from whichgpu.errors import WhichGpuError
    from whichgpu.workloads.workload import resolve

    try:
        return resolve(name).family
    except WhichGpuError:
        return "unknown"
