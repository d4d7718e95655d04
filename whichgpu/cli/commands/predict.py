"""Predict speed, memory and power of a job on a GPU, or of every job of a table.

$ whichgpu predict stable-diffusion-1.5 --gpu a10
$ whichgpu predict llama-2-70b --gpu h100-80gb-sxm:4 --precision fp8
$ whichgpu predict llama-3.1-70b --gpu a100-80gb-sxm:4,l40s:8
$ whichgpu predict llama-3.1-70b --gpu h100-80gb-sxm:4 --curve
$ whichgpu predict llama-3.1-70b --gpu h100-80gb-sxm:8 --slo "ttft p90 1 s, tpot 50 ms"
$ whichgpu predict stable-diffusion-1.5 --gpu l4:2 --rate "0.2 req/s" --slo "e2e p90 8 s"
$ whichgpu predict resnet50 --gpu v100-16gb-sxm --phase train --explain
$ whichgpu predict resnet50 --gpu h100-80gb-sxm --phase train --anchor "rtx-3090, batch 128: 850 images/s"
$ whichgpu predict --family diffusion --gpu l40s --anchor "rtx-3090: 12.4 samples/s"
$ whichgpu predict resnet50 --gpu a100-80gb-sxm:8 --phase train --epochs 90 --samples imagenet
$ whichgpu predict --jobs jobs.csv --out predictions.csv

A run of your own (--anchor, docs/diagnose.md) narrows the interval: what a workload and its software do to
all GPUs alike cancels. It may be of a model outside of the zoo, given by its kind or by its FLOPs and bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.completion import GpuName
from whichgpu.cli.options import (
    ALL,
    FORM,
    Finite,
    gpu_files,
    in_form,
    in_full,
    job_options,
    progress,
    slo_option,
)
from whichgpu.cli.wishes import size_options
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from whichgpu.cli.options import JobColumns
    from whichgpu.cost.estimates import Estimates
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.size import Sized
    from whichgpu.report.table import Report
    from whichgpu.workloads.job import Job


@command
@click.argument("workload", required=False)
@click.option(
    "--gpu",
    metavar="GPU[:N]",
    type=GpuName(),
    multiple=True,
    callback=lambda _context, _option, names: ",".join(names) or None,
    help="On this GPU; N of them work together. Several, A:4,B:8, stand side by side.",
)
@click.option(
    "--jobs", type=click.Path(path_type=Path), metavar="FILE.csv", help="Predict each row of a table."
)
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE.csv", help="Where predictions go.")
@click.option("--explain", is_flag=True, help="Every op, coefficient and measurement behind the answer.")
@click.option("--curve", is_flag=False, flag_value="rate", type=click.Choice(["rate", "concurrency"]),
              metavar="[rate|concurrency]",
              help="Throughput and times against the load: requests that arrive at a rate (as if nothing "
                   "follows), or so many in flight; by batch for what is made in batches.")  # fmt: skip
@click.option("--rate", metavar="RATE", help='Requests that arrive at random, e.g. "5 req/s".')
@click.option("--trace", type=click.Path(path_type=Path), metavar="FILE.csv",
              help="Serve recorded requests: columns arrival (s), input and output (tokens).")  # fmt: skip
@slo_option(
    "The largest load within objectives, and the split of the GPUs that holds it: "
    '"ttft p90 1 s, tpot 50 ms" (a bare figure is the mean); repeatable.'
)
@click.option("--usd-per-gpu-hour", type=Finite(min=0, min_open=True), metavar="USD",
              help="Price of a GPU, for the cost of tokens; else the best on-demand offer.")  # fmt: skip
@click.option("--anchor", "anchored", multiple=True, metavar="TEXT",
              help='A run of your own: "rtx-3090, batch 32, fp16: 12.4 samples/s"; repeatable.')  # fmt: skip
@click.option("--family", metavar="KIND", default="",
              help="Of a model that is not in the zoo: cnn, transformer, llm, diffusion ..")  # fmt: skip
@click.option(
    "--flops", metavar="N", help="Of such a model: FLOPs of a forward pass of one item, 4.1e9 or 4.1G."
)
@click.option("--bytes", "moved", metavar="N",
              help="Of such a model: bytes that pass moves in 16 bits, 8e7 or 80 MB.")  # fmt: skip
@click.option("--calibration", type=click.Path(path_type=Path), metavar="FILE.toml",
              help="What calibrate --with learnt of your own stack.")  # fmt: skip
@click.option(
    "--grid",
    metavar="REGION|N g/kWh",
    default="world",
    show_default=True,
    help="Whose electricity it runs on, for CO2: a country or an intensity.",
)
@click.option(
    "--pue",
    type=float,
    metavar="N",
    default=1.0,
    show_default=True,
    help="Energy of the site over that of the GPUs.",
)
@size_options
@FORM
@ALL
@job_options
@gpu_files
def run(
    *, workload: str | None, columns: JobColumns, catalogue: Catalogue, gpu: str | None, jobs: Path | None,
    out: Path | None, explain: bool, grid: str, pue: float, curve: str | None, slo: str | None,
    usd_per_gpu_hour: float | None, rate: str | None, trace: Path | None, form: str,
    anchored: tuple[str, ...], family: str, flops: str | None, moved: str | None, calibration: Path | None,
    size: Sized,
) -> Report:  # fmt: skip
    """One job under one load or several, or a table of them."""
    own = _Own(anchored, calibration, (family, flops, moved))
    loaded = curve is not None or slo is not None or trace is not None
    own.check(workload, gpu, jobs, loaded=loaded)
    _unsized(size, alone=not (loaded or rate is not None or jobs is not None or any(own.what)))
    if any(own.what):
        from whichgpu.cli.anchored import unknown_model

        return in_form(unknown_model(gpu or "", columns, catalogue, own.what, anchored), gpu or "", form)
    several = [one for one in (gpu or "").split(",") if one.strip()]
    _unpriced(usd_per_gpu_hour, several, jobs)
    if jobs is not None:
        _alone(workload, gpu, columns, curve=curve, slo=slo, trace=trace, rate=rate, explain=explain)
        return in_form(_table(jobs, out, catalogue), "Predictions", form)
    _unwritten(out)
    if not workload or not gpu:
        raise click.UsageError("say what, on which GPU: predict resnet50 --gpu a10; or --jobs FILE.csv")
    if rate is not None:
        columns = _at_rate(columns, rate, workload)
    if len(several) > 1 or "," in str(columns.stated.get("precision") or ""):
        found = _beside(
            columns, workload, several, catalogue, size, alone=not (loaded or explain or anchored)
        )
        return in_form(found, f"{workload} on {gpu}", form)
    batched = rate is not None and _in_batches(workload, columns)
    loaded = loaded or _apart(columns, rate)
    own.check(workload, gpu, jobs, loaded=loaded or batched)
    if batched or loaded:
        found = _under_load(columns.job(workload), gpu, catalogue, (curve, slo, usd_per_gpu_hour, trace))
        return in_form(found, f"{workload} on {gpu}", form)
    from whichgpu.report.predicted import predicted

    job = columns.job(workload)
    then = _anchoring(anchored, catalogue, stated=bool(job.runtime))
    told = predicted(
        job, gpu, catalogue, (grid, pue), explain=explain, then=then, short=not (explain or in_full(form)),
        usd=usd_per_gpu_hour, size=size,
    )  # fmt: skip
    return in_form(told, f"{workload} on {gpu}", form)


def _under_load(
    job: Job, gpu: str, catalogue: Catalogue, load: tuple[str | None, str | None, float | None, Path | None]
) -> Report:
    """A job under a load: what is asked of it as `report.load.Asked` takes it."""
    from whichgpu.hardware.slices import resolve_device
    from whichgpu.report.load import Asked, answer

    device, count = resolve_device(gpu, catalogue)
    with progress("simulate"):
        return answer(Asked(job, device, count, *load))


def _unwritten(out: Path | None) -> None:
    """Refuse a file for what is no table."""
    if out is not None:
        raise click.UsageError(
            f"--out is of the table that --jobs gives; leave it out, or write > {out} behind the command"
        )


def _unpriced(price: float | None, several: Sequence[str], jobs: Path | None) -> None:
    """Refuse one price for several GPUs, or for a table."""
    if price is None or (jobs is None and len(several) < 2):
        return
    alone = f"write --gpu {several[0]}" if several else "leave --jobs out"
    raise click.UsageError(f"--usd-per-gpu-hour is of one job on one GPU: {alone}, or leave the price out")


def _beside(
    columns: JobColumns, workload: str, gpus: Sequence[str], catalogue: Catalogue, size: Sized, *, alone: bool
) -> Report:
    """A job on several GPUs, or in several formats; refused with a load, a reason or a run of one's own."""
    if not alone:
        form = str(columns.stated.get("precision")).partition(",")[0].strip()
        one = f"--gpu {gpus[0]}" if len(gpus) > 1 else f"--precision {form}"
        raise click.UsageError(
            f"several GPUs or formats stand side by side as one job without a load: write {one}, "
            "or leave --curve, --slo, --trace, --explain and --anchor out"
        )
    from whichgpu.report.side_by_side import side_by_side

    return side_by_side(columns.jobs(workload), gpus, catalogue, size)


def _unsized(size: Sized, *, alone: bool) -> None:
    """Refuse the size of a job where it is no single job that runs as fast as it can."""
    stated = [f"--{name.replace('_', '-')}" for name, said in size._asdict().items() if said is not None]
    if stated and not alone:
        raise click.UsageError(
            f"{', '.join(stated)}: so much work is of one job that runs as fast as it can; leave --jobs, "
            "--curve, --rate, --slo, --trace and --family out, or see: whichgpu recommend"
        )


def _alone(workload: str | None, gpu: str | None, columns: JobColumns, **asked: object) -> None:
    """Refuse what says of one job what a table says of each of its own, and what is `asked` of one."""
    stated = [f"--{name.replace('_', '-').replace('options', 'option')}"
              for name, value in columns.stated.items() if value]  # fmt: skip
    told = [*filter(None, [workload and f"'{workload}'", gpu and "--gpu", *stated])]
    if told:
        raise click.UsageError(
            f"--jobs has a row for each job, which states its own; leave {', '.join(told)} out, or make it "
            "a column of the table"
        )
    if of_one := [f"--{name}" for name, value in asked.items() if value]:
        raise click.UsageError(
            f"{', '.join(of_one)}: of one job, and --jobs has a table of them; leave --jobs out, or write a "
            "load as column concurrency, or options request_rate=5"
        )


class _Own(NamedTuple):
    """What the user measured: anchors, a calibration, and of what model where it has no name."""

    anchors: tuple[str, ...]
    calibration: Path | None
    what: tuple[str, str | None, str | None]

    def check(self, workload: str | None, gpu: str | None, jobs: Path | None, *, loaded: bool) -> None:
        """Refuse what does not go together; take the calibration."""
        if any(self.what) and (not gpu or jobs is not None or workload or loaded):
            raise click.UsageError(
                "--family, --flops and --bytes are of a model without a name: predict --family cnn --gpu a10 "
                '--anchor "rtx-3090: 12.4 samples/s"'
            )
        if self.anchors and (jobs is not None or loaded):
            raise click.UsageError(
                "--anchor is of one job without a load; leave --jobs, --curve, --slo and --trace out, or "
                "make a file of your runs: whichgpu calibrate --with my.csv"
            )
        if self.calibration is None:
            return
        if loaded:
            raise click.UsageError("--calibration is of jobs and tables; leave the load out")
        from whichgpu.cost.transfer import personal

        personal.use(self.calibration)


def _in_batches(workload: str, columns: JobColumns) -> bool:
    """Whether a job is no server of tokens: requests at a rate are put into batches."""
    from whichgpu.workloads.workload import resolve

    job = columns.job(workload)
    return resolve(job.workload).complete(job).phase != "serve"


def _apart(columns: JobColumns, rate: str | None) -> bool:
    """Whether prompts have GPUs of their own, which are answered as a load of requests at a rate."""
    if not any(pair.startswith("prefill_gpus=") for pair in columns.stated["options"]):
        return False
    if rate is None and not any(pair.startswith("request_rate=") for pair in columns.stated["options"]):
        raise click.UsageError(
            'prompts on GPUs of their own are answered at a rate: add --rate "5 req/s", --curve or --slo'
        )
    return True


def _at_rate(columns: JobColumns, text: str, workload: str) -> JobColumns:
    """The columns with a rate of requests among their options."""
    from whichgpu.cost.job.requests import read_rate
    from whichgpu.workloads.workload import resolve

    if any(pair.startswith("request_rate=") for pair in columns.stated["options"]):
        raise click.UsageError("--rate and --option request_rate say the same; keep one")
    if columns.stated["concurrency"]:
        raise click.UsageError(
            "--rate is of requests that arrive, --concurrency of ones kept in flight; keep one (a limit in "
            f"flight beside a rate is --option max_concurrency={columns.stated['concurrency']})"
        )
    job = columns.job(workload)
    pair = f"request_rate={read_rate(text, resolve(job.workload).unit):.9g}"
    return columns._replace(stated={**columns.stated, "options": (*columns.stated["options"], pair)})


def _anchoring(
    anchored: tuple[str, ...], catalogue: Catalogue, *, stated: bool
) -> Callable[[Report, Estimates], Report] | None:
    """What measured runs make of the report, where there are any; `stated` as in `filed.beside`."""
    if not anchored:
        return None

    def then(told: Report, found: Estimates) -> Report:
        from whichgpu.cli.anchored import with_anchors

        return with_anchors(told, found, anchored, catalogue, stated=stated)

    return then


def _table(jobs: Path, out: Path | None, catalogue: Catalogue) -> Report:
    from whichgpu.cost.table.files import read_table, write_table
    from whichgpu.cost.table.jobs import ANSWER, predict_rows
    from whichgpu.report.table import Bullets, Report, Table
    from whichgpu.workloads.importing import named

    table = read_table(jobs)
    with progress("predict") as advance:
        answers = predict_rows(table.rows, catalogue, advance, named)
    if out is not None:
        write_table(out, ANSWER, answers.rows())
    predicted = len(answers) - answers.refused
    said = f"{len(answers):,} jobs, {predicted:,} predicted, {answers.refused:,} refused"
    notes = (*table.notes(), *answers.notes)
    data = {"jobs": len(answers), "refused": answers.refused, "notes": notes, "predictions": answers}
    if out is not None:
        return Report(data, (f"{said}; written to {out}.", Bullets(notes)))
    cells = [tuple(map(_cell, answer)) for answer in answers]
    titles = ("id", ">value", ">low", ">high", "unit", "basis", "error")
    return Report(data, (Table.of("", titles, cells, notes=(f"{said}.", *notes)),))


def _cell(value: str | float | None) -> str | None:
    return f"{value:.6g}" if isinstance(value, float) else value
