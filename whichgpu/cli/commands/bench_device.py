"""Measure the device itself, hold it against its datasheet, and say where it is not what it should be.

$ whichgpu bench device
$ whichgpu bench device --sold-as rtx-4090 --seconds 1
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from whichgpu.cli.bench import measuring
from whichgpu.cli.command import command
from whichgpu.cli.completion import GpuName

if TYPE_CHECKING:
    from whichgpu.bench.record import Record
    from whichgpu.cli.bench import Asked
    from whichgpu.report.table import Report


@command
@click.option("--sold-as", metavar="GPU", type=GpuName(), help="What the card is meant to be.")
@measuring
def run(sold_as: str | None, *, asked: Asked) -> Report:
    """The suite `device`, and what follows from it."""
    from whichgpu.bench import journal, runner, tasks
    from whichgpu.hardware.catalogue import catalogue
    from whichgpu.hardware.names import resolve

    meant = resolve(sold_as, catalogue()) if sold_as else None
    there = runner.machine()
    settings = asked.settings
    outcome = asked.run(tasks.suite("device", settings, there.gpus))
    records = journal.read(asked.out)
    told, blocks = _against(records, meant, there)
    return asked.report(outcome, lead=blocks, found=told)


def _against(records: list[Record], meant: Any, there: Any) -> tuple[dict[str, Any], Any]:
    """The device's figures and verdicts; nothing where it gave no value."""
    from whichgpu.bench import device
    from whichgpu.hardware.catalogue import catalogue
    from whichgpu.hardware.slices import resolve_device
    from whichgpu.report import bench

    valued = [
        one for one in records if one.value is not None and one.row.get("workload", "").startswith("micro/")
    ]
    if not valued:
        return {}, []
    name = valued[0].row.get("gpu", "")
    known = catalogue()
    gpu = known.get(name) or (resolve_device(name, known)[0] if ":mig-" in name else None)
    said = {**valued[0].context.get("device", {}), "busy": next((one for one in there.busy if one), "")}
    figures = device.figures(valued, gpu or meant)
    found = device.verdicts(gpu, said, figures, valued, meant)
    return bench.device_parts(name, figures, found, bench.roofline(name, figures, device.points(valued)))
