"""What one workload is: parameters, FLOPs, bytes, where the time goes, sources.

$ whichgpu workload resnet50
$ whichgpu workload llama-3.1-8b --phase prefill --input-tokens 4096 --gpus l40s,b200
$ whichgpu workload llama-3.1-8b --phase finetune_full --option checkpointing=full --format html
$ whichgpu workload config.json
$ whichgpu workload --from model.py:build --input 1x3x224x224 --save my-model.toml

A model that is brought: config.json or its folder, a .gguf, .safetensors, .onnx or .toml file; with --from
also file.py:factory, run in a process of its own without network, and hf:org/name, read from the Hub.

The work is that of one forward pass; with a job option (--phase, --precision, --batch ..) of one pass of
that job. The roofline has its ops on two contrasting GPUs, or on those of --gpus.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import form_option, job_options

if TYPE_CHECKING:
    from whichgpu.cli.options import JobColumns
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
@click.option("--gpus", metavar="A,B", help="GPUs of the roofline, up to four.")
@form_option("For the terminal, a Markdown article, a page to keep, or JSON.")
@job_options
def run(
    *, columns: JobColumns, workload: str | None, source: str | None, inputs: tuple[str, ...],
    save: Path | None, gpus: str | None, form: str,
) -> Report:  # fmt: skip
    """Resolve the name or import the model, and report it in the form asked for."""
    from whichgpu.report.workloads import show_report

    chosen = _gpus(gpus)
    item = _item(workload, source, inputs)
    context = click.get_current_context(silent=True)
    table = form == "table" or (context is not None and context.params.get("as_json"))
    report = show_report(item, columns.of(item.id), chosen, whole=not table)
    if save is not None:
        report = _saved(item, save, report)
    if table:
        return report
    from whichgpu.report.documents import document

    sys.stdout.write(document(f"{item.name} ({item.id})", report, form))
    return report._replace(blocks=())


def _gpus(text: str | None) -> list[str]:
    from whichgpu.report.roofline import MOST

    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    if len(names) > MOST or (text is not None and not names):
        raise click.UsageError(f"--gpus takes one to {MOST} GPUs: --gpus l4,h100-80gb-sxm")
    return names


def _saved(item: Workload, save: Path, report: Report) -> Report:
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
