"""What software runs on a GPU, from which release to which, what it lacks, and how to install it.

$ whichgpu compat t4
$ whichgpu compat v100-32gb-sxm --framework pytorch
$ whichgpu compat rtx-4090 --framework "tensorflow 2.21" --system windows
$ whichgpu compat gtx-1080-ti --framework "pytorch 2.9 cu128"
$ whichgpu compat a100-80gb-sxm h100-80gb-sxm rtx-5090 --framework vllm --precision fp8
$ whichgpu compat a10 l40s --feature mig --feature nvlink

A framework, an engine or a library is a name, with or without a version (2.9 stands for every 2.9.x) and a
variant of its builds (cu128). Several GPUs make a matrix; a name that several parts share (A100) stands
for all where software cannot tell them apart. A feature is that of the framework named, else the
hardware's.

Exit status 3: what was asked for runs on none of the GPUs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.completion import FrameworkName, GpuName
from whichgpu.cli.options import form_option, gpu_files, in_form
from whichgpu.cli.typed import apart

if TYPE_CHECKING:
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report


@command
@click.argument("gpus", nargs=-1, metavar="GPU ..", type=GpuName())
@click.option(
    "--framework", "wanted", multiple=True, metavar="NAME", type=FrameworkName(),
    help="'vllm', 'tensorflow 2.21', 'pytorch 2.9 cu128' ..; repeatable. All if not given.",
)  # fmt: skip
@click.option(
    "--system", default="", metavar="linux|windows|wsl|macos",
    help="What it runs under; if not given linux, and macos for Apple's GPUs.",
)  # fmt: skip
@click.option(
    "--feature",
    "features",
    multiple=True,
    metavar="NAME",
    help="flash-attention, mig, nvlink ..; repeatable.",
)
@click.option(
    "--precision", "precisions", multiple=True, metavar="FORMAT", help="fp8, bf16, nvfp4 ..; repeatable."
)
@form_option("For the terminal, a Markdown article, a page to keep, or JSON.")
@gpu_files
def run(
    *, catalogue: Catalogue, gpus: tuple[str, ...], wanted: tuple[str, ...], system: str,
    features: tuple[str, ...], precisions: tuple[str, ...], form: str,
) -> Report:  # fmt: skip
    """Look the answer up, and report in the form asked for."""
    from whichgpu.report.compat import report, title
    from whichgpu.software.compat import compat, resolve

    names = apart(gpus, catalogue)
    if not names:
        raise click.UsageError("say which GPU: compat t4 --framework pytorch")
    asked = (*features, *precisions)
    found = compat([resolve(name, catalogue, asked, system) for name in names], wanted, asked, system)
    return in_form(report(found), title(found), form)
