"""Everything known about one GPU, and where each value comes from; or an architecture and its parts.

$ whichgpu show l4
$ whichgpu show "A100 SXM 80GB" --sources
$ whichgpu show rtx-a5000 --format html
$ whichgpu show a4000 a5000 --field nvlink,power
$ whichgpu show rtx-3090 --machine "psu 1000 W, 4 slots"
$ whichgpu show ampere

As an article (md, html) it is a review: strengths, limits, what it is for and how fast, what it holds,
its price, what is like it and what could stand in its place; --format json has all of it. The
workloads are the usual ones of its segment, or those named, to which job options apply.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.completion import GpuName
from whichgpu.cli.options import form_option, gpu_files, in_form, job_options
from whichgpu.cli.typed import apart
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from whichgpu.cli.options import JobColumns
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report


@command
@click.argument("gpus", nargs=-1, required=True, metavar="GPU", type=GpuName())
@click.option(
    "--field", "fields", multiple=True, metavar="FIELD,..", help="Only these, of one GPU or of several."
)
@click.option("--sources", is_flag=True, help="Say where each value comes from and what other sources say.")
@click.option(
    "--workload", "workloads", multiple=True, metavar="NAME", help="What a review is of; repeatable."
)
@click.option(
    "--machine", metavar="PARTS|FILE.toml", help="How many of it go in: its parts, as for recommend."
)
@form_option("For the terminal, a review as Markdown or as a page to keep, or both as JSON.")
@job_options
@gpu_files
def run(
    *, catalogue: Catalogue, columns: JobColumns, gpus: tuple[str, ...], sources: bool,
    workloads: tuple[str, ...], form: str, fields: tuple[str, ...], machine: str | None,
) -> Report:  # fmt: skip
    """Resolve the name and report the device or the architecture."""
    from whichgpu.hardware.architecture import called, families
    from whichgpu.hardware.names import candidates
    from whichgpu.hardware.slices import resolve_device
    from whichgpu.report.gpus import gist, show_report

    if machine is not None:
        if other := "--field" if fields else "--workload" if workloads else "--sources" if sources else "":
            raise UsageError(f"--machine says how many go in, and nothing else; leave {other} out")
        return in_form(_in_machine(gpus, machine, catalogue), " ".join(gpus), form)
    if fields:
        if workloads or sources:
            other = "--workload" if workloads else "--sources"
            raise UsageError(f"--field has figures alone, each with its source; leave {other} out")
        return in_form(_of_fields(gpus, fields, catalogue), " ".join(gpus), form)
    gpu = _one(gpus, catalogue)
    # What is an id needs no names of architectures made.
    name = "" if gpu in catalogue else called(gpu)
    # A part may be called as its architecture is, a TPU v5e; a family goes before the first part of its name,
    # and so does an architecture of several parts that is typed as its id, `ada_l40`.
    several = name == gpu and sum(one.architecture == name for one in catalogue.values()) > 1
    if name and (name in families() or several or not candidates(gpu, catalogue)):
        from whichgpu.report.architecture import report

        made = report(name, catalogue)
        return in_form(made, str(getattr(made.blocks[0], "text", made.blocks[0])), form)
    device, _ = resolve_device(gpu, catalogue)
    context = click.get_current_context(silent=True)
    if form == "table" or (context is not None and context.params.get("as_json")):
        from whichgpu.prices.best import price

        told = show_report(device, sources=sources)
        return told._replace(blocks=(gist(device, price(device, date.today())), *told.blocks))
    from whichgpu.planner.review import review
    from whichgpu.report.review import article

    found = review(device, catalogue, [job for name in workloads for job in columns.jobs(name)])
    return in_form(article(found, drawn=form == "html"), found.title, form)


def _in_machine(typed: tuple[str, ...], machine: str, catalogue: Catalogue) -> Report:
    """How many of each GPU that was typed go into a machine."""
    from whichgpu.hardware.slices import resolve_device
    from whichgpu.planner.machine import read_machine, room
    from whichgpu.report.gpus import room_report

    host = read_machine(machine)
    return room_report([room(host, resolve_device(name, catalogue)[0]) for name in apart(typed, catalogue)])


def _of_fields(typed: tuple[str, ...], fields: tuple[str, ...], catalogue: Catalogue) -> Report:
    """What is asked of each of the GPUs that were typed."""
    from whichgpu.hardware.fields import FIELDS
    from whichgpu.hardware.filters import field
    from whichgpu.hardware.slices import resolve_device
    from whichgpu.report.gpus import fields_report

    names = [field(name) for text in fields for name in text.split(",") if name.strip()]
    if other := [name for name in names if name not in FIELDS] or not names:
        shown = ", ".join(other) if isinstance(other, list) else "''"
        raise UsageError(f"--field {shown}: no figure of a GPU; write e.g. --field bandwidth,nvlink")
    devices = [resolve_device(name, catalogue)[0] for name in apart(typed, catalogue)]
    return fields_report(devices, list(dict.fromkeys(names)))


def _one(typed: tuple[str, ...], catalogue: Catalogue) -> str:
    """The name that was typed, perhaps without its quotes: `rtx a5000`, `ada lovelace`."""
    from whichgpu.hardware.architecture import called
    from whichgpu.hardware.names import candidates

    whole = " ".join(typed)
    if len(typed) == 1 or candidates(whole, catalogue) or called(whole):
        return whole
    names = apart(typed, catalogue)
    if len(names) > 1:
        several = " ".join(f'"{name}"' if " " in name else name for name in names)
        raise UsageError(
            f"show is of one GPU, here are {len(names)}; side by side: whichgpu compare {several}"
        )
    return whole
