"""What one workload is: parameters, FLOPs, bytes, where the time goes, sources.

$ whichgpu workload resnet50
$ whichgpu workload config.json
$ whichgpu workload --from model.py:build --input 1x3x224x224 --save my-model.toml

A model that is brought: config.json or its folder, a .gguf, .safetensors, .onnx or .toml file; with --from
also file.py:factory, run in a process of its own without network, and hf:org/name, read from the Hub.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command

if TYPE_CHECKING:
    from whichgpu.report.table import Report
    from whichgpu.workloads.workload import Workload


@command
@click.argument("workload", required=False)
@click.option("--from", "source", metavar="SOURCE", help="A file, a folder, file.py:factory or hf:org/name.")
@click.option(
    "--input", "inputs", multiple=True, metavar="SHAPE",
    help="Shape of an input: 1x3x224x224, 1x128:int64 or mask=1x128:bool; repeatable.",
)  # fmt: skip
@click.option(
    "--save", type=click.Path(path_type=Path), metavar="FILE.toml", help="Write it as a workload file."
)
def run(*, workload: str | None, source: str | None, inputs: tuple[str, ...], save: Path | None) -> Report:
    """Resolve the name or import the model, and report it."""
    from whichgpu.report.workloads import show_report

    item = _item(workload, source, inputs)
    report = show_report(item)
    if save is None:
        return report
    from whichgpu.workloads.importing import save as write

    write(item, save)
    return report._replace(
        blocks=(*report.blocks, f"Written to {save}; it stands for a name: predict {save} ..")
    )


def _item(workload: str | None, source: str | None, inputs: tuple[str, ...]) -> Workload:
    from whichgpu.workloads.importing import Given, load, named
    from whichgpu.workloads.workload import resolve

    if (workload is None) == (source is None):
        raise click.UsageError("say which: workload resnet50, or workload --from config.json")
    if source is not None:
        return load(source, Given(inputs=inputs, network=True))
    if inputs:
        raise click.UsageError(
            "--input is for a model that is brought: workload --from FILE --input 1x3x224x224"
        )
    return resolve(named(workload or ""))
