"""Read what other benchmarks and monitors wrote as rows: tf_cnn_benchmarks, MLPerf, llama-bench, vLLM, DCGM.

$ whichgpu bench import run.log --gpu rtx-a5000 --precision amp-fp16 --out my.csv
$ whichgpu bench import llama-bench.json --out my.csv
$ whichgpu bench import before.prom after.prom --workload llama-3.1-8b --precision bf16
$ whichgpu bench import results/H100-SXM-80GBx8_TRT/resnet50/Offline/performance/run_1/mlperf_log_summary.txt

What a file does not say is stated by options, which go over what it says. The rows are for validate, bench
--compare and calibrate --with; a file that cannot be read is told of, and the others go on.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import gpu_files, job_options

if TYPE_CHECKING:
    from whichgpu.cli.options import JobColumns
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report


@command
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "name", default="", metavar="NAME", help="Of the files; found by what is in them.")
@click.option("--workload", default="", metavar="NAME", help="What ran, where a file does not say.")
@click.option("--gpu", default="", metavar="GPU[:N]", help="On what, where a file does not say.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE.csv", help="Append the rows there.")
@click.option("--resume", is_flag=True, help="Append to --out where it is there; rows in it are left out.")
@job_options
@gpu_files
def run(
    *, files: tuple[Path, ...], name: str, workload: str, gpu: str, out: Path | None, resume: bool,
    columns: JobColumns, catalogue: Catalogue,
) -> Report:  # fmt: skip
    """Read, append, show."""
    from whichgpu.bench import imports
    from whichgpu.report.imported import report

    found = imports.load(files, _stated(columns, workload, gpu, catalogue), catalogue, name)
    written = 0
    if out is not None and found.records:
        from whichgpu.bench.journal import Journal

        with Journal(out, resume=resume) as journal:
            fresh = [one for one in found.records if one.key not in journal.done]
            journal.append(fresh)
            written = len(fresh)
    return report(found, out, written)


def _stated(columns: JobColumns, workload: str, gpu: str, catalogue: Catalogue) -> dict[str, Any]:
    """The columns that the command line states, as rows have them."""
    from whichgpu.hardware.slices import resolve_device
    from whichgpu.workloads import job as jobs
    from whichgpu.workloads import phases

    known = {name: value for name, value in columns.stated.items() if value not in (None, "", ())}
    # Refuses numbers that no job has.
    jobs.Job("", **{name: known[name] for name in jobs.NUMBERS if name in known})
    if "options" in known:
        known["options"] = jobs.options(tuple(known["options"]))
    if "phase" in known:
        known["phase"] = phases.phase(known["phase"])
    if workload:
        known["workload"] = workload
    if gpu:
        device, count = resolve_device(gpu, catalogue)
        known["gpu"] = device.id
        known |= {"n_gpus": count} if count > 1 else {}
    return known
