"""Read prices anew from live sources, and keep them beside the shipped ones.

$ whichgpu prices update
$ whichgpu prices update --source gpuhunt --source azure-retail-prices

A source that cannot be read keeps its old prices; the store is replaced whole or not at all. Sources with a
key are read where their variable is set (LAMBDA_API_KEY, RUNPOD_API_KEY, VAST_API_KEY).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import progress

if TYPE_CHECKING:
    from whichgpu.prices.fetch import Get
    from whichgpu.report.table import Report


@command
@click.option("--source", "chosen", multiple=True, metavar="ID", help="Only this one; repeatable.")
@click.option("--from", "folder", type=click.Path(path_type=Path), metavar="FOLDER",
              help="Read FOLDER/<source>/<document> in place of the network.")  # fmt: skip
def run(chosen: tuple[str, ...], folder: Path | None) -> Report:
    """Update and report what became of each source."""
    from whichgpu.prices.fetch import Folder, Web
    from whichgpu.prices.update import chosen_sources, update
    from whichgpu.report.price_store import report

    def get(source: str) -> Get:
        return Folder(folder, source) if folder else Web()

    sources = chosen_sources(chosen)
    with progress("read prices", len(sources)) as advance:
        outcomes = update(sources, get, date.today(), done=lambda _: advance(1))
    return report(outcomes)
